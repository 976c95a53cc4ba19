/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <stdio.h>
#include <string.h>

struct request *
requests_add(struct requests *rs, enum request_kind kind, request_done_fn *done, void *ctx)
{
	struct request *r;

	if (rs->n == REQUEST_MAX)
		return NULL;
	r = &rs->list[rs->n++];
	*r = (struct request){.kind = kind, .done = done, .ctx = ctx};
	return r;
}

static bool
has_id(struct request_ids ids, uint32_t xid)
{
	return xid - ids.first <= ids.last - ids.first;
}

struct request *
requests_find(struct requests *rs, uint32_t xid)
{
	for (unsigned i = 0; i < rs->n; i++) {
		struct request *r = &rs->list[i];

		if (has_id(r->ids, xid) || (r->kind == REQUEST_COMMIT && has_id(r->bundle, xid)))
			return r;
	}
	return NULL;
}

static void
take_out(struct requests *rs, struct request *r)
{
	unsigned behind = rs->n - (unsigned)(r - rs->list) - 1;

	memmove(r, r + 1, behind * sizeof(*r));
	rs->n--;
}

void
requests_end(struct requests *rs, struct request *r)
{
	struct request ended = *r;

	take_out(rs, r);
	ended.done(ended.ctx, ended.error[0] ? ended.error : NULL);
}

void
requests_end_all(struct requests *rs, const char *error)
{
	while (rs->n > 0) {
		request_fail(&rs->list[0], error);
		requests_end(rs, &rs->list[0]);
	}
}

void
requests_drop(struct requests *rs, const void *ctx)
{
	for (unsigned i = 0; i < rs->n;) {
		if (rs->list[i].ctx == ctx)
			take_out(rs, &rs->list[i]);
		else
			i++;
	}
}

void
request_fail(struct request *r, const char *error)
{
	if (!r->error[0])
		snprintf(r->error, sizeof(r->error), "%s", error);
}
