/* SPDX-License-Identifier: Apache-2.0 */
/* The NAT; see nat.h. Main thread. */
#include "nat.h"

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
					       .capacity = config->neighbours,
					       .lifetime_ns = config->timeouts.arp_ns,
					       .n_workers = config->n_workers,
				       },
				       seed);
}

int
nat_create_tables(struct nat *nat, struct slim_agent *agent)
{
	const struct slim_table_config sessions = {
		.name = "session",
		.capacity = nat_session_capacity(&nat->config),
		.entry_size = sizeof(struct nat_session),
		.n_fields = nat_session_n_fields,
		.fields = nat_session_fields,
		.ops = &nat_session_ops,
		.ctx = &nat->sessions,
	};
	const struct slim_table_config fragments = {
		.name = "fragment",
		.capacity = nat_fragment_capacity(&nat->config),
		.entry_size = sizeof(struct nat_fragment),
		.n_fields = nat_fragment_n_fields,
		.fields = nat_fragment_fields,
		.ops = &nat_fragment_ops,
		.ctx = &nat->fragments,
	};
	struct slim_table *table;
	int error;

	error = slim_table_create(agent, &sessions, &table);
	if (error != 0)
		return error;
	nat_session_table_attach(&nat->sessions, table, agent);
	error = nat_filter_table_create(&nat->filters, agent);
	if (error == 0)
		error = nat_pcp_table_create(&nat->pcp, agent);
	if (error != 0)
		return error;
	error = slim_table_create(agent, &fragments, &table);
	if (error != 0)
		return error;
	nat_fragment_table_attach(&nat->fragments, table, agent);
	return nf_neighbour_table_create(&nat->neighbours, agent);
}

void
nat_fini(struct nat *nat)
{
	nat_log_fini(&nat->log);
	nf_neighbour_table_fini(&nat->neighbours);
	nat_pcp_table_fini(&nat->pcp);
	nat_filter_table_fini(&nat->filters);
	nat_fragment_table_fini(&nat->fragments);
	nat_session_table_fini(&nat->sessions);
}
