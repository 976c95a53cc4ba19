/* SPDX-License-Identifier: Apache-2.0 */
/* From the file's words to what they mean. Main thread, before the EAL starts. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"

#define SECOND_NS UINT64_C(1000000000)

/* What conversion works on: the file's words, the result, and where to say what is wrong. */
struct conversion {
	struct nf_conversion in;
	const struct gateway_file *file;
	struct gateway_config *config;
};

static int
take_names(struct conversion *c)
{
	const struct gateway_file *file = c->file;
	struct gateway_config *config = c->config;
	int error = nf_take_name(&c->in, "instance", file->instance, config->instance,
				 sizeof(config->instance));

	if (error == 0)
		error = nf_take_name(&c->in, "service", file->service, config->service,
				     sizeof(config->service));
	if (error == 0 && file->agent_socket != NULL)
		error = nf_take_name(&c->in, "agent_socket", file->agent_socket,
				     config->agent_socket, sizeof(config->agent_socket));
	if (error == 0 && file->control_socket != NULL)
		error = nf_take_name(&c->in, "control_socket", file->control_socket,
				     config->control_socket, sizeof(config->control_socket));
	return error;
}

static int
take_sides(struct conversion *c)
{
	const struct gateway_file *file = c->file;
	struct gateway_config *config = c->config;
	int error = nf_take_side(&c->in, "access", &file->access, GATEWAY_ACCESS,
				 &config->sides[GATEWAY_ACCESS], &config->routes);

	if (error == 0)
		error = nf_take_side(&c->in, "core", &file->core, GATEWAY_CORE,
				     &config->sides[GATEWAY_CORE], &config->routes);
	if (error == 0 && file->access.port == file->core.port)
		error = nf_wrong(&c->in, "core.port", "is the access port");
	if (error == 0 && strcmp(file->access.name, file->core.name) == 0)
		error = nf_wrong(&c->in, "core.name", "is the access port's name");
	return error;
}

static int
take_subscribers(struct conversion *c)
{
	struct gateway_config *config = c->config;

	for (unsigned int i = 0; i < c->file->n_subscribers; i++) {
		struct nf_prefix *prefix = &config->subscribers[i];
		rte_be32_t address = 0;
		char path[40];

		snprintf(path, sizeof(path), "subscribers.%u", i);
		if (nf_take_prefix(&c->in, path, c->file->subscribers[i], &address, prefix) != 0)
			return -EINVAL;
		if (prefix->address != rte_be_to_cpu_32(address))
			return nf_wrong(&c->in, path, "'%.40s' has bits below its mask",
					c->file->subscribers[i]);
		for (int s = 0; s < GATEWAY_N_SIDES; s++)
			if (nf_prefix_has(prefix, rte_be_to_cpu_32(config->sides[s].address)))
				return nf_wrong(&c->in, path, "holds the gateway's own address");
	}
	config->n_subscribers = c->file->n_subscribers;
	return 0;
}

/* What waits goes into the hold of the core port when a move begins: it must have room there. */
static int
take_buffer(struct conversion *c)
{
	const struct gateway_file_buffer *file = &c->file->buffer;
	struct gateway_buffer_limits *limits = &c->config->buffer;
	uint32_t most = c->config->hold_capacity / 2;

	if (nf_take_number(&c->in, "buffer.packets", file->packets, most < 4096 ? most : 4096, 0,
			   most, &limits->packets) != 0 ||
	    nf_take_number(&c->in, "buffer.packets_per_session", file->packets_per_session, 16, 0,
			   UINT16_MAX, &limits->packets_per_session) != 0)
		return -EINVAL;
	return nf_take_seconds(&c->in, "buffer.seconds", file->seconds, 10, &limits->lifetime_ns);
}

static int
take_sizes(struct conversion *c)
{
	const struct gateway_file *file = c->file;
	struct gateway_config *config = c->config;
	uint32_t workers = 0, sleep_us = 0, recovery = 0, idle = 0;

	if (nf_take_number(&c->in, "workers", file->workers, 1, 1, SLIM_MAX_WORKERS, &workers) !=
		    0 ||
	    nf_take_number(&c->in, "recovery", file->recovery, 0, 0, UINT8_MAX, &recovery) != 0 ||
	    nf_take_number(&c->in, "timeouts.session", file->timeouts.session, 0, 0, 30 * 24 * 3600,
			   &idle) != 0 ||
	    nf_take_seconds(&c->in, "timeouts.arp", file->timeouts.arp, 300, &config->arp_ns) !=
		    0 ||
	    nf_take_number(&c->in, "capacity", file->capacity, 65536, 1024, SLIM_MAX_CAPACITY,
			   &config->capacity) != 0 ||
	    nf_take_number(&c->in, "neighbours", file->neighbours, 4096, 64, 1u << 20,
			   &config->neighbours) != 0 ||
	    nf_take_number(&c->in, "hold_capacity", file->hold_capacity, SLIM_HOLD_CAPACITY_DEFAULT,
			   64, 1u << 20, &config->hold_capacity) != 0 ||
	    nf_take_number(&c->in, "idle.spin", file->idle.spin, 64, 0, UINT32_MAX,
			   &config->spin) != 0 ||
	    nf_take_number(&c->in, "idle.sleep_us", file->idle.sleep_us, 20, 0, 10000, &sleep_us) !=
		    0)
		return -EINVAL;
	config->n_workers = (uint16_t)workers;
	config->sleep_ns = sleep_us * 1000;
	config->recovery = (uint8_t)recovery;
	config->session_idle_ns = idle * SECOND_NS;
	config->path_switch_by_data =
		file->path_switch_by_data != NULL && *file->path_switch_by_data;
	return 0;
}

int
gateway_config_parse(const char *name, const char *text, size_t size,
		     struct gateway_config *ret_config, char error[NF_CONFIG_ERROR_SIZE])
{
	struct gateway_config config = {0};
	char reason[NF_CONFIG_ERROR_SIZE / 2];
	unsigned int line = 0;
	void *file = NULL;
	struct conversion c;
	int result = nf_yaml_load(text, size, &gateway_file_schema, &file, reason, sizeof(reason),
				  &line);

	if (result != 0) {
		snprintf(error, NF_CONFIG_ERROR_SIZE, "%.100s:%u: %s", name, line, reason);
		return result;
	}
	c = (struct conversion){
		.in = {.name = name, .text = text, .size = size, .error = error},
		.file = file,
		.config = &config,
	};
	result = take_names(&c);
	if (result == 0)
		result = take_sides(&c);
	if (result == 0)
		result = take_subscribers(&c);
	if (result == 0)
		result = take_sizes(&c);
	if (result == 0)
		result = take_buffer(&c);
	nf_yaml_free(&gateway_file_schema, file);
	if (result == 0)
		*ret_config = config;
	return result;
}

int
gateway_config_load(const char *path, struct gateway_config *ret_config,
		    char error[NF_CONFIG_ERROR_SIZE])
{
	size_t size = 0;
	char *text = NULL;
	int result = nf_config_read(path, &text, &size, error);

	if (result == 0)
		result = gateway_config_parse(path, text, size, ret_config, error);
	free(text);
	return result;
}

void
gateway_config_identity(const struct gateway_config *config, char identity[SLIM_IDENTITY_SIZE])
{
	struct nf_fingerprint f = {0};

	nf_fingerprint_sides(&f, config->sides, GATEWAY_N_SIDES, &config->routes);
	for (uint32_t i = 0; i < config->n_subscribers; i++) {
		nf_fingerprint_number(&f, config->subscribers[i].address);
		nf_fingerprint_number(&f, config->subscribers[i].mask);
	}
	nf_fingerprint_number(&f, config->path_switch_by_data);
	nf_fingerprint_number(&f, config->recovery);
	snprintf(identity, SLIM_IDENTITY_SIZE, "gateway gtp-u config %016" PRIx64, f.hash);
}
