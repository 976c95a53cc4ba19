/* SPDX-License-Identifier: Apache-2.0 */
/* Events that every NF counts, each at each of its workers; an NF's own begin at NF_N_COUNTERS. */
#ifndef NF_COUNTER_H
#define NF_COUNTER_H

#define NF_MAX_COUNTERS 96u /* of one NF */

#define NF_COUNTERS(X)                                                                   \
	X(received, "packets received from ports")                                       \
	X(transmitted, "packets given to ports")                                         \
	X(transmit_full, "packets dropped because too many waited for a port")           \
	X(handed_over, "packets handed over to the worker that owns their bucket")       \
	X(handover_full, "packets that waited for room in that worker's ring")           \
	X(receive_held, "bursts left in ports: too many packets between workers")        \
	X(arp_request, "ARP requests answered")                                          \
	X(arp_reply, "ARP replies taken")                                                \
	X(arp_sent, "ARP requests sent")                                                 \
	X(arp_announced, "ARP announcements sent, to defend an address")                 \
	X(address_conflict, "another host has, or wants, an address of this one")        \
	X(neighbour_disputed, "a neighbour's address said to have moved: owner asked")   \
	X(neighbour_moved, "of these, taken: the owner was silent, the other answered")  \
	X(drop_arp, "dropped: ARP packet that is wrong or not asked for")                \
	X(drop_arp_queue, "dropped: too many packets or questions wait for a neighbour") \
	X(drop_arp_silent, "dropped: the neighbour did not answer ARP")                  \
	X(drop_no_host, "dropped: to an address on-link that no host can have")          \
	X(drop_vlan, "dropped: not with the VLAN tag of its port, or no room for it")    \
	X(no_mbuf, "packets of its own not sent because the pool was empty")

enum nf_counter {
#define X(name, text) NF_##name,
	NF_COUNTERS(X)
#undef X
		NF_N_COUNTERS
};

struct nf_counter_name {
	const char *name;
	const char *text;
};

extern const struct nf_counter_name nf_counter_names[NF_N_COUNTERS];

#endif
