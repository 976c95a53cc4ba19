/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mutants of the gate's table. The production file is compiled here once more, with a table that can be
 * written; the test programs use this copy. Nothing here knows what is in a row: new rows are
 * mutated by themselves.
 */
#define GATE_TABLE static
#include "../../agent/gate.c"

#include "mutant.h"

static const char *const mode_names[N_MODES] = {
#define X(mode, name, does) [SLIM_GATE_##mode] = #mode,
	SLIM_GATE_MODES(X)
#undef X
};

static const char *const event_names[N_EVENTS] = {"ENTER", "LEAVE", "POLL", "IDLE"};

static const char *const fact_names[GATE_N_FACTS] = {
#define X(fact, what) [GATE_FACT_##fact] = #fact,
	SLIM_GATE_FACTS(X)
#undef X
};

/* A mutant's row is a mode; `arg` says which cell of it, and what stands there instead. */
#define ARG(which, instead) ((uint64_t)(which) << 32 | (instead))
#define WHICH(m) ((m)->arg >> 32)
#define INSTEAD(m) ((uint32_t)(m)->arg)

static void
apply_serves(const struct mutant *m)
{
	serves[m->row] = !serves[m->row];
}

static void
apply_step_dropped(const struct mutant *m)
{
	steps[m->row][WHICH(m)] = NULL;
}

static void
apply_step_of(const struct mutant *m)
{
	steps[m->row][WHICH(m)] = steps[INSTEAD(m)][WHICH(m)];
}

static void
apply_receive_dropped(const struct mutant *m)
{
	receives[m->row] = NULL;
}

static void
apply_receive_of(const struct mutant *m)
{
	receives[m->row] = receives[INSTEAD(m)];
}

static void
apply_return_dropped(const struct mutant *m)
{
	returns[m->row] = NULL;
}

static void
apply_return_of(const struct mutant *m)
{
	returns[m->row] = returns[INSTEAD(m)];
}

static void
apply_move(const struct mutant *m)
{
	moves[m->row][WHICH(m)] = (uint8_t)INSTEAD(m);
}

static void
list_steps(struct mutants *mutants, size_t mode)
{
	for (size_t event = 0; event < N_EVENTS; event++) {
		const step_fn own = steps[mode][event];

		if (own == NULL)
			continue;
		mutant_add(mutants,
			   &(struct mutant){.kind = "gate: step dropped",
					    .apply = apply_step_dropped,
					    .row = mode,
					    .arg = ARG(event, 0)},
			   "gate %s %s: dropped", mode_names[mode], event_names[event]);
		for (size_t other = 0; other < N_MODES; other++) {
			if (steps[other][event] == NULL || steps[other][event] == own)
				continue;
			mutant_add(mutants,
				   &(struct mutant){.kind = "gate: step of another mode",
						    .apply = apply_step_of,
						    .row = mode,
						    .arg = ARG(event, other)},
				   "gate %s %s: as in %s", mode_names[mode], event_names[event],
				   mode_names[other]);
		}
	}
}

static void
list_receives(struct mutants *mutants, size_t mode)
{
	if (receives[mode] == NULL)
		return;
	mutant_add(mutants,
		   &(struct mutant){.kind = "gate: receive dropped",
				    .apply = apply_receive_dropped,
				    .row = mode},
		   "gate %s RECEIVE: dropped", mode_names[mode]);
	for (size_t other = 0; other < N_MODES; other++) {
		if (receives[other] == NULL || receives[other] == receives[mode])
			continue;
		mutant_add(mutants,
			   &(struct mutant){.kind = "gate: receive of another mode",
					    .apply = apply_receive_of,
					    .row = mode,
					    .arg = ARG(0, other)},
			   "gate %s RECEIVE: as in %s", mode_names[mode], mode_names[other]);
	}
}

/* No row says something here as well: who serves takes nothing back. */
static void
list_returns(struct mutants *mutants, size_t mode)
{
	if (returns[mode] != NULL)
		mutant_add(mutants,
			   &(struct mutant){.kind = "gate: return dropped",
					    .apply = apply_return_dropped,
					    .row = mode},
			   "gate %s RETURN: dropped", mode_names[mode]);
	for (size_t other = 0; other < N_MODES; other++) {
		if (returns[other] == NULL || returns[other] == returns[mode])
			continue;
		mutant_add(mutants,
			   &(struct mutant){.kind = "gate: return of another mode",
					    .apply = apply_return_of,
					    .row = mode,
					    .arg = ARG(0, other)},
			   "gate %s RETURN: as in %s", mode_names[mode], mode_names[other]);
	}
}

static void
list_moves(struct mutants *mutants, size_t mode)
{
	for (size_t fact = 0; fact < GATE_N_FACTS; fact++) {
		const uint8_t next = moves[mode][fact];

		if (next == 0)
			continue;
		mutant_add(mutants,
			   &(struct mutant){.kind = "gate: move dropped",
					    .apply = apply_move,
					    .row = mode,
					    .arg = ARG(fact, 0)},
			   "gate %s %s: dropped", mode_names[mode], fact_names[fact]);
		for (size_t other = 0; other < N_MODES; other++) {
			if (mode_names[other] == NULL || other == next)
				continue;
			mutant_add(mutants,
				   &(struct mutant){.kind = "gate: move changed",
						    .apply = apply_move,
						    .row = mode,
						    .arg = ARG(fact, other)},
				   "gate %s %s: leads to %s", mode_names[mode], fact_names[fact],
				   mode_names[other]);
		}
	}
}

void
mutants_list(struct mutants *mutants)
{
	for (size_t mode = 0; mode < N_MODES; mode++) {
		if (mode_names[mode] == NULL)
			continue;
		mutant_add(mutants,
			   &(struct mutant){.kind = "gate: ownership negated",
					    .apply = apply_serves,
					    .row = mode},
			   "gate %s: owns its buckets or not", mode_names[mode]);
		list_steps(mutants, mode);
		list_receives(mutants, mode);
		list_returns(mutants, mode);
		list_moves(mutants, mode);
	}
}
