/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path of the gateway, a burst at a time:
 *
 *   parse      every packet; those of foreign buckets go to their worker
 *   prefetch   the cells of the index, then the slot
 *   forward    uplink: out of the tunnel, checked, to the core; downlink: into the tunnel, to the
 *              cell where the subscriber is now
 *
 * Needs no port: packets go in by gateway_ops.burst and come out in the worker's FIFOs and rings (nf.h).
 * Never blocks, allocates (but its own packets from the pool), locks, logs or makes a system call.
 */
#ifndef GATEWAY_PIPELINE_H
#define GATEWAY_PIPELINE_H

#include "config.h"
#include "neighbour.h"
#include "nf.h"
#include "packet.h"
#include "router.h"
#include "session.h"

#define GATEWAY_SWEEP_NS UINT64_C(2000000000) /* in which all slots are looked at once */
#define GATEWAY_SWEEP_MAX 1024u               /* slots looked at in one round */
#define GATEWAY_SIGNALS_PER_S 1000u           /* error messages of its own, per worker */
/* An uplink packet from the cell that was left does not move the subscriber back for this long: it was
 * on its way when he left. */
#define GATEWAY_SWITCH_GUARD_NS UINT64_C(500000000)

/* What a handed-over packet is (struct nf_meta.kind). */
enum gateway_meta_kind {
	GATEWAY_META_FRESH = 1, /* as it came in; `port`: side */
	GATEWAY_META_LOCAL,     /* out of its tunnel, to a subscriber; `port`: side */
};

/* All workers. Constant while they run, but for the tables. */
struct gateway {
	struct gateway_config config;
	struct gateway_session_table sessions;
	struct nf_neighbour_table neighbours;
	struct gateway_router_table router;
	struct nf_hops hops;
	uint8_t bucket_worker[SLIM_N_BUCKETS];
};

struct gateway_worker {
	struct gateway *gateway;
	struct nf_worker *nf;
	struct gateway_sessions *sessions;
	struct nf_neighbours *neighbours;
	struct gateway_buffer buffer;
	struct gateway_router_view router;
	uint64_t swept_ns;   /* the sweep has done all that was due at this time */
	uint64_t signals_ns; /* error messages: beginning of the current second */
	uint32_t n_signals;
};

extern const struct nf_ops gateway_ops; /* nf_worker.self: struct gateway_worker */

/* Main thread. Tables and routes; *gateway is zeroed before. -ENOMEM. */
int gateway_init(struct gateway *gateway, const struct gateway_config *config, uint64_t seed);
/* Declares the tables to an agent that is created but not started. Negative errno. */
int gateway_create_tables(struct gateway *gateway, struct slim_agent *agent);
/* After slim_agent_start(): joins a worker of the loop with its part of the gateway. -ENOMEM. */
int gateway_worker_init(struct gateway_worker *w, struct gateway *gateway, struct nf_worker *nf);
/* Frees what waits in it. */
void gateway_worker_fini(struct gateway_worker *w);
void gateway_fini(struct gateway *gateway);

/* Moves a subscriber to another cell (address 0: to none). The cell that is left gets an end marker
 * (TS 29.281 section 7.3.2) behind the last packet that went there and before the first that
 * goes elsewhere. What waited for the subscriber follows. */
void gateway_switch_path(struct gateway_worker *w, uint32_t slot, struct gateway_cell cell);

/* ---- signalling (signal.c) ------------------------------------------------------------------------ */

/* Takes over a GTP-U message that is no G-PDU, or whose extension headers are not understood. */
void gateway_signal_take(struct gateway_worker *w, struct gateway_packet *p);

/* Drops a G-PDU to a TEID without session, and tells its sender, within a rate. */
void gateway_signal_no_tunnel(struct gateway_worker *w, struct gateway_packet *p);

void gateway_signal_end_marker(struct gateway_worker *w, struct gateway_cell cell);

/* May another error message be sent now? At most GATEWAY_SIGNALS_PER_S in each second. */
bool gateway_may_signal(struct gateway_worker *w);

/* ---- ICMP (icmp.c) ---------------------------------------------------------------------------------- */

enum gateway_reason { GATEWAY_TIME_EXCEEDED, GATEWAY_TOO_BIG };

/* Tells the sender of a subscriber's packet why it goes no further, within a rate; `mtu` for
 * GATEWAY_TOO_BIG. The packet stays the caller's. */
void gateway_icmp_tell(struct gateway_worker *w, const struct gateway_packet *p,
		       enum gateway_reason reason, uint16_t mtu);

/* Answers an ICMP echo request to the gateway itself. */
void gateway_icmp_answer_echo(struct gateway_worker *w, struct gateway_packet *p);

/* ---- routing ------------------------------------------------------------------------------------------ */

/* Sends an IP packet that is in no tunnel, with room for an Ethernet header in front, to a
 * subscriber or to the core. */
void gateway_route(struct gateway_worker *w, struct gateway_packet *p);

/* ---- tunnel ------------------------------------------------------------------------------------------ */

/* Octets in front of a GTP-U message. */
#define GATEWAY_OUTER_SIZE                                                       \
	((uint32_t)(sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv4_hdr) + \
		    sizeof(struct rte_udp_hdr)))

/* Writes IPv4 and UDP header of a GTP-U message of `size` octets that begins at GATEWAY_OUTER_SIZE, and
 * sends it. Counts it as `counter`, or drops it if there is no route. */
void gateway_send_tunnel(struct gateway_worker *w, struct rte_mbuf *m, rte_be32_t to,
			 rte_be16_t port, uint16_t size, unsigned int counter);

#endif
