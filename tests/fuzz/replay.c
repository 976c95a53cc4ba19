/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a unit test of a fuzz target: replays a folder of inputs (FUZZ_CORPUS), each as it is
 * and then changed in many ways. Each run makes the same changes. With clang,
 * `-fsanitize=fuzzer` takes the place of this file.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target.h"

#define MAX_INPUTS 64u
#define MAX_SIZE (64u << 10)
#define CHANGES 2000u /* of each input */

static struct {
	uint8_t *bytes;
	size_t size;
} inputs[MAX_INPUTS];
static size_t n_inputs;
static uint64_t seed = 88172645463325252u;

static uint32_t
dice(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

static void
read_input(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *bytes = malloc(MAX_SIZE);
	FILE *file;

	assert_non_null(bytes);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_true(n_inputs < MAX_INPUTS);
	inputs[n_inputs].bytes = bytes;
	inputs[n_inputs++].size = fread(bytes, 1, MAX_SIZE, file);
	fclose(file);
}

/* An exact copy on the heap, so that a sanitizer sees a step beyond the end. */
static void
run(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
inputs_do_no_harm(void **state)
{
	const char *folder = getenv("FUZZ_CORPUS");
	DIR *dir = folder != NULL ? opendir(folder) : NULL;
	struct dirent *entry;

	(void)state;
	if (dir == NULL) {
		fail_msg("no folder FUZZ_CORPUS");
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			read_input(folder, entry->d_name);
	closedir(dir);
	assert_true(n_inputs >= 3);
	for (size_t i = 0; i < n_inputs; i++)
		run(inputs[i].bytes, inputs[i].size);
	run((const uint8_t *)"", 0);
}

static size_t
change(uint8_t *bytes, size_t size)
{
	for (uint32_t i = 1 + dice(5); i > 0 && size > 0; i--) {
		uint32_t at = dice((uint32_t)size);

		switch (dice(5)) {
		case 0:
			bytes[at] = (uint8_t)dice(256);
			break;
		case 1:
			bytes[at] ^= (uint8_t)(1u << dice(8));
			break;
		case 2:
			bytes[at] = dice(2) == 0 ? 0 : 0xff;
			break;
		case 3: /* cut */
			size = at;
			break;
		default: /* repeat a piece */
			memmove(bytes + at, bytes + dice(at + 1), size - at);
		}
	}
	return size;
}

static void
changes_do_no_harm(void **state)
{
	uint8_t *bytes = malloc(MAX_SIZE);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < n_inputs; i++) {
		for (uint32_t n = 0; n < CHANGES; n++) {
			memcpy(bytes, inputs[i].bytes, inputs[i].size);
			run(bytes, change(bytes, inputs[i].size));
		}
	}
	free(bytes);
	while (n_inputs > 0)
		free(inputs[--n_inputs].bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inputs_do_no_harm),
		cmocka_unit_test(changes_do_no_harm),
	};

	return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
