/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a subscriber of PPPoE, and what all have in common; see subscriber.h for what he does. */
#ifndef SLIM_BENCH_SUBSCRIBER_STATE_H
#define SLIM_BENCH_SUBSCRIBER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access_line.h"
#include "negotiation.h"

#define SUBSCRIBER_COOKIE 128u     /* octets of an AC-Cookie that fit */
#define SUBSCRIBER_RELAY 12u       /* of a Relay-Session-Id (RFC 2516 appendix A) */
#define SUBSCRIBER_MAX_FRAME 1536u /* octets of a control packet, with two tags */

enum subscriber_state {
	SUBSCRIBER_IDLE,
	SUBSCRIBER_PADI_SENT,
	SUBSCRIBER_PADR_SENT,
	SUBSCRIBER_LINK,    /* LCP */
	SUBSCRIBER_AUTH,    /* PAP or CHAP */
	SUBSCRIBER_NETWORK, /* IPCP */
	SUBSCRIBER_UP,      /* he has an address */
	SUBSCRIBER_ENDING,  /* his Terminate-Request is not answered */
};

#define SUBSCRIBER_COUNTS(X)                                                    \
	X(begun, "log-ins begun")                                               \
	X(up, "log-ins that came up")                                           \
	X(failed, "log-ins that did not come up")                               \
	X(ended, "log-outs: sessions, and log-ins, that he ended himself")      \
	X(dropped, "sessions that were up and ended without his doing")         \
	X(dropped_padt, "of them: by a PADT")                                   \
	X(dropped_terminate, "of them: by a Terminate-Request")                 \
	X(dropped_silence, "of them: echoes were not answered")                 \
	X(renegotiated, "sessions that were up, and were negotiated anew")      \
	X(resent, "requests that were said again")                              \
	X(stray, "frames that answered nothing, were of no session, or broken") \
	X(loops, "packets with our own magic number")

struct subscriber_counts {
#define X(name, text) uint64_t name;
	SUBSCRIBER_COUNTS(X)
#undef X
};

struct subscriber;

/* What all subscribers have in common. */
struct subscriber_group {
	const char *service; /* Service-Name; "": any */
	uint16_t mru;        /* 1492; more asks for PPP-Max-Payload (RFC 4638) */
	bool ipv6;
	bool dns;
	uint64_t
		restart_ns; /* until a request is said again; that of a PADI is doubled each time */
	uint32_t max_tries; /* of a request */
	uint64_t echo_ns;   /* between his echoes; 0: he sends none */
	uint32_t max_echoes; /* without an answer: the session is lost */
	/* A frame goes out: the octets are the subscriber's, and are to be copied. */
	void (*send)(void *ctx, struct subscriber *s, const uint8_t *frame, size_t size);
	void *ctx;
	uint64_t random; /* state; not 0 */
	struct subscriber_counts counts;
};

struct subscriber {
	struct subscriber_group *group;
	/* Set by the owner before the first start. */
	uint32_t number; /* in Host-Uniq, so his own */
	struct access_line line;
	const char *user, *password;
	/* Read by the owner. */
	enum subscriber_state state;
	uint16_t session_id; /* 0: none */
	uint8_t ac_mac[6];
	uint32_t ipv4; /* host order; 0: none */
	/* His own. */
	uint32_t attempt;   /* log-ins */
	bool was_up;        /* in this one */
	bool responded;     /* CHAP: `response` was sent, and may be sent again */
	uint8_t tries;      /* of discovery, authentication and termination */
	uint8_t identifier; /* of PAP's request, CHAP's response, Terminate-Request */
	uint8_t echo_identifier;
	uint8_t last_identifier; /* of a Terminate-Request or a reject */
	uint32_t echoes;         /* without an answer */
	uint64_t due_ns;         /* of the state's own request */
	uint64_t echo_due_ns;
	uint16_t cookie_size;
	uint8_t relay_size;
	uint8_t cookie[SUBSCRIBER_COOKIE];
	uint8_t relay[SUBSCRIBER_RELAY];
	uint8_t response[16]; /* CHAP */
	struct negotiation lcp, ipcp, ipv6cp;
};

#endif
