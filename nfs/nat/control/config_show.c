/* SPDX-License-Identifier: Apache-2.0 */
#include "config_show.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "protocol.h"

#define SECOND_NS UINT64_C(1000000000)
#define ADDRESS_FORMAT "%u.%u.%u.%u"
/* Host order. */
#define ADDRESS(a) (a) >> 24, (a) >> 16 & 0xff, (a) >> 8 & 0xff, (a)&0xff

/* All rows are made each time; those before `next` are written already. */
struct listing {
	struct nf_reply *reply;
	uint32_t n;
	uint32_t next;
};

__attribute__((format(printf, 3, 4))) static void
put(struct listing *l, const char *key, const char *format, ...)
{
	char value[256];
	va_list args;

	if (l->n++ != l->next || !nf_reply_has_room(l->reply))
		return;
	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	nf_reply_begin(l->reply);
	nf_reply_text(l->reply, "key", "%s", key);
	nf_reply_text(l->reply, "value", "%s", value);
	nf_reply_end(l->reply);
	l->next++;
}

static void
put_number(struct listing *l, const char *key, uint64_t value)
{
	put(l, key, "%" PRIu64, value);
}

static void
put_flag(struct listing *l, const char *key, bool value)
{
	put(l, key, "%s", value ? "true" : "false");
}

static void
put_side(struct listing *l, const struct nat_config *config, uint8_t number,
	 const char *const keys[7])
{
	const struct nf_side *side = &config->sides[number];
	const uint8_t *mac = side->mac.addr_bytes;
	uint32_t address = rte_be_to_cpu_32(side->address);

	put(l, keys[0], "%s", side->name);
	put_number(l, keys[1], side->port_id);
	put(l, keys[2], ADDRESS_FORMAT "/%d", ADDRESS(address),
	    __builtin_popcount(side->prefix.mask));
	put(l, keys[3], "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
	    mac[5]);
	put_number(l, keys[5], side->mtu);
	if (side->vlan != 0)
		put_number(l, keys[6], side->vlan);
	for (uint32_t i = 0; i < config->routes.n; i++) {
		const struct nf_route *route = &config->routes.routes[i];
		uint32_t via = rte_be_to_cpu_32(route->via);

		if (route->side == number)
			put(l, keys[4], ADDRESS_FORMAT "/%d via " ADDRESS_FORMAT,
			    ADDRESS(route->prefix.address), __builtin_popcount(route->prefix.mask),
			    ADDRESS(via));
	}
}

static void
put_sides(struct listing *l, const struct nat_config *config)
{
	static const char *const inside[] = {"inside.name", "inside.port",   "inside.address",
					     "inside.mac",  "inside.routes", "inside.mtu",
					     "inside.vlan"};
	static const char *const outside[] = {"outside.name", "outside.port",   "outside.address",
					      "outside.mac",  "outside.routes", "outside.mtu",
					      "outside.vlan"};

	put_side(l, config, NAT_INSIDE, inside);
	put_side(l, config, NAT_OUTSIDE, outside);
}

static void
put_pool(struct listing *l, const struct nat_config *config)
{
	for (uint32_t i = 0; i < config->n_pool; i++) {
		uint32_t address = rte_be_to_cpu_32(config->pool[i]);

		put(l, "pool.addresses", ADDRESS_FORMAT, ADDRESS(address));
	}
	put(l, "pool.pooling", "%s", config->arbitrary_pooling ? "arbitrary" : "paired");
	put_number(l, "ports.first", config->port_first);
	put_number(l, "ports.last", config->port_last);
	put_number(l, "ports.block", config->ports_per_block);
	put_flag(l, "ports.preserve_parity", config->preserve_parity);
	put_number(l, "ports.reuse_delay", config->reuse_delay_ns / SECOND_NS);
	put_number(l, "ports.resting", config->max_resting);
}

static void
put_exempt(struct listing *l, const struct nat_config *config)
{
	for (uint32_t i = 0; i < config->n_exempt; i++) {
		const struct nat_exempt *e = &config->exempt[i];
		char ports[24] = "";

		if (e->by_port)
			snprintf(ports, sizeof(ports), " ports %u-%u", e->port_first, e->port_last);
		put(l, "no_translate", ADDRESS_FORMAT "/%d%s%s%s", ADDRESS(e->prefix.address),
		    __builtin_popcount(e->prefix.mask), e->protocol != 0 ? " " : "",
		    e->protocol != 0 ? nat_protocol_name(e->protocol) : "", ports);
	}
}

static void
put_statics(struct listing *l, const struct nat_config *config)
{
	for (uint32_t i = 0; i < config->n_statics; i++) {
		const struct nat_static *s = &config->statics[i];
		uint32_t inside = rte_be_to_cpu_32(s->inside_address);
		uint32_t outside = rte_be_to_cpu_32(s->outside_address);

		put(l, "static", ADDRESS_FORMAT ":%u " ADDRESS_FORMAT ":%u %s", ADDRESS(inside),
		    rte_be_to_cpu_16(s->inside_port), ADDRESS(outside),
		    rte_be_to_cpu_16(s->outside_port), nat_protocol_name(s->protocol));
	}
}

static void
put_timeouts(struct listing *l, const struct nat_timeouts *t)
{
	put_number(l, "timeouts.udp", t->udp_ns / SECOND_NS);
	put_number(l, "timeouts.tcp_established", t->tcp_established_ns / SECOND_NS);
	put_number(l, "timeouts.tcp_transitory", t->tcp_transitory_ns / SECOND_NS);
	put_number(l, "timeouts.icmp", t->icmp_ns / SECOND_NS);
	put_number(l, "timeouts.arp", t->arp_ns / SECOND_NS);
	put_number(l, "timeouts.fragment", t->fragment_ns / SECOND_NS);
}

static void
put_behaviour(struct listing *l, const struct nat_config *config)
{
	static const char *const filtering[] = {
		[NAT_FILTERING_ENDPOINT_INDEPENDENT] = "endpoint-independent",
		[NAT_FILTERING_ADDRESS] = "address-dependent",
		[NAT_FILTERING_ADDRESS_AND_PORT] = "address-and-port-dependent",
	};

	put(l, "filtering", "%s", filtering[config->filtering]);
	put_flag(l, "inbound_refresh", config->inbound_refresh);
	put_flag(l, "tcp_pickup", config->tcp_pickup);
	put_flag(l, "answer_unsolicited", config->answer_unsolicited);
	put_flag(l, "pcp.enabled", config->pcp.enabled);
	put_number(l, "pcp.min_lifetime", config->pcp.min_lifetime);
	put_number(l, "pcp.max_lifetime", config->pcp.max_lifetime);
	put_number(l, "pcp.mappings", config->pcp.mappings);
	put_number(l, "pcp.mappings_per_subscriber", config->pcp.mappings_per_subscriber);
	put(l, "log.file", "%s", config->log.file);
	put_flag(l, "log.blocks", config->log.blocks);
	put_flag(l, "log.sessions", config->log.sessions);
	put_number(l, "limits.sessions_per_subscriber", config->max_sessions_per_subscriber);
	put_number(l, "limits.udp_sessions", config->max_udp_sessions);
	put_number(l, "limits.tcp_sessions", config->max_tcp_sessions);
	put_number(l, "limits.icmp_sessions", config->max_icmp_sessions);
	put_number(l, "limits.new_sessions_per_second", config->new_sessions_per_s);
	put_number(l, "limits.burst", config->new_sessions_burst);
	put_number(l, "limits.blocks_per_subscriber", config->max_blocks_per_subscriber);
	put_number(l, "limits.peers_per_mapping", config->peers_per_mapping);
}

static void
put_sizes(struct listing *l, const struct nat_config *config)
{
	put_number(l, "capacity", config->capacity);
	put_number(l, "subscribers", config->subscribers);
	put_number(l, "peers", config->peers);
	put_number(l, "neighbours", config->neighbours);
	put_number(l, "fragments.datagrams", config->fragments);
	put_number(l, "fragments.waiting", config->fragments_waiting);
	put_number(l, "hold_capacity", config->hold_capacity);
	put_number(l, "workers", config->n_workers);
	put_number(l, "idle.spin", config->spin);
	put_number(l, "idle.sleep_us", config->sleep_ns / 1000);
}

bool
nat_config_show(const struct nat_config *config, uint32_t *cursor, struct nf_reply *reply)
{
	struct listing l = {.reply = reply, .next = *cursor};

	put(&l, "instance", "%s", config->instance);
	put(&l, "service", "%s", config->service);
	put(&l, "agent_socket", "%s", config->agent_socket);
	put(&l, "control_socket", "%s", config->control_socket);
	put_sides(&l, config);
	put_pool(&l, config);
	put_exempt(&l, config);
	put_statics(&l, config);
	put_timeouts(&l, &config->timeouts);
	put_behaviour(&l, config);
	put_sizes(&l, config);
	*cursor = l.next;
	return l.next == l.n;
}
