/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc.h"

const char *
rpc_code_name(enum rpc_code code)
{
	static const char *const names[] = {
		[RPC_OK] = "ok",
		[RPC_CANCELLED] = "cancelled",
		[RPC_UNKNOWN] = "unknown error",
		[RPC_INVALID_ARGUMENT] = "invalid argument",
		[RPC_DEADLINE_EXCEEDED] = "deadline exceeded",
		[RPC_NOT_FOUND] = "not found",
		[RPC_ALREADY_EXISTS] = "already exists",
		[RPC_PERMISSION_DENIED] = "permission denied",
		[RPC_RESOURCE_EXHAUSTED] = "resource exhausted",
		[RPC_FAILED_PRECONDITION] = "failed precondition",
		[RPC_ABORTED] = "aborted",
		[RPC_OUT_OF_RANGE] = "out of range",
		[RPC_UNIMPLEMENTED] = "unimplemented",
		[RPC_INTERNAL] = "internal error",
		[RPC_UNAVAILABLE] = "unavailable",
		[RPC_DATA_LOSS] = "data loss",
		[RPC_UNAUTHENTICATED] = "unauthenticated",
	};

	if ((unsigned)code >= sizeof(names) / sizeof(names[0]))
		return "unknown code";
	return names[code];
}
