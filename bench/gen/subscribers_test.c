/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many subscribers, and a concentrator that is friendly, or loses frames, or refuses. It is as short as it can be: a session
 * has the id of the subscriber's number + 1, and the address 100.64.0.0 + id. It asks when it is asked, until it is answered.
 */
#include "subscribers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bytes.h"

#define MS UINT64_C(1000000)
#define SECOND (1000u * MS)
#define HEAD 22u /* octets in front of a control packet */

enum { LCP = 0xc021, PAP = 0xc023, IPCP = 0x8021 };

static const uint8_t ac[6] = {2, 0, 0, 0, 1, 1};

static struct {
	struct subscribers_config config;
	struct subscribers *all;
	uint64_t now_ns;
	uint32_t loss; /* of 100 frames, each way */
	bool refuses;  /* log-ins */
	uint64_t padis, padts;
	uint32_t n_looking; /* how many behind the subscribers have looked, each counted once */
	bool has_looked[2000];
	bool lcp_acked[2000], ipcp_acked[2000]; /* its requests, by subscriber */
	uint32_t user_of;                       /* whose PAP request is looked at */
	char user[64];
	uint64_t random;
} w;

static int
set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.now_ns = SECOND;
	w.random = 4711;
	w.config = (struct subscribers_config){
		.n_staying = 300,
		.ramp = 1000,
		.stay_ns = 2 * SECOND,
		.line.mac = {2, 0, 0, 5, 0xff, 0x10},
		.user = "user",
		.password = "secret",
		.group = {.service = "",
			  .mru = 1492,
			  .restart_ns = SECOND,
			  .max_tries = 10,
			  .random = 88172645463325252u},
	};
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	subscribers_destroy(w.all);
	return 0;
}

/* ---- the concentrator ------------------------------------------------------------------------------------ */

static bool
is_lost(void)
{
	w.random = w.random * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(w.random >> 32) % 100 < w.loss;
}

static uint32_t
number_of(const uint8_t *frame)
{
	return bytes_get_be32(frame + 8) - 0x0005ff10;
}

/* From the concentrator to the sender of `frame`. */
static void
send(const uint8_t *frame, uint16_t ethertype, const void *packet, size_t size)
{
	uint8_t out[128];
	const uint8_t *data;
	uint32_t number;
	size_t data_size;

	if (is_lost())
		return;
	memcpy(out, frame + 6, 6);
	memcpy(out + 6, ac, 6);
	bytes_put_be16(out + 12, ethertype);
	memcpy(out + 14, packet, size);
	assert_false(subscribers_take(w.all, out, 14 + size, w.now_ns, &number, &data, &data_size));
}

static void
send_ppp(const uint8_t *frame, uint16_t protocol, uint8_t code, uint8_t identifier,
	 const void *data, size_t size)
{
	uint8_t packet[80] = {0x11, 0};

	bytes_put_be16(packet + 2, (uint16_t)(number_of(frame) + 1));
	bytes_put_be16(packet + 4, (uint16_t)(6 + size));
	bytes_put_be16(packet + 6, protocol);
	packet[8] = code;
	packet[9] = identifier;
	bytes_put_be16(packet + 10, (uint16_t)(4 + size));
	memcpy(packet + 12, data, size);
	send(frame, 0x8864, packet, 12 + size);
}

/* Host-Uniq is the second tag of what subscribers send. */
static void
answer_discovery(const uint8_t *frame)
{
	uint8_t packet[18] = {0x11, frame[15] == 0x09 ? 0x07 : 0x65, 0, 0, 0, 12};

	if (frame[15] == 0xa7) {
		w.padts++;
		return;
	}
	w.padis += frame[15] == 0x09;
	if (number_of(frame) >= w.config.n_staying + w.config.n_visitors) {
		assert_int_equal(frame[15], 0x09);
		w.n_looking += !w.has_looked[number_of(frame)];
		w.has_looked[number_of(frame)] = true;
	}
	if (frame[15] == 0x19 && !w.refuses)
		bytes_put_be16(packet + 2, (uint16_t)(number_of(frame) + 1));
	w.lcp_acked[number_of(frame)] = w.ipcp_acked[number_of(frame)] = false;
	memcpy(packet + 6, frame + 24, 12);
	send(frame, 0x8863, packet, sizeof(packet));
}

static void
answer_ppp(const uint8_t *frame)
{
	const uint8_t *packet = frame + HEAD;
	uint16_t protocol = bytes_get_be16(frame + 20),
		 size = (uint16_t)(bytes_get_be16(packet + 2) - 4);
	uint32_t number = number_of(frame);
	uint8_t address[6] = {3, 6};

	bytes_put_be32(address + 2, 0x64400000u + number + 1);
	if (packet[0] == 2)
		*(protocol == LCP ? &w.lcp_acked[number] : &w.ipcp_acked[number]) = true;
	if (protocol == LCP && packet[0] == 1) {
		if (!w.lcp_acked[number])
			send_ppp(frame, LCP, 1, 1, "\x03\x04\xc0\x23", 4);
		send_ppp(frame, LCP, 2, packet[1], packet + 4, size);
	} else if (protocol == LCP && packet[0] == 5) {
		send_ppp(frame, LCP, 6, packet[1], "", 0);
	} else if (protocol == PAP) {
		if (number == w.user_of)
			memcpy(w.user, packet + 5, packet[4]);
		send_ppp(frame, PAP, 2, packet[1], "\0", 1);
	} else if (protocol == IPCP && packet[0] == 1) {
		if (!w.ipcp_acked[number])
			send_ppp(frame, IPCP, 1, 1, "\x03\x06\x64\x40\x00\x00", 6);
		send_ppp(frame, IPCP, memcmp(packet + 4, address, 6) == 0 ? 2 : 3, packet[1],
			 address, 6);
	}
}

/* Lets time pass, a millisecond at once. */
static void
play(uint64_t ns)
{
	uint8_t frame[SUBSCRIBER_MAX_FRAME];

	for (uint64_t end = w.now_ns + ns; w.now_ns < end; w.now_ns += MS) {
		subscribers_tick(w.all, w.now_ns);
		while (subscribers_next(w.all, frame) > 0) {
			if (is_lost())
				continue;
			if (bytes_get_be16(frame + 12) == 0x8863)
				answer_discovery(frame);
			else
				answer_ppp(frame);
		}
	}
}

static void
create(void)
{
	assert_int_equal(subscribers_create(&w.config, w.now_ns, &w.all), 0);
}

/* ---- cases ----------------------------------------------------------------------------------------------- */

/* Killed by: a ramp that is not kept, MAC addresses without a carry, two subscribers by one name. */
static void
test_all_come_up(void **state)
{
	struct subscribers_counts counts;

	(void)state;
	w.user_of = 299;
	create();
	play(100 * MS);
	assert_in_range(w.padis, 99, 101);
	play(400 * MS);
	assert_int_equal(subscribers_n_up(w.all), 300);
	for (uint32_t i = 0; i < 300; i++)
		assert_true(subscribers_at(w.all, i)->ipv4 == 0x64400001u + i);
	assert_string_equal(w.user, "user299");
	counts = subscribers_counts(w.all);
	assert_int_equal(counts.log_ins.begun, 300);
	assert_int_equal(counts.log_ins.up, 300);
	assert_int_equal(counts.log_ins.stray, 0);
	assert_int_equal(counts.queue_full, 0);
}

/* Killed by: who has not had his turn taken for one who failed. */
static void
test_a_slow_ramp_is_kept(void **state)
{
	(void)state;
	w.config.ramp = 50;
	create();
	play(4 * SECOND);
	assert_in_range(w.padis, 199, 201);
	play(2500 * MS);
	assert_int_equal(subscribers_n_up(w.all), 300);
}

/* A network that loses every fifth frame each way. Killed by: anything that is said once only. */
static void
test_all_come_up_over_a_bad_network(void **state)
{
	(void)state;
	w.loss = 20;
	create();
	play(120 * SECOND);
	assert_int_equal(subscribers_n_up(w.all), 300);
	assert_true(subscribers_counts(w.all).log_ins.resent > 300);
	for (uint32_t i = 0; i < 300; i++)
		assert_true(subscribers_at(w.all, i)->ipv4 == 0x64400001u + i);
}

/* Killed by: visitors who stay, or come at another rate; a log-out that counts as a loss. */
static void
test_visitors_come_and_go(void **state)
{
	struct subscribers_counts counts;

	(void)state;
	w.config.n_staying = 10;
	w.config.n_visitors = 200;
	w.config.logins = 50;
	create();
	play(20 * SECOND);
	counts = subscribers_counts(w.all);
	assert_in_range(counts.log_ins.begun, 10 + 990, 10 + 1010);
	assert_in_range(counts.log_ins.ended, 50 * 17, 50 * 18);
	assert_int_equal(counts.log_ins.dropped + counts.log_ins.failed + counts.no_visitor, 0);
	subscribers_stop_visits(w.all);
	play(5 * SECOND);
	counts = subscribers_counts(w.all);
	assert_int_equal(counts.log_ins.begun, counts.log_ins.ended + 10);
	assert_int_equal(w.padts, counts.log_ins.ended);
	assert_int_equal(subscribers_n_up(w.all), 10);
}

/* Killed by: looks at another rate, all by one client or by a subscriber; an offer taken up; looks after the end. */
static void
test_some_only_look(void **state)
{
	struct subscribers_counts counts;

	(void)state;
	w.config.n_staying = 10;
	w.config.looks = 500;
	create();
	play(2 * SECOND);
	counts = subscribers_counts(w.all);
	assert_in_range(counts.looks, 999, 1001);
	assert_int_equal(counts.offers, counts.looks);
	assert_int_equal(w.padis, 10 + counts.looks);
	assert_int_equal(w.n_looking, counts.looks);
	assert_int_equal(counts.log_ins.begun, 10);
	assert_int_equal(counts.unknown, 0);
	subscribers_stop_visits(w.all);
	play(SECOND);
	assert_int_equal(subscribers_counts(w.all).looks, counts.looks);
}

/* Killed by: starting somebody who is here. */
static void
test_too_few_visitors_are_counted(void **state)
{
	struct subscribers_counts counts;

	(void)state;
	w.config.n_staying = 0;
	w.config.n_visitors = 20;
	w.config.logins = 100;
	create();
	play(2 * SECOND);
	counts = subscribers_counts(w.all);
	assert_in_range(counts.no_visitor, 170, 181);
	assert_in_range(counts.log_ins.begun, 20, 30);
}

/* Killed by: trying without a pause, or never again; coming back after a loss. */
static void
test_who_failed_tries_again_and_who_was_dropped_does_not(void **state)
{
	uint8_t packet[6] = {0x11, 0xa7, 0, 1, 0, 0}, frame[14] = {0};

	(void)state;
	w.config.n_staying = 1;
	w.refuses = true;
	create();
	play(4 * SECOND + 500 * MS);
	assert_int_equal(w.padis, 5);
	w.refuses = false;
	play(SECOND);
	assert_int_equal(subscribers_n_up(w.all), 1);
	memcpy(frame + 6, w.config.line.mac, 6);
	send(frame, 0x8863, packet, sizeof(packet));
	play(5 * SECOND);
	assert_int_equal(subscribers_n_up(w.all), 0);
	assert_int_equal(w.padis, 6);
	assert_int_equal(subscribers_counts(w.all).log_ins.dropped_padt, 1);
}

/* Killed by: data given to nobody, or to another one; a step behind the last subscriber. */
static void
test_data_comes_to_its_subscriber(void **state)
{
	uint8_t frame[64] = {2,    0,    0,    6, 0, 0x10, 2, 0,  0, 0,    1,   1,
			     0x88, 0x64, 0x11, 0, 0, 0,    0, 22, 0, 0x21, 0x45};
	uint8_t asks[12];
	const uint8_t *data;
	uint32_t number;
	size_t size;

	(void)state;
	create();
	play(SECOND);
	bytes_put_be16(frame + 4, 0); /* number 0xf0 */
	bytes_put_be16(frame + 16, 0xf1);
	assert_true(subscribers_take(w.all, frame, sizeof(frame), w.now_ns, &number, &data, &size));
	assert_int_equal(number, 0xf0);
	assert_ptr_equal(data, frame + 22);
	assert_int_equal(size, 20);
	memcpy(asks, frame, 6 + 6); /* as if he had sent it */
	memcpy(asks + 6, frame, 6);
	send_ppp(asks, LCP, 1, 9, "", 0); /* not up any more: LCP begins anew */
	assert_false(
		subscribers_take(w.all, frame, sizeof(frame), w.now_ns, &number, &data, &size));
	bytes_put_be16(frame + 16, 0xf2);
	assert_false(
		subscribers_take(w.all, frame, sizeof(frame), w.now_ns, &number, &data, &size));
	assert_int_equal(subscribers_counts(w.all).unknown, 0);
	bytes_put_be16(frame + 4, 60); /* number 300 */
	assert_false(
		subscribers_take(w.all, frame, sizeof(frame), w.now_ns, &number, &data, &size));
	assert_false(subscribers_take(w.all, frame, 5, w.now_ns, &number, &data, &size));
	assert_int_equal(subscribers_counts(w.all).unknown, 2);
}

/* Killed by: another's frame, a control packet or a cut one taken for data of ours. */
static void
test_own_data_is_known(void **state)
{
	uint8_t frame[64] = {2,    0,    0,    2, 0, 1, 2, 0,  0, 0,    1,   1,
			     0x88, 0x64, 0x11, 0, 0, 0, 0, 22, 0, 0x21, 0x45};
	const uint8_t *data;
	size_t size;

	(void)state;
	create();
	memcpy(frame + 6, w.config.line.mac, 6);
	assert_true(subscribers_own_data(w.all, frame, sizeof(frame), &data, &size));
	assert_ptr_equal(data, frame + 22);
	assert_int_equal(size, sizeof(frame) - 22);
	assert_false(subscribers_own_data(w.all, frame, 21, &data, &size));
	assert_false(subscribers_own_data(w.all, frame, 11, &data, &size));
	frame[21] = 0x57;
	assert_false(subscribers_own_data(w.all, frame, sizeof(frame), &data, &size));
	frame[21] = 0x21;
	frame[13] = 0x63;
	assert_false(subscribers_own_data(w.all, frame, sizeof(frame), &data, &size));
	frame[13] = 0x64;
	frame[6] = 0;
	assert_false(subscribers_own_data(w.all, frame, sizeof(frame), &data, &size));
}

/* Killed by: writing over frames that wait. */
static void
test_a_full_queue_loses_the_newest(void **state)
{
	uint8_t frame[SUBSCRIBER_MAX_FRAME];
	uint32_t n = 0;

	(void)state;
	w.config.n_staying = SUBSCRIBERS_QUEUE + 10;
	w.config.ramp = 100000;
	create();
	subscribers_tick(w.all, w.now_ns + SECOND / 2);
	assert_int_equal(subscribers_counts(w.all).queue_full, 10);
	while (subscribers_next(w.all, frame) > 0)
		assert_int_equal(number_of(frame), n++);
	assert_int_equal(n, SUBSCRIBERS_QUEUE);
}

static void
test_what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	w.config.ramp = 0;
	assert_int_equal(subscribers_create(&w.config, 0, &w.all), -EINVAL);
	w.config.ramp = 1;
	w.config.n_visitors = SUBSCRIBERS_MAX - 299;
	assert_int_equal(subscribers_create(&w.config, 0, &w.all), -EINVAL);
	w.config.n_staying = w.config.n_visitors = 0;
	assert_int_equal(subscribers_create(&w.config, 0, &w.all), -EINVAL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_all_come_up),
		TEST(test_a_slow_ramp_is_kept),
		TEST(test_all_come_up_over_a_bad_network),
		TEST(test_visitors_come_and_go),
		TEST(test_some_only_look),
		TEST(test_too_few_visitors_are_counted),
		TEST(test_who_failed_tries_again_and_who_was_dropped_does_not),
		TEST(test_data_comes_to_its_subscriber),
		TEST(test_own_data_is_known),
		TEST(test_a_full_queue_loses_the_newest),
		TEST(test_what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name("gen subscribers", tests, NULL, NULL);
}
