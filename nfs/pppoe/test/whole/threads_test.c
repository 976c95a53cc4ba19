/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The concentrator's workers in threads, saturated (nf_threads_test.h): clients send to servers and to clients of other
 * workers, ask for an echo in their session, and look for concentrators; servers send to clients.
 */
#include "whole_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nf_threads_test.h"

#define N_CLIENTS 64u
#define N_SERVERS 40u /* neighbours in the core, of all workers */
#define ECHO_REQUEST 9

/* What a client is told apart by. The slots themselves are the workers'. */
static struct pppoe_session clients[N_CLIENTS];
static uint32_t slots[N_CLIENTS];

/* No timer of a session runs: a worker whose packets are over goes on in time until the others' are. */
static void
open_with_clients(struct harness *h, uint16_t n_workers)
{
	struct pppoe_config config;

	whole_defaults(&config);
	config.n_workers = n_workers;
	config.lcp.echo_ns = 0;
	config.limits.padi_per_s = 0;
	config.limits.padi_per_s_all = 0;
	config.arp_ns = 3 * HARNESS_SECOND;
	harness_open(h, &config, true);
	for (uint32_t i = 0; i < N_CLIENTS; i++) {
		struct pppoe_session *session;

		slots[i] = harness_add(h, 3, (uint8_t)(1 + i));
		assert_int_not_equal(slots[i], NF_NO_SLOT);
		harness_open_session(h, slots[i]);
		session = pppoe_session_begin(harness_owner(h, slots[i]), slots[i]);
		session->echo_timer = 0;
		pppoe_session_end(harness_owner(h, slots[i]), slots[i]);
		clients[i] = *session;
	}
	harness_wait(h, HARNESS_TICK); /* the secret of cookies is there */
}

/* In place of the UDP of a frame of up(): an Echo-Request of LCP, with no magic number. */
static struct frame
echo(const struct pppoe_session *client)
{
	static const uint8_t request[] = {0xc0, 0x21, ECHO_REQUEST, 1, 0, 8, 0, 0, 0, 0};
	struct frame f = up(client, SERVER);

	f.bytes[18] = 0;
	f.bytes[19] = sizeof(request);
	memcpy(f.bytes + 20, request, sizeof(request));
	f.size = 60;
	return f;
}

static struct rte_mbuf *
receive(struct harness *h, uint8_t side, struct harness_dice *dice)
{
	static const uint8_t any_service[] = {0x01, 0x01, 0, 0};
	const struct pppoe_session *client = &clients[harness_roll(dice, N_CLIENTS)];
	const struct pppoe_session *other = &clients[harness_roll(dice, N_CLIENTS)];
	uint32_t server = IP(203, 0, 113, 10 + harness_roll(dice, N_SERVERS));
	struct frame frame = down(server, client);

	if (side == PPPOE_ACCESS) {
		switch (harness_roll(dice, 8)) {
		case 0:
			frame = up(client, rte_be_to_cpu_32(other->ipv4));
			break;
		case 1:
			frame = echo(client);
			break;
		case 2:
			frame = discovery(&client->mac, 0x09, any_service, sizeof(any_service));
			break;
		default:
			frame = up(client, server);
		}
	}
	return harness_raw(h, frame.bytes, frame.size);
}

/* What the sessions count is what the workers count, and all packets that came. */
static void
check(struct harness *h, uint64_t n_sent)
{
	uint64_t up_packets = 0, down_packets = 0, echoes, padis;

	for (uint32_t i = 0; i < N_CLIENTS; i++) {
		up_packets += harness_session(h, slots[i])->packets_up;
		down_packets += harness_session(h, slots[i])->packets_down;
	}
	echoes = harness_counter(h, PPPOE_control_received);
	padis = harness_counter(h, PPPOE_padi_received);
	assert_int_equal(up_packets,
			 harness_counter(h, PPPOE_uplink) + harness_counter(h, PPPOE_local));
	assert_int_equal(down_packets, harness_counter(h, PPPOE_downlink));
	assert_int_equal(harness_counter(h, PPPOE_uplink) + down_packets + echoes + padis, n_sent);
	assert_int_equal(harness_counter(h, PPPOE_control_sent), echoes);
	assert_int_equal(harness_counter(h, PPPOE_pado_sent), padis);
	assert_true(harness_counter(h, PPPOE_local) > 0 && echoes > 0 && padis > 0);
}

int
main(void)
{
	static const struct harness_load load = {
		.n_bursts = 2000, .open = open_with_clients, .receive = receive, .check = check};

	return harness_threads_main(&load);
}
