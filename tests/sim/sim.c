/* SPDX-License-Identifier: Apache-2.0 */
/* sim: replays runs of the simulator. */
#include "world.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static struct world world;

static int
usage(void)
{
	fprintf(stderr, "usage: sim [--seed N] [--runs N] [--clean] [--moves N] [--lag-us N] "
			"[--controls BITS]\n"
			"           [--fault KIND,STATE,DELAY_US,DURATION_US | "
			"KIND,@EFFECT,DURATION_US]... [--verbose]\n");
	return 2;
}

static int
run_all(struct options *options, uint64_t runs)
{
	uint64_t n_failed = 0, steps = 0, packets = 0;
	uint32_t results[RESULT_FAILED + 1] = {0};

	for (uint64_t i = 0; i < runs; i++, options->seed++) {
		bool ok = run(&world, options);

		steps += world.steps;
		packets += world.oracle.n_sent;
		if (ok) {
			results[world.result]++;
			continue;
		}
		n_failed++;
		printf("seed %llu: %s\n", (unsigned long long)options->seed, world.what);
	}
	for (unsigned i = 0; i <= RESULT_FAILED; i++)
		printf("%s %u  ", session_result_name((enum session_result)i), results[i]);
	printf("violations %llu, %.0f steps and %.0f packets a run\n", (unsigned long long)n_failed,
	       (double)steps / (double)runs, (double)packets / (double)runs);
	return n_failed != 0;
}

static bool
parse_fault(struct options *options, uint32_t n, const char *text)
{
	struct fault *f = &options->faults[n % SIM_MAX_FAULTS];
	unsigned kind, state;
	unsigned long long delay, duration;

	if (sscanf(text, "%u,@%u,%llu", &kind, &state, &duration) == 3 && kind < N_FAULTS) {
		*f = (struct fault){.kind = (enum fault_kind)kind,
				    .at_effect = true,
				    .effect = state,
				    .duration_ns = US(duration)};
		return true;
	}
	if (sscanf(text, "%u,%u,%llu,%llu", &kind, &state, &delay, &duration) != 4 ||
	    kind >= N_FAULTS)
		return false;
	*f = (struct fault){.kind = (enum fault_kind)kind,
			    .delay_ns = US(delay),
			    .duration_ns = US(duration),
			    .state = (enum session_state)state};
	return true;
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"seed", required_argument, NULL, 's'},
		{"runs", required_argument, NULL, 'n'},
		{"clean", no_argument, NULL, 'c'},
		{"hold", required_argument, NULL, 'h'},
		{"moves", required_argument, NULL, 'm'},
		{"lag-us", required_argument, NULL, 'l'},
		{"source-gone-us", required_argument, NULL, 'g'},
		{"controls", required_argument, NULL, 'x'},
		{"fault", required_argument, NULL, 'f'},
		{"verbose", no_argument, NULL, 'v'},
		{0},
	};
	struct options options = {.seed = 1, .random_faults = true};
	uint64_t runs = 1;
	uint32_t n_faults = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			runs = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			options.random_faults = false;
			break;
		case 'm':
			options.n_moves = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'l':
			options.keep_lag = true;
			options.lag_ns = US(strtoull(optarg, NULL, 0));
			break;
		case 'g':
			options.source_gone_ns = US(strtoull(optarg, NULL, 0));
			break;
		case 'x':
			options.controls = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'f':
			options.random_faults = false;
			if (!parse_fault(&options, n_faults++, optarg))
				return usage();
			break;
		case 'h':
			options.hold_capacity = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'v':
			options.verbose = true;
			break;
		default:
			return usage();
		}
	}
	return run_all(&options, runs);
}
