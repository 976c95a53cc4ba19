/* SPDX-License-Identifier: Apache-2.0 */
/* What a link is like, as people write it: by options, and by "set" on the control socket. Pure. */
#ifndef SLIM_BENCH_LINK_SHAPE_H
#define SLIM_BENCH_LINK_SHAPE_H

#include <stdint.h>

#define SHAPE_MAX_DELAY_NS UINT64_C(60000000000)

struct shape {
	uint64_t rate; /* bits a second; 0: no limit */
	uint64_t delay_ns;
	uint64_t queue_octets; /* 0: by the rate */
};

/* "rate" (20M), "delay-ms" (5, 0.25), "queue-octets" (256Ki). NULL, or what is wrong; the shape is untouched
 * then. */
const char *shape_read(struct shape *shape, const char *name, const char *value);

#endif
