/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that are longer than their way takes: cut, or refused and told; and the segments that a SYN announces. */
#include "data_world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct harness h;
static struct client a, narrow;

static int
open_it(void **state)
{
	struct pppoe_config config;

	(void)state;
	data_defaults(&config);
	config.access_tags =
		(struct pppoe_access){.untagged = true, .outer = {{1, 4094}}, .n_outer = 1};
	config.sides[PPPOE_ACCESS].mtu = 1508;
	config.sides[PPPOE_CORE].mtu = 1400;
	harness_open(&h, &config, true);
	tell_router(&h);
	a = client_of(&h, 7, 0, 0, 1500);
	narrow = client_of(&h, 9, 5, 0, 1000);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	harness_close(&h);
	return 0;
}

/* Two pieces are the packet, one hop on. */
static void
assert_pieces(const struct octets *whole, const struct octets *first, const struct octets *second,
	      uint16_t room)
{
	uint16_t payload = (uint16_t)((room - 20) / 8 * 8);

	assert_int_equal(first->size, 20 + payload);
	assert_int_equal(read16(first->at + 6), 0x2000);
	assert_int_equal(read16(second->at + 6), payload / 8);
	assert_int_equal(first->size + second->size, whole->size + 20);
	assert_memory_equal(first->at + 20, whole->at + 20, payload);
	assert_memory_equal(second->at + 20, whole->at + 20 + payload, second->size - 20u);
	assert_int_equal(first->at[8], 63);
	assert_int_equal(second->at[8], 63);
	assert_int_equal(read16(first->at + 4), read16(second->at + 4));
}

/* Killed by: another room than the client's, pieces without heads, a packet of its size cut, a count of pieces. */
static void
what_a_client_does_not_take_is_cut(void **state)
{
	struct octets fits = ipv4(SERVER, narrow.ipv4, 17, NULL, 980),
		      in = ipv4(SERVER, narrow.ipv4, 17, NULL, 981);
	struct octets first, second;

	(void)state;
	give_down(&h, &fits);
	first = taken_down(&h, &narrow);
	assert_passed(&fits, &first);
	give_down(&h, &in);
	first = taken_down(&h, &narrow);
	second = taken_down(&h, &narrow);
	assert_pieces(&in, &first, &second, 1000);
	harness_nothing_left(&h);
	assert_counted(&h, PPPOE_fragmented, 1);
	assert_counted(&h, PPPOE_downlink, 2);
	assert_int_equal(session_of(&h, &narrow)->packets_down, 2);
	assert_int_equal(session_of(&h, &narrow)->bytes_down, 2001);
}

/* RFC 4638: 1500 octets, in a frame of 1508 behind the Ethernet header. Killed by: 1492 for all. */
static void
a_client_may_take_more(void **state)
{
	struct octets in = ipv4(SERVER, a.ipv4, 17, NULL, 1480), out;

	(void)state;
	give_down(&h, &in);
	out = taken_down(&h, &a);
	assert_passed(&in, &out);
	harness_nothing_left(&h);
}

/* Killed by: the port not asked. */
static void
the_port_takes_no_more_than_it_takes(void **state)
{
	struct octets in = ipv4(SERVER, a.ipv4, 17, NULL, 1480), first, second;

	(void)state;
	h.pppoe->config.sides[PPPOE_ACCESS].mtu = 1500;
	give_down(&h, &in);
	first = taken_down(&h, &a);
	second = taken_down(&h, &a);
	assert_pieces(&in, &first, &second, 1492);
}

/* Killed by: another MTU told, by another address, or to another end; a trace in the session. */
static void
what_may_not_be_cut_is_told(void **state)
{
	struct octets in = ipv4(SERVER, narrow.ipv4, 17, NULL, 981), out;

	(void)state;
	in.at[6] = 0x40;
	seal(&in);
	give_down(&h, &in);
	out = taken_up(&h, SERVER);
	assert_int_equal(read32(out.at + 12), CORE_OWN);
	assert_int_equal(read16(out.at + 20), 0x0304);
	assert_int_equal(read16(out.at + 26), 1000);
	assert_memory_equal(out.at + 28, in.at, 28);
	in = ipv6(server_6, narrow.ipv6, 17, NULL, 961);
	give_down(&h, &in);
	out = taken_up(&h, 0);
	assert_memory_equal(out.at + 8, core_own_6, 16);
	assert_memory_equal(out.at + 24, server_6, 16);
	assert_int_equal(read16(out.at + 40), 0x0200);
	assert_int_equal(read32(out.at + 44), 1000);
	harness_nothing_left(&h);
	assert_counted(&h, PPPOE_drop_too_big, 2);
	assert_counted(&h, PPPOE_too_big_sent, 2);
	assert_int_equal(session_of(&h, &narrow)->packets_down, 0);
}

static void
what_the_core_does_not_take_is_cut_or_told(void **state)
{
	struct octets in = ipv4(a.ipv4, SERVER, 17, NULL, 1381), first, second;

	(void)state;
	give_up(&h, &a, &in);
	first = taken_up(&h, SERVER);
	second = taken_up(&h, SERVER);
	assert_pieces(&in, &first, &second, 1400);
	assert_int_equal(session_of(&h, &a)->packets_up, 1);
	in.at[6] = 0x40;
	seal(&in);
	give_up(&h, &a, &in);
	first = taken_down(&h, &a);
	assert_int_equal(read32(first.at + 12), GATEWAY);
	assert_int_equal(read16(first.at + 26), 1400);
	in = ipv6(a.ipv6, server_6, 17, NULL, 1361);
	give_up(&h, &a, &in);
	first = taken_down(&h, &a);
	assert_int_equal(read16(first.at + 40), 0x0200);
	assert_int_equal(read32(first.at + 44), 1400);
	assert_memory_equal(first.at + 24, a.ipv6, 16);
	harness_nothing_left(&h);
	assert_int_equal(session_of(&h, &a)->packets_up, 1);
}

/* The other client's session is narrower. Killed by: the sender not told. */
static void
clients_are_told_of_each_other(void **state)
{
	struct octets in = ipv4(a.ipv4, narrow.ipv4, 17, NULL, 981), out;

	(void)state;
	in.at[6] = 0x40;
	seal(&in);
	give_up(&h, &a, &in);
	out = taken_down(&h, &a);
	assert_int_equal(read16(out.at + 20), 0x0304);
	assert_int_equal(read16(out.at + 26), 1000);
	harness_nothing_left(&h);
}

/* ---- segments ---------------------------------------------------------------------------------------------- */

static void
assert_mss(const struct octets *out, uint16_t at, uint16_t mss)
{
	bool is_ipv6 = out->at[0] >> 4 == 6;
	uint16_t front = is_ipv6 ? 8 : 12;

	assert_int_equal(read16(out->at + at), mss);
	assert_int_equal(
		sum_of(out->at + front, (uint32_t)out->size - front, is_ipv6 ? 24 + 6 : 24 + 6),
		0xffff);
}

/* Killed by: one way only, the other family's headers, a sum that does not follow, a segment size raised. */
static void
a_syn_announces_what_the_session_takes(void **state)
{
	struct octets in, out;

	(void)state;
	in = syn(narrow.ipv4, SERVER, 1460);
	give_up(&h, &narrow, &in);
	out = taken_up(&h, SERVER);
	assert_mss(&out, 42, 960);
	in = syn(SERVER, narrow.ipv4, 1460);
	give_down(&h, &in);
	out = taken_down(&h, &narrow);
	assert_mss(&out, 42, 960);
	in = syn_6(narrow.ipv6, server_6, 1440);
	give_up(&h, &narrow, &in);
	out = taken_up(&h, 0);
	assert_mss(&out, 62, 940);
	in = syn_6(server_6, narrow.ipv6, 1440);
	give_down(&h, &in);
	out = taken_down(&h, &narrow);
	assert_mss(&out, 62, 940);
	assert_counted(&h, PPPOE_mss_clamped, 4);
	in = syn(narrow.ipv4, SERVER, 960);
	give_up(&h, &narrow, &in);
	out = taken_up(&h, SERVER);
	assert_passed(&in, &out);
	assert_counted(&h, PPPOE_mss_clamped, 4);
}

/* Killed by: the setting not asked. */
static void
a_syn_may_be_left_alone(void **state)
{
	struct octets in = syn(narrow.ipv4, SERVER, 1460), out;

	(void)state;
	h.pppoe->config.clamp_mss = false;
	give_up(&h, &narrow, &in);
	out = taken_up(&h, SERVER);
	assert_passed(&in, &out);
	assert_counted(&h, PPPOE_mss_clamped, 0);
}

/* ---- buffers ----------------------------------------------------------------------------------------------- */

/* Killed by: a head written in front of the buffer; a packet in several of them read. */
static void
a_packet_needs_one_buffer_with_room(void **state)
{
	struct octets in = ipv4(SERVER, narrow.ipv4, 17, NULL, 100), frame = core_framed(&in);
	struct harness_before before = harness_before(&h, PPPOE_drop_segments);
	struct rte_mbuf *m = rte_pktmbuf_alloc(h.pool), *more;

	(void)state;
	m->data_off = 0;
	memcpy(rte_pktmbuf_append(m, frame.size), frame.at, frame.size);
	harness_receive(&h, PPPOE_CORE, m, 0);
	harness_settle(&h);
	harness_was_refused(&h, &before);
	before = harness_before(&h, PPPOE_drop_segments);
	m = harness_raw(&h, frame.at, 60);
	more = harness_raw(&h, frame.at + 60, (uint16_t)(frame.size - 60));
	assert_int_equal(rte_pktmbuf_chain(m, more), 0);
	harness_receive(&h, PPPOE_CORE, m, 0);
	harness_settle(&h);
	harness_was_refused(&h, &before);
}

/* Killed by: a piece lost, or the packet, where no buffer is left. */
static void
without_buffers_nothing_is_cut(void **state)
{
	struct octets in = ipv4(SERVER, narrow.ipv4, 17, NULL, 981), frame = core_framed(&in);
	struct rte_mbuf *all[HARNESS_POOL_SIZE], *m = harness_raw(&h, frame.at, frame.size);
	uint32_t n = 0;

	(void)state;
	while ((all[n] = rte_pktmbuf_alloc(h.pool)) != NULL)
		n++;
	harness_receive(&h, PPPOE_CORE, m, 0);
	rte_pktmbuf_free_bulk(all, n);
	assert_counted(&h, NF_no_mbuf, 1);
	harness_nothing_left(&h);
	assert_int_equal(session_of(&h, &narrow)->packets_down, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_client_does_not_take_is_cut),
		TEST(a_client_may_take_more),
		TEST(the_port_takes_no_more_than_it_takes),
		TEST(what_may_not_be_cut_is_told),
		TEST(what_the_core_does_not_take_is_cut_or_told),
		TEST(clients_are_told_of_each_other),
		TEST(a_syn_announces_what_the_session_takes),
		TEST(a_syn_may_be_left_alone),
		TEST(a_packet_needs_one_buffer_with_room),
		TEST(without_buffers_nothing_is_cut),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
