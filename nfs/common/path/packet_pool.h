/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet buffers. DPDK keeps each object of a pool within a page, for devices that know physical addresses. In small pages that
 * is one buffer in each, and the headers of all buffers, which each packet reads first, share a few sets of the cache. Where the
 * process has small pages and devices know virtual addresses (--no-huge, with ports in memory or behind an IOMMU), buffers stand
 * here one behind the other instead.
 *
 * What was given back last is taken first (DPDK's "stack"): as many buffers are in use as there are packets on their way, so they
 * stay in the caches and in the address translation. DPDK's usual pool is a ring, which goes through all of its buffers
 * in turn. Who starts the EAL with --mbuf-pool-ops-name, or has hardware with a pool of its own, has that.
 */
#ifndef NFS_COMMON_PACKET_POOL_H
#define NFS_COMMON_PACKET_POOL_H

#include <stdint.h>

#include <rte_mempool.h>

/* `n` buffers with `room` octets each, headroom included, and a cache of `cache` for each lcore. On any socket. NULL:
 * rte_errno says why. Main thread. */
struct rte_mempool *nf_pool_make(const char *name, uint32_t n, uint32_t cache, uint16_t room);

#endif
