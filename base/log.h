/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines: one line an event, first what happened, then key=value.
 *
 *	log_info("nf registered name=%s pid=%u", name, pid);
 *	log_session_warn(session, "peer lost name=%s", peer);
 *
 * To stderr. Under systemd (JOURNAL_STREAM is set) a line begins with the priority "<6>" and
 * the journal adds the time; else it begins with time and level. Control characters in a
 * line are replaced, so that no name from outside can forge a line. A line is one write(2), cut at
 * LOG_MAX_LINE. May be called from any thread.
 *
 * A log never waits for its reader: a line for which stderr has no room is dropped and counted, and
 * the next one that gets through is preceded by "log lines lost n=...".
 */
#ifndef SLIM_BASE_LOG_H
#define SLIM_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_MAX_LINE 1024u

enum log_level {
	LOG_LEVEL_ERROR = 0,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO, /* at start */
	LOG_LEVEL_DEBUG,
};

/* Program name for the lines; kept. Looks at what stderr is: call it again when that changes. */
void log_open(const char *program);

/* Lines dropped so far because stderr had no room. */
uint64_t log_lost(void);

/* Lines above the level are not written. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "error", "warn", "info", "debug". */
const char *log_level_name(enum log_level level);

/* 0, or -EINVAL for another text. */
int log_level_parse(const char *text, enum log_level *ret_level);

/* Where lines go instead of stderr, for tests; NULL: stderr again. The line has no newline. */
void log_set_sink(void (*sink)(void *ctx, enum log_level level, const char *line), void *ctx);

/* session 0: none. Adds session=0123456789abcdef at the end. */
void log_write(enum log_level level, uint64_t session, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_at(level, session, ...)                                 \
	do {                                                        \
		if ((level) <= log_get_level())                     \
			log_write((level), (session), __VA_ARGS__); \
	} while (0)

#define log_error(...) log_at(LOG_LEVEL_ERROR, 0, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, 0, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, 0, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, 0, __VA_ARGS__)

#define log_session_error(session, ...) log_at(LOG_LEVEL_ERROR, (session), __VA_ARGS__)
#define log_session_warn(session, ...) log_at(LOG_LEVEL_WARN, (session), __VA_ARGS__)
#define log_session_info(session, ...) log_at(LOG_LEVEL_INFO, (session), __VA_ARGS__)
#define log_session_debug(session, ...) log_at(LOG_LEVEL_DEBUG, (session), __VA_ARGS__)

#endif
