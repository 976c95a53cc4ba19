/* SPDX-License-Identifier: Apache-2.0 */
/* See keepalive.h. */
#include "keepalive.h"

#include "counters.h"
#include "ending.h"

#define SECOND_NS UINT64_C(1000000000)

void
pppoe_keepalive_start(struct pppoe_link *link)
{
	uint64_t echo_ns = link->w->pppoe->config.lcp.echo_ns;

	link->session->echo_timer = echo_ns == 0 ? 0 : pppoe_link_now(link) + echo_ns;
}

static void
send_echo(struct pppoe_link *link)
{
	struct ppp_run run = pppoe_link_run(link, PPP_LCP);

	lcp_send_echo(&run);
	pppoe_keepalive_start(link);
}

void
pppoe_keepalive_echo(struct pppoe_link *link)
{
	const struct pppoe_lcp_config *config = &link->w->pppoe->config.lcp;
	struct pppoe_session *session = link->session;

	if ((int64_t)(pppoe_link_now(link) - session->heard) < (int64_t)config->echo_ns) {
		session->terms.echo_missed = 0;
		session->echo_timer = session->heard + config->echo_ns;
	} else if (session->terms.echo_missed < config->echo_max) {
		send_echo(link);
	} else {
		nf_count(link->w->nf, PPPOE_echo_lost, 1);
		pppoe_ending_begin(link, PPPOE_END_LOST_CARRIER);
	}
}

static bool
is_reached(const struct pppoe_link *link, uint64_t since_ns, uint32_t seconds)
{
	return seconds != 0 &&
	       (int64_t)(pppoe_link_now(link) - since_ns - seconds * SECOND_NS) >= 0;
}

void
pppoe_keepalive_limits(struct pppoe_link *link)
{
	const struct pppoe_session *session = link->session;

	if (is_reached(link, session->created, session->session_timeout)) {
		nf_count(link->w->nf, PPPOE_session_timeout, 1);
		pppoe_ending_begin(link, PPPOE_END_TIMEOUT);
	} else if (is_reached(link, session->last_seen, session->idle_timeout)) {
		nf_count(link->w->nf, PPPOE_session_idle, 1);
		pppoe_ending_begin(link, PPPOE_END_IDLE);
	}
}
