/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One proof. Flow caches first, of each bridge by itself (one control socket may serve several
 * bridges, and one pattern may fit several sockets); then, if need be, samples of counters until they
 * stand still.
 */
#include "quiet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "fresh.h"
#include "log.h"

#define SAMPLE_MAX_NS UINT64_C(200000000)

struct part {
	struct quiet *quiet;
	struct fresh *fresh; /* NULL: ended */
};

struct quiet {
	struct event_base *base;
	struct quiet_config config;
	quiet_done_fn *done;
	void *ctx;
	struct event *timer; /* next sample, or the end */
	uint64_t end_ns;
	struct part parts[TOPOLOGY_MAX_BRIDGES];
	unsigned n_waiting; /* control sockets or bridges that have not answered */
	bool use_counters;
	enum quiet_outcome outcome;
	char error[FRESH_TEXT_SIZE]; /* of a proof, when counters do not help */
	bool failed;
	bool sampled;
	uint64_t sum;      /* of this sample */
	uint64_t last_sum; /* of the one before */
	uint64_t still_since_ns;
};

static void
destroy(struct quiet *q)
{
	for (unsigned i = 0; i < TOPOLOGY_MAX_BRIDGES; i++)
		fresh_cancel(q->parts[i].fresh);
	for (unsigned b = 0; b < q->config.topology->n_bridges; b++) {
		bridge_cancel(q->config.bridges[b], q);
		bridge_cancel(q->config.bridges[b], &q->parts[b]);
	}
	if (q->timer)
		event_free(q->timer);
	free(q);
}

static void
finish(struct quiet *q, enum quiet_outcome outcome, const char *text)
{
	quiet_done_fn *done = q->done;
	void *ctx = q->ctx;
	char copy[FRESH_TEXT_SIZE];

	snprintf(copy, sizeof(copy), "%s", text);
	destroy(q);
	done(ctx, outcome, copy);
}

static void
wait_until(struct quiet *q, uint64_t at_ns)
{
	uint64_t now = clock_now_ns(), wait = at_ns > now ? at_ns - now : 0;
	struct timeval tv = {.tv_sec = (time_t)(wait / 1000000000),
			     .tv_usec = (suseconds_t)(wait % 1000000000 / 1000)};

	event_add(q->timer, &tv);
}

/* ---- counters ------------------------------------------------------------------ */

static void
on_flow(void *ctx, const struct of_flow *flow)
{
	struct quiet *q = ctx;

	q->sum += flow->packets;
}

static void
on_port_stats(void *ctx, const struct of_port_stats *stats)
{
	struct part *part = ctx;
	struct quiet *q = part->quiet;

	for (unsigned i = 0; i < q->config.n_ports; i++) {
		if (q->config.ports[i].bridge == (unsigned)(part - q->parts) &&
		    q->config.ports[i].number == stats->number)
			q->sum += stats->tx_packets;
	}
}

static void
judge_sample(struct quiet *q)
{
	uint64_t now = clock_now_ns(), pause = q->config.still_ns / 5;

	if (q->failed) {
		finish(q, QUIET_GONE, "a switch has gone while its counters were watched");
		return;
	}
	if (!q->sampled || q->sum != q->last_sum)
		q->still_since_ns = now;
	q->sampled = true;
	q->last_sum = q->sum;
	if (now - q->still_since_ns >= q->config.still_ns)
		finish(q, QUIET_PROVEN, "");
	else if (now >= q->end_ns)
		finish(q, QUIET_LATE, "packets still take the old path, or nobody can tell");
	else
		wait_until(q, now + (pause < SAMPLE_MAX_NS ? pause : SAMPLE_MAX_NS));
}

static void
on_bridge_done(struct quiet *q, const char *error)
{
	q->failed |= error != NULL;
	if (--q->n_waiting > 0)
		return;
	judge_sample(q);
}

static void
on_flows_done(void *ctx, const char *error)
{
	on_bridge_done(ctx, error);
}

static void
on_ports_done(void *ctx, const char *error)
{
	struct part *part = ctx;

	on_bridge_done(part->quiet, error);
}

static void
sample_bridge(struct quiet *q, unsigned b)
{
	int result = q->config.cookie != 0
			     ? bridge_read_flows(q->config.bridges[b], q->config.cookie, UINT64_MAX,
						 on_flow, on_flows_done, q)
			     : bridge_read_port_stats(q->config.bridges[b], on_port_stats,
						      on_ports_done, &q->parts[b]);

	if (result < 0)
		q->failed = true;
	else
		q->n_waiting++;
}

static void
take_sample(struct quiet *q)
{
	q->sum = 0;
	for (unsigned b = 0; b < q->config.topology->n_bridges; b++) {
		if (q->config.concerned & (1u << b))
			sample_bridge(q, b);
	}
	if (q->n_waiting == 0)
		judge_sample(q);
}

/* ---- flow caches ---------------------------------------------------------------------- */

/* All have answered. */
static void
conclude(struct quiet *q)
{
	if (q->use_counters)
		take_sample(q);
	else
		finish(q, q->outcome, q->error);
}

/* Counters help where nothing may pass any more. Where traffic goes on they tell nothing: a switch that
 * could prove its cache must do so, and one that never can is taken as it is. */
static void
on_fresh(void *ctx, const struct fresh_result *result)
{
	struct part *part = ctx;
	struct quiet *q = part->quiet;
	unsigned b = (unsigned)(part - q->parts);
	bool cannot = result->fault == FRESH_TWO_KINDS || result->fault == FRESH_OFFLOAD;

	part->fresh = NULL;
	if (q->config.on_fresh)
		q->config.on_fresh(q->config.fresh_ctx, b, result);
	if (result->fault != FRESH_PROVEN && (!q->config.control_only || cannot)) {
		log_warn("flow cache not proven fresh, %s bridge=%s: %s",
			 q->config.control_only ? "going on without" : "watching counters",
			 q->config.topology->bridges[b].name, result->text);
		q->use_counters |= !q->config.control_only;
	} else if (result->fault != FRESH_PROVEN) {
		q->outcome = fresh_fault_lasts(result->fault) ? QUIET_CANNOT : QUIET_LATE;
		snprintf(q->error, sizeof(q->error), "bridge %.31s: %.140s",
			 q->config.topology->bridges[b].name, result->text);
	}
	if (--q->n_waiting == 0)
		conclude(q);
}

static int
start_fresh(struct quiet *q, unsigned b)
{
	struct fresh_config config = {.topology = q->config.topology,
				      .bridges = q->config.bridges,
				      .bridge = b,
				      .timeout_ns = q->config.deadline_ns};
	int result;

	if (q->config.topology->bridges[b].control[0] == '\0') {
		q->use_counters |= !q->config.control_only;
		if (q->config.control_only)
			log_warn("no control socket, the flow cache is not proven fresh bridge=%s",
				 q->config.topology->bridges[b].name);
		return 0;
	}
	result = fresh_start(q->base, &config, on_fresh, &q->parts[b], &q->parts[b].fresh);
	if (result == 0)
		q->n_waiting++;
	return result;
}

/* ---- life ----------------------------------------------------------------------------- */

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	conclude(ctx);
}

int
quiet_start(struct event_base *base, const struct quiet_config *config, quiet_done_fn *done,
	    void *ctx, struct quiet **ret)
{
	struct quiet *q = calloc(1, sizeof(*q));
	int result = 0;

	if (!q)
		return -ENOMEM;
	q->base = base;
	q->config = *config;
	q->done = done;
	q->ctx = ctx;
	q->end_ns = clock_now_ns() + config->deadline_ns;
	q->timer = evtimer_new(base, on_timer, q);
	for (unsigned b = 0; b < TOPOLOGY_MAX_BRIDGES; b++)
		q->parts[b].quiet = q;
	for (unsigned b = 0; b < config->topology->n_bridges && result == 0 && q->timer; b++) {
		if (config->concerned & (1u << b))
			result = start_fresh(q, b);
	}
	if (result < 0 || !q->timer) {
		destroy(q);
		return -ENOMEM;
	}
	if (q->n_waiting == 0)
		wait_until(q, 0);
	*ret = q;
	return 0;
}

void
quiet_cancel(struct quiet *q)
{
	if (q)
		destroy(q);
}

void
quiet_waits_for(const struct quiet *q, char *text, size_t size)
{
	for (unsigned b = 0; b < q->config.topology->n_bridges; b++) {
		if (q->parts[b].fresh) {
			snprintf(text, size, "bridge %s: %s", q->config.topology->bridges[b].name,
				 fresh_waits_for(q->parts[b].fresh));
			return;
		}
	}
	snprintf(text, size, "counters to stand still");
}
