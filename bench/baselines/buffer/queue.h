/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that wait at the controller, first in, first out, over all ports. Pure: no I/O, no clock; one
 * thread.
 *
 * Both limits are exact: what would go beyond one of them is not taken, and counted. What has been taken
 * never makes room for something else.
 *
 * All memory is reserved at the start and touched as it is needed:
 *
 *	octets:   [ ... | packet | packet |    free    | packet | packet | rest ]
 *	                                  ^tail         ^head              a packet is never split;
 *	                                                                   what is left at the end rests
 */
#ifndef SLIM_BUFFER_QUEUE_H
#define SLIM_BUFFER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_PACKET_MAX 65535u /* octets of one packet */
#define QUEUE_MAX_PACKETS (1u << 26)
#define QUEUE_MAX_OCTETS (UINT64_C(1) << 36)

struct queue_packet {
	uint32_t port; /* where it came in */
	uint32_t size;
	const uint8_t *data;
};

struct queue_counts {
	uint64_t packets; /* that wait */
	uint64_t octets;
	uint64_t most_packets; /* that ever waited at once, since queue_begin() */
	uint64_t most_octets;
	uint64_t taken; /* since queue_begin() */
	uint64_t dropped;
};

struct queue_entry {
	uint64_t at; /* in octets[] */
	uint32_t port;
	uint32_t size;
};

struct queue {
	uint64_t max_packets;
	uint64_t max_octets;
	uint64_t capacity; /* of octets[]: room for what rests at its end, too */
	uint8_t *octets;
	struct queue_entry *entries; /* a ring of max_packets */
	uint64_t first;              /* its oldest */
	uint64_t tail;               /* where the next packet goes */
	struct queue_counts counts;
};

/* Both limits at least 1. 0, -EINVAL or -ENOMEM. */
int queue_init(struct queue *queue, uint64_t max_packets, uint64_t max_octets);
void queue_fini(struct queue *queue);

/* Counts from here on. What waits stays, and counts as the most. */
void queue_begin(struct queue *queue);

/* Copies the packet. False: it is above a limit, and dropped. */
bool queue_put(struct queue *queue, uint32_t port, const void *data, size_t size);

/* The oldest, which stays where it is until queue_drop(). False: there is none. */
bool queue_peek(const struct queue *queue, struct queue_packet *ret);
/* Removes what queue_peek() shows; there must be one. */
void queue_drop(struct queue *queue);

#endif
