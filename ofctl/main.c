/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>

#include "ofctld.h"
#include "slim_version.h"

static int
usage(FILE *out, int status)
{
	fprintf(out, "usage: slim-ofctld --config FILE [--check-config]\n"
		     "       slim-ofctld --version\n");
	return status;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check-config", no_argument, NULL, 'k'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *config = NULL;
	int check_only = 0, option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'k':
			check_only = 1;
			break;
		case 'V':
			printf("slim-ofctld %s\n", SLIM_VERSION);
			return 0;
		case 'h':
			return usage(stdout, 0);
		default:
			return usage(stderr, 2);
		}
	}
	if (!config || optind != argc)
		return usage(stderr, 2);
	return ofctld_run(config, check_only);
}
