/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the control socket. Pure.
 *
 *	hold PORT[,PORT...]          what comes in there goes to the controller
 *	release PORT=OUT[,PORT=OUT]  what came in at PORT goes out of port OUT, in order; then hold no more
 *	status                       counts
 */
#ifndef SLIM_BUFFER_COMMAND_H
#define SLIM_BUFFER_COMMAND_H

#include "openflow.h"

#define COMMAND_MAX_PORTS 8u
#define COMMAND_LINE_SIZE 320u /* with its end */

enum command_kind {
	COMMAND_HOLD,
	COMMAND_RELEASE,
	COMMAND_STATUS,
};

struct command_port {
	char in[OF_PORT_NAME_SIZE];
	char out[OF_PORT_NAME_SIZE]; /* hold: empty */
};

struct command {
	enum command_kind kind;
	unsigned n_ports;
	struct command_port ports[COMMAND_MAX_PORTS];
};

/* A line without its end. NULL, or what is wrong with it; *ret is untouched then. */
const char *command_parse(const char *line, struct command *ret);

#endif
