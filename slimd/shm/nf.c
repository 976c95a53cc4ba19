/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An NF as slimd knows it: built from its memory, read afterwards. All that the memory says is
 * copied and checked before it is used.
 */
#include "nf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slot.h"

#define ALIVE_NS UINT64_C(1000000000)

/* ---- checks --------------------------------------------------------------------- */

int
nf_check_hello(const void *bytes, size_t size, uint32_t n_fds, struct schema_reason *reason)
{
	struct slim_reg_hello hello;

	if (size != sizeof(hello))
		return slim_rule_refuse(reason, "registration has %zu bytes, not %zu", size,
					sizeof(hello));
	memcpy(&hello, bytes, sizeof(hello));
	if (hello.magic != SLIM_REG_MAGIC)
		return slim_rule_refuse(reason, "not a registration");
	if (hello.version != SLIM_SHM_VERSION)
		return slim_rule_refuse(reason, "shared-memory version %u, this daemon speaks %u",
					hello.version, SLIM_SHM_VERSION);
	if (hello.n_zones <= SLIM_ZONE_SLAB || hello.n_zones > SLIM_MAX_ZONES)
		return slim_rule_refuse(reason, "%u zones", hello.n_zones);
	if (hello.n_ranges < hello.n_zones || hello.n_ranges > SLIM_MAX_RANGES)
		return slim_rule_refuse(reason, "%u ranges", hello.n_ranges);
	if (hello.n_fds != n_fds || n_fds == 0)
		return slim_rule_refuse(reason, "%u descriptors announced, %u passed", hello.n_fds,
					n_fds);
	for (uint32_t i = 0; i < hello.n_ranges; i++)
		if (hello.ranges[i].fd >= n_fds || hello.ranges[i].zone >= hello.n_zones)
			return slim_rule_refuse(reason, "range %u names what is not there", i);
	return 0;
}

static int
take_table(struct nf *nf, uint32_t t, const struct slim_shm_table *shm,
	   struct schema_reason *reason)
{
	uint8_t *control = nf->zones[SLIM_ZONE_CONTROL].base;
	struct nf_table *table = &nf->tables[t];
	int rc = schema_from_shm(shm, &table->schema, reason);

	if (rc < 0)
		return rc;
	table->slab = nf->zones[shm->zone].base + shm->slab_offset;
	table->slot_size = shm->slot_size;
	table->dirty = (_Atomic uint8_t *)(control + shm->dirty_offset);
	table->rings = control + shm->ring_offset;
	table->ring_stride = shm->ring_stride;
	table->ring_size = shm->ring_size;
	return 0;
}

static void
take_ports(struct nf *nf, const struct slim_shm_info *info)
{
	for (uint32_t p = 0; p < info->n_ports; p++) {
		memcpy(nf->ports[p].name, info->ports[p].name, sizeof(nf->ports[p].name));
		memcpy(nf->ports[p].mac, info->ports[p].mac, sizeof(nf->ports[p].mac));
		nf->ports[p].n_rx_queues = info->ports[p].n_rx_queues;
	}
	nf->n_ports = info->n_ports;
}

static void
take_instance(struct nf *nf, const struct slim_shm_info *info)
{
	uint8_t *control = nf->zones[SLIM_ZONE_CONTROL].base;

	memcpy(nf->name, info->name, sizeof(nf->name));
	memcpy(nf->service, info->service, sizeof(nf->service));
	memcpy(nf->kind, info->kind, sizeof(nf->kind));
	memcpy(nf->nf_version, info->nf_version, sizeof(nf->nf_version));
	memcpy(nf->identity, info->identity, sizeof(nf->identity));
	nf->pid = info->pid;
	nf->instance = info->instance;
	nf->n_workers = info->n_workers;
	nf->n_tables = info->n_tables;
	nf->hold_capacity = info->hold_capacity;
	nf->active_at_start = info->active_at_start != 0;
	memcpy(nf->bucket_worker, info->bucket_worker, sizeof(nf->bucket_worker));
	nf->control = (struct slim_shm_control *)(void *)control;
	nf->installs = (struct slim_shm_install *)(void *)(control + info->install_offset);
}

int
nf_check_info(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason)
{
	uint64_t sizes[SLIM_MAX_ZONES];
	int rc;

	for (uint32_t z = 0; z < nf->n_zones; z++)
		sizes[z] = nf->zones[z].size;
	rc = slim_rule_info(info, sizes, nf->n_zones, reason);
	if (rc < 0)
		return rc;
	take_instance(nf, info);
	take_ports(nf, info);
	for (uint32_t t = 0; rc == 0 && t < nf->n_tables; t++)
		rc = take_table(nf, t, &info->tables[t], reason);
	return rc;
}

/* ---- the object ------------------------------------------------------------------- */

void
nf_discard(struct nf *nf)
{
	if (nf == NULL)
		return;
	for (uint32_t z = 0; z < SLIM_MAX_ZONES; z++)
		zone_unmap(&nf->zones[z]);
	free(nf);
}

static int
map_zones(struct nf *nf, const struct slim_reg_hello *hello, const int *fds,
	  struct schema_reason *reason)
{
	struct memory_file files[SLIM_MAX_RANGES];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < hello->n_fds; i++)
		rc = memory_file_look(fds[i], &files[i], reason);
	if (rc == 0)
		rc = memory_file_check(hello, files, reason);
	if (rc < 0)
		return rc;
	for (uint32_t z = 0; z < hello->n_zones; z++) {
		rc = zone_map(&nf->zones[z], hello, files, fds, z);
		if (rc < 0) {
			slim_rule_refuse(reason, "zone %u cannot be mapped: %s", z, strerror(-rc));
			return rc;
		}
	}
	nf->n_zones = hello->n_zones;
	return 0;
}

/* Both zones are of one agent, and it lives. */
static bool
control_is_of(const struct nf *nf, uint64_t instance)
{
	return atomic_load_explicit(&nf->control->magic, memory_order_relaxed) == SLIM_SHM_MAGIC &&
	       atomic_load_explicit(&nf->control->instance, memory_order_relaxed) == instance;
}

/* Copies and checks what the info zone says of the NF. */
static int
read_info(struct nf *nf, struct schema_reason *reason)
{
	struct slim_shm_info *copy;
	int rc;

	if (nf->zones[SLIM_ZONE_INFO].size < sizeof(struct slim_shm_info))
		return slim_rule_refuse(reason, "the info zone is too small");
	nf->info = (const struct slim_shm_info *)(const void *)nf->zones[SLIM_ZONE_INFO].base;
	copy = aligned_alloc(_Alignof(struct slim_shm_info), sizeof(*copy));
	if (copy == NULL) {
		slim_rule_refuse(reason, "out of memory");
		return -ENOMEM;
	}
	memcpy(copy, nf->info, sizeof(*copy));
	rc = nf_check_info(nf, copy, reason);
	if (rc == 0 && !control_is_of(nf, nf->instance))
		rc = slim_rule_refuse(reason, "the control zone is of another instance");
	if (rc == 0 && nf_is_broken(nf))
		rc = slim_rule_refuse(reason, "the memory has shrunk");
	free(copy);
	return rc;
}

static struct nf *
nf_new(struct schema_reason *reason)
{
	struct nf *nf = calloc(1, sizeof(*nf));

	if (nf == NULL)
		slim_rule_refuse(reason, "out of memory");
	return nf;
}

int
nf_create(const struct slim_reg_hello *hello, const int *fds, struct nf **ret_nf,
	  struct schema_reason *reason)
{
	struct nf *nf = nf_new(reason);
	int rc;

	if (nf == NULL)
		return -ENOMEM;
	rc = map_zones(nf, hello, fds, reason);
	if (rc == 0)
		rc = read_info(nf, reason);
	if (rc == 0 && nf->instance != hello->instance)
		rc = slim_rule_refuse(reason, "the info zone is of another instance");
	if (rc < 0) {
		nf_discard(nf);
		return rc;
	}
	*ret_nf = nf;
	return 0;
}

static int
take_memory(struct nf *nf, const struct nf_memory *zones, uint32_t n_zones,
	    struct schema_reason *reason)
{
	if (n_zones <= SLIM_ZONE_SLAB || n_zones > SLIM_MAX_ZONES)
		return slim_rule_refuse(reason, "%u zones", n_zones);
	for (uint32_t z = 0; z < n_zones; z++) {
		if (zones[z].base == NULL || (uintptr_t)zones[z].base % SLIM_CACHE_LINE != 0)
			return slim_rule_refuse(reason, "zone %u: memory at no border", z);
		nf->zones[z] = (struct zone){.base = zones[z].base,
					     .size = zones[z].size,
					     .writable = z == SLIM_ZONE_CONTROL};
	}
	nf->n_zones = n_zones;
	return 0;
}

int
nf_adopt(const struct nf_memory *zones, uint32_t n_zones, struct nf **ret_nf,
	 struct schema_reason *reason)
{
	struct nf *nf = nf_new(reason);
	int rc;

	if (nf == NULL)
		return -ENOMEM;
	rc = take_memory(nf, zones, n_zones, reason);
	if (rc == 0)
		rc = read_info(nf, reason);
	if (rc < 0) {
		nf_discard(nf);
		return rc;
	}
	*ret_nf = nf;
	return 0;
}

void
nf_hold(struct nf *nf)
{
	nf->holds++;
}

void
nf_release(struct nf *nf)
{
	if (--nf->holds == 0 && !nf->up)
		nf_discard(nf);
}

bool
nf_is_broken(const struct nf *nf)
{
	for (uint32_t z = 0; z < nf->n_zones; z++)
		if (zone_is_broken(&nf->zones[z]))
			return true;
	return false;
}

bool
nf_is_over(const struct nf *nf)
{
	return nf_is_broken(nf) || !control_is_of(nf, nf->instance);
}

uint64_t
nf_silence_ns(const struct nf *nf, uint64_t now_ns)
{
	uint64_t longest = 0;

	for (uint32_t w = 0; w < nf->n_workers; w++) {
		uint64_t beat = atomic_load_explicit(&nf->info->workers[w].heartbeat_ns,
						     memory_order_relaxed);

		if (beat < now_ns && now_ns - beat > longest)
			longest = now_ns - beat;
	}
	return longest;
}

bool
nf_is_alive(const struct nf *nf, uint64_t now_ns)
{
	return nf->up && nf_silence_ns(nf, now_ns) <= ALIVE_NS;
}

const char *
nf_mode_name(const struct nf *nf)
{
	static const char *const names[] = {
		[SLIM_GATE_PASS] = "pass",       [SLIM_GATE_CLOSED] = "closed",
		[SLIM_GATE_HOLD] = "hold",       [SLIM_GATE_REDIRECT] = "redirect",
		[SLIM_GATE_RECEIVE] = "receive", [SLIM_GATE_SERVE] = "serve",
	};
	uint32_t mode = atomic_load_explicit(&nf->info->workers[0].mode, memory_order_relaxed);

	return mode >= SLIM_GATE_PASS && mode <= SLIM_GATE_SERVE ? names[mode] : "unknown";
}

uint32_t
nf_table_used(const struct nf *nf, uint32_t table)
{
	uint32_t used = 0;

	for (uint32_t w = 0; w < nf->n_workers; w++)
		used += atomic_load_explicit(&nf->info->workers[w].used[table],
					     memory_order_relaxed);
	return used;
}

int
nf_find_table(const struct nf *nf, const char *name)
{
	if (name[0] == '\0')
		return nf->n_tables == 1 ? 0 : -1;
	for (uint32_t t = 0; t < nf->n_tables; t++)
		if (strcmp(nf->tables[t].schema.name, name) == 0)
			return (int)t;
	return -1;
}

uint64_t
nf_counter(const struct nf *nf, size_t index)
{
	uint64_t sum = 0;

	for (uint32_t w = 0; w < nf->n_workers; w++) {
		const _Atomic uint64_t *counters =
			(const _Atomic uint64_t *)&nf->info->workers[w].counters;

		sum += atomic_load_explicit(&counters[index], memory_order_relaxed);
	}
	return sum;
}

const char *
nf_counter_name(size_t index)
{
	static const char *const names[] = {
#define X(name, text) #name,
		SLIM_GATE_COUNTERS(X)
#undef X
	};
	return index < NF_N_COUNTERS ? names[index] : "?";
}

int
nf_read_slot(const struct nf *nf, uint32_t table, uint32_t slot, uint8_t *ret_payload,
	     uint8_t *ret_bucket)
{
	const struct nf_table *t = &nf->tables[table];
	struct slot_state state;

	if (!slot_read(t->slab + (size_t)slot * t->slot_size, t->schema.payload_size, ret_payload,
		       &state))
		return -EAGAIN;
	*ret_bucket = state.bucket;
	return state.used ? 1 : 0;
}
