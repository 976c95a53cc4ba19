/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a thing the gateway's configuration may have. */
#ifndef GATEWAY_CONFIG_LIMITS_H
#define GATEWAY_CONFIG_LIMITS_H

#define GATEWAY_MAX_PREFIXES 16u /* of subscriber addresses, of each kind */
/* Octets in front of a subscriber's packet in its tunnel, at most: IPv4, UDP, and a header with a container (gtpu.h). */
#define GATEWAY_MAX_OVERHEAD 44u

#endif
