/* SPDX-License-Identifier: Apache-2.0 */
/* The option negotiation automaton; see automaton.h. */
#include "automaton.h"

#include "automaton_table.h"

static const struct ppp_transition transitions[PPP_N_STATES][PPP_N_EVENTS] = {
#define X(state, event, actions, next) [PPP_##state][PPP_##event] = {(actions), PPP_##next, true},
	PPP_TRANSITIONS(X)
#undef X
};

/* What cannot be leaves the state as it is. */
static const struct ppp_transition nothing[PPP_N_STATES] = {
#define X(state, name, timer) {0, PPP_##state, false},
	PPP_STATES(X)
#undef X
};

const struct ppp_transition *
ppp_transition(enum ppp_state state, enum ppp_event event)
{
	const struct ppp_transition *t = &transitions[state][event];

	return t->happens ? t : &nothing[state];
}

bool
ppp_timer_runs(enum ppp_state state)
{
	static const bool runs[PPP_N_STATES] = {
#define X(state, name, timer) timer,
		PPP_STATES(X)
#undef X
	};

	return runs[state];
}

const char *
ppp_state_name(enum ppp_state state)
{
	static const char *const names[PPP_N_STATES] = {
#define X(state, name, timer) name,
		PPP_STATES(X)
#undef X
	};

	return names[state];
}
