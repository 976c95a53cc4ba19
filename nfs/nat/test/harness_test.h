/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A NAT without ports, for tests: packets go in by the pipeline's burst, come out of the FIFOs.
 * All workers run in the caller's thread, one after the other. Time stands still unless
 * the test moves it. Checksums of built packets come from a naive sum of their own.
 *
 * The network around it: inside 100.64.0.0/16 (NAT .1, router .2 for 100.65.0.0/16), outside
 * 203.0.113.0/24 (NAT .1, router .2 for the rest), pool 198.51.100.0 and .1. Every host
 * answers ARP with MAC 02:aa and the address (question_test.h).
 */
#ifndef NAT_HARNESS_TEST_H
#define NAT_HARNESS_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "counters.h"
#include "icmp.h"
#include "mapping.h"
#include "mtu.h"
#include "nat.h"
#include "packet.h"
#include "parse.h"
#include "pipeline.h"
#include "round.h"

#define HARNESS_CONFIG struct nat_config
#define HARNESS_OWN      \
	struct nat *nat; \
	struct nat_worker workers[SLIM_MAX_WORKERS];
#include "nf_harness_test.h"

#define SUBSCRIBER IP(100, 64, 3, 7) /* on-link */
#define SERVER IP(203, 0, 113, 10)

/* A packet in words, all in host order. */
struct harness_packet {
	uint8_t side;
	uint8_t protocol; /* IPPROTO_ */
	uint32_t src, dst;
	uint16_t src_port, dst_port; /* ICMP: src_port is the query id */
	uint8_t tcp_flags;           /* 0: ACK */
	uint8_t tcp_scale;           /* window scale option, plus 1; 0: none */
	uint16_t tcp_window;
	uint32_t tcp_seq, tcp_ack;
	bool wrong_checksum; /* TCP */
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint16_t icmp_mtu; /* fragmentation needed: of the next hop */
	uint16_t id;       /* identification; 0: 0x1234 */
	bool dont_fragment;
	uint8_t ttl;                         /* 0: 64 */
	uint16_t payload;                    /* bytes */
	bool no_checksum;                    /* UDP */
	const struct harness_packet *quoted; /* ICMP error: the packet that it is about */
	uint16_t quoted_size;                /* bytes of it, from its IPv4 header; 0: all */
};

/* Expires all whose time is over now, as the timers do a tick later. */
void harness_sweep(struct harness *h);

/* A UDP packet with a payload of bytes. */
struct rte_mbuf *harness_build_udp(struct harness *h, const struct harness_packet *p,
				   const void *payload, uint16_t size);
struct rte_mbuf *harness_build(struct harness *h, const struct harness_packet *p);

/* Gives a frame to the pipeline of a worker (with its tag if the side has one), and runs everything until nothing moves any more. ARP
 * requests of the NAT are answered on the way. */
void harness_send(struct harness *h, uint8_t side, struct rte_mbuf *m, uint16_t worker);

/* harness_take_mbuf() */
struct rte_mbuf *harness_take(struct harness *h, uint8_t side);

/* Sends by worker 0 and returns the only packet that left on `to_side`, in words; fails the test if there
 * is none, more than one, or a wrong checksum in it. */
struct harness_packet harness_pass(struct harness *h, const struct harness_packet *p,
				   uint8_t to_side);
/* All tables; `neighbours`: also what is known of hosts around. */
uint64_t harness_digest(const struct harness *h, bool neighbours);

/* Sends, and fails the test if anything left, the counter did not count it, or any table changed. */
void harness_dropped(struct harness *h, const struct harness_packet *p, unsigned int counter);

/* Sends a packet from inside that makes no mapping: counted, and its sender told by ICMP unreachable of
 * this code. */
void harness_refused(struct harness *h, const struct harness_packet *p, uint8_t code,
		     unsigned int counter);

/* Takes a frame apart and checks all its checksums by naive sums. */
struct harness_packet harness_parse(const struct rte_mbuf *m);

/* Takes all that left on a side, fragments of one datagram of at most `mtu` bytes in any order, and puts
 * them together; fails the test if a piece or anything in a header does not fit. */
struct harness_packet harness_join(struct harness *h, uint8_t side, uint16_t mtu,
				   uint32_t *ret_n_pieces);

/* The slot of a mapping, by inside address, port (host order) and IPPROTO; NULL: none. */
const struct nat_session *harness_session(struct harness *h, uint32_t address, uint16_t port,
					  uint8_t protocol);
uint32_t harness_n_sessions(const struct harness *h);

#endif
