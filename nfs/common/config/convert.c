/* SPDX-License-Identifier: Apache-2.0 */
/* From words to meanings; see convert.h. */
#include "convert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define SECOND_NS UINT64_C(1000000000)
#define MAX_CONFIG_SIZE 65536u /* bytes of a file */

int
nf_wrong(const struct nf_conversion *c, const char *path, const char *format, ...)
{
	char reason[NF_CONFIG_ERROR_SIZE / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	snprintf(c->error, NF_CONFIG_ERROR_SIZE, "%.100s:%u: %s: %s", c->name,
		 nf_yaml_line(c->text, c->size, path), path, reason);
	return -EINVAL;
}

/* ---- single values ----------------------------------------------------------------- */

int
nf_take_name(const struct nf_conversion *c, const char *path, const char *text, char *ret_name,
	     size_t size)
{
	if (strlen(text) >= size)
		return nf_wrong(c, path, "longer than %zu characters", size - 1);
	snprintf(ret_name, size, "%s", text);
	return 0;
}

int
nf_take_address(const struct nf_conversion *c, const char *path, const char *text,
		rte_be32_t *ret_address)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) != 1)
		return nf_wrong(c, path, "'%.40s' is not an IPv4 address", text);
	*ret_address = address.s_addr;
	return 0;
}

/* "100.64.0.1/16": the address with all its bits, and the prefix. */
int
nf_take_prefix(const struct nf_conversion *c, const char *path, const char *text,
	       rte_be32_t *ret_address, struct nf_prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	char address[20], *end;
	unsigned long bits;

	if (slash == NULL || slash - text >= (ptrdiff_t)sizeof(address))
		return nf_wrong(c, path, "'%.40s' is not ADDRESS/BITS", text);
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	bits = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end != '\0' || bits > 32)
		return nf_wrong(c, path, "'%.40s' has no prefix length from 0 to 32", text);
	if (nf_take_address(c, path, address, ret_address) != 0)
		return -EINVAL;
	ret_prefix->mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
	ret_prefix->address = rte_be_to_cpu_32(*ret_address) & ret_prefix->mask;
	return 0;
}

int
nf_take_mac(const struct nf_conversion *c, const char *path, const char *text,
	    struct rte_ether_addr *ret_mac)
{
	if (rte_ether_unformat_addr(text, ret_mac) != 0 ||
	    !rte_is_valid_assigned_ether_addr(ret_mac))
		return nf_wrong(c, path, "'%.40s' is not a unicast MAC address", text);
	return 0;
}

/* An optional number, its default and its range. */
int
nf_take_number(const struct nf_conversion *c, const char *path, const uint32_t *value,
	       uint32_t missing, uint32_t min, uint32_t max, uint32_t *ret_number)
{
	uint32_t number = value != NULL ? *value : missing;

	if (number < min || number > max)
		return nf_wrong(c, path, "%u is not in %u..%u", number, min, max);
	*ret_number = number;
	return 0;
}

int
nf_take_seconds(const struct nf_conversion *c, const char *path, const uint32_t *value,
		uint32_t missing, uint64_t *ret_ns)
{
	uint32_t seconds = 0;
	int error = nf_take_number(c, path, value, missing, 1, 30 * 24 * 3600, &seconds);

	*ret_ns = seconds * SECOND_NS;
	return error;
}

/* ---- sides ------------------------------------------------------------------------------ */

static int
take_route(const struct nf_conversion *c, const char *path, const struct nf_yaml_route *file,
	   uint8_t number, const struct nf_side *side, struct nf_routes *routes)
{
	struct nf_route *route = &routes->routes[routes->n];
	rte_be32_t address = 0;
	char field[80];
	int error;

	if (routes->n == NF_MAX_ROUTES)
		return nf_wrong(c, path, "more than %u routes", NF_MAX_ROUTES);
	snprintf(field, sizeof(field), "%s.prefix", path);
	error = nf_take_prefix(c, field, file->prefix, &address, &route->prefix);
	if (error != 0)
		return error;
	if (route->prefix.address != rte_be_to_cpu_32(address))
		return nf_wrong(c, field, "'%.40s' has bits below its mask", file->prefix);
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

int
nf_take_side(const struct nf_conversion *c, const char *name, const struct nf_yaml_side *file,
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
	error = nf_take_prefix(c, path, file->address, &side->address, &side->prefix);
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

/* ---- the file ---------------------------------------------------------------------------- */

int
nf_config_read(const char *path, char **ret_text, size_t *ret_size,
	       char error[NF_CONFIG_ERROR_SIZE])
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

/* ---- identity -------------------------------------------------------------------------- */

void
nf_fingerprint_number(struct nf_fingerprint *f, uint64_t number)
{
	f->hash = XXH3_64bits_withSeed(&number, sizeof(number), f->hash);
}

void
nf_fingerprint_sides(struct nf_fingerprint *f, const struct nf_side *sides, uint8_t n_sides,
		     const struct nf_routes *routes)
{
	for (uint8_t s = 0; s < n_sides; s++) {
		const struct nf_side *side = &sides[s];

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
