/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What subscribers asked for by the Port Control Protocol (pcp_server.h): a slot of the table `pcp` beside
 * the mapping, which is an ordinary one (session.h). It says who asked (the nonce) and until when. While it
 * lives, the mapping does not expire and no filter applies to it.
 *
 * The epoch (section 8.5) tells subscribers that the server forgot. It must not jump when the server
 * moves, so when it began is a slot as well, the only one of the table `pcp_epoch`. It belongs to
 * bucket 0; all workers read it.
 *
 * Derived from the slots: an index by mapping, and the group of mappings of each subscriber.
 */
#ifndef NAT_PCP_H
#define NAT_PCP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "pcp_message.h"
#include "session.h"
#include "share.h"
#include "slim.h"
#include "slot_group.h"
#include "slot_index.h"

struct nat_pcp_entry {
	rte_be32_t inside_address;
	rte_be16_t inside_port;
	uint8_t protocol; /* IPPROTO_UDP, _TCP */
	uint8_t reserved; /* zero */
	uint8_t nonce[NAT_PCP_NONCE_SIZE];
	uint8_t reserved_too[4];
	uint64_t expires;
};

_Static_assert(sizeof(struct nat_pcp_entry) == 32, "no holes");

struct nat_pcp_epoch {
	uint32_t id; /* 0 */
	uint32_t reserved;
	uint64_t started;
};

extern const struct slim_field nat_pcp_fields[];
extern const uint16_t nat_pcp_n_fields;
extern const struct slim_table_ops nat_pcp_ops; /* ctx: its shares */
extern const struct slim_field nat_pcp_epoch_fields[];
extern const uint16_t nat_pcp_epoch_n_fields;
extern const struct slim_table_ops nat_pcp_epoch_ops; /* ctx: struct nat_pcp_table */

struct nat_pcp_table;

/* One worker's. */
struct nat_pcp {
	struct nf_share share;
	struct nat_pcp_table *shared;
	struct nat_sessions *sessions;     /* of the same worker */
	struct nf_slot_index index;        /* nat_session_key() -> slot */
	struct nf_slot_groups subscribers; /* the slots of each, by inside address */
	uint32_t cursor;                   /* of the sweep */
	uint64_t swept_ns;                 /* the sweep has done all that was due at this time */
};

struct nat_pcp_table {
	struct nf_shares shares; /* zero: no server */
	struct slim_table *epoch_table;
	const struct nat_config *config;
	bool has_epoch;              /* its slot is in use; by the worker of bucket 0 only */
	_Atomic uint64_t started_ns; /* of the epoch; 0: not begun */
};

/* Main thread. Keeps `config`. Nothing is allocated without a server. -ENOMEM. */
int nat_pcp_table_init(struct nat_pcp_table *t, const struct nat_config *config, uint64_t seed);
/* Adds the tables, if there is a server, to an agent that is created but not started. Negative errno. */
int nat_pcp_table_create(struct nat_pcp_table *t, struct slim_agent *agent);
/* When the tables are created: the share of a worker, which goes with its sessions from now on. NULL: no
 * server. */
struct nat_pcp *nat_pcp_worker_init(struct nat_pcp_table *t, uint16_t worker,
				    struct nat_sessions *sessions);
void nat_pcp_table_fini(struct nat_pcp_table *t);

/* ---- worker ------------------------------------------------------------------------------------ */

/* Until when the mapping with this key was asked for; 0: it was not. */
uint64_t nat_pcp_expires(const struct nat_pcp *pcp, uint64_t session_key);

/* The mapping with this key goes, whatever was asked for. */
void nat_pcp_forget(struct nat_pcp *pcp, uint64_t session_key);

/* nat_session_key() of the mapping. */
static inline uint64_t
nat_pcp_key(const struct nat_pcp_entry *entry)
{
	return nat_session_key(entry->inside_address, entry->inside_port, entry->protocol);
}

/* The slot of the mapping with this key; NF_NO_SLOT: it was not asked for. */
uint32_t nat_pcp_find(const struct nat_pcp *pcp, uint64_t key);

/* A free slot for it; the caller looked that there is one. Then nat_pcp_write(). */
uint32_t nat_pcp_take_slot(struct nat_pcp *pcp, uint64_t key);

/* Writes what was asked for; of a slot in use its key stays. */
void nat_pcp_write(struct nat_pcp *pcp, uint32_t slot, const struct nat_pcp_entry *entry);

void nat_pcp_remove(struct nat_pcp *pcp, uint32_t slot);

/* Begins the epoch, if that is this worker's to do and it has not begun. */
void nat_pcp_begin_epoch(struct nat_pcp *pcp, uint64_t now_ns);

#endif
