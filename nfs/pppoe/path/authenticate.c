/* SPDX-License-Identifier: Apache-2.0 */
/* See authenticate.h. */
#include "authenticate.h"

#include <string.h>

#include <rte_random.h>

#include "accounting.h"
#include "auth.h"
#include "cookie.h"
#include "counters.h"
#include "ending.h"
#include "events.h"
#include "network.h"

#define NO_VLAN 0xffffu /* no line has it, so no challenge is some client's cookie */
#define MESSAGE_MAX 256u

static bool
is_chap(const struct pppoe_session *session)
{
	return rte_be_to_cpu_16(session->terms.protocol) == PPP_CHAP;
}

static void
wait_a_period(struct pppoe_link *link)
{
	link->session->auth_timer = pppoe_link_now(link) + link->w->pppoe->config.lcp.restart_ns;
}

/* ---- our challenge ------------------------------------------------------------------------------------------ */

/* Nobody can guess it (RFC 1994 section 2.3): a digest with the newest secret, over what does not come twice. */
static bool
make_challenge(struct pppoe_link *link, uint8_t ret[CHAP_CHALLENGE_SIZE])
{
	const struct pppoe_secret *of = link->w->secrets.of;
	const struct pppoe_secret *newest = of[1].generation > of[0].generation ? &of[1] : &of[0];
	uint64_t random = rte_rand() ^ link->session->accounting_id;
	struct pppoe_cookie_line line = {.outer = NO_VLAN, .inner = link->session->session_id};
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	memcpy(line.mac, &random, sizeof(line.mac));
	if (newest->generation == 0 ||
	    !pppoe_cookie_make(newest->key, (uint32_t)(pppoe_link_now(link) >> 10), &line, cookie))
		return false;
	memcpy(ret, cookie + PPPOE_COOKIE_SIZE - CHAP_CHALLENGE_SIZE, CHAP_CHALLENGE_SIZE);
	return true;
}

static void
send_challenge(struct pppoe_link *link)
{
	const struct pppoe_auth *auth = &link->session->auth;
	uint8_t data[MESSAGE_MAX];
	uint16_t size = chap_put_value(data, sizeof(data), auth->challenge, sizeof(auth->challenge),
				       link->w->pppoe->config.ac_name);

	pppoe_link_send(link, PPP_CHAP, CHAP_CHALLENGE, auth->identifier, data, size);
}

/* Without one the next period begins with a try. */
static void
challenge_anew(struct pppoe_link *link)
{
	struct pppoe_auth *auth = &link->session->auth;

	auth->identifier++;
	if (make_challenge(link, auth->challenge))
		send_challenge(link);
	else
		memset(auth->challenge, 0, sizeof(auth->challenge));
}

static bool
has_challenge(const struct pppoe_auth *auth)
{
	static const uint8_t none[CHAP_CHALLENGE_SIZE];

	return memcmp(auth->challenge, none, sizeof(none)) != 0;
}

void
pppoe_authenticate_start(struct pppoe_link *link)
{
	struct pppoe_session *session = link->session;

	session->auth.tries = 0;
	if (session->terms.protocol == 0) {
		session->auth.state = PPPOE_AUTH_GOOD;
		pppoe_network_up(link);
		return;
	}
	session->auth.state = PPPOE_AUTH_WAITING;
	wait_a_period(link);
	if (is_chap(session))
		challenge_anew(link);
}

/* ---- our answer ------------------------------------------------------------------------------------------------ */

static void
say(struct pppoe_link *link, bool is_good, const char *message)
{
	const struct pppoe_auth *auth = &link->session->auth;
	uint8_t data[MESSAGE_MAX];

	if (is_chap(link->session))
		pppoe_link_send(link, PPP_CHAP, is_good ? CHAP_SUCCESS : CHAP_FAILURE,
				auth->identifier, (const uint8_t *)message,
				(uint16_t)strlen(message));
	else
		pppoe_link_send(link, PPP_PAP, is_good ? PAP_ACK : PAP_NAK, auth->answers, data,
				pap_put_answer(data, sizeof(data), message));
}

static void
say_no(struct pppoe_link *link, enum pppoe_end why)
{
	link->session->auth.state = PPPOE_AUTH_BAD;
	link->session->auth_timer = 0;
	say(link, false, "");
	pppoe_ending_begin(link, why);
}

static void
wrong_password(struct pppoe_link *link)
{
	struct pppoe_session *session = link->session;
	const struct pppoe_line_key line = {session->mac, session->outer, session->inner};
	uint64_t until = pppoe_line_failed(link->w->lines, &line, pppoe_link_now(link));

	nf_count(link->w->nf, PPPOE_auth_bad, 1);
	pppoe_tell_event(link->w, PPPOE_EVENT_LOGIN_FAILED, session);
	if ((int64_t)(until - pppoe_link_now(link)) <= 0) {
		say_no(link, PPPOE_END_AUTH);
		return;
	}
	session->auth.state = PPPOE_AUTH_DELAYED;
	session->auth_timer = until;
}

static void
right_password(struct pppoe_link *link, const struct pppoe_answer *answer)
{
	struct pppoe_session *session = link->session;
	const struct pppoe_line_key line = {session->mac, session->outer, session->inner};
	char message[sizeof(answer->message) + 1] = "";

	nf_count(link->w->nf, PPPOE_auth_good, 1);
	pppoe_line_succeeded(link->w->lines, &line);
	session->auth.state = PPPOE_AUTH_GOOD;
	session->auth.tries = 0;
	session->auth.interim = rte_cpu_to_be_32(answer->interim_s);
	session->auth_timer = 0;
	session->assigned = answer->ipv4;
	session->session_timeout = answer->session_timeout;
	session->idle_timeout = answer->idle_timeout;
	memcpy(session->class_, answer->class_, sizeof(session->class_));
	memcpy(message, answer->message, sizeof(answer->message));
	say(link, true, message);
	pppoe_network_up(link);
}

void
pppoe_authenticate_decided(struct pppoe_link *link, const struct pppoe_answer *answer)
{
	link->session->asked = false;
	switch (answer->verdict) {
	case PPPOE_GOOD:
		right_password(link, answer);
		break;
	case PPPOE_BAD:
		wrong_password(link);
		break;
	default: /* not the client's fault */
		nf_count(link->w->nf, PPPOE_auth_silent, 1);
		say_no(link, PPPOE_END_NAS_ERROR);
	}
}

/* ---- the client's word ------------------------------------------------------------------------------------------- */

/* What a client says to come in. */
struct login {
	uint8_t identifier;
	struct ppp_text user;
	struct ppp_text secret;
};

static bool
fits(const struct login *login)
{
	return login->user.size < PPPOE_USER_SIZE && login->secret.size <= PPPOE_PASSWORD_SIZE &&
	       (login->user.size == 0 || memchr(login->user.data, 0, login->user.size) == NULL);
}

/* In one session accounting has one user. */
static bool
is_another_user(const struct pppoe_session *session, const struct login *login)
{
	return session->flags & PPPOE_ACCOUNTED &&
	       (strlen(session->user) != login->user.size ||
		memcmp(session->user, login->user.data, login->user.size) != 0);
}

static void
put_question(struct pppoe_link *link, struct pppoe_ask *ask, const struct login *login)
{
	struct pppoe_session *session = link->session;

	memset(session->user, 0, sizeof(session->user));
	memcpy(session->user, login->user.data, login->user.size);
	memcpy(ask->user, session->user, sizeof(ask->user));
	memcpy(ask->secret, login->secret.data, login->secret.size);
	ask->secret_size = (uint8_t)login->secret.size;
	ask->identifier = login->identifier;
	pppoe_ask_commit(link->w->asks);
	session->auth.state = PPPOE_AUTH_ASKING;
	session->auth.identifier = login->identifier;
	session->auth.answers = login->identifier;
	session->asked = true;
	wait_a_period(link);
}

/* Asks, unless the line has to wait after wrong passwords, or there is no room: then the client's next try counts. */
static void
try_login(struct pppoe_worker *w, uint32_t slot, const struct login *login)
{
	const struct pppoe_session *session = pppoe_session_at(&w->pppoe->sessions, slot);
	const struct pppoe_line_key line = {session->mac, session->outer, session->inner};
	enum pppoe_ask_kind kind = is_chap(session) ? PPPOE_ASK_CHAP : PPPOE_ASK_PAP;
	struct pppoe_link link;
	struct pppoe_ask *ask;

	if (pppoe_line_blocked(w->lines, &line, w->nf->now_ns) != 0)
		return;
	pppoe_link_look(&link, w, slot);
	ask = pppoe_accounting_ask(&link, kind);
	if (ask == NULL)
		return;
	pppoe_session_begin(w->sessions, slot);
	if (is_another_user(session, login)) {
		link.session->auth.answers = login->identifier;
		wrong_password(&link);
	} else {
		put_question(&link, ask, login);
	}
	if (link.is_finished)
		pppoe_ending_finish(&link, false);
	else
		pppoe_link_end(&link);
}

/* Is nobody deciding about what it said before? */
static bool
may_try(const struct pppoe_session *session)
{
	return session->auth.state == PPPOE_AUTH_WAITING ||
	       (session->auth.state == PPPOE_AUTH_ASKING && !session->asked);
}

/* The answer goes to the newest request (RFC 1334 section 2.2.1). */
static void
repeat_request(struct pppoe_worker *w, uint32_t slot, uint8_t identifier)
{
	struct pppoe_link link;

	pppoe_link_begin(&link, w, slot);
	link.session->auth.answers = identifier;
	if (link.session->auth.state == PPPOE_AUTH_GOOD)
		say(&link, true, "");
	pppoe_link_end(&link);
}

static unsigned int
take_pap(struct pppoe_worker *w, uint32_t slot, const struct ppp_control *c)
{
	const struct pppoe_session *session = pppoe_session_at(&w->pppoe->sessions, slot);
	struct pap_request request;
	struct login login;

	if (c->code != PAP_REQUEST || !pap_parse_request(c, &request))
		return PPPOE_drop_control;
	login = (struct login){c->identifier, request.user, request.password};
	if (!fits(&login))
		return PPPOE_drop_control;
	if (may_try(session))
		try_login(w, slot, &login);
	else
		repeat_request(w, slot, c->identifier);
	return PPPOE_control_received;
}

/* The same response gets the same answer, in the network phase too (RFC 1994 section 4.1). */
static void
repeat_success(struct pppoe_worker *w, uint32_t slot)
{
	struct pppoe_link link;

	pppoe_link_look(&link, w, slot);
	say(&link, true, "");
}

static unsigned int
take_chap(struct pppoe_worker *w, uint32_t slot, const struct ppp_control *c)
{
	const struct pppoe_session *session = pppoe_session_at(&w->pppoe->sessions, slot);
	struct chap_value response;
	struct login login;

	if (c->code != CHAP_RESPONSE || !chap_parse_value(c, &response) ||
	    response.value.size != CHAP_MD5_SIZE)
		return PPPOE_drop_control;
	login = (struct login){c->identifier, response.name, response.value};
	if (!fits(&login))
		return PPPOE_drop_control;
	if (c->identifier != session->auth.identifier || !has_challenge(&session->auth))
		return PPPOE_drop_identifier;
	if (may_try(session))
		try_login(w, slot, &login);
	else if (session->auth.state == PPPOE_AUTH_GOOD)
		repeat_success(w, slot);
	return PPPOE_control_received;
}

unsigned int
pppoe_authenticate_take(struct pppoe_worker *w, uint32_t slot, const struct ppp_control *c)
{
	return is_chap(pppoe_session_at(&w->pppoe->sessions, slot)) ? take_chap(w, slot, c)
								    : take_pap(w, slot, c);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

/* Who says nothing is given up after as many periods as LCP's requests. */
static void
wait_again(struct pppoe_link *link)
{
	struct pppoe_session *session = link->session;

	if (++session->auth.tries >= link->settings.max_configure) {
		pppoe_ending_begin(link, PPPOE_END_AUTH);
		return;
	}
	wait_a_period(link);
	if (!is_chap(session))
		return;
	if (has_challenge(&session->auth))
		send_challenge(link);
	else
		challenge_anew(link);
}

/* The question was another instance's: the password is not in the row. */
static void
ask_anew(struct pppoe_link *link)
{
	link->session->auth.state = PPPOE_AUTH_WAITING;
	wait_a_period(link);
	if (is_chap(link->session))
		challenge_anew(link);
}

void
pppoe_authenticate_timeout(struct pppoe_link *link)
{
	switch (link->session->auth.state) {
	case PPPOE_AUTH_WAITING:
		wait_again(link);
		break;
	case PPPOE_AUTH_ASKING:
		if (link->session->asked)
			wait_a_period(link);
		else
			ask_anew(link);
		break;
	case PPPOE_AUTH_DELAYED:
		say_no(link, PPPOE_END_AUTH);
		break;
	default:
		link->session->auth_timer = 0;
	}
}
