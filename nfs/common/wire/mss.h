/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maximum segment size that a TCP SYN announces (RFC 9293 section 3.7.1), lowered to what a narrower way takes, for
 * those whose ICMP never arrives. Pure.
 */
#ifndef NF_MSS_H
#define NF_MSS_H

#include "ip_packet.h"

/* So that no packet with its segments and headers without options is longer than `mtu`. True: it was lowered, and the TCP
 * checksum with it. A SYN that announces nothing, or lies about its options, stays as it is. */
bool nf_mss_clamp(const struct nf_ip *p, uint16_t mtu);

#endif
