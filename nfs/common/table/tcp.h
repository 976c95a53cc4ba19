/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a TCP connection is, as one between its two ends sees it, for its timeout: RFC 6146 section 3.5.2.2 and
 * RFC 7857 section 2 with "V6" for the inside and "V4" for the outside, RFC 5382 section 5. The inside is the end
 * that may open. Pure: what is kept of it, and where, is the network function's.
 *
 * A table says all: for each way that a segment can come, each state and each event the state after
 * it. Ways tell the direction, and whether the segment is of the peer that the entry follows or
 * of another one, by full address and port. An entry may stand for connections to several peers, as a NAT's mapping
 * does; it follows the one that was opened last. A second one beside a live one makes it SHARED:
 * then it lives until it is idle for the established timeout, whatever single connections do.
 *
 * What can be forged is judged by its numbers before it is an event. Three edges are kept, all of
 * them from what the inside host sends, whom a stranger outside cannot move:
 *
 *   sent    the number after the last one that the inside has sent
 *   acked   the number that it expects next from the peer: its RCV.NXT, or a little less
 *   right   the end of the window that it has offered
 *
 * A RST from outside is at the edge (its number is `acked`), in the window, or a stray that changes
 * nothing (RFC 5961 section 3.2). Nobody but the host knows whether the host takes one in the window: if
 * not, the host answers with an ACK, and any segment after a RST that fits leads back. A RST from
 * inside has to be `sent`, or not further behind than a window can be. Other segments from outside
 * have to acknowledge what was sent and stand around the window, wherever they would change
 * something.
 *
 * An edge is 64 bits, the lower ones the sequence number: it only grows, so that the larger of two
 * is the later one (SLIM_MERGE_MAX). A new connection begins at the next multiple of 2^32.
 */
#ifndef NF_TCP_H
#define NF_TCP_H

#include <stdbool.h>
#include <stdint.h>

/* In tables that move: the numbers are part of the protocol between versions. In brackets RFC
 * 6146's. */
enum nf_tcp_state {
	NF_TCP_NONE = 0,          /* not TCP */
	NF_TCP_OPENING = 1,       /* first segment from inside (V6 INIT) */
	NF_TCP_ANSWERED = 2,      /* SYN from outside, too; not yet acknowledged from inside */
	NF_TCP_ESTABLISHED = 3,   /* handshake done (ESTABLISHED) */
	NF_TCP_FIN_OUT = 4,       /* FIN from inside (V6 FIN RCV) */
	NF_TCP_FIN_IN = 5,        /* FIN from outside (V4 FIN RCV) */
	NF_TCP_CLOSED = 6,        /* both (V6 FIN + V4 FIN RCV) */
	NF_TCP_SHARED = 7,        /* several peers */
	NF_TCP_RESET = 8,         /* RST, nothing since (TRANS) */
	NF_TCP_RESET_FIN_OUT = 9, /* the same after a FIN from inside */
	NF_TCP_RESET_FIN_IN = 10, /* the same after a FIN from outside */
	NF_TCP_OPENING_FIN = 11,  /* opening, and FIN from inside */
	NF_TCP_ANSWERED_FIN = 12, /* answered, and FIN from outside */
	NF_TCP_IDLE = 13,         /* no connection yet (CLOSED) */
	NF_TCP_N_STATES = 16      /* two that are nothing stand in the table like SHARED */
};

/* What a segment says. */
enum nf_tcp_event {
	NF_TCP_ACK = 0,
	NF_TCP_SYN,
	NF_TCP_SYNACK,
	NF_TCP_FIN,
	NF_TCP_RST,        /* at the edge */
	NF_TCP_RST_WINDOW, /* in the window */
	NF_TCP_RST_STRAY,  /* outside it, or with a wrong checksum */
	NF_TCP_ODD,        /* flags that no host sends, or numbers that do not fit */
	NF_TCP_N_EVENTS
};

enum nf_tcp_way {
	NF_TCP_OUT = 0,   /* to the peer that is followed */
	NF_TCP_IN,        /* from it */
	NF_TCP_OUT_OTHER, /* to another one */
	NF_TCP_IN_OTHER,  /* from another one */
	NF_TCP_N_WAYS
};

/* Only tests/mutations says something else. */
#ifndef NF_TCP_TABLE
#define NF_TCP_TABLE const
#endif

/* In a cell of OUT_OTHER: the other peer is the one to follow from now on. */
#define NF_TCP_FOLLOW 0x80u

extern NF_TCP_TABLE uint8_t nf_tcp_table[NF_TCP_N_WAYS][NF_TCP_N_STATES][NF_TCP_N_EVENTS];

#define NF_TCP_FLAGS 0x17u /* that are looked at: FIN, SYN, RST and ACK */

/* By them; a RST is not judged yet. */
extern const uint8_t nf_tcp_events[24];

static inline enum nf_tcp_event
nf_tcp_event(uint8_t flags)
{
	return (enum nf_tcp_event)nf_tcp_events[flags & NF_TCP_FLAGS];
}

static inline uint8_t
nf_tcp_cell(enum nf_tcp_way way, uint8_t state, enum nf_tcp_event event)
{
	return nf_tcp_table[way][state % NF_TCP_N_STATES][event];
}

/* Established for the choice of the timeout? A half-closed connection is: it may still carry
 * data for long. */
static inline bool
nf_tcp_is_established(uint8_t state)
{
	const uint32_t established = 1u << NF_TCP_ESTABLISHED | 1u << NF_TCP_FIN_OUT |
				     1u << NF_TCP_FIN_IN | 1u << NF_TCP_SHARED | 3u << 14;

	return established >> state % NF_TCP_N_STATES & 1u;
}

/* ---- numbers ------------------------------------------------------------------------------- */

struct nf_tcp_edges {
	uint64_t sent;
	uint64_t acked;
	uint64_t right;
};

#define NF_TCP_MAX_WINDOW (UINT32_C(1) << 30) /* RFC 7323 section 2.3 */
#define NF_TCP_MAX_SCALE 14u
#define NF_TCP_NO_SCALE 0x7fu /* a segment without the option */

/* In `scale`: nothing is acknowledged from inside, so what the peer sends is known from itself
 * alone. */
#define NF_TCP_UNACKED 0x80u

/* What is known of a connection. Address and port of the peer are as on the wire. */
struct nf_tcp {
	struct nf_tcp_edges edges;
	uint32_t peer_address;
	uint16_t peer_port;
	uint8_t state; /* enum nf_tcp_state */
	uint8_t scale; /* of the inside's window, or with NF_TCP_UNACKED */
};

/* A segment as the tracker has it, in host order but for the peer. */
struct nf_tcp_segment {
	uint32_t peer_address;
	uint16_t peer_port;
	uint16_t window;
	uint32_t seq;
	uint32_t ack;
	uint32_t size; /* of its data */
	uint8_t flags;
	uint8_t scale; /* its option, or NF_TCP_NO_SCALE */
	bool is_sound; /* its checksum is right. Of a RST only */
};

/* Up to a number that the inside host says. What is more than a window behind is a jump ahead. */
static inline void
nf_tcp_advance(uint64_t *edge, uint32_t to)
{
	uint32_t ahead = to - (uint32_t)*edge;

	if (ahead <= UINT32_MAX - NF_TCP_MAX_WINDOW)
		*edge += ahead;
}

/* An acknowledgement from inside that changes no state: all that most segments do. `end`: the
 * number after its data. */
static inline void
nf_tcp_follow(struct nf_tcp_edges *edges, uint8_t scale, uint32_t end, uint32_t ack,
	      uint16_t window)
{
	nf_tcp_advance(&edges->sent, end);
	nf_tcp_advance(&edges->acked, ack);
	nf_tcp_advance(&edges->right, ack + ((uint32_t)window << scale));
}

/* A segment from inside begins an entry; only such that nf_tcp_may_open(). */
void nf_tcp_open(struct nf_tcp *c, const struct nf_tcp_segment *s);
static inline bool
nf_tcp_may_open(enum nf_tcp_event event)
{
	return event == NF_TCP_SYN || event == NF_TCP_ACK;
}

/* A segment was forwarded. True: state, peer or scale are others now; else at most edges. */
bool nf_tcp_take_out(struct nf_tcp *c, const struct nf_tcp_segment *s);
bool nf_tcp_take_in(struct nf_tcp *c, const struct nf_tcp_segment *s);

#endif
