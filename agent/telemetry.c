/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_spinlock.h>
#include <rte_telemetry.h>

static rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;
static struct slim_agent *shown; /* by next_shown; under the lock */

/* ---- one agent --------------------------------------------------------------------- */

static const char *
mode_name(const struct slim_shm_info *info)
{
	static const char *const names[] = {
		[SLIM_GATE_PASS] = "pass",       [SLIM_GATE_CLOSED] = "closed",
		[SLIM_GATE_HOLD] = "hold",       [SLIM_GATE_REDIRECT] = "redirect",
		[SLIM_GATE_RECEIVE] = "receive", [SLIM_GATE_SERVE] = "serve",
	};
	uint32_t mode = atomic_load_explicit(&info->workers[0].mode, memory_order_relaxed);

	for (uint32_t w = 1; w < info->n_workers; w++)
		if (atomic_load_explicit(&info->workers[w].mode, memory_order_relaxed) != mode)
			return "changing";
	return mode < RTE_DIM(names) && names[mode] != NULL ? names[mode] : "?";
}

#define SUM(info, member)                                                         \
	({                                                                        \
		uint64_t sum_ = 0;                                                \
                                                                                  \
		for (uint32_t w_ = 0; w_ < (info)->n_workers; w_++)               \
			sum_ += atomic_load_explicit(&(info)->workers[w_].member, \
						     memory_order_relaxed);       \
		sum_;                                                             \
	})

static void
show_table(const struct slim_shm_info *info, uint32_t t, struct rte_tel_data *data)
{
	const struct slim_shm_table *table = &info->tables[t];
	char name[SLIM_NAME_SIZE + 16];

	snprintf(name, sizeof(name), "%s/capacity", table->name);
	rte_tel_data_add_dict_u64(data, name, table->capacity);
	snprintf(name, sizeof(name), "%s/used", table->name);
	/* Single workers may be below 0; the sum is right modulo 2^32. */
	rte_tel_data_add_dict_u64(data, name, (uint32_t)SUM(info, used[t]));
	snprintf(name, sizeof(name), "%s/writes", table->name);
	rte_tel_data_add_dict_u64(data, name, SUM(info, writes[t]));
}

static void
show_info(const struct slim_shm_info *info, struct rte_tel_data *data)
{
	rte_tel_data_start_dict(data);
	rte_tel_data_add_dict_string(data, "instance", info->name);
	rte_tel_data_add_dict_string(data, "service", info->service);
	rte_tel_data_add_dict_string(data, "kind", info->kind);
	rte_tel_data_add_dict_string(data, "version", info->nf_version);
	rte_tel_data_add_dict_string(data, "mode", mode_name(info));
	rte_tel_data_add_dict_u64(data, "workers", info->n_workers);
	for (uint32_t t = 0; t < info->n_tables; t++)
		show_table(info, t, data);
#define X(name, text) rte_tel_data_add_dict_u64(data, #name, SUM(info, counters.name));
	SLIM_GATE_COUNTERS(X)
#undef X
}

/* ---- commands, telemetry thread ------------------------------------------------------------ */

static int
list_agents(const char *command, const char *params, struct rte_tel_data *data)
{
	(void)command;
	(void)params;
	rte_tel_data_start_array(data, RTE_TEL_STRING_VAL);
	rte_spinlock_lock(&lock);
	for (const struct slim_agent *a = shown; a != NULL; a = a->next_shown)
		rte_tel_data_add_array_string(data, a->name);
	rte_spinlock_unlock(&lock);
	return 0;
}

/* NULL: there is none of this name, or no name and not exactly one. */
static const struct slim_agent *
find(const char *name)
{
	const struct slim_agent *a = shown;

	if (name == NULL || name[0] == '\0')
		return a != NULL && a->next_shown == NULL ? a : NULL;
	while (a != NULL && strcmp(a->name, name) != 0)
		a = a->next_shown;
	return a;
}

static int
show_agent(const char *command, const char *params, struct rte_tel_data *data)
{
	const struct slim_agent *agent;

	(void)command;
	rte_spinlock_lock(&lock);
	agent = find(params);
	if (agent != NULL)
		show_info(agent->info, data);
	rte_spinlock_unlock(&lock);
	return agent != NULL ? 0 : -ENOENT;
}

/* ---- main thread ------------------------------------------------------------------------------ */

/* DPDK keeps commands for the life of the process. Where telemetry is off nobody asks. */
static void
register_commands(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	rte_telemetry_register_cmd("/slim/list", list_agents,
				   "Instances of this process that slim can move.");
	rte_telemetry_register_cmd("/slim/agent", show_agent,
				   "One instance: mode, tables, counters of its gate. "
				   "Parameter: its name, if there are several.");
}

void
slim_telemetry_add(struct slim_agent *agent)
{
	register_commands();
	rte_spinlock_lock(&lock);
	agent->next_shown = shown;
	shown = agent;
	rte_spinlock_unlock(&lock);
}

void
slim_telemetry_remove(struct slim_agent *agent)
{
	struct slim_agent **at = &shown;

	rte_spinlock_lock(&lock);
	while (*at != NULL && *at != agent)
		at = &(*at)->next_shown;
	if (*at != NULL)
		*at = agent->next_shown;
	rte_spinlock_unlock(&lock);
}
