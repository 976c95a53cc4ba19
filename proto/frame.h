/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of the peer stream: a 4-byte big-endian length of what follows, then one
 * serialized slim.peer.v1.Frame (proto/slim_peer.proto).
 *
 * A frame that comes in costs at most FRAME_ARENA_SIZE bytes of memory, whatever
 * it claims: the decoder allocates from its own arena and refuses what does not fit.
 * So a message is valid until the next decode, and nobody frees it.
 *
 * No I/O. One thread for each decoder.
 */
#ifndef SLIM_PROTO_FRAME_H
#define SLIM_PROTO_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "slim_limits.h"
#include "slim_peer.pb-c.h"

#define FRAME_HEAD_SIZE 4u
/* A decoded frame repeats its bytes once; the rest is for structures. */
#define FRAME_ARENA_SIZE (2u * SLIM_PEER_FRAME_MAX + (256u << 10))

struct frame_decoder {
	uint8_t *arena;
	size_t used;
	ProtobufCAllocator allocator;
};

int frame_decoder_init(struct frame_decoder *decoder);
void frame_decoder_fini(struct frame_decoder *decoder);

/* Looks at the first `size` bytes of a stream. Returns the size of the body of the
 * first frame, 0 when its head is not complete, -EMSGSIZE when the head makes no sense
 * (empty or above SLIM_PEER_FRAME_MAX). */
ssize_t frame_peek(const uint8_t *bytes, size_t size);

/* Decodes a body. NULL: not a Frame, or too many parts for the arena. */
const Slim__Peer__V1__Frame *frame_decode(struct frame_decoder *decoder, const uint8_t *body,
					  size_t size);

/* Empties the arena and lends it to another unpack of protobuf-c. */
ProtobufCAllocator *frame_decoder_allocator(struct frame_decoder *decoder);

/* Bytes of a frame with its head; 0 when the body is above SLIM_PEER_FRAME_MAX. */
size_t frame_size(const Slim__Peer__V1__Frame *frame);

/* Writes the frame_size() bytes of a frame. */
void frame_encode(const Slim__Peer__V1__Frame *frame, uint8_t *to);

#endif
