/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path of the NAT, a burst at a time:
 *
 *   parse      every packet; those of foreign buckets go to their worker
 *   prefetch   the cell of the index, then the slot
 *   translate  find or make the mapping, rewrite, next hop, emit
 *
 * Needs no port: packets go in by nat_ops.burst and come out in the worker's FIFOs
 * and rings (nf.h). Never blocks, allocates (but its own packets from the pool), locks,
 * logs or makes a system call.
 */
#ifndef NAT_PIPELINE_H
#define NAT_PIPELINE_H

#include "config.h"
#include "filter.h"
#include "fragment.h"
#include "log.h"
#include "mtu.h"
#include "neighbour.h"
#include "nf.h"
#include "packet.h"
#include "pcp.h"
#include "session.h"

#define NAT_EXPIRE_MAX 256u    /* mappings whose time may be over, looked at in one round */
#define NAT_ERRORS_PER_S 1000u /* ICMP errors of the NAT's own, per worker */

/* What a handed-over packet is (struct nf_meta.kind). */
enum nat_meta_kind {
	NAT_META_FRESH = 1,        /* as it came in; `port`: side */
	NAT_META_HAIRPIN,          /* source translated, from inside, to a mapping of this NAT */
	NAT_META_FRAGMENT,         /* as it came in, and `address` holds its struct nat_ports */
	NAT_META_HAIRPIN_FRAGMENT, /* both */
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
	uint64_t errors_ns; /* ICMP errors: beginning of the current second */
	uint32_t n_errors;
	bool has_begun; /* looked once for static mappings to make */
	uint16_t ip_id;
};

extern const struct nf_ops nat_ops; /* nf_worker.self: struct nat_worker */

/* Main thread. Tables and routes; *nat is zeroed before. -ENOMEM. */
int nat_init(struct nat *nat, const struct nat_config *config, uint64_t seed);
/* Declares the tables to an agent that is created but not started. Negative errno. */
int nat_create_tables(struct nat *nat, struct slim_agent *agent);
/* After slim_agent_start(): joins a worker of the loop with its part of the NAT. */
void nat_worker_init(struct nat_worker *w, struct nat *nat, struct nf_worker *nf);
void nat_fini(struct nat *nat);

/* May `peer` send to the mapping? `refresh`: a packet of it comes in now. */
static inline bool
nat_is_permitted(const struct nat_worker *w, const struct nat_session *session, rte_be32_t peer,
		 rte_be16_t port, bool refresh)
{
	return w->filter == NULL ||
	       nat_filter_permits(w->filter, session, peer, port, w->nf->now_ns, refresh);
}

/* ---- parts of the pipeline ------------------------------------------------------------------- */

/* A fragment goes on with the ports of its datagram: here, or at the worker that owns its mapping. */
void nat_pass_fragment(struct nat_worker *w, struct nat_packet *p, struct nat_ports ports);

/* ---- parts of the pipeline (icmp.c, pcp_packet.c) ------------------------------------------------- */

/* Is it too long for a side, and may not be cut? */
static inline bool
nat_is_too_big(const struct nat_worker *w, const struct nat_packet *p, uint8_t side)
{
	return unlikely(p->ip_size > w->nat->config.sides[side].mtu) && nf_mtu_forbids(p->ip);
}

/* Sends a translated packet to a next hop; cuts it if it is too long for the side. */
void nat_send(struct nat_worker *w, struct rte_mbuf *m, uint8_t side, rte_be32_t next_hop);

/* Routes and sends a translated packet; counts it as `counter`. Frees it if there is no route to the
 * side that it is for. */
void nat_forward(struct nat_worker *w, struct rte_mbuf *m, rte_be32_t destination, uint8_t side,
		 unsigned int counter);

/* Answers an echo request to the NAT itself. */
void nat_icmp_answer_echo(struct nat_worker *w, struct nat_packet *p);

/* Translates an ICMP error by the mapping of its embedded packet (RFC 5508 section 4). `hairpin`: it
 * was translated as one from inside already. */
void nat_icmp_error_in(struct nat_worker *w, struct nat_packet *p, bool hairpin);
void nat_icmp_error_out(struct nat_worker *w, struct nat_packet *p);

/* Errors of the NAT's own. */
enum nat_error {
	NAT_ERROR_TTL = 0,     /* time exceeded */
	NAT_ERROR_TOO_BIG,     /* fragmentation needed, with the next hop's MTU (RFC 1191) */
	NAT_ERROR_NO_RESOURCE, /* host unreachable (RFC 6888 REQ-11) */
	NAT_ERROR_PROHIBITED,  /* administratively prohibited (RFC 5508 REQ-8) */
};

/* Drops an untranslated packet, counts it as `drop`, and tells its sender, within a rate and where
 * RFC 1812 section 4.3.2.7 allows it. `mtu`: for NAT_ERROR_TOO_BIG, else 0. */
void nat_icmp_refuse(struct nat_worker *w, struct nat_packet *p, enum nat_error error, uint16_t mtu,
		     unsigned int drop);

/* Answers a PCP request to the NAT itself. */
void nat_pcp_take(struct nat_worker *w, struct nat_packet *p);

#endif
