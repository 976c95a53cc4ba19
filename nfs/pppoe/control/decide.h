/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who decides about log-ins, and keeps accounts: takes the questions of all workers (ask.h), and gives their answers back as
 * jobs (orders.h). With a secrets file it decides itself; else RADIUS does. With neither nobody is let in. A question that finds
 * RADIUS full is answered at once: silent. An answer that finds a mailbox full is kept, and no further one taken before it.
 *
 * Main thread, all of it. In a struct nf_program:
 *
 *   init          pppoe_decide_open(), after pppoe_init(); sets pppoe->decide
 *   open_files    pppoe_decide_files(), also at SIGHUP
 *   init_worker   pppoe_decide_join()
 *   write_files   pppoe_decide_round()
 *   job_done      pppoe_decide_job_done()
 *   fini          pppoe_decide_close(), before pppoe_fini()
 */
#ifndef PPPOE_CONTROL_DECIDE_H
#define PPPOE_CONTROL_DECIDE_H

#include <stdint.h>

#include "disconnect.h"
#include "pppoe.h"
#include "radius.h"

/* All that is counted here; names and texts by number. */
#define PPPOE_DECIDE_N_COUNTERS (PPPOE_RADIUS_N_COUNTERS + PPPOE_DISCONNECT_N_COUNTERS)

/* Starts RADIUS, and listens for it, as configured. Negative errno; what is wrong was said (stderr). */
int pppoe_decide_open(struct pppoe *pppoe);
/* Reads the secrets file, if there is one. On an error, which it says, what was read before stands. */
int pppoe_decide_files(struct pppoe *pppoe);
/* A worker's mailbox: before it runs. */
void pppoe_decide_join(struct pppoe *pppoe, const struct nf_worker *worker);
/* Bounded work; returns how much it did. */
uint32_t pppoe_decide_round(struct pppoe *pppoe);
void pppoe_decide_job_done(struct pppoe *pppoe, uint16_t worker, const struct nf_job *job);
void pppoe_decide_close(struct pppoe *pppoe); /* also if it was never opened */

/* counter < PPPOE_DECIDE_N_COUNTERS. What is not configured counts nothing. */
const struct nf_counter_name *pppoe_decide_counter_name(unsigned int counter);
uint64_t pppoe_decide_count(const struct pppoe *pppoe, unsigned int counter);

#endif
