/* SPDX-License-Identifier: Apache-2.0 */
/* slim-pppoe: tells the program (program.h) what of it is a concentrator; the logic is elsewhere. */
#include <errno.h>
#include <stdio.h>

#include "commands.h"
#include "config.h"
#include "counters.h"
#include "decide.h"
#include "pppoe.h"
#include "program.h"
#include "round.h"

static struct pppoe_config config;

static int
load(const char *path, struct nf_loaded *ret, char error[NF_CONFIG_ERROR_SIZE])
{
	int result = pppoe_config_load(path, &config, error);

	if (result != 0)
		return result;
	/* A device finds the bucket of a client in what is sent to it. What comes from it shows the bucket in the last octet
	 * of its MAC address, of which no device makes a hash: workers give it to each other. */
	*ret = (struct nf_loaded){
		.settings = &config.frame,
		.spreads = {[PPPOE_CORE] = {{.field = NF_SPREAD_IPV4_DESTINATION},
					    {.field = NF_SPREAD_IPV6_DESTINATION, .shift = 64}}},
		.n_kept = NF_MAX_ASKED * NF_MAX_WAITING + NF_BURST,
	};
	pppoe_config_identity(&config, ret->identity);
	return 0;
}

static int
init(void *pppoe, uint64_t seed)
{
	return pppoe_init(pppoe, &config, seed);
}

/* RADIUS begins once; the secrets file is read each time. */
static int
open_files(void *nf)
{
	struct pppoe *pppoe = nf;
	int error = pppoe->decide == NULL ? pppoe_decide_open(pppoe) : 0;

	if (error != 0)
		return error;
	if (pppoe_refill(pppoe) != 0) {
		fprintf(stderr, "no random octets for the secret of cookies\n");
		return -EIO;
	}
	return pppoe_decide_files(pppoe);
}

/* Questions of workers are answered here, not written. */
static uint32_t
write_files(void *pppoe)
{
	pppoe_refill(pppoe);
	return pppoe_decide_round(pppoe);
}

static void
job_done(void *pppoe, uint16_t worker, const struct nf_job *job)
{
	pppoe_decide_job_done(pppoe, worker, job);
}

static int
create_tables(void *pppoe, struct slim_agent *agent)
{
	return pppoe_create_tables(pppoe, agent);
}

static int
init_worker(void *self, void *nf, struct nf_worker *worker)
{
	pppoe_decide_join(nf, worker);
	return pppoe_worker_init(self, nf, worker);
}

static void
fini_worker(void *self)
{
	pppoe_worker_fini(self);
}

static void
fini(void *pppoe)
{
	pppoe_decide_close(pppoe);
	pppoe_fini(pppoe);
}

int
main(int argc, char **argv)
{
	static const struct nf_program program = {
		.kind = "slim-pppoe",
		.help = "a PPPoE access concentrator whose sessions can move",
		.telemetry = "/slim/pppoe/counters",
		.sizes = "capacity",
		.counters = pppoe_counter_names,
		.n_counters = PPPOE_N_COUNTERS,
		.commands = pppoe_commands,
		.workspace_size = sizeof(union pppoe_workspace),
		.nf_size = sizeof(struct pppoe),
		.worker_size = sizeof(struct pppoe_worker),
		.load = load,
		.init = init,
		.open_files = open_files,
		.write_files = write_files,
		.job_done = job_done,
		.create_tables = create_tables,
		.init_worker = init_worker,
		.fini_worker = fini_worker,
		.fini = fini,
	};

	return nf_program_run(&program, argc, argv);
}
