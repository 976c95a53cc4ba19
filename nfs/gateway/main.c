/* SPDX-License-Identifier: Apache-2.0 */
/* slim-gateway: tells the program (program.h) what of it is a gateway; the logic is elsewhere. */
#include <errno.h>

#include <rte_malloc.h>

#include "config.h"
#include "commands.h"
#include "counters.h"
#include "gateway.h"
#include "program.h"
#include "round.h"

static struct gateway_config config;
static struct gateway *gateway;
static struct gateway_worker *workers;

static int
load(const char *path, struct nf_settings *ret_settings, char error[NF_CONFIG_ERROR_SIZE])
{
	int result = gateway_config_load(path, &config, error);

	if (result != 0)
		return result;
	*ret_settings = (struct nf_settings){
		.instance = config.instance,
		.service = config.service,
		.agent_socket = config.agent_socket,
		.control_socket = config.control_socket,
		.sides = config.sides,
		.n_sides = GATEWAY_N_SIDES,
		.spreads = {[GATEWAY_ACCESS] = {{.field = NF_SPREAD_TEID}},
			    [GATEWAY_CORE] = {{.field = NF_SPREAD_IPV4_DESTINATION},
					      {.field = NF_SPREAD_IPV6_DESTINATION, .shift = 64}}},
		.n_workers = config.n_workers,
		.hold_capacity = config.hold_capacity,
		.n_kept = NF_MAX_ASKED * NF_MAX_WAITING + config.buffer.packets +
			  config.fragments.packets,
		.spin = config.spin,
		.sleep_ns = config.sleep_ns,
	};
	gateway_config_identity(&config, ret_settings->identity);
	return 0;
}

static int
init(uint64_t seed)
{
	gateway = rte_zmalloc("gateway", sizeof(*gateway), RTE_CACHE_LINE_SIZE);
	workers = rte_zmalloc("gateway", config.n_workers * sizeof(*workers), RTE_CACHE_LINE_SIZE);
	if (gateway == NULL || workers == NULL)
		return -ENOMEM;
	return gateway_init(gateway, &config, seed);
}

static int
create_tables(struct slim_agent *agent)
{
	return gateway_create_tables(gateway, agent);
}

static int
init_worker(struct nf_worker *worker)
{
	return gateway_worker_init(&workers[worker->index], gateway, worker);
}

static void *
nf(void)
{
	return gateway;
}

static void
fini(void)
{
	for (uint16_t w = 0; workers != NULL && w < config.n_workers; w++)
		gateway_worker_fini(&workers[w]);
	if (gateway != NULL)
		gateway_fini(gateway);
}

int
main(int argc, char **argv)
{
	static const struct nf_program program = {
		.kind = "slim-gateway",
		.help = "a mobile gateway's user plane (GTP-U) whose state can move",
		.telemetry = "/slim/gateway/counters",
		.sizes = "capacity",
		.counters = gateway_counter_names,
		.n_counters = GATEWAY_N_COUNTERS,
		.commands = gateway_commands,
		.workspace_size = sizeof(struct nf_watch),
		.load = load,
		.init = init,
		.create_tables = create_tables,
		.init_worker = init_worker,
		.nf = nf,
		.fini = fini,
	};

	return nf_program_run(&program, argc, argv);
}
