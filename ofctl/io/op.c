/* SPDX-License-Identifier: Apache-2.0 */
/* Operations; see op.h. */
#include "op.h"

#include <stdlib.h>

#include "clock.h"
#include "log.h"

static int
on_read(void *ctx)
{
	struct op *op = ctx;

	return op->kind->on_read(op);
}

static bool
has_port(const void *ctx, uint16_t bridge, uint32_t number)
{
	const struct controller *c = ctx;

	return bridge_has_port(c->bridges[bridge], number);
}

static bool
is_of_no_service(const struct topology *t, const struct rule *rule)
{
	uint8_t cookie = rules_cookie_service(rule->cookie);
	bool known = cookie == 0;

	for (unsigned s = 0; s < t->n_services; s++)
		known |= t->services[s].cookie == cookie;
	return !known;
}

/* The shared lane has read the rules of all services. Those of services that are not there are spared
 * for now if need be; those of the others are kept. */
static void
spare_orphans(struct op *op, struct change_part *part)
{
	unsigned n = 0;

	for (unsigned i = 0; i < part->n_present; i++) {
		if (!op->spares || !is_of_no_service(op->controller->topology, &part->present[i]))
			part->present[n++] = part->present[i];
	}
	part->n_present = n;
}

static struct rules_keep
keep(const struct op *op, const struct steering *view, unsigned bridge)
{
	struct controller *c = op->controller;
	struct rules_keep keep = {.bridge = (uint16_t)bridge,
				  .steering = view,
				  .misfits = rules_misfits(&c->context, view),
				  .has_port = has_port,
				  .ctx = c};

	if (op->lane->scope == RULES_SHARED)
		keep.services = UINT32_MAX;
	else if (!op->next.known)
		keep.services = UINT32_C(1) << op->lane->scope;
	return keep;
}

static void
log_mods(const struct op *op, unsigned bridge, unsigned n)
{
	const struct controller *c = op->controller;
	unsigned removed = 0;

	for (unsigned i = 0; i < n; i++)
		removed += c->mods[i].command != OF_FLOW_ADD;
	log_at(op->kind->repair ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, 0,
	       "rules change bridge=%s service=%s set=%u removed=%u reason=%s",
	       c->topology->bridges[bridge].name,
	       op->lane->scope == RULES_SHARED ? "-" : c->topology->services[op->lane->scope].name,
	       n - removed, removed, op->kind->repair ? "repair" : "call");
}

static int
diff(void *ctx, unsigned bridge, struct of_flow_mod *mods, unsigned *ret_n_rules)
{
	struct op *op = ctx;
	struct controller *c = op->controller;
	struct change_part *part = &op->change.parts[bridge];
	const struct steering *view = controller_view(op);
	struct rules_keep kept = keep(op, view, bridge);
	int n = rules_desired_of(&c->context, view, op->lane->scope, (uint16_t)bridge, c->desired);
	unsigned n_mods;

	if (n < 0)
		return n;
	spare_orphans(op, part);
	*ret_n_rules = (unsigned)n;
	n_mods = rules_diff(&c->context, c->desired, (unsigned)n, part->present, part->n_present,
			    &kept, mods);
	if (n_mods > 0)
		log_mods(op, bridge, n_mods);
	c->counters.rules_changed += n_mods;
	return (int)n_mods;
}

static void
on_bridge(void *ctx, unsigned bridge, unsigned n_rules)
{
	struct op *op = ctx;

	op->controller->members[bridge].n_rules[op->lane - op->controller->lanes] = n_rules;
}

static void
on_change_done(void *ctx)
{
	struct op *op = ctx;

	op->controller->counters.commits += op->change.n_commits;
	op->kind->done(op);
}

static const struct change_ops change_ops = {
	.on_read = on_read,
	.diff = diff,
	.on_bridge = on_bridge,
	.done = on_change_done,
};

static void
set_scope(const struct controller *c, const struct lane *lane, struct change_config *config)
{
	config->cookie = rules_cookie(c->config->magic, 0, 0, 0);
	config->mask = RULES_COOKIE_MASK;
	if (lane->scope == RULES_SHARED)
		return;
	config->cookie =
		rules_cookie(c->config->magic, c->topology->services[lane->scope].cookie, 0, 0);
	config->mask = RULES_COOKIE_SERVICE_MASK;
}

struct op *
op_new(struct lane *lane, const struct op_kind *kind)
{
	struct controller *c = lane->controller;
	struct op *op = calloc(1, sizeof(*op));
	struct change_config config = {.topology = c->topology,
				       .bridges = c->bridges,
				       .scratch = c->mods,
				       .ops = &change_ops,
				       .ctx = op};

	if (!op)
		return NULL;
	set_scope(c, lane, &config);
	op->kind = kind;
	op->controller = c;
	op->lane = lane;
	op->service = lane->scope == RULES_SHARED ? 0 : (unsigned)lane->scope;
	op->began_ns = clock_now_ns();
	change_init(&op->change, &config);
	return op;
}

void
op_free(struct op *op)
{
	change_fini(&op->change);
	free(op);
}

void
op_start(struct op *op, uint32_t bridges)
{
	op->change.config.partial = op->kind->repair;
	change_start(&op->change, bridges);
}
