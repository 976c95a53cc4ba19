/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that are wrong: each is counted by its name, none leaks, none is read beyond its end. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define N_NOISE 1000000

static struct harness h;

static int
open_default(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	harness_open(&h, &config, true);
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
good(uint8_t protocol)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = SUBSCRIBER,
				       .src_port = 5000,
				       .dst = SERVER,
				       .dst_port = 80,
				       .tcp_flags = 2,
				       .icmp_type = 8,
				       .payload = 40};
}

/* Puts the IPv4 header checksum right again. */
static void
mend(uint8_t *frame)
{
	uint32_t sum = 0, size = (frame[14] & 15u) * 4u;

	frame[24] = frame[25] = 0;
	for (uint32_t i = 0; i < size; i += 2)
		sum += (uint32_t)frame[14 + i] << 8 | frame[15 + i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	frame[24] = (uint8_t)(~sum >> 8);
	frame[25] = (uint8_t)~sum;
}

/* One byte of a good packet changed, or its end cut off. */
static const struct {
	const char *what;
	uint8_t protocol;
	uint16_t offset; /* in the frame */
	uint8_t value;
	uint16_t size; /* 0: all of it */
	bool mend;
	unsigned int counter;
} cases[] = {
	{"no Ethernet header", IPPROTO_UDP, 0, 2, 13, false, NAT_drop_runt},
	{"no IPv4 header", IPPROTO_UDP, 0, 2, 33, false, NAT_drop_runt},
	{"other MAC", IPPROTO_UDP, 5, 9, 0, false, NAT_drop_not_for_us},
	{"VLAN tag", IPPROTO_UDP, 12, 0x81, 0, false, NF_drop_vlan},
	{"IPv6 ethertype", IPPROTO_UDP, 12, 0x86, 0, false, NAT_drop_ethertype},
	{"version 6", IPPROTO_UDP, 14, 0x65, 0, true, NAT_drop_ip_header},
	{"header of 16 bytes", IPPROTO_UDP, 14, 0x44, 0, true, NAT_drop_ip_header},
	{"header longer than the packet", IPPROTO_UDP, 14, 0x4f, 44, false, NAT_drop_runt},
	{"total length below the header", IPPROTO_UDP, 17, 19, 0, true, NAT_drop_ip_header},
	{"total length beyond the frame", IPPROTO_UDP, 16, 4, 0, true, NAT_drop_runt},
	{"header checksum", IPPROTO_UDP, 24, 0x55, 0, false, NAT_drop_ip_checksum},
	{"fragment that ends in the midst of a unit", IPPROTO_TCP, 20, 0x20, 0, true,
	 NAT_drop_fragment},
	{"fragment of the TCP header", IPPROTO_TCP, 21, 1, 0, true, NAT_drop_fragment_header},
	{"protocol", IPPROTO_UDP, 23, 47, 0, true, NAT_drop_protocol},
	{"UDP length below its header", IPPROTO_UDP, 39, 7, 0, false, NAT_drop_l4_header},
	{"UDP length beyond the packet", IPPROTO_UDP, 38, 1, 0, false, NAT_drop_l4_header},
	{"UDP header cut off", IPPROTO_UDP, 17, 27, 0, true, NAT_drop_l4_header},
	{"TCP header cut off", IPPROTO_TCP, 17, 39, 0, true, NAT_drop_l4_header},
	{"TCP offset below 5", IPPROTO_TCP, 46, 0x40, 0, false, NAT_drop_l4_header},
	{"TCP offset beyond the packet", IPPROTO_TCP, 46, 0xf0, 60, false, NAT_drop_runt},
	{"ICMP header cut off", IPPROTO_ICMP, 17, 27, 0, true, NAT_drop_l4_header},
	{"ICMP redirect", IPPROTO_ICMP, 34, 5, 0, false, NAT_drop_icmp_type},
	{"ICMP error about nothing", IPPROTO_ICMP, 34, 3, 0, false, NAT_drop_icmp_error},
	{"echo reply without mapping", IPPROTO_ICMP, 34, 0, 0, false, NAT_drop_no_mapping},
	{"source 127", IPPROTO_UDP, 26, 127, 0, true, NAT_drop_bad_address},
	{"source multicast", IPPROTO_UDP, 26, 224, 0, true, NAT_drop_bad_address},
	{"source from outside", IPPROTO_UDP, 26, 9, 0, true, NAT_drop_spoofed},
	{"destination 0", IPPROTO_UDP, 30, 0, 0, true, NAT_drop_bad_address},
	{"destination broadcast", IPPROTO_UDP, 30, 255, 0, true, NAT_drop_bad_address},
	{"IPv4 options beyond the first segment", IPPROTO_UDP, 14, 0x4f, 60, false, NAT_drop_runt},
};

static void
each_is_counted_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct harness_packet p = good(cases[i].protocol);
		struct rte_mbuf *m = harness_build(&h, &p);
		uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
		uint64_t before = harness_counter(&h, cases[i].counter);

		frame[cases[i].offset] = cases[i].value;
		if (cases[i].mend)
			mend(frame);
		if (cases[i].size != 0)
			rte_pktmbuf_trim(m, (uint16_t)(rte_pktmbuf_data_len(m) - cases[i].size));
		harness_send(&h, NAT_INSIDE, m, 0);
		if (harness_counter(&h, cases[i].counter) != before + 1)
			fail_msg("%s: not counted", cases[i].what);
		assert_null(harness_take(&h, NAT_INSIDE));
		assert_null(harness_take(&h, NAT_OUTSIDE));
	}
	assert_int_equal(harness_in_use(&h), 0);
	assert_int_equal(harness_n_sessions(&h), 0);
}

static void
from_outside_only_mappings_get_in(void **state)
{
	struct harness_packet p = good(IPPROTO_UDP);

	(void)state;
	p.side = NAT_OUTSIDE;
	p.src = SERVER;
	p.dst = SUBSCRIBER;
	harness_dropped(&h, &p, NAT_drop_not_pool);
	p.dst = IP(198, 51, 100, 2);
	harness_dropped(&h, &p, NAT_drop_not_pool);
	p.dst = IP(198, 51, 100, 1);
	harness_dropped(&h, &p, NAT_drop_no_mapping);
}

static void
inside_to_inside_is_not_translated(void **state)
{
	struct harness_packet p = good(IPPROTO_UDP);

	(void)state;
	p.dst = IP(100, 65, 1, 1);
	harness_refused(&h, &p, 0, NAT_drop_no_route);
	assert_int_equal(harness_n_sessions(&h), 0);
}

/* Payload in further segments is passed; a header that is not in the first one is refused. */
static void
segments(void **state)
{
	struct harness_packet p = good(IPPROTO_UDP);
	struct rte_mbuf *m = harness_build(&h, &p), *rest;

	(void)state;
	rest = harness_raw(&h, rte_pktmbuf_mtod_offset(m, uint8_t *, 42), 40);
	rte_pktmbuf_trim(m, 40);
	assert_int_equal(rte_pktmbuf_chain(m, rest), 0);
	harness_send(&h, NAT_INSIDE, m, 0);
	m = harness_take(&h, NAT_OUTSIDE);
	assert_non_null(m);
	assert_int_equal(m->nb_segs, 2);
	rte_pktmbuf_free(m);
	m = harness_build(&h, &p);
	rest = harness_raw(&h, rte_pktmbuf_mtod_offset(m, uint8_t *, 38), 44);
	rte_pktmbuf_trim(m, 44);
	assert_int_equal(rte_pktmbuf_chain(m, rest), 0);
	harness_send(&h, NAT_INSIDE, m, 0);
	assert_int_equal(harness_counter(&h, NAT_drop_l4_header), 1);
}

static void
ip_options_are_passed(void **state)
{
	static uint8_t frame[86];
	struct harness_packet p = good(IPPROTO_UDP);
	struct rte_mbuf *m = harness_build(&h, &p);

	(void)state;
	memcpy(frame, rte_pktmbuf_mtod(m, uint8_t *), 34);
	memcpy(frame + 38, rte_pktmbuf_mtod_offset(m, uint8_t *, 34), 48);
	memset(frame + 34, 1, 4); /* no operation */
	frame[14] = 0x46;
	frame[17] = 72;
	mend(frame);
	rte_pktmbuf_free(m);
	harness_send(&h, NAT_INSIDE, harness_raw(&h, frame, sizeof(frame)), 0);
	m = harness_take(&h, NAT_OUTSIDE);
	assert_non_null(m);
	harness_parse(m); /* checksums */
	rte_pktmbuf_free(m);
}

static uint16_t
random_frame(uint8_t *frame)
{
	static const uint8_t types[] = {0, 3, 4, 5, 8, 11, 12, 13};
	struct harness_packet quoted = good((uint8_t[]){1, 6, 17}[rand() % 3]);
	struct harness_packet p = good((uint8_t[]){1, 1, 6, 17}[rand() % 4]);
	struct rte_mbuf *m;
	uint16_t size;

	p.side = rand() % 2 ? NAT_INSIDE : NAT_OUTSIDE;
	p.icmp_type = types[(size_t)rand() % RTE_DIM(types)];
	p.src_port = (uint16_t)(rand() % 4 << 8 | 7);
	p.ttl = (uint8_t)(1 + rand() % 3);
	p.payload = (uint16_t)(rand() % 64);
	if (p.side == NAT_OUTSIDE) {
		p.dst = IP(198, 51, 100, rand() % 2);
		p.src = SERVER;
		p.dst_port = (uint16_t)(rand() % 256 << 8 | 7);
		quoted.src = p.dst;
		quoted.src_port = p.dst_port;
	} else if (rand() % 4 == 0) {
		p.dst = IP(198, 51, 100, rand() % 2);
	}
	if (p.protocol == 1 && rand() % 2)
		p.quoted = &quoted;
	m = harness_build(&h, &p);
	size = rte_pktmbuf_data_len(m);
	memcpy(frame, rte_pktmbuf_mtod(m, uint8_t *), size);
	rte_pktmbuf_free(m);
	for (int i = rand() % 4; i > 0; i--)
		frame[rand() % (size < 100 ? size : 100)] = (uint8_t)rand();
	if (rand() % 2)
		mend(frame); /* may read options that lie beyond, within the buffer */
	if (rand() % 4 == 0)
		size = (uint16_t)(rand() % (size + 1));
	return p.side == NAT_OUTSIDE ? size | 0x8000 : size;
}

/* Good packets with a few bytes of noise. Killed by: any verdict that forgets to free. */
static void
noise_leaks_nothing(void **state)
{
	static uint8_t frame[4096];
	unsigned int seed = 20240607;

	(void)state;
	print_message("# seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < N_NOISE; i++) {
		uint16_t size = random_frame(frame);

		harness_send(&h, size & 0x8000 ? NAT_OUTSIDE : NAT_INSIDE,
			     harness_raw(&h, frame, size & 0x7fff), 0);
		for (uint8_t s = 0; s < NAT_N_SIDES; s++)
			harness_drain(&h, s);
		if (i % 1000 == 0)
			harness_wait(&h, 20 * HARNESS_SECOND);
	}
	harness_wait(&h, 10000 * HARNESS_SECOND);
	for (int i = 0; i < 5; i++)
		harness_wait(&h, 2 * HARNESS_SECOND);
	harness_sweep(&h);
	assert_int_equal(harness_n_sessions(&h), 0);
	assert_int_equal(harness_in_use(&h), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_default, close_it)
	const struct CMUnitTest tests[] = {
		TEST(each_is_counted_by_its_name),
		TEST(from_outside_only_mappings_get_in),
		TEST(inside_to_inside_is_not_translated),
		TEST(segments),
		TEST(ip_options_are_passed),
		TEST(noise_leaks_nothing),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
