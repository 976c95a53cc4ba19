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
nf_take_net(const struct nf_conversion *c, const char *path, const char *text,
	    struct nf_prefix *ret_prefix)
{
	rte_be32_t address = 0;
	int error = nf_take_prefix(c, path, text, &address, ret_prefix);

	if (error == 0 && ret_prefix->address != rte_be_to_cpu_32(address))
		error = nf_wrong(c, path, "'%.40s' has bits below its mask", text);
	return error;
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

/* ---- identity -------------------------------------------------------------------------- */

void
nf_fingerprint_number(struct nf_fingerprint *f, uint64_t number)
{
	f->hash = XXH3_64bits_withSeed(&number, sizeof(number), f->hash);
}
