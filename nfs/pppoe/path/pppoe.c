/* SPDX-License-Identifier: Apache-2.0 */
/* The concentrator; see pppoe.h. Main thread. */
#include "pppoe.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <rte_malloc.h>

#include "counters.h"

#define SECOND_NS UINT64_C(1000000000)
#define MAX_LINES 4096u                   /* that are remembered at one time */
#define MAX_PREFIXES (1u << 20)           /* more than enough for each bucket to have its own */
#define LONGEST_DELAY_NS (60 * SECOND_NS) /* after wrong passwords */
#define SHORTEST_SECRET_NS (600 * SECOND_NS)
#define POINT_TO_POINT UINT32_C(0xfffffffe) /* and longer: no broadcast address (RFC 3021) */

_Static_assert(PPPOE_MAX_PREFIXES <= NF_MAX_PLACES, "each pool is a place");
_Static_assert(PPPOE_MAX_PREFIXES + 1 <= PPPOE_MAX_RANGES, "each pool is a range, one of them two");

/* ---- addresses ------------------------------------------------------------------------------------ */

static void
add_range(struct pppoe_session_config *sessions, uint32_t first, uint32_t last)
{
	if (first <= last)
		sessions->ranges[sessions->n_ranges++] =
			(struct pppoe_range){.first = first, .n = last - first + 1};
}

/* What of a pool is a client's: all but the network's address, the broadcast, and our own. */
static void
add_pool(struct pppoe_session_config *sessions, const struct nf_prefix *pool, uint32_t own)
{
	bool has_broadcast = pool->mask < POINT_TO_POINT;
	uint32_t first = pool->address + has_broadcast;
	uint32_t last = (pool->address | ~pool->mask) - has_broadcast;

	if (own < first || own > last) {
		add_range(sessions, first, last);
		return;
	}
	add_range(sessions, first, own - 1);
	add_range(sessions, own + 1, last);
}

static uint32_t
n_prefixes(const struct pppoe_prefix_ipv6 *pool)
{
	if (pool->bits == 0)
		return 0;
	return (uint32_t)RTE_MIN(UINT64_C(1) << (64 - pool->bits), (uint64_t)MAX_PREFIXES);
}

/* Clients are behind the access side, so nobody in the core has their addresses. */
static void
init_hops(struct pppoe *pppoe)
{
	struct pppoe_config *config = &pppoe->config;
	struct nf_side *access = &config->sides[PPPOE_ACCESS];

	/* A side without an address has nothing on-link. */
	if (access->address == 0)
		access->prefix = (struct nf_prefix){.address = 0, .mask = UINT32_MAX};
	nf_hops_init(&pppoe->hops, config->sides, PPPOE_N_SIDES, &config->routes);
	for (uint32_t i = 0; i < config->n_pools; i++)
		nf_hops_add(&pppoe->hops, &config->pools[i], PPPOE_ACCESS);
}

/* ---- tables ------------------------------------------------------------------------------------------ */

static int
init_sessions(struct pppoe *pppoe, uint64_t seed)
{
	const struct pppoe_config *config = &pppoe->config;
	struct pppoe_session_config sessions = {
		.capacity = config->capacity,
		.n_workers = config->n_workers,
		.seed = seed,
		.n_prefixes = n_prefixes(&config->ipv6_pool),
		.prefix_octet = config->ipv6_pool.address[7],
		.has_inner = config->access_tags.n_inner != 0,
		.per_mac = config->limits.sessions_per_mac,
		.per_vlan = config->limits.sessions_per_vlan,
	};

	for (uint32_t i = 0; i < config->n_pools; i++)
		add_pool(&sessions, &config->pools[i], rte_be_to_cpu_32(config->gateway));
	return pppoe_session_table_init(&pppoe->sessions, &sessions);
}

static int
init_lines(struct pppoe *pppoe, uint64_t seed)
{
	const struct pppoe_config *config = &pppoe->config;

	return pppoe_line_table_init(
		&pppoe->lines,
		&(struct pppoe_line_config){
			.capacity = RTE_MIN(config->capacity, MAX_LINES),
			.n_workers = config->n_workers,
			.seed = ~seed,
			.logins_per_minute = config->limits.logins_per_minute,
			.burst = config->limits.logins_per_minute,
			.delay_ns = config->limits.wrong_password_ns,
			.max_delay_ns = RTE_MAX(config->limits.wrong_password_ns, LONGEST_DELAY_NS),
		});
}

static bool
is_own(const void *nf, uint8_t side, rte_be32_t address)
{
	const struct pppoe *pppoe = nf;

	return address == pppoe->config.sides[side].address;
}

static int
init_neighbours(struct pppoe *pppoe, uint64_t seed)
{
	const struct pppoe_config *config = &pppoe->config;

	return nf_neighbour_table_init(&pppoe->neighbours,
				       &(struct nf_neighbour_config){
					       .sides = config->sides,
					       .n_sides = PPPOE_N_SIDES,
					       .routes = &config->routes,
					       .is_own = is_own,
					       .nf = pppoe,
					       .capacity = config->neighbours,
					       .lifetime_ns = config->arp_ns,
					       .n_workers = config->n_workers,
				       },
				       seed);
}

static int
init_rings(struct pppoe *pppoe)
{
	for (uint16_t w = 0; w < pppoe->config.n_workers; w++) {
		pppoe->asks[w] =
			rte_zmalloc("pppoe_asks", sizeof(struct pppoe_asks), RTE_CACHE_LINE_SIZE);
		pppoe->events[w] =
			rte_zmalloc("pppoe_events", sizeof(struct nf_events), RTE_CACHE_LINE_SIZE);
		if (pppoe->asks[w] == NULL || pppoe->events[w] == NULL)
			return -ENOMEM;
	}
	return 0;
}

int
pppoe_init(struct pppoe *pppoe, const struct pppoe_config *config, uint64_t seed)
{
	int error;

	pppoe->config = *config;
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		pppoe->bucket_worker[b] = (uint8_t)(b % config->n_workers);
	init_hops(pppoe);
	pppoe->secrets.lifetime_ns =
		RTE_MAX(2 * config->limits.cookie_s * SECOND_NS, SHORTEST_SECRET_NS);
	error = init_sessions(pppoe, seed);
	if (error == 0)
		error = init_lines(pppoe, seed);
	if (error == 0)
		error = init_rings(pppoe);
	return error == 0 ? init_neighbours(pppoe, seed) : error;
}

static int
create_router(struct pppoe *pppoe, struct slim_agent *agent)
{
	const struct pppoe_config *config = &pppoe->config;
	struct nf_router_config router = {
		.mac = config->sides[PPPOE_CORE].mac,
		.side = PPPOE_CORE,
		.lifetime_ns = config->arp_ns,
		.counters = NF_ROUTER_COUNTERS(PPPOE),
	};

	if (config->core_ipv6_bits == 0)
		return 0;
	memcpy(router.address, config->core_ipv6, sizeof(router.address));
	memcpy(router.router, config->core_router, sizeof(router.router));
	return nf_router_create(&pppoe->router, &router, agent);
}

int
pppoe_create_tables(struct pppoe *pppoe, struct slim_agent *agent)
{
	int error = pppoe_session_table_create(&pppoe->sessions, agent);

	if (error == 0)
		error = pppoe_line_table_create(&pppoe->lines, agent);
	if (error == 0)
		error = pppoe_secret_table_create(&pppoe->secrets, agent);
	if (error == 0)
		error = nf_neighbour_table_create(&pppoe->neighbours, agent);
	return error == 0 ? create_router(pppoe, agent) : error;
}

void
pppoe_fini(struct pppoe *pppoe)
{
	nf_neighbour_table_fini(&pppoe->neighbours);
	pppoe_line_table_fini(&pppoe->lines);
	pppoe_session_table_fini(&pppoe->sessions);
	for (uint16_t w = 0; w < SLIM_MAX_WORKERS; w++) {
		rte_free(pppoe->asks[w]);
		rte_free(pppoe->events[w]);
	}
}

/* ---- the main loop --------------------------------------------------------------------------------- */

int
pppoe_refill(struct pppoe *pppoe)
{
	uint8_t random[PPPOE_COOKIE_KEY];

	if (!pppoe_secret_wants(&pppoe->secrets))
		return 0;
	if (RAND_bytes(random, sizeof(random)) != 1)
		return -EIO;
	pppoe_secret_offer(&pppoe->secrets, random);
	OPENSSL_cleanse(random, sizeof(random));
	return 0;
}
