/* SPDX-License-Identifier: Apache-2.0 */
/* An even pace; see pace.h. Whole seconds and the rest apart: exact, and nothing overflows. */
#include "pace.h"

#define SECOND UINT64_C(1000000000)

static uint64_t
due_at(const struct pace *p, uint64_t n)
{
	if (p->rate == 0)
		return PACE_NEVER;
	return p->start_ns + n / p->rate * SECOND + n % p->rate * SECOND / p->rate;
}

void
pace_start(struct pace *p, uint64_t rate, uint64_t now_ns)
{
	*p = (struct pace){.start_ns = now_ns, .rate = rate};
	p->due_ns = due_at(p, 0);
}

static void
step(struct pace *p)
{
	p->n++;
	p->due_ns = due_at(p, p->n);
}

bool
pace_take(struct pace *p, uint64_t now_ns, uint64_t max_late_ns, uint64_t *ret_due_ns)
{
	while (p->due_ns < now_ns && now_ns - p->due_ns > max_late_ns) {
		p->skipped++;
		step(p);
	}
	if (p->due_ns > now_ns)
		return false;
	*ret_due_ns = p->due_ns;
	step(p);
	return true;
}

void
pace_give_up(struct pace *p, uint64_t until_ns)
{
	while (p->rate != 0 && p->due_ns <= until_ns) {
		p->skipped++;
		step(p);
	}
}
