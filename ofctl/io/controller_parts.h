/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the controller: a lane for each service, and one for what is of no service (guards, and rules of
 * services that are not there). In a lane one operation goes on at a time, calls and repairs alike;
 * lanes do not wait for each other. A slow switch delays the services that use it and no others.
 *
 * What the parts of the controller share, and what all of them ask; lower parts come first:
 *
 *	op.c			an operation: its rules, by change.c
 *	lane.c			a lane is left, and wants a repair
 *	repair.c		rules that are not as they should be; what rules tell of an unknown service
 *	call.c			what a call wants, its end and its proof
 *	waits.c			who waits for what
 *	member.c		a bridge of the controller, and what it tells
 *	lanes.c			which operation is next
 *	controller_life.c	begin and end, and what is shown
 */
#ifndef OFCTL_IO_CONTROLLER_PARTS_H
#define OFCTL_IO_CONTROLLER_PARTS_H

#include <sys/queue.h>

#include "change.h"
#include "controller.h"
#include "quiet.h"
#include "wanted.h"

struct event;
struct op;

/* What an operation is for: calls (call.h) or repairs (repair.h). */
struct op_kind {
	bool repair;
	void (*begin)(struct op *op);
	/* As change_ops. */
	int (*on_read)(struct op *op);
	void (*done)(struct op *op);
};

/* A call, or a repair. */
struct op {
	const struct op_kind *kind;
	TAILQ_ENTRY(op) entry;
	struct controller *controller;
	struct lane *lane;
	struct controller_call call; /* of a call */
	bool changed;                /* what is wanted: by the call, or found out by the repair */
	bool unread; /* who serves is not known: decided once the rules have been read */
	bool orphan; /* undoes something of a service that the topology does not have */
	bool spares; /* a repair of the shared lane: leaves rules of unknown services alone */
	unsigned service;
	struct steering_service next; /* of the lane's service */
	struct change change;
	struct quiet *quiet; /* in proof, no longer in the way of others */
	uint64_t began_ns;
	uint64_t told_ns; /* in the log, that it waits */
};

TAILQ_HEAD(op_list, op);

struct lane {
	struct controller *controller;
	int scope; /* index of the service, or RULES_SHARED */
	struct op_list queue;
	struct op *current;
	bool repair_wanted;
	uint64_t told_ns;    /* last event of a rule by somebody else that was acted upon */
	struct event *retry; /* of a repair */
	uint64_t retry_ns;   /* when it comes, while it is pending */
};

struct member {
	struct controller *controller;
	unsigned index;
	struct bridge *bridge;
	unsigned n_rules[TOPOLOGY_MAX_SERVICES + 1]; /* of each lane, for showing */
	struct controller_proof proof;
};

struct controller {
	struct event_base *base;
	const struct ofctl_config *config;
	const struct topology *topology;
	struct wanted wanted;
	struct member members[TOPOLOGY_MAX_BRIDGES];
	struct bridge *bridges[TOPOLOGY_MAX_BRIDGES];
	uint32_t numbers[TOPOLOGY_MAX_PORTS];
	struct rules_context context;
	struct rule *desired;     /* scratch, RULES_MAX */
	struct of_flow_mod *mods; /* scratch, RULES_MAX * 2 */
	struct steering view;     /* scratch: what an operation looks at */
	struct lane lanes[TOPOLOGY_MAX_SERVICES + 1];
	unsigned n_lanes; /* the last one is the shared one */
	struct op_list proofs;
	unsigned n_calls;
	struct controller_counters counters;
	bool orphans_left;   /* the shared lane has spared rules of unknown services */
	uint32_t complained; /* bits: services whose rules were not understood */
	char missing[TOPOLOGY_MAX_SERVICES][CONTROLLER_MISSING_SIZE]; /* as told in the log */
	struct event *audit;
	struct event *kick;
	struct event *watch;
};

uint32_t controller_bridges_up(const struct controller *c);
uint32_t controller_bridges_of(const struct controller *c, unsigned service);
/* What is wanted if the op's next state comes. */
const struct steering *controller_view(struct op *op);
/* The ports' numbers as the bridges have them now. */
void controller_look_up_numbers(struct controller *c);

#endif
