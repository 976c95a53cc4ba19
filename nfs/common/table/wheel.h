/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timer wheel: numbered items, each with at most one deadline.
 *
 * Time is cut into ticks of 2^shift ns. The wheel has a list for each of its ticks to come, through
 * which the items are linked by number, in arrays made at init: 8 bytes an item. Insert, remove and
 * taking an item out cost the same whatever is in it. An item is due at the first tick behind its deadline,
 * so never early and at most one tick late.
 *
 * A deadline further away than the wheel reaches is due when the wheel has come round: whoever takes the item
 * out looks at the true deadline and inserts it again. So deadlines may also move on without a
 * call: the item is found too early, and inserted again.
 *
 * Times are nanoseconds of any clock that does not go back; it may wrap. Deadlines are less than 2^63 ns
 * from now.
 *
 * One thread. Nothing is allocated after init.
 */
#ifndef NF_WHEEL_H
#define NF_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define NF_WHEEL_NONE UINT32_MAX

struct nf_wheel {
	uint32_t *next; /* [n_items + n_ticks]: rings of items; the last n_ticks are their heads */
	uint32_t *previous;
	uint32_t n_items;
	uint32_t mask;       /* n_ticks - 1 */
	uint64_t current_ns; /* beginning of the tick whose list is being taken out */
	uint8_t shift;
};

/* Main thread. n_ticks is a power of two from 2 to 2^16, shift up to 40, n_items + n_ticks below 2^32.
 * -ENOMEM, -EINVAL. Zeroed memory can be passed to fini. */
int nf_wheel_init(struct nf_wheel *wheel, uint32_t n_items, uint32_t n_ticks, uint8_t shift,
		  uint64_t now_ns);
void nf_wheel_fini(struct nf_wheel *wheel);

/* Is the item in the wheel? */
static inline bool
nf_wheel_has(const struct nf_wheel *wheel, uint32_t item)
{
	return wheel->next[item] != NF_WHEEL_NONE;
}

/* Puts in an item that is not in, or moves one that is. A deadline in the past is due at the next
 * tick. */
void nf_wheel_insert(struct nf_wheel *wheel, uint32_t item, uint64_t deadline_ns);

/* Nothing happens if it is not in. */
void nf_wheel_remove(struct nf_wheel *wheel, uint32_t item);

/* Takes out and returns an item that is due, or NF_WHEEL_NONE. The caller bounds its work by the
 * number of calls; one call steps over at most n_ticks empty lists, after a long pause. Time that goes
 * back has no effect. */
uint32_t nf_wheel_take(struct nf_wheel *wheel, uint64_t now_ns);

/* An item that nf_wheel_take() returns next, to look ahead; or NF_WHEEL_NONE. */
static inline uint32_t
nf_wheel_peek(const struct nf_wheel *wheel)
{
	uint32_t tick = (uint32_t)(wheel->current_ns >> wheel->shift);
	uint32_t item = wheel->next[wheel->n_items + (tick & wheel->mask)];

	return item < wheel->n_items ? item : NF_WHEEL_NONE;
}

#endif
