/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a packet is told on its way between workers (worker.h): in a dynamic field of the mbuf, with what hand.c
 * adds. Valid for handed-over packets only; belongs to who has the packet.
 */
#ifndef NF_META_H
#define NF_META_H

#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#define NF_HANDED UINT16_MAX /* `port` of packets that came from another worker */

struct nf_meta {
	uint32_t address; /* the NF's */
	uint8_t kind;     /* the NF's, below NF_META_RESOLVE */
	uint8_t port;     /* index of the port where the packet came in, or the NF's */
	uint16_t cause;   /* of NF_META_RESOLVE: whose packet it is (neighbour.h) */
};

/* `kind` of a packet that nf_neighbour_send() (neighbour.h) handed to the owner of the neighbour
 * `address` on side `port`, who calls nf_neighbour_resume(). */
#define NF_META_RESOLVE UINT8_MAX

extern int nf_meta_offset;

/* Main thread, once, before packets flow. Negative errno. */
int nf_meta_register(void);

static inline struct nf_meta *
nf_meta(struct rte_mbuf *m)
{
	return RTE_MBUF_DYNFIELD(m, nf_meta_offset, struct nf_meta *);
}

#endif
