/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An NF without packets, for tests: memory files laid out as slim_shm.h says, workers
 * that follow the ABI, registration. One table with the fields of struct fake_entry.
 *
 * The caller is every worker: it calls fake_nf_poll() for each, from one thread or
 * from one thread a worker. Not thread-safe otherwise.
 */
#ifndef SLIMD_SHM_FAKE_NF_H
#define SLIMD_SHM_FAKE_NF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slim_shm.h"

struct fake_entry {
	uint64_t key;
	uint64_t value;
	uint64_t time;    /* state, SLIM_TIME */
	uint64_t packets; /* lazy, sum */
};

#define FAKE_ZONES 3

struct fake_nf {
	struct slim_shm_info *info;
	struct slim_shm_control *control;
	uint8_t *slab;
	uint32_t capacity;
	uint32_t n_workers;
	int fds[FAKE_ZONES];    /* open for writing: the test's */
	int passed[FAKE_ZONES]; /* those that slimd gets */
	size_t sizes[FAKE_ZONES];
	int socket; /* -1: not registered */
	/* As the agent keeps them, one for each worker. */
	struct {
		uint32_t epoch;
		uint32_t track;
		uint32_t pending[SLIM_PENDING_SLOTS];
		uint32_t n_pending;
		uint64_t installed;
	} workers[SLIM_MAX_WORKERS];
	uint32_t *local_of; /* source slot -> local slot + 1 */
	uint32_t hash_bits; /* at least 1 */
	uint32_t *n_keys;   /* entries whose keys have that hash: most keys are not there */
	uint32_t high;      /* slots from here on are used */
	bool stuck;         /* workers acknowledge nothing */
	bool still;         /* workers do not poll at all */
	bool corrupt_value; /* the next row installed gets a wrong value */
	bool no_fence;      /* commits without marking anything: changes are lost */
};

/* Ports are called "p0".. . Fails the test when there is no memory. */
struct fake_nf *fake_nf_create(const char *name, bool active, uint32_t n_workers, uint32_t n_ports,
			       uint32_t capacity);
void fake_nf_destroy(struct fake_nf *nf);

/* Connects and says hello. Returns the error of the reply (0: registered); needs slimd's loop in
 * another thread, or use fake_nf_hello() and fake_nf_reply(). */
int fake_nf_hello(struct fake_nf *nf, const char *socket_path);
void fake_nf_hang_up(struct fake_nf *nf);

/* Fills the registration message. */
void fake_nf_fill_hello(const struct fake_nf *nf, struct slim_reg_hello *hello);

/* Slots. The worker must own the bucket (bucket % n_workers). */
void fake_slot_put(struct fake_nf *nf, uint32_t slot, uint8_t bucket,
		   const struct fake_entry *entry);
void fake_slot_free(struct fake_nf *nf, uint32_t worker, uint32_t slot);
void fake_commit(struct fake_nf *nf, uint32_t worker);
const struct fake_entry *fake_slot(const struct fake_nf *nf, uint32_t slot);
bool fake_slot_used(const struct fake_nf *nf, uint32_t slot);

/* One round of a worker: commands, installs, rounds, marks (all as if the data path were
 * perfect), heartbeat. */
void fake_nf_poll(struct fake_nf *nf, uint32_t worker);

/* The newest command; zeros if there was none. */
struct slim_shm_command fake_nf_command(const struct fake_nf *nf);

/* Entry of that key, or NULL. */
const struct fake_entry *fake_nf_find(const struct fake_nf *nf, uint64_t key);
uint32_t fake_nf_used(const struct fake_nf *nf);

#endif
