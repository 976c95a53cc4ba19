/* SPDX-License-Identifier: Apache-2.0 */
/* Which bucket what has an IPv4 address belongs to: its low byte, which a switch can mask. Nothing else may compute
 * it. Pure. */
#ifndef NF_IPV4_BUCKET_H
#define NF_IPV4_BUCKET_H

#include <stdint.h>

#include <rte_byteorder.h>

static inline uint8_t
nf_ipv4_bucket(rte_be32_t address)
{
	return (uint8_t)rte_be_to_cpu_32(address);
}

#endif
