/* SPDX-License-Identifier: Apache-2.0 */
#include "unixctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "local_socket.h"

struct unixctl {
	struct bufferevent *bev;
	unixctl_sent_fn *sent;     /* NULL: it was, or nobody wants to know */
	unixctl_answer_fn *answer; /* NULL: nothing is asked */
	void *ctx;
};

/* ---- JSON, as much as the answers need ------------------------------------------ */

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

/* The string that starts behind its opening quote, decoded in place; ends at the closing one. Of
 * escapes only those of plain text are needed; another one stands for itself. */
static char *
decode_string(char *text)
{
	char *out = text;

	for (char *in = text; *in != '\0' && *in != '"'; in++) {
		if (*in == '\\' && in[1] != '\0') {
			in++;
			*out++ = *in == 'n' ? '\n' : *in == 't' ? '\t' : *in;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
	return text;
}

/* The string of a member, decoded; NULL: there is none, or it is no string. Open vSwitch prints JSON
 * without spaces, and its answers are one level deep. */
static char *
find_string(char *object, const char *name)
{
	char key[32];
	char *found;

	snprintf(key, sizeof(key), "\"%s\":\"", name);
	found = strstr(object, key);
	return found ? decode_string(found + strlen(key)) : NULL;
}

/* ---- connection --------------------------------------------------------------------- */

static void
end_call(struct unixctl *u, enum unixctl_outcome outcome, const char *text)
{
	unixctl_answer_fn *answer = u->answer;
	void *ctx = u->ctx;

	u->answer = NULL;
	if (answer)
		answer(ctx, outcome, text);
}

static void
take_object(struct unixctl *u, char *object)
{
	bool done = strstr(object, "\"error\":null") != NULL;
	char *text = find_string(object, done ? "result" : "error");

	if (done)
		end_call(u, UNIXCTL_DONE, text ? text : "");
	else
		end_call(u, UNIXCTL_REFUSED, text ? text : "no reason is told");
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	size_t size = evbuffer_get_length(input);
	const char *text = (const char *)evbuffer_pullup(input, -1);
	size_t object = text ? object_size(text, size) : 0;
	char *copy;

	if (object == 0) {
		if (size > UNIXCTL_MAX_ANSWER)
			end_call(ctx, UNIXCTL_LOST, "the answer of the control socket has no end");
		return;
	}
	copy = malloc(object + 1);
	if (!copy) {
		end_call(ctx, UNIXCTL_LOST, "out of memory");
		return;
	}
	evbuffer_remove(input, copy, object);
	copy[object] = '\0';
	take_object(ctx, copy);
	free(copy);
}

static void
on_drained(struct bufferevent *bev, void *ctx)
{
	struct unixctl *u = ctx;
	unixctl_sent_fn *sent = u->sent;

	(void)bev;
	u->sent = NULL;
	if (sent)
		sent(u->ctx);
}

static void
on_event(struct bufferevent *bev, short events, void *ctx)
{
	(void)bev;
	if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		end_call(ctx, UNIXCTL_LOST, "the control socket was closed");
}

int
unixctl_open(struct event_base *base, const char *path, struct unixctl **ret)
{
	struct unixctl *u;
	int fd = local_socket_connect(path, SOCK_STREAM);

	if (fd < 0)
		return fd;
	u = calloc(1, sizeof(*u));
	if (u)
		u->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!u || !u->bev) {
		free(u);
		close(fd);
		return -ENOMEM;
	}
	bufferevent_setcb(u->bev, on_read, on_drained, on_event, u);
	bufferevent_enable(u->bev, EV_READ | EV_WRITE);
	*ret = u;
	return 0;
}

void
unixctl_close(struct unixctl *u)
{
	if (!u)
		return;
	bufferevent_free(u->bev);
	free(u);
}

void
unixctl_call(struct unixctl *u, const char *method, unixctl_sent_fn *sent,
	     unixctl_answer_fn *answer, void *ctx)
{
	char request[128];
	int size = snprintf(request, sizeof(request), "{\"id\":0,\"method\":\"%s\",\"params\":[]}",
			    method);

	u->sent = sent;
	u->answer = answer;
	u->ctx = ctx;
	bufferevent_write(u->bev, request, (size_t)size);
}
