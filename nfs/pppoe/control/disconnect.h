/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RADIUS servers that end sessions (RFC 5176): a UDP socket of the main loop. A Disconnect-Request of a client that is
 * configured, with the right secret, becomes orders for the workers (orders.h); when all have carried it out it is answered.
 * One is under way at a time, the others wait in the socket. The last PPPOE_DISCONNECT_REMEMBERED answers are remembered: who
 * repeats a request, because the answer was lost, gets the same one, and nothing is done twice.
 *
 * Silent, and counted: strangers, wrong secrets, what is no packet, and requests whose Event-Timestamp is more than 300 s away
 * (section 6.3: they are replayed). A Change-of-Authorization is refused.
 */
#ifndef PPPOE_CONTROL_DISCONNECT_H
#define PPPOE_CONTROL_DISCONNECT_H

#include <stdint.h>

#include "config.h"
#include "counter.h"
#include "mailbox.h"
#include "slim_limits.h"

#define PPPOE_DISCONNECT_REMEMBERED 64u
#define PPPOE_DISCONNECT_WINDOW_S 300

#define PPPOE_DISCONNECT_COUNTERS(X)                                                           \
	X(disconnect_ended, "requests of RADIUS servers that ended sessions")                  \
	X(disconnect_refused, "requests of RADIUS servers that were refused")                  \
	X(disconnect_repeated, "requests of RADIUS servers that were sent again")              \
	X(disconnect_stranger, "packets dropped: from no RADIUS server that may end sessions") \
	X(disconnect_forged, "packets dropped: the secret is wrong")                           \
	X(disconnect_malformed, "packets dropped: no requests of RADIUS")                      \
	X(disconnect_old, "requests dropped: their time is not now")                           \
	X(disconnect_unsent, "answers that could not be sent")

enum pppoe_disconnect_counter {
#define X(name, text) PPPOE_##name,
	PPPOE_DISCONNECT_COUNTERS(X)
#undef X
		PPPOE_DISCONNECT_N_COUNTERS
};

extern const struct nf_counter_name pppoe_disconnect_counter_names[PPPOE_DISCONNECT_N_COUNTERS];

struct pppoe_disconnect;

/* Main thread, all of them. `config` stays where it is. Negative errno: the address cannot be had, a client's name is not
 * found (-ENOENT), no memory. */
int pppoe_disconnect_open(const struct pppoe_radius_config *config, uint16_t n_workers,
			  struct pppoe_disconnect **ret);
void pppoe_disconnect_close(struct pppoe_disconnect *d); /* NULL is allowed */

/* A step: bounded. Returns how many packets and orders it dealt with. */
uint32_t pppoe_disconnect_round(struct pppoe_disconnect *d, struct nf_mailbox *const *mailboxes);
/* An order PPPOE_ORDER_END came back. */
void pppoe_disconnect_done(struct pppoe_disconnect *d, const struct nf_job *job);

uint64_t pppoe_disconnect_count(const struct pppoe_disconnect *d,
				enum pppoe_disconnect_counter counter);

#endif
