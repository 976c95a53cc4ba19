/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of the install rings (P5, P6 of slim_shm.h). */
#include "install.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "slim_limits.h"

#define RING SLIM_INSTALL_RING_SIZE

_Static_assert((RING & (RING - 1)) == 0, "ring positions are masked");
_Static_assert(RING >= 4 * (SLIM_MAX_SLOT_SIZE + sizeof(struct slim_install_record)),
	       "a record and a pad always fit an empty ring");

static uint64_t
consumed(const struct install *in, uint32_t worker)
{
	return atomic_load_explicit(&in->config.workers[worker].installed_bytes,
				    memory_order_acquire); /* P6 */
}

/* Bytes in a ring, or -EBADMSG when the worker claims the impossible. */
static int64_t
occupied(const struct install *in, uint32_t worker)
{
	uint64_t used = in->tails[worker] - consumed(in, worker);

	return used <= RING ? (int64_t)used : -EBADMSG;
}

int
install_begin(struct install *in, const struct install_config *config)
{
	memset(in, 0, sizeof(*in));
	in->config = *config;
	for (uint32_t w = 0; w < config->n_workers; w++) {
		in->tails[w] = atomic_load_explicit(&config->rings[w].tail, memory_order_relaxed);
		if (in->tails[w] % 8 != 0 || occupied(in, w) < 0)
			return -EBADMSG;
	}
	return 0;
}

void
install_end(struct install *in)
{
	for (uint32_t t = 0; t < in->n_tables; t++)
		free(in->tables[t].places);
	memset(in, 0, sizeof(*in));
}

int
install_add_table(struct install *in, uint8_t local_index, uint32_t source_capacity,
		  uint16_t row_size)
{
	struct install_table *table = &in->tables[in->n_tables];

	if (in->n_tables == SLIM_MAX_TABLES)
		return -E2BIG;
	table->places = calloc(source_capacity, sizeof(*table->places));
	if (table->places == NULL)
		return -ENOMEM;
	table->n_places = source_capacity;
	table->index = local_index;
	table->row_size = row_size;
	in->n_tables++;
	return 0;
}

/* Writes one record. Readers see it (and a pad before it) all at once. */
static int
write_record(struct install *in, uint32_t worker, const struct slim_install_record *head,
	     const uint8_t *payload)
{
	struct slim_shm_install *ring = &in->config.rings[worker];
	uint64_t tail = in->tails[worker];
	size_t at = (size_t)(tail & (RING - 1));
	size_t pad = RING - at < head->size ? RING - at : 0;
	int64_t used = occupied(in, worker);

	if (used < 0)
		return (int)used;
	if ((uint64_t)used + pad + head->size > RING)
		return -EAGAIN;
	if (pad > 0) {
		/* Where not even a head fits, the reader sees the end by itself. */
		struct slim_install_record skip = {.size = (uint32_t)pad, .op = SLIM_INSTALL_PAD};

		memcpy(ring->data + at, &skip, pad < sizeof(skip) ? pad : sizeof(skip));
		at = 0;
	}
	memcpy(ring->data + at, head, sizeof(*head));
	if (head->row_size > 0)
		memcpy(ring->data + at + sizeof(*head), payload, head->row_size);
	in->tails[worker] = tail + pad + head->size;
	in->rows++;
	atomic_store_explicit(&ring->tail, in->tails[worker], memory_order_release); /* P5 */
	return 0;
}

static int
write_row(struct install *in, enum slim_install_op op, uint32_t table, uint32_t source_slot,
	  uint8_t bucket, const uint8_t *payload)
{
	const struct install_table *t = &in->tables[table];
	struct slim_install_record head = {
		.op = (uint8_t)op,
		.table = t->index,
		.bucket = bucket,
		.source_slot = source_slot,
		.row_size = payload != NULL ? t->row_size : 0,
	};

	head.size = (uint32_t)((sizeof(head) + head.row_size + 7u) & ~(size_t)7u);
	return write_record(in, in->config.bucket_worker[bucket], &head, payload);
}

/* 0 once the old worker has applied the DEL of a slot that moved. */
static int
wait_parked(struct install *in)
{
	int64_t ahead;

	if (!in->parked)
		return 0;
	if (occupied(in, in->park_worker) < 0)
		return -EBADMSG;
	ahead = (int64_t)(in->park_until - consumed(in, in->park_worker));
	if (ahead > 0)
		return -EAGAIN;
	in->parked = false;
	return 0;
}

int
install_delete(struct install *in, uint32_t table, uint32_t source_slot)
{
	uint16_t *place = &in->tables[table].places[source_slot];
	int rc = wait_parked(in);

	if (rc < 0 || *place == 0)
		return rc;
	rc = write_row(in, SLIM_INSTALL_DEL, table, source_slot, (uint8_t)(*place - 1), NULL);
	if (rc == 0)
		*place = 0;
	return rc;
}

/* Takes the slot's row away from a worker that is no longer its owner. */
static int
leave_old_worker(struct install *in, uint32_t table, uint32_t source_slot, uint8_t bucket)
{
	uint16_t place = in->tables[table].places[source_slot];
	uint32_t old;
	int rc;

	if (place == 0)
		return 0;
	old = in->config.bucket_worker[place - 1];
	if (old == in->config.bucket_worker[bucket])
		return 0;
	rc = install_delete(in, table, source_slot);
	if (rc < 0)
		return rc;
	in->parked = true;
	in->park_worker = old;
	in->park_until = in->tails[old];
	return wait_parked(in);
}

int
install_put(struct install *in, uint32_t table, uint32_t source_slot, uint8_t bucket,
	    const uint8_t *payload)
{
	int rc = wait_parked(in);

	if (rc == 0)
		rc = leave_old_worker(in, table, source_slot, bucket);
	if (rc == 0)
		rc = write_row(in, SLIM_INSTALL_PUT, table, source_slot, bucket, payload);
	if (rc == 0)
		in->tables[table].places[source_slot] = (uint16_t)(bucket + 1u);
	return rc;
}

int
install_merge(struct install *in, uint32_t table, uint32_t source_slot, uint8_t bucket,
	      const uint8_t *payload)
{
	/* The row was put at the worker of this bucket, or it is not there at all. */
	if (!in->config.places_unknown && in->tables[table].places[source_slot] != bucket + 1u)
		return 0;
	return write_row(in, SLIM_INSTALL_MERGE, table, source_slot, bucket, payload);
}

int
install_is_applied(const struct install *in)
{
	for (uint32_t w = 0; w < in->config.n_workers; w++) {
		int64_t used = occupied(in, w);

		if (used != 0)
			return used < 0 ? -EBADMSG : 0;
	}
	return 1;
}

uint32_t
install_error(const struct install *in)
{
	for (uint32_t w = 0; w < in->config.n_workers; w++) {
		uint32_t error = atomic_load_explicit(&in->config.workers[w].install_error,
						      memory_order_relaxed);

		if (error != 0)
			return error;
	}
	return 0;
}
