/* SPDX-License-Identifier: Apache-2.0 */
/* Narrow rows, for row.c: all of a stage or view, after the lists and sizes of the message were looked at. */
#ifndef SLIM_PROTO_ROW_NARROW_H
#define SLIM_PROTO_ROW_NARROW_H

#include "row_shape.h"

/* Writes all of a stage into stage->columns. Returns the octets. */
size_t row_narrow_pack(struct row_stage *stage, const struct schema_link *link, uint64_t epoch_ns);

/* Checks narrow columns, reads the lists into the view, which has n_rows and n_empty already. The rows themselves are
 * read by row_narrow_unpack(), a piece of them at a time. False: refused, and view->why says it. */
bool row_narrow_open(struct row_view *view, const struct schema_link *link, const uint8_t *bytes,
		     size_t size);
const uint8_t *row_narrow_unpack(struct row_view *view, const struct schema_link *link,
				 uint64_t epoch_ns, uint32_t row);

#endif
