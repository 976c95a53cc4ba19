/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times and rates as people write them.
 *
 * Times: a number with a unit: "500us", "10ms", "1.5s", "2m"; "0" needs none.
 * Rates and sizes: "100M" is 100,000,000; k, M, G (thousands), Ki, Mi, Gi (1024s), or none.
 */
#ifndef SLIM_BASE_UNITS_H
#define SLIM_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define UNITS_TEXT_SIZE 24u

/* 0, or -EINVAL for anything that is not wholly a time, -ERANGE above 2^63 - 1. */
int units_parse_time(const char *text, uint64_t *ret_ns);
int units_parse_size(const char *text, uint64_t *ret_value);

/* "1.234 ms", "17 us"; three digits that matter. Returns text. */
const char *units_format_time(uint64_t ns, char text[UNITS_TEXT_SIZE]);

/* "12.3 M", "999"; three digits that matter. */
const char *units_format_size(uint64_t value, char text[UNITS_TEXT_SIZE]);

#endif
