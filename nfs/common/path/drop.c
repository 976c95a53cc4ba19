/* SPDX-License-Identifier: Apache-2.0 */
/* Where packets end that go no further. Worker's thread. */
#include "worker.h"

__attribute__((noinline)) void
nf_drop(struct nf_worker *w, struct rte_mbuf *m, unsigned int counter)
{
	nf_count(w, counter, 1);
	rte_pktmbuf_free(m);
}
