/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of the Port Control Protocol (RFC 6887, RFC 6888 REQ-9): subscribers ask for mappings
 * that stay for a time of their own, whether there are packets or not, and that anybody may send to.
 *
 * What was asked for is kept in pcp.h. When it is over, or deleted, the mapping lives on as long as the
 * subscriber sends, as any other, or goes at once if it never did.
 *
 * A request is handled by the worker of the subscriber's bucket, in its burst: a request is a packet
 * (pcp_packet.h).
 */
#ifndef NAT_PCP_SERVER_H
#define NAT_PCP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "pcp.h"

/* Answers a message of `size` bytes from an inside address, in its place, where there is room for
 * NAT_PCP_MAX_SIZE bytes. Returns the size of the response, or 0: no answer. */
size_t nat_pcp_server_answer(struct nat_pcp *pcp, rte_be32_t source, uint8_t *bytes, size_t size,
			     uint64_t now_ns, uint8_t *ret_result);

/* Ends what was asked for when its time is over, a bounded number a call; begins the epoch. */
void nat_pcp_server_tick(struct nat_pcp *pcp, uint64_t now_ns);

#endif
