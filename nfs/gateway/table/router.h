/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IPv6 router of the core network, to which all IPv6 packets of subscribers go, and Neighbor Discovery
 * with it (RFC 4861): who is at its address, asked from the start and again before the answer is too old;
 * and answers to who asks for the gateway's own address, which is defended. The group of that address is
 * reported to switches and routers that listen (MLD, RFC 3810).
 *
 * The answer is a slot (table `router`), so a target that takes over need not ask. Its bucket is the
 * low byte of the router's address; that worker asks and writes, the others take a copy each round.
 *
 * Only the router is learnt, by the rules of neighbour_rule.h.
 */
#ifndef GATEWAY_ROUTER_H
#define GATEWAY_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "config.h"
#include "neighbour_rule.h"
#include "worker.h"
#include "packet.h"

#define GATEWAY_ROUTER_RETRY_NS UINT64_C(1000000000)
#define GATEWAY_MLD_REPORTS 2u                     /* RFC 3810 section 9.1, robustness variable */
#define GATEWAY_MLD_REPEAT_NS UINT64_C(1000000000) /* section 9.11, unsolicited report interval */

struct gateway_router {
	uint8_t address[16];
	struct rte_ether_addr mac;
	uint8_t reserved[2];
	uint64_t confirmed; /* when it last answered */
};

_Static_assert(sizeof(struct gateway_router) == 32, "four words");

/* All workers. */
struct gateway_router_table {
	const struct gateway_config *config;
	struct slim_table *table; /* one slot; NULL: there is no IPv6 core network */
};

/* One worker's. */
struct gateway_router_view {
	const struct gateway_router_table *shared;
	struct nf_worker *worker;
	struct rte_ether_addr mac; /* as of this round */
	bool is_known;
	/* The owner's: */
	uint64_t next_ask_ns;
	struct nf_question question; /* when it is said to have moved */
	uint64_t defended_ns;        /* when its own address was last announced; 0: never */
	uint8_t n_reports;           /* of its group, since it serves */
	uint64_t next_report_ns;
};

/* Main thread; `config` is kept. Declares the table to an agent that is created but not started, if there is
 * an IPv6 core network. Negative errno. */
int gateway_router_create(struct gateway_router_table *t, const struct gateway_config *config,
			  struct slim_agent *agent);

/* Worker. Timers and the copy; between slim_worker_poll() and reception. */
void gateway_router_tick(struct gateway_router_view *v);

/* Takes over a Neighbor Discovery packet; the worker that owns gateway_config_router_bucket(). */
void gateway_router_take(struct gateway_router_view *v, struct gateway_packet *p);

#endif
