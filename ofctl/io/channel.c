/* SPDX-License-Identifier: Apache-2.0 */
/* A bufferevent and what stands in it; see channel.h. */
#include "channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/util.h>

#include <openssl/err.h>

#include "log.h"
#include "switch_address.h"

#define READ_HIGH_WATER (256u << 10) /* bytes that wait at most to be looked at */
#define MANY_AT_ONCE \
	(256u << 10) /* bytes of one read or write: messages come and go by the hundred */
#define WHY_SIZE 128u

/* ---- sending -------------------------------------------------------------------- */

uint32_t
channel_next_xid(struct channel *c)
{
	if (++c->xid == 0)
		c->xid = 1;
	return c->xid;
}

void
channel_write(struct channel *c, const struct of_writer *w)
{
	size_t size = of_write_done(w);

	if (size > 0 && c->bev)
		bufferevent_write(c->bev, w->data, size);
}

size_t
channel_backlog(const struct channel *c)
{
	return c->bev ? evbuffer_get_length(bufferevent_get_output(c->bev)) : 0;
}

/* ---- receiving ------------------------------------------------------------------- */

/* Takes the next whole message into c->message. False: not there yet, or *error. */
static bool
take_message(struct channel *c, struct of_header *h, int *error)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);
	uint8_t head[OF_HEADER_SIZE];
	ssize_t n = evbuffer_copyout(input, head, sizeof(head));
	int result = of_decode_header(head, n < 0 ? 0 : (size_t)n, h);

	*error = result == -EAGAIN ? 0 : result;
	if (result < 0 || evbuffer_get_length(input) < h->length)
		return false;
	evbuffer_remove(input, c->message, h->length);
	return true;
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct channel *c = ctx;
	unsigned generation = c->generation;
	struct of_header h;
	int error = 0;

	(void)bev;
	while (c->generation == generation && take_message(c, &h, &error)) {
		error = c->ops->on_message(c->ctx, &h, c->message);
		if (error < 0)
			break;
	}
	if (c->generation != generation || error == 0)
		return;
	if (error == -EPROTO)
		log_error("message makes no sense bridge=%s", c->name);
	c->ops->on_closed(c->ctx, NULL);
}

/* ---- connection ------------------------------------------------------------------- */

static void
on_event(struct bufferevent *bev, short events, void *ctx)
{
	struct channel *c = ctx;
	int error = EVUTIL_SOCKET_ERROR();
	unsigned long tls = bufferevent_get_openssl_error(bev);
	char why[WHY_SIZE];

	if (events & BEV_EVENT_CONNECTED) {
		c->ops->on_connected(c->ctx);
		return;
	}
	if (!(events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	if (tls)
		ERR_error_string_n(tls, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "%s",
			 events & BEV_EVENT_EOF ? "closed by the switch"
						: evutil_socket_error_to_string(error));
	c->ops->on_closed(c->ctx, why);
}

static struct bufferevent *
new_bufferevent(struct channel *c)
{
	SSL *ssl;

	if (!c->tls)
		return bufferevent_socket_new(c->base, -1, BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(c->tls);
	if (!ssl)
		return NULL;
	return bufferevent_openssl_socket_new(c->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
					      BEV_OPT_CLOSE_ON_FREE);
}

void
channel_connect(struct channel *c)
{
	unsigned generation = ++c->generation;

	c->bev = new_bufferevent(c);
	if (!c->bev) {
		c->ops->on_closed(c->ctx, NULL);
		return;
	}
	bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, READ_HIGH_WATER);
	bufferevent_set_max_single_read(c->bev, MANY_AT_ONCE);
	bufferevent_set_max_single_write(c->bev, MANY_AT_ONCE);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	/* A failure comes as an event, at once or later. */
	if (bufferevent_socket_connect(c->bev, (struct sockaddr *)&c->sockaddr, c->sockaddr_size) <
		    0 &&
	    c->generation == generation)
		c->ops->on_closed(c->ctx, NULL);
}

void
channel_close(struct channel *c)
{
	c->generation++;
	if (c->bev)
		bufferevent_free(c->bev);
	c->bev = NULL;
}

int
channel_init(struct channel *c, struct event_base *base, const char *name, const char *address,
	     SSL_CTX *tls, const struct channel_ops *ops, void *ctx)
{
	c->base = base;
	c->ops = ops;
	c->ctx = ctx;
	c->tls = strncmp(address, "ssl:", 4) == 0 ? tls : NULL;
	snprintf(c->name, sizeof(c->name), "%s", name);
	return switch_address_parse(address, &c->sockaddr, &c->sockaddr_size) < 0 ? -EINVAL : 0;
}
