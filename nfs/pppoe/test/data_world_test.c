/* SPDX-License-Identifier: Apache-2.0 */
/* See data_world_test.h. */
#include "data_world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "automaton.h"

static const uint8_t access_mac[6] = {2, 0, 0, 0, 1, 1}, core_mac[6] = {2, 0, 0, 0, 2, 1};
static const uint8_t router_mac[6] = {2, 0xaa, 0, 0, 0, 6};

const uint8_t server_6[16] = {0x20, 1, 0xd, 0xb8, 0xff, 5, [15] = 9};
const uint8_t core_own_6[16] = {0x20, 1, 0xd, 0xb8, 0xff, 0xff, [15] = 1};
const uint8_t core_router_6[16] = {0x20, 1, 0xd, 0xb8, 0xff, 0xff, [15] = 2};
const uint8_t link_own_6[16] = {0xfe, 0x80, [15] = 1};

void
data_defaults(struct pppoe_config *config)
{
	harness_configure(config,
			  "  pools: [100.64.0.0/22]\n"
			  "  ipv6: {pool: '2001:db8:1::/48', address: '2001:db8:ffff::1/64', "
			  "router: '2001:db8:ffff::2'}\n  clamp_mss: true\n");
}

/* ---- clients ------------------------------------------------------------------------------------------------- */

struct pppoe_session *
session_of(struct harness *h, const struct client *c)
{
	return slim_slot(h->pppoe->sessions.shares.table, c->slot);
}

static void
open_all(struct pppoe_session *s, uint16_t mru)
{
	s->lcp.state = PPP_OPENED;
	s->ipcp.state = PPP_OPENED;
	s->ipv6cp.state = PPP_OPENED;
	s->auth.state = PPPOE_AUTH_GOOD;
	s->terms.mru = RTE_BE16(1492);
	s->terms.peer_mru = rte_cpu_to_be_16(mru);
	s->terms.max_payload = rte_cpu_to_be_16(mru > 1492 ? mru : 0);
}

struct client
client_of(struct harness *h, uint8_t last, uint16_t outer, uint16_t inner, uint16_t mru)
{
	struct client c = {.mac = {2, 0, 0, 0, 9, last}, .outer = outer, .inner = inner};
	struct pppoe_line_key line = {.outer = outer, .inner = inner};
	struct pppoe_sessions *sessions;
	struct pppoe_session *s;

	c.worker = h->pppoe->bucket_worker[last];
	sessions = pppoe_sessions_of(&h->pppoe->sessions, c.worker);
	memcpy(&line.mac, c.mac, 6);
	assert_int_equal(pppoe_session_create(sessions, &line, h->now_ns, &c.slot), 0);
	s = pppoe_session_begin(sessions, c.slot);
	open_all(s, mru);
	assert_true(pppoe_session_give_address(sessions, c.slot, s));
	assert_true(pppoe_session_give_prefix(sessions, c.slot, s));
	pppoe_session_end(sessions, c.slot);
	assert_int_equal(s->open, PPPOE_OPEN_IPV4 | PPPOE_OPEN_IPV6);
	c.id = s->session_id;
	c.ipv4 = rte_be_to_cpu_32(s->ipv4);
	memcpy(c.ipv6, "\x20\1\xd\xb8\0\1", 6);
	write16(c.ipv6 + 6, (uint16_t)s->prefix);
	c.ipv6[15] = last;
	c.link[0] = 0xfe;
	c.link[1] = 0x80;
	c.link[15] = last;
	return c;
}

void
tell_router(struct harness *h)
{
	uint8_t message[32] = {136, [4] = 0xe0, [24] = 2, 1};
	struct octets ip, frame;

	harness_wait(h, 1);
	harness_drain(h, PPPOE_CORE);
	memcpy(message + 8, core_router_6, 16);
	memcpy(message + 26, router_mac, 6);
	ip = icmpv6(core_router_6, core_own_6, message, sizeof(message));
	frame = core_framed(&ip);
	give(h, PPPOE_CORE, &frame);
	harness_wait(h, 1);
}

/* ---- building ------------------------------------------------------------------------------------------------ */

void
write16(uint8_t *at, uint16_t n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static void
write32(uint8_t *at, uint32_t n)
{
	write16(at, (uint16_t)(n >> 16));
	write16(at + 2, (uint16_t)n);
}

uint16_t
read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t
read32(const uint8_t *at)
{
	return (uint32_t)read16(at) << 16 | read16(at + 2);
}

uint16_t
sum_of(const uint8_t *at, uint32_t size, uint32_t sum)
{
	for (uint32_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void
put_payload(uint8_t *at, const void *payload, uint16_t size)
{
	if (payload != NULL)
		memcpy(at, payload, size);
	else
		for (uint16_t i = 0; i < size; i++)
			at[i] = (uint8_t)(i * 7 + (i >> 8));
}

void
seal(struct octets *ip)
{
	write16(ip->at + 10, 0);
	write16(ip->at + 10, (uint16_t)~sum_of(ip->at, (ip->at[0] & 15u) * 4u, 0));
}

struct octets
ipv4(uint32_t from, uint32_t to, uint8_t protocol, const void *payload, uint16_t size)
{
	struct octets p = {.size = (uint16_t)(20 + size), .at = {0x45, [8] = 64}};

	write16(p.at + 2, p.size);
	write16(p.at + 4, 0x1234);
	p.at[9] = protocol;
	write32(p.at + 12, from);
	write32(p.at + 16, to);
	seal(&p);
	put_payload(p.at + 20, payload, size);
	return p;
}

struct octets
ipv6(const uint8_t from[16], const uint8_t to[16], uint8_t protocol, const void *payload,
     uint16_t size)
{
	struct octets p = {.size = (uint16_t)(40 + size), .at = {0x60, [7] = 64}};

	write16(p.at + 4, size);
	p.at[6] = protocol;
	memcpy(p.at + 8, from, 16);
	memcpy(p.at + 24, to, 16);
	put_payload(p.at + 40, payload, size);
	return p;
}

/* The sum over the pseudo header of IPv6 and what follows it. */
static uint16_t
sum_6(const struct octets *ip)
{
	uint16_t size = read16(ip->at + 4);

	return sum_of(ip->at + 8, 32u + size, (uint32_t)size + ip->at[6]);
}

static uint16_t
sum_4(const struct octets *ip)
{
	uint16_t size = (uint16_t)(ip->size - 20);

	return sum_of(ip->at + 12, 8u + size, (uint32_t)size + ip->at[9]);
}

struct octets
icmpv6(const uint8_t from[16], const uint8_t to[16], const void *message, uint16_t size)
{
	struct octets p = ipv6(from, to, 58, message, size);

	p.at[7] = 255;
	write16(p.at + 42, 0);
	write16(p.at + 42, (uint16_t)~sum_6(&p));
	return p;
}

#define SYN_SIZE 24u

static void
put_syn(uint8_t *at, uint16_t mss)
{
	static const uint8_t head[SYN_SIZE] = {0x13, 0x88, 0, 80, 0, 0, 0, 1, 0, 0, 0,
					       0,    0x60, 2, 16, 0, 0, 0, 0, 0, 2, 4};

	memcpy(at, head, SYN_SIZE);
	write16(at + 22, mss);
}

struct octets
syn(uint32_t from, uint32_t to, uint16_t mss)
{
	uint8_t tcp[SYN_SIZE];
	struct octets p;

	put_syn(tcp, mss);
	p = ipv4(from, to, 6, tcp, SYN_SIZE);
	write16(p.at + 36, (uint16_t)~sum_4(&p));
	return p;
}

struct octets
syn_6(const uint8_t from[16], const uint8_t to[16], uint16_t mss)
{
	uint8_t tcp[SYN_SIZE];
	struct octets p;

	put_syn(tcp, mss);
	p = ipv6(from, to, 6, tcp, SYN_SIZE);
	write16(p.at + 56, (uint16_t)~sum_6(&p));
	return p;
}

/* Addresses and tags; returns where the type behind them ends. */
static uint16_t
put_line(uint8_t *at, const uint8_t *to, const uint8_t *from, const struct client *c)
{
	uint16_t size = 12;

	memcpy(at, to, 6);
	memcpy(at + 6, from, 6);
	if (c->outer != 0) {
		write16(at + size, c->inner != 0 ? 0x88a8 : 0x8100);
		write16(at + size + 2, c->outer);
		size += 4;
	}
	if (c->inner != 0) {
		write16(at + size, 0x8100);
		write16(at + size + 2, c->inner);
		size += 4;
	}
	write16(at + size, 0x8864);
	return (uint16_t)(size + 2);
}

struct octets
framed(const struct client *c, uint16_t protocol, const struct octets *packet)
{
	struct octets f = {0};

	f.size = put_line(f.at, access_mac, c->mac, c);
	f.at[f.size] = 0x11;
	write16(f.at + f.size + 2, c->id);
	write16(f.at + f.size + 4, (uint16_t)(packet->size + 2));
	write16(f.at + f.size + 6, protocol);
	memcpy(f.at + f.size + 8, packet->at, packet->size);
	f.size = (uint16_t)(f.size + 8 + packet->size);
	if (f.size < 60)
		f.size = 60;
	return f;
}

struct octets
core_framed(const struct octets *ip)
{
	struct octets f = {.size = (uint16_t)(14 + ip->size)};

	memcpy(f.at, core_mac, 6);
	memcpy(f.at + 6, router_mac, 6);
	write16(f.at + 12, ip->at[0] >> 4 == 4 ? 0x0800 : 0x86dd);
	memcpy(f.at + 14, ip->at, ip->size);
	return f;
}

/* ---- running ------------------------------------------------------------------------------------------------- */

void
give(struct harness *h, uint8_t side, const struct octets *frame)
{
	harness_receive(h, side, harness_raw(h, frame->at, frame->size), 0);
	harness_settle(h);
}

static struct octets
framed_ip(const struct client *c, const struct octets *ip)
{
	return framed(c, ip->at[0] >> 4 == 4 ? 0x0021 : 0x0057, ip);
}

void
give_up(struct harness *h, const struct client *c, const struct octets *ip)
{
	struct octets frame = framed_ip(c, ip);

	give(h, PPPOE_ACCESS, &frame);
}

void
give_down(struct harness *h, const struct octets *ip)
{
	struct octets frame = core_framed(ip);

	give(h, PPPOE_CORE, &frame);
}

void
refused(struct harness *h, uint8_t side, const struct octets *frame, unsigned int counter)
{
	struct harness_before before = harness_before(h, counter);

	give(h, side, frame);
	harness_was_refused(h, &before);
}

void
refused_up(struct harness *h, const struct client *c, const struct octets *ip, unsigned int counter)
{
	struct octets frame = framed_ip(c, ip);

	refused(h, PPPOE_ACCESS, &frame, counter);
}

void
refused_down(struct harness *h, const struct octets *ip, unsigned int counter)
{
	struct octets frame = core_framed(ip);

	refused(h, PPPOE_CORE, &frame, counter);
}

/* The next frame of a side without what is in front, which must be `front`; a short frame is filled up with zeros. */
static struct octets
taken(struct harness *h, uint8_t side, const uint8_t *front, uint16_t size)
{
	struct rte_mbuf *m = harness_take_mbuf(h, side);
	struct octets out;

	assert_non_null(m);
	assert_int_equal(m->nb_segs, 1);
	assert_in_range(rte_pktmbuf_data_len(m), 60, sizeof(out.at));
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), front, size);
	out.size = (uint16_t)(rte_pktmbuf_data_len(m) - size);
	memcpy(out.at, rte_pktmbuf_mtod_offset(m, void *, size), out.size);
	rte_pktmbuf_free(m);
	return out;
}

static void
trim(struct octets *out, uint16_t front, uint16_t size)
{
	assert_in_range(size, 1, out->size);
	if (out->size != size)
		assert_int_equal(front + out->size, 60);
	for (uint16_t i = size; i < out->size; i++)
		assert_int_equal(out->at[i], 0);
	out->size = size;
}

static struct octets
taken_session(struct harness *h, const struct client *c, uint16_t *ret_protocol)
{
	uint8_t front[30];
	uint16_t size = put_line(front, c->mac, access_mac, c), length;
	struct octets out = taken(h, PPPOE_ACCESS, front, size);

	assert_int_equal(read16(out.at), 0x1100);
	assert_int_equal(read16(out.at + 2), c->id);
	length = read16(out.at + 4);
	*ret_protocol = read16(out.at + 6);
	trim(&out, size, (uint16_t)(6 + length));
	out.size = (uint16_t)(length - 2);
	memmove(out.at, out.at + 8, out.size);
	return out;
}

struct octets
taken_ppp(struct harness *h, const struct client *c, uint16_t protocol)
{
	uint16_t is;
	struct octets out = taken_session(h, c, &is);

	assert_int_equal(is, protocol);
	return out;
}

static uint16_t
ip_size(const struct octets *ip)
{
	if (ip->at[0] >> 4 == 6)
		return (uint16_t)(40 + read16(ip->at + 4));
	assert_int_equal(sum_of(ip->at, (ip->at[0] & 15u) * 4u, 0), 0xffff);
	return read16(ip->at + 2);
}

/* What the protocol says and what the packet is are the same. */
struct octets
taken_down(struct harness *h, const struct client *c)
{
	uint16_t protocol;
	struct octets out = taken_session(h, c, &protocol);

	assert_int_equal(protocol, out.at[0] >> 4 == 4 ? 0x0021 : 0x0057);
	assert_int_equal(ip_size(&out), out.size);
	return out;
}

struct octets
taken_up(struct harness *h, uint32_t next)
{
	uint8_t front[14];
	struct octets out;

	if (next != 0)
		harness_host_mac(front, next);
	else
		memcpy(front, router_mac, 6);
	memcpy(front + 6, core_mac, 6);
	write16(front + 12, next != 0 ? 0x0800 : 0x86dd);
	out = taken(h, PPPOE_CORE, front, 14);
	trim(&out, 14, ip_size(&out));
	return out;
}

void
assert_passed(const struct octets *in, const struct octets *out)
{
	struct octets right = *in;

	if (right.at[0] >> 4 == 4) {
		right.at[8]--;
		seal(&right);
	} else {
		right.at[7]--;
	}
	assert_int_equal(out->size, right.size);
	assert_memory_equal(out->at, right.at, right.size);
}

void
assert_counted(const struct harness *h, unsigned int counter, uint64_t n)
{
	assert_int_equal(harness_counter(h, counter), n);
}
