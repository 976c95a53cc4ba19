/* SPDX-License-Identifier: Apache-2.0 */
/* Waves: never over while a packet is on its way inside the NF, whatever order the workers run in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wave.h"

#define MAX_WORKERS 3u

/* A packet is in a worker's hands (received, or tried again) or in a queue between two workers, and
 * changes workers at most SLIM_WAVE_HOPS times. */
static struct slim_waves waves;
static struct slim_wave wave[MAX_WORKERS];
static uint32_t in_hands[MAX_WORKERS]; /* hops left, plus one; 0: nothing */
static uint32_t in_queue[MAX_WORKERS]; /* to the worker; same */
static uint32_t n_workers;
static uint64_t seed;

static uint32_t
below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((seed >> 33) % n);
}

/* Handles a packet: it goes on to another worker, stays in the hands, or leaves the NF. */
static void
handle(uint32_t worker, uint32_t *packet)
{
	uint32_t to = below(n_workers);

	if (*packet == 0)
		return;
	if (*packet > 1 && to != worker && in_queue[to] == 0)
		in_queue[to] = *packet - 1;
	*packet = 0;
}

/* A worker's round. It may keep what is in its hands for long, and says truly whether it is idle. */
static bool
round_of(uint32_t worker)
{
	uint32_t took;

	slim_wave_poll(&waves, &wave[worker], n_workers);
	if (below(4) == 0)
		handle(worker, &in_hands[worker]);
	took = in_queue[worker];
	in_queue[worker] = 0;
	handle(worker, &took);
	if (in_hands[worker] != 0)
		return false;
	return slim_wave_idle(&waves, &wave[worker], worker, n_workers);
}

static bool
anything_in_flight(void)
{
	for (uint32_t i = 0; i < n_workers; i++) {
		if (in_hands[i] + in_queue[i] != 0)
			return true;
	}
	return false;
}

/* The gates close one after the other: who is open still receives. */
static void
run(uint32_t epoch)
{
	bool closed[MAX_WORKERS] = {false}, done[MAX_WORKERS] = {false};
	uint32_t n_done = 0;

	while (n_done < n_workers) {
		uint32_t worker = below(n_workers);

		if (!closed[worker]) {
			if (in_hands[worker] == 0)
				in_hands[worker] = SLIM_WAVE_HOPS + 1;
			closed[worker] = below(3) == 0;
			if (closed[worker])
				slim_wave_begin(&waves, &wave[worker], worker, epoch);
			else
				handle(worker, &in_hands[worker]);
		} else if (round_of(worker) && !done[worker]) {
			done[worker] = true;
			n_done++;
		}
	}
	assert_false(anything_in_flight());
}

/* Killed by: a first wave that is reached without being idle; one wave less; a wave that rises without
 * having seen the others'. */
static void
never_over_with_a_packet_inside(void **state)
{
	(void)state;
	memset(&waves, 0, sizeof(waves));
	for (uint32_t epoch = 1; epoch <= 20000; epoch++) {
		seed = epoch;
		n_workers = 1 + epoch % MAX_WORKERS;
		run(epoch);
	}
}

/* A worker that has not taken the command stops the others' waves, and an old epoch's do not count. */
static void
waits_for_the_last_worker(void **state)
{
	(void)state;
	memset(&waves, 0, sizeof(waves));
	n_workers = 2;
	for (uint32_t epoch = 7; epoch <= 8; epoch++) {
		slim_wave_begin(&waves, &wave[0], 0, epoch);
		for (int i = 0; i < 10; i++) {
			slim_wave_poll(&waves, &wave[0], 2);
			assert_false(slim_wave_idle(&waves, &wave[0], 0, 2));
		}
		assert_int_equal(wave[0].reached, 1);
		slim_wave_begin(&waves, &wave[1], 1, epoch);
		for (int i = 0; i < 10; i++) {
			for (uint32_t k = 0; k < 2; k++) {
				slim_wave_poll(&waves, &wave[k], 2);
				slim_wave_idle(&waves, &wave[k], k, 2);
			}
		}
		assert_true(slim_wave_idle(&waves, &wave[0], 0, 2));
		assert_true(slim_wave_idle(&waves, &wave[1], 1, 2));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_over_with_a_packet_inside),
		cmocka_unit_test(waits_for_the_last_worker),
	};

	return cmocka_run_group_tests_name("wave", tests, NULL, NULL);
}
