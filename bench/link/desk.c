/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "local_socket.h"
#include "order.h"
#include "wire.h"

#define MAX_LINE 256u
#define BACKLOG 8

struct client {
	TAILQ_ENTRY(client) entry;
	struct desk *desk;
	struct bufferevent *stream;
};

struct desk {
	struct event_base *base;
	struct wire *wire;
	int fd;
	char *path;
	struct event *event;
	TAILQ_HEAD(client_list, client) clients;
};

/* ---- answers ------------------------------------------------------------------- */

static void
print_line(struct evbuffer *out, const char *name, const struct line_stats *s)
{
	evbuffer_add_printf(out,
			    ", \"%s\": {\"octets\": %" PRIu64 ", \"waiting\": %" PRIu64
			    ", \"most_waited\": %" PRIu64 ", \"on_way\": %" PRIu64 "}",
			    name, s->octets, s->waiting, s->most_waited, s->on_way);
}

static void
print_stats(struct evbuffer *out, const struct wire *w)
{
	const struct shape *shape = wire_shape(w);
	struct line_stats forth = wire_stats(w, 0), back = wire_stats(w, 1);

	evbuffer_add_printf(out,
			    "{\"rate\": %" PRIu64 ", \"delay_ms\": %g, \"queue_octets\": %" PRIu64
			    ", \"cut\": %s, \"connections\": %u, \"listen\": \"%s\", "
			    "\"back_listen\": \"%s\"",
			    shape->rate, (double)shape->delay_ns / 1e6, wire_queue_octets(w),
			    wire_is_cut(w) ? "true" : "false", wire_connections(w),
			    wire_listens_at(w, 0), wire_listens_at(w, 1));
	print_line(out, "forth", &forth);
	print_line(out, "back", &back);
	evbuffer_add_printf(out, "}\n");
}

static void
answer(struct desk *d, char *line, struct evbuffer *out)
{
	struct shape shape = *wire_shape(d->wire);
	enum order order;
	char text[MAX_LINE];
	const char *why = order_parse(line, &order, &shape, text, sizeof(text));

	if (why != NULL) {
		evbuffer_add_printf(out, "error %s\n", why);
		return;
	}
	switch (order) {
	case ORDER_SET:
		wire_set(d->wire, &shape);
		break;
	case ORDER_CUT:
		wire_cut(d->wire);
		break;
	case ORDER_MEND:
		wire_mend(d->wire);
		break;
	case ORDER_STATS:
		print_stats(out, d->wire);
		return;
	}
	evbuffer_add_printf(out, "ok\n");
}

/* ---- clients ------------------------------------------------------------------- */

static void
drop(struct client *client)
{
	TAILQ_REMOVE(&client->desk->clients, client, entry);
	bufferevent_free(client->stream);
	free(client);
}

static void
on_line(struct bufferevent *stream, void *arg)
{
	struct client *client = arg;
	struct evbuffer *in = bufferevent_get_input(stream);
	char *line;

	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF)) != NULL) {
		answer(client->desk, line, bufferevent_get_output(stream));
		free(line);
	}
	if (evbuffer_get_length(in) > MAX_LINE)
		drop(client); /* no command is that long */
}

static void
on_end(struct bufferevent *stream, short what, void *client)
{
	(void)stream;
	(void)what;
	drop(client);
}

static void
on_client(evutil_socket_t listener, short what, void *arg)
{
	struct desk *d = arg;
	struct client *client;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (fd < 0)
		return;
	client = calloc(1, sizeof(*client));
	if (client != NULL)
		client->stream = bufferevent_socket_new(d->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (client == NULL || client->stream == NULL) {
		free(client);
		close(fd);
		return;
	}
	client->desk = d;
	TAILQ_INSERT_TAIL(&d->clients, client, entry);
	bufferevent_setcb(client->stream, on_line, NULL, on_end, client);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

/* ---- the desk ------------------------------------------------------------------ */

int
desk_open(struct event_base *base, const char *path, struct wire *wire, struct desk **ret_desk)
{
	struct desk *d = calloc(1, sizeof(*d));
	int error;

	if (d == NULL)
		return -ENOMEM;
	TAILQ_INIT(&d->clients);
	d->base = base;
	d->wire = wire;
	d->path = strdup(path);
	d->fd = local_socket_listen(path, SOCK_STREAM, BACKLOG, 0600);
	if (d->fd >= 0)
		d->event = event_new(base, d->fd, EV_READ | EV_PERSIST, on_client, d);
	if (d->path != NULL && d->event != NULL && event_add(d->event, NULL) == 0) {
		*ret_desk = d;
		return 0;
	}
	error = d->fd < 0 ? d->fd : -ENOMEM;
	desk_close(d);
	return error;
}

void
desk_close(struct desk *d)
{
	if (d == NULL)
		return;
	while (!TAILQ_EMPTY(&d->clients))
		drop(TAILQ_FIRST(&d->clients));
	if (d->event != NULL)
		event_free(d->event);
	if (d->fd >= 0) {
		close(d->fd);
		if (d->path != NULL)
			unlink(d->path);
	}
	free(d->path);
	free(d);
}
