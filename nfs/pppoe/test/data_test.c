/* SPDX-License-Identifier: Apache-2.0 */
/* What clients send and get: to the core, from it, to each other, to the concentrator, of both families, at any worker. */
#include "data_world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "automaton.h"

static struct harness h;
static struct client a;

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1}, all_routers[16] = {0xff, 2, [15] = 2};

static int
open_with(uint16_t n_workers)
{
	struct pppoe_config config;

	data_defaults(&config);
	config.n_workers = n_workers;
	config.dns_ipv6[0][0] = 0x20;
	harness_open(&h, &config, true);
	tell_router(&h);
	a = client_of(&h, 7, 0, 0, 1492);
	return 0;
}

static int
open_one(void **state)
{
	(void)state;
	return open_with(1);
}

static int
open_several(void **state)
{
	(void)state;
	return open_with(HARNESS_WORKERS);
}

static int
close_it(void **state)
{
	(void)state;
	harness_close(&h);
	return 0;
}

/* ---- the core ---------------------------------------------------------------------------------------------- */

/* Killed by: a hop that is not counted, a checksum that does not follow, padding that goes on, a counter of the session left
 * out, the next hop by another way. */
static void
ipv4_goes_to_the_core(void **state)
{
	struct octets near = ipv4(a.ipv4, SERVER, 17, NULL, 100),
		      far = ipv4(a.ipv4, FAR_SERVER, 17, NULL, 1);
	struct octets out;

	(void)state;
	h.nf[0].now_ns += 5;
	give_up(&h, &a, &near);
	out = taken_up(&h, SERVER);
	assert_passed(&near, &out);
	give_up(&h, &a, &far);
	out = taken_up(&h, IP(203, 0, 113, 2));
	assert_passed(&far, &out);
	harness_nothing_left(&h);
	assert_counted(&h, PPPOE_uplink, 2);
	assert_int_equal(session_of(&h, &a)->packets_up, 2);
	assert_int_equal(session_of(&h, &a)->bytes_up, 141);
	assert_int_equal(session_of(&h, &a)->packets_down, 0);
	assert_int_equal(session_of(&h, &a)->last_seen, h.nf[0].now_ns);
	assert_int_equal(session_of(&h, &a)->heard, h.nf[0].now_ns);
}

/* Killed by: as above, or what is told of the client by its own silence. */
static void
ipv4_comes_from_the_core(void **state)
{
	struct octets in = ipv4(FAR_SERVER, a.ipv4, 17, NULL, 100), out;

	(void)state;
	h.nf[0].now_ns += 5;
	give_down(&h, &in);
	out = taken_down(&h, &a);
	assert_passed(&in, &out);
	harness_nothing_left(&h);
	assert_counted(&h, PPPOE_downlink, 1);
	assert_int_equal(session_of(&h, &a)->packets_down, 1);
	assert_int_equal(session_of(&h, &a)->bytes_down, 120);
	assert_int_equal(session_of(&h, &a)->packets_up, 0);
	assert_int_equal(session_of(&h, &a)->last_seen, h.nf[0].now_ns);
	assert_int_not_equal(session_of(&h, &a)->heard, h.nf[0].now_ns);
}

/* Killed by: IPv6 with the protocol or ethertype of IPv4, a prefix compared in full. */
static void
ipv6_goes_both_ways(void **state)
{
	struct octets up = ipv6(a.ipv6, server_6, 17, NULL, 100), down, out;
	uint8_t other[16];

	(void)state;
	memcpy(other, a.ipv6, 16);
	other[9] = 0x77;
	give_up(&h, &a, &up);
	out = taken_up(&h, 0);
	assert_passed(&up, &out);
	down = ipv6(server_6, other, 17, NULL, 100);
	give_down(&h, &down);
	out = taken_down(&h, &a);
	assert_passed(&down, &out);
	harness_nothing_left(&h);
	assert_int_equal(session_of(&h, &a)->bytes_up, 140);
	assert_int_equal(session_of(&h, &a)->bytes_down, 140);
}

/* Killed by: a packet to a router that is not known. */
static void
ipv6_waits_for_no_router(void **state)
{
	struct pppoe_config config;
	struct octets up;

	(void)state;
	harness_close(&h);
	data_defaults(&config);
	harness_open(&h, &config, true);
	a = client_of(&h, 7, 0, 0, 1492);
	up = ipv6(a.ipv6, server_6, 17, NULL, 100);
	refused_up(&h, &a, &up, PPPOE_drop_no_router);
}

/* ---- clients ----------------------------------------------------------------------------------------------- */

/* Killed by: a way by the core, a second hop counted, the sender's session written in place of the other's. */
static void
clients_reach_each_other(void **state)
{
	(void)state;
	for (uint8_t last = 20; last < 28; last++) {
		struct client b = client_of(&h, last, 0, 0, 1492);
		struct octets in = ipv4(a.ipv4, b.ipv4, 17, NULL, 64), out;

		give_up(&h, &a, &in);
		out = taken_down(&h, &b);
		assert_passed(&in, &out);
		in = ipv6(b.ipv6, a.ipv6, 17, NULL, 64);
		give_up(&h, &b, &in);
		out = taken_down(&h, &a);
		assert_passed(&in, &out);
		assert_int_equal(session_of(&h, &b)->packets_up, 1);
		assert_int_equal(session_of(&h, &b)->packets_down, 1);
	}
	harness_nothing_left(&h);
	assert_counted(&h, PPPOE_local, 16);
	assert_counted(&h, PPPOE_downlink, 16);
	assert_counted(&h, PPPOE_uplink, 0);
}

/* Killed by: any worker that deals with what is another's, or gives it away twice. */
static void
each_worker_has_its_clients(void **state)
{
	(void)state;
	for (uint8_t last = 20; last < 28; last++) {
		struct client b = client_of(&h, last, 0, 0, 1492);
		struct octets up = ipv4(b.ipv4, SERVER, 17, NULL, 64),
			      down = ipv4(FAR_SERVER, b.ipv4, 17, NULL, 64);
		struct octets up_frame = framed(&b, 0x0021, &up), down_frame = core_framed(&down),
			      out;

		give(&h, PPPOE_ACCESS, &up_frame); /* its neighbour is known now */
		taken_up(&h, SERVER);
		for (uint16_t w = 0; w < h.n_workers; w++) {
			assert_in_range(harness_hops(&h, PPPOE_ACCESS,
						     harness_raw(&h, up_frame.at, up_frame.size),
						     w),
					w != b.worker, 2);
			harness_settle(&h);
			out = taken_up(&h, SERVER);
			assert_passed(&up, &out);
			assert_int_equal(
				harness_hops(&h, PPPOE_CORE,
					     harness_raw(&h, down_frame.at, down_frame.size), w),
				w != b.worker);
			out = taken_down(&h, &b);
			assert_passed(&down, &out);
		}
		assert_int_equal(session_of(&h, &b)->packets_down, h.n_workers);
	}
	harness_nothing_left(&h);
}

/* ---- the concentrator -------------------------------------------------------------------------------------- */

static const uint8_t echo[12] = {8, 0, 0xf7, 0xf8 - 5, 0, 7, 0, 5};

/* Killed by: an answer with the client's own address, one that is routed back to us, another time to live. */
static void
clients_may_ping_us(void **state)
{
	static const uint32_t ours[] = {GATEWAY, CORE_OWN};
	static const uint8_t echo_6[8] = {128, 0, 0, 0, 0, 7};
	const uint8_t *ours_6[] = {core_own_6, link_own_6};
	struct octets in, out;

	(void)state;
	for (int i = 0; i < 2; i++) {
		in = ipv4(a.ipv4, ours[i], 1, echo, sizeof(echo));
		give_up(&h, &a, &in);
		out = taken_down(&h, &a);
		assert_int_equal(read32(out.at + 12), ours[i]);
		assert_int_equal(read32(out.at + 16), a.ipv4);
		assert_int_equal(out.at[8], 64);
		assert_int_equal(out.at[20], 0);
		assert_int_equal(sum_of(out.at + 20, out.size - 20u, 0), 0xffff);
		in = icmpv6(i == 0 ? a.ipv6 : a.link, ours_6[i], echo_6, sizeof(echo_6));
		give_up(&h, &a, &in);
		out = taken_down(&h, &a);
		assert_memory_equal(out.at + 8, ours_6[i], 16);
		assert_memory_equal(out.at + 24, i == 0 ? a.ipv6 : a.link, 16);
		assert_int_equal(out.at[7], 64);
		assert_int_equal(out.at[40], 129);
		assert_int_equal(sum_of(out.at + 8, 40, 8 + 58), 0xffff);
	}
	harness_nothing_left(&h);
	assert_counted(&h, PPPOE_icmp_echo_answered, 4);
	assert_counted(&h, PPPOE_uplink, 0);
}

static void
hosts_may_ping_us(void **state)
{
	static const uint32_t ours[] = {GATEWAY, CORE_OWN};
	static const uint8_t echo_6[8] = {128, 0, 0, 0, 0, 7};
	struct octets in, out;

	(void)state;
	for (int i = 0; i < 2; i++) {
		in = ipv4(SERVER, ours[i], 1, echo, sizeof(echo));
		give_down(&h, &in);
		out = taken_up(&h, SERVER);
		assert_int_equal(read32(out.at + 12), ours[i]);
		assert_int_equal(out.at[20], 0);
		assert_int_equal(sum_of(out.at + 20, out.size - 20u, 0), 0xffff);
	}
	in = icmpv6(server_6, core_own_6, echo_6, sizeof(echo_6));
	give_down(&h, &in);
	out = taken_up(&h, 0);
	assert_int_equal(out.at[40], 129);
	assert_memory_equal(out.at + 24, server_6, 16);
	harness_nothing_left(&h);
}

/* Killed by: what is no data taken for it, a frame that is not freed. */
static void
the_rest_is_for_control(void **state)
{
	static const uint8_t request[8] = {9, 5, 0, 8, 1, 2, 3, 4};
	struct octets in = {.size = 8}, frame, out;

	(void)state;
	memcpy(in.at, request, 8);
	frame = framed(&a, 0xc021, &in);
	give(&h, PPPOE_ACCESS, &frame);
	out = taken_ppp(&h, &a, 0xc021);
	assert_int_equal(out.at[0], 10);
	assert_int_equal(out.at[1], 5);
	harness_nothing_left(&h);
	assert_counted(&h, PPPOE_control_received, 1);
}

/* Killed by: one protocol open as soon as the other one is. */
static void
nothing_flows_before_it_is_open(void **state)
{
	static const uint8_t open[] = {0, PPPOE_OPEN_IPV4, PPPOE_OPEN_IPV6};
	struct octets up = ipv4(a.ipv4, SERVER, 17, NULL, 64),
		      up_6 = ipv6(a.ipv6, server_6, 17, NULL, 64);
	struct octets down = ipv4(SERVER, a.ipv4, 17, NULL, 64),
		      down_6 = ipv6(server_6, a.ipv6, 17, NULL, 64);

	(void)state;
	for (size_t i = 0; i < RTE_DIM(open); i++) {
		session_of(&h, &a)->open = open[i];
		if (open[i] != PPPOE_OPEN_IPV4) {
			refused_up(&h, &a, &up, PPPOE_drop_not_open);
			refused_down(&h, &down, PPPOE_drop_not_open);
		}
		if (open[i] != PPPOE_OPEN_IPV6) {
			refused_up(&h, &a, &up_6, PPPOE_drop_not_open);
			refused_down(&h, &down_6, PPPOE_drop_not_open);
		}
	}
}

/* ---- hops -------------------------------------------------------------------------------------------------- */

/* The sender is told by whom it knows. Killed by: a hop too many, an error to the other end, one without what it is about. */
static void
a_time_to_live_ends(void **state)
{
	struct octets in = ipv4(a.ipv4, SERVER, 17, NULL, 64), out;

	(void)state;
	in.at[8] = 1;
	seal(&in);
	give_up(&h, &a, &in);
	out = taken_down(&h, &a);
	assert_int_equal(read32(out.at + 12), GATEWAY);
	assert_int_equal(read32(out.at + 16), a.ipv4);
	assert_int_equal(out.at[20], 11);
	assert_int_equal(sum_of(out.at + 20, out.size - 20u, 0), 0xffff);
	assert_memory_equal(out.at + 28, in.at, in.size);
	in = ipv4(SERVER, a.ipv4, 17, NULL, 64);
	in.at[8] = 1;
	seal(&in);
	give_down(&h, &in);
	out = taken_up(&h, SERVER);
	assert_int_equal(read32(out.at + 12), CORE_OWN);
	assert_int_equal(out.at[20], 11);
	in = ipv6(a.ipv6, server_6, 17, NULL, 64);
	in.at[7] = 1;
	give_up(&h, &a, &in);
	out = taken_down(&h, &a);
	assert_memory_equal(out.at + 8, core_own_6, 16);
	assert_int_equal(out.at[40], 3);
	in = ipv6(server_6, a.ipv6, 17, NULL, 64);
	in.at[7] = 1;
	give_down(&h, &in);
	out = taken_up(&h, 0);
	assert_int_equal(out.at[40], 3);
	harness_nothing_left(&h);
	assert_counted(&h, PPPOE_drop_ttl, 4);
	assert_counted(&h, PPPOE_time_exceeded_sent, 4);
	assert_int_equal(session_of(&h, &a)->packets_up, 0);
}

/* ---- IPv6 on the link -------------------------------------------------------------------------------------- */

static void
assert_advertised(const struct octets *out)
{
	assert_memory_equal(out->at + 8, link_own_6, 16);
	assert_memory_equal(out->at + 24, all_nodes, 16);
	assert_int_equal(out->at[40], 134);
	assert_int_equal(out->at[56], 3);
	assert_memory_equal(out->at + 72, a.ipv6, 8);
	assert_int_equal(out->at[88], 25);
	assert_int_equal(out->at[96], 0x20);
	assert_int_equal(out->size, 112);
}

/* Killed by: another's prefix, no answer to who has no address yet. */
static void
a_client_that_asks_is_told_its_prefix(void **state)
{
	static const uint8_t solicitation[8] = {133}, nobody[16];
	struct octets in = icmpv6(a.link, all_routers, solicitation, 8), out;

	(void)state;
	client_of(&h, 9, 0, 0, 1492);
	give_up(&h, &a, &in);
	out = taken_down(&h, &a);
	assert_advertised(&out);
	in = icmpv6(nobody, all_routers, solicitation, 8);
	give_up(&h, &a, &in);
	out = taken_down(&h, &a);
	assert_advertised(&out);
	harness_nothing_left(&h);
	assert_counted(&h, PPPOE_solicitation_taken, 2);
	assert_counted(&h, PPPOE_advertisement_sent, 2);
}

/* Killed by: who has to ask for it, or is told before it is open. */
static void
a_client_is_told_its_prefix_when_it_opens(void **state)
{
	static const uint8_t ack[14] = {2, 3, 0, 14, 1, 10, [13] = 1};
	struct pppoe_sessions *sessions = pppoe_sessions_of(&h.pppoe->sessions, a.worker);
	struct pppoe_session *s = pppoe_session_begin(sessions, a.slot);
	struct octets in = {.size = sizeof(ack)}, frame, out;

	(void)state;
	s->ipv6cp.state = PPP_ACK_SENT;
	s->ipv6cp.identifier = 3;
	pppoe_session_end(sessions, a.slot);
	assert_int_equal(s->open, PPPOE_OPEN_IPV4);
	memcpy(in.at, ack, sizeof(ack));
	frame = framed(&a, 0x8057, &in);
	give(&h, PPPOE_ACCESS, &frame);
	assert_int_equal(s->open, PPPOE_OPEN_IPV4 | PPPOE_OPEN_IPV6);
	out = taken_down(&h, &a);
	assert_advertised(&out);
	harness_nothing_left(&h);
}

/* Killed by: an answer for an address that is not ours, none for ours; an answer to a probe sent to nobody. */
static void
our_address_of_the_link_is_told(void **state)
{
	static const uint8_t nobody[16];
	uint8_t message[24] = {135};
	struct octets in, out;

	(void)state;
	memcpy(message + 8, link_own_6, 16);
	in = icmpv6(a.link, link_own_6, message, 24);
	give_up(&h, &a, &in);
	out = taken_down(&h, &a);
	assert_int_equal(out.at[40], 136);
	assert_memory_equal(out.at + 24, a.link, 16);
	in = icmpv6(nobody, all_nodes, message, 24);
	give_up(&h, &a, &in);
	out = taken_down(&h, &a);
	assert_memory_equal(out.at + 24, all_nodes, 16);
	memcpy(message + 8, a.link, 16);
	in = icmpv6(nobody, all_nodes, message, 24);
	refused_up(&h, &a, &in, PPPOE_solicitation_taken);
	message[0] = 136;
	in = icmpv6(a.link, all_nodes, message, 24);
	refused_up(&h, &a, &in, PPPOE_drop_neighbor_discovery);
	in = icmpv6(server_6, all_routers, (const uint8_t[8]){133}, 8);
	refused_up(&h, &a, &in, PPPOE_drop_spoofed);
	in = ipv6(a.link, all_routers, 0, (const uint8_t[28]){58, 0, 5, 2, 0, 0, 1, 0, 143}, 28);
	refused_up(&h, &a, &in, PPPOE_listener_report_taken);
	in = ipv6(a.link, all_routers, 17, NULL, 20);
	refused_up(&h, &a, &in, PPPOE_drop_bad_address);
}

/* Killed by: no reminder, too many of them, one of a session without IPv6. */
static void
a_prefix_is_told_again(void **state)
{
	uint32_t n = 0;

	(void)state;
	for (int i = 0; i < 1200; i++) {
		struct rte_mbuf *m;

		harness_wait(&h, HARNESS_SECOND);
		harness_drain(&h, PPPOE_CORE);
		while ((m = harness_take_mbuf(&h, PPPOE_ACCESS)) != NULL) {
			n++;
			rte_pktmbuf_free(m);
		}
	}
	assert_int_equal(n, 2);
	session_of(&h, &a)->open = PPPOE_OPEN_IPV4;
	for (int i = 0; i < 600; i++) {
		harness_wait(&h, HARNESS_SECOND);
		harness_drain(&h, PPPOE_CORE);
	}
	harness_nothing_left(&h);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_one, close_it)
#define TEST_SEVERAL(f)                                                   \
	{                                                                 \
#f " by several workers", f, open_several, close_it, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ipv4_goes_to_the_core),
		TEST(ipv4_comes_from_the_core),
		TEST(ipv6_goes_both_ways),
		TEST_SEVERAL(ipv6_goes_both_ways),
		TEST(ipv6_waits_for_no_router),
		TEST(clients_reach_each_other),
		TEST_SEVERAL(clients_reach_each_other),
		TEST_SEVERAL(each_worker_has_its_clients),
		TEST(clients_may_ping_us),
		TEST_SEVERAL(clients_may_ping_us),
		TEST(hosts_may_ping_us),
		TEST_SEVERAL(hosts_may_ping_us),
		TEST(the_rest_is_for_control),
		TEST(nothing_flows_before_it_is_open),
		TEST(a_time_to_live_ends),
		TEST_SEVERAL(a_time_to_live_ends),
		TEST(a_client_that_asks_is_told_its_prefix),
		TEST(a_client_is_told_its_prefix_when_it_opens),
		TEST(our_address_of_the_link_is_told),
		TEST(a_prefix_is_told_again),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
