/* SPDX-License-Identifier: Apache-2.0 */
/* What the NFs of the loop have in common; see loop.h. */
#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>
#include <rte_malloc.h>

/* ---- set-up ------------------------------------------------------------------------------------- */

static int
create_agent(struct loop *loop, struct slim_agent_config *config)
{
	char kind[SLIM_NAME_SIZE];
	struct slim_port_config ports[LOOP_PORTS];
	int error;

	snprintf(kind, sizeof(kind), "slim-%s", loop_nf.name);
	for (uint32_t p = 0; p < LOOP_PORTS; p++)
		ports[p] = (struct slim_port_config){.name = loop_nf.ports[p],
						     .port_id = loop->wires[p].port_id,
						     .n_rx_queues = 1};
	config->name = "loop";
	config->service = loop_nf.name;
	config->kind = kind;
	config->version = SLIM_VERSION;
	config->identity = "";
	config->active = true;
	config->n_workers = 1;
	config->n_ports = LOOP_PORTS;
	config->ports = ports;
	config->frame_pool = loop->pool;
	config->socket_id = SOCKET_ID_ANY;
	error = slim_agent_create(config, &loop->agent);
	if (error == 0)
		error = loop_nf.create_tables(loop->agent);
	return error == 0 ? slim_agent_start(loop->agent) : error;
}

static int
create_worker(struct loop *loop)
{
	uint16_t port_ids[LOOP_PORTS];
	int error;

	for (uint32_t p = 0; p < LOOP_PORTS; p++)
		port_ids[p] = loop->wires[p].port_id;
	loop->worker = rte_zmalloc("worker", sizeof(*loop->worker), RTE_CACHE_LINE_SIZE);
	if (loop->worker == NULL)
		return -ENOMEM;
	error = nf_worker_init(loop->worker, 0, 1, port_ids, LOOP_PORTS, loop->pool);
	if (error != 0)
		return error;
	loop->worker->agent = slim_agent_worker(loop->agent, 0);
	loop->worker->clock = &loop->clock;
	return loop_nf.join(loop->worker) ? 0 : -ENOMEM;
}

int
loop_open(struct loop *loop)
{
	struct slim_agent_config config = {0};
	int error;

	if (!loop_nf.create(&loop->load, &config))
		return -EINVAL; /* it has said why */
	error = create_agent(loop, &config);
	if (error == 0)
		error = create_worker(loop);
	if (error != 0)
		fprintf(stderr, "%s: %s\n", loop_nf.name, strerror(-error));
	return error;
}

void
loop_close(struct loop *loop)
{
	nf_worker_fini(loop->worker);
	loop_nf.destroy();
	slim_agent_destroy(loop->agent);
	rte_free(loop->worker);
}

/* ---- packets ------------------------------------------------------------------------------------- */

void *
loop_put_ethernet(struct rte_mbuf *m, uint8_t port, const struct rte_ether_addr *to, uint16_t size)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)rte_pktmbuf_append(
		m, (uint16_t)(sizeof(struct rte_ether_hdr) + size));

	memset(eth, 0, sizeof(*eth) + size);
	eth->dst_addr = *to;
	eth->src_addr = LOOP_NEIGHBOUR_MAC(port);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	return eth + 1;
}

void *
loop_put_ipv4(void *at, uint8_t protocol, rte_be32_t src, rte_be32_t dst, uint16_t size)
{
	struct rte_ipv4_hdr *ip = at;

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(size),
		.time_to_live = 64,
		.next_proto_id = protocol,
		.src_addr = src,
		.dst_addr = dst,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return ip + 1;
}

bool
loop_answer_arp(uint8_t port, struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(eth + 1);
	const struct rte_ether_addr neighbour = LOOP_NEIGHBOUR_MAC(port);
	rte_be32_t asked = arp->arp_data.arp_tip;

	if (eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_ARP) ||
	    arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST))
		return false;
	eth->dst_addr = eth->src_addr;
	eth->src_addr = neighbour;
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = neighbour;
	arp->arp_data.arp_sip = asked;
	return true;
}

/* ---- what came of them ---------------------------------------------------------------------------- */

static bool
is_drop(const struct nf_counter_name *name)
{
	return strncmp(name->name, "drop_", 5) == 0;
}

uint64_t
loop_dropped(const struct loop *loop)
{
	const struct nf_worker *w = loop->worker;
	uint64_t n = w->counters[NF_transmit_full];

	for (unsigned int c = 0; c < NF_N_COUNTERS; c++)
		n += is_drop(&nf_counter_names[c]) ? w->counters[c] : 0;
	for (unsigned int c = 0; c < loop_nf.n_counters; c++)
		n += is_drop(&loop_nf.counters[c]) ? w->counters[NF_N_COUNTERS + c] : 0;
	return n + (loop_nf.failed == NULL ? 0 : loop_nf.failed());
}
