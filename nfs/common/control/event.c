/* SPDX-License-Identifier: Apache-2.0 */
/* Events; see event.h. */
#include "event.h"

void
nf_event_put(struct nf_events *events, const uint64_t words[NF_EVENT_WORDS])
{
	uint64_t number = atomic_load_explicit(&events->n, memory_order_relaxed) + 1;
	struct nf_event_place *place = &events->ring[number % NF_EVENTS];

	atomic_store_explicit(&place->number, 0, memory_order_relaxed);
	/* Whoever sees a new word sees that the place is being written. */
	atomic_thread_fence(memory_order_release);
	for (uint32_t i = 0; i < NF_EVENT_WORDS; i++)
		atomic_store_explicit(&place->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&place->number, number, memory_order_release);
	atomic_store_explicit(&events->n, number, memory_order_release);
}

/* False: another one stands there by now, or is being written. */
static bool
copy(const struct nf_event_place *place, uint64_t number, struct nf_event *ret_event)
{
	struct nf_event event = {.number = number};

	if (atomic_load_explicit(&place->number, memory_order_acquire) != number)
		return false;
	for (uint32_t i = 0; i < NF_EVENT_WORDS; i++)
		event.words[i] = atomic_load_explicit(&place->words[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&place->number, memory_order_relaxed) != number)
		return false;
	*ret_event = event;
	return true;
}

bool
nf_event_take(const struct nf_events *events, uint64_t *seen, uint64_t *lost,
	      struct nf_event *ret_event)
{
	uint64_t n = atomic_load_explicit(&events->n, memory_order_acquire);

	if (n - *seen > NF_EVENTS) {
		*lost += n - NF_EVENTS - *seen;
		*seen = n - NF_EVENTS;
	}
	while (*seen != n) {
		uint64_t number = ++*seen;

		if (copy(&events->ring[number % NF_EVENTS], number, ret_event))
			return true;
		++*lost;
	}
	return false;
}

void
nf_watch_begin(struct nf_watch *watch, struct nf_events *const *events, uint16_t n_workers,
	       bool recent)
{
	*watch = (struct nf_watch){.begun = true};
	for (uint16_t w = 0; w < n_workers; w++) {
		uint64_t n = atomic_load_explicit(&events[w]->n, memory_order_acquire);

		watch->seen[w] = !recent ? n : n > NF_EVENTS ? n - NF_EVENTS : 0;
	}
}

bool
nf_watch_next(struct nf_watch *watch, struct nf_events *const *events, uint16_t n_workers,
	      struct nf_event *ret_event, uint16_t *ret_worker)
{
	for (uint16_t i = 0; i < n_workers; i++) {
		uint16_t w = watch->turn;

		watch->turn = (uint16_t)(w + 1 == n_workers ? 0 : w + 1);
		if (nf_event_take(events[w], &watch->seen[w], &watch->lost, ret_event)) {
			*ret_worker = w;
			return true;
		}
	}
	return false;
}
