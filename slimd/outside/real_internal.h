/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the real outside share. */
#ifndef SLIMD_OUTSIDE_REAL_INTERNAL_H
#define SLIMD_OUTSIDE_REAL_INTERNAL_H

#include "outside.h"

struct real {
	struct outside outside;
	struct rpc_channel *channel; /* to the controller; NULL: none */
};

extern const struct controller_ops real_controller;
extern const struct disk_ops real_disk;
extern const struct memory_ops real_memory;

#endif
