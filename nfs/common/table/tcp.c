/* SPDX-License-Identifier: Apache-2.0 */
/* The table of tcp.h, and what makes an event of a segment. Pure. */
#include "tcp.h"

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 };

/* What is acknowledged at first: the SYN and what little came with it. */
#define FIRST_FLIGHT UINT32_C(0xffff)

#define ODD NF_TCP_ODD

/* A connection's segments have ACK, but the first one; RST counts whatever stands beside it (RFC
 * 9293 section 3.10.7). */
const uint8_t nf_tcp_events[24] = {
	[0] = ODD,
	[FIN] = ODD,
	[SYN] = NF_TCP_SYN,
	[SYN | FIN] = ODD,
	[RST... RST | SYN | FIN] = NF_TCP_RST,
	[ACK] = NF_TCP_ACK,
	[ACK | FIN] = NF_TCP_FIN,
	[ACK | SYN] = NF_TCP_SYNACK,
	[ACK | SYN | FIN] = ODD,
	[ACK | RST... ACK | RST | SYN | FIN] = NF_TCP_RST,
};

#define N_ NF_TCP_NONE
#define O_ NF_TCP_OPENING
#define OF NF_TCP_OPENING_FIN
#define A_ NF_TCP_ANSWERED
#define AF NF_TCP_ANSWERED_FIN
#define E_ NF_TCP_ESTABLISHED
#define FO NF_TCP_FIN_OUT
#define FI NF_TCP_FIN_IN
#define C_ NF_TCP_CLOSED
#define S_ NF_TCP_SHARED
#define R_ NF_TCP_RESET
#define RO NF_TCP_RESET_FIN_OUT
#define RI NF_TCP_RESET_FIN_IN
#define I_ NF_TCP_IDLE
#define OX (NF_TCP_OPENING | NF_TCP_FOLLOW)
#define ALL(state)                                                     \
	{                                                              \
		state, state, state, state, state, state, state, state \
	}

/* clang-format off */
NF_TCP_TABLE uint8_t nf_tcp_table[NF_TCP_N_WAYS][NF_TCP_N_STATES][NF_TCP_N_EVENTS] = {
[NF_TCP_OUT] = {
	/*                           ACK SYN S+A FIN RST win str odd */
	[NF_TCP_NONE] =            ALL(N_),
	[NF_TCP_IDLE] =            ALL(I_), /* follows nobody */
	[NF_TCP_OPENING] =         {O_, O_, O_, OF, O_, O_, O_, O_},
	[NF_TCP_OPENING_FIN] =     {OF, O_, OF, OF, OF, OF, OF, OF},
	[NF_TCP_ANSWERED] =        {E_, A_, E_, FO, R_, R_, A_, A_},
	[NF_TCP_ANSWERED_FIN] =    {FI, AF, FI, C_, RI, RI, AF, AF},
	[NF_TCP_ESTABLISHED] =     {E_, E_, E_, FO, R_, R_, E_, E_},
	[NF_TCP_FIN_OUT] =         {FO, O_, FO, FO, RO, RO, FO, FO},
	[NF_TCP_FIN_IN] =          {FI, O_, FI, C_, RI, RI, FI, FI},
	[NF_TCP_CLOSED] =          {C_, O_, O_, C_, C_, C_, C_, C_},
	[NF_TCP_RESET] =           {E_, O_, O_, FO, R_, R_, R_, R_},
	[NF_TCP_RESET_FIN_OUT] =   {FO, O_, O_, FO, RO, RO, RO, RO},
	[NF_TCP_RESET_FIN_IN] =    {FI, O_, O_, C_, RI, RI, RI, RI},
	[NF_TCP_SHARED] =          ALL(S_),
	[14 ... 15] =               ALL(S_),
},
[NF_TCP_IN] = {
	/*                           ACK SYN S+A FIN RST win str odd */
	[NF_TCP_NONE] =            ALL(N_),
	[NF_TCP_IDLE] =            ALL(I_), /* follows nobody */
	/* ACK or FIN without SYN: the entry began in the middle of the connection. */
	[NF_TCP_OPENING] =         {E_, A_, A_, FI, O_, O_, O_, O_},
	[NF_TCP_OPENING_FIN] =     {FO, OF, OF, C_, OF, OF, OF, OF},
	[NF_TCP_ANSWERED] =        {A_, A_, A_, AF, R_, R_, A_, A_},
	[NF_TCP_ANSWERED_FIN] =    {AF, AF, AF, AF, RI, RI, AF, AF},
	[NF_TCP_ESTABLISHED] =     {E_, E_, E_, FI, R_, R_, E_, E_},
	[NF_TCP_FIN_OUT] =         {FO, FO, FO, C_, RO, RO, FO, FO},
	[NF_TCP_FIN_IN] =          {FI, FI, FI, FI, RI, RI, FI, FI},
	[NF_TCP_CLOSED] =          ALL(C_),
	[NF_TCP_RESET] =           {E_, R_, A_, FI, R_, R_, R_, R_},
	[NF_TCP_RESET_FIN_OUT] =   {FO, RO, RO, C_, RO, RO, RO, RO},
	[NF_TCP_RESET_FIN_IN] =    {FI, RI, RI, FI, RI, RI, RI, RI},
	[NF_TCP_SHARED] =          ALL(S_),
	[14 ... 15] =               ALL(S_),
},
/* The end of a connection that is not followed says nothing; one that ended can be left for another. */
[NF_TCP_OUT_OTHER] = {
	/*                           ACK SYN S+A FIN RST win str odd */
	[NF_TCP_NONE] =            ALL(N_),
	[NF_TCP_IDLE] =            {OX, OX, OX, I_, I_, I_, I_, I_},
	[NF_TCP_OPENING] =         {S_, OX, OX, O_, O_, O_, O_, O_},
	[NF_TCP_OPENING_FIN] =     {S_, OX, OX, OF, OF, OF, OF, OF},
	[NF_TCP_ANSWERED] =        {S_, OX, OX, A_, A_, A_, A_, A_},
	[NF_TCP_ANSWERED_FIN] =    {S_, OX, OX, AF, AF, AF, AF, AF},
	[NF_TCP_ESTABLISHED] =     {S_, S_, S_, E_, E_, E_, E_, E_},
	[NF_TCP_FIN_OUT] =         {S_, S_, S_, FO, FO, FO, FO, FO},
	[NF_TCP_FIN_IN] =          {S_, S_, S_, FI, FI, FI, FI, FI},
	[NF_TCP_CLOSED] =          {OX, OX, OX, C_, C_, C_, C_, C_},
	[NF_TCP_RESET] =           {OX, OX, OX, R_, R_, R_, R_, R_},
	[NF_TCP_RESET_FIN_OUT] =   {OX, OX, OX, RO, RO, RO, RO, RO},
	[NF_TCP_RESET_FIN_IN] =    {OX, OX, OX, RI, RI, RI, RI, RI},
	[NF_TCP_SHARED] =          ALL(S_),
	[14 ... 15] =               ALL(S_),
},
/* Whoever is not followed changes nothing from outside. */
[NF_TCP_IN_OTHER] = {
	[NF_TCP_NONE] =            ALL(N_),
	[NF_TCP_IDLE] =            ALL(I_),
	[NF_TCP_OPENING] =         ALL(O_),
	[NF_TCP_OPENING_FIN] =     ALL(OF),
	[NF_TCP_ANSWERED] =        ALL(A_),
	[NF_TCP_ANSWERED_FIN] =    ALL(AF),
	[NF_TCP_ESTABLISHED] =     ALL(E_),
	[NF_TCP_FIN_OUT] =         ALL(FO),
	[NF_TCP_FIN_IN] =          ALL(FI),
	[NF_TCP_CLOSED] =          ALL(C_),
	[NF_TCP_RESET] =           ALL(R_),
	[NF_TCP_RESET_FIN_OUT] =   ALL(RO),
	[NF_TCP_RESET_FIN_IN] =    ALL(RI),
	[NF_TCP_SHARED] =          ALL(S_),
	[14 ... 15] =               ALL(S_),
},
};
/* clang-format on */

/* ---- numbers ------------------------------------------------------------------------------- */

static uint64_t
begin_at(uint64_t edge, uint32_t number)
{
	return ((edge >> 32) + 1) << 32 | number;
}

/* Numbers that the segment takes: SYN and FIN have one each. */
static uint32_t
end_of(const struct nf_tcp_segment *s)
{
	return s->seq + s->size + ((s->flags & SYN) != 0) + ((s->flags & FIN) != 0);
}

static bool
is_unacked(const struct nf_tcp *c)
{
	return c->scale & NF_TCP_UNACKED;
}

/* Does it acknowledge something that the inside can have sent (RFC 5961 section 5.2)? */
static bool
acks_what_was_sent(const struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	uint32_t behind = (uint32_t)c->edges.sent - s->ack;

	return (s->flags & ACK) && behind <= (is_unacked(c) ? FIRST_FLIGHT : NF_TCP_MAX_WINDOW);
}

static uint32_t
window_of(const struct nf_tcp *c)
{
	uint32_t window = (uint32_t)c->edges.right - (uint32_t)c->edges.acked;

	return window <= NF_TCP_MAX_WINDOW ? window : 0;
}

/* In the window, or sent again from at most a window before it. */
static bool
is_around_window(const struct nf_tcp *c, uint32_t seq)
{
	uint32_t window = window_of(c), back = window > FIRST_FLIGHT ? window : FIRST_FLIGHT;

	return is_unacked(c) || seq - ((uint32_t)c->edges.acked - back) <= back + window;
}

static enum nf_tcp_event
judge_reset_in(const struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	uint32_t ahead = s->seq - (uint32_t)c->edges.acked;

	if (!s->is_sound)
		return NF_TCP_RST_STRAY;
	/* As in SYN-SENT: by what it acknowledges (RFC 9293 section 3.10.7.3). */
	if (is_unacked(c))
		return acks_what_was_sent(c, s) ? NF_TCP_RST : NF_TCP_RST_STRAY;
	if (ahead == 0)
		return NF_TCP_RST;
	return ahead < window_of(c) ? NF_TCP_RST_WINDOW : NF_TCP_RST_STRAY;
}

static enum nf_tcp_event
judge_in(const struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	enum nf_tcp_event event = nf_tcp_event(s->flags);

	if (event == NF_TCP_RST)
		return judge_reset_in(c, s);
	if (event == NF_TCP_SYN || event == NF_TCP_ODD)
		return event;
	return acks_what_was_sent(c, s) && is_around_window(c, s->seq) ? event : NF_TCP_ODD;
}

/* Another subscriber may claim to be this one, but sees no number either. */
static enum nf_tcp_event
judge_out(const struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	enum nf_tcp_event event = nf_tcp_event(s->flags);
	uint32_t behind = (uint32_t)c->edges.sent - s->seq;

	if (event != NF_TCP_RST)
		return event;
	if (!s->is_sound || behind > NF_TCP_MAX_WINDOW)
		return NF_TCP_RST_STRAY;
	return behind == 0 ? NF_TCP_RST : NF_TCP_RST_WINDOW;
}

/* ---- segments ------------------------------------------------------------------------------- */

/* The window of a segment with SYN is not scaled (RFC 7323 section 2.2). */
static void
take_ack(struct nf_tcp *c, const struct nf_tcp_segment *s, bool anew)
{
	uint32_t window = (uint32_t)s->window << (s->flags & SYN ? 0 : c->scale & 0x0f);

	if (anew) {
		c->edges.acked = begin_at(c->edges.acked, s->ack);
		c->edges.right = begin_at(c->edges.right, s->ack + window);
	} else {
		nf_tcp_advance(&c->edges.acked, s->ack);
		nf_tcp_advance(&c->edges.right, s->ack + window);
	}
}

/* Numbers of a connection that begins, or of a SYN: it says where they begin. */
static void
begin_numbers(struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	c->edges.sent = begin_at(c->edges.sent, end_of(s));
	c->scale = s->scale <= NF_TCP_MAX_SCALE ? s->scale : 0;
	if (s->flags & ACK)
		take_ack(c, s, true);
	else
		c->scale |= NF_TCP_UNACKED;
}

static void
go_on_with_numbers(struct nf_tcp *c, const struct nf_tcp_segment *s, enum nf_tcp_event event)
{
	bool anew = is_unacked(c);

	if (event >= NF_TCP_RST)
		return;
	if ((s->flags & SYN) && end_of(s) != (uint32_t)c->edges.sent) {
		begin_numbers(c, s);
		return;
	}
	nf_tcp_advance(&c->edges.sent, end_of(s));
	if (!(s->flags & ACK))
		return;
	c->scale &= (uint8_t)~NF_TCP_UNACKED;
	take_ack(c, s, anew);
}

static void
follow(struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	c->peer_address = s->peer_address;
	c->peer_port = s->peer_port;
	begin_numbers(c, s);
}

static bool
is_of_peer(const struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	return c->peer_address == s->peer_address && c->peer_port == s->peer_port;
}

void
nf_tcp_open(struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	c->state = NF_TCP_OPENING;
	follow(c, s);
}

bool
nf_tcp_take_out(struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	const struct nf_tcp before = *c;
	uint8_t cell;

	if (is_of_peer(c, s)) {
		enum nf_tcp_event event = judge_out(c, s);

		c->state = nf_tcp_cell(NF_TCP_OUT, c->state, event);
		go_on_with_numbers(c, s, event);
		return c->state != before.state || c->scale != before.scale;
	}
	cell = nf_tcp_cell(NF_TCP_OUT_OTHER, c->state, nf_tcp_event(s->flags));
	c->state = (uint8_t)(cell & ~NF_TCP_FOLLOW);
	if (cell & NF_TCP_FOLLOW)
		follow(c, s);
	return c->state != before.state || (cell & NF_TCP_FOLLOW);
}

bool
nf_tcp_take_in(struct nf_tcp *c, const struct nf_tcp_segment *s)
{
	enum nf_tcp_way way = is_of_peer(c, s) ? NF_TCP_IN : NF_TCP_IN_OTHER;
	uint8_t state = nf_tcp_cell(way, c->state, judge_in(c, s));

	if (state == c->state)
		return false;
	/* Both scale, or none does. */
	if ((s->flags & SYN) && s->scale > NF_TCP_MAX_SCALE)
		c->scale &= NF_TCP_UNACKED;
	if (is_unacked(c)) {
		c->edges.acked = begin_at(c->edges.acked, end_of(s));
		c->edges.right = begin_at(c->edges.right, end_of(s));
	}
	c->state = state;
	return true;
}
