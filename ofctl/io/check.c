/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "controller.h"
#include "rpc.h"

/* The answer with all that it points to. */
struct check {
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
		bool asks = t->bridges[b].control[0] != '\0';

		if (!(check->found.bridges & (1u << b)))
			continue;
		slim__v1__check_bridge__init(bridge);
		bridge->bridge = (char *)t->bridges[b].name;
		bridge->proof = asks ? SLIM__V1__PROOF_KIND__PROOF_CACHE
				     : SLIM__V1__PROOF_KIND__PROOF_COUNTERS;
		bridge->text = (char *)(asks ? "" : "no control socket is configured");
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
answer(struct rpc_request *request, struct check *check, const struct topology *t)
{
	slim__v1__check_reply__init(&check->reply);
	check->reply.n_reasons =
		put_reasons(&check->found.reasons, check->reasons, check->reason_list);
	check->reply.reasons = check->reason_list;
	check->reply.n_warnings =
		put_reasons(&check->found.warnings, check->warnings, check->warning_list);
	check->reply.warnings = check->warning_list;
	put_bridges(check, t);
	put_ports(check, t);
	rpc_reply(request, &check->reply.base);
}

void
check_start(struct rpc_request *request, struct controller *controller,
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
	preflight_check(&facts, &wanted, &check->found);
	answer(request, check, facts.context->topology);
	free(check);
}
