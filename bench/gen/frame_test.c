/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: what is written is read; every damaged bit is seen; hostile bytes are survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"

static const struct frame_addresses addresses = {
	.src_mac = {2, 0, 0, 0, 1, 2},
	.dst_mac = {2, 0, 0, 0, 1, 1},
	.src_ip = 0x64410003,
	.dst_ip = 0xc0000205,
	.src_port = 1024,
	.dst_port = 7001,
};

static const struct frame_payload payload = {
	.ticket = {.flow = 70000,
		   .life = 3,
		   .seq = 0x01020304,
		   .window = 9,
		   .direction = LEDGER_DOWN},
	.kind = FRAME_ECHO_REPLY,
	.sent_ns = UINT64_C(0x1122334455667788),
	.echo_ns = UINT64_C(0x8877665544332211),
};

static void
what_is_written_is_read(void **state)
{
	static const size_t sizes[] = {FRAME_MIN_SIZE, 91, 128, 1513, FRAME_MAX_SIZE};
	uint8_t frame[FRAME_MAX_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct frame_payload p = {0};
		struct frame_view v;

		frame_write_udp(frame, sizes[i], &addresses, &payload);
		v = frame_parse(frame, sizes[i], false);
		assert_int_equal(v.kind, FRAME_UDP);
		assert_memory_equal(v.src_mac, addresses.src_mac, FRAME_MAC_SIZE);
		assert_memory_equal(v.dst_mac, addresses.dst_mac, FRAME_MAC_SIZE);
		assert_int_equal(v.src_ip, addresses.src_ip);
		assert_int_equal(v.dst_ip, addresses.dst_ip);
		assert_int_equal(v.src_port, addresses.src_port);
		assert_int_equal(v.dst_port, addresses.dst_port);
		assert_false(v.checksum_missing);
		assert_true(frame_payload_parse(v.payload, v.payload_size, &p));
		assert_int_equal(p.ticket.flow, payload.ticket.flow);
		assert_int_equal(p.ticket.life, payload.ticket.life);
		assert_int_equal(p.ticket.seq, payload.ticket.seq);
		assert_int_equal(p.ticket.window, payload.ticket.window);
		assert_int_equal(p.ticket.direction, payload.ticket.direction);
		assert_int_equal(p.kind, payload.kind);
		assert_int_equal(p.sent_ns, payload.sent_ns);
		assert_int_equal(p.echo_ns, payload.echo_ns);
	}
}

/* A frame of another program (scapy): writer and reader might share an error. */
static void
a_known_frame(void **state)
{
	static const uint8_t known[] = {
		2,    0,    0, 0,  1,   1, 2,    0, 0,  0,  1,    2,    8, 0, /* Ethernet */
		0x45, 0,    0, 30, 0,   0, 0x40, 0, 64, 17, 0x14, 0x86,       /* IPv4 */
		100,  65,   0, 3,  192, 0, 2,    5, 4,  0,  0x1b, 0x59, 0, 10, 0x71, 0xce, /* UDP */
		0x48, 0x69,
	};
	struct frame_view v = frame_parse(known, sizeof(known), false);

	(void)state;
	assert_int_equal(v.kind, FRAME_UDP);
	assert_int_equal(v.src_ip, 0x64410003);
	assert_int_equal(v.dst_port, 7001);
	assert_int_equal(v.payload_size, 2);
	assert_memory_equal(v.payload, "Hi", 2);
}

static void
padding_behind_the_packet_is_not_payload(void **state)
{
	uint8_t frame[FRAME_MAX_SIZE] = {0};
	struct frame_payload p;
	struct frame_view v;

	(void)state;
	frame_write_udp(frame, 128, &addresses, &payload);
	v = frame_parse(frame, 140, false);
	assert_int_equal(v.kind, FRAME_UDP);
	assert_int_equal(v.payload_size, 86);
	assert_true(frame_payload_parse(v.payload, v.payload_size, &p));
}

static bool
is_readable(const uint8_t *frame, size_t size)
{
	struct frame_view v = frame_parse(frame, size, false);
	struct frame_payload p;

	return v.kind == FRAME_UDP && !v.checksum_missing &&
	       frame_payload_parse(v.payload, v.payload_size, &p);
}

static void
every_bit_behind_the_macs_counts(void **state)
{
	uint8_t frame[FRAME_MAX_SIZE];

	(void)state;
	frame_write_udp(frame, 128, &addresses, &payload);
	assert_true(is_readable(frame, 128));
	for (size_t bit = 12 * 8; bit < 128 * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (is_readable(frame, 128))
			fail_msg("bit %zu may change", bit);
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(is_readable(frame, 128));
}

static void
what_the_checksum_cannot_see_the_hash_does(void **state)
{
	uint8_t frame[FRAME_MAX_SIZE], word[2];

	(void)state;
	frame_write_udp(frame, 128, &addresses, &payload);
	memcpy(word, &frame[54], 2); /* two words of the ticket change places */
	memcpy(&frame[54], &frame[56], 2);
	memcpy(&frame[56], word, 2);
	assert_int_equal(frame_parse(frame, 128, false).kind, FRAME_UDP);
	assert_false(is_readable(frame, 128));
}

static void
a_vouched_for_checksum_is_not_computed(void **state)
{
	uint8_t frame[FRAME_MAX_SIZE];
	struct frame_view v;

	(void)state;
	frame_write_udp(frame, 128, &addresses, &payload);
	frame[40] ^= 1;
	assert_int_equal(frame_parse(frame, 128, false).kind, FRAME_BROKEN);
	assert_int_equal(frame_parse(frame, 128, true).kind, FRAME_UDP);
	frame[40] = frame[41] = 0;
	v = frame_parse(frame, 128, false);
	assert_int_equal(v.kind, FRAME_UDP);
	assert_true(v.checksum_missing);
}

static void
arp_is_read_and_written(void **state)
{
	uint8_t frame[FRAME_ARP_SIZE];
	struct frame_view v;

	(void)state;
	frame_write_arp(frame, FRAME_ARP_REQUEST, &addresses);
	v = frame_parse(frame, sizeof(frame), false);
	assert_int_equal(v.kind, FRAME_ARP_REQUEST);
	assert_memory_equal(v.dst_mac, "\xff\xff\xff\xff\xff\xff", FRAME_MAC_SIZE);
	assert_int_equal(v.src_ip, addresses.src_ip);
	assert_int_equal(v.dst_ip, addresses.dst_ip);
	frame_write_arp(frame, FRAME_ARP_REPLY, &addresses);
	v = frame_parse(frame, sizeof(frame), false);
	assert_int_equal(v.kind, FRAME_ARP_REPLY);
	assert_memory_equal(v.src_mac, addresses.src_mac, FRAME_MAC_SIZE);
	assert_memory_equal(v.dst_mac, addresses.dst_mac, FRAME_MAC_SIZE);
	assert_int_equal(frame_parse(frame, 41, false).kind, FRAME_OTHER);
}

/* Exact allocations, so that a sanitizer sees every byte read too far. */
static void
hostile_bytes_are_survived(void **state)
{
	uint8_t good[FRAME_MAX_SIZE];

	(void)state;
	srandom(815);
	for (unsigned i = 0; i < 20000; i++) {
		size_t size = (size_t)random() % 160;
		uint8_t *frame = malloc(size + 1);
		struct frame_payload p;
		struct frame_view v;

		frame_write_udp(good, 160, &addresses, &payload);
		memcpy(frame, good, size);
		for (unsigned n = (unsigned)random() % 4; n > 0 && size > 0; n--)
			frame[(size_t)random() % size] = (uint8_t)random();
		v = frame_parse(frame, size, i % 2);
		if (v.payload != NULL) {
			assert_true(v.payload + v.payload_size <= frame + size);
			frame_payload_parse(v.payload, v.payload_size, &p);
		}
		free(frame);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_known_frame),
		cmocka_unit_test(padding_behind_the_packet_is_not_payload),
		cmocka_unit_test(every_bit_behind_the_macs_counts),
		cmocka_unit_test(what_the_checksum_cannot_see_the_hash_does),
		cmocka_unit_test(a_vouched_for_checksum_is_not_computed),
		cmocka_unit_test(arp_is_read_and_written),
		cmocka_unit_test(hostile_bytes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
