/* SPDX-License-Identifier: Apache-2.0 */
/* Registration over a real socket with real memory files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "fake_nf.h"
#include "log.h"
#include "nf_registry.h"

struct world {
	struct event_base *base;
	struct nf_registry *registry;
	struct fake_nf *fake;
	char path[100];
	struct nf *up;
	struct nf *down;
	unsigned n_up, n_down;
	bool hold;
};

static void
on_up(void *ctx, struct nf *nf)
{
	struct world *w = ctx;

	w->up = nf;
	w->n_up++;
	if (w->hold)
		nf_hold(nf);
}

static void
on_down(void *ctx, struct nf *nf)
{
	struct world *w = ctx;

	w->down = nf;
	w->n_down++;
}

static void
ignore_log(void *ctx, enum log_level level, const char *line)
{
	(void)ctx, (void)level, (void)line;
}

static int
setup(void **state)
{
	static const struct nf_registry_ops ops = {.on_up = on_up, .on_down = on_down};
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	log_set_sink(ignore_log, NULL);
	snprintf(w->path, sizeof(w->path), "/tmp/slim-nf-test-%d.sock", (int)getpid());
	w->base = event_base_new();
	assert_int_equal(nf_registry_create(w->base, w->path, &ops, w, &w->registry), 0);
	w->fake = fake_nf_create("one", true, 2, 1, 64);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	nf_registry_destroy(w->registry);
	fake_nf_destroy(w->fake);
	event_base_free(w->base);
	free(w);
	return 0;
}

static void
turn(struct world *w, int n)
{
	while (n-- > 0)
		event_base_loop(w->base, EVLOOP_NONBLOCK);
}

/* The answer to a hello: 0 or a negative errno. */
static int
register_nf(struct world *w, struct fake_nf *fake, char *text)
{
	struct slim_reg_reply reply = {.error = -1};

	assert_int_equal(fake_nf_hello(fake, w->path), 0);
	turn(w, 5);
	assert_int_equal(recv(fake->socket, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
	assert_int_equal(reply.magic, SLIM_REG_MAGIC);
	if (text != NULL)
		strcpy(text, reply.text);
	return reply.error;
}

static void
an_nf_registers_and_goes(void **state)
{
	struct world *w = *state;

	assert_int_equal(register_nf(w, w->fake, NULL), 0);
	assert_int_equal(w->n_up, 1);
	assert_ptr_equal(nf_find(w->registry, "one"), w->up);
	assert_string_equal(w->up->service, "fake");
	assert_int_equal(w->up->n_workers, 2);
	assert_int_equal(w->up->tables[0].schema.capacity, 64);
	assert_string_equal(nf_mode_name(w->up), "pass");
	assert_int_not_equal(atomic_load(&w->fake->control->gate.slimd_heartbeat_ns), 0);
	fake_nf_hang_up(w->fake);
	turn(w, 5);
	assert_int_equal(w->n_down, 1);
	assert_null(nf_find(w->registry, "one"));
}

static void
tables_of_a_held_nf_can_be_read_after_its_death(void **state)
{
	struct world *w = *state;
	struct fake_entry entry = {.key = 77, .value = 1}, got;
	uint8_t bucket;

	w->hold = true;
	fake_slot_put(w->fake, 3, 9, &entry);
	assert_int_equal(register_nf(w, w->fake, NULL), 0);
	assert_int_equal(nf_table_used(w->up, 0), 1);
	fake_nf_destroy(w->fake);
	w->fake = NULL;
	turn(w, 5);
	assert_int_equal(w->n_down, 1);
	assert_false(w->up->up);
	assert_int_equal(nf_read_slot(w->up, 0, 3, (uint8_t *)&got, &bucket), 1);
	assert_int_equal(got.key, 77);
	assert_int_equal(bucket, 9);
	assert_int_equal(nf_read_slot(w->up, 0, 4, (uint8_t *)&got, &bucket), 0);
	nf_release(w->up);
}

static void
a_name_is_taken_once(void **state)
{
	struct world *w = *state;
	struct fake_nf *second = fake_nf_create("one", false, 1, 0, 64);
	char text[SLIM_REASON_SIZE];

	assert_int_equal(register_nf(w, w->fake, NULL), 0);
	assert_int_equal(register_nf(w, second, text), -EEXIST);
	assert_non_null(strstr(text, "one"));
	fake_nf_hang_up(w->fake);
	turn(w, 5);
	fake_nf_hang_up(second);
	assert_int_equal(register_nf(w, second, NULL), 0);
	fake_nf_destroy(second);
}

static void
memory_that_shrinks_does_not_kill_the_daemon(void **state)
{
	struct world *w = *state;
	struct fake_entry got;
	uint8_t bucket;

	/* cmocka has put its own handler in the place of ours. */
	assert_int_equal(zone_install_handler(), 0);
	w->hold = true;
	assert_int_equal(register_nf(w, w->fake, NULL), 0);
	assert_false(nf_is_broken(w->up));
	assert_int_equal(ftruncate(w->fake->fds[SLIM_ZONE_SLAB], 0), 0);
	/* This access would be the end without the handler. */
	assert_int_equal(nf_read_slot(w->up, 0, 3, (uint8_t *)&got, &bucket), 0);
	assert_true(nf_is_broken(w->up));
	/* The heartbeat's timer finds it. */
	while (w->n_down == 0)
		event_base_loop(w->base, EVLOOP_ONCE);
	assert_null(nf_find(w->registry, "one"));
	nf_release(w->up);
}

static void
files_smaller_than_promised_are_refused(void **state)
{
	struct world *w = *state;
	char text[SLIM_REASON_SIZE];

	assert_int_equal(ftruncate(w->fake->fds[SLIM_ZONE_CONTROL], 4096), 0);
	assert_int_equal(register_nf(w, w->fake, text), -EINVAL);
	assert_non_null(strstr(text, "zone 1"));
	assert_int_equal(w->n_up, 0);
	/* The fake still has its own mapping of that file; do not touch it any more. */
}

#define BREAK(name, change, what)                                         \
	static void name(void **state)                                    \
	{                                                                 \
		struct world *w = *state;                                 \
		struct slim_shm_info *info = w->fake->info;               \
		struct slim_shm_table *table = &info->tables[0];          \
		char text[SLIM_REASON_SIZE];                              \
		(void)info, (void)table;                                  \
		change;                                                   \
		assert_int_equal(register_nf(w, w->fake, text), -EINVAL); \
		if (strstr(text, what) == NULL)                           \
			fail_msg("reason is \"%s\"", text);               \
		assert_int_equal(w->n_up, 0);                             \
		turn(w, 3);                                               \
	}

BREAK(refuse_version, info->version = 99, "version")
BREAK(refuse_size, info->size--, "version")
BREAK(refuse_endless_name, memset(info->name, 'a', sizeof(info->name)), "instance name")
BREAK(refuse_endless_identity, memset(info->identity, 'a', sizeof(info->identity)), "identity")
BREAK(refuse_no_workers, info->n_workers = 0, "workers")
BREAK(refuse_many_workers, info->n_workers = 17, "workers")
BREAK(refuse_many_tables, info->n_tables = 9, "tables")
BREAK(refuse_many_ports, info->n_ports = 9, "ports")
BREAK(refuse_wild_bucket, info->bucket_worker[200] = 2, "bucket 200")
BREAK(refuse_install_outside, info->install_offset = info->control_size, "install")
BREAK(refuse_install_overflow, info->install_offset = UINT64_MAX & ~UINT64_C(63), "install")
BREAK(refuse_slab_outside, table->slab_offset = 8u << 20, "slots are outside")
BREAK(refuse_slab_overflow, table->slab_offset = UINT64_MAX & ~UINT64_C(7), "slots are outside")
BREAK(refuse_capacity, table->capacity = 1u << 20, "slots are outside")
BREAK(refuse_dirty_outside, table->dirty_offset = UINT64_MAX, "dirty flags")
BREAK(refuse_small_ring, table->ring_size = 32, "dirty rings")
BREAK(refuse_odd_ring, table->ring_size = 65, "dirty rings")
BREAK(refuse_ring_stride, table->ring_stride = 64, "dirty rings")
BREAK(refuse_ring_overflow, table->ring_stride = UINT64_C(1) << 63, "dirty rings")
BREAK(refuse_wild_zone, table->zone = 3, "zone")
BREAK(refuse_control_as_slab, table->zone = SLIM_ZONE_CONTROL, "zone")
BREAK(refuse_schema, table->fields[0].offset = 1000, "outside")

static void
messages_that_are_no_hello_are_refused(void **state)
{
	struct world *w = *state;
	struct slim_reg_hello good, bad;
	struct schema_reason reason;

	fake_nf_fill_hello(w->fake, &good);
	assert_int_equal(nf_check_hello(&good, sizeof(good), 3, &reason), 0);
	assert_int_equal(nf_check_hello(&good, sizeof(good) - 1, 3, &reason), -EINVAL);
	assert_int_equal(nf_check_hello(&good, sizeof(good), 2, &reason), -EINVAL);
	bad = good;
	bad.magic++;
	assert_int_equal(nf_check_hello(&bad, sizeof(bad), 3, &reason), -EINVAL);
	bad = good;
	bad.ranges[1].fd = 3;
	assert_int_equal(nf_check_hello(&bad, sizeof(bad), 3, &reason), -EINVAL);
	bad = good;
	bad.ranges[1].zone = 3;
	assert_int_equal(nf_check_hello(&bad, sizeof(bad), 3, &reason), -EINVAL);
	bad = good;
	bad.n_ranges = SLIM_MAX_RANGES + 1;
	assert_int_equal(nf_check_hello(&bad, sizeof(bad), 3, &reason), -EINVAL);
	bad = good;
	bad.page_size = 5000;
	assert_int_equal(nf_check_hello(&bad, sizeof(bad), 3, &reason), -EINVAL);
	bad = good;
	bad.n_zones = 2;
	assert_int_equal(nf_check_hello(&bad, sizeof(bad), 3, &reason), -EINVAL);
}

static struct nf *
adopt(struct fake_nf *fake, int want, char *text)
{
	struct nf_memory zones[FAKE_ZONES] = {{fake->info, fake->sizes[SLIM_ZONE_INFO]},
					      {fake->control, fake->sizes[SLIM_ZONE_CONTROL]},
					      {fake->slab, fake->sizes[SLIM_ZONE_SLAB]}};
	struct schema_reason reason = {""};
	struct nf *nf = NULL;

	assert_int_equal(nf_adopt(zones, FAKE_ZONES, &nf, &reason), want);
	if (text != NULL)
		strcpy(text, reason.text);
	return nf;
}

/* Killed by: memory that is unmapped with the NF, a second NF of one name, no heartbeat. */
static void
an_nf_in_this_process_comes_and_goes(void **state)
{
	static const struct nf_registry_ops ops = {.on_up = on_up, .on_down = on_down};
	struct fake_entry entry = {.key = 5}, got;
	struct world *w = *state;
	struct nf_registry *registry;
	struct schema_reason reason;
	struct nf *nf, *second;
	uint8_t bucket;

	assert_int_equal(nf_registry_create(NULL, NULL, &ops, w, &registry), 0);
	nf = adopt(w->fake, 0, NULL);
	assert_int_equal(nf_registry_add(registry, nf, 77, &reason), 0);
	assert_ptr_equal(w->up, nf);
	assert_ptr_equal(nf_find(registry, "one"), nf);
	assert_int_equal(atomic_load(&w->fake->control->gate.slimd_heartbeat_ns), 77);
	nf_registry_beat(registry, 78);
	assert_int_equal(atomic_load(&w->fake->control->gate.slimd_heartbeat_ns), 78);
	second = adopt(w->fake, 0, NULL);
	assert_int_equal(nf_registry_add(registry, second, 78, &reason), -EEXIST);
	nf_discard(second);
	nf_hold(nf);
	nf_registry_remove(registry, nf);
	assert_ptr_equal(w->down, nf);
	fake_slot_put(w->fake, 3, 9, &entry);
	assert_int_equal(nf_read_slot(nf, 0, 3, (uint8_t *)&got, &bucket), 1);
	nf_release(nf);
	assert_int_equal(nf_registry_add(registry, adopt(w->fake, 0, NULL), 79, &reason), 0);
	nf_registry_destroy(registry);
	assert_int_equal(w->n_down, 1);       /* who ends a registry is told nothing more */
	fake_slot_put(w->fake, 4, 9, &entry); /* the memory is still there */
}

/* Killed by: an adopted NF that is believed without a check. */
static void
an_nf_in_this_process_is_checked(void **state)
{
	struct world *w = *state;
	struct slim_shm_info *info = w->fake->info;
	size_t info_size = w->fake->sizes[SLIM_ZONE_INFO];
	char text[SLIM_REASON_SIZE];

	info->n_workers = 17;
	assert_null(adopt(w->fake, -EINVAL, text));
	assert_non_null(strstr(text, "workers"));
	info->n_workers = 2;
	info->tables[0].capacity = 4096;
	assert_null(adopt(w->fake, -EINVAL, text));
	assert_non_null(strstr(text, "slots are outside"));
	w->fake->sizes[SLIM_ZONE_INFO] = 4096;
	assert_null(adopt(w->fake, -EINVAL, text));
	assert_non_null(strstr(text, "too small"));
	w->fake->info = NULL;
	assert_null(adopt(w->fake, -EINVAL, text));
	w->fake->info = info;
	w->fake->sizes[SLIM_ZONE_INFO] = info_size;
}

static void
a_socket_in_use_is_not_taken_over(void **state)
{
	static const struct nf_registry_ops ops = {0};
	struct world *w = *state;
	struct nf_registry *second;

	assert_int_equal(nf_registry_create(w->base, w->path, &ops, NULL, &second), -EADDRINUSE);
	assert_int_equal(access(w->path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_nf_registers_and_goes),
		TEST(tables_of_a_held_nf_can_be_read_after_its_death),
		TEST(a_name_is_taken_once),
		TEST(memory_that_shrinks_does_not_kill_the_daemon),
		TEST(files_smaller_than_promised_are_refused),
		TEST(refuse_version),
		TEST(refuse_size),
		TEST(refuse_endless_name),
		TEST(refuse_endless_identity),
		TEST(refuse_no_workers),
		TEST(refuse_many_workers),
		TEST(refuse_many_tables),
		TEST(refuse_many_ports),
		TEST(refuse_wild_bucket),
		TEST(refuse_install_outside),
		TEST(refuse_install_overflow),
		TEST(refuse_slab_outside),
		TEST(refuse_slab_overflow),
		TEST(refuse_capacity),
		TEST(refuse_dirty_outside),
		TEST(refuse_small_ring),
		TEST(refuse_odd_ring),
		TEST(refuse_ring_stride),
		TEST(refuse_ring_overflow),
		TEST(refuse_wild_zone),
		TEST(refuse_control_as_slab),
		TEST(refuse_schema),
		TEST(messages_that_are_no_hello_are_refused),
		TEST(an_nf_in_this_process_comes_and_goes),
		TEST(an_nf_in_this_process_is_checked),
		TEST(a_socket_in_use_is_not_taken_over),
	};

	return cmocka_run_group_tests_name("nf", tests, NULL, NULL);
}
