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

struct missing {
	const struct rules_context *context;
	uint16_t bridge;
	char *text;
	size_t size;
	size_t length;
	unsigned n;
};

static void
note_missing(struct missing *m, uint16_t port)
{
	int n;

	if (rules_bridge_of(m->context->topology, port) != m->bridge ||
	    m->context->numbers[port] != 0)
		return;
	n = snprintf(m->text + m->length, m->size - m->length, "%s%s", m->n ? ", " : "",
		     m->context->topology->ports[port].name);
	if (n > 0)
		m->length += (size_t)n < m->size - m->length ? (size_t)n : m->size - m->length - 1;
	m->n++;
}

unsigned
rules_missing_ports(const struct rules_context *context, unsigned service, uint32_t instances,
		    uint16_t bridge, char *text, size_t size)
{
	const struct topology *t = context->topology;
	const struct topology_service *s = &t->services[service];
	struct missing m = {.context = context, .bridge = bridge, .text = text, .size = size};

	text[0] = '\0';
	for (unsigned p = 0; p < s->n_ports; p++) {
		note_missing(&m, s->perimeter[p].port);
		for (unsigned i = 0; i < s->n_instances; i++) {
			if (instances & (1u << i))
				note_missing(&m, s->instances[i].ports[p].port);
		}
	}
	for (unsigned l = 0; l < t->n_links * 2; l++) {
		if (topology_service_uses(t, s, bridge))
			note_missing(&m, t->links[l / 2][l % 2]);
	}
	return m.n;
}

uint32_t
rules_needed_instances(const struct steering_service *state)
{
	const struct steering_session *session = &state->session;
	int active = steering_active(state);
	uint32_t instances = 0;

	if (!state->known)
		return 0;
	if (active != STEERING_NOBODY)
		instances |= 1u << active;
	if (session->stage == STEERING_PREPARED || session->stage == STEERING_FLIPPED)
		instances |= 1u << session->source | 1u << session->target;
	return instances;
}

static bool
lacks_ports(const struct rules_context *context, unsigned service, uint32_t instances)
{
	char text[8];

	for (unsigned b = 0; b < context->topology->n_bridges; b++) {
		if (rules_missing_ports(context, service, instances, (uint16_t)b, text,
					sizeof(text)))
			return true;
	}
	return false;
}

uint32_t
rules_misfits(const struct rules_context *context, const struct steering *steering)
{
	uint32_t misfits = 0;

	for (unsigned s = 0; s < context->topology->n_services; s++) {
		const struct steering_service *state = &steering->services[s];
		uint32_t needed = rules_needed_instances(state);

		if (state->session.stage == STEERING_FENCED &&
		    lacks_ports(context, s, 1u << state->session.target))
			continue;
		if (needed && lacks_ports(context, s, needed))
			misfits |= UINT32_C(1) << s;
	}
	return misfits;
}
