/* SPDX-License-Identifier: Apache-2.0 */
/* migrate; job list, show, cancel; progress. */
#include "job.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "json.h"
#include "print.h"
#include "units.h"

int
job_exit_code(Slim__V1__JobState state)
{
	switch (state) {
	case SLIM__V1__JOB_STATE__JOB_COMPLETE:
		return EXIT_COMPLETE;
	case SLIM__V1__JOB_STATE__JOB_REFUSED:
		return EXIT_REFUSED;
	case SLIM__V1__JOB_STATE__JOB_ABORTED:
		return EXIT_ABORTED;
	case SLIM__V1__JOB_STATE__JOB_TIMED_OUT:
		return EXIT_TIMED_OUT;
	case SLIM__V1__JOB_STATE__JOB_CANCELLED:
		return EXIT_CANCELLED;
	default:
		return EXIT_FAILED;
	}
}

/* ---- the end of a job --------------------------------------------------------------- */

static void
print_line(const char *what, const char *value)
{
	printf("  %-18s %s\n", what, value);
}

static void
print_time(const char *what, uint64_t ns)
{
	char text[UNITS_TEXT_SIZE];

	print_line(what, units_format_time(ns, text));
}

static void
print_count(const char *what, uint64_t n)
{
	printf("  %-18s %" PRIu64 "\n", what, n);
}

static void
print_result(const Slim__V1__MoveResult *result)
{
	print_count("entries", result->entries);
	print_count("snapshot bytes", result->snapshot_bytes);
	print_count("delta bytes", result->delta_bytes);
	print_time("duration", result->duration_ns);
	print_time("handover", result->handover_ns);
	print_time("hold p50", result->hold_p50_ns);
	print_time("hold max", result->hold_max_ns);
	print_count("held packets", result->held_packets);
	print_time("flush wait p50", result->flush_wait_p50_ns);
	print_time("flush wait max", result->flush_wait_max_ns);
	print_count("flush rounds", result->flush_rounds);
	print_count("redirected", result->redirected_packets);
	print_time("steer", result->steer_ns);
	if (result->hold_overflow + result->queue_overflow > 0) {
		print_count("hold overflow", result->hold_overflow);
		print_count("queue overflow", result->queue_overflow);
	}
	print_line("digest source", result->digest_source);
	print_line("digest target", result->digest_target);
	if (result->digest_proof[0] != '\0')
		print_line("digest proof", result->digest_proof);
}

static void
print_end_for_people(const Slim__V1__Job *job)
{
	bool served = job->state == SLIM__V1__JOB_STATE__JOB_COMPLETE && !job->dry_run;

	if (job->dry_run && job->state == SLIM__V1__JOB_STATE__JOB_COMPLETE)
		printf("job %s: nothing speaks against moving %s to %s%s%s\n", job->id, job->nf,
		       job->to_host, job->to_nf[0] != '\0' ? ":" : "", job->to_nf);
	else
		printf("job %s: %s\n", job->id, print_state(job->state));
	if (job->result != NULL && (served || job->result->handover_ns != 0))
		print_result(job->result);
}

int
job_print_end(const struct options *options, const Slim__V1__Job *job)
{
	if (options->json)
		print_json(stdout, &job->base);
	else
		print_end_for_people(job);
	fflush(stdout);
	if (job->n_reasons > 0) {
		fprintf(stderr, "slimctl: %s\n", print_state(job->state));
		print_reasons(stderr, job->n_reasons, job->reasons);
	}
	return job_exit_code(job->state);
}

/* ---- progress -------------------------------------------------------------------------- */

struct follow {
	const struct options *options;
	const char *id;
	bool tty;
	char phase[32]; /* last one shown */
	bool ended;
	int code;
};

static void
format_progress(const Slim__V1__Job *job, char *text, size_t size)
{
	char left[UNITS_TEXT_SIZE], total[UNITS_TEXT_SIZE], rate[UNITS_TEXT_SIZE];
	char hold[UNITS_TEXT_SIZE], elapsed[UNITS_TEXT_SIZE];

	units_format_size(job->rows_left, left);
	units_format_size(job->rows_total, total);
	units_format_size(job->rows_per_second, rate);
	units_format_time(job->expected_hold_ns, hold);
	units_format_time(job->elapsed_ns, elapsed);
	snprintf(text, size, "%-9s  rows left %s of %s, %s/s  expected hold %s  elapsed %s",
		 job->phase, left, total, rate, hold, elapsed);
}

static void
show_progress(struct follow *follow, const Slim__V1__Job *job)
{
	bool new_phase = strcmp(follow->phase, job->phase) != 0;
	char text[192];

	if (follow->options->json) {
		if (follow->options->watch)
			print_json(stdout, &job->base);
		return;
	}
	snprintf(follow->phase, sizeof(follow->phase), "%s", job->phase);
	format_progress(job, text, sizeof(text));
	if (follow->tty && !follow->options->watch)
		fprintf(stderr, "\r\033[K%s", text);
	else if (new_phase || follow->options->watch)
		fprintf(stderr, "%s\n", text);
}

static bool
on_job(void *ctx, const ProtobufCMessage *message)
{
	const Slim__V1__Job *job = (const Slim__V1__Job *)message;
	struct follow *follow = ctx;

	if (job->state == SLIM__V1__JOB_STATE__JOB_RUNNING) {
		show_progress(follow, job);
		return true;
	}
	if (follow->tty && !follow->options->json && !follow->options->watch)
		fprintf(stderr, "\r\033[K");
	follow->ended = true;
	follow->code = job_print_end(follow->options, job);
	return false;
}

static void
on_interrupt(void *ctx)
{
	const struct follow *follow = ctx;

	fprintf(stderr, "\nslimctl: job %s goes on; \"slimctl job cancel %s\" ends it\n",
		follow->id, follow->id);
}

int
job_follow(struct client *client, const struct options *options, const char *id)
{
	Slim__V1__GetJobRequest request = SLIM__V1__GET_JOB_REQUEST__INIT;
	struct follow follow = {.options = options, .id = id, .tty = isatty(STDERR_FILENO) == 1};
	int code;

	request.id = (char *)id;
	client_set_interrupt(client, on_interrupt, &follow);
	code = client_stream(client, "WatchJob", &request.base, on_job, &follow);
	if (follow.ended)
		return follow.code;
	if (code == EXIT_UNREACHABLE || code == EXIT_COMPLETE)
		fprintf(stderr, "slimctl: lost sight of job %s; its outcome is not known\n", id);
	return code == EXIT_COMPLETE ? EXIT_UNREACHABLE : code;
}

/* ---- commands ----------------------------------------------------------------------------- */

/* Splits HOST[:NF]; `host` is what is written to. */
static void
fill_target(const char *to, char *host, size_t size, Slim__V1__MigrateRequest *request)
{
	const char *colon = strchr(to, ':');

	snprintf(host, size, "%s", to);
	request->to_host = host;
	if (colon == NULL || (size_t)(colon - to) >= size)
		return;
	host[colon - to] = '\0';
	request->to_nf = (char *)colon + 1;
}

int
migrate(const struct options *options)
{
	Slim__V1__MigrateRequest request = SLIM__V1__MIGRATE_REQUEST__INIT;
	struct client *client;
	ProtobufCMessage *reply;
	const Slim__V1__Job *job;
	char host[256];
	int code;

	request.nf = (char *)options->args[0];
	fill_target(options->to, host, sizeof(host), &request);
	request.dry_run = options->dry_run;
	request.max_hold_ns = options->max_hold_ns;
	request.max_bandwidth = options->max_bandwidth;
	request.timeout_ns = options->timeout_ns;
	request.fault = options->fault;
	request.compress = options->compress;
	if (options->key != NULL)
		request.idempotency_key = (char *)options->key;
	code = client_open(options->servers[0], CLIENT_SLIMD, options, &client);
	if (code != EXIT_COMPLETE)
		return code;
	code = client_call(client, "Migrate", &request.base, &reply);
	if (code == EXIT_COMPLETE) {
		job = (Slim__V1__Job *)reply;
		if (job->state != SLIM__V1__JOB_STATE__JOB_RUNNING)
			code = job_print_end(options, job);
		else if (!options->no_wait)
			code = job_follow(client, options, job->id);
		else if (options->json)
			print_json(stdout, reply);
		else
			printf("job %s\n", job->id);
		client_free_reply(reply);
	}
	client_close(client);
	return code;
}

static void
print_jobs(size_t n, Slim__V1__Job *const *jobs)
{
	static const char *const titles[] = {"JOB",   "NF",      "TO/FROM", "STATE",
					     "PHASE", "STARTED", "ELAPSED", "HANDOVER"};
	char text[UNITS_TEXT_SIZE], started[32];
	struct print_table out;
	struct tm local;
	time_t seconds;
	size_t i;

	print_table_begin(&out, 8, titles);
	for (i = 0; i < n; i++) {
		seconds = (time_t)(jobs[i]->started_unix_ns / 1000000000u);
		localtime_r(&seconds, &local);
		strftime(started, sizeof(started), "%Y-%m-%d %H:%M:%S", &local);
		print_table_add(&out, "%s", jobs[i]->id);
		print_table_add(&out, "%s", jobs[i]->nf);
		print_table_add(&out, "%s%s%s%s", jobs[i]->from_host[0] != '\0' ? "from " : "",
				jobs[i]->from_host[0] != '\0' ? jobs[i]->from_host
							      : jobs[i]->to_host,
				jobs[i]->to_nf[0] != '\0' ? ":" : "", jobs[i]->to_nf);
		print_table_add(&out, "%s%s", print_state(jobs[i]->state),
				jobs[i]->dry_run ? " (dry run)" : "");
		print_table_add(&out, "%s", jobs[i]->phase);
		print_table_add(&out, "%s", started);
		print_table_add(&out, "%s", units_format_time(jobs[i]->elapsed_ns, text));
		if (jobs[i]->result != NULL && jobs[i]->result->handover_ns != 0)
			print_table_add(&out, "%s",
					units_format_time(jobs[i]->result->handover_ns, text));
		else
			print_table_add(&out, "-");
	}
	print_table_end(&out, stdout);
}

int
job_list(const struct options *options)
{
	Slim__V1__ListJobsRequest request = SLIM__V1__LIST_JOBS_REQUEST__INIT;
	const Slim__V1__ListJobsReply *list;
	struct client *client;
	ProtobufCMessage *reply;
	int code = client_open(options->servers[0], CLIENT_SLIMD, options, &client);

	if (code != EXIT_COMPLETE)
		return code;
	code = client_call(client, "ListJobs", &request.base, &reply);
	if (code == EXIT_COMPLETE) {
		list = (Slim__V1__ListJobsReply *)reply;
		if (options->json)
			print_json(stdout, reply);
		else
			print_jobs(list->n_jobs, list->jobs);
		client_free_reply(reply);
	}
	client_close(client);
	return code;
}

static void
print_job(const Slim__V1__Job *job)
{
	char text[192];
	size_t i;

	printf("job       %s\nnf        %s\nto        %s%s%s\nstate     %s%s\nphase     %s\n",
	       job->id, job->nf, job->to_host, job->to_nf[0] != '\0' ? ":" : "", job->to_nf,
	       print_state(job->state), job->dry_run ? " (dry run)" : "", job->phase);
	if (job->state == SLIM__V1__JOB_STATE__JOB_RUNNING) {
		format_progress(job, text, sizeof(text));
		printf("progress  %s\n", text);
	}
	for (i = 0; i < job->n_phases; i++)
		printf("  %-18s +%.3f ms\n", job->phases[i]->phase,
		       (double)(job->phases[i]->monotonic_ns - job->phases[0]->monotonic_ns) / 1e6);
	if (job->result != NULL) {
		print_result(job->result);
		for (i = 0; i < job->result->n_timeline; i++)
			printf("  %-44s +%.1f us\n", job->result->timeline[i]->what,
			       (double)job->result->timeline[i]->at_ns / 1e3);
	}
	if (job->from_host[0] != '\0')
		printf("from      %s (this NF is the target)\n", job->from_host);
	print_reasons(stdout, job->n_reasons, job->reasons);
}

/* Shows a job, whatever its state: exit code 0; with --watch that of its end. */
int
job_show(const struct options *options)
{
	Slim__V1__GetJobRequest request = SLIM__V1__GET_JOB_REQUEST__INIT;
	struct client *client;
	ProtobufCMessage *reply;
	int code = client_open(options->servers[0], CLIENT_SLIMD, options, &client);

	if (code != EXIT_COMPLETE)
		return code;
	request.id = (char *)options->args[0];
	if (options->watch) {
		code = job_follow(client, options, options->args[0]);
	} else {
		code = client_call(client, "GetJob", &request.base, &reply);
		if (code == EXIT_COMPLETE) {
			if (options->json)
				print_json(stdout, reply);
			else
				print_job((Slim__V1__Job *)reply);
			client_free_reply(reply);
		}
	}
	client_close(client);
	return code;
}

/* With what was risked, if anything was. */
static void
print_cancelled(const Slim__V1__Job *job)
{
	printf("job %s: %s\n", job->id, print_state(job->state));
	print_reasons(stdout, job->n_reasons, job->reasons);
}

int
job_cancel(const struct options *options)
{
	Slim__V1__CancelJobRequest request = SLIM__V1__CANCEL_JOB_REQUEST__INIT;
	struct client *client;
	ProtobufCMessage *reply;
	int code = client_open(options->servers[0], CLIENT_SLIMD, options, &client);

	if (code != EXIT_COMPLETE)
		return code;
	request.id = (char *)options->args[0];
	request.force = options->force;
	code = client_call(client, "CancelJob", &request.base, &reply);
	if (code == EXIT_COMPLETE) {
		if (options->json)
			print_json(stdout, reply);
		else
			print_cancelled((Slim__V1__Job *)reply);
		client_free_reply(reply);
	}
	client_close(client);
	return code;
}
