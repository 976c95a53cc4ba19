/* SPDX-License-Identifier: Apache-2.0 */
/* Which sides the gateway has, and how much of a thing its configuration may have. */
#ifndef GATEWAY_CONFIG_LIMITS_H
#define GATEWAY_CONFIG_LIMITS_H

/* Towards the cells (N3, S1-U) and towards the data network (N6, SGi). */
enum gateway_side { GATEWAY_ACCESS = 0, GATEWAY_CORE, GATEWAY_N_SIDES };

#define GATEWAY_MAX_PREFIXES 16u /* of subscriber addresses, of each kind */
/* Octets in front of a subscriber's packet in its tunnel, at most: IPv4, UDP, and a header with a container (gtpu.h). */
#define GATEWAY_MAX_OVERHEAD 44u

#endif
