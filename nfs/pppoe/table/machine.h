/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of the automaton (automaton.h): what LCP, IPCP and IPV6CP have in common. An event, or a packet of the peer's, goes
 * in; packets leave by a callback, the struct ppp_machine in the session changes, and what the layers around it must know
 * comes back. What is in the options is the protocol's (struct ppp_ops). Nothing is remembered elsewhere, so the next event may
 * come at another instance.
 *
 * A packet is looked at as a whole before anything is done (ppp_machine_check()): what is dropped changes nothing.
 * Pure; no clock, no memory, no random numbers of its own.
 */
#ifndef PPPOE_TABLE_MACHINE_H
#define PPPOE_TABLE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "automaton.h"
#include "option.h"
#include "ppp.h"
#include "session_entry.h"

struct ppp_run;

/* Of one option in the peer's Configure-Request. */
enum ppp_opinion {
	PPP_ACCEPTS = 0,
	PPP_NAKS,    /* known, but another value is wanted */
	PPP_REJECTS, /* not known, or not to be had */
};

/* Of a packet. */
enum ppp_check {
	PPP_FINE = 0,
	PPP_WRONG,            /* a length, or content, that cannot be */
	PPP_WRONG_IDENTIFIER, /* it answers another packet than the last one (RFC 1661 sections 5.2 to 5.4) */
	PPP_WRONG_STATE, /* the protocol is not there yet */
};

/* What a run says beside PPP_TLU, PPP_TLD, PPP_TLS and PPP_TLF. */
enum ppp_fact {
	PPP_LOOP = 1 << 14,    /* our own magic number was heard */
	PPP_REFUSED = 1 << 15, /* the peer will not agree, ever: the protocol is to be closed */
};

struct ppp_ops {
	uint16_t protocol; /* enum ppp_protocol */
	/* Writes the options of our request. The same as long as the session stands as it does: an Ack is compared with it. */
	void (*request)(const struct ppp_run *run, struct ppp_writer *w);
	/* An option of the peer's request. For PPP_NAKS it writes the option as it should be. */
	enum ppp_opinion (*judge)(struct ppp_run *run, const struct ppp_option *o,
				  struct ppp_writer *nak);
	/* Writes options that the peer should have asked for, and did not. NULL: none. */
	void (*want)(struct ppp_run *run, const uint64_t seen[4], struct ppp_writer *nak);
	/* All options were accepted: from now on they hold; what is not among them has its default. NULL: it keeps none. */
	void (*agree)(struct ppp_run *run, struct ppp_options options);
	/* Of our own request: the peer wants another value, or no such option. NULL: it does not give way. */
	void (*take_nak)(struct ppp_run *run, const struct ppp_option *o);
	void (*take_reject)(struct ppp_run *run, const struct ppp_option *o);
	/* Codes behind Code-Reject, which event they are. NULL: the protocol has none of them. */
	enum ppp_check (*check)(const struct ppp_run *run, const struct ppp_control *c,
				enum ppp_event *ret);
	/* PPP_SER. */
	void (*echo)(struct ppp_run *run, const struct ppp_control *c);
};

struct ppp_settings { /* RFC 1661 section 4.6 */
	uint64_t restart_ns;
	uint8_t max_configure;
	uint8_t max_terminate;
	uint8_t max_failure;
};

/* Made for one call, on the stack. */
struct ppp_run {
	const struct ppp_ops *ops;
	const struct ppp_settings *settings;
	struct ppp_machine *machine;
	uint64_t *timer; /* restart timer: when; 0: does not run */
	void *self;      /* the protocol's part: struct lcp, ipcp or ipv6cp */
	uint64_t now_ns;
	uint16_t peer_mru; /* octets of a packet that the peer takes; host order */
	uint16_t facts;    /* enum ppp_fact, while the call runs; 0 before */
	void (*send)(void *ctx, uint16_t protocol, uint8_t code, uint8_t identifier,
		     const uint8_t *data, uint16_t size);
	void *ctx;
};

/* May the packet be taken? Changes nothing. */
enum ppp_check ppp_machine_check(const struct ppp_run *run, const struct ppp_control *c);

/* Takes a packet that is PPP_FINE; `c` has its head in front of its data. Returns what happened: layer actions of enum
 * ppp_action, and enum ppp_fact. */
uint16_t ppp_machine_take(struct ppp_run *run, const struct ppp_control *c);

/* PPP_UP, PPP_DOWN, PPP_OPEN, PPP_CLOSE, or a PPP_RXJ_MINUS from elsewhere: the peer's LCP rejects this protocol. */
uint16_t ppp_machine_event(struct ppp_run *run, enum ppp_event event);

/* The restart timer is due. */
uint16_t ppp_machine_timeout(struct ppp_run *run);

/* Tells the peer that it sent a packet that is not known: a Code-Reject with the packet, or LCP's Protocol-Reject with
 * protocol field and packet; cut to what it takes (RFC 1661 sections 5.6 and 5.7). */
void ppp_machine_tell(struct ppp_run *run, uint8_t code, const uint8_t *packet, uint32_t size);

#endif
