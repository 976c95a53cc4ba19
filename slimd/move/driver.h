/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver: runs the sessions of this daemon. It turns facts (control zones,
 * peer frames, steering answers, time) into events of the session core, and
 * the core's effects into deeds. It decides nothing about the protocol.
 *
 * While a session runs, driver_poll() must be called again and again; it tells how soon.
 * One thread: that of the event loop.
 */
#ifndef SLIMD_MOVE_DRIVER_H
#define SLIMD_MOVE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver_config.h"
#include "job.h"
#include "nf_registry.h"

struct driver;

int driver_create(const struct driver_config *config, struct driver **ret_driver);
void driver_destroy(struct driver *driver);

/* Reads the journals of sessions that were under way when the daemon ended. Each is taken up
 * when its NF registers again. */
int driver_replay(struct driver *driver);

struct driver_move {
	const char *nf;
	const char *to_host;
	const char *to_nf; /* "" any */
	const char *key;   /* idempotency key, "" none */
	bool dry_run;
	uint64_t max_hold_ns;   /* 0: default */
	uint64_t max_bandwidth; /* bytes a second; 0: no limit */
	uint64_t timeout_ns;    /* 0: default */
	uint32_t fault;         /* enum slim_fault bits */
	bool compress;          /* lz4, if the peer knows it; false: default */
};

/* Begins a move. Always gives a job, if need be one that is refused already, with all the reasons;
 * the same key gives the same job. NULL: too many jobs are running. */
struct job *driver_migrate(struct driver *driver, const struct driver_move *move);

/* The job that has the move's key but was asked for something else: a mistake of who asks, and to be
 * refused. NULL: none. */
const struct job *driver_other_job(struct driver *driver, const struct driver_move *move);

/* Asks a job's session to end. Without `force` only where that risks nothing. With it every session
 * ends, of either side.
 *
 *   0          it is under way; `ret_text`: what `force` risks, "" when nothing is at risk
 *   -ENOENT    no such job
 *   -EALREADY  the job has ended
 *   -EBUSY     nothing was done; `ret_text` says why, and what can be done
 *
 * `ret_text` holds SLIM_REASON_SIZE bytes and is always set. */
int driver_cancel(struct driver *driver, const char *job_id, bool force, char *ret_text);

struct job_list *driver_jobs(struct driver *driver);

uint64_t driver_protocol_errors(const struct driver *driver, enum driver_protocol_error error);

/* Journals that could not be read or understood at the start. */
size_t driver_n_left(const struct driver *driver);

/* Is a session (of either side) working on this NF? */
bool driver_is_busy(const struct driver *driver, const struct nf *nf);

/* Does a session hold packets now, or take them over? Then what can wait does, for 20 ms at most. NULL: no. */
bool driver_holds(const struct driver *driver);

/* ---- facts, from main.c's wiring --------------------------------------------------- */

void driver_nf_up(struct driver *driver, struct nf *nf);
void driver_nf_down(struct driver *driver, struct nf *nf);
void driver_peer_up(struct driver *driver, struct peer_conn *conn);
void driver_peer_down(struct driver *driver, struct peer_conn *conn, uint32_t reason);
/* A dial has failed. */
void driver_peer_unreachable(struct driver *driver, const char *host, uint32_t reason);
void driver_steered(struct driver *driver, uint64_t session, enum controller_verb verb,
		    const struct controller_answer *answer);
void driver_peer_frame(struct driver *driver, struct peer_conn *conn,
		       const Slim__Peer__V1__Frame *frame);

#define DRIVER_IDLE UINT64_MAX
#define DRIVER_YIELD UINT64_C(1)

/* One round of all sessions. Returns how long the caller may sleep, in nanoseconds:
 * DRIVER_IDLE when there is nothing to poll for; DRIVER_YIELD while a hold waits for this daemon: others may
 * have the processor, and as soon as nobody wants it, the caller comes again. */
uint64_t driver_poll(struct driver *driver);

#endif
