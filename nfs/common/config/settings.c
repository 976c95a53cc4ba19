/* SPDX-License-Identifier: Apache-2.0 */
/* See settings.h. Main thread, before the EAL starts. */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define MAX_CONFIG_SIZE 65536u /* bytes of a file */

/* ---- sides and routes ---------------------------------------------------------------------------------- */

static int
take_route(const struct nf_conversion *c, const char *path, const struct nf_yaml_route *file,
	   uint8_t number, const struct nf_side *side, struct nf_routes *routes)
{
	struct nf_route *route = &routes->routes[routes->n];
	char field[80];
	int error;

	if (routes->n == NF_MAX_ROUTES)
		return nf_wrong(c, path, "more than %u routes", NF_MAX_ROUTES);
	snprintf(field, sizeof(field), "%s.prefix", path);
	error = nf_take_net(c, field, file->prefix, &route->prefix);
	if (error != 0)
		return error;
	snprintf(field, sizeof(field), "%s.via", path);
	error = nf_take_address(c, field, file->via, &route->via);
	if (error != 0)
		return error;
	if (!nf_prefix_has(&side->prefix, rte_be_to_cpu_32(route->via)) ||
	    route->via == side->address)
		return nf_wrong(c, field, "'%.40s' is not a neighbour on that side", file->via);
	route->side = number;
	routes->n++;
	return 0;
}

/* A side without a network has no address, and nobody is on-link there. */
static int
take_network(const struct nf_conversion *c, const char *path, const char *text,
	     struct nf_side *side)
{
	side->prefix.mask = UINT32_MAX;
	return text == NULL ? 0 : nf_take_prefix(c, path, text, &side->address, &side->prefix);
}

static int
take_side(const struct nf_conversion *c, const char *name, const struct nf_yaml_side *file,
	  uint8_t number, struct nf_side *side, struct nf_routes *routes)
{
	uint32_t mtu = 0, vlan = 0;
	char path[64];
	int error;

	snprintf(path, sizeof(path), "%s.name", name);
	error = nf_take_name(c, path, file->name, side->name, sizeof(side->name));
	if (error != 0)
		return error;
	side->port_id = file->port;
	snprintf(path, sizeof(path), "%s.address", name);
	error = take_network(c, path, file->address, side);
	if (error != 0)
		return error;
	snprintf(path, sizeof(path), "%s.mac", name);
	error = nf_take_mac(c, path, file->mac, &side->mac);
	if (error != 0)
		return error;
	snprintf(path, sizeof(path), "%s.mtu", name);
	error = nf_take_number(c, path, file->mtu, NF_MTU_DEFAULT, NF_MTU_MIN, NF_MTU_MAX, &mtu);
	side->mtu = (uint16_t)mtu;
	if (error != 0)
		return error;
	snprintf(path, sizeof(path), "%s.vlan", name);
	error = nf_take_number(c, path, file->vlan, 0, file->vlan != NULL, 4094, &vlan);
	side->vlan = (uint16_t)vlan;
	for (unsigned int i = 0; i < file->n_routes && error == 0; i++) {
		snprintf(path, sizeof(path), "%s.routes.%u", name, i);
		error = take_route(c, path, &file->routes[i], number, side, routes);
	}
	return error;
}

/* Two sides are never one. */
static int
check_apart(const struct nf_conversion *c, const char *const *names,
	    const struct nf_yaml_side *sides, uint8_t a, uint8_t b)
{
	char path[64];

	snprintf(path, sizeof(path), "%s.port", names[b]);
	if (sides[a].port == sides[b].port)
		return nf_wrong(c, path, "is the %s port", names[a]);
	snprintf(path, sizeof(path), "%s.name", names[b]);
	if (strcmp(sides[a].name, sides[b].name) == 0)
		return nf_wrong(c, path, "is the %s port's name", names[a]);
	return 0;
}

static int
take_sides(const struct nf_conversion *c, const struct nf_settings_kind *kind,
	   const struct nf_yaml_side *sides, struct nf_settings *s)
{
	int error = 0;

	s->n_sides = kind->n_sides;
	for (uint8_t i = 0; i < kind->n_sides && error == 0; i++)
		error = take_side(c, kind->sides[i], &sides[i], i, &s->sides[i], &s->routes);
	for (uint8_t b = 1; b < kind->n_sides; b++)
		for (uint8_t a = 0; a < b && error == 0; a++)
			error = check_apart(c, kind->sides, sides, a, b);
	return error;
}

/* ---- the others ---------------------------------------------------------------------------------------- */

static int
take_socket(const struct nf_conversion *c, const char *path, const char *text, char *ret_socket)
{
	return text == NULL ? 0 : nf_take_name(c, path, text, ret_socket, NF_SOCKET_PATH_SIZE);
}

static int
take_names(const struct nf_conversion *c, const struct nf_yaml_settings *file,
	   struct nf_settings *s)
{
	int error = nf_take_name(c, "instance", file->instance, s->instance, sizeof(s->instance));

	if (error == 0)
		error = nf_take_name(c, "service", file->service, s->service, sizeof(s->service));
	if (error == 0)
		error = take_socket(c, "control_socket", file->control_socket, s->control_socket);
	if (error == 0)
		error = take_socket(c, "agent_socket", file->agent_socket, s->agent_socket);
	return error;
}

static int
take_sizes(const struct nf_conversion *c, const struct nf_settings_kind *kind,
	   const struct nf_yaml_settings *file, struct nf_settings *s)
{
	uint32_t workers = 0, sleep_us = 0;

	if (nf_take_number(c, "workers", file->workers, 1, 1, SLIM_MAX_WORKERS, &workers) != 0 ||
	    nf_take_number(c, "capacity", file->capacity, kind->capacity, 1024, SLIM_MAX_CAPACITY,
			   &s->capacity) != 0 ||
	    nf_take_number(c, "neighbours", file->neighbours, 4096, 64, 1u << 20, &s->neighbours) !=
		    0 ||
	    nf_take_number(c, "hold_capacity", file->hold_capacity, SLIM_HOLD_CAPACITY_DEFAULT, 64,
			   1u << 20, &s->hold_capacity) != 0 ||
	    nf_take_number(c, "idle.spin", file->idle.spin, 64, 0, UINT32_MAX, &s->spin) != 0 ||
	    nf_take_number(c, "idle.sleep_us", file->idle.sleep_us, 20, 0, 10000, &sleep_us) != 0)
		return -EINVAL;
	s->n_workers = (uint16_t)workers;
	s->sleep_ns = sleep_us * 1000;
	return 0;
}

int
nf_take_settings(const struct nf_conversion *c, const struct nf_settings_kind *kind,
		 const struct nf_yaml_settings *file, struct nf_settings *settings)
{
	int error = take_names(c, file, settings);

	if (error == 0)
		error = take_sides(c, kind, file->sides, settings);
	return error == 0 ? take_sizes(c, kind, file, settings) : error;
}

/* ---- identity ------------------------------------------------------------------------------------------ */

void
nf_fingerprint_settings(struct nf_fingerprint *f, const struct nf_settings *settings)
{
	const struct nf_routes *routes = &settings->routes;

	for (uint8_t s = 0; s < settings->n_sides; s++) {
		const struct nf_side *side = &settings->sides[s];

		nf_fingerprint_number(f, XXH3_64bits(side->name, strlen(side->name)));
		nf_fingerprint_number(f, side->address);
		nf_fingerprint_number(f, side->prefix.mask);
		for (int i = 0; i < RTE_ETHER_ADDR_LEN; i++)
			nf_fingerprint_number(f, side->mac.addr_bytes[i]);
		nf_fingerprint_number(f, side->mtu);
		nf_fingerprint_number(f, side->vlan);
	}
	for (uint32_t i = 0; i < routes->n; i++) {
		nf_fingerprint_number(f, routes->routes[i].prefix.address);
		nf_fingerprint_number(f, routes->routes[i].prefix.mask);
		nf_fingerprint_number(f, routes->routes[i].via);
		nf_fingerprint_number(f, routes->routes[i].side);
	}
}

/* ---- the file ---------------------------------------------------------------------------- */

/* A whole file of moderate size; *ret_text is the caller's (free()). */
static int
read_file(const char *path, char **ret_text, size_t *ret_size, char error[NF_CONFIG_ERROR_SIZE])
{
	char *text = malloc(MAX_CONFIG_SIZE);
	FILE *stream = fopen(path, "re");
	size_t size = 0;
	int result;

	if (stream == NULL || text == NULL) {
		result = -errno;
	} else {
		size = fread(text, 1, MAX_CONFIG_SIZE, stream);
		result = ferror(stream) ? -EIO : size == MAX_CONFIG_SIZE ? -EFBIG : 0;
	}
	if (stream != NULL)
		fclose(stream);
	if (result != 0) {
		snprintf(error, NF_CONFIG_ERROR_SIZE, "%.100s: %s", path, strerror(-result));
		free(text);
		return result;
	}
	*ret_text = text;
	*ret_size = size;
	return 0;
}

int
nf_config_parse(const struct nf_config_reader *reader, const char *name, const char *text,
		size_t size, void *ret_config, char error[NF_CONFIG_ERROR_SIZE])
{
	const struct nf_conversion c = {.name = name, .text = text, .size = size, .error = error};
	char reason[NF_CONFIG_ERROR_SIZE / 2];
	unsigned int line = 0;
	void *file = NULL;
	int result = nf_yaml_load(text, size, reader->schema, &file, reason, sizeof(reason), &line);

	if (result != 0) {
		snprintf(error, NF_CONFIG_ERROR_SIZE, "%.100s:%u: %s", name, line, reason);
		return result;
	}
	result = reader->convert(&c, file, ret_config);
	nf_yaml_free(reader->schema, file);
	return result;
}

int
nf_config_load(const struct nf_config_reader *reader, const char *path, void *ret_config,
	       char error[NF_CONFIG_ERROR_SIZE])
{
	size_t size = 0;
	char *text = NULL;
	int result = read_file(path, &text, &size, error);

	if (result == 0)
		result = nf_config_parse(reader, path, text, size, ret_config, error);
	free(text);
	return result;
}
