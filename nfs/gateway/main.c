/* SPDX-License-Identifier: Apache-2.0 */
/* slim-gateway: tells the program (program.h) what of it is a gateway; the logic is elsewhere. */
#include "config.h"
#include "commands.h"
#include "counters.h"
#include "gateway.h"
#include "program.h"
#include "round.h"

static struct gateway_config config;

static int
load(const char *path, struct nf_loaded *ret, char error[NF_CONFIG_ERROR_SIZE])
{
	int result = gateway_config_load(path, &config, error);

	if (result != 0)
		return result;
	*ret = (struct nf_loaded){
		.settings = &config.frame,
		.spreads = {[GATEWAY_ACCESS] = {{.field = NF_SPREAD_TEID}},
			    [GATEWAY_CORE] = {{.field = NF_SPREAD_IPV4_DESTINATION},
					      {.field = NF_SPREAD_IPV6_DESTINATION, .shift = 64}}},
		.n_kept = NF_MAX_ASKED * NF_MAX_WAITING + config.buffer.packets +
			  config.fragments.packets,
	};
	gateway_config_identity(&config, ret->identity);
	return 0;
}

static int
init(void *gateway, uint64_t seed)
{
	return gateway_init(gateway, &config, seed);
}

static int
create_tables(void *gateway, struct slim_agent *agent)
{
	return gateway_create_tables(gateway, agent);
}

static int
init_worker(void *self, void *gateway, struct nf_worker *worker)
{
	return gateway_worker_init(self, gateway, worker);
}

static void
fini_worker(void *self)
{
	gateway_worker_fini(self);
}

static void
fini(void *gateway)
{
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
		.nf_size = sizeof(struct gateway),
		.worker_size = sizeof(struct gateway_worker),
		.load = load,
		.init = init,
		.create_tables = create_tables,
		.init_worker = init_worker,
		.fini_worker = fini_worker,
		.fini = fini,
	};

	return nf_program_run(&program, argc, argv);
}
