/* SPDX-License-Identifier: Apache-2.0 */
/* What the short way seldom needs; see fast.h. Worker's thread. */
#include "fast.h"

bool
gateway_fast_find_way(const struct gateway *gateway, struct gateway_session *session)
{
	struct nf_next next;

	if (nf_may_go(&gateway->hops, session->cell_address, GATEWAY_ACCESS, &next) != NF_ALLOWED)
		return false;
	if (next.address == session->cell_address) {
		session->cell_way = GATEWAY_ON_LINK;
		return true;
	}
	for (uint32_t i = 0; i < gateway->hops.n; i++)
		if (gateway->hops.hops[i].via == next.address) {
			session->cell_way = (uint8_t)(GATEWAY_FIRST_WAY + i);
			return true;
		}
	return false;
}

void
gateway_fast_expect_handover(const struct gateway_worker *w, const struct gateway_packet *p)
{
	uint32_t slot = gateway_session_by_teid(w->sessions, p->gtpu.teid);

	gateway_session_prefetch_cell(w->sessions, slot,
				      (struct gateway_cell){p->peer, p->session->cell_teid});
}

bool
gateway_fast_within_uplink(const struct gateway_session *session, uint64_t now_ns, uint32_t size,
			   uint64_t *ret_due)
{
	return gateway_police(session->uplink_due, session->uplink_cost, session->uplink_burst,
			      now_ns, size, ret_due);
}

bool
gateway_fast_within_downlink(const struct gateway_session *session, uint64_t now_ns, uint32_t size,
			     uint64_t *ret_due)
{
	return gateway_police(session->downlink_due, session->downlink_cost,
			      session->downlink_burst, now_ns, size, ret_due);
}
