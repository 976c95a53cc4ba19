/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that open a mapping: may they, and the mapping that is made for them. Worker's thread.
 *
 * The general path (pipeline.h) asks nat_open_plan() among its other questions, and nat_open_make() behind the last of
 * them. An ordinary packet for which the short way (fast.h) has found no mapping, and nothing else that is unusual, gets
 * it by nat_open_ordinary(), which asks both.
 */
#ifndef NAT_OPEN_H
#define NAT_OPEN_H

#include <stdint.h>

#include "nat.h"
#include "packet.h"

struct nat_flight; /* fast.h */

/* May the packet open a mapping? */
struct nat_refusal nat_open_plan(const struct nat_worker *w, const struct nat_packet *p);

/* Makes it. Refuses for want of room or by a limit, and then has changed nothing. *ret_slot only if it did not. */
struct nat_refusal nat_open_make(struct nat_worker *w, const struct nat_packet *p,
				 uint32_t *ret_slot);

/* Both, for a packet from inside that has no mapping. NULL: refused, and nothing has changed; the reason is the general
 * path's to find. */
struct nat_session *nat_open_ordinary(struct nat_worker *w, const struct nat_flight *f);

/* Asks for what nat_open_ordinary() needs of memory for `n` packets of a burst, up to NF_BURST, that it will soon be asked for. */
void nat_open_prefetch(const struct nat_worker *w, const struct nat_flight *const *flights,
		       uint32_t n);

#endif
