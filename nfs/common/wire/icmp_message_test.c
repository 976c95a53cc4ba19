/* SPDX-License-Identifier: Apache-2.0 */
/* What errors may be about, and their octets, against a parser that is naive. Killed by: another length or checksum, a
 * longer quotation, an error about an error. */
#include "icmp_message.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define HOST 0x0a000001u
#define HERE 0x0a0000feu

static uint8_t packet[2048] __attribute__((aligned(8)));
static uint8_t out[2048] __attribute__((aligned(8)));

static uint16_t
sum_of(const uint8_t *octets, size_t n, uint32_t sum)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)octets[i] << 8 | octets[i + 1];
	if (n % 2 != 0)
		sum += (uint32_t)octets[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Over addresses, length and next header, as if these stood in front of the message. */
static uint32_t
pseudo_sum(const uint8_t *ip, uint32_t size)
{
	uint16_t addresses = (uint16_t)~sum_of(ip + 8, 32, 0);

	return addresses + size + IPPROTO_ICMPV6;
}

static struct rte_ipv4_hdr *
ipv4(uint8_t protocol, uint8_t type)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)packet;

	for (size_t i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)(i * 7);
	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.next_proto_id = protocol,
		.src_addr = RTE_BE32(HOST),
		.dst_addr = RTE_BE32(0xcb007101u),
	};
	packet[20] = type;
	return ip;
}

static struct rte_ipv6_hdr *
ipv6(uint8_t next)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)packet;

	memset(packet, 0, sizeof(packet));
	*ip = (struct rte_ipv6_hdr){.vtc_flow = RTE_BE32(6u << 28), .proto = next};
	memcpy(ip->src_addr, (uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1}, 16);
	memcpy(ip->dst_addr, (uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 2}, 16);
	return ip;
}

/* ---- about what ---------------------------------------------------------------------------------------- */

static void
nobody_is_told_of_errors(void **state)
{
	static const uint8_t errors[] = {3, 4, 5, 11, 12}, others[] = {0, 8, 9, 13, 14, 30};

	(void)state;
	for (size_t i = 0; i < sizeof(errors); i++)
		assert_false(nf_icmp_may_be_about(ipv4(IPPROTO_ICMP, errors[i]), 28));
	for (size_t i = 0; i < sizeof(others); i++)
		assert_true(nf_icmp_may_be_about(ipv4(IPPROTO_ICMP, others[i]), 28));
	assert_true(nf_icmp_may_be_about(ipv4(IPPROTO_UDP, 3), 28));
	/* Its type is not there. */
	assert_false(nf_icmp_may_be_about(ipv4(IPPROTO_ICMP, 8), 20));
}

static void
an_error_in_fragments_is_one(void **state)
{
	struct rte_ipv4_hdr *ip = ipv4(IPPROTO_ICMP, 3);

	(void)state;
	ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_MF_FLAG);
	assert_false(nf_icmp_may_be_about(ip, 1000));
	ip = ipv4(IPPROTO_UDP, 0);
	ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_MF_FLAG);
	assert_true(nf_icmp_may_be_about(ip, 1000));
	ip->fragment_offset = RTE_BE16(RTE_IPV4_HDR_MF_FLAG | 1);
	assert_false(nf_icmp_may_be_about(ip, 1000));
}

static void
options_stand_before_the_type(void **state)
{
	struct rte_ipv4_hdr *ip = ipv4(IPPROTO_ICMP, 0);

	(void)state;
	ip->version_ihl = 0x46;
	packet[20] = 8;
	packet[24] = 11;
	assert_false(nf_icmp_may_be_about(ip, 32));
}

static void
only_single_hosts_are_told_and_told_of(void **state)
{
	static const uint32_t nobody[] = {0, 0x7f000001, 0xe0000001, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		struct rte_ipv4_hdr *ip = ipv4(IPPROTO_UDP, 0);

		ip->src_addr = rte_cpu_to_be_32(nobody[i]);
		assert_false(nf_icmp_may_be_about(ip, 28));
		ip = ipv4(IPPROTO_UDP, 0);
		ip->dst_addr = rte_cpu_to_be_32(nobody[i]);
		assert_false(nf_icmp_may_be_about(ip, 28));
	}
}

static void
groups_are_told_of_what_is_too_big(void **state)
{
	struct rte_ipv6_hdr *ip = ipv6(IPPROTO_UDP);

	(void)state;
	assert_true(nf_icmpv6_may_be_about(ip, 60, false));
	ip->dst_addr[0] = 0xff;
	assert_false(nf_icmpv6_may_be_about(ip, 60, false));
	assert_true(nf_icmpv6_may_be_about(ip, 60, true));
	ip->src_addr[0] = 0xff;
	assert_false(nf_icmpv6_may_be_about(ip, 60, true));
	memset(ip->src_addr, 0, 15);
	assert_false(nf_icmpv6_may_be_about(ip, 60, true));
}

static void
errors_are_found_behind_extension_headers(void **state)
{
	struct rte_ipv6_hdr *ip = ipv6(IPPROTO_HOPOPTS);

	(void)state;
	packet[40] = IPPROTO_AH;
	packet[48] = IPPROTO_ICMPV6; /* 8 octets on, itself of (1 + 2) * 4 */
	packet[49] = 1;
	packet[60] = 127;
	assert_false(nf_icmpv6_may_be_about(ip, 68, false));
	packet[60] = 128;
	assert_true(nf_icmpv6_may_be_about(ip, 68, false));
	/* The chain ends before its end is there. */
	assert_false(nf_icmpv6_may_be_about(ip, 67, false));
	/* A later fragment of an ICMPv6 message may be of an error, one of something else is not. */
	ip = ipv6(IPPROTO_FRAGMENT);
	packet[43] = 8;
	packet[40] = IPPROTO_ICMPV6;
	assert_false(nf_icmpv6_may_be_about(ip, 68, true));
	packet[40] = IPPROTO_UDP;
	assert_true(nf_icmpv6_may_be_about(ip, 68, true));
}

/* ---- errors -------------------------------------------------------------------------------------------- */

static void
put_ipv4(uint32_t about_size, uint32_t max, rte_be16_t id)
{
	struct nf_icmp_error error = {
		.type = 3, .code = 4, .mtu = 1400, .about_size = about_size, .max = max};
	uint16_t size;

	error.about = ipv4(IPPROTO_UDP, 0);
	size = nf_icmp_error_size(&error);
	assert_int_equal(size, about_size + 28 < max ? about_size + 28 : max);
	memset(out, 0xee, sizeof(out));
	nf_icmp_put_error((struct rte_ipv4_hdr *)out, &error, RTE_BE32(HERE), RTE_BE32(HOST), id);
	assert_int_equal(sum_of(out, 20, 0), 0);
	assert_int_equal(out[2] << 8 | out[3], size);
	assert_int_equal(sum_of(out + 20, size - 20u, 0), 0);
	assert_memory_equal(out + 28, packet, size - 28u);
	assert_int_equal(out[size], 0xee);
}

static void
errors_quote_what_there_is_room_for(void **state)
{
	static const uint32_t sizes[] = {28, 29, 100, 547, 548, 549, 1500};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		put_ipv4(sizes[i], NF_ICMP_MAX, 0);
		put_ipv4(sizes[i], 531, 0);
	}
}

static void
errors_are_written_as_the_standards_say(void **state)
{
	static const uint8_t ip[20] = {0x45, 0, 0,  128, 0, 0,   0x40, 0, 64, IPPROTO_ICMP,
				       0,    0, 10, 0,   0, 254, 10,   0, 0,  1};
	static const uint8_t icmp[8] = {3, 4, 0, 0, 0, 0, 1400 >> 8, 1400 & 0xff};

	(void)state;
	put_ipv4(100, NF_ICMP_MAX, 0);
	memset(out + 10, 0, 2);
	memset(out + 22, 0, 2);
	assert_memory_equal(out, ip, sizeof(ip));
	assert_memory_equal(out + 20, icmp, sizeof(icmp));
	/* With an identification it may be cut on its way. */
	put_ipv4(100, NF_ICMP_MAX, RTE_BE16(0x1234));
	assert_memory_equal(out + 4, ((uint8_t[]){0x12, 0x34, 0, 0}), 4);
}

static void
errors_of_ipv6_are_written_as_the_standards_say(void **state)
{
	static const uint8_t here[16] = {0x20, 1, 0xd, 0xb8, [15] = 0xfe};
	struct nf_icmp_error error = {
		.type = 2, .mtu = 1400, .about_size = 1500, .max = NF_ICMPV6_MAX};
	const struct rte_ipv6_hdr *about = ipv6(IPPROTO_UDP);

	(void)state;
	error.about = about;
	assert_int_equal(nf_icmpv6_error_size(&error), 1280);
	nf_icmpv6_put_error((struct rte_ipv6_hdr *)out, &error, here, about->src_addr);
	assert_memory_equal(
		out, ((uint8_t[]){0x60, 0, 0, 0, 1240 >> 8, 1240 & 0xff, IPPROTO_ICMPV6, 64}), 8);
	assert_memory_equal(out + 8, here, 16);
	assert_memory_equal(out + 24, about->src_addr, 16);
	assert_int_equal(sum_of(out + 40, 1240, pseudo_sum(out, 1240)), 0);
	assert_memory_equal(out + 44, ((uint8_t[]){0, 0, 1400 >> 8, 1400 & 0xff}), 4);
	assert_memory_equal(out + 48, packet, 1232);
}

/* ---- echo ---------------------------------------------------------------------------------------------- */

static void
requests_turn_into_their_answers(void **state)
{
	struct rte_ipv4_hdr *ip = ipv4(IPPROTO_ICMP, 8);
	uint16_t sum;

	(void)state;
	packet[21] = packet[22] = packet[23] = 0;
	sum = sum_of(packet + 20, 40, 0);
	packet[22] = (uint8_t)(sum >> 8);
	packet[23] = (uint8_t)sum;
	nf_icmp_turn_echo(ip);
	assert_int_equal(packet[20], 0);
	assert_int_equal(sum_of(packet + 20, 40, 0), 0);
	assert_int_equal(ip->time_to_live, 64);
	assert_int_equal(ip->dst_addr, RTE_BE32(HOST));
	assert_int_equal(ip->src_addr, RTE_BE32(0xcb007101u));
}

static void
requests_of_ipv6_turn_into_their_answers(void **state)
{
	struct rte_ipv6_hdr *ip = ipv6(IPPROTO_ICMPV6);
	uint16_t sum;

	(void)state;
	packet[40] = 128;
	packet[50] = 77;
	sum = sum_of(packet + 40, 20, pseudo_sum(packet, 20));
	packet[42] = (uint8_t)(sum >> 8);
	packet[43] = (uint8_t)sum;
	nf_icmpv6_turn_echo(ip);
	assert_int_equal(packet[40], 129);
	assert_int_equal(ip->hop_limits, 64);
	assert_int_equal(ip->src_addr[15] << 8 | ip->dst_addr[15], 2 << 8 | 1);
	assert_int_equal(sum_of(packet + 40, 20, pseudo_sum(packet, 20)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_told_of_errors),
		cmocka_unit_test(an_error_in_fragments_is_one),
		cmocka_unit_test(options_stand_before_the_type),
		cmocka_unit_test(only_single_hosts_are_told_and_told_of),
		cmocka_unit_test(groups_are_told_of_what_is_too_big),
		cmocka_unit_test(errors_are_found_behind_extension_headers),
		cmocka_unit_test(errors_quote_what_there_is_room_for),
		cmocka_unit_test(errors_are_written_as_the_standards_say),
		cmocka_unit_test(errors_of_ipv6_are_written_as_the_standards_say),
		cmocka_unit_test(requests_turn_into_their_answers),
		cmocka_unit_test(requests_of_ipv6_turn_into_their_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
