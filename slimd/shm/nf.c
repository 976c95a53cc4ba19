/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registration of NFs. Each client is one connection; it becomes an NF with its
 * first message and stays one until its end of file. All that a client says
 * is checked before it is used; a client that makes no sense gets a reply with the
 * reason and is closed.
 */
#include "nf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "log.h"
#include "slot.h"

#define HEARTBEAT_MS 200
#define ALIVE_NS UINT64_C(1000000000)
#define MAX_PAGE_SIZE (1u << 30)

struct nf_client {
	TAILQ_ENTRY(nf_client) link;
	struct nf_registry *registry;
	struct event *event;
	int fd;
	struct nf *nf; /* NULL until registered */
};

TAILQ_HEAD(client_list, nf_client);

struct nf_registry {
	struct event_base *base;
	struct nf_registry_ops ops;
	void *ctx;
	char *path;
	int fd;
	struct event *listener;
	struct event *heartbeat;
	struct nf_list nfs;
	struct client_list clients;
	size_t n_clients;
};

static int __attribute__((format(printf, 2, 3)))
refuse(struct schema_reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
	return -EINVAL;
}

/* ---- checks --------------------------------------------------------------------- */

int
nf_check_hello(const void *bytes, size_t size, uint32_t n_fds, struct schema_reason *reason)
{
	struct slim_reg_hello hello;

	if (size != sizeof(hello))
		return refuse(reason, "registration has %zu bytes, not %zu", size, sizeof(hello));
	memcpy(&hello, bytes, sizeof(hello));
	if (hello.magic != SLIM_REG_MAGIC)
		return refuse(reason, "not a registration");
	if (hello.version != SLIM_SHM_VERSION)
		return refuse(reason, "shared-memory version %u, this daemon speaks %u",
			      hello.version, SLIM_SHM_VERSION);
	if (hello.n_zones <= SLIM_ZONE_SLAB || hello.n_zones > SLIM_MAX_ZONES)
		return refuse(reason, "%u zones", hello.n_zones);
	if (hello.n_ranges < hello.n_zones || hello.n_ranges > SLIM_MAX_RANGES)
		return refuse(reason, "%u ranges", hello.n_ranges);
	if (hello.n_fds != n_fds || n_fds == 0)
		return refuse(reason, "%u descriptors announced, %u passed", hello.n_fds, n_fds);
	if (hello.page_size < 4096 || hello.page_size > MAX_PAGE_SIZE ||
	    (hello.page_size & (hello.page_size - 1)) != 0)
		return refuse(reason, "page size %u", hello.page_size);
	for (uint32_t i = 0; i < hello.n_ranges; i++)
		if (hello.ranges[i].fd >= n_fds || hello.ranges[i].zone >= hello.n_zones)
			return refuse(reason, "range %u names what is not there", i);
	return 0;
}

static int
copy_name(char *to, const char *from, const char *what, struct schema_reason *reason)
{
	if (!schema_name_valid(from))
		return refuse(reason, "no proper %s", what);
	memcpy(to, from, SLIM_NAME_SIZE);
	return 0;
}

/* Does a piece of n * size bytes at `offset` lie within `room`? */
static bool
fits(uint64_t offset, uint64_t n, uint64_t size, uint64_t room)
{
	return offset <= room && (size == 0 || n <= (room - offset) / size);
}

static int
check_table(struct nf *nf, uint32_t t, const struct slim_shm_table *shm,
	    struct schema_reason *reason)
{
	const struct zone *control = &nf->zones[SLIM_ZONE_CONTROL];
	struct nf_table *table = &nf->tables[t];
	const struct zone *slab;
	int rc;

	rc = schema_from_shm(shm, &table->schema, reason);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < t; i++)
		if (strcmp(nf->tables[i].schema.name, table->schema.name) == 0)
			return refuse(reason, "two tables are called %s", table->schema.name);
	if (shm->zone < SLIM_ZONE_SLAB || shm->zone >= nf->n_zones)
		return refuse(reason, "table %s: no zone %u", table->schema.name, shm->zone);
	slab = &nf->zones[shm->zone];
	if (shm->slab_offset % 8 != 0 ||
	    !fits(shm->slab_offset, shm->capacity, shm->slot_size, slab->size))
		return refuse(reason, "table %s: the slots are outside their zone",
			      table->schema.name);
	if (!fits(shm->dirty_offset, shm->capacity, 1, control->size))
		return refuse(reason, "table %s: the dirty flags are outside their zone",
			      table->schema.name);
	if (shm->ring_size < shm->capacity || (shm->ring_size & (shm->ring_size - 1)) != 0 ||
	    shm->ring_stride <
		    sizeof(struct slim_shm_ring) + (uint64_t)shm->ring_size * sizeof(uint32_t) ||
	    shm->ring_offset % SLIM_CACHE_LINE != 0 || shm->ring_stride % SLIM_CACHE_LINE != 0 ||
	    !fits(shm->ring_offset, nf->n_workers, shm->ring_stride, control->size))
		return refuse(reason, "table %s: the dirty rings make no sense",
			      table->schema.name);
	table->slab = slab->base + shm->slab_offset;
	table->slot_size = shm->slot_size;
	table->dirty = (_Atomic uint8_t *)(control->base + shm->dirty_offset);
	table->rings = control->base + shm->ring_offset;
	table->ring_stride = shm->ring_stride;
	table->ring_size = shm->ring_size;
	return 0;
}

static int
check_ports(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason)
{
	for (uint32_t p = 0; p < nf->n_ports; p++) {
		int rc = copy_name(nf->ports[p].name, info->ports[p].name, "port name", reason);

		if (rc < 0)
			return rc;
		for (uint32_t i = 0; i < p; i++)
			if (strcmp(nf->ports[i].name, nf->ports[p].name) == 0)
				return refuse(reason, "two ports are called %s", nf->ports[p].name);
		memcpy(nf->ports[p].mac, info->ports[p].mac, sizeof(nf->ports[p].mac));
		nf->ports[p].n_rx_queues = info->ports[p].n_rx_queues;
	}
	return 0;
}

static int
check_counts(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason)
{
	const struct zone *control = &nf->zones[SLIM_ZONE_CONTROL];

	if (info->n_workers == 0 || info->n_workers > SLIM_MAX_WORKERS)
		return refuse(reason, "%u workers", info->n_workers);
	if (info->n_tables > SLIM_MAX_TABLES)
		return refuse(reason, "%u tables", info->n_tables);
	if (info->n_ports > SLIM_MAX_PORTS)
		return refuse(reason, "%u ports", info->n_ports);
	if (info->instance == 0)
		return refuse(reason, "no instance number");
	if (control->size < sizeof(struct slim_shm_control) ||
	    info->install_offset < sizeof(struct slim_shm_control) ||
	    info->install_offset % SLIM_CACHE_LINE != 0 ||
	    !fits(info->install_offset, info->n_workers, sizeof(struct slim_shm_install),
		  control->size))
		return refuse(reason, "the install rings are outside their zone");
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		if (info->bucket_worker[b] >= info->n_workers)
			return refuse(reason, "bucket %u belongs to no worker", b);
	nf->n_workers = info->n_workers;
	nf->n_tables = info->n_tables;
	nf->n_ports = info->n_ports;
	nf->pid = info->pid;
	nf->instance = info->instance;
	nf->hold_capacity = info->hold_capacity;
	nf->active_at_start = info->active_at_start != 0;
	memcpy(nf->bucket_worker, info->bucket_worker, sizeof(nf->bucket_worker));
	nf->control = (struct slim_shm_control *)(void *)control->base;
	nf->installs = (struct slim_shm_install *)(void *)(control->base + info->install_offset);
	return 0;
}

static int
check_names(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason)
{
	int rc = copy_name(nf->name, info->name, "instance name", reason);

	if (rc == 0)
		rc = copy_name(nf->service, info->service, "service name", reason);
	if (rc == 0)
		rc = copy_name(nf->kind, info->kind, "kind", reason);
	if (rc == 0)
		rc = copy_name(nf->nf_version, info->nf_version, "version", reason);
	if (rc < 0)
		return rc;
	if (memchr(info->identity, 0, sizeof(info->identity)) == NULL)
		return refuse(reason, "the identity text has no end");
	memcpy(nf->identity, info->identity, sizeof(nf->identity));
	return 0;
}

int
nf_check_info(struct nf *nf, const struct slim_shm_info *info, struct schema_reason *reason)
{
	int rc;

	if (info->magic != SLIM_SHM_MAGIC || info->version != SLIM_SHM_VERSION ||
	    info->size != sizeof(*info))
		return refuse(reason, "the info zone is of another version");
	rc = check_names(nf, info, reason);
	if (rc == 0)
		rc = check_counts(nf, info, reason);
	if (rc == 0)
		rc = check_ports(nf, info, reason);
	for (uint32_t t = 0; rc == 0 && t < nf->n_tables; t++)
		rc = check_table(nf, t, &info->tables[t], reason);
	return rc;
}

/* ---- the object ------------------------------------------------------------------- */

static void
nf_destroy(struct nf *nf)
{
	if (nf == NULL)
		return;
	for (uint32_t z = 0; z < SLIM_MAX_ZONES; z++)
		zone_unmap(&nf->zones[z]);
	free(nf);
}

static int
map_zones(struct nf *nf, const struct slim_reg_hello *hello, const int *fds,
	  struct schema_reason *reason)
{
	int rc;

	for (uint32_t z = 0; z < hello->n_zones; z++) {
		rc = zone_map(&nf->zones[z], hello, z, fds, z == SLIM_ZONE_CONTROL);
		if (rc < 0) {
			refuse(reason, "zone %u cannot be mapped: %s", z, strerror(-rc));
			return rc;
		}
	}
	nf->n_zones = hello->n_zones;
	if (nf->zones[SLIM_ZONE_INFO].size < sizeof(struct slim_shm_info))
		return refuse(reason, "the info zone is too small");
	nf->info = (const struct slim_shm_info *)(const void *)nf->zones[SLIM_ZONE_INFO].base;
	return 0;
}

static int
nf_create(const struct slim_reg_hello *hello, const int *fds, struct nf **ret_nf,
	  struct schema_reason *reason)
{
	struct slim_shm_info *copy = NULL;
	struct nf *nf = calloc(1, sizeof(*nf));
	int rc = -ENOMEM;

	refuse(reason, "out of memory");
	if (nf == NULL)
		return rc;
	rc = map_zones(nf, hello, fds, reason);
	if (rc < 0)
		goto fail;
	copy = aligned_alloc(_Alignof(struct slim_shm_info), sizeof(*copy));
	if (copy == NULL) {
		rc = -ENOMEM;
		goto fail;
	}
	memcpy(copy, nf->info, sizeof(*copy));
	rc = nf_check_info(nf, copy, reason);
	if (rc == 0 && nf_is_broken(nf))
		rc = refuse(reason, "the memory has shrunk");
	if (rc < 0)
		goto fail;
	free(copy);
	*ret_nf = nf;
	return 0;
fail:
	free(copy);
	nf_destroy(nf);
	return rc;
}

void
nf_hold(struct nf *nf)
{
	nf->holds++;
}

void
nf_release(struct nf *nf)
{
	if (--nf->holds == 0 && !nf->up)
		nf_destroy(nf);
}

bool
nf_is_broken(const struct nf *nf)
{
	for (uint32_t z = 0; z < nf->n_zones; z++)
		if (zone_is_broken(&nf->zones[z]))
			return true;
	return false;
}

bool
nf_is_alive(const struct nf *nf, uint64_t now_ns)
{
	for (uint32_t w = 0; w < nf->n_workers; w++) {
		uint64_t beat = atomic_load_explicit(&nf->info->workers[w].heartbeat_ns,
						     memory_order_relaxed);

		if (beat + ALIVE_NS < now_ns)
			return false;
	}
	return nf->up;
}

const char *
nf_mode_name(const struct nf *nf)
{
	static const char *const names[] = {
		[SLIM_GATE_PASS] = "pass",       [SLIM_GATE_CLOSED] = "closed",
		[SLIM_GATE_HOLD] = "hold",       [SLIM_GATE_REDIRECT] = "redirect",
		[SLIM_GATE_RECEIVE] = "receive", [SLIM_GATE_SERVE] = "serve",
	};
	uint32_t mode = atomic_load_explicit(&nf->info->workers[0].mode, memory_order_relaxed);

	return mode >= SLIM_GATE_PASS && mode <= SLIM_GATE_SERVE ? names[mode] : "unknown";
}

uint32_t
nf_table_used(const struct nf *nf, uint32_t table)
{
	uint32_t used = 0;

	for (uint32_t w = 0; w < nf->n_workers; w++)
		used += atomic_load_explicit(&nf->info->workers[w].used[table],
					     memory_order_relaxed);
	return used;
}

int
nf_find_table(const struct nf *nf, const char *name)
{
	if (name[0] == '\0')
		return nf->n_tables == 1 ? 0 : -1;
	for (uint32_t t = 0; t < nf->n_tables; t++)
		if (strcmp(nf->tables[t].schema.name, name) == 0)
			return (int)t;
	return -1;
}

uint64_t
nf_counter(const struct nf *nf, size_t index)
{
	uint64_t sum = 0;

	for (uint32_t w = 0; w < nf->n_workers; w++) {
		const _Atomic uint64_t *counters =
			(const _Atomic uint64_t *)&nf->info->workers[w].counters;

		sum += atomic_load_explicit(&counters[index], memory_order_relaxed);
	}
	return sum;
}

const char *
nf_counter_name(size_t index)
{
	static const char *const names[] = {
#define X(name, text) #name,
		SLIM_GATE_COUNTERS(X)
#undef X
	};
	return index < NF_N_COUNTERS ? names[index] : "?";
}

int
nf_read_slot(const struct nf *nf, uint32_t table, uint32_t slot, uint8_t *ret_payload,
	     uint8_t *ret_bucket)
{
	const struct nf_table *t = &nf->tables[table];
	struct slot_state state;

	if (!slot_read(t->slab + (size_t)slot * t->slot_size, t->schema.payload_size, ret_payload,
		       &state))
		return -EAGAIN;
	*ret_bucket = state.bucket;
	return state.used ? 1 : 0;
}

/* ---- clients ------------------------------------------------------------------------ */

static void
client_destroy(struct nf_client *client)
{
	struct nf_registry *registry = client->registry;
	struct nf *nf = client->nf;

	TAILQ_REMOVE(&registry->clients, client, link);
	registry->n_clients--;
	if (client->event != NULL)
		event_free(client->event);
	close(client->fd);
	free(client);
	if (nf == NULL)
		return;
	TAILQ_REMOVE(&registry->nfs, nf, link);
	nf->up = false;
	nf->client = NULL;
	log_info("nf gone name=%s pid=%u", nf->name, nf->pid);
	nf->holds++;
	if (registry->ops.on_down != NULL)
		registry->ops.on_down(registry->ctx, nf);
	nf_release(nf);
}

static void
client_reply(struct nf_client *client, int error, const char *text)
{
	struct slim_reg_reply reply = {.magic = SLIM_REG_MAGIC, .error = error};

	snprintf(reply.text, sizeof(reply.text), "%s", text);
	/* A client that does not take the answer is closed by its end of file. */
	if (send(client->fd, &reply, sizeof(reply), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("nf registration: no answer sent: %s", strerror(errno));
}

static int
client_register(struct nf_client *client, const struct slim_reg_hello *hello, const int *fds,
		struct schema_reason *reason)
{
	struct nf_registry *registry = client->registry;
	struct nf *nf;
	int rc;

	rc = nf_create(hello, fds, &nf, reason);
	if (rc < 0)
		return rc;
	if (nf_find(registry, nf->name) != NULL) {
		refuse(reason, "an NF called %s is registered already", nf->name);
		nf_destroy(nf);
		return -EEXIST;
	}
	nf->up = true;
	nf->client = client;
	client->nf = nf;
	TAILQ_INSERT_TAIL(&registry->nfs, nf, link);
	return 0;
}

static void
beat(const struct nf *nf)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	atomic_store_explicit(&nf->control->command.slimd_heartbeat_ns,
			      (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
			      memory_order_relaxed);
}

/* One message with its descriptors. Returns its size; 0 at the end of file. */
static ssize_t
receive(int fd, void *bytes, size_t size, int *fds, uint32_t *ret_n_fds)
{
	char control[CMSG_SPACE(sizeof(int) * SLIM_MAX_RANGES)];
	struct iovec iov = {.iov_base = bytes, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*ret_n_fds = 0;
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		size_t bytes_of_fds = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds + *ret_n_fds, CMSG_DATA(c), bytes_of_fds);
		*ret_n_fds += (uint32_t)(bytes_of_fds / sizeof(int));
	}
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return -EMSGSIZE;
	return n;
}

static void
client_hello(struct nf_client *client, const struct slim_reg_hello *hello, ssize_t size,
	     const int *fds, uint32_t n_fds)
{
	struct nf_registry *registry = client->registry;
	struct schema_reason reason = {.text = "the message is too long"};
	int rc = size < 0 ? (int)size : 0;

	if (rc == 0)
		rc = nf_check_hello(hello, (size_t)size, n_fds, &reason);
	if (rc == 0)
		rc = client_register(client, hello, fds, &reason);
	if (rc < 0) {
		log_warn("nf refused reason=\"%s\"", reason.text);
		client_reply(client, rc, reason.text);
		client_destroy(client);
		return;
	}
	beat(client->nf);
	log_info("nf registered name=%s service=%s pid=%u workers=%u tables=%u", client->nf->name,
		 client->nf->service, client->nf->pid, client->nf->n_workers, client->nf->n_tables);
	client_reply(client, 0, "");
	if (registry->ops.on_up != NULL)
		registry->ops.on_up(registry->ctx, client->nf);
}

static void
on_client(evutil_socket_t fd, short what, void *ctx)
{
	struct nf_client *client = ctx;
	struct slim_reg_hello hello;
	int fds[SLIM_MAX_RANGES];
	uint32_t n_fds;
	ssize_t n = receive(fd, &hello, sizeof(hello), fds, &n_fds);

	(void)what;
	if (n == -EAGAIN || n == -EINTR)
		return;
	/* After its registration a client has nothing more to say. */
	if (client->nf != NULL || n == 0 || (n < 0 && n != -EMSGSIZE))
		client_destroy(client);
	else
		client_hello(client, &hello, n, fds, n_fds);
	for (uint32_t i = 0; i < n_fds; i++)
		close(fds[i]);
}

static void
on_accept(evutil_socket_t fd, short what, void *ctx)
{
	struct nf_registry *registry = ctx;
	struct nf_client *client;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (peer < 0)
		return;
	client = registry->n_clients < SLIM_MAX_NFS ? calloc(1, sizeof(*client)) : NULL;
	if (client == NULL) {
		log_warn("nf refused reason=\"%u NFs are connected\"", SLIM_MAX_NFS);
		close(peer);
		return;
	}
	client->registry = registry;
	client->fd = peer;
	TAILQ_INSERT_TAIL(&registry->clients, client, link);
	registry->n_clients++;
	client->event = event_new(registry->base, peer, EV_READ | EV_PERSIST, on_client, client);
	if (client->event == NULL || event_add(client->event, NULL) < 0)
		client_destroy(client);
}

static void
on_heartbeat(evutil_socket_t fd, short what, void *ctx)
{
	struct nf_registry *registry = ctx;
	struct nf *nf, *next;

	(void)fd;
	(void)what;
	for (nf = TAILQ_FIRST(&registry->nfs); nf != NULL; nf = next) {
		next = TAILQ_NEXT(nf, link);
		beat(nf);
		if (nf_is_broken(nf)) {
			log_warn("nf memory has shrunk name=%s", nf->name);
			client_destroy(nf->client);
		}
	}
}

/* ---- registry ------------------------------------------------------------------------- */

/* Removes a socket file that nobody listens on. */
static int
clear_path(const char *path, const struct sockaddr_un *address)
{
	struct stat st;
	int fd, rc;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	if (rc == 0)
		return -EADDRINUSE;
	return unlink(path) == 0 ? 0 : -errno;
}

static int
listen_on(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	rc = clear_path(path, &address);
	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0117); /* 0660 from the first moment on */
	rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (rc < 0 || listen(fd, 16) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int
nf_registry_create(struct event_base *base, const char *socket_path,
		   const struct nf_registry_ops *ops, void *ctx, struct nf_registry **ret_registry)
{
	static const struct timeval period = {.tv_usec = HEARTBEAT_MS * 1000};
	struct nf_registry *registry = calloc(1, sizeof(*registry));
	int rc = -ENOMEM;

	if (registry == NULL)
		return rc;
	registry->fd = -1;
	TAILQ_INIT(&registry->nfs);
	TAILQ_INIT(&registry->clients);
	registry->base = base;
	registry->ops = *ops;
	registry->ctx = ctx;
	rc = zone_install_handler();
	if (rc < 0)
		goto fail;
	registry->fd = rc = listen_on(socket_path);
	if (rc < 0)
		goto fail;
	rc = -ENOMEM;
	registry->path = strdup(socket_path);
	registry->listener =
		event_new(base, registry->fd, EV_READ | EV_PERSIST, on_accept, registry);
	registry->heartbeat = event_new(base, -1, EV_PERSIST, on_heartbeat, registry);
	if (registry->path == NULL || registry->listener == NULL || registry->heartbeat == NULL ||
	    event_add(registry->listener, NULL) < 0 || event_add(registry->heartbeat, &period) < 0)
		goto fail;
	*ret_registry = registry;
	return 0;
fail:
	nf_registry_destroy(registry);
	return rc;
}

void
nf_registry_destroy(struct nf_registry *registry)
{
	if (registry == NULL)
		return;
	memset(&registry->ops, 0, sizeof(registry->ops));
	while (!TAILQ_EMPTY(&registry->clients))
		client_destroy(TAILQ_FIRST(&registry->clients));
	if (registry->listener != NULL)
		event_free(registry->listener);
	if (registry->heartbeat != NULL)
		event_free(registry->heartbeat);
	if (registry->fd >= 0)
		close(registry->fd);
	if (registry->path != NULL)
		unlink(registry->path);
	free(registry->path);
	free(registry);
}

const struct nf_list *
nf_registry_list(const struct nf_registry *registry)
{
	return &registry->nfs;
}

struct nf *
nf_find(const struct nf_registry *registry, const char *name)
{
	struct nf *nf;

	TAILQ_FOREACH(nf, &registry->nfs, link)
		if (strcmp(nf->name, name) == 0)
			return nf;
	return NULL;
}
