/* SPDX-License-Identifier: Apache-2.0 */
/* From the file's words to what they mean. Main thread, before the EAL starts. */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config_file.h"
#include "config_take.h"

static int
take_timeouts(const struct nat_conversion *c)
{
	const struct nat_file_timeouts *file = &c->file->timeouts;
	struct nat_timeouts *t = &c->config->timeouts;

	if (nf_take_seconds(c->in, "timeouts.udp", file->udp, 300, &t->udp_ns) != 0 ||
	    nf_take_seconds(c->in, "timeouts.tcp_established", file->tcp_established, 7440,
			    &t->tcp_established_ns) != 0 ||
	    nf_take_seconds(c->in, "timeouts.tcp_transitory", file->tcp_transitory, 240,
			    &t->tcp_transitory_ns) != 0 ||
	    nf_take_seconds(c->in, "timeouts.icmp", file->icmp, 60, &t->icmp_ns) != 0 ||
	    nf_take_seconds(c->in, "timeouts.arp", file->arp, 300, &t->arp_ns) != 0 ||
	    nf_take_seconds(c->in, "timeouts.fragment", file->fragment, 2, &t->fragment_ns) != 0)
		return -EINVAL;
	return 0;
}

static int
take_filtering(const struct nat_conversion *c)
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
		return nf_wrong(c->in, "filtering",
				"is not endpoint-independent, address-dependent or "
				"address-and-port-dependent");
	c->config->filtering = (enum nat_filtering)i;
	if (nf_take_number(c->in, "peers", file->peers, 524288, 1024, SLIM_MAX_CAPACITY,
			   &c->config->peers) != 0)
		return -EINVAL;
	return nf_take_number(c->in, "limits.peers_per_mapping", file->limits.peers_per_mapping,
			      4096, 1, 65536, &c->config->peers_per_mapping);
}

static int
take_pcp(const struct nat_conversion *c)
{
	static const struct nat_file_pcp none;
	const struct nat_file_pcp *file = c->file->pcp != NULL ? c->file->pcp : &none;
	struct nat_pcp_config *pcp = &c->config->pcp;
	const uint32_t day = 24 * 3600;

	pcp->enabled = file->enabled;
	if (nf_take_number(c->in, "pcp.min_lifetime", file->min_lifetime, 120, 1, day,
			   &pcp->min_lifetime) != 0 ||
	    nf_take_number(c->in, "pcp.max_lifetime", file->max_lifetime, day, pcp->min_lifetime,
			   30 * day, &pcp->max_lifetime) != 0 ||
	    nf_take_number(c->in, "pcp.mappings", file->mappings, 65536, 1024, SLIM_MAX_CAPACITY,
			   &pcp->mappings) != 0 ||
	    nf_take_number(c->in, "pcp.mappings_per_subscriber", file->mappings_per_subscriber, 64,
			   1, 65536, &pcp->mappings_per_subscriber) != 0)
		return -EINVAL;
	return 0;
}

/* How many mappings a subscriber may have, and how fast it may get them. */
static int
take_limits(const struct nat_conversion *c)
{
	const struct nat_file_limits *file = &c->file->limits;
	struct nat_config *config = c->config;
	const uint32_t million = 1000000;

	if (nf_take_number(c->in, "limits.sessions_per_subscriber", file->sessions_per_subscriber,
			   0, 0, UINT32_MAX, &config->max_sessions_per_subscriber) != 0 ||
	    nf_take_number(c->in, "limits.udp_sessions", file->udp_sessions, 0, 0, UINT32_MAX,
			   &config->max_udp_sessions) != 0 ||
	    nf_take_number(c->in, "limits.tcp_sessions", file->tcp_sessions, 0, 0, UINT32_MAX,
			   &config->max_tcp_sessions) != 0 ||
	    nf_take_number(c->in, "limits.icmp_sessions", file->icmp_sessions, 0, 0, UINT32_MAX,
			   &config->max_icmp_sessions) != 0 ||
	    nf_take_number(c->in, "limits.new_sessions_per_second", file->new_sessions_per_second,
			   0, 0, million, &config->new_sessions_per_s) != 0 ||
	    nf_take_number(c->in, "limits.burst", file->burst,
			   RTE_MAX(config->new_sessions_per_s, 1u), 1, million,
			   &config->new_sessions_burst) != 0 ||
	    nf_take_number(c->in, "limits.blocks_per_subscriber", file->blocks_per_subscriber, 4, 1,
			   128, &config->max_blocks_per_subscriber) != 0)
		return -EINVAL;
	if (file->burst != NULL && config->new_sessions_per_s == 0)
		return nf_wrong(c->in, "limits.burst", "needs limits.new_sessions_per_second");
	return 0;
}

/* The instance's name is a word of each line. */
static int
take_log(const struct nat_conversion *c)
{
	const struct nat_file_log *file = c->file->log;
	struct nat_log_config *log = &c->config->log;

	if (file == NULL)
		return 0;
	log->blocks = file->blocks == NULL || *file->blocks;
	log->sessions = file->sessions != NULL && *file->sessions;
	if (nf_take_name(c->in, "log.file", file->file, log->file, sizeof(log->file)) != 0)
		return -EINVAL;
	if (!log->sessions && (!log->blocks || c->config->ports_per_block == 1))
		return nf_wrong(c->in, "log",
				"logs nothing: needs sessions, or blocks and ports.block above 1");
	for (const char *at = c->config->instance; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~')
			return nf_wrong(c->in, "instance",
					"with a log it may hold printable ASCII only, no space");
	return 0;
}

static int
take_sizes(const struct nat_conversion *c)
{
	const struct nat_file *file = c->file;
	struct nat_config *config = c->config;

	if (nf_take_number(c->in, "subscribers", file->subscribers, config->capacity, 1024,
			   SLIM_MAX_CAPACITY, &config->subscribers) != 0 ||
	    nf_take_number(c->in, "fragments.datagrams", file->fragments.datagrams, 16384, 64,
			   1u << 20, &config->fragments) != 0 ||
	    nf_take_number(c->in, "fragments.waiting", file->fragments.waiting, 1024, 0, 1u << 16,
			   &config->fragments_waiting) != 0)
		return -EINVAL;
	config->inbound_refresh = file->inbound_refresh == NULL || *file->inbound_refresh;
	config->tcp_pickup = file->tcp_pickup == NULL || *file->tcp_pickup;
	config->answer_unsolicited = file->answer_unsolicited != NULL && *file->answer_unsolicited;
	return 0;
}

static int
take_all(const struct nat_conversion *c)
{
	static const char *const sides[NAT_N_SIDES] = {"inside", "outside"};
	static int (*const takes[])(const struct nat_conversion *c) = {
		nat_take_pool,  nat_take_ports, nat_take_exempt,  take_timeouts,
		take_filtering, take_pcp,       take_limits,      take_log,
		take_sizes,     nat_take_reuse, nat_take_statics,
	};
	const struct nf_settings_kind kind = {
		.sides = sides, .n_sides = NAT_N_SIDES, .capacity = 262144};
	int error = nf_take_settings(c->in, &kind, &c->file->frame, &c->config->frame);

	for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]) && error == 0; i++)
		error = takes[i](c);
	return error;
}

static int
convert(const struct nf_conversion *in, const void *file, void *ret_config)
{
	struct nat_config config = {0};
	int error = take_all(&(struct nat_conversion){.in = in, .file = file, .config = &config});

	if (error == 0)
		*(struct nat_config *)ret_config = config;
	return error;
}

static const struct nf_config_reader reader = {.schema = &nat_file_schema, .convert = convert};

int
nat_config_parse(const char *name, const char *text, size_t size, struct nat_config *ret_config,
		 char error[NF_CONFIG_ERROR_SIZE])
{
	return nf_config_parse(&reader, name, text, size, ret_config, error);
}

int
nat_config_load(const char *path, struct nat_config *ret_config, char error[NF_CONFIG_ERROR_SIZE])
{
	return nf_config_load(&reader, path, ret_config, error);
}

/* ---- identity -------------------------------------------------------------------------- */

void
nat_config_identity(const struct nat_config *config, char identity[SLIM_IDENTITY_SIZE])
{
	struct nf_fingerprint f = {0};
	char first[INET_ADDRSTRLEN], last[INET_ADDRSTRLEN];

	for (uint32_t i = 0; i < config->n_pool; i++)
		nf_fingerprint_number(&f, config->pool[i]);
	nf_fingerprint_settings(&f, &config->frame);
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
	if (value_ns < min_s * NAT_SECOND_NS)
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
