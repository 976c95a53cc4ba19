/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registration of NFs. Each client is one connection; it becomes an NF with its
 * first message and stays one until its end of file. All that a client says
 * is checked before it is used; a client that makes no sense gets a reply with the
 * reason and is closed.
 */
#include "nf_registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "clock.h"
#include "local_socket.h"
#include "log.h"

#define HEARTBEAT_MS 200

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
	size_t n_nfs;
	struct client_list clients;
	size_t n_clients;
};

/* ---- NFs that come and go ----------------------------------------------------------- */

static void
beat(const struct nf *nf, uint64_t time_ns)
{
	atomic_store_explicit(&nf->control->gate.slimd_heartbeat_ns, time_ns, memory_order_relaxed);
}

static bool
instance_is_there(const struct nf_registry *registry, uint64_t instance)
{
	const struct nf *nf;

	TAILQ_FOREACH(nf, &registry->nfs, link)
		if (nf->instance == instance)
			return true;
	return false;
}

static int
list_nf(struct nf_registry *registry, struct nf *nf, struct schema_reason *reason)
{
	if (nf_find(registry, nf->name) != NULL) {
		snprintf(reason->text, sizeof(reason->text),
			 "an NF called %s is registered already", nf->name);
		return -EEXIST;
	}
	if (instance_is_there(registry, nf->instance)) {
		snprintf(reason->text, sizeof(reason->text),
			 "this instance is registered already, by another name");
		return -EEXIST;
	}
	if (registry->n_nfs == SLIM_MAX_NFS) {
		snprintf(reason->text, sizeof(reason->text), "%u NFs are registered", SLIM_MAX_NFS);
		return -ENOSPC;
	}
	nf->up = true;
	TAILQ_INSERT_TAIL(&registry->nfs, nf, link);
	registry->n_nfs++;
	return 0;
}

static void
announce(struct nf_registry *registry, struct nf *nf)
{
	log_info("nf registered name=%s service=%s pid=%u workers=%u tables=%u", nf->name,
		 nf->service, nf->pid, nf->n_workers, nf->n_tables);
	if (registry->ops.on_up != NULL)
		registry->ops.on_up(registry->ctx, nf);
}

int
nf_registry_add(struct nf_registry *registry, struct nf *nf, uint64_t time_ns,
		struct schema_reason *reason)
{
	int rc = list_nf(registry, nf, reason);

	if (rc < 0)
		return rc;
	beat(nf, time_ns);
	announce(registry, nf);
	return 0;
}

void
nf_registry_remove(struct nf_registry *registry, struct nf *nf)
{
	TAILQ_REMOVE(&registry->nfs, nf, link);
	registry->n_nfs--;
	nf->up = false;
	nf->client = NULL;
	log_info("nf gone name=%s pid=%u", nf->name, nf->pid);
	nf_hold(nf);
	if (registry->ops.on_down != NULL)
		registry->ops.on_down(registry->ctx, nf);
	nf_release(nf);
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
	if (nf != NULL)
		nf_registry_remove(registry, nf);
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
	struct nf *nf;
	int rc;

	rc = nf_create(hello, fds, &nf, reason);
	if (rc < 0)
		return rc;
	rc = list_nf(client->registry, nf, reason);
	if (rc < 0) {
		nf_discard(nf);
		return rc;
	}
	nf->client = client;
	client->nf = nf;
	beat(nf, clock_now_ns());
	return 0;
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
	client_reply(client, 0, "");
	announce(registry, client->nf);
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

void
nf_registry_beat(struct nf_registry *registry, uint64_t time_ns)
{
	struct nf *nf, *next;

	for (nf = TAILQ_FIRST(&registry->nfs); nf != NULL; nf = next) {
		next = TAILQ_NEXT(nf, link);
		beat(nf, time_ns);
		if (!nf_is_over(nf))
			continue;
		log_warn("nf %s name=%s", nf_is_broken(nf) ? "memory has shrunk" : "is over",
			 nf->name);
		if (nf->client != NULL)
			client_destroy(nf->client);
		else
			nf_registry_remove(registry, nf);
	}
}

static void
on_heartbeat(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	nf_registry_beat(ctx, clock_now_ns());
}

/* ---- registry ------------------------------------------------------------------------- */

static int
start_listening(struct nf_registry *registry, const char *socket_path)
{
	static const struct timeval period = {.tv_usec = HEARTBEAT_MS * 1000};
	int rc = zone_install_handler();

	if (rc < 0)
		return rc;
	registry->fd = rc = local_socket_listen(socket_path, SOCK_SEQPACKET, 16, 0660);
	if (rc < 0)
		return rc;
	registry->path = strdup(socket_path);
	registry->listener =
		event_new(registry->base, registry->fd, EV_READ | EV_PERSIST, on_accept, registry);
	registry->heartbeat = event_new(registry->base, -1, EV_PERSIST, on_heartbeat, registry);
	if (registry->path == NULL || registry->listener == NULL || registry->heartbeat == NULL ||
	    event_add(registry->listener, NULL) < 0 || event_add(registry->heartbeat, &period) < 0)
		return -ENOMEM;
	return 0;
}

int
nf_registry_create(struct event_base *base, const char *socket_path,
		   const struct nf_registry_ops *ops, void *ctx, struct nf_registry **ret_registry)
{
	struct nf_registry *registry = calloc(1, sizeof(*registry));
	int rc = 0;

	if (registry == NULL)
		return -ENOMEM;
	registry->fd = -1;
	TAILQ_INIT(&registry->nfs);
	TAILQ_INIT(&registry->clients);
	registry->base = base;
	registry->ops = *ops;
	registry->ctx = ctx;
	if (socket_path != NULL)
		rc = start_listening(registry, socket_path);
	if (rc < 0) {
		nf_registry_destroy(registry);
		return rc;
	}
	*ret_registry = registry;
	return 0;
}

void
nf_registry_destroy(struct nf_registry *registry)
{
	if (registry == NULL)
		return;
	memset(&registry->ops, 0, sizeof(registry->ops));
	while (!TAILQ_EMPTY(&registry->clients))
		client_destroy(TAILQ_FIRST(&registry->clients));
	while (!TAILQ_EMPTY(&registry->nfs))
		nf_registry_remove(registry, TAILQ_FIRST(&registry->nfs));
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
