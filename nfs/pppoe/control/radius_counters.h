/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of the RADIUS client (radius.h), and what it counts, by name. */
#ifndef PPPOE_CONTROL_RADIUS_COUNTERS_H
#define PPPOE_CONTROL_RADIUS_COUNTERS_H

#include <stdint.h>

#define PPPOE_RADIUS_LOGINS 1024u  /* that wait or are under way, of a thread */
#define PPPOE_RADIUS_RECORDS 4096u /* likewise */
#define PPPOE_RADIUS_DEAD_NS UINT64_C(30000000000)
#define PPPOE_RADIUS_MAX_THREADS 64u

#define PPPOE_RADIUS_COUNTERS(X)                                                                \
	X(radius_asked, "log-ins that a server was asked about")                                \
	X(radius_accepted, "log-ins that a server accepted")                                    \
	X(radius_rejected, "log-ins that a server rejected, or challenged")                     \
	X(radius_silent, "log-ins that no server answered in time")                             \
	X(radius_full, "log-ins that found too many others waiting")                            \
	X(radius_impossible, "log-ins that cannot be asked: no server, or a password too long") \
	X(radius_sent_again, "requests sent again")                                             \
	X(radius_next_server, "requests that went to the next server")                          \
	X(radius_dead, "times that a server was silent for a whole request")                    \
	X(radius_unreachable, "requests that could not be sent: no address, or no way")         \
	X(radius_forged, "answers dropped: authenticator or signature wrong")                   \
	X(radius_unsigned,                                                                      \
	  "answers taken without Message-Authenticator: who stands between could forge them")   \
	X(radius_stripped,                                                                      \
	  "answers dropped: without Message-Authenticator, of a server that has one")           \
	X(radius_malformed, "answers dropped: no RADIUS packets, or of another kind")           \
	X(radius_late, "answers dropped: nobody waits for them")                                \
	X(accounting_done, "accounting records that a server has")                              \
	X(accounting_again, "accounting records that no server took, and that wait")            \
	X(accounting_start_lost, "accounting records of a start that were lost")                \
	X(accounting_interim_lost, "interim accounting records that were lost")                 \
	X(accounting_stop_lost, "accounting records of a stop that were lost")

enum pppoe_radius_counter {
#define X(name, text) PPPOE_##name,
	PPPOE_RADIUS_COUNTERS(X)
#undef X
		PPPOE_RADIUS_N_COUNTERS
};

#endif
