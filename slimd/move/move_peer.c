/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a move, out and in. */
#include <signal.h>
#include <string.h>

#include "log.h"
#include "move.h"

#define ASK_AGAIN_NS UINT64_C(20000000)

#define FRAME(kind, member, message)                                                    \
	{                                                                               \
		.base = PROTOBUF_C_MESSAGE_INIT(&slim__peer__v1__frame__descriptor),    \
		.body_case = SLIM__PEER__V1__FRAME__BODY_##kind, {.member = (message)}, \
	}

/* protobuf-c has no const strings; nobody writes through them. */
static char *
text(const char *from)
{
	return (char *)(uintptr_t)from;
}

static uint64_t
send_frame(struct move *m, Slim__Peer__V1__Frame *frame)
{
	if (m->conn == NULL)
		return 0;
	frame->session = m->session.id;
	return peer_send(m->conn, frame);
}

/* ---- out: both sides ---------------------------------------------------------------------- */

void
move_send_empty(struct move *m, Slim__Peer__V1__Frame__BodyCase kind)
{
	Slim__Peer__V1__Ready ready = SLIM__PEER__V1__READY__INIT;
	Slim__Peer__V1__TrailEnd trail_end = SLIM__PEER__V1__TRAIL_END__INIT;
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;

	frame.body_case = kind;
	if (kind == SLIM__PEER__V1__FRAME__BODY_READY)
		frame.ready = &ready;
	else
		frame.trail_end = &trail_end;
	send_frame(m, &frame);
}

static size_t
fill_ports(const struct nf *nf, Slim__Peer__V1__Port *ports, Slim__Peer__V1__Port **ptrs)
{
	for (uint32_t p = 0; p < nf->n_ports; p++) {
		slim__peer__v1__port__init(&ports[p]);
		ports[p].name = text(nf->ports[p].name);
		ports[p].mac.data = (uint8_t *)(uintptr_t)nf->ports[p].mac;
		ports[p].mac.len = sizeof(nf->ports[p].mac);
		ptrs[p] = &ports[p];
	}
	return nf->n_ports;
}

struct totals_message {
	Slim__Peer__V1__TableTotals tables[SLIM_MAX_TABLES];
	Slim__Peer__V1__TableTotals *ptrs[SLIM_MAX_TABLES];
};

static size_t
fill_totals(const struct move *m, const struct memo_totals *totals, struct totals_message *ret)
{
	if (totals->n_tables != m->n_tables || m->nf == NULL)
		return 0;
	for (uint32_t t = 0; t < m->n_tables; t++) {
		slim__peer__v1__table_totals__init(&ret->tables[t]);
		ret->tables[t].name = text(m->nf->tables[m->local_tables[t]].schema.name);
		ret->tables[t].entries = totals->entries[t];
		ret->tables[t].digest = totals->digest[t];
		ret->ptrs[t] = &ret->tables[t];
	}
	return m->n_tables;
}

/* ---- out: source ------------------------------------------------------------------------------ */

void
move_build_open(const struct move *m, struct move_open_message *ret)
{
	const struct nf *nf = m->nf;
	Slim__Peer__V1__Open *open = &ret->open;

	slim__peer__v1__open__init(open);
	open->source_nf = text(m->nf_name);
	open->target_nf = text(m->other_nf);
	open->service = text(m->service);
	open->kind = text(nf->kind);
	open->nf_version = text(nf->nf_version);
	open->identity = text(nf->identity);
	open->n_workers = nf->n_workers;
	open->hold_capacity = nf->hold_capacity;
	for (uint32_t t = 0; t < nf->n_tables; t++) {
		schema_to_peer(&nf->tables[t].schema, nf_table_used(nf, t), &ret->tables[t]);
		ret->table_ptrs[t] = &ret->tables[t].table;
	}
	open->n_tables = nf->n_tables;
	open->tables = ret->table_ptrs;
	open->n_ports = fill_ports(nf, ret->ports, ret->port_ptrs);
	open->ports = ret->port_ptrs;
	open->clock_ns = m->epoch_ns;
	open->nonce = m->nonce;
	open->dry_run = m->session.dry_run;
}

void
move_send_open(struct move *m)
{
	struct move_open_message message;
	Slim__Peer__V1__Frame frame = FRAME(OPEN, open, &message.open);

	if (m->nf == NULL)
		return;
	m->epoch_ns = move_now_ns();
	move_build_open(m, &message);
	send_frame(m, &frame);
	if (!m->session.dry_run)
		move_write_message(m, JOURNAL_OPEN, &message.open.base);
}

void
move_send_begin(struct move *m)
{
	Slim__Peer__V1__Begin begin = SLIM__PEER__V1__BEGIN__INIT;
	Slim__Peer__V1__Frame frame = FRAME(BEGIN, begin, &begin);
	Slim__Peer__V1__PortVid vids[SLIM_MAX_PORTS], *ptrs[SLIM_MAX_PORTS];

	if (m->nf == NULL)
		return;
	for (uint32_t p = 0; p < m->nf->n_ports; p++) {
		slim__peer__v1__port_vid__init(&vids[p]);
		vids[p].port = text(m->nf->ports[p].name);
		vids[p].vid = m->vids[p];
		ptrs[p] = &vids[p];
	}
	begin.n_vids = m->nf->n_ports;
	begin.vids = ptrs;
	begin.hold_limit_ns = m->hold_limit_ns;
	begin.fault = m->fault;
	send_frame(m, &frame);
	move_write_message(m, JOURNAL_BEGIN, &begin.base);
}

uint64_t
move_send_rows(struct move *m, Slim__Peer__V1__Rows *rows)
{
	Slim__Peer__V1__Frame frame = FRAME(ROWS, rows, rows);

	return send_frame(m, &frame);
}

/* So that the target is awake when its part comes. An older one would not know the frame. */
void
move_send_holding(struct move *m)
{
	Slim__Peer__V1__Holding holding = SLIM__PEER__V1__HOLDING__INIT;
	Slim__Peer__V1__Frame frame = FRAME(HOLDING, holding, &holding);

	if (m->conn == NULL || (peer_conn_features(m->conn) & PEER_FEATURE_HOLDING) == 0)
		return;
	holding.budget_ns = m->session.limits.max_hold_ns;
	send_frame(m, &frame);
}

void
move_send_end(struct move *m)
{
	Slim__Peer__V1__End end = SLIM__PEER__V1__END__INIT;
	Slim__Peer__V1__Frame frame = FRAME(END, end, &end);
	struct totals_message totals;

	end.n_tables = fill_totals(m, &m->end, &totals);
	end.tables = totals.ptrs;
	end.rows_sent = m->rows_sent;
	send_frame(m, &frame);
}

void
move_send_finish(struct move *m)
{
	Slim__Peer__V1__Finish finish = SLIM__PEER__V1__FINISH__INIT;
	Slim__Peer__V1__Frame frame = FRAME(FINISH, finish, &finish);

	finish.round = ++m->finish_round;
	send_frame(m, &frame);
}

void
move_send_close(struct move *m, bool complete)
{
	Slim__Peer__V1__Close close = SLIM__PEER__V1__CLOSE__INIT;
	Slim__Peer__V1__Frame frame = FRAME(CLOSE, close, &close);

	close.complete = complete;
	close.target_nf = text(m->other_nf);
	if (m->n_reasons > 0)
		close.text = m->reasons[0].text;
	send_frame(m, &frame);
}

void
move_send_query(struct move *m)
{
	Slim__Peer__V1__Query query = SLIM__PEER__V1__QUERY__INIT;
	Slim__Peer__V1__Frame frame = FRAME(QUERY, query, &query);

	query.target_nf = text(m->other_nf);
	send_frame(m, &frame);
}

void
move_send_source_gone(struct move *m, bool left)
{
	Slim__Peer__V1__SourceGone gone = SLIM__PEER__V1__SOURCE_GONE__INIT;
	Slim__Peer__V1__Frame frame = FRAME(SOURCE_GONE, source_gone, &gone);

	gone.left = left;
	send_frame(m, &frame);
}

/* ---- out: target -------------------------------------------------------------------------------- */

static void
send_reply(struct peer_conn *conn, uint64_t session, Slim__Peer__V1__OpenReply *reply,
	   const struct job_reason *reasons, size_t n)
{
	Slim__Peer__V1__Frame frame = FRAME(OPEN_REPLY, open_reply, reply);
	Slim__Peer__V1__Reason messages[SLIM_MAX_REASONS], *ptrs[SLIM_MAX_REASONS];

	for (size_t i = 0; i < n; i++) {
		slim__peer__v1__reason__init(&messages[i]);
		messages[i].code = reasons[i].code;
		messages[i].text = text(reasons[i].text);
		ptrs[i] = &messages[i];
	}
	reply->n_reasons = n;
	reply->reasons = ptrs;
	frame.session = session;
	peer_send(conn, &frame);
}

void
move_send_refusal(struct peer_conn *conn, uint64_t session, const struct job_reason *reasons,
		  size_t n)
{
	Slim__Peer__V1__OpenReply reply = SLIM__PEER__V1__OPEN_REPLY__INIT;

	send_reply(conn, session, &reply, reasons, n);
}

void
move_send_reply(struct move *m)
{
	Slim__Peer__V1__OpenReply reply = SLIM__PEER__V1__OPEN_REPLY__INIT;
	struct move_open_message own;

	if (m->conn == NULL || m->nf == NULL)
		return;
	move_build_open(m, &own);
	reply.accepted = true;
	reply.target_nf = text(m->nf_name);
	reply.n_workers = m->nf->n_workers;
	reply.clock_ns = m->epoch_ns;
	reply.n_ports = own.open.n_ports;
	reply.ports = own.open.ports;
	reply.n_tables = own.open.n_tables;
	reply.tables = own.open.tables;
	send_reply(m->conn, m->session.id, &reply, NULL, 0);
}

void
move_send_ack(struct move *m)
{
	Slim__Peer__V1__Ack ack = SLIM__PEER__V1__ACK__INIT;
	Slim__Peer__V1__Frame frame = FRAME(ACK, ack, &ack);

	ack.seq = m->acked_seq = m->ack_seq;
	ack.installed_rows = m->rows_settled;
	send_frame(m, &frame);
}

void
move_send_taken(struct move *m)
{
	Slim__Peer__V1__Taken taken = SLIM__PEER__V1__TAKEN__INIT;
	Slim__Peer__V1__Frame frame = FRAME(TAKEN, taken, &taken);
	struct totals_message totals;

	taken.n_tables = fill_totals(m, &m->taken, &totals);
	taken.tables = totals.ptrs;
	m->times.serving_ns = move_now_ns();
	if (m->times.end_ns != 0 && m->times.applied_ns > m->times.end_ns) {
		taken.applied_ns = m->times.applied_ns - m->times.end_ns;
		taken.serving_ns = m->times.serving_ns - m->times.end_ns;
	}
	send_frame(m, &frame);
}

void
move_send_finished(struct move *m)
{
	Slim__Peer__V1__Finished finished = SLIM__PEER__V1__FINISHED__INIT;
	Slim__Peer__V1__Frame frame = FRAME(FINISHED, finished, &finished);

	finished.round = m->finish_round;
	send_frame(m, &frame);
}

void
move_send_trail_done(struct move *m)
{
	Slim__Peer__V1__TrailDone done = SLIM__PEER__V1__TRAIL_DONE__INIT;
	Slim__Peer__V1__Frame frame = FRAME(TRAIL_DONE, trail_done, &done);

	done.merged = m->merged;
	done.sums_lost = m->sums_lost;
	send_frame(m, &frame);
}

/* An NF whose gate is still on its way, or that is gone, may lose more than it has counted. */
static void
fill_account(const struct move *m, Slim__Peer__V1__Closed *ret)
{
	ret->uncounted = m->nf == NULL || m->session.nf_gone || m->gate.pending;
	if (m->nf != NULL) {
		move_hist(m, true, &ret->flush_wait_p50_ns, &ret->flush_wait_max_ns);
		ret->flush_rounds = move_counter(m, "rounds");
		ret->queued = move_counter(m, "queued");
		ret->queue_overflow = move_counter(m, "queue_overflow");
		ret->rounds_unproven = move_counter(m, "round_gave_up");
		ret->device_drops = move_device_drops(m);
	}
	ret->stood_still_ns = m->stood_still_ns;
}

void
move_send_closed(struct move *m)
{
	Slim__Peer__V1__Closed closed = SLIM__PEER__V1__CLOSED__INIT;
	Slim__Peer__V1__Frame frame = FRAME(CLOSED, closed, &closed);

	fill_account(m, &closed);
	send_frame(m, &frame);
}

void
move_send_failed(struct move *m)
{
	Slim__Peer__V1__Failed failed = SLIM__PEER__V1__FAILED__INIT;
	Slim__Peer__V1__Frame frame = FRAME(FAILED, failed, &failed);
	Slim__Peer__V1__Reason messages[SLIM_MAX_REASONS], *ptrs[SLIM_MAX_REASONS];

	for (size_t i = 0; i < m->n_reasons; i++) {
		slim__peer__v1__reason__init(&messages[i]);
		messages[i].code = m->reasons[i].code;
		messages[i].text = m->reasons[i].text;
		ptrs[i] = &messages[i];
	}
	failed.n_reasons = m->n_reasons;
	failed.reasons = ptrs;
	send_frame(m, &frame);
}

static Slim__Peer__V1__Standing__State
standing_state(enum session_standing standing)
{
	switch (standing) {
	case STANDING_RECEIVING:
		return SLIM__PEER__V1__STANDING__STATE__RECEIVING;
	case STANDING_OWNER:
		return SLIM__PEER__V1__STANDING__STATE__OWNER;
	case STANDING_CLOSED:
		return SLIM__PEER__V1__STANDING__STATE__CLOSED;
	case STANDING_SETTLED:
		return SLIM__PEER__V1__STANDING__STATE__SETTLED;
	case STANDING_UNSURE:
		return SLIM__PEER__V1__STANDING__STATE__UNSURE;
	case STANDING_UNKNOWN:
		break;
	}
	return SLIM__PEER__V1__STANDING__STATE__UNKNOWN;
}

void
move_send_standing(struct move *m, enum session_standing standing)
{
	Slim__Peer__V1__Standing message = SLIM__PEER__V1__STANDING__INIT;
	Slim__Peer__V1__Closed account = SLIM__PEER__V1__CLOSED__INIT;
	Slim__Peer__V1__Frame frame = FRAME(STANDING, standing, &message);

	message.state = standing_state(standing);
	fill_account(m, &account);
	message.account = &account;
	send_frame(m, &frame);
}

/* ---- in ------------------------------------------------------------------------------------------ */

static void
take_reasons(struct move *m, size_t n, Slim__Peer__V1__Reason *const *reasons)
{
	for (size_t i = 0; i < n && i < SLIM_MAX_REASONS; i++)
		move_complain(m, reasons[i]->code, "%s", reasons[i]->text);
}

/* How far the peer is, before anything is sent to it: the shorter of two round trips. 0: not known. */
static uint64_t
peer_distance_ns(const struct move *m)
{
	uint64_t ping_ns = m->conn != NULL ? peer_conn_rtt_ns(m->conn) : 0;
	uint64_t open_ns = move_now_ns() - m->session.entered_ns;

	return ping_ns < open_ns ? ping_ns : open_ns;
}

/* A hold is a round trip at least. One that is too long for the budget is known here, and not after the copy. */
static bool
budget_is_possible(struct move *m)
{
	uint64_t distance_ns = peer_distance_ns(m), budget_ns = m->session.limits.max_hold_ns;
	uint64_t margin_ns = session_hold_margin_ns(&m->session, distance_ns, distance_ns);

	if (session_can_hold(&m->session, distance_ns))
		return true;
	move_complain(m, REASON_BUDGET,
		      "a hold needs %.1f ms at least, the budget is %.1f ms: a round trip to %s of "
		      "%.1f ms, and a margin of %.1f ms",
		      (double)(distance_ns + margin_ns) / 1e6, (double)budget_ns / 1e6, m->peer,
		      (double)distance_ns / 1e6, (double)margin_ns / 1e6);
	return false;
}

static void
take_reply(struct move *m, const Slim__Peer__V1__OpenReply *reply)
{
	if (m->session.state != SOURCE_OPENING)
		return;
	if (!reply->accepted) {
		take_reasons(m, reply->n_reasons, reply->reasons);
		move_refuse(m, EV_REFUSED, reply->n_reasons > 0 ? reply->reasons[0]->code : 0);
		return;
	}
	if (!move_check_reply(m, reply)) {
		/* It has accepted: it must hear that nothing comes of it. */
		move_refuse(m, EV_PROTOCOL, m->reasons[0].code);
		return;
	}
	if (!budget_is_possible(m) && m->doomed == 0)
		m->doomed = REASON_BUDGET;
	if (m->doomed != 0) {
		move_refuse(m, EV_PROTOCOL, m->doomed);
		return;
	}
	if (!m->session.dry_run)
		move_write_message(m, JOURNAL_REPLY, &reply->base);
	move_event(m, EV_OPENED);
}

static void
take_begin(struct move *m, const Slim__Peer__V1__Begin *begin)
{
	const char *ports[SLIM_MAX_PORTS];
	uint32_t vids[SLIM_MAX_PORTS];
	size_t n = begin->n_vids < SLIM_MAX_PORTS ? begin->n_vids : SLIM_MAX_PORTS;

	for (size_t i = 0; i < n; i++) {
		ports[i] = begin->vids[i]->port;
		vids[i] = begin->vids[i]->vid;
	}
	if (!move_set_vids(m, n, ports, vids) ||
	    (begin->fault != 0 && !m->driver->config.allow_faults)) {
		move_complain(m, REASON_PROTOCOL, "Begin names ports or faults that are not here");
		move_event(m, EV_PROTOCOL);
		return;
	}
	m->hold_limit_ns = begin->hold_limit_ns;
	m->fault = begin->fault;
	move_write_message(m, JOURNAL_BEGIN, &begin->base);
	move_event(m, EV_BEGIN);
}

static bool
take_totals(const struct move *m, size_t n, Slim__Peer__V1__TableTotals *const *tables,
	    struct memo_totals *ret)
{
	if (n != m->n_tables || m->nf == NULL)
		return false;
	for (size_t t = 0; t < n; t++) {
		if (strcmp(tables[t]->name, m->nf->tables[m->local_tables[t]].schema.name) != 0)
			return false;
		ret->digest[t] = tables[t]->digest;
		ret->entries[t] = tables[t]->entries;
	}
	ret->n_tables = m->n_tables;
	return true;
}

/* For tests of what the source does then. A daemon that comes back does not die again. */
static void
fail_at_end(const struct move *m)
{
	if (m->restored)
		return;
	if (m->fault & SLIM_FAULT_KILL_AT_END)
		raise(SIGKILL);
	if (m->fault & SLIM_FAULT_STOP_AT_END)
		raise(SIGSTOP);
}

static void
take_end(struct move *m, const Slim__Peer__V1__End *end)
{
	if (!take_totals(m, end->n_tables, end->tables, &m->end)) {
		move_complain(m, REASON_PROTOCOL, "End does not name the tables of Open");
		move_event(m, EV_PROTOCOL);
		return;
	}
	fail_at_end(m);
	m->times.end_ns = move_now_ns();
	move_event(m, EV_END);
}

static void
take_taken(struct move *m, const Slim__Peer__V1__Taken *taken)
{
	/* After a restart of the target it has no totals to tell. */
	if (!take_totals(m, taken->n_tables, taken->tables, &m->taken))
		log_session_debug(m->session.id, "taken without totals");
	if (m->nf != NULL) {
		gate_swap_hold_word(m->nf, SLIM_HOLD_END_SENT, SLIM_HOLD_TAKEN);
		/* Claimed before: it comes too late, the fence decides. */
		if (gate_hold_word(m->nf) == SLIM_HOLD_FENCED)
			return;
	}
	if (m->times.taken_peer_ns == 0) {
		m->times.taken_peer_ns = move_now_ns();
		m->times.applied_ns = taken->applied_ns;
		m->times.serving_ns = taken->serving_ns;
	}
	move_event(m, EV_TAKEN);
}

static void
take_finished(struct move *m, const Slim__Peer__V1__Finished *finished)
{
	if (finished->round == m->finish_round)
		move_event_n(m, EV_FINISHED, move_counter(m, "redirected") - m->redirected_before,
			     0);
}

static void
take_trail_done(struct move *m, const Slim__Peer__V1__TrailDone *done)
{
	/* Of a trail that is being sent again: its end is another one. */
	if ((m->wants & WANT_TRAIL) != 0 || m->trail_conn != m->n_lost_conns)
		return;
	if (done->sums_lost > 0)
		move_complain(m, REASON_RESTART,
			      "what %llu rows counted after the handover is not in the target's "
			      "sums: it lost its memory in a restart, or could not read them",
			      (unsigned long long)done->sums_lost);
	move_event_n(m, EV_TRAILED, done->sums_lost, REASON_RESTART);
}

/* Of one side: what its devices may have dropped meanwhile cannot be counted. 1: say that it may be. */
static uint64_t
tell_stillness(struct move *m, const char *nf, uint64_t ns)
{
	if (ns == 0)
		return 0;
	move_complain(m, REASON_NF_SILENT,
		      "a worker of %s stood still for %.1f s in the handover: what its receive "
		      "queue could not keep is lost, and not counted",
		      nf, (double)ns / 1e9);
	return 1;
}

/* Names what the target has lost. Returns how much that is: 0: nothing, and that is known. */
static uint64_t
take_account(struct move *m, const Slim__Peer__V1__Closed *account)
{
	/* What has never owned has lost nothing. */
	bool uncounted = account->uncounted && session_is_forward(&m->session);

	if (account->queue_overflow > 0)
		move_complain(m, REASON_HOLD_OVERFLOW, "the target dropped %llu packets",
			      (unsigned long long)account->queue_overflow);
	if (account->device_drops > 0)
		move_complain(m, REASON_HOLD_OVERFLOW,
			      "the devices of the target's ports dropped %llu packets",
			      (unsigned long long)account->device_drops);
	if (account->rounds_unproven > 0)
		move_complain(
			m, REASON_PROOF,
			"order not proven: %llu flush rounds ended without the source's answer",
			(unsigned long long)account->rounds_unproven);
	if (uncounted)
		move_complain(
			m, REASON_PROOF,
			"what %s dropped is not known: it is gone, is still on its way, or has "
			"been in another session since",
			m->other_nf);
	return account->queue_overflow + account->device_drops + account->rounds_unproven +
	       (uncounted ? 1 : 0) + tell_stillness(m, m->other_nf, account->stood_still_ns);
}

static void
take_closed(struct move *m, const Slim__Peer__V1__Closed *closed)
{
	uint64_t lost = tell_stillness(m, m->nf_name, m->stood_still_ns);

	m->result.flush_wait_p50_ns = closed->flush_wait_p50_ns;
	m->result.flush_wait_max_ns = closed->flush_wait_max_ns;
	m->result.flush_rounds = closed->flush_rounds;
	m->result.queued_packets = closed->queued;
	m->result.queue_overflow = closed->queue_overflow;
	lost += take_account(m, closed);
	if (lost > 0)
		move_write_lost(m, lost);
	move_event_n(m, EV_CLOSED, lost, 0);
}

static void
take_settled(struct move *m, const Slim__Peer__V1__Closed *account)
{
	static const Slim__Peer__V1__Closed nothing = SLIM__PEER__V1__CLOSED__INIT;
	uint64_t lost = account == NULL; /* a target that does not tell */

	lost += take_account(m, account != NULL ? account : &nothing);
	/* Before that it has not got all of them. */
	if (m->session.state != SOURCE_CLOSING)
		move_complain(m, REASON_PEER_LOST,
			      "the target went on alone: what the source counted after the "
			      "handover is not in its sums");
	if (lost > 0)
		move_write_lost(m, lost);
	move_event_n(m, EV_STANDING_SETTLED, lost, 0);
}

static void
take_standing(struct move *m, const Slim__Peer__V1__Standing *standing)
{
	switch (standing->state) {
	case SLIM__PEER__V1__STANDING__STATE__OWNER:
		move_event(m, EV_STANDING_OWNER);
		break;
	case SLIM__PEER__V1__STANDING__STATE__SETTLED:
		take_settled(m, standing->account);
		break;
	case SLIM__PEER__V1__STANDING__STATE__RECEIVING:
		move_event(m, EV_STANDING_RECEIVING);
		break;
	case SLIM__PEER__V1__STANDING__STATE__CLOSED:
		move_event(m, EV_STANDING_NONE);
		break;
	case SLIM__PEER__V1__STANDING__STATE__UNKNOWN:
		move_event(m, EV_STANDING_UNKNOWN);
		break;
	default: /* it does not know yet */
		m->ask_ns = m->driver->now_ns + ASK_AGAIN_NS;
	}
}

static void
take_failed(struct move *m, const Slim__Peer__V1__Failed *failed)
{
	take_reasons(m, failed->n_reasons, failed->reasons);
	move_event_n(m, EV_PEER_FAILED, 0, failed->n_reasons > 0 ? failed->reasons[0]->code : 0);
}

static void
take_frame_at_source(struct move *m, const Slim__Peer__V1__Frame *frame)
{
	switch (frame->body_case) {
	case SLIM__PEER__V1__FRAME__BODY_OPEN_REPLY:
		take_reply(m, frame->open_reply);
		break;
	case SLIM__PEER__V1__FRAME__BODY_READY:
		move_event(m, EV_READY);
		break;
	case SLIM__PEER__V1__FRAME__BODY_ACK:
		move_take_ack(m, frame->ack);
		break;
	case SLIM__PEER__V1__FRAME__BODY_TAKEN:
		take_taken(m, frame->taken);
		break;
	case SLIM__PEER__V1__FRAME__BODY_FINISHED:
		take_finished(m, frame->finished);
		break;
	case SLIM__PEER__V1__FRAME__BODY_TRAIL_DONE:
		take_trail_done(m, frame->trail_done);
		break;
	case SLIM__PEER__V1__FRAME__BODY_CLOSED:
		take_closed(m, frame->closed);
		break;
	case SLIM__PEER__V1__FRAME__BODY_FAILED:
		take_failed(m, frame->failed);
		break;
	case SLIM__PEER__V1__FRAME__BODY_STANDING:
		take_standing(m, frame->standing);
		break;
	default:
		move_protocol_error(m, DRIVER_ERROR_OTHER);
	}
}

/* Its loop and its NF's workers stay awake for the hold, only until the target owns. */
static void
take_holding(struct move *m, const Slim__Peer__V1__Holding *holding)
{
	if (m->session.state != TARGET_RECEIVING)
		return;
	move_become_urgent(m, holding->budget_ns);
	move_keep_awake(m, holding->budget_ns);
}

/* ---- out of turn --------------------------------------------------------------------------- */

#define IN(state) (UINT64_C(1) << (state))
#define OWNS                                                                                 \
	(IN(TARGET_TAKING) | IN(TARGET_SERVING) | IN(TARGET_ROUNDING) | IN(TARGET_MERGING) | \
	 IN(TARGET_ADOPTING) | IN(TARGET_QUIETING) | IN(TARGET_PARTING))
/* What was sent before the source knew. */
#define LATE (IN(TARGET_DISCARDING) | IN(TARGET_SETTLING) | IN(TARGET_LEAVING) | IN(SESSION_DONE))

/* When a target may hear what. A frame that is not here may come at any time. */
static uint64_t
states_for(const Slim__Peer__V1__Frame *frame)
{
	switch (frame->body_case) {
	case SLIM__PEER__V1__FRAME__BODY_BEGIN:
		return IN(TARGET_OFFERED) | LATE;
	case SLIM__PEER__V1__FRAME__BODY_ROWS:
		return (frame->rows->lazy ? OWNS : IN(TARGET_RECEIVING)) | LATE;
	case SLIM__PEER__V1__FRAME__BODY_END:
		return IN(TARGET_RECEIVING) | LATE;
	case SLIM__PEER__V1__FRAME__BODY_FINISH:
	case SLIM__PEER__V1__FRAME__BODY_TRAIL_END:
		return OWNS | LATE;
	default:
		return UINT64_MAX;
	}
}

const char *
driver_protocol_error_name(enum driver_protocol_error error)
{
	static const char *const names[] = {
#define X(NAME, name) [DRIVER_ERROR_##NAME] = name,
		DRIVER_PROTOCOL_ERRORS(X)
#undef X
	};
	return names[error];
}

static enum driver_protocol_error
error_of(Slim__Peer__V1__Frame__BodyCase kind)
{
	switch (kind) {
	case SLIM__PEER__V1__FRAME__BODY_BEGIN:
		return DRIVER_ERROR_BEGIN;
	case SLIM__PEER__V1__FRAME__BODY_ROWS:
		return DRIVER_ERROR_ROWS;
	case SLIM__PEER__V1__FRAME__BODY_END:
		return DRIVER_ERROR_END;
	case SLIM__PEER__V1__FRAME__BODY_FINISH:
		return DRIVER_ERROR_FINISH;
	case SLIM__PEER__V1__FRAME__BODY_TRAIL_END:
		return DRIVER_ERROR_TRAIL_END;
	default:
		return DRIVER_ERROR_OTHER;
	}
}

void
move_protocol_error(struct move *m, enum driver_protocol_error error)
{
	m->driver->protocol_errors[error]++;
	move_complain(m, REASON_PROTOCOL, "the peer said what makes no sense: %s in state %s",
		      driver_protocol_error_name(error), session_state_name(m->session.state));
	move_event(m, EV_PROTOCOL);
}

static void
take_frame_at_target(struct move *m, const Slim__Peer__V1__Frame *frame)
{
	/* Nothing of it counts: neither its numbers nor its rows. */
	if ((states_for(frame) & IN(m->session.state)) == 0) {
		move_protocol_error(m, error_of(frame->body_case));
		return;
	}
	switch (frame->body_case) {
	case SLIM__PEER__V1__FRAME__BODY_BEGIN:
		take_begin(m, frame->begin);
		break;
	case SLIM__PEER__V1__FRAME__BODY_ROWS:
		if (frame->rows->lazy)
			move_note_trail(m);
		move_take_rows(m, frame->seq, frame->rows);
		break;
	case SLIM__PEER__V1__FRAME__BODY_HOLDING:
		take_holding(m, frame->holding);
		break;
	case SLIM__PEER__V1__FRAME__BODY_END:
		take_end(m, frame->end);
		break;
	case SLIM__PEER__V1__FRAME__BODY_FINISH:
		m->finish_round = frame->finish->round;
		move_event(m, EV_FINISH);
		break;
	case SLIM__PEER__V1__FRAME__BODY_TRAIL_END:
		move_note_trail(m);
		move_event(m, EV_TRAIL_END);
		break;
	case SLIM__PEER__V1__FRAME__BODY_CLOSE:
		move_event(m, frame->close->complete ? EV_CLOSE_COMPLETE : EV_CLOSE_DISCARD);
		break;
	case SLIM__PEER__V1__FRAME__BODY_QUERY:
		move_event(m, EV_QUERY);
		break;
	case SLIM__PEER__V1__FRAME__BODY_SOURCE_GONE:
		move_event(m, frame->source_gone->left ? EV_SOURCE_LEFT : EV_SOURCE_GONE);
		break;
	default:
		move_protocol_error(m, DRIVER_ERROR_OTHER);
	}
}

void
move_take_frame(struct move *m, const Slim__Peer__V1__Frame *frame)
{
	if (m->session.is_source)
		take_frame_at_source(m, frame);
	else
		take_frame_at_target(m, frame);
}
