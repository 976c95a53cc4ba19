/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of cookies; see secret.h. */
#include "secret.h"

#include <string.h>

#include <rte_common.h>

#include "slot.h"

#define SECOND_NS UINT64_C(1000000000)
#define NEVER_COPIED 1u /* no even sequence */

const struct slim_field pppoe_secret_fields[] = {
	SLIM_FIELD_KEY(struct pppoe_secret, place, SLIM_U32),
	SLIM_FIELD_STATE(struct pppoe_secret, generation, SLIM_U32),
	SLIM_FIELD_STATE(struct pppoe_secret, made, SLIM_TIME),
	SLIM_FIELD_STATE(struct pppoe_secret, key, SLIM_BYTES),
};
const uint16_t pppoe_secret_n_fields = RTE_DIM(pppoe_secret_fields);

/* ---- main thread --------------------------------------------------------------------------------- */

bool
pppoe_secret_wants(const struct pppoe_secret_table *t)
{
	return !atomic_load_explicit(&t->is_full, memory_order_acquire); /* S2 */
}

void
pppoe_secret_offer(struct pppoe_secret_table *t, const uint8_t random[PPPOE_COOKIE_KEY])
{
	memcpy(t->random, random, PPPOE_COOKIE_KEY);
	atomic_store_explicit(&t->is_full, true, memory_order_release); /* S1 */
}

/* ---- rows from another instance ------------------------------------------------------------------ */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	uint32_t place;

	(void)ctx;
	(void)w;
	memcpy(&place, key, sizeof(place));
	return bucket == PPPOE_SECRET_BUCKET && place < PPPOE_N_SECRETS ? place : SLIM_NO_SLOT;
}

/* Nothing is derived from the row: each worker sees by its sequence that it has changed. */
static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx;
	(void)w;
	(void)slot;
	(void)entry;
}

int
pppoe_secret_table_create(struct pppoe_secret_table *t, struct slim_agent *agent)
{
	static const struct slim_table_ops ops = {.acquire = acquire, .removed = removed};
	const struct slim_table_config config = {
		.name = "secret",
		.capacity = PPPOE_N_SECRETS,
		.entry_size = sizeof(struct pppoe_secret),
		.n_fields = pppoe_secret_n_fields,
		.fields = pppoe_secret_fields,
		.ops = &ops,
		.ctx = t,
	};

	return slim_table_create(agent, &config, &t->table);
}

/* ---- copies ---------------------------------------------------------------------------------------- */

void
pppoe_secrets_init(struct pppoe_secrets *s, struct pppoe_secret_table *t, struct slim_worker *agent)
{
	*s = (struct pppoe_secrets){.shared = t, .agent = agent};
	for (uint32_t i = 0; i < PPPOE_N_SECRETS; i++)
		s->sequence[i] = NEVER_COPIED;
}

static const struct slim_slot_head *
head_of(const struct pppoe_secrets *s, uint32_t place)
{
	return (const struct slim_slot_head *)slim_slot(s->shared->table, place) - 1;
}

/* One that is being written is read in the next round. */
static void
copy(struct pppoe_secrets *s, uint32_t place)
{
	struct pppoe_secret secret;
	struct slot_state state;

	if (!slot_read((const uint8_t *)head_of(s, place), sizeof(secret), (uint8_t *)&secret,
		       &state))
		return;
	s->of[place] = state.used ? secret : (struct pppoe_secret){0};
	s->sequence[place] = state.seq;
}

static const struct pppoe_secret *
newest(const struct pppoe_secrets *s)
{
	return s->of[1].generation > s->of[0].generation ? &s->of[1] : &s->of[0];
}

/* ---- a new one -------------------------------------------------------------------------------------- */

static void
make(struct pppoe_secrets *s, uint64_t now_ns)
{
	struct pppoe_secret_table *t = s->shared;
	uint32_t generation = newest(s)->generation + 1, place = generation % PPPOE_N_SECRETS;
	struct pppoe_secret *secret = slim_slot_begin(s->agent, t->table, place);

	*secret = (struct pppoe_secret){.place = place, .generation = generation, .made = now_ns};
	memcpy(secret->key, t->random, PPPOE_COOKIE_KEY);
	slim_slot_end(s->agent, t->table, place, PPPOE_SECRET_BUCKET);
	memset(t->random, 0, sizeof(t->random));
	atomic_store_explicit(&t->is_full, false, memory_order_release); /* S2 */
	copy(s, place);
}

static void
act_as_owner(struct pppoe_secrets *s, uint64_t now_ns)
{
	const struct pppoe_secret *last = newest(s);
	bool is_old = last->generation == 0 ||
		      (int64_t)(now_ns - last->made) >= (int64_t)s->shared->lifetime_ns;

	if (unlikely(is_old) && slim_owns(s->agent, PPPOE_SECRET_BUCKET) &&
	    atomic_load_explicit(&s->shared->is_full, memory_order_acquire)) /* S1 */
		make(s, now_ns);
}

void
pppoe_secrets_tick(struct pppoe_secrets *s, uint64_t now_ns)
{
	for (uint32_t i = 0; i < PPPOE_N_SECRETS; i++)
		if (unlikely(atomic_load_explicit(&head_of(s, i)->seq, memory_order_relaxed) !=
			     s->sequence[i]))
			copy(s, i);
	act_as_owner(s, now_ns);
}

/* ---- cookies ---------------------------------------------------------------------------------------- */

/* Seconds; one that was made in the future, as another clock says, is new. */
static uint32_t
age_of(const struct pppoe_secret *secret, uint64_t now_ns)
{
	int64_t age = (int64_t)(now_ns - secret->made);

	return age < 0 ? 0 : (uint32_t)((uint64_t)age / SECOND_NS);
}

bool
pppoe_secrets_cookie(const struct pppoe_secrets *s, uint64_t now_ns,
		     const struct pppoe_cookie_line *line, uint8_t ret[PPPOE_COOKIE_SIZE])
{
	const struct pppoe_secret *secret = newest(s);

	return secret->generation != 0 &&
	       pppoe_cookie_make(secret->key, age_of(secret, now_ns), line, ret);
}

enum pppoe_cookie_verdict
pppoe_secrets_judge(const struct pppoe_secrets *s, uint64_t now_ns, uint32_t lifetime_s,
		    const struct pppoe_cookie_line *line, const uint8_t *cookie, uint16_t size)
{
	enum pppoe_cookie_verdict verdict = PPPOE_COOKIE_FORGED;

	for (uint32_t i = 0; i < PPPOE_N_SECRETS; i++) {
		const struct pppoe_secret *secret = &s->of[i];
		enum pppoe_cookie_verdict by_it;

		if (secret->generation == 0)
			continue;
		by_it = pppoe_cookie_judge(secret->key, age_of(secret, now_ns) + 1, lifetime_s + 1,
					   line, cookie, size);
		if (by_it == PPPOE_COOKIE_GOOD)
			return by_it;
		if (by_it == PPPOE_COOKIE_OLD)
			verdict = by_it;
	}
	return verdict;
}
