/* SPDX-License-Identifier: Apache-2.0 */
/* What refuses a subscriber's packet: rates, MTUs; who is told, and that the error arrives. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define HEADROOM 44u /* IPv4, UDP and GTP-U with a container */

static struct harness h;

static const uint8_t subscriber_6[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 7, [15] = 9};
static const uint8_t server_6[16] = {0x20, 1, 0xd, 0xb8, 0xff, [15] = 1};

static int
open_with(uint16_t access_mtu, uint16_t core_mtu)
{
	struct gateway_config config;

	harness_defaults(&config);
	config.sides[GATEWAY_ACCESS].mtu = access_mtu;
	config.sides[GATEWAY_CORE].mtu = core_mtu;
	harness_open(&h, &config, true);
	assert_int_equal(harness_ask(&h,
				     "session add 0x10007 ipv4 100.64.3.7 ipv6 2001:db8:0:7::/64 "
				     "cell 192.0.2.11 cell-teid 0xa001"),
			 NF_OK);
	harness_tell_router(&h);
	return 0;
}

static int
open_usual(void **state)
{
	(void)state;
	return open_with(1500, 1500);
}

static int
open_narrow_access(void **state)
{
	(void)state;
	return open_with(600, 1500);
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

/* ---- rates ----------------------------------------------------------------------------------------- */

static void
send_both_ways(void)
{
	struct frame down = plain(SERVER, SUBSCRIBER, 32, 1),
		     inner = plain(SUBSCRIBER, SERVER, 32, 1);
	struct frame up = tunnelled(&inner, CELL_1, TEID);

	harness_send(&h, GATEWAY_CORE, &down, 0);
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
}

/* The rates follow each other in one session. Killed by: a bucket that is kept when its rate changes; 64 bits for what the largest burst takes at a low rate: 2^32 octets times 2^49. */
static void
the_largest_burst_passes_at_the_lowest_rate(void **state)
{
	static const char *const rates[] = {"1", "80000", "122070", "1000000000000"};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(rates); i++) {
		char line[200];

		snprintf(line, sizeof(line),
			 "session modify 0x10007 uplink-rate %s uplink-burst 4294967296 "
			 "downlink-rate %s downlink-burst 4294967296",
			 rates[i], rates[i]);
		assert_int_equal(harness_ask(&h, line), NF_OK);
		for (int n = 0; n < 100; n++)
			send_both_ways();
		assert_int_equal(harness_counter(&h, GATEWAY_drop_policed), 0);
		assert_int_equal(harness_session(&h, TEID)->packets_up, 100 * (i + 1));
		assert_int_equal(harness_session(&h, TEID)->packets_down, 100 * (i + 1));
	}
}

/* Killed by: a time that wraps. */
static void
a_bucket_that_is_used_up_for_ever_lets_nothing_pass(void **state)
{
	uint64_t cost = UINT64_C(8000000000) << 16, burst = UINT64_C(1) << 32, due;

	(void)state;
	assert_false(gateway_police(UINT64_MAX - 1, cost, burst, 1000, 1500, &due));
	assert_true(gateway_police(0, cost, burst, 1000, UINT16_MAX, &due));
	assert_int_equal(due, 1000 + UINT16_MAX * UINT64_C(8000000000));
	/* Its burst is below the packet. */
	assert_false(gateway_police(due, cost, 10, due, 11, &due));
	assert_true(gateway_police(due, cost, 11, due, 11, &due));
}

/* ---- errors ------------------------------------------------------------------------------------------ */

static struct frame
ipv6_up(const uint8_t to[16], uint8_t next, const uint8_t *content, uint16_t size)
{
	struct frame f = {.size = 14};

	f.size += put_ipv6(f.bytes + 14, subscriber_6, to, size);
	f.bytes[14 + 6] = next;
	f.bytes[14 + 7] = 1; /* time to live: over here */
	memcpy(f.bytes + f.size, content, size);
	/* What stands behind the packet is none of it. */
	memset(f.bytes + f.size + size, 128, 8);
	f.size += size + 8;
	return tunnelled(&f, CELL_1, TEID);
}

/* The error that a subscriber gets about a packet of his; its size. */
static uint16_t
told_ipv4(uint16_t payload)
{
	struct frame inner = plain(SUBSCRIBER, SERVER, payload, 1), up, out;
	const uint8_t *ip;

	inner.bytes[14 + 8] = 1;
	put16(inner.bytes + 14 + 10, 0);
	put16(inner.bytes + 14 + 10, (uint16_t)~ipv4_sum(inner.bytes + 14));
	up = tunnelled(&inner, CELL_1, TEID);
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	out = harness_taken(&h, GATEWAY_ACCESS);
	harness_nothing_left(&h);
	ip = g_pdu(&out, CELL_1, CELL_TEID);
	assert_int_equal(ip[9], 1);
	assert_int_equal(ip[20], 11);
	assert_in_range(out.size - 14u, 1, h.config.sides[GATEWAY_ACCESS].mtu);
	assert_memory_equal(ip + 28, inner.bytes + 14, get16(ip + 2) - 28u);
	return get16(ip + 2);
}

/* Killed by: an error of 576 octets whatever the tunnel has room for: it was dropped as too big. */
static void
errors_fit_into_the_tunnel(void **state)
{
	(void)state;
	assert_int_equal(told_ipv4(560), 600 - HEADROOM);
	assert_int_equal(told_ipv4(32), 28 + 60);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_too_big), 0);
}

static void
errors_are_as_long_as_allowed(void **state)
{
	(void)state;
	assert_int_equal(told_ipv4(1000), 576);
}

static void
errors_about_ipv6_are_as_long_as_allowed(void **state)
{
	static const uint8_t content[1400] = {0};
	struct frame up = ipv6_up(server_6, 17, content, sizeof(content)), out;

	(void)state;
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	out = harness_taken(&h, GATEWAY_ACCESS);
	assert_int_equal(get16(g_pdu(&out, CELL_1, CELL_TEID) + 4), 1280 - 40);
}

/* ---- what is not told ------------------------------------------------------------------------------------- */

struct chain {
	const char *name;
	bool told;
	uint8_t next;
	uint8_t size;
	uint8_t content[96];
};

static const struct chain chains[] = {
	{"UDP", true, 17, 8, {0, 1, 0, 2, 0, 8}},
	{"ICMPv6 echo", true, 58, 8, {128}},
	{"ICMPv6 error", false, 58, 8, {1}},
	{"the last error type", false, 58, 8, {127}},
	{"ICMPv6 without a type", false, 58, 0, {0}},
	{"an error behind hop-by-hop options", false, 0, 16, {58, 0, 1, 4, 0, 0, 0, 0, 1}},
	{"an echo behind hop-by-hop options", true, 0, 16, {58, 0, 1, 4, 0, 0, 0, 0, 128}},
	{"an error behind destination options", false, 60, 16, {58, 0, 1, 4, 0, 0, 0, 0, 2}},
	{"an error behind options of 16 octets", false, 60, 24, {58, 1, 1, 12, [16] = 2}},
	{"an error behind a routing header", false, 43, 16, {58, 0, 0, 0, 0, 0, 0, 0, 3}},
	{"an error behind authentication", false, 51, 20, {58, 1, [12] = 3}},
	{"UDP behind authentication", true, 51, 20, {17, 1, [12] = 3}},
	{"an echo behind authentication", true, 51, 20, {58, 1, [12] = 128, [16] = 1}},
	{"an error in a first fragment", false, 44, 16, {58, 0, 0, 1, 0, 0, 0, 0, 3}},
	{"an echo in a first fragment", true, 44, 16, {58, 0, 0, 1, 0, 0, 0, 0, 128}},
	{"a later fragment of ICMPv6", false, 44, 16, {58, 0, 0, 8, 0, 0, 0, 0, 128}},
	{"a later fragment of UDP", true, 44, 16, {17, 0, 0, 8, 0, 0, 0, 0, 128}},
	{"an error behind two headers", false, 0, 24, {60, 0, [8] = 58, 0, [16] = 1}},
	{"a chain that is cut", false, 0, 8, {60, 4}},
	{"a header that is cut", false, 0, 4, {58, 0}},
	{"nine headers", false, 0, 80, {0, 0, [8] = 0, [16] = 0, [24] = 0, [72] = 128}},
	{"nothing behind", true, 59, 0, {0}},
};

/* Killed by: looking at the first next header only, at no bound, or beyond the packet. */
static void
nobody_is_told_of_errors_behind_extension_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(chains); i++) {
		const struct chain *c = &chains[i];
		struct frame up = ipv6_up(server_6, c->next, c->content, c->size), out;

		harness_send(&h, GATEWAY_ACCESS, &up, 0);
		assert_int_equal(harness_counter(&h, GATEWAY_drop_ttl), i + 1);
		if (harness_take(&h, GATEWAY_ACCESS, &out) != c->told)
			fail_msg("%s", c->name);
		harness_nothing_left(&h);
	}
}

/* ---- no trace --------------------------------------------------------------------------------------------- */

enum direction { UP, DOWN };
enum family { IPV4, IPV6 };

/* One refusal: what is wrong with an otherwise good packet. */
struct refusal {
	const char *name;
	enum direction direction;
	enum family family;
	uint16_t size; /* of the IP packet */
	uint8_t time_to_live;
	bool may_be_cut;
	uint16_t headroom;
	bool no_mbufs;
	unsigned int counter;
};

static const struct refusal refusals[] = {
	{"too big up", UP, IPV4, 1501, 64, false, 128, false, GATEWAY_drop_too_big},
	{"too big up", UP, IPV6, 1501, 64, false, 128, false, GATEWAY_drop_too_big},
	{"too big down", DOWN, IPV4, 1465, 64, false, 128, false, GATEWAY_drop_too_big},
	{"too big down", DOWN, IPV6, 1465, 64, false, 128, false, GATEWAY_drop_too_big},
	{"over up", UP, IPV4, 60, 1, true, 128, false, GATEWAY_drop_ttl},
	{"over up", UP, IPV6, 60, 0, true, 128, false, GATEWAY_drop_ttl},
	{"over down", DOWN, IPV4, 60, 0, true, 128, false, GATEWAY_drop_ttl},
	{"over down", DOWN, IPV6, 60, 1, true, 128, false, GATEWAY_drop_ttl},
	{"policed up", UP, IPV4, 1400, 64, true, 128, false, GATEWAY_drop_policed},
	{"policed up", UP, IPV6, 1400, 64, true, 128, false, GATEWAY_drop_policed},
	{"policed down", DOWN, IPV4, 1400, 64, true, 128, false, GATEWAY_drop_policed},
	{"policed down", DOWN, IPV6, 1400, 64, true, 128, false, GATEWAY_drop_policed},
	{"no room in front", DOWN, IPV4, 60, 64, true, 20, false, GATEWAY_drop_segments},
	{"no room in front", DOWN, IPV6, 60, 64, true, 34, false, GATEWAY_drop_segments},
	{"no memory up", UP, IPV4, 1600, 64, true, 128, true, NF_no_mbuf},
	{"no memory down", DOWN, IPV4, 1500, 64, true, 128, true, NF_no_mbuf},
};

static struct frame
packet_of(const struct refusal *r)
{
	struct frame f =
		plain(r->direction == UP ? SUBSCRIBER : SERVER,
		      r->direction == UP ? SERVER : SUBSCRIBER, (uint16_t)(r->size - 28), 1);
	uint8_t *ip = f.bytes + 14;

	if (r->family == IPV6) {
		put16(f.bytes + 12, 0x86dd);
		put_ipv6(ip, r->direction == UP ? subscriber_6 : server_6,
			 r->direction == UP ? server_6 : subscriber_6, (uint16_t)(r->size - 40));
		ip[7] = r->time_to_live;
	} else {
		ip[6] = r->may_be_cut ? 0 : 0x40;
		ip[8] = r->time_to_live;
		put16(ip + 10, 0);
		put16(ip + 10, (uint16_t)~ipv4_sum(ip));
	}
	return r->direction == UP ? tunnelled(&f, CELL_2, TEID) : f;
}

/* As harness_send(), with so much room in front, and maybe as the last buffer of the pool. */
static void
send_refused(const struct refusal *r)
{
	static struct rte_mbuf *all[4096];
	struct frame frame = packet_of(r);
	struct rte_mbuf *m = rte_pktmbuf_alloc(h.pool);
	uint32_t n = 0;

	assert_non_null(m);
	m->data_off = r->headroom;
	memcpy(rte_pktmbuf_append(m, frame.size), frame.bytes, frame.size);
	while (r->no_mbufs && (all[n] = rte_pktmbuf_alloc(h.pool)) != NULL)
		n++;
	gateway_ops.burst(&h.nf[0], r->direction == UP ? GATEWAY_ACCESS : GATEWAY_CORE, &m, 1);
	rte_pktmbuf_free_bulk(all, n);
	harness_wait(&h, 0);
}

/* The bursts are used up to 1300 octets. */
static void
use_up(void)
{
	struct refusal good = {"", UP, IPV4, 1000, 64, true, 128, false, 0};
	struct frame out;

	for (int i = 0; i < 3; i++) {
		good.direction = UP;
		send_refused(&good);
		good.direction = DOWN;
		send_refused(&good);
	}
	while (harness_take(&h, GATEWAY_ACCESS, &out) || harness_take(&h, GATEWAY_CORE, &out))
		;
}

/* Takes what left out of what is counted: an error to the subscriber is a packet to him, too. */
static uint64_t
take_errors(enum direction direction, struct gateway_session *session,
	    const struct gateway_session *before)
{
	struct frame out;
	uint64_t n = 0;

	while (harness_take(&h, GATEWAY_ACCESS, &out)) {
		session->packets_down--;
		session->bytes_down -= out.size - 50u;
		session->downlink_due = before->downlink_due;
		session->last_seen = before->last_seen;
		n++;
	}
	while (harness_take(&h, GATEWAY_CORE, &out))
		n += direction == DOWN;
	return n;
}

static uint64_t
n_passed(void)
{
	return harness_counter(&h, GATEWAY_uplink) + harness_counter(&h, GATEWAY_downlink);
}

static void
leaves_no_trace(const struct refusal *r)
{
	struct gateway_session before, after;
	uint64_t n, moved, passed;

	h.gateway->config.path_switch_by_data = false;
	harness_wait(&h, HARNESS_SECOND);
	if (r->counter == GATEWAY_drop_policed)
		use_up();
	h.gateway->config.path_switch_by_data = true;
	n = harness_counter(&h, r->counter);
	moved = harness_counter(&h, GATEWAY_path_switched);
	passed = n_passed();
	before = *harness_session(&h, TEID);
	send_refused(r);
	after = *harness_session(&h, TEID);
	if (harness_counter(&h, r->counter) != n + 1)
		fail_msg("%s: not counted", r->name);
	after.packets_policed -= r->counter == GATEWAY_drop_policed;
	passed += take_errors(r->direction, &after, &before);
	if (memcmp(&before, &after, sizeof(after)) != 0)
		fail_msg("%s: the session changed", r->name);
	assert_int_equal(harness_counter(&h, GATEWAY_path_switched), moved);
	assert_int_equal(n_passed(), passed);
}

/* Uplink comes from another cell, so a packet that passes would move the subscriber, too. Killed by: any of
 * what is counted or kept in front of any of what refuses. */
static void
what_is_refused_leaves_no_trace(void **state)
{
	(void)state;
	assert_int_equal(harness_ask(&h,
				     "session modify 0x10007 uplink-rate 80000 uplink-burst 4300 "
				     "downlink-rate 80000 downlink-burst 4300"),
			 NF_OK);
	for (size_t i = 0; i < RTE_DIM(refusals); i++)
		leaves_no_trace(&refusals[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_usual, close_it)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_largest_burst_passes_at_the_lowest_rate),
		cmocka_unit_test(a_bucket_that_is_used_up_for_ever_lets_nothing_pass),
		TEST_WITH(errors_fit_into_the_tunnel, open_narrow_access),
		TEST(errors_are_as_long_as_allowed),
		TEST(errors_about_ipv6_are_as_long_as_allowed),
		TEST(nobody_is_told_of_errors_behind_extension_headers),
		TEST(what_is_refused_leaves_no_trace),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
