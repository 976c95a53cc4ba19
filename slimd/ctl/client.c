/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "slim_ctl.pb-c.h"

#define UNARY_TIMEOUT_NS UINT64_C(15000000000)

struct client {
	const ProtobufCServiceDescriptor *service;
	const char *address;
	struct event_base *base;
	struct event *interrupt;
	struct rpc *rpc;
	struct rpc_channel *channel;
	/* of the call under way */
	struct rpc_call *call;
	int code; /* exit code */
	ProtobufCMessage *reply;
	bool (*on_message)(void *ctx, const ProtobufCMessage *message);
	const ProtobufCMessage *(*next)(void *ctx);
	void *ctx;
	void (*on_interrupt)(void *ctx);
	void *interrupt_ctx;
};

/* ---- life ------------------------------------------------------------------------ */

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;

	(void)fd;
	(void)what;
	if (client->on_interrupt != NULL)
		client->on_interrupt(client->interrupt_ctx);
	client->code = CLIENT_INTERRUPTED;
	event_base_loopbreak(client->base);
}

static int
open_channel(struct client *client, const struct options *options)
{
	struct rpc_channel_config config = {
		.address = client->address,
		.tls = &options->tls,
		.server_name = options->tls_name,
	};
	bool has_tls =
		options->tls.ca != NULL && options->tls.cert != NULL && options->tls.key != NULL;
	char text[RPC_MAX_TEXT];

	if (strncmp(client->address, "unix:", 5) != 0) {
		if (!has_tls) {
			fprintf(stderr,
				"slimctl: %s: a host:port address needs --tls-ca, --tls-cert and "
				"--tls-key\n",
				client->address);
			return EXIT_USAGE;
		}
		if (tls_files_check(&options->tls, text) < 0) {
			fprintf(stderr, "slimctl: %s\n", text);
			return EXIT_USAGE;
		}
	}
	if (rpc_channel_create(client->rpc, &config, &client->channel) < 0) {
		fprintf(stderr, "slimctl: %s: cannot make a channel\n", client->address);
		return EXIT_UNREACHABLE;
	}
	return EXIT_COMPLETE;
}

int
client_open(const char *address, enum client_service service, const struct options *options,
	    struct client **ret_client)
{
	struct client *client = calloc(1, sizeof(*client));
	int code;

	if (client == NULL)
		abort();
	client->address = address;
	client->service = service == CLIENT_SLIMD ? &slim__v1__slimd__descriptor
						  : &slim__v1__steering__descriptor;
	client->base = event_base_new();
	if (client->base == NULL || rpc_create(client->base, &client->rpc) < 0) {
		fprintf(stderr, "slimctl: out of memory\n");
		exit(EXIT_FAILED);
	}
	client->interrupt = evsignal_new(client->base, SIGINT, on_signal, client);
	event_add(client->interrupt, NULL);
	code = open_channel(client, options);
	if (code != EXIT_COMPLETE) {
		client_close(client);
		return code;
	}
	*ret_client = client;
	return EXIT_COMPLETE;
}

void
client_close(struct client *client)
{
	rpc_channel_destroy(client->channel);
	rpc_destroy(client->rpc);
	event_free(client->interrupt);
	event_base_free(client->base);
	free(client);
}

void
client_set_interrupt(struct client *client, void (*on_interrupt)(void *ctx), void *ctx)
{
	client->on_interrupt = on_interrupt;
	client->interrupt_ctx = ctx;
}

/* ---- calls ------------------------------------------------------------------------- */

static int
code_to_exit(enum rpc_code code)
{
	switch (code) {
	case RPC_OK:
		return EXIT_COMPLETE;
	case RPC_INVALID_ARGUMENT:
		return EXIT_USAGE;
	case RPC_UNAVAILABLE:
	case RPC_DEADLINE_EXCEEDED:
		return EXIT_UNREACHABLE;
	case RPC_UNKNOWN:
	case RPC_INTERNAL:
	case RPC_DATA_LOSS:
		return EXIT_FAILED;
	default:
		return EXIT_REFUSED;
	}
}

/* The reply belongs to the callback: keep a copy. */
static ProtobufCMessage *
copy_message(const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(size + 1);
	ProtobufCMessage *copy;

	if (bytes == NULL)
		abort();
	protobuf_c_message_pack(message, bytes);
	copy = protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
	free(bytes);
	return copy;
}

static void
on_done(void *ctx, const struct rpc_status *status, const ProtobufCMessage *reply)
{
	struct client *client = ctx;

	client->call = NULL;
	client->code = code_to_exit(status->code);
	if (client->code != EXIT_COMPLETE)
		fprintf(stderr, "slimctl: %s: %s: %s%s%s%s\n", client->address,
			rpc_code_name(status->code), status->text,
			status->reason[0] != '\0' ? " [" : "", status->reason,
			status->reason[0] != '\0' ? "]" : "");
	else if (reply != NULL)
		client->reply = copy_message(reply);
	event_base_loopbreak(client->base);
}

static void
on_message(void *ctx, const ProtobufCMessage *message)
{
	struct client *client = ctx;

	if (client->on_message(client->ctx, message))
		return;
	rpc_call_cancel(client->call);
	client->call = NULL;
	client->code = EXIT_COMPLETE;
	event_base_loopbreak(client->base);
}

static int
run_call(struct client *client, struct rpc_call_config *config, void (*begin)(struct client *))
{
	int error;

	config->service = client->service;
	config->on_done = on_done;
	config->ctx = client;
	client->reply = NULL;
	client->code = EXIT_FAILED;
	error = rpc_call_start(client->channel, config, &client->call);
	if (error < 0) {
		fprintf(stderr, "slimctl: %s\n", strerror(-error));
		return EXIT_FAILED;
	}
	if (begin != NULL)
		begin(client);
	event_base_dispatch(client->base);
	if (client->call != NULL) { /* interrupted */
		rpc_call_cancel(client->call);
		client->call = NULL;
	}
	return client->code;
}

int
client_call(struct client *client, const char *method, const ProtobufCMessage *request,
	    ProtobufCMessage **ret_reply)
{
	struct rpc_call_config config = {
		.method = method,
		.kind = RPC_UNARY,
		.request = request,
		.timeout_ns = UNARY_TIMEOUT_NS,
	};
	int code = run_call(client, &config, NULL);

	if (code == EXIT_COMPLETE)
		*ret_reply = client->reply;
	return code;
}

void
client_free_reply(ProtobufCMessage *reply)
{
	protobuf_c_message_free_unpacked(reply, NULL);
}

int
client_stream(struct client *client, const char *method, const ProtobufCMessage *request,
	      bool (*on_each)(void *ctx, const ProtobufCMessage *message), void *ctx)
{
	struct rpc_call_config config = {
		.method = method,
		.kind = RPC_SERVER_STREAM,
		.request = request,
		.on_message = on_message,
	};

	client->on_message = on_each;
	client->ctx = ctx;
	return run_call(client, &config, NULL);
}

static void
upload(struct client *client)
{
	const ProtobufCMessage *message;

	while ((message = client->next(client->ctx)) != NULL)
		if (rpc_call_send(client->call, message) >= RPC_MAX_SEND_QUEUE)
			return; /* on_drain goes on */
	rpc_call_close(client->call);
}

static void
on_drain(void *ctx)
{
	upload(ctx);
}

int
client_upload(struct client *client, const char *method, const ProtobufCMessage *(*next)(void *ctx),
	      void *ctx, ProtobufCMessage **ret_reply)
{
	struct rpc_call_config config = {
		.method = method,
		.kind = RPC_CLIENT_STREAM,
		.on_drain = on_drain,
	};
	int code;

	client->next = next;
	client->ctx = ctx;
	code = run_call(client, &config, upload);
	if (code == EXIT_COMPLETE)
		*ret_reply = client->reply;
	return code;
}
