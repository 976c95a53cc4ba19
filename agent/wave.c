/* SPDX-License-Identifier: Apache-2.0 */
#include "wave.h"

static void
publish(struct slim_waves *waves, const struct slim_wave *wave, uint32_t worker)
{
	atomic_store_explicit(&waves->of[worker].word, (uint64_t)wave->epoch << 32 | wave->reached,
			      memory_order_release); /* W1 */
}

static bool
all_reached(const struct slim_waves *waves, const struct slim_wave *wave, uint32_t n_workers)
{
	for (uint32_t i = 0; i < n_workers; i++) {
		uint64_t word =
			atomic_load_explicit(&waves->of[i].word, memory_order_acquire); /* W1 */

		if ((uint32_t)(word >> 32) != wave->epoch || (uint32_t)word < wave->reached)
			return false;
	}
	return true;
}

void
slim_wave_begin(struct slim_waves *waves, struct slim_wave *wave, uint32_t worker, uint32_t epoch)
{
	*wave = (struct slim_wave){.epoch = epoch};
	publish(waves, wave, worker);
}

void
slim_wave_poll(const struct slim_waves *waves, struct slim_wave *wave, uint32_t n_workers)
{
	wave->may_rise = wave->reached == 0 || all_reached(waves, wave, n_workers);
}

bool
slim_wave_idle(struct slim_waves *waves, struct slim_wave *wave, uint32_t worker,
	       uint32_t n_workers)
{
	uint32_t last = n_workers == 1 ? 1 : 1 + SLIM_WAVE_HOPS;

	if (wave->reached < last && (wave->may_rise || wave->reached == 0)) {
		wave->may_rise = false;
		wave->reached++;
		publish(waves, wave, worker);
	}
	return wave->reached == last;
}
