/* SPDX-License-Identifier: Apache-2.0 */
#include "row_width.h"

void
row_width_init(struct row_width *w, uint32_t widest)
{
	*w = (struct row_width){.widest = widest > 0 ? widest : 1};
}

void
row_width_note(struct row_width *w, uint32_t octets, uint32_t rows)
{
	uint32_t counted = rows > ROW_WIDTH_FEW ? rows : ROW_WIDTH_FEW;
	uint32_t width = octets / counted + 1;

	/* Of a frame of few rows it is known that they are not narrower, and no more. */
	if (rows < ROW_WIDTH_FEW && (w->n_frames == 0 || width <= row_width_octets(w)))
		return;
	w->octets[w->n_frames++ % ROW_WIDTHS] = width;
}

uint32_t
row_width_octets(const struct row_width *w)
{
	uint32_t n = w->n_frames < ROW_WIDTHS ? w->n_frames : ROW_WIDTHS, worst = 0;

	for (uint32_t i = 0; i < n; i++)
		if (w->octets[i] > worst)
			worst = w->octets[i];
	return worst > 0 && worst < w->widest ? worst : w->widest;
}

uint64_t
row_width_foresee(const struct row_width *w, uint64_t rows)
{
	if (rows == 0)
		return 0;
	return (rows > ROW_WIDTH_FEW ? rows : ROW_WIDTH_FEW) * row_width_octets(w);
}
