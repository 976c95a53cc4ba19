/* SPDX-License-Identifier: Apache-2.0 */
/* Disconnect-Requests by a real socket; the test is the server, and the workers. Each test names what kills it. */
#include "disconnect.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "orders.h"
#include "radius_packet.h"

#define SECRET "testing"
#define N_WORKERS 2

static struct pppoe_radius_config config;
static struct pppoe_disconnect *ear;
static struct nf_mailbox mailboxes[N_WORKERS];
static struct nf_mailbox *const places[] = {&mailboxes[0], &mailboxes[1]};
static int server;
static uint8_t answer[RADIUS_MAX];
static struct pppoe_end_order last;
static uint32_t affects[N_WORKERS];
static enum nf_status status;
static unsigned int n_orders;

/* An address of this process alone. */
static uint32_t
own_address(void)
{
	return htonl((INADDR_LOOPBACK & 0xff000000u) | ((uint32_t)getpid() & 0x7fffffu) |
		     0x800000u);
}

static int
set_up(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = own_address()};

	(void)state;
	config = (struct pppoe_radius_config){
		.listen = own_address(),
		.listen_port = 3799,
		.clients = {{.host = "127.0.0.1", .secret = SECRET}},
		.n_clients = 1,
		.nas_identifier = "ac1",
	};
	memset(mailboxes, 0, sizeof(mailboxes));
	memset(affects, 0, sizeof(affects));
	n_orders = 0;
	status = NF_OK;
	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	address.sin_port = htons(config.listen_port);
	assert_int_equal(pppoe_disconnect_open(&config, N_WORKERS, &ear), 0);
	return connect(server, (struct sockaddr *)&address, sizeof(address));
}

static int
tear_down(void **state)
{
	(void)state;
	pppoe_disconnect_close(ear);
	return close(server);
}

static void
say(uint8_t code, uint8_t identifier, const char *user, uint32_t timestamp, const char *secret)
{
	uint8_t bytes[256];
	struct radius_writer w;

	radius_begin(&w, bytes, sizeof(bytes), code, identifier, NULL);
	radius_put_text(&w, RADIUS_USER_NAME, user);
	if (timestamp != 0)
		radius_put_number(&w, RADIUS_EVENT_TIMESTAMP, timestamp);
	assert_true(send(server, bytes, radius_end_digest(&w, secret), 0) > 0);
}

static bool
carry_out(void *ctx, struct nf_job *job)
{
	assert_int_equal(job->kind, PPPOE_ORDER_END);
	memcpy(&last, job->args, sizeof(last));
	job->n_affected = *(uint32_t *)ctx;
	job->status = status;
	n_orders++;
	return true;
}

static void
work(unsigned int worker)
{
	struct nf_job job;

	nf_mailbox_work(places[worker], carry_out, &affects[worker]);
	while (nf_mailbox_take(places[worker], &job))
		pppoe_disconnect_done(ear, &job);
}

/* The main loop, and the workers. */
static void
serve(void)
{
	while (pppoe_disconnect_round(ear, places) != 0) {
		work(0);
		work(1);
	}
}

/* The cause of a NAK, 0: an ACK; -1: no answer. */
static int
hear(struct radius_packet *p)
{
	struct pollfd fd = {.fd = server, .events = POLLIN};
	uint32_t cause = 0;

	if (poll(&fd, 1, 0) != 1)
		return -1;
	assert_true(radius_parse(answer, (size_t)recv(server, answer, sizeof(answer), 0), p));
	if (radius_code(p) == RADIUS_DISCONNECT_ACK)
		return 0;
	assert_true(radius_find_number(p, RADIUS_ERROR_CAUSE, &cause));
	return (int)cause;
}

static uint64_t
count(enum pppoe_disconnect_counter counter)
{
	return pppoe_disconnect_count(ear, counter);
}

/* Killed by: an answer before all workers have looked. */
static void
all_workers_are_asked(void **state)
{
	struct radius_packet p;

	(void)state;
	affects[1] = 1;
	say(RADIUS_DISCONNECT_REQUEST, 1, "alice", 0, SECRET);
	pppoe_disconnect_round(ear, places);
	work(0);
	pppoe_disconnect_round(ear, places);
	assert_int_equal(hear(&p), -1);
	work(1);
	pppoe_disconnect_round(ear, places);
	assert_int_equal(hear(&p), 0);
	assert_int_equal(radius_identifier(&p), 1);
	assert_int_equal(n_orders, 2);
	assert_int_equal(last.which.given, PPPOE_GIVEN_USER);
	assert_string_equal(last.which.user, "alice");
	assert_int_equal(last.why, PPPOE_END_ADMIN);
	assert_int_equal(count(PPPOE_disconnect_ended), 1);
}

/* Killed by: a request that is carried out twice, or an answer that changes. */
static void
a_repeated_request_gets_the_same_answer(void **state)
{
	struct radius_packet p;

	(void)state;
	affects[0] = 1;
	for (unsigned int i = 0; i < 3; i++) {
		say(RADIUS_DISCONNECT_REQUEST, 1, "alice", 0, SECRET);
		serve();
		assert_int_equal(hear(&p), 0);
		affects[0] = 0; /* it is gone */
	}
	assert_int_equal(n_orders, N_WORKERS);
	assert_int_equal(count(PPPOE_disconnect_repeated), 2);
	say(RADIUS_DISCONNECT_REQUEST, 2, "alice", 0, SECRET);
	serve();
	assert_int_equal(hear(&p), RADIUS_SESSION_NOT_FOUND);
	assert_int_equal(n_orders, 2 * N_WORKERS);
}

/* Killed by: any of the checks of who asks, and when. */
static void
who_may_not_ask_hears_nothing(void **state)
{
	struct radius_packet p;
	uint32_t now = (uint32_t)time(NULL);

	(void)state;
	say(RADIUS_DISCONNECT_REQUEST, 1, "alice", 0, "another");
	say(RADIUS_ACCOUNTING_REQUEST, 1, "alice", 0, SECRET);
	say(RADIUS_DISCONNECT_REQUEST, 2, "alice", now - 400, SECRET);
	say(RADIUS_DISCONNECT_REQUEST, 3, "alice", now + 400, SECRET);
	assert_int_equal(send(server, "x", 1, 0), 1);
	serve();
	assert_int_equal(hear(&p), -1);
	assert_int_equal(n_orders, 0);
	assert_int_equal(count(PPPOE_disconnect_forged), 1);
	assert_int_equal(count(PPPOE_disconnect_malformed), 2);
	assert_int_equal(count(PPPOE_disconnect_old), 2);
	say(RADIUS_DISCONNECT_REQUEST, 4, "alice", now, SECRET);
	serve();
	assert_int_equal(hear(&p), RADIUS_SESSION_NOT_FOUND);
}

/* Killed by: a cause that says that the session is not there. */
static void
who_does_not_serve_says_so(void **state)
{
	struct radius_packet p;

	(void)state;
	status = NF_NOT_OWNER;
	say(RADIUS_DISCONNECT_REQUEST, 1, "alice", 0, SECRET);
	serve();
	assert_int_equal(hear(&p), RADIUS_RESOURCES_UNAVAILABLE);
	say(RADIUS_COA_REQUEST, 2, "alice", 0, SECRET);
	serve();
	assert_int_equal(hear(&p), RADIUS_UNSUPPORTED_EXTENSION);
	assert_int_equal(radius_code(&p), RADIUS_COA_NAK);
}

/* Killed by: an order that is lost because the mailbox is full. */
static void
a_full_mailbox_is_tried_again(void **state)
{
	const struct nf_job other = {.sender = NF_SENDER_NF, .kind = PPPOE_ORDER_END};
	struct radius_packet p;

	(void)state;
	affects[1] = 1;
	while (nf_mailbox_put(places[1], &other))
		;
	say(RADIUS_DISCONNECT_REQUEST, 1, "alice", 0, SECRET);
	pppoe_disconnect_round(ear, places);
	assert_int_equal(pppoe_disconnect_round(ear, places), 0);
	memset(&mailboxes[1], 0, sizeof(mailboxes[1]));
	serve();
	assert_int_equal(pppoe_disconnect_round(ear, places), 0);
	work(0);
	work(1);
	serve();
	assert_int_equal(hear(&p), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_workers_are_asked),         TEST(a_repeated_request_gets_the_same_answer),
		TEST(who_may_not_ask_hears_nothing), TEST(who_does_not_serve_says_so),
		TEST(a_full_mailbox_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
