/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim.h: what a DPDK network function includes to become movable.
 *
 * The agent is a guest in the NF's process. On the packet path it never
 * blocks, allocates, locks, logs or makes a system call; all of that happens in
 * slim_agent_poll(), which the NF's main loop calls now and then.
 *
 * The life of an NF with the agent:
 *
 *   slim_agent_create() -> slim_table_create()... -> slim_agent_start()
 *
 *   main loop, every 1..10 ms:   slim_agent_poll(agent)
 *
 *   every worker, for ever:
 *     slim_worker_poll(w)                      commands, installs
 *     n = slim_rx_burst(w, port, pkts, max)    in place of rte_eth_rx_burst
 *     for each packet
 *       slim_slot_begin / change / slim_slot_end for each entry that changes
 *     transmit everything
 *     slim_commit(w, idle)                     end of the burst
 *
 * Threads: create, start, poll and destroy belong to the main thread; calls
 * that take a struct slim_worker belong to that worker's thread. A slot is
 * written only by the worker that owns its bucket.
 *
 * Errors are negative errno values. Nothing here prints, aborts or exits.
 *
 * For C (gnu17) and C++ (17).
 */
#ifndef SLIM_H
#define SLIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "slim_shm.h"
#include "slim_version.h"

#ifdef __cplusplus
extern "C" {
#endif

struct slim_agent;
struct slim_worker;
struct slim_table;

/* No slot: a full table (from `acquire`), or a key that is not there. */
#define SLIM_NO_SLOT UINT32_MAX

/* ---- schema: one static table in the NF ----------------------------------- */

struct slim_field {
	const char *name;
	enum slim_type type;
	enum slim_role role;
	enum slim_class class_;
	enum slim_merge merge; /* for SLIM_LAZY */
	uint16_t offset;       /* in the entry, as offsetof() gives it */
	uint16_t size;
};

#define SLIM_FIELD(entry, member, type_, role_, cls, merge_)                        \
	{                                                                           \
		.name = #member, .type = (type_), .role = (role_), .class_ = (cls), \
		.merge = (merge_), .offset = offsetof(entry, member),               \
		.size = sizeof(((entry *)0)->member)                                \
	}
#define SLIM_FIELD_KEY(entry, member, type) \
	SLIM_FIELD(entry, member, type, SLIM_KEY, SLIM_STATE, SLIM_MERGE_NONE)
#define SLIM_FIELD_STATE(entry, member, type) \
	SLIM_FIELD(entry, member, type, SLIM_VALUE, SLIM_STATE, SLIM_MERGE_NONE)
#define SLIM_FIELD_LAZY(entry, member, type, merge) \
	SLIM_FIELD(entry, member, type, SLIM_VALUE, SLIM_LAZY, merge)
#define SLIM_FIELD_LOCAL(entry, member, type) \
	SLIM_FIELD(entry, member, type, SLIM_VALUE, SLIM_LOCAL, SLIM_MERGE_NONE)

/* How the NF takes part when rows arrive from another instance. Called by the
 * worker that owns `bucket`, between its bursts, never while it handles packets.
 * `ctx` is slim_table_config.ctx. */
struct slim_table_ops {
	/* Find room for `key` (key_size bytes, as in the entry) in the NF's own index and
	 * return its slot, an existing one if the key is already there; SLIM_NO_SLOT: full. */
	uint32_t (*acquire)(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key);
	/* The slot now holds a complete row, new or changed (`entry` is its payload).
	 * Bring up to date what is derived from it (ports in use, timers). May be NULL. */
	void (*installed)(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry);
	/* The row in `slot` goes away: take key and derived state out of the index.
	 * The agent empties the slot afterwards. */
	void (*removed)(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry);
	/* `row`, laid out like an entry, will be acquired and installed, or removed, after a few
	 * others: prefetch what that will touch, and change nothing. What comes of a row is not sure
	 * yet, and its values are not checked. May be NULL. */
	void (*ahead)(void *ctx, struct slim_worker *w, const void *row);
};

struct slim_table_config {
	const char *name;    /* 1..31 letters, digits, '_'; no two of an agent are equal */
	uint32_t capacity;   /* slots */
	uint16_t entry_size; /* bytes of one entry: key and values; multiple of 8 */
	uint16_t n_fields;
	const struct slim_field *fields;  /* keys first, contiguous; copied */
	const struct slim_table_ops *ops; /* kept */
	void *ctx;
};

struct slim_port_config {
	const char *name;     /* as the topology calls it */
	uint16_t port_id;     /* DPDK port */
	uint16_t n_rx_queues; /* 1..n_workers; worker q polls queue q */
};
/* Every worker w transmits on queue w of every port, also the agent's frames. */

struct slim_agent_config {
	/* Names: 1..31 letters, digits, '-', '_', '.', with a letter, digit or '_' at first. */
	const char *name;     /* instance, unique on the host: "nat-a" */
	const char *service;  /* what moves between instances: "nat" */
	const char *kind;     /* program: "slim-nat" */
	const char *version;  /* of the program: as a name, also with '+', '~', ':' */
	const char *identity; /* what both instances must have in common, as text (< 128 printable
	                         ASCII characters, may be "") */
	const char *socket;   /* path of slimd's agent socket (< 108 bytes); NULL: never register */
	bool active;          /* true: serve from the start; false: standby */
	uint16_t n_workers;   /* 1..SLIM_MAX_WORKERS */
	uint16_t n_ports;     /* 0..SLIM_MAX_PORTS */
	const struct slim_port_config *ports;
	const uint8_t
		*bucket_worker; /* owner of each of the 256 buckets; NULL: bucket % n_workers */
	uint32_t hold_capacity; /* packets per worker and port; 0: default */
	/* For the agent's own frames, and for copies; may be the NF's pool. Outlives the agent. */
	struct rte_mempool *frame_pool;
	int socket_id; /* NUMA node or SOCKET_ID_ANY */
};

/* ---- set-up, main thread ---------------------------------------------------- */

/* Checks the set-up. On success *ret_agent is the caller's.
 *   -EINVAL  a name, the socket's path, a count or a port is wrong (see the members), an owner of a bucket
 *            is no worker, the frame pool's buffers are too small
 *   -EEXIST  the name is in use in this process
 *   -EPROTONOSUPPORT  the NF was compiled with a slim.h that does not fit this library
 *   -ENOMEM  no memory */
int slim_agent_create(const struct slim_agent_config *config, struct slim_agent **ret_agent);

/* Adds a table, which lives as long as the agent.
 *   -EINVAL  the schema is wrong, a callback is missing, the name is taken, or the agent was started
 *   -ENOSPC  SLIM_MAX_TABLES are there
 *   -ENOMEM  no memory */
int slim_table_create(struct slim_agent *agent, const struct slim_table_config *config,
		      struct slim_table **ret_table);

/* Lays out the shared memory. From here on workers may run. Does not need slimd. After an error the agent
 * can only be destroyed.
 *   -EINVAL    there is no table
 *   -EALREADY  it was started before
 *   -ENODEV    a port is gone, or has fewer transmit queues than there are workers, or fewer receive
 *              queues than its n_rx_queues
 *   -EMSGSIZE  a frame of the full size of a port's MTU has no room for the redirect tag
 *   -ENOMEM    no memory
 *   -EMFILE    no descriptors
 *   -E2BIG     the tables lie in more files than a registration carries: --single-file-segments
 *   -ENOTSUP   the memory has no file descriptor, or /proc is not there */
int slim_agent_start(struct slim_agent *agent);

/* Connects to slimd, comes back when it restarts. May make system calls, never
 * waits. Returns 1 while registered, 0 while not, negative errno of the last refusal. */
int slim_agent_poll(struct slim_agent *agent);

/* After all workers have stopped. NULL is allowed. Frees what waits in the agent: the pools that packets came
 * from, and frame_pool, are still there.
 *
 * Close the ports first (rte_eth_dev_stop, rte_eth_dev_close). A port that is still open may have sent frames of the
 * agent in a transmit queue; their memory then stays until it has given them back, and is freed when
 * an agent of this process starts or is destroyed after that. */
void slim_agent_destroy(struct slim_agent *agent);

struct slim_worker *slim_agent_worker(struct slim_agent *agent, uint16_t worker);

/* ---- packet path, worker thread ---------------------------------------------- */

/* What slim_worker_poll() says about the round that it begins. */
enum slim_poll {
	/* More of its work waits than one call may do: a worker without packets should not sleep now. */
	SLIM_POLL_MORE = 1 << 0,
	/* This instance serves: requests from outside (of an operator, a control plane) may change
	 * entries of this worker's buckets, as packets may. Without it they must be refused: what is
	 * changed now would not reach the other instance. */
	SLIM_POLL_SERVES = 1 << 1,
	/* No packets of the service come to this instance: it is a standby, is being copied to, or has given its
	 * traffic away and sees none of it any more. A worker without SLIM_POLL_MORE may rest longer than it
	 * would between packets, and need not spin before it does; what begins then waits that long, once. */
	SLIM_POLL_REST = 1 << 2,
};

/* First call of each round of a worker's loop: takes commands, installs rows. Returns bits of
 * enum slim_poll. */
uint32_t slim_worker_poll(struct slim_worker *w);

/* Receives up to max packets of port index `port` (its queue of this worker) and
 * passes them through the gate. Also returns held packets that are released. A
 * worker without a queue on that port gets 0. */
uint16_t slim_rx_burst(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t max);

/* Gives back packets of port index `port` that the NF kept as they came and will not finish, because
 * the instance has stopped to serve: they count as if they had just arrived. In a hold they wait
 * with the others and go where those go; once the target has taken over they are sent on to it; in a
 * standby they are dropped and counted. Returns n: the packets are no longer the NF's. Returns 0
 * while the instance serves: they still are.
 *
 * For what waits inside the NF for something from outside (the first fragment of a datagram). Call
 * it between slim_worker_poll() and slim_rx_burst(), when slim_owns() says no; then what is given
 * back stands in front of all that comes after. */
uint16_t slim_return(struct slim_worker *w, uint16_t port, struct rte_mbuf **pkts, uint16_t n);

/* Last call of each round: publishes the slots changed since the last commit.
 * `idle`: this worker has nothing in flight: it transmitted, dropped or gave back all it received,
 * and what other workers had handed to it when the round began. */
void slim_commit(struct slim_worker *w, bool idle);

/* May this worker act of its own accord (expire an entry, send a keepalive)
 * for the bucket now? False while the instance does not own it, and while lazy fields
 * (last-seen times) may still be on their way from the source. */
bool slim_owns(const struct slim_worker *w, uint8_t bucket);

/* ---- slots ------------------------------------------------------------------- */

/* Payload of a slot. Fields of class lazy and local may be written at any
 * time by the owner; state fields only between begin and end. */
void *slim_slot(const struct slim_table *table, uint32_t slot);

/* Opens a slot for writing and returns its payload. */
void *slim_slot_begin(struct slim_worker *w, struct slim_table *table, uint32_t slot);

/* Closes it; the slot now holds an entry of `bucket`. */
void slim_slot_end(struct slim_worker *w, struct slim_table *table, uint32_t slot, uint8_t bucket);

/* Empties a slot (begin and end in one). */
void slim_slot_free(struct slim_worker *w, struct slim_table *table, uint32_t slot);

#include "slim_inline.h"

#ifdef __cplusplus
}
#endif
#endif
