/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a frame to what the gateway has to do with it: a tunnel packet from a cell, a plain packet from
 * the core, signalling. Pure: looks at the frame and the configuration only. Everything that is not
 * served ends as a drop with the counter that says why.
 */
#ifndef GATEWAY_PACKET_H
#define GATEWAY_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "config.h"
#include "gtpu.h"
#include "ip_packet.h"

enum gateway_kind {
	GATEWAY_KIND_DROP = 0,          /* `drop` says why */
	GATEWAY_KIND_UPLINK,            /* G-PDU from a cell */
	GATEWAY_KIND_DOWNLINK,          /* IP packet to a subscriber */
	GATEWAY_KIND_SIGNAL,            /* any other GTP-U message */
	GATEWAY_KIND_UNKNOWN_EXTENSION, /* GTP-U message whose sender is told what is understood here */
	GATEWAY_KIND_FAULTY, /* GTP-U message that is dropped for `drop`, but for a G-PDU to no session */
	GATEWAY_KIND_ERROR_INDICATION,
	GATEWAY_KIND_OWN_ERROR, /* the same, and this worker may have the session */
	GATEWAY_KIND_ECHO,      /* ICMP echo request to one of the gateway's own addresses */
	GATEWAY_KIND_FRAGMENT,  /* of a tunnel packet */
	GATEWAY_KIND_ARP,
	GATEWAY_KIND_NEIGHBOR_DISCOVERY,
};

struct gateway_session;

struct gateway_packet {
	struct rte_mbuf *m;
	/* IP header of the subscriber's packet: in the tunnel for UPLINK, the plain one for DOWNLINK. Of ECHO
	 * the plain one. Of SIGNAL and ERROR_INDICATION the information elements. */
	uint8_t *ip;
	uint8_t kind;     /* enum gateway_kind */
	uint8_t side;     /* where it came in */
	uint8_t bucket;   /* decides which worker handles it */
	bool is_ipv6;     /* `ip` */
	uint16_t drop;    /* enum gateway_counter, for GATEWAY_KIND_DROP and GATEWAY_KIND_FAULTY */
	uint16_t ip_size; /* of the packet at `ip` with its header */
	/* Of a tunnel packet: */
	rte_be32_t peer; /* outer source */
	rte_be16_t peer_port;
	uint8_t outer_ecn;
	struct gtpu gtpu;
	uint32_t hash;                   /* the short way's */
	struct gateway_session *session; /* the short way's */
};

/* Fills all of *p but hash and session, from a frame that came in on `side`. */
void gateway_packet_parse(struct gateway_packet *p, const struct gateway_config *config,
			  struct rte_mbuf *m, uint8_t side);

/* Checks the IP packet at `ip`, of which `size` octets are there; sets ip, is_ipv6 and ip_size. 0, or the
 * counter of the drop: `wrong` for all but a wrong checksum. */
uint16_t gateway_packet_take_ip(struct gateway_packet *p, uint8_t *ip, uint32_t size,
				uint16_t wrong);

/* Where the fragments of a datagram meet. */
static inline uint8_t
gateway_fragment_bucket(rte_be32_t source, rte_be16_t id)
{
	uint32_t h = (source ^ (uint32_t)id << 16 ^ id) * UINT32_C(0x9e3779b9);

	return (uint8_t)(h >> 24);
}

/* Is the IP packet a whole ICMP or ICMPv6 echo request? */
bool gateway_is_echo_request(const struct gateway_packet *p);

static inline struct rte_ipv4_hdr *
gateway_ipv4(const struct gateway_packet *p)
{
	return (struct rte_ipv4_hdr *)p->ip;
}

static inline struct rte_ipv6_hdr *
gateway_ipv6(const struct gateway_packet *p)
{
	return (struct rte_ipv6_hdr *)p->ip;
}

static inline struct nf_ip
gateway_ip(const struct gateway_packet *p)
{
	return (struct nf_ip){p->ip, p->ip_size, p->is_ipv6};
}

#endif
