/* SPDX-License-Identifier: Apache-2.0 */
#include "of_match.h"

#include <assert.h>
#include <string.h>

/* ---- match (7.2.3) -------------------------------------------------------- */

#define OXM_CLASS 0x8000u
#define OXM(field, mask, size) \
	(OXM_CLASS << 16 | (uint32_t)(field) << 9 | (uint32_t)(mask) << 8 | (uint32_t)(size))

enum oxm_field {
	OXM_IN_PORT = 0,
	OXM_ETH_DST = 3,
	OXM_ETH_SRC = 4,
	OXM_ETH_TYPE = 5,
	OXM_VLAN_VID = 6,
};

void
of_match_in_port(struct of_match *match, uint32_t port)
{
	match->fields |= OF_MATCH_IN_PORT;
	match->in_port = port;
}

void
of_match_eth_type(struct of_match *match, uint16_t eth_type)
{
	match->fields |= OF_MATCH_ETH_TYPE;
	match->eth_type = eth_type;
}

void
of_match_vlan(struct of_match *match, uint16_t vlan_vid, uint16_t mask)
{
	match->fields |= OF_MATCH_VLAN_VID;
	match->vlan_vid = (uint16_t)(vlan_vid & mask);
	match->vlan_mask = mask;
}

static void
put_vlan_vid(struct of_writer *w, const struct of_match *match)
{
	if (match->vlan_mask == OF_VLAN_EXACT) {
		of_put_u32(w, OXM(OXM_VLAN_VID, 0, 2));
		of_put_u16(w, match->vlan_vid);
		return;
	}
	of_put_u32(w, OXM(OXM_VLAN_VID, 1, 4));
	of_put_u16(w, match->vlan_vid);
	of_put_u16(w, match->vlan_mask);
}

void
of_put_match(struct of_writer *w, const struct of_match *match)
{
	size_t start = w->size;

	of_put_u16(w, 1); /* OXM */
	of_put_u16(w, 0);
	if (match->fields & OF_MATCH_IN_PORT) {
		of_put_u32(w, OXM(OXM_IN_PORT, 0, 4));
		of_put_u32(w, match->in_port);
	}
	if (match->fields & OF_MATCH_ETH_DST) {
		of_put_u32(w, OXM(OXM_ETH_DST, 0, 6));
		of_put(w, match->eth_dst, 6);
	}
	if (match->fields & OF_MATCH_ETH_SRC) {
		of_put_u32(w, OXM(OXM_ETH_SRC, 0, 6));
		of_put(w, match->eth_src, 6);
	}
	if (match->fields & OF_MATCH_ETH_TYPE) {
		of_put_u32(w, OXM(OXM_ETH_TYPE, 0, 2));
		of_put_u16(w, match->eth_type);
	}
	if (match->fields & OF_MATCH_VLAN_VID)
		put_vlan_vid(w, match);
	of_patch_u16(w, start + 2, w->size - start);
	of_pad_to_8(w, start);
}

/* One known field. False: not one of ours, or with a mask that we never set. */
static bool
get_oxm(uint32_t oxm, struct of_reader *value, struct of_match *match)
{
	switch (oxm) {
	case OXM(OXM_IN_PORT, 0, 4):
		of_match_in_port(match, of_get_u32(value));
		return true;
	case OXM(OXM_ETH_DST, 0, 6):
		match->fields |= OF_MATCH_ETH_DST;
		memcpy(match->eth_dst, of_take(value, 6), 6);
		return true;
	case OXM(OXM_ETH_SRC, 0, 6):
		match->fields |= OF_MATCH_ETH_SRC;
		memcpy(match->eth_src, of_take(value, 6), 6);
		return true;
	case OXM(OXM_ETH_TYPE, 0, 2):
		of_match_eth_type(match, of_get_u16(value));
		return true;
	case OXM(OXM_VLAN_VID, 0, 2):
		of_match_vlan(match, of_get_u16(value), OF_VLAN_EXACT);
		return true;
	case OXM(OXM_VLAN_VID, 1, 4): {
		uint16_t vid = of_get_u16(value);

		of_match_vlan(match, vid, of_get_u16(value));
		return true;
	}
	default:
		return false;
	}
}

void
of_get_match(struct of_reader *r, struct of_match *match, bool *opaque)
{
	uint16_t type = of_get_u16(r), length = of_get_u16(r);
	struct of_reader fields;

	if (length < 4) {
		r->bad = true;
		return;
	}
	fields = of_take_reader(r, length - 4u);
	of_skip(r, (8 - length % 8u) % 8);
	if (type != 1) {
		*opaque = true;
		return;
	}
	while (!fields.bad && fields.n > 0) {
		uint32_t oxm = of_get_u32(&fields);
		struct of_reader value = of_take_reader(&fields, oxm & 0xff);

		if (!fields.bad && !get_oxm(oxm, &value, match))
			*opaque = true;
	}
	r->bad |= fields.bad;
}

/* ---- actions (7.2.5) and instructions (7.2.4) ------------------------------- */

bool
of_action_add(struct of_actions *actions, enum of_action_type type, uint32_t value)
{
	if (actions->n == OF_MAX_ACTIONS)
		return false;
	actions->list[actions->n++] = (struct of_action){.type = type, .value = value};
	return true;
}

static void
put_action(struct of_writer *w, const struct of_action *action)
{
	of_put_u16(w, (uint16_t)action->type);
	switch (action->type) {
	case OF_ACTION_OUTPUT:
		of_put_u16(w, 16);
		of_put_u32(w, action->value);
		of_put_u16(w, 0xffff); /* to a controller: the whole packet */
		of_put_zero(w, 6);
		break;
	case OF_ACTION_PUSH_VLAN:
		of_put_u16(w, 8);
		of_put_u16(w, (uint16_t)action->value);
		of_put_zero(w, 2);
		break;
	case OF_ACTION_POP_VLAN:
		of_put_u16(w, 8);
		of_put_zero(w, 4);
		break;
	default: /* OF_ACTION_SET_VLAN_VID */
		assert(action->type == OF_ACTION_SET_VLAN_VID);
		of_put_u16(w, 16);
		of_put_u32(w, OXM(OXM_VLAN_VID, 0, 2));
		of_put_u16(w, (uint16_t)action->value);
		of_put_zero(w, 6);
		break;
	}
}

void
of_put_actions(struct of_writer *w, const struct of_actions *actions)
{
	for (uint32_t i = 0; i < actions->n; i++)
		put_action(w, &actions->list[i]);
}

void
of_put_instructions(struct of_writer *w, const struct of_actions *actions)
{
	size_t start = w->size;

	if (actions->n == 0)
		return;
	of_put_u16(w, 4); /* apply actions */
	of_put_u16(w, 0);
	of_put_zero(w, 4);
	of_put_actions(w, actions);
	of_patch_u16(w, start + 2, w->size - start);
}

/* The body of one action, behind type and length. False: not one of ours. */
static bool
get_action(uint16_t type, struct of_reader *body, struct of_actions *actions)
{
	switch (type) {
	case OF_ACTION_OUTPUT:
		return of_action_add(actions, OF_ACTION_OUTPUT, of_get_u32(body));
	case OF_ACTION_PUSH_VLAN:
		return of_action_add(actions, OF_ACTION_PUSH_VLAN, of_get_u16(body));
	case OF_ACTION_POP_VLAN:
		return of_action_add(actions, OF_ACTION_POP_VLAN, 0);
	case OF_ACTION_SET_VLAN_VID:
		if (of_get_u32(body) != OXM(OXM_VLAN_VID, 0, 2))
			return false;
		return of_action_add(actions, OF_ACTION_SET_VLAN_VID, of_get_u16(body));
	default:
		return false;
	}
}

void
of_get_actions(struct of_reader *r, struct of_actions *actions, bool *opaque)
{
	while (!r->bad && r->n > 0) {
		uint16_t type = of_get_u16(r), length = of_get_u16(r);
		struct of_reader body;

		if (length < 8 || length % 8 != 0) {
			r->bad = true;
			return;
		}
		body = of_take_reader(r, length - 4u);
		if (!r->bad && !get_action(type, &body, actions))
			*opaque = true;
		r->bad |= body.bad;
	}
}

void
of_get_instructions(struct of_reader *r, struct of_actions *actions, bool *opaque)
{
	while (!r->bad && r->n > 0) {
		uint16_t type = of_get_u16(r), length = of_get_u16(r);
		struct of_reader body;

		if (length < 8 || length % 8 != 0) {
			r->bad = true;
			return;
		}
		body = of_take_reader(r, length - 4u);
		if (type != 4) {
			*opaque = true;
			continue;
		}
		of_skip(&body, 4);
		of_get_actions(&body, actions, opaque);
		r->bad |= body.bad;
	}
}
