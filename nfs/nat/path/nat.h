/* SPDX-License-Identifier: Apache-2.0 */
/* What the NAT is made of: its configuration and tables, for all workers, and what one worker has. */
#ifndef NAT_NAT_H
#define NAT_NAT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "filter.h"
#include "fragment.h"
#include "identification.h"
#include "log.h"
#include "neighbour.h"
#include "own.h"
#include "worker.h"
#include "pcp.h"
#include "session.h"
#include "unsolicited.h"

/* What a handed-over packet is (struct nf_meta.kind). */
enum nat_meta_kind {
	NAT_META_FRESH = 1,        /* as it came in; `port`: side */
	NAT_META_HAIRPIN,          /* source translated, from inside, to a mapping of this NAT */
	NAT_META_FRAGMENT,         /* as it came in, and `address` holds its struct nat_ports */
	NAT_META_HAIRPIN_FRAGMENT, /* both */
	NAT_META_OWN,              /* an ICMP error that the NAT made, as if it came in on `port` */
};

/* All workers. Constant while they run, but for the tables. */
struct nat {
	struct nat_config config;
	struct nat_session_table sessions;
	struct nat_filter_table filters;
	struct nat_fragment_table fragments;
	struct nat_pcp_table pcp;
	struct nat_log log;
	struct nf_neighbour_table neighbours;
	struct nf_hops hops;
	struct nat_id_counters ids;
	struct nat_unsolicited unsolicited[SLIM_MAX_WORKERS]; /* each its worker's */
	uint8_t bucket_worker[SLIM_N_BUCKETS];
};

struct nat_worker {
	struct nat *nat;
	struct nf_worker *nf;
	struct nat_sessions *sessions;
	struct nat_filter *filter; /* NULL: endpoint-independent filtering */
	struct nat_fragments *fragments;
	struct nat_pcp *pcp; /* NULL: no PCP server */
	struct nf_neighbours *neighbours;
	struct nf_own_rate errors; /* of ICMP */
	bool has_begun;            /* looked once for static mappings to make */
	bool has_fast_path;        /* ordinary packets take the short way (fast.h) */
	uint64_t n_fast;           /* that did; for tests */
	struct nat_ids ids;
};

/* Main thread. Tables and routes; *nat is zeroed before. -ENOMEM. */
int nat_init(struct nat *nat, const struct nat_config *config, uint64_t seed);
/* Declares the tables to an agent that is created but not started. Negative errno. */
int nat_create_tables(struct nat *nat, struct slim_agent *agent);
void nat_fini(struct nat *nat);

/* May `peer` send to the mapping? *ret_slot: its slot to be refreshed, or NF_NO_SLOT. */
static inline bool
nat_is_permitted(const struct nat_worker *w, const struct nat_session *session, rte_be32_t peer,
		 rte_be16_t port, uint32_t *ret_slot)
{
	*ret_slot = NF_NO_SLOT;
	return w->filter == NULL ||
	       nat_filter_permits(w->filter, session, peer, port, w->nf->now_ns, ret_slot);
}

#endif
