/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load generator without its ports: which frame is to be sent now, and what a frame
 * that arrived means. Pure: time is a parameter, frames are bytes; it allocates only in
 * traffic_create(). bench/gen/loop.c connects it to two DPDK ports.
 *
 * Three roles. For a NAT, `inside` is the network of the subscribers. For a mobile gateway, it is all the
 * cells: frames there are GTP-U tunnels (tunnel.h), and subscribers change between cells (cells.h). For a PPPoE
 * concentrator, it is the access network: frames there are of PPPoE sessions. Each flow has a subscriber who stays; others
 * log in and out all the time (subscribers.h).
 *
 *   inside  sends for the subscribers of all flows (direction "up")
 *   outside is every remote: it learns the external address and port of each flow from
 *           what arrives, and sends to there at a pace of its own (direction "down")
 *
 * Three kinds of flows:
 *   probes  a few fast ones that never close, both directions at their own pace. Gaps are
 *           measured on them, with a resolution of one packet interval.
 *   echoes  a few fast ones whose uplink packets the far side answers at once: round trips
 *   bulk    all the others, which take turns; flows close and open all the time (churn)
 *
 * Open loop: a packet carries the time at which it was to be sent. Who is late catches up,
 * and its lateness is part of the latency (no coordinated omission).
 *
 * The run's phases:
 *   RESOLVE  ask for the MAC of the next hop on both sides; of a concentrator all who stay log in
 *   WARM     probes and echoes are opened, until each has come through once and one packet came back
 *   RAMP     the other flows are opened at a bounded rate; who was not seen is tried again.
 *            Packets up to here belong to the window "ramp", which is reported, not judged.
 *   RUN      from here on everything counts: window "run" until the first mark
 *   DRAIN    what was due before the stop is sent, nothing new; ends when all has arrived, or after drain_ns
 *   DONE
 */
#ifndef SLIM_BENCH_TRAFFIC_H
#define SLIM_BENCH_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../judge/ledger.h"
#include "../judge/load.h"
#include "../judge/series.h"
#include "cells.h"
#include "frame.h"
#include "subscribers.h"
#include "tunnel.h"

enum traffic_side { TRAFFIC_INSIDE, TRAFFIC_OUTSIDE, TRAFFIC_N_SIDES };

enum traffic_phase {
	TRAFFIC_RESOLVE,
	TRAFFIC_WARM,
	TRAFFIC_RAMP,
	TRAFFIC_RUN,
	TRAFFIC_DRAIN,
	TRAFFIC_DONE,
};

struct traffic_side_config {
	uint8_t mac[FRAME_MAC_SIZE];
	uint8_t hop_mac[FRAME_MAC_SIZE]; /* of the next hop; all 0: ask by ARP */
	uint32_t ip;
	uint32_t hop_ip;
};

#define TRAFFIC_MAX_FRAME (FRAME_MAX_SIZE + TUNNEL_MAX_OVERHEAD)

_Static_assert(SUBSCRIBER_MAX_FRAME <= TRAFFIC_MAX_FRAME, "subscribers' control frames fit");

enum traffic_role { TRAFFIC_NAT, TRAFFIC_GATEWAY, TRAFFIC_PPPOE };

struct traffic_config {
	enum traffic_role role;
	struct traffic_side_config sides[TRAFFIC_N_SIDES];
	uint32_t n_flows;              /* live bulk flows */
	uint32_t n_probes, probe_rate; /* packets a second of each, each direction */
	uint32_t n_echoes, echo_rate;
	uint32_t rate[LEDGER_N_DIRECTIONS]; /* packets a second, probes and echoes included */
	uint32_t churn;                     /* flows closed and opened a second */
	uint32_t ramp_rate;                 /* flows opened a second in RAMP */
	uint64_t guard_ns;                  /* before a closed flow's slot is used again */
	uint64_t max_late_ns;               /* packets later than this are given up ("unsent") */
	uint64_t drain_ns;
	uint32_t frame_size; /* bytes without FCS */
	uint32_t subscriber_base, n_subscribers;
	uint32_t remote_base, n_remotes;
	uint64_t series_bin_ns;
	uint32_t series_n_bins;
	uint64_t seed;
	/* TRAFFIC_GATEWAY; each flow is a subscriber of its own. */
	uint32_t n_cells, cell_base;
	uint32_t handovers; /* a second */
	uint8_t qfi;        /* of a PDU session container in each packet; 0: none */
	/* TRAFFIC_PPPOE; each flow is a subscriber of its own who stays. */
	uint8_t subscriber_mac[FRAME_MAC_SIZE]; /* of the first; each has the next */
	uint32_t logins;                        /* of visitors, a second; as many log-outs */
	uint32_t looks;                         /* PADIs a second of clients who only look */
	uint32_t outer, inner;                  /* VLAN ids of all; 0: no tag */
	const char
		*user; /* subscriber i is called user followed by i; borrowed, as is the password */
	const char *password; /* of all */
};

#define TRAFFIC_COUNTS(X)                                                                \
	X(unsent, "packets that were due and not sent, whatever the reason")             \
	X(undone, "flows not opened, closed or handed over, visits not begun: too late") \
	X(idle_turns, "downlink turns without a flow to send to")                        \
	X(ignored, "frames that were none of the generator's business")                  \
	X(foreign_mac, "frames to somebody else's MAC")                                  \
	X(arp_answered, "ARP requests answered")                                         \
	X(arp_asked, "ARP requests sent")                                                \
	X(echo_overflow, "echo requests not answered: too many at once")                 \
	X(open_deferred, "times no slot was free to open a flow")                        \
	X(opened, "flows opened")                                                        \
	X(closed, "flows closed")                                                        \
	X(verified, "packets whose UDP checksum the port vouched for")

struct traffic_counts {
#define X(name, text) uint64_t name;
	TRAFFIC_COUNTS(X)
#undef X
};

struct traffic;

/* NULL if the configuration makes sense, else what is wrong with it (static text). */
const char *traffic_check(const struct traffic_config *config);

/* -EINVAL (see traffic_check), -ENOMEM. */
int traffic_create(const struct traffic_config *config, uint64_t now_ns,
		   struct traffic **ret_traffic);
void traffic_destroy(struct traffic *t);

/* Opens and closes flows, moves from phase to phase. Call it in every round. */
void traffic_tick(struct traffic *t, uint64_t now_ns);

/* Writes the next frame that is due on this side into `frame` (TRAFFIC_MAX_FRAME bytes) and returns its size; 0: nothing is due. A frame that was returned
 * counts as sent. */
size_t traffic_next(struct traffic *t, enum traffic_side side, uint64_t now_ns, uint8_t *frame);

/* The frame came from traffic_next() and cannot be sent any more: takes it back. Newest first.
 * False: it stays in the ledger as sent. */
bool traffic_take_back(struct traffic *t, const uint8_t *frame, size_t size);

/* A frame arrived. `verified`: the port vouches for its UDP checksum. */
void traffic_arrive(struct traffic *t, enum traffic_side side, const uint8_t *frame, size_t size,
		    bool verified, uint64_t now_ns);

/* When something is due next; may be in the past. */
uint64_t traffic_next_due(const struct traffic *t);

/* Begins a window in phase RUN (-EAGAIN in others); see ledger_mark(). */
int traffic_mark(struct traffic *t, const char *name, uint64_t now_ns);

/* Begins DRAIN (in any phase). */
void traffic_stop(struct traffic *t, uint64_t now_ns);

/* Closes the ledger: what has not arrived by now is lost, what was due and is not sent is unsent. Only readers are called
 * after it. */
void traffic_finish(struct traffic *t, uint64_t now_ns);

/* ---- readers ------------------------------------------------------------------- */

enum traffic_phase traffic_phase(const struct traffic *t);
const char *traffic_phase_name(enum traffic_phase phase);
const char *traffic_role_name(enum traffic_role role); /* "nat" */
const struct traffic_config *traffic_config_of(const struct traffic *t);
const struct ledger *traffic_ledger(const struct traffic *t);
/* All judged windows, and whether there was the load that was asked for. */
struct load traffic_load(const struct traffic *t);
const struct series *traffic_series(const struct traffic *t);
const struct cells *traffic_cells(const struct traffic *t); /* NULL but for a gateway */
const struct subscribers *
traffic_subscribers(const struct traffic *t); /* NULL but for a concentrator */
struct traffic_counts traffic_counts(const struct traffic *t);
/* How late packets were handed out; only those of a pace. */
const struct hist *traffic_lateness(const struct traffic *t);
uint32_t traffic_n_open(const struct traffic *t);
/* First judged window; ledger_n_windows() before RUN. */
uint32_t traffic_first_window(const struct traffic *t);
uint64_t traffic_ready_ns(const struct traffic *t); /* when RUN began; 0: not yet */

#endif
