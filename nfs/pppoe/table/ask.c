/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of a worker; see ask.h. */
#include "ask.h"

#include <string.h>

#include <openssl/crypto.h>

_Static_assert((PPPOE_ASKS & (PPPOE_ASKS - 1)) == 0, "positions count up for ever");

static struct pppoe_ask *
place(struct pppoe_asks *asks, uint32_t position)
{
	return &asks->asks[position & (PPPOE_ASKS - 1)];
}

struct pppoe_ask *
pppoe_ask_begin(struct pppoe_asks *asks)
{
	uint32_t put = atomic_load_explicit(&asks->put, memory_order_relaxed);
	struct pppoe_ask *ask;

	/* A2 */
	if (put - atomic_load_explicit(&asks->taken, memory_order_acquire) == PPPOE_ASKS)
		return NULL;
	ask = place(asks, put);
	/* The worker may have begun before and not committed. */
	memset(ask, 0, sizeof(*ask));
	return ask;
}

void
pppoe_ask_commit(struct pppoe_asks *asks)
{
	uint32_t put = atomic_load_explicit(&asks->put, memory_order_relaxed);

	atomic_store_explicit(&asks->put, put + 1, memory_order_release); /* A1 */
}

bool
pppoe_ask_take(struct pppoe_asks *asks, struct pppoe_ask *ret)
{
	uint32_t taken = atomic_load_explicit(&asks->taken, memory_order_relaxed);
	struct pppoe_ask *ask;

	/* A1 */
	if (atomic_load_explicit(&asks->put, memory_order_acquire) == taken)
		return false;
	ask = place(asks, taken);
	*ret = *ask;
	OPENSSL_cleanse(ask, sizeof(*ask));
	atomic_store_explicit(&asks->taken, taken + 1, memory_order_release); /* A2 */
	return true;
}
