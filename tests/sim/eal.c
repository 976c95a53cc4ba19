/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DPDK for the simulator: one EAL a process, without hugepages and devices. Packets are real mbufs
 * of a pool whose free list is ours, so that a packet that the agent drops is noticed at once. Ports
 * are ring ports whose burst functions are replaced by the simulator's own.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "session.h"

#define N_MBUFS 8191u
#define DATA_SIZE 128u

struct payload {
	struct rte_ether_hdr eth;
	uint32_t flow, seq;
} __attribute__((packed, aligned(2)));

static struct world *world;
static const struct host *clock_host;
static struct rte_mempool *pool;
static struct rte_mbuf *stack[N_MBUFS + 1];
static unsigned int n_stack;
static bool pool_ready;
static uint16_t ports[SIM_SERVICES][2][SIM_PORTS];

/* ---- the clock, and whose it is ------------------------------------------------------------ */

void
eal_enter(struct world *w, const struct host *host)
{
	world = w;
	clock_host = host;
}

int __real_clock_gettime(clockid_t clock, struct timespec *ts);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned int flags);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	uint64_t ns;

	if (world == NULL)
		return __real_clock_gettime(clock, ts);
	ns = world->now + (clock_host != NULL ? clock_host->clock_ns : 0);
	if (clock == CLOCK_REALTIME)
		ns = world->now + SEC(1700000000);
	ts->tv_sec = (time_t)(ns / SEC(1));
	ts->tv_nsec = (long)(ns % SEC(1));
	return 0;
}

ssize_t
__wrap_getrandom(void *bytes, size_t size, unsigned int flags)
{
	uint64_t n = rnd(world, RNG_IDS, UINT64_MAX) | 1u;

	(void)flags;
	memset(bytes, 0, size);
	memcpy(bytes, &n, size < sizeof(n) ? size : sizeof(n));
	return (ssize_t)size;
}

/* ---- packets ------------------------------------------------------------------------------------ */

static uint32_t *
number_of(const struct rte_mbuf *m)
{
	return rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
}

uint32_t
eal_number(const struct rte_mbuf *m)
{
	return *number_of(m);
}

void
eal_set_number(struct rte_mbuf *m, uint32_t p)
{
	*number_of(m) = p;
}

static int
pool_alloc(struct rte_mempool *mp)
{
	(void)mp;
	return 0;
}

static void
pool_free(struct rte_mempool *mp)
{
	(void)mp;
}

static int
pool_enqueue(struct rte_mempool *mp, void *const *objects, unsigned int n)
{
	(void)mp;
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = objects[i];

		if (pool_ready && *number_of(m) != SIM_NONE) {
			instance_lost(world, *number_of(m));
			*number_of(m) = SIM_NONE;
		}
		stack[n_stack++] = m;
	}
	return 0;
}

static int
pool_dequeue(struct rte_mempool *mp, void **objects, unsigned int n)
{
	(void)mp;
	if (n > n_stack)
		return -ENOBUFS;
	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = stack[--n_stack];

		if (pool_ready)
			*number_of(m) = SIM_NONE;
		objects[i] = m;
	}
	return 0;
}

static unsigned int
pool_count(const struct rte_mempool *mp)
{
	(void)mp;
	return n_stack;
}

static const struct rte_mempool_ops pool_ops = {
	.name = "sim",
	.alloc = pool_alloc,
	.free = pool_free,
	.enqueue = pool_enqueue,
	.dequeue = pool_dequeue,
	.get_count = pool_count,
};

struct rte_mempool *
eal_pool(void)
{
	return pool;
}

struct rte_mbuf *
eal_packet(uint32_t p, uint32_t flow, uint32_t seq)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct payload *payload;

	if (m == NULL)
		return NULL;
	m->data_len = sizeof(*payload);
	m->pkt_len = sizeof(*payload);
	payload = rte_pktmbuf_mtod(m, struct payload *);
	memset(payload, 0, sizeof(*payload));
	payload->eth.src_addr.addr_bytes[0] = 2;
	payload->eth.dst_addr.addr_bytes[0] = 2;
	payload->eth.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	payload->flow = flow;
	payload->seq = seq;
	*number_of(m) = p;
	return m;
}

static uint16_t
type_at(const uint8_t *bytes, uint32_t at)
{
	return (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
}

uint8_t
eal_sort(const struct rte_mbuf *m, bool *ret_tagged)
{
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t at = 12;

	*ret_tagged = type_at(bytes, at) == RTE_ETHER_TYPE_VLAN;
	if (*ret_tagged)
		at += sizeof(struct rte_vlan_hdr);
	if (type_at(bytes, at) != SLIM_ETHERTYPE)
		return 0;
	return bytes[at + 2 + offsetof(struct slim_frame, type)];
}

/* ---- pools of the agents ------------------------------------------------------------------------------ */

/* Making a pool costs more than most runs. So one that comes back with all that was in it waits for
 * the next agent. All are as large as the largest that was wanted; smaller ones go. */
#define MAX_POOLS 8u

struct rte_mempool *__real_rte_pktmbuf_pool_create(const char *name, unsigned int n,
						   unsigned int cache_size, uint16_t priv_size,
						   uint16_t data_room_size, int socket_id);
struct rte_mempool *__wrap_rte_pktmbuf_pool_create(const char *name, unsigned int n,
						   unsigned int cache_size, uint16_t priv_size,
						   uint16_t data_room_size, int socket_id);
void __real_rte_mempool_free(struct rte_mempool *mp);
void __wrap_rte_mempool_free(struct rte_mempool *mp);

static struct rte_mempool *waiting[MAX_POOLS];
static unsigned int n_waiting;

static bool
is_like(const struct rte_mempool *mp, unsigned int n, unsigned int cache_size, uint16_t priv_size,
	uint16_t data_room_size)
{
	struct rte_mempool *of = (struct rte_mempool *)(uintptr_t)mp;

	return mp->size >= n && mp->cache_size == cache_size &&
	       rte_pktmbuf_priv_size(of) == priv_size &&
	       rte_pktmbuf_data_room_size(of) == data_room_size;
}

struct rte_mempool *
__wrap_rte_pktmbuf_pool_create(const char *name, unsigned int n, unsigned int cache_size,
			       uint16_t priv_size, uint16_t data_room_size, int socket_id)
{
	static unsigned int serial, most;
	char own[RTE_MEMPOOL_NAMESIZE];

	(void)name; /* one that waits may have it */
	while (n_waiting > 0) {
		struct rte_mempool *mp = waiting[--n_waiting];

		if (is_like(mp, n, cache_size, priv_size, data_room_size))
			return mp;
		__real_rte_mempool_free(mp);
	}
	most = n > most ? n : most;
	snprintf(own, sizeof(own), "frames%u", serial++);
	return __real_rte_pktmbuf_pool_create(own, most, cache_size, priv_size, data_room_size,
					      socket_id);
}

void
__wrap_rte_mempool_free(struct rte_mempool *mp)
{
	if (mp != NULL && rte_mempool_full(mp) && n_waiting < MAX_POOLS)
		waiting[n_waiting++] = mp;
	else
		__real_rte_mempool_free(mp);
}

/* ---- ports ------------------------------------------------------------------------------------------ */

static uint16_t
make_port(uint32_t number)
{
	struct rte_ring *rx[SIM_MAX_WORKERS], *tx[SIM_MAX_WORKERS];
	char name[24];
	int port;

	for (uint32_t q = 0; q < SIM_MAX_WORKERS; q++) {
		snprintf(name, sizeof(name), "rx%u_%u", number, q);
		rx[q] = rte_ring_create(name, 8, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof(name), "tx%u_%u", number, q);
		tx[q] = rte_ring_create(name, 8, SOCKET_ID_ANY, 0);
	}
	snprintf(name, sizeof(name), "sim%u", number);
	port = rte_eth_from_rings(name, rx, SIM_MAX_WORKERS, tx, SIM_MAX_WORKERS, 0);
	if (port < 0)
		rte_exit(EXIT_FAILURE, "no port\n");
	return (uint16_t)port;
}

static void
set_up_port(uint16_t port)
{
	struct rte_eth_conf conf = {0};

	if (rte_eth_dev_configure(port, SIM_MAX_WORKERS, SIM_MAX_WORKERS, &conf) < 0)
		rte_exit(EXIT_FAILURE, "no port\n");
	for (uint16_t q = 0; q < SIM_MAX_WORKERS; q++)
		if (rte_eth_rx_queue_setup(port, q, 0, 0, NULL, pool) < 0 ||
		    rte_eth_tx_queue_setup(port, q, 0, 0, NULL) < 0)
			rte_exit(EXIT_FAILURE, "no queue\n");
	if (rte_eth_dev_start(port) < 0)
		rte_exit(EXIT_FAILURE, "no start\n");
}

uint16_t
eal_port(const struct instance *inst, uint32_t port)
{
	return ports[inst->service->number][inst->side][port];
}

void
eal_bind(struct instance *inst)
{
	static void *queues[SIM_SERVICES][2][SIM_PORTS][SIM_MAX_WORKERS];

	for (uint32_t p = 0; p < SIM_PORTS; p++) {
		void **list = queues[inst->service->number][inst->side][p];
		struct rte_eth_fp_ops *ops = &rte_eth_fp_ops[eal_port(inst, p)];

		for (uint32_t q = 0; q < SIM_MAX_WORKERS; q++)
			list[q] = &inst->queues[p][q];
		ops->rx_pkt_burst = instance_rx;
		ops->tx_pkt_burst = instance_tx;
		ops->rxq.data = list;
		ops->txq.data = list;
	}
}

void
eal_start(void)
{
	char args[][24] = {"sim",
			   "--no-huge",
			   "-m",
			   "64",
			   "--no-pci",
			   "--no-shconf",
			   "--no-telemetry",
			   "--log-level=4",
			   "--iova-mode=va",
			   "-l",
			   "0"};
	char *argv[sizeof(args) / sizeof(args[0]) + 1] = {NULL};
	int argc = sizeof(args) / sizeof(args[0]);
	uint32_t number = 0;
	cpu_set_t cores;

	for (int i = 0; i < argc; i++)
		argv[i] = args[i];
	/* The EAL ties this thread, and all that it starts, to one core: not here. */
	CPU_ZERO(&cores);
	sched_getaffinity(0, sizeof(cores), &cores);
	if (rte_eal_init(argc, argv) < 0)
		rte_exit(EXIT_FAILURE, "the EAL does not start\n");
	sched_setaffinity(0, sizeof(cores), &cores);
	if (rte_mempool_register_ops(&pool_ops) < 0)
		rte_exit(EXIT_FAILURE, "no room for another kind of pool\n");
	pool = rte_pktmbuf_pool_create_by_ops("sim", N_MBUFS, 0, 8,
					      RTE_PKTMBUF_HEADROOM + DATA_SIZE, 0, "sim");
	if (pool == NULL)
		rte_exit(EXIT_FAILURE, "no memory for packets\n");
	for (unsigned int i = 0; i < n_stack; i++)
		*number_of(stack[i]) = SIM_NONE;
	pool_ready = true;
	for (uint32_t s = 0; s < SIM_SERVICES; s++)
		for (uint32_t side = 0; side < 2; side++)
			for (uint32_t p = 0; p < SIM_PORTS; p++) {
				ports[s][side][p] = make_port(number++);
				set_up_port(ports[s][side][p]);
			}
}
