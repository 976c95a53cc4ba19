/* SPDX-License-Identifier: Apache-2.0 */
/* The generator as a whole; see gen.h. One thread, which sleeps when nothing is due. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "clock.h"
#include "command.h"
#include "gen.h"
#include "loop.h"
#include "result.h"

#define POOL_SIZE 8191u
#define POOL_CACHE 256u
#define COMMAND_INTERVAL_NS UINT64_C(1000000)
#define SHORTEST_SLEEP_NS UINT64_C(2000)

struct gen {
	const struct options *options;
	struct loop loop;
	struct command command;
	struct traffic *traffic;
	struct result result;
	unsigned n_started; /* ports */
};

static int
fail(const char *what, int error)
{
	fprintf(stderr, "slim-gen: %s: %s\n", what, strerror(-error));
	return error;
}

/* ---- set-up -------------------------------------------------------------------- */

static int
start_port(struct gen *g, enum traffic_side side)
{
	const char *name = g->options->port_names[side];
	uint16_t id = (uint16_t)side;
	int error = 0;

	if (name != NULL)
		error = rte_eth_dev_get_port_by_name(name, &id);
	else if (!rte_eth_dev_is_valid_port(id))
		error = -ENODEV;
	if (error == 0)
		error = loop_port_start(&g->loop.ports[side], id, (uint16_t)g->options->n_rx_queues,
					g->loop.pool);
	g->n_started += error == 0;
	return error == 0 ? 0
			  : fail(side == TRAFFIC_INSIDE ? "inside port" : "outside port", error);
}

static int
set_up(struct gen *g)
{
	int error;

	g->loop.pool = rte_pktmbuf_pool_create("slim_gen", POOL_SIZE, POOL_CACHE, 0,
					       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (g->loop.pool == NULL)
		return fail("packet buffers", -ENOMEM);
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++) {
		error = start_port(g, side);
		if (error != 0)
			return error;
	}
	g->command.start_ns = g->result.started_ns = clock_now_ns();
	error = traffic_create(&g->options->traffic, g->result.started_ns, &g->traffic);
	if (error != 0)
		return fail("flows", error);
	if (g->options->control != NULL) {
		error = control_open(g->options->control, &g->command.control);
		if (error != 0)
			return fail(g->options->control, error);
	}
	g->result.traffic = g->command.traffic = g->loop.traffic = g->traffic;
	return 0;
}

static void
tear_down(struct gen *g)
{
	for (unsigned side = 0; side < g->n_started; side++)
		rte_eth_dev_stop(g->loop.ports[side].id);
	control_close(g->command.control);
	traffic_destroy(g->traffic);
}

/* ---- main loop -------------------------------------------------------------------- */

/* Until something is due, but never long: packets may arrive at any time. */
static void
nap(const struct gen *g, uint64_t now_ns)
{
	uint64_t due_ns = traffic_next_due(g->traffic);
	uint64_t sleep_ns = g->options->idle_ns;
	struct timespec t = {0};

	if (due_ns < now_ns + sleep_ns)
		sleep_ns = due_ns > now_ns ? due_ns - now_ns : 0;
	if (sleep_ns < SHORTEST_SLEEP_NS)
		return;
	t.tv_nsec = (long)sleep_ns;
	nanosleep(&t, NULL);
}

static bool
is_pending(const struct gen *g)
{
	return g->loop.ports[0].n_pending > 0 || g->loop.ports[1].n_pending > 0;
}

/* An NF's port may be there before its peer: packets sent into a port without a link would
 * only be lost. */
static bool
links_are_up(const struct gen *g)
{
	return loop_port_is_up(&g->loop.ports[0]) && loop_port_is_up(&g->loop.ports[1]);
}

static int
run(struct gen *g, const volatile int *stop)
{
	uint64_t command_ns = 0;
	bool up = false;
	int error = 0;

	while (error == 0 && traffic_phase(g->traffic) != TRAFFIC_DONE) {
		uint64_t now_ns;

		if (up)
			loop_round(&g->loop);
		now_ns = clock_now_ns();
		if (now_ns - command_ns >= COMMAND_INTERVAL_NS) {
			command_ns = now_ns;
			up = up || links_are_up(g);
			error = command_poll(&g->command, now_ns);
			if (*stop != 0)
				traffic_stop(g->traffic, now_ns);
			if (!up)
				traffic_tick(g->traffic, now_ns);
		}
		if (!is_pending(g))
			nap(g, now_ns);
	}
	return error;
}

/* ---- result ------------------------------------------------------------------------- */

static void
fill_result(struct gen *g)
{
	struct timespec unix_time;

	g->result.stopped_ns = clock_now_ns();
	clock_gettime(CLOCK_REALTIME, &unix_time);
	g->result.unix_minus_monotonic_ns = (int64_t)unix_time.tv_sec * 1000000000 +
					    unix_time.tv_nsec - (int64_t)clock_now_ns();
	for (unsigned side = 0; side < TRAFFIC_N_SIDES; side++) {
		const struct loop_port *port = &g->loop.ports[side];
		struct rte_eth_stats stats = {0};

		rte_eth_stats_get(port->id, &stats);
		g->result.ports[side] = (struct result_port){
			.received = stats.ipackets,
			.sent = stats.opackets,
			.missed = stats.imissed,
			.errors = stats.ierrors + stats.oerrors,
			.no_mbuf = stats.rx_nombuf + port->no_mbuf,
			.tx_full = port->tx_full,
		};
	}
}

static int
write_file(const char *path, const struct result *r, int (*write)(const struct result *, FILE *))
{
	FILE *out;
	int error;

	if (path == NULL)
		return 0;
	if (strcmp(path, "-") == 0)
		return write(r, stdout);
	out = fopen(path, "w");
	if (out == NULL)
		return fail(path, -errno);
	error = write(r, out);
	if (fclose(out) != 0 && error == 0)
		error = -errno;
	return error == 0 ? 0 : fail(path, error);
}

static int
write_result(struct gen *g)
{
	const char *usage = traffic_cells(g->traffic) != NULL ? g->options->usage : NULL;
	int error;

	fill_result(g);
	result_print(&g->result, stderr);
	error = write_file(usage, &g->result, result_write_usage);
	return error == 0 ? write_file(g->options->output, &g->result, result_write_json) : error;
}

static bool
is_void(const struct traffic *t)
{
	struct load load = traffic_load(t);

	return load_is_void(&load);
}

int
gen_run(const struct options *options, const volatile int *stop)
{
	struct gen g = {.options = options, .command = {.options = options}};
	int error = set_up(&g);

	if (error == 0) {
		prctl(PR_SET_TIMERSLACK, 1000);
		error = run(&g, stop);
		if (error == -ETIMEDOUT)
			fprintf(stderr,
				"slim-gen: flows are not open in time; phase: %s, open: %u\n",
				traffic_phase_name(traffic_phase(g.traffic)),
				traffic_n_open(g.traffic));
		loop_take_back(&g.loop);
		traffic_finish(g.traffic, clock_now_ns());
		if (error == 0)
			error = write_result(&g);
		command_finish(&g.command, error == 0 ? "done" : "error no result");
		if (error == 0 && is_void(g.traffic))
			error = GEN_VOID;
	}
	tear_down(&g);
	return error;
}
