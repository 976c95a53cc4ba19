/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registration: the agent passes its memory to a listener, which maps it and reads what the NF
 * wrote; it comes back when the listener goes and returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent.h"
#include "harness.h"

struct entry {
	uint32_t id;
	uint32_t value;
};

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct entry, id, SLIM_U32),
	SLIM_FIELD_STATE(struct entry, value, SLIM_U32),
};

static uint32_t
entry_acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	(void)ctx, (void)w, (void)bucket, (void)key;
	return SLIM_NO_SLOT;
}

static void
entry_removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w, (void)slot, (void)entry;
}

static const struct slim_table_ops ops = {.acquire = entry_acquire, .removed = entry_removed};

/* ---- the other end ------------------------------------------------------------ */

struct listener {
	char dir[32];
	char path[64];
	int fd;
	int peer;
	struct slim_reg_hello hello;
	int fds[SLIM_MAX_RANGES];
	int n_fds;
};

static void
listener_open(struct listener *l)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	l->peer = -1;
	strcpy(addr.sun_path, l->path);
	unlink(l->path);
	l->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	assert_true(l->fd >= 0);
	assert_int_equal(bind(l->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(l->fd, 4), 0);
}

static void
listener_close(struct listener *l)
{
	if (l->peer >= 0)
		close(l->peer);
	close(l->fd);
	for (int i = 0; i < l->n_fds; i++)
		close(l->fds[i]);
	l->n_fds = 0;
	unlink(l->path);
}

static void
listener_read_hello(struct listener *l)
{
	char control[CMSG_SPACE(sizeof(int) * SLIM_MAX_RANGES)];
	struct iovec iov = {&l->hello, sizeof(l->hello)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg;

	assert_int_equal(recvmsg(l->peer, &msg, 0), sizeof(l->hello));
	cmsg = CMSG_FIRSTHDR(&msg);
	assert_non_null(cmsg);
	assert_int_equal(cmsg->cmsg_type, SCM_RIGHTS);
	l->n_fds = (int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(l->fds, CMSG_DATA(cmsg), sizeof(int) * (size_t)l->n_fds);
}

static void
listener_answer(struct listener *l, int error)
{
	struct slim_reg_reply reply = {.magic = SLIM_REG_MAGIC, .error = error};

	assert_int_equal(send(l->peer, &reply, sizeof(reply), 0), sizeof(reply));
}

/* Polls the agent until it has connected. */
static void
listener_accept(struct listener *l, struct slim_agent *agent)
{
	uint64_t deadline = harness_now_ns() + UINT64_C(5000000000);

	while ((l->peer = accept(l->fd, NULL, NULL)) < 0) {
		assert_true(harness_now_ns() < deadline);
		slim_agent_poll(agent);
	}
	listener_read_hello(l);
}

static void
poll_until(struct slim_agent *agent, int want)
{
	uint64_t deadline = harness_now_ns() + UINT64_C(5000000000);

	while (slim_agent_poll(agent) != want)
		assert_true(harness_now_ns() < deadline);
}

/* Maps a whole zone, range after range. */
static void *
map_zone(const struct listener *l, uint32_t zone, int protection, size_t *ret_size)
{
	const struct slim_reg_hello *h = &l->hello;
	size_t size = 0, at = 0;
	uint8_t *base;

	for (uint32_t i = 0; i < h->n_ranges; i++)
		size += h->ranges[i].zone == zone ? h->ranges[i].size : 0;
	base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(base != MAP_FAILED);
	for (uint32_t i = 0; i < h->n_ranges; i++) {
		const struct slim_reg_range *r = &h->ranges[i];

		if (r->zone != zone)
			continue;
		assert_true(mmap(base + at, r->size, protection, MAP_SHARED | MAP_FIXED,
				 l->fds[r->fd], (off_t)r->fd_offset) != MAP_FAILED);
		at += r->size;
	}
	*ret_size = size;
	return base;
}

/* ---- tests --------------------------------------------------------------------- */

struct fixture {
	struct listener listener;
	struct slim_agent *agent;
	struct slim_table *table;
};

static int
setup(void **state)
{
	static struct fixture f;
	struct slim_agent_config config = {.name = "reg",
					   .service = "test",
					   .kind = "slim-test",
					   .version = "1",
					   .identity = "pool a",
					   .socket = f.listener.path,
					   .active = true,
					   .n_workers = 2};
	struct slim_table_config table = {.name = "entries",
					  .capacity = 1000,
					  .entry_size = sizeof(struct entry),
					  .n_fields = 2,
					  .fields = fields,
					  .ops = &ops};

	strcpy(f.listener.dir, "/tmp/slim-agent-XXXXXX");
	if (mkdtemp(f.listener.dir) == NULL)
		return -1;
	snprintf(f.listener.path, sizeof(f.listener.path), "%s/sock", f.listener.dir);
	*state = &f;
	return slim_agent_create(&config, &f.agent) ||
	       slim_table_create(f.agent, &table, &f.table) || slim_agent_start(f.agent);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	slim_agent_destroy(f->agent);
	rmdir(f->listener.dir);
	return 0;
}

static void
maps_and_reads_slots(void **state)
{
	struct fixture *f = *state;
	struct slim_worker *w = slim_agent_worker(f->agent, 1);
	const struct slim_shm_info *info;
	struct harness_shm shm;
	struct entry *e, copy;
	size_t info_size, control_size, slab_size;
	bool used;
	uint8_t bucket;

	assert_int_equal(slim_agent_poll(f->agent), 0); /* nobody there yet */
	listener_open(&f->listener);
	listener_accept(&f->listener, f->agent);
	assert_int_equal(slim_agent_poll(f->agent), 0); /* not answered yet */
	listener_answer(&f->listener, 0);
	poll_until(f->agent, 1);

	assert_int_equal(f->listener.hello.magic, SLIM_REG_MAGIC);
	assert_int_equal(f->listener.hello.n_zones, 3);
	assert_int_equal(f->listener.n_fds, f->listener.hello.n_fds);
	info = map_zone(&f->listener, SLIM_ZONE_INFO, PROT_READ, &info_size);
	assert_true(info->magic == SLIM_SHM_MAGIC);
	assert_int_equal(info->size, sizeof(*info));
	assert_string_equal(info->name, "reg");
	assert_string_equal(info->identity, "pool a");
	assert_int_equal(info->pid, getpid());
	assert_int_not_equal(info->instance, 0);
	assert_int_equal(info->active_at_start, 1);
	assert_int_equal(info->bucket_worker[255], 1);
	assert_string_equal(info->tables[0].name, "entries");
	assert_string_equal(info->tables[0].fields[1].name, "value");
	assert_int_equal(info->tables[0].ring_size, 1024);

	shm.info = info;
	shm.control =
		map_zone(&f->listener, SLIM_ZONE_CONTROL, PROT_READ | PROT_WRITE, &control_size);
	assert_true(shm.control->magic == SLIM_SHM_MAGIC);
	assert_true(info->control_size <= control_size);
	shm.slabs[0] = map_zone(&f->listener, SLIM_ZONE_SLAB, PROT_READ, &slab_size);
	assert_true(slab_size >= 1000 * info->tables[0].slot_size);

	e = slim_slot_begin(w, f->table, 471);
	*e = (struct entry){.id = 7, .value = 4711};
	slim_slot_end(w, f->table, 471, 9);
	assert_int_equal(harness_read_slot(&shm, 0, 471, &copy, &used, &bucket), 2);
	assert_true(used);
	assert_int_equal(bucket, 9);
	assert_int_equal(copy.value, 4711);
	assert_int_equal(info->workers[1].writes[0], 1);
	assert_int_equal(info->workers[1].used[0], 1);

	/* A command written through the mapping reaches the worker. */
	harness_command(&shm, &(struct slim_shm_command){.mode = SLIM_GATE_PASS, .track = 1});
	slim_worker_poll(w);
	assert_int_equal(info->workers[1].ack_epoch, 1);
	e = slim_slot_begin(w, f->table, 5);
	*e = (struct entry){.id = 8};
	slim_slot_end(w, f->table, 5, 9);
	assert_int_equal(harness_take_dirty(&shm, 0), SLIM_NO_SLOT);
	slim_commit(w, true);
	assert_int_equal(harness_take_dirty(&shm, 0), 5);
	assert_int_equal(harness_take_dirty(&shm, 0), SLIM_NO_SLOT);
	slim_slot_free(w, f->table, 5);
	slim_commit(w, true);
	assert_int_equal(harness_take_dirty(&shm, 0), 5);
	harness_read_slot(&shm, 0, 5, &copy, &used, &bucket);
	assert_false(used);
	assert_int_equal(info->workers[1].used[0], 1);

	munmap((void *)(uintptr_t)info, info_size);
	munmap(shm.control, control_size);
	munmap((void *)(uintptr_t)shm.slabs[0], slab_size);
	listener_close(&f->listener);
}

/* ---- what is handed over -------------------------------------------------------- */

static bool
can_write(int fd)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return false;
	munmap(at, 4096);
	return true;
}

static int
fd_of_zone(const struct listener *l, uint32_t zone)
{
	for (uint32_t i = 0; i < l->hello.n_ranges; i++)
		if (l->hello.ranges[i].zone == zone)
			return l->fds[l->hello.ranges[i].fd];
	fail_msg("no zone %u", zone);
	return -1;
}

static struct stat
file_of_zone(const struct listener *l, uint32_t zone)
{
	struct stat st;

	assert_int_equal(fstat(fd_of_zone(l, zone), &st), 0);
	return st;
}

static int
reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

/* Killed by: DPDK's own descriptors sent, or those of the status without a seal. */
static void
hands_over_for_reading_what_is_read(void **state)
{
	struct fixture *f = *state;
	const struct listener *l = &f->listener;
	int again;

	listener_open(&f->listener);
	listener_accept(&f->listener, f->agent);
	for (uint32_t i = 0; i < l->hello.n_ranges; i++)
		assert_int_equal(can_write(l->fds[l->hello.ranges[i].fd]),
				 l->hello.ranges[i].zone == SLIM_ZONE_CONTROL);
	/* The status cannot be written either by who opens its file again. */
	again = reopen(fd_of_zone(l, SLIM_ZONE_INFO), O_RDWR);
	assert_true(again >= 0);
	assert_false(can_write(again));
	assert_int_equal(write(again, "x", 1), -1);
	close(again);
	listener_answer(&f->listener, 0);
	listener_close(&f->listener);
}

/* Killed by: a control zone in DPDK's memory, a file that can shrink under a mapping. */
static void
slimd_writes_a_file_of_its_own(void **state)
{
	struct fixture *f = *state;
	const struct listener *l = &f->listener;
	struct stat info, control, slab;

	listener_open(&f->listener);
	listener_accept(&f->listener, f->agent);
	info = file_of_zone(l, SLIM_ZONE_INFO);
	control = file_of_zone(l, SLIM_ZONE_CONTROL);
	slab = file_of_zone(l, SLIM_ZONE_SLAB);
	assert_int_not_equal(control.st_ino, info.st_ino);
	assert_int_not_equal(control.st_ino, slab.st_ino);
	assert_int_not_equal(info.st_ino, slab.st_ino);
	assert_int_equal(control.st_size, f->agent->control_zone.size);
	assert_int_equal(control.st_blocks * 512, control.st_size);
	assert_int_equal(ftruncate(fd_of_zone(l, SLIM_ZONE_CONTROL), 0), -1);
	assert_int_equal(ftruncate(fd_of_zone(l, SLIM_ZONE_CONTROL), 2 * control.st_size), -1);
	listener_answer(&f->listener, 0);
	listener_close(&f->listener);
}

static const struct slim_agent_config next_config = {.name = "next",
						     .service = "test",
						     .kind = "slim-test",
						     .version = "1",
						     .identity = "",
						     .active = true,
						     .n_workers = 2};

static struct slim_agent *
start_next(const char *socket)
{
	struct slim_agent_config config = next_config;
	struct slim_table_config table_config = {.name = "entries",
						 .capacity = 1000,
						 .entry_size = sizeof(struct entry),
						 .n_fields = 2,
						 .fields = fields,
						 .ops = &ops};
	struct slim_agent *agent;
	struct slim_table *table;

	config.socket = socket;
	assert_int_equal(slim_agent_create(&config, &agent), 0);
	assert_int_equal(slim_table_create(agent, &table_config, &table), 0);
	assert_int_equal(slim_agent_start(agent), 0);
	return agent;
}

/* slimd still has the memory of an agent that is gone and writes there: a command, everything. Killed by:
 * control zones in memory that is used again, magic and instance left as they were. */
static void
an_old_mapping_never_reaches_the_next_agent(void **state)
{
	struct fixture *f = *state;
	struct slim_shm_control *old;
	struct slim_agent *agent;
	struct slim_worker *w;
	size_t size;

	listener_open(&f->listener);
	agent = start_next(f->listener.path);
	listener_accept(&f->listener, agent);
	old = map_zone(&f->listener, SLIM_ZONE_CONTROL, PROT_READ | PROT_WRITE, &size);
	assert_true(old->magic == SLIM_SHM_MAGIC);
	assert_true(old->instance == agent->info->instance);
	assert_true(old->instance == f->listener.hello.instance);
	slim_agent_destroy(agent);
	assert_true(old->magic == 0);
	assert_true(old->instance == 0);
	for (int i = 0; i < 20; i++) {
		struct slim_shm_control before;

		agent = start_next(NULL);
		memcpy(&before, agent->control, sizeof(before));
		memset(old, 0x5a + i, size);
		assert_memory_equal(&before, agent->control, sizeof(before));
		w = slim_agent_worker(agent, 0);
		slim_worker_poll(w);
		assert_true(slim_owns(w, 0));
		assert_int_equal(agent->info->workers[0].ack_epoch, 0);
		slim_agent_destroy(agent);
	}
	munmap(old, size);
	listener_close(&f->listener);
}

/* Killed by: descriptors or files that an agent leaves behind. */
static void
an_agent_leaves_nothing_open(void **state)
{
	int before = dup(0), after;

	(void)state;
	close(before);
	for (int i = 0; i < 10; i++)
		slim_agent_destroy(start_next("/nonexistent/socket"));
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

/* ---- the connection ---------------------------------------------------------------- */

static void
comes_back(void **state)
{
	struct fixture *f = *state;

	poll_until(f->agent, 0); /* the first test closed the connection */
	for (int i = 0; i < 3; i++) {
		listener_open(&f->listener);
		listener_accept(&f->listener, f->agent);
		listener_answer(&f->listener, 0);
		poll_until(f->agent, 1);
		listener_close(&f->listener);
		poll_until(f->agent, 0);
	}
}

static void
reports_a_refusal_and_asks_again(void **state)
{
	struct fixture *f = *state;

	listener_open(&f->listener);
	listener_accept(&f->listener, f->agent);
	listener_answer(&f->listener, -EBUSY);
	poll_until(f->agent, -EBUSY);
	close(f->listener.peer);
	listener_accept(&f->listener, f->agent);
	listener_answer(&f->listener, 0);
	poll_until(f->agent, 1);
	listener_close(&f->listener);
}

static void
survives_nonsense(void **state)
{
	struct fixture *f = *state;

	poll_until(f->agent, 0);
	listener_open(&f->listener);
	listener_accept(&f->listener, f->agent);
	assert_int_equal(send(f->listener.peer, "x", 1, 0), 1);
	assert_int_equal(slim_agent_poll(f->agent), 0);
	close(f->listener.peer);
	listener_accept(&f->listener, f->agent);
	listener_answer(&f->listener, 0);
	poll_until(f->agent, 1);
	listener_close(&f->listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_and_reads_slots),
		cmocka_unit_test(hands_over_for_reading_what_is_read),
		cmocka_unit_test(slimd_writes_a_file_of_its_own),
		cmocka_unit_test(an_old_mapping_never_reaches_the_next_agent),
		cmocka_unit_test(an_agent_leaves_nothing_open),
		cmocka_unit_test(comes_back),
		cmocka_unit_test(reports_a_refusal_and_asks_again),
		cmocka_unit_test(survives_nonsense),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("register", tests, setup, teardown);
}
