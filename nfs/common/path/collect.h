/* SPDX-License-Identifier: Apache-2.0 */
/* Tables know no counters: what they counted becomes the worker's, once a round. Worker's thread. */
#ifndef NF_COLLECT_H
#define NF_COLLECT_H

#include <stdint.h>

#include "worker.h"

static inline void
nf_collect(struct nf_worker *w, uint64_t *count, unsigned int counter)
{
	if (likely(*count == 0))
		return;
	nf_count(w, counter, *count);
	*count = 0;
}

#endif
