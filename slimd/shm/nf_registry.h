/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NFs of this host: who is here, who comes, who goes.
 *
 * An NF connects to the agent socket and passes its memory (slim_shm.h) in one message; it gets one
 * answer. The open connection then is the sign of life of both.
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_SHM_NF_REGISTRY_H
#define SLIMD_SHM_NF_REGISTRY_H

#include "nf.h"

struct event_base;

TAILQ_HEAD(nf_list, nf);

struct nf_registry;

struct nf_registry_ops {
	void (*on_up)(void *ctx, struct nf *nf);
	void (*on_down)(void *ctx, struct nf *nf); /* nf->up is false; still mapped */
};

/* Listens on `socket_path` (mode 0660; a stale socket file is removed; -EADDRINUSE if somebody
 * answers there). `ops` is copied. Writes the heartbeat of every NF every 200 ms.
 *
 * With `socket_path` NULL it listens nowhere and has no timer (`base` may be NULL): NFs come by
 * nf_registry_add(), and the caller beats. */
int nf_registry_create(struct event_base *base, const char *socket_path,
		       const struct nf_registry_ops *ops, void *ctx,
		       struct nf_registry **ret_registry);
void nf_registry_destroy(struct nf_registry *registry);

/* The NF comes up: as if it had just registered over a socket (heartbeat, then on_up). The NF is the
 * registry's then. -EEXIST (its name is taken) or -ENOSPC with a reason: it stays the caller's. */
int nf_registry_add(struct nf_registry *registry, struct nf *nf, uint64_t now_ns,
		    struct schema_reason *reason);

/* The NF goes down: as if its connection had ended (on_down, freed when nobody holds it). Only for
 * what nf_registry_add() brought. */
void nf_registry_remove(struct nf_registry *registry, struct nf *nf);

/* What the timer does every 200 ms: slimd's sign of life in every NF, with that time. NFs whose memory
 * broke go down. */
void nf_registry_beat(struct nf_registry *registry, uint64_t now_ns);

/* NFs that are up, in order of registration. */
const struct nf_list *nf_registry_list(const struct nf_registry *registry);

/* The NF of that name that is up; NULL: none. */
struct nf *nf_find(const struct nf_registry *registry, const char *name);

#endif
