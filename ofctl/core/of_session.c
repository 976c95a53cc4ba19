/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection starts with and lives by: hello, errors, echo, features, which messages come
 * unasked. */
#include <errno.h>
#include <stdio.h>

#include "of_bytes.h"

/* ---- small messages --------------------------------------------------------- */

int
of_decode_header(const void *data, size_t size, struct of_header *ret)
{
	struct of_reader r = {.p = data, .n = size};
	struct of_header header;

	if (size < OF_HEADER_SIZE)
		return -EAGAIN;
	header.version = of_get_u8(&r);
	header.type = of_get_u8(&r);
	header.length = of_get_u16(&r);
	header.xid = of_get_u32(&r);
	if (header.length < OF_HEADER_SIZE)
		return -EPROTO;
	*ret = header;
	return 0;
}

void
of_encode_plain(struct of_writer *w, enum of_type type, uint32_t xid)
{
	of_end_message(w, of_begin_message(w, type, xid));
}

void
of_encode_hello(struct of_writer *w, uint32_t xid)
{
	size_t start = of_begin_message(w, OF_HELLO, xid);

	of_put_u16(w, 1); /* version bitmap (7.5.1) */
	of_put_u16(w, 8);
	of_put_u32(w, 1u << OF_VERSION);
	of_end_message(w, start);
}

/* True if a bitmap element holds our version. */
static bool
bitmap_has_version(struct of_reader *bitmap)
{
	return bitmap->n >= 4 && (of_get_u32(bitmap) & (1u << OF_VERSION)) != 0;
}

int
of_decode_hello(const void *message, size_t size, bool *ret_speaks)
{
	struct of_header header;
	struct of_reader r = {.p = message, .n = size};
	bool speaks;

	if (of_decode_header(message, size, &header) < 0 || header.length != size ||
	    header.type != OF_HELLO)
		return -EPROTO;
	of_skip(&r, OF_HEADER_SIZE);
	/* Without a bitmap the lower of both versions is spoken. */
	speaks = header.version >= OF_VERSION;
	while (!r.bad && r.n >= 4) {
		uint16_t type = of_get_u16(&r), length = of_get_u16(&r);
		struct of_reader element;

		if (length < 4)
			return -EPROTO;
		element = of_take_reader(&r, length - 4u);
		if (type == 1)
			speaks = bitmap_has_version(&element);
		/* Elements are padded to 8; the last one's padding may be missing. */
		of_skip(&r, r.n < (8 - length % 8u) % 8 ? r.n : (8 - length % 8u) % 8);
	}
	if (r.bad)
		return -EPROTO;
	*ret_speaks = speaks;
	return 0;
}

void
of_encode_error(struct of_writer *w, uint32_t xid, const struct of_error *error)
{
	size_t start = of_begin_message(w, OF_ERROR, xid);

	of_put_u16(w, error->type);
	of_put_u16(w, error->code);
	of_put(w, error->data, error->size);
	of_end_message(w, start);
}

int
of_decode_error(const void *message, size_t size, struct of_error *ret)
{
	struct of_header header;
	struct of_reader r = {.p = message, .n = size};
	struct of_error error;

	/* A switch that does not speak our version says so in its own. */
	if (of_decode_header(message, size, &header) < 0 || header.length != size ||
	    header.type != OF_ERROR)
		return -EPROTO;
	of_skip(&r, OF_HEADER_SIZE);
	error.type = of_get_u16(&r);
	error.code = of_get_u16(&r);
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
	size_t start = of_begin_message(w, type, xid);

	of_put(w, data, size);
	of_end_message(w, start);
}

void
of_encode_set_config(struct of_writer *w, uint32_t xid, uint16_t miss_send_len)
{
	size_t start = of_begin_message(w, OF_SET_CONFIG, xid);

	of_put_u16(w, 0); /* fragments: normal */
	of_put_u16(w, miss_send_len);
	of_end_message(w, start);
}

/* 7.3.10: packet-in, port status, flow removed; each as slave, as master or equal. */
#define ASYNC_TYPES 6u
#define ASYNC_PACKET_IN_MASTER 1u

void
of_encode_set_async(struct of_writer *w, uint32_t xid, bool packets)
{
	const uint32_t masks[ASYNC_TYPES] = {
		[ASYNC_PACKET_IN_MASTER] = packets ? 1u << OF_REASON_APPLY_ACTION : 0,
		[2] = 7,
		[3] = 7,
	};
	size_t start = of_begin_message(w, OF_SET_ASYNC, xid);

	for (uint16_t type = 0; type < ASYNC_TYPES; type++) {
		of_put_u16(w, type);
		of_put_u16(w, 8);
		of_put_u32(w, masks[type]);
	}
	of_end_message(w, start);
}

int
of_decode_set_async(const void *message, size_t size, bool *ret_packets)
{
	struct of_reader r = of_open_message(message, size, OF_SET_ASYNC);
	bool packets = false;

	while (!r.bad && r.n > 0) {
		uint16_t type = of_get_u16(&r), length = of_get_u16(&r);
		struct of_reader value;

		if (length < 4)
			return -EPROTO;
		value = of_take_reader(&r, length - 4u);
		if (type == ASYNC_PACKET_IN_MASTER)
			packets = (of_get_u32(&value) & 1u << OF_REASON_APPLY_ACTION) != 0;
		r.bad |= value.bad;
	}
	if (r.bad)
		return -EPROTO;
	*ret_packets = packets;
	return 0;
}

void
of_encode_features_reply(struct of_writer *w, uint32_t xid, const struct of_features *f)
{
	size_t start = of_begin_message(w, OF_FEATURES_REPLY, xid);

	of_put_u64(w, f->datapath_id);
	of_put_u32(w, 0);
	of_put_u8(w, f->n_tables);
	of_put_u8(w, f->auxiliary_id);
	of_put_zero(w, 2);
	of_put_u32(w, f->capabilities);
	of_put_u32(w, 0);
	of_end_message(w, start);
}

int
of_decode_features(const void *message, size_t size, struct of_features *ret)
{
	struct of_reader r = of_open_message(message, size, OF_FEATURES_REPLY);
	struct of_features f;

	f.datapath_id = of_get_u64(&r);
	of_skip(&r, 4);
	f.n_tables = of_get_u8(&r);
	f.auxiliary_id = of_get_u8(&r);
	of_skip(&r, 2);
	f.capabilities = of_get_u32(&r);
	of_skip(&r, 4);
	if (r.bad)
		return -EPROTO;
	*ret = f;
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
