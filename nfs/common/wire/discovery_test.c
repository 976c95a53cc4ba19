/* SPDX-License-Identifier: Apache-2.0 */
/* What messages of IPv6 on a link say, as they are written here and with one octet changed. Killed by: leaving out the
 * check that a case names. */
#include "discovery.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { ETHER = 14, IP = ETHER, ICMP = IP + 40, OPTION = ICMP + 24 };

static const uint8_t here[16] = {0x20, 1, 0xd, 0xb8, [13] = 1, 2, 3};
static const uint8_t there[16] = {0x20, 1, 0xd, 0xb8, [13] = 4, 5, 6};
static const struct rte_ether_addr here_mac = {{2, 0, 0, 0, 0, 1}};
static const struct rte_ether_addr there_mac = {{2, 0, 0, 0, 0, 2}};

static uint8_t frame[256] __attribute__((aligned(8)));
static uint8_t *const packet = frame + 2; /* so that the IP header is aligned */

static struct rte_ipv6_hdr *
ip_of(void)
{
	return (struct rte_ipv6_hdr *)(packet + IP);
}

static uint32_t
size_of(void)
{
	return (uint32_t)(nf_discovery_size() - ETHER);
}

static void
seal(void)
{
	packet[ICMP + 2] = packet[ICMP + 3] = 0;
	*(uint16_t *)(packet + ICMP + 2) = rte_ipv6_udptcp_cksum(ip_of(), packet + ICMP);
}

static void
solicit(void)
{
	uint8_t group[16];
	struct rte_ether_addr group_mac;

	nf_solicited_node(there, group, &group_mac);
	nf_discovery_put_solicitation(
		packet, &(struct nf_link_ends){&here_mac, &group_mac, here, group}, there);
}

static void
advertise(const uint8_t *to, bool solicited)
{
	nf_discovery_put_advertisement(
		packet, &(struct nf_link_ends){&here_mac, &there_mac, here, to}, here, solicited);
}

static bool
reads(struct nf_discovery *ret)
{
	return nf_discovery_read(ip_of(), size_of(), &there_mac, ret);
}

/* With another octet, and the checksum right again; then as it was. */
static bool
reads_with(uint32_t at, uint8_t octet)
{
	struct nf_discovery said;
	uint8_t before = packet[at];
	bool result;

	packet[at] = octet;
	seal();
	result = reads(&said);
	packet[at] = before;
	seal();
	return result;
}

static void
solicitations_are_read_as_written(void **state)
{
	struct nf_discovery said;

	(void)state;
	solicit();
	assert_memory_equal(packet, ((uint8_t[]){0x33, 0x33, 0xff, 4, 5, 6}), 6);
	assert_int_equal(packet[IP + 7], 255);
	assert_true(reads(&said));
	assert_int_equal(said.saying, NF_ND_SOLICITATION);
	assert_memory_equal(said.about, here, 16);
	assert_memory_equal(said.target, there, 16);
	assert_true(said.tells_mac);
	assert_memory_equal(&said.mac, &here_mac, 6);
}

static void
advertisements_are_read_as_written(void **state)
{
	static const uint8_t all[16] = {0xff, 2, [15] = 1};
	struct nf_discovery said;

	(void)state;
	advertise(there, true);
	assert_true(reads(&said));
	assert_int_equal(said.saying, NF_ND_ANSWER_OVERRIDE);
	assert_memory_equal(said.about, here, 16);
	assert_true(reads_with(ICMP + 4, 0x40)); /* solicited alone */
	advertise(all, false);
	assert_true(reads(&said));
	assert_int_equal(said.saying, NF_ND_OVERRIDE);
	/* An answer to a group is none (RFC 4861 section 7.1.2). */
	advertise(all, true);
	assert_false(reads(&said));
}

static void
what_is_not_valid_says_nothing(void **state)
{
	struct nf_discovery said;

	(void)state;
	solicit();
	assert_true(reads_with(ICMP, 135));
	assert_false(reads_with(ICMP, 134));      /* another type */
	assert_false(reads_with(ICMP + 1, 1));    /* code */
	assert_false(reads_with(IP + 7, 254));    /* over a router */
	assert_false(reads_with(IP + 6, 17));     /* not ICMPv6 */
	assert_false(reads_with(ICMP + 8, 0xff)); /* a group is asked for */
	assert_false(reads_with(OPTION + 1, 0));  /* an option without length */
	assert_false(reads_with(OPTION + 1, 2));  /* one that is not all there */
	assert_false(reads_with(IP + 8, 0xff));   /* a group asks */
	assert_false(nf_discovery_read(ip_of(), 63, &there_mac, &said));
	packet[ICMP + 3] ^= 1;
	assert_false(reads(&said));
}

static void
the_frame_tells_the_mac_if_no_option_does(void **state)
{
	struct nf_discovery said;

	(void)state;
	solicit();
	packet[OPTION] = 5; /* of another type */
	seal();
	assert_true(reads(&said));
	assert_false(said.tells_mac);
	assert_memory_equal(&said.mac, &there_mac, 6);
}

static void
probes_are_to_the_group_of_their_target(void **state)
{
	struct nf_discovery said;

	(void)state;
	solicit();
	memset(packet + IP + 8, 0, 16);
	seal();
	assert_false(reads(&said)); /* it tells a MAC address */
	packet[OPTION] = 5;
	seal();
	assert_true(reads(&said));
	assert_int_equal(said.saying, NF_ND_PROBE);
	assert_memory_equal(said.about, there, 16);
	assert_false(reads_with(IP + 39, 9));
}

/* ---- MLD ----------------------------------------------------------------------------------------------- */

static uint32_t
query(uint32_t mld_size)
{
	struct rte_ipv6_hdr *ip = ip_of(), pseudo;
	uint8_t *options = packet + IP + 40, *mld = options + 8;

	memset(packet, 0, 200);
	*ip = (struct rte_ipv6_hdr){.vtc_flow = RTE_BE32(6u << 28),
				    .payload_len = rte_cpu_to_be_16((uint16_t)(8 + mld_size)),
				    .proto = IPPROTO_HOPOPTS,
				    .hop_limits = 1};
	memcpy(ip->src_addr, (uint8_t[16]){0xfe, 0x80, [15] = 1}, 16);
	memcpy(ip->dst_addr, (uint8_t[16]){0xff, 2, [15] = 1}, 16);
	memcpy(options, (uint8_t[8]){IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0}, 8);
	mld[0] = 130;
	pseudo = *ip;
	pseudo.proto = IPPROTO_ICMPV6;
	pseudo.payload_len = rte_cpu_to_be_16((uint16_t)mld_size);
	*(uint16_t *)(mld + 2) = rte_ipv6_udptcp_cksum(&pseudo, mld);
	return 48 + mld_size;
}

static void
the_length_of_a_query_tells_its_version(void **state)
{
	uint8_t group[16];
	struct rte_ether_addr mac;

	(void)state;
	nf_solicited_node(here, group, &mac);
	assert_int_equal(nf_mld_query(ip_of(), query(24), group), 1);
	assert_int_equal(nf_mld_query(ip_of(), query(28), group), 2);
	assert_int_equal(nf_mld_query(ip_of(), query(26), group), 0);
	assert_int_equal(nf_mld_query(ip_of(), query(20), group), 0);
}

static void
queries_come_from_the_link_with_an_alert(void **state)
{
	uint8_t group[16];
	struct rte_ether_addr mac;
	uint32_t size = query(24);

	(void)state;
	nf_solicited_node(here, group, &mac);
	ip_of()->hop_limits = 2;
	assert_int_equal(nf_mld_query(ip_of(), size, group), 0);
	size = query(24);
	packet[IP + 42] = 1; /* padding instead of the alert */
	assert_int_equal(nf_mld_query(ip_of(), size, group), 0);
	size = query(24);
	packet[IP + 8] = 0x20;
	assert_int_equal(nf_mld_query(ip_of(), size, group), 0);
}

static void
reports_have_the_form_of_their_version(void **state)
{
	uint8_t group[16];
	struct rte_ether_addr mac;

	(void)state;
	nf_solicited_node(here, group, &mac);
	assert_int_equal(nf_mld_put_report(packet, &here_mac, group, 1, 0), ETHER + 40 + 8 + 24);
	assert_memory_equal(packet, &mac, 6);
	assert_int_equal(packet[IP + 48], 131);
	assert_memory_equal(packet + IP + 48 + 8, group, 16);
	assert_int_equal(nf_mld_put_report(packet, &here_mac, group, 2, NF_MLD_BEGINS),
			 NF_MLD_SIZE);
	assert_memory_equal(packet, ((uint8_t[]){0x33, 0x33, 0, 0, 0, 0x16}), 6);
	assert_int_equal(packet[IP + 48], 143);
	assert_int_equal(packet[IP + 48 + 8], NF_MLD_BEGINS);
	assert_memory_equal(packet + IP + 48 + 12, group, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(solicitations_are_read_as_written),
		cmocka_unit_test(advertisements_are_read_as_written),
		cmocka_unit_test(what_is_not_valid_says_nothing),
		cmocka_unit_test(the_frame_tells_the_mac_if_no_option_does),
		cmocka_unit_test(probes_are_to_the_group_of_their_target),
		cmocka_unit_test(the_length_of_a_query_tells_its_version),
		cmocka_unit_test(queries_come_from_the_link_with_an_alert),
		cmocka_unit_test(reports_have_the_form_of_their_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
