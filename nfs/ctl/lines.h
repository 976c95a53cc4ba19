/* SPDX-License-Identifier: Apache-2.0 */
/* Lines out of a file descriptor that does not block. */
#ifndef SLIM_NF_LINES_H
#define SLIM_NF_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_SIZE 65536u /* the longest line, with its newline */

struct lines {
	int fd;      /* -1: nothing more comes */
	bool strict; /* a last line without newline is none */
	bool ended;  /* end of file, an error, or a line without end */
	size_t from;
	size_t used;
	char data[LINES_SIZE];
};

/* Reads once. 0, also at the end and when there is nothing now; negative errno. */
int lines_fill(struct lines *lines);

/* The next whole line without its newline, good until the next call; NULL: none yet. The last line needs
 * no newline, unless `strict`. */
char *lines_next(struct lines *lines);

#endif
