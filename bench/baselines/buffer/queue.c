/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Less than a packet rests at the end, and the packet that did not fit there needs room at the begin: with
 * twice the largest packet beyond the limit there always is. */
#define SLACK (2u * (QUEUE_PACKET_MAX + 1u))

int
queue_init(struct queue *q, uint64_t max_packets, uint64_t max_octets)
{
	*q = (struct queue){.max_packets = max_packets, .max_octets = max_octets};
	if (max_packets == 0 || max_packets > QUEUE_MAX_PACKETS || max_octets == 0 ||
	    max_octets > QUEUE_MAX_OCTETS)
		return -EINVAL;
	q->capacity = max_octets + SLACK;
	q->octets = malloc(q->capacity);
	q->entries = calloc(max_packets, sizeof(*q->entries));
	if (q->octets && q->entries)
		return 0;
	queue_fini(q);
	return -ENOMEM;
}

void
queue_fini(struct queue *q)
{
	free(q->octets);
	free(q->entries);
	*q = (struct queue){0};
}

static void
note_most(struct queue_counts *c)
{
	if (c->packets > c->most_packets)
		c->most_packets = c->packets;
	if (c->octets > c->most_octets)
		c->most_octets = c->octets;
}

void
queue_begin(struct queue *q)
{
	q->counts = (struct queue_counts){.packets = q->counts.packets, .octets = q->counts.octets};
	note_most(&q->counts);
}

static uint64_t
head_of(const struct queue *q)
{
	return q->entries[q->first].at;
}

/* Where a packet of this size goes. Within the limits there is room. */
static uint64_t
place(const struct queue *q, size_t size)
{
	if (q->counts.packets == 0)
		return 0;
	if (q->tail >= head_of(q) && q->capacity - q->tail < size) {
		assert(head_of(q) >= size);
		return 0;
	}
	assert(q->tail >= head_of(q) || head_of(q) - q->tail >= size);
	return q->tail;
}

bool
queue_put(struct queue *q, uint32_t port, const void *data, size_t size)
{
	struct queue_entry *entry;

	if (q->counts.packets == q->max_packets || size > QUEUE_PACKET_MAX ||
	    size > q->max_octets - q->counts.octets) {
		q->counts.dropped++;
		return false;
	}
	entry = &q->entries[(q->first + q->counts.packets) % q->max_packets];
	*entry = (struct queue_entry){.at = place(q, size), .port = port, .size = (uint32_t)size};
	memcpy(q->octets + entry->at, data, size);
	q->tail = entry->at + size;
	q->counts.packets++;
	q->counts.octets += size;
	q->counts.taken++;
	note_most(&q->counts);
	return true;
}

bool
queue_peek(const struct queue *q, struct queue_packet *ret)
{
	const struct queue_entry *entry = &q->entries[q->first];

	if (q->counts.packets == 0)
		return false;
	*ret = (struct queue_packet){
		.port = entry->port, .size = entry->size, .data = q->octets + entry->at};
	return true;
}

void
queue_drop(struct queue *q)
{
	assert(q->counts.packets > 0);
	q->counts.packets--;
	q->counts.octets -= q->entries[q->first].size;
	q->first = (q->first + 1) % q->max_packets;
}
