/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of JSON, one object a line, into memory of a fixed size. No I/O.
 *
 * A writer of rows goes on while nf_reply_has_room(): then a row of up to NF_ROW_SIZE bytes fits. A row
 * that is longer is left out whole, so what is in the memory is always whole lines.
 */
#ifndef NF_REPLY_H
#define NF_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NF_ROW_SIZE 1024u

struct nf_reply {
	char *data;
	size_t size;
	size_t used;
	size_t row;    /* where the row under way begins */
	bool too_long; /* it does not fit */
	uint64_t n_rows;
};

static inline bool
nf_reply_has_room(const struct nf_reply *reply)
{
	return reply->size - reply->used >= NF_ROW_SIZE;
}

void nf_reply_begin(struct nf_reply *reply);
void nf_reply_text(struct nf_reply *reply, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void nf_reply_number(struct nf_reply *reply, const char *key, uint64_t value);
void nf_reply_flag(struct nf_reply *reply, const char *key, bool value);
/* Ends the row and counts it. */
void nf_reply_end(struct nf_reply *reply);

/* A line that is no row. */
void nf_reply_line(struct nf_reply *reply, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
