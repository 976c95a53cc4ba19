/* SPDX-License-Identifier: Apache-2.0 */
/* Each thing that makes a run void does, by itself and with its reason; a good load has none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "load.h"

static const struct load good = {
	.judged = true,
	.span_ns = 1,
	.counts = {{.sent = 1, .received = 1}, {.sent = 1, .received = 1}},
};

/* The only reason is this one; NULL: there is none. */
static void
expect_reason(const struct load *l, const char *wanted)
{
	char text[LOAD_TEXT_SIZE];
	unsigned cursor = 0;

	assert_int_equal(load_is_void(l), wanted != NULL);
	if (wanted != NULL) {
		assert_true(load_void(l, &cursor, text));
		assert_string_equal(text, wanted);
	}
	assert_false(load_void(l, &cursor, text));
}

static void
a_good_load_is_not_void(void **state)
{
	(void)state;
	expect_reason(&good, NULL);
}

static void
load_that_was_never_sent(void **state)
{
	struct load l = good;

	(void)state;
	l.unsent = 159000;
	expect_reason(&l, "159000 packets of the load were not sent");
	l = good;
	l.undone = 7;
	expect_reason(&l, "7 flows were not opened, closed or handed over when it was their time");
	l = good;
	l.silent = 3;
	expect_reason(&l, "3 flows had no packet");
	l = good;
	l.counts[LEDGER_UP].sent = 0;
	expect_reason(&l, "nothing was sent up");
	l = good;
	l.counts[LEDGER_DOWN].sent = 0;
	expect_reason(&l, "nothing was sent down");
}

static void
nobody_was_there(void **state)
{
	struct load l = good;

	(void)state;
	l.span_ns = 0;
	expect_reason(&l, "the load took no time");
	l = good;
	l.counts[LEDGER_UP].received = 0; /* one direction may be dead: that is a loss, and seen */
	expect_reason(&l, NULL);
	l.counts[LEDGER_DOWN].received = 0;
	expect_reason(&l, "nothing was received");
	l = (struct load){0};
	expect_reason(&l, "the load never began");
}

static void
all_reasons_are_told(void **state)
{
	struct load l = {.judged = true, .unsent = 1, .undone = 1, .silent = 1};
	char text[LOAD_TEXT_SIZE];
	unsigned cursor = 0, n = 0;

	(void)state;
	while (load_void(&l, &cursor, text))
		n++;
	assert_int_equal(n, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_load_is_not_void),
		cmocka_unit_test(load_that_was_never_sent),
		cmocka_unit_test(nobody_was_there),
		cmocka_unit_test(all_reasons_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
