/* SPDX-License-Identifier: Apache-2.0 */
/* The NAT; see nat.h. Main thread. */
#include "nat.h"

#include "packet.h"
#include "protocol.h"

/* Addresses that the NAT answers for: its own, and those of the pool if they are on-link. */
static bool
is_own(const void *nf, uint8_t side, rte_be32_t address)
{
	const struct nat *nat = nf;
	const struct nf_side *me = &nat->config.sides[side];

	if (address == me->address)
		return true;
	return side == NAT_OUTSIDE && nf_prefix_has(&me->prefix, rte_be_to_cpu_32(address)) &&
	       nat_pool_number(&nat->sessions.ports.pool, address) != NAT_NOT_IN_POOL;
}

/* The subscriber behind an external endpoint, if its mapping is this worker's. Many subscribers have one
 * external address, so that would blame all of them. */
static rte_be32_t
sender_of(const void *nf, uint16_t worker, const struct rte_mbuf *m)
{
	const struct nat *nat = nf;
	const struct nat_pool *pool = &nat->sessions.ports.pool;
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	uint16_t number = nat_pool_number(pool, ip->src_addr), port;
	int protocol = nat_protocol_of(ip->next_proto_id);
	uint32_t slot;

	if (number == NAT_NOT_IN_POOL || protocol < 0 ||
	    (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return 0;
	port = rte_be_to_cpu_16(
		*nat_l4_port((uint8_t)protocol, (uint8_t *)ip + rte_ipv4_hdr_len(ip), true));
	if (nat->bucket_worker[nat_port_bucket(&pool->rule, port)] != worker)
		return 0;
	slot = nat_session_find_outside(nat_sessions_of(&nat->sessions, worker),
					(enum nat_protocol)protocol, number, port);
	return slot == NF_NO_SLOT ? 0
				  : nat_session_at(nat_sessions_of(&nat->sessions, worker), slot)
					    ->inside_address;
}

int
nat_init(struct nat *nat, const struct nat_config *config, uint64_t seed)
{
	int error;

	nat->config = *config;
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		nat->bucket_worker[b] = (uint8_t)(b % config->n_workers);
	nat_id_counters_init(&nat->ids, seed);
	nf_hops_init(&nat->hops, nat->config.sides, NAT_N_SIDES, &nat->config.routes);
	error = nat_session_table_init(&nat->sessions, config, seed);
	if (error == 0) {
		const struct nat_pool *pool = &nat->sessions.ports.pool;

		/* Ordinary packets (fast.h) need not ask if a plain way leads to the pool. */
		nf_hops_mark(&nat->hops, pool->first, pool->first + pool->span - 1);
	}
	if (error == 0)
		error = nat_filter_table_init(&nat->filters, &nat->config, seed);
	if (error == 0)
		error = nat_pcp_table_init(&nat->pcp, &nat->config, seed);
	if (error == 0)
		error = nat_fragment_table_init(&nat->fragments, config, nat->bucket_worker, seed);
	if (error == 0)
		error = nat_log_init(&nat->log, config);
	if (error != 0)
		return error;
	return nf_neighbour_table_init(&nat->neighbours,
				       &(struct nf_neighbour_config){
					       .sides = nat->config.sides,
					       .n_sides = NAT_N_SIDES,
					       .routes = &nat->config.routes,
					       .is_own = is_own,
					       .sender = sender_of,
					       .nf = nat,
					       .capacity = config->neighbours,
					       .lifetime_ns = config->timeouts.arp_ns,
					       .n_workers = config->n_workers,
				       },
				       seed);
}

int
nat_create_tables(struct nat *nat, struct slim_agent *agent)
{
	int error = nat_session_table_create(&nat->sessions, agent);

	if (error == 0)
		error = nat_filter_table_create(&nat->filters, agent);
	if (error == 0)
		error = nat_pcp_table_create(&nat->pcp, agent);
	if (error == 0)
		error = nat_fragment_table_create(&nat->fragments, agent);
	if (error == 0)
		error = nf_neighbour_table_create(&nat->neighbours, agent);
	return error;
}

void
nat_fini(struct nat *nat)
{
	nat_log_fini(&nat->log);
	nf_neighbour_table_fini(&nat->neighbours);
	nat_pcp_table_fini(&nat->pcp);
	nat_filter_table_fini(&nat->filters);
	nat_fragment_table_fini(&nat->fragments);
	for (uint16_t w = 0; w < SLIM_MAX_WORKERS; w++)
		nat_unsolicited_fini(&nat->unsolicited[w]);
	nat_session_table_fini(&nat->sessions);
}
