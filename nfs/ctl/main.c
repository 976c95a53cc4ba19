/* SPDX-License-Identifier: Apache-2.0 */
/* slim-nf: talks to the control socket of a network function. */
#include "ask.h"
#include "slim_version.h"

int
main(int argc, char **argv)
{
	struct options options;

	if (!options_parse(&options, argc, argv))
		return EXIT_USAGE;
	if (options.help) {
		options_print_usage(stdout);
		return EXIT_DONE;
	}
	if (options.version) {
		printf("slim-nf %s\n", SLIM_VERSION);
		return EXIT_DONE;
	}
	return (int)ask(&options, stdout);
}
