/* SPDX-License-Identifier: Apache-2.0 */
/* The table of packets; see carried.h. */
#include "carried.h"

#include <stddef.h>
#include <string.h>

#define LOOKS 1024u /* slots that are looked at in one round, to be emptied */

_Static_assert(sizeof(struct carried) % 8 == 0, "an entry is eights of octets");
_Static_assert(offsetof(struct carried, octets) == 20, "and has no gap");

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct carried, slot, SLIM_U32),
	SLIM_FIELD_KEY(struct carried, bucket, SLIM_U32),
	SLIM_FIELD_STATE(struct carried, serial, SLIM_U32),
	SLIM_FIELD_LOCAL(struct carried, seen, SLIM_U32),
	SLIM_FIELD_STATE(struct carried, size, SLIM_U16),
	SLIM_FIELD_STATE(struct carried, piece, SLIM_U8),
	SLIM_FIELD_STATE(struct carried, port, SLIM_U8),
	SLIM_FIELD_STATE(struct carried, octets, SLIM_BYTES),
};

struct carrier {
	struct nf_worker *nf;
	uint32_t first_slot, n_slots; /* its ring */
	uint32_t next_slot;           /* in it */
	uint32_t serial;
	uint32_t n_cleared; /* so many of its slots are empty */
	bool is_left;       /* rows may be there */
};

static struct slim_table *table;
static unsigned int counters; /* the first one */
static struct carrier carriers[SLIM_MAX_WORKERS];

/* ---- the target ------------------------------------------------------------------------------ */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	uint32_t slot;

	(void)ctx;
	(void)bucket;
	memcpy(&slot, key, sizeof(slot));
	return slot - carriers[w->index].first_slot < carriers[w->index].n_slots ? slot
										 : SLIM_NO_SLOT;
}

/* The same row may come twice: with the copy, and as a change. */
static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct carrier *carrier = &carriers[w->index];
	struct carried *row = slim_slot(table, slot);

	(void)ctx;
	(void)entry;
	carrier->is_left = true;
	if (row->seen == row->serial)
		return;
	row->seen = row->serial;
	nf_count(carrier->nf, counters + CARRIED_arrived, 1);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx;
	(void)w;
	(void)slot;
	(void)entry;
}

/* ---- the source ------------------------------------------------------------------------------ */

bool
carried_is_wanted(const struct nf_worker *nf)
{
	return ((nf->agent->track >> table->index) & 1u) != 0;
}

static void
copy_octets(const struct rte_mbuf *m, uint32_t at, uint32_t n, uint8_t *to)
{
	const void *from = rte_pktmbuf_read(m, at, n, to);

	if (from != to)
		memcpy(to, from, n);
}

static struct slim_slot_head *
head_of(uint32_t slot)
{
	return (struct slim_slot_head *)slim_slot(table, slot) - 1;
}

/* An entry never changes its bucket. */
static uint32_t
take_slot(struct carrier *carrier, uint8_t bucket)
{
	uint32_t slot = carrier->first_slot + carrier->next_slot;
	const struct slim_slot_head *head = head_of(slot);

	carrier->next_slot = carrier->next_slot + 1 < carrier->n_slots ? carrier->next_slot + 1 : 0;
	if (head->used && head->bucket != bucket)
		slim_slot_free(carrier->nf->agent, table, slot);
	return slot;
}

static void
put_piece(struct carrier *carrier, const struct rte_mbuf *m, uint32_t piece, uint8_t bucket,
	  uint8_t port)
{
	uint32_t at = piece * CARRIED_OCTETS, size = rte_pktmbuf_pkt_len(m);
	uint32_t slot = take_slot(carrier, bucket);
	struct carried *row = slim_slot_begin(carrier->nf->agent, table, slot);

	if (++carrier->serial == 0) /* that of a new entry, which is not seen */
		carrier->serial = 1;
	row->slot = slot;
	row->bucket = bucket;
	row->serial = carrier->serial;
	row->size = (uint16_t)size;
	row->piece = (uint8_t)piece;
	row->port = port;
	copy_octets(m, at, RTE_MIN(size - at, CARRIED_OCTETS), row->octets);
	slim_slot_end(carrier->nf->agent, table, slot, bucket);
}

void
carried_put(struct nf_worker *nf, const struct rte_mbuf *m, uint8_t bucket, uint8_t port)
{
	uint32_t size = rte_pktmbuf_pkt_len(m);
	uint32_t n = (size + CARRIED_OCTETS - 1) / CARRIED_OCTETS;
	struct carrier *carrier = &carriers[nf->index];

	carrier->is_left = true;
	for (uint32_t piece = 0; piece < n; piece++)
		put_piece(carrier, m, piece, bucket, port);
	nf_count(nf, counters + CARRIED_packets, 1);
	nf_count(nf, counters + CARRIED_octets, size);
	nf_count(nf, counters + CARRIED_rows, n);
}

/* ---- afterwards ------------------------------------------------------------------------------- */

static void
empty(struct nf_worker *nf, uint32_t slot)
{
	const struct slim_slot_head *head = head_of(slot);

	if (head->used && slim_owns(nf->agent, head->bucket))
		slim_slot_free(nf->agent, table, slot);
}

void
carried_tick(struct nf_worker *nf)
{
	struct carrier *carrier = &carriers[nf->index];
	uint32_t end;

	if (likely(!carrier->is_left))
		return;
	if (carried_is_wanted(nf) || !nf->agent->serving) {
		carrier->n_cleared = 0;
		return;
	}
	end = carrier->n_cleared + RTE_MIN(LOOKS, carrier->n_slots - carrier->n_cleared);
	for (; carrier->n_cleared < end; carrier->n_cleared++)
		empty(nf, carrier->first_slot + carrier->n_cleared);
	carrier->is_left = carrier->n_cleared < carrier->n_slots;
}

/* ---- set-up ------------------------------------------------------------------------------------- */

int
carried_create(struct slim_agent *agent, unsigned int first_counter)
{
	static const struct slim_table_ops ops = {
		.acquire = acquire, .installed = installed, .removed = removed};
	const struct slim_table_config config = {
		.name = "carried",
		.capacity = CARRIED_SLOTS,
		.entry_size = sizeof(struct carried),
		.n_fields = RTE_DIM(fields),
		.fields = fields,
		.ops = &ops,
	};

	counters = first_counter;
	return slim_table_create(agent, &config, &table);
}

void
carried_worker_init(struct nf_worker *nf)
{
	uint32_t n_slots = CARRIED_SLOTS / nf->n_workers;

	carriers[nf->index] =
		(struct carrier){.nf = nf, .first_slot = nf->index * n_slots, .n_slots = n_slots};
}
