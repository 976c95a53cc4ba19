/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A move is asked for: what must not be, what cannot be, and how a session begins of it. Reasons of
 * the source do not keep the target and the controller from telling theirs: a session that is
 * doomed goes through preflight as a dry run does, and is refused with all of them at its end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "driver.h"
#include "log.h"
#include "move.h"
#include "rule.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define HOLD_LIMIT_MIN_NS (500 * MS)

/* What an argument may be, if it is given at all. */
#define LEAST_HOLD_NS (MS / 10)
#define MOST_HOLD_NS (60 * SECOND)
#define LEAST_TIMEOUT_NS SECOND
#define MOST_TIMEOUT_NS (24 * 3600 * SECOND)
#define LEAST_BANDWIDTH UINT64_C(1000)
#define MOST_BANDWIDTH UINT64_C(16000000000)

static void __attribute__((format(printf, 3, 4)))
add(struct move_reasons *reasons, uint32_t code, const char *format, ...)
{
	struct job_reason *reason = &reasons->list[reasons->n];
	va_list args;

	if (reasons->n == SLIM_MAX_REASONS)
		return;
	reasons->n++;
	reason->code = (Slim__V1__ReasonCode)code;
	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
}

/* ---- what was asked for -------------------------------------------------------------- */

static void
check_name(struct move_reasons *reasons, const char *what, const char *name, bool may_be_empty)
{
	if (!(may_be_empty && name[0] == '\0') && !slim_rule_name(name))
		add(reasons, REASON_BAD_REQUEST, "%s: \"%.40s\" is not a name", what, name);
}

static void
check_number(struct move_reasons *reasons, const char *what, uint64_t value, uint64_t least,
	     uint64_t most)
{
	if (value != 0 && (value < least || value > most))
		add(reasons, REASON_BAD_REQUEST, "%s: %llu is not between %llu and %llu", what,
		    (unsigned long long)value, (unsigned long long)least, (unsigned long long)most);
}

static void
check_request(const struct driver *driver, const struct driver_move *move,
	      struct move_reasons *reasons)
{
	check_name(reasons, "nf", move->nf, false);
	check_name(reasons, "to_host", move->to_host, false);
	check_name(reasons, "to_nf", move->to_nf, true);
	if (strlen(move->key) >= SLIM_JOB_KEY_SIZE)
		add(reasons, REASON_BAD_REQUEST, "the idempotency key is longer than %u",
		    SLIM_JOB_KEY_SIZE - 1);
	check_number(reasons, "max_hold_ns", move->max_hold_ns, LEAST_HOLD_NS, MOST_HOLD_NS);
	check_number(reasons, "timeout_ns", move->timeout_ns, LEAST_TIMEOUT_NS, MOST_TIMEOUT_NS);
	check_number(reasons, "max_bandwidth", move->max_bandwidth, LEAST_BANDWIDTH,
		     MOST_BANDWIDTH);
	if (move->fault != 0 && !driver->config.allow_faults)
		add(reasons, REASON_BAD_REQUEST, "faults are not allowed by this daemon");
}

/* ---- who is there ------------------------------------------------------------------------ */

/* With these there is no session that could ask anybody else. */
static void
check_ends(const struct driver *driver, const struct driver_move *move, const struct nf *nf,
	   struct move_reasons *reasons)
{
	if (nf == NULL)
		add(reasons, REASON_UNKNOWN_NF, "no NF called %.40s is registered at %s", move->nf,
		    driver->config.host);
	else if (nf->session != 0)
		add(reasons, REASON_SOURCE_BUSY, "session %016llx is working on %s",
		    (unsigned long long)nf->session, nf->name);
	if (!peer_is_configured(driver->config.peers, move->to_host))
		add(reasons, REASON_UNKNOWN_PEER, "no peer called %.40s is configured at %s",
		    move->to_host, driver->config.host);
}

static void
check_source(const struct driver *driver, const struct nf *nf, struct move_reasons *reasons)
{
	if (nf == NULL)
		return;
	if (!nf_is_alive(nf, move_now_ns()))
		add(reasons, REASON_NF_SILENT, "the workers of %s do not poll", nf->name);
	if (strcmp(nf_mode_name(nf), "pass") != 0)
		add(reasons, REASON_SOURCE_STANDBY, "%s does not serve (its gate is in %s)",
		    nf->name, nf_mode_name(nf));
	if (driver->config.controller == NULL && !driver->config.steering_none)
		add(reasons, REASON_STEERING_UNREACHABLE,
		    "no address of a steering service is configured");
}

/* ---- reasons of all three ------------------------------------------------------------------ */

bool
move_is_refused(const struct move *m)
{
	return m->refusal.type != (enum session_event_type)0;
}

void
move_deliver_refusal(struct move *m)
{
	struct session_event refusal = m->refusal;

	m->refusal = (struct session_event){0};
	move_event_n(m, refusal.type, 0, refusal.reason);
}

void
move_refuse(struct move *m, enum session_event_type type, uint32_t reason)
{
	if (m->driver->config.controller == NULL || m->session.state != SOURCE_OPENING) {
		move_event_n(m, type, 0, reason);
		return;
	}
	if (move_is_refused(m))
		return;
	m->refusal = (struct session_event){.type = type, .reason = reason};
	move_call_controller(m, FX_STEER_CHECK, 0);
}

/* ---- jobs -------------------------------------------------------------------------------------- */

static struct job *
refuse_job(struct driver *driver, struct job *job, const struct move_reasons *reasons)
{
	for (size_t i = 0; i < reasons->n; i++) {
		job_add_reason(job, reasons->list[i].code, "%s", reasons->list[i].text);
		log_info("move refused nf=%s to=%s reason=\"%s\"", job->nf, job->to_host,
			 reasons->list[i].text);
	}
	job->state = SLIM__V1__JOB_STATE__JOB_REFUSED;
	job->phase = "done";
	job->ended_ns = move_now_ns();
	job_keep(driver->config.outside, driver->config.state_dir, job);
	job_changed(&driver->jobs, job);
	return job;
}

static void
set_limits(struct move *m, const struct driver_move *move, struct session_limits *limits)
{
	if (move->max_hold_ns != 0)
		limits->max_hold_ns = move->max_hold_ns;
	if (move->timeout_ns != 0)
		limits->move_ns = move->timeout_ns;
	m->hold_limit_ns = 2 * limits->max_hold_ns > HOLD_LIMIT_MIN_NS ? 2 * limits->max_hold_ns
								       : HOLD_LIMIT_MIN_NS;
}

static uint64_t
random_number(const struct driver *driver)
{
	return driver->config.outside->random(driver->config.outside);
}

static struct move *
begin_move(struct driver *driver, const struct driver_move *move, struct nf *nf, struct job *job,
	   uint64_t id, const struct move_reasons *reasons)
{
	struct session_limits limits = driver->config.limits;
	struct move *m = move_create(driver, id, true, nf);

	if (m == NULL)
		return NULL;
	set_limits(m, move, &limits);
	session_init_source(&m->session, id, move->dry_run || reasons->n > 0, &limits);
	m->session.no_steering = driver->config.steering_none;
	m->job = job;
	m->nonce = random_number(driver);
	snprintf(m->peer, sizeof(m->peer), "%s", move->to_host);
	snprintf(m->other_nf, sizeof(m->other_nf), "%s", move->to_nf);
	m->max_bandwidth =
		move->max_bandwidth != 0 ? move->max_bandwidth : driver->config.max_bandwidth;
	m->fault = move->fault;
	m->compress = move->compress || driver->config.compress;
	m->doomed = reasons->n > 0 ? reasons->list[0].code : 0;
	for (size_t i = 0; i < reasons->n; i++)
		move_complain(m, reasons->list[i].code, "%s", reasons->list[i].text);
	move_event(m, EV_START);
	return m;
}

static struct job_asked
asked_of(const struct driver_move *move)
{
	struct job_asked asked = {
		.dry_run = move->dry_run,
		.compress = move->compress,
		.max_hold_ns = move->max_hold_ns,
		.max_bandwidth = move->max_bandwidth,
		.timeout_ns = move->timeout_ns,
		.fault = move->fault,
	};

	snprintf(asked.nf, sizeof(asked.nf), "%s", move->nf);
	snprintf(asked.to_host, sizeof(asked.to_host), "%s", move->to_host);
	snprintf(asked.to_nf, sizeof(asked.to_nf), "%s", move->to_nf);
	return asked;
}

const struct job *
driver_other_job(struct driver *driver, const struct driver_move *move)
{
	const struct job *job = job_find_key(&driver->jobs, move->key);
	struct job_asked asked = asked_of(move);

	return job != NULL && !job_asked_equal(job, &asked) ? job : NULL;
}

static struct job *
make_job(struct driver *driver, const struct driver_move *move, uint64_t id)
{
	struct job *job = job_create(&driver->jobs, id);

	if (job == NULL)
		return NULL;
	job->asked = asked_of(move);
	memcpy(job->nf, job->asked.nf, sizeof(job->nf));
	memcpy(job->to_host, job->asked.to_host, sizeof(job->to_host));
	memcpy(job->to_nf, job->asked.to_nf, sizeof(job->to_nf));
	job->dry_run = move->dry_run;
	job->started_ns = move_now_ns();
	job->started_unix_ns = move_unix_ns();
	job_set_phase(job, "preflight", job->started_unix_ns, job->started_ns);
	return job;
}

static struct job *
begin_job(struct driver *driver, const struct driver_move *move, struct job *job, uint64_t id)
{
	struct nf *nf = nf_find(driver->config.nfs, move->nf);
	struct move_reasons reasons = {.n = 0};
	size_t n_final;

	check_request(driver, move, &reasons);
	check_ends(driver, move, nf, &reasons);
	n_final = reasons.n;
	check_source(driver, nf, &reasons);
	if (n_final > 0)
		return refuse_job(driver, job, &reasons);
	if (begin_move(driver, move, nf, job, id, &reasons) == NULL) {
		add(&reasons, REASON_SOURCE_BUSY, "too many sessions are running");
		return refuse_job(driver, job, &reasons);
	}
	log_session_info(id, "move begins nf=%s to=%s", job->nf, job->to_host);
	return job;
}

struct job *
driver_migrate(struct driver *driver, const struct driver_move *move)
{
	struct job *job = job_find_key(&driver->jobs, move->key);
	struct move_reasons reasons = {.n = 0};
	uint64_t id = random_number(driver);

	if (job != NULL && driver_other_job(driver, move) == NULL)
		return job;
	if (job != NULL)
		add(&reasons, REASON_OTHER_JOB, "the idempotency key belongs to job %s", job->id);
	job = make_job(driver, move, id);
	if (job == NULL || reasons.n > 0)
		return job != NULL ? refuse_job(driver, job, &reasons) : NULL;
	snprintf(job->key, sizeof(job->key), "%s", move->key);
	return begin_job(driver, move, job, id);
}
