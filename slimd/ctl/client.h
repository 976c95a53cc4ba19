/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that wait: a loop of its own that runs until the answer is there.
 * One channel at a time to each of two servers.
 */
#ifndef SLIMCTL_CLIENT_H
#define SLIMCTL_CLIENT_H

#include "options.h"
#include "rpc.h"

struct client;

/* Which service a client speaks to. */
enum client_service { CLIENT_SLIMD, CLIENT_STEERING };

/* EXIT_COMPLETE, or an exit code after a message on stderr. */
int client_open(const char *address, enum client_service service, const struct options *options,
		struct client **ret_client);
void client_close(struct client *client);

/* One unary call. *ret_reply is the caller's (client_free_reply). An exit code; all but
 * EXIT_COMPLETE come after a message on stderr. */
int client_call(struct client *client, const char *method, const ProtobufCMessage *request,
		ProtobufCMessage **ret_reply);
void client_free_reply(ProtobufCMessage *reply);

/* A server stream: `on_each` for each message; false from it ends the stream (and gives
 * EXIT_COMPLETE). Returns like client_call(). */
int client_stream(struct client *client, const char *method, const ProtobufCMessage *request,
		  bool (*on_each)(void *ctx, const ProtobufCMessage *message), void *ctx);

/* A client stream: `next` gives one message after the other, NULL at the end. They stay the
 * caller's; each is used before the next is asked for. */
int client_upload(struct client *client, const char *method,
		  const ProtobufCMessage *(*next)(void *ctx), void *ctx,
		  ProtobufCMessage **ret_reply);

/* The loop ends with exit code `code` when SIGINT comes during a stream; `on_interrupt` runs
 * before, to tell what goes on. */
#define CLIENT_INTERRUPTED 130
void client_set_interrupt(struct client *client, void (*on_interrupt)(void *ctx), void *ctx);

#endif
