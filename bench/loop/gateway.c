/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim-gateway for the loop.
 *
 * Subscribers are numbered. All have their session from the start, as a control plane made it: even ones
 * as in 4G, odd ones as in 5G, with a PDU session container in both directions. Data packets are
 * those of subscribers chosen at random; uplink ones come in a tunnel from the cell where the subscriber
 * is. A packet that changes state is an uplink packet from the next cell, so that the gateway
 * switches the path and tells the cell that was left.
 *
 * All subscribers' packets are UDP over IPv4 of 64 octets; the last four are the number of the
 * subscriber. Cells are behind one router, and so is the core network.
 */
#include "loop.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_udp.h>

#include "counters.h"
#include "round.h"

#define INNER_SIZE 64u
#define N_CELLS 64u /* three at least: who goes on to the next one does not return at once */
#define FIRST_CELL UINT32_C(0xc6336401) /* 198.51.100.1; RTE_IPV4() shifts an int */
#define FIRST_SUBSCRIBER RTE_IPV4(10, 0, 0, 0)
#define FIRST_TEID UINT32_C(0x10000000)
#define QFI 9u
#define MIN_CAPACITY 1024u
#define CONFIG_SIZE 2048u
#define SECOND_NS UINT64_C(1000000000)
#define BYTES_PER_SESSION 384u

struct state {
	struct loop_load load;
	struct gateway_config config;
	struct gateway *gateway;
	struct slim_agent *agent;
	struct nf_worker *nf;
	struct gateway_worker *worker;
	uint8_t *cells; /* where each subscriber is */
	uint32_t n_packets;
	uint64_t n_changes;
	uint64_t random;
};

static struct state s;

/* ---- size ------------------------------------------------------------------------------------ */

static uint32_t
capacity(const struct loop_load *load)
{
	return RTE_MAX(load->sessions, MIN_CAPACITY);
}

static uint64_t
memory(const struct loop_load *load)
{
	return (uint64_t)capacity(load) * BYTES_PER_SESSION;
}

/* Each subscriber has four packets a second, however many there are. */
static uint64_t
step_ns(const struct loop_load *load)
{
	return SECOND_NS / 4 / load->sessions;
}

/* ---- set-up ------------------------------------------------------------------------------------ */

static int
configure(const struct loop_load *load)
{
	char text[CONFIG_SIZE], error[NF_CONFIG_ERROR_SIZE] = "";
	int size = snprintf(text, sizeof(text),
			    "instance: loop\nservice: gateway\n"
			    "access:\n  name: access\n  port: 0\n  address: 192.0.2.1/24\n"
			    "  mac: 02:00:00:00:01:01\n"
			    "  routes: [{prefix: 198.51.100.0/24, via: 192.0.2.2}]\n"
			    "core:\n  name: core\n  port: 1\n  address: 203.0.113.1/24\n"
			    "  mac: 02:00:00:00:02:01\n"
			    "  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]\n"
			    "subscribers: [10.0.0.0/8]\npath_switch_by_data: true\n"
			    "timeouts: {session: 600}\n"
			    "capacity: %" PRIu32 "\nneighbours: 256\nhold_capacity: 64\n",
			    capacity(load));

	if (gateway_config_parse("loop", text, (size_t)size, &s.config, error) != 0) {
		fprintf(stderr, "%s\n", error);
		return -1;
	}
	return 0;
}

static int
create_agent(struct rte_mempool *pool, const uint16_t *port_ids)
{
	const struct slim_port_config ports[GATEWAY_N_SIDES] = {
		{.name = "access", .port_id = port_ids[GATEWAY_ACCESS], .n_rx_queues = 1},
		{.name = "core", .port_id = port_ids[GATEWAY_CORE], .n_rx_queues = 1},
	};
	const struct slim_agent_config config = {
		.name = "loop",
		.service = "gateway",
		.kind = "slim-gateway",
		.version = SLIM_VERSION,
		.identity = "",
		.active = true,
		.n_workers = 1,
		.n_ports = GATEWAY_N_SIDES,
		.ports = ports,
		.bucket_worker = s.gateway->bucket_worker,
		.hold_capacity = s.config.hold_capacity,
		.frame_pool = pool,
		.socket_id = SOCKET_ID_ANY,
	};

	return slim_agent_create(&config, &s.agent) != 0 ||
			       gateway_create_tables(s.gateway, s.agent) != 0 ||
			       slim_agent_start(s.agent) != 0
		       ? -1
		       : 0;
}

static rte_be32_t
cell_address(uint8_t cell)
{
	return rte_cpu_to_be_32(FIRST_CELL + cell);
}

static rte_be32_t
subscriber_address(uint32_t subscriber)
{
	return rte_cpu_to_be_32(FIRST_SUBSCRIBER + subscriber);
}

static bool
has_container(uint32_t subscriber)
{
	return subscriber & 1;
}

/* What a control plane does before there is traffic. */
static int
open_sessions(uint64_t now_ns)
{
	for (uint32_t i = 0; i < s.load.sessions; i++) {
		struct gateway_session session = {
			.teid = FIRST_TEID + i,
			.ipv4 = subscriber_address(i),
			.cell_address = cell_address(i % N_CELLS),
			.cell_teid = FIRST_TEID + i,
			.qfi = QFI,
			.container = has_container(i),
		};
		uint32_t slot;

		s.cells[i] = i % N_CELLS;
		if (gateway_session_create(s.worker->sessions, &session, now_ns, &slot) !=
		    GATEWAY_SESSION_OK)
			return -1;
	}
	return 0;
}

static struct nf_worker *
open_gateway(const struct loop_load *load, struct rte_mempool *pool, const uint16_t *port_ids,
	     const struct nf_clock *clock)
{
	if (load->only_new) {
		fprintf(stderr, "gateway: packets open no sessions\n");
		return NULL;
	}
	s.load = *load;
	s.random = 1;
	s.cells = calloc(load->sessions, sizeof(*s.cells));
	s.gateway = rte_zmalloc("gateway", sizeof(*s.gateway), RTE_CACHE_LINE_SIZE);
	s.nf = rte_zmalloc("workers", sizeof(*s.nf), RTE_CACHE_LINE_SIZE);
	s.worker = rte_zmalloc("workers", sizeof(*s.worker), RTE_CACHE_LINE_SIZE);
	if (configure(load) != 0)
		return NULL;
	if (s.cells == NULL || s.gateway == NULL || s.nf == NULL || s.worker == NULL ||
	    gateway_init(s.gateway, &s.config, 1) != 0 || create_agent(pool, port_ids) != 0 ||
	    nf_worker_init(s.nf, 0, 1, port_ids, GATEWAY_N_SIDES, pool) != 0) {
		fprintf(stderr, "gateway: no memory\n");
		return NULL;
	}
	s.nf->agent = slim_agent_worker(s.agent, 0);
	s.nf->clock = clock;
	if (gateway_worker_init(s.worker, s.gateway, s.nf) != 0 ||
	    open_sessions(nf_clock_now(clock)) != 0) {
		fprintf(stderr, "gateway: no sessions\n");
		return NULL;
	}
	return s.nf;
}

static void
close_gateway(void)
{
	gateway_worker_fini(s.worker);
	nf_worker_fini(s.nf);
	gateway_fini(s.gateway);
	slim_agent_destroy(s.agent);
	rte_free(s.worker);
	rte_free(s.nf);
	rte_free(s.gateway);
	free(s.cells);
}

static struct slim_agent *
agent(void)
{
	return s.agent;
}

/* ---- packets ------------------------------------------------------------------------------------- */

/* A server of its own for each subscriber. */
static rte_be32_t
server_address(uint32_t subscriber)
{
	return rte_cpu_to_be_32(RTE_IPV4(20, 0, 0, 0) + ((subscriber * 2654435761u) >> 8));
}

/* UDP over IPv4, `size` octets with both headers. Returns where the payload begins. */
static uint8_t *
write_udp(void *at, rte_be32_t src, rte_be32_t dst, uint16_t port, uint16_t size)
{
	struct rte_ipv4_hdr *ip = at;
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(size),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = src,
		.dst_addr = dst,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	*udp = (struct rte_udp_hdr){
		.src_port = rte_cpu_to_be_16(port),
		.dst_port = rte_cpu_to_be_16(port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(size - sizeof(*ip))),
	};
	return (uint8_t *)(udp + 1);
}

/* A frame of one side with an IP packet of `size` octets. Returns where that begins. */
static void *
write_ethernet(struct rte_mbuf *m, uint8_t side, uint16_t size)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)rte_pktmbuf_append(
		m, (uint16_t)(sizeof(struct rte_ether_hdr) + size));

	memset(eth, 0, sizeof(*eth) + size);
	eth->dst_addr = s.config.sides[side].mac;
	eth->src_addr = LOOP_NEIGHBOUR_MAC(side);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	return eth + 1;
}

static void
write_inner(uint8_t *at, uint32_t subscriber, rte_be32_t src, rte_be32_t dst)
{
	write_udp(at, src, dst, 443, INNER_SIZE);
	memcpy(at + INNER_SIZE - sizeof(subscriber), &subscriber, sizeof(subscriber));
}

/* Each returns the side where the packet comes in. */

static uint8_t
downlink(struct rte_mbuf *m, uint32_t subscriber)
{
	write_inner(write_ethernet(m, GATEWAY_CORE, INNER_SIZE), subscriber,
		    server_address(subscriber), subscriber_address(subscriber));
	return GATEWAY_CORE;
}

static uint8_t
uplink(struct rte_mbuf *m, uint32_t subscriber)
{
	bool container = has_container(subscriber);
	uint16_t header = gtpu_header_size(container);
	uint16_t size = (uint16_t)(sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr) +
				   header + INNER_SIZE);
	uint8_t *gtpu = write_udp(write_ethernet(m, GATEWAY_ACCESS, size),
				  cell_address(s.cells[subscriber]),
				  s.config.sides[GATEWAY_ACCESS].address, GTPU_PORT, size);

	gtpu_put_g_pdu(gtpu, FIRST_TEID + subscriber, INNER_SIZE, container, QFI);
	if (container) /* what was written is a downlink one: the other PDU type (TS 38.415) */
		gtpu[GTPU_HEADER_SIZE + GTPU_OPTIONS_SIZE + 1] = GTPU_UPLINK << 4;
	write_inner(gtpu + header, subscriber, subscriber_address(subscriber),
		    server_address(subscriber));
	return GATEWAY_ACCESS;
}

static uint8_t
hand_over(struct rte_mbuf *m, uint32_t subscriber)
{
	s.cells[subscriber] = (uint8_t)((s.cells[subscriber] + 1u) % N_CELLS);
	s.n_changes++;
	return uplink(m, subscriber);
}

static uint8_t
next(struct rte_mbuf *m)
{
	uint32_t subscriber = loop_random_below(&s.random, s.load.sessions);

	if (s.load.change != 0 && s.n_packets++ % s.load.change == 0)
		return hand_over(m, subscriber);
	if (loop_random_below(&s.random, 100) < s.load.inbound)
		return downlink(m, subscriber);
	return uplink(m, subscriber);
}

static bool
filled(void)
{
	return true;
}

/* ---- what comes out -------------------------------------------------------------------------------- */

static bool
sent(uint8_t port, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_ARP) && loop_answer_arp(port, m);
}

/* A handover that did not switch the path counts as well. */
static uint64_t
dropped(void)
{
	return loop_dropped(s.nf, gateway_counter_names, GATEWAY_N_COUNTERS - NF_N_COUNTERS) +
	       s.n_changes - s.nf->counters[GATEWAY_path_switched_by_data];
}

const struct loop_nf loop_nf = {
	.name = "gateway",
	.open = open_gateway,
	.close = close_gateway,
	.memory = memory,
	.step_ns = step_ns,
	.filled = filled,
	.next = next,
	.sent = sent,
	.dropped = dropped,
	.agent = agent,
};
