/* SPDX-License-Identifier: Apache-2.0 */
#include "rule.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
slim_rule_refuse(struct schema_reason *reason, const char *format, ...)
{
	va_list args;

	if (reason == NULL)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
	return -EINVAL;
}

/* ---- names -------------------------------------------------------------------------- */

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits, '_', and behind the first one also the characters of `more`. */
static bool
is_word(const char *text, const char *more)
{
	size_t n = strnlen(text, SLIM_NAME_SIZE);

	if (n == 0 || n == SLIM_NAME_SIZE)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_letter_or_digit(text[i]) && text[i] != '_' &&
		    (i == 0 || strchr(more, text[i]) == NULL))
			return false;
	return true;
}

bool
slim_rule_name(const char *text)
{
	return is_word(text, "-.");
}

bool
slim_rule_table_name(const char *text)
{
	return is_word(text, "");
}

bool
slim_rule_version(const char *text)
{
	return is_word(text, "-.+~:");
}

bool
slim_rule_identity(const char *text)
{
	size_t n = strnlen(text, SLIM_IDENTITY_SIZE);

	for (size_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return n < SLIM_IDENTITY_SIZE;
}

/* ---- fields ------------------------------------------------------------------------- */

/* Bytes that a type must have; 0: any number from 1, -1: no such type. */
static int
type_size(uint8_t type)
{
	switch (type) {
	case SLIM_U8:
		return 1;
	case SLIM_U16:
	case SLIM_BE16:
		return 2;
	case SLIM_U32:
	case SLIM_IPV4:
		return 4;
	case SLIM_U64:
	case SLIM_TIME:
	case SLIM_COUNTER:
		return 8;
	case SLIM_IPV6:
		return 16;
	case SLIM_MAC:
		return 6;
	case SLIM_BYTES:
		return 0;
	default:
		return -1;
	}
}

/* In host order: stands at a multiple of its size, and can be compared. */
static bool
type_is_number(uint8_t type)
{
	return type == SLIM_U8 || type == SLIM_U16 || type == SLIM_U32 || type == SLIM_U64 ||
	       type == SLIM_TIME || type == SLIM_COUNTER;
}

static bool
merge_fits(const struct slim_shm_field *field)
{
	if (field->class_ != SLIM_LAZY)
		return field->merge == SLIM_MERGE_NONE;
	switch (field->merge) {
	case SLIM_MERGE_LAST:
		return true;
	case SLIM_MERGE_MAX:
		return type_is_number(field->type);
	case SLIM_MERGE_SUM: /* times cannot be added */
		return type_is_number(field->type) && field->type != SLIM_TIME;
	default:
		return false;
	}
}

static int
check_field(const struct slim_shm_field *field, struct schema_reason *reason)
{
	int size = type_size(field->type);

	if (!slim_rule_name(field->name))
		return slim_rule_refuse(reason, "a field has no proper name");
	if (size < 0)
		return slim_rule_refuse(reason, "field %s: unknown type %u", field->name,
					field->type);
	if (field->size == 0 || field->size > SLIM_MAX_SLOT_SIZE ||
	    (size > 0 && field->size != size))
		return slim_rule_refuse(reason, "field %s: size %u does not fit its type",
					field->name, field->size);
	if (field->role != SLIM_KEY && field->role != SLIM_VALUE)
		return slim_rule_refuse(reason, "field %s: unknown role %u", field->name,
					field->role);
	if (field->class_ < SLIM_STATE || field->class_ > SLIM_LOCAL)
		return slim_rule_refuse(reason, "field %s: unknown class %u", field->name,
					field->class_);
	if (field->role == SLIM_KEY && field->class_ != SLIM_STATE)
		return slim_rule_refuse(reason, "field %s: a key field must be of class state",
					field->name);
	if (!merge_fits(field))
		return slim_rule_refuse(reason, "field %s: merge rule %u does not fit", field->name,
					field->merge);
	return 0;
}

int
slim_rule_fields(const char *table, const struct slim_shm_field *fields, size_t n,
		 struct schema_reason *reason)
{
	bool has_key = false;

	if (n == 0 || n > SLIM_MAX_FIELDS)
		return slim_rule_refuse(reason, "table %s: %zu fields", table, n);
	for (size_t i = 0; i < n; i++) {
		int rc = check_field(&fields[i], reason);

		if (rc < 0)
			return rc;
		for (size_t j = 0; j < i; j++)
			if (strcmp(fields[i].name, fields[j].name) == 0)
				return slim_rule_refuse(reason,
							"table %s: two fields are called %s", table,
							fields[i].name);
		has_key |= fields[i].role == SLIM_KEY;
	}
	if (!has_key)
		return slim_rule_refuse(reason, "table %s: no key field", table);
	return 0;
}

/* ---- places in a slot --------------------------------------------------------------- */

static int
check_places(const struct slim_shm_table *table, struct schema_reason *reason)
{
	uint32_t payload_size = table->slot_size - (uint32_t)sizeof(struct slim_slot_head);
	uint8_t covered[SLIM_MAX_SLOT_SIZE] = {0};

	for (uint16_t i = 0; i < table->n_fields; i++) {
		const struct slim_shm_field *field = &table->fields[i];
		uint32_t end = (uint32_t)field->offset + field->size;

		if (end > payload_size)
			return slim_rule_refuse(reason, "field %s: outside the slot", field->name);
		if (type_is_number(field->type) && field->offset % field->size != 0)
			return slim_rule_refuse(reason, "field %s: not aligned", field->name);
		for (uint32_t b = field->offset; b < end; b++)
			if (covered[b]++ != 0)
				return slim_rule_refuse(reason, "field %s: overlaps another",
							field->name);
	}
	return 0;
}

static int
check_key(const struct slim_shm_table *table, struct schema_reason *reason)
{
	uint32_t end = table->key_offset;
	uint16_t n = 0;

	for (; n < table->n_fields && table->fields[n].role == SLIM_KEY; n++) {
		if (table->fields[n].offset != end)
			return slim_rule_refuse(reason, "field %s: not where the key is",
						table->fields[n].name);
		end += table->fields[n].size;
	}
	if (end != (uint32_t)table->key_offset + table->key_size)
		return slim_rule_refuse(reason, "table %s: the key has bytes without a field",
					table->name);
	for (; n < table->n_fields; n++)
		if (table->fields[n].role == SLIM_KEY)
			return slim_rule_refuse(reason, "field %s: a key field behind a value",
						table->fields[n].name);
	return 0;
}

int
slim_rule_table(const struct slim_shm_table *table, struct schema_reason *reason)
{
	int rc;

	if (!slim_rule_table_name(table->name))
		return slim_rule_refuse(reason, "a table has no proper name");
	if (table->capacity == 0 || table->capacity > SLIM_MAX_CAPACITY)
		return slim_rule_refuse(reason, "table %s: capacity %u is out of bounds",
					table->name, table->capacity);
	if (table->source_slots != 0 &&
	    (table->source_slots < table->capacity || table->source_slots > SLIM_MAX_CAPACITY))
		return slim_rule_refuse(reason, "table %s: %u slots of a source are out of bounds",
					table->name, table->source_slots);
	if (table->slot_size <= sizeof(struct slim_slot_head) ||
	    table->slot_size > SLIM_MAX_SLOT_SIZE || table->slot_size % 8 != 0)
		return slim_rule_refuse(reason, "table %s: slot size %u is out of bounds",
					table->name, table->slot_size);
	rc = slim_rule_fields(table->name, table->fields, table->n_fields, reason);
	if (rc == 0)
		rc = check_places(table, reason);
	return rc == 0 ? check_key(table, reason) : rc;
}

/* ---- places in the zones ------------------------------------------------------------ */

/* Does a piece of n * size bytes at `offset` lie within `room`? */
static bool
fits(uint64_t offset, uint64_t n, uint64_t size, uint64_t room)
{
	return offset <= room && (size == 0 || n <= (room - offset) / size);
}

/* The same in the control zone, behind the command. */
static bool
fits_control(uint64_t offset, uint64_t n, uint64_t size, uint64_t room)
{
	return offset >= sizeof(struct slim_shm_control) && fits(offset, n, size, room);
}

static bool
rings_fit(const struct slim_shm_table *table, uint32_t n_workers, uint64_t room)
{
	return table->ring_size >= table->capacity &&
	       (table->ring_size & (table->ring_size - 1)) == 0 &&
	       table->ring_stride >= sizeof(struct slim_shm_ring) +
					     (uint64_t)table->ring_size * sizeof(uint32_t) &&
	       table->ring_offset % SLIM_CACHE_LINE == 0 &&
	       table->ring_stride % SLIM_CACHE_LINE == 0 &&
	       fits_control(table->ring_offset, n_workers, table->ring_stride, room);
}

static int
check_zones_of(const struct slim_shm_info *info, uint32_t t, const uint64_t *zone_sizes,
	       struct schema_reason *reason)
{
	const struct slim_shm_table *table = &info->tables[t];
	uint64_t room = zone_sizes[SLIM_ZONE_CONTROL];

	if (table->zone != SLIM_ZONE_SLAB + t)
		return slim_rule_refuse(reason, "table %s: zone %u is not its own", table->name,
					table->zone);
	if (table->slab_offset % 8 != 0 ||
	    !fits(table->slab_offset, table->capacity, table->slot_size, zone_sizes[table->zone]))
		return slim_rule_refuse(reason, "table %s: the slots are outside their zone",
					table->name);
	if (!fits_control(table->dirty_offset, table->capacity, 1, room))
		return slim_rule_refuse(reason, "table %s: the dirty flags are outside their zone",
					table->name);
	if (!rings_fit(table, info->n_workers, room))
		return slim_rule_refuse(reason, "table %s: the dirty rings make no sense",
					table->name);
	return 0;
}

/* ---- the instance ------------------------------------------------------------------- */

static int
check_names(const struct slim_shm_info *info, struct schema_reason *reason)
{
	if (!slim_rule_name(info->name))
		return slim_rule_refuse(reason, "no proper instance name");
	if (!slim_rule_name(info->service))
		return slim_rule_refuse(reason, "no proper service name");
	if (!slim_rule_name(info->kind))
		return slim_rule_refuse(reason, "no proper kind");
	if (!slim_rule_version(info->nf_version))
		return slim_rule_refuse(reason, "no proper version");
	if (!slim_rule_identity(info->identity))
		return slim_rule_refuse(reason, "no proper identity");
	return 0;
}

static int
check_counts(const struct slim_shm_info *info, struct schema_reason *reason)
{
	if (info->n_workers == 0 || info->n_workers > SLIM_MAX_WORKERS)
		return slim_rule_refuse(reason, "%u workers", info->n_workers);
	if (info->n_tables == 0 || info->n_tables > SLIM_MAX_TABLES)
		return slim_rule_refuse(reason, "%u tables", info->n_tables);
	if (info->n_ports > SLIM_MAX_PORTS)
		return slim_rule_refuse(reason, "%u ports", info->n_ports);
	if (info->hold_capacity == 0 || info->hold_capacity > SLIM_MAX_CAPACITY)
		return slim_rule_refuse(reason, "a hold of %u packets", info->hold_capacity);
	if (info->instance == 0)
		return slim_rule_refuse(reason, "no instance number");
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		if (info->bucket_worker[b] >= info->n_workers)
			return slim_rule_refuse(reason, "bucket %u belongs to no worker", b);
	return 0;
}

static int
check_ports(const struct slim_shm_info *info, struct schema_reason *reason)
{
	for (uint32_t p = 0; p < info->n_ports; p++) {
		const struct slim_shm_port *port = &info->ports[p];

		if (!slim_rule_name(port->name))
			return slim_rule_refuse(reason, "no proper port name");
		for (uint32_t i = 0; i < p; i++)
			if (strcmp(info->ports[i].name, port->name) == 0)
				return slim_rule_refuse(reason, "two ports are called %s",
							port->name);
		if (port->n_rx_queues == 0 || port->n_rx_queues > info->n_workers)
			return slim_rule_refuse(reason, "port %s: %u receive queues", port->name,
						port->n_rx_queues);
	}
	return 0;
}

static int
check_tables(const struct slim_shm_info *info, const uint64_t *zone_sizes,
	     struct schema_reason *reason)
{
	for (uint32_t t = 0; t < info->n_tables; t++) {
		int rc = slim_rule_table(&info->tables[t], reason);

		if (rc == 0)
			rc = check_zones_of(info, t, zone_sizes, reason);
		if (rc < 0)
			return rc;
		for (uint32_t i = 0; i < t; i++)
			if (strcmp(info->tables[i].name, info->tables[t].name) == 0)
				return slim_rule_refuse(reason, "two tables are called %s",
							info->tables[t].name);
	}
	return 0;
}

static int
check_zones(const struct slim_shm_info *info, const uint64_t *zone_sizes, uint32_t n_zones,
	    struct schema_reason *reason)
{
	if (n_zones != SLIM_ZONE_SLAB + info->n_tables)
		return slim_rule_refuse(reason, "%u zones for %u tables", n_zones, info->n_tables);
	if (info->control_size < sizeof(struct slim_shm_control) ||
	    info->control_size > zone_sizes[SLIM_ZONE_CONTROL])
		return slim_rule_refuse(reason, "a control zone of %zu bytes",
					(size_t)info->control_size);
	if (info->install_offset % SLIM_CACHE_LINE != 0 ||
	    !fits_control(info->install_offset, info->n_workers, sizeof(struct slim_shm_install),
			  zone_sizes[SLIM_ZONE_CONTROL]))
		return slim_rule_refuse(reason, "the install rings are outside their zone");
	return 0;
}

int
slim_rule_info(const struct slim_shm_info *info, const uint64_t *zone_sizes, uint32_t n_zones,
	       struct schema_reason *reason)
{
	int rc;

	if (info->magic != SLIM_SHM_MAGIC || info->version != SLIM_SHM_VERSION ||
	    info->size != sizeof(*info))
		return slim_rule_refuse(reason, "the info zone is of another version");
	rc = check_names(info, reason);
	if (rc == 0)
		rc = check_counts(info, reason);
	if (rc == 0)
		rc = check_ports(info, reason);
	if (rc == 0)
		rc = check_zones(info, zone_sizes, n_zones, reason);
	return rc == 0 ? check_tables(info, zone_sizes, reason) : rc;
}
