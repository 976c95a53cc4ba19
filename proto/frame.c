/* SPDX-License-Identifier: Apache-2.0 */
/* Framing of the peer stream over a bump allocator. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

int
frame_decoder_init(struct frame_decoder *decoder)
{
	decoder->arena = malloc(FRAME_ARENA_SIZE);
	decoder->used = 0;
	return decoder->arena != NULL ? 0 : -ENOMEM;
}

void
frame_decoder_fini(struct frame_decoder *decoder)
{
	free(decoder->arena);
	memset(decoder, 0, sizeof(*decoder));
}

ssize_t
frame_peek(const uint8_t *bytes, size_t size)
{
	uint32_t body;

	if (size < FRAME_HEAD_SIZE)
		return 0;
	body = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
	if (body == 0 || body > SLIM_PEER_FRAME_MAX)
		return -EMSGSIZE;
	return (ssize_t)body;
}

static void *
arena_alloc(void *ctx, size_t size)
{
	struct frame_decoder *decoder = ctx;
	size_t room = FRAME_ARENA_SIZE - decoder->used;
	void *at;

	if (size > room)
		return NULL;
	size = (size + 15u) & ~(size_t)15u;
	if (size > room)
		return NULL;
	at = decoder->arena + decoder->used;
	decoder->used += size;
	return at;
}

static void
arena_free(void *ctx, void *at)
{
	(void)ctx;
	(void)at;
}

ProtobufCAllocator *
frame_decoder_allocator(struct frame_decoder *decoder)
{
	decoder->used = 0;
	decoder->allocator = (ProtobufCAllocator){
		.alloc = arena_alloc, .free = arena_free, .allocator_data = decoder};
	return &decoder->allocator;
}

const Slim__Peer__V1__Frame *
frame_decode(struct frame_decoder *decoder, const uint8_t *body, size_t size)
{
	return slim__peer__v1__frame__unpack(frame_decoder_allocator(decoder), size, body);
}

size_t
frame_size(const Slim__Peer__V1__Frame *frame)
{
	size_t body = slim__peer__v1__frame__get_packed_size(frame);

	return body == 0 || body > SLIM_PEER_FRAME_MAX ? 0 : FRAME_HEAD_SIZE + body;
}

void
frame_encode(const Slim__Peer__V1__Frame *frame, uint8_t *to)
{
	uint32_t body = (uint32_t)slim__peer__v1__frame__pack(frame, to + FRAME_HEAD_SIZE);

	to[0] = (uint8_t)(body >> 24);
	to[1] = (uint8_t)(body >> 16);
	to[2] = (uint8_t)(body >> 8);
	to[3] = (uint8_t)body;
}
