/* SPDX-License-Identifier: Apache-2.0 */
#include "of_bytes.h"

#include <assert.h>
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

void
of_put(struct of_writer *w, const void *data, size_t size)
{
	if (w->full || size > w->capacity - w->size) {
		w->full = true;
		return;
	}
	if (size > 0)
		memcpy(w->data + w->size, data, size);
	w->size += size;
}

void
of_put_zero(struct of_writer *w, size_t size)
{
	static const uint8_t zero[64];

	assert(size <= sizeof(zero));
	of_put(w, zero, size);
}

void
of_put_u8(struct of_writer *w, uint8_t value)
{
	of_put(w, &value, 1);
}

void
of_put_u16(struct of_writer *w, uint16_t value)
{
	uint8_t b[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	of_put(w, b, sizeof(b));
}

void
of_put_u32(struct of_writer *w, uint32_t value)
{
	of_put_u16(w, (uint16_t)(value >> 16));
	of_put_u16(w, (uint16_t)value);
}

void
of_put_u64(struct of_writer *w, uint64_t value)
{
	of_put_u32(w, (uint32_t)(value >> 32));
	of_put_u32(w, (uint32_t)value);
}

/* A length that is known later: `at` is where its two bytes are. */
void
of_patch_u16(struct of_writer *w, size_t at, size_t value)
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

void
of_pad_to_8(struct of_writer *w, size_t start)
{
	of_put_zero(w, (8 - (w->size - start) % 8) % 8);
}

size_t
of_begin_message(struct of_writer *w, enum of_type type, uint32_t xid)
{
	size_t start = w->size;

	of_put_u8(w, OF_VERSION);
	of_put_u8(w, (uint8_t)type);
	of_put_u16(w, 0);
	of_put_u32(w, xid);
	return start;
}

void
of_end_message(struct of_writer *w, size_t start)
{
	of_patch_u16(w, start + 2, w->size - start);
}

/* ---- reader --------------------------------------------------------------- */

const uint8_t *
of_take(struct of_reader *r, size_t size)
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

void
of_skip(struct of_reader *r, size_t size)
{
	of_take(r, size);
}

uint8_t
of_get_u8(struct of_reader *r)
{
	return of_take(r, 1)[0];
}

uint16_t
of_get_u16(struct of_reader *r)
{
	const uint8_t *p = of_take(r, 2);

	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t
of_get_u32(struct of_reader *r)
{
	uint32_t high = of_get_u16(r);

	return high << 16 | of_get_u16(r);
}

uint64_t
of_get_u64(struct of_reader *r)
{
	uint64_t high = of_get_u32(r);

	return high << 32 | of_get_u32(r);
}

/* The next `size` bytes as a reader of their own. */
struct of_reader
of_take_reader(struct of_reader *r, size_t size)
{
	struct of_reader part = {.p = of_take(r, size), .n = size};

	if (r->bad)
		part = (struct of_reader){.bad = true};
	return part;
}

/* A reader behind the header of a whole message of this type. */
struct of_reader
of_open_message(const void *message, size_t size, enum of_type type)
{
	struct of_header header;
	struct of_reader r = {.p = message, .n = size};

	if (of_decode_header(message, size, &header) < 0 || header.length != size ||
	    header.type != type || header.version != OF_VERSION)
		return (struct of_reader){.bad = true};
	of_skip(&r, OF_HEADER_SIZE);
	return r;
}
