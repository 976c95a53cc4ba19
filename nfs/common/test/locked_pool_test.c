/* SPDX-License-Identifier: Apache-2.0 */
/* See locked_pool_test.h. */
#include "locked_pool_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>

#define NAME "locked"

struct store {
	pthread_mutex_t lock;
	unsigned int n;
	void *objects[];
};

static int
store_alloc(struct rte_mempool *mp)
{
	struct store *s = malloc(sizeof(*s) + mp->size * sizeof(s->objects[0]));

	if (s == NULL)
		return -ENOMEM;
	s->n = 0;
	pthread_mutex_init(&s->lock, NULL);
	mp->pool_data = s;
	return 0;
}

static void
store_free(struct rte_mempool *mp)
{
	struct store *s = mp->pool_data;

	pthread_mutex_destroy(&s->lock);
	free(s);
}

static int
store_put(struct rte_mempool *mp, void *const *objects, unsigned int n)
{
	struct store *s = mp->pool_data;
	bool fits;

	pthread_mutex_lock(&s->lock);
	fits = n <= mp->size - s->n;
	if (fits) {
		memcpy(&s->objects[s->n], objects, n * sizeof(objects[0]));
		s->n += n;
	}
	pthread_mutex_unlock(&s->lock);
	return fits ? 0 : -ENOBUFS;
}

static int
store_get(struct rte_mempool *mp, void **objects, unsigned int n)
{
	struct store *s = mp->pool_data;
	bool has;

	pthread_mutex_lock(&s->lock);
	has = n <= s->n;
	if (has) {
		s->n -= n;
		memcpy(objects, &s->objects[s->n], n * sizeof(objects[0]));
	}
	pthread_mutex_unlock(&s->lock);
	return has ? 0 : -ENOENT;
}

static unsigned int
store_count(const struct rte_mempool *mp)
{
	struct store *s = mp->pool_data;
	unsigned int n;

	pthread_mutex_lock(&s->lock);
	n = s->n;
	pthread_mutex_unlock(&s->lock);
	return n;
}

static const struct rte_mempool_ops locked_ops = {
	.name = NAME,
	.alloc = store_alloc,
	.free = store_free,
	.enqueue = store_put,
	.dequeue = store_get,
	.get_count = store_count,
};

RTE_MEMPOOL_REGISTER_OPS(locked_ops);

const char *
locked_pool(void)
{
	return NAME;
}
