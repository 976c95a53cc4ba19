/* SPDX-License-Identifier: Apache-2.0 */
#include "shape.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bucket.h"
#include "units.h"

static const char *
read_rate(struct shape *s, const char *value)
{
	uint64_t rate;

	if (units_parse_size(value, &rate) < 0)
		return "is no number of bits a second";
	if (rate != 0 && (rate < BUCKET_MIN_RATE || rate > BUCKET_MAX_RATE))
		return "must be 0, or 1k to 100G bits a second";
	s->rate = rate;
	return NULL;
}

static const char *
read_delay(struct shape *s, const char *value)
{
	char text[32];
	uint64_t ns;

	/* Behind a number without a unit "ms" is one; behind one with a unit it is nonsense. */
	if (snprintf(text, sizeof(text), "%sms", value) >= (int)sizeof(text) ||
	    units_parse_time(text, &ns) < 0)
		return "is no number of milliseconds";
	if (ns > SHAPE_MAX_DELAY_NS)
		return "must be at most 60000 ms";
	s->delay_ns = ns;
	return NULL;
}

static const char *
read_queue(struct shape *s, const char *value)
{
	uint64_t octets;

	if (units_parse_size(value, &octets) < 0)
		return "is no number of octets";
	s->queue_octets = octets;
	return NULL;
}

const char *
shape_read(struct shape *s, const char *name, const char *value)
{
	static const struct {
		const char *name;
		const char *(*read)(struct shape *shape, const char *value);
	} table[] = {
		{"rate", read_rate},
		{"delay-ms", read_delay},
		{"queue-octets", read_queue},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(name, table[i].name) == 0)
			return table[i].read(s, value);
	return "is unknown";
}
