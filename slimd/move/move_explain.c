/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a result: which phase, what it waited for, what was lost, which numbers. */
#include <stdio.h>
#include <string.h>

#include "move.h"

#define FACT(event) (UINT64_C(1) << (event))

static double
ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static bool
is_told(const struct move *m, uint32_t code)
{
	for (size_t i = 0; i < m->n_reasons; i++)
		if (m->reasons[i].code == (Slim__V1__ReasonCode)code)
			return true;
	return false;
}

/* ---- what a state waits for ------------------------------------------------------------- */

static const char *
name_fact(unsigned event)
{
	static const char *const names[] = {
		[EV_OPENED] = "the target's answer",
		[EV_STEERED] = "the controller",
		[EV_GATE_DONE] = "the NF's workers",
		[EV_READY] = "the target to be ready",
		[EV_PROBED] = "a probe over the redirect path",
		[EV_WALKED] = "the copy to be sent",
		[EV_DRAINED] = "the last rows to be sent",
		[EV_TAKEN] = "the target to take over",
		[EV_CLAIMED] = "the hold word",
		[EV_FINISHED] = "the target's last flush round",
		[EV_TRAILED] = "the target to merge the last counts",
		[EV_PROVED] = "the proof",
		[EV_CLOSED] = "the target to close the session",
		[EV_BEGIN] = "the source to begin",
		[EV_END] = "the source's END",
		[EV_VERIFIED] = "the rows to be installed and compared",
		[EV_MARKED] = "the marks of the source's workers",
		[EV_ROUNDED] = "a flush round",
		[EV_MERGED] = "the counts to be merged",
	};

	return event < sizeof(names) / sizeof(names[0]) ? names[event] : NULL;
}

static void
name_facts(uint64_t missing, char *text, size_t size)
{
	size_t length = 0;

	snprintf(text, size, "nothing more");
	for (unsigned event = 0; event < SESSION_N_EVENTS && length < size; event++) {
		const char *name = missing & FACT(event) ? name_fact(event) : NULL;
		int n;

		if (name == NULL)
			continue;
		n = snprintf(text + length, size - length, "%s%s", length > 0 ? " and " : "", name);
		length += n > 0 ? (size_t)n : 0;
	}
}

static void
explain_deadline(struct move *m, enum session_state before, uint64_t missing)
{
	char facts[120];

	if (before == SOURCE_CATCHING_UP)
		snprintf(facts, sizeof(facts), "the rest to fit the downtime budget");
	else
		name_facts(missing, facts, sizeof(facts));
	move_complain(m, REASON_DEADLINE, "a deadline passed in phase %s (%s), which waited for %s",
		      session_state_phase(before), session_state_name(before), facts);
}

/* Every number that was compared, and its parts. */
static void
explain_forecast(struct move *m)
{
	const struct move_backlog *b = &m->backlog;
	const struct session *s = &m->session;
	uint64_t needed_ns = s->expected_hold_ns + s->hold_margin_ns;

	if (b->trip_ns == 0)
		move_complain(m, REASON_BUDGET,
			      "how long a hold would take is not known: the peer did not answer in "
			      "time; the budget is %.1f ms",
			      ms(s->limits.max_hold_ns));
	else if (needed_ns <= s->limits.max_hold_ns)
		move_complain(m, REASON_BUDGET,
			      "%llu rows are left: they change as fast as the path takes them; the "
			      "budget is %.1f ms",
			      (unsigned long long)b->rows, ms(s->limits.max_hold_ns));
	else
		move_complain(m, REASON_BUDGET,
			      "the hold needs %.1f ms, the budget is %.1f ms: a trip of %.1f ms, "
			      "%llu bytes at %llu bytes/s, and a margin of %.1f ms",
			      ms(needed_ns), ms(s->limits.max_hold_ns), ms(b->trip_ns),
			      (unsigned long long)b->bytes, (unsigned long long)b->rate,
			      ms(s->hold_margin_ns));
}

static void
explain_budget(struct move *m, enum session_state before)
{
	uint64_t used_ns = move_now_ns() - m->session.held_ns;

	if (before == SOURCE_CATCHING_UP)
		explain_forecast(m);
	else
		move_complain(
			m, REASON_BUDGET,
			"the hold was undone after %.1f ms, before END: the budget is %.1f ms",
			ms(used_ns), ms(m->session.limits.max_hold_ns));
}

static const char *
describe(uint32_t code)
{
	switch (code) {
	case REASON_CANCELLED:
		return "cancelled";
	case REASON_PEER_LOST:
		return "the connection to the peer was lost";
	case REASON_NF_LOST:
		return "the NF is gone";
	case REASON_NF_SILENT:
		return "the NF's workers do not answer";
	case REASON_RESTART:
		return "slimd was restarted during the move";
	case REASON_PROTOCOL:
		return "the peer said what makes no sense";
	case REASON_DIGEST:
		return "the digests differ";
	case REASON_HOLD_OVERFLOW:
		return "packets were dropped, for a buffer was full";
	default:
		return "see the log";
	}
}

void
move_explain(struct move *m, enum session_state before, uint64_t missing)
{
	uint32_t code = m->session.reason;

	if (code == 0 || is_told(m, code))
		return;
	if (code == REASON_DEADLINE)
		explain_deadline(m, before, missing);
	else if (code == REASON_BUDGET)
		explain_budget(m, before);
	else
		move_complain(m, code, "%s, in phase %s (%s)", describe(code),
			      session_state_phase(before), session_state_name(before));
}

/* ---- the end ------------------------------------------------------------------------------ */

/* Of a hold that ended well, but late: the promise was not kept, and that is said. */
static void
tell_long_hold(struct move *m)
{
	uint64_t budget_ns = m->session.limits.max_hold_ns;

	if (m->job->result.handover_ns > budget_ns)
		job_add_reason(m->job, REASON_BUDGET,
			       "packets were held for %.1f ms, the budget was %.1f ms",
			       ms(m->job->result.handover_ns), ms(budget_ns));
}

/* Beside any result: the next move of the service is refused as long as the controller has this one. */
static void
tell_rules_left(struct move *m)
{
	if (m->session.rules_left)
		job_add_reason(
			m->job, REASON_STEERING_REFUSED,
			"the controller did not clean up: its rules of session %016llx are left",
			(unsigned long long)m->session.id);
}

static void
tell_lost(struct move *m)
{
	if (m->session.lost > 0 && !is_told(m, REASON_HOLD_OVERFLOW))
		move_complain(m, REASON_HOLD_OVERFLOW, "%llu packets were lost to a limit",
			      (unsigned long long)m->session.lost);
}

void
move_tell_reasons(struct move *m)
{
	if (m->session.result != RESULT_COMPLETE) {
		tell_lost(m);
		if (m->session.reason != 0 && !is_told(m, m->session.reason))
			move_complain(m, m->session.reason, "%s", describe(m->session.reason));
		for (size_t i = 0; i < m->n_reasons; i++)
			job_add_reason(m->job, m->reasons[i].code, "%s", m->reasons[i].text);
	}
	tell_long_hold(m);
	tell_rules_left(m);
}
