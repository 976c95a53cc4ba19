/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent: the structures that the agent's files share. Private to agent/.
 *
 * One struct slim_agent per instance. Main thread: create, tables, start, poll,
 * destroy. Workers: everything below struct agent_worker; what several workers
 * touch is atomic and stands in struct agent_shared.
 */
#ifndef SLIM_AGENT_AGENT_H
#define SLIM_AGENT_AGENT_H

#include <stdatomic.h>

#include "clock.h"
#include "flush.h"
#include "frame.h"
#include "hold.h"
#include "map.h"
#include "memory.h"
#include "pace.h"
#include "slim.h"
#include "wave.h"

#define AGENT_BEAT_POLLS 16u /* polls between two heartbeats */
#define AGENT_RX_CHUNK 64u   /* packets looked at in one call of the gate */
#define AGENT_TX_CHUNK 32u   /* packets redirected in one transmit call */
#define AGENT_QUEUE_SIZE_UNKNOWN 4096u

#define AGENT_PROBE_NS UINT64_C(1000000)
#define AGENT_CALM_NS \
	UINT64_C(100000000) /* from the last answer to a probe until none is under way */
#define AGENT_MARK_NS UINT64_C(500000)
#define AGENT_TAKEN_NS UINT64_C(200000)
/* Longer than the pauses between the flush rounds of a target: their answers are not waited for a rest. */
#define AGENT_LULL_NS UINT64_C(5000000)
#define AGENT_TAKEN_MAX 50u

/* Adds to a word that only this thread writes. */
#define AGENT_COUNT(word, n)                                                                      \
	atomic_store_explicit(&(word), atomic_load_explicit(&(word), memory_order_relaxed) + (n), \
			      memory_order_relaxed)

static inline void
agent_note_wait(struct slim_shm_hist *hist, uint64_t ns)
{
	uint32_t *bin = &hist->bins[slim_hist_bin(ns)];

	__atomic_store_n(bin, *bin + 1, __ATOMIC_RELAXED);
	if (ns > hist->max_ns)
		__atomic_store_n(&hist->max_ns, ns, __ATOMIC_RELAXED);
}

/* Bytes of an entry that travel, as runs; and lazy fields with their rules. */
struct agent_run {
	uint16_t offset;
	uint16_t size;
};

struct agent_lazy {
	uint16_t offset;
	uint16_t size;
	uint8_t merge; /* enum slim_merge */
};

struct agent_table {
	struct slim_table pub;
	char name[SLIM_NAME_SIZE];
	uint16_t entry_size;
	uint16_t key_offset;
	uint16_t key_size;
	uint16_t n_fields;
	uint16_t n_runs;
	uint16_t n_lazy;
	struct slim_shm_field fields[SLIM_MAX_FIELDS];
	struct agent_run runs[SLIM_MAX_FIELDS];
	struct agent_lazy lazy[SLIM_MAX_FIELDS];
	struct slim_table_ops ops;
	void *ctx;
	struct memory_zone zone;
	_Atomic uint8_t *dirty; /* control zone */
	struct slim_map map;
};

/* A worker's dirty ring of one table. */
struct agent_ring {
	struct slim_shm_ring *shm;
	uint32_t tail; /* ours; what stands in shared memory is not believed */
	uint32_t mask;
};

enum agent_kind { AGENT_HOLD_HELD, AGENT_HOLD_QUEUED };

struct agent_port {
	uint16_t port_id;
	uint16_t queue_size; /* of the receive queue; 0: this worker has none */
	uint16_t vid;        /* redirect tag; 0: no redirect path */
	uint8_t kind;        /* enum agent_kind: why packets stand in `hold` */
	bool mark_due;
	bool many_queues; /* the port has several receive queues */
	uint32_t
		size_limit; /* bytes of a frame with the tag that the port carries; UINT32_MAX: any */
	/* Redirected packets that the NF had no room for: receive calls ask for whole chunks. They
	 * go before all that waits in `hold`. */
	struct slim_hold park;
	struct slim_hold_entry parked[AGENT_RX_CHUNK];
	struct slim_hold hold;
	struct slim_pace pace; /* of what leaves `hold` */
	uint64_t held_until;   /* packets before this position waited in HOLD */
	uint64_t tagged;       /* packets before this position bear the tag already */
	struct slim_flush_member member;
	struct slim_flush_answer answer;
};

struct agent_command {
	uint32_t epoch;
	uint32_t mode;
	uint32_t track;
	uint64_t session;
	uint64_t nonce;
	uint64_t hold_limit_ns;
	uint32_t peer_workers;
	uint32_t fault;
	bool watch;
	bool is_source;
	bool wipe;
	uint16_t vids[SLIM_MAX_PORTS];
};

/* What the roles have found out in a step of the gate, which carries it out afterwards. */
#define SLIM_GATE_FACTS(X)                          \
	X(STOPPED, "nothing in flight, marks sent") \
	X(TAKEN, "the target owns the buckets")     \
	X(UNDONE, "slimd took the hold back")       \
	X(RESUMED, "slimd silent for the hold limit, and END was not sent")

enum gate_fact {
#define X(fact, what) GATE_FACT_##fact,
	SLIM_GATE_FACTS(X)
#undef X
		GATE_N_FACTS
};

struct agent_wipe {
	bool on;
	uint32_t table;
	uint32_t slot;
};

struct agent_worker {
	struct slim_worker pub; /* first: pub is cast to this */
	struct slim_agent *agent;
	struct slim_shm_counters *counters;
	uint32_t mode;    /* enum slim_gate_mode in force here; gate.c alone writes it */
	uint32_t was;     /* the mode before, while one is entered */
	uint32_t facts;   /* bits of enum gate_fact, not carried out yet */
	uint64_t session; /* the last that was not 0 */
	bool ack_due;     /* the epoch is not acknowledged yet: the hold or wipe goes on */
	bool watch;       /* PASS: slim frames are looked for */
	uint64_t calm_ns; /* when all ports were seen to be probed, in this command; 0: not yet */
	struct slim_wave wave; /* HOLD */
	uint64_t now_ns;
	uint64_t came_ns; /* REDIRECT: when the last packet, frame or call came */
	uint64_t stopped_ns;
	uint64_t marked_ns; /* when the marks were last sent */
	struct agent_command command;
	struct agent_wipe wipe;
	struct agent_ring rings[SLIM_MAX_TABLES];
	struct slim_shm_install *install;
	uint64_t installed;  /* ring position */
	uint32_t generation; /* of the map: epoch of the session's RECEIVE */
	bool installing;
	/* Leader (worker 0) only. */
	uint64_t probed_ns;
	uint64_t taken_sent_ns;
	uint32_t taken_sent;
	struct agent_port ports[SLIM_MAX_PORTS];
};

/* Words that several workers write. */
struct agent_shared {
	struct slim_waves waves; /* HOLD */
	/* Target: something came over the redirect path, so TAKEN has arrived. */
	_Alignas(SLIM_CACHE_LINE) _Atomic uint32_t taken_confirmed;
	struct {
		_Alignas(SLIM_CACHE_LINE) struct slim_flush_rounds rounds;
		_Alignas(SLIM_CACHE_LINE) struct slim_flush_calls calls;
	} ports[SLIM_MAX_PORTS];
};

enum agent_link {
	AGENT_LINK_DOWN,     /* next attempt at retry_ns */
	AGENT_LINK_ASKED,    /* hello sent, waiting for the answer until retry_ns */
	AGENT_LINK_ACCEPTED, /* slimd knows us */
};

struct slim_agent {
	struct slim_agent *next;       /* all agents of this process, main thread */
	struct slim_agent *next_shown; /* those that telemetry shows (telemetry.h) */
	unsigned int number;           /* unique in this process, for zone names */
	char name[SLIM_NAME_SIZE];
	char socket[108]; /* sun_path */
	bool started;
	bool active;
	uint16_t n_workers;
	uint16_t n_ports;
	uint16_t n_tables;
	uint32_t hold_capacity;
	int socket_id;
	struct rte_mempool *frame_pool; /* the NF's, for copies of packets */
	struct rte_mempool *frames;     /* our own, for our frames */
	struct slim_port_config ports[SLIM_MAX_PORTS];
	uint8_t bucket_worker[SLIM_N_BUCKETS];
	struct agent_table tables[SLIM_MAX_TABLES];
	struct memory_zone info_zone;
	struct memory_zone control_zone;
	struct slim_shm_info *info;
	struct slim_shm_control *control;
	struct slim_hold_entry *hold_entries; /* of all workers and ports */
	struct agent_worker *workers[SLIM_MAX_WORKERS];
	struct agent_shared *shared;
	uint64_t stats_ns; /* when the devices were asked last */
	/* Registration. */
	enum agent_link link;
	int fd;
	int refusal; /* 0 or a negative errno */
	uint64_t retry_ns;
	uint64_t backoff_ns;
	struct memory_export export;
};

static inline bool
agent_is_leader(const struct agent_worker *w)
{
	return w->pub.index == 0;
}

/* Notes a fact for the gate. */
static inline void
agent_note(struct agent_worker *w, enum gate_fact fact)
{
	w->facts |= 1u << fact;
}

static inline struct agent_worker *
agent_worker_of(struct slim_worker *w)
{
	return (struct agent_worker *)(void *)w;
}

#endif
