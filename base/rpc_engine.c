/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: the completion queue's thread, the list of finished tags, and what both
 * server and client need (messages to bytes and back, arguments).
 */
#include "rpc_engine.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>

#include "log.h"

#define TAGS_PER_WAKE 64u /* then other events of the loop have their turn */
#define CORE_LINES_PER_S \
	5u /* log lines of the gRPC core; it answers every bad client with some \
	    */

/* ---- log lines of the core, from any thread -------------------------------- */

static void
forward_core_log(gpr_log_func_args *args)
{
	static _Atomic int64_t second;
	static _Atomic unsigned lines;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (atomic_exchange(&second, now.tv_sec) != now.tv_sec)
		atomic_store(&lines, 0);
	if (atomic_fetch_add(&lines, 1) >= CORE_LINES_PER_S)
		return;
	if (args->severity == GPR_LOG_SEVERITY_ERROR)
		log_info("grpc says text=\"%s\"", args->message);
	else
		log_debug("grpc says text=\"%s\"", args->message);
}

/* ---- finished tags ---------------------------------------------------------- */

static void *
run_queue(void *arg)
{
	struct rpc *rpc = arg;
	struct rpc_tag *tag;
	grpc_event event;
	bool was_empty;
	ssize_t n;

	for (;;) {
		event = grpc_completion_queue_next(rpc->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC),
						   NULL);
		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		assert(event.type == GRPC_OP_COMPLETE);
		tag = event.tag;
		tag->ok = event.success != 0;
		pthread_mutex_lock(&rpc->lock);
		was_empty = TAILQ_EMPTY(&rpc->finished);
		TAILQ_INSERT_TAIL(&rpc->finished, tag, link);
		pthread_cond_signal(&rpc->arrived);
		pthread_mutex_unlock(&rpc->lock);
		if (was_empty) {
			n = write(rpc->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
			assert(n == sizeof(uint64_t) || errno == EAGAIN);
			(void)n;
		}
	}
}

static struct rpc_tag *
take_first(struct rpc *rpc)
{
	struct rpc_tag *tag;

	pthread_mutex_lock(&rpc->lock);
	tag = TAILQ_FIRST(&rpc->finished);
	if (tag != NULL)
		TAILQ_REMOVE(&rpc->finished, tag, link);
	pthread_mutex_unlock(&rpc->lock);
	return tag;
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct rpc *rpc = arg;
	struct rpc_tag *tag;
	unsigned n = 0;
	uint64_t count;
	ssize_t got = read(fd, &count, sizeof(count));

	(void)what;
	(void)got; /* nothing to read: woken by event_active below */
	while (n < TAGS_PER_WAKE && (tag = take_first(rpc)) != NULL) {
		tag->finish(tag, tag->ok);
		n++;
	}
	if (n == TAGS_PER_WAKE)
		event_active(rpc->wake, EV_READ, 0);
}

/* Under lock: the first finished tag of that owner. */
static struct rpc_tag *
find_owned(struct rpc *rpc, const void *owner)
{
	struct rpc_tag *tag;

	TAILQ_FOREACH(tag, &rpc->finished, link)
		if (tag->owner == owner)
			return tag;
	return NULL;
}

void
rpc_wait(struct rpc *rpc, const void *owner, const unsigned *left)
{
	struct rpc_tag *tag;

	while (*left > 0) {
		pthread_mutex_lock(&rpc->lock);
		while ((tag = find_owned(rpc, owner)) == NULL)
			pthread_cond_wait(&rpc->arrived, &rpc->lock);
		TAILQ_REMOVE(&rpc->finished, tag, link);
		pthread_mutex_unlock(&rpc->lock);
		tag->finish(tag, tag->ok);
	}
}

void
rpc_start_batch(grpc_call *call, const grpc_op *ops, size_t n_ops, struct rpc_tag *tag)
{
	grpc_call_error error = grpc_call_start_batch(call, ops, n_ops, tag, NULL);

	if (error == GRPC_CALL_OK)
		return;
	log_error("grpc refused a batch error=%s", grpc_call_error_to_string(error));
	abort();
}

/* ---- life ------------------------------------------------------------------- */

static void
close_core(struct rpc *rpc)
{
	grpc_completion_queue_destroy(rpc->queue);
	grpc_shutdown_blocking();
	pthread_cond_destroy(&rpc->arrived);
	pthread_mutex_destroy(&rpc->lock);
	if (rpc->wake != NULL)
		event_free(rpc->wake);
	if (rpc->wake_fd >= 0)
		close(rpc->wake_fd);
	free(rpc);
}

static int
start_wake(struct rpc *rpc)
{
	rpc->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (rpc->wake_fd < 0)
		return -errno;
	rpc->wake = event_new(rpc->base, rpc->wake_fd, EV_READ | EV_PERSIST, on_wake, rpc);
	if (rpc->wake == NULL || event_add(rpc->wake, NULL) < 0)
		return -ENOMEM;
	return -pthread_create(&rpc->thread, NULL, run_queue, rpc);
}

int
rpc_create(struct event_base *base, struct rpc **ret_rpc)
{
	struct rpc *rpc = calloc(1, sizeof(*rpc));
	int error;

	if (rpc == NULL)
		return -ENOMEM;
	rpc->base = base;
	rpc->wake_fd = -1;
	pthread_mutex_init(&rpc->lock, NULL);
	pthread_cond_init(&rpc->arrived, NULL);
	TAILQ_INIT(&rpc->finished);
	gpr_set_log_function(forward_core_log);
	grpc_init();
	rpc->queue = grpc_completion_queue_create_for_next(NULL);
	error = start_wake(rpc);
	if (error < 0) {
		grpc_completion_queue_shutdown(rpc->queue);
		close_core(rpc);
		return error;
	}
	*ret_rpc = rpc;
	return 0;
}

void
rpc_destroy(struct rpc *rpc)
{
	if (rpc == NULL)
		return;
	grpc_completion_queue_shutdown(rpc->queue);
	pthread_join(rpc->thread, NULL);
	assert(TAILQ_EMPTY(&rpc->finished));
	close_core(rpc);
}

/* ---- messages ---------------------------------------------------------------- */

struct rpc_packet *
rpc_packet_create(const ProtobufCMessage *message)
{
	struct rpc_packet *packet = calloc(1, sizeof(*packet));
	grpc_slice slice;

	if (packet == NULL)
		abort();
	packet->size = protobuf_c_message_get_packed_size(message);
	slice = grpc_slice_malloc(packet->size);
	protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
	packet->bytes = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return packet;
}

void
rpc_packet_destroy(struct rpc_packet *packet)
{
	if (packet == NULL)
		return;
	grpc_byte_buffer_destroy(packet->bytes);
	free(packet);
}

void
rpc_packets_clear(struct rpc_packet_list *list)
{
	struct rpc_packet *packet;

	while ((packet = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, link);
		rpc_packet_destroy(packet);
	}
}

ProtobufCMessage *
rpc_unpack(const ProtobufCMessageDescriptor *type, grpc_byte_buffer *bytes)
{
	ProtobufCMessage *message = NULL;
	grpc_byte_buffer_reader reader;
	grpc_slice slice;

	if (grpc_byte_buffer_reader_init(&reader, bytes)) {
		slice = grpc_byte_buffer_reader_readall(&reader);
		message = protobuf_c_message_unpack(type, NULL, GRPC_SLICE_LENGTH(slice),
						    GRPC_SLICE_START_PTR(slice));
		grpc_slice_unref(slice);
		grpc_byte_buffer_reader_destroy(&reader);
	}
	grpc_byte_buffer_destroy(bytes);
	return message;
}

const ProtobufCMethodDescriptor *
rpc_find_method(const ProtobufCServiceDescriptor *service, const char *name)
{
	return protobuf_c_service_descriptor_get_method_by_name(service, name);
}

/* ---- addresses, certificates, arguments --------------------------------------- */

bool
rpc_address_is_unix(const char *address)
{
	return strncmp(address, "unix:", 5) == 0;
}

int
rpc_read_tls(const struct tls_files *files, struct tls_pem *ret_pem)
{
	char text[TLS_TEXT_SIZE];
	int error = tls_files_read(files, ret_pem, text);

	if (error < 0)
		log_error("tls files are not usable error=\"%s\"", text);
	return error;
}

grpc_arg
rpc_int_arg(const char *key, int value)
{
	return (grpc_arg){
		.type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)key, .value.integer = value};
}

size_t
rpc_common_args(grpc_arg *args)
{
	size_t n = 0;

	args[n++] = rpc_int_arg(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)RPC_MAX_MESSAGE);
	args[n++] = rpc_int_arg(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, (int)RPC_MAX_MESSAGE);
	/* Identity only: a small message must not become a large one by decompression. */
	args[n++] = rpc_int_arg(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1);
	args[n++] = rpc_int_arg(GRPC_ARG_KEEPALIVE_TIME_MS, 10000);
	args[n++] = rpc_int_arg(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5000);
	args[n++] = rpc_int_arg(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
	assert(n == RPC_N_COMMON_ARGS);
	return n;
}
