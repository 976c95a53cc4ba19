/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force, defaults included, as rows of key and value. */
#ifndef NAT_CONFIG_SHOW_H
#define NAT_CONFIG_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "reply.h"

/* Goes on with row *cursor while there is room; true: all are written. Keys are paths as in the file. */
bool nat_config_show(const struct nat_config *config, uint32_t *cursor, struct nf_reply *reply);

#endif
