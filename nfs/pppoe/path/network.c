/* SPDX-License-Identifier: Apache-2.0 */
/* See network.h. */
#include "network.h"

#include "accounting.h"
#include "counters.h"
#include "ending.h"
#include "events.h"

#define SECOND_NS UINT64_C(1000000000)

/* What whoever decided said stands. */
static void
set_limits(struct pppoe_link *link)
{
	const struct pppoe_limits *limits = &link->w->pppoe->config.limits;
	struct pppoe_session *session = link->session;

	if (session->session_timeout == 0)
		session->session_timeout = (uint32_t)(limits->session_ns / SECOND_NS);
	if (session->idle_timeout == 0)
		session->idle_timeout = (uint32_t)(limits->idle_ns / SECOND_NS);
	session->last_seen = pppoe_link_now(link);
}

static void
give_addresses(struct pppoe_link *link)
{
	struct pppoe_worker *w = link->w;
	bool has_pool = w->pppoe->config.n_pools != 0 || link->session->assigned != 0;

	if (has_pool && !pppoe_session_give_address(w->sessions, link->slot, link->session))
		nf_count(w->nf, PPPOE_address_refused, 1);
	if (w->pppoe->config.ipv6_pool.bits != 0 &&
	    !pppoe_session_give_prefix(w->sessions, link->slot, link->session))
		nf_count(w->nf, PPPOE_address_refused, 1);
}

static void
open(struct pppoe_link *link, uint16_t protocol)
{
	struct ppp_run run = pppoe_link_run(link, protocol);

	if (!pppoe_network_has(link->session, protocol))
		return;
	ppp_machine_event(&run, PPP_OPEN);
	ppp_machine_event(&run, PPP_UP);
}

void
pppoe_network_up(struct pppoe_link *link)
{
	struct pppoe_session *session = link->session;

	give_addresses(link);
	if (session->ipv4 == 0 && session->prefix == PPPOE_NO_PREFIX) {
		pppoe_ending_begin(link, PPPOE_END_NAS_ERROR);
		return;
	}
	set_limits(link);
	open(link, PPP_IPCP);
	open(link, PPP_IPV6CP);
}

static void
came_up(struct pppoe_link *link)
{
	if (!(link->session->flags & PPPOE_CAME_UP)) {
		link->session->flags |= PPPOE_CAME_UP;
		nf_count(link->w->nf, PPPOE_session_up, 1);
		pppoe_tell_event(link->w, PPPOE_EVENT_SESSION_UP, link->session);
	}
	pppoe_accounting_start(link);
}

/* Neither is there, nor may come. */
static bool
is_empty(const struct pppoe_session *session)
{
	return session->ipcp.state <= PPP_STOPPED && session->ipv6cp.state <= PPP_STOPPED;
}

void
pppoe_network_happened(struct pppoe_link *link, uint16_t protocol, uint16_t happened)
{
	if (happened & PPP_REFUSED) {
		struct ppp_run run = pppoe_link_run(link, protocol);

		happened |= ppp_machine_event(&run, PPP_CLOSE);
	}
	if (happened & PPP_TLU)
		came_up(link);
	if (happened & PPP_TLF && is_empty(link->session))
		pppoe_ending_begin(link, PPPOE_END_USER_REQUEST);
}
