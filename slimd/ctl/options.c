/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "units.h"

#define DEFAULT_SERVER "unix:/run/slim/slimd.sock"
#define DEFAULT_STEERING "unix:/run/slim/ofctld.sock"
#define DEFAULT_LIMIT 20u
#define DEFAULT_TOLERANCE_NS UINT64_C(1000000000)

/* Faults of proto/slim_shm.h (enum slim_fault), for negative controls. */
static const char *const faults[] = {"no-hold",     "no-flush-round", "no-redirect",
				     "kill-at-end", "stop-at-end",    "no-handover"};

struct option {
	const char *name;
	const char *value; /* as in usage; NULL: a flag */
	uint32_t bit;
	bool (*take)(struct options *options, const char *value);
	const char *summary;
};

/* ---- values --------------------------------------------------------------------- */

static bool
take_server(struct options *options, const char *value)
{
	if (options->n_servers == OPTIONS_MAX_SERVERS)
		return false;
	options->servers[options->n_servers++] = value;
	return true;
}

static bool
take_filter(struct options *options, const char *value)
{
	if (options->n_filters == OPTIONS_MAX_FILTERS || strchr(value, '=') == NULL)
		return false;
	options->filters[options->n_filters++] = value;
	return true;
}

static bool
take_fault(struct options *options, const char *value)
{
	unsigned i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(value, faults[i]) == 0) {
			options->fault |= 1u << i;
			return true;
		}
	}
	return false;
}

#define TAKE_TEXT(name, member)                                             \
	static bool take_##name(struct options *options, const char *value) \
	{                                                                   \
		options->member = value;                                    \
		return value[0] != '\0';                                    \
	}
#define TAKE_FLAG(name)                                                     \
	static bool take_##name(struct options *options, const char *value) \
	{                                                                   \
		(void)value;                                                \
		options->name = true;                                       \
		return true;                                                \
	}
#define TAKE_TIME(name, member)                                             \
	static bool take_##name(struct options *options, const char *value) \
	{                                                                   \
		return units_parse_time(value, &options->member) == 0;      \
	}
#define TAKE_SIZE(name, member)                                             \
	static bool take_##name(struct options *options, const char *value) \
	{                                                                   \
		return units_parse_size(value, &options->member) == 0;      \
	}

TAKE_TEXT(steering, steering)
TAKE_TEXT(ca, tls.ca)
TAKE_TEXT(cert, tls.cert)
TAKE_TEXT(tls_key, tls.key)
TAKE_TEXT(tls_name, tls_name)
TAKE_TEXT(to, to)
TAKE_TEXT(key, key)
TAKE_TEXT(table, table)
TAKE_FLAG(json)
TAKE_FLAG(watch)
TAKE_FLAG(dry_run)
TAKE_FLAG(no_wait)
TAKE_FLAG(compress)
TAKE_FLAG(force)
TAKE_FLAG(help)
TAKE_TIME(max_hold, max_hold_ns)
TAKE_TIME(timeout, timeout_ns)
TAKE_TIME(tolerance, tolerance_ns)
TAKE_SIZE(max_bandwidth, max_bandwidth)
TAKE_SIZE(limit, limit)

static const struct option all_options[] = {
	{"--server", "ADDR", OPTION_SERVER, take_server,
	 "slimd: unix:/path or host:port (SLIM_SERVER; default " DEFAULT_SERVER ")"},
	{"--address", "ADDR", OPTION_SERVER, take_server, NULL}, /* another name of --server */
	{"--steering", "ADDR", OPTION_STEERING, take_steering,
	 "slim-ofctld (SLIM_STEERING; default " DEFAULT_STEERING ")"},
	{"--to", "HOST[:NF]", OPTION_TO, take_to,
	 "where to; without NF: the only standby instance of the service there"},
	{"--dry-run", NULL, OPTION_DRY_RUN, take_dry_run,
	 "only check; tell every reason against it"},
	{"--max-hold", "T", OPTION_MAX_HOLD, take_max_hold, "downtime budget: 500us, 10ms"},
	{"--max-bandwidth", "R", OPTION_MAX_BANDWIDTH, take_max_bandwidth,
	 "of the copy, bytes a second: 100M"},
	{"--compress", NULL, OPTION_COMPRESS, take_compress,
	 "the rows, by lz4, if the other host knows it: for slow links"},
	{"--force", NULL, OPTION_FORCE, take_force, "also when something may be lost by it"},
	{"--timeout", "T", OPTION_TIMEOUT, take_timeout, "of the whole job: 30s"},
	{"--key", "TEXT", OPTION_KEY, take_key,
	 "idempotency key: the same key gives the same job, however often it is asked for"},
	{"--no-wait", NULL, OPTION_NO_WAIT, take_no_wait, "print the job and leave it running"},
	{"--watch", NULL, OPTION_WATCH, take_watch, "print every change, one line each"},
	{"--fault", "NAME", OPTION_FAULT, take_fault,
	 "for tests: no-hold, no-flush-round, no-redirect, kill-at-end, stop-at-end, "
	 "no-handover (slimd --allow-faults)"},
	{"--filter", "FIELD=VALUE", OPTION_FILTER, take_filter,
	 "only rows like this; addresses may have a prefix length; more filters: all must match"},
	{"--table", "TABLE", OPTION_TABLE, take_table, "which table, when the NF has several"},
	{"--limit", "N", OPTION_LIMIT, take_limit, "differences to print (20)"},
	{"--tolerance", "T", OPTION_TOLERANCE, take_tolerance,
	 "times that differ by no more are equal (1s): the hosts' clocks differ"},
	{"--json", NULL, OPTION_JSON, take_json, "one JSON object a line"},
	{"--tls-ca", "FILE", OPTION_TLS, take_ca, "for host:port addresses (SLIM_TLS_CA)"},
	{"--tls-cert", "FILE", OPTION_TLS, take_cert, "own certificate (SLIM_TLS_CERT)"},
	{"--tls-key", "FILE", OPTION_TLS, take_tls_key, "its key (SLIM_TLS_KEY)"},
	{"--tls-name", "NAME", OPTION_TLS, take_tls_name,
	 "name in the server's certificate, when it is not the address"},
	{"--help", NULL, OPTION_HELP, take_help, "this"},
};
#define N_OPTIONS (sizeof(all_options) / sizeof(all_options[0]))

/* ---- parsing ---------------------------------------------------------------------- */

/* `word` may be --name or --name=value. */
static const struct option *
find_option(const char *word, size_t *ret_length)
{
	size_t i, n = strcspn(word, "=");

	for (i = 0; i < N_OPTIONS; i++) {
		if (strlen(all_options[i].name) == n && memcmp(all_options[i].name, word, n) == 0) {
			*ret_length = n;
			return &all_options[i];
		}
	}
	return NULL;
}

/* Takes the option at argv[*at] and its value. False: `error` is set. */
static bool
take_option(struct options *options, int argc, char *const *argv, int *at, uint32_t *given,
	    char error[OPTIONS_ERROR_SIZE])
{
	const char *word = argv[*at], *value = NULL;
	const struct option *option;
	size_t length;

	option = find_option(word, &length);
	if (option == NULL) {
		snprintf(error, OPTIONS_ERROR_SIZE, "unknown option %.100s", word);
		return false;
	}
	if (word[length] == '=')
		value = word + length + 1;
	else if (option->value != NULL && *at + 1 < argc)
		value = argv[++*at];
	if ((option->value != NULL) != (value != NULL)) {
		snprintf(error, OPTIONS_ERROR_SIZE, "%s %s", option->name,
			 option->value != NULL ? "needs a value" : "takes no value");
		return false;
	}
	if (!option->take(options, value)) {
		snprintf(error, OPTIONS_ERROR_SIZE, "%s: \"%.100s\" is not %s", option->name, value,
			 option->value);
		return false;
	}
	*given |= option->bit;
	return true;
}

static bool
collect(struct options *options, int argc, char *const *argv, uint32_t *given,
	char error[OPTIONS_ERROR_SIZE])
{
	bool only_words = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if (!only_words && strncmp(argv[i], "--", 2) == 0) {
			if (!take_option(options, argc, argv, &i, given, error))
				return false;
		} else if (options->n_args < OPTIONS_MAX_ARGS) {
			options->args[options->n_args++] = argv[i];
		} else {
			snprintf(error, OPTIONS_ERROR_SIZE, "too many words");
			return false;
		}
	}
	return true;
}

static const char *
from_environment(const char *value, const char *name, const char *otherwise)
{
	const char *given = getenv(name);

	if (value != NULL)
		return value;
	return given != NULL && given[0] != '\0' ? given : otherwise;
}

static void
fill_defaults(struct options *options)
{
	const char *server = from_environment(NULL, "SLIM_SERVER", DEFAULT_SERVER);
	const char *steering = from_environment(NULL, "SLIM_STEERING", DEFAULT_STEERING);

	/* Somebody who gives --server to a steering command means slim-ofctld. */
	if (options->steering == NULL)
		options->steering = options->n_servers > 0 ? options->servers[0] : steering;
	if (options->n_servers == 0)
		options->servers[options->n_servers++] = server;
	options->tls.ca = from_environment(options->tls.ca, "SLIM_TLS_CA", NULL);
	options->tls.cert = from_environment(options->tls.cert, "SLIM_TLS_CERT", NULL);
	options->tls.key = from_environment(options->tls.key, "SLIM_TLS_KEY", NULL);
}

static const struct command *
find_command(const struct command *table, const struct options *options, unsigned *ret_words,
	     char error[OPTIONS_ERROR_SIZE])
{
	const char *noun = options->args[0], *verb = options->n_args > 1 ? options->args[1] : NULL;
	const struct command *command;
	bool known = false;

	for (command = table; command->noun != NULL; command++) {
		if (strcmp(command->noun, noun) != 0)
			continue;
		known = true;
		*ret_words = command->verb != NULL ? 2 : 1;
		if (command->verb == NULL || (verb != NULL && strcmp(command->verb, verb) == 0))
			return command;
	}
	if (!known)
		snprintf(error, OPTIONS_ERROR_SIZE, "unknown command \"%.60s\"", noun);
	else if (verb == NULL)
		snprintf(error, OPTIONS_ERROR_SIZE, "\"%.60s\" needs a verb", noun);
	else
		snprintf(error, OPTIONS_ERROR_SIZE, "unknown command \"%.60s %.60s\"", noun, verb);
	return NULL;
}

static const char *
option_name(uint32_t bit)
{
	size_t i;

	for (i = 0; i < N_OPTIONS; i++)
		if (all_options[i].bit & bit)
			return all_options[i].name;
	return "?";
}

static bool
check_fit(const struct command *command, const struct options *options, uint32_t given,
	  char error[OPTIONS_ERROR_SIZE])
{
	/* Everybody may name the server, so that it can be set once for a script. */
	uint32_t wrong = given & ~(command->options | OPTIONS_ALWAYS | OPTION_SERVER);

	if (wrong != 0)
		snprintf(error, OPTIONS_ERROR_SIZE, "this command does not take %s",
			 option_name(wrong & -wrong));
	else if ((command->needed & ~given) != 0)
		snprintf(error, OPTIONS_ERROR_SIZE, "%s is missing",
			 option_name(command->needed & ~given));
	else if (options->n_args < command->min_args)
		snprintf(error, OPTIONS_ERROR_SIZE, "there is a word missing: %s", command->args);
	else if (options->n_args > command->max_args)
		snprintf(error, OPTIONS_ERROR_SIZE, "too many words: \"%.60s\"",
			 options->args[command->max_args]);
	else
		return true;
	return false;
}

/* "slimctl help migrate" is "slimctl migrate --help". */
static void
take_help_word(struct options *options)
{
	if (options->n_args == 0 || strcmp(options->args[0], "help") != 0)
		return;
	options->help = true;
	options->n_args--;
	memmove(options->args, options->args + 1, options->n_args * sizeof(options->args[0]));
}

const struct command *
options_parse(const struct command *table, int argc, char *const *argv, struct options *ret,
	      char error[OPTIONS_ERROR_SIZE])
{
	const struct command *command;
	unsigned n_words = 0;
	uint32_t given = 0;

	*ret = (struct options){.limit = DEFAULT_LIMIT, .tolerance_ns = DEFAULT_TOLERANCE_NS};
	error[0] = '\0';
	if (!collect(ret, argc, argv, &given, error))
		return NULL;
	take_help_word(ret);
	if (ret->n_args == 0)
		return NULL;
	command = find_command(table, ret, &n_words, error);
	if (command == NULL)
		return NULL;
	ret->n_args -= n_words;
	memmove(ret->args, ret->args + n_words, ret->n_args * sizeof(ret->args[0]));
	fill_defaults(ret);
	if (!ret->help && !check_fit(command, ret, given, error))
		return NULL;
	return command;
}

/* ---- usage ---------------------------------------------------------------------------- */

static int
print_words(FILE *out, const struct command *command)
{
	return fprintf(out, "%s%s%s%s%s", command->noun, command->verb != NULL ? " " : "",
		       command->verb != NULL ? command->verb : "",
		       command->args[0] != '\0' ? " " : "", command->args);
}

static void
print_options(FILE *out, uint32_t bits)
{
	const struct option *option;
	char left[48];
	size_t i;

	for (i = 0; i < N_OPTIONS; i++) {
		option = &all_options[i];
		if ((option->bit & bits) == 0 || option->summary == NULL)
			continue;
		snprintf(left, sizeof(left), "%s %s", option->name,
			 option->value != NULL ? option->value : "");
		fprintf(out, "  %-24s %s\n", left, option->summary);
	}
}

void
options_print_usage(FILE *out, const struct command *table)
{
	const struct command *command;
	int n;

	fprintf(out, "usage: slimctl [OPTION...] COMMAND\n\n");
	for (command = table; command->noun != NULL; command++) {
		fprintf(out, "  ");
		n = print_words(out, command);
		fprintf(out, "%*s %s\n", n < 34 ? 34 - n : 0, "", command->summary);
	}
	fprintf(out, "\nfor all commands:\n");
	print_options(out, OPTIONS_ALWAYS | OPTION_SERVER | OPTION_STEERING);
	fprintf(out, "\nslimctl help COMMAND tells its options.\n"
		     "Exit codes: 0 complete, 1 usage, 2 unreachable, 3 refused, 4 aborted, 5 "
		     "timed out, "
		     "6 failed, 7 cancelled, 8 differ.\n");
}

void
options_print_command(FILE *out, const struct command *command)
{
	fprintf(out, "usage: slimctl ");
	print_words(out, command);
	fprintf(out, " [OPTION...]\n%s\n\n", command->summary);
	print_options(out, command->options | OPTIONS_ALWAYS | OPTION_SERVER);
}
