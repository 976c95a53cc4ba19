/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof that a path through the switches is quiet: that no packet takes it any more because of
 * rules that have been changed.
 *
 * For each switch whose control socket is known, fresh.h proves its flow cache fresh. If that is
 * not possible for one of them, counters decide: those of the rules with a cookie (the
 * redirect of the session: a straggler that comes to the source is counted there), or of ports (the
 * perimeter ports, when nothing may leave). They must stand still for a time.
 *
 * Where traffic goes on, counters tell nothing. Then (control_only) a control socket that is configured
 * must prove. A switch without one is taken as it is, and so is one that never can prove it (two kinds of
 * datapath, hardware offload).
 */
#ifndef OFCTL_IO_QUIET_H
#define OFCTL_IO_QUIET_H

#include <stdbool.h>
#include <stdint.h>

#include "fresh.h"
#include "topology.h"

struct event_base;
struct quiet;

struct quiet_port {
	unsigned bridge;
	uint32_t number;
};

struct quiet_config {
	const struct topology *topology;
	struct bridge *const *bridges; /* by index of the topology; kept by the caller */
	uint32_t concerned;            /* bits: bridges */
	bool control_only;             /* never look at counters */
	uint64_t cookie;               /* 0: ports are counted */
	unsigned n_ports;
	struct quiet_port ports[SLIM_MAX_PORTS];
	uint64_t still_ns;
	uint64_t deadline_ns; /* from now */
	/* Optional: how the flow cache of each bridge was proven, or why not. */
	void (*on_fresh)(void *ctx, unsigned bridge, const struct fresh_result *result);
	void *fresh_ctx;
};

enum quiet_outcome {
	QUIET_PROVEN,
	QUIET_LATE,   /* it took too long, or it is not quiet */
	QUIET_GONE,   /* a switch has gone */
	QUIET_CANNOT, /* the control socket is not the one that it should be */
};

/* text: what is wrong. Never from within quiet_start(). The proof is gone after the return. */
typedef void quiet_done_fn(void *ctx, enum quiet_outcome outcome, const char *text);

/* 0 or -ENOMEM. */
int quiet_start(struct event_base *base, const struct quiet_config *config, quiet_done_fn *done,
		void *ctx, struct quiet **ret);

/* For showing. */
void quiet_waits_for(const struct quiet *quiet, char *text, size_t size);

/* Gives up without a call; before the bridges are destroyed. NULL is allowed. */
void quiet_cancel(struct quiet *quiet);

#endif
