/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for what, for people: on request (controller_waits()), and in the log. */
#ifndef OFCTL_IO_WAITS_H
#define OFCTL_IO_WAITS_H

#include "controller_parts.h"

/* Logs what has waited for long, now and then. Once a second. */
void waits_tell(struct controller *c);

#endif
