/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A UDP source port that tells flows apart, so that the network between gateway and cells can spread them over its
 * paths (TS 29.281 section 4.4.2.0). All packets of a flow have one, whichever instance sends them, so they stay
 * in order. A flow is what the first lines of a packet tell: addresses, protocol and ports; without ports for
 * fragments, of which only the first has them, or behind extension headers; the flow label in place of all
 * that where there is one (RFC 6438). Pure.
 */
#ifndef GATEWAY_FLOW_H
#define GATEWAY_FLOW_H

#include <stdint.h>

#include "packet.h"

#define GATEWAY_FLOW_PORTS 49152u /* and above: dynamic ports (RFC 6335 section 6) */

/* One of 16384 ports. */
rte_be16_t gateway_flow_port(const struct gateway_packet *p);

#endif
