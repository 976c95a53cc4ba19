/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NFs of this host: registration, mapped memory, validated description.
 *
 * An NF connects to the agent socket and passes its memory (slim_shm.h). It is
 * mapped: info and slabs read-only, control read-write. The description is copied
 * and checked once; afterwards only atomics are read from live memory, and each
 * number that bounds an access is checked where it is read.
 *
 * A file that an NF truncates under a mapping does not kill the daemon: the SIGBUS
 * handler (zone.h) puts empty pages in its place and marks the zone as broken,
 * and the NF counts as gone.
 *
 * An NF is up until its connection ends. The object lives on while somebody holds it
 * (nf_hold), with its mapping: the tables of a dead NF can still be read.
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_SHM_NF_H
#define SLIMD_SHM_NF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "schema.h"
#include "slim_limits.h"
#include "slim_shm.h"
#include "zone.h"

struct event_base;

struct nf_port {
	char name[SLIM_NAME_SIZE];
	uint8_t mac[6];
	uint32_t n_rx_queues;
};

struct nf_table {
	struct schema_table schema;
	const uint8_t *slab; /* capacity slots of slot_size bytes */
	uint32_t slot_size;
	_Atomic uint8_t *dirty;
	uint8_t *rings; /* n_workers struct slim_shm_ring, ring_stride apart */
	uint64_t ring_stride;
	uint32_t ring_size; /* a power of two */
};

struct nf {
	TAILQ_ENTRY(nf) link;
	/* Copied and checked. */
	char name[SLIM_NAME_SIZE];
	char service[SLIM_NAME_SIZE];
	char kind[SLIM_NAME_SIZE];
	char nf_version[SLIM_NAME_SIZE];
	char identity[SLIM_IDENTITY_SIZE];
	uint32_t pid;
	uint64_t instance; /* of this life of the process */
	uint32_t n_workers;
	uint32_t n_tables;
	uint32_t n_ports;
	uint32_t hold_capacity;
	bool active_at_start;
	uint8_t bucket_worker[SLIM_N_BUCKETS];
	struct nf_table tables[SLIM_MAX_TABLES];
	struct nf_port ports[SLIM_MAX_PORTS];
	/* Live memory. */
	const struct slim_shm_info *info;
	struct slim_shm_control *control;
	struct slim_shm_install *installs; /* n_workers of them */
	/* Own state. */
	bool up;          /* its connection stands */
	unsigned holds;   /* users beside the registry */
	uint64_t session; /* the session that uses it; 0 none */
	struct zone zones[SLIM_MAX_ZONES];
	uint32_t n_zones;
	struct nf_client *client;
};

TAILQ_HEAD(nf_list, nf);

struct nf_registry;

struct nf_registry_ops {
	void (*on_up)(void *ctx, struct nf *nf);
	void (*on_down)(void *ctx, struct nf *nf); /* nf->up is false; still mapped */
};

/* Listens on `socket_path` (mode 0660; a stale socket file is removed; -EADDRINUSE if somebody
 * answers there). `ops` is copied. Writes the heartbeat of every NF every 200 ms. */
int nf_registry_create(struct event_base *base, const char *socket_path,
		       const struct nf_registry_ops *ops, void *ctx,
		       struct nf_registry **ret_registry);
void nf_registry_destroy(struct nf_registry *registry);

/* NFs that are up, in order of registration. */
const struct nf_list *nf_registry_list(const struct nf_registry *registry);

/* The NF of that name that is up; NULL: none. */
struct nf *nf_find(const struct nf_registry *registry, const char *name);

/* Keeps the object and its mapping beyond the end of the connection. */
void nf_hold(struct nf *nf);
void nf_release(struct nf *nf);

/* True if the file behind a mapping has shrunk: what is read is not the NF's memory any more. */
bool nf_is_broken(const struct nf *nf);

/* Up, and every worker has polled within the last second. */
bool nf_is_alive(const struct nf *nf, uint64_t now_ns);

/* Gate mode of worker 0 as a word: "pass", "closed", ...; "unknown". */
const char *nf_mode_name(const struct nf *nf);

/* Used slots of a table, as its workers count them. */
uint32_t nf_table_used(const struct nf *nf, uint32_t table);

/* Table of that name; an empty name means the only one. -1: none. */
int nf_find_table(const struct nf *nf, const char *name);

/* Gate counters, summed over the workers. `index` is the place in SLIM_GATE_COUNTERS. */
#define NF_N_COUNTERS (sizeof(struct slim_shm_counters) / sizeof(uint64_t))
uint64_t nf_counter(const struct nf *nf, size_t index);
const char *nf_counter_name(size_t index);

/* Consistent copy of one slot. 1: an entry (payload and bucket are set), 0: empty,
 * -EAGAIN: it was being written, try again later. */
int nf_read_slot(const struct nf *nf, uint32_t table, uint32_t slot, uint8_t *ret_payload,
		 uint8_t *ret_bucket);

/* ---- for tests and fuzzers ------------------------------------------------------ */

/* Checks a registration message (without descriptors). 0 or -EINVAL with a reason. */
int nf_check_hello(const void *bytes, size_t size, uint32_t n_fds, struct schema_reason *reason);

/* Fills an NF from a copy of its info zone. The live zones of `nf` must be mapped; nothing is read
 * from them but what `info` names. 0 or -EINVAL with a reason. */
int nf_check_info(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason);

#endif
