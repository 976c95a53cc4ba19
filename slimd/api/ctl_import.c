/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ImportTable: rows as text become slots of a standby NF.
 *
 *	OPENING   gate commanded to RECEIVE, its workers have not all acknowledged
 *	PUTTING   rows go into the install rings as far as there is room
 *	DRAINING  the client has sent all; the workers apply what is in the rings
 *	CLOSING   gate commanded to CLOSED; then the answer
 *
 * One message is read at a time: reading is paused while its rows wait. A timer looks after
 * gate and rings.
 */
#include "ctl_table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <event2/event.h>

#include "clock.h"
#include "ctl_value.h"
#include "gate.h"
#include "install.h"
#include "log.h"
#include "reasons.h"

#define POLL_US 1000
#define STALL_NS UINT64_C(5000000000) /* workers that do not answer for so long are given up */
#define MAX_REASONS 8u
#define MAX_ROWS 4096u /* of one message */
#define NO_FIELD UINT16_MAX

enum import_state { OPENING, PUTTING, DRAINING, CLOSING };

struct import_row {
	uint8_t bucket;
	uint8_t payload[SLIM_MAX_SLOT_SIZE];
};

struct import {
	LIST_ENTRY(import) link;
	struct rpc_request *request;
	struct nf *nf; /* held */
	const struct driver *driver;
	uint32_t table;
	enum import_state state;
	struct event *poll;
	struct gate gate;
	struct install install;
	bool installing; /* `install` is set up */
	int64_t offset_ns;
	uint64_t progress_ns;              /* when something last went forward */
	uint16_t columns[SLIM_MAX_FIELDS]; /* local field of each column, or NO_FIELD */
	size_t n_columns;
	struct import_row *rows; /* of the message that waits */
	size_t n_rows, next_row;
	uint32_t next_slot; /* number of the next row, as the source's slot */
	uint64_t refused;
	bool read_all;
	enum rpc_code failed; /* RPC_OK: not */
	const char *failed_because;
	char failure[SLIM_REASON_SIZE];
	size_t n_reasons;
	Slim__V1__Reason reasons[MAX_REASONS], *reason_ptrs[MAX_REASONS];
	char texts[MAX_REASONS][SLIM_REASON_SIZE];
};

static const struct schema_table *
import_schema(const struct import *import)
{
	return &import->nf->tables[import->table].schema;
}

/* ---- reasons ---------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void
add_reason(struct import *import, Slim__V1__ReasonCode code, const char *format, ...)
{
	size_t i = import->n_reasons;
	va_list args;

	if (i == MAX_REASONS)
		return;
	va_start(args, format);
	vsnprintf(import->texts[i], sizeof(import->texts[i]), format, args);
	va_end(args);
	slim__v1__reason__init(&import->reasons[i]);
	import->reasons[i].code = code;
	import->reasons[i].text = import->texts[i];
	import->reason_ptrs[i] = &import->reasons[i];
	import->n_reasons++;
}

/* ---- end ---------------------------------------------------------------------------------- */

static void
import_free(struct import *import)
{
	if (import->installing)
		install_end(&import->install);
	event_free(import->poll);
	LIST_REMOVE(import, link);
	import->nf->session = 0;
	nf_release(import->nf);
	free(import->rows);
	free(import);
}

static void
import_answer(struct import *import)
{
	Slim__V1__ImportReply reply = SLIM__V1__IMPORT_REPLY__INIT;
	struct rpc_request *request = import->request;

	if (import->failed != RPC_OK) {
		rpc_fail_because(request, import->failed, import->failed_because, "%s",
				 import->failure);
		import_free(import);
		return;
	}
	reply.imported = import->next_slot;
	reply.refused = import->refused;
	reply.reasons = import->reason_ptrs;
	reply.n_reasons = import->n_reasons;
	log_info("import ended nf=%s rows=%u refused=%llu", import->nf->name, import->next_slot,
		 (unsigned long long)import->refused);
	rpc_reply(request, &reply.base);
	import_free(import);
}

static void
import_close(struct import *import)
{
	struct gate_command command = {.mode = SLIM_GATE_CLOSED};

	import->state = CLOSING;
	import->progress_ns = clock_now_ns();
	gate_command(&import->gate, &command);
}

/* Puts the NF back to where it was, then answers with the failure. */
static void
import_fail(struct import *import, enum rpc_code code, const char *reason, const char *text)
{
	if (import->failed == RPC_OK) {
		import->failed = code;
		import->failed_because = reason;
		snprintf(import->failure, sizeof(import->failure), "%s", text);
	}
	if (import->state != CLOSING)
		import_close(import);
}

/* ---- rows to slots --------------------------------------------------------------------------- */

/* False: the row is refused, with a reason. */
static bool
convert_row(struct import *import, const Slim__V1__TableRow *row, struct import_row *ret)
{
	const struct schema_table *table = import_schema(import);
	size_t i;

	memset(ret->payload, 0, table->payload_size);
	if (row->n_values != import->n_columns || row->bucket >= SLIM_N_BUCKETS) {
		add_reason(import, SLIM__V1__REASON_CODE__REASON_BAD_REQUEST,
			   "row of slot %u: %zu values, bucket %u", row->slot, row->n_values,
			   row->bucket);
		return false;
	}
	ret->bucket = (uint8_t)row->bucket;
	for (i = 0; i < import->n_columns; i++) {
		const struct schema_field *field;

		if (import->columns[i] == NO_FIELD)
			continue;
		field = &table->fields[import->columns[i]];
		if (ctl_value_parse(field, row->values[i], import->offset_ns,
				    ret->payload + field->offset) == 0)
			continue;
		add_reason(import, SLIM__V1__REASON_CODE__REASON_BAD_REQUEST,
			   "row of slot %u: \"%.60s\" is not a value of field \"%s\"", row->slot,
			   row->values[i], field->name);
		return false;
	}
	return true;
}

static void
take_rows(struct import *import, const Slim__V1__TableChunk *chunk)
{
	size_t i;

	import->n_rows = 0;
	import->next_row = 0;
	free(import->rows);
	import->rows = NULL;
	if (chunk->n_rows > MAX_ROWS) {
		import_fail(import, RPC_INVALID_ARGUMENT, REASON_TEXT(BAD_REQUEST),
			    "more than 4096 rows in a message");
		return;
	}
	import->rows = calloc(chunk->n_rows, sizeof(*import->rows));
	if (import->rows == NULL && chunk->n_rows > 0) {
		import_fail(import, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT), "out of memory");
		return;
	}
	for (i = 0; i < chunk->n_rows; i++) {
		if (convert_row(import, chunk->rows[i], &import->rows[import->n_rows]))
			import->n_rows++;
		else
			import->refused++;
	}
}

/* Puts rows while there is room. False: the import has failed. */
static bool
put_rows(struct import *import)
{
	uint32_t capacity = import_schema(import)->capacity;
	const struct import_row *row;
	int error;

	while (import->next_row < import->n_rows) {
		if (import->next_slot == capacity) {
			import->refused += import->n_rows - import->next_row;
			import->next_row = import->n_rows;
			add_reason(import, SLIM__V1__REASON_CODE__REASON_TABLE_FULL,
				   "the table has room for %u entries", capacity);
			return true;
		}
		row = &import->rows[import->next_row];
		error = install_put(&import->install, 0, import->next_slot, row->bucket,
				    row->payload);
		if (error == -EAGAIN)
			return true;
		if (error < 0) {
			import_fail(import, RPC_DATA_LOSS, REASON_TEXT(INTERNAL),
				    "the NF's install ring makes no sense");
			return false;
		}
		import->next_row++;
		import->next_slot++;
		import->progress_ns = clock_now_ns();
	}
	return true;
}

/* ---- states --------------------------------------------------------------------------------- */

static void
begin_putting(struct import *import)
{
	const struct nf *nf = import->nf;
	const struct schema_table *table = import_schema(import);
	struct install_config config = {
		.rings = nf->installs,
		.workers = nf->info->workers,
		.n_workers = nf->n_workers,
		.bucket_worker = nf->bucket_worker,
	};

	import->state = PUTTING;
	import->progress_ns = clock_now_ns();
	import->installing = install_begin(&import->install, &config) == 0;
	if (!import->installing)
		import_fail(import, RPC_DATA_LOSS, REASON_TEXT(INTERNAL),
			    "the NF's install ring makes no sense");
	else if (install_add_table(&import->install, (uint8_t)import->table, table->capacity,
				   table->payload_size) < 0)
		import_fail(import, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT), "out of memory");
}

static void
poll_putting(struct import *import)
{
	if (!put_rows(import) || import->next_row < import->n_rows)
		return;
	if (import->read_all) {
		import->state = DRAINING;
		import->progress_ns = clock_now_ns();
		return;
	}
	import->progress_ns = clock_now_ns(); /* it is the client's turn */
	rpc_resume(import->request);
}

static void
poll_draining(struct import *import)
{
	int applied = install_is_applied(&import->install);
	uint32_t error = install_error(&import->install);

	if (applied < 0) {
		import_fail(import, RPC_DATA_LOSS, REASON_TEXT(INTERNAL),
			    "the NF's install ring makes no sense");
		return;
	}
	if (applied == 0)
		return;
	if (error != 0)
		add_reason(import, SLIM__V1__REASON_CODE__REASON_TABLE_FULL,
			   "the NF did not take all rows: %s", strerror((int)error));
	import_close(import);
}

/* One look after the import; it may be gone afterwards. */
static void
import_poll(struct import *import)
{
	bool acknowledged, gave_up = false;

	if (!import->nf->up || nf_is_broken(import->nf)) {
		import->failed = RPC_ABORTED;
		import->failed_because = REASON_TEXT(NF_LOST);
		snprintf(import->failure, sizeof(import->failure), "the NF is gone");
		import_answer(import);
		return;
	}
	if (driver_holds(import->driver)) { /* a hold goes first */
		event_add(import->poll, &(struct timeval){.tv_usec = POLL_US});
		return;
	}
	acknowledged = gate_poll(&import->gate);
	if (import->state == OPENING && acknowledged)
		begin_putting(import);
	if (import->state == PUTTING)
		poll_putting(import);
	if (import->state == DRAINING)
		poll_draining(import);
	if (clock_now_ns() - import->progress_ns > STALL_NS) {
		gave_up = import->state == CLOSING;
		import_fail(import, RPC_ABORTED, REASON_TEXT(NF_SILENT),
			    "the NF's workers do not answer");
	}
	if (gave_up || (import->state == CLOSING && !import->gate.pending)) {
		import_answer(import);
		return;
	}
	event_add(import->poll, &(struct timeval){.tv_usec = POLL_US});
}

static void
on_poll(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	import_poll(arg);
}

static void
on_cancel(struct rpc_request *request)
{
	struct import *import = rpc_request_data(request);

	import_fail(import, RPC_CANCELLED, REASON_TEXT(CANCELLED), "the client has gone");
}

/* ---- begin ------------------------------------------------------------------------------------ */

/* Which local field each column is. False: the request has been failed. */
static bool
match_columns(struct import *import, const Slim__V1__TableChunk *header)
{
	const struct schema_table *table = import_schema(import);
	bool present[SLIM_MAX_FIELDS] = {false};
	size_t i;

	for (i = 0; i < header->n_fields; i++) {
		const Slim__V1__TableField *column = header->fields[i];
		int index = schema_find_field(table, column->name);
		const struct schema_field *field = index >= 0 ? &table->fields[index] : NULL;

		import->columns[i] = NO_FIELD;
		if (field == NULL && !column->key)
			continue; /* dropped, as in a move */
		if (field == NULL || field->type != (uint8_t)column->type ||
		    field->size != column->size || (field->role == SLIM_KEY) != column->key) {
			rpc_fail_because(
				import->request, RPC_FAILED_PRECONDITION, REASON_TEXT(SCHEMA),
				"field \"%.40s\" is another one in table \"%s\" of NF \"%s\"",
				column->name, table->name, import->nf->name);
			return false;
		}
		present[index] = true;
		if (field->class_ != SLIM_LOCAL)
			import->columns[i] = (uint16_t)index;
	}
	for (i = 0; i < table->n_fields; i++) {
		if (table->fields[i].role != SLIM_KEY || present[i])
			continue;
		rpc_fail_because(import->request, RPC_FAILED_PRECONDITION, REASON_TEXT(SCHEMA),
				 "key field \"%s\" is missing", table->fields[i].name);
		return false;
	}
	import->n_columns = header->n_fields;
	return true;
}

/* False: the request has been failed. */
static bool
check_nf(struct rpc_request *request, const struct daemon *daemon, const struct nf *nf)
{
	if (nf->session != 0 || driver_is_busy(daemon->driver, nf))
		rpc_fail_because(request, RPC_FAILED_PRECONDITION, REASON_TEXT(TARGET_BUSY),
				 "NF \"%s\" is in a session", nf->name);
	else if (strcmp(nf_mode_name(nf), "closed") != 0)
		rpc_fail_because(request, RPC_FAILED_PRECONDITION, REASON_TEXT(TARGET_ACTIVE),
				 "NF \"%s\" is not in standby: its gate is in mode %s", nf->name,
				 nf_mode_name(nf));
	else
		return true;
	return false;
}

static bool
import_start(struct import *import)
{
	struct gate_command command = {.mode = SLIM_GATE_RECEIVE};

	if (getrandom(&command.session, sizeof(command.session), 0) != sizeof(command.session) ||
	    getrandom(&command.nonce, sizeof(command.nonce), 0) != sizeof(command.nonce))
		return false;
	command.session |= 1;
	import->nf->session = command.session;
	import->progress_ns = clock_now_ns();
	gate_init(&import->gate, import->nf);
	gate_command(&import->gate, &command);
	return event_add(import->poll, &(struct timeval){.tv_usec = POLL_US}) == 0;
}

/* The first message of an import. */
static void
import_begin(struct rpc_request *request, struct ctl_service *service,
	     const Slim__V1__TableChunk *chunk)
{
	struct daemon *daemon = service->daemon;
	struct import *import;
	uint32_t table;
	struct nf *nf = ctl_table_find(request, daemon, chunk->nf, chunk->table, &table);

	if (nf == NULL || !check_nf(request, daemon, nf))
		return;
	if (chunk->n_fields == 0 || chunk->n_fields > SLIM_MAX_FIELDS) {
		rpc_fail_because(request, RPC_INVALID_ARGUMENT, REASON_TEXT(BAD_REQUEST),
				 "the first message must name 1..%u fields", SLIM_MAX_FIELDS);
		return;
	}
	import = calloc(1, sizeof(*import));
	if (import != NULL)
		import->poll = evtimer_new(daemon->base, on_poll, import);
	if (import == NULL || import->poll == NULL) {
		free(import);
		rpc_fail_because(request, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT),
				 "out of memory");
		return;
	}
	import->request = request;
	import->nf = nf;
	import->driver = daemon->driver;
	import->table = table;
	import->offset_ns = ctl_clock_offset();
	nf_hold(nf);
	LIST_INSERT_HEAD(&service->imports, import, link);
	if (!match_columns(import, chunk)) {
		import_free(import);
		return;
	}
	if (!import_start(import)) {
		rpc_fail_because(request, RPC_INTERNAL, REASON_TEXT(INTERNAL),
				 "no random numbers, or no timer");
		import_free(import);
		return;
	}
	log_info("import begins nf=%s table=%s by=%s", nf->name, import_schema(import)->name,
		 rpc_request_peer(request));
	rpc_request_set_data(request, import);
	rpc_request_set_ops(request, &(struct rpc_request_ops){.on_cancel = on_cancel});
	rpc_pause(request);
	take_rows(import, chunk);
}

void
ctl_table_import(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__TableChunk *chunk = (const void *)message;
	struct import *import = rpc_request_data(request);

	if (import == NULL && chunk == NULL) {
		rpc_fail_because(request, RPC_INVALID_ARGUMENT, REASON_TEXT(BAD_REQUEST),
				 "there is no message");
	} else if (import == NULL) {
		import_begin(request, ctx, chunk);
	} else if (chunk == NULL) {
		import->read_all = true;
	} else if (import->state == PUTTING) {
		rpc_pause(request);
		take_rows(import, chunk);
	}
}

void
ctl_table_drop_imports(struct ctl_service *service)
{
	struct import *import, *next;

	for (import = LIST_FIRST(&service->imports); import != NULL; import = next) {
		next = LIST_NEXT(import, link);
		import_free(import);
	}
}
