/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim-nat for the loop.
 *
 * Flows are numbered in the order in which they open; even ones are UDP, odd ones TCP. Sixteen
 * neighbours belong to one subscriber. Data packets go over flows chosen at random, in both
 * directions. Packets that change state come in turn:
 *
 *   a UDP flow opens; a TCP flow opens with SYN; the SYN-ACK of an earlier one; its ACK;
 *   RST of the oldest one, which ends, and the oldest UDP flow falls silent
 *
 * so of five changes two open a session. What has ended expires by its timeout. All packets
 * are as small as Ethernet has them; the last four bytes are the number of the flow.
 */
#include "loop.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "counters.h"
#include "round.h"

#define PACKET_SIZE 46u /* in a frame of 60 octets */
#define FLOWS_PER_SUBSCRIBER 16u
#define SESSIONS_PER_ADDRESS 32768u /* external ones: ports are half in use */
#define TIMEOUT_S 8u /* of UDP flows and ended TCP flows: no flow in use is silent that long */
#define CONFIG_SIZE 2048u
#define SECOND_NS UINT64_C(1000000000)
#define BYTES_PER_SESSION 384u
#define BYTES_PER_SET \
	(sizeof(struct nat_port_set) + sizeof(uint16_t) + NAT_PLACES * sizeof(uint32_t))
#define BYTES_PER_ADDRESS (SLIM_N_BUCKETS * (uint64_t)NAT_N_PROTOCOLS * BYTES_PER_SET)

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 };

enum change { OPEN_UDP, OPEN_TCP, ANSWER, ESTABLISH, RESET, N_CHANGES };

/* As the first packet that left had it. Port 0: not known. */
struct flow {
	rte_be32_t outside_address;
	rte_be16_t outside_port;
};

struct state {
	struct loop_load load;
	struct nat_config config;
	struct nat *nat;
	struct nat_worker *worker;
	/* Flow n stands at n & mask. */
	struct flow *flows;
	uint32_t mask;
	/* Flow numbers: oldest that lives; next to open; next of each step of a TCP flow. */
	uint32_t oldest;
	uint32_t next;
	uint32_t known;    /* below: the external address is known */
	uint32_t answer;   /* odd: next to get its SYN-ACK */
	uint32_t answered; /* below: the SYN-ACK went through */
	uint32_t establish;
	uint32_t ready; /* below: may carry data */
	uint32_t n_packets;
	uint32_t n_changes;
	uint64_t random;
};

static struct state s;

/* ---- size ------------------------------------------------------------------------------------ */

/* Alive and ended ones. */
static uint32_t
capacity(const struct loop_load *load)
{
	return load->sessions * 2 + 4096;
}

static uint32_t
n_addresses(const struct loop_load *load)
{
	return capacity(load) / SESSIONS_PER_ADDRESS + 1;
}

static uint64_t
memory(const struct loop_load *load)
{
	return (uint64_t)capacity(load) * BYTES_PER_SESSION + n_addresses(load) * BYTES_PER_ADDRESS;
}

/* Time is scaled with the table, so that sessions of any number live equally long: each gets
 * four packets a second. Only new ones: as many as the timeout leaves alive. */
static uint64_t
step_ns(const struct loop_load *load)
{
	if (load->only_new)
		return (uint64_t)(TIMEOUT_S + 1) * SECOND_NS / load->sessions;
	return SECOND_NS / 4 / load->sessions;
}

/* ---- set-up ------------------------------------------------------------------------------------ */

static bool
configure(const struct loop_load *load)
{
	uint32_t last = n_addresses(load) - 1;
	char text[CONFIG_SIZE], error[NF_CONFIG_ERROR_SIZE] = "";
	int size = snprintf(text, sizeof(text),
			    "instance: loop\nservice: nat\n"
			    "inside:\n  name: inside\n  port: 0\n  address: 10.255.0.1/24\n"
			    "  mac: 02:00:00:00:01:01\n"
			    "  routes: [{prefix: 100.64.0.0/10, via: 10.255.0.2}]\n"
			    "outside:\n  name: outside\n  port: 1\n  address: 203.0.113.1/24\n"
			    "  mac: 02:00:00:00:02:01\n"
			    "  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]\n"
			    "pool: {first: 198.18.0.0, last: 198.18.%u.%u}\n"
			    "timeouts: {udp: %u, tcp_transitory: %u}\n"
			    "capacity: %" PRIu32 "\nneighbours: 256\nhold_capacity: 64\n",
			    last >> 8, last & 0xff, TIMEOUT_S, TIMEOUT_S, capacity(load));

	if (nat_config_parse("loop", text, (size_t)size, &s.config, error) != 0) {
		fprintf(stderr, "%s\n", error);
		return false;
	}
	return true;
}

static bool
create(const struct loop_load *load, struct slim_agent_config *agent)
{
	s.load = *load;
	s.random = 1;
	s.answer = s.establish = s.answered = 1;
	s.mask = rte_align32pow2(capacity(load) * 2) - 1;
	s.flows = calloc((size_t)s.mask + 1, sizeof(*s.flows));
	s.nat = rte_zmalloc("nat", sizeof(*s.nat), RTE_CACHE_LINE_SIZE);
	s.worker = rte_zmalloc("worker", sizeof(*s.worker), RTE_CACHE_LINE_SIZE);
	if (!configure(load))
		return false;
	if (s.flows == NULL || s.nat == NULL || s.worker == NULL ||
	    nat_init(s.nat, &s.config, 1) != 0) {
		fprintf(stderr, "nat: no memory\n");
		return false;
	}
	agent->bucket_worker = s.nat->bucket_worker;
	agent->hold_capacity = s.config.hold_capacity;
	return true;
}

static int
create_tables(struct slim_agent *agent)
{
	return nat_create_tables(s.nat, agent);
}

static bool
join(struct nf_worker *nf)
{
	nat_worker_init(s.worker, s.nat, nf);
	return true;
}

static void
destroy(void)
{
	nat_fini(s.nat);
	rte_free(s.worker);
	rte_free(s.nat);
	free(s.flows);
}

/* ---- packets ------------------------------------------------------------------------------------- */

static bool
is_tcp(uint32_t flow)
{
	return flow & 1;
}

static rte_be32_t
inside_address(uint32_t flow)
{
	return rte_cpu_to_be_32(RTE_IPV4(100, 64, 0, 0) + (flow & s.mask) / FLOWS_PER_SUBSCRIBER);
}

static rte_be16_t
inside_port(uint32_t flow)
{
	return rte_cpu_to_be_16((uint16_t)(1024 + flow % FLOWS_PER_SUBSCRIBER));
}

/* A server of its own for each flow. */
static rte_be32_t
server_address(uint32_t flow)
{
	return rte_cpu_to_be_32(RTE_IPV4(20, 0, 0, 0) + (((flow & s.mask) * 2654435761u) >> 8));
}

#define SERVER_PORT RTE_BE16(443)

static void
write_l4(struct rte_ipv4_hdr *ip, rte_be16_t src_port, rte_be16_t dst_port, uint8_t flags)
{
	if (ip->next_proto_id == IPPROTO_TCP) {
		struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

		tcp->src_port = src_port;
		tcp->dst_port = dst_port;
		tcp->data_off = 5 << 4;
		tcp->tcp_flags = flags;
		tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	} else {
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

		udp->src_port = src_port;
		udp->dst_port = dst_port;
		udp->dgram_len = RTE_BE16(PACKET_SIZE - sizeof(*ip));
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	}
}

/* Returns the side where the packet comes in. */
static uint8_t
write_packet(struct rte_mbuf *m, uint32_t flow, bool inbound, uint8_t flags)
{
	const struct flow *f = &s.flows[flow & s.mask];
	uint8_t side = inbound ? NAT_OUTSIDE : NAT_INSIDE;
	struct rte_ipv4_hdr *ip =
		loop_put_ethernet(m, side, &s.config.sides[side].mac, PACKET_SIZE);

	memcpy((uint8_t *)ip + PACKET_SIZE - sizeof(flow), &flow, sizeof(flow));
	loop_put_ipv4(ip, is_tcp(flow) ? IPPROTO_TCP : IPPROTO_UDP,
		      inbound ? server_address(flow) : inside_address(flow),
		      inbound ? f->outside_address : server_address(flow), PACKET_SIZE);
	if (inbound)
		write_l4(ip, SERVER_PORT, f->outside_port, flags);
	else
		write_l4(ip, inside_port(flow), SERVER_PORT, flags);
	return side;
}

static uint8_t
open_flow(struct rte_mbuf *m)
{
	uint32_t flow = s.next++;

	s.flows[flow & s.mask] = (struct flow){0};
	return write_packet(m, flow, false, SYN);
}

static uint8_t
data(struct rte_mbuf *m)
{
	uint32_t flow = s.oldest + loop_random_below(&s.random, s.ready - s.oldest);
	bool inbound = loop_random_below(&s.random, 100) < s.load.inbound;

	return write_packet(m, flow, inbound && s.flows[flow & s.mask].outside_port != 0, ACK);
}

/* Handshakes follow when the packet before has been through. Data, if there is nothing to do. */
static uint8_t
change(struct rte_mbuf *m, enum change what)
{
	uint32_t flow;

	switch (what) {
	case OPEN_UDP:
	case OPEN_TCP:
		return open_flow(m);
	case ANSWER:
		if (s.answer >= s.known)
			break;
		flow = s.answer;
		s.answer += 2;
		return write_packet(m, flow, true, SYN | ACK);
	case ESTABLISH:
		if (s.establish >= s.answered)
			break;
		flow = s.establish;
		s.establish += 2;
		return write_packet(m, flow, false, ACK);
	case RESET:
		if (s.ready - s.oldest <= s.load.sessions)
			break;
		flow = s.oldest + 1;
		s.oldest += 2;
		return write_packet(m, flow, false, RST);
	case N_CHANGES:
		break;
	}
	return data(m);
}

static bool
filled(void)
{
	if (s.load.only_new)
		return s.next >= s.load.sessions * 2;
	return s.ready >= s.load.sessions;
}

/* Until all sessions are open: opens them, then the handshakes. */
static uint8_t
fill(struct rte_mbuf *m)
{
	if (s.next < s.load.sessions)
		return open_flow(m);
	return change(m, s.answer < s.load.sessions ? ANSWER : ESTABLISH);
}

static uint8_t
open_udp_only(struct rte_mbuf *m)
{
	s.next += is_tcp(s.next);
	return open_flow(m);
}

static uint8_t
next(struct rte_mbuf *m)
{
	if (s.load.only_new)
		return open_udp_only(m);
	if (!filled())
		return fill(m);
	if (s.load.change != 0 && s.n_packets++ % s.load.change == 0)
		return change(m, s.n_changes++ % N_CHANGES);
	return data(m);
}

/* ---- what comes out -------------------------------------------------------------------------------- */

/* A step of a flow has been through. */
static void
learn(uint32_t flow, uint8_t port, const struct rte_ipv4_hdr *ip)
{
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(ip + 1);
	struct flow *f = &s.flows[flow & s.mask];
	uint8_t flags = is_tcp(flow) ? tcp->tcp_flags : 0;

	if (port == NAT_OUTSIDE && f->outside_port == 0) {
		f->outside_address = ip->src_addr;
		f->outside_port = tcp->src_port; /* UDP has it in the same place */
		s.known = RTE_MAX(s.known, flow + 1);
	} else if (port == NAT_INSIDE && flags == (SYN | ACK)) {
		s.answered = RTE_MAX(s.answered, flow + 1);
	} else if (port == NAT_OUTSIDE && flags == ACK && flow >= s.ready) {
		s.ready = flow + 1;
	}
}

static void
sent(uint8_t port, const struct rte_mbuf *m)
{
	const uint8_t *ip =
		rte_pktmbuf_mtod_offset(m, const uint8_t *, sizeof(struct rte_ether_hdr));
	uint32_t flow;

	memcpy(&flow, ip + PACKET_SIZE - sizeof(flow), sizeof(flow));
	learn(flow, port, (const struct rte_ipv4_hdr *)(const void *)ip);
}

const struct loop_nf loop_nf = {
	.name = "nat",
	.ports = {[NAT_INSIDE] = "inside", [NAT_OUTSIDE] = "outside"},
	.counters = nat_counter_names,
	.n_counters = NAT_N_COUNTERS - NF_N_COUNTERS,
	.memory = memory,
	.step_ns = step_ns,
	.create = create,
	.create_tables = create_tables,
	.join = join,
	.destroy = destroy,
	.filled = filled,
	.next = next,
	.sent = sent,
};
