/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variants of an NF with the agent.
 *
 *   idle      nothing moves
 *   tracking  a session copies the tables: the gate command is that of a source, probes went over
 *             the redirect path and came back, and slimd's own tracker drains the dirty rings and
 *             reads the slots, in a thread as in the daemon. When instructions are
 *             counted it drains after each round instead, uncounted; then no
 *             change is ever still in a ring, which is the NF's worst case.
 */
#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "agent.h"
#include "row.h"
#include "schema.h"
#include "slim_command.h"
#include "tracker.h"

#define SESSION 1
#define NONCE UINT64_C(0x6c6f6f70)
#define FIRST_VID 100u
#define PAUSE_NS 20000L               /* of the reader, as slimd's while rows stream */
#define START_NS UINT64_C(5000000000) /* for probes and acknowledgement */
#define CALM_NS UINT64_C(500000000)   /* until nothing of the beginning is under way */
#define WALK_SLOTS 2048u

struct reader {
	struct slim_agent *agent; /* that it reads */
	pthread_t thread;
	_Atomic bool stop;
	_Atomic int error; /* of the last drain */
	uint32_t n_tables;
	struct schema_table tables[SLIM_MAX_TABLES];
	struct schema_link links[SLIM_MAX_TABLES];
	struct tracker *trackers[SLIM_MAX_TABLES];
	struct row_stage stage;
};

static struct reader reader;

/* ---- the reader ----------------------------------------------------------------------------- */

/* What waits in all rings. Slots looked at, or a negative errno. */
static int
drain(struct reader *r, uint32_t max_walk)
{
	int total = 0;

	for (uint32_t t = 0; t < r->n_tables; t++) {
		int n;

		row_stage_reset(&r->stage, &r->links[t]);
		n = tracker_fill(r->trackers[t], &r->stage, max_walk);
		if (n < 0)
			return n;
		total += n;
	}
	return total;
}

static void *
follow(void *arg)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct reader *r = arg;

	while (!atomic_load_explicit(&r->stop, memory_order_relaxed)) {
		int n = drain(r, 0);

		if (n < 0)
			atomic_store_explicit(&r->error, n, memory_order_relaxed);
		if (n <= 0)
			nanosleep(&pause, NULL);
	}
	return NULL;
}

static int
open_tracker(struct reader *r, uint32_t t)
{
	const struct slim_agent *agent = r->agent;
	const struct slim_shm_table *shm = &agent->info->tables[t];
	struct schema_reason reason;
	struct tracker_config config = {
		.link = &r->links[t],
		.slab = agent->tables[t].pub.slab,
		.slot_size = shm->slot_size,
		.capacity = shm->capacity,
		.dirty = agent->tables[t].dirty,
		.rings = (uint8_t *)agent->control + shm->ring_offset,
		.ring_stride = shm->ring_stride,
		.ring_size = shm->ring_size,
		.n_workers = agent->n_workers,
		.table = (uint8_t)t,
		.workers = agent->info->workers,
	};
	int error = schema_from_shm(shm, &r->tables[t], &reason);

	if (error == 0)
		error = schema_link(&r->tables[t], (uint8_t)t, &r->tables[t], &r->tables[t],
				    &r->links[t], &reason);
	return error == 0 ? tracker_create(&config, &r->trackers[t]) : error;
}

static int
open_reader(struct reader *r)
{
	int error = row_stage_init(&r->stage);

	r->n_tables = r->agent->n_tables;
	for (uint32_t t = 0; error == 0 && t < r->n_tables; t++)
		error = open_tracker(r, t);
	return error;
}

/* ---- slimd's part of the gate ------------------------------------------------------------------ */

static uint32_t
command(uint32_t track)
{
	struct slim_shm_command c = {
		.mode = SLIM_GATE_PASS,
		.track = track,
		.n_ports = LOOP_PORTS,
		.session = SESSION,
		.nonce = NONCE,
		.watch = 1,
		.is_source = 1,
		.peer_workers = 1,
	};

	for (uint32_t p = 0; p < LOOP_PORTS; p++)
		c.ports[p].redirect_vid = (uint16_t)(FIRST_VID + p);
	return slim_command_write(&reader.agent->control->gate, &c);
}

static bool
is_acknowledged(uint32_t epoch)
{
	return atomic_load_explicit(&reader.agent->info->workers[0].ack_epoch,
				    memory_order_acquire) == epoch;
}

static bool
is_probed(void)
{
	for (uint32_t p = 0; p < LOOP_PORTS; p++)
		if (atomic_load_explicit(&reader.agent->info->ports[p].probed,
					 memory_order_acquire) == 0)
			return false;
	return true;
}

/* The target's data path: answers probes. */
static bool
answer_frame(struct loop *loop, uint8_t port, struct rte_mbuf *m)
{
	struct slim_frame_content frame;

	(void)loop, (void)port;
	if (!slim_frame_parse(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_data_len(m), true, false,
			      &frame) ||
	    frame.type != SLIM_FRAME_PROBE)
		return false;
	frame.type = SLIM_FRAME_PROBE_ACK;
	m->data_len = (uint16_t)slim_frame_build(rte_pktmbuf_mtod(m, uint8_t *), 0, &frame);
	m->pkt_len = m->data_len;
	return true;
}

static int
arm(struct loop *loop)
{
	uint64_t end_ns = agent_now_ns() + START_NS;
	uint32_t epoch = command(0);

	while (!is_acknowledged(epoch) || !is_probed()) {
		if (agent_now_ns() > end_ns)
			return -ETIMEDOUT;
		loop_idle_round(loop);
	}
	return 0;
}

static int
track(struct loop *loop)
{
	uint64_t end_ns;
	uint32_t epoch;
	int n = open_reader(&reader);

	if (n < 0)
		return n;
	epoch = command((1u << reader.n_tables) - 1u);
	loop_idle_round(loop);
	if (!is_acknowledged(epoch))
		return -EPROTO;
	do
		n = drain(&reader, WALK_SLOTS);
	while (n > 0);
	for (end_ns = agent_now_ns() + CALM_NS; agent_now_ns() < end_ns;)
		loop_idle_round(loop);
	return n;
}

/* ---- variants -------------------------------------------------------------------------------------- */

static int
start_idle(struct loop *loop)
{
	(void)loop;
	return 0;
}

static void
stop_idle(struct loop *loop)
{
	(void)loop;
}

static int
start_tracking(struct loop *loop)
{
	int error;

	reader.agent = loop->agent;
	error = arm(loop);
	return error == 0 ? track(loop) : error;
}

static void
stop_tracking(struct loop *loop)
{
	(void)loop;
	for (uint32_t t = 0; t < reader.n_tables; t++)
		tracker_destroy(reader.trackers[t]);
	row_stage_fini(&reader.stage);
}

/* On any processor but that of the packets. */
static void
resume_tracking(struct loop *loop)
{
	cpu_set_t cpus;

	if (loop->count)
		return;
	atomic_store(&reader.stop, false);
	if (pthread_create(&reader.thread, NULL, follow, &reader) != 0) {
		atomic_store(&reader.stop, true);
		return;
	}
	CPU_ZERO(&cpus);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (i != sched_getcpu())
			CPU_SET(i, &cpus);
	pthread_setaffinity_np(reader.thread, sizeof(cpus), &cpus);
}

static void
pause_tracking(struct loop *loop)
{
	if (loop->count || atomic_load(&reader.stop))
		return;
	atomic_store(&reader.stop, true);
	pthread_join(reader.thread, NULL);
}

static void
drain_after_round(struct loop *loop)
{
	int n;

	(void)loop;
	do
		n = drain(&reader, 0);
	while (n > 0);
	if (n < 0)
		atomic_store(&reader.error, n);
}

const struct loop_variant loop_variants[] = {
	{.name = "idle", .start = start_idle, .stop = stop_idle},
	{.name = "tracking",
	 .start = start_tracking,
	 .stop = stop_tracking,
	 .resume = resume_tracking,
	 .pause = pause_tracking,
	 .after_round = drain_after_round,
	 .frame = answer_frame},
	{0},
};
