/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP connections as packets: how long their mapping lives after what a peer, a stranger or the
 * network does to them. Numbers of both sides are kept as hosts do it, so each segment fits the
 * ones before it unless the test says otherwise.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define FIN 0x11
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define SYNACK 0x12
#define WINDOW 16000u
#define TRANSITORY 240u
#define ESTABLISHED 7440u
#define STRANGER IP(203, 0, 113, 77)

static struct harness h;

/* One connection: the segment that either side would send next. */
static struct harness_packet inside, outside;

static int
open_as(enum nat_filtering filtering)
{
	struct nat_config config;

	harness_defaults(&config);
	config.filtering = filtering;
	config.timeouts.tcp_established_ns = ESTABLISHED * HARNESS_SECOND;
	config.timeouts.tcp_transitory_ns = TRANSITORY * HARNESS_SECOND;
	harness_open(&h, &config, true);
	inside = (struct harness_packet){
		.side = NAT_INSIDE,
		.protocol = IPPROTO_TCP,
		.src = SUBSCRIBER,
		.src_port = 1000,
		.dst = SERVER,
		.dst_port = 80,
		.tcp_seq = 1000,
		.tcp_window = WINDOW,
	};
	outside = (struct harness_packet){
		.side = NAT_OUTSIDE,
		.protocol = IPPROTO_TCP,
		.src = SERVER,
		.src_port = 80,
		.tcp_seq = 5000000,
		.tcp_window = WINDOW,
	};
	return 0;
}

static int
open_default(void **state)
{
	(void)state;
	return open_as(NAT_FILTERING_ENDPOINT_INDEPENDENT);
}

static int
open_filtered(void **state)
{
	(void)state;
	return open_as(NAT_FILTERING_ADDRESS_AND_PORT);
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

/* The peer has got it, and will acknowledge it. */
static void
count(struct harness_packet *from, struct harness_packet *to, uint8_t flags, uint16_t size)
{
	from->tcp_seq += size + ((flags & SYN) != 0) + ((flags & 1) != 0);
	to->tcp_ack = from->tcp_seq;
}

static void
send_out(uint8_t flags, uint16_t size)
{
	struct harness_packet left;

	inside.tcp_flags = flags;
	inside.payload = size;
	left = harness_pass(&h, &inside, NAT_OUTSIDE);
	outside.dst = left.src;
	outside.dst_port = left.src_port;
	count(&inside, &outside, flags, size);
}

static void
send_in(uint8_t flags, uint16_t size)
{
	outside.tcp_flags = flags;
	outside.payload = size;
	harness_pass(&h, &outside, NAT_INSIDE);
	count(&outside, &inside, flags, size);
}

static void
handshake(void)
{
	send_out(SYN, 0);
	send_in(SYNACK, 0);
	send_out(ACK, 0);
}

/* A segment from outside that no host counts: other numbers, other flags. */
static struct harness_packet
forged(uint8_t flags, uint32_t seq)
{
	struct harness_packet p = outside;

	p.tcp_flags = flags;
	p.tcp_seq = seq;
	p.payload = 0;
	return p;
}

static bool
lives(void)
{
	harness_sweep(&h);
	return harness_session(&h, SUBSCRIBER, 1000, IPPROTO_TCP) != NULL;
}

static void
lives_for(uint32_t seconds)
{
	harness_wait(&h, (seconds - 1) * HARNESS_SECOND);
	assert_true(lives());
	harness_wait(&h, HARNESS_SECOND);
	assert_false(lives());
}

static const struct nat_session *
session(void)
{
	return harness_session(&h, SUBSCRIBER, 1000, IPPROTO_TCP);
}

/* ---- RST ----------------------------------------------------------------------------------------
 */

/* RFC 7857 section 2.2: who does not see the connection cannot end it. Killed by: a RST that is not
 * compared with the numbers of the connection. */
static void
blind_reset_changes_nothing(void **state)
{
	static const int64_t off[] = {-1, WINDOW, WINDOW * 100, INT32_MAX, -WINDOW, INT32_MIN};

	(void)state;
	handshake();
	send_in(ACK, 500);
	send_out(ACK, 0);
	for (size_t i = 0; i < RTE_DIM(off); i++) {
		struct harness_packet p = forged(RST, outside.tcp_seq + (uint32_t)off[i]);

		harness_pass(&h, &p, NAT_INSIDE);
		p.tcp_flags = RST | ACK;
		harness_pass(&h, &p, NAT_INSIDE);
	}
	lives_for(ESTABLISHED);
}

/* Killed by: a RST that is not noticed, from either side. */
static void
reset_makes_it_transitory(void **state)
{
	(void)state;
	handshake();
	send_in(RST, 0);
	lives_for(TRANSITORY);
	handshake();
	send_out(RST, 0);
	lives_for(TRANSITORY);
}

/* RFC 6146 section 3.5.2.2, TRANS: what comes after the RST shows that the connection lives. Killed
 * by: a state after RST that data does not leave. */
static void
data_after_reset_revives(void **state)
{
	(void)state;
	handshake();
	send_in(RST, 0);
	for (int s = 0; s < 100; s++) {
		send_out(ACK, 100);
		send_in(ACK, 100);
		harness_wait(&h, HARNESS_SECOND);
	}
	send_out(ACK, 0);
	lives_for(ESTABLISHED);
	handshake();
	send_out(ACK, 10);
	send_in(RST, 0);
	send_in(ACK, 100); /* from outside alone, by its numbers */
	lives_for(ESTABLISHED);
}

/* RFC 5961 section 3.2: a host that gets a RST in its window, but not at its edge, answers with an
 * ACK; the NAT sees it. Without that ACK the host took the RST. Killed by: noticing a RST at the
 * edge alone, or an ACK after it that changes nothing. */
static void
reset_in_the_window_is_doubted(void **state)
{
	struct harness_packet p;

	(void)state;
	handshake();
	p = forged(RST, outside.tcp_seq + WINDOW - 1);
	harness_pass(&h, &p, NAT_INSIDE);
	send_out(ACK, 0); /* challenge ACK */
	lives_for(ESTABLISHED);
	handshake();
	p = forged(RST, outside.tcp_seq + WINDOW - 1);
	harness_pass(&h, &p, NAT_INSIDE);
	lives_for(TRANSITORY);
}

/* A host drops it. Killed by: not summing a RST. */
static void
reset_with_a_wrong_checksum_changes_nothing(void **state)
{
	struct harness_packet p;
	struct rte_mbuf *m;

	(void)state;
	handshake();
	p = forged(RST, outside.tcp_seq);
	p.wrong_checksum = true;
	harness_send(&h, NAT_OUTSIDE, harness_build(&h, &p), 0);
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	p = inside;
	p.tcp_flags = RST;
	p.wrong_checksum = true;
	harness_send(&h, NAT_INSIDE, harness_build(&h, &p), 0);
	m = harness_take(&h, NAT_OUTSIDE);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	lives_for(ESTABLISHED);
}

static void
dropped_with_an_error(const struct harness_packet *p)
{
	uint64_t before = harness_counter(&h, NAT_drop_ttl);

	harness_send(&h, p->side, harness_build(&h, p), 0);
	rte_pktmbuf_free(harness_take(&h, p->side));
	assert_null(harness_take(&h, p->side == NAT_INSIDE ? NAT_OUTSIDE : NAT_INSIDE));
	assert_int_equal(harness_counter(&h, NAT_drop_ttl), before + 1);
}

/* In pieces it cannot be summed. Killed by: a sum over what is there. */
static void
reset_in_fragments_changes_nothing(void **state)
{
	struct harness_packet p;
	struct rte_ipv4_hdr *ip;
	struct rte_mbuf *m;

	(void)state;
	handshake();
	p = forged(RST, outside.tcp_seq);
	p.payload = 4; /* with the header a multiple of 8 */
	m = harness_build(&h, &p);
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, sizeof(struct rte_ether_hdr));
	ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	harness_send(&h, NAT_OUTSIDE, m, 0);
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	assert_int_equal(session()->tcp_state, NF_TCP_ESTABLISHED);
}

/* Its payload may be in other segments of the mbuf. Killed by: a sum over the first one alone. */
static void
reset_in_several_segments_is_summed(void **state)
{
	struct harness_packet p;
	struct rte_mbuf *m, *rest;

	(void)state;
	handshake();
	p = forged(RST, outside.tcp_seq);
	p.payload = 51;
	m = harness_build(&h, &p);
	rest = rte_pktmbuf_alloc(h.pool);
	assert_non_null(rest);
	memcpy(rte_pktmbuf_append(rest, 40),
	       rte_pktmbuf_mtod_offset(m, void *, rte_pktmbuf_data_len(m) - 40), 40);
	rte_pktmbuf_trim(m, 40);
	assert_int_equal(rte_pktmbuf_chain(m, rest), 0);
	harness_send(&h, NAT_OUTSIDE, m, 0);
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	rte_pktmbuf_free(m);
	lives_for(TRANSITORY);
}

/* Killed by: state that is written before the last refusal. */
static void
reset_that_is_not_forwarded_changes_nothing(void **state)
{
	struct harness_packet p;

	(void)state;
	handshake();
	p = forged(RST, outside.tcp_seq);
	p.ttl = 1;
	dropped_with_an_error(&p);
	p = inside;
	p.tcp_flags = RST;
	p.ttl = 1;
	dropped_with_an_error(&p);
	assert_int_equal(session()->tcp_state, NF_TCP_ESTABLISHED);
	lives_for(ESTABLISHED);
}

/* The wait of four minutes (RFC 7857 section 2.2) begins with the RST, however long nothing left
 * before. Killed by: counting it from the last packet from inside. */
static void
reset_after_long_silence_waits_its_time(void **state)
{
	(void)state;
	h.nat->config.inbound_refresh = false;
	handshake();
	harness_wait(&h, 7000 * HARNESS_SECOND);
	send_in(RST, 0);
	assert_int_equal(session()->last_seen, h.now_ns);
	lives_for(TRANSITORY);
}

/* All of this state waits, also that the peer may send (RFC 7857 section 2.2). Killed by: a peer whose
 * time goes on from the last packet from inside. */
static void
peer_may_send_while_a_reset_waits(void **state)
{
	(void)state;
	h.nat->config.inbound_refresh = false;
	handshake();
	harness_wait(&h, 7000 * HARNESS_SECOND);
	send_in(RST, 0);
	harness_wait(&h, (TRANSITORY - 1) * HARNESS_SECOND);
	send_in(ACK, 100);
	assert_int_equal(session()->tcp_state, NF_TCP_ESTABLISHED);
}

/* The window of the inside host is what it says, scaled if both sides scale. Killed by: a window
 * that is not scaled, or scaled by one side's word. */
static void
window_is_scaled_by_both_or_not(void **state)
{
	struct harness_packet p;

	(void)state;
	inside.tcp_scale = outside.tcp_scale = 4 + 1;
	send_out(SYN, 0);
	send_in(SYNACK, 0);
	inside.tcp_scale = outside.tcp_scale = 0;
	send_out(ACK, 0);
	p = forged(RST, outside.tcp_seq + WINDOW * 16);
	harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(session()->tcp_state, NF_TCP_ESTABLISHED);
	p.tcp_seq--;
	harness_pass(&h, &p, NAT_INSIDE);
	lives_for(TRANSITORY);

	/* More than 14 stands for 14 (RFC 7323 section 2.3). */
	inside.tcp_scale = outside.tcp_scale = 40 + 1;
	send_out(SYN, 0);
	send_in(SYNACK, 0);
	inside.tcp_scale = outside.tcp_scale = 0;
	send_out(ACK, 0);
	assert_int_equal(session()->tcp_right - session()->tcp_acked, WINDOW << 14);
	send_in(RST, 0);
	lives_for(TRANSITORY);

	inside.tcp_scale = 4 + 1;
	send_out(SYN, 0);
	inside.tcp_scale = 0;
	send_in(SYNACK, 0);
	send_out(ACK, 0);
	p = forged(RST, outside.tcp_seq + WINDOW);
	harness_pass(&h, &p, NAT_INSIDE);
	lives_for(ESTABLISHED);
}

/* Numbers begin anew after 2^32. Killed by: comparing them as they are. */
static void
numbers_wrap_around(void **state)
{
	struct harness_packet p;

	(void)state;
	inside.tcp_seq = UINT32_MAX - 700;
	outside.tcp_seq = UINT32_MAX - 500;
	inside.tcp_window = 200; /* a window that stays behind is soon too far */
	handshake();
	for (int i = 0; i < 4; i++) {
		send_in(ACK, 300);
		send_out(ACK, 300);
	}
	p = forged(RST, UINT32_MAX - 200);
	harness_pass(&h, &p, NAT_INSIDE); /* was right a moment ago */
	assert_int_equal(session()->tcp_state, NF_TCP_ESTABLISHED);
	send_in(RST, 0);
	lives_for(TRANSITORY);
}

/* What was sent before, again, moves nothing back: retransmissions, keep-alives (one number before
 * the next), old acknowledgements. Killed by: taking the last numbers for the highest. */
static void
old_segments_move_nothing_back(void **state)
{
	struct harness_packet p;

	(void)state;
	handshake();
	send_in(ACK, 1000);
	send_out(ACK, 1000);
	p = inside;
	p.tcp_seq -= 1000;
	p.tcp_ack -= 1000;
	p.tcp_flags = ACK;
	harness_pass(&h, &p, NAT_OUTSIDE);
	p = forged(RST, outside.tcp_seq - 1000);
	harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(session()->tcp_state, NF_TCP_ESTABLISHED);
	p = inside;
	p.tcp_seq--;
	p.tcp_flags = ACK;
	p.payload = 0;
	harness_pass(&h, &p, NAT_OUTSIDE);
	assert_int_equal((uint32_t)session()->tcp_sent, inside.tcp_seq);
	send_in(RST, 0);
	lives_for(TRANSITORY);
}

/* ---- what opens, and what comes early
 * -------------------------------------------------------------- */

/* Killed by: taking one of the flags for the whole segment. */
static void
only_syn_opens(void **state)
{
	static const uint8_t flags[] = {SYNACK, SYN | 1, SYN | FIN, FIN, 1, RST, 0x20, SYN | RST};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		inside.tcp_flags = flags[i];
		harness_dropped(&h, &inside, NAT_drop_tcp_no_syn);
	}
	assert_int_equal(harness_n_sessions(&h), 0);
}

/* The connection began before the NAT. */
static void
pick_up(void)
{
	inside.tcp_ack = outside.tcp_seq;
	send_out(ACK, 10);
}

/* A connection that began before the NAT: the peer's FIN is the first that comes from it. Killed
 * by: a state that loses it. */
static void
first_from_the_peer_is_its_fin(void **state)
{
	(void)state;
	pick_up();
	send_in(FIN, 0);
	send_out(ACK, 0);
	assert_int_equal(session()->tcp_state, NF_TCP_FIN_IN);
	send_out(FIN, 0);
	send_in(ACK, 0);
	lives_for(TRANSITORY);
}

/* The same from inside. */
static void
second_from_inside_is_its_fin(void **state)
{
	(void)state;
	pick_up();
	send_out(FIN, 0);
	send_in(ACK, 0);
	assert_int_equal(session()->tcp_state, NF_TCP_FIN_OUT);
	send_in(FIN, 0);
	send_out(ACK, 0);
	lives_for(TRANSITORY);
	pick_up();
	send_out(FIN, 0);
	lives_for(TRANSITORY); /* the peer has never answered */
}

/* A server that closes at once: its FIN comes before the third segment of the handshake. */
static void
fin_comes_with_the_handshake(void **state)
{
	(void)state;
	send_out(SYN, 0);
	send_in(SYNACK, 0);
	send_in(FIN, 0);
	send_out(ACK, 0);
	send_out(FIN, 0);
	send_in(ACK, 0);
	lives_for(TRANSITORY);
}

/* RFC 6146: both have said SYN, and the inside acknowledged the other's: nothing more need come
 * from it. Killed by: waiting for an ACK without SYN. */
static void
simultaneous_open_is_open(void **state)
{
	(void)state;
	send_out(SYN, 0);
	send_in(SYN, 0);
	inside.tcp_seq--;
	send_out(SYNACK, 0);
	lives_for(ESTABLISHED);
}

/* Whoever guesses the peer's address and port alone opens nothing. Killed by: an acknowledgement
 * that is not compared with what was sent. */
static void
blind_answers_open_nothing(void **state)
{
	static const uint8_t flags[] = {SYNACK, ACK, FIN, RST | ACK};

	(void)state;
	send_out(SYN, 0);
	for (size_t i = 0; i < RTE_DIM(flags); i++) {
		struct harness_packet p = forged(flags[i], 77);

		p.tcp_ack = inside.tcp_seq + 70000;
		harness_pass(&h, &p, NAT_INSIDE);
		assert_int_equal(session()->tcp_state, NF_TCP_OPENING);
	}
	send_out(ACK, 0);
	lives_for(TRANSITORY);
}

/* ---- other peers
 * ---------------------------------------------------------------------------------------- */

/* Killed by: telling peers apart by fewer bits than they have. */
static void
no_stranger_looks_like_the_peer(void **state)
{
	struct harness_packet p;

	(void)state;
	send_out(SYN, 0);
	p = forged(SYNACK, 1);
	for (uint32_t port = 0; port < 65536; port++) {
		p.src = STRANGER;
		p.src_port = (uint16_t)port;
		harness_pass(&h, &p, NAT_INSIDE);
		assert_int_equal(session()->tcp_state, NF_TCP_OPENING);
	}
	p.src = SERVER;
	p.src_port = 81;
	harness_pass(&h, &p, NAT_INSIDE);
	assert_int_equal(session()->tcp_state, NF_TCP_OPENING);
}

/* A half-closed connection is alive: a second one beside it does not take its time away. Killed by:
 * following the second one alone. */
static void
second_peer_beside_a_half_closed_one(void **state)
{
	struct harness_packet second;

	(void)state;
	handshake();
	send_out(FIN, 0);
	second = inside;
	second.dst_port = 443;
	second.tcp_flags = SYN;
	harness_pass(&h, &second, NAT_OUTSIDE);
	lives_for(ESTABLISHED);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_default, close_it)
	const struct CMUnitTest tests[] = {
		TEST(blind_reset_changes_nothing),
		TEST(reset_makes_it_transitory),
		TEST(data_after_reset_revives),
		TEST(reset_in_the_window_is_doubted),
		TEST(reset_with_a_wrong_checksum_changes_nothing),
		TEST(reset_in_fragments_changes_nothing),
		TEST(reset_in_several_segments_is_summed),
		TEST(reset_that_is_not_forwarded_changes_nothing),
		TEST(reset_after_long_silence_waits_its_time),
		cmocka_unit_test_setup_teardown(peer_may_send_while_a_reset_waits, open_filtered,
						close_it),
		TEST(window_is_scaled_by_both_or_not),
		TEST(numbers_wrap_around),
		TEST(old_segments_move_nothing_back),
		TEST(only_syn_opens),
		TEST(first_from_the_peer_is_its_fin),
		TEST(second_from_inside_is_its_fin),
		TEST(fin_comes_with_the_handshake),
		TEST(simultaneous_open_is_open),
		TEST(blind_answers_open_nothing),
		TEST(no_stranger_looks_like_the_peer),
		TEST(second_peer_beside_a_half_closed_one),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
