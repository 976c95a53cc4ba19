/* SPDX-License-Identifier: Apache-2.0 */
/* What the short way needs once for each cell of a session; see fast.h. Worker's thread. */
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
