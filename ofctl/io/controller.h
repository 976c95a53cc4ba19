/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller: makes the switches follow what is wanted of them.
 *
 * A queue of operations for each service, calls and repairs alike, each in the same four steps over
 * all bridges concerned: read the service's rules that are there, stage the difference as one bundle a
 * bridge, commit all bundles when every bridge has accepted its own, report. What is wanted is
 * written to the state file before the commit, so that a restart in between goes on and does not go
 * back. Services do not wait for each other.
 *
 * A repair runs when a bridge has come up, when its ports have changed, when somebody else has changed
 * rules, after a failed commit and once in a while. Rules are never removed before it is known what is
 * wanted: a service of which nothing is known keeps its rules, until they have been read and
 * understood, or until somebody sets it. What serves keeps its rules while the switch lacks a port
 * that they need (rules_misfits()).
 *
 * (controller_parts.h lists its parts.)
 */
#ifndef OFCTL_IO_CONTROLLER_H
#define OFCTL_IO_CONTROLLER_H

#include <openssl/ssl.h>

#include "fresh.h"
#include "ofctl_config.h"
#include "preflight.h"
#include "steering.h"

struct controller;
struct event_base;

#define CONTROLLER_MAX_CALLS 64u /* waiting or in proof */

enum controller_verb {
	CONTROLLER_PREPARE,
	CONTROLLER_FLIP,
	CONTROLLER_QUIET,
	CONTROLLER_FENCE,
	CONTROLLER_CLEANUP,
	CONTROLLER_SET,
	CONTROLLER_CLEAR,
};

/* reason: NULL when done. service: index, when done. */
typedef void controller_done_fn(void *ctx, const struct steering_reason *reason, unsigned service);

struct controller_call {
	enum controller_verb verb;
	uint64_t session;
	char service[SLIM_NAME_SIZE];
	char source[SLIM_NAME_SIZE];
	char target[SLIM_NAME_SIZE]; /* SET: the instance; CLEAR: empty, or who must be serving */
	bool complete;               /* CLEANUP */
	bool last_copy;              /* FLIP, FENCE */
	bool sure;                   /* SET: its gate is known to be open, or it does not matter */
	controller_done_fn *done;
	void *ctx;
};

/* `tls`: for ssl: bridges, may be NULL. Configuration and topology are kept by the caller.
 * 0 or a negative errno. */
int controller_create(struct event_base *base, const struct ofctl_config *config,
		      const struct topology *topology, SSL_CTX *tls, struct controller **ret);

/* Calls under way are dropped. Rules stay on the switches. NULL is allowed. */
void controller_destroy(struct controller *controller);

/* `done` is called exactly once, perhaps from within. */
void controller_call(struct controller *controller, const struct controller_call *call);

/* X(name): what has happened since the start, one number a kind. */
#define CONTROLLER_COUNTERS(X)                                                 \
	X(calls)         /* answered, done or not */                           \
	X(calls_refused) /* of these, with a reason */                         \
	X(repairs)       /* rules read and compared without a call */          \
	X(commits)       /* bundles that a bridge has committed */             \
	X(rules_changed) /* rules added, changed or removed in bundles sent */ \
	X(proofs)        /* old paths, fences and preparations proven quiet */ \
	X(bridge_ups)    /* connections to bridges that came up */             \
	X(bridge_downs)  /* and that were lost */

struct controller_counters {
#define X(name) uint64_t name;
	CONTROLLER_COUNTERS(X)
#undef X
};
const struct controller_counters *controller_counters(const struct controller *controller);

/* What a preflight asks of the bridges: as they are now. The facts point into the controller. */
struct preflight_facts controller_facts(struct controller *controller);

/* For showing. */
const struct steering *controller_steering(const struct controller *controller);

/* Ports that the switches lack of what serves the service or is in its session: "br: a-in, a-out". Its
 * rules that stand stay. How many. */
#define CONTROLLER_MISSING_SIZE 192u
unsigned controller_missing_ports(struct controller *controller, unsigned service,
				  char text[CONTROLLER_MISSING_SIZE]);

/* What calls and repairs of a service wait for, and how long already. How many. */
#define CONTROLLER_WAIT_SIZE 192u
unsigned controller_waits(const struct controller *controller, unsigned service,
			  char text[][CONTROLLER_WAIT_SIZE], unsigned max);

/* How a bridge proves its flow cache, as of the last time that it was asked. */
struct controller_proof {
	Slim__V1__ProofKind kind;   /* unspecified: not asked yet */
	char text[FRESH_TEXT_SIZE]; /* why not by its cache */
};
void controller_note_proof(struct controller *controller, unsigned bridge,
			   const struct fresh_result *result);

/* Asks a bridge that is up and has a control socket configured for a proof, as a move would. */
#define CONTROLLER_CHECK_NS UINT64_C(2000000000)
int controller_prove(struct controller *controller, unsigned bridge, fresh_done_fn *done, void *ctx,
		     struct fresh **ret);

struct controller_bridge_info {
	const char *state; /* "up", or a state of the connection */
	uint64_t datapath_id;
	unsigned n_rules; /* of ours, as of the last look */
	const struct controller_proof *proof;
};

struct controller_bridge_info controller_bridge_info(const struct controller *controller,
						     unsigned bridge);

#endif
