/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the automaton; see machine.h. Pure. */
#include "machine.h"

#include <string.h>

#define OPTIONS_MAX (PPP_CONTROL_MAX - PPP_HEAD)
#define LAYERS (PPP_TLU | PPP_TLD | PPP_TLS | PPP_TLF)

/* What the peer's request, or nothing, is answered with. */
struct answer {
	uint8_t code;
	uint8_t identifier;
	uint16_t size;
	uint8_t data[OPTIONS_MAX];
};

static void
send_packet(const struct ppp_run *run, uint8_t code, uint8_t identifier, const uint8_t *data,
	    uint16_t size)
{
	run->send(run->ctx, run->ops->protocol, code, identifier, data, size);
}

/* ---- our request --------------------------------------------------------------------------------- */

static uint16_t
build_request(const struct ppp_run *run, uint8_t data[OPTIONS_MAX])
{
	struct ppp_writer w = {data, OPTIONS_MAX, false};

	run->ops->request(run, &w);
	return (uint16_t)(w.at - data);
}

static void
send_request(struct ppp_run *run)
{
	uint8_t data[OPTIONS_MAX];
	uint16_t size = build_request(run, data);

	send_packet(run, PPP_CONFIGURE_REQUEST, run->machine->identifier, data, size);
}

static bool
same_option(const struct ppp_option *a, const struct ppp_option *b)
{
	return a->type == b->type && a->size == b->size &&
	       (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* Section 5.4: a Reject has options of our request, as they were, in their order. */
static bool
is_part_of_request(const struct ppp_run *run, const struct ppp_control *c)
{
	uint8_t data[OPTIONS_MAX];
	struct ppp_options ours = {data, build_request(run, data)}, theirs = {c->data, c->size};
	struct ppp_option own, option;

	while (ppp_option_next(&theirs, &option) == PPP_NEXT_OPTION)
		do
			if (ppp_option_next(&ours, &own) != PPP_NEXT_OPTION)
				return false;
		while (!same_option(&own, &option));
	return true;
}

static bool
is_request(const struct ppp_run *run, const struct ppp_control *c)
{
	uint8_t data[OPTIONS_MAX];
	uint16_t size = build_request(run, data);

	return size == c->size && (size == 0 || memcmp(data, c->data, size) == 0);
}

static void
take_refusal(struct ppp_run *run, const struct ppp_control *c)
{
	void (*take)(struct ppp_run * run, const struct ppp_option *o) =
		c->code == PPP_CONFIGURE_NAK ? run->ops->take_nak : run->ops->take_reject;
	struct ppp_options options = {c->data, c->size};
	struct ppp_option option;

	if (++run->machine->refusals >= run->settings->max_configure)
		run->facts |= PPP_REFUSED;
	while (take != NULL && ppp_option_next(&options, &option) == PPP_NEXT_OPTION)
		take(run, &option);
}

/* ---- the peer's request -------------------------------------------------------------------------------- */

static enum ppp_opinion
judge_once(struct ppp_run *run, const struct ppp_option *o, uint64_t seen[4],
	   struct ppp_writer *nak)
{
	uint64_t bit = UINT64_C(1) << (o->type & 63);

	/* None of the options that are known here may stand twice (section 6). */
	if (seen[o->type >> 6] & bit)
		return PPP_REJECTS;
	seen[o->type >> 6] |= bit;
	return run->ops->judge(run, o, nak);
}

/* Rejects win over Naks; both keep the order. After Max-Failure Naks what would be one becomes a Reject, and no
 * option is wanted any more (section 4.6). */
static void
judge_request(struct ppp_run *run, const struct ppp_control *c, struct answer *answer)
{
	bool tired = run->machine->naks >= run->settings->max_failure;
	struct ppp_options options = {c->data, c->size};
	uint8_t nak_data[OPTIONS_MAX];
	struct ppp_writer nak = {nak_data, OPTIONS_MAX, false};
	struct ppp_writer reject = {answer->data, OPTIONS_MAX, false};
	uint64_t seen[4] = {0};
	struct ppp_option o;

	while (ppp_option_next(&options, &o) == PPP_NEXT_OPTION) {
		enum ppp_opinion opinion = judge_once(run, &o, seen, &nak);

		if (opinion == PPP_REJECTS || (opinion == PPP_NAKS && tired))
			ppp_put_option(&reject, o.type, o.data, o.size);
	}
	if (run->ops->want != NULL)
		run->ops->want(run, seen, &nak);
	answer->code = PPP_CONFIGURE_ACK;
	answer->size = 0;
	if (reject.at != answer->data) {
		answer->code = PPP_CONFIGURE_REJECT;
		answer->size = (uint16_t)(reject.at - answer->data);
	} else if (nak.at != nak_data && !tired) {
		answer->code = PPP_CONFIGURE_NAK;
		answer->size = (uint16_t)(nak.at - nak_data);
		memcpy(answer->data, nak_data, answer->size);
	}
}

static void
send_ack(struct ppp_run *run, const struct ppp_control *c)
{
	run->machine->naks = 0;
	if (run->ops->agree != NULL)
		run->ops->agree(run, (struct ppp_options){c->data, c->size});
	send_packet(run, PPP_CONFIGURE_ACK, c->identifier, c->data, c->size);
}

static void
send_refusal(struct ppp_run *run, const struct ppp_control *c, const struct answer *answer)
{
	if (answer->code == PPP_CONFIGURE_NAK)
		run->machine->naks++;
	send_packet(run, answer->code, c->identifier, answer->data, answer->size);
}

/* ---- steps ----------------------------------------------------------------------------------------------- */

void
ppp_machine_tell(struct ppp_run *run, uint8_t code, const uint8_t *packet, uint32_t size)
{
	uint32_t room = run->peer_mru < PPP_CONTROL_MAX ? run->peer_mru : PPP_CONTROL_MAX;

	room -= PPP_HEAD;
	send_packet(run, code, ++run->machine->told, packet, (uint16_t)(size < room ? size : room));
}

static void
count_restarts(struct ppp_run *run, uint16_t actions)
{
	if (actions & PPP_IRC_CONFIGURE)
		run->machine->restarts = run->settings->max_configure;
	if (actions & PPP_IRC_TERMINATE)
		run->machine->restarts = run->settings->max_terminate;
	if (actions & PPP_ZRC)
		run->machine->restarts = 0;
	if (actions & (PPP_SCR | PPP_STR) && run->machine->restarts > 0)
		run->machine->restarts--;
}

static void
set_timer(struct ppp_run *run, uint16_t actions)
{
	if (!ppp_timer_runs(run->machine->state))
		*run->timer = 0;
	else if (actions & (PPP_SCR | PPP_STR | PPP_ZRC))
		*run->timer = run->now_ns + run->settings->restart_ns;
}

static void
answer_packet(struct ppp_run *run, uint16_t actions, const struct ppp_control *c,
	      const struct answer *answer)
{
	if (actions & PPP_SCA)
		send_ack(run, c);
	if (actions & PPP_SCN)
		send_refusal(run, c, answer);
	if (actions & PPP_STA)
		send_packet(run, PPP_TERMINATE_ACK, c->identifier, NULL, 0);
	if (actions & PPP_SCJ)
		ppp_machine_tell(run, PPP_CODE_REJECT, c->data - PPP_HEAD, c->size + PPP_HEAD);
	if (actions & PPP_SER)
		run->ops->echo(run, c);
}

/* `c` and `answer` are NULL where the event is no packet, and no request. A request that is sent again because nobody
 * answered keeps its identifier; each other one has a new one (section 5.1). */
static uint16_t
step(struct ppp_run *run, enum ppp_event event, const struct ppp_control *c,
     const struct answer *answer)
{
	const struct ppp_transition *t = ppp_transition(run->machine->state, event);

	if (!t->happens)
		return run->facts;
	run->machine->state = t->next;
	count_restarts(run, t->actions);
	if (t->actions & (PPP_SCR | PPP_STR) && event != PPP_TO_PLUS)
		run->machine->identifier++;
	if (t->actions & PPP_SCR)
		send_request(run);
	if (t->actions & PPP_STR)
		send_packet(run, PPP_TERMINATE_REQUEST, run->machine->identifier, NULL, 0);
	if (c != NULL)
		answer_packet(run, t->actions, c, answer);
	set_timer(run, t->actions);
	return (t->actions & LAYERS) | run->facts;
}

/* ---- packets -------------------------------------------------------------------------------------------------- */

static enum ppp_check
check_answer(const struct ppp_run *run, const struct ppp_control *c)
{
	if (c->identifier != run->machine->identifier)
		return PPP_WRONG_IDENTIFIER;
	if (c->code == PPP_CONFIGURE_ACK)
		return is_request(run, c) ? PPP_FINE : PPP_WRONG;
	if (c->size == 0 || !ppp_options_are_whole(c->data, c->size))
		return PPP_WRONG;
	if (c->code == PPP_CONFIGURE_REJECT && !is_part_of_request(run, c))
		return PPP_WRONG;
	return PPP_FINE;
}

enum ppp_check
ppp_machine_check(const struct ppp_run *run, const struct ppp_control *c)
{
	enum ppp_event event;

	if (run->machine->state == PPP_INITIAL || run->machine->state == PPP_STARTING)
		return PPP_WRONG_STATE;
	switch (c->code) {
	case PPP_CONFIGURE_REQUEST:
		return ppp_options_are_whole(c->data, c->size) ? PPP_FINE : PPP_WRONG;
	case PPP_CONFIGURE_ACK:
	case PPP_CONFIGURE_NAK:
	case PPP_CONFIGURE_REJECT:
		return check_answer(run, c);
	case PPP_CODE_REJECT:
		return c->size >= PPP_HEAD ? PPP_FINE : PPP_WRONG;
	}
	return run->ops->check != NULL ? run->ops->check(run, c, &event) : PPP_FINE;
}

static uint16_t
take_request(struct ppp_run *run, const struct ppp_control *c)
{
	struct answer answer;

	judge_request(run, c, &answer);
	return step(run, answer.code == PPP_CONFIGURE_ACK ? PPP_RCR_PLUS : PPP_RCR_MINUS, c,
		    &answer);
}

static enum ppp_event
event_of_code(struct ppp_run *run, const struct ppp_control *c)
{
	enum ppp_event event = PPP_RUC;

	switch (c->code) {
	case PPP_TERMINATE_REQUEST:
		return PPP_RTR;
	case PPP_TERMINATE_ACK:
		return PPP_RTA;
	case PPP_CODE_REJECT: /* nobody can do without the first seven (section 5.6) */
		return c->data[0] >= PPP_CONFIGURE_REQUEST && c->data[0] <= PPP_CODE_REJECT
			       ? PPP_RXJ_MINUS
			       : PPP_RXJ_PLUS;
	}
	if (run->ops->check != NULL)
		run->ops->check(run, c, &event);
	return event;
}

/* Does the state send another request because of it? Else the options would change behind one that is under way. */
static bool
asks_again(const struct ppp_run *run)
{
	return ppp_transition(run->machine->state, PPP_RCN)->actions & PPP_SCR;
}

uint16_t
ppp_machine_take(struct ppp_run *run, const struct ppp_control *c)
{
	switch (c->code) {
	case PPP_CONFIGURE_REQUEST:
		return take_request(run, c);
	case PPP_CONFIGURE_ACK:
		run->machine->refusals = 0;
		return step(run, PPP_RCA, c, NULL);
	case PPP_CONFIGURE_NAK:
	case PPP_CONFIGURE_REJECT:
		if (asks_again(run))
			take_refusal(run, c);
		return step(run, PPP_RCN, c, NULL);
	}
	return step(run, event_of_code(run, c), c, NULL);
}

uint16_t
ppp_machine_event(struct ppp_run *run, enum ppp_event event)
{
	if (event == PPP_UP) { /* another peer, for all that is known */
		run->machine->rejected = 0;
		run->machine->naks = 0;
		run->machine->refusals = 0;
		run->machine->loops = 0;
	}
	return step(run, event, NULL, NULL);
}

uint16_t
ppp_machine_timeout(struct ppp_run *run)
{
	return step(run, run->machine->restarts > 0 ? PPP_TO_PLUS : PPP_TO_MINUS, NULL, NULL);
}
