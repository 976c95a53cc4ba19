/* SPDX-License-Identifier: Apache-2.0 */
/* Registration over a real socket with real memory files. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
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

	assert_int_equal(ftruncate(w->fake->fds[SLIM_ZONE_SLAB], 0), 0);
	assert_int_equal(register_nf(w, w->fake, text), -EINVAL);
	assert_non_null(strstr(text, "zone 2"));
	assert_int_equal(w->n_up, 0);
	/* The control zone cannot even become smaller. */
	assert_int_equal(ftruncate(w->fake->fds[SLIM_ZONE_CONTROL], 4096), -1);
}

static void
refuse_passed(struct world *w, int zone, int fd, const char *what)
{
	char text[SLIM_REASON_SIZE];
	int good = w->fake->passed[zone];

	assert_true(fd >= 0);
	w->fake->passed[zone] = fd;
	assert_int_equal(register_nf(w, w->fake, text), -EINVAL);
	if (strstr(text, what) == NULL)
		fail_msg("reason is \"%s\"", text);
	fake_nf_hang_up(w->fake);
	w->fake->passed[zone] = good;
	close(fd);
}

/* Killed by: a registration that maps before it looks. */
static void
descriptors_of_the_wrong_kind_are_refused(void **state)
{
	struct world *w = *state;
	size_t slab = w->fake->sizes[SLIM_ZONE_SLAB];
	int sparse = memfd_create("sparse", MFD_CLOEXEC);
	char path[32];

	refuse_passed(w, SLIM_ZONE_SLAB, dup(w->fake->fds[SLIM_ZONE_SLAB]), "open for writing");
	refuse_passed(w, SLIM_ZONE_INFO, dup(w->fake->fds[SLIM_ZONE_INFO]), "open for writing");
	refuse_passed(w, SLIM_ZONE_SLAB, open("/dev/zero", O_RDONLY | O_CLOEXEC), "no memory");
	refuse_passed(w, SLIM_ZONE_CONTROL, open("/dev/zero", O_RDWR | O_CLOEXEC), "no memory");
	assert_int_equal(ftruncate(sparse, (off_t)w->fake->sizes[SLIM_ZONE_CONTROL]), 0);
	refuse_passed(w, SLIM_ZONE_CONTROL, dup(sparse), "sealed");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", sparse);
	assert_int_equal(ftruncate(sparse, (off_t)1 << 40), 0);
	refuse_passed(w, SLIM_ZONE_SLAB, open(path, O_RDONLY | O_CLOEXEC), "holes");
	w->fake->sizes[SLIM_ZONE_SLAB] = (size_t)1 << 62;
	refuse_passed(w, SLIM_ZONE_SLAB, open(path, O_RDONLY | O_CLOEXEC), "range of");
	w->fake->sizes[SLIM_ZONE_SLAB] = (size_t)1 << 63;
	refuse_passed(w, SLIM_ZONE_SLAB, open(path, O_RDONLY | O_CLOEXEC), "range of");
	w->fake->sizes[SLIM_ZONE_SLAB] = SIZE_MAX & ~(size_t)4095;
	refuse_passed(w, SLIM_ZONE_SLAB, open(path, O_RDONLY | O_CLOEXEC), "range of");
	w->fake->sizes[SLIM_ZONE_SLAB] = slab;
	assert_int_equal(w->n_up, 0);
	assert_int_equal(register_nf(w, w->fake, NULL), 0);
	close(sparse);
}

/* What slimd has mapped for reading it can map for reading only. Killed by: zones mapped for writing. */
static void
slimd_can_write_nothing_but_control(void **state)
{
	struct world *w = *state;

	assert_int_equal(register_nf(w, w->fake, NULL), 0);
	for (uint32_t z = 0; z < FAKE_ZONES; z++) {
		const struct zone *zone = &w->up->zones[z];
		int rc = mprotect(zone->base, zone->size, PROT_READ | PROT_WRITE);

		assert_int_equal(rc, z == SLIM_ZONE_CONTROL ? 0 : -1);
	}
}

/* An agent that was destroyed, in a process that lives on. Killed by: magic and instance not looked at. */
static void
an_agent_that_is_gone_is_seen(void **state)
{
	struct world *w = *state;

	assert_int_equal(register_nf(w, w->fake, NULL), 0);
	w->fake->control->magic = 0;
	nf_registry_beat(w->registry, 1);
	assert_int_equal(w->n_down, 1);
	assert_null(nf_find(w->registry, "one"));
}

/* Killed by: the same memory under two names. */
static void
an_instance_registers_once(void **state)
{
	struct world *w = *state;
	struct fake_nf *second = fake_nf_create("two", false, 1, 0, 64);
	char text[SLIM_REASON_SIZE];

	second->info->instance = w->fake->info->instance;
	second->control->instance = w->fake->info->instance;
	assert_int_equal(register_nf(w, w->fake, NULL), 0);
	assert_int_equal(register_nf(w, second, text), -EEXIST);
	assert_non_null(strstr(text, "instance"));
	fake_nf_destroy(second);
}

static unsigned int
count_lines(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int n = 0;

	assert_non_null(file);
	for (int c = fgetc(file); c != EOF; c = fgetc(file))
		n += c == '\n';
	fclose(file);
	return n;
}

static int
lowest_free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* Killed by: a descriptor, a mapping or a place in the handler's table that is not given back. */
static void
many_registrations_leave_nothing_behind(void **state)
{
	struct world *w = *state;
	unsigned int maps = 0;
	int fd = lowest_free_fd();

	for (int i = 0; i < 3000; i++) {
		/* One in three makes no sense, each time another way. */
		w->fake->info->n_workers = i % 3 == 2 ? 17 : 2;
		assert_int_equal(register_nf(w, w->fake, NULL), i % 3 == 2 ? -EINVAL : 0);
		fake_nf_hang_up(w->fake);
		turn(w, 5);
		if (i == 10)
			maps = count_lines("/proc/self/maps");
	}
	assert_int_equal(lowest_free_fd(), fd);
	assert_in_range(count_lines("/proc/self/maps"), 1, maps + 2); /* the heap may grow */
	assert_int_equal(w->n_up, w->n_down);
}

/* Sends what it likes; the answer's error. */
static int
send_raw(struct world *w, size_t size, unsigned int n_fds)
{
	static char bytes[65536];
	union {
		char room[CMSG_SPACE(sizeof(int) * 128)];
		struct cmsghdr align;
	} control = {0};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct iovec iov = {.iov_base = bytes, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = n_fds > 0 ? control.room : NULL,
			     .msg_controllen = n_fds > 0 ? CMSG_SPACE(sizeof(int) * n_fds) : 0};
	int fds[128] = {0}, fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct slim_reg_reply reply = {.error = 1};

	strcpy(address.sun_path, w->path);
	if (n_fds > 0) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), size);
	turn(w, 5);
	assert_int_equal(recv(fd, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
	assert_true(reply.text[0] != '\0' && memchr(reply.text, 0, sizeof(reply.text)) != NULL);
	close(fd);
	turn(w, 5);
	return reply.error;
}

/* Killed by: a size that is not looked at, descriptors that are left open. */
static void
messages_of_any_size_are_answered(void **state)
{
	struct world *w = *state;
	size_t size = sizeof(struct slim_reg_hello);
	int fd = lowest_free_fd();

	assert_int_equal(send_raw(w, 1, 0), -EINVAL);
	assert_int_equal(send_raw(w, size - 1, 3), -EINVAL);
	assert_int_equal(send_raw(w, size, 0), -EINVAL);
	assert_int_equal(send_raw(w, size, SLIM_MAX_RANGES), -EINVAL);
	assert_int_equal(send_raw(w, size + 1, 0), -EMSGSIZE);
	assert_int_equal(send_raw(w, size, SLIM_MAX_RANGES + 10), -EMSGSIZE);
	assert_int_equal(send_raw(w, 65536, 100), -EMSGSIZE);
	assert_int_equal(lowest_free_fd(), fd);
	assert_int_equal(register_nf(w, w->fake, NULL), 0);
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
BREAK(refuse_dead_agent, w->fake->control->magic = 0, "another instance")
BREAK(refuse_control_of_another, w->fake->control->instance++, "another instance")
BREAK(refuse_no_instance, info->instance = 0, "instance")
BREAK(refuse_dirty_over_command, table->dirty_offset = 64, "dirty flags")
BREAK(refuse_rings_over_command, table->ring_offset = 0, "dirty rings")
BREAK(refuse_other_zones, (info->n_tables = 2, info->tables[1] = info->tables[0]), "3 zones")
BREAK(refuse_many_queues, info->ports[0].n_rx_queues = 3, "receive queues")
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
BREAK(refuse_capacity, (table->source_slots = 0, table->capacity = 1u << 20), "slots are outside")
BREAK(refuse_few_source_slots, table->source_slots = 63, "slots of a source")
BREAK(refuse_many_source_slots, table->source_slots = SLIM_MAX_CAPACITY + 1, "slots of a source")
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
	info->tables[0].capacity = info->tables[0].source_slots = 4096;
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
		TEST(descriptors_of_the_wrong_kind_are_refused),
		TEST(slimd_can_write_nothing_but_control),
		TEST(an_agent_that_is_gone_is_seen),
		TEST(an_instance_registers_once),
		TEST(many_registrations_leave_nothing_behind),
		TEST(messages_of_any_size_are_answered),
		TEST(refuse_dead_agent),
		TEST(refuse_control_of_another),
		TEST(refuse_no_instance),
		TEST(refuse_dirty_over_command),
		TEST(refuse_rings_over_command),
		TEST(refuse_other_zones),
		TEST(refuse_many_queues),
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
		TEST(refuse_few_source_slots),
		TEST(refuse_many_source_slots),
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
