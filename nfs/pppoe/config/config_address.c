/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the concentrator, and addresses, from the file's words; see config_take.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_file.h"
#include "config_take.h"

#define IPV6_MIN_MTU 1280u /* RFC 8200 section 5 */
#define PREFIX_BITS_MIN 40u
#define PREFIX_BITS_MAX 64u /* a client's own */

/* ---- names ------------------------------------------------------------------------------------------------ */

static int
take_services(const struct pppoe_conversion *c)
{
	const struct pppoe_file_texts *file = &c->file->concentrator.services;
	struct pppoe_config *config = c->config;

	for (unsigned int i = 0; i < file->n; i++) {
		char path[40];

		snprintf(path, sizeof(path), "concentrator.services.%u", i);
		if (nf_take_name(c->in, path, file->at[i], config->services[i], PPPOE_NAME_SIZE) !=
		    0)
			return -EINVAL;
		for (unsigned int j = 0; j < i; j++)
			if (strcmp(config->services[i], config->services[j]) == 0)
				return nf_wrong(c->in, path, "'%.60s' is there twice", file->at[i]);
	}
	config->n_services = file->n;
	return 0;
}

/* ---- IPv4 ------------------------------------------------------------------------------------------------- */

static bool
overlap(const struct nf_prefix *a, const struct nf_prefix *b)
{
	return nf_prefix_has(a, b->address) || nf_prefix_has(b, a->address);
}

static int
take_pool(const struct pppoe_conversion *c, const char *path, const char *text)
{
	struct pppoe_config *config = c->config;
	struct nf_prefix *pool = &config->pools[config->n_pools];
	uint32_t last;

	if (nf_take_net(c->in, path, text, pool) != 0)
		return -EINVAL;
	last = pool->address | ~pool->mask;
	if (pool->address >> 24 == 0 || last >> 24 >= 224 ||
	    (pool->address >> 24 <= 127 && last >> 24 >= 127))
		return nf_wrong(c->in, path, "'%.40s' has addresses of no host", text);
	if (overlap(pool, &config->sides[PPPOE_CORE].prefix))
		return nf_wrong(c->in, path, "'%.40s' has addresses of the core side", text);
	for (uint32_t i = 0; i < config->n_pools; i++)
		if (overlap(pool, &config->pools[i]))
			return nf_wrong(c->in, path, "'%.40s' is in another pool", text);
	config->n_pools++;
	return 0;
}

static int
take_pools(const struct pppoe_conversion *c)
{
	const struct pppoe_file_texts *file = &c->file->concentrator.pools;
	uint64_t n = 0;

	for (unsigned int i = 0; i < file->n; i++) {
		char path[40];

		snprintf(path, sizeof(path), "concentrator.pools.%u", i);
		if (take_pool(c, path, file->at[i]) != 0)
			return -EINVAL;
		n += (uint64_t)~c->config->pools[i].mask + 1;
		if (n > PPPOE_MAX_ADDRESSES)
			return nf_wrong(c->in, path, "more than %u addresses", PPPOE_MAX_ADDRESSES);
	}
	return 0;
}

/* The access side has no network of its own; the address that clients see there is its only one. */
static int
take_gateway(const struct pppoe_conversion *c)
{
	const char *text = c->file->concentrator.gateway;
	struct pppoe_config *config = c->config;
	struct nf_side *access = &config->sides[PPPOE_ACCESS];
	uint32_t address;

	if (text == NULL && config->n_pools == 0)
		return 0;
	if (text == NULL)
		return nf_wrong(c->in, "concentrator.gateway",
				"is missing: clients with IPv4 need it");
	if (nf_take_address(c->in, "concentrator.gateway", text, &config->gateway) != 0)
		return -EINVAL;
	address = rte_be_to_cpu_32(config->gateway);
	if (address >> 24 == 0 || address >> 24 == 127 || address >> 24 >= 224)
		return nf_wrong(c->in, "concentrator.gateway", "'%.40s' is no host's", text);
	if (nf_prefix_has(&config->sides[PPPOE_CORE].prefix, address))
		return nf_wrong(c->in, "concentrator.gateway", "'%.40s' is on the core side", text);
	access->address = config->gateway;
	access->prefix = (struct nf_prefix){.address = address, .mask = UINT32_MAX};
	return 0;
}

static int
take_dns(const struct pppoe_conversion *c)
{
	const struct pppoe_file_texts *file = &c->file->concentrator.dns;

	for (unsigned int i = 0; i < file->n; i++) {
		char path[40];

		snprintf(path, sizeof(path), "concentrator.dns.%u", i);
		if (nf_take_address(c->in, path, file->at[i], &c->config->dns[i]) != 0)
			return -EINVAL;
		if (c->config->dns[i] == 0)
			return nf_wrong(c->in, path, "'%.40s' is no host's", file->at[i]);
	}
	return 0;
}

/* ---- IPv6 ------------------------------------------------------------------------------------------------- */

static int
take_address_ipv6(const struct pppoe_conversion *c, const char *path, const char *text,
		  uint8_t ret_address[16])
{
	if (inet_pton(AF_INET6, text, ret_address) != 1)
		return nf_wrong(c->in, path, "'%.40s' is not an IPv6 address", text);
	if (ret_address[0] == 0 || ret_address[0] == 0xff)
		return nf_wrong(c->in, path, "'%.40s' is no host's", text);
	return 0;
}

/* "2001:db8::1/64": the address with all its bits, and the length of the prefix. */
static int
take_prefix_ipv6(const struct pppoe_conversion *c, const char *path, const char *text,
		 uint8_t ret_address[16], uint8_t *ret_bits)
{
	char address[INET6_ADDRSTRLEN], *end;
	const char *slash = strchr(text, '/');
	unsigned long bits;

	if (slash == NULL || slash - text >= (ptrdiff_t)sizeof(address))
		return nf_wrong(c->in, path, "'%.60s' is not ADDRESS/BITS", text);
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	bits = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || bits < 1 || bits > 128)
		return nf_wrong(c->in, path, "'%.60s' has no prefix length from 1 to 128", text);
	*ret_bits = (uint8_t)bits;
	return take_address_ipv6(c, path, address, ret_address);
}

static bool
same_prefix(const uint8_t a[16], const uint8_t b[16], uint8_t bits)
{
	uint8_t rest = (uint8_t)(0xff00 >> bits % 8);

	return memcmp(a, b, bits / 8) == 0 &&
	       (bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & rest) == 0);
}

static int
take_pool_ipv6(const struct pppoe_conversion *c, const char *text)
{
	struct pppoe_prefix_ipv6 *pool = &c->config->ipv6_pool;
	const char *path = "concentrator.ipv6.pool";

	if (take_prefix_ipv6(c, path, text, pool->address, &pool->bits) != 0)
		return -EINVAL;
	if (pool->bits < PREFIX_BITS_MIN || pool->bits > PREFIX_BITS_MAX)
		return nf_wrong(c->in, path, "'%.60s' has no prefix length from %u to %u", text,
				PREFIX_BITS_MIN, PREFIX_BITS_MAX);
	for (uint8_t bit = pool->bits; bit < 128; bit++)
		if (pool->address[bit / 8] & (0x80 >> bit % 8))
			return nf_wrong(c->in, path, "'%.60s' has bits below its length", text);
	return 0;
}

static int
take_core_ipv6(const struct pppoe_conversion *c, const struct pppoe_file_ipv6 *file)
{
	struct pppoe_config *config = c->config;
	const struct pppoe_prefix_ipv6 *pool = &config->ipv6_pool;

	if (take_prefix_ipv6(c, "concentrator.ipv6.address", file->address, config->core_ipv6,
			     &config->core_ipv6_bits) != 0 ||
	    take_address_ipv6(c, "concentrator.ipv6.router", file->router, config->core_router) !=
		    0)
		return -EINVAL;
	if (same_prefix(pool->address, config->core_ipv6,
			RTE_MIN(pool->bits, config->core_ipv6_bits)))
		return nf_wrong(c->in, "concentrator.ipv6.address", "'%.60s' is in the pool",
				file->address);
	if (!same_prefix(config->core_ipv6, config->core_router, config->core_ipv6_bits) ||
	    memcmp(config->core_ipv6, config->core_router, 16) == 0)
		return nf_wrong(c->in, "concentrator.ipv6.router",
				"'%.60s' is not a neighbour there", file->router);
	return 0;
}

static int
take_ipv6(const struct pppoe_conversion *c)
{
	const struct pppoe_file_ipv6 *file = c->file->concentrator.ipv6;
	const struct pppoe_config *config = c->config;

	if (file == NULL)
		return 0;
	if (take_pool_ipv6(c, file->pool) != 0 || take_core_ipv6(c, file) != 0)
		return -EINVAL;
	for (unsigned int i = 0; i < file->dns.n; i++) {
		char path[40];

		snprintf(path, sizeof(path), "concentrator.ipv6.dns.%u", i);
		if (take_address_ipv6(c, path, file->dns.at[i], c->config->dns_ipv6[i]) != 0)
			return -EINVAL;
	}
	if (config->lcp.mtu < IPV6_MIN_MTU)
		return nf_wrong(c->in, "lcp.mtu", "%u: IPv6 needs %u", config->lcp.mtu,
				IPV6_MIN_MTU);
	if (config->sides[PPPOE_CORE].mtu < IPV6_MIN_MTU)
		return nf_wrong(c->in, "core.mtu", "%u: IPv6 needs %u",
				config->sides[PPPOE_CORE].mtu, IPV6_MIN_MTU);
	return 0;
}

/* ---- all of it -------------------------------------------------------------------------------------------- */

int
pppoe_take_concentrator(const struct pppoe_conversion *c)
{
	static int (*const takes[])(const struct pppoe_conversion *c) = {
		take_services, take_pools, take_gateway, take_dns, take_ipv6,
	};
	const struct pppoe_file_concentrator *file = &c->file->concentrator;
	int error = nf_take_name(c->in, "concentrator.name", file->name, c->config->ac_name,
				 sizeof(c->config->ac_name));

	for (size_t i = 0; i < RTE_DIM(takes) && error == 0; i++)
		error = takes[i](c);
	if (error == 0 && c->config->n_pools == 0 && file->ipv6 == NULL)
		error = nf_wrong(c->in, "concentrator", "has neither pools nor ipv6");
	c->config->clamp_mss = file->clamp_mss == NULL || *file->clamp_mss;
	return error;
}
