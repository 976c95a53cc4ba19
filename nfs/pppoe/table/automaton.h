/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option negotiation automaton of RFC 1661 section 4 as one table, X(state, event, actions, next): ten states by sixteen
 * events, as section 4.1 prints it, and nothing else decides. LCP, IPCP and IPV6CP all run it (machine.h). Pure.
 */
#ifndef PPPOE_TABLE_AUTOMATON_H
#define PPPOE_TABLE_AUTOMATON_H

#include <stdbool.h>
#include <stdint.h>

enum ppp_state {
	PPP_INITIAL = 0,
	PPP_STARTING,
	PPP_CLOSED,
	PPP_STOPPED,
	PPP_CLOSING,
	PPP_STOPPING,
	PPP_REQ_SENT,
	PPP_ACK_RCVD,
	PPP_ACK_SENT,
	PPP_OPENED,
	PPP_N_STATES
};

enum ppp_event {
	PPP_UP = 0,     /* the lower layer is up */
	PPP_DOWN,       /* the lower layer is down */
	PPP_OPEN,       /* administrative */
	PPP_CLOSE,
	PPP_TO_PLUS,    /* timeout, counter above 0 */
	PPP_TO_MINUS,   /* timeout, counter expired */
	PPP_RCR_PLUS,   /* receive Configure-Request, good */
	PPP_RCR_MINUS,  /* bad */
	PPP_RCA,        /* receive Configure-Ack */
	PPP_RCN,        /* receive Configure-Nak or -Reject */
	PPP_RTR,        /* receive Terminate-Request */
	PPP_RTA,        /* receive Terminate-Ack */
	PPP_RUC,        /* receive unknown code */
	PPP_RXJ_PLUS,   /* receive Code-Reject or Protocol-Reject, permitted */
	PPP_RXJ_MINUS,  /* catastrophic */
	PPP_RXR,        /* receive Echo-Request, Echo-Reply or Discard-Request */
	PPP_N_EVENTS
};

/* In the order in which they are carried out. */
enum ppp_action {
	PPP_TLU = 1 << 0, /* this layer up */
	PPP_TLD = 1 << 1, /* this layer down */
	PPP_TLS = 1 << 2, /* this layer started */
	PPP_TLF = 1 << 3, /* this layer finished */
	PPP_IRC_CONFIGURE = 1 << 4, /* restart counter: Max-Configure */
	PPP_IRC_TERMINATE = 1 << 5, /* Max-Terminate */
	PPP_ZRC = 1 << 6,
	PPP_SCR = 1 << 7, /* send Configure-Request */
	PPP_SCA = 1 << 8,
	PPP_SCN = 1 << 9, /* Nak or Reject */
	PPP_STR = 1 << 10, /* Terminate-Request */
	PPP_STA = 1 << 11,
	PPP_SCJ = 1 << 12, /* Code-Reject */
	PPP_SER = 1 << 13, /* Echo-Reply, if it was a request */
};

struct ppp_transition {
	uint16_t actions; /* enum ppp_action */
	uint8_t next;     /* enum ppp_state */
	bool happens;     /* false: "-" of the RFC's table, the event cannot be in this state; nothing is done */
};

const struct ppp_transition *ppp_transition(enum ppp_state state, enum ppp_event event);

/* Does the restart timer run in it? (section 4.1: only in states with a Configure- or Terminate-Request under way) */
bool ppp_timer_runs(enum ppp_state state);

const char *ppp_state_name(enum ppp_state state); /* "Req-Sent", as the RFC writes it */

#endif
