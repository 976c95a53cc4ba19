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
#include "radius_counters.h"

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
