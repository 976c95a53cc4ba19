/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that wait for a cell; see buffer.h. */
#include "buffer.h"

#include <errno.h>

#include <rte_malloc.h>

#include "config.h"
#include "counters.h"
#include "session_entry.h"

#define TICK_MAX 64u /* packets that are dropped for their age in one round */

static struct gateway_session *
session_of(const struct gateway_buffer *b, uint32_t slot)
{
	return slim_slot(b->sessions, slot);
}

uint32_t
gateway_buffer_put(struct gateway_buffer *b, uint32_t slot, struct rte_mbuf *m)
{
	struct gateway_session *session = session_of(b, slot);
	uint32_t i = session->n_waiting == b->limits.packets_per_session ? NF_AGES_NONE
									 : nf_ages_begin(&b->ages);

	if (i == NF_AGES_NONE) {
		nf_drop(b->worker, m, GATEWAY_drop_idle_full);
		return 0;
	}
	b->n++;
	b->entries[i] =
		(struct gateway_waiting){.m = m, .since_ns = b->worker->now_ns, .slot = slot};
	if (session->n_waiting++ != 0)
		b->entries[session->last_waiting].next = i;
	else
		session->first_waiting = i;
	session->last_waiting = i;
	nf_count(b->worker, GATEWAY_buffered, 1);
	return session->n_waiting;
}

struct rte_mbuf *
gateway_buffer_take(struct gateway_buffer *b, uint32_t slot)
{
	struct gateway_session *session = session_of(b, slot);
	uint32_t i = session->first_waiting;

	if (session->n_waiting == 0)
		return NULL;
	session->n_waiting--;
	session->first_waiting = b->entries[i].next;
	nf_ages_end(&b->ages, i);
	b->n--;
	return b->entries[i].m;
}

void
gateway_buffer_drop(struct gateway_buffer *b, uint32_t slot)
{
	struct rte_mbuf *m;

	while ((m = gateway_buffer_take(b, slot)) != NULL)
		nf_drop(b->worker, m, GATEWAY_drop_idle_gone);
}

static struct gateway_waiting *
oldest(const struct gateway_buffer *b)
{
	return &b->entries[nf_ages_oldest(&b->ages)];
}

/* All of one session are in order of age, so the oldest of all is the first of its session. */
static struct rte_mbuf *
take_oldest(struct gateway_buffer *b)
{
	return gateway_buffer_take(b, oldest(b)->slot);
}

static bool
is_over(const struct gateway_buffer *b)
{
	return b->worker->now_ns - oldest(b)->since_ns >= b->limits.lifetime_ns;
}

static void
return_all(struct gateway_buffer *b)
{
	while (b->n != 0 && slim_return(b->worker->agent, GATEWAY_CORE, &oldest(b)->m, 1) == 1) {
		take_oldest(b);
		nf_count(b->worker, GATEWAY_returned, 1);
	}
}

void
gateway_buffer_tick(struct gateway_buffer *b)
{
	if (likely(b->n == 0))
		return;
	if (unlikely(!b->worker->serves)) {
		return_all(b);
		return;
	}
	for (uint32_t i = 0; i < TICK_MAX && b->n != 0 && is_over(b); i++)
		nf_drop(b->worker, take_oldest(b), GATEWAY_drop_idle_late);
}

/* ---- set-up, main thread ------------------------------------------------------------------------ */

int
gateway_buffer_init(struct gateway_buffer *b, const struct gateway_buffer_limits *limits)
{
	b->limits = *limits;
	/* One more: there may be room for none. */
	b->entries = rte_zmalloc("gateway_buffer", (limits->packets + 1) * sizeof(*b->entries),
				 RTE_CACHE_LINE_SIZE);
	return b->entries == NULL ? -ENOMEM : nf_ages_init(&b->ages, limits->packets);
}

void
gateway_buffer_fini(struct gateway_buffer *b)
{
	for (uint32_t i = nf_ages_oldest(&b->ages); i != NF_AGES_NONE;
	     i = nf_ages_next(&b->ages, i))
		rte_pktmbuf_free(b->entries[i].m);
	nf_ages_fini(&b->ages);
	rte_free(b->entries);
	b->entries = NULL;
}
