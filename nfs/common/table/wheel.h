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

/* Of an item: both in one word, so that it has one cache line. */
struct nf_wheel_link {
	uint32_t next; /* NF_WHEEL_NONE: not in */
	uint32_t previous;
};

struct nf_wheel {
	struct nf_wheel_link
		*links; /* [n_items + n_ticks]: rings of items; the last n_ticks are their heads */
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
	return wheel->links[item].next != NF_WHEEL_NONE;
}

/* Puts in an item that is not in, or moves one that is. A deadline in the past is due at the next
 * tick. */
void nf_wheel_insert(struct nf_wheel *wheel, uint32_t item, uint64_t deadline_ns);

/* Nothing happens if it is not in. */
void nf_wheel_remove(struct nf_wheel *wheel, uint32_t item);

/* Takes out up to `n` items that are due, in their order; returns how many. Fewer than `n`: no other is due. One call
 * steps over at most n_ticks empty lists, after a long pause. Time that goes back has no effect. */
uint32_t nf_wheel_take_some(struct nf_wheel *wheel, uint64_t now_ns, uint32_t *ret_items,
			    uint32_t n);

/* The same for one, or NF_WHEEL_NONE. The caller bounds its work by the number of calls. */
static inline uint32_t
nf_wheel_take(struct nf_wheel *wheel, uint64_t now_ns)
{
	uint32_t item;

	return nf_wheel_take_some(wheel, now_ns, &item, 1) != 0 ? item : NF_WHEEL_NONE;
}

/* Asks for the memory of an item's link, which an insert writes. */
static inline void
nf_wheel_prefetch(const struct nf_wheel *wheel, uint32_t item)
{
	__builtin_prefetch(&wheel->links[item], 1);
}

/* An item that nf_wheel_take() returns next, to look ahead; or NF_WHEEL_NONE. */
static inline uint32_t
nf_wheel_peek(const struct nf_wheel *wheel)
{
	uint32_t tick = (uint32_t)(wheel->current_ns >> wheel->shift);
	uint32_t item = wheel->links[wheel->n_items + (tick & wheel->mask)].next;

	return item < wheel->n_items ? item : NF_WHEEL_NONE;
}

#endif
