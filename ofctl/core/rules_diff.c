/* SPDX-License-Identifier: Apache-2.0 */
/* From the rules that are there to those that should be. */
#include <stdlib.h>

#include "rules_compare.h"

/* ---- difference ---------------------------------------------------------------------------- */

static struct of_flow_mod
add_rule(const struct rule *rule)
{
	return (struct of_flow_mod){.cookie = rule->cookie,
				    .command = OF_FLOW_ADD,
				    .priority = rule->priority,
				    .match = rule->match,
				    .actions = rule->actions};
}

/* Index of the rule's service, or STEERING_NOBODY: it is of no service of the topology. */
static int
find_service(const struct topology *t, const struct rule *rule)
{
	for (unsigned s = 0; s < t->n_services; s++) {
		if (t->services[s].cookie == rules_cookie_service(rule->cookie))
			return (int)s;
	}
	return STEERING_NOBODY;
}

/* A port that the switch has and the topology does not name. */
static bool
is_strange_port(const struct rules_context *context, const struct rules_keep *keep, uint32_t number)
{
	const struct topology *t = context->topology;

	for (unsigned p = 0; p < t->n_ports; p++) {
		if (t->ports[p].bridge == keep->bridge && context->numbers[p] == number)
			return false;
	}
	return keep->has_port(keep->ctx, keep->bridge, number);
}

static bool
uses_strange_port(const struct rules_context *context, const struct rules_keep *keep,
		  const struct rule *rule)
{
	if ((rule->match.fields & OF_MATCH_IN_PORT) &&
	    is_strange_port(context, keep, rule->match.in_port))
		return true;
	for (uint32_t i = 0; i < rule->actions.n; i++) {
		if (rule->actions.list[i].type == OF_ACTION_OUTPUT &&
		    is_strange_port(context, keep, rule->actions.list[i].value))
			return true;
	}
	return false;
}

static bool
is_of_ended_session(const struct steering_service *state, const struct rule *rule)
{
	uint32_t tag = rules_cookie_tag(rule->cookie);

	return tag != 0 &&
	       (tag != state->session.tag || (state->session.stage != STEERING_PREPARED &&
					      state->session.stage != STEERING_FLIPPED));
}

static bool
is_kept(const struct rules_context *context, const struct rules_keep *keep, const struct rule *rule)
{
	int s = find_service(context->topology, rule);

	if (rules_cookie_service(rule->cookie) == 0) /* guards and drops of such a port */
		return keep->misfits && uses_strange_port(context, keep, rule);
	if (s < 0)
		return false;
	if (keep->services & (UINT32_C(1) << s))
		return true;
	return (keep->misfits & (UINT32_C(1) << s)) &&
	       !is_of_ended_session(&keep->steering->services[s], rule) &&
	       uses_strange_port(context, keep, rule);
}

/* A rule that the codec does not understand cannot be named; its cookie can. What has the same
 * cookie goes with it and is added again, all in one bundle. */
static unsigned
purge_opaque(const struct rules_context *context, const struct rules_keep *keep,
	     const struct rule *present, unsigned n_present, struct of_flow_mod *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_present; i++) {
		if (!present[i].opaque || is_kept(context, keep, &present[i]))
			continue;
		out[n++] = (struct of_flow_mod){.cookie = present[i].cookie,
						.cookie_mask = UINT64_MAX,
						.command = OF_FLOW_DELETE};
	}
	return n;
}

static bool
was_purged(const struct rule *rule, const struct of_flow_mod *purges, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (purges[i].cookie == rule->cookie)
			return true;
	}
	return false;
}

unsigned
rules_diff(const struct rules_context *context, struct rule *desired, unsigned n_desired,
	   struct rule *present, unsigned n_present, const struct rules_keep *keep,
	   struct of_flow_mod out[RULES_MAX * 2])
{
	unsigned purges = purge_opaque(context, keep, present, n_present, out), n = purges;
	unsigned d = 0, p = 0;

	if (n_desired > 0) /* no array need be there */
		qsort(desired, n_desired, sizeof(desired[0]), rules_compare);
	if (n_present > 0)
		qsort(present, n_present, sizeof(present[0]), rules_compare);
	while (d < n_desired || p < n_present) {
		int order;

		if (p < n_present && (present[p].opaque || was_purged(&present[p], out, purges))) {
			p++;
			continue;
		}
		order = d == n_desired   ? 1
			: p == n_present ? -1
					 : rules_compare(&desired[d], &present[p]);
		if (order < 0) {
			out[n++] = add_rule(&desired[d++]);
		} else if (order > 0) {
			if (!is_kept(context, keep, &present[p]))
				out[n++] = (struct of_flow_mod){.command = OF_FLOW_DELETE_STRICT,
								.cookie = present[p].cookie,
								.cookie_mask = UINT64_MAX,
								.priority = present[p].priority,
								.match = present[p].match};
			p++;
		} else {
			if (desired[d].cookie != present[p].cookie ||
			    !rules_same_actions(&desired[d].actions, &present[p].actions))
				out[n++] = add_rule(&desired[d]);
			d++;
			p++;
		}
	}
	return n;
}
