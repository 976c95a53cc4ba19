/* SPDX-License-Identifier: Apache-2.0 */
/* GTP-U as bytes; see tunnel.h. TS 29.281 section 5 (headers), 7.3.2 (end marker); TS 38.415
 * section 5.5.2 (PDU session container). */
#include <string.h>

#include "bytes.h"
#include "tunnel.h"

#define GTPU_PORT 2152u
#define GTPU_SIZE 8u
#define GTPU_OPTIONS 4u
#define CONTAINER_SIZE 4u
#define VERSION_1_GTP 0x30u
#define FLAG_EXTENSION 0x04u
#define FLAGS_OPTIONS 0x07u
#define TYPE_END_MARKER 254u
#define TYPE_G_PDU 255u
#define CONTAINER 0x85u
#define UPLINK_INFORMATION 0x10u /* PDU type 1 */

size_t
tunnel_overhead(uint8_t qfi)
{
	return BYTES_IP + BYTES_UDP + GTPU_SIZE + (qfi != 0 ? GTPU_OPTIONS + CONTAINER_SIZE : 0);
}

/* ---- writing ---------------------------------------------------------------------------- */

static void
write_gtpu(uint8_t *gtpu, size_t packet_size, const struct tunnel_end *end)
{
	bool container = end->qfi != 0;

	gtpu[0] = VERSION_1_GTP | (container ? FLAG_EXTENSION : 0);
	gtpu[1] = TYPE_G_PDU;
	bytes_put_be16(gtpu + 2,
		       (uint16_t)(packet_size + (container ? GTPU_OPTIONS + CONTAINER_SIZE : 0)));
	bytes_put_be32(gtpu + 4, end->teid);
	if (!container)
		return;
	memset(gtpu + GTPU_SIZE, 0, GTPU_OPTIONS + CONTAINER_SIZE);
	gtpu[11] = CONTAINER;
	gtpu[12] = CONTAINER_SIZE / 4u;
	gtpu[13] = UPLINK_INFORMATION;
	gtpu[14] = end->qfi;
}

size_t
tunnel_write(uint8_t *frame, size_t size, const struct tunnel_end *end)
{
	size_t packet_size = size - BYTES_ETHER, whole = size + tunnel_overhead(end->qfi);
	uint8_t *ip = frame + BYTES_ETHER, *udp = ip + BYTES_IP;

	memcpy(frame, end->dst_mac, FRAME_MAC_SIZE);
	memcpy(frame + FRAME_MAC_SIZE, end->src_mac, FRAME_MAC_SIZE);
	bytes_put_be16(frame + 12, BYTES_ETHERTYPE_IP);
	bytes_put_ip(ip, whole - BYTES_ETHER, end->src_ip, end->dst_ip);
	bytes_put_be16(udp, GTPU_PORT);
	bytes_put_be16(udp + 2, GTPU_PORT);
	bytes_put_be16(udp + 4, (uint16_t)(whole - BYTES_ETHER - BYTES_IP));
	bytes_put_be16(udp + 6, 0); /* none: the packet inside has its own */
	write_gtpu(udp + BYTES_UDP, packet_size, end);
	return whole;
}

/* ---- reading ----------------------------------------------------------------------------- */

/* Bytes of options and extension headers; -1: broken. */
static int
pass_extensions(const uint8_t *gtpu, size_t size, uint8_t *ret_qfi)
{
	size_t at = GTPU_SIZE + GTPU_OPTIONS;
	uint8_t type;

	if ((gtpu[0] & FLAGS_OPTIONS) == 0)
		return 0;
	if (size < at)
		return -1;
	type = (gtpu[0] & FLAG_EXTENSION) != 0 ? gtpu[11] : 0;
	while (type != 0) {
		size_t length;

		if (at >= size)
			return -1;
		length = gtpu[at] * 4u;
		if (length == 0 || length > size - at)
			return -1;
		if (type == CONTAINER && gtpu[at + 1] >> 4 == 0)
			*ret_qfi = gtpu[at + 2] & 0x3fu;
		type = gtpu[at + length - 1];
		at += length;
	}
	return (int)(at - GTPU_SIZE);
}

static void
parse_gtpu(struct tunnel_view *v, const uint8_t *gtpu, size_t room)
{
	int extensions;
	size_t size;

	if (room < GTPU_SIZE || (gtpu[0] & 0xf0u) != VERSION_1_GTP)
		return;
	size = GTPU_SIZE + bytes_get_be16(gtpu + 2);
	if (size > room)
		return;
	extensions = pass_extensions(gtpu, size, &v->qfi);
	if (extensions < 0)
		return;
	v->teid = bytes_get_be32(gtpu + 4);
	v->kind = gtpu[1] == TYPE_G_PDU        ? TUNNEL_G_PDU
		  : gtpu[1] == TYPE_END_MARKER ? TUNNEL_END_MARKER
					       : TUNNEL_SIGNAL;
	v->packet = gtpu + GTPU_SIZE + extensions;
	v->packet_size = size - GTPU_SIZE - (size_t)extensions;
}

struct tunnel_view
tunnel_parse(const uint8_t *frame, size_t size)
{
	struct tunnel_view v = {.kind = TUNNEL_OTHER};
	const uint8_t *ip = frame + BYTES_ETHER;
	size_t header, total, udp_size;

	if (size < BYTES_ETHER + BYTES_IP || bytes_get_be16(frame + 12) != BYTES_ETHERTYPE_IP ||
	    ip[0] >> 4 != 4)
		return v;
	header = (ip[0] & 15u) * 4u;
	total = bytes_get_be16(ip + 2);
	if (header < BYTES_IP || total < header + BYTES_UDP || total > size - BYTES_ETHER ||
	    bytes_sum_fold(bytes_sum_add(0, ip, header)) != 0 || ip[9] != BYTES_PROTOCOL_UDP ||
	    (bytes_get_be16(ip + 6) & 0x3fffu) != 0 || bytes_get_be16(ip + header + 2) != GTPU_PORT)
		return v;
	udp_size = bytes_get_be16(ip + header + 4);
	if (udp_size < BYTES_UDP || udp_size > total - header)
		return v;
	v.src_ip = bytes_get_be32(ip + 12);
	v.dst_ip = bytes_get_be32(ip + 16);
	parse_gtpu(&v, ip + header + BYTES_UDP, udp_size - BYTES_UDP);
	return v;
}
