/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subscriber of a PPPoE access concentrator, from his own end: he looks for one (RFC 2516), negotiates LCP (RFC 1661),
 * says who he is (PAP, RFC 1334; CHAP with MD5, RFC 1994), gets an address (IPCP, RFC 1332), perhaps an interface
 * identifier (IPV6CP, RFC 5072), answers echoes and sends his own, and logs out. What gets lost he says again.
 *
 * Pure: time is a parameter, frames go out through a function. No allocation. Times are nanoseconds of any clock.
 */
#ifndef SLIM_BENCH_SUBSCRIBER_H
#define SLIM_BENCH_SUBSCRIBER_H

#include "subscriber_state.h"

/* In IDLE: logs in. */
void subscriber_start(struct subscriber *s, uint64_t now_ns);
/* Logs out. In IDLE nothing happens. */
void subscriber_stop(struct subscriber *s, uint64_t now_ns);
/* Says again what is due. */
void subscriber_tick(struct subscriber *s, uint64_t now_ns);
/* When something is due; NEGOTIATION_NEVER: nothing. May be in the past. */
uint64_t subscriber_due(const struct subscriber *s);

/* A frame for his MAC address. What is data stays untouched (subscriber_unwrap()), and false is returned. */
bool subscriber_take(struct subscriber *s, const uint8_t *frame, size_t size, uint64_t now_ns);

/* ---- data ---------------------------------------------------------------------------------------------- */

/* Octets in front of an IP packet. */
size_t subscriber_front(const struct subscriber *s);
/* Writes them in front of the packet of `size` octets, which begins at frame + subscriber_front(). Returns the octets of the
 * frame. */
size_t subscriber_wrap(const struct subscriber *s, uint8_t *frame, size_t size);
/* The IPv4 or IPv6 packet in a frame of his session; NULL: it is none. Points into the frame. */
const uint8_t *subscriber_unwrap(const struct subscriber *s, const uint8_t *frame, size_t size,
				 size_t *ret_size);

bool subscriber_has_ipv6(const struct subscriber *s);
const char *subscriber_state_name(enum subscriber_state state);

#endif
