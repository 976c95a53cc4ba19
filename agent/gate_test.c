/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's table as a document, and rules that hold for any such table.
 *
 *   gate_test DOCUMENT    runs the tests; DOCUMENT is docs/gate.txt
 *   gate_test --print     prints what should stand there
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent.h"
#include "gate_table.h"

static const char *document;

static const struct {
	uint32_t mode;
	const char *name;
	bool serves;
} modes[] = {
#define X(mode, name, serves) {SLIM_GATE_##mode, name, serves},
	SLIM_GATE_MODES(X)
#undef X
};

static const struct {
	uint32_t mode;
	const char *event, *function;
} steps[] = {
#define X(mode, event, function) {SLIM_GATE_##mode, #event, #function},
	SLIM_GATE_STEPS(X)
#undef X
};

static const struct {
	uint32_t mode;
	const char *function;
} receives[] =
	{
#define X(mode, function) {SLIM_GATE_##mode, #function},
		SLIM_GATE_RECEIVES(X)
#undef X
},
  returns[] = {
#define X(mode, function) {SLIM_GATE_##mode, #function},
	  SLIM_GATE_RETURNS(X)
#undef X
};

static const struct {
	uint32_t mode;
	enum gate_fact fact;
	uint32_t next;
} moves[] = {
#define X(mode, fact, next) {SLIM_GATE_##mode, GATE_FACT_##fact, SLIM_GATE_##next},
	SLIM_GATE_MOVES(X)
#undef X
};

static const char *const facts[][2] = {
#define X(fact, what) {#fact, what},
	SLIM_GATE_FACTS(X)
#undef X
};

static const char *
name_of(uint32_t mode)
{
	for (size_t i = 0; i < RTE_DIM(modes); i++) {
		if (modes[i].mode == mode)
			return modes[i].name;
	}
	return "?";
}

static void
print_mode(FILE *out, size_t m)
{
	uint32_t mode = modes[m].mode;

	fprintf(out, "\n%s%s\n", modes[m].name, modes[m].serves ? " (serves)" : "");
	for (size_t i = 0; i < RTE_DIM(steps); i++) {
		if (steps[i].mode == mode)
			fprintf(out, "  %-9s %s\n", steps[i].event, steps[i].function);
	}
	for (size_t i = 0; i < RTE_DIM(receives); i++) {
		if (receives[i].mode == mode)
			fprintf(out, "  %-9s %s\n", "RECEIVE", receives[i].function);
	}
	for (size_t i = 0; i < RTE_DIM(returns); i++) {
		if (returns[i].mode == mode)
			fprintf(out, "  %-9s %s\n", "RETURN", returns[i].function);
	}
	for (size_t i = 0; i < RTE_DIM(moves); i++) {
		if (moves[i].mode == mode)
			fprintf(out, "  %-9s -> %-9s %s\n", facts[moves[i].fact][0],
				moves[i].next == mode ? "(ack)" : name_of(moves[i].next),
				facts[moves[i].fact][1]);
	}
}

static void
print(FILE *out)
{
	fprintf(out, "The gate of one worker, printed from agent/gate_table.h. By a command of "
		     "slimd, every mode "
		     "is\nentered from every mode. ENTER, LEAVE, POLL (once a round), IDLE (a "
		     "round ended with nothing "
		     "in\nflight), RECEIVE and RETURN (packets) are done by the functions named; a "
		     "fact that one of "
		     "them\nnotes leads on where an arrow stands, and acknowledges the command.\n");
	for (size_t m = 0; m < RTE_DIM(modes); m++)
		print_mode(out, m);
}

static void
document_is_the_table(void **state)
{
	char *text = NULL, *there;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size), *in = fopen(document, "r");

	(void)state;
	assert_non_null(out);
	assert_non_null(in);
	print(out);
	fclose(out);
	there = calloc(1, size + 2);
	assert_int_equal(fread(there, 1, size + 1, in), size);
	assert_string_equal(there, text);
	fclose(in);
	free(there);
	free(text);
}

/* Whatever is forgotten in the table would be dropped silently, or kept for ever. */
static void
every_mode_is_complete(void **state)
{
	(void)state;
	assert_int_equal(RTE_DIM(modes), SLIM_GATE_SERVE);
	assert_int_equal(RTE_DIM(receives), RTE_DIM(modes));
	for (size_t m = 0; m < RTE_DIM(modes); m++) {
		uint32_t n_receives = 0, n_returns = 0;

		assert_int_equal(modes[m].mode, m + 1);
		for (size_t i = 0; i < RTE_DIM(receives); i++)
			n_receives += receives[i].mode == modes[m].mode;
		for (size_t i = 0; i < RTE_DIM(returns); i++)
			n_returns += returns[i].mode == modes[m].mode;
		assert_int_equal(n_receives, 1);
		assert_int_equal(n_returns, modes[m].serves ? 0 : 1);
	}
}

/* Every way out of a hold that needs no command ends in a mode that handles packets. */
static void
a_hold_always_has_a_way_out(void **state)
{
	uint32_t ways = 0;

	(void)state;
	for (size_t i = 0; i < RTE_DIM(moves); i++) {
		assert_int_equal(moves[i].mode, SLIM_GATE_HOLD);
		assert_true(
			moves[i].next == SLIM_GATE_PASS ||
			(moves[i].next == SLIM_GATE_REDIRECT && moves[i].fact == GATE_FACT_TAKEN) ||
			(moves[i].next == SLIM_GATE_HOLD && moves[i].fact == GATE_FACT_STOPPED));
		ways |= 1u << moves[i].fact;
	}
	assert_int_equal(ways, (1u << GATE_N_FACTS) - 1);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(document_is_the_table),
		cmocka_unit_test(every_mode_is_complete),
		cmocka_unit_test(a_hold_always_has_a_way_out),
	};

	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		print(stdout);
		return 0;
	}
	document = argc == 2 ? argv[1] : "docs/gate.txt";
	return cmocka_run_group_tests_name("gate table", tests, NULL, NULL);
}
