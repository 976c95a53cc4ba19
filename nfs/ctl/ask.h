/* SPDX-License-Identifier: Apache-2.0 */
/* Asks and prints: one request, or a file of them. */
#ifndef SLIM_NF_ASK_H
#define SLIM_NF_ASK_H

#include "options.h"

/* Rows go to `out`, messages to stderr. */
enum exit_code ask(const struct options *options, FILE *out);

#endif
