/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: builds and reads the agents' own frames on the data path.
 *
 * What arrives is hostile: a frame counts only if its length, magic and version
 * are right, and it acts only if session and nonce are those of the session.
 * Pure functions over bytes. Layout: struct slim_frame in slim_shm.h.
 */
#ifndef SLIM_AGENT_FRAME_H
#define SLIM_AGENT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLIM_FRAME_TAG_SIZE 4
#define SLIM_FRAME_MAX_SIZE 68 /* with the VLAN tag */
#define SLIM_FRAME_TPID 0x8100

/* The same as struct slim_frame, in host byte order. */
struct slim_frame_content {
	uint8_t type; /* enum slim_frame_type */
	uint8_t port;
	uint8_t worker;
	uint8_t n_workers;
	uint32_t round;
	uint64_t session;
	uint64_t nonce;
};

/* Where an Ethernet frame stands with us. */
enum slim_frame_kind {
	SLIM_FRAME_DATA,        /* a packet of the network's */
	SLIM_FRAME_TAGGED_DATA, /* a packet behind the redirect tag */
	SLIM_FRAME_OURS,        /* our ethertype, no tag */
	SLIM_FRAME_TAGGED_OURS, /* our ethertype, behind the redirect tag */
};

/* Sorts a frame by its first `size` bytes (as far as they are contiguous).
 * `vid`: redirect tag of the port, 0: none. `stripped`: the NIC has already taken
 * this redirect tag off. */
enum slim_frame_kind slim_frame_sort(const uint8_t *bytes, size_t size, uint16_t vid,
				     bool stripped);

/* Does this type travel over the redirect path (behind its tag)? The others travel without. */
bool slim_frame_is_tagged(uint8_t type);

/* Writes a whole frame, with the tag when vid is not 0. Returns its size; `bytes` has
 * room for SLIM_FRAME_MAX_SIZE. */
size_t slim_frame_build(uint8_t *bytes, uint16_t vid, const struct slim_frame_content *content);

/* Reads one of our frames; `tagged`: the redirect tag is still there.
 * Returns false, *ret untouched, if it is short or not of this version, or if
 * its type does not go with the tag. */
bool slim_frame_parse(const uint8_t *bytes, size_t size, bool tagged, bool stripped,
		      struct slim_frame_content *ret);

#endif
