/* SPDX-License-Identifier: Apache-2.0 */
/* Names and texts; see counters.h. */
#include "counters.h"

const struct nf_counter_name nat_counter_names[NAT_N_COUNTERS - NF_N_COUNTERS] = {
#define X(name, text) {#name, text},
	NAT_COUNTERS(X)
#undef X
};
