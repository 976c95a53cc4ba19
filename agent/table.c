/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <errno.h>
#include <string.h>

/* Size that a type must have; 0: any. */
static uint16_t
type_size(enum slim_type type)
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
	}
	return UINT16_MAX;
}

/* A number in host byte order: aligned, and can be compared and added. */
static bool
type_is_number(enum slim_type type)
{
	return type == SLIM_U8 || type == SLIM_U16 || type == SLIM_U32 || type == SLIM_U64 ||
	       type == SLIM_TIME || type == SLIM_COUNTER;
}

static bool
name_is_good(const char *name)
{
	return name != NULL && name[0] != '\0' && strnlen(name, SLIM_NAME_SIZE) < SLIM_NAME_SIZE;
}

static bool
merge_is_good(const struct slim_field *f)
{
	if (f->class_ != SLIM_LAZY)
		return f->merge == SLIM_MERGE_NONE;
	if (f->merge == SLIM_MERGE_LAST)
		return true;
	return (f->merge == SLIM_MERGE_MAX || f->merge == SLIM_MERGE_SUM) &&
	       type_is_number(f->type);
}

static bool
field_is_good(const struct slim_field *f, uint16_t entry_size)
{
	uint16_t size = type_size(f->type);

	if (!name_is_good(f->name) || f->size == 0 || (size != 0 && size != f->size))
		return false;
	if ((uint32_t)f->offset + f->size > entry_size)
		return false;
	if (type_is_number(f->type) && f->offset % f->size != 0)
		return false;
	if (f->role != SLIM_KEY && f->role != SLIM_VALUE)
		return false;
	if (f->class_ < SLIM_STATE || f->class_ > SLIM_LOCAL)
		return false;
	if (f->role == SLIM_KEY && f->class_ != SLIM_STATE)
		return false;
	return merge_is_good(f);
}

static bool
fields_clash(const struct slim_field *a, const struct slim_field *b)
{
	return strcmp(a->name, b->name) == 0 ||
	       (a->offset < b->offset + b->size && b->offset < a->offset + a->size);
}

/* Keys stand first in the list and next to each other in the entry. */
static int
find_key(const struct slim_table_config *config, struct agent_table *table)
{
	uint16_t n = 0;

	while (n < config->n_fields && config->fields[n].role == SLIM_KEY)
		n++;
	if (n == 0)
		return -EINVAL;
	table->key_offset = config->fields[0].offset;
	table->key_size = 0;
	for (uint16_t i = 0; i < config->n_fields; i++) {
		const struct slim_field *f = &config->fields[i];

		if ((f->role == SLIM_KEY) != (i < n))
			return -EINVAL;
		if (i < n && f->offset != table->key_offset + table->key_size)
			return -EINVAL;
		if (i < n)
			table->key_size = (uint16_t)(table->key_size + f->size);
	}
	return 0;
}

static void
add_field(struct agent_table *table, const struct slim_field *f)
{
	struct slim_shm_field *field = &table->fields[table->n_fields++];
	struct agent_run *last = table->n_runs > 0 ? &table->runs[table->n_runs - 1] : NULL;

	memset(field, 0, sizeof(*field));
	memcpy(field->name, f->name, strlen(f->name));
	field->type = (uint8_t)f->type;
	field->role = (uint8_t)f->role;
	field->class_ = (uint8_t)f->class_;
	field->merge = (uint8_t)f->merge;
	field->offset = f->offset;
	field->size = f->size;
	if (f->class_ == SLIM_LAZY)
		table->lazy[table->n_lazy++] =
			(struct agent_lazy){f->offset, f->size, (uint8_t)f->merge};
	if (f->class_ == SLIM_LOCAL)
		return;
	if (last != NULL && last->offset + last->size == f->offset)
		last->size = (uint16_t)(last->size + f->size);
	else
		table->runs[table->n_runs++] = (struct agent_run){f->offset, f->size};
}

int
slim_table_check(const struct slim_table_config *config, struct agent_table *table)
{
	size_t slot_size = sizeof(struct slim_slot_head) + config->entry_size;
	int rc;

	if (!name_is_good(config->name) || config->capacity == 0 ||
	    config->capacity > SLIM_MAX_CAPACITY)
		return -EINVAL;
	if (config->entry_size == 0 || config->entry_size % 8 != 0 ||
	    slot_size > SLIM_MAX_SLOT_SIZE)
		return -EINVAL;
	if (config->fields == NULL || config->n_fields == 0 || config->n_fields > SLIM_MAX_FIELDS)
		return -EINVAL;
	if (config->ops == NULL || config->ops->acquire == NULL || config->ops->removed == NULL)
		return -EINVAL;
	for (uint16_t i = 0; i < config->n_fields; i++) {
		if (!field_is_good(&config->fields[i], config->entry_size))
			return -EINVAL;
		for (uint16_t j = 0; j < i; j++) {
			if (fields_clash(&config->fields[i], &config->fields[j]))
				return -EINVAL;
		}
	}
	rc = find_key(config, table);
	if (rc != 0)
		return rc;
	for (uint16_t i = 0; i < config->n_fields; i++)
		add_field(table, &config->fields[i]);
	memcpy(table->name, config->name, strlen(config->name) + 1);
	table->entry_size = config->entry_size;
	table->ops = *config->ops;
	table->ctx = config->ctx;
	return 0;
}

void
slim_table_describe(const struct agent_table *table, struct slim_shm_table *shm)
{
	memcpy(shm->name, table->name, SLIM_NAME_SIZE);
	shm->capacity = table->pub.capacity;
	shm->slot_size = table->pub.slot_size;
	shm->key_offset = table->key_offset;
	shm->key_size = table->key_size;
	shm->n_fields = table->n_fields;
	shm->zone = (uint16_t)(SLIM_ZONE_SLAB + table->pub.index);
	shm->slab_offset = 0;
	memcpy(shm->fields, table->fields, sizeof(shm->fields));
}
