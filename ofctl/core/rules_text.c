/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as lines of text, for people and tests. */
#include <stdarg.h>
#include <stdio.h>

#include "rules.h"

/* ---- text -------------------------------------------------------------------------------------- */

struct line {
	char *text;
	size_t size;
	int length;
};

static void __attribute__((format(printf, 2, 3))) append(struct line *line, const char *format, ...)
{
	size_t used = (size_t)line->length < line->size ? (size_t)line->length : line->size;
	va_list args;

	va_start(args, format);
	line->length += vsnprintf(line->text + used, line->size - used, format, args);
	va_end(args);
}

static const char *
port_name(const struct rules_context *context, uint16_t bridge, uint32_t number)
{
	const struct topology *t = context->topology;

	for (unsigned p = 0; p < t->n_ports; p++) {
		if (t->ports[p].bridge == bridge && context->numbers[p] == number)
			return t->ports[p].name;
	}
	return number == OF_PORT_IN_PORT ? "IN_PORT" : "?";
}

static void
append_action(struct line *line, const struct rules_context *context, uint16_t bridge,
	      const struct of_action *action)
{
	switch (action->type) {
	case OF_ACTION_OUTPUT:
		append(line, " output:%s", port_name(context, bridge, action->value));
		break;
	case OF_ACTION_PUSH_VLAN:
		append(line, " push");
		break;
	case OF_ACTION_POP_VLAN:
		append(line, " pop");
		break;
	default:
		append(line, " vid:%u", action->value & OF_VID_MASK);
		break;
	}
}

int
rules_format(const struct rules_context *context, uint16_t bridge, const struct rule *rule,
	     char *text, size_t size)
{
	const struct of_match *m = &rule->match;
	struct line line = {.text = text, .size = size};

	append(&line, "%s service=%u", rules_role_name(rules_cookie_role(rule->cookie)),
	       rules_cookie_service(rule->cookie));
	if (rules_cookie_tag(rule->cookie))
		append(&line, " tag=%x", rules_cookie_tag(rule->cookie));
	append(&line, " prio=%u in=%s", rule->priority,
	       m->fields & OF_MATCH_IN_PORT ? port_name(context, bridge, m->in_port) : "any");
	if (m->fields & OF_MATCH_VLAN_VID) {
		if (m->vlan_vid == 0)
			append(&line, " untagged");
		else
			append(&line, " vid=%u", m->vlan_vid & OF_VID_MASK);
		if (m->vlan_mask != OF_VLAN_EXACT)
			append(&line, "/%u", ~m->vlan_mask & OF_VID_MASK);
	}
	if (m->fields & OF_MATCH_ETH_TYPE)
		append(&line, " type=%04x", m->eth_type);
	append(&line, " ->");
	for (uint32_t i = 0; i < rule->actions.n; i++)
		append_action(&line, context, bridge, &rule->actions.list[i]);
	if (rule->actions.n == 0)
		append(&line, " drop");
	return line.length;
}
