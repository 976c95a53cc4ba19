/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5382 REQ-4: who sends a SYN that nothing lets in is told, but not before 6 s are over, and not if the connection was
 * opened from inside meanwhile. Each test names what kills it. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define STRANGER IP(203, 0, 113, 66)
#define SYN 0x02
#define ACK 0x10
#define RST 0x04
#define EXTERNAL IP(198, 51, 100, 0)
#define PORT_UNREACHABLE 3

static struct harness h;

static void
open_with(uint16_t n_workers, bool answers, bool active)
{
	struct nat_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.filtering = NAT_FILTERING_ADDRESS_AND_PORT;
	config.answer_unsolicited = answers;
	harness_open(&h, &config, active);
}

static int
open_one(void **state)
{
	(void)state;
	open_with(1, true, true);
	return 0;
}

static int
open_two(void **state)
{
	(void)state;
	open_with(2, true, true);
	return 0;
}

static int
open_silent(void **state)
{
	(void)state;
	open_with(1, false, true);
	return 0;
}

static int
open_standby(void **state)
{
	(void)state;
	open_with(1, true, false);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

static struct harness_packet
outwards(uint32_t dst, uint16_t dst_port)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = IPPROTO_TCP,
				       .src = SUBSCRIBER,
				       .src_port = 5000,
				       .dst = dst,
				       .dst_port = dst_port,
				       .tcp_flags = SYN};
}

static struct harness_packet
inwards(uint16_t dst_port, uint8_t flags)
{
	return (struct harness_packet){.side = NAT_OUTSIDE,
				       .protocol = IPPROTO_TCP,
				       .src = STRANGER,
				       .src_port = 81,
				       .dst = EXTERNAL,
				       .dst_port = dst_port,
				       .tcp_flags = flags,
				       .payload = 20};
}

static void
expect_silence(void)
{
	assert_null(harness_take(&h, NAT_OUTSIDE));
	assert_null(harness_take(&h, NAT_INSIDE));
}

/* What has left is one ICMP error about the SYN. */
static void
expect_answer(const struct harness_packet *syn)
{
	struct rte_mbuf *m = harness_take(&h, NAT_OUTSIDE);
	const uint8_t *quoted;
	struct harness_packet out;

	assert_non_null(m);
	out = harness_parse(m);
	assert_int_equal(out.protocol, IPPROTO_ICMP);
	assert_int_equal(out.icmp_type, 3);
	assert_int_equal(out.icmp_code, PORT_UNREACHABLE);
	assert_int_equal(out.dst, syn->src);
	quoted = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14 + 20 + 8 + 20);
	assert_int_equal(quoted[0] << 8 | quoted[1], syn->src_port);
	assert_int_equal(quoted[2] << 8 | quoted[3], syn->dst_port);
	rte_pktmbuf_free(m);
}

/* Killed by: an answer at once, or a bit too early; none; two; a drop that is counted twice. */
static void
a_syn_is_answered_after_six_seconds(void **state)
{
	struct harness_packet syn = inwards(2049, SYN);

	(void)state;
	harness_dropped(&h, &syn, NAT_drop_no_mapping);
	harness_wait(&h, 6 * HARNESS_SECOND - 1);
	expect_silence();
	harness_wait(&h, 1);
	expect_answer(&syn);
	harness_wait(&h, 10 * HARNESS_SECOND);
	expect_silence();
	assert_int_equal(harness_counter(&h, NAT_drop_no_mapping), 1);
	assert_int_equal(harness_counter(&h, NAT_unreachable_sent), 1);
}

/* A stranger's SYN to a mapping that others may send to. Killed by: only the missing mapping looked at. */
static void
a_filtered_syn_is_answered_too(void **state)
{
	struct harness_packet p = outwards(SERVER, 80), syn;

	(void)state;
	p = harness_pass(&h, &p, NAT_OUTSIDE);
	syn = inwards(p.src_port, SYN);
	syn.dst = p.src;
	harness_dropped(&h, &syn, NAT_drop_filtered);
	harness_wait(&h, 6 * HARNESS_SECOND);
	expect_answer(&syn);
}

/* Both ends open at once. Killed by: an answer for what lies in the queue, whatever has happened since. */
static void
an_opening_from_inside_ends_it(void **state)
{
	struct harness_packet p = outwards(SERVER, 80), syn;

	(void)state;
	p = harness_pass(&h, &p, NAT_OUTSIDE);
	syn = inwards(p.src_port, SYN);
	syn.dst = p.src;
	harness_dropped(&h, &syn, NAT_drop_filtered);
	harness_wait(&h, 3 * HARNESS_SECOND);
	p = outwards(STRANGER, 81);
	harness_pass(&h, &p, NAT_OUTSIDE);
	harness_wait(&h, 4 * HARNESS_SECOND);
	expect_silence();
}

/* A segment that is dropped, and that nobody is told of. */
static void
expect_no_answer_to(uint8_t flags)
{
	struct harness_packet p = inwards(2049, flags);

	harness_dropped(&h, &p, NAT_drop_no_mapping);
	harness_wait(&h, NAT_UNSOLICITED_NS + HARNESS_SECOND);
	expect_silence();
}

/* Killed by: any other segment that waits. */
static void
nothing_else_is_answered(void **state)
{
	static const uint8_t flags[] = {ACK, RST, SYN | ACK, SYN | RST, SYN | 0x01, 0x01};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(flags); i++)
		expect_no_answer_to(flags[i]);
}

/* Killed by: the setting not looked at. */
static void
without_the_setting_nobody_is_told(void **state)
{
	(void)state;
	expect_no_answer_to(SYN);
}

/* Another instance has the bucket by then, and may have let it in. Killed by: slim_owns() not asked. */
static void
who_owns_no_bucket_tells_nobody(void **state)
{
	(void)state;
	expect_no_answer_to(SYN);
}

/* Killed by: a queue that grows, or writes over what waits; packets that are left in it at the end. */
static void
more_than_wait_are_dropped_in_silence(void **state)
{
	struct harness_packet first = inwards(2049, SYN);
	uint32_t n = 0;
	struct rte_mbuf *m;

	(void)state;
	harness_dropped(&h, &first, NAT_drop_no_mapping);
	harness_wait(&h, 6 * HARNESS_SECOND);
	expect_answer(&first); /* and the NAT knows the stranger from now on */
	for (uint32_t i = 0; i < NAT_UNSOLICITED_MAX + 20; i++) {
		struct harness_packet syn = inwards((uint16_t)(2049 + 256 * (i % 100)), SYN);

		syn.src_port = (uint16_t)(1000 + i);
		harness_dropped(&h, &syn, NAT_drop_no_mapping);
	}
	harness_wait(&h, 6 * HARNESS_SECOND);
	for (; (m = harness_take(&h, NAT_OUTSIDE)) != NULL; n++)
		rte_pktmbuf_free(m);
	assert_int_equal(n, NAT_UNSOLICITED_MAX);
	for (uint32_t i = 0; i < 3; i++) {
		struct harness_packet syn = inwards(2049, SYN);

		harness_dropped(&h, &syn, NAT_drop_no_mapping);
	}
}

int
main(void)
{
#define TEST(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	static const struct CMUnitTest tests[] = {
		TEST(a_syn_is_answered_after_six_seconds, open_one),
		TEST(a_syn_is_answered_after_six_seconds, open_two),
		TEST(a_filtered_syn_is_answered_too, open_one),
		TEST(a_filtered_syn_is_answered_too, open_two),
		TEST(an_opening_from_inside_ends_it, open_one),
		TEST(an_opening_from_inside_ends_it, open_two),
		TEST(nothing_else_is_answered, open_one),
		TEST(without_the_setting_nobody_is_told, open_silent),
		TEST(who_owns_no_bucket_tells_nobody, open_standby),
		TEST(more_than_wait_are_dropped_in_silence, open_one),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
