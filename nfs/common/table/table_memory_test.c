/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of tables on an EAL without huge pages: large pieces lie on big pages where the kernel makes them, small ones
 * in the EAL's memory, and each is given back to where it is from. */
#include "table_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "pages_test.h"

#define LARGE (4 * SLIM_BIG_PAGE)
#define SMALL 65536u

static size_t
taken_from_the_eal(void)
{
	struct rte_malloc_socket_stats stats;

	assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
	return stats.heap_allocsz_bytes;
}

static uint8_t *
take(size_t size)
{
	uint8_t *memory = nf_table_memory_alloc("test", size);

	assert_non_null(memory);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(memory[i], 0);
	memset(memory, 5, size);
	return memory;
}

/* Killed by: the EAL's memory for all. */
static void
a_large_piece_lies_on_big_pages(void **state)
{
	uint8_t *memory;

	(void)state;
	if (!pages_test_can(-1))
		skip();
	memory = take(LARGE + 100);
	assert_int_equal(pages_test_big(memory), LARGE);
	nf_table_memory_free(memory);
}

/* Killed by: a piece that is found no more, or one given to the EAL that is not the EAL's. */
static void
all_is_given_back(void **state)
{
	size_t before = taken_from_the_eal();
	uint8_t *pieces[5];

	(void)state;
	nf_table_memory_free(NULL);
	for (size_t i = 0; i < RTE_DIM(pieces); i++)
		pieces[i] = take(i % 2 == 0 ? LARGE : SMALL);
	/* In the middle, at the end, at the beginning of those that are known. */
	for (size_t i = 0; i < RTE_DIM(pieces); i++) {
		size_t n = (i + 2) % RTE_DIM(pieces);

		nf_table_memory_free(pieces[n]);
	}
	assert_int_equal(taken_from_the_eal(), before);
	/* Zero again. */
	for (size_t i = 0; i < 2; i++) {
		pieces[i] = take(i == 0 ? LARGE : SMALL);
		nf_table_memory_free(pieces[i]);
	}
	assert_int_equal(taken_from_the_eal(), before);
}

/* Killed by: pages beyond what the EAL was given. */
static void
what_the_eal_has_not_is_refused(void **state)
{
	(void)state;
	assert_null(nf_table_memory_alloc("test", (size_t)1 << 30));
}

static FILE *
rollup(const char *text)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(file);
	return file;
}

/* Killed by: one of the kinds left out; other lines counted. */
static void
big_pages_are_counted(void **state)
{
	struct nf_memory memory;
	FILE *file = rollup("55d0-7ffd ---p 00000000 00:00 0      [rollup]\n"
			    "Rss:              409600 kB\n"
			    "Pss:              100000 kB\n"
			    "AnonHugePages:    204800 kB\n"
			    "ShmemPmdMapped:   102400 kB\n"
			    "FilePmdMapped:     10240 kB\n"
			    "Swap:                  0 kB\n");

	(void)state;
	assert_true(nf_memory_read(file, &memory));
	fclose(file);
	assert_int_equal(memory.all_mb, 400);
	assert_int_equal(memory.big_mb, 310);
	file = rollup("Pss: 5 kB\n");
	assert_false(nf_memory_read(file, &memory));
	fclose(file);
}

int
main(void)
{
	static char words[][24] = {"test",           "--no-huge",         "--no-pci", "--no-shconf",
				   "--no-telemetry", "--log-level=error", "-m",       "64"};
	char *argv[RTE_DIM(words)];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_large_piece_lies_on_big_pages),
		cmocka_unit_test(all_is_given_back),
		cmocka_unit_test(what_the_eal_has_not_is_refused),
		cmocka_unit_test(big_pages_are_counted),
	};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0)
		return 1;
	return cmocka_run_group_tests_name("table memory", tests, NULL, NULL);
}
