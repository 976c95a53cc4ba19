/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program around an NF: command line, EAL, ports, agent, workers, the main loop and the
 * telemetry of its counters. An NF gives the functions that are its own and calls nf_program_run()
 * from main(). Everything here belongs to the main thread; one program a process.
 */
#ifndef NF_PROGRAM_H
#define NF_PROGRAM_H

#include <stdint.h>

#include "command.h"
#include "settings.h"
#include "slim.h"
#include "spread.h"
#include "worker.h"

/* What the program needs from the NF's configuration. */
struct nf_loaded {
	const struct nf_settings *settings; /* as long as the program lives */
	char identity[SLIM_IDENTITY_SIZE];
	struct nf_spread spreads[NF_MAX_SIDES]
				[NF_MAX_SPREADS]; /* where packets show their bucket */
	uint32_t n_kept; /* packets that the NF keeps for itself at most, per worker */
};

struct nf_program {
	const char *kind;                       /* "slim-nat" */
	const char *help;                       /* what it is, in a line */
	const char *telemetry;                  /* "/slim/nat/counters" */
	const char *sizes;                      /* settings to lower when memory does not suffice */
	const struct nf_counter_name *counters; /* from NF_N_COUNTERS on */
	unsigned int n_counters;                /* all of them, with those of counter.h */

	const struct nf_command *commands; /* of the control socket; ends with a name NULL */
	size_t workspace_size;             /* as in control.h */

	size_t nf_size; /* of what all workers share; `nf` below, and what commands find as such */
	size_t worker_size; /* of what each has for itself; `self`. Both begin with zeros */

	/* Reads the configuration file, keeps it and tells what of it the program needs. Negative errno
	 * and the reason in `error`. */
	int (*load)(const char *path, struct nf_loaded *ret, char error[NF_CONFIG_ERROR_SIZE]);
	/* Takes the memory of tables, once the EAL runs. */
	int (*init)(void *nf, uint64_t seed);
	/* Opens the files that it writes: after init, and again at SIGHUP, when a failure leaves what was open. Says itself
	 * what is wrong; negative errno. NULL: it has none, and SIGHUP ends the program. */
	int (*open_files)(void *nf);
	/* Writes a part of what waits for them, bounded; in each round of the main loop, and once the workers have
	 * ended until it returns 0. NULL: nothing. */
	uint32_t (*write_files)(void *nf);
	/* A job came back that the NF itself had put into the mailbox of a worker, with NF_SENDER_NF. Main thread. NULL: it
	 * puts none. */
	void (*job_done)(void *nf, uint16_t worker, const struct nf_job *job);
	/* Declares its tables to an agent that is created but not started. */
	int (*create_tables)(void *nf, struct slim_agent *agent);
	/* Sets `ops` and `self` of a worker whose agent runs. */
	int (*init_worker)(void *self, void *nf, struct nf_worker *worker);
	/* Frees what a worker has; also if it was never set up. NULL: nothing. */
	void (*fini_worker)(void *self);
	/* Frees all; also after an init that failed half-way. */
	void (*fini)(void *nf);
};

/* Runs until SIGINT or SIGTERM. Returns the exit status: 2 for a wrong command line or
 * configuration. */
int nf_program_run(const struct nf_program *program, int argc, char **argv);

#endif
