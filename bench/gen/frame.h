/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of the load generator, as bytes: Ethernet, ARP, IPv4 with UDP, and the payload
 * that carries the ledger's ticket. No I/O, no state.
 *
 * Addresses and ports are in host byte order here. The payload is little-endian:
 *
 *   0  u32 magic "SLGN"   16 u16 window      24 u64 sent_ns, when it was to be sent
 *   4  u32 flow           18 u8  direction   32 u64 echo_ns, of the packet it answers
 *   8  u32 life           19 u8  kind        40 u64 XXH3 of all other bytes
 *   12 u32 seq            20 u32 0           48 filler up to the frame's size
 */
#ifndef SLIM_BENCH_FRAME_H
#define SLIM_BENCH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../judge/ledger.h"

#define FRAME_MAC_SIZE 6u
#define FRAME_ARP_SIZE 60u /* smallest Ethernet frame without FCS */
#define FRAME_MIN_SIZE 90u /* headers and payload without filler */
#define FRAME_MAX_SIZE 1514u

enum frame_kind {
	FRAME_OTHER, /* not for a generator */
	FRAME_ARP_REQUEST,
	FRAME_ARP_REPLY,
	FRAME_UDP,
	FRAME_BROKEN, /* IPv4 with a header that contradicts itself or a wrong checksum */
};

/* What a received frame says. `payload` points into it. */
struct frame_view {
	enum frame_kind kind;
	uint8_t dst_mac[FRAME_MAC_SIZE];
	uint8_t src_mac[FRAME_MAC_SIZE]; /* ARP: of the sender field */
	uint32_t src_ip;                 /* ARP: sender */
	uint32_t dst_ip;                 /* ARP: target */
	uint16_t src_port;
	uint16_t dst_port;
	bool checksum_missing; /* UDP checksum field is 0 */
	const uint8_t *payload;
	size_t payload_size;
};

/* Reads a frame of `size` bytes. `verified`: the receiving port vouches for the UDP checksum
 * (offload); it is not computed then. */
struct frame_view frame_parse(const uint8_t *frame, size_t size, bool verified);

/* The same for an IPv4 packet without its frame; there are no MACs then. */
struct frame_view frame_parse_packet(const uint8_t *packet, size_t size);

enum frame_payload_kind {
	FRAME_PLAIN,
	FRAME_ECHO_REQUEST, /* the far side answers at once */
	FRAME_ECHO_REPLY,
};

struct frame_payload {
	struct ledger_ticket ticket;
	uint8_t kind; /* enum frame_payload_kind */
	uint64_t sent_ns;
	uint64_t echo_ns;
};

/* False unless magic and hash are right. */
bool frame_payload_parse(const uint8_t *payload, size_t size, struct frame_payload *ret_payload);

struct frame_addresses {
	uint8_t src_mac[FRAME_MAC_SIZE];
	uint8_t dst_mac[FRAME_MAC_SIZE];
	uint32_t src_ip, dst_ip;
	uint16_t src_port, dst_port;
};

/* Writes a UDP frame of `size` bytes (FRAME_MIN_SIZE .. FRAME_MAX_SIZE). */
void frame_write_udp(uint8_t *frame, size_t size, const struct frame_addresses *addresses,
		     const struct frame_payload *payload);

/* Writes an ARP frame of FRAME_ARP_SIZE bytes: request (dst_mac is not used) or reply. */
void frame_write_arp(uint8_t *frame, enum frame_kind kind, const struct frame_addresses *addresses);

#endif
