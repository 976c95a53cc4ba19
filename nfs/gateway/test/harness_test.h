/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway without ports, for tests: packets go in by the pipeline's burst, come out of the FIFOs. All
 * workers run in the caller's thread, one after the other. Time stands still unless the test moves it.
 * Frames are built and taken apart octet by octet, by code that shares nothing with the gateway's.
 *
 * The network around it: access 192.0.2.0/24 (gateway .1, router .2 for 198.51.100.0/24 with more cells),
 * core 203.0.113.0/24 (gateway .1, router .2 for the rest), subscribers 100.64.0.0/10. Every host answers
 * ARP with MAC 02:aa and the address (question_test.h).
 */
#ifndef GATEWAY_HARNESS_TEST_H
#define GATEWAY_HARNESS_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "commands.h"
#include "counters.h"
#include "downlink.h"
#include "events.h"
#include "orders.h"
#include "pipeline.h"
#include "signalling.h"
#include "uplink.h"
#include "round.h"

#define HARNESS_CONFIG struct gateway_config
#define HARNESS_OWN              \
	struct gateway *gateway; \
	struct gateway_worker workers[SLIM_MAX_WORKERS];
#include "nf_harness_test.h"

#define FRAME_MAX 2048u

#define GATEWAY IP(192, 0, 2, 1)
#define CELL_1 IP(192, 0, 2, 11)
#define CELL_2 IP(192, 0, 2, 12)
#define SUBSCRIBER IP(100, 64, 3, 7)
#define SERVER IP(203, 0, 113, 10)
#define TEID 0x00010007u      /* of the gateway, for SUBSCRIBER */
#define CELL_TEID 0x0000a001u /* of cell 1 */

/* A frame in memory. */
struct frame {
	uint16_t size;
	uint8_t bytes[FRAME_MAX];
};

/* The core's IPv6 router tells its MAC address, asked or not. */
void harness_tell_router(struct harness *h);

/* Asks by a line, as over the control socket; returns its status. */
enum nf_status harness_ask(struct harness *h, const char *line);

/* Parts of frames; each returns how many octets it wrote. Checksums are right. */
uint16_t put_ipv4(uint8_t *at, uint32_t src, uint32_t dst, uint8_t protocol, uint16_t payload_size);
uint16_t put_ipv6(uint8_t *at, const uint8_t src[16], const uint8_t dst[16], uint16_t payload_size);
void put16(uint8_t *at, uint16_t value);
void put32(uint8_t *at, uint32_t value);
uint16_t get16(const uint8_t *at);
uint32_t get32(const uint8_t *at);
/* Of an IPv4 header: 0xffff if it is right. */
uint16_t ipv4_sum(const uint8_t *ip);

/* An IPv4/UDP packet with `payload` octets of content that says `mark`. */
struct frame plain(uint32_t src, uint32_t dst, uint16_t payload, uint8_t mark);
/* The IP packet of a frame in a G-PDU from a cell. */
struct frame tunnelled(const struct frame *inner, uint32_t cell, uint32_t teid);
/* A GTP-U message from a cell. */
struct frame message(uint32_t cell, uint16_t src_port, const uint8_t *gtpu, uint16_t size);

/* Gives a frame to the pipeline of a worker, and runs everything until nothing moves any more. ARP
 * requests of the gateway are answered on the way. */
void harness_send(struct harness *h, uint8_t side, const struct frame *frame, uint16_t worker);
/* The same without answers, and without what comes of it. */
void harness_give(struct harness *h, uint8_t side, const struct frame *frame, uint16_t worker);
/* In a packet. */
struct rte_mbuf *harness_packet(struct harness *h, const struct frame *frame);
/* The next frame that left on a side; false: none. */
bool harness_take(struct harness *h, uint8_t side, struct frame *ret_frame);
/* The next frame that left on a side; fails the test if there is none. */
struct frame harness_taken(struct harness *h, uint8_t side);
/* All tables. */
uint64_t harness_digest(const struct harness *h);
/* Fails the test if any frame left, the counter did not count exactly this one, or any table changed. */
void harness_dropped(struct harness *h, uint8_t side, const struct frame *frame,
		     unsigned int counter);

/* Of a frame on the access side: checks all of its outer headers, with `to` as destination. Returns the
 * GTP-U message; *ret_size is its size. */
const uint8_t *outer(const struct frame *frame, uint32_t to, uint16_t *ret_size);
/* Of a downlink G-PDU without extension headers: where its IP packet begins. */
const uint8_t *g_pdu(const struct frame *frame, uint32_t to, uint32_t teid);

/* Packets that the gateway keeps for later. */
uint32_t harness_waiting(const struct harness *h);
/* NULL: none. */
const struct gateway_session *harness_session(const struct harness *h, uint32_t teid);

#endif
