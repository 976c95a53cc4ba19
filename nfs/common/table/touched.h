/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet has counted itself in a row's lazy fields. That is no change of the row: whoever copies the table reads them when it
 * sends the row, and once more at the end. So nothing is to be done.
 *
 * The benchmarks have an opponent that sends a row for each packet; its build has a file of this name in front
 * of this one (bench/baselines/per_packet).
 */
#ifndef NF_TOUCHED_H
#define NF_TOUCHED_H

#include "share.h"

/* `entry`: in a slot of the share's table. Its worker's thread. */
static inline void
nf_touched(const struct nf_share *share, const void *entry)
{
	(void)share;
	(void)entry;
}

#endif
