/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define FIRST_SIZE 64u
#define MAX_SIZE (1u << 30)

/* ---- a queue ---------------------------------------------------------------- */

static bool
is_empty(const struct line_queue *q)
{
	return q->head == q->tail;
}

static struct line_item *
at(const struct line_queue *q, uint32_t i)
{
	return &q->items[i & (q->size - 1)];
}

static int
grow(struct line_queue *q)
{
	uint32_t size = q->size != 0 ? q->size * 2 : FIRST_SIZE;
	struct line_queue bigger = {.size = size, .head = q->head, .tail = q->tail};

	if (size > MAX_SIZE)
		return -ENOMEM;
	bigger.items = calloc(size, sizeof(*bigger.items));
	if (bigger.items == NULL)
		return -ENOMEM;
	for (uint32_t i = q->head; i != q->tail; i++)
		*at(&bigger, i) = *at(q, i);
	free(q->items);
	*q = bigger;
	return 0;
}

/* Octets of the same owner that are due at the same time are one item. */
static bool
joins(const struct line_item *last, const struct line_item *item)
{
	return last->owner == item->owner && last->due_ns == item->due_ns &&
	       last->what == LINE_OCTETS && item->what == LINE_OCTETS &&
	       item->n <= UINT32_MAX - last->n;
}

static int
push(struct line_queue *q, const struct line_item *item)
{
	if (!is_empty(q) && joins(at(q, q->tail - 1), item)) {
		at(q, q->tail - 1)->n += item->n;
		return 0;
	}
	if (q->tail - q->head == q->size) {
		int error = grow(q);

		if (error < 0)
			return error;
	}
	*at(q, q->tail++) = *item;
	return 0;
}

/* ---- the line --------------------------------------------------------------- */

void
line_init(struct line *l, uint64_t rate, uint64_t delay_ns, uint64_t queue_octets, uint64_t now_ns)
{
	*l = (struct line){.delay_ns = delay_ns, .asked_queue = queue_octets};
	bucket_start(&l->bucket, rate, now_ns);
}

void
line_fini(struct line *l)
{
	free(l->waits.items);
	free(l->on_way.items);
	*l = (struct line){0};
}

uint64_t
line_queue_octets(const struct line *l)
{
	uint64_t octets = l->bucket.rate / 8 * LINE_QUEUE_NS / UINT64_C(1000000000);

	if (l->asked_queue != 0)
		return l->asked_queue;
	if (l->bucket.rate == 0)
		return LINE_FREE_QUEUE;
	return octets > LINE_MIN_QUEUE ? octets : LINE_MIN_QUEUE;
}

uint64_t
line_room(const struct line *l)
{
	uint64_t octets = line_queue_octets(l);
	uint64_t used = l->bucket.rate != 0 ? l->stats.waiting : l->stats.on_way;

	return used < octets ? octets - used : 0;
}

static uint32_t
next_piece(const struct line *l)
{
	uint32_t n = at(&l->waits, l->waits.head)->n, most = bucket_quantum(&l->bucket);

	return n < most ? n : most;
}

/* A piece of what waits goes on its way at the time that the bucket says. */
static int
send_piece(struct line *l, uint32_t n, uint64_t at_ns)
{
	struct line_item *first = at(&l->waits, l->waits.head), piece = *first;
	uint64_t due_ns = at_ns + l->delay_ns;
	int error;

	piece.n = n;
	piece.due_ns = due_ns > l->last_due_ns ? due_ns : l->last_due_ns;
	error = push(&l->on_way, &piece);
	if (error < 0)
		return error;
	l->last_due_ns = piece.due_ns;
	bucket_pass(&l->bucket, n);
	l->stats.waiting -= n;
	l->stats.on_way += n;
	first->n -= n;
	if (first->n == 0)
		l->waits.head++;
	return 0;
}

static int
advance(struct line *l, uint64_t now_ns)
{
	if (!is_empty(&l->waits) && now_ns > LINE_MAX_LATE_NS)
		bucket_skip(&l->bucket, now_ns - LINE_MAX_LATE_NS);
	while (!is_empty(&l->waits)) {
		uint32_t n = next_piece(l);
		uint64_t at_ns = bucket_ready_ns(&l->bucket, n);
		int error = at_ns <= now_ns ? send_piece(l, n, at_ns) : -EAGAIN;

		if (error < 0)
			return error == -EAGAIN ? 0 : error;
	}
	return 0;
}

int
line_put(struct line *l, void *owner, enum line_what what, uint32_t n, uint64_t now_ns)
{
	struct line_item item = {.owner = owner, .what = what, .n = n};
	int error = advance(l, now_ns);

	assert((what == LINE_OCTETS) == (n != 0));
	if (error == 0 && is_empty(&l->waits))
		bucket_rest(&l->bucket, now_ns);
	if (error == 0)
		error = push(&l->waits, &item);
	if (error < 0)
		return error;
	l->stats.waiting += n;
	error = advance(l, now_ns);
	if (l->stats.waiting > l->stats.most_waited)
		l->stats.most_waited = l->stats.waiting;
	/* Not sent on for want of memory: it is in, and the next look tries again. */
	return error == -ENOMEM ? 0 : error;
}

int
line_take(struct line *l, struct line_item *ret_item, uint64_t now_ns)
{
	int error = advance(l, now_ns);

	if (error < 0)
		return error;
	if (is_empty(&l->on_way) || at(&l->on_way, l->on_way.head)->due_ns > now_ns)
		return -EAGAIN;
	*ret_item = *at(&l->on_way, l->on_way.head++);
	l->stats.on_way -= ret_item->n;
	l->stats.octets += ret_item->n;
	return 0;
}

uint64_t
line_next_ns(const struct line *l)
{
	uint64_t ready_ns = UINT64_MAX, due_ns = UINT64_MAX;

	if (!is_empty(&l->waits))
		ready_ns = bucket_ready_ns(&l->bucket, next_piece(l));
	if (!is_empty(&l->on_way))
		due_ns = at(&l->on_way, l->on_way.head)->due_ns;
	return ready_ns < due_ns ? ready_ns : due_ns;
}

int
line_set(struct line *l, uint64_t rate, uint64_t delay_ns, uint64_t now_ns)
{
	int error = advance(l, now_ns);

	if (error < 0)
		return error;
	bucket_set_rate(&l->bucket, rate, now_ns);
	l->delay_ns = delay_ns;
	return 0;
}

void
line_skip(struct line *l, uint64_t now_ns)
{
	bucket_skip(&l->bucket, now_ns);
}
