/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session as it stands in its slot, and what can be said of it alone: whose address it has, which
 * bucket it belongs to, and how fast it may be. The table of them is session.h.
 */
#ifndef GATEWAY_SESSION_ENTRY_H
#define GATEWAY_SESSION_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "bucket.h"
#include "slim.h"

/* The access node's end of a tunnel: where downlink packets of a session are sent to. */
struct gateway_cell {
	rte_be32_t address; /* 0: none, the subscriber is idle */
	uint32_t teid;
};

/*
 * What an ordinary packet needs of its session stands in the first two cache lines of the slot, whatever its direction:
 * whose it is and where to, then what it is charged. What is behind is for control, handovers and policed sessions.
 * State, lazy and local fields stand beside each other therefore; the schema in session.c says which is which.
 */
struct gateway_session {
	/* First line, behind the slot's head. */
	uint32_t teid;
	rte_be32_t ipv4;         /* 0: none */
	uint8_t ipv6[16];        /* the /64 prefix, all zero: none */
	rte_be32_t cell_address; /* 0: idle */
	uint32_t cell_teid;
	uint8_t qfi;
	uint8_t container; /* 1: downlink packets carry a PDU session container */
	uint8_t cell_way;  /* local: the way to the cell (fast.h); 0: not looked for */
	uint8_t reserved;
	rte_be32_t indexed_ipv4; /* local: what the indexes have of it */
	uint64_t indexed_ipv6;   /* local */
	uint64_t last_seen;      /* lazy */
	/* Second line. Lazy: written by every packet of a direction. */
	uint64_t uplink_due; /* until when the direction's rate is used up; see gateway_police() */
	uint64_t downlink_due;
	uint64_t packets_up;
	uint64_t bytes_up; /* of the subscriber's IP packets */
	uint64_t packets_down;
	uint64_t bytes_down;
	uint64_t uplink_cost; /* local: nanoseconds an octet takes, times 2^16; 0: no limit */
	uint64_t downlink_cost;
	/* Third line: for handovers and policed sessions. */
	uint64_t switched;     /* when the cell changed last */
	uint64_t uplink_burst; /* octets */
	uint64_t downlink_burst;
	uint64_t indexed_cell;   /* local */
	rte_be32_t left_address; /* the cell before this one */
	uint32_t first_waiting;  /* local, as the next two: buffer.h; valid if any waits */
	uint32_t last_waiting;
	uint32_t n_waiting;       /* downlink packets */
	uint64_t packets_policed; /* lazy */
	uint64_t error_told;      /* local: when its last error indication was told */
	/* Behind them: for control. */
	uint64_t uplink_rate; /* bits a second; 0: no limit */
	uint64_t downlink_rate;
	uint64_t reserved_too[6];
};

#define GATEWAY_LINE 64u

/* Where a field stands in its slot. */
#define GATEWAY_PLACE(field) \
	(sizeof(struct slim_slot_head) + offsetof(struct gateway_session, field))

_Static_assert(GATEWAY_PLACE(last_seen) + sizeof(uint64_t) == GATEWAY_LINE, "the first line ends");
_Static_assert(GATEWAY_PLACE(switched) == 2 * GATEWAY_LINE, "the second line ends");
_Static_assert((sizeof(struct slim_slot_head) + sizeof(struct gateway_session)) % GATEWAY_LINE == 0,
	       "each slot begins a line");
/* ---- addresses ---------------------------------------------------------------------------- */

static inline uint64_t
gateway_ipv6_key(const uint8_t address[16])
{
	uint64_t key;

	memcpy(&key, address, sizeof(key));
	return key;
}

/* 0: in no cell. */
static inline uint64_t
gateway_cell_key(struct gateway_cell cell)
{
	return cell.address == 0 ? 0 : (uint64_t)cell.address << 32 | cell.teid;
}

/* Is it the subscriber's own? */
static inline bool
gateway_session_has_ipv4(const struct gateway_session *session, rte_be32_t address)
{
	return session->ipv4 == address && address != 0;
}

static inline bool
gateway_session_has_ipv6(const struct gateway_session *session, const uint8_t address[16])
{
	return gateway_ipv6_key(session->ipv6) == gateway_ipv6_key(address) &&
	       gateway_ipv6_key(address) != 0;
}

/* ---- policing ------------------------------------------------------------------------- */

/* More than any burst takes, and far from where times wrap. */
#define GATEWAY_MAX_BURST_NS (UINT64_C(1) << 62)

/* What `octets` take. A burst at a low rate needs more than 64 bits on the way. */
static inline uint64_t
gateway_time_of(uint64_t octets, uint64_t cost)
{
	__extension__ unsigned __int128 ns = ((unsigned __int128)octets * cost) >> 16;

	return ns < GATEWAY_MAX_BURST_NS ? (uint64_t)ns : GATEWAY_MAX_BURST_NS;
}

/*
 * May a packet of `size` octets pass at `now_ns`? A token bucket, kept as the time at which it will be full
 * again: each octet that passes moves this time on by what it takes at the rate, and it may not
 * lie further ahead than the burst takes. So the state of a direction is one time, which is translated to
 * the clock of a target and merges by `max`: what both instances let pass counts there.
 * *ret_due_ns is the time that the caller keeps if the packet passes.
 */
static inline bool
gateway_police(uint64_t due_ns, uint64_t cost, uint64_t burst, uint64_t now_ns, uint32_t size,
	       uint64_t *ret_due_ns)
{
	uint64_t ahead = due_ns > now_ns ? due_ns - now_ns : 0, most, takes;

	*ret_due_ns = due_ns;
	if (cost == 0)
		return true;
	most = gateway_time_of(burst, cost);
	takes = gateway_time_of(size, cost);
	if (ahead > most || takes > most - ahead)
		return false;
	*ret_due_ns = now_ns + ahead + takes;
	return true;
}

#endif
