/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downlink packets of subscribers that are in no cell: they wait until the control plane says where the
 * subscriber is (TS 23.501 section 5.8.3.2), within limits for each subscriber, for the worker, and in
 * time. What does not fit, or waits for too long, is dropped by name.
 *
 * Packets are kept as they came from the core. So a worker that has stopped to serve gives them back to
 * the agent, and they go to the target of the move with all others.
 *
 * Worker's thread, but for init and fini. The lists of a session begin in local fields of its slot.
 */
#ifndef GATEWAY_BUFFER_H
#define GATEWAY_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "ages.h"
#include "config.h"
#include "worker.h"

struct gateway_waiting {
	struct rte_mbuf *m;
	uint64_t since_ns;
	uint32_t slot;
	uint32_t next; /* of the same session; valid if there is one */
};

struct gateway_buffer {
	struct nf_worker *worker;
	struct slim_table *sessions;
	struct gateway_buffer_limits limits;
	struct gateway_waiting *entries; /* [limits.packets + 1] */
	struct nf_ages ages;             /* of entries, by number */
	uint32_t n;
};

/* Main thread. -ENOMEM. */
int gateway_buffer_init(struct gateway_buffer *b, const struct gateway_buffer_limits *limits);
/* Frees what waits, too. */
void gateway_buffer_fini(struct gateway_buffer *b);

/* Takes over a packet for the session in `slot`: returns how many wait for it now; 0: it was dropped. */
uint32_t gateway_buffer_put(struct gateway_buffer *b, uint32_t slot, struct rte_mbuf *m);

/* The session's oldest packet, the caller's; NULL: none. */
struct rte_mbuf *gateway_buffer_take(struct gateway_buffer *b, uint32_t slot);

/* The session ends. */
void gateway_buffer_drop(struct gateway_buffer *b, uint32_t slot);

/* Once a round, between slim_worker_poll() and reception: drops what is too old, and gives everything back
 * to the agent once this instance has stopped to serve. */
void gateway_buffer_tick(struct gateway_buffer *b);

#endif
