/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h" /* before libevent: both know an EV_CLOSED */

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/http.h>

#define MAX_HEADERS 8192 /* bytes of a request */
#define TIMEOUT_S 5
#define LABEL_SIZE (2u * SLIM_IDENTITY_SIZE)

struct metrics {
	struct daemon *daemon;
	struct evhttp *http;
	int port;
};

/* ---- text ----------------------------------------------------------------------- */

/* As the format wants it: \\, \", and no line ends. Returns `text`. */
static const char *
escape(const char *value, char text[LABEL_SIZE])
{
	size_t n = 0;

	for (; *value != '\0' && n + 3 < LABEL_SIZE; value++) {
		if (*value == '\\' || *value == '"')
			text[n++] = '\\';
		text[n++] = *value == '\n' ? '?' : *value;
	}
	text[n] = '\0';
	return text;
}

static void
print_type(struct evbuffer *out, const char *name, const char *type)
{
	evbuffer_add_printf(out, "# TYPE %s %s\n", name, type);
}

static void
print_nfs(const struct daemon *daemon, struct evbuffer *out)
{
	char name[LABEL_SIZE], service[LABEL_SIZE];
	struct timespec now;
	const struct nf *nf;
	uint64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	print_type(out, "slim_nf_alive", "gauge");
	TAILQ_FOREACH(nf, nf_registry_list(daemon->nfs), link)
		evbuffer_add_printf(out, "slim_nf_alive{nf=\"%s\",service=\"%s\"} %d\n",
				    escape(nf->name, name), escape(nf->service, service),
				    nf_is_alive(nf, now_ns));
}

static void
print_tables(const struct daemon *daemon, struct evbuffer *out, const char *metric, bool capacity)
{
	char name[LABEL_SIZE], table[LABEL_SIZE];
	const struct nf *nf;
	uint32_t t;

	print_type(out, metric, "gauge");
	TAILQ_FOREACH(nf, nf_registry_list(daemon->nfs), link)
		for (t = 0; t < nf->n_tables; t++)
			evbuffer_add_printf(
				out, "%s{nf=\"%s\",table=\"%s\"} %u\n", metric,
				escape(nf->name, name), escape(nf->tables[t].schema.name, table),
				capacity ? nf->tables[t].schema.capacity : nf_table_used(nf, t));
}

static void
print_counters(const struct daemon *daemon, struct evbuffer *out)
{
	char metric[96], name[LABEL_SIZE];
	const struct nf *nf;
	size_t i;

	for (i = 0; i < NF_N_COUNTERS; i++) {
		snprintf(metric, sizeof(metric), "slim_gate_%s_total", nf_counter_name(i));
		print_type(out, metric, "counter");
		TAILQ_FOREACH(nf, nf_registry_list(daemon->nfs), link)
			evbuffer_add_printf(out, "%s{nf=\"%s\"} %" PRIu64 "\n", metric,
					    escape(nf->name, name), nf_counter(nf, i));
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
	print_type(out, "slim_jobs", "gauge");
	for (i = SLIM__V1__JOB_STATE__JOB_RUNNING; i < N_STATES; i++)
		evbuffer_add_printf(out, "slim_jobs{state=\"%s\"} %u\n", names[i], counts[i]);
}

static void
print_peers(const struct daemon *daemon, struct evbuffer *out)
{
	struct peer_status peers[SLIM_MAX_PEERS];
	char name[LABEL_SIZE];
	size_t i, n;

	print_type(out, "slim_peer_up", "gauge");
	n = daemon->peers != NULL ? peer_list(daemon->peers, peers, SLIM_MAX_PEERS) : 0;
	for (i = 0; i < n; i++)
		evbuffer_add_printf(out, "slim_peer_up{peer=\"%s\"} %d\n",
				    escape(peers[i].name, name), strcmp(peers[i].state, "up") == 0);
}

void
metrics_print(const struct daemon *daemon, struct evbuffer *out)
{
	char host[LABEL_SIZE];

	print_type(out, "slim_build_info", "gauge");
	evbuffer_add_printf(out, "slim_build_info{version=\"%s\",host=\"%s\"} 1\n", SLIM_VERSION,
			    escape(daemon->host, host));
	print_nfs(daemon, out);
	print_tables(daemon, out, "slim_table_entries", false);
	print_tables(daemon, out, "slim_table_capacity", true);
	print_counters(daemon, out);
	print_jobs(daemon, out);
	print_peers(daemon, out);
}

/* ---- http ------------------------------------------------------------------------- */

static void
on_request(struct evhttp_request *request, void *ctx)
{
	const struct metrics *metrics = ctx;
	struct evbuffer *out = evbuffer_new();

	if (out == NULL) {
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
		return;
	}
	metrics_print(metrics->daemon, out);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
			  "text/plain; version=0.0.4; charset=utf-8");
	evhttp_send_reply(request, HTTP_OK, "OK", out);
	evbuffer_free(out);
}

/* Splits host:port. */
static int
parse_address(const char *address, char *host, size_t size, uint16_t *ret_port)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon != NULL ? (size_t)(colon - address) : 0;
	char *end;
	unsigned long port;

	if (n == 0 || n >= size)
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || port > UINT16_MAX)
		return -EINVAL;
	if (address[0] == '[' && address[n - 1] == ']') {
		address++;
		n -= 2;
	}
	snprintf(host, size, "%.*s", (int)n, address);
	*ret_port = (uint16_t)port;
	return 0;
}

static int
find_port(struct evhttp_bound_socket *bound)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);

	if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) < 0)
		return -errno;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static int
listen_http(struct metrics *metrics, const char *address)
{
	struct evhttp_bound_socket *bound;
	char host[256];
	uint16_t port;

	if (parse_address(address, host, sizeof(host), &port) < 0)
		return -EINVAL;
	metrics->http = evhttp_new(metrics->daemon->base);
	if (metrics->http == NULL)
		return -ENOMEM;
	evhttp_set_allowed_methods(metrics->http, EVHTTP_REQ_GET);
	evhttp_set_max_headers_size(metrics->http, MAX_HEADERS);
	evhttp_set_max_body_size(metrics->http, 0);
	evhttp_set_timeout(metrics->http, TIMEOUT_S);
	evhttp_set_cb(metrics->http, "/metrics", on_request, metrics);
	bound = evhttp_bind_socket_with_handle(metrics->http, host, port);
	if (bound == NULL)
		return -EADDRNOTAVAIL;
	metrics->port = find_port(bound);
	return 0;
}

int
metrics_create(struct daemon *daemon, const char *address, struct metrics **ret_metrics)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	int error;

	if (metrics == NULL)
		return -ENOMEM;
	metrics->daemon = daemon;
	error = listen_http(metrics, address);
	if (error < 0) {
		metrics_destroy(metrics);
		return error;
	}
	*ret_metrics = metrics;
	return 0;
}

void
metrics_destroy(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	if (metrics->http != NULL)
		evhttp_free(metrics->http);
	free(metrics);
}

int
metrics_port(const struct metrics *metrics)
{
	return metrics->port;
}
