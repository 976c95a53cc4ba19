/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof that a path through the switches is quiet: that no packet takes it any more because of
 * rules that have been changed.
 *
 * For each switch whose control socket is known, control.h proves its flow cache fresh. If that is
 * not possible for one of them, counters decide: those of the rules with a cookie (the
 * redirect of the session: a straggler that comes to the source is counted there), or of ports (the
 * perimeter ports, when nothing may leave). They must stand still for a time.
 *
 * Where traffic goes on, counters tell nothing. Then (control_only) a control socket that is known must
 * prove, and a switch without one is taken as it is.
 */
#ifndef OFCTL_IO_QUIET_H
#define OFCTL_IO_QUIET_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge.h"
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
};

/* error: NULL when proven; unreachable: a switch has gone. Never from within quiet_start(). The
 * proof is gone after the return. */
typedef void quiet_done_fn(void *ctx, const char *error, bool unreachable);

/* 0 or -ENOMEM. */
int quiet_start(struct event_base *base, const struct quiet_config *config, quiet_done_fn *done,
		void *ctx, struct quiet **ret);

/* Gives up without a call, when the bridges have been destroyed. NULL is allowed. */
void quiet_cancel(struct quiet *quiet);

#endif
