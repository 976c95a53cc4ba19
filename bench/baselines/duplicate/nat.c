/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a packet of the NAT is; see duplicate.h. Worker's thread. */
#include "duplicate.h"
#include "nat.h"
#include "parse.h"

_Static_assert(NAT_META_FRESH == 1, "duplicate.c asks for it");

int
duplicate_bucket(const struct nf_worker *nf, struct rte_mbuf *m, uint8_t port)
{
	const struct nat_worker *w = nf->self;
	struct nat_packet p;

	nat_parse(&p, &w->nat->config, &w->nat->sessions.ports.pool, m, port, false);
	if (p.kind == NAT_KIND_DROP || w->nat->bucket_worker[p.bucket] != nf->index)
		return DUPLICATE_NO_BUCKET;
	return p.bucket;
}
