/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of a slot as people write them, and back.
 *
 *	u8..u64, counter, be16   17
 *	ipv4, ipv6               192.0.2.1, 2001:db8::1
 *	mac                      02:00:00:00:01:01
 *	bytes                    hex: 0aff
 *	time                     UTC, 2024-03-01T10:00:00.123456789Z, or "never" (0)
 *
 * Times in slots are CLOCK_MONOTONIC; `offset_ns` is CLOCK_REALTIME minus that.
 * No I/O. Any thread.
 */
#ifndef SLIMD_API_CTL_VALUE_H
#define SLIMD_API_CTL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema.h"

#define CTL_VALUE_SIZE (2u * SLIM_MAX_SLOT_SIZE + 1u) /* any value as text, with its NUL */

/* CLOCK_REALTIME minus CLOCK_MONOTONIC, now. */
int64_t ctl_clock_offset(void);

/* `value`: field->size bytes. Returns `text`. */
const char *ctl_value_format(const struct schema_field *field, const uint8_t *value,
			     int64_t offset_ns, char text[CTL_VALUE_SIZE]);

/* Writes field->size bytes. -EINVAL: not a value of that type; nothing is written then. */
int ctl_value_parse(const struct schema_field *field, const char *text, int64_t offset_ns,
		    uint8_t *ret_value);

/* ---- filters: field=value ------------------------------------------------------------ */

/* Bytes of one field that must be equal under a mask. */
struct ctl_filter {
	uint16_t offset, size;
	uint8_t value[SLIM_MAX_SLOT_SIZE];
	uint8_t mask[SLIM_MAX_SLOT_SIZE];
};

/* "external_port=1024", "inside=100.65.0.0/16". -EINVAL with a reason. */
int ctl_filter_parse(const struct schema_table *table, const char *text, int64_t offset_ns,
		     struct ctl_filter *ret, struct schema_reason *reason);

bool ctl_filter_match(const struct ctl_filter *filter, const uint8_t *payload);

#endif
