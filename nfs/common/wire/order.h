/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte order, as the compiler understands it. rte_be_to_cpu_16() and its kin are assembler on x86: of a value that is used
 * twice they are done twice, and never moved or merged. For the packet path.
 */
#ifndef NF_ORDER_H
#define NF_ORDER_H

#include <stdint.h>

#include <rte_byteorder.h>

static inline uint16_t
nf_from_be16(rte_be16_t value)
{
	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? __builtin_bswap16(value) : value;
}

static inline uint32_t
nf_from_be32(rte_be32_t value)
{
	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? __builtin_bswap32(value) : value;
}

#endif
