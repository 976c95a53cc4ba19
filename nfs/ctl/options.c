/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	struct option option;
	const char *argument;
	const char *text;
} table[] = {
	{{"socket", required_argument, NULL, 's'},
	 "PATH",
	 "control socket of the network function"},
	{{"json", no_argument, NULL, 'j'}, "", "rows as JSON, one object a line"},
	{{"batch", required_argument, NULL, 'b'},
	 "FILE",
	 "requests from a file, one a line; -: standard input"},
	{{"timeout", required_argument, NULL, 't'}, "SECONDS", "how long to wait for an answer"},
	{{"version", no_argument, NULL, 'v'}, "", "print the version"},
	{{"help", no_argument, NULL, 'h'}, "", "print this"},
};

#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

void
options_print_usage(FILE *out)
{
	fputs("slim-nf: look into a running network function, and change its state\n\n"
	      "usage: slim-nf OPTIONS COMMAND...\n"
	      "       slim-nf OPTIONS --batch FILE\n\n",
	      out);
	for (size_t i = 0; i < N_OPTIONS; i++)
		fprintf(out, "  --%s %s\t%s\n", table[i].option.name, table[i].argument,
			table[i].text);
	fputs("\nThe command 'help' lists the commands of the network function.\n"
	      "exit: 0 done, 1 wrong usage, 2 unreachable, 3 refused, 4 no such entry\n",
	      out);
}

static bool
join(struct options *options, int n, char **words)
{
	size_t used = 0;

	for (int i = 0; i < n; i++) {
		size_t size = strlen(words[i]);

		if (size == 0 || strpbrk(words[i], "\n ") != NULL) {
			fprintf(stderr, "slim-nf: a word without spaces, please: '%s'\n", words[i]);
			return false;
		}
		if (used + size + 1 > NF_LINE_SIZE) {
			fputs("slim-nf: the command is too long\n", stderr);
			return false;
		}
		memcpy(options->request + used, words[i], size);
		used += size + 1;
		options->request[used - 1] = i + 1 < n ? ' ' : '\n';
	}
	return true;
}

static bool
take(struct options *options, int c)
{
	uint64_t seconds;

	switch (c) {
	case 's':
		options->socket = optarg;
		return true;
	case 'j':
		options->json = true;
		return true;
	case 'b':
		options->batch = optarg;
		return true;
	case 't':
		if (nf_parse_number(optarg, 86400, &seconds) && seconds > 0) {
			options->timeout_ms = (int)seconds * 1000;
			return true;
		}
		fprintf(stderr, "slim-nf: --timeout %s: seconds, 1 to 86400\n", optarg);
		return false;
	case 'v':
		options->version = true;
		return true;
	case 'h':
		options->help = true;
		return true;
	default:
		return false;
	}
}

bool
options_parse(struct options *options, int argc, char **argv)
{
	struct option longs[N_OPTIONS + 1] = {0};
	int c, n;

	*options = (struct options){
		.socket = getenv("SLIM_NF_SOCKET"),
		.timeout_ms = OPTIONS_TIMEOUT_S * 1000,
	};
	for (size_t i = 0; i < N_OPTIONS; i++)
		longs[i] = table[i].option;
	optind = 0;
	while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1)
		if (!take(options, c))
			return false;
	if (options->help || options->version)
		return true;
	n = argc - optind;
	if ((n > 0) == (options->batch != NULL)) {
		fputs(n > 0 ? "slim-nf: a command or --batch, not both\n"
			    : "slim-nf: which command? ('slim-nf --help')\n",
		      stderr);
		return false;
	}
	if (options->socket == NULL) {
		fputs("slim-nf: --socket PATH is missing (or SLIM_NF_SOCKET)\n", stderr);
		return false;
	}
	if (n > 0 && strcmp(argv[optind], "watch") == 0) {
		options->stream = options->json = true;
		options->timeout_ms = -1;
	}
	return join(options, n, argv + optind);
}

enum exit_code
exit_code_of(enum nf_status status)
{
	switch (status) {
	case NF_OK:
		return EXIT_DONE;
	case NF_USAGE:
	case NF_UNKNOWN:
	case NF_BAD_LINE:
		return EXIT_USAGE;
	case NF_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case NF_IDLE:
		return EXIT_UNREACHABLE;
	default:
		return EXIT_REFUSED;
	}
}
