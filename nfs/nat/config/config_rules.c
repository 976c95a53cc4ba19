/* SPDX-License-Identifier: Apache-2.0 */
/* What is not translated, and what is always mapped, from the file's words; see config_take.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_file.h"
#include "config_take.h"
#include "ipv4_bucket.h"
#include "port_rule.h"
#include "protocol.h"

/* ---- what is not translated ------------------------------------------------------------------- */

/* "5060" or "5060-5070". */
static int
take_port_range(const struct nat_conversion *c, const char *path, const char *text,
		uint16_t *ret_first, uint16_t *ret_last)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), last = first;

	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		last = strtoul(end + 1, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || first == 0 || last < first ||
	    last > UINT16_MAX)
		return nf_wrong(c->in, path, "'%.40s' is not PORT or FIRST-LAST from 1 to 65535",
				text);
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
	return 0;
}

static int
take_protocol(const struct nat_conversion *c, const char *path, const char *text,
	      uint8_t *ret_protocol)
{
	*ret_protocol = nat_protocol_named(text);
	return *ret_protocol != 0 ? 0
				  : nf_wrong(c->in, path, "'%.40s' is not udp, tcp or icmp", text);
}

static int
take_exempt_rule(const struct nat_conversion *c, unsigned int i)
{
	const struct nat_file_exempt *file = &c->file->no_translate[i];
	struct nat_exempt *rule = &c->config->exempt[i];
	char path[64];
	int error;

	snprintf(path, sizeof(path), "no_translate.%u.prefix", i);
	error = nf_take_net(c->in, path, file->prefix, &rule->prefix);
	snprintf(path, sizeof(path), "no_translate.%u.protocol", i);
	if (error == 0 && file->protocol != NULL)
		error = take_protocol(c, path, file->protocol, &rule->protocol);
	snprintf(path, sizeof(path), "no_translate.%u.ports", i);
	rule->by_port = file->ports != NULL;
	if (error != 0 || !rule->by_port)
		return error;
	if (rule->protocol == IPPROTO_ICMP)
		return nf_wrong(c->in, path, "ICMP has no ports");
	return take_port_range(c, path, file->ports, &rule->port_first, &rule->port_last);
}

int
nat_take_exempt(const struct nat_conversion *c)
{
	int error = 0;

	for (unsigned int i = 0; i < c->file->n_no_translate && error == 0; i++)
		error = take_exempt_rule(c, i);
	c->config->n_exempt = c->file->n_no_translate;
	return error;
}

/* ---- static mappings ---------------------------------------------------------------------- */

static bool
is_in_pool(const struct nat_config *config, rte_be32_t address)
{
	for (uint32_t i = 0; i < config->n_pool; i++)
		if (config->pool[i] == address)
			return true;
	return false;
}

static bool
is_inside(const struct nat_config *config, rte_be32_t address)
{
	uint32_t host = rte_be_to_cpu_32(address);

	if (address == config->sides[NAT_INSIDE].address)
		return false;
	if (nf_prefix_has(&config->sides[NAT_INSIDE].prefix, host))
		return true;
	for (uint32_t i = 0; i < config->routes.n; i++)
		if (config->routes.routes[i].side == NAT_INSIDE &&
		    nf_prefix_has(&config->routes.routes[i].prefix, host))
			return true;
	return false;
}

/* The next port of the range that is of the bucket; every bucket has some. */
static uint32_t
fitting_port(const struct nat_config *config, const struct nat_port_rule *rule, uint8_t bucket,
	     uint32_t port)
{
	while (nat_port_bucket(rule, (uint16_t)port) != bucket)
		port = port >= config->port_last ? config->port_first : port + 1;
	return port;
}

static int
check_outside_port(const struct nat_conversion *c, const char *path, const struct nat_static *s)
{
	const struct nat_config *config = c->config;
	const struct nat_port_rule rule = nat_port_rule_of(config->ports_per_block);
	uint8_t bucket = nf_ipv4_bucket(s->inside_address);
	uint16_t port = rte_be_to_cpu_16(s->outside_port);

	if (port < config->port_first || port > config->port_last)
		return nf_wrong(c->in, path, "%u is not in ports.first..last; %u fits", port,
				fitting_port(config, &rule, bucket, config->port_first));
	if (nat_port_bucket(&rule, port) != bucket)
		return nf_wrong(c->in, path,
				"%u does not go with the low byte of the inside address; %u fits",
				port, fitting_port(config, &rule, bucket, port));
	return 0;
}

/* Two that cannot be at one time; NULL: they can. */
static const char *
conflict_of(const struct nat_config *config, const struct nat_static *a, const struct nat_static *b)
{
	uint32_t n = config->ports_per_block;
	bool same_block =
		rte_be_to_cpu_16(a->outside_port) / n == rte_be_to_cpu_16(b->outside_port) / n;
	bool same_inside = a->inside_address == b->inside_address;
	bool same_outside = a->outside_address == b->outside_address;

	if (same_inside && a->inside_port == b->inside_port && a->protocol == b->protocol)
		return "the same inside endpoint twice";
	if (same_outside && a->outside_port == b->outside_port && a->protocol == b->protocol)
		return "the same external endpoint twice";
	if (same_inside && !same_outside && !config->arbitrary_pooling)
		return "two external addresses for one inside address need pool.pooling: arbitrary";
	if (same_outside && !same_inside && n > 1 && same_block)
		return "two inside addresses in one block of ports";
	return NULL;
}

static int
take_static_mapping(const struct nat_conversion *c, uint32_t i)
{
	const struct nat_file_static *file = &c->file->statics[i];
	struct nat_static *s = &c->config->statics[i];
	char path[40];

	snprintf(path, sizeof(path), "static.%u", i);
	s->inside_port = rte_cpu_to_be_16(file->port);
	s->outside_port = rte_cpu_to_be_16(file->outside_port);
	if (nf_take_address(c->in, path, file->inside, &s->inside_address) != 0 ||
	    nf_take_address(c->in, path, file->outside, &s->outside_address) != 0 ||
	    take_protocol(c, path, file->protocol, &s->protocol) != 0)
		return -EINVAL;
	if (s->protocol == IPPROTO_ICMP)
		return nf_wrong(c->in, path, "ICMP has no ports");
	if (file->port == 0)
		return nf_wrong(c->in, path, "port 0");
	if (!is_inside(c->config, s->inside_address))
		return nf_wrong(c->in, path, "'%.40s' is not a subscriber's", file->inside);
	if (!is_in_pool(c->config, s->outside_address))
		return nf_wrong(c->in, path, "'%.40s' is not of the pool", file->outside);
	if (check_outside_port(c, path, s) != 0)
		return -EINVAL;
	for (uint32_t k = 0; k < i; k++) {
		const char *reason = conflict_of(c->config, &c->config->statics[k], s);

		if (reason != NULL)
			return nf_wrong(c->in, path, "%s", reason);
	}
	return 0;
}

int
nat_take_statics(const struct nat_conversion *c)
{
	int error = 0;

	c->config->n_statics = c->file->n_statics;
	/* All of them may be of one worker. */
	if (c->config->n_statics >
	    RTE_MIN(c->config->capacity, c->config->subscribers) / c->config->n_workers)
		return nf_wrong(c->in, "static",
				"more than capacity or subscribers have for a worker");
	for (uint32_t i = 0; i < c->config->n_statics && error == 0; i++)
		error = take_static_mapping(c, i);
	return error;
}
