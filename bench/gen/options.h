/* SPDX-License-Identifier: Apache-2.0 */
/* Command line of slim-gen (what follows "--" after the EAL's own options). */
#ifndef SLIM_BENCH_OPTIONS_H
#define SLIM_BENCH_OPTIONS_H

#include "traffic.h"

#define OPTIONS_MAX_WINDOWS 16u
#define OPTIONS_MAX_RX_QUEUES 16u

struct options_window {
	const char *name;
	uint64_t duration_ns;
};

struct options {
	struct traffic_config traffic;
	const char *port_names[TRAFFIC_N_SIDES]; /* DPDK names; NULL: port 0 and port 1 */
	uint32_t n_rx_queues;                    /* of each port */
	const char *output;                      /* JSON; NULL: none, "-": standard output */
	const char *usage;                       /* octets of subscribers; NULL: none */
	const char *control;                     /* path of the control socket; NULL: none */
	struct options_window windows[OPTIONS_MAX_WINDOWS];
	unsigned n_windows;
	uint64_t duration_ns;      /* of RUN; 0: until told to stop, or until the windows end */
	uint64_t ready_timeout_ns; /* start until RUN */
	uint64_t idle_ns;          /* longest sleep */
	bool help;
};

/* Fills with defaults, then reads. argv[0] is skipped. 0, or -EINVAL with the reason on
 * standard error. The strings point into argv. */
int options_parse(int argc, char **argv, struct options *ret_options);
void options_print_usage(void);

#endif
