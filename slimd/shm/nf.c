/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An NF as slimd knows it: built from its memory, read afterwards. All that the memory says is
 * copied and checked before it is used.
 */
#include "nf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slot.h"

#define ALIVE_NS UINT64_C(1000000000)
#define MAX_PAGE_SIZE (1u << 30)

static int __attribute__((format(printf, 2, 3)))
refuse(struct schema_reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
	return -EINVAL;
}

/* ---- checks --------------------------------------------------------------------- */

int
nf_check_hello(const void *bytes, size_t size, uint32_t n_fds, struct schema_reason *reason)
{
	struct slim_reg_hello hello;

	if (size != sizeof(hello))
		return refuse(reason, "registration has %zu bytes, not %zu", size, sizeof(hello));
	memcpy(&hello, bytes, sizeof(hello));
	if (hello.magic != SLIM_REG_MAGIC)
		return refuse(reason, "not a registration");
	if (hello.version != SLIM_SHM_VERSION)
		return refuse(reason, "shared-memory version %u, this daemon speaks %u",
			      hello.version, SLIM_SHM_VERSION);
	if (hello.n_zones <= SLIM_ZONE_SLAB || hello.n_zones > SLIM_MAX_ZONES)
		return refuse(reason, "%u zones", hello.n_zones);
	if (hello.n_ranges < hello.n_zones || hello.n_ranges > SLIM_MAX_RANGES)
		return refuse(reason, "%u ranges", hello.n_ranges);
	if (hello.n_fds != n_fds || n_fds == 0)
		return refuse(reason, "%u descriptors announced, %u passed", hello.n_fds, n_fds);
	if (hello.page_size < 4096 || hello.page_size > MAX_PAGE_SIZE ||
	    (hello.page_size & (hello.page_size - 1)) != 0)
		return refuse(reason, "page size %u", hello.page_size);
	for (uint32_t i = 0; i < hello.n_ranges; i++)
		if (hello.ranges[i].fd >= n_fds || hello.ranges[i].zone >= hello.n_zones)
			return refuse(reason, "range %u names what is not there", i);
	return 0;
}

static int
copy_name(char *to, const char *from, const char *what, struct schema_reason *reason)
{
	if (!schema_name_valid(from))
		return refuse(reason, "no proper %s", what);
	memcpy(to, from, SLIM_NAME_SIZE);
	return 0;
}

/* Does a piece of n * size bytes at `offset` lie within `room`? */
static bool
fits(uint64_t offset, uint64_t n, uint64_t size, uint64_t room)
{
	return offset <= room && (size == 0 || n <= (room - offset) / size);
}

static int
check_table(struct nf *nf, uint32_t t, const struct slim_shm_table *shm,
	    struct schema_reason *reason)
{
	const struct zone *control = &nf->zones[SLIM_ZONE_CONTROL];
	struct nf_table *table = &nf->tables[t];
	const struct zone *slab;
	int rc;

	rc = schema_from_shm(shm, &table->schema, reason);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < t; i++)
		if (strcmp(nf->tables[i].schema.name, table->schema.name) == 0)
			return refuse(reason, "two tables are called %s", table->schema.name);
	if (shm->zone < SLIM_ZONE_SLAB || shm->zone >= nf->n_zones)
		return refuse(reason, "table %s: no zone %u", table->schema.name, shm->zone);
	slab = &nf->zones[shm->zone];
	if (shm->slab_offset % 8 != 0 ||
	    !fits(shm->slab_offset, shm->capacity, shm->slot_size, slab->size))
		return refuse(reason, "table %s: the slots are outside their zone",
			      table->schema.name);
	if (!fits(shm->dirty_offset, shm->capacity, 1, control->size))
		return refuse(reason, "table %s: the dirty flags are outside their zone",
			      table->schema.name);
	if (shm->ring_size < shm->capacity || (shm->ring_size & (shm->ring_size - 1)) != 0 ||
	    shm->ring_stride <
		    sizeof(struct slim_shm_ring) + (uint64_t)shm->ring_size * sizeof(uint32_t) ||
	    shm->ring_offset % SLIM_CACHE_LINE != 0 || shm->ring_stride % SLIM_CACHE_LINE != 0 ||
	    !fits(shm->ring_offset, nf->n_workers, shm->ring_stride, control->size))
		return refuse(reason, "table %s: the dirty rings make no sense",
			      table->schema.name);
	table->slab = slab->base + shm->slab_offset;
	table->slot_size = shm->slot_size;
	table->dirty = (_Atomic uint8_t *)(control->base + shm->dirty_offset);
	table->rings = control->base + shm->ring_offset;
	table->ring_stride = shm->ring_stride;
	table->ring_size = shm->ring_size;
	return 0;
}

static int
check_ports(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason)
{
	for (uint32_t p = 0; p < nf->n_ports; p++) {
		int rc = copy_name(nf->ports[p].name, info->ports[p].name, "port name", reason);

		if (rc < 0)
			return rc;
		for (uint32_t i = 0; i < p; i++)
			if (strcmp(nf->ports[i].name, nf->ports[p].name) == 0)
				return refuse(reason, "two ports are called %s", nf->ports[p].name);
		memcpy(nf->ports[p].mac, info->ports[p].mac, sizeof(nf->ports[p].mac));
		nf->ports[p].n_rx_queues = info->ports[p].n_rx_queues;
	}
	return 0;
}

static int
check_counts(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason)
{
	const struct zone *control = &nf->zones[SLIM_ZONE_CONTROL];

	if (info->n_workers == 0 || info->n_workers > SLIM_MAX_WORKERS)
		return refuse(reason, "%u workers", info->n_workers);
	if (info->n_tables > SLIM_MAX_TABLES)
		return refuse(reason, "%u tables", info->n_tables);
	if (info->n_ports > SLIM_MAX_PORTS)
		return refuse(reason, "%u ports", info->n_ports);
	if (info->instance == 0)
		return refuse(reason, "no instance number");
	if (control->size < sizeof(struct slim_shm_control) ||
	    info->install_offset < sizeof(struct slim_shm_control) ||
	    info->install_offset % SLIM_CACHE_LINE != 0 ||
	    !fits(info->install_offset, info->n_workers, sizeof(struct slim_shm_install),
		  control->size))
		return refuse(reason, "the install rings are outside their zone");
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		if (info->bucket_worker[b] >= info->n_workers)
			return refuse(reason, "bucket %u belongs to no worker", b);
	nf->n_workers = info->n_workers;
	nf->n_tables = info->n_tables;
	nf->n_ports = info->n_ports;
	nf->pid = info->pid;
	nf->instance = info->instance;
	nf->hold_capacity = info->hold_capacity;
	nf->active_at_start = info->active_at_start != 0;
	memcpy(nf->bucket_worker, info->bucket_worker, sizeof(nf->bucket_worker));
	nf->control = (struct slim_shm_control *)(void *)control->base;
	nf->installs = (struct slim_shm_install *)(void *)(control->base + info->install_offset);
	return 0;
}

static int
check_names(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason)
{
	int rc = copy_name(nf->name, info->name, "instance name", reason);

	if (rc == 0)
		rc = copy_name(nf->service, info->service, "service name", reason);
	if (rc == 0)
		rc = copy_name(nf->kind, info->kind, "kind", reason);
	if (rc == 0)
		rc = copy_name(nf->nf_version, info->nf_version, "version", reason);
	if (rc < 0)
		return rc;
	if (memchr(info->identity, 0, sizeof(info->identity)) == NULL)
		return refuse(reason, "the identity text has no end");
	memcpy(nf->identity, info->identity, sizeof(nf->identity));
	return 0;
}

int
nf_check_info(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason)
{
	int rc;

	if (info->magic != SLIM_SHM_MAGIC || info->version != SLIM_SHM_VERSION ||
	    info->size != sizeof(*info))
		return refuse(reason, "the info zone is of another version");
	rc = check_names(nf, info, reason);
	if (rc == 0)
		rc = check_counts(nf, info, reason);
	if (rc == 0)
		rc = check_ports(nf, info, reason);
	for (uint32_t t = 0; rc == 0 && t < nf->n_tables; t++)
		rc = check_table(nf, t, &info->tables[t], reason);
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
	int rc;

	for (uint32_t z = 0; z < hello->n_zones; z++) {
		rc = zone_map(&nf->zones[z], hello, z, fds, z == SLIM_ZONE_CONTROL);
		if (rc < 0) {
			refuse(reason, "zone %u cannot be mapped: %s", z, strerror(-rc));
			return rc;
		}
	}
	nf->n_zones = hello->n_zones;
	return 0;
}

/* Copies and checks what the info zone says of the NF. */
static int
read_info(struct nf *nf, struct schema_reason *reason)
{
	struct slim_shm_info *copy;
	int rc;

	if (nf->zones[SLIM_ZONE_INFO].size < sizeof(struct slim_shm_info))
		return refuse(reason, "the info zone is too small");
	nf->info = (const struct slim_shm_info *)(const void *)nf->zones[SLIM_ZONE_INFO].base;
	copy = aligned_alloc(_Alignof(struct slim_shm_info), sizeof(*copy));
	if (copy == NULL) {
		refuse(reason, "out of memory");
		return -ENOMEM;
	}
	memcpy(copy, nf->info, sizeof(*copy));
	rc = nf_check_info(nf, copy, reason);
	if (rc == 0 && nf_is_broken(nf))
		rc = refuse(reason, "the memory has shrunk");
	free(copy);
	return rc;
}

static struct nf *
nf_new(struct schema_reason *reason)
{
	struct nf *nf = calloc(1, sizeof(*nf));

	if (nf == NULL)
		refuse(reason, "out of memory");
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
		return refuse(reason, "%u zones", n_zones);
	for (uint32_t z = 0; z < n_zones; z++) {
		if (zones[z].base == NULL || (uintptr_t)zones[z].base % SLIM_CACHE_LINE != 0)
			return refuse(reason, "zone %u: memory at no border", z);
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
nf_is_alive(const struct nf *nf, uint64_t now_ns)
{
	for (uint32_t w = 0; w < nf->n_workers; w++) {
		uint64_t beat = atomic_load_explicit(&nf->info->workers[w].heartbeat_ns,
						     memory_order_relaxed);

		if (beat + ALIVE_NS < now_ns)
			return false;
	}
	return nf->up;
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
