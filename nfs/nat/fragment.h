/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv4 fragments (RFC 791; RFC 4787 REQ-13, REQ-14). Only the first fragment of a datagram has
 * ports. All fragments of one datagram come together at one worker, the first one teaches it the
 * ports (table `fragment`), and each goes on with them to the worker that owns the mapping.
 * Nothing is put together: a fragment is translated like a packet, the later ones in their
 * IPv4 header alone.
 *
 * A datagram is source, destination, identification, protocol and side (RFC 791). Its bucket is
 * the subscriber's for what comes from inside, so its worker has the mapping, too; from outside
 * it is a hash, for only the ports would tell whose it is.
 *
 * Fragments that come before their first one wait, and go after it in the order in which they
 * came. Bounded: packets in all and for one datagram, datagrams, time; what is too much is dropped
 * and counted by name. When the instance stops to serve they go back to the agent (slim_return()):
 * they are as they came, and the target asks again what to do with them.
 *
 * From inside, fragments leave with an identification of the NAT's own, one for each datagram:
 * several subscribers may send with the same one from what is then the same address (RFC 6864
 * section 5.3.1). One counter gives them out; it goes past every row that comes from another
 * instance.
 *
 * All calls that take a struct nat_fragments belong to its worker. Nothing here allocates after init.
 */
#ifndef NAT_FRAGMENT_H
#define NAT_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "config.h"
#include "nf.h"
#include "packet.h"
#include "slim.h"
#include "slot_index.h"

#define NAT_FRAGMENTS_PER_DATAGRAM 64u /* that wait; 64 KiB are 45 of an Ethernet's size */
#define NAT_WAITING_DATAGRAMS 256u     /* of one worker; a power of two */
#define NAT_FRAGMENT_TICK 64u          /* datagrams forgotten in one round */

/* A datagram whose first fragment has come. */
struct nat_fragment {
	rte_be32_t src_address;
	rte_be32_t dst_address;
	rte_be16_t packet_id;
	uint8_t protocol; /* IPPROTO_ */
	uint8_t side;     /* enum nat_side: where it came in */
	rte_be16_t src_port;
	rte_be16_t dst_port; /* as src_port the query id for ICMP */
	rte_be16_t sent_id;  /* identification with which its fragments leave; 0 from outside */
	uint8_t reserved[6];
	uint64_t seen; /* when the first fragment came last */
};

_Static_assert(sizeof(struct nat_fragment) == 32, "no holes");

extern const struct slim_field nat_fragment_fields[];
extern const uint16_t nat_fragment_n_fields;
extern const struct slim_table_ops nat_fragment_ops; /* ctx: struct nat_fragment_table */

/* Numbers below n in the order of their age. */
struct nat_ages {
	struct nat_age {
		uint32_t older; /* number + 1; 0: none */
		uint32_t newer;
		bool in;
	} * of;
	uint32_t oldest; /* number + 1; 0: empty */
	uint32_t newest;
};

/* A datagram whose first fragment has not come: the key of `wanted` is set, no more. */
struct nat_waiting {
	struct nat_fragment wanted;
	uint64_t since_ns;
	uint16_t n;
	struct rte_mbuf *pkts[NAT_FRAGMENTS_PER_DATAGRAM];
};

struct nat_fragment_table;

struct nat_fragments {
	struct nat_fragment_table *shared;
	struct slim_table *table;
	struct slim_worker *agent;
	struct nf_slot_index index;
	uint32_t first_slot;
	uint32_t n_slots;
	uint32_t *free; /* stack of slots */
	uint32_t n_free;
	struct nat_ages ages; /* of slots - first_slot */
	struct nf_slot_index waiting_index;
	struct nat_ages waiting_ages;
	struct nat_waiting *waiting; /* NAT_WAITING_DATAGRAMS of them */
	uint32_t free_waiting[NAT_WAITING_DATAGRAMS];
	uint32_t n_free_waiting;
	uint32_t n_packets; /* that wait, in all */
};

struct nat_fragment_table {
	struct slim_table *table;
	uint64_t lifetime_ns; /* of what the first fragment taught, and of waiting for it */
	uint32_t max_packets; /* that wait, per worker */
	uint16_t n_workers;
	_Atomic uint16_t next_id;
	struct nat_fragments *workers[SLIM_MAX_WORKERS];
};

/* Main thread. Then, once the agent has the table: nat_fragment_table_attach(). -ENOMEM. */
int nat_fragment_table_init(struct nat_fragment_table *t, const struct nat_config *config,
			    uint64_t seed);
void nat_fragment_table_attach(struct nat_fragment_table *t, struct slim_table *table,
			       struct slim_agent *agent);
/* Frees what waits, too. */
void nat_fragment_table_fini(struct nat_fragment_table *t);
/* Slots that the table needs: capacity, rounded up to equal shares. */
uint32_t nat_fragment_capacity(const struct nat_config *config);

/* ---- worker ------------------------------------------------------------------------------------ */

/* Takes a packet of NAT_KIND_FRAGMENT at the worker of its bucket. Returns what is known of its datagram, and
 * the packet goes on with that; NULL: it waits, or was dropped. */
const struct nat_fragment *nat_fragment_take(struct nat_fragments *f, struct nf_worker *nf,
					     struct nat_packet *p);

/* Behind the first fragment of a datagram: those that waited for it, in their order, the caller's now. Returns
 * how many. */
uint16_t nat_fragment_take_waiting(struct nat_fragments *f, const struct nat_fragment *datagram,
				   struct rte_mbuf *pkts[NAT_FRAGMENTS_PER_DATAGRAM]);

/* Gives a packet that leaves from inside in fragments, or is one, the identification of its datagram. Returns
 * what that does to the sum of the header (checksum.h). */
uint32_t nat_fragment_replace_id(struct nat_fragments *f, struct nat_packet *p);

/* Timers, once a round; gives back what waits when the instance does not serve any more. */
void nat_fragment_tick(struct nat_fragments *f, struct nf_worker *nf);

#endif
