/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "local_socket.h"

#define ROUNDS 2
#define MAX_ANSWER 4096u
#define REQUEST "{\"id\":0,\"method\":\"revalidator/wait\",\"params\":[]}"

struct control {
	struct bufferevent *bev;
	struct event *timer; /* first to begin, then the time limit */
	struct timeval timeout;
	bool begun;
	unsigned rounds;
	control_done_fn *done;
	void *ctx;
	char pattern[256];
};

static void
finish(struct control *c, const char *error)
{
	control_done_fn *done = c->done;
	void *ctx = c->ctx;

	control_cancel(c);
	done(ctx, error);
}

/* A killed switch leaves its socket's file: try all that fit. */
static int
connect_to_any(const char *pattern)
{
	glob_t found;
	int fd = -ENOENT;

	if (glob(pattern, 0, NULL, &found) != 0)
		return -ENOENT;
	for (size_t i = 0; i < found.gl_pathc && fd < 0; i++)
		fd = local_socket_connect(found.gl_pathv[i], SOCK_STREAM);
	globfree(&found);
	return fd;
}

/* Bytes of the JSON object at the begin of the text, 0: not all there yet. */
static size_t
object_size(const char *text, size_t size)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < size; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && text[i] == '{')
			depth++;
		else if (!quoted && text[i] == '}' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* {"error":null,...}: Open vSwitch prints JSON without spaces. */
static bool
is_success(const char *text, size_t size)
{
	return memmem(text, size, "\"error\":null", 12) != NULL;
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct control *c = ctx;
	struct evbuffer *input = bufferevent_get_input(bev);
	char text[MAX_ANSWER];
	ssize_t size = evbuffer_copyout(input, text, sizeof(text));
	size_t object = size < 0 ? 0 : object_size(text, (size_t)size);

	if (object == 0) {
		if (size < 0 || (size_t)size == sizeof(text))
			finish(c, "the answer of the control socket makes no sense");
		return;
	}
	evbuffer_drain(input, object);
	if (!is_success(text, object)) {
		finish(c, "the switch refused revalidator/wait");
		return;
	}
	if (++c->rounds == ROUNDS)
		finish(c, NULL);
	else
		bufferevent_write(bev, REQUEST, strlen(REQUEST));
}

static void
on_event(struct bufferevent *bev, short events, void *ctx)
{
	(void)bev;
	if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		finish(ctx, "the control socket was closed");
}

static void
begin(struct control *c, struct event_base *base)
{
	int fd = connect_to_any(c->pattern);

	if (fd < 0) {
		finish(c, "no control socket answers");
		return;
	}
	c->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev) {
		close(fd);
		finish(c, "out of memory");
		return;
	}
	bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	bufferevent_write(c->bev, REQUEST, strlen(REQUEST));
	event_add(c->timer, &c->timeout);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct control *c = ctx;

	(void)fd;
	(void)what;
	if (c->begun) {
		finish(c, "revalidator/wait took too long");
		return;
	}
	c->begun = true;
	begin(c, event_get_base(c->timer));
}

int
control_start(struct event_base *base, const char *pattern, uint64_t timeout_ns,
	      control_done_fn *done, void *ctx, struct control **ret)
{
	static const struct timeval at_once;
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->timer = evtimer_new(base, on_timer, c);
	if (!c->timer) {
		free(c);
		return -ENOMEM;
	}
	c->done = done;
	c->ctx = ctx;
	c->timeout = (struct timeval){.tv_sec = (time_t)(timeout_ns / 1000000000),
				      .tv_usec = (suseconds_t)(timeout_ns % 1000000000 / 1000)};
	snprintf(c->pattern, sizeof(c->pattern), "%s", pattern);
	event_add(c->timer, &at_once);
	*ret = c;
	return 0;
}

void
control_cancel(struct control *c)
{
	if (!c)
		return;
	if (c->bev)
		bufferevent_free(c->bev);
	event_free(c->timer);
	free(c);
}
