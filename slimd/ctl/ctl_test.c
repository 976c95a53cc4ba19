/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of slimctl that need no daemon: command line, usage, rows, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "options.h"
#include "rows.h"

/* ---- command line -------------------------------------------------------------------- */

static char error[OPTIONS_ERROR_SIZE];
static struct options options;

/* Splits at blanks. */
static const struct command *
parse(const char *line)
{
	static char words[512];
	char *argv[32], *save = NULL, *word;
	int argc = 0;

	snprintf(words, sizeof(words), "slimctl %s", line);
	for (word = strtok_r(words, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return options_parse(commands, argc, argv, &options, error);
}

static void
refuse(const char *line, const char *why)
{
	assert_null(parse(line));
	assert_string_equal(error, why);
}

static void
clear_environment(void)
{
	unsetenv("SLIM_SERVER");
	unsetenv("SLIM_STEERING");
	unsetenv("SLIM_TLS_CA");
}

static void
commands_are_found_with_their_words(void **state)
{
	const struct command *command;

	(void)state;
	clear_environment();
	command = parse("nf show nat-a");
	assert_string_equal(command->noun, "nf");
	assert_string_equal(command->verb, "show");
	assert_int_equal(options.n_args, 1);
	assert_string_equal(options.args[0], "nat-a");
	command = parse("--json migrate nat-a --to b:nat-b --max-hold 500us --max-bandwidth=20K");
	assert_string_equal(command->noun, "migrate");
	assert_string_equal(options.args[0], "nat-a");
	assert_string_equal(options.to, "b:nat-b");
	assert_true(options.json);
	assert_int_equal(options.max_hold_ns, 500000);
	assert_int_equal(options.max_bandwidth, 20000);
	assert_false(options.dry_run);
	parse("migrate --fault no-hold nat-a --to b --fault no-redirect --dry-run");
	assert_int_equal(options.fault, 5);
	assert_false(options.compress);
	assert_true(options.dry_run);
	parse("migrate --fault no-handover nat-a --to b");
	assert_int_equal(options.fault, 32);
	parse("migrate nat-a --to b --compress");
	assert_true(options.compress);
	assert_non_null(parse("nf show -- --odd-name"));
	assert_string_equal(options.args[0], "--odd-name");
	assert_non_null(parse("log level"));
	assert_non_null(parse("log level debug"));
}

static void
wrong_command_lines_are_explained(void **state)
{
	(void)state;
	clear_environment();
	refuse("", "");
	refuse("--help", "");
	assert_true(options.help);
	refuse("help", "");
	assert_true(options.help);
	assert_ptr_equal(parse("help nf show"), parse("nf show --help"));
	assert_true(options.help);
	refuse("help frob", "unknown command \"frob\"");
	refuse("frob", "unknown command \"frob\"");
	refuse("nf", "\"nf\" needs a verb");
	refuse("nf frob", "unknown command \"nf frob\"");
	refuse("nf show", "there is a word missing: NF");
	refuse("nf show a b", "too many words: \"b\"");
	refuse("nf list --frob", "unknown option --frob");
	refuse("nf list --dry-run", "this command does not take --dry-run");
	refuse("migrate a", "--to is missing");
	refuse("migrate a --to", "--to needs a value");
	refuse("migrate a --to b --dry-run=yes", "--dry-run takes no value");
	refuse("migrate a --to b --max-hold 3x", "--max-hold: \"3x\" is not T");
	refuse("migrate a --to b --fault frob", "--fault: \"frob\" is not NAME");
	refuse("table dump a --filter x", "--filter: \"x\" is not FIELD=VALUE");
	refuse("1 2 3 4 5 6 7 8 9", "too many words");
	assert_non_null(parse("nf show --help"));
	assert_string_equal(parse("job cancel 12 --force")->verb, "cancel");
	assert_true(options.force);
}

static void
addresses_come_from_options_environment_or_default(void **state)
{
	(void)state;
	clear_environment();
	parse("nf list");
	assert_string_equal(options.servers[0], "unix:/run/slim/slimd.sock");
	parse("steering show");
	assert_string_equal(options.steering, "unix:/run/slim/ofctld.sock");
	setenv("SLIM_SERVER", "unix:/s", 1);
	setenv("SLIM_STEERING", "unix:/t", 1);
	parse("nf list");
	assert_string_equal(options.servers[0], "unix:/s");
	parse("steering show");
	assert_string_equal(options.steering, "unix:/t");
	parse("--address unix:/x steering show");
	assert_string_equal(options.steering, "unix:/x");
	parse("--server unix:/x --steering unix:/y steering show");
	assert_string_equal(options.steering, "unix:/y");
	parse("table diff a b --server unix:/x --server unix:/y");
	assert_int_equal(options.n_servers, 2);
	assert_string_equal(options.servers[1], "unix:/y");
	clear_environment();
}

static char *
print_usage(void)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	options_print_usage(out, commands);
	fclose(out);
	return text;
}

static void
usage_names_every_command(void **state)
{
	const struct command *command;
	char *text = print_usage(), words[128];

	(void)state;
	for (command = commands; command->noun != NULL; command++) {
		snprintf(words, sizeof(words), "\n  %s%s%s%s%s", command->noun,
			 command->verb != NULL ? " " : "",
			 command->verb != NULL ? command->verb : "",
			 command->args[0] != '\0' ? " " : "", command->args);
		assert_non_null(strstr(text, words));
		assert_non_null(strstr(text, command->summary));
		assert_non_null(command->run);
	}
	assert_non_null(strstr(text, "8 differ"));
	free(text);
}

/* The manual page says what the tables say. */
static char *
read_manual(void)
{
	char *text = calloc(1, 1 << 20);
	FILE *file = fopen(getenv("SLIM_MANUAL"), "r");

	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	return text;
}

static void
check_options(const char *manual, const struct command *command)
{
	char *text, *line, *save = NULL, expected[64];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	options_print_command(out, command);
	fclose(out);
	for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "  --", 4) != 0)
			continue;
		snprintf(expected, sizeof(expected), "Fl -%.*s ", (int)strcspn(line + 4, " "),
			 line + 4);
		if (strstr(manual, expected) == NULL) {
			expected[strlen(expected) - 1] = '\n';
			assert_non_null(strstr(manual, expected));
		}
	}
	free(text);
}

static void
manual_names_every_command_and_option(void **state)
{
	char *manual = read_manual(), expected[64];
	const struct command *command;

	(void)state;
	for (command = commands; command->noun != NULL; command++) {
		snprintf(expected, sizeof(expected), "\n.It Cm %s%s%s", command->noun,
			 command->verb != NULL ? " " : "",
			 command->verb != NULL ? command->verb : "");
		assert_non_null(strstr(manual, expected));
		check_options(manual, command);
	}
	free(manual);
}

/* ---- rows ------------------------------------------------------------------------------- */

struct sample {
	Slim__V1__TableChunk chunk;
	Slim__V1__TableField fields[3], *field_ptrs[3];
	Slim__V1__TableRow rows[4], *row_ptrs[4];
	char *values[4][3];
};

/* Fields: ip (key), port (key), expires (time). `texts`: three for each row, up to NULL. */
static const Slim__V1__TableChunk *
make_chunk(struct sample *sample, const char *nf, const char *const *texts)
{
	static const char *const names[] = {"ip", "port", "expires"};
	static const Slim__V1__FieldType types[] = {SLIM__V1__FIELD_TYPE__TYPE_IPV4,
						    SLIM__V1__FIELD_TYPE__TYPE_BE16,
						    SLIM__V1__FIELD_TYPE__TYPE_TIME};
	size_t i, k;

	slim__v1__table_chunk__init(&sample->chunk);
	for (i = 0; i < 3; i++) {
		slim__v1__table_field__init(&sample->fields[i]);
		sample->fields[i].name = (char *)names[i];
		sample->fields[i].type = types[i];
		sample->fields[i].class_ = SLIM__V1__FIELD_CLASS__CLASS_STATE;
		sample->fields[i].size = 4;
		sample->fields[i].key = i < 2;
		sample->field_ptrs[i] = &sample->fields[i];
	}
	for (k = 0; texts[3 * k] != NULL; k++) {
		slim__v1__table_row__init(&sample->rows[k]);
		for (i = 0; i < 3; i++)
			sample->values[k][i] = (char *)texts[3 * k + i];
		sample->rows[k].slot = (uint32_t)k;
		sample->rows[k].values = sample->values[k];
		sample->rows[k].n_values = 3;
		sample->row_ptrs[k] = &sample->rows[k];
	}
	sample->chunk.nf = (char *)nf;
	sample->chunk.table = (char *)"sessions";
	sample->chunk.fields = sample->field_ptrs;
	sample->chunk.n_fields = 3;
	sample->chunk.rows = sample->row_ptrs;
	sample->chunk.n_rows = k;
	return &sample->chunk;
}

static char difference[512];

static void
note_difference(void *ctx, const char *a, const char *b, size_t field, size_t field_b)
{
	struct rows *tables = ctx;
	char key[128];
	size_t used = strlen(difference);

	rows_format_key(&tables[a != NULL ? 0 : 1], a != NULL ? a : b, key, sizeof(key));
	snprintf(difference + used, sizeof(difference) - used, "%c %s %zu/%zu\n",
		 b == NULL   ? '-'
		 : a == NULL ? '+'
			     : '~',
		 key, field, field_b);
}

static const char *const rows_a[] = {
	"10.0.0.2", "80", "never", "10.0.0.1", "80", "2024-03-01T10:00:00.000000000Z",
	"10.0.0.9", "1",  "never", NULL};
static const char *const rows_b[] = {"10.0.0.1", "80", "2024-03-01T10:00:00.900000000Z",
				     "10.0.0.2", "80", "2024-03-01T10:00:00.000000000Z",
				     "10.0.0.1", "8",  "never",
				     NULL};

static void
compare(uint64_t tolerance_ns, struct rows_diff *ret)
{
	struct sample a, b;
	struct rows tables[2];
	char why[128];

	rows_init(&tables[0]);
	rows_init(&tables[1]);
	assert_true(rows_add(&tables[0], make_chunk(&a, "nat-a", rows_a)));
	assert_true(rows_add(&tables[1], make_chunk(&b, "nat-b", rows_b)));
	difference[0] = '\0';
	assert_true(rows_compare(&tables[0], &tables[1], tolerance_ns, note_difference, tables, ret,
				 why, sizeof(why)));
	rows_fini(&tables[0]);
	rows_fini(&tables[1]);
}

static void
rows_are_matched_by_key(void **state)
{
	struct rows_diff diff;

	(void)state;
	compare(1000000000, &diff);
	assert_int_equal(diff.equal, 1);
	assert_int_equal(diff.only_a, 1);
	assert_int_equal(diff.only_b, 1);
	assert_int_equal(diff.different, 1);
	assert_string_equal(difference, "+ ip=10.0.0.1 port=8 0/0\n"
					"~ ip=10.0.0.2 port=80 2/2\n"
					"- ip=10.0.0.9 port=1 0/0\n");
	compare(100000000, &diff);
	assert_int_equal(diff.equal, 0);
	assert_int_equal(diff.different, 2);
}

static void
tables_with_other_fields_are_not_compared(void **state)
{
	struct sample a, b;
	struct rows tables[2];
	struct rows_diff diff;
	char why[128];

	(void)state;
	rows_init(&tables[0]);
	rows_init(&tables[1]);
	assert_true(rows_add(&tables[0], make_chunk(&a, "nat-a", rows_a)));
	make_chunk(&b, "nat-b", rows_b);
	b.fields[2].name = (char *)"expired";
	assert_true(rows_add(&tables[1], &b.chunk));
	assert_false(rows_compare(&tables[0], &tables[1], 0, note_difference, tables, &diff, why,
				  sizeof(why)));
	assert_string_equal(why, "field \"expires\" is not the same in nat-a and nat-b");
	b.rows[0].n_values = 2;
	assert_false(rows_add(&tables[1], &b.chunk));
	rows_fini(&tables[0]);
	rows_fini(&tables[1]);
}

/* ---- files --------------------------------------------------------------------------------- */

static FILE *
file_of(const char *text)
{
	FILE *file = tmpfile();

	fputs(text, file);
	rewind(file);
	return file;
}

static void
exported_rows_come_back(void **state)
{
	const Slim__V1__TableChunk *chunk;
	struct export_reader *reader;
	char why[EXPORT_ERROR_SIZE];
	struct sample sample;
	FILE *file = tmpfile();

	(void)state;
	chunk = make_chunk(&sample, "nat-\"a\"", rows_a);
	export_print_header(file, chunk);
	export_print_rows(file, chunk);
	export_print_end(file, 3);
	rewind(file);
	reader = export_open(file, why);
	assert_non_null(reader);
	chunk = export_next(reader, why);
	assert_string_equal(chunk->nf, "nat-\"a\"");
	assert_int_equal(chunk->n_fields, 3);
	assert_int_equal(chunk->fields[2]->type, SLIM__V1__FIELD_TYPE__TYPE_TIME);
	assert_true(chunk->fields[0]->key);
	assert_int_equal(chunk->n_rows, 3);
	assert_string_equal(chunk->rows[1]->values[0], "10.0.0.1");
	assert_int_equal(chunk->rows[2]->slot, 2);
	assert_null(export_next(reader, why));
	assert_string_equal(why, "");
	export_close(reader);
	fclose(file);
}

#define HEADER                                                                                     \
	"{\"format\":\"slim-table\",\"version\":1,\"nf\":\"a\",\"table\":\"t\",\"fields\":[{"      \
	"\"name\":\"x\",\"type\":\"u32\",\"class\":\"state\",\"key\":true,\"size\":4,\"merge\":0}" \
	"]}\n"
#define ROW "{\"slot\":1,\"bucket\":2,\"values\":[\"3\"]}\n"

static void
broken_files_are_named_with_their_line(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "line 0: the file ends too early"},
		{"hello\n", "line 1: not a JSON object"},
		{"{}\n", "line 1: not a table written by slimctl"},
		{"{\"format\":\"slim-table\",\"version\":2,\"nf\":\"a\",\"table\":\"t\",\"fields\":"
		 "[]}\n",
		 "line 1: version 2 of the format is not known"},
		{HEADER ROW, "line 2: the file ends too early"},
		{HEADER "{\"rows\":1}\n", "line 2: there are 0 rows, not 1"},
		{HEADER ROW "{\"slot\":1,\"bucket\":256,\"values\":[\"3\"]}\n",
		 "line 3: the row makes no sense"},
		{HEADER "{\"slot\":1,\"bucket\":2,\"values\":[3]}\n",
		 "line 2: the row makes no sense"},
		{HEADER "{\"slot\":1,\"bucket\":2,\"values\":[\"3\",\"4\"]}\n",
		 "line 2: the row makes no sense"},
	};
	struct export_reader *reader;
	char why[EXPORT_ERROR_SIZE];
	FILE *file;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		file = file_of(cases[i].text);
		reader = export_open(file, why);
		if (reader != NULL) {
			while (export_next(reader, why) != NULL)
				;
			export_close(reader);
		}
		assert_string_equal(why, cases[i].why);
		fclose(file);
	}
}

static void
long_files_come_in_chunks(void **state)
{
	const Slim__V1__TableChunk *chunk;
	struct export_reader *reader;
	char why[EXPORT_ERROR_SIZE];
	FILE *file = tmpfile();
	size_t i, n = 0, n_headers = 0;

	(void)state;
	fputs(HEADER, file);
	for (i = 0; i < 1000; i++)
		fputs(ROW, file);
	fputs("{\"rows\":1000}\n", file);
	rewind(file);
	reader = export_open(file, why);
	while ((chunk = export_next(reader, why)) != NULL) {
		n += chunk->n_rows;
		n_headers += chunk->n_fields > 0;
	}
	assert_string_equal(why, "");
	assert_int_equal(n, 1000);
	assert_int_equal(n_headers, 1);
	export_close(reader);
	fclose(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_found_with_their_words),
		cmocka_unit_test(wrong_command_lines_are_explained),
		cmocka_unit_test(addresses_come_from_options_environment_or_default),
		cmocka_unit_test(usage_names_every_command),
		cmocka_unit_test(manual_names_every_command_and_option),
		cmocka_unit_test(rows_are_matched_by_key),
		cmocka_unit_test(tables_with_other_fields_are_not_compared),
		cmocka_unit_test(exported_rows_come_back),
		cmocka_unit_test(broken_files_are_named_with_their_line),
		cmocka_unit_test(long_files_come_in_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
