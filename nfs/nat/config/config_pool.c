/* SPDX-License-Identifier: Apache-2.0 */
/* External addresses and their ports, from the file's words; see config_take.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_file.h"
#include "config_take.h"

static int
add_pool_address(const struct nat_conversion *c, const char *path, rte_be32_t address)
{
	struct nat_config *config = c->config;

	if (config->n_pool == NAT_MAX_POOL)
		return nf_wrong(c->in, path, "more than %u addresses", NAT_MAX_POOL);
	for (int s = 0; s < NAT_N_SIDES; s++)
		if (address == config->sides[s].address)
			return nf_wrong(c->in, path, "holds the NAT's own address");
	if (nf_prefix_has(&config->sides[NAT_INSIDE].prefix, rte_be_to_cpu_32(address)))
		return nf_wrong(c->in, path, "holds an inside address");
	config->pool[config->n_pool++] = address;
	return 0;
}

static int
compare_addresses(const void *a, const void *b)
{
	uint32_t left = rte_be_to_cpu_32(*(const rte_be32_t *)a);
	uint32_t right = rte_be_to_cpu_32(*(const rte_be32_t *)b);

	return (left > right) - (left < right);
}

static int
take_pool_list(const struct nat_conversion *c, const struct nat_file_pool *file)
{
	struct nat_config *config = c->config;
	uint32_t first, last;

	for (unsigned int i = 0; i < file->n_addresses; i++) {
		rte_be32_t address = 0;
		char path[40];
		int error;

		snprintf(path, sizeof(path), "pool.addresses.%u", i);
		error = nf_take_address(c->in, path, file->addresses[i], &address);
		if (error == 0)
			error = add_pool_address(c, path, address);
		if (error != 0)
			return error;
	}
	qsort(config->pool, config->n_pool, sizeof(config->pool[0]), compare_addresses);
	for (uint32_t i = 1; i < config->n_pool; i++)
		if (config->pool[i] == config->pool[i - 1])
			return nf_wrong(c->in, "pool.addresses", "the same address twice");
	first = rte_be_to_cpu_32(config->pool[0]);
	last = rte_be_to_cpu_32(config->pool[config->n_pool - 1]);
	if (last - first >= NAT_MAX_POOL_SPAN)
		return nf_wrong(c->in, "pool.addresses", "further apart than %u addresses",
				NAT_MAX_POOL_SPAN);
	return 0;
}

static int
take_pool_range(const struct nat_conversion *c, const struct nat_file_pool *file)
{
	rte_be32_t first = 0, last = 0;

	if (nf_take_address(c->in, "pool.first", file->first, &first) != 0 ||
	    nf_take_address(c->in, "pool.last", file->last, &last) != 0)
		return -EINVAL;
	if (rte_be_to_cpu_32(last) < rte_be_to_cpu_32(first))
		return nf_wrong(c->in, "pool.last", "is before pool.first");
	for (uint64_t a = rte_be_to_cpu_32(first); a <= rte_be_to_cpu_32(last); a++) {
		int error = add_pool_address(c, "pool", rte_cpu_to_be_32((uint32_t)a));

		if (error != 0)
			return error;
	}
	return 0;
}

int
nat_take_pool(const struct nat_conversion *c)
{
	const struct nat_file_pool *file = &c->file->pool;

	if ((file->first != NULL) != (file->last != NULL))
		return nf_wrong(c->in, "pool", "first and last belong together");
	if ((file->first != NULL) == (file->n_addresses != 0))
		return nf_wrong(c->in, "pool", "needs either first and last, or addresses");
	c->config->arbitrary_pooling =
		file->pooling != NULL && strcmp(file->pooling, "arbitrary") == 0;
	if (file->pooling != NULL && !c->config->arbitrary_pooling &&
	    strcmp(file->pooling, "paired") != 0)
		return nf_wrong(c->in, "pool.pooling", "'%.40s' is not paired or arbitrary",
				file->pooling);
	return file->first != NULL ? take_pool_range(c, file) : take_pool_list(c, file);
}

/* Every bucket needs ports, and so at least a part of a block. */
int
nat_take_ports(const struct nat_conversion *c)
{
	const struct nat_file_ports *file = &c->file->ports;
	uint32_t first = 0, last = 0, *block = &c->config->ports_per_block;

	if (nf_take_number(c->in, "ports.first", file->first, 1024, 1, UINT16_MAX, &first) != 0 ||
	    nf_take_number(c->in, "ports.last", file->last, UINT16_MAX, 1, UINT16_MAX, &last) !=
		    0 ||
	    nf_take_number(c->in, "ports.block", file->block, 1, 1, 256, block) != 0)
		return -EINVAL;
	if ((*block & (*block - 1)) != 0)
		return nf_wrong(c->in, "ports.block", "%u is not a power of two", *block);
	if (last / *block < first / *block + SLIM_N_BUCKETS - 1)
		return nf_wrong(c->in, "ports",
				"first..last must touch at least 256 blocks of %u port%s", *block,
				*block == 1 ? "" : "s");
	c->config->port_first = (uint16_t)first;
	c->config->port_last = (uint16_t)last;
	c->config->preserve_parity = file->preserve_parity != NULL && *file->preserve_parity;
	if (c->config->preserve_parity && *block == 1)
		return nf_wrong(c->in, "ports.preserve_parity", "needs ports.block of at least 2");
	return 0;
}

/* Half as many ports as there are mappings: that of a mapping rests for less than half the time that it
 * was idle. */
int
nat_take_reuse(const struct nat_conversion *c)
{
	const struct nat_file_ports *file = &c->file->ports;
	uint32_t seconds = 0;

	if (nf_take_number(c->in, "ports.reuse_delay", file->reuse_delay, 120, 0, 24 * 3600,
			   &seconds) != 0)
		return -EINVAL;
	c->config->reuse_delay_ns = seconds * NAT_SECOND_NS;
	return nf_take_number(c->in, "ports.resting", file->resting,
			      RTE_MAX(c->config->capacity / 2, 1024u), 1024, SLIM_MAX_CAPACITY,
			      &c->config->max_resting);
}
