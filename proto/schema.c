/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bindings of table schemas. Pure functions over bounded arrays; what comes in is hostile until
 * the rules (rule.h) have passed it.
 */
#include <errno.h>
#include <string.h>

#include "schema.h"

static void
copy_field(struct schema_field *to, const struct slim_shm_field *from)
{
	memcpy(to->name, from->name, sizeof(to->name));
	to->type = from->type;
	to->role = from->role;
	to->class_ = from->class_;
	to->merge = from->merge;
	to->offset = from->offset;
	to->size = from->size;
}

int
schema_from_shm(const struct slim_shm_table *shm, struct schema_table *ret,
		struct schema_reason *reason)
{
	int rc = slim_rule_table(shm, reason);

	if (rc < 0)
		return rc;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->name, shm->name, sizeof(ret->name));
	ret->capacity = shm->capacity;
	ret->source_slots = shm->source_slots != 0 ? shm->source_slots : shm->capacity;
	ret->payload_size = (uint16_t)(shm->slot_size - sizeof(struct slim_slot_head));
	ret->key_offset = shm->key_offset;
	ret->key_size = shm->key_size;
	ret->n_fields = shm->n_fields;
	for (uint16_t i = 0; i < shm->n_fields; i++)
		copy_field(&ret->fields[i], &shm->fields[i]);
	return 0;
}

/* False if the text has no room; whether it is a name is for the rules to say. */
static bool
copy_name(char *to, const char *from)
{
	size_t n = strlen(from);

	if (n >= SLIM_NAME_SIZE)
		return false;
	memcpy(to, from, n + 1);
	return true;
}

static int
field_from_peer(const Slim__Peer__V1__Field *msg, struct slim_shm_field *ret,
		struct schema_reason *reason)
{
	if (!copy_name(ret->name, msg->name) || !slim_rule_name(ret->name))
		return slim_rule_refuse(reason, "a field has no proper name");
	if (msg->type > UINT8_MAX || msg->role > UINT8_MAX || msg->class_ > UINT8_MAX ||
	    msg->merge > UINT8_MAX || msg->size > UINT16_MAX)
		return slim_rule_refuse(reason, "field %s: a number is out of bounds", ret->name);
	if (msg->class_ == SLIM_LOCAL)
		return slim_rule_refuse(reason, "field %s: class local does not belong on the wire",
					ret->name);
	ret->type = (uint8_t)msg->type;
	ret->role = (uint8_t)msg->role;
	ret->class_ = (uint8_t)msg->class_;
	ret->merge = (uint8_t)msg->merge;
	ret->size = (uint16_t)msg->size;
	ret->offset = SCHEMA_NO_OFFSET;
	return 0;
}

static int
fields_from_peer(const Slim__Peer__V1__Table *msg, struct schema_table *table,
		 struct schema_reason *reason)
{
	struct slim_shm_field fields[SLIM_MAX_FIELDS] = {0};
	uint32_t row_size = 0;
	int rc;

	if (msg->n_fields == 0 || msg->n_fields > SLIM_MAX_FIELDS)
		return slim_rule_refuse(reason, "table %s: %zu fields", table->name, msg->n_fields);
	for (size_t i = 0; i < msg->n_fields; i++) {
		rc = field_from_peer(msg->fields[i], &fields[i], reason);
		if (rc < 0)
			return rc;
		row_size += fields[i].size;
		copy_field(&table->fields[i], &fields[i]);
	}
	table->n_fields = (uint16_t)msg->n_fields;
	if (row_size > SLIM_MAX_SLOT_SIZE)
		return slim_rule_refuse(reason, "table %s: a row has %u bytes", table->name,
					row_size);
	return slim_rule_fields(table->name, fields, msg->n_fields, reason);
}

int
schema_from_peer(const Slim__Peer__V1__Table *msg, struct schema_table *ret,
		 struct schema_reason *reason)
{
	struct schema_table table = {.capacity = msg->capacity};
	int rc;

	if (!copy_name(table.name, msg->name) || !slim_rule_table_name(table.name))
		return slim_rule_refuse(reason, "a table has no proper name");
	if (msg->capacity == 0 || msg->capacity > SLIM_MAX_CAPACITY)
		return slim_rule_refuse(reason, "table %s: capacity %u is out of bounds",
					table.name, msg->capacity);
	rc = fields_from_peer(msg, &table, reason);
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
	return slim_rule_refuse(reason, "table %s: field %s has another %s at the target",
				table->name, a->name, what);
}

/* Key fields must be the same on both sides: a row is found by all of them. */
static int
check_keys(const struct schema_table *has, const struct schema_table *lacks, const char *where,
	   struct schema_reason *reason)
{
	for (uint16_t i = 0; i < has->n_fields; i++) {
		const struct schema_field *field = &has->fields[i];

		if (field->role == SLIM_KEY && find(lacks, field->name) == NULL)
			return slim_rule_refuse(reason,
						"table %s: key field %s is missing at the %s",
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

static bool
is_network_order(uint8_t type)
{
	return type == SLIM_IPV4 || type == SLIM_IPV6 || type == SLIM_MAC || type == SLIM_BE16 ||
	       type == SLIM_BYTES;
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
		.is_network_order = is_network_order(wire->type),
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
