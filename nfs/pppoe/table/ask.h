/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions of a worker to the control thread: who may log in, and records for accounting. One worker puts, the main thread
 * takes; a full ring makes the worker wait (its timers ask again), nothing is lost. The answer to a log-in comes back as a job
 * (orders.h). A question does not move: its session does, in state PPPOE_AUTH_ASKING or ACCOUNTED, and the target
 * asks anew. A place is overwritten with zeros when it was taken: passwords stay nowhere.
 * A1: worker release (put) -> main acquire; A2: main release (taken) -> worker acquire.
 */
#ifndef PPPOE_TABLE_ASK_H
#define PPPOE_TABLE_ASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "session_entry.h"

#define PPPOE_ASKS 256u /* questions that wait, of a worker; a power of two */
#define PPPOE_PASSWORD_SIZE 128u

enum pppoe_ask_kind {
	PPPOE_ASK_PAP = 1,
	PPPOE_ASK_CHAP,
	PPPOE_ASK_START, /* accounting */
	PPPOE_ASK_INTERIM,
	PPPOE_ASK_STOP,
};

struct pppoe_ask {
	uint8_t kind;
	uint8_t identifier;  /* CHAP, and PAP's request */
	uint8_t end;         /* enum pppoe_end */
	uint8_t secret_size; /* of the password, or of CHAP's response */
	uint16_t worker;
	uint16_t session_id;
	uint32_t slot;
	rte_be32_t ipv4;
	struct pppoe_line_key line;
	uint64_t accounting_id;
	uint64_t seconds; /* since the session began */
	uint64_t packets_up, bytes_up, packets_down, bytes_down;
	uint8_t challenge[16];
	uint8_t secret[PPPOE_PASSWORD_SIZE]; /* the password (PAP), or the response (CHAP) */
	char user[PPPOE_USER_SIZE];
	uint8_t class_[PPPOE_CLASS_SIZE];
	char circuit_id[PPPOE_LINE_SIZE];
	char remote_id[PPPOE_LINE_SIZE];
};

/* Zeroed memory is an empty ring. */
struct pppoe_asks {
	_Alignas(SLIM_CACHE_LINE) _Atomic uint32_t put;
	_Alignas(SLIM_CACHE_LINE) _Atomic uint32_t taken;
	struct pppoe_ask asks[PPPOE_ASKS];
};

/* Worker. NULL: full. Else zeroed memory to be filled in, then committed. */
struct pppoe_ask *pppoe_ask_begin(struct pppoe_asks *asks);
void pppoe_ask_commit(struct pppoe_asks *asks);
/* Main thread. False: none waits. */
bool pppoe_ask_take(struct pppoe_asks *asks, struct pppoe_ask *ret);

/* What became of a log-in; the arguments of a job. */
struct pppoe_answer {
	uint32_t slot;
	uint16_t session_id; /* the job is void if the slot has another one now, */
	uint8_t identifier;  /* or if another exchange is under way */
	uint8_t verdict;     /* enum pppoe_verdict */
	uint64_t accounting_id;
	rte_be32_t ipv4;          /* Framed-IP-Address; 0: of the pool */
	uint32_t session_timeout; /* seconds; 0: as configured */
	uint32_t idle_timeout;
	uint32_t interim_s;
	uint8_t class_[PPPOE_CLASS_SIZE];
	char message[64]; /* Reply-Message */
};

enum pppoe_verdict { PPPOE_GOOD = 1, PPPOE_BAD, PPPOE_SILENT };

#endif
