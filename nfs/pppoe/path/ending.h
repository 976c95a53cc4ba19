/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a session: LCP's Terminate-Request, and when it is answered or given up the PADT, the stop of its accounting, and its
 * slot is free. Worker's thread.
 */
#ifndef PPPOE_PATH_ENDING_H
#define PPPOE_PATH_ENDING_H

#include "link.h"

/* Begins it: the first cause stands. The link is finished if LCP has nobody to tell. */
void pppoe_ending_begin(struct pppoe_link *link, enum pppoe_end why);

/* LCP is finished, or the client is gone (`is_gone`: it needs no PADT). Closes the link, and removes the session unless its
 * stop has to wait: then it is PPPOE_OVER, and lcp_timer says when this is tried again. */
void pppoe_ending_finish(struct pppoe_link *link, bool is_gone);

#endif
