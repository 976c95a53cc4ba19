/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports without a network: what a worker receives is an array of packets made before, what it
 * transmits ends in another. Both cost a handful of instructions a burst.
 *
 * A port is a DPDK null device, set up as any other, whose burst functions are replaced.
 * One queue each way. One thread.
 *
 * With `driver` a port does what DPDK's null device does in its copy mode: each packet that is received is taken
 * from the pool and filled, each that is transmitted is copied and given back. So the loop pays for
 * buffers and a driver, as a program between two null devices does.
 */
#ifndef BENCH_LOOP_WIRE_H
#define BENCH_LOOP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#define WIRE_SIZE 8192u /* packets in either direction */

#define WIRE_BYTES (1u << 20) /* of the copies of what was transmitted, with `driver` */

struct wire {
	uint16_t port_id;
	uint16_t burst; /* most packets of one receive call */
	bool driver;
	struct rte_mempool *pool;
	uint32_t n_bytes;         /* in `bytes` */
	uint16_t size[WIRE_SIZE]; /* of each copy; they stand one behind the other */
	uint8_t *bytes;
	uint32_t n_in;
	uint32_t at_in;
	uint32_t n_out;
	void *rx_queue; /* this wire; the device's queue pointers point here */
	struct rte_mbuf *in[WIRE_SIZE];
	struct rte_mbuf *out[WIRE_SIZE];
};

/* Opens DPDK port `port_id`, which is a null device. Negative errno. */
int wire_open(struct wire *wire, uint16_t port_id, uint16_t burst, bool driver,
	      struct rte_mempool *pool);

/* Puts a packet where the worker will receive it. False: no room. */
bool wire_offer(struct wire *wire, struct rte_mbuf *m);

/* What was transmitted: `n_out` packets in `out`. They are the caller's after this call; the
 * wire is empty again. Call it when everything offered was received. */
uint32_t wire_take(struct wire *wire);

static inline uint32_t
wire_waiting(const struct wire *wire)
{
	return wire->n_in - wire->at_in;
}

#endif
