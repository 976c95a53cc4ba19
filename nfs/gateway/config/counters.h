/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a gateway worker counts, by name. The first group are verdicts: each packet that enters the
 * pipeline ends in exactly one of them, in a drop of counter.h, or it is handed over and counted by the
 * other worker.
 */
#ifndef GATEWAY_COUNTERS_H
#define GATEWAY_COUNTERS_H

#include "counter.h"

#define GATEWAY_COUNTERS(X)                                                                    \
	X(uplink, "packets from subscribers to the core network")                              \
	X(downlink, "packets to subscribers")                                                  \
	X(gtpu_echo_answered, "GTP-U echo requests answered")                                  \
	X(error_indication_received, "GTP-U error indications from cells about their tunnels") \
	X(drop_error_indication, "dropped: error indication about no tunnel of its sender")    \
	X(end_marker_received, "GTP-U end markers from cells")                                 \
	X(gtpu_other_received, "other GTP-U signalling messages")                              \
	X(icmp_echo_answered, "ICMP echo requests to the gateway's own addresses, answered")   \
	X(solicitation_taken, "IPv6 neighbor solicitations answered")                          \
	X(advertisement_taken, "IPv6 neighbor advertisements of the core's router")            \
	X(listener_query_taken, "MLD queries taken")                                           \
	X(drop_neighbor_discovery,                                                             \
	  "dropped: IPv6 neighbor discovery that is wrong or not asked for")                   \
	X(drop_no_router, "dropped: the core's IPv6 router is not known, or there is none")    \
	X(drop_runt, "dropped: shorter than its headers say")                                  \
	X(drop_not_for_us, "dropped: to another MAC address")                                  \
	X(drop_ethertype, "dropped: a frame of a kind that is not served on this side")        \
	X(drop_segments, "dropped: a packet in several buffers")                               \
	X(drop_ip_header, "dropped: outer or plain IP header wrong")                           \
	X(drop_ip_checksum, "dropped: outer or plain IPv4 header checksum wrong")              \
	X(fragment_taken, "fragments that became a part of a tunnel packet")                   \
	X(drop_fragment,                                                                       \
	  "dropped: fragment of a tunnel packet that is wrong, or overlaps another")           \
	X(drop_fragment_full, "dropped: too many fragments of tunnel packets wait")            \
	X(drop_fragment_silent, "dropped: the rest of a tunnel packet did not come in time")   \
	X(drop_not_gtpu, "dropped: from the access side, and not GTP-U to the gateway")        \
	X(drop_udp_header, "dropped: UDP header of a tunnel packet wrong")                     \
	X(drop_gtpu_truncated, "dropped: GTP-U message shorter than it says")                  \
	X(drop_gtpu_version, "dropped: not GTP version 1")                                     \
	X(drop_gtpu_chain, "dropped: extension headers wrong, or too many")                    \
	X(drop_gtpu_container, "dropped: PDU session container wrong")                         \
	X(drop_gtpu_extension, "dropped: an unknown extension header that must be understood") \
	X(drop_gtpu_type, "dropped: unknown GTP-U message type")                               \
	X(drop_inner, "dropped: what is in the tunnel is no IP packet")                        \
	X(drop_no_tunnel, "dropped: no session has this TEID")                                 \
	X(drop_spoofed, "dropped: a source address that is not the subscriber's")              \
	X(drop_no_subscriber, "dropped: no session has this destination address")              \
	X(drop_bad_address, "dropped: from or to an address that is no host's here")           \
	X(drop_own_address, "dropped: to the gateway itself, and no echo request")             \
	X(drop_no_route, "dropped: no route, or back to where it came from")                   \
	X(drop_too_big, "dropped: longer than the MTU, and may not be cut")                    \
	X(drop_ecn, "dropped: congestion on the way of a packet that cannot carry it")         \
	X(drop_ttl, "dropped: time to live is over")                                           \
	X(drop_idle_full, "dropped: the subscriber is in no cell, and too many packets wait")  \
	X(drop_idle_late, "dropped: waited too long for the subscriber to be in a cell")       \
	X(drop_idle_gone, "dropped: the session ended while the packet waited")                \
	X(returned, "packets that waited inside, given back for the target of a move")         \
	X(drop_policed, "dropped: above the rate of the session")                              \
	X(reassembled, "tunnel packets put together from fragments")                           \
	X(local, "packets from a subscriber to a subscriber of this gateway")                  \
	X(buffered, "packets that wait or waited until the subscriber is in a cell")           \
	X(solicitation_sent, "IPv6 neighbor solicitations sent")                               \
	X(advertisement_sent, "IPv6 neighbor advertisements sent")                             \
	X(listener_report_sent, "MLD reports sent, for the group of the IPv6 address")         \
	X(fragmented, "packets of subscribers that were cut to the MTU")                       \
	X(too_big_sent, "ICMP fragmentation needed and ICMPv6 packet too big sent")            \
	X(time_exceeded_sent, "ICMP and ICMPv6 time exceeded sent")                            \
	X(path_switched, "subscribers that moved to another cell")                             \
	X(path_switched_by_data, "of these, by an uplink packet from there")                   \
	X(cell_released, "subscribers that left their cell: idle, or an error indication")     \
	X(end_marker_sent, "GTP-U end markers sent to the cell that was left")                 \
	X(path_switch_ignored, "uplink packets from a cell that was left a moment ago")        \
	X(error_indication_sent, "GTP-U error indications sent")                               \
	X(extension_headers_sent, "GTP-U supported extension headers notifications sent")      \
	X(session_created, "sessions created")                                                 \
	X(session_removed, "sessions removed")                                                 \
	X(session_expired, "sessions removed because they were idle")                          \
	X(install_conflict, "installed rows with an address in use by another session")

enum gateway_counter {
	GATEWAY_counter_base = NF_N_COUNTERS - 1,
#define X(name, text) GATEWAY_##name,
	GATEWAY_COUNTERS(X)
#undef X
		GATEWAY_N_COUNTERS
};

_Static_assert(GATEWAY_N_COUNTERS <= NF_MAX_COUNTERS, "all counters fit");

/* By enum gateway_counter - NF_N_COUNTERS. */
extern const struct nf_counter_name gateway_counter_names[GATEWAY_N_COUNTERS - NF_N_COUNTERS];

#endif
