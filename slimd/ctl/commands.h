/* SPDX-License-Identifier: Apache-2.0 */
/* What the entries of the command table run. Each gives an exit code. */
#ifndef SLIMCTL_COMMANDS_H
#define SLIMCTL_COMMANDS_H

#include "options.h"

int nf_list(const struct options *options);
int nf_show(const struct options *options);

int migrate(const struct options *options);
int job_list(const struct options *options);
int job_show(const struct options *options);
int job_cancel(const struct options *options);

int table_list(const struct options *options);
int table_dump(const struct options *options);
int table_diff(const struct options *options);
int table_export(const struct options *options);
int table_import(const struct options *options);

int peer_list(const struct options *options);
int log_level(const struct options *options);
int show_version(const struct options *options);

int steering_show(const struct options *options);
int steering_set(const struct options *options);
int steering_clear(const struct options *options);

#endif
