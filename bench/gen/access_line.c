/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a frame on a line; see access_line.h. */
#include "access_line.h"

#include <string.h>

#include "bytes.h"

#define TAG 4u
#define ETHERTYPE_VLAN 0x8100u
#define VLAN_ID 0x0fffu

size_t
access_line_head(const struct access_line *line)
{
	return BYTES_ETHER + (line->outer != 0 ? TAG : 0) + (line->inner != 0 ? TAG : 0);
}

static uint8_t *
put_tag(uint8_t *at, uint16_t type, uint16_t id)
{
	bytes_put_be16(at, type);
	bytes_put_be16(at + 2, id);
	return at + TAG;
}

size_t
access_line_put_head(const struct access_line *line, uint8_t *frame, const uint8_t *to,
		     uint16_t ethertype)
{
	uint8_t *at = frame + 2 * ACCESS_LINE_MAC;

	memcpy(frame, to, ACCESS_LINE_MAC);
	memcpy(frame + ACCESS_LINE_MAC, line->mac, ACCESS_LINE_MAC);
	if (line->outer != 0)
		at = put_tag(at, line->outer_type, line->outer);
	if (line->inner != 0)
		at = put_tag(at, ETHERTYPE_VLAN, line->inner);
	bytes_put_be16(at, ethertype);
	return (size_t)(at + 2 - frame);
}

const uint8_t *
access_line_find(const struct access_line *line, const uint8_t *frame, size_t size,
		 uint16_t *ret_ethertype, size_t *ret_size)
{
	uint8_t expected[ACCESS_LINE_MAX_HEAD];
	size_t head = access_line_put_head(line, expected, line->mac, 0),
	       tags = 2 * ACCESS_LINE_MAC;

	if (size < head || memcmp(frame, line->mac, ACCESS_LINE_MAC) != 0)
		return NULL;
	for (size_t at = tags; at + 2 < head; at += TAG)
		if (bytes_get_be16(frame + at) != bytes_get_be16(expected + at) ||
		    (bytes_get_be16(frame + at + 2) & VLAN_ID) != bytes_get_be16(expected + at + 2))
			return NULL;
	*ret_ethertype = bytes_get_be16(frame + head - 2);
	*ret_size = size - head;
	return frame + head;
}
