/* SPDX-License-Identifier: Apache-2.0 */
/* What the mappings are made of (session.h): an entry, the share of a worker, all of them. Shapes alone. */
#ifndef NAT_SESSION_TABLE_H
#define NAT_SESSION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "ports.h"
#include "rest.h"
#include "share.h"
#include "slim.h"
#include "slot_index.h"
#include "subscriber.h"
#include "tcp.h"
#include "wheel.h"

/* One mapping: with the slot's header two cache lines, of which the second one is TCP's alone. */
struct nat_session {
	rte_be32_t inside_address;
	rte_be16_t inside_port;
	uint8_t protocol;  /* IPPROTO_UDP, _TCP, _ICMP */
	uint8_t tcp_state; /* enum nf_tcp_state */
	rte_be32_t outside_address;
	rte_be16_t outside_port;
	rte_be16_t tcp_peer_port; /* with tcp_peer_address: whom tcp_state follows */
	/* Lazy: written by every packet. */
	uint64_t last_seen;
	uint64_t packets_out;
	uint64_t bytes_out; /* IPv4 total lengths */
	uint64_t packets_in;
	uint64_t bytes_in;
	/* Lazy: written by packets from inside (tcp.h). */
	union {
		struct nf_tcp_edges tcp_edges;
		struct {
			uint64_t tcp_sent;
			uint64_t tcp_acked;
			uint64_t tcp_right;
		};
	};
	rte_be32_t tcp_peer_address;
	uint8_t tcp_scale;
	uint8_t reserved[35]; /* zero */
};

_Static_assert(sizeof(struct nat_session) == 120, "a slot is two cache lines");
_Static_assert(offsetof(struct nat_session, tcp_edges) == 56, "the second line is TCP's");
_Static_assert(offsetof(struct nat_session, tcp_right) ==
		       offsetof(struct nat_session, tcp_edges) +
			       offsetof(struct nf_tcp_edges, right),
	       "the same by both names");

/* ---- one worker's share ----------------------------------------------------------------- */

/* What belongs to a slot and does not move. */
struct nat_local {
	uint32_t port;       /* its external port, by nat_place_pack(); 0: none */
	uint32_t subscriber; /* its number, of a slot that is taken */
};

enum nat_session_error {
	NAT_SESSION_OK = 0,
	NAT_SESSION_TABLE_FULL,
	NAT_SESSION_NO_PORT,
	NAT_SESSION_LIMIT,
	NAT_SESSION_RATE,
	NAT_SESSION_BLOCK_LIMIT,
	NAT_SESSION_NOT_WISHED, /* what is wished for cannot be had */
	NAT_SESSION_SUBSCRIBERS_FULL,
};

struct nat_session_table;
struct nat_filter;
struct nat_pcp;
struct nat_log_ring;

struct nat_sessions {
	struct nf_share share;
	struct nf_slot_index index; /* with the table in one cache line */
	struct nat_session_table *shared;
	struct nat_filter *filter; /* peers that go with their mapping; NULL: none */
	struct nat_pcp *pcp;       /* mappings that were asked for; NULL: none */
	struct nat_log_ring *log;  /* NULL: no log */
	uint64_t random;
	struct nf_wheel wheel; /* by slot - share.first_slot, like the next */
	struct nat_local *local;
	struct nat_subscribers *subscribers; /* of the same worker, like the next */
	struct nat_rests *rests;
	/* Events of rare paths; the worker adds them to its counters. */
	uint64_t n_created;
	uint64_t n_expired;
	uint64_t n_unpaired;
	uint64_t n_conflicts;
};

/* A mapping of the configuration. It never expires, and is as long as the instance serves: its port is
 * nobody else's. A row of another instance is static if its key is that of one. */
struct nat_static_key {
	uint64_t key; /* nat_session_key() */
	rte_be32_t address;
	uint16_t port; /* host order */
};

/* All workers' shares. */
struct nat_session_table {
	struct nf_shares shares;
	struct nat_port_table ports;
	struct nat_subscriber_table subscribers;
	struct nat_rest_table rests;
	struct nat_timeouts timeouts;
	/* Of a subscriber; 0: no limit. */
	uint32_t max_per_subscriber;
	uint32_t max_of[NAT_N_PROTOCOLS];
	uint32_t max_blocks;
	struct nat_static_key statics[NAT_MAX_STATIC]; /* by key */
	uint32_t n_statics;
	bool arbitrary_pooling;
	bool preserve_parity;
	uint64_t seed;
};

static inline struct nat_sessions *
nat_sessions_of(const struct nat_session_table *t, uint16_t worker)
{
	return nf_share_at(&t->shares, worker);
}

/* An external endpoint that is wished for. */
struct nat_wish {
	rte_be32_t address; /* 0: any */
	uint16_t port;      /* host order; 0: any, whatever the address */
	bool only;          /* this or nothing */
};

#endif
