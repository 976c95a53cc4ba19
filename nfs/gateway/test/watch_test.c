/* SPDX-License-Identifier: Apache-2.0 */
/* What the control plane is told by itself, and what follows: error indications, and cells that are released. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "event.h"

#define CELL_IDLE (60 * HARNESS_SECOND)

static struct harness h;
static struct nf_watch watch;
static char rows[8192];

static void
ask_well(const char *line)
{
	assert_int_equal(harness_ask(&h, line), NF_OK);
}

static void
open_with(uint16_t n_workers, bool idle_at_error, uint64_t session_idle_ns)
{
	struct gateway_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	config.idle_at_error = idle_at_error;
	config.cell_idle_ns = CELL_IDLE;
	config.session_idle_ns = session_idle_ns;
	config.core_ipv6.bits = 0;
	harness_open(&h, &config, true);
	memset(&watch, 0, sizeof(watch));
	ask_well("session add 0x10007 ipv4 100.64.3.7 cell 192.0.2.11 cell-teid 0xa001");
	ask_well("session add 0x20008 ipv4 100.64.3.8 cell 192.0.2.12 cell-teid 0xa002");
}

static int
open_report(void **state)
{
	(void)state;
	open_with(1, false, 0);
	return 0;
}

static int
open_idle(void **state)
{
	(void)state;
	open_with(1, true, 0);
	return 0;
}

static int
open_four_workers(void **state)
{
	(void)state;
	open_with(4, true, 0);
	return 0;
}

static int
open_both_timers(void **state)
{
	(void)state;
	open_with(1, false, 3 * CELL_IDLE);
	return 0;
}

static int
close_it(void **state)
{
	struct frame out;

	(void)state;
	while (harness_take(&h, GATEWAY_ACCESS, &out) || harness_take(&h, GATEWAY_CORE, &out))
		;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

/* ---- watching ------------------------------------------------------------------------------------------ */

/* The next event is this one, of this session; its cell. */
static uint64_t
told(enum gateway_event event, uint32_t teid)
{
	struct nf_event taken;
	uint16_t worker;

	assert_true(nf_watch_next(&watch, h.gateway->events, h.config.n_workers, &taken, &worker));
	assert_int_equal(taken.words[0] >> 32, event);
	assert_int_equal((uint32_t)taken.words[0], teid);
	assert_int_equal(worker, (teid & 255) % h.config.n_workers);
	return taken.words[2];
}

static void
told_nothing(void)
{
	struct nf_event taken;
	uint16_t worker;

	assert_false(nf_watch_next(&watch, h.gateway->events, h.config.n_workers, &taken, &worker));
}

/* Runs the command once, with this much room; true: it has ended. */
static bool
run(struct nf_request *r, size_t room)
{
	struct nf_reply reply = {.data = rows, .size = room};
	bool ended = r->command->step(r, &reply);

	rows[reply.used] = '\0';
	return ended;
}

static struct nf_request
begin(const char *line)
{
	struct nf_request r = {.nf = h.gateway, .workspace = &watch};
	struct nf_words words;
	char copy[100];

	snprintf(copy, sizeof(copy), "%s", line);
	assert_true(nf_words_split(copy, &words));
	r.command = nf_command_find(gateway_commands, &words);
	assert_non_null(r.command);
	assert_int_equal(r.command->start(&r, &words), NF_OK);
	return r;
}

/* ---- error indications ------------------------------------------------------------------------------------ */

static void
indicate_to(uint16_t worker, uint32_t from, uint32_t teid, uint32_t address)
{
	uint8_t gtpu[24] = {0x32, 26, 0, 16, [12] = 16, [17] = 133, 0, 4};
	struct frame in;

	put32(gtpu + 13, teid);
	put32(gtpu + 20, address);
	in = message(from, 2152, gtpu, sizeof(gtpu));
	harness_send(&h, GATEWAY_ACCESS, &in, worker);
	harness_nothing_left(&h);
}

static void
indicate(uint32_t from, uint32_t teid, uint32_t address)
{
	indicate_to(0, from, teid, address);
}

/* Killed by: an event left out, or a cell that is left without being told to. */
static void
an_error_indication_is_reported(void **state)
{
	(void)state;
	indicate(CELL_1, CELL_TEID, CELL_1);
	assert_int_equal(told(GATEWAY_EVENT_ERROR_INDICATION, TEID),
			 (uint64_t)RTE_BE32(CELL_1) << 32 | CELL_TEID);
	assert_int_equal(harness_counter(&h, GATEWAY_error_indication_received), 1);
	assert_int_equal(harness_session(&h, TEID)->cell_address, RTE_BE32(CELL_1));
	/* One for each packet that was on its way: told once a second. */
	indicate(CELL_1, CELL_TEID, CELL_1);
	told_nothing();
	assert_int_equal(harness_counter(&h, GATEWAY_error_indication_received), 2);
	harness_wait(&h, HARNESS_SECOND);
	indicate(CELL_1, CELL_TEID, CELL_1);
	told(GATEWAY_EVENT_ERROR_INDICATION, TEID);
}

static void
goes_idle_from(uint16_t worker)
{
	struct frame in = plain(SERVER, SUBSCRIBER, 32, 1), out;

	indicate_to(worker, CELL_1, CELL_TEID, CELL_1);
	told(GATEWAY_EVENT_ERROR_INDICATION, TEID);
	assert_int_equal(harness_session(&h, TEID)->cell_address, 0);
	assert_int_equal(harness_session(&h, 0x20008)->cell_address, RTE_BE32(CELL_2));
	harness_send(&h, GATEWAY_CORE, &in, 0);
	harness_send(&h, GATEWAY_CORE, &in, 0);
	harness_nothing_left(&h);
	told(GATEWAY_EVENT_DOWNLINK_WAITING, TEID);
	told_nothing();
	/* It names no tunnel any more. */
	indicate_to(worker, CELL_1, CELL_TEID, CELL_1);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_error_indication), worker + 1);
	ask_well("path-switch 0x10007 cell 192.0.2.11 cell-teid 0xa001");
	out = harness_taken(&h, GATEWAY_ACCESS);
	g_pdu(&out, CELL_1, CELL_TEID);
	harness_taken(&h, GATEWAY_ACCESS);
	harness_nothing_left(&h);
}

/* Killed by: an end marker to a cell without the tunnel, or packets that still go there. */
static void
an_error_indication_makes_idle(void **state)
{
	(void)state;
	goes_idle_from(0);
}

/* Whichever worker gets it. Killed by: looking in the own sessions only. */
static void
any_worker_finds_the_session(void **state)
{
	(void)state;
	for (uint16_t w = 0; w < 4; w++) {
		goes_idle_from(w);
		harness_wait(&h, HARNESS_SECOND);
	}
	assert_int_equal(harness_counter(&h, GATEWAY_error_indication_received), 4);
}

/* Killed by: a check of the sender, of the address or of the TEID that is left out. */
static void
nobody_speaks_for_another_cell(void **state)
{
	static const struct {
		uint32_t from, teid, address;
	} hostile[] = {
		{CELL_2, CELL_TEID, CELL_1},                                /* another cell */
		{CELL_2, CELL_TEID, CELL_2},   {CELL_1, CELL_TEID, CELL_2}, /* in another's name */
		{CELL_1, CELL_TEID, GATEWAY},  {CELL_1, 0xa002, CELL_1}, /* the tunnel of another */
		{CELL_1, TEID, CELL_1},                                  /* the gateway's TEID */
		{CELL_1, 0, CELL_1},           {0, 0, 0},
		{GATEWAY, CELL_TEID, GATEWAY},
	};

	(void)state;
	ask_well("path-switch 0x20008 idle");
	harness_taken(&h, GATEWAY_ACCESS);
	for (size_t i = 0; i < RTE_DIM(hostile); i++)
		indicate(hostile[i].from, hostile[i].teid, hostile[i].address);
	assert_int_equal(harness_counter(&h, GATEWAY_drop_error_indication), RTE_DIM(hostile));
	assert_int_equal(harness_counter(&h, GATEWAY_error_indication_received), 0);
	assert_int_equal(harness_session(&h, TEID)->cell_address, RTE_BE32(CELL_1));
	told_nothing();
}

/* Every cut of it, an address of another kind, and elements that are not known. Killed by: reading beyond. */
static void
wrong_elements_name_nothing(void **state)
{
	uint8_t whole[40] = {0x32, 26, 0, 0, [12] = 16, 0, 0, 0xa0, 1, 133, 0, 4, 192, 0, 2, 11};

	(void)state;
	for (uint8_t size = 4; size <= 16; size++) {
		struct frame in;

		whole[3] = size;
		in = message(CELL_1, 2152, whole, 24);
		harness_send(&h, GATEWAY_ACCESS, &in, 0);
		assert_int_equal(harness_counter(&h, GATEWAY_error_indication_received),
				 size == 16);
	}
	told(GATEWAY_EVENT_ERROR_INDICATION, TEID);
	for (uint16_t at = 12; at < 20; at++) {
		uint8_t wrong[40];
		struct frame in;

		memcpy(wrong, whole, sizeof(wrong));
		wrong[at] ^= 0x40;
		in = message(CELL_1, 2152, wrong, 24);
		harness_send(&h, GATEWAY_ACCESS, &in, 0);
	}
	assert_int_equal(harness_counter(&h, GATEWAY_error_indication_received), 1);
	told_nothing();
}

/* A recovery counter in front and a private extension behind. */
static void
other_elements_are_passed_over(void **state)
{
	static const uint8_t gtpu[] = {0x32, 26, 0, 23, 0,   0, 0,    0, 0,   0, 0,
				       0,    14, 9, 16, 0,   0, 0xa0, 1, 133, 0, 4,
				       192,  0,  2, 11, 255, 0, 2,    1, 2};
	struct frame in = message(CELL_1, 2152, gtpu, sizeof(gtpu));

	(void)state;
	harness_send(&h, GATEWAY_ACCESS, &in, 0);
	told(GATEWAY_EVENT_ERROR_INDICATION, TEID);
}

/* ---- the cell's timer ---------------------------------------------------------------------------------------- */

static void
wait_steps(uint64_t ns)
{
	for (uint64_t i = 0; i < ns; i += HARNESS_SECOND)
		harness_wait(&h, HARNESS_SECOND);
}

/* Killed by: a session that ends with its cell, a timer that traffic does not put off, or an end marker. */
static void
who_is_idle_leaves_the_cell(void **state)
{
	struct frame in = plain(SERVER, SUBSCRIBER, 32, 1);

	(void)state;
	wait_steps(CELL_IDLE / 2);
	harness_send(&h, GATEWAY_CORE, &in, 0);
	harness_taken(&h, GATEWAY_ACCESS);
	wait_steps(CELL_IDLE / 2 + 5 * HARNESS_SECOND);
	assert_int_equal(harness_session(&h, TEID)->cell_address, RTE_BE32(CELL_1));
	assert_int_equal(harness_session(&h, 0x20008)->cell_address, 0);
	told(GATEWAY_EVENT_CELL_IDLE, 0x20008);
	wait_steps(CELL_IDLE / 2);
	assert_int_equal(harness_session(&h, TEID)->cell_address, 0);
	told(GATEWAY_EVENT_CELL_IDLE, TEID);
	assert_int_equal(harness_counter(&h, GATEWAY_cell_released), 2);
	assert_int_equal(harness_counter(&h, GATEWAY_session_expired), 0);
	harness_send(&h, GATEWAY_CORE, &in, 0);
	harness_nothing_left(&h);
	assert_int_equal(harness_session(&h, TEID)->n_waiting, 1);
	/* Who comes to a cell is not idle, however long nothing was sent. */
	wait_steps(CELL_IDLE);
	ask_well("path-switch 0x10007 cell 192.0.2.12 cell-teid 5");
	wait_steps(CELL_IDLE - 5 * HARNESS_SECOND);
	assert_int_equal(harness_session(&h, TEID)->cell_address, RTE_BE32(CELL_2));
	wait_steps(10 * HARNESS_SECOND);
	assert_int_equal(harness_session(&h, TEID)->cell_address, 0);
}

/* Killed by: one timer that stands in for the other, or stops it. */
static void
the_session_ends_later(void **state)
{
	(void)state;
	wait_steps(CELL_IDLE + 5 * HARNESS_SECOND);
	assert_int_equal(harness_session(&h, TEID)->cell_address, 0);
	ask_well("path-switch 0x10007 cell 192.0.2.12 cell-teid 5");
	wait_steps(2 * CELL_IDLE - 10 * HARNESS_SECOND);
	assert_non_null(harness_session(&h, TEID));
	wait_steps(10 * HARNESS_SECOND);
	assert_null(harness_session(&h, TEID));
	assert_int_equal(harness_counter(&h, GATEWAY_session_expired), 2);
}

/* ---- the command ------------------------------------------------------------------------------------------- */

/* Killed by: events from before, a row twice, or an end that does not come. */
static void
events_are_rows(void **state)
{
	struct nf_request r;
	char wanted[400];

	(void)state;
	indicate(CELL_1, CELL_TEID, CELL_1);
	r = begin("watch limit 2");
	assert_false(run(&r, sizeof(rows)));
	assert_string_equal(rows, "");
	indicate(CELL_2, 0xa002, CELL_2);
	assert_false(run(&r, sizeof(rows)));
	snprintf(wanted, sizeof(wanted),
		 "{\"event\":\"error-indication\",\"teid\":\"0x00020008\",\"cell\":\"192.0.2.12\","
		 "\"cell_teid\":\"0x0000a002\",\"time_ns\":%llu,\"worker\":0,\"number\":2}\n",
		 (unsigned long long)h.now_ns);
	assert_string_equal(rows, wanted);
	assert_false(run(&r, sizeof(rows)));
	assert_string_equal(rows, "");
	harness_wait(&h, HARNESS_SECOND);
	indicate(CELL_2, 0xa002, CELL_2);
	assert_true(run(&r, sizeof(rows)));
	assert_non_null(strstr(rows, "\"number\":3}"));
	r = begin("watch recent limit 1");
	assert_true(run(&r, sizeof(rows)));
	assert_non_null(strstr(rows, "\"number\":1}"));
}

/* Killed by: events that are lost in silence. */
static void
lost_events_are_told(void **state)
{
	struct nf_request r = begin("watch limit 1");

	(void)state;
	assert_false(run(&r, sizeof(rows)));
	for (unsigned int i = 0; i < NF_EVENTS + 5; i++)
		nf_event_put(h.gateway->events[0], (const uint64_t[NF_EVENT_WORDS]){TEID, 0, 0, 0});
	assert_true(run(&r, sizeof(rows)));
	assert_non_null(strstr(rows, "\"number\":6,\"lost\":5}"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_report, close_it)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_error_indication_is_reported),
		TEST_WITH(an_error_indication_makes_idle, open_idle),
		TEST_WITH(any_worker_finds_the_session, open_four_workers),
		TEST_WITH(nobody_speaks_for_another_cell, open_idle),
		TEST(wrong_elements_name_nothing),
		TEST(other_elements_are_passed_over),
		TEST(who_is_idle_leaves_the_cell),
		TEST_WITH(the_session_ends_later, open_both_timers),
		TEST(events_are_rows),
		TEST(lost_events_are_told),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
