/* SPDX-License-Identifier: Apache-2.0 */
/* See link.h. */
#include "link.h"

#include <rte_random.h>

#include "counters.h"
#include "send.h"

void
pppoe_link_look(struct pppoe_link *link, struct pppoe_worker *w, uint32_t slot)
{
	const struct pppoe_config *config = &w->pppoe->config;
	struct pppoe_session *session = slim_slot(w->sessions->share.table, slot);

	*link = (struct pppoe_link){
		.w = w,
		.slot = slot,
		.session = session,
		.settings = {config->lcp.restart_ns, config->lcp.max_configure,
			     config->lcp.max_terminate, config->lcp.max_failure},
		.lcp = {.terms = &session->terms,
			.mtu = config->lcp.mtu,
			.pap = config->lcp.pap,
			.chap = config->lcp.chap,
			.random = (uint32_t)rte_rand() | 1},
		.ipcp = {config->gateway, session->ipv4, {config->dns[0], config->dns[1]}},
		.ipv6cp = {session->interface_id, session->mac},
	};
}

void
pppoe_link_begin(struct pppoe_link *link, struct pppoe_worker *w, uint32_t slot)
{
	pppoe_link_look(link, w, slot);
	pppoe_session_begin(w->sessions, slot);
}

void
pppoe_link_end(struct pppoe_link *link)
{
	pppoe_session_end(link->w->sessions, link->slot);
}

static void
send_packet(void *ctx, uint16_t protocol, uint8_t code, uint8_t identifier, const uint8_t *data,
	    uint16_t size)
{
	pppoe_link_send(ctx, protocol, code, identifier, data, size);
}

struct ppp_run
pppoe_link_run(struct pppoe_link *link, uint16_t protocol)
{
	struct pppoe_session *session = link->session;
	struct ppp_run run = {
		.settings = &link->settings,
		.now_ns = pppoe_link_now(link),
		.peer_mru = rte_be_to_cpu_16(session->terms.peer_mru),
		.send = send_packet,
		.ctx = link,
	};

	if (protocol == PPP_LCP) {
		run.ops = &lcp_ops;
		run.machine = &session->lcp;
		run.timer = &session->lcp_timer;
		run.self = &link->lcp;
	} else if (protocol == PPP_IPCP) {
		link->ipcp.address = session->ipv4; /* it may have come since */
		run.ops = &ipcp_ops;
		run.machine = &session->ipcp;
		run.timer = &session->ipcp_timer;
		run.self = &link->ipcp;
	} else {
		run.ops = &ipv6cp_ops;
		run.machine = &session->ipv6cp;
		run.timer = &session->ipv6cp_timer;
		run.self = &link->ipv6cp;
	}
	return run;
}

void
pppoe_link_send(struct pppoe_link *link, uint16_t protocol, uint8_t code, uint8_t identifier,
		const uint8_t *data, uint16_t size)
{
	uint8_t packet[PPP_CONTROL_MAX];
	uint16_t whole = ppp_control_head(packet, code, identifier, size);

	if (size > 0)
		memcpy(packet + PPP_HEAD, data, size);
	pppoe_send_ppp(link->w, link->session, protocol, packet, whole);
	nf_count(link->w->nf, PPPOE_control_sent, 1);
}

void
pppoe_link_layers_down(struct pppoe_link *link)
{
	struct pppoe_session *session = link->session;
	struct ppp_run ipcp = pppoe_link_run(link, PPP_IPCP);
	struct ppp_run ipv6cp = pppoe_link_run(link, PPP_IPV6CP);

	ppp_machine_event(&ipcp, PPP_DOWN);
	ppp_machine_event(&ipv6cp, PPP_DOWN);
	session->auth.state = PPPOE_AUTH_NONE;
	session->auth.tries = 0;
	session->asked = false;
	session->auth_timer = 0;
	session->echo_timer = 0;
	session->terms.echo_missed = 0;
}
