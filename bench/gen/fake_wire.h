/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests only: what stands between the two sides of a generator. A translator with a
 * fixed delay each way, which does things wrong on purpose, each to one packet.
 */
#ifndef SLIM_BENCH_FAKE_WIRE_H
#define SLIM_BENCH_FAKE_WIRE_H

#include <stdint.h>

#include "traffic.h"

enum fake_trouble {
	FAKE_NONE,
	FAKE_DROP,        /* the packet never arrives */
	FAKE_TWICE,       /* it arrives twice */
	FAKE_SWAP,        /* the flow's next packet overtakes it */
	FAKE_REMAP,       /* it shows another external port (up) or comes to another flow (down) */
	FAKE_DAMAGE,      /* a byte of it changes, its checksum is right */
	FAKE_CHECKSUM,    /* its checksum is wrong */
	FAKE_NO_CHECKSUM, /* its checksum is left out */
	FAKE_DELAY,       /* it and all behind it wait for extra_ns */
};

#define FAKE_MAX_TROUBLES 16u

/* What goes wrong, and the packet that meets it. */
struct fake_meeting {
	enum fake_trouble trouble;
	enum ledger_direction direction;
	uint32_t flow;
	uint32_t seq;
};

struct fake_wire_config {
	uint64_t delay_ns;
	uint64_t extra_ns; /* of FAKE_DELAY */
	unsigned n_meetings;
	struct fake_meeting meetings[FAKE_MAX_TROUBLES];
	uint8_t macs[TRAFFIC_N_SIDES][FRAME_MAC_SIZE]; /* the translator's own */
	uint32_t ips[TRAFFIC_N_SIDES];
};

struct fake_wire;

struct fake_wire *fake_wire_create(const struct fake_wire_config *config);
void fake_wire_destroy(struct fake_wire *w);

/* A frame from the generator's side `from`. */
void fake_wire_put(struct fake_wire *w, enum traffic_side from, const uint8_t *frame, size_t size,
		   uint64_t now_ns);

/* The next frame for the generator's side `to`, if its time has come: its size, else 0.
 * `frame` has FRAME_MAX_SIZE bytes. */
size_t fake_wire_get(struct fake_wire *w, enum traffic_side to, uint64_t now_ns, uint8_t *frame);

#endif
