/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server side. A request is accepted by one of N_ACCEPT waiting slots, read, handed to
 * its handler, answered, and freed once it has been ended and the core has finished every
 * operation on it. Operations of one request: close (the client has gone or has the status),
 * read, send. `left` of the server counts what rpc_server_destroy() must wait for: requests,
 * slots, and the notice of the shutdown.
 */
#include "rpc_engine.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <grpc/support/alloc.h>

#include "local_socket.h"
#include "log.h"

#define N_ACCEPT 16u
#define MAX_SERVICES 4u
#define PEER_SIZE 128u

struct service {
	const ProtobufCServiceDescriptor *types;
	const struct rpc_method *methods;
	size_t n_methods;
	void *ctx;
};

LIST_HEAD(request_list, rpc_request);

struct rpc_server {
	struct rpc *rpc;
	grpc_server *core;
	struct service services[MAX_SERVICES];
	unsigned n_services;
	struct request_list requests; /* accepted, not freed */
	unsigned n_requests;
	unsigned left;
	bool started;
	bool stopping;
	struct rpc_tag shutdown_tag;
};

struct rpc_request {
	struct rpc_server *server;
	LIST_ENTRY(rpc_request) link;
	grpc_call *call;
	grpc_call_details details;
	grpc_metadata_array metadata;
	const struct service *service; /* NULL: unknown method */
	const struct rpc_method *method;
	const ProtobufCMethodDescriptor *types;
	struct rpc_request_ops ops;
	void *data;
	char peer[PEER_SIZE];

	const char *reason; /* NULL: none */
	grpc_metadata trailer;
	struct rpc_tag accept_tag;
	struct rpc_tag close_tag;
	struct rpc_tag read_tag;
	struct rpc_tag send_tag;
	unsigned pending; /* operations that the core has not finished */
	int core_cancelled;

	bool ended;       /* by the handler */
	bool cancelled;   /* by the client */
	bool status_sent; /* or on its way */
	bool head_sent;   /* initial metadata */
	bool reading, paused, read_all;
	bool sending;
	bool in_handler; /* freeing waits until the handler is back */

	grpc_byte_buffer *incoming;
	struct rpc_packet_list queue;
	struct rpc_packet *in_flight;
	size_t queued;
	enum rpc_code code;
	char text[RPC_MAX_TEXT];
};

static void accept_next(struct rpc_server *server);
static void request_read(struct rpc_request *request);

/* ---- life of a request -------------------------------------------------------- */

static void
request_free(struct rpc_request *request)
{
	struct rpc_server *server = request->server;

	rpc_packets_clear(&request->queue);
	rpc_packet_destroy(request->in_flight);
	if (request->call != NULL)
		grpc_call_unref(request->call);
	grpc_call_details_destroy(&request->details);
	grpc_metadata_array_destroy(&request->metadata);
	free(request);
	server->left--;
}

/* Frees the request when nobody needs it. Last thing that a tag's handler does. */
static void
request_settle(struct rpc_request *request)
{
	if (!request->ended || request->pending > 0 || request->in_handler)
		return;
	LIST_REMOVE(request, link);
	request->server->n_requests--;
	request_free(request);
}

static void
request_start(struct rpc_request *request, const grpc_op *ops, size_t n_ops, struct rpc_tag *tag)
{
	request->pending++;
	rpc_start_batch(request->call, ops, n_ops, tag);
}

/* ---- sending ------------------------------------------------------------------- */

static void
request_drop_queue(struct rpc_request *request)
{
	rpc_packets_clear(&request->queue);
	request->queued = request->in_flight != NULL ? request->in_flight->size : 0;
}

static void
request_add_reason(struct rpc_request *request, grpc_op *op)
{
	if (request->reason == NULL)
		return;
	request->trailer = (grpc_metadata){
		.key = grpc_slice_from_static_string(RPC_REASON_KEY),
		.value = grpc_slice_from_static_string(request->reason),
	};
	op->data.send_status_from_server.trailing_metadata = &request->trailer;
	op->data.send_status_from_server.trailing_metadata_count = 1;
}

/* Gives the core the next thing to send, if there is one and it has no other. */
static void
request_pump(struct rpc_request *request)
{
	grpc_op ops[3] = {0};
	grpc_slice details;
	bool with_status;
	size_t n = 0;

	if (request->sending || request->status_sent || request->cancelled)
		return;
	request->in_flight = STAILQ_FIRST(&request->queue);
	if (request->in_flight == NULL && !request->ended)
		return;
	if (!request->head_sent)
		ops[n++].op = GRPC_OP_SEND_INITIAL_METADATA;
	if (request->in_flight != NULL) {
		STAILQ_REMOVE_HEAD(&request->queue, link);
		ops[n].op = GRPC_OP_SEND_MESSAGE;
		ops[n++].data.send_message.send_message = request->in_flight->bytes;
	}
	with_status = request->ended && STAILQ_EMPTY(&request->queue);
	if (with_status) {
		details = grpc_slice_from_copied_string(request->text);
		ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
		ops[n].data.send_status_from_server.status = (grpc_status_code)request->code;
		ops[n].data.send_status_from_server.status_details = &details;
		request_add_reason(request, &ops[n++]);
	}
	request->head_sent = true;
	request->status_sent = with_status;
	request->sending = true;
	request_start(request, ops, n, &request->send_tag);
	if (with_status)
		grpc_slice_unref(details);
}

static void
on_sent(struct rpc_tag *tag, bool ok)
{
	struct rpc_request *request = rpc_container(tag, struct rpc_request, send_tag);

	request->pending--;
	request->sending = false;
	if (request->in_flight != NULL)
		request->queued -= request->in_flight->size;
	rpc_packet_destroy(request->in_flight);
	request->in_flight = NULL;
	if (!ok) /* the close operation will say why */
		request_drop_queue(request);
	else
		request_pump(request);
	if (ok && !request->sending && !request->ended && request->ops.on_drain != NULL) {
		request->in_handler = true;
		request->ops.on_drain(request);
		request->in_handler = false;
	}
	request_settle(request);
}

static void
request_end(struct rpc_request *request, enum rpc_code code)
{
	assert(!request->ended);
	request->ended = true;
	request->code = code;
	request_pump(request);
	request_settle(request);
}

static size_t
request_queue(struct rpc_request *request, const ProtobufCMessage *message)
{
	struct rpc_packet *packet;

	assert(!request->ended);
	if (request->cancelled)
		return request->queued;
	packet = rpc_packet_create(message);
	STAILQ_INSERT_TAIL(&request->queue, packet, link);
	request->queued += packet->size;
	return request->queued;
}

size_t
rpc_send(struct rpc_request *request, const ProtobufCMessage *message)
{
	assert(request->method->kind == RPC_SERVER_STREAM);
	request_queue(request, message);
	request_pump(request);
	return request->queued;
}

void
rpc_reply(struct rpc_request *request, const ProtobufCMessage *message)
{
	assert(request->method->kind != RPC_SERVER_STREAM);
	request_queue(request, message);
	request_end(request, RPC_OK);
}

void
rpc_finish(struct rpc_request *request)
{
	assert(request->method->kind == RPC_SERVER_STREAM);
	request_end(request, RPC_OK);
}

void
rpc_fail(struct rpc_request *request, enum rpc_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(request->text, sizeof(request->text), format, args);
	va_end(args);
	request_end(request, code);
}

void
rpc_fail_because(struct rpc_request *request, enum rpc_code code, const char *reason,
		 const char *format, ...)
{
	va_list args;

	request->reason = reason;
	va_start(args, format);
	vsnprintf(request->text, sizeof(request->text), format, args);
	va_end(args);
	request_end(request, code);
}

/* ---- reading -------------------------------------------------------------------- */

static void
request_handle(struct rpc_request *request, const ProtobufCMessage *message)
{
	request->in_handler = true;
	request->method->handler(request, message, request->service->ctx);
	request->in_handler = false;
}

static void
request_take_message(struct rpc_request *request)
{
	ProtobufCMessage *message = rpc_unpack(request->types->input, request->incoming);

	request->incoming = NULL;
	if (request->method->kind != RPC_CLIENT_STREAM)
		request->read_all = true;
	if (message == NULL) {
		log_warn("rpc request is not a message method=%s peer=%s", request->method->name,
			 request->peer);
		request->read_all = true;
		rpc_fail(request, RPC_INVALID_ARGUMENT, "the request is not a %s message",
			 request->types->input->name);
		return;
	}
	request_handle(request, message);
	protobuf_c_message_free_unpacked(message, NULL);
}

static void
request_take_end(struct rpc_request *request)
{
	request->read_all = true;
	if (request->method->kind == RPC_CLIENT_STREAM)
		request_handle(request, NULL);
	else
		rpc_fail(request, RPC_INVALID_ARGUMENT, "there is no request message");
}

static void
on_read(struct rpc_tag *tag, bool ok)
{
	struct rpc_request *request = rpc_container(tag, struct rpc_request, read_tag);

	request->pending--;
	request->reading = false;
	if (request->ended || request->cancelled || !ok) {
		grpc_byte_buffer_destroy(request->incoming);
		request->incoming = NULL;
		request->read_all = true;
		request_settle(request);
		return;
	}
	/* Keeps the request over the end by its own handler. */
	request->pending++;
	if (request->incoming != NULL)
		request_take_message(request);
	else if (grpc_call_failed_before_recv_message(request->call))
		request->read_all = true; /* the close operation will tell */
	else
		request_take_end(request);
	request->pending--;
	request_read(request);
	request_settle(request);
}

static void
request_read(struct rpc_request *request)
{
	grpc_op op = {.op = GRPC_OP_RECV_MESSAGE,
		      .data.recv_message.recv_message = &request->incoming};

	if (request->reading || request->paused || request->read_all || request->ended ||
	    request->cancelled)
		return;
	request->reading = true;
	request_start(request, &op, 1, &request->read_tag);
}

void
rpc_pause(struct rpc_request *request)
{
	request->paused = true;
}

void
rpc_resume(struct rpc_request *request)
{
	request->paused = false;
	if (!request->in_handler)
		request_read(request);
}

/* ---- closing --------------------------------------------------------------------- */

static void
request_tell_cancelled(struct rpc_request *request)
{
	if (request->ended || request->ops.on_cancel == NULL)
		return;
	request->in_handler = true;
	request->ops.on_cancel(request);
	request->in_handler = false;
}

static void
on_closed(struct rpc_tag *tag, bool ok)
{
	struct rpc_request *request = rpc_container(tag, struct rpc_request, close_tag);

	(void)ok; /* always */
	request->pending--;
	if (request->core_cancelled) {
		request->cancelled = true;
		request_drop_queue(request);
		request_tell_cancelled(request);
	}
	if (request->server->stopping && !request->ended)
		request->ended = true;
	request_settle(request);
}

/* ---- accepting --------------------------------------------------------------------- */

static void
find_peer(struct rpc_request *request)
{
	grpc_auth_context *context = grpc_call_auth_context(request->call);
	grpc_auth_property_iterator names =
		grpc_auth_context_find_properties_by_name(context, GRPC_X509_CN_PROPERTY_NAME);
	const grpc_auth_property *name = grpc_auth_property_iterator_next(&names);
	char *address;

	if (name != NULL) {
		snprintf(request->peer, sizeof(request->peer), "%s", name->value);
	} else {
		address = grpc_call_get_peer(request->call);
		snprintf(request->peer, sizeof(request->peer), "%s", address);
		gpr_free(address);
	}
	grpc_auth_context_release(context);
}

static const struct rpc_method *
service_find(const struct service *service, const char *path, size_t size)
{
	char expected[256];
	size_t i;
	int n;

	for (i = 0; i < service->n_methods; i++) {
		n = snprintf(expected, sizeof(expected), "/%s/%s", service->types->name,
			     service->methods[i].name);
		if ((size_t)n == size && memcmp(expected, path, size) == 0)
			return &service->methods[i];
	}
	return NULL;
}

static void
find_method(struct rpc_request *request)
{
	const char *path = (const char *)GRPC_SLICE_START_PTR(request->details.method);
	size_t size = GRPC_SLICE_LENGTH(request->details.method);
	struct rpc_server *server = request->server;
	unsigned i;

	for (i = 0; i < server->n_services && request->method == NULL; i++) {
		request->service = &server->services[i];
		request->method = service_find(request->service, path, size);
	}
	if (request->method != NULL)
		request->types = rpc_find_method(request->service->types, request->method->name);
}

static void
request_open(struct rpc_request *request)
{
	grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER,
		      .data.recv_close_on_server.cancelled = &request->core_cancelled};

	LIST_INSERT_HEAD(&request->server->requests, request, link);
	request->server->n_requests++;
	request_start(request, &op, 1, &request->close_tag);
	find_peer(request);
	find_method(request);
	if (request->method == NULL)
		rpc_fail(request, RPC_UNIMPLEMENTED, "there is no such method");
	else if (request->server->n_requests > RPC_MAX_REQUESTS)
		rpc_fail(request, RPC_RESOURCE_EXHAUSTED, "%u requests are under way already",
			 RPC_MAX_REQUESTS);
	else
		request_read(request);
}

static void
on_accepted(struct rpc_tag *tag, bool ok)
{
	struct rpc_request *request = rpc_container(tag, struct rpc_request, accept_tag);

	if (!ok) {
		request_free(request);
		return;
	}
	if (!request->server->stopping)
		accept_next(request->server);
	request_open(request);
}

static void
accept_next(struct rpc_server *server)
{
	struct rpc_request *request = calloc(1, sizeof(*request));
	grpc_call_error error;

	if (request == NULL)
		abort();
	request->server = server;
	request->accept_tag = (struct rpc_tag){.finish = on_accepted, .owner = server};
	request->close_tag = (struct rpc_tag){.finish = on_closed, .owner = server};
	request->read_tag = (struct rpc_tag){.finish = on_read, .owner = server};
	request->send_tag = (struct rpc_tag){.finish = on_sent, .owner = server};
	STAILQ_INIT(&request->queue);
	grpc_call_details_init(&request->details);
	grpc_metadata_array_init(&request->metadata);
	server->left++;
	error = grpc_server_request_call(server->core, &request->call, &request->details,
					 &request->metadata, server->rpc->queue, server->rpc->queue,
					 &request->accept_tag);
	if (error != GRPC_CALL_OK)
		request_free(request);
}

/* ---- accessors ----------------------------------------------------------------------- */

size_t
rpc_queued(const struct rpc_request *request)
{
	return request->queued;
}

void
rpc_request_set_ops(struct rpc_request *request, const struct rpc_request_ops *ops)
{
	request->ops = *ops;
}

void
rpc_request_set_data(struct rpc_request *request, void *data)
{
	request->data = data;
}

void *
rpc_request_data(const struct rpc_request *request)
{
	return request->data;
}

bool
rpc_request_cancelled(const struct rpc_request *request)
{
	return request->cancelled;
}

const char *
rpc_request_peer(const struct rpc_request *request)
{
	return request->peer;
}

/* ---- server ----------------------------------------------------------------------------- */

int
rpc_server_create(struct rpc *rpc, struct rpc_server **ret_server)
{
	struct rpc_server *server = calloc(1, sizeof(*server));
	grpc_arg args[RPC_N_COMMON_ARGS + 4];
	grpc_channel_args list = {.args = args};

	if (server == NULL)
		return -ENOMEM;
	list.num_args = rpc_common_args(args);
	args[list.num_args++] = rpc_int_arg(GRPC_ARG_MAX_CONCURRENT_STREAMS, 64);
	args[list.num_args++] = rpc_int_arg(GRPC_ARG_ALLOW_REUSEPORT, 0);
	args[list.num_args++] =
		rpc_int_arg(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
	args[list.num_args++] = rpc_int_arg(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
	server->rpc = rpc;
	LIST_INIT(&server->requests);
	server->core = grpc_server_create(&list, NULL);
	grpc_server_register_completion_queue(server->core, rpc->queue, NULL);
	*ret_server = server;
	return 0;
}

int
rpc_server_add_service(struct rpc_server *server, const ProtobufCServiceDescriptor *service,
		       const struct rpc_method *methods, size_t n_methods, void *ctx)
{
	size_t i;

	if (server->started || server->n_services == MAX_SERVICES)
		return -EINVAL;
	for (i = 0; i < n_methods; i++)
		if (rpc_find_method(service, methods[i].name) == NULL)
			return -EINVAL;
	server->services[server->n_services++] = (struct service){
		.types = service, .methods = methods, .n_methods = n_methods, .ctx = ctx};
	return 0;
}

static int
listen_unix(struct rpc_server *server, const char *address)
{
	grpc_server_credentials *credentials;
	int error, port;
	mode_t mask;

	/* The core unlinks whatever has the name, also the socket of a living server. */
	error = local_socket_clear(address + strlen("unix:"));
	if (error < 0)
		return error;
	credentials = grpc_insecure_server_credentials_create();
	mask = umask(0117);
	port = grpc_server_add_http2_port(server->core, address, credentials);
	umask(mask);
	grpc_server_credentials_release(credentials);
	return port == 0 ? -EADDRNOTAVAIL : 0;
}

static int
listen_tls(struct rpc_server *server, const char *address, const struct tls_files *tls,
	   int *ret_port)
{
	grpc_ssl_pem_key_cert_pair pair;
	grpc_server_credentials *credentials;
	struct tls_pem pem;
	int error, port;

	error = rpc_read_tls(tls, &pem);
	if (error < 0)
		return error;
	pair = (grpc_ssl_pem_key_cert_pair){.private_key = pem.key, .cert_chain = pem.cert};
	credentials = grpc_ssl_server_credentials_create_ex(
		pem.ca, &pair, 1, GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, NULL);
	port = grpc_server_add_http2_port(server->core, address, credentials);
	grpc_server_credentials_release(credentials);
	tls_pem_clear(&pem);
	if (port == 0)
		return -EADDRINUSE;
	if (ret_port != NULL)
		*ret_port = port;
	return 0;
}

int
rpc_server_listen(struct rpc_server *server, const char *address, const struct tls_files *tls,
		  int *ret_port)
{
	if (server->started)
		return -EINVAL;
	if (rpc_address_is_unix(address))
		return listen_unix(server, address);
	if (tls == NULL)
		return -EINVAL;
	return listen_tls(server, address, tls, ret_port);
}

int
rpc_server_start(struct rpc_server *server)
{
	unsigned i;

	if (server->started)
		return -EINVAL;
	server->started = true;
	grpc_server_start(server->core);
	for (i = 0; i < N_ACCEPT; i++)
		accept_next(server);
	return 0;
}

static void
on_shutdown(struct rpc_tag *tag, bool ok)
{
	(void)ok;
	rpc_container(tag, struct rpc_server, shutdown_tag)->left--;
}

/* Those whose client went away earlier and whose handlers never ended them. */
static void
end_abandoned(struct rpc_server *server)
{
	struct rpc_request *request, *next;

	for (request = LIST_FIRST(&server->requests); request != NULL; request = next) {
		next = LIST_NEXT(request, link);
		if (request->cancelled && !request->ended) {
			request->ended = true;
			request_settle(request);
		}
	}
}

void
rpc_server_destroy(struct rpc_server *server)
{
	if (server == NULL)
		return;
	server->stopping = true;
	server->shutdown_tag = (struct rpc_tag){.finish = on_shutdown, .owner = server};
	server->left++;
	grpc_server_shutdown_and_notify(server->core, server->rpc->queue, &server->shutdown_tag);
	grpc_server_cancel_all_calls(server->core);
	end_abandoned(server);
	rpc_wait(server->rpc, server, &server->left);
	grpc_server_destroy(server->core);
	free(server);
}
