/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions made by hand, and frames, for tests of whole concentrators. Frames are built and taken apart octet by octet, by code
 * that shares nothing with the concentrator's.
 *
 * Beside the network of harness_test.h there are a pool 198.51.100.0/28 and a /56 of IPv6.
 */
#ifndef PPPOE_WHOLE_TEST_H
#define PPPOE_WHOLE_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "automaton.h"
#include "harness_test.h"

/* harness_defaults(), and those pools. */
void whole_defaults(struct pppoe_config *config);

#define FRAME_MAX 2048u
#define SERVER IP(203, 0, 113, 10)

/* Tables as the concentrator creates them. */
enum { SESSIONS, LINES, SECRETS, N_MOVED };

/* A frame in memory. */
struct frame {
	uint16_t size;
	uint8_t bytes[FRAME_MAX];
};

/* ---- sessions ---------------------------------------------------------------------------------------- */

/* A client's: its MAC address is 02:00:00:00:a:b. */
struct rte_ether_addr harness_client(uint8_t a, uint8_t b);
/* A session of it, as after PADS, by the worker whose it is. NF_NO_SLOT: refused. */
uint32_t harness_add(struct harness *h, uint8_t a, uint8_t b);
/* All machines are open, it has logged in, and has addresses, as far as there are any. */
void harness_open_session(struct harness *h, uint32_t slot);
void harness_remove(struct harness *h, uint32_t slot);

/* ---- packets ------------------------------------------------------------------------------------------ */

/* UDP of a client in its session, to the core; and from the core to a client. */
struct frame up(const struct pppoe_session *session, uint32_t to);
struct frame down(uint32_t from, const struct pppoe_session *session);
/* A discovery packet of a client. Tags stand as they are sent. */
struct frame discovery(const struct rte_ether_addr *client, uint8_t code, const void *tags,
		       uint16_t size);

void harness_send(struct harness *h, uint8_t side, const struct frame *frame, uint16_t worker);
bool harness_take(struct harness *h, uint8_t side, struct frame *ret_frame);
/* What is left on both sides is of no concern. */
void harness_drain_all(struct harness *h);

#endif
