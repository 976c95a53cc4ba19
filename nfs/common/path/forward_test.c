/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where packets may come from and go: every kind of address on every way. What is right is written here
 * address by address, out of RFC 1122 section 3.2.1.3, RFC 1812 section 5.3 and RFC 3927 section 7.
 */
#include "forward.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <rte_common.h>

#define IP(a, b, c, d) \
	RTE_BE32((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

enum { INSIDE, OUTSIDE, N_SIDES };

#define HERE 0 /* next hop: the address itself */
#define INSIDE_ROUTER IP(100, 64, 0, 2)
#define OUTSIDE_ROUTER IP(203, 0, 113, 2)

static const struct nf_side sides[N_SIDES] = {
	[INSIDE] = {.address = IP(100, 64, 0, 1), .prefix = {0x64400000, 0xffff0000}},
	[OUTSIDE] = {.address = IP(203, 0, 113, 1), .prefix = {0xcb007100, 0xffffff00}},
};

static const struct nf_routes routes = {
	.routes =
		{
			{{0x64410000, 0xffff0000}, INSIDE_ROUTER, INSIDE},
			{{0, 0}, OUTSIDE_ROUTER, OUTSIDE},
			{{0x0a000000, 0xffffffff}, IP(203, 0, 113, 3), OUTSIDE},
		},
	.n = 3,
};

static const struct {
	const char *what;
	rte_be32_t address;
	enum nf_refusal from[N_SIDES]; /* nf_may_come() */
	enum nf_refusal to[N_SIDES];   /* nf_may_go() */
	rte_be32_t via;                /* where it is allowed; HERE: the address itself */
} rows[] = {
#define NEVER                                  \
	{NF_BAD_ADDRESS, NF_BAD_ADDRESS},      \
	{                                      \
		NF_BAD_ADDRESS, NF_BAD_ADDRESS \
	}
#define ONLY_INSIDE                     \
	{NF_ALLOWED, NF_SPOOFED},       \
	{                               \
		NF_ALLOWED, NF_NO_ROUTE \
	}
#define ONLY_OUTSIDE                    \
	{NF_SPOOFED, NF_ALLOWED},       \
	{                               \
		NF_NO_ROUTE, NF_ALLOWED \
	}
	{"a host inside", IP(100, 64, 3, 7), ONLY_INSIDE, HERE},
	{"the lowest one", IP(100, 64, 0, 3), ONLY_INSIDE, HERE},
	{"the highest one", IP(100, 64, 255, 254), ONLY_INSIDE, HERE},
	{"behind a router inside", IP(100, 65, 3, 7), ONLY_INSIDE, INSIDE_ROUTER},
	{"what may be a broadcast there", IP(100, 65, 255, 255), ONLY_INSIDE, INSIDE_ROUTER},
	{"a host outside", IP(203, 0, 113, 10), ONLY_OUTSIDE, HERE},
	{"the router itself", OUTSIDE_ROUTER, ONLY_OUTSIDE, HERE},
	{"the rest of the world", IP(192, 0, 2, 1), ONLY_OUTSIDE, OUTSIDE_ROUTER},
	{"a route of one host", IP(10, 0, 0, 0), ONLY_OUTSIDE, IP(203, 0, 113, 3)},
	{"its own address inside", IP(100, 64, 0, 1), NEVER, HERE},
	{"its own address outside", IP(203, 0, 113, 1), NEVER, HERE},
	{"nobody", IP(0, 0, 0, 0), NEVER, HERE},
	{"0/8", IP(0, 1, 2, 3), NEVER, HERE},
	{"loopback", IP(127, 0, 0, 1), NEVER, HERE},
	{"the end of 127/8", IP(127, 255, 255, 255), NEVER, HERE},
	{"a group", IP(224, 0, 0, 1), NEVER, HERE},
	{"class E", IP(240, 0, 0, 1), NEVER, HERE},
	{"everybody", IP(255, 255, 255, 255), NEVER, HERE},
	{"the net inside",
	 IP(100, 64, 0, 0),
	 {NF_BAD_ADDRESS, NF_SPOOFED},
	 {NF_BAD_ADDRESS, NF_NO_ROUTE},
	 HERE},
	{"its broadcast",
	 IP(100, 64, 255, 255),
	 {NF_BAD_ADDRESS, NF_SPOOFED},
	 {NF_BAD_ADDRESS, NF_NO_ROUTE},
	 HERE},
	{"the broadcast outside",
	 IP(203, 0, 113, 255),
	 {NF_SPOOFED, NF_BAD_ADDRESS},
	 {NF_NO_ROUTE, NF_BAD_ADDRESS},
	 HERE},
	{"of the link, behind a router",
	 IP(169, 254, 1, 1),
	 {NF_SPOOFED, NF_BAD_ADDRESS},
	 {NF_NO_ROUTE, NF_BAD_ADDRESS},
	 HERE},
	{"beside 169.254/16", IP(169, 253, 255, 255), ONLY_OUTSIDE, OUTSIDE_ROUTER},
	{"126/8", IP(126, 255, 255, 255), ONLY_OUTSIDE, OUTSIDE_ROUTER},
	{"128/8", IP(128, 0, 0, 0), ONLY_OUTSIDE, OUTSIDE_ROUTER},
	{"223/8", IP(223, 255, 255, 255), ONLY_OUTSIDE, OUTSIDE_ROUTER},
};

static void
test_every_address_on_every_way(void **state)
{
	static struct nf_hops hops;

	(void)state;
	nf_hops_init(&hops, sides, N_SIDES, &routes);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		rte_be32_t via = rows[i].via == HERE ? rows[i].address : rows[i].via;

		for (uint8_t s = 0; s < N_SIDES; s++) {
			struct nf_next go = {0, UINT8_MAX}, answer = {0, UINT8_MAX};
			enum nf_refusal went = nf_may_go(&hops, rows[i].address, s, &go);

			print_message("# %s, side %u\n", rows[i].what, s);
			assert_int_equal(nf_may_come(&hops, rows[i].address, s), rows[i].from[s]);
			assert_int_equal(went, rows[i].to[s]);
			assert_int_equal(nf_may_answer(&hops, rows[i].address, s, &answer),
					 rows[i].from[s]);
			assert_int_equal(go.address, went == NF_ALLOWED ? via : 0);
			assert_int_equal(go.side, went == NF_ALLOWED ? s : UINT8_MAX);
			assert_int_equal(answer.address, go.address);
			assert_int_equal(answer.side, go.side);
		}
	}
}

/* Links of two and of one have no broadcast address (RFC 3021); a link of 169.254/16 has hosts. */
static void
test_small_links(void **state)
{
	const struct nf_side small[] = {
		{.address = IP(192, 0, 2, 0), .prefix = {0xc0000200, 0xfffffffe}},
		{.address = IP(169, 254, 0, 1), .prefix = {0xa9fe0000, 0xffff0000}},
	};
	const struct nf_routes none = {.n = 0};
	static struct nf_hops hops;
	struct nf_next next;

	(void)state;
	nf_hops_init(&hops, small, RTE_DIM(small), &none);
	assert_int_equal(nf_may_go(&hops, IP(192, 0, 2, 1), 0, &next), NF_ALLOWED);
	assert_int_equal(next.address, IP(192, 0, 2, 1));
	assert_int_equal(nf_may_go(&hops, IP(192, 0, 2, 0), 0, &next), NF_BAD_ADDRESS);
	assert_int_equal(nf_may_go(&hops, IP(169, 254, 7, 7), 1, &next), NF_ALLOWED);
	assert_int_equal(nf_may_come(&hops, IP(169, 254, 255, 255), 1), NF_BAD_ADDRESS);
	assert_int_equal(nf_may_come(&hops, IP(8, 8, 8, 8), 1), NF_SPOOFED);
	assert_int_equal(nf_may_go(&hops, IP(8, 8, 8, 8), 1, &next), NF_NO_ROUTE);
}

/* Killed by: a place that is not sorted in, or whose ways stay those of the default route. */
static void
test_places_of_an_nf(void **state)
{
	const struct nf_prefix wide = {0x0a090000, 0xffff0000}, narrow = {0x0a0a0700, 0xffffff00};
	static struct nf_hops hops;
	struct nf_next next;

	(void)state;
	nf_hops_init(&hops, sides, N_SIDES, &routes);
	assert_int_equal(nf_may_come(&hops, IP(10, 9, 1, 1), OUTSIDE), NF_ALLOWED);
	nf_hops_add(&hops, &wide, INSIDE);
	nf_hops_add(&hops, &narrow, INSIDE);
	assert_int_equal(nf_may_come(&hops, IP(10, 9, 1, 1), OUTSIDE), NF_SPOOFED);
	assert_int_equal(nf_may_go(&hops, IP(10, 9, 1, 1), OUTSIDE, &next), NF_NO_ROUTE);
	assert_int_equal(nf_may_go(&hops, IP(10, 9, 1, 1), INSIDE, &next), NF_ALLOWED);
	assert_int_equal(next.address, IP(10, 9, 1, 1));
	assert_int_equal(nf_may_come(&hops, IP(10, 9, 255, 255), INSIDE), NF_BAD_ADDRESS);
	assert_int_equal(nf_may_come(&hops, IP(10, 10, 7, 1), OUTSIDE), NF_SPOOFED);
	assert_int_equal(nf_may_come(&hops, IP(10, 10, 8, 1), OUTSIDE), NF_ALLOWED);
	assert_int_equal(nf_may_come(&hops, IP(100, 64, 3, 7), INSIDE), NF_ALLOWED);
	assert_int_equal(nf_may_come(&hops, IP(10, 0, 0, 0), OUTSIDE), NF_ALLOWED);
}

/* ---- against a naive search ------------------------------------------------------------------- */

static uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	return *state ^= *state << 5;
}

/* Prefixes that lie in, around and on each other, and on the borders of what the table has. */
static struct nf_prefix
any_prefix(uint32_t *random)
{
	static const uint32_t places[] = {0x0a000000, 0x0a010000, 0x0a01ff00, 0xa9fe0000,
					  0x7f000000, 0xdfff0000, 0x00000000};
	uint32_t length = next_random(random) % 33;
	uint32_t mask = length == 0 ? 0 : UINT32_MAX << (32 - length);

	return (struct nf_prefix){
		.address = (places[next_random(random) % RTE_DIM(places)] +
			    (next_random(random) & 0x103ff)) &
			   mask,
		.mask = mask,
	};
}

static bool
has_prefix(const struct nf_side *s, const struct nf_routes *r, const struct nf_prefix *prefix)
{
	for (uint8_t i = 0; i < N_SIDES; i++)
		if (s[i].prefix.address == prefix->address && s[i].prefix.mask == prefix->mask)
			return true;
	for (uint32_t i = 0; i < r->n; i++)
		if (r->routes[i].prefix.address == prefix->address &&
		    r->routes[i].prefix.mask == prefix->mask)
			return true;
	return false;
}

static void
any_network(uint32_t *random, struct nf_side *s, struct nf_routes *r)
{
	*r = (struct nf_routes){.n = 0};
	for (uint8_t i = 0; i < N_SIDES; i++)
		s[i] = (struct nf_side){.prefix = {i, UINT32_MAX}};
	for (uint8_t i = 0; i < N_SIDES; i++) {
		struct nf_prefix prefix = any_prefix(random);

		if (has_prefix(s, r, &prefix))
			continue;
		s[i].prefix = prefix;
		s[i].address = rte_cpu_to_be_32(prefix.address | (1 & ~prefix.mask));
	}
	for (uint32_t i = 0; i < 8; i++) {
		struct nf_prefix prefix = any_prefix(random);

		if (!has_prefix(s, r, &prefix))
			r->routes[r->n++] = (struct nf_route){
				.prefix = prefix, .via = IP(9, 9, 9, i), .side = i % N_SIDES};
	}
}

/* What forward.h says in words, with the longest prefix found by looking at all. */
static enum nf_refusal
naive_go(const struct nf_side *s, const struct nf_routes *r, uint32_t address, uint8_t side,
	 rte_be32_t *ret_via)
{
	struct nf_prefix best = {0};
	int by = -1;

	if (address >> 24 == 0 || address >> 24 == 127 || address >> 24 >= 224)
		return NF_BAD_ADDRESS;
	for (uint8_t i = 0; i < N_SIDES; i++) {
		if (rte_cpu_to_be_32(address) == s[i].address)
			return NF_BAD_ADDRESS;
		if (nf_prefix_has(&s[i].prefix, address) &&
		    (by < 0 || s[i].prefix.mask > best.mask)) {
			best = s[i].prefix;
			by = i;
			*ret_via = rte_cpu_to_be_32(address);
		}
	}
	if (by >= 0)
		by = by == side ? 100 : 101;
	for (uint32_t i = 0; i < r->n; i++)
		if (nf_prefix_has(&r->routes[i].prefix, address) &&
		    (by < 0 || r->routes[i].prefix.mask > best.mask)) {
			best = r->routes[i].prefix;
			by = r->routes[i].side == side ? 200 : 201;
			*ret_via = r->routes[i].via;
		}
	if (by < 0 || by % 100 != 0)
		return NF_NO_ROUTE;
	if (by == 200)
		return address >> 16 == 0xa9fe ? NF_BAD_ADDRESS : NF_ALLOWED;
	if (~best.mask <= 1)
		return NF_ALLOWED;
	return (address & ~best.mask) == 0 || (address & ~best.mask) == ~best.mask ? NF_BAD_ADDRESS
										   : NF_ALLOWED;
}

static void
test_table_says_what_a_search_says(void **state)
{
	static struct nf_hops hops;
	struct nf_side s[N_SIDES];
	struct nf_routes r;
	uint32_t random = 4711, n_by_table = 0;
	struct nf_prefix marked;

	(void)state;
	for (uint32_t network = 0; network < 200; network++) {
		any_network(&random, s, &r);
		nf_hops_init(&hops, s, N_SIDES, &r);
		marked = any_prefix(&random);
		nf_hops_mark(&hops, marked.address, marked.address | ~marked.mask);
		for (uint32_t i = 0; i < 4000; i++) {
			struct nf_prefix near = any_prefix(&random);
			/* A first or last address, and what stands beside it. */
			uint32_t address = (i & 1 ? near.address : near.address | ~near.mask) +
					   next_random(&random) % 3 - 1;
			uint8_t side = i / 2 % N_SIDES;
			rte_be32_t via = 0;
			struct nf_next next = {0, UINT8_MAX};
			enum nf_refusal expected = naive_go(s, &r, address, side, &via);
			uint8_t way = hops.ways[nf_way_of(rte_cpu_to_be_32(address))];

			n_by_table += nf_way_is_plain(way);
			if (nf_prefix_has(&marked, address))
				assert_false(nf_way_is_plain(way));
			if (nf_may_go(&hops, rte_cpu_to_be_32(address), side, &next) != expected)
				fail_msg("network %u, address %08x, side %u: not %d", network,
					 address, side, expected);
			if (expected == NF_ALLOWED)
				assert_int_equal(next.address, via);
		}
	}
	assert_true(n_by_table > 100000);
}

static void
test_ipv6(void **state)
{
	static const struct {
		uint8_t address[16];
		bool may_go;
	} addresses[] = {
		{{0}, false},
		{{[15] = 1}, false},                                 /* ::1 */
		{{[12] = 192, [13] = 0, [14] = 2, [15] = 1}, false}, /* ::192.0.2.1 */
		{{[10] = 0xff, [11] = 0xff, [12] = 8, [15] = 8}, false},
		{{[10] = 0xff, [11] = 0xfe, [12] = 8, [15] = 8}, true},
		{{[11] = 1}, true},
		{{0xfe, 0x80, [15] = 1}, false},
		{{0xfe, 0xbf, [15] = 1}, false},
		{{0xfe, 0x7f, [15] = 1}, true},
		{{0xfe, 0xc0, [15] = 1}, true},
		{{0xff, 0x02, [15] = 1}, false},
		{{0xff, 0x0e, [15] = 1}, false},
		{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, true},
		{{0xfd, [15] = 1}, true},
		{{0x00, 0x64, 0xff, 0x9b, [15] = 1}, true},
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(addresses); i++) {
		print_message("# %zu\n", i);
		assert_int_equal(nf_ipv6_may_go(addresses[i].address), addresses[i].may_go);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_address_on_every_way),
		cmocka_unit_test(test_small_links),
		cmocka_unit_test(test_places_of_an_nf),
		cmocka_unit_test(test_table_says_what_a_search_says),
		cmocka_unit_test(test_ipv6),
	};

	return cmocka_run_group_tests_name("where packets may come from and go", tests, NULL, NULL);
}
