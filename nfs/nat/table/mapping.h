/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a mapping, with all that belongs to it: its slot and port (session.h), the peers that may send
 * to it (filter.h), and what was asked for (pcp.h). Worker's thread.
 */
#ifndef NAT_MAPPING_H
#define NAT_MAPPING_H

#include <stdint.h>

#include "session.h"

/* The mapping goes, with its peers and what was asked for. */
void nat_mapping_remove(struct nat_sessions *s, uint32_t slot);

/* Looks at up to `n` slots whose time may be over, and removes mappings that were idle for their timeout, if
 * this instance owns their bucket; at most a tick of 134 ms late. Returns how many. */
uint32_t nat_mapping_expire(struct nat_sessions *s, uint64_t now_ns, uint32_t n);

#endif
