/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registration of an NF that lies. The input is a list of changes (place, value) to a good
 * hello message and a good info zone. What passes the checks is then used: slots are
 * read, the tracker follows the rings, rows are installed. The zones are heap blocks of the exact
 * size, so that a sanitizer sees a step outside.
 */
#include <stdlib.h>
#include <string.h>

#include "install.h"
#include "nf.h"
#include "target.h"
#include "tracker.h"

#define CAPACITY 64u
#define RING_SIZE 64u
#define SLOT_SIZE 24u
#define N_WORKERS 2u
#define STRIDE (sizeof(struct slim_shm_ring) + RING_SIZE * sizeof(uint32_t))

static size_t
round_up(size_t size)
{
	return (size + 63u) & ~(size_t)63u;
}

/* Zeros, in memory of exactly this size, which is there from one input to the next: it is megabytes, and always as many. */
static void *
zeros(void **memory, size_t size)
{
	if (*memory == NULL)
		*memory = aligned_alloc(64, round_up(size));
	if (*memory == NULL)
		abort();
	return memset(*memory, 0, round_up(size));
}

static void *
make_zone(struct nf *nf, uint32_t zone, size_t size)
{
	static void *zones[3];

	nf->zones[zone].base = zeros(&zones[zone], size);
	nf->zones[zone].size = round_up(size);
	return nf->zones[zone].base;
}

static void
describe(struct slim_shm_info *info, size_t install_at, size_t dirty_at, size_t rings_at,
	 size_t control_size)
{
	struct slim_shm_table *table = &info->tables[0];

	info->magic = SLIM_SHM_MAGIC;
	info->version = SLIM_SHM_VERSION;
	info->size = sizeof(*info);
	strcpy(info->name, "n");
	strcpy(info->service, "s");
	strcpy(info->kind, "k");
	strcpy(info->nf_version, "1");
	info->n_workers = N_WORKERS;
	info->n_tables = 1;
	info->n_ports = 1;
	info->hold_capacity = 1;
	info->instance = 1;
	info->control_size = control_size;
	info->install_offset = install_at;
	strcpy(info->ports[0].name, "p");
	info->ports[0].n_rx_queues = 1;
	strcpy(table->name, "t");
	table->capacity = CAPACITY;
	table->slot_size = SLOT_SIZE;
	table->key_size = 8;
	table->n_fields = 2;
	table->zone = SLIM_ZONE_SLAB;
	table->dirty_offset = dirty_at;
	table->ring_offset = rings_at;
	table->ring_stride = round_up(STRIDE);
	table->ring_size = RING_SIZE;
	table->fields[0] = (struct slim_shm_field){"a", SLIM_U64, SLIM_KEY, SLIM_STATE, 0, 0, 8};
	table->fields[1] = (struct slim_shm_field){
		"b", SLIM_COUNTER, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_SUM, 8, 8};
}

static void
use_table(const struct nf *nf, uint32_t t)
{
	const struct nf_table *table = &nf->tables[t];
	uint8_t payload[SLIM_MAX_SLOT_SIZE], bucket;
	struct schema_link link;
	struct schema_reason reason;
	struct tracker *tracker;
	struct tracker_config config = {
		.link = &link,
		.slab = table->slab,
		.slot_size = table->slot_size,
		.capacity = table->schema.capacity,
		.dirty = table->dirty,
		.rings = table->rings,
		.ring_stride = table->ring_stride,
		.ring_size = table->ring_size,
		.n_workers = nf->n_workers,
		.table = (uint8_t)t,
		.workers = nf->info->workers,
	};

	if (schema_link(&table->schema, 0, &table->schema, &table->schema, &link, &reason) < 0)
		abort();
	nf_table_used(nf, t);
	nf_read_slot(nf, t, 0, payload, &bucket);
	nf_read_slot(nf, t, table->schema.capacity - 1, payload, &bucket);
	if (tracker_create(&config, &tracker) < 0)
		return;
	while (tracker_fill(tracker, NULL, 100) > 0)
		;
	tracker_is_complete(tracker);
	tracker_destroy(tracker);
}

static void
use_rings(const struct nf *nf)
{
	struct install_config config = {.rings = nf->installs,
					.workers = nf->info->workers,
					.n_workers = nf->n_workers,
					.bucket_worker = nf->bucket_worker};
	uint8_t row[SLIM_MAX_SLOT_SIZE] = {0};
	struct install install;

	if (install_begin(&install, &config) < 0)
		return;
	if (install_add_table(&install, 0, 10, 16) < 0)
		abort();
	for (uint32_t i = 0; i < 40; i++)
		install_put(&install, 0, i % 10, (uint8_t)(i * 7), row);
	install_is_applied(&install);
	install_end(&install);
}

static void
apply_changes(const uint8_t *data, size_t size, struct slim_reg_hello *hello,
	      struct slim_shm_info *info, uint8_t *control, size_t control_size)
{
	for (; size >= 6; data += 6, size -= 6) {
		uint32_t place;

		memcpy(&place, data, 4);
		switch (place >> 30) {
		case 0:
			memcpy((uint8_t *)hello + place % (sizeof(*hello) - 1), data + 4, 2);
			break;
		case 1:
			memcpy(control + place % (control_size - 1), data + 4, 2);
			break;
		default: /* the front of info, where the numbers are, is met more often */
			place &= 0x3fffffff;
			memcpy((uint8_t *)info + place % (place & 1 ? sizeof(*info) - 1
								    : offsetof(struct slim_shm_info,
									       tables[1])),
			       data + 4, 2);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t install_at = round_up(sizeof(struct slim_shm_control));
	size_t dirty_at = install_at + N_WORKERS * sizeof(struct slim_shm_install);
	size_t rings_at = round_up(dirty_at + CAPACITY);
	size_t control_size = rings_at + N_WORKERS * round_up(STRIDE);
	struct slim_reg_hello hello = {
		.magic = SLIM_REG_MAGIC,
		.version = SLIM_SHM_VERSION,
		.n_zones = 3,
		.n_ranges = 3,
		.n_fds = 1,
		.instance = 1,
		.ranges = {{0, 0, 0, 4096}, {0, 1, 0, 4096}, {0, 2, 0, 4096}}};
	const struct memory_file file = {
		.size = 8192, .allocated = 8192, .page_size = 4096, .keeps_size = true};
	static void *copied;
	struct slim_shm_info *info, *copy;
	struct schema_reason reason;
	struct nf nf = {.n_zones = 3};
	uint8_t *control;

	info = make_zone(&nf, SLIM_ZONE_INFO, sizeof(*info));
	control = make_zone(&nf, SLIM_ZONE_CONTROL, control_size);
	make_zone(&nf, SLIM_ZONE_SLAB, CAPACITY * SLOT_SIZE);
	copy = zeros(&copied, sizeof(*copy));
	describe(info, install_at, dirty_at, rings_at, control_size);
	nf.info = info;
	/* What is changed below is good before: else nothing behind the checks is met. */
	memcpy(copy, info, sizeof(*copy));
	if (nf_check_info(&nf, copy, &reason) < 0)
		abort();
	apply_changes(data, size, &hello, info, control, control_size);
	if (nf_check_hello(&hello, sizeof(hello), 1, &reason) == 0)
		memory_file_check(&hello, &file, &reason);
	memcpy(copy, info, sizeof(*copy));
	if (nf_check_info(&nf, copy, &reason) == 0) {
		for (uint32_t t = 0; t < nf.n_tables; t++)
			use_table(&nf, t);
		use_rings(&nf);
	}
	return 0;
}
