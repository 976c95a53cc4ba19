/* SPDX-License-Identifier: Apache-2.0 */
/* For tests only; see fake_wire.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fake_wire.h"

#define N_QUEUE 2048u
#define N_MAPPINGS (1u << 18)
#define POOL_IP 0xc6336400u /* 198.51.100.0 */
#define FIRST_PORT 1024u
#define PORTS_PER_IP 60000u
#define ETHER_IP 14u
#define UDP_CHECKSUM (14u + 20u + 6u)
#define FILLER_BYTE 92u

struct entry {
	uint64_t due_ns;
	size_t size;
	uint8_t data[FRAME_MAX_SIZE];
};

struct queue {
	uint32_t head, n;
	uint64_t not_before_ns;
	struct entry *entries;
};

struct fake_wire {
	struct fake_wire_config config;
	struct queue queues[TRAFFIC_N_SIDES]; /* to each side */
	ledger_endpoint *inside; /* hash table of inside endpoints; its index is the mapping */
	const struct fake_meeting *swapping; /* its packet waits in `swapped` */
	struct entry swapped;
};

struct fake_wire *
fake_wire_create(const struct fake_wire_config *config)
{
	struct fake_wire *w = calloc(1, sizeof(*w));

	assert(w != NULL);
	w->config = *config;
	w->inside = calloc(N_MAPPINGS, sizeof(*w->inside));
	assert(w->inside != NULL);
	for (unsigned i = 0; i < TRAFFIC_N_SIDES; i++) {
		w->queues[i].entries = calloc(N_QUEUE, sizeof(struct entry));
		assert(w->queues[i].entries != NULL);
	}
	return w;
}

void
fake_wire_destroy(struct fake_wire *w)
{
	for (unsigned i = 0; i < TRAFFIC_N_SIDES; i++)
		free(w->queues[i].entries);
	free(w->inside);
	free(w);
}

/* ---- translation -------------------------------------------------------------- */

static ledger_endpoint
external_of(struct fake_wire *w, ledger_endpoint inside)
{
	uint32_t i = (uint32_t)((inside * UINT64_C(0x9e3779b97f4a7c15)) >> 46);

	while (w->inside[i] != 0 && w->inside[i] != inside)
		i = (i + 1u) % N_MAPPINGS;
	w->inside[i] = inside;
	return LEDGER_ENDPOINT(POOL_IP + i / PORTS_PER_IP, FIRST_PORT + i % PORTS_PER_IP);
}

static ledger_endpoint
inside_of(const struct fake_wire *w, ledger_endpoint external)
{
	uint32_t ip = (uint32_t)(external >> 16) - POOL_IP;

	return w->inside[ip * PORTS_PER_IP + (external & 0xffffu) - FIRST_PORT];
}

static void
split(ledger_endpoint e, uint32_t *ip, uint16_t *port)
{
	*ip = (uint32_t)(e >> 16);
	*port = (uint16_t)e;
}

/* Builds the frame anew with the other addresses. */
static void
translate(struct fake_wire *w, enum traffic_side from, const struct frame_view *v,
	  const struct frame_payload *payload, bool remap, struct entry *e)
{
	struct frame_addresses a = {.src_ip = v->src_ip,
				    .dst_ip = v->dst_ip,
				    .src_port = v->src_port,
				    .dst_port = v->dst_port};
	enum traffic_side to = from == TRAFFIC_INSIDE ? TRAFFIC_OUTSIDE : TRAFFIC_INSIDE;

	if (from == TRAFFIC_INSIDE)
		split(external_of(w, LEDGER_ENDPOINT(v->src_ip, v->src_port)) + remap, &a.src_ip,
		      &a.src_port);
	else
		split(inside_of(w, LEDGER_ENDPOINT(v->dst_ip, v->dst_port)) + remap, &a.dst_ip,
		      &a.dst_port);
	memcpy(a.src_mac, w->config.macs[to], FRAME_MAC_SIZE);
	/* The generator's own MAC differs from the translator's in the last byte: 2, not 1. */
	memcpy(a.dst_mac, w->config.macs[to], FRAME_MAC_SIZE);
	a.dst_mac[FRAME_MAC_SIZE - 1u] = 2;
	frame_write_udp(e->data, e->size, &a, payload);
}

/* ---- queues ---------------------------------------------------------------------- */

static void
append(struct queue *q, const struct entry *e)
{
	struct entry *into = &q->entries[(q->head + q->n) % N_QUEUE];

	assert(q->n < N_QUEUE);
	memcpy(into, e, offsetof(struct entry, data) + e->size);
	if (into->due_ns < q->not_before_ns)
		into->due_ns = q->not_before_ns;
	q->n++;
}

static bool
is_of(const struct fake_meeting *m, const struct frame_payload *p)
{
	return p->ticket.direction == m->direction && p->ticket.flow == m->flow;
}

/* What this packet meets; NULL: nothing. */
static const struct fake_meeting *
meeting_of(const struct fake_wire *w, const struct frame_payload *p)
{
	for (unsigned i = 0; i < w->config.n_meetings; i++)
		if (is_of(&w->config.meetings[i], p) && p->ticket.seq == w->config.meetings[i].seq)
			return &w->config.meetings[i];
	return NULL;
}

static void
damage(struct entry *e, enum fake_trouble trouble)
{
	uint8_t *sum = &e->data[UDP_CHECKSUM];

	if (trouble == FAKE_CHECKSUM) {
		sum[0] ^= 0x40;
	} else if (trouble == FAKE_NO_CHECKSUM) {
		sum[0] = sum[1] = 0;
	} else {
		/* Two 16-bit words change places: the checksum does not see it. */
		uint8_t *p = &e->data[FILLER_BYTE], word[2] = {p[0], p[1]};

		memcpy(p, p + 2, 2);
		memcpy(p + 2, word, 2);
	}
}

static void
pass_with_trouble(struct fake_wire *w, const struct fake_meeting *m, struct queue *q,
		  struct entry *e)
{
	switch (m->trouble) {
	case FAKE_DROP:
		return;
	case FAKE_TWICE:
		append(q, e);
		break;
	case FAKE_SWAP:
		w->swapped = *e;
		w->swapping = m;
		return;
	case FAKE_DAMAGE:
	case FAKE_CHECKSUM:
	case FAKE_NO_CHECKSUM:
		damage(e, m->trouble);
		break;
	case FAKE_DELAY:
		q->not_before_ns = e->due_ns + w->config.extra_ns;
		break;
	case FAKE_NONE:
	case FAKE_REMAP: /* done in translate() */
	default:
		break;
	}
	append(q, e);
}

static void
put_udp(struct fake_wire *w, enum traffic_side from, const struct frame_view *v, size_t size,
	uint64_t now_ns)
{
	enum traffic_side to = from == TRAFFIC_INSIDE ? TRAFFIC_OUTSIDE : TRAFFIC_INSIDE;
	struct entry e; /* its data are set with its size */
	struct queue *q = &w->queues[to];
	const struct fake_meeting *m;
	struct frame_payload payload;

	bool readable = frame_payload_parse(v->payload, v->payload_size, &payload);

	assert(readable);
	e.due_ns = now_ns + w->config.delay_ns;
	e.size = size;
	m = meeting_of(w, &payload);
	translate(w, from, v, &payload, m != NULL && m->trouble == FAKE_REMAP, &e);
	if (m != NULL) {
		pass_with_trouble(w, m, q, &e);
	} else if (w->swapping != NULL && is_of(w->swapping, &payload)) {
		append(q, &e);
		append(q, &w->swapped);
		w->swapping = NULL;
	} else {
		append(q, &e);
	}
}

static void
put_arp(struct fake_wire *w, enum traffic_side from, const struct frame_view *v, uint64_t now_ns)
{
	struct frame_addresses a = {.src_ip = v->dst_ip, .dst_ip = v->src_ip};
	struct entry e = {.due_ns = now_ns + w->config.delay_ns, .size = FRAME_ARP_SIZE};

	if (v->dst_ip != w->config.ips[from])
		return;
	memcpy(a.src_mac, w->config.macs[from], FRAME_MAC_SIZE);
	memcpy(a.dst_mac, v->src_mac, FRAME_MAC_SIZE);
	frame_write_arp(e.data, FRAME_ARP_REPLY, &a);
	append(&w->queues[from], &e);
}

void
fake_wire_put(struct fake_wire *w, enum traffic_side from, const uint8_t *frame, size_t size,
	      uint64_t now_ns)
{
	struct frame_view v = frame_parse(frame, size, false);

	if (v.kind == FRAME_ARP_REQUEST)
		put_arp(w, from, &v, now_ns);
	else if (v.kind == FRAME_UDP && !v.checksum_missing)
		put_udp(w, from, &v, size, now_ns);
	else
		assert(v.kind == FRAME_ARP_REPLY);
}

size_t
fake_wire_get(struct fake_wire *w, enum traffic_side to, uint64_t now_ns, uint8_t *frame)
{
	struct queue *q = &w->queues[to];
	const struct entry *e = &q->entries[q->head];

	if (q->n == 0 || e->due_ns > now_ns)
		return 0;
	memcpy(frame, e->data, e->size);
	q->head = (q->head + 1u) % N_QUEUE;
	q->n--;
	return e->size;
}
