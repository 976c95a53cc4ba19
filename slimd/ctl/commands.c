/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. */
#include "commands.h"

#define MOVE_OPTIONS                                                                             \
	(OPTION_TO | OPTION_DRY_RUN | OPTION_MAX_HOLD | OPTION_MAX_BANDWIDTH | OPTION_COMPRESS | \
	 OPTION_TIMEOUT | OPTION_KEY | OPTION_NO_WAIT | OPTION_WATCH | OPTION_FAULT)

const struct command commands[] = {
	{"nf", "list", "", 0, 0, 0, 0, nf_list, "NFs of the host"},
	{"nf", "show", "NF", 1, 1, 0, 0, nf_show, "one NF: tables, fields, counters"},
	{"migrate", NULL, "NF --to HOST[:NF]", 1, 1, MOVE_OPTIONS, OPTION_TO, migrate,
	 "move an NF to another host"},
	{"job", "list", "", 0, 0, 0, 0, job_list, "jobs, newest first"},
	{"job", "show", "JOB", 1, 1, OPTION_WATCH, 0, job_show,
	 "one job; with --watch until it ends"},
	{"job", "cancel", "JOB", 1, 1, OPTION_FORCE, 0, job_cancel,
	 "undo a job, while it can be undone; with --force end it in any state"},
	{"table", "list", "", 0, 0, 0, 0, table_list, "state tables of all NFs"},
	{"table", "dump", "NF [TABLE]", 1, 2, OPTION_FILTER | OPTION_TABLE, 0, table_dump,
	 "rows of a table"},
	{"table", "diff", "[ADDR#]NF [ADDR#]NF", 2, 2,
	 OPTION_FILTER | OPTION_TABLE | OPTION_LIMIT | OPTION_TOLERANCE, 0, table_diff,
	 "compare the state of two NFs; --server twice for two hosts"},
	{"table", "export", "NF FILE", 2, 2, OPTION_FILTER | OPTION_TABLE, 0, table_export,
	 "write a table to a file of JSON lines"},
	{"table", "import", "NF FILE", 2, 2, OPTION_TABLE, 0, table_import,
	 "put rows of such a file into a standby NF"},
	{"peer", "list", "", 0, 0, 0, 0, peer_list, "other hosts"},
	{"steering", "show", "[SERVICE]", 0, 1, OPTION_STEERING, 0, steering_show,
	 "who serves, and the bridges"},
	{"steering", "set", "SERVICE INSTANCE", 2, 2, OPTION_STEERING | OPTION_FORCE, 0,
	 steering_set, "steer a service to an instance, without a move"},
	{"steering", "clear", "SERVICE", 1, 1, OPTION_STEERING, 0, steering_clear,
	 "steer a service to nobody"},
	{"log", "level", "[LEVEL]", 0, 1, 0, 0, log_level, "tell or set: error, warn, info, debug"},
	{"version", NULL, "", 0, 0, 0, 0, show_version, "of slimctl and slimd"},
	{0},
};
