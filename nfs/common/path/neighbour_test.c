/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neighbours without an NF around them: the table of rules, each cell, written again out of the standards;
 * questions and who may cause how many; who takes an address from whom. Frames are built and read octet by
 * octet. Each test names what kills it.
 */
#include "neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "neighbour_ask.h"

#define N_SIDES 4
#define N_WORKERS 2
#define SECOND UINT64_C(1000000000)
#define IP(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define POOL IP(10, 0, 9, 9) /* answered for on side 0, as a NAT does for its pool */

/* Side s: 10.s.0.1/16, and 10.s.0.2 the next hop of a route. */
static struct nf_side sides[N_SIDES];
static struct nf_routes routes;
static struct nf_neighbour_table table;
static struct slim_agent *agent;
static struct rte_mempool *pool;
static struct nf_worker workers[N_WORKERS];
static struct nf_neighbours *shares[N_WORKERS];
static uint64_t now_ns;

/* ---- around it ----------------------------------------------------------------------------------- */

static bool
is_own(const void *nf, uint8_t side, rte_be32_t address)
{
	(void)nf;
	return address == sides[side].address || (side == 0 && address == rte_cpu_to_be_32(POOL));
}

static uint32_t
on_side(unsigned int side, unsigned int host)
{
	return IP(10, side, host >> 8, host);
}

static void
init_network(void)
{
	memset(sides, 0, sizeof(sides));
	memset(&routes, 0, sizeof(routes));
	for (uint8_t s = 0; s < N_SIDES; s++) {
		sides[s].address = rte_cpu_to_be_32(on_side(s, 1));
		sides[s].prefix = (struct nf_prefix){IP(10, s, 0, 0), 0xffff0000};
		sides[s].mac = (struct rte_ether_addr){{2, 0, 0, 0, s, 1}};
		routes.routes[routes.n++] = (struct nf_route){
			.prefix = {IP(20, s, 0, 0), 0xffff0000},
			.via = rte_cpu_to_be_32(on_side(s, 2)),
			.side = s,
		};
	}
}

static void
init_agent(uint16_t n_workers)
{
	static unsigned int serial;
	char name[32];

	snprintf(name, sizeof(name), "neighbours-%u", serial++);
	pool = rte_pktmbuf_pool_create(name, 8191, 0, 0, 256 + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
	assert_non_null(pool);
	assert_int_equal(slim_agent_create(&(struct slim_agent_config){.name = name,
								       .service = "test",
								       .kind = "test",
								       .version = "1",
								       .identity = "",
								       .active = true,
								       .n_workers = n_workers,
								       .frame_pool = pool,
								       .socket_id = SOCKET_ID_ANY},
					   &agent),
			 0);
}

/* Of handed-over packets alone. */
static void
resume(struct nf_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	assert_int_equal(port, NF_HANDED);
	for (uint16_t i = 0; i < n; i++) {
		assert_int_equal(nf_meta(pkts[i])->kind, NF_META_RESOLVE);
		nf_neighbour_resume(shares[w->index], pkts[i]);
	}
}

static const struct nf_ops ops = {.burst = resume};

static int
open_with(uint16_t n_workers)
{
	const uint16_t port_ids[N_SIDES] = {0, 1, 2, 3};
	struct nf_neighbour_config config = {
		.sides = sides,
		.routes = &routes,
		.is_own = is_own,
		.capacity = 512,
		.lifetime_ns = 300 * SECOND,
		.n_workers = n_workers,
		.n_sides = N_SIDES,
	};

	now_ns = 1000 * SECOND;
	init_network();
	memset(&table, 0, sizeof(table));
	memset(workers, 0, sizeof(workers));
	init_agent(n_workers);
	assert_int_equal(nf_neighbour_table_init(&table, &config, 1), 0);
	assert_int_equal(nf_neighbour_table_create(&table, agent), 0);
	assert_int_equal(slim_agent_start(agent), 0);
	for (uint16_t w = 0; w < n_workers; w++) {
		assert_int_equal(nf_worker_init(workers, w, n_workers, port_ids, N_SIDES, pool), 0);
		workers[w].agent = slim_agent_worker(agent, w);
		workers[w].ops = &ops;
		workers[w].now_ns = now_ns;
		slim_worker_poll(workers[w].agent);
		shares[w] = nf_neighbour_worker_init(&table, &workers[w]);
	}
	return 0;
}

static int
open_one(void **state)
{
	(void)state;
	return open_with(1);
}

static int
open_two(void **state)
{
	(void)state;
	return open_with(2);
}

static int
close_it(void **state)
{
	uint16_t n_workers = table.config.n_workers;

	(void)state;
	for (uint16_t w = 0; w < n_workers; w++)
		nf_worker_fini(&workers[w]);
	nf_neighbour_table_fini(&table);
	slim_agent_destroy(agent);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
	return 0;
}

static uint64_t
counter(unsigned int which)
{
	uint64_t sum = 0;

	for (uint16_t w = 0; w < table.config.n_workers; w++)
		sum += workers[w].counters[which];
	return sum;
}

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

static struct rte_mbuf *
new_frame(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, 60), 0, 60);
	return m;
}

/* A packet of `source` to a neighbour, by worker 0. */
static void
send_to(uint8_t side, uint32_t source, uint32_t neighbour)
{
	struct rte_mbuf *m = new_frame();
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, 14);

	ip[0] = 0x45;
	put32(ip + 12, source);
	put32(ip + 16, neighbour);
	nf_neighbour_send(shares[0], m,
			  &(struct nf_next){.address = rte_cpu_to_be_32(neighbour), .side = side});
}

/* An ARP packet comes in at the worker that takes it. `mac`: the last octet of the sender's. */
static void
hear(uint8_t side, uint16_t op, uint8_t mac, uint32_t sender, uint32_t target)
{
	struct rte_mbuf *m = new_frame();
	uint8_t *f = rte_pktmbuf_mtod(m, uint8_t *);

	memset(f, 0xff, 6);
	memcpy(f + 6, "\x02\xbb\x00\x00\x00", 5);
	f[11] = mac;
	memcpy(f + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00", 9);
	f[21] = (uint8_t)op;
	memcpy(f + 22, f + 6, 6);
	put32(f + 28, sender);
	put32(f + 38, target);
	assert_true(nf_arp_is_valid(m));
	nf_arp_take(shares[table.bucket_worker[nf_arp_bucket(m)]], m, side);
}

/* What left on a side, oldest first; false: nothing. */
static bool
take(uint8_t side, uint8_t frame[60])
{
	for (uint16_t w = 0; w < table.config.n_workers; w++) {
		struct nf_fifo *fifo = workers[w].tx[side];
		struct rte_mbuf *m;

		if (nf_fifo_count(fifo) == 0)
			continue;
		m = fifo->pkts[fifo->head++ & (NF_FIFO_SIZE - 1)];
		memcpy(frame, rte_pktmbuf_mtod(m, void *), 60);
		rte_pktmbuf_free(m);
		return true;
	}
	return false;
}

static unsigned int
clear(uint8_t side)
{
	uint8_t frame[60];
	unsigned int n = 0;

	while (take(side, frame))
		n++;
	return n;
}

/* Questions under way on a side. */
static unsigned int
asked_on(uint8_t side)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < NF_ASKED_PLACES; i++)
		n += shares[0]->asked_keys[i] != 0 && shares[0]->asked[i].side == side;
	return n;
}

/* The only frame that left asks for the target; `mac` 0: asks everybody, else the neighbour with it. */
static void
expect_question(uint8_t side, uint32_t target, uint8_t mac)
{
	uint8_t frame[60];

	assert_true(take(side, frame));
	assert_memory_equal(frame + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10);
	assert_int_equal(get32(frame + 38), target);
	assert_int_equal(get32(frame + 28), on_side(side, 1));
	if (mac == 0)
		assert_memory_equal(frame, "\xff\xff\xff\xff\xff\xff", 6);
	else
		assert_memory_equal(frame, ((uint8_t[]){2, 0xbb, 0, 0, 0, mac}), 6);
	assert_false(take(side, frame));
}

/* The last octet of the MAC address that packets to it go to; 0: they do not leave. */
static uint8_t
mac_of(uint8_t side, uint32_t neighbour)
{
	uint8_t frame[60];

	clear(side);
	send_to(side, IP(99, 0, 0, 1), neighbour);
	if (!take(side, frame) || frame[12] != 8 || frame[13] != 0)
		return 0;
	assert_int_equal(clear(side), 0);
	return frame[5];
}

static void
pass_time(uint64_t ns)
{
	now_ns += ns;
	for (uint16_t w = 0; w < table.config.n_workers; w++) {
		workers[w].now_ns = now_ns;
		nf_neighbour_tick(shares[w]);
	}
}

/* From worker 0 to the owner, as the rings do. */
static void
hand_over(void)
{
	for (uint16_t w = 0; w < table.config.n_workers; w++)
		nf_worker_flush_hands(&workers[w]);
	for (uint16_t w = 0; w < table.config.n_workers; w++)
		while (nf_worker_take_handed(&workers[w]) != 0)
			;
}

/* ---- the rules, each cell ---------------------------------------------------------------------------- */

/*
 * `.` nothing, `L` learn, `S` learn but ask at once, `C` confirmed, `D` ask the owner first, `X` conflict;
 * behind it `.` silent, `a` answer, `d` defend.
 *
 * RFC 826, packet reception: the sender's pair is taken from requests and replies alike, where there is one
 *   already; an answer goes to who asks for an address of the NF.
 * RFC 5227 section 2.1.1 and 2.4: a probe for an address in use is answered and teaches nothing; who sends
 *   from an address in use is in conflict, and the address is defended.
 * RFC 4861 section 7.2.3: a solicitation teaches where its sender is, never that it can be reached. 7.2.4: it is
 *   answered. 7.2.5: nothing of who is not in the cache; only a solicited advertisement confirms; without
 *   override it changes no address.
 * Where standards believe at once that a known neighbour has another address, the owner is asked first.
 */
static const struct {
	enum nf_saying saying;
	const char *cells; /* stranger, asked, known, moved, disputed, open, self, nobody */
} expected[] = {
	{NF_ARP_REQUEST, ".a La Ca Da .a .a Xd .."},
	{NF_ARP_REPLY, ".. L. C. D. .. L. Xd .."},
	{NF_ARP_ANNOUNCEMENT, ".. L. C. D. .. .. Xd .."},
	{NF_ARP_PROBE, ".. .. .. .. .. .. Xa .."},
	{NF_ND_SOLICITATION, ".a Sa .a Da .a .a Xd .."},
	{NF_ND_PROBE, ".. .. .. .. .. .. Xa .."},
	{NF_ND_ADVERTISEMENT, ".. S. .. D. .. .. Xd .."},
	{NF_ND_OVERRIDE, ".. S. .. D. .. .. Xd .."},
	{NF_ND_ANSWER, ".. L. C. D. .. L. Xd .."},
	{NF_ND_ANSWER_OVERRIDE, ".. L. C. D. .. L. Xd .."},
};

/* Killed by: any other value in any cell. */
static void
every_cell_is_as_the_standards_say(void **state)
{
	static const char teaching[] = ".LSCDX", answering[] = ".ad";

	(void)state;
	assert_int_equal(sizeof(expected) / sizeof(expected[0]), NF_N_SAYINGS);
	for (unsigned int i = 0; i < NF_N_SAYINGS; i++)
		for (unsigned int s = 0; s < NF_N_STANDINGS; s++) {
			struct nf_neighbour_rule rule =
				nf_neighbour_rule(expected[i].saying, (enum nf_standing)s);

			if (teaching[rule.teaching] != expected[i].cells[3 * s] ||
			    answering[rule.answering] != expected[i].cells[3 * s + 1])
				fail_msg("saying %u, standing %u", i, s);
		}
}

/* Killed by: another number of tries, or another time between them. */
static void
questions_are_repeated_and_end(void **state)
{
	static const struct {
		uint64_t at_ms;
		enum nf_question_step step;
	} steps[] = {
		{0, NF_QUESTION_ASKS_OWNER},   {99, NF_QUESTION_WAITS},
		{100, NF_QUESTION_ASKS_OWNER}, {199, NF_QUESTION_WAITS},
		{200, NF_QUESTION_ASKS_ALL},   {1199, NF_QUESTION_WAITS},
		{1200, NF_QUESTION_ASKS_ALL},  {2200, NF_QUESTION_ASKS_ALL},
		{3199, NF_QUESTION_WAITS},     {3200, NF_QUESTION_OVER},
		{9999, NF_QUESTION_WAITS},
	};
	uint64_t start = UINT64_MAX - SECOND; /* over the end of the clock */
	struct nf_question q = nf_question_begin(NF_TO_OWNER, start);

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		assert_int_equal(nf_question_step(&q, start + steps[i].at_ms * 1000000),
				 steps[i].step);
}

/* ---- who causes questions ------------------------------------------------------------------------------ */

/* Killed by: no quota for a source (the second source's question is not sent), one of all sides together. */
static void
a_dark_scan_stops_nobody_else(void **state)
{
	(void)state;
	for (uint8_t s = 0; s < N_SIDES; s++) {
		for (unsigned int host = 0; host < 1000; host++)
			send_to(s, IP(99, 0, 0, 1), on_side(s, 0x100 + host));
		assert_int_equal(clear(s), NF_ASKED_A_CAUSE);
		send_to(s, IP(99, 0, 0, 2), on_side(s, 50));
		expect_question(s, on_side(s, 50), 0);
		hear(s, 2, 50, on_side(s, 50), on_side(s, 1));
		assert_int_equal(mac_of(s, on_side(s, 50)), 50);
	}
	assert_int_equal(counter(NF_drop_arp_queue), N_SIDES * (1000 - NF_ASKED_A_CAUSE));
	/* When its questions are over, the scan may ask for as many again. */
	for (unsigned int tries = 0; tries < NF_ASK_TRIES; tries++)
		pass_time(NF_ASK_RETRY_NS);
	clear(0);
	for (unsigned int host = 0; host < 1000; host++)
		send_to(0, IP(99, 0, 0, 1), on_side(0, 0x100 + host));
	assert_int_equal(clear(0), NF_ASKED_A_CAUSE);
}

/* Killed by: next hops that take the places of their side. */
static void
many_scans_do_not_stop_next_hops(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		for (unsigned int host = 0; host < 100; host++)
			send_to(1, IP(99, 0, 1, i), on_side(1, 0x100 + 100 * i + host));
	assert_int_equal(clear(1), NF_ASKED_A_SIDE);
	for (uint8_t s = 0; s < N_SIDES; s++) {
		send_to(s, IP(99, 0, 0, 7), on_side(s, 2));
		expect_question(s, on_side(s, 2), 0);
		hear(s, 2, 2, on_side(s, 2), on_side(s, 1));
		assert_int_equal(mac_of(s, on_side(s, 2)), 2);
	}
	/* Nor other sides. */
	send_to(2, IP(99, 0, 1, 1), on_side(2, 50));
	expect_question(2, on_side(2, 50), 0);
}

/* Killed by: waiting packets of a side that are not counted, or counted for next hops, too. */
static void
waiting_packets_leave_room_for_next_hops(void **state)
{
	uint32_t before;

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		for (unsigned int n = 0; n < NF_MAX_WAITING; n++)
			send_to(1, IP(99, 0, 1, i), on_side(1, 0x100 + i));
	assert_int_equal(nf_neighbour_waiting(shares[0]), NF_WAITING_A_SIDE);
	before = nf_neighbour_waiting(shares[0]);
	send_to(1, IP(99, 0, 0, 7), on_side(1, 2));
	send_to(0, IP(99, 0, 0, 7), on_side(0, 70));
	assert_int_equal(nf_neighbour_waiting(shares[0]), before + 2);
	/* The question is asked although its packet found no room, so the next one goes. */
	clear(1);
	send_to(1, IP(99, 0, 0, 8), on_side(1, 60));
	expect_question(1, on_side(1, 60), 0);
	hear(1, 2, 60, on_side(1, 60), on_side(1, 1));
	assert_int_equal(mac_of(1, on_side(1, 60)), 60);
	for (unsigned int tries = 0; tries < NF_ASK_TRIES; tries++)
		pass_time(NF_ASK_RETRY_NS);
	assert_int_equal(nf_neighbour_waiting(shares[0]), 0);
	assert_int_equal(shares[0]->n_waiting[1], 0);
	for (uint8_t s = 0; s < N_SIDES; s++)
		clear(s);
}

/* What the NF itself sends is an answer. Killed by: blaming the NF for all of them. */
static void
answers_are_caused_by_who_is_answered(void **state)
{
	(void)state;
	for (unsigned int host = 0; host < 2 * NF_ASKED_A_CAUSE; host++)
		send_to(1, on_side(1, 1), on_side(1, 0x100 + host));
	assert_int_equal(clear(1), 2 * NF_ASKED_A_CAUSE);
}

/* Killed by: the cause lost on the way to the owner. */
static void
the_owner_knows_the_cause(void **state)
{
	(void)state;
	for (unsigned int host = 0; host < 500; host++)
		send_to(1, IP(99, 0, 0, 1), on_side(1, 0x101 + 2 * host)); /* all of worker 1 */
	hand_over();
	assert_int_equal(clear(1), NF_ASKED_A_CAUSE);
	send_to(1, IP(99, 0, 0, 2), on_side(1, 51));
	hand_over();
	expect_question(1, on_side(1, 51), 0);
}

/* Killed by: leaving out any part of nf_side_may_have(), or the NF's other addresses. */
static void
no_question_for_what_is_no_host(void **state)
{
	static const uint32_t nobody[] = {IP(10, 0, 0, 1), IP(10, 0, 0, 0),  IP(10, 0, 255, 255),
					  IP(10, 1, 0, 9), IP(127, 0, 0, 1), POOL};

	(void)state;
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		send_to(0, IP(99, 0, 0, 1), nobody[i]);
		assert_int_equal(counter(NF_drop_no_host), i + 1);
		assert_int_equal(clear(0), 0);
	}
	/* RFC 3021: both addresses of a link of 31 bits are hosts. */
	sides[3].prefix = (struct nf_prefix){IP(10, 3, 0, 0), 0xfffffffe};
	send_to(3, IP(99, 0, 0, 1), IP(10, 3, 0, 0));
	expect_question(3, IP(10, 3, 0, 0), 0);
}

/* ---- who has the address --------------------------------------------------------------------------------- */

static void
know(uint8_t side, uint32_t neighbour, uint8_t mac)
{
	send_to(side, IP(99, 0, 0, 1), neighbour);
	hear(side, 2, mac, neighbour, on_side(side, 1));
	clear(side);
	assert_int_equal(mac_of(side, neighbour), mac);
}

/* Killed by: believing an announcement, a reply nobody asked for, or a request; asking everybody first, so
 * that the thief answers; not hearing the owner. */
static void
a_neighbour_that_lives_is_not_robbed(void **state)
{
	static const struct {
		uint16_t op;
		bool about_itself;
	} claims[] = {{1, true}, {2, true}, {2, false}, {1, false}};
	uint32_t hosts[] = {on_side(1, 50), on_side(1, 2)}; /* a host, and the default router */

	(void)state;
	for (unsigned int h = 0; h < 2; h++) {
		know(1, hosts[h], 50);
		for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
			uint32_t target = claims[i].about_itself ? hosts[h] : on_side(1, 99);

			hear(1, claims[i].op, 66, hosts[h], target);
			expect_question(1, hosts[h], 50);
			assert_int_equal(mac_of(1, hosts[h]), 50);
			hear(1, 2, 66, hosts[h], on_side(1, 1)); /* the thief answers first */
			assert_int_equal(mac_of(1, hosts[h]), 50);
			hear(1, 2, 50, hosts[h], on_side(1, 1));
			pass_time(SECOND);
			hear(1, 2, 50, hosts[h], on_side(1, 1)); /* the route's refresh */
			clear(1);
			assert_int_equal(mac_of(1, hosts[h]), 50);
		}
	}
	assert_int_equal(counter(NF_neighbour_disputed), 8);
	assert_int_equal(counter(NF_neighbour_moved), 0);
}

/* Killed by: never believing it; believing who was not asked; asking the owner only once. */
static void
a_neighbour_that_was_replaced_is_followed(void **state)
{
	uint32_t router = on_side(1, 2);

	(void)state;
	know(1, router, 50);
	hear(1, 1, 66, router, router);
	expect_question(1, router, 50);
	pass_time(NF_DISPUTE_RETRY_NS);
	expect_question(1, router, 50);
	hear(1, 1, 66, router, router); /* says so again */
	assert_int_equal(mac_of(1, router), 50);
	pass_time(NF_DISPUTE_RETRY_NS);
	expect_question(1, router, 0);
	hear(1, 1, 77, router, router); /* no answer */
	assert_int_equal(mac_of(1, router), 50);
	hear(1, 2, 66, router, on_side(1, 1));
	assert_int_equal(mac_of(1, router), 66);
	assert_int_equal(counter(NF_neighbour_moved), 1);
	assert_int_equal(asked_on(1), 0);
}

/* Killed by: forgetting the neighbour when nobody answers; a claim about each neighbour that takes the places
 * of others' questions. */
static void
claims_take_little(void **state)
{
	(void)state;
	for (unsigned int host = 50; host < 90; host++)
		know(1, on_side(1, host), (uint8_t)host);
	for (unsigned int host = 50; host < 90; host++)
		hear(1, 1, 200, on_side(1, host), on_side(1, host));
	assert_int_equal(clear(1), NF_ASKED_A_CAUSE);
	know(1, on_side(1, 2), 2);
	hear(1, 1, 200, on_side(1, 2), on_side(1, 2));
	expect_question(1, on_side(1, 2), 2); /* a router's is always asked */
	for (unsigned int i = 0; i < 50; i++)
		pass_time(NF_DISPUTE_RETRY_NS);
	for (unsigned int host = 50; host < 90; host++)
		assert_int_equal(mac_of(1, on_side(1, host)), host);
	assert_int_equal(asked_on(1), 0);
	for (uint8_t s = 0; s < N_SIDES; s++)
		clear(s);
}

/* Killed by: learning from any operation, from group or own MAC addresses, or about what is no host. */
static void
nobody_else_teaches(void **state)
{
	uint32_t host = on_side(1, 50);

	(void)state;
	send_to(1, IP(99, 0, 0, 1), host);
	hear(1, 3, 50, host, on_side(1, 1));               /* RARP */
	hear(1, 1, 50, 0, host);                           /* probes for it */
	hear(1, 2, 60, on_side(1, 60), on_side(1, 1));     /* a stranger */
	hear(1, 2, 60, on_side(1, 0xffff), on_side(1, 1)); /* the broadcast address */
	assert_int_equal(counter(NF_drop_arp), 4);
	assert_int_equal(mac_of(1, host), 0);
	hear(1, 1, 50, host, on_side(1, 99));
	assert_int_equal(mac_of(1, host), 50);
	assert_int_equal(shares[0]->share.n_slots - shares[0]->share.n_free, 1);
	clear(1);
}

/* RFC 5227 sections 2.1.1 and 2.4 (c). Killed by: probes that are dropped as of a bad sender; a defence on
 * each conflict; none. */
static void
own_addresses_are_defended(void **state)
{
	uint8_t frame[60];

	(void)state;
	hear(0, 1, 66, 0, on_side(0, 1));
	assert_true(take(0, frame));
	assert_memory_equal(frame, "\x02\xbb\x00\x00\x00\x42\x02\x00\x00\x00\x00\x01\x08\x06", 14);
	assert_int_equal(frame[21], 2);
	assert_int_equal(get32(frame + 28), on_side(0, 1));
	assert_int_equal(get32(frame + 38), 0);
	assert_int_equal(counter(NF_address_conflict), 1);
	hear(0, 1, 66, 0, POOL);
	assert_int_equal(clear(0), 1);
	hear(0, 1, 66, 0, on_side(0, 77)); /* not the NF's */
	assert_int_equal(clear(0), 0);
	assert_int_equal(counter(NF_address_conflict), 2);

	hear(0, 2, 66, on_side(0, 1), on_side(0, 99));
	assert_true(take(0, frame));
	assert_memory_equal(frame, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x06", 14);
	assert_int_equal(frame[21], 1);
	assert_int_equal(get32(frame + 28), on_side(0, 1));
	assert_int_equal(get32(frame + 38), on_side(0, 1));
	hear(0, 1, 66, on_side(0, 1), on_side(0, 1));
	pass_time(NF_DEFEND_NS - SECOND);
	clear(0);
	hear(0, 1, 66, on_side(0, 1), on_side(0, 1));
	assert_int_equal(clear(0), 0);
	pass_time(SECOND);
	clear(0);
	hear(0, 1, 66, on_side(0, 1), on_side(0, 1));
	assert_int_equal(clear(0), 1);
	assert_int_equal(counter(NF_arp_announced), 2);
	assert_int_equal(counter(NF_address_conflict), 6);
	for (uint8_t s = 0; s < N_SIDES; s++)
		clear(s);
}

/* Was a host asked at its own address? Takes all that left. */
static bool
was_asked(uint8_t side, uint32_t neighbour)
{
	uint8_t frame[60];
	bool asked = false;

	while (take(side, frame))
		asked |= frame[13] == 6 && get32(frame + 38) == neighbour && frame[5] == 50;
	return asked;
}

/* Killed by: a copy that does not notice that its time is over, or that it was confirmed since; slots that are
 * left out of the timers' walk. */
static void
a_neighbour_in_use_is_asked_in_time(void **state)
{
	uint32_t host = on_side(1, 50), idle = on_side(1, 60);

	(void)state;
	know(1, host, 50);
	know(1, idle, 60);
	for (unsigned int turn = 0; turn < 3; turn++) {
		pass_time(199 * SECOND);
		assert_int_equal(mac_of(1, host), 50);
		pass_time(SECOND);
		assert_false(was_asked(1, host)); /* its time is not over yet */
		pass_time(SECOND);
		assert_int_equal(mac_of(1, host), 50);
		pass_time(SECOND);
		assert_true(was_asked(1, host));
		pass_time(SECOND);
		assert_false(was_asked(1, host)); /* once for each use */
		hear(1, 2, 50, host, on_side(1, 1));
	}
	assert_int_equal(mac_of(1, idle), 0);
	pass_time(400 * SECOND);
	assert_int_equal(mac_of(1, host), 0);
	for (unsigned int i = 0; i < 10; i++)
		pass_time(SECOND);
	for (uint8_t s = 0; s < N_SIDES; s++)
		clear(s);
}

int
main(void)
{
	static char words[][24] = {"neighbour-test", "--no-huge",         "--no-pci", "--no-shconf",
				   "--no-telemetry", "--log-level=error", "-m",       "256",
				   "--lcores=0@0"};
	static char *argv[RTE_DIM(words)];
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_one, close_it)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_is_as_the_standards_say),
		cmocka_unit_test(questions_are_repeated_and_end),
		TEST(a_dark_scan_stops_nobody_else),
		TEST(many_scans_do_not_stop_next_hops),
		TEST(waiting_packets_leave_room_for_next_hops),
		TEST(answers_are_caused_by_who_is_answered),
		cmocka_unit_test_setup_teardown(the_owner_knows_the_cause, open_two, close_it),
		TEST(no_question_for_what_is_no_host),
		TEST(a_neighbour_that_lives_is_not_robbed),
		TEST(a_neighbour_that_was_replaced_is_followed),
		TEST(claims_take_little),
		TEST(nobody_else_teaches),
		TEST(own_addresses_are_defended),
		TEST(a_neighbour_in_use_is_asked_in_time),
	};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0 || nf_meta_register() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
