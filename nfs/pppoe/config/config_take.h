/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the conversion from a configuration file to what it means; each returns 0 or what nf_wrong() does. In this order. */
#ifndef PPPOE_CONFIG_TAKE_H
#define PPPOE_CONFIG_TAKE_H

struct nf_conversion;
struct pppoe_config;
struct pppoe_file;

/* What conversion works on: the file's words, the result, and where to say what is wrong. */
struct pppoe_conversion {
	const struct nf_conversion *in;
	const struct pppoe_file *file;
	struct pppoe_config *config;
};

/* The frame's settings, and the tags of the access side. */
int pppoe_take_sides(const struct pppoe_conversion *c);
/* How long packets to clients may be, and what LCP does. */
int pppoe_take_lcp(const struct pppoe_conversion *c);
/* Names, pools of addresses and prefixes, and what clients are told. */
int pppoe_take_concentrator(const struct pppoe_conversion *c);
/* Who decides about log-ins. */
int pppoe_take_authentication(const struct pppoe_conversion *c);
int pppoe_take_limits(const struct pppoe_conversion *c);

#endif
