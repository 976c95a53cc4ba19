/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the concentrator is made of: its configuration and tables, for all workers, and what one worker has.
 */
#ifndef PPPOE_PATH_PPPOE_H
#define PPPOE_PATH_PPPOE_H

#include <stdint.h>

#include "ask.h"
#include "config.h"
#include "event.h"
#include "flood.h"
#include "forward.h"
#include "line.h"
#include "neighbour.h"
#include "own.h"
#include "router.h"
#include "secret.h"
#include "session.h"
#include "worker.h"

struct pppoe_decide;

/* All workers. Constant while they run, but for the tables. */
struct pppoe {
	struct pppoe_config config;
	struct pppoe_session_table sessions;
	struct pppoe_line_table lines;
	struct pppoe_secret_table secrets;
	struct nf_neighbour_table neighbours;
	struct nf_router_table router; /* of the core, for IPv6; no table if there is no IPv6 */
	struct nf_hops hops;
	uint8_t bucket_worker[SLIM_N_BUCKETS];
	struct pppoe_asks
		*asks[SLIM_MAX_WORKERS]; /* each put by its worker, taken by the main thread */
	struct nf_events *events[SLIM_MAX_WORKERS]; /* each put by its worker */
	struct pppoe_decide
		*decide; /* who takes the asks (control/decide.h): the main thread's alone */
};

struct pppoe_worker {
	struct pppoe *pppoe;
	struct nf_worker *nf;
	struct pppoe_sessions *sessions;
	struct pppoe_lines *lines;
	struct pppoe_secrets secrets;
	struct nf_neighbours *neighbours;
	struct nf_router_view router; /* .shared, .worker; nf_router_tick() in each round */
	struct pppoe_asks *asks;
	struct pppoe_flood flood; /* of PADIs */
	struct nf_own_rate told;  /* ICMP errors */
	uint64_t advertised_ns;   /* until when sessions were reminded of their prefixes, */
	uint32_t advertise_next;  /* and who is next: a slot of the share */
	uint32_t n_errors;        /* ICMP and ICMPv6 errors that leave with the burst */
	struct rte_mbuf *errors[NF_BURST];
};

/* Main thread. Tables and routes; *pppoe is zeroed before. -ENOMEM. */
int pppoe_init(struct pppoe *pppoe, const struct pppoe_config *config, uint64_t seed);
/* Declares the tables to an agent that is created but not started: sessions, lines, secrets, neighbours, router. Negative errno. */
int pppoe_create_tables(struct pppoe *pppoe, struct slim_agent *agent);
void pppoe_fini(struct pppoe *pppoe);

/* In each round of the main loop, and once before workers run: octets for the next secret of cookies, if they are wanted. -EIO:
 * there are none to be had, and the secrets of now go on. */
int pppoe_refill(struct pppoe *pppoe);

#endif
