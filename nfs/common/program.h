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
#include "convert.h"
#include "worker.h"
#include "side.h"
#include "slim.h"
#include "spread.h"

/* What the program needs from the NF's configuration. Pointers live as long as the program. */
struct nf_settings {
	const char *instance;
	const char *service;
	const char *agent_socket;   /* "": no slimd */
	const char *control_socket; /* NULL or "": none */
	char identity[SLIM_IDENTITY_SIZE];
	const struct nf_side *sides;
	uint8_t n_sides;
	struct nf_spread spreads[NF_MAX_SIDES][NF_MAX_SPREADS]; /* where packets show their bucket */
	uint16_t n_workers;
	uint32_t hold_capacity;
	uint32_t n_kept; /* packets that the NF keeps for itself at most, per worker */
	uint32_t spin;   /* empty rounds before a worker sleeps */
	uint32_t sleep_ns;
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

	/* Reads the configuration file, keeps it and tells what of it the program needs. Negative errno
	 * and the reason in `error`. */
	int (*load)(const char *path, struct nf_settings *ret_settings,
		    char error[NF_CONFIG_ERROR_SIZE]);
	/* Takes the NF's memory, once the EAL runs. */
	int (*init)(uint64_t seed);
	/* Opens the files that it writes: after init, and again at SIGHUP, when a failure leaves what was open. Says itself
	 * what is wrong; negative errno. NULL: it has none, and SIGHUP ends the program. */
	int (*open_files)(void);
	/* Writes a part of what waits for them, bounded; in each round of the main loop, and once the workers have
	 * ended until it returns 0. NULL: nothing. */
	uint32_t (*write_files)(void);
	/* Declares its tables to an agent that is created but not started. */
	int (*create_tables)(struct slim_agent *agent);
	/* Sets `ops` and `self` of a worker whose agent runs. */
	int (*init_worker)(struct nf_worker *worker);
	/* What commands find as `nf`. */
	void *(*nf)(void);
	/* Frees all; also after an init that failed half-way. */
	void (*fini)(void);
};

/* Runs until SIGINT or SIGTERM. Returns the exit status: 2 for a wrong command line or
 * configuration. */
int nf_program_run(const struct nf_program *program, int argc, char **argv);

#endif
