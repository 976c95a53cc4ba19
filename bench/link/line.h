/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of a link. What is put in waits for the rate (bucket.h), is then on its way for the delay, and is
 * taken out in the order in which it was put in. Octets are counted here and kept by their owner; marks (a
 * connection opens, ends, is reset) take their place among them and no time of the line.
 *
 * What waits is bounded by line_room(): who puts in more than that breaks the contract. Without a rate nothing
 * waits, and what is on its way is bounded instead.
 *
 * Pure but for the memory of its queues. Time is a parameter; one that goes back lets nothing through.
 */
#ifndef SLIM_BENCH_LINK_LINE_H
#define SLIM_BENCH_LINK_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "bucket.h"

#define LINE_MIN_QUEUE (UINT64_C(256) << 10)
#define LINE_FREE_QUEUE (UINT64_C(64) << 20) /* without a rate */
#define LINE_QUEUE_NS UINT64_C(200000000)    /* at the rate */
/* Who looks later than that at octets that wait has lost the time before: a program that stood still does not
 * make up for minutes. */
#define LINE_MAX_LATE_NS UINT64_C(100000000)

enum line_what { LINE_OCTETS, LINE_OPEN, LINE_END, LINE_RESET };

struct line_item {
	void *owner;
	uint64_t due_ns; /* at the end of its way */
	uint32_t n;      /* octets */
	enum line_what what;
};

/* A ring that grows. Its indices count on and wrap. */
struct line_queue {
	struct line_item *items;
	uint32_t size; /* 0, or a power of two */
	uint32_t head, tail;
};

struct line_stats {
	uint64_t octets; /* that came out */
	uint64_t waiting, most_waited;
	uint64_t on_way;
};

struct line {
	struct bucket bucket;
	uint64_t delay_ns;
	uint64_t asked_queue;     /* 0: by the rate */
	uint64_t last_due_ns;     /* what comes later is not due before */
	struct line_queue waits;  /* for the rate */
	struct line_queue on_way; /* for the delay */
	struct line_stats stats;
};

/* `queue_octets`: bound of what waits; 0: what the rate passes in LINE_QUEUE_NS, at least LINE_MIN_QUEUE;
 * without a rate LINE_FREE_QUEUE. */
void line_init(struct line *line, uint64_t rate, uint64_t delay_ns, uint64_t queue_octets,
	       uint64_t now_ns);
void line_fini(struct line *line);

uint64_t line_queue_octets(const struct line *line);

/* Octets that may be put in. */
uint64_t line_room(const struct line *line);

/* 0, or -ENOMEM: nothing is put in. `n`: 0 for a mark. */
int line_put(struct line *line, void *owner, enum line_what what, uint32_t n, uint64_t now_ns);

/* 0: *ret_item has come out by now. -EAGAIN: nothing more. -ENOMEM. */
int line_take(struct line *line, struct line_item *ret_item, uint64_t now_ns);

/* Nothing comes out before, nor can more be put in. UINT64_MAX: never. */
uint64_t line_next_ns(const struct line *line);

/* From now on. What is on its way arrives when it was to arrive, and what comes behind it not before. */
int line_set(struct line *line, uint64_t rate, uint64_t delay_ns, uint64_t now_ns);

/* The time until now is left out for what waits. */
void line_skip(struct line *line, uint64_t now_ns);

#endif
