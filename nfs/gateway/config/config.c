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

#define SECOND_NS UINT64_C(1000000000)
#define DSCP_MAX 63u
#define IPV6_MIN_MTU 1280u /* RFC 8200 section 5 */

/* What conversion works on: the file's words, the result, and where to say what is wrong. */
struct conversion {
	const struct nf_conversion *in;
	const struct gateway_file *file;
	struct gateway_config *config;
};

static int
take_ipv6(const struct conversion *c, const char *path, const char *text, uint8_t ret_address[16])
{
	if (inet_pton(AF_INET6, text, ret_address) != 1)
		return nf_wrong(c->in, path, "'%.40s' is not an IPv6 address", text);
	return 0;
}

/* "2001:db8::1/64": the address with all its bits, and the length of the prefix. */
static int
take_prefix_ipv6(const struct conversion *c, const char *path, const char *text,
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
	return take_ipv6(c, path, address, ret_address);
}

static int
take_core_ipv6(const struct conversion *c)
{
	const struct gateway_file_core_ipv6 *file = c->file->core_ipv6;
	struct gateway_core_ipv6 *core = &c->config->core_ipv6;

	if (file == NULL)
		return 0;
	if (take_prefix_ipv6(c, "core_ipv6.address", file->address, core->address, &core->bits) !=
		    0 ||
	    take_ipv6(c, "core_ipv6.router", file->router, core->router) != 0)
		return -EINVAL;
	if (core->address[0] == 0xff)
		return nf_wrong(c->in, "core_ipv6.address", "is a group");
	if (!gateway_ipv6_match(core->address, core->router, core->bits) ||
	    memcmp(core->address, core->router, 16) == 0)
		return nf_wrong(c->in, "core_ipv6.router", "'%.60s' is not a neighbour there",
				file->router);
	return 0;
}

static int
take_subscribers_ipv6(const struct conversion *c, const char *path, const char *text)
{
	struct gateway_config *config = c->config;
	struct gateway_prefix_ipv6 *prefix =
		&config->subscribers_ipv6[config->n_subscribers_ipv6++];
	static const uint8_t zero[16];

	if (take_prefix_ipv6(c, path, text, prefix->address, &prefix->bits) != 0)
		return -EINVAL;
	for (uint8_t bit = prefix->bits; bit < 128; bit++)
		if (prefix->address[bit / 8] & (0x80 >> bit % 8))
			return nf_wrong(c->in, path, "'%.60s' has bits below its length", text);
	if (prefix->bits > 64 || memcmp(prefix->address, zero, 16) == 0)
		return nf_wrong(c->in, path, "'%.60s' has no prefixes of 64 bits", text);
	if (config->core_ipv6.bits != 0 &&
	    gateway_ipv6_match(prefix->address, config->core_ipv6.address, prefix->bits))
		return nf_wrong(c->in, path, "holds the gateway's own address");
	return 0;
}

static int
take_subscribers_ipv4(const struct conversion *c, const char *path, const char *text)
{
	struct gateway_config *config = c->config;
	struct nf_prefix *prefix = &config->subscribers[config->n_subscribers++];

	if (nf_take_net(c->in, path, text, prefix) != 0)
		return -EINVAL;
	for (int s = 0; s < GATEWAY_N_SIDES; s++)
		if (nf_prefix_has(prefix, rte_be_to_cpu_32(config->sides[s].address)))
			return nf_wrong(c->in, path, "holds the gateway's own address");
	return 0;
}

static int
take_subscribers(const struct conversion *c)
{
	int error = 0;

	for (unsigned int i = 0; i < c->file->n_subscribers && error == 0; i++) {
		const char *text = c->file->subscribers[i];
		char path[40];

		snprintf(path, sizeof(path), "subscribers.%u", i);
		error = strchr(text, ':') != NULL ? take_subscribers_ipv6(c, path, text)
						  : take_subscribers_ipv4(c, path, text);
	}
	return error;
}

/* IPv6 is not cut on its way, so each side must have room for what every host may send. */
static int
check_room_ipv6(const struct conversion *c)
{
	const struct nf_side *sides = c->config->sides;

	if (c->config->n_subscribers_ipv6 == 0)
		return 0;
	if (sides[GATEWAY_ACCESS].mtu < IPV6_MIN_MTU + GATEWAY_MAX_OVERHEAD)
		return nf_wrong(c->in, "access.mtu",
				"%u: IPv6 subscribers need %u, and %u for tunnel headers",
				sides[GATEWAY_ACCESS].mtu, IPV6_MIN_MTU, GATEWAY_MAX_OVERHEAD);
	if (sides[GATEWAY_CORE].mtu < IPV6_MIN_MTU)
		return nf_wrong(c->in, "core.mtu", "%u: IPv6 subscribers need %u",
				sides[GATEWAY_CORE].mtu, IPV6_MIN_MTU);
	return 0;
}

/* What waits goes into the hold of the core port when a move begins: it must have room there. */
static int
take_buffer(const struct conversion *c)
{
	const struct gateway_file_buffer *file = &c->file->buffer;
	struct gateway_buffer_limits *limits = &c->config->buffer;
	uint32_t most = c->config->hold_capacity / 2;

	if (nf_take_number(c->in, "buffer.packets", file->packets, most < 4096 ? most : 4096, 0,
			   most, &limits->packets) != 0 ||
	    nf_take_number(c->in, "buffer.packets_per_session", file->packets_per_session, 16, 0,
			   UINT16_MAX, &limits->packets_per_session) != 0)
		return -EINVAL;
	return nf_take_seconds(c->in, "buffer.seconds", file->seconds, 10, &limits->lifetime_ns);
}

static int
take_behaviour(const struct conversion *c)
{
	const struct gateway_file *file = c->file;
	struct gateway_config *config = c->config;
	const uint32_t most = 30 * 24 * 3600;
	uint32_t recovery = 0, idle = 0, cell_idle = 0;

	if (nf_take_number(c->in, "recovery", file->recovery, 0, 0, UINT8_MAX, &recovery) != 0 ||
	    nf_take_number(c->in, "timeouts.session", file->timeouts.session, 0, 0, most, &idle) !=
		    0 ||
	    nf_take_number(c->in, "timeouts.cell_idle", file->timeouts.cell_idle, 0, 0, most,
			   &cell_idle) != 0 ||
	    nf_take_seconds(c->in, "timeouts.arp", file->timeouts.arp, 300, &config->arp_ns) != 0)
		return -EINVAL;
	config->recovery = (uint8_t)recovery;
	config->session_idle_ns = idle * SECOND_NS;
	config->cell_idle_ns = cell_idle * SECOND_NS;
	config->path_switch_by_data =
		file->path_switch_by_data != NULL && *file->path_switch_by_data;
	return 0;
}

/* As the buffer, but for the access port. */
static int
take_fragments(const struct conversion *c)
{
	struct gateway_fragment_limits *limits = &c->config->fragments;
	uint32_t most = c->config->hold_capacity / 2;

	if (nf_take_number(c->in, "fragments", c->file->fragments, most < 1024 ? most : 1024, 0,
			   most, &limits->packets) != 0)
		return -EINVAL;
	return nf_take_seconds(c->in, "timeouts.fragment", c->file->timeouts.fragment, 2,
			       &limits->lifetime_ns);
}

static int
take_tunnel(const struct conversion *c)
{
	const struct gateway_file_tunnel *file = &c->file->tunnel;
	struct gateway_tunnel_config *tunnel = &c->config->tunnel;
	unsigned long dscp = 0;
	char *end = NULL;

	tunnel->ecn = file->ecn == NULL || *file->ecn;
	tunnel->flow_ports = file->flow_ports != NULL && *file->flow_ports;
	if (file->dscp == NULL)
		return 0;
	tunnel->copy_dscp = strcmp(file->dscp, "copy") == 0;
	if (tunnel->copy_dscp)
		return 0;
	dscp = strtoul(file->dscp, &end, 10);
	if (file->dscp[0] < '0' || file->dscp[0] > '9' || *end != '\0' || dscp > DSCP_MAX)
		return nf_wrong(c->in, "tunnel.dscp", "'%.40s' is neither copy nor in 0..%u",
				file->dscp, DSCP_MAX);
	tunnel->dscp = (uint8_t)dscp;
	return 0;
}

/* What follows from an error indication, beside the event. */
static int
take_error_indication(const struct conversion *c)
{
	const char *text = c->file->error_indication;

	if (text == NULL)
		return 0;
	c->config->idle_at_error = strcmp(text, "idle") == 0;
	if (c->config->idle_at_error || strcmp(text, "report") == 0)
		return 0;
	return nf_wrong(c->in, "error_indication", "'%.40s' is neither report nor idle", text);
}

static int
take_all(const struct conversion *c)
{
	static const char *const sides[GATEWAY_N_SIDES] = {"access", "core"};
	static int (*const takes[])(const struct conversion *c) = {
		take_core_ipv6, take_subscribers, check_room_ipv6,       take_behaviour,
		take_fragments, take_tunnel,      take_error_indication, take_buffer,
	};
	const struct nf_settings_kind kind = {
		.sides = sides, .n_sides = GATEWAY_N_SIDES, .capacity = 65536};
	int error = nf_take_settings(c->in, &kind, &c->file->frame, &c->config->frame);

	for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]) && error == 0; i++)
		error = takes[i](c);
	return error;
}

static int
convert(const struct nf_conversion *in, const void *file, void *ret_config)
{
	struct gateway_config config = {0};
	int error = take_all(&(struct conversion){.in = in, .file = file, .config = &config});

	if (error == 0)
		*(struct gateway_config *)ret_config = config;
	return error;
}

static const struct nf_config_reader reader = {.schema = &gateway_file_schema, .convert = convert};

int
gateway_config_parse(const char *name, const char *text, size_t size,
		     struct gateway_config *ret_config, char error[NF_CONFIG_ERROR_SIZE])
{
	return nf_config_parse(&reader, name, text, size, ret_config, error);
}

int
gateway_config_load(const char *path, struct gateway_config *ret_config,
		    char error[NF_CONFIG_ERROR_SIZE])
{
	return nf_config_load(&reader, path, ret_config, error);
}

static void
mix_ipv6(struct nf_fingerprint *f, const uint8_t address[16], uint8_t bits)
{
	for (int i = 0; i < 16; i++)
		nf_fingerprint_number(f, address[i]);
	nf_fingerprint_number(f, bits);
}

void
gateway_config_identity(const struct gateway_config *config, char identity[SLIM_IDENTITY_SIZE])
{
	struct nf_fingerprint f = {0};

	nf_fingerprint_settings(&f, &config->frame);
	for (uint32_t i = 0; i < config->n_subscribers; i++) {
		nf_fingerprint_number(&f, config->subscribers[i].address);
		nf_fingerprint_number(&f, config->subscribers[i].mask);
	}
	for (uint32_t i = 0; i < config->n_subscribers_ipv6; i++)
		mix_ipv6(&f, config->subscribers_ipv6[i].address, config->subscribers_ipv6[i].bits);
	mix_ipv6(&f, config->core_ipv6.address, config->core_ipv6.bits);
	mix_ipv6(&f, config->core_ipv6.router, config->core_ipv6.bits);
	nf_fingerprint_number(&f, config->path_switch_by_data);
	nf_fingerprint_number(&f, config->idle_at_error);
	nf_fingerprint_number(&f, config->tunnel.copy_dscp);
	nf_fingerprint_number(&f, config->tunnel.dscp);
	nf_fingerprint_number(&f, config->tunnel.ecn);
	nf_fingerprint_number(&f, config->tunnel.flow_ports);
	nf_fingerprint_number(&f, config->recovery);
	snprintf(identity, SLIM_IDENTITY_SIZE, "gateway gtp-u config %016" PRIx64, f.hash);
}
