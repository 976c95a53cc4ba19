/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of the access side: Ethernet without a tag, with one 802.1Q tag, or with two (IEEE 802.1ad: 0x88a8, or 0x8100,
 * outside of 0x8100). A tag that has a priority only (VLAN id 0) counts as none. With tags of two kinds that are served
 * (`inner` of struct pppoe_access) a frame has both; else one at most. Pure: looks at the frame and the configuration.
 */
#ifndef PPPOE_WIRE_ACCESS_H
#define PPPOE_WIRE_ACCESS_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "config.h"
#include "line_key.h"

#define PPPOE_ETHERTYPE_QINQ 0x88a8u

struct pppoe_access_frame {
	struct pppoe_line_key line; /* of who sent it */
	uint16_t ethertype;         /* behind all tags, host order */
	uint16_t at;                /* where the payload begins */
	uint16_t size;              /* octets of the payload, with padding */
};

/* Of a frame in one segment; the device may have taken tags off it into the mbuf. 0, or the counter of the drop
 * (counters.h): drop_runt, drop_bad_address (from no single host), drop_vlan_range. The destination is not looked at. */
uint16_t pppoe_access_parse(const struct pppoe_access *access, const struct rte_mbuf *m,
			    struct pppoe_access_frame *ret);

#endif
