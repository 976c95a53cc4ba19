/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that are given by name: who is asked for them, and that nobody is waited for. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "clock.h"
#include "log.h"
#include "real.h"
#include "real_internal.h"
#include "test_folder.h"

#define PATIENCE_NS UINT64_C(10000000000)

static char resolv_conf[160];
static struct event_base *base;
static struct outside *outside;
static unsigned n_calls; /* from the link */

static void
on_open(void *owner)
{
	(void)owner;
	n_calls++;
}

static void
on_bytes(void *owner)
{
	(void)owner;
	n_calls++;
}

static void
on_closed(void *owner, bool is_refused, const char *why)
{
	(void)owner;
	(void)is_refused;
	(void)why;
	n_calls++;
}

static const struct link_events events = {
	.on_open = on_open, .on_bytes = on_bytes, .on_closed = on_closed};

/* A name server. */
static int
name_server(int *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* As a DHCP client does: a new file in the place of the old one. */
static void
name_it(int port)
{
	char fresh[192];
	FILE *file;

	snprintf(fresh, sizeof(fresh), "%s.new", resolv_conf);
	file = fopen(fresh, "w");
	assert_non_null(file);
	fprintf(file, "nameserver 127.0.0.1:%d\n", port);
	fclose(file);
	assert_int_equal(rename(fresh, resolv_conf), 0);
}

static struct link *
dial(void)
{
	struct link *link = NULL;

	n_calls = 0;
	assert_int_equal(
		outside->link->dial(outside, "no-such-host.invalid:7441", &events, NULL, &link), 0);
	assert_int_equal(n_calls, 0); /* nothing is called back from within */
	return link;
}

/* Says that there is no such name, to each question that has come. Returns how many there were. */
static unsigned
answer(int fd)
{
	struct sockaddr_in asker;
	socklen_t size = sizeof(asker);
	uint8_t message[512];
	unsigned n = 0;
	ssize_t length;

	while ((length = recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&asker,
				  &size)) > 12) {
		message[2] |= 0x80; /* RFC 1035, 4.1.1: a response, */
		message[3] = 3;     /* name error */
		assert_int_equal(
			sendto(fd, message, (size_t)length, 0, (struct sockaddr *)&asker, size),
			length);
		n++;
	}
	return n;
}

/* Until so many links have ended because of the answer. libevent gives up a question later than that. */
static void
expect_question(int fd, unsigned n_links)
{
	uint64_t end_ns = clock_now_ns() + PATIENCE_NS;
	unsigned n = 0;

	while (n_calls < n_links) {
		if (clock_now_ns() > end_ns)
			fail_msg("nobody asked");
		event_base_loopexit(base, &(struct timeval){.tv_usec = 5000});
		event_base_loop(base, 0);
		n += answer(fd);
	}
	assert_int_not_equal(n, 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
names_are_asked_where_the_system_says_now(void **state)
{
	int ports[2], servers[2] = {name_server(&ports[0]), name_server(&ports[1])};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct link *link;

		name_it(ports[i]);
		link = dial();
		expect_question(servers[i], 1);
		outside->link->close(link);
	}
	close(servers[0]);
	close(servers[1]);
}

/* Nobody is asked and nobody waits; the question is put when there is somebody. */
static void
without_a_name_server_nothing_blocks(void **state)
{
	struct link *first = dial(), *second;
	int port, server = name_server(&port);

	(void)state;
	name_it(port);
	second = dial();
	expect_question(server, 2);
	outside->link->close(first);
	outside->link->close(second);
	close(server);
}

static int
setup(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(test_folder_begin("/tmp", "link"), 0);
	snprintf(resolv_conf, sizeof(resolv_conf), "%s/resolv.conf", test_folder_path());
	base = event_base_new();
	assert_int_equal(outside_create(base, &outside), 0);
	assert_int_equal(outside_open_links(outside, NULL), 0);
	((struct real *)outside)->resolv_conf = resolv_conf;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	outside_destroy(outside);
	event_base_free(base);
	test_folder_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_asked_where_the_system_says_now, setup,
						teardown),
		cmocka_unit_test_setup_teardown(without_a_name_server_nothing_blocks, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
