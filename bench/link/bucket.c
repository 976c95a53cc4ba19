/* SPDX-License-Identifier: Apache-2.0 */
#include "bucket.h"

#define OCTET UINT64_C(8000000000) /* its price */

void
bucket_start(struct bucket *b, uint64_t rate, uint64_t now_ns)
{
	*b = (struct bucket){.rate = rate, .stamp_ns = now_ns};
}

/* The most that it has when nobody passes. One octet at least: else a slow line would lose what it had earned
 * of one each time that its rate is changed. */
static uint64_t
burst(const struct bucket *b)
{
	uint64_t credit = b->rate * BUCKET_BURST_NS;

	return credit > OCTET ? credit : OCTET;
}

void
bucket_rest(struct bucket *b, uint64_t now_ns)
{
	uint64_t full = burst(b), passed_ns;

	if (now_ns <= b->stamp_ns)
		return;
	passed_ns = now_ns - b->stamp_ns;
	b->stamp_ns = now_ns;
	if (b->rate == 0)
		return;
	/* Divided, for a long time times the rate has no room. */
	if (b->credit >= full || passed_ns > (full - b->credit) / b->rate)
		b->credit = full;
	else
		b->credit += passed_ns * b->rate;
}

void
bucket_set_rate(struct bucket *b, uint64_t rate, uint64_t now_ns)
{
	bucket_rest(b, now_ns);
	b->rate = rate;
	if (b->credit > burst(b))
		b->credit = burst(b);
}

void
bucket_skip(struct bucket *b, uint64_t now_ns)
{
	if (now_ns > b->stamp_ns)
		b->stamp_ns = now_ns;
}

uint32_t
bucket_quantum(const struct bucket *b)
{
	uint64_t octets = b->rate * BUCKET_QUANTUM_NS / OCTET;

	return b->rate == 0 ? UINT32_MAX : octets > 0 ? (uint32_t)octets : 1;
}

uint64_t
bucket_ready_ns(const struct bucket *b, uint32_t octets)
{
	uint64_t price = octets * OCTET;

	if (b->rate == 0 || price <= b->credit)
		return b->stamp_ns;
	return b->stamp_ns + (price - b->credit + b->rate - 1) / b->rate;
}

void
bucket_pass(struct bucket *b, uint32_t octets)
{
	uint64_t ready_ns = bucket_ready_ns(b, octets);

	if (b->rate != 0)
		b->credit += (ready_ns - b->stamp_ns) * b->rate - octets * OCTET;
	b->stamp_ns = ready_ns;
}
