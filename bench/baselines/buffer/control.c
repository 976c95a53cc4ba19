/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "clock.h"
#include "local_socket.h"

#define MAX_CLIENTS 8u
#define ANSWER_SIZE 512u

struct client {
	struct control *control;
	struct bufferevent *bev; /* NULL: nobody */
	bool waits;              /* for the end of a hold or a release */
};

struct control {
	struct event_base *base;
	struct buffer *buffer;
	struct evconnlistener *listener;
	char *path;
	enum command_kind under_way;
	struct client clients[MAX_CLIENTS];
};

static void take_lines(struct client *client);

/* ---- answers ------------------------------------------------------------------------------------ */

static void
answer(struct client *client, const char *text)
{
	evbuffer_add_printf(bufferevent_get_output(client->bev), "%s\n", text);
}

static const char *
text_of(int error)
{
	switch (error) {
	case -ENOTCONN:
		return "error no connection to the switch";
	case -EBUSY:
		return "error not now: see the state in status";
	case -ENODEV:
		return "error the switch has no such port";
	case -EINVAL:
		return "error the ports are not those that are held";
	default:
		return "error too much is under way";
	}
}

static void
answer_status(struct client *client)
{
	struct buffer_counts c;
	char text[ANSWER_SIZE];

	buffer_read_counts(client->control->buffer, &c);
	snprintf(text, sizeof(text),
		 "{\"state\": \"%s\", \"packets\": %" PRIu64 ", \"octets\": %" PRIu64
		 ", \"most_packets\": %" PRIu64 ", \"most_octets\": %" PRIu64
		 ", \"taken\": %" PRIu64 ", \"dropped\": %" PRIu64 ", \"played\": %" PRIu64
		 ", \"unplayable\": %" PRIu64 ", \"cut\": %" PRIu64 ", \"gave_up\": %" PRIu64 "}",
		 buffer_state(client->control->buffer), c.queue.packets, c.queue.octets,
		 c.queue.most_packets, c.queue.most_octets, c.queue.taken, c.queue.dropped,
		 c.played, c.unplayable, c.cut, c.gave_up);
	answer(client, text);
}

static void
print_done(const struct control *c, char text[ANSWER_SIZE])
{
	struct buffer_counts counts;

	buffer_read_counts(c->buffer, &counts);
	if (c->under_way == COMMAND_HOLD)
		snprintf(text, ANSWER_SIZE, "held %" PRIu64, clock_now_ns());
	else
		snprintf(text, ANSWER_SIZE,
			 "released %" PRIu64 " packets, %" PRIu64 " dropped %" PRIu64,
			 counts.played, counts.queue.dropped + counts.unplayable + counts.cut,
			 clock_now_ns());
}

static void
on_done(void *ctx, const char *error)
{
	struct control *c = ctx;
	char text[ANSWER_SIZE];

	if (error)
		snprintf(text, sizeof(text), "error %s", error);
	else
		print_done(c, text);
	for (unsigned i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &c->clients[i];

		if (!client->bev || !client->waits)
			continue;
		client->waits = false;
		answer(client, text);
		take_lines(client);
	}
}

/* ---- commands -------------------------------------------------------------------------------------- */

static void
start(struct client *client, const struct command *command)
{
	struct control *c = client->control;
	int result = command->kind == COMMAND_HOLD ? buffer_hold(c->buffer, command, on_done, c)
						   : buffer_release(c->buffer, command, on_done, c);

	if (result < 0) {
		answer(client, text_of(result));
		return;
	}
	c->under_way = command->kind;
	client->waits = true;
}

static void
obey(struct client *client, const char *line)
{
	struct command command;
	const char *wrong = command_parse(line, &command);
	char text[ANSWER_SIZE];

	if (wrong) {
		snprintf(text, sizeof(text), "error %s", wrong);
		answer(client, text);
	} else if (command.kind == COMMAND_STATUS) {
		answer_status(client);
	} else {
		start(client, &command);
	}
}

static void
hang_up(struct client *client)
{
	bufferevent_free(client->bev);
	client->bev = NULL;
	client->waits = false;
}

static void
take_lines(struct client *client)
{
	struct evbuffer *input = bufferevent_get_input(client->bev);

	while (!client->waits) {
		char *line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF);

		if (!line)
			break;
		obey(client, line);
		free(line);
	}
	if (!client->waits && evbuffer_get_length(input) >= COMMAND_LINE_SIZE)
		hang_up(client); /* a line without an end */
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	take_lines(ctx);
}

static void
on_event(struct bufferevent *bev, short events, void *ctx)
{
	(void)bev;
	if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		hang_up(ctx);
}

/* ---- clients --------------------------------------------------------------------------------------- */

static struct client *
free_client(struct control *c)
{
	for (unsigned i = 0; i < MAX_CLIENTS; i++)
		if (!c->clients[i].bev)
			return &c->clients[i];
	return NULL;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
	  void *ctx)
{
	struct control *c = ctx;
	struct client *client = free_client(c);

	(void)listener;
	(void)address;
	(void)size;
	if (client)
		client->bev = bufferevent_socket_new(c->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->bev) {
		close(fd);
		return;
	}
	client->control = c;
	bufferevent_setcb(client->bev, on_read, NULL, on_event, client);
	bufferevent_setwatermark(client->bev, EV_READ, 0, 2 * COMMAND_LINE_SIZE);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

int
control_create(struct event_base *base, const char *path, struct buffer *buffer,
	       struct control **ret)
{
	int fd = local_socket_listen(path, SOCK_STREAM, (int)MAX_CLIENTS, 0600);
	struct control *c;

	if (fd < 0)
		return fd;
	c = calloc(1, sizeof(*c));
	if (c) {
		c->base = base;
		c->buffer = buffer;
		c->path = strdup(path);
		c->listener = evconnlistener_new(base, on_accept, c, LEV_OPT_CLOSE_ON_FREE, 0, fd);
	}
	if (!c || !c->path || !c->listener) {
		if (!c || !c->listener)
			close(fd);
		control_destroy(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void
control_destroy(struct control *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < MAX_CLIENTS; i++)
		if (c->clients[i].bev)
			hang_up(&c->clients[i]);
	if (c->listener)
		evconnlistener_free(c->listener);
	if (c->path)
		unlink(c->path);
	free(c->path);
	free(c);
}
