/* SPDX-License-Identifier: Apache-2.0 */
/* slimctl: finds the command and runs it. */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "options.h"

static void
drop_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

int
main(int argc, char **argv)
{
	const struct command *command;
	char error[OPTIONS_ERROR_SIZE];
	struct options options;

	log_open("slimctl");
	log_set_sink(drop_line, NULL); /* errors are told once, by the command */
	command = options_parse(commands, argc, argv, &options, error);
	if (command == NULL && error[0] != '\0') {
		fprintf(stderr, "slimctl: %s (slimctl help)\n", error);
		return EXIT_USAGE;
	}
	if (command == NULL) {
		options_print_usage(options.help ? stdout : stderr, commands);
		return options.help ? EXIT_COMPLETE : EXIT_USAGE;
	}
	if (options.help) {
		options_print_command(stdout, command);
		return EXIT_COMPLETE;
	}
	return command->run(&options);
}
