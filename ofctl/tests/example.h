/* SPDX-License-Identifier: Apache-2.0 */
/* Topologies for tests. Not thread-safe: each call fills the same memory. */
#ifndef OFCTL_TESTS_EXAMPLE_H
#define OFCTL_TESTS_EXAMPLE_H

#include "topology.h"

/* Bridge "br": service "nat" with ports inside (pin) and outside (pout), instances a and b with
 * ports a-in, a-out, b-in, b-out. redirect 3000-3015. */
struct topology_config *example_one_bridge(void);

/* Bridges A, M, B, C; links A-M, M-B, A-C. Service "nat" with one port, inside, at A port pin,
 * VLAN 100. Instance a at B, VLAN 200; b at C, no VLAN; c at A, VLAN 100; d at B, no VLAN.
 * redirect 3000-3015, transit 3100-3131. */
struct topology_config *example_four_bridges(void);

/* Two bridges, A and B, no links. Service "nat": inside at A, outside at B; instances a and b have
 * one port on each. */
struct topology_config *example_split(void);

#endif
