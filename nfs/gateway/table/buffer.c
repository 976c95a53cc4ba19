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

int
gateway_buffer_init(struct gateway_buffer *b, const struct gateway_buffer_limits *limits)
{
	b->limits = *limits;
	b->entries = rte_zmalloc("gateway_buffer", (limits->packets + 1) * sizeof(*b->entries),
				 RTE_CACHE_LINE_SIZE);
	if (b->entries == NULL)
		return -ENOMEM;
	for (uint32_t i = 1; i <= limits->packets; i++) {
		b->entries[i].newer = b->free;
		b->free = i;
	}
	return 0;
}

void
gateway_buffer_fini(struct gateway_buffer *b)
{
	for (uint32_t i = b->oldest; i != 0; i = b->entries[i].newer)
		rte_pktmbuf_free(b->entries[i].m);
	rte_free(b->entries);
	b->entries = NULL;
	b->oldest = 0;
}

static uint32_t
take_entry(struct gateway_buffer *b)
{
	uint32_t i = b->free;

	b->free = b->entries[i].newer;
	b->n++;
	return i;
}

uint32_t
gateway_buffer_put(struct gateway_buffer *b, uint32_t slot, struct rte_mbuf *m)
{
	struct gateway_session *session = session_of(b, slot);
	uint32_t i;

	if (session->n_waiting == b->limits.packets_per_session || b->free == 0) {
		nf_drop(b->worker, m, GATEWAY_drop_idle_full);
		return 0;
	}
	i = take_entry(b);
	b->entries[i] = (struct gateway_waiting){
		.m = m,
		.since_ns = b->worker->now_ns,
		.slot = slot,
		.older = b->newest,
	};
	if (b->newest != 0)
		b->entries[b->newest].newer = i;
	else
		b->oldest = i;
	b->newest = i;
	if (session->n_waiting++ != 0)
		b->entries[session->last_waiting].next = i;
	else
		session->first_waiting = i;
	session->last_waiting = i;
	nf_count(b->worker, GATEWAY_buffered, 1);
	return session->n_waiting;
}

/* Out of the list of all, and back to the free ones. */
static void
give_entry(struct gateway_buffer *b, uint32_t i)
{
	struct gateway_waiting *entry = &b->entries[i];

	if (entry->older != 0)
		b->entries[entry->older].newer = entry->newer;
	else
		b->oldest = entry->newer;
	if (entry->newer != 0)
		b->entries[entry->newer].older = entry->older;
	else
		b->newest = entry->older;
	entry->newer = b->free;
	b->free = i;
	b->n--;
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
	give_entry(b, i);
	return b->entries[i].m;
}

void
gateway_buffer_drop(struct gateway_buffer *b, uint32_t slot)
{
	struct rte_mbuf *m;

	while ((m = gateway_buffer_take(b, slot)) != NULL)
		nf_drop(b->worker, m, GATEWAY_drop_idle_gone);
}

/* All of one session are in order of age, so the oldest of all is the first of its session. */
static struct rte_mbuf *
take_oldest(struct gateway_buffer *b)
{
	return gateway_buffer_take(b, b->entries[b->oldest].slot);
}

static bool
is_over(const struct gateway_buffer *b)
{
	return b->worker->now_ns - b->entries[b->oldest].since_ns >= b->limits.lifetime_ns;
}

static void
return_all(struct gateway_buffer *b)
{
	while (b->n != 0 &&
	       slim_return(b->worker->agent, GATEWAY_CORE, &b->entries[b->oldest].m, 1) == 1) {
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
