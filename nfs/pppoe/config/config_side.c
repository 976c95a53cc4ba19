/* SPDX-License-Identifier: Apache-2.0 */
/* Sides and VLANs, from the file's words; see config_take.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_file.h"
#include "config_take.h"

#define VLAN_MAX 4094u

/* A VLAN id up to a character that ends it. False: it is none. */
static bool
parse_id(const char *text, char last, const char **ret_rest, uint16_t *ret_id)
{
	char *end;
	unsigned long id = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != last || id < 1 || id > VLAN_MAX)
		return false;
	*ret_rest = end;
	*ret_id = (uint16_t)id;
	return true;
}

/* "10-20", or "10". */
static int
take_range(const struct pppoe_conversion *c, const char *path, const char *text,
	   struct pppoe_vlan_range *ret_range)
{
	struct pppoe_vlan_range range = {0};
	const char *rest;
	bool good;

	if (strchr(text, '-') != NULL) {
		good = parse_id(text, '-', &rest, &range.first) &&
		       parse_id(rest + 1, '\0', &rest, &range.last);
	} else {
		good = parse_id(text, '\0', &rest, &range.first);
		range.last = range.first;
	}
	if (!good || range.last < range.first)
		return nf_wrong(c->in, path, "'%.40s' is no VLAN id or FIRST-LAST of 1..%u", text,
				VLAN_MAX);
	*ret_range = range;
	return 0;
}

static int
take_ranges(const struct pppoe_conversion *c, const char *name, const struct pppoe_file_texts *file,
	    struct pppoe_vlan_range *ranges, uint32_t *ret_n)
{
	for (unsigned int i = 0; i < file->n; i++) {
		char path[48];

		snprintf(path, sizeof(path), "access.vlans.%s.%u", name, i);
		if (take_range(c, path, file->at[i], &ranges[i]) != 0)
			return -EINVAL;
		for (unsigned int j = 0; j < i; j++)
			if (ranges[i].first <= ranges[j].last && ranges[j].first <= ranges[i].last)
				return nf_wrong(c->in, path, "'%.40s' has an id twice",
						file->at[i]);
	}
	*ret_n = file->n;
	return 0;
}

static int
take_outer_type(const struct pppoe_conversion *c, const char *text, uint16_t *ret_type)
{
	*ret_type = RTE_ETHER_TYPE_QINQ;
	if (text == NULL || strcmp(text, "802.1ad") == 0)
		return 0;
	*ret_type = RTE_ETHER_TYPE_VLAN;
	if (strcmp(text, "802.1q") == 0)
		return 0;
	return nf_wrong(c->in, "access.vlans.outer_type", "'%.40s' is neither 802.1ad nor 802.1q",
			text);
}

static int
take_vlans(const struct pppoe_conversion *c)
{
	const struct pppoe_file_vlans *file = &c->file->access.vlans;
	struct pppoe_access *tags = &c->config->access_tags;

	if (take_ranges(c, "outer", &file->outer, tags->outer, &tags->n_outer) != 0 ||
	    take_ranges(c, "inner", &file->inner, tags->inner, &tags->n_inner) != 0 ||
	    take_outer_type(c, file->outer_type, &tags->outer_type) != 0)
		return -EINVAL;
	if (tags->n_inner != 0 && tags->n_outer == 0)
		return nf_wrong(c->in, "access.vlans.inner", "there is no outer tag");
	tags->untagged = file->untagged != NULL ? *file->untagged : tags->n_outer == 0;
	if (!tags->untagged && tags->n_outer == 0)
		return nf_wrong(c->in, "access.vlans.untagged", "no frame is served at all");
	return 0;
}

int
pppoe_take_sides(const struct pppoe_conversion *c)
{
	static const char *const sides[PPPOE_N_SIDES] = {"access", "core"};
	const struct nf_settings_kind kind = {
		.sides = sides, .n_sides = PPPOE_N_SIDES, .capacity = 16384};
	struct nf_yaml_settings file = c->file->frame;

	file.sides[PPPOE_ACCESS] = c->file->access.side;
	if (nf_take_settings(c->in, &kind, &file, &c->config->frame) != 0)
		return -EINVAL;
	if (c->config->capacity > PPPOE_MAX_SESSIONS)
		return nf_wrong(c->in, "capacity", "%u: there are %u session ids",
				c->config->capacity, PPPOE_MAX_SESSIONS);
	return take_vlans(c);
}
