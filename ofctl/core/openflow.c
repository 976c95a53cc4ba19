/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec. Two small tools do the bounds: a writer that stops at its end, and a reader that
 * yields zeros and remembers once it was asked for more than there is. Everything else
 * is the tables of the specification, written as code.
 */
#include "openflow.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- writer --------------------------------------------------------------- */

void
of_writer_init(struct of_writer *w, void *memory, size_t capacity)
{
	*w = (struct of_writer){.data = memory, .capacity = capacity};
}

size_t
of_write_done(const struct of_writer *w)
{
	return w->full ? 0 : w->size;
}

static void
put(struct of_writer *w, const void *data, size_t size)
{
	if (w->full || size > w->capacity - w->size) {
		w->full = true;
		return;
	}
	if (size > 0)
		memcpy(w->data + w->size, data, size);
	w->size += size;
}

static void
put_zero(struct of_writer *w, size_t size)
{
	static const uint8_t zero[64];

	assert(size <= sizeof(zero));
	put(w, zero, size);
}

static void
put_u8(struct of_writer *w, uint8_t value)
{
	put(w, &value, 1);
}

static void
put_u16(struct of_writer *w, uint16_t value)
{
	uint8_t b[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	put(w, b, sizeof(b));
}

static void
put_u32(struct of_writer *w, uint32_t value)
{
	put_u16(w, (uint16_t)(value >> 16));
	put_u16(w, (uint16_t)value);
}

static void
put_u64(struct of_writer *w, uint64_t value)
{
	put_u32(w, (uint32_t)(value >> 32));
	put_u32(w, (uint32_t)value);
}

/* A length that is known later: `at` is where its two bytes are. */
static void
patch_u16(struct of_writer *w, size_t at, size_t value)
{
	if (w->full)
		return;
	if (value > UINT16_MAX) {
		w->full = true;
		return;
	}
	w->data[at] = (uint8_t)(value >> 8);
	w->data[at + 1] = (uint8_t)value;
}

static void
pad_to_8(struct of_writer *w, size_t start)
{
	put_zero(w, (8 - (w->size - start) % 8) % 8);
}

static size_t
begin_message(struct of_writer *w, enum of_type type, uint32_t xid)
{
	size_t start = w->size;

	put_u8(w, OF_VERSION);
	put_u8(w, (uint8_t)type);
	put_u16(w, 0);
	put_u32(w, xid);
	return start;
}

static void
end_message(struct of_writer *w, size_t start)
{
	patch_u16(w, start + 2, w->size - start);
}

/* ---- reader --------------------------------------------------------------- */

struct reader {
	const uint8_t *p;
	size_t n;
	bool bad;
};

static const uint8_t *
take(struct reader *r, size_t size)
{
	static const uint8_t zero[16];
	const uint8_t *p = r->p;

	if (r->bad || size > r->n) {
		r->bad = true;
		return zero;
	}
	r->p += size;
	r->n -= size;
	return p;
}

static void
skip(struct reader *r, size_t size)
{
	take(r, size);
}

static uint8_t
get_u8(struct reader *r)
{
	return take(r, 1)[0];
}

static uint16_t
get_u16(struct reader *r)
{
	const uint8_t *p = take(r, 2);

	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get_u32(struct reader *r)
{
	uint32_t high = get_u16(r);

	return high << 16 | get_u16(r);
}

static uint64_t
get_u64(struct reader *r)
{
	uint64_t high = get_u32(r);

	return high << 32 | get_u32(r);
}

/* The next `size` bytes as a reader of their own. */
static struct reader
take_reader(struct reader *r, size_t size)
{
	struct reader part = {.p = take(r, size), .n = size};

	if (r->bad)
		part = (struct reader){.bad = true};
	return part;
}

/* A reader behind the header of a whole message of this type. */
static struct reader
open_message(const void *message, size_t size, enum of_type type)
{
	struct of_header header;
	struct reader r = {.p = message, .n = size};

	if (of_decode_header(message, size, &header) < 0 || header.length != size ||
	    header.type != type || header.version != OF_VERSION)
		return (struct reader){.bad = true};
	skip(&r, OF_HEADER_SIZE);
	return r;
}

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
		put_u32(w, OXM(OXM_VLAN_VID, 0, 2));
		put_u16(w, match->vlan_vid);
		return;
	}
	put_u32(w, OXM(OXM_VLAN_VID, 1, 4));
	put_u16(w, match->vlan_vid);
	put_u16(w, match->vlan_mask);
}

static void
put_match(struct of_writer *w, const struct of_match *match)
{
	size_t start = w->size;

	put_u16(w, 1); /* OXM */
	put_u16(w, 0);
	if (match->fields & OF_MATCH_IN_PORT) {
		put_u32(w, OXM(OXM_IN_PORT, 0, 4));
		put_u32(w, match->in_port);
	}
	if (match->fields & OF_MATCH_ETH_DST) {
		put_u32(w, OXM(OXM_ETH_DST, 0, 6));
		put(w, match->eth_dst, 6);
	}
	if (match->fields & OF_MATCH_ETH_SRC) {
		put_u32(w, OXM(OXM_ETH_SRC, 0, 6));
		put(w, match->eth_src, 6);
	}
	if (match->fields & OF_MATCH_ETH_TYPE) {
		put_u32(w, OXM(OXM_ETH_TYPE, 0, 2));
		put_u16(w, match->eth_type);
	}
	if (match->fields & OF_MATCH_VLAN_VID)
		put_vlan_vid(w, match);
	patch_u16(w, start + 2, w->size - start);
	pad_to_8(w, start);
}

/* One known field. False: not one of ours, or with a mask that we never set. */
static bool
get_oxm(uint32_t oxm, struct reader *value, struct of_match *match)
{
	switch (oxm) {
	case OXM(OXM_IN_PORT, 0, 4):
		of_match_in_port(match, get_u32(value));
		return true;
	case OXM(OXM_ETH_DST, 0, 6):
		match->fields |= OF_MATCH_ETH_DST;
		memcpy(match->eth_dst, take(value, 6), 6);
		return true;
	case OXM(OXM_ETH_SRC, 0, 6):
		match->fields |= OF_MATCH_ETH_SRC;
		memcpy(match->eth_src, take(value, 6), 6);
		return true;
	case OXM(OXM_ETH_TYPE, 0, 2):
		of_match_eth_type(match, get_u16(value));
		return true;
	case OXM(OXM_VLAN_VID, 0, 2):
		of_match_vlan(match, get_u16(value), OF_VLAN_EXACT);
		return true;
	case OXM(OXM_VLAN_VID, 1, 4): {
		uint16_t vid = get_u16(value);

		of_match_vlan(match, vid, get_u16(value));
		return true;
	}
	default:
		return false;
	}
}

static void
get_match(struct reader *r, struct of_match *match, bool *opaque)
{
	uint16_t type = get_u16(r), length = get_u16(r);
	struct reader fields;

	if (length < 4) {
		r->bad = true;
		return;
	}
	fields = take_reader(r, length - 4u);
	skip(r, (8 - length % 8u) % 8);
	if (type != 1) {
		*opaque = true;
		return;
	}
	while (!fields.bad && fields.n > 0) {
		uint32_t oxm = get_u32(&fields);
		struct reader value = take_reader(&fields, oxm & 0xff);

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
	put_u16(w, (uint16_t)action->type);
	switch (action->type) {
	case OF_ACTION_OUTPUT:
		put_u16(w, 16);
		put_u32(w, action->value);
		put_u16(w, 0xffff); /* to a controller: the whole packet */
		put_zero(w, 6);
		break;
	case OF_ACTION_PUSH_VLAN:
		put_u16(w, 8);
		put_u16(w, (uint16_t)action->value);
		put_zero(w, 2);
		break;
	case OF_ACTION_POP_VLAN:
		put_u16(w, 8);
		put_zero(w, 4);
		break;
	default: /* OF_ACTION_SET_VLAN_VID */
		assert(action->type == OF_ACTION_SET_VLAN_VID);
		put_u16(w, 16);
		put_u32(w, OXM(OXM_VLAN_VID, 0, 2));
		put_u16(w, (uint16_t)action->value);
		put_zero(w, 6);
		break;
	}
}

static void
put_actions(struct of_writer *w, const struct of_actions *actions)
{
	for (uint32_t i = 0; i < actions->n; i++)
		put_action(w, &actions->list[i]);
}

static void
put_instructions(struct of_writer *w, const struct of_actions *actions)
{
	size_t start = w->size;

	if (actions->n == 0)
		return;
	put_u16(w, 4); /* apply actions */
	put_u16(w, 0);
	put_zero(w, 4);
	put_actions(w, actions);
	patch_u16(w, start + 2, w->size - start);
}

/* The body of one action, behind type and length. False: not one of ours. */
static bool
get_action(uint16_t type, struct reader *body, struct of_actions *actions)
{
	switch (type) {
	case OF_ACTION_OUTPUT:
		return of_action_add(actions, OF_ACTION_OUTPUT, get_u32(body));
	case OF_ACTION_PUSH_VLAN:
		return of_action_add(actions, OF_ACTION_PUSH_VLAN, get_u16(body));
	case OF_ACTION_POP_VLAN:
		return of_action_add(actions, OF_ACTION_POP_VLAN, 0);
	case OF_ACTION_SET_VLAN_VID:
		if (get_u32(body) != OXM(OXM_VLAN_VID, 0, 2))
			return false;
		return of_action_add(actions, OF_ACTION_SET_VLAN_VID, get_u16(body));
	default:
		return false;
	}
}

static void
get_actions(struct reader *r, struct of_actions *actions, bool *opaque)
{
	while (!r->bad && r->n > 0) {
		uint16_t type = get_u16(r), length = get_u16(r);
		struct reader body;

		if (length < 8 || length % 8 != 0) {
			r->bad = true;
			return;
		}
		body = take_reader(r, length - 4u);
		if (!r->bad && !get_action(type, &body, actions))
			*opaque = true;
		r->bad |= body.bad;
	}
}

static void
get_instructions(struct reader *r, struct of_actions *actions, bool *opaque)
{
	while (!r->bad && r->n > 0) {
		uint16_t type = get_u16(r), length = get_u16(r);
		struct reader body;

		if (length < 8 || length % 8 != 0) {
			r->bad = true;
			return;
		}
		body = take_reader(r, length - 4u);
		if (type != 4) {
			*opaque = true;
			continue;
		}
		skip(&body, 4);
		get_actions(&body, actions, opaque);
		r->bad |= body.bad;
	}
}

/* ---- small messages --------------------------------------------------------- */

int
of_decode_header(const void *data, size_t size, struct of_header *ret)
{
	struct reader r = {.p = data, .n = size};
	struct of_header header;

	if (size < OF_HEADER_SIZE)
		return -EAGAIN;
	header.version = get_u8(&r);
	header.type = get_u8(&r);
	header.length = get_u16(&r);
	header.xid = get_u32(&r);
	if (header.length < OF_HEADER_SIZE)
		return -EPROTO;
	*ret = header;
	return 0;
}

void
of_encode_plain(struct of_writer *w, enum of_type type, uint32_t xid)
{
	end_message(w, begin_message(w, type, xid));
}

void
of_encode_hello(struct of_writer *w, uint32_t xid)
{
	size_t start = begin_message(w, OF_HELLO, xid);

	put_u16(w, 1); /* version bitmap (7.5.1) */
	put_u16(w, 8);
	put_u32(w, 1u << OF_VERSION);
	end_message(w, start);
}

/* True if a bitmap element holds our version. */
static bool
bitmap_has_version(struct reader *bitmap)
{
	return bitmap->n >= 4 && (get_u32(bitmap) & (1u << OF_VERSION)) != 0;
}

int
of_decode_hello(const void *message, size_t size, bool *ret_speaks)
{
	struct of_header header;
	struct reader r = {.p = message, .n = size};
	bool speaks;

	if (of_decode_header(message, size, &header) < 0 || header.length != size ||
	    header.type != OF_HELLO)
		return -EPROTO;
	skip(&r, OF_HEADER_SIZE);
	/* Without a bitmap the lower of both versions is spoken. */
	speaks = header.version >= OF_VERSION;
	while (!r.bad && r.n >= 4) {
		uint16_t type = get_u16(&r), length = get_u16(&r);
		struct reader element;

		if (length < 4)
			return -EPROTO;
		element = take_reader(&r, length - 4u);
		if (type == 1)
			speaks = bitmap_has_version(&element);
		/* Elements are padded to 8; the last one's padding may be missing. */
		skip(&r, r.n < (8 - length % 8u) % 8 ? r.n : (8 - length % 8u) % 8);
	}
	if (r.bad)
		return -EPROTO;
	*ret_speaks = speaks;
	return 0;
}

void
of_encode_error(struct of_writer *w, uint32_t xid, const struct of_error *error)
{
	size_t start = begin_message(w, OF_ERROR, xid);

	put_u16(w, error->type);
	put_u16(w, error->code);
	put(w, error->data, error->size);
	end_message(w, start);
}

int
of_decode_error(const void *message, size_t size, struct of_error *ret)
{
	struct of_header header;
	struct reader r = {.p = message, .n = size};
	struct of_error error;

	/* A switch that does not speak our version says so in its own. */
	if (of_decode_header(message, size, &header) < 0 || header.length != size ||
	    header.type != OF_ERROR)
		return -EPROTO;
	skip(&r, OF_HEADER_SIZE);
	error.type = get_u16(&r);
	error.code = get_u16(&r);
	error.data = r.p;
	error.size = r.n;
	if (r.bad)
		return -EPROTO;
	*ret = error;
	return 0;
}

void
of_encode_echo(struct of_writer *w, enum of_type type, uint32_t xid, const void *data, size_t size)
{
	size_t start = begin_message(w, type, xid);

	put(w, data, size);
	end_message(w, start);
}

void
of_encode_set_config(struct of_writer *w, uint32_t xid, uint16_t miss_send_len)
{
	size_t start = begin_message(w, OF_SET_CONFIG, xid);

	put_u16(w, 0); /* fragments: normal */
	put_u16(w, miss_send_len);
	end_message(w, start);
}

void
of_encode_set_async(struct of_writer *w, uint32_t xid)
{
	/* 7.3.10: packet-in, port status, flow removed; as slave, as master or equal */
	static const uint32_t masks[6] = {0, 0, 7, 7, 0, 0};
	size_t start = begin_message(w, OF_SET_ASYNC, xid);

	for (uint16_t type = 0; type < 6; type++) {
		put_u16(w, type);
		put_u16(w, 8);
		put_u32(w, masks[type]);
	}
	end_message(w, start);
}

void
of_encode_features_reply(struct of_writer *w, uint32_t xid, const struct of_features *f)
{
	size_t start = begin_message(w, OF_FEATURES_REPLY, xid);

	put_u64(w, f->datapath_id);
	put_u32(w, 0);
	put_u8(w, f->n_tables);
	put_u8(w, f->auxiliary_id);
	put_zero(w, 2);
	put_u32(w, f->capabilities);
	put_u32(w, 0);
	end_message(w, start);
}

int
of_decode_features(const void *message, size_t size, struct of_features *ret)
{
	struct reader r = open_message(message, size, OF_FEATURES_REPLY);
	struct of_features f;

	f.datapath_id = get_u64(&r);
	skip(&r, 4);
	f.n_tables = get_u8(&r);
	f.auxiliary_id = get_u8(&r);
	skip(&r, 2);
	f.capabilities = get_u32(&r);
	skip(&r, 4);
	if (r.bad)
		return -EPROTO;
	*ret = f;
	return 0;
}

/* ---- multipart (7.3.5) -------------------------------------------------------- */

static size_t
begin_multipart(struct of_writer *w, enum of_type type, uint32_t xid, enum of_multipart kind,
		bool more)
{
	size_t start = begin_message(w, type, xid);

	put_u16(w, (uint16_t)kind);
	put_u16(w, more ? 1 : 0);
	put_zero(w, 4);
	return start;
}

int
of_decode_multipart(const void *message, size_t size, struct of_multipart_reply *ret)
{
	struct reader r = open_message(message, size, OF_MULTIPART_REPLY);
	struct of_multipart_reply reply;

	reply.type = get_u16(&r);
	reply.more = (get_u16(&r) & 1) != 0;
	skip(&r, 4);
	reply.body = r.p;
	reply.size = r.n;
	if (r.bad)
		return -EPROTO;
	*ret = reply;
	return 0;
}

/* Splits the next entry off a body. `length_at`: where its 16-bit length stands. */
static int
next_entry(const uint8_t **body, size_t *size, size_t length_at, size_t least, struct reader *ret)
{
	size_t length;

	if (*size == 0)
		return 0;
	if (*size < least)
		return -EPROTO;
	length = (size_t)((*body)[length_at] << 8 | (*body)[length_at + 1]);
	if (length < least || length > *size)
		return -EPROTO;
	*ret = (struct reader){.p = *body, .n = length};
	*body += length;
	*size -= length;
	return 1;
}

/* ---- ports (7.2.1) -------------------------------------------------------------- */

#define PORT_SIZE 40u

static void
put_port(struct of_writer *w, const struct of_port *port)
{
	put_u32(w, port->number);
	put_u16(w, PORT_SIZE);
	put_zero(w, 2);
	put(w, port->mac, 6);
	put_zero(w, 2);
	put(w, port->name, OF_PORT_NAME_SIZE);
	put_u32(w, port->config);
	put_u32(w, port->state);
}

static int
get_port(struct reader *r, struct of_port *ret)
{
	struct of_port port = {0};

	port.number = get_u32(r);
	skip(r, 4);
	memcpy(port.mac, take(r, 6), 6);
	skip(r, 2);
	memcpy(port.name, take(r, OF_PORT_NAME_SIZE), OF_PORT_NAME_SIZE);
	port.name[OF_PORT_NAME_SIZE - 1] = '\0';
	port.config = get_u32(r);
	port.state = get_u32(r);
	if (r->bad)
		return -EPROTO;
	*ret = port;
	return 0;
}

void
of_encode_port_desc_request(struct of_writer *w, uint32_t xid)
{
	end_message(w,
		    begin_multipart(w, OF_MULTIPART_REQUEST, xid, OF_MULTIPART_PORT_DESC, false));
}

void
of_encode_port_desc_reply(struct of_writer *w, uint32_t xid, const struct of_port *ports,
			  size_t n_ports, bool more)
{
	size_t start = begin_multipart(w, OF_MULTIPART_REPLY, xid, OF_MULTIPART_PORT_DESC, more);

	for (size_t i = 0; i < n_ports; i++)
		put_port(w, &ports[i]);
	end_message(w, start);
}

int
of_next_port(const uint8_t **body, size_t *size, struct of_port *ret)
{
	struct reader r;
	int result = next_entry(body, size, 4, PORT_SIZE, &r);

	if (result <= 0)
		return result;
	return get_port(&r, ret) < 0 ? -EPROTO : 1;
}

void
of_encode_port_status(struct of_writer *w, uint32_t xid, enum of_port_reason reason,
		      const struct of_port *port)
{
	size_t start = begin_message(w, OF_PORT_STATUS, xid);

	put_u8(w, (uint8_t)reason);
	put_zero(w, 7);
	put_port(w, port);
	end_message(w, start);
}

int
of_decode_port_status(const void *message, size_t size, enum of_port_reason *ret_reason,
		      struct of_port *ret)
{
	struct reader r = open_message(message, size, OF_PORT_STATUS);
	uint8_t reason = get_u8(&r);

	skip(&r, 7);
	if (r.bad || reason > OF_PORT_MODIFY || get_port(&r, ret) < 0)
		return -EPROTO;
	*ret_reason = (enum of_port_reason)reason;
	return 0;
}

/* ---- port statistics (7.3.5.7) ---------------------------------------------------- */

#define PORT_STATS_SIZE 80u

void
of_encode_port_stats_request(struct of_writer *w, uint32_t xid, uint32_t port)
{
	size_t start =
		begin_multipart(w, OF_MULTIPART_REQUEST, xid, OF_MULTIPART_PORT_STATS, false);

	put_u32(w, port);
	put_zero(w, 4);
	end_message(w, start);
}

void
of_encode_port_stats_reply(struct of_writer *w, uint32_t xid, const struct of_port_stats *stats,
			   size_t n_stats)
{
	size_t start = begin_multipart(w, OF_MULTIPART_REPLY, xid, OF_MULTIPART_PORT_STATS, false);

	for (size_t i = 0; i < n_stats; i++) {
		put_u16(w, PORT_STATS_SIZE);
		put_zero(w, 2);
		put_u32(w, stats[i].number);
		put_zero(w, 8);
		put_u64(w, stats[i].rx_packets);
		put_u64(w, stats[i].tx_packets);
		put_zero(w, 48);
	}
	end_message(w, start);
}

int
of_next_port_stats(const uint8_t **body, size_t *size, struct of_port_stats *ret)
{
	struct of_port_stats stats;
	struct reader r;
	int result = next_entry(body, size, 0, PORT_STATS_SIZE, &r);

	if (result <= 0)
		return result;
	skip(&r, 4);
	stats.number = get_u32(&r);
	skip(&r, 8);
	stats.rx_packets = get_u64(&r);
	stats.tx_packets = get_u64(&r);
	*ret = stats;
	return 1;
}

/* ---- flow statistics (7.3.5.2) ------------------------------------------------------ */

#define FLOW_STATS_SIZE 56u /* with the shortest match */

void
of_encode_flow_stats_request(struct of_writer *w, uint32_t xid, uint64_t cookie, uint64_t mask)
{
	static const struct of_match all;
	size_t start = begin_multipart(w, OF_MULTIPART_REQUEST, xid, OF_MULTIPART_FLOW, false);

	put_u8(w, 0xff); /* all tables */
	put_zero(w, 3);
	put_u32(w, OF_PORT_ANY);
	put_u32(w, OF_PORT_ANY); /* group */
	put_zero(w, 4);
	put_u64(w, cookie);
	put_u64(w, mask);
	put_match(w, &all);
	end_message(w, start);
}

int
of_decode_flow_stats_request(const void *message, size_t size, uint64_t *ret_cookie,
			     uint64_t *ret_mask)
{
	struct reader r = open_message(message, size, OF_MULTIPART_REQUEST);
	struct of_match match = {0};
	uint64_t cookie, mask;
	bool opaque = false;

	if (get_u16(&r) != OF_MULTIPART_FLOW)
		return -EPROTO;
	skip(&r, 2 + 4 + 16);
	cookie = get_u64(&r);
	mask = get_u64(&r);
	get_match(&r, &match, &opaque);
	if (r.bad)
		return -EPROTO;
	*ret_cookie = cookie;
	*ret_mask = mask;
	return 0;
}

static void
put_flow(struct of_writer *w, const struct of_flow *flow)
{
	size_t start = w->size;

	put_u16(w, 0);
	put_u8(w, flow->table);
	put_u8(w, 0);
	put_zero(w, 8);
	put_u16(w, flow->priority);
	put_zero(w, 10);
	put_u64(w, flow->cookie);
	put_u64(w, flow->packets);
	put_u64(w, flow->bytes);
	put_match(w, &flow->match);
	put_instructions(w, &flow->actions);
	patch_u16(w, start, w->size - start);
}

void
of_encode_flow_stats_reply(struct of_writer *w, uint32_t xid, const struct of_flow *flows,
			   size_t n_flows, bool more)
{
	size_t start = begin_multipart(w, OF_MULTIPART_REPLY, xid, OF_MULTIPART_FLOW, more);

	for (size_t i = 0; i < n_flows; i++)
		put_flow(w, &flows[i]);
	end_message(w, start);
}

int
of_next_flow(const uint8_t **body, size_t *size, struct of_flow *ret)
{
	struct of_flow flow = {0};
	struct reader r;
	int result = next_entry(body, size, 0, FLOW_STATS_SIZE, &r);

	if (result <= 0)
		return result;
	skip(&r, 2);
	flow.table = get_u8(&r);
	skip(&r, 1 + 8);
	flow.priority = get_u16(&r);
	skip(&r, 10);
	flow.cookie = get_u64(&r);
	flow.packets = get_u64(&r);
	flow.bytes = get_u64(&r);
	get_match(&r, &flow.match, &flow.opaque);
	get_instructions(&r, &flow.actions, &flow.opaque);
	if (r.bad)
		return -EPROTO;
	*ret = flow;
	return 1;
}

/* ---- flow mod (7.3.4.1) --------------------------------------------------------------- */

void
of_encode_flow_mod(struct of_writer *w, uint32_t xid, const struct of_flow_mod *mod)
{
	size_t start = begin_message(w, OF_FLOW_MOD, xid);

	put_u64(w, mod->cookie);
	put_u64(w, mod->cookie_mask);
	/* Deletions by cookie look at all tables, everything else is in table 0. */
	put_u8(w, mod->command == OF_FLOW_DELETE ? 0xff : 0);
	put_u8(w, mod->command);
	put_zero(w, 4); /* no timeouts */
	put_u16(w, mod->priority);
	put_u32(w, 0xffffffffu); /* no buffer */
	put_u32(w, OF_PORT_ANY);
	put_u32(w, OF_PORT_ANY); /* group */
	put_zero(w, 4);          /* flags, importance */
	put_match(w, &mod->match);
	put_instructions(w, &mod->actions);
	end_message(w, start);
}

int
of_decode_flow_mod(const void *message, size_t size, struct of_flow_mod *ret)
{
	struct reader r = open_message(message, size, OF_FLOW_MOD);
	struct of_flow_mod mod = {0};
	bool opaque = false;

	mod.cookie = get_u64(&r);
	mod.cookie_mask = get_u64(&r);
	skip(&r, 1);
	mod.command = get_u8(&r);
	skip(&r, 4);
	mod.priority = get_u16(&r);
	skip(&r, 16);
	get_match(&r, &mod.match, &opaque);
	get_instructions(&r, &mod.actions, &opaque);
	if (r.bad || opaque)
		return -EPROTO;
	*ret = mod;
	return 0;
}

/* ---- bundles (7.3.9) -------------------------------------------------------------------- */

void
of_encode_bundle_control(struct of_writer *w, uint32_t xid, const struct of_bundle_control *control)
{
	size_t start = begin_message(w, OF_BUNDLE_CONTROL, xid);

	put_u32(w, control->id);
	put_u16(w, control->type);
	put_u16(w, control->flags);
	end_message(w, start);
}

int
of_decode_bundle_control(const void *message, size_t size, struct of_bundle_control *ret)
{
	struct reader r = open_message(message, size, OF_BUNDLE_CONTROL);
	struct of_bundle_control control;

	control.id = get_u32(&r);
	control.type = get_u16(&r);
	control.flags = get_u16(&r);
	if (r.bad || control.type > OF_BUNDLE_DISCARD_REPLY)
		return -EPROTO;
	*ret = control;
	return 0;
}

void
of_encode_bundle_add(struct of_writer *w, uint32_t xid, uint32_t bundle, uint16_t flags,
		     const struct of_flow_mod *mod)
{
	size_t start = begin_message(w, OF_BUNDLE_ADD, xid);

	put_u32(w, bundle);
	put_zero(w, 2);
	put_u16(w, flags);
	of_encode_flow_mod(w, xid, mod);
	end_message(w, start);
}

int
of_decode_bundle_add(const void *message, size_t size, uint32_t *ret_bundle, uint16_t *ret_flags,
		     struct of_flow_mod *ret)
{
	struct reader r = open_message(message, size, OF_BUNDLE_ADD);
	struct of_header inner;
	uint32_t bundle = get_u32(&r);
	uint16_t flags;

	skip(&r, 2);
	flags = get_u16(&r);
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
	size_t start = begin_message(w, OF_PACKET_OUT, xid), at, actions;

	put_u32(w, 0xffffffffu); /* no buffer */
	put_u32(w, out->in_port);
	at = w->size;
	put_u16(w, 0);
	put_zero(w, 6);
	actions = w->size;
	put_actions(w, &out->actions);
	patch_u16(w, at, w->size - actions);
	put(w, out->data, out->size);
	end_message(w, start);
}

int
of_decode_packet_out(const void *message, size_t size, struct of_packet_out *ret)
{
	struct reader r = open_message(message, size, OF_PACKET_OUT), actions;
	struct of_packet_out out = {0};
	bool opaque = false;
	uint16_t length;

	skip(&r, 4);
	out.in_port = get_u32(&r);
	length = get_u16(&r);
	skip(&r, 6);
	actions = take_reader(&r, length);
	get_actions(&actions, &out.actions, &opaque);
	out.data = r.p;
	out.size = r.n;
	if (r.bad || actions.bad || opaque)
		return -EPROTO;
	*ret = out;
	return 0;
}

/* ---- errors (7.4.4) ------------------------------------------------------------------------ */

const char *
of_error_type_name(uint16_t type)
{
	static const char *const names[] = {
		"hello failed",
		"bad request",
		"bad action",
		"bad instruction",
		"bad match",
		"flow mod failed",
		"group mod failed",
		"port mod failed",
		"table mod failed",
		"queue op failed",
		"switch config failed",
		"role request failed",
		"meter mod failed",
		"table features failed",
		"bad property",
		"async config failed",
		"flow monitor failed",
		"bundle failed",
	};

	if (type < sizeof(names) / sizeof(names[0]))
		return names[type];
	return type == 0xffff ? "experimenter" : "unknown error";
}

const char *
of_error_format(uint16_t type, uint16_t code, char text[OF_ERROR_TEXT_SIZE])
{
	snprintf(text, OF_ERROR_TEXT_SIZE, "%s, code %u", of_error_type_name(type), code);
	return text;
}
