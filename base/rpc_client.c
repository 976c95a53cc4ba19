/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client side. A call has three operations at the core: send, read, and the status that
 * ends it. It is over when none of them is under way: then on_done runs (not for a dropped call)
 * and the call is freed. `left` of the channel counts the calls for rpc_channel_destroy().
 */
#include "rpc_engine.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

LIST_HEAD(call_list, rpc_call);

struct rpc_channel {
	struct rpc *rpc;
	grpc_channel *core;
	struct call_list calls;
	unsigned left;
};

struct rpc_call {
	struct rpc_channel *channel;
	LIST_ENTRY(rpc_call) link;
	grpc_call *core;
	struct rpc_call_config
		config; /* service, method and request are not used after the start */
	const ProtobufCMessageDescriptor *reply_type;

	struct rpc_tag send_tag;
	struct rpc_tag read_tag;
	struct rpc_tag status_tag;
	unsigned pending;

	grpc_metadata_array head, trailer;
	grpc_status_code code;
	grpc_slice details;
	grpc_byte_buffer *incoming;
	ProtobufCMessage *reply;

	struct rpc_packet_list queue;
	struct rpc_packet *in_flight;
	size_t queued;

	bool sending;
	bool head_sent;
	bool closing; /* all is queued: close after the last packet */
	bool closed;  /* close given to the core */
	bool dropped; /* nobody listens any more */
	bool malformed;
};

/* ---- the end ------------------------------------------------------------------------ */

/* "" when there is none, or none that could be a name. */
static void
copy_reason(const struct rpc_call *call, char reason[RPC_MAX_REASON])
{
	reason[0] = '\0';
	for (size_t i = 0; i < call->trailer.count; i++) {
		const grpc_metadata *entry = &call->trailer.metadata[i];
		size_t size = GRPC_SLICE_LENGTH(entry->value);

		if (grpc_slice_str_cmp(entry->key, RPC_REASON_KEY) != 0 || size >= RPC_MAX_REASON)
			continue;
		memcpy(reason, GRPC_SLICE_START_PTR(entry->value), size);
		reason[size] = '\0';
	}
}

static void
call_tell(struct rpc_call *call)
{
	struct rpc_status status = {.code = (enum rpc_code)call->code};
	const ProtobufCMessage *reply = NULL;
	char *text = grpc_slice_to_c_string(call->details), reason[RPC_MAX_REASON];

	copy_reason(call, reason);
	status.text = text;
	status.reason = reason;
	if (call->malformed) {
		status = (struct rpc_status){
			.code = RPC_INTERNAL,
			.reason = "",
			.text = "the server's answer is not a message of its type"};
	} else if (status.code == RPC_OK && call->config.kind != RPC_SERVER_STREAM) {
		reply = call->reply;
		if (reply == NULL)
			status = (struct rpc_status){.code = RPC_INTERNAL,
						     .reason = "",
						     .text = "the server ended without an answer"};
	}
	call->config.on_done(call->config.ctx, &status, reply);
	gpr_free(text);
}

static void
call_free(struct rpc_call *call)
{
	LIST_REMOVE(call, link);
	call->channel->left--;
	if (call->reply != NULL)
		protobuf_c_message_free_unpacked(call->reply, NULL);
	rpc_packets_clear(&call->queue);
	rpc_packet_destroy(call->in_flight);
	grpc_metadata_array_destroy(&call->head);
	grpc_metadata_array_destroy(&call->trailer);
	grpc_slice_unref(call->details);
	grpc_call_unref(call->core);
	free(call);
}

/* Last thing that a tag's handler does. */
static void
call_settle(struct rpc_call *call)
{
	if (call->pending > 0)
		return;
	if (!call->dropped)
		call_tell(call);
	call_free(call);
}

static void
call_start_batch(struct rpc_call *call, const grpc_op *ops, size_t n_ops, struct rpc_tag *tag)
{
	call->pending++;
	rpc_start_batch(call->core, ops, n_ops, tag);
}

static void
on_status(struct rpc_tag *tag, bool ok)
{
	struct rpc_call *call = rpc_container(tag, struct rpc_call, status_tag);

	(void)ok; /* always */
	call->pending--;
	call_settle(call);
}

static void
call_start_status(struct rpc_call *call)
{
	grpc_op op = {.op = GRPC_OP_RECV_STATUS_ON_CLIENT};

	op.data.recv_status_on_client.trailing_metadata = &call->trailer;
	op.data.recv_status_on_client.status = &call->code;
	op.data.recv_status_on_client.status_details = &call->details;
	call_start_batch(call, &op, 1, &call->status_tag);
}

/* ---- reading ------------------------------------------------------------------------- */

static void
call_read(struct rpc_call *call, bool first)
{
	grpc_op ops[2] = {0};
	size_t n = 0;

	if (first) {
		ops[n].op = GRPC_OP_RECV_INITIAL_METADATA;
		ops[n++].data.recv_initial_metadata.recv_initial_metadata = &call->head;
	}
	ops[n].op = GRPC_OP_RECV_MESSAGE;
	ops[n++].data.recv_message.recv_message = &call->incoming;
	call_start_batch(call, ops, n, &call->read_tag);
}

static void
call_take_message(struct rpc_call *call)
{
	ProtobufCMessage *message = rpc_unpack(call->reply_type, call->incoming);

	call->incoming = NULL;
	if (message == NULL) {
		call->malformed = true;
		grpc_call_cancel(call->core, NULL);
		return;
	}
	if (call->config.kind != RPC_SERVER_STREAM) {
		assert(call->reply == NULL); /* it is read once */
		call->reply = message;
		return;
	}
	call_read(call, false);
	call->config.on_message(call->config.ctx, message);
	protobuf_c_message_free_unpacked(message, NULL);
}

static void
on_read(struct rpc_tag *tag, bool ok)
{
	struct rpc_call *call = rpc_container(tag, struct rpc_call, read_tag);

	call->pending--;
	if (ok && !call->dropped && call->incoming != NULL) {
		call_take_message(call);
	} else {
		grpc_byte_buffer_destroy(call->incoming);
		call->incoming = NULL;
	}
	call_settle(call);
}

/* ---- sending -------------------------------------------------------------------------- */

static void
call_pump(struct rpc_call *call)
{
	grpc_op ops[3] = {0};
	size_t n = 0;

	if (call->sending || call->closed)
		return;
	if (!call->head_sent) {
		ops[n].op = GRPC_OP_SEND_INITIAL_METADATA;
		if (call->config.wait_for_ready)
			ops[n].flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY |
				       GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET;
		n++;
	}
	call->in_flight = STAILQ_FIRST(&call->queue);
	if (call->in_flight != NULL) {
		STAILQ_REMOVE_HEAD(&call->queue, link);
		ops[n].op = GRPC_OP_SEND_MESSAGE;
		ops[n++].data.send_message.send_message = call->in_flight->bytes;
	}
	if (call->closing && STAILQ_EMPTY(&call->queue)) {
		ops[n++].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
		call->closed = true;
	}
	if (n == 0)
		return;
	call->head_sent = true;
	call->sending = true;
	call_start_batch(call, ops, n, &call->send_tag);
}

static void
on_sent(struct rpc_tag *tag, bool ok)
{
	struct rpc_call *call = rpc_container(tag, struct rpc_call, send_tag);
	bool had_packet = call->in_flight != NULL;

	call->sending = false;
	if (had_packet)
		call->queued -= call->in_flight->size;
	rpc_packet_destroy(call->in_flight);
	call->in_flight = NULL;
	if (!ok) {
		rpc_packets_clear(&call->queue);
		call->queued = 0;
		call->closed = true; /* the status will say why */
	}
	if (!call->dropped) {
		call_pump(call);
		if (had_packet && !call->sending && !call->closed && call->config.on_drain != NULL)
			call->config.on_drain(call->config.ctx);
	}
	call->pending--;
	call_settle(call);
}

static size_t
call_queue(struct rpc_call *call, const ProtobufCMessage *message)
{
	struct rpc_packet *packet = rpc_packet_create(message);

	STAILQ_INSERT_TAIL(&call->queue, packet, link);
	call->queued += packet->size;
	return call->queued;
}

size_t
rpc_call_send(struct rpc_call *call, const ProtobufCMessage *message)
{
	assert(call->config.kind == RPC_CLIENT_STREAM && !call->closing);
	if (call->closed) /* broken: on_done is on its way */
		return 0;
	call_queue(call, message);
	call_pump(call);
	return call->queued;
}

void
rpc_call_close(struct rpc_call *call)
{
	call->closing = true;
	call_pump(call);
}

/* ---- calls ------------------------------------------------------------------------------ */

static gpr_timespec
find_deadline(uint64_t timeout_ns)
{
	if (timeout_ns == 0 || timeout_ns > INT64_MAX)
		return gpr_inf_future(GPR_CLOCK_MONOTONIC);
	return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
			    gpr_time_from_nanos((int64_t)timeout_ns, GPR_TIMESPAN));
}

static grpc_call *
create_core_call(struct rpc_channel *channel, const struct rpc_call_config *config)
{
	grpc_slice method;
	grpc_call *core;
	char path[256];

	snprintf(path, sizeof(path), "/%s/%s", config->service->name, config->method);
	method = grpc_slice_from_copied_string(path);
	core = grpc_channel_create_call(channel->core, NULL, GRPC_PROPAGATE_DEFAULTS,
					channel->rpc->queue, method, NULL,
					find_deadline(config->timeout_ns), NULL);
	grpc_slice_unref(method);
	return core;
}

int
rpc_call_start(struct rpc_channel *channel, const struct rpc_call_config *config,
	       struct rpc_call **ret_call)
{
	const ProtobufCMethodDescriptor *types = rpc_find_method(config->service, config->method);
	struct rpc_call *call;

	if (types == NULL || (config->request == NULL) != (config->kind == RPC_CLIENT_STREAM) ||
	    (config->kind == RPC_SERVER_STREAM && config->on_message == NULL))
		return -EINVAL;
	if (config->request != NULL &&
	    protobuf_c_message_get_packed_size(config->request) > RPC_MAX_MESSAGE)
		return -EMSGSIZE;
	call = calloc(1, sizeof(*call));
	if (call == NULL)
		return -ENOMEM;
	call->channel = channel;
	call->config = *config;
	call->reply_type = types->output;
	call->details = grpc_empty_slice();
	call->send_tag = (struct rpc_tag){.finish = on_sent, .owner = channel};
	call->read_tag = (struct rpc_tag){.finish = on_read, .owner = channel};
	call->status_tag = (struct rpc_tag){.finish = on_status, .owner = channel};
	STAILQ_INIT(&call->queue);
	grpc_metadata_array_init(&call->head);
	grpc_metadata_array_init(&call->trailer);
	LIST_INSERT_HEAD(&channel->calls, call, link);
	channel->left++;
	call->core = create_core_call(channel, config);
	call_start_status(call);
	if (config->request != NULL) {
		call_queue(call, config->request);
		call->closing = true;
	}
	call_pump(call);
	call_read(call, true);
	if (ret_call != NULL)
		*ret_call = call;
	return 0;
}

void
rpc_call_cancel(struct rpc_call *call)
{
	call->dropped = true;
	grpc_call_cancel(call->core, NULL);
}

/* ---- channels ------------------------------------------------------------------------------ */

static int
create_credentials(const struct rpc_channel_config *config, grpc_channel_credentials **ret_cred)
{
	grpc_ssl_pem_key_cert_pair pair;
	struct tls_pem pem;
	int error;

	if (rpc_address_is_unix(config->address)) {
		*ret_cred = grpc_insecure_credentials_create();
		return 0;
	}
	error = rpc_read_tls(config->tls, &pem);
	if (error < 0)
		return error;
	pair = (grpc_ssl_pem_key_cert_pair){.private_key = pem.key, .cert_chain = pem.cert};
	*ret_cred = grpc_ssl_credentials_create_ex(pem.ca, &pair, NULL, NULL);
	tls_pem_clear(&pem);
	return 0;
}

int
rpc_channel_create(struct rpc *rpc, const struct rpc_channel_config *config,
		   struct rpc_channel **ret_channel)
{
	grpc_arg args[RPC_N_COMMON_ARGS + 6];
	grpc_channel_args list = {.args = args};
	grpc_channel_credentials *credentials;
	struct rpc_channel *channel;
	int error;

	error = create_credentials(config, &credentials);
	if (error < 0)
		return error;
	channel = calloc(1, sizeof(*channel));
	if (channel == NULL) {
		grpc_channel_credentials_release(credentials);
		return -ENOMEM;
	}
	list.num_args = rpc_common_args(args);
	args[list.num_args++] = rpc_int_arg(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
	args[list.num_args++] = rpc_int_arg(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
	/* A daemon that was restarted is found again soon. */
	args[list.num_args++] = rpc_int_arg(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
	args[list.num_args++] = rpc_int_arg(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
	args[list.num_args++] = rpc_int_arg(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
	if (config->server_name != NULL)
		args[list.num_args++] = (grpc_arg){
			.type = GRPC_ARG_STRING,
			.key = (char *)(uintptr_t)GRPC_SSL_TARGET_NAME_OVERRIDE_ARG,
			.value.string = (char *)(uintptr_t)config->server_name,
		};
	channel->rpc = rpc;
	LIST_INIT(&channel->calls);
	channel->core = grpc_channel_create(config->address, credentials, &list);
	grpc_channel_credentials_release(credentials);
	*ret_channel = channel;
	return 0;
}

void
rpc_channel_destroy(struct rpc_channel *channel)
{
	struct rpc_call *call;

	if (channel == NULL)
		return;
	LIST_FOREACH(call, &channel->calls, link)
		rpc_call_cancel(call);
	rpc_wait(channel->rpc, channel, &channel->left);
	grpc_channel_destroy(channel->core);
	free(channel);
}
