/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cell (the access node of a mobile network) and a gateway send to each other: IPv4 packets of
 * subscribers in GTP-U tunnels (3GPP TS 29.281), as bytes. No I/O, no state. Written for the
 * generator alone: it shares no code with what it tests.
 *
 *   Ethernet 14 | IPv4 20 | UDP 8 | GTP-U 8 [| options 4 | PDU session container 4] | packet
 *
 * Addresses and numbers are in host byte order here.
 */
#ifndef SLIM_BENCH_TUNNEL_H
#define SLIM_BENCH_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

#define TUNNEL_MAX_OVERHEAD 44u /* bytes that a tunnel adds to a frame */

struct tunnel_end {
	uint8_t src_mac[FRAME_MAC_SIZE];
	uint8_t dst_mac[FRAME_MAC_SIZE];
	uint32_t src_ip, dst_ip;
	uint32_t teid;
	uint8_t qfi; /* 0: no PDU session container */
};

/* Bytes that it adds. */
size_t tunnel_overhead(uint8_t qfi);

/* Makes a G-PDU of the packet behind `frame + tunnel_overhead(qfi)`, which was written there as a
 * frame of `size` bytes of its own: its Ethernet header is overwritten. Returns the size of the whole
 * frame, which begins at `frame`. */
size_t tunnel_write(uint8_t *frame, size_t size, const struct tunnel_end *end);

enum tunnel_kind {
	TUNNEL_OTHER, /* not GTP-U, or broken */
	TUNNEL_G_PDU,
	TUNNEL_END_MARKER,
	TUNNEL_SIGNAL, /* any other message */
};

struct tunnel_view {
	enum tunnel_kind kind;
	uint32_t src_ip, dst_ip; /* of the tunnel's ends */
	uint32_t teid;
	uint8_t qfi;           /* of a downlink PDU session container; 0: none */
	const uint8_t *packet; /* G-PDU: the IPv4 packet inside; points into the frame */
	size_t packet_size;
};

/* Reads a frame. Extension headers are passed over, lengths and checksums of the outside are checked. */
struct tunnel_view tunnel_parse(const uint8_t *frame, size_t size);

#endif
