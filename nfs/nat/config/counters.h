/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a NAT worker counts, by name. The first group are verdicts: each packet that
 * enters the pipeline ends in exactly one of them, or in transmit_full of counter.h, or it
 * is handed over and counted by the other worker.
 */
#ifndef NAT_COUNTERS_H
#define NAT_COUNTERS_H

#include "counter.h"

#define NAT_COUNTERS(X)                                                                       \
	X(translated_out, "packets translated from inside to outside")                        \
	X(translated_in, "packets translated from outside to inside")                         \
	X(hairpinned, "packets from inside to a mapping of this NAT (RFC 4787 REQ-9)")        \
	X(routed_out, "packets from inside to a destination that is not translated")          \
	X(routed_in, "packets from such a destination to inside")                             \
	X(icmp_error_out, "ICMP errors translated from inside to outside")                    \
	X(icmp_error_in, "ICMP errors translated from outside to inside")                     \
	X(echo_answered, "echo requests to the NAT's own addresses, answered")                \
	X(drop_runt, "dropped: shorter than its headers say")                                 \
	X(drop_not_for_us, "dropped: to another MAC address")                                 \
	X(drop_ethertype, "dropped: neither IPv4 nor ARP")                                    \
	X(drop_ip_header, "dropped: IPv4 header wrong")                                       \
	X(drop_ip_checksum, "dropped: IPv4 header checksum wrong")                            \
	X(drop_fragment, "dropped: IPv4 fragment of impossible offset or length")             \
	X(drop_fragment_header, "dropped: header in several fragments (RFC 1858)")            \
	X(drop_fragment_conflict, "dropped: first fragment with other ports than before")     \
	X(drop_fragment_refused, "dropped: the first fragment was dropped")                   \
	X(drop_fragment_queue, "dropped: too many fragments wait for their first one")        \
	X(drop_fragment_silent, "dropped: the first fragment did not come in time")           \
	X(drop_protocol, "dropped: neither UDP, TCP nor ICMP")                                \
	X(drop_l4_header, "dropped: UDP, TCP or ICMP header wrong")                           \
	X(drop_icmp_type, "dropped: ICMP type that a NAT does not pass")                      \
	X(drop_icmp_error, "dropped: ICMP error with wrong checksum or unusable content")     \
	X(drop_own_address, "dropped: to the NAT itself, and neither echo request nor PCP")   \
	X(drop_bad_address, "dropped: source or destination that is of no host, or own")      \
	X(drop_ttl, "dropped: time to live is over")                                          \
	X(drop_spoofed, "dropped: source does not belong to its side, or to its mapping")     \
	X(drop_no_route, "dropped: no route, or back to where it came from")                  \
	X(drop_not_pool, "dropped: from outside, and not to an address of the pool")          \
	X(drop_no_mapping, "dropped: no mapping for it")                                      \
	X(drop_pcp, "dropped: to the PCP server, and not to be answered")                     \
	X(drop_filtered, "dropped: from a peer that the mapping did not send to")             \
	X(drop_peers_full, "dropped: the peer table is full")                                 \
	X(drop_peer_limit, "dropped: the mapping has all the peers it may have")              \
	X(drop_tcp_no_syn, "dropped: would open a TCP mapping, but is no SYN")                \
	X(drop_tcp_prohibited, "dropped: no SYN, and tcp_pickup is off")                      \
	X(drop_too_big, "dropped: too long for the MTU, and not to be fragmented")            \
	X(drop_table_full, "dropped: the session table is full")                              \
	X(drop_subscribers_full, "dropped: the subscriber table is full")                     \
	X(drop_no_port, "dropped: no external port is free")                                  \
	X(drop_block_limit, "dropped: the subscriber's blocks are full, it may have no more") \
	X(drop_limit, "dropped: the subscriber has all the mappings it may have")             \
	X(drop_rate, "dropped: the subscriber makes mappings faster than it may")             \
	X(fragment_early, "fragments that waited for the first one of their datagram")        \
	X(fragment_forgotten, "datagrams in fragments forgotten early, for want of room")     \
	X(fragment_untold, "datagrams in fragments known late: a ring was full")              \
	X(fragmented, "packets that left in fragments, too long for the MTU")                 \
	X(time_exceeded_sent, "ICMP time exceeded sent")                                      \
	X(too_big_sent, "ICMP fragmentation needed sent")                                     \
	X(unreachable_sent, "ICMP unreachable sent: refused mapping, no route, silence")      \
	X(pcp_granted, "PCP requests answered with success")                                  \
	X(pcp_refused, "PCP requests answered with an error")                                 \
	X(mapping_created, "mappings created")                                                \
	X(mapping_expired, "mappings expired")                                                \
	X(install_conflict, "installed rows with an external port in use or not of the pool") \
	X(mapping_cleared, "mappings removed on request")                                     \
	X(port_rest_cut, "ports that were given again, or left free, before they had rested") \
	X(mapping_unpaired, "mappings at another external address than the subscriber's")     \
	X(log_lost, "records for the log that found its ring full")                           \
	X(log_unwritten, "lines that the file of the log did not take")

enum nat_counter {
	NAT_counter_base = NF_N_COUNTERS - 1,
#define X(name, text) NAT_##name,
	NAT_COUNTERS(X)
#undef X
		NAT_N_COUNTERS
};

_Static_assert(NAT_N_COUNTERS <= NF_MAX_COUNTERS, "all counters fit");

/* By enum nat_counter - NF_N_COUNTERS. */
extern const struct nf_counter_name nat_counter_names[NAT_N_COUNTERS - NF_N_COUNTERS];

#endif
