/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a control plane has the workers do (nfs/common/control/mailbox.h): sessions are made, changed, moved to
 * another cell and removed, by the worker that owns their bucket, and only while this instance serves; else
 * NF_NOT_OWNER. The words of it are in commands.h.
 */
#ifndef GATEWAY_ORDERS_H
#define GATEWAY_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "worker.h"
#include "session_entry.h"

/* nf_job.kind */
enum gateway_order_kind {
	GATEWAY_ORDER_ADD = 1,
	GATEWAY_ORDER_MODIFY,
	GATEWAY_ORDER_REMOVE,
	GATEWAY_ORDER_SWITCH,
};

/* What an order says of the session. */
enum gateway_given {
	GATEWAY_GIVEN_IPV4 = 1 << 0,
	GATEWAY_GIVEN_IPV6 = 1 << 1,
	GATEWAY_GIVEN_CELL = 1 << 2,
	GATEWAY_GIVEN_QFI = 1 << 3,
	GATEWAY_GIVEN_UPLINK = 1 << 4,
	GATEWAY_GIVEN_DOWNLINK = 1 << 5,
};

/* The arguments of a job. */
struct gateway_order {
	uint32_t given; /* enum gateway_given */
	uint32_t teid;
	rte_be32_t ipv4;
	uint8_t ipv6[16];
	struct gateway_cell cell;
	uint8_t qfi;
	uint8_t container;
	uint64_t uplink_rate;
	uint64_t uplink_burst;
	uint64_t downlink_rate;
	uint64_t downlink_burst;
};

_Static_assert(sizeof(struct gateway_order) <= NF_JOB_ARGS, "an order fits into a job");

/* nf_ops.job. */
bool gateway_job(struct nf_worker *nf, struct nf_job *job);

#endif
