/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_table: the gate, as data. Each list is one kind of row; the dispatch in gate.c, the names and the
 * drawing in docs/gate.txt all come from here. Private to gate.c and its test.
 */
#ifndef SLIM_AGENT_GATE_TABLE_H
#define SLIM_AGENT_GATE_TABLE_H

/* mode, name, this instance owns its buckets (requests may change entries) */
#define SLIM_GATE_MODES(X)             \
	X(PASS, "pass", true)          \
	X(CLOSED, "closed", false)     \
	X(HOLD, "hold", false)         \
	X(REDIRECT, "redirect", false) \
	X(RECEIVE, "receive", false)   \
	X(SERVE, "serve", true)

/* mode, event, what is done. Events: ENTER and LEAVE a mode; POLL: once a round, before any
 * packet; IDLE: end of a round with nothing in flight. */
#define SLIM_GATE_STEPS(X)                             \
	X(PASS, ENTER, slim_plain_pass_enter)          \
	X(PASS, POLL, slim_plain_pass_poll)            \
	X(CLOSED, ENTER, slim_plain_closed_enter)      \
	X(HOLD, ENTER, slim_source_hold_enter)         \
	X(HOLD, LEAVE, slim_source_hold_leave)         \
	X(HOLD, POLL, slim_source_hold_poll)           \
	X(HOLD, IDLE, slim_source_hold_idle)           \
	X(REDIRECT, ENTER, slim_source_redirect_enter) \
	X(REDIRECT, POLL, slim_source_redirect_poll)   \
	X(RECEIVE, ENTER, slim_target_receive_enter)   \
	X(SERVE, ENTER, slim_target_serve_enter)       \
	X(SERVE, POLL, slim_target_serve_poll)         \
	X(SERVE, IDLE, slim_target_serve_idle)

/* mode, what becomes of packets that arrive. */
#define SLIM_GATE_RECEIVES(X)                     \
	X(PASS, slim_plain_pass_receive)          \
	X(CLOSED, slim_plain_closed_receive)      \
	X(HOLD, slim_source_hold_receive)         \
	X(REDIRECT, slim_source_redirect_receive) \
	X(RECEIVE, slim_target_receive_receive)   \
	X(SERVE, slim_target_serve_receive)

/* mode, what becomes of packets that the NF gives back. Modes that serve take none. */
#define SLIM_GATE_RETURNS(X)                     \
	X(CLOSED, slim_plain_closed_return)      \
	X(HOLD, slim_source_hold_return)         \
	X(REDIRECT, slim_source_redirect_return) \
	X(RECEIVE, slim_plain_closed_return)

/* mode, fact, next mode. The same mode: only the command is acknowledged. What stands in no row is
 * of no consequence. By a command, every mode is entered from every mode. */
#define SLIM_GATE_MOVES(X)       \
	X(HOLD, STOPPED, HOLD)   \
	X(HOLD, TAKEN, REDIRECT) \
	X(HOLD, UNDONE, PASS)    \
	X(HOLD, RESUMED, PASS)

#endif
