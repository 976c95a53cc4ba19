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

static bool
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
		return false;
	}
	return true;
}

static bool
create(const struct loop_load *load, struct slim_agent_config *agent)
{
	if (load->only_new) {
		fprintf(stderr, "gateway: packets open no sessions\n");
		return false;
	}
	s.load = *load;
	s.random = 1;
	if (!configure(load))
		return false;
	s.cells = calloc(load->sessions, sizeof(*s.cells));
	s.gateway = rte_zmalloc("gateway", sizeof(*s.gateway), RTE_CACHE_LINE_SIZE);
	s.worker = rte_zmalloc("worker", sizeof(*s.worker), RTE_CACHE_LINE_SIZE);
	if (s.cells == NULL || s.gateway == NULL || s.worker == NULL ||
	    gateway_init(s.gateway, &s.config, 1) != 0) {
		fprintf(stderr, "gateway: no memory\n");
		return false;
	}
	agent->bucket_worker = s.gateway->bucket_worker;
	agent->hold_capacity = s.config.hold_capacity;
	return true;
}

static int
create_tables(struct slim_agent *agent)
{
	return gateway_create_tables(s.gateway, agent);
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
static bool
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
			return false;
	}
	return true;
}

static bool
join(struct nf_worker *nf)
{
	return gateway_worker_init(s.worker, s.gateway, nf) == 0 &&
	       open_sessions(nf_clock_now(nf->clock));
}

static void
destroy(void)
{
	gateway_worker_fini(s.worker);
	gateway_fini(s.gateway);
	rte_free(s.worker);
	rte_free(s.gateway);
	free(s.cells);
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
	struct rte_udp_hdr *udp = loop_put_ipv4(at, IPPROTO_UDP, src, dst, size);

	*udp = (struct rte_udp_hdr){
		.src_port = rte_cpu_to_be_16(port),
		.dst_port = rte_cpu_to_be_16(port),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(size - sizeof(struct rte_ipv4_hdr))),
	};
	return (uint8_t *)(udp + 1);
}

static void *
write_ethernet(struct rte_mbuf *m, uint8_t side, uint16_t size)
{
	return loop_put_ethernet(m, side, &s.config.sides[side].mac, size);
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

/* ---- what comes out -------------------------------------------------------------------------------- */

/* Handovers that did not switch the path. */
static uint64_t
failed(void)
{
	return s.n_changes - s.worker->nf->counters[GATEWAY_path_switched_by_data];
}

const struct loop_nf loop_nf = {
	.name = "gateway",
	.ports = {[GATEWAY_ACCESS] = "access", [GATEWAY_CORE] = "core"},
	.counters = gateway_counter_names,
	.n_counters = GATEWAY_N_COUNTERS - NF_N_COUNTERS,
	.memory = memory,
	.step_ns = step_ns,
	.create = create,
	.create_tables = create_tables,
	.join = join,
	.destroy = destroy,
	.next = next,
	.failed = failed,
};
