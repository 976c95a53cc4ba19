/* SPDX-License-Identifier: Apache-2.0 */
/* slim-gen: EAL, options, signals; the rest is gen.c. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "gen.h"

#define EXIT_VOID 3 /* there is a result, and it says nothing */

static volatile int stop;

static void
on_signal(int number)
{
	stop = number;
}

static bool
wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return argc < 2;
}

int
main(int argc, char **argv)
{
	struct options options;
	int n;

	if (wants_help(argc, argv)) {
		options_print_usage();
		return 0;
	}
	n = rte_eal_init(argc, argv);
	if (n < 0) {
		fprintf(stderr, "slim-gen: EAL: %s\n", rte_strerror(rte_errno));
		return 2;
	}
	if (options_parse(argc - n, argv + n, &options) < 0)
		return 2;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	n = gen_run(&options, &stop);
	rte_eal_cleanup();
	return n == GEN_VOID ? EXIT_VOID : n == 0 ? 0 : 1;
}
