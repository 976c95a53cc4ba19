/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules a bridge should have, and which ports it lacks for them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules_emit.h"
#include "slim_shm.h" /* SLIM_ETHERTYPE */

/* ---- guards --------------------------------------------------------------------------- */

static struct rules_draft
guard_draft(const struct rules_emitter *e, uint16_t in, enum rules_role role, uint16_t priority)
{
	return (struct rules_draft){.cookie = rules_cookie(e->context->magic, 0, role, 0),
				    .priority = priority,
				    .in = in,
				    .out = TOPOLOGY_NONE};
}

/* Drops a range of tags with as few masks as it takes, whatever port they come in on: rules of sessions
 * and links stand above. So there are as many guards as there are services and ports, not services times
 * ports, and ports that are not in the topology cannot send a session's tag either. */
static void
emit_range_guard(struct rules_emitter *e, uint16_t first, uint16_t last)
{
	uint32_t vid = first;

	while (first != 0 && vid <= last) {
		struct rules_draft draft =
			guard_draft(e, TOPOLOGY_NONE, RULES_GUARD, PRIORITY_GUARD);
		uint32_t size = 1;

		while (vid % (size * 2) == 0 && vid + size * 2 - 1 <= last)
			size *= 2;
		of_match_vlan(&draft.match, (uint16_t)(OF_VID_PRESENT | vid),
			      (uint16_t)(OF_VID_PRESENT | (OF_VID_MASK & ~(size - 1))));
		rules_emit(e, &draft);
		vid += size;
	}
}

static void
emit_port_guard(struct rules_emitter *e, uint16_t port)
{
	struct rules_draft draft = guard_draft(e, port, RULES_GUARD, PRIORITY_GUARD);

	if (e->t->ports[port].kind & TOPOLOGY_LINK)
		return;
	of_match_eth_type(&draft.match, SLIM_ETHERTYPE);
	rules_emit(e, &draft);
}

/* What nobody serves goes nowhere. On perimeter ports only the service's own VLAN: the rest
 * of a trunk is not ours. */
static void
emit_drops(struct rules_emitter *e, const struct topology_service *service)
{
	for (unsigned p = 0; p < service->n_ports; p++) {
		const struct topology_attach *perimeter = &service->perimeter[p];
		struct rules_draft draft =
			guard_draft(e, perimeter->port, RULES_DROP, PRIORITY_DROP);

		if (perimeter->vlan)
			of_match_vlan(&draft.match, (uint16_t)(OF_VID_PRESENT | perimeter->vlan),
				      OF_VLAN_EXACT);
		rules_emit(e, &draft);
		for (unsigned i = 0; i < service->n_instances; i++) {
			draft = guard_draft(e, service->instances[i].ports[p].port, RULES_DROP,
					    PRIORITY_DROP);
			rules_emit(e, &draft);
		}
	}
}

static void
emit_shared(struct rules_emitter *e)
{
	for (unsigned p = 0; p < e->t->n_ports; p++)
		emit_port_guard(e, (uint16_t)p);
	for (unsigned s = 0; s < e->t->n_services; s++) {
		const struct topology_service *service = &e->t->services[s];

		emit_range_guard(e, service->redirect_first, service->redirect_last);
		emit_range_guard(e, service->transit_first, service->transit_last);
		emit_drops(e, service);
	}
}

int
rules_desired_of(const struct rules_context *context, const struct steering *steering, int scope,
		 uint16_t bridge, struct rule out[RULES_MAX])
{
	const struct topology *t = context->topology;
	struct rules_emitter e = {
		.context = context, .t = t, .bridge = bridge, .out = out, .capacity = RULES_MAX};

	if (scope == RULES_SHARED)
		emit_shared(&e);
	else
		rules_emit_service(&e, &t->services[scope], &steering->services[scope]);
	return e.full ? -ENOSPC : (int)e.n;
}

int
rules_desired(const struct rules_context *context, const struct steering *steering, uint16_t bridge,
	      struct rule out[RULES_MAX], unsigned *ret_missing)
{
	const struct topology *t = context->topology;
	struct rules_emitter e = {
		.context = context, .t = t, .bridge = bridge, .out = out, .capacity = RULES_MAX};

	emit_shared(&e);
	for (unsigned s = 0; s < t->n_services; s++)
		rules_emit_service(&e, &t->services[s], &steering->services[s]);
	*ret_missing = e.missing;
	return e.full ? -ENOSPC : (int)e.n;
}

/* ---- ports that are not there ------------------------------------------------------------ */

/* Appends a name to a list, as far as it fits. */
static void
list_name(char *text, size_t size, const char *name)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s%s", length ? ", " : "", name);
}

/* Rules are the measure, so that no port is asked for that no rule would use. */
unsigned
rules_missing_ports(const struct rules_context *context, unsigned service,
		    const struct steering_service *state, uint16_t bridge, char *text, size_t size)
{
	const struct topology *t = context->topology;
	bool lacks[TOPOLOGY_MAX_PORTS] = {false};
	struct rules_emitter e = {.context = context, .t = t, .bridge = bridge, .lacks = lacks};
	unsigned n = 0;

	text[0] = '\0';
	rules_emit_service(&e, &t->services[service], state);
	for (unsigned p = 0; p < t->n_ports; p++) {
		if (!lacks[p])
			continue;
		list_name(text, size, t->ports[p].name);
		n++;
	}
	return n;
}

uint32_t
rules_bridges(const struct rules_context *context, unsigned service,
	      const struct steering_service *state)
{
	const struct topology *t = context->topology;
	uint32_t bridges = 0;

	for (unsigned b = 0; b < t->n_bridges; b++) {
		struct rules_emitter e = {.context = context, .t = t, .bridge = (uint16_t)b};

		rules_emit_service(&e, &t->services[service], state);
		if (e.full || e.missing > 0)
			bridges |= 1u << b;
	}
	return bridges;
}

static bool
lacks_ports(const struct rules_context *context, unsigned service,
	    const struct steering_service *state)
{
	char text[8];

	for (unsigned b = 0; b < context->topology->n_bridges; b++) {
		if (rules_missing_ports(context, service, state, (uint16_t)b, text, sizeof(text)))
			return true;
	}
	return false;
}

/* Does the target that is fenced lack a port that it would need to serve? */
static bool
fenced_lacks_ports(const struct rules_context *context, unsigned service,
		   const struct steering_service *state)
{
	struct steering_service target = {.known = true, .serving = state->session.target};

	return state->session.stage == STEERING_FENCED && lacks_ports(context, service, &target);
}

uint32_t
rules_misfits(const struct rules_context *context, const struct steering *steering)
{
	uint32_t misfits = 0;

	for (unsigned s = 0; s < context->topology->n_services; s++) {
		const struct steering_service *state = &steering->services[s];

		if (!fenced_lacks_ports(context, s, state) && lacks_ports(context, s, state))
			misfits |= UINT32_C(1) << s;
	}
	return misfits;
}
