/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reliable link to one switch: connect, handshake, probe, give up, come back. Pure: time is a
 * parameter; each step says what to do.
 *
 *	event --> link_step(link, event, now) --> bits of enum link_do
 *
 * The caller carries the bits out in the order of their values, and calls LINK_TIMER when
 * link.deadline_ns has come. An event that means nothing in a state changes nothing.
 */
#ifndef OFCTL_CORE_LINK_H
#define OFCTL_CORE_LINK_H

#include <stdbool.h>
#include <stdint.h>

enum link_state {
	LINK_WAITING,    /* for the next attempt */
	LINK_CONNECTING, /* transport, and TLS */
	LINK_GREETING,   /* hello sent */
	LINK_ASKING,     /* features asked for */
	LINK_LISTING,    /* ports asked for */
	LINK_UP,
	LINK_N_STATES
};

enum link_event {
	LINK_TIMER,
	LINK_CONNECTED,
	LINK_CLOSED, /* by the other side, or an error of the transport or the protocol */
	LINK_HELLO,  /* of a switch that speaks our version */
	LINK_FEATURES,
	LINK_PORTS,   /* the last of the list */
	LINK_MESSAGE, /* any message at all; comes before its own event */
	LINK_N_EVENTS
};

enum link_do {
	LINK_DO_CLOSE = 1u << 0,
	LINK_DO_DOWN = 1u << 1, /* it was up */
	LINK_DO_CONNECT = 1u << 2,
	LINK_DO_HELLO = 1u << 3,
	LINK_DO_FEATURES = 1u << 4, /* ask; and say which asynchronous messages are wanted */
	LINK_DO_PORTS = 1u << 5,
	LINK_DO_UP = 1u << 6,
	LINK_DO_PROBE = 1u << 7,
};

#define LINK_BACKOFF_MIN_NS UINT64_C(50000000) /* 50 ms, doubled after each failure */
#define LINK_BACKOFF_MAX_NS UINT64_C(2000000000)
#define LINK_HANDSHAKE_NS UINT64_C(5000000000) /* for each state of the handshake */

struct link {
	enum link_state state;
	uint64_t deadline_ns;
	uint64_t backoff_ns;
	uint64_t probe_ns; /* silence until a probe, and from there until the end */
	bool probed;
};

/* The first attempt is due at once. */
void link_init(struct link *link, uint64_t probe_ns, uint64_t now_ns);

/* Bits of enum link_do. */
unsigned link_step(struct link *link, enum link_event event, uint64_t now_ns);

/* "waiting", ... "up" */
const char *link_state_name(enum link_state state);

#endif
