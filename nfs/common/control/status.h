/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came of a request over the control socket. The words are part of the protocol
 * (control.h); slim-nf makes its exit codes of them.
 */
#ifndef NF_STATUS_H
#define NF_STATUS_H

#define NF_STATUSES(X)                                                                         \
	X(OK, "ok", "")                                                                        \
	X(USAGE, "usage", "wrong arguments")                                                   \
	X(UNKNOWN, "unknown-command", "no such command; 'help' lists them")                    \
	X(NOT_FOUND, "not-found", "there is no such entry")                                    \
	X(EXISTS, "exists", "there is such an entry already")                                  \
	X(FULL, "full", "no room for another entry")                                           \
	X(NOT_OWNER, "not-owner",                                                              \
	  "this instance does not own its state now: it is a standby, or a move is under way") \
	X(REFUSED, "refused", "the network function refuses it")                               \
	X(BAD_LINE, "bad-line", "the request is too long, or not printable ASCII")             \
	X(TOO_MANY, "too-many-clients", "all places for clients are taken")                    \
	X(IDLE, "idle", "nothing was asked or taken for too long")

enum nf_status {
#define X(name, word, text) NF_##name,
	NF_STATUSES(X)
#undef X
		NF_N_STATUSES
};

#endif
