/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that stands in the way of a move, as far as the switches and what is wanted of them tell. Pure:
 * facts in, reasons out; nothing is changed. What the control sockets of the switches say
 * is added by the caller (check.h).
 */
#ifndef OFCTL_CORE_PREFLIGHT_H
#define OFCTL_CORE_PREFLIGHT_H

#include "rules.h"
#include "steering.h"

struct preflight_request {
	const char *service;
	const char *source; /* instances */
	const char *target;
	const char *const *ports; /* of the NF, by name */
	size_t n_ports;           /* 0: not compared */
};

struct preflight_facts {
	const struct rules_context *context; /* numbers of bridges that are up */
	const struct steering *steering;
	uint32_t bridges_up;                             /* bits */
	const char *bridge_states[TOPOLOGY_MAX_BRIDGES]; /* "connecting" and the like */
};

/* Reasons in the order in which they were found. What does not fit is counted. */
struct preflight_list {
	unsigned n;
	struct steering_reason list[SLIM_MAX_REASONS];
	unsigned n_left_out;
};

struct preflight {
	int service;      /* index, or STEERING_NOBODY when it is unknown */
	uint32_t bridges; /* bits: that the service's traffic touches */
	struct preflight_list reasons;
	struct preflight_list warnings;
};

void preflight_check(const struct preflight_facts *facts, const struct preflight_request *request,
		     struct preflight *ret);

void preflight_add(struct preflight_list *list, Slim__V1__ReasonCode code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
