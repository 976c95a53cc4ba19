/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secrets of AC-Cookies (table `secret`, two rows: an even and an odd generation): the newest makes cookies, the one before is
 * still good for those that are under way. They move, so a PADR reaches the instance that did not send its PADO. Bucket 0's
 * worker makes them; every worker reads them under the slot's sequence (P7 of slim_shm.h) and keeps a copy.
 *
 * Octets that nobody can guess come from the main thread, for the next secret in advance: one set of them lies ready, and
 * is overwritten with zeros when it is taken.
 * S1: main release (is_full = true) -> bucket 0's worker acquire: the octets are there.
 * S2: that worker release (is_full = false) -> main acquire: they are spent, and their place may be written.
 */
#ifndef PPPOE_TABLE_SECRET_H
#define PPPOE_TABLE_SECRET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cookie.h"
#include "slim.h"
#include "slot_index.h"

#define PPPOE_N_SECRETS 2u
#define PPPOE_SECRET_BUCKET 0u

struct pppoe_secret {
	uint32_t place;      /* key: 0 or 1 */
	uint32_t generation; /* the higher one is newer; 0: none */
	uint64_t made;       /* SLIM_TIME */
	uint8_t key[PPPOE_COOKIE_KEY];
};

_Static_assert(sizeof(struct pppoe_secret) % 8 == 0, "read word by word");

extern const struct slim_field pppoe_secret_fields[];
extern const uint16_t pppoe_secret_n_fields;

struct pppoe_secret_table {
	struct slim_table *table;
	uint64_t lifetime_ns; /* after which a new one is made; longer than a cookie is good */
	_Atomic bool is_full; /* S1, S2 */
	uint8_t random[PPPOE_COOKIE_KEY];
};

/* A worker's copy. */
struct pppoe_secrets {
	struct pppoe_secret_table *shared;
	struct slim_worker *agent;
	struct pppoe_secret of[PPPOE_N_SECRETS];
	uint32_t sequence[PPPOE_N_SECRETS]; /* of the slots when they were copied; odd: never */
};

/* ---- main thread --------------------------------------------------------------------------------- */

/* *t is zeroed before, lifetime_ns is set. As slim_table_create(). */
int pppoe_secret_table_create(struct pppoe_secret_table *t, struct slim_agent *agent);

/* Are octets wanted for the next one? Then offer takes PPPOE_COOKIE_KEY of them. */
bool pppoe_secret_wants(const struct pppoe_secret_table *t);
void pppoe_secret_offer(struct pppoe_secret_table *t, const uint8_t random[PPPOE_COOKIE_KEY]);

/* ---- worker --------------------------------------------------------------------------------------- */

void pppoe_secrets_init(struct pppoe_secrets *s, struct pppoe_secret_table *t,
			struct slim_worker *agent);

/* Once a round, between slim_worker_poll() and reception: copies what has changed. The worker of bucket 0 makes a new one before
 * that when it is time, if this instance acts (slim_owns()) and octets lie ready. */
void pppoe_secrets_tick(struct pppoe_secrets *s, uint64_t now_ns);

/* With the newest. False: there is none yet, or the digest is not to be had. */
bool pppoe_secrets_cookie(const struct pppoe_secrets *s, uint64_t now_ns,
			  const struct pppoe_cookie_line *line, uint8_t ret[PPPOE_COOKIE_SIZE]);
/* By either. Clocks of two instances differ by a little: a second is allowed to the future. */
enum pppoe_cookie_verdict pppoe_secrets_judge(const struct pppoe_secrets *s, uint64_t now_ns,
					      uint32_t lifetime_s,
					      const struct pppoe_cookie_line *line,
					      const uint8_t *cookie, uint16_t size);

#endif
