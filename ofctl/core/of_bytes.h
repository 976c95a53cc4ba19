/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two tools that do the bounds of the codec: a writer that stops at its end, and a reader that
 * yields zeros and remembers once it was asked for more than there is. For the codec only.
 */
#ifndef OFCTL_CORE_OF_BYTES_H
#define OFCTL_CORE_OF_BYTES_H

#include "openflow.h"

/* ---- writing: network order, nothing once the writer is full --------------- */

void of_put(struct of_writer *w, const void *data, size_t size);
void of_put_zero(struct of_writer *w, size_t size); /* at most 64 */
void of_put_u8(struct of_writer *w, uint8_t value);
void of_put_u16(struct of_writer *w, uint16_t value);
void of_put_u32(struct of_writer *w, uint32_t value);
void of_put_u64(struct of_writer *w, uint64_t value);
/* A length that is known later: `at` is where its two bytes are. */
void of_patch_u16(struct of_writer *w, size_t at, size_t value);
void of_pad_to_8(struct of_writer *w, size_t start);
/* A header whose length of_end_message() fills in. Returns where it starts. */
size_t of_begin_message(struct of_writer *w, enum of_type type, uint32_t xid);
void of_end_message(struct of_writer *w, size_t start);

/* ---- reading ------------------------------------------------------------------ */

struct of_reader {
	const uint8_t *p;
	size_t n;
	bool bad; /* asked for more than there was; all that is read is zero from there on */
};

/* `size` bytes; for at most 16 of them what is returned can be read even when they are not there. */
const uint8_t *of_take(struct of_reader *r, size_t size);
void of_skip(struct of_reader *r, size_t size);
uint8_t of_get_u8(struct of_reader *r);
uint16_t of_get_u16(struct of_reader *r);
uint32_t of_get_u32(struct of_reader *r);
uint64_t of_get_u64(struct of_reader *r);
/* The next `size` bytes as a reader of their own. */
struct of_reader of_take_reader(struct of_reader *r, size_t size);
/* A reader behind the header of a whole message of this type. */
struct of_reader of_open_message(const void *message, size_t size, enum of_type type);

#endif
