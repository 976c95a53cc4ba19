/* SPDX-License-Identifier: Apache-2.0 */
/* Follows a job to its end and tells how it ended. */
#ifndef SLIMCTL_JOB_H
#define SLIMCTL_JOB_H

#include "client.h"
#include "slim_ctl.pb-c.h"

/* WatchJob with progress on stderr (a line that is written over on a terminal, else a line for
 * each phase), the result on stdout. Gives the exit code of the job's state. */
int job_follow(struct client *client, const struct options *options, const char *id);

/* The result of an ended job on stdout, reasons on stderr; the exit code of its state. */
int job_print_end(const struct options *options, const Slim__V1__Job *job);

int job_exit_code(Slim__V1__JobState state);

#endif
