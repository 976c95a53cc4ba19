/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine that servers and channels share. Nobody else includes this.
 *
 * An operation that is given to the gRPC core carries a tag. The thread of the completion
 * queue only puts finished tags into a list; the loop takes them out and calls `finish`. A
 * tag belongs to a server or channel (`owner`), so that closing one of them can wait for
 * its own operations and leave those of others in the list.
 */
#ifndef SLIM_BASE_RPC_ENGINE_H
#define SLIM_BASE_RPC_ENGINE_H

#include <pthread.h>
#include <sys/queue.h>

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include "rpc.h"

struct rpc_tag {
	void (*finish)(struct rpc_tag *tag, bool ok);
	const void *owner;
	bool ok;
	TAILQ_ENTRY(rpc_tag) link;
};

TAILQ_HEAD(rpc_tag_list, rpc_tag);

struct rpc {
	struct event_base *base;
	struct event *wake;
	int wake_fd;
	grpc_completion_queue *queue;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct rpc_tag_list finished; /* under lock */
};

#define rpc_container(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Finishes tags of `owner`, waiting for them, until *left is 0. */
void rpc_wait(struct rpc *rpc, const void *owner, const unsigned *left);

/* Starts a batch. A core that refuses one was used wrongly: our own bug. */
void rpc_start_batch(grpc_call *call, const grpc_op *ops, size_t n_ops, struct rpc_tag *tag);

/* One message to be sent. */
struct rpc_packet {
	grpc_byte_buffer *bytes;
	size_t size;
	STAILQ_ENTRY(rpc_packet) link;
};

STAILQ_HEAD(rpc_packet_list, rpc_packet);

struct rpc_packet *rpc_packet_create(const ProtobufCMessage *message);
void rpc_packet_destroy(struct rpc_packet *packet);
void rpc_packets_clear(struct rpc_packet_list *list);

/* NULL: not a message of that type. Takes the bytes. The caller frees the message. */
ProtobufCMessage *rpc_unpack(const ProtobufCMessageDescriptor *type, grpc_byte_buffer *bytes);

/* NULL: no such method. */
const ProtobufCMethodDescriptor *rpc_find_method(const ProtobufCServiceDescriptor *service,
						 const char *name);

bool rpc_address_is_unix(const char *address);

/* As tls_files_read(); why not goes to the log. */
int rpc_read_tls(const struct tls_files *files, struct tls_pem *ret_pem);

/* Arguments that servers and channels have in common; returns how many were written. */
#define RPC_N_COMMON_ARGS 6u
size_t rpc_common_args(grpc_arg *args);
grpc_arg rpc_int_arg(const char *key, int value);

#endif
