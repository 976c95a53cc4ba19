/* SPDX-License-Identifier: Apache-2.0 */
/* slim-nat: wires configuration, ports, agent and workers; the logic is elsewhere. */
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>
#include <rte_telemetry.h>

#include "args.h"
#include "clock.h"
#include "config.h"
#include "counters.h"
#include "nf.h"
#include "pipeline.h"
#include "port.h"
#include "slim.h"

#define MAIN_LOOP_NS 2000000L /* between two rounds of the main loop */
#define ROUNDS_PER_WATCH 50u  /* of which one looks at links and clock */
#define KEPT_PER_WORKER (NF_MAX_ASKED * NF_MAX_WAITING)

enum { EXIT_USAGE = 2 };

struct program {
	struct nat_config config;
	struct nat *nat;
	struct nf_clock clock;
	struct nf_port ports[NAT_N_SIDES];
	struct rte_mempool *pool;
	struct slim_agent *agent;
	struct nf_worker *workers;
	struct nat_worker *nat_workers;
	struct nf_loop loops[SLIM_MAX_WORKERS];
};

static _Atomic bool stop;
static struct program program; /* telemetry calls back without a context */

static void
handle_signal(int signal)
{
	(void)signal;
	atomic_store_explicit(&stop, true, memory_order_relaxed);
}

/* ---- counters ---------------------------------------------------------------------------------- */

static uint64_t
counter_sum(const struct program *p, unsigned int counter)
{
	uint64_t sum = 0;

	for (uint16_t w = 0; w < p->config.n_workers; w++)
		sum += __atomic_load_n(&p->workers[w].counters[counter], __ATOMIC_RELAXED);
	return sum;
}

static const struct nf_counter_name *
counter_name(unsigned int counter)
{
	return counter < NF_N_COUNTERS ? &nf_counter_names[counter]
				       : &nat_counter_names[counter - NF_N_COUNTERS];
}

static int
show_counters(const char *command, const char *params, struct rte_tel_data *data)
{
	(void)command;
	(void)params;
	rte_tel_data_start_dict(data);
	for (unsigned int c = 0; c < NAT_N_COUNTERS; c++)
		rte_tel_data_add_dict_u64(data, counter_name(c)->name, counter_sum(&program, c));
	return 0;
}

static void
print_counters(const struct program *p)
{
	for (unsigned int c = 0; c < NAT_N_COUNTERS; c++) {
		uint64_t sum = counter_sum(p, c);

		if (sum != 0)
			printf("%-20s %12" PRIu64 "  %s\n", counter_name(c)->name, sum,
			       counter_name(c)->text);
	}
}

/* ---- set-up --------------------------------------------------------------------------------------- */

static int
open_ports(struct program *p)
{
	const struct nat_config *config = &p->config;

	p->pool = nf_pool_create("nat_packets", NAT_N_SIDES, config->n_workers,
				 config->hold_capacity, KEPT_PER_WORKER);
	if (p->pool == NULL)
		return -1;
	for (int s = 0; s < NAT_N_SIDES; s++) {
		p->ports[s].name = config->sides[s].name;
		p->ports[s].port_id = config->sides[s].port_id;
		p->ports[s].mac = config->sides[s].mac;
		if (nf_port_open(&p->ports[s], config->n_workers, p->pool) != 0)
			return -1;
	}
	return 0;
}

static int
create_agent(struct program *p, bool active)
{
	const struct nat_config *config = &p->config;
	struct slim_port_config ports[NAT_N_SIDES];
	char identity[SLIM_IDENTITY_SIZE];
	struct slim_agent_config agent_config = {
		.name = config->instance,
		.service = config->service,
		.kind = "slim-nat",
		.version = SLIM_VERSION,
		.identity = identity,
		.socket = config->agent_socket[0] != '\0' ? config->agent_socket : NULL,
		.active = active,
		.n_workers = config->n_workers,
		.n_ports = NAT_N_SIDES,
		.ports = ports,
		.bucket_worker = p->nat->bucket_worker,
		.hold_capacity = config->hold_capacity,
		.frame_pool = p->pool,
		.socket_id = SOCKET_ID_ANY,
	};
	int error;

	nat_config_identity(config, identity);
	for (int s = 0; s < NAT_N_SIDES; s++)
		ports[s] = (struct slim_port_config){
			.name = p->ports[s].name,
			.port_id = p->ports[s].port_id,
			.n_rx_queues = p->ports[s].n_rx_queues,
		};
	error = slim_agent_create(&agent_config, &p->agent);
	if (error == 0)
		error = nat_create_tables(p->nat, p->agent);
	if (error == 0)
		error = slim_agent_start(p->agent);
	if (error != 0)
		fprintf(stderr, "agent: %s\n", strerror(-error));
	return error;
}

static int
create_workers(struct program *p)
{
	uint16_t n = p->config.n_workers;
	uint16_t port_ids[NAT_N_SIDES] = {p->ports[NAT_INSIDE].port_id,
					  p->ports[NAT_OUTSIDE].port_id};

	p->workers = rte_zmalloc("workers", n * sizeof(*p->workers), RTE_CACHE_LINE_SIZE);
	p->nat_workers = rte_zmalloc("workers", n * sizeof(*p->nat_workers), RTE_CACHE_LINE_SIZE);
	if (p->workers == NULL || p->nat_workers == NULL || nf_meta_register() != 0)
		return -1;
	for (uint16_t w = 0; w < n; w++) {
		if (nf_worker_init(p->workers, w, n, port_ids, NAT_N_SIDES, p->pool) != 0)
			return -1;
		p->workers[w].agent = slim_agent_worker(p->agent, w);
		p->workers[w].clock = &p->clock;
		nat_worker_init(&p->nat_workers[w], p->nat, &p->workers[w]);
		p->loops[w] = (struct nf_loop){
			.worker = &p->workers[w],
			.stop = &stop,
			.spin = p->config.spin,
			.sleep_ns = p->config.sleep_ns,
		};
	}
	return 0;
}

static int
set_up(struct program *p, bool active)
{
	nf_clock_init(&p->clock);
	p->nat = rte_zmalloc("nat", sizeof(*p->nat), RTE_CACHE_LINE_SIZE);
	if (p->nat == NULL || nat_init(p->nat, &p->config, rte_rand()) != 0) {
		fprintf(stderr,
			"tables: no memory: give the EAL more with -m or --socket-mem, or lower "
			"capacity or the number of pool addresses\n");
		return -1;
	}
	if (open_ports(p) != 0 || create_agent(p, active) != 0)
		return -1;
	if (create_workers(p) != 0) {
		fprintf(stderr, "workers: no memory\n");
		return -1;
	}
	/* Refused with --no-telemetry, and that is fine. */
	rte_telemetry_register_cmd("/slim/nat/counters", show_counters,
				   "Counters of slim-nat, summed over workers.");
	return 0;
}

static void
tear_down(struct program *p)
{
	for (uint16_t w = 0; p->workers != NULL && w < p->config.n_workers; w++)
		nf_worker_fini(&p->workers[w]);
	for (int s = 0; s < NAT_N_SIDES; s++)
		if (p->ports[s].name != NULL)
			nf_port_close(&p->ports[s]);
	slim_agent_destroy(p->agent);
	if (p->nat != NULL)
		nat_fini(p->nat);
	rte_eal_cleanup();
}

/* ---- running ------------------------------------------------------------------------------------------ */

static void
launch(struct program *p)
{
	unsigned int lcore;
	uint16_t w = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		if (w == p->config.n_workers)
			break;
		rte_eal_remote_launch(nf_worker_loop, &p->loops[w++], lcore);
	}
}

/* Says once what the agent's connection came to, not at each round. */
static void
poll_agent(struct program *p)
{
	static int last = INT32_MIN;
	int state = slim_agent_poll(p->agent);

	if (state == last)
		return;
	last = state;
	if (state == 1)
		printf("registered with slimd\n");
	else if (state < 0)
		printf("slimd refuses this instance: %s\n", strerror(-state));
	else if (p->config.agent_socket[0] != '\0')
		printf("waiting for slimd at %s\n", p->config.agent_socket);
	fflush(stdout);
}

static void
main_loop(struct program *p)
{
	const struct timespec pause = {.tv_nsec = MAIN_LOOP_NS};

	for (uint32_t round = 0; !atomic_load_explicit(&stop, memory_order_relaxed); round++) {
		poll_agent(p);
		if (round % ROUNDS_PER_WATCH == 0) {
			for (int s = 0; s < NAT_N_SIDES; s++)
				nf_port_watch(&p->ports[s]);
			nf_clock_update(&p->clock);
		}
		nanosleep(&pause, NULL);
	}
}

static int
run(struct program *p, const struct nf_args *args)
{
	const struct sigaction action = {.sa_handler = handle_signal};

	if (nf_eal_start(args, p->config.n_workers) != 0)
		return EXIT_FAILURE;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (set_up(p, !args->standby) != 0) {
		tear_down(p);
		return EXIT_FAILURE;
	}
	printf("%s: %s, %u worker(s)\n", p->config.instance, args->standby ? "standby" : "active",
	       p->config.n_workers);
	fflush(stdout);
	launch(p);
	main_loop(p);
	rte_eal_mp_wait_lcore();
	print_counters(p);
	tear_down(p);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	char error[NAT_ERROR_SIZE];
	struct nf_args args;

	if (nf_args_parse(&args, argc, argv) != 0)
		return EXIT_USAGE;
	if (args.action == NF_ACTION_HELP) {
		nf_args_print_usage("slim-nat", "a NAT for IPv4 (NAPT44) whose state can move");
		return EXIT_SUCCESS;
	}
	if (args.action == NF_ACTION_VERSION) {
		printf("slim-nat %s\n", SLIM_VERSION);
		return EXIT_SUCCESS;
	}
	if (nat_config_load(args.config, &program.config, error) != 0) {
		fprintf(stderr, "%s\n", error);
		return EXIT_USAGE;
	}
	nat_config_warn(&program.config);
	if (args.action == NF_ACTION_CHECK_CONFIG)
		return EXIT_SUCCESS;
	return run(&program, &args);
}
