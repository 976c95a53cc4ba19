/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in as few octets as they take: one column of a narrow frame of rows (row.h).
 *
 *   head    one octet   bits 0..2  octets of a code    0, 1, 2, 3, 4, 6 or 8, written as 0 to 6
 *                       bits 3..5  octets of the base  the same
 *                       bit 6      NONE
 *                       bit 7      0
 *   base    little-endian
 *   codes   one for each number, little-endian
 *
 * A number is base + code, modulo 2^64. With NONE code 0 says that there is none (a counter that never
 * counted, a time that never was), and any other code stands for base + code - 1: so one of them among large
 * numbers does not make all of them wide. Numbers that are all equal have codes of no octets.
 *
 * Who writes chooses base and octets from the least and the greatest number of a frame.
 *
 * What is read is hostile: narrow_open() checks a column before any of its numbers is read.
 *
 * Pure: no I/O, no allocation. Any thread.
 */
#ifndef SLIM_PROTO_NARROW_H
#define SLIM_PROTO_NARROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NARROW_HEAD_MAX 9u /* octets of head and base */

/* The largest of 8, 6, 4, 3, 2 and 1 octets that is not above `size` (1 or more). What is longer than
 * that is written as pieces, each a column of its own. */
uint16_t narrow_piece(uint16_t size);

/* Loads n numbers of 1, 2, 3, 4, 6 or 8 octets that stand `stride` octets apart, and stores them. 0 octets: all
 * are 0, and nothing is stored. */
void narrow_load(const uint8_t *from, size_t stride, uint16_t octets, uint32_t n,
		 uint64_t *ret_numbers);
void narrow_store(uint8_t *to, size_t stride, uint16_t octets, uint32_t n, const uint64_t *numbers);

/* Stores the same number n times. */
void narrow_fill(uint8_t *to, size_t stride, uint16_t octets, uint32_t n, uint64_t number);

/* All n numbers, of one octet or more each, are equal: writing the first of them writes all of them. */
bool narrow_is_constant(const uint8_t *from, size_t stride, uint16_t octets, uint32_t n);

/* What a number of a column counts from. */
struct narrow_origin {
	bool has_none;  /* 0 is none, and counts from nothing */
	uint64_t epoch; /* subtracted from all others, modulo 2^64 */
};

/* Writes a column of n > 0 numbers, and spoils them. `to` has room for NARROW_HEAD_MAX and 8 octets for each;
 * codes take no more octets than the largest number. Returns the octets written. */
size_t narrow_write(uint64_t *numbers, uint32_t n, struct narrow_origin origin, uint8_t *to);

/* A column that was checked; points into the message. */
struct narrow {
	uint64_t base;
	const uint8_t *codes;
	uint8_t octets; /* of a code */
	bool has_none;
};

/* Opens a column of n numbers of `size` octets (base of a time: 8) that begins at `from` and ends at or before `end`. Returns where
 * it ends; NULL, with the error's name, when it cannot be one. */
const uint8_t *narrow_open(const uint8_t *from, const uint8_t *end, uint32_t n, uint16_t size,
			   struct narrow *ret, const char **ret_why);

/* Numbers `first` to first + n - 1 of a column; `none` stands for those that are none. */
void narrow_read(const struct narrow *column, uint32_t first, uint32_t n, uint64_t none,
		 uint64_t *ret_numbers);

#endif
