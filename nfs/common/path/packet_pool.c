/* SPDX-License-Identifier: Apache-2.0 */
/* Packet buffers; see packet_pool.h. Main thread. */
#include "packet_pool.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

static bool
may_cross_pages(void)
{
	return rte_eal_has_hugepages() == 0 && rte_eal_iova_mode() == RTE_IOVA_VA;
}

/* A pool whose objects may cross pages does not know their addresses for devices. */
static void
set_address(struct rte_mempool *pool, void *arg, void *object, unsigned int index)
{
	struct rte_mempool_objhdr *head = RTE_PTR_SUB(object, sizeof(*head));

	(void)pool, (void)arg, (void)index;
	head->iova = (rte_iova_t)(uintptr_t)object;
}

/* What was given back last is taken first, unless the user or the platform has operations of its own. */
static int
set_operations(struct rte_mempool *pool)
{
	const char *best = rte_mbuf_best_mempool_ops();

	if (rte_mbuf_user_mempool_ops() == NULL && rte_mbuf_platform_mempool_ops() == NULL &&
	    rte_mempool_set_ops_byname(pool, "stack", NULL) == 0)
		return 0;
	return rte_mempool_set_ops_byname(pool, best, NULL); /* without that driver, too */
}

static int
fill(struct rte_mempool *pool, uint16_t room)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = room};
	int n = set_operations(pool);

	if (n != 0)
		return n;
	rte_pktmbuf_pool_init(pool, &private);
	n = rte_mempool_populate_default(pool);
	if (n < 0)
		return n;
	if (may_cross_pages())
		rte_mempool_obj_iter(pool, set_address, NULL);
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return 0;
}

struct rte_mempool *
nf_pool_make(const char *name, uint32_t n, uint32_t cache, uint16_t room)
{
	struct rte_mempool *pool = rte_mempool_create_empty(
		name, n, (unsigned int)sizeof(struct rte_mbuf) + room, cache,
		sizeof(struct rte_pktmbuf_pool_private), SOCKET_ID_ANY,
		may_cross_pages() ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0);
	int error;

	if (pool == NULL)
		return NULL;
	error = fill(pool, room);
	if (error == 0)
		return pool;
	rte_mempool_free(pool);
	rte_errno = -error;
	return NULL;
}
