/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is wrong at once, each by its code; and nothing when nothing is. */
#include "preflight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "example.h"

#define CODE(name) SLIM__V1__REASON_CODE__REASON_##name

static struct topology topology;
static struct steering steering;
static uint32_t numbers[TOPOLOGY_MAX_PORTS];
static struct rules_context context = {
	.topology = &topology, .magic = RULES_MAGIC_DEFAULT, .numbers = numbers};
static struct preflight_facts facts;
static struct preflight result;

static int
setup(void **state)
{
	struct topology_error error;
	unsigned service;
	struct steering_reason reason;

	(void)state;
	assert_int_equal(topology_build(example_split(), &topology, &error), 0);
	steering_init(&steering);
	assert_int_equal(steering_set(&topology, &steering, "nat", "a", true, &service, &reason),
			 1);
	for (unsigned p = 0; p < topology.n_ports; p++)
		numbers[p] = 10 + p;
	facts = (struct preflight_facts){
		.context = &context, .steering = &steering, .bridges_up = 3};
	for (unsigned b = 0; b < TOPOLOGY_MAX_BRIDGES; b++)
		facts.bridge_states[b] = "connecting";
	return 0;
}

static void
check(const char *service, const char *source, const char *target)
{
	static const char *const ports[] = {"inside", "outside"};
	struct preflight_request request = {.service = service,
					    .source = source,
					    .target = target,
					    .ports = ports,
					    .n_ports = 2};

	preflight_check(&facts, &request, &result);
}

/* The service has one port only. */
static void
check_port(const char *source, const char *target)
{
	struct preflight_request request = {.service = "nat", .source = source, .target = target};

	preflight_check(&facts, &request, &result);
}

static bool
tells(Slim__V1__ReasonCode code, const char *text)
{
	for (unsigned i = 0; i < result.reasons.n; i++) {
		if (result.reasons.list[i].code == code &&
		    strstr(result.reasons.list[i].text, text) != NULL)
			return true;
	}
	return false;
}

static void
remove_port(const char *name)
{
	for (unsigned p = 0; p < topology.n_ports; p++) {
		if (strcmp(topology.ports[p].name, name) == 0)
			numbers[p] = 0;
	}
}

static void
nothing_is_wrong(void **state)
{
	(void)state;
	check("nat", "a", "b");
	assert_int_equal(result.reasons.n, 0);
	assert_int_equal(result.service, 0);
	assert_int_equal(result.bridges, 3);
}

static void
unknown_service(void **state)
{
	(void)state;
	check("lb", "a", "b");
	assert_int_equal(result.reasons.n, 1);
	assert_true(tells(CODE(UNKNOWN_SERVICE), "\"lb\""));
	assert_int_equal(result.service, STEERING_NOBODY);
}

/* One does not hide the other. */
static void
all_reasons_come_at_once(void **state)
{
	(void)state;
	facts.bridges_up = 2;
	facts.bridge_states[0] = "waiting";
	remove_port("b-out");
	check("nat", "b", "z");
	assert_true(tells(CODE(UNKNOWN_INSTANCE), "\"z\""));
	assert_true(tells(CODE(STEERING_REFUSED), "\"b\" does not serve \"nat\"; a does"));
	assert_true(tells(CODE(BRIDGE_DOWN), "bridge A at unix:/A is not connected (waiting)"));
	assert_true(tells(CODE(PORTS), "bridge B does not have: b-out"));
	assert_int_equal(result.reasons.n, 4);
}

static void
both_instances_may_be_unknown(void **state)
{
	(void)state;
	check("nat", "y", "z");
	assert_true(tells(CODE(UNKNOWN_INSTANCE), "\"y\""));
	assert_true(tells(CODE(UNKNOWN_INSTANCE), "\"z\""));
	check("nat", "a", "a");
	assert_true(tells(CODE(BAD_REQUEST), "both \"a\""));
}

static void
who_serves_may_be_unknown_or_nobody(void **state)
{
	(void)state;
	steering.services[0].serving = STEERING_NOBODY;
	check("nat", "a", "b");
	assert_true(tells(CODE(STEERING_REFUSED), "nobody does"));
	steering.services[0].known = false;
	check("nat", "a", "b");
	assert_true(tells(CODE(STEERING_UNREACHABLE), "not known which instance serves"));
}

static void
session_under_way(void **state)
{
	struct steering_request request = {
		.session = 0xab, .service = "nat", .source = "a", .target = "b"};
	struct steering_reason reason;
	unsigned service;

	(void)state;
	assert_int_equal(steering_prepare(&topology, &steering, &request, &service, &reason), 1);
	check("nat", "a", "b");
	assert_int_equal(result.reasons.n, 1);
	assert_true(tells(CODE(STEERING_REFUSED), "00000000000000ab (a to b, prepared)"));
}

static void
port_names_are_the_nfs(void **state)
{
	static const char *const ports[] = {"inside", "wan"};
	struct preflight_request request = {
		.service = "nat", .source = "a", .target = "b", .ports = ports, .n_ports = 2};

	(void)state;
	preflight_check(&facts, &request, &result);
	assert_int_equal(result.reasons.n, 2);
	assert_true(tells(CODE(PORTS), "has a port \"outside\" that the NF has not"));
	assert_true(tells(CODE(PORTS), "the NF has a port \"wan\""));
	request.n_ports = 0;
	preflight_check(&facts, &request, &result);
	assert_int_equal(result.reasons.n, 0);
}

/* A link on a bridge of the service, but on no way between its perimeter and these two. */
static void
link_that_is_not_on_the_way(void **state)
{
	struct topology_error error;

	(void)state;
	assert_int_equal(topology_build(example_four_bridges(), &topology, &error), 0);
	for (unsigned p = 0; p < topology.n_ports; p++)
		numbers[p] = 10 + p;
	facts.bridges_up = 15 & ~(1u << 3); /* C is on no way either */
	remove_port("A-C");
	check_port("a", "d");
	assert_int_equal(result.reasons.n, 0);
	remove_port("B-M");
	check_port("a", "d");
	assert_int_equal(result.reasons.n, 1);
	assert_true(tells(CODE(PORTS), "bridge B does not have: B-M"));
	check_port("a", "b");
	assert_true(tells(CODE(PORTS), "bridge A does not have: A-C"));
	assert_true(tells(CODE(BRIDGE_DOWN), "bridge C at unix:/C is not connected"));
	check_port("b", "a");
	assert_true(tells(CODE(PORTS), "bridge A does not have: A-C"));
}

static void
what_does_not_fit_is_counted(void **state)
{
	struct preflight_list list = {0};

	(void)state;
	for (unsigned i = 0; i < SLIM_MAX_REASONS + 3; i++)
		preflight_add(&list, CODE(PORTS), "%u", i);
	assert_int_equal(list.n, SLIM_MAX_REASONS);
	assert_int_equal(list.n_left_out, 3);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_wrong),
		TEST(unknown_service),
		TEST(all_reasons_come_at_once),
		TEST(both_instances_may_be_unknown),
		TEST(who_serves_may_be_unknown_or_nobody),
		TEST(session_under_way),
		TEST(port_names_are_the_nfs),
		TEST(link_that_is_not_on_the_way),
		TEST(what_does_not_fit_is_counted),
	};

	return cmocka_run_group_tests_name("preflight", tests, NULL, NULL);
}
