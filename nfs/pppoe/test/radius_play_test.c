/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RADIUS client and its ear for Disconnect-Requests as a program, for servers of others: what it is told by lines of its
 * input it does, and says by a line what came of it.
 *
 *   radius_play SERVERS ACCOUNTING TIMEOUT TRIES DISCONNECT
 *
 * SERVERS and ACCOUNTING: HOST:PORT:SECRET, with commas between; "-": none. DISCONNECT: ADDRESS:PORT:CLIENT:SECRET, or "-".
 *
 *   pap USER PASSWORD, chap USER PASSWORD   a log-in
 *   start ID USER, interim ID USER, stop ID USER   a record; ID is a number
 *   await COUNTER N                         until it is as high
 *   count COUNTER
 *   session ID USER ADDRESS                 there is one
 *   ended                                   waits until it was ended, and says why
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth.h"
#include "disconnect.h"
#include "orders.h"
#include "radius.h"

#define WAIT_S 30

static struct pppoe_radius_config config = {.threads = 1, .nas_identifier = "ac1"};
static struct pppoe_radius *client;
static struct pppoe_disconnect *ear;
static struct nf_mailbox mailbox;
static struct pppoe_session session;
static uint16_t n_asked;

static const struct pppoe_line_key line = {
	.mac = {{2, 0, 0, 0xaa, 0xbb, 0xcc}},
	.outer = 100,
	.inner = 200,
};

/* ---- the command line ------------------------------------------------------------------------------------------------ */

static uint32_t
take_servers(char *text, struct pppoe_radius_server *ret)
{
	uint32_t n = 0;

	if (strcmp(text, "-") == 0)
		return 0;
	for (char *place, *word = strtok_r(text, ",", &place);
	     word != NULL && n < PPPOE_MAX_SERVERS; word = strtok_r(NULL, ",", &place))
		if (sscanf(word, "%63[^:]:%hu:%63s", ret[n].host, &ret[n].port, ret[n].secret) == 3)
			n++;
	return n;
}

static void
take_disconnect(const char *text)
{
	char address[64];

	if (sscanf(text, "%63[^:]:%hu:%63[^:]:%63s", address, &config.listen_port,
		   config.clients[0].host, config.clients[0].secret) != 4)
		return;
	config.n_clients = 1;
	inet_pton(AF_INET, address, &config.listen);
}

/* ---- the worker -------------------------------------------------------------------------------------------------- */

static bool
end_session(void *ctx, struct nf_job *job)
{
	struct pppoe_end_order order;

	(void)ctx;
	memcpy(&order, job->args, sizeof(order));
	if (session.session_id != 0 && session.end == PPPOE_END_NONE &&
	    pppoe_filter_matches(&order.which, &session)) {
		session.end = order.why;
		job->n_affected++;
	}
	return true;
}

static void
serve(void)
{
	struct nf_mailbox *const mailboxes[] = {&mailbox};
	struct nf_job job;

	if (ear == NULL)
		return;
	pppoe_disconnect_round(ear, mailboxes);
	nf_mailbox_work(&mailbox, end_session, NULL);
	while (nf_mailbox_take(&mailbox, &job))
		pppoe_disconnect_done(ear, &job);
}

/* ---- lines --------------------------------------------------------------------------------------------------------- */

static int
lost_patience(const char *what)
{
	printf("error: %s does not come\n", what);
	return 0;
}

static int
log_in(const char *user, const char *password, bool chap)
{
	struct pppoe_ask ask = {
		.kind = chap ? PPPOE_ASK_CHAP : PPPOE_ASK_PAP,
		.identifier = 9,
		.session_id = ++n_asked,
		.line = line,
		.challenge = "0123456789abcde",
		.circuit_id = "dslam1 eth 0/1",
		.remote_id = "subscriber7",
	};
	time_t end = time(NULL) + WAIT_S;
	struct pppoe_answer a;
	char text[INET_ADDRSTRLEN];
	uint16_t worker;

	snprintf(ask.user, sizeof(ask.user), "%s", user);
	ask.secret_size = chap ? CHAP_MD5_SIZE : (uint8_t)strlen(password);
	if (!chap)
		memcpy(ask.secret, password, ask.secret_size);
	else if (!chap_md5(9, password, (uint16_t)strlen(password), ask.challenge, 16, ask.secret))
		return lost_patience("a digest");
	if (!pppoe_radius_ask(client, &ask))
		return lost_patience("room");
	while (!pppoe_radius_take(client, &a, &worker)) {
		if (time(NULL) > end)
			return lost_patience("an answer");
		sched_yield();
	}
	inet_ntop(AF_INET, &a.ipv4, text, sizeof(text));
	return printf("%s ipv4=%s session=%u idle=%u interim=%u class=%.*s message=%s\n",
		      a.verdict == PPPOE_GOOD  ? "good"
		      : a.verdict == PPPOE_BAD ? "bad"
					       : "silent",
		      text, a.session_timeout, a.idle_timeout, a.interim_s, a.class_[0],
		      (const char *)a.class_ + 1, a.message);
}

static int
account(uint8_t kind, uint64_t id, const char *user)
{
	struct pppoe_ask ask = {
		.kind = kind,
		.end = PPPOE_END_IDLE,
		.session_id = 77,
		.ipv4 = htonl(0xc0000205),
		.line = line,
		.accounting_id = id,
		.seconds = 4321,
		.packets_up = 11,
		.bytes_up = (UINT64_C(3) << 32) + 1000,
		.packets_down = 22,
		.bytes_down = (UINT64_C(5) << 32) + 2000,
		.class_ = "\4gold",
		.circuit_id = "dslam1 eth 0/1",
	};

	snprintf(ask.user, sizeof(ask.user), "%s", user);
	pppoe_radius_account(client, &ask);
	return printf("ok\n");
}

static uint64_t
count(const char *name)
{
	for (unsigned int c = 0; c < PPPOE_RADIUS_N_COUNTERS; c++)
		if (strcmp(pppoe_radius_counter_names[c].name, name) == 0)
			return pppoe_radius_count(client, c);
	for (unsigned int c = 0; c < PPPOE_DISCONNECT_N_COUNTERS; c++)
		if (strcmp(pppoe_disconnect_counter_names[c].name, name) == 0)
			return pppoe_disconnect_count(ear, c);
	return UINT64_MAX;
}

static int
await_count(const char *name, uint64_t n)
{
	time_t end = time(NULL) + WAIT_S;

	while (count(name) < n) {
		if (time(NULL) > end)
			return lost_patience(name);
		serve();
		sched_yield();
	}
	return printf("%" PRIu64 "\n", count(name));
}

static int
begin_session(uint64_t id, const char *user, const char *address)
{
	session = (struct pppoe_session){.session_id = 77, .accounting_id = id};
	snprintf(session.user, sizeof(session.user), "%s", user);
	inet_pton(AF_INET, address, &session.ipv4);
	return printf("ok\n");
}

static int
await_end(void)
{
	time_t end = time(NULL) + WAIT_S;

	while (session.end == PPPOE_END_NONE) {
		if (time(NULL) > end)
			return lost_patience("the end");
		serve();
		sched_yield();
	}
	return printf("%u\n", session.end);
}

static int
obey(char *text)
{
	char *w[4] = {0}, *place;

	w[0] = strtok_r(text, " \n", &place);
	for (unsigned int i = 1; i < 4; i++)
		w[i] = strtok_r(NULL, " \n", &place);
	if (w[0] == NULL)
		return 0;
	if (strcmp(w[0], "ended") == 0)
		return await_end();
	if (strcmp(w[0], "count") == 0)
		return printf("%" PRIu64 "\n", count(w[1]));
	if (w[2] == NULL)
		return printf("error: '%s' wants more words\n", w[0]);
	if (strcmp(w[0], "pap") == 0 || strcmp(w[0], "chap") == 0)
		return log_in(w[1], w[2], w[0][0] == 'c');
	if (strcmp(w[0], "start") == 0)
		return account(PPPOE_ASK_START, strtoull(w[1], NULL, 0), w[2]);
	if (strcmp(w[0], "interim") == 0)
		return account(PPPOE_ASK_INTERIM, strtoull(w[1], NULL, 0), w[2]);
	if (strcmp(w[0], "stop") == 0)
		return account(PPPOE_ASK_STOP, strtoull(w[1], NULL, 0), w[2]);
	if (strcmp(w[0], "await") == 0)
		return await_count(w[1], strtoull(w[2], NULL, 0));
	if (strcmp(w[0], "session") == 0 && w[3] != NULL)
		return begin_session(strtoull(w[1], NULL, 0), w[2], w[3]);
	return printf("error: '%s' is not known\n", w[0]);
}

int
main(int argc, char **argv)
{
	char text[512];
	int error;

	if (argc != 6)
		return 2;
	config.n_auth = take_servers(argv[1], config.auth);
	config.n_accounting = take_servers(argv[2], config.accounting);
	config.timeout_s = (uint32_t)atoi(argv[3]);
	config.tries = (uint32_t)atoi(argv[4]);
	take_disconnect(argv[5]);
	error = pppoe_radius_open(&config, &client);
	if (error == 0 && config.listen != 0)
		error = pppoe_disconnect_open(&config, 1, &ear);
	if (error != 0) {
		fprintf(stderr, "%s\n", strerror(-error));
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(text, sizeof(text), stdin) != NULL)
		obey(text);
	pppoe_disconnect_close(ear);
	return (int)pppoe_radius_close(client);
}
