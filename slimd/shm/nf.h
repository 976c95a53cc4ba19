/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One NF of this host: mapped memory, validated description. How NFs come and go is told in
 * nf_registry.h.
 *
 * The memory (slim_shm.h) is mapped: info and slabs read-only, control read-write. The description
 * is copied and checked once; afterwards only atomics are read from live memory, and each
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
	struct nf_client *client; /* its connection; NULL: none, or the NF is in this process */
};

/* Maps the memory that a checked registration message names and checks what stands there. `fds` stay
 * the caller's. 0 or a negative errno with a reason. The NF is not up. */
int nf_create(const struct slim_reg_hello *hello, const int *fds, struct nf **ret_nf,
	      struct schema_reason *reason);

/* ---- an NF in this very process --------------------------------------------------- */

/* Memory of a zone, mapped by the caller, writable. */
struct nf_memory {
	void *base; /* at a page border, or at least at a cache line */
	size_t size;
};

/* Builds an NF over memory that this process has mapped, through the same checks as a registration:
 * `zones` in order of their numbers (SLIM_ZONE_INFO, SLIM_ZONE_CONTROL, SLIM_ZONE_SLAB + table). For a
 * program that holds agent and slimd's code in one. The memory stays the caller's and must outlive
 * the NF; the NF never frees or unmaps it. 0, or -EINVAL or -ENOMEM with a reason; then nothing is
 * built. The NF is not up: give it to nf_registry_add(), or to nf_discard(). */
int nf_adopt(const struct nf_memory *zones, uint32_t n_zones, struct nf **ret_nf,
	     struct schema_reason *reason);

/* Frees an NF that never was up. NULL is allowed. */
void nf_discard(struct nf *nf);

/* Keeps the object and its mapping beyond the end of the connection. */
void nf_hold(struct nf *nf);
void nf_release(struct nf *nf);

/* True if the file behind a mapping has shrunk: what is read is not the NF's memory any more. */
bool nf_is_broken(const struct nf *nf);

/* Broken, or its agent was destroyed: nothing will come of it any more. Its tables can be read still, unless
 * they are broken. */
bool nf_is_over(const struct nf *nf);

/* How long the worker that polled least recently has not. */
uint64_t nf_silence_ns(const struct nf *nf, uint64_t now_ns);

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
