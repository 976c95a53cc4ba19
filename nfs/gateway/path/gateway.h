/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gateway is made of: its configuration and tables, for all workers, and what one worker has.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <stdint.h>

#include "buffer.h"
#include "config.h"
#include "event.h"
#include "forward.h"
#include "fragment.h"
#include "neighbour.h"
#include "outer.h"
#include "own.h"
#include "worker.h"
#include "router.h"
#include "session.h"

/* All workers. Constant while they run, but for the tables. */
struct gateway {
	struct gateway_config config;
	struct gateway_session_table sessions;
	struct nf_neighbour_table neighbours;
	struct nf_router_table router;
	struct nf_hops hops;
	uint8_t bucket_worker[SLIM_N_BUCKETS];
	struct nf_events *events[SLIM_MAX_WORKERS]; /* each put by its worker */
};

struct gateway_worker {
	struct gateway *gateway;
	struct nf_worker *nf;
	struct gateway_sessions *sessions;
	struct nf_neighbours *neighbours;
	struct gateway_buffer buffer;
	struct gateway_fragments fragments;
	struct nf_router_view router;
	struct gateway_outer_template outer; /* of packets to cells */
	uint64_t swept_ns;                   /* the sweep has done all that was due at this time */
	struct nf_own_rate told;             /* error messages: ICMP's and GTP-U's together */
	uint32_t n_errors;                   /* ICMP and ICMPv6 errors that leave with the burst */
	struct rte_mbuf *errors[NF_BURST];
};

/* May a cell be at this address? For what a control plane says and what packets show alike. */
static inline bool
gateway_may_be_cell(const struct gateway *gateway, rte_be32_t address)
{
	return nf_may_come(&gateway->hops, address, GATEWAY_ACCESS) == NF_ALLOWED;
}

/* Main thread. Tables and routes; *gateway is zeroed before. -ENOMEM. */
int gateway_init(struct gateway *gateway, const struct gateway_config *config, uint64_t seed);
/* Declares the tables to an agent that is created but not started. Negative errno. */
int gateway_create_tables(struct gateway *gateway, struct slim_agent *agent);
void gateway_fini(struct gateway *gateway);

#endif
