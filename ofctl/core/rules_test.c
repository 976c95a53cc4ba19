/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as text: each story drives the state and compares the rules of a bridge with what stands
 * here, guards and drops left out where they are not the subject.
 */
#include "rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "example.h"

static struct topology topology;
static struct steering steering;
static uint32_t numbers[TOPOLOGY_MAX_PORTS];
static struct rules_context context = {
	.topology = &topology, .magic = RULES_MAGIC_DEFAULT, .numbers = numbers};
static struct rule *desired, *present[TOPOLOGY_MAX_BRIDGES];
static unsigned n_present[TOPOLOGY_MAX_BRIDGES];
static struct of_flow_mod *mods;
static unsigned service;
static struct steering_reason reason;

static void
build(const struct topology_config *config)
{
	struct topology_error error;

	if (topology_build(config, &topology, &error) < 0)
		fail_msg("%s: %s", error.path, error.text);
	steering_init(&steering);
	for (unsigned p = 0; p < topology.n_ports; p++)
		numbers[p] = 10 + p;
}

static int
setup(void **state)
{
	(void)state;
	desired = calloc(RULES_MAX, sizeof(*desired));
	mods = calloc((size_t)RULES_MAX * 2, sizeof(*mods));
	for (unsigned b = 0; b < TOPOLOGY_MAX_BRIDGES; b++)
		present[b] = calloc(RULES_MAX, sizeof(*present[b]));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(desired);
	free(mods);
	for (unsigned b = 0; b < TOPOLOGY_MAX_BRIDGES; b++)
		free(present[b]);
	return 0;
}

static void
set(const char *instance)
{
	assert_int_equal(
		steering_set(&topology, &steering, "nat", instance, true, &service, &reason), 1);
}

static struct steering_request
request(const char *source, const char *target)
{
	return (struct steering_request){0xab, "nat", source, target};
}

static void
prepare(const char *source, const char *target)
{
	struct steering_request r = request(source, target);

	assert_int_equal(steering_prepare(&topology, &steering, &r, &service, &reason), 1);
}

static void
flip(const char *source, const char *target)
{
	struct steering_request r = request(source, target);

	assert_int_equal(steering_flip(&topology, &steering, &r, &service, &reason), 1);
}

static unsigned
rules_of(uint16_t bridge)
{
	unsigned missing;
	int n = rules_desired(&context, &steering, bridge, desired, &missing);

	assert_true(n >= 0);
	assert_int_equal(missing, 0);
	return (unsigned)n;
}

/* Rules of a bridge as lines; guards and drops only if asked for. */
static const char *
text_of(uint16_t bridge, bool guards)
{
	static char text[16384];
	size_t length = 0;
	unsigned n = rules_of(bridge);

	text[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		enum rules_role role = rules_cookie_role(desired[i].cookie);

		if ((role == RULES_GUARD || role == RULES_DROP) != guards)
			continue;
		length += (size_t)rules_format(&context, bridge, &desired[i], text + length,
					       sizeof(text) - length);
		length += (size_t)snprintf(text + length, sizeof(text) - length, "\n");
	}
	return text;
}

static void
guards_of_one_bridge(void **state)
{
	struct topology_config *config = example_one_bridge();

	(void)state;
	config->services[0].n_instances = 1;
	config->services[0].instances[0].n_ports = 1;
	config->services[0].n_perimeter = 1;
	build(config);
	assert_string_equal(text_of(0, true),
			    "guard service=0 prio=40060 in=pin type=88b5 -> drop\n"
			    "guard service=0 prio=40060 in=a-in type=88b5 -> drop\n"
			    "guard service=0 prio=40060 in=any vid=3000/7 -> drop\n"
			    "guard service=0 prio=40060 in=any vid=3008/7 -> drop\n"
			    "drop service=0 prio=40010 in=pin -> drop\n"
			    "drop service=0 prio=40010 in=a-in -> drop\n");
}

static void
move_on_one_bridge(void **state)
{
	static const char serving_a[] = "ingress service=1 prio=40040 in=pin -> output:a-in\n"
					"ingress service=1 prio=40040 in=pout -> output:a-out\n"
					"egress service=1 prio=40040 in=a-in -> output:pin\n"
					"egress service=1 prio=40040 in=a-out -> output:pout\n";
	static const char session[] =
		"egress service=1 prio=40040 in=a-in -> output:pin\n"
		"egress service=1 prio=40040 in=a-out -> output:pout\n"
		"egress service=1 prio=40040 in=b-in -> output:pin\n"
		"egress service=1 prio=40040 in=b-out -> output:pout\n"
		"redirect-frame service=1 tag=ab prio=40080 in=a-in vid=3000 type=88b5 -> "
		"output:b-in\n"
		"redirect service=1 tag=ab prio=40070 in=a-in vid=3000 -> output:b-in\n"
		"flush service=1 tag=ab prio=40080 in=b-in untagged type=88b5 -> output:a-in\n"
		"redirect-frame service=1 tag=ab prio=40080 in=a-out vid=3001 type=88b5 -> "
		"output:b-out\n"
		"redirect service=1 tag=ab prio=40070 in=a-out vid=3001 -> output:b-out\n"
		"flush service=1 tag=ab prio=40080 in=b-out untagged type=88b5 -> output:a-out\n";
	static const char to_a[] = "ingress service=1 prio=40040 in=pin -> output:a-in\n"
				   "ingress service=1 prio=40040 in=pout -> output:a-out\n";
	static const char to_b[] = "ingress service=1 prio=40040 in=pin -> output:b-in\n"
				   "ingress service=1 prio=40040 in=pout -> output:b-out\n";
	struct steering_request r = request("a", "b");
	char wanted[4096];

	(void)state;
	build(example_one_bridge());
	assert_string_equal(text_of(0, false), "");
	set("a");
	assert_string_equal(text_of(0, false), serving_a);
	prepare("a", "b");
	snprintf(wanted, sizeof(wanted), "%s%s", to_a, session);
	assert_string_equal(text_of(0, false), wanted);
	flip("a", "b");
	snprintf(wanted, sizeof(wanted), "%s%s", to_b, session);
	assert_string_equal(text_of(0, false), wanted);
	steering_cleanup(&topology, &steering, &r, true, &service, &reason);
	assert_string_equal(text_of(0, false),
			    "ingress service=1 prio=40040 in=pin -> output:b-in\n"
			    "ingress service=1 prio=40040 in=pout -> output:b-out\n"
			    "egress service=1 prio=40040 in=b-in -> output:pin\n"
			    "egress service=1 prio=40040 in=b-out -> output:pout\n");
}

static void
fence_leaves_only_the_source(void **state)
{
	struct steering_request r = request("a", "b");

	(void)state;
	build(example_one_bridge());
	set("a");
	prepare("a", "b");
	steering_fence(&topology, &steering, &r, &service, &reason);
	assert_string_equal(text_of(0, false),
			    "ingress service=1 prio=40040 in=pin -> output:a-in\n"
			    "ingress service=1 prio=40040 in=pout -> output:a-out\n"
			    "egress service=1 prio=40040 in=a-in -> output:pin\n"
			    "egress service=1 prio=40040 in=a-out -> output:pout\n");
}

/* Perimeter at A with VLAN 100. a: B behind M, VLAN 200. b: C, no VLAN. c: A, VLAN 100. */
static void
vlans_are_translated(void **state)
{
	(void)state;
	build(example_four_bridges());
	set("c");
	assert_string_equal(text_of(0, false),
			    "ingress service=1 prio=40050 in=pin vid=100 -> output:c\n"
			    "egress service=1 prio=40050 in=c vid=100 -> output:pin\n");
	steering_clear(&topology, &steering, "nat", "", &service, &reason);
	set("a");
	assert_string_equal(
		text_of(0, false),
		"ingress service=1 prio=40050 in=pin vid=100 -> vid:200 push vid:3100 output:A-M\n"
		"egress service=1 prio=40070 in=A-M vid=3100 -> pop output:pin\n");
	assert_string_equal(text_of(1, false),
			    "ingress service=1 prio=40070 in=M-A vid=3100 -> output:M-B\n"
			    "egress service=1 prio=40070 in=M-B vid=3100 -> output:M-A\n");
	assert_string_equal(
		text_of(2, false),
		"ingress service=1 prio=40070 in=B-M vid=3100 -> pop output:a\n"
		"egress service=1 prio=40050 in=a vid=200 -> vid:100 push vid:3100 output:B-M\n");
	assert_string_equal(text_of(3, false), "");
	steering_clear(&topology, &steering, "nat", "", &service, &reason);
	set("b");
	assert_string_equal(
		text_of(0, false),
		"ingress service=1 prio=40050 in=pin vid=100 -> pop push vid:3101 output:A-C\n"
		"egress service=1 prio=40070 in=A-C vid=3101 -> pop output:pin\n");
	assert_string_equal(
		text_of(3, false),
		"ingress service=1 prio=40070 in=C-A vid=3101 -> pop output:b\n"
		"egress service=1 prio=40040 in=b -> push vid:100 push vid:3101 output:C-A\n");
}

/* a (B) to b (C): redirect B M A C with tag 3000; flush frames C, turn at A, then a's way. */
static void
move_over_bridges(void **state)
{
	(void)state;
	build(example_four_bridges());
	set("a");
	prepare("a", "b");
	assert_string_equal(
		text_of(0, false),
		"ingress service=1 prio=40050 in=pin vid=100 -> vid:200 push vid:3100 output:A-M\n"
		"egress service=1 prio=40070 in=A-M vid=3100 -> pop output:pin\n"
		"egress service=1 prio=40070 in=A-C vid=3101 -> pop output:pin\n"
		"redirect service=1 tag=ab prio=40070 in=A-M vid=3000 -> output:A-C\n"
		"flush service=1 tag=ab prio=40080 in=A-C vid=3101 type=88b5 -> vid:3100 "
		"output:A-M\n");
	assert_string_equal(text_of(1, false),
			    "ingress service=1 prio=40070 in=M-A vid=3100 -> output:M-B\n"
			    "egress service=1 prio=40070 in=M-B vid=3100 -> output:M-A\n"
			    "redirect service=1 tag=ab prio=40070 in=M-B vid=3000 -> output:M-A\n");
	assert_string_equal(
		text_of(2, false),
		"ingress service=1 prio=40070 in=B-M vid=3100 -> pop output:a\n"
		"egress service=1 prio=40050 in=a vid=200 -> vid:100 push vid:3100 output:B-M\n"
		"redirect-frame service=1 tag=ab prio=40080 in=a vid=3000 type=88b5 -> output:B-M\n"
		"redirect service=1 tag=ab prio=40070 in=a vid=3000 -> output:B-M\n");
	assert_string_equal(
		text_of(3, false),
		"ingress service=1 prio=40070 in=C-A vid=3101 -> pop output:b\n"
		"egress service=1 prio=40040 in=b -> push vid:100 push vid:3101 output:C-A\n"
		"redirect service=1 tag=ab prio=40070 in=C-A vid=3000 -> output:b\n"
		"flush service=1 tag=ab prio=40080 in=b untagged type=88b5 -> push vid:3101 "
		"output:C-A\n");
	flip("a", "b");
	assert_non_null(strstr(
		text_of(0, false),
		"ingress service=1 prio=40050 in=pin vid=100 -> pop push vid:3101 output:A-C\n"));
}

/* a and d on the same far bridge: the redirect stays there, flush frames go up and come back on
 * the same link. */
static void
flush_turns_on_the_same_link(void **state)
{
	(void)state;
	build(example_four_bridges());
	set("a");
	prepare("a", "d");
	assert_non_null(strstr(text_of(0, false),
			       "flush service=1 tag=ab prio=40080 in=A-M vid=3103 type=88b5 -> "
			       "vid:3100 output:IN_PORT\n"));
	assert_non_null(strstr(text_of(2, false),
			       "redirect service=1 tag=ab prio=40070 in=a vid=3000 -> output:d\n"));
	assert_non_null(strstr(text_of(2, false),
			       "flush service=1 tag=ab prio=40080 in=d untagged type=88b5 -> "
			       "push vid:3103 output:B-M\n"));
}

/* From the steering bridge outwards and back. */
static void
flush_begins_or_ends_at_the_perimeter(void **state)
{
	(void)state;
	build(example_four_bridges());
	set("b");
	prepare("b", "c");
	assert_non_null(strstr(text_of(0, false),
			       "flush service=1 tag=ab prio=40080 in=c untagged type=88b5 -> "
			       "push vid:3101 output:A-C\n"));
	build(example_four_bridges());
	set("c");
	prepare("c", "b");
	assert_non_null(strstr(text_of(0, false),
			       "flush service=1 tag=ab prio=40080 in=A-C vid=3101 type=88b5 -> "
			       "pop output:c\n"));
}

static void
links_are_guarded(void **state)
{
	(void)state;
	build(example_four_bridges());
	assert_string_equal(text_of(1, true),
			    "guard service=0 prio=40060 in=any vid=3000/7 -> drop\n"
			    "guard service=0 prio=40060 in=any vid=3008/7 -> drop\n"
			    "guard service=0 prio=40060 in=any vid=3100/3 -> drop\n"
			    "guard service=0 prio=40060 in=any vid=3104/15 -> drop\n"
			    "guard service=0 prio=40060 in=any vid=3120/7 -> drop\n"
			    "guard service=0 prio=40060 in=any vid=3128/3 -> drop\n");
}

static unsigned
missing_at(uint16_t bridge, char *text, size_t size)
{
	return rules_missing_ports(&context, 0, &steering.services[0], bridge, text, size);
}

static unsigned
port_named(const char *name)
{
	for (unsigned p = 0; p < topology.n_ports; p++) {
		if (strcmp(topology.ports[p].name, name) == 0)
			return p;
	}
	fail_msg("no port %s", name);
	return 0;
}

static void
missing_ports_leave_rules_out(void **state)
{
	unsigned missing;
	char text[64];

	(void)state;
	build(example_one_bridge());
	set("a");
	numbers[2] = 0; /* a-in */
	rules_desired(&context, &steering, 0, desired, &missing);
	assert_int_equal(missing, 1 + 1 + 2); /* guard, drop, ingress and egress */
	assert_int_equal(missing_at(0, text, sizeof(text)), 1);
	assert_string_equal(text, "a-in");
	numbers[3] = 0; /* a-out */
	assert_int_equal(missing_at(0, text, sizeof(text)), 2);
	assert_string_equal(text, "a-in, a-out");
	assert_int_equal(missing_at(0, text, 8), 2);
	assert_string_equal(text, "a-in, a");
	set("b");
	assert_int_equal(missing_at(0, text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

static unsigned
n_rules_of_service(void)
{
	unsigned n = 0;

	for (unsigned b = 0; b < topology.n_bridges; b++)
		n += (unsigned)rules_desired_of(&context, &steering, 0, (uint16_t)b, desired);
	return n;
}

/* Every port of the topology by itself: it is asked for, by its bridge alone, if a rule is lost without
 * it, and not otherwise. Returns how many are needed. */
static unsigned
assert_needs_what_rules_use(void)
{
	unsigned all = n_rules_of_service(), n_needed = 0;

	for (unsigned b = 0; b < topology.n_bridges; b++)
		assert_int_equal(rules_bridges(&context, 0, &steering.services[0]) >> b & 1,
				 rules_desired_of(&context, &steering, 0, (uint16_t)b, desired) >
					 0);
	for (unsigned p = 0; p < topology.n_ports; p++) {
		uint32_t number = numbers[p];
		unsigned used, needed = 0;
		char text[64];

		numbers[p] = 0;
		used = n_rules_of_service() < all;
		for (unsigned b = 0; b < topology.n_bridges; b++)
			needed += missing_at((uint16_t)b, text, sizeof(text));
		assert_int_equal(needed, used);
		assert_int_equal(missing_at(topology.ports[p].bridge, text, sizeof(text)), used);
		assert_string_equal(text, used ? topology.ports[p].name : "");
		assert_int_equal(rules_misfits(&context, &steering), used);
		n_needed += used;
		numbers[p] = number;
	}
	return n_needed;
}

/* A ring: the way there and the way back are not the same. Perimeter on A, a on C opposite. */
static void
one_way_links_are_needed_too(void **state)
{
	static struct topology_link_config links[] = {{{"A", "A-M"}, {"M", "M-A"}},
						      {{"B", "B-A"}, {"A", "A-B"}},
						      {{"C", "C-B"}, {"B", "B-C"}},
						      {{"M", "M-C"}, {"C", "C-M"}}};
	struct topology_config *config = example_four_bridges();
	struct topology_hop there[TOPOLOGY_MAX_BRIDGES], back[TOPOLOGY_MAX_BRIDGES];

	(void)state;
	config->links = links;
	config->n_links = 4;
	config->services[0].instances[0].ports[0].bridge = "C";
	build(config);
	assert_int_equal(topology_path(&topology, 0, 3, there), 2);
	assert_int_equal(topology_path(&topology, 3, 0, back), 2);
	assert_int_not_equal(there[0].out, back[1].in);
	set("a");
	assert_int_equal(assert_needs_what_rules_use(), 2 + 8);
}

/* Perimeter and c on A, a and d on B behind M, b on C: links that are on no way of the state do not count. */
static void
ports_are_needed_by_rules_only(void **state)
{
	struct steering_request cd = request("c", "d"), ab = request("a", "b");

	(void)state;
	build(example_four_bridges());
	assert_int_equal(assert_needs_what_rules_use(), 0);
	set("c");
	assert_int_equal(assert_needs_what_rules_use(), 2);
	set("b");
	assert_int_equal(assert_needs_what_rules_use(), 2 + 2);
	memset(numbers, 0, sizeof(numbers)); /* A and C, although they have no port at all */
	assert_int_equal(rules_bridges(&context, 0, &steering.services[0]), 1u << 0 | 1u << 3);
	for (unsigned p = 0; p < topology.n_ports; p++)
		numbers[p] = 10 + p;
	set("c");
	prepare("c", "d");
	assert_int_equal(assert_needs_what_rules_use(), 3 + 4);
	flip("c", "d");
	assert_int_equal(assert_needs_what_rules_use(), 3 + 4);
	cd.last_copy = true;
	assert_int_equal(steering_fence(&topology, &steering, &cd, &service, &reason), 1);
	assert_int_equal(steering_cleanup(&topology, &steering, &cd, false, &service, &reason), 1);
	set("a");
	prepare("a", "b");
	assert_int_equal(assert_needs_what_rules_use(), 3 + 6);
	assert_int_equal(steering_fence(&topology, &steering, &ab, &service, &reason), 1);
	numbers[port_named("A-C")] = 0; /* b's way: the fence goes first */
	assert_int_equal(rules_misfits(&context, &steering), 0);
	numbers[port_named("A-M")] = 0;
	assert_int_equal(rules_misfits(&context, &steering), 0);
	numbers[port_named("A-C")] = 1;
	assert_int_equal(rules_misfits(&context, &steering), 1);
}

/* ---- difference ---------------------------------------------------------------- */

static void
take_as_present(uint16_t bridge)
{
	n_present[bridge] = rules_of(bridge);
	memcpy(present[bridge], desired, n_present[bridge] * sizeof(*desired));
}

/* The switch has every port below 1000. */
static bool
has_port(const void *ctx, uint16_t bridge, uint32_t number)
{
	(void)ctx;
	(void)bridge;
	return number < 1000;
}

static unsigned
diff_with(uint32_t services, uint32_t misfits)
{
	struct rules_keep keep = {.steering = &steering,
				  .services = services,
				  .misfits = misfits,
				  .has_port = has_port};
	unsigned missing;
	int result = rules_desired(&context, &steering, 0, desired, &missing);
	unsigned n = (unsigned)result;

	assert_true(result > 0);

	return rules_diff(&context, desired, n, present[0], n_present[0], &keep, mods);
}

static unsigned
diff(uint32_t kept)
{
	return diff_with(kept, 0);
}

static unsigned
count_command(unsigned n, enum of_flow_command command)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		count += mods[i].command == command;
	return count;
}

static void
no_difference_no_mods(void **state)
{
	(void)state;
	build(example_one_bridge());
	set("a");
	take_as_present(0);
	assert_int_equal(diff(0), 0);
}

static void
flip_changes_two_rules(void **state)
{
	(void)state;
	build(example_one_bridge());
	set("a");
	prepare("a", "b");
	take_as_present(0);
	flip("a", "b");
	assert_int_equal(diff(0), 2);
	assert_int_equal(count_command(2, OF_FLOW_ADD), 2);
	assert_int_equal(mods[0].match.in_port, 10);
	assert_int_equal(mods[0].actions.list[0].value, 14);
}

static void
strays_go_and_holes_are_filled(void **state)
{
	(void)state;
	build(example_one_bridge());
	set("a");
	take_as_present(0);
	present[0][0].priority = 1;
	assert_int_equal(diff(0), 2);
	assert_int_equal(count_command(2, OF_FLOW_ADD), 1);
	assert_int_equal(count_command(2, OF_FLOW_DELETE_STRICT), 1);
	assert_int_equal(mods[0].priority, 1);
}

/* A stray with another's cookie is not ours to delete. */
static void
deletes_name_the_cookie(void **state)
{
	(void)state;
	build(example_one_bridge());
	take_as_present(0);
	present[0][0].priority = 1;
	diff(0);
	assert_int_equal(mods[0].cookie_mask, UINT64_MAX);
	assert_int_equal(mods[0].cookie, present[0][0].cookie);
}

static void
opaque_rules_are_purged_by_cookie(void **state)
{
	unsigned n;

	(void)state;
	build(example_one_bridge());
	set("a");
	take_as_present(0);
	present[0][n_present[0]++] = (struct rule){
		.cookie = rules_cookie(RULES_MAGIC_DEFAULT, 1, RULES_INGRESS, 0), .opaque = true};
	n = diff(0);
	assert_int_equal(mods[0].command, OF_FLOW_DELETE);
	assert_int_equal(n, 1 + 2); /* the two ingress rules have that cookie: added again */
	assert_int_equal(count_command(n, OF_FLOW_ADD), 2);
}

static void
unknown_services_keep_their_rules(void **state)
{
	(void)state;
	build(example_one_bridge());
	set("a");
	take_as_present(0);
	steering_init(&steering);
	assert_int_equal(diff(1), 0);
	assert_int_equal(diff(0), 4);
	assert_int_equal(count_command(4, OF_FLOW_DELETE_STRICT), 4);
}

/* ---- inference --------------------------------------------------------------------- */

static void
assert_inferred(void)
{
	const struct steering_service *s = &steering.services[0];
	struct steering_service got = {0};

	for (unsigned b = 0; b < topology.n_bridges; b++)
		take_as_present((uint16_t)b);
	assert_true(rules_infer(&context, present, n_present, 0, &got));
	assert_true(got.known);
	assert_int_equal(got.serving, s->serving);
	assert_int_equal(got.session.stage, s->session.stage);
	if (s->session.stage == STEERING_NO_SESSION)
		return;
	assert_int_equal(got.session.tag, s->session.tag);
	assert_int_equal(got.session.source, s->session.source);
	assert_int_equal(got.session.target, s->session.target);
	assert_memory_equal(got.session.vids, s->session.vids, sizeof(got.session.vids));
}

static void
assert_inferred_through_a_move(const struct topology_config *config)
{
	build(config);
	set("b");
	assert_inferred();
	prepare("b", "a");
	assert_inferred();
	flip("b", "a");
	assert_inferred();
}

static void
state_is_read_from_rules(void **state)
{
	(void)state;
	assert_inferred_through_a_move(example_one_bridge());
	assert_inferred_through_a_move(example_split());
	assert_inferred_through_a_move(example_four_bridges());
}

static void
nothing_is_read_from_nothing(void **state)
{
	struct steering_service got;

	(void)state;
	build(example_one_bridge());
	take_as_present(0);
	assert_false(rules_infer(&context, present, n_present, 0, &got));
}

/* Does a mod remove a rule that uses the port? */
static bool
removes(unsigned n, uint32_t in_port)
{
	for (unsigned i = 0; i < n; i++) {
		if (mods[i].command == OF_FLOW_DELETE_STRICT && mods[i].match.in_port == in_port)
			return true;
	}
	return false;
}

enum { A_IN = 2, B_IN = 4 }; /* references: pin pout a-in a-out b-in b-out */

/* The name of the serving instance's port is misspelt: what stands for it stays. */
static void
misspelt_port_takes_nothing_away(void **state)
{
	(void)state;
	build(example_one_bridge());
	set("a");
	take_as_present(0);
	numbers[A_IN] = 0; /* the switch has it as 12, under another name */
	assert_int_equal(rules_misfits(&context, &steering), 1);
	assert_false(removes(diff_with(0, 1), 10 + A_IN));
	assert_true(removes(diff_with(0, 0), 10 + A_IN));
	set("b"); /* b's ports are all there: nothing has to be kept */
	assert_int_equal(rules_misfits(&context, &steering), 0);
}

/* Safety goes first: with a port of the fenced target misspelt, too, nothing strange stays. */
static void
fence_keeps_no_strange_rule_of_the_target(void **state)
{
	struct steering_request r = {
		.session = 0xab, .service = "nat", .source = "a", .target = "b"};
	unsigned n;

	(void)state;
	build(example_one_bridge());
	set("a");
	assert_int_equal(steering_prepare(&topology, &steering, &r, &service, &reason), 1);
	take_as_present(0);
	numbers[A_IN] = 0;
	assert_false(removes(diff_with(0, rules_misfits(&context, &steering)), 10 + A_IN));
	assert_int_equal(steering_fence(&topology, &steering, &r, &service, &reason), 1);
	assert_int_equal(rules_misfits(&context, &steering), 1);
	n = diff_with(0, 1);
	assert_true(removes(n, 10 + B_IN));
	for (unsigned i = 0; i < n_present[0]; i++) { /* of the session nothing stays */
		bool gone = false;

		for (unsigned m = 0; m < n && rules_cookie_tag(present[0][i].cookie) != 0; m++)
			gone |= mods[m].cookie == present[0][i].cookie;
		assert_true(gone || rules_cookie_tag(present[0][i].cookie) == 0);
	}
	numbers[B_IN] = 0;
	assert_int_equal(rules_misfits(&context, &steering), 0);
}

/* A rule to a port that the switch does not have any more is of no use. */
static void
rule_to_a_gone_port_goes(void **state)
{
	(void)state;
	build(example_one_bridge());
	set("a");
	numbers[A_IN] = 2000;
	take_as_present(0);
	numbers[A_IN] = 0;
	assert_true(removes(diff_with(0, 1), 2000));
}

/* As many as all limits allow, on one bridge, all in a session: they fit, and there are not more than
 * a few for each port. */
static void
largest_configuration_fits(void **state)
{
	static char names[TOPOLOGY_MAX_SERVICES * (TOPOLOGY_MAX_INSTANCES + 1) * SLIM_MAX_PORTS]
			 [16];
	static struct topology_port_config ports[TOPOLOGY_MAX_SERVICES][TOPOLOGY_MAX_INSTANCES + 1]
						[SLIM_MAX_PORTS];
	static struct topology_instance_config instances[TOPOLOGY_MAX_SERVICES]
							[TOPOLOGY_MAX_INSTANCES];
	static struct topology_service_config services[TOPOLOGY_MAX_SERVICES];
	static const char *const kinds[] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"};
	static char service_names[TOPOLOGY_MAX_SERVICES][8],
		instance_names[TOPOLOGY_MAX_INSTANCES][8];
	struct topology_bridge_config bridge = {.name = "br", .address = "unix:/br"};
	struct topology_config config = {.bridges = &bridge,
					 .n_bridges = 1,
					 .services = services,
					 .n_services = TOPOLOGY_MAX_SERVICES};
	unsigned n = 0, missing;
	int n_rules;

	(void)state;
	for (unsigned s = 0; s < TOPOLOGY_MAX_SERVICES; s++) {
		snprintf(service_names[s], sizeof(service_names[s]), "s%u", s);
		for (unsigned i = 0; i <= TOPOLOGY_MAX_INSTANCES; i++) {
			for (unsigned p = 0; p < SLIM_MAX_PORTS; p++, n++) {
				snprintf(names[n], sizeof(names[n]), "port%u", n);
				ports[s][i][p] = (struct topology_port_config){
					.name = kinds[p], .bridge = "br", .port = names[n]};
			}
		}
		for (unsigned i = 0; i < TOPOLOGY_MAX_INSTANCES; i++) {
			snprintf(instance_names[i], sizeof(instance_names[i]), "i%u", i);
			instances[s][i] =
				(struct topology_instance_config){.name = instance_names[i],
								  .ports = ports[s][i + 1],
								  .n_ports = SLIM_MAX_PORTS};
		}
		services[s] = (struct topology_service_config){
			.name = service_names[s],
			.cookie = (uint8_t)(s + 1),
			.redirect_vids = {(uint16_t)(1001 + s * 9), (uint16_t)(1008 + s * 9)},
			.perimeter = ports[s][0],
			.n_perimeter = SLIM_MAX_PORTS,
			.instances = instances[s],
			.n_instances = TOPOLOGY_MAX_INSTANCES};
	}
	build(&config);
	for (unsigned s = 0; s < TOPOLOGY_MAX_SERVICES; s++) {
		struct steering_request r = {.session = s + 1,
					     .service = service_names[s],
					     .source = "i0",
					     .target = "i1"};

		assert_int_equal(steering_set(&topology, &steering, service_names[s], "i0", true,
					      &service, &reason),
				 1);
		assert_int_equal(steering_prepare(&topology, &steering, &r, &service, &reason), 1);
	}
	n_rules = rules_desired(&context, &steering, 0, desired, &missing);
	assert_true(n_rules > 0);
	assert_true((unsigned)n_rules < 3 * n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(guards_of_one_bridge),
		TEST(move_on_one_bridge),
		TEST(fence_leaves_only_the_source),
		TEST(vlans_are_translated),
		TEST(move_over_bridges),
		TEST(flush_turns_on_the_same_link),
		TEST(flush_begins_or_ends_at_the_perimeter),
		TEST(links_are_guarded),
		TEST(misspelt_port_takes_nothing_away),
		TEST(fence_keeps_no_strange_rule_of_the_target),
		TEST(rule_to_a_gone_port_goes),
		TEST(largest_configuration_fits),
		TEST(missing_ports_leave_rules_out),
		TEST(ports_are_needed_by_rules_only),
		TEST(one_way_links_are_needed_too),
		TEST(no_difference_no_mods),
		TEST(flip_changes_two_rules),
		TEST(strays_go_and_holes_are_filled),
		TEST(deletes_name_the_cookie),
		TEST(opaque_rules_are_purged_by_cookie),
		TEST(unknown_services_keep_their_rules),
		TEST(state_is_read_from_rules),
		TEST(nothing_is_read_from_nothing),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
