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

/* A sum of 32 bits and what comes on top; 0 only if both are 0. */
static inline uint32_t
nf_csum_add32(uint32_t sum, uint32_t more)
{
	bool carry = __builtin_add_overflow(sum, more, &sum);

	return sum + carry;
}

/* The replacement of 32 bits, as a sum of 32. */
static inline uint32_t
nf_csum_replace32(uint32_t from, uint32_t to)
{
	return nf_csum_add32(~from, to);
}

/* A sum of 32 bits, in 16; 0 only if it is 0. */
static inline uint16_t
nf_csum_fold32(uint32_t sum)
{
	sum += sum << 16 | sum >> 16;
	return (uint16_t)(sum >> 16);
}

/* Is the checksum right of an IPv4 header without options, of a packet that is no fragment? The sum of its words is 0 in
 * one's complement then: a multiple of 0xffff, and not 0, as no header is. A number is one if, times the inverse of
 * 0xffff among the numbers of 64 bits, it is no more than the largest quotient. One sum of 64 bits can run over: the
 * first eight octets, whatever their order, are far from it. */
static inline bool
nf_csum_is_right_20(const void *header)
{
	const uint64_t inverse = UINT64_C(0xfffefffefffeffff);
	uint64_t first, second, sum;
	bool carry;
	uint32_t last;

	memcpy(&first, header, sizeof(first));
	memcpy(&second, (const uint8_t *)header + 8, sizeof(second));
	memcpy(&last, (const uint8_t *)header + 16, sizeof(last));
	sum = first + last;
	carry = __builtin_add_overflow(sum, second, &sum);
	sum += carry;
	return sum * inverse <= UINT64_MAX / UINT16_MAX;
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
