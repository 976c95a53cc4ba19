/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a subscriber; see subscriber.h.
 *
 * Order of the file: how a session ends, what he does when he comes into a state, discovery, LCP, authentication, what his
 * frames say, timers, data.
 */
#include "subscriber.h"

#include <string.h>

#include "auth.h"
#include "discovery_packet.h"
#include "option.h"
#include "subscriber_say.h"

#define PROTOCOL 2u
#define MAX_TERMINATE 2u /* RFC 1661 section 4.6 */
#define MAX_DOUBLINGS 4u /* of the time between PADIs */
#define MAX_LOOPS 3u     /* requests with our own magic number: we speak to ourselves */
#define MAGIC 4u

/* ---- how it ends --------------------------------------------------------------------------------------- */

static void
forget(struct subscriber *s)
{
	negotiation_end(&s->lcp);
	negotiation_end(&s->ipcp);
	negotiation_end(&s->ipv6cp);
	s->state = SUBSCRIBER_IDLE;
	s->session_id = 0;
	s->ipv4 = 0;
	s->due_ns = s->echo_due_ns = NEGOTIATION_NEVER;
}

/* Not by him: he is told, or has found out. `why` may be NULL. */
static void
lose(struct subscriber *s, uint64_t *why)
{
	struct subscriber_counts *counts = &s->group->counts;

	if (s->state == SUBSCRIBER_ENDING) {
		counts->ended++;
	} else if (s->was_up) {
		counts->dropped++;
		if (why != NULL)
			(*why)++;
	} else {
		counts->failed++;
	}
	forget(s);
}

/* He does not go on with it. */
static void
give_up(struct subscriber *s, uint64_t *why)
{
	if (s->session_id != 0)
		subscriber_say_padt(s);
	lose(s, why);
}

static void
end(struct subscriber *s)
{
	s->group->counts.ended++;
	if (s->session_id != 0)
		subscriber_say_padt(s);
	forget(s);
}

static void
say_terminate(struct subscriber *s, uint64_t now_ns)
{
	s->tries++;
	s->due_ns = now_ns + s->group->restart_ns;
	subscriber_say(s, PPP_LCP, PPP_TERMINATE_REQUEST, s->identifier, NULL, 0);
}

void
subscriber_stop(struct subscriber *s, uint64_t now_ns)
{
	if (s->state == SUBSCRIBER_IDLE || s->state == SUBSCRIBER_ENDING)
		return;
	if (s->state <= SUBSCRIBER_LINK) {
		end(s);
		return;
	}
	negotiation_end(&s->ipcp);
	negotiation_end(&s->ipv6cp);
	s->echo_due_ns = NEGOTIATION_NEVER;
	s->state = SUBSCRIBER_ENDING;
	s->tries = 0;
	s->identifier = ++s->last_identifier;
	say_terminate(s, now_ns);
}

/* ---- into a state -------------------------------------------------------------------------------------- */

static uint64_t *
silence(struct subscriber *s)
{
	return &s->group->counts.dropped_silence;
}

static void
enter(struct subscriber *s, enum subscriber_state state, uint64_t now_ns)
{
	s->state = state;
	s->tries = 1;
	s->due_ns = now_ns + s->group->restart_ns;
}

/* The interface identifier is made of the MAC address (RFC 5072 section 4.1, EUI-64). */
static void
init_protocols(struct subscriber *s)
{
	const uint8_t *mac = s->line.mac;
	const uint8_t id[8] = {mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};

	negotiation_init(&s->lcp, PPP_LCP, &s->group->random);
	negotiation_init(&s->ipcp, PPP_IPCP, &s->group->random);
	negotiation_init(&s->ipv6cp, PPP_IPV6CP, &s->group->random);
	nf_put16(negotiation_term(&s->lcp, LCP_MRU)->value, s->group->mru);
	memcpy(negotiation_term(&s->ipv6cp, IPV6CP_INTERFACE_ID)->value, id, sizeof(id));
	negotiation_term(&s->ipcp, IPCP_DNS_FIRST)->asked = s->group->dns;
	negotiation_term(&s->ipcp, IPCP_DNS_SECOND)->asked = s->group->dns;
}

void
subscriber_start(struct subscriber *s, uint64_t now_ns)
{
	if (s->state != SUBSCRIBER_IDLE)
		return;
	forget(s);
	init_protocols(s);
	s->attempt++;
	s->group->counts.begun++;
	s->was_up = false;
	enter(s, SUBSCRIBER_PADI_SENT, now_ns);
	subscriber_say_padi(s);
}

/* Both ends are to agree anew: nothing above LCP holds any more. */
static void
enter_link(struct subscriber *s, uint64_t now_ns)
{
	negotiation_end(&s->ipcp);
	negotiation_end(&s->ipv6cp);
	s->responded = false;
	s->ipv4 = 0;
	s->echo_due_ns = NEGOTIATION_NEVER;
	enter(s, SUBSCRIBER_LINK, now_ns);
	s->due_ns = NEGOTIATION_NEVER; /* LCP has its own */
	negotiation_begin(&s->lcp, now_ns);
	subscriber_say_request(s, &s->lcp, now_ns);
}

static void
enter_network(struct subscriber *s, uint64_t now_ns)
{
	enter(s, SUBSCRIBER_NETWORK, now_ns);
	s->due_ns = NEGOTIATION_NEVER;
	negotiation_begin(&s->ipcp, now_ns);
	subscriber_say_request(s, &s->ipcp, now_ns);
	if (!s->group->ipv6)
		return;
	negotiation_begin(&s->ipv6cp, now_ns);
	subscriber_say_request(s, &s->ipv6cp, now_ns);
}

/* LCP is up. */
static void
enter_auth(struct subscriber *s, uint64_t now_ns)
{
	if (s->lcp.auth == 0) {
		enter_network(s, now_ns);
		return;
	}
	enter(s, SUBSCRIBER_AUTH, now_ns);
	if (s->lcp.auth == PPP_PAP) {
		s->identifier++;
		subscriber_say_pap(s);
	}
}

static void
enter_up(struct subscriber *s, uint64_t now_ns)
{
	s->state = SUBSCRIBER_UP;
	s->ipv4 = nf_get32(negotiation_term(&s->ipcp, IPCP_ADDRESS)->value);
	s->group->counts.up += !s->was_up;
	s->was_up = true;
	s->echoes = 0;
	s->echo_due_ns = s->group->echo_ns != 0 ? now_ns + s->group->echo_ns : NEGOTIATION_NEVER;
}

/* ---- discovery ----------------------------------------------------------------------------------------- */

static void
stray(struct subscriber *s)
{
	s->group->counts.stray++;
}

/* The first offer is taken, if its tags fit. */
static void
take_pado(struct subscriber *s, const struct pppoe_packet *p, const uint8_t *from, uint64_t now_ns)
{
	if (s->state != SUBSCRIBER_PADI_SENT || p->has_error ||
	    p->cookie.size > sizeof(s->cookie) || p->relay_session_id.size > sizeof(s->relay)) {
		stray(s);
		return;
	}
	memcpy(s->ac_mac, from, sizeof(s->ac_mac));
	s->cookie_size = p->cookie.size;
	if (p->cookie.size > 0)
		memcpy(s->cookie, p->cookie.data, p->cookie.size);
	s->relay_size = (uint8_t)p->relay_session_id.size;
	if (s->relay_size > 0)
		memcpy(s->relay, p->relay_session_id.data, s->relay_size);
	enter(s, SUBSCRIBER_PADR_SENT, now_ns);
	subscriber_say_padr(s);
}

static void
take_pads(struct subscriber *s, const struct pppoe_packet *p, uint64_t now_ns)
{
	if (s->state != SUBSCRIBER_PADR_SENT) {
		stray(s);
	} else if (p->session_id == 0 || p->has_error) {
		lose(s, NULL);
	} else {
		s->session_id = p->session_id;
		enter_link(s, now_ns);
	}
}

static void
take_discovery(struct subscriber *s, const uint8_t *frame, const uint8_t *packet, size_t size,
	       uint64_t now_ns)
{
	const uint8_t *from = frame + ACCESS_LINE_MAC;
	bool known = memcmp(from, s->ac_mac, ACCESS_LINE_MAC) == 0;
	struct pppoe_packet p;
	bool mine;

	if (pppoe_parse_discovery(packet, (uint32_t)size, &p) != PPPOE_PARSED_OK) {
		stray(s);
		return;
	}
	mine = p.host_uniq.data != NULL &&
	       subscriber_is_host_uniq(s, p.host_uniq.data, p.host_uniq.size);
	if (p.code == PPPOE_PADO && mine)
		take_pado(s, &p, from, now_ns);
	else if (p.code == PPPOE_PADS && mine && known)
		take_pads(s, &p, now_ns);
	else if (p.code == PPPOE_PADT && known && s->session_id != 0 &&
		 p.session_id == s->session_id)
		lose(s, &s->group->counts.dropped_padt);
	else
		stray(s);
}

/* ---- options ------------------------------------------------------------------------------------------- */

/* A protocol has come as far as it goes, in this state. */
static void
look_whether_open(struct subscriber *s, uint64_t now_ns)
{
	if (s->state == SUBSCRIBER_LINK && negotiation_is_open(&s->lcp))
		enter_auth(s, now_ns);
	else if (s->state == SUBSCRIBER_NETWORK && negotiation_is_open(&s->ipcp))
		enter_up(s, now_ns);
}

/* A request to a protocol that is up: both ends begin anew (RFC 1661 section 4.1, RCR in Opened). */
static void
renegotiate(struct subscriber *s, struct negotiation *n, uint64_t now_ns)
{
	s->group->counts.renegotiated += s->state == SUBSCRIBER_UP && n != &s->ipv6cp;
	if (n == &s->lcp) {
		enter_link(s, now_ns);
		return;
	}
	if (n == &s->ipcp)
		s->state = SUBSCRIBER_NETWORK;
	negotiation_begin(n, now_ns);
	subscriber_say_request(s, n, now_ns);
}

static void
take_configure(struct subscriber *s, struct negotiation *n, const struct ppp_control *c,
	       uint64_t now_ns)
{
	uint8_t answer[PPP_CONTROL_MAX];
	uint32_t loops = n->loops;
	uint16_t size;

	if (c->code == PPP_CONFIGURE_REQUEST && negotiation_is_open(n) &&
	    ppp_options_are_whole(c->data, c->size))
		renegotiate(s, n, now_ns);
	switch (negotiation_take(n, c, answer, &size)) {
	case NEGOTIATION_ANSWER:
		subscriber_say_packet(s, n->protocol, answer, size);
		break;
	case NEGOTIATION_ASK:
		subscriber_say_request(s, n, now_ns);
		break;
	case NEGOTIATION_FAILED:
		if (n != &s->ipv6cp) {
			give_up(s, NULL);
			return;
		}
		negotiation_end(n);
		break;
	case NEGOTIATION_STRAY:
		stray(s);
		break;
	case NEGOTIATION_QUIET:
	default:
		break;
	}
	s->group->counts.loops += n->loops - loops;
	if (n->loops > MAX_LOOPS)
		give_up(s, NULL);
	else
		look_whether_open(s, now_ns);
}

/* Of IPCP and IPV6CP. Without IPCP a session is of no use. */
static void
take_network(struct subscriber *s, struct negotiation *n, const struct ppp_control *c,
	     uint64_t now_ns)
{
	if (c->code >= PPP_CONFIGURE_REQUEST && c->code <= PPP_CONFIGURE_REJECT) {
		take_configure(s, n, c, now_ns);
	} else if (c->code == PPP_TERMINATE_REQUEST) {
		subscriber_say(s, n->protocol, PPP_TERMINATE_ACK, c->identifier, NULL, 0);
		if (n == &s->ipcp)
			give_up(s, &s->group->counts.dropped_terminate);
		else
			negotiation_end(n);
	} else {
		stray(s);
	}
}

/* ---- LCP ----------------------------------------------------------------------------------------------- */

/* Is it our own number that comes back? */
static bool
is_looped(struct subscriber *s, const struct ppp_control *c)
{
	const struct negotiation_term *magic = negotiation_term(&s->lcp, LCP_MAGIC);
	bool looped = magic->asked && memcmp(magic->value, c->data, MAGIC) == 0;

	s->group->counts.loops += looped;
	return looped;
}

static void
take_echo(struct subscriber *s, const struct ppp_control *c)
{
	if (c->size < MAGIC || s->state <= SUBSCRIBER_LINK) {
		stray(s);
	} else if (is_looped(s, c)) {
		return;
	} else if (c->code == PPP_ECHO_REQUEST) {
		subscriber_say_echo(s, PPP_ECHO_REPLY, c->identifier, c->data + MAGIC,
				    (uint16_t)(c->size - MAGIC));
	} else if (c->identifier == s->echo_identifier && s->echoes > 0) {
		s->echoes = 0;
	} else {
		stray(s);
	}
}

/* He can do without IPv6 and nothing else; whoever does not know our Configure- or Terminate-packets speaks no PPP. */
static bool
is_catastrophic(const struct subscriber *s, const struct ppp_control *c)
{
	uint16_t protocol = c->size >= PROTOCOL ? nf_get16(c->data) : 0;

	if (c->code == PPP_CODE_REJECT)
		return c->size > 0 && c->data[0] <= PPP_CODE_REJECT;
	return protocol != 0 &&
	       (protocol == PPP_LCP || protocol == PPP_IPCP || protocol == s->lcp.auth);
}

static void
take_reject(struct subscriber *s, const struct ppp_control *c)
{
	if (is_catastrophic(s, c))
		give_up(s, NULL);
	else if (c->code == PPP_PROTOCOL_REJECT && c->size >= PROTOCOL &&
		 nf_get16(c->data) == PPP_IPV6CP)
		negotiation_end(&s->ipv6cp);
	else
		stray(s);
}

static void
take_terminate(struct subscriber *s, const struct ppp_control *c)
{
	bool ending = s->state == SUBSCRIBER_ENDING;

	if (c->code == PPP_TERMINATE_REQUEST) {
		subscriber_say(s, PPP_LCP, PPP_TERMINATE_ACK, c->identifier, NULL, 0);
		if (!ending)
			give_up(s, &s->group->counts.dropped_terminate);
	} else if (ending && c->identifier == s->identifier) {
		end(s);
	} else {
		stray(s);
	}
}

static void
take_lcp(struct subscriber *s, const struct ppp_control *c, uint64_t now_ns)
{
	switch (c->code) {
	case PPP_CONFIGURE_REQUEST:
	case PPP_CONFIGURE_ACK:
	case PPP_CONFIGURE_NAK:
	case PPP_CONFIGURE_REJECT:
		take_configure(s, &s->lcp, c, now_ns);
		break;
	case PPP_TERMINATE_REQUEST:
	case PPP_TERMINATE_ACK:
		take_terminate(s, c);
		break;
	case PPP_CODE_REJECT:
	case PPP_PROTOCOL_REJECT:
		take_reject(s, c);
		break;
	case PPP_ECHO_REQUEST:
	case PPP_ECHO_REPLY:
		take_echo(s, c);
		break;
	case PPP_DISCARD_REQUEST:
		break;
	default:
		subscriber_say_reject(s, 0, c->data - PPP_HEAD, (uint16_t)(PPP_HEAD + c->size));
		break;
	}
}

/* ---- authentication ------------------------------------------------------------------------------------ */

static void
take_pap(struct subscriber *s, const struct ppp_control *c, uint64_t now_ns)
{
	struct ppp_text message;

	if (s->state != SUBSCRIBER_AUTH || c->identifier != s->identifier ||
	    !pap_parse_answer(c, &message))
		stray(s);
	else if (c->code == PAP_ACK)
		enter_network(s, now_ns);
	else if (c->code == PAP_NAK)
		give_up(s, NULL);
	else
		stray(s);
}

/* At any time once LCP is up (RFC 1994 section 2). */
static void
take_challenge(struct subscriber *s, const struct ppp_control *c)
{
	struct chap_value challenge;

	if (!chap_parse_value(c, &challenge) ||
	    !chap_md5(c->identifier, s->password, (uint16_t)strlen(s->password),
		      challenge.value.data, challenge.value.size, s->response)) {
		stray(s);
		return;
	}
	s->identifier = c->identifier;
	s->responded = true;
	subscriber_say_chap(s);
}

static void
take_chap(struct subscriber *s, const struct ppp_control *c, uint64_t now_ns)
{
	if (c->code == CHAP_CHALLENGE)
		take_challenge(s, c);
	else if (!s->responded || c->identifier != s->identifier)
		stray(s);
	else if (c->code == CHAP_FAILURE)
		give_up(s, NULL);
	else if (c->code == CHAP_SUCCESS && s->state == SUBSCRIBER_AUTH)
		enter_network(s, now_ns);
}

/* ---- what his frames say ------------------------------------------------------------------------------- */

/* Which protocols may speak: LCP always, then those of authentication, then the rest (RFC 1661 section 3.4, 3.5). */
static void
take_control(struct subscriber *s, uint16_t protocol, const struct ppp_control *c, uint64_t now_ns)
{
	bool network = s->state == SUBSCRIBER_NETWORK || s->state == SUBSCRIBER_UP;
	bool auth = network || s->state == SUBSCRIBER_AUTH;
	bool terminate = protocol == PPP_LCP &&
			 (c->code == PPP_TERMINATE_REQUEST || c->code == PPP_TERMINATE_ACK);

	if (s->state == SUBSCRIBER_ENDING && !terminate)
		return; /* what is under way when he logs out */
	if (protocol == PPP_LCP)
		take_lcp(s, c, now_ns);
	else if (protocol == s->lcp.auth && auth && protocol == PPP_PAP)
		take_pap(s, c, now_ns);
	else if (protocol == s->lcp.auth && auth)
		take_chap(s, c, now_ns);
	else if (protocol == PPP_IPCP && network)
		take_network(s, &s->ipcp, c, now_ns);
	else if (protocol == PPP_IPV6CP && network)
		take_network(s, &s->ipv6cp, c, now_ns);
	else
		stray(s);
}

static bool
is_known(const struct subscriber *s, uint16_t protocol)
{
	return protocol == PPP_LCP || protocol == PPP_PAP || protocol == PPP_CHAP ||
	       protocol == PPP_IPCP || (protocol == PPP_IPV6CP && s->group->ipv6);
}

/* A packet of his session from the concentrator: what stands behind the PPPoE head. NULL: it is none. */
static const uint8_t *
session_packet(const struct subscriber *s, const uint8_t *frame, size_t size, uint16_t *ret_size)
{
	uint16_t ethertype;
	const uint8_t *packet = access_line_find(&s->line, frame, size, &ethertype, &size);
	struct pppoe_packet p;

	if (packet == NULL || ethertype != PPPOE_ETHERTYPE_SESSION || s->session_id == 0 ||
	    memcmp(frame + ACCESS_LINE_MAC, s->ac_mac, ACCESS_LINE_MAC) != 0 ||
	    pppoe_parse_head(packet, (uint32_t)size, &p) != PPPOE_PARSED_OK ||
	    p.code != PPPOE_SESSION_DATA || p.session_id != s->session_id || p.size < PROTOCOL)
		return NULL;
	*ret_size = p.size;
	return p.payload;
}

static bool
is_data(uint16_t protocol)
{
	return protocol == PPP_IPV4 || protocol == PPP_IPV6;
}

bool
subscriber_take(struct subscriber *s, const uint8_t *frame, size_t size, uint64_t now_ns)
{
	uint16_t ethertype = 0, payload_size;
	size_t left;
	const uint8_t *packet = access_line_find(&s->line, frame, size, &ethertype, &left);
	const uint8_t *payload = session_packet(s, frame, size, &payload_size);
	struct ppp_control c;

	if (payload != NULL && is_data(nf_get16(payload)))
		return false;
	if (packet != NULL && ethertype == PPPOE_ETHERTYPE_DISCOVERY)
		take_discovery(s, frame, packet, left, now_ns);
	else if (payload != NULL && s->state > SUBSCRIBER_LINK && s->state != SUBSCRIBER_ENDING &&
		 !is_known(s, nf_get16(payload)))
		subscriber_say_reject(s, nf_get16(payload), payload + PROTOCOL,
				      (uint16_t)(payload_size - PROTOCOL));
	else if (payload != NULL &&
		 ppp_control_parse(payload + PROTOCOL, payload_size - PROTOCOL, &c))
		take_control(s, nf_get16(payload), &c, now_ns);
	else
		stray(s);
	return true;
}

/* ---- timers -------------------------------------------------------------------------------------------- */

static void
say_again(struct subscriber *s, uint64_t now_ns)
{
	unsigned doublings = s->tries < MAX_DOUBLINGS ? s->tries : MAX_DOUBLINGS;

	s->group->counts.resent++;
	s->tries++;
	s->due_ns = now_ns + s->group->restart_ns;
	if (s->state == SUBSCRIBER_PADI_SENT) {
		s->due_ns = now_ns + (s->group->restart_ns << doublings); /* RFC 2516 section 8 */
		subscriber_say_padi(s);
	} else if (s->state == SUBSCRIBER_PADR_SENT) {
		s->due_ns = now_ns + (s->group->restart_ns << doublings);
		subscriber_say_padr(s);
	} else if (s->lcp.auth == PPP_PAP) {
		subscriber_say_pap(s);
	} else if (s->responded) {
		subscriber_say_chap(s);
	}
}

static void
tick_request(struct subscriber *s, uint64_t now_ns)
{
	if (now_ns < s->due_ns)
		return;
	if (s->state == SUBSCRIBER_ENDING && s->tries >= MAX_TERMINATE)
		end(s);
	else if (s->state == SUBSCRIBER_ENDING)
		say_terminate(s, now_ns);
	else if (s->tries >= s->group->max_tries)
		give_up(s, silence(s));
	else
		say_again(s, now_ns);
}

/* Until both ends agree the request is repeated, also when it was acknowledged (RFC 1661 section 4.1, TO+ in Ack-Rcvd). */
static void
tick_negotiation(struct subscriber *s, struct negotiation *n, uint64_t now_ns)
{
	if (negotiation_is_open(n) || now_ns < n->due_ns)
		return;
	if (n->tries < s->group->max_tries) {
		s->group->counts.resent++;
		n->mine = false;
		subscriber_say_request(s, n, now_ns);
	} else if (n == &s->ipv6cp) {
		negotiation_end(n);
	} else {
		give_up(s, silence(s));
	}
}

static void
tick_echo(struct subscriber *s, uint64_t now_ns)
{
	if (now_ns < s->echo_due_ns)
		return;
	if (s->echoes >= s->group->max_echoes) {
		give_up(s, silence(s));
		return;
	}
	s->echoes++;
	s->echo_due_ns = now_ns + s->group->echo_ns;
	subscriber_say_echo(s, PPP_ECHO_REQUEST, ++s->echo_identifier, NULL, 0);
}

void
subscriber_tick(struct subscriber *s, uint64_t now_ns)
{
	tick_request(s, now_ns);
	if (s->state == SUBSCRIBER_LINK)
		tick_negotiation(s, &s->lcp, now_ns);
	if (s->state == SUBSCRIBER_NETWORK)
		tick_negotiation(s, &s->ipcp, now_ns);
	if (s->state == SUBSCRIBER_NETWORK || s->state == SUBSCRIBER_UP)
		tick_negotiation(s, &s->ipv6cp, now_ns);
	if (s->state == SUBSCRIBER_UP)
		tick_echo(s, now_ns);
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
negotiation_due(const struct negotiation *n)
{
	return negotiation_is_open(n) ? NEGOTIATION_NEVER : n->due_ns;
}

uint64_t
subscriber_due(const struct subscriber *s)
{
	uint64_t due = s->due_ns;

	if (s->state == SUBSCRIBER_IDLE)
		return NEGOTIATION_NEVER;
	if (s->state == SUBSCRIBER_LINK)
		due = sooner(due, negotiation_due(&s->lcp));
	if (s->state == SUBSCRIBER_NETWORK)
		due = sooner(due, negotiation_due(&s->ipcp));
	if (s->state == SUBSCRIBER_NETWORK || s->state == SUBSCRIBER_UP)
		due = sooner(due, negotiation_due(&s->ipv6cp));
	return s->state == SUBSCRIBER_UP ? sooner(due, s->echo_due_ns) : due;
}

/* ---- data ---------------------------------------------------------------------------------------------- */

size_t
subscriber_front(const struct subscriber *s)
{
	return access_line_head(&s->line) + PPPOE_HEAD + PROTOCOL;
}

size_t
subscriber_wrap(const struct subscriber *s, uint8_t *frame, size_t size)
{
	uint8_t *at =
		frame + access_line_put_head(&s->line, frame, s->ac_mac, PPPOE_ETHERTYPE_SESSION);

	pppoe_put_session_head(at, s->session_id, (uint16_t)(PROTOCOL + size));
	at += PPPOE_HEAD;
	nf_put16(at, at[PROTOCOL] >> 4 == 6 ? PPP_IPV6 : PPP_IPV4);
	return (size_t)(at + PROTOCOL - frame) + size;
}

const uint8_t *
subscriber_unwrap(const struct subscriber *s, const uint8_t *frame, size_t size, size_t *ret_size)
{
	uint16_t payload_size;
	const uint8_t *payload = session_packet(s, frame, size, &payload_size);

	if (payload == NULL || s->state != SUBSCRIBER_UP || !is_data(nf_get16(payload)))
		return NULL;
	*ret_size = payload_size - PROTOCOL;
	return payload + PROTOCOL;
}

bool
subscriber_has_ipv6(const struct subscriber *s)
{
	return s->state == SUBSCRIBER_UP && negotiation_is_open(&s->ipv6cp);
}

const char *
subscriber_state_name(enum subscriber_state state)
{
	static const char *const names[] = {"idle", "padi-sent", "padr-sent", "link",
					    "auth", "network",   "up",        "ending"};

	return names[state];
}
