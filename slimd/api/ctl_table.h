/* SPDX-License-Identifier: Apache-2.0 */
/* DumpTable (ctl_dump.c) and ImportTable (ctl_import.c), for ctl_service.c. */
#ifndef SLIMD_API_CTL_TABLE_H
#define SLIMD_API_CTL_TABLE_H

#include <sys/queue.h>

#include "daemon.h"
#include "rpc.h"
#include "slim_ctl.pb-c.h"

struct import;
LIST_HEAD(import_list, import);

/* The ctx of all handlers. */
struct ctl_service {
	struct daemon *daemon;
	struct import_list imports; /* under way */
};

void ctl_table_dump(struct rpc_request *request, const ProtobufCMessage *message, void *ctx);

/* The NF must be in standby (its gate closed) and in no session. Rows are put to it as those of a
 * move are: its gate is in RECEIVE meanwhile, and closed again afterwards. Rows that were put
 * stay when the client goes away. */
void ctl_table_import(struct rpc_request *request, const ProtobufCMessage *message, void *ctx);

/* At the end, when their requests are gone. Their gates have been told to close. */
void ctl_table_drop_imports(struct ctl_service *service);

/* NF and table of a request; NULL: the request has been failed. */
struct nf *ctl_table_find(struct rpc_request *request, const struct daemon *daemon,
			  const char *name, const char *table, uint32_t *ret_table);

/* Fields of a table as messages; `fields` and `ptrs` have room for SLIM_MAX_FIELDS. They
 * point into the table. Returns their number. */
size_t ctl_table_fields(const struct schema_table *table, bool state_only,
			Slim__V1__TableField *fields, Slim__V1__TableField **ptrs);

#endif
