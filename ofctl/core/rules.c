/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making rules. One pass emits the rules of every bridge and keeps those of the bridge that was
 * asked for; a way over several bridges is then one function, and not one for each kind of
 * bridge on it.
 */
#include "rules.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slim_shm.h" /* SLIM_ETHERTYPE */

enum rules_priority {
	PRIORITY_FRAME = 40080,
	PRIORITY_LINK = 40070, /* and redirected packets */
	PRIORITY_GUARD = 40060,
	PRIORITY_VLAN = 40050,
	PRIORITY_PORT = 40040,
	PRIORITY_DROP = 40010,
};

#define TPID_VLAN 0x8100u

/* ---- cookies ------------------------------------------------------------------ */

uint64_t
rules_cookie(uint16_t magic, uint8_t service, enum rules_role role, uint32_t tag)
{
	return (uint64_t)magic << 48 | (uint64_t)service << 40 | (uint64_t)role << 32 | tag;
}

enum rules_role
rules_cookie_role(uint64_t cookie)
{
	return (enum rules_role)(cookie >> 32 & 0xff);
}

uint8_t
rules_cookie_service(uint64_t cookie)
{
	return (uint8_t)(cookie >> 40);
}

uint32_t
rules_cookie_tag(uint64_t cookie)
{
	return (uint32_t)cookie;
}

const char *
rules_role_name(enum rules_role role)
{
	static const char *const names[] = {
		"none",     "guard",          "drop",  "ingress", "egress",
		"redirect", "redirect-frame", "flush", "nudge",
	};

	return (unsigned)role < sizeof(names) / sizeof(names[0]) ? names[role] : "unknown";
}

/* ---- emitting ------------------------------------------------------------------- */

struct emit {
	const struct rules_context *context;
	const struct topology *t;
	uint16_t bridge; /* whose rules are kept */
	struct rule *out;
	unsigned capacity;
	unsigned n;
	unsigned missing;
	bool full;
};

static uint16_t
bridge_of(const struct topology *t, uint16_t port)
{
	return t->ports[port].bridge;
}

/* A rule under construction: where packets come in, what is done, where they go. */
struct draft {
	uint64_t cookie;
	uint16_t priority;
	uint16_t in;
	uint16_t out; /* TOPOLOGY_NONE: drop */
	struct of_match match;
	struct of_actions actions;
};

static void
emit(struct emit *e, const struct draft *draft)
{
	struct rule rule = {.cookie = draft->cookie,
			    .priority = draft->priority,
			    .match = draft->match,
			    .actions = draft->actions};
	uint32_t in = e->context->numbers[draft->in], out;

	if (bridge_of(e->t, draft->in) != e->bridge)
		return;
	of_match_in_port(&rule.match, in);
	if (draft->out != TOPOLOGY_NONE) {
		assert(bridge_of(e->t, draft->out) == e->bridge);
		out = e->context->numbers[draft->out];
		in = out == 0 ? 0 : in;
		/* A switch does not send a packet back where it came from unless told so. */
		of_action_add(&rule.actions, OF_ACTION_OUTPUT,
			      draft->out == draft->in ? OF_PORT_IN_PORT : out);
	}
	if (in == 0) {
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

	way.n_hops = topology_path(t, bridge_of(t, way.from->port), bridge_of(t, way.to->port),
				   way.hops);
	return way;
}

static struct draft
way_draft(const struct emit *e, const struct way *way, uint16_t in, uint16_t priority)
{
	return (struct draft){
		.cookie = rules_cookie(e->context->magic, way->service->cookie, way->role, 0),
		.priority = priority,
		.in = in};
}

/* The first rule: VLAN translated, onto the way. */
static void
emit_way_head(struct emit *e, const struct way *way)
{
	uint16_t vlan = way->from->vlan;
	struct draft draft =
		way_draft(e, way, way->from->port, vlan ? PRIORITY_VLAN : PRIORITY_PORT);

	if (vlan)
		match_vid(&draft.match, vlan);
	translate_vlan(&draft.actions, vlan, way->to->vlan);
	draft.out = way->to->port;
	if (way->n_hops > 0) {
		push_tag(&draft.actions, way->vid);
		draft.out = way->hops[0].out;
	}
	emit(e, &draft);
}

/* The rules behind each link: on, and off the way at the last. */
static void
emit_way_tail(struct emit *e, const struct way *way)
{
	for (unsigned i = 0; i < way->n_hops; i++) {
		struct draft draft = way_draft(e, way, way->hops[i].in, PRIORITY_LINK);
		bool last = i + 1 == way->n_hops;

		match_vid(&draft.match, way->vid);
		if (last)
			of_action_add(&draft.actions, OF_ACTION_POP_VLAN, 0);
		draft.out = last ? way->to->port : way->hops[i + 1].out;
		emit(e, &draft);
	}
}

static void
emit_egress(struct emit *e, const struct topology_service *service, unsigned instance)
{
	for (unsigned p = 0; p < service->n_ports; p++) {
		struct way way = make_way(e->t, service, instance, p, RULES_EGRESS);

		emit_way_head(e, &way);
		emit_way_tail(e, &way);
	}
}

static void
emit_ingress_tail(struct emit *e, const struct topology_service *service, unsigned instance)
{
	for (unsigned p = 0; p < service->n_ports; p++) {
		struct way way = make_way(e->t, service, instance, p, RULES_INGRESS);

		emit_way_tail(e, &way);
	}
}

static void
emit_ingress_head(struct emit *e, const struct topology_service *service, unsigned instance)
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

static struct draft
session_draft(const struct emit *e, const struct session_port *sp, enum rules_role role,
	      uint16_t in, uint16_t priority)
{
	return (struct draft){.cookie = rules_cookie(e->context->magic, sp->service->cookie, role,
						     sp->session->tag),
			      .priority = priority,
			      .in = in};
}

/* Source to target with the redirect tag, by the shortest way; packets and slim frames apart
 * on the first bridge. */
static void
emit_redirect(struct emit *e, const struct session_port *sp)
{
	struct topology_hop hops[TOPOLOGY_MAX_BRIDGES];
	unsigned n =
		topology_path(e->t, bridge_of(e->t, sp->source), bridge_of(e->t, sp->target), hops);
	uint16_t vid = sp->session->vids[sp->port];
	struct draft draft = session_draft(e, sp, RULES_REDIRECT_FRAME, sp->source, PRIORITY_FRAME);

	draft.out = n > 0 ? hops[0].out : sp->target;
	match_vid(&draft.match, vid);
	of_match_eth_type(&draft.match, SLIM_ETHERTYPE);
	emit(e, &draft);
	for (unsigned i = 0; i <= n; i++) {
		draft = session_draft(e, sp, RULES_REDIRECT, i == 0 ? sp->source : hops[i - 1].in,
				      PRIORITY_LINK);
		match_vid(&draft.match, vid);
		draft.out = i < n ? hops[i].out : sp->target;
		emit(e, &draft);
	}
}

/* Slim frames of the target: up its own way to the perimeter's bridge, then down the source's. */
static void
emit_flush(struct emit *e, const struct session_port *sp)
{
	struct way up = make_way(e->t, sp->service, sp->session->target, sp->port, RULES_EGRESS);
	struct way down = make_way(e->t, sp->service, sp->session->source, sp->port, RULES_INGRESS);
	struct draft draft = session_draft(e, sp, RULES_FLUSH, sp->target, PRIORITY_FRAME);

	of_match_eth_type(&draft.match, SLIM_ETHERTYPE);
	if (up.n_hops > 0) {
		of_match_vlan(&draft.match, 0, OF_VLAN_EXACT);
		push_tag(&draft.actions, up.vid);
		draft.out = up.hops[0].out;
		emit(e, &draft);
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
	emit(e, &draft);
}

static void
emit_service(struct emit *e, const struct topology_service *service,
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

/* ---- guards --------------------------------------------------------------------------- */

static struct draft
guard_draft(const struct emit *e, uint16_t in, enum rules_role role, uint16_t priority)
{
	return (struct draft){.cookie = rules_cookie(e->context->magic, 0, role, 0),
			      .priority = priority,
			      .in = in,
			      .out = TOPOLOGY_NONE};
}

/* Drops a range of tags with as few masks as it takes. */
static void
emit_range_guard(struct emit *e, uint16_t port, uint16_t first, uint16_t last)
{
	uint32_t vid = first;

	while (first != 0 && vid <= last) {
		struct draft draft = guard_draft(e, port, RULES_GUARD, PRIORITY_GUARD);
		uint32_t size = 1;

		while (vid % (size * 2) == 0 && vid + size * 2 - 1 <= last)
			size *= 2;
		of_match_vlan(&draft.match, (uint16_t)(OF_VID_PRESENT | vid),
			      (uint16_t)(OF_VID_PRESENT | (OF_VID_MASK & ~(size - 1))));
		emit(e, &draft);
		vid += size;
	}
}

static void
emit_port_guards(struct emit *e, uint16_t port)
{
	struct draft draft = guard_draft(e, port, RULES_GUARD, PRIORITY_GUARD);

	for (unsigned s = 0; s < e->t->n_services; s++) {
		const struct topology_service *service = &e->t->services[s];

		emit_range_guard(e, port, service->redirect_first, service->redirect_last);
		emit_range_guard(e, port, service->transit_first, service->transit_last);
	}
	if (e->t->ports[port].kind & TOPOLOGY_LINK)
		return;
	of_match_eth_type(&draft.match, SLIM_ETHERTYPE);
	emit(e, &draft);
}

/* What nobody serves goes nowhere. On perimeter ports only the service's own VLAN: the rest
 * of a trunk is not ours. */
static void
emit_drops(struct emit *e, const struct topology_service *service)
{
	for (unsigned p = 0; p < service->n_ports; p++) {
		const struct topology_attach *perimeter = &service->perimeter[p];
		struct draft draft = guard_draft(e, perimeter->port, RULES_DROP, PRIORITY_DROP);

		if (perimeter->vlan)
			match_vid(&draft.match, perimeter->vlan);
		emit(e, &draft);
		for (unsigned i = 0; i < service->n_instances; i++) {
			draft = guard_draft(e, service->instances[i].ports[p].port, RULES_DROP,
					    PRIORITY_DROP);
			emit(e, &draft);
		}
	}
}

int
rules_desired(const struct rules_context *context, const struct steering *steering, uint16_t bridge,
	      struct rule out[RULES_MAX], unsigned *ret_missing)
{
	const struct topology *t = context->topology;
	struct emit e = {
		.context = context, .t = t, .bridge = bridge, .out = out, .capacity = RULES_MAX};

	for (unsigned p = 0; p < t->n_ports; p++)
		emit_port_guards(&e, (uint16_t)p);
	for (unsigned s = 0; s < t->n_services; s++) {
		emit_drops(&e, &t->services[s]);
		emit_service(&e, &t->services[s], &steering->services[s]);
	}
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

	if (bridge_of(m->context->topology, port) != m->bridge || m->context->numbers[port] != 0)
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

/* ---- difference ---------------------------------------------------------------------------- */

static int
compare_rules(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return memcmp(&x->match, &y->match, sizeof(x->match));
}

static bool
same_actions(const struct of_actions *a, const struct of_actions *b)
{
	return a->n == b->n && memcmp(a->list, b->list, a->n * sizeof(a->list[0])) == 0;
}

static struct of_flow_mod
add_rule(const struct rule *rule)
{
	return (struct of_flow_mod){.cookie = rule->cookie,
				    .command = OF_FLOW_ADD,
				    .priority = rule->priority,
				    .match = rule->match,
				    .actions = rule->actions};
}

/* Is the rule's service one of those that are left alone? */
static bool
is_kept(const struct topology *t, const struct rule *rule, uint32_t kept)
{
	for (unsigned s = 0; s < t->n_services; s++) {
		if (t->services[s].cookie == rules_cookie_service(rule->cookie))
			return (kept & (UINT32_C(1) << s)) != 0;
	}
	return false;
}

/* A rule that the codec does not understand cannot be named; its cookie can. What has the same
 * cookie goes with it and is added again, all in one bundle. */
static unsigned
purge_opaque(const struct topology *t, struct rule *present, unsigned n_present, uint32_t kept,
	     struct of_flow_mod *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_present; i++) {
		if (!present[i].opaque || is_kept(t, &present[i], kept))
			continue;
		out[n++] = (struct of_flow_mod){.cookie = present[i].cookie,
						.cookie_mask = UINT64_MAX,
						.command = OF_FLOW_DELETE};
	}
	return n;
}

static bool
was_purged(const struct rule *rule, const struct of_flow_mod *purges, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (purges[i].cookie == rule->cookie)
			return true;
	}
	return false;
}

unsigned
rules_diff(const struct rules_context *context, struct rule *desired, unsigned n_desired,
	   struct rule *present, unsigned n_present, uint32_t kept,
	   struct of_flow_mod out[RULES_MAX * 2])
{
	const struct topology *t = context->topology;
	unsigned purges = purge_opaque(t, present, n_present, kept, out), n = purges;
	unsigned d = 0, p = 0;

	qsort(desired, n_desired, sizeof(desired[0]), compare_rules);
	qsort(present, n_present, sizeof(present[0]), compare_rules);
	while (d < n_desired || p < n_present) {
		int order;

		if (p < n_present && (present[p].opaque || was_purged(&present[p], out, purges))) {
			p++;
			continue;
		}
		order = d == n_desired   ? 1
			: p == n_present ? -1
					 : compare_rules(&desired[d], &present[p]);
		if (order < 0) {
			out[n++] = add_rule(&desired[d++]);
		} else if (order > 0) {
			if (!is_kept(t, &present[p], kept))
				out[n++] = (struct of_flow_mod){.command = OF_FLOW_DELETE_STRICT,
								.cookie = present[p].cookie,
								.cookie_mask = UINT64_MAX,
								.priority = present[p].priority,
								.match = present[p].match};
			p++;
		} else {
			if (desired[d].cookie != present[p].cookie ||
			    !same_actions(&desired[d].actions, &present[p].actions))
				out[n++] = add_rule(&desired[d]);
			d++;
			p++;
		}
	}
	return n;
}

/* ---- what the rules say ---------------------------------------------------------------------- */

/* Of one service on one bridge: no way visits a bridge twice, so each port has at most one head,
 * five tails, three rules of the redirect and two of flush frames there. */
#define SERVICE_RULES_MAX (SLIM_MAX_PORTS * 16u)

/* How many of the candidate's own rules stand, and how many do not. */
struct score {
	unsigned present;
	unsigned absent;
};

static bool
is_present(const struct rule *rule, const struct rule *present, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!present[i].opaque && present[i].cookie == rule->cookie &&
		    compare_rules(&present[i], rule) == 0 &&
		    same_actions(&present[i].actions, &rule->actions))
			return true;
	}
	return false;
}

/* Only the candidate's service is looked at: its rules, and how many of it are there at all. */
static struct score
score_candidate(const struct rules_context *context, struct rule *const present[],
		const unsigned n_present[], unsigned service,
		const struct steering_service *candidate)
{
	const struct topology *t = context->topology;
	struct score score = {0};

	for (unsigned b = 0; b < t->n_bridges; b++) {
		struct rule rules[SERVICE_RULES_MAX];
		struct emit e = {.context = context,
				 .t = t,
				 .bridge = (uint16_t)b,
				 .out = rules,
				 .capacity = SERVICE_RULES_MAX};

		emit_service(&e, &t->services[service], candidate);
		for (unsigned i = 0; i < e.n; i++) {
			if (is_present(&rules[i], present[b], n_present[b]))
				score.present++;
			else
				score.absent++;
		}
	}
	return score;
}

struct guess {
	struct steering_service best;
	struct score score;
	bool found;
};

/* Better: fewer missing of its own; then more explained. */
static void
consider(struct guess *guess, const struct steering_service *candidate, struct score score)
{
	if (score.present == 0 || score.present < score.absent)
		return;
	if (guess->found &&
	    (score.absent > guess->score.absent ||
	     (score.absent == guess->score.absent && score.present <= guess->score.present)))
		return;
	*guess = (struct guess){.best = *candidate, .score = score, .found = true};
}

/* The session tag in the service's cookies, 0: none. */
static uint32_t
find_tag(const struct topology *t, struct rule *const present[], const unsigned n_present[],
	 uint8_t cookie)
{
	for (unsigned b = 0; b < t->n_bridges; b++) {
		for (unsigned i = 0; i < n_present[b]; i++) {
			uint64_t c = present[b][i].cookie;

			if (rules_cookie_service(c) == cookie && rules_cookie_tag(c) != 0)
				return rules_cookie_tag(c);
		}
	}
	return 0;
}

/* The tag that the source's port redirects with, by the rules. */
static uint16_t
find_vid(const struct rules_context *context, struct rule *const present[],
	 const unsigned n_present[], uint8_t cookie, uint16_t port)
{
	uint16_t bridge = bridge_of(context->topology, port);

	for (unsigned i = 0; i < n_present[bridge]; i++) {
		const struct rule *rule = &present[bridge][i];

		if (rules_cookie_service(rule->cookie) == cookie &&
		    rules_cookie_role(rule->cookie) == RULES_REDIRECT &&
		    rule->match.in_port == context->numbers[port])
			return rule->match.vlan_vid & OF_VID_MASK;
	}
	return 0;
}

static void
consider_session(const struct rules_context *context, struct rule *const present[],
		 const unsigned n_present[], unsigned service, struct steering_service *candidate,
		 struct guess *guess)
{
	const struct topology_service *s = &context->topology->services[service];
	struct steering_session *session = &candidate->session;

	for (unsigned p = 0; p < s->n_ports; p++)
		session->vids[p] = find_vid(context, present, n_present, s->cookie,
					    s->instances[session->source].ports[p].port);
	for (session->stage = STEERING_PREPARED; session->stage <= STEERING_FLIPPED;
	     session->stage++)
		consider(guess, candidate,
			 score_candidate(context, present, n_present, service, candidate));
}

bool
rules_infer(const struct rules_context *context, struct rule *const present[],
	    const unsigned n_present[], unsigned service, struct steering_service *ret)
{
	const struct topology_service *s = &context->topology->services[service];
	uint32_t tag = find_tag(context->topology, present, n_present, s->cookie);
	struct guess guess = {0};

	for (unsigned i = 0; i < s->n_instances; i++) {
		struct steering_service candidate = {.known = true, .serving = (int)i};

		consider(&guess, &candidate,
			 score_candidate(context, present, n_present, service, &candidate));
		for (unsigned j = 0; tag != 0 && j < s->n_instances; j++) {
			if (i == j)
				continue;
			candidate.session = (struct steering_session){
				.tag = tag, .source = (uint8_t)i, .target = (uint8_t)j};
			consider_session(context, present, n_present, service, &candidate, &guess);
		}
	}
	if (guess.found)
		*ret = guess.best;
	return guess.found;
}

/* ---- text -------------------------------------------------------------------------------------- */

struct line {
	char *text;
	size_t size;
	int length;
};

static void __attribute__((format(printf, 2, 3))) append(struct line *line, const char *format, ...)
{
	size_t used = (size_t)line->length < line->size ? (size_t)line->length : line->size;
	va_list args;

	va_start(args, format);
	line->length += vsnprintf(line->text + used, line->size - used, format, args);
	va_end(args);
}

static const char *
port_name(const struct rules_context *context, uint16_t bridge, uint32_t number)
{
	const struct topology *t = context->topology;

	for (unsigned p = 0; p < t->n_ports; p++) {
		if (t->ports[p].bridge == bridge && context->numbers[p] == number)
			return t->ports[p].name;
	}
	return number == OF_PORT_IN_PORT ? "IN_PORT" : "?";
}

static void
append_action(struct line *line, const struct rules_context *context, uint16_t bridge,
	      const struct of_action *action)
{
	switch (action->type) {
	case OF_ACTION_OUTPUT:
		append(line, " output:%s", port_name(context, bridge, action->value));
		break;
	case OF_ACTION_PUSH_VLAN:
		append(line, " push");
		break;
	case OF_ACTION_POP_VLAN:
		append(line, " pop");
		break;
	default:
		append(line, " vid:%u", action->value & OF_VID_MASK);
		break;
	}
}

int
rules_format(const struct rules_context *context, uint16_t bridge, const struct rule *rule,
	     char *text, size_t size)
{
	const struct of_match *m = &rule->match;
	struct line line = {.text = text, .size = size};

	append(&line, "%s service=%u", rules_role_name(rules_cookie_role(rule->cookie)),
	       rules_cookie_service(rule->cookie));
	if (rules_cookie_tag(rule->cookie))
		append(&line, " tag=%x", rules_cookie_tag(rule->cookie));
	append(&line, " prio=%u in=%s", rule->priority, port_name(context, bridge, m->in_port));
	if (m->fields & OF_MATCH_VLAN_VID) {
		if (m->vlan_vid == 0)
			append(&line, " untagged");
		else
			append(&line, " vid=%u", m->vlan_vid & OF_VID_MASK);
		if (m->vlan_mask != OF_VLAN_EXACT)
			append(&line, "/%u", ~m->vlan_mask & OF_VID_MASK);
	}
	if (m->fields & OF_MATCH_ETH_TYPE)
		append(&line, " type=%04x", m->eth_type);
	append(&line, " ->");
	for (uint32_t i = 0; i < rule->actions.n; i++)
		append_action(&line, context, bridge, &rule->actions.list[i]);
	if (rule->actions.n == 0)
		append(&line, " drop");
	return line.length;
}
