/* SPDX-License-Identifier: Apache-2.0 */
/* Segments that may change a state; see tcp_path.h. Worker's thread. */
#include "tcp_path.h"

#include <rte_ip.h>

#define OPTION_END 0u
#define OPTION_NOP 1u
#define OPTION_SCALE 3u

/* The window scale option (RFC 7323 section 2.2), if it is in the packet's first segment. */
static uint8_t
find_scale(const struct nat_packet *p)
{
	const struct rte_tcp_hdr *tcp = nat_tcp_header(p);
	uint32_t size = (tcp->data_off >> 4) * 4u, at = sizeof(*tcp);
	const uint8_t *bytes = p->l4;

	if (size > nat_packet_size_behind(p, p->l4))
		return NF_TCP_NO_SCALE;
	while (at < size && bytes[at] != OPTION_END) {
		if (bytes[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= size || bytes[at + 1] < 2 || at + bytes[at + 1] > size)
			break;
		if (bytes[at] == OPTION_SCALE && bytes[at + 1] == 3)
			return RTE_MIN(bytes[at + 2], NF_TCP_MAX_SCALE);
		at += bytes[at + 1];
	}
	return NF_TCP_NO_SCALE;
}

/* Of bytes that may lie in several segments of the mbuf; rte_raw_cksum_mbuf() of DPDK 22.11 loses a carry
 * where one has an odd number of them. */
static uint32_t
sum_of(const struct rte_mbuf *m, uint32_t offset, uint32_t size)
{
	uint32_t sum = 0, done = 0;

	for (; m != NULL && done < size; m = m->next) {
		uint32_t n = RTE_MIN(rte_pktmbuf_data_len(m) - offset, size - done);
		uint16_t part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, void *, offset), n);

		sum += done % 2 == 0 ? part : rte_bswap16(part);
		done += n;
		offset = 0;
	}
	return sum;
}

/* Only of a whole packet can the checksum be told. */
static bool
is_sound(const struct nat_packet *p)
{
	uint32_t offset = (uint32_t)(p->l4 - rte_pktmbuf_mtod(p->m, const uint8_t *));
	uint32_t size = p->ip_size - (p->ip->version_ihl & 0x0fu) * 4u;
	uint32_t sum = sum_of(p->m, offset, size) + rte_ipv4_phdr_cksum(p->ip, 0);

	return p->fragment == NAT_WHOLE && __rte_raw_cksum_reduce(sum) == 0xffff;
}

static struct nf_tcp_segment
segment_of(const struct nat_packet *p, bool out)
{
	const struct rte_tcp_hdr *tcp = nat_tcp_header(p);
	bool is_syn = tcp->tcp_flags & RTE_TCP_SYN_FLAG,
	     is_reset = tcp->tcp_flags & RTE_TCP_RST_FLAG;

	return (struct nf_tcp_segment){
		.peer_address = out ? p->ip->dst_addr : p->ip->src_addr,
		.peer_port = out ? tcp->dst_port : tcp->src_port,
		.window = rte_be_to_cpu_16(tcp->rx_win),
		.seq = rte_be_to_cpu_32(tcp->sent_seq),
		.ack = rte_be_to_cpu_32(tcp->recv_ack),
		.size = nat_tcp_data_size(p),
		.flags = tcp->tcp_flags,
		.scale = is_syn ? find_scale(p) : NF_TCP_NO_SCALE,
		.is_sound = is_reset && is_sound(p),
	};
}

static struct nf_tcp
connection_of(const struct nat_session *session)
{
	return (struct nf_tcp){
		.edges = session->tcp_edges,
		.peer_address = session->tcp_peer_address,
		.peer_port = session->tcp_peer_port,
		.state = session->tcp_state,
		.scale = session->tcp_scale,
	};
}

__attribute__((noinline)) struct nf_tcp
nat_tcp_first(const struct nat_packet *p)
{
	struct nf_tcp_segment segment = segment_of(p, true);
	struct nf_tcp tcp = {0};

	nf_tcp_open(&tcp, &segment);
	return tcp;
}

__attribute__((noinline)) bool
nat_tcp_take(struct nat_worker *w, const struct nat_packet *p, uint32_t slot, bool out)
{
	struct nat_session *session = slim_slot(w->sessions->share.table, slot);
	struct nf_tcp tcp = connection_of(session);
	struct nf_tcp_segment segment;
	bool ends;

	if (tcp.state == NF_TCP_SHARED)
		return false;
	segment = segment_of(p, out);
	if (!(out ? nf_tcp_take_out(&tcp, &segment) : nf_tcp_take_in(&tcp, &segment))) {
		session->tcp_edges = tcp.edges;
		return false;
	}
	ends = nf_tcp_is_established(session->tcp_state) && !nf_tcp_is_established(tcp.state);
	nat_session_set_tcp(w->sessions, slot, &tcp, w->nf->now_ns);
	return ends;
}
