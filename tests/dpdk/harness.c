/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_debug.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "agent.h"
#include "slim_command.h"

/* Payload bytes race by design (a seqlock): only the numbers around them are ordered. */
#define HARNESS_RACY __attribute__((no_sanitize("thread"), noinline))

static struct rte_mempool *pool;

/* ---- what TSan must see --------------------------------------------------- */

static int
pool_alloc(struct rte_mempool *mp)
{
	struct rte_ring *ring =
		rte_ring_create("harness pool", rte_align32pow2(mp->size + 1), SOCKET_ID_ANY, 0);

	mp->pool_data = ring;
	return ring != NULL ? 0 : -rte_errno;
}

static void
pool_free(struct rte_mempool *mp)
{
	rte_ring_free(mp->pool_data);
}

static int
pool_enqueue(struct rte_mempool *mp, void *const *objects, unsigned int n)
{
	return rte_ring_mp_enqueue_bulk(mp->pool_data, objects, n, NULL) == 0 ? -ENOBUFS : 0;
}

static int
pool_dequeue(struct rte_mempool *mp, void **objects, unsigned int n)
{
	return rte_ring_mc_dequeue_bulk(mp->pool_data, objects, n, NULL) == 0 ? -ENOBUFS : 0;
}

static unsigned int
pool_count(const struct rte_mempool *mp)
{
	return rte_ring_count(mp->pool_data);
}

static const struct rte_mempool_ops pool_ops = {
	.name = "harness",
	.alloc = pool_alloc,
	.free = pool_free,
	.enqueue = pool_enqueue,
	.dequeue = pool_dequeue,
	.get_count = pool_count,
};

static uint16_t
port_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	return (uint16_t)rte_ring_dequeue_burst(queue, (void **)pkts, n, NULL);
}

static uint16_t
port_tx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	return (uint16_t)rte_ring_enqueue_burst(queue, (void **)pkts, n, NULL);
}

static uint16_t
port_rx_vector(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	return port_rx(queue, pkts, n & ~3u);
}

void
harness_vector_port(uint16_t port_id, struct rte_ring **rx)
{
	rte_eth_fp_ops[port_id].rx_pkt_burst = port_rx_vector;
	rte_eth_fp_ops[port_id].rxq.data = (void **)rx;
}

void
harness_instrument_port(uint16_t port_id, struct rte_ring **rx, struct rte_ring **tx)
{
	if (!HARNESS_TSAN)
		return;
	rte_eth_fp_ops[port_id].rx_pkt_burst = port_rx;
	rte_eth_fp_ops[port_id].tx_pkt_burst = port_tx;
	rte_eth_fp_ops[port_id].rxq.data = (void **)rx;
	rte_eth_fp_ops[port_id].txq.data = (void **)tx;
}

/* ---- the EAL ------------------------------------------------------------------ */

void
harness_start_eal(void)
{
	char args[][24] = {"test",
			   "--no-huge",
			   "-m",
			   "512",
			   "--no-pci",
			   "--no-shconf",
			   "--no-telemetry",
			   "--log-level=4",
			   "--iova-mode=va",
			   "-l",
			   "0"};
	char *argv[sizeof(args) / sizeof(args[0]) + 1] = {NULL};
	int argc = sizeof(args) / sizeof(args[0]);
	cpu_set_t cores;

	if (pool != NULL)
		return;
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
	pool = rte_pktmbuf_pool_create_by_ops("harness", 16383, 0, 0, 512, 0,
					      HARNESS_TSAN ? "harness" : NULL);
	if (pool == NULL)
		rte_exit(EXIT_FAILURE, "no memory for packets\n");
}

struct rte_mempool *
harness_pool(void)
{
	return pool;
}

static uint64_t virtual_ns;

int __real_clock_gettime(clockid_t clock, struct timespec *ts);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ts);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (virtual_ns == 0)
		return __real_clock_gettime(clock, ts);
	ts->tv_sec = (time_t)(virtual_ns / UINT64_C(1000000000));
	ts->tv_nsec = (long)(virtual_ns % UINT64_C(1000000000));
	return 0;
}

void
harness_set_time(uint64_t now_ns)
{
	virtual_ns = now_ns;
}

uint64_t
harness_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

uint64_t
harness_real_ns(void)
{
	struct timespec ts;

	__real_clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

uint32_t
harness_random(struct harness_random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(z >> 32);
}

struct harness_shm
harness_shm_of(struct slim_agent *agent)
{
	struct harness_shm shm = {.info = agent->info, .control = agent->control};

	for (uint16_t t = 0; t < agent->n_tables; t++)
		shm.slabs[t] = agent->tables[t].pub.slab;
	return shm;
}

uint32_t
harness_command(struct harness_shm *shm, const struct slim_shm_command *command)
{
	return slim_command_write(&shm->control->gate, command);
}

bool
harness_all_acked(const struct harness_shm *shm, uint32_t epoch)
{
	for (uint32_t i = 0; i < shm->info->n_workers; i++) {
		if (atomic_load_explicit(&shm->info->workers[i].ack_epoch, memory_order_acquire) !=
		    epoch) /* P2 */
			return false;
	}
	return true;
}

HARNESS_RACY static void
copy_racy(void *to, const void *from, uint32_t size)
{
	const volatile uint64_t *src = from;
	uint64_t *dst = to;

	for (uint32_t i = 0; i < size / 8; i++)
		dst[i] = src[i];
}

uint32_t
harness_read_slot(const struct harness_shm *shm, uint32_t table, uint32_t slot, void *payload,
		  bool *ret_used, uint8_t *ret_bucket)
{
	const struct slim_shm_table *t = &shm->info->tables[table];
	const uint8_t *at = shm->slabs[table] + (size_t)slot * t->slot_size;
	const struct slim_slot_head *head = (const void *)at;
	uint32_t before, after;

	do {
		before = atomic_load_explicit(&head->seq, memory_order_acquire); /* P7 */
		*ret_used = __atomic_load_n(&head->used, __ATOMIC_RELAXED) != 0;
		*ret_bucket = __atomic_load_n(&head->bucket, __ATOMIC_RELAXED);
		copy_racy(payload, head + 1, t->slot_size - (uint32_t)sizeof(*head));
		atomic_thread_fence(memory_order_acquire);
		after = atomic_load_explicit(&head->seq, memory_order_relaxed);
	} while ((before & 1) != 0 || before != after);
	return before;
}

uint32_t
harness_take_dirty(struct harness_shm *shm, uint32_t table)
{
	const struct slim_shm_table *t = &shm->info->tables[table];
	uint8_t *control = (uint8_t *)shm->control;
	_Atomic uint8_t *dirty = (void *)(control + t->dirty_offset);

	for (uint32_t i = 0; i < shm->info->n_workers; i++) {
		struct slim_shm_ring *ring =
			(void *)(control + t->ring_offset + i * t->ring_stride);
		uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
		uint32_t slot;

		if (head == atomic_load_explicit(&ring->tail, memory_order_acquire)) /* P3 */
			continue;
		slot = ring->slots[head & (t->ring_size - 1)];
		atomic_store_explicit(&ring->head, head + 1, memory_order_release); /* P4 */
		atomic_store_explicit(&dirty[slot], 0, memory_order_release);
		atomic_thread_fence(memory_order_seq_cst); /* P8 */
		return slot;
	}
	return SLIM_NO_SLOT;
}

static struct slim_shm_install *
install_ring(const struct harness_shm *shm, uint32_t worker)
{
	return (void *)((uint8_t *)shm->control + shm->info->install_offset +
			worker * sizeof(struct slim_shm_install));
}

bool
harness_install(struct harness_shm *shm, uint32_t worker, enum slim_install_op op, uint32_t table,
		uint8_t bucket, uint32_t source_slot, const void *row, uint32_t row_size)
{
	struct slim_shm_install *ring = install_ring(shm, worker);
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint64_t done = atomic_load_explicit(&shm->info->workers[worker].installed_bytes,
					     memory_order_acquire); /* P6 */
	struct slim_install_record record = {
		.size = (uint32_t)sizeof(record) + row_size,
		.op = (uint8_t)op,
		.table = (uint8_t)table,
		.bucket = bucket,
		.source_slot = source_slot,
		.row_size = row_size,
	};
	uint32_t at = (uint32_t)tail & (SLIM_INSTALL_RING_SIZE - 1);
	uint32_t to_end = SLIM_INSTALL_RING_SIZE - at;
	uint32_t pad = to_end < record.size ? to_end : 0;

	if (tail + pad + record.size - done > SLIM_INSTALL_RING_SIZE)
		return false;
	if (pad != 0) {
		struct slim_install_record filler = {.size = pad, .op = SLIM_INSTALL_PAD};

		memcpy(ring->data + at, &filler, pad < sizeof(filler) ? pad : sizeof(filler));
		at = 0;
	}
	memcpy(ring->data + at, &record, sizeof(record));
	if (row_size != 0)
		memcpy(ring->data + at + sizeof(record), row, row_size);
	atomic_store_explicit(&ring->tail, tail + pad + record.size, memory_order_release); /* P5 */
	return true;
}

bool
harness_install_done(const struct harness_shm *shm)
{
	for (uint32_t i = 0; i < shm->info->n_workers; i++) {
		uint64_t tail =
			atomic_load_explicit(&install_ring(shm, i)->tail, memory_order_relaxed);

		if (atomic_load_explicit(&shm->info->workers[i].installed_bytes,
					 memory_order_acquire) != tail) /* P6 */
			return false;
	}
	return true;
}
