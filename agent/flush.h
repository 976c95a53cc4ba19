/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flush: rounds that prove "nothing older is under way", on one port.
 *
 * A direct packet at the target may have overtaken an older packet of its flow
 * that went the old way, by the source. So it waits for a round. Let r be
 * the round's number:
 *
 *   target  leader  starts r (the number becomes visible to the workers)
 *           worker  notes how long its queue is now: marked = r
 *           leader  when all have marked: sends FLUSH r to the source
 *   source  worker that receives it: publishes the call
 *           worker  each: drains its receive queue as of then, sends on what it
 *                   redirects, then sends its COPY of r behind that
 *   target  any     counts copies
 *           leader  when the copies of all source workers are back: returned = r
 *           worker  drains its receive queue as of then, hands the packets on
 *                   (next poll): drained = r
 *           leader  when all have drained: swept = r
 *           worker  once nothing waits for it from other workers: passed = r
 *           leader  when all have passed: done = r
 *           worker  releases its queue up to the mark
 *
 * An NF with one worker skips swept and passed.
 *
 * A worker of the source that does not answer for SLIM_FLUSH_GIVE_UP_NS is silent: rounds go on
 * without its copies, and say so, until any frame of it comes. So a dead source costs that time
 * once. When slimd knows the source dead, rounds wait until what it sent last must have arrived,
 * and then for nothing any more.
 *
 * The functions are pure over atomics that the workers share: the time is a parameter, no packets,
 * no DPDK. Each release store is met by the acquire load named F1.. at its other end.
 *
 *   F1  round     leader release  -> worker acquire (the request that r covers)
 *   F2  marked    worker release  -> leader acquire (mark is taken)
 *   F3  copies    any acq_rel     -> leader acquire
 *   F4  returned  leader release  -> worker acquire (what the copies pushed ahead is in the queues)
 *   F5  drained   worker release  -> leader acquire
 *   F6  swept     leader release  -> worker acquire
 *   F7  passed    worker release  -> leader acquire
 *   F8  done      leader release  -> worker acquire
 *   F9  call      any acq_rel     -> worker acquire (source)
 *   F10 heard     any release     -> leader acquire
 */
#ifndef SLIM_AGENT_FLUSH_H
#define SLIM_AGENT_FLUSH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "slim_limits.h"

#define SLIM_FLUSH_RESEND_NS UINT64_C(1000000)
/* Far longer than a living worker is ever kept from its processor. */
#define SLIM_FLUSH_GIVE_UP_NS UINT64_C(3000000000)
/* When slimd knows the source dead, what it sent last may still be on its way through the switch. Far longer than that
 * takes, and far shorter than anybody notices. */
#define SLIM_FLUSH_IN_FLIGHT_NS UINT64_C(50000000)
/* Some NICs write received packets back late (several at once, or after a timer of some 30 us): a
 * packet in one queue can be seen before an older one in another. So where packets come in
 * several queues an empty one counts as drained only after this time. */
#define SLIM_FLUSH_WRITE_BACK_NS UINT64_C(50000)

/* ---- target: what the workers share, for one port -------------------------- */

enum slim_flush_phase {
	SLIM_FLUSH_IDLE,
	SLIM_FLUSH_MARKING,
	SLIM_FLUSH_ASKING,
	SLIM_FLUSH_DRAINING,
	SLIM_FLUSH_PASSING,
};

struct slim_flush_rounds {
	_Atomic uint32_t round;
	_Atomic uint32_t returned;
	_Atomic uint32_t swept;
	_Atomic uint32_t done;
	_Atomic uint64_t copies; /* round << 32 | bit per source worker */
	_Atomic uint32_t heard;  /* bit per source worker: a frame of it came */
	_Atomic uint32_t marked[SLIM_MAX_WORKERS];
	_Atomic uint32_t drained[SLIM_MAX_WORKERS];
	_Atomic uint32_t passed[SLIM_MAX_WORKERS];
	/* The leader's own. */
	enum slim_flush_phase phase;
	uint32_t request;  /* round_request that this round covers */
	uint64_t sent_ns;  /* FLUSH, the last time */
	uint64_t asked_ns; /* FLUSH, the first time */
	uint64_t gone_ns;  /* when the source was first known to be dead; 0: it is not */
	uint32_t silent;   /* bit per source worker that was given up, and not heard of since */
};

/* What the leader has to do after a step. */
enum slim_flush_action {
	SLIM_FLUSH_NOTHING,
	SLIM_FLUSH_SEND,      /* send FLUSH, first time */
	SLIM_FLUSH_RESEND,    /* send FLUSH again */
	SLIM_FLUSH_GAVE_UP,   /* the round goes on without copies of silent workers */
	SLIM_FLUSH_NO_SOURCE, /* the round goes on without a source, which is known to be dead */
	SLIM_FLUSH_FINISHED,  /* a round is complete; it covers `request` */
};

struct slim_flush_view {
	uint32_t n_workers;    /* of the target */
	uint32_t peer_workers; /* of the source */
	uint32_t request;      /* round_request now */
	uint32_t covered;      /* round_request that the last finished round covered */
	bool waiting;          /* a direct packet waits on this port */
	bool source_gone;      /* slimd knows the source dead */
	uint64_t give_up_ns;   /* how long a worker of the source may not answer */
	uint64_t now_ns;
};

/* Leader, once a poll. */
enum slim_flush_action slim_flush_lead(struct slim_flush_rounds *rounds,
				       const struct slim_flush_view *view);

/* Leader: forgets a round under way, when the instance begins to serve. */
void slim_flush_reset(struct slim_flush_rounds *rounds);

/* Any worker: a frame of source worker `peer` has arrived, of whatever kind. */
void slim_flush_heard(struct slim_flush_rounds *rounds, uint32_t peer);

/* Any worker: a copy of `round` of source worker `peer` has arrived. */
void slim_flush_copy(struct slim_flush_rounds *rounds, uint32_t round, uint32_t peer);

/* ---- draining a receive queue "as of now" ------------------------------------ */

/* A queue is drained once a receive call found nothing, or as many packets were
 * received as the queue can hold. (A call that returned fewer than asked proves nothing: drivers
 * round down, virtio to whole cache lines, vector code to 4 or 8. For the same reason a call that
 * asks for less than a whole chunk proves nothing when it finds nothing.) */
struct slim_flush_drain {
	bool on;
	bool ended;
	uint32_t left;
	uint64_t not_before_ns; /* an empty queue proves nothing earlier */
};

/* A worker's receive queue of the port. */
struct slim_flush_queue {
	uint32_t size;          /* 0: the worker has none */
	uint64_t write_back_ns; /* how late packets may show; 0: the port has one queue */
	uint64_t now_ns;
};

void slim_flush_drain_start(struct slim_flush_drain *drain, const struct slim_flush_queue *queue);

/* A receive call that asked for a whole chunk got so many. */
static inline void
slim_flush_drain_note(struct slim_flush_drain *drain, uint32_t n_received, uint64_t now_ns)
{
	if (!drain->on)
		return;
	if (n_received >= drain->left || (n_received == 0 && now_ns >= drain->not_before_ns)) {
		drain->on = false;
		drain->ended = true;
		return;
	}
	drain->left -= n_received;
}

/* ---- target: one worker's part --------------------------------------------------- */

struct slim_flush_member {
	uint64_t mark;    /* position in the worker's queue when it marked */
	uint64_t release; /* packets before this position may go */
	uint32_t marked, returned, done;
	bool may_pass; /* seen at the poll that opened this burst */
	struct slim_flush_drain drain;
};

/* Once a poll: before any receive call of the burst. `tail`: position of the end of what waits. What
 * a drain has found must have been handed to the NF by then. */
void slim_flush_poll(struct slim_flush_rounds *rounds, struct slim_flush_member *member,
		     uint32_t worker, uint64_t tail, const struct slim_flush_queue *queue);

/* End of the burst, when nothing waits for this worker from other workers. */
void slim_flush_pass(struct slim_flush_rounds *rounds, struct slim_flush_member *member,
		     uint32_t worker);

/* ---- source ------------------------------------------------------------------------ */

struct slim_flush_calls {
	_Atomic uint64_t call; /* count << 32 | round; round 0: none yet */
};

struct slim_flush_answer {
	uint64_t seen;     /* last call taken up */
	uint32_t round;    /* to answer */
	bool owed;         /* a copy is due */
	bool placed;       /* `position` is valid: the drain is over */
	uint64_t position; /* what stands before it must have been sent on */
	struct slim_flush_drain drain;
};

/* Leader, when a session's hold begins: calls of the one before are no longer compared with. */
void slim_flush_forget_calls(struct slim_flush_calls *calls);

/* Each worker, then: they are not answered either. */
void slim_flush_answer_begin(const struct slim_flush_calls *calls,
			     struct slim_flush_answer *answer);

/* Any worker: FLUSH has arrived. One of an older round, late by another way, changes nothing. */
void slim_flush_call(struct slim_flush_calls *calls, uint32_t round);

/* Once a poll. */
void slim_flush_answer_poll(const struct slim_flush_calls *calls, struct slim_flush_answer *answer,
			    const struct slim_flush_queue *queue);

/* Is the copy due now? head, tail: positions of the worker's queue. The caller sends it
 * and then calls slim_flush_answer_sent(). */
bool slim_flush_answer_due(struct slim_flush_answer *answer, uint64_t head, uint64_t tail);
void slim_flush_answer_sent(struct slim_flush_answer *answer);

#endif
