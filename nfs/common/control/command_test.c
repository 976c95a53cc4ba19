/* SPDX-License-Identifier: Apache-2.0 */
/* Words, values, and rows of JSON. */
#include "command.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct nf_command commands[] = {
	{"show sessions", "", "", NULL, NULL},
	{"show", "", "", NULL, NULL},
	{"clear all", "", "", NULL, NULL},
	{0},
};

static struct nf_words
split(char *line)
{
	struct nf_words words;

	assert_true(nf_words_split(line, &words));
	return words;
}

/* Killed by: a name that matches its own beginning, or one word of two. */
static void
names_match_whole_words(void **state)
{
	char both[] = "show  sessions limit 3", one[] = "show session", part[] = "clear",
	     none[] = "sho", more[] = "shows";
	struct nf_words words = split(both);

	(void)state;
	assert_ptr_equal(nf_command_find(commands, &words), &commands[0]);
	assert_int_equal(words.n, 2);
	assert_string_equal(words.at[0], "limit");
	words = split(one);
	assert_ptr_equal(nf_command_find(commands, &words), &commands[1]);
	assert_string_equal(words.at[0], "session");
	words = split(part);
	assert_null(nf_command_find(commands, &words));
	words = split(more);
	assert_null(nf_command_find(commands, &words));
	words = split(none);
	assert_null(nf_command_find(commands, &words));
}

static void
words_are_taken_away(void **state)
{
	char line[] = "a limit 5 all b limit";
	struct nf_words words = split(line);

	(void)state;
	assert_string_equal(nf_words_option(&words, "limit"), "5");
	assert_null(nf_words_option(&words, "limit")); /* the second has no value */
	assert_true(nf_words_flag(&words, "all"));
	assert_false(nf_words_flag(&words, "all"));
	assert_string_equal(nf_words_next(&words), "a");
	assert_string_equal(nf_words_next(&words), "b");
	assert_string_equal(nf_words_next(&words), "limit");
	assert_null(nf_words_next(&words));
	assert_int_equal(words.n, 0);
}

static void
too_many_words_are_refused(void **state)
{
	char line[2 * (NF_MAX_WORDS + 1) + 1];
	struct nf_words words;

	(void)state;
	for (uint32_t i = 0; i <= NF_MAX_WORDS; i++)
		memcpy(&line[2 * i], "x ", 3);
	assert_false(nf_words_split(line, &words));
	line[2 * NF_MAX_WORDS] = '\0';
	memset(line, 'x', 1);
	for (uint32_t i = 0; i < NF_MAX_WORDS; i++)
		memcpy(&line[2 * i], "x ", 3);
	assert_true(nf_words_split(line, &words));
	assert_int_equal(words.n, NF_MAX_WORDS);
}

/* Killed by: an overflow that passes for a small number. */
static void
numbers_have_an_upper_end(void **state)
{
	uint64_t number = 7;

	(void)state;
	assert_true(nf_parse_number("0", 65535, &number));
	assert_int_equal(number, 0);
	assert_true(nf_parse_number("65535", 65535, &number));
	assert_int_equal(number, 65535);
	assert_false(nf_parse_number("65536", 65535, &number));
	assert_false(nf_parse_number("9", 8, &number));
	assert_true(nf_parse_number("18446744073709551615", UINT64_MAX, &number));
	assert_true(number == UINT64_MAX);
	assert_false(nf_parse_number("18446744073709551616", UINT64_MAX, &number));
	assert_false(nf_parse_number("", 8, &number));
	assert_false(nf_parse_number("-1", 8, &number));
	assert_false(nf_parse_number("1x", 8, &number));
	assert_false(nf_parse_number(NULL, 8, &number));
	assert_true(number == UINT64_MAX);
}

static void
endpoints_are_address_and_port(void **state)
{
	uint32_t address;
	uint16_t port;

	(void)state;
	assert_true(nf_parse_endpoint("192.0.2.1:53", &address, &port));
	assert_int_equal(ntohl(address), 0xc0000201);
	assert_int_equal(ntohs(port), 53);
	assert_false(nf_parse_endpoint("192.0.2.1", &address, &port));
	assert_false(nf_parse_endpoint("192.0.2.1:", &address, &port));
	assert_false(nf_parse_endpoint("192.0.2.1:65536", &address, &port));
	assert_false(nf_parse_endpoint(":53", &address, &port));
	assert_false(nf_parse_endpoint("192.0.2.1.and.so.on.and.on:53", &address, &port));
	assert_false(nf_parse_endpoint(NULL, &address, &port));
	assert_false(nf_parse_ipv4("192.0.2", &address));
}

static void
rows_are_json(void **state)
{
	char data[2 * NF_ROW_SIZE] = "";
	struct nf_reply reply = {.data = data, .size = sizeof(data)};

	(void)state;
	nf_reply_begin(&reply);
	nf_reply_text(&reply, "name", "a\"b\\c\n%d", 5);
	nf_reply_number(&reply, "n", UINT64_MAX);
	nf_reply_flag(&reply, "on", true);
	nf_reply_end(&reply);
	nf_reply_begin(&reply);
	nf_reply_end(&reply);
	nf_reply_line(&reply, "end %s", "ok");
	data[reply.used] = '\0';
	assert_string_equal(data, "{\"name\":\"a\\\"b\\\\c\\u000a5\",\"n\":18446744073709551615,"
				  "\"on\":true}\n{}\nend ok\n");
	assert_int_equal(reply.n_rows, 2);
}

/* Killed by: a row that is cut, or that is written past the end. */
static void
a_row_that_does_not_fit_is_left_out(void **state)
{
	char data[NF_ROW_SIZE + 1], big[NF_ROW_SIZE];
	struct nf_reply reply = {.data = data, .size = NF_ROW_SIZE};

	(void)state;
	data[NF_ROW_SIZE] = 'x';
	memset(big, 'a', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	assert_true(nf_reply_has_room(&reply));
	nf_reply_begin(&reply);
	nf_reply_text(&reply, "k", "%s", big);
	nf_reply_number(&reply, "n", 1);
	nf_reply_end(&reply);
	assert_int_equal(reply.used, 0);
	assert_int_equal(reply.n_rows, 0);
	nf_reply_line(&reply, "%s", big);
	assert_int_equal(reply.used, NF_ROW_SIZE);
	nf_reply_line(&reply, "x");
	assert_int_equal(reply.used, NF_ROW_SIZE);
	assert_int_equal(data[NF_ROW_SIZE], 'x');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_match_whole_words),
		cmocka_unit_test(words_are_taken_away),
		cmocka_unit_test(too_many_words_are_refused),
		cmocka_unit_test(numbers_have_an_upper_end),
		cmocka_unit_test(endpoints_are_address_and_port),
		cmocka_unit_test(rows_are_json),
		cmocka_unit_test(a_row_that_does_not_fit_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
