/* SPDX-License-Identifier: Apache-2.0 */
/* Untranslated destinations; see exempt.h. */
#include "exempt.h"

#include <netinet/in.h>

#include <rte_icmp.h>

#include "ipv4_bucket.h"
#include "octets.h"
#include "pool.h"

#define PORTS_SIZE 4u /* both ports of UDP and TCP */

/* One end of a packet. */
struct far_end {
	uint32_t address;
	uint16_t port;
	bool has_port;
	uint8_t protocol;
};

/* Of a fragment, by the ports of its datagram if they are known. */
static struct far_end
far_end_of_fragment(const struct nat_packet *p, bool source)
{
	uint8_t protocol = p->ip->next_proto_id;

	return (struct far_end){
		.address = rte_be_to_cpu_32(nat_ip_address(p->ip, source)),
		.protocol = protocol,
		.has_port = p->knows_ports && (protocol == IPPROTO_UDP || protocol == IPPROTO_TCP),
		.port = rte_be_to_cpu_16(source ? p->ports.src : p->ports.dst),
	};
}

static struct far_end
far_end_of(const struct rte_ipv4_hdr *ip, const uint8_t *l4, uint32_t l4_size, bool source)
{
	struct far_end end = {
		.address = rte_be_to_cpu_32(nat_ip_address(ip, source)),
		.protocol = ip->next_proto_id,
	};

	end.has_port = l4_size >= PORTS_SIZE &&
		       (end.protocol == IPPROTO_UDP || end.protocol == IPPROTO_TCP);
	if (end.has_port)
		end.port = nf_get16(source ? l4 : l4 + 2);
	return end;
}

static bool
is_exempt(const struct nat_config *config, const struct far_end *end)
{
	for (uint32_t i = 0; i < config->n_exempt; i++) {
		const struct nat_exempt *rule = &config->exempt[i];

		if (!nf_prefix_has(&rule->prefix, end->address) ||
		    (rule->protocol != 0 && rule->protocol != end->protocol))
			continue;
		if (!rule->by_port || (end->has_port && end->port >= rule->port_first &&
				       end->port <= rule->port_last))
			return true;
	}
	return false;
}

/* The embedded packet went the other way: what is its destination here was its source there. */
static bool
error_is_exempt(struct nat_packet *p, const struct nat_config *config, bool inwards)
{
	const struct rte_ipv4_hdr *ip =
		(const struct rte_ipv4_hdr *)(p->l4 + sizeof(struct rte_icmp_hdr));
	uint32_t size = nat_packet_size_behind(p, (const uint8_t *)ip);
	struct far_end end;

	if (size < sizeof(*ip) || rte_ipv4_hdr_len(ip) < sizeof(*ip) ||
	    size < rte_ipv4_hdr_len(ip) || ip->src_addr != p->ip->dst_addr)
		return false;
	end = far_end_of(ip, (const uint8_t *)ip + rte_ipv4_hdr_len(ip),
			 size - rte_ipv4_hdr_len(ip), !inwards);
	if (!is_exempt(config, &end))
		return false;
	p->bucket = nf_ipv4_bucket(nat_ip_address(ip, inwards));
	return true;
}

static bool
is_own(const struct nat_config *config, const struct nat_pool *pool, rte_be32_t address)
{
	return address == config->sides[NAT_INSIDE].address ||
	       address == config->sides[NAT_OUTSIDE].address ||
	       nat_pool_number(pool, address) != NAT_NOT_IN_POOL;
}

bool
nat_exempt_parse(struct nat_packet *p, const struct nat_config *config, const struct nat_pool *pool,
		 bool inwards)
{
	uint32_t l4_size = p->fragment == NAT_WHOLE ? nat_packet_size_behind(p, p->l4) : 0;

	bool is_error = nat_packet_is_icmp_error(p);

	/* An error may be the NAT's own. */
	if (is_own(config, pool, p->ip->dst_addr) ||
	    (!is_error && is_own(config, pool, p->ip->src_addr)))
		return false;
	if (is_error) {
		if (!error_is_exempt(p, config, inwards))
			return false;
	} else {
		struct far_end end = p->fragment == NAT_WHOLE
					     ? far_end_of(p->ip, p->l4, l4_size, inwards)
					     : far_end_of_fragment(p, inwards);

		if (!is_exempt(config, &end))
			return false;
		p->bucket = nf_ipv4_bucket(nat_ip_address(p->ip, !inwards));
	}
	p->kind = NAT_KIND_ROUTED;
	return true;
}
