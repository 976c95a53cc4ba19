/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim-nat's commands over a real control socket, on a NAT with mappings. Workers and main loop take turns
 * in one thread, but for the last test.
 */
#include "commands.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <netinet/in.h>

#include "config_show.h"
#include "control.h"
#include "harness_test.h"

#define TEXT_SIZE (4u << 20)
#define MAX_TURNS 100000u
#define N_SUBSCRIBERS 40u
#define SESSIONS_EACH 3u /* one of each protocol */
#define N_THREADS 2u

static struct harness h;
static struct nf_running running;
static struct nf_control *control;
static char folder[] = "/tmp/slim-nat-commands-XXXXXX";
static char path[64];
static char text[TEXT_SIZE];
static int client;

/* ---- a NAT with a control socket ---------------------------------------------------------------- */

static void
open_control(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct nf_control_config config = {
		.path = path,
		.commands = nat_commands,
		.nf = h.nat,
		.running = &running,
		.n_workers = h.config.n_workers,
		.workspace_size = sizeof(union nat_workspace),
	};

	running = (struct nf_running){
		.workers = h.nf,
		.n_workers = h.config.n_workers,
		.n_counters = NAT_N_COUNTERS,
		.counters = nat_counter_names,
	};
	for (uint16_t w = 0; w < config.n_workers; w++)
		config.mailboxes[w] = h.nf[w].mailbox;
	assert_int_equal(nf_control_open(&config, &control), 0);
	client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	strcpy(address.sun_path, path);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
}

static int
open_nat(uint16_t n_workers, bool active)
{
	struct nat_config config;

	harness_defaults(&config);
	config.n_workers = n_workers;
	harness_open(&h, &config, active);
	open_control();
	return 0;
}

static int
open_static(void **state)
{
	struct nat_config config;

	(void)state;
	harness_defaults(&config);
	config.statics[0] = (struct nat_static){
		.inside_address = rte_cpu_to_be_32(SUBSCRIBER),
		.inside_port = RTE_BE16(80),
		.outside_address = RTE_BE32(IP(198, 51, 100, 1)),
		.outside_port = RTE_BE16(0x4407),
		.protocol = IPPROTO_UDP,
	};
	config.n_statics = 1;
	harness_open(&h, &config, true);
	open_control();
	harness_wait(&h, 1);
	return 0;
}

static int
open_one(void **state)
{
	(void)state;
	return open_nat(1, true);
}

static int
open_two(void **state)
{
	(void)state;
	return open_nat(N_THREADS, true);
}

static int
open_three(void **state)
{
	(void)state;
	return open_nat(3, true);
}

static int
open_standby(void **state)
{
	(void)state;
	return open_nat(2, false);
}

static int
close_nat(void **state)
{
	(void)state;
	close(client);
	nf_control_close(control);
	harness_check(&h);
	harness_close(&h);
	return 0;
}

/* Of a round: command, jobs. */
static void
do_round(struct nf_worker *w)
{
	w->serves = (slim_worker_poll(w->agent) & SLIM_POLL_SERVES) != 0;
	nf_worker_do_jobs(w);
}

static void
do_jobs(void)
{
	for (uint16_t w = 0; w < h.config.n_workers; w++)
		do_round(&h.nf[w]);
}

static bool
is_answered(const char *answer, size_t size)
{
	const char *end = size > 0 && answer[size - 1] == '\n' ? answer + size - 1 : NULL;

	while (end != NULL && end > answer && end[-1] != '\n')
		end--;
	return end != NULL && strncmp(end, "end ", 4) == 0;
}

/* Asks, and returns the whole answer. */
static const char *
ask(const char *line)
{
	size_t size = 0;

	assert_int_equal(send(client, line, strlen(line), 0), strlen(line));
	for (uint32_t turn = 0; !is_answered(text, size); turn++) {
		ssize_t n = recv(client, text + size, TEXT_SIZE - 1 - size, 0);

		assert_true(turn < MAX_TURNS && n != 0);
		size += n > 0 ? (size_t)n : 0;
		nf_control_poll(control, h.now_ns);
		do_jobs();
	}
	text[size] = '\0';
	return text;
}

/* Rows of the last answer that hold `part`. */
static uint32_t
rows_with(const char *part)
{
	uint32_t n = 0;

	for (const char *line = text; *line == '{'; line = strchr(line, '\n') + 1) {
		const char *found = strstr(line, part);

		n += found != NULL && found < strchr(line, '\n');
	}
	return n;
}

static struct harness_packet
packet_of(uint32_t subscriber, uint8_t protocol)
{
	return (struct harness_packet){
		.side = NAT_INSIDE,
		.protocol = protocol,
		.src = IP(100, 65, subscriber / 100, subscriber % 100),
		.src_port = 5000,
		.dst = SERVER,
		.dst_port = 53,
		.tcp_flags = protocol == IPPROTO_TCP ? 2 : 0,
		.icmp_type = 8,
		.payload = 20,
	};
}

static void
make_sessions(void)
{
	static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP, IPPROTO_ICMP};

	for (uint32_t s = 0; s < N_SUBSCRIBERS; s++)
		for (uint32_t p = 0; p < SESSIONS_EACH; p++) {
			struct harness_packet packet = packet_of(s, protocols[p]);

			harness_pass(&h, &packet, NAT_OUTSIDE);
		}
}

/* ---- show ------------------------------------------------------------------------------------------- */

/* Killed by: a slot that is left out or shown twice, a filter that does nothing. */
static void
sessions_are_shown_and_picked(void **state)
{
	const struct nat_session *s;
	char line[128], row[256];

	(void)state;
	make_sessions();
	assert_non_null(strstr(ask("show sessions\n"), "end ok 120\n"));
	assert_int_equal(rows_with("\"protocol\":\"tcp\""), N_SUBSCRIBERS);
	assert_int_equal(rows_with("\"state\":\"opening\""), N_SUBSCRIBERS);
	assert_int_equal(rows_with("\"packets_out\":1,\"bytes_out\":48,"), 2 * N_SUBSCRIBERS);
	assert_non_null(strstr(ask("show sessions inside 100.65.0.7\n"), "end ok 3\n"));
	assert_int_equal(rows_with("\"inside\":\"100.65.0.7:5000\""), 3);
	assert_non_null(strstr(ask("show sessions protocol icmp limit 7\n"), "end ok 7\n"));
	assert_int_equal(rows_with("\"protocol\":\"icmp\""), 7);
	assert_non_null(strstr(ask("show sessions limit 0\n"), "end ok 0\n"));
	ask("show sessions outside 198.51.100.0\n");
	assert_int_equal(rows_with("\"outside\":\"198.51.100.0:"), rows_with(""));
	s = harness_session(&h, IP(100, 65, 0, 7), 5000, IPPROTO_UDP);
	snprintf(line, sizeof(line), "show sessions outside 198.51.100.%u:%u protocol udp\n",
		 rte_be_to_cpu_32(s->outside_address) & 0xff, rte_be_to_cpu_16(s->outside_port));
	snprintf(row, sizeof(row),
		 "{\"protocol\":\"udp\",\"inside\":\"100.65.0.7:5000\",\"outside\":"
		 "\"198.51.100.%u:%u\",\"state\":\"\",\"idle_s\":0,\"packets_out\":1,"
		 "\"bytes_out\":48,\"packets_in\":0,\"bytes_in\":0}\nend ok 1\n",
		 rte_be_to_cpu_32(s->outside_address) & 0xff, rte_be_to_cpu_16(s->outside_port));
	assert_string_equal(ask(line), row);
}

/* Killed by: a slot read without its sequence. */
static void
a_slot_that_is_being_written_is_left_out(void **state)
{
	struct harness_packet packet = packet_of(1, IPPROTO_UDP);
	struct slim_table *table = h.nat->sessions.shares.table;
	uint32_t slot = 0;

	(void)state;
	harness_pass(&h, &packet, NAT_OUTSIDE);
	while (((const struct slim_slot_head *)slim_slot(table, slot) - 1)->used == 0)
		slot++;
	slim_slot_begin(h.nf[0].agent, table, slot);
	assert_string_equal(ask("show sessions\n"), "end ok 0\n");
	slim_slot_end(h.nf[0].agent, table, slot, 1);
	assert_non_null(strstr(ask("show sessions\n"), "end ok 1\n"));
}

static void
idle_time_is_shown(void **state)
{
	struct harness_packet packet = packet_of(1, IPPROTO_UDP);

	(void)state;
	harness_pass(&h, &packet, NAT_OUTSIDE);
	h.now_ns += 17 * HARNESS_SECOND;
	ask("show sessions\n");
	assert_int_equal(rows_with("\"idle_s\":17,"), 1);
}

static void
subscribers_are_counted(void **state)
{
	(void)state;
	make_sessions();
	assert_non_null(strstr(ask("show subscribers\n"), "end ok 40\n"));
	assert_int_equal(rows_with("\"sessions\":3,\"udp\":1,\"tcp\":1,\"icmp\":1}"),
			 N_SUBSCRIBERS);
	assert_int_equal(rows_with("\"outside\":\"198.51.100."), N_SUBSCRIBERS);
	assert_int_equal(strncmp(text, "{\"inside\":\"100.65.0.0\"", 22), 0);
}

static void
pools_tell_ports_in_use(void **state)
{
	uint32_t n[2] = {0, 0};
	char row[2][160];

	(void)state;
	make_sessions();
	for (uint32_t s = 0; s < N_SUBSCRIBERS; s++)
		n[rte_be_to_cpu_32(harness_session(&h, IP(100, 65, 0, s), 5000, IPPROTO_UDP)
					   ->outside_address) &
		  1]++;
	ask("show pools\n");
	for (uint32_t i = 0; i < 2; i++) {
		snprintf(row[i], sizeof(row[i]),
			 "{\"address\":\"198.51.100.%u\",\"udp\":%u,\"tcp\":%u,\"icmp\":%u,"
			 "\"of\":64512}\n",
			 i, n[i], n[i], n[i]);
		assert_int_equal(rows_with(row[i]), 1);
	}
	assert_int_equal(n[0] + n[1], N_SUBSCRIBERS);
	assert_non_null(strstr(text, "end ok 2\n"));
}

static void
counters_are_summed(void **state)
{
	char end[32];

	(void)state;
	make_sessions();
	harness_wait(&h, 1);
	ask("show counters\n");
	snprintf(end, sizeof(end), "end ok %u\n", (unsigned int)NAT_N_COUNTERS);
	assert_non_null(strstr(text, end));
	assert_int_equal(rows_with("\"counter\":\"translated_out\",\"value\":120,"), 1);
	assert_int_equal(rows_with("\"counter\":\"mapping_created\",\"value\":120,"), 1);
}

static void
neighbours_are_shown(void **state)
{
	(void)state;
	make_sessions();
	assert_non_null(strstr(ask("show neighbours\n"), "end ok "));
	assert_int_equal(rows_with("\"side\":\"outside\",\"address\":\"203.0.113.10\","
				   "\"mac\":\"02:aa:cb:00:71:0a\""),
			 1);
}

/* Killed by: a row that is left out when the reply is full. */
static void
the_configuration_is_shown(void **state)
{
	char data[NF_ROW_SIZE + 100];
	uint32_t cursor = 0, n_rows = 0;
	char end[32];
	bool done = false;

	(void)state;
	ask("show config\n");
	assert_int_equal(rows_with("{\"key\":\"timeouts.udp\",\"value\":\"300\"}"), 1);
	assert_int_equal(rows_with("{\"key\":\"inside.address\",\"value\":\"100.64.0.1/16\"}"), 1);
	assert_int_equal(rows_with("{\"key\":\"outside.routes\",\"value\":\"0.0.0.0/0 via "
				   "203.0.113.2\"}"),
			 1);
	assert_int_equal(rows_with("{\"key\":\"pool.addresses\""), 2);
	while (!done) {
		struct nf_reply reply = {.data = data, .size = sizeof(data)};

		done = nat_config_show(&h.config, &cursor, &reply);
		assert_true(reply.n_rows > 0);
		n_rows += (uint32_t)reply.n_rows;
	}
	snprintf(end, sizeof(end), "end ok %u\n", n_rows);
	assert_non_null(strstr(text, end));
}

/* ---- clear -------------------------------------------------------------------------------------------- */

/* Killed by: a mapping that is gone from the table, but not from an index. */
static void
one_session_is_cleared(void **state)
{
	struct harness_packet packet = packet_of(7, IPPROTO_UDP), out, back;

	(void)state;
	make_sessions();
	out = harness_pass(&h, &packet, NAT_OUTSIDE);
	back = (struct harness_packet){
		.side = NAT_OUTSIDE,
		.protocol = IPPROTO_UDP,
		.src = SERVER,
		.src_port = 53,
		.dst = out.src,
		.dst_port = out.src_port,
	};
	harness_pass(&h, &back, NAT_INSIDE);
	assert_string_equal(ask("clear session 100.65.0.7:5000/udp\n"), "end ok 1\n");
	assert_null(harness_session(&h, IP(100, 65, 0, 7), 5000, IPPROTO_UDP));
	assert_non_null(harness_session(&h, IP(100, 65, 0, 7), 5000, IPPROTO_TCP));
	harness_dropped(&h, &back, NAT_drop_no_mapping);
	assert_string_equal(ask("clear session 100.65.0.7:5000/udp\n"),
			    "end not-found 0 there is no such entry\n");
	assert_int_equal(harness_counter(&h, NAT_mapping_cleared), 1);
}

static void
one_subscriber_is_cleared(void **state)
{
	(void)state;
	make_sessions();
	assert_string_equal(ask("clear subscriber 100.65.0.7\n"), "end ok 3\n");
	assert_int_equal(harness_n_sessions(&h), 117);
	assert_non_null(strstr(ask("show sessions inside 100.65.0.7\n"), "end ok 0\n"));
	assert_string_equal(ask("clear subscriber 100.65.0.7\n"),
			    "end not-found 0 there is no such entry\n");
}

/* Killed by: workers that are left out, or asked for slots of others. */
static void
all_are_cleared(void **state)
{
	(void)state;
	make_sessions();
	assert_string_equal(ask("clear all\n"), "end ok 120\n");
	assert_int_equal(harness_n_sessions(&h), 0);
	harness_check(&h);
	make_sessions();
	assert_int_equal(harness_n_sessions(&h), 120);
	assert_int_equal(harness_counter(&h, NAT_mapping_cleared), 120);
}

/* Killed by: leaving out the question for one of the three. */
static void
static_mappings_stay(void **state)
{
	(void)state;
	assert_non_null(strstr(ask("clear session 100.64.3.7:80/udp\n"), "end refused 0 "));
	assert_non_null(strstr(ask("clear subscriber 100.64.3.7\n"), "end not-found 0 "));
	assert_string_equal(ask("clear all\n"), "end ok 0\n");
	assert_int_equal(harness_n_sessions(&h), 1);
	assert_non_null(strstr(ask("show config\n"), "100.64.3.7:80 198.51.100.1:17415 udp"));
}

static void
expect_not_owner(const char *line, uint32_t count)
{
	char start[32];

	snprintf(start, sizeof(start), "end not-owner %u ", count);
	assert_int_equal(strncmp(ask(line), start, strlen(start)), 0);
}

/* Killed by: not asking whether the instance serves. */
static void
a_standby_clears_nothing(void **state)
{
	(void)state;
	expect_not_owner("clear all\n", 0);
	expect_not_owner("clear subscriber 100.65.0.7\n", 0);
	expect_not_owner("clear session 100.65.0.7:5000/udp\n", 0);
	assert_non_null(strstr(ask("show sessions\n"), "end ok 0\n"));
}

/* The handover begins between two rounds of a worker that clears. Killed by: asking for ownership only
 * once, or forgetting what was done until then. */
static void
a_move_ends_a_job_half_way(void **state)
{
	uint32_t n_left;

	(void)state;
	for (uint16_t port = 1; port <= 2 * NF_JOB_BUDGET; port++) {
		struct harness_packet packet = packet_of(port % 100, IPPROTO_UDP);

		packet.src_port = port;
		harness_pass(&h, &packet, NAT_OUTSIDE);
	}
	assert_int_equal(send(client, "clear all\n", 10, 0), 10);
	nf_control_poll(control, h.now_ns);
	do_round(&h.nf[0]);
	n_left = harness_n_sessions(&h);
	assert_int_equal(n_left, NF_JOB_BUDGET);
	h.nf[0].agent->poll_says = 0; /* as in the hold */
	expect_not_owner("", NF_JOB_BUDGET);
	assert_int_equal(harness_n_sessions(&h), n_left);
	h.nf[0].agent->poll_says = SLIM_POLL_SERVES;
}

/* ---- what people type ------------------------------------------------------------------------------------ */

static void
wrong_words_are_refused(void **state)
{
	static const char *const lines[] = {
		"show sessions inside\n",
		"show sessions inside 1.2.3\n",
		"show sessions outside 1.2.3.4:\n",
		"show sessions outside 1.2.3.4:66000\n",
		"show sessions protocol sctp\n",
		"show sessions limit -1\n",
		"show sessions all\n",
		"show pools x\n",
		"clear session\n",
		"clear session 1.2.3.4:5\n",
		"clear session 1.2.3.4:5/\n",
		"clear session 1.2.3.4/udp\n",
		"clear session 1.2.3.4:5/udp now\n",
		"clear session 1111111111111111111111111111111:5/udp\n",
		"clear subscriber\n",
		"clear subscriber all\n",
		"clear all 1.2.3.4\n",
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(lines); i++)
		assert_int_equal(strncmp(ask(lines[i]), "end usage 0 ", 12), 0);
	assert_int_equal(strncmp(ask("clear\n"), "end unknown-command 0 ", 22), 0);
}

/* Random words: each line is answered, nothing else happens. */
static void
any_words_are_answered(void **state)
{
	static const char *const words[] = {
		"show",
		"clear",
		"sessions",
		"subscribers",
		"pools",
		"counters",
		"config",
		"neighbours",
		"session",
		"subscriber",
		"all",
		"inside",
		"outside",
		"protocol",
		"limit",
		"100.65.0.7",
		"0",
		"18446744073709551615",
		"tcp",
		"icmp",
		"100.65.0.7:5000/udp",
		":",
		"/",
		"255.255.255.255:65535",
		"999999999",
		"-",
		"help",
		"100.65.0.7:1",
	};
	char line[NF_LINE_SIZE];

	(void)state;
	srand(1);
	make_sessions();
	for (uint32_t i = 0; i < 5000; i++) {
		size_t used = 0;

		for (int n = rand() % 6; n >= 0; n--)
			used += (size_t)snprintf(line + used, sizeof(line) - used, "%s ",
						 words[(size_t)rand() % RTE_DIM(words)]);
		line[used - 1] = '\n';
		ask(line);
	}
}

/* ---- with threads ------------------------------------------------------------------------------------------ */

static _Atomic bool stop;

static void
empty_fifos(struct nf_worker *w)
{
	for (uint8_t s = 0; s < NAT_N_SIDES; s++)
		while (nf_fifo_count(w->tx[s]) != 0)
			rte_pktmbuf_free(w->tx[s]->pkts[w->tx[s]->head++ & (NF_FIFO_SIZE - 1)]);
}

/* The pool is for all that is under way between workers. */
static bool
may_send(void)
{
	uint64_t handed = 0, done = 0;

	for (uint32_t i = 0; i < N_THREADS; i++)
		done += atomic_load(&h.nf[i].done);
	for (uint32_t i = 0; i < N_THREADS; i++)
		handed += atomic_load(&h.nf[i].handed);
	return handed - done < 1024;
}

static void
open_mapping(struct nf_worker *w, uint32_t random)
{
	struct harness_packet packet = packet_of(random >> 8 & 63, IPPROTO_UDP);
	struct rte_mbuf *m;

	packet.src_port = (uint16_t)(1000 + (random >> 16) % 8);
	m = harness_build(&h, &packet);
	nat_ops.burst(w, NAT_INSIDE, &m, 1);
}

/* A worker whose mappings come and go. */
static void *
run_worker(void *arg)
{
	struct nf_worker *w = arg;
	uint32_t random = w->index + 1;

	while (!atomic_load(&stop)) {
		random = random * 1664525u + 1013904223u;
		if (may_send())
			open_mapping(w, random);
		else
			sched_yield();
		nf_worker_flush_hands(w);
		nf_worker_take_handed(w);
		nat_ops.tick(w);
		do_round(w);
		empty_fifos(w);
		nf_worker_flush_hands(w);
		slim_commit(w->agent, false);
	}
	return NULL;
}

static const char *
ask_workers(const char *line)
{
	size_t size = 0;

	assert_int_equal(send(client, line, strlen(line), 0), strlen(line));
	while (!is_answered(text, size)) {
		ssize_t n = recv(client, text + size, TEXT_SIZE - 1 - size, 0);

		size += n > 0 ? (size_t)n : 0;
		nf_control_poll(control, h.now_ns);
		if (n < 0)
			sched_yield();
	}
	text[size] = '\0';
	return text;
}

/* A row of another mapping's halves would show: inside and outside have one bucket. */
static uint32_t
check_rows(void)
{
	uint32_t n = 0;

	for (const char *line = text; *line == '{'; line = strchr(line, '\n') + 1) {
		unsigned int inside, in_port, out_port;

		assert_int_equal(sscanf(line,
					"{\"protocol\":\"udp\",\"inside\":\"100.65.0.%u:%u\","
					"\"outside\":\"198.51.100.%*u:%u\"",
					&inside, &in_port, &out_port),
				 3);
		assert_int_equal(out_port & 0xff, inside);
		assert_in_range(in_port, 1000, 1007);
		n++;
	}
	return n;
}

/* Meant for the thread sanitizer. Killed by: a job done by another worker than the owner. */
static void
workers_go_on_meanwhile(void **state)
{
	pthread_t threads[N_THREADS];
	uint32_t n_rows = 0;
	uint64_t n_cleared = 0;

	(void)state;
	atomic_store(&stop, false);
	for (uint16_t w = 0; w < N_THREADS; w++)
		assert_int_equal(pthread_create(&threads[w], NULL, run_worker, &h.nf[w]), 0);
	for (uint32_t i = 0; n_rows < 4000 || n_cleared < 400; i++) {
		static const char *const lines[] = {"clear all\n", "clear subscriber 100.65.0.9\n",
						    "clear session 100.65.0.5:1003/udp\n"};

		ask_workers("show sessions\n");
		n_rows += check_rows();
		n_cleared +=
			strtoull(strchr(strchr(ask_workers(lines[i % 3]), ' ') + 1, ' '), NULL, 10);
	}
	atomic_store(&stop, true);
	for (uint16_t w = 0; w < N_THREADS; w++)
		pthread_join(threads[w], NULL);
	harness_settle(&h);
	assert_int_equal(harness_counter(&h, NAT_mapping_cleared), n_cleared);
}

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/nat.sock", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

#define TEST(name, open) cmocka_unit_test_setup_teardown(name, open, close_nat)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sessions_are_shown_and_picked, open_three),
		TEST(a_slot_that_is_being_written_is_left_out, open_one),
		TEST(idle_time_is_shown, open_one),
		TEST(subscribers_are_counted, open_three),
		TEST(pools_tell_ports_in_use, open_three),
		TEST(counters_are_summed, open_three),
		TEST(neighbours_are_shown, open_three),
		TEST(the_configuration_is_shown, open_one),
		TEST(one_session_is_cleared, open_three),
		TEST(one_subscriber_is_cleared, open_three),
		TEST(all_are_cleared, open_three),
		TEST(static_mappings_stay, open_static),
		TEST(a_standby_clears_nothing, open_standby),
		TEST(a_move_ends_a_job_half_way, open_one),
		TEST(wrong_words_are_refused, open_one),
		TEST(any_words_are_answered, open_three),
		TEST(workers_go_on_meanwhile, open_two),
	};

	cpu_set_t processors;

	/* As in threads_test.c: the EAL keeps this thread, and all that it starts, to one. */
	sched_getaffinity(0, sizeof(processors), &processors);
	if (!harness_start_eal())
		return 1;
	sched_setaffinity(0, sizeof(processors), &processors);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
