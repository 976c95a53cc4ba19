/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICMP beside echo through the NAT: errors in both directions (RFC 5508), echo to the NAT itself,
 * and errors of its own (RFC 1812 section 4.3), at most NF_ERRORS_PER_S. Rare packets: the checksum of an error is
 * computed anew. An error neither makes nor prolongs nor ends a mapping (RFC 5508 REQ-6). Worker's thread.
 */
#ifndef NAT_ICMP_H
#define NAT_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#include "nat.h"
#include "packet.h"

/* Answers an echo request to the NAT itself. */
void nat_icmp_answer_echo(struct nat_worker *w, struct nat_packet *p);

/* Translates an ICMP error by the mapping of its embedded packet (RFC 5508 section 4). `hairpin`: it
 * was translated as one from inside already. */
void nat_icmp_error_in(struct nat_worker *w, struct nat_packet *p, bool hairpin);
void nat_icmp_error_out(struct nat_worker *w, struct nat_packet *p);

/* Drops an untranslated packet, counts it, and tells its sender, within a rate and where RFC 1812
 * section 4.3.2.7 allows it. */
void nat_icmp_refuse(struct nat_worker *w, struct nat_packet *p, struct nat_refusal refusal);
/* The latter alone. */
void nat_icmp_tell(struct nat_worker *w, const struct nat_packet *p, struct nat_refusal refusal);

/* An error about a translated packet that found its neighbour on a side silent, as a frame that comes in there;
 * NULL: it is not to be answered, or there is no room. */
struct rte_mbuf *nat_icmp_unreachable(struct nat_worker *w, struct rte_mbuf *m, uint8_t side);

#endif
