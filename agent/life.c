/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life of an agent: create, tables, start, poll, destroy. Main thread. All memory is
 * taken here, before a worker runs; nothing is taken later.
 */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mempool.h>
#include <rte_random.h>

#include "device.h"
#include "gate.h"
#include "register.h"
#include "rule.h"
#include "table.h"
#include "telemetry.h"

#define BACKOFF_MIN_NS UINT64_C(100000000)

static struct slim_agent *agents; /* of this process */
static unsigned int next_number;

/* ---- configuration ----------------------------------------------------------- */

static bool
port_is_good(const struct slim_agent_config *config, uint16_t p)
{
	const struct slim_port_config *port = &config->ports[p];

	for (uint16_t q = 0; q < p; q++) {
		if (strcmp(config->ports[q].name, port->name) == 0 ||
		    config->ports[q].port_id == port->port_id)
			return false;
	}
	return port->n_rx_queues >= 1 && port->n_rx_queues <= config->n_workers &&
	       rte_eth_dev_is_valid_port(port->port_id);
}

static bool
ports_are_good(const struct slim_agent_config *config)
{
	if (config->n_ports > SLIM_MAX_PORTS)
		return false;
	if (config->n_ports == 0)
		return true;
	if (config->ports == NULL || config->frame_pool == NULL ||
	    rte_pktmbuf_data_room_size(config->frame_pool) <
		    RTE_PKTMBUF_HEADROOM + SLIM_FRAME_MAX_SIZE)
		return false;
	for (uint16_t p = 0; p < config->n_ports; p++) {
		if (config->ports[p].name == NULL || !slim_rule_name(config->ports[p].name) ||
		    !port_is_good(config, p))
			return false;
	}
	return true;
}

static bool
names_are_good(const struct slim_agent_config *config)
{
	if (config->name == NULL || config->service == NULL || config->kind == NULL ||
	    config->version == NULL || config->identity == NULL)
		return false;
	return slim_rule_name(config->name) && slim_rule_name(config->service) &&
	       slim_rule_name(config->kind) && slim_rule_version(config->version) &&
	       slim_rule_identity(config->identity);
}

/* NULL is no socket; else an absolute or relative path that a socket's address has room for. */
static bool
socket_is_good(const char *path)
{
	size_t room = sizeof(((struct slim_agent *)0)->socket);

	return path == NULL || (path[0] != '\0' && strnlen(path, room) < room);
}

static bool
config_is_good(const struct slim_agent_config *config)
{
	if (!names_are_good(config) || !socket_is_good(config->socket))
		return false;
	if (config->n_workers < 1 || config->n_workers > SLIM_MAX_WORKERS)
		return false;
	for (uint32_t b = 0; config->bucket_worker != NULL && b < SLIM_N_BUCKETS; b++) {
		if (config->bucket_worker[b] >= config->n_workers)
			return false;
	}
	return config->hold_capacity <= SLIM_MAX_CAPACITY && ports_are_good(config);
}

static bool
name_is_taken(const char *name)
{
	for (const struct slim_agent *a = agents; a != NULL; a = a->next) {
		if (strcmp(a->name, name) == 0)
			return true;
	}
	return false;
}

/* ---- create ----------------------------------------------------------------------- */

/* A process number is not enough: in containers every NF may have the same one. */
static uint64_t
choose_instance(void)
{
	uint64_t instance = 0;

	while (instance == 0)
		if (getrandom(&instance, sizeof(instance), 0) != sizeof(instance))
			instance = rte_rand();
	return instance;
}

static void
fill_info(struct slim_agent *agent, const struct slim_agent_config *config)
{
	struct slim_shm_info *info = agent->info;

	info->magic = SLIM_SHM_MAGIC;
	info->version = SLIM_SHM_VERSION;
	info->size = sizeof(*info);
	strcpy(info->name, config->name);
	strcpy(info->service, config->service);
	strcpy(info->kind, config->kind);
	strcpy(info->nf_version, config->version);
	strcpy(info->identity, config->identity);
	info->pid = (uint32_t)getpid();
	info->n_workers = agent->n_workers;
	info->n_ports = agent->n_ports;
	info->hold_capacity = agent->hold_capacity;
	info->active_at_start = agent->active;
	info->instance = choose_instance();
	memcpy(info->bucket_worker, agent->bucket_worker, sizeof(info->bucket_worker));
	for (uint16_t p = 0; p < agent->n_ports; p++) {
		struct rte_ether_addr mac = {0};

		strcpy(info->ports[p].name, config->ports[p].name);
		rte_eth_macaddr_get(agent->ports[p].port_id, &mac);
		memcpy(info->ports[p].mac, mac.addr_bytes, sizeof(info->ports[p].mac));
		info->ports[p].n_rx_queues = agent->ports[p].n_rx_queues;
	}
}

static void
copy_config(struct slim_agent *agent, const struct slim_agent_config *config)
{
	strcpy(agent->name, config->name);
	if (config->socket != NULL)
		strcpy(agent->socket, config->socket);
	agent->active = config->active;
	agent->n_workers = config->n_workers;
	agent->n_ports = config->n_ports;
	agent->hold_capacity =
		config->hold_capacity != 0 ? config->hold_capacity : SLIM_HOLD_CAPACITY_DEFAULT;
	agent->socket_id = config->socket_id;
	agent->frame_pool = config->frame_pool;
	for (uint16_t p = 0; p < config->n_ports; p++) {
		agent->ports[p] = config->ports[p];
		agent->ports[p].name = NULL; /* the caller's; the status has a copy */
	}
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		agent->bucket_worker[b] = config->bucket_worker != NULL
						  ? config->bucket_worker[b]
						  : (uint8_t)(b % config->n_workers);
}

static int
create_workers(struct slim_agent *agent)
{
	for (uint16_t i = 0; i < agent->n_workers; i++) {
		struct agent_worker *w = rte_zmalloc_socket("slim_worker", sizeof(*w),
							    RTE_CACHE_LINE_SIZE, agent->socket_id);

		if (w == NULL)
			return -ENOMEM;
		agent->workers[i] = w;
		w->agent = agent;
		w->pub.index = i;
		w->pub.beat = 1;
		w->pub.status = &agent->info->workers[i];
		w->pub.bucket_worker = agent->bucket_worker;
		w->counters = &agent->info->workers[i].counters;
	}
	return 0;
}

static int
reserve(struct slim_agent *agent, const char *what, size_t size, struct memory_zone *zone)
{
	char name[RTE_MEMZONE_NAMESIZE];

	snprintf(name, sizeof(name), "slim%u_%s", agent->number, what);
	return slim_memory_reserve(name, size, agent->socket_id, zone);
}

int
slim_agent_create_abi(uint32_t abi, const struct slim_agent_config *config,
		      struct slim_agent **ret_agent)
{
	struct slim_agent *agent;
	int rc;

	if (abi != slim_abi_inline())
		return -EPROTONOSUPPORT;
	if (config == NULL || ret_agent == NULL || !config_is_good(config))
		return -EINVAL;
	if (name_is_taken(config->name))
		return -EEXIST;
	agent = rte_zmalloc_socket("slim_agent", sizeof(*agent), RTE_CACHE_LINE_SIZE,
				   config->socket_id);
	if (agent == NULL)
		return -ENOMEM;
	slim_clock_start();
	agent->fd = -1;
	agent->backoff_ns = BACKOFF_MIN_NS;
	agent->number = next_number++;
	copy_config(agent, config);
	agent->next = agents;
	agents = agent;
	rc = slim_memory_create("slim info", sizeof(struct slim_shm_info), &agent->info_zone);
	if (rc == 0) {
		slim_memory_keep(&agent->info_zone);
		agent->info = agent->info_zone.addr;
		fill_info(agent, config);
		rc = create_workers(agent);
	}
	if (rc != 0) {
		slim_agent_destroy(agent);
		return rc;
	}
	*ret_agent = agent;
	return 0;
}

/* ---- tables ---------------------------------------------------------------------------- */

int
slim_table_create(struct slim_agent *agent, const struct slim_table_config *config,
		  struct slim_table **ret_table)
{
	struct agent_table *table;
	char what[16];
	int rc;

	if (agent->started || config == NULL || ret_table == NULL)
		return -EINVAL;
	if (agent->n_tables == SLIM_MAX_TABLES)
		return -ENOSPC;
	table = &agent->tables[agent->n_tables];
	memset(table, 0, sizeof(*table));
	rc = slim_table_check(config, table);
	if (rc != 0)
		return rc;
	for (uint16_t t = 0; t < agent->n_tables; t++) {
		if (strcmp(agent->tables[t].name, table->name) == 0)
			return -EINVAL;
	}
	table->pub.capacity = config->capacity;
	table->pub.slot_size = (uint32_t)sizeof(struct slim_slot_head) + config->entry_size;
	table->pub.index = agent->n_tables;
	snprintf(what, sizeof(what), "table%u", agent->n_tables);
	rc = reserve(agent, what, (size_t)table->pub.capacity * table->pub.slot_size, &table->zone);
	if (rc != 0)
		return rc;
	table->pub.slab = table->zone.addr;
	agent->n_tables++;
	*ret_table = &table->pub;
	return 0;
}

/* ---- start ------------------------------------------------------------------------------- */

/* Places in the control zone, one after the other. */
static uint64_t
place(uint64_t *at, uint64_t size)
{
	uint64_t offset = RTE_ALIGN_CEIL(*at, SLIM_CACHE_LINE);

	*at = offset + size;
	return offset;
}

static uint64_t
lay_out_control(struct slim_agent *agent)
{
	struct slim_shm_info *info = agent->info;
	uint64_t at = sizeof(struct slim_shm_control);

	info->install_offset = place(&at, agent->n_workers * sizeof(struct slim_shm_install));
	for (uint16_t t = 0; t < agent->n_tables; t++) {
		struct slim_shm_table *shm = &info->tables[t];

		slim_table_describe(&agent->tables[t], shm);
		shm->ring_size = slim_hold_entries(shm->capacity);
		shm->ring_stride = RTE_ALIGN_CEIL(
			sizeof(struct slim_shm_ring) + sizeof(uint32_t) * (uint64_t)shm->ring_size,
			SLIM_CACHE_LINE);
		shm->dirty_offset = place(&at, shm->capacity);
		shm->ring_offset = place(&at, shm->ring_stride * agent->n_workers);
	}
	return at;
}

static int
create_maps(struct slim_agent *agent)
{
	for (uint16_t t = 0; t < agent->n_tables; t++) {
		struct agent_table *table = &agent->tables[t];
		void *map = rte_zmalloc_socket("slim_map", slim_map_size(table->pub.capacity), 0,
					       agent->socket_id);

		table->dirty =
			(void *)((uint8_t *)agent->control + agent->info->tables[t].dirty_offset);
		if (map == NULL)
			return -ENOMEM;
		slim_map_init(&table->map, map, table->pub.capacity);
	}
	return 0;
}

static void
start_ports(struct slim_agent *agent, struct agent_worker *w)
{
	uint32_t n_entries = slim_hold_entries(agent->hold_capacity);

	for (uint16_t p = 0; p < agent->n_ports; p++) {
		struct agent_port *port = &w->ports[p];
		size_t at = ((size_t)w->pub.index * agent->n_ports + p) * n_entries;

		slim_device_describe(agent, w->pub.index, p, port);
		w->pub.port_ids[p] = port->port_id;
		slim_hold_init(&port->hold, agent->hold_entries + at, agent->hold_capacity);
		slim_hold_init(&port->park, port->parked, AGENT_RX_CHUNK);
	}
}

static void
start_worker(struct slim_agent *agent, struct agent_worker *w)
{
	const struct slim_shm_info *info = agent->info;
	uint8_t *control = (uint8_t *)agent->control;

	w->pub.epoch_word = &agent->control->gate.epoch;
	w->install = (void *)(control + info->install_offset +
			      w->pub.index * sizeof(struct slim_shm_install));
	for (uint16_t t = 0; t < agent->n_tables; t++) {
		const struct slim_shm_table *shm = &info->tables[t];

		w->rings[t].shm =
			(void *)(control + shm->ring_offset + w->pub.index * shm->ring_stride);
		w->rings[t].mask = shm->ring_size - 1;
	}
	start_ports(agent, w);
	slim_gate_init(w, agent->active);
}

static int
create_shared(struct slim_agent *agent)
{
	size_t n =
		(size_t)agent->n_workers * agent->n_ports * slim_hold_entries(agent->hold_capacity);

	agent->shared = rte_zmalloc_socket("slim_shared", sizeof(*agent->shared),
					   RTE_CACHE_LINE_SIZE, agent->socket_id);
	if (agent->shared == NULL)
		return -ENOMEM;
	if (n == 0)
		return 0;
	agent->hold_entries = rte_zmalloc_socket("slim_hold", n * sizeof(*agent->hold_entries),
						 RTE_CACHE_LINE_SIZE, agent->socket_id);
	return agent->hold_entries != NULL ? 0 : -ENOMEM;
}

static int
export_zones(struct slim_agent *agent)
{
	int rc;

	slim_memory_export_init(&agent->export, agent->info->instance);
	rc = slim_memory_export_add(&agent->export, &agent->info_zone, false);
	if (rc == 0)
		rc = slim_memory_export_add(&agent->export, &agent->control_zone, true);
	for (uint16_t t = 0; rc == 0 && t < agent->n_tables; t++)
		rc = slim_memory_export_add(&agent->export, &agent->tables[t].zone, false);
	return rc;
}

static int
take_memory(struct slim_agent *agent)
{
	struct slim_shm_info *info = agent->info;
	int rc;

	rc = slim_memory_create("slim control", lay_out_control(agent), &agent->control_zone);
	if (rc != 0)
		return rc;
	agent->control = agent->control_zone.addr;
	agent->control->magic = SLIM_SHM_MAGIC;
	agent->control->instance = info->instance;
	info->n_tables = agent->n_tables;
	info->control_size = agent->control_zone.size;
	rc = create_maps(agent);
	if (rc == 0)
		rc = create_shared(agent);
	if (rc == 0 && agent->socket[0] != '\0')
		rc = export_zones(agent);
	return rc;
}

int
slim_agent_start(struct slim_agent *agent)
{
	int rc;

	if (agent->started)
		return -EALREADY;
	if (agent->n_tables == 0)
		return -EINVAL;
	agent->started = true; /* also after a failure: the agent can only be destroyed then */
	rc = slim_device_check(agent);
	if (rc == 0)
		rc = slim_device_start(agent);
	if (rc == 0)
		rc = take_memory(agent);
	if (rc != 0)
		return rc;
	for (uint16_t i = 0; i < agent->n_workers; i++)
		start_worker(agent, agent->workers[i]);
	slim_telemetry_add(agent);
	return 0;
}

int
slim_agent_poll(struct slim_agent *agent)
{
	uint64_t now_ns;

	slim_clock_tick();
	now_ns = agent_now_ns();
	if (agent->control == NULL)
		return 0;
	slim_device_poll(agent, now_ns);
	return agent->socket[0] != '\0' ? slim_register_poll(agent, now_ns) : 0;
}

struct slim_worker *
slim_agent_worker(struct slim_agent *agent, uint16_t worker)
{
	return worker < agent->n_workers ? &agent->workers[worker]->pub : NULL;
}

/* ---- destroy -------------------------------------------------------------------------------- */

static void
forget(struct slim_agent *agent)
{
	struct slim_agent **at = &agents;

	while (*at != NULL && *at != agent)
		at = &(*at)->next;
	if (*at != NULL)
		*at = agent->next;
}

static void
free_held(struct agent_worker *w)
{
	for (uint16_t p = 0; p < w->agent->n_ports; p++) {
		while (slim_hold_count(&w->ports[p].hold) > 0)
			rte_pktmbuf_free(slim_hold_pop(&w->ports[p].hold).pkt);
		while (slim_hold_count(&w->ports[p].park) > 0)
			rte_pktmbuf_free(slim_hold_pop(&w->ports[p].park).pkt);
	}
}

/* A mapping that slimd still has is of nobody from here on; its memory is never used again. */
static void
mark_as_gone(struct slim_agent *agent)
{
	if (agent->control == NULL)
		return;
	atomic_store(&agent->control->instance, 0);
	atomic_store(&agent->control->magic, 0);
}

void
slim_agent_destroy(struct slim_agent *agent)
{
	if (agent == NULL)
		return;
	slim_register_close(agent);
	slim_telemetry_remove(agent);
	forget(agent);
	for (uint16_t i = 0; i < agent->n_workers; i++) {
		if (agent->workers[i] != NULL)
			free_held(agent->workers[i]);
		rte_free(agent->workers[i]);
	}
	slim_device_stop(agent);
	rte_free(agent->hold_entries);
	rte_free(agent->shared);
	for (uint16_t t = 0; t < agent->n_tables; t++) {
		rte_free((void *)(uintptr_t)agent->tables[t].map.local_of);
		slim_memory_free(&agent->tables[t].zone);
	}
	slim_memory_export_close(&agent->export);
	mark_as_gone(agent);
	slim_memory_free(&agent->control_zone);
	slim_memory_free(&agent->info_zone);
	rte_free(agent);
}
