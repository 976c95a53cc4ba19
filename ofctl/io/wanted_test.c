/* SPDX-License-Identifier: Apache-2.0 */
/* What is wanted and its file, on a disk that fails. */
#include "wanted.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "example.h"
#include "log.h"

static char folder[] = "/tmp/ofctl-wanted-test-XXXXXX";
static struct topology topology;
static struct wanted wanted;
static const struct steering_service served_by_a = {.known = true, .serving = 0};
static const struct steering_service served_by_b = {.known = true, .serving = 1};

/* How many calls of each kind fail from now on. */
static unsigned n_bad_files, n_bad_folders;
static unsigned n_bad_files_then; /* after a folder has failed */

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
	struct stat stat;
	unsigned *n_bad;
	bool is_folder;

	assert_int_equal(fstat(fd, &stat), 0);
	is_folder = S_ISDIR(stat.st_mode);
	n_bad = is_folder ? &n_bad_folders : &n_bad_files;
	if (*n_bad == 0)
		return __real_fsync(fd);
	(*n_bad)--;
	if (is_folder)
		n_bad_files = n_bad_files_then;
	errno = EIO;
	return -1;
}

static int
start(void **state)
{
	struct topology_error error;

	(void)state;
	n_bad_files = n_bad_folders = n_bad_files_then = 0;
	assert_int_equal(topology_build(example_one_bridge(), &topology, &error), 0);
	wanted_load(&wanted, &topology, folder);
	assert_int_equal(wanted_write(&wanted, 0, &served_by_a), 0);
	wanted_enter(&wanted, 0, &served_by_a);
	return 0;
}

static int
stop(void **state)
{
	char file[96];

	(void)state;
	snprintf(file, sizeof(file), "%s/steering", folder);
	unlink(file);
	snprintf(file, sizeof(file), "%s/steering.new", folder);
	unlink(file);
	return 0;
}

/* As a restarted controller reads it. */
static struct steering_service
on_file(void)
{
	struct wanted again;

	wanted_load(&again, &topology, folder);
	return again.now.services[0];
}

/* The new file is in its place when the folder cannot be made durable: a restart would enforce what was refused. */
static void
refused_write_leaves_nothing(void **state)
{
	(void)state;
	n_bad_folders = 1;
	assert_int_equal(wanted_write(&wanted, 0, &served_by_b), -EIO);
	assert_int_equal(on_file().serving, 0);
	assert_int_equal(wanted.file.services[0].serving, 0);
	n_bad_files = 1;
	assert_int_equal(wanted_write(&wanted, 0, &served_by_b), -EIO);
	assert_int_equal(on_file().serving, 0);
}

/* The disk stays bad for a while: then it is written as soon as it can be. */
static void
refused_write_is_undone_later(void **state)
{
	(void)state;
	n_bad_folders = 1;
	n_bad_files_then = 2;
	assert_int_equal(wanted_write(&wanted, 0, &served_by_b), -EIO);
	assert_int_equal(on_file().serving, 1);
	wanted_catch_up(&wanted);
	assert_int_equal(on_file().serving, 1);
	wanted_catch_up(&wanted);
	assert_int_equal(on_file().serving, 0);
}

/* A preparation that did not come must not be there again after a restart. */
static void
reverted_change_is_forgotten_by_the_file(void **state)
{
	struct steering_service prepared = served_by_a;

	(void)state;
	prepared.session = (struct steering_session){
		.stage = STEERING_PREPARED, .id = 1, .tag = 1, .target = 1, .vids = {3000, 3001}};
	assert_int_equal(wanted_write(&wanted, 0, &prepared), 0);
	n_bad_files = 2;
	wanted_revert(&wanted, 0);
	assert_int_equal(on_file().session.stage, STEERING_PREPARED);
	wanted_catch_up(&wanted);
	assert_int_equal(on_file().session.stage, STEERING_PREPARED);
	wanted_catch_up(&wanted);
	assert_int_equal(on_file().session.stage, STEERING_NO_SESSION);
}

/* In force although the disk did not take it: a restart must know. */
static void
entered_change_is_written_later(void **state)
{
	(void)state;
	n_bad_files = 1;
	wanted_enter(&wanted, 0, &served_by_b);
	assert_int_equal(on_file().serving, 0);
	wanted_catch_up(&wanted);
	assert_int_equal(on_file().serving, 1);
}

/* Once the file is right the disk is left alone. */
static void
nothing_is_written_twice(void **state)
{
	(void)state;
	n_bad_files = n_bad_folders = 1;
	wanted_catch_up(&wanted);
	assert_int_equal(n_bad_files + n_bad_folders, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refused_write_leaves_nothing, start, stop),
		cmocka_unit_test_setup_teardown(refused_write_is_undone_later, start, stop),
		cmocka_unit_test_setup_teardown(reverted_change_is_forgotten_by_the_file, start,
						stop),
		cmocka_unit_test_setup_teardown(entered_change_is_written_later, start, stop),
		cmocka_unit_test_setup_teardown(nothing_is_written_twice, start, stop),
	};
	int result;

	log_set_level(LOG_LEVEL_ERROR);
	if (!mkdtemp(folder))
		return 1;
	result = cmocka_run_group_tests_name("wanted", tests, NULL, NULL);
	rmdir(folder);
	return result;
}
