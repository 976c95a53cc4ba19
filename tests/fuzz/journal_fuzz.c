/* SPDX-License-Identifier: Apache-2.0 */
/* A journal that a broken disk gives back: whatever is in the file, no record is larger than it. */
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "target.h"

struct bounds {
	const uint8_t *from, *to;
};

static void
check(void *ctx, enum journal_kind kind, const void *bytes, size_t size)
{
	const struct bounds *bounds = ctx;
	const uint8_t *at = bytes;

	(void)kind;
	if (at < bounds->from || at + size > bounds->to || size > JOURNAL_MAX_RECORD)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bounds bounds = {.from = data, .to = data + size};

	journal_parse(data, size, check, &bounds);
	return 0;
}
