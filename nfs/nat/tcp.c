/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of tcp.h. Pure. */
#include "tcp.h"

#define N NAT_TCP_NONE
#define O NAT_TCP_OPENING
#define A NAT_TCP_ANSWERED
#define E NAT_TCP_ESTABLISHED
#define FO NAT_TCP_FIN_OUT
#define FI NAT_TCP_FIN_IN
#define C NAT_TCP_CLOSED
#define S NAT_TCP_SHARED

/* clang-format off */
const uint8_t nat_tcp_out[NAT_TCP_N_STATES][NAT_TCP_N_EVENTS] = {
	/*                         ACK SYN FIN RST */
	[NAT_TCP_NONE] =        { N,  N,  N,  N  },
	[NAT_TCP_OPENING] =     { O,  O,  O,  C  },
	[NAT_TCP_ANSWERED] =    { E,  A,  FO, C  },
	[NAT_TCP_ESTABLISHED] = { E,  E,  FO, C  },
	[NAT_TCP_FIN_OUT] =     { FO, O,  FO, C  },
	[NAT_TCP_FIN_IN] =      { FI, O,  C,  C  },
	[NAT_TCP_CLOSED] =      { C,  O,  C,  C  },
	[NAT_TCP_SHARED] =      { S,  S,  S,  S  },
};

const uint8_t nat_tcp_in[NAT_TCP_N_STATES][NAT_TCP_N_EVENTS] = {
	/*                         ACK SYN FIN RST */
	[NAT_TCP_NONE] =        { N,  N,  N,  N  },
	/* An ACK without SYN: the mapping began in the middle of the connection. */
	[NAT_TCP_OPENING] =     { E,  A,  E,  C  },
	[NAT_TCP_ANSWERED] =    { A,  A,  A,  C  },
	[NAT_TCP_ESTABLISHED] = { E,  E,  FI, C  },
	[NAT_TCP_FIN_OUT] =     { FO, FO, C,  C  },
	[NAT_TCP_FIN_IN] =      { FI, FI, FI, C  },
	[NAT_TCP_CLOSED] =      { C,  C,  C,  C  },
	[NAT_TCP_SHARED] =      { S,  S,  S,  S  },
};
/* clang-format on */

enum nat_tcp_state
nat_tcp_other_peer(enum nat_tcp_state state, enum nat_tcp_event event, bool *ret_follow)
{
	*ret_follow = false;
	/* The end of a connection that is not followed says nothing. */
	if (event == NAT_TCP_FIN || event == NAT_TCP_RST)
		return state;
	if (event == NAT_TCP_ACK || state == NAT_TCP_ESTABLISHED || state == NAT_TCP_SHARED)
		return state == NAT_TCP_NONE ? NAT_TCP_NONE : NAT_TCP_SHARED;
	*ret_follow = state != NAT_TCP_NONE;
	return state == NAT_TCP_NONE ? NAT_TCP_NONE : NAT_TCP_OPENING;
}
