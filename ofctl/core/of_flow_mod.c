/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of rules, alone and in bundles, and packets out and in. */
#include <errno.h>

#include "of_match.h"

/* ---- flow mod (7.3.4.1) --------------------------------------------------------------- */

void
of_encode_flow_mod(struct of_writer *w, uint32_t xid, const struct of_flow_mod *mod)
{
	size_t start = of_begin_message(w, OF_FLOW_MOD, xid);

	of_put_u64(w, mod->cookie);
	of_put_u64(w, mod->cookie_mask);
	of_put_u8(w, mod->command == OF_FLOW_DELETE ? 0xff : mod->table);
	of_put_u8(w, mod->command);
	of_put_zero(w, 4); /* no timeouts */
	of_put_u16(w, mod->priority);
	of_put_u32(w, 0xffffffffu); /* no buffer */
	of_put_u32(w, OF_PORT_ANY);
	of_put_u32(w, OF_PORT_ANY); /* group */
	of_put_zero(w, 4);          /* flags, importance */
	of_put_match(w, &mod->match);
	of_put_instructions(w, &mod->actions);
	of_end_message(w, start);
}

int
of_decode_flow_mod(const void *message, size_t size, struct of_flow_mod *ret)
{
	struct of_reader r = of_open_message(message, size, OF_FLOW_MOD);
	struct of_flow_mod mod = {0};
	bool opaque = false;

	mod.cookie = of_get_u64(&r);
	mod.cookie_mask = of_get_u64(&r);
	mod.table = of_get_u8(&r);
	mod.command = of_get_u8(&r);
	of_skip(&r, 4);
	mod.priority = of_get_u16(&r);
	of_skip(&r, 16);
	of_get_match(&r, &mod.match, &opaque);
	of_get_instructions(&r, &mod.actions, &opaque);
	if (r.bad || opaque)
		return -EPROTO;
	*ret = mod;
	return 0;
}

/* ---- bundles (7.3.9) -------------------------------------------------------------------- */

void
of_encode_bundle_control(struct of_writer *w, uint32_t xid, const struct of_bundle_control *control)
{
	size_t start = of_begin_message(w, OF_BUNDLE_CONTROL, xid);

	of_put_u32(w, control->id);
	of_put_u16(w, control->type);
	of_put_u16(w, control->flags);
	of_end_message(w, start);
}

int
of_decode_bundle_control(const void *message, size_t size, struct of_bundle_control *ret)
{
	struct of_reader r = of_open_message(message, size, OF_BUNDLE_CONTROL);
	struct of_bundle_control control;

	control.id = of_get_u32(&r);
	control.type = of_get_u16(&r);
	control.flags = of_get_u16(&r);
	if (r.bad || control.type > OF_BUNDLE_DISCARD_REPLY)
		return -EPROTO;
	*ret = control;
	return 0;
}

void
of_encode_bundle_add(struct of_writer *w, uint32_t xid, uint32_t bundle, uint16_t flags,
		     const struct of_flow_mod *mod)
{
	size_t start = of_begin_message(w, OF_BUNDLE_ADD, xid);

	of_put_u32(w, bundle);
	of_put_zero(w, 2);
	of_put_u16(w, flags);
	of_encode_flow_mod(w, xid, mod);
	of_end_message(w, start);
}

int
of_decode_bundle_add(const void *message, size_t size, uint32_t *ret_bundle, uint16_t *ret_flags,
		     struct of_flow_mod *ret)
{
	struct of_reader r = of_open_message(message, size, OF_BUNDLE_ADD);
	struct of_header inner;
	uint32_t bundle = of_get_u32(&r);
	uint16_t flags;

	of_skip(&r, 2);
	flags = of_get_u16(&r);
	if (r.bad || of_decode_header(r.p, r.n, &inner) < 0 || inner.length > r.n ||
	    of_decode_flow_mod(r.p, inner.length, ret) < 0)
		return -EPROTO;
	*ret_bundle = bundle;
	*ret_flags = flags;
	return 0;
}

/* ---- packet out (7.3.7) ------------------------------------------------------------------- */

void
of_encode_packet_out(struct of_writer *w, uint32_t xid, const struct of_packet_out *out)
{
	size_t start = of_begin_message(w, OF_PACKET_OUT, xid), at, actions;

	of_put_u32(w, 0xffffffffu); /* no buffer */
	of_put_u32(w, out->in_port);
	at = w->size;
	of_put_u16(w, 0);
	of_put_zero(w, 6);
	actions = w->size;
	of_put_actions(w, &out->actions);
	of_patch_u16(w, at, w->size - actions);
	of_put(w, out->data, out->size);
	of_end_message(w, start);
}

int
of_decode_packet_out(const void *message, size_t size, struct of_packet_out *ret)
{
	struct of_reader r = of_open_message(message, size, OF_PACKET_OUT), actions;
	struct of_packet_out out = {0};
	bool opaque = false;
	uint16_t length;

	of_skip(&r, 4);
	out.in_port = of_get_u32(&r);
	length = of_get_u16(&r);
	of_skip(&r, 6);
	actions = of_take_reader(&r, length);
	of_get_actions(&actions, &out.actions, &opaque);
	out.data = r.p;
	out.size = r.n;
	if (r.bad || actions.bad || opaque)
		return -EPROTO;
	*ret = out;
	return 0;
}

/* ---- packet in (7.4.1) --------------------------------------------------------------------- */

void
of_encode_packet_in(struct of_writer *w, uint32_t xid, const struct of_packet_in *packet)
{
	size_t start = of_begin_message(w, OF_PACKET_IN, xid);
	struct of_match match = {0};

	of_match_in_port(&match, packet->in_port);
	of_put_u32(w, 0xffffffffu); /* no buffer */
	of_put_u16(w, packet->total_size);
	of_put_u8(w, packet->reason);
	of_put_u8(w, packet->table);
	of_put_u64(w, packet->cookie);
	of_put_match(w, &match);
	of_put_zero(w, 2);
	of_put(w, packet->data, packet->size);
	of_end_message(w, start);
}

int
of_decode_packet_in(const void *message, size_t size, struct of_packet_in *ret)
{
	struct of_reader r = of_open_message(message, size, OF_PACKET_IN);
	struct of_packet_in packet = {0};
	struct of_match match = {0};
	bool opaque = false; /* the switch may tell more than the port */

	of_skip(&r, 4);
	packet.total_size = of_get_u16(&r);
	packet.reason = of_get_u8(&r);
	packet.table = of_get_u8(&r);
	packet.cookie = of_get_u64(&r);
	of_get_match(&r, &match, &opaque);
	of_skip(&r, 2);
	packet.in_port = match.in_port;
	packet.data = r.p;
	packet.size = r.n;
	if (r.bad || !(match.fields & OF_MATCH_IN_PORT))
		return -EPROTO;
	*ret = packet;
	return 0;
}
