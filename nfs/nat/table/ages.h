/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers below n in the order of their age. Pure. */
#ifndef NAT_AGES_H
#define NAT_AGES_H

#include <stdbool.h>
#include <stdint.h>

struct nat_ages {
	struct nat_age {
		uint32_t older; /* number + 1; 0: none */
		uint32_t newer;
		bool in;
	} * of;
	uint32_t oldest; /* number + 1; 0: empty */
	uint32_t newest;
};

/* Nothing happens if it is not in. */
static inline void
nat_ages_remove(struct nat_ages *ages, uint32_t number)
{
	struct nat_age *age = &ages->of[number];

	if (!age->in)
		return;
	*(age->older != 0 ? &ages->of[age->older - 1].newer : &ages->oldest) = age->newer;
	*(age->newer != 0 ? &ages->of[age->newer - 1].older : &ages->newest) = age->older;
	*age = (struct nat_age){0};
}

/* As the newest; from wherever it was. */
static inline void
nat_ages_append(struct nat_ages *ages, uint32_t number)
{
	nat_ages_remove(ages, number);
	ages->of[number] = (struct nat_age){.older = ages->newest, .in = true};
	*(ages->newest != 0 ? &ages->of[ages->newest - 1].newer : &ages->oldest) = number + 1;
	ages->newest = number + 1;
}

#endif
