/* SPDX-License-Identifier: Apache-2.0 */
/* The counters' names, and packets that end in one. */
#include "nf.h"

const struct nf_counter_name nf_counter_names[NF_N_COUNTERS] = {
#define X(name, text) {#name, text},
	NF_COUNTERS(X)
#undef X
};

__attribute__((noinline)) void
nf_drop(struct nf_worker *w, struct rte_mbuf *m, unsigned int counter)
{
	nf_count(w, counter, 1);
	rte_pktmbuf_free(m);
}
