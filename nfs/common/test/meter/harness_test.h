/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shortest NF on the frame, with its harness: what is written for a new one before there is any protocol. It
 * forwards from each of two sides to the other, and counts the packets of each IPv4 source address in a table; the
 * bucket is the address's low octet. Hosts around: 192.0.2.0/24 on both sides, the NF .1 and .2.
 */
#ifndef METER_HARNESS_TEST_H
#define METER_HARNESS_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "counter.h"
#include "share.h"
#include "side.h"
#include "worker.h"

#define METER_N_SIDES 2u

enum meter_counter { METER_forwarded = NF_N_COUNTERS, METER_drop_short, METER_drop_full };

struct meter_config {
	uint16_t n_workers;
	uint32_t capacity;
	struct nf_side sides[METER_N_SIDES];
	bool writes_first; /* wrong: a packet that is dropped for want of room has written a row */
	bool asks_itself;  /* wrong: asks ARP for its own address at each tick */
};

struct meter_entry {
	rte_be32_t address;
	uint32_t first_side; /* where it was first seen */
	uint64_t packets;
};

/* Of one worker. */
struct meter_share {
	struct nf_share share;
};

struct meter {
	struct meter_config config;
	struct nf_shares shares;
};

#define HARNESS_CONFIG struct meter_config
#define HARNESS_OWN struct meter *meter;
#include "nf_harness_test.h"

/* A frame of an address; `size` octets, 60 at least are whole. */
struct rte_mbuf *meter_packet(struct harness *h, uint32_t from, uint16_t size);
/* NULL: it was not seen. */
const struct meter_entry *meter_entry(const struct harness *h, uint32_t from);

#endif
