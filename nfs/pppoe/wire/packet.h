/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a frame to what the concentrator has to do with it: discovery, a session's packet, a packet from the core. Pure: looks
 * at the frame and the configuration only. What is not served ends as a drop with the counter that says why.
 */
#ifndef PPPOE_WIRE_PACKET_H
#define PPPOE_WIRE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "access.h"
#include "config.h"
#include "ip_packet.h"

enum pppoe_kind {
	PPPOE_KIND_DROP = 0,  /* `drop` says why */
	PPPOE_KIND_SESSION,   /* PPP packet of a session */
	PPPOE_KIND_DISCOVERY, /* its head is not looked at */
	PPPOE_KIND_DOWNLINK,  /* IP packet, maybe to a client */
	PPPOE_KIND_ECHO,      /* ICMP or ICMPv6 echo request to an own address */
	PPPOE_KIND_ARP,
	PPPOE_KIND_NEIGHBOR_DISCOVERY, /* on the core side */
};

struct pppoe_frame {
	struct rte_mbuf *m;
	uint8_t kind;                     /* enum pppoe_kind */
	uint8_t side;                     /* where it came in */
	uint16_t drop;                    /* enum pppoe_counter */
	struct pppoe_access_frame access; /* of the access side */
	/* Of SESSION: */
	uint16_t session_id;
	uint16_t protocol; /* PPP's */
	uint16_t ppp_size; /* octets behind the protocol field, as the PPPoE head says */
	uint8_t *ppp;      /* where they begin */
	/* Of DOWNLINK and ECHO, and NEIGHBOR_DISCOVERY; of SESSION once pppoe_frame_take_ip() was asked. */
	struct nf_ip ip;
};

/* Fills all that its kind has, from a frame that came in on `side`. */
void pppoe_frame_parse(struct pppoe_frame *f, const struct pppoe_config *config, struct rte_mbuf *m,
		       uint8_t side);

/* The IP packet, of the family that `is_ipv6` says, at `at`, of which `size` octets are there. 0, or the counter of the
 * drop. */
uint16_t pppoe_frame_take_ip(struct pppoe_frame *f, uint8_t *at, uint32_t size, bool is_ipv6);

#endif
