/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings that the configuration wants (struct nat_static). */
#ifndef NAT_STATICS_H
#define NAT_STATICS_H

#include "nat.h"

/* Makes those of the worker, once. Before anything else, so that no other mapping can have their keys or
 * ports. Only an instance that owns the bucket from the start makes them: to others they come as rows. */
void nat_statics_begin(struct nat_worker *w);

#endif
