/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control service over a real channel: one NF in plain memory whose worker is a timer, and
 * a driver that only makes jobs. Real are rpc, jobs, gate, install rings and the service.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl_service.h" /* before libevent: both know an EV_CLOSED */

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "gate.h"
#include "install.h"
#include "log.h"
#include "metrics.h"
#include "row.h"
#include "slim_command.h"
#include "slim_ctl.pb-c.h"
#include "test_folder.h"

#define CAPACITY 40000u
#define CHUNK 4000u
#define SLOT_SIZE 24u
#define DEADLINE_S 20

/* The NF's entry: key first. */
struct entry {
	uint8_t ip[4];
	uint8_t port[2];
	uint8_t pad[2];
	uint64_t last_seen; /* lazy */
};

struct memory {
	struct slim_shm_info info;
	struct slim_shm_control control;
	struct slim_shm_install install;
};

struct fixture {
	struct event_base *base;
	struct rpc *rpc;
	struct rpc_server *server;
	struct rpc_channel *channel;
	struct ctl_service *service;
	struct daemon daemon;
	char dir[64], address[96];
	/* NF */
	struct nf nf;
	struct nf_list list;
	struct memory *memory;
	uint8_t slab[CAPACITY * SLOT_SIZE];
	struct event *worker;
	unsigned holds;
	uint32_t busy_slot, busy_reads; /* reads of that slot that still fail */
	bool wait_until_full;           /* the worker leaves the ring alone until it is full */
	/* driver */
	struct job_list jobs;
	struct driver_move asked;
	bool forced; /* the last cancel */
	unsigned n_holds;
	/* client */
	bool done;
	enum rpc_code code;
	char text[RPC_MAX_TEXT];
	char reason[RPC_MAX_REASON];
	ProtobufCMessage *reply;
	unsigned n_messages, n_rows;
	Slim__V1__Job *last_job;
	char first_row[4][64];
	size_t n_values;
	struct rpc_call *call;
	char http[8192];
};

static struct fixture *the; /* for the stand-ins below, which have no context */

/* ---- stand-ins for the parts of the daemon ---------------------------------------- */

const struct nf_list *
nf_registry_list(const struct nf_registry *registry)
{
	(void)registry;
	return &the->list;
}

struct nf *
nf_find(const struct nf_registry *registry, const char *name)
{
	(void)registry;
	return strcmp(name, the->nf.name) == 0 ? &the->nf : NULL;
}

void
nf_hold(struct nf *nf)
{
	nf->holds++;
}

void
nf_release(struct nf *nf)
{
	assert_true(nf->holds > 0);
	nf->holds--;
}

bool
nf_is_broken(const struct nf *nf)
{
	(void)nf;
	return false;
}

bool
nf_is_alive(const struct nf *nf, uint64_t now_ns)
{
	(void)now_ns;
	return nf->up;
}

const char *
nf_mode_name(const struct nf *nf)
{
	uint32_t mode = atomic_load(&nf->info->workers[0].mode);

	return mode == SLIM_GATE_CLOSED ? "closed" : mode == SLIM_GATE_PASS ? "pass" : "receive";
}

uint32_t
nf_table_used(const struct nf *nf, uint32_t table)
{
	return atomic_load(&nf->info->workers[0].used[table]);
}

int
nf_find_table(const struct nf *nf, const char *name)
{
	return name[0] == '\0' || strcmp(name, nf->tables[0].schema.name) == 0 ? 0 : -1;
}

uint64_t
nf_counter(const struct nf *nf, size_t index)
{
	(void)nf;
	return index;
}

const char *
nf_counter_name(size_t index)
{
	return index == 0 ? "held" : "another";
}

static struct slim_slot_head *
slot_at(uint32_t slot)
{
	return (struct slim_slot_head *)(void *)(the->slab + (size_t)slot * SLOT_SIZE);
}

int
nf_read_slot(const struct nf *nf, uint32_t table, uint32_t slot, uint8_t *ret_payload,
	     uint8_t *ret_bucket)
{
	(void)nf;
	assert_int_equal(table, 0);
	assert_true(slot < CAPACITY);
	if (the->busy_reads > 0 && slot == the->busy_slot) {
		the->busy_reads--;
		return -EAGAIN;
	}
	if (!slot_at(slot)->used)
		return 0;
	memcpy(ret_payload, slot_at(slot) + 1, sizeof(struct entry));
	*ret_bucket = slot_at(slot)->bucket;
	return 1;
}

size_t
peer_list(const struct peer_set *set, struct peer_status *ret, size_t max)
{
	(void)set;
	assert_true(max > 2);
	ret[0] = (struct peer_status){.name = "b",
				      .address = "192.0.2.2:1",
				      .state = "up",
				      .software = "slimd",
				      .rtt_ns = 5,
				      .tls = true};
	ret[1] = (struct peer_status){.name = "half", .address = "192.0.2.3:1", .state = "inbound"};
	ret[2] = (struct peer_status){.name = "dials-us", .address = "", .state = "inbound"};
	return 3;
}

uint64_t
peer_troubles(const struct peer_set *set, enum trouble trouble, bool dialled)
{
	(void)set;
	return dialled && trouble == TROUBLE_TLS ? 3 : 0;
}

const char *
trouble_name(enum trouble trouble)
{
	return trouble == TROUBLE_TLS ? "tls" : "other";
}

struct job *
driver_migrate(struct driver *driver, const struct driver_move *move)
{
	struct job *job = job_find_key(&the->jobs, move->key);

	(void)driver;
	the->asked = *move;
	if (job != NULL)
		return job;
	job = job_create(&the->jobs, 0x1234 + the->jobs.n);
	snprintf(job->nf, sizeof(job->nf), "%s", move->nf);
	snprintf(job->key, sizeof(job->key), "%s", move->key);
	if (strcmp(move->nf, the->nf.name) != 0) {
		job->state = SLIM__V1__JOB_STATE__JOB_REFUSED;
		job_add_reason(job, SLIM__V1__REASON_CODE__REASON_UNKNOWN_NF, "no NF \"%s\"",
			       move->nf);
	}
	return job;
}

const struct job *
driver_other_job(struct driver *driver, const struct driver_move *move)
{
	const struct job *job = job_find_key(&the->jobs, move->key);

	(void)driver;
	return job != NULL && strcmp(job->nf, move->nf) != 0 ? job : NULL;
}

int
driver_cancel(struct driver *driver, const char *job_id, bool force, char *ret_text)
{
	struct job *job = job_find(&the->jobs, job_id);

	(void)driver;
	the->forced = force;
	ret_text[0] = '\0';
	if (job->state != SLIM__V1__JOB_STATE__JOB_RUNNING)
		return -EALREADY;
	job->state = SLIM__V1__JOB_STATE__JOB_CANCELLED;
	job_changed(&the->jobs, job);
	return 0;
}

uint64_t
driver_protocol_errors(const struct driver *driver, enum driver_protocol_error error)
{
	(void)driver;
	(void)error;
	return 0;
}

const char *
driver_protocol_error_name(enum driver_protocol_error error)
{
	(void)error;
	return "some";
}

size_t
driver_n_left(const struct driver *driver)
{
	(void)driver;
	return 0;
}

struct job_list *
driver_jobs(struct driver *driver)
{
	(void)driver;
	return &the->jobs;
}

/* For the next `n_holds` questions. What is asked for meanwhile does not go on. */
bool
driver_holds(const struct driver *driver)
{
	(void)driver;
	if (the->n_holds == 0)
		return false;
	assert_int_equal(the->n_rows, 0);
	the->n_holds--;
	return true;
}

bool
driver_is_busy(const struct driver *driver, const struct nf *nf)
{
	(void)driver;
	(void)nf;
	return false;
}

/* ---- the worker --------------------------------------------------------------------- */

static void
put_slot(uint32_t slot, uint8_t bucket, const void *payload)
{
	struct slim_slot_head *head = slot_at(slot);

	if (!head->used)
		atomic_fetch_add(&the->memory->info.workers[0].used[0], 1);
	head->used = 1;
	head->bucket = bucket;
	memcpy(head + 1, payload, sizeof(struct entry));
}

/* Applies records; entries take the slots of their source. */
static void
apply_records(void)
{
	struct slim_shm_worker *worker = &the->memory->info.workers[0];
	uint64_t at = atomic_load(&worker->installed_bytes);
	uint64_t tail = atomic_load(&the->memory->install.tail);

	if (the->wait_until_full && tail - at < SLIM_INSTALL_RING_SIZE - 2 * SLIM_MAX_SLOT_SIZE)
		return;
	the->wait_until_full = false;
	while (at != tail) {
		const struct slim_install_record *record =
			(const void *)(the->memory->install.data + at % SLIM_INSTALL_RING_SIZE);

		if (record->op != SLIM_INSTALL_PAD) {
			assert_int_equal(record->op, SLIM_INSTALL_PUT);
			assert_int_equal(record->row_size, sizeof(struct entry));
			put_slot(record->source_slot, record->bucket, record + 1);
		}
		at += record->size;
	}
	atomic_store(&worker->installed_bytes, at);
}

static void
on_worker(evutil_socket_t fd, short what, void *arg)
{
	struct slim_shm_worker *worker = &the->memory->info.workers[0];
	struct slim_shm_command command;
	uint32_t epoch = slim_command_read(&the->memory->control.gate, &command);

	(void)fd;
	(void)what;
	(void)arg;
	if (atomic_load(&worker->mode) == SLIM_GATE_RECEIVE)
		apply_records();
	if (epoch == 0)
		return;
	atomic_store(&worker->mode, command.mode);
	atomic_store(&worker->ack_epoch, epoch);
}

/* ---- fixture ------------------------------------------------------------------------- */

static const struct schema_table schema = {
	.name = "sessions",
	.capacity = CAPACITY,
	.payload_size = sizeof(struct entry),
	.key_size = 6,
	.n_fields = 3,
	.fields =
		{
			{.name = "ip",
			 .type = SLIM_IPV4,
			 .role = SLIM_KEY,
			 .class_ = SLIM_STATE,
			 .offset = offsetof(struct entry, ip),
			 .size = 4},
			{.name = "port",
			 .type = SLIM_BE16,
			 .role = SLIM_KEY,
			 .class_ = SLIM_STATE,
			 .offset = offsetof(struct entry, port),
			 .size = 2},
			{.name = "last_seen",
			 .type = SLIM_U64,
			 .role = SLIM_VALUE,
			 .class_ = SLIM_LAZY,
			 .merge = SLIM_MERGE_MAX,
			 .offset = offsetof(struct entry, last_seen),
			 .size = 8},
		},
};

static void
fill_entry(uint32_t i, struct entry *ret)
{
	*ret = (struct entry){.ip = {100, 64, (uint8_t)(i >> 8), (uint8_t)i},
			      .port = {(uint8_t)(i >> 8), (uint8_t)i},
			      .last_seen = i};
}

static void
fill_slots(uint32_t n)
{
	struct entry entry;
	uint32_t i;

	for (i = 0; i < n; i++) {
		fill_entry(i, &entry);
		put_slot(i, (uint8_t)i, &entry);
	}
}

static void
make_nf(struct fixture *f)
{
	struct nf *nf = &f->nf;

	f->memory = aligned_alloc(SLIM_CACHE_LINE, sizeof(*f->memory));
	memset(f->memory, 0, sizeof(*f->memory));
	strcpy(nf->name, "nat-a");
	strcpy(nf->service, "nat");
	nf->n_workers = 1;
	nf->n_tables = 1;
	nf->up = true;
	nf->tables[0].schema = schema;
	nf->tables[0].slot_size = SLOT_SIZE;
	nf->info = &f->memory->info;
	nf->control = &f->memory->control;
	nf->installs = &f->memory->install;
	atomic_store(&f->memory->info.workers[0].mode, SLIM_GATE_CLOSED);
	TAILQ_INIT(&f->list);
	TAILQ_INSERT_TAIL(&f->list, nf, link);
}

static void
ignore_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

/* Each case has a folder of its own in it. */
static int
make_folder(void **state)
{
	(void)state;
	return test_folder_begin("/tmp", "ctl");
}

static int
remove_folder(void **state)
{
	(void)state;
	test_folder_end();
	return 0;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct rpc_channel_config config;

	the = f;
	log_set_sink(ignore_line, NULL);
	assert_int_equal(test_folder_make(f->dir, sizeof(f->dir)), 0);
	snprintf(f->address, sizeof(f->address), "unix:%s/sock", f->dir);
	make_nf(f);
	job_list_init(&f->jobs);
	f->base = event_base_new();
	f->worker = event_new(f->base, -1, EV_PERSIST, on_worker, f);
	event_add(f->worker, &(struct timeval){.tv_usec = 500});
	f->daemon = (struct daemon){
		.host = "a", .base = f->base, .peers = (struct peer_set *)(uintptr_t)1};
	assert_int_equal(rpc_create(f->base, &f->rpc), 0);
	assert_int_equal(rpc_server_create(f->rpc, &f->server), 0);
	assert_int_equal(ctl_service_create(&f->daemon, f->server, &f->service), 0);
	assert_int_equal(rpc_server_listen(f->server, f->address, NULL, NULL), 0);
	assert_int_equal(rpc_server_start(f->server), 0);
	config = (struct rpc_channel_config){.address = f->address};
	assert_int_equal(rpc_channel_create(f->rpc, &config, &f->channel), 0);
	*state = f;
	return 0;
}

static void
drop_answers(struct fixture *f)
{
	if (f->reply != NULL)
		protobuf_c_message_free_unpacked(f->reply, NULL);
	if (f->last_job != NULL)
		slim__v1__job__free_unpacked(f->last_job, NULL);
	f->reply = NULL;
	f->last_job = NULL;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	drop_answers(f);
	rpc_channel_destroy(f->channel);
	rpc_server_destroy(f->server);
	ctl_service_destroy(f->service);
	rpc_destroy(f->rpc);
	assert_int_equal(f->nf.holds, 0);
	assert_true(TAILQ_EMPTY(&f->jobs.watches));
	job_list_fini(&f->jobs);
	event_free(f->worker);
	event_base_free(f->base);
	free(f->memory);
	free(f);
	return 0;
}

/* ---- client ---------------------------------------------------------------------------- */

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	fail_msg("nothing happened for %d s", DEADLINE_S);
}

static void
run(struct fixture *f)
{
	struct event *late = evtimer_new(f->base, on_late, f);

	event_add(late, &(struct timeval){.tv_sec = DEADLINE_S});
	event_base_dispatch(f->base);
	event_free(late);
}

static ProtobufCMessage *
copy(const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(size + 1);
	ProtobufCMessage *made;

	protobuf_c_message_pack(message, bytes);
	made = protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
	free(bytes);
	return made;
}

static void
on_done(void *ctx, const struct rpc_status *status, const ProtobufCMessage *reply)
{
	struct fixture *f = ctx;

	f->done = true;
	f->code = status->code;
	snprintf(f->reason, sizeof(f->reason), "%s", status->reason);
	f->call = NULL;
	snprintf(f->text, sizeof(f->text), "%s", status->text);
	f->reply = reply != NULL ? copy(reply) : NULL;
	event_base_loopbreak(f->base);
}

static void
on_message(void *ctx, const ProtobufCMessage *message)
{
	struct fixture *f = ctx;
	size_t i;

	f->n_messages++;
	if (message->descriptor == &slim__v1__job__descriptor) {
		if (f->last_job != NULL)
			slim__v1__job__free_unpacked(f->last_job, NULL);
		f->last_job = (Slim__V1__Job *)(void *)copy(message);
	} else {
		const Slim__V1__TableChunk *chunk = (const void *)message;

		if (f->n_rows == 0 && chunk->n_rows > 0) {
			f->n_values = chunk->rows[0]->n_values;
			for (i = 0; i < f->n_values && i < 4; i++)
				snprintf(f->first_row[i], sizeof(f->first_row[i]), "%s",
					 chunk->rows[0]->values[i]);
		}
		f->n_rows += (unsigned)chunk->n_rows;
	}
}

static void
start(struct fixture *f, const char *method, enum rpc_kind kind, const ProtobufCMessage *request)
{
	struct rpc_call_config config = {
		.service = &slim__v1__slimd__descriptor,
		.method = method,
		.kind = kind,
		.request = request,
		.on_message = on_message,
		.on_done = on_done,
		.ctx = f,
	};

	drop_answers(f);
	f->done = false;
	f->n_rows = 0;
	f->n_messages = 0;
	assert_int_equal(rpc_call_start(f->channel, &config, &f->call), 0);
}

static void *
call(struct fixture *f, const char *method, const ProtobufCMessage *request)
{
	start(f, method, RPC_UNARY, request);
	run(f);
	assert_true(f->done);
	return f->reply;
}

/* ---- unary ------------------------------------------------------------------------------ */

static void
nfs_are_listed_with_tables_and_counters(void **state)
{
	Slim__V1__ListNfsRequest request = SLIM__V1__LIST_NFS_REQUEST__INIT;
	struct fixture *f = *state;
	Slim__V1__ListNfsReply *list;

	fill_slots(5);
	list = call(f, "ListNfs", &request.base);
	assert_int_equal(list->n_nfs, 1);
	assert_string_equal(list->nfs[0]->name, "nat-a");
	assert_string_equal(list->nfs[0]->mode, "closed");
	assert_true(list->nfs[0]->alive);
	assert_int_equal(list->nfs[0]->tables[0]->used, 5);
	assert_int_equal(list->nfs[0]->tables[0]->n_fields, 3);
	assert_int_equal(list->nfs[0]->tables[0]->fields[0]->type, SLIM__V1__FIELD_TYPE__TYPE_IPV4);
	assert_true(list->nfs[0]->tables[0]->fields[1]->key);
	assert_int_equal(list->nfs[0]->n_counters, NF_N_COUNTERS);
}

static void
unknown_nf_is_not_found(void **state)
{
	Slim__V1__GetNfRequest request = SLIM__V1__GET_NF_REQUEST__INIT;
	struct fixture *f = *state;

	request.name = (char *)"nat-z";
	assert_null(call(f, "GetNf", &request.base));
	assert_int_equal(f->code, RPC_NOT_FOUND);
	assert_string_equal(f->text, "no NF \"nat-z\" on host \"a\"");
	assert_string_equal(f->reason, "REASON_UNKNOWN_NF");
}

static void
log_level_is_told_and_set(void **state)
{
	Slim__V1__LogLevelRequest request = SLIM__V1__LOG_LEVEL_REQUEST__INIT;
	struct fixture *f = *state;
	Slim__V1__LogLevelReply *reply;

	request.level = (char *)"warn";
	reply = call(f, "SetLogLevel", &request.base);
	assert_string_equal(reply->level, "warn");
	assert_int_equal(log_get_level(), LOG_LEVEL_WARN);
	request.level = (char *)"loud";
	assert_null(call(f, "SetLogLevel", &request.base));
	assert_int_equal(f->code, RPC_INVALID_ARGUMENT);
	request.level = (char *)"";
	reply = call(f, "SetLogLevel", &request.base);
	assert_string_equal(reply->level, "warn");
	log_set_level(LOG_LEVEL_INFO);
}

static void
peers_are_listed(void **state)
{
	Slim__V1__ListPeersRequest request = SLIM__V1__LIST_PEERS_REQUEST__INIT;
	Slim__V1__ListPeersReply *reply = call(*state, "ListPeers", &request.base);

	assert_int_equal(reply->n_peers, 3);
	assert_string_equal(reply->peers[0]->name, "b");
	assert_true(reply->peers[0]->tls);
}

/* ---- jobs ---------------------------------------------------------------------------------- */

static Slim__V1__Job *
ask_move(struct fixture *f, const char *nf, const char *key)
{
	Slim__V1__MigrateRequest request = SLIM__V1__MIGRATE_REQUEST__INIT;

	request.nf = (char *)nf;
	request.to_host = (char *)"b";
	request.idempotency_key = (char *)key;
	request.max_hold_ns = 17;
	return call(f, "Migrate", &request.base);
}

static void
refused_move_is_a_job_with_reasons(void **state)
{
	Slim__V1__Job *job = ask_move(*state, "nat-z", "");

	assert_int_equal(job->state, SLIM__V1__JOB_STATE__JOB_REFUSED);
	assert_int_equal(job->n_reasons, 1);
	assert_int_equal(job->reasons[0]->code, SLIM__V1__REASON_CODE__REASON_UNKNOWN_NF);
}

static void
same_key_gives_the_same_job(void **state)
{
	struct fixture *f = *state;
	char id[32], long_key[SLIM_JOB_KEY_SIZE + 1];

	snprintf(id, sizeof(id), "%s", ask_move(f, "nat-a", "k1")->id);
	assert_int_equal(f->asked.max_hold_ns, 17);
	assert_string_equal(ask_move(f, "nat-a", "k1")->id, id);
	assert_string_not_equal(ask_move(f, "nat-a", "k2")->id, id);
	assert_null(ask_move(f, "nat-z", "k1"));
	assert_int_equal(f->code, RPC_ALREADY_EXISTS);
	memset(long_key, 'k', SLIM_JOB_KEY_SIZE);
	long_key[SLIM_JOB_KEY_SIZE] = '\0';
	assert_null(ask_move(f, "nat-a", long_key));
	assert_int_equal(f->code, RPC_INVALID_ARGUMENT);
}

static void
end_job(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = TAILQ_FIRST(&the->jobs.jobs);

	(void)fd;
	(void)what;
	(void)arg;
	job->state = SLIM__V1__JOB_STATE__JOB_COMPLETE;
	job->phase = "done";
	job_changed(&the->jobs, job);
}

static void
watch_sends_at_least_every_200_ms_and_ends_with_the_job(void **state)
{
	Slim__V1__GetJobRequest request = SLIM__V1__GET_JOB_REQUEST__INIT;
	struct fixture *f = *state;
	char id[32];

	snprintf(id, sizeof(id), "%s", ask_move(f, "nat-a", "")->id);
	request.id = id;
	event_base_once(f->base, -1, EV_TIMEOUT, end_job, f, &(struct timeval){.tv_usec = 700000});
	start(f, "WatchJob", RPC_SERVER_STREAM, &request.base);
	run(f);
	assert_int_equal(f->code, RPC_OK);
	/* At 0, 200, 400, 600 and at the end; a slow machine may give fewer in between. */
	assert_in_range(f->n_messages, 3, 6);
	assert_int_equal(f->last_job->state, SLIM__V1__JOB_STATE__JOB_COMPLETE);
	assert_string_equal(f->last_job->phase, "done");
}

static void
watch_of_an_ended_job_is_one_message(void **state)
{
	Slim__V1__GetJobRequest request = SLIM__V1__GET_JOB_REQUEST__INIT;
	struct fixture *f = *state;
	char id[32];

	snprintf(id, sizeof(id), "%s", ask_move(f, "nat-z", "")->id);
	request.id = id;
	start(f, "WatchJob", RPC_SERVER_STREAM, &request.base);
	run(f);
	assert_int_equal(f->n_messages, 1);
	request.id = (char *)"nothing";
	start(f, "WatchJob", RPC_SERVER_STREAM, &request.base);
	run(f);
	assert_int_equal(f->code, RPC_NOT_FOUND);
}

static void
watchers_that_go_leave_nothing_behind(void **state)
{
	Slim__V1__GetJobRequest request = SLIM__V1__GET_JOB_REQUEST__INIT;
	struct fixture *f = *state;
	char id[32];

	snprintf(id, sizeof(id), "%s", ask_move(f, "nat-a", "")->id);
	request.id = id;
	start(f, "WatchJob", RPC_SERVER_STREAM, &request.base);
	while (f->n_messages == 0)
		event_base_loop(f->base, EVLOOP_ONCE);
	rpc_call_cancel(f->call);
	while (!TAILQ_EMPTY(&f->jobs.watches))
		event_base_loop(f->base, EVLOOP_ONCE);
}

static void
cancel_works_once(void **state)
{
	Slim__V1__CancelJobRequest request = SLIM__V1__CANCEL_JOB_REQUEST__INIT;
	struct fixture *f = *state;
	Slim__V1__Job *job;
	char id[32];

	snprintf(id, sizeof(id), "%s", ask_move(f, "nat-a", "")->id);
	request.id = id;
	job = call(f, "CancelJob", &request.base);
	assert_int_equal(job->state, SLIM__V1__JOB_STATE__JOB_CANCELLED);
	assert_null(call(f, "CancelJob", &request.base));
	assert_int_equal(f->code, RPC_FAILED_PRECONDITION);
	assert_false(f->forced);
	request.force = true;
	assert_null(call(f, "CancelJob", &request.base));
	assert_true(f->forced);
	request.id = (char *)"nothing";
	assert_null(call(f, "CancelJob", &request.base));
	assert_int_equal(f->code, RPC_NOT_FOUND);
}

/* ---- tables ----------------------------------------------------------------------------------- */

static void
dump(struct fixture *f, const char *filter, bool state_only)
{
	Slim__V1__DumpTableRequest request = SLIM__V1__DUMP_TABLE_REQUEST__INIT;
	char *filters[1] = {(char *)filter};

	request.nf = (char *)"nat-a";
	request.filters = filters;
	request.n_filters = filter != NULL;
	request.state_only = state_only;
	start(f, "DumpTable", RPC_SERVER_STREAM, &request.base);
	run(f);
}

static void
dump_gives_every_row(void **state)
{
	struct fixture *f = *state;

	fill_slots(2500);
	dump(f, NULL, false);
	assert_int_equal(f->code, RPC_OK);
	assert_int_equal(f->n_rows, 2500);
	assert_int_equal(f->n_values, 3);
	assert_string_equal(f->first_row[0], "100.64.0.0");
	dump(f, NULL, true);
	assert_int_equal(f->n_rows, 2500);
	assert_int_equal(f->n_values, 2);
}

/* Rows for people wait while packets do. */
static void
dump_waits_while_a_session_holds(void **state)
{
	struct fixture *f = *state;

	fill_slots(2500);
	f->n_holds = 5;
	dump(f, NULL, false);
	assert_int_equal(f->n_holds, 0);
	assert_int_equal(f->code, RPC_OK);
	assert_int_equal(f->n_rows, 2500);
}

static void
dump_of_an_empty_table_is_its_header(void **state)
{
	struct fixture *f = *state;

	dump(f, NULL, false);
	assert_int_equal(f->code, RPC_OK);
	assert_int_equal(f->n_messages, 1);
	assert_int_equal(f->n_rows, 0);
}

static void
dump_filters(void **state)
{
	struct fixture *f = *state;

	fill_slots(2500);
	dump(f, "ip=100.64.4.0/24", false);
	assert_int_equal(f->n_rows, 256);
	dump(f, "port=1029", false);
	assert_int_equal(f->n_rows, 1);
	assert_string_equal(f->first_row[0], "100.64.4.5");
	dump(f, "nothing=1", false);
	assert_int_equal(f->code, RPC_INVALID_ARGUMENT);
}

static void
dump_comes_back_to_slots_that_are_being_written(void **state)
{
	struct fixture *f = *state;

	fill_slots(100);
	f->busy_slot = 50;
	f->busy_reads = 3;
	dump(f, NULL, false);
	assert_int_equal(f->code, RPC_OK);
	assert_int_equal(f->n_rows, 100);
	f->busy_reads = UINT32_MAX;
	dump(f, NULL, false);
	assert_int_equal(f->code, RPC_DATA_LOSS);
}

/* A chunk of rows first..first + n - 1, with its header if wanted. */
static void
send_rows(struct fixture *f, uint32_t first, uint32_t n, bool header, const char *wrong)
{
	Slim__V1__TableChunk chunk = SLIM__V1__TABLE_CHUNK__INIT;
	Slim__V1__TableField fields[2], *field_ptrs[2];
	Slim__V1__TableRow *rows = calloc(n, sizeof(*rows)),
			   **ptrs = calloc(n, sizeof(Slim__V1__TableRow *));
	char(*texts)[2][32] = calloc(n, sizeof(*texts));
	char *(*values)[2] = calloc(n, sizeof(*values));
	uint32_t i;

	for (i = 0; i < 2; i++) {
		slim__v1__table_field__init(&fields[i]);
		fields[i].name = (char *)schema.fields[i].name;
		fields[i].type = (Slim__V1__FieldType)schema.fields[i].type;
		fields[i].class_ = (Slim__V1__FieldClass)schema.fields[i].class_;
		fields[i].size = schema.fields[i].size;
		fields[i].key = true;
		field_ptrs[i] = &fields[i];
	}
	for (i = 0; i < n; i++) {
		uint32_t k = first + i;

		slim__v1__table_row__init(&rows[i]);
		snprintf(texts[i][0], 32, "100.64.%u.%u", k >> 8, k & 255);
		snprintf(texts[i][1], 32, "%u", k);
		values[i][0] = wrong != NULL && i == 0 ? (char *)wrong : texts[i][0];
		values[i][1] = texts[i][1];
		rows[i].values = values[i];
		rows[i].n_values = 2;
		rows[i].bucket = (uint8_t)k;
		ptrs[i] = &rows[i];
	}
	chunk.nf = (char *)"nat-a";
	chunk.fields = field_ptrs;
	chunk.n_fields = header ? 2 : 0;
	chunk.rows = ptrs;
	chunk.n_rows = n;
	rpc_call_send(f->call, &chunk.base);
	free(rows);
	free(ptrs);
	free(texts);
	free(values);
}

static Slim__V1__ImportReply *
finish_import(struct fixture *f)
{
	if (!f->done) {
		rpc_call_close(f->call);
		run(f);
	}
	return (Slim__V1__ImportReply *)(void *)f->reply;
}

static void
import_fills_a_standby_nf(void **state)
{
	struct fixture *f = *state;
	Slim__V1__ImportReply *reply;
	struct entry wanted, got;
	uint32_t i;

	f->wait_until_full = true;
	start(f, "ImportTable", RPC_CLIENT_STREAM, NULL);
	for (i = 0; i < 9; i++)
		send_rows(f, i * CHUNK, CHUNK, i == 0, NULL);
	reply = finish_import(f);
	assert_int_equal(f->code, RPC_OK);
	assert_false(f->wait_until_full);
	assert_int_equal(reply->imported, 9 * CHUNK);
	assert_int_equal(reply->refused, 0);
	assert_int_equal(gate_commanded_mode(&f->nf), SLIM_GATE_CLOSED);
	assert_int_equal(f->nf.session, 0);
	for (i = 0; i < 9 * CHUNK; i++) {
		fill_entry(i, &wanted);
		wanted.last_seen = 0; /* was not in the file */
		memcpy(&got, slot_at(i) + 1, sizeof(got));
		assert_memory_equal(&got, &wanted, sizeof(got));
		assert_int_equal(slot_at(i)->bucket, (uint8_t)i);
	}
}

static void
import_waits_while_a_session_holds(void **state)
{
	struct fixture *f = *state;

	f->n_holds = 5;
	start(f, "ImportTable", RPC_CLIENT_STREAM, NULL);
	send_rows(f, 0, CHUNK, true, NULL);
	assert_int_equal(finish_import(f)->imported, CHUNK);
	assert_int_equal(f->n_holds, 0);
}

static void
import_refuses_bad_rows_and_says_why(void **state)
{
	struct fixture *f = *state;
	Slim__V1__ImportReply *reply;

	start(f, "ImportTable", RPC_CLIENT_STREAM, NULL);
	send_rows(f, 0, 10, true, "not an address");
	reply = finish_import(f);
	assert_int_equal(reply->imported, 9);
	assert_int_equal(reply->refused, 1);
	assert_int_equal(reply->n_reasons, 1);
	assert_string_equal(reply->reasons[0]->text,
			    "row of slot 0: \"not an address\" is not a value of field \"ip\"");
}

static void
import_above_the_capacity_is_refused(void **state)
{
	struct fixture *f = *state;
	Slim__V1__ImportReply *reply;
	uint32_t i;

	start(f, "ImportTable", RPC_CLIENT_STREAM, NULL);
	for (i = 0; i < CAPACITY; i += CHUNK)
		send_rows(f, i, CHUNK, i == 0, NULL);
	send_rows(f, CAPACITY, 5, false, NULL);
	reply = finish_import(f);
	assert_int_equal(reply->imported, CAPACITY);
	assert_int_equal(reply->refused, 5);
	assert_int_equal(reply->reasons[0]->code, SLIM__V1__REASON_CODE__REASON_TABLE_FULL);
}

static void
import_refuses_a_message_with_too_many_rows(void **state)
{
	struct fixture *f = *state;

	start(f, "ImportTable", RPC_CLIENT_STREAM, NULL);
	send_rows(f, 0, 4097, true, NULL);
	finish_import(f);
	assert_int_equal(f->code, RPC_INVALID_ARGUMENT);
	assert_int_equal(gate_commanded_mode(&f->nf), SLIM_GATE_CLOSED);
}

static void
import_into_a_serving_nf_is_refused(void **state)
{
	struct fixture *f = *state;

	atomic_store(&f->memory->info.workers[0].mode, SLIM_GATE_PASS);
	start(f, "ImportTable", RPC_CLIENT_STREAM, NULL);
	send_rows(f, 0, 1, true, NULL);
	finish_import(f);
	assert_int_equal(f->code, RPC_FAILED_PRECONDITION);
	assert_int_equal(nf_table_used(&f->nf, 0), 0);
}

static void
import_that_breaks_off_closes_the_gate(void **state)
{
	struct fixture *f = *state;

	start(f, "ImportTable", RPC_CLIENT_STREAM, NULL);
	send_rows(f, 0, 10, true, NULL);
	while (nf_table_used(&f->nf, 0) < 10)
		event_base_loop(f->base, EVLOOP_ONCE);
	assert_int_equal(gate_commanded_mode(&f->nf), SLIM_GATE_RECEIVE);
	rpc_call_cancel(f->call);
	while (f->nf.session != 0)
		event_base_loop(f->base, EVLOOP_ONCE);
	assert_int_equal(gate_commanded_mode(&f->nf), SLIM_GATE_CLOSED);
}

static void
import_gives_up_when_the_nf_goes(void **state)
{
	struct fixture *f = *state;

	start(f, "ImportTable", RPC_CLIENT_STREAM, NULL);
	send_rows(f, 0, 10, true, NULL);
	f->nf.up = false;
	finish_import(f);
	assert_int_equal(f->code, RPC_ABORTED);
	assert_string_equal(f->reason, "REASON_NF_LOST");
	assert_string_equal(f->text, "the NF is gone");
}

/* ---- metrics ---------------------------------------------------------------------------------------- */

static void
on_http(struct evhttp_request *request, void *ctx)
{
	struct fixture *f = ctx;
	int n;

	f->code = (enum rpc_code)evhttp_request_get_response_code(request);
	n = evbuffer_remove(evhttp_request_get_input_buffer(request), f->http, sizeof(f->http) - 1);
	f->http[n > 0 ? n : 0] = '\0';
	event_base_loopbreak(f->base);
}

static int
get_http(struct fixture *f, int port, const char *path)
{
	struct evhttp_connection *connection =
		evhttp_connection_base_new(f->base, NULL, "127.0.0.1", (uint16_t)port);

	evhttp_make_request(connection, evhttp_request_new(on_http, f), EVHTTP_REQ_GET, path);
	run(f);
	evhttp_connection_free(connection);
	return (int)f->code;
}

static void
metrics_are_served(void **state)
{
	struct fixture *f = *state;
	struct exporter *exporter;

	fill_slots(5);
	strcpy(f->nf.service, "n\"a\\t");
	assert_int_equal(
		exporter_create(f->base, "127.0.0.1", metrics_print, &f->daemon, &exporter),
		-EINVAL);
	assert_int_equal(
		exporter_create(f->base, "127.0.0.1:0", metrics_print, &f->daemon, &exporter), 0);
	assert_int_equal(get_http(f, exporter_port(exporter), "/metrics"), 200);
	assert_non_null(
		strstr(f->http, "\nslim_nf_alive{nf=\"nat-a\",service=\"n\\\"a\\\\t\"} 1\n"));
	assert_non_null(
		strstr(f->http, "\nslim_table_entries{nf=\"nat-a\",table=\"sessions\"} 5\n"));
	assert_non_null(strstr(f->http, "\n# TYPE slim_gate_held_total counter\n"));
	assert_non_null(strstr(f->http, "\nslim_jobs{state=\"complete\"} 0\n"));
	assert_non_null(strstr(f->http, "\nslim_peer_up{peer=\"b\"} 1\n"));
	assert_non_null(strstr(f->http, "\nslim_peer_up{peer=\"half\"} 0\n"));
	assert_non_null(strstr(f->http, "\nslim_peer_up{peer=\"dials-us\"} 1\n"));
	assert_non_null(strstr(f->http, "\nslim_log_lines_lost_total 0\n"));
	assert_non_null(strstr(f->http,
			       "\nslim_peer_failures_total{direction=\"out\",reason=\"tls\"} 3\n"));
	assert_int_equal(get_http(f, exporter_port(exporter), "/"), 404);
	exporter_destroy(exporter);
}

#define ctl_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ctl_test(nfs_are_listed_with_tables_and_counters),
		ctl_test(unknown_nf_is_not_found),
		ctl_test(log_level_is_told_and_set),
		ctl_test(peers_are_listed),
		ctl_test(refused_move_is_a_job_with_reasons),
		ctl_test(same_key_gives_the_same_job),
		ctl_test(watch_sends_at_least_every_200_ms_and_ends_with_the_job),
		ctl_test(watch_of_an_ended_job_is_one_message),
		ctl_test(watchers_that_go_leave_nothing_behind),
		ctl_test(cancel_works_once),
		ctl_test(dump_gives_every_row),
		ctl_test(dump_of_an_empty_table_is_its_header),
		ctl_test(dump_waits_while_a_session_holds),
		ctl_test(import_waits_while_a_session_holds),
		ctl_test(dump_filters),
		ctl_test(dump_comes_back_to_slots_that_are_being_written),
		ctl_test(import_fills_a_standby_nf),
		ctl_test(import_refuses_bad_rows_and_says_why),
		ctl_test(import_above_the_capacity_is_refused),
		ctl_test(import_refuses_a_message_with_too_many_rows),
		ctl_test(import_into_a_serving_nf_is_refused),
		ctl_test(import_that_breaks_off_closes_the_gate),
		ctl_test(import_gives_up_when_the_nf_goes),
		ctl_test(metrics_are_served),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
