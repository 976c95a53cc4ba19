/* SPDX-License-Identifier: Apache-2.0 */
/* The main thread's end of the RADIUS client: lists and threads; see radius.h. */
#include "radius.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "radius_thread.h"

#define GRACE_NS UINT64_C(5000000000) /* for records, at the end */

struct pppoe_radius {
	_Atomic uint64_t counters[PPPOE_RADIUS_N_COUNTERS];
	uint32_t n_threads;
	uint32_t turn;                     /* thread that gets the next log-in, */
	uint32_t take_turn;                /* and whose answers come next */
	struct radius_question *questions; /* memory of all */
	struct radius_thread threads[];
};

const struct nf_counter_name pppoe_radius_counter_names[PPPOE_RADIUS_N_COUNTERS] = {
#define X(name, text) {#name, text},
	PPPOE_RADIUS_COUNTERS(X)
#undef X
};

/* ---- open and close ------------------------------------------------------------------------------------------------ */

static void
init_side(struct radius_side *side, const struct pppoe_radius_server *servers, uint32_t n,
	  struct radius_question *questions, uint32_t n_questions)
{
	TAILQ_INIT(&side->waiting);
	TAILQ_INIT(&side->free);
	for (uint32_t i = 0; i < n_questions; i++)
		TAILQ_INSERT_TAIL(&side->free, &questions[i], next);
	side->n_servers = n;
	for (uint32_t s = 0; s < n; s++)
		side->servers[s] = (struct radius_server){.config = &servers[s], .fd = -1};
}

/* With all signals blocked: they are the main thread's. */
static int
start(struct radius_thread *t)
{
	sigset_t all, before;
	int error;

	t->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->wake < 0)
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&t->id, NULL, radius_thread_run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	t->started = error == 0;
	return -error;
}

static void
init_thread(struct pppoe_radius *r, uint32_t i, const struct pppoe_radius_config *config)
{
	struct radius_question *questions =
		r->questions + (size_t)i * (PPPOE_RADIUS_LOGINS + PPPOE_RADIUS_RECORDS);
	struct radius_thread *t = &r->threads[i];

	t->config = config;
	t->counters = r->counters;
	t->wake = -1;
	atomic_init(&t->ends_ns, UINT64_MAX);
	pthread_mutex_init(&t->lock, NULL);
	TAILQ_INIT(&t->answered);
	init_side(&t->logins, config->auth, config->n_auth, questions, PPPOE_RADIUS_LOGINS);
	init_side(&t->accounting, config->accounting, config->n_accounting,
		  questions + PPPOE_RADIUS_LOGINS, PPPOE_RADIUS_RECORDS);
}

int
pppoe_radius_open(const struct pppoe_radius_config *config, struct pppoe_radius **ret)
{
	uint32_t n = config->threads == 0 ? 1 : RTE_MIN(config->threads, PPPOE_RADIUS_MAX_THREADS);
	struct pppoe_radius *r = calloc(1, sizeof(*r) + n * sizeof(r->threads[0]));
	int error = 0;

	if (r == NULL)
		return -ENOMEM;
	r->questions = calloc((size_t)n * (PPPOE_RADIUS_LOGINS + PPPOE_RADIUS_RECORDS),
			      sizeof(*r->questions));
	if (r->questions == NULL) {
		free(r);
		return -ENOMEM;
	}
	r->n_threads = n;
	for (uint32_t i = 0; i < n; i++)
		init_thread(r, i, config);
	for (uint32_t i = 0; i < n && error == 0; i++)
		error = start(&r->threads[i]);
	if (error != 0)
		pppoe_radius_close(r);
	else
		*ret = r;
	return error;
}

static void
wake(struct radius_thread *t)
{
	const uint64_t one = 1;

	/* Full means that it wakes anyway. */
	if (write(t->wake, &one, sizeof(one)) < 0)
		return;
}

static void
count_lost(struct radius_thread *t, const struct pppoe_ask *ask)
{
	radius_counted(t, ask->kind == PPPOE_ASK_START  ? PPPOE_accounting_start_lost
			  : ask->kind == PPPOE_ASK_STOP ? PPPOE_accounting_stop_lost
							: PPPOE_accounting_interim_lost);
}

/* Threads have ended: what they still had waits again. */
static uint32_t
count_left(const struct radius_side *side)
{
	const struct radius_question *q;
	uint32_t n = 0;

	TAILQ_FOREACH(q, &side->waiting, next)
		n++;
	return n;
}

uint32_t
pppoe_radius_close(struct pppoe_radius *r)
{
	uint64_t end = radius_now() + GRACE_NS;
	uint32_t n_lost = 0;

	if (r == NULL)
		return 0;
	for (uint32_t i = 0; i < r->n_threads; i++) {
		atomic_store_explicit(&r->threads[i].ends_ns, end, memory_order_relaxed);
		if (r->threads[i].started)
			wake(&r->threads[i]);
	}
	for (uint32_t i = 0; i < r->n_threads; i++) {
		struct radius_thread *t = &r->threads[i];

		if (t->started)
			pthread_join(t->id, NULL);
		if (t->wake >= 0)
			close(t->wake);
		pthread_mutex_destroy(&t->lock);
		n_lost += count_left(&t->accounting);
	}
	OPENSSL_cleanse(r->questions, (size_t)r->n_threads *
					      (PPPOE_RADIUS_LOGINS + PPPOE_RADIUS_RECORDS) *
					      sizeof(*r->questions));
	free(r->questions);
	free(r);
	return n_lost;
}

/* ---- questions and answers --------------------------------------------------------------------------------------------- */

/* A free place; NULL: none. Under the lock. */
static struct radius_question *
take_free(struct radius_side *side)
{
	struct radius_question *q = TAILQ_FIRST(&side->free);

	if (q != NULL)
		TAILQ_REMOVE(&side->free, q, next);
	return q;
}

/* Behind the others that wait. Under the lock. */
static void
put_waiting(struct radius_side *side, struct radius_question *q, const struct pppoe_ask *ask)
{
	q->ask = *ask;
	q->made_ns = radius_now();
	q->made_s = (uint32_t)time(NULL);
	TAILQ_INSERT_TAIL(&side->waiting, q, next);
}

bool
pppoe_radius_ask(struct pppoe_radius *r, const struct pppoe_ask *ask)
{
	struct radius_thread *t = &r->threads[r->turn++ % r->n_threads];
	struct radius_question *q;

	pthread_mutex_lock(&t->lock);
	q = take_free(&t->logins);
	if (q != NULL)
		put_waiting(&t->logins, q, ask);
	pthread_mutex_unlock(&t->lock);
	if (q == NULL)
		radius_counted(t, PPPOE_radius_full);
	else
		wake(t);
	return q != NULL;
}

/* The oldest interim record that waits loses its place. NULL: none does. Under the lock. */
static struct radius_question *
take_oldest_interim(struct radius_thread *t)
{
	struct radius_question *q;

	TAILQ_FOREACH(q, &t->accounting.waiting, next) {
		if (q->ask.kind != PPPOE_ASK_INTERIM)
			continue;
		TAILQ_REMOVE(&t->accounting.waiting, q, next);
		count_lost(t, &q->ask);
		return q;
	}
	return NULL;
}

void
pppoe_radius_account(struct pppoe_radius *r, const struct pppoe_ask *ask)
{
	/* All of a session go to one thread, so they stay in order. */
	struct radius_thread *t = &r->threads[ask->accounting_id % r->n_threads];
	struct radius_question *q;

	if (t->accounting.n_servers == 0) {
		count_lost(t, ask);
		return;
	}
	pthread_mutex_lock(&t->lock);
	q = take_free(&t->accounting);
	if (q == NULL)
		q = take_oldest_interim(t);
	if (q != NULL)
		put_waiting(&t->accounting, q, ask);
	pthread_mutex_unlock(&t->lock);
	if (q == NULL)
		count_lost(t, ask);
	else
		wake(t);
}

bool
pppoe_radius_take(struct pppoe_radius *r, struct pppoe_answer *ret, uint16_t *ret_worker)
{
	for (uint32_t i = 0; i < r->n_threads; i++) {
		struct radius_thread *t = &r->threads[r->take_turn++ % r->n_threads];
		struct radius_question *q;

		pthread_mutex_lock(&t->lock);
		q = TAILQ_FIRST(&t->answered);
		if (q != NULL) {
			*ret = q->answer;
			*ret_worker = q->ask.worker;
			TAILQ_REMOVE(&t->answered, q, next);
			TAILQ_INSERT_TAIL(&t->logins.free, q, next);
		}
		pthread_mutex_unlock(&t->lock);
		if (q != NULL)
			return true;
	}
	return false;
}

uint64_t
pppoe_radius_count(const struct pppoe_radius *r, enum pppoe_radius_counter counter)
{
	return atomic_load_explicit(&r->counters[counter], memory_order_relaxed);
}
