/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source's pumps: from dirty rings and slabs to Rows frames, within the credit of the
 * peer, the bandwidth and a budget for each round; and the walks after the handover.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "move.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define ROUND_BYTES (1u << 20) /* sent in one round */
#define QUEUE_BYTES (2u << 20) /* waiting in the connection */
#define WALK_SLOTS 2048u       /* of the slab for one frame */
#define PROOF_SLOTS 8192u      /* for one round */
#define RATE_NS (200 * MS)
#define BACKLOG_NS (50u * 1000u)
#define ANNOUNCED_NS (2u * 1000u * 1000u) /* a hold that has not begun by then is announced again */
#define BURST_NS (50 * MS)                /* bandwidth that may be used at once */

/* Little is risked before the path is known, and its queue stays short on a slow one. */
#define FIRST_WINDOW (256u << 10)
#define LEAST_WINDOW (8u << 10)
#define FRAME_NS (10 * MS) /* on the path, of one frame */
#define FRAME_BYTES 64u    /* around its rows: frame, TLS and IP */
#define ROW_BYTES 32u /* around the fields of the widest row, its share of a small frame included */
#define FIRST_FRAME_ROWS 256u
#define LEAST_FRAME_ROWS 16u

/* ---- trackers ----------------------------------------------------------------------- */

static struct tracker_config
describe_table(const struct move *m, uint32_t t)
{
	const struct nf_table *table = &m->nf->tables[m->local_tables[t]];

	return (struct tracker_config){
		.link = &m->links[t],
		.epoch_ns = m->epoch_ns,
		.slab = table->slab,
		.slot_size = table->slot_size,
		.capacity = table->schema.capacity,
		.dirty = table->dirty,
		.rings = table->rings,
		.ring_stride = table->ring_stride,
		.ring_size = table->ring_size,
		.n_workers = m->nf->n_workers,
		.table = m->local_tables[t],
		.workers = m->nf->info->workers,
	};
}

int
move_make_trackers(struct move *m)
{
	for (uint32_t t = 0; t < m->n_tables; t++) {
		struct tracker_config config = describe_table(m, t);
		int rc;

		tracker_destroy(m->trackers[t]);
		m->trackers[t] = NULL;
		rc = tracker_create(&config, &m->trackers[t]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

void
move_fill_totals(const struct move *m, struct memo_totals *ret)
{
	*ret = (struct memo_totals){.n_tables = m->n_tables};
	for (uint32_t t = 0; t < m->n_tables; t++) {
		ret->digest[t] = m->trackers[t] != NULL ? m->trackers[t]->digest : 0;
		ret->entries[t] = m->trackers[t] != NULL ? m->trackers[t]->entries : 0;
	}
}

/* ---- credit, bandwidth, rate ------------------------------------------------------------ */

static void
refill_tokens(struct move *m)
{
	uint64_t elapsed;
	int64_t most;

	if (m->max_bandwidth == 0)
		return;
	elapsed = m->driver->now_ns - m->tokens_ns;
	if (elapsed > SECOND)
		elapsed = SECOND;
	most = (int64_t)(m->max_bandwidth * BURST_NS / SECOND) + 1;
	m->tokens += (int64_t)(m->max_bandwidth * elapsed / SECOND);
	if (m->tokens > most)
		m->tokens = most;
	/* Only whole bytes were given; the rest of the time is not forgotten. */
	if (m->max_bandwidth * elapsed / SECOND > 0)
		m->tokens_ns = m->driver->now_ns;
}

/* Bytes of this session that may be on their way. */
static uint64_t
window(const struct move *m)
{
	/* In the hold the last rows go at once. */
	if (m->wants & WANT_DRAIN)
		return SLIM_PEER_WINDOW;
	if (forecast_rate(&m->forecast) == 0)
		return FIRST_WINDOW;
	return forecast_window(&m->forecast, LEAST_WINDOW, SLIM_PEER_WINDOW);
}

/* Rows count however narrow they are: the target has to put them, and others wait behind that. */
static bool
is_window_full(const struct move *m)
{
	return m->in_flight_bytes >= window(m) ||
	       (m->in_flight_rows >= SLIM_WINDOW_ROWS && (m->wants & WANT_DRAIN) == 0);
}

static bool
may_send(const struct move *m)
{
	if (m->conn == NULL || !peer_conn_is_up(m->conn) || !move_may_use_path(m) ||
	    is_window_full(m) || m->sent_tail - m->sent_head >= MOVE_MAX_SENT ||
	    peer_conn_queued(m->conn) >= QUEUE_BYTES)
		return false;
	return m->max_bandwidth == 0 || m->tokens > 0 || (m->wants & WANT_DRAIN) != 0;
}

/* A frame must not keep the path for long: others wait behind it. */
static uint32_t
frame_rows(const struct move *m, uint32_t t)
{
	uint64_t rate = forecast_rate(&m->forecast), rows;

	if (rate == 0)
		return FIRST_FRAME_ROWS;
	rows = rate / (SECOND / FRAME_NS) / row_width_octets(&m->widths[t]);
	if (rows < LEAST_FRAME_ROWS)
		return LEAST_FRAME_ROWS;
	return rows < SLIM_BATCH_ROWS ? (uint32_t)rows : SLIM_BATCH_ROWS;
}

static void
note_sent(struct move *m, uint64_t seq, uint32_t bytes, uint32_t rows)
{
	uint64_t now_ns = move_now_ns();

	m->sent[m->sent_tail++ % MOVE_MAX_SENT] =
		(struct move_sent){.seq = seq, .bytes = bytes, .rows = rows};
	m->in_flight_bytes += bytes;
	m->in_flight_rows += rows;
	m->rows_sent += rows;
	forecast_sent(&m->forecast, now_ns, bytes + FRAME_BYTES);
	if (forecast_wants_question(&m->forecast, now_ns)) {
		forecast_asked(&m->forecast, now_ns);
		m->question_seq = seq;
		m->question_rows = m->rows_sent;
	}
	if (m->max_bandwidth != 0)
		m->tokens -= bytes;
	if (m->session.state == SOURCE_COPYING)
		m->result.snapshot_bytes += bytes;
	else if (m->session.state < SOURCE_ENDED)
		m->result.delta_bytes += bytes;
	m->round_bytes += bytes;
	m->round_rows += rows;
}

/* For people; what decides is the forecast. */
static void
note_rate(struct move *m)
{
	uint64_t elapsed = m->driver->now_ns - m->rate_ns;

	if (elapsed < RATE_NS)
		return;
	m->rows_per_second = (m->rows_acked - m->rate_rows) * SECOND / elapsed;
	m->rate_ns = m->driver->now_ns;
	m->rate_rows = m->rows_acked;
}

static void
take_delivered(struct move *m, const struct move_sent *sent)
{
	m->in_flight_bytes -= sent->bytes;
	m->in_flight_rows -= sent->rows;
	m->rows_acked += sent->rows;
	forecast_delivered(&m->forecast, m->driver->now_ns, sent->bytes + FRAME_BYTES);
}

void
move_take_ack(struct move *m, const Slim__Peer__V1__Ack *ack)
{
	if (ack->installed_rows > m->rows_settled_there && ack->installed_rows <= m->rows_sent)
		m->rows_settled_there = ack->installed_rows;
	while (m->sent_head != m->sent_tail) {
		const struct move_sent *sent = &m->sent[m->sent_head % MOVE_MAX_SENT];

		if (sent->seq > ack->seq)
			break;
		take_delivered(m, sent);
		m->sent_head++;
	}
	if (ack->seq >= m->question_seq && m->rows_settled_there >= m->question_rows)
		forecast_answered(&m->forecast, m->driver->now_ns);
}

static void
forget_sent(struct move *m)
{
	m->sent_head = m->sent_tail = 0;
	m->in_flight_bytes = m->in_flight_rows = 0;
	forecast_forget(&m->forecast);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* What the peer can read, of what is wanted. */
static uint32_t
row_form(const struct move *m, bool lazy)
{
	uint64_t features = m->conn != NULL ? peer_conn_features(m->conn) : 0;

	return (lazy ? ROW_LAZY : 0) | ((features & PEER_FEATURE_NARROW) != 0 ? ROW_NARROW : 0) |
	       (m->compress && (features & PEER_FEATURE_LZ4) != 0 ? ROW_COMPRESS : 0);
}

static bool
send_stage(struct move *m, uint32_t table, bool lazy)
{
	struct row_stage *stage = &m->driver->stage;
	Slim__Peer__V1__Rows rows;
	uint32_t n = stage->n_rows + stage->n_empty, bytes;
	uint64_t seq;

	if (n == 0)
		return true;
	row_pack(stage, &m->links[table], m->epoch_ns, row_form(m, lazy), &rows);
	seq = move_send_rows(m, &rows);
	if (seq == 0)
		return false;
	bytes = (uint32_t)slim__peer__v1__rows__get_packed_size(&rows);
	note_sent(m, seq, bytes, n);
	row_width_note(&m->widths[table], bytes + FRAME_BYTES, n);
	return true;
}

static int
pump_table(struct move *m, uint32_t t, uint32_t max_walk)
{
	int n;

	row_stage_reset(&m->driver->stage, &m->links[t]);
	if (m->driver->stage.max_rows > frame_rows(m, t))
		m->driver->stage.max_rows = frame_rows(m, t);
	n = tracker_fill(m->trackers[t], &m->driver->stage, max_walk);
	if (n < 0 || !send_stage(m, t, false)) {
		move_complain(m, REASON_INTERNAL, "table %s cannot be followed",
			      m->nf->tables[m->local_tables[t]].schema.name);
		return -EBADMSG;
	}
	return n;
}

/* Tables take turns. True when the budget, and not the work, has ended the round. */
static bool
pump_rows(struct move *m, uint32_t max_walk)
{
	uint32_t idle = 0, frames = 0;

	m->round_bytes = m->round_rows = 0;
	refill_tokens(m);
	while (idle < m->n_tables) {
		uint32_t t = m->next_table;
		int n;

		if (!may_send(m))
			return false;
		if (m->round_bytes >= move_share(m, ROUND_BYTES) ||
		    m->round_rows >= move_share(m, SLIM_ROUND_ROWS) || frames++ >= 64)
			return true;
		m->next_table = (t + 1) % m->n_tables;
		n = pump_table(m, t, max_walk);
		if (n < 0) {
			m->wants &= ~(uint32_t)(WANT_WALK | WANT_DRAIN);
			move_event_n(m, EV_DRAIN_BAD, 0, REASON_INTERNAL);
			return false;
		}
		idle = n == 0 ? idle + 1 : 0;
	}
	return false;
}

static uint64_t
count_backlog(const struct move *m)
{
	uint64_t n = 0;

	for (uint32_t t = 0; t < m->n_tables; t++)
		n += tracker_backlog(m->trackers[t]);
	return n;
}

/* On the wire. */
static uint64_t
foresee_backlog(const struct move *m)
{
	uint64_t bytes = 0;

	for (uint32_t t = 0; t < m->n_tables; t++)
		bytes += row_width_foresee(&m->widths[t], tracker_backlog(m->trackers[t]));
	return bytes;
}

static bool
is_walked(const struct move *m)
{
	for (uint32_t t = 0; t < m->n_tables; t++)
		if (tracker_unwalked(m->trackers[t]) > 0)
			return false;
	return true;
}

void
move_begin_copy(struct move *m)
{
	m->wants |= WANT_WALK;
	forecast_init(&m->forecast);
	for (uint32_t t = 0; t < m->n_tables; t++)
		row_width_init(&m->widths[t], m->links[t].payload_size + ROW_BYTES);
	m->copy_ns = m->rate_ns = m->tokens_ns = m->driver->now_ns;
}

/* ---- copy and catch up -------------------------------------------------------------------------- */

/* Nothing has changed, so nothing was sent: an empty frame goes the same way. */
static void
ask_with_an_empty_frame(struct move *m)
{
	Slim__Peer__V1__Rows rows = SLIM__PEER__V1__ROWS__INIT;
	uint64_t seq;

	if (!forecast_wants_question(&m->forecast, move_now_ns()) || !may_send(m))
		return;
	seq = move_send_rows(m, &rows);
	if (seq != 0)
		note_sent(m, seq, (uint32_t)slim__peer__v1__rows__get_packed_size(&rows), 0);
}

/* Of the rows that wait here, and all that is queued below: on its way, in this host's socket. */
static uint64_t
foresee_hold(struct move *m)
{
	uint64_t now_ns = move_now_ns(), here = count_backlog(m), hold_ns;

	m->backlog = (struct move_backlog){.rows = here + m->rows_sent - m->rows_settled_there};
	if (m->conn == NULL)
		return 0;
	m->backlog.bytes = foresee_backlog(m) + peer_conn_below(m->conn);
	m->backlog.rate = forecast_rate(&m->forecast);
	hold_ns = forecast_hold_ns(&m->forecast, now_ns, m->backlog.bytes);
	if (hold_ns != 0)
		m->backlog.trip_ns = forecast_trip_ns(&m->forecast, now_ns);
	return hold_ns;
}

/* The next look begins the hold. Until then the word is on its way, and everybody awake: so the hold begins
 * with a worker that looks, and with a daemon that has nothing to send. */
static bool
announce_hold(struct move *m)
{
	if (m->announced_ns != 0 && m->driver->now_ns - m->announced_ns < ANNOUNCED_NS)
		return false;
	m->announced_ns = m->driver->now_ns;
	move_keep_awake(m, m->session.limits.max_hold_ns);
	move_send_holding(m);
	return true;
}

/* True when more is to be told at once. */
static bool
tell_backlog(struct move *m)
{
	struct session_event event = {.type = EV_BACKLOG, .now_ns = m->driver->now_ns};

	if (m->driver->now_ns - m->backlog_ns < BACKLOG_NS || m->n_events > 0)
		return false;
	move_claim_path(m);
	if (move_waits_for_path(m))
		return false;
	event.hold_ns = foresee_hold(m);
	event.rows = m->backlog.rows;
	event.distance_ns = forecast_distance_ns(&m->forecast);
	if (session_would_hold(&m->session, &event) && announce_hold(m))
		return true;
	m->backlog_ns = m->driver->now_ns;
	m->events[m->n_events++] = event;
	return false;
}

static bool
poll_copy(struct move *m)
{
	bool copying = m->session.state == SOURCE_COPYING;
	bool more = pump_rows(m, WALK_SLOTS);

	note_rate(m);
	if (copying && m->n_events == 0 && is_walked(m))
		move_event(m, EV_WALKED);
	if (m->session.state == SOURCE_CATCHING_UP) {
		ask_with_an_empty_frame(m);
		if ((m->fault & SLIM_FAULT_NO_HANDOVER) == 0)
			more |= tell_backlog(m);
	}
	return more;
}

/* ---- the last deltas ------------------------------------------------------------------------------- */

static void
note_stops(struct move *m)
{
	for (uint32_t w = 0; w < m->nf->n_workers; w++) {
		uint64_t at = atomic_load_explicit(&m->nf->info->workers[w].stopped_ns,
						   memory_order_relaxed);

		if (m->times.stopped_first_ns == 0 || at < m->times.stopped_first_ns)
			m->times.stopped_first_ns = at;
		if (at > m->times.stopped_last_ns)
			m->times.stopped_last_ns = at;
	}
}

/* END is not sent unless it can be there, and answered, within the budget: before it the hold can
 * be undone at once. */
static bool
end_fits(struct move *m)
{
	uint64_t used_ns = move_now_ns() - m->session.held_ns;
	uint64_t left_ns = foresee_hold(m), budget_ns = m->session.limits.max_hold_ns;

	if (used_ns + left_ns <= budget_ns)
		return true;
	move_complain(m, REASON_BUDGET,
		      "the hold was undone after %.1f ms: END would need %.1f ms more, the budget "
		      "is %.1f ms",
		      (double)used_ns / 1e6, (double)left_ns / 1e6, (double)budget_ns / 1e6);
	move_event_n(m, EV_DRAIN_BAD, 0, REASON_BUDGET);
	return false;
}

static bool
poll_drain(struct move *m)
{
	bool more = pump_rows(m, WALK_SLOTS);

	if (m->n_events > 0 || count_backlog(m) > 0 || !is_walked(m))
		return more;
	m->wants &= ~(uint32_t)WANT_DRAIN;
	m->times.drained_ns = move_now_ns();
	note_stops(m);
	for (uint32_t t = 0; t < m->n_tables; t++) {
		if (tracker_is_complete(m->trackers[t]))
			continue;
		move_complain(m, REASON_INTERNAL, "table %s: a change was missed",
			      m->nf->tables[m->local_tables[t]].schema.name);
		move_event_n(m, EV_DRAIN_BAD, 0, REASON_INTERNAL);
		return false;
	}
	if (end_fits(m))
		move_event(m, EV_DRAINED);
	return true;
}

/* ---- proof -------------------------------------------------------------------------------------------- */

/* After a restart there are no trackers; those for walks need no memory of the past. */
static bool
have_trackers(struct move *m)
{
	if (m->nf == NULL || m->n_tables == 0)
		return false;
	return m->trackers[0] != NULL || move_make_trackers(m) == 0;
}

void
move_begin_proof(struct move *m)
{
	if (!have_trackers(m) || m->end.n_tables != m->n_tables) {
		log_session_warn(m->session.id, "no proof: the totals of the handover are lost");
		move_event(m, EV_PROVED);
		return;
	}
	for (uint32_t t = 0; t < m->n_tables; t++)
		tracker_verify_begin(m->trackers[t]);
	m->wants |= WANT_PROVE;
}

static void
compare_proof(struct move *m)
{
	bool differs = false;

	m->result.digest_proof = 0;
	m->result.has_proof = true;
	for (uint32_t t = 0; t < m->n_tables; t++) {
		const struct tracker *tracker = m->trackers[t];

		m->result.digest_proof += tracker->proof_digest;
		differs |= tracker->proof_digest != m->end.digest[t] ||
			   tracker->proof_entries != m->end.entries[t];
	}
	if (!differs && m->nf != NULL)
		memo_set_proved(m->nf, m->session.id);
	if (differs)
		move_complain(m, REASON_PROOF,
			      "the frozen tables differ from the handover's digest");
	move_event_n(m, EV_PROVED, differs, REASON_PROOF);
}

static bool
poll_proof(struct move *m)
{
	for (uint32_t t = 0; t < m->n_tables; t++)
		if (tracker_verify(m->trackers[t], move_share(m, PROOF_SLOTS)) != 1)
			return true;
	m->wants &= ~(uint32_t)WANT_PROVE;
	compare_proof(m);
	return true;
}

/* ---- trail ---------------------------------------------------------------------------------------------- */

/* The journal is lost, and with it which table of the target is which. */
static bool
tables_are_lost(const struct move *m)
{
	return m->nf != NULL && m->n_tables == 0 && m->nf->n_tables > 0;
}

void
move_begin_trail(struct move *m)
{
	if (tables_are_lost(m)) {
		move_complain(m, REASON_RESTART,
			      "what the source counted after the handover is not in the target's "
			      "sums: a restart lost the tables of the move");
		move_event_n(m, EV_TRAILED, 1, REASON_RESTART);
		return;
	}
	m->wants |= WANT_TRAIL;
	m->trail_conn = m->n_lost_conns;
	forget_sent(m);
	m->tokens_ns = m->driver->now_ns;
	if (!have_trackers(m))
		return;
	for (uint32_t t = 0; t < m->n_tables; t++)
		tracker_trail_begin(m->trackers[t]);
}

/* 1: the table is through; 0: not yet. */
static int
trail_table(struct move *m, uint32_t t)
{
	struct row_stage *stage = &m->driver->stage;

	for (uint32_t frames = 0; frames < move_share(m, 16); frames++) {
		if (!may_send(m))
			return 0;
		row_stage_reset(stage, &m->links[t]);
		if (tracker_trail(m->trackers[t], stage, move_share(m, 16 * WALK_SLOTS)) == 0)
			return 1;
		if (!send_stage(m, t, true))
			return 1;
	}
	return 0;
}

static bool
poll_trail(struct move *m)
{
	if (m->conn == NULL || !peer_conn_is_up(m->conn))
		return false;
	/* Its begin may be lost: the answer to who owns it begins it anew. */
	if (m->trail_conn != m->n_lost_conns)
		return false;
	refill_tokens(m);
	for (uint32_t t = 0; m->nf != NULL && t < m->n_tables; t++)
		if (m->trackers[t] != NULL && m->links[t].has_lazy && trail_table(m, t) == 0)
			return may_send(m);
	m->wants &= ~(uint32_t)WANT_TRAIL;
	move_send_empty(m, SLIM__PEER__V1__FRAME__BODY_TRAIL_END);
	return false;
}

bool
move_source_poll(struct move *m)
{
	bool more = false;

	if (m->session.state == SOURCE_UNDOING || m->session.state == SOURCE_DISMISSING)
		m->wants &= WANT_QUERY;
	if (m->nf == NULL)
		m->wants &= WANT_OPEN | WANT_QUERY | WANT_TRAIL;
	if (m->wants & WANT_DRAIN)
		more = poll_drain(m);
	else if (m->wants & WANT_WALK)
		more = poll_copy(m);
	if (m->wants & WANT_PROVE)
		more |= poll_proof(m);
	if (m->wants & WANT_TRAIL)
		more |= poll_trail(m);
	return more;
}
