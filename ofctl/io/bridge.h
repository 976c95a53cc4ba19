/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One switch at the other end of an OpenFlow connection: connects, comes back, knows the ports,
 * reads rules and counters, and changes rules in bundles.
 *
 * A change has two halves, so that several switches can go together: bridge_stage() brings the
 * bundle to the switch, which checks every message; bridge_commit() puts it in force, all or
 * nothing. One bundle at a time.
 *
 * All on the thread of the event loop. Requests end with one call of `done`, later and never
 * from within the function that started them; error is NULL or a text that is valid
 * during the call. When the connection ends, every request under way ends with an error, and
 * then on_down comes.
 */
#ifndef OFCTL_IO_BRIDGE_H
#define OFCTL_IO_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "openflow.h"

struct bridge;
struct event_base;

#define BRIDGE_MAX_PORTS 4096u  /* ports of one switch that are remembered */
#define BRIDGE_MAX_REQUESTS 64u /* requests under way */
#define BRIDGE_TEXT_SIZE 128u

struct bridge_config {
	const char *name;
	const char *address; /* unix:PATH, tcp:ADDRESS:PORT, ssl:ADDRESS:PORT; [v6] in brackets */
	SSL_CTX *tls;        /* for ssl:, kept by the caller */
	uint64_t probe_ns;
};

struct bridge_ops {
	void (*on_up)(void *ctx);
	void (*on_down)(void *ctx);
	void (*on_ports)(void *ctx); /* a port came, went or changed */
};

typedef void bridge_done_fn(void *ctx, const char *error);
typedef void bridge_flow_fn(void *ctx, const struct of_flow *flow);
typedef void bridge_port_stats_fn(void *ctx, const struct of_port_stats *stats);

/* 0, -EINVAL for an address that is none, -ENOMEM. Strings are copied. */
int bridge_create(struct event_base *base, const struct bridge_config *config,
		  const struct bridge_ops *ops, void *ctx, struct bridge **ret);
/* Requests under way are dropped without a call. NULL is allowed. */
void bridge_destroy(struct bridge *bridge);

/* Is this an address? 0 or -EINVAL. */
int bridge_check_address(const char *address);

bool bridge_is_up(const struct bridge *bridge);
const char *bridge_state(const struct bridge *bridge);
uint64_t bridge_datapath_id(const struct bridge *bridge); /* 0: not known yet */
/* 0: there is no such port. */
uint32_t bridge_port_number(const struct bridge *bridge, const char *name);

/* These four: 0, -ENOTCONN when the switch is not up, -EBUSY when too much is under way. */
int bridge_read_flows(struct bridge *bridge, uint64_t cookie, uint64_t mask,
		      bridge_flow_fn *on_flow, bridge_done_fn *done, void *ctx);
int bridge_read_port_stats(struct bridge *bridge, bridge_port_stats_fn *on_stats,
			   bridge_done_fn *done, void *ctx);
int bridge_stage(struct bridge *bridge, const struct of_flow_mod *mods, unsigned n,
		 bridge_done_fn *done, void *ctx);
/* Ends after the switch's barrier. */
int bridge_commit(struct bridge *bridge, bridge_done_fn *done, void *ctx);

/* Drops a staged bundle; nothing if there is none. */
void bridge_discard(struct bridge *bridge);

/* Ends the connection (and comes back): for a switch that does not answer. */
void bridge_reset(struct bridge *bridge, const char *why);

#endif
