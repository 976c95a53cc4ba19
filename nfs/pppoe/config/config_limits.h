/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of the configuration. */
#ifndef PPPOE_CONFIG_LIMITS_H
#define PPPOE_CONFIG_LIMITS_H

#define PPPOE_ACCESS 0u /* sides, and ports, by number */
#define PPPOE_CORE 1u
#define PPPOE_N_SIDES 2u

#define PPPOE_MAX_SESSIONS 65534u /* ids; 0 and 0xffff are reserved (RFC 2516 section 4) */
#define PPPOE_MAX_SERVICES 16u
#define PPPOE_MAX_PREFIXES 16u /* of pools */
#define PPPOE_MAX_ADDRESSES (1u << 20)
#define PPPOE_MAX_VLAN_RANGES 16u
#define PPPOE_MAX_SERVERS 4u /* of RADIUS, of each kind */
#define PPPOE_NAME_SIZE 64u  /* octets of an AC-Name or Service-Name, with its final NUL */

#endif
