/* SPDX-License-Identifier: Apache-2.0 */
/* The discovery stage; see discovery.h. Worker's thread. */
#include "discovery.h"

#include <string.h>

#include "control.h"
#include "cookie.h"
#include "counters.h"
#include "discovery_packet.h"
#include "octets.h"
#include "ppp.h"
#include "send.h"

#define ANSWER_MAX 1500u /* octets of a discovery packet: what any Ethernet takes */
#define TAG_HEAD 4u

_Static_assert(PPPOE_LINE_SIZE == PPPOE_LINE_ID_SIZE, "an id that may be sent fits in");

/* Answers but a PADO, which leaves services away that have no room, always have the room that they need. */
_Static_assert(PPPOE_HEAD + 2 * (TAG_HEAD + PPPOE_COPIED_MAX) + 2 * (TAG_HEAD + PPPOE_NAME_SIZE) +
			       (TAG_HEAD + 2) + (TAG_HEAD + PPPOE_COOKIE_SIZE) <=
		       ANSWER_MAX,
	       "what is copied, names, PPP-Max-Payload and cookie");

/* A packet, and whose it is. */
struct asked {
	struct pppoe_worker *w;
	const struct pppoe_line_key *line;
	struct pppoe_packet packet;
	bool is_broadcast;
};

/* ---- what is asked for --------------------------------------------------------------------------------------- */

static bool
is_name(const struct pppoe_text *text, const char *name)
{
	return text->size == strlen(name) && memcmp(text->data, name, text->size) == 0;
}

/* An empty name is any service (RFC 2516 appendix A). Who offers none by name takes any, if it is one that could be configured. */
static bool
is_offered(const struct pppoe_config *config, const struct pppoe_text *service)
{
	if (service->size == 0)
		return true;
	if (config->n_services == 0)
		return service->size < PPPOE_NAME_SIZE;
	for (uint32_t i = 0; i < config->n_services; i++)
		if (is_name(service, config->services[i]))
			return true;
	return false;
}

/* The client's PPP-Max-Payload, as far as we can go along; 0: none (RFC 4638 section 4: a value is more than 1492). */
static uint16_t
max_payload(const struct asked *a)
{
	uint16_t mtu = a->w->pppoe->config.lcp.mtu;
	uint16_t payload = a->packet.max_payload < mtu ? a->packet.max_payload : mtu;

	return payload > PPP_MRU_DEFAULT ? payload : 0;
}

/* A PADI or PADR as RFC 2516 sections 5.1 and 5.3 have it, whose texts can be copied into the answer. */
static bool
is_request(const struct asked *a)
{
	return a->packet.session_id == 0 && a->packet.has_service &&
	       a->packet.host_uniq.size <= PPPOE_COPIED_MAX &&
	       a->packet.relay_session_id.size <= PPPOE_COPIED_MAX;
}

static struct pppoe_cookie_line
cookie_line(const struct pppoe_line_key *line)
{
	struct pppoe_cookie_line of = {.outer = line->outer, .inner = line->inner};

	memcpy(of.mac, &line->mac, sizeof(of.mac));
	return of;
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

static void
put_text(struct pppoe_writer *answer, uint16_t type, const struct pppoe_text *text)
{
	pppoe_put_tag(answer, type, text->data, text->size);
}

static void
put_max_payload(struct pppoe_writer *answer, const struct asked *a)
{
	uint8_t payload[2];

	if (max_payload(a) == 0)
		return;
	nf_put16(payload, max_payload(a));
	pppoe_put_tag(answer, PPPOE_TAG_MAX_PAYLOAD, payload, sizeof(payload));
}

static void
send_answer(struct pppoe_writer *answer, const struct asked *a, unsigned int counter)
{
	uint16_t size = pppoe_end(answer);

	pppoe_send_discovery(a->w, a->line, answer->packet, size);
	nf_count(a->w->nf, counter, 1);
}

/* All services but the one that was asked for, which has its tag already; those that have no room stay away. */
static void
put_other_services(struct pppoe_writer *answer, const struct asked *a)
{
	const struct pppoe_config *config = &a->w->pppoe->config;

	for (uint32_t i = 0; i < config->n_services; i++) {
		size_t size = strlen(config->services[i]);

		if (is_name(&a->packet.service, config->services[i]) ||
		    TAG_HEAD + size > (size_t)answer->room - answer->size)
			continue;
		pppoe_put_tag(answer, PPPOE_TAG_SERVICE_NAME, config->services[i], (uint16_t)size);
	}
}

static void
send_pado(const struct asked *a, const uint8_t cookie[PPPOE_COOKIE_SIZE])
{
	const char *name = a->w->pppoe->config.ac_name;
	uint8_t bytes[ANSWER_MAX];
	struct pppoe_writer pado;

	pppoe_begin(&pado, bytes, sizeof(bytes), PPPOE_PADO, 0);
	pppoe_put_tag(&pado, PPPOE_TAG_AC_NAME, name, (uint16_t)strlen(name));
	put_text(&pado, PPPOE_TAG_SERVICE_NAME, &a->packet.service);
	pppoe_put_tag(&pado, PPPOE_TAG_AC_COOKIE, cookie, PPPOE_COOKIE_SIZE);
	pppoe_copy_tags(&pado, &a->packet);
	put_max_payload(&pado, a);
	put_other_services(&pado, a);
	send_answer(&pado, a, PPPOE_pado_sent);
}

static void
send_pads(const struct asked *a, uint16_t session_id)
{
	uint8_t bytes[ANSWER_MAX];
	struct pppoe_writer pads;

	pppoe_begin(&pads, bytes, sizeof(bytes), PPPOE_PADS, session_id);
	put_text(&pads, PPPOE_TAG_SERVICE_NAME, &a->packet.service);
	pppoe_copy_tags(&pads, &a->packet);
	put_max_payload(&pads, a);
	send_answer(&pads, a, PPPOE_pads_sent);
}

static void
send_refusal(const struct asked *a, uint16_t type, const char *why)
{
	uint8_t bytes[ANSWER_MAX];
	struct pppoe_writer pads;

	pppoe_begin(&pads, bytes, sizeof(bytes), PPPOE_PADS, 0);
	pppoe_put_tag(&pads, type, why, (uint16_t)strlen(why));
	pppoe_copy_tags(&pads, &a->packet);
	send_answer(&pads, a, PPPOE_pads_error_sent);
}

/* ---- PADI -------------------------------------------------------------------------------------------------------- */

/* For this concentrator: it names none, or this one. */
static bool
is_for_us(const struct asked *a)
{
	const struct pppoe_config *config = &a->w->pppoe->config;
	const struct pppoe_text *name = &a->packet.ac_name;

	return (name->size == 0 || is_name(name, config->ac_name)) &&
	       is_offered(config, &a->packet.service);
}

/* The flood is looked at last, so what is for others takes no tokens; the cookie, which costs most, behind it. */
static unsigned int
take_padi(const struct asked *a)
{
	struct pppoe_worker *w = a->w;
	struct pppoe_cookie_line line = cookie_line(a->line);
	uint8_t cookie[PPPOE_COOKIE_SIZE];

	if (!a->is_broadcast || !is_request(a))
		return PPPOE_drop_discovery;
	if (!is_for_us(a))
		return PPPOE_drop_padi_service;
	if (!pppoe_flood_may(&w->flood, &a->line->mac, w->nf->now_ns))
		return PPPOE_drop_padi_flood;
	if (!pppoe_secrets_cookie(&w->secrets, w->nf->now_ns, &line, cookie))
		return PPPOE_drop_not_ready;
	send_pado(a, cookie);
	return PPPOE_padi_received;
}

/* ---- PADR -------------------------------------------------------------------------------------------------------- */

/* Has this session's client not said anything in it yet? */
static bool
is_silent(const struct pppoe_session *session)
{
	return session->heard == session->created && session->end == PPPOE_END_NONE;
}

/* The session of a PADR whose PADS was lost; NF_NO_SLOT: there is none. */
static uint32_t
repeated(const struct asked *a)
{
	uint32_t slot = NF_NO_SLOT;

	do
		slot = pppoe_session_of_line(a->w->sessions, a->line, slot);
	while (slot != NF_NO_SLOT && !is_silent(pppoe_session_at(&a->w->pppoe->sessions, slot)));
	return slot;
}

/* Whoever shows or logs a line id need not ask what is in it. */
static void
take_line_id(char id[PPPOE_LINE_SIZE], const struct pppoe_text *text)
{
	uint16_t size = text->size < PPPOE_LINE_SIZE ? text->size : PPPOE_LINE_SIZE - 1;

	for (uint16_t i = 0; i < size; i++)
		id[i] = text->data[i] >= ' ' && text->data[i] <= '~' ? (char)text->data[i] : '.';
	memset(id + size, 0, PPPOE_LINE_SIZE - size);
}

static void
begin_session(const struct asked *a, uint32_t slot)
{
	struct pppoe_sessions *sessions = a->w->sessions;
	struct pppoe_session *session = pppoe_session_begin(sessions, slot);

	session->terms.max_payload = rte_cpu_to_be_16(max_payload(a));
	take_line_id(session->circuit_id, &a->packet.circuit_id);
	take_line_id(session->remote_id, &a->packet.remote_id);
	pppoe_session_end(sessions, slot);
	send_pads(a, session->session_id);
	pppoe_control_begin(a->w, slot);
}

static unsigned int
refuse(const struct asked *a, const char *why, unsigned int counter)
{
	send_refusal(a, PPPOE_TAG_AC_SYSTEM_ERROR, why);
	return counter;
}

/* A log-in is counted only where a session may be: who waits for its old session to end is let in then. */
static unsigned int
new_session(const struct asked *a)
{
	struct pppoe_worker *w = a->w;
	uint64_t now_ns = w->nf->now_ns;
	uint32_t slot;

	if (!pppoe_session_may_create(w->sessions, a->line))
		return refuse(a, "too many sessions", PPPOE_drop_padr_limit);
	if (!pppoe_line_may_login(w->lines, a->line, now_ns))
		return refuse(a, "too many log-ins", PPPOE_drop_padr_rate);
	switch (pppoe_session_create(w->sessions, a->line, now_ns, &slot)) {
	case PPPOE_CREATED:
		begin_session(a, slot);
		return PPPOE_padr_received;
	case PPPOE_CREATE_LIMIT: /* another worker's client had the VLAN's last one */
		return refuse(a, "too many sessions", PPPOE_drop_padr_limit);
	case PPPOE_CREATE_FULL:
		break;
	}
	return refuse(a, "no session is free", PPPOE_drop_padr_full);
}

static unsigned int
take_padr(const struct asked *a)
{
	struct pppoe_worker *w = a->w;
	const struct pppoe_text *cookie = &a->packet.cookie;
	struct pppoe_cookie_line line = cookie_line(a->line);
	uint32_t slot;

	if (a->is_broadcast || !is_request(a))
		return PPPOE_drop_discovery;
	switch (pppoe_secrets_judge(&w->secrets, w->nf->now_ns, w->pppoe->config.limits.cookie_s,
				    &line, cookie->data, cookie->size)) {
	case PPPOE_COOKIE_GOOD:
		break;
	case PPPOE_COOKIE_FORGED:
		return PPPOE_drop_cookie_forged;
	case PPPOE_COOKIE_OLD:
		return PPPOE_drop_cookie_old;
	}
	if (!is_offered(&w->pppoe->config, &a->packet.service)) {
		send_refusal(a, PPPOE_TAG_SERVICE_NAME_ERROR, "no such service");
		return PPPOE_drop_padr_service;
	}
	slot = repeated(a);
	if (slot == NF_NO_SLOT)
		return new_session(a);
	send_pads(a, pppoe_session_at(&w->pppoe->sessions, slot)->session_id);
	return PPPOE_padr_received;
}

/* ---- PADT -------------------------------------------------------------------------------------------------------- */

/* Whose slot it is must be asked first: what stands in another worker's may change under our eyes. */
static bool
is_session_of(const struct asked *a, uint32_t slot)
{
	const struct pppoe_session_table *sessions = &a->w->pppoe->sessions;
	const struct pppoe_session *session = pppoe_session_at(sessions, slot);

	return pppoe_session_worker(sessions, slot) == a->w->nf->index &&
	       pppoe_line_is(a->line, &session->mac, session->outer, session->inner);
}

static unsigned int
take_padt(const struct asked *a)
{
	const struct pppoe_session_table *sessions = &a->w->pppoe->sessions;
	uint32_t slot = pppoe_session_by_id(sessions, a->packet.session_id);

	if (a->is_broadcast)
		return PPPOE_drop_discovery;
	if (slot == NF_NO_SLOT)
		return PPPOE_drop_no_session;
	if (!is_session_of(a, slot))
		return PPPOE_drop_padt;
	if (pppoe_session_at(sessions, slot)->flags & PPPOE_OVER)
		return PPPOE_drop_no_session;
	pppoe_control_gone(a->w, slot);
	return PPPOE_padt_received;
}

/* ---- all ---------------------------------------------------------------------------------------------------------- */

static const unsigned int parse_drops[] = {
	[PPPOE_PARSED_SHORT] = PPPOE_drop_runt,
	[PPPOE_PARSED_VERSION] = PPPOE_drop_version,
	[PPPOE_PARSED_TAG] = PPPOE_drop_tag,
};

unsigned int
pppoe_discovery_take(struct pppoe_worker *w, const struct pppoe_line_key *line,
		     const uint8_t *packet, uint32_t size, bool is_broadcast)
{
	struct asked asked = {.w = w, .line = line, .is_broadcast = is_broadcast};
	enum pppoe_parsed parsed = pppoe_parse_discovery(packet, size, &asked.packet);

	if (parsed != PPPOE_PARSED_OK)
		return parse_drops[parsed];
	if (!slim_owns(w->nf->agent, pppoe_mac_bucket(&line->mac)))
		return PPPOE_drop_not_ready;
	switch (asked.packet.code) {
	case PPPOE_PADI:
		return take_padi(&asked);
	case PPPOE_PADR:
		return take_padr(&asked);
	case PPPOE_PADT:
		return take_padt(&asked);
	default:
		return PPPOE_drop_discovery;
	}
}
