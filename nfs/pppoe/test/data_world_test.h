/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients with open sessions, for tests of the packet path. Packets are built and taken apart octet by octet, by code
 * that shares nothing with the concentrator's; what is not as it must be fails the test.
 */
#ifndef PPPOE_DATA_WORLD_TEST_H
#define PPPOE_DATA_WORLD_TEST_H

#include "harness_test.h"

#define SERVER IP(203, 0, 113, 10)
#define FAR_SERVER IP(8, 8, 8, 8)
#define GATEWAY IP(100, 64, 0, 1)
#define CORE_OWN IP(203, 0, 113, 1)

extern const uint8_t server_6[16], core_own_6[16], core_router_6[16], link_own_6[16];

struct client {
	uint8_t mac[6];
	uint16_t outer, inner; /* 0: no tag */
	uint16_t id;
	uint32_t ipv4;
	uint8_t ipv6[16]; /* one of its /64 */
	uint8_t link[16]; /* of the link */
	uint32_t slot;
	uint16_t worker;
};

/* Octets of a packet or a frame. */
struct octets {
	uint16_t size;
	uint8_t at[2300];
};

/* harness_defaults(), with a /48 of IPv6, and TCP's segments cut to size. */
void data_defaults(struct pppoe_config *config);

/* ---- clients ------------------------------------------------------------------------------------------------- */

/* One whose MAC address has this last octet, with both protocols open. `mru`: what it takes. */
struct client client_of(struct harness *h, uint8_t last, uint16_t outer, uint16_t inner,
			uint16_t mru);
struct pppoe_session *session_of(struct harness *h, const struct client *c);
/* The core's IPv6 router tells its MAC address. */
void tell_router(struct harness *h);

/* ---- building ------------------------------------------------------------------------------------------------ */

void write16(uint8_t *at, uint16_t n);
uint16_t read16(const uint8_t *at);
uint32_t read32(const uint8_t *at);
/* One's complement sum; of what is right 0xffff. */
uint16_t sum_of(const uint8_t *at, uint32_t size, uint32_t sum);

/* IP packets; checksums are right. `protocol` is that of what follows: `size` octets of `payload`, NULL: of a pattern. */
struct octets ipv4(uint32_t from, uint32_t to, uint8_t protocol, const void *payload,
		   uint16_t size);
struct octets ipv6(const uint8_t from[16], const uint8_t to[16], uint8_t protocol,
		   const void *payload, uint16_t size);
/* After a change of an IPv4 header. */
void seal(struct octets *ip);
/* An ICMPv6 message with its checksum, from its type on. */
struct octets icmpv6(const uint8_t from[16], const uint8_t to[16], const void *message,
		     uint16_t size);
/* A TCP SYN that announces `mss`. */
struct octets syn(uint32_t from, uint32_t to, uint16_t mss);
struct octets syn_6(const uint8_t from[16], const uint8_t to[16], uint16_t mss);

/* A PPP packet of a session, in a frame; a packet in a frame of the core. */
struct octets framed(const struct client *c, uint16_t protocol, const struct octets *packet);
struct octets core_framed(const struct octets *ip);

/* ---- running ------------------------------------------------------------------------------------------------- */

/* Gives a frame to worker 0, and all is done that comes of it. */
void give(struct harness *h, uint8_t side, const struct octets *frame);
/* Of a client; to a client. */
void give_up(struct harness *h, const struct client *c, const struct octets *ip);
void give_down(struct harness *h, const struct octets *ip);
/* Counted once, nothing left, and no table changed. */
void refused(struct harness *h, uint8_t side, const struct octets *frame, unsigned int counter);
void refused_up(struct harness *h, const struct client *c, const struct octets *ip,
		unsigned int counter);
void refused_down(struct harness *h, const struct octets *ip, unsigned int counter);

/* The next PPP packet that left for a client, behind its protocol field; no other frame may come before it. */
struct octets taken_ppp(struct harness *h, const struct client *c, uint16_t protocol);
/* The next IP packet that left for a client, or into the core. */
struct octets taken_down(struct harness *h, const struct client *c);
struct octets taken_up(struct harness *h,
		       uint32_t next); /* `next`: the neighbour; 0: the IPv6 router */

/* The packet passed as it was, one hop on. */
void assert_passed(const struct octets *in, const struct octets *out);
void assert_counted(const struct harness *h, unsigned int counter, uint64_t n);

#endif
