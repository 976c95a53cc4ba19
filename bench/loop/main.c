/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop-X [OPTIONS]: sets up, opens the sessions, says "ready", and then runs the load once for each
 * line that it reads, with a line of JSON as the answer. Ends at the end of its input. So several
 * variants can be alive and run in turn. See loop.h.
 */
#include "loop.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/callgrind.h>
#include <xxhash.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "packet_pool.h"
#include "slim_shm.h"

#define POOL_SIZE 32767u
#define POOL_CACHE 512u
#define MBUF_ROOM 2048u
#define MIN_MEMORY_MB 256u
#define WARM_PHASES 16u
#define FILL_PACKETS 8u /* for each session, at most */
#define FILL_PHASES 64u
#define SETTLE_ROUNDS 64u
#define SETTLE_NS UINT64_C(50000000)

struct options {
	const char *variant;
	uint32_t packets; /* of one run */
	bool count;
	bool huge;
	bool driver;
	struct loop_load load;
};

static struct loop loop;

/* ---- phases ------------------------------------------------------------------------------- */

static void
pass_time(uint64_t ns)
{
	uint64_t now = atomic_load_explicit(&loop.clock.base_ns, memory_order_relaxed);

	atomic_store_explicit(&loop.clock.base_ns, now + ns, memory_order_relaxed);
}

/* The agent's, not the NF's, whose frames have no tag here. */
static bool
is_foreign(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN) ||
	       eth->ether_type == RTE_BE16(SLIM_ETHERTYPE);
}

static void
add_to_digest(uint8_t port, const struct rte_mbuf *m)
{
	if (loop_nf.is_random == NULL || !loop_nf.is_random(port, m))
		loop.digest = XXH64(rte_pktmbuf_mtod(m, const void *), rte_pktmbuf_data_len(m),
				    loop.digest);
}

static uint64_t
n_opened(void)
{
	return loop_nf.opened != NULL ? loop_nf.opened() : 0;
}

/* True: `m` is an answer to be offered. */
static bool
read_sent(uint8_t port, struct rte_mbuf *m)
{
	if (is_foreign(m) && loop.variant->frame != NULL)
		return loop.variant->frame(&loop, port, m);
	add_to_digest(port, m);
	if (loop_answer_arp(port, m))
		return true;
	if (loop_nf.sent != NULL && !is_foreign(m))
		loop_nf.sent(port, m);
	return false;
}

static uint32_t
take(uint8_t port)
{
	struct wire *wire = &loop.wires[port];
	uint32_t n = wire_take(wire);

	for (uint32_t i = 0; i < n; i++)
		if (port == LOOP_PORTS || !read_sent(port, wire->out[i]) ||
		    !wire_offer(wire, wire->out[i]))
			rte_pktmbuf_free(wire->out[i]);
	return n;
}

static uint32_t
take_all(void)
{
	uint32_t n = 0;

	for (uint8_t p = 0; p <= LOOP_PORTS; p++)
		n += take(p);
	return n;
}

static bool
anything_waits(void)
{
	for (uint32_t p = 0; p < LOOP_PORTS; p++)
		if (wire_waiting(&loop.wires[p]) != 0)
			return true;
	return false;
}

uint32_t
loop_idle_round(struct loop *l)
{
	do
		nf_worker_round(l->worker);
	while (anything_waits());
	return take_all();
}

static void
make(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(loop.pool);

		if (m == NULL)
			return;
		if (!wire_offer(&loop.wires[loop_nf.next(m)], m))
			rte_pktmbuf_free(m);
	}
}

static void
rounds(uint64_t step_ns)
{
	while (anything_waits()) {
		pass_time(step_ns);
		nf_worker_round(loop.worker);
	}
}

/* The same, with all but the rounds kept out of the count. */
static void
counted_rounds(uint64_t step_ns)
{
	while (anything_waits()) {
		pass_time(step_ns);
		CALLGRIND_TOGGLE_COLLECT;
		nf_worker_round(loop.worker);
		CALLGRIND_TOGGLE_COLLECT;
		if (loop.variant->after_round != NULL)
			loop.variant->after_round(&loop);
	}
}

static void
phase(uint32_t n, bool measured)
{
	uint64_t step_ns = loop_nf.step_ns(&loop.load) * loop.load.burst * LOOP_PORTS;
	uint64_t begin;

	make(n);
	begin = rte_rdtsc_precise();
	if (measured && loop.count)
		counted_rounds(step_ns);
	else
		rounds(step_ns);
	loop.ticks += rte_rdtsc_precise() - begin;
	if (loop.count && !measured && loop.variant->after_round != NULL)
		loop.variant->after_round(&loop);
	take_all();
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void
run(uint32_t packets)
{
	uint64_t dropped = loop_dropped(&loop), opened;
	double seconds;

	if (loop.variant->resume != NULL)
		loop.variant->resume(&loop);
	for (uint32_t i = 0; i < WARM_PHASES; i++)
		phase(LOOP_PHASE, false);
	loop.ticks = 0;
	opened = n_opened();
	for (uint32_t left = packets; left != 0; left -= RTE_MIN(left, LOOP_PHASE))
		phase(RTE_MIN(left, LOOP_PHASE), true);
	if (loop.variant->pause != NULL)
		loop.variant->pause(&loop);
	seconds = (double)loop.ticks / (double)rte_get_tsc_hz();
	printf("{\"variant\": \"%s\", \"packets\": %u, \"seconds\": %.9f, \"dropped\": %" PRIu64
	       ", \"opened\": %" PRIu64 ", \"digest\": \"%016" PRIx64 "\"}\n",
	       loop.variant->name, packets, seconds, loop_dropped(&loop) - dropped,
	       n_opened() - opened, loop.digest);
	fflush(stdout);
}

/* Questions of the NF before it knows its neighbours. */
static void
settle(void)
{
	for (uint32_t i = 0; i < SETTLE_ROUNDS; i++) {
		pass_time(SETTLE_NS);
		loop_idle_round(&loop);
	}
}

static bool
is_filled(void)
{
	return loop_nf.filled == NULL || loop_nf.filled();
}

/* A flow takes a few packets to open; an NF that drops them would never have all open. */
static int
fill(void)
{
	uint64_t left = FILL_PACKETS * (uint64_t)loop.load.sessions / LOOP_PHASE + FILL_PHASES;

	for (; left != 0 && !is_filled(); left--)
		phase(LOOP_PHASE, false);
	return is_filled() ? 0 : -ETIMEDOUT;
}

static int
serve(uint32_t packets)
{
	char line[64];
	int error;

	settle();
	error = fill();
	if (error == 0)
		error = loop.variant->start(&loop);
	if (error != 0) {
		fprintf(stderr, "%s: %s\n", loop.variant->name, strerror(-error));
		return error;
	}
	printf("ready\n");
	fflush(stdout);
	if (loop.count)
		CALLGRIND_START_INSTRUMENTATION;
	while (fgets(line, sizeof(line), stdin) != NULL)
		run(packets);
	loop.variant->stop(&loop);
	return 0;
}

/* ---- set-up -------------------------------------------------------------------------------------- */

static int
start_eal(const struct options *o)
{
	static char words[][24] = {"loop",
				   "--no-pci",
				   "--no-shconf",
				   "--no-telemetry",
				   "--log-level=error",
				   "--lcores=0@0",
				   "--vdev=net_null0",
				   "--vdev=net_null1",
				   "--vdev=net_null2",
				   "-m",
				   "",
				   ""};
	char *argv[RTE_DIM(words)];
	uint64_t mb = MIN_MEMORY_MB + (loop_nf.memory(&o->load) >> 20) +
		      ((uint64_t)POOL_SIZE * (MBUF_ROOM + 512u) >> 20);

	_Static_assert(LOOP_PORTS + 1 == 3, "one device a wire");
	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	snprintf(words[RTE_DIM(words) - 2], sizeof(words[0]), "%" PRIu64, mb);
	snprintf(words[RTE_DIM(words) - 1], sizeof(words[0]), "%s",
		 o->huge ? "--in-memory" : "--no-huge");
	if (rte_eal_init(RTE_DIM(words), argv) < 0 || nf_meta_register() != 0) {
		fprintf(stderr, "EAL: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	return 0;
}

static int
open_wires(bool driver)
{
	loop.pool = nf_pool_make("loop", POOL_SIZE, POOL_CACHE, MBUF_ROOM + RTE_PKTMBUF_HEADROOM);
	if (loop.pool == NULL)
		return -rte_errno;
	for (uint16_t p = 0; p <= LOOP_PORTS; p++) {
		int error = wire_open(&loop.wires[p], p, loop.load.burst, driver, loop.pool);

		if (error != 0)
			return error;
	}
	return 0;
}

static int
set_up(const struct options *o)
{
	int error;

	loop.load = o->load;
	loop.count = o->count;
	error = open_wires(o->driver);
	if (error != 0) {
		fprintf(stderr, "ports: %s\n", rte_strerror(-error));
		return error;
	}
	/* A clock whose rate is zero stands where pass_time() puts it. */
	atomic_store(&loop.clock.base_ns, UINT64_C(1000000000));
	return loop_open(&loop);
}

/* ---- options ---------------------------------------------------------------------------------------- */

static bool
take_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || end == text || value < min || value > max)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool
find_variant(const char *name)
{
	for (const struct loop_variant *v = loop_variants; v->name != NULL; v++)
		if (strcmp(v->name, name) == 0)
			loop.variant = v;
	return loop.variant != NULL;
}

static bool
take_option(struct options *o, int c, const char *text)
{
	uint32_t burst;

	switch (c) {
	case 'v':
		return find_variant(text);
	case 's':
		return take_number(text, 256, 16u << 20, &o->load.sessions);
	case 'c':
		return take_number(text, 0, 1u << 20, &o->load.change);
	case 'i':
		return take_number(text, 0, 100, &o->load.inbound);
	case 'p':
		return take_number(text, 1, 1u << 30, &o->packets);
	case 'b':
		if (!take_number(text, 1, NF_BURST, &burst))
			return false;
		o->load.burst = (uint16_t)burst;
		return true;
	case 'n':
		o->load.only_new = true;
		return true;
	case 'k':
		o->count = true;
		return true;
	case 'h':
		o->huge = true;
		return true;
	case 'd':
		o->driver = true;
		return true;
	}
	return false;
}

static bool
parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"variant", required_argument, NULL, 'v'},
		{"sessions", required_argument, NULL, 's'},
		{"change", required_argument, NULL, 'c'},
		{"inbound", required_argument, NULL, 'i'},
		{"packets", required_argument, NULL, 'p'},
		{"burst", required_argument, NULL, 'b'},
		{"only-new", no_argument, NULL, 'n'},
		{"count", no_argument, NULL, 'k'},
		{"huge", no_argument, NULL, 'h'},
		{"driver", no_argument, NULL, 'd'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (!take_option(o, c, optarg))
			return false;
	return optind == argc && loop.variant != NULL;
}

int
main(int argc, char **argv)
{
	struct options options = {
		.packets = 1u << 20,
		.load = {.sessions = 1000, .change = 32, .inbound = 50, .burst = NF_BURST},
	};
	int error;

	if (!parse(&options, argc, argv)) {
		fprintf(stderr, "usage: see bench/micro --help; variants here:");
		for (const struct loop_variant *v = loop_variants; v->name != NULL; v++)
			fprintf(stderr, " %s", v->name);
		fprintf(stderr, "\n");
		return 2;
	}
	if (start_eal(&options) != 0)
		return EXIT_FAILURE;
	error = set_up(&options);
	if (error == 0) {
		error = serve(options.packets);
		loop_close(&loop);
	}
	rte_eal_cleanup();
	return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
