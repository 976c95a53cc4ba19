/* SPDX-License-Identifier: Apache-2.0 */
#include "bundles.h"

struct bundle *
bundles_add(struct bundles *bs)
{
	struct bundle *bundle = &bs->list[bs->n++];

	*bundle = (struct bundle){.number = ++bs->last};
	return bundle;
}

bool
bundles_take(struct bundles *bs, uint32_t number, struct bundle *ret)
{
	for (unsigned i = 0; i < bs->n; i++) {
		if (bs->list[i].number != number)
			continue;
		*ret = bs->list[i];
		bs->list[i] = bs->list[--bs->n];
		return true;
	}
	return false;
}

void
bundles_put_back(struct bundles *bs, const struct bundle *bundle)
{
	bs->list[bs->n++] = *bundle;
}

void
bundles_forget(struct bundles *bs)
{
	bs->n = 0;
}
