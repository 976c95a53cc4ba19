/* SPDX-License-Identifier: Apache-2.0 */
/* The next operations; see lanes.h. */
#include "lanes.h"

#include <errno.h>

#include <event2/event.h>

#include "call.h"
#include "lane.h"
#include "op.h"
#include "repair.h"

/* Repairs first: they undo what a failed call has left. */
static struct op *
next_op(struct lane *lane)
{
	struct op *op;

	if (lane->repair_wanted && (op = op_new(lane, &repair_kind)) != NULL) {
		lane->repair_wanted = false;
	} else if ((op = TAILQ_FIRST(&lane->queue)) != NULL) {
		TAILQ_REMOVE(&lane->queue, op, entry);
	}
	return op;
}

static void
begin_next(struct lane *lane)
{
	struct op *op = lane->current ? NULL : next_op(lane);

	if (!op)
		return;
	lane->current = op;
	if (lane->scope != RULES_SHARED)
		op->next = lane->controller->wanted.now.services[lane->scope];
	controller_look_up_numbers(lane->controller);
	op->kind->begin(op);
}

/* The next operations begin on a fresh stack. */
static void
on_kick(evutil_socket_t fd, short what, void *ctx)
{
	struct controller *c = ctx;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < c->n_lanes; i++)
		begin_next(&c->lanes[i]);
}

static struct lane *
lane_of(struct controller *c, const char *service)
{
	int s = topology_find_service(c->topology, service);

	return &c->lanes[s < 0 ? c->n_lanes - 1 : (unsigned)s];
}

void
controller_call(struct controller *c, const struct controller_call *call)
{
	struct lane *lane = lane_of(c, call->service);
	struct op *op = c->n_calls < CONTROLLER_MAX_CALLS ? op_new(lane, &call_kind) : NULL;
	struct steering_reason reason = {.code = SLIM__V1__REASON_CODE__REASON_INTERNAL,
					 .text = "too many calls at a time"};

	if (!op) {
		call->done(call->ctx, &reason, 0);
		return;
	}
	op->call = *call;
	c->n_calls++;
	TAILQ_INSERT_TAIL(&lane->queue, op, entry);
	lane_kick(c);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	lane_want_repair(ctx);
}

int
lanes_create(struct controller *c)
{
	c->n_lanes = c->topology->n_services + 1;
	c->kick = evtimer_new(c->base, on_kick, c);
	if (!c->kick)
		return -ENOMEM;
	for (unsigned i = 0; i < c->n_lanes; i++) {
		struct lane *lane = &c->lanes[i];

		lane->controller = c;
		lane->scope = i + 1 < c->n_lanes ? (int)i : RULES_SHARED;
		lane->retry = evtimer_new(c->base, on_retry, lane);
		if (!lane->retry)
			return -ENOMEM;
	}
	return 0;
}

static void
drop_lane(struct lane *lane)
{
	struct op *op;

	while ((op = TAILQ_FIRST(&lane->queue)) != NULL) {
		TAILQ_REMOVE(&lane->queue, op, entry);
		op_free(op);
	}
	if (lane->current)
		op_free(lane->current);
	if (lane->retry)
		event_free(lane->retry);
}

void
lanes_drop(struct controller *c)
{
	struct op *op;

	for (unsigned i = 0; i < c->n_lanes; i++)
		drop_lane(&c->lanes[i]);
	while ((op = TAILQ_FIRST(&c->proofs)) != NULL) {
		TAILQ_REMOVE(&c->proofs, op, entry);
		call_proof_fini(op);
	}
	if (c->kick)
		event_free(c->kick);
}
