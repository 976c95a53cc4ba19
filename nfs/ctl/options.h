/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of slim-nf: options, then the words of a request. */
#ifndef SLIM_NF_OPTIONS_H
#define SLIM_NF_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "control.h"

#define OPTIONS_TIMEOUT_S 10 /* default */

/* Exit codes; part of the interface. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_USAGE = 1,
	EXIT_UNREACHABLE = 2,
	EXIT_REFUSED = 3,
	EXIT_NOT_FOUND = 4,
};

struct options {
	const char *socket;
	const char *batch; /* file of requests; "-": standard input; NULL: the words */
	bool json;
	bool stream; /* rows come when something happens: no answer is due, and each is printed at once */
	bool help;
	bool version;
	int timeout_ms;
	char request[NF_LINE_SIZE + 1]; /* with its newline */
};

/* False after a message on stderr. Environment: SLIM_NF_SOCKET gives what --socket does not. */
bool options_parse(struct options *options, int argc, char **argv);
void options_print_usage(FILE *out);

enum exit_code exit_code_of(enum nf_status status);

#endif
