/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared-memory ABI between the agent in an NF and slimd on the same host.
 *
 * An NF shares memory zones (whole pages, passed as file descriptors). There are two kinds:
 *
 *   read-only for slimd    zone SLIM_ZONE_INFO: struct slim_shm_info, once; a file of its own
 *                          zone SLIM_ZONE_SLAB..: one table's slots each; DPDK's memory, or a file of its own
 *   writable for slimd     zone SLIM_ZONE_CONTROL: struct slim_shm_control,
 *                          dirty flags, dirty rings, install rings; a file of its own
 *
 * slimd can never change a slot. It treats all that it reads here as hostile:
 * it copies, then validates. The agent treats the control zone the same way.
 * There is no pointer in shared memory; places are byte offsets from the start
 * of their zone. Both sides are on one host: numbers are in host byte order.
 *
 * Who writes what, and with which order, stands beside each member. "W" is a
 * worker (lcore) of the NF, "M" its main loop, "D" slimd. Each pair of
 * release and acquire is named P1.. so that both ends can be found.
 *
 *   P1  command epoch      D release  -> W acquire   (the command's block is whole)
 *   P2  worker ack         W release  -> D acquire   (all that W did up to then)
 *   P3  dirty ring tail    W release  -> D acquire   (slot numbers in the ring)
 *   P4  dirty ring head    D release  -> W acquire   (never needed: cannot overflow)
 *   P5  install ring tail  D release  -> W acquire   (records in the ring)
 *   P6  install ring head  W release  -> D acquire   (records may be overwritten)
 *   P7  slot sequence      W: seq odd; fence(release); head and payload; seq even, release
 *                          D: seq, acquire; head and payload; fence(acquire); the same even seq?
 *                          Head means `bucket` and `used`: they are read relaxed, like the payload,
 *                          and count only between the two equal numbers. A worker that looks
 *                          at a slot which may be another's reads it like D (slot.h).
 *   P8  dirty flag         W: slot stores; fence(seq_cst); load flag
 *                          D: flag = 0; fence(seq_cst); read slot
 *                          (store-load pair: without either fence an update is lost;
 *                          D's store is a release and W's load an acquire, so that
 *                          W may use the ring entry again that D has read)
 *   P9  hold word          compare-and-swap, acq_rel, both sides; D also stores, release
 *   P10 command block      D: block's epoch = 0; fence(release); words; epoch, release
 *                          W: epoch, acquire; words; fence(acquire); the same epoch?
 *   P11 slot used          W release (bucket before)  -> other W acquire (bucket after)
 */
#ifndef SLIM_PROTO_SHM_H
#define SLIM_PROTO_SHM_H

#include <stdbool.h>
#include <stdint.h>

#include "slim_atomic.h"
#include "slim_limits.h"

#define SLIM_SHM_MAGIC UINT64_C(0x31304d494c53) /* "SLIM01" */
#define SLIM_SHM_VERSION 6u
#define SLIM_CACHE_LINE 64

/* ---- schema ---------------------------------------------------------- */

enum slim_type {
	SLIM_U8 = 1,
	SLIM_U16,
	SLIM_U32,
	SLIM_U64,
	SLIM_IPV4,    /* 4 bytes, network order */
	SLIM_IPV6,    /* 16 bytes */
	SLIM_MAC,     /* 6 bytes */
	SLIM_BYTES,   /* n bytes, opaque */
	SLIM_BE16,    /* 2 bytes, network order (ports) */
	SLIM_TIME,    /* u64, CLOCK_MONOTONIC nanoseconds; 0 means never */
	SLIM_COUNTER, /* u64 */
};

enum slim_role { SLIM_KEY = 1, SLIM_VALUE };

enum slim_class {
	SLIM_STATE = 1, /* exact when the target starts; in the digest */
	SLIM_LAZY,      /* newest value travels along, and once more after the handover */
	SLIM_LOCAL,     /* never leaves the process */
};

enum slim_merge { SLIM_MERGE_NONE = 0, SLIM_MERGE_MAX, SLIM_MERGE_LAST, SLIM_MERGE_SUM };

struct slim_shm_field {
	char name[SLIM_NAME_SIZE];
	uint8_t type;    /* enum slim_type */
	uint8_t role;    /* enum slim_role */
	uint8_t class_;  /* enum slim_class */
	uint8_t merge;   /* enum slim_merge, for SLIM_LAZY */
	uint16_t offset; /* from the start of the payload (after struct slim_slot_head) */
	uint16_t size;   /* bytes */
};

/* Slot: this header, then `slot_size - sizeof(head)` bytes of payload. */
struct slim_slot_head {
	slim_atomic_u32 seq; /* W: odd while the slot is being written (P7) */
	uint8_t bucket;      /* owner bucket, valid when used */
	uint8_t used;        /* 1: payload is an entry; 0: empty */
	uint8_t installed;   /* 1: the entry came as a row, and lives since; for the agent alone */
	uint8_t reserved;
};

struct slim_shm_table {
	char name[SLIM_NAME_SIZE];
	uint32_t capacity;   /* slots */
	uint32_t slot_size;  /* bytes, a multiple of 8 */
	uint16_t key_offset; /* in the payload; the key is contiguous */
	uint16_t key_size;
	uint16_t n_fields;
	uint16_t zone;         /* index of the slab's zone in the registration */
	uint64_t slab_offset;  /* in that zone */
	uint64_t dirty_offset; /* control zone: slim_atomic_u8 dirty[capacity] */
	uint64_t ring_offset;  /* control zone: n_workers dirty rings, ring_stride apart */
	uint64_t ring_stride;
	uint32_t ring_size;    /* entries of each, a power of two >= capacity */
	uint32_t source_slots; /* of a source that it can follow, >= capacity; 0: as many */
	struct slim_shm_field fields[SLIM_MAX_FIELDS];
};

/* Dirty ring of one table and worker: this head, then uint32_t slots[ring_size].
 * Positions count up for ever; entry i stands at slots[i & (ring_size - 1)]. */
struct slim_shm_ring {
	SLIM_ALIGNAS(SLIM_CACHE_LINE) slim_atomic_u32 tail; /* W writes (P3) */
	SLIM_ALIGNAS(SLIM_CACHE_LINE) slim_atomic_u32 head; /* D writes (P4) */
	SLIM_ALIGNAS(SLIM_CACHE_LINE) uint32_t slots[];
};

/* ---- install ring: slimd -> worker ------------------------------------ */

enum slim_install_op {
	SLIM_INSTALL_PAD = 0, /* skip to the ring's start */
	SLIM_INSTALL_PUT,     /* source slot now holds this row */
	SLIM_INSTALL_DEL,     /* source slot is empty now (or its row went elsewhere) */
	SLIM_INSTALL_MERGE,   /* lazy fields only: merge into the entry if its key is equal */
};

/* A record: this header, then `row_size` bytes of payload in the NF's own layout
 * (PUT, MERGE). Records start at multiples of 8 and never wrap round the end:
 * a PAD fills up. Merge rules come from the schema; for SUM fields the record
 * carries the difference to add. */
struct slim_install_record {
	uint32_t size; /* of the whole record, a multiple of 8 */
	uint8_t op;
	uint8_t table;
	uint8_t bucket;
	uint8_t reserved;
	uint32_t source_slot; /* < source_slots of the local table */
	uint32_t row_size;
};

struct slim_shm_install {
	SLIM_ALIGNAS(SLIM_CACHE_LINE) slim_atomic_u64 tail; /* bytes ever written, D (P5) */
	SLIM_ALIGNAS(SLIM_CACHE_LINE) uint8_t data[SLIM_INSTALL_RING_SIZE];
};

/* ---- gate ------------------------------------------------------------- */

enum slim_gate_mode {
	SLIM_GATE_PASS = 1, /* serve everything; the normal state of an active NF */
	SLIM_GATE_CLOSED,   /* drop everything; the normal state of a standby NF */
	SLIM_GATE_HOLD,     /* source: stop at a burst boundary, keep arriving packets in order */
	SLIM_GATE_REDIRECT, /* source: tag and send back what arrives (held packets first) */
	SLIM_GATE_RECEIVE,  /* target: install rows; drop data; answer probes; note marks */
	SLIM_GATE_SERVE, /* target: owner. Redirected packets at once, direct ones after a flush round */
};

/* The hold word decides who may act when daemons die in the middle (P9).
 * D: HOLDING (store, before the HOLD command), HOLDING->END_SENT, END_SENT->FENCED, END_SENT->TAKEN (the
 *    target's slimd says so), TAKEN (store, before the REDIRECT command), any->IDLE
 * W: HOLDING->RESUMED (hold limit over, slimd silent), END_SENT->TAKEN (frame from the target) */
enum slim_hold_word {
	SLIM_HOLD_IDLE = 0, /* no hold: a worker that still holds passes */
	SLIM_HOLD_HOLDING,  /* END not sent: the agent may resume by itself */
	SLIM_HOLD_END_SENT, /* the target may own the buckets: wait */
	SLIM_HOLD_RESUMED,  /* the agent resumed by itself */
	SLIM_HOLD_TAKEN,    /* the target's TAKEN has arrived: redirect */
	SLIM_HOLD_FENCED,   /* slimd decided for the source: TAKEN is no longer accepted */
};

/* Switches mechanisms off, for negative controls. Never set by a normal configuration. */
enum slim_fault {
	SLIM_FAULT_NO_HOLD = 1u << 0,        /* source drops instead of holding */
	SLIM_FAULT_NO_FLUSH_ROUND = 1u << 1, /* target serves direct packets at once */
	SLIM_FAULT_NO_REDIRECT = 1u << 2,    /* source drops what it would redirect */
	SLIM_FAULT_KILL_AT_END = 1u << 3,    /* target's slimd dies when End arrives */
	SLIM_FAULT_STOP_AT_END = 1u << 4,    /* target's slimd stops then, until SIGCONT */
	SLIM_FAULT_NO_HANDOVER = 1u << 5,    /* source catches up until it is cancelled */
};

struct slim_shm_port_command {
	uint16_t redirect_vid; /* 1..4094 */
	uint16_t reserved[3];
};

/* A command, whole. Written and read by slim_command.h alone. */
struct slim_shm_command {
	uint32_t mode;    /* enum slim_gate_mode */
	uint32_t track;   /* bit t: note changes of table t */
	uint64_t session; /* 0: no session */
	uint64_t nonce;   /* of the session's frames */
	uint64_t hold_limit_ns;
	uint32_t n_ports;
	uint32_t peer_workers; /* workers of the other instance */
	uint32_t watch;     /* 1: look for slim frames also in PASS; a source: until it is probed */
	uint32_t is_source; /* 1: this NF is the session's source (sends probes, marks) */
	uint32_t wipe;      /* 1: with CLOSED: remove every entry */
	uint32_t fault;     /* enum slim_fault bits */
	struct slim_shm_port_command ports[SLIM_MAX_PORTS];
};
#define SLIM_COMMAND_WORDS (sizeof(struct slim_shm_command) / sizeof(uint64_t))

/* Command e stands in block e % 2, with e as its sequence number while it is whole (P1, P10). So
 * the command in force is never overwritten by the next: a command may follow before the last was
 * acknowledged, and one that slimd did not finish is as if it had never begun. */
struct slim_shm_command_block {
	SLIM_ALIGNAS(SLIM_CACHE_LINE) slim_atomic_u32 epoch; /* 0: being written */
	slim_atomic_u64 words[SLIM_COMMAND_WORDS];
};

/* What slimd tells the gate. */
struct slim_shm_gate {
	SLIM_ALIGNAS(SLIM_CACHE_LINE)
	slim_atomic_u32 epoch; /* P1; of the newest command; 0: none yet */
	struct slim_shm_command_block blocks[2];
	/* Live words: they count from the next poll on, with no command and no acknowledgement. */
	SLIM_ALIGNAS(SLIM_CACHE_LINE) slim_atomic_u32 hold_word; /* enum slim_hold_word (P9) */
	slim_atomic_u32
		round_request; /* D: count up: run one flush round on every port, even if nothing waits */
	slim_atomic_u32
		source_gone; /* D: at a target: 1: the source is dead, wait for no answer of it */
	/* D: at a target: 1: nothing comes over the redirect path any more (proven at the switch, and a last
	 * round has passed since): what comes directly is in order, and needs no round. */
	slim_atomic_u32 path_quiet;
	slim_atomic_u64 slimd_heartbeat_ns; /* D: CLOCK_MONOTONIC, at least every second */
	slim_atomic_u64 awake_until_ns; /* D: CLOCK_MONOTONIC: until then workers do not sleep */
};

/* What an NF lost, by name. */
struct slim_shm_losses {
	uint64_t hold_overflow, queue_overflow; /* packets */
	uint64_t round_gave_up;                 /* flush rounds: order is not proven */
	uint64_t device_drops;                  /* packets that its devices could not keep */
};

/* Tables of a session at its handover, in the order of the peer's Open; `digest` and `entries` as in the peer protocol. */
struct slim_shm_totals {
	slim_atomic_u32 n_tables; /* written last; 0: the handover was not reached */
	slim_atomic_u32 proved;   /* source: 1: its frozen tables, read again, had them */
	uint64_t digest[SLIM_MAX_TABLES];
	uint64_t entries[SLIM_MAX_TABLES];
};

/* What no command says of a session, for a slimd that has lost its journal. Not for the agent. It is begun
 * before anything is touched for the session, follows it to its end, and stays until another one begins:
 * the last session of an NF can still be asked about. Written and read by slimd's memo.h alone. */
struct slim_shm_memo {
	SLIM_ALIGNAS(SLIM_CACHE_LINE)
	slim_atomic_u64 session; /* written last; 0: there is no memo */
	slim_atomic_u32 stage;   /* a number of slimd's: how far it is */
	uint32_t is_source;
	slim_atomic_u64 lost_there; /* what the other instance has named as lost */
	slim_atomic_u32
		failed; /* a number of slimd's: why its result can only be "failed"; 0: it can be better */
	uint32_t spare;
	struct slim_shm_losses base;   /* when the session began */
	struct slim_shm_losses lost;   /* in it; once it is over */
	uint64_t stood_still_ns;       /* longest silence of a worker; once it is over */
	struct slim_shm_totals totals; /* source: sent with END; target: found to be equal */
	/* The other end. A name ends with 0. */
	char peer[SLIM_NAME_SIZE];  /* host of the other instance */
	char other[SLIM_NAME_SIZE]; /* the other instance */
};

struct slim_shm_control {
	slim_atomic_u64 magic;    /* SLIM_SHM_MAGIC; 0: the agent is gone */
	slim_atomic_u64 instance; /* that of the info zone; 0: the agent is gone */
	struct slim_shm_gate gate;
	struct slim_shm_memo memo;
	/* then, at info->install_offset: n_workers struct slim_shm_install;
	 * dirty flags and rings at the places that the tables name */
};

/* ---- status: NF -> slimd ---------------------------------------------- */

#define SLIM_HIST_BINS 192u
#define SLIM_HIST_MIN_SHIFT 8 /* first bin begins at 256 ns */

/* Histogram of durations with eight bins an octave, 256 ns to 4.3 s. */
struct slim_shm_hist {
	uint64_t max_ns;
	uint32_t bins[SLIM_HIST_BINS];
};

static inline uint32_t
slim_hist_bin(uint64_t ns)
{
	uint32_t octave, bin;

	if (ns < (UINT64_C(1) << SLIM_HIST_MIN_SHIFT))
		return 0;
	octave = 63u - (uint32_t)__builtin_clzll(ns);
	bin = (octave - SLIM_HIST_MIN_SHIFT) * 8u + (uint32_t)((ns >> (octave - 3u)) & 7u);
	return bin < SLIM_HIST_BINS ? bin : SLIM_HIST_BINS - 1u;
}

/* Lower bound of a bin, in nanoseconds. */
static inline uint64_t
slim_hist_floor(uint32_t bin)
{
	uint32_t octave = bin / 8u + SLIM_HIST_MIN_SHIFT;

	return (UINT64_C(1) << octave) + ((uint64_t)(bin % 8u) << (octave - 3u));
}

/* Events of the gate, one counter a kind. Worker-local, never reset. */
#define SLIM_GATE_COUNTERS(X)                                                                     \
	X(held, "packets that waited in the source's hold")                                       \
	X(hold_overflow, "packets dropped because the hold was full")                             \
	X(resumed, "held packets that the source served itself after an abort")                   \
	X(redirected, "packets tagged and sent to the target")                                    \
	X(redirect_retry, "attempts to redirect that found the transmit ring full")               \
	X(queued, "direct packets that waited at the target for a flush round")                   \
	X(queue_overflow, "packets dropped because the target's queue was full")                  \
	X(released, "direct packets released after a flush round")                                \
	X(redirect_received, "redirected packets that the target served")                         \
	X(closed_drop, "packets dropped because this instance does not own them")                 \
	X(foreign_frame, "slim frames with a wrong session, nonce or shape")                      \
	X(frames_sent, "slim frames sent")                                                        \
	X(frames_received, "slim frames accepted")                                                \
	X(rounds, "flush rounds completed")                                                       \
	X(round_resend, "flush frames sent again")                                                \
	X(round_gave_up,                                                                          \
	  "flush rounds that ended without an answer of the source: order not proven")            \
	X(round_without_source,                                                                   \
	  "flush rounds that ended at once, because slimd knows the source dead")                 \
	X(wrong_port, "slim frames that belong to another port: ports are swapped")               \
	X(frame_refused, "slim frames not sent: no memory, or the transmit ring was full")        \
	X(redirect_too_long, "redirected packets that with the tag exceed what the port carries") \
	X(installed, "rows installed")                                                            \
	X(removed, "rows removed")                                                                \
	X(merged, "rows whose lazy fields were merged")                                           \
	X(install_full, "rows refused because the table was full")                                \
	X(install_bad, "install records that made no sense")                                      \
	X(self_resume, "times the source resumed by itself because slimd was silent")

struct slim_shm_counters {
#define X(name, text) slim_atomic_u64 name;
	SLIM_GATE_COUNTERS(X)
#undef X
};

/* One per worker. Only the worker writes it (relaxed, but for the releases named). */
struct slim_shm_worker {
	SLIM_ALIGNAS(SLIM_CACHE_LINE)
	slim_atomic_u32 ack_epoch; /* P2: command applied. HOLD: stopped, none in flight,
	                              marks sent; or left by a fact: see `mode` */
	slim_atomic_u32 mode;      /* enum slim_gate_mode in force at this worker */
	slim_atomic_u64
		heartbeat_ns; /* time of a recent poll, CLOCK_MONOTONIC; at least every 10 ms of polling */
	slim_atomic_u64 installed_bytes;         /* P6: install ring position consumed */
	slim_atomic_u64 writes[SLIM_MAX_TABLES]; /* slot writes ever, per table; exact whenever
	                                             ack_epoch of HOLD is published and after each
	                                             commit while tracking. Sum over workers equals
	                                             sum over slots of seq / 2 (mod 2^31). */
	slim_atomic_u32 used[SLIM_MAX_TABLES];   /* used slots; may wrap below 0 at one worker,
	                                             the sum over workers (mod 2^32) is exact */
	slim_atomic_u64 stopped_ns;              /* when this worker last stopped for HOLD */
	slim_atomic_u64 resumed_ns;              /* when it last left HOLD (redirect, resume) */
	slim_atomic_u32 install_error; /* 0, or errno of the first row that could not be installed
	                                   since RECEIVE began */
	slim_atomic_u32 reserved;
	struct slim_shm_counters counters;
	struct slim_shm_hist hold_wait;  /* at the source: arrival until redirected or served */
	struct slim_shm_hist flush_wait; /* at the target: arrival until released */
};

struct slim_shm_port {
	char name[SLIM_NAME_SIZE]; /* as the topology calls it: "inside", "outside" */
	uint8_t mac[6];
	uint8_t reserved[2];
	uint32_t n_rx_queues; /* queue q is polled by worker q */
	slim_atomic_u32
		probed; /* source, M/W: 1 once a probe of this session came back on this port */
	slim_atomic_u32 marks; /* target: bit w: mark of source worker w has arrived */
	slim_atomic_u32
		rounds_done; /* target: value of round_request that the last finished round covers */
	slim_atomic_u32 pending; /* target: direct packets waiting, all workers; 0 when drained */
	/* M: what the device says that it lost, since it counts. */
	slim_atomic_u64 rx_missed;    /* no free descriptor */
	slim_atomic_u64 rx_no_memory; /* no mbuf */
	slim_atomic_u64 tx_failed;
};

struct slim_shm_info {
	uint64_t magic;
	uint32_t version;
	uint32_t size;                /* of this structure */
	char name[SLIM_NAME_SIZE];    /* instance: "nat-a" */
	char service[SLIM_NAME_SIZE]; /* "nat" */
	char kind[SLIM_NAME_SIZE];    /* program: "slim-nat" */
	char nf_version[SLIM_NAME_SIZE];
	char identity
		[SLIM_IDENTITY_SIZE]; /* fingerprint of what both instances must share (pools, MACs) */
	uint32_t pid;
	uint32_t n_workers;
	uint32_t n_tables;
	uint32_t n_ports;
	uint32_t hold_capacity;   /* packets per worker and port */
	uint32_t active_at_start; /* 1: the gate began in PASS, 0: in CLOSED */
	uint64_t instance;        /* random, not 0: another one for each life of the process */
	uint64_t control_size;    /* of the control zone */
	uint64_t install_offset;  /* control zone: n_workers struct slim_shm_install */
	slim_atomic_u64 taken_ns; /* source: when TAKEN was seen by the data path; 0: not */
	uint8_t bucket_worker[SLIM_N_BUCKETS]; /* owner of each bucket */
	struct slim_shm_table tables[SLIM_MAX_TABLES];
	struct slim_shm_port ports[SLIM_MAX_PORTS];
	struct slim_shm_worker workers[SLIM_MAX_WORKERS];
};

/* ---- registration: unix SOCK_SEQPACKET, agent connects to slimd --------- */

/* One message from the agent with all file descriptors as SCM_RIGHTS. slimd
 * answers with slim_reg_reply. The connection then stays open as the sign of
 * life: end of file at slimd means that the NF's process is gone, at the agent
 * that slimd is gone (and it connects again). Zone 0 is info, zone 1 control,
 * zone 2 + t the slab of table t.
 *
 * The files are memory: of tmpfs (memfd) or hugetlbfs. The control zone is the whole of a file that
 * nothing else lies in, open for reading and writing, sealed against shrinking. All others are open for
 * reading only. A range begins and ends at pages of its own file; zones, and the files of one zone, may
 * have pages of different sizes. What they are is asked of the kernel, not of the NF. */
#define SLIM_REG_MAGIC UINT32_C(0x47455253) /* "SREG" */
enum { SLIM_ZONE_INFO = 0, SLIM_ZONE_CONTROL = 1, SLIM_ZONE_SLAB = 2 };

struct slim_reg_range {
	uint32_t fd; /* index into the passed descriptors */
	uint32_t zone;
	uint64_t fd_offset; /* at a page of the file */
	uint64_t size; /* whole pages of the file; a zone's ranges follow each other in order */
};

struct slim_reg_hello {
	uint32_t magic;
	uint32_t version; /* SLIM_SHM_VERSION */
	uint32_t n_zones;
	uint32_t n_ranges;
	uint32_t n_fds;
	uint32_t reserved;
	uint64_t instance; /* that of the info zone and of the control zone */
	struct slim_reg_range ranges[SLIM_MAX_RANGES];
};

struct slim_reg_reply {
	uint32_t magic;
	int32_t error; /* 0 or a negative errno */
	char text[SLIM_REASON_SIZE];
};

/* ---- slim frames on the data path --------------------------------------- */

#define SLIM_ETHERTYPE 0x88B5 /* IEEE local experimental ethertype 1 */
#define SLIM_FRAME_MAGIC 0x534c
#define SLIM_FRAME_SIZE 64 /* whole Ethernet frame without VLAN tag and FCS */

enum slim_frame_type {
	SLIM_FRAME_PROBE =
		1, /* source -> target, tagged: is the redirect path there? warms caches */
	SLIM_FRAME_PROBE_ACK,  /* target -> source, untagged */
	SLIM_FRAME_MARK,       /* source worker -> target, tagged: nothing of mine is behind this */
	SLIM_FRAME_TAKEN,      /* target -> source, untagged: I own the buckets */
	SLIM_FRAME_FLUSH,      /* target -> source, untagged: start of a round */
	SLIM_FRAME_FLUSH_COPY, /* source worker -> target, tagged: I drained */
};

/* After the Ethernet header (and VLAN tag). Numbers in network byte order. */
struct slim_frame {
	uint16_t magic;
	uint8_t version;   /* 1 */
	uint8_t type;      /* enum slim_frame_type */
	uint8_t port;      /* index of the port in the NF */
	uint8_t worker;    /* sender */
	uint8_t n_workers; /* of the sender's instance */
	uint8_t reserved;
	uint32_t round;
	uint64_t session;
	uint64_t nonce;
} __attribute__((packed));

SLIM_ASSERT(sizeof(struct slim_shm_command) % sizeof(uint64_t) == 0, "a command is words");
SLIM_ASSERT(sizeof(struct slim_slot_head) == 8, "slot header is ABI");
SLIM_ASSERT(sizeof(struct slim_install_record) == 16, "install record is ABI");
SLIM_ASSERT(sizeof(struct slim_frame) == 28, "frame is ABI");

#endif
