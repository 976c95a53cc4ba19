/* SPDX-License-Identifier: Apache-2.0 */
/* A thread of the RADIUS client; see radius_thread.h. It never waits but in poll(), and in the search for a server's name. */
#include "radius_thread.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#define SECOND UINT64_C(1000000000)
#define MILLISECOND UINT64_C(1000000)
#define BEGUN_AT_ONCE 64u /* requests, before it looks for answers */
#define RECORDS_LOOKED_AT 64u
#define PAUSE_NS (5 * SECOND) /* of accounting, when no server takes anything */
#define IDLE_MS 1000
#define NO_SERVER UINT8_MAX

uint64_t
radius_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static uint64_t
patience(const struct radius_thread *t)
{
	return RTE_MAX(t->config->timeout_s, 1u) * SECOND;
}

static uint32_t
tries(const struct radius_thread *t)
{
	return RTE_MAX(t->config->tries, 1u);
}

/* Whoever asks has a clock of his own: a question may have been made a moment behind `now`. */
static uint64_t
age(const struct radius_question *q, uint64_t now)
{
	return now > q->made_ns ? now - q->made_ns : 0;
}

/* ---- servers ------------------------------------------------------------------------------------------------------ */

static int
connect_to(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* By name or address; the kernel then lets nobody else's packets in. */
static bool
open_server(struct radius_server *server)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *all, *address;
	char port[8];

	if (server->fd >= 0)
		return true;
	snprintf(port, sizeof(port), "%u", server->config->port);
	if (getaddrinfo(server->config->host, port, &hints, &all) != 0)
		return false;
	for (address = all; address != NULL && server->fd < 0; address = address->ai_next)
		server->fd = connect_to(address);
	freeaddrinfo(all);
	return server->fd >= 0;
}

static void
close_servers(struct radius_side *side)
{
	for (uint32_t s = 0; s < side->n_servers; s++)
		if (side->servers[s].fd >= 0)
			close(side->servers[s].fd);
}

/* The first that was not tried and lives, else the first that was not tried; -1: all were. */
static int
next_server(const struct radius_side *side, uint32_t tried, uint64_t now)
{
	int dead = -1;

	for (uint32_t s = 0; s < side->n_servers; s++) {
		if (tried & 1u << s)
			continue;
		if (side->servers[s].dead_ns <= now)
			return (int)s;
		if (dead < 0)
			dead = (int)s;
	}
	return dead;
}

/* A name may lead elsewhere by now. Not while others wait at its socket: they may still be answered. */
static void
bury(struct radius_thread *t, struct radius_side *side, uint8_t number, uint64_t now)
{
	struct radius_server *server = &side->servers[number];

	if (server->dead_ns <= now)
		radius_counted(t, PPPOE_radius_dead);
	server->dead_ns = now + PPPOE_RADIUS_DEAD_NS;
	for (uint32_t i = 0; i < RADIUS_IDENTIFIERS; i++)
		if (side->exchanges[i].question != NULL && side->exchanges[i].server == number)
			return;
	if (server->fd >= 0)
		close(server->fd);
	server->fd = -1;
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static bool
is_login_side(const struct radius_thread *t, const struct radius_side *side)
{
	return side == &t->logins;
}

static void
send_request(struct radius_thread *t, struct radius_side *side, struct radius_exchange *e,
	     uint64_t now)
{
	if (send(side->servers[e->server].fd, e->bytes, e->size, 0) < 0)
		radius_counted(t, PPPOE_radius_unreachable);
	e->n_sent++;
	e->deadline_ns = now + patience(t);
}

static bool
build(struct radius_thread *t, struct radius_side *side, struct radius_exchange *e, uint64_t now)
{
	uint8_t authenticator[RADIUS_AUTHENTICATOR];
	struct pppoe_request_head head = {
		.nas_identifier = t->config->nas_identifier[0] != '\0' ? t->config->nas_identifier
								       : "slim-pppoe",
		.secret = side->servers[e->server].config->secret,
		.identifier = (uint8_t)(e - side->exchanges),
		.authenticator = authenticator,
		.made_s = e->question->made_s,
		.delay_s = (uint32_t)(age(e->question, now) / SECOND),
		.by_radius = t->config->n_auth != 0,
	};

	if (RAND_bytes(authenticator, sizeof(authenticator)) != 1)
		return false;
	e->size = pppoe_radius_request(&e->question->ask, &head, e->bytes);
	return e->size != 0;
}

/* The exchange is over: its question stands in no list. */
static struct radius_question *
release(struct radius_side *side, struct radius_exchange *e)
{
	struct radius_question *q = e->question;

	OPENSSL_cleanse(e, sizeof(*e));
	side->n_under_way--;
	return q;
}

/* The log-in is decided, for good or ill: its password goes. */
static void
answer(struct radius_thread *t, struct radius_question *q)
{
	OPENSSL_cleanse(q->ask.secret, sizeof(q->ask.secret));
	pthread_mutex_lock(&t->lock);
	TAILQ_INSERT_TAIL(&t->answered, q, next);
	pthread_mutex_unlock(&t->lock);
}

static void
answer_silent(struct radius_thread *t, struct radius_question *q, enum pppoe_radius_counter why)
{
	radius_counted(t, why);
	pppoe_answer_begin(&q->ask, &q->answer);
	answer(t, q);
}

/* No server took the record: it waits in front of all others. */
static void
put_back(struct radius_thread *t, struct radius_question *q, uint64_t now)
{
	radius_counted(t, PPPOE_accounting_again);
	t->accounting.paused_ns = now + PAUSE_NS;
	pthread_mutex_lock(&t->lock);
	TAILQ_INSERT_HEAD(&t->accounting.waiting, q, next);
	pthread_mutex_unlock(&t->lock);
}

static void
give_up(struct radius_thread *t, struct radius_side *side, struct radius_exchange *e, uint64_t now)
{
	bool asked = e->n_sent != 0;
	struct radius_question *q = release(side, e);

	if (is_login_side(t, side))
		answer_silent(t, q, asked ? PPPOE_radius_silent : PPPOE_radius_impossible);
	else
		put_back(t, q, now);
}

/* Asks the next server, or gives up. */
static void
ask_server(struct radius_thread *t, struct radius_side *side, struct radius_exchange *e,
	   uint64_t now)
{
	int server;

	while ((server = next_server(side, e->tried, now)) >= 0) {
		if (e->n_sent != 0)
			radius_counted(t, PPPOE_radius_next_server);
		e->tried |= 1u << server;
		e->server = (uint8_t)server;
		e->begun_ns = now;
		if (!open_server(&side->servers[server])) {
			radius_counted(t, PPPOE_radius_unreachable);
			side->servers[server].dead_ns = now + PPPOE_RADIUS_DEAD_NS;
			continue;
		}
		if (!build(t, side, e, now))
			break;
		send_request(t, side, e, now);
		e->n_sent = 1;
		return;
	}
	give_up(t, side, e, now);
}

static void
begin(struct radius_thread *t, struct radius_side *side, struct radius_question *q, uint64_t now)
{
	struct radius_exchange *e;

	do
		e = &side->exchanges[side->next++];
	while (e->question != NULL);
	*e = (struct radius_exchange){.question = q};
	side->n_under_way++;
	if (is_login_side(t, side))
		radius_counted(t, PPPOE_radius_asked);
	ask_server(t, side, e, now);
}

/* ---- what waits --------------------------------------------------------------------------------------------------- */

static bool
session_under_way(const struct radius_side *side, uint64_t accounting_id)
{
	for (uint32_t i = 0; i < RADIUS_IDENTIFIERS; i++)
		if (side->exchanges[i].question != NULL &&
		    side->exchanges[i].question->ask.accounting_id == accounting_id)
			return true;
	return false;
}

/* The oldest that may be begun. Records of a session that has one under way wait for it. */
static struct radius_question *
take_waiting(struct radius_thread *t, struct radius_side *side)
{
	bool login = is_login_side(t, side);
	struct radius_question *q;
	uint32_t n = 0;

	pthread_mutex_lock(&t->lock);
	TAILQ_FOREACH(q, &side->waiting, next) {
		if (login || !session_under_way(side, q->ask.accounting_id)) {
			TAILQ_REMOVE(&side->waiting, q, next);
			break;
		}
		if (++n == RECORDS_LOOKED_AT) {
			q = NULL;
			break;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return q;
}

/* So long a client waits at most; older ones would only be in the way of those that still do. */
static bool
is_old(const struct radius_thread *t, const struct radius_question *q, uint64_t now)
{
	return age(q, now) > patience(t) * tries(t);
}

/* True: there may be more to begin at once. */
static bool
begin_waiting(struct radius_thread *t, struct radius_side *side, uint64_t now)
{
	struct radius_question *q;

	for (uint32_t n = 0; n < BEGUN_AT_ONCE; n++) {
		if (side->paused_ns > now || side->n_under_way == RADIUS_IDENTIFIERS)
			return false;
		q = take_waiting(t, side);
		if (q == NULL)
			return false;
		if (is_login_side(t, side) && is_old(t, q, now))
			answer_silent(t, q, PPPOE_radius_silent);
		else
			begin(t, side, q, now);
	}
	return true;
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static void
take_login(struct radius_thread *t, struct radius_exchange *e, const struct radius_packet *p)
{
	struct radius_question *q;

	pppoe_answer_begin(&e->question->ask, &e->question->answer);
	if (!pppoe_radius_answer(p, &e->question->answer)) {
		radius_counted(t, PPPOE_radius_malformed);
		return;
	}
	q = release(&t->logins, e);
	radius_counted(t, q->answer.verdict == PPPOE_GOOD ? PPPOE_radius_accepted
							  : PPPOE_radius_rejected);
	answer(t, q);
}

static void
take_record(struct radius_thread *t, struct radius_exchange *e, const struct radius_packet *p)
{
	struct radius_question *q;

	if (radius_code(p) != RADIUS_ACCOUNTING_RESPONSE) {
		radius_counted(t, PPPOE_radius_malformed);
		return;
	}
	q = release(&t->accounting, e);
	radius_counted(t, PPPOE_accounting_done);
	t->accounting.paused_ns = 0;
	pthread_mutex_lock(&t->lock);
	TAILQ_INSERT_TAIL(&t->accounting.free, q, next);
	pthread_mutex_unlock(&t->lock);
}

/* Each answer should be signed; a server that did it once is held to it. */
static bool
is_signed_enough(struct radius_thread *t, struct radius_server *server, bool has_signature)
{
	server->signs |= has_signature;
	if (!has_signature)
		radius_counted(t, server->signs ? PPPOE_radius_stripped : PPPOE_radius_unsigned);
	return has_signature || !server->signs;
}

/* False: it is not, and counted. */
static bool
is_good(struct radius_thread *t, struct radius_side *side, const struct radius_exchange *e,
	const struct radius_packet *p)
{
	struct radius_server *server = &side->servers[e->server];
	enum radius_verdict verdict = radius_judge_answer(p, e->bytes + 4, server->config->secret);

	if (verdict == RADIUS_FORGED) {
		radius_counted(t, PPPOE_radius_forged);
		return false;
	}
	return !is_login_side(t, side) || is_signed_enough(t, server, verdict == RADIUS_GOOD);
}

static void
take_packet(struct radius_thread *t, struct radius_side *side, uint8_t server, const uint8_t *bytes,
	    size_t size, uint64_t now)
{
	struct radius_exchange *e;
	struct radius_packet p;

	if (!radius_parse(bytes, size, &p)) {
		radius_counted(t, PPPOE_radius_malformed);
		return;
	}
	e = &side->exchanges[radius_identifier(&p)];
	if (e->question == NULL || e->server != server) {
		radius_counted(t, PPPOE_radius_late);
		return;
	}
	if (!is_good(t, side, e, &p))
		return;
	side->servers[server].heard_ns = now;
	side->servers[server].dead_ns = 0;
	if (is_login_side(t, side))
		take_login(t, e, &p);
	else
		take_record(t, e, &p);
}

/* All that is there; no more than can be under way. */
static void
receive(struct radius_thread *t, struct radius_side *side, uint64_t now)
{
	uint8_t bytes[RADIUS_MAX];

	for (uint8_t s = 0; s < side->n_servers; s++)
		for (uint32_t n = 0; n < RADIUS_IDENTIFIERS && side->servers[s].fd >= 0; n++) {
			ssize_t size = recv(side->servers[s].fd, bytes, sizeof(bytes), 0);

			if (size < 0 && errno != ECONNREFUSED)
				break;
			if (size < 0)
				radius_counted(t, PPPOE_radius_unreachable);
			else
				take_packet(t, side, s, bytes, (size_t)size, now);
		}
	OPENSSL_cleanse(bytes, sizeof(bytes));
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

/* It was silent for the whole request. Did it say nothing to others either? */
static void
leave_server(struct radius_thread *t, struct radius_side *side, struct radius_exchange *e,
	     uint64_t now)
{
	uint8_t server = e->server;

	e->server = NO_SERVER;
	if (side->servers[server].heard_ns < e->begun_ns)
		bury(t, side, server, now);
}

static void
expire(struct radius_thread *t, struct radius_side *side, uint64_t now)
{
	for (uint32_t i = 0; i < RADIUS_IDENTIFIERS; i++) {
		struct radius_exchange *e = &side->exchanges[i];

		if (e->question == NULL || e->deadline_ns > now)
			continue;
		if (e->n_sent < tries(t)) {
			radius_counted(t, PPPOE_radius_sent_again);
			send_request(t, side, e, now);
			continue;
		}
		leave_server(t, side, e, now);
		ask_server(t, side, e, now);
	}
}

static uint64_t
earliest(const struct radius_side *side, uint64_t until)
{
	for (uint32_t i = 0; i < RADIUS_IDENTIFIERS; i++)
		if (side->exchanges[i].question != NULL)
			until = RTE_MIN(until, side->exchanges[i].deadline_ns);
	return until;
}

static bool
has_waiting(struct radius_thread *t, const struct radius_side *side)
{
	bool has;

	pthread_mutex_lock(&t->lock);
	has = !TAILQ_EMPTY(&side->waiting);
	pthread_mutex_unlock(&t->lock);
	return has;
}

/* Until something comes, or is due; with `more` not at all. */
static void
wait_for_work(struct radius_thread *t, bool more)
{
	struct pollfd fds[1 + 2 * PPPOE_MAX_SERVERS] = {{.fd = t->wake, .events = POLLIN}};
	uint64_t now = radius_now(), until = now + (more ? 0 : IDLE_MS * MILLISECOND), count;
	nfds_t n = 1;

	for (uint32_t s = 0; s < t->logins.n_servers; s++)
		fds[n++] = (struct pollfd){.fd = t->logins.servers[s].fd, .events = POLLIN};
	for (uint32_t s = 0; s < t->accounting.n_servers; s++)
		fds[n++] = (struct pollfd){.fd = t->accounting.servers[s].fd, .events = POLLIN};
	until = earliest(&t->accounting, earliest(&t->logins, until));
	if (t->accounting.paused_ns > now)
		until = RTE_MIN(until, t->accounting.paused_ns);
	if (poll(fds, n, until <= now ? 0 : (int)((until - now + MILLISECOND - 1) / MILLISECOND)) >
		    0 &&
	    (fds[0].revents & POLLIN) && read(t->wake, &count, sizeof(count)) < 0)
		return;
}

/* The end: log-ins are not waited for, records until a time. */
static bool
has_ended(struct radius_thread *t, uint64_t now)
{
	uint64_t ends = atomic_load_explicit(&t->ends_ns, memory_order_relaxed);

	if (ends == UINT64_MAX)
		return false;
	return now >= ends || t->accounting.paused_ns > now ||
	       (t->accounting.n_under_way == 0 && !has_waiting(t, &t->accounting));
}

/* What is still under way. */
static void
abandon(struct radius_thread *t, struct radius_side *side, uint64_t now)
{
	for (uint32_t i = 0; i < RADIUS_IDENTIFIERS; i++)
		if (side->exchanges[i].question != NULL)
			give_up(t, side, &side->exchanges[i], now);
	close_servers(side);
}

void *
radius_thread_run(void *arg)
{
	struct radius_thread *t = arg;
	uint64_t now = radius_now();
	bool more = false;

	while (!has_ended(t, now)) {
		wait_for_work(t, more);
		now = radius_now();
		receive(t, &t->logins, now);
		receive(t, &t->accounting, now);
		expire(t, &t->logins, now);
		expire(t, &t->accounting, now);
		more = begin_waiting(t, &t->logins, now);
		more |= begin_waiting(t, &t->accounting, now);
	}
	abandon(t, &t->logins, now);
	abandon(t, &t->accounting, now);
	return NULL;
}
