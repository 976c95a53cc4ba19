/* SPDX-License-Identifier: Apache-2.0 */
/* What all parts ask; see controller_parts.h. */
#include "controller_parts.h"

uint32_t
controller_bridges_of(const struct controller *c, unsigned service)
{
	uint32_t bridges = 0;

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (topology_service_uses(c->topology, &c->topology->services[service],
					  (uint16_t)b))
			bridges |= 1u << b;
	}
	return bridges;
}

uint32_t
controller_bridges_up(const struct controller *c)
{
	uint32_t up = 0;

	for (unsigned b = 0; b < c->topology->n_bridges; b++) {
		if (bridge_is_up(c->bridges[b]))
			up |= 1u << b;
	}
	return up;
}

void
controller_look_up_numbers(struct controller *c)
{
	const struct topology *t = c->topology;

	for (unsigned p = 0; p < t->n_ports; p++)
		c->numbers[p] =
			bridge_port_number(c->bridges[t->ports[p].bridge], t->ports[p].name);
}

const struct steering *
controller_view(struct op *op)
{
	struct controller *c = op->controller;

	c->view = c->wanted.now;
	if (op->lane->scope != RULES_SHARED)
		c->view.services[op->lane->scope] = op->next;
	return &c->view;
}
