/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way does what the general path does. Two gateways that are alike get the same bursts, in one of them
 * every packet takes the general path; after each burst all that left, every counter and every session
 * are compared. Packets are ordinary ones of several kinds of sessions, and random changes of these: bits
 * of any header, checksums put right behind them or not, frames cut or with something behind them.
 *
 * Killed by: any field that the short way writes otherwise, or leaves out; any check that it leaves out.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define N_BURSTS 3000u
#define N_SESSIONS 8u
#define ETHERNET 14u
#define OUTER 36u /* octets of the headers that have no container behind them */
#define VLAN 100

static struct harness fast, general;
static uint64_t seed;

static const struct nf_ops *
general_ops(void)
{
	static struct nf_ops ops;

	ops = gateway_ops;
	ops.burst = gateway_burst_general;
	return &ops;
}

static uint32_t
below(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(((seed >> 32) * n) >> 32);
}

static bool
one_in(uint32_t n)
{
	return below(n) == 0;
}

/* ---- frames -------------------------------------------------------------------------------- */

struct subscriber {
	const char *words; /* behind TEID and addresses */
	uint32_t cell;
};

/* Nobody has the last one's session. */
static const struct subscriber subscribers[N_SESSIONS] = {
	{"cell 192.0.2.11 cell-teid 0xa001", CELL_1},
	{"cell 192.0.2.11 cell-teid 0xa002 qfi 9", CELL_1},
	{"cell 198.51.100.9 cell-teid 0xa003", IP(198, 51, 100, 9)},
	{"cell 198.51.100.9 cell-teid 0xa004 qfi 63", IP(198, 51, 100, 9)},
	{"cell 192.0.2.12 cell-teid 0xa005 uplink-rate 2000000 uplink-burst 20000 "
	 "downlink-rate 2000000 downlink-burst 20000",
	 CELL_2},
	{"cell 192.0.2.12 cell-teid 0xa006", CELL_2},
	{"", CELL_1}, /* idle */
	{NULL, CELL_2},
};

static uint32_t
teid_of(uint32_t i)
{
	return 0x00010000u | (i + 1);
}

static uint32_t
ipv4_of(uint32_t i)
{
	return IP(100, 64, 3, i + 1);
}

static void
ipv6_of(uint32_t i, uint8_t address[16])
{
	static const uint8_t prefix[16] = {0x20, 1, 0xd, 0xb8, [15] = 9};

	memcpy(address, prefix, 16);
	address[7] = (uint8_t)(i + 1);
}

static uint32_t
random_server(void)
{
	switch (below(12)) {
	case 0:
		return ipv4_of(below(N_SESSIONS));
	case 1:
		return IP(203, 0, 113, below(256));
	case 2:
		return below(UINT32_MAX);
	default:
		return IP(20, 0, below(4), 1);
	}
}

static void
correct(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~ipv4_sum(ip));
}

static struct frame
inner_ipv4(uint32_t i, bool up)
{
	uint32_t server = random_server();
	struct frame f = plain(up ? ipv4_of(i) : server, up ? server : ipv4_of(i),
			       (uint16_t)(one_in(8) ? 1400 + below(120) : below(200)), 1);
	uint8_t *ip = f.bytes + ETHERNET;

	ip[1] = (uint8_t)(one_in(2) ? 0 : below(256));
	ip[6] = one_in(2) ? 0x40 : 0;
	ip[8] = (uint8_t)(one_in(16) ? below(3) : 64);
	put16(ip + 20, (uint16_t)below(UINT16_MAX));
	correct(ip);
	return f;
}

static struct frame
inner_ipv6(uint32_t i, bool up)
{
	struct frame f = plain(SERVER, SERVER,
			       (uint16_t)(one_in(8) ? 1400 + below(120) : 20 + below(200)), 1);
	uint8_t me[16], server[16] = {0x20, 1, 0xd, 0xb8, 0xff, [15] = 1};
	uint8_t *ip = f.bytes + ETHERNET;

	ipv6_of(i, me);
	if (one_in(12))
		ipv6_of(below(N_SESSIONS), server);
	put16(f.bytes + 12, 0x86dd);
	put_ipv6(ip, up ? me : server, up ? server : me, (uint16_t)(f.size - ETHERNET - 40u));
	ip[1] = (uint8_t)(one_in(2) ? 0 : below(256));
	ip[2] = (uint8_t)(one_in(2) ? 0 : below(256));
	ip[7] = (uint8_t)(one_in(16) ? below(3) : 64);
	return f;
}

static struct frame
with_container(const struct frame *inner, uint32_t cell, uint32_t teid)
{
	const uint8_t options[] = {0, 0, 0, 0x85, 1, 0x10, 9, 0};
	uint16_t size = (uint16_t)(inner->size - ETHERNET);
	uint8_t gtpu[FRAME_MAX] = {0x34, 255};

	put16(gtpu + 2, (uint16_t)(8 + size));
	put32(gtpu + 4, teid);
	memcpy(gtpu + 8, options, sizeof(options));
	memcpy(gtpu + 16, inner->bytes + ETHERNET, size);
	return message(cell, 2152, gtpu, (uint16_t)(16 + size));
}

/* Returns the side where it comes in. */
static uint8_t
make_good(struct frame *f)
{
	uint32_t i = below(N_SESSIONS);
	bool up = one_in(2);
	uint32_t cell = one_in(64) ? CELL_2 : subscribers[i].cell;

	*f = one_in(3) ? inner_ipv6(i, up) : inner_ipv4(i, up);
	if (!up)
		return GATEWAY_CORE;
	*f = one_in(2) ? with_container(f, cell, teid_of(i)) : tunnelled(f, cell, teid_of(i));
	if (one_in(4)) {
		f->bytes[ETHERNET + 1] = (uint8_t)below(256);
		correct(f->bytes + ETHERNET);
	}
	return GATEWAY_ACCESS;
}

/* The inner checksum is put right only where an inner header stands in an ordinary packet. */
static void
spoil(struct frame *f, uint8_t side)
{
	uint32_t headers = side == GATEWAY_CORE ? ETHERNET + 44 : ETHERNET + OUTER + 8 + 44;
	uint8_t *inner = f->bytes + ETHERNET;
	bool inner_too = one_in(2);

	for (uint32_t n = 1 + below(2); n != 0; n--)
		f->bytes[below(RTE_MIN(headers, f->size))] ^= (uint8_t)(1u << below(8));
	if (one_in(16))
		put16(f->bytes + 12, one_in(2) ? 0x86dd : 0x0800);
	if (side == GATEWAY_ACCESS)
		inner += OUTER + (f->bytes[ETHERNET + 28] & 4 ? 8 : 0);
	if (one_in(2) && inner_too && inner[0] >> 4 == 4 && (inner[0] & 15) >= 5)
		correct(inner);
	if (one_in(2) && (f->bytes[ETHERNET] & 15) >= 5 && f->bytes[12] == 8)
		correct(f->bytes + ETHERNET);
	if (one_in(8))
		f->size = (uint16_t)below(f->size + 1u);
	else if (one_in(8))
		f->size = (uint16_t)RTE_MIN(f->size + below(40), FRAME_MAX);
}

/* ---- both gateways ----------------------------------------------------------------------------- */

static void
give(struct harness *h, uint8_t side, const struct frame *frames, uint16_t n, uint16_t worker,
     uint16_t headroom)
{
	struct rte_mbuf *pkts[NF_BURST];

	for (uint16_t i = 0; i < n; i++) {
		pkts[i] = rte_pktmbuf_alloc(h->pool);
		assert_non_null(pkts[i]);
		pkts[i]->data_off = headroom;
		memcpy(rte_pktmbuf_append(pkts[i], frames[i].size), frames[i].bytes,
		       frames[i].size);
	}
	h->nf[worker].ops->burst(&h->nf[worker], side, pkts, n);
	harness_settle(h);
}

static const char *
compare_mbufs(const struct rte_mbuf *a, const struct rte_mbuf *b)
{
	if (a->data_len != b->data_len || a->pkt_len != b->pkt_len || a->nb_segs != b->nb_segs)
		return "length";
	if (a->data_off != b->data_off)
		return "place in the buffer";
	return memcmp(rte_pktmbuf_mtod(a, const void *), rte_pktmbuf_mtod(b, const void *),
		      a->data_len) == 0
		       ? NULL
		       : "octets";
}

static struct rte_mbuf *
take(struct harness *h, uint16_t worker, uint8_t side)
{
	struct nf_fifo *fifo = h->nf[worker].tx[side];

	return nf_fifo_count(fifo) == 0 ? NULL : fifo->pkts[fifo->head++ & (NF_FIFO_SIZE - 1)];
}

/* Takes all that left. */
static const char *
compare_sent(uint16_t worker, uint8_t side)
{
	const char *difference = NULL;

	for (;;) {
		struct rte_mbuf *a = take(&fast, worker, side), *b = take(&general, worker, side);

		if (a == NULL && b == NULL)
			return difference;
		if (difference == NULL)
			difference =
				a == NULL || b == NULL ? "number of packets" : compare_mbufs(a, b);
		rte_pktmbuf_free(a);
		rte_pktmbuf_free(b);
	}
}

static const char *
compare_sessions(void)
{
	const struct slim_table *a = fast.gateway->sessions.shares.table;
	const struct slim_table *b = general.gateway->sessions.shares.table;

	for (uint32_t slot = 0; slot < a->capacity; slot++) {
		struct gateway_session left = *(const struct gateway_session *)slim_slot(a, slot);
		struct gateway_session right = *(const struct gateway_session *)slim_slot(b, slot);

		left.cell_way = right.cell_way = 0; /* the short way's own */
		if (memcmp(&left, &right, sizeof(left)) != 0)
			return "session";
	}
	return NULL;
}

/* What differs first; NULL: nothing. */
static const char *
compare(void)
{
	const char *difference = NULL;

	for (uint16_t w = 0; w < fast.config.n_workers; w++) {
		for (uint8_t side = 0; side < GATEWAY_N_SIDES; side++) {
			const char *sent = compare_sent(w, side);

			difference = difference != NULL ? difference : sent;
		}
		if (difference == NULL && memcmp(fast.nf[w].counters, general.nf[w].counters,
						 sizeof(fast.nf[w].counters)) != 0)
			difference = "counters";
	}
	return difference != NULL ? difference : compare_sessions();
}

/* Sends one burst to both. */
static const char *
send_burst(uint32_t spoilt)
{
	static struct frame frames[NF_BURST];
	uint16_t n = (uint16_t)(1 + below(NF_BURST)), given = 0;
	uint8_t side = (uint8_t)below(GATEWAY_N_SIDES);
	uint16_t worker = (uint16_t)below(fast.config.n_workers);
	/* A device begins frames at an even place: behind the Ethernet header all is in words. */
	uint16_t headroom = (uint16_t)(one_in(16) ? 2 * below(32) : RTE_PKTMBUF_HEADROOM);

	while (given < n) {
		if (make_good(&frames[given]) != side)
			continue;
		if (spoilt != 0 && one_in(spoilt))
			spoil(&frames[given], side);
		given++;
	}
	give(&fast, side, frames, n, worker, headroom);
	give(&general, side, frames, n, worker, headroom);
	return compare();
}

/* ---- tests ---------------------------------------------------------------------------------------- */

static void
ask_both(const char *line)
{
	assert_int_equal(harness_ask(&fast, line), harness_ask(&general, line));
}

static void
add_sessions(void)
{
	for (uint32_t i = 0; i < N_SESSIONS; i++) {
		char line[256];

		if (subscribers[i].words == NULL)
			continue;
		snprintf(line, sizeof(line),
			 "session add %u ipv4 100.64.3.%u ipv6 2001:db8:0:%x::/64 %s", teid_of(i),
			 i + 1, i + 1, subscribers[i].words);
		ask_both(line);
		assert_non_null(harness_session(&fast, teid_of(i)));
	}
}

static void
open_one(struct harness *h, const struct gateway_config *config, uint16_t vlan)
{
	harness_open(h, config, true);
	for (uint16_t w = 0; w < config->n_workers; w++)
		h->nf[w].vlans[GATEWAY_ACCESS] = vlan;
	harness_tell_router(h);
}

static void
open_with(const struct gateway_tunnel_config *tunnel, uint16_t n_workers, uint16_t access_mtu)
{
	struct gateway_config config;

	harness_defaults(&config);
	config.capacity = 16;
	config.tunnel = *tunnel;
	config.n_workers = n_workers;
	config.path_switch_by_data = true;
	config.sides[GATEWAY_ACCESS].mtu = access_mtu;
	open_one(&fast, &config, 0);
	open_one(&general, &config, 0);
	for (uint16_t w = 0; w < n_workers; w++)
		general.nf[w].ops = general_ops();
	add_sessions();
	assert_null(compare());
	seed = 1;
}

static int
open_usual(void **state)
{
	(void)state;
	open_with(&(struct gateway_tunnel_config){.ecn = true}, 1, 1500);
	return 0;
}

static int
open_copy(void **state)
{
	(void)state;
	open_with(
		&(struct gateway_tunnel_config){.copy_dscp = true, .ecn = true, .flow_ports = true},
		1, 1600);
	return 0;
}

static int
open_workers(void **state)
{
	(void)state;
	open_with(&(struct gateway_tunnel_config){.dscp = 34}, 3, 1500);
	return 0;
}

static int
close_both(void **state)
{
	(void)state;
	harness_check(&fast);
	harness_check(&general);
	harness_close(&fast);
	harness_close(&general);
	return 0;
}

static void
run(uint32_t spoilt)
{
	for (uint32_t i = 0; i < N_BURSTS; i++) {
		uint64_t ns = below(4) * HARNESS_SECOND / 1000, before = seed;
		const char *difference = send_burst(spoilt);

		if (difference != NULL)
			fail_msg("burst %u (seed %#llx): %s", i, (unsigned long long)before,
				 difference);
		harness_wait(&fast, ns);
		harness_wait(&general, ns);
	}
	assert_true(harness_counter(&fast, GATEWAY_uplink) > N_BURSTS);
	assert_true(harness_counter(&fast, GATEWAY_downlink) > N_BURSTS);
}

static void
ordinary_packets(void **state)
{
	(void)state;
	run(0);
}

static void
changed_packets(void **state)
{
	(void)state;
	run(2);
}

/* A tag on the access side needs its own room. */
static void
with_a_tag(void **state)
{
	(void)state;
	fast.nf[0].vlans[GATEWAY_ACCESS] = VLAN;
	general.nf[0].vlans[GATEWAY_ACCESS] = VLAN;
	run(8);
}

/* Each of these is a difference that nobody but the comparison can see. */
static void
a_planted_difference_is_seen(void **state)
{
	const char *difference = NULL;

	(void)state;
	fast.workers[0].outer.headers.ip.time_to_live--;
	for (uint32_t i = 0; i < N_BURSTS && difference == NULL; i++)
		difference = send_burst(0);
	assert_non_null(difference);
	assert_string_equal(difference, "octets");
}

#define TEST(f, open) cmocka_unit_test_setup_teardown(f, open, close_both)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ordinary_packets, open_usual),
		TEST(ordinary_packets, open_copy),
		TEST(ordinary_packets, open_workers),
		TEST(changed_packets, open_usual),
		TEST(changed_packets, open_copy),
		TEST(changed_packets, open_workers),
		TEST(with_a_tag, open_copy),
		TEST(a_planted_difference_is_seen, open_usual),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
