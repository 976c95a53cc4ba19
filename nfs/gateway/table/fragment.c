/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments of tunnel packets; see fragment.h. Worker's thread, but for init and fini. */
#include "fragment.h"

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "counters.h"
#include "ecn.h"

#define UNIT RTE_IPV4_HDR_OFFSET_UNITS
#define ALL_ECT (1u << GATEWAY_ECT_0 | 1u << GATEWAY_ECT_1)

/* What a fragment has of its datagram. */
struct part {
	const struct rte_ipv4_hdr *ip;
	uint32_t from, to; /* octets behind the IP header */
	bool last;
};

static struct part
part_of(const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *,
								sizeof(struct rte_ether_hdr));
	uint16_t bits = rte_be_to_cpu_16(ip->fragment_offset);
	uint32_t from = (bits & RTE_IPV4_HDR_OFFSET_MASK) * UNIT;

	return (struct part){
		.ip = ip,
		.from = from,
		.to = from + rte_be_to_cpu_16(ip->total_length) - rte_ipv4_hdr_len(ip),
		.last = (bits & RTE_IPV4_HDR_MF_FLAG) == 0,
	};
}

/* ---- which ---------------------------------------------------------------------------------------------- */

static uint64_t
key_of(rte_be32_t source, rte_be16_t id)
{
	return (uint64_t)source << 16 | id;
}

static bool
is_datagram(const void *ctx, uint32_t number, uint64_t key)
{
	const struct gateway_datagram *d = (const struct gateway_datagram *)ctx + number;

	return key_of(d->source, d->id) == key;
}

static struct gateway_datagram *
find(const struct gateway_fragments *f, rte_be32_t source, rte_be16_t id)
{
	uint64_t key = key_of(source, id);
	uint32_t number = nf_slot_index_find(&f->index, nf_slot_index_hash(&f->index, key), key,
					     is_datagram, f->datagrams);

	return number == NF_NO_SLOT ? NULL : &f->datagrams[number];
}

/* NULL: none is under way. */
static struct gateway_datagram *
oldest_of(const struct gateway_fragments *f)
{
	uint32_t number = nf_ages_oldest(&f->ages);

	return number == NF_AGES_NONE ? NULL : &f->datagrams[number];
}

static struct gateway_datagram *
begin(struct gateway_fragments *f, rte_be32_t source, rte_be16_t id)
{
	uint32_t number = nf_ages_begin(&f->ages);
	struct gateway_datagram *d = &f->datagrams[number];

	*d = (struct gateway_datagram){
		.source = source,
		.id = id,
		.since_ns = f->worker->now_ns,
	};
	nf_slot_index_insert(&f->index, nf_slot_index_hash(&f->index, key_of(source, id)), number);
	return d;
}

/* Its packets are somebody else's now. */
static void
end(struct gateway_fragments *f, struct gateway_datagram *d)
{
	uint32_t number = (uint32_t)(d - f->datagrams);

	nf_slot_index_remove(&f->index, nf_slot_index_hash(&f->index, key_of(d->source, d->id)),
			     number);
	nf_ages_end(&f->ages, number);
	f->n_packets -= d->n;
	d->n = 0;
}

static void
end_with(struct gateway_fragments *f, struct gateway_datagram *d, unsigned int counter)
{
	nf_count(f->worker, counter, d->n);
	rte_pktmbuf_free_bulk(d->pkts, d->n);
	end(f, d);
}

/* ---- what of it -------------------------------------------------------------------------------------------- */

/* Could it be a part of any packet that is put together here? */
static bool
is_sound(const struct gateway_fragments *f, const struct part *part)
{
	return part->to > part->from && part->to <= f->room &&
	       (part->last || (part->to - part->from) % UNIT == 0);
}

enum fit { FITS, TWICE, OVERLAPS };

static enum fit
fit_of(const struct gateway_datagram *d, const struct part *part)
{
	if (d->total != 0 && (part->to > d->total || (part->last && part->to != d->total)))
		return OVERLAPS;
	for (uint16_t i = 0; i < d->n; i++) {
		struct part other = part_of(d->pkts[i]);

		if (other.from == part->from && other.to == part->to && other.last == part->last)
			return TWICE;
		if ((part->from < other.to && other.from < part->to) ||
		    (part->last && other.to > part->to))
			return OVERLAPS;
	}
	return FITS;
}

static void
add(struct gateway_fragments *f, struct gateway_datagram *d, struct rte_mbuf *m,
    const struct part *part)
{
	d->pkts[d->n++] = m;
	d->received = (uint16_t)(d->received + part->to - part->from);
	d->ecn_seen |= (uint8_t)(1u << (part->ip->type_of_service & GATEWAY_ECN_MASK));
	if (part->last)
		d->total = (uint16_t)part->to;
	f->n_packets++;
}

/* ---- the whole --------------------------------------------------------------------------------------------- */

/* RFC 3168 section 5.3: a congestion on the way of any fragment is one of the packet, and cannot be told if
 * another fragment says that its sender does not understand it. */
static uint8_t
ecn_of(uint8_t seen)
{
	if (seen & 1u << GATEWAY_CE)
		return seen & 1u << GATEWAY_NOT_ECT ? GATEWAY_ECN_DROP : GATEWAY_CE;
	if (seen & 1u << GATEWAY_NOT_ECT)
		return GATEWAY_NOT_ECT;
	return (seen & ALL_ECT) == 1u << GATEWAY_ECT_1 ? GATEWAY_ECT_1 : GATEWAY_ECT_0;
}

/* Ethernet and IP header as those of the first fragment. */
static void
write_header(struct rte_mbuf *whole, const struct rte_mbuf *first, uint16_t total, uint8_t ecn)
{
	uint8_t *frame = rte_pktmbuf_mtod(whole, uint8_t *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + sizeof(struct rte_ether_hdr));
	const struct part part = part_of(first);
	uint16_t header = rte_ipv4_hdr_len(part.ip);

	memcpy(frame, rte_pktmbuf_mtod(first, void *), sizeof(struct rte_ether_hdr));
	memcpy(ip, part.ip, header);
	ip->type_of_service = (uint8_t)((ip->type_of_service & ~GATEWAY_ECN_MASK) | ecn);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(header + total));
	ip->fragment_offset = 0;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, header);
}

static struct rte_mbuf *
put_together(struct gateway_fragments *f, const struct gateway_datagram *d, uint8_t ecn)
{
	struct rte_mbuf *whole = rte_pktmbuf_alloc(f->worker->pool);
	const struct rte_mbuf *first = NULL;
	uint16_t head = sizeof(struct rte_ether_hdr);
	uint8_t *payload;

	if (whole == NULL)
		return NULL;
	for (uint16_t i = 0; i < d->n; i++)
		if (part_of(d->pkts[i]).from == 0)
			first = d->pkts[i];
	head = (uint16_t)(head + rte_ipv4_hdr_len(part_of(first).ip));
	rte_pktmbuf_append(whole, (uint16_t)(head + d->total));
	write_header(whole, first, d->total, ecn);
	payload = rte_pktmbuf_mtod_offset(whole, uint8_t *, head);
	for (uint16_t i = 0; i < d->n; i++) {
		struct part part = part_of(d->pkts[i]);

		memcpy(payload + part.from, (const uint8_t *)part.ip + rte_ipv4_hdr_len(part.ip),
		       part.to - part.from);
	}
	return whole;
}

static struct rte_mbuf *
finish(struct gateway_fragments *f, struct gateway_datagram *d)
{
	uint8_t ecn = ecn_of(d->ecn_seen);
	struct rte_mbuf *whole;

	if (ecn == GATEWAY_ECN_DROP) {
		end_with(f, d, GATEWAY_drop_ecn);
		return NULL;
	}
	whole = put_together(f, d, ecn);
	if (whole != NULL)
		nf_count(f->worker, GATEWAY_reassembled, 1);
	end_with(f, d, whole != NULL ? GATEWAY_fragment_taken : NF_no_mbuf);
	return whole;
}

/* ---- one more --------------------------------------------------------------------------------------------------- */

/* Of a new datagram, or of a packet more; the oldest datagram makes it, but not for itself. */
static bool
make_room(struct gateway_fragments *f, const struct gateway_datagram *d)
{
	struct gateway_datagram *oldest = oldest_of(f);

	if (f->n_packets < f->limits.packets && (d != NULL || f->ages.free != 0))
		return true;
	if (oldest == NULL || oldest == d)
		return false;
	end_with(f, oldest, GATEWAY_drop_fragment_full);
	return true;
}

struct rte_mbuf *
gateway_fragments_take(struct gateway_fragments *f, struct gateway_packet *p)
{
	struct part part = part_of(p->m);
	struct gateway_datagram *d = find(f, part.ip->src_addr, part.ip->packet_id);
	enum fit fit = !is_sound(f, &part) ? OVERLAPS : d != NULL ? fit_of(d, &part) : FITS;

	if (fit != FITS) {
		nf_drop(f->worker, p->m, GATEWAY_drop_fragment);
		if (fit == OVERLAPS && d != NULL)
			end_with(f, d, GATEWAY_drop_fragment);
		return NULL;
	}
	if ((d != NULL && d->n == GATEWAY_FRAGMENTS_PER_DATAGRAM) || !make_room(f, d)) {
		nf_drop(f->worker, p->m, GATEWAY_drop_fragment_full);
		return NULL;
	}
	if (d == NULL)
		d = begin(f, part.ip->src_addr, part.ip->packet_id);
	add(f, d, p->m, &part);
	return d->total != 0 && d->received == d->total ? finish(f, d) : NULL;
}

/* ---- timers ------------------------------------------------------------------------------------------------ */

/* All of a datagram, or nothing: an instance that serves keeps it. */
static void
return_all(struct gateway_fragments *f)
{
	struct gateway_datagram *d;

	while ((d = oldest_of(f)) != NULL) {
		if (slim_return(f->worker->agent, GATEWAY_ACCESS, d->pkts, d->n) == 0)
			return;
		nf_count(f->worker, GATEWAY_returned, d->n);
		end(f, d);
	}
}

void
gateway_fragments_tick(struct gateway_fragments *f)
{
	struct gateway_datagram *d = oldest_of(f);

	if (likely(d == NULL))
		return;
	if (unlikely(!f->worker->serves)) {
		return_all(f);
		return;
	}
	for (; d != NULL && f->worker->now_ns - d->since_ns >= f->limits.lifetime_ns;
	     d = oldest_of(f))
		end_with(f, d, GATEWAY_drop_fragment_silent);
}

/* ---- set-up -------------------------------------------------------------------------------------------------- */

int
gateway_fragments_init(struct gateway_fragments *f, struct nf_worker *worker,
		       const struct gateway_fragment_limits *limits, uint64_t seed)
{
	uint32_t front = RTE_PKTMBUF_HEADROOM + sizeof(struct rte_ether_hdr) +
			 RTE_IPV4_HDR_IHL_MASK * RTE_IPV4_IHL_MULTIPLIER;

	f->worker = worker;
	f->limits = *limits;
	f->room = RTE_MIN((uint32_t)rte_pktmbuf_data_room_size(worker->pool) - front,
			  (uint32_t)UINT16_MAX - (front - RTE_PKTMBUF_HEADROOM));
	f->datagrams = rte_zmalloc("gateway_fragments", GATEWAY_DATAGRAMS * sizeof(*f->datagrams),
				   RTE_CACHE_LINE_SIZE);
	if (f->datagrams == NULL || nf_ages_init(&f->ages, GATEWAY_DATAGRAMS) != 0)
		return -ENOMEM;
	return nf_slot_index_init(&f->index, GATEWAY_DATAGRAMS, seed);
}

void
gateway_fragments_fini(struct gateway_fragments *f)
{
	for (struct gateway_datagram *d; (d = oldest_of(f)) != NULL; end(f, d))
		rte_pktmbuf_free_bulk(d->pkts, d->n);
	nf_ages_fini(&f->ages);
	nf_slot_index_fini(&f->index);
	rte_free(f->datagrams);
	*f = (struct gateway_fragments){0};
}
