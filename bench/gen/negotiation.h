/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a client of PPP agrees on the options of one protocol: LCP (RFC 1661), IPCP (RFC 1332, RFC 1877) or IPV6CP (RFC
 * 5072). It asks for its own, again and again until they are acknowledged, and answers what the other end asks for.
 * Written for the generator alone, from the client's end: it shares the packets with what it tests, not the
 * automaton. Pure; time is a parameter.
 */
#ifndef SLIM_BENCH_NEGOTIATION_H
#define SLIM_BENCH_NEGOTIATION_H

#include <stdbool.h>
#include <stdint.h>

#include "ppp.h"

#define NEGOTIATION_MAX_TERMS 3u
#define NEGOTIATION_MAX_VALUE 8u
#define NEGOTIATION_MAX_ROUNDS 10u /* Naks and Rejects of a request until it is given up */
#define NEGOTIATION_NEVER UINT64_MAX

/* An option that the client asks for. */
struct negotiation_term {
	uint8_t type;
	uint8_t size;
	bool asked; /* false: it was rejected, or is not wanted */
	uint8_t value[NEGOTIATION_MAX_VALUE];
};

struct negotiation {
	uint16_t protocol;
	uint8_t identifier; /* of the last Configure-Request */
	uint8_t tries;      /* that were sent since the last Nak or Reject */
	uint8_t rounds;     /* answers that were no Ack */
	uint8_t n_terms;
	bool mine;        /* our options are acknowledged, */
	bool theirs;      /* theirs are, by us */
	uint64_t due_ns;  /* when the request is sent again; NEGOTIATION_NEVER: not */
	uint64_t *random; /* state for magic numbers; not 0 */
	struct negotiation_term terms[NEGOTIATION_MAX_TERMS];
	/* LCP, of the other end. */
	uint16_t peer_mru; /* 0: none was said */
	uint16_t auth;     /* PPP_PAP or PPP_CHAP; 0: we need not say who we are */
	uint32_t loops;    /* requests with our own magic number */
};

/* A protocol that does nothing until it begins. Values are zeros: set those that are not to be asked for as zeros. */
void negotiation_init(struct negotiation *n, uint16_t protocol, uint64_t *random);
/* The term of this type; NULL: the protocol has none. */
struct negotiation_term *negotiation_term(struct negotiation *n, uint8_t type);

/* Anew. The first request is due at once. */
void negotiation_begin(struct negotiation *n, uint64_t now_ns);
void negotiation_end(struct negotiation *n);
static inline bool
negotiation_is_open(const struct negotiation *n)
{
	return n->mine && n->theirs;
}

/* Writes a Configure-Request into PPP_CONTROL_MAX octets; it is repeated after `restart_ns`. Returns its octets. */
uint16_t negotiation_ask(struct negotiation *n, uint64_t now_ns, uint64_t restart_ns,
			 uint8_t *packet);

enum negotiation_says {
	NEGOTIATION_QUIET,  /* taken, nothing is to be said */
	NEGOTIATION_ANSWER, /* `answer` is to be sent */
	NEGOTIATION_ASK,    /* a new request is to be sent */
	NEGOTIATION_STRAY, /* it answers nothing that was asked, or is broken: nothing has changed */
	NEGOTIATION_FAILED, /* there will be no agreement */
};

/* A Configure-Request, -Ack, -Nak or -Reject. `answer` has PPP_CONTROL_MAX octets. */
enum negotiation_says negotiation_take(struct negotiation *n, const struct ppp_control *c,
				       uint8_t *answer, uint16_t *ret_size);

#endif
