/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the control socket: what is asked for. Pure. */
#ifndef SLIM_BENCH_LINK_ORDER_H
#define SLIM_BENCH_LINK_ORDER_H

#include <stddef.h>

#include "shape.h"

enum order { ORDER_SET, ORDER_CUT, ORDER_MEND, ORDER_STATS };

/* `line` is taken apart. `shape`: the present one; "set" changes what it names: rate, delay-ms. NULL, or what is
 * wrong (text of at most `size`), and both are untouched. */
const char *order_parse(char *line, enum order *ret_order, struct shape *shape, char *text,
			size_t size);

#endif
