/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of the concentrator's with its agent, alone: no ports, no packets, the workers one after the other in the
 * test's thread. Rows of another instance are stored and removed by the agent's own code (agent/rows.h), each into the
 * slot that the table gives.
 */
#ifndef PPPOE_FIXTURE_TEST_H
#define PPPOE_FIXTURE_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "slim.h"

#define SECOND UINT64_C(1000000000)
#define START (1000 * SECOND)    /* what tests begin at */
#define TICK (UINT64_C(1) << 27) /* a wheel is this late at most */

struct fixture {
	struct slim_agent *agent;
	bool active;
	uint16_t n_workers;
};

/* Starts the EAL once a process; false if it does not start. */
bool fixture_start_eal(void);

/* An agent that is created but not started; the test creates its table, then starts it. */
void fixture_open(struct fixture *f, uint16_t n_workers, bool active);
void fixture_start(struct fixture *f);
void fixture_close(struct fixture *f);

struct slim_worker *fixture_worker(const struct fixture *f, uint16_t worker);
const struct slim_slot_head *fixture_head(const struct slim_table *table, uint32_t slot);

/* A row that comes: for a source slot that stands for nothing yet (`slot` is SLIM_NO_SLOT), or for the slot where it came
 * before. Returns its slot; SLIM_NO_SLOT: refused. */
uint32_t fixture_put(struct fixture *f, const struct slim_table *table, uint32_t slot,
		     uint8_t bucket, const void *row);
void fixture_delete(struct fixture *f, const struct slim_table *table, uint32_t slot);

#endif
