/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: configuration, controller and gRPC server on one loop, until a signal. */
#ifndef OFCTL_IO_OFCTLD_H
#define OFCTL_IO_OFCTLD_H

/* Returns the exit status: 0 after SIGTERM or SIGINT, 1 when it could not start (and says why on
 * stderr), 2 when the configuration is wrong. check_only: reads the configuration and ends. */
int ofctld_run(const char *config_path, int check_only);

#endif
