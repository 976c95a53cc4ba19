/* SPDX-License-Identifier: Apache-2.0 */
/* The line of a subscriber: his MAC address and VLANs (IEEE 802.1Q), and how frames on it begin. No state. */
#ifndef SLIM_BENCH_ACCESS_LINE_H
#define SLIM_BENCH_ACCESS_LINE_H

#include <stddef.h>
#include <stdint.h>

#define ACCESS_LINE_MAC 6u
#define ACCESS_LINE_MAX_HEAD 22u /* octets: Ethernet and two tags */

struct access_line {
	uint8_t mac[ACCESS_LINE_MAC];
	uint16_t outer_type;   /* ethertype of the outer tag */
	uint16_t outer, inner; /* VLAN ids; 0: no tag. No inner one without an outer one */
};

/* Octets in front of what a frame carries. */
size_t access_line_head(const struct access_line *line);
/* Writes them; returns their number. */
size_t access_line_put_head(const struct access_line *line, uint8_t *frame, const uint8_t *to,
			    uint16_t ethertype);
/* What a frame to this line carries; NULL: it is to another one, or cut. Points into the frame. */
const uint8_t *access_line_find(const struct access_line *line, const uint8_t *frame, size_t size,
				uint16_t *ret_ethertype, size_t *ret_size);

#endif
