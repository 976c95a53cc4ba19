/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "row.h"

#define NS_PER_S INT64_C(1000000000)

int64_t
ctl_clock_offset(void)
{
	struct timespec real, monotonic;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return (real.tv_sec - monotonic.tv_sec) * NS_PER_S + real.tv_nsec - monotonic.tv_nsec;
}

/* ---- to text -------------------------------------------------------------------- */

static void
format_time(uint64_t monotonic_ns, int64_t offset_ns, char *text, size_t size)
{
	/* Modulo 2^64, as times are on the wire: one from before the start of this host stays right. */
	int64_t real_ns = (int64_t)(monotonic_ns + (uint64_t)offset_ns);
	int64_t ns = real_ns % NS_PER_S;
	time_t seconds = real_ns / NS_PER_S;
	char date[40];
	struct tm utc;

	if (monotonic_ns == 0) {
		snprintf(text, size, "never");
		return;
	}
	if (ns < 0) {
		ns += NS_PER_S;
		seconds--;
	}
	gmtime_r(&seconds, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, size, "%s.%09" PRId64 "Z", date, ns);
}

static void
format_hex(const uint8_t *value, size_t n, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*text++ = digits[value[i] >> 4];
		*text++ = digits[value[i] & 15];
	}
	*text = '\0';
}

const char *
ctl_value_format(const struct schema_field *field, const uint8_t *value, int64_t offset_ns,
		 char text[CTL_VALUE_SIZE])
{
	switch ((enum slim_type)field->type) {
	case SLIM_U8:
	case SLIM_U16:
	case SLIM_U32:
	case SLIM_U64:
	case SLIM_COUNTER:
		snprintf(text, CTL_VALUE_SIZE, "%" PRIu64, row_get_number(value, field->size));
		return text;
	case SLIM_BE16:
		snprintf(text, CTL_VALUE_SIZE, "%u", (unsigned)value[0] << 8 | value[1]);
		return text;
	case SLIM_IPV4:
		inet_ntop(AF_INET, value, text, CTL_VALUE_SIZE);
		return text;
	case SLIM_IPV6:
		inet_ntop(AF_INET6, value, text, CTL_VALUE_SIZE);
		return text;
	case SLIM_MAC:
		snprintf(text, CTL_VALUE_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", value[0], value[1],
			 value[2], value[3], value[4], value[5]);
		return text;
	case SLIM_TIME:
		format_time(row_get_number(value, field->size), offset_ns, text, CTL_VALUE_SIZE);
		return text;
	case SLIM_BYTES:
		break;
	}
	format_hex(value, field->size, text);
	return text;
}

/* ---- from text -------------------------------------------------------------------- */

/* Decimal digits only: no sign, no blanks. */
static int
parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno != 0 || *end != '\0' || *ret > max ? -EINVAL : 0;
}

static int
parse_uint(const struct schema_field *field, const char *text, uint8_t *ret)
{
	uint64_t max = field->size >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * field->size)) - 1;
	uint64_t number;

	if (parse_number(text, max, &number) < 0)
		return -EINVAL;
	row_put_number(ret, field->size, number);
	return 0;
}

static int
parse_time(const struct schema_field *field, const char *text, int64_t offset_ns, uint8_t *ret)
{
	struct tm utc = {0};
	long nanoseconds;
	int64_t real_ns;
	int used = 0;

	if (strcmp(text, "never") == 0) {
		row_put_number(ret, field->size, 0);
		return 0;
	}
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%9ldZ%n", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
		   &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &nanoseconds, &used) != 7 ||
	    used != 30 || text[30] != '\0' || nanoseconds < 0)
		return -EINVAL;
	utc.tm_year -= 1900;
	utc.tm_mon -= 1;
	if (utc.tm_year < 70 || utc.tm_year > 300)
		return -EINVAL;
	real_ns = timegm(&utc) * NS_PER_S + nanoseconds;
	row_put_number(ret, field->size, (uint64_t)(real_ns - offset_ns));
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Two digits a byte; `separator` between bytes, 0: none. */
static int
parse_hex(const char *text, size_t n, char separator, uint8_t *ret)
{
	uint8_t bytes[SLIM_MAX_SLOT_SIZE];

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && separator != 0 && *text++ != separator)
			return -EINVAL;
		if (hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		text += 2;
	}
	if (*text != '\0')
		return -EINVAL;
	memcpy(ret, bytes, n);
	return 0;
}

static int
parse_ip(int family, const char *text, uint8_t *ret)
{
	return inet_pton(family, text, ret) == 1 ? 0 : -EINVAL;
}

int
ctl_value_parse(const struct schema_field *field, const char *text, int64_t offset_ns,
		uint8_t *ret_value)
{
	uint64_t number;

	switch ((enum slim_type)field->type) {
	case SLIM_U8:
	case SLIM_U16:
	case SLIM_U32:
	case SLIM_U64:
	case SLIM_COUNTER:
		return parse_uint(field, text, ret_value);
	case SLIM_BE16:
		if (parse_number(text, UINT16_MAX, &number) < 0)
			return -EINVAL;
		ret_value[0] = (uint8_t)(number >> 8);
		ret_value[1] = (uint8_t)number;
		return 0;
	case SLIM_IPV4:
		return parse_ip(AF_INET, text, ret_value);
	case SLIM_IPV6:
		return parse_ip(AF_INET6, text, ret_value);
	case SLIM_MAC:
		return parse_hex(text, field->size, ':', ret_value);
	case SLIM_TIME:
		return parse_time(field, text, offset_ns, ret_value);
	case SLIM_BYTES:
		break;
	}
	return parse_hex(text, field->size, 0, ret_value);
}

/* ---- filters ------------------------------------------------------------------------ */

__attribute__((format(printf, 2, 3))) static int
refuse(struct schema_reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
	return -EINVAL;
}

/* Takes a "/bits" off the text of an address. -EINVAL: not a prefix length of that type. */
static int
cut_prefix(const struct schema_field *field, char *text, uint64_t *ret_bits)
{
	char *slash = strchr(text, '/');

	*ret_bits = 8u * field->size;
	if (slash == NULL || (field->type != SLIM_IPV4 && field->type != SLIM_IPV6))
		return 0;
	*slash = '\0';
	return parse_number(slash + 1, 8u * field->size, ret_bits);
}

static void
fill_mask(uint8_t *mask, size_t size, uint64_t bits)
{
	for (size_t i = 0; i < size; i++) {
		mask[i] = bits >= 8 ? 0xff : (uint8_t)(0xff00u >> bits);
		bits -= bits >= 8 ? 8 : bits;
	}
}

int
ctl_filter_parse(const struct schema_table *table, const char *text, int64_t offset_ns,
		 struct ctl_filter *ret, struct schema_reason *reason)
{
	const char *equal = strchr(text, '=');
	const struct schema_field *field;
	char name[SLIM_NAME_SIZE], value[CTL_VALUE_SIZE];
	uint64_t bits;
	int index;

	if (equal == NULL || equal == text || (size_t)(equal - text) >= sizeof(name))
		return refuse(reason, "filter \"%.100s\" is not field=value", text);
	snprintf(name, sizeof(name), "%.*s", (int)(equal - text), text);
	index = schema_find_field(table, name);
	if (index < 0)
		return refuse(reason, "table \"%s\" has no field \"%s\"", table->name, name);
	field = &table->fields[index];
	snprintf(value, sizeof(value), "%s", equal + 1);
	if (cut_prefix(field, value, &bits) < 0 ||
	    ctl_value_parse(field, value, offset_ns, ret->value) < 0)
		return refuse(reason, "\"%.100s\" is not a value of field \"%s\"", equal + 1, name);
	ret->offset = field->offset;
	ret->size = field->size;
	fill_mask(ret->mask, field->size, bits);
	return 0;
}

bool
ctl_filter_match(const struct ctl_filter *filter, const uint8_t *payload)
{
	const uint8_t *value = payload + filter->offset;

	for (uint16_t i = 0; i < filter->size; i++)
		if ((value[i] ^ filter->value[i]) & filter->mask[i])
			return false;
	return true;
}
