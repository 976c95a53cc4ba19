/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server and client in one process, on one loop, over a unix socket or TLS on loopback. Each
 * test waits for its event with a deadline.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "log.h"
#include "rpc.h"
#include "slim_ctl.pb-c.h"
#include "test_folder.h"

#define N_CHUNKS 500u
#define DEADLINE_S 20
#define MAX_HELD 32u

struct fixture {
	struct event_base *base;
	struct rpc *rpc;
	struct rpc_server *server;
	struct rpc_channel *channel;
	char dir[64];
	char address[128];
	/* server */
	struct rpc_request *held[MAX_HELD];
	unsigned n_held, n_cancelled, n_chunks_sent, n_chunks_got;
	bool pause_once, paused;
	char peer[128];
	/* client */
	bool done;
	enum rpc_code code;
	char text[RPC_MAX_TEXT];
	char reason[RPC_MAX_REASON];
	char reply[256];
	size_t reply_size;
	unsigned n_messages;
	bool stop_after_first;
	struct rpc_call *call;
};

/* ---- handlers -------------------------------------------------------------------- */

static void
handle_version(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	Slim__V1__VersionReply reply = SLIM__V1__VERSION_REPLY__INIT;
	struct fixture *f = ctx;

	assert_ptr_equal(message->descriptor, &slim__v1__version_request__descriptor);
	snprintf(f->peer, sizeof(f->peer), "%s", rpc_request_peer(request));
	reply.version = (char *)(uintptr_t) "1.2.3";
	rpc_reply(request, &reply.base);
}

static void
on_held_cancel(struct rpc_request *request)
{
	struct fixture *f = rpc_request_data(request);

	f->n_cancelled++;
	assert_true(rpc_request_cancelled(request));
}

/* Answered later, or never. */
static void
handle_get_nf(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	struct fixture *f = ctx;

	(void)message;
	assert_in_range(f->n_held, 0, MAX_HELD - 1);
	f->held[f->n_held++] = request;
	rpc_request_set_data(request, f);
	rpc_request_set_ops(request, &(struct rpc_request_ops){.on_cancel = on_held_cancel});
	event_base_loopbreak(f->base);
}

static void
send_chunks(struct rpc_request *request)
{
	Slim__V1__TableChunk chunk = SLIM__V1__TABLE_CHUNK__INIT;
	struct fixture *f = rpc_request_data(request);
	char text[4096];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	chunk.table = text;
	while (f->n_chunks_sent < N_CHUNKS) {
		f->n_chunks_sent++;
		if (rpc_send(request, &chunk.base) >= 64u << 10)
			return; /* on_drain goes on */
	}
	rpc_finish(request);
}

static void
on_dump_cancel(struct rpc_request *request)
{
	struct fixture *f = rpc_request_data(request);

	f->n_cancelled++;
	rpc_finish(request);
	event_base_loopbreak(f->base);
}

static void
handle_dump(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	(void)message;
	rpc_request_set_data(request, ctx);
	rpc_request_set_ops(request, &(struct rpc_request_ops){.on_cancel = on_dump_cancel,
							       .on_drain = send_chunks});
	send_chunks(request);
}

static void
resume_held(evutil_socket_t fd, short what, void *arg)
{
	struct fixture *f = arg;

	(void)fd;
	(void)what;
	f->paused = false;
	rpc_resume(f->held[0]);
}

static void
handle_import(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	Slim__V1__ImportReply reply = SLIM__V1__IMPORT_REPLY__INIT;
	struct fixture *f = ctx;

	if (message != NULL) {
		assert_false(f->paused);
		f->n_chunks_got++;
		if (f->pause_once) {
			f->pause_once = false;
			f->paused = true;
			f->held[f->n_held++] = request;
			rpc_pause(request);
			event_base_once(f->base, -1, EV_TIMEOUT, resume_held, f,
					&(struct timeval){.tv_usec = 20000});
		}
		return;
	}
	reply.imported = f->n_chunks_got;
	rpc_reply(request, &reply.base);
}

static void
handle_cancel_job(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__GetJobRequest *wanted =
		(const Slim__V1__GetJobRequest *)(const void *)message;

	(void)ctx;
	rpc_fail_because(request, RPC_NOT_FOUND, "REASON_UNKNOWN_JOB", "there is no job \"%s\"",
			 wanted->id);
}

static const struct rpc_method methods[] = {
	{"GetVersion", RPC_UNARY, handle_version},
	{"GetNf", RPC_UNARY, handle_get_nf},
	{"CancelJob", RPC_UNARY, handle_cancel_job},
	{"DumpTable", RPC_SERVER_STREAM, handle_dump},
	{"ImportTable", RPC_CLIENT_STREAM, handle_import},
};

/* ---- fixture ---------------------------------------------------------------------- */

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	fail_msg("nothing happened for %d s", DEADLINE_S);
}

static void
run(struct fixture *f)
{
	struct event *late = evtimer_new(f->base, on_late, f);

	event_add(late, &(struct timeval){.tv_sec = DEADLINE_S});
	event_base_dispatch(f->base);
	event_free(late);
}

#define UNTIL(f, condition)                                               \
	do {                                                              \
		struct event *late = evtimer_new((f)->base, on_late, f);  \
		event_add(late, &(struct timeval){.tv_sec = DEADLINE_S}); \
		while (!(condition))                                      \
			event_base_loop((f)->base, EVLOOP_ONCE);          \
		event_free(late);                                         \
	} while (0)

static void
ignore_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static void
start_server(struct fixture *f, const char *address, const struct tls_files *tls, int *ret_port)
{
	assert_int_equal(rpc_server_create(f->rpc, &f->server), 0);
	assert_int_equal(rpc_server_add_service(f->server, &slim__v1__slimd__descriptor, methods,
						sizeof(methods) / sizeof(methods[0]), f),
			 0);
	assert_int_equal(rpc_server_listen(f->server, address, tls, ret_port), 0);
	assert_int_equal(rpc_server_start(f->server), 0);
}

/* Each case has a folder of its own in it. */
static int
make_folder(void **state)
{
	(void)state;
	return test_folder_begin("/tmp", "rpc");
}

static int
remove_folder(void **state)
{
	(void)state;
	test_folder_end();
	return 0;
}

static int
setup_engine(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	log_set_sink(ignore_line, NULL);
	assert_int_equal(test_folder_make(f->dir, sizeof(f->dir)), 0);
	snprintf(f->address, sizeof(f->address), "unix:%s/sock", f->dir);
	f->base = event_base_new();
	assert_int_equal(rpc_create(f->base, &f->rpc), 0);
	*state = f;
	return 0;
}

static int
setup(void **state)
{
	struct fixture *f;
	struct rpc_channel_config config;

	setup_engine(state);
	f = *state;
	start_server(f, f->address, NULL, NULL);
	config = (struct rpc_channel_config){.address = f->address};
	assert_int_equal(rpc_channel_create(f->rpc, &config, &f->channel), 0);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	rpc_channel_destroy(f->channel);
	rpc_server_destroy(f->server);
	rpc_destroy(f->rpc);
	event_base_free(f->base);
	free(f);
	return 0;
}

/* ---- client -------------------------------------------------------------------------- */

static void
on_done(void *ctx, const struct rpc_status *status, const ProtobufCMessage *reply)
{
	struct fixture *f = ctx;

	assert_false(f->done);
	f->done = true;
	f->code = status->code;
	snprintf(f->reason, sizeof(f->reason), "%s", status->reason);
	f->call = NULL;
	snprintf(f->text, sizeof(f->text), "%s", status->text);
	f->reply_size = 0;
	if (reply != NULL) {
		assert_true(protobuf_c_message_get_packed_size(reply) <= sizeof(f->reply));
		f->reply_size = protobuf_c_message_pack(reply, (uint8_t *)f->reply);
	}
	event_base_loopbreak(f->base);
}

static void
on_message(void *ctx, const ProtobufCMessage *message)
{
	const Slim__V1__TableChunk *chunk = (const Slim__V1__TableChunk *)(const void *)message;
	struct fixture *f = ctx;

	assert_int_equal(strlen(chunk->table), 4095);
	f->n_messages++;
	if (f->stop_after_first)
		rpc_call_cancel(f->call);
}

static void
start_call(struct fixture *f, const char *method, enum rpc_kind kind,
	   const ProtobufCMessage *request, uint64_t timeout_ns)
{
	struct rpc_call_config config = {
		.service = &slim__v1__slimd__descriptor,
		.method = method,
		.kind = kind,
		.request = request,
		.timeout_ns = timeout_ns,
		.on_message = on_message,
		.on_done = on_done,
		.ctx = f,
	};

	f->done = false;
	assert_int_equal(rpc_call_start(f->channel, &config, &f->call), 0);
}

static void
start_get_version(struct fixture *f)
{
	Slim__V1__VersionRequest request = SLIM__V1__VERSION_REQUEST__INIT;

	start_call(f, "GetVersion", RPC_UNARY, &request.base, 0);
}

static void
call_version(struct fixture *f)
{
	start_get_version(f);
	run(f);
	assert_true(f->done);
}

static void
start_get_nf(struct fixture *f, uint64_t timeout_ns)
{
	Slim__V1__GetNfRequest request = SLIM__V1__GET_NF_REQUEST__INIT;

	start_call(f, "GetNf", RPC_UNARY, &request.base, timeout_ns);
}

/* ---- tests: calls ---------------------------------------------------------------------- */

static void
unary_call_is_answered(void **state)
{
	struct fixture *f = *state;
	Slim__V1__VersionReply *reply;

	call_version(f);
	assert_int_equal(f->code, RPC_OK);
	reply = slim__v1__version_reply__unpack(NULL, f->reply_size, (uint8_t *)f->reply);
	assert_non_null(reply);
	assert_string_equal(reply->version, "1.2.3");
	slim__v1__version_reply__free_unpacked(reply, NULL);
	assert_memory_equal(f->peer, "unix:", 5);
}

static void
failure_carries_code_and_text(void **state)
{
	Slim__V1__GetJobRequest request = SLIM__V1__GET_JOB_REQUEST__INIT;
	struct fixture *f = *state;

	request.id = (char *)(uintptr_t) "j17";
	start_call(f, "CancelJob", RPC_UNARY, &request.base, 0);
	run(f);
	assert_int_equal(f->code, RPC_NOT_FOUND);
	assert_string_equal(f->text, "there is no job \"j17\"");
	assert_string_equal(f->reason, "REASON_UNKNOWN_JOB");
	assert_int_equal(f->reply_size, 0);
}

static void
answer_may_come_later(void **state)
{
	Slim__V1__Nf nf = SLIM__V1__NF__INIT;
	struct fixture *f = *state;

	start_get_nf(f, 0);
	run(f);
	assert_false(f->done);
	rpc_reply(f->held[0], &nf.base);
	run(f);
	assert_true(f->done);
	assert_int_equal(f->code, RPC_OK);
	assert_int_equal(f->n_cancelled, 0);
}

static void
method_without_handler_is_unimplemented(void **state)
{
	Slim__V1__ListPeersRequest request = SLIM__V1__LIST_PEERS_REQUEST__INIT;
	struct fixture *f = *state;

	start_call(f, "ListPeers", RPC_UNARY, &request.base, 0);
	run(f);
	assert_int_equal(f->code, RPC_UNIMPLEMENTED);
	assert_string_equal(f->reason, "");
}

/* A deadline that is over before the server has seen the call tells the server nothing; so the next call has
 * longer. The first is too short on every machine. (The server may see one of the earlier calls later.) */
static void
deadline_ends_call_and_tells_server(void **state)
{
	struct fixture *f = *state;

	for (uint64_t timeout_ns = 1000; f->n_held == 0; timeout_ns *= 2) {
		start_get_nf(f, timeout_ns);
		UNTIL(f, f->done);
		assert_int_equal(f->code, RPC_DEADLINE_EXCEEDED);
	}
	UNTIL(f, f->n_cancelled == f->n_held);
	for (unsigned i = 0; i < f->n_held; i++)
		rpc_fail(f->held[i], RPC_CANCELLED, "too late");
	start_get_version(f);
	UNTIL(f, f->done);
	assert_int_equal(f->code, RPC_OK);
	assert_in_range(f->n_cancelled, 1, f->n_held);
}

static void
cancel_tells_server_and_runs_no_callback(void **state)
{
	struct fixture *f = *state;

	start_get_nf(f, 0);
	run(f);
	rpc_call_cancel(f->call);
	UNTIL(f, f->n_cancelled > 0);
	rpc_fail(f->held[0], RPC_CANCELLED, "nobody reads this");
	assert_false(f->done);
}

/* ---- tests: streams ---------------------------------------------------------------------- */

static void
server_stream_arrives_whole(void **state)
{
	Slim__V1__DumpTableRequest request = SLIM__V1__DUMP_TABLE_REQUEST__INIT;
	struct fixture *f = *state;

	start_call(f, "DumpTable", RPC_SERVER_STREAM, &request.base, 0);
	run(f);
	assert_true(f->done);
	assert_int_equal(f->code, RPC_OK);
	assert_int_equal(f->n_messages, N_CHUNKS);
	assert_int_equal(f->n_cancelled, 0);
}

static void
server_stream_stops_when_client_cancels(void **state)
{
	Slim__V1__DumpTableRequest request = SLIM__V1__DUMP_TABLE_REQUEST__INIT;
	struct fixture *f = *state;

	f->stop_after_first = true;
	start_call(f, "DumpTable", RPC_SERVER_STREAM, &request.base, 0);
	run(f); /* until the server noticed */
	assert_int_equal(f->n_cancelled, 1);
	assert_int_equal(f->n_messages, 1);
	assert_false(f->done);
	assert_true(f->n_chunks_sent < N_CHUNKS);
}

static void
client_stream_is_counted(void **state)
{
	Slim__V1__TableChunk chunk = SLIM__V1__TABLE_CHUNK__INIT;
	struct fixture *f = *state;
	Slim__V1__ImportReply *reply;
	unsigned i;

	f->pause_once = true;
	start_call(f, "ImportTable", RPC_CLIENT_STREAM, NULL, 0);
	for (i = 0; i < 10; i++)
		rpc_call_send(f->call, &chunk.base);
	rpc_call_close(f->call);
	run(f);
	assert_int_equal(f->code, RPC_OK);
	reply = slim__v1__import_reply__unpack(NULL, f->reply_size, (uint8_t *)f->reply);
	assert_int_equal(reply->imported, 10);
	slim__v1__import_reply__free_unpacked(reply, NULL);
}

/* ---- tests: hostile and broken ------------------------------------------------------------- */

/* A call of the core itself, with bytes that no codec would make. */
static grpc_status_code
call_raw(const char *address, grpc_channel_credentials *credentials, const char *method,
	 const void *bytes, size_t size)
{
	grpc_completion_queue *queue = grpc_completion_queue_create_for_next(NULL);
	grpc_channel *channel = grpc_channel_create(address, credentials, NULL);
	grpc_slice path = grpc_slice_from_copied_string(method);
	grpc_call *call =
		grpc_channel_create_call(channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue, path, NULL,
					 gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	grpc_slice data = grpc_slice_from_copied_buffer(bytes, size);
	grpc_byte_buffer *packet = grpc_raw_byte_buffer_create(&data, 1);
	grpc_slice details = grpc_empty_slice();
	grpc_metadata_array head, trailer;
	grpc_byte_buffer *reply = NULL;
	grpc_status_code code;
	grpc_op ops[6] = {0};
	grpc_event event;

	grpc_metadata_array_init(&head);
	grpc_metadata_array_init(&trailer);
	ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
	ops[1].op = GRPC_OP_SEND_MESSAGE;
	ops[1].data.send_message.send_message = packet;
	ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
	ops[3].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
	ops[3].data.recv_status_on_client.trailing_metadata = &trailer;
	ops[3].data.recv_status_on_client.status = &code;
	ops[3].data.recv_status_on_client.status_details = &details;
	ops[4].op = GRPC_OP_RECV_INITIAL_METADATA;
	ops[4].data.recv_initial_metadata.recv_initial_metadata = &head;
	ops[5].op = GRPC_OP_RECV_MESSAGE;
	ops[5].data.recv_message.recv_message = &reply;
	assert_int_equal(grpc_call_start_batch(call, ops, 6, &ops, NULL), GRPC_CALL_OK);
	event = grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	assert_int_equal(event.type, GRPC_OP_COMPLETE);
	grpc_slice_unref(details);
	grpc_slice_unref(data);
	grpc_slice_unref(path);
	grpc_byte_buffer_destroy(packet);
	grpc_byte_buffer_destroy(reply);
	grpc_metadata_array_destroy(&head);
	grpc_metadata_array_destroy(&trailer);
	grpc_call_unref(call);
	grpc_channel_destroy(channel);
	grpc_completion_queue_shutdown(queue);
	grpc_completion_queue_next(queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	grpc_completion_queue_destroy(queue);
	return code;
}

struct raw {
	struct fixture *f;
	grpc_channel_credentials *credentials;
	const char *method;
	const void *bytes;
	size_t size;
	int done_fd;
	grpc_status_code code;
};

static void *
run_raw(void *arg)
{
	struct raw *raw = arg;

	raw->code = call_raw(raw->f->address, raw->credentials, raw->method, raw->bytes, raw->size);
	assert_int_equal(write(raw->done_fd, &(uint64_t){1}, sizeof(uint64_t)), 8);
	return NULL;
}

static void
on_raw_done(evutil_socket_t fd, short what, void *arg)
{
	struct raw *raw = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(raw->f->base);
}

/* The loop serves while a thread calls. Takes the credentials. */
static enum rpc_code
call_raw_with(struct fixture *f, grpc_channel_credentials *credentials, const char *method,
	      const void *bytes, size_t size)
{
	struct raw raw = {.f = f,
			  .credentials = credentials,
			  .method = method,
			  .bytes = bytes,
			  .size = size,
			  .done_fd = eventfd(0, 0),
			  .code = GRPC_STATUS__DO_NOT_USE};
	struct event *done = event_new(f->base, raw.done_fd, EV_READ, on_raw_done, &raw);
	pthread_t thread;

	event_add(done, NULL);
	assert_int_equal(pthread_create(&thread, NULL, run_raw, &raw), 0);
	run(f);
	pthread_join(thread, NULL);
	event_free(done);
	close(raw.done_fd);
	grpc_channel_credentials_release(credentials);
	return (enum rpc_code)raw.code;
}

static enum rpc_code
call_raw_plain(struct fixture *f, const char *method, const void *bytes, size_t size)
{
	return call_raw_with(f, grpc_insecure_credentials_create(), method, bytes, size);
}

static void
bytes_that_are_no_message_are_refused(void **state)
{
	struct fixture *f = *state;
	enum rpc_code code;

	/* Field 1, length-delimited, longer than the message. */
	code = call_raw_plain(f, "/slim.v1.Slimd/CancelJob", "\x0a\xff\xff\xff\x7f", 5);
	assert_int_equal(code, RPC_INVALID_ARGUMENT);
	call_version(f);
	assert_int_equal(f->code, RPC_OK);
}

static void
unknown_paths_are_unimplemented(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(call_raw_plain(f, "/slim.v1.Slimd/Nothing", "", 0), RPC_UNIMPLEMENTED);
	assert_int_equal(call_raw_plain(f, "/slim.v1.Slimd/GetVersionX", "", 0), RPC_UNIMPLEMENTED);
	assert_int_equal(call_raw_plain(f, "/other/GetVersion", "", 0), RPC_UNIMPLEMENTED);
}

static void
message_above_the_limit_is_refused(void **state)
{
	size_t size = RPC_MAX_MESSAGE + 1;
	struct fixture *f = *state;
	char *bytes = calloc(1, size);

	assert_int_equal(call_raw_plain(f, "/slim.v1.Slimd/CancelJob", bytes, size),
			 RPC_RESOURCE_EXHAUSTED);
	free(bytes);
	call_version(f);
	assert_int_equal(f->code, RPC_OK);
}

static void
message_below_the_limit_passes(void **state)
{
	Slim__V1__GetJobRequest request = SLIM__V1__GET_JOB_REQUEST__INIT;
	size_t size = RPC_MAX_MESSAGE - 64;
	char *id = malloc(size + 1);
	struct fixture *f = *state;

	memset(id, 'y', size);
	id[size] = '\0';
	request.id = id;
	start_call(f, "CancelJob", RPC_UNARY, &request.base, 0);
	run(f);
	assert_int_equal(f->code, RPC_NOT_FOUND);
	free(id);
}

static void
own_message_above_the_limit_is_not_sent(void **state)
{
	Slim__V1__GetJobRequest request = SLIM__V1__GET_JOB_REQUEST__INIT;
	struct rpc_call_config config = {
		.service = &slim__v1__slimd__descriptor,
		.method = "GetJob",
		.request = &request.base,
		.on_done = on_done,
	};
	char *id = malloc(RPC_MAX_MESSAGE + 1);
	struct fixture *f = *state;

	memset(id, 'y', RPC_MAX_MESSAGE);
	id[RPC_MAX_MESSAGE] = '\0';
	request.id = id;
	assert_int_equal(rpc_call_start(f->channel, &config, NULL), -EMSGSIZE);
	config.method = "NoSuchMethod";
	assert_int_equal(rpc_call_start(f->channel, &config, NULL), -EINVAL);
	free(id);
}

static void
nobody_listening_is_unavailable(void **state)
{
	struct fixture *f = *state;
	struct rpc_channel_config config = {.address = f->address};

	assert_int_equal(rpc_channel_create(f->rpc, &config, &f->channel), 0);
	call_version(f);
	assert_int_equal(f->code, RPC_UNAVAILABLE);
}

/* ---- tests: shutdown ------------------------------------------------------------------------- */

static void
server_ends_with_requests_under_way(void **state)
{
	struct fixture *f = *state;

	start_get_nf(f, 0);
	run(f);
	rpc_server_destroy(f->server);
	f->server = NULL;
	assert_int_equal(f->n_cancelled, 1);
	run(f);
	assert_true(f->done);
	assert_int_not_equal(f->code, RPC_OK);
}

static void
channel_ends_with_calls_under_way(void **state)
{
	struct fixture *f = *state;

	start_get_nf(f, 0);
	run(f);
	rpc_channel_destroy(f->channel);
	f->channel = NULL;
	assert_false(f->done);
}

static void
call_finds_a_restarted_server(void **state)
{
	Slim__V1__VersionRequest request = SLIM__V1__VERSION_REQUEST__INIT;
	struct fixture *f = *state;
	struct rpc_call_config config = {
		.service = &slim__v1__slimd__descriptor,
		.method = "GetVersion",
		.request = &request.base,
		.wait_for_ready = true,
		.on_done = on_done,
		.ctx = f,
	};

	call_version(f);
	rpc_server_destroy(f->server);
	call_version(f);
	assert_int_equal(f->code, RPC_UNAVAILABLE);
	start_server(f, f->address, NULL, NULL);
	f->done = false;
	assert_int_equal(rpc_call_start(f->channel, &config, NULL), 0);
	run(f);
	assert_int_equal(f->code, RPC_OK);
}

/* ---- tests: sockets ----------------------------------------------------------------------------
 */

static void
socket_is_for_the_group_and_goes_away(void **state)
{
	struct fixture *f = *state;
	struct stat status;

	assert_int_equal(lstat(f->address + 5, &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 0777, 0660);
	rpc_server_destroy(f->server);
	f->server = NULL;
	assert_int_equal(lstat(f->address + 5, &status), -1);
}

static int
listen_again(struct fixture *f)
{
	struct rpc_server *second;
	int error;

	assert_int_equal(rpc_server_create(f->rpc, &second), 0);
	error = rpc_server_listen(second, f->address, NULL, NULL);
	rpc_server_destroy(second);
	return error;
}

static void
socket_of_a_living_server_is_left_alone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(listen_again(f), -EADDRINUSE);
	call_version(f);
	assert_int_equal(f->code, RPC_OK);
}

static void
stale_socket_is_replaced_but_a_file_is_not(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct fixture *f = *state;
	FILE *file;
	int fd;

	strcpy(address.sun_path, f->address + 5);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); /* the file stays, as after kill -9 */
	assert_int_equal(listen_again(f), 0);
	file = fopen(f->address + 5, "w");
	fclose(file);
	assert_int_equal(listen_again(f), -EEXIST);
}

/* ---- tests: TLS
 * ----------------------------------------------------------------------------------- */

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static void
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
}

static struct identity
make_identity(const char *name, const struct identity *issuer)
{
	struct identity made = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
	X509_NAME *subject = X509_get_subject_name(made.cert);

	X509_set_version(made.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made.cert), issuer == NULL ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(made.cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(made.cert), 3600);
	X509_set_pubkey(made.cert, made.key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				   0);
	X509_set_issuer_name(made.cert,
			     X509_get_subject_name(issuer != NULL ? issuer->cert : made.cert));
	add_extension(made.cert, NID_basic_constraints,
		      issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
	add_extension(made.cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
	X509_sign(made.cert, issuer != NULL ? issuer->key : made.key, EVP_sha256());
	return made;
}

static void
write_identity(const char *dir, const char *cert, const char *key, struct identity *identity)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, cert);
	file = fopen(path, "w");
	PEM_write_X509(file, identity->cert);
	fclose(file);
	if (key == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, key);
	file = fopen(path, "w");
	PEM_write_PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
}

static void
free_identity(struct identity *identity)
{
	X509_free(identity->cert);
	EVP_PKEY_free(identity->key);
}

/* ca.pem has issued a.pem; other.pem comes from somebody else. */
static void
write_pki(const char *dir)
{
	struct identity ca = make_identity("lab CA", NULL), a = make_identity("host-a", &ca);
	struct identity other_ca = make_identity("lab CA", NULL);
	struct identity other = make_identity("host-x", &other_ca);

	write_identity(dir, "ca.pem", NULL, &ca);
	write_identity(dir, "a.pem", "a.key", &a);
	write_identity(dir, "other-ca.pem", NULL, &other_ca);
	write_identity(dir, "other.pem", "other.key", &other);
	free_identity(&ca);
	free_identity(&a);
	free_identity(&other);
	free_identity(&other_ca);
}

struct identity_files {
	char ca[128], cert[128], key[128];
	struct tls_files tls;
};

static const struct tls_files *
name_files(struct identity_files *files, const char *dir, const char *ca, const char *name)
{
	snprintf(files->ca, sizeof(files->ca), "%s/%s.pem", dir, ca);
	snprintf(files->cert, sizeof(files->cert), "%s/%s.pem", dir, name);
	snprintf(files->key, sizeof(files->key), "%s/%s.key", dir, name);
	files->tls = (struct tls_files){.ca = files->ca, .cert = files->cert, .key = files->key};
	return &files->tls;
}

static void
start_tls_server(struct fixture *f)
{
	struct identity_files files = {0};
	int port = 0;

	write_pki(f->dir);
	start_server(f, "127.0.0.1:0", name_files(&files, f->dir, "ca", "a"), &port);
	assert_true(port > 0);
	snprintf(f->address, sizeof(f->address), "127.0.0.1:%d", port);
}

static void
call_with_tls(struct fixture *f, const char *ca, const char *name)
{
	struct identity_files files = {0};
	struct rpc_channel_config config = {.address = f->address,
					    .tls = name_files(&files, f->dir, ca, name)};

	rpc_channel_destroy(f->channel);
	assert_int_equal(rpc_channel_create(f->rpc, &config, &f->channel), 0);
	call_version(f);
}

static void
tls_with_certificates_on_both_sides_works(void **state)
{
	struct fixture *f = *state;

	start_tls_server(f);
	call_with_tls(f, "ca", "a");
	assert_int_equal(f->code, RPC_OK);
	assert_string_equal(f->peer, "host-a");
}

static void
tls_client_of_another_ca_is_refused(void **state)
{
	struct fixture *f = *state;

	start_tls_server(f);
	call_with_tls(f, "ca", "other");
	assert_int_equal(f->code, RPC_UNAVAILABLE);
	assert_string_equal(f->peer, "");
}

static void
tls_server_of_another_ca_is_refused(void **state)
{
	struct fixture *f = *state;

	start_tls_server(f);
	call_with_tls(f, "other-ca", "a");
	assert_int_equal(f->code, RPC_UNAVAILABLE);
	assert_string_equal(f->peer, "");
}

static void
tls_client_without_certificate_is_refused(void **state)
{
	struct rpc_channel_config config;
	struct fixture *f = *state;
	char ca[8192] = "", path[256];
	FILE *file;

	start_tls_server(f);
	config = (struct rpc_channel_config){.address = f->address};
	assert_int_equal(rpc_channel_create(f->rpc, &config, &f->channel), -EINVAL);
	/* Our client does not even try; a client made of the core does. */
	snprintf(path, sizeof(path), "%s/ca.pem", f->dir);
	file = fopen(path, "r");
	assert_true(fread(ca, 1, sizeof(ca) - 1, file) > 0);
	fclose(file);
	assert_int_equal(call_raw_with(f, grpc_ssl_credentials_create_ex(ca, NULL, NULL, NULL),
				       "/slim.v1.Slimd/GetVersion", "", 0),
			 RPC_UNAVAILABLE);
	assert_int_equal(call_raw_plain(f, "/slim.v1.Slimd/GetVersion", "", 0), RPC_UNAVAILABLE);
	assert_string_equal(f->peer, "");
}

static void
tls_files_that_do_not_fit_are_refused(void **state)
{
	struct fixture *f = *state;
	struct tls_files wrong;
	struct identity_files files = {0}, other = {0};

	write_pki(f->dir);
	assert_int_equal(rpc_server_create(f->rpc, &f->server), 0);
	wrong = *name_files(&files, f->dir, "ca", "a");
	wrong.key = name_files(&other, f->dir, "ca", "other")->key;
	assert_int_equal(rpc_server_listen(f->server, "127.0.0.1:0", &wrong, NULL), -EKEYREJECTED);
	wrong.key = "/nonexistent/key";
	assert_int_equal(rpc_server_listen(f->server, "127.0.0.1:0", &wrong, NULL), -ENOENT);
	assert_int_equal(rpc_server_listen(f->server, "127.0.0.1:0", NULL, NULL), -EINVAL);
}

#define rpc_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define rpc_bare_test(name) cmocka_unit_test_setup_teardown(name, setup_engine, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		rpc_test(unary_call_is_answered),
		rpc_test(failure_carries_code_and_text),
		rpc_test(answer_may_come_later),
		rpc_test(method_without_handler_is_unimplemented),
		rpc_test(deadline_ends_call_and_tells_server),
		rpc_test(cancel_tells_server_and_runs_no_callback),
		rpc_test(server_stream_arrives_whole),
		rpc_test(server_stream_stops_when_client_cancels),
		rpc_test(client_stream_is_counted),
		rpc_test(bytes_that_are_no_message_are_refused),
		rpc_test(unknown_paths_are_unimplemented),
		rpc_test(message_above_the_limit_is_refused),
		rpc_test(message_below_the_limit_passes),
		rpc_test(own_message_above_the_limit_is_not_sent),
		rpc_bare_test(nobody_listening_is_unavailable),
		rpc_test(server_ends_with_requests_under_way),
		rpc_test(channel_ends_with_calls_under_way),
		rpc_test(call_finds_a_restarted_server),
		rpc_test(socket_is_for_the_group_and_goes_away),
		rpc_test(socket_of_a_living_server_is_left_alone),
		rpc_bare_test(stale_socket_is_replaced_but_a_file_is_not),
		rpc_bare_test(tls_with_certificates_on_both_sides_works),
		rpc_bare_test(tls_client_of_another_ca_is_refused),
		rpc_bare_test(tls_server_of_another_ca_is_refused),
		rpc_bare_test(tls_client_without_certificate_is_refused),
		rpc_bare_test(tls_files_that_do_not_fit_are_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
