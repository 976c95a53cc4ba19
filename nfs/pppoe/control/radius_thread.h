/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread of the RADIUS client (radius.h), and what it shares with the main thread: lists of questions under a lock. What
 * is under way is the thread's alone.
 */
#ifndef PPPOE_CONTROL_RADIUS_THREAD_H
#define PPPOE_CONTROL_RADIUS_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "config.h"
#include "radius_counters.h"
#include "radius_request.h"

#define RADIUS_IDENTIFIERS 256u

/* A log-in or record, from the question to its end; whose it is tells the list in which it stands. */
struct radius_question {
	TAILQ_ENTRY(radius_question) next;
	struct pppoe_ask ask;
	uint64_t made_ns;
	uint32_t made_s; /* of the epoch */
	struct pppoe_answer answer;
};
TAILQ_HEAD(radius_list, radius_question);

/* A request that waits for its answer; its identifier is its place. */
struct radius_exchange {
	struct radius_question *question; /* NULL: nobody's */
	uint64_t begun_ns;                /* at this server */
	uint64_t deadline_ns;
	uint32_t tried; /* bit s: server s was asked */
	uint32_t n_sent;
	uint8_t server;
	uint16_t size;
	uint8_t bytes[PPPOE_REQUEST_MAX];
};

struct radius_server {
	const struct pppoe_radius_server *config;
	int fd;            /* connected; -1: not open */
	uint64_t dead_ns;  /* until then; 0: lives */
	uint64_t heard_ns; /* when a good answer came */
	bool signs;        /* it has signed an answer: from then on all have to be */
};

/* Log-ins or accounting. */
struct radius_side {
	struct radius_list waiting; /* under the lock */
	struct radius_list free;    /* likewise */
	uint64_t paused_ns;         /* until then nothing is begun: no server took anything */
	struct radius_server servers[PPPOE_MAX_SERVERS];
	uint32_t n_servers;
	uint32_t n_under_way;
	uint8_t next; /* identifier: used late again */
	struct radius_exchange exchanges[RADIUS_IDENTIFIERS];
};

struct radius_thread {
	pthread_t id;
	bool started;
	pthread_mutex_t lock;
	int wake; /* eventfd */
	const struct pppoe_radius_config *config;
	_Atomic uint64_t *counters; /* of all threads */
	_Atomic uint64_t ends_ns;   /* then at the latest; UINT64_MAX: not yet */
	struct radius_side logins, accounting;
	struct radius_list answered; /* under the lock: log-ins, for the main thread */
};

uint64_t radius_now(void);

/* pthread_create()'s; `arg` is a struct radius_thread. */
void *radius_thread_run(void *arg);

static inline void
radius_counted(struct radius_thread *t, enum pppoe_radius_counter counter)
{
	atomic_fetch_add_explicit(&t->counters[counter], 1, memory_order_relaxed);
}

#endif
