/* SPDX-License-Identifier: Apache-2.0 */
/* Which sides the NAT has, and how much of a thing its configuration may have. */
#ifndef NAT_CONFIG_LIMITS_H
#define NAT_CONFIG_LIMITS_H

enum nat_side { NAT_INSIDE = 0, NAT_OUTSIDE, NAT_N_SIDES };

#define NAT_MAX_EXEMPT 32u /* rules of destinations that are not translated */
/* External addresses. Each has 64,512 ports from 1024 on for each protocol: together 66 million, as many mappings of
 * one protocol as a table may have slots (SLIM_MAX_CAPACITY). */
#define NAT_MAX_POOL 1024u
#define NAT_MAX_STATIC 256u      /* static mappings */
#define NAT_MAX_POOL_SPAN 65536u /* from the lowest to the highest one */

#endif
