/* SPDX-License-Identifier: Apache-2.0 */
#include "rules_emit.h"

#include <assert.h>

#include "slim_shm.h" /* SLIM_ETHERTYPE */

#define TPID_VLAN 0x8100u

/* ---- emitting ------------------------------------------------------------------- */

/* 0: the switch does not have it. */
static uint32_t
number_of(struct rules_emitter *e, uint16_t port)
{
	uint32_t number = e->context->numbers[port];

	if (e->lacks)
		e->lacks[port] |= number == 0;
	return number;
}

/* The number of the port it comes in on, 0: the switch does not have one of the draft's ports. */
static uint32_t
set_ports(struct rules_emitter *e, const struct rules_draft *draft, struct rule *rule)
{
	uint32_t in = number_of(e, draft->in), out;

	of_match_in_port(&rule->match, in);
	if (draft->out == TOPOLOGY_NONE)
		return in;
	assert(rules_bridge_of(e->t, draft->out) == e->bridge);
	out = number_of(e, draft->out);
	/* A switch does not send a packet back where it came from unless told so. */
	of_action_add(&rule->actions, OF_ACTION_OUTPUT,
		      draft->out == draft->in ? OF_PORT_IN_PORT : out);
	return out == 0 ? 0 : in;
}

void
rules_emit(struct rules_emitter *e, const struct rules_draft *draft)
{
	struct rule rule = {.cookie = draft->cookie,
			    .priority = draft->priority,
			    .match = draft->match,
			    .actions = draft->actions};

	if (draft->in != TOPOLOGY_NONE && rules_bridge_of(e->t, draft->in) != e->bridge)
		return;
	if (draft->in != TOPOLOGY_NONE && set_ports(e, draft, &rule) == 0) {
		e->missing++;
		return;
	}
	if (e->n == e->capacity) {
		e->full = true;
		return;
	}
	e->out[e->n++] = rule;
}

static void
push_tag(struct of_actions *actions, uint16_t vid)
{
	of_action_add(actions, OF_ACTION_PUSH_VLAN, TPID_VLAN);
	of_action_add(actions, OF_ACTION_SET_VLAN_VID, OF_VID_PRESENT | vid);
}

static void
match_vid(struct of_match *match, uint16_t vid)
{
	of_match_vlan(match, (uint16_t)(OF_VID_PRESENT | vid), OF_VLAN_EXACT);
}

/* From a port with VLAN `from` to one with VLAN `to` (0: none). */
static void
translate_vlan(struct of_actions *actions, uint16_t from, uint16_t to)
{
	if (from == to)
		return;
	if (from == 0)
		push_tag(actions, to);
	else if (to == 0)
		of_action_add(actions, OF_ACTION_POP_VLAN, 0);
	else
		of_action_add(actions, OF_ACTION_SET_VLAN_VID, OF_VID_PRESENT | to);
}

/* ---- ways between perimeter and instance ---------------------------------------- */

struct way {
	const struct topology_service *service;
	enum rules_role role;
	uint16_t vid; /* transit tag */
	const struct topology_attach *from;
	const struct topology_attach *to;
	struct topology_hop hops[TOPOLOGY_MAX_BRIDGES];
	unsigned n_hops;
};

static struct way
make_way(const struct topology *t, const struct topology_service *service, unsigned instance,
	 unsigned port, enum rules_role role)
{
	const struct topology_attach *perimeter = &service->perimeter[port];
	const struct topology_attach *far = &service->instances[instance].ports[port];
	struct way way = {.service = service,
			  .role = role,
			  .vid = topology_transit_vid(service, instance, port),
			  .from = role == RULES_INGRESS ? perimeter : far,
			  .to = role == RULES_INGRESS ? far : perimeter};

	way.n_hops = topology_path(t, rules_bridge_of(t, way.from->port),
				   rules_bridge_of(t, way.to->port), way.hops);
	return way;
}

static struct rules_draft
way_draft(const struct rules_emitter *e, const struct way *way, uint16_t in, uint16_t priority)
{
	return (struct rules_draft){
		.cookie = rules_cookie(e->context->magic, way->service->cookie, way->role, 0),
		.priority = priority,
		.in = in};
}

/* The first rule: VLAN translated, onto the way. */
static void
emit_way_head(struct rules_emitter *e, const struct way *way)
{
	uint16_t vlan = way->from->vlan;
	struct rules_draft draft =
		way_draft(e, way, way->from->port, vlan ? PRIORITY_VLAN : PRIORITY_PORT);

	if (vlan)
		match_vid(&draft.match, vlan);
	translate_vlan(&draft.actions, vlan, way->to->vlan);
	draft.out = way->to->port;
	if (way->n_hops > 0) {
		push_tag(&draft.actions, way->vid);
		draft.out = way->hops[0].out;
	}
	rules_emit(e, &draft);
}

/* The rules behind each link: on, and off the way at the last. */
static void
emit_way_tail(struct rules_emitter *e, const struct way *way)
{
	for (unsigned i = 0; i < way->n_hops; i++) {
		struct rules_draft draft = way_draft(e, way, way->hops[i].in, PRIORITY_LINK);
		bool last = i + 1 == way->n_hops;

		match_vid(&draft.match, way->vid);
		if (last)
			of_action_add(&draft.actions, OF_ACTION_POP_VLAN, 0);
		draft.out = last ? way->to->port : way->hops[i + 1].out;
		rules_emit(e, &draft);
	}
}

static void
emit_egress(struct rules_emitter *e, const struct topology_service *service, unsigned instance)
{
	for (unsigned p = 0; p < service->n_ports; p++) {
		struct way way = make_way(e->t, service, instance, p, RULES_EGRESS);

		emit_way_head(e, &way);
		emit_way_tail(e, &way);
	}
}

static void
emit_ingress_tail(struct rules_emitter *e, const struct topology_service *service,
		  unsigned instance)
{
	for (unsigned p = 0; p < service->n_ports; p++) {
		struct way way = make_way(e->t, service, instance, p, RULES_INGRESS);

		emit_way_tail(e, &way);
	}
}

static void
emit_ingress_head(struct rules_emitter *e, const struct topology_service *service,
		  unsigned instance)
{
	for (unsigned p = 0; p < service->n_ports; p++) {
		struct way way = make_way(e->t, service, instance, p, RULES_INGRESS);

		emit_way_head(e, &way);
	}
}

/* ---- sessions ---------------------------------------------------------------------- */

struct session_port {
	const struct topology_service *service;
	const struct steering_session *session;
	unsigned port;
	uint16_t source; /* port references */
	uint16_t target;
};

static struct session_port
session_port(const struct topology_service *service, const struct steering_session *session,
	     unsigned port)
{
	return (struct session_port){.service = service,
				     .session = session,
				     .port = port,
				     .source = service->instances[session->source].ports[port].port,
				     .target =
					     service->instances[session->target].ports[port].port};
}

static struct rules_draft
session_draft(const struct rules_emitter *e, const struct session_port *sp, enum rules_role role,
	      uint16_t in, uint16_t priority)
{
	return (struct rules_draft){.cookie = rules_cookie(e->context->magic, sp->service->cookie,
							   role, sp->session->tag),
				    .priority = priority,
				    .in = in};
}

/* Source to target with the redirect tag, by the shortest way; packets and slim frames apart
 * on the first bridge. */
static void
emit_redirect(struct rules_emitter *e, const struct session_port *sp)
{
	struct topology_hop hops[TOPOLOGY_MAX_BRIDGES];
	unsigned n = topology_path(e->t, rules_bridge_of(e->t, sp->source),
				   rules_bridge_of(e->t, sp->target), hops);
	uint16_t vid = sp->session->vids[sp->port];
	struct rules_draft draft =
		session_draft(e, sp, RULES_REDIRECT_FRAME, sp->source, PRIORITY_FRAME);

	draft.out = n > 0 ? hops[0].out : sp->target;
	match_vid(&draft.match, vid);
	of_match_eth_type(&draft.match, SLIM_ETHERTYPE);
	rules_emit(e, &draft);
	for (unsigned i = 0; i <= n; i++) {
		draft = session_draft(e, sp, RULES_REDIRECT, i == 0 ? sp->source : hops[i - 1].in,
				      PRIORITY_LINK);
		match_vid(&draft.match, vid);
		draft.out = i < n ? hops[i].out : sp->target;
		rules_emit(e, &draft);
	}
}

/* Slim frames of the target: up its own way to the perimeter's bridge, then down the source's. */
static void
emit_flush(struct rules_emitter *e, const struct session_port *sp)
{
	struct way up = make_way(e->t, sp->service, sp->session->target, sp->port, RULES_EGRESS);
	struct way down = make_way(e->t, sp->service, sp->session->source, sp->port, RULES_INGRESS);
	struct rules_draft draft = session_draft(e, sp, RULES_FLUSH, sp->target, PRIORITY_FRAME);

	of_match_eth_type(&draft.match, SLIM_ETHERTYPE);
	if (up.n_hops > 0) {
		of_match_vlan(&draft.match, 0, OF_VLAN_EXACT);
		push_tag(&draft.actions, up.vid);
		draft.out = up.hops[0].out;
		rules_emit(e, &draft);
		/* Bridges between have the transit rules of the target's egress. */
		draft = session_draft(e, sp, RULES_FLUSH, up.hops[up.n_hops - 1].in,
				      PRIORITY_FRAME);
		match_vid(&draft.match, up.vid);
		of_match_eth_type(&draft.match, SLIM_ETHERTYPE);
		translate_vlan(&draft.actions, up.vid, down.n_hops > 0 ? down.vid : 0);
	} else {
		of_match_vlan(&draft.match, 0, OF_VLAN_EXACT);
		translate_vlan(&draft.actions, 0, down.n_hops > 0 ? down.vid : 0);
	}
	draft.out = down.n_hops > 0 ? down.hops[0].out : sp->source;
	rules_emit(e, &draft);
}

void
rules_emit_service(struct rules_emitter *e, const struct topology_service *service,
		   const struct steering_service *state)
{
	const struct steering_session *session = &state->session;
	int active = steering_active(state);

	if (!state->known)
		return;
	if (active != STEERING_NOBODY)
		emit_ingress_head(e, service, (unsigned)active);
	if (session->stage != STEERING_PREPARED && session->stage != STEERING_FLIPPED) {
		if (active != STEERING_NOBODY) {
			emit_ingress_tail(e, service, (unsigned)active);
			emit_egress(e, service, (unsigned)active);
		}
		return;
	}
	emit_ingress_tail(e, service, session->source);
	emit_ingress_tail(e, service, session->target);
	emit_egress(e, service, session->source);
	emit_egress(e, service, session->target);
	for (unsigned p = 0; p < service->n_ports; p++) {
		struct session_port sp = session_port(service, session, p);

		emit_redirect(e, &sp);
		emit_flush(e, &sp);
	}
}
