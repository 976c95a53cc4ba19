/* SPDX-License-Identifier: Apache-2.0 */
/* The controller: gRPC to slim-ofctld. */
#include "real.h"
#include "real_internal.h"
#include "slim_ctl.pb-c.h"

static int
start_call(struct outside *outside, const struct controller_start *start)
{
	struct real *real = (struct real *)outside;
	struct rpc_call_config config = {
		.service = &slim__v1__steering__descriptor,
		.method = start->method,
		.kind = RPC_UNARY,
		.request = start->request,
		.timeout_ns = start->timeout_ns,
		.on_done = start->on_done,
		.ctx = start->ctx,
	};

	return rpc_call_start(real->channel, &config, NULL);
}

static void
hang_up(struct outside *outside)
{
	struct real *real = (struct real *)outside;

	rpc_channel_destroy(real->channel);
	real->channel = NULL;
}

const struct controller_ops real_controller = {
	.start = start_call,
	.hang_up = hang_up,
};

int
outside_open_controller(struct outside *outside, struct rpc *rpc, const char *address,
			const struct tls_files *tls)
{
	struct real *real = (struct real *)outside;
	struct rpc_channel_config config = {.address = address, .tls = tls};
	int rc = rpc_channel_create(rpc, &config, &real->channel);

	if (rc == 0)
		outside->controller = &real_controller;
	return rc;
}
