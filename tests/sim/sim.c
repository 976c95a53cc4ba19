/* SPDX-License-Identifier: Apache-2.0 */
/* sim: many runs of the simulator, or one, told as a story. */
#include "world.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_JOBS 16u
#define MAX_TOLD 5u /* failing seeds that are made short */

/* What a process found. In memory that it shares with its parent. */
struct totals {
	uint64_t runs, steps, packets, failed;
	uint64_t results[RESULT_FAILED + 1];
	uint64_t struck[N_FAULTS][SESSION_N_STATES];
};

struct command {
	struct options options;
	uint64_t seeds;
	unsigned jobs;
	bool shrinks;
	bool coverage;
};

static struct world world;

static int
usage(void)
{
	fprintf(stderr,
		"usage: sim [--seeds N] [--seed FIRST] [--jobs N] [--coverage] [--no-shrink]\n"
		"           [--clean] [--services N] [--moves N] [--connections N] [--hold "
		"N]\n"
		"           [--lag-us N] [--source-gone-us N] [--steadfast] [--controls BITS]\n"
		"           [--fault KIND@SIDE-STATE+DELAY_US:DURATION_US[/SERVICE] |\n"
		"                    KIND@#CALL:DURATION_US]... [--verbose]\n");
	return 2;
}

/* ---- one seed -------------------------------------------------------------------------------- */

static void
print_command(const struct options *o)
{
	char text[160];

	printf("  sim --seed %" PRIu64, o->seed);
	if (o->keep_faults)
		printf(" --keep");
	if (o->n_services != 0)
		printf(" --services %u", o->n_services);
	if (o->n_moves != 0)
		printf(" --moves %u", o->n_moves);
	if (o->n_connections != 0)
		printf(" --connections %u", o->n_connections);
	if (o->hold_capacity != 0)
		printf(" --hold %u", o->hold_capacity);
	if (o->keep_lag)
		printf(" --lag-us %.3f", (double)o->lag_ns / 1e3);
	if (o->source_gone_ns != 0)
		printf(" --source-gone-us %.3f", (double)o->source_gone_ns / 1e3);
	if (o->steadfast)
		printf(" --steadfast");
	if (o->controls != 0)
		printf(" --controls %u", o->controls);
	for (uint32_t i = 0; i < SIM_MAX_FAULTS; i++) {
		if (o->faults[i].kind == FAULT_NONE)
			continue;
		fault_print(&o->faults[i], text, sizeof(text));
		printf(" --fault %s", text);
	}
	printf(" --verbose\n");
}

static void
report(const struct command *command, const struct options *failed, uint64_t n)
{
	struct options o = *failed;

	printf("seed %" PRIu64 ": %s\n", o.seed, world.what);
	if (command->shrinks && n <= MAX_TOLD) {
		shrink(&world, &o);
		print_command(&o);
	}
	fflush(stdout);
}

static void
add(struct totals *t)
{
	t->runs++;
	t->steps += world.steps;
	for (uint32_t i = 0; i < world.n_services; i++) {
		t->packets += world.services[i].oracle.n_sent;
		t->results[world.services[i].result]++;
	}
	for (unsigned f = 0; f < N_FAULTS; f++)
		for (unsigned s = 0; s < SESSION_N_STATES; s++)
			t->struck[f][s] += world.struck[f][s];
}

static void
run_some(const struct command *command, unsigned job, struct totals *t)
{
	eal_start();
	for (uint64_t i = job; i < command->seeds; i += command->jobs) {
		struct options o = command->options;
		bool ok;

		o.seed += i;
		ok = run(&world, &o);
		add(t);
		if (ok)
			continue;
		t->failed++;
		report(command, &o, t->failed);
	}
}

/* ---- all of them ---------------------------------------------------------------------------------- */

static const char *const phases[] = {"preflight", "prepare", "copy", "catch-up", "handover",
				     "steer",     "trail",   "undo", "done"};
#define N_PHASES (sizeof(phases) / sizeof(phases[0]))

static void
print_coverage(const struct totals *t)
{
	unsigned empty = 0;

	printf("\n%-26s %-10s", "fault", "component");
	for (unsigned p = 0; p < N_PHASES; p++)
		printf(" %9s", phases[p]);
	printf("\n");
	for (unsigned f = 1; f < N_FAULTS; f++) {
		printf("%-26s %-10s", fault_name((enum fault_kind)f),
		       fault_component((enum fault_kind)f));
		for (unsigned p = 0; p < N_PHASES; p++) {
			uint64_t n = 0;

			for (unsigned s = 0; s < SESSION_N_STATES; s++)
				if (strcmp(session_state_phase((enum session_state)s), phases[p]) ==
				    0)
					n += t->struck[f][s];
			empty += n == 0;
			printf(" %9" PRIu64, n);
		}
		printf("\n");
	}
	printf("%u of %zu places of this table are empty\n", empty,
	       (size_t)(N_FAULTS - 1) * N_PHASES);
}

static int
print_totals(const struct command *command, const struct totals *t)
{
	printf("%" PRIu64 " seeds, %" PRIu64 " steps, %" PRIu64 " packets: ", t->runs, t->steps,
	       t->packets);
	for (unsigned i = 0; i <= RESULT_FAILED; i++)
		printf("%s %" PRIu64 "  ", session_result_name((enum session_result)i),
		       t->results[i]);
	printf("violations %" PRIu64 "\n", t->failed);
	if (command->coverage)
		print_coverage(t);
	return t->failed != 0 || t->runs != command->seeds;
}

static void
sum(struct totals *all, const struct totals *t)
{
	const uint64_t *from = (const uint64_t *)t;
	uint64_t *to = (uint64_t *)all;

	for (size_t i = 0; i < sizeof(*t) / sizeof(uint64_t); i++)
		to[i] += from[i];
}

/* Processes, for an EAL is one a process, and before it starts. */
static int
run_all(const struct command *command)
{
	struct totals *totals = mmap(NULL, MAX_JOBS * sizeof(*totals), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct totals all = {0};
	int status, bad = 0;

	if (totals == MAP_FAILED)
		return 1;
	for (unsigned job = 0; job < command->jobs; job++) {
		if (fork() != 0)
			continue;
		run_some(command, job, &totals[job]);
		fflush(stdout);
		_exit(0);
	}
	while (wait(&status) > 0)
		bad |= status;
	for (unsigned job = 0; job < command->jobs; job++)
		sum(&all, &totals[job]);
	if (bad != 0)
		printf("a process has died: status %d\n", bad);
	return print_totals(command, &all) | (bad != 0);
}

/* ---- the command line --------------------------------------------------------------------------------- */

static const struct option longs[] = {
	{"seeds", required_argument, NULL, 'n'},
	{"seed", required_argument, NULL, 's'},
	{"jobs", required_argument, NULL, 'j'},
	{"coverage", no_argument, NULL, 'o'},
	{"no-shrink", no_argument, NULL, 'k'},
	{"clean", no_argument, NULL, 'c'},
	{"keep", no_argument, NULL, 'K'},
	{"services", required_argument, NULL, 'S'},
	{"moves", required_argument, NULL, 'm'},
	{"connections", required_argument, NULL, 'C'},
	{"hold", required_argument, NULL, 'h'},
	{"lag-us", required_argument, NULL, 'l'},
	{"source-gone-us", required_argument, NULL, 'g'},
	{"steadfast", no_argument, NULL, 'd'},
	{"controls", required_argument, NULL, 'x'},
	{"fault", required_argument, NULL, 'f'},
	{"verbose", no_argument, NULL, 'v'},
	{0},
};

static bool
add_fault(struct options *o, const char *text)
{
	for (uint32_t i = 0; i < SIM_MAX_FAULTS; i++)
		if (o->faults[i].kind == FAULT_NONE) {
			o->random_faults = o->keep_faults;
			return fault_parse(text, &o->faults[i]);
		}
	return false;
}

/* A story told in whole microseconds is another story. */
static uint64_t
ns_of(const char *us)
{
	return (uint64_t)(strtod(us, NULL) * 1e3 + 0.5);
}

static bool
take(struct command *command, int c, const char *text)
{
	struct options *o = &command->options;
	uint64_t n = text != NULL ? strtoull(text, NULL, 0) : 0;

	switch (c) {
	case 'n':
		command->seeds = n;
		return true;
	case 's':
		o->seed = n;
		return true;
	case 'j':
		command->jobs = n > MAX_JOBS ? MAX_JOBS : (unsigned)n;
		return n > 0;
	case 'o':
		return command->coverage = true;
	case 'k':
		command->shrinks = false;
		return true;
	case 'c':
		o->random_faults = false;
		return true;
	case 'K': /* draws as the run did that was made short, but takes the faults given */
		return o->random_faults = o->keep_faults = true;
	case 'S':
		o->n_services = (uint32_t)n;
		return n <= SIM_SERVICES;
	case 'm':
		o->n_moves = (uint32_t)n;
		return true;
	case 'C':
		o->n_connections = (uint32_t)n;
		return n <= SIM_MAX_CONNECTIONS;
	case 'h':
		o->hold_capacity = (uint32_t)n;
		return true;
	case 'l':
		o->keep_lag = true;
		o->lag_ns = ns_of(text);
		return true;
	case 'g':
		o->source_gone_ns = ns_of(text);
		return true;
	case 'd':
		return o->steadfast = true;
	case 'x':
		o->controls = (uint32_t)n;
		return true;
	case 'f':
		return add_fault(o, text);
	case 'v':
		return o->verbose = true;
	default:
		return false;
	}
}

int
main(int argc, char **argv)
{
	struct command command = {.options = {.seed = 1, .random_faults = true},
				  .seeds = 1,
				  .jobs = 1,
				  .shrinks = true};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (!take(&command, c, optarg))
			return usage();
	if (optind != argc)
		return usage();
	command.shrinks = command.shrinks && !command.options.verbose;
	return run_all(&command);
}
