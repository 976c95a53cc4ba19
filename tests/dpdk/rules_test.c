/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One set of rules, two ends: each sample, good or bad, goes to the agent as a configuration and to
 * slimd as the info zone of an NF. Both say what the sample says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent.h"
#include "harness.h"
#include "nf.h"
#include "table.h"

struct entry {
	uint32_t id;
	uint16_t port;
	uint16_t flags;
	uint64_t seen;
	uint64_t packets;
	uint64_t local;
};

#define N_FIELDS 6u
#define FIELD(member, type_, role_, class__, merge_)                                    \
	{                                                                               \
		.name = #member, .type = (type_), .role = (role_), .class_ = (class__), \
		.merge = (merge_), .offset = offsetof(struct entry, member),            \
		.size = sizeof(((struct entry *)0)->member)                             \
	}

struct sample {
	bool good;
	const char *name;
	const char *service;
	const char *kind;
	const char *version;
	const char *identity;
	const char *table;
	uint32_t capacity;
	uint16_t entry_size;
	uint16_t n_fields;
	struct slim_field fields[N_FIELDS];
	uint32_t hold_capacity;
	uint8_t last_bucket; /* its worker */
};

static const struct sample plain = {
	.good = true,
	.name = "nat-a",
	.service = "nat",
	.kind = "slim-nat",
	.version = "1.2",
	.identity = "pool 203.0.113.0/24",
	.table = "session",
	.capacity = 64,
	.entry_size = sizeof(struct entry),
	.n_fields = N_FIELDS,
	.fields = {FIELD(id, SLIM_IPV4, SLIM_KEY, SLIM_STATE, SLIM_MERGE_NONE),
		   FIELD(port, SLIM_BE16, SLIM_KEY, SLIM_STATE, SLIM_MERGE_NONE),
		   FIELD(flags, SLIM_U16, SLIM_VALUE, SLIM_STATE, SLIM_MERGE_NONE),
		   FIELD(seen, SLIM_TIME, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_MAX),
		   FIELD(packets, SLIM_COUNTER, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_SUM),
		   FIELD(local, SLIM_U64, SLIM_VALUE, SLIM_LOCAL, SLIM_MERGE_NONE)},
	.hold_capacity = 100,
	.last_bucket = 1,
};

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	(void)ctx, (void)w, (void)bucket, (void)key;
	return SLIM_NO_SLOT;
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w, (void)slot, (void)entry;
}

static const struct slim_table_ops ops = {.acquire = acquire, .removed = removed};

/* ---- the agent's end ----------------------------------------------------------------- */

static struct slim_table_config
table_of(const struct sample *s)
{
	return (struct slim_table_config){.name = s->table,
					  .capacity = s->capacity,
					  .entry_size = s->entry_size,
					  .n_fields = s->n_fields,
					  .fields = s->fields,
					  .ops = &ops};
}

static int
agent_says(const struct sample *s, struct slim_agent **ret_agent)
{
	uint8_t bucket_worker[SLIM_N_BUCKETS] = {[255] = s->last_bucket};
	const struct slim_agent_config config = {.name = s->name,
						 .service = s->service,
						 .kind = s->kind,
						 .version = s->version,
						 .identity = s->identity,
						 .n_workers = 2,
						 .bucket_worker = bucket_worker,
						 .hold_capacity = s->hold_capacity,
						 .socket_id = SOCKET_ID_ANY};
	const struct slim_table_config table_config = table_of(s);
	struct slim_agent *agent;
	struct slim_table *table;
	int rc = slim_agent_create(&config, &agent);

	if (rc < 0)
		return rc;
	rc = slim_table_create(agent, &table_config, &table);
	if (rc == 0)
		rc = slim_agent_start(agent);
	if (rc == 0 && ret_agent != NULL)
		*ret_agent = agent;
	else
		slim_agent_destroy(agent);
	return rc;
}

/* ---- slimd's end --------------------------------------------------------------------- */

/* Without the end of the text where there is no room for one. */
static void
write_text(char *to, const char *from, size_t room)
{
	memset(to, 0, room);
	memcpy(to, from, strnlen(from, room));
}

static void
write_table(struct slim_shm_table *to, const struct sample *s)
{
	write_text(to->name, s->table, sizeof(to->name));
	to->capacity = s->capacity;
	to->slot_size = (uint32_t)sizeof(struct slim_slot_head) + s->entry_size;
	to->n_fields = s->n_fields;
	to->key_offset = s->fields[0].offset;
	to->key_size = 0;
	for (uint16_t i = 0; i < N_FIELDS && s->fields[i].role == SLIM_KEY; i++)
		to->key_size = (uint16_t)(to->key_size + s->fields[i].size);
	for (uint16_t i = 0; i < N_FIELDS; i++) {
		const struct slim_field *f = &s->fields[i];

		to->fields[i] = (struct slim_shm_field){.type = (uint8_t)f->type,
							.role = (uint8_t)f->role,
							.class_ = (uint8_t)f->class_,
							.merge = (uint8_t)f->merge,
							.offset = f->offset,
							.size = f->size};
		write_text(to->fields[i].name, f->name, SLIM_NAME_SIZE);
	}
}

static int
adopt(const struct slim_agent *agent, struct slim_shm_info *info)
{
	const struct nf_memory zones[] = {
		{info != NULL ? info : agent->info, agent->info_zone.size},
		{agent->control, agent->control_zone.size},
		{agent->tables[0].pub.slab, agent->tables[0].zone.size}};
	struct schema_reason reason;
	struct nf *nf;
	int rc = nf_adopt(zones, RTE_DIM(zones), &nf, &reason);

	if (rc == 0)
		nf_discard(nf);
	return rc;
}

/* The memory of an agent that is good, and in its info zone the sample. */
static int
slimd_says(const struct slim_agent *agent, const struct sample *s)
{
	struct slim_shm_info *info = aligned_alloc(64, agent->info_zone.size);
	int rc;

	assert_non_null(info);
	memcpy(info, agent->info, sizeof(*info));
	write_text(info->name, s->name, sizeof(info->name));
	write_text(info->service, s->service, sizeof(info->service));
	write_text(info->kind, s->kind, sizeof(info->kind));
	write_text(info->nf_version, s->version, sizeof(info->nf_version));
	write_text(info->identity, s->identity, sizeof(info->identity));
	info->hold_capacity = s->hold_capacity;
	info->bucket_worker[255] = s->last_bucket;
	write_table(&info->tables[0], s);
	rc = adopt(agent, info);
	free(info);
	return rc;
}

/* ---- both ---------------------------------------------------------------------------- */

#define LONG "a-name-of-more-than-31-characters"
#define LONG_IDENTITY                                                      \
	"an identity of more than 127 characters, which is a fingerprint " \
	"of what both instances must have in common, and not a novel ---"

#define SAMPLE(good_, change)               \
	{                                   \
		struct sample s = plain;    \
                                            \
		s.good = (good_);           \
		change;                     \
		expect(agent, &s, #change); \
	}
#define GOOD(change) SAMPLE(true, change)
#define BAD(change) SAMPLE(false, change)

static void
expect(const struct slim_agent *agent, const struct sample *s, const char *what)
{
	struct slim_agent *mine = NULL;
	int first = agent_says(s, &mine), second = slimd_says(agent, s);

	if (first != (s->good ? 0 : -EINVAL) || second != first)
		fail_msg("%s: the agent says %d, slimd %d", what, first, second);
	/* What the agent itself wrote is taken as it is. */
	if (mine != NULL && adopt(mine, NULL) != 0)
		fail_msg("%s: slimd refuses what the agent made", what);
	slim_agent_destroy(mine);
}

static struct slim_agent *
start_good_agent(void)
{
	struct sample s = plain;
	struct slim_agent *agent = NULL;

	s.name = "the-good-one";
	assert_int_equal(agent_says(&s, &agent), 0);
	return agent;
}

/* Killed by: a check that one end has and the other has not. */
static void
names_are_judged_alike(void **state)
{
	struct slim_agent *agent = start_good_agent();

	(void)state;
	GOOD((void)s)
	GOOD(s.name = "A_1.b-c")
	GOOD(s.name = "_")
	GOOD(s.name = "exactly-31-characters-of-a-name")
	BAD(s.name = "")
	BAD(s.name = "nat a")
	BAD(s.name = "-nat")
	BAD(s.name = ".nat")
	BAD(s.name = "nat:a")
	BAD(s.name = "nat,a")
	BAD(s.name = "nat=a")
	BAD(s.name = "nat\"a")
	BAD(s.name = "nat\na")
	BAD(s.name = "n\xc3\xa4t")
	BAD(s.name = LONG)
	BAD(s.service = "")
	BAD(s.service = "a b")
	BAD(s.service = LONG)
	BAD(s.kind = "")
	BAD(s.kind = "slim/nat")
	BAD(s.kind = LONG)
	GOOD(s.version = "1:22.11+deb12u1~rc1-2")
	BAD(s.version = "")
	BAD(s.version = "1 2")
	BAD(s.version = LONG)
	GOOD(s.identity = "")
	GOOD(s.identity = "with blanks, and = \" \\")
	BAD(s.identity = "two\nlines")
	BAD(s.identity = LONG_IDENTITY "and more")
	GOOD(s.table = "pcp_epoch")
	BAD(s.table = "")
	BAD(s.table = "a-b")
	BAD(s.table = "a.b")
	BAD(s.table = "a b")
	BAD(s.table = LONG)
	GOOD(s.fields[2].name = "in.flags")
	BAD(s.fields[2].name = "")
	BAD(s.fields[2].name = "port")
	BAD(s.fields[2].name = "the flags")
	BAD(s.fields[2].name = LONG)
	slim_agent_destroy(agent);
}

/* Killed by: as above. */
static void
tables_are_judged_alike(void **state)
{
	struct slim_agent *agent = start_good_agent();

	(void)state;
	BAD(s.capacity = 0)
	BAD(s.capacity = SLIM_MAX_CAPACITY + 1)
	BAD(s.entry_size = 0)
	BAD(s.entry_size = 44)
	BAD(s.entry_size = SLIM_MAX_SLOT_SIZE)
	BAD(s.n_fields = 0)
	BAD(s.n_fields = SLIM_MAX_FIELDS + 1)
	BAD(s.fields[3].merge = SLIM_MERGE_SUM) /* of a time */
	GOOD(s.fields[3].merge = SLIM_MERGE_LAST)
	BAD(s.fields[3].merge = SLIM_MERGE_NONE)
	BAD(s.fields[3].merge = (enum slim_merge)9)
	BAD(s.fields[2].merge = SLIM_MERGE_MAX)
	BAD(s.fields[2].type = (enum slim_type)0)
	BAD(s.fields[2].type = (enum slim_type)99)
	BAD(s.fields[2].size = 4)
	BAD(s.fields[2].role = (enum slim_role)0)
	BAD(s.fields[2].class_ = (enum slim_class)0)
	BAD(s.fields[2].class_ = (enum slim_class)4)
	BAD((s.fields[5].type = SLIM_U32, s.fields[5].size = 4, s.fields[5].offset = 34))
	GOOD((s.fields[5].type = SLIM_U32, s.fields[5].size = 4, s.fields[5].offset = 28))
	GOOD((s.fields[5].type = SLIM_IPV4, s.fields[5].size = 4, s.fields[5].offset = 25))
	BAD(s.fields[5].offset = 8)
	BAD(s.fields[5].offset = 36)
	BAD(s.fields[5].offset = 65528)
	BAD(s.fields[0].class_ = SLIM_LOCAL)
	BAD((s.fields[0].role = SLIM_VALUE, s.fields[1].role = SLIM_VALUE))
	BAD(s.fields[0].role = SLIM_VALUE)
	BAD((s.fields[2].role = SLIM_KEY, s.fields[1].role = SLIM_VALUE))
	GOOD(s.fields[2].role = SLIM_KEY)
	BAD((s.fields[5].role = SLIM_KEY, s.fields[5].class_ = SLIM_STATE))
	BAD((s.fields[1].type = SLIM_BYTES, s.fields[1].size = 0))
	BAD(s.hold_capacity = SLIM_MAX_CAPACITY + 1)
	BAD(s.last_bucket = 2)
	slim_agent_destroy(agent);
}

/* ---- tables by chance ------------------------------------------------------------------ */

/* Changes that keep a table close to a good one, so that both answers are met. */
static void
change_field(struct sample *s, struct harness_random *r)
{
	static const char *const names[] = {"a", "port", "x-y", "", "q q", LONG};
	struct slim_field *f = &s->fields[harness_below(r, N_FIELDS)];

	switch (harness_below(r, 7)) {
	case 0:
		f->name = names[harness_below(r, RTE_DIM(names))];
		break;
	case 1:
		f->type = (enum slim_type)harness_below(r, 13);
		break;
	case 2:
		f->role = (enum slim_role)harness_below(r, 4);
		break;
	case 3:
		f->class_ = (enum slim_class)harness_below(r, 5);
		break;
	case 4:
		f->merge = (enum slim_merge)harness_below(r, 5);
		break;
	case 5:
		f->offset = (uint16_t)harness_below(r, 48);
		break;
	default:
		f->size = (uint16_t)harness_below(r, 17);
	}
}

/* Killed by: a rule of one end that no sample above thinks of. */
static void
tables_by_chance_are_judged_alike(void **state)
{
	struct harness_random r = {20260101};
	uint32_t n_good = 0, n = 300000;

	(void)state;
	print_message("# seed %" PRIu64 "\n", r.state);
	for (uint32_t i = 0; i < n; i++) {
		struct slim_table_config config;
		struct agent_table table = {0};
		struct slim_shm_table shm = {0};
		struct schema_table schema;
		struct schema_reason reason;
		struct sample s = plain;
		int first, second;

		for (uint32_t k = harness_below(&r, 4); k > 0; k--)
			change_field(&s, &r);
		config = table_of(&s);
		write_table(&shm, &s);
		first = slim_table_check(&config, &table);
		second = schema_from_shm(&shm, &schema, &reason);
		if (first != second)
			fail_msg("table %u: the agent says %d, slimd %d (%s)", i, first, second,
				 reason.text);
		n_good += first == 0;
	}
	assert_in_range(n_good, n / 20, n - n / 20);
}

/* An instance needs a table. Killed by: an agent that starts and can never register. */
static void
an_instance_without_a_table_is_refused(void **state)
{
	const struct slim_agent_config config = {.name = "bare",
						 .service = "s",
						 .kind = "k",
						 .version = "1",
						 .identity = "",
						 .n_workers = 1,
						 .socket_id = SOCKET_ID_ANY};
	struct slim_agent *agent;

	(void)state;
	assert_int_equal(slim_agent_create(&config, &agent), 0);
	assert_int_equal(slim_agent_start(agent), -EINVAL);
	slim_agent_destroy(agent);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_judged_alike),
		cmocka_unit_test(tables_are_judged_alike),
		cmocka_unit_test(tables_by_chance_are_judged_alike),
		cmocka_unit_test(an_instance_without_a_table_is_refused),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
