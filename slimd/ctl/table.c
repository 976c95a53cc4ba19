/* SPDX-License-Identifier: Apache-2.0 */
/* table dump, diff, export, import. (table list is in nf.c.) */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "commands.h"
#include "export.h"
#include "json.h"
#include "print.h"
#include "rows.h"

static void
fill_request(Slim__V1__DumpTableRequest *request, const struct options *options, const char *nf,
	     const char *table)
{
	slim__v1__dump_table_request__init(request);
	request->nf = (char *)nf;
	if (table != NULL)
		request->table = (char *)table;
	request->filters = (char **)options->filters;
	request->n_filters = options->n_filters;
}

/* ---- dump ------------------------------------------------------------------------- */

struct dump {
	const struct options *options;
	struct rows header; /* without rows */
	int widths[ROWS_MAX_FIELDS];
	uint64_t n_rows;
};

static void
print_row_json(const struct rows *header, const Slim__V1__TableRow *row)
{
	size_t i;

	printf("{\"slot\":%u,\"bucket\":%u", row->slot, row->bucket);
	for (i = 0; i < header->n_fields; i++) {
		putchar(',');
		json_print_string(stdout, header->fields[i].name);
		putchar(':');
		json_print_string(stdout, row->values[i]);
	}
	printf("}\n");
}

/* Columns as wide as the titles and the first chunk need. */
static void
print_titles(struct dump *dump, const Slim__V1__TableChunk *chunk)
{
	size_t i, k;
	int n;

	for (i = 0; i < chunk->n_fields; i++) {
		dump->widths[i] = (int)strlen(chunk->fields[i]->name);
		for (k = 0; k < chunk->n_rows; k++) {
			n = (int)strlen(chunk->rows[k]->values[i]);
			if (n > dump->widths[i])
				dump->widths[i] = n;
		}
	}
	printf("%-8s  %-6s", "slot", "bucket");
	for (i = 0; i < chunk->n_fields; i++)
		printf("  %-*s", dump->widths[i], chunk->fields[i]->name);
	printf("\n");
}

static bool
on_dump(void *ctx, const ProtobufCMessage *message)
{
	const Slim__V1__TableChunk *chunk = (const Slim__V1__TableChunk *)message;
	struct dump *dump = ctx;
	bool first = !dump->header.has_header;
	size_t i, k;

	if (!rows_add(&dump->header, chunk)) {
		fprintf(stderr, "slimctl: slimd sent rows that make no sense\n");
		return false;
	}
	rows_clear(&dump->header);
	if (first && !dump->options->json)
		print_titles(dump, chunk);
	for (i = 0; i < chunk->n_rows; i++) {
		dump->n_rows++;
		if (dump->options->json) {
			print_row_json(&dump->header, chunk->rows[i]);
			continue;
		}
		printf("%-8u  %-6u", chunk->rows[i]->slot, chunk->rows[i]->bucket);
		for (k = 0; k < chunk->rows[i]->n_values; k++)
			printf("  %-*s", dump->widths[k], chunk->rows[i]->values[k]);
		printf("\n");
	}
	return true;
}

int
table_dump(const struct options *options)
{
	struct dump dump = {.options = options};
	Slim__V1__DumpTableRequest request;
	struct client *client;
	const char *table = options->n_args > 1 ? options->args[1] : options->table;
	int code = client_open(options->servers[0], CLIENT_SLIMD, options, &client);

	if (code != EXIT_COMPLETE)
		return code;
	rows_init(&dump.header);
	fill_request(&request, options, options->args[0], table);
	code = client_stream(client, "DumpTable", &request.base, on_dump, &dump);
	rows_fini(&dump.header);
	client_close(client);
	return code;
}

/* ---- diff -------------------------------------------------------------------------- */

static bool
on_rows(void *ctx, const ProtobufCMessage *message)
{
	if (rows_add(ctx, (const Slim__V1__TableChunk *)message))
		return true;
	fprintf(stderr, "slimctl: slimd sent rows that make no sense\n");
	return false;
}

/* `name`: NF, or ADDRESS#NF. */
static int
load_rows(const struct options *options, const char *name, const char *server, struct rows *rows)
{
	const char *hash = strrchr(name, '#');
	Slim__V1__DumpTableRequest request;
	char address[256];
	struct client *client;
	int code;

	snprintf(address, sizeof(address), "%.*s", hash != NULL ? (int)(hash - name) : 255,
		 hash != NULL ? name : server);
	fill_request(&request, options, hash != NULL ? hash + 1 : name, options->table);
	request.state_only = true;
	code = client_open(address, CLIENT_SLIMD, options, &client);
	if (code != EXIT_COMPLETE)
		return code;
	code = client_stream(client, "DumpTable", &request.base, on_rows, rows);
	client_close(client);
	return code;
}

struct diff {
	const struct options *options;
	const struct rows *a, *b;
	uint64_t n_printed;
};

static void
print_difference_json(const struct diff *diff, const char *key, const char *a, const char *b,
		      size_t field, size_t field_b)
{
	printf("{\"key\":");
	json_print_string(stdout, key);
	if (a == NULL || b == NULL) {
		printf(",\"only\":\"%s\"}\n", a != NULL ? "a" : "b");
		return;
	}
	printf(",\"field\":");
	json_print_string(stdout, diff->a->fields[field].name);
	printf(",\"a\":");
	json_print_string(stdout, rows_value(diff->a, a, field));
	printf(",\"b\":");
	json_print_string(stdout, rows_value(diff->b, b, field_b));
	printf("}\n");
}

static void
on_difference(void *ctx, const char *a, const char *b, size_t field, size_t field_b)
{
	struct diff *diff = ctx;
	char key[512];

	if (diff->n_printed++ >= diff->options->limit)
		return;
	rows_format_key(a != NULL ? diff->a : diff->b, a != NULL ? a : b, key, sizeof(key));
	if (diff->options->json)
		print_difference_json(diff, key, a, b, field, field_b);
	else if (b == NULL)
		printf("- %s\n", key);
	else if (a == NULL)
		printf("+ %s\n", key);
	else
		printf("~ %s  %s: %s -> %s\n", key, diff->a->fields[field].name,
		       rows_value(diff->a, a, field), rows_value(diff->b, b, field_b));
}

static void
print_totals(const struct diff *diff, const struct rows_diff *totals)
{
	uint64_t n = totals->only_a + totals->only_b + totals->different;

	if (diff->options->json) {
		printf("{\"equal\":%" PRIu64 ",\"only_a\":%" PRIu64 ",\"only_b\":%" PRIu64
		       ",\"different\":%" PRIu64 ",\"same\":%s}\n",
		       totals->equal, totals->only_a, totals->only_b, totals->different,
		       n == 0 ? "true" : "false");
		return;
	}
	if (n > diff->options->limit)
		printf("... and %" PRIu64 " more\n", n - diff->options->limit);
	printf("%" PRIu64 " equal, %" PRIu64 " only in %s (-), %" PRIu64 " only in %s (+), %" PRIu64
	       " different (~)\n",
	       totals->equal, totals->only_a, diff->a->nf, totals->only_b, diff->b->nf,
	       totals->different);
}

static int
compare(const struct options *options, struct rows *a, struct rows *b)
{
	struct diff diff = {.options = options, .a = a, .b = b};
	struct rows_diff totals;
	char error[256];

	if (!rows_compare(a, b, options->tolerance_ns, on_difference, &diff, &totals, error,
			  sizeof(error))) {
		fprintf(stderr, "slimctl: the tables cannot be compared: %s\n", error);
		return EXIT_REFUSED;
	}
	print_totals(&diff, &totals);
	return totals.only_a + totals.only_b + totals.different == 0 ? EXIT_COMPLETE : EXIT_DIFFER;
}

int
table_diff(const struct options *options)
{
	struct rows a, b;
	int code;

	rows_init(&a);
	rows_init(&b);
	code = load_rows(options, options->args[0], options->servers[0], &a);
	if (code == EXIT_COMPLETE)
		code = load_rows(options, options->args[1],
				 options->servers[options->n_servers - 1], &b);
	if (code == EXIT_COMPLETE)
		code = compare(options, &a, &b);
	rows_fini(&a);
	rows_fini(&b);
	return code;
}

/* ---- export ------------------------------------------------------------------------- */

struct export
{
	FILE *file;
	bool has_header;
	uint64_t n_rows;
};

static bool
on_export(void *ctx, const ProtobufCMessage *message)
{
	const Slim__V1__TableChunk *chunk = (const Slim__V1__TableChunk *)message;
	struct export *export = ctx;

	if (!export->has_header)
		export_print_header(export->file, chunk);
	export->has_header = true;
	export_print_rows(export->file, chunk);
	export->n_rows += chunk->n_rows;
	return !ferror(export->file);
}

static int
run_export(const struct options *options, struct export *export)
{
	Slim__V1__DumpTableRequest request;
	struct client *client;
	int code = client_open(options->servers[0], CLIENT_SLIMD, options, &client);

	if (code != EXIT_COMPLETE)
		return code;
	fill_request(&request, options, options->args[0], options->table);
	code = client_stream(client, "DumpTable", &request.base, on_export, export);
	client_close(client);
	if (code == EXIT_COMPLETE)
		export_print_end(export->file, export->n_rows);
	return code;
}

/* A file appears under its name only when it is whole. */
int
table_export(const struct options *options)
{
	bool to_stdout = strcmp(options->args[1], "-") == 0;
	struct export export = {.file = stdout};
	char path[4096];
	int code;

	snprintf(path, sizeof(path), "%s.new", options->args[1]);
	if (!to_stdout)
		export.file = fopen(path, "we");
	if (export.file == NULL) {
		fprintf(stderr, "slimctl: %s: %s\n", path, strerror(errno));
		return EXIT_FAILED;
	}
	code = run_export(options, &export);
	if (fflush(export.file) != 0 || ferror(export.file)) {
		fprintf(stderr, "slimctl: %s: cannot be written\n", options->args[1]);
		code = EXIT_FAILED;
	}
	if (to_stdout)
		return code;
	fclose(export.file);
	if (code != EXIT_COMPLETE) {
		unlink(path);
	} else if (rename(path, options->args[1]) < 0) {
		fprintf(stderr, "slimctl: %s: %s\n", options->args[1], strerror(errno));
		code = EXIT_FAILED;
	} else {
		fprintf(stderr, "%" PRIu64 " rows\n", export.n_rows);
	}
	return code;
}

/* ---- import -------------------------------------------------------------------------- */

struct import {
	const struct options *options;
	struct export_reader *reader;
	Slim__V1__TableChunk chunk;
	char error[EXPORT_ERROR_SIZE];
};

/* A file that turns out to be broken is still ended: slimd then tells what it took. */
static const ProtobufCMessage *
next_chunk(void *ctx)
{
	struct import *import = ctx;
	const Slim__V1__TableChunk *chunk = export_next(import->reader, import->error);

	if (chunk == NULL)
		return NULL;
	import->chunk = *chunk;
	import->chunk.nf = (char *)import->options->args[0];
	if (import->options->table != NULL)
		import->chunk.table = (char *)import->options->table;
	return &import->chunk.base;
}

static int
tell_import(const struct import *import, const ProtobufCMessage *reply)
{
	const Slim__V1__ImportReply *answer = (const Slim__V1__ImportReply *)reply;
	int code = EXIT_COMPLETE;

	if (import->options->json)
		print_json(stdout, reply);
	else
		printf("%" PRIu64 " rows imported, %" PRIu64 " refused\n", answer->imported,
		       answer->refused);
	if (answer->n_reasons > 0) {
		print_reasons(stderr, answer->n_reasons, answer->reasons);
		code = EXIT_REFUSED;
	}
	if (import->error[0] != '\0') {
		fprintf(stderr, "slimctl: %s: %s\n", import->options->args[1], import->error);
		code = EXIT_FAILED;
	}
	return code;
}

static int
run_import(struct import *import)
{
	struct client *client;
	ProtobufCMessage *reply;
	int code = client_open(import->options->servers[0], CLIENT_SLIMD, import->options, &client);

	if (code != EXIT_COMPLETE)
		return code;
	code = client_upload(client, "ImportTable", next_chunk, import, &reply);
	if (code == EXIT_COMPLETE) {
		code = tell_import(import, reply);
		client_free_reply(reply);
	}
	client_close(client);
	return code;
}

int
table_import(const struct options *options)
{
	struct import import = {.options = options};
	FILE *file = strcmp(options->args[1], "-") == 0 ? stdin : fopen(options->args[1], "re");
	int code = EXIT_FAILED;

	if (file == NULL) {
		fprintf(stderr, "slimctl: %s: %s\n", options->args[1], strerror(errno));
		return EXIT_FAILED;
	}
	import.reader = export_open(file, import.error);
	if (import.reader == NULL) {
		fprintf(stderr, "slimctl: %s: %s\n", options->args[1], import.error);
	} else {
		code = run_import(&import);
		export_close(import.reader);
	}
	if (file != stdin)
		fclose(file);
	return code;
}
