/* SPDX-License-Identifier: Apache-2.0 */
/* A bridge of the controller: what it tells makes lanes want repairs. */
#ifndef OFCTL_IO_MEMBER_H
#define OFCTL_IO_MEMBER_H

#include "controller_parts.h"

/* Connects to bridge `b` of the topology. `tls`: see controller_create(). 0 or a negative errno; the member's
 * bridge is destroyed by the caller. */
int member_create(struct controller *c, unsigned b, SSL_CTX *tls);

#endif
