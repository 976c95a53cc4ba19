/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a whole line in a buffer and writes it at once; owns the level and the sink.
 *
 * Nothing here waits. A pipe or a terminal gets a description of its own that does not block: the
 * one on stderr belongs to whoever shares it. A socket is asked not to block with each line.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *program_name = "slim";
static _Atomic unsigned current_level = LOG_LEVEL_INFO;
static void (*line_sink)(void *ctx, enum log_level level, const char *line);
static void *sink_ctx;
static int own_fd = -1;              /* a description of stderr that does not block; -1: none */
static bool is_socket;               /* stderr is one */
static _Atomic uint64_t n_lost;      /* lines, all together */
static _Atomic uint64_t n_lost_told; /* of them, as a line has said */

static const struct {
	const char *name;
	int priority; /* of syslog */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARN] = {"warn", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

static void
open_stderr(void)
{
	struct stat st;

	if (own_fd >= 0)
		close(own_fd);
	own_fd = -1;
	is_socket = false;
	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	is_socket = S_ISSOCK(st.st_mode);
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		own_fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void
log_open(const char *program)
{
	program_name = program;
	open_stderr();
}

uint64_t
log_lost(void)
{
	return atomic_load_explicit(&n_lost, memory_order_relaxed);
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

/* Where there is no description of one's own: a full pipe is seen before the write. */
static ssize_t
write_if_ready(const char *line, size_t length)
{
	struct pollfd stderr_fd = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&stderr_fd, 1, 0) != 1 || (stderr_fd.revents & POLLOUT) == 0)
		return -1;
	return write(STDERR_FILENO, line, length);
}

/* A line is at most a page, so a pipe takes all of it or nothing. */
static bool
put_line(const char *line, size_t length)
{
	ssize_t n;

	if (is_socket)
		n = send(STDERR_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (own_fd >= 0)
		n = write(own_fd, line, length);
	else
		n = write_if_ready(line, length);
	return n == (ssize_t)length;
}

/* Before the first line that comes through again. */
static bool
tell_lost(void)
{
	uint64_t lost = log_lost();
	uint64_t told = atomic_load_explicit(&n_lost_told, memory_order_relaxed);
	char line[128];
	size_t length;

	if (lost == told)
		return true;
	length = append_prefix(line, sizeof(line), LOG_LEVEL_WARN);
	length = append(line, sizeof(line), length, "log lines lost n=%llu\n",
			(unsigned long long)(lost - told));
	if (!put_line(line, length))
		return false;
	atomic_store_explicit(&n_lost_told, lost, memory_order_relaxed);
	return true;
}

void
log_write(enum log_level level, uint64_t session, const char *format, ...)
{
	size_t size = LOG_MAX_LINE, length = 0;
	char line[LOG_MAX_LINE + 1]; /* room for the newline */
	int saved = errno;
	va_list args;

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
		if (!tell_lost() || !put_line(line, length))
			atomic_fetch_add_explicit(&n_lost, 1, memory_order_relaxed);
	}
	errno = saved;
}
