/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may send to a mapping from outside (RFC 4787 section 5, RFC 5382 REQ-3), where filtering is
 * not endpoint-independent.
 *
 * Mapping stays endpoint-independent, so what a mapping has sent to is a table of its own
 * (table `peer`): one slot for each mapping and peer, made by the first packet to it. Address-dependent
 * filtering leaves the peer's port zero; ICMP queries have none anyway. A peer is permitted as long
 * as its mapping would live without packets (nat_session_timeout()) since it was last seen, and
 * goes with its mapping.
 *
 * A peer belongs to the bucket of the inside address, so to the worker of the mapping. Derived from
 * the slots: an index by the whole key, and the group of peers of each mapping (slot_group.h).
 * Bounded by the table and by a limit for each mapping: a new peer beyond is refused, old ones stay.
 *
 * With endpoint-independent filtering there is neither table nor share, and the packet path asks nobody.
 */
#ifndef NAT_FILTER_H
#define NAT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "session.h"
#include "share.h"
#include "slim.h"
#include "slot_group.h"
#include "slot_index.h"

/* With the slot's header half a cache line. */
struct nat_peer {
	rte_be32_t inside_address;
	rte_be32_t peer_address;
	rte_be16_t inside_port;
	rte_be16_t peer_port; /* 0: any */
	uint8_t protocol;     /* IPPROTO */
	uint8_t reserved[3];  /* zero */
	uint64_t last_seen;   /* lazy */
};

_Static_assert(sizeof(struct nat_peer) == 24, "half a cache line with its header");

extern const struct slim_field nat_peer_fields[];
extern const uint16_t nat_peer_n_fields;
extern const struct slim_table_ops nat_peer_ops; /* ctx: its shares */

struct nat_filter_table;

/* One worker's. */
struct nat_filter {
	struct nf_share share;
	const struct nat_filter_table *shared;
	struct nat_sessions *sessions; /* of the same worker */
	struct nf_slot_index index;
	struct nf_slot_groups mappings; /* the peers of each, by nat_session_key() */
	uint32_t cursor;                /* of the sweep */
	uint64_t swept_ns;              /* the sweep has done all that was due at this time */
};

struct nat_filter_table {
	struct nf_shares shares; /* zero: endpoint-independent */
	const struct nat_config *config;
};

/* Main thread. Keeps `config`. Nothing is allocated for endpoint-independent filtering. -ENOMEM. */
int nat_filter_table_init(struct nat_filter_table *t, const struct nat_config *config,
			  uint64_t seed);
/* Adds the table, if there is one, to an agent that is created but not started. Negative errno. */
int nat_filter_table_create(struct nat_filter_table *t, struct slim_agent *agent);
/* When the table is created: the share of a worker, which goes with its sessions from now on. NULL:
 * endpoint-independent. */
struct nat_filter *nat_filter_worker_init(struct nat_filter_table *t, uint16_t worker,
					  struct nat_sessions *sessions);
void nat_filter_table_fini(struct nat_filter_table *t);

/* ---- worker ------------------------------------------------------------------------------------ */

enum nat_filter_error {
	NAT_FILTER_OK = 0,
	NAT_FILTER_TABLE_FULL,
	NAT_FILTER_LIMIT, /* the mapping has all the peers it may have */
};

/* What is to be done for a packet that leaves for a peer, found out without a change. */
struct nat_filter_plan {
	uint32_t slot; /* of the peer; NF_NO_SLOT: it has none */
	bool is_new;   /* and gets one */
};

/* May a packet of the mapping leave for a peer, who may answer from then on? `session`: at least the key of the
 * mapping, which may not be there yet; `port`: 0 for ICMP. Refuses for want of room alone. */
enum nat_filter_error nat_filter_plan(const struct nat_filter *f, const struct nat_session *session,
				      rte_be32_t address, rte_be16_t port, uint64_t now_ns,
				      struct nat_filter_plan *ret_plan);

/* The packet leaves; with the plan for it, made in the same round and with no change since. Cannot fail. */
void nat_filter_permit(struct nat_filter *f, const struct nat_session *session, rte_be32_t address,
		       rte_be16_t port, uint64_t now_ns, struct nat_filter_plan plan);

/* May this peer send to the mapping? *ret_slot: its slot for nat_filter_refresh(), or NF_NO_SLOT. */
bool nat_filter_permits(const struct nat_filter *f, const struct nat_session *session,
			rte_be32_t address, rte_be16_t port, uint64_t now_ns, uint32_t *ret_slot);

/* A packet of the peer came in. */
void nat_filter_refresh(struct nat_filter *f, uint32_t slot, uint64_t now_ns);

/* Is there a slot for it, whatever its time? For tests. */
bool nat_filter_has(const struct nat_filter *f, const struct nat_peer *peer);

/* The mapping with this key goes: so do its peers, at most peers_per_mapping. */
void nat_filter_forget(struct nat_filter *f, uint64_t session_key);

/* Frees the slots of peers whose time is over, a bounded number a call. */
void nat_filter_tick(struct nat_filter *f, uint64_t now_ns);

#endif
