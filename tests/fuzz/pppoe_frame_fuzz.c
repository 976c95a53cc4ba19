/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of either side of a PPPoE concentrator: tags, the head of a session packet, IP in it and from the core, what clients
 * say on their links, the segment size of a SYN. The first octet of the input says which side, which tags are served, and
 * how many the device took off; the rest is the frame. All that a parser points to must lie in the frame, what it says of
 * itself must hold for a second look, and no octet changes but those of a lowered segment size.
 */
#include <stdlib.h>
#include <string.h>

#include "advertisement.h"
#include "counters.h"
#include "mss.h"
#include "packet.h"
#include "ppp.h"
#include "target.h"

enum { OF_CORE = 1, TWO_TAGS = 2, ONE_TAKEN = 4, TWO_TAKEN = 8 };

#define MAX_SIZE 4096u

static struct pppoe_config config = {
	.access_tags = {.untagged = true, .outer = {{1, 4094}}, .n_outer = 1, .outer_type = 0x88a8},
	.gateway = RTE_BE32(0x0a000001),
	.core_ipv6 = {0x20, 1, 0xd, 0xb8, [15] = 1},
	.core_ipv6_bits = 64,
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static bool
is_in(const struct rte_mbuf *m, const uint8_t *at, uint32_t size)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	return at >= frame && size <= m->data_len && at <= frame + m->data_len - size;
}

static void
try_ip(const struct rte_mbuf *m, const struct nf_ip *ip)
{
	must(is_in(m, ip->at, ip->size));
	if (ip->is_ipv6 && pppoe_is_of_link(ip) &&
	    pppoe_link_saying(ip) == PPPOE_NEIGHBOR_SOLICITATION)
		must(is_in(m, pppoe_solicited(ip), 16));
	if (nf_mss_clamp(ip, 1492))
		must(!nf_mss_clamp(ip, 1492));
	if (nf_ip_is_echo_request(ip))
		nf_ip_turn_echo(ip);
}

static void
try_frame(struct rte_mbuf *m, uint8_t side)
{
	struct pppoe_frame f, again;
	bool is_ipv6;

	pppoe_frame_parse(&f, &config, m, side);
	pppoe_frame_parse(&again, &config, m, side);
	must(f.kind == again.kind);
	switch (f.kind) {
	case PPPOE_KIND_DROP:
		must(f.drop != 0 && f.drop == again.drop);
		break;
	case PPPOE_KIND_SESSION:
		must(is_in(m, f.ppp, f.ppp_size) && f.access.line.outer <= 4094);
		must(f.access.line.inner == 0 || f.access.line.outer != 0);
		is_ipv6 = f.protocol == PPP_IPV6;
		if (pppoe_frame_take_ip(&f, f.ppp, f.ppp_size, is_ipv6) == 0)
			try_ip(m, &f.ip);
		break;
	case PPPOE_KIND_DISCOVERY:
		must(f.access.at + f.access.size == m->data_len);
		break;
	case PPPOE_KIND_ECHO:
		must(nf_ip_is_echo_request(&f.ip));
		try_ip(m, &f.ip);
		break;
	case PPPOE_KIND_DOWNLINK:
	case PPPOE_KIND_NEIGHBOR_DISCOVERY:
		try_ip(m, &f.ip);
		break;
	default:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rte_mbuf m = {.nb_segs = 1, .vlan_tci = 5, .vlan_tci_outer = 100};
	static const struct rte_ether_addr own = {{2, 0, 0, 0, 1, 1}};

	if (size < 2 || size > MAX_SIZE)
		return 0;
	config.sides[PPPOE_ACCESS].mac = own;
	config.sides[PPPOE_CORE].mac = own;
	config.sides[PPPOE_CORE].address = RTE_BE32(0xcb007101);
	config.access_tags.n_inner = (data[0] & TWO_TAGS) != 0;
	config.access_tags.inner[0] = (struct pppoe_vlan_range){1, 4094};
	if ((data[0] & (ONE_TAKEN | TWO_TAKEN)) != 0)
		m.ol_flags |= RTE_MBUF_F_RX_VLAN_STRIPPED;
	if ((data[0] & TWO_TAKEN) != 0)
		m.ol_flags |= RTE_MBUF_F_RX_QINQ_STRIPPED;
	m.buf_addr = malloc(size - 1);
	must(m.buf_addr != NULL);
	memcpy(m.buf_addr, data + 1, size - 1);
	m.data_len = (uint16_t)(size - 1);
	m.pkt_len = m.data_len;
	try_frame(&m, (data[0] & OF_CORE) != 0 ? PPPOE_CORE : PPPOE_ACCESS);
	free(m.buf_addr);
	return 0;
}
