/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All the subscribers of a PPPoE access concentrator. Those who stay log in once, and come again only when they have been
 * dropped before they were up; visitors log in and out all the time; and others only look for a concentrator, again and again.
 * Frames wait in a queue until they are fetched.
 * Pure: time is a parameter; allocates only in subscribers_create().
 */
#ifndef SLIM_BENCH_SUBSCRIBERS_H
#define SLIM_BENCH_SUBSCRIBERS_H

#include "subscriber.h"

#define SUBSCRIBERS_MAX 65535u /* session ids */
#define SUBSCRIBERS_QUEUE 1024u
#define SUBSCRIBERS_LOOKING \
	4096u /* clients who only look; their MAC addresses are behind the subscribers' */

struct subscribers_config {
	uint32_t n_staying;  /* subscribers 0 .. n_staying - 1 */
	uint32_t n_visitors; /* those behind them */
	uint32_t ramp;       /* log-ins a second of those who stay */
	uint32_t logins;     /* a second of visitors; as many log-outs follow */
	uint32_t looks;      /* PADIs a second of clients who only look */
	uint64_t stay_ns;    /* how long a visitor stays, once he is up */
	struct access_line
		line;         /* of the first; a subscriber's number is added to its MAC address */
	const char *user;     /* user i is called user followed by i */
	const char *password; /* of all; borrowed, as is the service */
	struct subscriber_group group; /* but for send and ctx */
};

struct subscribers_counts {
	struct subscriber_counts log_ins;
	uint64_t no_visitor; /* times that no visitor was free to log in */
	uint64_t
		queue_full; /* control frames that found no room, as if the network had lost them */
	uint64_t unknown;   /* frames for nobody's MAC address */
	uint64_t looks, offers; /* PADIs of those who only look, and PADOs that they got */
};

struct subscribers;

/* Is the MAC address one of the `n` that begin with `first`? */
bool subscribers_have_mac(const uint8_t *first, uint32_t n, const uint8_t *mac);

/* -EINVAL: none, or more than SUBSCRIBERS_MAX, or those who stay have no ramp; -ENOMEM. */
int subscribers_create(const struct subscribers_config *config, uint64_t now_ns,
		       struct subscribers **ret_subscribers);
void subscribers_destroy(struct subscribers *all);

/* Log-ins and log-outs that are due, and what has to be said again. Call it in every round: it looks at some
 * subscribers each time. */
void subscribers_tick(struct subscribers *all, uint64_t now_ns);
/* No visitor logs in, and nobody looks, any more. */
void subscribers_stop_visits(struct subscribers *all);

/* The next control frame to be sent: its octets, written into SUBSCRIBER_MAX_FRAME octets; 0: none waits. */
size_t subscribers_next(struct subscribers *all, uint8_t *frame);

/* A frame from the concentrator. Control is dealt with. Data of a session that is up: true, with the subscriber's number and
 * the IP packet, which points into the frame. */
bool subscribers_take(struct subscribers *all, const uint8_t *frame, size_t size, uint64_t now_ns,
		      uint32_t *ret_number, const uint8_t **ret_packet, size_t *ret_size);

/* Is it a frame with data that one of them sent? With the IP packet, which points into it. */
bool subscribers_own_data(const struct subscribers *all, const uint8_t *frame, size_t size,
			  const uint8_t **ret_packet, size_t *ret_size);

const struct subscriber *subscribers_at(const struct subscribers *all, uint32_t number);
uint32_t subscribers_n_up(const struct subscribers *all); /* of those who stay */
struct subscribers_counts subscribers_counts(const struct subscribers *all);

#endif
