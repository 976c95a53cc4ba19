/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to other slimd: TLS 1.3 with certificates on both sides, frames.
 *
 * Each configured peer is dialled, all the time, with a growing pause between tries, whatever
 * they fail of; a connection that did not last counts as a failed one. Who refuses the other's
 * Hello says why (Goodbye), so that the cause is known on both sides. That
 * connection carries the sessions whose source is here. The ones that a peer dials carry the
 * sessions whose target is here. A certificate must be signed by the configured CA and name the
 * host (common name, or a DNS name of subjectAltName); a connection from or to somebody who is not
 * configured is closed. Plaintext only when both sides are told so.
 *
 * A connection is up after both Hellos. Ping and Pong are answered here. Frames of a
 * session are numbered here: seq counts from 1 for each connection, session and direction. A gap is
 * reported with the reason PROTOCOL and ends the connection.
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_PEER_PEER_H
#define SLIMD_PEER_PEER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "slim_limits.h"
#include "slim_peer.pb-c.h"
#include "trouble.h"

struct outside;

#define PEER_PROTOCOL_VERSION 1u
#define PEER_FEATURE_LZ4 (UINT64_C(1) << 0)
#define PEER_FEATURE_HOLDING (UINT64_C(1) << 1) /* the frame of that name */
#define PEER_FEATURE_NARROW (UINT64_C(1) << 2)  /* columns as narrow as their numbers (row.h) */
#define PEER_FEATURES (PEER_FEATURE_LZ4 | PEER_FEATURE_HOLDING | PEER_FEATURE_NARROW)

struct peer_conn;
struct peer_set;

struct peer_address {
	char name[SLIM_NAME_SIZE];
	const char *address; /* "host:port"; "" : it dials us, we never dial it */
};

struct peer_config {
	const char *host;   /* own name */
	const char *listen; /* "address:port"; NULL: nobody can dial us */
	bool plaintext;     /* the links show no certificates */
	uint64_t
		unknown; /* features of PEER_FEATURES that this side does not know; 0: it knows all */
	size_t n_peers;
	const struct peer_address *peers; /* kept */
};

struct peer_ops {
	void (*on_up)(void *ctx, struct peer_conn *conn);
	/* `conn` is gone after the return. `reason`: slim.v1.ReasonCode. Only after on_up. */
	void (*on_down)(void *ctx, struct peer_conn *conn, uint32_t reason);
	/* A dial has failed, or was refused before the Hello. */
	void (*on_unreachable)(void *ctx, const char *host, uint32_t reason);
	/* A frame with a session. It is gone after the return. */
	void (*on_frame)(void *ctx, struct peer_conn *conn, const Slim__Peer__V1__Frame *frame);
};

/* `ops` is copied. An address that cannot be listened to is reported in the log, too. */
int peer_set_create(struct outside *outside, const struct peer_config *config,
		    const struct peer_ops *ops, void *ctx, struct peer_set **ret_set);
void peer_set_destroy(struct peer_set *set);

/* The connection that we dialled to a host and that is up; NULL: none. */
struct peer_conn *peer_dialled(const struct peer_set *set, const char *name);
/* The newest one that a host dialled and that is up; NULL: none. */
struct peer_conn *peer_accepted(const struct peer_set *set, const char *name);
bool peer_is_configured(const struct peer_set *set, const char *name);

/* Try now, not after the pause; a dial that was refused waits all the same. */
void peer_redial(struct peer_set *set, const char *name);

const char *peer_conn_host(const struct peer_conn *conn);
/* False once it is about to end: what is sent then goes nowhere. on_down follows. */
bool peer_conn_is_up(const struct peer_conn *conn);
bool peer_conn_is_dialled(const struct peer_conn *conn);
uint64_t peer_conn_features(const struct peer_conn *conn); /* of both sides */
uint64_t peer_conn_rtt_ns(const struct peer_conn *conn);   /* smallest of late; 0 unknown */

/* Bytes that wait to be sent here. */
size_t peer_conn_queued(const struct peer_conn *conn);

/* Those, and the ones in the socket that the other host has not acknowledged. */
size_t peer_conn_below(const struct peer_conn *conn);

/* Sends a frame; sets its number (session frames). Returns the number; 0: the frame is too big, there is
 * no memory, or the connection is about to end. */
uint64_t peer_send(struct peer_conn *conn, Slim__Peer__V1__Frame *frame);

/* Ends a connection; on_down follows from the loop. */
void peer_conn_close(struct peer_conn *conn, uint32_t reason, const char *why);

/* What to wait for, so that a poller may sleep in poll(2): bytes from peers, and room for those that wait
 * here. Returns how many places of `ret` were filled. */
size_t peer_polls(const struct peer_set *set, struct pollfd *ret, size_t max);

/* Connections that failed since the start. */
uint64_t peer_troubles(const struct peer_set *set, enum trouble trouble, bool dialled);

struct peer_status {
	const char *name;
	const char *address;
	const char *state; /* "up", "connecting", "waiting", "inbound" */
	const char *software;
	uint64_t rtt_ns;
	uint64_t
		redial_ns; /* no dial of ours before, CLOCK_MONOTONIC; 0: at the next look, or dialled */
	bool tls;
};

/* One for each configured peer; returns their number. Valid until the loop goes on. */
size_t peer_list(const struct peer_set *set, struct peer_status *ret, size_t max);

#endif
