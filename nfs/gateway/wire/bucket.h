/* SPDX-License-Identifier: Apache-2.0 */
/* Which bucket a session belongs to: the low byte of its TEID, which is that of its addresses. Pure. */
#ifndef GATEWAY_BUCKET_H
#define GATEWAY_BUCKET_H

#include <stdint.h>

#include "ipv4_bucket.h"

static inline uint8_t
gateway_teid_bucket(uint32_t teid)
{
	return (uint8_t)teid;
}

static inline uint8_t
gateway_ipv4_bucket(rte_be32_t address)
{
	return nf_ipv4_bucket(address);
}

/* The low end of the /64 prefix. */
static inline uint8_t
gateway_ipv6_bucket(const uint8_t address[16])
{
	return address[7];
}

#endif
