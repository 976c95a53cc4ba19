/* SPDX-License-Identifier: Apache-2.0 */
/* The PCP server, by requests as packets and by rows from another instance. Each test names what
 * kills it. */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "nf_moves_test.h"

#define SYN 0x02
#define SYNACK 0x12
#define FINACK 0x11
#define CLIENT_PORT 40000
#define PER_SUBSCRIBER 4

static struct harness h, target;

static void
configure(struct nat_config *config)
{
	harness_defaults(config);
	config->pcp = (struct nat_pcp_config){.enabled = true,
					      .min_lifetime = 120,
					      .max_lifetime = 7200,
					      .mappings = 16,
					      .mappings_per_subscriber = PER_SUBSCRIBER};
	config->peers = 1024;
	config->peers_per_mapping = 1;
}

static int
open_server(void **state)
{
	struct nat_config config;

	(void)state;
	configure(&config);
	harness_open(&h, &config, true);
	harness_wait(&h, 1);
	return 0;
}

static int
open_blocks(void **state)
{
	struct nat_config config;

	(void)state;
	configure(&config);
	config.ports_per_block = 4;
	config.max_blocks_per_subscriber = 1;
	harness_open(&h, &config, true);
	return 0;
}

static int
open_two_workers(void **state)
{
	struct nat_config config;

	(void)state;
	configure(&config);
	config.n_workers = 2;
	harness_open(&h, &config, true);
	harness_wait(&h, 1);
	return 0;
}

static int
open_filtering(void **state)
{
	struct nat_config config;

	(void)state;
	configure(&config);
	config.filtering = NAT_FILTERING_ADDRESS_AND_PORT;
	harness_open(&h, &config, true);
	return 0;
}

static int
open_static(void **state)
{
	struct nat_config config;

	(void)state;
	configure(&config);
	config.statics[0] = (struct nat_static){
		.inside_address = rte_cpu_to_be_32(SUBSCRIBER),
		.inside_port = RTE_BE16(80),
		.outside_address = RTE_BE32(IP(198, 51, 100, 1)),
		.outside_port = RTE_BE16(0x4407),
		.protocol = IPPROTO_UDP,
	};
	config.n_statics = 1;
	harness_open(&h, &config, true);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	harness_check(&h);
	harness_close(&h);
	return 0;
}

/* ---- messages ----------------------------------------------------------------------------------- */

/* A request in words, and what of a response matters. */
struct message {
	uint32_t from;
	uint8_t opcode;
	uint8_t nonce;
	uint8_t protocol;
	uint16_t port;
	uint16_t external_port;
	uint32_t external_address;
	uint32_t lifetime;
	bool prefer_failure;
	uint8_t result;
	uint32_t epoch;
};

static void
put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint16_t
encode(const struct message *r, uint8_t bytes[64])
{
	memset(bytes, 0, 64);
	bytes[0] = 2;
	bytes[1] = r->opcode;
	put32(bytes + 4, r->lifetime);
	bytes[18] = bytes[19] = 0xff;
	put32(bytes + 20, r->from);
	if (r->opcode == NAT_PCP_ANNOUNCE)
		return 24;
	memset(bytes + 24, r->nonce, NAT_PCP_NONCE_SIZE);
	bytes[36] = r->protocol;
	put32(bytes + 40, (uint32_t)r->port << 16 | r->external_port);
	bytes[54] = bytes[55] = 0xff;
	put32(bytes + 56, r->external_address);
	bytes[60] = 2; /* PREFER_FAILURE */
	return r->prefer_failure ? 64 : 60;
}

static struct harness_packet
to_server(uint32_t from)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = IPPROTO_UDP,
				       .src = from,
				       .src_port = CLIENT_PORT,
				       .dst = IP(100, 64, 0, 1),
				       .dst_port = NAT_PCP_PORT};
}

static struct message
ask_at(struct harness *at, const struct message *request)
{
	struct harness_packet p = to_server(request->from), back;
	struct message answer = *request;
	const uint8_t *payload;
	struct rte_mbuf *m;
	uint8_t bytes[64];
	uint16_t size = encode(request, bytes);

	harness_send(at, NAT_INSIDE, harness_build_udp(at, &p, bytes, size), 0);
	m = harness_take(at, NAT_INSIDE);
	assert_non_null(m);
	back = harness_parse(m);
	assert_int_not_equal(back.id, 0);
	assert_int_equal(back.src, IP(100, 64, 0, 1));
	assert_int_equal(back.dst, request->from);
	assert_int_equal(back.src_port, NAT_PCP_PORT);
	assert_int_equal(back.dst_port, CLIENT_PORT);
	payload = rte_pktmbuf_mtod_offset(m, uint8_t *, 42);
	assert_int_equal(payload[0], 2);
	assert_int_equal(payload[1], 0x80 | request->opcode);
	assert_int_equal(rte_pktmbuf_data_len(m) % 4, 42 % 4);
	answer.result = payload[3];
	answer.lifetime = get32(payload + 4);
	answer.epoch = get32(payload + 8);
	if (request->opcode == NAT_PCP_MAP) {
		answer.external_port = (uint16_t)get32(payload + 40);
		answer.external_address = get32(payload + 56);
	}
	rte_pktmbuf_free(m);
	assert_null(harness_take(at, NAT_INSIDE));
	assert_null(harness_take(at, NAT_OUTSIDE));
	return answer;
}

static struct message
ask(const struct message *request)
{
	return ask_at(&h, request);
}

static struct message
map_request(uint8_t protocol, uint16_t port)
{
	return (struct message){.from = SUBSCRIBER,
				.opcode = NAT_PCP_MAP,
				.nonce = 1,
				.protocol = protocol,
				.port = port,
				.lifetime = 3600};
}

static void
refused(const struct message *request, enum nat_pcp_result result)
{
	uint64_t before = harness_counter(&h, NAT_pcp_refused);

	assert_int_equal(ask(request).result, result);
	assert_int_equal(harness_counter(&h, NAT_pcp_refused), before + 1);
}

static struct message
granted(const struct message *request)
{
	struct message answer = ask(request);

	assert_int_equal(answer.result, NAT_PCP_SUCCESS);
	return answer;
}

/* From anywhere outside to what was granted. */
static struct harness_packet
to_mapping(const struct message *granted_one)
{
	return (struct harness_packet){.side = NAT_OUTSIDE,
				       .protocol = granted_one->protocol,
				       .src = SERVER,
				       .src_port = 1234,
				       .dst = granted_one->external_address,
				       .dst_port = granted_one->external_port,
				       .tcp_flags = SYN,
				       .payload = 9};
}

static struct harness_packet
from_inside(uint8_t protocol, uint16_t port)
{
	return (struct harness_packet){.side = NAT_INSIDE,
				       .protocol = protocol,
				       .src = SUBSCRIBER,
				       .src_port = port,
				       .dst = SERVER,
				       .dst_port = 1234,
				       .tcp_flags = SYN};
}

/* Time for the timers to come round by themselves. */
static void
timers_pass(void)
{
	for (int ms = 0; ms < 5000; ms++)
		harness_wait(&h, HARNESS_SECOND / 1000);
}

/* ---- MAP ------------------------------------------------------------------------------------------ */

/* Killed by: no mapping, one of another bucket, or another one than the answer says. */
static void
map_lets_the_world_in(void **state)
{
	const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct message request = map_request(protocols[i], 5000),
			       answer = granted(&request);
		struct harness_packet p, got;

		assert_int_equal(answer.lifetime, 3600);
		assert_int_equal(answer.external_port & 0xff, SUBSCRIBER & 0xff);
		assert_int_equal(answer.external_address & ~1u, IP(198, 51, 100, 0));
		p = to_mapping(&answer);
		got = harness_pass(&h, &p, NAT_INSIDE);
		assert_int_equal(got.dst, SUBSCRIBER);
		assert_int_equal(got.dst_port, 5000);
	}
	assert_int_equal(harness_counter(&h, NAT_pcp_granted), 2);
}

/* Killed by: leaving out the question on either way. */
static void
static_mappings_are_the_operators(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 80);

	(void)state;
	refused(&request, NAT_PCP_NOT_AUTHORIZED);
	request.lifetime = 0;
	refused(&request, NAT_PCP_NOT_AUTHORIZED);
	assert_int_equal(harness_n_sessions(&h), 1);
	request.lifetime = 3600;
	request.protocol = IPPROTO_TCP;
	granted(&request);
}

/* Killed by: a second external port for an inside port that has one. */
static void
map_keeps_a_mapping_that_is_there(void **state)
{
	struct harness_packet p = from_inside(IPPROTO_UDP, 5000), out;
	struct message request = map_request(IPPROTO_UDP, 5000), answer;

	(void)state;
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	request.external_port = (uint16_t)(out.src_port ^ 0x100);
	answer = granted(&request);
	assert_int_equal(answer.external_port, out.src_port);
	assert_int_equal(answer.external_address, out.src);
	assert_int_equal(harness_n_sessions(&h), 1);
}

/* Killed by: bounds that do not bind. */
static void
lifetimes_are_bounded(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000);

	(void)state;
	request.lifetime = 1;
	assert_int_equal(granted(&request).lifetime, 120);
	request.lifetime = UINT32_MAX;
	assert_int_equal(granted(&request).lifetime, 7200);
}

/* Killed by: expiring what was asked for by the packets it has, keeping it when its time is over, or
 * a refresh that prolongs nothing. */
static void
mapping_lives_as_long_as_asked_for(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000), answer = granted(&request);
	struct harness_packet p = to_mapping(&answer);

	(void)state;
	harness_wait(&h, 3599 * HARNESS_SECOND);
	harness_sweep(&h);
	assert_int_equal(harness_n_sessions(&h), 1);
	assert_int_equal(granted(&request).external_port, answer.external_port);
	harness_wait(&h, 3599 * HARNESS_SECOND);
	harness_sweep(&h);
	assert_int_equal(harness_n_sessions(&h), 1);
	h.nat->config.inbound_refresh = false;
	harness_pass(&h, &p, NAT_INSIDE);
	harness_wait(&h, HARNESS_SECOND);
	harness_sweep(&h);
	assert_int_equal(harness_n_sessions(&h), 0);
	harness_dropped(&h, &p, NAT_drop_no_mapping);
}

/* A short refresh also shortens. Killed by: a deadline that stays where the long one put it. */
static void
refresh_may_shorten(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000);
	struct harness_packet p = from_inside(IPPROTO_UDP, 5000);

	(void)state;
	request.lifetime = 7200;
	granted(&request);
	harness_pass(&h, &p, NAT_OUTSIDE);
	harness_wait(&h, 400 * HARNESS_SECOND);
	harness_sweep(&h);
	request.lifetime = 120;
	granted(&request);
	harness_wait(&h, 120 * HARNESS_SECOND);
	timers_pass();
	assert_int_equal(harness_n_sessions(&h), 0);
}

/* A connection outlives what was asked for. Killed by: taking the time that was asked for where the
 * other is longer. */
static void
live_connection_outlives_the_request(void **state)
{
	struct message request = map_request(IPPROTO_TCP, 80), answer = granted(&request);
	struct harness_packet in = to_mapping(&answer), out = from_inside(IPPROTO_TCP, 80);

	(void)state;
	harness_pass(&h, &in, NAT_INSIDE);
	out.tcp_flags = SYNACK;
	harness_pass(&h, &out, NAT_OUTSIDE);
	in.tcp_flags = 0x10;
	harness_pass(&h, &in, NAT_INSIDE);
	harness_wait(&h, 250 * HARNESS_SECOND);
	harness_sweep(&h);
	h.now_ns += 3350 * HARNESS_SECOND; /* the mapping is looked at before the request */
	h.nf[0].now_ns = h.now_ns;
	harness_sweep(&h);
	timers_pass();
	assert_int_equal(harness_n_sessions(&h), 1);
	assert_int_equal(h.workers[0].pcp->share.n_free, 16);
}

/* Killed by: closing what the subscriber uses, or keeping what it does not. */
static void
delete_ends_what_was_asked_for(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000),
		       used = map_request(IPPROTO_UDP, 5001);
	struct harness_packet p = from_inside(IPPROTO_UDP, 5001), out;

	(void)state;
	granted(&request);
	granted(&used);
	harness_wait(&h, 400 * HARNESS_SECOND);
	harness_sweep(&h);
	out = harness_pass(&h, &p, NAT_OUTSIDE);
	request.lifetime = used.lifetime = 0;
	assert_int_equal(granted(&request).lifetime, 0);
	assert_int_equal(harness_n_sessions(&h), 1);
	granted(&used);
	assert_int_equal(harness_n_sessions(&h), 1);
	assert_int_equal(harness_pass(&h, &p, NAT_OUTSIDE).src_port, out.src_port);
	harness_wait(&h, 301 * HARNESS_SECOND);
	harness_sweep(&h);
	assert_int_equal(harness_n_sessions(&h), 0);
	granted(&request); /* of nothing */
}

static void
delete_takes_all_of_a_subscriber(void **state)
{
	struct message request, other = map_request(IPPROTO_UDP, 5000);

	(void)state;
	other.from = SUBSCRIBER + 256;
	granted(&other);
	for (uint16_t port = 1; port <= 3; port++) {
		request = map_request(port == 3 ? IPPROTO_TCP : IPPROTO_UDP, port);
		granted(&request);
	}
	request = map_request(IPPROTO_UDP, 4);
	request.nonce = 9;
	granted(&request);
	request = map_request(IPPROTO_UDP, 0);
	request.lifetime = 0;
	granted(&request); /* UDP, nonce 1 */
	assert_null(harness_session(&h, SUBSCRIBER, 1, IPPROTO_UDP));
	assert_null(harness_session(&h, SUBSCRIBER, 2, IPPROTO_UDP));
	assert_non_null(harness_session(&h, SUBSCRIBER, 3, IPPROTO_TCP));
	assert_non_null(harness_session(&h, SUBSCRIBER, 4, IPPROTO_UDP));
	request.protocol = 0;
	granted(&request);
	assert_null(harness_session(&h, SUBSCRIBER, 3, IPPROTO_TCP));
	assert_int_equal(harness_n_sessions(&h), 2);
}

/* RFC 6887 section 11.3. Killed by: not comparing the nonce, or keeping it when its mapping is over. */
static void
nonce_protects_a_mapping(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000), answer;

	(void)state;
	granted(&request);
	harness_wait(&h, 600 * HARNESS_SECOND);
	request.nonce = 2;
	answer = ask(&request);
	assert_int_equal(answer.result, NAT_PCP_NOT_AUTHORIZED);
	assert_int_equal(answer.lifetime, 3000);
	request.lifetime = 0;
	refused(&request, NAT_PCP_NOT_AUTHORIZED);
	assert_int_equal(harness_n_sessions(&h), 1);
	h.now_ns += 3000 * HARNESS_SECOND; /* over, but no timer came by */
	h.nf[0].now_ns = h.now_ns;
	request.lifetime = 600;
	granted(&request);
}

/* RFC 6887 section 15.1, erratum 3621. Killed by: an answer to a deletion that tells an endpoint of its own. */
static void
delete_repeats_what_was_suggested(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000), answer;

	(void)state;
	granted(&request);
	request.lifetime = 0;
	request.external_port = 4711;
	request.external_address = IP(9, 8, 7, 6);
	for (int i = 0; i < 3; i++) { /* of what is there, of what is gone, of all */
		answer = granted(&request);
		assert_int_equal(answer.external_port, 4711);
		assert_int_equal(answer.external_address, IP(9, 8, 7, 6));
		assert_int_equal(answer.lifetime, 0);
		request.port = i == 0 ? 5000 : 0;
	}
}

/* Killed by: leaving a mapping behind that nobody wanted so, or calling a hint a condition. */
static void
prefer_failure_makes_the_hint_a_condition(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000), answer;

	(void)state;
	request.external_port = 80; /* below the range, not of the bucket */
	request.prefer_failure = true;
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	assert_int_equal(harness_n_sessions(&h), 0);
	request.prefer_failure = false;
	answer = granted(&request);
	request.external_port = answer.external_port;
	request.external_address = answer.external_address;
	request.prefer_failure = true;
	granted(&request);
	request.external_address ^= 1;
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	assert_int_equal(harness_n_sessions(&h), 1);
}

/* A free port of the subscriber's bucket and address is given as suggested. Killed by: ignoring what is
 * suggested, or giving what is another one's, out of the range, of another bucket or address. */
static void
suggestions_are_followed_where_they_can_be(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000), first, answer;

	(void)state;
	request.external_port = (uint16_t)(0x5000 | (SUBSCRIBER & 0xff));
	request.external_address = IP(198, 51, 100, 1);
	request.prefer_failure = true;
	first = granted(&request);
	assert_int_equal(first.external_port, request.external_port);
	assert_int_equal(first.external_address, request.external_address);
	request.port = 5001; /* the port is taken */
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	request.external_port++; /* of another bucket */
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	request.external_port = (uint16_t)(0x0300 | (SUBSCRIBER & 0xff)); /* below the range */
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	request.external_port = (uint16_t)(0x5100 | (SUBSCRIBER & 0xff));
	request.external_address = IP(198, 51, 100, 0); /* not the subscriber's */
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	request.external_address = IP(192, 0, 2, 1); /* nobody's */
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	request.external_address = 0;
	answer = granted(&request);
	assert_int_equal(answer.external_port, request.external_port);
	assert_int_equal(answer.external_address, first.external_address);
}

static void
suggestions_keep_to_blocks(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000);
	uint16_t block = (uint16_t)(0x5000 | (SUBSCRIBER & 0xff) << 2); /* four ports */

	(void)state;
	request.external_address = IP(198, 51, 100, 1);
	request.prefer_failure = true;
	request.external_port = block;
	granted(&request);
	request.from += 256; /* another subscriber of the bucket */
	request.external_port = (uint16_t)(block + 1);
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	request.external_port = (uint16_t)(block + 0x400);
	granted(&request);
	request.port++;
	request.external_port = (uint16_t)(block + 1); /* still the other's */
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	/* No second block for it. */
	request.external_port = (uint16_t)(block + 0x800);
	refused(&request, NAT_PCP_CANNOT_PROVIDE_EXTERNAL);
	request.external_port = (uint16_t)(block + 0x401);
	granted(&request);
	/* What was refused was not made and taken back: no port rests. */
	harness_wait(&h, 0);
	assert_int_equal(harness_counter(&h, NAT_mapping_created), 3);
	assert_int_equal(h.workers[0].sessions->rests->share.n_free,
			 h.workers[0].sessions->rests->share.n_slots);
}

/* Killed by: a quota that is not counted by subscriber, or a full table that is written to. */
static void
room_is_bounded(void **state)
{
	struct message request;

	(void)state;
	for (uint32_t s = 0; s < 4; s++)
		for (uint16_t port = 1; port <= PER_SUBSCRIBER + 1; port++) {
			request = map_request(IPPROTO_UDP, port);
			request.from = SUBSCRIBER + s * 256;
			if (port <= PER_SUBSCRIBER)
				granted(&request);
			else
				refused(&request, NAT_PCP_USER_EX_QUOTA);
		}
	request.from = SUBSCRIBER + 4 * 256;
	refused(&request, NAT_PCP_NO_RESOURCES);
	assert_int_equal(harness_n_sessions(&h), 16);
	/* Refreshing needs no room. */
	request = map_request(IPPROTO_UDP, 1);
	granted(&request);
	h.nat->sessions.max_per_subscriber = PER_SUBSCRIBER;
	request.lifetime = 0;
	granted(&request);
	request = map_request(IPPROTO_UDP, 1);
	granted(&request);
}

static void
what_a_nat_cannot_do_is_refused(void **state)
{
	struct message request = map_request(IPPROTO_ICMP, 5000);

	(void)state;
	refused(&request, NAT_PCP_UNSUPP_PROTOCOL);
	request.protocol = 0;
	refused(&request, NAT_PCP_UNSUPP_PROTOCOL);
	request = map_request(IPPROTO_UDP, 0);
	refused(&request, NAT_PCP_NOT_AUTHORIZED);
	request = map_request(IPPROTO_UDP, 1);
	request.opcode = 2;
	refused(&request, NAT_PCP_UNSUPP_OPCODE);
	assert_int_equal(harness_n_sessions(&h), 0);
}

/* A server behind the NAT: connections come and go on one mapping. Killed by: a mapping without a TCP
 * state, or one that ends with its first connection. */
static void
tcp_servers_are_served(void **state)
{
	struct message request = map_request(IPPROTO_TCP, 80), answer = granted(&request);
	struct harness_packet in = to_mapping(&answer), out = from_inside(IPPROTO_TCP, 80);

	(void)state;
	for (uint16_t port = 2000; port < 2003; port++) {
		in.src_port = out.dst_port = port;
		in.tcp_flags = SYN;
		harness_pass(&h, &in, NAT_INSIDE);
		out.tcp_flags = SYNACK;
		harness_pass(&h, &out, NAT_OUTSIDE);
		in.tcp_flags = 0x10;
		harness_pass(&h, &in, NAT_INSIDE);
		assert_int_equal(harness_session(&h, SUBSCRIBER, 80, IPPROTO_TCP)->tcp_state,
				 NF_TCP_ESTABLISHED);
		in.tcp_flags = out.tcp_flags = FINACK;
		harness_pass(&h, &in, NAT_INSIDE);
		harness_pass(&h, &out, NAT_OUTSIDE);
		assert_int_equal(harness_session(&h, SUBSCRIBER, 80, IPPROTO_TCP)->tcp_state,
				 NF_TCP_CLOSED);
		harness_wait(&h, 600 * HARNESS_SECOND);
		harness_sweep(&h);
	}
	assert_int_equal(harness_n_sessions(&h), 1);
}

/* Killed by: filtering what was asked for, peers that a server's clients use up, or a door that stays open. */
static void
filters_do_not_apply_meanwhile(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000), answer = granted(&request);
	struct harness_packet in = to_mapping(&answer), out = from_inside(IPPROTO_UDP, 5000);

	(void)state;
	for (uint16_t port = 1; port <= 3; port++) {
		in.src_port = out.dst_port = port;
		harness_pass(&h, &in, NAT_INSIDE);
		harness_pass(&h, &out, NAT_OUTSIDE);
	}
	request.lifetime = 0;
	granted(&request);
	harness_dropped(&h, &in, NAT_drop_filtered);
	harness_pass(&h, &out, NAT_OUTSIDE);
	harness_pass(&h, &in, NAT_INSIDE);
}

/* A mapping that an operator clears is not asked for any more. Killed by: leaving the slot. */
static void
cleared_mapping_is_forgotten(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000);

	(void)state;
	granted(&request);
	nat_mapping_remove(h.workers[0].sessions, 0);
	assert_int_equal(h.workers[0].pcp->share.n_free, 16);
	request.nonce = 7;
	granted(&request);
}

/* ---- packets ------------------------------------------------------------------------------------------ */

static void
unanswered(struct rte_mbuf *m, uint8_t side, unsigned int counter)
{
	uint64_t before = harness_counter(&h, counter);

	harness_send(&h, side, m, 0);
	assert_int_equal(harness_counter(&h, counter), before + 1);
	assert_null(harness_take(&h, NAT_INSIDE));
	assert_null(harness_take(&h, NAT_OUTSIDE));
}

/* Killed by: answering the outside, a stranger's address, or a packet that was damaged. */
static void
only_good_requests_from_inside_are_answered(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000);
	struct harness_packet p = to_server(SUBSCRIBER);
	uint8_t bytes[64];
	uint16_t size = encode(&request, bytes);
	struct rte_mbuf *m;

	(void)state;
	m = harness_build_udp(&h, &p, bytes, size);
	rte_pktmbuf_mtod(m, uint8_t *)[80] ^= 1;
	unanswered(m, NAT_INSIDE, NAT_drop_pcp);
	p.dst = IP(203, 0, 113, 1);
	unanswered(harness_build_udp(&h, &p, bytes, size), NAT_INSIDE, NAT_drop_own_address);
	p.dst = IP(100, 64, 0, 1);
	p.dst_port = NAT_PCP_PORT + 1;
	unanswered(harness_build_udp(&h, &p, bytes, size), NAT_INSIDE, NAT_drop_own_address);
	p.dst_port = NAT_PCP_PORT;
	p.side = NAT_OUTSIDE;
	unanswered(harness_build_udp(&h, &p, bytes, size), NAT_OUTSIDE, NAT_drop_own_address);
	p.side = NAT_INSIDE;
	p.src = SERVER;
	unanswered(harness_build_udp(&h, &p, bytes, size), NAT_INSIDE, NAT_drop_spoofed);
	p.src = SUBSCRIBER;
	bytes[1] |= 0x80;
	unanswered(harness_build_udp(&h, &p, bytes, size), NAT_INSIDE, NAT_drop_pcp);
	bytes[1] &= 0x7f;
	h.nat->config.pcp.enabled = false;
	unanswered(harness_build_udp(&h, &p, bytes, size), NAT_INSIDE, NAT_drop_own_address);
	h.nat->config.pcp.enabled = true;
	p.no_checksum = true;
	harness_send(&h, NAT_INSIDE, harness_build_udp(&h, &p, bytes, size), 0);
	assert_int_equal(harness_counter(&h, NAT_pcp_granted), 1);
	rte_pktmbuf_free(harness_take(&h, NAT_INSIDE));
}

/* The sizes at both ends: two bytes of NAT-PMP, and more than a message may have. */
static void
short_and_long_requests_get_an_error(void **state)
{
	struct harness_packet p = to_server(SUBSCRIBER);
	static uint8_t bytes[1300];
	struct rte_mbuf *m;

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	harness_send(&h, NAT_INSIDE, harness_build_udp(&h, &p, bytes, 2), 0);
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	harness_parse(m);
	assert_int_equal(rte_pktmbuf_data_len(m), 42 + NAT_PCP_HEADER_SIZE);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[45], NAT_PCP_UNSUPP_VERSION);
	rte_pktmbuf_free(m);
	bytes[0] = 2;
	harness_send(&h, NAT_INSIDE, harness_build_udp(&h, &p, bytes, sizeof(bytes)), 0);
	m = harness_take(&h, NAT_INSIDE);
	assert_non_null(m);
	harness_parse(m);
	assert_int_equal(rte_pktmbuf_data_len(m), 42 + NAT_PCP_MAX_SIZE);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[45], NAT_PCP_MALFORMED_REQUEST);
	rte_pktmbuf_free(m);
	unanswered(harness_build_udp(&h, &p, bytes, 1), NAT_INSIDE, NAT_drop_pcp);
}

/* Killed by: the request's worker in place of the subscriber's, whose tables are its own. */
static void
requests_go_to_the_worker_of_the_subscriber(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct message request = map_request(IPPROTO_UDP, 5000), answer;
		struct harness_packet p;

		request.from = SUBSCRIBER + i;
		answer = granted(&request);
		p = to_mapping(&answer);
		assert_int_equal(harness_pass(&h, &p, NAT_INSIDE).dst, request.from);
	}
	assert_int_equal(h.workers[0].pcp->share.n_free, 6);
	assert_int_equal(h.workers[1].pcp->share.n_free, 6);
}

/* ---- the epoch, and moves ---------------------------------------------------------------------------- */

static void
open_target_with_rows(bool active)
{
	struct nat_config config;
	struct harness_move mv;

	configure(&config);
	config.n_workers = 3;
	config.pcp.mappings = 48;
	harness_open(&target, &config, active);
	harness_wait(&target, h.now_ns - target.now_ns);
	/* A standby has no epoch of its own: it would not be empty. */
	assert_true(harness_is_used(target.nat->pcp.epoch_table, 0) == active);
	harness_move_begin(&mv, &h, &target, 0);
	harness_copy_table(&mv, h.nat->pcp.shares.table->index);
	harness_copy_table(&mv, h.nat->sessions.shares.table->index);
	harness_copy_table(&mv, h.nat->pcp.epoch_table->index);
}

/* Killed by: an epoch that stands still, or that begins anew at the target. */
static void
epoch_goes_on_in_a_move(void **state)
{
	struct message announce = {.from = SUBSCRIBER, .opcode = NAT_PCP_ANNOUNCE};

	(void)state;
	assert_int_equal(granted(&announce).epoch, 0);
	harness_wait(&h, 500 * HARNESS_SECOND);
	announce.from++;
	assert_int_equal(granted(&announce).epoch, 500);
	open_target_with_rows(false);
	harness_wait(&target, 7 * HARNESS_SECOND);
	assert_int_equal(ask_at(&target, &announce).epoch, 507);
	harness_close(&target);
}

/* Killed by: a row that is not found by its mapping or not counted for its subscriber, a nonce left behind. */
static void
what_was_asked_for_moves(void **state)
{
	struct message request, answer = {0};
	struct harness_packet p;

	(void)state;
	for (uint16_t port = 1; port <= PER_SUBSCRIBER; port++) {
		request = map_request(IPPROTO_UDP, port);
		answer = granted(&request);
	}
	harness_wait(&h, 1000 * HARNESS_SECOND);
	open_target_with_rows(true);
	p = to_mapping(&answer);
	harness_sweep(&target);
	assert_int_equal(harness_n_sessions(&target), PER_SUBSCRIBER);
	harness_pass(&target, &p, NAT_INSIDE);
	request.nonce = 2;
	answer = ask_at(&target, &request);
	assert_int_equal(answer.result, NAT_PCP_NOT_AUTHORIZED);
	assert_int_equal(answer.lifetime, 2600);
	request = map_request(IPPROTO_UDP, 99);
	assert_int_equal(ask_at(&target, &request).result, NAT_PCP_USER_EX_QUOTA);
	harness_wait(&target, 2600 * HARNESS_SECOND);
	harness_sweep(&target);
	assert_int_equal(harness_n_sessions(&target), 0);
	assert_int_equal(ask_at(&target, &request).result, NAT_PCP_SUCCESS);
	harness_close(&target);
}

/* Before it owns the bucket an instance ends nothing. Killed by: not asking for that. */
static void
standby_ends_nothing(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000);

	(void)state;
	granted(&request);
	open_target_with_rows(false);
	harness_wait(&target, 9000 * HARNESS_SECOND);
	for (int ms = 0; ms < 3000; ms++)
		harness_wait(&target, HARNESS_SECOND / 1000);
	harness_sweep(&target);
	assert_int_equal(harness_n_sessions(&target), 1);
	assert_true(harness_is_used(target.nat->pcp.shares.table,
				    target.workers[1].pcp->share.first_slot));
	harness_close(&target);
}

/* The timers alone end what is over, and give its slot back. */
static void
timers_end_what_is_over(void **state)
{
	struct message request = map_request(IPPROTO_UDP, 5000);

	(void)state;
	granted(&request);
	harness_wait(&h, 3600 * HARNESS_SECOND);
	timers_pass();
	assert_int_equal(h.workers[0].pcp->share.n_free, 16);
	assert_int_equal(harness_n_sessions(&h), 0);
}

static void
wrong_rows_are_refused(void **state)
{
	struct slim_worker *w = h.nf[0].agent;
	struct nat_pcp_entry row = {.inside_address = RTE_BE32(SUBSCRIBER),
				    .protocol = IPPROTO_UDP};
	struct nat_pcp_epoch epoch = {.id = 1};

	(void)state;
	assert_int_equal(nat_pcp_ops.acquire(&h.nat->pcp.shares, w, 1, &row), SLIM_NO_SLOT);
	assert_int_equal(nat_pcp_epoch_ops.acquire(&h.nat->pcp, w, 0, &epoch), SLIM_NO_SLOT);
	epoch.id = 0;
	assert_int_equal(nat_pcp_epoch_ops.acquire(&h.nat->pcp, w, 1, &epoch), SLIM_NO_SLOT);
	assert_int_equal(nat_pcp_epoch_ops.acquire(&h.nat->pcp, w, 0, &epoch), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_server, close_it)
#define TEST_WITH(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)
	const struct CMUnitTest tests[] = {
		TEST(map_lets_the_world_in),
		TEST(map_keeps_a_mapping_that_is_there),
		TEST_WITH(static_mappings_are_the_operators, open_static),
		TEST(lifetimes_are_bounded),
		TEST(mapping_lives_as_long_as_asked_for),
		TEST(refresh_may_shorten),
		TEST(live_connection_outlives_the_request),
		TEST(delete_ends_what_was_asked_for),
		TEST(delete_takes_all_of_a_subscriber),
		TEST(nonce_protects_a_mapping),
		TEST(delete_repeats_what_was_suggested),
		TEST(prefer_failure_makes_the_hint_a_condition),
		TEST(suggestions_are_followed_where_they_can_be),
		TEST_WITH(suggestions_keep_to_blocks, open_blocks),
		TEST(room_is_bounded),
		TEST(what_a_nat_cannot_do_is_refused),
		TEST(tcp_servers_are_served),
		TEST_WITH(filters_do_not_apply_meanwhile, open_filtering),
		TEST(cleared_mapping_is_forgotten),
		TEST(only_good_requests_from_inside_are_answered),
		TEST(short_and_long_requests_get_an_error),
		TEST_WITH(requests_go_to_the_worker_of_the_subscriber, open_two_workers),
		TEST(epoch_goes_on_in_a_move),
		TEST_WITH(epoch_goes_on_in_a_move, open_two_workers),
		TEST(what_was_asked_for_moves),
		TEST(standby_ends_nothing),
		TEST(timers_end_what_is_over),
		TEST(wrong_rows_are_refused),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
