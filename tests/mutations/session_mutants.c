/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mutants of the session's two tables. The production file is compiled here once more, with
 * tables that can be written; the test programs use this copy. Nothing here knows what is in a row:
 * new rows are mutated by themselves.
 */
#define SESSION_TABLE static
#include "../../slimd/core/session.c"

#include <err.h>

#include "mutant.h"
#include "symbol.h"

void session_step_of_mutants(struct session *s, const struct session_event *event,
			     struct session_effects *effects);

/* What the unit tests call; nobody wraps it. */
void
session_step_of_mutants(struct session *s, const struct session_event *event,
			struct session_effects *effects)
{
	session_step(s, event, effects);
}

#define N_EDGES (sizeof(edges) / sizeof(edges[0]))

static const char *const state_names[SESSION_N_STATES] = {
#define X(NAME, name, phase) #NAME,
	SESSION_STATES(X)
#undef X
};

static const char *const event_names[SESSION_N_EVENTS] = {
#define X(NAME, name) #NAME,
	SESSION_EVENTS(X)
#undef X
};

static const char *const effect_names[SESSION_N_EFFECTS] = {
#define X(NAME, name) #NAME,
	SESSION_EFFECTS(X)
#undef X
};

/* ---- states ---------------------------------------------------------------------- */

static void
remove_at(struct state_entry *list, uint8_t *n, uint64_t at)
{
	memmove(&list[at], &list[at + 1], (*n - at - 1) * sizeof(list[0]));
	(*n)--;
}

static void
swap_at(struct state_entry *list, uint64_t at)
{
	struct state_entry first = list[at];

	list[at] = list[at + 1];
	list[at + 1] = first;
}

static void
apply_entry_dropped(const struct mutant *m)
{
	remove_at(states[m->row].entry, &states[m->row].n_entry, m->arg);
}

static void
apply_exit_dropped(const struct mutant *m)
{
	remove_at(states[m->row].exit, &states[m->row].n_exit, m->arg);
}

static void
apply_entry_swapped(const struct mutant *m)
{
	swap_at(states[m->row].entry, m->arg);
}

static void
apply_exit_swapped(const struct mutant *m)
{
	swap_at(states[m->row].exit, m->arg);
}

/* A stage becomes the next one, a yes becomes a no. */
static void
change_arg(struct state_entry *entry)
{
	entry->arg = entry->type == FX_JOURNAL ? entry->arg + 1 : !entry->arg;
}

static void
apply_entry_arg(const struct mutant *m)
{
	change_arg(&states[m->row].entry[m->arg]);
}

static void
apply_exit_arg(const struct mutant *m)
{
	change_arg(&states[m->row].exit[m->arg]);
}

static void
apply_needs(const struct mutant *m)
{
	states[m->row].needs &= ~m->arg;
}

static void
apply_early(const struct mutant *m)
{
	states[m->row].early &= ~m->arg;
}

static void
apply_next(const struct mutant *m)
{
	states[m->row].next = (enum session_state)m->arg;
}

static void
apply_limit(const struct mutant *m)
{
	states[m->row].limit = (enum limit)m->arg;
}

/* Does any row give this effect an argument? Then it means something in all of them. */
static bool
has_argument(enum session_effect_type type)
{
	for (size_t s = 0; s < SESSION_N_STATES; s++) {
		for (size_t i = 0; i < states[s].n_entry; i++) {
			if (states[s].entry[i].type == type && states[s].entry[i].arg != 0)
				return true;
		}
	}
	return false;
}

static void
list_entry(struct mutants *mutants, size_t row)
{
	const struct state_spec *spec = &states[row];

	for (size_t i = 0; i < spec->n_entry; i++) {
		const char *effect = effect_names[spec->entry[i].type];

		mutant_add(mutants,
			   &(struct mutant){.kind = "state: entry effect dropped",
					    .apply = apply_entry_dropped,
					    .row = row,
					    .arg = i},
			   "state %s: entry %s dropped", state_names[row], effect);
		if (i + 1 < spec->n_entry)
			mutant_add(mutants,
				   &(struct mutant){.kind = "state: entry effects swapped",
						    .apply = apply_entry_swapped,
						    .row = row,
						    .arg = i},
				   "state %s: entry %s after %s", state_names[row], effect,
				   effect_names[spec->entry[i + 1].type]);
		if (has_argument(spec->entry[i].type))
			mutant_add(mutants,
				   &(struct mutant){.kind = "state: argument changed",
						    .apply = apply_entry_arg,
						    .row = row,
						    .arg = i},
				   "state %s: entry %s with another argument", state_names[row],
				   effect);
	}
}

static void
list_exit(struct mutants *mutants, size_t row)
{
	const struct state_spec *spec = &states[row];

	for (size_t i = 0; i < spec->n_exit; i++) {
		const char *effect = effect_names[spec->exit[i].type];

		mutant_add(mutants,
			   &(struct mutant){.kind = "state: exit effect dropped",
					    .apply = apply_exit_dropped,
					    .row = row,
					    .arg = i},
			   "state %s: exit %s dropped", state_names[row], effect);
		if (i + 1 < spec->n_exit)
			mutant_add(mutants,
				   &(struct mutant){.kind = "state: exit effects swapped",
						    .apply = apply_exit_swapped,
						    .row = row,
						    .arg = i},
				   "state %s: exit %s after %s", state_names[row], effect,
				   effect_names[spec->exit[i + 1].type]);
		if (has_argument(spec->exit[i].type))
			mutant_add(mutants,
				   &(struct mutant){.kind = "state: argument changed",
						    .apply = apply_exit_arg,
						    .row = row,
						    .arg = i},
				   "state %s: exit %s with another argument", state_names[row],
				   effect);
	}
}

static void
list_facts(struct mutants *mutants, size_t row)
{
	for (unsigned event = 0; event < SESSION_N_EVENTS; event++) {
		if (states[row].needs & FACT(event))
			mutant_add(mutants,
				   &(struct mutant){.kind = "state: fact not awaited",
						    .apply = apply_needs,
						    .row = row,
						    .arg = FACT(event)},
				   "state %s: %s not awaited", state_names[row],
				   event_names[event]);
		if (states[row].early & FACT(event))
			mutant_add(mutants,
				   &(struct mutant){.kind = "state: early fact dropped",
						    .apply = apply_early,
						    .row = row,
						    .arg = FACT(event)},
				   "state %s: early %s dropped", state_names[row],
				   event_names[event]);
	}
}

static void
add_next(struct mutants *mutants, size_t row, enum session_state next)
{
	if (next != states[row].next && next != row)
		mutant_add(mutants,
			   &(struct mutant){.kind = "state: next changed",
					    .apply = apply_next,
					    .row = row,
					    .arg = next},
			   "state %s: next %s and not %s", state_names[row], state_names[next],
			   state_names[states[row].next]);
}

/* Without facts nothing leads to `next`: nobody reads it. */
static void
list_next(struct mutants *mutants, size_t row)
{
	enum session_state next = states[row].next;

	if (states[row].needs == 0)
		return;
	add_next(mutants, row, SESSION_DONE);
	if (next == SESSION_DONE)
		return;
	add_next(mutants, row, next + 1);
	if (states[next].next != next + 1 && states[next].next != SESSION_DONE)
		add_next(mutants, row, states[next].next);
}

static void
list_limit(struct mutants *mutants, size_t row)
{
	static const enum limit others[] = {LIMIT_NONE, LIMIT_OFFER};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i] == states[row].limit)
			continue;
		mutant_add(mutants,
			   &(struct mutant){.kind = others[i] == LIMIT_NONE
							    ? "state: limit dropped"
							    : "state: limit changed",
					    .apply = apply_limit,
					    .row = row,
					    .arg = others[i]},
			   "state %s: %s", state_names[row],
			   others[i] == LIMIT_NONE ? "limit dropped" : "limit of an offer");
	}
}

/* ---- edges ----------------------------------------------------------------------- */

static guard_fn *negated_guard;

static bool
guard_negated(const struct session *s, const struct session_event *e)
{
	return !negated_guard(s, e);
}

static void
apply_edge_dropped(const struct mutant *m)
{
	edges[m->row].from = 0;
}

static void
apply_guard_dropped(const struct mutant *m)
{
	edges[m->row].guard = NULL;
}

static void
apply_guard_negated(const struct mutant *m)
{
	negated_guard = edges[m->row].guard;
	edges[m->row].guard = guard_negated;
}

static void
apply_action_dropped(const struct mutant *m)
{
	edges[m->row].action = NULL;
}

static void
apply_to(const struct mutant *m)
{
	edges[m->row].to = (unsigned)m->arg;
}

static void
apply_from(const struct mutant *m)
{
	edges[m->row].from &= ~m->arg;
}

static void
apply_edges_swapped(const struct mutant *m)
{
	struct edge first = edges[m->row];

	edges[m->row] = edges[m->arg];
	edges[m->arg] = first;
}

static const char *
to_name(unsigned to)
{
	if (to == SAME)
		return "SAME";
	return to == AGAIN ? "AGAIN" : state_names[to];
}

/* `SOURCE_OPENING|... EV_TICK guard_overdue -> SOURCE_DISMISSING` */
static const char *
edge_name(const struct edge *edge, char *buffer, size_t size)
{
	unsigned first = (unsigned)__builtin_ctzll(edge->from);
	const char *more = (edge->from & (edge->from - 1)) != 0 ? "|..." : "";
	char guard[96] = "";

	if (edge->guard != NULL)
		snprintf(guard, sizeof(guard), " %s", symbol_name((const void *)edge->guard));
	snprintf(buffer, size, "%s%s %s%s -> %s", state_names[first], more,
		 event_names[edge->event], guard, to_name(edge->to));
	return buffer;
}

static void
list_guard(struct mutants *mutants, size_t row, const char *name)
{
	if (edges[row].guard == NULL)
		return;
	mutant_add(mutants,
		   &(struct mutant){
			   .kind = "edge: guard dropped", .apply = apply_guard_dropped, .row = row},
		   "edge %s: guard dropped", name);
	mutant_add(mutants,
		   &(struct mutant){
			   .kind = "edge: guard negated", .apply = apply_guard_negated, .row = row},
		   "edge %s: guard negated", name);
}

static void
add_to(struct mutants *mutants, size_t row, const char *name, unsigned to)
{
	if (to != edges[row].to)
		mutant_add(mutants,
			   &(struct mutant){.kind = "edge: target changed",
					    .apply = apply_to,
					    .row = row,
					    .arg = to},
			   "edge %s: leads to %s", name, to_name(to));
}

static void
list_to(struct mutants *mutants, size_t row, const char *name)
{
	unsigned to = edges[row].to;

	add_to(mutants, row, name, SAME);
	add_to(mutants, row, name, AGAIN);
	add_to(mutants, row, name, SESSION_DONE);
	/* Another state of the same side. */
	if (to < SESSION_DONE)
		add_to(mutants, row, name, to > 0 && to != TARGET_OFFERED ? to - 1 : to + 1);
}

static void
list_from(struct mutants *mutants, size_t row, const char *name)
{
	uint64_t from = edges[row].from;

	if ((from & (from - 1)) == 0)
		return;
	for (unsigned state = 0; state < SESSION_N_STATES; state++) {
		if (from & IN(state))
			mutant_add(mutants,
				   &(struct mutant){.kind = "edge: state removed",
						    .apply = apply_from,
						    .row = row,
						    .arg = IN(state)},
				   "edge %s: not from %s", name, state_names[state]);
	}
}

/* The first that fits is taken, so the order of rows means something where two fit. */
static void
list_order(struct mutants *mutants, size_t row, const char *name)
{
	char other[MUTANT_NAME];

	for (size_t i = row + 1; i < N_EDGES; i++) {
		if (edges[i].event != edges[row].event || !(edges[i].from & edges[row].from))
			continue;
		mutant_add(mutants,
			   &(struct mutant){.kind = "edge: order changed",
					    .apply = apply_edges_swapped,
					    .row = row,
					    .arg = i},
			   "edge %s: after %s", name, edge_name(&edges[i], other, sizeof(other)));
	}
}

static void
list_edge(struct mutants *mutants, size_t row)
{
	char name[MUTANT_NAME];

	edge_name(&edges[row], name, sizeof(name));
	mutant_add(
		mutants,
		&(struct mutant){.kind = "edge: dropped", .apply = apply_edge_dropped, .row = row},
		"edge %s: dropped", name);
	list_guard(mutants, row, name);
	if (edges[row].action != NULL)
		mutant_add(mutants,
			   &(struct mutant){.kind = "edge: action dropped",
					    .apply = apply_action_dropped,
					    .row = row},
			   "edge %s: %s dropped", name,
			   symbol_name((const void *)edges[row].action));
	list_to(mutants, row, name);
	list_from(mutants, row, name);
	list_order(mutants, row, name);
}

void
mutants_list(struct mutants *mutants)
{
	for (size_t row = 0; row < SESSION_N_STATES; row++) {
		list_entry(mutants, row);
		list_exit(mutants, row);
		list_facts(mutants, row);
		list_next(mutants, row);
		list_limit(mutants, row);
	}
	for (size_t row = 0; row < N_EDGES; row++)
		list_edge(mutants, row);
}
