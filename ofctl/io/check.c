/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"
#include "rpc.h"

/* A bridge that is asked. */
struct asked {
	struct check *check;
	struct fresh *fresh; /* NULL: nothing is under way */
	Slim__V1__ProofKind proof;
	char text[FRESH_TEXT_SIZE]; /* why not by its cache */
};

/* The answer with all that it points to. */
struct check {
	LIST_ENTRY(check) entry;
	struct rpc_request *request;
	struct controller *controller;
	const struct topology *topology;
	unsigned n_waiting;
	struct asked asked[TOPOLOGY_MAX_BRIDGES];
	struct preflight found;
	Slim__V1__CheckReply reply;
	Slim__V1__Reason reasons[SLIM_MAX_REASONS], *reason_list[SLIM_MAX_REASONS];
	Slim__V1__Reason warnings[SLIM_MAX_REASONS], *warning_list[SLIM_MAX_REASONS];
	Slim__V1__CheckBridge bridges[TOPOLOGY_MAX_BRIDGES], *bridge_list[TOPOLOGY_MAX_BRIDGES];
	Slim__V1__SteerPort ports[SLIM_MAX_PORTS], *port_list[SLIM_MAX_PORTS];
};

static size_t
put_reasons(struct preflight_list *found, Slim__V1__Reason *messages, Slim__V1__Reason **list)
{
	for (unsigned i = 0; i < found->n; i++) {
		slim__v1__reason__init(&messages[i]);
		messages[i].code = found->list[i].code;
		messages[i].text = found->list[i].text;
		list[i] = &messages[i];
	}
	return found->n;
}

static void
put_bridges(struct check *check, const struct topology *t)
{
	for (unsigned b = 0; b < t->n_bridges; b++) {
		Slim__V1__CheckBridge *bridge = &check->bridges[b];

		if (!(check->found.bridges & (1u << b)))
			continue;
		slim__v1__check_bridge__init(bridge);
		bridge->bridge = (char *)t->bridges[b].name;
		bridge->proof = check->asked[b].proof;
		bridge->text = check->asked[b].text;
		check->bridge_list[check->reply.n_bridges++] = bridge;
	}
	check->reply.bridges = check->bridge_list;
}

static void
put_ports(struct check *check, const struct topology *t)
{
	const struct topology_service *service;
	uint16_t vids[SLIM_MAX_PORTS];

	if (check->found.service < 0)
		return;
	service = &t->services[check->found.service];
	steering_choose_vids(service, vids);
	for (unsigned p = 0; p < service->n_ports; p++) {
		slim__v1__steer_port__init(&check->ports[p]);
		check->ports[p].port = (char *)service->port_names[p];
		check->ports[p].redirect_vid = vids[p];
		check->port_list[p] = &check->ports[p];
	}
	check->reply.ports = check->port_list;
	check->reply.n_ports = service->n_ports;
}

static void
answer(struct check *check)
{
	slim__v1__check_reply__init(&check->reply);
	check->reply.n_reasons =
		put_reasons(&check->found.reasons, check->reasons, check->reason_list);
	check->reply.reasons = check->reason_list;
	check->reply.n_warnings =
		put_reasons(&check->found.warnings, check->warnings, check->warning_list);
	check->reply.warnings = check->warning_list;
	put_bridges(check, check->topology);
	put_ports(check, check->topology);
	rpc_reply(check->request, &check->reply.base);
}

static void
destroy(struct check *check)
{
	LIST_REMOVE(check, entry);
	for (unsigned b = 0; b < TOPOLOGY_MAX_BRIDGES; b++)
		fresh_cancel(check->asked[b].fresh);
	free(check);
}

/* ---- proofs ------------------------------------------------------------------------- */

/* What cannot be proven by the cache is told: as a warning, if counters are taken in its place, or as a
 * reason, if a preparation would be refused. */
static void
judge(struct check *check, unsigned b, const struct fresh_result *result)
{
	const char *bridge = check->topology->bridges[b].name;
	bool counters = result->fault == FRESH_TWO_KINDS || result->fault == FRESH_OFFLOAD;

	check->asked[b].proof = result->fault == FRESH_PROVEN
					? SLIM__V1__PROOF_KIND__PROOF_CACHE
					: SLIM__V1__PROOF_KIND__PROOF_COUNTERS;
	snprintf(check->asked[b].text, sizeof(check->asked[b].text), "%s", result->text);
	if (result->fault == FRESH_PROVEN && result->guessed)
		preflight_add(
			&check->found.warnings, SLIM__V1__REASON_CODE__REASON_CONTROL_SOCKET,
			"bridge %s: %s does not fit the pattern in the configuration, but has "
			"the bridge and is used",
			bridge, result->socket);
	else if (result->fault != FRESH_PROVEN)
		preflight_add(counters ? &check->found.warnings : &check->found.reasons,
			      SLIM__V1__REASON_CODE__REASON_CONTROL_SOCKET, "bridge %s: %s%s",
			      bridge, result->text,
			      counters ? "; port counters that stand still are the proof" : "");
}

static void
on_fresh(void *ctx, const struct fresh_result *result)
{
	struct asked *asked = ctx;
	struct check *check = asked->check;
	unsigned b = (unsigned)(asked - check->asked);

	asked->fresh = NULL;
	controller_note_proof(check->controller, b, result);
	judge(check, b, result);
	if (--check->n_waiting > 0)
		return;
	answer(check);
	destroy(check);
}

static void
ask_bridge(struct check *check, unsigned b)
{
	struct asked *asked = &check->asked[b];

	asked->proof = SLIM__V1__PROOF_KIND__PROOF_COUNTERS;
	if (check->topology->bridges[b].control[0] == '\0') {
		snprintf(asked->text, sizeof(asked->text), "no control socket is configured");
		preflight_add(&check->found.warnings, SLIM__V1__REASON_CODE__REASON_CONTROL_SOCKET,
			      "bridge %s: %s; port counters that stand still are the proof",
			      check->topology->bridges[b].name, asked->text);
		return;
	}
	if (strcmp(controller_bridge_info(check->controller, b).state, "up") != 0)
		snprintf(asked->text, sizeof(asked->text), "the bridge is not connected");
	else if (controller_prove(check->controller, b, on_fresh, asked, &asked->fresh) == 0)
		check->n_waiting++;
	else
		snprintf(asked->text, sizeof(asked->text), "out of memory");
}

void
check_start(struct rpc_request *request, struct controller *controller, struct check_list *list,
	    const Slim__V1__CheckRequest *message)
{
	struct preflight_facts facts = controller_facts(controller);
	struct preflight_request wanted = {.service = message->service,
					   .source = message->source,
					   .target = message->target,
					   .ports = (const char *const *)message->ports,
					   .n_ports = message->n_ports};
	struct check *check = calloc(1, sizeof(*check));

	if (!check) {
		rpc_fail_because(request, RPC_RESOURCE_EXHAUSTED, "REASON_LIMIT", "out of memory");
		return;
	}
	check->request = request;
	check->controller = controller;
	check->topology = facts.context->topology;
	LIST_INSERT_HEAD(list, check, entry);
	preflight_check(&facts, &wanted, &check->found);
	for (unsigned b = 0; b < check->topology->n_bridges; b++) {
		check->asked[b].check = check;
		if (check->found.bridges & (1u << b))
			ask_bridge(check, b);
	}
	if (check->n_waiting > 0)
		return;
	answer(check);
	destroy(check);
}

void
check_drop_all(struct check_list *list)
{
	while (!LIST_EMPTY(list))
		destroy(LIST_FIRST(list));
}
