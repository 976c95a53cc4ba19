/* SPDX-License-Identifier: Apache-2.0 */
/* Names and texts; see counters.h. */
#include "counters.h"

const struct nf_counter_name pppoe_counter_names[PPPOE_N_COUNTERS - NF_N_COUNTERS] = {
#define X(name, text) {#name, text},
	PPPOE_COUNTERS(X)
#undef X
};
