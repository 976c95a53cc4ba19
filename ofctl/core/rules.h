/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what is wanted (steering.h) to the rules of each bridge, and from the rules that are there
 * to the changes that are missing. Pure.
 *
 * All rules stand in table 0 and do these jobs (P perimeter port, S source's and T target's port,
 * r redirect tag, t transit tag, 0x88B5 the ethertype of slim frames):
 *
 *  priority  role            match                  actions
 *  40080     REDIRECT_FRAME  S, vlan r, 0x88B5      to T, tag kept (probes, marks, flush copies)
 *  40080     FLUSH           T, 0x88B5              to S, the way that P's packets took
 *  40070     REDIRECT        S, vlan r              to T, tag kept (packets)
 *  40070     INGRESS/EGRESS  link, vlan t           on the way between P and an instance
 *  40060     GUARD           P or instance, 0x88B5  drop
 *  40060     GUARD           reserved tag           drop, whatever port it comes in on
 *  40050     INGRESS/EGRESS  P or instance, vlan v  to the other; VLAN translated
 *  40040     INGRESS/EGRESS  P or instance          to the other; VLAN pushed, or all as it is
 *  40010     DROP            P or instance          drop
 *
 * Packets and slim frames of a session have rules of their own so that the counter of REDIRECT
 * counts packets only: while it stands still no straggler took the old path.
 *
 * Over links a way is marked by the transit tag of (instance, port), pushed outside any tag of the
 * packet. A flush frame goes from T to the perimeter's bridge and there turns into S's way, so
 * that it stands behind every packet that took the old path. The redirect takes the shortest way.
 *
 * Cookie: 16 bits magic of this controller, 8 bits service, 8 bits role, 32 bits session tag (0 for
 * rules that outlive a session).
 */
#ifndef OFCTL_CORE_RULES_H
#define OFCTL_CORE_RULES_H

#include "steering.h"
#include "topology.h"

#define RULES_MAX 16384u /* rules of one bridge: what all limits of topology.h together take */
#define RULES_MAGIC_DEFAULT 0x534cu
#define RULES_COOKIE_MASK UINT64_C(0xffff000000000000)
#define RULES_COOKIE_SERVICE_MASK UINT64_C(0xffffff0000000000)

enum rules_role {
	RULES_GUARD = 1,
	RULES_DROP,
	RULES_INGRESS,
	RULES_EGRESS,
	RULES_REDIRECT,
	RULES_REDIRECT_FRAME,
	RULES_FLUSH,
	RULES_NUDGE, /* no rule of a service: see bridge_nudge() */
};

struct rule {
	uint64_t cookie;
	uint16_t priority;
	bool opaque; /* present on the switch, but not made by rules like these */
	struct of_match match;
	struct of_actions actions;
};

struct rules_context {
	const struct topology *topology;
	uint16_t magic;
	/* Number of each port reference on its switch, 0: the switch does not have it. */
	const uint32_t *numbers;
};

uint64_t rules_cookie(uint16_t magic, uint8_t service, enum rules_role role, uint32_t tag);
enum rules_role rules_cookie_role(uint64_t cookie);
uint8_t rules_cookie_service(uint64_t cookie);
uint32_t rules_cookie_tag(uint64_t cookie);
const char *rules_role_name(enum rules_role role);

/* Rules that `bridge` should have. Rules whose ports the switch lacks are left out and counted in
 * *ret_missing. Returns how many, or -ENOSPC if there are more than RULES_MAX. */
int rules_desired(const struct rules_context *context, const struct steering *steering,
		  uint16_t bridge, struct rule out[RULES_MAX], unsigned *ret_missing);

/* The same for one service alone, or for what is of no service (RULES_SHARED: guards and drops). */
#define RULES_SHARED (-1)
int rules_desired_of(const struct rules_context *context, const struct steering *steering,
		     int scope, uint16_t bridge, struct rule out[RULES_MAX]);

/* Ports of `bridge` that the rules of the service in this state need and the switch lacks: of perimeter and
 * instances, and the ends of links on their ways. Writes up to `size` characters of their names. Returns how
 * many. */
unsigned rules_missing_ports(const struct rules_context *context, unsigned service,
			     const struct steering_service *state, uint16_t bridge, char *text,
			     size_t size);

/* Bridges (bits) that have rules of the service in this state, whether the switches have the ports or not. */
uint32_t rules_bridges(const struct rules_context *context, unsigned service,
		       const struct steering_service *state);

/* What is left alone although it is not desired. */
struct rules_keep {
	uint16_t bridge;
	const struct steering *steering;
	uint32_t services; /* bits (index in the topology): of which nothing is known, all rules */
	/* Bits, of rules_misfits(). Their rules stay that use a port which the switch has and the topology
	 * does not name, unless they are of a session that has ended. */
	uint32_t misfits;
	bool (*has_port)(const void *ctx, uint16_t bridge, uint32_t number);
	const void *ctx;
};

/* Services (bits) that the switches do not fit: of what serves or is in a session a port is not there.
 * Perhaps somebody has misspelt its name. What serves is never taken away for that. But a fence
 * is: if it is the fenced instance that lacks ports, nobody can tell its rules from those that serve. */
uint32_t rules_misfits(const struct rules_context *context, const struct steering *steering);

/* The flow mods that lead from present to desired; both arrays get sorted. Returns how many
 * mods, at most RULES_MAX * 2. */
unsigned rules_diff(const struct rules_context *context, struct rule *desired, unsigned n_desired,
		    struct rule *present, unsigned n_present, const struct rules_keep *keep,
		    struct of_flow_mod out[RULES_MAX * 2]);

/* What the rules on the switches say about one service; for when the state file is gone.
 * present[b], n_present[b]: rules of bridge b. True: *ret holds a known state that explains
 * them. */
bool rules_infer(const struct rules_context *context, struct rule *const present[],
		 const unsigned n_present[], unsigned service, struct steering_service *ret);

/* A rule as a line of text with port names: "ingress service=1 prio=40040 in=pin -> output:a-in".
 * Returns its length as snprintf(). */
int rules_format(const struct rules_context *context, uint16_t bridge, const struct rule *rule,
		 char *text, size_t size);

#endif
