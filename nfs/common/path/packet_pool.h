/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet buffers. DPDK keeps each object of a pool within a page, for devices that know physical addresses. In small pages that
 * is one buffer in each, and the headers of all buffers, which each packet reads first, share a few sets of the cache. Where the
 * process has small pages and devices know virtual addresses (--no-huge, with ports in memory or behind an IOMMU), buffers stand
 * here one behind the other instead.
 */
#ifndef NFS_COMMON_PACKET_POOL_H
#define NFS_COMMON_PACKET_POOL_H

#include <stdint.h>

#include <rte_mempool.h>

/* `n` buffers with `room` octets each, headroom included, and a cache of `cache` for each lcore. On any socket. NULL:
 * rte_errno says why. Main thread. */
struct rte_mempool *nf_pool_make(const char *name, uint32_t n, uint32_t cache, uint16_t room);

#endif
