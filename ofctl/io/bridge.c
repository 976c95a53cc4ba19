/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection around link.c. Owns the bufferevent, the list of ports and the requests
 * under way. A request knows the transaction ids that are its own; whatever answer or error
 * carries one of them belongs to it.
 */
#include "bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/util.h>

#include <openssl/err.h>

#include "address.h"
#include "clock.h"
#include "link.h"
#include "local_socket.h"
#include "log.h"
#include "slim_limits.h"

#define READ_HIGH_WATER (256u << 10) /* bytes that wait at most to be looked at */
#define ECHO_HIGH_WATER \
	(8u << 20) /* more than any bundle: whoever asks so much and reads nothing */

enum request_kind {
	REQUEST_FLOWS,
	REQUEST_PORT_STATS,
	REQUEST_STAGE,
	REQUEST_COMMIT,
};

struct request {
	enum request_kind kind;
	uint32_t xid_first; /* also errors of messages of an earlier half */
	uint32_t xid_last;  /* the answer to this one ends it */
	bool committed;
	char error[BRIDGE_TEXT_SIZE]; /* the first one */
	bridge_flow_fn *on_flow;
	bridge_port_stats_fn *on_stats;
	bridge_done_fn *done;
	void *ctx;
};

struct bridge {
	struct event_base *base;
	char name[SLIM_NAME_SIZE];
	char address[128];
	struct sockaddr_storage sockaddr;
	int sockaddr_size;
	SSL_CTX *tls; /* NULL: plain */
	const struct bridge_ops *ops;
	void *ctx;
	struct link link;
	struct event *timer;
	struct bufferevent *bev; /* NULL: not connected */
	unsigned generation;     /* counts connections */
	bool complained;         /* about not being able to connect */
	uint32_t xid;
	uint64_t datapath_id;
	uint32_t list_xid; /* of the list of ports */
	struct of_port *ports;
	unsigned n_ports;
	struct request requests[BRIDGE_MAX_REQUESTS]; /* oldest first */
	unsigned n_requests;
	bool staged;
	uint32_t bundle;
	uint32_t bundle_xid; /* of its first message */
	uint8_t message[OF_MESSAGE_MAX];
};

static void step(struct bridge *b, enum link_event event);

/* ---- addresses ---------------------------------------------------------------- */

static int
parse_address(const char *address, struct sockaddr_storage *ret, int *ret_size)
{
	struct sockaddr_un local;
	int error;

	if (strncmp(address, "unix:", 5) == 0) {
		error = local_socket_address(address + 5, &local);
		if (error < 0)
			return error;
		memcpy(ret, &local, sizeof(local));
		*ret_size = (int)sizeof(local);
		return 0;
	}
	if (strncmp(address, "tcp:", 4) != 0 && strncmp(address, "ssl:", 4) != 0)
		return -EINVAL;
	error = address_parse_numeric(address + 4, ret, ret_size);
	return error == 0 && address_port(ret) == 0 ? -EINVAL : error;
}

int
bridge_check_address(const char *address)
{
	struct sockaddr_storage sockaddr;
	int size;

	return parse_address(address, &sockaddr, &size);
}

/* ---- sending -------------------------------------------------------------------- */

static uint32_t
next_xid(struct bridge *b)
{
	if (++b->xid == 0)
		b->xid = 1;
	return b->xid;
}

static void
flush_writer(struct bridge *b, const struct of_writer *w)
{
	size_t size = of_write_done(w);

	if (size > 0 && b->bev)
		bufferevent_write(b->bev, w->data, size);
}

/* One message with what `encode` puts between. */
#define SEND(b, ...)                                          \
	do {                                                  \
		uint8_t memory_[OF_SEND_MAX];                 \
		struct of_writer w;                           \
		of_writer_init(&w, memory_, sizeof(memory_)); \
		__VA_ARGS__;                                  \
		flush_writer((b), &w);                        \
	} while (0)

static void
send_features(struct bridge *b)
{
	SEND(b, of_encode_plain(&w, OF_FEATURES_REQUEST, next_xid(b)));
	/* Open vSwitch sends a connection on its management socket no asynchronous messages
	 * unless it sets a miss length; packets themselves are not wanted. */
	SEND(b, of_encode_set_config(&w, next_xid(b), 128));
	SEND(b, of_encode_set_async(&w, next_xid(b)));
}

static void
send_port_list(struct bridge *b)
{
	b->n_ports = 0;
	b->list_xid = next_xid(b);
	SEND(b, of_encode_port_desc_request(&w, b->list_xid));
}

/* ---- ports ------------------------------------------------------------------------ */

static void
forget_port(struct bridge *b, uint32_t number)
{
	for (unsigned i = 0; i < b->n_ports; i++) {
		if (b->ports[i].number == number)
			b->ports[i--] = b->ports[--b->n_ports];
	}
}

static void
remember_port(struct bridge *b, const struct of_port *port)
{
	forget_port(b, port->number);
	if (b->n_ports < BRIDGE_MAX_PORTS)
		b->ports[b->n_ports++] = *port;
	else
		log_warn("switch has too many ports bridge=%s port=%s", b->name, port->name);
}

uint32_t
bridge_port_number(const struct bridge *b, const char *name)
{
	for (unsigned i = 0; i < b->n_ports; i++) {
		if (strcmp(b->ports[i].name, name) == 0 && b->ports[i].number < OF_PORT_MAX)
			return b->ports[i].number;
	}
	return 0;
}

/* ---- requests ----------------------------------------------------------------------- */

static struct request *
new_request(struct bridge *b, enum request_kind kind, bridge_done_fn *done, void *ctx, int *error)
{
	struct request *r;

	*error = !bridge_is_up(b) ? -ENOTCONN : b->n_requests == BRIDGE_MAX_REQUESTS ? -EBUSY : 0;
	if (*error < 0)
		return NULL;
	r = &b->requests[b->n_requests++];
	*r = (struct request){.kind = kind, .done = done, .ctx = ctx};
	return r;
}

static void
end_request(struct bridge *b, struct request *r)
{
	struct request ended = *r;
	unsigned behind = b->n_requests - (unsigned)(r - b->requests) - 1;

	memmove(r, r + 1, behind * sizeof(*r));
	b->n_requests--;
	ended.done(ended.ctx, ended.error[0] ? ended.error : NULL);
}

/* Ids count up and may wrap. */
static bool
owns_xid(const struct request *r, uint32_t xid)
{
	return xid - r->xid_first <= r->xid_last - r->xid_first;
}

static struct request *
find_request(struct bridge *b, uint32_t xid)
{
	for (unsigned i = 0; i < b->n_requests; i++) {
		if (owns_xid(&b->requests[i], xid))
			return &b->requests[i];
	}
	return NULL;
}

static void
note_error(struct request *r, const char *text)
{
	if (!r->error[0])
		snprintf(r->error, sizeof(r->error), "%s", text);
}

int
bridge_read_flows(struct bridge *b, uint64_t cookie, uint64_t mask, bridge_flow_fn *on_flow,
		  bridge_done_fn *done, void *ctx)
{
	int error;
	struct request *r = new_request(b, REQUEST_FLOWS, done, ctx, &error);

	if (!r)
		return error;
	r->on_flow = on_flow;
	r->xid_first = r->xid_last = next_xid(b);
	SEND(b, of_encode_flow_stats_request(&w, r->xid_last, cookie, mask));
	return 0;
}

int
bridge_read_port_stats(struct bridge *b, bridge_port_stats_fn *on_stats, bridge_done_fn *done,
		       void *ctx)
{
	int error;
	struct request *r = new_request(b, REQUEST_PORT_STATS, done, ctx, &error);

	if (!r)
		return error;
	r->on_stats = on_stats;
	r->xid_first = r->xid_last = next_xid(b);
	SEND(b, of_encode_port_stats_request(&w, r->xid_last, OF_PORT_ANY));
	return 0;
}

static void
send_bundle_control(struct bridge *b, enum of_bundle_type type, uint32_t xid)
{
	struct of_bundle_control control = {.id = b->bundle,
					    .type = (uint16_t)type,
					    .flags = OF_BUNDLE_ATOMIC | OF_BUNDLE_ORDERED};

	SEND(b, of_encode_bundle_control(&w, xid, &control));
}

int
bridge_stage(struct bridge *b, const struct of_flow_mod *mods, unsigned n, bridge_done_fn *done,
	     void *ctx)
{
	int error = 0;
	struct request *r = b->staged ? NULL : new_request(b, REQUEST_STAGE, done, ctx, &error);

	if (!r)
		return b->staged ? -EBUSY : error;
	b->staged = true;
	b->bundle++;
	r->xid_first = b->bundle_xid = next_xid(b);
	send_bundle_control(b, OF_BUNDLE_OPEN_REQUEST, r->xid_first);
	for (unsigned i = 0; i < n; i++)
		SEND(b, of_encode_bundle_add(&w, next_xid(b), b->bundle,
					     OF_BUNDLE_ATOMIC | OF_BUNDLE_ORDERED, &mods[i]));
	r->xid_last = next_xid(b);
	send_bundle_control(b, OF_BUNDLE_CLOSE_REQUEST, r->xid_last);
	return 0;
}

int
bridge_commit(struct bridge *b, bridge_done_fn *done, void *ctx)
{
	int error;
	struct request *r = new_request(b, REQUEST_COMMIT, done, ctx, &error);

	if (!r)
		return error;
	b->staged = false;
	/* A message that fails in the commit is reported under its own id. */
	r->xid_first = b->bundle_xid;
	send_bundle_control(b, OF_BUNDLE_COMMIT_REQUEST, next_xid(b));
	r->xid_last = next_xid(b);
	SEND(b, of_encode_plain(&w, OF_BARRIER_REQUEST, r->xid_last));
	return 0;
}

void
bridge_discard(struct bridge *b)
{
	if (!b->staged)
		return;
	b->staged = false;
	send_bundle_control(b, OF_BUNDLE_DISCARD_REQUEST, next_xid(b));
}

/* ---- answers -------------------------------------------------------------------------- */

static int
on_error(struct bridge *b, const struct of_header *h)
{
	char text[OF_ERROR_TEXT_SIZE];
	struct of_error error;
	struct request *r;

	if (of_decode_error(b->message, h->length, &error) < 0)
		return -EPROTO;
	of_error_format(error.type, error.code, text);
	r = find_request(b, h->xid);
	log_at(r ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, 0, "switch error bridge=%s xid=%u %s", b->name,
	       h->xid, text);
	if (!r)
		return 0;
	note_error(r, text);
	if (h->xid == r->xid_last)
		end_request(b, r);
	return 0;
}

static int
on_port_list(struct bridge *b, const struct of_multipart_reply *reply)
{
	const uint8_t *body = reply->body;
	size_t size = reply->size;
	struct of_port port;
	int result;

	while ((result = of_next_port(&body, &size, &port)) > 0)
		remember_port(b, &port);
	if (result < 0)
		return result;
	if (!reply->more)
		step(b, LINK_PORTS);
	return 0;
}

static int
on_flows(struct request *r, const struct of_multipart_reply *reply)
{
	const uint8_t *body = reply->body;
	size_t size = reply->size;
	struct of_flow flow;
	int result;

	while ((result = of_next_flow(&body, &size, &flow)) > 0)
		r->on_flow(r->ctx, &flow);
	return result;
}

static int
on_port_stats(struct request *r, const struct of_multipart_reply *reply)
{
	const uint8_t *body = reply->body;
	size_t size = reply->size;
	struct of_port_stats stats;
	int result;

	while ((result = of_next_port_stats(&body, &size, &stats)) > 0)
		r->on_stats(r->ctx, &stats);
	return result;
}

static int
on_multipart(struct bridge *b, const struct of_header *h)
{
	struct of_multipart_reply reply;
	struct request *r = find_request(b, h->xid);
	int result;

	if (of_decode_multipart(b->message, h->length, &reply) < 0)
		return -EPROTO;
	if (reply.type == OF_MULTIPART_PORT_DESC && h->xid == b->list_xid)
		return on_port_list(b, &reply);
	if (r && r->kind == REQUEST_FLOWS && reply.type == OF_MULTIPART_FLOW)
		result = on_flows(r, &reply);
	else if (r && r->kind == REQUEST_PORT_STATS && reply.type == OF_MULTIPART_PORT_STATS)
		result = on_port_stats(r, &reply);
	else
		return 0;
	if (result == 0 && !reply.more)
		end_request(b, r);
	return result;
}

static int
on_bundle(struct bridge *b, const struct of_header *h)
{
	struct of_bundle_control control;
	struct request *r = find_request(b, h->xid);

	if (of_decode_bundle_control(b->message, h->length, &control) < 0)
		return -EPROTO;
	if (!r)
		return 0;
	if (r->kind == REQUEST_COMMIT && control.type == OF_BUNDLE_COMMIT_REPLY)
		r->committed = true;
	if (r->kind == REQUEST_STAGE && control.type == OF_BUNDLE_CLOSE_REPLY &&
	    h->xid == r->xid_last)
		end_request(b, r);
	return 0;
}

static int
on_barrier(struct bridge *b, const struct of_header *h)
{
	struct request *r = find_request(b, h->xid);

	if (!r || r->kind != REQUEST_COMMIT || h->xid != r->xid_last)
		return 0;
	if (!r->committed)
		note_error(r, "the switch did not confirm the commit");
	end_request(b, r);
	return 0;
}

static int
on_port_status(struct bridge *b, const struct of_header *h)
{
	enum of_port_reason reason;
	struct of_port port;

	if (of_decode_port_status(b->message, h->length, &reason, &port) < 0)
		return -EPROTO;
	if (reason == OF_PORT_DELETE)
		forget_port(b, port.number);
	else
		remember_port(b, &port);
	if (bridge_is_up(b))
		b->ops->on_ports(b->ctx);
	return 0;
}

static int
on_hello(struct bridge *b, const struct of_header *h)
{
	bool speaks;

	if (of_decode_hello(b->message, h->length, &speaks) < 0)
		return -EPROTO;
	if (!speaks) {
		if (!b->complained)
			log_error("switch does not speak OpenFlow 1.4 bridge=%s address=%s",
				  b->name, b->address);
		b->complained = true;
		return -EPROTONOSUPPORT;
	}
	step(b, LINK_HELLO);
	return 0;
}

static int
on_features(struct bridge *b, const struct of_header *h)
{
	struct of_features features;

	if (of_decode_features(b->message, h->length, &features) < 0)
		return -EPROTO;
	b->datapath_id = features.datapath_id;
	step(b, LINK_FEATURES);
	return 0;
}

static int
on_echo(struct bridge *b, const struct of_header *h)
{
	if (evbuffer_get_length(bufferevent_get_output(b->bev)) > ECHO_HIGH_WATER)
		return -ENOBUFS;
	if (h->length <= OF_SEND_MAX)
		SEND(b, of_encode_echo(&w, OF_ECHO_REPLY, h->xid, b->message + OF_HEADER_SIZE,
				       h->length - OF_HEADER_SIZE));
	return 0;
}

static int
on_message(struct bridge *b, const struct of_header *h)
{
	step(b, LINK_MESSAGE);
	switch (h->type) {
	case OF_HELLO:
		return on_hello(b, h);
	case OF_ERROR:
		return on_error(b, h);
	case OF_ECHO_REQUEST:
		return on_echo(b, h);
	case OF_FEATURES_REPLY:
		return on_features(b, h);
	case OF_PORT_STATUS:
		return on_port_status(b, h);
	case OF_MULTIPART_REPLY:
		return on_multipart(b, h);
	case OF_BARRIER_REPLY:
		return on_barrier(b, h);
	case OF_BUNDLE_CONTROL:
		return on_bundle(b, h);
	default:
		return 0; /* nothing that was asked for */
	}
}

/* Takes the next whole message into b->message. False: not there yet, or *error. */
static bool
take_message(struct bridge *b, struct of_header *h, int *error)
{
	struct evbuffer *input = bufferevent_get_input(b->bev);
	uint8_t head[OF_HEADER_SIZE];
	ssize_t n = evbuffer_copyout(input, head, sizeof(head));
	int result = of_decode_header(head, n < 0 ? 0 : (size_t)n, h);

	*error = result == -EAGAIN ? 0 : result;
	if (result < 0 || evbuffer_get_length(input) < h->length)
		return false;
	evbuffer_remove(input, b->message, h->length);
	return true;
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct bridge *b = ctx;
	unsigned generation = b->generation;
	struct of_header h;
	int error = 0;

	(void)bev;
	while (b->generation == generation && take_message(b, &h, &error)) {
		error = on_message(b, &h);
		if (error < 0)
			break;
	}
	if (b->generation != generation || error == 0)
		return;
	if (error == -EPROTO)
		log_error("message makes no sense bridge=%s", b->name);
	step(b, LINK_CLOSED);
}

/* ---- connection --------------------------------------------------------------------------- */

static void
complain(struct bridge *b, const char *why)
{
	if (!b->complained || b->link.state == LINK_UP)
		log_warn("no connection to switch bridge=%s address=%s state=%s: %s", b->name,
			 b->address, link_state_name(b->link.state), why);
	b->complained = true;
}

static void
on_event(struct bufferevent *bev, short events, void *ctx)
{
	struct bridge *b = ctx;
	int error = EVUTIL_SOCKET_ERROR();
	unsigned long tls = bufferevent_get_openssl_error(bev);
	char text[BRIDGE_TEXT_SIZE];

	if (events & BEV_EVENT_CONNECTED) {
		step(b, LINK_CONNECTED);
		return;
	}
	if (!(events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	if (tls)
		ERR_error_string_n(tls, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s",
			 events & BEV_EVENT_EOF ? "closed by the switch"
						: evutil_socket_error_to_string(error));
	complain(b, text);
	step(b, LINK_CLOSED);
}

static struct bufferevent *
new_bufferevent(struct bridge *b)
{
	SSL *ssl;

	if (!b->tls)
		return bufferevent_socket_new(b->base, -1, BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(b->tls);
	if (!ssl)
		return NULL;
	return bufferevent_openssl_socket_new(b->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
					      BEV_OPT_CLOSE_ON_FREE);
}

static void
do_connect(struct bridge *b)
{
	b->generation++;
	b->bev = new_bufferevent(b);
	if (!b->bev) {
		step(b, LINK_CLOSED);
		return;
	}
	bufferevent_setcb(b->bev, on_read, NULL, on_event, b);
	bufferevent_setwatermark(b->bev, EV_READ, 0, READ_HIGH_WATER);
	bufferevent_enable(b->bev, EV_READ | EV_WRITE);
	/* A failure comes as an event, at once or later. */
	if (bufferevent_socket_connect(b->bev, (struct sockaddr *)&b->sockaddr, b->sockaddr_size) <
		    0 &&
	    b->link.state == LINK_CONNECTING)
		step(b, LINK_CLOSED);
}

static void
do_close(struct bridge *b)
{
	b->generation++;
	b->staged = false;
	if (b->bev)
		bufferevent_free(b->bev);
	b->bev = NULL;
	while (b->n_requests > 0) {
		note_error(&b->requests[0], "the connection to the switch is gone");
		end_request(b, &b->requests[0]);
	}
}

static void
do_up(struct bridge *b)
{
	log_info("switch up bridge=%s address=%s datapath=%016" PRIx64 " ports=%u", b->name,
		 b->address, b->datapath_id, b->n_ports);
	b->complained = false;
	b->ops->on_up(b->ctx);
}

static void
arm(struct bridge *b)
{
	uint64_t now = clock_now_ns();
	uint64_t wait = b->link.deadline_ns > now ? b->link.deadline_ns - now : 0;
	struct timeval tv = {.tv_sec = (time_t)(wait / 1000000000),
			     .tv_usec = (suseconds_t)(wait % 1000000000 / 1000) + 1};

	event_add(b->timer, &tv);
}

static void
step(struct bridge *b, enum link_event event)
{
	uint64_t before = b->link.deadline_ns;
	unsigned does = link_step(&b->link, event, clock_now_ns());

	if (b->link.deadline_ns != before && event != LINK_MESSAGE)
		arm(b);
	if (does & LINK_DO_CLOSE)
		do_close(b);
	if (does & LINK_DO_DOWN)
		b->ops->on_down(b->ctx);
	if (does & LINK_DO_CONNECT)
		do_connect(b);
	if (does & LINK_DO_HELLO)
		SEND(b, of_encode_hello(&w, next_xid(b)));
	if (does & LINK_DO_FEATURES)
		send_features(b);
	if (does & LINK_DO_PORTS)
		send_port_list(b);
	if (does & LINK_DO_UP)
		do_up(b);
	if (does & LINK_DO_PROBE)
		SEND(b, of_encode_echo(&w, OF_ECHO_REQUEST, next_xid(b), NULL, 0));
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct bridge *b = ctx;

	(void)fd;
	(void)what;
	if (b->link.deadline_ns <= clock_now_ns() && b->link.state != LINK_WAITING &&
	    (b->link.state != LINK_UP || b->link.probed))
		complain(b, "no answer in time");
	step(b, LINK_TIMER);
	/* Messages move the deadline without touching the timer. */
	if (!event_pending(b->timer, EV_TIMEOUT, NULL))
		arm(b);
}

void
bridge_reset(struct bridge *b, const char *why)
{
	complain(b, why);
	step(b, LINK_CLOSED);
}

/* ---- life ----------------------------------------------------------------------------------- */

int
bridge_create(struct event_base *base, const struct bridge_config *config,
	      const struct bridge_ops *ops, void *ctx, struct bridge **ret)
{
	struct bridge *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->base = base;
	b->ops = ops;
	b->ctx = ctx;
	snprintf(b->name, sizeof(b->name), "%s", config->name);
	snprintf(b->address, sizeof(b->address), "%s", config->address);
	b->tls = strncmp(config->address, "ssl:", 4) == 0 ? config->tls : NULL;
	b->ports = calloc(BRIDGE_MAX_PORTS, sizeof(b->ports[0]));
	b->timer = evtimer_new(base, on_timer, b);
	link_init(&b->link, config->probe_ns, clock_now_ns());
	if (!b->ports || !b->timer) {
		bridge_destroy(b);
		return -ENOMEM;
	}
	if (parse_address(config->address, &b->sockaddr, &b->sockaddr_size) < 0) {
		bridge_destroy(b);
		return -EINVAL;
	}
	arm(b);
	*ret = b;
	return 0;
}

void
bridge_destroy(struct bridge *b)
{
	if (!b)
		return;
	if (b->bev)
		bufferevent_free(b->bev);
	if (b->timer)
		event_free(b->timer);
	free(b->ports);
	free(b);
}

bool
bridge_is_up(const struct bridge *b)
{
	return b->link.state == LINK_UP;
}

const char *
bridge_state(const struct bridge *b)
{
	return link_state_name(b->link.state);
}

uint64_t
bridge_datapath_id(const struct bridge *b)
{
	return b->datapath_id;
}
