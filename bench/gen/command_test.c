/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket and the plan of a run, with real clients on a real socket and a
 * generator in virtual time behind a perfect wire.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"
#include "fake_wire.h"

#define MS UINT64_C(1000000)
#define SECOND (1000u * MS)

struct rig {
	char path[64];
	struct options options;
	struct command command;
	struct fake_wire *wire;
	uint64_t now_ns;
};

static void
rig_start(struct rig *r)
{
	char name[] = "test", flows[] = "--flows", n[] = "20", rate[] = "--rate", pps[] = "2000",
	     churn[] = "--churn", ten[] = "10";
	char *argv[] = {name, flows, n, rate, pps, churn, ten, NULL};
	struct fake_wire_config wire = {.delay_ns = 100000};

	memset(r, 0, sizeof(*r));
	r->now_ns = 5 * SECOND;
	assert_int_equal(options_parse(7, argv, &r->options), 0);
	snprintf(r->path, sizeof(r->path), "/tmp/slim-command-test-%d", (int)getpid());
	assert_int_equal(control_open(r->path, &r->command.control), 0);
	assert_int_equal(traffic_create(&r->options.traffic, r->now_ns, &r->command.traffic), 0);
	for (unsigned i = 0; i < TRAFFIC_N_SIDES; i++) {
		memcpy(wire.macs[i], r->options.traffic.sides[i].mac, FRAME_MAC_SIZE);
		wire.macs[i][FRAME_MAC_SIZE - 1] = 1;
		wire.ips[i] = r->options.traffic.sides[i].hop_ip;
	}
	r->wire = fake_wire_create(&wire);
	r->command.options = &r->options;
	r->command.start_ns = r->now_ns;
}

static void
rig_end(struct rig *r)
{
	control_close(r->command.control);
	traffic_destroy(r->command.traffic);
	fake_wire_destroy(r->wire);
	assert_int_equal(access(r->path, F_OK), -1);
}

/* Lets time pass, with traffic served, and the socket once a millisecond as in the program. */
static int
rig_for(struct rig *r, uint64_t ns)
{
	struct traffic *t = r->command.traffic;
	uint64_t end_ns = r->now_ns + ns;
	uint8_t frame[FRAME_MAX_SIZE];
	size_t size;
	int error = 0;

	for (; error == 0 && r->now_ns < end_ns; r->now_ns += MS / 10) {
		for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++)
			while ((size = fake_wire_get(r->wire, side, r->now_ns, frame)) > 0)
				traffic_arrive(t, side, frame, size, false, r->now_ns);
		traffic_tick(t, r->now_ns);
		for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++)
			while ((size = traffic_next(t, side, r->now_ns, frame)) > 0)
				fake_wire_put(r->wire, side, frame, size, r->now_ns);
		if (r->now_ns % MS == 0)
			error = command_poll(&r->command, r->now_ns);
	}
	return error;
}

static int
client(const struct rig *r)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(a.sun_path, r->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
}

/* What has been answered so far; "" if nothing, "closed" if the connection is. */
static const char *
hear(int fd)
{
	static char text[1024];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	if (n == 0)
		return "closed";
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
expect_answer(struct rig *r, int fd, const char *question, const char *answer)
{
	say(fd, question);
	rig_for(r, 2 * MS);
	assert_memory_equal(hear(fd), answer, strlen(answer));
}

static void
a_run_by_commands(void **state)
{
	struct rig r;
	int fd, other;

	(void)state;
	rig_start(&r);
	fd = client(&r);
	expect_answer(&r, fd, "mark early\n", "error not running\n");
	expect_answer(&r, fd, "status\n", "{\"state\": \"");
	say(fd, "wait-ready\nstatus\n"); /* answered in order */
	rig_for(&r, 5 * MS);
	assert_string_equal(hear(fd), "");
	rig_for(&r, 2 * SECOND);
	assert_memory_equal(hear(fd), "ready ", 6);
	expect_answer(&r, fd, "mark before\n", "ok 2 ");
	other = client(&r);
	expect_answer(&r, other, "mark move-1\n", "ok 3 ");
	expect_answer(&r, other, "mark a b\n", "error bad name\n");
	expect_answer(&r, other, "no such thing\n", "error unknown command\n");
	say(fd, "stop\n");
	rig_for(&r, 3 * SECOND);
	assert_int_equal(traffic_phase(r.command.traffic), TRAFFIC_DONE);
	assert_string_equal(hear(fd), "");
	command_finish(&r.command, "done");
	assert_string_equal(hear(fd), "done\n");
	assert_string_equal(ledger_window_at(traffic_ledger(r.command.traffic), 3)->name, "move-1");
	close(fd);
	close(other);
	rig_end(&r);
}

static void
lines_come_in_any_pieces(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_start(&r);
	fd = client(&r);
	say(fd, "bo");
	rig_for(&r, MS);
	assert_string_equal(hear(fd), "");
	say(fd, "gus\nbogus\nbog");
	rig_for(&r, 5 * MS);
	assert_string_equal(hear(fd), "error unknown command\nerror unknown command\n");
	expect_answer(&r, fd, "us\n", "error unknown command\n");
	close(fd);
	rig_end(&r);
}

static void
bad_clients_are_dropped(void **state)
{
	char flood[CONTROL_LINE_SIZE + 1];
	struct rig r;
	struct stat s;
	int fd;

	(void)state;
	rig_start(&r);
	assert_int_equal(stat(r.path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0600);
	memset(flood, 'x', CONTROL_LINE_SIZE);
	flood[CONTROL_LINE_SIZE] = '\0';
	fd = client(&r);
	say(fd, flood);
	rig_for(&r, MS);
	assert_string_equal(hear(fd), "closed");
	close(fd);
	for (int i = 0; i < 3 * CONTROL_MAX_CLIENTS; i++) {
		fd = client(&r);
		expect_answer(&r, fd, "bogus\n", "error unknown command\n");
		close(fd);
		rig_for(&r, MS);
	}
	rig_end(&r);
}

static void
a_run_by_plan(void **state)
{
	const struct ledger *l;
	struct rig r;

	(void)state;
	rig_start(&r);
	r.options.windows[0] = (struct options_window){.name = "a", .duration_ns = SECOND};
	r.options.windows[1] = (struct options_window){.name = "b", .duration_ns = 2 * SECOND};
	r.options.n_windows = 2;
	assert_int_equal(rig_for(&r, 6 * SECOND), 0);
	assert_int_equal(traffic_phase(r.command.traffic), TRAFFIC_DONE);
	traffic_finish(r.command.traffic, r.now_ns);
	l = traffic_ledger(r.command.traffic);
	assert_int_equal(ledger_n_windows(l), 4);
	assert_string_equal(ledger_window_at(l, 2)->name, "a");
	assert_in_range(ledger_window_at(l, 2)->end_ns - ledger_window_at(l, 2)->start_ns, SECOND,
			SECOND + MS);
	assert_in_range(ledger_window_at(l, 3)->counts[LEDGER_UP].sent, 3990, 4010);
	rig_end(&r);
}

static void
a_duration_ends_it(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r);
	r.options.duration_ns = SECOND;
	assert_int_equal(rig_for(&r, 4 * SECOND), 0);
	assert_int_equal(traffic_phase(r.command.traffic), TRAFFIC_DONE);
	rig_end(&r);
}

static void
flows_that_never_open_end_it(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r);
	r.options.ready_timeout_ns = SECOND / 20; /* the ramp alone takes longer */
	assert_int_equal(rig_for(&r, 2 * SECOND), -ETIMEDOUT);
	rig_end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_by_commands),
		cmocka_unit_test(lines_come_in_any_pieces),
		cmocka_unit_test(bad_clients_are_dropped),
		cmocka_unit_test(a_run_by_plan),
		cmocka_unit_test(a_duration_ends_it),
		cmocka_unit_test(flows_that_never_open_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
