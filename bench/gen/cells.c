/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers in cells; see cells.h. */
#include <errno.h>
#include <stdlib.h>

#include "cells.h"

#define NOT_SENT UINT32_MAX
#define SEEN_ELSEWHERE UINT32_MAX /* no cell has this address */

struct subscriber {
	uint32_t cell;
	uint32_t last;  /* cell before; while a handover is under way */
	uint32_t first; /* number of the first packet from the new cell, or NOT_SENT */
	bool moving;    /* not done, or not closed */
	bool done;
	bool closed;
	uint64_t usage[LEDGER_N_DIRECTIONS];
};

struct cells {
	struct cells_config config;
	struct cells_counts counts;
	struct ledger *ledger;
	struct subscriber *subscribers;
	uint64_t random;
};

int
cells_create(const struct cells_config *config, struct ledger *ledger, struct cells **ret_cells)
{
	struct cells *c;

	if (config->n_subscribers == 0 || config->n_cells < CELLS_MIN)
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->config = *config;
	c->ledger = ledger;
	c->random = config->seed * 2u + 1u;
	c->subscribers = calloc(config->n_subscribers, sizeof(*c->subscribers));
	if (c->subscribers == NULL) {
		cells_destroy(c);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < config->n_subscribers; i++) {
		c->subscribers[i].cell = i % config->n_cells;
		ledger_cell_set(ledger, i, cells_address(c, i));
	}
	*ret_cells = c;
	return 0;
}

void
cells_destroy(struct cells *c)
{
	if (c == NULL)
		return;
	free(c->subscribers);
	free(c);
}

/* xorshift64 (Marsaglia 2003): any even spread does. */
static uint32_t
random_below(struct cells *c, uint32_t n)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return (uint32_t)((c->random >> 32) * n >> 32);
}

/* Neither the cell where he is nor the one before. */
static uint32_t
choose(struct cells *c, const struct subscriber *s)
{
	uint32_t cell;

	do
		cell = random_below(c, c->config.n_cells);
	while (cell == s->cell || cell == s->last);
	return cell;
}

bool
cells_handover(struct cells *c, uint32_t *ret_subscriber)
{
	uint32_t i = random_below(c, c->config.n_subscribers), cell;
	struct subscriber *s = &c->subscribers[i];

	if (s->moving) {
		c->counts.still_moving++;
		return false;
	}
	cell = choose(c, s);
	s->last = s->cell;
	s->cell = cell;
	s->first = NOT_SENT;
	s->moving = true;
	s->done = s->closed = false;
	c->counts.begun++;
	ledger_cell_begin(c->ledger, i, cells_address(c, i));
	*ret_subscriber = i;
	return true;
}

uint32_t
cells_address(const struct cells *c, uint32_t subscriber)
{
	return c->config.base + c->subscribers[subscriber].cell;
}

void
cells_sent(struct cells *c, uint32_t subscriber, uint32_t seq)
{
	struct subscriber *s = &c->subscribers[subscriber];

	if (s->moving && s->first == NOT_SENT)
		s->first = seq;
}

void
cells_unsent(struct cells *c, uint32_t subscriber, uint32_t seq)
{
	struct subscriber *s = &c->subscribers[subscriber];

	if (s->moving && s->first == seq)
		s->first = NOT_SENT;
}

static void
end_handover(struct subscriber *s)
{
	if (s->done && s->closed)
		s->moving = false;
}

void
cells_uplink_arrived(struct cells *c, uint32_t subscriber, uint32_t seq, uint64_t now_ns)
{
	struct subscriber *s = &c->subscribers[subscriber];

	if (!s->moving || s->done || s->first == NOT_SENT || seq < s->first)
		return;
	s->done = true;
	c->counts.done++;
	ledger_cell_done(c->ledger, subscriber, now_ns);
	end_handover(s);
}

void
cells_end_marker(struct cells *c, uint32_t cell_ip, uint32_t teid)
{
	uint32_t i = teid - CELLS_TEID_CELL;
	struct subscriber *s = &c->subscribers[i];

	if (i >= c->config.n_subscribers || !s->moving || s->closed ||
	    cell_ip != c->config.base + s->last) {
		c->counts.stray++;
		return;
	}
	s->closed = true;
	c->counts.closed++;
	ledger_cell_closed(c->ledger, i);
	end_handover(s);
}

uint32_t
cells_seen(const struct cells *c, uint32_t subscriber, uint32_t cell_ip, uint32_t teid)
{
	if (subscriber >= c->config.n_subscribers || teid != cells_teid(subscriber))
		return SEEN_ELSEWHERE;
	return cell_ip;
}

void
cells_count_usage(struct cells *c, uint32_t subscriber, enum ledger_direction direction,
		  uint32_t size)
{
	c->subscribers[subscriber].usage[direction] += size;
}

uint64_t
cells_usage(const struct cells *c, uint32_t subscriber, enum ledger_direction direction)
{
	return c->subscribers[subscriber].usage[direction];
}

struct cells_counts
cells_counts(const struct cells *c)
{
	return c->counts;
}

uint32_t
cells_n_subscribers(const struct cells *c)
{
	return c->config.n_subscribers;
}
