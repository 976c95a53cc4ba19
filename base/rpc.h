/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC from C: the C core of gRPC, protobuf-c messages and a libevent loop.
 *
 * A thread of the engine waits on gRPC's completion queue and hands finished
 * operations to the event loop. Every function here is called, and every callback
 * runs, on the thread of the loop that was given to rpc_create(). Nothing blocks,
 * but for the destroy functions, which wait until the core has let go.
 *
 *	struct rpc *rpc;			client
 *	rpc_create(base, &rpc);			rpc_channel_create(rpc, &config, &channel);
 *						rpc_call_start(channel, &call_config, &call);
 *	server					...
 *	rpc_server_create(rpc, &server);	rpc_channel_destroy(channel);
 *	rpc_server_add_service(server, ...);
 *	rpc_server_listen(server, ...);
 *	rpc_server_start(server);
 *	...
 *	rpc_server_destroy(server);
 *	rpc_destroy(rpc);
 *
 * Functions that can fail return 0 or a negative errno.
 *
 * What is refused before a handler sees it: an unknown method (RPC_UNIMPLEMENTED), bytes that
 * are not the message (RPC_INVALID_ARGUMENT), a message above RPC_MAX_MESSAGE
 * (RPC_RESOURCE_EXHAUSTED), a compressed message, more than RPC_MAX_REQUESTS requests at a time
 * (RPC_RESOURCE_EXHAUSTED), and over TCP a client without a certificate of the CA (no
 * connection at all).
 */
#ifndef SLIM_BASE_RPC_H
#define SLIM_BASE_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "tls_files.h"

struct event_base;

#define RPC_MAX_MESSAGE (4u << 20) /* bytes of one message, either way */
#define RPC_MAX_REQUESTS 256u      /* requests of one server at a time */
#define RPC_MAX_SEND_QUEUE \
	(1u << 20)         /* bytes queued at which a sender should wait for on_drain \
			    */
#define RPC_MAX_TEXT 1024u /* a status text, with its final NUL */

/* Numbers of the gRPC protocol. */
enum rpc_code {
	RPC_OK = 0,
	RPC_CANCELLED = 1,
	RPC_UNKNOWN = 2,
	RPC_INVALID_ARGUMENT = 3,
	RPC_DEADLINE_EXCEEDED = 4,
	RPC_NOT_FOUND = 5,
	RPC_ALREADY_EXISTS = 6,
	RPC_PERMISSION_DENIED = 7,
	RPC_RESOURCE_EXHAUSTED = 8,
	RPC_FAILED_PRECONDITION = 9,
	RPC_ABORTED = 10,
	RPC_OUT_OF_RANGE = 11,
	RPC_UNIMPLEMENTED = 12,
	RPC_INTERNAL = 13,
	RPC_UNAVAILABLE = 14,
	RPC_DATA_LOSS = 15,
	RPC_UNAUTHENTICATED = 16,
};

/* "not found" and the like; never NULL. */
const char *rpc_code_name(enum rpc_code code);

/* Trailing metadata that goes with a status: what exactly was wrong, for programs. */
#define RPC_REASON_KEY "slim-reason"
#define RPC_MAX_REASON 64u /* with its final NUL */

struct rpc_status {
	enum rpc_code code;
	const char *reason; /* name in slim.v1.ReasonCode; "": none was sent */
	const char *text;   /* for people; never NULL; valid during the callback */
};

/* ---- engine ---------------------------------------------------------------- */

struct rpc;

/* One per process and loop. Its wake-up event keeps event_base_dispatch() from returning by itself.
 */
int rpc_create(struct event_base *base, struct rpc **ret_rpc);

/* After its servers and channels. NULL is allowed. */
void rpc_destroy(struct rpc *rpc);

/* ---- server ---------------------------------------------------------------- */

struct rpc_server;
struct rpc_request;

enum rpc_kind {
	RPC_UNARY,
	RPC_SERVER_STREAM,
	RPC_CLIENT_STREAM,
};

/* A call of a method has arrived.
 *   unary, server stream: called once, `message` is the request.
 *   client stream: once a message, then once with NULL when the client has sent all.
 * `message` belongs to the engine and is gone after the return. `ctx` is that of the service.
 *
 * Whoever handles a request must end it exactly once, now or later on the loop, with
 * rpc_reply(), rpc_fail() or rpc_finish(); the request is gone then. It never goes away
 * before, not even when the client does. */
typedef void rpc_handler(struct rpc_request *request, const ProtobufCMessage *message, void *ctx);

struct rpc_method {
	const char *name; /* as in the .proto file: "ListNfs" */
	enum rpc_kind kind;
	rpc_handler *handler;
};

int rpc_server_create(struct rpc *rpc, struct rpc_server **ret_server);

/* Before rpc_server_start(). `service` is what protoc-c generated
 * (slim__v1__slimd__descriptor); it gives the service's name and the types of the methods.
 * `methods` is kept. Methods that are not in it are answered with RPC_UNIMPLEMENTED.
 * -EINVAL: a name that the service does not have. */
int rpc_server_add_service(struct rpc_server *server, const ProtobufCServiceDescriptor *service,
			   const struct rpc_method *methods, size_t n_methods, void *ctx);

/* Before rpc_server_start(), any number of times.
 *   "unix:/path"  mode 0660; a stale socket file is removed, -EADDRINUSE if somebody answers
 *                 there, -EEXIST if it is no socket. `tls` is not used.
 *   "host:port"   needs `tls`, else -EINVAL: mutual TLS, client certificates required.
 *                 Port 0 takes a free one; *ret_port (may be NULL) tells which.
 * -EADDRINUSE or -EADDRNOTAVAIL when the address cannot be bound; -ENOENT and the like for a
 * file that cannot be read; -EKEYREJECTED for PEM files that make no sense. */
int rpc_server_listen(struct rpc_server *server, const char *address, const struct tls_files *tls,
		      int *ret_port);

int rpc_server_start(struct rpc_server *server);

/* Takes no more calls, cancels those under way (their on_cancel callbacks run; requests that
 * are not ended then are ended here), removes the socket file. NULL is allowed. */
void rpc_server_destroy(struct rpc_server *server);

/* Ends a unary or client-stream request: this message, status OK. */
void rpc_reply(struct rpc_request *request, const ProtobufCMessage *message);

/* Ends any request: status `code` with a text. */
void rpc_fail(struct rpc_request *request, enum rpc_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with a reason: the name of a slim.v1.ReasonCode, which must stay valid. */
void rpc_fail_because(struct rpc_request *request, enum rpc_code code, const char *reason,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* One more message of a server stream. It is packed and queued at once. Returns the bytes
 * queued now; from RPC_MAX_SEND_QUEUE on wait for on_drain before sending more. */
size_t rpc_send(struct rpc_request *request, const ProtobufCMessage *message);

/* Ends a server stream with status OK, after all that is queued. */
void rpc_finish(struct rpc_request *request);

/* Bytes queued and not yet taken by the transport. */
size_t rpc_queued(const struct rpc_request *request);

/* Client streams: stop or go on reading. Read messages are not delivered while paused. */
void rpc_pause(struct rpc_request *request);
void rpc_resume(struct rpc_request *request);

/* `on_cancel`: the client has gone, cancelled, or its deadline is over; nothing that is sent
 * arrives any more. Called at most once, never after the end of the request, and never from
 * within another function of this module. The request must still be ended.
 * `on_drain`: the send queue has become empty. Either may be NULL. */
struct rpc_request_ops {
	void (*on_cancel)(struct rpc_request *request);
	void (*on_drain)(struct rpc_request *request);
};
void rpc_request_set_ops(struct rpc_request *request, const struct rpc_request_ops *ops);

/* One pointer for the handler's own use; NULL at first. */
void rpc_request_set_data(struct rpc_request *request, void *data);
void *rpc_request_data(const struct rpc_request *request);

/* True once the client has gone. */
bool rpc_request_cancelled(const struct rpc_request *request);

/* Who calls: the certificate's common name, or the transport's address ("unix:"). For logs. */
const char *rpc_request_peer(const struct rpc_request *request);

/* ---- client ---------------------------------------------------------------- */

struct rpc_channel;
struct rpc_call;

struct rpc_channel_config {
	const char *address;         /* "unix:/path" or "host:port" */
	const struct tls_files *tls; /* needed for host:port, not used for unix */
	const char *server_name;     /* name in the server's certificate; NULL: that of `address` */
};

/* Connects when it is first used, and again whenever it must. Errors as in rpc_server_listen(). */
int rpc_channel_create(struct rpc *rpc, const struct rpc_channel_config *config,
		       struct rpc_channel **ret_channel);

/* Drops the calls that are still under way: their callbacks do not run any more, the calls
 * are gone. NULL is allowed. */
void rpc_channel_destroy(struct rpc_channel *channel);

struct rpc_call_config {
	const ProtobufCServiceDescriptor *service;
	const char *method; /* "Prepare" */
	enum rpc_kind kind;
	const ProtobufCMessage *request; /* packed at once; NULL for client streams */
	uint64_t timeout_ns;             /* 0: none */
	bool wait_for_ready; /* wait for a connection instead of RPC_UNAVAILABLE at once */
	/* Server streams: one call a message. May call rpc_call_cancel(). */
	void (*on_message)(void *ctx, const ProtobufCMessage *message);
	/* Client streams: all that was queued has been taken. May be NULL. */
	void (*on_drain)(void *ctx);
	/* The end, exactly once, never from within rpc_call_start(). `reply`: the message of a
	 * unary or client-stream call when status->code is RPC_OK, else NULL. After the return
	 * the call is gone. */
	void (*on_done)(void *ctx, const struct rpc_status *status, const ProtobufCMessage *reply);
	void *ctx;
};

/* *ret_call (ret_call may be NULL) is valid until on_done returns. -EINVAL: no such method;
 * -EMSGSIZE: request too big. */
int rpc_call_start(struct rpc_channel *channel, const struct rpc_call_config *config,
		   struct rpc_call **ret_call);

/* Client streams. Returns the bytes queued now; from RPC_MAX_SEND_QUEUE on wait for on_drain. */
size_t rpc_call_send(struct rpc_call *call, const ProtobufCMessage *message);

/* Client streams: all is sent, let the server answer. */
void rpc_call_close(struct rpc_call *call);

/* Gives up: no callback runs any more, the call is gone. */
void rpc_call_cancel(struct rpc_call *call);

#endif
