/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of a link, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "order.h"

#define UNTOUCHED ((enum order)99)

static const struct shape before = {.rate = 5000, .delay_ns = 6000000, .queue_octets = 7000};

/* What is wrong with a line, or "". */
static const char *
parse(const char *line, enum order *ret_order, struct shape *shape)
{
	static char text[128];
	char copy[128];
	const char *why;

	snprintf(copy, sizeof(copy), "%s", line);
	*shape = before;
	*ret_order = UNTOUCHED;
	why = order_parse(copy, ret_order, shape, text, sizeof(text));
	return why != NULL ? why : "";
}

/* Killed by: names in another order; a delay in microseconds. */
static void
each_order(void **state)
{
	enum order order;
	struct shape shape;

	(void)state;
	assert_string_equal(parse("cut", &order, &shape), "");
	assert_int_equal(order, ORDER_CUT);
	assert_string_equal(parse("mend", &order, &shape), "");
	assert_int_equal(order, ORDER_MEND);
	assert_string_equal(parse("stats", &order, &shape), "");
	assert_int_equal(order, ORDER_STATS);
	assert_string_equal(parse("set rate=20M delay-ms=0.25", &order, &shape), "");
	assert_int_equal(order, ORDER_SET);
	assert_int_equal(shape.rate, 20000000);
	assert_int_equal(shape.delay_ns, 250000);
	assert_int_equal(shape.queue_octets, 7000);
}

/* Killed by: a set that begins with a shape of zeros. */
static void
what_is_not_named_stays(void **state)
{
	enum order order;
	struct shape shape;

	(void)state;
	assert_string_equal(parse("set rate=0", &order, &shape), "");
	assert_int_equal(shape.rate, 0);
	assert_int_equal(shape.delay_ns, before.delay_ns);
	assert_string_equal(parse("set delay-ms=60000", &order, &shape), "");
	assert_int_equal(shape.rate, before.rate);
	assert_int_equal(shape.delay_ns, 60 * UINT64_C(1000000000));
}

/* Killed by: a limit that is left out; words behind the first wrong one that are taken; a second word that is overlooked. */
static void
nonsense_changes_nothing(void **state)
{
	static const char *const lines[][2] = {
		{"", "unknown command: set, cut, mend or stats"},
		{" ", "unknown command: set, cut, mend or stats"},
		{"CUT", "unknown command: set, cut, mend or stats"},
		{"cut it", "one word, no more"},
		{"set", "set what? rate=BITS delay-ms=MS"},
		{"set rate", "rate cannot be set"},
		{"set rate=", "rate is no number of bits a second"},
		{"set rate=fast", "rate is no number of bits a second"},
		{"set rate=999", "rate must be 0, or 1k to 100G bits a second"},
		{"set rate=101G", "rate must be 0, or 1k to 100G bits a second"},
		{"set delay-ms=5s", "delay-ms is no number of milliseconds"},
		{"set delay-ms=-1", "delay-ms is no number of milliseconds"},
		{"set delay-ms=", "delay-ms is no number of milliseconds"},
		{"set delay-ms=60001", "delay-ms must be at most 60000 ms"},
		{"set delay-ms=000000000000000000000000000000000000005",
		 "delay-ms is no number of milliseconds"},
		{"set queue-octets=5", "queue-octets cannot be set"},
		{"set colour=red", "colour is unknown"},
		{"set rate=1M colour=red", "colour is unknown"},
		{"set colour=red rate=1M", "colour is unknown"},
	};
	enum order order;
	struct shape shape;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_string_equal(parse(lines[i][0], &order, &shape), lines[i][1]);
		assert_int_equal(order, UNTOUCHED);
		assert_memory_equal(&shape, &before, sizeof(shape));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_order),
		cmocka_unit_test(what_is_not_named_stays),
		cmocka_unit_test(nonsense_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
