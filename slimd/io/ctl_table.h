/* SPDX-License-Identifier: Apache-2.0 */
/* DumpTable and ImportTable. For ctl_service.c. */
#ifndef SLIMD_IO_CTL_TABLE_H
#define SLIMD_IO_CTL_TABLE_H

#include "daemon.h"
#include "rpc.h"
#include "slim_ctl.pb-c.h"

/* Both are handlers of the rpc module; ctx is the struct daemon. */
void ctl_table_dump(struct rpc_request *request, const ProtobufCMessage *message, void *ctx);
void ctl_table_import(struct rpc_request *request, const ProtobufCMessage *message, void *ctx);

/* Fields of a table as messages; `fields` and `ptrs` have room for SLIM_MAX_FIELDS. They
 * point into the table. Returns their number. */
size_t ctl_table_fields(const struct schema_table *table, bool state_only,
			Slim__V1__TableField *fields, Slim__V1__TableField **ptrs);

#endif
