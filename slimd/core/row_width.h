/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rows of one table take on the wire. Columns are as narrow as the numbers in them
 * (docs/decisions/0079), so the widest that a row can be says little about the rows that there are:
 * it is measured. The worst of the last ROW_WIDTHS frames counts, and the widest as long as there
 * was none.
 *
 * A frame of few rows is mostly the heads of its columns. One of fewer than ROW_WIDTH_FEW counts as
 * one of so many, where it is measured and where it is foreseen.
 *
 * Pure: no memory but the struct.
 */
#ifndef SLIMD_CORE_ROW_WIDTH_H
#define SLIMD_CORE_ROW_WIDTH_H

#include <stdint.h>

#define ROW_WIDTHS 8u
#define ROW_WIDTH_FEW 16u

struct row_width {
	uint32_t widest;             /* octets of a row, known beforehand */
	uint32_t octets[ROW_WIDTHS]; /* of a row, in the last frames */
	uint32_t n_frames;           /* all together */
};

void row_width_init(struct row_width *w, uint32_t widest);

/* A frame of so many rows took so many octets. */
void row_width_note(struct row_width *w, uint32_t octets, uint32_t rows);

/* Of one row, at least 1. */
uint32_t row_width_octets(const struct row_width *w);

/* Of so many rows that are still to be sent. */
uint64_t row_width_foresee(const struct row_width *w, uint64_t rows);

#endif
