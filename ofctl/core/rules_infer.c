/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules on the switches say, when the state file is gone. */
#include "rules_compare.h"
#include "rules_emit.h"

/* ---- what the rules say ---------------------------------------------------------------------- */

/* Of one service on one bridge: no way visits a bridge twice, so each port has at most one head,
 * five tails, three rules of the redirect and two of flush frames there. */
#define SERVICE_RULES_MAX (SLIM_MAX_PORTS * 16u)

/* How many of the candidate's own rules stand, and how many do not. */
struct score {
	unsigned present;
	unsigned absent;
};

static bool
is_present(const struct rule *rule, const struct rule *present, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!present[i].opaque && present[i].cookie == rule->cookie &&
		    rules_compare(&present[i], rule) == 0 &&
		    rules_same_actions(&present[i].actions, &rule->actions))
			return true;
	}
	return false;
}

/* Only the candidate's service is looked at: its rules, and how many of it are there at all. */
static struct score
score_candidate(const struct rules_context *context, struct rule *const present[],
		const unsigned n_present[], unsigned service,
		const struct steering_service *candidate)
{
	const struct topology *t = context->topology;
	struct score score = {0};

	for (unsigned b = 0; b < t->n_bridges; b++) {
		struct rule rules[SERVICE_RULES_MAX];
		struct rules_emitter e = {.context = context,
					  .t = t,
					  .bridge = (uint16_t)b,
					  .out = rules,
					  .capacity = SERVICE_RULES_MAX};

		rules_emit_service(&e, &t->services[service], candidate);
		for (unsigned i = 0; i < e.n; i++) {
			if (is_present(&rules[i], present[b], n_present[b]))
				score.present++;
			else
				score.absent++;
		}
	}
	return score;
}

struct guess {
	struct steering_service best;
	struct score score;
	bool found;
};

/* Better: fewer missing of its own; then more explained. */
static void
consider(struct guess *guess, const struct steering_service *candidate, struct score score)
{
	if (score.present == 0 || score.present < score.absent)
		return;
	if (guess->found &&
	    (score.absent > guess->score.absent ||
	     (score.absent == guess->score.absent && score.present <= guess->score.present)))
		return;
	*guess = (struct guess){.best = *candidate, .score = score, .found = true};
}

/* The session tag in the service's cookies, 0: none. */
static uint32_t
find_tag(const struct topology *t, struct rule *const present[], const unsigned n_present[],
	 uint8_t cookie)
{
	for (unsigned b = 0; b < t->n_bridges; b++) {
		for (unsigned i = 0; i < n_present[b]; i++) {
			uint64_t c = present[b][i].cookie;

			if (rules_cookie_service(c) == cookie && rules_cookie_tag(c) != 0)
				return rules_cookie_tag(c);
		}
	}
	return 0;
}

/* The tag that the source's port redirects with, by the rules. */
static uint16_t
find_vid(const struct rules_context *context, struct rule *const present[],
	 const unsigned n_present[], uint8_t cookie, uint16_t port)
{
	uint16_t bridge = rules_bridge_of(context->topology, port);

	for (unsigned i = 0; i < n_present[bridge]; i++) {
		const struct rule *rule = &present[bridge][i];

		if (rules_cookie_service(rule->cookie) == cookie &&
		    rules_cookie_role(rule->cookie) == RULES_REDIRECT &&
		    rule->match.in_port == context->numbers[port])
			return rule->match.vlan_vid & OF_VID_MASK;
	}
	return 0;
}

static void
consider_session(const struct rules_context *context, struct rule *const present[],
		 const unsigned n_present[], unsigned service, struct steering_service *candidate,
		 struct guess *guess)
{
	const struct topology_service *s = &context->topology->services[service];
	struct steering_session *session = &candidate->session;

	for (unsigned p = 0; p < s->n_ports; p++)
		session->vids[p] = find_vid(context, present, n_present, s->cookie,
					    s->instances[session->source].ports[p].port);
	for (session->stage = STEERING_PREPARED; session->stage <= STEERING_FLIPPED;
	     session->stage++)
		consider(guess, candidate,
			 score_candidate(context, present, n_present, service, candidate));
}

bool
rules_infer(const struct rules_context *context, struct rule *const present[],
	    const unsigned n_present[], unsigned service, struct steering_service *ret)
{
	const struct topology_service *s = &context->topology->services[service];
	uint32_t tag = find_tag(context->topology, present, n_present, s->cookie);
	struct guess guess = {0};

	for (unsigned i = 0; i < s->n_instances; i++) {
		struct steering_service candidate = {.known = true, .serving = (int)i};

		consider(&guess, &candidate,
			 score_candidate(context, present, n_present, service, &candidate));
		for (unsigned j = 0; tag != 0 && j < s->n_instances; j++) {
			if (i == j)
				continue;
			candidate.session = (struct steering_session){
				.tag = tag, .source = (uint8_t)i, .target = (uint8_t)j};
			consider_session(context, present, n_present, service, &candidate, &guess);
		}
	}
	if (guess.found)
		*ret = guess.best;
	return guess.found;
}
