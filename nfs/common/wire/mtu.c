/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments of packets; see mtu.h. */
#include "mtu.h"

#include <string.h>

#define UNIT RTE_IPV4_HDR_OFFSET_UNITS

enum option {
	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_COPIED = 0x80, /* bit of those that stand in every fragment */
};

/* What is cut, and what its fragments have in common. */
struct cut {
	const struct rte_mbuf *m;
	uint16_t l2_size;
	uint16_t header;
	uint32_t size; /* behind the header */
	uint16_t bits; /* fragment field of the whole, host order */
	uint8_t first[60];
	uint8_t later[60];
};

/* In later fragments only options with the copied bit stand; nothing takes the place of the others. */
static void
blank_options(uint8_t *header, uint16_t size)
{
	uint16_t at = sizeof(struct rte_ipv4_hdr);

	while (at < size && header[at] != OPTION_END) {
		uint16_t length = 1;

		if (header[at] != OPTION_NOTHING) {
			length = at + 1 < size ? header[at + 1] : 0;
			if (length < 2 || at + length > size)
				return; /* no such option: left to who reads it */
			if (!(header[at] & OPTION_COPIED))
				memset(&header[at], OPTION_NOTHING, length);
		}
		at = (uint16_t)(at + length);
	}
}

static void
begin(struct cut *cut, const struct rte_mbuf *m, uint16_t l2_size)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, l2_size);

	cut->m = m;
	cut->l2_size = l2_size;
	cut->header = rte_ipv4_hdr_len(ip);
	cut->size = (uint32_t)rte_be_to_cpu_16(ip->total_length) - cut->header;
	cut->bits = rte_be_to_cpu_16(ip->fragment_offset);
	memcpy(cut->first, ip, cut->header);
	memcpy(cut->later, ip, cut->header);
	blank_options(cut->later, cut->header);
}

/* Bytes [from, from + size) behind the header as a fragment; NULL: no memory. */
static struct rte_mbuf *
make_piece(const struct cut *cut, uint32_t from, uint32_t size, struct rte_mempool *pool)
{
	uint32_t frame = cut->l2_size + cut->header + size;
	bool last = from + size == cut->size;
	struct rte_mbuf *piece = rte_pktmbuf_alloc(pool);
	struct rte_ipv4_hdr *ip;
	const void *bytes;
	uint8_t *payload;

	if (piece == NULL || rte_pktmbuf_append(piece, (uint16_t)frame) == NULL) {
		rte_pktmbuf_free(piece);
		return NULL;
	}
	ip = rte_pktmbuf_mtod_offset(piece, struct rte_ipv4_hdr *, cut->l2_size);
	memcpy(ip, from == 0 ? cut->first : cut->later, cut->header);
	payload = (uint8_t *)ip + cut->header;
	bytes = rte_pktmbuf_read(cut->m, cut->l2_size + cut->header + from, size, payload);
	if (bytes != payload)
		memcpy(payload, bytes, size);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(cut->header + size));
	ip->fragment_offset = rte_cpu_to_be_16(
		(uint16_t)((cut->bits + from / UNIT) | (last ? 0 : RTE_IPV4_HDR_MF_FLAG)));
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, cut->header);
	return piece;
}

uint16_t
nf_mtu_fragment(const struct rte_mbuf *m, uint16_t l2_size, uint16_t mtu, struct rte_mempool *pool,
		struct rte_mbuf *pieces[NF_MAX_PIECES])
{
	struct cut cut;
	uint32_t room;
	uint16_t n = 0;

	begin(&cut, m, l2_size);
	room = (uint32_t)(mtu - cut.header) / UNIT * UNIT;
	for (uint32_t from = 0; from < cut.size; from += room) {
		if (n < NF_MAX_PIECES)
			pieces[n] = make_piece(&cut, from, RTE_MIN(room, cut.size - from), pool);
		if (n == NF_MAX_PIECES || pieces[n] == NULL) {
			rte_pktmbuf_free_bulk(pieces, n);
			return 0;
		}
		n++;
	}
	return n;
}
