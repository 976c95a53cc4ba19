/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a packet of the gateway is; see duplicate.h. Worker's thread. */
#include "duplicate.h"
#include "gateway.h"
#include "meta_kind.h"
#include "packet.h"

_Static_assert(GATEWAY_META_FRESH == 1, "duplicate.c asks for it");

int
duplicate_bucket(const struct nf_worker *nf, struct rte_mbuf *m, uint8_t port)
{
	const struct gateway_worker *w = nf->self;
	struct gateway_packet p;

	gateway_packet_parse(&p, &w->gateway->config, m, port);
	if (p.kind == GATEWAY_KIND_DROP || w->gateway->bucket_worker[p.bucket] != nf->index)
		return DUPLICATE_NO_BUCKET;
	return p.bucket;
}
