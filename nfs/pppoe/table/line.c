/* SPDX-License-Identifier: Apache-2.0 */
/* Lines; see line.h. Worker's thread, but for init, create and fini of the table. */
#include "line.h"

#include <errno.h>
#include <string.h>

#include <rte_common.h>

#define N_TICKS 1024u
#define TICK_SHIFT 27
#define TICK_LOOKS 32u /* lines that one tick looks at */
#define MINUTE_NS UINT64_C(60000000000)

const struct slim_field pppoe_line_fields[] = {
	SLIM_FIELD_KEY(struct pppoe_line, mac, SLIM_MAC),
	SLIM_FIELD_KEY(struct pppoe_line, outer, SLIM_U16),
	SLIM_FIELD_KEY(struct pppoe_line, inner, SLIM_U16),
	SLIM_FIELD_STATE(struct pppoe_line, failures, SLIM_U16),
	SLIM_FIELD_STATE(struct pppoe_line, full, SLIM_TIME),
	SLIM_FIELD_STATE(struct pppoe_line, blocked, SLIM_TIME),
};
const uint16_t pppoe_line_n_fields = RTE_DIM(pppoe_line_fields);

_Static_assert(offsetof(struct pppoe_line, failures) == sizeof(struct pppoe_line_key),
	       "a line begins with its key");

/* ---- find ---------------------------------------------------------------------------------------- */

/* Half of the inner tag falls out of 64 bits: the slot decides. */
static uint64_t
key_of(const struct pppoe_line_key *line)
{
	uint64_t key = 0;

	memcpy(&key, &line->mac, sizeof(line->mac));
	return key ^ (uint64_t)line->outer << 48 ^ (uint64_t)line->inner << 32;
}

static struct pppoe_line *
line_at(const struct pppoe_lines *l, uint32_t slot)
{
	return slim_slot(l->share.table, slot);
}

struct wanted {
	const struct pppoe_lines *lines;
	const struct pppoe_line_key *key;
};

static bool
is_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	const struct wanted *wanted = ctx;
	const struct pppoe_line *line = line_at(wanted->lines, slot);

	(void)key;
	return pppoe_line_is(wanted->key, &line->mac, line->outer, line->inner);
}

static uint32_t
hash_of(const struct pppoe_lines *l, const struct pppoe_line_key *key)
{
	return nf_slot_index_hash(&l->index, key_of(key));
}

uint32_t
pppoe_line_find(const struct pppoe_lines *l, const struct pppoe_line_key *key)
{
	const struct wanted wanted = {l, key};

	return nf_slot_index_find(&l->index, hash_of(l, key), key_of(key), is_equal, &wanted);
}

/* ---- remember and forget ------------------------------------------------------------------------- */

static int64_t
until(uint64_t ns, uint64_t now_ns)
{
	return (int64_t)(ns - now_ns);
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return a | b;
	return until(a, b) > 0 ? a : b;
}

/* When its failures are forgotten; 0: there are none. */
static uint64_t
quiet_of(const struct pppoe_lines *l, const struct pppoe_line *line)
{
	return line->failures == 0 ? 0 : line->blocked + l->shared->config.max_delay_ns;
}

/* When there is nothing to remember of it; 0: now. */
static uint64_t
end_of(const struct pppoe_lines *l, const struct pppoe_line *line)
{
	return later(line->full, quiet_of(l, line));
}

/* The newest of all, and in the wheel; a row that is in the index. */
static void
keep(struct pppoe_lines *l, uint32_t slot)
{
	nf_ages_append(&l->ages, slot - l->share.first_slot);
	nf_wheel_insert(&l->wheel, slot - l->share.first_slot, end_of(l, line_at(l, slot)));
}

/* Out of all that is derived. The row is the caller's. */
static void
forget(struct pppoe_lines *l, uint32_t slot)
{
	const struct pppoe_line *line = line_at(l, slot);
	const struct pppoe_line_key key = {line->mac, line->outer, line->inner};

	nf_slot_index_remove(&l->index, hash_of(l, &key), slot);
	nf_ages_remove(&l->ages, slot - l->share.first_slot);
	nf_wheel_remove(&l->wheel, slot - l->share.first_slot);
	nf_share_give(&l->share, slot);
}

static void
end(struct pppoe_lines *l, uint32_t slot)
{
	forget(l, slot);
	slim_slot_free(l->share.agent, l->share.table, slot);
}

static uint32_t
take_slot(struct pppoe_lines *l)
{
	uint32_t n_used = l->share.n_slots - l->share.n_free;

	if (n_used >= l->shared->own) {
		end(l, l->share.first_slot + nf_ages_oldest(&l->ages));
		l->n_evicted++;
	}
	return nf_share_take(&l->share);
}

/* What is to be written, as it is now. *ret_slot: NF_NO_SLOT if it has none. */
static struct pppoe_line
look_up(const struct pppoe_lines *l, const struct pppoe_line_key *key, uint32_t *ret_slot)
{
	uint32_t slot = pppoe_line_find(l, key);

	*ret_slot = slot;
	if (slot != NF_NO_SLOT)
		return *line_at(l, slot);
	return (struct pppoe_line){.mac = key->mac, .outer = key->outer, .inner = key->inner};
}

static void
write_line(struct pppoe_lines *l, uint32_t slot, const struct pppoe_line *line)
{
	const struct pppoe_line_key key = {line->mac, line->outer, line->inner};
	bool is_new = slot == NF_NO_SLOT;

	if (is_new)
		slot = take_slot(l);
	*(struct pppoe_line *)slim_slot_begin(l->share.agent, l->share.table, slot) = *line;
	slim_slot_end(l->share.agent, l->share.table, slot, pppoe_mac_bucket(&line->mac));
	if (is_new)
		nf_slot_index_insert(&l->index, hash_of(l, &key), slot);
	keep(l, slot);
}

void
pppoe_line_tick(struct pppoe_lines *l, uint64_t now_ns)
{
	for (uint32_t looks = 0; looks < TICK_LOOKS; looks++) {
		uint32_t item = nf_wheel_take(&l->wheel, now_ns);
		const struct pppoe_line *line;
		uint64_t over;

		if (item == NF_WHEEL_NONE)
			return;
		line = line_at(l, l->share.first_slot + item);
		over = end_of(l, line);
		if (!slim_owns(l->share.agent, pppoe_mac_bucket(&line->mac))) {
			nf_wheel_insert(&l->wheel, item, now_ns);
			return;
		}
		if (until(over, now_ns) > 0)
			nf_wheel_insert(&l->wheel, item, over);
		else
			end(l, l->share.first_slot + item);
	}
}

/* ---- log-ins ---------------------------------------------------------------------------------------- */

bool
pppoe_line_may_login(struct pppoe_lines *l, const struct pppoe_line_key *key, uint64_t now_ns)
{
	const struct pppoe_line_table *t = l->shared;
	struct pppoe_line line;
	uint64_t full;
	uint32_t slot;

	if (t->cost_ns == 0)
		return true;
	line = look_up(l, key, &slot);
	full = (line.full != 0 && until(line.full, now_ns) > 0 ? line.full : now_ns) + t->cost_ns;
	if (until(full, now_ns) > (int64_t)t->burst_ns)
		return false;
	line.full = full;
	write_line(l, slot, &line);
	return true;
}

/* The n-th in a row: delay * 2^(n - 1), but not more than the longest. */
static uint64_t
delay_of(const struct pppoe_line_config *config, uint16_t failures)
{
	uint64_t delay = config->delay_ns;

	for (uint16_t n = 1; n < failures && delay < config->max_delay_ns; n++)
		delay *= 2;
	return RTE_MIN(delay, config->max_delay_ns);
}

uint64_t
pppoe_line_failed(struct pppoe_lines *l, const struct pppoe_line_key *key, uint64_t now_ns)
{
	struct pppoe_line line;
	uint32_t slot;

	line = look_up(l, key, &slot);
	if (line.failures != 0 && until(quiet_of(l, &line), now_ns) <= 0)
		line.failures = 0;
	if (line.failures < UINT16_MAX)
		line.failures++;
	line.blocked = now_ns + delay_of(&l->shared->config, line.failures);
	write_line(l, slot, &line);
	return line.blocked;
}

void
pppoe_line_succeeded(struct pppoe_lines *l, const struct pppoe_line_key *key)
{
	struct pppoe_line line;
	uint32_t slot;

	line = look_up(l, key, &slot);
	if (slot == NF_NO_SLOT || line.failures == 0)
		return;
	line.failures = 0;
	line.blocked = 0;
	write_line(l, slot, &line);
}

uint64_t
pppoe_line_blocked(const struct pppoe_lines *l, const struct pppoe_line_key *key, uint64_t now_ns)
{
	uint32_t slot = pppoe_line_find(l, key);
	uint64_t blocked = slot == NF_NO_SLOT ? 0 : line_at(l, slot)->blocked;

	return blocked != 0 && until(blocked, now_ns) > 0 ? blocked : 0;
}

/* ---- rows from another instance ------------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key_bytes)
{
	struct pppoe_lines *l = nf_share_of(ctx, w);
	struct pppoe_line_key key;
	uint32_t slot;

	memcpy(&key, key_bytes, sizeof(key));
	if (l == NULL || bucket != pppoe_mac_bucket(&key.mac))
		return SLIM_NO_SLOT;
	slot = pppoe_line_find(l, &key);
	if (slot != NF_NO_SLOT)
		return slot;
	slot = nf_share_take(&l->share);
	if (slot != NF_NO_SLOT)
		nf_slot_index_insert(&l->index, hash_of(l, &key), slot);
	return slot;
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)entry;
	keep(nf_share_of(ctx, w), slot);
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)entry;
	forget(nf_share_of(ctx, w), slot);
}

const struct slim_table_ops pppoe_line_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
};

/* ---- set-up ------------------------------------------------------------------------------------------ */

static int
init_share(struct pppoe_lines *l, const struct pppoe_line_table *t)
{
	uint32_t n_slots = l->share.n_slots;

	l->shared = t;
	if (nf_slot_index_init(&l->index, n_slots, t->config.seed) != 0 ||
	    nf_wheel_init(&l->wheel, n_slots, N_TICKS, TICK_SHIFT, 0) != 0)
		return -ENOMEM;
	return nf_ages_init(&l->ages, n_slots);
}

int
pppoe_line_table_init(struct pppoe_line_table *t, const struct pppoe_line_config *config)
{
	/* As many slots whatever the workers, so that each source's fit into the agent's map (agent/map.h). */
	int error =
		nf_shares_init(&t->shares, &(struct nf_share_config){
						   .name = "pppoe_lines",
						   .capacity = config->capacity * SLIM_MAX_WORKERS,
						   .n_workers = config->n_workers,
						   .size = sizeof(struct pppoe_lines),
					   });

	t->config = *config;
	t->own = RTE_MAX(config->capacity / config->n_workers, 1u);
	if (config->logins_per_minute != 0)
		t->cost_ns = MINUTE_NS / config->logins_per_minute;
	t->burst_ns = t->cost_ns * RTE_MAX(config->burst, 1u);
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(pppoe_lines_of(t, w), t);
	return error;
}

int
pppoe_line_table_create(struct pppoe_line_table *t, struct slim_agent *agent)
{
	return nf_shares_create(&t->shares, agent,
				&(struct slim_table_config){
					.name = "line",
					.entry_size = sizeof(struct pppoe_line),
					.n_fields = pppoe_line_n_fields,
					.fields = pppoe_line_fields,
					.ops = &pppoe_line_ops,
				});
}

void
pppoe_line_table_fini(struct pppoe_line_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++) {
		struct pppoe_lines *l = pppoe_lines_of(t, w);

		if (l == NULL)
			continue;
		nf_slot_index_fini(&l->index);
		nf_wheel_fini(&l->wheel);
		nf_ages_fini(&l->ages);
	}
	nf_shares_fini(&t->shares);
}
