/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of slim-buffer: a unix stream socket, one command a line (command.h), one line of
 * answer each:
 *
 *	hold     held NS
 *	release  released N packets, M dropped NS
 *	status   one JSON line
 *
 * NS is CLOCK_MONOTONIC. What cannot be done is answered by "error ...". A client's next line is read
 * once the last one was answered; a client that goes does not stop what it asked for.
 */
#ifndef SLIM_BUFFER_CONTROL_H
#define SLIM_BUFFER_CONTROL_H

#include "buffer.h"

struct control;

/* Listens at `path` (an old socket there is removed), mode 0600. 0 or negative errno. */
int control_create(struct event_base *base, const char *path, struct buffer *buffer,
		   struct control **ret);
/* Before the buffer's. NULL is allowed. */
void control_destroy(struct control *control);

#endif
