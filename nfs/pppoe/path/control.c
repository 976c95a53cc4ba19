/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control plane of a session; see control.h. Here is what leads from one phase to the next (RFC 1661 section 3): LCP,
 * then authenticate.h, then network.h, with keepalive.h and accounting.h beside, and ending.h. A packet is judged before its
 * row is opened: what is dropped changes nothing. Worker's thread.
 */
#include "control.h"

#include <string.h>

#include <rte_random.h>

#include "accounting.h"
#include "authenticate.h"
#include "counters.h"
#include "ending.h"
#include "keepalive.h"
#include "link.h"
#include "network.h"

/* ---- LCP --------------------------------------------------------------------------------------------------- */

static enum pppoe_end
cause_of_refusal(const struct pppoe_link *link, uint16_t happened)
{
	if (happened & PPP_LOOP)
		return PPPOE_END_LOST_CARRIER;
	return link->session->terms.protocol != 0 ? PPPOE_END_AUTH : PPPOE_END_NAS_ERROR;
}

/* LCP came to its end by itself: the peer said so, or says nothing. */
static void
set_cause(struct pppoe_session *session, enum pppoe_end why)
{
	if (session->end == PPPOE_END_NONE)
		session->end = (uint8_t)why;
}

static void
lcp_happened(struct pppoe_link *link, uint16_t happened)
{
	struct pppoe_session *session = link->session;

	if (happened & PPP_LOOP)
		nf_count(link->w->nf, PPPOE_loops, 1);
	if (happened & PPP_TLD)
		pppoe_link_layers_down(link);
	if (happened & PPP_TLD && session->lcp.state == PPP_STOPPING)
		set_cause(session, PPPOE_END_USER_REQUEST);
	if (happened & PPP_TLU) {
		pppoe_keepalive_start(link);
		pppoe_authenticate_start(link);
	}
	if (happened & PPP_REFUSED)
		pppoe_ending_begin(link, cause_of_refusal(link, happened));
	if (happened & PPP_TLF) {
		set_cause(session, PPPOE_END_LOST_CARRIER);
		link->is_finished = true;
	}
}

static void
finish_or_end(struct pppoe_link *link)
{
	if (link->is_finished)
		pppoe_ending_finish(link, false);
	else
		pppoe_link_end(link);
}

/* The client can hear us: LCP's lower layer is up. */
static void
bring_up(struct pppoe_link *link)
{
	struct ppp_run run = pppoe_link_run(link, PPP_LCP);

	ppp_machine_event(&run, PPP_UP);
}

void
pppoe_control_begin(struct pppoe_worker *w, uint32_t slot)
{
	uint64_t delay_ns = w->pppoe->config.lcp.connect_delay_ns;
	struct pppoe_link link;
	struct ppp_run run;

	pppoe_link_begin(&link, w, slot);
	link.session->accounting_id = rte_rand();
	lcp_begin(&link.lcp);
	run = pppoe_link_run(&link, PPP_LCP);
	ppp_machine_event(&run, PPP_OPEN);
	if (delay_ns == 0)
		bring_up(&link);
	else
		link.session->lcp_timer = pppoe_link_now(&link) + delay_ns;
	pppoe_link_end(&link);
}

/* ---- packets ------------------------------------------------------------------------------------------------- */

static unsigned int
counter_of(enum ppp_check check)
{
	static const unsigned int counters[] = {
		[PPP_FINE] = PPPOE_control_received,
		[PPP_WRONG] = PPPOE_drop_control,
		[PPP_WRONG_IDENTIFIER] = PPPOE_drop_identifier,
		[PPP_WRONG_STATE] = PPPOE_drop_not_open,
	};

	return counters[check];
}

/* The client does not know a protocol of ours (RFC 1661 section 5.7): without authentication it does not come in. */
static void
protocol_rejected(struct pppoe_link *link, uint16_t protocol)
{
	if (protocol == PPP_IPCP || protocol == PPP_IPV6CP) {
		struct ppp_run run = pppoe_link_run(link, protocol);

		pppoe_network_happened(link, protocol, ppp_machine_event(&run, PPP_RXJ_MINUS));
	}
	if (protocol != 0 && protocol == rte_be_to_cpu_16(link->session->terms.protocol))
		pppoe_ending_begin(link, PPPOE_END_AUTH);
}

/* Before LCP's lower layer is up: a request that is one. */
static bool
is_first_word(const struct pppoe_link *link, uint16_t protocol, const struct ppp_control *c)
{
	return protocol == PPP_LCP && link->session->lcp.state == PPP_STARTING &&
	       c->code == PPP_CONFIGURE_REQUEST && ppp_options_are_whole(c->data, c->size);
}

static void
run_machine(struct pppoe_link *link, uint16_t protocol, const struct ppp_control *c)
{
	struct ppp_run run = pppoe_link_run(link, protocol);
	uint16_t happened = ppp_machine_take(&run, c);

	if (protocol != PPP_LCP) {
		pppoe_network_happened(link, protocol, happened);
		return;
	}
	lcp_happened(link, happened);
	if (c->code == PPP_PROTOCOL_REJECT && link->session->lcp.state == PPP_OPENED)
		protocol_rejected(link, nf_get16(c->data));
}

static unsigned int
take_machine(struct pppoe_worker *w, uint32_t slot, uint16_t protocol, const struct ppp_control *c)
{
	struct pppoe_link link;
	struct ppp_run run;
	enum ppp_check check;
	bool is_first;

	pppoe_link_look(&link, w, slot);
	run = pppoe_link_run(&link, protocol);
	is_first = is_first_word(&link, protocol, c);
	check = is_first ? PPP_FINE : ppp_machine_check(&run, c);
	if (check != PPP_FINE)
		return counter_of(check);
	link.session->heard = w->nf->now_ns;
	pppoe_session_begin(w->sessions, slot);
	if (is_first)
		bring_up(&link);
	run_machine(&link, protocol, c);
	finish_or_end(&link);
	return PPPOE_control_received;
}

static unsigned int
take_auth(struct pppoe_worker *w, uint32_t slot, const struct ppp_control *c)
{
	struct pppoe_session *session = slim_slot(w->sessions->share.table, slot);
	uint64_t heard = session->heard;
	unsigned int counter;

	session->heard = w->nf->now_ns;
	counter = pppoe_authenticate_take(w, slot, c);
	if (counter != PPPOE_control_received)
		session->heard = heard;
	return counter;
}

/* Told in Opened alone (section 5.7). */
static unsigned int
take_unknown(struct pppoe_worker *w, uint32_t slot, uint16_t protocol, const uint8_t *packet,
	     uint16_t size)
{
	uint8_t rejected[PPP_CONTROL_MAX];
	uint16_t room = sizeof(rejected) - sizeof(protocol);
	struct pppoe_link link;
	struct ppp_run run;

	if (size > room)
		size = room;
	nf_put16(rejected, protocol);
	memcpy(rejected + sizeof(protocol), packet, size);
	pppoe_link_begin(&link, w, slot);
	run = pppoe_link_run(&link, PPP_LCP);
	ppp_machine_tell(&run, PPP_PROTOCOL_REJECT, rejected, sizeof(protocol) + (uint32_t)size);
	pppoe_link_end(&link);
	nf_count(w->nf, PPPOE_protocol_reject_sent, 1);
	return PPPOE_drop_protocol;
}

static bool
is_known(const struct pppoe_session *session, uint16_t protocol)
{
	bool is_in = session->auth.state == PPPOE_AUTH_GOOD;

	switch (protocol) {
	case PPP_LCP:
		return true;
	case PPP_IPCP:
	case PPP_IPV6CP: /* before it is in it may not know what it will have */
		return !is_in || pppoe_network_has(session, protocol);
	}
	return protocol == rte_be_to_cpu_16(session->terms.protocol);
}

static unsigned int
take_known(struct pppoe_worker *w, uint32_t slot, uint16_t protocol, const struct ppp_control *c)
{
	const struct pppoe_session *session = pppoe_session_at(&w->pppoe->sessions, slot);

	if (protocol == PPP_PAP || protocol == PPP_CHAP)
		return take_auth(w, slot, c);
	/* Section 3.5: no network protocol before it is in. */
	if (protocol != PPP_LCP && session->auth.state != PPPOE_AUTH_GOOD)
		return PPPOE_drop_not_open;
	return take_machine(w, slot, protocol, c);
}

static unsigned int
take(struct pppoe_worker *w, uint32_t slot, uint16_t protocol, const uint8_t *packet, uint16_t size)
{
	const struct pppoe_session *session = pppoe_session_at(&w->pppoe->sessions, slot);
	struct ppp_control c;

	if (session->flags & PPPOE_OVER)
		return PPPOE_drop_no_session;
	if (protocol != PPP_LCP && session->lcp.state != PPP_OPENED)
		return PPPOE_drop_not_open;
	if (!is_known(session, protocol))
		return take_unknown(w, slot, protocol, packet, size);
	if (!ppp_control_parse(packet, size, &c))
		return PPPOE_drop_control;
	return take_known(w, slot, protocol, &c);
}

void
pppoe_control_take(struct pppoe_worker *w, uint32_t slot, uint16_t protocol, const uint8_t *packet,
		   uint16_t size)
{
	nf_count(w->nf, take(w, slot, protocol, packet, size), 1);
}

/* ---- what comes from elsewhere ----------------------------------------------------------------------------------- */

void
pppoe_control_gone(struct pppoe_worker *w, uint32_t slot)
{
	struct pppoe_link link;

	if (pppoe_session_at(&w->pppoe->sessions, slot)->flags & PPPOE_OVER)
		return;
	pppoe_link_begin(&link, w, slot);
	set_cause(link.session, PPPOE_END_USER_REQUEST);
	pppoe_ending_finish(&link, true);
}

void
pppoe_control_end(struct pppoe_worker *w, uint32_t slot, enum pppoe_end why)
{
	struct pppoe_link link;

	if (pppoe_session_at(&w->pppoe->sessions, slot)->end != PPPOE_END_NONE)
		return;
	pppoe_link_begin(&link, w, slot);
	pppoe_ending_begin(&link, why);
	finish_or_end(&link);
}

/* Does the session still wait for it, and was it asked here? */
static bool
is_awaited(const struct pppoe_worker *w, const struct pppoe_answer *answer)
{
	uint32_t slot = pppoe_session_by_id(&w->pppoe->sessions, answer->session_id);
	const struct pppoe_session *session;

	if (slot == NF_NO_SLOT || slot != answer->slot ||
	    pppoe_session_worker(&w->pppoe->sessions, slot) != w->nf->index)
		return false;
	session = pppoe_session_at(&w->pppoe->sessions, slot);
	return session->auth.state == PPPOE_AUTH_ASKING && session->asked &&
	       session->accounting_id == answer->accounting_id &&
	       session->auth.identifier == answer->identifier;
}

void
pppoe_control_answer(struct pppoe_worker *w, const struct pppoe_answer *answer)
{
	struct pppoe_link link;

	if (!is_awaited(w, answer))
		return;
	pppoe_link_begin(&link, w, answer->slot);
	pppoe_authenticate_decided(&link, answer);
	finish_or_end(&link);
}

/* ---- time ---------------------------------------------------------------------------------------------------------- */

static bool
is_due(const struct pppoe_link *link, uint64_t timer)
{
	return timer != 0 && (int64_t)(pppoe_link_now(link) - timer) >= 0;
}

static void
lcp_timeout(struct pppoe_link *link)
{
	struct ppp_run run = pppoe_link_run(link, PPP_LCP);

	if (link->session->lcp.state == PPP_STARTING)
		bring_up(link);
	else
		lcp_happened(link, ppp_machine_timeout(&run));
}

static void
run_timers(struct pppoe_link *link)
{
	const struct pppoe_session *session = link->session;

	if (is_due(link, session->lcp_timer))
		lcp_timeout(link);
	if (is_due(link, session->auth_timer))
		pppoe_authenticate_timeout(link);
	if (is_due(link, session->ipcp_timer)) {
		struct ppp_run run = pppoe_link_run(link, PPP_IPCP);

		pppoe_network_happened(link, PPP_IPCP, ppp_machine_timeout(&run));
	}
	if (is_due(link, session->ipv6cp_timer)) {
		struct ppp_run run = pppoe_link_run(link, PPP_IPV6CP);

		pppoe_network_happened(link, PPP_IPV6CP, ppp_machine_timeout(&run));
	}
	if (is_due(link, session->echo_timer))
		pppoe_keepalive_echo(link);
	if (is_due(link, session->interim))
		pppoe_accounting_interim(link);
	pppoe_keepalive_limits(link);
}

void
pppoe_control_tick(struct pppoe_worker *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = pppoe_session_due(w->sessions, w->nf->now_ns);
		struct pppoe_link link;

		if (slot == NF_NO_SLOT)
			return;
		pppoe_link_begin(&link, w, slot);
		if (link.session->flags & PPPOE_OVER)
			link.is_finished = true; /* its stop found no room */
		else
			run_timers(&link);
		finish_or_end(&link);
	}
}
