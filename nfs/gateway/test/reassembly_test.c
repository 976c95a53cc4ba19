/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments of tunnel packets, put together: order, limits, what is wrong, and what waits when a move begins. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define SIZE 120u /* octets of the subscriber's packet; behind the outer IP header are 16 more */
#define ALL (SIZE + 16u)
#define MORE 0x2000u

static struct harness h;

/* ---- slim_return(), taken by the linker's --wrap ------------------------------------------------- */

static uint16_t n_returned;
static uint16_t returned[64]; /* fragment field of each, in order */

uint16_t __wrap_slim_return(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts,
			    uint16_t n);

uint16_t
__wrap_slim_return(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)w;
	assert_int_equal(port, GATEWAY_ACCESS);
	if (h.nf[0].serves)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		returned[n_returned++] = get16(rte_pktmbuf_mtod_offset(pkts[i], uint8_t *, 20));
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

/* ---- set-up ------------------------------------------------------------------------------------------- */

static int
open_with(uint16_t n_workers)
{
	struct gateway_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.core_ipv6.bits = 0;
	harness_open(&h, &config, true);
	assert_int_equal(harness_ask(&h, "session add 0x10007 ipv4 100.64.3.7 cell 192.0.2.11 "
					 "cell-teid 0xa001"),
			 NF_OK);
	n_returned = 0;
	return 0;
}

static int
open_one(void **state)
{
	(void)state;
	return open_with(1);
}

static int
open_three(void **state)
{
	(void)state;
	return open_with(3);
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
whole(uint8_t mark)
{
	struct frame inner = plain(SUBSCRIBER, SERVER, SIZE - 28, mark);

	return tunnelled(&inner, CELL_1, TEID);
}

static void
correct(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~ipv4_sum(ip));
}

/* The octets [from, to) behind the outer header as a fragment. */
static struct frame
piece(const struct frame *of, uint16_t id, uint16_t from, uint16_t to, bool more)
{
	struct frame f = *of;
	uint8_t *ip = f.bytes + 14;

	memmove(ip + 20, of->bytes + 34 + from, to - from);
	f.size = (uint16_t)(34 + to - from);
	put16(ip + 2, (uint16_t)(20 + to - from));
	put16(ip + 4, id);
	put16(ip + 6, (uint16_t)(from / 8 | (more ? MORE : 0)));
	correct(ip);
	return f;
}

static void
send_piece(uint16_t id, uint16_t from, uint16_t to, bool more)
{
	struct frame of = whole(1), f = piece(&of, id, from, to, more);

	harness_send(&h, GATEWAY_ACCESS, &f, 0);
}

/* Sends it whole, and returns what left. */
static struct frame
as_a_whole(uint8_t mark)
{
	struct frame in = whole(mark);

	harness_send(&h, GATEWAY_ACCESS, &in, 0);
	return harness_taken(&h, GATEWAY_CORE);
}

static uint32_t
n_waiting(void)
{
	return harness_waiting(&h);
}

/* ---- good ones ---------------------------------------------------------------------------------------- */

/* Killed by: an order that is needed, or an octet at a wrong place. */
static void
in_any_order_it_is_the_whole(void **state)
{
	static const uint16_t cuts[][2] = {{0, 48}, {48, 88}, {88, ALL}};
	static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	uint16_t n_workers = h.config.n_workers;

	(void)state;
	for (uint8_t i = 0; i < RTE_DIM(orders); i++) {
		struct frame in = whole((uint8_t)(i + 1)), wanted = as_a_whole((uint8_t)(i + 1)),
			     out;

		for (uint8_t k = 0; k < 3; k++) {
			uint8_t n = orders[i][k];
			struct frame f =
				piece(&in, (uint16_t)(500 + i), cuts[n][0], cuts[n][1], n < 2);

			harness_nothing_left(&h);
			harness_send(&h, GATEWAY_ACCESS, &f, (uint16_t)(k % n_workers));
		}
		out = harness_taken(&h, GATEWAY_CORE);
		assert_int_equal(out.size, wanted.size);
		assert_memory_equal(out.bytes, wanted.bytes, wanted.size);
		harness_nothing_left(&h);
		assert_int_equal(n_waiting(), 0);
	}
	assert_int_equal(harness_counter(&h, GATEWAY_reassembled), RTE_DIM(orders));
	assert_int_equal(harness_counter(&h, GATEWAY_fragment_taken), 3 * RTE_DIM(orders));
	assert_int_equal(harness_session(&h, TEID)->packets_up, 2 * RTE_DIM(orders));
	assert_int_equal(harness_session(&h, TEID)->bytes_up, 2 * RTE_DIM(orders) * SIZE);
}

/* Killed by: a key without the identification or the source. */
static void
datagrams_are_told_apart(void **state)
{
	struct frame one = whole(1), other = whole(2), f;

	(void)state;
	put32(other.bytes + 26, CELL_2);
	correct(other.bytes + 14);
	f = piece(&one, 7, 0, 64, true);
	harness_send(&h, GATEWAY_ACCESS, &f, 0);
	f = piece(&other, 7, 64, ALL, false);
	harness_send(&h, GATEWAY_ACCESS, &f, 0);
	f = piece(&one, 8, 64, ALL, false);
	harness_send(&h, GATEWAY_ACCESS, &f, 0);
	harness_nothing_left(&h);
	assert_int_equal(n_waiting(), 3);
	f = piece(&other, 7, 0, 64, true);
	harness_send(&h, GATEWAY_ACCESS, &f, 0);
	assert_int_equal(harness_taken(&h, GATEWAY_CORE).bytes[14 + 28], 2);
	f = piece(&one, 7, 64, ALL, false);
	harness_send(&h, GATEWAY_ACCESS, &f, 0);
	assert_int_equal(harness_taken(&h, GATEWAY_CORE).bytes[14 + 28], 1);
	assert_int_equal(n_waiting(), 1);
}

/* Options stand in the header of the first fragment. */
static void
options_do_not_move_the_content(void **state)
{
	struct frame of = whole(3), first = piece(&of, 9, 0, 64, true), out;
	uint8_t *ip = first.bytes + 14;

	(void)state;
	memmove(ip + 28, ip + 20, 64);
	memset(ip + 20, 1, 8);
	ip[0] = 0x47;
	put16(ip + 2, 28 + 64);
	first.size += 8;
	correct(ip);
	harness_send(&h, GATEWAY_ACCESS, &first, 0);
	of = piece(&of, 9, 64, ALL, false);
	harness_send(&h, GATEWAY_ACCESS, &of, 0);
	out = harness_taken(&h, GATEWAY_CORE);
	assert_int_equal(out.size, 14 + SIZE);
	assert_int_equal(out.bytes[14 + 28], 3);
}

/* ---- wrong ones ------------------------------------------------------------------------------------------ */

struct step {
	uint16_t from, to;
	bool more;
	uint32_t waiting; /* behind it */
	uint32_t dropped; /* in all */
};

static void
play(const char *name, const struct step *steps, uint16_t id)
{
	uint64_t before = harness_counter(&h, GATEWAY_drop_fragment);

	for (const struct step *s = steps; s->to != 0; s++) {
		send_piece(id, s->from, s->to, s->more);
		if (n_waiting() != s->waiting ||
		    harness_counter(&h, GATEWAY_drop_fragment) - before != s->dropped)
			fail_msg("%s: at %u", name, s->from);
	}
	harness_nothing_left(&h);
}

/* Killed by: a check that is left out. */
static void
fragments_that_do_not_fit_end_their_datagram(void **state)
{
	(void)state;
	play("overlap behind",
	     (const struct step[]){{0, 64, true, 1, 0}, {56, 96, true, 0, 2}, {0}}, 1);
	play("overlap in front",
	     (const struct step[]){{64, ALL, false, 1, 0}, {0, 72, true, 0, 2}, {0}}, 2);
	play("inside", (const struct step[]){{0, 64, true, 1, 0}, {8, 16, true, 0, 2}, {0}}, 3);
	play("around", (const struct step[]){{8, 16, true, 1, 0}, {0, 64, true, 0, 2}, {0}}, 4);
	play("beyond the last",
	     (const struct step[]){{64, 96, false, 1, 0}, {96, 104, true, 0, 2}, {0}}, 5);
	play("the last in front of others",
	     (const struct step[]){{96, 104, true, 1, 0}, {64, 96, false, 0, 2}, {0}}, 6);
	play("two ends", (const struct step[]){{64, 96, false, 1, 0}, {96, 104, false, 0, 2}, {0}},
	     7);
	play("the same place, another end",
	     (const struct step[]){{64, 96, true, 1, 0}, {64, 96, false, 0, 2}, {0}}, 8);
}

static void
fragments_that_are_none_are_dropped_alone(void **state)
{
	struct frame of = whole(1), f;

	(void)state;
	play("no eights", (const struct step[]){{0, 60, true, 0, 1}, {0}}, 1);
	play("twice", (const struct step[]){{0, 64, true, 1, 0}, {0, 64, true, 1, 1}, {0}}, 2);
	f = piece(&of, 3, 0, 0, true);
	harness_dropped(&h, GATEWAY_ACCESS, &f, GATEWAY_drop_fragment);
	/* It would not fit into a buffer of 2048 octets. */
	f = piece(&of, 4, 0, 64, true);
	put16(f.bytes + 20, MORE | (1960 / 8));
	correct(f.bytes + 14);
	harness_dropped(&h, GATEWAY_ACCESS, &f, GATEWAY_drop_fragment);
	assert_int_equal(n_waiting(), 1);
	send_piece(2, 64, ALL, false);
	harness_taken(&h, GATEWAY_CORE);
	assert_int_equal(n_waiting(), 0);
}

/* Killed by: state that any sender can make. */
static void
fragments_come_from_cells(void **state)
{
	static const uint32_t senders[] = {0, IP(127, 0, 0, 1), GATEWAY, IP(192, 0, 2, 255),
					   SERVER};
	struct frame of = whole(1);

	(void)state;
	for (size_t i = 0; i < RTE_DIM(senders); i++) {
		struct frame f;

		put32(of.bytes + 26, senders[i]);
		f = piece(&of, 1, 0, 64, true);
		harness_dropped(&h, GATEWAY_ACCESS, &f, GATEWAY_drop_bad_address);
	}
	assert_int_equal(n_waiting(), 0);
}

/* RFC 3168 section 5.3. Killed by: a fragment whose codepoint is not looked at. */
static void
congestion_of_a_fragment_is_the_packets(void **state)
{
	/* Codepoints outside of two fragments and inside, and what comes out; 4: dropped. */
	static const uint8_t cases[][4] = {
		{0, 0, 0, 0}, {2, 2, 2, 2}, {2, 3, 2, 3}, {3, 2, 2, 3}, {3, 3, 2, 3},
		{1, 1, 2, 1}, {0, 3, 2, 4}, {3, 0, 2, 4}, {0, 2, 2, 2}, {3, 3, 0, 4},
	};

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(cases); i++) {
		uint64_t dropped = harness_counter(&h, GATEWAY_drop_ecn);
		struct frame inner = plain(SUBSCRIBER, SERVER, SIZE - 28, 1), of, f, out;

		inner.bytes[15] = cases[i][2];
		correct(inner.bytes + 14);
		of = tunnelled(&inner, CELL_1, TEID);
		of.bytes[15] = cases[i][0];
		f = piece(&of, (uint16_t)(40 + i), 0, 64, true);
		harness_send(&h, GATEWAY_ACCESS, &f, 0);
		of.bytes[15] = cases[i][1];
		f = piece(&of, (uint16_t)(40 + i), 64, ALL, false);
		harness_send(&h, GATEWAY_ACCESS, &f, 0);
		if (harness_take(&h, GATEWAY_CORE, &out))
			assert_int_equal(out.bytes[15], cases[i][3]);
		else
			assert_int_equal(cases[i][3], 4);
		assert_int_equal(harness_counter(&h, GATEWAY_drop_ecn) != dropped,
				 cases[i][3] == 4);
		assert_int_equal(n_waiting(), 0);
	}
}

/* ---- limits ------------------------------------------------------------------------------------------------ */

/* Killed by: a time that is off by one, or is put off by later fragments. */
static void
they_wait_for_a_time(void **state)
{
	uint64_t lifetime = h.config.fragments.lifetime_ns;

	(void)state;
	send_piece(1, 0, 64, true);
	harness_wait(&h, lifetime - 1);
	send_piece(1, 64, 72, true);
	send_piece(2, 0, 64, true);
	assert_int_equal(n_waiting(), 3);
	harness_wait(&h, 1);
	assert_int_equal(n_waiting(), 1);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_fragment_silent), 2);
	send_piece(2, 64, ALL, false);
	harness_taken(&h, GATEWAY_CORE);
	assert_int_equal(harness_in_use(&h), 0);
}

/* Killed by: no limit, one that is off by one, or a full table that refuses who comes. */
static void
the_oldest_makes_room(void **state)
{
	uint32_t most = h.config.fragments.packets;

	(void)state;
	assert_int_equal(most, 32); /* half of the hold */
	for (uint16_t id = 0; id < most; id++)
		send_piece(id, 0, 64, true);
	assert_int_equal(n_waiting(), most);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_fragment_full), 0);
	send_piece(100, 0, 64, true);
	assert_int_equal(n_waiting(), most);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_fragment_full), 1);
	/* The last one needs no room but its own, and the second oldest goes for it. */
	send_piece(100, 64, ALL, false);
	harness_taken(&h, GATEWAY_CORE);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_fragment_full), 2);
	send_piece(0, 64, ALL, false);
	harness_nothing_left(&h);
	send_piece(2, 64, ALL, false);
	harness_taken(&h, GATEWAY_CORE);
}

static void
a_datagram_has_so_many_at_most(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < GATEWAY_FRAGMENTS_PER_DATAGRAM; i++)
		send_piece(1, (uint16_t)(8 * i), (uint16_t)(8 * i + 8), true);
	assert_int_equal(n_waiting(), GATEWAY_FRAGMENTS_PER_DATAGRAM);
	send_piece(1, 128, ALL, false);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_fragment_full), 1);
	harness_nothing_left(&h);
}

/* ---- a move ---------------------------------------------------------------------------------------------------- */

/* As they came, in order. Killed by: keeping or dropping them, or a datagram that is given back in part. */
static void
what_waits_is_returned_when_serving_ends(void **state)
{
	(void)state;
	send_piece(1, 64, 72, true);
	send_piece(2, 8, 16, true);
	send_piece(1, 0, 64, true);
	harness_wait(&h, 1);
	assert_int_equal(n_waiting(), 3);
	h.nf[0].serves = false;
	harness_wait(&h, 1);
	assert_int_equal(n_waiting(), 0);
	assert_int_equal(n_returned, 3);
	assert_int_equal(returned[0], MORE | 8);
	assert_int_equal(returned[1], MORE | 0);
	assert_int_equal(returned[2], MORE | 1);
	assert_int_equal(harness_counter(&h, GATEWAY_returned), 3);
	assert_int_equal(harness_in_use(&h), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_one, close_it)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_any_order_it_is_the_whole),
		TEST_WITH(in_any_order_it_is_the_whole, open_three),
		TEST(datagrams_are_told_apart),
		TEST(options_do_not_move_the_content),
		TEST(fragments_that_do_not_fit_end_their_datagram),
		TEST(fragments_that_are_none_are_dropped_alone),
		TEST(fragments_come_from_cells),
		TEST(congestion_of_a_fragment_is_the_packets),
		TEST(they_wait_for_a_time),
		TEST(the_oldest_makes_room),
		TEST(a_datagram_has_so_many_at_most),
		TEST(what_waits_is_returned_when_serving_ends),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
