/* SPDX-License-Identifier: Apache-2.0 */
/* See unsolicited.h. Worker's thread. */
#include "unsolicited.h"

#define PLACE(n) ((n) & (NAT_UNSOLICITED_MAX - 1))

bool
nat_unsolicited_keep(struct nat_unsolicited *u, struct rte_mbuf *m, uint64_t now_ns)
{
	if (u->tail - u->head == NAT_UNSOLICITED_MAX)
		return false;
	u->of[PLACE(u->tail)].m = m;
	u->of[PLACE(u->tail)].due_ns = now_ns + NAT_UNSOLICITED_NS;
	u->tail++;
	return true;
}

struct rte_mbuf *
nat_unsolicited_take(struct nat_unsolicited *u, uint64_t now_ns)
{
	if (u->head == u->tail || (int64_t)(u->of[PLACE(u->head)].due_ns - now_ns) > 0)
		return NULL;
	return u->of[PLACE(u->head++)].m;
}

void
nat_unsolicited_fini(struct nat_unsolicited *u)
{
	for (; u->head != u->tail; u->head++)
		rte_pktmbuf_free(u->of[PLACE(u->head)].m);
}
