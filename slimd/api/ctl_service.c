/* SPDX-License-Identifier: Apache-2.0 */
/* Unary calls and WatchJob. Tables are in ctl_table.c. */
#include "ctl_service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "ctl_table.h"
#include "log.h"
#include "reasons.h"
#include "slim_ctl.pb-c.h"
#include "slim_version.h"

#define WATCH_PERIOD_MS 200 /* what the API promises */
#define WATCH_DELAY_MS 20   /* changes that follow each other make one message */

static struct daemon *
daemon_of(void *ctx)
{
	return ((struct ctl_service *)ctx)->daemon;
}

/* ---- version, peers, log level --------------------------------------------------- */

static void
handle_version(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	Slim__V1__VersionReply reply = SLIM__V1__VERSION_REPLY__INIT;
	const struct daemon *daemon = daemon_of(ctx);

	(void)message;
	reply.version = (char *)SLIM_VERSION;
	reply.host = (char *)daemon->host;
	reply.peer_protocol = PEER_PROTOCOL_VERSION;
	reply.shm_abi = SLIM_SHM_VERSION;
	rpc_reply(request, &reply.base);
}

static void
handle_list_peers(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	Slim__V1__ListPeersReply reply = SLIM__V1__LIST_PEERS_REPLY__INIT;
	struct peer_status status[SLIM_MAX_PEERS];
	Slim__V1__Peer peers[SLIM_MAX_PEERS], *ptrs[SLIM_MAX_PEERS];
	const struct daemon *daemon = daemon_of(ctx);
	size_t i, n = 0;

	(void)message;
	if (daemon->peers != NULL)
		n = peer_list(daemon->peers, status, SLIM_MAX_PEERS);
	for (i = 0; i < n; i++) {
		slim__v1__peer__init(&peers[i]);
		peers[i].name = (char *)status[i].name;
		peers[i].address = (char *)status[i].address;
		peers[i].state = (char *)status[i].state;
		peers[i].software = (char *)status[i].software;
		peers[i].rtt_ns = status[i].rtt_ns;
		peers[i].tls = status[i].tls;
		ptrs[i] = &peers[i];
	}
	reply.n_peers = n;
	reply.peers = ptrs;
	rpc_reply(request, &reply.base);
}

static void
handle_log_level(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__LogLevelRequest *wanted = (const void *)message;
	Slim__V1__LogLevelReply reply = SLIM__V1__LOG_LEVEL_REPLY__INIT;
	enum log_level level;

	(void)ctx;
	if (wanted->level[0] != '\0') {
		if (log_level_parse(wanted->level, &level) < 0) {
			rpc_fail_because(request, RPC_INVALID_ARGUMENT, REASON_TEXT(BAD_REQUEST),
					 "\"%.40s\" is not error, warn, info or debug",
					 wanted->level);
			return;
		}
		log_set_level(level);
		log_info("log level set level=%s by=%s", wanted->level, rpc_request_peer(request));
	}
	reply.level = (char *)log_level_name(log_get_level());
	rpc_reply(request, &reply.base);
}

/* ---- NFs -------------------------------------------------------------------------- */

/* A message that points into itself and into the NF. */
struct nf_message {
	Slim__V1__Nf nf;
	char *ports[SLIM_MAX_PORTS];
	Slim__V1__NfTable tables[SLIM_MAX_TABLES];
	Slim__V1__NfTable *table_ptrs[SLIM_MAX_TABLES];
	Slim__V1__TableField fields[SLIM_MAX_TABLES][SLIM_MAX_FIELDS];
	Slim__V1__TableField *field_ptrs[SLIM_MAX_TABLES][SLIM_MAX_FIELDS];
	Slim__V1__Counter counters[NF_N_COUNTERS];
	Slim__V1__Counter *counter_ptrs[NF_N_COUNTERS];
};

static void
fill_table(const struct nf *nf, uint32_t index, struct nf_message *ret)
{
	const struct nf_table *table = &nf->tables[index];
	Slim__V1__NfTable *message = &ret->tables[index];

	slim__v1__nf_table__init(message);
	message->name = (char *)table->schema.name;
	message->capacity = table->schema.capacity;
	message->used = nf_table_used(nf, index);
	message->slot_size = table->slot_size;
	message->fields = ret->field_ptrs[index];
	message->n_fields =
		ctl_table_fields(&table->schema, false, ret->fields[index], ret->field_ptrs[index]);
	ret->table_ptrs[index] = message;
}

static void
fill_counters(const struct nf *nf, struct nf_message *ret)
{
	size_t i;

	for (i = 0; i < NF_N_COUNTERS; i++) {
		slim__v1__counter__init(&ret->counters[i]);
		ret->counters[i].name = (char *)nf_counter_name(i);
		ret->counters[i].value = nf_counter(nf, i);
		ret->counter_ptrs[i] = &ret->counters[i];
	}
	ret->nf.counters = ret->counter_ptrs;
	ret->nf.n_counters = NF_N_COUNTERS;
}

static void
fill_nf(const struct nf *nf, struct nf_message *ret)
{
	Slim__V1__Nf *message = &ret->nf;
	uint32_t i;

	slim__v1__nf__init(message);
	message->name = (char *)nf->name;
	message->service = (char *)nf->service;
	message->kind = (char *)nf->kind;
	message->version = (char *)nf->nf_version;
	message->identity = (char *)nf->identity;
	message->pid = nf->pid;
	message->n_workers = nf->n_workers;
	message->mode = (char *)nf_mode_name(nf);
	message->alive = nf_is_alive(nf, clock_now_ns());
	message->session = nf->session;
	for (i = 0; i < nf->n_ports; i++)
		ret->ports[i] = (char *)nf->ports[i].name;
	message->ports = ret->ports;
	message->n_ports = nf->n_ports;
	for (i = 0; i < nf->n_tables; i++)
		fill_table(nf, i, ret);
	message->tables = ret->table_ptrs;
	message->n_tables = nf->n_tables;
	fill_counters(nf, ret);
}

static void
handle_list_nfs(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	struct nf_message *messages = calloc(SLIM_MAX_NFS, sizeof(*messages));
	Slim__V1__ListNfsReply reply = SLIM__V1__LIST_NFS_REPLY__INIT;
	Slim__V1__Nf *ptrs[SLIM_MAX_NFS];
	const struct daemon *daemon = daemon_of(ctx);
	const struct nf *nf;
	size_t n = 0;

	(void)message;
	if (messages == NULL) {
		rpc_fail_because(request, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT),
				 "out of memory");
		return;
	}
	TAILQ_FOREACH(nf, nf_registry_list(daemon->nfs), link) {
		if (n == SLIM_MAX_NFS)
			break;
		fill_nf(nf, &messages[n]);
		ptrs[n] = &messages[n].nf;
		n++;
	}
	reply.nfs = ptrs;
	reply.n_nfs = n;
	rpc_reply(request, &reply.base);
	free(messages);
}

static void
handle_get_nf(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__GetNfRequest *wanted = (const void *)message;
	const struct daemon *daemon = daemon_of(ctx);
	const struct nf *nf = nf_find(daemon->nfs, wanted->name);
	struct nf_message reply;

	if (nf == NULL) {
		rpc_fail_because(request, RPC_NOT_FOUND, REASON_TEXT(UNKNOWN_NF),
				 "no NF \"%.40s\" on host \"%s\"", wanted->name, daemon->host);
		return;
	}
	fill_nf(nf, &reply);
	rpc_reply(request, &reply.nf.base);
}

/* ---- jobs -------------------------------------------------------------------------- */

static void
reply_job(struct rpc_request *request, const struct job *job)
{
	struct job_message message;

	job_to_message(job, clock_now_ns(), &message);
	rpc_reply(request, &message.job.base);
}

static struct job *
find_job(struct rpc_request *request, const struct daemon *daemon, const ProtobufCMessage *message)
{
	const Slim__V1__GetJobRequest *wanted = (const void *)message;
	struct job *job = job_find(driver_jobs(daemon->driver), wanted->id);

	if (job == NULL)
		rpc_fail_because(request, RPC_NOT_FOUND, REASON_TEXT(UNKNOWN_JOB),
				 "no job \"%.40s\"", wanted->id);
	return job;
}

static void
handle_migrate(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__MigrateRequest *wanted = (const void *)message;
	const struct daemon *daemon = daemon_of(ctx);
	struct driver_move move = {
		.nf = wanted->nf,
		.to_host = wanted->to_host,
		.to_nf = wanted->to_nf,
		.key = wanted->idempotency_key,
		.dry_run = wanted->dry_run,
		.max_hold_ns = wanted->max_hold_ns,
		.max_bandwidth = wanted->max_bandwidth,
		.timeout_ns = wanted->timeout_ns,
		.fault = wanted->fault,
		.compress = wanted->compress,
	};
	const struct job *other;
	struct job *job;

	if (strlen(move.key) >= SLIM_JOB_KEY_SIZE) {
		rpc_fail_because(request, RPC_INVALID_ARGUMENT, REASON_TEXT(BAD_REQUEST),
				 "the idempotency key is longer than %u", SLIM_JOB_KEY_SIZE - 1);
		return;
	}
	other = driver_other_job(daemon->driver, &move);
	if (other != NULL) {
		rpc_fail_because(request, RPC_ALREADY_EXISTS, REASON_TEXT(OTHER_JOB),
				 "the idempotency key belongs to job \"%s\", which was asked for "
				 "something else",
				 other->id);
		return;
	}
	job = driver_migrate(daemon->driver, &move);
	if (job == NULL) {
		rpc_fail_because(request, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT),
				 "%u jobs are running", JOB_MAX);
		return;
	}
	log_info("migrate asked nf=%s to_host=%s to_nf=%s job=%s by=%s", move.nf, move.to_host,
		 move.to_nf, job->id, rpc_request_peer(request));
	reply_job(request, job);
}

static void
handle_list_jobs(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	Slim__V1__ListJobsReply reply = SLIM__V1__LIST_JOBS_REPLY__INIT;
	const struct daemon *daemon = daemon_of(ctx);
	struct job_list *list = driver_jobs(daemon->driver);
	struct job_message *messages = calloc(JOB_MAX, sizeof(*messages));
	Slim__V1__Job *ptrs[JOB_MAX];
	const struct job *job;
	size_t n = 0;

	(void)message;
	if (messages == NULL) {
		rpc_fail_because(request, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT),
				 "out of memory");
		return;
	}
	TAILQ_FOREACH(job, &list->jobs, link) {
		if (n == JOB_MAX)
			break;
		job_to_message(job, clock_now_ns(), &messages[n]);
		ptrs[n] = &messages[n].job;
		n++;
	}
	reply.jobs = ptrs;
	reply.n_jobs = n;
	rpc_reply(request, &reply.base);
	free(messages);
}

static void
handle_get_job(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const struct job *job = find_job(request, daemon_of(ctx), message);

	if (job != NULL)
		reply_job(request, job);
}

static void
handle_cancel_job(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	const Slim__V1__CancelJobRequest *wanted = (const void *)message;
	const struct daemon *daemon = daemon_of(ctx);
	const struct job *job = job_find(driver_jobs(daemon->driver), wanted->id);
	char text[SLIM_REASON_SIZE];
	int error;

	if (job == NULL) {
		rpc_fail_because(request, RPC_NOT_FOUND, REASON_TEXT(UNKNOWN_JOB),
				 "no job \"%.40s\"", wanted->id);
		return;
	}
	error = driver_cancel(daemon->driver, job->id, wanted->force, text);
	if (error < 0) {
		rpc_fail_because(request, RPC_FAILED_PRECONDITION, REASON_TEXT(TOO_LATE),
				 "job \"%s\": %s", job->id,
				 error == -EBUSY ? text : "it has ended");
		return;
	}
	log_info("cancel asked job=%s force=%d by=%s risk=\"%s\"", job->id, wanted->force,
		 rpc_request_peer(request), text);
	reply_job(request, job);
}

/* ---- WatchJob ------------------------------------------------------------------------ */

struct watcher {
	struct daemon *daemon;
	struct rpc_request *request;
	struct job_watch watch;
	struct event *timer;
	bool hurried; /* the timer is set for a change, not for the period */
	char id[sizeof(((struct job *)NULL)->id)];
};

static void
watcher_free(struct watcher *watcher)
{
	job_unwatch(driver_jobs(watcher->daemon->driver), &watcher->watch);
	event_free(watcher->timer);
	free(watcher);
}

static void
watcher_schedule(struct watcher *watcher, unsigned ms)
{
	event_add(watcher->timer, &(struct timeval){.tv_usec = (suseconds_t)ms * 1000});
}

/* Sends how the job stands; when it has ended that is the last message. */
static void
watcher_send(struct watcher *watcher)
{
	const struct job *job = job_find(driver_jobs(watcher->daemon->driver), watcher->id);
	struct rpc_request *request = watcher->request;
	struct job_message message;

	watcher->hurried = false;
	if (job == NULL) {
		watcher_free(watcher);
		rpc_fail_because(request, RPC_NOT_FOUND, REASON_TEXT(UNKNOWN_JOB),
				 "the job was forgotten");
		return;
	}
	if (job->state == SLIM__V1__JOB_STATE__JOB_RUNNING && rpc_queued(request) > 0) {
		watcher_schedule(watcher, WATCH_DELAY_MS); /* the client is slow */
		return;
	}
	job_to_message(job, clock_now_ns(), &message);
	rpc_send(request, &message.job.base);
	if (job->state == SLIM__V1__JOB_STATE__JOB_RUNNING) {
		watcher_schedule(watcher, WATCH_PERIOD_MS);
		return;
	}
	watcher_free(watcher);
	rpc_finish(request);
}

static void
on_watch_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	watcher_send(arg);
}

/* From the driver, maybe in the middle of a handover: nothing but a timer is set. */
static void
on_job_change(void *ctx, const struct job *job)
{
	struct watcher *watcher = ctx;

	if (watcher->hurried || strcmp(job->id, watcher->id) != 0)
		return;
	watcher->hurried = true;
	watcher_schedule(watcher, WATCH_DELAY_MS);
}

static void
on_watch_cancel(struct rpc_request *request)
{
	watcher_free(rpc_request_data(request));
	rpc_finish(request);
}

static void
handle_watch_job(struct rpc_request *request, const ProtobufCMessage *message, void *ctx)
{
	struct daemon *daemon = daemon_of(ctx);
	const struct job *job = find_job(request, daemon, message);
	struct watcher *watcher;

	if (job == NULL)
		return;
	watcher = calloc(1, sizeof(*watcher));
	if (watcher != NULL)
		watcher->timer = evtimer_new(daemon->base, on_watch_timer, watcher);
	if (watcher == NULL || watcher->timer == NULL) {
		free(watcher);
		rpc_fail_because(request, RPC_RESOURCE_EXHAUSTED, REASON_TEXT(LIMIT),
				 "out of memory");
		return;
	}
	watcher->daemon = daemon;
	watcher->request = request;
	memcpy(watcher->id, job->id, sizeof(watcher->id));
	watcher->watch = (struct job_watch){.fn = on_job_change, .ctx = watcher};
	job_watch(driver_jobs(daemon->driver), &watcher->watch);
	rpc_request_set_data(request, watcher);
	rpc_request_set_ops(request, &(struct rpc_request_ops){.on_cancel = on_watch_cancel});
	watcher_send(watcher);
}

/* ---- service ---------------------------------------------------------------------------- */

static const struct rpc_method methods[] = {
	{"GetVersion", RPC_UNARY, handle_version},
	{"ListNfs", RPC_UNARY, handle_list_nfs},
	{"GetNf", RPC_UNARY, handle_get_nf},
	{"Migrate", RPC_UNARY, handle_migrate},
	{"ListJobs", RPC_UNARY, handle_list_jobs},
	{"GetJob", RPC_UNARY, handle_get_job},
	{"WatchJob", RPC_SERVER_STREAM, handle_watch_job},
	{"CancelJob", RPC_UNARY, handle_cancel_job},
	{"DumpTable", RPC_SERVER_STREAM, ctl_table_dump},
	{"ImportTable", RPC_CLIENT_STREAM, ctl_table_import},
	{"ListPeers", RPC_UNARY, handle_list_peers},
	{"SetLogLevel", RPC_UNARY, handle_log_level},
};

int
ctl_service_create(struct daemon *daemon, struct rpc_server *server,
		   struct ctl_service **ret_service)
{
	struct ctl_service *service = calloc(1, sizeof(*service));
	int error;

	if (service == NULL)
		return -ENOMEM;
	service->daemon = daemon;
	LIST_INIT(&service->imports);
	error = rpc_server_add_service(server, &slim__v1__slimd__descriptor, methods,
				       sizeof(methods) / sizeof(methods[0]), service);
	if (error < 0) {
		free(service);
		return error;
	}
	*ret_service = service;
	return 0;
}

void
ctl_service_destroy(struct ctl_service *service)
{
	if (service == NULL)
		return;
	ctl_table_drop_imports(service);
	free(service);
}
