/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network function of which each packet is carried to the other instance, too, while its tables are copied (carried.h). It
 * is the delivered one, linked with this file in front of nf_program_run() (--wrap): one table and some counters more,
 * and a look at each burst before the NF has it.
 */
#include "duplicate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carried.h"
#include "program.h"

int __real_nf_program_run(const struct nf_program *program, int argc, char **argv);
int __wrap_nf_program_run(const struct nf_program *program, int argc, char **argv);

/* In the order of enum carried_counter. */
static const struct nf_counter_name carried_names[CARRIED_N_COUNTERS] = {
	[CARRIED_packets] = {"carried_packets", "packets carried to the other instance, too"},
	[CARRIED_octets] = {"carried_octets", "octets of their frames"},
	[CARRIED_rows] = {"carried_rows", "rows into which they were cut"},
	[CARRIED_arrived] = {"carried_arrived", "such rows that arrived here"},
};

static const struct nf_program *alone; /* the NF without what is here */
static const struct nf_ops *ops_alone;
static struct nf_ops ops;

/* As it came in, on its port or at the worker that had it from there; `kind` 1 of both NFs. */
static void
carry(struct nf_worker *nf, uint16_t port, struct rte_mbuf *m)
{
	int bucket;

	if (port == NF_HANDED) {
		if (nf_meta(m)->kind != 1)
			return;
		port = nf_meta(m)->port;
	}
	bucket = duplicate_bucket(nf, m, (uint8_t)port);
	if (bucket != DUPLICATE_NO_BUCKET)
		carried_put(nf, m, (uint8_t)bucket, (uint8_t)port);
}

static void
burst(struct nf_worker *nf, uint16_t port, struct rte_mbuf **pkts, uint16_t n)
{
	if (unlikely(carried_is_wanted(nf)))
		for (uint16_t i = 0; i < n; i++)
			carry(nf, port, pkts[i]);
	ops_alone->burst(nf, port, pkts, n);
}

static void
tick(struct nf_worker *nf)
{
	carried_tick(nf);
	ops_alone->tick(nf);
}

static int
create_tables(void *nf, struct slim_agent *agent)
{
	int error = alone->create_tables(nf, agent);

	return error == 0 ? carried_create(agent, alone->n_counters) : error;
}

static int
init_worker(void *self, void *nf, struct nf_worker *worker)
{
	int error = alone->init_worker(self, nf, worker);

	if (error != 0)
		return error;
	ops_alone = worker->ops;
	ops = *worker->ops;
	ops.burst = burst;
	ops.tick = tick;
	worker->ops = &ops;
	carried_worker_init(worker);
	return 0;
}

/* Another kind, so that it is never moved to the delivered one. */
int
__wrap_nf_program_run(const struct nf_program *program, int argc, char **argv)
{
	static struct nf_counter_name names[NF_MAX_COUNTERS - NF_N_COUNTERS];
	unsigned int n = program->n_counters - NF_N_COUNTERS;
	struct nf_program together = *program;
	char kind[SLIM_NAME_SIZE];

	if (n + CARRIED_N_COUNTERS > RTE_DIM(names)) {
		fprintf(stderr, "%s: no room for more counters\n", program->kind);
		return EXIT_FAILURE;
	}
	memcpy(names, program->counters, n * sizeof(names[0]));
	memcpy(names + n, carried_names, sizeof(carried_names));
	snprintf(kind, sizeof(kind), "%s-duplicate", program->kind);
	alone = program;
	together.kind = kind;
	together.counters = names;
	together.n_counters += CARRIED_N_COUNTERS;
	together.create_tables = create_tables;
	together.init_worker = init_worker;
	return __real_nf_program_run(&together, argc, argv);
}
