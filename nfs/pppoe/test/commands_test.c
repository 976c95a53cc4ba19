/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator asks (commands.h) and what the workers do of it (orders.h): lines of words in, rows and an end out, with
 * sessions that clients made by discovery. Ending is the test's: it notes why, and removes the session.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "commands.h"
#include "discovery_world_test.h"
#include "events.h"
#include "orders.h"
#include "show.h"

static struct harness h;
static struct pppoe_config config;
static const struct line line_3 = {
	{2, 0, 0, 0, 0, 7}, 10, 0}; /* the first one's address, on a VLAN */

/* ---- the concentrator --------------------------------------------------------------------------------------- */

static uint32_t n_ended;
static enum pppoe_end last_why;
static uint32_t n_answers;

void __wrap_pppoe_control_end(struct pppoe_worker *w, uint32_t slot, enum pppoe_end why);
void __wrap_pppoe_control_answer(struct pppoe_worker *w, const struct pppoe_answer *answer);

void
__wrap_pppoe_control_end(struct pppoe_worker *w, uint32_t slot, enum pppoe_end why)
{
	assert_int_equal(pppoe_session_worker(&w->pppoe->sessions, slot), w->nf->index);
	n_ended++;
	last_why = why;
	pppoe_session_remove(w->sessions, slot);
}

void
__wrap_pppoe_control_answer(struct pppoe_worker *w, const struct pppoe_answer *answer)
{
	(void)w;
	assert_int_equal(answer->slot, 77);
	n_answers++;
}

static void
start(uint16_t n_workers)
{
	harness_defaults(&config);
	config.n_workers = n_workers;
	config.access_tags.n_outer = 1;
	config.access_tags.outer[0] = (struct pppoe_vlan_range){10, 20};
	config.limits.sessions_per_mac = 3;
	harness_open(&h, &config, true);
	harness_wait(&h, 0);
	n_ended = 0;
}

static void
stop(void)
{
	harness_nothing_left(&h);
	harness_close(&h);
}

/* ---- asking --------------------------------------------------------------------------------------------------- */

static char rows[65536];
static uint64_t n_rows;

static void
do_jobs(struct nf_request *r)
{
	for (uint16_t w = 0; w < config.n_workers; w++) {
		struct nf_job job = r->job;

		if (!(r->workers & 1u << w))
			continue;
		h.nf[w].serves = true;
		while (!pppoe_job(&h.nf[w], &job))
			continue;
		r->count += job.n_affected;
		if (job.status != NF_OK)
			r->status = job.status;
	}
}

/* A line as it comes over the socket; its rows are in `rows` then. */
static enum nf_status
ask(const char *text, uint64_t *ret_count)
{
	static union pppoe_workspace workspace;
	const struct nf_running running = {.workers = h.nf,
					   .n_workers = config.n_workers,
					   .n_counters = PPPOE_N_COUNTERS,
					   .counters = pppoe_counter_names};
	struct nf_reply reply = {.data = rows, .size = sizeof(rows) - 1};
	struct nf_request r = {.nf = h.pppoe, .running = &running, .workspace = &workspace};
	struct nf_words words;
	char line[256];

	memset(&workspace, 0, sizeof(workspace));
	r.now_ns = h.nf[0].now_ns;
	snprintf(line, sizeof(line), "%s", text);
	assert_true(nf_words_split(line, &words));
	r.command = nf_command_find(pppoe_commands, &words);
	assert_non_null(r.command);
	if (r.command->start != NULL)
		r.status = r.command->start(&r, &words);
	if (r.status == NF_OK && words.n != 0)
		r.status = NF_USAGE;
	if (r.status == NF_OK)
		do_jobs(&r);
	while (r.status == NF_OK && r.command->step != NULL && !r.command->step(&r, &reply))
		assert_true(nf_reply_has_room(&reply));
	rows[reply.used] = '\0';
	n_rows = reply.n_rows;
	if (ret_count != NULL)
		*ret_count = r.count;
	return r.status;
}

static uint64_t
ended_by(const char *text)
{
	uint64_t count = 0;

	assert_int_equal(ask(text, &count), NF_OK);
	return count;
}

static uint64_t
shown_by(const char *text)
{
	assert_int_equal(ask(text, NULL), NF_OK);
	return n_rows;
}

static uint16_t
log_in(const struct line *line, const char *user)
{
	struct packet pads = logged_in(&h, line);
	uint32_t slot = pppoe_session_by_id(&h.pppoe->sessions, id_of(&pads));
	uint16_t w = pppoe_session_worker(&h.pppoe->sessions, slot);
	struct pppoe_session *s = pppoe_session_begin(h.workers[w].sessions, slot);

	snprintf(s->user, sizeof(s->user), "%s", user);
	assert_true(pppoe_session_give_address(h.workers[w].sessions, slot, s));
	pppoe_session_end(h.workers[w].sessions, slot);
	return id_of(&pads);
}

/* ---- cases ---------------------------------------------------------------------------------------------------- */

/* Killed by: a word that is not looked at, or is taken for another one. */
static void
sessions_are_shown_by_what_is_given(void **state)
{
	char text[64];
	uint16_t id;

	(void)state;
	start(2);
	id = log_in(&line_1, "alice");
	log_in(&line_2, "bob");
	log_in(&line_3, "alice");
	assert_int_equal(shown_by("show sessions"), 3);
	assert_int_equal(shown_by("show sessions limit 2"), 2);
	assert_int_equal(shown_by("show sessions user alice"), 2);
	assert_int_equal(shown_by("show sessions user alic"), 0);
	assert_int_equal(shown_by("show sessions mac 02:00:00:00:00:07"), 2);
	assert_int_equal(shown_by("show sessions mac 02:00:00:00:00:07 outer 10"), 1);
	assert_non_null(strstr(rows, "\"outer\":10"));
	assert_int_equal(shown_by("show sessions outer 0"), 2);
	assert_int_equal(shown_by("show sessions inner 5"), 0);
	assert_int_equal(shown_by("show sessions address 192.0.2.1"), 0);
	snprintf(text, sizeof(text), "show sessions id %u", id);
	assert_int_equal(shown_by(text), 1);
	snprintf(text, sizeof(text), "{\"id\":%u,\"mac\":\"02:00:00:00:00:07\",\"user\":\"alice\"",
		 id);
	assert_int_equal(strncmp(rows, text, strlen(text)), 0);
	stop();
}

/* Killed by: an order to the wrong worker, or with another filter; an end that is not counted; another cause. */
static void
sessions_are_ended_by_what_is_given(void **state)
{
	char text[64];
	uint16_t id;

	(void)state;
	start(2);
	id = log_in(&line_1, "alice");
	log_in(&line_2, "bob");
	log_in(&line_3, "alice");
	snprintf(text, sizeof(text), "clear sessions id %u", id);
	assert_int_equal(ended_by(text), 1);
	assert_int_equal(last_why, PPPOE_END_ADMIN);
	assert_int_equal(ask(text, NULL), NF_NOT_FOUND);
	assert_int_equal(ended_by("clear sessions mac 02:00:00:00:00:07 outer 11"), 0);
	assert_int_equal(ended_by("clear sessions user bob"), 1);
	assert_int_equal(ended_by("clear sessions all"), 1);
	assert_int_equal(n_ended, 3);
	assert_int_equal(n_sessions(&h), 0);
	stop();
}

/* Killed by: sessions that end beside those that were meant, for nothing was. */
static void
who_means_nothing_ends_nothing(void **state)
{
	static const char *const wrong[] = {
		"clear sessions",           "clear sessions all user alice",
		"clear sessions alice",     "clear sessions mac 7",
		"clear sessions id 65536",  "clear sessions outer 4095",
		"clear sessions address x", "clear sessions prefix ::/64",
		"show sessions limit x",    "show pools all",
	};

	(void)state;
	start(1);
	log_in(&line_1, "alice");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ask(wrong[i], NULL), NF_USAGE);
	assert_int_equal(n_ended, 0);
	stop();
}

/* Killed by: all of them in one round, or a cursor that skips some. */
static void
many_end_in_many_rounds(void **state)
{
	struct nf_job job = {.kind = PPPOE_ORDER_END};
	const struct pppoe_end_order order = {.why = PPPOE_END_ADMIN};
	uint32_t n_rounds = 1;

	(void)state;
	start(1);
	for (uint8_t i = 0; i < 100; i++) {
		const struct line line = {{2, 0, 0, 0, 1, i}, 0, 0};

		logged_in(&h, &line);
	}
	memcpy(job.args, &order, sizeof(order));
	h.nf[0].serves = true;
	for (; !pppoe_job(&h.nf[0], &job); n_rounds++)
		assert_in_range(n_ended, 0, 32 * n_rounds);
	assert_int_equal(job.n_affected, 100);
	assert_int_equal(n_sessions(&h), 0);
	stop();
}

/* Killed by: a worker that does not serve and changes a session all the same. */
static void
who_does_not_serve_does_nothing(void **state)
{
	struct pppoe_answer answer = {.slot = 77};
	struct nf_job job = {.kind = PPPOE_ORDER_END};

	(void)state;
	start(1);
	log_in(&line_1, "alice");
	h.nf[0].serves = false;
	assert_true(pppoe_job(&h.nf[0], &job));
	assert_int_equal(job.status, NF_NOT_OWNER);
	assert_int_equal(n_ended, 0);
	job = (struct nf_job){.kind = PPPOE_ORDER_ANSWER};
	memcpy(job.args, &answer, sizeof(answer));
	assert_true(pppoe_job(&h.nf[0], &job));
	assert_int_equal(job.status, NF_NOT_OWNER);
	assert_int_equal(n_answers, 0);
	h.nf[0].serves = true;
	assert_true(pppoe_job(&h.nf[0], &job));
	assert_int_equal(job.status, NF_OK);
	assert_int_equal(n_answers, 1);
	stop();
}

/* Killed by: the gateway's address that is not left out, an address that is counted twice or never. */
static void
pools_say_what_is_free(void **state)
{
	(void)state;
	start(2);
	log_in(&line_1, "alice");
	log_in(&line_2, "bob");
	assert_int_equal(shown_by("show pools"), 1);
	assert_string_equal(rows,
			    "{\"pool\":\"100.64.0.0/22\",\"of\":1023,\"used\":2,\"free\":1021}\n");
	stop();
}

/* Killed by: a limit without its counter. */
static void
limits_say_how_often_they_were_reached(void **state)
{
	struct packet pado, padr;

	(void)state;
	start(1);
	pado = offered(&h, &line_1);
	padr = padr_for(&pado);
	for (int i = 0; i < 4; i++) {
		say(&h, &line_1, &padr, US);
		if (i < 3)
			speak(&h, id_of_answer(&h, &line_1));
	}
	leave(&h);
	assert_int_equal(shown_by("show limits"), 10);
	assert_non_null(strstr(rows, "{\"limit\":\"sessions_per_mac\",\"value\":3,"
				     "\"counter\":\"drop_padr_limit\",\"reached\":1}\n"));
	stop();
}

/* Killed by: an event's word that is another's, or a cause that is not told. */
static void
events_are_rows(void **state)
{
	const struct pppoe_session s = {.session_id = 9,
					.outer = 10,
					.mac = {{2, 0, 0, 0, 0, 7}},
					.ipv4 = RTE_BE32(0x64400002),
					.prefix = PPPOE_NO_PREFIX,
					.end = PPPOE_END_IDLE};

	(void)state;
	start(1);
	pppoe_tell_event(&h.workers[0], PPPOE_EVENT_SESSION_UP, &s);
	pppoe_tell_event(&h.workers[0], PPPOE_EVENT_SESSION_DOWN, &s);
	assert_int_equal(shown_by("watch recent limit 2"), 2);
	assert_non_null(strstr(
		rows,
		"{\"event\":\"session-up\",\"id\":9,\"mac\":\"02:00:00:00:00:07\",\"outer\":10,"
		"\"address\":\"100.64.0.2\",\"time_ns\":"));
	assert_non_null(
		strstr(rows, "{\"event\":\"session-down\",\"cause\":\"idle-timeout\",\"id\":9,"));
	assert_non_null(strstr(rows, "\"worker\":0,\"number\":2}\n"));
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_are_shown_by_what_is_given),
		cmocka_unit_test(sessions_are_ended_by_what_is_given),
		cmocka_unit_test(who_means_nothing_ends_nothing),
		cmocka_unit_test(many_end_in_many_rounds),
		cmocka_unit_test(who_does_not_serve_does_nothing),
		cmocka_unit_test(pools_say_what_is_free),
		cmocka_unit_test(limits_say_how_often_they_were_reached),
		cmocka_unit_test(events_are_rows),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
