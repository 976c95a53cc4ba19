/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a connection to a switch: connects, plain or with TLS, cuts what comes into OpenFlow messages,
 * and writes messages. What they mean, and when to connect, is its owner's (bridge.h).
 *
 * One connection at a time, on the thread of the event loop. What it tells comes from the loop, or from
 * within channel_connect() when that fails at once. After on_closed its owner calls channel_close().
 */
#ifndef OFCTL_IO_CHANNEL_H
#define OFCTL_IO_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <openssl/ssl.h>

#include "openflow.h"
#include "slim_limits.h"

struct bufferevent;
struct event_base;

struct channel_ops {
	void (*on_connected)(void *ctx);
	/* A whole message; `message` is valid during the call. A negative errno ends the connection. */
	int (*on_message)(void *ctx, const struct of_header *h, const uint8_t *message);
	/* It ended, or could not begin. why: for people; NULL: it was said, or there is nothing to say. */
	void (*on_closed)(void *ctx, const char *why);
};

struct channel {
	struct event_base *base;
	char name[SLIM_NAME_SIZE]; /* for the log */
	struct sockaddr_storage sockaddr;
	int sockaddr_size;
	SSL_CTX *tls; /* NULL: plain */
	const struct channel_ops *ops;
	void *ctx;
	struct bufferevent *bev; /* NULL: not connected */
	unsigned generation;     /* counts connections */
	uint32_t xid;            /* the last one */
	uint8_t message[OF_MESSAGE_MAX];
};

/* *channel is zeroed before. `tls` is for ssl: addresses, kept by the caller. -EINVAL for an address that is
 * none (switch_address.h). */
int channel_init(struct channel *channel, struct event_base *base, const char *name,
		 const char *address, SSL_CTX *tls, const struct channel_ops *ops, void *ctx);

void channel_connect(struct channel *channel);
/* Nothing more is told of this connection. Nothing if there is none. */
void channel_close(struct channel *channel);

/* A transaction id that is not zero; they count up and may wrap. */
uint32_t channel_next_xid(struct channel *channel);
/* Bytes that were written and that the switch has not taken. */
size_t channel_backlog(const struct channel *channel);
/* What is in the writer, whole messages; nothing without a connection. */
void channel_write(struct channel *channel, const struct of_writer *w);

/* One message of at most OF_SEND_MAX bytes, by what encodes it into `w`. */
#define CHANNEL_SEND(channel, ...)                            \
	do {                                                  \
		uint8_t memory_[OF_SEND_MAX];                 \
		struct of_writer w;                           \
		of_writer_init(&w, memory_, sizeof(memory_)); \
		__VA_ARGS__;                                  \
		channel_write((channel), &w);                 \
	} while (0)

#endif
