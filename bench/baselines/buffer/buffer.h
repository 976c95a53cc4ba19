/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A buffer at the controller: what comes in at some ports of a switch goes to this program while state is
 * copied elsewhere, and is played back to another port afterwards.
 *
 *	IDLE --hold--> RAISING --barrier--> HELD --release--> PLAYING --queue empty--> LOWERING
 *	  ^                                                                               | barrier
 *	  +--barrier-- DRAINING <--flow cache proven fresh-- PROVING <--------------------+
 *
 * Where more comes than can be played the queue never is empty. Then, after some patience, the rules go all the
 * same, and what the switch carries from there on passes what still waits.
 *
 * Order is kept within what goes through the controller: one connection, one queue, first in, first out.
 * What the switch carries by itself once the rules are gone may pass a packet that is still on its way up
 * and down; nothing at a controller can hinder it.
 *
 * From release on everything that comes is played at once, also when its rules are gone: packets that
 * were on their way. PROVING and DRAINING make sure that none is when release is answered, if the switch's
 * control socket is known; without it release is answered behind the barrier.
 *
 * One thread, that of the event loop. `done` is called once for each call that returned 0, later.
 */
#ifndef SLIM_BUFFER_BUFFER_H
#define SLIM_BUFFER_BUFFER_H

#include <stdint.h>

#include "command.h"
#include "queue.h"

#define BUFFER_COOKIE \
	UINT64_C(     \
		0x4255464600000000) /* of its rules; slim-ofctld takes away what begins with 0x534c */
#define BUFFER_PRIORITY 60000u      /* above all rules of slim-ofctld */

struct buffer;
struct event_base;

struct buffer_config {
	const char *address; /* of the bridge: unix:PATH, tcp:ADDRESS:PORT */
	const char
		*control; /* ovs-vswitchd's control socket, a path or a pattern; NULL: not known */
	uint64_t max_packets;
	uint64_t max_octets;
	uint64_t patience_ns; /* how long a release tries to catch up with what comes */
};

struct buffer_counts {
	struct queue_counts queue; /* since the last hold */
	uint64_t played;
	uint64_t unplayable; /* the switch was gone, or the port is not known: lost */
	uint64_t cut;        /* came without their end: lost */
	uint64_t gave_up;    /* 1: the last release did not catch up with what came */
};

/* error: NULL, or a text that is valid during the call. */
typedef void buffer_done_fn(void *ctx, const char *error);

/* 0, -EINVAL (address, limits), -ENOMEM. Strings are copied. */
int buffer_create(struct event_base *base, const struct buffer_config *config, struct buffer **ret);
/* The rules stay in the switch if they are there. NULL is allowed. */
void buffer_destroy(struct buffer *buffer);

/* Both: 0; -ENOTCONN: no switch; -EBUSY: not now (hold: it holds; release: it does not); -ENODEV: no such
 * port at the switch; -EINVAL: a port is held and has no way out, or the other way round. */
int buffer_hold(struct buffer *buffer, const struct command *command, buffer_done_fn *done,
		void *ctx);
int buffer_release(struct buffer *buffer, const struct command *command, buffer_done_fn *done,
		   void *ctx);

void buffer_read_counts(const struct buffer *buffer, struct buffer_counts *ret);
/* "idle", "held" and the like; "down": no connection to the switch. */
const char *buffer_state(const struct buffer *buffer);

#endif
