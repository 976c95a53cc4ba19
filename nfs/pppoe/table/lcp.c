/* SPDX-License-Identifier: Apache-2.0 */
/* LCP's options and echoes; see lcp.h. Pure. */
#include "lcp.h"

#include <string.h>

#include "auth.h"

#define MAGIC_SIZE 4u /* octets in front of echoes' data */

enum rejected { /* bits of ppp_machine.rejected */
		REJECTED_MRU = 1 << 0,
		REJECTED_MAGIC = 1 << 1,
};

/* What PPPoE carries on this line. */
static uint16_t
largest_mru(const struct lcp *lcp)
{
	uint16_t payload = rte_be_to_cpu_16(lcp->terms->max_payload);

	if (payload < PPP_MRU_DEFAULT)
		payload = PPP_MRU_DEFAULT;
	return payload < lcp->mtu ? payload : lcp->mtu;
}

void
lcp_begin(struct lcp *lcp)
{
	lcp->terms->magic = rte_cpu_to_be_32(lcp->random);
	lcp->terms->peer_magic = 0;
	lcp->terms->mru = rte_cpu_to_be_16(largest_mru(lcp));
	lcp->terms->peer_mru = rte_cpu_to_be_16(PPP_MRU_DEFAULT);
	lcp->terms->protocol = rte_cpu_to_be_16(lcp->chap ? PPP_CHAP : lcp->pap ? PPP_PAP : 0);
}

/* ---- our options ------------------------------------------------------------------------------------ */

static void
request(const struct ppp_run *run, struct ppp_writer *w)
{
	static const uint8_t chap[] = {PPP_CHAP >> 8, PPP_CHAP & 0xff, CHAP_MD5};
	const struct lcp *lcp = run->self;
	uint16_t protocol = rte_be_to_cpu_16(lcp->terms->protocol);

	if (!(run->machine->rejected & REJECTED_MRU))
		ppp_put_u16(w, LCP_MRU, rte_be_to_cpu_16(lcp->terms->mru));
	if (protocol == PPP_CHAP)
		ppp_put_option(w, LCP_AUTHENTICATION, chap, sizeof(chap));
	else if (protocol != 0)
		ppp_put_u16(w, LCP_AUTHENTICATION, protocol);
	if (!(run->machine->rejected & REJECTED_MAGIC))
		ppp_put_u32(w, LCP_MAGIC, rte_be_to_cpu_32(lcp->terms->magic));
}

/* The other protocol, if we have it too (section 6.2). Else we ask for the same again. */
static void
follow_authentication(struct lcp *lcp, const struct ppp_option *o)
{
	uint16_t protocol = o->size >= 2 ? ppp_option_u16(o) : 0;

	if (lcp->terms->protocol == 0)
		return;
	if (protocol == PPP_PAP && lcp->pap)
		lcp->terms->protocol = rte_cpu_to_be_16(PPP_PAP);
	if (protocol == PPP_CHAP && o->size == 3 && o->data[2] == CHAP_MD5 && lcp->chap)
		lcp->terms->protocol = rte_cpu_to_be_16(PPP_CHAP);
}

static void
take_nak(struct ppp_run *run, const struct ppp_option *o)
{
	struct lcp *lcp = run->self;

	switch (o->type) {
	case LCP_MRU: /* we take less than we could; more than that we cannot */
		if (o->size == 2 && ppp_option_u16(o) >= LCP_MRU_MIN &&
		    ppp_option_u16(o) < rte_be_to_cpu_16(lcp->terms->mru))
			lcp->terms->mru = rte_cpu_to_be_16(ppp_option_u16(o));
		break;
	case LCP_AUTHENTICATION:
		follow_authentication(lcp, o);
		break;
	case LCP_MAGIC: /* not the one that is suggested: if the line is a loop, we suggested it */
		lcp->terms->magic = rte_cpu_to_be_32(lcp->random);
		break;
	}
}

static void
take_reject(struct ppp_run *run, const struct ppp_option *o)
{
	struct lcp *lcp = run->self;

	switch (o->type) {
	case LCP_MRU:
		run->machine->rejected |= REJECTED_MRU;
		break;
	case LCP_AUTHENTICATION: /* nobody comes in without */
		run->facts |= PPP_REFUSED;
		break;
	case LCP_MAGIC: /* echoes have a zero then */
		run->machine->rejected |= REJECTED_MAGIC;
		lcp->terms->magic = 0;
		break;
	}
}

/* ---- the peer's options ----------------------------------------------------------------------------------- */

static enum ppp_opinion
judge_mru(const struct lcp *lcp, const struct ppp_option *o, struct ppp_writer *nak)
{
	uint16_t mru = o->size == 2 ? ppp_option_u16(o) : 0;

	if (mru >= LCP_MRU_MIN && mru <= largest_mru(lcp))
		return PPP_ACCEPTS;
	ppp_put_u16(nak, LCP_MRU,
		    o->size == 2 && mru < LCP_MRU_MIN ? LCP_MRU_MIN : largest_mru(lcp));
	return PPP_NAKS;
}

static void
hear_loop(struct ppp_run *run)
{
	run->facts |= PPP_LOOP;
	if (++run->machine->loops >= LCP_MAX_LOOPS)
		run->facts |= PPP_REFUSED;
}

/* Section 6.4: our own number is a line that is a loop, or bad luck, which another number ends. 0 is none. */
static enum ppp_opinion
judge_magic(struct ppp_run *run, const struct ppp_option *o, struct ppp_writer *nak)
{
	const struct lcp *lcp = run->self;
	uint32_t magic = o->size == 4 ? ppp_option_u32(o) : 0;

	if (magic != 0 && magic == rte_be_to_cpu_32(lcp->terms->magic))
		hear_loop(run);
	else if (magic != 0) {
		run->machine->loops = 0;
		return PPP_ACCEPTS;
	}
	ppp_put_u32(nak, LCP_MAGIC, lcp->random);
	return PPP_NAKS;
}

static enum ppp_opinion
judge(struct ppp_run *run, const struct ppp_option *o, struct ppp_writer *nak)
{
	switch (o->type) {
	case LCP_MRU:
		return judge_mru(run->self, o, nak);
	case LCP_MAGIC:
		return judge_magic(run, o, nak);
	}
	return PPP_REJECTS;
}

static void
agree(struct ppp_run *run, struct ppp_options options)
{
	struct lcp *lcp = run->self;
	struct ppp_option o;

	lcp->terms->peer_mru = rte_cpu_to_be_16(PPP_MRU_DEFAULT);
	lcp->terms->peer_magic = 0;
	while (ppp_option_next(&options, &o) == PPP_NEXT_OPTION) {
		if (o.type == LCP_MRU)
			lcp->terms->peer_mru = rte_cpu_to_be_16(ppp_option_u16(&o));
		if (o.type == LCP_MAGIC)
			lcp->terms->peer_magic = rte_cpu_to_be_32(ppp_option_u32(&o));
	}
}

/* ---- echoes and Protocol-Rejects ------------------------------------------------------------------------------ */

static enum ppp_check
check_echo(const struct ppp_run *run, const struct ppp_control *c)
{
	const struct lcp_terms *terms = ((const struct lcp *)run->self)->terms;

	if (c->size < MAGIC_SIZE)
		return PPP_WRONG;
	if (run->machine->state != PPP_OPENED)
		return PPP_WRONG_STATE;
	if (c->code == PPP_ECHO_REPLY &&
	    (terms->echo_missed == 0 || c->identifier != terms->echo_identifier))
		return PPP_WRONG_IDENTIFIER;
	return PPP_FINE;
}

static enum ppp_check
check(const struct ppp_run *run, const struct ppp_control *c, enum ppp_event *ret)
{
	switch (c->code) {
	case PPP_PROTOCOL_REJECT:
		if (c->size < 2)
			return PPP_WRONG;
		if (run->machine->state != PPP_OPENED)
			return PPP_WRONG_STATE;
		*ret = nf_get16(c->data) == PPP_LCP ? PPP_RXJ_MINUS : PPP_RXJ_PLUS;
		return PPP_FINE;
	case PPP_ECHO_REQUEST:
	case PPP_ECHO_REPLY:
	case PPP_DISCARD_REQUEST:
		*ret = PPP_RXR;
		return check_echo(run, c);
	}
	return PPP_FINE;
}

static void
send_reply(struct ppp_run *run, const struct ppp_control *c)
{
	const struct lcp *lcp = run->self;
	uint8_t data[PPP_CONTROL_MAX];
	uint32_t room = run->peer_mru < PPP_CONTROL_MAX ? run->peer_mru : PPP_CONTROL_MAX;
	uint32_t size = c->size < room - PPP_HEAD ? c->size : room - PPP_HEAD;

	memcpy(data, c->data, size);
	memcpy(data, &lcp->terms->magic, MAGIC_SIZE);
	run->send(run->ctx, PPP_LCP, PPP_ECHO_REPLY, c->identifier, data, (uint16_t)size);
}

/* Nobody else has our number; an echo with it is our own (section 6.4). */
static void
echo(struct ppp_run *run, const struct ppp_control *c)
{
	struct lcp *lcp = run->self;

	if (lcp->terms->magic != 0 && memcmp(c->data, &lcp->terms->magic, MAGIC_SIZE) == 0) {
		hear_loop(run);
		return;
	}
	if (c->code == PPP_ECHO_REQUEST)
		send_reply(run, c);
	if (c->code == PPP_ECHO_REPLY)
		lcp->terms->echo_missed = 0;
}

void
lcp_send_echo(struct ppp_run *run)
{
	struct lcp *lcp = run->self;
	uint8_t data[MAGIC_SIZE];

	memcpy(data, &lcp->terms->magic, MAGIC_SIZE);
	lcp->terms->echo_missed++;
	run->send(run->ctx, PPP_LCP, PPP_ECHO_REQUEST, ++lcp->terms->echo_identifier, data,
		  MAGIC_SIZE);
}

const struct ppp_ops lcp_ops = {
	.protocol = PPP_LCP,
	.request = request,
	.judge = judge,
	.agree = agree,
	.take_nak = take_nak,
	.take_reject = take_reject,
	.check = check,
	.echo = echo,
};
