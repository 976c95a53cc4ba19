/* SPDX-License-Identifier: Apache-2.0 */
#include "unixctl.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "loop.h"

static char folder[] = "/tmp/ofctl-unixctl-test-XXXXXX";
static struct event_base *base;
static struct unixctl *unixctl;
static int listener, server;
static unsigned n_sent, n_answers;
static char at_sent[128]; /* what the switch could read when `sent` was called */
static enum unixctl_outcome outcome;
static char answer[64];

static void
on_sent(void *ctx)
{
	ssize_t n = recv(server, at_sent, sizeof(at_sent) - 1, MSG_PEEK | MSG_DONTWAIT);

	(void)ctx;
	at_sent[n > 0 ? n : 0] = '\0';
	n_sent++;
}

static void
on_answer(void *ctx, enum unixctl_outcome what, const char *text)
{
	(void)ctx;
	n_answers++;
	outcome = what;
	snprintf(answer, sizeof(answer), "%s", text);
}

static int
start(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/switch.ctl", folder);
	n_sent = n_answers = 0;
	base = event_base_new();
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(unixctl_open(base, address.sun_path, &unixctl), 0);
	server = accept(listener, NULL, NULL);
	return server < 0;
}

static int
stop(void **state)
{
	char path[64];

	(void)state;
	unixctl_close(unixctl);
	close(server);
	close(listener);
	snprintf(path, sizeof(path), "%s/switch.ctl", folder);
	unlink(path);
	event_base_free(base);
	return 0;
}

static void
say(const char *text)
{
	assert_int_equal(write(server, text, strlen(text)), strlen(text));
}

static void
take_request(const char *expected)
{
	char text[128] = "";

	assert_true(read(server, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, expected);
}

/* What is sent to the switch from within `sent` is behind the request, on whatever socket. */
static void
sent_means_in_the_socket(void **state)
{
	(void)state;
	unixctl_call(unixctl, "revalidator/wait", on_sent, on_answer, NULL);
	assert_int_equal(n_sent, 0);
	RUN_UNTIL(base, n_sent == 1);
	assert_string_equal(at_sent, "{\"id\":0,\"method\":\"revalidator/wait\",\"params\":[]}");
	assert_int_equal(n_answers, 0);
	take_request(at_sent);
	say("{\"id\":0,\"result\":\"a\\nb\",\"error\":null}");
	RUN_UNTIL(base, n_answers == 1);
	assert_int_equal(outcome, UNIXCTL_DONE);
	assert_string_equal(answer, "a\nb");

	/* The next call did not ask for it. */
	unixctl_call(unixctl, "version", NULL, on_answer, NULL);
	say("{\"error\":\"no such\",\"id\":0,\"result\":null}");
	RUN_UNTIL(base, n_answers == 2);
	assert_int_equal(outcome, UNIXCTL_REFUSED);
	assert_string_equal(answer, "no such");
	assert_int_equal(n_sent, 1);
}

static void
closed_socket_ends_the_call(void **state)
{
	(void)state;
	unixctl_call(unixctl, "version", NULL, on_answer, NULL);
	say("{\"id\":0,\"res"); /* half of an answer is none */
	shutdown(server, SHUT_RDWR);
	RUN_UNTIL(base, n_answers == 1);
	assert_int_equal(outcome, UNIXCTL_LOST);
}

static void
answer_without_end_is_none(void **state)
{
	static const char more[4096] = "{\"result\":\"";
	char filler[4096];

	(void)state;
	memset(filler, 'x', sizeof(filler));
	unixctl_call(unixctl, "version", NULL, on_answer, NULL);
	say(more);
	for (unsigned sent = 0; sent <= UNIXCTL_MAX_ANSWER; sent += sizeof(filler)) {
		assert_int_equal(write(server, filler, sizeof(filler)), sizeof(filler));
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	RUN_UNTIL(base, n_answers == 1);
	assert_int_equal(outcome, UNIXCTL_LOST);
}

static int
make_folder(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as in the daemon */
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sent_means_in_the_socket),
		TEST(closed_socket_ends_the_call),
		TEST(answer_without_end_is_none),
	};

	return cmocka_run_group_tests_name("unixctl", tests, make_folder, remove_folder);
}
