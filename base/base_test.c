/* SPDX-License-Identifier: Apache-2.0 */
/* Units, JSON, log lines, and errors of configuration files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "json.h"
#include "log.h"
#include "slim_ctl.pb-c.h"
#include "units.h"

/* ---- units ------------------------------------------------------------------------ */

static void
times_are_parsed(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{"0", 0},
		{"1ns", 1},
		{"500us", 500000},
		{"10ms", 10000000},
		{"2s", 2000000000},
		{"1.5s", 1500000000},
		{"0.1s", 100000000},
		{".5ms", 500000},
		{"2m", 120000000000},
		{"1h", 3600000000000},
		{"1.9ns", 1},
	};
	static const char *const bad[] = {"",    "s",      "5",    "-1s",  "1 s",
					  "1s ", "1.2.3s", "1sec", "1e3s", "."};
	uint64_t ns = 77;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(units_parse_time(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	ns = 77;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(units_parse_time(bad[i], &ns), -EINVAL);
	assert_int_equal(units_parse_time("9223372037s", &ns), -ERANGE);
	assert_int_equal(units_parse_time("99999999999999999999999999s", &ns), -ERANGE);
	assert_int_equal(ns, 77);
}

static void
sizes_are_parsed(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(units_parse_size("100M", &value), 0);
	assert_int_equal(value, 100000000);
	assert_int_equal(units_parse_size("20K", &value), 0);
	assert_int_equal(value, 20000);
	assert_int_equal(units_parse_size("1.5Gi", &value), 0);
	assert_int_equal(value, 1610612736);
	assert_int_equal(units_parse_size("1234", &value), 0);
	assert_int_equal(value, 1234);
	assert_int_equal(units_parse_size("1Mb", &value), -EINVAL);
	assert_int_equal(units_parse_size("M", &value), -EINVAL);
}

static void
numbers_are_printed_with_three_digits(void **state)
{
	char text[UNITS_TEXT_SIZE];

	(void)state;
	assert_string_equal(units_format_time(999, text), "999 ns");
	assert_string_equal(units_format_time(1234, text), "1.23 us");
	assert_string_equal(units_format_time(12345678, text), "12.3 ms");
	assert_string_equal(units_format_time(99960000, text), "100 ms");
	assert_string_equal(units_format_time(UINT64_C(123000000000), text), "123 s");
	assert_string_equal(units_format_size(999, text), "999");
	assert_string_equal(units_format_size(45678, text), "45.7 k");
	assert_string_equal(units_format_size(1000000, text), "1.00 M");
}

/* ---- json --------------------------------------------------------------------------- */

static char *
to_json(const ProtobufCMessage *message, int indent)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	json_print_message(out, message, indent);
	fclose(out);
	return text;
}

static void
check_string(const char *text, const char *expected)
{
	char *printed;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	json_print_string(out, text);
	fclose(out);
	assert_string_equal(printed, expected);
	free(printed);
}

static void
strings_are_escaped(void **state)
{
	(void)state;
	check_string("plain", "\"plain\"");
	check_string("a\"b\\c\n\x7f", "\"a\\\"b\\\\c\\u000a\\u007f\"");
	check_string("gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"");
	check_string("\xf0\x9f\x90\xa7", "\"\xf0\x9f\x90\xa7\"");
	check_string("\xff|\xc3|\xc0\x80|\xed\xa0\x80",
		     "\"\\ufffd|\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd\"");
	check_string("\xe2\x82", "\"\\ufffd\\ufffd\"");
}

static void
messages_are_printed_by_their_descriptor(void **state)
{
	Slim__V1__Job job = SLIM__V1__JOB__INIT;
	Slim__V1__Reason reason = SLIM__V1__REASON__INIT, *reasons[] = {&reason};
	char *text;

	(void)state;
	job.id = (char *)"j1";
	job.state = SLIM__V1__JOB_STATE__JOB_TIMED_OUT;
	job.dry_run = 1;
	job.rows_total = UINT64_MAX;
	reason.code = SLIM__V1__REASON_CODE__REASON_NF_LOST;
	reason.text = (char *)"gone";
	job.reasons = reasons;
	job.n_reasons = 1;
	text = to_json(&job.base, -1);
	assert_string_equal(
		text,
		"{\"id\":\"j1\",\"nf\":\"\",\"to_host\":\"\",\"to_nf\":\"\",\"state\":\"timed_"
		"out\","
		"\"phase\":\"\",\"reasons\":[{\"code\":\"NF_LOST\",\"text\":\"gone\"}],"
		"\"rows_total\":18446744073709551615,\"rows_left\":0,\"rows_per_second\":0,"
		"\"expected_hold_ns\":0,\"started_unix_ns\":0,\"elapsed_ns\":0,\"result\":null,"
		"\"dry_run\":true,\"phases\":[],\"from_host\":\"\",\"request\":null}");
	free(text);
}

static void
messages_can_be_indented(void **state)
{
	Slim__V1__ListNfsReply list = SLIM__V1__LIST_NFS_REPLY__INIT;
	Slim__V1__LogLevelReply level = SLIM__V1__LOG_LEVEL_REPLY__INIT;
	Slim__V1__GetJobRequest unknown = SLIM__V1__GET_JOB_REQUEST__INIT;
	char *text = to_json(&list.base, 0);

	(void)state;
	assert_string_equal(text, "{\n  \"nfs\": []\n}");
	free(text);
	level.level = (char *)"info";
	text = to_json(&level.base, 1);
	assert_string_equal(text, "{\n    \"level\": \"info\"\n  }");
	free(text);
	unknown.id = NULL;
	text = to_json(&unknown.base, -1);
	assert_string_equal(text, "{\"id\":\"\"}");
	free(text);
}

/* ---- log ------------------------------------------------------------------------------- */

struct lines {
	unsigned n;
	enum log_level level;
	char last[LOG_MAX_LINE];
};

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	struct lines *lines = ctx;

	lines->n++;
	lines->level = level;
	snprintf(lines->last, sizeof(lines->last), "%s", line);
}

static void
log_lines_obey_the_level(void **state)
{
	struct lines lines = {0};
	enum log_level level;

	(void)state;
	log_set_sink(keep_line, &lines);
	log_info("nf up name=%s", "a");
	assert_string_equal(lines.last, "nf up name=a");
	assert_int_equal(lines.level, LOG_LEVEL_INFO);
	log_debug("not seen");
	assert_int_equal(lines.n, 1);
	assert_int_equal(log_level_parse("debug", &level), 0);
	log_set_level(level);
	log_session_debug(UINT64_C(0xab), "seen");
	assert_string_equal(lines.last, "seen session=00000000000000ab");
	assert_int_equal(log_level_parse("verbose", &level), -EINVAL);
	log_set_level(LOG_LEVEL_INFO);
	log_set_sink(NULL, NULL);
}

/* A reader that does not read: no call may wait for it. The alarm ends a test that does. */
static void
write_to_one_that_does_not_read(int reader, int writer)
{
	static char text[1 << 20];
	int stderr_was = dup(STDERR_FILENO);
	size_t length = 0;
	uint64_t lost, told = 0;

	dup2(writer, STDERR_FILENO);
	close(writer);
	log_open("test");
	alarm(10);
	lost = log_lost();
	for (int i = 0; i < 20000; i++)
		log_info("line number=%d text=%0500d", i, 0);
	lost = log_lost() - lost;
	/* Once there is room again, what is missing is told, and nothing is torn. */
	length += (size_t)read(reader, text, 65536);
	log_info("after it");
	dup2(stderr_was, STDERR_FILENO);
	close(stderr_was);
	log_open("slim");
	assert_in_range(lost, 1000, 19999);
	for (text[length] = '\0'; strstr(text, "after it\n") == NULL; text[length] = '\0')
		length += (size_t)read(reader, text + length, sizeof(text) - 1 - length);
	alarm(0);
	for (const char *at = text; (at = strstr(at, "lines lost n=")) != NULL; at++)
		told += strtoull(at + strlen("lines lost n="), NULL, 10);
	assert_int_equal(told, lost);
	close(reader);
}

static void
a_log_does_not_wait_for_its_reader(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	write_to_one_that_does_not_read(ends[0], ends[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	write_to_one_that_does_not_read(ends[0], ends[1]);
}

static void
log_lines_cannot_be_forged_and_are_cut(void **state)
{
	struct lines lines = {0};
	char text[2 * LOG_MAX_LINE];

	(void)state;
	log_set_sink(keep_line, &lines);
	log_info("name=%s", "a\nerror forged\x1b[31m");
	assert_string_equal(lines.last, "name=a?error forged?[31m");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_session_info(1, "%s", text);
	assert_int_equal(strlen(lines.last), LOG_MAX_LINE - 1);
	log_set_sink(NULL, NULL);
}

/* ---- config ------------------------------------------------------------------------------- */

struct thing {
	char *name;
	uint32_t size;
};

static const cyaml_schema_field_t thing_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct thing, name, 1, 8),
	CYAML_FIELD_UINT("size", CYAML_FLAG_OPTIONAL, struct thing, size),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t thing_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct thing, thing_fields),
};

static int
parse(const char *text, struct thing **ret, char error[CONFIG_ERROR_SIZE])
{
	void *data = NULL;
	int result = config_parse("f", text, strlen(text), &thing_schema, &data, error);

	*ret = data;
	return result;
}

static void
config_errors_name_the_line(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"name: a\nsize: 1\nsise: 2\n", "f:3: unknown key \"sise\""},
		{"name: a\n# sise: 1\n\n\"sise\": 2\n", "f:4: unknown key \"sise\""},
		{"name: sise\nsise: 2\n", "f:2: unknown key \"sise\""},
		{"{name: a, sise: 1}\n", "f:1: unknown key \"sise\""},
		{"size: 1\n", "f:1: missing key \"name\""},
		{"name: a\nsize: x\n", "f:2: size: Invalid uint64_t value: 'x'"},
		{"name: a\nsize: -1\n", "f:2: size: Invalid UINT value: '-1'"},
		{"name: ninechars\n", "f:1: name: STRING length > 8: ninechars"},
		{"- a\n", "f:1: Expecting MAPPING, got event: SEQUENCE_START"},
		{"", "f:1: the file is empty"},
		{"name: a\n---\nname: b\n", "f:2: more than one document"},
		{"name: [a\n", "f:2: did not find expected ',' or ']'"},
	};
	char error[CONFIG_ERROR_SIZE];
	struct thing *thing;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].text, &thing, error), -EINVAL);
		assert_string_equal(error, cases[i].error);
		assert_null(thing);
	}
}

static void
config_is_loaded(void **state)
{
	char error[CONFIG_ERROR_SIZE];
	struct thing *thing;

	(void)state;
	assert_int_equal(parse("name: abc\nsize: 17\n", &thing, error), 0);
	assert_string_equal(thing->name, "abc");
	assert_int_equal(thing->size, 17);
	config_free(&thing_schema, thing);
	config_free(&thing_schema, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_parsed),
		cmocka_unit_test(sizes_are_parsed),
		cmocka_unit_test(numbers_are_printed_with_three_digits),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(messages_are_printed_by_their_descriptor),
		cmocka_unit_test(messages_can_be_indented),
		cmocka_unit_test(log_lines_obey_the_level),
		cmocka_unit_test(log_lines_cannot_be_forged_and_are_cut),
		cmocka_unit_test(a_log_does_not_wait_for_its_reader),
		cmocka_unit_test(config_errors_name_the_line),
		cmocka_unit_test(config_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
