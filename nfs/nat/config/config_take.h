/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the conversion from a configuration file to what it means; each returns 0 or what nf_wrong() does. */
#ifndef NAT_CONFIG_TAKE_H
#define NAT_CONFIG_TAKE_H

struct nat_config;
struct nat_file;
struct nf_conversion;

#define NAT_SECOND_NS UINT64_C(1000000000)

/* What conversion works on: the file's words, the result, and where to say what is wrong. */
struct nat_conversion {
	const struct nf_conversion *in;
	const struct nat_file *file;
	struct nat_config *config;
};

/* External addresses, and the ports at each of them. */
int nat_take_pool(const struct nat_conversion *c);
int nat_take_ports(const struct nat_conversion *c);
/* How long a port rests, and how many; once the capacity is known. */
int nat_take_reuse(const struct nat_conversion *c);

/* What is not translated. */
int nat_take_exempt(const struct nat_conversion *c);
/* Mappings that are always there; once all else is known. */
int nat_take_statics(const struct nat_conversion *c);

#endif
