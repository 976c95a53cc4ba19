/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incremental Internet checksums (RFC 1624, equation 3).
 *
 * A change is collected as a sum of one's complement differences and applied
 * once: the new checksum is ~(~old + ~m + m'). All words are taken as they stand
 * in the packet; the sum does not depend on the byte order.
 */
#ifndef NF_CHECKSUM_H
#define NF_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Adds the replacement of one 16-bit word. A sum takes at least 30,000 of these. */
static inline uint32_t
nf_csum_diff16(uint32_t sum, uint16_t from, uint16_t to)
{
	return sum + (uint16_t)~from + to;
}

/* The same for two neighbouring words (an IPv4 address). */
static inline uint32_t
nf_csum_diff32(uint32_t sum, uint32_t from, uint32_t to)
{
	sum = nf_csum_diff16(sum, (uint16_t)from, (uint16_t)to);
	return nf_csum_diff16(sum, (uint16_t)(from >> 16), (uint16_t)(to >> 16));
}

/* A sum of words of any size up to 64 bits, in 16; 0 only if all of them are 0. */
static inline uint16_t
nf_csum_fold64(uint64_t sum)
{
	uint32_t half;

	sum += sum << 32 | sum >> 32;
	half = (uint32_t)(sum >> 32);
	half += half << 16 | half >> 16;
	return (uint16_t)(half >> 16);
}

/* The replacement of 32 bits, for a sum of 64. */
static inline uint64_t
nf_csum_replace32(uint32_t from, uint32_t to)
{
	return (uint64_t)(uint32_t)~from + to;
}

/* Is the checksum of an IPv4 header without options right? The sum of its words is 0 in one's complement then: a multiple
 * of 0xffff, which the compiler finds out by a multiplication. It is not 0, as no header is. */
static inline bool
nf_csum_is_right_20(const void *header)
{
	uint32_t words[5];

	memcpy(words, header, sizeof(words));
	return ((uint64_t)words[0] + words[1] + words[2] + words[3] + words[4]) % UINT16_MAX == 0;
}

/* The checksum field after the collected changes. */
static inline uint16_t
nf_csum_apply(uint16_t checksum, uint32_t sum)
{
	sum += (uint16_t)~checksum;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* For UDP: 0 in the packet means "no checksum" and stays; a computed 0 is sent as 0xffff
 * (RFC 768). */
static inline uint16_t
nf_csum_apply_udp(uint16_t checksum, uint32_t sum)
{
	if (checksum == 0)
		return 0;
	checksum = nf_csum_apply(checksum, sum);
	return checksum == 0 ? UINT16_MAX : checksum;
}

#endif
