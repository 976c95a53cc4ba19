/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RADIUS client with real sockets: the test is the server. It waits for what must come, never for time to pass, but where
 * a server is silent. Each test names what kills it.
 */
#include "radius.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "radius_packet.h"

#define SECRET "testing"
#define WAIT_S 20

static struct pppoe_radius_config config;
static struct pppoe_radius *client;
static int servers[2]; /* sockets; log-ins and accounting */

/* ---- the server ----------------------------------------------------------------------------------------------------- */

struct heard {
	struct sockaddr_in from;
	uint8_t bytes[RADIUS_MAX];
	struct radius_packet packet;
};

static void
open_server(unsigned int i, struct pppoe_radius_server *ret)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	servers[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(servers[i] >= 0);
	assert_int_equal(bind(servers[i], (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(servers[i], (struct sockaddr *)&address, &size), 0);
	*ret = (struct pppoe_radius_server){.host = "127.0.0.1", .secret = SECRET};
	ret->port = ntohs(address.sin_port);
}

static bool
hears_within(unsigned int i, struct heard *h, int ms)
{
	struct pollfd fd = {.fd = servers[i], .events = POLLIN};
	socklen_t size = sizeof(h->from);
	ssize_t n;

	if (poll(&fd, 1, ms) != 1)
		return false;
	n = recvfrom(servers[i], h->bytes, sizeof(h->bytes), 0, (struct sockaddr *)&h->from, &size);
	assert_true(n > 0 && radius_parse(h->bytes, (size_t)n, &h->packet));
	return true;
}

static void
hear(unsigned int i, struct heard *h)
{
	assert_true(hears_within(i, h, WAIT_S * 1000));
}

static void
say(unsigned int i, const struct heard *h, uint8_t code, const char *secret, bool has_signature)
{
	uint8_t bytes[256];
	struct radius_writer w;
	uint16_t size;

	radius_begin(&w, bytes, sizeof(bytes), code, radius_identifier(&h->packet),
		     radius_authenticator(&h->packet));
	if (has_signature)
		radius_put_signature(&w);
	radius_put_number(&w, RADIUS_SESSION_TIMEOUT, 77);
	size = radius_end_digest(&w, secret);
	assert_int_equal(sendto(servers[i], bytes, size, 0, (const struct sockaddr *)&h->from,
				sizeof(h->from)),
			 size);
}

/* ---- the concentrator ------------------------------------------------------------------------------------------------ */

static int
set_up(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	config.timeout_s = 1;
	config.tries = 1;
	config.threads = 1;
	open_server(0, &config.auth[0]);
	open_server(1, &config.auth[1]);
	config.accounting[0] = config.auth[0];
	config.accounting[1] = config.auth[1];
	config.n_auth = config.n_accounting = 1;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	pppoe_radius_close(client);
	client = NULL;
	close(servers[0]);
	close(servers[1]);
	return 0;
}

static void
open_client(void)
{
	assert_int_equal(pppoe_radius_open(&config, &client), 0);
}

static bool
ask(uint16_t session_id)
{
	struct pppoe_ask question = {
		.kind = PPPOE_ASK_PAP,
		.identifier = 5,
		.secret_size = 4,
		.worker = 3,
		.session_id = session_id,
		.accounting_id = 99,
		.secret = "abcd",
		.user = "alice",
	};

	return pppoe_radius_ask(client, &question);
}

static void
account(uint8_t kind, uint64_t accounting_id)
{
	struct pppoe_ask question = {.kind = kind, .accounting_id = accounting_id, .user = "alice"};

	pppoe_radius_account(client, &question);
}

static uint64_t
count(enum pppoe_radius_counter counter)
{
	return pppoe_radius_count(client, counter);
}

static void
await_count(enum pppoe_radius_counter counter, uint64_t n)
{
	time_t end = time(NULL) + WAIT_S;

	while (count(counter) < n) {
		assert_true(time(NULL) < end);
		sched_yield();
	}
}

static void
expect(uint16_t session_id, enum pppoe_verdict verdict)
{
	time_t end = time(NULL) + WAIT_S;
	struct pppoe_answer answer;
	uint16_t worker;

	while (!pppoe_radius_take(client, &answer, &worker)) {
		assert_true(time(NULL) < end);
		sched_yield();
	}
	assert_int_equal(answer.verdict, verdict);
	assert_int_equal(answer.session_id, session_id);
	assert_int_equal(answer.identifier, 5);
	assert_int_equal(answer.accounting_id, 99);
	assert_int_equal(answer.session_timeout, verdict == PPPOE_GOOD ? 77 : 0);
	assert_int_equal(worker, 3);
}

/* ---- log-ins ------------------------------------------------------------------------------------------------------ */

/* Killed by: an answer that goes to another question, a Reject that is good. */
static void
many_are_under_way_at_once(void **state)
{
	struct heard h[3];

	(void)state;
	open_client();
	for (uint16_t i = 0; i < 3; i++)
		assert_true(ask((uint16_t)(10 + i)));
	for (uint16_t i = 0; i < 3; i++)
		hear(0, &h[i]);
	say(0, &h[2], RADIUS_ACCESS_ACCEPT, SECRET, true);
	expect(12, PPPOE_GOOD);
	say(0, &h[0], RADIUS_ACCESS_REJECT, SECRET, true);
	expect(10, PPPOE_BAD);
	say(0, &h[1], RADIUS_ACCESS_CHALLENGE, SECRET, true);
	expect(11, PPPOE_BAD);
	assert_int_equal(count(PPPOE_radius_accepted), 1);
	assert_int_equal(count(PPPOE_radius_rejected), 2);
}

/* Killed by: an unsigned answer that is taken of a server that signs, or dropped of one that never did. */
static void
who_has_signed_once_must_sign(void **state)
{
	struct heard h;

	(void)state;
	open_client();
	assert_true(ask(1));
	hear(0, &h);
	say(0, &h, RADIUS_ACCESS_ACCEPT, SECRET, false);
	expect(1, PPPOE_GOOD);
	assert_int_equal(count(PPPOE_radius_unsigned), 1);
	assert_true(ask(2));
	hear(0, &h);
	say(0, &h, RADIUS_ACCESS_ACCEPT, SECRET, true);
	expect(2, PPPOE_GOOD);
	assert_true(ask(3));
	hear(0, &h);
	say(0, &h, RADIUS_ACCESS_ACCEPT, SECRET, false);
	say(0, &h, RADIUS_ACCESS_REJECT, SECRET, true);
	expect(3, PPPOE_BAD);
	assert_int_equal(count(PPPOE_radius_stripped), 1);
	assert_int_equal(count(PPPOE_radius_unsigned), 1);
}

/* Killed by: a forged answer that is taken, or that ends the wait for the right one. */
static void
wrong_answers_are_dropped_and_the_right_one_waited_for(void **state)
{
	struct heard h;

	(void)state;
	open_client();
	assert_true(ask(1));
	hear(0, &h);
	say(0, &h, RADIUS_ACCESS_ACCEPT, "another", true);
	say(0, &h, RADIUS_ACCOUNTING_RESPONSE, SECRET, true);
	say(0, &h, RADIUS_ACCESS_REJECT, SECRET, true);
	expect(1, PPPOE_BAD);
	assert_int_equal(count(PPPOE_radius_forged), 1);
	assert_int_equal(count(PPPOE_radius_malformed), 1);
	say(0, &h, RADIUS_ACCESS_ACCEPT, SECRET, true);
	await_count(PPPOE_radius_late, 1);
}

/* Killed by: a request that is sent again under another authenticator, or a log-in that waits for ever. */
static void
who_is_not_answered_asks_again_and_is_silent_then(void **state)
{
	struct heard first, second;

	(void)state;
	config.tries = 2;
	open_client();
	assert_true(ask(1));
	hear(0, &first);
	hear(0, &second);
	assert_int_equal(first.packet.size, second.packet.size);
	assert_memory_equal(first.bytes, second.bytes, first.packet.size);
	expect(1, PPPOE_SILENT);
	assert_int_equal(count(PPPOE_radius_silent), 1);
	assert_int_equal(count(PPPOE_radius_sent_again), 1);
}

/* Killed by: a dead server that is asked first again, or one server only. */
static void
a_dead_server_is_left_out(void **state)
{
	struct heard h;

	(void)state;
	config.n_auth = 2;
	open_client();
	assert_true(ask(1));
	hear(1, &h);
	say(1, &h, RADIUS_ACCESS_ACCEPT, SECRET, true);
	expect(1, PPPOE_GOOD);
	hear(0, &h);
	assert_true(ask(2));
	hear(1, &h);
	say(1, &h, RADIUS_ACCESS_ACCEPT, SECRET, true);
	expect(2, PPPOE_GOOD);
	assert_false(hears_within(0, &h, 0));
	assert_int_equal(count(PPPOE_radius_dead), 1);
	assert_int_equal(count(PPPOE_radius_next_server), 1);
}

/* Killed by: a list without an end, or a question that is lost. */
static void
too_many_are_refused_and_none_is_lost(void **state)
{
	uint32_t n = 0;

	(void)state;
	open_client();
	while (n < PPPOE_RADIUS_LOGINS && ask(1))
		n++;
	assert_int_equal(n, PPPOE_RADIUS_LOGINS);
	assert_false(ask(1));
	assert_int_equal(count(PPPOE_radius_full), 1);
	for (; n > 0; n--)
		expect(1, PPPOE_SILENT);
	assert_true(ask(1));
}

/* ---- accounting ---------------------------------------------------------------------------------------------------- */

static uint32_t
status_of(const struct heard *h)
{
	uint32_t status = 0;

	assert_int_equal(radius_judge_request(&h->packet, SECRET), RADIUS_UNSIGNED);
	assert_true(radius_find_number(&h->packet, RADIUS_ACCT_STATUS_TYPE, &status));
	return status;
}

/* Killed by: a stop that overtakes its start; a session that waits for another one's; an answer of any kind that will do. */
static void
records_of_a_session_stay_in_order(void **state)
{
	struct heard start, other, stop;

	(void)state;
	open_client();
	account(PPPOE_ASK_START, 7);
	account(PPPOE_ASK_STOP, 7);
	account(PPPOE_ASK_INTERIM, 8);
	hear(0, &start);
	assert_int_equal(status_of(&start), 1);
	hear(0, &other);
	assert_int_equal(status_of(&other), 3);
	say(0, &start, RADIUS_ACCESS_ACCEPT, SECRET, true);
	await_count(PPPOE_radius_malformed, 1);
	assert_int_equal(count(PPPOE_accounting_done), 0);
	say(0, &start, RADIUS_ACCOUNTING_RESPONSE, SECRET, false);
	hear(0, &stop);
	assert_int_equal(status_of(&stop), 2);
	say(0, &stop, RADIUS_ACCOUNTING_RESPONSE, SECRET, false);
	say(0, &other, RADIUS_ACCOUNTING_RESPONSE, SECRET, false);
	await_count(PPPOE_accounting_done, 3);
}

/* Killed by: a record that is forgotten when nobody takes it, or that comes without its age. */
static void
a_record_is_kept_until_a_server_has_it(void **state)
{
	uint32_t delay = 0;
	struct heard h;

	(void)state;
	open_client();
	account(PPPOE_ASK_START, 7);
	hear(0, &h);
	hear(0, &h); /* after the pause */
	assert_int_equal(count(PPPOE_accounting_again), 1);
	assert_true(radius_find_number(&h.packet, RADIUS_ACCT_DELAY_TIME, &delay));
	assert_true(delay >= 1);
	say(0, &h, RADIUS_ACCOUNTING_RESPONSE, SECRET, false);
	await_count(PPPOE_accounting_done, 1);
}

/* Killed by: a start or stop that gives way to an interim record. */
static void
the_oldest_interim_record_gives_way(void **state)
{
	(void)state;
	open_client();
	/* One session: one is under way, the others wait. */
	account(PPPOE_ASK_START, 7);
	for (uint32_t i = 2; i < PPPOE_RADIUS_RECORDS; i++)
		account(PPPOE_ASK_STOP, 7);
	account(PPPOE_ASK_INTERIM, 7);
	account(PPPOE_ASK_STOP, 7);
	assert_int_equal(count(PPPOE_accounting_interim_lost), 1);
	assert_int_equal(count(PPPOE_accounting_stop_lost), 0);
	account(PPPOE_ASK_STOP, 7);
	assert_int_equal(count(PPPOE_accounting_stop_lost), 1);
	account(PPPOE_ASK_START, 7);
	assert_int_equal(count(PPPOE_accounting_start_lost), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_are_under_way_at_once),
		TEST(who_has_signed_once_must_sign),
		TEST(wrong_answers_are_dropped_and_the_right_one_waited_for),
		TEST(who_is_not_answered_asks_again_and_is_silent_then),
		TEST(a_dead_server_is_left_out),
		TEST(too_many_are_refused_and_none_is_lost),
		TEST(records_of_a_session_stay_in_order),
		TEST(a_record_is_kept_until_a_server_has_it),
		TEST(the_oldest_interim_record_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
