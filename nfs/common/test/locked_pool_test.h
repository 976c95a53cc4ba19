/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a pool of a test with threads keeps its packets: a stack under a lock. DPDK's own are in a library that is
 * not instrumented: the thread sanitizer would take a packet that one thread frees and another one gets for a
 * race. And who loses its processor in there keeps no packets from the others for longer than the lock.
 */
#ifndef NF_LOCKED_POOL_TEST_H
#define NF_LOCKED_POOL_TEST_H

/* The name of its operations, for rte_pktmbuf_pool_create_by_ops(). */
const char *locked_pool(void);

#endif
