/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels: what is written is read, headers are passed over, hostile bytes are survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "tunnel.h"

#define SIZE 128u
#define GTPU (BYTES_ETHER + BYTES_IP + BYTES_UDP)

static const struct frame_addresses inside = {
	.src_ip = 0x64410003, .dst_ip = 0xc0000205, .src_port = 1024, .dst_port = 7001};
static const struct frame_payload payload = {.ticket = {.flow = 7, .life = 1, .seq = 9}};

static size_t
write_one(uint8_t *frame, uint8_t qfi)
{
	const struct tunnel_end end = {
		.src_mac = {2, 0, 0, 0, 1, 2},
		.dst_mac = {2, 0, 0, 0, 1, 1},
		.src_ip = 0x0a800001,
		.dst_ip = 0x64400001,
		.teid = 0x40410003,
		.qfi = qfi,
	};

	frame_write_udp(frame + tunnel_overhead(qfi), SIZE, &inside, &payload);
	return tunnel_write(frame, SIZE, &end);
}

static void
assert_packet(const struct tunnel_view *v)
{
	struct frame_view packet = frame_parse_packet(v->packet, v->packet_size);
	struct frame_payload p;

	assert_int_equal(v->packet_size, SIZE - BYTES_ETHER);
	assert_int_equal(packet.kind, FRAME_UDP);
	assert_int_equal(packet.src_ip, inside.src_ip);
	assert_int_equal(packet.dst_port, inside.dst_port);
	assert_true(frame_payload_parse(packet.payload, packet.payload_size, &p));
	assert_int_equal(p.ticket.flow, 7);
}

static void
what_is_written_is_read(void **state)
{
	uint8_t frame[SIZE + TUNNEL_MAX_OVERHEAD];

	(void)state;
	for (uint8_t qfi = 0; qfi < 64; qfi += 21) {
		size_t size = write_one(frame, qfi);
		struct tunnel_view v = tunnel_parse(frame, size);

		assert_int_equal(size, SIZE + (qfi != 0 ? 44 : 36));
		assert_int_equal(v.kind, TUNNEL_G_PDU);
		assert_int_equal(v.src_ip, 0x0a800001);
		assert_int_equal(v.dst_ip, 0x64400001);
		assert_int_equal(v.teid, 0x40410003);
		assert_int_equal(v.qfi, 0); /* of an uplink container: not for a cell */
		assert_packet(&v);
	}
}

static void
the_outside_is_as_the_standard_says(void **state)
{
	uint8_t frame[SIZE + TUNNEL_MAX_OVERHEAD];
	size_t size = write_one(frame, 9);

	(void)state;
	assert_int_equal(bytes_get_be16(frame + 12), 0x0800);
	assert_int_equal(bytes_get_be16(frame + BYTES_ETHER + 2), size - BYTES_ETHER);
	assert_int_equal(bytes_get_be16(frame + BYTES_ETHER + BYTES_IP + 2), 2152);
	assert_int_equal(frame[GTPU], 0x34);     /* version 1, GTP, extension header */
	assert_int_equal(frame[GTPU + 1], 0xff); /* G-PDU */
	assert_int_equal(bytes_get_be16(frame + GTPU + 2), SIZE - BYTES_ETHER + 8);
	assert_int_equal(frame[GTPU + 11], 0x85); /* PDU session container */
	assert_int_equal(frame[GTPU + 12], 1);
	assert_int_equal(frame[GTPU + 13], 0x10); /* uplink */
	assert_int_equal(frame[GTPU + 14], 9);
	assert_int_equal(frame[GTPU + 15], 0); /* no more */
}

static void
a_downlink_container_shows_its_qfi(void **state)
{
	uint8_t frame[SIZE + TUNNEL_MAX_OVERHEAD];
	size_t size = write_one(frame, 9);
	struct tunnel_view v;

	(void)state;
	frame[GTPU + 13] = 0; /* downlink */
	v = tunnel_parse(frame, size);
	assert_int_equal(v.kind, TUNNEL_G_PDU);
	assert_int_equal(v.qfi, 9);
	assert_packet(&v);
}

static void
messages_are_told_apart(void **state)
{
	uint8_t frame[SIZE + TUNNEL_MAX_OVERHEAD];
	size_t size = write_one(frame, 0);

	(void)state;
	frame[GTPU + 1] = 254;
	assert_int_equal(tunnel_parse(frame, size).kind, TUNNEL_END_MARKER);
	assert_int_equal(tunnel_parse(frame, size).teid, 0x40410003);
	frame[GTPU + 1] = 26;
	assert_int_equal(tunnel_parse(frame, size).kind, TUNNEL_SIGNAL);
	frame[GTPU + 1] = 255;
	frame[GTPU] = 0x50; /* version 2 */
	assert_int_equal(tunnel_parse(frame, size).kind, TUNNEL_OTHER);
	write_one(frame, 0);
	frame[BYTES_ETHER + 8]--; /* the checksum is wrong now */
	assert_int_equal(tunnel_parse(frame, size).kind, TUNNEL_OTHER);
}

/* Any bytes, cut anywhere: nothing behind the end is read (the sanitizer watches). */
static void
hostile_bytes_are_survived(void **state)
{
	(void)state;
	srandom(1);
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t whole[SIZE + TUNNEL_MAX_OVERHEAD];
		size_t size = write_one(whole, round % 2 ? 9 : 0);
		size_t cut = (size_t)random() % (size + 1);
		uint8_t *frame = malloc(cut == 0 ? 1 : cut);
		struct tunnel_view v;

		assert_non_null(frame);
		for (unsigned i = 0; i < 3; i++)
			whole[GTPU - 8 + (size_t)random() % 28] = (uint8_t)random();
		memcpy(frame, whole, cut);
		v = tunnel_parse(frame, cut);
		if (v.kind != TUNNEL_OTHER)
			assert_true(v.packet + v.packet_size <= frame + cut);
		free(frame);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_outside_is_as_the_standard_says),
		cmocka_unit_test(a_downlink_container_shows_its_qfi),
		cmocka_unit_test(messages_are_told_apart),
		cmocka_unit_test(hostile_bytes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
