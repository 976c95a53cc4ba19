/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making rules: what emits, and where it goes. One pass emits the rules of every bridge and keeps those of
 * the bridge that was asked for; a way over several bridges is then one function, and not one for
 * each kind of bridge on it. For rules_*.c only.
 */
#ifndef OFCTL_CORE_RULES_EMIT_H
#define OFCTL_CORE_RULES_EMIT_H

#include "rules.h"

enum rules_priority {
	PRIORITY_FRAME = 40080,
	PRIORITY_LINK = 40070, /* and redirected packets */
	PRIORITY_GUARD = 40060,
	PRIORITY_VLAN = 40050,
	PRIORITY_PORT = 40040,
	PRIORITY_DROP = 40010,
};

#define TPID_VLAN 0x8100u

struct rules_emitter {
	const struct rules_context *context;
	const struct topology *t;
	uint16_t bridge; /* whose rules are kept */
	struct rule *out;
	unsigned capacity;
	unsigned n;
	unsigned missing;
	bool full;
	/* Of each port reference: a rule of the bridge needs it and the switch lacks it. NULL: not asked. */
	bool *lacks;
};

/* A rule under construction: where packets come in, what is done, where they go. */
struct rules_draft {
	uint64_t cookie;
	uint16_t priority;
	uint16_t in;  /* TOPOLOGY_NONE: any port, on every bridge */
	uint16_t out; /* TOPOLOGY_NONE: drop */
	struct of_match match;
	struct of_actions actions;
};

static inline uint16_t
rules_bridge_of(const struct topology *t, uint16_t port)
{
	return t->ports[port].bridge;
}

/* Takes the draft, if it is of the bridge, its ports are there and there is room. */
void rules_emit(struct rules_emitter *e, const struct rules_draft *draft);

/* All rules of the service that its state asks for, without guards and drops. */
void rules_emit_service(struct rules_emitter *e, const struct topology_service *service,
			const struct steering_service *state);

#endif
