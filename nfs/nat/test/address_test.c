/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address of no host is one on every way: as source and as destination, of packets with and without a
 * mapping, of what the NAT answers, of what it routes untranslated, and of ICMP errors. Nothing leaves for
 * it, nothing is made for it, nobody asks ARP for it.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#define OWN_INSIDE IP(100, 64, 0, 1)
#define OWN_OUTSIDE IP(203, 0, 113, 1)
#define ROUTER IP(100, 64, 0, 2)
#define ROUTED IP(100, 65, 9, 200) /* a subscriber behind it */
#define OTHER IP(100, 64, 5, 201)  /* another subscriber */
#define EXEMPT IP(192, 0, 2, 9)    /* a destination that is not translated */
#define POOL IP(198, 51, 100, 1)
#define PORT 5000

static struct harness h;

static int
open_it(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.pcp.enabled = true;
	config.exempt[config.n_exempt++] =
		(struct nat_exempt){.prefix = {IP(192, 0, 2, 0), 0xffffff00}};
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
udp(uint8_t side, uint32_t src, uint32_t dst)
{
	return (struct harness_packet){.side = side,
				       .protocol = IPPROTO_UDP,
				       .src = src,
				       .src_port = PORT,
				       .dst = dst,
				       .dst_port = 53,
				       .payload = 33};
}

static struct harness_packet
echo(uint8_t side, uint32_t src, uint32_t dst)
{
	struct harness_packet p = udp(side, src, dst);

	p.protocol = IPPROTO_ICMP;
	p.icmp_type = 8;
	return p;
}

/* An error about a packet, sent to who sent that. */
static struct harness_packet
error_about(const struct harness_packet *quoted, uint8_t side, uint32_t src)
{
	return (struct harness_packet){.side = side,
				       .protocol = IPPROTO_ICMP,
				       .src = src,
				       .dst = quoted->src,
				       .icmp_type = 3,
				       .icmp_code = 1,
				       .quoted = quoted};
}

static struct harness_packet
answer_to(const struct harness_packet *out)
{
	struct harness_packet p = udp(NAT_OUTSIDE, out->dst, out->src);

	p.src_port = out->dst_port;
	p.dst_port = out->src_port;
	return p;
}

/* Nothing leaves, nothing is made, nobody is asked for or told; the counter says why. */
static void
goes_nowhere(const struct harness_packet *p, unsigned int counter, const char *way)
{
	uint32_t n_sessions = harness_n_sessions(&h);
	uint64_t counted = harness_counter(&h, counter), asked = harness_counter(&h, NF_arp_sent);
	struct rte_mbuf *m;

	harness_send(&h, p->side, harness_build(&h, p), 0);
	for (uint8_t side = 0; side < NAT_N_SIDES; side++)
		while ((m = harness_take(&h, side)) != NULL)
			fail_msg("%s, %08x to %08x: a packet leaves", way, p->src, p->dst);
	if (harness_counter(&h, counter) != counted + 1)
		fail_msg("%s, %08x to %08x: not counted", way, p->src, p->dst);
	if (harness_n_sessions(&h) != n_sessions || harness_counter(&h, NF_arp_sent) != asked)
		fail_msg("%s, %08x to %08x: leaves a trace", way, p->src, p->dst);
}

/* Killed by: any way from inside that does not ask whether its source may come. */
static void
sources_inside_are_hosts(void **state)
{
	static const struct {
		uint32_t address;
		unsigned int counter;
	} sources[] = {
		{IP(0, 0, 0, 0), NAT_drop_bad_address},
		{IP(0, 1, 2, 3), NAT_drop_bad_address},
		{IP(127, 0, 0, 1), NAT_drop_bad_address},
		{IP(224, 0, 0, 1), NAT_drop_bad_address},
		{IP(240, 0, 0, 1), NAT_drop_bad_address},
		{IP(255, 255, 255, 255), NAT_drop_bad_address},
		{IP(100, 64, 0, 0), NAT_drop_bad_address},     /* the network inside */
		{IP(100, 64, 255, 255), NAT_drop_bad_address}, /* all its hosts */
		{OWN_INSIDE, NAT_drop_bad_address},
		{OWN_OUTSIDE, NAT_drop_bad_address},
		{POOL, NAT_drop_bad_address},
		{IP(8, 8, 8, 8), NAT_drop_spoofed},
	};
	struct harness_packet other = udp(NAT_INSIDE, OTHER, SERVER), other_out;

	(void)state;
	other_out = harness_pass(&h, &other, NAT_OUTSIDE);
	for (size_t i = 0; i < RTE_DIM(sources); i++) {
		uint32_t src = sources[i].address;
		struct harness_packet p = udp(NAT_INSIDE, src, SERVER);
		struct harness_packet let_in = answer_to(&other_out), error;

		goes_nowhere(&p, sources[i].counter, "new mapping");
		p.ttl = 1;
		goes_nowhere(&p, NAT_drop_ttl, "time exceeded");
		p = udp(NAT_INSIDE, src, other_out.src);
		p.dst_port = other_out.src_port;
		goes_nowhere(&p, sources[i].counter, "hairpin");
		p = echo(NAT_INSIDE, src, SERVER);
		goes_nowhere(&p, sources[i].counter, "query");
		p = echo(NAT_INSIDE, src, OWN_INSIDE);
		goes_nowhere(&p, sources[i].counter, "echo to the NAT");
		p = udp(NAT_INSIDE, src, OWN_INSIDE);
		p.dst_port = 5351;
		goes_nowhere(&p, sources[i].counter, "PCP");
		let_in.dst = OTHER;
		let_in.dst_port = PORT;
		error = error_about(&let_in, NAT_INSIDE, src);
		goes_nowhere(&error, sources[i].counter, "error");
		if (src != POOL && src != OWN_INSIDE && src != OWN_OUTSIDE) {
			p = udp(NAT_INSIDE, src, EXEMPT);
			goes_nowhere(&p, sources[i].counter, "untranslated");
		}
	}
}

/* Killed by: any way from outside that does not ask whether its source may come. */
static void
sources_outside_are_hosts(void **state)
{
	static const struct {
		uint32_t address;
		unsigned int counter;
	} sources[] = {
		{IP(0, 0, 0, 0), NAT_drop_bad_address},
		{IP(127, 0, 0, 1), NAT_drop_bad_address},
		{IP(224, 0, 0, 1), NAT_drop_bad_address},
		{IP(255, 255, 255, 255), NAT_drop_bad_address},
		{IP(203, 0, 113, 0), NAT_drop_bad_address},
		{IP(203, 0, 113, 255), NAT_drop_bad_address},
		{OWN_INSIDE, NAT_drop_bad_address},
		{OWN_OUTSIDE, NAT_drop_bad_address},
		{POOL, NAT_drop_bad_address},
		{OTHER, NAT_drop_spoofed},
		{ROUTED, NAT_drop_spoofed},
	};
	struct harness_packet sent = udp(NAT_INSIDE, SUBSCRIBER, SERVER), out;

	(void)state;
	out = harness_pass(&h, &sent, NAT_OUTSIDE);
	for (size_t i = 0; i < RTE_DIM(sources); i++) {
		uint32_t src = sources[i].address;
		struct harness_packet p = answer_to(&out), error;

		p.src = src;
		goes_nowhere(&p, sources[i].counter, "to a mapping");
		p.ttl = 1;
		goes_nowhere(&p, sources[i].counter, "time exceeded");
		p = echo(NAT_OUTSIDE, src, OWN_OUTSIDE);
		goes_nowhere(&p, sources[i].counter, "echo to the NAT");
		error = error_about(&out, NAT_OUTSIDE, src);
		goes_nowhere(&error, sources[i].counter, "error");
	}
}

/* Killed by: destinations looked at for a new mapping only; an answer about a packet to many (RFC 1812
 * section 4.3.2.7). */
static void
destinations_are_hosts(void **state)
{
	static const uint32_t destinations[] = {
		IP(0, 0, 0, 0),         IP(127, 0, 0, 1),   IP(224, 0, 0, 5),     IP(240, 0, 0, 1),
		IP(255, 255, 255, 255), IP(203, 0, 113, 0), IP(203, 0, 113, 255),
	};
	struct harness_packet known = udp(NAT_INSIDE, SUBSCRIBER, SERVER);

	(void)state;
	harness_pass(&h, &known, NAT_OUTSIDE);
	for (size_t i = 0; i < RTE_DIM(destinations); i++) {
		struct harness_packet p = udp(NAT_INSIDE, SUBSCRIBER, destinations[i]), error;

		goes_nowhere(&p, NAT_drop_bad_address, "known mapping");
		p.ttl = 1;
		goes_nowhere(&p, NAT_drop_bad_address, "time exceeded");
		p = udp(NAT_INSIDE, OTHER, destinations[i]);
		goes_nowhere(&p, NAT_drop_bad_address, "new mapping");
		p = udp(NAT_OUTSIDE, destinations[i], SUBSCRIBER);
		p.dst_port = PORT;
		error = error_about(&p, NAT_INSIDE, SUBSCRIBER);
		goes_nowhere(&error, NAT_drop_bad_address, "error");
	}
}

/* RFC 5508 sections 4.2 and 4.3. Killed by: an error that goes to another one than who sent what it is
 * about, either way. */
static void
errors_go_to_who_sent(void **state)
{
	struct harness_packet sent = udp(NAT_INSIDE, SUBSCRIBER, SERVER), other = sent, out,
			      other_out, error, let_in;

	(void)state;
	other.src = OTHER;
	out = harness_pass(&h, &sent, NAT_OUTSIDE);
	other_out = harness_pass(&h, &other, NAT_OUTSIDE);
	error = error_about(&out, NAT_OUTSIDE, IP(192, 0, 3, 1));
	assert_int_equal(harness_pass(&h, &error, NAT_INSIDE).dst, SUBSCRIBER);
	error.dst = out.src ^ 1; /* of the pool, too */
	goes_nowhere(&error, NAT_drop_icmp_error, "to another address of the pool");
	error.dst = OWN_OUTSIDE;
	goes_nowhere(&error, NAT_drop_icmp_error, "to the NAT");
	error.dst = IP(198, 51, 100, 77);
	goes_nowhere(&error, NAT_drop_icmp_error, "to a stranger");
	let_in = answer_to(&other_out);
	let_in.dst = OTHER;
	let_in.dst_port = PORT;
	error = error_about(&let_in, NAT_INSIDE, OTHER);
	assert_int_equal(harness_pass(&h, &error, NAT_OUTSIDE).dst, SERVER);
	error.dst = IP(203, 0, 113, 44);
	goes_nowhere(&error, NAT_drop_icmp_error, "to another one outside");
}

/* Who inside may speak for a mapping. Killed by: taking any host inside, or its host alone. */
static void
errors_come_from_host_or_router(void **state)
{
	static const struct {
		uint32_t host, sender;
		unsigned int counter;
	} cases[] = {
		{SUBSCRIBER, SUBSCRIBER, NAT_icmp_error_out},
		{SUBSCRIBER, OTHER, NAT_drop_spoofed},
		{SUBSCRIBER, ROUTER, NAT_drop_spoofed}, /* is not on the way */
		{SUBSCRIBER, ROUTED, NAT_drop_spoofed},
		{ROUTED, ROUTED, NAT_icmp_error_out},
		{ROUTED, ROUTER, NAT_icmp_error_out},
		{ROUTED, IP(100, 65, 0, 1), NAT_icmp_error_out}, /* a router behind it */
		{ROUTED, OTHER, NAT_drop_spoofed},
		{ROUTER, ROUTED, NAT_drop_spoofed}, /* not on the way to the router itself */
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct harness_packet p = udp(NAT_INSIDE, cases[i].host, SERVER), let_in, error;

		p = harness_pass(&h, &p, NAT_OUTSIDE);
		let_in = answer_to(&p);
		let_in.dst = cases[i].host;
		let_in.dst_port = PORT;
		error = error_about(&let_in, NAT_INSIDE, cases[i].sender);
		if (cases[i].counter == NAT_icmp_error_out)
			assert_int_equal(harness_pass(&h, &error, NAT_OUTSIDE).src, p.src);
		else
			goes_nowhere(&error, cases[i].counter, "error");
	}
}

static int
open_filtering(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.filtering = NAT_FILTERING_ADDRESS_AND_PORT;
	harness_open(&h, &config, true);
	return 0;
}

/* Killed by: an error out about a packet that the filter never let in. */
static void
errors_are_about_what_was_let_in(void **state)
{
	struct harness_packet p = udp(NAT_INSIDE, SUBSCRIBER, SERVER), let_in, error;

	(void)state;
	p = harness_pass(&h, &p, NAT_OUTSIDE);
	let_in = answer_to(&p);
	let_in.dst = SUBSCRIBER;
	let_in.dst_port = PORT;
	error = error_about(&let_in, NAT_INSIDE, SUBSCRIBER);
	harness_pass(&h, &error, NAT_OUTSIDE);
	let_in.src_port++;
	goes_nowhere(&error, NAT_drop_filtered, "error about another port of the peer");
	let_in.src = IP(203, 0, 113, 44);
	error.dst = let_in.src;
	goes_nowhere(&error, NAT_drop_filtered, "error about another peer");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)
	const struct CMUnitTest tests[] = {
		TEST(sources_inside_are_hosts),
		TEST(sources_outside_are_hosts),
		TEST(destinations_are_hosts),
		TEST(errors_go_to_who_sent),
		TEST(errors_come_from_host_or_router),
		cmocka_unit_test_setup_teardown(errors_are_about_what_was_let_in, open_filtering,
						close_it),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
