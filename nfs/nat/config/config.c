/* SPDX-License-Identifier: Apache-2.0 */
/* From the file's words to what they mean. Main thread, before the EAL starts. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "port_rule.h"

#define SECOND_NS UINT64_C(1000000000)

/* What conversion works on: the file's words, the result, and where to say what is wrong. */
struct conversion {
	struct nf_conversion in;
	const struct nat_file *file;
	struct nat_config *config;
};

/* "5060" or "5060-5070". */
static int
take_port_range(struct conversion *c, const char *path, const char *text, uint16_t *ret_first,
		uint16_t *ret_last)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10), last = first;

	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		last = strtoul(end + 1, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || first == 0 || last < first ||
	    last > UINT16_MAX)
		return nf_wrong(&c->in, path, "'%.40s' is not PORT or FIRST-LAST from 1 to 65535",
				text);
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
	return 0;
}

static int
take_protocol(struct conversion *c, const char *path, const char *text, uint8_t *ret_protocol)
{
	static const struct {
		const char *name;
		uint8_t number;
	} protocols[] = {{"udp", IPPROTO_UDP}, {"tcp", IPPROTO_TCP}, {"icmp", IPPROTO_ICMP}};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(text, protocols[i].name) == 0) {
			*ret_protocol = protocols[i].number;
			return 0;
		}
	return nf_wrong(&c->in, path, "'%.40s' is not udp, tcp or icmp", text);
}

static int
take_exempt_rule(struct conversion *c, unsigned int i)
{
	const struct nat_file_exempt *file = &c->file->no_translate[i];
	struct nat_exempt *rule = &c->config->exempt[i];
	rte_be32_t address = 0;
	char path[64];
	int error;

	snprintf(path, sizeof(path), "no_translate.%u.prefix", i);
	error = nf_take_prefix(&c->in, path, file->prefix, &address, &rule->prefix);
	if (error == 0 && rule->prefix.address != rte_be_to_cpu_32(address))
		error = nf_wrong(&c->in, path, "'%.40s' has bits below its mask", file->prefix);
	snprintf(path, sizeof(path), "no_translate.%u.protocol", i);
	if (error == 0 && file->protocol != NULL)
		error = take_protocol(c, path, file->protocol, &rule->protocol);
	snprintf(path, sizeof(path), "no_translate.%u.ports", i);
	rule->by_port = file->ports != NULL;
	if (error != 0 || !rule->by_port)
		return error;
	if (rule->protocol == IPPROTO_ICMP)
		return nf_wrong(&c->in, path, "ICMP has no ports");
	return take_port_range(c, path, file->ports, &rule->port_first, &rule->port_last);
}

static int
take_exempt(struct conversion *c)
{
	int error = 0;

	for (unsigned int i = 0; i < c->file->n_no_translate && error == 0; i++)
		error = take_exempt_rule(c, i);
	c->config->n_exempt = c->file->n_no_translate;
	return error;
}

static int
add_pool_address(struct conversion *c, const char *path, rte_be32_t address)
{
	struct nat_config *config = c->config;

	if (config->n_pool == NAT_MAX_POOL)
		return nf_wrong(&c->in, path, "more than %u addresses", NAT_MAX_POOL);
	for (int s = 0; s < NAT_N_SIDES; s++)
		if (address == config->sides[s].address)
			return nf_wrong(&c->in, path, "holds the NAT's own address");
	if (nf_prefix_has(&config->sides[NAT_INSIDE].prefix, rte_be_to_cpu_32(address)))
		return nf_wrong(&c->in, path, "holds an inside address");
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
take_pool_list(struct conversion *c, const struct nat_file_pool *file)
{
	struct nat_config *config = c->config;
	uint32_t first, last;

	for (unsigned int i = 0; i < file->n_addresses; i++) {
		rte_be32_t address = 0;
		char path[40];
		int error;

		snprintf(path, sizeof(path), "pool.addresses.%u", i);
		error = nf_take_address(&c->in, path, file->addresses[i], &address);
		if (error == 0)
			error = add_pool_address(c, path, address);
		if (error != 0)
			return error;
	}
	qsort(config->pool, config->n_pool, sizeof(config->pool[0]), compare_addresses);
	for (uint32_t i = 1; i < config->n_pool; i++)
		if (config->pool[i] == config->pool[i - 1])
			return nf_wrong(&c->in, "pool.addresses", "the same address twice");
	first = rte_be_to_cpu_32(config->pool[0]);
	last = rte_be_to_cpu_32(config->pool[config->n_pool - 1]);
	if (last - first >= NAT_MAX_POOL_SPAN)
		return nf_wrong(&c->in, "pool.addresses", "further apart than %u addresses",
				NAT_MAX_POOL_SPAN);
	return 0;
}

static int
take_pool_range(struct conversion *c, const struct nat_file_pool *file)
{
	rte_be32_t first = 0, last = 0;

	if (nf_take_address(&c->in, "pool.first", file->first, &first) != 0 ||
	    nf_take_address(&c->in, "pool.last", file->last, &last) != 0)
		return -EINVAL;
	if (rte_be_to_cpu_32(last) < rte_be_to_cpu_32(first))
		return nf_wrong(&c->in, "pool.last", "is before pool.first");
	for (uint64_t a = rte_be_to_cpu_32(first); a <= rte_be_to_cpu_32(last); a++) {
		int error = add_pool_address(c, "pool", rte_cpu_to_be_32((uint32_t)a));

		if (error != 0)
			return error;
	}
	return 0;
}

static int
take_pool(struct conversion *c)
{
	const struct nat_file_pool *file = &c->file->pool;

	if ((file->first != NULL) != (file->last != NULL))
		return nf_wrong(&c->in, "pool", "first and last belong together");
	if ((file->first != NULL) == (file->n_addresses != 0))
		return nf_wrong(&c->in, "pool", "needs either first and last, or addresses");
	c->config->arbitrary_pooling =
		file->pooling != NULL && strcmp(file->pooling, "arbitrary") == 0;
	if (file->pooling != NULL && !c->config->arbitrary_pooling &&
	    strcmp(file->pooling, "paired") != 0)
		return nf_wrong(&c->in, "pool.pooling", "'%.40s' is not paired or arbitrary",
				file->pooling);
	return file->first != NULL ? take_pool_range(c, file) : take_pool_list(c, file);
}

/* Every bucket needs ports, and so at least a part of a block. */
static int
take_ports(struct conversion *c)
{
	const struct nat_file_ports *file = &c->file->ports;
	uint32_t first = 0, last = 0, *block = &c->config->ports_per_block;

	if (nf_take_number(&c->in, "ports.first", file->first, 1024, 1, UINT16_MAX, &first) != 0 ||
	    nf_take_number(&c->in, "ports.last", file->last, UINT16_MAX, 1, UINT16_MAX, &last) !=
		    0 ||
	    nf_take_number(&c->in, "ports.block", file->block, 1, 1, 256, block) != 0)
		return -EINVAL;
	if ((*block & (*block - 1)) != 0)
		return nf_wrong(&c->in, "ports.block", "%u is not a power of two", *block);
	if (last / *block < first / *block + SLIM_N_BUCKETS - 1)
		return nf_wrong(&c->in, "ports",
				"first..last must touch at least 256 blocks of %u port%s", *block,
				*block == 1 ? "" : "s");
	c->config->port_first = (uint16_t)first;
	c->config->port_last = (uint16_t)last;
	c->config->preserve_parity = file->preserve_parity != NULL && *file->preserve_parity;
	if (c->config->preserve_parity && *block == 1)
		return nf_wrong(&c->in, "ports.preserve_parity", "needs ports.block of at least 2");
	return 0;
}

/* Half as many ports as there are mappings: that of a mapping rests for less than half the time that it
 * was idle. */
static int
take_reuse(struct conversion *c)
{
	const struct nat_file_ports *file = &c->file->ports;
	uint32_t seconds = 0;

	if (nf_take_number(&c->in, "ports.reuse_delay", file->reuse_delay, 120, 0, 24 * 3600,
			   &seconds) != 0)
		return -EINVAL;
	c->config->reuse_delay_ns = seconds * SECOND_NS;
	return nf_take_number(&c->in, "ports.resting", file->resting,
			      RTE_MAX(c->config->capacity / 2, 1024u), 1024, SLIM_MAX_CAPACITY,
			      &c->config->max_resting);
}

static int
take_timeouts(struct conversion *c)
{
	const struct nat_file_timeouts *file = &c->file->timeouts;
	struct nat_timeouts *t = &c->config->timeouts;

	if (nf_take_seconds(&c->in, "timeouts.udp", file->udp, 300, &t->udp_ns) != 0 ||
	    nf_take_seconds(&c->in, "timeouts.tcp_established", file->tcp_established, 7440,
			    &t->tcp_established_ns) != 0 ||
	    nf_take_seconds(&c->in, "timeouts.tcp_transitory", file->tcp_transitory, 240,
			    &t->tcp_transitory_ns) != 0 ||
	    nf_take_seconds(&c->in, "timeouts.icmp", file->icmp, 60, &t->icmp_ns) != 0 ||
	    nf_take_seconds(&c->in, "timeouts.arp", file->arp, 300, &t->arp_ns) != 0 ||
	    nf_take_seconds(&c->in, "timeouts.fragment", file->fragment, 2, &t->fragment_ns) != 0)
		return -EINVAL;
	return 0;
}

static int
take_filtering(struct conversion *c)
{
	static const char *const names[] = {
		[NAT_FILTERING_ENDPOINT_INDEPENDENT] = "endpoint-independent",
		[NAT_FILTERING_ADDRESS] = "address-dependent",
		[NAT_FILTERING_ADDRESS_AND_PORT] = "address-and-port-dependent",
	};
	const struct nat_file *file = c->file;
	size_t i = 0;

	while (file->filtering != NULL && i < sizeof(names) / sizeof(names[0]) &&
	       strcmp(file->filtering, names[i]) != 0)
		i++;
	if (i == sizeof(names) / sizeof(names[0]))
		return nf_wrong(&c->in, "filtering",
				"is not endpoint-independent, address-dependent or "
				"address-and-port-dependent");
	c->config->filtering = (enum nat_filtering)i;
	if (nf_take_number(&c->in, "peers", file->peers, 524288, 1024, SLIM_MAX_CAPACITY,
			   &c->config->peers) != 0)
		return -EINVAL;
	return nf_take_number(&c->in, "limits.peers_per_mapping", file->limits.peers_per_mapping,
			      4096, 1, 65536, &c->config->peers_per_mapping);
}

static int
take_pcp(struct conversion *c)
{
	static const struct nat_file_pcp none;
	const struct nat_file_pcp *file = c->file->pcp != NULL ? c->file->pcp : &none;
	struct nat_pcp_config *pcp = &c->config->pcp;
	const uint32_t day = 24 * 3600;

	pcp->enabled = file->enabled;
	if (nf_take_number(&c->in, "pcp.min_lifetime", file->min_lifetime, 120, 1, day,
			   &pcp->min_lifetime) != 0 ||
	    nf_take_number(&c->in, "pcp.max_lifetime", file->max_lifetime, day, pcp->min_lifetime,
			   30 * day, &pcp->max_lifetime) != 0 ||
	    nf_take_number(&c->in, "pcp.mappings", file->mappings, 65536, 1024, SLIM_MAX_CAPACITY,
			   &pcp->mappings) != 0 ||
	    nf_take_number(&c->in, "pcp.mappings_per_subscriber", file->mappings_per_subscriber, 64,
			   1, 65536, &pcp->mappings_per_subscriber) != 0)
		return -EINVAL;
	return 0;
}

/* How many mappings a subscriber may have, and how fast it may get them. */
static int
take_limits(struct conversion *c)
{
	const struct nat_file_limits *file = &c->file->limits;
	struct nat_config *config = c->config;
	const uint32_t million = 1000000;

	if (nf_take_number(&c->in, "limits.sessions_per_subscriber", file->sessions_per_subscriber,
			   0, 0, UINT32_MAX, &config->max_sessions_per_subscriber) != 0 ||
	    nf_take_number(&c->in, "limits.udp_sessions", file->udp_sessions, 0, 0, UINT32_MAX,
			   &config->max_udp_sessions) != 0 ||
	    nf_take_number(&c->in, "limits.tcp_sessions", file->tcp_sessions, 0, 0, UINT32_MAX,
			   &config->max_tcp_sessions) != 0 ||
	    nf_take_number(&c->in, "limits.icmp_sessions", file->icmp_sessions, 0, 0, UINT32_MAX,
			   &config->max_icmp_sessions) != 0 ||
	    nf_take_number(&c->in, "limits.new_sessions_per_second", file->new_sessions_per_second,
			   0, 0, million, &config->new_sessions_per_s) != 0 ||
	    nf_take_number(&c->in, "limits.burst", file->burst,
			   RTE_MAX(config->new_sessions_per_s, 1u), 1, million,
			   &config->new_sessions_burst) != 0 ||
	    nf_take_number(&c->in, "limits.blocks_per_subscriber", file->blocks_per_subscriber, 4,
			   1, 128, &config->max_blocks_per_subscriber) != 0)
		return -EINVAL;
	if (file->burst != NULL && config->new_sessions_per_s == 0)
		return nf_wrong(&c->in, "limits.burst", "needs limits.new_sessions_per_second");
	return 0;
}

/* The instance's name is a word of each line. */
static int
take_log(struct conversion *c)
{
	const struct nat_file_log *file = c->file->log;
	struct nat_log_config *log = &c->config->log;

	if (file == NULL)
		return 0;
	log->blocks = file->blocks == NULL || *file->blocks;
	log->sessions = file->sessions != NULL && *file->sessions;
	if (nf_take_name(&c->in, "log.file", file->file, log->file, sizeof(log->file)) != 0)
		return -EINVAL;
	if (!log->sessions && (!log->blocks || c->config->ports_per_block == 1))
		return nf_wrong(&c->in, "log",
				"logs nothing: needs sessions, or blocks and ports.block above 1");
	for (const char *at = c->config->instance; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~')
			return nf_wrong(&c->in, "instance",
					"with a log it may hold printable ASCII only, no space");
	return 0;
}

static int
take_sizes(struct conversion *c)
{
	const struct nat_file *file = c->file;
	struct nat_config *config = c->config;
	uint32_t workers = 0, sleep_us = 0;

	if (nf_take_number(&c->in, "workers", file->workers, 1, 1, SLIM_MAX_WORKERS, &workers) !=
		    0 ||
	    nf_take_number(&c->in, "capacity", file->capacity, 262144, 1024, SLIM_MAX_CAPACITY,
			   &config->capacity) != 0 ||
	    nf_take_number(&c->in, "subscribers", file->subscribers, config->capacity, 1024,
			   SLIM_MAX_CAPACITY, &config->subscribers) != 0 ||
	    nf_take_number(&c->in, "neighbours", file->neighbours, 4096, 64, 1u << 20,
			   &config->neighbours) != 0 ||
	    nf_take_number(&c->in, "hold_capacity", file->hold_capacity, SLIM_HOLD_CAPACITY_DEFAULT,
			   64, 1u << 20, &config->hold_capacity) != 0 ||
	    nf_take_number(&c->in, "fragments.datagrams", file->fragments.datagrams, 16384, 64,
			   1u << 20, &config->fragments) != 0 ||
	    nf_take_number(&c->in, "fragments.waiting", file->fragments.waiting, 1024, 0, 1u << 16,
			   &config->fragments_waiting) != 0 ||
	    nf_take_number(&c->in, "idle.spin", file->idle.spin, 64, 0, UINT32_MAX,
			   &config->spin) != 0 ||
	    nf_take_number(&c->in, "idle.sleep_us", file->idle.sleep_us, 20, 0, 10000, &sleep_us) !=
		    0)
		return -EINVAL;
	config->n_workers = (uint16_t)workers;
	config->sleep_ns = sleep_us * 1000;
	config->inbound_refresh = file->inbound_refresh == NULL || *file->inbound_refresh;
	config->tcp_pickup = file->tcp_pickup == NULL || *file->tcp_pickup;
	config->answer_unsolicited = file->answer_unsolicited != NULL && *file->answer_unsolicited;
	return 0;
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
check_outside_port(struct conversion *c, const char *path, const struct nat_static *s)
{
	const struct nat_config *config = c->config;
	const struct nat_port_rule rule = nat_port_rule_of(config->ports_per_block);
	uint8_t bucket = (uint8_t)rte_be_to_cpu_32(s->inside_address);
	uint16_t port = rte_be_to_cpu_16(s->outside_port);

	if (port < config->port_first || port > config->port_last)
		return nf_wrong(&c->in, path, "%u is not in ports.first..last; %u fits", port,
				fitting_port(config, &rule, bucket, config->port_first));
	if (nat_port_bucket(&rule, port) != bucket)
		return nf_wrong(&c->in, path,
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
take_static_mapping(struct conversion *c, uint32_t i)
{
	const struct nat_file_static *file = &c->file->statics[i];
	struct nat_static *s = &c->config->statics[i];
	char path[40];

	snprintf(path, sizeof(path), "static.%u", i);
	s->inside_port = rte_cpu_to_be_16(file->port);
	s->outside_port = rte_cpu_to_be_16(file->outside_port);
	if (nf_take_address(&c->in, path, file->inside, &s->inside_address) != 0 ||
	    nf_take_address(&c->in, path, file->outside, &s->outside_address) != 0 ||
	    take_protocol(c, path, file->protocol, &s->protocol) != 0)
		return -EINVAL;
	if (s->protocol == IPPROTO_ICMP)
		return nf_wrong(&c->in, path, "ICMP has no ports");
	if (file->port == 0)
		return nf_wrong(&c->in, path, "port 0");
	if (!is_inside(c->config, s->inside_address))
		return nf_wrong(&c->in, path, "'%.40s' is not a subscriber's", file->inside);
	if (!is_in_pool(c->config, s->outside_address))
		return nf_wrong(&c->in, path, "'%.40s' is not of the pool", file->outside);
	if (check_outside_port(c, path, s) != 0)
		return -EINVAL;
	for (uint32_t k = 0; k < i; k++) {
		const char *reason = conflict_of(c->config, &c->config->statics[k], s);

		if (reason != NULL)
			return nf_wrong(&c->in, path, "%s", reason);
	}
	return 0;
}

static int
take_statics(struct conversion *c)
{
	int error = 0;

	c->config->n_statics = c->file->n_statics;
	/* All of them may be of one worker. */
	if (c->config->n_statics >
	    RTE_MIN(c->config->capacity, c->config->subscribers) / c->config->n_workers)
		return nf_wrong(&c->in, "static",
				"more than capacity or subscribers have for a worker");
	for (uint32_t i = 0; i < c->config->n_statics && error == 0; i++)
		error = take_static_mapping(c, i);
	return error;
}

static int
convert(struct conversion *c)
{
	const struct nat_file *file = c->file;
	struct nat_config *config = c->config;
	int error = nf_take_name(&c->in, "instance", file->instance, config->instance,
				 sizeof(config->instance));

	if (error == 0)
		error = nf_take_name(&c->in, "service", file->service, config->service,
				     sizeof(config->service));
	if (error == 0 && file->control_socket != NULL)
		error = nf_take_name(&c->in, "control_socket", file->control_socket,
				     config->control_socket, sizeof(config->control_socket));
	if (error == 0 && file->agent_socket != NULL)
		error = nf_take_name(&c->in, "agent_socket", file->agent_socket,
				     config->agent_socket, sizeof(config->agent_socket));
	if (error == 0)
		error = nf_take_side(&c->in, "inside", &file->inside, NAT_INSIDE,
				     &config->sides[NAT_INSIDE], &config->routes);
	if (error == 0)
		error = nf_take_side(&c->in, "outside", &file->outside, NAT_OUTSIDE,
				     &config->sides[NAT_OUTSIDE], &config->routes);
	if (error == 0 && file->inside.port == file->outside.port)
		error = nf_wrong(&c->in, "outside.port", "is the inside port");
	if (error == 0 && strcmp(file->inside.name, file->outside.name) == 0)
		error = nf_wrong(&c->in, "outside.name", "is the inside port's name");
	if (error == 0)
		error = take_pool(c);
	if (error == 0)
		error = take_ports(c);
	if (error == 0)
		error = take_exempt(c);
	if (error == 0)
		error = take_timeouts(c);
	if (error == 0)
		error = take_filtering(c);
	if (error == 0)
		error = take_pcp(c);
	if (error == 0)
		error = take_limits(c);
	if (error == 0)
		error = take_log(c);
	if (error == 0)
		error = take_sizes(c);
	if (error == 0)
		error = take_reuse(c);
	return error == 0 ? take_statics(c) : error;
}

int
nat_config_parse(const char *name, const char *text, size_t size, struct nat_config *ret_config,
		 char error[NF_CONFIG_ERROR_SIZE])
{
	struct nat_config config = {0};
	struct nat_file *file = NULL;
	char reason[NF_CONFIG_ERROR_SIZE / 2];
	unsigned int line = 0;
	int result;

	result = nat_file_parse(text, size, &file, reason, sizeof(reason), &line);
	if (result != 0) {
		snprintf(error, NF_CONFIG_ERROR_SIZE, "%.100s:%u: %s", name, line, reason);
		return result;
	}
	result = convert(&(struct conversion){
		.in = {.name = name, .text = text, .size = size, .error = error},
		.file = file,
		.config = &config,
	});
	nat_file_free(file);
	if (result == 0)
		*ret_config = config;
	return result;
}

int
nat_config_load(const char *path, struct nat_config *ret_config, char error[NF_CONFIG_ERROR_SIZE])
{
	size_t size = 0;
	char *text = NULL;
	int result = nf_config_read(path, &text, &size, error);

	if (result == 0)
		result = nat_config_parse(path, text, size, ret_config, error);
	free(text);
	return result;
}

/* ---- identity -------------------------------------------------------------------------- */

void
nat_config_identity(const struct nat_config *config, char identity[SLIM_IDENTITY_SIZE])
{
	struct nf_fingerprint f = {0};
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];

	for (uint32_t i = 0; i < config->n_pool; i++)
		nf_fingerprint_number(&f, config->pool[i]);
	nf_fingerprint_sides(&f, config->sides, NAT_N_SIDES, &config->routes);
	nf_fingerprint_number(&f, config->filtering);
	nf_fingerprint_number(&f, config->pcp.enabled);
	for (uint32_t i = 0; i < config->n_exempt; i++) {
		const struct nat_exempt *rule = &config->exempt[i];

		nf_fingerprint_number(&f, (uint64_t)rule->prefix.address << 32 | rule->prefix.mask);
		nf_fingerprint_number(
			&f, (uint64_t)rule->protocol << 40 | (uint64_t)rule->by_port << 32 |
				    (uint32_t)rule->port_first << 16 | rule->port_last);
	}
	for (uint32_t i = 0; i < config->n_statics; i++) {
		const struct nat_static *s = &config->statics[i];

		nf_fingerprint_number(&f, (uint64_t)s->inside_address << 32 | s->outside_address);
		nf_fingerprint_number(&f, (uint64_t)s->protocol << 32 |
						  (uint32_t)s->inside_port << 16 | s->outside_port);
	}
	inet_ntop(AF_INET, &config->pool[0], first, sizeof(first));
	inet_ntop(AF_INET, &config->pool[config->n_pool - 1], last, sizeof(last));
	snprintf(identity, SLIM_IDENTITY_SIZE,
		 "nat44 pool %s-%s (%u) ports %u-%u/%u config %016" PRIx64, first, last,
		 config->n_pool, config->port_first, config->port_last, config->ports_per_block,
		 f.hash);
}

static void
warn_below(const char *name, uint64_t value_ns, uint64_t min_s, const char *rfc)
{
	if (value_ns < min_s * SECOND_NS)
		fprintf(stderr, "warning: %s is below the %" PRIu64 " s of %s\n", name, min_s, rfc);
}

void
nat_config_warn(const struct nat_config *config)
{
	const struct nat_timeouts *t = &config->timeouts;

	warn_below("timeouts.udp", t->udp_ns, 120, "RFC 4787 REQ-5");
	warn_below("timeouts.tcp_established", t->tcp_established_ns, 7440, "RFC 5382 REQ-5");
	warn_below("timeouts.tcp_transitory", t->tcp_transitory_ns, 240, "RFC 5382 REQ-5");
	warn_below("timeouts.icmp", t->icmp_ns, 60, "RFC 5508 REQ-2");
	warn_below("ports.reuse_delay", config->reuse_delay_ns, 120, "RFC 6888 REQ-8");
}
