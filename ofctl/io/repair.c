/* SPDX-License-Identifier: Apache-2.0 */
/* Repairs; see repair.h. */
#include "repair.h"

#include <stdio.h>
#include <string.h>

#include "lane.h"
#include "log.h"
#include "op.h"

/* ---- what the rules tell ---------------------------------------------------------------- */

static bool
has_rules(const struct op *op)
{
	for (unsigned b = 0; b < op->controller->topology->n_bridges; b++) {
		if (op->change.parts[b].n_present > 0)
			return true;
	}
	return false;
}

void
repair_infer(struct op *op)
{
	struct controller *c = op->controller;
	unsigned s = (unsigned)op->lane->scope;
	struct rule *present[TOPOLOGY_MAX_BRIDGES];
	unsigned n_present[TOPOLOGY_MAX_BRIDGES];
	const struct topology_service *service = &c->topology->services[s];

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		present[b] = op->change.parts[b].present;
		n_present[b] = op->change.parts[b].n_present;
	}
	if (!has_rules(op)) {
		op->next = (struct steering_service){.known = true, .serving = STEERING_NOBODY};
		op->changed = true;
	} else if (rules_infer(&c->context, present, n_present, s, &op->next)) {
		op->changed = true;
		log_info("state read from the rules service=%s serving=%s stage=%s", service->name,
			 service->instances[op->next.serving].name,
			 steering_stage_name(op->next.session.stage));
	} else if (!(c->complained & (UINT32_C(1) << s))) {
		c->complained |= UINT32_C(1) << s;
		log_error("rules of a service are not understood and stay as they are, set it "
			  "service=%s",
			  service->name);
	}
}

/* ---- ports that are not there -------------------------------------------------------------- */

unsigned
controller_missing_ports(struct controller *c, unsigned s, char text[CONTROLLER_MISSING_SIZE])
{
	const struct steering_service *state = &c->wanted.now.services[s];
	struct preflight_facts facts = controller_facts(c);
	unsigned n = 0;
	size_t used = 0;

	text[0] = '\0';
	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		char names[96];
		unsigned missing = 0;

		if (facts.bridges_up & (1u << b))
			missing = rules_missing_ports(&c->context, s, state, (uint16_t)b, names,
						      sizeof(names));
		if (missing && used < CONTROLLER_MISSING_SIZE - 1)
			used += (size_t)snprintf(text + used, CONTROLLER_MISSING_SIZE - used,
						 "%s%s: %s", n ? "; " : "",
						 c->topology->bridges[b].name, names);
		n += missing;
	}
	return n;
}

static void
tell_missing(struct controller *c)
{
	for (unsigned s = 0; s < c->topology->n_services; s++) {
		char text[CONTROLLER_MISSING_SIZE] = "";

		controller_missing_ports(c, s, text);
		if (strcmp(text, c->missing[s]) == 0)
			continue;
		if (text[0])
			log_warn("ports of what serves are not there, rules that stand stay "
				 "service=%s missing=%s",
				 c->topology->services[s].name, text);
		else
			log_info("all ports of what serves are there again service=%s",
				 c->topology->services[s].name);
		memcpy(c->missing[s], text, sizeof(text));
	}
}

/* ---- begin and end ---------------------------------------------------------------------------- */

/* Rules of services that the topology does not have go last: a service may have got another cookie,
 * and then its new rules take the place of the old ones. */
static bool
services_are_settled(const struct controller *c)
{
	for (unsigned i = 0; i + 1 < c->n_lanes; i++) {
		const struct lane *lane = &c->lanes[i];

		if (lane->repair_wanted || (lane->current && lane->current->kind->repair))
			return false;
	}
	return true;
}

static void
begin(struct op *op)
{
	struct controller *c = op->controller;
	uint32_t up = controller_bridges_up(c);

	c->counters.repairs++;
	if (op->lane->scope != RULES_SHARED)
		up &= controller_bridges_of(c, (unsigned)op->lane->scope);
	else
		op->spares = c->orphans_left = !services_are_settled(c);
	op_start(op, up);
}

static int
on_read(struct op *op)
{
	struct controller *c = op->controller;
	uint32_t read = op->change.concerned & ~op->change.failed;

	if (op->lane->scope != RULES_SHARED && !op->next.known &&
	    (controller_bridges_of(c, (unsigned)op->lane->scope) & ~read) == 0)
		repair_infer(op);
	return 0;
}

static void
done(struct op *op)
{
	struct controller *c = op->controller;

	if (op->changed)
		wanted_enter(&c->wanted, op->service, &op->next);
	if (op->change.failed) {
		log_warn("rules not restored: %s", op->change.reason.text);
		lane_retry_repair(op->lane);
	}
	lane_leave(op);
	if (c->orphans_left && services_are_settled(c))
		lane_want_repair(&c->lanes[c->n_lanes - 1]);
	tell_missing(c);
	op_free(op);
}

const struct op_kind repair_kind = {
	.repair = true,
	.begin = begin,
	.on_read = on_read,
	.done = done,
};
