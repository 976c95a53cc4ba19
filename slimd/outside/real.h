/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real outside: files, mapped files, the kernel's random numbers.
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_OUTSIDE_REAL_H
#define SLIMD_OUTSIDE_REAL_H

#include "outside.h"

int outside_create(struct outside **ret_outside);

/* After all that uses it. NULL is allowed. */
void outside_destroy(struct outside *outside);

#endif
