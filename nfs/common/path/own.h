/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an NF sends of itself: frames of its own, and how many of its errors there may be. Whoever sends nonsense must
 * not get an answer to all of it (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f). Worker's thread.
 */
#ifndef NF_OWN_H
#define NF_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "worker.h"

#define NF_ERRORS_PER_S 1000u /* errors of an NF's own, per worker */

/* One worker's; begins with zeros. */
struct nf_own_rate {
	uint64_t second_ns; /* beginning of the current second */
	uint32_t n;         /* in it */
};

/* May another error be sent now? It counts as sent: ask last. At most NF_ERRORS_PER_S in each second. */
bool nf_own_may_tell(struct nf_own_rate *rate, uint64_t now_ns);

/* A frame with room for an Ethernet header and `size` octets behind it; NULL: there is none, counted as NF_no_mbuf. */
struct rte_mbuf *nf_own_frame(struct nf_worker *w, uint16_t size, void **ret_packet);

#endif
