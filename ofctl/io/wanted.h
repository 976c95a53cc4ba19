/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wanted of the switches, in force and on file. A change of one service is written to the file
 * before the switches are told, and is in force when they have done it; services change side by
 * side.
 */
#ifndef OFCTL_IO_WANTED_H
#define OFCTL_IO_WANTED_H

#include "steering.h"

struct wanted {
	const struct topology *topology;
	const char *state_dir; /* NULL: no file */
	struct steering now;   /* in force */
	struct steering file;  /* as written: with changes under way */
	bool behind;           /* the file may say something else: the disk did not take it */
};

/* Reads the file. One that is not there or not usable is told in the log: nothing is known then. */
void wanted_load(struct wanted *wanted, const struct topology *topology, const char *state_dir);

/* Writes the service's next state to the file; 0 or a negative errno, and then the file is put back as it was
 * before, at once or by wanted_catch_up(). */
int wanted_write(struct wanted *wanted, unsigned service, const struct steering_service *next);
/* The switches have done it, or will: in force, whether it could be written or not. */
void wanted_enter(struct wanted *wanted, unsigned service, const struct steering_service *next);
/* The change that was written last does not come. */
void wanted_revert(struct wanted *wanted, unsigned service);
/* Once in a while: writes what the disk did not take. Nothing if the file is right. */
void wanted_catch_up(struct wanted *wanted);

#endif
