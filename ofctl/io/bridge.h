/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One switch at the other end of an OpenFlow connection: connects, comes back, knows the ports,
 * reads rules and counters, and changes rules in bundles.
 *
 * A change has two halves, so that several switches can go together: bridge_stage() brings the
 * bundle to the switch, which checks every message; bridge_commit() puts it in force, all or
 * nothing. Several bundles may be under way, each with its own number.
 *
 * All on the thread of the event loop. Requests end with one call of `done`, later and never
 * from within the function that started them; error is NULL or a text that is valid
 * during the call. When the connection ends, every request under way ends with an error, and
 * then on_down comes. A switch that leaves a request unanswered for request_ns loses its connection, so
 * that no caller waits for ever for a switch that still answers echos.
 */
#ifndef OFCTL_IO_BRIDGE_H
#define OFCTL_IO_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "request.h"

struct bridge;
struct event_base;

struct bridge_config {
	const char *name;
	const char *address; /* unix:PATH, tcp:ADDRESS:PORT, ssl:ADDRESS:PORT; [v6] in brackets */
	SSL_CTX *tls;        /* for ssl:, kept by the caller */
	uint64_t probe_ns;
	uint64_t request_ns;
	uint64_t nudge_cookie; /* of the rule that bridge_nudge() adds and removes */
};

struct bridge_ops {
	void (*on_up)(void *ctx);
	void (*on_down)(void *ctx);
	void (*on_ports)(void *ctx); /* a port came, went or changed */
	/* Somebody else has added, changed or removed a rule of table 0. NULL: the switch could not
	 * tell everything; any rule may have changed. */
	void (*on_rule)(void *ctx, const struct of_update *update);
	/* A packet that a rule sends to the controller, whole as far as the rule says so; its data are
	 * valid during the call. NULL: the switch is not asked for packets. */
	void (*on_packet)(void *ctx, const struct of_packet_in *packet);
};

/* 0, -EINVAL for an address that is none, -ENOMEM. Strings are copied. */
int bridge_create(struct event_base *base, const struct bridge_config *config,
		  const struct bridge_ops *ops, void *ctx, struct bridge **ret);
/* Requests under way are dropped without a call. NULL is allowed. */
void bridge_destroy(struct bridge *bridge);

bool bridge_is_up(const struct bridge *bridge);
const char *bridge_state(const struct bridge *bridge);
uint64_t bridge_datapath_id(const struct bridge *bridge); /* 0: not known yet */
/* 0: there is no such port. */
uint32_t bridge_port_number(struct bridge *bridge, const char *name);
bool bridge_has_port(const struct bridge *bridge, uint32_t number);
/* As the switch itself calls it; NULL: it does not tell. */
const char *bridge_local_name(const struct bridge *bridge);
/* Does the switch tell changes of rules by others? */
bool bridge_tells_changes(const struct bridge *bridge);

/* These five: 0, -ENOTCONN when the switch is not up, -EBUSY when too much is under way. */
int bridge_read_flows(struct bridge *bridge, uint64_t cookie, uint64_t mask,
		      request_flow_fn *on_flow, request_done_fn *done, void *ctx);
int bridge_read_port_stats(struct bridge *bridge, request_port_stats_fn *on_stats,
			   request_done_fn *done, void *ctx);
/* *ret_bundle: its number, also when the switch refuses it; not when this function does. */
int bridge_stage(struct bridge *bridge, const struct of_flow_mod *mods, unsigned n,
		 request_done_fn *done, void *ctx, uint32_t *ret_bundle);
/* Ends after the switch's barrier. -ENOENT: no such bundle (the connection has ended since). */
int bridge_commit(struct bridge *bridge, uint32_t bundle, request_done_fn *done, void *ctx);
/* Ends when the switch has taken up and done all that was sent before. */
int bridge_barrier(struct bridge *bridge, request_done_fn *done, void *ctx);

/* A packet for the switch to carry out, behind everything that was sent before. Packets of one turn of
 * the event loop go with one write. 0, -ENOTCONN, -EMSGSIZE: it does not fit into a message. */
int bridge_packet_out(struct bridge *bridge, const struct of_packet_out *out);

/* Drops a staged bundle; nothing if there is none of this number. */
void bridge_discard(struct bridge *bridge, uint32_t bundle);

/* The requests of this context end without a call. */
void bridge_cancel(struct bridge *bridge, const void *ctx);

/* Adds and removes a rule that no packet can meet, in the last table. It makes Open vSwitch look
 * through its flow cache at once. Nothing if the switch is not up or has one table only. */
void bridge_nudge(struct bridge *bridge);

/* Ends the connection (and comes back): for a switch that does not answer. */
void bridge_reset(struct bridge *bridge, const char *why);

#endif
