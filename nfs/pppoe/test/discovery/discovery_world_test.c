/* SPDX-License-Identifier: Apache-2.0 */
/* A client in the discovery stage; see discovery_world_test.h. */
#include "discovery_world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define HEAD 6
#define MOMENT_NS UINT64_C(1000000)

const struct line line_1 = {{2, 0, 0, 0, 0, 7}, 0, 0}, line_2 = {{2, 0, 0, 0, 0, 9}, 0, 0};

static const uint8_t our_mac[6] = {2, 0, 0, 0, 1, 1};

/* ---- packets ------------------------------------------------------------------------------------------------ */

static void
write16(uint8_t *at, uint16_t n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static uint16_t
read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

struct packet
message(uint8_t code, uint16_t session_id)
{
	struct packet p = {.size = HEAD, .bytes = {0x11, code}};

	write16(p.bytes + 2, session_id);
	return p;
}

void
put(struct packet *p, uint16_t tag, const void *data, uint16_t size)
{
	assert_in_range(p->size + 4 + size, 0, sizeof(p->bytes));
	write16(p->bytes + p->size, tag);
	write16(p->bytes + p->size + 2, size);
	if (size != 0)
		memcpy(p->bytes + p->size + 4, data, size);
	p->size = (uint16_t)(p->size + 4 + size);
	write16(p->bytes + 4, (uint16_t)(p->size - HEAD));
}

void
put_line_ids(struct packet *p, const uint8_t *circuit, uint8_t circuit_size, const uint8_t *remote,
	     uint8_t remote_size)
{
	uint8_t octets[4 + 2 + 255 + 2 + 255] = {0, 0, 0x0d, 0xe9, 1, circuit_size};

	memcpy(octets + 6, circuit, circuit_size);
	octets[6 + circuit_size] = 2;
	octets[7 + circuit_size] = remote_size;
	memcpy(octets + 8 + circuit_size, remote, remote_size);
	put(p, VENDOR, octets, (uint16_t)(8 + circuit_size + remote_size));
}

struct packet
padr_for(const struct packet *pado)
{
	struct packet p = message(PADR, 0);
	struct text cookie = value(pado, AC_COOKIE);

	put(&p, SERVICE_NAME, "", 0);
	put(&p, AC_COOKIE, cookie.data, cookie.size);
	return p;
}

uint16_t
id_of(const struct packet *p)
{
	return read16(p->bytes + 2);
}

/* Where the `which`-th tag of a type begins, and how many there are; 0: there is none. */
static uint16_t
find(const struct packet *p, uint16_t tag, uint32_t which, uint32_t *ret_n)
{
	uint16_t at = HEAD, found = 0;

	for (*ret_n = 0; at < p->size; at = (uint16_t)(at + 4 + read16(p->bytes + at + 2))) {
		assert_in_range(at + 4, 0, p->size);
		if (read16(p->bytes + at) == tag && (*ret_n)++ == which)
			found = at;
	}
	assert_int_equal(at, p->size);
	return found;
}

uint32_t
count(const struct packet *p, uint16_t tag)
{
	uint32_t n;

	find(p, tag, 0, &n);
	return n;
}

static struct text
value_of(const struct packet *p, uint16_t tag, uint32_t which)
{
	uint32_t n;
	uint16_t at = find(p, tag, which, &n);

	if (at == 0)
		return (struct text){NULL, 0};
	return (struct text){p->bytes + at + 4, read16(p->bytes + at + 2)};
}

struct text
value(const struct packet *p, uint16_t tag)
{
	return value_of(p, tag, 0);
}

uint16_t
number(const struct packet *p, uint16_t tag)
{
	struct text text = value(p, tag);

	if (text.data == NULL)
		return 0;
	assert_int_equal(text.size, 2);
	return read16(text.data);
}

uint16_t
cookie_at(const struct packet *p)
{
	return (uint16_t)(value(p, AC_COOKIE).data - p->bytes);
}

void
assert_value(const struct packet *p, uint16_t tag, uint32_t which, const char *right)
{
	struct text text = value_of(p, tag, which);

	assert_non_null(text.data);
	assert_int_equal(text.size, strlen(right));
	assert_memory_equal(text.data, right, text.size);
}

void
assert_same(const struct packet *a, const struct packet *b)
{
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->bytes, b->bytes, a->size);
}

/* ---- frames ----------------------------------------------------------------------------------------------------- */

void
serve_tags(struct pppoe_config *config, int n)
{
	config->access_tags = (struct pppoe_access){
		.untagged = n < 2,
		.outer = {{1, 4094}},
		.n_outer = 1,
		.inner = {{1, 4094}},
		.n_inner = n == 2 ? 1 : 0,
		.outer_type = 0x88a8,
	};
}

/* Tags of a line, and the type behind them; returns their octets. */
static uint16_t
write_tags(uint8_t *at, const struct line *line, uint16_t ethertype)
{
	uint16_t size = 0;

	if (line->outer != 0) {
		write16(at, line->inner != 0 ? 0x88a8 : 0x8100);
		write16(at + 2, line->outer);
		size = 4;
	}
	if (line->inner != 0) {
		write16(at + 4, 0x8100);
		write16(at + 6, line->inner);
		size = 8;
	}
	write16(at + size, ethertype);
	return (uint16_t)(size + 2);
}

static void
give(struct harness *h, const struct line *line, uint16_t ethertype, const struct packet *p,
     enum to to)
{
	uint8_t frame[sizeof(p->bytes) + 32] = {0};
	uint16_t size = 12;

	memset(frame, 0xff, 6);
	if (to == US)
		memcpy(frame, our_mac, 6);
	memcpy(frame + 6, line->mac, 6);
	size = (uint16_t)(size + write_tags(frame + size, line, ethertype));
	memcpy(frame + size, p->bytes, p->size);
	size = (uint16_t)(size + p->size);
	harness_receive(h, PPPOE_ACCESS, harness_raw(h, frame, size < 60 ? 60 : size), 0);
	harness_deliver(h);
}

void
say(struct harness *h, const struct line *line, const struct packet *p, enum to to)
{
	give(h, line, 0x8863, p, to);
}

void
refused(struct harness *h, const struct line *line, const struct packet *p, enum to to,
	unsigned int counter)
{
	struct harness_before before = harness_before(h, counter);

	say(h, line, p, to);
	harness_was_refused(h, &before);
}

struct packet
answer(struct harness *h, const struct line *line)
{
	struct rte_mbuf *m = harness_take_mbuf(h, PPPOE_ACCESS);
	uint8_t front[6 + 6 + 10];
	const uint8_t *frame;
	uint16_t size = 12, length;
	struct packet p;

	assert_non_null(m);
	frame = rte_pktmbuf_mtod(m, const uint8_t *);
	memcpy(front, line->mac, 6);
	memcpy(front + 6, our_mac, 6);
	size = (uint16_t)(size + write_tags(front + size, line, 0x8863));
	assert_memory_equal(frame, front, size);
	length = (uint16_t)(HEAD + read16(frame + size + 4));
	assert_int_equal(rte_pktmbuf_pkt_len(m), size + length < 60 ? 60 : size + length);
	p.size = length;
	memcpy(p.bytes, frame + size, length);
	assert_int_equal(p.bytes[0], 0x11);
	rte_pktmbuf_free(m);
	return p;
}

uint16_t
id_of_answer(struct harness *h, const struct line *line)
{
	struct packet p = answer(h, line);

	return id_of(&p);
}

void
leave(struct harness *h)
{
	harness_drain(h, PPPOE_ACCESS);
}

/* ---- conversation ------------------------------------------------------------------------------------------------ */

struct packet
offered(struct harness *h, const struct line *line)
{
	struct packet p = message(PADI, 0), pado;

	put(&p, SERVICE_NAME, "", 0);
	say(h, line, &p, ALL);
	pado = answer(h, line);
	assert_int_equal(pado.bytes[1], PADO);
	return pado;
}

struct packet
logged_in(struct harness *h, const struct line *line)
{
	struct packet pado = offered(h, line), padr = padr_for(&pado), pads;

	say(h, line, &padr, US);
	pads = answer(h, line);
	assert_int_equal(pads.bytes[1], PADS);
	assert_int_not_equal(id_of(&pads), 0);
	leave(h);
	return pads;
}

void
speak(struct harness *h, uint16_t session_id)
{
	static const uint8_t lcp[] = {0xc0, 0x21, 1,
				      1,    0,    4}; /* a Configure-Request without options */
	const struct pppoe_session *s = session(h, session_id);
	struct packet p = message(0, session_id);
	struct line line = {.outer = s->outer, .inner = s->inner};

	memcpy(line.mac, &s->mac, 6);
	memcpy(p.bytes + HEAD, lcp, sizeof(lcp));
	p.size = HEAD + sizeof(lcp);
	p.bytes[5] = sizeof(lcp);
	harness_wait(h, MOMENT_NS);
	give(h, &line, 0x8864, &p, US);
	leave(h);
}

static void
set_end(struct harness *h, uint16_t session_id, uint8_t end, uint8_t flags)
{
	uint32_t slot = pppoe_session_by_id(&h->pppoe->sessions, session_id);
	struct pppoe_sessions *s =
		h->workers[pppoe_session_worker(&h->pppoe->sessions, slot)].sessions;
	struct pppoe_session *of = pppoe_session_begin(s, slot);

	of->end = end;
	of->flags = flags;
	pppoe_session_end(s, slot);
}

void
end_soon(struct harness *h, uint16_t session_id)
{
	set_end(h, session_id, PPPOE_END_ADMIN, 0);
}

void
be_over(struct harness *h, uint16_t session_id)
{
	set_end(h, session_id, PPPOE_END_USER_REQUEST, PPPOE_ACCOUNTED | PPPOE_OVER);
}

/* ---- looking in --------------------------------------------------------------------------------------------------- */

const struct pppoe_session *
session(const struct harness *h, uint16_t session_id)
{
	uint32_t slot = pppoe_session_by_id(&h->pppoe->sessions, session_id);

	assert_int_not_equal(slot, NF_NO_SLOT);
	return pppoe_session_at(&h->pppoe->sessions, slot);
}

bool
has_begun(const struct harness *h, uint16_t session_id)
{
	return session(h, session_id)->lcp.state == PPP_REQ_SENT;
}

uint32_t
n_sessions(const struct harness *h)
{
	const struct pppoe_session_table *t = &h->pppoe->sessions;
	uint32_t n = 0;

	for (uint32_t slot = 0; slot < t->shares.capacity; slot++)
		n += ((const struct slim_slot_head *)(const void *)pppoe_session_at(t, slot) - 1)
			     ->used;
	return n;
}

void
assert_counted(const struct harness *h, unsigned int counter, uint64_t n)
{
	assert_int_equal(harness_counter(h, counter), n);
}
