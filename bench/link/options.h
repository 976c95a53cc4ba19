/* SPDX-License-Identifier: Apache-2.0 */
/* Command line of slim-link. */
#ifndef SLIM_BENCH_LINK_OPTIONS_H
#define SLIM_BENCH_LINK_OPTIONS_H

#include <stdbool.h>

#include "wire.h"

struct link_options {
	struct wire_config wire;
	const char *control; /* path; NULL: none */
	bool help;
};

/* 0, or -EINVAL: standard error says why, and *ret_options is untouched. Texts are those of argv. */
int link_options_parse(int argc, char **argv, struct link_options *ret_options);

void link_options_print_usage(void);

#endif
