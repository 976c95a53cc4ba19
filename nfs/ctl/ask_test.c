/* SPDX-License-Identifier: Apache-2.0 */
/* slim-nf against a control socket that a thread serves. */
#include "ask.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "table.h"

#define N_MANY 3000

static char folder[] = "/tmp/slim-nf-XXXXXX";
static char path[64], file[64];
static struct nf_mailbox mailbox;
static struct nf_control *control;
static pthread_t thread;
static _Atomic bool stop;

static enum nf_status
start_count(struct nf_request *r, struct nf_words *words)
{
	uint64_t n = 0;

	if (!nf_parse_number(nf_words_next(words), 100000, &n))
		return NF_USAGE;
	r->job.kind = (uint32_t)n;
	return NF_OK;
}

static bool
count(struct nf_request *r, struct nf_reply *reply)
{
	for (; r->job.cursor < r->job.kind; r->job.cursor++) {
		if (!nf_reply_has_room(reply))
			return false;
		nf_reply_begin(reply);
		nf_reply_text(reply, "name", "r\033%u", r->job.cursor);
		nf_reply_number(reply, "n", r->job.cursor);
		nf_reply_end(reply);
	}
	return true;
}

static enum nf_status
start_change(struct nf_request *r, struct nf_words *words)
{
	(void)words;
	r->workers = 1;
	return NF_OK;
}

static enum nf_status
start_fail(struct nf_request *r, struct nf_words *words)
{
	const char *how = nf_words_next(words);

	if (how == NULL)
		return nf_refuse(r, NF_REFUSED, "no");
	return strcmp(how, "owner") == 0 ? NF_NOT_OWNER : NF_NOT_FOUND;
}

static const struct nf_command commands[] = {
	{"count", "N", "", start_count, count},
	{"watch", "N", "", start_count, count},
	{"change", "", "", start_change, NULL},
	{"fail", "[HOW]", "", start_fail, NULL},
	{0},
};

static bool
change(void *ctx, struct nf_job *job)
{
	(void)ctx;
	job->n_affected = 2;
	return true;
}

static void *
serve(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		nf_control_poll(control, 0);
		nf_mailbox_work(&mailbox, change, NULL);
	}
	return NULL;
}

static int
begin(void **state)
{
	struct nf_control_config config = {
		.path = path,
		.commands = commands,
		.mailboxes = {&mailbox},
		.n_workers = 1,
	};

	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/nf.sock", folder);
	snprintf(file, sizeof(file), "%s/requests", folder);
	return nf_control_open(&config, &control) == 0 ? pthread_create(&thread, NULL, serve, NULL)
						       : -1;
}

static int
end(void **state)
{
	(void)state;
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	nf_control_close(control);
	unlink(file);
	return rmdir(folder);
}

/* ---- one request ---------------------------------------------------------------------------- */

static char *output;
static size_t output_size;

static int
run(const struct options *options)
{
	FILE *out;
	int code;

	free(output);
	out = open_memstream(&output, &output_size);
	assert_non_null(out);
	code = (int)ask(options, out);
	fclose(out);
	return code;
}

static int
run_words(const char *words, bool json)
{
	struct options options = {.socket = path, .json = json, .timeout_ms = 60000};

	snprintf(options.request, sizeof(options.request), "%s\n", words);
	return run(&options);
}

static void
rows_become_a_table(void **state)
{
	(void)state;
	assert_int_equal(run_words("count 2", false), EXIT_DONE);
	assert_string_equal(output, "name  n\nr?0   0\nr?1   1\n");
	assert_int_equal(run_words("count 0", false), EXIT_DONE);
	assert_string_equal(output, "done: 0\n");
	assert_int_equal(run_words("change", false), EXIT_DONE);
	assert_string_equal(output, "done: 2\n");
}

static void
rows_are_json_on_demand(void **state)
{
	(void)state;
	assert_int_equal(run_words("count 1", true), EXIT_DONE);
	assert_string_equal(output, "{\"name\":\"r\\u001b0\",\"n\":0}\n");
	assert_int_equal(run_words("change", true), EXIT_DONE);
	assert_string_equal(output, "{\"count\":2}\n");
}

/* Killed by: a table whose rows wait for each other, or an answer that must come in time. */
static void
what_is_watched_comes_at_once(void **state)
{
	struct options options;
	char name[] = "slim-nf", watch[] = "watch", n[] = "2", option[] = "--socket";
	char *words[] = {name, option, path, watch, n, NULL};

	(void)state;
	assert_true(options_parse(&options, 5, words));
	assert_true(options.stream);
	assert_int_equal(options.timeout_ms, -1);
	assert_int_equal(run(&options), EXIT_DONE);
	assert_string_equal(output,
			    "{\"name\":\"r\\u001b0\",\"n\":0}\n{\"name\":\"r\\u001b1\",\"n\":1}\n");
}

static void
refusals_have_their_exit_codes(void **state)
{
	struct options nowhere = {.socket = "/nonexistent/socket", .request = "x\n"};

	(void)state;
	assert_int_equal(run_words("count x", false), EXIT_USAGE);
	assert_int_equal(run_words("nothing", false), EXIT_USAGE);
	assert_int_equal(run_words("a\tb", false), EXIT_USAGE); /* and is hung up on */
	assert_int_equal(run_words("fail", false), EXIT_REFUSED);
	assert_int_equal(run_words("fail owner", false), EXIT_REFUSED);
	assert_int_equal(run_words("fail other", false), EXIT_NOT_FOUND);
	assert_int_equal(run(&nowhere), EXIT_UNREACHABLE);
	assert_int_equal(output_size, 0);
}

static size_t
n_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Killed by: a table that keeps all rows, or loses those behind the first ones. */
static void
a_long_table_flows(void **state)
{
	(void)state;
	assert_int_equal(run_words("count 5000", false), EXIT_DONE);
	assert_int_equal(n_lines(output), 5001);
	assert_non_null(strstr(output, "\nr?4999  4999\n"));
}

/* ---- many requests ---------------------------------------------------------------------------- */

static int
run_batch(const char *text, size_t n)
{
	struct options options = {.socket = path, .batch = file, .timeout_ms = 60000};
	FILE *out = fopen(file, "we");

	assert_non_null(out);
	while (n-- > 0)
		fputs(text, out);
	fclose(out);
	return run(&options);
}

/* Killed by: requests beyond those that may be ahead, a last line without newline. */
static void
a_batch_is_answered_whole(void **state)
{
	(void)state;
	assert_int_equal(run_batch("# rows\ncount 2\n\nchange\n", N_MANY), EXIT_DONE);
	assert_int_equal(n_lines(output), (size_t)2 * N_MANY);
	assert_int_equal(run_batch("count 1", 1), EXIT_DONE);
	assert_int_equal(n_lines(output), 1);
}

static void
a_batch_goes_on_after_a_failure(void **state)
{
	(void)state;
	assert_int_equal(run_batch("count 1\nfail x\ncount x\ncount 1\n", 1), EXIT_NOT_FOUND);
	assert_int_equal(n_lines(output), 2);
}

/* ---- a network function that misbehaves ---------------------------------------------------------- */

struct liar {
	int fd;
	const char *text;
};

static void *
lie(void *arg)
{
	struct liar *liar = arg;
	int fd = accept(liar->fd, NULL, NULL);
	char request[64];

	assert_true(recv(fd, request, sizeof(request), 0) > 0);
	assert_true(send(fd, liar->text, strlen(liar->text), MSG_NOSIGNAL) >= 0);
	close(fd);
	return NULL;
}

static int
run_against(const char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct options options = {.socket = file, .request = "x\n", .timeout_ms = 60000};
	struct liar liar = {.fd = socket(AF_UNIX, SOCK_STREAM, 0), .text = text};
	pthread_t server;
	int code;

	strcpy(address.sun_path, file);
	unlink(file);
	assert_int_equal(bind(liar.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(liar.fd, 1), 0);
	assert_int_equal(pthread_create(&server, NULL, lie, &liar), 0);
	code = run(&options);
	pthread_join(server, NULL);
	close(liar.fd);
	return code;
}

static void
nonsense_is_unreachable(void **state)
{
	(void)state;
	assert_int_equal(run_against("end ok 1\n"), EXIT_DONE);
	assert_int_equal(run_against("hello\n"), EXIT_UNREACHABLE);
	assert_int_equal(run_against("end\n"), EXIT_UNREACHABLE);
	assert_int_equal(run_against("end fine 1\n"), EXIT_UNREACHABLE);
	assert_int_equal(run_against("end ok\n"), EXIT_UNREACHABLE);
	assert_int_equal(run_against("{\"half a row"), EXIT_UNREACHABLE);
	assert_int_equal(run_against("end ok 12"), EXIT_UNREACHABLE); /* of 123? */
	assert_int_equal(run_against("{]\nend ok 1\n"), EXIT_UNREACHABLE);
	assert_int_equal(run_against("end not-found 0\n"), EXIT_NOT_FOUND);
	assert_int_equal(run_against("end too-many-clients 0\n"), EXIT_REFUSED);
}

static void
who_does_not_answer_is_given_up(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct options options = {.socket = file, .request = "x\n", .timeout_ms = 1};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	strcpy(address.sun_path, file);
	unlink(file);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(run(&options), EXIT_UNREACHABLE);
	close(fd);
}

/* ---- the command line ------------------------------------------------------------------------------ */

/* Words are told apart by '|'. */
static bool
parse(struct options *options, const char *line)
{
	static char copy[2 * NF_LINE_SIZE];
	char *words[NF_MAX_WORDS], *place;
	int n = 0;

	snprintf(copy, sizeof(copy), "slim-nf|%s", line);
	for (char *w = strtok_r(copy, "|", &place); w != NULL; w = strtok_r(NULL, "|", &place))
		words[n++] = w;
	words[n] = NULL;
	return options_parse(options, n, words);
}

static void
options_are_checked(void **state)
{
	char big[NF_LINE_SIZE + 1];
	struct options options;

	(void)state;
	unsetenv("SLIM_NF_SOCKET");
	assert_true(parse(&options, "--socket|S|--json|show|sessions|limit|3"));
	assert_string_equal(options.request, "show sessions limit 3\n");
	assert_true(options.json);
	assert_false(parse(&options, "--socket|S"));
	assert_false(parse(&options, "--socket|S|--batch|-|help"));
	assert_false(parse(&options, "--socket|S|show sessions"));
	assert_false(parse(&options, "--socket|S|--timeout|0|help"));
	assert_false(parse(&options, "help"));
	memset(big, 'x', sizeof(big));
	memcpy(big, "--socket|S|", 11);
	big[sizeof(big) - 1] = '\0';
	assert_true(parse(&options, big));
	setenv("SLIM_NF_SOCKET", "E", 1);
	assert_true(parse(&options, "help"));
	assert_string_equal(options.socket, "E");
	memset(big, 'x', 11);
	assert_false(parse(&options, big));
	big[NF_LINE_SIZE - 1] = '\0';
	assert_true(parse(&options, big));
	assert_int_equal(strlen(options.request), NF_LINE_SIZE);
	unsetenv("SLIM_NF_SOCKET");
}

/* Every option and every exit code that is printed is in the manual. */
static void
the_manual_has_every_option(void **state)
{
	const char *name = getenv("SLIM_MANUAL");
	char *usage, *line, *place, manual[16384];
	FILE *in = fopen(name != NULL ? name : "docs/man/slim-nf.1", "re");
	size_t size;
	FILE *out = open_memstream(&usage, &size);

	(void)state;
	assert_non_null(in);
	assert_non_null(out);
	manual[fread(manual, 1, sizeof(manual) - 1, in)] = '\0';
	fclose(in);
	options_print_usage(out);
	fclose(out);
	for (line = strtok_r(usage, "\n", &place); line != NULL;
	     line = strtok_r(NULL, "\n", &place)) {
		char option[32], wanted[64];

		if (sscanf(line, "  --%31s", option) != 1)
			continue;
		snprintf(wanted, sizeof(wanted), ".It Fl -%s", option);
		assert_non_null(strstr(manual, wanted));
	}
	free(usage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_become_a_table),
		cmocka_unit_test(rows_are_json_on_demand),
		cmocka_unit_test(what_is_watched_comes_at_once),
		cmocka_unit_test(refusals_have_their_exit_codes),
		cmocka_unit_test(a_long_table_flows),
		cmocka_unit_test(a_batch_is_answered_whole),
		cmocka_unit_test(a_batch_goes_on_after_a_failure),
		cmocka_unit_test(nonsense_is_unreachable),
		cmocka_unit_test(who_does_not_answer_is_given_up),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(the_manual_has_every_option),
	};
	int failed = cmocka_run_group_tests(tests, begin, end);

	free(output);
	return failed;
}
