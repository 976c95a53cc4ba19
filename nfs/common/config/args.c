/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of an NF; see args.h. Main thread. */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

static const struct {
	struct option option;
	const char *argument;
	const char *text;
} options[] = {
	{{"config", required_argument, NULL, 'c'}, "FILE", "configuration (YAML)"},
	{{"standby", no_argument, NULL, 's'}, "", "start as a standby that serves nothing"},
	{{"check-config", no_argument, NULL, 'k'}, "", "check the configuration and leave"},
	{{"version", no_argument, NULL, 'v'}, "", "print the version"},
	{{"help", no_argument, NULL, 'h'}, "", "print this"},
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

void
nf_args_print_usage(const char *program, const char *what)
{
	printf("%s: %s\n\nusage: %s [EAL options --] OPTIONS\n\n", program, what, program);
	for (size_t i = 0; i < N_OPTIONS; i++)
		printf("  --%s %s\t%s\n", options[i].option.name, options[i].argument,
		       options[i].text);
	printf("\nEAL options (lcores, memory, devices) are those of DPDK.\n");
}

/* Splits at "--": what stands in front is the EAL's. */
static void
split(struct nf_args *args, int argc, char **argv, int *ret_argc, char ***ret_argv)
{
	args->eal_argc = 1;
	args->eal_argv = argv;
	*ret_argc = argc;
	*ret_argv = argv;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		args->eal_argc = i;
		argv[i] = argv[0]; /* the program's name again, for getopt */
		*ret_argc = argc - i;
		*ret_argv = argv + i;
		return;
	}
}

int
nf_args_parse(struct nf_args *args, int argc, char **argv)
{
	struct option longs[N_OPTIONS + 1] = {0};
	char **own;
	int n, c;

	*args = (struct nf_args){.action = NF_ACTION_RUN};
	for (size_t i = 0; i < N_OPTIONS; i++)
		longs[i] = options[i].option;
	split(args, argc, argv, &n, &own);
	optind = 0;
	while ((c = getopt_long(n, own, "", longs, NULL)) != -1) {
		if (c == 'c')
			args->config = optarg;
		else if (c == 's')
			args->standby = true;
		else if (c == 'k')
			args->action = NF_ACTION_CHECK_CONFIG;
		else if (c == 'v')
			args->action = NF_ACTION_VERSION;
		else if (c == 'h')
			args->action = NF_ACTION_HELP;
		else
			return -EINVAL;
	}
	if (optind < n) {
		fprintf(stderr, "%s: what is '%s'? (EAL options need a '--' behind them)\n", own[0],
			own[optind]);
		return -EINVAL;
	}
	if (args->config == NULL && args->action <= NF_ACTION_CHECK_CONFIG) {
		fprintf(stderr, "%s: --config FILE is missing\n", own[0]);
		return -EINVAL;
	}
	return 0;
}

int
nf_eal_start(const struct nf_args *args, unsigned int n_workers)
{
	if (rte_eal_init(args->eal_argc, args->eal_argv) < 0) {
		fprintf(stderr, "EAL: %s\n", rte_strerror(rte_errno));
		return -rte_errno;
	}
	if (rte_lcore_count() < n_workers + 1) {
		fprintf(stderr,
			"%u workers need %u lcores, one more for the main loop, but the EAL has "
			"%u: "
			"give e.g. --lcores '(0-%u)@(0-1)'\n",
			n_workers, n_workers + 1, rte_lcore_count(), n_workers);
		return -ERANGE;
	}
	return 0;
}
