/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DumpTable: walks a slab in small steps and sends rows as text. A step ends when its slots,
 * rows or bytes are used up; the next one comes from the loop, after other events, or when the
 * client has read what is queued. Slots that are being written are kept aside and read
 * again later.
 */
#include "ctl_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "ctl_value.h"
#include "reasons.h"

#define STEP_SLOTS 2048u
#define STEP_ROWS 64u
#define STEP_TEXT (64u << 10)
#define ROW_TEXT_MAX (2u * SLIM_MAX_SLOT_SIZE + 64u * SLIM_MAX_FIELDS) /* more than any row needs */
#define MAX_FILTERS 16u
#define MAX_BUSY 64u    /* slots kept aside */
#define BUSY_TRIES 100u /* rounds over them, one each BUSY_PAUSE_US */
#define BUSY_PAUSE_US 1000
#define HOLD_PAUSE_US 1000

struct dump {
	struct rpc_request *request;
	struct nf *nf; /* held */
	const struct driver *driver;
	uint32_t table;
	struct event *step;
	int64_t offset_ns;
	uint32_t next_slot;
	uint32_t busy[MAX_BUSY];
	uint32_t n_busy, n_tries;
	bool header_sent;
	/* Columns, as indices of the table's fields. */
	uint16_t columns[SLIM_MAX_FIELDS];
	size_t n_columns;
	struct ctl_filter filters[MAX_FILTERS];
	size_t n_filters;
	/* The chunk of a step. */
	uint8_t payload[SLIM_MAX_SLOT_SIZE];
	char text[STEP_TEXT];
	size_t text_used;
	Slim__V1__TableRow rows[STEP_ROWS], *row_ptrs[STEP_ROWS];
	char *values[STEP_ROWS][SLIM_MAX_FIELDS];
	size_t n_rows;
};

static const struct schema_table *
dump_schema(const struct dump *dump)
{
	return &dump->nf->tables[dump->table].schema;
}

static void
dump_free(struct dump *dump)
{
	if (dump->step != NULL)
		event_free(dump->step);
	nf_release(dump->nf);
	free(dump);
}

/* ---- fields ------------------------------------------------------------------------ */

static void
fill_field(const struct schema_field *field, Slim__V1__TableField *ret)
{
	slim__v1__table_field__init(ret);
	ret->name = (char *)field->name;
	ret->type = (Slim__V1__FieldType)field->type; /* same numbers: see below */
	ret->class_ = (Slim__V1__FieldClass)field->class_;
	ret->key = field->role == SLIM_KEY;
	ret->size = field->size;
	ret->merge = field->merge;
}

_Static_assert((int)SLIM_COUNTER == (int)SLIM__V1__FIELD_TYPE__TYPE_COUNTER &&
		       (int)SLIM_BYTES == (int)SLIM__V1__FIELD_TYPE__TYPE_BYTES &&
		       (int)SLIM_U8 == (int)SLIM__V1__FIELD_TYPE__TYPE_U8,
	       "types have the same numbers in shared memory and in the API");
_Static_assert((int)SLIM_STATE == (int)SLIM__V1__FIELD_CLASS__CLASS_STATE &&
		       (int)SLIM_LOCAL == (int)SLIM__V1__FIELD_CLASS__CLASS_LOCAL,
	       "classes have the same numbers in shared memory and in the API");

size_t
ctl_table_fields(const struct schema_table *table, bool state_only, Slim__V1__TableField *fields,
		 Slim__V1__TableField **ptrs)
{
	size_t i, n = 0;

	for (i = 0; i < table->n_fields; i++) {
		if (state_only && table->fields[i].class_ != SLIM_STATE)
			continue;
		fill_field(&table->fields[i], &fields[n]);
		ptrs[n] = &fields[n];
		n++;
	}
	return n;
}

/* ---- rows --------------------------------------------------------------------------- */

static bool
chunk_is_full(const struct dump *dump)
{
	return dump->n_rows == STEP_ROWS || dump->text_used + ROW_TEXT_MAX > STEP_TEXT;
}

static bool
is_wanted(const struct dump *dump)
{
	size_t i;

	for (i = 0; i < dump->n_filters; i++)
		if (!ctl_filter_match(&dump->filters[i], dump->payload))
			return false;
	return true;
}

static void
add_row(struct dump *dump, uint32_t slot, uint8_t bucket)
{
	const struct schema_table *table = dump_schema(dump);
	Slim__V1__TableRow *row = &dump->rows[dump->n_rows];
	char text[CTL_VALUE_SIZE];
	size_t i, n;

	slim__v1__table_row__init(row);
	row->slot = slot;
	row->bucket = bucket;
	row->values = dump->values[dump->n_rows];
	row->n_values = dump->n_columns;
	for (i = 0; i < dump->n_columns; i++) {
		const struct schema_field *field = &table->fields[dump->columns[i]];

		ctl_value_format(field, dump->payload + field->offset, dump->offset_ns, text);
		n = strlen(text) + 1;
		row->values[i] = memcpy(dump->text + dump->text_used, text, n);
		dump->text_used += n;
	}
	dump->row_ptrs[dump->n_rows++] = row;
}

/* False: the slot is being written. */
static bool
read_slot(struct dump *dump, uint32_t slot)
{
	uint8_t bucket;
	int result = nf_read_slot(dump->nf, dump->table, slot, dump->payload, &bucket);

	if (result > 0 && is_wanted(dump))
		add_row(dump, slot, bucket);
	return result >= 0;
}

static void
walk(struct dump *dump)
{
	uint32_t capacity = dump_schema(dump)->capacity, n;

	for (n = 0; n < STEP_SLOTS && dump->next_slot < capacity; n++) {
		if (chunk_is_full(dump) || dump->n_busy == MAX_BUSY)
			return;
		if (!read_slot(dump, dump->next_slot))
			dump->busy[dump->n_busy++] = dump->next_slot;
		dump->next_slot++;
	}
}

static void
retry_busy(struct dump *dump)
{
	uint32_t i, left = 0;

	for (i = 0; i < dump->n_busy; i++)
		if (chunk_is_full(dump) || !read_slot(dump, dump->busy[i]))
			dump->busy[left++] = dump->busy[i];
	dump->n_tries = left < dump->n_busy ? 0 : dump->n_tries + 1;
	dump->n_busy = left;
}

static void
send_chunk(struct dump *dump)
{
	const struct schema_table *table = dump_schema(dump);
	Slim__V1__TableChunk chunk = SLIM__V1__TABLE_CHUNK__INIT;
	Slim__V1__TableField fields[SLIM_MAX_FIELDS], *ptrs[SLIM_MAX_FIELDS];
	size_t i;

	if (dump->n_rows == 0 && dump->header_sent)
		return;
	if (!dump->header_sent) {
		for (i = 0; i < dump->n_columns; i++) {
			fill_field(&table->fields[dump->columns[i]], &fields[i]);
			ptrs[i] = &fields[i];
		}
		chunk.nf = dump->nf->name;
		chunk.table = (char *)table->name;
		chunk.fields = ptrs;
		chunk.n_fields = dump->n_columns;
	}
	chunk.rows = dump->row_ptrs;
	chunk.n_rows = dump->n_rows;
	dump->header_sent = true;
	dump->n_rows = 0;
	dump->text_used = 0;
	rpc_send(dump->request, &chunk.base);
}

/* ---- steps ----------------------------------------------------------------------------- */

static void
dump_fail(struct dump *dump, enum rpc_code code, const char *reason, const char *text)
{
	struct rpc_request *request = dump->request;

	dump_free(dump);
	rpc_fail_because(request, code, reason, "%s", text);
}

/* What comes next: the end, a wait for the client (on_drain), or another step. */
static void
dump_continue(struct dump *dump)
{
	struct rpc_request *request = dump->request;
	bool walked = dump->next_slot == dump_schema(dump)->capacity;
	bool stuck = dump->n_busy == MAX_BUSY || (walked && dump->n_busy > 0);

	if (walked && dump->n_busy == 0) {
		dump_free(dump);
		rpc_finish(request);
	} else if (dump->n_tries > BUSY_TRIES) {
		dump_fail(dump, RPC_DATA_LOSS, REASON_TEXT(NF_SILENT),
			  "a slot has been in the middle of a write for long");
	} else if (rpc_queued(request) < RPC_MAX_SEND_QUEUE) {
		event_add(dump->step, &(struct timeval){.tv_usec = stuck ? BUSY_PAUSE_US : 0});
	}
}

static void
dump_step(struct dump *dump)
{
	if (nf_is_broken(dump->nf)) {
		dump_fail(dump, RPC_DATA_LOSS, REASON_TEXT(NF_LOST), "the NF's memory is gone");
		return;
	}
	if (driver_holds(dump->driver)) { /* a hold goes first */
		event_add(dump->step, &(struct timeval){.tv_usec = HOLD_PAUSE_US});
		return;
	}
	if (dump->n_busy > 0)
		retry_busy(dump);
	walk(dump);
	send_chunk(dump);
	dump_continue(dump);
}

static void
on_step(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	dump_step(arg);
}

static void
on_drain(struct rpc_request *request)
{
	struct dump *dump = rpc_request_data(request);

	if (!evtimer_pending(dump->step, NULL))
		event_add(dump->step, &(struct timeval){0});
}

static void
on_cancel(struct rpc_request *request)
{
	dump_free(rpc_request_data(request));
	rpc_finish(request);
}

/* ---- begin -------------------------------------------------------------------------------- */

static void
choose_columns(struct dump *dump, bool state_only)
{
	const struct schema_table *table = dump_schema(dump);
	uint16_t i;

	for (i = 0; i < table->n_fields; i++)
		if (!state_only || table->fields[i].class_ == SLIM_STATE)
			dump->columns[dump->n_columns++] = i;
}

static int
parse_filters(struct dump *dump, const Slim__V1__DumpTableRequest *wanted,
	      struct schema_reason *reason)
{
	size_t i;

	if (wanted->n_filters > MAX_FILTERS) {
		snprintf(reason->text, sizeof(reason->text), "more than %u filters", MAX_FILTERS);
		return -EINVAL;
	}
	for (i = 0; i < wanted->n_filters; i++)
		if (ctl_filter_parse(dump_schema(dump), wanted->filters[i], dump->offset_ns,
				     &dump->filters[i], reason) < 0)
			return -EINVAL;
	dump->n_filters = wanted->n_filters;
	return 0;
}

static void
dump_begin(struct daemon *daemon, struct rpc_request *request, struct nf *nf, uint32_t table,
	   const Slim__V1__DumpTableRequest *wanted)
{
	struct dump *dump = calloc(1, sizeof(*dump));
	struct schema_reason reason;

	if (dump == NULL) {
		rpc_fail_because(request, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT),
				 "out of memory");
		return;
	}
	dump->request = request;
	dump->nf = nf;
	dump->driver = daemon->driver;
	dump->table = table;
	dump->offset_ns = ctl_clock_offset();
	nf_hold(nf);
	choose_columns(dump, wanted->state_only);
	if (parse_filters(dump, wanted, &reason) < 0) {
		dump_fail(dump, RPC_INVALID_ARGUMENT, REASON_TEXT(BAD_REQUEST), reason.text);
		return;
	}
	dump->step = evtimer_new(daemon->base, on_step, dump);
	if (dump->step == NULL) {
		dump_fail(dump, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT), "out of memory");
		return;
	}
	rpc_request_set_data(request, dump);
	rpc_request_set_ops(
		request, &(struct rpc_request_ops){.on_cancel = on_cancel, .on_drain = on_drain});
	dump_step(dump);
}

struct nf *
ctl_table_find(struct rpc_request *request, const struct daemon *daemon, const char *name,
	       const char *table, uint32_t *ret_table)
{
	struct nf *nf = nf_find(daemon->nfs, name);
	int index;

	if (nf == NULL) {
		rpc_fail_because(request, RPC_NOT_FOUND, REASON_TEXT(UNKNOWN_NF),
				 "no NF \"%.40s\" on host \"%s\"", name, daemon->host);
		return NULL;
	}
	index = nf_find_table(nf, table);
	if (index < 0) {
		if (table[0] == '\0')
			rpc_fail_because(request, RPC_INVALID_ARGUMENT, REASON_TEXT(BAD_REQUEST),
					 "NF \"%s\" has %u tables: say which", nf->name,
					 nf->n_tables);
		else
			rpc_fail_because(request, RPC_NOT_FOUND, REASON_TEXT(UNKNOWN_TABLE),
					 "NF \"%s\" has no table \"%.40s\"", nf->name, table);
		return NULL;
	}
	*ret_table = (uint32_t)index;
	return nf;
}

void
ctl_table_dump(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__DumpTableRequest *wanted = (const void *)message;
	struct daemon *daemon = ((struct ctl_service *)ctx)->daemon;
	uint32_t table;
	struct nf *nf = ctl_table_find(request, daemon, wanted->nf, wanted->table, &table);

	if (nf != NULL)
		dump_begin(daemon, request, nf, table, wanted);
}
