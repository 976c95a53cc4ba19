/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers in network order, the Internet checksum (RFC 1071) and an IPv4 header, as bytes at any
 * address. For the generator's frames; no state.
 */
#ifndef SLIM_BENCH_BYTES_H
#define SLIM_BENCH_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BYTES_ETHER 14u
#define BYTES_IP 20u
#define BYTES_UDP 8u
#define BYTES_ETHERTYPE_IP 0x0800u
#define BYTES_PROTOCOL_UDP 17u
#define BYTES_TTL 64u

static inline uint16_t
bytes_get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
bytes_get_be32(const uint8_t *p)
{
	return (uint32_t)bytes_get_be16(p) << 16 | bytes_get_be16(p + 2);
}

static inline void
bytes_put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
bytes_put_be32(uint8_t *p, uint32_t v)
{
	bytes_put_be16(p, (uint16_t)(v >> 16));
	bytes_put_be16(p + 2, (uint16_t)v);
}

/* ---- Internet checksum ------------------------------------------------------------ */

static inline uint32_t
bytes_sum_add(uint32_t sum, const uint8_t *p, size_t size)
{
	for (; size > 1; p += 2, size -= 2)
		sum += bytes_get_be16(p);
	return size == 1 ? sum + ((uint32_t)p[0] << 8) : sum;
}

static inline uint16_t
bytes_sum_fold(uint32_t sum)
{
	sum = (sum & 0xffffu) + (sum >> 16);
	sum = (sum & 0xffffu) + (sum >> 16);
	return (uint16_t)~sum;
}

/* An IPv4 header without options of a UDP packet of `size` bytes that must not be fragmented. */
static inline void
bytes_put_ip(uint8_t *ip, size_t size, uint32_t src_ip, uint32_t dst_ip)
{
	memset(ip, 0, BYTES_IP);
	ip[0] = 0x45;
	bytes_put_be16(ip + 2, (uint16_t)size);
	bytes_put_be16(ip + 6, 0x4000);
	ip[8] = BYTES_TTL;
	ip[9] = BYTES_PROTOCOL_UDP;
	bytes_put_be32(ip + 12, src_ip);
	bytes_put_be32(ip + 16, dst_ip);
	bytes_put_be16(ip + 10, bytes_sum_fold(bytes_sum_add(0, ip, BYTES_IP)));
}

#endif
