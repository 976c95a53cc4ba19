/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One change of rules on several switches: read what is there, stage the difference as one bundle a
 * bridge, commit all bundles when every bridge has accepted its own. A call goes through everywhere or
 * nowhere up to the commit; a repair does what it can on each bridge by itself.
 *
 * Changes of different scopes (services) may be under way on the same bridges at a time: each has its
 * own rules, its own bundles and its own requests.
 */
#ifndef OFCTL_IO_CHANGE_H
#define OFCTL_IO_CHANGE_H

#include "bridge.h"
#include "rules.h"
#include "steering.h"

struct change;

enum change_phase {
	CHANGE_READ,
	CHANGE_STAGE,
	CHANGE_COMMIT,
};

struct change_ops {
	/* All bridges that could be read have been. Negative: it ends here; say why in its reason. */
	int (*on_read)(void *ctx);
	/* Writes the flow mods that a bridge needs, and how many rules it has then. How many mods, or a
	 * negative errno. */
	int (*diff)(void *ctx, unsigned bridge, struct of_flow_mod *mods, unsigned *ret_n_rules);
	/* A bridge has done its part; n_rules as of diff. */
	void (*on_bridge)(void *ctx, unsigned bridge, unsigned n_rules);
	/* The end; the change is idle again. */
	void (*done)(void *ctx);
};

/* What a bridge has of the scope. */
struct change_part {
	struct change *change;
	unsigned bridge;
	struct rule *present;
	unsigned n_present, room;
	bool overflow;
	unsigned n_rules; /* once done */
	uint32_t bundle;
};

struct change_config {
	const struct topology *topology;
	struct bridge *const *bridges; /* kept by the caller */
	struct of_flow_mod *scratch;   /* RULES_MAX * 2, shared by all changes */
	uint64_t cookie, mask;         /* of the rules that are read */
	bool partial;                  /* a repair */
	const struct change_ops *ops;
	void *ctx;
};

/* Embedded by its owner. Zeroed, then change_init(). */
struct change {
	struct change_config config;
	enum change_phase phase;
	uint32_t concerned; /* bits: bridges */
	uint32_t waiting;   /* that have not answered in this phase */
	uint32_t staged;
	uint32_t failed;
	unsigned n_mods, n_commits;
	struct steering_reason reason; /* the first failure */
	struct change_part parts[TOPOLOGY_MAX_BRIDGES];
};

void change_init(struct change *change, const struct change_config *config);
/* Frees what was read, cancels what is under way; before the bridges are destroyed. */
void change_fini(struct change *change);

/* Ends with done(), perhaps from within. */
void change_start(struct change *change, uint32_t bridges);

/* Keeps the first. */
void change_fail(struct change *change, Slim__V1__ReasonCode code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "bridge br to tell its rules" and the like. */
void change_waits_for(const struct change *change, char *text, size_t size);

#endif
