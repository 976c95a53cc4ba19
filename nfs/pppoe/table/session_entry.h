/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One PPPoE session as it stands in its slot, from the PADS to its end: all of it moves, an exchange that is under way as well.
 * What an ordinary data packet reads and writes stands in front. Fields that are groups of octets have no byte order of
 * a machine: numbers in them are in network order.
 */
#ifndef PPPOE_TABLE_SESSION_ENTRY_H
#define PPPOE_TABLE_SESSION_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>

#include "line_key.h"
#include "slim.h"

#define PPPOE_USER_SIZE 64u  /* octets of a user name, with its final NUL */
#define PPPOE_CLASS_SIZE 32u /* octets of RADIUS' Class, the first of them its size */
#define PPPOE_LINE_SIZE 64u /* of a circuit or remote id, with its final NUL (TR-101: 63 at most) */
#define PPPOE_NO_PREFIX UINT32_MAX

/* One run of the automaton (automaton.h): LCP's, IPCP's, or IPV6CP's. */
struct ppp_machine {
	uint8_t state;      /* enum ppp_state */
	uint8_t identifier; /* of the last Configure- or Terminate-Request that we sent */
	uint8_t restarts;   /* requests that may still be sent before we give up */
	uint8_t naks;       /* Configure-Naks that we sent, without an Ack between (Max-Failure) */
	uint8_t rejected;   /* bits: options of ours that the peer does not know */
	uint8_t loops; /* Configure-Requests with our own magic number (RFC 1661 section 6.4) */
	uint8_t refusals; /* Naks and Rejects that we heard, without an Ack between: who never agrees is given up */
	uint8_t told; /* identifier of the last Code- or Protocol-Reject that we sent */
};

/* What LCP agreed on, or is asking for. */
struct lcp_terms {
	rte_be32_t magic;        /* ours */
	rte_be32_t peer_magic;   /* 0: it has none */
	rte_be16_t mru;          /* what we ask for: what we take */
	rte_be16_t peer_mru;     /* what the peer takes */
	rte_be16_t max_payload;  /* of PPP-Max-Payload (RFC 4638); 0: none was agreed */
	rte_be16_t protocol;     /* of authentication that we ask for: PPP_PAP, PPP_CHAP, 0: none */
	uint8_t echo_identifier; /* of the last Echo-Request that we sent */
	uint8_t echo_missed;     /* sent without an answer */
	uint8_t reserved[6];
};

enum pppoe_auth_state {
	PPPOE_AUTH_NONE = 0, /* LCP is not up */
	PPPOE_AUTH_WAITING,  /* for the peer: PAP's request, or the answer to our challenge */
	PPPOE_AUTH_ASKING,   /* for whoever decides (RADIUS) */
	PPPOE_AUTH_DELAYED,  /* it is no; the answer waits */
	PPPOE_AUTH_GOOD,
	PPPOE_AUTH_BAD,
};

struct pppoe_auth {
	uint8_t state;      /* enum pppoe_auth_state */
	uint8_t identifier; /* of our challenge, or of PAP's request that is being decided */
	uint8_t tries;      /* periods of waiting without an answer */
	uint8_t answers;    /* PAP: the newest request's identifier, which the answer has */
	rte_be32_t interim; /* seconds between records, as whoever decided says; 0: as configured */
	uint8_t challenge[16];
};

/* Why a session ended: Acct-Terminate-Cause (RFC 2866 section 5.10). */
enum pppoe_end {
	PPPOE_END_NONE = 0,
	PPPOE_END_USER_REQUEST = 1,
	PPPOE_END_LOST_CARRIER = 2,
	PPPOE_END_IDLE = 4,
	PPPOE_END_TIMEOUT = 5,
	PPPOE_END_ADMIN = 6,
	PPPOE_END_NAS_ERROR = 9,
	PPPOE_END_AUTH = 17, /* user error */
};

/* Bits of pppoe_session.open. */
enum pppoe_open {
	PPPOE_OPEN_IPV4 = 1 << 0,
	PPPOE_OPEN_IPV6 = 1 << 1,
};

/* Bits of pppoe_session.held: of what the session claims, what is its own in the tables of all. */
enum pppoe_held {
	PPPOE_HELD_ID = 1 << 0,
	PPPOE_HELD_ADDRESS = 1 << 1,
	PPPOE_HELD_PREFIX = 1 << 2,
	PPPOE_HELD_LINE = 1 << 3,
	PPPOE_HELD_WAITS = 1 << 4, /* one of them is another session's */
};

struct pppoe_session {
	/* First line, behind the slot's head: whose it is. */
	uint16_t session_id; /* key; host order */
	uint16_t outer;      /* VLAN ids of the access side; 0: no tag */
	uint16_t inner;
	struct rte_ether_addr mac; /* the client's */
	rte_be32_t ipv4;           /* 0: none */
	uint32_t prefix;           /* number of its /64 in the pool; PPPOE_NO_PREFIX */
	/* Local, to asked; all but asked are worked out from the rest (session.h). */
	uint8_t open;      /* enum pppoe_open: what may flow; authentication and machines say so */
	uint8_t held;      /* enum pppoe_held */
	uint16_t peer_mru; /* what a packet to the client may have, host order */
	uint32_t held_address; /* its number in the ranges */
	uint32_t held_prefix;
	struct pppoe_line_key held_line;
	bool asked; /* the question of PPPOE_AUTH_ASKING was put by this instance; control.h */
	uint8_t reserved[5];
	uint64_t last_seen; /* lazy: of user data either way, for the idle limit */
	/* Second line. Lazy. */
	uint64_t packets_up, bytes_up, packets_down, bytes_down; /* of IP packets */
	uint64_t heard; /* lazy: anything came from the client; no echo is needed */
	uint64_t created;
	uint64_t accounting_id;
	uint64_t interim; /* when the next interim record is due; 0: none */
	/* Behind them: control. */
	struct ppp_machine lcp, ipcp, ipv6cp;
	struct lcp_terms terms;
	struct pppoe_auth auth;
	/* When; 0: does not run. */
	uint64_t lcp_timer, auth_timer, ipcp_timer, ipv6cp_timer, echo_timer;
	uint8_t interface_id[8];  /* the client's (IPV6CP) */
	uint32_t session_timeout; /* seconds; 0: no limit */
	uint32_t idle_timeout;
	rte_be32_t assigned; /* by whoever authenticated: its address; 0: one of the pool */
	uint8_t end;         /* enum pppoe_end: it is being terminated */
	uint8_t flags;       /* enum pppoe_session_flag */
	uint8_t reserved_control[2];
	char user[PPPOE_USER_SIZE];
	uint8_t class_[PPPOE_CLASS_SIZE];
	char circuit_id[PPPOE_LINE_SIZE];
	char remote_id[PPPOE_LINE_SIZE];
	uint64_t reserved_end[3];
};

enum pppoe_session_flag {
	PPPOE_ACCOUNTED = 1 << 0, /* accounting has its start, so it must have a stop */
	PPPOE_CAME_UP = 1 << 2,   /* it carried IPv4 or IPv6 */
	PPPOE_OVER = 1 << 1,      /* for the client it is no more; only its stop waits for room */
};

_Static_assert(sizeof(struct ppp_machine) == 8 && sizeof(struct lcp_terms) == 24 &&
		       sizeof(struct pppoe_auth) == 24,
	       "groups of octets without holes");
_Static_assert(offsetof(struct pppoe_session, packets_up) + sizeof(struct slim_slot_head) == 64,
	       "the first line ends");
_Static_assert((sizeof(struct pppoe_session) + sizeof(struct slim_slot_head)) % 64 == 0,
	       "each slot begins a line");

#endif
