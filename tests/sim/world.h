/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's world: two hosts, each with an NF and a slimd, one switch with
 * its controller, a generator and an oracle, under virtual time.
 *
 * Real: the session core of both slimd (slimd/core/session.c) and the flush rounds of the agents
 * (agent/flush.c). Everything around them is a model that follows the same contracts
 * (session.h, slim_shm.h): small, deterministic from a seed, and as unpleasant
 * as the contracts allow.
 *
 *   engine.c    virtual time, random numbers, trace
 *   switch.c    links, rules, the lazy flow cache, the controller's calls
 *   nf.c        workers: gate, table, dirty rings, installs, slim frames
 *   daemon.c    slimd's driver: effects become deeds, facts become events
 *   load.c      generator
 *   oracle.c    the naive judge and the invariants
 *   plan.c      what goes wrong, and when
 *   run.c       one run from a seed to a verdict
 *   sim.c       the command line;  sim_test.c  the tests
 *
 * One thread; times are nanoseconds since the start of the run.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flush.h"
#include "session.h"
#include "slim_shm.h"

#define SIM_MAX_EVENTS 8192u
#define SIM_MAX_PACKETS 8192u
#define SIM_MAX_WORKERS 4u
#define SIM_N_PORTS 2u
#define SIM_MAX_CONNECTIONS 12u
#define SIM_MAX_FLOWS (2u * SIM_MAX_CONNECTIONS) /* both directions */
#define SIM_MAX_SLOTS 48u
#define SIM_MAX_ROWS 256u
#define SIM_MAX_FAULTS 4u
#define SIM_ROUND_DEADLINE_NS MS(100) /* a round whose source is gone */
#define SIM_NONE UINT32_MAX
#define SIM_RX_SIZE 4096u /* a receive queue, for the drain rule */

#define US(n) ((uint64_t)(n)*1000u)
#define MS(n) ((uint64_t)(n)*1000000u)

struct world;

/* ---- engine ------------------------------------------------------------------ */

typedef void event_fn(struct world *w, uint32_t a, uint32_t b, uint64_t c);

struct event {
	uint64_t at;
	uint64_t order;
	event_fn *fn;
	uint32_t a, b;
	uint64_t c;
};

/* Streams of random numbers, so that one part's draws do not shift another's. */
enum stream_of_numbers { RNG_NET, RNG_LOAD, RNG_NF, RNG_DAEMON, RNG_LAG, RNG_PLAN, N_RNG };

/* ---- packets ------------------------------------------------------------------- */

struct packet {
	uint32_t next; /* in a fifo */
	uint32_t seq;  /* of the flow, from 1 */
	uint32_t round;
	uint8_t flow;
	uint8_t port;  /* of the instance, where it arrives */
	uint8_t frame; /* 0: data; else enum slim_frame_type */
	uint8_t session;
	uint8_t worker; /* sender of the frame */
	bool tagged;
	bool last; /* closes the connection */
	bool handled;
	bool in_use;
	uint64_t since; /* when it began to wait */
};

struct fifo {
	uint32_t first, last;
	uint64_t head, tail; /* positions */
};

/* ---- switch --------------------------------------------------------------------- */

struct rules {
	uint8_t serving; /* instance */
	uint8_t egress;  /* bit per instance */
	bool session;    /* redirect path and frames between source and target */
	uint8_t source;
	uint8_t target;
};

/* Places in the flow cache. */
#define CACHE_PERIMETER(flow) (flow)
#define CACHE_EGRESS(inst, flow) (SIM_MAX_FLOWS * (1u + (inst)) + (flow))
#define CACHE_TAGGED(inst, port) (SIM_MAX_FLOWS * 3u + (inst)*SIM_N_PORTS + (port))
#define CACHE_FRAME(inst, port) (SIM_MAX_FLOWS * 3u + 4u + (inst)*SIM_N_PORTS + (port))
#define CACHE_SIZE (SIM_MAX_FLOWS * 3u + 8u)

struct cached {
	bool valid;
	uint8_t action;
	uint32_t version;
	uint64_t refresh_ns; /* when it will follow the rules, if it does not now */
};

enum steer_op { OP_CHECK, OP_PREPARE, OP_FLIP, OP_QUIET, OP_FENCE, OP_CLEANUP };

struct steer_call {
	enum steer_op op;
	bool complete;
	bool last_copy;
	uint8_t daemon;
	uint32_t gen; /* of the daemon */
	uint32_t call;
	uint8_t source, target;
};

struct sw {
	struct rules rules;
	uint32_t version;
	struct cached cache[CACHE_SIZE];
	uint64_t thread_last[4];
	uint64_t tx_last[2][SIM_N_PORTS][SIM_MAX_WORKERS];
	uint64_t wire_last[2][SIM_N_PORTS];
	uint64_t down_until; /* restarting */
	struct steer_call calls[16];
	uint32_t calls_head, calls_tail;
	bool busy;
	uint32_t fail_calls;
	bool steadfast; /* refuses to go back after a flip */
	uint64_t gone_until;
	uint64_t slow_ns;
};

/* ---- NF -------------------------------------------------------------------------- */

struct slot {
	bool used;
	uint8_t key;
	uint32_t count;
	uint32_t hash; /* over all packets handled, in order */
	uint32_t seq;  /* times written */
};

struct install {
	uint8_t op; /* enum slim_install_op */
	uint8_t slot;
	struct slot row;
};

struct worker {
	uint32_t mode; /* enum slim_gate_mode */
	uint32_t epoch;
	uint32_t ack;
	bool closed; /* HOLD: gate closed, for the others to see */
	bool hold_ack_due;
	bool all_closed; /* seen at the poll that opened this burst */
	bool track;
	bool running; /* between run and commit */
	bool again;
	bool worked; /* in this burst */
	bool told;   /* it changed what the others look at */
	uint32_t wake_serial;
	uint64_t wake_at;
	uint64_t pending; /* slots changed in this burst */
	uint64_t writes;
	struct fifo ring; /* packets from other workers */
	struct fifo rx[SIM_N_PORTS];
	struct fifo queue[SIM_N_PORTS]; /* held, or waiting for a flush round */
	struct slim_flush_member member[SIM_N_PORTS];
	struct slim_flush_answer answer[SIM_N_PORTS];
	uint64_t marked_ns;
	uint64_t stopped_ns;
	uint32_t dirty_head, dirty_tail;
	uint8_t dirty_ring[64];
	uint32_t install_head, install_tail;
	struct install install[SIM_MAX_ROWS];
	bool install_full; /* a row did not fit */
};

struct command {
	uint32_t epoch;
	uint32_t mode;
	uint8_t session;
	bool watch, is_source, track, wipe;
	uint32_t peer_workers;
};

struct nf {
	bool alive;
	uint32_t n_workers;
	uint32_t n_queues[SIM_N_PORTS];
	uint32_t hold_capacity;
	uint32_t n_slots;
	uint64_t poll_ns; /* a worker's usual delay */
	uint32_t tx_pace; /* packets that a transmit queue takes at a time */
	struct command command;
	uint32_t hold_word;
	uint32_t round_request;
	uint64_t heartbeat_ns; /* of slimd, frozen when it died */
	struct slot slots[SIM_MAX_SLOTS];
	uint8_t slot_of[SIM_MAX_CONNECTIONS]; /* plus one; 0: none */
	uint8_t local_of[SIM_MAX_SLOTS];      /* source slot to local slot, plus one */
	uint8_t source_of[SIM_MAX_SLOTS];
	bool dirty[SIM_MAX_SLOTS];
	bool probed[SIM_N_PORTS];
	uint32_t marks[SIM_N_PORTS];
	uint32_t rounds_done[SIM_N_PORTS];
	struct slim_flush_rounds rounds[SIM_N_PORTS];
	struct slim_flush_calls calls[SIM_N_PORTS];
	uint32_t flush_receiver[SIM_N_PORTS]; /* control: one reply */
	bool taken_confirmed;
	uint32_t taken_sent;
	uint64_t taken_sent_ns;
	uint64_t probed_ns;
	uint64_t taken_ns;
	uint64_t redirected;
	uint64_t overflow; /* packets dropped because a limit was reached */
	uint64_t handled;  /* since it began to serve */
	uint64_t first_stop_ns;
	uint64_t hold_ns; /* first worker stopped until TAKEN */
	uint64_t flush_wait_max_ns;
	struct worker workers[SIM_MAX_WORKERS];
};

/* ---- slimd ------------------------------------------------------------------------- */

enum message_type {
	MSG_OPEN,
	MSG_OPENED,
	MSG_REFUSED,
	MSG_BEGIN,
	MSG_READY,
	MSG_ROW,
	MSG_END,
	MSG_TAKEN,
	MSG_FINISH,
	MSG_FINISHED,
	MSG_TRAIL_END,
	MSG_TRAIL_DONE,
	MSG_CLOSE,
	MSG_CLOSED,
	MSG_FAILED,
	MSG_QUERY,
	MSG_STANDING,
	MSG_SOURCE_GONE,
	N_MESSAGES
};

struct message {
	enum message_type type;
	uint8_t from;
	uint8_t session;
	uint32_t stream; /* connection */
	uint64_t arg;
	uint32_t reason;
	uint8_t slot;
	struct slot row;
};

struct daemon {
	bool alive;
	uint32_t gen; /* up by one at each kill: old events are void */
	bool has_session;
	bool is_source;
	struct session session;
	enum session_result result; /* of the last session that ended here */
	uint32_t reason;
	uint64_t lost; /* what its last session counted */
	uint32_t n_restarts;
	/* the journal: survives */
	enum session_stage stage;
	uint8_t journal_session;
	bool journal_source;
	uint64_t overflow_base; /* the NF's counter when the session began */
	/* the rest does not */
	uint64_t overflow_told;
	bool noticed;
	bool gate_waiting;
	bool gate_pending;
	struct command gate_next;
	uint32_t gate_hold_word;
	bool gate_sets_word;
	uint32_t call;
	bool call_waiting;
	bool querying, opening;
	bool watching_probes, watching_marks, watching_word;
	bool walking, walked_told, draining, tracking;
	uint32_t walk;
	bool verifying, merging, rounding, closing;
	uint32_t round_want;
	uint32_t finish_id;
	uint64_t finish_redirected;
	uint64_t end_digest;
	uint32_t tick_serial;
	uint32_t rows_head, rows_tail;
	struct install rows[SIM_MAX_ROWS];  /* target: arrived, not yet in an install ring */
	uint8_t slot_worker[SIM_MAX_SLOTS]; /* plus one: which worker has the slot's row */
	uint32_t sent_seq[SIM_MAX_SLOTS];
	uint32_t effects_done;
};

struct stream {
	uint32_t id; /* a new one for each connection */
	bool up;
	bool connecting[2];
	uint64_t last[2];
	uint64_t cut_until; /* partition */
	uint64_t slow_until;
	uint64_t slow_ns;
};

/* ---- what goes wrong ------------------------------------------------------------------ */

enum fault_kind {
	FAULT_NONE,
	FAULT_BREAK,       /* the peer connection breaks and can come back */
	FAULT_PARTITION,   /* it breaks and cannot come back for `duration` */
	FAULT_SLOW_PEER,   /* the stream stalls */
	FAULT_KILL_SOURCE, /* slimd */
	FAULT_KILL_TARGET,
	FAULT_NF_SOURCE, /* the NF dies */
	FAULT_NF_TARGET,
	FAULT_OFCTL_FAIL, /* some calls fail, before or after they took effect */
	FAULT_OFCTL_SLOW,
	FAULT_OFCTL_GONE,
	FAULT_SWITCH_RESTART,
	FAULT_CANCEL,
	FAULT_CANCEL_TARGET,
	FAULT_TAKEN_LOST,  /* the data path loses slim frames to the source */
	FAULT_FRAMES_LOST, /* it loses nearly every slim frame */
	FAULT_PROBES_LOST, /* it loses all probes */
	N_FAULTS
};

struct fault {
	enum fault_kind kind;
	bool at_effect; /* trigger: the n-th effect of that side's slimd, counted from 0 */
	uint32_t effect;
	enum session_state state; /* trigger: either side enters this state */
	uint64_t delay_ns;
	uint64_t duration_ns;
	bool fired;
};

/* Mechanisms switched off: each must be missed. */
enum control {
	CONTROL_NO_HOLD = 1u << 0,
	CONTROL_NO_FLUSH = 1u << 1,
	CONTROL_ONE_REPLY = 1u << 2,
	CONTROL_REPLY_EARLY = 1u << 3,
	CONTROL_NO_REDIRECT = 1u << 4,
	CONTROL_NO_FENCE = 1u << 5,
	CONTROL_TRUST_BARRIER = 1u << 6,
	CONTROL_NO_MARKS = 1u << 7,
	CONTROL_PREPARE_EARLY = 1u << 8, /* does not wait until the cache is fresh */
};

struct options {
	uint64_t seed;
	uint32_t controls; /* enum control bits */
	bool verbose;
	bool keep_lag; /* lag_ns instead of a random lag */
	uint64_t lag_ns;
	bool random_faults;
	uint32_t n_moves;        /* 0: random, 1 or 2 */
	uint32_t hold_capacity;  /* 0: ample */
	uint32_t target_slots;   /* 0: ample */
	bool bad_digest;         /* one row is changed on its way */
	bool steadfast;          /* the controller never goes back after a flip */
	uint64_t source_gone_ns; /* 0: longer than any trouble */
	bool taken_late;         /* TAKEN comes about when the source gives up */
	struct fault faults[SIM_MAX_FAULTS];
};

/* ---- oracle ------------------------------------------------------------------------------ */

struct oracle {
	uint32_t sent[SIM_MAX_FLOWS];
	uint32_t out[SIM_MAX_FLOWS]; /* last sequence number that left */
	uint32_t n_sent, n_out, n_excused, n_overflow;
	struct slot table[SIM_MAX_CONNECTIONS];
	bool excuse_all; /* an owner died: losses are its own */
};

struct load {
	uint32_t n_flows;
	bool stopped;
	uint64_t gap_ns; /* between two packets of a flow */
	uint64_t handover_gap_ns;
	uint64_t serial;
	uint32_t left[SIM_MAX_CONNECTIONS]; /* packets until the connection closes */
};

struct world {
	struct options options;
	uint64_t now;
	uint64_t order;
	uint32_t n_events;
	struct event events[SIM_MAX_EVENTS];
	uint64_t rng[N_RNG];
	uint64_t steps;
	struct packet packets[SIM_MAX_PACKETS];
	uint32_t packet_free;
	uint32_t n_packets;
	struct message messages[1024];
	uint32_t message_next;
	struct sw sw;
	struct nf nf[2];
	struct daemon daemon[2];
	struct stream stream;
	struct load load;
	struct oracle oracle;
	struct session_limits limits;
	uint64_t hold_limit_ns; /* of the agents */
	uint8_t source;         /* which side is the source of the move under way */
	uint8_t session;        /* its number */
	uint32_t moves_left;
	uint32_t n_threads;
	uint64_t lag_ns;
	bool lag_by_thread;
	uint32_t frame_loss; /* of 256 */
	uint64_t taken_lost_until, frames_lost_until, probes_lost_until;
	uint64_t tx_delay_ns, wire_delay_ns, peer_delay_ns;
	uint8_t serving_at_start;
	struct fault faults[SIM_MAX_FAULTS];
	bool failed;
	char what[256];
	/* outcome */
	enum session_result result;
	uint32_t reason;
	uint64_t hold_ns, flush_wait_max_ns;
	uint32_t n_moves_done;
};

/* engine.c */
uint64_t rnd(struct world *w, enum stream_of_numbers from, uint64_t below);
uint64_t rnd_range(struct world *w, enum stream_of_numbers from, uint64_t low, uint64_t high);
/* Usually near `usual`, now and then much more. */
uint64_t rnd_delay(struct world *w, enum stream_of_numbers from, uint64_t usual);
bool rnd_chance(struct world *w, enum stream_of_numbers from, uint32_t of_256);
void engine_init(struct world *w, uint64_t seed);
void engine_at(struct world *w, uint64_t at, event_fn *fn, uint32_t a, uint32_t b, uint64_t c);
bool engine_step(struct world *w); /* false: nothing left */
__attribute__((format(printf, 2, 3))) void trace(struct world *w, const char *format, ...);
__attribute__((format(printf, 2, 3))) void violation(struct world *w, const char *format, ...);
uint32_t packet_new(struct world *w);
void packet_free(struct world *w, uint32_t p);
void fifo_push(struct world *w, struct fifo *f, uint32_t p);
uint32_t fifo_pop(struct world *w, struct fifo *f); /* SIM_NONE: empty */
void fifo_init(struct fifo *f);

static inline bool
fifo_empty(const struct fifo *f)
{
	return f->head == f->tail;
}

/* switch.c */
void switch_init(struct world *w);
void switch_send(struct world *w, uint32_t inst, uint32_t worker, uint32_t port, uint32_t p);
void switch_perimeter(struct world *w, uint32_t p);
bool switch_egress_is_shut(struct world *w, uint32_t inst);
void steer_request(struct world *w, const struct steer_call *call);

/* nf.c */
void nf_init(struct world *w, uint32_t inst, bool active);
void nf_arrive(struct world *w, uint32_t inst, uint32_t p, uint64_t unused);
void nf_wake_all(struct world *w, uint32_t inst);
void nf_command(struct world *w, uint32_t inst, const struct command *command);
bool nf_all_acked(const struct nf *nf);
bool nf_installs_done(const struct nf *nf);
void nf_install(struct world *w, uint32_t inst, uint32_t worker, const struct install *record);
uint64_t nf_digest(const struct nf *nf);
uint32_t nf_used(const struct nf *nf);
void nf_kill(struct world *w, uint32_t inst);
bool nf_is_active(const struct nf *nf); /* may some worker handle packets? */

/* daemon.c */
void daemon_init(struct world *w, uint32_t side);
void daemon_notice(struct world *w, uint32_t side);
void daemon_event(struct world *w, uint32_t side, enum session_event_type type, uint64_t n,
		  uint32_t reason);
void daemon_start_move(struct world *w, uint32_t source);
void daemon_kill(struct world *w, uint32_t side, uint64_t down_ns);
void daemon_nf_died(struct world *w, uint32_t side);
void daemon_steered(struct world *w, const struct steer_call *call, bool ok, uint32_t reason);
void stream_cut(struct world *w, uint64_t until);

/* load.c */
void load_init(struct world *w);
/* All flows send soon, at the pace of the phase that has begun. */
void load_hurry(struct world *w);

/* oracle.c */
void oracle_sent(struct world *w, uint32_t p);
void oracle_handled(struct world *w, uint32_t inst, uint32_t p);
void oracle_out(struct world *w, uint32_t p);
/* A data packet ends here; `excused`: for a reason that is not slim's. */
void oracle_dropped(struct world *w, uint32_t p, const char *where, bool excused);
void oracle_overflow(struct world *w, uint32_t p);
void oracle_taking_over(struct world *w, uint32_t inst);
void oracle_step(struct world *w);
void oracle_end(struct world *w);
uint64_t slot_digest(const struct slot *slot);
void slot_update(struct slot *slot, const struct packet *packet);

/* plan.c */
void plan_random(struct world *w);
void plan_entered(struct world *w, enum session_state state);
/* Is this effect where the daemon dies? */
bool plan_kills(struct world *w, uint32_t side, uint32_t effect);
const char *fault_name(enum fault_kind kind);

/* run.c */
/* One run. False: an invariant was violated; w->what says which. */
bool run(struct world *w, const struct options *options);

#endif
