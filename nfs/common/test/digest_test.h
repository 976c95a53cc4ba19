/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest of an NF's tables, for harnesses: what is dropped or refused leaves all of them as they were. Each slot
 * with its head, so who only begins to write is seen, too.
 */
#ifndef NF_DIGEST_TEST_H
#define NF_DIGEST_TEST_H

#include <stddef.h>
#include <stdint.h>

#include <xxhash.h>

#include "slim.h"

#define HARNESS_DIGEST UINT64_C(0) /* of nothing */

static inline uint64_t
harness_mix(uint64_t digest, const void *data, size_t size)
{
	return XXH3_64bits_withSeed(data, size, digest);
}

/* NULL: the NF has no such table now. */
static inline uint64_t
harness_mix_table(uint64_t digest, const struct slim_table *table)
{
	return table == NULL ? digest
			     : harness_mix(digest, table->slab,
					   (size_t)table->slot_size * table->capacity);
}

#endif
