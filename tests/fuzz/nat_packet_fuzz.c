/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the packet path of slim-nat. Built in two ways:
 *
 *	scripts/fuzz	a libFuzzer target
 *	otherwise	a unit test: mutations of good packets
 *
 * The input is a series of frames: a control byte, a size byte, the frame. The control byte may ask to put
 * MAC address and checksums right, so that noise gets past the first checks. Each frame
 * stands in memory of exactly its size, so that a sanitizer sees every byte too many.
 *
 * What is checked besides memory: no packet is lost (all mbufs come back), and indexes, ports and
 * subscribers agree with the slots.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "harness_test.h"

#define FRAMES_MAX 16
#define VLAN 7
#define TAG_SIZE 4
#define CHECK_EVERY 64 /* inputs between two walks over the tables */

enum control {
	FROM_OUTSIDE = 1u << 0,
	RIGHT_MAC = 1u << 1,
	RIGHT_IP_CHECKSUM = 1u << 2,
	RIGHT_ICMP_CHECKSUM = 1u << 3,
	TO_WORKER_1 = 1u << 4,
	TIME_PASSES = 1u << 5,
	WRONG_TAG =
		1u << 6, /* from inside: the frame stands as it is, and has its own tag or none */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct harness h;
static unsigned int n_inputs;

static void
open_once(void)
{
	struct nat_config config;

	if (h.nat != NULL)
		return;
	assert_true(harness_start_eal());
	harness_defaults(&config);
	config.n_workers = 2;
	/* Four ports a bucket, so that packets from outside meet mappings. */
	config.port_first = 1024;
	config.port_last = 2047;
	config.sides[NAT_INSIDE].vlan = VLAN;
	config.fragments = 2;
	config.fragments_waiting = 4;
	config.exempt[0] = (struct nat_exempt){
		.prefix = {.address = IP(192, 0, 2, 3), .mask = UINT32_MAX},
		.by_port = true,
		.port_first = 1024,
		.port_last = 1500,
	};
	config.n_exempt = 1;
	config.filtering = NAT_FILTERING_ADDRESS;
	config.peers = 64;
	config.peers_per_mapping = 4;
	config.pcp.enabled = true;
	config.pcp.mappings = 64;
	harness_open(&h, &config, true);
}

static uint16_t
checksum(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
put_checksum(uint8_t *from, size_t size, size_t offset)
{
	uint16_t value;

	from[offset] = from[offset + 1] = 0;
	value = checksum(from, size);
	from[offset] = (uint8_t)(value >> 8);
	from[offset + 1] = (uint8_t)value;
}

static void
put_right(uint8_t *frame, size_t size, uint8_t control)
{
	static const uint8_t mac[] = {2, 0, 0, 0, 1, 1};
	size_t header, total;

	if (size < 34)
		return;
	if (control & RIGHT_MAC) {
		memcpy(frame, mac, sizeof(mac));
		frame[4] = control & FROM_OUTSIDE ? 2 : 1;
	}
	header = (frame[14] & 15u) * 4u;
	total = (size_t)frame[16] << 8 | frame[17];
	if (14 + total > size || total < header + 8)
		return;
	if ((control & RIGHT_ICMP_CHECKSUM) && frame[23] == 1)
		put_checksum(frame + 14 + header, total - header, 2);
	if ((control & RIGHT_IP_CHECKSUM) && header >= 20)
		put_checksum(frame + 14, header, 10);
}

static void
release(void *memory, void *opaque)
{
	(void)opaque;
	free(memory);
}

/* Puts the tag of the inside into a frame behind whose first 12 bytes there is room for it. */
static void
put_tag(uint8_t *frame)
{
	static const uint8_t tag[TAG_SIZE] = {0x81, 0x00, 0xe0, VLAN};

	memmove(frame, frame + TAG_SIZE, 12);
	memcpy(frame + 12, tag, TAG_SIZE);
}

/* An mbuf on memory of exactly this size, with room for a tag in front. */
static struct rte_mbuf *
wrap(const uint8_t *bytes, uint16_t size, uint8_t control)
{
	/* The counter of references stands in front: behind it a write too far would hit it. */
	struct rte_mbuf_ext_shared_info *info;
	struct rte_mbuf *m = rte_pktmbuf_alloc(h.pool);
	uint32_t front = sizeof(*info) + TAG_SIZE;
	uint8_t *memory = malloc(front + size), *frame;

	assert_non_null(m);
	assert_non_null(memory);
	info = (struct rte_mbuf_ext_shared_info *)(void *)memory;
	info->free_cb = release;
	info->fcb_opaque = NULL;
	rte_mbuf_ext_refcnt_set(info, 1);
	frame = memory + front;
	memcpy(frame, bytes, size);
	put_right(frame, size, control);
	if (!(control & (FROM_OUTSIDE | WRONG_TAG)) && size >= 12) {
		frame -= TAG_SIZE;
		size += TAG_SIZE;
		put_tag(frame);
	}
	rte_pktmbuf_attach_extbuf(m, memory, RTE_BAD_IOVA, (uint16_t)(frame + size - memory), info);
	m->data_off = (uint16_t)(frame - memory);
	m->data_len = size;
	m->pkt_len = size;
	return m;
}

static void
drain(void)
{

	for (uint8_t side = 0; side < NAT_N_SIDES; side++)
		harness_drain(&h, side);
}

static uint32_t
n_waiting(void)
{
	uint32_t n = 0;

	for (uint16_t w = 0; w < h.config.n_workers; w++)
		n += nat_fragments_of(&h.nat->fragments, w)->early.n_packets +
		     nf_neighbour_waiting(nf_share_at(&h.nat->neighbours.shares, w));
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	open_once();
	for (int i = 0; i < FRAMES_MAX && size > 2; i++) {
		uint8_t control = data[0];
		uint16_t length = (uint16_t)RTE_MIN((size_t)data[1], size - 2);
		uint8_t side = control & FROM_OUTSIDE ? NAT_OUTSIDE : NAT_INSIDE;

		if (length != 0)
			harness_send(&h, side, wrap(data + 2, length, control),
				     control & TO_WORKER_1 ? 1 : 0);
		if (control & TIME_PASSES)
			harness_wait(&h, 30 * HARNESS_SECOND);
		drain();
		data += 2 + length;
		size -= 2u + length;
	}
	/* Fragments may wait for their first one, packets for a neighbour. */
	assert_int_equal(harness_in_use(&h), n_waiting());
	if (++n_inputs % CHECK_EVERY == 0)
		harness_check(&h);
	return 0;
}

#ifndef FUZZ_LIBFUZZER

#define N_INPUTS 20000
#define INPUT_MAX 2048

static uint64_t seed = 88172645463325252u;

static uint32_t
dice(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

/* The packet becomes a first or a later fragment of one of a few datagrams. */
static void
make_fragment(uint8_t *frame, size_t *size)
{
	uint32_t offset = dice(2) * dice(4);
	size_t length = (*size - 34) / 8 * 8;

	frame[17] = (uint8_t)(20 + length);
	frame[16] = 0;
	frame[18] = 0;
	frame[19] = (uint8_t)dice(4);
	frame[20] = 0x20;
	frame[21] = (uint8_t)offset;
	*size = 34 + length;
}

/* A MAP of some port for some seconds; the nonce is zero. */
static struct rte_mbuf *
pcp_request(const struct harness_packet *like)
{
	struct harness_packet p = *like;
	uint8_t bytes[60] = {2, 1, 0, 0, 0, 0, 0, (uint8_t)dice(200)};

	if (dice(8) == 0)
		bytes[1] = (uint8_t)dice(128); /* another operation */
	p.protocol = 17;
	p.dst = IP(100, 64, 0, 1);
	p.dst_port = NAT_PCP_PORT;
	bytes[18] = bytes[19] = 0xff;
	for (int i = 0; i < 4; i++)
		bytes[20 + i] = (uint8_t)(p.src >> (24 - 8 * i));
	bytes[36] = 17;
	bytes[40] = 4;
	bytes[41] = (uint8_t)dice(4);
	return harness_build_udp(&h, &p, bytes, sizeof(bytes));
}

/* A good packet of some kind; few addresses and ports, so that mappings are found again. */
static size_t
good_frame(uint8_t *frame, uint8_t control)
{
	static const uint8_t protocols[] = {1, 6, 17, 1};
	static const uint8_t types[] = {0, 3, 8, 11, 12};
	struct harness_packet quoted = {0}, p = {.side = control & FROM_OUTSIDE ? 1 : 0};
	struct rte_mbuf *m;
	size_t size;

	p.protocol = protocols[dice(4)];
	p.icmp_type = types[dice(5)];
	p.tcp_flags = (uint8_t)dice(32);
	p.src = p.side == 0 ? IP(100, 65, 0, dice(4)) : IP(192, 0, 2, dice(4));
	p.dst = p.side == 0 && dice(4) != 0 ? IP(192, 0, 2, dice(4)) : IP(198, 51, 100, dice(2));
	p.src_port = (uint16_t)((4 + dice(4)) << 8 | dice(4));
	p.dst_port = (uint16_t)((4 + dice(4)) << 8 | dice(4));
	p.ttl = (uint8_t)(1 + dice(4));
	p.payload = (uint16_t)dice(40);
	if (p.protocol == 1 && dice(2)) {
		quoted = (struct harness_packet){.protocol = protocols[dice(4)],
						 .icmp_type = 8,
						 .src = p.dst,
						 .dst = p.src,
						 .src_port = p.dst_port,
						 .dst_port = p.src_port,
						 .payload = (uint16_t)dice(40)};
		p.quoted = &quoted;
	}
	if (p.side == 0 && dice(8) == 0)
		m = pcp_request(&p);
	else
		m = harness_build(&h, &p);
	size = RTE_MIN((size_t)rte_pktmbuf_data_len(m), (size_t)255);
	memcpy(frame, rte_pktmbuf_mtod(m, uint8_t *), size);
	rte_pktmbuf_free(m);
	if (dice(3) == 0)
		make_fragment(frame, &size);
	return size;
}

static size_t
make_input(uint8_t *input)
{
	size_t at = 0;

	for (uint32_t i = 1 + dice(6); i > 0 && at + 260 < INPUT_MAX; i--) {
		uint8_t control = (uint8_t)(dice(32) | RIGHT_MAC);
		size_t size = good_frame(input + at + 2, control);

		if (dice(8) != 0)
			control |= RIGHT_IP_CHECKSUM | RIGHT_ICMP_CHECKSUM;
		if (dice(16) == 0)
			control |= TIME_PASSES;
		if (dice(16) == 0)
			control |= WRONG_TAG;

		for (uint32_t changes = dice(4); changes > 0; changes--)
			input[at + 2 + dice((uint32_t)size)] = (uint8_t)dice(256);
		if (dice(8) == 0)
			size = 1 + dice((uint32_t)size);
		input[at] = control;
		input[at + 1] = (uint8_t)size;
		at += 2 + size;
	}
	return at;
}

static void
mutations_do_no_harm(void **state)
{
	static uint8_t input[INPUT_MAX];

	(void)state;
	open_once();
	for (int i = 0; i < N_INPUTS; i++)
		LLVMFuzzerTestOneInput(input, make_input(input));
	/* It was about something: packets got through all the way, in every kind. */
	assert_true(harness_counter(&h, NAT_translated_out) > 100);
	assert_true(harness_counter(&h, NAT_translated_in) > 100);
	assert_true(harness_counter(&h, NAT_hairpinned) > 0);
	assert_true(harness_counter(&h, NAT_routed_out) > 0);
	assert_true(harness_counter(&h, NAT_drop_filtered) > 0);
	assert_true(harness_counter(&h, NAT_pcp_granted) > 100);
	assert_true(harness_counter(&h, NAT_pcp_refused) > 10);
	assert_true(harness_counter(&h, NAT_drop_peer_limit) > 0);
	assert_true(harness_counter(&h, NAT_icmp_error_in) > 0);
	assert_true(harness_counter(&h, NAT_mapping_expired) > 10);
	assert_true(harness_counter(&h, NAT_fragment_early) > 100);
	assert_true(harness_counter(&h, NF_drop_vlan) > 100);
	assert_true(harness_counter(&h, NAT_drop_fragment_silent) > 10);
	assert_true(harness_counter(&h, NAT_drop_fragment_queue) > 10);
	assert_true(harness_counter(&h, NAT_drop_fragment_refused) > 0);
	assert_true(harness_counter(&h, NAT_fragment_forgotten) > 10);
	harness_wait(&h, 10 * HARNESS_SECOND);
	assert_int_equal(n_waiting(), 0);
	harness_check(&h);
	harness_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(mutations_do_no_harm)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
