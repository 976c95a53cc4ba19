/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"

#include <errno.h>

static int
on_flows(struct request *r, const struct of_multipart_reply *reply)
{
	const uint8_t *body = reply->body;
	size_t size = reply->size;
	struct of_flow flow;
	int result;

	while ((result = of_next_flow(&body, &size, &flow)) > 0)
		r->on_flow(r->ctx, &flow);
	return result;
}

static int
on_port_stats(struct request *r, const struct of_multipart_reply *reply)
{
	const uint8_t *body = reply->body;
	size_t size = reply->size;
	struct of_port_stats stats;
	int result;

	while ((result = of_next_port_stats(&body, &size, &stats)) > 0)
		r->on_stats(r->ctx, &stats);
	return result;
}

int
answers_multipart(struct requests *rs, uint32_t xid, const struct of_multipart_reply *reply)
{
	struct request *r = requests_find(rs, xid);
	int result;

	if (r && r->kind == REQUEST_FLOWS && reply->type == OF_MULTIPART_FLOW)
		result = on_flows(r, reply);
	else if (r && r->kind == REQUEST_PORT_STATS && reply->type == OF_MULTIPART_PORT_STATS)
		result = on_port_stats(r, reply);
	else
		return 0;
	if (result == 0 && !reply->more)
		requests_end(rs, r);
	return result;
}

int
answers_bundle(struct requests *rs, const struct of_header *h, const uint8_t *message)
{
	struct of_bundle_control control;
	struct request *r = requests_find(rs, h->xid);

	if (of_decode_bundle_control(message, h->length, &control) < 0)
		return -EPROTO;
	if (!r)
		return 0;
	if (r->kind == REQUEST_COMMIT && control.type == OF_BUNDLE_COMMIT_REPLY)
		r->committed = true;
	if (r->kind == REQUEST_STAGE && control.type == OF_BUNDLE_CLOSE_REPLY &&
	    h->xid == r->ids.last)
		requests_end(rs, r);
	return 0;
}

void
answers_barrier(struct requests *rs, const struct of_header *h)
{
	struct request *r = requests_find(rs, h->xid);

	if (!r || (r->kind != REQUEST_COMMIT && r->kind != REQUEST_BARRIER) ||
	    h->xid != r->ids.last)
		return;
	if (r->kind == REQUEST_COMMIT && !r->committed)
		request_fail(r, "the switch did not confirm the commit");
	requests_end(rs, r);
}

bool
answers_error(struct requests *rs, uint32_t xid, const char *text)
{
	struct request *r = requests_find(rs, xid);

	if (!r)
		return false;
	request_fail(r, text);
	if (xid == r->ids.last)
		requests_end(rs, r);
	return true;
}
