/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway; see gateway.h. Main thread. */
#include "gateway.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "counters.h"

static int
init_events(struct gateway *gateway)
{
	for (uint16_t w = 0; w < gateway->config.n_workers; w++) {
		gateway->events[w] = rte_zmalloc("gateway_events", sizeof(struct nf_events),
						 RTE_CACHE_LINE_SIZE);
		if (gateway->events[w] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static bool
is_own(const void *nf, uint8_t side, rte_be32_t address)
{
	const struct gateway *gateway = nf;

	return address == gateway->config.sides[side].address;
}

int
gateway_init(struct gateway *gateway, const struct gateway_config *config, uint64_t seed)
{
	int error;

	gateway->config = *config;
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		gateway->bucket_worker[b] = (uint8_t)(b % config->n_workers);
	nf_hops_init(&gateway->hops, gateway->config.sides, GATEWAY_N_SIDES,
		     &gateway->config.routes);
	error = gateway_session_table_init(&gateway->sessions,
					   &(struct gateway_session_config){
						   .capacity = config->capacity,
						   .n_workers = config->n_workers,
						   .idle_ns = config->session_idle_ns,
						   .cell_idle_ns = config->cell_idle_ns,
						   .seed = seed,
					   });
	if (error == 0)
		error = init_events(gateway);
	if (error != 0)
		return error;
	return nf_neighbour_table_init(&gateway->neighbours,
				       &(struct nf_neighbour_config){
					       .sides = gateway->config.sides,
					       .n_sides = GATEWAY_N_SIDES,
					       .routes = &gateway->config.routes,
					       .is_own = is_own,
					       .nf = gateway,
					       .capacity = config->neighbours,
					       .lifetime_ns = config->arp_ns,
					       .n_workers = config->n_workers,
				       },
				       seed);
}

/* If there is an IPv6 core network. */
static int
create_router(struct gateway *gateway, struct slim_agent *agent)
{
	const struct gateway_config *config = &gateway->config;
	struct nf_router_config router = {
		.mac = config->sides[GATEWAY_CORE].mac,
		.side = GATEWAY_CORE,
		.lifetime_ns = config->arp_ns,
		.counters = NF_ROUTER_COUNTERS(GATEWAY),
	};

	memcpy(router.address, config->core_ipv6.address, sizeof(router.address));
	memcpy(router.router, config->core_ipv6.router, sizeof(router.router));
	return config->core_ipv6.bits == 0 ? 0 : nf_router_create(&gateway->router, &router, agent);
}

int
gateway_create_tables(struct gateway *gateway, struct slim_agent *agent)
{
	int error = gateway_session_table_create(&gateway->sessions, agent);

	if (error == 0)
		error = nf_neighbour_table_create(&gateway->neighbours, agent);
	if (error == 0)
		error = create_router(gateway, agent);
	return error;
}

void
gateway_fini(struct gateway *gateway)
{
	nf_neighbour_table_fini(&gateway->neighbours);
	gateway_session_table_fini(&gateway->sessions);
	for (uint16_t w = 0; w < SLIM_MAX_WORKERS; w++)
		rte_free(gateway->events[w]);
}
