/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of slimctl: words, options, and the table of commands.
 *
 *	slimctl [OPTION...] NOUN [VERB] [ARGUMENT...]
 *
 * Options may stand anywhere. Which command takes which option is in the table; usage is
 * printed from it.
 */
#ifndef SLIMCTL_OPTIONS_H
#define SLIMCTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "rpc.h"

#define OPTIONS_MAX_ARGS 8u
#define OPTIONS_MAX_FILTERS 16u
#define OPTIONS_MAX_SERVERS 2u
#define OPTIONS_ERROR_SIZE 256u

/* Exit codes; part of the interface. */
enum exit_code {
	EXIT_COMPLETE = 0,
	EXIT_USAGE = 1,
	EXIT_UNREACHABLE = 2,
	EXIT_REFUSED = 3,
	EXIT_ABORTED = 4,
	EXIT_TIMED_OUT = 5,
	EXIT_FAILED = 6,
	EXIT_CANCELLED = 7,
	EXIT_DIFFER = 8,
};

/* One bit for each option. */
enum option_bit {
	OPTION_SERVER = 1u << 0,
	OPTION_STEERING = 1u << 1,
	OPTION_TLS = 1u << 2,
	OPTION_JSON = 1u << 3,
	OPTION_WATCH = 1u << 4,
	OPTION_TO = 1u << 5,
	OPTION_DRY_RUN = 1u << 6,
	OPTION_MAX_HOLD = 1u << 7,
	OPTION_MAX_BANDWIDTH = 1u << 8,
	OPTION_TIMEOUT = 1u << 9,
	OPTION_KEY = 1u << 10,
	OPTION_FILTER = 1u << 11,
	OPTION_TABLE = 1u << 12,
	OPTION_LIMIT = 1u << 13,
	OPTION_TOLERANCE = 1u << 14,
	OPTION_NO_WAIT = 1u << 15,
	OPTION_FAULT = 1u << 16,
	OPTION_HELP = 1u << 17,
	OPTION_COMPRESS = 1u << 18,
	OPTION_FORCE = 1u << 19,
};
#define OPTIONS_ALWAYS (OPTION_TLS | OPTION_JSON | OPTION_HELP)

struct options {
	const char *servers[OPTIONS_MAX_SERVERS];
	unsigned n_servers;
	const char *steering;
	struct tls_files tls;
	const char *tls_name; /* of the server, when it is not that of the address */
	bool json, watch, dry_run, no_wait, compress, force, help;
	const char *to;
	uint64_t max_hold_ns, max_bandwidth, timeout_ns, tolerance_ns;
	const char *key;
	const char *filters[OPTIONS_MAX_FILTERS];
	unsigned n_filters;
	const char *table;
	uint64_t limit;
	uint32_t fault;
	const char *args[OPTIONS_MAX_ARGS];
	unsigned n_args;
};

struct command {
	const char *noun;
	const char *verb; /* NULL: the noun is the command */
	const char *args; /* as in usage: "NF [TABLE]" */
	unsigned min_args, max_args;
	uint32_t options;                          /* besides OPTIONS_ALWAYS */
	uint32_t needed;                           /* of these */
	int (*run)(const struct options *options); /* gives an exit code */
	const char *summary;
};

/* Ends with an entry without noun. */
extern const struct command commands[];

/* Finds the command and fills `ret`. NULL: no command; `error` tells why, or is empty when
 * there were no words at all. Environment: SLIM_SERVER, SLIM_STEERING, SLIM_TLS_CA, SLIM_TLS_CERT,
 * SLIM_TLS_KEY give what the options do not. */
const struct command *options_parse(const struct command *table, int argc, char *const *argv,
				    struct options *ret, char error[OPTIONS_ERROR_SIZE]);

/* All commands; those of one noun; or one command with its options. */
void options_print_usage(FILE *out, const struct command *table);
void options_print_command(FILE *out, const struct command *command);

#endif
