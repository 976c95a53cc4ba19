/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a worker of the concentrator counts, by name. The first group are verdicts: each packet that enters the
 * pipeline ends in exactly one of them, in a drop of counter.h, or it is handed over and counted by the other worker.
 */
#ifndef PPPOE_COUNTERS_H
#define PPPOE_COUNTERS_H

#include "counter.h"

#define PPPOE_COUNTERS(X)                                                                         \
	X(uplink, "packets from clients to the core network")                                     \
	X(downlink, "packets to clients")                                                         \
	X(padi_received, "PADIs taken")                                                           \
	X(padr_received, "PADRs taken")                                                           \
	X(padt_received, "PADTs of clients about their sessions")                                 \
	X(control_received, "packets of LCP, PAP, CHAP, IPCP and IPV6CP taken")                   \
	X(icmp_echo_answered, "ICMP and ICMPv6 echo requests to own addresses, answered")         \
	X(solicitation_taken, "router and neighbor solicitations answered or taken")              \
	X(advertisement_taken, "IPv6 neighbor advertisements of the core's router")               \
	X(listener_query_taken, "MLD queries taken")                                              \
	X(listener_report_taken, "MLD reports of clients taken")                                  \
	X(drop_padi_flood, "dropped: more PADIs than one MAC address, or all, may send")          \
	X(drop_padi_service, "dropped: PADI for a service, or concentrator, that is not here")    \
	X(drop_discovery, "dropped: a discovery packet that is not for a concentrator, or wrong") \
	X(drop_tag, "dropped: a PPPoE tag that lies about its length")                            \
	X(drop_not_ready, "dropped: discovery before there is a secret, or while sessions come")  \
	X(drop_cookie_forged, "dropped: PADR without a cookie of ours")                           \
	X(drop_cookie_old, "dropped: PADR with a cookie that is too old")                         \
	X(drop_padr_service, "refused: PADR for a service that is not here")                      \
	X(drop_padr_limit, "refused: too many sessions of one MAC address or VLAN")               \
	X(drop_padr_rate, "refused: too many log-ins of a line")                                  \
	X(drop_padr_full, "refused: no session is free")                                          \
	X(drop_padt, "dropped: PADT about a session of another client")                           \
	X(drop_no_session, "dropped: no session has this id")                                     \
	X(drop_other_client, "dropped: from another MAC address or VLAN than the session's")      \
	X(drop_not_open, "dropped: user data before the protocol is open")                        \
	X(drop_control, "dropped: a control packet that is wrong")                                \
	X(drop_identifier, "dropped: an answer whose identifier does not match")                  \
	X(drop_protocol, "rejected: an unknown PPP protocol, told by Protocol-Reject")            \
	X(drop_runt, "dropped: shorter than its headers say")                                     \
	X(drop_version, "dropped: not PPPoE version 1, type 1")                                   \
	X(drop_not_for_us, "dropped: to another MAC address")                                     \
	X(drop_vlan_range, "dropped: VLAN tags that are not served")                              \
	X(drop_ethertype, "dropped: a frame of a kind that is not served on this side")           \
	X(drop_segments, "dropped: a packet in several buffers, or without room in front")        \
	X(drop_ip_header, "dropped: IP header wrong")                                             \
	X(drop_ip_checksum, "dropped: IPv4 header checksum wrong")                                \
	X(drop_spoofed, "dropped: a source address that is not the client's")                     \
	X(drop_no_client, "dropped: no session has this destination address")                     \
	X(drop_bad_address, "dropped: from or to an address that is no host's here")              \
	X(drop_own_address, "dropped: to the concentrator itself, and no echo request")           \
	X(drop_no_route, "dropped: no route, or back to where it came from")                      \
	X(drop_no_router, "dropped: the core's IPv6 router is not known, or there is none")       \
	X(drop_neighbor_discovery, "dropped: IPv6 neighbor discovery that is wrong")              \
	X(drop_too_big, "dropped: longer than the way takes, and may not be cut")                 \
	X(drop_ttl, "dropped: time to live is over")                                              \
	X(local, "packets from a client to a client of this concentrator")                        \
	X(fragmented, "packets that were cut to the MTU")                                         \
	X(mss_clamped, "TCP segments whose maximum segment size was lowered")                     \
	X(too_big_sent, "ICMP fragmentation needed and ICMPv6 packet too big sent")               \
	X(time_exceeded_sent, "ICMP and ICMPv6 time exceeded sent")                               \
	X(solicitation_sent, "IPv6 neighbor solicitations sent")                                  \
	X(advertisement_sent, "IPv6 neighbor and router advertisements sent")                     \
	X(listener_report_sent, "MLD reports sent")                                               \
	X(pado_sent, "PADOs sent")                                                                \
	X(pads_sent, "PADSs sent, with a session")                                                \
	X(pads_error_sent, "PADSs sent, with an error")                                           \
	X(padt_sent, "PADTs sent")                                                                \
	X(control_sent, "packets of LCP, PAP, CHAP, IPCP and IPV6CP sent")                        \
	X(protocol_reject_sent, "Protocol-Rejects sent")                                          \
	X(auth_good, "log-ins whose password was right")                                          \
	X(auth_bad, "log-ins whose password was wrong, or user unknown")                          \
	X(auth_silent, "log-ins that nobody decided")                                             \
	X(loops, "own magic numbers heard: the line is a loop")                                   \
	X(address_refused, "sessions without an address: none is free, or it is another's")       \
	X(echo_lost, "sessions that ended because nobody answered")                               \
	X(session_created, "sessions created")                                                    \
	X(session_up, "sessions that came to carry IPv4 or IPv6")                                 \
	X(session_removed, "sessions that ended")                                                 \
	X(session_idle, "of these, because of the idle limit")                                    \
	X(session_timeout, "of these, because of the session limit")                              \
	X(ask_full, "questions to the control thread that had to wait")                           \
	X(install_conflict, "installed rows with an id or address in use by another session")

enum pppoe_counter {
	PPPOE_counter_base = NF_N_COUNTERS - 1,
#define X(name, text) PPPOE_##name,
	PPPOE_COUNTERS(X)
#undef X
		PPPOE_N_COUNTERS
};

_Static_assert(PPPOE_N_COUNTERS <= NF_MAX_COUNTERS, "all counters fit");

/* By enum pppoe_counter - NF_N_COUNTERS. */
extern const struct nf_counter_name pppoe_counter_names[PPPOE_N_COUNTERS - NF_N_COUNTERS];

#endif
