/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question after the other; none of them ends the search, but for names without which
 * nothing else can be asked.
 */
#include "preflight.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CODE(name) SLIM__V1__REASON_CODE__REASON_##name

void
preflight_add(struct preflight_list *list, Slim__V1__ReasonCode code, const char *format, ...)
{
	struct steering_reason *reason;
	va_list args;

	if (list->n == SLIM_MAX_REASONS) {
		list->n_left_out++;
		return;
	}
	reason = &list->list[list->n++];
	reason->code = code;
	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
}

/* The first one serves, the second one is its target. */
static void
add_instance(struct steering_service *state, int instance)
{
	if (state->known && state->serving != instance)
		state->session = (struct steering_session){.stage = STEERING_PREPARED,
							   .source = (uint8_t)state->serving,
							   .target = (uint8_t)instance};
	else
		state->serving = instance;
	state->known = true;
}

/* The state that the move would begin with, as far as the names are known. */
static struct steering_service
state_of(const struct topology_service *service, const struct preflight_request *request,
	 struct preflight *p)
{
	const char *const names[2] = {request->source, request->target};
	struct steering_service state = {.serving = STEERING_NOBODY};

	for (unsigned i = 0; i < 2; i++) {
		int index = topology_find_instance(service, names[i]);

		/* A target that is not known yet: what else there is is told all the same. */
		if (i == 1 && names[i][0] == '\0')
			continue;
		if (index < 0)
			preflight_add(&p->reasons, CODE(UNKNOWN_INSTANCE),
				      "service \"%s\" has no instance \"%.64s\" in the "
				      "controller's topology",
				      service->name, names[i]);
		else
			add_instance(&state, index);
	}
	if (strcmp(names[0], names[1]) == 0)
		preflight_add(&p->reasons, CODE(BAD_REQUEST),
			      "source and target are both \"%.64s\"", names[0]);
	return state;
}

static void
check_session(const struct topology_service *service, const struct steering_session *session,
	      struct preflight *p)
{
	if (session->stage != STEERING_NO_SESSION)
		preflight_add(&p->reasons, CODE(STEERING_REFUSED),
			      "service \"%s\" has session %016" PRIx64 " (%s to %s, %s) under way",
			      service->name, session->id ? session->id : session->tag,
			      service->instances[session->source].name,
			      service->instances[session->target].name,
			      steering_stage_name(session->stage));
}

static void
check_serving(const struct topology_service *service, const struct steering_service *state,
	      const struct preflight_request *request, struct preflight *p)
{
	const char *serving = "nobody";

	if (!state->known) {
		preflight_add(
			&p->reasons, CODE(STEERING_UNREACHABLE),
			"it is not known which instance serves \"%s\": set it, or connect its "
			"bridges",
			service->name);
		return;
	}
	if (state->serving != STEERING_NOBODY)
		serving = service->instances[state->serving].name;
	if (strcmp(serving, request->source) != 0 || state->serving == STEERING_NOBODY)
		preflight_add(&p->reasons, CODE(STEERING_REFUSED),
			      "instance \"%.64s\" does not serve \"%s\"; %s does", request->source,
			      service->name, serving);
	check_session(service, &state->session, p);
}

static void
check_bridge(const struct preflight_facts *facts, unsigned bridge,
	     const struct steering_service *state, struct preflight *p)
{
	const struct topology *t = facts->context->topology;
	bool used = !state->known || (rules_bridges(facts->context, (unsigned)p->service, state) &
				      (1u << bridge)) != 0;
	char missing[128];

	if (!used)
		return;
	if (!(facts->bridges_up & (1u << bridge))) {
		preflight_add(&p->reasons, CODE(BRIDGE_DOWN),
			      "bridge %s at %s is not connected (%s)", t->bridges[bridge].name,
			      t->bridges[bridge].address, facts->bridge_states[bridge]);
		return;
	}
	if (rules_missing_ports(facts->context, (unsigned)p->service, state, (uint16_t)bridge,
				missing, sizeof(missing)))
		preflight_add(&p->reasons, CODE(PORTS), "bridge %s does not have: %s",
			      t->bridges[bridge].name, missing);
}

static bool
has_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* The redirect tags go by the names of ports: the NF's and the service's must be the same. */
static void
check_names(const struct topology_service *service, const struct preflight_request *request,
	    struct preflight *p)
{
	const char *names[SLIM_MAX_PORTS];

	if (request->n_ports == 0)
		return;
	for (unsigned i = 0; i < service->n_ports; i++) {
		names[i] = service->port_names[i];
		if (!has_name(request->ports, request->n_ports, names[i]))
			preflight_add(&p->reasons, CODE(PORTS),
				      "service \"%s\" has a port \"%s\" that the NF has not",
				      service->name, names[i]);
	}
	for (size_t i = 0; i < request->n_ports; i++) {
		if (!has_name(names, service->n_ports, request->ports[i]))
			preflight_add(&p->reasons, CODE(PORTS),
				      "the NF has a port \"%.32s\" that service \"%s\" has not",
				      request->ports[i], service->name);
	}
}

void
preflight_check(const struct preflight_facts *facts, const struct preflight_request *request,
		struct preflight *ret)
{
	const struct topology *t = facts->context->topology;
	const struct topology_service *service;
	struct steering_service state;

	memset(ret, 0, sizeof(*ret));
	ret->service = topology_find_service(t, request->service);
	if (ret->service < 0) {
		ret->service = STEERING_NOBODY;
		preflight_add(&ret->reasons, CODE(UNKNOWN_SERVICE),
			      "service \"%.64s\" is not in the controller's topology",
			      request->service);
		return;
	}
	service = &t->services[ret->service];
	state = state_of(service, request, ret);
	check_serving(service, &facts->steering->services[ret->service], request, ret);
	check_names(service, request, ret);
	for (unsigned b = 0; b < t->n_bridges; b++) {
		if (!topology_service_uses(t, service, (uint16_t)b))
			continue;
		ret->bridges |= 1u << b;
		check_bridge(facts, b, &state, ret);
	}
}
