/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which external port a new mapping gets, and what is done when a mapping has or loses one: ports and
 * blocks in use (ports.h), the subscriber's list of blocks, and their lines in the log. Worker's thread.
 *
 * One external port may belong to two slots for a moment while rows are installed: the
 * source gave a port that became free to a new mapping, and the row of the new one arrives before
 * the old one's removal. So the last one installed has the port, and a removal
 * frees a port only if it still is the slot's own. The same holds for blocks and subscribers.
 *
 * `log` is NULL for what another instance did first, or has from now on.
 */
#ifndef NAT_ALLOCATE_H
#define NAT_ALLOCATE_H

#include "session_table.h"

/* Who asks for a port. */
struct nat_port_request {
	uint32_t subscriber;       /* its number, or NAT_NO_SUBSCRIBER: a new one */
	struct nat_port_kind kind; /* parity: that is preferred; rested: does not count */
	uint16_t number;           /* of the address in the pool that is preferred */
	struct nat_wish wish;
};

/* For a subscriber without external address: of some the one with the most left in this bucket; more are
 * looked at while all were full. */
uint16_t nat_allocate_address(struct nat_sessions *s, uint8_t bucket, uint32_t protocol);

/* A port that may be given; one that rests only if no other is left. Changes nothing. */
enum nat_session_error nat_allocate_find(struct nat_sessions *s, const struct nat_port_request *r,
					 struct nat_place *ret);

/* The slot has the port, and the subscriber the block of it, whoever had them before. */
void nat_allocate_give(struct nat_sessions *s, uint32_t slot, const struct nat_place *at,
		       uint32_t subscriber, struct nat_log_ring *log);

/* The slot has no port any longer. */
void nat_allocate_take(struct nat_sessions *s, uint32_t slot, uint8_t bucket,
		       struct nat_log_ring *log);

/* The subscriber has no blocks any longer. While rows come, one may still have ports of others in use: then nobody
 * owns it until they are gone. */
void nat_allocate_take_blocks(struct nat_sessions *s, uint32_t subscriber,
			      struct nat_log_ring *log);

#endif
