/* SPDX-License-Identifier: Apache-2.0 */
/* The counters' names. */
#include "counter.h"

const struct nf_counter_name nf_counter_names[NF_N_COUNTERS] = {
#define X(name, text) {#name, text},
	NF_COUNTERS(X)
#undef X
};
