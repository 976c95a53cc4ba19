/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mutants of the TCP table: each cell with each other state in it, and with another peer
 * that is followed or not. The production file is compiled here once more, with a table that can be
 * written.
 */
#define NF_TCP_TABLE
#include "../../nfs/common/table/tcp.c"

#include "mutant.h"

static const char *const way_names[NF_TCP_N_WAYS] = {
	[NF_TCP_OUT] = "to the peer",
	[NF_TCP_IN] = "from the peer",
	[NF_TCP_OUT_OTHER] = "to another",
	[NF_TCP_IN_OTHER] = "from another",
};

static const char *const event_names[NF_TCP_N_EVENTS] = {
	[NF_TCP_ACK] = "ACK",
	[NF_TCP_SYN] = "SYN",
	[NF_TCP_SYNACK] = "SYNACK",
	[NF_TCP_FIN] = "FIN",
	[NF_TCP_RST] = "RST",
	[NF_TCP_RST_WINDOW] = "RST_WINDOW",
	[NF_TCP_RST_STRAY] = "RST_STRAY",
	[NF_TCP_ODD] = "ODD",
};

static const char *const state_names[NF_TCP_N_STATES] = {
	[NF_TCP_NONE] = "NONE",
	[NF_TCP_OPENING] = "OPENING",
	[NF_TCP_ANSWERED] = "ANSWERED",
	[NF_TCP_ESTABLISHED] = "ESTABLISHED",
	[NF_TCP_FIN_OUT] = "FIN_OUT",
	[NF_TCP_FIN_IN] = "FIN_IN",
	[NF_TCP_CLOSED] = "CLOSED",
	[NF_TCP_SHARED] = "SHARED",
	[NF_TCP_RESET] = "RESET",
	[NF_TCP_RESET_FIN_OUT] = "RESET_FIN_OUT",
	[NF_TCP_RESET_FIN_IN] = "RESET_FIN_IN",
	[NF_TCP_OPENING_FIN] = "OPENING_FIN",
	[NF_TCP_ANSWERED_FIN] = "ANSWERED_FIN",
	[NF_TCP_IDLE] = "IDLE",
	[14] = "nothing 14",
	[15] = "nothing 15",
};

/* A mutant's row is a way and a state; `arg` says which event, and what stands there instead. */
#define ROW(way, state) ((size_t)(way)*NF_TCP_N_STATES + (state))
#define ARG(event, instead) ((uint64_t)(event) << 32 | (instead))

static void
apply_cell(const struct mutant *m)
{
	nf_tcp_table[m->row / NF_TCP_N_STATES][m->row % NF_TCP_N_STATES][m->arg >> 32] =
		(uint8_t)m->arg;
}

static void
list_cell(struct mutants *mutants, size_t way, size_t state, size_t event)
{
	uint8_t cell = nf_tcp_table[way][state][event];
	uint8_t next = cell & (uint8_t)~NF_TCP_FOLLOW;

	for (size_t other = 0; other < NF_TCP_N_STATES; other++) {
		if (other != next)
			mutant_add(
				mutants,
				&(struct mutant){.kind = next == state    ? "tcp: state changed"
							 : other == state ? "tcp: event lost"
									  : "tcp: other state",
						 .apply = apply_cell,
						 .row = ROW(way, state),
						 .arg = ARG(event, (cell & NF_TCP_FOLLOW) | other)},
				"tcp %s %s %s: leads to %s", state_names[state], way_names[way],
				event_names[event], state_names[other]);
	}
	if (way == NF_TCP_OUT_OTHER)
		mutant_add(mutants,
			   &(struct mutant){.kind = "tcp: peer followed or not",
					    .apply = apply_cell,
					    .row = ROW(way, state),
					    .arg = ARG(event, cell ^ NF_TCP_FOLLOW)},
			   "tcp %s %s %s: follows or not", state_names[state], way_names[way],
			   event_names[event]);
}

void
mutants_list(struct mutants *mutants)
{
	for (size_t way = 0; way < NF_TCP_N_WAYS; way++)
		for (size_t state = 0; state < NF_TCP_N_STATES; state++)
			for (size_t event = 0; event < NF_TCP_N_EVENTS; event++)
				list_cell(mutants, way, state, event);
}
