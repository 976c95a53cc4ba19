/* SPDX-License-Identifier: Apache-2.0 */
/* The generator as a whole: set-up, main loop, result. */
#ifndef SLIM_BENCH_GEN_H
#define SLIM_BENCH_GEN_H

#include "options.h"

/* Runs once the EAL is up, until the run is done, `*stop` is not 0, or the flows cannot be opened
 * in time. 0: there is a result, whatever it says of the network; GEN_VOID: a result that says nothing; negative errno: there
 * is none. */
enum { GEN_VOID = 1 };
int gen_run(const struct options *options, const volatile int *stop);

#endif
