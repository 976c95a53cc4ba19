/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks and bindings of table schemas. Pure functions over bounded arrays; what
 * comes in is hostile until schema_check() has passed it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema.h"

static int __attribute__((format(printf, 2, 3)))
refuse(struct schema_reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
	return -EINVAL;
}

bool
schema_name_valid(const char *text)
{
	size_t n = strnlen(text, SLIM_NAME_SIZE);

	if (n == 0 || n == SLIM_NAME_SIZE)
		return false;
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

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

/* Host-order numbers can be added and compared. */
static bool
type_is_number(uint8_t type)
{
	return type == SLIM_U8 || type == SLIM_U16 || type == SLIM_U32 || type == SLIM_U64 ||
	       type == SLIM_COUNTER;
}

static bool
merge_valid(const struct schema_field *field)
{
	if (field->class_ != SLIM_LAZY)
		return field->merge == SLIM_MERGE_NONE;
	switch (field->merge) {
	case SLIM_MERGE_LAST:
		return true;
	case SLIM_MERGE_MAX:
		return type_is_number(field->type) || field->type == SLIM_TIME;
	case SLIM_MERGE_SUM:
		return type_is_number(field->type);
	default:
		return false;
	}
}

static int
check_field(const struct schema_field *field, struct schema_reason *reason)
{
	int size;

	if (!schema_name_valid(field->name))
		return refuse(reason, "a field has no proper name");
	size = type_size(field->type);
	if (size < 0)
		return refuse(reason, "field %s: unknown type %u", field->name, field->type);
	if (field->size == 0 || field->size > SLIM_MAX_SLOT_SIZE ||
	    (size > 0 && field->size != size))
		return refuse(reason, "field %s: size %u does not fit its type", field->name,
			      field->size);
	if (field->role != SLIM_KEY && field->role != SLIM_VALUE)
		return refuse(reason, "field %s: unknown role %u", field->name, field->role);
	if (field->class_ < SLIM_STATE || field->class_ > SLIM_LOCAL)
		return refuse(reason, "field %s: unknown class %u", field->name, field->class_);
	if (field->role == SLIM_KEY && field->class_ != SLIM_STATE)
		return refuse(reason, "field %s: a key field must be of class state", field->name);
	if (!merge_valid(field))
		return refuse(reason, "field %s: merge rule %u does not fit", field->name,
			      field->merge);
	return 0;
}

/* What holds for every table, wherever it comes from. */
static int
check_table(const struct schema_table *table, struct schema_reason *reason)
{
	bool has_key = false;
	int rc;

	if (table->capacity == 0 || table->capacity > SLIM_MAX_CAPACITY)
		return refuse(reason, "table %s: capacity %u is out of bounds", table->name,
			      table->capacity);
	for (uint16_t i = 0; i < table->n_fields; i++) {
		const struct schema_field *field = &table->fields[i];

		rc = check_field(field, reason);
		if (rc < 0)
			return rc;
		for (uint16_t j = 0; j < i; j++)
			if (strcmp(field->name, table->fields[j].name) == 0)
				return refuse(reason, "table %s: two fields are called %s",
					      table->name, field->name);
		has_key |= field->role == SLIM_KEY;
	}
	if (!has_key)
		return refuse(reason, "table %s: no key field", table->name);
	return 0;
}

/* What holds for a table with a layout. */
static int
check_layout(const struct schema_table *table, struct schema_reason *reason)
{
	uint8_t covered[SLIM_MAX_SLOT_SIZE] = {0};
	uint32_t key_bytes = 0;

	if ((uint32_t)table->key_offset + table->key_size > table->payload_size)
		return refuse(reason, "table %s: the key is outside the slot", table->name);
	for (uint16_t i = 0; i < table->n_fields; i++) {
		const struct schema_field *field = &table->fields[i];
		uint32_t end = (uint32_t)field->offset + field->size;

		if (end > table->payload_size)
			return refuse(reason, "field %s: outside the slot", field->name);
		for (uint32_t b = field->offset; b < end; b++)
			if (covered[b]++ != 0)
				return refuse(reason, "field %s: overlaps another", field->name);
		if (field->role != SLIM_KEY)
			continue;
		if (field->offset < table->key_offset ||
		    end > (uint32_t)table->key_offset + table->key_size)
			return refuse(reason, "field %s: outside the key", field->name);
		key_bytes += field->size;
	}
	if (key_bytes != table->key_size)
		return refuse(reason, "table %s: the key has bytes without a field", table->name);
	return 0;
}

int
schema_from_shm(const struct slim_shm_table *shm, struct schema_table *ret,
		struct schema_reason *reason)
{
	struct schema_table table = {0};
	int rc;

	if (!schema_name_valid(shm->name))
		return refuse(reason, "a table has no proper name");
	memcpy(table.name, shm->name, sizeof(table.name));
	if (shm->slot_size <= sizeof(struct slim_slot_head) ||
	    shm->slot_size > SLIM_MAX_SLOT_SIZE || shm->slot_size % 8 != 0)
		return refuse(reason, "table %s: slot size %u is out of bounds", table.name,
			      shm->slot_size);
	if (shm->n_fields == 0 || shm->n_fields > SLIM_MAX_FIELDS)
		return refuse(reason, "table %s: %u fields", table.name, shm->n_fields);
	table.capacity = shm->capacity;
	table.payload_size = (uint16_t)(shm->slot_size - sizeof(struct slim_slot_head));
	table.key_offset = shm->key_offset;
	table.key_size = shm->key_size;
	table.n_fields = shm->n_fields;
	for (uint16_t i = 0; i < table.n_fields; i++) {
		const struct slim_shm_field *from = &shm->fields[i];
		struct schema_field *to = &table.fields[i];

		memcpy(to->name, from->name, sizeof(to->name));
		to->type = from->type;
		to->role = from->role;
		to->class_ = from->class_;
		to->merge = from->merge;
		to->offset = from->offset;
		to->size = from->size;
	}
	rc = check_table(&table, reason);
	if (rc == 0)
		rc = check_layout(&table, reason);
	if (rc == 0)
		*ret = table;
	return rc;
}

static bool
copy_name(char *to, const char *from)
{
	size_t n = strlen(from);

	if (n >= SLIM_NAME_SIZE)
		return false;
	memcpy(to, from, n + 1);
	return schema_name_valid(to);
}

static int
field_from_peer(const Slim__Peer__V1__Field *msg, struct schema_field *ret,
		struct schema_reason *reason)
{
	if (!copy_name(ret->name, msg->name))
		return refuse(reason, "a field has no proper name");
	if (msg->type > UINT8_MAX || msg->role > UINT8_MAX || msg->class_ > UINT8_MAX ||
	    msg->merge > UINT8_MAX || msg->size > UINT16_MAX)
		return refuse(reason, "field %s: a number is out of bounds", ret->name);
	if (msg->class_ == SLIM_LOCAL)
		return refuse(reason, "field %s: class local does not belong on the wire",
			      ret->name);
	ret->type = (uint8_t)msg->type;
	ret->role = (uint8_t)msg->role;
	ret->class_ = (uint8_t)msg->class_;
	ret->merge = (uint8_t)msg->merge;
	ret->size = (uint16_t)msg->size;
	ret->offset = SCHEMA_NO_OFFSET;
	return 0;
}

int
schema_from_peer(const Slim__Peer__V1__Table *msg, struct schema_table *ret,
		 struct schema_reason *reason)
{
	struct schema_table table = {0};
	uint32_t row_size = 0;
	int rc;

	if (!copy_name(table.name, msg->name))
		return refuse(reason, "a table has no proper name");
	if (msg->n_fields == 0 || msg->n_fields > SLIM_MAX_FIELDS)
		return refuse(reason, "table %s: %zu fields", table.name, msg->n_fields);
	table.capacity = msg->capacity;
	table.n_fields = (uint16_t)msg->n_fields;
	for (uint16_t i = 0; i < table.n_fields; i++) {
		rc = field_from_peer(msg->fields[i], &table.fields[i], reason);
		if (rc < 0)
			return rc;
		row_size += table.fields[i].size;
	}
	if (row_size > SLIM_MAX_SLOT_SIZE)
		return refuse(reason, "table %s: a row has %u bytes", table.name, row_size);
	rc = check_table(&table, reason);
	if (rc == 0)
		*ret = table;
	return rc;
}

void
schema_to_peer(const struct schema_table *table, uint32_t used, struct schema_message *ret)
{
	size_t n = 0;

	slim__peer__v1__table__init(&ret->table);
	/* protobuf-c has no const strings; nobody writes through them. */
	ret->table.name = (char *)(uintptr_t)table->name;
	ret->table.capacity = table->capacity;
	ret->table.used = used;
	for (uint16_t i = 0; i < table->n_fields; i++) {
		const struct schema_field *field = &table->fields[i];
		Slim__Peer__V1__Field *msg = &ret->fields[n];

		if (field->class_ == SLIM_LOCAL)
			continue;
		slim__peer__v1__field__init(msg);
		msg->name = (char *)(uintptr_t)field->name;
		msg->type = field->type;
		msg->role = field->role;
		msg->class_ = field->class_;
		msg->merge = field->merge;
		msg->size = field->size;
		ret->field_ptrs[n++] = msg;
	}
	ret->table.n_fields = n;
	ret->table.fields = ret->field_ptrs;
}

int
schema_find_field(const struct schema_table *table, const char *name)
{
	for (uint16_t i = 0; i < table->n_fields; i++)
		if (strcmp(table->fields[i].name, name) == 0)
			return i;
	return -1;
}

static const struct schema_field *
find(const struct schema_table *table, const char *name)
{
	int i = schema_find_field(table, name);

	/* A local field is as good as absent for everybody else. */
	return i < 0 || table->fields[i].class_ == SLIM_LOCAL ? NULL : &table->fields[i];
}

static int
check_pair(const struct schema_table *table, const struct schema_field *a,
	   const struct schema_field *b, struct schema_reason *reason)
{
	const char *what = NULL;

	if (a->type != b->type)
		what = "type";
	else if (a->size != b->size)
		what = "size";
	else if (a->role != b->role)
		what = "role";
	else if (a->class_ != b->class_)
		what = "class";
	else if (a->merge != b->merge)
		what = "merge rule";
	if (what == NULL)
		return 0;
	return refuse(reason, "table %s: field %s has another %s at the target", table->name,
		      a->name, what);
}

/* Key fields must be the same on both sides: a row is found by all of them. */
static int
check_keys(const struct schema_table *has, const struct schema_table *lacks, const char *where,
	   struct schema_reason *reason)
{
	for (uint16_t i = 0; i < has->n_fields; i++) {
		const struct schema_field *field = &has->fields[i];

		if (field->role == SLIM_KEY && find(lacks, field->name) == NULL)
			return refuse(reason, "table %s: key field %s is missing at the %s",
				      has->name, field->name, where);
	}
	return 0;
}

static void
add_run(struct schema_link *link, const struct schema_column *column)
{
	struct schema_run *last = link->n_runs > 0 ? &link->runs[link->n_runs - 1] : NULL;

	link->canonical_size = (uint16_t)(link->canonical_size + column->size);
	if (last != NULL && !last->is_time && !column->is_time &&
	    last->offset + last->size == column->offset) {
		last->size = (uint16_t)(last->size + column->size);
		return;
	}
	link->runs[link->n_runs++] = (struct schema_run){
		.offset = column->offset, .size = column->size, .is_time = column->is_time};
}

/* Like add_run(), but nothing is rebased. */
static void
add_lazy_run(struct schema_link *link, const struct schema_column *column)
{
	struct schema_run *last =
		link->n_lazy_runs > 0 ? &link->lazy_runs[link->n_lazy_runs - 1] : NULL;

	if (last != NULL && last->offset + last->size == column->offset)
		last->size = (uint16_t)(last->size + column->size);
	else
		link->lazy_runs[link->n_lazy_runs++] =
			(struct schema_run){.offset = column->offset, .size = column->size};
}

static void
add_column(struct schema_link *link, const struct schema_field *wire,
	   const struct schema_field *local, bool common)
{
	struct schema_column *column = &link->columns[link->n_columns];

	*column = (struct schema_column){
		.offset = local != NULL ? local->offset : SCHEMA_NO_OFFSET,
		.size = wire->size,
		.is_time = wire->type == SLIM_TIME,
		.class_ = wire->class_,
		.merge = wire->merge,
	};
	link->row_size = (uint16_t)(link->row_size + wire->size);
	if (wire->class_ == SLIM_LAZY && common) {
		link->has_lazy = true;
		add_lazy_run(link, column);
	}
	if (wire->merge == SLIM_MERGE_SUM && local != NULL)
		link->sums[link->n_sums++] = link->n_columns;
	if (wire->class_ == SLIM_STATE && common)
		add_run(link, column);
	link->n_columns++;
}

int
schema_link(const struct schema_table *source, uint8_t index, const struct schema_table *local,
	    const struct schema_table *other, struct schema_link *ret, struct schema_reason *reason)
{
	const struct schema_table *target = local == source ? other : local;
	struct schema_link link = {
		.index = index, .capacity = source->capacity, .payload_size = local->payload_size};
	int rc;

	if (target->capacity < source->capacity)
		return refuse(reason, "table %s: %u slots at the target, %u at the source",
			      source->name, target->capacity, source->capacity);
	rc = check_keys(source, target, "target", reason);
	if (rc == 0)
		rc = check_keys(target, source, "source", reason);
	if (rc < 0)
		return rc;
	for (uint16_t i = 0; i < source->n_fields; i++) {
		const struct schema_field *wire = &source->fields[i];
		const struct schema_field *there;

		if (wire->class_ == SLIM_LOCAL)
			continue;
		there = find(target, wire->name);
		rc = there != NULL ? check_pair(source, wire, there, reason) : 0;
		if (rc < 0)
			return rc;
		add_column(&link, wire, find(local, wire->name), there != NULL);
	}
	*ret = link;
	return 0;
}
