/* SPDX-License-Identifier: Apache-2.0 */
#include "wipe.h"

#include "rows.h"
#include "track.h"

#define WIPE_AHEAD 8u /* slots between a prefetch and its use */

static void
look_ahead_of_wipe(struct agent_worker *w, const struct agent_table *table, uint32_t slot)
{
	if (table->ops.ahead != NULL && slot < table->pub.capacity &&
	    slim_rows_is_used(table, slot))
		table->ops.ahead(table->ctx, &w->pub, slim_slot(&table->pub, slot));
}

bool
slim_wipe_poll(struct agent_worker *w)
{
	struct slim_agent *agent = w->agent;
	uint32_t removed = 0;

	for (uint32_t looks = 0; looks < SLIM_WIPE_LOOKS && removed < SLIM_WIPE_BUDGET; looks++) {
		struct agent_table *table;

		if (w->wipe.table >= agent->n_tables)
			break;
		table = &agent->tables[w->wipe.table];
		look_ahead_of_wipe(w, table, w->wipe.slot + WIPE_AHEAD);
		if (slim_rows_is_mine(w, table, w->wipe.slot)) {
			slim_rows_remove(w, table, w->wipe.slot);
			removed++;
		}
		if (++w->wipe.slot == table->pub.capacity) {
			w->wipe.slot = 0;
			w->wipe.table++;
		}
	}
	slim_track_publish(w);
	return w->wipe.table < agent->n_tables;
}
