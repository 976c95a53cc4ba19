/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: what became of every packet of every flow.
 *
 * A generator writes down each packet it sends and each packet that arrives; the
 * ledger says which were lost, duplicated, reordered or mistranslated, and when.
 * It is pure: time is a parameter, it does no I/O, it knows nothing of the network
 * function in the middle, and it allocates only in ledger_create().
 *
 * Words
 *   flow    a slot, 0 .. n_flows-1. A slot has one life after the other; packets
 *           carry the number of the life, so that a late one is not taken for a
 *           packet of the next. ledger_open() begins a life, ledger_settle() ends it:
 *           call it when nothing of the flow can be on its way any more.
 *   window  a named stretch of time (ledger_mark). Every packet belongs to the window
 *           in which it was SENT, wherever it arrives: so is a loss.
 *   ticket  what a packet carries of all this.
 *
 * Definitions (per flow and direction; sequence numbers count from 0)
 *   sent         tickets handed out
 *   received     packets that arrived, each counted once
 *   lost         sent - received; final once the flow's last packets had time to arrive
 *   duplicated   arrivals of a packet that had arrived before (RFC 5560)
 *   reordered    first arrivals with a number smaller than one that arrived before
 *                (RFC 4737, section 3.3)
 *   stale        arrivals too late to tell: more than JUDGE_HISTORY_BITS numbers behind, or
 *                after the life was settled. Each also counts as reordered; none as received.
 *   remapped     arrivals outside whose source was not the external address and port that
 *                the flow's first arrival showed, or whose destination was not the remote
 *   misdelivered arrivals inside whose destination was not the flow's own address and
 *                port, or whose source was not the remote
 *   corrupt      arrivals that could not be read (checksum, payload): their ticket is not
 *                trusted, so the packet also counts as lost
 *   unknown      arrivals with a well-formed ticket that was never handed out
 *   mistranslated = remapped + misdelivered + corrupt + unknown
 *   wrong_cell   downlink arrivals out of a cell where the subscriber is not: any but the present
 *                and the last one; the last one, if the packet was to be sent after the change
 *                was known to be done, or behind the end of what goes there (ledger_cell_closed);
 *                the present one, if that end had not come before (once a change)
 *   max_gap      longest time between two arrivals of one probe flow (LEDGER_PROBE), noted
 *                in the window in which the later one was sent
 *
 * Memory: about 230 bytes a flow and 28 KB a window. Single thread.
 */
#ifndef SLIM_BENCH_LEDGER_H
#define SLIM_BENCH_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "hist.h"
#include "judge_limits.h"

enum ledger_direction { LEDGER_UP, LEDGER_DOWN, LEDGER_N_DIRECTIONS };

/* IPv4 address and UDP port, host byte order. 0: none. */
typedef uint64_t ledger_endpoint;
#define LEDGER_ENDPOINT(address, port) ((uint64_t)(address) << 16 | (uint16_t)(port))

struct ledger_ticket {
	uint32_t flow;
	uint32_t life;
	uint32_t seq;
	uint16_t window;
	uint8_t direction; /* enum ledger_direction */
};

#define LEDGER_COUNTS(X) \
	X(sent)          \
	X(received)      \
	X(duplicated)    \
	X(reordered)     \
	X(stale)         \
	X(remapped)      \
	X(misdelivered)  \
	X(corrupt)       \
	X(unknown)       \
	X(wrong_cell)

struct ledger_counts {
#define X(name) uint64_t name;
	LEDGER_COUNTS(X)
#undef X
	uint64_t max_gap_ns;
};

struct ledger_window {
	char name[JUDGE_NAME_SIZE];
	uint64_t start_ns;
	uint64_t end_ns; /* 0: still open */
	struct ledger_counts counts[LEDGER_N_DIRECTIONS];
	struct hist one_way[LEDGER_N_DIRECTIONS]; /* first arrivals */
	struct hist round_trip;                   /* ledger_round_trip() */
};

/* What ledger_arrive() found; bits, 0 is a packet without fault. */
enum ledger_finding {
	LEDGER_DUPLICATE = 1u << 0,
	LEDGER_REORDERED = 1u << 1,
	LEDGER_STALE = 1u << 2,
	LEDGER_REMAPPED = 1u << 3,
	LEDGER_MISDELIVERED = 1u << 4,
	LEDGER_UNKNOWN = 1u << 5,
	LEDGER_CORRUPT = 1u << 6, /* only in incidents */
	LEDGER_LOST = 1u << 7,    /* only in incidents */
	LEDGER_WRONG_CELL = 1u << 8,
};

/* One trouble, for people who search for its cause. */
struct ledger_incident {
	uint64_t at_ns;              /* arrival; for LOST: when it was noticed */
	uint32_t findings;           /* enum ledger_finding bits */
	struct ledger_ticket ticket; /* LOST: the first missing number still known */
	uint32_t n;                  /* LOST: how many of this life; else 1 */
	ledger_endpoint seen;        /* REMAPPED, MISDELIVERED, WRONG_CELL: what was wrong */
	ledger_endpoint expected;
};

enum ledger_flow_flags {
	LEDGER_PROBE = 1u << 0, /* measure gaps on this flow */
};

struct ledger_flow_config {
	ledger_endpoint inside; /* as the inside knows the flow */
	ledger_endpoint remote; /* whom it talks to */
	uint32_t flags;
};

struct ledger;

/* n_flows slots. -EINVAL (0 or more than JUDGE_MAX_FLOWS), -ENOMEM. The first window is
 * `name`, from `now_ns` on. */
int ledger_create(uint32_t n_flows, const char *name, uint64_t now_ns, struct ledger **ret_ledger);
void ledger_destroy(struct ledger *l);

/* Ends the current window and begins another. -ENOSPC: no more windows; -EINVAL: the name is
 * empty, too long, or holds anything but letters, digits, '_', '-', '.'. Returns the new
 * window's index. Names may repeat. */
int ledger_mark(struct ledger *l, const char *name, uint64_t now_ns);

/* Begins a life of the slot; an earlier one must be settled. */
void ledger_open(struct ledger *l, uint32_t flow, const struct ledger_flow_config *config);

/* Ends the life: what has not arrived is lost. */
void ledger_settle(struct ledger *l, uint32_t flow, uint64_t now_ns);

/* Hands out the ticket of the flow's next packet, which counts as sent. */
struct ledger_ticket ledger_send(struct ledger *l, uint32_t flow, enum ledger_direction direction);
/* Takes the last ticket of the flow and direction back: it could not be sent after all.
 * False if it is not the last one. */
bool ledger_unsend(struct ledger *l, const struct ledger_ticket *ticket);

/* A packet that arrived. */
struct ledger_arrival {
	struct ledger_ticket ticket;     /* as it carried it; checked by the ledger */
	enum ledger_direction direction; /* UP: it arrived outside */
	ledger_endpoint src, dst;        /* as seen on the wire */
	uint32_t cell;                   /* DOWN: where it came out; 0: that is not judged */
	uint64_t sent_ns;                /* when it was to be sent */
	uint64_t now_ns;
};

/* Returns findings. */
uint32_t ledger_arrive(struct ledger *l, const struct ledger_arrival *arrival);

/* A packet arrived that cannot be read. */
void ledger_corrupt(struct ledger *l, enum ledger_direction direction, uint64_t now_ns);

/* The packet of this (valid) ticket answered one that was to be sent `ns` ago. */
void ledger_round_trip(struct ledger *l, const struct ledger_ticket *ticket, uint64_t ns);

/*
 * Cells: where a flow's downlink packets come out, of several places between which its
 * subscriber changes. Numbers without meaning to the ledger, not 0. A change begins when it is asked
 * for, is done when there is proof that what is sent from then on goes to the new cell, and the old
 * cell is closed when it is told that nothing comes there any more. One change at a time.
 */

/* The flow's cell when it begins; before its first packet. */
void ledger_cell_set(struct ledger *l, uint32_t flow, uint32_t cell);
void ledger_cell_begin(struct ledger *l, uint32_t flow, uint32_t cell);
void ledger_cell_done(struct ledger *l, uint32_t flow, uint64_t now_ns);
void ledger_cell_closed(struct ledger *l, uint32_t flow);

/* Each life that is open now should send a packet, up or down, before the end. One that is let go need not. */
void ledger_expect_all(struct ledger *l);
void ledger_let_go(struct ledger *l, uint32_t flow);

/* The silence up to now was meant: gaps are measured from the next arrival on. */
void ledger_forget_gaps(struct ledger *l);

/* Settles every life and closes the last window. Only readers are called after it. */
void ledger_finish(struct ledger *l, uint64_t now_ns);

/* ---- readers ---------------------------------------------------------------- */

/* External endpoint that the flow's first packet showed; 0: none arrived yet. */
ledger_endpoint ledger_external(const struct ledger *l, uint32_t flow);
bool ledger_is_open(const struct ledger *l, uint32_t flow);

uint32_t ledger_n_windows(const struct ledger *l);
const struct ledger_window *ledger_window_at(const struct ledger *l, uint32_t window);

/* Packets sent from window `first` on, in both directions, that have not arrived yet. */
uint64_t ledger_outstanding(const struct ledger *l, uint32_t first);

/* Adds up (max_gap_ns: the larger). */
void ledger_counts_add(struct ledger_counts *into, const struct ledger_counts *from);
static inline uint64_t
ledger_counts_lost(const struct ledger_counts *c)
{
	return c->sent - c->received;
}
static inline uint64_t
ledger_counts_mistranslated(const struct ledger_counts *c)
{
	return c->remapped + c->misdelivered + c->corrupt + c->unknown;
}
/* Nothing lost, duplicated, reordered or mistranslated, nothing in a wrong cell. */
bool ledger_counts_clean(const struct ledger_counts *c);

/* The first JUDGE_MAX_INCIDENTS troubles, and how many there were in all. */
uint32_t ledger_n_incidents(const struct ledger *l, uint64_t *ret_total);
const struct ledger_incident *ledger_incident_at(const struct ledger *l, uint32_t i);

/* Lives that sent nothing since ledger_expect_all(), and were there until ledger_finish(). */
uint64_t ledger_n_silent(const struct ledger *l);

/* Lives that ended with at least one packet lost. */
uint64_t ledger_lossy_lives(const struct ledger *l);

#endif
