/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a thing the NAT's configuration may have. */
#ifndef NAT_CONFIG_LIMITS_H
#define NAT_CONFIG_LIMITS_H

#define NAT_MAX_EXEMPT 32u       /* rules of destinations that are not translated */
#define NAT_MAX_STATIC 256u      /* static mappings */
#define NAT_MAX_POOL 256u        /* external addresses */
#define NAT_MAX_POOL_SPAN 65536u /* from the lowest to the highest one */

#endif
