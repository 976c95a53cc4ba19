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

#define HARNESS_WORKERS 4
#define HARNESS_SECOND UINT64_C(1000000000)
#define FRAME_MAX 2048u

#define IP(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define GATEWAY IP(192, 0, 2, 1)
#define CELL_1 IP(192, 0, 2, 11)
#define CELL_2 IP(192, 0, 2, 12)
#define SUBSCRIBER IP(100, 64, 3, 7)
#define SERVER IP(203, 0, 113, 10)
#define TEID 0x00010007u      /* of the gateway, for SUBSCRIBER */
#define CELL_TEID 0x0000a001u /* of cell 1 */

struct harness {
	struct gateway_config config;
	struct gateway *gateway;
	struct slim_agent *agent;
	struct rte_mempool *pool;
	uint64_t now_ns;
	struct nf_worker nf[HARNESS_WORKERS];
	struct gateway_worker workers[HARNESS_WORKERS];
	unsigned int n_wrong_questions; /* by ARP, for what is no host */
	bool expects_wrong_questions;   /* else the first one fails the test */
};

/* A frame in memory. */
struct frame {
	uint16_t size;
	uint8_t bytes[FRAME_MAX];
};

/* Starts the EAL once a process; false if it does not start. */
bool harness_start_eal(void);

/* Packets of the pool. A test with threads sets HARNESS_THREADS_POOL_SIZE, and has one under a lock
 * (locked_pool_test.h). */
#define HARNESS_POOL_SIZE 4095u
#define HARNESS_THREADS_POOL_SIZE 7000u
extern uint32_t harness_pool_size;

/* Settings of the test's gateway, to be changed before harness_open(). */
void harness_defaults(struct gateway_config *config);
void harness_open(struct harness *h, const struct gateway_config *config, bool active);
/* Fails the test if an mbuf was lost. */
void harness_close(struct harness *h);

/* The core's IPv6 router tells its MAC address, asked or not. */
void harness_tell_router(struct harness *h);

/* Moves time on and runs the timers of all workers. */
void harness_wait(struct harness *h, uint64_t ns);

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
void harness_settle(struct harness *h);
/* The parts: a frame to the pipeline alone; everything but answers to ARP requests. */
void harness_give(struct harness *h, uint8_t side, const struct frame *frame, uint16_t worker);
void harness_deliver(struct harness *h);
/* The next frame that left on a side; false: none. */
bool harness_take(struct harness *h, uint8_t side, struct frame *ret_frame);
/* The next frame that left on a side; fails the test if there is none. */
struct frame harness_taken(struct harness *h, uint8_t side);
/* Fails the test if any frame left. */
void harness_nothing_left(struct harness *h);
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

uint64_t harness_counter(const struct harness *h, unsigned int counter);
uint32_t harness_in_use(const struct harness *h);
/* Packets that the gateway keeps for later. */
uint32_t harness_waiting(const struct harness *h);
/* NULL: none. */
const struct gateway_session *harness_session(const struct harness *h, uint32_t teid);

/* Every derived structure agrees with the slots, by a naive walk over them. */
void harness_check(const struct harness *h);

#endif
