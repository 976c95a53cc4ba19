/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a test program, one in each process. It goes with all that is in it when the program ends, also after a
 * case that failed (cmocka runs the group's teardown). A program that was killed leaves its folder behind; the next one
 * of its name removes it: whose folder has no lock lives no more.
 */
#ifndef BASE_TEST_FOLDER_H
#define BASE_TEST_FOLDER_H

#include <stddef.h>

/* Makes PARENT/slim-test-NAME-XXXXXX and removes those of programs that were killed. 0 or a negative errno. */
int test_folder_begin(const char *parent, const char *name);
void test_folder_end(void);

const char *test_folder_path(void);

/* A new folder inside. 0 or a negative errno. */
int test_folder_make(char *path, size_t size);

#endif
