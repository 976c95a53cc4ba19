/* SPDX-License-Identifier: Apache-2.0 */
/* A bridge of the controller; see member.h. */
#include "member.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "lane.h"

#define CHANGE_GAP_NS UINT64_C(20000000) /* between two repairs because of somebody else */

/* ---- what it tells ------------------------------------------------------------------------- */

static void
on_bridge_change(void *ctx)
{
	struct member *m = ctx;

	lane_want_repairs(m->controller);
}

/* Somebody else has changed a rule of this lane. Whoever does it without end does not keep us busy. */
static void
on_lane_change(struct lane *lane)
{
	uint64_t now = clock_now_ns();

	if (now - lane->told_ns < CHANGE_GAP_NS) {
		lane_repair_in(lane, CHANGE_GAP_NS);
		return;
	}
	lane->told_ns = now;
	lane_want_repair(lane);
}

static void
on_bridge_rule(void *ctx, const struct of_update *update)
{
	struct member *m = ctx;
	struct controller *c = m->controller;
	uint8_t cookie;

	if (!update) {
		lane_want_repairs(c);
		return;
	}
	if ((update->cookie & RULES_COOKIE_MASK) != rules_cookie(c->config->magic, 0, 0, 0))
		return;
	cookie = rules_cookie_service(update->cookie);
	for (unsigned i = 0; i < c->n_lanes; i++) {
		int scope = c->lanes[i].scope;

		if (scope == RULES_SHARED || c->topology->services[scope].cookie == cookie) {
			on_lane_change(&c->lanes[i]);
			return;
		}
	}
}

static void
on_bridge_up(void *ctx)
{
	struct member *m = ctx;

	m->controller->counters.bridge_ups++;
	lane_want_repairs(m->controller);
}

static void
on_bridge_down(void *ctx)
{
	struct member *m = ctx;

	m->controller->counters.bridge_downs++;
	memset(m->n_rules, 0, sizeof(m->n_rules));
}

static const struct bridge_ops bridge_ops = {
	.on_up = on_bridge_up,
	.on_down = on_bridge_down,
	.on_ports = on_bridge_change,
	.on_rule = on_bridge_rule,
};

int
member_create(struct controller *c, unsigned b, SSL_CTX *tls)
{
	struct bridge_config config = {
		.name = c->topology->bridges[b].name,
		.address = c->topology->bridges[b].address,
		.tls = tls,
		.probe_ns = (uint64_t)c->config->openflow.probe_ms * 1000000,
		.request_ns = (uint64_t)c->config->openflow.timeout_ms * 1000000,
		.nudge_cookie = rules_cookie(c->config->magic, 0, RULES_NUDGE, 0),
	};
	struct member *m = &c->members[b];
	int result;

	m->controller = c;
	m->index = b;
	result = bridge_create(c->base, &config, &bridge_ops, m, &m->bridge);
	c->bridges[b] = m->bridge;
	return result;
}

/* ---- proofs of its flow cache, for showing ---------------------------------------------------- */

void
controller_note_proof(struct controller *c, unsigned bridge, const struct fresh_result *result)
{
	struct controller_proof *proof = &c->members[bridge].proof;

	proof->kind = result->fault == FRESH_PROVEN ? SLIM__V1__PROOF_KIND__PROOF_CACHE
						    : SLIM__V1__PROOF_KIND__PROOF_COUNTERS;
	snprintf(proof->text, sizeof(proof->text), "%s", result->text);
}

int
controller_prove(struct controller *c, unsigned bridge, fresh_done_fn *done, void *ctx,
		 struct fresh **ret)
{
	struct fresh_config config = {.topology = c->topology,
				      .bridges = c->bridges,
				      .bridge = bridge,
				      .timeout_ns = CONTROLLER_CHECK_NS};

	return fresh_start(c->base, &config, done, ctx, ret);
}
