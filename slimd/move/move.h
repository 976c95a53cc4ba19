/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A move: one session and all that the driver holds for it. Shared by driver.c
 * (events, effects, the list) and its parts:
 *
 *   move_source.c   the pumps of the source: copy, catch up, drain, trail, proof
 *   move_target.c   the pumps of the target: install, verify, rounds, merge
 *   move_peer.c     frames out and in
 *   move_ask.c      what was asked for, and the source's own checks
 *   move_check.c    the target's preflight checks, schema links
 *   move_result.c   numbers for the job
 *   move_explain.c  the words of reasons
 *   move_journal.c  what a restart needs
 *   move_memory.c   what the NF's memory says, journal or not
 *
 * Facts are queued (move_event) and delivered by move_run(), one after the other; the
 * effects of one are carried out before the next is delivered. No part calls
 * session_step() itself.
 */
#ifndef SLIMD_MOVE_MOVE_H
#define SLIMD_MOVE_MOVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "driver_config.h"
#include "forecast.h"
#include "row_width.h"
#include "frame.h"
#include "gate.h"
#include "install.h"
#include "job.h"
#include "journal.h"
#include "memo.h"
#include "reasons.h"
#include "row.h"
#include "session.h"
#include "stray.h"
#include "sums.h"
#include "tracker.h"

#define ORPHAN_NS UINT64_C(30000000000) /* so long an NF may take to register again */
#define MOVE_MAX_EVENTS 64u
#define MOVE_PEER_EVENTS 32u /* of these a peer may fill */
#define MOVE_MAX_TODO 128u
#define MOVE_MAX_SENT 4096u /* Rows frames on their way without Ack */

/* Deeds under way whose end is a fact. Bits of struct move.wants. */
enum move_want {
	WANT_OPEN = 1u << 0,  /* send Open when the peer is there */
	WANT_QUERY = 1u << 1, /* send Query when the peer is there */
	WANT_PROBED = 1u << 2,
	WANT_WALK = 1u << 3,
	WANT_DRAIN = 1u << 4,
	WANT_TRAIL = 1u << 5,
	WANT_PROVE = 1u << 6,
	WANT_INSTALL = 1u << 7, /* target: rows may come */
	WANT_MARKS = 1u << 8,
	WANT_VERIFY = 1u << 9,
	WANT_ROUND = 1u << 10,
	WANT_MERGE = 1u << 11,
	WANT_ROOM = 1u << 12, /* target: memory for the rows that will come */
};

/* A Rows frame that waits for its installation. */
struct move_rows {
	STAILQ_ENTRY(move_rows) link;
	uint64_t seq;
	size_t size;              /* of all of this */
	Slim__Peer__V1__Rows msg; /* points into `bytes` */
	uint8_t bytes[];
};
STAILQ_HEAD(move_rows_list, move_rows);

/* The last forecast of the hold, in its parts: what BACKLOG was told. */
struct move_backlog {
	uint64_t rows;    /* here, and not settled there */
	uint64_t trip_ns; /* 0: no answer is young enough, so nothing is known */
	uint64_t bytes;   /* here and below */
	uint64_t rate;    /* bytes a second */
};

struct move_sent {
	uint64_t seq;
	uint32_t bytes;
	uint32_t rows;
};

/* Times of one handover, CLOCK_MONOTONIC; 0: not yet. */
struct move_times {
	uint64_t hold_ns, stopped_first_ns, stopped_last_ns, held_ns, drained_ns, end_ns;
	uint64_t taken_frame_ns, taken_peer_ns, taken_ns, redirected_ns, flipped_ns, quiet_ns;
	uint64_t applied_ns,
		serving_ns; /* target: times; source: how long after End it took there */
};

/* Histograms and counters as they were when the session began. */
struct move_baseline {
	uint64_t counters[NF_N_COUNTERS];
	uint64_t device_drops;
	struct slim_shm_hist hold_wait;
	struct slim_shm_hist flush_wait;
};

struct move {
	TAILQ_ENTRY(move) link;
	struct driver *driver;
	struct session session;
	struct nf *nf; /* held; NULL: gone or not here yet */
	struct gate gate;
	struct peer_conn *conn; /* NULL: not connected */
	uint64_t n_lost_conns;  /* that this session has had */
	struct job *job;        /* source; NULL once it was dropped from the list */

	char nf_name[SLIM_NAME_SIZE];
	char service[SLIM_NAME_SIZE];
	char peer[SLIM_NAME_SIZE];
	char other_nf[SLIM_NAME_SIZE];
	uint64_t nf_instance;
	uint64_t nonce;
	uint64_t epoch_ns; /* the session's epoch on this host's clock */
	uint32_t peer_workers;
	uint64_t hold_limit_ns;
	uint64_t max_bandwidth;
	uint32_t fault;
	uint16_t vids[SLIM_MAX_PORTS];
	bool compress;
	bool restored;
	uint64_t orphan_ns;       /* replayed, not taken up yet: give up waiting for the NF then */
	enum session_stage stage; /* as the journal says it last */

	uint32_t n_tables;
	struct schema_link links[SLIM_MAX_TABLES]; /* by the source's table number */
	uint8_t local_tables[SLIM_MAX_TABLES];     /* its number here */
	struct tracker *trackers[SLIM_MAX_TABLES];
	uint32_t next_table;
	struct memo_totals end;   /* source: sent; target: received */
	struct memo_totals taken; /* source: received with Taken */

	/* Events and effects on their way. */
	struct session_event events[MOVE_MAX_EVENTS];
	size_t n_events;
	struct session_effect todo[MOVE_MAX_TODO];
	size_t n_todo;
	uint64_t flush_until_ns; /* a journal write waits for the peer's frame to leave */
	bool done;
	uint32_t wants;           /* enum move_want */
	uint64_t urgent_until_ns; /* packets are held for it, or soon will be */
	uint64_t announced_ns;    /* when the source last said that it is about to hold */
	uint64_t tick_ns;
	uint64_t query_ns; /* next try to connect */
	uint64_t ask_ns;   /* the target did not know yet: ask again then; 0: not */

	size_t n_reasons;
	struct job_reason reasons[SLIM_MAX_REASONS];
	uint32_t doomed; /* source: a reason of its own; the others are still asked for theirs */
	struct session_event refusal; /* waits for the controller's reasons; START: none */

	/* Source. */
	struct move_sent *sent; /* ring of MOVE_MAX_SENT */
	uint32_t sent_head, sent_tail;
	uint64_t in_flight_bytes, in_flight_rows;
	uint64_t rows_sent, rows_acked;
	uint64_t rows_settled_there;      /* installed at the target, and in its digest */
	uint64_t round_bytes, round_rows; /* sent in this round */
	uint64_t copy_ns;                 /* when the walk began */
	uint64_t rate_ns, rate_rows;
	uint64_t rows_per_second; /* of late, for people */
	struct forecast forecast;
	struct row_width widths[SLIM_MAX_TABLES];
	uint64_t question_seq, question_rows; /* answered once both are settled there */
	int64_t tokens; /* bytes that may be sent; below 0 after a batch larger than what was left */
	uint64_t tokens_ns;
	uint64_t backlog_ns; /* when BACKLOG was told last */
	struct move_backlog backlog;
	uint64_t progress_ns; /* when the job was told last */
	uint64_t redirected_before;
	uint32_t finish_round;
	uint64_t trail_conn;     /* `n_lost_conns` when the trail began: it is of one connection */
	uint64_t lost_seen;      /* packets lost to limits at the last GATE_DONE */
	uint64_t lost_before;    /* what the peer had named as lost before a restart */
	uint32_t failed_before;  /* slim.v1.ReasonCode: the verdict was failed before it; 0: no */
	uint64_t stood_still_ns; /* longest silence of a worker while it carried packets */
	struct move_times times;
	struct move_baseline base;
	struct job_result result;

	/* Target. */
	struct install install;
	bool installing;
	struct sums *sums[SLIM_MAX_TABLES]; /* NULL: the table has none, or a restart lost them */
	uint64_t sums_lost;                 /* lazy rows not merged, or without them */
	bool install_failed;                /* the NF could not install a row; said once */
	struct move_rows_list rows;
	size_t rows_bytes;
	struct row_view view;
	const Slim__Peer__V1__Rows *open_rows; /* the first of `rows`, checked; NULL: not yet */
	uint32_t open_at;                      /* next row of it, empty slots first */
	uint64_t ack_seq, acked_seq;
	uint64_t rows_put, rows_settled; /* to the install rings; in the tables and the digest */
	uint32_t round;
	uint64_t rounds_gave_up; /* before it */
	bool path_is_flushed;    /* the last round is through, and waited for everybody */
	uint64_t merged;
	uint64_t verify_ns;

	struct journal *journal;
	bool no_journal; /* its file could not be read, so nothing is written to it */
};

TAILQ_HEAD(move_list, move);

/* A session that its target ended without the source; the journal file keeps it, too. */
struct driver_settled {
	uint64_t session;
	char peer[SLIM_NAME_SIZE]; /* the source, which must be told */
};
#define DRIVER_MAX_SETTLED 32u /* the oldest makes room */
/* A session whose journal file is left alone. */
struct driver_left {
	uint64_t session;
	bool unread; /* it could not be read: it says nothing, and the NF's memory does */
};
#define DRIVER_MAX_LEFT 64u

struct driver {
	struct driver_config config;
	struct move_list moves;
	size_t n_moves;
	struct job_list jobs;
	struct stray_list strays;
	struct driver_settled settled[DRIVER_MAX_SETTLED]; /* oldest first */
	size_t n_settled;
	uint64_t protocol_errors[DRIVER_N_ERRORS];
	uint64_t began_ns; /* NFs need a moment to register with a daemon that has just begun */
	struct driver_left left[DRIVER_MAX_LEFT];
	size_t n_left;          /* may be more */
	struct row_stage stage; /* rows leave it before the next move is served */
	uint64_t now_ns;        /* of this round */
	uint64_t path_session;  /* it alone sends rows, until: */
	uint64_t path_until_ns;
	uint64_t path_again_ns; /* nobody may claim the path before */
};

uint64_t move_now_ns(void);
uint64_t move_unix_ns(void);

/* ---- driver.c ------------------------------------------------------------------------ */

/* Queues a fact. */
void move_event(struct move *m, enum session_event_type type);
void move_event_n(struct move *m, enum session_event_type type, uint64_t n, uint32_t reason);

/* A reason for people and for the job. */
void move_complain(struct move *m, uint32_t code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct move *move_find(const struct driver *driver, uint64_t session);

/* A call of the controller for this session: one of FX_STEER_*. */
void move_call_controller(struct move *m, enum session_effect_type type, uint64_t arg);

/* A new move in the list, NF held; NULL: no memory or too many. */
struct move *move_create(struct driver *driver, uint64_t session, bool is_source, struct nf *nf);

/* ---- move_source.c ---------------------------------------------------------------------- */

/* A round of the source's pumps. True: more could be done at once. */
bool move_source_poll(struct move *m);
int move_make_trackers(struct move *m);
void move_begin_copy(struct move *m);
void move_begin_proof(struct move *m);
void move_begin_trail(struct move *m);
void move_take_ack(struct move *m, const Slim__Peer__V1__Ack *ack);
void move_fill_totals(const struct move *m, struct memo_totals *ret);

/* ---- move_target.c ----------------------------------------------------------------------- */

bool move_target_poll(struct move *m);
void move_take_rows(struct move *m, uint64_t seq, const Slim__Peer__V1__Rows *rows);
/* Makes room for rows: all anew, or what is not there yet. */
int move_begin_install(struct move *m);
int move_finish_install(struct move *m);
void move_end_install(struct move *m);
void move_drop_sums(struct move *m); /* with their files when the move is done */
void move_request_round(struct move *m);
/* A frame of the trail has come: is the redirect path proven to be empty? */
void move_note_trail(struct move *m);

/* ---- move_peer.c -------------------------------------------------------------------------- */

void move_send_open(struct move *m);
void move_send_reply(struct move *m);
void move_send_begin(struct move *m);
void move_send_end(struct move *m);
void move_send_holding(struct move *m);
void move_send_taken(struct move *m);
void move_send_finish(struct move *m);
void move_send_finished(struct move *m);
void move_send_trail_done(struct move *m);
void move_send_close(struct move *m, bool complete);
void move_send_closed(struct move *m);
void move_send_failed(struct move *m);
void move_send_query(struct move *m);
void move_send_source_gone(struct move *m, bool left);
void move_send_standing(struct move *m, enum session_standing standing);
void move_send_ack(struct move *m);
uint64_t move_send_rows(struct move *m, Slim__Peer__V1__Rows *rows);

/* Frames without a body of their own. */
void move_send_empty(struct move *m, Slim__Peer__V1__Frame__BodyCase kind);

/* A refusal of an Open for which there is no move. */
void move_send_refusal(struct peer_conn *conn, uint64_t session, const struct job_reason *reasons,
		       size_t n);
/* Counts it, says so, and tells the core. */
void move_protocol_error(struct move *m, enum driver_protocol_error error);

/* A frame of this move. */
void move_take_frame(struct move *m, const Slim__Peer__V1__Frame *frame);

/* Messages for the journal. Valid until the next call. */
struct move_open_message {
	Slim__Peer__V1__Open open;
	struct schema_message tables[SLIM_MAX_TABLES];
	Slim__Peer__V1__Table *table_ptrs[SLIM_MAX_TABLES];
	Slim__Peer__V1__Port ports[SLIM_MAX_PORTS];
	Slim__Peer__V1__Port *port_ptrs[SLIM_MAX_PORTS];
};
void move_build_open(const struct move *m, struct move_open_message *ret);

/* ---- move_check.c ------------------------------------------------------------------------- */

struct move_reasons {
	size_t n;
	struct job_reason list[SLIM_MAX_REASONS];
};

/* The target's answer to an Open: the NF that it fits, or NULL with all the reasons. `links` and
 * `local_tables` are filled on success. */
struct nf *move_check_open(struct driver *driver, const Slim__Peer__V1__Open *open,
			   struct schema_link *links, uint8_t *local_tables,
			   struct move_reasons *reasons);

/* The source's check of an OpenReply; fills its links. False with reasons in the move. */
bool move_check_reply(struct move *m, const Slim__Peer__V1__OpenReply *reply);

/* Writes vids of ports by name into the move. False: a port is missing. */
bool move_set_vids(struct move *m, size_t n, const char *const *ports, const uint32_t *vids);

/* ---- move_ask.c ----------------------------------------------------------------------------- */

/* Preflight has failed with this event. The controller is asked for its reasons first, so that all
 * of them are told at once. */
void move_refuse(struct move *m, enum session_event_type type, uint32_t reason);
bool move_is_refused(const struct move *m);
void move_deliver_refusal(struct move *m);

/* ---- move_turn.c --------------------------------------------------------------------------- */

/* Packets are about to be held for this session, for as long as its budget. */
void move_become_urgent(struct move *m, uint64_t budget_ns);
/* The NF's workers do not sleep for that long, or 10 ms if that is less. */
void move_keep_awake(struct move *m, uint64_t budget_ns);
bool move_is_urgent(const struct move *m);

/* Another session is urgent, and this one is not. */
bool move_must_wait(const struct move *m);

/* What a turn may take of something that it may take so much of when it is alone. */
uint32_t move_share(const struct move *m, uint32_t alone);

/* Source: it has caught up and wants to hand over; it has, or goes back; may rows be sent? */
void move_claim_path(struct move *m);
void move_leave_path(struct move *m);
bool move_may_use_path(const struct move *m);
/* Has it the path, with frames of others still on their way? Not for long. */
bool move_waits_for_path(const struct move *m);

/* ---- move_memory.c ------------------------------------------------------------------------- */

/* What the NF's memory says of a session. False: it works for another one. */
bool move_recall_memory(const struct nf *nf, uint64_t session, struct session_memory *ret);

/* Takes tags, nonce, limits and the other end from the NF's last command, if that names the session.
 * It outranks the journal, which may have begun after the messages that told them. */
void move_recall_command(struct move *m);

/* Keeps the stage in the NF's memo, before the journal: it is never behind that. */
void move_keep_memo(struct move *m, enum session_stage stage);

/* Keeps the handover's totals in the NF's memo: a source's before END is sent, a target's before it serves. */
void move_keep_totals(struct move *m, const struct memo_totals *totals);

/* Takes from the memo how far the session is (*stage stays when it does not say), what was lost before, and
 * the handover's totals with their proof. */
void move_recall_memo(struct move *m, enum session_stage *stage);

/* An NF has registered: a session in its memory that no journal knows is taken up. */
void move_adopt_memory(struct driver *driver, struct nf *nf);

/* Answers for sessions that are unknown here, or over, or whose NF has not registered yet. */
void move_answer_unknown(struct driver *driver, struct peer_conn *conn,
			 const Slim__Peer__V1__Frame *frame);

/* ---- move_result.c ------------------------------------------------------------------------- */

void move_note_baseline(struct move *m);
void move_baseline_losses(const struct move *m, struct slim_shm_losses *ret_losses);
void move_set_baseline_losses(struct move *m, const struct slim_shm_losses *losses);
uint64_t move_count_lost(const struct move *m);

/* Packets that the NF's devices lost since the session began: no free descriptor, or no buffer. */
uint64_t move_device_drops(const struct move *m);
uint64_t move_counter(const struct move *m, const char *name); /* since the baseline */
void move_hist(const struct move *m, bool flush, uint64_t *ret_p50_ns, uint64_t *ret_max_ns);
void move_note_phase(struct move *m);
void move_note_progress(struct move *m);
void move_finish_job(struct move *m);

/* ---- move_explain.c ------------------------------------------------------------------------ */

/* The session has found its reason in a step that began in state `before`, with facts `missing`
 * (session_missing()): says it in words, if nobody has yet. */
void move_explain(struct move *m, enum session_state before, uint64_t missing);

/* The reasons of a session that is over, all of them, for its job. */
void move_tell_reasons(struct move *m);

/* A job that runs, for a session that nobody here has asked for; NULL: too many run. */
struct job *move_add_job(struct move *m);

/* The same for a session whose target is here: people see it, and can end it. */
void move_add_target_job(struct move *m, bool dry_run);

/* ---- move_journal.c ------------------------------------------------------------------------- */

/* Makes a stage durable. A failure of the disk is the event JOURNAL_BAD. */
void move_write_stage(struct move *m, enum session_stage stage);
/* What the peer named as lost. The session is failed, whatever daemon ends it. */
void move_write_lost(struct move *m, uint64_t n);
/* The verdict has become failed. A daemon that takes the session up does not say anything better. */
void move_write_failed(struct move *m);
void move_write_message(struct move *m, enum journal_kind kind, const ProtobufCMessage *message);

/* A session that ended here without its source `peer`; NULL: none. */
const struct driver_settled *move_settled(const struct driver *driver, uint64_t session,
					  const char *peer);
void move_forget_settled(struct driver *driver, uint64_t session);

/* Makes moves of all journals in the state directory. What cannot be read or understood is left
 * alone: file, gates and traffic stay as they are, and a job says so. */
int move_replay(struct driver *driver);
/* Another version knows more of it: its NF is left alone, too. */
bool move_is_left(const struct driver *driver, uint64_t session);
bool move_is_unread(const struct driver *driver, uint64_t session);

/* Reads back links, tags and digests; the NF must be there. */
void move_recall(struct move *m);

/* A replayed move has its NF (or will never have it: NULL) and goes on. */
void move_take_up(struct move *m, struct nf *nf);

#endif
