/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stress of the dirty ring: workers change slots as fast as they can while a reader takes
 * them out, and a naive oracle (the last value written) says what the reader must have seen
 * once everything is quiet.
 *
 * Built twice: with the agent as it is, and with SLIM_TEST_NO_FENCE, where slim_commit()
 * lacks its fence. The second is the negative control: the same test must find lost updates.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#ifdef SLIM_TEST_NO_FENCE
#define FENCE false
#else
#define FENCE true
#endif

#ifdef __SANITIZE_THREAD__
#define SLOW 20
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLOW 20
#endif
#endif
#ifndef SLOW
#define SLOW 1
#endif

#define PING_ROUNDS (UINT32_C(1000000) / SLOW)
#define STORM_CHANGES (UINT32_C(4000000) / SLOW)
#define STORM_SLOTS 4096u
#define STORM_WORKERS 2u

struct entry {
	uint64_t id;
	uint64_t value;
	uint64_t twin; /* ~value: a torn copy shows */
};

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct entry, id, SLIM_U64),
	SLIM_FIELD_STATE(struct entry, value, SLIM_U64),
	SLIM_FIELD_STATE(struct entry, twin, SLIM_U64),
};

static uint32_t
entry_acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	(void)ctx, (void)w, (void)bucket, (void)key;
	return SLIM_NO_SLOT;
}

static void
entry_removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w, (void)slot, (void)entry;
}

static const struct slim_table_ops ops = {.acquire = entry_acquire, .removed = entry_removed};

static struct slim_agent *agent;
static struct slim_table *table;
static struct harness_shm shm;

static void
start(const char *name, uint16_t n_workers, uint32_t capacity)
{
	struct slim_agent_config config = {.name = name,
					   .service = "test",
					   .kind = "slim-test",
					   .version = "1",
					   .identity = "",
					   .active = true,
					   .n_workers = n_workers};
	struct slim_table_config table_config = {.name = "entries",
						 .capacity = capacity,
						 .entry_size = sizeof(struct entry),
						 .n_fields = 3,
						 .fields = fields,
						 .ops = &ops};
	uint32_t epoch;

	assert_int_equal(slim_agent_create(&config, &agent), 0);
	assert_int_equal(slim_table_create(agent, &table_config, &table), 0);
	assert_int_equal(slim_agent_start(agent), 0);
	shm = harness_shm_of(agent);
	epoch = harness_command(&shm,
				&(struct slim_shm_command){.mode = SLIM_GATE_PASS, .track = 1});
	for (uint16_t i = 0; i < n_workers; i++)
		slim_worker_poll(slim_agent_worker(agent, i));
	assert_true(harness_all_acked(&shm, epoch));
}

static void
change(struct slim_worker *w, uint32_t slot, uint64_t value)
{
	struct entry *e = slim_slot_begin(w, table, slot);

	*e = (struct entry){.id = slot, .value = value, .twin = ~value};
	slim_slot_end(w, table, slot, 0);
}

static void
spin(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		__asm__ volatile("" ::: "memory");
}

/* Waits for the other thread, which may have no core just now. */
static void
wait_for(const _Atomic uint32_t *word, uint32_t value)
{
	for (uint32_t i = 1; atomic_load_explicit(word, memory_order_acquire) != value; i++) {
		if (i % 4096 == 0)
			sched_yield();
	}
}

/* ---- ping-pong on one slot: the store-load race of P8, nothing else ------------- */

static _Atomic uint32_t posted, checked;

/* Stores ahead of the second change that miss every cache, as a packet's may: they keep
 * the change in the store buffer for a while, where the reader cannot see it. */
#define COLD_SIZE (UINT32_C(64) << 20)
#define COLD_STORES 12
static uint8_t *cold;

static void
store_cold(struct harness_random *r)
{
	for (int i = 0; i < COLD_STORES; i++)
		__atomic_store_n(&cold[harness_below(r, COLD_SIZE)], 1, __ATOMIC_RELAXED);
}

/* Each round changes the slot twice: the reader is at work on the first change when
 * the second comes. Then it waits until the reader has seen all there is. */
/* The processor's own reordering shows only when both threads really run at once. */
static cpu_set_t processors; /* before the EAL chose one */

static void
stay_on(unsigned int nth)
{
	cpu_set_t one;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &processors) || nth-- != 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
		return;
	}
}

static void *
ping_writer(void *arg)
{
	struct slim_worker *w = slim_agent_worker(agent, 0);
	struct harness_random r = {.state = 1};

	(void)arg;
	stay_on(1);
	for (uint32_t i = 1; i <= PING_ROUNDS; i++) {
		change(w, 0, 2 * (uint64_t)i);
		slim_commit(w, true);
		spin(harness_below(&r, 1u << harness_below(&r, 14)));
		store_cold(&r);
		change(w, 0, 2 * (uint64_t)i + 1);
		slim_commit(w, true);
		atomic_store_explicit(&posted, i, memory_order_release);
		wait_for(&checked, i);
	}
	return NULL;
}

static uint64_t
take_all(uint64_t *seen)
{
	uint64_t n = 0;
	uint32_t slot;
	struct entry e;
	uint8_t bucket;
	bool used;

	while ((slot = harness_take_dirty(&shm, 0)) != SLIM_NO_SLOT) {
		harness_read_slot(&shm, 0, slot, &e, &used, &bucket);
		if (!used || e.twin != ~e.value || e.id != slot)
			seen[slot] = UINT64_MAX; /* torn: never equal to what was written */
		else
			seen[slot] = e.value;
		n++;
	}
	return n;
}

static void
sees_the_last_of_two_changes(void **state)
{
	uint64_t seen[1] = {0}, taken = 0, lost = 0;
	cpu_set_t before;
	pthread_t writer;

	(void)state;
	cold = calloc(1, COLD_SIZE);
	assert_non_null(cold);
	memset(cold, 2, COLD_SIZE);
	start("ping", 1, 1);
	assert_int_equal(pthread_create(&writer, NULL, ping_writer, NULL), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	stay_on(0);
	for (uint32_t i = 1; i <= PING_ROUNDS; i++) {
		for (uint32_t n = 1; atomic_load_explicit(&posted, memory_order_acquire) != i;
		     n++) {
			taken += take_all(seen);
			if (n % 4096 == 0)
				sched_yield();
		}
		taken += take_all(seen);
		lost += seen[0] != 2 * (uint64_t)i + 1;
		/* Lost for good: the flag is down and nothing is in the ring. */
		seen[0] = 2 * (uint64_t)i + 1;
		atomic_store_explicit(&checked, i, memory_order_release);
	}
	pthread_join(writer, NULL);
	sched_setaffinity(0, sizeof(before), &before);
	slim_agent_destroy(agent);
	free(cold);
	print_message("# %s: %u rounds, %llu slots taken, %llu updates lost\n",
		      FENCE ? "with the fence" : "negative control, without the fence", PING_ROUNDS,
		      (unsigned long long)taken, (unsigned long long)lost);
	if (FENCE)
		assert_true(lost == 0);
	else
		assert_true(lost > 0);
}

/* ---- storm: many slots, several workers, bursts larger than the pending list ------ */

#ifndef SLIM_TEST_NO_FENCE

static uint64_t written[STORM_SLOTS]; /* the oracle; each slot has one writer */
static _Atomic uint32_t writers_left;

static void *
storm_writer(void *arg)
{
	uint16_t index = (uint16_t)(uintptr_t)arg;
	struct slim_worker *w = slim_agent_worker(agent, index);
	struct harness_random r = {.state = 1000u + index};
	uint32_t left = STORM_CHANGES / STORM_WORKERS;

	while (left > 0) {
		uint32_t burst = 1 + harness_below(&r, harness_below(&r, 8) == 0 ? 1500 : 32);

		slim_worker_poll(w);
		for (; burst > 0 && left > 0; burst--, left--) {
			uint32_t hot = harness_below(&r, 2) == 0 ? 16 : STORM_SLOTS / STORM_WORKERS;
			uint32_t slot = harness_below(&r, hot) * STORM_WORKERS + index;

			written[slot] = ((uint64_t)left << 8) + index;
			change(w, slot, written[slot]);
		}
		slim_commit(w, true);
	}
	atomic_fetch_sub_explicit(&writers_left, 1, memory_order_release);
	return NULL;
}

static uint64_t
most_in_rings(void)
{
	const struct slim_shm_table *t = &shm.info->tables[0];
	uint64_t n = 0;

	for (uint32_t i = 0; i < STORM_WORKERS; i++) {
		struct slim_shm_ring *ring =
			(void *)((uint8_t *)shm.control + t->ring_offset + i * t->ring_stride);

		n += atomic_load_explicit(&ring->tail, memory_order_acquire) -
		     atomic_load_explicit(&ring->head, memory_order_relaxed);
	}
	return n;
}

static void
agrees_with_the_oracle(void **state)
{
	static uint64_t seen[STORM_SLOTS];
	pthread_t writers[STORM_WORKERS];
	uint64_t taken = 0, most = 0, wrong = 0, writes = 0, seqs = 0;

	(void)state;
	start("storm", STORM_WORKERS, STORM_SLOTS);
	atomic_store(&writers_left, STORM_WORKERS);
	for (uintptr_t i = 0; i < STORM_WORKERS; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, storm_writer, (void *)i), 0);
	while (atomic_load_explicit(&writers_left, memory_order_acquire) > 0) {
		uint64_t in_rings = most_in_rings();

		most = in_rings > most ? in_rings : most;
		taken += take_all(seen);
		sched_yield();
	}
	taken += take_all(seen);
	for (uint32_t i = 0; i < STORM_WORKERS; i++) {
		pthread_join(writers[i], NULL);
		writes += atomic_load(&shm.info->workers[i].writes[0]);
	}
	for (uint32_t i = 0; i < STORM_SLOTS; i++) {
		const struct slim_slot_head *head =
			(const void *)(shm.slabs[0] + i * shm.info->tables[0].slot_size);

		wrong += seen[i] != written[i];
		seqs += atomic_load(&head->seq) / 2;
	}
	slim_agent_destroy(agent);
	print_message(
		"# storm: %u changes, %llu slots taken, at most %llu of %u in the rings, %llu "
		"wrong\n",
		STORM_CHANGES, (unsigned long long)taken, (unsigned long long)most, STORM_SLOTS,
		(unsigned long long)wrong);
	assert_true(wrong == 0);
	assert_true(most <= STORM_SLOTS);
	assert_true(writes == STORM_CHANGES);
	assert_true(seqs == writes);
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_the_last_of_two_changes),
#ifndef SLIM_TEST_NO_FENCE /* only the first is sure to find a lost update */
		cmocka_unit_test(agrees_with_the_oracle),
#endif
	};

	sched_getaffinity(0, sizeof(processors), &processors);
	harness_start_eal();
	return cmocka_run_group_tests_name("dirty ring", tests, NULL, NULL);
}
