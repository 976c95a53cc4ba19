/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of an NF: `PROGRAM [EAL options] -- --config FILE [--standby]`.
 * Without "--" all options are the program's own, so that --check-config,
 * --help and --version work without the EAL.
 */
#ifndef NF_ARGS_H
#define NF_ARGS_H

#include <stdbool.h>

enum nf_action { NF_ACTION_RUN = 1, NF_ACTION_CHECK_CONFIG, NF_ACTION_HELP, NF_ACTION_VERSION };

struct nf_args {
	enum nf_action action;
	const char *config; /* file; NULL only for help and version */
	bool standby;       /* start with a closed gate */
	int eal_argc;       /* for rte_eal_init(): the program's name and the EAL options */
	char **eal_argv;
};

/* -EINVAL after a message on stderr. Points into argv, which it changes. */
int nf_args_parse(struct nf_args *args, int argc, char **argv);

void nf_args_print_usage(const char *program, const char *what);

/* Starts the EAL and checks that it has `n_workers` worker lcores beside the main one.
 * Negative errno after a message on stderr. */
int nf_eal_start(const struct nf_args *args, unsigned int n_workers);

#endif
