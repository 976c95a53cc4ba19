/* SPDX-License-Identifier: Apache-2.0 */
/* Builds a whole line in a buffer and writes it at once; owns the level and the sink. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *program_name = "slim";
static _Atomic unsigned current_level = LOG_LEVEL_INFO;
static void (*line_sink)(void *ctx, enum log_level level, const char *line);
static void *sink_ctx;

static const struct {
	const char *name;
	int priority; /* of syslog */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARN] = {"warn", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

void
log_open(const char *program)
{
	program_name = program;
}

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&current_level, level, memory_order_relaxed);
}

enum log_level
log_get_level(void)
{
	return atomic_load_explicit(&current_level, memory_order_relaxed);
}

const char *
log_level_name(enum log_level level)
{
	return levels[level].name;
}

int
log_level_parse(const char *text, enum log_level *ret_level)
{
	unsigned i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(text, levels[i].name) == 0) {
			*ret_level = i;
			return 0;
		}
	}
	return -EINVAL;
}

void
log_set_sink(void (*sink)(void *ctx, enum log_level level, const char *line), void *ctx)
{
	line_sink = sink;
	sink_ctx = ctx;
}

/* Appends, never beyond size - 1; returns the new length. */
__attribute__((format(printf, 4, 0))) static size_t
append_args(char *line, size_t size, size_t length, const char *format, va_list args)
{
	int n = vsnprintf(line + length, size - length, format, args);

	if (n < 0)
		return length;
	return length + (size_t)n < size ? length + (size_t)n : size - 1;
}

__attribute__((format(printf, 4, 5))) static size_t
append(char *line, size_t size, size_t length, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	length = append_args(line, size, length, format, args);
	va_end(args);
	return length;
}

static size_t
append_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm utc;
	char text[32];

	if (getenv("JOURNAL_STREAM") != NULL)
		return append(line, size, 0, "<%d>", levels[level].priority);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	return append(line, size, 0, "%s.%06ldZ %s: %-5s ", text, now.tv_nsec / 1000, program_name,
		      levels[level].name);
}

static void
replace_control(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

void
log_write(enum log_level level, uint64_t session, const char *format, ...)
{
	size_t size = LOG_MAX_LINE, length = 0;
	char line[LOG_MAX_LINE + 1]; /* room for the newline */
	int saved = errno;
	va_list args;
	ssize_t n;

	if (line_sink == NULL)
		length = append_prefix(line, size, level);
	va_start(args, format);
	length = append_args(line, size, length, format, args);
	va_end(args);
	if (session != 0)
		length =
			append(line, size, length, " session=%016llx", (unsigned long long)session);
	replace_control(line);
	if (line_sink != NULL) {
		line_sink(sink_ctx, level, line);
	} else {
		line[length++] = '\n';
		n = write(STDERR_FILENO, line, length);
		(void)n; /* nobody left to tell */
	}
	errno = saved;
}
