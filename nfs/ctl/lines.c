/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int
lines_fill(struct lines *lines)
{
	ssize_t n;

	if (lines->from > 0) {
		lines->used -= lines->from;
		memmove(lines->data, lines->data + lines->from, lines->used);
		lines->from = 0;
	}
	/* One byte is kept for the end of a last line. */
	if (lines->used == LINES_SIZE - 1) {
		lines->ended = true;
		return -EMSGSIZE;
	}
	n = read(lines->fd, lines->data + lines->used, LINES_SIZE - 1 - lines->used);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	lines->used += (size_t)n;
	lines->ended = n == 0;
	return 0;
}

char *
lines_next(struct lines *lines)
{
	char *line = lines->data + lines->from;
	char *end = memchr(line, '\n', lines->used - lines->from);

	if (end == NULL) {
		if (!lines->ended || lines->strict || lines->from == lines->used)
			return NULL;
		end = lines->data + lines->used++;
	}
	*end = '\0';
	lines->from = (size_t)(end - lines->data) + 1;
	return line;
}
