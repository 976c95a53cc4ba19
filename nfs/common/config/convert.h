/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the words of a configuration file to what they mean. Each nf_take_* converts and checks one
 * value; when it is wrong it says so with file, line and path, and returns -EINVAL. Main
 * thread, before the EAL starts.
 */
#ifndef NF_CONVERT_H
#define NF_CONVERT_H

#include <stddef.h>
#include <stdint.h>

#include "side.h"
#include "yaml_file.h"

#define NF_CONFIG_ERROR_SIZE 256u

/* The file, and where to say what is wrong with it. */
struct nf_conversion {
	const char *name; /* of the file, for messages */
	const char *text;
	size_t size;
	char *error; /* NF_CONFIG_ERROR_SIZE bytes */
};

/* Writes "FILE:LINE: PATH: reason" into the error; -EINVAL. */
__attribute__((format(printf, 3, 4))) int nf_wrong(const struct nf_conversion *c, const char *path,
						   const char *format, ...);

/* A string of less than `size` bytes. */
int nf_take_name(const struct nf_conversion *c, const char *path, const char *text, char *ret_name,
		 size_t size);
int nf_take_address(const struct nf_conversion *c, const char *path, const char *text,
		    rte_be32_t *ret_address);
/* "100.64.0.1/16": the address with all its bits, and the prefix. */
int nf_take_prefix(const struct nf_conversion *c, const char *path, const char *text,
		   rte_be32_t *ret_address, struct nf_prefix *ret_prefix);
/* "100.64.0.0/16": no bits below the mask. */
int nf_take_net(const struct nf_conversion *c, const char *path, const char *text,
		struct nf_prefix *ret_prefix);
int nf_take_mac(const struct nf_conversion *c, const char *path, const char *text,
		struct rte_ether_addr *ret_mac);
/* An optional number, its default and its range. */
int nf_take_number(const struct nf_conversion *c, const char *path, const uint32_t *value,
		   uint32_t missing, uint32_t min, uint32_t max, uint32_t *ret_number);
/* From seconds in the file, 1 to 30 days. */
int nf_take_seconds(const struct nf_conversion *c, const char *path, const uint32_t *value,
		    uint32_t missing, uint64_t *ret_ns);

/* ---- identity: a hash over what two instances must have in common --------------------------- */

struct nf_fingerprint {
	uint64_t hash;
};

void nf_fingerprint_number(struct nf_fingerprint *f, uint64_t number);

#endif
