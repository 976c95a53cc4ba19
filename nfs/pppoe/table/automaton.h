/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option negotiation automaton of RFC 1661 section 4 as one table (automaton_table.h): ten states by sixteen
 * events, as section 4.1 prints it, and nothing else decides. LCP, IPCP and IPV6CP all run it (machine.h). Pure.
 */
#ifndef PPPOE_TABLE_AUTOMATON_H
#define PPPOE_TABLE_AUTOMATON_H

#include <stdbool.h>
#include <stdint.h>

/* state, as the RFC writes it, the restart timer runs in it (section 4.1) */
#define PPP_STATES(X)                  \
	X(INITIAL, "Initial", false)   \
	X(STARTING, "Starting", false) \
	X(CLOSED, "Closed", false)     \
	X(STOPPED, "Stopped", false)   \
	X(CLOSING, "Closing", true)    \
	X(STOPPING, "Stopping", true)  \
	X(REQ_SENT, "Req-Sent", true)  \
	X(ACK_RCVD, "Ack-Rcvd", true)  \
	X(ACK_SENT, "Ack-Sent", true)  \
	X(OPENED, "Opened", false)

enum ppp_state {
#define X(state, name, timer) PPP_##state,
	PPP_STATES(X)
#undef X
		PPP_N_STATES
};

enum ppp_event {
	PPP_UP = 0,    /* the lower layer is up */
	PPP_DOWN,      /* the lower layer is down */
	PPP_OPEN,      /* administrative */
	PPP_CLOSE,     /* administrative */
	PPP_TO_PLUS,   /* timeout, counter above 0 */
	PPP_TO_MINUS,  /* timeout, counter expired */
	PPP_RCR_PLUS,  /* receive Configure-Request, good */
	PPP_RCR_MINUS, /* bad */
	PPP_RCA,       /* receive Configure-Ack */
	PPP_RCN,       /* receive Configure-Nak or -Reject */
	PPP_RTR,       /* receive Terminate-Request */
	PPP_RTA,       /* receive Terminate-Ack */
	PPP_RUC,       /* receive unknown code */
	PPP_RXJ_PLUS,  /* receive Code-Reject or Protocol-Reject, permitted */
	PPP_RXJ_MINUS, /* catastrophic */
	PPP_RXR,       /* receive Echo-Request, Echo-Reply or Discard-Request */
	PPP_N_EVENTS
};

/* In the order in which they are carried out: an Ack leaves before the layer above begins to speak. */
enum ppp_action {
	PPP_TLD = 1 << 0,           /* this layer down */
	PPP_IRC_CONFIGURE = 1 << 1, /* restart counter: Max-Configure */
	PPP_IRC_TERMINATE = 1 << 2, /* Max-Terminate */
	PPP_ZRC = 1 << 3,           /* 0, and one period of waiting */
	PPP_SCR = 1 << 4,           /* send Configure-Request */
	PPP_SCA = 1 << 5,           /* Ack */
	PPP_SCN = 1 << 6,           /* Nak or Reject */
	PPP_STR = 1 << 7,           /* Terminate-Request */
	PPP_STA = 1 << 8,           /* Terminate-Ack */
	PPP_SCJ = 1 << 9,           /* Code-Reject */
	PPP_SER = 1 << 10,          /* Echo-Reply, if it was a request */
	PPP_TLU = 1 << 11,          /* this layer up */
	PPP_TLS = 1 << 12,          /* this layer started */
	PPP_TLF = 1 << 13,          /* this layer finished */
};

struct ppp_transition {
	uint16_t actions; /* enum ppp_action */
	uint8_t next;     /* enum ppp_state */
	bool happens;     /* false: "-" of the RFC's table; nothing is done, the state stays */
};

/* Any thread; for all values of both. */
const struct ppp_transition *ppp_transition(enum ppp_state state, enum ppp_event event);

/* Does the restart timer run in it? Only while an answer to a request of ours may come. */
bool ppp_timer_runs(enum ppp_state state);

const char *ppp_state_name(enum ppp_state state); /* "Req-Sent", as the RFC writes it */

#endif
