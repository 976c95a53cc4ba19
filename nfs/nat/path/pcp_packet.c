/* SPDX-License-Identifier: Apache-2.0 */
/* PCP requests as packets; see pcp_packet.h. */
#include "pcp_packet.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_udp.h>

#include "counters.h"
#include "pcp_server.h"
#include "send.h"

#define OWN_TTL 64

/* Over the datagram: what stands behind it in the packet is none of it (RFC 768). Leaves the field zero: the
 * packet goes no further. */
static bool
checksum_is_wrong(struct nat_packet *p)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)p->l4;
	rte_be16_t sent = udp->dgram_cksum;
	struct rte_ipv4_hdr ip = *p->ip;

	udp->dgram_cksum = 0;
	ip.total_length = rte_cpu_to_be_16(
		(uint16_t)(rte_ipv4_hdr_len(&ip) + rte_be_to_cpu_16(udp->dgram_len)));
	return sent != 0 && rte_ipv4_udptcp_cksum(&ip, udp) != sent;
}

/* In one piece, from somebody inside who can be answered, and as it was sent? */
static uint16_t
refusal(const struct nat_worker *w, struct nat_packet *p, struct nf_next *ret_next)
{
	enum nf_refusal address = nat_may_answer(w, p->ip->src_addr, NAT_INSIDE, ret_next);

	if (address != NF_ALLOWED)
		return nat_refusal_drops[address];
	if (p->m->nb_segs != 1 || checksum_is_wrong(p))
		return NAT_drop_pcp;
	return 0;
}

/* The response, in an mbuf that is empty. */
static void
write_response(struct nat_worker *w, const struct nat_packet *p, const uint8_t *bytes, size_t size,
	       struct rte_mbuf *m)
{
	const struct rte_udp_hdr *request = (const struct rte_udp_hdr *)p->l4;
	uint16_t udp_size = (uint16_t)(sizeof(struct rte_udp_hdr) + size);
	uint16_t ip_size = (uint16_t)(sizeof(struct rte_ipv4_hdr) + udp_size);
	struct rte_ipv4_hdr *ip;
	struct rte_udp_hdr *udp;

	rte_pktmbuf_append(m, (uint16_t)(sizeof(struct rte_ether_hdr) + ip_size));
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(ip_size),
		.time_to_live = OWN_TTL,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = p->ip->dst_addr,
		.dst_addr = p->ip->src_addr,
	};
	nat_id_give(&w->ids, ip);
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, sizeof(*ip));
	udp = (struct rte_udp_hdr *)(ip + 1);
	*udp = (struct rte_udp_hdr){
		.src_port = request->dst_port,
		.dst_port = request->src_port,
		.dgram_len = rte_cpu_to_be_16(udp_size),
	};
	memcpy(udp + 1, bytes, size);
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

/* The server changes something only now, when nothing can keep back its answer. */
static void
answer(struct nat_worker *w, struct nat_packet *p, struct rte_mbuf *m, const struct nf_next *next)
{
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)p->l4;
	size_t size = rte_be_to_cpu_16(udp->dgram_len) - sizeof(*udp);
	uint8_t bytes[NAT_PCP_MAX_SIZE], result = 0;

	/* A longer one is refused by its size alone. */
	memcpy(bytes, udp + 1, RTE_MIN(size, sizeof(bytes)));
	size = nat_pcp_server_answer(w->pcp, p->ip->src_addr, bytes, size, w->nf->now_ns, &result);
	if (size == 0) {
		rte_pktmbuf_free(m);
		nf_drop(w->nf, p->m, NAT_drop_pcp);
		return;
	}
	write_response(w, p, bytes, size, m);
	nf_count(w->nf, result == NAT_PCP_SUCCESS ? NAT_pcp_granted : NAT_pcp_refused, 1);
	nat_send(w, m, next);
	rte_pktmbuf_free(p->m);
}

void
nat_pcp_take(struct nat_worker *w, struct nat_packet *p)
{
	struct nf_next next;
	uint16_t drop = refusal(w, p, &next);
	struct rte_mbuf *m = NULL;

	if (drop == 0) {
		m = rte_pktmbuf_alloc(w->nf->pool);
		drop = m == NULL ? NF_no_mbuf : 0;
	}
	if (drop != 0)
		nf_drop(w->nf, p->m, drop);
	else
		answer(w, p, m, &next);
}
