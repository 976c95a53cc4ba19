/* SPDX-License-Identifier: Apache-2.0 */
/* The log: which lines come from what happens to blocks and mappings, and what becomes of them when ring or file
 * do not take them. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>

#include "nf_moves_test.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define UTC_NS (UINT64_C(1795698000) * HARNESS_SECOND + 123456789) /* 2026-11-26 13:00 */
#define NOW "2026-11-26T13:00:00.123Z test "
#define SUBSCRIBER_TEXT "100.64.3.7"

static char directory[32], path[64], moved[64], text[1u << 22];
static struct harness nat, other;

/* ---- set-up ------------------------------------------------------------------------- */

static void
configure(struct nat_config *config, bool blocks, bool sessions)
{
	harness_defaults(config);
	config->port_first = 1024;
	config->port_last = 1024 + 8 * 256 * 4 - 1;
	config->ports_per_block = 8;
	config->max_blocks_per_subscriber = 2;
	snprintf(config->log.file, sizeof(config->log.file), "%s", path);
	config->log.blocks = blocks;
	config->log.sessions = sessions;
}

static void
make_directory(void)
{
	strcpy(directory, "/tmp/nat-log-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/log", directory);
	snprintf(moved, sizeof(moved), "%s/log.1", directory);
}

static int
open_with(bool blocks, bool sessions)
{
	struct nat_config config;

	make_directory();
	configure(&config, blocks, sessions);
	harness_open(&nat, &config, true);
	assert_int_equal(nat_log_open(&nat.nat->log), 0);
	return 0;
}

static int
open_blocks(void **state)
{
	(void)state;
	return open_with(true, false);
}

static int
open_sessions(void **state)
{
	(void)state;
	return open_with(false, true);
}

static int
open_both(void **state)
{
	(void)state;
	return open_with(true, true);
}

static int
close_nat(void **state)
{
	(void)state;
	harness_check(&nat);
	harness_close(&nat);
	unlink(path);
	unlink(moved);
	return rmdir(directory);
}

/* ---- what is in the file -------------------------------------------------------------- */

static const char *
read_file(const char *name)
{
	FILE *f = fopen(name, "r");
	size_t size;

	assert_non_null(f);
	size = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[size] = '\0';
	return text;
}

static uint32_t
n_lines(const char *lines)
{
	uint32_t n = 0;

	for (; *lines != '\0'; lines++)
		n += *lines == '\n';
	return n;
}

/* Writes all that waits; the file must hold just these lines. Empties it. */
static void
assert_written(struct harness *h, const char *expected)
{
	while (nat_log_write(&h->nat->log, h->now_ns, UTC_NS) != 0)
		continue;
	assert_string_equal(read_file(path), expected);
	assert_int_equal(truncate(path, 0), 0);
}

static struct harness_packet
flow(uint16_t port)
{
	return (struct harness_packet){
		.side = NAT_INSIDE,
		.protocol = IPPROTO_UDP,
		.src = SUBSCRIBER,
		.src_port = port,
		.dst = SERVER,
		.dst_port = 53,
	};
}

/* Makes a mapping; returns its external address and port as source. */
static struct harness_packet
make(struct harness *h, uint16_t port)
{
	struct harness_packet p = flow(port);

	return harness_pass(h, &p, NAT_OUTSIDE);
}

static void
remove_mapping(struct harness *h, uint16_t port)
{
	const struct nat_session *session = harness_session(h, SUBSCRIBER, port, IPPROTO_UDP);
	const struct slim_table *table = h->nat->sessions.shares.table;

	assert_non_null(session);
	for (uint32_t slot = 0; slot < h->nat->sessions.shares.capacity; slot++)
		if (slim_slot(table, slot) == session)
			nat_mapping_remove(h->workers[0].sessions, slot);
}

static const char *
block_line(const char *event, struct harness_packet out)
{
	static char line[2][128];
	static unsigned int turn;
	char *to = line[turn++ % 2];

	snprintf(to, sizeof(line[0]), NOW "%s " SUBSCRIBER_TEXT " 198.51.100.%u %u-%u\n", event,
		 out.src & 0xff, out.src_port & ~7u, out.src_port | 7u);
	return to;
}

static const char *
mapping_line(const char *event, const char *protocol, uint16_t port, struct harness_packet out)
{
	static char line[2][128];
	static unsigned int turn;
	char *to = line[turn++ % 2];

	snprintf(to, sizeof(line[0]), NOW "%s %s " SUBSCRIBER_TEXT ":%u 198.51.100.%u:%u\n", event,
		 protocol, port, out.src & 0xff, out.src_port);
	return to;
}

/* ---- events --------------------------------------------------------------------------- */

/* One line for the first mapping of a block, none for the next, one when the last is gone. Killed by: a line for
 * each mapping, none when it goes back, first or last port wrong. */
static void
blocks_come_and_go(void **state)
{
	struct harness_packet out, second;
	char both[256];

	(void)state;
	out = make(&nat, 1000);
	assert_written(&nat, block_line("block-allocated", out));
	for (uint16_t port = 1001; port < 1008; port++)
		make(&nat, port);
	assert_written(&nat, "");
	second = make(&nat, 1008); /* the first block is full */
	assert_written(&nat, block_line("block-allocated", second));
	for (uint16_t port = 1001; port < 1008; port++)
		remove_mapping(&nat, port);
	assert_written(&nat, "");
	remove_mapping(&nat, 1008);
	assert_written(&nat, block_line("block-released", second));
	remove_mapping(&nat, 1000);
	assert_written(&nat, block_line("block-released", out));
	out = make(&nat, 1000);
	remove_mapping(&nat, 1000);
	snprintf(both, sizeof(both), "%s%s", block_line("block-allocated", out),
		 block_line("block-released", out));
	assert_written(&nat, both);
}

/* Killed by: a line that is missing or of another protocol, block lines that were not asked for. */
static void
mappings_come_and_go(void **state)
{
	struct harness_packet p = flow(1000), out = make(&nat, 1000);

	(void)state;
	assert_written(&nat, mapping_line("mapping-created", "udp", 1000, out));
	make(&nat, 1000);
	assert_written(&nat, "");
	remove_mapping(&nat, 1000);
	assert_written(&nat, mapping_line("mapping-removed", "udp", 1000, out));
	p.protocol = IPPROTO_TCP;
	p.tcp_flags = 2;
	out = harness_pass(&nat, &p, NAT_OUTSIDE);
	assert_written(&nat, mapping_line("mapping-created", "tcp", 1000, out));
	harness_wait(&nat, 300 * HARNESS_SECOND);
	harness_sweep(&nat);
	assert_written(&nat, mapping_line("mapping-removed", "tcp", 1000, out));
}

/* RFC 6888 REQ-12. Killed by: a line with the destination. */
static void
destinations_are_not_logged(void **state)
{
	(void)state;
	make(&nat, 1000);
	remove_mapping(&nat, 1000);
	while (nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS) != 0)
		continue;
	assert_int_equal(n_lines(read_file(path)), 4);
	assert_null(strstr(text, "203.0.113"));
}

/* The time is that of the event, not of writing. Killed by: leaving out how long it waited. */
static void
lines_bear_the_time_of_the_event(void **state)
{
	(void)state;
	make(&nat, 1000);
	harness_wait(&nat, 70 * HARNESS_SECOND);
	remove_mapping(&nat, 1000);
	assert_int_equal(nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS), 2);
	read_file(path);
	assert_memory_equal(text, "2026-11-26T12:58:50.123Z ", 25);
	assert_memory_equal(strchr(text, '\n') + 1, "2026-11-26T13:00:00.123Z ", 25);
}

/* ---- moves ---------------------------------------------------------------------------- */

/* What came by a move is not logged again, what a move leaves behind is not released, and who removes it logs that.
 * Killed by: logging in installed, in removed, or not in nat_mapping_remove(). */
static void
a_move_is_no_event(void **state)
{
	struct nat_config config;
	struct harness_packet out = make(&nat, 1000);
	struct harness_move mv;
	char both[256];

	(void)state;
	snprintf(both, sizeof(both), "%s%s", block_line("block-allocated", out),
		 mapping_line("mapping-created", "udp", 1000, out));
	assert_written(&nat, both);
	configure(&config, true, true);
	harness_open(&other, &config, true);
	assert_int_equal(nat_log_open(&other.nat->log), 0);
	harness_move_begin(&mv, &nat, &other, 0);
	harness_copy_table(&mv, nat.nat->sessions.shares.table->index);
	harness_copy_table(&mv, nat.nat->sessions.shares.table->index);
	harness_copy_table(&mv, nat.nat->sessions.subscribers.shares.table->index);
	assert_written(&other, "");
	harness_wipe(&nat);
	assert_written(&nat, "");
	make(&other, 1001); /* in the block that is there */
	assert_int_equal(nat_log_write(&other.nat->log, other.now_ns, UTC_NS), 1);
	remove_mapping(&other, 1001);
	assert_int_equal(nat_log_write(&other.nat->log, other.now_ns, UTC_NS), 1);
	assert_int_equal(truncate(path, 0), 0);
	remove_mapping(&other, 1000);
	snprintf(both, sizeof(both), "%s%s", mapping_line("mapping-removed", "udp", 1000, out),
		 block_line("block-released", out));
	assert_written(&other, both);
	harness_check(&other);
	harness_close(&other);
}

/* ---- what is too much ------------------------------------------------------------------- */

static void
put(uint32_t n)
{
	const struct nat_log_record record = {.event = NAT_LOG_MAPPING_CREATED};

	for (uint32_t i = 0; i < n; i++)
		nat_log_put(nat.workers[0].sessions->log, &record);
}

/* Killed by: not counting, a round without bound, or one that leaves records. */
static void
a_full_ring_is_counted(void **state)
{
	uint32_t n, written = 0;

	(void)state;
	put(NAT_LOG_RING - 1);
	harness_wait(&nat, 0);
	assert_int_equal(harness_counter(&nat, NAT_log_lost), 0);
	put(11);
	harness_wait(&nat, 0);
	harness_wait(&nat, 0);
	assert_int_equal(harness_counter(&nat, NAT_log_lost), 11);
	while ((n = nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS)) != 0) {
		assert_true(n <= NAT_LOG_ROUND);
		written += n;
	}
	assert_int_equal(written, NAT_LOG_RING - 1);
	assert_int_equal(n_lines(read_file(path)), NAT_LOG_RING - 1);
	put(1);
	assert_int_equal(nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS), 1);
}

/* Limits the size of files, so that a write ends in the midst of a line. Killed by: not counting the rest, or
 * a line that goes on where another one was cut off. */
static void
a_full_disk_is_counted(void **state)
{
	struct rlimit limit;
	rlim_t was;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	was = limit.rlim_cur;
	limit.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put(3);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	put(2);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	limit.rlim_cur = was;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	harness_wait(&nat, 0);
	harness_wait(&nat, 0);
	assert_int_equal(strlen(read_file(path)), 100);
	assert_int_equal(n_lines(text), 1);
	assert_int_equal(harness_counter(&nat, NAT_log_unwritten), 4);
	put(1);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	read_file(path);
	assert_int_equal(n_lines(text), 3);
	assert_memory_equal(text + 100, "\n" NOW "mapping-created", 1 + strlen(NOW) + 15);
	put(1);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	assert_int_equal(n_lines(read_file(path)), 4);
}

/* ---- the file -------------------------------------------------------------------------- */

/* Killed by: a mode that lets everybody read, truncation. */
static void
the_file_is_appended_to(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0137, 0);
	put(1);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	assert_int_equal(nat_log_open(&nat.nat->log), 0);
	put(1);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	assert_int_equal(n_lines(read_file(path)), 2);
}

/* As logrotate does it. Killed by: going on with the old file after it was opened again, or losing it when that
 * fails. */
static void
the_file_is_opened_again(void **state)
{
	(void)state;
	put(1);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(nat_log_open(&nat.nat->log), -EISDIR);
	put(1);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	assert_int_equal(n_lines(read_file(moved)), 2);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(nat_log_open(&nat.nat->log), 0);
	put(3);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	assert_int_equal(n_lines(read_file(path)), 3);
	assert_int_equal(n_lines(read_file(moved)), 2);
}

/* Killed by: the end of a line that was cut off in the old file at the beginning of the new one. */
static void
a_torn_line_stays_in_its_file(void **state)
{
	struct rlimit limit;
	rlim_t was;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	was = limit.rlim_cur;
	limit.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put(3);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	limit.rlim_cur = was;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(nat_log_open(&nat.nat->log), 0); /* the same file */
	put(1);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	assert_memory_equal(read_file(path) + 100, "\n" NOW, 1 + strlen(NOW));
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, limit.rlim_max}), 0);
	put(3);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(nat_log_open(&nat.nat->log), 0); /* another one */
	put(1);
	nat_log_write(&nat.nat->log, nat.now_ns, UTC_NS);
	assert_memory_equal(read_file(path), NOW, strlen(NOW));
	assert_int_equal(n_lines(text), 1);
}

/* A pipe that nobody reads is refused, and does not stop the caller. */
static void
a_pipe_without_a_reader_is_refused(void **state)
{
	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(nat_log_open(&nat.nat->log), -ENXIO);
}

/* Killed by: a ring, or a file, that was not asked for. */
static void
without_a_log_there_is_none(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	harness_open(&other, &config, true);
	assert_int_equal(nat_log_open(&other.nat->log), 0);
	assert_null(other.workers[0].sessions->log);
	make(&other, 1000);
	remove_mapping(&other, 1000);
	assert_int_equal(nat_log_write(&other.nat->log, other.now_ns, UTC_NS), 0);
	harness_close(&other);
}

int
main(void)
{
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_nat)
	const struct CMUnitTest tests[] = {
		TEST_WITH(blocks_come_and_go, open_blocks),
		TEST_WITH(mappings_come_and_go, open_sessions),
		TEST_WITH(destinations_are_not_logged, open_both),
		TEST_WITH(lines_bear_the_time_of_the_event, open_sessions),
		TEST_WITH(a_move_is_no_event, open_both),
		TEST_WITH(a_full_ring_is_counted, open_sessions),
		TEST_WITH(a_full_disk_is_counted, open_sessions),
		TEST_WITH(the_file_is_appended_to, open_sessions),
		TEST_WITH(the_file_is_opened_again, open_sessions),
		TEST_WITH(a_torn_line_stays_in_its_file, open_sessions),
		TEST_WITH(a_pipe_without_a_reader_is_refused, open_sessions),
		cmocka_unit_test(without_a_log_there_is_none),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
