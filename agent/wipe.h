/* SPDX-License-Identifier: Apache-2.0 */
/* wipe: takes an NF's entries out of its tables, some in each poll. Worker thread. */
#ifndef SLIM_AGENT_WIPE_H
#define SLIM_AGENT_WIPE_H

#include "agent.h"

/* Removes entries of this worker's buckets, up to SLIM_WIPE_BUDGET a call, and looks at no more than
 * SLIM_WIPE_LOOKS slots. True while not finished; where it is stands in w->wipe. */
bool slim_wipe_poll(struct agent_worker *w);

#endif
