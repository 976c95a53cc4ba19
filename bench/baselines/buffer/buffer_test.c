/* SPDX-License-Identifier: Apache-2.0 */
/* The buffer and a switch that speaks OpenFlow, on one event loop. */
#include "buffer.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "control.h"
#include "fake_switch.h"
#include "local_socket.h"
#include "log.h"
#include "loop.h"

#define MANY 20000u
#define FRAME 60u

enum { PIN = 1, POUT, NF_IN, NF_OUT };

static struct event_base *base;
static struct fake_switch fake;
static struct buffer *buffer;
static char folder[] = "/tmp/baseline-buffer-test-XXXXXX";
static char path[80];
static uint64_t patience_ns;
static unsigned n_done;
static char error_text[128];
static struct {
	uint32_t number; /* of the packet */
	uint32_t in, out;
} seen[MANY + 100];
static unsigned n_seen;
static unsigned rules_while_played; /* at least; none before the answer */

static void
on_done(void *ctx, const char *error)
{
	(void)ctx;
	n_done++;
	snprintf(error_text, sizeof(error_text), "%s", error ? error : "");
}

static void
on_packet_out(struct fake_switch *s, const struct of_packet_out *out)
{
	(void)s;
	assert_int_equal(out->size, FRAME);
	assert_true(fake.n_flows >= rules_while_played);
	assert_true(rules_while_played == 0 || n_done == 1);
	assert_int_equal(out->actions.n, 1);
	assert_true(n_seen < sizeof(seen) / sizeof(seen[0]));
	memcpy(&seen[n_seen].number, out->data, sizeof(seen[0].number));
	seen[n_seen].in = out->in_port;
	seen[n_seen++].out = out->actions.list[0].value;
}

static void
send_packet(uint32_t port, uint32_t number)
{
	uint8_t frame[FRAME] = {0};

	memcpy(frame, &number, sizeof(number));
	fake_switch_packet(&fake, port, frame, sizeof(frame));
}

static struct buffer_counts
counts(void)
{
	struct buffer_counts c;

	buffer_read_counts(buffer, &c);
	return c;
}

static void
open_buffer(uint64_t max_packets)
{
	char address[96];
	struct buffer_config config = {.address = address,
				       .max_packets = max_packets,
				       .max_octets = 1u << 24,
				       .patience_ns = patience_ns};

	snprintf(address, sizeof(address), "unix:%s", path);
	assert_int_equal(buffer_create(base, &config, &buffer), 0);
	RUN_UNTIL(base, strcmp(buffer_state(buffer), "idle") == 0);
}

static int
start(void **state)
{
	static const char *const names[] = {"", "pin", "pout", "nf-in", "nf-out"};

	(void)state;
	base = event_base_new();
	fake = (struct fake_switch){.datapath_id = 1, .on_packet_out = on_packet_out};
	for (unsigned i = PIN; i <= NF_OUT; i++)
		fake_switch_add_port(&fake, i, names[i]);
	fake_switch_start(&fake, base, path);
	n_done = n_seen = rules_while_played = 0;
	patience_ns = UINT64_C(60000000000);
	error_text[0] = '\0';
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	buffer_destroy(buffer);
	buffer = NULL;
	fake_switch_stop(&fake);
	event_base_free(base);
	return 0;
}

static struct command
parsed(const char *line)
{
	struct command command;

	assert_null(command_parse(line, &command));
	return command;
}

/* Two of three come in at PIN. */
static void
fill(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		send_packet(i % 3 ? PIN : POUT, i);
		if (i % 1000 == 0)
			RUN_UNTIL(base, counts().queue.packets == i + 1);
	}
	RUN_UNTIL(base, counts().queue.packets == n);
}

static int
hold(const char *line)
{
	struct command command = parsed(line);

	return buffer_hold(buffer, &command, on_done, NULL);
}

static int
release(const char *line)
{
	struct command command = parsed(line);

	return buffer_release(buffer, &command, on_done, NULL);
}

static void
expect_done(unsigned n)
{
	RUN_UNTIL(base, n_done >= n);
	assert_int_equal(n_done, n);
	assert_string_equal(error_text, "");
}

static void
bring_to_hold(uint64_t max_packets)
{
	open_buffer(max_packets);
	assert_int_equal(hold("hold pin,pout"), 0);
	expect_done(1);
	assert_string_equal(buffer_state(buffer), "held");
}

/* Killed by: a priority below that of slim-ofctld, one rule for all ports, packets asked for in the wrong way
 * (the switch hands none), a cookie of slim-ofctld's. */
static void
held_ports_go_to_the_controller(void **state)
{
	(void)state;
	bring_to_hold(100);
	assert_int_equal(fake.n_flows, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fake.flows[i].cookie, BUFFER_COOKIE);
		assert_true(fake.flows[i].priority > 40080);
		assert_int_not_equal(fake.flows[i].cookie >> 48, 0x534c); /* slim-ofctld's */
	}
	assert_int_equal(fake_switch_forward(&fake, PIN, 0, 0), OF_PORT_CONTROLLER);
	assert_int_equal(fake_switch_forward(&fake, POUT, 0, 0), OF_PORT_CONTROLLER);
	assert_int_equal(fake_switch_forward(&fake, NF_IN, 0, 0), 0);
	send_packet(PIN, 1);
	send_packet(POUT, 2);
	RUN_UNTIL(base, counts().queue.packets == 2);
	assert_int_equal(n_seen, 0);
	assert_int_equal(counts().queue.octets, 2 * FRAME);
}

/* More than the switch takes at once, over two ports. Killed by: the newest first; ways out that are
 * mixed up; all of it written at once and the rest never; rules that go before the queue is empty; an answer
 * before the rules are gone. */
static void
what_waited_comes_in_order_and_then_the_rules_go(void **state)
{
	(void)state;
	bring_to_hold(MANY);
	fill(MANY);
	rules_while_played = 2;
	assert_int_equal(release("release pout=nf-out,pin=nf-in"), 0);
	RUN_UNTIL(base, n_seen == MANY);
	expect_done(2);
	assert_int_equal(fake.n_flows, 0);
	assert_int_equal(n_seen, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(seen[i].number, i);
		assert_int_equal(seen[i].in, i % 3 ? PIN : POUT);
		assert_int_equal(seen[i].out, i % 3 ? NF_IN : NF_OUT);
	}
	assert_int_equal(counts().played, MANY);
	assert_int_equal(counts().queue.most_packets, MANY);
	assert_string_equal(buffer_state(buffer), "idle");
}

/* Killed by: playing that ends with the queue; a packet that comes while it is played is put before others. */
static void
what_comes_meanwhile_is_played_too(void **state)
{
	struct command command;

	(void)state;
	bring_to_hold(100);
	send_packet(PIN, 1);
	RUN_UNTIL(base, counts().queue.packets == 1);
	assert_int_equal(release("release pin=nf-in,pout=nf-out"), 0);
	send_packet(PIN, 2); /* its rule is still there */
	expect_done(2);
	RUN_UNTIL(base, n_seen == 2);
	assert_int_equal(seen[0].number, 1);
	assert_int_equal(seen[1].number, 2);
	/* The next hold begins at nothing. */
	command = parsed("hold pin");
	assert_int_equal(buffer_hold(buffer, &command, on_done, NULL), 0);
	expect_done(3);
	assert_int_equal(counts().played, 0);
	assert_int_equal(fake.n_flows, 1);
	assert_int_equal(release("release pin=nf-in,pout=nf-out"), -EINVAL);
}

/* Killed by: a drop that is not counted; the oldest that goes for the newest. */
static void
a_full_queue_drops_the_newest(void **state)
{
	(void)state;
	bring_to_hold(3);
	for (uint32_t i = 0; i < 5; i++)
		send_packet(PIN, i);
	RUN_UNTIL(base, counts().queue.dropped == 2);
	assert_int_equal(release("release pin=nf-in,pout=nf-out"), 0);
	expect_done(2);
	assert_int_equal(n_seen, 3);
	assert_int_equal(seen[2].number, 2);
}

/* Killed by: rules that stay until the queue is empty, whatever comes; packets that wait no more once it gave up. */
static void
patience_ends_and_the_rest_is_played(void **state)
{
	(void)state;
	patience_ns = 0;
	bring_to_hold(MANY);
	fill(MANY);
	assert_int_equal(release("release pin=nf-in,pout=nf-out"), 0);
	RUN_UNTIL(base, fake.n_flows == 0);
	assert_true(n_seen < MANY);
	expect_done(2);
	assert_int_equal(n_seen, MANY);
	assert_int_equal(seen[MANY - 1].number, MANY - 1);
	assert_int_equal(counts().gave_up, 1);
}

/* Killed by: batches without a barrier between them; more of them under way than PLAY_BATCHES. */
static void
the_switch_has_no_more_than_it_can_take_soon(void **state)
{
	unsigned before;

	(void)state;
	bring_to_hold(MANY);
	fill(MANY);
	before = fake.n_barriers;
	assert_int_equal(release("release pin=nf-in,pout=nf-out"), 0);
	while (n_seen < MANY) {
		struct timeval tick = {0, 10000};

		assert_true(MANY - counts().queue.packets - n_seen <= 256);
		event_base_loopexit(base, &tick);
		event_base_loop(base, EVLOOP_ONCE);
	}
	expect_done(2);
	assert_true(fake.n_barriers - before >= MANY / 128);
	assert_int_equal(counts().gave_up, 0);
}

/* Killed by: any of the checks left out. */
static void
what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	open_buffer(10);
	assert_int_equal(release("release pin=nf-in"), -EBUSY);
	assert_int_equal(hold("hold pin,nowhere"), -ENODEV);
	assert_int_equal(hold("hold pin,pout"), 0);
	assert_int_equal(hold("hold pin"), -EBUSY);
	expect_done(1);
	assert_int_equal(hold("hold pin"), -EBUSY);
	assert_int_equal(release("release pin=nf-in"), -EINVAL);
	assert_int_equal(release("release pin=nf-in,nf-out=pout"), -EINVAL);
	assert_int_equal(release("release pin=nf-in,pout=nowhere"), -ENODEV);
	assert_string_equal(buffer_state(buffer), "held");
	fake_switch_stop(&fake);
	RUN_UNTIL(base, strcmp(buffer_state(buffer), "down") == 0);
	assert_int_equal(release("release pin=nf-in,pout=nf-out"), -ENOTCONN);
}

/* Killed by: an error of the switch that is not told, or leaves a half hold. */
static void
a_switch_that_refuses_is_told(void **state)
{
	(void)state;
	open_buffer(10);
	fake.fail_add = 2;
	assert_int_equal(hold("hold pin,pout"), 0);
	RUN_UNTIL(base, n_done == 1);
	assert_string_not_equal(error_text, "");
	assert_string_equal(buffer_state(buffer), "idle");
	assert_int_equal(fake.n_flows, 0);
}

/* What had been written is lost with the connection; what waits is not. Killed by: a release that waits for ever;
 * packets thrown away with the connection; batches that are waited for and were of the old one. */
static void
a_switch_that_goes_ends_the_release_and_the_packets_wait(void **state)
{
	(void)state;
	bring_to_hold(MANY);
	fill(MANY);
	assert_int_equal(release("release pin=nf-in,pout=nf-out"), 0);
	RUN_UNTIL(base, n_seen > 100);
	assert_true(counts().queue.packets > 0);
	fake_switch_hang_up(&fake);
	RUN_UNTIL(base, n_done == 2);
	assert_string_not_equal(error_text, "");
	RUN_UNTIL(base, strcmp(buffer_state(buffer), "held") == 0);
	assert_int_equal(release("release pin=nf-in,pout=nf-out"), 0);
	RUN_UNTIL(base, n_done == 3);
	assert_string_equal(error_text, "");
	assert_int_equal(counts().played, MANY);
	assert_int_equal(fake.n_flows, 0);
}

/* Killed by: no tidying when the connection comes up; rules of others that go with them. */
static void
rules_of_a_program_that_was_killed_go(void **state)
{
	(void)state;
	fake.flows[0] = (struct fake_flow){.priority = 5, .cookie = 0x534c010300000000};
	fake.flows[1] = (struct fake_flow){.priority = BUFFER_PRIORITY, .cookie = BUFFER_COOKIE};
	fake.n_flows = 2;
	open_buffer(10);
	RUN_UNTIL(base, fake.n_flows == 1);
	assert_int_equal(fake.flows[0].priority, 5);
}

/* ---- the control socket ------------------------------------------------------------------------ */

static char heard[1024];

static bool
hear(int fd)
{
	size_t n = strlen(heard);
	ssize_t got = read(fd, heard + n, sizeof(heard) - 1 - n);

	if (got > 0)
		heard[n + (size_t)got] = '\0';
	return strchr(heard, '\n') != NULL;
}

static void
ask(int fd, const char *line)
{
	heard[0] = '\0';
	assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	RUN_UNTIL(base, hear(fd));
}

/* Killed by: an answer before the barrier; one that goes to another client; a number that is wrong; a
 * second command that is obeyed before the first has ended. */
static void
commands_are_answered_by_lines(void **state)
{
	char socket_path[96];
	struct control *control;
	uint64_t ns, packets, dropped;
	int fd, other;

	(void)state;
	open_buffer(2);
	snprintf(socket_path, sizeof(socket_path), "%s/control", folder);
	assert_int_equal(control_create(base, socket_path, buffer, &control), 0);
	fd = local_socket_connect(socket_path, SOCK_STREAM);
	other = local_socket_connect(socket_path, SOCK_STREAM);
	assert_true(fd >= 0 && other >= 0);
	ask(fd, "frob\n");
	assert_string_equal(heard, "error not hold, release or status\n");
	ask(fd, "release pin=nf-in\n");
	assert_memory_equal(heard, "error ", 6);
	ask(fd, "hold pin,pout\nstatus\n"); /* both, in turn */
	assert_int_equal(sscanf(heard, "held %" SCNu64, &ns), 1);
	assert_true(ns > 0);
	RUN_UNTIL(base, hear(fd) && strstr(heard, "\"state\": \"held\""));
	for (uint32_t i = 0; i < 3; i++)
		send_packet(PIN, i);
	RUN_UNTIL(base, counts().queue.dropped == 1);
	ask(other, "status\n");
	assert_non_null(strstr(heard, "\"packets\": 2, \"octets\": 120, \"most_packets\": 2"));
	ask(fd, "release pin=nf-in,pout=nf-out\n");
	assert_int_equal(sscanf(heard, "released %" SCNu64 " packets, %" SCNu64 " dropped %" SCNu64,
				&packets, &dropped, &ns),
			 3);
	assert_int_equal(packets, 2);
	assert_int_equal(dropped, 1);
	/* Who goes does not stop what he asked for. */
	assert_int_equal(write(other, "hold pin\n", 9), 9);
	RUN_UNTIL(base, strcmp(buffer_state(buffer), "idle") != 0);
	close(other);
	RUN_UNTIL(base, strcmp(buffer_state(buffer), "held") == 0);
	ask(fd, "status\n");
	assert_non_null(strstr(heard, "\"state\": \"held\""));
	close(fd);
	control_destroy(control);
	assert_int_equal(access(socket_path, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(held_ports_go_to_the_controller, start, stop),
		cmocka_unit_test_setup_teardown(what_waited_comes_in_order_and_then_the_rules_go,
						start, stop),
		cmocka_unit_test_setup_teardown(what_comes_meanwhile_is_played_too, start, stop),
		cmocka_unit_test_setup_teardown(a_full_queue_drops_the_newest, start, stop),
		cmocka_unit_test_setup_teardown(patience_ends_and_the_rest_is_played, start, stop),
		cmocka_unit_test_setup_teardown(the_switch_has_no_more_than_it_can_take_soon, start,
						stop),
		cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused, start, stop),
		cmocka_unit_test_setup_teardown(a_switch_that_refuses_is_told, start, stop),
		cmocka_unit_test_setup_teardown(
			a_switch_that_goes_ends_the_release_and_the_packets_wait, start, stop),
		cmocka_unit_test_setup_teardown(rules_of_a_program_that_was_killed_go, start, stop),
		cmocka_unit_test_setup_teardown(commands_are_answered_by_lines, start, stop),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	log_open("test");
	log_set_level(LOG_LEVEL_ERROR);
	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/switch", folder);
	failed = cmocka_run_group_tests_name("baseline buffer", tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
