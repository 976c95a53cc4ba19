/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timer wheel; see wheel.h.
 *
 * Times are compared by their difference, so the clock may wrap: the number of ticks in it is a
 * multiple of the number of lists. New items go into another list than the one that is being emptied, n_ticks - 1
 * ticks ahead at most, so that one does not grow.
 */
#include "wheel.h"

#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "table_memory.h"

#define MAX_TICKS 65536u
#define MAX_SHIFT 40

int
nf_wheel_init(struct nf_wheel *wheel, uint32_t n_items, uint32_t n_ticks, uint8_t shift,
	      uint64_t now_ns)
{
	size_t size = ((size_t)n_items + n_ticks) * sizeof(*wheel->links);

	if (n_ticks < 2 || n_ticks > MAX_TICKS || (n_ticks & (n_ticks - 1)) != 0 ||
	    n_items >= UINT32_MAX - n_ticks || shift > MAX_SHIFT)
		return -EINVAL;
	wheel->links = nf_table_memory_alloc("wheel", size);
	if (wheel->links == NULL)
		return -ENOMEM;
	wheel->n_items = n_items;
	wheel->mask = n_ticks - 1;
	wheel->shift = shift;
	wheel->current_ns = now_ns >> shift << shift;
	for (uint32_t i = 0; i < n_items; i++)
		wheel->links[i].next = NF_WHEEL_NONE;
	for (uint32_t head = n_items; head < n_items + n_ticks; head++)
		wheel->links[head] = (struct nf_wheel_link){.next = head, .previous = head};
	return 0;
}

void
nf_wheel_fini(struct nf_wheel *wheel)
{
	nf_table_memory_free(wheel->links);
	wheel->links = NULL;
}

static void
unlink_item(struct nf_wheel *wheel, uint32_t item)
{
	struct nf_wheel_link link = wheel->links[item];

	wheel->links[link.previous].next = link.next;
	wheel->links[link.next].previous = link.previous;
	wheel->links[item].next = NF_WHEEL_NONE;
}

void
nf_wheel_remove(struct nf_wheel *wheel, uint32_t item)
{
	if (nf_wheel_has(wheel, item))
		unlink_item(wheel, item);
}

void
nf_wheel_insert(struct nf_wheel *wheel, uint32_t item, uint64_t deadline_ns)
{
	int64_t ahead = ((int64_t)(deadline_ns - wheel->current_ns) >> wheel->shift) + 1;
	uint32_t tick = (uint32_t)(wheel->current_ns >> wheel->shift);
	uint32_t head, last;

	tick += (uint32_t)RTE_MIN(RTE_MAX(ahead, 1), (int64_t)wheel->mask);
	head = wheel->n_items + (tick & wheel->mask);
	if (nf_wheel_has(wheel, item))
		unlink_item(wheel, item);
	last = wheel->links[head].previous;
	wheel->links[item] = (struct nf_wheel_link){.next = head, .previous = last};
	wheel->links[last].next = item;
	wheel->links[head].previous = item;
}

/* From the front of a list; returns how many. */
static uint32_t
cut_off(struct nf_wheel *wheel, uint32_t head, uint32_t *ret_items, uint32_t n)
{
	uint32_t item = wheel->links[head].next, n_taken = 0;

	while (n_taken < n && item != head) {
		uint32_t next = wheel->links[item].next;

		wheel->links[item].next = NF_WHEEL_NONE;
		ret_items[n_taken++] = item;
		item = next;
	}
	wheel->links[head].next = item;
	wheel->links[item].previous = head;
	return n_taken;
}

uint32_t
nf_wheel_take_some(struct nf_wheel *wheel, uint64_t now_ns, uint32_t *ret_items, uint32_t n)
{
	int64_t behind = (int64_t)(now_ns - wheel->current_ns) >> wheel->shift;
	uint32_t n_taken = 0;

	/* After a pause of more than a turn every list is due, once. */
	if (unlikely(behind > (int64_t)wheel->mask)) {
		wheel->current_ns += (uint64_t)(behind - wheel->mask) << wheel->shift;
		behind = wheel->mask;
	}
	for (;; behind--) {
		uint32_t tick = (uint32_t)(wheel->current_ns >> wheel->shift);

		n_taken += cut_off(wheel, wheel->n_items + (tick & wheel->mask),
				   ret_items + n_taken, n - n_taken);
		if (n_taken == n || behind <= 0)
			return n_taken;
		wheel->current_ns += UINT64_C(1) << wheel->shift;
	}
}
