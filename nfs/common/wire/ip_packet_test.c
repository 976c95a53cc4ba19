/* SPDX-License-Identifier: Apache-2.0 */
/* IP packets and the segment size that they announce, octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "ip_packet.h"
#include "mss.h"

static uint8_t room[128];

static uint16_t
sum_of(const uint8_t *at, uint32_t size, uint32_t sum)
{
	for (uint32_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* An IPv4 packet of `total` octets, its header right. */
static uint8_t *
ipv4(uint16_t total, uint8_t protocol)
{
	static const uint8_t header[20] = {0x45, 0, 0,   0, 0, 0, 0,   0,  64,  0,
					   0,    0, 192, 0, 2, 1, 198, 51, 100, 7};
	uint16_t sum;

	memset(room, 0, sizeof(room));
	memcpy(room, header, sizeof(header));
	room[2] = (uint8_t)(total >> 8);
	room[3] = (uint8_t)total;
	room[9] = protocol;
	sum = (uint16_t)~sum_of(room, 20, 0);
	room[10] = (uint8_t)(sum >> 8);
	room[11] = (uint8_t)sum;
	return room;
}

/* ---- whole --------------------------------------------------------------------------------------------- */

/* Killed by: a length that is not compared with what is there, or with the header's; a checksum that is not looked at; padding
 * taken for the packet. */
static void
a_packet_is_what_its_header_says(void **state)
{
	struct nf_ip p;

	(void)state;
	assert_int_equal(nf_ip_read(room, 0, &p), NF_IP_HEADER);
	assert_int_equal(nf_ip_read(ipv4(30, 17), 46, &p), NF_IP_RIGHT);
	assert_int_equal(p.size, 30);
	assert_false(p.is_ipv6);
	assert_int_equal(nf_ip_read(ipv4(30, 17), 29, &p), NF_IP_HEADER);
	assert_int_equal(nf_ip_read(ipv4(19, 17), 46, &p), NF_IP_HEADER);
	assert_int_equal(nf_ip_read(ipv4(30, 17), 19, &p), NF_IP_HEADER);
	ipv4(30, 17)[8]++;
	assert_int_equal(nf_ip_read(room, 46, &p), NF_IP_CHECKSUM);
	ipv4(30, 17)[0] = 0x44;
	assert_int_equal(nf_ip_read(room, 46, &p), NF_IP_HEADER);
	ipv4(30, 17)[0] = 0x55;
	assert_int_equal(nf_ip_read(room, 46, &p), NF_IP_HEADER);
	memset(room, 0, sizeof(room));
	room[0] = 0x60;
	room[5] = 8;
	assert_int_equal(nf_ip_read(room, 60, &p), NF_IP_RIGHT);
	assert_int_equal(p.size, 48);
	assert_true(p.is_ipv6);
	assert_int_equal(nf_ip_read(room, 47, &p), NF_IP_HEADER);
	assert_int_equal(nf_ip_read(room, 39, &p), NF_IP_HEADER);
	room[4] = 0xff;
	room[5] = 0xff;
	assert_int_equal(nf_ip_read(room, UINT32_MAX, &p), NF_IP_HEADER);
}

/* Killed by: 0 sent on, a checksum that does not follow. */
static void
a_hop_is_counted(void **state)
{
	struct nf_ip p;

	(void)state;
	for (uint32_t ttl = 2; ttl < 256; ttl++) {
		uint16_t sum;

		ipv4(30, 6)[8] = (uint8_t)ttl;
		room[10] = room[11] = 0;
		sum = (uint16_t)~sum_of(room, 20, 0);
		room[10] = (uint8_t)(sum >> 8);
		room[11] = (uint8_t)sum;
		assert_int_equal(nf_ip_read(room, 30, &p), NF_IP_RIGHT);
		assert_false(nf_ip_ttl_is_over(&p));
		nf_ip_decrement_ttl(&p);
		assert_int_equal(room[8], ttl - 1);
		assert_int_equal(sum_of(room, 20, 0), 0xffff);
	}
	assert_true(nf_ip_ttl_is_over(&p) == (room[8] <= 1));
	room[8] = 1;
	assert_true(nf_ip_ttl_is_over(&p));
	room[8] = 0;
	assert_true(nf_ip_ttl_is_over(&p));
}

/* ---- segments ------------------------------------------------------------------------------------------ */

struct sample {
	const char *name;
	uint16_t before; /* as it is announced; 0: it is not found */
	uint16_t after;  /* 0: it stays as it is */
	uint8_t flags;
	uint8_t words; /* of the header */
	uint8_t at;    /* of the value among the options */
	uint8_t options[20];
};

/* The way takes packets of 1492 octets. */
static const struct sample samples[] = {
	{"too much", 1460, 1452, 2, 6, 2, {2, 4, 5, 180}},
	{"of an answer", 1460, 1452, 0x12, 6, 2, {2, 4, 5, 180}},
	{"enough", 1452, 0, 2, 6, 2, {2, 4, 5, 172}},
	{"one too much", 1453, 1452, 2, 6, 2, {2, 4, 5, 173}},
	{"no SYN", 1460, 0, 0x10, 6, 2, {2, 4, 5, 180}},
	{"no options", 0, 0, 2, 5, 0, {2, 4, 5, 180}},
	{"behind others", 1460, 1452, 2, 9, 10, {1, 3, 3, 7, 4, 2, 1, 1, 2, 4, 5, 180}},
	{"at an odd octet", 1460, 1452, 2, 7, 3, {1, 2, 4, 5, 180, 1, 1, 1}},
	{"behind the end of the list", 0, 0, 2, 7, 0, {0, 2, 4, 5, 180}},
	{"of another length", 0, 0, 2, 7, 0, {2, 5, 5, 180, 0}},
	{"an option of length 0", 0, 0, 2, 7, 0, {3, 0, 2, 4, 5, 180}},
	{"an option of length 1", 0, 0, 2, 7, 0, {3, 1, 2, 4, 5, 180}},
	{"an option beyond the end", 0, 0, 2, 6, 0, {3, 5, 2, 4, 5, 180}},
	{"it is cut by the header's end", 0, 0, 2, 6, 0, {1, 1, 2, 4, 5, 180}},
};

static void
put_tcp(uint8_t *tcp, const struct sample *s)
{
	memset(tcp, 0x11, 20);
	tcp[12] = (uint8_t)(s->words << 4);
	tcp[13] = s->flags;
	memcpy(tcp + 20, s->options, sizeof(s->options));
}

/* Killed by: a limit without headers, a flag that is not asked, a step beyond the options, a sum of the wrong octets. */
static void
a_syn_announces_what_the_way_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(samples); i++) {
		const struct sample *s = &samples[i];
		struct nf_ip p = {ipv4(60, 6), 60, false};
		uint8_t *tcp = room + 20, copy[40];
		uint16_t sum;

		put_tcp(tcp, s);
		sum = sum_of(tcp, 40, 0);
		memcpy(copy, tcp, 40);
		if (nf_mss_clamp(&p, 1492) != (s->after != 0))
			fail_msg("%s", s->name);
		if (s->after == 0) {
			assert_memory_equal(tcp, copy, 40);
			continue;
		}
		assert_int_equal(tcp[20 + s->at] << 8 | tcp[21 + s->at], s->after);
		if (sum_of(tcp, 40, 0) != sum)
			fail_msg("%s: the sum", s->name);
	}
}

/* Killed by: IPv4's headers for IPv6, a later fragment taken for a header, another protocol. */
static void
of_both_families(void **state)
{
	struct nf_ip p = {room, 80, true};

	(void)state;
	memset(room, 0, sizeof(room));
	room[0] = 0x60;
	room[6] = 6;
	put_tcp(room + 40, &samples[0]);
	assert_true(nf_mss_clamp(&p, 1492));
	assert_int_equal(room[62] << 8 | room[63], 1432);
	put_tcp(room + 40, &samples[0]);
	room[6] = 17;
	assert_false(nf_mss_clamp(&p, 1492));
	p = (struct nf_ip){ipv4(60, 6), 60, false};
	put_tcp(room + 20, &samples[0]);
	room[7] = 1;
	assert_false(nf_mss_clamp(&p, 1492));
	room[7] = 0;
	p.size = 39;
	assert_false(nf_mss_clamp(&p, 1492));
	p.size = 43;
	assert_false(nf_mss_clamp(&p, 1492));
	p.size = 44;
	assert_true(nf_mss_clamp(&p, 1492));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_is_what_its_header_says),
		cmocka_unit_test(a_hop_is_counted),
		cmocka_unit_test(a_syn_announces_what_the_way_takes),
		cmocka_unit_test(of_both_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
