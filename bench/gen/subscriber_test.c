/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subscriber, against a concentrator that says what the test wants it to say: lost, repeated and out of order, too.
 * Its frames are octets here, written by hand.
 */
#include "subscriber.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bytes.h"

#define MS UINT64_C(1000000)
#define SECOND (1000u * MS)
#define RESTART (3u * SECOND)
#define MAX_TRIES 4u
#define N_HEARD 64u
#define DISCOVERY 0x8863u
#define SESSION 0x8864u
#define ID 0x1234u /* of the session */
#define COOKIE             \
	"\x01\x04\x00\x06" \
	"cookie"
#define RELAY              \
	"\x01\x10\x00\x05" \
	"relay"
#define HOST_UNIQ "\x01\x03\x00\x08\x00\x00\x00\x07\x00\x00\x00\x01"
#define CHALLENGE \
	"\x10"    \
	"challengechallen"

enum { LCP = 0xc021, PAP = 0xc023, CHAP = 0xc223, IPCP = 0x8021, IPV6CP = 0x8057 };
enum {
	REQUEST = 1,
	ACK,
	NAK,
	REJECT,
	TERMINATE,
	TERMINATE_ACK,
	CODE_REJECT,
	PROTOCOL_REJECT,
	ECHO_REQUEST,
	ECHO_REPLY
};

static const uint8_t me[6] = {2, 0, 0, 0, 5, 7}, ac[6] = {2, 0, 0, 0, 1, 1},
		     other[6] = {2, 0, 0, 0, 1, 9};

struct heard {
	size_t size;
	uint8_t frame[SUBSCRIBER_MAX_FRAME];
};

static struct {
	struct subscriber_group group;
	struct subscriber s;
	uint64_t now_ns;
	uint32_t first, n; /* frames that he has sent and the test has not looked at */
	struct heard heard[N_HEARD];
} w;

static void
note(void *ctx, struct subscriber *s, const uint8_t *frame, size_t size)
{
	(void)ctx;
	assert_ptr_equal(s, &w.s);
	assert_in_range(size, 60, SUBSCRIBER_MAX_FRAME);
	assert_true(w.n < N_HEARD);
	w.heard[w.n].size = size;
	memcpy(w.heard[w.n++].frame, frame, size);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.now_ns = SECOND;
	w.group = (struct subscriber_group){
		.service = "",
		.mru = 1492,
		.restart_ns = RESTART,
		.max_tries = MAX_TRIES,
		.send = note,
		.random = 88172645463325252u,
	};
	w.s = (struct subscriber){
		.group = &w.group, .number = 7, .user = "ann", .password = "secret"};
	memcpy(w.s.line.mac, me, 6);
	return 0;
}

/* ---- what he says ---------------------------------------------------------------------------------------- */

/* His oldest frame, on a line without tags. */
static const uint8_t *
hear(uint16_t ethertype)
{
	const uint8_t *frame = w.heard[w.first].frame;

	assert_true(w.first < w.n);
	w.first++;
	if (w.first == w.n)
		w.first = w.n = 0;
	assert_memory_equal(frame + 6, me, 6);
	assert_int_equal(bytes_get_be16(frame + 12), ethertype);
	return frame + 14;
}

static void
hear_nothing(void)
{
	assert_int_equal(w.first, w.n);
}

/* A packet of his session: behind the protocol field. */
static const uint8_t *
hear_ppp(uint16_t protocol, uint8_t code)
{
	const uint8_t *p = hear(SESSION);

	assert_memory_equal(p - 14, ac, 6);
	assert_int_equal(p[0], 0x11);
	assert_int_equal(p[1], 0);
	assert_int_equal(bytes_get_be16(p + 2), ID);
	assert_int_equal(bytes_get_be16(p + 6), protocol);
	assert_int_equal(p[8], code);
	assert_int_equal(bytes_get_be16(p + 4), 2 + bytes_get_be16(p + 10));
	return p + 8;
}

static void
assert_data(const uint8_t *packet, const void *data, size_t size)
{
	assert_int_equal(bytes_get_be16(packet + 2), 4 + size);
	assert_memory_equal(packet + 4, data, size);
}

static void
hear_padt(void)
{
	const uint8_t *p = hear(DISCOVERY);

	assert_memory_equal(p - 14, ac, 6);
	assert_memory_equal(p, "\x11\xa7\x12\x34\x00\x00", 6);
}

/* ---- what the concentrator says -------------------------------------------------------------------------- */

/* From an exact copy on the heap, so that a sanitizer sees a step beyond the end. */
static bool
say_frame(const uint8_t *from, uint16_t ethertype, const void *data, size_t size)
{
	uint8_t *frame = malloc(14 + size);
	bool taken;

	assert_non_null(frame);
	memcpy(frame, me, 6);
	memcpy(frame + 6, from, 6);
	bytes_put_be16(frame + 12, ethertype);
	memcpy(frame + 14, data, size);
	taken = subscriber_take(&w.s, frame, 14 + size, w.now_ns);
	free(frame);
	return taken;
}

static void
say_discovery(const uint8_t *from, uint8_t code, uint16_t session_id, const char *tags, size_t size)
{
	uint8_t packet[256] = {0x11, code};

	bytes_put_be16(packet + 2, session_id);
	bytes_put_be16(packet + 4, (uint16_t)size);
	memcpy(packet + 6, tags, size);
	assert_true(say_frame(from, DISCOVERY, packet, 6 + size));
}
#define SAY_DISCOVERY(code, session_id, tags) \
	say_discovery(ac, code, session_id, tags, sizeof(tags) - 1)

static void
say_ppp(uint16_t protocol, uint8_t code, uint8_t identifier, const void *data, size_t size)
{
	uint8_t packet[2000] = {0x11, 0};

	bytes_put_be16(packet + 2, ID);
	bytes_put_be16(packet + 4, (uint16_t)(6 + size));
	bytes_put_be16(packet + 6, protocol);
	packet[8] = code;
	packet[9] = identifier;
	bytes_put_be16(packet + 10, (uint16_t)(4 + size));
	memcpy(packet + 12, data, size);
	assert_true(say_frame(ac, SESSION, packet, 12 + size));
}
#define SAY(protocol, code, identifier, data) \
	say_ppp(protocol, code, identifier, data, sizeof(data) - 1)

/* Acknowledges his request, which has just been heard. */
static void
acknowledge(uint16_t protocol, const uint8_t *request)
{
	uint8_t copy[256];
	uint16_t size = (uint16_t)(bytes_get_be16(request + 2) - 4);

	memcpy(copy, request, 4u + size);
	say_ppp(protocol, ACK, copy[1], copy + 4, size);
}

static void
wait(uint64_t ns)
{
	w.now_ns += ns;
	subscriber_tick(&w.s, w.now_ns);
}

/* ---- a log-in, up to each state -------------------------------------------------------------------------- */

#define PADO SAY_DISCOVERY(0x07, 0, HOST_UNIQ COOKIE)
#define PADS SAY_DISCOVERY(0x65, ID, HOST_UNIQ)

static void
to_padr(void)
{
	subscriber_start(&w.s, w.now_ns);
	hear(DISCOVERY);
	PADO;
	hear(DISCOVERY);
}

static void
to_link(void)
{
	to_padr();
	PADS;
	assert_int_equal(w.s.state, SUBSCRIBER_LINK);
}

/* What LCP asks for: nothing, PAP, CHAP. */
#define NO_AUTH "\x05\x06\x00\x00\xbe\xef"
#define WITH_PAP NO_AUTH "\x03\x04\xc0\x23"
#define WITH_CHAP NO_AUTH "\x03\x05\xc2\x23\x05"

static void
negotiate_link(const char *options, size_t size)
{
	acknowledge(LCP, hear_ppp(LCP, REQUEST));
	say_ppp(LCP, REQUEST, 1, options, size);
	assert_data(hear_ppp(LCP, ACK), options, size);
}

static void
to_auth(const char *options, size_t size)
{
	to_link();
	negotiate_link(options, size);
}
#define TO_AUTH(options) to_auth(options, sizeof(options) - 1)

static void
negotiate_network(void)
{
	const uint8_t *request = hear_ppp(IPCP, REQUEST);

	say_ppp(IPCP, NAK, request[1], "\x03\x06\x64\x40\x03\x07", 6);
	acknowledge(IPCP, hear_ppp(IPCP, REQUEST));
	SAY(IPCP, REQUEST, 1, "\x03\x06\x64\x40\x00\x01");
	hear_ppp(IPCP, ACK);
}

static void
to_up(void)
{
	TO_AUTH(NO_AUTH);
	negotiate_network();
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	hear_nothing();
}

static void
assert_counts(uint64_t up, uint64_t failed, uint64_t dropped, uint64_t ended)
{
	assert_int_equal(w.group.counts.up, up);
	assert_int_equal(w.group.counts.failed, failed);
	assert_int_equal(w.group.counts.dropped, dropped);
	assert_int_equal(w.group.counts.ended, ended);
}

static void
assert_stray(uint64_t n)
{
	assert_int_equal(w.group.counts.stray, n);
}

/* ---- discovery ------------------------------------------------------------------------------------------- */

/* RFC 2516 section 5. Killed by: a PADI to one, a Host-Uniq or a cookie that is left out or cut. */
static void
test_he_finds_a_concentrator(void **state)
{
	const uint8_t *p;

	(void)state;
	subscriber_start(&w.s, w.now_ns);
	p = hear(DISCOVERY);
	assert_memory_equal(p - 14, "\xff\xff\xff\xff\xff\xff", 6);
	assert_memory_equal(p, "\x11\x09\x00\x00\x00\x10\x01\x01\x00\x00" HOST_UNIQ, 22);
	SAY_DISCOVERY(0x07, 0, "\x01\x01\x00\x00\x01\x02\x00\x04slim" COOKIE RELAY HOST_UNIQ);
	p = hear(DISCOVERY);
	assert_memory_equal(p - 14, ac, 6);
	assert_memory_equal(p, "\x11\x19\x00\x00\x00\x23\x01\x01\x00\x00" HOST_UNIQ COOKIE RELAY,
			    41);
	PADS;
	assert_int_equal(w.s.session_id, ID);
	assert_int_equal(w.s.state, SUBSCRIBER_LINK);
	hear_ppp(LCP, REQUEST);
	hear_nothing();
	assert_stray(0);
}

/* RFC 2516 sections 5.1 and 8. Killed by: a service that is left out; RFC 4638: no PPP-Max-Payload, or always one. */
static void
test_he_asks_for_a_service_and_long_packets(void **state)
{
	(void)state;
	w.group.service = "gold";
	w.group.mru = 1500;
	subscriber_start(&w.s, w.now_ns);
	assert_memory_equal(hear(DISCOVERY),
			    "\x11\x09\x00\x00\x00\x1a\x01\x01\x00\x04gold" HOST_UNIQ
			    "\x01\x20\x00\x02\x05\xdc",
			    32);
	PADO;
	hear(DISCOVERY);
	PADS;
	assert_memory_equal(hear_ppp(LCP, REQUEST) + 4, "\x01\x04\x05\xdc", 4);
}

/* Killed by: not looking at the Host-Uniq, at the sender of a PADS, at the state. */
static void
test_answers_to_others_are_not_his(void **state)
{
	(void)state;
	subscriber_start(&w.s, w.now_ns);
	hear(DISCOVERY);
	SAY_DISCOVERY(0x07, 0, "\x01\x03\x00\x08\x00\x00\x00\x08\x00\x00\x00\x01" COOKIE);
	SAY_DISCOVERY(0x07, 0, COOKIE);
	PADS;
	hear_nothing();
	PADO;
	hear(DISCOVERY);
	say_discovery(other, 0x65, ID, HOST_UNIQ, sizeof(HOST_UNIQ) - 1);
	SAY_DISCOVERY(0x09, 0, HOST_UNIQ); /* a PADI that comes back */
	SAY_DISCOVERY(0x65, ID, "\x01\x03\x00\x08\x00\x00\x00\x08\x00\x00\x00\x01");
	assert_int_equal(w.s.state, SUBSCRIBER_PADR_SENT);
	assert_stray(6);
}

/* A second offer, with another cookie, changes nothing. Killed by: taking the newest. */
static void
test_the_first_offer_is_taken(void **state)
{
	static const char second[] = HOST_UNIQ "\x01\x04\x00\x02no";

	(void)state;
	to_padr();
	say_discovery(other, 0x07, 0, second, sizeof(second) - 1);
	hear_nothing();
	assert_stray(1);
	wait(RESTART);
	assert_memory_equal(hear(DISCOVERY) + 22, COOKIE, 10);
	assert_memory_equal(w.s.ac_mac, ac, 6);
}

/* Killed by: writing a cookie behind its place. */
static void
test_a_cookie_that_has_no_room_is_no_offer(void **state)
{
	static char tags[sizeof(HOST_UNIQ) - 1 + 4 + SUBSCRIBER_COOKIE + 1] =
		HOST_UNIQ "\x01\x04\x00\x81";

	(void)state;
	subscriber_start(&w.s, w.now_ns);
	hear(DISCOVERY);
	say_discovery(ac, 0x07, 0, tags, sizeof(tags));
	SAY_DISCOVERY(0x07, 0,
		      HOST_UNIQ "\x01\x10\x00\x0d"
				"a long relay ");
	SAY_DISCOVERY(0x07, 0, HOST_UNIQ "\x02\x01\x00\x00"); /* nor is an error */
	hear_nothing();
	assert_stray(3);
}

/* The cookie was wrong, or there is no room: a PADS with an error, or without a session. Killed by: going on. */
static void
test_a_refusal_is_a_failure(void **state)
{
	(void)state;
	to_padr();
	SAY_DISCOVERY(0x65, 0, HOST_UNIQ);
	assert_int_equal(w.s.state, SUBSCRIBER_IDLE);
	assert_counts(0, 1, 0, 0);
	subscriber_start(&w.s, w.now_ns);
	hear(DISCOVERY);
	SAY_DISCOVERY(0x07, 0, "\x01\x03\x00\x08\x00\x00\x00\x07\x00\x00\x00\x02");
	hear(DISCOVERY);
	SAY_DISCOVERY(0x65, ID, "\x01\x03\x00\x08\x00\x00\x00\x07\x00\x00\x00\x02\x02\x02\x00\x00");
	assert_int_equal(w.s.state, SUBSCRIBER_IDLE);
	assert_counts(0, 2, 0, 0);
	hear_nothing();
}

/* RFC 2516 section 8: the time is doubled. Killed by: one that stays, no end, a PADI that differs. */
static void
test_what_is_lost_in_discovery_is_said_again(void **state)
{
	uint8_t first[22];

	(void)state;
	subscriber_start(&w.s, w.now_ns);
	memcpy(first, hear(DISCOVERY), sizeof(first));
	for (unsigned i = 0; i < MAX_TRIES - 1; i++) {
		assert_int_equal(subscriber_due(&w.s), w.now_ns + (RESTART << i));
		wait((RESTART << i) - 1);
		hear_nothing();
		wait(1);
		assert_memory_equal(hear(DISCOVERY), first, sizeof(first));
	}
	wait(RESTART << (MAX_TRIES - 1));
	hear_nothing();
	assert_int_equal(w.s.state, SUBSCRIBER_IDLE);
	assert_int_equal(subscriber_due(&w.s), NEGOTIATION_NEVER);
	assert_counts(0, 1, 0, 0);
}

/* A PADS that is repeated is nothing new; the PADR was said twice. Killed by: beginning LCP again. */
static void
test_a_repeated_pads_changes_nothing(void **state)
{
	(void)state;
	to_padr();
	wait(RESTART);
	hear(DISCOVERY);
	PADS;
	hear_ppp(LCP, REQUEST);
	PADS;
	SAY_DISCOVERY(0x65, ID + 1, HOST_UNIQ);
	hear_nothing();
	assert_int_equal(w.s.session_id, ID);
	assert_stray(2);
}

/* ---- LCP ------------------------------------------------------------------------------------------------- */

/* Killed by: a magic number of zero, options in no order, an answer with another identifier. */
static void
test_lcp_is_negotiated(void **state)
{
	uint8_t request[14];
	const uint8_t *p;

	(void)state;
	to_link();
	p = hear_ppp(LCP, REQUEST);
	memcpy(request, p, sizeof(request));
	assert_int_equal(bytes_get_be16(p + 2), 14);
	assert_memory_equal(p + 4, "\x01\x04\x05\xd4\x05\x06", 6);
	assert_true(bytes_get_be32(p + 10) != 0);
	SAY(LCP, REQUEST, 77, "\x01\x04\x05\xd4" WITH_CHAP);
	acknowledge(LCP, request);
	p = hear_ppp(LCP, ACK);
	assert_int_equal(p[1], 77);
	assert_data(p, "\x01\x04\x05\xd4" WITH_CHAP, 15);
	assert_int_equal(w.s.state, SUBSCRIBER_AUTH);
	assert_int_equal(w.s.lcp.peer_mru, 1492);
	hear_nothing(); /* the challenge is the other end's */
}

/* RFC 1661 section 5.2. Killed by: taking any Ack; its identifier or its options are not looked at. */
static void
test_an_ack_is_of_the_last_request(void **state)
{
	uint8_t request[18], altered[18];

	(void)state;
	to_link();
	memcpy(request, hear_ppp(LCP, REQUEST), 14);
	say_ppp(LCP, ACK, (uint8_t)(request[1] + 1), request + 4, 10);
	say_ppp(LCP, ACK, request[1], request + 4, 4);
	memcpy(altered, request, sizeof(altered));
	altered[7]++;
	say_ppp(LCP, ACK, request[1], altered + 4, 10);
	assert_stray(3);
	assert_false(w.s.lcp.mine);
	say_ppp(LCP, ACK, request[1], request + 4, 10);
	assert_true(w.s.lcp.mine);
	say_ppp(LCP, ACK, request[1], request + 4, 10); /* repeated by the network */
	say_ppp(LCP, NAK, request[1], request + 4, 10);
	assert_stray(5);
	assert_true(w.s.lcp.mine);
}

/* Killed by: taking an MRU above ours, keeping a magic number that was refused. */
static void
test_a_nak_names_another_value(void **state)
{
	const uint8_t *p;
	uint32_t magic;

	(void)state;
	to_link();
	p = hear_ppp(LCP, REQUEST);
	magic = bytes_get_be32(p + 10);
	SAY(LCP, NAK, p[1], "\x01\x04\x05\x00\x05\x06\x00\x00\x00\x01");
	p = hear_ppp(LCP, REQUEST);
	assert_int_equal(bytes_get_be16(p + 6), 0x500);
	assert_true(bytes_get_be32(p + 10) != magic && bytes_get_be32(p + 10) != 1);
	SAY(LCP, NAK, p[1], "\x01\x04\x05\xd4");
	p = hear_ppp(LCP, REQUEST);
	assert_int_equal(bytes_get_be16(p + 6), 0x500);
	SAY(LCP, NAK, p[1], "\x01\x04\x00\x10");
	p = hear_ppp(LCP, REQUEST);
	assert_int_equal(bytes_get_be16(p + 6), 0x500);
	acknowledge(LCP, p);
	assert_true(w.s.lcp.mine);
	assert_stray(0);
}

/* RFC 1661 section 5.4. Killed by: asking again for what was rejected; or for nothing. */
static void
test_what_is_rejected_is_not_asked_again(void **state)
{
	const uint8_t *p;

	(void)state;
	to_link();
	p = hear_ppp(LCP, REQUEST);
	say_ppp(LCP, REJECT, p[1], "\x01\x04\x05\xd4", 4);
	p = hear_ppp(LCP, REQUEST);
	assert_int_equal(bytes_get_be16(p + 2), 10);
	assert_int_equal(p[4], 5);
	say_ppp(LCP, REJECT, p[1], p + 4, 6);
	p = hear_ppp(LCP, REQUEST);
	assert_int_equal(bytes_get_be16(p + 2), 4);
	acknowledge(LCP, p);
	assert_true(w.s.lcp.mine);
}

/* Killed by: no end of rounds. */
static void
test_an_agreement_that_never_comes_is_a_failure(void **state)
{
	(void)state;
	to_link();
	for (unsigned i = 0; i < NEGOTIATION_MAX_ROUNDS; i++)
		SAY(LCP, NAK, hear_ppp(LCP, REQUEST)[1], "\x01\x04\x05\x00");
	hear_padt();
	assert_counts(0, 1, 0, 0);
	hear_nothing();
}

/* RFC 1661 section 5.3 and 5.4: rejects go before Naks; each names what it is about and nothing else. RFC 2516 section
 * 7: no compression of fields. Killed by: acknowledging what we do not know, or answering with all options. */
static void
test_what_he_does_not_want_is_refused(void **state)
{
	(void)state;
	to_link();
	hear_ppp(LCP, REQUEST);
	SAY(LCP, REQUEST, 1, NO_AUTH "\x07\x02\x03\x04\xc2\x27\x08\x02\x04\x04\xc0\x25");
	assert_data(hear_ppp(LCP, REJECT), "\x07\x02\x08\x02\x04\x04\xc0\x25", 8);
	SAY(LCP, REQUEST, 2, NO_AUTH "\x03\x04\xc2\x27"); /* EAP */
	assert_data(hear_ppp(LCP, NAK), "\x03\x05\xc2\x23\x05", 5);
	SAY(LCP, REQUEST, 3, "\x03\x05\xc2\x23\x80"); /* MS-CHAP */
	assert_data(hear_ppp(LCP, NAK), "\x03\x05\xc2\x23\x05", 5);
	SAY(LCP, REQUEST, 4, "\x03\x04\xc2\x23"); /* CHAP, by no algorithm */
	hear_ppp(LCP, NAK);
	SAY(LCP, REQUEST, 4, "\x03\x05\xc0\x23\x05"); /* PAP has none */
	hear_ppp(LCP, NAK);
	assert_false(w.s.lcp.theirs);
	SAY(LCP, REQUEST, 5, "\x05\x06\x00\x00\x00\x00"); /* RFC 1661 section 6.4 */
	assert_int_equal(hear_ppp(LCP, NAK)[4], 5);
	SAY(LCP, REQUEST, 6, WITH_PAP);
	hear_ppp(LCP, ACK);
	SAY(LCP, REQUEST, 6, ""); /* it has thought better of it */
	assert_data(hear_ppp(LCP, ACK), "", 0);
	assert_true(w.s.lcp.theirs);
	assert_int_equal(w.s.lcp.auth, 0);
}

/* Our Ack was lost, so the other end asks again. Killed by: going on without answering. */
static void
test_a_repeated_request_is_answered_again(void **state)
{
	(void)state;
	to_link();
	hear_ppp(LCP, REQUEST);
	for (uint8_t identifier = 1; identifier < 4; identifier++) {
		SAY(LCP, REQUEST, identifier, WITH_PAP);
		assert_int_equal(hear_ppp(LCP, ACK)[1], identifier);
	}
	assert_int_equal(w.s.state, SUBSCRIBER_LINK);
}

/* RFC 1661 section 4.6. Killed by: the same identifier, no end; not asking again in Ack-Rcvd. */
static void
test_a_request_is_said_again(void **state)
{
	const uint8_t *p;
	uint8_t identifier;

	(void)state;
	to_link();
	identifier = hear_ppp(LCP, REQUEST)[1];
	wait(RESTART);
	p = hear_ppp(LCP, REQUEST);
	assert_int_equal(p[1], (uint8_t)(identifier + 1));
	acknowledge(LCP, p);
	wait(RESTART); /* the other end is silent: it has not heard of us */
	p = hear_ppp(LCP, REQUEST);
	assert_false(w.s.lcp.mine);
	wait(RESTART);
	hear_ppp(LCP, REQUEST);
	wait(RESTART);
	hear_padt();
	assert_counts(0, 1, 0, 0);
}

/* RFC 1661 section 6.4. Killed by: taking our own number; going on for ever. */
static void
test_a_loop_is_found(void **state)
{
	(void)state;
	to_link();
	for (unsigned i = 0; i < 4; i++) {
		uint8_t mine[14];

		memcpy(mine, hear_ppp(LCP, REQUEST), sizeof(mine));
		say_ppp(LCP, REQUEST, mine[1], mine + 4, 10);
		if (i == 3)
			break;
		assert_int_equal(hear_ppp(LCP, NAK)[4], 5);
		assert_false(w.s.lcp.theirs);
		wait(RESTART);
	}
	hear_ppp(LCP, NAK);
	hear_padt();
	assert_int_equal(w.group.counts.loops, 4);
	assert_counts(0, 1, 0, 0);
}

/* RFC 1661 section 5.6 and 5.7. Killed by: a reject without the head of what is rejected, or before LCP is up. */
static void
test_what_he_does_not_know_is_rejected(void **state)
{
	const uint8_t *p;
	uint8_t first;

	(void)state;
	to_link();
	hear_ppp(LCP, REQUEST);
	SAY(0x80fd, REQUEST, 9, "\x01\x02"); /* not yet (section 3.4) */
	SAY(LCP, ECHO_REQUEST, 9, "\x00\x00\xbe\xef");
	hear_nothing();
	assert_stray(2);
	SAY(LCP, 99, 5, "what");
	p = hear_ppp(LCP, CODE_REJECT);
	assert_data(p, "\x63\x05\x00\x08what", 8);
	first = p[1];
	set_up(NULL);
	to_up();
	SAY(0x80fd, REQUEST, 9, "\x01\x02");
	p = hear_ppp(LCP, PROTOCOL_REJECT);
	assert_data(p, "\x80\xfd\x01\x09\x00\x06\x01\x02", 8);
	SAY(IPV6CP, REQUEST, 9, "\x01\x0a\x02\x00\x00\xff\xfe\x00\x00\x01"); /* he speaks no IPv6 */
	assert_true(hear_ppp(LCP, PROTOCOL_REJECT)[1] != first);
}

/* RFC 1661 sections 5.6, 5.7, 4.3. Killed by: going on, or ending for what is not needed. */
static void
test_he_cannot_do_without_some(void **state)
{
	(void)state;
	to_up();
	SAY(LCP, CODE_REJECT, 1, "\x09\x01\x00\x08\x00\x00\xbe\xef"); /* echoes */
	SAY(LCP, CODE_REJECT, 2, "");
	SAY(LCP, PROTOCOL_REJECT, 3, "\x80");
	SAY(LCP, PROTOCOL_REJECT, 4, "\x80\xfd\x01\x01\x00\x04");
	assert_stray(4);
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	SAY(LCP, CODE_REJECT, 5, "\x01\x01\x00\x04");
	hear_padt();
	assert_counts(1, 0, 1, 0);
	set_up(NULL);
	TO_AUTH(WITH_PAP);
	hear_ppp(PAP, 1);
	SAY(LCP, PROTOCOL_REJECT, 6, "\xc0\x23\x01\x01\x00\x04");
	hear_padt();
	assert_counts(0, 1, 0, 0);
}

/* ---- authentication -------------------------------------------------------------------------------------- */

/* RFC 1334 section 2. Killed by: an Ack of another request; a request that is not repeated. */
static void
test_pap(void **state)
{
	const uint8_t *p;
	uint8_t identifier;

	(void)state;
	TO_AUTH(WITH_PAP);
	p = hear_ppp(PAP, 1);
	assert_data(p, "\003ann\006secret", 11);
	identifier = p[1];
	SAY(PAP, 2, (uint8_t)(identifier + 1), "\0");
	SAY(PAP, 2, identifier, "\005cut");
	SAY(IPCP, REQUEST, 1, "\x03\x06\x64\x40\x00\x01"); /* RFC 1661 section 3.5 */
	hear_nothing();
	assert_stray(3);
	wait(RESTART);
	assert_int_equal(hear_ppp(PAP, 1)[1], identifier);
	SAY(PAP, 2, identifier, "\005hello");
	assert_int_equal(w.s.state, SUBSCRIBER_NETWORK);
	hear_ppp(IPCP, REQUEST);
	SAY(PAP, 2, identifier, "\005hello");
	hear_nothing();
	SAY(LCP, REQUEST, 2, WITH_PAP); /* all again: that is another request */
	acknowledge(LCP, hear_ppp(LCP, REQUEST));
	hear_ppp(LCP, ACK);
	assert_int_not_equal(hear_ppp(PAP, 1)[1], identifier);
}

/* Killed by: going on, or trying for ever. */
static void
test_a_wrong_password_is_a_failure(void **state)
{
	(void)state;
	TO_AUTH(WITH_PAP);
	SAY(PAP, 3, hear_ppp(PAP, 1)[1], "\002no");
	hear_padt();
	assert_counts(0, 1, 0, 0);
	assert_int_equal(w.s.state, SUBSCRIBER_IDLE);
}

#define FIRST_DIGEST "\x10\x3f\x4f\xd6\x64\xc4\xfa\xec\xcb\xca\xdb\x7c\x1f\xb2\xea\x08\x96"
#define SECOND_DIGEST "\x10\x1b\x87\x95\x7d\x86\xc9\x11\x69\xb7\x9c\xf4\x38\x57\x68\xce\xc5"

/* RFC 1994 section 4.1; the digests were made with Python's hashlib. Killed by: another identifier in the digest, a response
 * that is said once only, one that is said before there is a challenge. */
static void
test_chap(void **state)
{
	const uint8_t *p;
	uint8_t response[17];

	(void)state;
	TO_AUTH(WITH_CHAP);
	wait(RESTART);
	hear_nothing();
	SAY(CHAP, 3, 0, "not yet");
	assert_stray(1);
	SAY(CHAP, 1, 0x2a, CHALLENGE "slim");
	p = hear_ppp(CHAP, 2);
	assert_int_equal(p[1], 0x2a);
	assert_data(p, FIRST_DIGEST "ann", 20);
	memcpy(response, p + 4, sizeof(response));
	wait(RESTART);
	assert_memory_equal(hear_ppp(CHAP, 2) + 4, response, sizeof(response));
	SAY(CHAP, 1, 0x2b,
	    "\x07"
	    "another");
	assert_data(hear_ppp(CHAP, 2), SECOND_DIGEST "ann", 20);
	SAY(CHAP, 3, 0x2a, "late");
	assert_int_equal(w.s.state, SUBSCRIBER_AUTH);
	SAY(CHAP, 3, 0x2b, "");
	assert_int_equal(w.s.state, SUBSCRIBER_NETWORK);
	hear_ppp(IPCP, REQUEST);
	assert_stray(2);
}

/* RFC 1994 section 2: at any time again. Killed by: no answer when he is up; a session that begins anew. */
static void
test_chap_again(void **state)
{
	(void)state;
	TO_AUTH(WITH_CHAP);
	SAY(CHAP, 1, 1, CHALLENGE);
	hear_ppp(CHAP, 2);
	SAY(CHAP, 3, 1, "");
	negotiate_network();
	SAY(CHAP, 1, 0x2a, CHALLENGE);
	assert_data(hear_ppp(CHAP, 2), FIRST_DIGEST "ann", 20);
	SAY(CHAP, 3, 0x2a, "");
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	hear_nothing();
	SAY(CHAP, 1, 0x2b, CHALLENGE);
	hear_ppp(CHAP, 2);
	SAY(CHAP, 4, 0x2b, "no");
	hear_padt();
	assert_counts(1, 0, 1, 0);
}

/* Killed by: a Success that is remembered from before. */
static void
test_an_old_success_is_not_enough(void **state)
{
	(void)state;
	TO_AUTH(WITH_CHAP);
	SAY(CHAP, 1, 1, CHALLENGE);
	hear_ppp(CHAP, 2);
	SAY(LCP, REQUEST, 2, WITH_CHAP);
	acknowledge(LCP, hear_ppp(LCP, REQUEST));
	hear_ppp(LCP, ACK);
	SAY(CHAP, 3, 1, "");
	assert_int_equal(w.s.state, SUBSCRIBER_AUTH);
	assert_stray(1);
}

/* Killed by: waiting for ever for a challenge. */
static void
test_a_challenge_that_never_comes_is_a_failure(void **state)
{
	(void)state;
	TO_AUTH(WITH_CHAP);
	for (unsigned i = 0; i < MAX_TRIES; i++)
		wait(RESTART);
	hear_padt();
	assert_counts(0, 1, 0, 0);
}

/* ---- IPCP, IPV6CP ---------------------------------------------------------------------------------------- */

/* RFC 1332 section 3.3. Killed by: asking for no address, not taking the Nak's, another octet order. */
static void
test_he_gets_an_address(void **state)
{
	const uint8_t *p;

	(void)state;
	w.group.dns = true;
	TO_AUTH(NO_AUTH);
	p = hear_ppp(IPCP, REQUEST);
	assert_data(p, "\x03\x06\0\0\0\0\x81\x06\0\0\0\0\x83\x06\0\0\0\0", 18);
	SAY(IPCP, NAK, p[1], "\x03\x06\x64\x40\x03\x07\x81\x06\xc0\x00\x02\x35");
	p = hear_ppp(IPCP, REQUEST);
	assert_data(p, "\x03\x06\x64\x40\x03\x07\x81\x06\xc0\x00\x02\x35\x83\x06\0\0\0\0", 18);
	SAY(IPCP, REJECT, p[1], "\x83\x06\0\0\0\0");
	acknowledge(IPCP, hear_ppp(IPCP, REQUEST));
	assert_int_equal(w.s.state, SUBSCRIBER_NETWORK);
	assert_int_equal(w.s.ipv4, 0);
	SAY(IPCP, REQUEST, 1, "\x02\x06\x00\x2d\x0f\x01\x03\x06\x64\x40\x00\x01");
	assert_data(hear_ppp(IPCP, REJECT), "\x02\x06\x00\x2d\x0f\x01", 6);
	SAY(IPCP, REQUEST, 2, "\x03\x06\x00\x00\x00\x00"); /* he has none to give */
	hear_ppp(IPCP, REJECT);
	SAY(IPCP, REQUEST, 2, "\x03\x06\x64\x40\x00\x01");
	hear_ppp(IPCP, ACK);
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	assert_true(w.s.ipv4 == 0x64400307);
	assert_counts(1, 0, 0, 0);
	assert_stray(0);
}

/* Killed by: being up with no address. */
static void
test_no_address_is_a_failure(void **state)
{
	(void)state;
	TO_AUTH(NO_AUTH);
	acknowledge(IPCP, hear_ppp(IPCP, REQUEST));
	hear_padt();
	set_up(NULL);
	TO_AUTH(NO_AUTH);
	SAY(IPCP, REJECT, hear_ppp(IPCP, REQUEST)[1], "\x03\x06\0\0\0\0");
	hear_padt();
	set_up(NULL);
	TO_AUTH(NO_AUTH);
	hear_ppp(IPCP, REQUEST);
	SAY(LCP, PROTOCOL_REJECT, 1, "\x80\x21\x01\x01\x00\x04");
	hear_padt();
	assert_counts(0, 1, 0, 0);
}

/* RFC 5072 section 4.1: the identifier is made of the MAC address. */
static void
to_up_with_ipv6(uint8_t *ret_identifier)
{
	const uint8_t *request;

	w.group.ipv6 = true;
	TO_AUTH(NO_AUTH);
	request = hear_ppp(IPCP, REQUEST);
	SAY(IPCP, NAK, request[1], "\x03\x06\x64\x40\x03\x07");
	request = hear_ppp(IPV6CP, REQUEST);
	assert_data(request, "\x01\x0a\x00\x00\x00\xff\xfe\x00\x05\x07", 10);
	*ret_identifier = request[1];
	acknowledge(IPCP, hear_ppp(IPCP, REQUEST));
	SAY(IPCP, REQUEST, 1, "\x03\x06\x64\x40\x00\x01");
	hear_ppp(IPCP, ACK);
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
}

/* Killed by: IPv6 that is there before both ends agree, or a session that ends with it. */
static void
test_ipv6_is_beside_ipv4(void **state)
{
	uint8_t identifier;

	(void)state;
	to_up_with_ipv6(&identifier);
	SAY(IPV6CP, ACK, identifier, "\x01\x0a\x00\x00\x00\xff\xfe\x00\x05\x07");
	assert_false(subscriber_has_ipv6(&w.s));
	SAY(IPV6CP, REQUEST, 1, "\x01\x0a\x00\x00\x00\xff\xfe\x00\x05\x07"); /* ours */
	hear_ppp(IPV6CP, REJECT);
	SAY(IPV6CP, REQUEST, 2, "\x01\x0a\x02\x00\x00\xff\xfe\x00\x00\x01");
	hear_ppp(IPV6CP, ACK);
	assert_true(subscriber_has_ipv6(&w.s));
	SAY(IPV6CP, REQUEST, 2,
	    "\x01\x0a\x02\x00\x00\xff\xfe\x00\x00\x01"); /* anew, without IPv4 */
	acknowledge(IPV6CP, hear_ppp(IPV6CP, REQUEST));
	hear_ppp(IPV6CP, ACK);
	assert_true(subscriber_has_ipv6(&w.s));
	assert_int_equal(w.group.counts.renegotiated, 0);
	SAY(IPV6CP, TERMINATE, 3, "");
	hear_ppp(IPV6CP, TERMINATE_ACK);
	assert_false(subscriber_has_ipv6(&w.s));
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	set_up(NULL);
	to_up_with_ipv6(&identifier);
	SAY(LCP, PROTOCOL_REJECT, 1, "\x80\x57\x01\x01\x00\x0e");
	wait(RESTART);
	hear_nothing();
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	assert_counts(1, 0, 0, 0);
	set_up(NULL);
	to_up_with_ipv6(&identifier); /* nobody answers */
	for (unsigned i = 1; i < MAX_TRIES; i++) {
		wait(RESTART);
		hear_ppp(IPV6CP, REQUEST);
	}
	wait(RESTART);
	hear_nothing();
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	assert_int_equal(subscriber_due(&w.s), NEGOTIATION_NEVER);
}

/* ---- a session that is up -------------------------------------------------------------------------------- */

/* RFC 1661 section 5.8. Killed by: the other end's number in the reply, data that is lost. */
static void
test_echoes_are_answered(void **state)
{
	uint32_t magic;
	const uint8_t *p;

	(void)state;
	to_up();
	magic = bytes_get_be32(negotiation_term(&w.s.lcp, 5)->value);
	SAY(LCP, ECHO_REQUEST, 33,
	    "\x00\x00\xbe\xef"
	    "data");
	p = hear_ppp(LCP, ECHO_REPLY);
	assert_int_equal(p[1], 33);
	assert_int_equal(bytes_get_be16(p + 2), 12);
	assert_true(bytes_get_be32(p + 4) == magic);
	assert_memory_equal(p + 8, "data", 4);
	SAY(LCP, ECHO_REQUEST, 34, "cut");
	hear_nothing();
	assert_stray(1);
	say_ppp(LCP, ECHO_REQUEST, 35, negotiation_term(&w.s.lcp, 5)->value, 4);
	hear_nothing();
	assert_int_equal(w.group.counts.loops, 1);
}

/* Killed by: no echoes, one that counts as answered by another's reply, or is not counted. */
static void
test_a_dead_concentrator_is_found(void **state)
{
	uint8_t identifier = 0;

	(void)state;
	w.group.echo_ns = 10 * SECOND;
	w.group.max_echoes = 3;
	to_up();
	for (unsigned i = 0; i < 5; i++) {
		wait(10 * SECOND);
		identifier = hear_ppp(LCP, ECHO_REQUEST)[1];
		SAY(LCP, ECHO_REPLY, identifier, "\x00\x00\xbe\xef");
		SAY(LCP, ECHO_REPLY, identifier, "\x00\x00\xbe\xef"); /* twice: nobody asked */
	}
	assert_stray(5);
	for (unsigned i = 0; i < 3; i++) {
		wait(10 * SECOND);
		hear_ppp(LCP, ECHO_REQUEST);
		SAY(LCP, ECHO_REPLY, identifier, "\x00\x00\xbe\xef"); /* an old one */
	}
	wait(10 * SECOND);
	hear_padt();
	assert_counts(1, 0, 1, 0);
	assert_int_equal(w.group.counts.dropped_silence, 1);
	set_up(NULL);
	w.group.echo_ns = 10 * SECOND;
	w.group.max_echoes = 1;
	to_up();
	wait(10 * SECOND);
	hear_ppp(LCP, ECHO_REQUEST);
	SAY(IPCP, REQUEST, 52, "\x03\x06\x64\x40\x00\x01"); /* negotiated anew: it lives */
	acknowledge(IPCP, hear_ppp(IPCP, REQUEST));
	hear_ppp(IPCP, ACK);
	wait(10 * SECOND);
	hear_ppp(LCP, ECHO_REQUEST);
}

/* Killed by: counting it as ended, or by another reason; taking one of another session, or of another machine. */
static void
test_a_padt_drops_the_session(void **state)
{
	(void)state;
	to_up();
	SAY_DISCOVERY(0xa7, ID + 1, "");
	say_discovery(other, 0xa7, ID, "", 0);
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	assert_stray(2);
	SAY_DISCOVERY(0xa7, ID, "");
	assert_int_equal(w.s.state, SUBSCRIBER_IDLE);
	assert_int_equal(w.s.ipv4, 0);
	hear_nothing();
	assert_counts(1, 0, 1, 0);
	assert_int_equal(w.group.counts.dropped_padt, 1);
	SAY_DISCOVERY(0xa7, 0, "");
	assert_counts(1, 0, 1, 0);
}

/* RFC 1661 section 5.5. Killed by: no Ack; a session that goes on. */
static void
test_a_terminate_request_drops_the_session(void **state)
{
	(void)state;
	to_up();
	SAY(LCP, TERMINATE, 12, "bye");
	assert_int_equal(hear_ppp(LCP, TERMINATE_ACK)[1], 12);
	hear_padt();
	assert_counts(1, 0, 1, 0);
	assert_int_equal(w.group.counts.dropped_terminate, 1);
	set_up(NULL);
	to_up();
	SAY(IPCP, TERMINATE, 12, "");
	hear_ppp(IPCP, TERMINATE_ACK);
	hear_padt();
	assert_int_equal(w.group.counts.dropped_terminate, 1);
}

/* Killed by: counting it as dropped, no PADT, taking the Ack of another request, going back to work. */
static void
test_he_logs_out(void **state)
{
	uint8_t identifier;

	(void)state;
	to_up();
	SAY(LCP, TERMINATE_ACK, w.s.identifier, ""); /* nobody asked */
	assert_stray(1);
	subscriber_stop(&w.s, w.now_ns);
	identifier = hear_ppp(LCP, TERMINATE)[1];
	assert_int_equal(w.s.state, SUBSCRIBER_ENDING);
	SAY(LCP, TERMINATE_ACK, (uint8_t)(identifier + 1), "");
	SAY(LCP, REQUEST, 9, NO_AUTH);
	SAY(IPCP, REQUEST, 9, "\x03\x06\x64\x40\x00\x01");
	SAY(0x80fd, REQUEST, 9, "\x01\x02");
	subscriber_stop(&w.s, w.now_ns);
	hear_nothing();
	assert_int_equal(w.s.state, SUBSCRIBER_ENDING);
	SAY(LCP, TERMINATE, 9, ""); /* both at once */
	hear_ppp(LCP, TERMINATE_ACK);
	assert_int_equal(w.s.state, SUBSCRIBER_ENDING);
	SAY(LCP, TERMINATE_ACK, identifier, "");
	hear_padt();
	assert_int_equal(w.s.state, SUBSCRIBER_IDLE);
	assert_counts(1, 0, 0, 1);
	assert_stray(2);
}

/* Killed by: no end of requests; a PADT that counts as dropped. */
static void
test_a_log_out_ends_in_any_case(void **state)
{
	(void)state;
	to_up();
	subscriber_stop(&w.s, w.now_ns);
	hear_ppp(LCP, TERMINATE);
	wait(RESTART);
	hear_ppp(LCP, TERMINATE);
	wait(RESTART);
	hear_padt();
	assert_counts(1, 0, 0, 1);
	set_up(NULL);
	to_up();
	subscriber_stop(&w.s, w.now_ns);
	hear_ppp(LCP, TERMINATE);
	SAY_DISCOVERY(0xa7, ID, "");
	hear_nothing();
	assert_counts(1, 0, 0, 1);
}

/* Killed by: a PADT without a session, or none where there is one. */
static void
test_a_log_in_is_broken_off(void **state)
{
	(void)state;
	subscriber_stop(&w.s, w.now_ns);
	assert_counts(0, 0, 0, 0);
	to_padr();
	subscriber_stop(&w.s, w.now_ns);
	hear_nothing();
	assert_counts(0, 0, 0, 1);
	set_up(NULL);
	to_link();
	hear_ppp(LCP, REQUEST);
	subscriber_stop(&w.s, w.now_ns);
	hear_padt();
	assert_counts(0, 0, 0, 1);
	assert_int_equal(w.s.state, SUBSCRIBER_IDLE);
}

/* RFC 1661 section 4.1, RCR in Opened. Killed by: staying up, counting a second log-in, forgetting his address. */
static void
test_a_session_is_negotiated_anew(void **state)
{
	(void)state;
	to_up();
	SAY(LCP, REQUEST, 50, NO_AUTH);
	assert_int_equal(w.s.state, SUBSCRIBER_LINK);
	assert_int_equal(w.s.ipv4, 0);
	acknowledge(LCP, hear_ppp(LCP, REQUEST));
	hear_ppp(LCP, ACK);
	acknowledge(IPCP, hear_ppp(IPCP, REQUEST)); /* the address that he had */
	SAY(IPCP, REQUEST, 51, "\x03\x06\x64\x40\x00\x01");
	hear_ppp(IPCP, ACK);
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	assert_true(w.s.ipv4 == 0x64400307);
	SAY(IPCP, REQUEST, 52, "\x03\x06\x64\x40\x00\x01");
	assert_int_equal(w.s.state, SUBSCRIBER_NETWORK);
	acknowledge(IPCP, hear_ppp(IPCP, REQUEST));
	hear_ppp(IPCP, ACK);
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	assert_int_equal(w.group.counts.renegotiated, 2);
	assert_counts(1, 0, 0, 0);
	for (unsigned i = 0; i < 6; i++) {
		if (i == 0)
			SAY(LCP, REQUEST, 53, WITH_PAP);
		wait(RESTART);
	}
	assert_counts(1, 0, 1, 0); /* it was up once */
}

/* He logs in again under another Host-Uniq. Killed by: what is left over of the session before. */
static void
test_he_comes_again(void **state)
{
	(void)state;
	to_up();
	subscriber_start(&w.s, w.now_ns);
	hear_nothing();
	SAY_DISCOVERY(0xa7, ID, "");
	subscriber_start(&w.s, w.now_ns);
	assert_memory_equal(hear(DISCOVERY) + 10,
			    "\x01\x03\x00\x08\x00\x00\x00\x07\x00\x00\x00\x02", 12);
	PADO; /* of the first log-in: late */
	hear_nothing();
	SAY_DISCOVERY(0x07, 0, "\x01\x03\x00\x08\x00\x00\x00\x07\x00\x00\x00\x02");
	assert_memory_equal(hear(DISCOVERY), "\x11\x19\x00\x00\x00\x10", 6); /* no cookie */
	SAY_DISCOVERY(0x65, ID, "\x01\x03\x00\x08\x00\x00\x00\x07\x00\x00\x00\x02");
	negotiate_link(NO_AUTH, sizeof(NO_AUTH) - 1);
	assert_data(hear_ppp(IPCP, REQUEST), "\x03\x06\0\0\0\0", 6);
	SAY_DISCOVERY(0xa7, ID, "");
	assert_int_equal(w.group.counts.begun, 2);
	assert_counts(1, 1, 1, 0); /* the second one never was up */
}

/* ---- frames ---------------------------------------------------------------------------------------------- */

static const uint8_t ip_packet[] = {0x45, 0,  0,  24, 1,  2,  3,  4,  5,  6,  7,  8,
				    9,    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};

/* Killed by: a length without the protocol, padding that is taken for data, data of a session that is not up. */
static void
test_data_is_wrapped_and_unwrapped(void **state)
{
	uint8_t frame[80] = {0};
	size_t front, size = 0;

	(void)state;
	to_up();
	front = subscriber_front(&w.s);
	assert_int_equal(front, 22);
	memcpy(frame + front, ip_packet, sizeof(ip_packet));
	assert_int_equal(subscriber_wrap(&w.s, frame, sizeof(ip_packet)),
			 front + sizeof(ip_packet));
	assert_memory_equal(frame, ac, 6);
	assert_memory_equal(frame + 6, me, 6);
	assert_memory_equal(frame + 12, "\x88\x64\x11\x00\x12\x34\x00\x1a\x00\x21\x45", 11);
	frame[front] = 0x60;
	subscriber_wrap(&w.s, frame, sizeof(ip_packet));
	assert_memory_equal(frame + 20, "\x00\x57\x60", 3);
	assert_null(subscriber_unwrap(&w.s, frame, sizeof(frame),
				      &size)); /* it is to the concentrator */
	memcpy(frame, me, 6);
	memcpy(frame + 6, ac, 6);
	assert_false(subscriber_take(&w.s, frame, sizeof(frame), w.now_ns));
	assert_ptr_equal(subscriber_unwrap(&w.s, frame, sizeof(frame), &size), frame + front);
	assert_int_equal(size, sizeof(ip_packet));
	frame[21] = 0x21;
	assert_non_null(subscriber_unwrap(&w.s, frame, sizeof(frame), &size));
	frame[17]++; /* another session */
	assert_null(subscriber_unwrap(&w.s, frame, sizeof(frame), &size));
	assert_true(subscriber_take(&w.s, frame, sizeof(frame), w.now_ns));
	assert_stray(1);
	frame[17]--;
	frame[11]++; /* another machine */
	assert_null(subscriber_unwrap(&w.s, frame, sizeof(frame), &size));
	frame[11]--;
	frame[5]++; /* another subscriber */
	assert_null(subscriber_unwrap(&w.s, frame, sizeof(frame), &size));
	frame[5]--;
	frame[15]++; /* no data, by the code of PPPoE */
	assert_null(subscriber_unwrap(&w.s, frame, sizeof(frame), &size));
	frame[15]--;
	assert_non_null(subscriber_unwrap(&w.s, frame, sizeof(frame), &size));
	subscriber_stop(&w.s, w.now_ns);
	assert_null(subscriber_unwrap(&w.s, frame, sizeof(frame), &size));
	assert_false(subscriber_take(&w.s, frame, sizeof(frame), w.now_ns));
}

/* IEEE 802.1Q. Killed by: tags that change places, a priority that makes a frame another's, a frame of another VLAN. */
static void
test_a_line_has_tags(void **state)
{
	static const char head[] = "\x02\x00\x00\x00\x05\x07\x02\x00\x00\x00\x01\x01\x88\xa8\x60"
				   "\x64\x81\x00\x20\x07\x88\x63";
	static const char pado[] = "\x11\x07\x00\x00\x00\x0c" HOST_UNIQ;
	uint8_t frame[64];
	size_t size = sizeof(head) - 1 + sizeof(pado) - 1;

	(void)state;
	w.s.line.outer_type = 0x88a8;
	w.s.line.outer = 100;
	w.s.line.inner = 7;
	subscriber_start(&w.s, w.now_ns);
	assert_memory_equal(w.heard[0].frame + 12,
			    "\x88\xa8\x00\x64\x81\x00\x00\x07\x88\x63\x11\x09", 12);
	assert_int_equal(subscriber_front(&w.s), 30);
	memcpy(frame, head, sizeof(head) - 1);
	memcpy(frame + sizeof(head) - 1, pado, sizeof(pado) - 1);
	for (unsigned at = 12; at < 20; at++) {
		if (at == 14 || at == 18)
			continue; /* priorities */
		frame[at] ^= 1;
		subscriber_take(&w.s, frame, size, w.now_ns);
		assert_int_equal(w.s.state, SUBSCRIBER_PADI_SENT);
		frame[at] ^= 1;
	}
	subscriber_take(&w.s, frame, size, w.now_ns);
	assert_int_equal(w.s.state, SUBSCRIBER_PADR_SENT);
}

/* Cut anywhere, the frames of a log-in do no harm and are strays. Killed by: with AddressSanitizer, any length that is not
 * looked at. */
static void
test_what_is_cut_is_stray(void **state)
{
	static const struct {
		uint16_t ethertype;
		const char *data;
		size_t size;
	} frames[] = {
#define FRAME(ethertype, data) {ethertype, data, sizeof(data) - 1}
		FRAME(DISCOVERY, "\x11\x07\x00\x00\x00\x16" HOST_UNIQ COOKIE),
		FRAME(DISCOVERY, "\x11\xa7\x12\x34\x00\x00"),
		FRAME(SESSION, "\x11\x00\x12\x34\x00\x13\xc0\x21\x01\x01\x00\x11"
			       "\x01\x04\x05\xd4" WITH_PAP "\x00\x00\x00\x00"),
		FRAME(SESSION, "\x11\x00\x12\x34\x00\x0a\xc0\x21\x09\x01\x00\x08\x00\x00\xbe\xef"),
		FRAME(SESSION,
		      "\x11\x00\x12\x34\x00\x0c\x80\x21\x01\x01\x00\x0a\x03\x06\x64\x40\x00\x01"),
		FRAME(SESSION, "\x11\x00\x12\x34\x00\x06\xc0\x21\x05\x01\x00\x04"),
#undef FRAME
	};
	uint64_t n = 0;

	(void)state;
	to_up();
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		for (size_t size = 0; size + 4 < frames[i].size; size++) {
			assert_true(say_frame(ac, frames[i].ethertype, frames[i].data, size));
			assert_stray(++n);
		}
	say_frame(ac, SESSION, "\x11\x00\x12\x34\x00\x01\xc0", 7); /* half a protocol */
	assert_stray(++n);
	for (size_t size = 1; size < 14; size++) {
		uint8_t *frame = malloc(size);

		assert_non_null(frame);
		memcpy(frame, "\x02\x00\x00\x00\x05\x07\x02\x00\x00\x00\x01\x01\x88", size);
		assert_true(subscriber_take(&w.s, frame, size, w.now_ns));
		assert_stray(++n);
		free(frame);
	}
	assert_int_equal(w.s.state, SUBSCRIBER_UP);
	hear_nothing();
}

static void
test_states_have_names(void **state)
{
	(void)state;
	assert_string_equal(subscriber_state_name(SUBSCRIBER_IDLE), "idle");
	assert_string_equal(subscriber_state_name(SUBSCRIBER_ENDING), "ending");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		TEST(test_he_finds_a_concentrator),
		TEST(test_he_asks_for_a_service_and_long_packets),
		TEST(test_answers_to_others_are_not_his),
		TEST(test_the_first_offer_is_taken),
		TEST(test_a_cookie_that_has_no_room_is_no_offer),
		TEST(test_a_refusal_is_a_failure),
		TEST(test_what_is_lost_in_discovery_is_said_again),
		TEST(test_a_repeated_pads_changes_nothing),
		TEST(test_lcp_is_negotiated),
		TEST(test_an_ack_is_of_the_last_request),
		TEST(test_a_nak_names_another_value),
		TEST(test_what_is_rejected_is_not_asked_again),
		TEST(test_an_agreement_that_never_comes_is_a_failure),
		TEST(test_what_he_does_not_want_is_refused),
		TEST(test_a_repeated_request_is_answered_again),
		TEST(test_a_request_is_said_again),
		TEST(test_a_loop_is_found),
		TEST(test_what_he_does_not_know_is_rejected),
		TEST(test_he_cannot_do_without_some),
		TEST(test_pap),
		TEST(test_a_wrong_password_is_a_failure),
		TEST(test_chap),
		TEST(test_chap_again),
		TEST(test_an_old_success_is_not_enough),
		TEST(test_a_challenge_that_never_comes_is_a_failure),
		TEST(test_he_gets_an_address),
		TEST(test_no_address_is_a_failure),
		TEST(test_ipv6_is_beside_ipv4),
		TEST(test_echoes_are_answered),
		TEST(test_a_dead_concentrator_is_found),
		TEST(test_a_padt_drops_the_session),
		TEST(test_a_terminate_request_drops_the_session),
		TEST(test_he_logs_out),
		TEST(test_a_log_out_ends_in_any_case),
		TEST(test_a_log_in_is_broken_off),
		TEST(test_a_session_is_negotiated_anew),
		TEST(test_he_comes_again),
		TEST(test_data_is_wrapped_and_unwrapped),
		TEST(test_a_line_has_tags),
		TEST(test_what_is_cut_is_stray),
		TEST(test_states_have_names),
	};

	return cmocka_run_group_tests_name("gen subscriber", tests, NULL, NULL);
}
