/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof that the flow cache of one switch is fresh: that no packet follows rules which were changed
 * before the proof began. Over Open vSwitch's control socket ("revalidator/wait" answers when a
 * round over the cache has ended), twice, and nudged: rounds start every half second, or at once
 * when a rule changes, so after each request a rule of our own is changed, again every
 * FRESH_NUDGE_MS until the answer is there. In between the switch is woken every FRESH_KNOCK_MS: it
 * may sleep on an answer. docs/decisions has why this proves it.
 *
 * First the right socket is found by asking: the one whose switch has the bridge. A name is all that it can be
 * known by; where the name may mean another bridge of the topology, nothing is proven.
 */
#ifndef OFCTL_IO_FRESH_H
#define OFCTL_IO_FRESH_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge.h"
#include "topology.h"

#define FRESH_ROUNDS 2u
#define FRESH_NUDGE_MS 30u
#define FRESH_KNOCK_MS 5u
#define FRESH_TEXT_SIZE 192u

struct fresh;

enum fresh_fault {
	FRESH_PROVEN, /* none */
	/* As it is set up the switch cannot prove it: */
	FRESH_NO_SOCKET, /* nobody answers where the pattern points */
	FRESH_STRANGER,  /* those who answer do not have the bridge, or it cannot be told */
	FRESH_TWO_KINDS, /* two kinds of datapath in one process: it does not wait */
	FRESH_OFFLOAD,   /* flows in hardware are changed behind the rounds */
	/* This time it did not: */
	FRESH_LATE,
	FRESH_BROKEN, /* a connection ended, or an answer makes no sense */
};

struct fresh_result {
	enum fresh_fault fault;
	const char *text; /* what is wrong, "" when proven */
	const char *
		socket; /* that proved it, or ""; in its place one may have been configured badly */
	bool guessed;   /* the socket does not fit the pattern, but has the bridge */
	uint64_t took_ns;
};

/* `result` is valid during the call; the proof is gone after it. Never from within fresh_start(). */
typedef void fresh_done_fn(void *ctx, const struct fresh_result *result);

struct fresh_config {
	const struct topology *topology;
	struct bridge *const *bridges; /* by index of the topology; both kept by the caller */
	unsigned bridge;               /* which one; its `control` is given */
	uint64_t timeout_ns;
};

/* `control` of the bridge is a path, or a glob(7) pattern. If nothing that fits has the bridge, every *.ctl
 * in the same folder is asked. 0 or -ENOMEM. */
int fresh_start(struct event_base *base, const struct fresh_config *config, fresh_done_fn *done,
		void *ctx, struct fresh **ret);

/* Gives up without a call; before the bridge is destroyed. NULL is allowed. */
void fresh_cancel(struct fresh *fresh);

/* Would another proof fail the same way until somebody changes the set-up? */
bool fresh_fault_lasts(enum fresh_fault fault);

/* For showing what a proof waits for: "control socket", "round 2 of 2" and the like. */
const char *fresh_waits_for(const struct fresh *fresh);

#endif
