/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which subscriber is in which cell, and how they change: the generator's part that plays all the
 * cells of a mobile network. Subscriber i is flow i of the ledger.
 *
 * A handover by data: the subscriber's next uplink packet comes out of another cell. It is
 * done when that packet (or a later one) has arrived behind the gateway: what is sent to the
 * subscriber from then on must come to the new cell. The old cell is closed by its end marker.
 *
 * The ledger is told of all this and judges. Pure; allocates only in cells_create().
 */
#ifndef SLIM_BENCH_CELLS_H
#define SLIM_BENCH_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "../judge/ledger.h"

#define CELLS_MIN 3u /* so that nobody goes straight back to the cell that he has just left */
#define CELLS_TEID_GATEWAY 0x40000000u
#define CELLS_TEID_CELL 0x80000000u

/* The gateway's end of a subscriber's tunnel: its low byte is that of the address. */
static inline uint32_t
cells_gateway_teid(uint32_t subscriber_ip)
{
	return CELLS_TEID_GATEWAY | (subscriber_ip & 0xffffffu);
}

/* The cells' end, the same number in every cell. */
static inline uint32_t
cells_teid(uint32_t subscriber)
{
	return CELLS_TEID_CELL + subscriber;
}

struct cells_config {
	uint32_t n_subscribers;
	uint32_t n_cells;
	uint32_t base; /* address of the first cell, host order */
	uint64_t seed;
};

struct cells_counts {
	uint64_t begun;        /* handovers */
	uint64_t done;         /* the gateway has passed on a packet from the new cell */
	uint64_t closed;       /* end markers to the cell that was left */
	uint64_t stray;        /* end markers that nobody waited for */
	uint64_t still_moving; /* times that a subscriber's turn came while he still changed */
};

struct cells;

/* -EINVAL: fewer than CELLS_MIN cells, no subscribers; -ENOMEM. Subscriber i begins in cell
 * i % n_cells. */
int cells_create(const struct cells_config *config, struct ledger *ledger,
		 struct cells **ret_cells);
void cells_destroy(struct cells *c);

/* Begins the handover of one subscriber, by chance. False: the one whose turn it was still changes. */
bool cells_handover(struct cells *c, uint32_t *ret_subscriber);

/* Address of the cell out of which the subscriber sends now. */
uint32_t cells_address(const struct cells *c, uint32_t subscriber);

/* An uplink packet of this number is sent, or taken back. */
void cells_sent(struct cells *c, uint32_t subscriber, uint32_t seq);
void cells_unsent(struct cells *c, uint32_t subscriber, uint32_t seq);

/* It has arrived behind the gateway. */
void cells_uplink_arrived(struct cells *c, uint32_t subscriber, uint32_t seq, uint64_t now_ns);

/* An end marker came to a cell. */
void cells_end_marker(struct cells *c, uint32_t cell_ip, uint32_t teid);

/* What a downlink packet for this tunnel of a cell says to the ledger (ledger_arrival.cell). */
uint32_t cells_seen(const struct cells *c, uint32_t subscriber, uint32_t cell_ip, uint32_t teid);

/* Octets of IP packets that came through the gateway, for the comparison with its own counters. */
void cells_count_usage(struct cells *c, uint32_t subscriber, enum ledger_direction direction,
		       uint32_t size);
uint64_t cells_usage(const struct cells *c, uint32_t subscriber, enum ledger_direction direction);

struct cells_counts cells_counts(const struct cells *c);
uint32_t cells_n_subscribers(const struct cells *c);

#endif
