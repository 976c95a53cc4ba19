/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole moves between two daemons in one process: real sockets, memory, peer stream and
 * journals; NFs without packets (fake_nf.h) whose data path is perfect. One thread turns everything,
 * so each story is the same every time but for the times.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver.h"
#include "fake_nf.h"
#include "frame.h"
#include "gate.h"
#include "journal.h"
#include "log.h"
#include "move.h"
#include "outside.h"
#include "slow_link.h"
#include "real.h"
#include "test_folder.h"
#include "test_port.h"

/* After session.h: both have an EV_CLOSED, and this one is a macro. */
#include <event2/event.h>

#define MS UINT64_C(1000000)
#define STORY_NS (10000 * MS) /* a story that takes longer hangs */
#define CAPACITY 3000u        /* more than one frame walks */
#define SLOW 100000u          /* bytes a second: a copy that one can look at */

struct host {
	struct world *world;
	struct outside *outside;
	char name[2];
	struct test_port port;
	int dialled_at; /* by the other one: `port`, or a slow link's */
	char socket[128];
	char state[128];
	char run[128];
	struct nf_registry *nfs;
	struct peer_set *peers;
	struct driver *driver;
	struct fake_nf *fake;
	struct fake_nf *second;    /* another NF; NULL: there is none */
	uint64_t unknown;          /* features that this daemon does not know */
	uint32_t n_wide, n_narrow; /* frames of rows that came, by form */
};

struct world {
	char dir[64];
	struct event_base *base;
	struct host hosts[2]; /* a: the source at first; b */
	struct session_limits limits;
	uint64_t began_ns;
	bool paused[2];             /* this host's NF does not poll */
	struct slow_link *links[2]; /* to a host; NULL: it is dialled without */
};

/* ---- the two daemons --------------------------------------------------------------------- */

static void
on_nf_up(void *ctx, struct nf *nf)
{
	struct host *h = ctx;

	if (h->driver != NULL)
		driver_nf_up(h->driver, nf);
}

static void
on_nf_down(void *ctx, struct nf *nf)
{
	struct host *h = ctx;

	if (h->driver != NULL)
		driver_nf_down(h->driver, nf);
}

static void
on_up(void *ctx, struct peer_conn *conn)
{
	struct host *h = ctx;

	if (h->driver != NULL)
		driver_peer_up(h->driver, conn);
}

static void
on_down(void *ctx, struct peer_conn *conn, uint32_t reason)
{
	struct host *h = ctx;

	if (h->driver != NULL)
		driver_peer_down(h->driver, conn, reason);
}

static void
on_unreachable(void *ctx, const char *host, uint32_t reason)
{
	struct host *h = ctx;

	if (h->driver != NULL)
		driver_peer_unreachable(h->driver, host, reason);
}

static void
on_frame(void *ctx, struct peer_conn *conn, const Slim__Peer__V1__Frame *frame)
{
	struct host *h = ctx;

	if (frame->body_case == SLIM__PEER__V1__FRAME__BODY_ROWS && frame->rows->columns.len > 0)
		*(frame->rows->narrow ? &h->n_narrow : &h->n_wide) += 1;
	if (h->driver != NULL)
		driver_peer_frame(h->driver, conn, frame);
}

static void
start_peers(struct host *h)
{
	static const struct peer_ops ops = {.on_up = on_up,
					    .on_down = on_down,
					    .on_unreachable = on_unreachable,
					    .on_frame = on_frame};
	struct host *other = &h->world->hosts[h == &h->world->hosts[0]];
	static char addresses[2][32];
	char *address = addresses[h == &h->world->hosts[0]], listen[32];
	struct peer_address peer;
	struct peer_config config = {.host = h->name,
				     .listen = listen,
				     .plaintext = true,
				     .unknown = h->unknown,
				     .n_peers = 1,
				     .peers = &peer};

	snprintf(address, 32, "127.0.0.1:%d", other->dialled_at);
	snprintf(listen, sizeof(listen), "127.0.0.1:%d", h->port.number);
	strcpy(peer.name, other->name);
	peer.address = address;
	assert_int_equal(peer_set_create(h->outside, &config, &ops, h, &h->peers), 0);
}

static void
start_driver(struct host *h)
{
	struct driver_config config = {
		.outside = h->outside,
		.host = h->name,
		.state_dir = h->state,
		.runtime_dir = h->run,
		.nfs = h->nfs,
		.peers = h->peers,
		.steering_none = true,
		.limits = h->world->limits,
	};

	assert_int_equal(driver_create(&config, &h->driver), 0);
	assert_int_equal(driver_replay(h->driver), 0);
}

static void
start_host(struct host *h)
{
	static const struct nf_registry_ops ops = {.on_up = on_nf_up, .on_down = on_nf_down};

	assert_int_equal(nf_registry_create(h->world->base, h->socket, &ops, h, &h->nfs), 0);
	start_peers(h);
	start_driver(h);
}

/* As kill -9 does it: nothing is said to anybody. */
static void
kill_host(struct host *h)
{
	driver_destroy(h->driver);
	h->driver = NULL;
	peer_set_destroy(h->peers);
	nf_registry_destroy(h->nfs);
}

/* Session of a running move at a host, as its state's name; "" when there is none. */
static const char *
state_of(const struct world *w, int i)
{
	const struct driver *driver = w->hosts[i].driver;
	const struct move *m = driver != NULL ? TAILQ_FIRST(&driver->moves) : NULL;

	return m != NULL ? session_state_name(m->session.state) : "";
}

static void
poll_fake(struct fake_nf *fake)
{
	for (uint32_t k = 0; fake != NULL && k < fake->n_workers; k++)
		fake_nf_poll(fake, k);
}

#define REST_NS 20000

/* One round of both daemons, of their NFs and of the network; with a rest, as long as both drivers grant one. */
static void
turn(struct world *w)
{
	const struct timespec rest = {.tv_nsec = REST_NS};
	uint64_t granted_ns = REST_NS;

	for (int i = 0; i < 2; i++) {
		struct host *h = &w->hosts[i];
		uint64_t ns = h->driver != NULL ? driver_poll(h->driver) : REST_NS;

		if (ns < granted_ns)
			granted_ns = ns;
		if (!w->paused[i])
			poll_fake(h->fake);
		poll_fake(h->second);
	}
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	if (granted_ns == REST_NS)
		nanosleep(&rest, NULL);
	for (int i = 0; i < 2; i++)
		if (w->links[i] != NULL)
			slow_link_poll(w->links[i], move_now_ns());
	if (move_now_ns() - w->began_ns > STORY_NS)
		fail_msg("waits for ever: a is %s, b is %s", state_of(w, 0), state_of(w, 1));
}

#define UNTIL(w, condition)          \
	do {                         \
		while (!(condition)) \
			turn(w);     \
	} while (0)

static bool
connected(const struct world *w)
{
	return peer_dialled(w->hosts[0].peers, "b") != NULL &&
	       peer_dialled(w->hosts[1].peers, "a") != NULL;
}

/* Without the pause after a dial that found nobody there. */
static void
connect_hosts(struct world *w)
{
	peer_redial(w->hosts[0].peers, "b");
	peer_redial(w->hosts[1].peers, "a");
	UNTIL(w, connected(w));
}

static void
register_fake(struct world *w, int i)
{
	struct host *h = &w->hosts[i];

	assert_int_equal(fake_nf_hello(h->fake, h->socket), 0);
	UNTIL(w, nf_find(h->nfs, h->fake->info->name) != NULL);
}

/* Each case has a folder of its own in it; what a disk does is told to it in words. */
static int
make_folder(void **state)
{
	(void)state;
	return test_folder_begin("/dev/shm", "move");
}

static int
remove_folder(void **state)
{
	(void)state;
	test_folder_end();
	return 0;
}

static int
setup_over(void **state, uint64_t bytes_per_second, uint64_t one_way_ns)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	signal(SIGPIPE, SIG_IGN); /* as main() does */
	log_set_level(getenv("SLIM_TEST_LOG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	assert_int_equal(test_folder_make(w->dir, sizeof(w->dir)), 0);
	w->base = event_base_new();
	w->limits = SESSION_LIMITS_DEFAULT;
	w->limits.max_hold_ns = 500 * MS; /* this process may share its core */
	w->limits.preflight_ns = 1000 * MS;
	w->limits.retry_ns = 5 * MS;
	w->began_ns = move_now_ns();
	for (int i = 0; i < 2; i++) {
		struct host *h = &w->hosts[i];

		h->world = w;
		assert_int_equal(outside_create(w->base, &h->outside), 0);
		assert_int_equal(outside_open_links(h->outside, NULL), 0);
		h->name[0] = (char)('a' + i);
		assert_int_equal(test_port_take(&h->port), 0);
		h->dialled_at = h->port.number;
		if (bytes_per_second > 0) {
			w->links[i] = slow_link_create(h->port.number, bytes_per_second);
			assert_non_null(w->links[i]);
			slow_link_set_delay(w->links[i], one_way_ns);
			h->dialled_at = slow_link_port(w->links[i]);
		}
		snprintf(h->socket, sizeof(h->socket), "%s/%s.sock", w->dir, h->name);
		snprintf(h->state, sizeof(h->state), "%s/%s", w->dir, h->name);
		assert_int_equal(mkdir(h->state, 0700), 0);
		snprintf(h->run, sizeof(h->run), "%s/%s-run", w->dir, h->name);
		assert_int_equal(mkdir(h->run, 0700), 0);
		h->fake = fake_nf_create(i == 0 ? "nf-a" : "nf-b", i == 0, i == 0 ? 2 : 3, 2,
					 CAPACITY);
	}
	for (int i = 0; i < 2; i++)
		start_host(&w->hosts[i]);
	connect_hosts(w);
	for (int i = 0; i < 2; i++)
		register_fake(w, i);
	*state = w;
	return 0;
}

static int
setup(void **state)
{
	return setup_over(state, 0, 0);
}

#define SLOW_LINK 125000u /* 1 Mbit/s */

static int
setup_slow(void **state)
{
	return setup_over(state, SLOW_LINK, 0);
}

#define FAST_LINK 12500000u /* 100 Mbit/s */
#define FAR (50 * MS)       /* one way */

static int
setup_far(void **state)
{
	return setup_over(state, FAST_LINK, FAR);
}

/* Returns how many there were. */
static unsigned
remove_kept_jobs(const char *dir)
{
	DIR *handle = opendir(dir);
	unsigned n = 0;

	for (struct dirent *e = readdir(handle); e != NULL; e = readdir(handle))
		if (strncmp(e->d_name, "job-", 4) == 0 &&
		    unlinkat(dirfd(handle), e->d_name, 0) == 0)
			n++;
	closedir(handle);
	return n;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		kill_host(&w->hosts[i]);
		outside_destroy(w->hosts[i].outside);
		fake_nf_destroy(w->hosts[i].fake);
		if (w->hosts[i].second != NULL)
			fake_nf_destroy(w->hosts[i].second);
		slow_link_destroy(w->links[i]);
		test_port_give_back(&w->hosts[i].port);
		remove_kept_jobs(w->hosts[i].state);
		/* No journal and no sums are left behind. */
		assert_int_equal(rmdir(w->hosts[i].state), 0);
		assert_int_equal(rmdir(w->hosts[i].run), 0);
	}
	event_base_free(w->base);
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

/* ---- helpers of the stories ---------------------------------------------------------------- */

static void
fill(struct world *w, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		struct fake_entry entry = {
			.key = 1000 + i, .value = i * i, .time = move_now_ns() - i, .packets = i};

		fake_slot_put(w->hosts[0].fake, (uint32_t)i, (uint8_t)i, &entry);
	}
}

static struct job *
migrate(struct world *w, int from, struct driver_move move)
{
	if (move.nf == NULL)
		move.nf = from == 0 ? "nf-a" : "nf-b";
	if (move.to_host == NULL)
		move.to_host = from == 0 ? "b" : "a";
	if (move.to_nf == NULL)
		move.to_nf = "";
	if (move.key == NULL)
		move.key = "";
	return driver_migrate(w->hosts[from].driver, &move);
}

static int
cancel(struct world *w, int i, const char *id)
{
	char text[SLIM_REASON_SIZE];

	return driver_cancel(w->hosts[i].driver, id, false, text);
}

static void
wait_for_end(struct world *w, const struct job *job)
{
	UNTIL(w, job->ended_ns != 0);
	/* The target is through as well. */
	UNTIL(w, nf_find(w->hosts[1].nfs, "nf-b") == NULL ||
			 nf_find(w->hosts[1].nfs, "nf-b")->session == 0);
	UNTIL(w, nf_find(w->hosts[0].nfs, "nf-a") == NULL ||
			 nf_find(w->hosts[0].nfs, "nf-a")->session == 0);
}

static void
expect_state(const struct job *job, Slim__V1__JobState state)
{
	if (job->state != state)
		fail_msg("job is in state %d, first reason \"%s\"", (int)job->state,
			 job->n_reasons > 0 ? job->reasons[0].text : "");
}

static bool
has_reason(const struct job *job, uint32_t code)
{
	for (size_t i = 0; i < job->n_reasons; i++)
		if (job->reasons[i].code == (Slim__V1__ReasonCode)code)
			return true;
	return false;
}

static bool
says(const struct job *job, const char *text)
{
	for (size_t i = 0; i < job->n_reasons; i++)
		if (strstr(job->reasons[i].text, text) != NULL)
			return true;
	return false;
}

static void
expect_refusal(struct world *w, struct driver_move move, uint32_t code)
{
	struct job *job = migrate(w, 0, move);

	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_REFUSED);
	if (!has_reason(job, code))
		fail_msg("reason is %d \"%s\"", job->reasons[0].code, job->reasons[0].text);
	assert_string_equal(nf_mode_name(nf_find(w->hosts[0].nfs, "nf-a")), "pass");
}

static void
expect_modes(struct world *w, const char *a, const char *b)
{
	assert_string_equal(nf_mode_name(nf_find(w->hosts[0].nfs, "nf-a")), a);
	assert_string_equal(nf_mode_name(nf_find(w->hosts[1].nfs, "nf-b")), b);
}

/* Undone: the source serves with everything, the target is empty. */
static void
expect_undone(struct world *w, uint32_t entries)
{
	expect_modes(w, "pass", "closed");
	assert_int_equal(fake_nf_used(w->hosts[0].fake), entries);
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 0);
	assert_int_equal(gate_hold_word(nf_find(w->hosts[0].nfs, "nf-a")), SLIM_HOLD_IDLE);
}

static void
wait_for_state(struct world *w, int i, const char *name)
{
	UNTIL(w, strcmp(state_of(w, i), name) == 0);
}

/* ---- stories ----------------------------------------------------------------------------------- */

/* Who was at work, in the order of the handover; each is there once, with a time not before the last one's. */
static void
expect_timeline(const struct job_result *result)
{
	static const char *const order[] = {
		"source slimd: hold command written",
		"source nf: first worker stopped",
		"source slimd: END sent",
		"target slimd: END arrived",
		"target slimd: rows applied",
		"target nf: all workers serve",
		"source slimd: Taken arrived",
	};
	size_t at = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		uint64_t before = at > 0 ? result->timeline[at - 1].at_ns : 0;

		while (at < result->n_timeline &&
		       strncmp(result->timeline[at].what, order[i], strlen(order[i])) != 0)
			at++;
		if (at == result->n_timeline)
			fail_msg("not in the timeline, or not in order: %s", order[i]);
		assert_in_range(result->timeline[at].at_ns, before, 1000 * MS);
		at++;
	}
}

static void
a_table_moves_and_comes_back(void **state)
{
	struct world *w = *state;
	const struct fake_entry *entry;
	struct job *job;

	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_modes(w, "closed", "pass");
	assert_int_equal(job->result.entries, 300);
	assert_true(job->result.has_proof);
	assert_int_equal(job->result.digest_source, job->result.digest_target);
	assert_int_equal(job->result.digest_source, job->result.digest_proof);
	assert_in_range(job->result.handover_ns, 1, 1000 * MS);
	expect_timeline(&job->result);
	assert_int_equal(fake_nf_used(w->hosts[0].fake), 0);
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 300);
	entry = fake_nf_find(w->hosts[1].fake, 1017);
	assert_non_null(entry);
	assert_int_equal(entry->value, 17 * 17);
	assert_int_equal(entry->packets, 17);
	assert_string_equal(job->to_nf, "nf-b");

	job = migrate(w, 1, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_modes(w, "pass", "closed");
	assert_int_equal(fake_nf_used(w->hosts[0].fake), 300);
	assert_int_equal(fake_nf_find(w->hosts[0].fake, 1299)->value, 299 * 299);
}

static void
an_empty_table_moves_too(void **state)
{
	struct world *w = *state;
	struct job *job = migrate(w, 0, (struct driver_move){.to_nf = "nf-b"});

	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(job->result.entries, 0);
}

/* Writes, deletes, keys that change their slot, slots that change their key and worker, all the time. */
static void
changes_during_the_copy_arrive(void **state)
{
	struct world *w = *state;
	struct fake_nf *source = w->hosts[0].fake, *target = w->hosts[1].fake;
	struct job *job;
	uint64_t random = 5, n_changes = 0;

	fill(w, 400);
	job = migrate(w, 0,
		      (struct driver_move){.max_bandwidth = 4000000, .max_hold_ns = 100 * MS});
	while (job->ended_ns == 0) {
		turn(w);
		/* Only an NF that serves changes its slots. */
		if (atomic_load(&source->info->workers[0].mode) != SLIM_GATE_PASS ||
		    n_changes > 20000)
			continue;
		for (int i = 0; i < 100; i++, n_changes++) {
			uint32_t slot;
			uint8_t bucket;
			struct fake_entry entry;

			random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
			slot = (uint32_t)(random >> 33) % 1000;
			bucket = (uint8_t)(random >> 20);
			entry = (struct fake_entry){.key = 10000 + slot +
							   ((random >> 50) & 1) * 1000,
						    .value = random,
						    .time = move_now_ns()};
			if (random >> 61 < 2)
				fake_slot_free(source, bucket % 2, slot);
			else
				fake_slot_put(source, slot, bucket, &entry);
		}
	}
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_in_range(n_changes, 100, UINT64_MAX);
	assert_int_equal(job->result.digest_source, job->result.digest_proof);
	assert_int_equal(fake_nf_used(target), job->result.entries);
}

static void
counters_are_summed_once(void **state)
{
	struct world *w = *state;
	struct fake_entry *source;
	struct job *job;

	fill(w, 10);
	source = (struct fake_entry *)(uintptr_t)fake_nf_find(w->hosts[0].fake, 1005);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "ended");
	source->packets += 100; /* counted by the source after the row was sent */
	wait_for_state(w, 1, "serving");
	((struct fake_entry *)(uintptr_t)fake_nf_find(w->hosts[1].fake, 1005))->packets += 1000;
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(fake_nf_find(w->hosts[1].fake, 1005)->packets, 5 + 100 + 1000);
}

static void
a_dry_run_touches_nothing(void **state)
{
	struct world *w = *state;
	struct job *job;
	uint32_t epoch;

	fill(w, 10);
	epoch = atomic_load(&w->hosts[0].fake->control->gate.epoch);
	job = migrate(w, 0, (struct driver_move){.dry_run = true});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_undone(w, 10);
	assert_int_equal(atomic_load(&w->hosts[0].fake->control->gate.epoch), epoch);
	assert_int_equal(atomic_load(&w->hosts[1].fake->control->gate.epoch), 0);
}

static void
what_does_not_fit_is_refused(void **state)
{
	struct world *w = *state;
	struct fake_entry entry = {.key = 1};

	expect_refusal(w, (struct driver_move){.nf = "nobody"}, REASON_UNKNOWN_NF);
	expect_refusal(w, (struct driver_move){.to_host = "mars"}, REASON_UNKNOWN_PEER);
	expect_refusal(w, (struct driver_move){.to_nf = "nobody"}, REASON_TARGET_UNKNOWN);
	expect_refusal(w, (struct driver_move){.fault = SLIM_FAULT_NO_HOLD}, REASON_BAD_REQUEST);
	fake_slot_put(w->hosts[1].fake, 7, 7, &entry);
	expect_refusal(w, (struct driver_move){0}, REASON_TARGET_NOT_EMPTY);
}

/* Another NF in the place of b's. */
static void
replace_target(struct world *w, bool active, uint32_t capacity, const char *identity)
{
	struct host *h = &w->hosts[1];

	fake_nf_destroy(h->fake);
	h->fake = NULL;
	UNTIL(w, nf_find(h->nfs, "nf-b") == NULL);
	h->fake = fake_nf_create("nf-b", active, 1, 2, capacity);
	strcpy(h->fake->info->identity, identity);
	register_fake(w, 1);
}

static void
instances_that_differ_are_refused_with_all_reasons(void **state)
{
	struct world *w = *state;
	struct job *job;

	replace_target(w, true, CAPACITY, "same");
	expect_refusal(w, (struct driver_move){.to_nf = "nf-b"}, REASON_TARGET_ACTIVE);
	replace_target(w, false, CAPACITY / 2 - 1, "other");
	w->hosts[1].fake->info->hold_capacity = 1; /* too late: copied at registration */
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_REFUSED);
	assert_int_equal(job->n_reasons, 2);
	assert_true(has_reason(job, REASON_IDENTITY));
	assert_true(has_reason(job, REASON_CAPACITY));
}

static void
one_session_at_a_time(void **state)
{
	struct world *w = *state;
	struct job *first, *again, *second;

	fill(w, 10);
	first = migrate(w, 0, (struct driver_move){.key = "k"});
	again = migrate(w, 0, (struct driver_move){.key = "k"});
	assert_ptr_equal(first, again);
	second = migrate(w, 0, (struct driver_move){0});
	expect_state(second, SLIM__V1__JOB_STATE__JOB_REFUSED);
	assert_true(has_reason(second, REASON_SOURCE_BUSY));
	wait_for_end(w, first);
	expect_state(first, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	/* And a standby is not a source. */
	second = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, second);
	assert_true(has_reason(second, REASON_SOURCE_STANDBY));
}

static void
a_wrong_row_at_the_target_undoes_the_move(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 50);
	w->hosts[1].fake->corrupt_value = true;
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_DIGEST));
	expect_undone(w, 50);
	/* The next one is as good as the first. */
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

static void
a_missed_change_undoes_the_move(void **state)
{
	struct world *w = *state;
	struct fake_entry entry = {.key = 1003, .value = 77};
	struct job *job;

	fill(w, 50);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "catching-up");
	w->hosts[0].fake->no_fence = true;
	fake_slot_put(w->hosts[0].fake, 3, 3, &entry);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_INTERNAL));
	expect_undone(w, 50);
}

static void
a_move_can_be_cancelled(void **state)
{
	static const char *const states[] = {"opening", "arming", "tracking", "copying", "holding"};
	struct world *w = *state;

	fill(w, 300);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct job *job = migrate(w, 0, (struct driver_move){.max_bandwidth = SLOW});

		wait_for_state(w, 0, states[i]);
		assert_int_equal(cancel(w, 0, job->id), 0);
		wait_for_end(w, job);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_CANCELLED);
		expect_undone(w, 300);
		assert_int_equal(cancel(w, 0, job->id), -EALREADY);
	}
	assert_int_equal(cancel(w, 0, "nothing"), -ENOENT);
}

/* Changes are sent for as long as somebody counts them, and no packet is ever held.
 * Killed by: a fault without effect; changes counted to the copy. */
static void
a_move_without_hand_over_sends_changes_until_it_is_cancelled(void **state)
{
	struct world *w = *state;
	const struct move *m;
	uint64_t sent;
	struct job *job;

	fill(w, 300);
	for (int i = 0; i < 2; i++)
		w->hosts[i].driver->config.allow_faults = true;
	job = migrate(w, 0, (struct driver_move){.fault = SLIM_FAULT_NO_HANDOVER});
	wait_for_state(w, 0, "catching-up");
	m = TAILQ_FIRST(&w->hosts[0].driver->moves);
	for (uint32_t round = 0; round < 50; round++) {
		sent = m->rows_sent;
		fake_slot_put(w->hosts[0].fake, round, (uint8_t)round,
			      &(struct fake_entry){.key = 5000 + round});
		UNTIL(w, m->rows_sent > sent && m->rows_settled_there == m->rows_sent);
		assert_string_equal(state_of(w, 0), "catching-up");
	}
	assert_int_equal(cancel(w, 0, job->id), 0);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_CANCELLED);
	assert_in_range(job->result.delta_bytes, 50 * 10, 50 * 200);
	expect_undone(w, 300);
}

static void
workers_that_do_not_answer_are_named(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 5);
	w->hosts[0].fake->stuck = true;
	job = migrate(w, 0, (struct driver_move){0});
	UNTIL(w, strcmp(state_of(w, 0), "undoing") == 0);
	w->hosts[0].fake->stuck = false;
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_TIMED_OUT);
	expect_undone(w, 5);
}

static void
a_lost_target_nf_undoes_the_move(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 1, "receiving");
	fake_nf_hang_up(w->hosts[1].fake);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_NF_LOST));
	assert_string_equal(nf_mode_name(nf_find(w->hosts[0].nfs, "nf-a")), "pass");
	assert_int_equal(fake_nf_used(w->hosts[0].fake), 100);
}

static void
a_lost_source_nf_fails_the_move(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "arming");
	fake_nf_hang_up(w->hosts[0].fake);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_NF_LOST));
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 0);
}

static void
a_peer_that_is_not_there_is_a_refusal(void **state)
{
	struct world *w = *state;
	struct job *job;

	peer_set_destroy(w->hosts[1].peers);
	w->hosts[1].peers = NULL;
	UNTIL(w, peer_dialled(w->hosts[0].peers, "b") == NULL);
	job = migrate(w, 0, (struct driver_move){0});
	UNTIL(w, job->ended_ns != 0);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_REFUSED);
	assert_true(has_reason(job, REASON_PEER_UNREACHABLE));
}

/* The daemon of one side is killed and started again. */
static void
restart(struct world *w, int i)
{
	struct host *h = &w->hosts[i];

	kill_host(h);
	fake_nf_hang_up(h->fake);
	start_host(h);
	register_fake(w, i);
	connect_hosts(w);
}

static void
wait_until_idle(struct world *w)
{
	UNTIL(w,
	      TAILQ_EMPTY(&w->hosts[0].driver->moves) && TAILQ_EMPTY(&w->hosts[1].driver->moves));
}

/* Half the slots, and back again: what is there fits. */
static void
a_table_with_fewer_slots_takes_what_fits(void **state)
{
	const struct fake_entry last = {.key = 7, .value = 8};
	struct world *w = *state;
	struct job *job;

	replace_target(w, false, CAPACITY / 2, "same");
	fill(w, CAPACITY / 2 - CAPACITY / 8);
	fake_slot_put(w->hosts[0].fake, CAPACITY - 1, 5, &last);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_non_null(fake_nf_find(w->hosts[1].fake, 7));
	wait_until_idle(w);
	job = migrate(w, 1, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(fake_nf_used(w->hosts[0].fake), CAPACITY / 2 - CAPACITY / 8 + 1);
}

/* The margin is told, with the numbers. */
static void
entries_that_do_not_fit_are_refused(void **state)
{
	struct world *w = *state;
	struct job *job;

	replace_target(w, false, 2000, "same");
	fill(w, 1779);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_REFUSED);
	assert_true(has_reason(job, REASON_CAPACITY));
	assert_true(says(job, "1779 entries at the source need 2001 slots"));
	assert_true(says(job, "the target has 2000"));
	fake_slot_free(w->hosts[0].fake, 1778 % 2, 1778);
	job = migrate(w, 0, (struct driver_move){.dry_run = true});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

/* A source that is full has no more to come. */
static void
a_full_table_fits_one_like_it(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, CAPACITY);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(fake_nf_used(w->hosts[1].fake), CAPACITY);
}

/* It grows while it is copied: undone, and the source goes on. */
static void
a_table_that_grows_too_large_is_not_moved(void **state)
{
	struct world *w = *state;
	struct job *job;

	replace_target(w, false, 2000, "same");
	fill(w, 1700);
	job = migrate(w, 0, (struct driver_move){0});
	UNTIL(w, nf_find(w->hosts[1].nfs, "nf-b")->session != 0);
	fill(w, 2001);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_TABLE_FULL));
	wait_until_idle(w);
	assert_int_equal(fake_nf_used(w->hosts[0].fake), 2001);
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 0);
}

/* The source's daemon is killed and started again; its job is still known, and comes to an end. */
static const struct job *
restart_source(struct world *w, const struct job *job)
{
	char id[sizeof(job->id)];
	const struct job *again;

	memcpy(id, job->id, sizeof(id));
	restart(w, 0);
	wait_until_idle(w);
	again = job_find(driver_jobs(w->hosts[0].driver), id);
	assert_non_null(again);
	assert_int_not_equal(again->ended_ns, 0);
	return again;
}

/* Frames without a row need memory, too. */
static void
rows_without_content_are_bounded(void **state)
{
	Slim__Peer__V1__Rows rows = SLIM__PEER__V1__ROWS__INIT;
	struct world *w = *state;
	struct move *target;
	struct job *job;
	uint32_t n = 0;

	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){.max_bandwidth = SLOW});
	wait_for_state(w, 1, "receiving");
	target = TAILQ_FIRST(&w->hosts[1].driver->moves);
	for (; target->n_reasons == 0 && n < 1000000; n++)
		move_take_rows(target, 0, &rows);
	assert_in_range(n, 1000, 1000000 - 1);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_PROTOCOL));
	expect_undone(w, 300);
}

static void
a_restarted_source_undoes_a_copy(void **state)
{
	static const char *const states[] = {"arming", "copying", "holding"};
	struct world *w = *state;

	fill(w, 300);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		const struct job *job =
			migrate(w, 0, (struct driver_move){.max_bandwidth = SLOW, .key = "k"});

		wait_for_state(w, 0, states[i]);
		job = restart_source(w, job);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
		assert_true(has_reason(job, REASON_RESTART));
		assert_string_equal(job->key, "k");
		expect_undone(w, 300);
		job_list_fini(driver_jobs(w->hosts[0].driver));
	}
}

static void
count_packets(struct world *w, int i, uint64_t key, uint64_t n)
{
	((struct fake_entry *)(uintptr_t)fake_nf_find(w->hosts[i].fake, key))->packets += n;
}

/* A move in which the source counts 100 packets after the last row, and the target 1000. */
static struct job *
move_with_late_counts(struct world *w)
{
	struct job *job = migrate(w, 0, (struct driver_move){0});

	wait_for_state(w, 0, "ended");
	count_packets(w, 0, 1005, 100);
	wait_for_state(w, 1, "serving");
	count_packets(w, 1, 1005, 1000);
	return job;
}

static void
sums_survive_a_restart_of_the_source(void **state)
{
	static const char *const states[] = {"finishing", "trailing"};
	struct world *w = *state;

	fill(w, 10);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		const struct job *job = move_with_late_counts(w);
		struct job *back;

		wait_for_state(w, 0, states[i]);
		job = restart_source(w, job);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
		assert_int_equal(fake_nf_find(w->hosts[1].fake, 1005)->packets, 5 + 1100 * (i + 1));
		back = migrate(w, 1, (struct driver_move){0});
		wait_for_end(w, back);
	}
}

static void
a_trail_that_is_sent_again_counts_once(void **state)
{
	struct world *w = *state;
	const struct job *job;

	fill(w, 10);
	job = move_with_late_counts(w);
	UNTIL(w, !TAILQ_EMPTY(&w->hosts[1].driver->moves) &&
			 TAILQ_FIRST(&w->hosts[1].driver->moves)->merged == 1);
	assert_string_equal(state_of(w, 0), "trailing");
	job = restart_source(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(fake_nf_find(w->hosts[1].fake, 1005)->packets, 5 + 100 + 1000);
}

static void
sums_survive_a_restart_of_the_target(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 10);
	job = move_with_late_counts(w);
	restart(w, 1);
	wait_for_end(w, job);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(fake_nf_find(w->hosts[1].fake, 1005)->packets, 5 + 100 + 1000);
}

/* State is exact, but what the source counted late cannot be added: it is said, and how many. */
static void
sums_that_are_lost_are_reported(void **state)
{
	struct world *w = *state;
	struct job *job;
	char path[256];

	fill(w, 10);
	job = move_with_late_counts(w);
	snprintf(path, sizeof(path), "%s/session-%s.0.sums", w->hosts[1].run, job->id);
	assert_int_equal(unlink(path), 0);
	restart(w, 1);
	wait_for_end(w, job);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_RESTART));
	assert_non_null(strstr(job->reasons[0].text, "1 rows"));
	assert_int_equal(fake_nf_find(w->hosts[1].fake, 1005)->packets, 5 + 1000);
	expect_modes(w, "closed", "pass");
}

/* Of a daemon that never came back while its session was known. */
static void
sums_of_forgotten_sessions_are_removed(void **state)
{
	struct world *w = *state;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/session-0000000000000007.3.sums", w->hosts[1].run);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	restart(w, 1);
	assert_int_equal(access(path, F_OK), -1);
}

/* The command stands in the control zone, and no worker has taken it. */
static void
a_source_restarted_before_its_first_acknowledgement_is_not_lost(void **state)
{
	struct world *w = *state;
	struct fake_nf *fake = w->hosts[0].fake;
	const struct job *job;

	fill(w, 300);
	fake->stuck = true;
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "arming");
	assert_int_not_equal(fake_nf_command(fake).session, 0);
	fake->stuck = false;
	job = restart_source(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_RESTART));
	expect_undone(w, 300);
}

/* And here it does not any more: the gate is in order, the peer was not told yet. */
static void
a_source_restarted_after_its_last_command_is_not_lost(void **state)
{
	struct world *w = *state;
	struct fake_nf *fake = w->hosts[0].fake;
	const struct job *job;

	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "settling");
	w->paused[1] = true;
	UNTIL(w, fake_nf_command(fake).session == 0 && fake_nf_used(fake) == 0);
	w->paused[1] = false;
	job = restart_source(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_modes(w, "closed", "pass");
}

static void
losses_are_counted_across_a_restart(void **state)
{
	struct world *w = *state;
	struct slim_shm_counters *counters = &w->hosts[0].fake->info->workers[0].counters;
	const struct job *job;

	fill(w, 100);
	atomic_fetch_add(&counters->hold_overflow, 5); /* of an older move */
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "ended");
	atomic_fetch_add(&counters->hold_overflow, 3);
	job = restart_source(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_HOLD_OVERFLOW));
	assert_int_equal(job->result.hold_overflow, 3);
	expect_modes(w, "closed", "pass");
}

/* What the target's devices lost, and rounds whose order is not proven, are no complete move. Killed by: a
 * verdict that knows the gate's own overflows only; a baseline that is not taken. */
static void
expect_named_loss(struct world *w, bool device, uint32_t reason, const char *text)
{
	struct slim_shm_info *info = w->hosts[1].fake->info;
	const struct job *job;
	bool told = false;

	fill(w, 100);
	atomic_fetch_add(&info->ports[0].rx_missed, 9); /* before the move */
	atomic_fetch_add(&info->workers[0].counters.round_gave_up, 9);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "steering");
	atomic_fetch_add(device ? &info->ports[0].rx_no_memory
				: &info->workers[0].counters.round_gave_up,
			 7);
	UNTIL(w, job->ended_ns != 0);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, reason));
	for (size_t i = 0; i < job->n_reasons; i++)
		told = told || strstr(job->reasons[i].text, text) != NULL;
	assert_true(told);
}

static void
what_the_targets_devices_lost_is_in_the_verdict(void **state)
{
	expect_named_loss(*state, true, REASON_HOLD_OVERFLOW, "dropped 7 packets");
}

static void
an_order_that_is_not_proven_is_in_the_verdict(void **state)
{
	expect_named_loss(*state, false, REASON_PROOF, "7 flush rounds");
}

/* A worker that did not poll while packets came to it has lost some, and nobody has counted them. Killed by: a
 * verdict that believes counters alone; a silence that only one side looks for. */
static void
expect_stillness_is_named(struct world *w, int side)
{
	struct fake_nf *fake = w->hosts[side].fake;
	const struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, side == 0 ? "ended" : "steering");
	fake->still = true;
	UNTIL(w, move_now_ns() - atomic_load(&fake->info->workers[0].heartbeat_ns) > 300 * MS);
	fake->still = false;
	UNTIL(w, job->ended_ns != 0);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_NF_SILENT));
}

static void
a_target_that_stood_still_is_in_the_verdict(void **state)
{
	expect_stillness_is_named(*state, 1);
}

static void
a_source_that_stood_still_is_in_the_verdict(void **state)
{
	expect_stillness_is_named(*state, 0);
}

/* ---- what the operator can do -------------------------------------------------------------- */

static void
remove_journals(const char *dir)
{
	char path[192];
	uint64_t session;
	struct outside *outside;

	assert_int_equal(outside_create(NULL, &outside), 0);
	while (journal_list(outside, dir, &session, 1) == 1) {
		snprintf(path, sizeof(path), "%s/session-%016llx.journal", dir,
			 (unsigned long long)session);
		assert_int_equal(unlink(path), 0);
	}
	outside_destroy(outside);
}

static const struct job *
job_at(const struct world *w, int i, const char *id)
{
	return job_find(driver_jobs(w->hosts[i].driver), id);
}

/* The host of the target lists the session, and can end it while that risks nothing. */
static void
a_session_is_listed_at_its_target_and_can_be_cancelled(void **state)
{
	struct world *w = *state;
	const struct job *there;
	struct job *job;

	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){.max_bandwidth = SLOW});
	wait_for_state(w, 1, "receiving");
	there = job_at(w, 1, job->id);
	assert_non_null(there);
	expect_state(there, SLIM__V1__JOB_STATE__JOB_RUNNING);
	assert_string_equal(there->nf, "nf-b");
	assert_string_equal(there->from_host, "a");
	assert_int_equal(cancel(w, 1, job->id), 0);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	expect_state(there, SLIM__V1__JOB_STATE__JOB_CANCELLED);
	expect_undone(w, 300);
}

/* A cancel that can do nothing is never a success. It says what can be done. */
static void
a_cancel_after_the_handover_says_what_can_be_done(void **state)
{
	struct world *w = *state;
	char text[SLIM_REASON_SIZE];
	struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "finishing");
	assert_int_equal(driver_cancel(w->hosts[0].driver, job->id, false, text), -EBUSY);
	assert_non_null(strstr(text, "can only go forward"));
	assert_non_null(strstr(text, "by force"));
	assert_int_equal(driver_cancel(w->hosts[1].driver, job->id, false, text), -EBUSY);
	assert_non_null(strstr(text, "the source leads"));
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_state(job_at(w, 1, job->id), SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

/* The target's host has died, and nobody waits for it any longer: the source takes back. */
static void
force_takes_back_from_a_dead_host(void **state)
{
	struct world *w = *state;
	char text[SLIM_REASON_SIZE];
	struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "finishing");
	kill_host(&w->hosts[1]);
	remove_journals(w->hosts[1].state);
	fake_nf_destroy(w->hosts[1].fake);
	w->hosts[1].fake = NULL;
	UNTIL(w, peer_dialled(w->hosts[0].peers, "b") == NULL);
	assert_int_equal(driver_cancel(w->hosts[0].driver, job->id, false, text), -EBUSY);
	assert_int_equal(driver_cancel(w->hosts[0].driver, job->id, true, text), 0);
	assert_non_null(strstr(text, "takes back"));
	wait_for_state(w, 0, "undoing");
	assert_int_equal(driver_cancel(w->hosts[0].driver, job->id, true, text), 0);
	UNTIL(w, job->ended_ns != 0);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_FORCED));
	UNTIL(w, strcmp(nf_mode_name(nf_find(w->hosts[0].nfs, "nf-a")), "pass") == 0);
	assert_int_equal(fake_nf_used(w->hosts[0].fake), 100);
	w->hosts[1].fake = fake_nf_create("nf-b", false, 3, 2, CAPACITY);
	start_host(&w->hosts[1]);
}

/* ---- NFs that die after TAKEN ---------------------------------------------------------------- */

static uint32_t
source_gone(const struct world *w)
{
	return atomic_load(&w->hosts[1].fake->control->gate.source_gone);
}

/* Rounds of the target wait for answers of the source NF. Its host sees it die, and says so. */
static void
the_target_hears_at_once_that_the_source_nf_is_dead(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "finishing");
	assert_int_equal(source_gone(w), 0);
	w->paused[1] = true; /* no round ends while the word is on its way */
	fake_nf_hang_up(w->hosts[0].fake);
	UNTIL(w, source_gone(w) == 1);
	w->paused[1] = false;
	wait_for_end(w, job);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_NF_LOST));
	assert_non_null(strstr(job->reasons[0].text, "counted"));
	assert_string_equal(nf_mode_name(nf_find(w->hosts[1].nfs, "nf-b")), "pass");
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 100);
}

static void
a_target_nf_that_dies_as_owner_fails_the_move_and_says_what_is_lost(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 100);
	job = move_with_late_counts(w);
	wait_for_state(w, 0, "finishing");
	fake_nf_hang_up(w->hosts[1].fake);
	wait_for_end(w, job);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_NF_LOST));
	assert_true(says(job, "counted since"));
	assert_string_equal(nf_mode_name(nf_find(w->hosts[0].nfs, "nf-a")), "pass");
	assert_int_equal(fake_nf_used(w->hosts[0].fake), 100);
}

/* ---- a peer that breaks the protocol ------------------------------------------------------ */

/* Says it to b's session of the move that runs, as if it had come from a. */
static void
say_to_target(struct world *w, Slim__Peer__V1__Frame__BodyCase kind, void *body)
{
	struct driver *driver = w->hosts[1].driver;
	struct move *m = TAILQ_FIRST(&driver->moves);
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;

	frame.session = m->session.id;
	frame.body_case = kind;
	frame.begin = body; /* a union of pointers */
	driver_peer_frame(driver, m->conn, &frame);
}

/* What comes out of turn is counted by its name and changes nothing: no tag, no digest, no row. */
static void
frames_out_of_turn_are_counted(void **state)
{
	struct world *w = *state;
	const struct driver *driver = w->hosts[1].driver;
	Slim__Peer__V1__Begin begin = SLIM__PEER__V1__BEGIN__INIT;
	Slim__Peer__V1__End end = SLIM__PEER__V1__END__INIT;
	Slim__Peer__V1__Rows rows = SLIM__PEER__V1__ROWS__INIT;
	const struct move *target;
	struct job *job;

	fill(w, 100);
	job = move_with_late_counts(w);
	wait_for_state(w, 1, "serving");
	target = TAILQ_FIRST(&w->hosts[1].driver->moves);
	begin.hold_limit_ns = 1;
	say_to_target(w, SLIM__PEER__V1__FRAME__BODY_BEGIN, &begin);
	say_to_target(w, SLIM__PEER__V1__FRAME__BODY_END, &end);
	say_to_target(w, SLIM__PEER__V1__FRAME__BODY_ROWS, &rows);
	assert_int_equal(driver_protocol_errors(driver, DRIVER_ERROR_BEGIN), 1);
	assert_int_equal(driver_protocol_errors(driver, DRIVER_ERROR_END), 1);
	assert_int_equal(driver_protocol_errors(driver, DRIVER_ERROR_ROWS), 1);
	assert_int_not_equal(target->hold_limit_ns, 1);
	assert_true(STAILQ_EMPTY(&target->rows));
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(job->result.digest_source, job->result.digest_proof);
}

/* Before it owns anything the target gives up. */
static void
begin_said_twice_ends_the_move(void **state)
{
	struct world *w = *state;
	Slim__Peer__V1__Begin begin = SLIM__PEER__V1__BEGIN__INIT;
	struct job *job;

	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){.max_bandwidth = SLOW});
	wait_for_state(w, 1, "receiving");
	say_to_target(w, SLIM__PEER__V1__FRAME__BODY_BEGIN, &begin);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_PROTOCOL));
	expect_undone(w, 300);
}

/* The connection ends at the target while the trail is on its way: what was read from the socket there is known
 * to nobody here, so all of it is sent again, and an answer to what was sent before is none. */
static void
a_trail_is_of_one_connection(void **state)
{
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__TrailDone done = SLIM__PEER__V1__TRAIL_DONE__INIT;
	struct world *w = *state;
	struct job *job;
	struct move *m;

	fill(w, 500);
	job = migrate(w, 0, (struct driver_move){.max_bandwidth = 1000000});
	wait_for_state(w, 0, "ended");
	for (uint64_t key = 1000; key < 1500; key++)
		count_packets(w, 0, key, 100);
	wait_for_state(w, 0, "finishing");
	m = TAILQ_FIRST(&w->hosts[0].driver->moves);
	m->tokens = -INT64_C(1000000000); /* for hours */
	wait_for_state(w, 0, "trailing");
	frame.session = m->session.id;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_TRAIL_DONE;
	frame.trail_done = &done;
	for (int n = 0; n < 5; n++)
		turn(w);
	assert_true((m->wants & WANT_TRAIL) != 0);
	peer_conn_close(peer_accepted(w->hosts[1].peers, "a"), REASON_PEER_LOST, "test");
	UNTIL(w, peer_dialled(w->hosts[0].peers, "b") == NULL);
	m->tokens = 100000; /* saved while there was no connection */
	UNTIL(w, peer_dialled(w->hosts[0].peers, "b") != NULL);
	while (m->trail_conn != m->n_lost_conns) {
		assert_true((m->wants & WANT_TRAIL) != 0);
		driver_peer_frame(w->hosts[0].driver, m->conn, &frame);
		turn(w);
		m->tokens = -INT64_C(1000000000);
	}
	driver_peer_frame(w->hosts[0].driver, m->conn, &frame);
	for (int n = 0; n < 50; n++)
		turn(w);
	assert_string_equal(state_of(w, 0), "trailing");
	m->wants &= ~(uint32_t)WANT_TRAIL; /* all of it was sent, and then the connection broke */
	m->n_lost_conns++;
	driver_peer_frame(w->hosts[0].driver, m->conn, &frame);
	turn(w);
	assert_string_equal(state_of(w, 0), "trailing");
	m->n_lost_conns--;
	m->wants |= WANT_TRAIL;
	m->tokens = 0;
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	for (uint64_t key = 1000; key < 1500; key++)
		assert_int_equal(fake_nf_find(w->hosts[1].fake, key)->packets, key - 900);
}

/* A trail that cannot be read must not keep the target in it. What it counted is missing. */
static void
a_bad_row_in_the_trail_does_not_stop_it(void **state)
{
	struct world *w = *state;
	Slim__Peer__V1__Rows rows = SLIM__PEER__V1__ROWS__INIT;
	uint8_t slots[8] = {0};
	struct job *job;

	fill(w, 10);
	job = move_with_late_counts(w);
	rows.lazy = true;
	rows.slots.data = slots;
	rows.slots.len = sizeof(slots); /* two rows, and no columns */
	say_to_target(w, SLIM__PEER__V1__FRAME__BODY_ROWS, &rows);
	rows.table = 7; /* nor such a table */
	say_to_target(w, SLIM__PEER__V1__FRAME__BODY_ROWS, &rows);
	rows = (Slim__Peer__V1__Rows)SLIM__PEER__V1__ROWS__INIT;
	rows.lazy = rows.narrow = true;
	rows.narrow_rows = 3;
	say_to_target(w, SLIM__PEER__V1__FRAME__BODY_ROWS, &rows);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_RESTART));
	assert_non_null(strstr(job->reasons[0].text, "7 rows"));
	expect_modes(w, "closed", "pass");
	assert_int_equal(fake_nf_find(w->hosts[1].fake, 1005)->packets, 5 + 100 + 1000);
}

/* Rows of a session that the other side does not know: late news. */
static void
fill_link(struct peer_conn *conn)
{
	static uint8_t columns[200000];
	Slim__Peer__V1__Rows rows = SLIM__PEER__V1__ROWS__INIT;
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;

	rows.columns.data = columns;
	rows.columns.len = sizeof(columns);
	frame.session = 0x999;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_ROWS;
	frame.rows = &rows;
	for (int i = 0; i < 100 && peer_conn_queued(conn) == 0; i++)
		peer_send(conn, &frame);
	assert_true(peer_conn_queued(conn) > 0);
}

/* More than any queue holds, in one breath: the connection ends, and no event is forgotten. */
static void
a_flood_of_frames_ends_the_connection(void **state)
{
	struct world *w = *state;
	struct move *target;
	Slim__Peer__V1__Finish finish = SLIM__PEER__V1__FINISH__INIT;
	Slim__Peer__V1__TrailEnd end = SLIM__PEER__V1__TRAIL_END__INIT;
	struct job *job;

	fill(w, 10);
	job = move_with_late_counts(w);
	target = TAILQ_FIRST(&w->hosts[1].driver->moves);
	for (int i = 0; i < 1000; i++) { /* no write waits: they are worked off */
		say_to_target(w, SLIM__PEER__V1__FRAME__BODY_FINISH, &finish);
		say_to_target(w, SLIM__PEER__V1__FRAME__BODY_TRAIL_END, &end);
	}
	assert_int_equal(driver_protocol_errors(w->hosts[1].driver, DRIVER_ERROR_FLOOD), 0);
	fill_link(target->conn);
	target->todo[0] = (struct session_effect){.type = FX_JOURNAL, .arg = STAGE_OWNER};
	target->n_todo = 1;
	target->flush_until_ns = UINT64_MAX; /* and now none is: a write waits for the link */
	for (int i = 0; i < 1000; i++) {
		say_to_target(w, SLIM__PEER__V1__FRAME__BODY_FINISH, &finish);
		say_to_target(w, SLIM__PEER__V1__FRAME__BODY_TRAIL_END, &end);
	}
	target->flush_until_ns = 0;
	assert_true(driver_protocol_errors(w->hosts[1].driver, DRIVER_ERROR_FLOOD) > 0);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_modes(w, "closed", "pass");
}

/* ---- the order of truth: memory, then journal, then the peer's word about its own memory ------ */

/* b's daemon is killed just when its gate is told to serve; nobody has heard of it yet. */
static struct job *
kill_target_as_it_takes_over(struct world *w, enum slim_gate_mode mode)
{
	struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){.max_hold_ns = 2000 * MS});
	UNTIL(w, fake_nf_command(w->hosts[1].fake).mode == mode &&
			 strcmp(state_of(w, 0), "ended") == 0);
	count_packets(w, 0, 1005, 100); /* too late for a row before the trail */
	kill_host(&w->hosts[1]);
	fake_nf_hang_up(w->hosts[1].fake);
	remove_journals(w->hosts[1].state);
	return job;
}

/* The target's gate is in SERVE. Its journal is lost, and at first its NF is not there: the host
 * cannot tell, and says so. Then the NF's memory tells. */
static void
a_target_that_lost_its_journal_still_owns(void **state)
{
	struct world *w = *state;
	struct job *job = kill_target_as_it_takes_over(w, SLIM_GATE_SERVE);
	const struct move *source = TAILQ_FIRST(&w->hosts[0].driver->moves);

	start_host(&w->hosts[1]);
	UNTIL(w, source->ask_ns != 0);
	assert_int_not_equal(atomic_load(&w->hosts[0].fake->info->workers[0].mode), SLIM_GATE_PASS);
	assert_true(strcmp(state_of(w, 0), "ended") == 0 ||
		    strcmp(state_of(w, 0), "querying") == 0);
	register_fake(w, 1);
	wait_for_end(w, job);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED); /* late counts found no table */
	assert_true(has_reason(job, REASON_RESTART));
	expect_modes(w, "closed", "pass");
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 100);
}

/* The other way round: a gate that is not in SERVE owns nothing, and the source resumes. */
static void
a_target_that_lost_its_journal_before_it_took_over_owns_nothing(void **state)
{
	struct world *w = *state;
	struct job *job = kill_target_as_it_takes_over(w, SLIM_GATE_RECEIVE);

	start_host(&w->hosts[1]);
	register_fake(w, 1);
	wait_for_end(w, job);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	expect_modes(w, "pass", "closed");
	assert_int_equal(fake_nf_used(w->hosts[0].fake), 100);
}

/* A source whose journal is gone: before END nobody else can own, so it serves again. */
static void
a_source_that_lost_its_journal_in_the_hold_resumes(void **state)
{
	struct world *w = *state;

	fill(w, 100);
	migrate(w, 0, (struct driver_move){.max_hold_ns = 2000 * MS});
	wait_for_state(w, 0, "holding");
	kill_host(&w->hosts[0]);
	fake_nf_hang_up(w->hosts[0].fake);
	remove_journals(w->hosts[0].state);
	start_host(&w->hosts[0]);
	register_fake(w, 0);
	wait_until_idle(w);
	expect_undone(w, 100);
}

/* The file of a session that was found in the memory begins late: what Open and Begin told is not in it. The
 * command in force knows that, also for the next daemon. */
static void
a_journal_that_begins_late_does_not_change_the_command(void **state)
{
	struct world *w = *state;
	struct slim_shm_command before, after;

	fill(w, 100);
	migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 1, "serving");
	w->paused[1] = true; /* so the round does not end */
	UNTIL(w, fake_nf_command(w->hosts[0].fake).mode == SLIM_GATE_REDIRECT);
	before = fake_nf_command(w->hosts[0].fake);
	assert_int_not_equal(before.ports[0].redirect_vid, 0);
	kill_host(&w->hosts[0]);
	fake_nf_hang_up(w->hosts[0].fake);
	remove_journals(w->hosts[0].state);
	start_host(&w->hosts[0]);
	register_fake(w, 0);
	wait_for_state(w, 0, "finishing");
	restart(w, 0);
	wait_for_state(w, 0, "finishing");
	after = fake_nf_command(w->hosts[0].fake);
	assert_memory_equal(&after, &before, sizeof(after));
	w->paused[1] = false;
	wait_until_idle(w);
	expect_modes(w, "closed", "pass");
}

/* A hold word of IDLE opens whoever has not seen CLOSED yet, and would open him after a restart in between. */
static void
a_gate_is_closed_before_its_hold_word_is_set_back(void **state)
{
	struct world *w = *state;
	struct nf *nf = nf_find(w->hosts[0].nfs, "nf-a");

	fill(w, 100);
	migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "closing");
	w->paused[0] = true;
	UNTIL(w, fake_nf_command(w->hosts[0].fake).mode == SLIM_GATE_CLOSED);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(gate_hold_word(nf), SLIM_HOLD_TAKEN);
		turn(w);
	}
	w->paused[0] = false;
	wait_until_idle(w);
	expect_modes(w, "closed", "pass");
	assert_int_equal(gate_hold_word(nf), SLIM_HOLD_IDLE);
}

/* Its NF registers again when it was given up, and before the session has ended without it. */
static void
an_nf_that_comes_back_late_is_taken_up(void **state)
{
	struct world *w = *state;
	struct move *m;

	fill(w, 100);
	migrate(w, 0, (struct driver_move){.max_hold_ns = 2000 * MS});
	UNTIL(w, fake_nf_command(w->hosts[1].fake).mode == SLIM_GATE_SERVE &&
			 strcmp(state_of(w, 0), "ended") == 0);
	w->paused[1] = true; /* so it is not known who owns */
	kill_host(&w->hosts[0]);
	fake_nf_hang_up(w->hosts[0].fake);
	start_host(&w->hosts[0]);
	m = TAILQ_FIRST(&w->hosts[0].driver->moves);
	assert_true(m->orphan_ns != 0);
	m->orphan_ns = 1; /* long ago */
	UNTIL(w, m->orphan_ns == 0);
	register_fake(w, 0);
	assert_ptr_equal(TAILQ_FIRST(&w->hosts[0].driver->moves), m);
	w->paused[1] = false;
	UNTIL(w, strcmp(nf_mode_name(nf_find(w->hosts[0].nfs, "nf-a")), "closed") == 0);
	wait_until_idle(w);
	expect_modes(w, "closed", "pass");
}

/* ---- what was lost is not forgotten ------------------------------------------------------------ */

static void
start_again(struct world *w, int i, bool forgets)
{
	kill_host(&w->hosts[i]);
	fake_nf_hang_up(w->hosts[i].fake);
	if (forgets)
		remove_journals(w->hosts[i].state);
	start_host(&w->hosts[i]);
	register_fake(w, i);
}

static void
expect_loss(struct world *w, const char *id)
{
	const struct job *job = job_at(w, 0, id);

	assert_non_null(job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_HOLD_OVERFLOW));
}

/* Before TAKEN: aborted promises that nothing was lost. */
static void
what_the_source_lost_survives_its_daemon(void **state)
{
	struct world *w = *state;
	char id[20];

	fill(w, 100);
	for (int forgets = 0; forgets < 2; forgets++) {
		const struct job *job =
			migrate(w, 0, (struct driver_move){.max_hold_ns = 2000 * MS});

		memcpy(id, job->id, sizeof(id));
		wait_for_state(w, 0, "holding");
		atomic_fetch_add(&w->hosts[0].fake->info->workers[1].counters.hold_overflow, 5);
		start_again(w, 0, forgets != 0);
		wait_until_idle(w);
		expect_loss(w, id);
		expect_undone(w, 100);
		connect_hosts(w);
	}
}

static const struct job *
move_until_the_target_serves(struct world *w)
{
	const struct job *job = migrate(w, 0, (struct driver_move){0});

	wait_for_state(w, 1, "serving");
	w->paused[1] = true; /* so the round does not end */
	wait_for_state(w, 0, "finishing");
	return job;
}

static void
expect_the_targets_loss(struct world *w, bool forgets)
{
	char id[20];

	fill(w, 100);
	memcpy(id, move_until_the_target_serves(w)->id, sizeof(id));
	atomic_fetch_add(&w->hosts[1].fake->info->workers[2].counters.queue_overflow, 5);
	start_again(w, 1, forgets);
	w->paused[1] = false;
	wait_until_idle(w);
	expect_loss(w, id);
	assert_true(says(job_at(w, 0, id), "the target dropped 5 packets"));
	expect_modes(w, "closed", "pass");
}

static void
what_the_target_lost_survives_its_daemon(void **state)
{
	expect_the_targets_loss(*state, false);
}

static void
what_the_target_lost_survives_its_journal(void **state)
{
	expect_the_targets_loss(*state, true);
}

/* The target has answered, and nobody heard it. `then` happens at its host before it is asked again. */
static const struct job *
lose_the_answer(struct world *w, uint64_t lost)
{
	struct driver *source = w->hosts[0].driver;
	const struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "closing");
	w->hosts[0].driver = NULL;
	atomic_fetch_add(&w->hosts[1].fake->info->workers[2].counters.queue_overflow, lost);
	UNTIL(w, TAILQ_EMPTY(&w->hosts[1].driver->moves));
	/* What is dropped later is not the session's. */
	atomic_fetch_add(&w->hosts[1].fake->info->workers[2].counters.queue_overflow, 7);
	w->hosts[0].driver = source;
	return job;
}

static void
an_answer_that_got_lost_is_given_again(void **state)
{
	struct world *w = *state;
	const struct job *job = lose_the_answer(w, 0);

	start_again(w, 1, true);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_modes(w, "closed", "pass");
}

static void
an_account_that_got_lost_is_given_again(void **state)
{
	struct world *w = *state;
	const struct job *job = lose_the_answer(w, 5);

	start_again(w, 1, true);
	wait_until_idle(w);
	expect_loss(w, job->id);
	assert_true(says(job, "the target dropped 5 packets"));
	expect_modes(w, "closed", "pass");
}

/* Its memory tells of one session only, and that is a later one now. */
static void
a_target_that_cannot_tell_what_it_lost_says_so(void **state)
{
	struct world *w = *state;
	const struct memo later = {.session = 1, .stage = STAGE_OVER, .is_source = true};
	const struct job *job = lose_the_answer(w, 0);

	memo_begin(nf_find(w->hosts[1].nfs, "nf-b"), &later);
	start_again(w, 1, false);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(says(job, "is not known"));
	expect_modes(w, "closed", "pass");
}

/* Not before the round of FINISH is through, and for this session only. Killed by: a word that is not said, said at once,
 * or left over for the next session. */
static void
a_path_is_quiet_after_its_last_round(void **state)
{
	struct world *w = *state;
	const struct slim_shm_gate *gate = &w->hosts[1].fake->control->gate;
	const _Atomic uint32_t *quiet = &gate->path_quiet;
	uint32_t round;

	fill(w, 100);
	round = atomic_load(&gate->round_request);
	migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 1, "serving");
	w->paused[1] = true; /* so the round does not end */
	UNTIL(w, atomic_load(&gate->round_request) != round);
	assert_int_equal(atomic_load(quiet), 0);
	w->paused[1] = false;
	UNTIL(w, atomic_load(quiet) == 1);
	assert_true(strcmp(state_of(w, 0), "finishing") != 0);
	wait_until_idle(w);
	assert_int_equal(atomic_load(quiet), 1);
	wait_for_end(w, migrate(w, 1, (struct driver_move){0}));
	wait_until_idle(w);
	migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 1, "receiving");
	assert_int_equal(atomic_load(quiet), 0);
	wait_until_idle(w);
}

/* Up to a round of the target that does not end yet. Returns its number. */
static uint32_t
stop_in_the_last_round(struct world *w)
{
	const _Atomic uint32_t *request = &w->hosts[1].fake->control->gate.round_request;
	uint32_t before = atomic_load(request);

	fill(w, 100);
	migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 1, "serving");
	w->paused[1] = true;
	UNTIL(w, atomic_load(request) != before);
	return atomic_load(request);
}

/* The source has sent something over the path during the round: it asks for another one. */
static void
a_path_with_a_straggler_is_not_quiet(void **state)
{
	struct world *w = *state;
	const struct slim_shm_gate *gate = &w->hosts[1].fake->control->gate;
	uint32_t round = stop_in_the_last_round(w);

	atomic_fetch_add(&w->hosts[0].fake->info->workers[0].counters.redirected, 1);
	w->paused[1] = false;
	while (atomic_load(&gate->round_request) == round) {
		assert_int_equal(atomic_load(&gate->path_quiet), 0);
		turn(w);
	}
	assert_int_equal(atomic_load(&gate->path_quiet), 0);
	wait_until_idle(w);
	assert_int_equal(atomic_load(&gate->path_quiet), 1);
}

/* Who was not waited for may have something left. */
static void
a_round_that_was_given_up_proves_no_quiet(void **state)
{
	struct world *w = *state;

	stop_in_the_last_round(w);
	atomic_fetch_add(&w->hosts[1].fake->info->workers[0].counters.round_gave_up, 1);
	w->paused[1] = false;
	wait_until_idle(w);
	assert_int_equal(atomic_load(&w->hosts[1].fake->control->gate.path_quiet), 0);
	expect_modes(w, "closed", "pass");
}

/* ---- a connection that another one replaces ----------------------------------------------------- */

/* A daemon of this name comes up at `h`, and says no more than that. */
static int
greet(const struct host *h, char *name)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)h->port.number)};
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Hello hello = SLIM__PEER__V1__HELLO__INIT;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t bytes[256];
	size_t size;

	hello.version_min = hello.version_max = 1;
	hello.host = name;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_HELLO;
	frame.hello = &hello;
	size = frame_size(&frame);
	assert_in_range(size, 1, sizeof(bytes));
	frame_encode(&frame, bytes);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
	return fd;
}

/* The end of the old one was not heard, and the daemon behind the new one knows of no session: whoever asks
 * nothing does not lead. */
static void
a_replaced_connection_is_a_lost_one(void **state)
{
	struct world *w = *state;
	struct peer_conn *old;
	char text[SLIM_REASON_SIZE], id[20], name[] = "a";
	int fd;

	fill(w, 100);
	strcpy(id, migrate(w, 0, (struct driver_move){0})->id);
	wait_for_state(w, 1, "serving");
	w->paused[1] = true; /* so it goes on serving */
	old = peer_accepted(w->hosts[1].peers, "a");
	fd = greet(&w->hosts[1], name);
	UNTIL(w, peer_accepted(w->hosts[1].peers, "a") != old);
	kill_host(&w->hosts[0]); /* nobody dials again */
	turn(w);
	turn(w);
	assert_int_equal(driver_cancel(w->hosts[1].driver, id, false, text), 0);
	w->paused[1] = false;
	UNTIL(w, nf_find(w->hosts[1].nfs, "nf-b")->session == 0);
	assert_string_equal(nf_mode_name(nf_find(w->hosts[1].nfs, "nf-b")), "pass");
	close(fd);
	fake_nf_hang_up(w->hosts[0].fake);
	start_host(&w->hosts[0]);
	register_fake(w, 0);
	wait_until_idle(w);
	expect_modes(w, "closed", "pass");
}

/* ---- a source that ends before the target has heard -------------------------------------------- */

/* The target's slimd dies before it reads Close, and the source is ended by force. */
static struct job *
force_before_close_is_read(struct world *w, char *text)
{
	struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "closing");
	kill_host(&w->hosts[1]);
	fake_nf_hang_up(w->hosts[1].fake);
	UNTIL(w, peer_dialled(w->hosts[0].peers, "b") == NULL);
	assert_int_equal(driver_cancel(w->hosts[0].driver, job->id, true, text), 0);
	return job;
}

/* It owns, and the source asks nothing any more. So it says so, and hears that it is through. */
static void
a_target_that_waits_for_a_session_that_is_over_is_told(void **state)
{
	struct world *w = *state;
	char text[SLIM_REASON_SIZE];
	struct job *job = force_before_close_is_read(w, text);

	assert_non_null(strstr(text, "gives its copy away"));
	UNTIL(w, job->ended_ns != 0);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(TAILQ_EMPTY(&w->hosts[0].driver->moves));
	start_host(&w->hosts[1]);
	register_fake(w, 1);
	wait_until_idle(w);
	expect_modes(w, "closed", "pass");
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 100);
}

/* The connection is there before the target's NF is. */
static void
a_target_taken_up_late_calls_its_source(void **state)
{
	struct world *w = *state;
	char text[SLIM_REASON_SIZE];
	struct job *job = force_before_close_is_read(w, text);

	UNTIL(w, job->ended_ns != 0);
	start_host(&w->hosts[1]);
	connect_hosts(w);
	register_fake(w, 1);
	wait_until_idle(w);
	expect_modes(w, "closed", "pass");
}

/* It is said only by whoever gave its copy away in this session. */
static void
nobody_else_is_told_that_it_is_through(void **state)
{
	struct world *w = *state;
	struct memo memo = {.session = 77, .stage = STAGE_OVER, .is_source = true};
	struct nf *nf = nf_find(w->hosts[0].nfs, "nf-a");
	Slim__Peer__V1__Taken taken = SLIM__PEER__V1__TAKEN__INIT;
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	struct peer_conn *conn = peer_dialled(w->hosts[0].peers, "b");

	frame.session = 77;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_TAKEN;
	frame.taken = &taken;
	memo_begin(nf, &memo); /* serves, so it was undone */
	driver_peer_frame(w->hosts[0].driver, conn, &frame);
	assert_int_equal(peer_conn_queued(conn), 0);
	fill(w, 10);
	wait_for_end(w, migrate(w, 0, (struct driver_move){0}));
	wait_until_idle(w);
	expect_modes(w, "closed", "pass");
	memo.is_source = false;
	memo_begin(nf, &memo);
	driver_peer_frame(w->hosts[0].driver, conn, &frame);
	memo = (struct memo){.session = 77, .stage = STAGE_SETTLE, .is_source = true};
	memo_begin(nf, &memo);
	driver_peer_frame(w->hosts[0].driver, conn, &frame);
	memo.session = 78;
	memo.stage = STAGE_OVER;
	memo_begin(nf, &memo);
	driver_peer_frame(w->hosts[0].driver, conn, &frame);
	assert_int_equal(peer_conn_queued(conn), 0);
	frame.session = 78;
	driver_peer_frame(w->hosts[0].driver, conn, &frame);
	assert_int_not_equal(peer_conn_queued(conn), 0);
}

/* A daemon that takes a failed session up does not make it complete. */
static void
expect_failed_for_good(struct world *w, bool forgets)
{
	char text[SLIM_REASON_SIZE], id[20];

	memcpy(id, force_before_close_is_read(w, text)->id, sizeof(id));
	w->paused[0] = true; /* so the gate stays on its way */
	wait_for_state(w, 0, "settling");
	start_again(w, 0, forgets);
	w->paused[0] = false;
	start_host(&w->hosts[1]);
	register_fake(w, 1);
	wait_until_idle(w);
	assert_non_null(job_at(w, 0, id));
	expect_state(job_at(w, 0, id), SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job_at(w, 0, id), REASON_FORCED));
	assert_false(has_reason(job_at(w, 0, id), REASON_HOLD_OVERFLOW));
	expect_modes(w, "closed", "pass");
}

static void
a_failed_verdict_survives_its_daemon(void **state)
{
	expect_failed_for_good(*state, false);
}

static void
a_failed_verdict_survives_its_journal(void **state)
{
	expect_failed_for_good(*state, true);
}

/* ---- a disk that fails, and files of other versions -------------------------------------- */

/* The disk of host a; the real one lies under it. */
static struct {
	const struct disk_ops *real;
	struct disk_ops ops;
	bool full;
} disk;

static ssize_t
append_to_a_full_disk(struct disk_file *file, const void *bytes, size_t size)
{
	return disk.real->append(file, bytes, disk.full ? size / 2 : size);
}

static void
own_disk(struct host *h)
{
	disk.real = h->outside->disk;
	disk.ops = *disk.real;
	disk.ops.append = append_to_a_full_disk;
	disk.full = false;
	h->outside->disk = &disk.ops;
}

/* Until END the source has everything: what must be durable and is not ends the move. */
static void
a_full_disk_before_end_undoes_the_move(void **state)
{
	static const char *const states[] = {"opening", "arming", "copying"};
	struct world *w = *state;
	struct job *job;

	own_disk(&w->hosts[0]);
	fill(w, 300);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		job = migrate(w, 0, (struct driver_move){.max_bandwidth = SLOW});
		wait_for_state(w, 0, states[i]);
		disk.full = true;
		wait_for_end(w, job);
		disk.full = false;
		expect_state(job, i == 0 ? SLIM__V1__JOB_STATE__JOB_REFUSED
					 : SLIM__V1__JOB_STATE__JOB_ABORTED);
		assert_true(has_reason(job, REASON_JOURNAL));
		expect_undone(w, 300);
	}
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

/* Stages are lost, and the daemon dies, too: the hold word and the gate know who owns. */
static void
a_disk_full_after_end_makes_no_second_owner(void **state)
{
	static const char *const states[] = {"ended", "finishing", "trailing", "settling"};
	struct world *w = *state;

	own_disk(&w->hosts[0]);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		const struct job *job;
		struct job *back;

		if (i == 0)
			fill(w, 100);
		job = migrate(w, 0, (struct driver_move){0});
		wait_for_state(w, 0, "holding");
		disk.full = true;
		wait_for_state(w, 0, states[i]);
		disk.full = false;
		job = restart_source(w, job);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
		assert_true(job->result.has_proof && job->result.has_source);
		assert_int_equal(job->result.digest_proof, job->result.digest_source);
		assert_int_equal(job->result.entries, 100);
		expect_modes(w, "closed", "pass");
		assert_int_equal(fake_nf_used(w->hosts[0].fake), 0);
		back = migrate(w, 1, (struct driver_move){0});
		wait_for_end(w, back);
		expect_state(back, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	}
}

#define FILE_SESSION UINT64_C(0x77)

static void
name_journal(const struct world *w, char path[192])
{
	snprintf(path, 192, "%s/session-%016llx.journal", w->hosts[0].state,
		 (unsigned long long)FILE_SESSION);
}

static void
write_file(const struct world *w, const void *bytes, size_t size)
{
	char path[192];
	FILE *f;

	name_journal(w, path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, size, f), size);
	fclose(f);
}

/* A journal as another version writes it: a session that nf-a was preparing. A newer one has longer
 * records, and kinds that are unknown here. */
static void
write_journal_of(const struct world *w, uint32_t needs, uint32_t version, uint32_t stage)
{
	struct {
		struct journal_head head;
		char more[24];
	} head = {.head = {.needs = needs,
			   .version = version,
			   .is_source = 1,
			   .session = FILE_SESSION,
			   .nonce = 1,
			   .nf_instance = w->hosts[0].fake->info->instance,
			   .nf = "nf-a",
			   .service = "service",
			   .peer = "b",
			   .other_nf = "nf-b"}};
	bool newer = version > JOURNAL_VERSION;
	struct journal *journal;

	assert_int_equal(
		journal_open(w->hosts[0].outside, w->hosts[0].state, FILE_SESSION, &journal), 0);
	assert_int_equal(journal_write(journal, JOURNAL_HEAD, &head,
				       newer ? sizeof(head) : sizeof(head.head), false),
			 0);
	if (newer)
		assert_int_equal(journal_write(journal, (enum journal_kind)99, "new", 3, false), 0);
	assert_int_equal(journal_write(journal, JOURNAL_STAGE, &stage, sizeof(stage), true), 0);
	journal_close(journal);
}

/* Downgrade and upgrade by one version: the session is taken up and undone. */
static void
journals_of_the_next_and_the_last_version_are_read(void **state)
{
	struct world *w = *state;
	const struct job *job;
	char path[192];

	name_journal(w, path);
	fill(w, 30);
	for (uint32_t version = 0; version <= JOURNAL_VERSION + 1; version += JOURNAL_VERSION + 1) {
		write_journal_of(w, version == 0 ? JOURNAL_VERSION - 1 : JOURNAL_VERSION, version,
				 STAGE_PREPARE);
		restart(w, 0);
		wait_until_idle(w);
		job = job_find(driver_jobs(w->hosts[0].driver), "0000000000000077");
		assert_non_null(job);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
		assert_true(has_reason(job, REASON_RESTART));
		assert_int_equal(access(path, F_OK), -1);
		expect_undone(w, 30);
	}
}

/* The daemon starts, the file stays, nothing is busy, and people are told. */
static void
expect_left_alone(struct world *w)
{
	const struct job *job;
	struct job *move;
	char path[192];

	name_journal(w, path);
	restart(w, 0);
	assert_int_equal(driver_n_left(w->hosts[0].driver), 1);
	job = job_find(driver_jobs(w->hosts[0].driver), "0000000000000077");
	assert_non_null(job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_JOURNAL));
	move = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, move);
	expect_state(move, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	move = migrate(w, 1, (struct driver_move){0});
	wait_for_end(w, move);
	expect_state(move, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
}

static void
journals_that_are_not_understood_are_left_alone(void **state)
{
	static char large[JOURNAL_MAX_FILE + 1];
	struct world *w = *state;
	char path[192];

	name_journal(w, path);
	write_journal_of(w, JOURNAL_VERSION + 1, JOURNAL_VERSION + 1, STAGE_PREPARE);
	expect_left_alone(w);
	write_journal_of(w, JOURNAL_NEEDS - 1, 0, STAGE_PREPARE);
	expect_left_alone(w);
	write_journal_of(w, JOURNAL_NEEDS, JOURNAL_VERSION + 1, STAGE_SETTLED + 1);
	expect_left_alone(w);
	write_file(w, "another file", 12);
	expect_left_alone(w);
	write_file(w, large, sizeof(large)); /* too long to be read */
	expect_left_alone(w);
	assert_int_equal(symlink(w->hosts[1].state, path), 0); /* an error of the file system */
	expect_left_alone(w);
}

/* What was cut short before anything was durable has touched nothing. */
static void
journals_without_a_whole_record_are_removed(void **state)
{
	struct world *w = *state;
	char path[192];

	name_journal(w, path);
	for (size_t size = 0; size <= 6; size += 3) {
		write_file(w, "SLJR\1\0", size);
		restart(w, 0);
		assert_int_equal(driver_n_left(w->hosts[0].driver), 0);
		assert_int_equal(access(path, F_OK), -1);
	}
}

/* END was sent, daemon and NF of the source are gone. Nobody at the source knows who owns. */
static void
a_source_that_lost_its_nf_too_asks_the_target(void **state)
{
	struct world *w = *state;
	struct host *h = &w->hosts[0];
	char id[20];
	struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){0});
	memcpy(id, job->id, sizeof(id));
	wait_for_state(w, 0, "ended");
	kill_host(h);
	fake_nf_destroy(h->fake);
	h->fake = NULL;
	wait_for_state(w, 1, "serving");
	h->fake = fake_nf_create("nf-a", false, 2, 2, CAPACITY);
	start_host(h);
	register_fake(w, 0);
	wait_until_idle(w);
	job = job_find(driver_jobs(h->driver), id);
	assert_non_null(job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_NF_LOST) || has_reason(job, REASON_RESTART));
	expect_modes(w, "closed", "pass");
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 100);
}

/* The target's workers take their time: what they have not installed is work that the hold would
 * have to wait for. */
static void
the_handover_waits_for_a_slow_target(void **state)
{
	struct world *w = *state;
	const struct move *source;
	struct job *job;

	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 1, "receiving");
	w->paused[1] = true;
	wait_for_state(w, 0, "catching-up");
	source = TAILQ_FIRST(&w->hosts[0].driver->moves);
	UNTIL(w, source->rows_acked == 300);
	/* All is sent and acknowledged. The backlog is told, and told again. */
	for (int i = 0; i < 3; i++) {
		uint64_t told_ns = source->backlog_ns;

		UNTIL(w,
		      source->backlog_ns != told_ns || strcmp(state_of(w, 0), "catching-up") != 0);
		turn(w);
		assert_string_equal(state_of(w, 0), "catching-up");
	}
	w->paused[1] = false;
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

static void
a_restarted_source_finishes_what_is_taken(void **state)
{
	static const char *const states[] = {"ended", "finishing", "trailing", "settling"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		const struct job *job;
		struct job *back;

		if (i == 0)
			fill(w, 100);
		job = migrate(w, 0, (struct driver_move){0});
		wait_for_state(w, 0, states[i]);
		job = restart_source(w, job);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
		assert_true(job->result.has_proof && job->result.has_source);
		assert_int_equal(job->result.digest_proof, job->result.digest_source);
		expect_modes(w, "closed", "pass");
		assert_int_equal(fake_nf_used(w->hosts[0].fake), 0);
		assert_int_equal(fake_nf_used(w->hosts[1].fake), 100);
		back = migrate(w, 1, (struct driver_move){0});
		wait_for_end(w, back);
		expect_state(back, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	}
}

static void
a_restarted_target_discards_a_copy(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 1, "receiving");
	restart(w, 1);
	wait_for_end(w, job);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_PEER_LOST));
	expect_undone(w, 300);
}

static void
a_restarted_target_goes_on_as_owner(void **state)
{
	static const char *const states[] = {"taking", "serving"}; /* Taken not sent yet; sent */
	struct world *w = *state;

	fill(w, 300);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct job *job = migrate(w, 0, (struct driver_move){0});
		struct job *back;

		wait_for_state(w, 1, states[i]);
		restart(w, 1);
		wait_for_end(w, job);
		wait_until_idle(w);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
		assert_true(job->result.has_target);
		assert_int_equal(job->result.digest_target, job->result.digest_source);
		expect_modes(w, "closed", "pass");
		assert_int_equal(fake_nf_used(w->hosts[1].fake), 300);
		back = migrate(w, 1, (struct driver_move){0});
		wait_for_end(w, back);
		expect_state(back, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	}
}

static void
a_process_of_the_same_name_is_not_the_same_nf(void **state)
{
	struct world *w = *state;
	struct host *h = &w->hosts[0];

	fill(w, 300);
	migrate(w, 0, (struct driver_move){.max_bandwidth = SLOW});
	wait_for_state(w, 0, "copying");
	kill_host(h);
	fake_nf_destroy(h->fake);
	/* Started as a standby: nobody may make it serve by mistake. */
	h->fake = fake_nf_create("nf-a", false, 2, 2, CAPACITY);
	start_host(h);
	register_fake(w, 0);
	connect_hosts(w);
	wait_until_idle(w);
	expect_modes(w, "closed", "closed");
	assert_int_equal(atomic_load(&h->fake->control->gate.epoch), 0);
}

/* The source's host goes away when the target serves. */
static void
lose_the_source(struct world *w, char id[20])
{
	const struct job *job;

	fill(w, 100);
	w->hosts[1].driver->config.limits.source_gone_ns = 20 * MS;
	job = migrate(w, 0, (struct driver_move){0});
	memcpy(id, job->id, sizeof(job->id));
	wait_for_state(w, 0, "finishing");
	kill_host(&w->hosts[0]);
	fake_nf_hang_up(w->hosts[0].fake);
	UNTIL(w, TAILQ_EMPTY(&w->hosts[1].driver->moves));
	assert_string_equal(nf_mode_name(nf_find(w->hosts[1].nfs, "nf-b")), "pass");
	assert_int_equal(nf_find(w->hosts[1].nfs, "nf-b")->session, 0);
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 100);
}

/* And comes back: it must not serve what the target has, nor keep it. */
static void
find_the_source(struct world *w, const char *id)
{
	const struct job *job;

	start_host(&w->hosts[0]);
	register_fake(w, 0);
	connect_hosts(w);
	wait_until_idle(w);
	job = job_find(driver_jobs(w->hosts[0].driver), id);
	assert_non_null(job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_PEER_LOST));
	expect_modes(w, "closed", "pass");
	assert_int_equal(fake_nf_used(w->hosts[0].fake), 0);
	assert_int_equal(fake_nf_used(w->hosts[1].fake), 100);
}

static void
a_target_ends_the_session_when_the_source_stays_away(void **state)
{
	struct world *w = *state;
	char id[20];

	lose_the_source(w, id);
	find_the_source(w, id);
}

/* Nor is it forgotten by a daemon that starts again. */
static void
a_target_remembers_that_it_ended_alone(void **state)
{
	struct world *w = *state;
	struct host *b = &w->hosts[1];
	char id[20];

	lose_the_source(w, id);
	kill_host(b);
	fake_nf_hang_up(b->fake);
	start_host(b);
	register_fake(w, 1);
	find_the_source(w, id);
}

/* Values few and far apart: wide as numbers, and short as what repeats. */
static void
rows_are_compressed_when_wanted(void **state)
{
	struct world *w = *state;
	struct job *plain, *packed;

	for (uint32_t i = 0; i < 500; i++) {
		struct fake_entry entry = {.key = 1000 + i, .value = (uint64_t)(i % 4) << 40};

		fake_slot_put(w->hosts[0].fake, i, (uint8_t)i, &entry);
	}
	plain = migrate(w, 0, (struct driver_move){0});
	wait_for_end(w, plain);
	expect_state(plain, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	packed = migrate(w, 1, (struct driver_move){.compress = true});
	wait_for_end(w, packed);
	expect_state(packed, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(packed->result.digest_target, packed->result.digest_source);
	assert_in_range(packed->result.snapshot_bytes, 1, plain->result.snapshot_bytes * 3 / 4);
}

/* A daemon of before narrow rows, at either end, gets and sends rows as they were, in the trail, too.
 * Killed by: narrow rows to whoever connects; a feature that is not said in Hello. */
static void
a_peer_that_knows_no_narrow_rows_gets_wide_ones(void **state)
{
	struct world *w = *state;
	uint64_t bytes[3];

	for (int i = 0; i < 3; i++) { /* the source does not know, the target does not, both do */
		struct host *to = &w->hosts[1 - i % 2];
		struct job *job;

		w->hosts[0].unknown = i < 2 ? PEER_FEATURE_NARROW : 0;
		restart(w, 0);
		if (i == 0)
			fill(w, 500);
		to->n_wide = to->n_narrow = 0;
		job = migrate(w, i % 2, (struct driver_move){0});
		wait_for_state(w, i % 2, "ended");
		count_packets(w, i % 2, 1005, 100);
		wait_for_end(w, job);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
		assert_int_equal(job->result.digest_target, job->result.digest_source);
		assert_int_equal(fake_nf_used(to->fake), 500);
		assert_int_equal(fake_nf_find(to->fake, 1005)->packets, 5 + 100 * (i + 1));
		assert_int_equal(to->n_narrow != 0, i == 2);
		assert_int_equal(to->n_wide != 0, i != 2);
		bytes[i] = job->result.snapshot_bytes;
	}
	assert_in_range(bytes[0], 500 * 37, 500 * 38);
	assert_int_equal(bytes[1], bytes[0]);
	assert_in_range(bytes[2], 1, bytes[0] / 2);
}

/* Rows come in, no session is known: what an import leaves when the daemon is killed in it. */
static void
leave_in_receive(struct world *w, bool acknowledged)
{
	struct gate_command receive = {.mode = SLIM_GATE_RECEIVE, .session = 77, .nonce = 7};
	struct gate gate;

	gate_init(&gate, nf_find(w->hosts[1].nfs, "nf-b"));
	w->paused[1] = true;
	gate_command(&gate, &receive);
	w->paused[1] = !acknowledged;
	UNTIL(w, !acknowledged || gate_poll(&gate));
}

static void
a_gate_left_in_receive_is_closed(void **state)
{
	struct world *w = *state;
	struct fake_entry entry = {.key = 1};
	struct job *job;

	fake_slot_put(w->hosts[1].fake, 7, 7, &entry);
	for (int acknowledged = 0; acknowledged < 2; acknowledged++) {
		leave_in_receive(w, acknowledged != 0);
		restart(w, 1);
		if (!acknowledged) { /* it is not closed yet, and nobody may have it */
			job = migrate(w, 0, (struct driver_move){.to_nf = "nf-b"});
			UNTIL(w, job->ended_ns != 0);
			assert_true(has_reason(job, REASON_TARGET_BUSY));
		}
		w->paused[1] = false;
		UNTIL(w, nf_find(w->hosts[1].nfs, "nf-b")->session == 0);
		expect_modes(w, "pass", "closed");
		assert_int_equal(fake_nf_command(w->hosts[1].fake).session, 0);
		assert_int_equal(fake_nf_used(w->hosts[1].fake), 1);
	}
	fake_slot_free(w->hosts[1].fake, 7 % 3, 7);
	job = migrate(w, 0, (struct driver_move){.to_nf = "nf-b"});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

/* But not that of a session whose journal is another version's: it is left alone, the gate, too. */
static void
a_gate_of_a_session_that_is_left_alone_stays(void **state)
{
	struct world *w = *state;
	struct gate_command receive = {
		.mode = SLIM_GATE_RECEIVE, .session = FILE_SESSION, .nonce = 7};
	char path[192];
	struct gate gate;

	gate_init(&gate, nf_find(w->hosts[0].nfs, "nf-a"));
	gate_command(&gate, &receive);
	UNTIL(w, gate_poll(&gate));
	write_journal_of(w, JOURNAL_VERSION + 1, JOURNAL_VERSION + 1, STAGE_PREPARE);
	restart(w, 0);
	for (int n = 0; n < 20; n++)
		turn(w);
	assert_int_equal(fake_nf_command(w->hosts[0].fake).mode, SLIM_GATE_RECEIVE);
	name_journal(w, path);
	assert_int_equal(unlink(path), 0);
	restart(w, 0);
	UNTIL(w, fake_nf_command(w->hosts[0].fake).mode == SLIM_GATE_CLOSED);
	UNTIL(w, nf_find(w->hosts[0].nfs, "nf-a")->session == 0);
}

static void
a_bandwidth_limit_is_kept(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 500); /* about 5 kB */
	job = migrate(w, 0, (struct driver_move){.max_bandwidth = 25000});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_in_range(job->result.duration_ns, 100 * MS, 5000 * MS);
}

/* ---- the downtime budget -------------------------------------------------------------------- */

/* 500 new entries a second at the instance that serves. */
static void
turn_with_changes(struct world *w, int from, uint64_t *at_ns, uint32_t *slot)
{
	struct fake_nf *fake = w->hosts[from].fake;

	turn(w);
	if (move_now_ns() < *at_ns || atomic_load(&fake->info->workers[0].mode) != SLIM_GATE_PASS ||
	    *slot == CAPACITY)
		return;
	*at_ns = move_now_ns() + 2 * MS;
	fake_slot_put(fake, *slot, (uint8_t)*slot,
		      &(struct fake_entry){.key = 100000 + *slot, .value = *slot});
	(*slot)++;
}

/* When the hold begins, what is queued below goes through within the budget. */
static void
check_hold_fits(const struct move *m)
{
	size_t most = (size_t)(m->session.limits.max_hold_ns * SLOW_LINK / 1000000000u);

	assert_in_range(peer_conn_below(m->conn), 0, most);
}

static void
watch_budget(struct world *w, struct job *job, int from, uint32_t *slot)
{
	uint64_t at_ns = 0;
	bool held = false;

	while (job->ended_ns == 0) {
		const struct move *m = TAILQ_FIRST(&w->hosts[from].driver->moves);

		turn_with_changes(w, from, &at_ns, slot);
		if (held || job->ended_ns != 0 || m->session.state != SOURCE_HOLDING)
			continue;
		held = true;
		check_hold_fits(m);
	}
	wait_for_end(w, job);
}

/* Whatever the path carries: the hold was within the budget, or the reasons say that it was not. */
static void
a_slow_link_keeps_the_budget_or_says_so(void **state)
{
	struct world *w = *state;
	uint32_t slot = 400;
	int from = 0;

	fill(w, slot);
	for (int i = 0; i < 2; i++)
		w->hosts[i].driver->config.limits.catch_up_ns = 500 * MS;
	for (int i = 0; i < 4; i++) {
		struct job *job = migrate(
			w, from, (struct driver_move){.max_hold_ns = 10 * MS, .compress = i >= 2});

		w->began_ns = move_now_ns(); /* each is a story */
		watch_budget(w, job, from, &slot);
		if (job->state != SLIM__V1__JOB_STATE__JOB_COMPLETE) {
			expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
			assert_true(has_reason(job, REASON_BUDGET));
			continue;
		}
		if (job->result.handover_ns > 10 * MS)
			assert_true(has_reason(job, REASON_BUDGET));
		else
			assert_int_equal(job->n_reasons, 0);
		from = 1 - from;
	}
}

/* The answer to a single byte takes longer than the budget: no packet is ever held. */
static void
a_budget_that_cannot_be_kept_begins_no_hold(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 10);
	w->hosts[0].driver->config.limits.catch_up_ns = 100 * MS;
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "arming");
	/* A preflight would have refused it. */
	TAILQ_FIRST(&w->hosts[0].driver->moves)->session.limits.max_hold_ns = MS;
	slow_link_set_rate(w->links[1], 20000);
	slow_link_set_rate(w->links[0], 20000);
	while (job->ended_ns == 0) {
		turn(w);
		assert_string_not_equal(state_of(w, 0), "holding");
	}
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_BUDGET));
	assert_non_null(strstr(job->reasons[0].text, "the budget is 1.0 ms"));
	expect_undone(w, 10);
}

/* A round trip of 100 ms, which does not vary, in 160 ms.
 * Killed by: half of the budget for the forecast, however much of it is distance. */
static void
a_long_way_fits_a_budget_that_is_longer(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){.max_hold_ns = 160 * MS});
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_true(job->result.handover_ns > 2 * FAR);
}

/* No row is sent for it.
 * Killed by: a budget that is first looked at when all has been copied; the margin left out of what is compared. */
static void
a_budget_below_the_distance_is_refused_beforehand(void **state)
{
	static const uint64_t budgets_ns[] = {60 * MS, 110 * MS};
	struct world *w = *state;

	fill(w, 100);
	for (int i = 0; i < 4; i++) {
		struct job *job = migrate(w, 0,
					  (struct driver_move){.max_hold_ns = budgets_ns[i / 2],
							       .dry_run = i % 2 == 0});

		w->began_ns = move_now_ns(); /* each is a story */
		wait_for_end(w, job);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_REFUSED);
		assert_int_equal(job->n_reasons, 1);
		assert_true(has_reason(job, REASON_BUDGET));
		assert_non_null(strstr(job->reasons[0].text, "a round trip to b of 1"));
		assert_int_equal(job->result.snapshot_bytes, 0);
		expect_undone(w, 100);
	}
}

/* The way got longer after it was looked at. The number that was compared is told, and it is the sum of its parts.
 * Killed by: the forecast without its margin; parts of another moment. */
static void
a_budget_that_is_missed_is_told_in_its_parts(void **state)
{
	double needed, budget, trip, margin;
	unsigned long long bytes, rate;
	struct world *w = *state;
	struct job *job;

	fill(w, 100);
	w->hosts[0].driver->config.limits.catch_up_ns = 300 * MS;
	job = migrate(w, 0, (struct driver_move){.max_hold_ns = 110 * MS});
	wait_for_state(w, 0, "arming");
	slow_link_set_delay(w->links[1], FAR);
	slow_link_set_delay(w->links[0], FAR);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_BUDGET));
	assert_int_equal(sscanf(job->reasons[0].text,
				"the hold needs %lf ms, the budget is %lf ms: a trip of %lf ms, "
				"%llu bytes at %llu bytes/s, and a margin of %lf ms",
				&needed, &budget, &trip, &bytes, &rate, &margin),
			 6);
	assert_true(budget == 110.0 && needed > budget && trip >= 100.0 && margin >= 13.7);
	needed -= trip + (double)bytes * 1e3 / (double)(rate + 1) + margin;
	assert_true(needed > -0.3 && needed < 0.3);
	expect_undone(w, 100);
}

/* A frame takes a hundredth of a second of the path, in rows as they are and not as wide as they could be.
 * Killed by: the widest that a row can be, of which so much are 18. */
static void
a_slow_links_frames_have_as_many_rows_as_fit(void **state)
{
	struct world *w = *state;
	const struct move *m;
	uint32_t most = 0, seen;
	struct job *job;
	uint64_t end;

	fill(w, 1000);
	for (int i = 0; i < 2; i++)
		w->hosts[i].driver->config.allow_faults = true;
	job = migrate(w, 0, (struct driver_move){.fault = SLIM_FAULT_NO_HANDOVER});
	wait_for_state(w, 0, "catching-up");
	m = TAILQ_FIRST(&w->hosts[0].driver->moves);
	UNTIL(w, m->rows_settled_there == m->rows_sent);
	assert_int_not_equal(forecast_rate(&m->forecast), 0);
	seen = m->sent_tail;
	end = m->rows_sent + 1000;
	fill(w, 1000);
	while (m->rows_sent < end) {
		turn(w);
		for (; seen != m->sent_tail; seen++)
			if (m->sent[seen % MOVE_MAX_SENT].rows > most)
				most = m->sent[seen % MOVE_MAX_SENT].rows;
	}
	assert_in_range(most, 50, 200);
	assert_int_equal(cancel(w, 0, job->id), 0);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_CANCELLED);
}

/* Another session's rows, as they would be on the same connection. */
static void
stuff(struct peer_conn *conn, size_t bytes)
{
	static uint8_t junk[1000];
	Slim__Peer__V1__Rows rows = SLIM__PEER__V1__ROWS__INIT;
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;

	rows.columns = (ProtobufCBinaryData){.data = junk, .len = sizeof(junk)};
	for (size_t n = 0; n < bytes; n += sizeof(junk)) {
		frame.session = 999;
		frame.body_case = SLIM__PEER__V1__FRAME__BODY_ROWS;
		frame.rows = &rows;
		assert_int_not_equal(peer_send(conn, &frame), 0);
	}
}

static void
what_comes_between_in_the_hold_undoes_it_before_end(void **state)
{
	struct world *w = *state;
	struct job *job;

	fill(w, 10);
	w->paused[0] = false;
	job = migrate(w, 0, (struct driver_move){.max_hold_ns = 100 * MS});
	wait_for_state(w, 0, "holding");
	stuff(peer_dialled(w->hosts[0].peers, "b"), 50000);
	while (job->ended_ns == 0) {
		assert_string_not_equal(state_of(w, 0), "ended");
		turn(w);
	}
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_ABORTED);
	assert_true(has_reason(job, REASON_BUDGET));
	assert_non_null(strstr(job->reasons[0].text, "END would need"));
	expect_undone(w, 10);
}

static void
a_hold_over_its_budget_is_named(void **state)
{
	struct world *w = *state;
	struct job *job;
	uint64_t until_ns;

	fill(w, 10);
	job = migrate(w, 0, (struct driver_move){.max_hold_ns = 100 * MS});
	wait_for_state(w, 0, "ended");
	/* The target's workers sleep longer than they should. */
	w->paused[1] = true;
	until_ns = move_now_ns() + 120 * MS;
	UNTIL(w, move_now_ns() > until_ns);
	w->paused[1] = false;
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_true(job->result.handover_ns > 100 * MS);
	assert_int_equal(job->n_reasons, 1);
	assert_true(has_reason(job, REASON_BUDGET));
	assert_non_null(strstr(job->reasons[0].text, "the budget was 100.0 ms"));
}

/* The phase and what it waited for; and a loss does not hide the cause. */
static void
a_result_names_phase_and_causes(void **state)
{
	struct world *w = *state;
	struct slim_shm_counters *counters = &w->hosts[0].fake->info->workers[0].counters;
	struct job *job;

	fill(w, 5);
	w->hosts[0].fake->stuck = true;
	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 0, "undoing");
	w->hosts[0].fake->stuck = false;
	wait_for_end(w, job);
	assert_non_null(strstr(job->reasons[0].text, "phase prepare (arming)"));
	assert_non_null(strstr(job->reasons[0].text, "the NF's workers"));

	job = migrate(w, 0, (struct driver_move){0});
	wait_for_state(w, 1, "receiving");
	atomic_fetch_add(&counters->hold_overflow, 3);
	restart(w, 1);
	wait_for_end(w, job);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_FAILED);
	assert_true(has_reason(job, REASON_PEER_LOST));
	assert_true(has_reason(job, REASON_HOLD_OVERFLOW));
}

/* ---- jobs ---------------------------------------------------------------------------------- */

static void
a_finished_job_is_known_after_a_restart(void **state)
{
	struct world *w = *state;
	struct job before;
	const struct job *job;

	fill(w, 100);
	job = migrate(w, 0, (struct driver_move){.key = "k", .max_hold_ns = 400 * MS});
	wait_for_end(w, job);
	wait_until_idle(w);
	before = *job;
	restart(w, 0);
	job = job_find(driver_jobs(w->hosts[0].driver), before.id);
	assert_non_null(job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(job->result.entries, 100);
	assert_int_equal(job->result.handover_ns, before.result.handover_ns);
	assert_int_equal(job->result.digest_proof, before.result.digest_proof);
	assert_int_equal(job->result.n_timeline, before.result.n_timeline);
	assert_int_equal(job->n_phases, before.n_phases);
	assert_string_equal(job->phases[1].name, before.phases[1].name);
	assert_int_equal(job->ended_ns - job->started_ns, before.ended_ns - before.started_ns);
	/* And its key still says that it was done. */
	assert_ptr_equal(migrate(w, 0, (struct driver_move){.key = "k", .max_hold_ns = 400 * MS}),
			 job);
	assert_non_null(driver_other_job(
		w->hosts[0].driver,
		&(struct driver_move){.nf = "nf-a", .to_host = "b", .to_nf = "", .key = "k"}));
}

static void
a_refused_job_is_known_after_a_restart(void **state)
{
	struct world *w = *state;
	struct job *job = migrate(w, 0, (struct driver_move){.nf = "nobody"});
	char id[sizeof(job->id)], text[SLIM_REASON_SIZE];

	memcpy(id, job->id, sizeof(id));
	memcpy(text, job->reasons[0].text, sizeof(text));
	restart(w, 0);
	job = job_find(driver_jobs(w->hosts[0].driver), id);
	assert_non_null(job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_REFUSED);
	assert_string_equal(job->reasons[0].text, text);
}

/* A file that is torn costs its job, not the start; and only so many are kept. */
static void
kept_jobs_are_bounded_and_checked(void **state)
{
	struct world *w = *state;
	char first[sizeof(((struct job *)NULL)->id)], path[512];
	FILE *f;

	memcpy(first, migrate(w, 0, (struct driver_move){.nf = "nobody"})->id, sizeof(first));
	for (unsigned i = 0; i < JOB_KEEP; i++)
		migrate(w, 0, (struct driver_move){.nf = "nobody"});
	snprintf(path, sizeof(path), "%s/job-0000000000000001-0000000000000001.ended",
		 w->hosts[0].state);
	f = fopen(path, "w");
	fputs("torn", f);
	fclose(f);
	restart(w, 0);
	assert_int_equal(driver_jobs(w->hosts[0].driver)->n, JOB_KEEP);
	assert_null(job_find(driver_jobs(w->hosts[0].driver), first));
}

/* A key stands for one request. A dry run's job is not the job of the move. */
static void
a_key_with_other_arguments_is_refused(void **state)
{
	struct world *w = *state;
	struct driver_move move = {.nf = "nf-a", .to_host = "b", .to_nf = "", .key = "k"};
	struct job *job, *other;

	fill(w, 10);
	job = migrate(w, 0, (struct driver_move){.key = "k", .dry_run = true});
	wait_for_end(w, job);
	assert_ptr_equal(driver_other_job(w->hosts[0].driver, &move), job);
	other = driver_migrate(w->hosts[0].driver, &move);
	assert_ptr_not_equal(other, job);
	expect_state(other, SLIM__V1__JOB_STATE__JOB_REFUSED);
	assert_true(has_reason(other, REASON_OTHER_JOB));
	expect_undone(w, 10);
	move.dry_run = true;
	assert_null(driver_other_job(w->hosts[0].driver, &move));
	assert_ptr_equal(driver_migrate(w->hosts[0].driver, &move), job);
}

static void
values_out_of_bounds_are_refused(void **state)
{
	struct world *w = *state;

	expect_refusal(w, (struct driver_move){.max_hold_ns = 1}, REASON_BAD_REQUEST);
	expect_refusal(w, (struct driver_move){.max_hold_ns = UINT64_MAX}, REASON_BAD_REQUEST);
	expect_refusal(w, (struct driver_move){.timeout_ns = 1}, REASON_BAD_REQUEST);
	expect_refusal(w, (struct driver_move){.timeout_ns = UINT64_MAX}, REASON_BAD_REQUEST);
	expect_refusal(w, (struct driver_move){.max_bandwidth = UINT64_MAX}, REASON_BAD_REQUEST);
	expect_refusal(w, (struct driver_move){.to_nf = "a/../b"}, REASON_BAD_REQUEST);
}

/* Of the source, of the target; the dry run's are the real move's. */
static void
all_reasons_come_at_once(void **state)
{
	static const uint32_t codes[] = {REASON_SOURCE_STANDBY, REASON_IDENTITY,
					 REASON_TARGET_ACTIVE, REASON_PORTS};
	struct world *w = *state;
	struct host *a = &w->hosts[0];

	replace_target(w, true, CAPACITY, "other");
	fake_nf_destroy(a->fake);
	a->fake = NULL;
	UNTIL(w, nf_find(a->nfs, "nf-a") == NULL);
	a->fake = fake_nf_create("nf-a", false, 2, 2, CAPACITY);
	a->fake->info->ports[1].mac[5] ^= 0xff;
	register_fake(w, 0);
	for (int dry_run = 0; dry_run < 2; dry_run++) {
		struct job *job = migrate(
			w, 0, (struct driver_move){.to_nf = "nf-b", .dry_run = dry_run != 0});

		wait_for_end(w, job);
		expect_state(job, SLIM__V1__JOB_STATE__JOB_REFUSED);
		assert_int_equal(job->n_reasons, 4);
		for (size_t i = 0; i < 4; i++)
			assert_true(has_reason(job, codes[i]));
		for (size_t i = 0; i < 4; i++)
			if (job->reasons[i].code == REASON_PORTS)
				assert_non_null(strstr(job->reasons[i].text, "MAC address "));
	}
	expect_modes(w, "closed", "pass");
}

/* ---- the controller's reasons ----------------------------------------------------------------- */

/* A controller whose answers the story gives. */
static struct controller_start asked;
static char asked_target[SLIM_NAME_SIZE];

static int
note_call(struct outside *outside, const struct controller_start *start)
{
	(void)outside;
	asked = *start;
	if (strcmp(start->method, "Check") == 0)
		snprintf(asked_target, sizeof(asked_target), "%s",
			 ((const Slim__V1__CheckRequest *)(const void *)start->request)->target);
	return 0;
}

static void
note_hang_up(struct outside *outside)
{
	(void)outside;
}

static void
on_steered(void *ctx, uint64_t session, enum controller_verb verb,
	   const struct controller_answer *answer)
{
	driver_steered(((struct host *)ctx)->driver, session, verb, answer);
}

static struct controller *
add_controller(struct host *h)
{
	static const struct controller_ops ops = {.start = note_call, .hang_up = note_hang_up};
	static struct outside outside = {.controller = &ops};
	struct controller *controller;

	asked.method = NULL;
	assert_int_equal(controller_create(&outside, on_steered, h, &controller), 0);
	h->driver->config.controller = controller;
	h->driver->config.steering_none = false;
	return controller;
}

static void
answer_check(uint32_t status, size_t n)
{
	Slim__V1__CheckReply reply = SLIM__V1__CHECK_REPLY__INIT;
	Slim__V1__Reason reasons[2], *ptrs[2];
	struct rpc_status answer = {.code = (enum rpc_code)status};

	for (size_t i = 0; i < n; i++) {
		slim__v1__reason__init(&reasons[i]);
		reasons[i].code = i == 0 ? SLIM__V1__REASON_CODE__REASON_UNKNOWN_INSTANCE
					 : SLIM__V1__REASON_CODE__REASON_BRIDGE_DOWN;
		reasons[i].text = (char *)(uintptr_t)(i == 0 ? "no such instance" : "no bridge");
		ptrs[i] = &reasons[i];
	}
	reply.n_reasons = n;
	reply.reasons = ptrs;
	asked.on_done(asked.ctx, &answer, status == RPC_OK ? &reply.base : NULL);
}

static struct job *
ask_and_answer(struct world *w, struct driver_move move, uint32_t status, size_t n)
{
	struct job *job = migrate(w, 0, move);

	asked.method = NULL;
	UNTIL(w, asked.method != NULL);
	assert_string_equal(asked.method, "Check");
	answer_check(status, n);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_REFUSED);
	return job;
}

/* Of all three, in a dry run and in the real move; and who is slow is not called gone. */
static void
the_controllers_reasons_come_with_the_others(void **state)
{
	struct world *w = *state;
	struct fake_entry entry = {.key = 1};
	struct controller *controller = add_controller(&w->hosts[0]);
	struct job *job;

	fill(w, 10);
	for (int dry_run = 0; dry_run < 2; dry_run++) {
		job = ask_and_answer(w, (struct driver_move){.dry_run = dry_run != 0}, RPC_OK, 2);
		assert_string_equal(asked_target, "nf-b");
		assert_int_equal(job->n_reasons, 2);
		assert_true(has_reason(job, REASON_UNKNOWN_INSTANCE));
		assert_true(has_reason(job, REASON_BRIDGE_DOWN));
	}
	fake_slot_put(w->hosts[1].fake, 7, 7, &entry);
	for (int dry_run = 0; dry_run < 2; dry_run++) {
		job = ask_and_answer(w,
				     (struct driver_move){.to_nf = "nf-b", .dry_run = dry_run != 0},
				     RPC_OK, 2);
		assert_int_equal(job->n_reasons, 3);
		assert_true(has_reason(job, REASON_TARGET_NOT_EMPTY));
		assert_true(has_reason(job, REASON_BRIDGE_DOWN));
	}
	/* The target has reasons, the controller has none. */
	job = ask_and_answer(w, (struct driver_move){0}, RPC_OK, 0);
	assert_int_equal(job->n_reasons, 1);
	job = ask_and_answer(w, (struct driver_move){0}, RPC_DEADLINE_EXCEEDED, 0);
	assert_true(has_reason(job, REASON_STEERING_SLOW));
	assert_false(has_reason(job, REASON_STEERING_UNREACHABLE));
	job = ask_and_answer(w, (struct driver_move){0}, RPC_UNAVAILABLE, 0);
	assert_true(has_reason(job, REASON_STEERING_UNREACHABLE));
	expect_modes(w, "pass", "closed");
	wait_until_idle(w);
	w->hosts[0].driver->config.controller = NULL;
	controller_destroy(controller);
}

/* ---- whose turn it is ----------------------------------------------------------------------- */

#define MANY 100000u

/* A second NF on each host, and a table of it that takes a while. */
static struct job *
begin_long_copy(struct world *w)
{
	static const char *const names[] = {"nf-c", "nf-d"};
	struct fake_entry entry = {0};
	struct job *job;

	for (int i = 0; i < 2; i++)
		w->hosts[i].driver->config.limits.preflight_ns = 10000 * MS;
	for (int i = 0; i < 2; i++) {
		struct host *h = &w->hosts[i];

		h->second = fake_nf_create(names[i], i == 0, 1, 1, MANY);
		assert_int_equal(fake_nf_hello(h->second, h->socket), 0);
		UNTIL(w, nf_find(h->nfs, names[i]) != NULL);
	}
	for (uint32_t slot = 0; slot < MANY; slot++) {
		entry.key = slot + 1;
		/* Numbers of all widths: rows that are as wide as they can be. */
		entry.value = entry.packets = entry.key * UINT64_C(0x9e3779b97f4a7c15);
		fake_slot_put(w->hosts[0].second, slot, 0, &entry);
	}
	w->began_ns = move_now_ns();
	job = migrate(w, 0, (struct driver_move){.nf = "nf-c", .to_nf = "nf-d"});
	return job;
}

static struct move *
move_of(struct world *w, int i, const char *nf)
{
	struct move *m;

	TAILQ_FOREACH(m, &w->hosts[i].driver->moves, link)
		if (strcmp(m->nf_name, nf) == 0)
			return m;
	return NULL;
}

/* Two sessions, of which the second, with a large table, copies when this returns. */
static struct job *
begin_beside_a_copy(struct world *w, struct job **ret_other)
{
	*ret_other = begin_long_copy(w);
	fill(w, 300);
	UNTIL(w, move_of(w, 1, "nf-d") != NULL && move_of(w, 1, "nf-d")->rows_put > 1000);
	return migrate(w, 0, (struct driver_move){.to_nf = "nf-b"});
}

/* Narrow rows are as much work for the target as wide ones: in a round of a session that shares the loop, and on their way.
 * Killed by: octets alone counted, in either. */
static void
rows_count_however_narrow(void **state)
{
	struct world *w = *state;
	struct job *other, *job = begin_beside_a_copy(w, &other);
	struct move *busy = move_of(w, 0, "nf-c");
	uint64_t sent, most = 0;

	UNTIL(w, w->hosts[0].driver->n_moves == 2);
	for (int n = 0; n < 20; n++) {
		sent = busy->rows_sent;
		turn(w);
		if (busy->rows_sent - sent > most)
			most = busy->rows_sent - sent;
	}
	assert_in_range(most, 1, SLIM_ROUND_ROWS / 8 + SLIM_BATCH_ROWS);
	assert_int_equal(other->ended_ns, 0);
	busy->in_flight_rows += SLIM_WINDOW_ROWS;
	sent = busy->rows_sent;
	for (int n = 0; n < 30; n++)
		turn(w);
	assert_int_equal(busy->rows_sent, sent);
	busy->in_flight_rows -= SLIM_WINDOW_ROWS;
	UNTIL(w, job->ended_ns != 0 && other->ended_ns != 0);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_state(other, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

/* From the hold on to TAKEN the other session sends, reads and installs nothing. */
static void
a_hold_goes_before_the_copy_of_others(void **state)
{
	struct world *w = *state;
	struct job *other, *job = begin_beside_a_copy(w, &other);
	struct move *source = move_of(w, 0, "nf-a"), *busy = move_of(w, 0, "nf-c");
	struct move *busy_there = move_of(w, 1, "nf-d");
	uint64_t sent, put, n_turns = 0;

	UNTIL(w, source->session.state == SOURCE_HOLDING);
	assert_int_equal(busy->session.state, SOURCE_COPYING);
	sent = busy->rows_sent;
	UNTIL(w, move_is_urgent(move_of(w, 1, "nf-b")) || source->session.state > SOURCE_ENDED);
	put = busy_there->rows_put;
	while (source->session.state <= SOURCE_ENDED && move_is_urgent(source)) {
		assert_int_equal(busy->rows_sent, sent);
		if (move_is_urgent(move_of(w, 1, "nf-b")))
			assert_int_equal(busy_there->rows_put, put);
		turn(w);
		n_turns++;
	}
	assert_in_range(n_turns, 1, UINT64_MAX);
	UNTIL(w, job->ended_ns != 0 && other->ended_ns != 0);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_state(other, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

/* Who has caught up has the path for itself, and leaves it when it has handed over. */
static void
the_path_is_of_who_has_caught_up(void **state)
{
	struct world *w = *state;
	struct driver *driver = w->hosts[0].driver;
	struct job *other, *job = begin_beside_a_copy(w, &other);
	uint64_t sent, session = move_of(w, 0, "nf-a")->session.id, n_turns = 0;

	UNTIL(w, driver->path_session == session || other->ended_ns != 0);
	assert_int_equal(other->ended_ns, 0);
	assert_true(move_of(w, 0, "nf-c")->in_flight_bytes > 0);
	sent = move_of(w, 0, "nf-c")->rows_sent;
	for (; driver->path_session == session && driver->now_ns < driver->path_until_ns;
	     n_turns++) {
		assert_int_equal(move_of(w, 0, "nf-c")->rows_sent, sent);
		if (move_of(w, 0, "nf-a")->session.state == SOURCE_HOLDING)
			assert_int_equal(move_of(w, 0, "nf-c")->in_flight_bytes, 0);
		turn(w);
	}
	assert_in_range(n_turns, 1, UINT64_MAX);
	assert_int_equal(driver->path_session, 0);
	assert_true(driver->path_again_ns <= driver->now_ns);
	UNTIL(w, job->ended_ns != 0 && other->ended_ns != 0);
	wait_until_idle(w);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	expect_state(other, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

/* A target that answers nobody else does not keep the hold from beginning. */
static void
what_is_not_answered_is_not_waited_for_long(void **state)
{
	struct world *w = *state;
	struct driver *driver = w->hosts[0].driver;
	struct job *other, *job = begin_beside_a_copy(w, &other);
	struct move *source = move_of(w, 0, "nf-a"), *busy = move_of(w, 0, "nf-c");

	busy->in_flight_bytes++;
	UNTIL(w, source->session.state == SOURCE_HOLDING);
	assert_int_equal(driver->path_session, source->session.id);
	assert_in_range(driver->path_until_ns - driver->now_ns, 1, 50 * MS);
	busy->in_flight_bytes--;
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	UNTIL(w, other->ended_ns != 0);
	wait_until_idle(w);
	expect_state(other, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

/* A third has got the path, and a row has changed at the last moment. */
static void
a_hold_is_not_kept_from_the_path(void **state)
{
	struct world *w = *state;
	struct driver *driver = w->hosts[0].driver;
	struct job *other, *job = begin_beside_a_copy(w, &other);
	struct move *source = move_of(w, 0, "nf-a");
	struct fake_entry entry = {.key = 7, .value = 8};

	UNTIL(w, source->session.state == SOURCE_CATCHING_UP);
	w->paused[0] = true;
	UNTIL(w, source->session.state == SOURCE_HOLDING);
	fake_slot_put(w->hosts[0].fake, 7, 7, &entry);
	w->paused[0] = false;
	driver->path_session = source->session.id ^ 1u;
	driver->path_until_ns = driver->path_again_ns = driver->now_ns + 60000 * MS;
	UNTIL(w, source->session.state > SOURCE_ENDED);
	driver->path_session = 0;
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(other->ended_ns, 0);
	UNTIL(w, other->ended_ns != 0);
	wait_until_idle(w);
	expect_state(other, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

static uint64_t
awake_until(const struct world *w, int host)
{
	return atomic_load(&w->hosts[host].fake->control->gate.awake_until_ns);
}

/* The word goes out before packets wait: the hold begins when nothing is left to be sent, and with a worker that
 * does not sleep. Killed by: the hold begun with the first look. */
static void
a_hold_is_announced_before_it_begins(void **state)
{
	struct world *w = *state;
	struct host *h = &w->hosts[0];
	struct job *job;

	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){.max_hold_ns = 8 * MS});
	UNTIL(w, awake_until(w, 0) != 0 || job->ended_ns != 0);
	assert_int_equal(job->ended_ns, 0);
	assert_int_equal(gate_commanded_mode(nf_find(h->nfs, h->fake->info->name)), SLIM_GATE_PASS);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(awake_until(w, 0), 0);
	assert_int_equal(awake_until(w, 1), 0);
}

/* The target is told, and keeps its workers awake, no longer than the hold may last. */
static void
the_target_is_awake_when_end_comes(void **state)
{
	struct world *w = *state;
	struct job *job;
	uint64_t until_ns;

	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){.max_hold_ns = 8 * MS});
	wait_for_state(w, 0, "catching-up");
	assert_int_equal(awake_until(w, 1), 0);
	until_ns = move_now_ns() + 8 * MS;
	UNTIL(w, awake_until(w, 1) != 0 || job->ended_ns != 0);
	assert_in_range(awake_until(w, 1), until_ns, move_now_ns() + 8 * MS);
	wait_for_end(w, job);
	expect_state(job, SLIM__V1__JOB_STATE__JOB_COMPLETE);
}

/* Who cannot hand over does not keep the others from copying. */
static void
a_session_that_cannot_hand_over_does_not_starve_others(void **state)
{
	struct world *w = *state;
	uint64_t until_ns = 0;
	unsigned n_claims = 0;
	struct job *job, *other;

	w->hosts[0].driver->config.limits.catch_up_ns = 60000 * MS;
	fill(w, 300);
	job = migrate(w, 0, (struct driver_move){.to_nf = "nf-b"});
	wait_for_state(w, 0, "arming");
	move_of(w, 0, "nf-a")->session.limits.max_hold_ns = 1000; /* a microsecond: no trip fits */
	wait_for_state(w, 0, "catching-up");
	other = begin_long_copy(w);
	while (other->ended_ns == 0) {
		const struct driver *driver = w->hosts[0].driver;

		turn(w);
		if (driver->path_session != move_of(w, 0, "nf-a")->session.id)
			continue;
		n_claims += driver->path_until_ns != until_ns;
		until_ns = driver->path_until_ns;
		assert_true(driver->path_again_ns > until_ns);
	}
	assert_true(n_claims > 0);
	expect_state(other, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_int_equal(job->ended_ns, 0);
	assert_int_equal(cancel(w, 0, job->id), 0);
	wait_for_end(w, job);
	wait_until_idle(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_SLOW(name) cmocka_unit_test_setup_teardown(name, setup_slow, teardown)
#define TEST_FAR(name) cmocka_unit_test_setup_teardown(name, setup_far, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_table_moves_and_comes_back),
		TEST(an_empty_table_moves_too),
		TEST(changes_during_the_copy_arrive),
		TEST(counters_are_summed_once),
		TEST(a_dry_run_touches_nothing),
		TEST(what_does_not_fit_is_refused),
		TEST(instances_that_differ_are_refused_with_all_reasons),
		TEST(a_table_with_fewer_slots_takes_what_fits),
		TEST(entries_that_do_not_fit_are_refused),
		TEST(a_full_table_fits_one_like_it),
		TEST(a_table_that_grows_too_large_is_not_moved),
		TEST(one_session_at_a_time),
		TEST(a_wrong_row_at_the_target_undoes_the_move),
		TEST(a_missed_change_undoes_the_move),
		TEST(a_move_can_be_cancelled),
		TEST(a_move_without_hand_over_sends_changes_until_it_is_cancelled),
		TEST(workers_that_do_not_answer_are_named),
		TEST(a_lost_target_nf_undoes_the_move),
		TEST(a_lost_source_nf_fails_the_move),
		TEST(a_peer_that_is_not_there_is_a_refusal),
		TEST(rows_without_content_are_bounded),
		TEST(a_restarted_source_undoes_a_copy),
		TEST(sums_survive_a_restart_of_the_source),
		TEST(a_trail_that_is_sent_again_counts_once),
		TEST(sums_survive_a_restart_of_the_target),
		TEST(sums_that_are_lost_are_reported),
		TEST(sums_of_forgotten_sessions_are_removed),
		TEST(a_source_restarted_before_its_first_acknowledgement_is_not_lost),
		TEST(a_source_restarted_after_its_last_command_is_not_lost),
		TEST(losses_are_counted_across_a_restart),
		TEST(what_the_targets_devices_lost_is_in_the_verdict),
		TEST(an_order_that_is_not_proven_is_in_the_verdict),
		TEST(a_target_that_stood_still_is_in_the_verdict),
		TEST(a_source_that_stood_still_is_in_the_verdict),
		TEST(a_session_is_listed_at_its_target_and_can_be_cancelled),
		TEST(a_cancel_after_the_handover_says_what_can_be_done),
		TEST(force_takes_back_from_a_dead_host),
		TEST(the_target_hears_at_once_that_the_source_nf_is_dead),
		TEST(a_target_nf_that_dies_as_owner_fails_the_move_and_says_what_is_lost),
		TEST(frames_out_of_turn_are_counted),
		TEST(begin_said_twice_ends_the_move),
		TEST(a_trail_is_of_one_connection),
		TEST(a_bad_row_in_the_trail_does_not_stop_it),
		TEST(a_flood_of_frames_ends_the_connection),
		TEST(a_target_that_lost_its_journal_still_owns),
		TEST(a_journal_that_begins_late_does_not_change_the_command),
		TEST(a_gate_is_closed_before_its_hold_word_is_set_back),
		TEST(an_nf_that_comes_back_late_is_taken_up),
		TEST(what_the_source_lost_survives_its_daemon),
		TEST(what_the_target_lost_survives_its_daemon),
		TEST(what_the_target_lost_survives_its_journal),
		TEST(an_answer_that_got_lost_is_given_again),
		TEST(an_account_that_got_lost_is_given_again),
		TEST(a_target_that_cannot_tell_what_it_lost_says_so),
		TEST(a_path_is_quiet_after_its_last_round),
		TEST(a_path_with_a_straggler_is_not_quiet),
		TEST(a_round_that_was_given_up_proves_no_quiet),
		TEST(a_replaced_connection_is_a_lost_one),
		TEST(a_target_that_waits_for_a_session_that_is_over_is_told),
		TEST(a_target_taken_up_late_calls_its_source),
		TEST(nobody_else_is_told_that_it_is_through),
		TEST(a_failed_verdict_survives_its_daemon),
		TEST(a_failed_verdict_survives_its_journal),
		TEST(a_target_that_lost_its_journal_before_it_took_over_owns_nothing),
		TEST(a_source_that_lost_its_journal_in_the_hold_resumes),
		TEST(a_full_disk_before_end_undoes_the_move),
		TEST(a_disk_full_after_end_makes_no_second_owner),
		TEST(journals_of_the_next_and_the_last_version_are_read),
		TEST(journals_that_are_not_understood_are_left_alone),
		TEST(journals_without_a_whole_record_are_removed),
		TEST(a_source_that_lost_its_nf_too_asks_the_target),
		TEST(the_handover_waits_for_a_slow_target),
		TEST(a_restarted_source_finishes_what_is_taken),
		TEST(a_restarted_target_discards_a_copy),
		TEST(a_restarted_target_goes_on_as_owner),
		TEST(a_process_of_the_same_name_is_not_the_same_nf),
		TEST(a_target_ends_the_session_when_the_source_stays_away),
		TEST(a_target_remembers_that_it_ended_alone),
		TEST(rows_are_compressed_when_wanted),
		TEST(a_peer_that_knows_no_narrow_rows_gets_wide_ones),
		TEST(a_gate_left_in_receive_is_closed),
		TEST(a_gate_of_a_session_that_is_left_alone_stays),
		TEST(a_bandwidth_limit_is_kept),
		TEST_SLOW(a_slow_link_keeps_the_budget_or_says_so),
		TEST_SLOW(a_budget_that_cannot_be_kept_begins_no_hold),
		TEST_FAR(a_long_way_fits_a_budget_that_is_longer),
		TEST_FAR(a_budget_below_the_distance_is_refused_beforehand),
		TEST_SLOW(a_budget_that_is_missed_is_told_in_its_parts),
		TEST_SLOW(a_slow_links_frames_have_as_many_rows_as_fit),
		TEST_SLOW(what_comes_between_in_the_hold_undoes_it_before_end),
		TEST(a_hold_over_its_budget_is_named),
		TEST(a_result_names_phase_and_causes),
		TEST(a_finished_job_is_known_after_a_restart),
		TEST(a_refused_job_is_known_after_a_restart),
		TEST(kept_jobs_are_bounded_and_checked),
		TEST(a_key_with_other_arguments_is_refused),
		TEST(values_out_of_bounds_are_refused),
		TEST(all_reasons_come_at_once),
		TEST(the_controllers_reasons_come_with_the_others),
		TEST(rows_count_however_narrow),
		TEST(a_hold_goes_before_the_copy_of_others),
		TEST(the_path_is_of_who_has_caught_up),
		TEST(a_hold_is_not_kept_from_the_path),
		TEST(what_is_not_answered_is_not_waited_for_long),
		TEST(a_hold_is_announced_before_it_begins),
		TEST(the_target_is_awake_when_end_comes),
		TEST(a_session_that_cannot_hand_over_does_not_starve_others),
	};

	return cmocka_run_group_tests_name("move", tests, make_folder, remove_folder);
}
