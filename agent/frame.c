/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <string.h>

#include <rte_byteorder.h>

#include "slim_shm.h"

#define ETHER_SIZE 14
#define FRAME_VERSION 1

static const uint8_t frame_destination[6] = {0x02, 0x73, 0x6c, 0x69, 0x6d, 0x02};
static const uint8_t frame_source[6] = {0x02, 0x73, 0x6c, 0x69, 0x6d, 0x01};

static uint16_t
get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put_be16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* True if the bytes start with the redirect tag. */
static bool
has_tag(const uint8_t *bytes, size_t size, uint16_t vid)
{
	return size >= ETHER_SIZE + SLIM_FRAME_TAG_SIZE && vid != 0 &&
	       get_be16(bytes + 12) == SLIM_FRAME_TPID && (get_be16(bytes + 14) & 0xfff) == vid;
}

enum slim_frame_kind
slim_frame_sort(const uint8_t *bytes, size_t size, uint16_t vid, bool stripped)
{
	bool tag = !stripped && has_tag(bytes, size, vid);
	size_t type_at = tag ? 12 + SLIM_FRAME_TAG_SIZE : 12;
	bool ours = size >= type_at + 2 && get_be16(bytes + type_at) == SLIM_ETHERTYPE;

	if (tag || stripped)
		return ours ? SLIM_FRAME_TAGGED_OURS : SLIM_FRAME_TAGGED_DATA;
	return ours ? SLIM_FRAME_OURS : SLIM_FRAME_DATA;
}

size_t
slim_frame_build(uint8_t *bytes, uint16_t vid, const struct slim_frame_content *content)
{
	struct slim_frame frame = {
		.magic = rte_cpu_to_be_16(SLIM_FRAME_MAGIC),
		.version = FRAME_VERSION,
		.type = content->type,
		.port = content->port,
		.worker = content->worker,
		.n_workers = content->n_workers,
		.round = rte_cpu_to_be_32(content->round),
		.session = rte_cpu_to_be_64(content->session),
		.nonce = rte_cpu_to_be_64(content->nonce),
	};
	size_t at = 12;

	memset(bytes, 0, SLIM_FRAME_MAX_SIZE);
	memcpy(bytes, frame_destination, 6);
	memcpy(bytes + 6, frame_source, 6);
	if (vid != 0) {
		put_be16(bytes + at, SLIM_FRAME_TPID);
		put_be16(bytes + at + 2, vid);
		at += SLIM_FRAME_TAG_SIZE;
	}
	put_be16(bytes + at, SLIM_ETHERTYPE);
	memcpy(bytes + at + 2, &frame, sizeof(frame));
	return vid != 0 ? SLIM_FRAME_SIZE + SLIM_FRAME_TAG_SIZE : SLIM_FRAME_SIZE;
}

bool
slim_frame_is_tagged(uint8_t type)
{
	return type == SLIM_FRAME_PROBE || type == SLIM_FRAME_MARK || type == SLIM_FRAME_FLUSH_COPY;
}

bool
slim_frame_parse(const uint8_t *bytes, size_t size, bool tagged, bool stripped,
		 struct slim_frame_content *ret)
{
	size_t at = ETHER_SIZE + (tagged && !stripped ? SLIM_FRAME_TAG_SIZE : 0);
	struct slim_frame frame;

	if (size < at + sizeof(frame))
		return false;
	memcpy(&frame, bytes + at, sizeof(frame));
	if (frame.magic != rte_cpu_to_be_16(SLIM_FRAME_MAGIC) || frame.version != FRAME_VERSION)
		return false;
	if (frame.type < SLIM_FRAME_PROBE || frame.type > SLIM_FRAME_FLUSH_COPY)
		return false;
	if (slim_frame_is_tagged(frame.type) != tagged)
		return false;
	*ret = (struct slim_frame_content){
		.type = frame.type,
		.port = frame.port,
		.worker = frame.worker,
		.n_workers = frame.n_workers,
		.round = rte_be_to_cpu_32(frame.round),
		.session = rte_be_to_cpu_64(frame.session),
		.nonce = rte_be_to_cpu_64(frame.nonce),
	};
	return true;
}
