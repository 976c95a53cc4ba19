/* SPDX-License-Identifier: Apache-2.0 */
/* Options of PPP, as a client agrees on them; see negotiation.h. */
#include "negotiation.h"

#include <string.h>

#include "auth.h"
#include "option.h"

#define LEAST_MRU 128u

/* What a client asks for, by protocol. */
static const struct {
	uint16_t protocol;
	uint8_t type;
	uint8_t size;
} wanted[] = {
	{PPP_LCP, LCP_MRU, 2},          {PPP_LCP, LCP_MAGIC, 4},
	{PPP_IPCP, IPCP_ADDRESS, 4},    {PPP_IPCP, IPCP_DNS_FIRST, 4},
	{PPP_IPCP, IPCP_DNS_SECOND, 4}, {PPP_IPV6CP, IPV6CP_INTERFACE_ID, 8},
};

/* xorshift64 (Marsaglia 2003): nobody is to guess it, but for those who mean well. Never 0. */
static uint32_t
random_magic(struct negotiation *n)
{
	uint64_t x = *n->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*n->random = x;
	return (uint32_t)(x >> 32) | 1u;
}

void
negotiation_init(struct negotiation *n, uint16_t protocol, uint64_t *random)
{
	*n = (struct negotiation){
		.protocol = protocol, .due_ns = NEGOTIATION_NEVER, .random = random};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (wanted[i].protocol == protocol)
			n->terms[n->n_terms++] = (struct negotiation_term){
				.type = wanted[i].type, .size = wanted[i].size, .asked = true};
}

struct negotiation_term *
negotiation_term(struct negotiation *n, uint8_t type)
{
	for (unsigned i = 0; i < n->n_terms; i++)
		if (n->terms[i].type == type)
			return &n->terms[i];
	return NULL;
}

static void
renew_magic(struct negotiation *n)
{
	if (n->protocol == PPP_LCP)
		nf_put32(negotiation_term(n, LCP_MAGIC)->value, random_magic(n));
}

void
negotiation_begin(struct negotiation *n, uint64_t now_ns)
{
	n->mine = n->theirs = false;
	n->tries = n->rounds = 0;
	n->due_ns = now_ns;
	renew_magic(n);
}

void
negotiation_end(struct negotiation *n)
{
	n->mine = n->theirs = false;
	n->due_ns = NEGOTIATION_NEVER;
}

static uint16_t
put_terms(const struct negotiation *n, uint8_t *data)
{
	struct ppp_writer w = {.at = data, .left = PPP_CONTROL_MAX - PPP_HEAD};

	for (unsigned i = 0; i < n->n_terms; i++)
		if (n->terms[i].asked)
			ppp_put_option(&w, n->terms[i].type, n->terms[i].value, n->terms[i].size);
	return (uint16_t)(w.at - data);
}

uint16_t
negotiation_ask(struct negotiation *n, uint64_t now_ns, uint64_t restart_ns, uint8_t *packet)
{
	n->tries++;
	n->due_ns = now_ns + restart_ns;
	return ppp_control_head(packet, PPP_CONFIGURE_REQUEST, ++n->identifier,
				put_terms(n, packet + PPP_HEAD));
}

/* ---- what the other end asks for ----------------------------------------------------------------------- */

static const uint8_t zeros[NEGOTIATION_MAX_VALUE];

static bool
is_zero(const struct ppp_option *o)
{
	return o->size <= sizeof(zeros) && memcmp(o->data, zeros, o->size) == 0;
}

/* Is it the value that we ask for ourselves? Two ends are to have different ones. */
static bool
is_mine(struct negotiation *n, const struct ppp_option *o)
{
	const struct negotiation_term *t = negotiation_term(n, o->type);

	return t != NULL && t->asked && t->size == o->size &&
	       memcmp(t->value, o->data, o->size) == 0;
}

/* Ack, Nak or Reject. What is to be said in a Nak is written. */
static enum ppp_code
judge_auth(struct negotiation *n, const struct ppp_option *o, struct ppp_writer *nak)
{
	uint16_t protocol = o->size >= 2 ? ppp_option_u16(o) : 0;

	if ((protocol == PPP_PAP && o->size == 2) ||
	    (protocol == PPP_CHAP && o->size == 3 && o->data[2] == CHAP_MD5)) {
		n->auth = protocol;
		return PPP_CONFIGURE_ACK;
	}
	ppp_put_option(nak, LCP_AUTHENTICATION, "\xc2\x23\x05", 3);
	return PPP_CONFIGURE_NAK;
}

static enum ppp_code
judge_magic(struct negotiation *n, const struct ppp_option *o, struct ppp_writer *nak)
{
	if (o->size == 4 && !is_zero(o) && !is_mine(n, o))
		return PPP_CONFIGURE_ACK;
	n->loops += is_mine(n, o);
	ppp_put_u32(nak, LCP_MAGIC, random_magic(n));
	return PPP_CONFIGURE_NAK;
}

static enum ppp_code
judge_lcp(struct negotiation *n, const struct ppp_option *o, struct ppp_writer *nak)
{
	switch (o->type) {
	case LCP_MRU:
		if (o->size != 2)
			return PPP_CONFIGURE_REJECT;
		n->peer_mru = ppp_option_u16(o);
		return PPP_CONFIGURE_ACK;
	case LCP_AUTHENTICATION:
		return judge_auth(n, o, nak);
	case LCP_MAGIC:
		return judge_magic(n, o, nak);
	default:
		return PPP_CONFIGURE_REJECT;
	}
}

static enum ppp_code
judge(struct negotiation *n, const struct ppp_option *o, struct ppp_writer *nak)
{
	bool known;

	if (n->protocol == PPP_LCP)
		return judge_lcp(n, o, nak);
	known = n->protocol == PPP_IPCP ? o->type == IPCP_ADDRESS && o->size == 4
					: o->type == IPV6CP_INTERFACE_ID && o->size == 8;
	return known && !is_zero(o) && !is_mine(n, o) ? PPP_CONFIGURE_ACK : PPP_CONFIGURE_REJECT;
}

/* A Reject says all that is not known, a Nak all that should be another value, an Ack is the request again. */
static enum negotiation_says
answer_request(struct negotiation *n, const struct ppp_control *c, uint8_t *answer,
	       uint16_t *ret_size)
{
	uint8_t naks[PPP_CONTROL_MAX], rejects[PPP_CONTROL_MAX];
	struct ppp_writer nak = {.at = naks, .left = PPP_CONTROL_MAX - PPP_HEAD};
	struct ppp_writer reject = {.at = rejects, .left = PPP_CONTROL_MAX - PPP_HEAD};
	struct ppp_options list = {c->data, c->size};
	const uint8_t *data = c->data;
	uint16_t size = c->size;
	struct ppp_option o;
	enum ppp_code code = PPP_CONFIGURE_ACK;

	n->auth = n->peer_mru = 0; /* what the request does not say is not so */
	while (ppp_option_next(&list, &o) == PPP_NEXT_OPTION)
		if (judge(n, &o, &nak) == PPP_CONFIGURE_REJECT)
			ppp_put_option(&reject, o.type, o.data, o.size);
	if (reject.at != rejects || nak.at != naks) {
		code = reject.at != rejects ? PPP_CONFIGURE_REJECT : PPP_CONFIGURE_NAK;
		data = reject.at != rejects ? rejects : naks;
		size = (uint16_t)(reject.at != rejects ? reject.at - rejects : nak.at - naks);
	}
	if (size > 0)
		memcpy(answer + PPP_HEAD, data, size);
	*ret_size = ppp_control_head(answer, code, c->identifier, size);
	n->theirs = code == PPP_CONFIGURE_ACK;
	return NEGOTIATION_ANSWER;
}

/* ---- what it says to our request ----------------------------------------------------------------------- */

/* An address is the value that the Nak names; we take no MRU above our own, and a magic number is our own choice. */
static void
take_nak(struct negotiation *n, const struct ppp_option *o)
{
	struct negotiation_term *t = negotiation_term(n, o->type);

	if (t == NULL || !t->asked || t->size != o->size)
		return;
	if (n->protocol != PPP_LCP)
		memcpy(t->value, o->data, t->size);
	else if (o->type == LCP_MAGIC)
		renew_magic(n);
	else if (ppp_option_u16(o) >= LEAST_MRU && ppp_option_u16(o) < nf_get16(t->value))
		memcpy(t->value, o->data, t->size);
}

static void
take_reject(struct negotiation *n, const struct ppp_option *o)
{
	struct negotiation_term *t = negotiation_term(n, o->type);

	if (t != NULL)
		t->asked = false;
}

/* Without an address, or an identifier, there is nothing to agree on. */
static bool
can_go_on(const struct negotiation *n)
{
	return n->rounds < NEGOTIATION_MAX_ROUNDS && (n->protocol == PPP_LCP || n->terms[0].asked);
}

static enum negotiation_says
take_refusal(struct negotiation *n, const struct ppp_control *c)
{
	struct ppp_options list = {c->data, c->size};
	struct ppp_option o;

	while (ppp_option_next(&list, &o) == PPP_NEXT_OPTION) {
		if (c->code == PPP_CONFIGURE_NAK)
			take_nak(n, &o);
		else
			take_reject(n, &o);
	}
	n->rounds++;
	n->tries = 0;
	return can_go_on(n) ? NEGOTIATION_ASK : NEGOTIATION_FAILED;
}

/* The Ack says again what was asked; an address of zeros is none. */
static enum negotiation_says
take_ack(struct negotiation *n, const struct ppp_control *c)
{
	uint8_t data[PPP_CONTROL_MAX];
	uint16_t size = put_terms(n, data);

	if (size != c->size || memcmp(data, c->data, size) != 0)
		return NEGOTIATION_STRAY;
	if (n->protocol != PPP_LCP && memcmp(n->terms[0].value, zeros, n->terms[0].size) == 0)
		return NEGOTIATION_FAILED;
	n->mine = true;
	return NEGOTIATION_QUIET;
}

enum negotiation_says
negotiation_take(struct negotiation *n, const struct ppp_control *c, uint8_t *answer,
		 uint16_t *ret_size)
{
	if (!ppp_options_are_whole(c->data, c->size))
		return NEGOTIATION_STRAY;
	if (c->code == PPP_CONFIGURE_REQUEST)
		return answer_request(n, c, answer, ret_size);
	if (n->mine || c->identifier != n->identifier)
		return NEGOTIATION_STRAY;
	return c->code == PPP_CONFIGURE_ACK ? take_ack(n, c) : take_refusal(n, c);
}
