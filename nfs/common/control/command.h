/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of an NF: a table, and what its functions work with. No I/O; main thread.
 *
 * A request is a line of words. Its command's `start` makes of them what it needs; then, in this order:
 *
 *   jobs   if `start` named workers, the request's job is carried out by each of them (mailbox.h)
 *   rows   `step` writes rows until it has no more
 *   end    status and count: entries changed and rows written
 *
 * Requests of one client are put to the workers in the order in which they came, several at a time, and
 * answered in that order. So two changes of one entry happen one after the other, and many changes in
 * a row do not wait for each other's answer.
 */
#ifndef NF_COMMAND_H
#define NF_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "mailbox.h"
#include "reply.h"
#include "status.h"

#define NF_MAX_WORDS 32u
#define NF_REASON_SIZE 128u

/* Words of a line; they stand in the line's memory, which `start` must not keep. */
struct nf_words {
	uint32_t n;
	const char *at[NF_MAX_WORDS];
};

struct nf_running; /* the workers (show.h) */

struct nf_request {
	const struct nf_command *command;
	void *nf; /* nf_control_config.nf */
	const struct nf_running *running;
	uint64_t now_ns; /* CLOCK_MONOTONIC, of this round of the main loop */
	void *workspace; /* in `step`: memory of the control's workspace_size, this request's until it ends */
	struct nf_job job; /* set by start: kind and args; step uses cursor and args as it likes */
	uint32_t workers;  /* set by start: bit w: worker w has to do the job */
	uint32_t n_jobs;   /* that are put and did not come back */
	uint64_t serial;
	uint64_t count;
	bool written; /* step has no more rows */
	enum nf_status status;
	char reason[NF_REASON_SIZE]; /* "": the status' own text */
};

struct nf_command {
	const char *name; /* one word or two */
	const char *args; /* as in usage */
	const char *help;
	/* Takes its arguments out of `words`; what is left over is wrong usage. Not NF_OK: the request ends with
	 * it. Sees the request zeroed but for `command`, `nf`, `running` and `now_ns`. NULL: no arguments. */
	enum nf_status (*start)(struct nf_request *r, struct nf_words *words);
	/* Writes rows while the reply has room, or looks at a bounded number of entries; true: no
	 * more. Called again and again, with room for a row. NULL: no rows. */
	bool (*step)(struct nf_request *r, struct nf_reply *reply);
};

extern const char *const nf_status_words[NF_N_STATUSES];
extern const char *const nf_status_texts[NF_N_STATUSES];

/* Ends the request with a reason of its own; returns the status, for `start`. */
enum nf_status nf_refuse(struct nf_request *r, enum nf_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts a NUL behind each word of the line. False: too many words. */
bool nf_words_split(char *line, struct nf_words *ret_words);
/* The command whose name stands in front, and takes the name away; NULL: none. `commands` ends
 * with a name NULL. */
const struct nf_command *nf_command_find(const struct nf_command *commands, struct nf_words *words);

/* Take words away: the first one; the value behind `name`; `name` itself. NULL or false: not there. */
const char *nf_words_next(struct nf_words *words);
const char *nf_words_option(struct nf_words *words, const char *name);
bool nf_words_flag(struct nf_words *words, const char *name);

/* False, and nothing is written, if the text is anything else. NULL is no number and no address. */
bool nf_parse_number(const char *text, uint64_t max, uint64_t *ret_number);
bool nf_parse_ipv4(const char *text, uint32_t *ret_address); /* network order */
bool nf_parse_endpoint(const char *text, uint32_t *ret_address,
		       uint16_t *ret_port); /* 192.0.2.1:53, network order */

#endif
