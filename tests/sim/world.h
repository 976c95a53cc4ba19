/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulator's world: two hosts, one or two services with an instance on each host, a switch
 * with its controller, a generator and a judge, under virtual time, in one thread.
 *
 * Real is all that slim ships on these hosts: driver, moves, jobs, journal, peer streams, the
 * controller's client, the session core and the gate code of slimd; the whole agent in each
 * instance, with real mbufs and DPDK's own burst calls. They reach the world through struct
 * outside (slimd/outside), through ports of DPDK, through shared memory and through clock_gettime.
 * What stands behind these is a model: small, deterministic from a seed, and as unpleasant as the
 * contracts allow.
 *
 *   engine.c     virtual time, random numbers, trace
 *   eal.c        DPDK: packets, ports, the clock
 *   instance.c   an instance: agent, its workers' loops, a small NF
 *   switch.c     rules, the lazy flow cache, links of the data plane
 *   controller.c slim-ofctld: calls of slimd become changes of rules, answers come later
 *   link.c       streams between the hosts: delays, cuts, partitions
 *   disk.c       files and mapped files: full, torn, unreadable, lost
 *   host.c       a slimd: it starts, turns, dies between any two calls, comes back
 *   load.c       generator
 *   oracle.c     the naive judge and the invariants
 *   plan.c       what goes wrong, and when
 *   run.c        one run from a seed to a verdict
 *   shrink.c     a failing run becomes a short one
 *   sim.c        the command line;  sim_test.c  the tests
 *
 * Times are nanoseconds since the start of the run; each host's own clock has an offset.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver.h"
#include "nf_registry.h"
#include "outside.h"
#include "session.h"
#include "slim_shm.h"

struct rte_mbuf;
struct slim_agent;
struct slim_table;
struct slim_worker;

#define SIM_HOSTS 2u
#define SIM_SERVICES 2u
#define SIM_PORTS 2u
#define SIM_MAX_WORKERS 3u
#define SIM_MAX_EVENTS 16384u
#define SIM_MAX_PACKETS 8000u
#define SIM_MAX_CONNECTIONS 12u
#define SIM_MAX_FLOWS (2u * SIM_MAX_CONNECTIONS) /* both directions */
#define SIM_SLOTS 64u                            /* at most */
#define SIM_MAX_FAULTS 4u
#define SIM_MAX_FILES 16u
#define SIM_MAX_LINKS 32u
#define SIM_MAX_TIMERS 64u
#define SIM_MAX_CALLS 16u
#define SIM_NONE UINT32_MAX

#define US(n) ((uint64_t)(n)*1000u)
#define MS(n) ((uint64_t)(n)*1000000u)
#define SEC(n) ((uint64_t)(n)*1000000000u)

struct world;
struct service;

/* ---- engine ------------------------------------------------------------------------------- */

typedef void event_fn(void *ctx, uint32_t a, uint32_t b, uint64_t c);

struct event {
	uint64_t at;
	uint64_t order;
	event_fn *fn;
	void *ctx;
	uint32_t a, b;
	uint64_t c;
};

/* Streams of random numbers, so that one part's draws do not shift another's. */
enum stream_of_numbers {
	RNG_NET,
	RNG_LOAD,
	RNG_NF,
	RNG_HOST,
	RNG_LAG,
	RNG_PLAN,
	RNG_IDS,
	RNG_VERSION,
	N_RNG
};

/* ---- packets -------------------------------------------------------------------------------- */

struct packet {
	struct rte_mbuf *m;
	uint32_t next; /* in a fifo, or of the free ones */
	uint32_t seq;  /* of the flow, from 1 */
	uint8_t service;
	uint8_t flow;
	uint8_t port;  /* of the instance: where it arrives, or where it was sent */
	uint8_t frame; /* 0: data; else enum slim_frame_type */
	bool tagged;
	bool last; /* closes the connection */
	bool handled;
};

struct fifo {
	uint32_t first, last, n;
};

/* ---- switch ----------------------------------------------------------------------------------- */

struct rules {
	uint8_t serving; /* side */
	uint8_t egress;  /* bit per side */
	bool session;    /* redirect path and frames between source and target */
	uint8_t source, target;
	uint64_t id; /* of the session */
};

/* Places in the flow cache. */
#define CACHE_PERIMETER(flow) (flow)
#define CACHE_EGRESS(side, flow) (SIM_MAX_FLOWS * (1u + (side)) + (flow))
#define CACHE_TAGGED(side, port) (SIM_MAX_FLOWS * 3u + (side)*SIM_PORTS + (port))
#define CACHE_FRAME(side, port) (SIM_MAX_FLOWS * 3u + 4u + (side)*SIM_PORTS + (port))
#define CACHE_SIZE (SIM_MAX_FLOWS * 3u + 8u)

struct cached {
	bool valid;
	uint8_t action;
	uint32_t version;
	uint64_t refresh_ns; /* when it will follow the rules, if it does not now */
};

struct sw {
	struct rules rules;
	uint32_t version;
	struct cached cache[CACHE_SIZE];
	uint64_t thread_last[4];
	uint64_t tx_last[2][SIM_PORTS][SIM_MAX_WORKERS];
	uint64_t wire_last[2][SIM_PORTS];
};

/* ---- controller ----------------------------------------------------------------------------------- */

enum steer_op { OP_CHECK, OP_PREPARE, OP_FLIP, OP_QUIET, OP_FENCE, OP_CLEANUP, N_OPS };

struct steer_call {
	enum { CALL_FREE, CALL_SENT, CALL_WAITS, CALL_RUNS } state;
	struct service *service;
	enum steer_op op;
	bool complete;
	bool last_copy;
	bool show; /* the older form of a check */
	uint8_t source, target;
	uint64_t session;
	/* Who asked; NULL: nobody listens any more. */
	struct host *host;
	struct controller_start start;
	uint64_t order;
	uint64_t serial;
};

struct controller_model {
	struct steer_call calls[SIM_MAX_CALLS];
	uint64_t order;
	uint32_t fail_calls;
	bool steadfast; /* refuses to go back after a flip */
	uint64_t gone_until, slow_until, slow_ns;
};

/* ---- instance ------------------------------------------------------------------------------------------ */

struct queue { /* what DPDK's burst functions get */
	struct instance *instance;
	uint8_t port, number;
	struct fifo rx;
	uint32_t tx_inflight;
};

struct nf_thread {
	uint8_t phase;
	bool idle;
	bool worked;
	bool again;
	uint32_t serial;
	uint64_t wake_at;
	uint64_t stuck_until;
	uint64_t lost_seen;
	uint64_t signs; /* of what it told slimd */
	struct fifo hand[SIM_MAX_WORKERS];
};

struct instance {
	struct service *service;
	uint8_t side;
	bool alive;
	char name[SLIM_NAME_SIZE];
	uint32_t n_workers;
	uint32_t n_slots; /* of its table: instances differ, as their workers do */
	uint32_t n_rx[SIM_PORTS];
	uint32_t tx_limit; /* places of a transmit ring */
	uint16_t rx_floor; /* a receive call rounds down to a multiple of it */
	uint64_t poll_ns;
	struct slim_agent *agent;
	struct slim_table *table;
	struct slim_worker *workers[SIM_MAX_WORKERS];
	const struct slim_shm_info *info;
	struct slim_shm_control *control;
	uint8_t *slab;
	struct queue queues[SIM_PORTS][SIM_MAX_WORKERS];
	struct nf_thread threads[SIM_MAX_WORKERS];
	uint32_t slot_of[SIM_MAX_CONNECTIONS]; /* plus one; 0: none */
	bool slot_used[SIM_SLOTS];
	uint32_t commanded;   /* mode of the last command */
	uint64_t command_sum; /* to notice new words */
	uint64_t handled;     /* since it was last told to serve */
	uint64_t n_overflow;
	uint32_t refuse_rows;  /* that many rows find no room */
	bool spoil_rows;       /* rows change on their way */
	struct packet *inside; /* being handled */
};

/* ---- hosts ------------------------------------------------------------------------------------------------ */

struct sim_file {
	char name[64];
	uint8_t *bytes;
	size_t size, room;
	bool in_use;
	bool is_memory;
};

struct host {
	struct outside outside; /* first */
	struct world *world;
	uint8_t number;
	char name[2];
	uint64_t clock_ns; /* offset of its own clock */
	bool alive;
	bool dying; /* from here on nothing that it does counts */
	uint32_t life;
	uint32_t n_lives;
	struct driver *driver;
	struct peer_set *peers;
	struct controller *controller;
	struct nf_registry *nfs;
	struct sim_file files[SIM_MAX_FILES];
	void (*accept)(void *ctx, struct link *link);
	void *accept_ctx;
	uint32_t calls; /* through the seam, in all lives */
	uint32_t turn_serial;
	uint64_t turn_at;
	uint64_t full_until;   /* the disk has no room */
	uint64_t broken_until; /* it cannot sync */
	uint32_t unreadable;   /* so many reads fail */
	bool tear;             /* the next append is cut short, and slimd with it */
	uint64_t tear_down_ns;
};

struct link {
	struct host *host; /* NULL: free */
	struct world *world;
	uint32_t id;
	uint32_t other; /* its number; SIM_NONE: gone */
	uint32_t other_id;
	const struct link_events *events;
	void *owner;
	bool stopped;
	bool opened;
	bool dead; /* its host's daemon was killed */
	uint8_t *in;
	size_t n_in, room_in;
	uint8_t *out; /* queued, then in flight; `taken` of them are in flight */
	size_t n_out, taken, room_out;
	uint64_t last_ns;
	bool arrive_due, take_due;
};

struct timer {
	struct host *host; /* NULL: free */
	uint32_t serial;
	void (*fn)(void *ctx);
	void *ctx;
};

/* ---- what goes wrong ---------------------------------------------------------------------------------------- */

/* X(NAME, "name", "component") */
#define SIM_FAULTS(X)                                                   \
	X(FAULT_LINK_CUT, "link-cut", "link")                           \
	X(FAULT_PARTITION, "partition", "link")                         \
	X(FAULT_ONE_WAY, "one-way-to-target", "link")                   \
	X(FAULT_ONE_WAY_BACK, "one-way-to-source", "link")              \
	X(FAULT_SLOW_LINK, "slow-link", "link")                         \
	X(FAULT_NARROW_LINK, "narrow-link", "link")                     \
	X(FAULT_KILL_SOURCE, "kill-source", "slimd")                    \
	X(FAULT_KILL_TARGET, "kill-target", "slimd")                    \
	X(FAULT_NF_SOURCE, "nf-source", "nf")                           \
	X(FAULT_NF_TARGET, "nf-target", "nf")                           \
	X(FAULT_STUCK_SOURCE, "worker-stuck-source", "nf")              \
	X(FAULT_STUCK_TARGET, "worker-stuck-target", "nf")              \
	X(FAULT_ROW_REFUSED, "row-refused", "nf")                       \
	X(FAULT_ROW_SPOILT, "row-spoilt", "nf")                         \
	X(FAULT_DISK_FULL_SOURCE, "disk-full-source", "disk")           \
	X(FAULT_DISK_FULL_TARGET, "disk-full-target", "disk")           \
	X(FAULT_DISK_BROKEN_SOURCE, "disk-broken-source", "disk")       \
	X(FAULT_DISK_BROKEN_TARGET, "disk-broken-target", "disk")       \
	X(FAULT_DISK_TEAR_SOURCE, "disk-tear-source", "disk")           \
	X(FAULT_DISK_TEAR_TARGET, "disk-tear-target", "disk")           \
	X(FAULT_JOURNAL_LOST_SOURCE, "journal-lost-source", "disk")     \
	X(FAULT_JOURNAL_LOST_TARGET, "journal-lost-target", "disk")     \
	X(FAULT_UNREADABLE_SOURCE, "journal-unreadable-source", "disk") \
	X(FAULT_UNREADABLE_TARGET, "journal-unreadable-target", "disk") \
	X(FAULT_MEMORY_LOST, "sums-lost", "disk")                       \
	X(FAULT_OFCTL_FAIL, "controller-fails", "controller")           \
	X(FAULT_OFCTL_SLOW, "controller-slow", "controller")            \
	X(FAULT_OFCTL_GONE, "controller-gone", "controller")            \
	X(FAULT_OFCTL_RESTART, "controller-restart", "controller")      \
	X(FAULT_SWITCH_RESTART, "switch-restart", "switch")             \
	X(FAULT_CANCEL, "cancel", "operator")                           \
	X(FAULT_CANCEL_TARGET, "cancel-target", "operator")             \
	X(FAULT_FORCE, "force", "operator")                             \
	X(FAULT_FORCE_TARGET, "force-target", "operator")               \
	X(FAULT_TAKEN_LOST, "taken-lost", "data path")                  \
	X(FAULT_FRAMES_LOST, "frames-lost", "data path")                \
	X(FAULT_PROBES_LOST, "probes-lost", "data path")

enum fault_kind {
	FAULT_NONE,
#define X(NAME, name, component) NAME,
	SIM_FAULTS(X)
#undef X
		N_FAULTS
};

struct fault {
	enum fault_kind kind;
	uint8_t service; /* whose session triggers it */
	bool at_call;    /* trigger: the n-th call of that side's slimd through the seam */
	uint32_t call;
	enum session_state state; /* trigger: a session of the service enters this state */
	uint64_t delay_ns;
	uint64_t duration_ns;
	bool fired;
};

/* Mechanisms switched off: each must be missed. */
enum control {
	CONTROL_NO_HOLD = 1u << 0,
	CONTROL_NO_FLUSH = 1u << 1,
	CONTROL_NO_REDIRECT = 1u << 2,
	CONTROL_NO_FENCE = 1u << 3,
	CONTROL_TRUST_BARRIER = 1u << 4,
	CONTROL_PREPARE_EARLY = 1u << 5, /* does not wait until the cache is fresh */
	CONTROL_NO_JOURNAL = 1u << 6,    /* what was written is gone after a restart */
	CONTROL_FAST_MARKS = 1u << 7,    /* marks overtake what they should stand behind */
	CONTROL_FAST_COPIES = 1u << 8,   /* so do the answers to flush frames */
	CONTROL_ONE_REPLY = 1u << 9,     /* the answer of one worker counts for all */
};

struct options {
	uint64_t seed;
	uint32_t controls; /* enum control bits */
	bool verbose;
	bool keep_lag; /* lag_ns instead of a random lag */
	uint64_t lag_ns;
	bool random_faults;
	uint32_t n_services;     /* 0: random */
	uint32_t n_moves;        /* 0: random, 1 or 2 */
	uint32_t hold_capacity;  /* 0: ample */
	uint32_t n_connections;  /* 0: random */
	bool steadfast;          /* the controller never goes back after a flip */
	uint64_t source_gone_ns; /* 0: longer than any trouble */
	bool prompt_ends;        /* ends of connections are heard soon */
	bool taken_late;         /* TAKEN comes about when the source gives up */
	bool keep_faults;        /* `faults` as they are, though random_faults drew them once */
	struct fault faults[SIM_MAX_FAULTS];
};

/* ---- judge ------------------------------------------------------------------------------------------------------ */

struct row {
	bool used;
	uint32_t key;
	uint32_t count;
	uint32_t hash; /* over all packets handled, in order */
};

struct oracle {
	uint32_t sent[SIM_MAX_FLOWS];
	uint32_t out[SIM_MAX_FLOWS]; /* last sequence number that left */
	uint32_t n_sent, n_out, n_excused, n_overflow;
	struct row table[SIM_MAX_CONNECTIONS];
	bool excuse_all; /* an owner died, or an operator forced: losses are no fault of slim's */
};

struct load {
	uint32_t n_flows;
	bool stopped;
	uint64_t gap_ns; /* between two packets of a flow */
	uint64_t handover_gap_ns;
	uint64_t serial;
	uint32_t left[SIM_MAX_CONNECTIONS]; /* packets until the connection closes */
};

struct service {
	struct world *world;
	uint8_t number;
	char name[8];
	struct sw sw;
	struct instance instances[2]; /* by side: that of host 0 and that of host 1 */
	struct load load;
	struct oracle oracle;
	uint8_t serving_at_start;
	/* The move under way. */
	uint8_t source;
	uint64_t session;
	char job[20];
	bool moving;
	enum session_state state[2]; /* by side; SESSION_DONE: none */
	enum session_result verdict; /* so far, at the source */
	bool was_failed;             /* when its slimd was killed */
	uint64_t since_ns[2];
	uint64_t seen;   /* bit per state that either session was in */
	bool forced;     /* an operator took the risk */
	bool discarded;  /* and made the target give away what it was taking over */
	bool rules_left; /* or that rules of the session stay on the switch */
	/* The source's journal was lost. With its NF all knowledge of the session is: what the switch has of
	 * it is nobody's then. */
	bool in_memory_only;
	bool forgotten;
	uint64_t forgotten_ns;
	bool abandoned; /* so the target waits for a word that nobody will say */
	bool job_over;
	enum session_result job_result;
	uint32_t n_reasons;
	uint32_t first_reason;
	uint32_t session_reason; /* what the core calls the first trouble */
	uint64_t taken_ns, hold_ns;
	/* Outcome. */
	uint32_t moves_left, n_moves_done;
	enum session_result result;
	uint32_t reason;
};

struct world {
	struct options options;
	uint64_t now;
	uint64_t order;
	uint32_t n_events;
	uint64_t rng[N_RNG];
	uint64_t steps;
	uint32_t packet_free;
	uint32_t n_packets;
	struct controller_model controller;
	struct host hosts[SIM_HOSTS];
	uint32_t n_services;
	struct service services[SIM_SERVICES];
	uint32_t n_links;
	uint32_t link_ids;
	struct link links[SIM_MAX_LINKS];
	struct timer timers[SIM_MAX_TIMERS];
	struct session_limits limits;
	/* The network between the hosts. */
	uint64_t partition_until;
	uint64_t one_way_until[SIM_HOSTS]; /* towards that host */
	uint64_t slow_until, slow_ns, narrow_until;
	uint64_t peer_delay_ns;
	/* The data plane. */
	uint32_t n_threads;
	uint64_t lag_ns;
	bool lag_by_thread;
	uint32_t frame_loss; /* of 256 */
	uint64_t taken_lost_until, frames_lost_until, probes_lost_until;
	uint64_t switch_down_until;
	uint64_t tx_delay_ns, wire_delay_ns;
	struct fault faults[SIM_MAX_FAULTS];
	uint64_t changed_ns; /* when something last happened */
	bool over;           /* the run is being taken apart */
	bool failed;
	char what[256];
	uint64_t struck[N_FAULTS][SESSION_N_STATES];
	struct event events[SIM_MAX_EVENTS];
	struct packet packets[SIM_MAX_PACKETS];
};

/* ---- engine.c ---- */
uint64_t rnd(struct world *w, enum stream_of_numbers from, uint64_t below);
uint64_t rnd_range(struct world *w, enum stream_of_numbers from, uint64_t low, uint64_t high);
/* Usually near `usual`, now and then much more. */
uint64_t rnd_delay(struct world *w, enum stream_of_numbers from, uint64_t usual);
bool rnd_chance(struct world *w, enum stream_of_numbers from, uint32_t of_256);
void engine_init(struct world *w, uint64_t seed);
void engine_at(struct world *w, uint64_t at, event_fn *fn, void *ctx, uint32_t a, uint32_t b,
	       uint64_t c);
bool engine_step(struct world *w); /* false: nothing left */
__attribute__((format(printf, 2, 3))) void trace(struct world *w, const char *format, ...);
__attribute__((format(printf, 2, 3))) void violation(struct world *w, const char *format, ...);
uint32_t packet_new(struct world *w);
void packet_free(struct world *w, uint32_t p); /* with its mbuf */
void fifo_push(struct world *w, struct fifo *f, uint32_t p);
uint32_t fifo_pop(struct world *w, struct fifo *f); /* SIM_NONE: empty */

/* Something happened: whoever polls does so often again. */
static inline void
note_change(struct world *w)
{
	w->changed_ns = w->now;
}

/* What a poller adds to its pause when nothing happens for long. */
static inline uint64_t
lull_ns(const struct world *w, uint64_t most)
{
	uint64_t ns = (w->now - w->changed_ns) / 16u;

	return ns < most ? ns : most;
}

/* ---- eal.c ---- */
void eal_start(void); /* once a process */
/* Whose packets and times these are: world, and the host whose clock is read (NULL: none). */
void eal_enter(struct world *w, const struct host *host);
struct rte_mbuf *eal_packet(uint32_t p, uint32_t flow, uint32_t seq);
struct rte_mempool *eal_pool(void);
uint16_t eal_port(const struct instance *inst, uint32_t port);
void eal_bind(struct instance *inst);
/* Tells packets apart: its number in the world (SIM_NONE: none yet), slim frame type, tag. */
uint32_t eal_number(const struct rte_mbuf *m);
void eal_set_number(struct rte_mbuf *m, uint32_t p);
uint8_t eal_sort(const struct rte_mbuf *m, bool *ret_tagged);
uint16_t instance_rx(void *queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t instance_tx(void *queue, struct rte_mbuf **pkts, uint16_t n);
void instance_lost(struct world *w, uint32_t p); /* the agent freed a packet */

/* ---- instance.c ---- */
void instance_start(struct service *s, uint32_t side, bool active);
void instance_end(struct instance *inst);
void instance_arrive(struct instance *inst, uint32_t p);
void instance_wake(struct instance *inst);
void instance_kill(struct instance *inst);
bool instance_may_handle(const struct instance *inst);
/* Looks for new words of slimd; true: there are some. */
bool instance_look(struct instance *inst);
uint32_t instance_used(const struct instance *inst);
bool instance_row(const struct instance *inst, uint32_t key, struct row *ret);
struct nf *instance_adopt(struct instance *inst);

/* ---- switch.c ---- */
void switch_init(struct service *s);
void switch_send(struct instance *inst, uint32_t worker, uint32_t port, uint32_t p);
void switch_perimeter(struct service *s, uint32_t p);
bool switch_egress_is_shut(struct service *s, uint32_t side);
void switch_change(struct service *s, const struct rules *rules);
void switch_restart(struct service *s);
uint64_t switch_fresh_ns(const struct service *s);

/* ---- controller.c ---- */
extern const struct controller_ops sim_controller;
void controller_hang_up(struct host *host);
void controller_restart(struct world *w);
bool controller_is_busy(const struct service *s);

/* ---- link.c ---- */
extern const struct link_ops sim_link;
void link_cut_all(struct world *w);
void link_host_died(struct host *host);
void link_end(struct world *w);

/* ---- disk.c ---- */
extern const struct disk_ops sim_disk;
extern const struct memory_ops sim_memory;
void disk_forget(struct host *host, bool memory); /* its files are lost */
void disk_end(struct host *host);

/* ---- host.c ---- */
void host_init(struct world *w, uint32_t number);
void host_begin(struct host *host); /* its first slimd */
void host_end(struct host *host);
void host_kill(struct host *host, uint64_t down_ns);
void host_nf_died(struct instance *inst);
void host_wake(struct host *host);
/* Around all that runs slimd's code. */
void host_enter(struct host *host);
void host_leave(struct host *host);
/* A call through the seam. False: the daemon is dead, the call means nothing. */
bool host_calls(struct host *host);
void host_migrate(struct service *s);
void host_cancel(struct service *s, uint32_t side, bool force);
bool host_is_quiet(const struct service *s);

/* ---- load.c ---- */
void load_init(struct service *s);
/* All flows send soon, at the pace of the phase that has begun. */
void load_hurry(struct service *s);

/* ---- oracle.c ---- */
void oracle_handled(struct instance *inst, uint32_t p);
void oracle_out(struct service *s, uint32_t p);
/* A data packet ends here; `excused`: for a reason that is not slim's. */
void oracle_dropped(struct service *s, uint32_t p, const char *where, bool excused);
void oracle_overflow(struct service *s);
void oracle_taking_over(struct instance *inst);
void oracle_step(struct world *w);
void oracle_end(struct service *s);
void row_update(struct row *row, const struct packet *packet);

/* ---- plan.c ---- */
void plan_random(struct world *w);
void plan_entered(struct service *s, enum session_state state);
/* Is this call where the daemon dies? */
bool plan_kills(struct host *host, uint64_t *ret_down_ns);
const char *fault_name(enum fault_kind kind);
const char *fault_component(enum fault_kind kind);
bool fault_parse(const char *text, struct fault *ret);
void fault_print(const struct fault *fault, char *buffer, size_t size);

/* ---- run.c ---- */
/* One run. False: an invariant was violated; w->what says which. */
bool run(struct world *w, const struct options *options);

/* ---- shrink.c ---- */
/* The shortest options that still fail with the same kind of complaint. */
void shrink(struct world *w, struct options *options);

#endif
