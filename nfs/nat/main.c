/* SPDX-License-Identifier: Apache-2.0 */
/* slim-nat: tells the program (program.h) what of it is a NAT; the logic is elsewhere. */
#include <time.h>

#include "commands.h"
#include "config.h"
#include "counters.h"
#include "nat.h"
#include "port_rule.h"
#include "program.h"
#include "round.h"

static struct nat_config config;

static int
load(const char *path, struct nf_loaded *ret, char error[NF_CONFIG_ERROR_SIZE])
{
	int result = nat_config_load(path, &config, error);

	if (result != 0)
		return result;
	nat_config_warn(&config);
	*ret = (struct nf_loaded){
		.settings = &config.frame,
		.spreads = {[NAT_INSIDE] = {{.field = NF_SPREAD_IPV4_SOURCE}},
			    [NAT_OUTSIDE] = {{.field = NF_SPREAD_IPV4_PORT,
					      .shift = nat_port_rule_of(config.ports_per_block)
							       .block_shift}}},
		.n_kept = NF_MAX_ASKED * NF_MAX_WAITING + config.fragments_waiting +
			  (config.answer_unsolicited ? NAT_UNSOLICITED_MAX : 0),
	};
	nat_config_identity(&config, ret->identity);
	return 0;
}

static int
init(void *nat, uint64_t seed)
{
	return nat_init(nat, &config, seed);
}

static int
open_files(void *nf)
{
	struct nat *nat = nf;

	return nat_log_open(&nat->log);
}

static uint64_t
read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static uint32_t
write_files(void *nf)
{
	struct nat *nat = nf;

	return nat_log_write(&nat->log, read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_REALTIME));
}

static int
create_tables(void *nat, struct slim_agent *agent)
{
	return nat_create_tables(nat, agent);
}

static int
init_worker(void *self, void *nat, struct nf_worker *worker)
{
	nat_worker_init(self, nat, worker);
	return 0;
}

static void
fini(void *nat)
{
	nat_fini(nat);
}

int
main(int argc, char **argv)
{
	static const struct nf_program program = {
		.kind = "slim-nat",
		.help = "a NAT for IPv4 (NAPT44) whose state can move",
		.telemetry = "/slim/nat/counters",
		.sizes = "capacity or the number of pool addresses",
		.counters = nat_counter_names,
		.n_counters = NAT_N_COUNTERS,
		.commands = nat_commands,
		.workspace_size = sizeof(union nat_workspace),
		.nf_size = sizeof(struct nat),
		.worker_size = sizeof(struct nat_worker),
		.load = load,
		.init = init,
		.open_files = open_files,
		.write_files = write_files,
		.create_tables = create_tables,
		.init_worker = init_worker,
		.fini = fini,
	};

	return nf_program_run(&program, argc, argv);
}
