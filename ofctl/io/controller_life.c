/* SPDX-License-Identifier: Apache-2.0 */
/* Begin and end of a controller, and what it shows; see controller.h. Owns the bridges, what is wanted and its
 * file. */
#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "lane.h"
#include "lanes.h"
#include "member.h"
#include "waits.h"

#define WATCH_S 1

/* ---- clock ----------------------------------------------------------------------------------- */

static void
on_audit(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	lane_want_repairs(ctx);
}

static void
on_watch(evutil_socket_t fd, short what, void *ctx)
{
	struct controller *c = ctx;

	(void)fd;
	(void)what;
	waits_tell(c);
	wanted_catch_up(&c->wanted);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static int
create_events(struct controller *c)
{
	static const struct timeval watch = {.tv_sec = WATCH_S};
	uint32_t ms = c->config->openflow.audit_ms;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	c->audit = event_new(c->base, -1, EV_PERSIST, on_audit, c);
	c->watch = event_new(c->base, -1, EV_PERSIST, on_watch, c);
	if (!c->audit || !c->watch)
		return -ENOMEM;
	event_add(c->audit, &tv);
	event_add(c->watch, &watch);
	return 0;
}

static int
create_parts(struct controller *c, SSL_CTX *tls)
{
	int result = create_events(c);

	if (result == 0)
		result = lanes_create(c);
	for (unsigned b = 0; b < c->topology->n_bridges && result == 0; b++)
		result = member_create(c, b, tls);
	return result;
}

int
controller_create(struct event_base *base, const struct ofctl_config *config,
		  const struct topology *topology, SSL_CTX *tls, struct controller **ret)
{
	struct controller *c = calloc(1, sizeof(*c));
	int result;

	if (!c)
		return -ENOMEM;
	TAILQ_INIT(&c->proofs);
	for (unsigned i = 0; i <= TOPOLOGY_MAX_SERVICES; i++)
		TAILQ_INIT(&c->lanes[i].queue);
	c->base = base;
	c->config = config;
	c->topology = topology;
	c->context = (struct rules_context){
		.topology = topology, .magic = config->magic, .numbers = c->numbers};
	c->desired = calloc(RULES_MAX, sizeof(c->desired[0]));
	c->mods = calloc((size_t)RULES_MAX * 2, sizeof(c->mods[0]));
	wanted_load(&c->wanted, topology, config->state_dir);
	result = c->desired && c->mods ? create_parts(c, tls) : -ENOMEM;
	if (result < 0) {
		controller_destroy(c);
		return result;
	}
	*ret = c;
	return 0;
}

static void
free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void
controller_destroy(struct controller *c)
{
	if (!c)
		return;
	lanes_drop(c);
	wanted_catch_up(&c->wanted);
	for (unsigned b = 0; b < TOPOLOGY_MAX_BRIDGES; b++)
		bridge_destroy(c->members[b].bridge);
	free_event(c->audit);
	free_event(c->watch);
	free(c->desired);
	free(c->mods);
	free(c);
}

/* ---- for showing ------------------------------------------------------------------------------------------- */

const struct controller_counters *
controller_counters(const struct controller *c)
{
	return &c->counters;
}

struct preflight_facts
controller_facts(struct controller *c)
{
	struct preflight_facts facts = {.context = &c->context,
					.steering = &c->wanted.now,
					.bridges_up = controller_bridges_up(c)};

	controller_look_up_numbers(c);
	for (unsigned b = 0; b < c->topology->n_bridges; b++)
		facts.bridge_states[b] = bridge_state(c->bridges[b]);
	return facts;
}

const struct steering *
controller_steering(const struct controller *c)
{
	return &c->wanted.now;
}

struct controller_bridge_info
controller_bridge_info(const struct controller *c, unsigned b)
{
	struct controller_bridge_info info = {.state = bridge_state(c->bridges[b]),
					      .datapath_id = bridge_datapath_id(c->bridges[b]),
					      .proof = &c->members[b].proof};

	for (unsigned i = 0; i < c->n_lanes; i++)
		info.n_rules += c->members[b].n_rules[i];
	return info;
}
