/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables as files: JSON lines.
 *
 *	{"format":"slim-table","version":1,"nf":"nat-a","table":"sessions","fields":[
 *	 {"name":"inside_address","type":"ipv4","class":"state","key":true,"size":4,"merge":0},...]}
 *	{"slot":17,"bucket":3,"values":["100.64.0.10","1024",...]}
 *	...
 *	{"rows":1}
 *
 * The header is one line. The last line makes sure that the file is whole. Values are
 * texts, as in TableRow.
 */
#ifndef SLIMCTL_EXPORT_H
#define SLIMCTL_EXPORT_H

#include <stdio.h>

#include "slim_ctl.pb-c.h"

#define EXPORT_VERSION 1
#define EXPORT_ERROR_SIZE 256u
#define EXPORT_MAX_LINE (256u << 10)

void export_print_header(FILE *out, const Slim__V1__TableChunk *chunk);
void export_print_rows(FILE *out, const Slim__V1__TableChunk *chunk);
void export_print_end(FILE *out, uint64_t n_rows);

struct export_reader;

/* Reads the header. NULL: `error` tells why, with the line. `file` stays the caller's. */
struct export_reader *export_open(FILE *file, char error[EXPORT_ERROR_SIZE]);
void export_close(struct export_reader *reader);

/* The next chunk; the first one holds the header. It lives until the next call. NULL: the
 * end; `error` is empty when the file was whole. */
const Slim__V1__TableChunk *export_next(struct export_reader *reader,
					char error[EXPORT_ERROR_SIZE]);

#endif
