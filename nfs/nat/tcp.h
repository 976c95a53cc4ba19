/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the TCP connection of a mapping is, for its timeout (RFC 5382 section 5).
 *
 * A mapping may carry connections to several peers; it follows the one that was opened
 * last, told apart by a 16-bit tag of the peer. A second live connection makes the
 * mapping SHARED: then it lives until it is idle for the established timeout, whatever
 * single connections do. Only packets from inside can make a mapping live longer;
 * packets from outside count only if they come from the peer that is followed.
 */
#ifndef NAT_TCP_H
#define NAT_TCP_H

#include <stdbool.h>
#include <stdint.h>

/* In the session table: the numbers are part of the protocol between versions. */
enum nat_tcp_state {
	NAT_TCP_NONE = 0,        /* not TCP */
	NAT_TCP_OPENING = 1,     /* first packet from inside */
	NAT_TCP_ANSWERED = 2,    /* SYN from outside */
	NAT_TCP_ESTABLISHED = 3, /* handshake done */
	NAT_TCP_FIN_OUT = 4,     /* FIN from inside */
	NAT_TCP_FIN_IN = 5,      /* FIN from outside */
	NAT_TCP_CLOSED = 6,      /* both FINs, or RST */
	NAT_TCP_SHARED = 7,      /* several peers */
	NAT_TCP_N_STATES
};

/* What a segment says, the strongest flag wins. */
enum nat_tcp_event { NAT_TCP_ACK = 0, NAT_TCP_SYN, NAT_TCP_FIN, NAT_TCP_RST, NAT_TCP_N_EVENTS };

static inline enum nat_tcp_event
nat_tcp_event(uint8_t flags)
{
	if (flags & 0x04)
		return NAT_TCP_RST;
	if (flags & 0x02)
		return NAT_TCP_SYN;
	if (flags & 0x01)
		return NAT_TCP_FIN;
	return NAT_TCP_ACK;
}

/* State after a segment of the peer that is followed. */
extern const uint8_t nat_tcp_out[NAT_TCP_N_STATES][NAT_TCP_N_EVENTS];
extern const uint8_t nat_tcp_in[NAT_TCP_N_STATES][NAT_TCP_N_EVENTS];

/* State after a segment from inside to another peer. *ret_follow: the other peer is the one
 * to follow from now on. */
enum nat_tcp_state nat_tcp_other_peer(enum nat_tcp_state state, enum nat_tcp_event event,
				      bool *ret_follow);

/* Established for the choice of the timeout? A half-closed connection is: it may still carry
 * data for long. */
static inline bool
nat_tcp_is_established(uint8_t state)
{
	return state == NAT_TCP_ESTABLISHED || state == NAT_TCP_FIN_OUT ||
	       state == NAT_TCP_FIN_IN || state == NAT_TCP_SHARED;
}

#endif
