/* SPDX-License-Identifier: Apache-2.0 */
/* Packets through the gateway, and what sessions are told to do. Each test names what kills it. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct harness h;

/* ---- slim_return(), taken by the linker's --wrap ------------------------------------------------- */

static uint8_t returned[16]; /* marks of what was given back */
static uint16_t n_returned;

uint16_t __wrap_slim_return(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts,
			    uint16_t n);

uint16_t
__wrap_slim_return(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)w;
	assert_int_equal(port, GATEWAY_CORE);
	if (h.nf[0].serves)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		returned[n_returned++] = *rte_pktmbuf_mtod_offset(pkts[i], uint8_t *, 14 + 28);
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

static int
open_as(struct gateway_config *config)
{
	config->core_ipv6.bits = 0; /* nothing that is sent by itself */
	harness_open(&h, config, true);
	assert_int_equal(harness_ask(&h, "session add 0x10007 ipv4 100.64.3.7 cell 192.0.2.11 "
					 "cell-teid 0xa001"),
			 NF_OK);
	return 0;
}

static int
open_with(uint16_t n_workers, bool by_data)
{
	struct gateway_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.path_switch_by_data = by_data;
	return open_as(&config);
}

static int
open_without_a_buffer(void **state)
{
	struct gateway_config config;

	(void)state;
	harness_defaults(&config);
	config.buffer.packets = 0;
	return open_as(&config);
}

static int
open_one(void **state)
{
	(void)state;
	return open_with(1, false);
}

static int
open_by_data(void **state)
{
	(void)state;
	return open_with(1, true);
}

static int
open_three_workers(void **state)
{
	(void)state;
	return open_with(3, false);
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

static struct frame
taken(uint8_t side)
{
	return harness_taken(&h, side);
}

static void
nothing_left(void)
{
	harness_nothing_left(&h);
}

static void
send_up(uint32_t cell, uint8_t mark, uint16_t worker)
{
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, mark);
	struct frame in = tunnelled(&inner, cell, TEID);

	harness_send(&h, GATEWAY_ACCESS, &in, worker);
}

static void
send_down(uint8_t mark, uint16_t worker)
{
	struct frame in = plain(SERVER, SUBSCRIBER, 32, mark);

	harness_send(&h, GATEWAY_CORE, &in, worker);
}

/* A downlink packet with this mark, to a cell. */
static void
goes_to(uint32_t cell, uint32_t teid, uint8_t mark)
{
	struct frame out = taken(GATEWAY_ACCESS);
	const uint8_t *ip = g_pdu(&out, cell, teid);

	assert_int_equal(get32(ip + 16), SUBSCRIBER);
	assert_int_equal(ip[28], mark);
}

static void
is_end_marker(uint32_t cell, uint32_t teid)
{
	struct frame out = taken(GATEWAY_ACCESS);
	uint16_t size;
	const uint8_t *gtpu = outer(&out, cell, &size);

	assert_int_equal(size, 8);
	assert_int_equal(gtpu[0], 0x30);
	assert_int_equal(gtpu[1], 254);
	assert_int_equal(get16(gtpu + 2), 0);
	assert_int_equal(get32(gtpu + 4), teid);
}

/* ---- both directions ---------------------------------------------------------------------------- */

/* Killed by: an octet too many or too few cut off, or the time to live left as it was. */
static void
uplink_comes_out_of_its_tunnel(void **state)
{
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, 7), out;

	(void)state;
	send_up(CELL_1, 7, 0);
	out = taken(GATEWAY_CORE);
	assert_int_equal(out.size, inner.size);
	assert_int_equal(get16(out.bytes + 12), 0x0800);
	assert_int_equal(out.bytes[22], 63);
	assert_int_equal(ipv4_sum(out.bytes + 14), 0xffff);
	assert_memory_equal(out.bytes + 26, inner.bytes + 26, inner.size - 26u);
	assert_int_equal(harness_session(&h, TEID)->packets_up, 1);
	assert_int_equal(harness_session(&h, TEID)->bytes_up, 60);
	nothing_left();
}

/* Killed by: padding of the Ethernet frame taken for a part of the packet. */
static void
downlink_goes_into_a_tunnel(void **state)
{
	struct frame in = plain(SERVER, SUBSCRIBER, 4, 9), out;
	const uint8_t *ip;

	(void)state;
	in.size = 60;
	harness_send(&h, GATEWAY_CORE, &in, 0);
	out = taken(GATEWAY_ACCESS);
	ip = g_pdu(&out, CELL_1, CELL_TEID);
	assert_int_equal(out.size, 14 + 20 + 8 + 8 + 32);
	assert_int_equal(ip[8], 63);
	assert_int_equal(ipv4_sum(ip), 0xffff);
	assert_int_equal(get32(ip + 12), SERVER);
	assert_int_equal(harness_session(&h, TEID)->packets_down, 1);
	assert_int_equal(harness_session(&h, TEID)->bytes_down, 32);
	nothing_left();
}

static void
routers_on_both_sides_are_used(void **state)
{
	struct frame inner = plain(SUBSCRIBER, IP(8, 8, 8, 8), 32, 1);
	struct frame up = tunnelled(&inner, CELL_1, TEID), out;

	(void)state;
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	out = taken(GATEWAY_CORE);
	assert_int_equal(get32(out.bytes + 2), IP(203, 0, 113, 2));
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 cell 198.51.100.9 cell-teid 1"),
			 NF_OK);
	taken(GATEWAY_ACCESS);
	send_down(1, 0);
	out = taken(GATEWAY_ACCESS);
	assert_int_equal(get32(out.bytes + 2), IP(192, 0, 2, 2));
	g_pdu(&out, IP(198, 51, 100, 9), 1);
}

/* Killed by: a container without the direction, the QFI or its length. */
static void
downlink_carries_the_container(void **state)
{
	static const uint8_t head[] = {0x34, 255, 0, 68, 0, 0, 0xa0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0};
	struct frame out;
	uint16_t size;

	(void)state;
	assert_int_equal(harness_ask(&h, "session modify 0x10007 qfi 9"), NF_OK);
	send_down(3, 0);
	out = taken(GATEWAY_ACCESS);
	assert_memory_equal(outer(&out, CELL_1, &size), head, sizeof(head));
	assert_int_equal(size, sizeof(head) + 60);
}

static void
subscribers_reach_each_other(void **state)
{
	struct frame inner = plain(SUBSCRIBER, IP(100, 64, 9, 8), 32, 4);
	struct frame up = tunnelled(&inner, CELL_1, TEID), out;
	const uint8_t *ip;

	(void)state;
	assert_int_equal(harness_ask(&h, "session add 0x20008 ipv4 100.64.9.8 cell 192.0.2.12 "
					 "cell-teid 5"),
			 NF_OK);
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	out = taken(GATEWAY_ACCESS);
	ip = g_pdu(&out, CELL_2, 5);
	assert_int_equal(get32(ip + 12), SUBSCRIBER);
	assert_int_equal(ip[8], 63);
	assert_int_equal(harness_session(&h, 0x20008)->packets_down, 1);
	nothing_left();
}

/* ---- handover ------------------------------------------------------------------------------------ */

/* Killed by: no end marker, one to the new cell, or one behind the first packet there. */
static void
path_switch_sends_an_end_marker_first(void **state)
{
	(void)state;
	send_down(1, 0);
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 cell 192.0.2.12 cell-teid 0xb002"),
			 NF_OK);
	send_down(2, 0);
	goes_to(CELL_1, CELL_TEID, 1);
	is_end_marker(CELL_1, CELL_TEID);
	goes_to(CELL_2, 0xb002, 2);
	nothing_left();
	assert_int_equal(harness_counter(&h, GATEWAY_path_switched), 1);
}

static void
switching_to_the_same_cell_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 cell 192.0.2.11 cell-teid 0xa001"),
			 NF_OK);
	nothing_left();
	assert_int_equal(harness_counter(&h, GATEWAY_path_switched), 0);
}

/* Uplink from any cell is good: it may come before the control plane says so. */
static void
data_alone_does_not_move_anybody(void **state)
{
	(void)state;
	send_up(CELL_2, 1, 0);
	taken(GATEWAY_CORE);
	send_down(2, 0);
	goes_to(CELL_1, CELL_TEID, 2);
}

/* Killed by: following a packet that was on its way when the subscriber left. */
static void
data_moves_who_may_be_moved(void **state)
{
	(void)state;
	send_up(CELL_2, 1, 0);
	taken(GATEWAY_CORE);
	is_end_marker(CELL_1, CELL_TEID);
	send_up(CELL_1, 2, 0);
	taken(GATEWAY_CORE);
	send_down(3, 0);
	goes_to(CELL_2, CELL_TEID, 3);
	assert_int_equal(harness_counter(&h, GATEWAY_path_switch_ignored), 1);
	harness_wait(&h, HARNESS_SECOND);
	send_up(CELL_1, 4, 0);
	taken(GATEWAY_CORE);
	is_end_marker(CELL_2, CELL_TEID);
	send_down(5, 0);
	goes_to(CELL_1, CELL_TEID, 5);
	assert_int_equal(harness_counter(&h, GATEWAY_path_switched_by_data), 2);
}

/* Killed by: a guard that holds for each cell, not only for the one that was left. */
static void
a_third_cell_is_followed_at_once(void **state)
{
	(void)state;
	send_up(CELL_2, 1, 0);
	taken(GATEWAY_CORE);
	is_end_marker(CELL_1, CELL_TEID);
	send_up(IP(192, 0, 2, 13), 2, 0);
	taken(GATEWAY_CORE);
	is_end_marker(CELL_2, CELL_TEID);
	send_down(3, 0);
	goes_to(IP(192, 0, 2, 13), CELL_TEID, 3);
	assert_int_equal(harness_counter(&h, GATEWAY_path_switch_ignored), 0);
}

/* ---- signalling ------------------------------------------------------------------------------------- */

/* Killed by: another sequence number, port or recovery counter. */
static void
echo_is_answered(void **state)
{
	static const uint8_t request[] = {0x32, 1, 0, 4, 0, 0, 0, 0, 0x12, 0x34, 0, 0};
	static const uint8_t response[] = {0x32, 2, 0, 6, 0, 0, 0, 0, 0x12, 0x34, 0, 0, 14, 9};
	struct frame in = message(CELL_1, 3333, request, sizeof(request)), out;
	uint16_t size;

	(void)state;
	harness_send(&h, GATEWAY_ACCESS, &in, 0);
	out = taken(GATEWAY_ACCESS);
	assert_int_equal(get16(out.bytes + 36), 3333);
	assert_memory_equal(outer(&out, CELL_1, &size), response, sizeof(response));
	assert_int_equal(size, sizeof(response));
	nothing_left();
}

static void
unknown_tunnel_is_told(void **state)
{
	static const uint8_t indication[] = {0x32, 26, 0, 16, 0, 0,   0, 0, 0,   0, 0, 0,
					     16,   0,  9, 0,  7, 133, 0, 4, 192, 0, 2, 1};
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, 1);
	struct frame in = tunnelled(&inner, CELL_1, 0x00090007), out;
	uint16_t size;

	(void)state;
	harness_send(&h, GATEWAY_ACCESS, &in, 0);
	out = taken(GATEWAY_ACCESS);
	assert_int_equal(get16(out.bytes + 36), 2152);
	assert_memory_equal(outer(&out, CELL_1, &size), indication, sizeof(indication));
	assert_int_equal(size, sizeof(indication));
	assert_int_equal(harness_counter(&h, GATEWAY_drop_no_tunnel), 1);
}

/* One octet of a G-PDU to a TEID without session changed, and what is counted with a session; 0: the
 * frame as it is. */
static const struct {
	uint16_t at;
	uint8_t value;
	unsigned int counter;
} contents[] = {
	{50, 0x55, GATEWAY_drop_inner},
	{52, 9, GATEWAY_drop_inner},
	{60, 77, GATEWAY_drop_inner},
	{45, 0, GATEWAY_drop_inner},
	{54, 0, GATEWAY_drop_gtpu_chain},
	{55, 0, GATEWAY_drop_gtpu_container},
	{55, 0x30, GATEWAY_drop_gtpu_container},
	{53, 0xc0, GATEWAY_drop_gtpu_extension},
	{57, 0x40, GATEWAY_drop_gtpu_chain},
};

/* A G-PDU with a container, if the octet that is changed is one of its own. */
static struct frame
g_pdu_with(uint32_t teid, uint16_t at, uint8_t value, bool container)
{
	static const uint8_t options[] = {0, 0, 0, 0x85, 1, 0x10, 5, 0};
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, 1), f;
	uint8_t gtpu[FRAME_MAX] = {0x34, 255, 0, 68};

	put32(gtpu + 4, teid);
	memcpy(gtpu + 8, options, sizeof(options));
	memcpy(gtpu + 16, inner.bytes + 14, 60);
	f = container ? message(CELL_1, 2152, gtpu, 76) : tunnelled(&inner, CELL_1, teid);
	f.bytes[at] = value;
	return f;
}

/* Killed by: looking at what is in the tunnel before the TEID. */
static void
unknown_tunnel_is_told_whatever_is_in_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(contents); i++) {
		bool container = contents[i].counter != GATEWAY_drop_inner;
		struct frame in =
			g_pdu_with(0x00090007, contents[i].at, contents[i].value, container);
		uint64_t told = harness_counter(&h, GATEWAY_error_indication_sent);
		uint64_t dropped = harness_counter(&h, contents[i].counter);

		harness_send(&h, GATEWAY_ACCESS, &in, 0);
		assert_int_equal(harness_counter(&h, GATEWAY_error_indication_sent), told + 1);
		assert_int_equal(harness_counter(&h, contents[i].counter), dropped);
		taken(GATEWAY_ACCESS);
		nothing_left();
		in = g_pdu_with(TEID, contents[i].at, contents[i].value, container);
		harness_send(&h, GATEWAY_ACCESS, &in, 0);
		assert_int_equal(harness_counter(&h, GATEWAY_error_indication_sent), told + 1);
		assert_int_equal(harness_counter(&h, contents[i].counter), dropped + 1);
		if (contents[i].counter == GATEWAY_drop_gtpu_extension)
			taken(GATEWAY_ACCESS);
		nothing_left();
	}
}

/* TS 29.281 section 7.3.1. Killed by: telling all who send to a TEID without session. */
static void
teid_zero_is_not_told(void **state)
{
	struct frame in = g_pdu_with(0, 42, 0x30, false);

	(void)state;
	harness_dropped(&h, GATEWAY_ACCESS, &in, GATEWAY_drop_no_tunnel);
	in = g_pdu_with(0, 50, 0x55, false);
	harness_dropped(&h, GATEWAY_ACCESS, &in, GATEWAY_drop_no_tunnel);
	in = g_pdu_with(0, 53, 0xc0, true);
	harness_dropped(&h, GATEWAY_ACCESS, &in, GATEWAY_drop_no_tunnel);
	assert_int_equal(harness_counter(&h, GATEWAY_error_indication_sent), 0);
}

/* Whatever its TEID, type and extension headers. Killed by: telling by the TEID alone. */
static void
signalling_is_not_told_of_tunnels(void **state)
{
	struct frame out;

	(void)state;
	for (unsigned int type = 0; type < 255; type++) {
		struct frame in = g_pdu_with(0x00090007, 43, (uint8_t)type, false);

		harness_send(&h, GATEWAY_ACCESS, &in, 0);
		in = g_pdu_with(0x00090007, 54, 0, true);
		in.bytes[43] = (uint8_t)type;
		harness_send(&h, GATEWAY_ACCESS, &in, 0);
		while (harness_take(&h, GATEWAY_ACCESS, &out))
			assert_int_not_equal(out.bytes[43], 26);
	}
	assert_int_equal(harness_counter(&h, GATEWAY_error_indication_sent), 0);
}

/* Killed by: no limit, or one that never ends. */
static void
errors_are_limited(void **state)
{
	struct frame inner = plain(SUBSCRIBER, SERVER, 32, 1);
	struct frame in = tunnelled(&inner, CELL_1, 0x00090007), out;

	(void)state;
	for (unsigned int i = 0; i < NF_ERRORS_PER_S + 10; i++)
		harness_send(&h, GATEWAY_ACCESS, &in, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_error_indication_sent), NF_ERRORS_PER_S);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_no_tunnel), NF_ERRORS_PER_S + 10);
	while (harness_take(&h, GATEWAY_ACCESS, &out))
		;
	harness_wait(&h, HARNESS_SECOND);
	harness_send(&h, GATEWAY_ACCESS, &in, 0);
	taken(GATEWAY_ACCESS);
}

static void
unknown_extension_header_is_told(void **state)
{
	static const uint8_t in_gtpu[] = {0x34, 255,  0, 8,    0, 1, 0, 7,
					  0x56, 0x78, 0, 0xc0, 1, 2, 3, 0};
	static const uint8_t told[] = {0x32, 31, 0, 7, 0, 0, 0, 0, 0x56, 0x78, 0, 0, 141, 1, 0x85};
	struct frame in = message(CELL_1, 2152, in_gtpu, sizeof(in_gtpu)), out;
	uint16_t size;

	(void)state;
	harness_send(&h, GATEWAY_ACCESS, &in, 0);
	out = taken(GATEWAY_ACCESS);
	assert_memory_equal(outer(&out, CELL_1, &size), told, sizeof(told));
	assert_int_equal(size, sizeof(told));
	assert_int_equal(harness_counter(&h, GATEWAY_drop_gtpu_extension), 1);
}

/* ---- what is not let through ---------------------------------------------------------------------- */

static void
foreign_sources_are_dropped(void **state)
{
	struct frame inner = plain(IP(100, 64, 4, 7), SERVER, 32, 1);
	struct frame in = tunnelled(&inner, CELL_1, TEID);

	(void)state;
	harness_dropped(&h, GATEWAY_ACCESS, &in, GATEWAY_drop_spoofed);
}

static void
strangers_are_dropped(void **state)
{
	struct frame in = plain(SERVER, IP(100, 64, 4, 7), 32, 1);

	(void)state;
	harness_dropped(&h, GATEWAY_CORE, &in, GATEWAY_drop_no_subscriber);
	in.bytes[5] ^= 1;
	harness_dropped(&h, GATEWAY_CORE, &in, GATEWAY_drop_not_for_us);
	in = plain(SERVER, SUBSCRIBER, 32, 1);
	memcpy(in.bytes, (const uint8_t[]){2, 0, 0, 0, 1, 1}, 6);
	harness_dropped(&h, GATEWAY_ACCESS, &in, GATEWAY_drop_not_gtpu);
}

/* ---- idle subscribers -------------------------------------------------------------------------------- */

static void
become_idle(void)
{
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 idle"), NF_OK);
	is_end_marker(CELL_1, CELL_TEID);
}

/* Killed by: another order, or a new packet in front of those that waited. */
static void
packets_wait_for_a_cell(void **state)
{
	(void)state;
	become_idle();
	for (uint8_t i = 1; i <= 5; i++)
		send_down(i, 0);
	nothing_left();
	assert_int_equal(harness_session(&h, TEID)->n_waiting, 5);
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 cell 192.0.2.12 cell-teid 6"), NF_OK);
	send_down(6, 0);
	for (uint8_t i = 1; i <= 6; i++)
		goes_to(CELL_2, 6, i);
	assert_int_equal(harness_session(&h, TEID)->n_waiting, 0);
	assert_int_equal(harness_session(&h, TEID)->packets_down, 6);
	nothing_left();
}

/* Killed by: a limit that is off by one, or memory that does not come back. */
static void
waiting_has_limits(void **state)
{
	const struct gateway_buffer_limits *limits = &h.config.buffer;
	char line[100];

	(void)state;
	become_idle();
	for (uint32_t i = 0; i < limits->packets_per_session + 3; i++)
		send_down(1, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_buffered), limits->packets_per_session);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_idle_full), 3);
	for (unsigned int s = 1; s <= limits->packets; s++) {
		struct frame in = plain(SERVER, IP(100, 64, 9, s), 32, 1);

		snprintf(line, sizeof(line), "session add %u ipv4 100.64.9.%u", 0x100 + s, s);
		assert_int_equal(harness_ask(&h, line), NF_OK);
		harness_send(&h, GATEWAY_CORE, &in, 0);
	}
	assert_int_equal(h.workers[0].buffer.n, limits->packets);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_idle_full),
			 3 + limits->packets_per_session);
	harness_wait(&h, limits->lifetime_ns - 1);
	assert_int_equal(h.workers[0].buffer.n, limits->packets);
	harness_wait(&h, 1);
	assert_int_equal(h.workers[0].buffer.n, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_idle_late), limits->packets);
	assert_int_equal(harness_in_use(&h), 0);
	send_down(1, 0);
	assert_int_equal(harness_session(&h, TEID)->n_waiting, 1);
}

/* Killed by: no memory for no packet, which is no memory. */
static void
without_a_buffer_nothing_waits(void **state)
{
	(void)state;
	become_idle();
	send_down(1, 0);
	nothing_left();
	assert_int_equal(harness_counter(&h, GATEWAY_drop_idle_full), 1);
	assert_int_equal(harness_session(&h, TEID)->n_waiting, 0);
}

/* Killed by: a session that leaves its packets behind. */
static void
what_waits_ends_with_the_session(void **state)
{
	(void)state;
	become_idle();
	send_down(1, 0);
	send_down(2, 0);
	assert_int_equal(harness_ask(&h, "session remove 0x10007"), NF_OK);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_idle_gone), 2);
	assert_int_equal(harness_in_use(&h), 0);
}

/* A packet of another subscriber waits as well. */
static void
subscribers_wait_for_each_other(void **state)
{
	struct frame inner = plain(IP(100, 64, 9, 8), SUBSCRIBER, 32, 4);
	struct frame up = tunnelled(&inner, CELL_2, 0x20008), out;

	(void)state;
	become_idle();
	assert_int_equal(harness_ask(&h, "session add 0x20008 ipv4 100.64.9.8"), NF_OK);
	harness_send(&h, GATEWAY_ACCESS, &up, 0);
	nothing_left();
	assert_int_equal(harness_ask(&h, "path-switch 0x10007 cell 192.0.2.11 cell-teid 6"), NF_OK);
	out = taken(GATEWAY_ACCESS);
	assert_int_equal(get32(g_pdu(&out, CELL_1, 6) + 12), IP(100, 64, 9, 8));
}

/* In a move: what waits goes back to the agent, in order. Killed by: keeping it, or another order. */
static void
what_waits_is_returned_when_serving_ends(void **state)
{
	(void)state;
	n_returned = 0;
	become_idle();
	for (uint8_t i = 1; i <= 5; i++)
		send_down(i, 0);
	harness_wait(&h, 1);
	assert_int_equal(h.workers[0].buffer.n, 5);
	h.nf[0].serves = false;
	harness_wait(&h, 1);
	assert_int_equal(h.workers[0].buffer.n, 0);
	assert_int_equal(harness_session(&h, TEID)->n_waiting, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_returned), 5);
	assert_int_equal(n_returned, 5);
	for (uint8_t i = 1; i <= 5; i++)
		assert_int_equal(returned[i - 1], i);
	assert_int_equal(harness_in_use(&h), 0);
}

/* Killed by: a rate that is off by more than a packet, or one that never recovers. 80 kbit/s are
 * 10,000 octets a second, the burst is 3000: fifty packets of 60 octets. */
static void
rates_are_kept(void **state)
{
	(void)state;
	assert_int_equal(harness_ask(&h, "session modify 0x10007 uplink-rate 80000"), NF_OK);
	for (int i = 0; i < 60; i++)
		send_up(CELL_1, 1, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_uplink), 50);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_policed), 10);
	assert_int_equal(harness_session(&h, TEID)->packets_policed, 10);
	assert_int_equal(harness_session(&h, TEID)->packets_up, 50);
	harness_wait(&h, HARNESS_SECOND / 10);
	for (int i = 0; i < 60; i++)
		send_up(CELL_1, 1, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_uplink), 50 + 16);
	send_down(1, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_downlink), 1);
}

/* Killed by: no rate for this direction, or usage that counts what was dropped. */
static void
downlink_rates_are_kept(void **state)
{
	(void)state;
	assert_int_equal(harness_ask(&h, "session modify 0x10007 downlink-rate 80000"), NF_OK);
	for (int i = 0; i < 60; i++)
		send_down(1, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_downlink), 50);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_policed), 10);
	assert_int_equal(harness_session(&h, TEID)->packets_policed, 10);
	assert_int_equal(harness_session(&h, TEID)->packets_down, 50);
	assert_int_equal(harness_session(&h, TEID)->bytes_down, 50 * 60);
	send_up(CELL_1, 1, 0);
	assert_int_equal(harness_counter(&h, GATEWAY_uplink), 1);
}

/* ---- sessions ----------------------------------------------------------------------------------------- */

/* Killed by: a check that is left out. */
static void
wrong_sessions_are_refused(void **state)
{
	(void)state;
	assert_int_equal(harness_ask(&h, "session add 0x10007 ipv4 100.64.4.7"), NF_EXISTS);
	assert_int_equal(harness_ask(&h, "session add 0x20007 ipv4 100.64.3.7"), NF_EXISTS);
	assert_int_equal(harness_ask(&h, "session add 0x20007 ipv4 100.64.4.8"), NF_REFUSED);
	assert_int_equal(harness_ask(&h, "session add 0x20007 ipv4 10.0.0.7"), NF_REFUSED);
	assert_int_equal(harness_ask(&h, "session add 0x20007 ipv6 2001:db8:0:8::/64"), NF_REFUSED);
	assert_int_equal(harness_ask(&h, "session add 0x20007"), NF_REFUSED);
	assert_int_equal(harness_ask(&h, "session add 0 ipv4 100.64.4.0"), NF_USAGE);
	assert_int_equal(harness_ask(&h, "session add 0x1g ipv4 100.64.4.0"), NF_USAGE);
	assert_int_equal(harness_ask(&h, "session add 0x20007 ipv4 100.64.4.7 qfi 64"), NF_USAGE);
	assert_int_equal(harness_ask(&h, "session add 0x20007 ipv4 100.64.4.7 cell 192.0.2.11"),
			 NF_USAGE);
	assert_int_equal(harness_ask(&h, "session add 0x20007 ipv4 100.64.4.7 cell 203.0.113.9 "
					 "cell-teid 1"),
			 NF_REFUSED);
	assert_int_equal(harness_ask(&h, "session add 0x20007 ipv4 100.64.4.7 surprise"), NF_USAGE);
	assert_int_equal(harness_ask(&h, "session remove 0x20007"), NF_NOT_FOUND);
	assert_int_equal(harness_ask(&h, "session modify 0x10007 ipv4 100.64.3.8"), NF_REFUSED);
	assert_int_equal(harness_counter(&h, GATEWAY_session_created), 0); /* until the next tick */
	harness_wait(&h, 1);
	assert_int_equal(harness_counter(&h, GATEWAY_session_created), 1);
}

/* Killed by: an index entry that stays behind. */
static void
addresses_can_change(void **state)
{
	struct frame in = plain(SERVER, SUBSCRIBER, 32, 1);

	(void)state;
	assert_int_equal(harness_ask(&h, "session modify 0x10007 ipv4 100.64.9.7"), NF_OK);
	harness_check(&h);
	harness_dropped(&h, GATEWAY_CORE, &in, GATEWAY_drop_no_subscriber);
	assert_int_equal(harness_ask(&h, "session add 0x20007 ipv4 100.64.3.7 cell 192.0.2.12 "
					 "cell-teid 3"),
			 NF_OK);
	send_down(1, 0);
	goes_to(CELL_2, 3, 1);
	assert_int_equal(harness_ask(&h, "session remove 0x20007"), NF_OK);
	harness_check(&h);
	harness_dropped(&h, GATEWAY_CORE, &in, GATEWAY_drop_no_subscriber);
}

/* ---- several workers ----------------------------------------------------------------------------------- */

/* Killed by: handling a foreign bucket. */
static void
packets_go_to_the_owner_of_their_bucket(void **state)
{
	(void)state;
	for (uint16_t w = 0; w < 3; w++) {
		send_up(CELL_1, 1, w);
		taken(GATEWAY_CORE);
		send_down(1, w);
		goes_to(CELL_1, CELL_TEID, 1);
	}
	assert_int_equal(harness_session(&h, TEID)->packets_up, 3);
	assert_int_equal(harness_session(&h, TEID)->packets_down, 3);
	assert_int_equal(h.nf[7 % 3].counters[GATEWAY_downlink], 3);
	subscribers_reach_each_other(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_one, close_it)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(uplink_comes_out_of_its_tunnel),
		TEST(downlink_goes_into_a_tunnel),
		TEST(routers_on_both_sides_are_used),
		TEST(downlink_carries_the_container),
		TEST(subscribers_reach_each_other),
		TEST(path_switch_sends_an_end_marker_first),
		TEST(switching_to_the_same_cell_is_nothing),
		TEST(data_alone_does_not_move_anybody),
		TEST_WITH(data_moves_who_may_be_moved, open_by_data),
		TEST_WITH(a_third_cell_is_followed_at_once, open_by_data),
		TEST(echo_is_answered),
		TEST(unknown_tunnel_is_told),
		TEST(unknown_tunnel_is_told_whatever_is_in_it),
		TEST(teid_zero_is_not_told),
		TEST(signalling_is_not_told_of_tunnels),
		TEST(errors_are_limited),
		TEST(unknown_extension_header_is_told),
		TEST(foreign_sources_are_dropped),
		TEST(strangers_are_dropped),
		TEST(packets_wait_for_a_cell),
		TEST(waiting_has_limits),
		TEST_WITH(without_a_buffer_nothing_waits, open_without_a_buffer),
		TEST(what_waits_ends_with_the_session),
		TEST(subscribers_wait_for_each_other),
		TEST(what_waits_is_returned_when_serving_ends),
		TEST(rates_are_kept),
		TEST(downlink_rates_are_kept),
		TEST(wrong_sessions_are_refused),
		TEST(addresses_can_change),
		TEST_WITH(packets_go_to_the_owner_of_their_bucket, open_three_workers),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
