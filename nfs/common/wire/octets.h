/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in network order at any address, and back. Pure. */
#ifndef NF_OCTETS_H
#define NF_OCTETS_H

#include <stdint.h>

static inline uint16_t
nf_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t
nf_get32(const uint8_t *at)
{
	return (uint32_t)nf_get16(at) << 16 | nf_get16(at + 2);
}

static inline void
nf_put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void
nf_put32(uint8_t *at, uint32_t value)
{
	nf_put16(at, (uint16_t)(value >> 16));
	nf_put16(at + 2, (uint16_t)value);
}

#endif
