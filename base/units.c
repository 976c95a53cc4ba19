/* SPDX-License-Identifier: Apache-2.0 */
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit times[] = {
	{"ns", 1},         {"us", 1000},       {"ms", 1000000},
	{"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
};

static const struct unit sizes[] = {
	{"", 1},           {"k", 1000},      {"K", 1000},      {"M", 1000000},
	{"G", 1000000000}, {"Ki", 1u << 10}, {"Mi", 1u << 20}, {"Gi", 1u << 30},
};

/* Digits with at most one point, then exactly one of the units. Decimal arithmetic: "0.1s" is
 * exact. */
static int
parse_number(const char *text, const struct unit *units, size_t n_units, uint64_t *ret_value)
{
	unsigned __int128 value = 0, scale = 1;
	bool point = false, digits = false;
	size_t i;

	for (; isdigit((unsigned char)*text) || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		digits = true;
		value = value * 10 + (unsigned)(*text - '0');
		if (point)
			scale *= 10;
		if (value > INT64_MAX || scale > 1000000000)
			return -ERANGE;
	}
	if (!digits)
		return -EINVAL;
	if (value == 0 && *text == '\0') {
		*ret_value = 0;
		return 0;
	}
	for (i = 0; i < n_units; i++)
		if (strcmp(text, units[i].name) == 0)
			break;
	if (i == n_units)
		return -EINVAL;
	value = value * units[i].factor / scale;
	if (value > INT64_MAX)
		return -ERANGE;
	*ret_value = (uint64_t)value;
	return 0;
}

int
units_parse_time(const char *text, uint64_t *ret_ns)
{
	return parse_number(text, times, sizeof(times) / sizeof(times[0]), ret_ns);
}

int
units_parse_size(const char *text, uint64_t *ret_value)
{
	return parse_number(text, sizes, sizeof(sizes) / sizeof(sizes[0]), ret_value);
}

static const char *
format_scaled(double value, const char *unit, char text[UNITS_TEXT_SIZE])
{
	int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;

	snprintf(text, UNITS_TEXT_SIZE, "%.*f %s", decimals, value, unit);
	return text;
}

const char *
units_format_time(uint64_t ns, char text[UNITS_TEXT_SIZE])
{
	if (ns < 1000)
		snprintf(text, UNITS_TEXT_SIZE, "%u ns", (unsigned)ns);
	else if (ns < 1000000)
		format_scaled((double)ns / 1e3, "us", text);
	else if (ns < 1000000000)
		format_scaled((double)ns / 1e6, "ms", text);
	else
		format_scaled((double)ns / 1e9, "s", text);
	return text;
}

const char *
units_format_size(uint64_t value, char text[UNITS_TEXT_SIZE])
{
	if (value < 1000)
		snprintf(text, UNITS_TEXT_SIZE, "%u", (unsigned)value);
	else if (value < 1000000)
		format_scaled((double)value / 1e3, "k", text);
	else if (value < 1000000000)
		format_scaled((double)value / 1e6, "M", text);
	else
		format_scaled((double)value / 1e9, "G", text);
	return text;
}
