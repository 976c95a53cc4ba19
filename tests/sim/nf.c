/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An NF with its agent: several workers, each a loop of bursts with delays between.
 * The rules of the gate are those of slim_shm.h; the flush rounds are the
 * agent's own code. Each worker runs only when something has happened for it.
 */
#include "world.h"

#include <string.h>

#define BURST 8u
#define PROBE_NS MS(1)
#define MARK_NS US(500)
#define TAKEN_NS US(200)
#define TAKEN_MAX 50u

static void worker_run(struct world *w, uint32_t inst, uint32_t index, uint64_t serial);

/* ---- waking ----------------------------------------------------------------------- */

static void
wake(struct world *w, uint32_t inst, uint32_t index, uint64_t at)
{
	struct worker *k = &w->nf[inst].workers[index];

	if (k->running) {
		k->again = true;
		return;
	}
	if (k->wake_at <= at)
		return;
	k->wake_at = at;
	engine_at(w, at, worker_run, inst, index, ++k->wake_serial);
}

static void
wake_soon(struct world *w, uint32_t inst, uint32_t index)
{
	wake(w, inst, index, w->now + rnd_delay(w, RNG_NF, w->nf[inst].poll_ns));
}

void
nf_wake_all(struct world *w, uint32_t inst)
{
	for (uint32_t i = 0; i < w->nf[inst].n_workers; i++)
		wake_soon(w, inst, i);
}

/* ---- state tables -------------------------------------------------------------------- */

static void
slot_written(struct nf *nf, struct worker *k, uint32_t slot)
{
	nf->slots[slot].seq++;
	k->writes++;
	k->pending |= UINT64_C(1) << slot;
}

/* A worker gives out slots of its own part of the table only. */
static uint32_t
slot_acquire(struct nf *nf, uint32_t index, uint8_t key)
{
	uint32_t slot;

	if (nf->slot_of[key] != 0)
		return nf->slot_of[key] - 1u;
	for (slot = index; slot < nf->n_slots; slot += nf->n_workers) {
		if (!nf->slots[slot].used) {
			nf->slot_of[key] = (uint8_t)(slot + 1);
			return slot;
		}
	}
	return SIM_NONE;
}

static void
slot_release(struct nf *nf, struct worker *k, uint32_t slot)
{
	nf->slot_of[nf->slots[slot].key] = 0;
	nf->slots[slot].used = false;
	nf->slots[slot].key = 0;
	nf->slots[slot].count = nf->slots[slot].hash = 0;
	slot_written(nf, k, slot);
}

void
slot_update(struct slot *slot, const struct packet *packet)
{
	slot->count++;
	slot->hash = slot->hash * 31u + (uint32_t)packet->flow * 65537u + packet->seq;
}

uint64_t
slot_digest(const struct slot *slot)
{
	uint64_t x = ((uint64_t)slot->count << 32 | slot->hash) + slot->key;

	x = (x ^ (x >> 31)) * UINT64_C(0x7fb5d329728ea185);
	return (x ^ (x >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
}

uint64_t
nf_digest(const struct nf *nf)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < nf->n_slots; i++) {
		if (nf->slots[i].used)
			sum += slot_digest(&nf->slots[i]);
	}
	return sum;
}

uint32_t
nf_used(const struct nf *nf)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < nf->n_slots; i++)
		n += nf->slots[i].used;
	return n;
}

/* ---- packets of the service --------------------------------------------------------------- */

static void
handle(struct world *w, uint32_t inst, uint32_t index, uint32_t p)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];
	struct packet *packet = &w->packets[p];
	uint8_t key = packet->flow / 2;
	uint32_t slot = slot_acquire(nf, index, key);

	oracle_handled(w, inst, p);
	nf->handled++;
	if (slot == SIM_NONE) {
		violation(w, "the NF's own table is full");
		return;
	}
	nf->slots[slot].used = true;
	nf->slots[slot].key = key;
	slot_update(&nf->slots[slot], packet);
	slot_written(nf, k, slot);
	if (packet->last)
		slot_release(nf, k, slot);
	packet->tagged = false;
	switch_send(w, inst, index, 1u - packet->port, p);
}

/* To the worker that owns the bucket. */
static void
serve(struct world *w, uint32_t inst, uint32_t index, uint32_t p)
{
	struct nf *nf = &w->nf[inst];
	uint32_t owner = (w->packets[p].flow / 2u) % nf->n_workers;

	w->packets[p].tagged = false;
	if (owner == index) {
		handle(w, inst, index, p);
		return;
	}
	fifo_push(w, &nf->workers[owner].ring, p);
	wake_soon(w, inst, owner);
}

static void
drop(struct world *w, uint32_t p, const char *where)
{
	if (w->packets[p].frame == 0)
		oracle_dropped(w, p, where, false);
	packet_free(w, p);
}

static void
keep(struct world *w, struct nf *nf, struct fifo *queue, uint32_t p)
{
	if (queue->tail - queue->head >= nf->hold_capacity) {
		nf->overflow++;
		oracle_overflow(w, p);
		packet_free(w, p);
		return;
	}
	w->packets[p].since = w->now;
	fifo_push(w, queue, p);
}

static void
discard(struct world *w, struct fifo *queue, const char *where)
{
	uint32_t p;

	while ((p = fifo_pop(w, queue)) != SIM_NONE)
		drop(w, p, where);
}

/* ---- slim frames --------------------------------------------------------------------------- */

static void
send_frame(struct world *w, uint32_t inst, uint32_t index, uint32_t port, enum slim_frame_type type,
	   uint32_t round)
{
	uint32_t p = packet_new(w);
	struct packet *packet = &w->packets[p];

	packet->frame = (uint8_t)type;
	packet->port = (uint8_t)port;
	packet->worker = (uint8_t)index;
	packet->round = round;
	packet->session = w->nf[inst].command.session;
	packet->tagged = type == SLIM_FRAME_PROBE || type == SLIM_FRAME_MARK ||
			 type == SLIM_FRAME_FLUSH_COPY;
	switch_send(w, inst, index, port, p);
}

static void
set_mode(struct worker *k, uint32_t mode)
{
	k->mode = mode;
	k->told = true;
}

static void
enter_redirect(struct world *w, struct nf *nf, struct worker *k)
{
	if (nf->taken_ns == 0) {
		nf->taken_ns = w->now;
		nf->hold_ns = w->now - nf->first_stop_ns;
	}
	k->hold_ack_due = false;
	set_mode(k, SLIM_GATE_REDIRECT);
}

/* Anything that only an owner sends says that the target owns. */
static void
receive_taken(struct world *w, uint32_t inst, struct worker *k)
{
	struct nf *nf = &w->nf[inst];

	if (k->mode != SLIM_GATE_HOLD)
		return;
	if (nf->hold_word == SLIM_HOLD_END_SENT) {
		trace(w, "nf%u: TAKEN by the data path", inst);
		nf->hold_word = SLIM_HOLD_TAKEN;
		nf_wake_all(w, inst);
	}
	if (nf->hold_word == SLIM_HOLD_TAKEN)
		enter_redirect(w, nf, k);
}

static void
receive_at_source(struct world *w, uint32_t inst, struct worker *k, const struct packet *frame)
{
	struct nf *nf = &w->nf[inst];
	uint32_t index = (uint32_t)(k - nf->workers);

	if (frame->frame == SLIM_FRAME_PROBE_ACK)
		nf->probed[frame->port] = true;
	if (frame->frame == SLIM_FRAME_TAKEN || frame->frame == SLIM_FRAME_FLUSH)
		receive_taken(w, inst, k);
	if (frame->frame == SLIM_FRAME_FLUSH && k->mode == SLIM_GATE_REDIRECT) {
		nf->flush_receiver[frame->port] = index;
		slim_flush_call(&nf->calls[frame->port], frame->round);
		nf_wake_all(w, inst);
	}
}

static void
receive_at_target(struct world *w, uint32_t inst, struct worker *k, const struct packet *frame)
{
	struct nf *nf = &w->nf[inst];
	bool ready = k->mode == SLIM_GATE_RECEIVE || k->mode == SLIM_GATE_SERVE;

	if (frame->frame == SLIM_FRAME_PROBE && ready)
		send_frame(w, inst, (uint32_t)(k - nf->workers), frame->port, SLIM_FRAME_PROBE_ACK,
			   0);
	if (frame->frame == SLIM_FRAME_MARK && ready)
		nf->marks[frame->port] |= 1u << frame->worker;
	if (frame->frame == SLIM_FRAME_FLUSH_COPY && k->mode == SLIM_GATE_SERVE) {
		nf->taken_confirmed = true;
		slim_flush_copy(&nf->rounds[frame->port], frame->round,
				w->options.controls & CONTROL_ONE_REPLY ? 0 : frame->worker);
		nf_wake_all(w, inst);
	}
}

static void
receive_frame(struct world *w, uint32_t inst, struct worker *k, uint32_t p)
{
	const struct packet *frame = &w->packets[p];
	struct nf *nf = &w->nf[inst];

	if (nf->command.session == frame->session && frame->session != 0) {
		if (nf->command.is_source)
			receive_at_source(w, inst, k, frame);
		else
			receive_at_target(w, inst, k, frame);
	}
	packet_free(w, p);
}

/* ---- the gate ---------------------------------------------------------------------------------- */

static void
gate_packet(struct world *w, uint32_t inst, uint32_t index, uint32_t port, uint32_t p)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];
	struct fifo *queue = &k->queue[port];
	bool at_once = w->packets[p].tagged || (w->options.controls & CONTROL_NO_FLUSH);

	switch (k->mode) {
	case SLIM_GATE_PASS:
		if (fifo_empty(queue) || w->packets[p].tagged)
			serve(w, inst, index, p);
		else
			keep(w, nf, queue, p);
		return;
	case SLIM_GATE_HOLD:
		if (w->options.controls & CONTROL_NO_HOLD)
			drop(w, p, "the hold is off");
		else
			keep(w, nf, queue, p);
		return;
	case SLIM_GATE_REDIRECT:
		keep(w, nf, queue, p);
		return;
	case SLIM_GATE_SERVE:
		nf->taken_confirmed |= w->packets[p].tagged;
		if (at_once)
			serve(w, inst, index, p);
		else
			keep(w, nf, queue, p);
		return;
	default:
		drop(w, p,
		     k->mode == SLIM_GATE_CLOSED ? "the gate is closed" : "the gate receives");
	}
}

static void
release(struct world *w, uint32_t inst, uint32_t index, uint32_t port, uint64_t until)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];
	struct fifo *queue = &k->queue[port];

	for (uint32_t n = 0; n < BURST && !fifo_empty(queue) && queue->head < until; n++) {
		uint32_t p = fifo_pop(w, queue);
		uint64_t waited = w->now - w->packets[p].since;

		if (k->mode == SLIM_GATE_SERVE && waited > nf->flush_wait_max_ns)
			nf->flush_wait_max_ns = waited;
		serve(w, inst, index, p);
		k->worked = true;
	}
}

static void
send_on(struct world *w, uint32_t inst, uint32_t index, uint32_t port)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];
	uint32_t p;

	/* Paced: the transmit queue takes a few at a time. */
	for (uint32_t n = 0; n < nf->tx_pace && (p = fifo_pop(w, &k->queue[port])) != SIM_NONE;
	     n++) {
		k->worked = true;
		nf->redirected++;
		if (w->options.controls & CONTROL_NO_REDIRECT) {
			drop(w, p, "the redirect is off");
			continue;
		}
		w->packets[p].tagged = true;
		switch_send(w, inst, index, port, p);
	}
	if (slim_flush_answer_due(&k->answer[port], k->queue[port].head, k->queue[port].tail)) {
		send_frame(w, inst, index, port, SLIM_FRAME_FLUSH_COPY, k->answer[port].round);
		slim_flush_answer_sent(&k->answer[port]);
		k->worked = true;
	}
}

static void
rx_burst(struct world *w, uint32_t inst, uint32_t index, uint32_t port)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];
	uint32_t n = 0, p;

	while (n < BURST && (p = fifo_pop(w, &k->rx[port])) != SIM_NONE) {
		n++;
		if (w->packets[p].frame != 0)
			receive_frame(w, inst, k, p);
		else
			gate_packet(w, inst, index, port, p);
	}
	k->worked |= n > 0;
	if (k->mode == SLIM_GATE_REDIRECT) {
		slim_flush_drain_note(&k->answer[port].drain, n);
		send_on(w, inst, index, port);
	} else if (k->mode == SLIM_GATE_SERVE) {
		slim_flush_drain_note(&k->member[port].drain, n);
		release(w, inst, index, port, k->member[port].release);
	} else if (k->mode == SLIM_GATE_PASS) {
		release(w, inst, index, port, UINT64_MAX);
	}
}

static uint32_t
rx_size(const struct nf *nf, uint32_t index, uint32_t port)
{
	return index < nf->n_queues[port] ? SIM_RX_SIZE : 0;
}

/* ---- entering a mode ------------------------------------------------------------------------------ */

static void
enter_hold(struct world *w, struct nf *nf, struct worker *k)
{
	if (k->mode != SLIM_GATE_HOLD)
		k->stopped_ns = w->now;
	if (nf->first_stop_ns == 0)
		nf->first_stop_ns = w->now;
	for (uint32_t p = 0; p < SIM_N_PORTS; p++)
		k->answer[p] = (struct slim_flush_answer){.seen = nf->calls[p].call};
	k->closed = true;
	k->hold_ack_due = true;
	k->all_closed = false;
	set_mode(k, SLIM_GATE_HOLD);
}

static void
enter_receive(struct world *w, struct nf *nf, struct worker *k, bool is_leader)
{
	for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
		discard(w, &k->queue[p], "left in the queue when receiving begins");
		discard(w, &k->rx[p], "left to receive when receiving begins");
		if (is_leader)
			nf->marks[p] = 0;
	}
	if (is_leader) {
		nf->taken_confirmed = false;
		memset(nf->local_of, 0, sizeof(nf->local_of));
		memset(nf->source_of, 0, sizeof(nf->source_of));
	}
	k->install_head = k->install_tail; /* of a session before */
	k->install_full = false;
	set_mode(k, SLIM_GATE_RECEIVE);
}

static void
enter_serve(struct nf *nf, struct worker *k, bool is_leader)
{
	if (k->mode != SLIM_GATE_SERVE) {
		for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
			if (is_leader)
				slim_flush_reset(&nf->rounds[p]);
			k->member[p].release = k->queue[p].head;
			k->member[p].drain = (struct slim_flush_drain){0};
			k->member[p].may_pass = false;
		}
		if (is_leader)
			nf->taken_sent = 0;
		nf->handled = 0;
		nf->n_slots = SIM_MAX_SLOTS; /* only installs were to find it full */
	}
	set_mode(k, SLIM_GATE_SERVE);
}

static void
enter_closed(struct world *w, struct nf *nf, struct worker *k, uint32_t index)
{
	for (uint32_t p = 0; p < SIM_N_PORTS; p++)
		discard(w, &k->queue[p], "left in the queue when the gate closes");
	if (nf->command.wipe) {
		for (uint32_t slot = index; slot < nf->n_slots; slot += nf->n_workers) {
			if (nf->slots[slot].used)
				slot_release(nf, k, slot);
		}
	}
	k->install_head = k->install_tail; /* what was not installed yet never will be */
	set_mode(k, SLIM_GATE_CLOSED);
}

static void
begin_session(struct nf *nf)
{
	nf->taken_ns = nf->first_stop_ns = 0;
	memset(nf->probed, 0, sizeof(nf->probed));
	nf->probed_ns = 0;
}

static void
take_command(struct world *w, uint32_t inst, uint32_t index)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];

	if (k->epoch == nf->command.epoch)
		return;
	k->epoch = nf->command.epoch;
	k->track = nf->command.track;
	k->closed = k->hold_ack_due = false;
	switch (nf->command.mode) {
	case SLIM_GATE_HOLD:
		enter_hold(w, nf, k);
		break;
	case SLIM_GATE_REDIRECT:
		enter_redirect(w, nf, k);
		break;
	case SLIM_GATE_RECEIVE:
		enter_receive(w, nf, k, index == 0);
		break;
	case SLIM_GATE_SERVE:
		enter_serve(nf, k, index == 0);
		break;
	case SLIM_GATE_CLOSED:
		enter_closed(w, nf, k, index);
		break;
	default:
		set_mode(k, SLIM_GATE_PASS);
	}
	if (!k->hold_ack_due)
		k->ack = k->epoch;
	trace(w, "nf%u.%u: mode %u", inst, index, k->mode);
}

void
nf_command(struct world *w, uint32_t inst, const struct command *command)
{
	struct nf *nf = &w->nf[inst];
	uint32_t epoch = nf->command.epoch + 1;

	if (command->session != 0 && command->session != nf->command.session)
		begin_session(nf);
	nf->command = *command;
	nf->command.epoch = epoch;
	nf_wake_all(w, inst);
}

bool
nf_all_acked(const struct nf *nf)
{
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		if (nf->workers[i].ack != nf->command.epoch)
			return false;
	}
	return true;
}

bool
nf_is_active(const struct nf *nf)
{
	if (!nf->alive)
		return false;
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		const struct worker *k = &nf->workers[i];

		if (k->mode == SLIM_GATE_PASS || k->mode == SLIM_GATE_SERVE ||
		    (k->mode == SLIM_GATE_HOLD && k->hold_ack_due))
			return true;
	}
	return false;
}

/* ---- installs ----------------------------------------------------------------------------------------- */

void
nf_install(struct world *w, uint32_t inst, uint32_t worker, const struct install *record)
{
	struct worker *k = &w->nf[inst].workers[worker];

	if (k->install_tail - k->install_head == SIM_MAX_ROWS) {
		violation(w, "an install ring is too small for the simulator");
		return;
	}
	k->install[k->install_tail++ % SIM_MAX_ROWS] = *record;
	wake_soon(w, inst, worker);
}

bool
nf_installs_done(const struct nf *nf)
{
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		if (nf->workers[i].install_head != nf->workers[i].install_tail)
			return false;
	}
	return true;
}

static void
install_remove(struct nf *nf, struct worker *k, uint32_t source_slot)
{
	uint32_t local = nf->local_of[source_slot];

	nf->local_of[source_slot] = 0;
	if (local == 0 || nf->source_of[local - 1] != source_slot + 1)
		return; /* the entry has found another slot since */
	nf->source_of[local - 1] = 0;
	if (nf->slots[local - 1].used)
		slot_release(nf, k, local - 1);
}

static void
install_put(struct nf *nf, struct worker *k, uint32_t index, const struct install *record)
{
	uint32_t old = nf->local_of[record->slot];
	uint32_t local;

	if (old != 0 && nf->slots[old - 1].key != record->row.key)
		install_remove(nf, k, record->slot);
	local = slot_acquire(nf, index, record->row.key);
	if (local == SIM_NONE) {
		k->install_full = true;
		return;
	}
	nf->local_of[record->slot] = (uint8_t)(local + 1);
	nf->source_of[local] = (uint8_t)(record->slot + 1);
	nf->slots[local].used = true;
	nf->slots[local].key = record->row.key;
	nf->slots[local].count = record->row.count;
	nf->slots[local].hash = record->row.hash;
	slot_written(nf, k, local);
}

static void
poll_install(struct nf *nf, uint32_t index)
{
	struct worker *k = &nf->workers[index];

	if (k->mode == SLIM_GATE_CLOSED)
		return;
	for (uint32_t n = 0; n < BURST && k->install_head != k->install_tail; n++) {
		const struct install *record = &k->install[k->install_head++ % SIM_MAX_ROWS];

		k->worked = true;
		if (record->op == SLIM_INSTALL_PUT)
			install_put(nf, k, index, record);
		else
			install_remove(nf, k, record->slot);
	}
}

/* ---- once a poll ------------------------------------------------------------------------------------------ */

static void
poll_pass(struct world *w, uint32_t inst, uint32_t index)
{
	struct nf *nf = &w->nf[inst];

	if (index != 0 || !nf->command.watch || !nf->command.is_source ||
	    (nf->probed_ns != 0 && w->now - nf->probed_ns < PROBE_NS))
		return;
	nf->probed_ns = w->now;
	for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
		if (!nf->probed[p])
			send_frame(w, inst, 0, p, SLIM_FRAME_PROBE, 0);
	}
}

static void
send_marks(struct world *w, uint32_t inst, uint32_t index)
{
	for (uint32_t p = 0; p < SIM_N_PORTS; p++)
		send_frame(w, inst, index, p, SLIM_FRAME_MARK, 0);
	w->nf[inst].workers[index].marked_ns = w->now;
}

static bool
all_closed(const struct nf *nf)
{
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		if (!nf->workers[i].closed || nf->workers[i].epoch != nf->command.epoch)
			return false;
	}
	return true;
}

static uint64_t
self_resume_ns(const struct world *w, const struct nf *nf, const struct worker *k)
{
	uint64_t from = nf->heartbeat_ns > k->stopped_ns ? nf->heartbeat_ns : k->stopped_ns;

	return nf->heartbeat_ns == 0 ? UINT64_MAX : from + w->hold_limit_ns + 1;
}

static void
leave_hold(struct worker *k)
{
	k->hold_ack_due = false;
	k->ack = k->epoch;
	set_mode(k, SLIM_GATE_PASS);
}

static void
poll_hold(struct world *w, uint32_t inst, uint32_t index)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];

	if (nf->hold_word == SLIM_HOLD_HOLDING && w->now >= self_resume_ns(w, nf, k)) {
		trace(w, "nf%u: resumes by itself", inst);
		nf->hold_word = SLIM_HOLD_RESUMED;
		nf_wake_all(w, inst);
	}
	if (nf->hold_word == SLIM_HOLD_TAKEN)
		enter_redirect(w, nf, k);
	else if (nf->hold_word == SLIM_HOLD_RESUMED)
		leave_hold(k);
	else if (k->hold_ack_due)
		k->all_closed = all_closed(nf);
	else if (w->now - k->marked_ns >= MARK_NS)
		send_marks(w, inst, index);
}

static void
poll_redirect(struct world *w, uint32_t inst, uint32_t index)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];

	for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
		struct slim_flush_answer *answer = &k->answer[p];

		if ((w->options.controls & CONTROL_ONE_REPLY) && index != nf->flush_receiver[p])
			continue;
		slim_flush_answer_poll(&nf->calls[p], answer, rx_size(nf, index, p));
		if ((w->options.controls & CONTROL_REPLY_EARLY) && answer->owed) {
			send_frame(w, inst, index, p, SLIM_FRAME_FLUSH_COPY, answer->round);
			slim_flush_answer_sent(answer);
		}
		send_on(w, inst, index, p);
	}
}

static bool
any_waits(const struct nf *nf, uint32_t port)
{
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		if (!fifo_empty(&nf->workers[i].queue[port]))
			return true;
	}
	return false;
}

static void
lead_round(struct world *w, uint32_t inst, uint32_t port)
{
	struct nf *nf = &w->nf[inst];
	struct slim_flush_rounds *rounds = &nf->rounds[port];
	struct slim_flush_view view = {
		.n_workers = nf->n_workers,
		.peer_workers =
			w->options.controls & CONTROL_ONE_REPLY ? 1 : nf->command.peer_workers,
		.request = nf->round_request,
		.covered = nf->rounds_done[port],
		.waiting = any_waits(nf, port),
		.now_ns = w->now,
		.give_up_ns = SIM_ROUND_DEADLINE_NS,
	};

	switch (slim_flush_lead(rounds, &view)) {
	case SLIM_FLUSH_SEND:
	case SLIM_FLUSH_RESEND:
		send_frame(w, inst, 0, port, SLIM_FRAME_FLUSH, rounds->round);
		break;
	case SLIM_FLUSH_FINISHED:
		nf->rounds_done[port] = rounds->request;
		break;
	default:
		break;
	}
}

static void
send_taken(struct world *w, uint32_t inst)
{
	struct nf *nf = &w->nf[inst];

	if (nf->taken_sent == TAKEN_MAX || nf->taken_confirmed || !nf_all_acked(nf) ||
	    (nf->taken_sent != 0 && w->now - nf->taken_sent_ns < TAKEN_NS))
		return;
	nf->taken_sent++;
	nf->taken_sent_ns = w->now;
	for (uint32_t p = 0; p < SIM_N_PORTS; p++)
		send_frame(w, inst, 0, p, SLIM_FRAME_TAKEN, 0);
}

static void
poll_serve(struct world *w, uint32_t inst, uint32_t index)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];

	for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
		slim_flush_poll(&nf->rounds[p], &k->member[p], index, k->queue[p].tail,
				rx_size(nf, index, p));
		if (index == 0)
			lead_round(w, inst, p);
	}
	if (index == 0)
		send_taken(w, inst);
}

static void
gate_poll(struct world *w, uint32_t inst, uint32_t index)
{
	switch (w->nf[inst].workers[index].mode) {
	case SLIM_GATE_PASS:
		poll_pass(w, inst, index);
		break;
	case SLIM_GATE_HOLD:
		poll_hold(w, inst, index);
		break;
	case SLIM_GATE_REDIRECT:
		poll_redirect(w, inst, index);
		break;
	case SLIM_GATE_SERVE:
		poll_serve(w, inst, index);
		break;
	default:
		break;
	}
}

/* ---- a worker's loop --------------------------------------------------------------------------------------- */

/* What workers tell each other in flush rounds, as one number: when it changes, all look
 * again. `may_pass` is left out: it comes and goes with each burst. */
static uint64_t
rounds_sum(const struct nf *nf, uint32_t index)
{
	const struct worker *k = &nf->workers[index];
	uint64_t sum = 0, factor = UINT64_C(0x9e3779b97f4a7c15);

#define ADD(x) (sum += (uint64_t)(x)*factor, factor += UINT64_C(0x632be59bd9b4e01a))
	for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
		const struct slim_flush_rounds *r = &nf->rounds[p];
		const struct slim_flush_member *m = &k->member[p];
		const struct slim_flush_answer *a = &k->answer[p];

		ADD(r->round), ADD(r->returned), ADD(r->swept), ADD(r->done), ADD(r->copies);
		ADD(r->phase), ADD(nf->calls[p].call), ADD(nf->rounds_done[p]);
		ADD(r->marked[index]), ADD(r->drained[index]), ADD(r->passed[index]);
		ADD(m->mark), ADD(m->release), ADD(m->marked), ADD(m->returned), ADD(m->done);
		ADD(m->drain.on), ADD(m->drain.ended), ADD(m->drain.left);
		ADD(a->seen), ADD(a->owed), ADD(a->placed), ADD(a->drain.on), ADD(a->drain.ended);
		ADD(a->drain.left);
	}
#undef ADD
	return sum;
}

static void
burst(struct world *w, uint32_t inst, uint32_t index)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];
	uint32_t p;

	take_command(w, inst, index);
	poll_install(nf, index);
	gate_poll(w, inst, index);
	for (uint32_t port = 0; port < SIM_N_PORTS; port++)
		rx_burst(w, inst, index, port);
	for (uint32_t n = 0; n < BURST && (p = fifo_pop(w, &k->ring)) != SIM_NONE; n++) {
		handle(w, inst, index, p);
		k->worked = true;
	}
}

/* When this worker has to look again although nothing comes. */
static uint64_t
next_timer(const struct world *w, const struct nf *nf, uint32_t index)
{
	const struct worker *k = &nf->workers[index];
	uint64_t at = UINT64_MAX, t;

	if (k->mode == SLIM_GATE_PASS && index == 0 && nf->command.watch && nf->command.is_source &&
	    !(nf->probed[0] && nf->probed[1]))
		at = nf->probed_ns + PROBE_NS;
	if (k->mode == SLIM_GATE_HOLD) {
		at = k->hold_ack_due ? UINT64_MAX : k->marked_ns + MARK_NS;
		t = nf->hold_word == SLIM_HOLD_HOLDING ? self_resume_ns(w, nf, k) : UINT64_MAX;
		at = t < at ? t : at;
	}
	if (k->mode == SLIM_GATE_SERVE && index == 0) {
		if (!nf->taken_confirmed && nf->taken_sent < TAKEN_MAX)
			at = nf->taken_sent_ns + TAKEN_NS;
		for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
			t = nf->rounds[p].phase == SLIM_FLUSH_ASKING
				    ? nf->rounds[p].sent_ns + SLIM_FLUSH_RESEND_NS
				    : UINT64_MAX;
			at = t < at ? t : at;
		}
	}
	return at;
}

static void
publish(struct world *w, uint32_t inst, struct worker *k)
{
	struct nf *nf = &w->nf[inst];
	uint64_t pending = k->pending;

	(void)w;
	k->pending = 0;
	while (k->track && pending != 0) {
		uint32_t slot = (uint32_t)__builtin_ctzll(pending);

		pending &= pending - 1;
		if (nf->dirty[slot])
			continue;
		nf->dirty[slot] = true;
		k->dirty_ring[k->dirty_tail++ % 64] = (uint8_t)slot;
	}
}

static void
commit_hold(struct world *w, uint32_t inst, uint32_t index)
{
	struct worker *k = &w->nf[inst].workers[index];

	if (!k->hold_ack_due || !k->all_closed || !fifo_empty(&k->ring))
		return;
	k->hold_ack_due = false;
	send_marks(w, inst, index);
	k->ack = k->epoch;
	k->told = true;
}

static void
commit_serve(struct world *w, uint32_t inst, uint32_t index)
{
	struct nf *nf = &w->nf[inst];

	for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
		uint32_t before = nf->rounds[p].passed[index];

		slim_flush_pass(&nf->rounds[p], &nf->workers[index].member[p], index);
		if (nf->rounds[p].passed[index] != before)
			nf_wake_all(w, inst);
	}
}

static void
worker_commit(struct world *w, uint32_t inst, uint32_t index, uint64_t gen)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];
	uint64_t timer;

	(void)gen;
	if (!nf->alive)
		return;
	publish(w, inst, k);
	if (k->mode == SLIM_GATE_HOLD)
		commit_hold(w, inst, index);
	if (k->mode == SLIM_GATE_SERVE && fifo_empty(&k->ring))
		commit_serve(w, inst, index);
	k->running = false;
	if (k->told)
		nf_wake_all(w, inst);
	else if (k->worked || k->again)
		wake_soon(w, inst, index);
	if (k->told || k->worked)
		daemon_notice(w, inst);
	k->again = false;
	timer = next_timer(w, nf, index);
	if (timer != UINT64_MAX)
		wake(w, inst, index, timer > w->now ? timer : w->now + nf->poll_ns);
}

static bool
is_in_rounds(const struct worker *k)
{
	return k->mode == SLIM_GATE_SERVE || k->mode == SLIM_GATE_REDIRECT;
}

static void
worker_run(struct world *w, uint32_t inst, uint32_t index, uint64_t serial)
{
	struct nf *nf = &w->nf[inst];
	struct worker *k = &nf->workers[index];
	uint64_t before;

	if (!nf->alive || serial != k->wake_serial || k->running)
		return;
	k->wake_at = UINT64_MAX;
	k->running = true;
	k->worked = k->again = k->told = false;
	before = is_in_rounds(k) ? rounds_sum(nf, index) : 0;
	burst(w, inst, index);
	k->told |= is_in_rounds(k) && rounds_sum(nf, index) != before;
	engine_at(w, w->now + rnd_range(w, RNG_NF, 500, 4000), worker_commit, inst, index, 0);
}

/* ---- the NF as a whole ---------------------------------------------------------------------------------------- */

/* Redirected packets and direct ones of a flow may come to different queues. */
static uint32_t
pick_queue(const struct nf *nf, const struct packet *packet)
{
	uint32_t n = nf->n_queues[packet->port];
	uint32_t hash = packet->frame != 0 ? packet->worker + packet->frame * 5u + packet->round
					   : packet->flow * 2654435761u >> 16;

	return (hash + packet->tagged) % n;
}

void
nf_arrive(struct world *w, uint32_t inst, uint32_t p, uint64_t unused)
{
	struct nf *nf = &w->nf[inst];
	const struct packet *packet = &w->packets[p];
	uint32_t queue = pick_queue(nf, packet);

	(void)unused;
	if (!nf->alive) {
		if (packet->frame == 0)
			oracle_dropped(w, p, "the NF is dead", true);
		packet_free(w, p);
		return;
	}
	fifo_push(w, &nf->workers[queue].rx[packet->port], p);
	wake_soon(w, inst, queue);
}

static void
bury(struct world *w, struct fifo *queue)
{
	uint32_t p;

	while ((p = fifo_pop(w, queue)) != SIM_NONE) {
		if (w->packets[p].frame == 0)
			oracle_dropped(w, p, "it was in the NF that died", true);
		packet_free(w, p);
	}
}

void
nf_kill(struct world *w, uint32_t inst)
{
	struct nf *nf = &w->nf[inst];

	if (!nf->alive)
		return;
	trace(w, "nf%u: dies", inst);
	/* Whoever serves (or may have begun to) takes its packets and its state along. */
	if (nf_is_active(nf) || inst == w->source)
		w->oracle.excuse_all = true;
	nf->alive = false;
	for (uint32_t i = 0; i < nf->n_workers; i++) {
		bury(w, &nf->workers[i].ring);
		for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
			bury(w, &nf->workers[i].rx[p]);
			bury(w, &nf->workers[i].queue[p]);
		}
	}
}

void
nf_init(struct world *w, uint32_t inst, bool active)
{
	struct nf *nf = &w->nf[inst];

	nf->alive = true;
	nf->n_workers = (uint32_t)rnd_range(w, RNG_NF, 1, SIM_MAX_WORKERS);
	for (uint32_t p = 0; p < SIM_N_PORTS; p++)
		nf->n_queues[p] = rnd_chance(w, RNG_NF, 64)
					  ? (uint32_t)rnd_range(w, RNG_NF, 1, nf->n_workers)
					  : nf->n_workers;
	nf->poll_ns = rnd_range(w, RNG_NF, US(2), US(30));
	nf->tx_pace = (uint32_t)rnd_range(w, RNG_NF, 1, 6);
	nf->hold_capacity = w->options.hold_capacity != 0 ? w->options.hold_capacity : 100000;
	nf->n_slots = SIM_MAX_SLOTS;
	for (uint32_t i = 0; i < SIM_MAX_WORKERS; i++) {
		struct worker *k = &nf->workers[i];

		k->mode = active ? SLIM_GATE_PASS : SLIM_GATE_CLOSED;
		k->wake_at = UINT64_MAX;
		fifo_init(&k->ring);
		for (uint32_t p = 0; p < SIM_N_PORTS; p++) {
			fifo_init(&k->rx[p]);
			fifo_init(&k->queue[p]);
		}
	}
}
