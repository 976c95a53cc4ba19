/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket with real sockets, workers in the test's hands, and time that the test moves.
 * Each test names what kills it.
 */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define N_WORKERS 2
#define SECOND UINT64_C(1000000000)
#define TEXT_SIZE (1u << 20)
#define MANY 100000u /* rows */

static char folder[] = "/tmp/slim-control-XXXXXX";
static char path[64];
static struct nf_mailbox mailboxes[N_WORKERS];
static struct nf_control *control;
static uint64_t now_ns;
static uint64_t n_rows_made;
static uint64_t n_done[N_WORKERS]; /* entries that jobs of the NF's own changed */
static char text[TEXT_SIZE];       /* what a client read */

/* ---- an NF ---------------------------------------------------------------------------------- */

static enum nf_status
start_count(struct nf_request *r, struct nf_words *words)
{
	uint64_t n;

	if (!nf_parse_number(nf_words_next(words), UINT32_MAX, &n))
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
		nf_reply_number(reply, "row", r->job.cursor);
		nf_reply_end(reply);
		n_rows_made++;
	}
	return true;
}

/* `change W N`: worker W changes N entries; 7 of them is too much for it. `change all N`: all do. */
static enum nf_status
start_change(struct nf_request *r, struct nf_words *words)
{
	bool all = nf_words_flag(words, "all");
	uint64_t worker = 0, n;

	if (!all && !nf_parse_number(nf_words_next(words), N_WORKERS - 1, &worker))
		return NF_USAGE;
	if (!nf_parse_number(nf_words_next(words), 1000, &n))
		return NF_USAGE;
	if (n == 13)
		return nf_refuse(r, NF_REFUSED, "not %u", 13u);
	r->job.kind = (uint32_t)n;
	r->workers = all ? (1u << N_WORKERS) - 1 : 1u << worker;
	return NF_OK;
}

static bool
change(void *ctx, struct nf_job *job)
{
	(void)ctx;
	if (job->kind == 7)
		job->status = NF_NOT_OWNER;
	else
		job->n_affected = job->kind;
	return true;
}

static bool
endless(struct nf_request *r, struct nf_reply *reply)
{
	(void)reply;
	r->job.cursor++;
	n_rows_made++;
	return false;
}

static const struct nf_command commands[] = {
	{"count", "N", "writes N rows", start_count, count},
	{"change", "WORKER|all N", "changes entries", start_change, NULL},
	{"look for ever", "", "looks", NULL, endless},
	{0},
};

static void
note_done(void *nf, uint16_t worker, const struct nf_job *job)
{
	(void)nf;
	n_done[worker] += job->n_affected;
}

static struct nf_control_config
settings(void)
{
	return (struct nf_control_config){
		.path = path,
		.commands = commands,
		.mailboxes = {&mailboxes[0], &mailboxes[1]},
		.n_workers = N_WORKERS,
		.workspace_size = 100,
		.job_done = note_done,
	};
}

static int
open_control(void **state)
{
	const struct nf_control_config config = settings();

	(void)state;
	memset(mailboxes, 0, sizeof(mailboxes));
	n_rows_made = 0;
	return nf_control_open(&config, &control);
}

static int
close_control(void **state)
{
	(void)state;
	nf_control_close(control);
	control = NULL;
	unlink(path);
	return 0;
}

static void
work(uint16_t worker)
{
	nf_mailbox_work(&mailboxes[worker], change, NULL);
}

/* ---- clients ---------------------------------------------------------------------------------- */

static int
dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
say(int fd, const char *line)
{
	assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
}

static void
poll_control(void)
{
	nf_control_poll(control, now_ns);
}

/* All that there is to read now, in `text`; true: the other end has closed. */
static bool
hear(int fd)
{
	size_t size = 0;
	ssize_t n;

	while ((n = recv(fd, text + size, TEXT_SIZE - 1 - size, 0)) > 0)
		size += (size_t)n;
	text[size] = '\0';
	return n == 0 || errno == ECONNRESET;
}

static void
expect(int fd, const char *wanted)
{
	poll_control();
	hear(fd);
	assert_string_equal(text, wanted);
}

static uint64_t
count_lines(const char *from)
{
	uint64_t n = 0;

	for (; *from != '\0'; from++)
		n += *from == '\n';
	return n;
}

/* ---- requests and answers ----------------------------------------------------------------------- */

static void
rows_and_end(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "count 2\ncount 0\n");
	expect(fd, "{\"row\":0}\n{\"row\":1}\nend ok 2\nend ok 0\n");
	close(fd);
}

static void
wrong_requests_are_told(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "count\ncount 1 2\ncont 1\n\nchange 0 13\n");
	expect(fd, "end usage 0 usage: count N\nend usage 0 usage: count N\n"
		   "end unknown-command 0 no such command; 'help' lists them\n"
		   "end unknown-command 0 no such command; 'help' lists them\n"
		   "end refused 0 not 13\n");
	assert_int_equal(atomic_load(&mailboxes[0].put), 0);
	close(fd);
}

static void
help_lists_the_table(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "help\n");
	poll_control();
	hear(fd);
	assert_non_null(strstr(text, "{\"command\":\"count\",\"arguments\":\"N\","
				     "\"help\":\"writes N rows\"}\n"));
	assert_non_null(strstr(text, "end ok 3\n"));
	close(fd);
}

/* Killed by: a line that is read before its newline, or whose beginning is forgotten. */
static void
a_line_may_come_in_pieces(void **state)
{
	static const char line[] = "count 1\n";
	int fd = dial();

	(void)state;
	for (size_t i = 0; i < sizeof(line) - 2; i++) {
		assert_int_equal(send(fd, &line[i], 1, 0), 1);
		expect(fd, "");
	}
	say(fd, "\n");
	expect(fd, "{\"row\":0}\nend ok 1\n");
	close(fd);
}

/* Killed by: an answer that is forgotten when no more can be asked. */
static void
who_has_said_all_is_answered_and_closed(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "count 1\nchange 0 3\n");
	shutdown(fd, SHUT_WR);
	poll_control();
	assert_false(hear(fd));
	work(0);
	poll_control();
	assert_true(hear(fd));
	assert_string_equal(text, "end ok 3\n");
	close(fd);
}

/* ---- jobs ------------------------------------------------------------------------------------------ */

/* Killed by: an end before the worker has answered, a sum over the wrong workers. */
static void
an_end_waits_for_the_workers(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "change all 5\n");
	expect(fd, "");
	work(0);
	expect(fd, "");
	work(1);
	expect(fd, "end ok 10\n");
	close(fd);
}

static void
a_worker_may_refuse(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "change all 7\n");
	poll_control();
	work(0);
	work(1);
	poll_control();
	hear(fd);
	assert_int_equal(strncmp(text, "end not-owner 0 this instance ", 30), 0);
	close(fd);
}

/* Killed by: answers in the order in which workers are done; a job that is lost when the mailbox is full. */
static void
many_jobs_are_answered_in_order(void **state)
{
	const uint32_t n = 3 * NF_MAILBOX_SIZE;
	char wanted[64], line[32], *place = text;
	int fd = dial(), other = dial();
	uint32_t n_asked = 0, n_answers = 0;

	(void)state;
	for (uint32_t round = 0; n_answers < n; round++) {
		assert_true(round < 10 * n);
		for (uint32_t i = 0; i < 10 && n_asked < n; i++, n_asked++) {
			snprintf(line, sizeof(line), "change %u %u\n", n_asked % 2,
				 n_asked % 5 + 1);
			if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
				break; /* its socket is full */
			say(other, "change 1 1\n");
		}
		poll_control();
		work(1); /* is faster than the other */
		work(round % 3 == 0 ? 0 : 1);
		hear(fd);
		for (place = text; *place != '\0'; place += strlen(wanted)) {
			snprintf(wanted, sizeof(wanted), "end ok %u\n", n_answers++ % 5 + 1);
			assert_int_equal(strncmp(place, wanted, strlen(wanted)), 0);
		}
	}
	close(fd);
	close(other);
}

/* Beside a client's. Killed by: a job of the NF's that is taken for a client's, or for another worker's. */
static void
a_job_of_the_nf_comes_back_to_it(void **state)
{
	const struct nf_job job = {.sender = NF_SENDER_NF, .kind = 5};
	int fd = dial();

	(void)state;
	say(fd, "change all 3\n");
	n_done[0] = n_done[1] = 0;
	assert_true(nf_mailbox_put(&mailboxes[1], &job));
	poll_control();
	work(0);
	work(1);
	expect(fd, "end ok 6\n");
	assert_int_equal(n_done[0], 0);
	assert_int_equal(n_done[1], 5);
	close(fd);
}

/* Killed by: a job that is lost because the mailbox is full. */
static void
a_full_mailbox_holds_requests_back(void **state)
{
	uint32_t n_answers[4] = {0};
	int fds[4];

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		fds[i] = dial();
		for (uint32_t k = 0; k < 100; k++)
			say(fds[i], "change 1 1\n");
	}
	poll_control();
	assert_int_equal(atomic_load(&mailboxes[1].put), NF_MAILBOX_SIZE);
	for (uint32_t round = 0; round < 200; round++) {
		work(1);
		poll_control();
		for (uint32_t i = 0; i < 4; i++) {
			hear(fds[i]);
			n_answers[i] += (uint32_t)count_lines(text);
		}
	}
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(n_answers[i], 100);
		close(fds[i]);
	}
}

/* Killed by: an answer by place alone: the new client would get the old one's. */
static void
who_is_gone_gets_no_answer(void **state)
{
	int fd = dial(), next;

	(void)state;
	say(fd, "change 0 5\n");
	poll_control();
	close(fd);
	poll_control();
	next = dial();
	say(next, "change 1 2\n");
	expect(next, "");
	work(0);
	expect(next, "");
	work(1);
	expect(next, "end ok 2\n");
	close(next);
}

/* ---- limits ------------------------------------------------------------------------------------------- */

static void
expect_closed_for_bad_line(const char *bytes, size_t size)
{
	int fd = dial();

	say(fd, "count 0\n");
	assert_int_equal(send(fd, bytes, size, 0), size);
	poll_control();
	assert_true(hear(fd));
	assert_int_equal(strncmp(text, "end ok 0\nend bad-line 0 ", 24), 0);
	close(fd);
}

/* Killed by: a buffer without end, bytes that are handed on as they came. */
static void
a_bad_line_ends_the_connection(void **state)
{
	char line[NF_LINE_SIZE + 1];
	int fd;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[NF_LINE_SIZE] = '\n';
	expect_closed_for_bad_line(line, sizeof(line));
	expect_closed_for_bad_line(line, NF_LINE_SIZE);
	expect_closed_for_bad_line("cou\0nt\n", 7);
	expect_closed_for_bad_line("count\r\n", 7);
	expect_closed_for_bad_line("\xff\xfe\n", 3);
	/* The longest line that is allowed. */
	memcpy(line, "count 0", 7);
	memset(line + 7, ' ', NF_LINE_SIZE - 7);
	line[NF_LINE_SIZE - 1] = '\n';
	fd = dial();
	assert_int_equal(send(fd, line, NF_LINE_SIZE, 0), NF_LINE_SIZE);
	expect(fd, "end ok 0\n");
	close(fd);
}

static void
one_client_too_many_is_told(void **state)
{
	int fds[NF_CLIENTS], fd;

	(void)state;
	for (uint32_t i = 0; i < NF_CLIENTS; i++)
		fds[i] = dial();
	poll_control();
	fd = dial();
	poll_control();
	assert_true(hear(fd));
	assert_string_equal(text, "end too-many-clients 0\n");
	close(fd);
	close(fds[3]);
	poll_control();
	fds[3] = dial();
	for (uint32_t i = 0; i < NF_CLIENTS; i++) {
		say(fds[i], "count 0\n");
		expect(fds[i], "end ok 0\n");
		close(fds[i]);
	}
}

/* Killed by: rows that are made for who does not read, a reader that stops the others, rows that get lost. */
static void
a_slow_reader_holds_up_nobody(void **state)
{
	char line[32];
	int fd = dial(), other = dial();
	uint64_t n_lines = 0, n_made;

	(void)state;
	snprintf(line, sizeof(line), "count %u\n", MANY);
	say(fd, line);
	for (uint32_t i = 0; i < 1000; i++)
		poll_control();
	n_made = n_rows_made;
	assert_true(n_made < MANY / 2);
	say(other, "count 1\n");
	expect(other, "{\"row\":0}\nend ok 1\n");
	assert_int_equal(n_rows_made, n_made + 1);
	for (uint32_t i = 0; n_lines <= MANY; i++) {
		assert_true(i < MANY);
		hear(fd);
		n_lines += count_lines(text);
		poll_control();
	}
	assert_int_equal(n_lines, MANY + 1);
	assert_non_null(strstr(text, "end ok 100000\n"));
	close(fd);
	close(other);
}

/* Killed by: a poll that goes on until a command has looked at everything. */
static void
a_poll_has_an_end(void **state)
{
	int fd = dial();

	(void)state;
	say(fd, "look for ever\n");
	poll_control();
	assert_in_range(n_rows_made, 1, 100);
	close(fd);
	poll_control();
	n_rows_made = 0;
	poll_control();
	assert_int_equal(n_rows_made, 0);
}

/* Killed by: no limit, or one that a byte now and then puts off. */
static void
who_says_nothing_is_closed(void **state)
{
	int silent = dial(), drips = dial(), deaf = dial(), waits = dial(), asks = dial();

	(void)state;
	say(waits, "change 0 1\n");
	say(deaf, "count 100000\n");
	poll_control();
	for (uint32_t i = 0; i < 6; i++) {
		now_ns += NF_IDLE_NS / 6;
		say(drips, "x");
		say(asks, "count 0\n");
		poll_control();
	}
	assert_true(hear(silent));
	assert_string_equal(text, "end idle 0 nothing was asked or taken for too long\n");
	assert_true(hear(drips));
	assert_true(hear(deaf));
	assert_false(hear(waits));
	assert_false(hear(asks));
	work(0);
	expect(waits, "end ok 1\n");
	close(silent);
	close(drips);
	close(deaf);
	close(waits);
	close(asks);
}

/* ---- the socket's file ------------------------------------------------------------------------------------ */

static void
the_socket_is_for_its_group_only(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
}

/* Killed by: unlinking whatever is there. */
static void
a_living_socket_is_left_alone(void **state)
{
	const struct nf_control_config config = settings();
	struct nf_control *second = NULL;
	int fd;

	(void)state;
	assert_int_equal(nf_control_open(&config, &second), -EADDRINUSE);
	fd = dial();
	poll_control();
	say(fd, "count 0\n");
	expect(fd, "end ok 0\n");
	close(fd);
}

static void
a_file_is_left_alone(void **state)
{
	const struct nf_control_config config = settings();
	int fd;

	(void)state;
	close_control(NULL);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(nf_control_open(&config, &control), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

static void
a_socket_left_behind_is_replaced(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	close_control(NULL);
	assert_int_equal(access(path, F_OK), -1);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(open_control(NULL), 0);
	fd = dial();
	say(fd, "count 0\n");
	expect(fd, "end ok 0\n");
	close(fd);
}

/* Killed by: unlinking by name alone. */
static void
the_successors_socket_stays(void **state)
{
	struct nf_control *first = control;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_control(NULL), 0);
	nf_control_close(first);
	assert_int_equal(access(path, F_OK), 0);
}

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/control.sock", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_control, close_control)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_and_end),
		TEST(wrong_requests_are_told),
		TEST(help_lists_the_table),
		TEST(a_line_may_come_in_pieces),
		TEST(who_has_said_all_is_answered_and_closed),
		TEST(an_end_waits_for_the_workers),
		TEST(a_worker_may_refuse),
		TEST(many_jobs_are_answered_in_order),
		TEST(a_job_of_the_nf_comes_back_to_it),
		TEST(a_full_mailbox_holds_requests_back),
		TEST(who_is_gone_gets_no_answer),
		TEST(a_bad_line_ends_the_connection),
		TEST(one_client_too_many_is_told),
		TEST(a_slow_reader_holds_up_nobody),
		TEST(a_poll_has_an_end),
		TEST(who_says_nothing_is_closed),
		TEST(the_socket_is_for_its_group_only),
		TEST(a_living_socket_is_left_alone),
		TEST(a_file_is_left_alone),
		TEST(a_socket_left_behind_is_replaced),
		TEST(the_successors_socket_stays),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
