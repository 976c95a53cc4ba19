/* SPDX-License-Identifier: Apache-2.0 */
/* A client; see client_test.h. */
#include "client_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ETHER 14u
#define HEAD 6u
#define MOMENT_NS UINT64_C(1000000)

static const uint8_t our_mac[6] = {2, 0, 0, 0, 1, 1};

void
client_defaults(struct pppoe_config *config)
{
	harness_defaults(config);
	config->n_workers = 1;
	config->lcp.pap = false;
	config->lcp.chap = false;
	config->lcp.echo_ns = 0;
	config->ipv6_pool.bits = 0;
	config->dns[0] = 0;
	config->dns[1] = 0;
	config->radius.n_accounting = 0;
	config->radius.interim_ns = 0;
	config->limits.session_ns = 0;
	config->limits.idle_ns = 0;
	config->limits.logins_per_minute = 0;
	config->limits.sessions_per_mac = 0;
	config->limits.padi_per_s = 0;
	config->limits.padi_per_s_all = 0;
}

/* ---- frames -------------------------------------------------------------------------------------------------- */

static void
write16(uint8_t *at, uint32_t n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static uint32_t
read16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint16_t
read_digits(uint8_t *at, const char *digits)
{
	uint16_t size = 0;
	unsigned int octet;

	for (; *digits != '\0'; digits++)
		if (*digits != ' ') {
			assert_int_equal(sscanf(digits, "%2x", &octet), 1);
			at[size++] = (uint8_t)octet;
			digits++;
		}
	return size;
}

/* A PPPoE packet in a frame; `size` octets of payload stand at frame + ETHER + HEAD already. */
static void
send_frame(struct client *c, uint8_t *frame, bool to_all, uint32_t type, uint8_t code,
	   uint16_t session_id, uint16_t size)
{
	uint16_t whole = (uint16_t)(ETHER + HEAD + size);

	memset(frame, 0xff, 6);
	if (!to_all)
		memcpy(frame, our_mac, 6);
	memcpy(frame + 6, c->mac, 6);
	write16(frame + 12, type);
	frame[ETHER] = 0x11;
	frame[ETHER + 1] = code;
	write16(frame + ETHER + 2, session_id);
	write16(frame + ETHER + 4, size);
	if (whole < 60) {
		memset(frame + whole, 0, 60u - whole);
		whole = 60;
	}
	harness_receive(c->h, PPPOE_ACCESS, harness_raw(c->h, frame, whole), 0);
	harness_deliver(c->h);
}

/* The next frame, which must be a PPPoE packet to this client. Returns its payload's size. */
static uint16_t
take_frame(struct client *c, uint32_t type, uint8_t *ret_code, uint8_t payload[2048])
{
	struct rte_mbuf *m = harness_take_mbuf(c->h, PPPOE_ACCESS);
	const uint8_t *frame;
	uint32_t size;

	if (m == NULL)
		fail_msg("nothing came");
	frame = rte_pktmbuf_mtod(m, const uint8_t *);
	assert_memory_equal(frame, c->mac, 6);
	assert_memory_equal(frame + 6, our_mac, 6);
	if (read16(frame + 12) != type)
		fail_msg("type %x, not %x", read16(frame + 12), type);
	assert_int_equal(frame[ETHER], 0x11);
	*ret_code = frame[ETHER + 1];
	if (c->session_id != 0)
		assert_int_equal(read16(frame + ETHER + 2), c->session_id);
	size = read16(frame + ETHER + 4);
	assert_true(ETHER + HEAD + size <= rte_pktmbuf_data_len(m));
	memcpy(payload, frame + ETHER + 2, 2); /* the session id, for who dials */
	memcpy(payload + 2, frame + ETHER + HEAD, size);
	rte_pktmbuf_free(m);
	return (uint16_t)size;
}

/* ---- discovery -------------------------------------------------------------------------------------------------- */

void
client_dial(struct client *c, struct harness *h, uint8_t last_octet)
{
	uint8_t frame[2048], payload[2048], code, cookie[256];
	uint16_t size, at = 2, cookie_size = 0;

	harness_wait(h, 1); /* the first secret of cookies */
	*c = (struct client){.h = h, .mac = {2, 0, 0, 0, 9, last_octet}};
	send_frame(c, frame, true, 0x8863, 0x09, 0, read_digits(frame + ETHER + HEAD, "0101 0000"));
	size = take_frame(c, 0x8863, &code, payload);
	assert_int_equal(code, 0x07);
	for (; at < 2 + size; at = (uint16_t)(at + 4 + read16(payload + at + 2)))
		if (read16(payload + at) == 0x0104) {
			cookie_size = (uint16_t)(4 + read16(payload + at + 2));
			memcpy(cookie, payload + at, cookie_size);
		}
	assert_int_not_equal(cookie_size, 0);
	size = read_digits(frame + ETHER + HEAD, "0101 0000");
	memcpy(frame + ETHER + HEAD + size, cookie, cookie_size);
	send_frame(c, frame, false, 0x8863, 0x19, 0, (uint16_t)(size + cookie_size));
	take_frame(c, 0x8863, &code, payload);
	assert_int_equal(code, 0x65);
	c->session_id = (uint16_t)read16(payload);
	assert_int_not_equal(c->session_id, 0);
	harness_wait(h, MOMENT_NS); /* what it says is later than its PADR */
}

void
client_padt(struct client *c)
{
	uint8_t frame[2048];

	send_frame(c, frame, false, 0x8863, 0xa7, c->session_id, 0);
}

/* ---- PPP ------------------------------------------------------------------------------------------------------------ */

void
client_say_raw(struct client *c, const char *digits)
{
	uint8_t frame[2048];

	send_frame(c, frame, false, 0x8864, 0, c->session_id,
		   read_digits(frame + ETHER + HEAD, digits));
}

void
client_say(struct client *c, const char *protocol, uint8_t code, uint8_t identifier,
	   const char *digits)
{
	uint8_t frame[2048], *ppp = frame + ETHER + HEAD;
	uint16_t size;

	read_digits(ppp, protocol);
	size = read_digits(ppp + 6, digits);
	ppp[2] = code;
	ppp[3] = identifier;
	write16(ppp + 4, size + 4u);
	send_frame(c, frame, false, 0x8864, 0, c->session_id, (uint16_t)(size + 6));
}

void
client_hears(struct client *c, const char *protocol, uint8_t code)
{
	uint8_t payload[2048], expected[2], pppoe;
	uint16_t size = take_frame(c, 0x8864, &pppoe, payload);
	const uint8_t *ppp = payload + 2;

	read_digits(expected, protocol);
	if (read16(ppp) != read16(expected) || ppp[2] != code)
		fail_msg("%04x %u, not %s %u", read16(ppp), ppp[2], protocol, code);
	assert_int_equal(read16(ppp + 4), size - 2);
	c->identifier = ppp[3];
	c->data[0] = '\0';
	for (uint16_t i = 6; i < size; i++)
		sprintf(c->data + (size_t)(2 * (i - 6)), "%02x", ppp[i]);
}

void
client_hears_data(struct client *c, const char *protocol, uint8_t code, const char *digits)
{
	client_hears(c, protocol, code);
	assert_string_equal(c->data, digits);
}

void
client_hears_padt(struct client *c)
{
	uint8_t payload[2048], code;

	take_frame(c, 0x8863, &code, payload);
	assert_int_equal(code, 0xa7);
}

void
client_hears_nothing(struct client *c)
{
	harness_nothing_left(c->h);
}

/* ---- an ordinary log-in ---------------------------------------------------------------------------------------------- */

void
client_lcp_up(struct client *c)
{
	client_hears(c, LCP, 1);
	client_say(c, LCP, 2, c->identifier, c->data);
	client_say(c, LCP, 1, 1, "0104 05d4 0506 0a0b0c0d");
	client_hears_data(c, LCP, 2, "010405d405060a0b0c0d");
}

void
client_ipcp_up(struct client *c)
{
	client_hears(c, IPCP, 1);
	client_say(c, IPCP, 2, c->identifier, c->data);
	client_say(c, IPCP, 1, 1, "0306 00000000");
	client_hears(c, IPCP, 3);
	client_say(c, IPCP, 1, 2, c->data);
	client_hears(c, IPCP, 2);
}

void
client_ipv6cp_up(struct client *c)
{
	client_hears_data(c, IPV6CP, 1, "010a0000000000000001");
	client_say(c, IPV6CP, 2, c->identifier, c->data);
	client_say(c, IPV6CP, 1, 1, "010a 0102030405060708");
	client_hears(c, IPV6CP, 2);
}

void
client_comes_up(struct client *c, struct harness *h, uint8_t last_octet)
{
	client_dial(c, h, last_octet);
	client_lcp_up(c);
	client_ipcp_up(c);
	client_hears_nothing(c);
}

void
client_pap(struct client *c, uint8_t identifier)
{
	client_say(c, PAP, 1, identifier, "05 616c696365 06 736563726574");
}

void
client_dropped(struct client *c, unsigned int counter, const char *digits)
{
	struct harness_before before = harness_before(c->h, counter);

	client_say_raw(c, digits);
	harness_was_refused(c->h, &before);
}

/* ---- looking in ------------------------------------------------------------------------------------------------------- */

uint32_t
client_slot(const struct client *c)
{
	return pppoe_session_by_id(&c->h->pppoe->sessions, c->session_id);
}

bool
client_has_session(const struct client *c)
{
	return client_slot(c) != NF_NO_SLOT;
}

const struct pppoe_session *
client_session(const struct client *c)
{
	assert_true(client_has_session(c));
	return pppoe_session_at(&c->h->pppoe->sessions, client_slot(c));
}

/* ---- who decides ---------------------------------------------------------------------------------------------------------- */

struct pppoe_ask
client_asked(const struct client *c, enum pppoe_ask_kind kind)
{
	struct pppoe_ask ask;

	assert_true(pppoe_ask_take(c->h->pppoe->asks[0], &ask));
	assert_int_equal(ask.kind, kind);
	assert_int_equal(ask.session_id, c->session_id);
	return ask;
}

void
client_asked_nothing(const struct client *c)
{
	struct pppoe_ask ask;

	assert_false(pppoe_ask_take(c->h->pppoe->asks[0], &ask));
}

void
client_fill_ring(struct client *c)
{
	while (pppoe_ask_begin(c->h->pppoe->asks[0]) != NULL)
		pppoe_ask_commit(c->h->pppoe->asks[0]);
}

void
client_empty_ring(struct client *c)
{
	struct pppoe_ask ask;

	while (pppoe_ask_take(c->h->pppoe->asks[0], &ask))
		;
}

void
client_answer(struct client *c, const struct pppoe_answer *answer)
{
	pppoe_control_answer(&c->h->workers[0], answer);
	harness_deliver(c->h);
}

void
client_decide(struct client *c, const struct pppoe_ask *ask, enum pppoe_verdict verdict)
{
	client_answer(c, &(struct pppoe_answer){
				 .slot = ask->slot,
				 .session_id = ask->session_id,
				 .identifier = ask->identifier,
				 .verdict = (uint8_t)verdict,
				 .accounting_id = ask->accounting_id,
				 .message = "hello",
			 });
}

/* ---- time ------------------------------------------------------------------------------------------------------------------ */

void
client_moment(struct client *c)
{
	harness_wait(c->h, HARNESS_TICK + 1);
}

void
client_wait(struct client *c, uint32_t seconds)
{
	for (uint32_t i = 0; i < 8 * seconds; i++)
		harness_wait(c->h, HARNESS_SECOND / 8);
	client_moment(c);
}
