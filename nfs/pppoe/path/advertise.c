/* SPDX-License-Identifier: Apache-2.0 */
/* See advertise.h. Worker's thread. */
#include "advertise.h"

#include <string.h>

#include "counters.h"
#include "ipv6cp.h"
#include "passage.h"
#include "ppp.h"
#include "prefix.h"
#include "send.h"

#define SLOTS_MAX 64u /* that one round looks at */
#define EVERY_NS (PPPOE_RA_EVERY_S * UINT64_C(1000000000))

/* Of the link: made of what IPV6CP told the client (RFC 5072 section 5). */
static void
put_own(uint8_t ret[16])
{
	static const uint8_t prefix[8] = {0xfe, 0x80};

	memcpy(ret, prefix, sizeof(prefix));
	memcpy(ret + 8, ipv6cp_own_id, 8);
}

static void
tell(struct pppoe_worker *w, const struct pppoe_session *session, const uint8_t *packet,
     uint16_t size)
{
	nf_count(w->nf, PPPOE_advertisement_sent, 1);
	pppoe_send_ppp(w, session, PPP_IPV6, packet, size);
}

static uint8_t
n_dns(const struct pppoe_config *config)
{
	uint8_t n = 0;

	while (n < RTE_DIM(config->dns_ipv6) && !pppoe_is_unspecified(config->dns_ipv6[n]))
		n++;
	return n;
}

void
pppoe_advertise(struct pppoe_worker *w, const struct pppoe_session *session)
{
	const struct pppoe_config *config = &w->pppoe->config;
	uint8_t packet[PPPOE_ADVERTISEMENT_MAX], own[16], prefix[16];

	if ((session->open & PPPOE_OPEN_IPV6) == 0)
		return;
	put_own(own);
	pppoe_prefix_put(&config->ipv6_pool, session->prefix, prefix);
	tell(w, session, packet,
	     pppoe_put_router_advertisement(packet, &(struct pppoe_router_advertisement){
							    .from = own,
							    .prefix = prefix,
							    .dns = config->dns_ipv6,
							    .n_dns = n_dns(config),
						    }));
}

/* ---- heard ---------------------------------------------------------------------------------------------- */

/* What is asked of its own addresses is no business of ours: it looks for others that have them, and there is nobody. */
static void
answer(struct pppoe_worker *w, const struct nf_ip *ip, const struct pppoe_session *session)
{
	uint8_t packet[PPPOE_ADVERTISEMENT_MAX], own[16];
	const uint8_t *asks = nf_ip_v6(ip)->src_addr;

	put_own(own);
	if (memcmp(pppoe_solicited(ip), own, 16) != 0)
		return;
	tell(w, session, packet,
	     pppoe_put_neighbor_advertisement(packet, own,
					      pppoe_is_unspecified(asks) ? NULL : asks));
}

static bool
may_be_from(const struct pppoe_worker *w, const uint8_t source[16],
	    const struct pppoe_session *session)
{
	return pppoe_is_link_local(source) || pppoe_is_unspecified(source) ||
	       pppoe_prefix_of(&w->pppoe->config.ipv6_pool, source) == session->prefix;
}

/* Returns what became of it. */
static uint16_t
take_saying(struct pppoe_worker *w, const struct nf_ip *ip, const struct pppoe_session *session)
{
	switch (pppoe_link_saying(ip)) {
	case PPPOE_ROUTER_SOLICITATION:
		pppoe_advertise(w, session);
		return PPPOE_solicitation_taken;
	case PPPOE_NEIGHBOR_SOLICITATION:
		answer(w, ip, session);
		return PPPOE_solicitation_taken;
	case PPPOE_LISTENER_REPORT:
		return PPPOE_listener_report_taken;
	case PPPOE_NEIGHBOR_ADVERTISEMENT: /* nobody asked */
	case PPPOE_LINK_WRONG:
		return PPPOE_drop_neighbor_discovery;
	default:
		return PPPOE_drop_bad_address;
	}
}

static bool
is_echo(const struct nf_ip *ip)
{
	uint8_t own[16];

	put_own(own);
	return memcmp(nf_ip_v6(ip)->dst_addr, own, 16) == 0 && nf_ip_is_echo_request(ip) &&
	       !pppoe_is_unspecified(nf_ip_v6(ip)->src_addr);
}

void
pppoe_link_take(struct pppoe_worker *w, struct pppoe_frame *f, uint32_t slot)
{
	const struct pppoe_session *session = pppoe_session_at(&w->pppoe->sessions, slot);

	if (!may_be_from(w, nf_ip_v6(&f->ip)->src_addr, session)) {
		nf_drop(w->nf, f->m, PPPOE_drop_spoofed);
	} else if (!is_echo(&f->ip)) {
		nf_drop(w->nf, f->m, take_saying(w, &f->ip, session));
	} else if (f->ip.size > session->peer_mru) {
		nf_drop(w->nf, f->m, PPPOE_drop_too_big);
	} else {
		nf_ip_turn_echo(&f->ip);
		nf_count(w->nf, PPPOE_icmp_echo_answered, 1);
		pppoe_strip(f, 0);
		pppoe_emit_data(w, session, PPP_IPV6, f->m);
	}
}

/* ---- now and then ------------------------------------------------------------------------------------------ */

static void
remind(struct pppoe_worker *w, uint32_t slot)
{
	const struct pppoe_session *session = pppoe_session_at(&w->pppoe->sessions, slot);

	if ((session->open & PPPOE_OPEN_IPV6) != 0 &&
	    slim_owns(w->nf->agent, pppoe_mac_bucket(&session->mac)))
		pppoe_advertise(w, session);
}

/* Each slot has its moment; it is stepped over at once if rounds come too seldom for all of them. */
void
pppoe_advertise_tick(struct pppoe_worker *w)
{
	const struct nf_share *share = &w->sessions->share;
	uint64_t step = EVERY_NS / share->n_slots;

	if (w->pppoe->config.ipv6_pool.bits == 0)
		return;
	if (w->nf->now_ns - w->advertised_ns > EVERY_NS)
		w->advertised_ns = w->nf->now_ns;
	for (uint32_t i = 0; i < SLOTS_MAX && w->nf->now_ns - w->advertised_ns >= step; i++) {
		w->advertised_ns += step;
		if (w->advertise_next >= share->n_slots)
			w->advertise_next = 0;
		remind(w, share->first_slot + w->advertise_next++);
	}
}
