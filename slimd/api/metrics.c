/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h" /* before libevent: both know an EV_CLOSED */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "clock.h"
#include "log.h"
#include "slim_version.h"

static void
print_nfs(const struct daemon *daemon, struct evbuffer *out)
{
	char name[EXPORTER_LABEL_SIZE], service[EXPORTER_LABEL_SIZE];
	const struct nf *nf;
	uint64_t now_ns = clock_now_ns();

	exporter_print_type(out, "slim_nf_alive", "gauge");
	TAILQ_FOREACH(nf, nf_registry_list(daemon->nfs), link)
		evbuffer_add_printf(out, "slim_nf_alive{nf=\"%s\",service=\"%s\"} %d\n",
				    exporter_escape(nf->name, name),
				    exporter_escape(nf->service, service), nf_is_alive(nf, now_ns));
}

static void
print_tables(const struct daemon *daemon, struct evbuffer *out, const char *metric, bool capacity)
{
	char name[EXPORTER_LABEL_SIZE], table[EXPORTER_LABEL_SIZE];
	const struct nf *nf;
	uint32_t t;

	exporter_print_type(out, metric, "gauge");
	TAILQ_FOREACH(nf, nf_registry_list(daemon->nfs), link)
		for (t = 0; t < nf->n_tables; t++)
			evbuffer_add_printf(out, "%s{nf=\"%s\",table=\"%s\"} %u\n", metric,
					    exporter_escape(nf->name, name),
					    exporter_escape(nf->tables[t].schema.name, table),
					    capacity ? nf->tables[t].schema.capacity
						     : nf_table_used(nf, t));
}

static void
print_counters(const struct daemon *daemon, struct evbuffer *out)
{
	char metric[96], name[EXPORTER_LABEL_SIZE];
	const struct nf *nf;
	size_t i;

	for (i = 0; i < NF_N_COUNTERS; i++) {
		snprintf(metric, sizeof(metric), "slim_gate_%s_total", nf_counter_name(i));
		exporter_print_type(out, metric, "counter");
		TAILQ_FOREACH(nf, nf_registry_list(daemon->nfs), link)
			evbuffer_add_printf(out, "%s{nf=\"%s\"} %" PRIu64 "\n", metric,
					    exporter_escape(nf->name, name), nf_counter(nf, i));
	}
}

static void
print_jobs(const struct daemon *daemon, struct evbuffer *out)
{
	static const char *const names[] = {
		[SLIM__V1__JOB_STATE__JOB_RUNNING] = "running",
		[SLIM__V1__JOB_STATE__JOB_COMPLETE] = "complete",
		[SLIM__V1__JOB_STATE__JOB_ABORTED] = "aborted",
		[SLIM__V1__JOB_STATE__JOB_FAILED] = "failed",
		[SLIM__V1__JOB_STATE__JOB_REFUSED] = "refused",
		[SLIM__V1__JOB_STATE__JOB_TIMED_OUT] = "timed_out",
		[SLIM__V1__JOB_STATE__JOB_CANCELLED] = "cancelled",
	};
	enum { N_STATES = sizeof(names) / sizeof(names[0]) };
	unsigned counts[N_STATES] = {0}, i;
	const struct job *job;

	TAILQ_FOREACH(job, &driver_jobs(daemon->driver)->jobs, link)
		if ((unsigned)job->state < N_STATES)
			counts[job->state]++;
	exporter_print_type(out, "slim_jobs", "gauge");
	for (i = SLIM__V1__JOB_STATE__JOB_RUNNING; i < N_STATES; i++)
		evbuffer_add_printf(out, "slim_jobs{state=\"%s\"} %u\n", names[i], counts[i]);
	exporter_print_type(out, "slim_peer_protocol_errors_total", "counter");
	for (i = 0; i < DRIVER_N_ERRORS; i++)
		evbuffer_add_printf(out, "slim_peer_protocol_errors_total{frame=\"%s\"} %llu\n",
				    driver_protocol_error_name((enum driver_protocol_error)i),
				    (unsigned long long)driver_protocol_errors(
					    daemon->driver, (enum driver_protocol_error)i));
	exporter_print_type(out, "slim_journals_left_alone", "gauge");
	evbuffer_add_printf(out, "slim_journals_left_alone %zu\n", driver_n_left(daemon->driver));
}

/* All connections that are configured: without an address the peer dials, and its one is all there is. */
static bool
is_up(const struct peer_status *peer)
{
	return strcmp(peer->state, "up") == 0 ||
	       (peer->address[0] == '\0' && strcmp(peer->state, "inbound") == 0);
}

static void
print_peers(const struct daemon *daemon, struct evbuffer *out)
{
	struct peer_status peers[SLIM_MAX_PEERS];
	char name[EXPORTER_LABEL_SIZE];
	size_t i, n;

	exporter_print_type(out, "slim_peer_up", "gauge");
	n = daemon->peers != NULL ? peer_list(daemon->peers, peers, SLIM_MAX_PEERS) : 0;
	for (i = 0; i < n; i++)
		evbuffer_add_printf(out, "slim_peer_up{peer=\"%s\"} %d\n",
				    exporter_escape(peers[i].name, name), is_up(&peers[i]));
}

static void
print_peer_troubles(const struct daemon *daemon, struct evbuffer *out)
{
	exporter_print_type(out, "slim_peer_failures_total", "counter");
	for (unsigned k = 0; daemon->peers != NULL && k < 2 * N_TROUBLES; k++)
		evbuffer_add_printf(
			out,
			"slim_peer_failures_total{direction=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
			k % 2 ? "out" : "in", trouble_name((enum trouble)(k / 2)),
			peer_troubles(daemon->peers, (enum trouble)(k / 2), k % 2));
}

void
metrics_print(void *ctx, struct evbuffer *out)
{
	const struct daemon *daemon = ctx;
	char host[EXPORTER_LABEL_SIZE];

	exporter_print_type(out, "slim_build_info", "gauge");
	evbuffer_add_printf(out, "slim_build_info{version=\"%s\",host=\"%s\"} 1\n", SLIM_VERSION,
			    exporter_escape(daemon->host, host));
	print_nfs(daemon, out);
	print_tables(daemon, out, "slim_table_entries", false);
	print_tables(daemon, out, "slim_table_capacity", true);
	print_counters(daemon, out);
	print_jobs(daemon, out);
	print_peers(daemon, out);
	print_peer_troubles(daemon, out);
	exporter_print_type(out, "slim_log_lines_lost_total", "counter");
	evbuffer_add_printf(out, "slim_log_lines_lost_total %" PRIu64 "\n", log_lost());
}
