/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one IPv6 router to which an NF sends all IPv6 packets on a side, and Neighbor Discovery with it (RFC 4861): who is at
 * its address, asked from the start and again before the answer is too old; and answers to who asks for the NF's own
 * address there, which is defended. The group of that address is reported to switches and routers that listen (MLD, RFC
 * 3810).
 *
 * The answer is a slot (table `router`), so a target that takes over need not ask. Its bucket is the
 * low byte of the router's address; that worker asks and writes, the others take a copy each round.
 *
 * Only the router is learnt, by the rules of neighbour_rule.h.
 */
#ifndef NF_ROUTER_H
#define NF_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>

#include "ip_packet.h"
#include "neighbour_rule.h"
#include "worker.h"

#define NF_ROUTER_RETRY_NS UINT64_C(1000000000)
#define NF_MLD_REPORTS 2u                     /* RFC 3810 section 9.1, robustness variable */
#define NF_MLD_REPEAT_NS UINT64_C(1000000000) /* section 9.11, unsolicited report interval */

struct nf_router {
	uint8_t address[16];
	struct rte_ether_addr mac;
	uint8_t reserved[2];
	uint64_t confirmed; /* when it last answered */
};

_Static_assert(sizeof(struct nf_router) == 32, "four words");

/* Numbers of the NF's counters. */
struct nf_router_counters {
	uint16_t solicitation_sent, advertisement_sent, listener_report_sent;
	uint16_t solicitation_taken, advertisement_taken, listener_query_taken;
	uint16_t drop_neighbor_discovery;
};

/* What of it is the NF's. */
struct nf_router_config {
	uint8_t address[16]; /* its own on this side */
	uint8_t router[16];
	struct rte_ether_addr mac; /* its own */
	uint8_t side;
	uint64_t lifetime_ns; /* of an answer */
	struct nf_router_counters counters;
};

/* The initializer of the member `counters` of an NF that has all of them by these names. */
#define NF_ROUTER_COUNTERS(NF)                                           \
	{                                                                \
		.solicitation_sent = NF##_solicitation_sent,             \
		.advertisement_sent = NF##_advertisement_sent,           \
		.listener_report_sent = NF##_listener_report_sent,       \
		.solicitation_taken = NF##_solicitation_taken,           \
		.advertisement_taken = NF##_advertisement_taken,         \
		.listener_query_taken = NF##_listener_query_taken,       \
		.drop_neighbor_discovery = NF##_drop_neighbor_discovery, \
	}

/* All workers. Zeroed, there is no router, and none is known. */
struct nf_router_table {
	struct nf_router_config config;
	struct slim_table *table; /* one slot */
};

/* One worker's. */
struct nf_router_view {
	const struct nf_router_table *shared;
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

/* Of what is known of the router, and of who asks for the NF's own address. */
static inline uint8_t
nf_router_bucket(const struct nf_router_config *config)
{
	return config->router[15];
}

/* Main thread; `config` is copied. Declares the table to an agent that is created but not started. Negative errno. */
int nf_router_create(struct nf_router_table *t, const struct nf_router_config *config,
		     struct slim_agent *agent);

/* Worker. Timers and the copy; between slim_worker_poll() and reception. */
void nf_router_tick(struct nf_router_view *v);

/* Takes over a Neighbor Discovery or MLD packet, which is right (ip_packet.h) and stands behind an Ethernet header; the
 * worker that owns nf_router_bucket(). */
void nf_router_take(struct nf_router_view *v, struct rte_mbuf *m);

/* Sends an IPv6 packet, complete but for its Ethernet header, to the router, which is known. */
static inline void
nf_router_send(const struct nf_router_view *v, struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	eth->dst_addr = v->mac;
	eth->src_addr = v->shared->config.mac;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	nf_emit(v->worker, v->shared->config.side, m);
}

#endif
