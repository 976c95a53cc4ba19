/* SPDX-License-Identifier: Apache-2.0 */
#include "real.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "real_internal.h"

static uint64_t
random_number(struct outside *outside)
{
	uint64_t number = 0;

	(void)outside;
	while (number == 0)
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			number = 0;
	return number;
}

int
outside_create(struct event_base *base, struct outside **ret_outside)
{
	struct real *real = calloc(1, sizeof(*real));

	if (real == NULL)
		return -ENOMEM;
	real->outside = (struct outside){
		.disk = &real_disk,
		.memory = &real_memory,
		.timer = base != NULL ? &real_timer : NULL,
		.random = random_number,
	};
	real->base = base;
	*ret_outside = &real->outside;
	return 0;
}

void
outside_destroy(struct outside *outside)
{
	struct real *real = (struct real *)outside;

	if (real == NULL)
		return;
	real_close_links(real);
	rpc_channel_destroy(real->channel);
	free(real);
}
