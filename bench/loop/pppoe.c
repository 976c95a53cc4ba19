/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim-pppoe for the loop.
 *
 * Subscribers who stay are numbered. Each has a session from the start, as a log-in would have left it, with a MAC address and
 * an IPv4 address of its own; data packets are those of subscribers chosen at random. Visitors log in and out, with the client
 * of slim-gen (gen/subscriber.h): discovery, LCP, CHAP, IPCP, then Terminate and PADT. A packet that changes state is the
 * next one of a visitor. Where every packet is to open a session, all packets are visitors', and one of PACKETS_A_VISIT begins
 * a visit; only where no visitor has anything to say is there a data packet.
 *
 * Who decides about log-ins, which is the main thread's work, and the visitors themselves run while packets are made and
 * taken, so they are not measured.
 *
 * All subscribers' packets are UDP over IPv4 of 64 octets. The core network is behind one router.
 */
#include "loop.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_random.h>
#include <rte_udp.h>

#include "automaton.h"
#include "counters.h"
#include "decide.h"
#include "discovery_packet.h"
#include "ppp.h"
#include "round.h"
#include "subscriber.h"

#define INNER_SIZE 64u
#define MRU 1492u
#define N_VISITORS 4096u
#define PACKETS_A_VISIT 11u /* of the visitor */
#define QUEUE_SIZE 8192u    /* frames of visitors that wait; a power of two */
#define MAX_SESSIONS (PPPOE_MAX_SESSIONS - N_VISITORS)
#define CONFIG_SIZE 2048u
#define SECOND_NS UINT64_C(1000000000)
#define BYTES_PER_SESSION 1280u
#define SESSION_FRONT (sizeof(struct rte_ether_hdr) + PPPOE_HEAD + 2)

static const uint8_t first_visitor[] = {2, 0x20, 0, 0, 0, 0};
static const uint8_t first_subscriber[] = {2, 0x10, 0, 0, 0, 0};

struct staying {
	rte_be32_t ipv4;
	uint16_t session_id;
};

struct frame {
	uint16_t size;
	uint8_t bytes[256];
};

struct state {
	struct loop_load load;
	struct pppoe_config config;
	struct pppoe *pppoe;
	struct pppoe_worker *worker;
	struct staying *staying;
	struct subscriber *visitors;
	struct subscriber_group group;
	uint32_t next_visitor;
	struct frame *queue;
	uint32_t head, tail; /* of the queue; they count up for ever */
	uint64_t n_lost;     /* frames that found no room in it */
	uint32_t n_packets;
	uint64_t random;
};

static struct state s;

/* ---- size ------------------------------------------------------------------------------------ */

static uint32_t
capacity(const struct loop_load *load)
{
	return load->sessions + N_VISITORS;
}

static uint64_t
memory(const struct loop_load *load)
{
	return (uint64_t)capacity(load) * BYTES_PER_SESSION;
}

/* Each subscriber has four packets a second, however many there are. */
static uint64_t
step_ns(const struct loop_load *load)
{
	return SECOND_NS / 4 / load->sessions;
}

/* ---- set-up ------------------------------------------------------------------------------------ */

/* The only user; everybody is he. Nobody but the owner may read it. */
static bool
write_secrets(char *path)
{
	static const char text[] = "visitor * secret *\n";
	int fd = mkstemp(path);
	bool is_written;

	if (fd < 0)
		return false;
	is_written = write(fd, text, sizeof(text) - 1) == (ssize_t)(sizeof(text) - 1);
	close(fd);
	return is_written;
}

static bool
configure(const struct loop_load *load, const char *secrets)
{
	char text[CONFIG_SIZE], error[NF_CONFIG_ERROR_SIZE] = "";
	int size = snprintf(
		text, sizeof(text),
		"instance: loop\nservice: pppoe\n"
		"access: {name: access, port: 0, mac: '02:00:00:00:01:01'}\n"
		"core:\n  name: core\n  port: 1\n  address: 203.0.113.1/24\n"
		"  mac: 02:00:00:00:02:01\n"
		"  routes: [{prefix: 0.0.0.0/0, via: 203.0.113.2}]\n"
		"concentrator: {name: loop, gateway: 100.64.0.1, pools: [100.64.0.0/15]}\n"
		"lcp: {echo_interval: 0}\n"
		"authentication: {pap: false, chap: true, secrets_file: %s}\n"
		"limits: {padi_per_second: 0, padi_per_second_worker: 0, logins_per_minute: 0}\n"
		"capacity: %" PRIu32 "\nneighbours: 256\nhold_capacity: 64\n",
		secrets, capacity(load));

	if (pppoe_config_parse("loop", text, (size_t)size, &s.config, error) != 0) {
		fprintf(stderr, "%s\n", error);
		return false;
	}
	return true;
}

static void
enqueue(void *ctx, struct subscriber *visitor, const uint8_t *bytes, size_t size)
{
	struct frame *frame = &s.queue[s.tail % QUEUE_SIZE];

	(void)ctx, (void)visitor;
	if (s.tail - s.head == QUEUE_SIZE || size > sizeof(frame->bytes)) {
		s.n_lost++;
		return;
	}
	frame->size = (uint16_t)size;
	memcpy(frame->bytes, bytes, size);
	s.tail++;
}

static void
put_mac(uint8_t mac[RTE_ETHER_ADDR_LEN], const uint8_t *first, uint32_t number)
{
	memcpy(mac, first, RTE_ETHER_ADDR_LEN);
	mac[4] = (uint8_t)(number >> 8);
	mac[5] = (uint8_t)number;
}

static bool
make_visitors(void)
{
	s.visitors = calloc(N_VISITORS, sizeof(*s.visitors));
	s.queue = calloc(QUEUE_SIZE, sizeof(*s.queue));
	if (s.visitors == NULL || s.queue == NULL)
		return false;
	s.group = (struct subscriber_group){
		.service = "",
		.mru = MRU,
		.restart_ns = SECOND_NS,
		.max_tries = 1,
		.send = enqueue,
		.random = 1,
	};
	for (uint32_t i = 0; i < N_VISITORS; i++) {
		s.visitors[i] = (struct subscriber){
			.group = &s.group, .number = i, .user = "visitor", .password = "secret"};
		put_mac(s.visitors[i].line.mac, first_visitor, i);
	}
	return true;
}

/* The secrets are read at once, so their file is needed no longer. */
static bool
make_concentrator(const struct loop_load *load)
{
	char secrets[] = "/tmp/slim-loop-XXXXXX";
	bool is_made = write_secrets(secrets) && configure(load, secrets) &&
		       pppoe_init(s.pppoe, &s.config, 1) == 0 && pppoe_decide_open(s.pppoe) == 0 &&
		       pppoe_decide_files(s.pppoe) == 0;

	unlink(secrets);
	return is_made;
}

static bool
create(const struct loop_load *load, struct slim_agent_config *agent)
{
	if (load->sessions > MAX_SESSIONS) {
		fprintf(stderr, "pppoe: at most %u sessions beside the visitors'\n", MAX_SESSIONS);
		return false;
	}
	s.load = *load;
	s.random = 1;
	rte_srand(1); /* the same accounting ids and magic numbers in each run */
	s.staying = calloc(load->sessions, sizeof(*s.staying));
	s.pppoe = rte_zmalloc("pppoe", sizeof(*s.pppoe), RTE_CACHE_LINE_SIZE);
	s.worker = rte_zmalloc("worker", sizeof(*s.worker), RTE_CACHE_LINE_SIZE);
	if (s.staying == NULL || s.pppoe == NULL || s.worker == NULL || !make_visitors() ||
	    !make_concentrator(load)) {
		fprintf(stderr, "pppoe: no memory, or no file for the secrets\n");
		return false;
	}
	agent->bucket_worker = s.pppoe->bucket_worker;
	agent->hold_capacity = s.config.hold_capacity;
	return true;
}

static int
create_tables(struct slim_agent *agent)
{
	int error = pppoe_create_tables(s.pppoe, agent);

	return error == 0 ? pppoe_refill(s.pppoe) : error;
}

/* As a log-in leaves it. */
static bool
open_session(uint32_t i, uint64_t now_ns)
{
	struct pppoe_line_key line = {0};
	struct pppoe_session *session;
	uint32_t slot;
	bool has_address;

	put_mac(line.mac.addr_bytes, first_subscriber, i);
	if (pppoe_session_create(s.worker->sessions, &line, now_ns, &slot) != PPPOE_CREATED)
		return false;
	session = pppoe_session_begin(s.worker->sessions, slot);
	session->lcp.state = session->ipcp.state = PPP_OPENED;
	session->auth.state = PPPOE_AUTH_GOOD;
	session->terms.mru = session->terms.peer_mru = rte_cpu_to_be_16(MRU);
	session->terms.protocol = rte_cpu_to_be_16(PPP_CHAP);
	has_address = pppoe_session_give_address(s.worker->sessions, slot, session);
	pppoe_session_end(s.worker->sessions, slot);
	s.staying[i] = (struct staying){.ipv4 = session->ipv4, .session_id = session->session_id};
	return has_address;
}

static bool
join(struct nf_worker *nf)
{
	uint64_t now_ns = nf_clock_now(nf->clock);

	pppoe_decide_join(s.pppoe, nf);
	if (pppoe_worker_init(s.worker, s.pppoe, nf) != 0)
		return false;
	for (uint32_t i = 0; i < s.load.sessions; i++)
		if (!open_session(i, now_ns))
			return false;
	return true;
}

static void
destroy(void)
{
	pppoe_worker_fini(s.worker);
	pppoe_decide_close(s.pppoe);
	pppoe_fini(s.pppoe);
	rte_free(s.worker);
	rte_free(s.pppoe);
	free(s.staying);
	free(s.visitors);
	free(s.queue);
}

/* ---- data packets ------------------------------------------------------------------------------ */

/* UDP over IPv4 between a subscriber and a server of its own. */
static void
write_udp(void *at, uint32_t number, bool is_up)
{
	rte_be32_t server = rte_cpu_to_be_32(RTE_IPV4(20, 0, 0, 0) + ((number * 2654435761u) >> 8));
	rte_be32_t client = s.staying[number].ipv4;
	struct rte_udp_hdr *udp = loop_put_ipv4(at, IPPROTO_UDP, is_up ? client : server,
						is_up ? server : client, INNER_SIZE);

	*udp = (struct rte_udp_hdr){
		.src_port = RTE_BE16(443),
		.dst_port = RTE_BE16(443),
		.dgram_len = rte_cpu_to_be_16(INNER_SIZE - sizeof(struct rte_ipv4_hdr)),
	};
	memcpy((uint8_t *)at + INNER_SIZE - sizeof(number), &number, sizeof(number));
}

static uint8_t
downlink(struct rte_mbuf *m, uint32_t number)
{
	write_udp(loop_put_ethernet(m, PPPOE_CORE, &s.config.sides[PPPOE_CORE].mac, INNER_SIZE),
		  number, false);
	return PPPOE_CORE;
}

static uint8_t
uplink(struct rte_mbuf *m, uint32_t number)
{
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(SESSION_FRONT + INNER_SIZE));
	uint8_t *pppoe = frame + sizeof(struct rte_ether_hdr);

	memset(frame, 0, SESSION_FRONT + INNER_SIZE);
	memcpy(frame, &s.config.sides[PPPOE_ACCESS].mac, RTE_ETHER_ADDR_LEN);
	put_mac(frame + RTE_ETHER_ADDR_LEN, first_subscriber, number);
	nf_put16(pppoe - 2, PPPOE_ETHERTYPE_SESSION);
	pppoe_put_session_head(pppoe, s.staying[number].session_id, INNER_SIZE + 2);
	nf_put16(pppoe + PPPOE_HEAD, PPP_IPV4);
	write_udp(frame + SESSION_FRONT, number, true);
	return PPPOE_ACCESS;
}

static uint8_t
data(struct rte_mbuf *m)
{
	uint32_t number = loop_random_below(&s.random, s.load.sessions);

	return loop_random_below(&s.random, 100) < s.load.inbound ? downlink(m, number)
								  : uplink(m, number);
}

/* ---- visitors ----------------------------------------------------------------------------------- */

/* What the main thread does: it decides about log-ins, and has octets ready for the next secret. */
static void
decide(void)
{
	struct nf_job job;

	pppoe_refill(s.pppoe);
	pppoe_decide_round(s.pppoe);
	while (nf_mailbox_take(s.worker->nf->mailbox, &job))
		pppoe_decide_job_done(s.pppoe, 0, &job);
}

static void
begin_visit(void)
{
	for (uint32_t i = 0; i < N_VISITORS; i++) {
		struct subscriber *visitor = &s.visitors[s.next_visitor];

		s.next_visitor = (s.next_visitor + 1) % N_VISITORS;
		if (visitor->state == SUBSCRIBER_IDLE) {
			subscriber_start(visitor, s.worker->nf->now_ns);
			return;
		}
	}
}

/* False: no visitor has anything to say. */
static bool
visitor_says(struct rte_mbuf *m)
{
	const struct frame *frame = &s.queue[s.head % QUEUE_SIZE];

	if (s.head == s.tail)
		return false;
	s.head++;
	memcpy(rte_pktmbuf_append(m, frame->size), frame->bytes, frame->size);
	return true;
}

/* A visitor begins when there is no other to speak; where all packets are theirs, there are always some on each step. */
static bool
visit(struct rte_mbuf *m)
{
	decide();
	if (s.load.only_new ? s.n_packets % PACKETS_A_VISIT == 0 : s.head == s.tail)
		begin_visit();
	return visitor_says(m);
}

static uint8_t
next(struct rte_mbuf *m)
{
	bool is_visit = s.load.only_new || (s.load.change != 0 && s.n_packets % s.load.change == 0);
	uint8_t port = PPPOE_ACCESS;

	if (!is_visit || !visit(m))
		port = data(m);
	s.n_packets++;
	return port;
}

/* ---- what comes out -------------------------------------------------------------------------------- */

/* A visitor's frame is his; who is up logs out. */
static void
sent(uint8_t port, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct subscriber *visitor;
	uint64_t now_ns = s.worker->nf->now_ns;
	uint32_t number = nf_get16(frame + 4);

	if (port != PPPOE_ACCESS || memcmp(frame, first_visitor, 4) != 0 || number >= N_VISITORS)
		return;
	visitor = &s.visitors[number];
	subscriber_take(visitor, frame, rte_pktmbuf_data_len(m), now_ns);
	if (visitor->state == SUBSCRIBER_UP)
		subscriber_stop(visitor, now_ns);
}

/* Cookies, challenges and magic numbers are never the same. */
static bool
is_random(uint8_t port, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	return port == PPPOE_ACCESS && memcmp(frame, first_visitor, 4) == 0;
}

static uint64_t
failed(void)
{
	const struct subscriber_counts *counts = &s.group.counts;

	return counts->failed + counts->dropped + counts->stray + s.n_lost;
}

static uint64_t
opened(void)
{
	return s.group.counts.up;
}

const struct loop_nf loop_nf = {
	.name = "pppoe",
	.ports = {[PPPOE_ACCESS] = "access", [PPPOE_CORE] = "core"},
	.counters = pppoe_counter_names,
	.n_counters = PPPOE_N_COUNTERS - NF_N_COUNTERS,
	.memory = memory,
	.step_ns = step_ns,
	.create = create,
	.create_tables = create_tables,
	.join = join,
	.destroy = destroy,
	.next = next,
	.sent = sent,
	.is_random = is_random,
	.failed = failed,
	.opened = opened,
};
