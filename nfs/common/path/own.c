/* SPDX-License-Identifier: Apache-2.0 */
/* See own.h. Worker's thread. */
#include "own.h"

#include <rte_ether.h>

#define SECOND_NS UINT64_C(1000000000)

bool
nf_own_may_tell(struct nf_own_rate *rate, uint64_t now_ns)
{
	if (now_ns - rate->second_ns >= SECOND_NS)
		*rate = (struct nf_own_rate){.second_ns = now_ns};
	return rate->n++ < NF_ERRORS_PER_S;
}

struct rte_mbuf *
nf_own_frame(struct nf_worker *w, uint16_t size, void **ret_packet)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);

	if (m == NULL) {
		nf_count(w, NF_no_mbuf, 1);
		return NULL;
	}
	rte_pktmbuf_append(m, (uint16_t)(sizeof(struct rte_ether_hdr) + size));
	*ret_packet = rte_pktmbuf_mtod_offset(m, void *, sizeof(struct rte_ether_hdr));
	return m;
}
