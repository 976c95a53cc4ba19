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

static int
fill(struct rte_mempool *pool, uint16_t room)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = room};
	int n = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL);

	if (n != 0)
		return n;
	rte_pktmbuf_pool_init(pool, &private);
	n = rte_mempool_populate_default(pool);
	if (n < 0)
		return n;
	rte_mempool_obj_iter(pool, set_address, NULL);
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return 0;
}

static struct rte_mempool *
make_dense(const char *name, uint32_t n, uint32_t cache, uint16_t room)
{
	struct rte_mempool *pool =
		rte_mempool_create_empty(name, n, (unsigned int)sizeof(struct rte_mbuf) + room,
					 cache, sizeof(struct rte_pktmbuf_pool_private),
					 SOCKET_ID_ANY, RTE_MEMPOOL_F_NO_IOVA_CONTIG);
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

struct rte_mempool *
nf_pool_make(const char *name, uint32_t n, uint32_t cache, uint16_t room)
{
	return may_cross_pages() ? make_dense(name, n, cache, room)
				 : rte_pktmbuf_pool_create(name, n, cache, 0, room, SOCKET_ID_ANY);
}
