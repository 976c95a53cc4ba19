/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of nfs/common/table/touched.h: each packet that counts itself in a row is a change of it, so while the table is
 * copied a record of the row is sent for it. Two packets of one flow share a record only if the second comes before
 * slimd has read the first.
 */
#ifndef NF_TOUCHED_H
#define NF_TOUCHED_H

#include "share.h"

static inline void
nf_touched(const struct nf_share *share, const void *entry)
{
	const struct slim_slot_head *head = (const struct slim_slot_head *)entry - 1;
	const struct slim_table *table = share->table;
	size_t offset = (size_t)((const uint8_t *)head - table->slab);
	uint32_t slot = (uint32_t)(offset / table->slot_size);

	if (((share->agent->track >> table->index) & 1u) == 0)
		return;
	slim_slot_begin(share->agent, share->table, slot);
	slim_slot_end(share->agent, share->table, slot, head->bucket);
}

#endif
