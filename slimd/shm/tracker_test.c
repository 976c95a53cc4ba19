/* SPDX-License-Identifier: Apache-2.0 */
/* The tracker against memory that the test writes as a worker does, and against a naive
 * oracle: the other side's table as a plain array. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_nf.h"
#include "tracker.h"

#define CAPACITY 600u
#define EPOCH UINT64_C(1000000)

struct copy {
	bool used;
	uint8_t bucket;
	struct fake_entry entry;
};

struct world {
	struct fake_nf *nf;
	struct schema_table table;
	struct schema_link link;
	struct tracker *tracker;
	struct row_stage stage;
	struct copy copies[CAPACITY];
	uint32_t stamps[CAPACITY]; /* pump in which a slot came last */
	uint32_t pumps;
	uint64_t random;
};

static uint32_t
draw(struct world *w, uint32_t below)
{
	w->random = w->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(w->random >> 33) % below;
}

static struct tracker_config
describe(struct world *w)
{
	const struct slim_shm_table *t = &w->nf->info->tables[0];

	return (struct tracker_config){
		.link = &w->link,
		.epoch_ns = EPOCH,
		.slab = w->nf->slab,
		.slot_size = t->slot_size,
		.capacity = t->capacity,
		.dirty = (_Atomic uint8_t *)((uint8_t *)w->nf->control + t->dirty_offset),
		.rings = (uint8_t *)w->nf->control + t->ring_offset,
		.ring_stride = t->ring_stride,
		.ring_size = t->ring_size,
		.n_workers = w->nf->n_workers,
		.workers = w->nf->info->workers,
	};
}

static void
begin(struct world *w, uint32_t n_workers)
{
	struct schema_reason reason;

	memset(w, 0, sizeof(*w));
	w->random = 1;
	w->nf = fake_nf_create("t", true, n_workers, 0, CAPACITY);
	assert_int_equal(schema_from_shm(&w->nf->info->tables[0], &w->table, &reason), 0);
	assert_int_equal(schema_link(&w->table, 0, &w->table, &w->table, &w->link, &reason), 0);
	assert_int_equal(row_stage_init(&w->stage), 0);
}

static void
track(struct world *w)
{
	struct tracker_config config = describe(w);

	assert_int_equal(tracker_create(&config, &w->tracker), 0);
	for (uint32_t i = 0; i < w->nf->n_workers; i++)
		w->nf->workers[i].track = 1;
}

static void
end(struct world *w)
{
	tracker_destroy(w->tracker);
	row_stage_fini(&w->stage);
	fake_nf_destroy(w->nf);
}

static void
put(struct world *w, uint32_t slot, uint8_t bucket, uint64_t key, uint64_t value)
{
	struct fake_entry entry = {.key = key, .value = value, .time = EPOCH + value};

	fake_slot_put(w->nf, slot, bucket, &entry);
}

static void
stamp(struct world *w, uint32_t slot)
{
	if (w->stamps[slot] == w->pumps)
		fail_msg("slot %u comes twice in one stage", slot);
	w->stamps[slot] = w->pumps;
}

/* What the target would do with a stage. A row and its removal in one stage would have no order. */
static void
receive(struct world *w)
{
	w->pumps++;
	for (uint32_t i = 0; i < w->stage.n_empty; i++)
		stamp(w, w->stage.empty[i]);
	for (uint32_t i = 0; i < w->stage.n_rows; i++)
		stamp(w, w->stage.slots[i]);
	for (uint32_t i = 0; i < w->stage.n_empty; i++)
		w->copies[w->stage.empty[i]].used = false;
	for (uint32_t i = 0; i < w->stage.n_rows; i++) {
		struct copy *copy = &w->copies[w->stage.slots[i]];

		copy->used = true;
		copy->bucket = w->stage.buckets[i];
		memcpy(&copy->entry, w->stage.payloads + i * sizeof(copy->entry),
		       sizeof(copy->entry));
	}
}

static int
pump(struct world *w, uint32_t max_walk)
{
	int n;

	row_stage_reset(&w->stage, &w->link);
	n = tracker_fill(w->tracker, &w->stage, max_walk);
	receive(w);
	return n;
}

static void
pump_all(struct world *w)
{
	while (pump(w, 64) > 0)
		;
}

static void
check_copies(const struct world *w)
{
	uint64_t entries = 0, digest = 0;

	for (uint32_t s = 0; s < CAPACITY; s++) {
		const struct copy *copy = &w->copies[s];

		assert_int_equal(copy->used, fake_slot_used(w->nf, s));
		if (!copy->used)
			continue;
		assert_memory_equal(&copy->entry, fake_slot(w->nf, s), sizeof(copy->entry));
		entries++;
		digest += row_hash(&w->link, EPOCH, (const uint8_t *)fake_slot(w->nf, s));
	}
	assert_int_equal(w->tracker->entries, entries);
	assert_int_equal(w->tracker->digest, digest);
	assert_true(tracker_is_complete(w->tracker));
}

static void
the_walk_sends_what_was_there(void **state)
{
	struct world *w = *state;

	begin(w, 1);
	for (uint32_t s = 0; s < CAPACITY; s += 3)
		put(w, s, (uint8_t)s, s, s);
	fake_slot_free(w->nf, 0, 3);
	track(w);
	assert_int_equal(pump(w, 100), 100);
	assert_int_equal(tracker_unwalked(w->tracker), CAPACITY - 100);
	assert_int_equal(w->stage.n_rows, 33);
	assert_int_equal(w->stage.n_empty, 0); /* nobody has a row of an empty slot */
	pump_all(w);
	check_copies(w);
	end(w);
}

static void
a_slot_that_changes_often_is_sent_once(void **state)
{
	struct world *w = *state;

	begin(w, 1);
	track(w);
	pump_all(w);
	for (uint64_t i = 0; i < 1000; i++) {
		put(w, 7, 1, 7, i);
		fake_commit(w->nf, 0);
	}
	assert_int_equal(tracker_backlog(w->tracker), 1);
	assert_int_equal(pump(w, 0), 1);
	assert_int_equal(w->stage.n_rows, 1);
	assert_int_equal(w->copies[7].entry.value, 999);
	assert_int_equal(tracker_backlog(w->tracker), 0);
	check_copies(w);
	end(w);
}

static void
an_emptied_slot_is_told_once(void **state)
{
	struct world *w = *state;

	begin(w, 1);
	put(w, 5, 1, 5, 5);
	track(w);
	pump_all(w);
	fake_slot_free(w->nf, 0, 5);
	fake_slot_free(w->nf, 0, 6); /* never was a row */
	fake_commit(w->nf, 0);
	pump(w, 0);
	assert_int_equal(w->stage.n_empty, 1);
	assert_int_equal(w->stage.empty[0], 5);
	check_copies(w);
	end(w);
}

static void
a_slot_being_written_comes_with_its_commit(void **state)
{
	struct world *w = *state;
	struct slim_slot_head *head;

	begin(w, 1);
	track(w);
	pump_all(w);
	put(w, 9, 1, 9, 1);
	fake_commit(w->nf, 0);
	head = (struct slim_slot_head *)(void *)(w->nf->slab + 9u * 40u);
	atomic_fetch_add(&head->seq, 1); /* a writer is in it */
	assert_int_equal(pump(w, 0), 1);
	assert_int_equal(w->stage.n_rows, 0);
	assert_false(tracker_is_complete(w->tracker));
	atomic_fetch_sub(&head->seq, 1);
	put(w, 9, 1, 9, 2);
	fake_commit(w->nf, 0);
	pump(w, 0);
	check_copies(w);
	end(w);
}

static void
a_missed_change_does_not_stay_unseen(void **state)
{
	struct world *w = *state;

	begin(w, 1);
	track(w);
	pump_all(w);
	put(w, 1, 1, 1, 1);
	w->nf->no_fence = true;
	fake_commit(w->nf, 0); /* the mark is lost */
	pump_all(w);
	assert_int_equal(tracker_backlog(w->tracker), 0);
	assert_false(tracker_is_complete(w->tracker));
	end(w);
}

static void
rings_that_make_no_sense_are_refused(void **state)
{
	struct world *w = *state;
	struct slim_shm_ring *ring;

	begin(w, 1);
	track(w);
	ring = (struct slim_shm_ring *)(void *)w->tracker->config.rings;
	ring->slots[0] = CAPACITY;
	atomic_store(&ring->tail, 1);
	assert_int_equal(pump(w, 0), -EBADMSG);
	ring->slots[0] = 0;
	atomic_store(&ring->tail, w->tracker->config.ring_size + 1);
	assert_int_equal(pump(w, 0), -EBADMSG);
	end(w);
}

static void
a_second_session_forgets_the_first(void **state)
{
	struct world *w = *state;

	begin(w, 1);
	track(w);
	for (uint32_t s = 0; s < 20; s++)
		put(w, s, 1, s, s);
	fake_commit(w->nf, 0);
	tracker_destroy(w->tracker);
	track(w);
	assert_int_equal(tracker_backlog(w->tracker), 0);
	put(w, 3, 1, 3, 33);
	fake_commit(w->nf, 0);
	assert_int_equal(tracker_backlog(w->tracker), 1);
	pump_all(w);
	check_copies(w);
	end(w);
}

static void
the_verification_agrees_or_not(void **state)
{
	struct world *w = *state;
	struct fake_entry *entry;
	int rc;

	begin(w, 1);
	for (uint32_t s = 0; s < 100; s++)
		put(w, s, 1, s, s);
	track(w);
	pump_all(w);
	tracker_verify_begin(w->tracker);
	assert_int_equal(tracker_verify(w->tracker, 10), 0);
	while ((rc = tracker_verify(w->tracker, 100)) == 0)
		;
	assert_int_equal(rc, 1);
	assert_int_equal(w->tracker->proof_digest, w->tracker->digest);
	assert_int_equal(w->tracker->proof_entries, 100);
	/* A write behind the ABI's back. */
	entry = (struct fake_entry *)(uintptr_t)fake_slot(w->nf, 50);
	entry->value ^= 1;
	tracker_verify_begin(w->tracker);
	assert_int_equal(tracker_verify(w->tracker, CAPACITY), 1);
	assert_int_not_equal(w->tracker->proof_digest, w->tracker->digest);
	end(w);
}

static void
the_trail_carries_values(void **state)
{
	struct world *w = *state;
	struct fake_entry *entry;
	const struct fake_entry *row;

	begin(w, 1);
	put(w, 1, 1, 11, 1);
	entry = (struct fake_entry *)(uintptr_t)fake_slot(w->nf, 1);
	entry->packets = 100;
	track(w);
	pump_all(w);
	assert_int_equal(w->copies[1].entry.packets, 100); /* as it was when sent */
	entry->packets = 130;
	tracker_trail_begin(w->tracker);
	row_stage_reset(&w->stage, &w->link);
	assert_int_equal(tracker_trail(w->tracker, &w->stage, CAPACITY), CAPACITY);
	assert_int_equal(w->stage.n_rows, 1);
	row = (const struct fake_entry *)(const void *)w->stage.payloads;
	assert_int_equal(row->packets, 130);
	assert_int_equal(row->key, 11);
	end(w);
}

/* Slots that the trail brings in one walk. */
static uint32_t
trail(struct world *w)
{
	tracker_trail_begin(w->tracker);
	row_stage_reset(&w->stage, &w->link);
	assert_int_equal(tracker_trail(w->tracker, &w->stage, CAPACITY), CAPACITY);
	return w->stage.n_rows;
}

static void
the_trail_leaves_out_what_stands_as_it_was_sent(void **state)
{
	struct world *w = *state;

	begin(w, 1);
	for (uint32_t slot = 0; slot < 5; slot++)
		put(w, slot, 1, 11 + slot, slot);
	track(w);
	pump_all(w);
	assert_int_equal(trail(w), 0);
	((struct fake_entry *)(uintptr_t)fake_slot(w->nf, 3))->packets++;
	/* Twice: who walks again does so because a connection broke. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(trail(w), 1);
		assert_int_equal(w->stage.slots[0], 3);
	}
	end(w);
}

/* After a restart nothing is known of what was sent. */
static void
a_trail_without_memory_brings_all(void **state)
{
	struct world *w = *state;
	struct tracker_config config;

	begin(w, 1);
	put(w, 1, 1, 11, 1);
	config = describe(w);
	assert_int_equal(tracker_create(&config, &w->tracker), 0);
	assert_int_equal(trail(w), 1);
	end(w);
}

static void
random_changes_match_the_oracle(void **state)
{
	struct world *w = *state;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		begin(w, 3);
		w->random = seed;
		for (uint32_t i = 0; i < 300; i++)
			put(w, draw(w, CAPACITY), (uint8_t)draw(w, 256), draw(w, 1000), i);
		track(w);
		for (uint32_t i = 0; i < 3000; i++) {
			uint32_t slot = draw(w, CAPACITY), bucket = draw(w, 256);

			if (draw(w, 3) == 0)
				fake_slot_free(w->nf, bucket % 3, slot);
			else
				put(w, slot, (uint8_t)bucket, slot, i);
			if (draw(w, 4) == 0)
				fake_commit(w->nf, draw(w, 3));
			if (draw(w, 10) == 0)
				pump(w, draw(w, 50));
		}
		for (uint32_t i = 0; i < 3; i++)
			fake_commit(w->nf, i);
		pump_all(w);
		check_copies(w);
		end(w);
	}
}

/* ---- against a real thread --------------------------------------------------------------- */

struct writer {
	struct fake_nf *nf;
	uint32_t worker;
	uint32_t n_slots; /* that it writes */
	uint32_t n_writes;
	pthread_t thread;
	_Atomic uint32_t go, done; /* rounds */
};

/* Each worker has slots and buckets of its own. */
static void
write_one(struct writer *writer, uint64_t *random)
{
	uint32_t slot;
	struct fake_entry entry;

	*random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
	slot = (uint32_t)(*random >> 33) % writer->n_slots * 2 + writer->worker;
	entry = (struct fake_entry){.key = slot, .value = *random, .time = *random >> 8};
	if (*random >> 60 < 5)
		fake_slot_free(writer->nf, writer->worker, slot);
	else
		fake_slot_put(writer->nf, slot, (uint8_t)writer->worker, &entry);
}

static void *
write_much(void *ctx)
{
	struct writer *writer = ctx;
	uint64_t random = writer->worker + 1;

	for (uint32_t i = 0; i < writer->n_writes; i++) {
		write_one(writer, &random);
		if (i % 3 == 0)
			fake_commit(writer->nf, writer->worker);
	}
	fake_commit(writer->nf, writer->worker);
	atomic_store(&writer->done, 1);
	return NULL;
}

static void
race(struct world *w, uint32_t n_slots, uint32_t n_writes)
{
	static struct writer writers[2];

	begin(w, 2);
	track(w);
	for (uint32_t i = 0; i < 2; i++) {
		writers[i] = (struct writer){
			.nf = w->nf, .worker = i, .n_slots = n_slots, .n_writes = n_writes};
		assert_int_equal(pthread_create(&writers[i].thread, NULL, write_much, &writers[i]),
				 0);
	}
	while (!atomic_load(&writers[0].done) || !atomic_load(&writers[1].done))
		assert_true(pump(w, 1) >= 0);
	for (uint32_t i = 0; i < 2; i++)
		pthread_join(writers[i].thread, NULL);
	pump_all(w);
	check_copies(w);
	end(w);
}

static void
nothing_is_lost_between_threads(void **state)
{
	for (uint32_t i = 0; i < 5; i++) {
		race(*state, CAPACITY / 2, 20000);
		race(*state, 3, 50000);
	}
}

/* Stores that miss every cache: what is stored after them stays in the store buffer for a
 * while, where the other thread cannot see it. */
#define COLD_SIZE (UINT32_C(64) << 20)

static void
store_cold(struct world *w, uint8_t *cold)
{
	for (int i = 0; i < 12; i++)
		__atomic_store_n(&cold[draw(w, COLD_SIZE)], 1, __ATOMIC_RELAXED);
}

static void
spin(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		__asm__ volatile("" ::: "memory");
}

static void *
write_rounds(void *ctx)
{
	struct writer *writer = ctx;
	uint64_t random = 7;

	for (uint32_t round = 1; round <= writer->n_writes; round++) {
		for (uint32_t i = 1;
		     atomic_load_explicit(&writer->go, memory_order_acquire) != round; i++)
			if (i % 1024 == 0)
				sched_yield(); /* the other one may have no core */
		write_one(writer, &random);
		fake_commit(writer->nf, writer->worker);
		spin((uint32_t)(random >> 20) % (1u << ((random >> 40) % 12)));
		write_one(writer, &random);
		fake_commit(writer->nf, writer->worker);
		atomic_store_explicit(&writer->done, round, memory_order_release);
	}
	return NULL;
}

/* Two writes of one slot, against one read: without the fence between flag and slot the
 * second write is lost now and then. */
static void
flag_and_slot_stay_in_order(void **state)
{
	static struct writer writer;
	struct world *w = *state;
	uint8_t *cold = malloc(COLD_SIZE);

	assert_non_null(cold);
	memset(cold, 2, COLD_SIZE);
	begin(w, 1);
	track(w);
	pump_all(w);
	writer = (struct writer){.nf = w->nf, .n_slots = 1, .n_writes = 20000};
	assert_int_equal(pthread_create(&writer.thread, NULL, write_rounds, &writer), 0);
	for (uint32_t round = 1; round <= writer.n_writes; round++) {
		atomic_store_explicit(&writer.go, round, memory_order_release);
		for (uint32_t i = 1;
		     atomic_load_explicit(&writer.done, memory_order_acquire) != round; i++) {
			if (i % 1024 == 0)
				sched_yield();
			if (tracker_backlog(w->tracker) > 0)
				store_cold(w, cold);
			pump(w, 0);
		}
		while (pump(w, 0) > 0)
			;
		if (!tracker_is_complete(w->tracker))
			fail_msg("a write was lost in round %u", round);
	}
	pthread_join(writer.thread, NULL);
	check_copies(w);
	end(w);
	free(cold);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_walk_sends_what_was_there),
		cmocka_unit_test(a_slot_that_changes_often_is_sent_once),
		cmocka_unit_test(an_emptied_slot_is_told_once),
		cmocka_unit_test(a_slot_being_written_comes_with_its_commit),
		cmocka_unit_test(a_missed_change_does_not_stay_unseen),
		cmocka_unit_test(rings_that_make_no_sense_are_refused),
		cmocka_unit_test(a_second_session_forgets_the_first),
		cmocka_unit_test(the_verification_agrees_or_not),
		cmocka_unit_test(the_trail_carries_values),
		cmocka_unit_test(the_trail_leaves_out_what_stands_as_it_was_sent),
		cmocka_unit_test(a_trail_without_memory_brings_all),
		cmocka_unit_test(random_changes_match_the_oracle),
		cmocka_unit_test(nothing_is_lost_between_threads),
		cmocka_unit_test(flag_and_slot_stay_in_order),
	};
	struct world *w = calloc(1, sizeof(*w));
	struct CMUnitTest with_state[sizeof(tests) / sizeof(tests[0])];
	int rc;

	memcpy(with_state, tests, sizeof(tests));
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		with_state[i].initial_state = w;
	rc = cmocka_run_group_tests_name("tracker", with_state, NULL, NULL);
	free(w);
	return rc;
}
