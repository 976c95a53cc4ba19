/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target's pumps: from Rows frames to install rings, the digest of its own tables,
 * marks, rounds and merges.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "move.h"

#define FOLLOW_SLOTS 8192u /* of a table in one round */
#define ROWS_BYTES_MAX (SLIM_PEER_WINDOW + 2u * SLIM_PEER_FRAME_MAX)

/* The window counts what is in the frames; what each frame needs besides fits the rest. */
_Static_assert(MOVE_MAX_SENT * sizeof(struct move_rows) <= SLIM_PEER_FRAME_MAX, "room for heads");

/* ---- queue of frames ------------------------------------------------------------------- */

/* Copies a list behind the others and returns the end. */
static uint8_t *
keep_list(ProtobufCBinaryData *to, const ProtobufCBinaryData *from, uint8_t *at)
{
	to->data = at;
	to->len = from->len;
	if (from->len > 0)
		memcpy(at, from->data, from->len);
	return at + from->len;
}

static void
keep_rows(struct move_rows *item, const Slim__Peer__V1__Rows *rows)
{
	uint8_t *at = item->bytes;

	slim__peer__v1__rows__init(&item->msg);
	item->msg.table = rows->table;
	item->msg.lazy = rows->lazy;
	item->msg.compressed_from = rows->compressed_from;
	item->msg.narrow = rows->narrow;
	item->msg.narrow_rows = rows->narrow_rows;
	item->msg.narrow_empty_slots = rows->narrow_empty_slots;
	at = keep_list(&item->msg.slots, &rows->slots, at);
	at = keep_list(&item->msg.buckets, &rows->buckets, at);
	at = keep_list(&item->msg.columns, &rows->columns, at);
	keep_list(&item->msg.empty_slots, &rows->empty_slots, at);
}

/* Lazy rows that are not merged: what they counted is missing, and the result says how much. */
static void
lose_rows(struct move *m, uint64_t n)
{
	if (m->sums_lost == 0)
		log_session_warn(m->session.id, "rows of the trail cannot be merged");
	m->sums_lost += n;
}

void
move_take_rows(struct move *m, uint64_t seq, const Slim__Peer__V1__Rows *rows)
{
	size_t size = sizeof(struct move_rows) + rows->slots.len + rows->buckets.len +
		      rows->columns.len + rows->empty_slots.len;
	struct move_rows *item;

	/* A trail for tables that a restart has lost, or that cannot be kept: the owner goes on. */
	if (rows->lazy && (rows->table >= m->n_tables || m->rows_bytes + size > ROWS_BYTES_MAX)) {
		lose_rows(m, row_count(rows));
		if (STAILQ_EMPTY(&m->rows))
			m->ack_seq = seq;
		return;
	}
	if (rows->table >= m->n_tables || m->rows_bytes + size > ROWS_BYTES_MAX) {
		move_complain(m, REASON_PROTOCOL, "rows of no table, or more than the window");
		move_event(m, EV_PROTOCOL);
		return;
	}
	item = malloc(size);
	if (item == NULL) {
		move_complain(m, REASON_INTERNAL, "no memory for rows");
		move_event_n(m, EV_VERIFY_BAD, 0, REASON_INTERNAL);
		return;
	}
	item->seq = seq;
	item->size = size;
	keep_rows(item, rows);
	STAILQ_INSERT_TAIL(&m->rows, item, link);
	m->rows_bytes += size;
}

static void
drop_rows(struct move *m)
{
	struct move_rows *item = STAILQ_FIRST(&m->rows);

	STAILQ_REMOVE_HEAD(&m->rows, link);
	m->rows_bytes -= item->size;
	m->open_rows = NULL;
	m->open_at = 0;
	free(item);
}

void
move_end_install(struct move *m)
{
	while (!STAILQ_EMPTY(&m->rows))
		drop_rows(m);
	if (m->installing)
		install_end(&m->install);
	m->installing = false;
}

void
move_drop_sums(struct move *m)
{
	for (uint32_t t = 0; t < SLIM_MAX_TABLES; t++) {
		if (m->done)
			sums_remove(m->sums[t]);
		else
			sums_close(m->sums[t]);
		m->sums[t] = NULL;
	}
}

static int
get_sums(struct move *m, uint32_t t)
{
	const struct schema_link *link = &m->links[t];
	const struct sums_place place = {m->driver->config.outside, m->driver->config.runtime_dir,
					 m->session.id, t};
	int rc;

	if (link->n_sums == 0 || m->sums[t] != NULL)
		return 0;
	if (!m->restored)
		return sums_create(&place, link->capacity, link->n_sums, &m->sums[t]);
	rc = sums_reopen(&place, link->capacity, link->n_sums, &m->sums[t]);
	if (rc < 0)
		log_session_warn(m->session.id, "sums are lost table=%u error=\"%s\"", t,
				 strerror(-rc));
	return 0;
}

static int
begin_install(struct move *m)
{
	const struct install_config config = {
		.rings = m->nf->installs,
		.workers = m->nf->info->workers,
		.n_workers = m->nf->n_workers,
		.bucket_worker = m->nf->bucket_worker,
		.places_unknown = m->restored,
	};
	int rc = install_begin(&m->install, &config);

	m->installing = rc == 0; /* what failed early is tried, and told, again */
	return rc;
}

/* A step: the room for one table. 1: all is there; 0: more to do. */
static int
make_room(struct move *m)
{
	uint32_t t = m->install.n_tables;
	int rc;

	if (!m->installing)
		return begin_install(m);
	if (t == m->n_tables)
		return 1;
	rc = get_sums(m, t);
	return rc < 0 ? rc
		      : install_add_table(&m->install, m->local_tables[t], m->links[t].capacity,
					  m->links[t].payload_size);
}

int
move_finish_install(struct move *m)
{
	int rc = m->nf != NULL ? 0 : -ENODEV;

	m->wants &= ~(uint32_t)WANT_ROOM;
	while (rc == 0)
		rc = make_room(m);
	if (rc > 0)
		return 0;
	move_complain(m, REASON_INTERNAL, "rows cannot be installed: %s", strerror(-rc));
	move_event_n(m, EV_VERIFY_BAD, 0, REASON_INTERNAL);
	return rc;
}

int
move_begin_install(struct move *m)
{
	move_end_install(m);
	return move_finish_install(m);
}

/* ---- installing ---------------------------------------------------------------------------- */

static int
open_first(struct move *m)
{
	if (m->open_rows != NULL)
		return 0;
	m->open_rows = &STAILQ_FIRST(&m->rows)->msg;
	m->open_at = 0;
	return row_view_open(&m->view, &m->links[m->open_rows->table], m->open_rows);
}

/* Takes the values of the sum fields out of a payload. A lazy one keeps in their place what is
 * to be added: the difference to what was told last. Without memory of that, adding nothing
 * is the only safe difference. */
static void
read_sums(const struct move *m, uint32_t t, uint32_t slot, uint8_t *payload, uint64_t *ret_values)
{
	const struct schema_link *link = &m->links[t];
	const uint64_t *told = m->sums[t] != NULL ? sums_of(m->sums[t], slot) : NULL;

	for (uint16_t i = 0; i < link->n_sums; i++) {
		const struct schema_column *column = &link->columns[link->sums[i]];
		uint8_t *at = payload + column->offset;

		ret_values[i] = row_get_number(at, column->size);
		if (m->open_rows->lazy)
			row_put_number(at, column->size,
				       told != NULL ? ret_values[i] - told[i] : 0);
	}
}

static int
put_row(struct move *m, uint32_t row)
{
	uint32_t t = m->open_rows->table;
	uint32_t slot = m->view.slots[row];
	uint8_t payload[SLIM_MAX_SLOT_SIZE], bucket = m->view.buckets[row];
	uint64_t values[SLIM_MAX_FIELDS];
	int rc;

	row_unpack(&m->view, &m->links[t], m->epoch_ns, row, payload);
	read_sums(m, t, slot, payload, values);
	rc = m->open_rows->lazy ? install_merge(&m->install, t, slot, bucket, payload)
				: install_put(&m->install, t, slot, bucket, payload);
	if (rc == 0 && m->sums[t] != NULL)
		memcpy(sums_of(m->sums[t], slot), values, m->links[t].n_sums * sizeof(values[0]));
	return rc;
}

/* Empty slots first: they make room. 1: all of the frame is put, 0: budget or ring is full. */
static int
put_rows(struct move *m, uint32_t *budget)
{
	uint32_t n_empty = m->open_rows->lazy ? 0 : m->view.n_empty;
	int rc = 0;

	while (m->open_at < n_empty + m->view.n_rows) {
		if ((*budget)-- == 0) {
			*budget = 0;
			return 0;
		}
		if (m->open_at < n_empty)
			rc = install_delete(&m->install, m->open_rows->table,
					    m->view.empty[m->open_at]);
		else
			rc = put_row(m, m->open_at - n_empty);
		if (rc < 0)
			return rc == -EAGAIN ? 0 : rc;
		m->open_at++;
	}
	return 1;
}

static void
note_merged(struct move *m)
{
	uint32_t t = m->open_rows->table;

	m->merged += m->view.n_rows;
	if (m->links[t].n_sums > 0 && m->sums[t] == NULL)
		m->sums_lost += m->view.n_rows;
}

static void
finish_frame(struct move *m, bool good)
{
	if (good && m->open_rows->lazy)
		note_merged(m);
	if (good)
		m->rows_put += m->view.n_rows + m->view.n_empty;
	m->ack_seq = STAILQ_FIRST(&m->rows)->seq;
	drop_rows(m);
}

static bool
install_rows(struct move *m)
{
	uint32_t budget = move_share(m, SLIM_ROUND_ROWS);
	int rc = 1;

	while (!STAILQ_EMPTY(&m->rows) && rc == 1) {
		rc = open_first(m);
		if (rc == 0)
			rc = put_rows(m, &budget);
		if (rc < 0 && m->open_rows->lazy) {
			/* The next frame may be better; nobody waits for this one any more. */
			lose_rows(m, row_count(m->open_rows));
			rc = 2;
		}
		if (rc < 0) {
			move_complain(m, REASON_PROTOCOL, "rows that make no sense: %s",
				      m->view.why != NULL ? m->view.why : strerror(-rc));
			move_event(m, EV_PROTOCOL);
			m->wants &= ~(uint32_t)WANT_INSTALL;
			return false;
		}
		if (rc > 0)
			finish_frame(m, rc == 1);
		rc = rc > 0;
	}
	if (m->ack_seq != m->acked_seq)
		move_send_ack(m);
	return budget == 0;
}

static void
check_install(struct move *m)
{
	uint32_t error = install_error(&m->install);

	if (error == 0 || m->install_failed)
		return;
	m->install_failed = true;
	/* An owner goes on: a row of the trail is missing, and the rest is merged. */
	if (m->session.state >= TARGET_TAKING && m->session.state < TARGET_LEAVING) {
		lose_rows(m, 1);
		return;
	}
	m->wants &= ~(uint32_t)(WANT_INSTALL | WANT_VERIFY);
	move_complain(m, error == ENOSPC ? REASON_TABLE_FULL : REASON_INTERNAL,
		      "a row could not be installed: %s", strerror((int)error));
	move_event_n(m, EV_VERIFY_BAD, 0, error == ENOSPC ? REASON_TABLE_FULL : REASON_INTERNAL);
}

/* ---- following the own tables ------------------------------------------------------------------ */

/* True when there may be more to read. */
static bool
follow(struct move *m)
{
	bool more = false;

	for (uint32_t t = 0; t < m->n_tables; t++) {
		int n = m->trackers[t] != NULL
				? tracker_fill(m->trackers[t], NULL, move_share(m, FOLLOW_SLOTS))
				: 0;

		if (n < 0) {
			move_complain(m, REASON_INTERNAL, "the NF's dirty rings make no sense");
			move_event_n(m, EV_VERIFY_BAD, 0, REASON_INTERNAL);
			m->wants &= ~(uint32_t)(WANT_INSTALL | WANT_VERIFY);
			return false;
		}
		more |= n > 0;
	}
	return more;
}

static bool
is_settled(const struct move *m)
{
	for (uint32_t t = 0; t < m->n_tables; t++) {
		if (m->trackers[t] == NULL || tracker_unwalked(m->trackers[t]) > 0 ||
		    tracker_backlog(m->trackers[t]) > 0 || !tracker_is_complete(m->trackers[t]))
			return false;
	}
	return true;
}

static void
compare(struct move *m)
{
	move_fill_totals(m, &m->taken);
	for (uint32_t t = 0; t < m->n_tables; t++) {
		const char *name = m->nf->tables[m->local_tables[t]].schema.name;

		if (m->taken.digest[t] == m->end.digest[t] &&
		    m->taken.entries[t] == m->end.entries[t])
			continue;
		move_complain(m, REASON_DIGEST,
			      "table %s: %llu entries digest %016llx, source %llu and %016llx",
			      name, (unsigned long long)m->taken.entries[t],
			      (unsigned long long)m->taken.digest[t],
			      (unsigned long long)m->end.entries[t],
			      (unsigned long long)m->end.digest[t]);
		move_event_n(m, EV_VERIFY_BAD, 0, REASON_DIGEST);
		return;
	}
	move_keep_totals(m, &m->taken);
	move_event(m, EV_VERIFIED);
}

/* The source begins the handover when little is left to do on both sides. So it must know
 * what is in the NF's tables and in the digest, not what waits in an install ring. */
static void
tell_settled(struct move *m)
{
	if (m->rows_settled == m->rows_put || !STAILQ_EMPTY(&m->rows) ||
	    install_is_applied(&m->install) != 1 || !is_settled(m))
		return;
	m->rows_settled = m->rows_put;
	move_send_ack(m);
}

/* The agent publishes what it wrote before it says that it is installed. So what is complete
 * after all was applied is final. */
static void
poll_verify(struct move *m)
{
	if (!STAILQ_EMPTY(&m->rows) || install_is_applied(&m->install) != 1)
		return;
	while (follow(m))
		;
	if ((m->wants & WANT_VERIFY) == 0 || !is_settled(m))
		return;
	m->wants &= ~(uint32_t)WANT_VERIFY;
	compare(m);
}

/* ---- marks, rounds, merges --------------------------------------------------------------------------- */

static void
poll_marks(struct move *m)
{
	uint32_t all = (uint32_t)((UINT64_C(1) << m->peer_workers) - 1u);

	for (uint32_t p = 0; p < m->nf->n_ports; p++) {
		uint32_t marks =
			atomic_load_explicit(&m->nf->info->ports[p].marks, memory_order_acquire);

		if ((marks & all) != all)
			return;
	}
	/* Ports without traffic need no marks; they are through when END is here. */
	if (m->nf->n_ports == 0 && m->session.state != TARGET_VERIFYING)
		return;
	m->wants &= ~(uint32_t)WANT_MARKS;
	move_event(m, EV_MARKED);
}

void
move_request_round(struct move *m)
{
	if (m->nf == NULL)
		return;
	m->round =
		atomic_load_explicit(&m->nf->control->gate.round_request, memory_order_relaxed) + 1;
	m->rounds_gave_up = move_counter(m, "round_gave_up");
	m->path_is_flushed = false;
	gate_set_path_quiet(m->nf, false);
	atomic_store_explicit(&m->nf->control->gate.round_request, m->round, memory_order_release);
	m->wants |= WANT_ROUND;
}

static void
poll_round(struct move *m)
{
	for (uint32_t p = 0; p < m->nf->n_ports; p++) {
		uint32_t done = atomic_load_explicit(&m->nf->info->ports[p].rounds_done,
						     memory_order_acquire);

		if ((int32_t)(done - m->round) < 0)
			return;
	}
	m->wants &= ~(uint32_t)WANT_ROUND;
	m->path_is_flushed = move_counter(m, "round_gave_up") == m->rounds_gave_up;
	move_event(m, EV_ROUNDED);
}

/* The source sends its trail when nothing came over the path during the round: it has looked at its own
 * counter. Neither that nor the round is enough alone. */
void
move_note_trail(struct move *m)
{
	if (m->nf != NULL && m->path_is_flushed)
		gate_set_path_quiet(m->nf, true);
}

static void
poll_merge(struct move *m)
{
	if (!STAILQ_EMPTY(&m->rows) || (m->installing && install_is_applied(&m->install) != 1))
		return;
	m->wants &= ~(uint32_t)WANT_MERGE;
	move_event(m, EV_MERGED);
}

bool
move_target_poll(struct move *m)
{
	bool more = false;

	if (m->nf == NULL || m->session.state == TARGET_DISCARDING)
		m->wants = 0;
	/* While the source prepares its path: not when it waits for us. What fails now will be told then. */
	if ((m->wants & WANT_ROOM) && make_room(m) != 0)
		m->wants &= ~(uint32_t)WANT_ROOM;
	if ((m->wants & WANT_INSTALL) && m->installing) {
		more = install_rows(m);
		check_install(m);
	}
	if (m->session.state == TARGET_RECEIVING && (m->wants & WANT_INSTALL)) {
		more |= follow(m);
		tell_settled(m);
	}
	if (m->wants & WANT_VERIFY)
		poll_verify(m);
	if (m->wants & WANT_MARKS)
		poll_marks(m);
	if (m->wants & WANT_ROUND)
		poll_round(m);
	if (m->wants & WANT_MERGE)
		poll_merge(m);
	return more;
}
