/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secrets of AC-Cookies (table `secret`, two rows: an even and an odd generation): the newest makes cookies, the one before is
 * still good for those that are under way. They move, so a PADR reaches the instance that did not send its PADO. Bucket 0's
 * worker makes them; every worker reads them under the slot's sequence (P7 of slim_shm.h) and keeps a copy.
 */
#ifndef PPPOE_TABLE_SECRET_H
#define PPPOE_TABLE_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "cookie.h"
#include "slim.h"
#include "slot_index.h"

struct pppoe_secret {
	uint32_t place; /* key: 0 or 1 */
	uint32_t generation; /* the higher one is newer; 0: none */
	uint64_t made;       /* SLIM_TIME */
	uint8_t key[PPPOE_COOKIE_KEY];
};

extern const struct slim_field pppoe_secret_fields[];
extern const uint16_t pppoe_secret_n_fields;

struct pppoe_secret_table {
	struct slim_table *table;
	uint64_t lifetime_ns; /* after which a new one is made */
};

/* A worker's copy. */
struct pppoe_secrets {
	struct pppoe_secret_table *shared;
	struct slim_worker *agent;
	struct pppoe_secret of[2];
	uint32_t sequence[2]; /* of the slots when they were copied */
};

int pppoe_secret_table_create(struct pppoe_secret_table *t, struct slim_agent *agent);
void pppoe_secrets_init(struct pppoe_secrets *s, struct pppoe_secret_table *t, struct slim_worker *agent);

/* Once a round: copies what has changed; the worker of bucket 0 makes a new one when it is time, if it owns the bucket.
 * `random`: PPPOE_COOKIE_KEY octets that nobody can guess, taken in advance by the main thread; *random_used is set when
 * they are spent. */
void pppoe_secrets_tick(struct pppoe_secrets *s, uint64_t now_ns, const uint8_t *random, bool *random_used);

/* With the newest. False: there is none yet. */
bool pppoe_secrets_cookie(const struct pppoe_secrets *s, uint64_t now_ns, const struct pppoe_cookie_line *line,
			  uint8_t ret[PPPOE_COOKIE_SIZE]);
enum pppoe_cookie_verdict pppoe_secrets_judge(const struct pppoe_secrets *s, uint64_t now_ns, uint32_t lifetime_s,
					      const struct pppoe_cookie_line *line, const uint8_t *cookie, uint16_t size);

#endif
