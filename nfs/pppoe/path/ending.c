/* SPDX-License-Identifier: Apache-2.0 */
/* See ending.h. */
#include "ending.h"

#include "accounting.h"
#include "counters.h"
#include "discovery_packet.h"
#include "events.h"
#include "send.h"

/* Nothing but LCP's own timer is waited for any more. */
static void
stop_limits(struct pppoe_session *session)
{
	session->session_timeout = 0;
	session->idle_timeout = 0;
	session->interim = 0;
}

void
pppoe_ending_begin(struct pppoe_link *link, enum pppoe_end why)
{
	struct ppp_run run = pppoe_link_run(link, PPP_LCP);

	if (link->session->end == PPPOE_END_NONE)
		link->session->end = (uint8_t)why;
	stop_limits(link->session);
	ppp_machine_event(&run, PPP_CLOSE);
	pppoe_link_layers_down(link);
	if (!ppp_timer_runs(link->session->lcp.state))
		link->is_finished = true;
}

static void
send_padt(struct pppoe_link *link)
{
	const struct pppoe_session *session = link->session;
	const struct pppoe_line_key line = {session->mac, session->outer, session->inner};
	uint8_t packet[PPPOE_HEAD];
	struct pppoe_writer writer;

	pppoe_begin(&writer, packet, sizeof(packet), PPPOE_PADT, session->session_id);
	pppoe_send_discovery(link->w, &line, packet, pppoe_end(&writer));
	nf_count(link->w->nf, PPPOE_padt_sent, 1);
}

/* For the client it is no more. */
static void
rest(struct pppoe_link *link, bool is_gone)
{
	struct pppoe_session *session = link->session;

	if (!is_gone)
		send_padt(link);
	stop_limits(session);
	pppoe_link_layers_down(link);
	session->lcp.state = PPP_INITIAL;
	session->lcp_timer = 0;
	session->flags |= PPPOE_OVER;
	if (session->flags & PPPOE_CAME_UP)
		pppoe_tell_event(link->w, PPPOE_EVENT_SESSION_DOWN, session);
}

void
pppoe_ending_finish(struct pppoe_link *link, bool is_gone)
{
	bool is_done;

	if (!(link->session->flags & PPPOE_OVER))
		rest(link, is_gone);
	is_done = pppoe_accounting_stop(link);
	if (!is_done)
		link->session->lcp_timer = pppoe_link_now(link) + PPPOE_RETRY_NS;
	pppoe_link_end(link);
	if (is_done)
		pppoe_session_remove(link->w->sessions, link->slot);
}
