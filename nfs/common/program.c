/* SPDX-License-Identifier: Apache-2.0 */
/* Wires configuration, ports, agent and workers; see program.h. */
#include "program.h"

#include <errno.h>
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
#include "control.h"
#include "port.h"
#include "show.h"
#include "slim_version.h"
#include "table_memory.h"

#define MAIN_LOOP_NS 2000000L /* between two rounds of the main loop */
#define ROUNDS_PER_WATCH 50u  /* of which one looks at links and clock */

enum { EXIT_USAGE = 2 };

struct run {
	const struct nf_program *program;
	struct nf_loaded loaded;
	const struct nf_settings *settings; /* of what is loaded */
	void *nf;
	uint8_t *selves; /* of workers, one after the other */
	struct nf_clock clock;
	struct nf_port ports[NF_MAX_SIDES];
	struct rte_mempool *pool;
	struct slim_agent *agent;
	struct nf_control *control;
	struct nf_running running;
	struct nf_loop loops[SLIM_MAX_WORKERS];
};

static _Atomic bool stop;
static _Atomic bool hangup;
static struct run run; /* telemetry calls back without a context */

static void
handle_signal(int signal)
{
	atomic_store_explicit(signal == SIGHUP ? &hangup : &stop, true, memory_order_relaxed);
}

/* ---- counters ---------------------------------------------------------------------------------- */

static int
show_counters(const char *command, const char *params, struct rte_tel_data *data)
{
	(void)command;
	(void)params;
	rte_tel_data_start_dict(data);
	for (unsigned int c = 0; c < run.program->n_counters; c++)
		rte_tel_data_add_dict_u64(data, nf_counter_name(&run.running, c)->name,
					  nf_counter_sum(&run.running, c));
	return 0;
}

static void
print_counters(const struct run *r)
{
	for (unsigned int c = 0; c < r->program->n_counters; c++) {
		const struct nf_counter_name *name = nf_counter_name(&r->running, c);
		uint64_t sum = nf_counter_sum(&r->running, c);

		if (sum != 0)
			printf("%-20s %12" PRIu64 "  %s\n", name->name, sum, name->text);
	}
}

/* ---- set-up --------------------------------------------------------------------------------------- */

static int
init_nf(struct run *r)
{
	const struct nf_program *program = r->program;

	r->nf = rte_zmalloc("nf", program->nf_size, RTE_CACHE_LINE_SIZE);
	r->selves = rte_zmalloc("nf", r->settings->n_workers * program->worker_size,
				RTE_CACHE_LINE_SIZE);
	return r->nf == NULL || r->selves == NULL ? -ENOMEM : program->init(r->nf, rte_rand());
}

static void *
self_of(struct run *r, uint16_t worker)
{
	return r->selves + worker * r->program->worker_size;
}

static void
fini_nf(struct run *r)
{
	for (uint16_t w = 0; w < r->settings->n_workers; w++)
		if (r->selves != NULL && r->program->fini_worker != NULL)
			r->program->fini_worker(self_of(r, w));
	if (r->nf != NULL)
		r->program->fini(r->nf);
}

static int
open_ports(struct run *r)
{
	const struct nf_settings *settings = r->settings;
	uint16_t max_mtu = 0;

	for (uint8_t s = 0; s < settings->n_sides; s++)
		max_mtu = RTE_MAX(max_mtu, settings->sides[s].mtu);
	r->pool = nf_pool_create("packets", settings->n_sides, settings->n_workers,
				 settings->hold_capacity, r->loaded.n_kept, max_mtu);
	if (r->pool == NULL)
		return -1;
	for (uint8_t s = 0; s < settings->n_sides; s++) {
		r->ports[s].name = settings->sides[s].name;
		r->ports[s].port_id = settings->sides[s].port_id;
		r->ports[s].mac = settings->sides[s].mac;
		r->ports[s].mtu = settings->sides[s].mtu;
		memcpy(r->ports[s].spreads, r->loaded.spreads[s], sizeof(r->ports[s].spreads));
		if (nf_port_open(&r->ports[s], settings->n_workers, r->pool) != 0)
			return -1;
	}
	return 0;
}

static int
create_agent(struct run *r, bool active)
{
	const struct nf_settings *settings = r->settings;
	struct slim_port_config ports[NF_MAX_SIDES];
	struct slim_agent_config agent_config = {
		.name = settings->instance,
		.service = settings->service,
		.kind = r->program->kind,
		.version = SLIM_VERSION,
		.identity = r->loaded.identity,
		.socket = settings->agent_socket[0] != '\0' ? settings->agent_socket : NULL,
		.active = active,
		.n_workers = settings->n_workers,
		.n_ports = settings->n_sides,
		.ports = ports,
		.hold_capacity = settings->hold_capacity,
		.frame_pool = r->pool,
		.socket_id = SOCKET_ID_ANY,
	};
	int error;

	for (uint8_t s = 0; s < settings->n_sides; s++)
		ports[s] = (struct slim_port_config){
			.name = r->ports[s].name,
			.port_id = r->ports[s].port_id,
			.n_rx_queues = r->ports[s].n_rx_queues,
		};
	error = slim_agent_create(&agent_config, &r->agent);
	if (error == 0)
		error = r->program->create_tables(r->nf, r->agent);
	if (error == 0)
		error = slim_agent_start(r->agent);
	if (error != 0)
		fprintf(stderr, "agent: %s\n", strerror(-error));
	return error;
}

static int
create_workers(struct run *r)
{
	const struct nf_settings *settings = r->settings;
	struct nf_worker *workers;
	uint16_t port_ids[NF_MAX_SIDES], n = settings->n_workers;

	for (uint8_t s = 0; s < settings->n_sides; s++)
		port_ids[s] = r->ports[s].port_id;
	workers = rte_zmalloc("workers", n * sizeof(*workers), RTE_CACHE_LINE_SIZE);
	if (workers == NULL || nf_meta_register() != 0)
		return -1;
	r->running = (struct nf_running){
		.workers = workers,
		.n_workers = n,
		.counters = r->program->counters,
		.n_counters = r->program->n_counters,
	};
	for (uint16_t w = 0; w < n; w++) {
		if (nf_worker_init(workers, w, n, port_ids, settings->n_sides, r->pool) != 0)
			return -1;
		workers[w].agent = slim_agent_worker(r->agent, w);
		workers[w].clock = &r->clock;
		for (uint8_t s = 0; s < settings->n_sides; s++)
			workers[w].vlans[s] = settings->sides[s].vlan;
		if (r->program->init_worker(self_of(r, w), r->nf, &workers[w]) != 0)
			return -1;
		r->loops[w] = (struct nf_loop){
			.worker = &workers[w],
			.stop = &stop,
			.spin = settings->spin,
			.sleep_ns = settings->sleep_ns,
		};
	}
	return 0;
}

static int
open_control(struct run *r)
{
	const char *path = r->settings->control_socket;
	struct nf_control_config config = {
		.path = path,
		.commands = r->program->commands,
		.nf = r->nf,
		.running = &r->running,
		.n_workers = r->settings->n_workers,
		.workspace_size = r->program->workspace_size,
		.job_done = r->program->job_done,
	};
	int error;

	if (path[0] == '\0')
		return 0;
	for (uint16_t w = 0; w < config.n_workers; w++)
		config.mailboxes[w] = r->running.workers[w].mailbox;
	error = nf_control_open(&config, &r->control);
	if (error != 0)
		fprintf(stderr, "%s: %s\n", path, strerror(-error));
	return error;
}

static int
set_up(struct run *r, bool active)
{
	nf_clock_init(&r->clock);
	if (init_nf(r) != 0) {
		fprintf(stderr,
			"tables: no memory: give the EAL more with -m or --socket-mem, or lower "
			"%s\n",
			r->program->sizes);
		return -1;
	}
	if (r->program->open_files != NULL && r->program->open_files(r->nf) != 0)
		return -1;
	if (open_ports(r) != 0 || create_agent(r, active) != 0)
		return -1;
	if (create_workers(r) != 0) {
		fprintf(stderr, "workers: no memory\n");
		return -1;
	}
	if (r->program->commands != NULL && open_control(r) != 0)
		return -1;
	/* Refused with --no-telemetry, and that is fine. */
	rte_telemetry_register_cmd(r->program->telemetry, show_counters,
				   "Counters, summed over workers.");
	return 0;
}

static void
tear_down(struct run *r)
{
	nf_control_close(r->control);
	for (uint16_t w = 0; w < r->running.n_workers; w++)
		nf_worker_fini(&r->running.workers[w]);
	for (uint8_t s = 0; s < r->settings->n_sides; s++)
		if (r->ports[s].name != NULL)
			nf_port_close(&r->ports[s]);
	slim_agent_destroy(r->agent);
	fini_nf(r);
	rte_eal_cleanup();
}

/* ---- running ------------------------------------------------------------------------------------------ */

static void
launch(struct run *r)
{
	unsigned int lcore;
	uint16_t w = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		if (w == r->settings->n_workers)
			break;
		rte_eal_remote_launch(nf_worker_loop, &r->loops[w++], lcore);
	}
}

/* Says once what the agent's connection came to, not at each round. */
static void
poll_agent(struct run *r)
{
	static int last = INT32_MIN;
	int state = slim_agent_poll(r->agent);

	if (state == last)
		return;
	last = state;
	if (state == 1)
		printf("registered with slimd\n");
	else if (state < 0)
		printf("slimd refuses this instance: %s\n", strerror(-state));
	else if (r->settings->agent_socket[0] != '\0')
		printf("waiting for slimd at %s\n", r->settings->agent_socket);
	fflush(stdout);
}

/* Without a control socket nobody else takes what the workers have done. */
static void
take_jobs(struct run *r)
{
	struct nf_job job;

	if (r->control != NULL || r->program->job_done == NULL)
		return;
	for (uint16_t w = 0; w < r->running.n_workers; w++)
		while (nf_mailbox_take(r->running.workers[w].mailbox, &job))
			r->program->job_done(r->nf, w, &job);
}

static void
serve_files(struct run *r)
{
	if (atomic_exchange_explicit(&hangup, false, memory_order_relaxed))
		r->program->open_files(r->nf);
	if (r->program->write_files != NULL)
		r->program->write_files(r->nf);
}

/* Once the workers have ended. */
static void
finish_files(struct run *r)
{
	while (r->program->write_files != NULL && r->program->write_files(r->nf) != 0)
		continue;
}

static void
main_loop(struct run *r)
{
	const struct timespec pause = {.tv_nsec = MAIN_LOOP_NS};

	for (uint32_t round = 0; !atomic_load_explicit(&stop, memory_order_relaxed); round++) {
		poll_agent(r);
		nf_control_poll(r->control, nf_clock_now(&r->clock));
		take_jobs(r);
		serve_files(r);
		if (round % ROUNDS_PER_WATCH == 0) {
			for (uint8_t s = 0; s < r->settings->n_sides; s++)
				nf_port_watch(&r->ports[s]);
			nf_clock_update(&r->clock);
		}
		nanosleep(&pause, NULL);
	}
}

/* Without huge pages the kernel may have made big ones of its own accord. */
static void
tell_memory(void)
{
	FILE *rollup = rte_eal_has_hugepages() ? NULL : fopen("/proc/self/smaps_rollup", "re");
	struct nf_memory memory;

	if (rollup == NULL)
		return;
	if (nf_memory_read(rollup, &memory))
		printf("memory: %lu MB, %lu MB of it in big pages\n", memory.all_mb, memory.big_mb);
	fclose(rollup);
}

static int
serve(struct run *r, const struct nf_args *args)
{
	const struct sigaction action = {.sa_handler = handle_signal};

	/* First of all: who turns the log over does not know that the EAL still starts. */
	if (r->program->open_files != NULL)
		sigaction(SIGHUP, &action, NULL);
	if (nf_eal_start(args, r->settings->n_workers) != 0)
		return EXIT_FAILURE;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (set_up(r, !args->standby) != 0) {
		tear_down(r);
		return EXIT_FAILURE;
	}
	tell_memory();
	printf("%s: %s, %u worker(s)\n", r->settings->instance,
	       args->standby ? "standby" : "active", r->settings->n_workers);
	fflush(stdout);
	launch(r);
	main_loop(r);
	rte_eal_mp_wait_lcore();
	finish_files(r);
	print_counters(r);
	tear_down(r);
	return EXIT_SUCCESS;
}

int
nf_program_run(const struct nf_program *program, int argc, char **argv)
{
	char error[NF_CONFIG_ERROR_SIZE];
	struct nf_args args;

	run.program = program;
	if (nf_args_parse(&args, argc, argv) != 0)
		return EXIT_USAGE;
	if (args.action == NF_ACTION_HELP) {
		nf_args_print_usage(program->kind, program->help);
		return EXIT_SUCCESS;
	}
	if (args.action == NF_ACTION_VERSION) {
		printf("%s %s\n", program->kind, SLIM_VERSION);
		return EXIT_SUCCESS;
	}
	if (program->load(args.config, &run.loaded, error) != 0) {
		fprintf(stderr, "%s\n", error);
		return EXIT_USAGE;
	}
	if (args.action == NF_ACTION_CHECK_CONFIG)
		return EXIT_SUCCESS;
	run.settings = run.loaded.settings;
	return serve(&run, &args);
}
