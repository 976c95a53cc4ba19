/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <errno.h>
#include <string.h>

#include "rule.h"

/* The rules speak of what stands in shared memory: so does this. False if a number does not fit. */
static bool
describe_field(const struct slim_field *f, struct slim_shm_field *field)
{
	if (f->name == NULL || strnlen(f->name, SLIM_NAME_SIZE) == SLIM_NAME_SIZE ||
	    (unsigned int)f->type > UINT8_MAX || (unsigned int)f->role > UINT8_MAX ||
	    (unsigned int)f->class_ > UINT8_MAX || (unsigned int)f->merge > UINT8_MAX)
		return false;
	memset(field, 0, sizeof(*field));
	memcpy(field->name, f->name, strlen(f->name));
	field->type = (uint8_t)f->type;
	field->role = (uint8_t)f->role;
	field->class_ = (uint8_t)f->class_;
	field->merge = (uint8_t)f->merge;
	field->offset = f->offset;
	field->size = f->size;
	return true;
}

/* The fields' key: those at the head of the list. That they fill it is for the rules to say. */
static void
describe_key(struct slim_shm_table *shm)
{
	shm->key_offset = shm->fields[0].offset;
	for (uint16_t i = 0; i < shm->n_fields && shm->fields[i].role == SLIM_KEY; i++)
		shm->key_size = (uint16_t)(shm->key_size + shm->fields[i].size);
}

static bool
describe(const struct slim_table_config *config, struct slim_shm_table *shm)
{
	if (config->name == NULL || strnlen(config->name, SLIM_NAME_SIZE) == SLIM_NAME_SIZE ||
	    config->fields == NULL || config->n_fields == 0 || config->n_fields > SLIM_MAX_FIELDS)
		return false;
	memcpy(shm->name, config->name, strlen(config->name));
	shm->capacity = config->capacity;
	shm->slot_size = (uint32_t)sizeof(struct slim_slot_head) + config->entry_size;
	shm->n_fields = config->n_fields;
	for (uint16_t i = 0; i < config->n_fields; i++) {
		if (!describe_field(&config->fields[i], &shm->fields[i]))
			return false;
	}
	describe_key(shm);
	return true;
}

static void
add_field(struct agent_table *table, const struct slim_shm_field *f)
{
	struct agent_run *last = table->n_runs > 0 ? &table->runs[table->n_runs - 1] : NULL;

	if (f->class_ == SLIM_LAZY)
		table->lazy[table->n_lazy++] = (struct agent_lazy){f->offset, f->size, f->merge};
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
	struct slim_shm_table shm = {0};

	if (config->ops == NULL || config->ops->acquire == NULL || config->ops->removed == NULL)
		return -EINVAL;
	if (!describe(config, &shm) || slim_rule_table(&shm, NULL) < 0)
		return -EINVAL;
	for (uint16_t i = 0; i < shm.n_fields; i++)
		add_field(table, &shm.fields[i]);
	memcpy(table->name, shm.name, sizeof(table->name));
	memcpy(table->fields, shm.fields, sizeof(table->fields));
	table->n_fields = shm.n_fields;
	table->key_offset = shm.key_offset;
	table->key_size = shm.key_size;
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
	shm->source_slots = slim_map_sources(table->pub.capacity);
	shm->slot_size = table->pub.slot_size;
	shm->key_offset = table->key_offset;
	shm->key_size = table->key_size;
	shm->n_fields = table->n_fields;
	shm->zone = (uint16_t)(SLIM_ZONE_SLAB + table->pub.index);
	shm->slab_offset = 0;
	memcpy(shm->fields, table->fields, sizeof(shm->fields));
}
