/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYNs from outside that no mapping lets in (RFC 5382 REQ-4): each waits for 6 s, for the host inside may open the same
 * connection from its side meanwhile, and an answer would end that. Then its sender is told, if still nothing lets it in.
 * They were counted as dropped when they came, so a move leaves them behind. One worker's, in the order of time; its thread.
 */
#ifndef NAT_UNSOLICITED_H
#define NAT_UNSOLICITED_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#define NAT_UNSOLICITED_NS UINT64_C(6000000000)
#define NAT_UNSOLICITED_MAX 128u /* of a worker; a power of two. More are not answered */

struct nat_unsolicited {
	uint32_t head;
	uint32_t tail;
	struct {
		struct rte_mbuf *m;
		uint64_t due_ns;
	} of[NAT_UNSOLICITED_MAX];
};

/* Takes it over; false: there is no room. */
bool nat_unsolicited_keep(struct nat_unsolicited *u, struct rte_mbuf *m, uint64_t now_ns);

/* One whose time is over, the caller's again; NULL: none. */
struct rte_mbuf *nat_unsolicited_take(struct nat_unsolicited *u, uint64_t now_ns);

/* Frees what waits. */
void nat_unsolicited_fini(struct nat_unsolicited *u);

#endif
