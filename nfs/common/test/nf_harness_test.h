/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any NF of this frame without ports, for tests: packets go in by its burst function, come out of the FIFOs. All
 * workers run in the caller's thread, one after the other. Time stands still unless the test moves it. Around it are
 * hosts: each one answers ARP, with MAC 02:aa and its address (question_test.h).
 *
 * An NF has a header `harness_test.h`, which says what it adds, and includes this one:
 *
 *   #define HARNESS_CONFIG struct nat_config
 *   #define HARNESS_OWN struct nat *nat; ...
 *   #include "nf_harness_test.h"
 *
 * and defines `harness_nf`, harness_defaults() and harness_check(). All else that it has is its protocol: building
 * packets and taking them apart. What is here is compiled with it, once for each NF.
 */
#ifndef NF_HARNESS_TEST_H
#define NF_HARNESS_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "counter.h"
#include "question_test.h"
#include "side.h"
#include "slim.h"
#include "worker.h"

#define HARNESS_WORKERS 4u /* of a test that wants several; it may have SLIM_MAX_WORKERS */
#define HARNESS_SECOND UINT64_C(1000000000)
#define HARNESS_TICK (UINT64_C(1) << 27) /* expiry by a wheel is this late at most */

#define IP(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

struct harness {
	HARNESS_CONFIG config;
	struct slim_agent *agent;
	struct rte_mempool *pool;
	uint16_t n_workers;
	uint64_t now_ns;
	char identity[SLIM_IDENTITY_SIZE];
	struct nf_worker nf[SLIM_MAX_WORKERS];
	uint32_t n_moves;               /* to this instance (nf_moves_test.h) */
	unsigned int n_wrong_questions; /* by ARP, for what is no host */
	bool expects_wrong_questions;   /* else the first one fails the test */
	HARNESS_OWN
};

/* What an NF is to its harness. */
struct harness_nf {
	const char *name; /* its service */
	const struct nf_ops *ops;
	uint8_t n_sides;
	/* Makes the NF of h->config, and says what its agent has: identity (h->identity has room for it), n_workers,
	 * bucket_worker, hold_capacity. What is pointed to lives as long as the NF. */
	void (*create)(struct harness *h, struct slim_agent_config *agent);
	int (*create_tables)(struct harness *h);
	int (*worker_init)(struct harness *h, uint16_t w);
	void (*worker_fini)(struct harness *h, uint16_t w); /* NULL: it keeps nothing */
	void (*destroy)(struct harness *h);
	/* The network around it. */
	const struct nf_side *(*sides)(const struct harness *h);
	struct harness_own (*own)(const struct harness *h);
};

/* ---- of the NF -------------------------------------------------------------------------- */

/* One a program. */
extern const struct harness_nf harness_nf;

/* Settings of the test's NF, to be changed before harness_open(). */
void harness_defaults(HARNESS_CONFIG *config);
/* Every derived structure agrees with the slots, by a naive walk over them. */
void harness_check(const struct harness *h);

/* ---- set-up --------------------------------------------------------------------------- */

/* Starts the EAL once a process; false if it does not start. */
bool harness_start_eal(void);

/* Packets of the pool. A test with threads sets HARNESS_THREADS_POOL_SIZE, and has one under a lock
 * (locked_pool_test.h). */
#define HARNESS_POOL_SIZE 4095u
#define HARNESS_THREADS_POOL_SIZE 12000u
extern uint32_t harness_pool_size;

void harness_open(struct harness *h, const HARNESS_CONFIG *config, bool active);
/* Fails the test if an mbuf was lost. */
void harness_close(struct harness *h);

/* ---- running ---------------------------------------------------------------------------- */

/* A packet of raw octets. */
struct rte_mbuf *harness_raw(struct harness *h, const void *bytes, uint16_t size);
/* Pushes an 802.1Q tag. */
void harness_tag(struct rte_mbuf *m, uint16_t vlan);

/* Gives a packet to the NF's burst function as if it came in on a side of a worker; its tag, which it has if the side
 * has one, is taken off first. Nothing else runs. */
void harness_receive(struct harness *h, uint8_t side, struct rte_mbuf *m, uint16_t worker);
/* Hands over until nothing is between workers, and commits. */
void harness_deliver(struct harness *h);
/* The same, and ARP requests of the NF are answered, until nothing moves any more. */
void harness_settle(struct harness *h);

/* Moves time on and runs the timers of all workers. */
void harness_wait(struct harness *h, uint64_t ns);

/* The next packet that left on a side, the caller's; NULL: none. The tag, if the side has one, is checked
 * and taken off. */
struct rte_mbuf *harness_take_mbuf(struct harness *h, uint8_t side);
/* Frees what left on a side. */
void harness_drain(struct harness *h, uint8_t side);
/* Fails the test if any packet left. */
void harness_nothing_left(struct harness *h);

/* How often a packet that a worker received was handed over until it came to rest. */
uint64_t harness_hops(struct harness *h, uint8_t side, struct rte_mbuf *m, uint16_t worker);

/* ---- looking in --------------------------------------------------------------------------- */

uint64_t harness_counter(const struct harness *h, unsigned int counter);
/* Packets of the pool that are not in it. */
uint32_t harness_in_use(const struct harness *h);
/* All tables but those of a name; NULL: all. Each slot with its head, so who only begins to write is seen, too. */
uint64_t harness_digest_without(const struct harness *h, const char *table);

/* What a test looks at before a packet that is refused. */
struct harness_before {
	unsigned int counter;
	uint64_t count, digest;
};
struct harness_before harness_before(const struct harness *h, unsigned int counter);
/* Fails the test if anything left, the counter did not count exactly one, or any table changed. */
void harness_was_refused(struct harness *h, const struct harness_before *before);

#endif
