/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the order of their age; see ages.h. */
#include "ages.h"

#include <errno.h>

#include <rte_common.h>

#include "table_memory.h"

int
nf_ages_init(struct nf_ages *ages, uint32_t n)
{
	*ages = (struct nf_ages){0};
	/* One more: no memory at all is none. */
	ages->of = nf_table_memory_alloc("nf_ages", ((size_t)n + 1) * sizeof(*ages->of));
	if (ages->of == NULL)
		return -ENOMEM;
	/* The lowest one is taken first. */
	for (; n > 0; n--) {
		ages->of[n - 1].newer = ages->free;
		ages->free = n;
	}
	return 0;
}

void
nf_ages_fini(struct nf_ages *ages)
{
	nf_table_memory_free(ages->of);
	*ages = (struct nf_ages){0};
}

void
nf_ages_remove(struct nf_ages *ages, uint32_t number)
{
	struct nf_age *age = &ages->of[number];

	if (!age->in)
		return;
	*(age->older != 0 ? &ages->of[age->older - 1].newer : &ages->oldest) = age->newer;
	*(age->newer != 0 ? &ages->of[age->newer - 1].older : &ages->newest) = age->older;
	*age = (struct nf_age){0};
}

void
nf_ages_append(struct nf_ages *ages, uint32_t number)
{
	nf_ages_remove(ages, number);
	ages->of[number] = (struct nf_age){.older = ages->newest, .in = true};
	*(ages->newest != 0 ? &ages->of[ages->newest - 1].newer : &ages->oldest) = number + 1;
	ages->newest = number + 1;
}

uint32_t
nf_ages_begin(struct nf_ages *ages)
{
	uint32_t number = ages->free - 1;

	if (number == NF_AGES_NONE)
		return number;
	ages->free = ages->of[number].newer;
	nf_ages_append(ages, number);
	return number;
}

void
nf_ages_end(struct nf_ages *ages, uint32_t number)
{
	nf_ages_remove(ages, number);
	ages->of[number].newer = ages->free;
	ages->free = number + 1;
}
