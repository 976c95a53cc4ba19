/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one switch was asked and has not answered. A request knows the transaction ids that are its
 * own; whatever answer or error carries one of them belongs to it. Every request ends: by its answer,
 * by its deadline, or with the connection.
 */
#ifndef OFCTL_IO_REQUEST_H
#define OFCTL_IO_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "openflow.h"

#define REQUEST_MAX 256u /* under way at one switch */
#define REQUEST_TEXT_SIZE 128u

enum request_kind {
	REQUEST_FLOWS,
	REQUEST_PORT_STATS,
	REQUEST_STAGE,
	REQUEST_COMMIT,
	REQUEST_BARRIER,
};

/* error: NULL, or a text that is valid during the call. */
typedef void request_done_fn(void *ctx, const char *error);
typedef void request_flow_fn(void *ctx, const struct of_flow *flow);
typedef void request_port_stats_fn(void *ctx, const struct of_port_stats *stats);

/* Transaction ids, both ends in it. They count up and may wrap. */
struct request_ids {
	uint32_t first;
	uint32_t last;
};

struct request {
	enum request_kind kind;
	struct request_ids ids;    /* the answer to the last one ends it */
	struct request_ids bundle; /* COMMIT: errors of these are the commit's */
	uint64_t deadline_ns;
	bool committed;
	char error[REQUEST_TEXT_SIZE]; /* the first one */
	request_flow_fn *on_flow;
	request_port_stats_fn *on_stats;
	request_done_fn *done;
	void *ctx;
};

struct requests {
	struct request list[REQUEST_MAX]; /* oldest first */
	unsigned n;
};

/* A new one, behind all others; NULL when there is no room. */
struct request *requests_add(struct requests *requests, enum request_kind kind,
			     request_done_fn *done, void *ctx);
struct request *requests_find(struct requests *requests, uint32_t xid);
/* Takes it out and calls `done`. */
void requests_end(struct requests *requests, struct request *request);
void requests_end_all(struct requests *requests, const char *error);
/* Takes out all of this context without a call. */
void requests_drop(struct requests *requests, const void *ctx);
/* Keeps the first. */
void request_fail(struct request *request, const char *error);

#endif
