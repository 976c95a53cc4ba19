/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RADIUS client (RFC 2865, RFC 2866): log-ins and accounting records go to servers, answers come back. Threads of its own do
 * it (config.threads, each with sockets of its own), so a name that does not resolve holds up nobody but them. Each has up to
 * 256 requests of a kind under way.
 *
 *   main thread:   pppoe_radius_ask(), pppoe_radius_account() ... pppoe_radius_take()
 *   its threads:   send, wait, send again, ask the next server
 *
 * Servers of a kind are asked in the order of the configuration; one that was silent for a whole request is left out for
 * PPPOE_RADIUS_DEAD_NS, unless all are. An answer with a wrong authenticator or signature is counted and dropped, and the right
 * one is waited for. Servers that are not of today do not sign their answers (Message-Authenticator): they are believed until they
 * sign for the first time, and never again without. A log-in that nobody answers in time is silent (PPPOE_SILENT). A record stays until a server has it:
 * records of one session go one after the other; when PPPOE_RADIUS_RECORDS wait, the oldest interim record gives way.
 *
 * Passwords are overwritten when their log-in is decided; they stand in no log and no counter.
 */
#ifndef PPPOE_CONTROL_RADIUS_H
#define PPPOE_CONTROL_RADIUS_H

#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "config.h"
#include "counter.h"

#define PPPOE_RADIUS_LOGINS 1024u  /* that wait or are under way, of a thread */
#define PPPOE_RADIUS_RECORDS 4096u /* likewise */
#define PPPOE_RADIUS_DEAD_NS UINT64_C(30000000000)
#define PPPOE_RADIUS_MAX_THREADS 64u

#define PPPOE_RADIUS_COUNTERS(X)                                                                \
	X(radius_asked, "log-ins that a server was asked about")                                \
	X(radius_accepted, "log-ins that a server accepted")                                    \
	X(radius_rejected, "log-ins that a server rejected, or challenged")                     \
	X(radius_silent, "log-ins that no server answered in time")                             \
	X(radius_full, "log-ins that found too many others waiting")                            \
	X(radius_impossible, "log-ins that cannot be asked: no server, or a password too long") \
	X(radius_sent_again, "requests sent again")                                             \
	X(radius_next_server, "requests that went to the next server")                          \
	X(radius_dead, "times that a server was silent for a whole request")                    \
	X(radius_unreachable, "requests that could not be sent: no address, or no way")         \
	X(radius_forged, "answers dropped: authenticator or signature wrong")                   \
	X(radius_unsigned,                                                                      \
	  "answers taken without Message-Authenticator: who stands between could forge them")   \
	X(radius_stripped,                                                                      \
	  "answers dropped: without Message-Authenticator, of a server that has one")           \
	X(radius_malformed, "answers dropped: no RADIUS packets, or of another kind")           \
	X(radius_late, "answers dropped: nobody waits for them")                                \
	X(accounting_done, "accounting records that a server has")                              \
	X(accounting_again, "accounting records that no server took, and that wait")            \
	X(accounting_start_lost, "accounting records of a start that were lost")                \
	X(accounting_interim_lost, "interim accounting records that were lost")                 \
	X(accounting_stop_lost, "accounting records of a stop that were lost")

enum pppoe_radius_counter {
#define X(name, text) PPPOE_##name,
	PPPOE_RADIUS_COUNTERS(X)
#undef X
		PPPOE_RADIUS_N_COUNTERS
};

extern const struct nf_counter_name pppoe_radius_counter_names[PPPOE_RADIUS_N_COUNTERS];

struct pppoe_radius;

/* Main thread, all of them. `config` stays where it is. -ENOMEM, or what pthread_create() says. */
int pppoe_radius_open(const struct pppoe_radius_config *config, struct pppoe_radius **ret);
/* Waits for records that are under way or can be sent at once, for 5 seconds at most. Returns how many are lost. NULL is
 * allowed. */
uint32_t pppoe_radius_close(struct pppoe_radius *r);

/* A log-in. False: too many wait; it is counted and silent. The caller overwrites his copy. */
bool pppoe_radius_ask(struct pppoe_radius *r, const struct pppoe_ask *ask);
/* A record. What is lost is counted. */
void pppoe_radius_account(struct pppoe_radius *r, const struct pppoe_ask *ask);
/* What became of a log-in, and whose it was; false: nothing new. */
bool pppoe_radius_take(struct pppoe_radius *r, struct pppoe_answer *ret, uint16_t *ret_worker);

/* Any thread. */
uint64_t pppoe_radius_count(const struct pppoe_radius *r, enum pppoe_radius_counter counter);

#endif
