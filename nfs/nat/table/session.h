/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mappings of a NAT (table `session`): one slot each, whatever direction a
 * packet comes from.
 *
 * Endpoint-independent mapping (RFC 4787 REQ-1): the key is inside address, inside port (or
 * ICMP query id) and protocol. The bucket is the low byte of the inside address, and every
 * external port that is given to it is of the same bucket (ports.h), so both directions of a
 * mapping belong to one worker and a switch can steer them by mask.
 *
 * All else is derived from the slots, and brought up to date in `installed` and `removed`
 * when rows come from another instance:
 *   inside index   key -> slot (slot_index.h), one a worker
 *   outside index  external port -> slot, and which ports and blocks are in use (ports.h)
 *   subscribers    inside address -> blocks of ports and numbers of mappings. Its external address and how fast
 *                  it made mappings are not in the slots, but in a table of its own (subscriber.h)
 *   wheel          when to look at a slot next (wheel.h). Packets do not move it: a slot that was used
 *                  since then is found too early and goes in again
 *
 * Each worker has its share of the slots (share.h). All calls that take a struct nat_sessions belong to its
 * worker. Nothing here allocates after init.
 */
#ifndef NAT_SESSION_H
#define NAT_SESSION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config.h"
#include "ipv4_bucket.h"
#include "session_table.h"
#include "slim.h"
#include "slot_index.h"
#include "tcp.h"

extern const struct slim_field nat_session_fields[];
extern const uint16_t nat_session_n_fields;
extern const struct slim_table_ops nat_session_ops; /* ctx: its shares */

/* Main thread. `seed` makes hashes and ports unpredictable; a fixed one makes tests repeatable. -ENOMEM. */
int nat_session_table_init(struct nat_session_table *t, const struct nat_config *config,
			   uint64_t seed);
/* Declares the table, and those of subscribers and rests with it, to an agent that is created but not started.
 * Negative errno. */
int nat_session_table_create(struct nat_session_table *t, struct slim_agent *agent);
void nat_session_table_fini(struct nat_session_table *t);

/* ---- look up, worker ----------------------------------------------------------------------- */

_Static_assert(offsetof(struct nat_session, inside_address) == 0 &&
		       offsetof(struct nat_session, inside_port) == 4 &&
		       offsetof(struct nat_session, protocol) == 6 &&
		       offsetof(struct nat_session, tcp_state) == 7,
	       "the key is the entry's first seven bytes");

/* The key as the index takes it: the first seven bytes of the entry, the eighth zero. */
static inline uint64_t
nat_session_key(rte_be32_t address, rte_be16_t port, uint8_t ip_protocol)
{
	/* Put together in a register: octets that were just written one by one cannot be read as a word at once. */
	return RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN
		       ? address | (uint64_t)port << 32 | (uint64_t)ip_protocol << 48
		       : (uint64_t)address << 32 | (uint64_t)port << 16 |
				 (uint64_t)ip_protocol << 8;
}

static inline const struct nat_session *
nat_session_at(const struct nat_sessions *s, uint32_t slot)
{
	return slim_slot(s->share.table, slot);
}

/* `ctx` is the table. The key is the first seven bytes of the entry. */
static inline bool
nat_session_equal(const void *ctx, uint32_t slot, uint64_t key)
{
	uint64_t head;

	memcpy(&head, slim_slot(ctx, slot), sizeof(head));
	return (head & nat_session_key(UINT32_MAX, UINT16_MAX, UINT8_MAX)) == key;
}

static inline uint32_t
nat_session_find(const struct nat_sessions *s, uint32_t hash, uint64_t key)
{
	return nf_slot_index_find(&s->index, hash, key, nat_session_equal, s->share.table);
}

static inline const uint32_t *
nat_session_outside_cell(const struct nat_sessions *s, enum nat_protocol protocol,
			 uint16_t pool_number, uint16_t port)
{
	const struct nat_port_table *ports = &s->shared->ports;
	struct nat_place at = nat_ports_place(ports, pool_number, port, protocol);

	return nat_ports_cell(ports, &at);
}

/* By external port (host order); its bucket must be this worker's. */
static inline uint32_t
nat_session_find_outside(const struct nat_sessions *s, enum nat_protocol protocol,
			 uint16_t pool_number, uint16_t port)
{
	return *nat_session_outside_cell(s, protocol, pool_number, port) - 1;
}

/* ---- change, worker ------------------------------------------------------------------------- */

/* Is it the key of a static mapping? */
bool nat_session_is_static(const struct nat_sessions *s, uint64_t key);

/* What a mapping begins with. */
struct nat_session_new {
	uint64_t key; /* that is not there */
	uint32_t hash;
	struct nat_wish
		wish; /* had, if the subscriber may have it: of its bucket, its address and its blocks (or
	                         a new one), nobody's, and rested; else it is at any endpoint, or there is none */
	struct nf_tcp tcp; /* zero, if it is of another protocol */
	uint64_t now_ns;
};

/* Makes it; that of a static one gets what it is to have, beyond limits. *ret_slot only on NAT_SESSION_OK. */
enum nat_session_error nat_session_create(struct nat_sessions *s, const struct nat_session_new *new,
					  uint32_t *ret_slot);

/* Sets what TCP knows. If that makes the timeout shorter, it begins now. */
void nat_session_set_tcp(struct nat_sessions *s, uint32_t slot, const struct nf_tcp *tcp,
			 uint64_t now_ns);

/* When somebody is to look whether the mapping still lives; before it was looked at then, or later. */
void nat_session_look_at(struct nat_sessions *s, uint32_t slot, uint64_t ns);

/* Frees the slot, and its port, which rests. What belongs to the mapping elsewhere stays: see nat_mapping_remove(). */
void nat_session_free(struct nat_sessions *s, uint32_t slot);

/* How long a mapping lives without packets. */
static inline uint64_t
nat_session_timeout(const struct nat_timeouts *timeouts, const struct nat_session *session)
{
	if (session->protocol == IPPROTO_UDP)
		return timeouts->udp_ns;
	if (session->protocol == IPPROTO_ICMP)
		return timeouts->icmp_ns;
	return nf_tcp_is_established(session->tcp_state) ? timeouts->tcp_established_ns
							 : timeouts->tcp_transitory_ns;
}

/* ---- look ahead, worker --------------------------------------------------------------------------- */

static inline void
nat_session_prefetch_local(const struct nat_sessions *s, uint32_t slot)
{
	__builtin_prefetch(&s->local[slot - s->share.first_slot], 1);
}

/* Asks for the ports that a mapping of a subscriber with this external address may get. */
static inline void
nat_session_prefetch_ports(const struct nat_sessions *s, rte_be32_t inside, rte_be32_t outside,
			   enum nat_protocol protocol)
{
	const struct nat_port_table *ports = &s->shared->ports;
	uint16_t number = nat_pool_number(&ports->pool, outside);

	if (likely(number != NAT_NOT_IN_POOL))
		__builtin_prefetch(&ports->sets[nat_ports_set(ports, nf_ipv4_bucket(inside), number,
							      protocol)],
				   1);
}

/* Asks for what nat_session_free() needs, of which the slot and its local part are there. It will be the `nth` one
 * that is freed, from 0. */
void nat_session_prefetch_free(const struct nat_sessions *s, uint32_t slot, uint32_t nth);

#endif
