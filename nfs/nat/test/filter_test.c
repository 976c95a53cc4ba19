/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filtering by peers, packet by packet and by rows from another instance. Each test names what
 * kills it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "nf_moves_test.h"

#define SYN 0x02
#define SYNACK 0x12
#define STRANGER IP(203, 0, 113, 66)
#define PEERS_PER_MAPPING 8

static struct harness h, target;

static void
configure(struct nat_config *config, enum nat_filtering filtering, uint16_t n_workers)
{
	harness_defaults(config);
	config->filtering = filtering;
	config->n_workers = n_workers;
	config->peers = 64;
	config->peers_per_mapping = PEERS_PER_MAPPING;
}

static void
open_as(enum nat_filtering filtering, uint16_t n_workers)
{
	struct nat_config config;

	configure(&config, filtering, n_workers);
	harness_open(&h, &config, true);
}

static int
open_independent(void **state)
{
	(void)state;
	open_as(NAT_FILTERING_ENDPOINT_INDEPENDENT, 1);
	return 0;
}

static int
open_by_address(void **state)
{
	(void)state;
	open_as(NAT_FILTERING_ADDRESS, 1);
	return 0;
}

static int
open_by_port(void **state)
{
	(void)state;
	open_as(NAT_FILTERING_ADDRESS_AND_PORT, 1);
	return 0;
}

static int
open_by_port_two_workers(void **state)
{
	(void)state;
	open_as(NAT_FILTERING_ADDRESS_AND_PORT, 2);
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
from_inside(uint8_t protocol, uint32_t dst, uint16_t dst_port)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = SUBSCRIBER,
				       .src_port = 5000,
				       .dst = dst,
				       .dst_port = dst_port,
				       .icmp_type = 8,
				       .tcp_flags = SYN,
				       .payload = 30};
}

/* To the mapping that `out` shows, from anywhere. */
static struct harness_packet
to_mapping(const struct harness_packet *out, uint32_t src, uint16_t src_port)
{
	return (struct harness_packet){.side = NAT_OUTSIDE,
				       .protocol = out->protocol,
				       .src = src,
				       .src_port = out->protocol == IPPROTO_ICMP ? out->src_port
										 : src_port,
				       .dst = out->src,
				       .dst_port = out->src_port,
				       .tcp_flags = SYNACK,
				       .payload = 20};
}

static void
may_send(const struct harness_packet *out, uint32_t src, uint16_t src_port, bool may)
{
	struct harness_packet p = to_mapping(out, src, src_port);

	if (may)
		harness_pass(&h, &p, NAT_INSIDE);
	else
		harness_dropped(&h, &p, NAT_drop_filtered);
}

static uint32_t
n_peers(const struct harness *harness)
{
	uint32_t n = 0;

	for (uint16_t w = 0; w < harness->config.n_workers; w++)
		n += harness->workers[w].filter->share.n_slots -
		     harness->workers[w].filter->share.n_free;
	return n;
}

/* ---- who may send ------------------------------------------------------------------------------- */

/* Killed by: a share, or a slot, that nobody needs. */
static void
independent_filtering_keeps_no_peers(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP, SERVER, 53), out;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	may_send(&out, SERVER, 53, true);
	may_send(&out, STRANGER, 9, true);
	assert_null(h.workers[0].filter);
}

/* Killed by: comparing the port, or not the address. */
static void
by_address_admits_any_port(void **state)
{
	struct harness_packet p, out;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		p = from_inside(i == 0 ? IPPROTO_UDP : IPPROTO_TCP, SERVER, 53);
		out = harness_pass(&h, &p, NAT_OUTSIDE);
		may_send(&out, SERVER, 53, true);
		may_send(&out, SERVER, 54, true);
		may_send(&out, STRANGER, 53, false);
	}
	assert_int_equal(n_peers(&h), 2);
}

/* Killed by: not comparing the port, or a mapping of its own for each peer. */
static void
by_port_admits_the_very_peer(void **state)
{
	struct harness_packet p, out, again;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		p = from_inside(i == 0 ? IPPROTO_UDP : IPPROTO_TCP, SERVER, 53);
		out = harness_pass(&h, &p, NAT_OUTSIDE);
		may_send(&out, SERVER, 53, true);
		may_send(&out, SERVER, 54, false);
		may_send(&out, STRANGER, 53, false);
		p.dst_port = 54;
		again = harness_pass(&h, &p, NAT_OUTSIDE);
		assert_int_equal(again.src_port, out.src_port); /* RFC 4787 REQ-1 */
		may_send(&out, SERVER, 54, true);
	}
	assert_int_equal(n_peers(&h), 4);
	assert_int_equal(harness_n_sessions(&h), 2);
}

/* Killed by: taking the query identifier for a port, which differs by direction. */
static void
queries_are_filtered_by_address(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_ICMP, SERVER, 0), out;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	may_send(&out, SERVER, 0, true);
	may_send(&out, STRANGER, 0, false);
}

/* Two subscribers, two ports, two protocols: nobody opens the door of another one. Killed by: a key
 * without one of these. */
static void
each_mapping_has_its_own_peers(void **state)
{
	struct harness_packet one = from_inside(IPPROTO_UDP, SERVER, 53), out, p;

	(void)state;
	out = harness_pass(&h, &one, NAT_OUTSIDE);
	p = from_inside(IPPROTO_UDP, STRANGER, 53);
	p.src = SUBSCRIBER + 256;
	harness_pass(&h, &p, NAT_OUTSIDE);
	p.src = SUBSCRIBER;
	p.src_port = 5001;
	harness_pass(&h, &p, NAT_OUTSIDE);
	p.src_port = 5000;
	p.protocol = IPPROTO_TCP;
	harness_pass(&h, &p, NAT_OUTSIDE);
	may_send(&out, STRANGER, 53, false);
	may_send(&out, SERVER, 53, true);
}

/* RFC 5508 section 4.2: any router may tell of a packet to a permitted peer. Killed by: asking for the
 * error's source, or not asking at all. */
static void
errors_pass_by_what_they_are_about(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP, SERVER, 53), out, error;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	out.payload = p.payload;
	error = (struct harness_packet){.side = NAT_OUTSIDE,
					.protocol = IPPROTO_ICMP,
					.src = IP(192, 0, 2, 1),
					.dst = out.src,
					.icmp_type = 3,
					.quoted = &out};
	harness_pass(&h, &error, NAT_INSIDE);
	out.dst_port = 54;
	harness_dropped(&h, &error, NAT_drop_filtered);
	out.dst_port = 53;
	out.dst = STRANGER;
	harness_dropped(&h, &error, NAT_drop_filtered);
}

/* RFC 4787 REQ-9 with a filter: the sender counts by its external endpoint. Killed by: filtering
 * hairpinned packets by the inside source, or not at all. */
static void
hairpinning_obeys_the_filter(void **state)
{
	struct harness_packet a = from_inside(IPPROTO_UDP, SERVER, 53), b = a, a_out, b_out;

	(void)state;
	b.src = IP(100, 64, 5, 201);
	a_out = harness_pass(&h, &a, NAT_OUTSIDE);
	b_out = harness_pass(&h, &b, NAT_OUTSIDE);
	a.dst = b_out.src;
	a.dst_port = b_out.src_port;
	/* No harness_dropped(): for the one who sends it has left, and opens its own mapping to the other. */
	harness_send(&h, NAT_INSIDE, harness_build(&h, &a), 0);
	assert_int_equal(harness_counter(&h, NAT_drop_filtered), 1);
	assert_null(harness_take(&h, NAT_INSIDE));
	assert_null(harness_take(&h, NAT_OUTSIDE));
	b.dst = a_out.src;
	b.dst_port = a_out.src_port;
	harness_pass(&h, &b, NAT_INSIDE); /* a has sent to b already */
	harness_pass(&h, &a, NAT_INSIDE);
}

/* RFC 5382 REQ-2: both sides send SYN. Killed by: refusing a SYN from outside as such. */
static void
tcp_opens_from_both_sides_at_once(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_TCP, SERVER, 80), out, back;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	back = to_mapping(&out, SERVER, 80);
	back.tcp_flags = SYN;
	assert_int_equal(harness_pass(&h, &back, NAT_INSIDE).tcp_flags, SYN);
	p.tcp_flags = SYNACK;
	harness_pass(&h, &p, NAT_OUTSIDE);
	back.tcp_flags = SYNACK;
	harness_pass(&h, &back, NAT_INSIDE);
	p.tcp_flags = 0x10;
	harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal(harness_session(&h, SUBSCRIBER, 5000, IPPROTO_TCP)->tcp_state,
			 NF_TCP_ESTABLISHED);
}

/* RFC 5382 REQ-4: the SYN is dropped in silence, now and later; the mapping that comes within these
 * 6 s works. Killed by: an answer of any kind. */
static void
unsolicited_syn_is_never_answered(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_TCP, SERVER, 80), out, syn;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	syn = to_mapping(&out, STRANGER, 81);
	syn.tcp_flags = SYN;
	harness_dropped(&h, &syn, NAT_drop_filtered);
	for (int s = 0; s < 10; s++) {
		harness_wait(&h, HARNESS_SECOND);
		assert_null(harness_take(&h, NAT_OUTSIDE));
	}
	syn.dst_port ^= 0x100;
	harness_dropped(&h, &syn, NAT_drop_no_mapping);
	p.dst = STRANGER;
	p.dst_port = 81;
	harness_pass(&h, &p, NAT_OUTSIDE);
	syn.dst_port ^= 0x100;
	harness_pass(&h, &syn, NAT_INSIDE);
}

/* ---- time and room -------------------------------------------------------------------------------- */

/* A mapping that others keep alive does not keep a silent peer. Killed by: taking the mapping's
 * time, a peer that is over only when it is swept, or a peer that is never swept. */
static void
peers_are_over_at_their_own_time(void **state)
{
	struct harness_packet silent = from_inside(IPPROTO_UDP, SERVER, 53), other = silent, out;
	uint64_t timeout = h.config.timeouts.udp_ns;

	(void)state;
	other.dst = STRANGER;
	h.nat->config.inbound_refresh = false;
	out = harness_pass(&h, &silent, NAT_OUTSIDE);
	h.now_ns += timeout - 1; /* no tick: nothing is swept */
	h.nf[0].now_ns = h.now_ns;
	harness_pass(&h, &other, NAT_OUTSIDE);
	may_send(&out, SERVER, 53, true);
	h.nf[0].now_ns = ++h.now_ns;
	may_send(&out, SERVER, 53, false);
	may_send(&out, STRANGER, 53, true);
	assert_int_equal(n_peers(&h), 2);
	for (int ms = 0; ms < 10000; ms++)
		harness_wait(&h, HARNESS_SECOND / 1000);
	assert_int_equal(n_peers(&h), 1);
}

/* Killed by: refreshing without being told, or not when told. */
static void
packets_from_a_peer_refresh_it_if_configured(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP, SERVER, 53), out;
	uint64_t half = h.config.timeouts.udp_ns / 2;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	for (int i = 0; i < 3; i++) {
		harness_wait(&h, half);
		may_send(&out, SERVER, 53, true);
	}
	h.nat->config.inbound_refresh = false;
	p.dst = STRANGER;
	harness_pass(&h, &p, NAT_OUTSIDE);
	harness_wait(&h, half);
	harness_pass(&h, &p, NAT_OUTSIDE);
	may_send(&out, SERVER, 53, true);
	harness_wait(&h, half);
	may_send(&out, SERVER, 53, false);
}

/* Killed by: leaving peers behind, which a later mapping of the endpoint would inherit. */
static void
peers_go_with_their_mapping(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP, SERVER, 53), other = p, out;

	(void)state;
	for (uint16_t port = 1; port <= 5; port++) {
		p.dst_port = port;
		harness_pass(&h, &p, NAT_OUTSIDE);
	}
	other.src_port = 6000;
	harness_pass(&h, &other, NAT_OUTSIDE);
	assert_int_equal(n_peers(&h), 6);
	for (uint32_t slot = 0; slot < 2; slot++) {
		const struct nat_session *s = nat_session_at(h.workers[0].sessions, slot);

		if (s->inside_port == RTE_BE16(5000))
			nat_mapping_remove(h.workers[0].sessions, slot);
	}
	assert_int_equal(n_peers(&h), 1);
	harness_check(&h);
	p.dst = STRANGER;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	may_send(&out, SERVER, 1, false);
}

/* Killed by: no bound for one mapping, or for all. */
static void
room_for_peers_is_bounded(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP, SERVER, 0);

	(void)state;
	for (uint16_t port = 1; port <= PEERS_PER_MAPPING; port++) {
		p.dst_port = port;
		harness_pass(&h, &p, NAT_OUTSIDE);
	}
	p.dst_port = 99;
	harness_refused(&h, &p, 1, NAT_drop_peer_limit);
	p.dst_port = 1;
	harness_pass(&h, &p, NAT_OUTSIDE);
	for (uint16_t i = PEERS_PER_MAPPING; i < 64; i++) {
		p.src_port = (uint16_t)(7000 + i);
		harness_pass(&h, &p, NAT_OUTSIDE);
	}
	p.src_port = 9999;
	harness_refused(&h, &p, 1, NAT_drop_peers_full);
	assert_int_equal(n_peers(&h), 64);
}

/* ---- rows from another instance ------------------------------------------------------------------------- */

static struct harness_move mv;

/* The tables' numbers at the agent. */
static uint32_t
peers(void)
{
	return h.nat->filters.shares.table->index;
}

static void
open_target(uint16_t n_workers, bool active)
{
	struct nat_config config;

	configure(&config, NAT_FILTERING_ADDRESS_AND_PORT, n_workers);
	config.peers = n_workers * 64;
	harness_open(&target, &config, active);
	harness_move_begin(&mv, &h, &target, 0);
}

/* Mappings and peers come and go while rows are copied in any order; peers come before their mapping. Killed by:
 * a chain that needs the mapping, a peer linked twice, a removal that leaves something. */
static void
peers_move(void **state)
{
	(void)state;
	open_target(3, true);
	srand(11);
	for (int round = 0; round < 400; round++) {
		for (int i = 0; i < 8; i++) {
			struct harness_packet p = from_inside(
				IPPROTO_UDP, SERVER, (uint16_t)(1 + (uint32_t)rand() % 10));

			p.src = SUBSCRIBER + (uint32_t)rand() % 4;
			p.src_port = (uint16_t)(5000 + rand() % 3);
			harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
			harness_drain(&h, NAT_OUTSIDE);
			harness_drain(&h, NAT_INSIDE); /* it was told of a limit */
		}
		if (rand() % 2 == 0) {
			uint32_t slot = (uint32_t)rand() % 12;

			if (harness_is_used(h.nat->sessions.shares.table, slot))
				nat_mapping_remove(h.workers[0].sessions, slot);
		}
		for (int i = 0; i < 30; i++)
			harness_copy_slot(&mv, peers(), (uint32_t)rand() % 64);
		if (round % 20 == 19) {
			for (uint32_t slot = 64; slot-- > 0;)
				harness_copy_slot(&mv, peers(), slot);
			assert_int_equal(n_peers(&target), n_peers(&h));
			harness_check(&target);
		}
	}
	harness_copy_table(&mv, h.nat->sessions.shares.table->index);
	for (uint32_t slot = 0; slot < 64; slot++) {
		const struct nat_peer *peer = slim_slot(h.nat->filters.shares.table, slot);
		struct harness_packet p;

		if (!harness_is_used(h.nat->filters.shares.table, slot))
			continue;
		p = from_inside(IPPROTO_UDP, SERVER, rte_be_to_cpu_16(peer->peer_port));
		p.src = rte_be_to_cpu_32(peer->inside_address);
		p.src_port = rte_be_to_cpu_16(peer->inside_port);
		p = harness_pass(&h, &p, NAT_OUTSIDE);
		p = to_mapping(&p, SERVER, rte_be_to_cpu_16(peer->peer_port));
		harness_pass(&target, &p, NAT_INSIDE);
		p.src = STRANGER;
		harness_dropped(&target, &p, NAT_drop_filtered);
	}
	for (uint32_t slot = 0; slot < 64; slot++)
		harness_delete_row(&mv, peers(), slot);
	assert_int_equal(n_peers(&target), 0);
	harness_check(&target);
	harness_close(&target);
}

/* While its own last-seen times may be old, an instance refuses nobody for them, and sweeps nothing. Killed by:
 * leaving out one of the two questions whether it owns the bucket. */
static void
times_count_for_the_owner_only(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP, SERVER, 53), out;

	(void)state;
	open_target(1, false);
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	harness_copy_slot(&mv, peers(), 0);
	harness_copy_table(&mv, h.nat->sessions.shares.table->index);
	for (int s = 0; s < 400; s++)
		harness_wait(&target, HARNESS_SECOND);
	assert_int_equal(n_peers(&target), 1);
	p = to_mapping(&out, SERVER, 53);
	harness_pass(&target, &p, NAT_INSIDE);
	harness_close(&target);
}

/* A row of another bucket than its address says, or one more than there is room for. */
static void
wrong_rows_are_refused(void **state)
{
	struct slim_worker *w = h.nf[0].agent;
	struct nat_peer row = {.inside_address = RTE_BE32(SUBSCRIBER), .protocol = IPPROTO_UDP};

	(void)state;
	assert_int_equal(nat_peer_ops.acquire(&h.nat->filters.shares, w, 1, &row), SLIM_NO_SLOT);
	for (uint32_t i = 0; i < 65; i++) {
		uint32_t slot;

		row.peer_address = i;
		slot = nat_peer_ops.acquire(&h.nat->filters.shares, w, SUBSCRIBER & 0xff, &row);
		assert_true((slot == SLIM_NO_SLOT) == (i == 64));
		if (slot == SLIM_NO_SLOT)
			continue;
		memcpy(slim_slot_begin(w, h.nat->filters.shares.table, slot), &row, sizeof(row));
		slim_slot_end(w, h.nat->filters.shares.table, slot, SUBSCRIBER & 0xff);
		nat_peer_ops.installed(&h.nat->filters.shares, w, slot, &row);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_by_port, close_it)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST_WITH(independent_filtering_keeps_no_peers, open_independent),
		TEST_WITH(by_address_admits_any_port, open_by_address),
		TEST(by_port_admits_the_very_peer),
		TEST_WITH(by_port_admits_the_very_peer, open_by_port_two_workers),
		TEST(queries_are_filtered_by_address),
		TEST(each_mapping_has_its_own_peers),
		TEST(errors_pass_by_what_they_are_about),
		TEST(hairpinning_obeys_the_filter),
		TEST_WITH(hairpinning_obeys_the_filter, open_by_port_two_workers),
		TEST(tcp_opens_from_both_sides_at_once),
		TEST_WITH(tcp_opens_from_both_sides_at_once, open_independent),
		TEST(unsolicited_syn_is_never_answered),
		TEST(peers_are_over_at_their_own_time),
		TEST(packets_from_a_peer_refresh_it_if_configured),
		TEST(peers_go_with_their_mapping),
		TEST(room_for_peers_is_bounded),
		TEST(peers_move),
		TEST(times_count_for_the_owner_only),
		TEST(wrong_rows_are_refused),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
