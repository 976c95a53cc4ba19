/* SPDX-License-Identifier: Apache-2.0 */
#include "change.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define GONE "the connection to the switch is gone"
#define FIRST_ROOM 64u

void
change_fail(struct change *c, Slim__V1__ReasonCode code, const char *format, ...)
{
	va_list args;

	if (c->reason.code != 0)
		return;
	c->reason.code = code;
	va_start(args, format);
	vsnprintf(c->reason.text, sizeof(c->reason.text), format, args);
	va_end(args);
}

static const char *
bridge_name(const struct change *c, unsigned b)
{
	return c->config.topology->bridges[b].name;
}

static void
finish(struct change *c)
{
	c->config.ops->done(c->config.ctx);
}

/* A bridge has answered. True: it was the last one of this phase. Whatever a bridge says, it is no decision
 * about who has the traffic: that has been made, and may be in force elsewhere. */
static bool
take_answer(struct change_part *part, const char *error)
{
	struct change *c = part->change;
	uint32_t bit = 1u << part->bridge;

	assert(c->waiting & bit);
	c->waiting &= ~bit;
	if (error) {
		c->failed |= bit;
		change_fail(c, SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE, "bridge %s: %s",
			    bridge_name(c, part->bridge), error);
	}
	return c->waiting == 0;
}

/* ---- commit --------------------------------------------------------------------------- */

static void
on_committed(void *ctx, const char *error)
{
	struct change_part *part = ctx;
	struct change *c = part->change;

	if (!error) {
		c->n_commits++;
		c->config.ops->on_bridge(c->config.ctx, part->bridge, part->n_rules);
	}
	if (take_answer(part, error))
		finish(c);
}

static void
commit(struct change *c)
{
	c->phase = CHANGE_COMMIT;
	c->waiting = c->staged & ~c->failed;
	for (unsigned b = 0; b < c->config.topology->n_bridges; b++) {
		struct change_part *part = &c->parts[b];

		if (!(c->staged & ~c->failed & (1u << b)))
			continue;
		if (bridge_commit(c->config.bridges[b], part->bundle, on_committed, part) < 0)
			take_answer(part, GONE);
	}
	if (c->waiting == 0)
		finish(c);
}

/* ---- stage ------------------------------------------------------------------------------- */

static void
discard(struct change *c, uint32_t bridges)
{
	for (unsigned b = 0; b < c->config.topology->n_bridges; b++) {
		if (bridges & c->staged & (1u << b))
			bridge_discard(c->config.bridges[b], c->parts[b].bundle);
	}
}

/* Every bridge has accepted or refused its bundle. */
static void
all_staged(struct change *c)
{
	bool stop = c->failed && !c->config.partial;

	discard(c, stop ? UINT32_MAX : c->failed);
	if (stop)
		finish(c);
	else
		commit(c);
}

static void
on_staged(void *ctx, const char *error)
{
	struct change_part *part = ctx;

	if (take_answer(part, error))
		all_staged(part->change);
}

static void
stage(struct change_part *part)
{
	struct change *c = part->change;
	uint32_t bit = 1u << part->bridge;
	int n = part->overflow ? -ENOSPC
			       : c->config.ops->diff(c->config.ctx, part->bridge, c->config.scratch,
						     &part->n_rules);

	if (n < 0) {
		take_answer(part, "too many rules");
		return;
	}
	if (n == 0) {
		c->config.ops->on_bridge(c->config.ctx, part->bridge, part->n_rules);
		c->waiting &= ~bit;
		return;
	}
	c->n_mods += (unsigned)n;
	if (bridge_stage(c->config.bridges[part->bridge], c->config.scratch, (unsigned)n, on_staged,
			 part, &part->bundle) < 0)
		take_answer(part, GONE);
	else
		c->staged |= bit;
}

static void
stage_all(struct change *c)
{
	c->phase = CHANGE_STAGE;
	c->waiting = c->concerned & ~c->failed;
	for (unsigned b = 0; b < c->config.topology->n_bridges; b++) {
		if (c->concerned & ~c->failed & (1u << b))
			stage(&c->parts[b]);
	}
	if (c->waiting == 0)
		all_staged(c);
}

/* ---- read ------------------------------------------------------------------------------------ */

static bool
make_room(struct change_part *part)
{
	unsigned room = part->room ? part->room * 2 : FIRST_ROOM;
	struct rule *present;

	if (part->n_present < part->room)
		return true;
	present = part->room < RULES_MAX ? realloc(part->present, room * sizeof(*present)) : NULL;
	if (!present)
		return false;
	part->present = present;
	part->room = room;
	return true;
}

static void
on_flow(void *ctx, const struct of_flow *flow)
{
	struct change_part *part = ctx;

	if (rules_cookie_role(flow->cookie) == RULES_NUDGE)
		return; /* comes and goes by itself */
	if (!make_room(part)) {
		part->overflow = true;
		return;
	}
	part->present[part->n_present++] = (struct rule){.cookie = flow->cookie,
							 .priority = flow->priority,
							 .opaque = flow->opaque || flow->table != 0,
							 .match = flow->match,
							 .actions = flow->actions};
}

static void
all_read(struct change *c)
{
	if ((c->failed && !c->config.partial) || c->config.ops->on_read(c->config.ctx) < 0)
		finish(c);
	else
		stage_all(c);
}

static void
on_read(void *ctx, const char *error)
{
	struct change_part *part = ctx;

	if (take_answer(part, error))
		all_read(part->change);
}

void
change_start(struct change *c, uint32_t bridges)
{
	c->phase = CHANGE_READ;
	c->concerned = c->waiting = bridges;
	for (unsigned b = 0; b < c->config.topology->n_bridges; b++) {
		struct change_part *part = &c->parts[b];

		if ((bridges & (1u << b)) &&
		    bridge_read_flows(c->config.bridges[b], c->config.cookie, c->config.mask,
				      on_flow, on_read, part) < 0)
			take_answer(part, GONE);
	}
	if (c->waiting == 0)
		all_read(c);
}

/* ---- life ---------------------------------------------------------------------------------------- */

void
change_init(struct change *c, const struct change_config *config)
{
	*c = (struct change){.config = *config};
	for (unsigned b = 0; b < TOPOLOGY_MAX_BRIDGES; b++)
		c->parts[b] = (struct change_part){.change = c, .bridge = b};
}

void
change_fini(struct change *c)
{
	for (unsigned b = 0; b < c->config.topology->n_bridges; b++) {
		bridge_cancel(c->config.bridges[b], &c->parts[b]);
		free(c->parts[b].present);
	}
}

void
change_waits_for(const struct change *c, char *text, size_t size)
{
	static const char *const what[] = {
		[CHANGE_READ] = "tell its rules",
		[CHANGE_STAGE] = "accept a change",
		[CHANGE_COMMIT] = "put it in force",
	};

	for (unsigned b = 0; b < c->config.topology->n_bridges; b++) {
		if (c->waiting & (1u << b)) {
			snprintf(text, size, "bridge %s to %s", bridge_name(c, b), what[c->phase]);
			return;
		}
	}
	snprintf(text, size, "its turn");
}
