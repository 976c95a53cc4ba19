/* SPDX-License-Identifier: Apache-2.0 */
/* What operations wait for; see waits.h. */
#include "waits.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "log.h"

#define WAIT_TOLD_NS UINT64_C(5000000000) /* a call that waits is told of so often */

static const char *
verb_name(enum controller_verb verb)
{
	static const char *const names[] = {"prepare", "flip", "await-quiet", "fence",
					    "cleanup", "set",  "clear"};

	return names[verb];
}

static void
describe(const struct op *op, char text[CONTROLLER_WAIT_SIZE])
{
	uint64_t ms = (clock_now_ns() - op->began_ns) / 1000000;
	char what[96];

	if (op->quiet)
		quiet_waits_for(op->quiet, what, sizeof(what));
	else if (op->lane->current == op)
		change_waits_for(&op->change, what, sizeof(what));
	else
		snprintf(what, sizeof(what), "calls before it");
	if (op->kind->repair)
		snprintf(text, CONTROLLER_WAIT_SIZE, "repair waits %" PRIu64 " ms for %s", ms,
			 what);
	else
		snprintf(text, CONTROLLER_WAIT_SIZE,
			 "%s of %016" PRIx64 " waits %" PRIu64 " ms for %s",
			 verb_name(op->call.verb), op->call.session, ms, what);
}

unsigned
controller_waits(const struct controller *c, unsigned service, char text[][CONTROLLER_WAIT_SIZE],
		 unsigned max)
{
	const struct lane *lane = &c->lanes[service];
	const struct op *op;
	unsigned n = 0;

	if (lane->current && n < max)
		describe(lane->current, text[n++]);
	TAILQ_FOREACH(op, &lane->queue, entry)
		if (n < max)
			describe(op, text[n++]);
	TAILQ_FOREACH(op, &c->proofs, entry)
		if (op->lane == lane && n < max)
			describe(op, text[n++]);
	return n;
}

static void
tell_wait(struct op *op)
{
	uint64_t now = clock_now_ns();
	char text[CONTROLLER_WAIT_SIZE];

	if (now - op->began_ns < CLOCK_SECOND_NS || now - op->told_ns < WAIT_TOLD_NS)
		return;
	op->told_ns = now;
	describe(op, text);
	log_info("waiting service=%s %s",
		 op->lane->scope == RULES_SHARED
			 ? op->call.service
			 : op->controller->topology->services[op->lane->scope].name,
		 text);
}

void
waits_tell(struct controller *c)
{
	struct op *op;

	for (unsigned i = 0; i < c->n_lanes; i++) {
		if (c->lanes[i].current)
			tell_wait(c->lanes[i].current);
		TAILQ_FOREACH(op, &c->lanes[i].queue, entry)
			tell_wait(op);
	}
	TAILQ_FOREACH(op, &c->proofs, entry)
		tell_wait(op);
}
