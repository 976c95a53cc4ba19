/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slimd: the real driver with all that belongs to it. It is turned as main() turns it: a round of the
 * driver, a rest, callbacks in between.
 *
 * It may die within any call through the seam. From then on nothing that it does counts: the seam
 * is deaf, and the words of its NFs that it may write are a scratch copy. It is taken apart once its code has
 * returned, and another one starts later, which finds files, memory and NFs as the dead one left them.
 */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller.h"
#include "gate.h"
#include "job.h"
#include "log.h"
#include "move.h"
#include "peer.h"
#include "slim_ctl.pb-c.h"

/* The one whose code runs. */
static struct host *running;

/* ---- the seam -------------------------------------------------------------------------------- */

bool
host_calls(struct host *host)
{
	uint64_t down_ns;

	if (host->dying)
		return false;
	host->calls++;
	if (host == running && plan_kills(host, &down_ns)) {
		trace(host->world, "slimd %s dies at its call %u", host->name, host->calls);
		host_kill(host, down_ns);
		return false;
	}
	return true;
}

static uint64_t
random_number(struct outside *outside)
{
	return rnd(((struct host *)outside)->world, RNG_IDS, UINT64_MAX - 1) + 1;
}

static struct timer *
timer_new(struct outside *outside, void (*fn)(void *ctx), void *ctx)
{
	struct host *host = (struct host *)outside;

	for (uint32_t i = 0; i < SIM_MAX_TIMERS; i++) {
		struct timer *timer = &host->world->timers[i];

		if (timer->host != NULL)
			continue;
		timer->host = host;
		timer->fn = fn;
		timer->ctx = ctx;
		timer->serial++;
		return timer;
	}
	violation(host->world, "the simulator has too many timers");
	return NULL;
}

static void
on_timer(void *ctx, uint32_t serial, uint32_t unused, uint64_t unused2)
{
	struct timer *timer = ctx;
	struct host *host = timer->host;

	(void)unused;
	(void)unused2;
	if (host == NULL || timer->serial != serial || host->dying || !host->alive)
		return;
	host_enter(host);
	timer->fn(timer->ctx);
	host_leave(host);
}

static void
timer_set(struct timer *timer, uint64_t ns)
{
	struct world *w = timer->host->world;

	if (timer->host->dying)
		return;
	/* Late, as timers are. */
	engine_at(w, w->now + ns + 1 + rnd(w, RNG_HOST, US(50)), on_timer, timer, ++timer->serial,
		  0, 0);
}

static void
timer_free(struct timer *timer)
{
	if (timer == NULL)
		return;
	timer->serial++;
	timer->host = NULL;
}

static const struct timer_ops sim_timer = {
	.create = timer_new, .set = timer_set, .destroy = timer_free};

/* ---- what slimd calls without a seam: the gate's words and the core ----------------------------- */

void __real_gate_command(struct gate *gate, const struct gate_command *command);
void __wrap_gate_command(struct gate *gate, const struct gate_command *command);
void __real_gate_set_hold_word(struct nf *nf, enum slim_hold_word word);
void __wrap_gate_set_hold_word(struct nf *nf, enum slim_hold_word word);
bool __real_gate_swap_hold_word(struct nf *nf, enum slim_hold_word from, enum slim_hold_word to);
bool __wrap_gate_swap_hold_word(struct nf *nf, enum slim_hold_word from, enum slim_hold_word to);
void __real_session_step(struct session *s, const struct session_event *event,
			 struct session_effects *effects);
void __wrap_session_step(struct session *s, const struct session_event *event,
			 struct session_effects *effects);

void
__wrap_gate_command(struct gate *gate, const struct gate_command *command)
{
	struct gate_command c = *command;
	uint32_t controls = running->world->options.controls;

	host_calls(running);
	if (controls & CONTROL_NO_HOLD)
		c.fault |= SLIM_FAULT_NO_HOLD;
	if (controls & CONTROL_NO_FLUSH)
		c.fault |= SLIM_FAULT_NO_FLUSH_ROUND;
	if (controls & CONTROL_NO_REDIRECT)
		c.fault |= SLIM_FAULT_NO_REDIRECT;
	if ((controls & CONTROL_ONE_REPLY) && c.mode == SLIM_GATE_SERVE)
		c.peer_workers = 1;
	__real_gate_command(gate, &c);
}

void
__wrap_gate_set_hold_word(struct nf *nf, enum slim_hold_word word)
{
	host_calls(running);
	__real_gate_set_hold_word(nf, word);
}

bool
__wrap_gate_swap_hold_word(struct nf *nf, enum slim_hold_word from, enum slim_hold_word to)
{
	host_calls(running);
	return __real_gate_swap_hold_word(nf, from, to);
}

static struct service *
service_of(struct world *w, uint64_t session)
{
	for (uint32_t i = 0; i < w->n_services; i++)
		if (w->services[i].session == session)
			return &w->services[i];
	return NULL;
}

static void
entered(struct service *s, const struct host *host, enum session_state state)
{
	struct world *w = s->world;

	s->state[host->number] = state;
	s->since_ns[host->number] = w->now;
	s->seen |= UINT64_C(1) << state;
	trace(w, "slimd %s: %s -> %s", host->name, s->name, session_state_name(state));
	note_change(w);
	if (state == SOURCE_HOLDING)
		s->hold_ns = w->now;
	if (state == SOURCE_STEERING && s->taken_ns == 0)
		s->taken_ns = w->now;
	if (state == SOURCE_COPYING || state == SOURCE_HOLDING)
		load_hurry(s);
	plan_entered(s, state);
}

void
__wrap_session_step(struct session *session, const struct session_event *event,
		    struct session_effects *effects)
{
	enum session_state before = session->state;
	struct service *s = service_of(running->world, session->id);

	if (event->type != EV_BACKLOG && event->type != EV_TICK)
		trace(running->world, "slimd %s: event %s %llu in %s", running->name,
		      session_event_name(event->type), (unsigned long long)event->n,
		      session_state_name(before));
	__real_session_step(session, event, effects);
	if (s == NULL || running->dying)
		return;
	if (session->is_source)
		s->verdict = session->verdict;
	if (session->state != before || event->type == EV_START)
		entered(s, running, session->state);
	if (session->state == SESSION_DONE && session->is_source)
		s->session_reason = session->reason;
}

/* ---- turning --------------------------------------------------------------------------------------- */

/* Whatever was killed and restarted on the way. */
static void
check_proof(const struct service *s, const struct job_result *r)
{
	if (!r->has_source || !r->has_proof)
		violation(s->world, "the move of %s is complete, and nothing proves it", s->name);
	else if (r->digest_proof != r->digest_source)
		violation(s->world, "the move of %s is complete, and its proof differs", s->name);
}

static void
note_job(struct service *s)
{
	struct host *host = &s->world->hosts[s->source];
	struct job *job = host->driver != NULL ? job_find(driver_jobs(host->driver), s->job) : NULL;
	static const enum session_result results[] = {
		[SLIM__V1__JOB_STATE__JOB_COMPLETE] = RESULT_COMPLETE,
		[SLIM__V1__JOB_STATE__JOB_REFUSED] = RESULT_REFUSED,
		[SLIM__V1__JOB_STATE__JOB_ABORTED] = RESULT_ABORTED,
		[SLIM__V1__JOB_STATE__JOB_TIMED_OUT] = RESULT_TIMED_OUT,
		[SLIM__V1__JOB_STATE__JOB_CANCELLED] = RESULT_CANCELLED,
		[SLIM__V1__JOB_STATE__JOB_FAILED] = RESULT_FAILED,
	};

	if (!s->moving || job == NULL || job->ended_ns == 0 || s->job_over)
		return;
	s->job_over = true;
	s->job_result = results[job->state];
	if (s->job_result == RESULT_COMPLETE)
		check_proof(s, &job->result);
	s->n_reasons = (uint32_t)job->n_reasons;
	s->first_reason = job->n_reasons > 0 ? job->reasons[0].code : 0;
	trace(s->world, "job of %s: %s, reason %u (%s)", s->name,
	      session_result_name(s->job_result), s->first_reason,
	      job->n_reasons > 0 ? job->reasons[0].text : "");
}

static void bury(struct host *host);

void
host_enter(struct host *host)
{
	running = host;
	eal_enter(host->world, host);
}

void
host_leave(struct host *host)
{
	struct world *w = host->world;

	for (uint32_t i = 0; i < w->n_services && !host->dying; i++) {
		struct service *s = &w->services[i];

		note_job(s);
		if (s->instances[host->number].alive)
			instance_look(&s->instances[host->number]);
	}
	if (host->dying && host->driver != NULL)
		bury(host);
	running = NULL;
	eal_enter(w, NULL);
}

static void turn(void *ctx, uint32_t unused, uint32_t unused2, uint64_t serial);

static void
turn_at(struct host *host, uint64_t at)
{
	host->turn_at = at;
	engine_at(host->world, at, turn, host, 0, 0, ++host->turn_serial);
}

void
host_wake(struct host *host)
{
	struct world *w = host->world;
	uint64_t at = w->now + 1 + rnd(w, RNG_HOST, US(30));

	if (host->alive && !host->dying && at < host->turn_at)
		turn_at(host, at);
}

static void
turn(void *ctx, uint32_t unused, uint32_t unused2, uint64_t serial)
{
	struct host *host = ctx;
	struct world *w = host->world;
	uint32_t life = host->life;
	uint64_t ns;

	(void)unused;
	(void)unused2;
	if (serial != host->turn_serial || !host->alive || host->dying)
		return;
	host->turn_at = UINT64_MAX;
	host_enter(host);
	ns = driver_poll(host->driver);
	host_leave(host);
	if (host->life != life || !host->alive || ns == DRIVER_IDLE)
		return;
	ns += lull_ns(w, MS(20));
	turn_at(host, w->now + ns + US(4) + rnd(w, RNG_HOST, ns / 2 + US(10)));
}

static void
beat(void *ctx, uint32_t unused, uint32_t unused2, uint64_t life)
{
	struct host *host = ctx;

	(void)unused;
	(void)unused2;
	if (host->life != life || !host->alive || host->dying || host->world->over)
		return;
	host_enter(host);
	nf_registry_beat(host->nfs, host->world->now + host->clock_ns);
	host_leave(host);
	engine_at(host->world, host->world->now + MS(200), beat, host, 0, 0, life);
}

/* ---- wires, as in main.c -------------------------------------------------------------------------------- */

static void
on_nf_up(void *ctx, struct nf *nf)
{
	struct host *host = ctx;

	if (host->driver != NULL)
		driver_nf_up(host->driver, nf);
}

static void
on_nf_down(void *ctx, struct nf *nf)
{
	struct host *host = ctx;

	if (host->driver != NULL)
		driver_nf_down(host->driver, nf);
}

static void
on_peer_up(void *ctx, struct peer_conn *conn)
{
	struct host *host = ctx;

	if (host->driver != NULL)
		driver_peer_up(host->driver, conn);
}

static void
on_peer_down(void *ctx, struct peer_conn *conn, uint32_t reason)
{
	struct host *host = ctx;

	if (host->driver != NULL)
		driver_peer_down(host->driver, conn, reason);
}

static void
on_peer_unreachable(void *ctx, const char *name, uint32_t reason)
{
	struct host *host = ctx;

	if (host->driver != NULL)
		driver_peer_unreachable(host->driver, name, reason);
}

static void
on_peer_frame(void *ctx, struct peer_conn *conn, const Slim__Peer__V1__Frame *frame)
{
	struct host *host = ctx;

	if (host->driver != NULL)
		driver_peer_frame(host->driver, conn, frame);
}

static void
on_steered(void *ctx, uint64_t session, enum controller_verb verb,
	   const struct controller_answer *answer)
{
	struct host *host = ctx;

	if (host->driver != NULL)
		driver_steered(host->driver, session, verb, answer);
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static void
register_nf(void *ctx, uint32_t service, uint32_t unused, uint64_t life)
{
	struct host *host = ctx;
	struct instance *inst = &host->world->services[service].instances[host->number];
	struct schema_reason reason;
	struct nf *nf;

	(void)unused;
	if (host->life != life || !host->alive || host->dying || !inst->alive)
		return;
	host_enter(host);
	nf = instance_adopt(inst);
	if (nf != NULL &&
	    nf_registry_add(host->nfs, nf, host->world->now + host->clock_ns, &reason) < 0)
		violation(host->world, "%s cannot register", inst->name);
	host_leave(host);
	note_change(host->world);
	host_wake(host);
}

static int
start_parts(struct host *host)
{
	static const struct nf_registry_ops nf_ops = {.on_up = on_nf_up, .on_down = on_nf_down};
	static const struct peer_ops peer_ops = {
		.on_up = on_peer_up,
		.on_down = on_peer_down,
		.on_unreachable = on_peer_unreachable,
		.on_frame = on_peer_frame,
	};
	struct host *other = &host->world->hosts[1 - host->number];
	struct peer_address address = {.address = "other:1"};
	/* Every third daemon is of before narrow rows; who is started again may be another. */
	struct peer_config peers = {
		.host = host->name,
		.listen = "own:1",
		.unknown = rnd_chance(host->world, RNG_VERSION, 85) ? PEER_FEATURE_NARROW : 0,
		.n_peers = 1,
		.peers = &address};
	int rc = nf_registry_create(NULL, NULL, &nf_ops, host, &host->nfs);

	memcpy(address.name, other->name, sizeof(other->name));
	if (rc == 0)
		rc = controller_create(&host->outside, on_steered, host, &host->controller);
	if (rc == 0)
		rc = peer_set_create(&host->outside, &peers, &peer_ops, host, &host->peers);
	return rc;
}

static int
start_driver(struct host *host)
{
	struct driver_config config = {
		.outside = &host->outside,
		.host = host->name,
		.state_dir = "state",
		.runtime_dir = "run",
		.nfs = host->nfs,
		.peers = host->peers,
		.controller = host->controller,
		.limits = host->world->limits,
	};
	int rc = driver_create(&config, &host->driver);

	return rc < 0 ? rc : driver_replay(host->driver);
}

static void
host_start(struct host *host)
{
	struct world *w = host->world;
	int rc;

	host->alive = true;
	host->dying = false;
	host->life++;
	host->turn_at = UINT64_MAX;
	trace(w, "slimd %s starts", host->name);
	host_enter(host);
	rc = start_parts(host);
	if (rc == 0)
		rc = start_driver(host);
	if (rc < 0 && !host->dying) {
		/* As systemd does it: again, after a while. */
		trace(w, "slimd %s does not start: %s", host->name, strerror(-rc));
		host_kill(host, MS(100));
	}
	host_leave(host);
	note_change(w);
	for (uint32_t i = 0; i < w->n_services; i++)
		engine_at(w, w->now + 1 + (host->n_lives == 0 ? 0 : rnd(w, RNG_HOST, MS(10))),
			  register_nf, host, i, 0, host->life);
	engine_at(w, w->now + MS(200), beat, host, 0, 0, host->life);
	turn_at(host, w->now + US(5));
}

static void
start_again(void *ctx, uint32_t unused, uint32_t unused2, uint64_t life)
{
	struct host *host = ctx;

	(void)unused;
	(void)unused2;
	if (host->life == life && !host->alive && !host->world->over) {
		host->n_lives++;
		host_start(host);
	}
}

/* Its writes to the NFs go nowhere from here on. */
static void
part_from_memory(struct host *host)
{
	static _Alignas(4096) uint8_t scratch[8u << 20];
	const struct nf_list *list = host->nfs != NULL ? nf_registry_list(host->nfs) : NULL;
	struct nf *nf;
	size_t at = 0;

	if (list == NULL)
		return;
	TAILQ_FOREACH(nf, list, link) {
		ptrdiff_t move;

		if (at + nf->info->control_size > sizeof(scratch))
			break;
		memcpy(scratch + at, nf->control, sizeof(*nf->control));
		move = (scratch + at) - (uint8_t *)nf->control;
		nf->control = (void *)(scratch + at);
		nf->installs = (void *)((uint8_t *)nf->installs + move);
		for (uint32_t t = 0; t < nf->n_tables; t++) {
			nf->tables[t].dirty =
				(void *)((uint8_t *)(uintptr_t)nf->tables[t].dirty + move);
			nf->tables[t].rings += move;
		}
		at += nf->info->control_size;
	}
}

/* Everything that the process had goes; nothing is said to anybody. */
static void
bury(struct host *host)
{
	struct driver *driver = host->driver;

	host->driver = NULL;
	driver_destroy(driver);
	peer_set_destroy(host->peers);
	host->peers = NULL;
	controller_destroy(host->controller);
	host->controller = NULL;
	nf_registry_destroy(host->nfs);
	host->nfs = NULL;
	host->alive = false;
	host->accept = NULL;
}

/* A verdict that was kept: not by a daemon that dies while it keeps it. */
static void
note_verdicts(const struct host *host)
{
	for (uint32_t i = 0; i < host->world->n_services; i++) {
		struct service *s = &host->world->services[i];

		s->was_failed |= host->number == s->source && s->state[s->source] != SESSION_DONE &&
				 s->verdict == RESULT_FAILED && s->instances[s->source].alive;
	}
}

void
host_kill(struct host *host, uint64_t down_ns)
{
	struct world *w = host->world;

	if (!host->alive || host->dying)
		return;
	trace(w, "slimd %s is killed", host->name);
	if (running != host)
		note_verdicts(host);
	host->dying = true;
	for (uint32_t i = 0; i < w->n_services; i++)
		w->services[i].state[host->number] = SESSION_DONE;
	link_host_died(host);
	controller_hang_up(host);
	part_from_memory(host);
	if (w->options.controls & CONTROL_NO_JOURNAL)
		disk_forget(host, false);
	note_change(w);
	engine_at(w, w->now + down_ns + MS(1), start_again, host, 0, 0, host->life);
	if (running != host) {
		struct host *before = running;

		host_enter(host);
		host_leave(host);
		if (before != NULL)
			host_enter(before);
	}
}

static void
nf_is_gone(void *ctx, uint32_t service, uint32_t unused, uint64_t life)
{
	struct host *host = ctx;
	struct instance *inst = &host->world->services[service].instances[host->number];
	struct nf *nf;

	(void)unused;
	if (host->life != life || !host->alive || host->dying)
		return;
	nf = nf_find(host->nfs, inst->name);
	if (nf == NULL)
		return;
	host_enter(host);
	nf_registry_remove(host->nfs, nf);
	host_leave(host);
	note_change(host->world);
	host_wake(host);
}

void
host_nf_died(struct instance *inst)
{
	struct world *w = inst->service->world;
	struct host *host = &w->hosts[inst->side];

	engine_at(w, w->now + rnd_delay(w, RNG_HOST, US(200)), nf_is_gone, host,
		  inst->service->number, 0, host->life);
}

static void
on_log(void *ctx, enum log_level level, const char *line)
{
	struct world *w = ctx;

	(void)level;
	trace(w, "    %s: %s", running != NULL ? running->name : "-", line);
}

void
host_init(struct world *w, uint32_t number)
{
	struct host *host = &w->hosts[number];

	host->outside = (struct outside){
		.disk = &sim_disk,
		.memory = &sim_memory,
		.timer = &sim_timer,
		.link = &sim_link,
		.controller = &sim_controller,
		.random = random_number,
	};
	host->world = w;
	host->number = (uint8_t)number;
	host->name[0] = (char)('a' + number);
	host->clock_ns = SEC(1000) + rnd(w, RNG_HOST, SEC(100000));
}

void
host_begin(struct host *host)
{
	log_set_level(host->world->options.verbose ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR);
	log_set_sink(on_log, host->world);
	host_start(host);
}

void
host_end(struct host *host)
{
	host->dying = true;
	if (host->driver != NULL)
		bury(host);
	disk_end(host);
}

/* ---- the operator ------------------------------------------------------------------------------------------------ */

void
host_migrate(struct service *s)
{
	struct host *host = &s->world->hosts[s->source];
	struct driver_move move = {
		.nf = s->instances[s->source].name,
		.to_host = s->world->hosts[1 - s->source].name,
		.to_nf = "",
		.key = "",
	};
	struct job *job;

	host_enter(host);
	job = driver_migrate(host->driver, &move);
	if (job == NULL) {
		violation(s->world, "no job can be made");
	} else {
		memcpy(s->job, job->id, sizeof(s->job));
		s->session = strtoull(job->id, NULL, 16);
		trace(s->world, "move of %s begins: job %s", s->name, s->job);
	}
	host_leave(host);
	host_wake(host);
}

/* What is left is to clean up; who ends that by force is told that rules may be left. */
static bool
is_cleaning(enum session_state state)
{
	return state == SOURCE_SETTLING || state == SOURCE_UNDOING || state == TARGET_LEAVING;
}

void
host_cancel(struct service *s, uint32_t side, bool force)
{
	struct host *host = &s->world->hosts[side];
	char text[SLIM_REASON_SIZE] = "";
	bool cleans;
	int rc;

	if (!host->alive || host->dying || !s->moving)
		return;
	host_enter(host);
	s->discarded |= force && side != s->source && s->state[side] == TARGET_TAKING;
	cleans = is_cleaning(s->state[side]);
	rc = driver_cancel(host->driver, s->job, force, text);
	if (rc == 0 && force && text[0] != '\0')
		s->forced = true; /* the risk was told in words, and taken */
	s->rules_left |= rc == 0 && force && cleans;
	trace(s->world, "cancel at %s%s: %d %s", host->name, force ? ", forced" : "", rc, text);
	host_leave(host);
	host_wake(host);
}

bool
host_is_quiet(const struct service *s)
{
	for (uint32_t i = 0; i < SIM_HOSTS; i++) {
		const struct host *host = &s->world->hosts[i];
		const struct nf *nf;

		if (!host->alive || host->dying)
			return false;
		if (move_find(host->driver, s->session) != NULL)
			return false;
		if (!s->instances[i].alive)
			continue;
		nf = nf_find(host->nfs, s->instances[i].name);
		if (nf == NULL || nf->session != 0)
			return false;
	}
	return true;
}
