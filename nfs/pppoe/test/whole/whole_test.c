/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions and frames; see whole_test.h. */
#include "whole_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t access_mac[] = {2, 0, 0, 0, 1, 1};
static const uint8_t core_mac[] = {2, 0, 0, 0, 2, 1};

void
whole_defaults(struct pppoe_config *config)
{
	harness_configure(config, "  pools: [100.64.0.0/22, 198.51.100.0/28]\n"
				  "  ipv6: {pool: '2001:db8:0:100::/56', address: "
				  "'2001:db8:ffff::1/64', router: '2001:db8:ffff::2'}\n");
}

/* ---- sessions ---------------------------------------------------------------------------------------- */

struct rte_ether_addr
harness_client(uint8_t a, uint8_t b)
{
	return (struct rte_ether_addr){{2, 0, 0, 0, a, b}};
}

uint32_t
harness_add(struct harness *h, uint8_t a, uint8_t b)
{
	const struct pppoe_line_key line = {.mac = harness_client(a, b)};
	struct pppoe_sessions *s =
		pppoe_sessions_of(&h->pppoe->sessions, h->pppoe->bucket_worker[b]);
	uint32_t slot = NF_NO_SLOT;

	pppoe_session_create(s, &line, h->now_ns, &slot);
	return slot;
}

void
harness_open_session(struct harness *h, uint32_t slot)
{
	struct pppoe_sessions *s = harness_owner(h, slot);
	struct pppoe_session *session = pppoe_session_begin(s, slot);

	session->lcp.state = session->ipcp.state = session->ipv6cp.state = PPP_OPENED;
	session->auth.state = PPPOE_AUTH_GOOD;
	session->echo_timer = h->now_ns + 30 * HARNESS_SECOND;
	memset(session->interface_id, session->mac.addr_bytes[5] | 1,
	       sizeof(session->interface_id));
	pppoe_session_give_address(s, slot, session);
	pppoe_session_give_prefix(s, slot, session);
	pppoe_session_end(s, slot);
}

void
harness_remove(struct harness *h, uint32_t slot)
{
	pppoe_session_remove(harness_owner(h, slot), slot);
}

/* ---- packets --------------------------------------------------------------------------------------------- */

static void
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void
put_ether(struct frame *f, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	memcpy(f->bytes, to, 6);
	memcpy(f->bytes + 6, from, 6);
	put16(f->bytes + 12, type);
	f->size = 14;
}

/* 60 octets: IPv4, UDP, 32 octets of data. */
static void
put_udp(struct frame *f, uint32_t from, uint32_t to)
{
	uint8_t *ip = f->bytes + f->size;
	uint32_t sum = 0;

	memset(ip, 0, 60);
	ip[0] = 0x45;
	put16(ip + 2, 60);
	ip[8] = 64;
	ip[9] = 17;
	put32(ip + 12, from);
	put32(ip + 16, to);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)));
	put16(ip + 20, 5000);
	put16(ip + 22, 53);
	put16(ip + 24, 40);
	f->size += 60;
}

struct frame
up(const struct pppoe_session *session, uint32_t to)
{
	struct frame f = {0};
	uint8_t *head = f.bytes + 14;

	put_ether(&f, access_mac, session->mac.addr_bytes, 0x8864);
	head[0] = 0x11;
	put16(head + 2, session->session_id);
	put16(head + 4, 62);
	put16(head + 6, 0x0021);
	f.size += 8;
	put_udp(&f, rte_be_to_cpu_32(session->ipv4), to);
	return f;
}

struct frame
down(uint32_t from, const struct pppoe_session *session)
{
	static const uint8_t router[] = {2, 0xaa, 203, 0, 113, 2};
	struct frame f = {0};

	put_ether(&f, core_mac, router, 0x0800);
	put_udp(&f, from, rte_be_to_cpu_32(session->ipv4));
	return f;
}

struct frame
discovery(const struct rte_ether_addr *client, uint8_t code, const void *tags, uint16_t size)
{
	static const uint8_t all[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct frame f = {0};

	put_ether(&f, code == 0x09 ? all : access_mac, client->addr_bytes, 0x8863);
	f.bytes[14] = 0x11;
	f.bytes[15] = code;
	put16(f.bytes + 18, size);
	memcpy(f.bytes + 20, tags, size);
	f.size = (uint16_t)RTE_MAX(20 + size, 60);
	return f;
}

void
harness_send(struct harness *h, uint8_t side, const struct frame *frame, uint16_t worker)
{
	harness_receive(h, side, harness_raw(h, frame->bytes, frame->size), worker);
	harness_settle(h);
}

bool
harness_take(struct harness *h, uint8_t side, struct frame *ret_frame)
{
	struct rte_mbuf *m = harness_take_mbuf(h, side);

	if (m == NULL)
		return false;
	assert_int_equal(m->nb_segs, 1);
	ret_frame->size = rte_pktmbuf_data_len(m);
	memcpy(ret_frame->bytes, rte_pktmbuf_mtod(m, void *), ret_frame->size);
	rte_pktmbuf_free(m);
	return true;
}

void
harness_drain_all(struct harness *h)
{
	harness_drain(h, PPPOE_ACCESS);
	harness_drain(h, PPPOE_CORE);
}
