/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection around link.c. Owns the bufferevent, the list of ports, the requests under
 * way and the bundles that are staged.
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
#include "port_list.h"
#include "slim_limits.h"
#include "switch_address.h"

#define READ_HIGH_WATER (256u << 10) /* bytes that wait at most to be looked at */
#define ECHO_HIGH_WATER \
	(8u << 20) /* more than any bundle: whoever asks so much and reads nothing */

/* A bundle that the switch has and that is neither committed nor discarded. */
struct bundle {
	uint32_t number;
	struct request_ids ids;
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
	struct port_list ports;
	struct requests requests;
	uint64_t request_ns;
	struct event *patience; /* until the oldest request is due */
	struct bundle bundles[BRIDGE_MAX_BUNDLES];
	unsigned n_bundles;
	uint32_t last_bundle;
	uint8_t n_tables;
	uint32_t monitor_xid; /* of the request for changes of rules */
	bool tells_changes;
	uint64_t nudge_cookie;
	uint8_t message[OF_MESSAGE_MAX];
};

static void step(struct bridge *b, enum link_event event);

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
	port_list_clear(&b->ports);
	b->list_xid = next_xid(b);
	SEND(b, of_encode_port_desc_request(&w, b->list_xid));
}

/* ---- ports ------------------------------------------------------------------------ */

static void
remember_port(struct bridge *b, const struct of_port *port)
{
	if (!port_list_put(&b->ports, port))
		log_warn("switch has too many ports bridge=%s port=%s", b->name, port->name);
}

uint32_t
bridge_port_number(struct bridge *b, const char *name)
{
	return port_list_find(&b->ports, name);
}

bool
bridge_has_port(const struct bridge *b, uint32_t number)
{
	return port_list_has(&b->ports, number);
}

const char *
bridge_local_name(const struct bridge *b)
{
	return port_list_local(&b->ports);
}

/* ---- requests ----------------------------------------------------------------------- */

static void
be_patient(struct bridge *b)
{
	uint64_t now = clock_now_ns(), at = b->requests.list[0].deadline_ns;
	uint64_t wait = at > now ? at - now : 0;
	struct timeval tv = {.tv_sec = (time_t)(wait / 1000000000),
			     .tv_usec = (suseconds_t)(wait % 1000000000 / 1000) + 1};

	event_add(b->patience, &tv);
}

/* Requests are in the order of their deadlines. Those that have ended moved it without touching the
 * timer. */
static void
on_patience(evutil_socket_t fd, short what, void *ctx)
{
	struct bridge *b = ctx;

	(void)fd;
	(void)what;
	if (b->requests.n == 0)
		return;
	if (b->requests.list[0].deadline_ns <= clock_now_ns())
		bridge_reset(b, "a request was not answered in time");
	else
		be_patient(b);
}

static struct request *
new_request(struct bridge *b, enum request_kind kind, request_done_fn *done, void *ctx, int *error)
{
	struct request *r = bridge_is_up(b) ? requests_add(&b->requests, kind, done, ctx) : NULL;

	*error = !bridge_is_up(b) ? -ENOTCONN : -EBUSY;
	if (!r)
		return NULL;
	r->deadline_ns = clock_now_ns() + b->request_ns;
	if (b->requests.n == 1)
		be_patient(b);
	return r;
}

static void
take_one_id(struct bridge *b, struct request *r)
{
	r->ids.first = r->ids.last = next_xid(b);
}

int
bridge_read_flows(struct bridge *b, uint64_t cookie, uint64_t mask, request_flow_fn *on_flow,
		  request_done_fn *done, void *ctx)
{
	int error;
	struct request *r = new_request(b, REQUEST_FLOWS, done, ctx, &error);

	if (!r)
		return error;
	r->on_flow = on_flow;
	take_one_id(b, r);
	SEND(b, of_encode_flow_stats_request(&w, r->ids.last, cookie, mask));
	return 0;
}

int
bridge_read_port_stats(struct bridge *b, request_port_stats_fn *on_stats, request_done_fn *done,
		       void *ctx)
{
	int error;
	struct request *r = new_request(b, REQUEST_PORT_STATS, done, ctx, &error);

	if (!r)
		return error;
	r->on_stats = on_stats;
	take_one_id(b, r);
	SEND(b, of_encode_port_stats_request(&w, r->ids.last, OF_PORT_ANY));
	return 0;
}

int
bridge_barrier(struct bridge *b, request_done_fn *done, void *ctx)
{
	int error;
	struct request *r = new_request(b, REQUEST_BARRIER, done, ctx, &error);

	if (!r)
		return error;
	take_one_id(b, r);
	SEND(b, of_encode_plain(&w, OF_BARRIER_REQUEST, r->ids.last));
	return 0;
}

void
bridge_cancel(struct bridge *b, const void *ctx)
{
	requests_drop(&b->requests, ctx);
}

/* ---- bundles -------------------------------------------------------------------------- */

static void
send_bundle_control(struct bridge *b, uint32_t bundle, enum of_bundle_type type, uint32_t xid)
{
	struct of_bundle_control control = {.id = bundle,
					    .type = (uint16_t)type,
					    .flags = OF_BUNDLE_ATOMIC | OF_BUNDLE_ORDERED};

	SEND(b, of_encode_bundle_control(&w, xid, &control));
}

int
bridge_stage(struct bridge *b, const struct of_flow_mod *mods, unsigned n, request_done_fn *done,
	     void *ctx, uint32_t *ret_bundle)
{
	struct bundle *bundle = &b->bundles[b->n_bundles];
	struct request *r = NULL;
	int error = -EBUSY;

	if (b->n_bundles < BRIDGE_MAX_BUNDLES)
		r = new_request(b, REQUEST_STAGE, done, ctx, &error);
	if (!r)
		return error;
	b->n_bundles++;
	*ret_bundle = bundle->number = ++b->last_bundle;
	r->ids.first = next_xid(b);
	send_bundle_control(b, bundle->number, OF_BUNDLE_OPEN_REQUEST, r->ids.first);
	for (unsigned i = 0; i < n; i++)
		SEND(b, of_encode_bundle_add(&w, next_xid(b), bundle->number,
					     OF_BUNDLE_ATOMIC | OF_BUNDLE_ORDERED, &mods[i]));
	r->ids.last = next_xid(b);
	send_bundle_control(b, bundle->number, OF_BUNDLE_CLOSE_REQUEST, r->ids.last);
	bundle->ids = r->ids;
	return 0;
}

/* Takes it out of those that are staged. False: there is none. */
static bool
take_bundle(struct bridge *b, uint32_t number, struct bundle *ret)
{
	for (unsigned i = 0; i < b->n_bundles; i++) {
		if (b->bundles[i].number != number)
			continue;
		*ret = b->bundles[i];
		b->bundles[i] = b->bundles[--b->n_bundles];
		return true;
	}
	return false;
}

int
bridge_commit(struct bridge *b, uint32_t number, request_done_fn *done, void *ctx)
{
	struct bundle bundle;
	int error;
	struct request *r;

	if (!take_bundle(b, number, &bundle))
		return -ENOENT;
	r = new_request(b, REQUEST_COMMIT, done, ctx, &error);
	if (!r) {
		b->bundles[b->n_bundles++] = bundle;
		return error;
	}
	/* A message that fails in the commit is reported under its own id. */
	r->bundle = bundle.ids;
	r->ids.first = next_xid(b);
	send_bundle_control(b, number, OF_BUNDLE_COMMIT_REQUEST, r->ids.first);
	r->ids.last = next_xid(b);
	SEND(b, of_encode_plain(&w, OF_BARRIER_REQUEST, r->ids.last));
	return 0;
}

void
bridge_discard(struct bridge *b, uint32_t number)
{
	struct bundle bundle;

	if (take_bundle(b, number, &bundle))
		send_bundle_control(b, number, OF_BUNDLE_DISCARD_REQUEST, next_xid(b));
}

/* ---- changes of rules ------------------------------------------------------------------- */

void
bridge_nudge(struct bridge *b)
{
	struct of_flow_mod mod = {.cookie = b->nudge_cookie,
				  .cookie_mask = UINT64_MAX,
				  .table = (uint8_t)(b->n_tables - 1)};

	if (!bridge_is_up(b) || b->n_tables < 2)
		return;
	mod.command = OF_FLOW_ADD;
	SEND(b, of_encode_flow_mod(&w, next_xid(b), &mod));
	mod.command = OF_FLOW_DELETE_STRICT;
	SEND(b, of_encode_flow_mod(&w, next_xid(b), &mod));
}

static void
ask_for_changes(struct bridge *b)
{
	b->monitor_xid = next_xid(b);
	b->tells_changes = true; /* unless it refuses */
	SEND(b, of_encode_flow_monitor_request(&w, b->monitor_xid, 1, 0));
}

bool
bridge_tells_changes(const struct bridge *b)
{
	return bridge_is_up(b) && b->tells_changes;
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
	if (h->xid == b->monitor_xid) {
		log_info(
			"switch does not tell changes of rules, they are looked at once in a while "
			"bridge=%s: %s",
			b->name, text);
		b->tells_changes = false;
		return 0;
	}
	r = requests_find(&b->requests, h->xid);
	log_at(r ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, 0, "switch error bridge=%s xid=%u %s", b->name,
	       h->xid, text);
	if (!r)
		return 0;
	request_fail(r, text);
	if (h->xid == r->ids.last)
		requests_end(&b->requests, r);
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
on_updates(struct bridge *b, const struct of_multipart_reply *reply)
{
	const uint8_t *body = reply->body;
	size_t size = reply->size;
	struct of_update update;
	int result;

	while ((result = of_next_update(&body, &size, &update)) > 0) {
		if (update.event < OF_UPDATE_ABBREV)
			b->ops->on_rule(b->ctx, &update);
		else if (update.event != OF_UPDATE_ABBREV)
			b->ops->on_rule(b->ctx, NULL);
	}
	return result;
}

static int
on_multipart(struct bridge *b, const struct of_header *h)
{
	struct of_multipart_reply reply;
	struct request *r = requests_find(&b->requests, h->xid);
	int result;

	if (of_decode_multipart(b->message, h->length, &reply) < 0)
		return -EPROTO;
	if (reply.type == OF_MULTIPART_PORT_DESC && h->xid == b->list_xid)
		return on_port_list(b, &reply);
	if (reply.type == OF_MULTIPART_FLOW_MONITOR)
		return on_updates(b, &reply);
	if (r && r->kind == REQUEST_FLOWS && reply.type == OF_MULTIPART_FLOW)
		result = on_flows(r, &reply);
	else if (r && r->kind == REQUEST_PORT_STATS && reply.type == OF_MULTIPART_PORT_STATS)
		result = on_port_stats(r, &reply);
	else
		return 0;
	if (result == 0 && !reply.more)
		requests_end(&b->requests, r);
	return result;
}

static int
on_bundle(struct bridge *b, const struct of_header *h)
{
	struct of_bundle_control control;
	struct request *r = requests_find(&b->requests, h->xid);

	if (of_decode_bundle_control(b->message, h->length, &control) < 0)
		return -EPROTO;
	if (!r)
		return 0;
	if (r->kind == REQUEST_COMMIT && control.type == OF_BUNDLE_COMMIT_REPLY)
		r->committed = true;
	if (r->kind == REQUEST_STAGE && control.type == OF_BUNDLE_CLOSE_REPLY &&
	    h->xid == r->ids.last)
		requests_end(&b->requests, r);
	return 0;
}

static int
on_barrier(struct bridge *b, const struct of_header *h)
{
	struct request *r = requests_find(&b->requests, h->xid);

	if (!r || (r->kind != REQUEST_COMMIT && r->kind != REQUEST_BARRIER) ||
	    h->xid != r->ids.last)
		return 0;
	if (r->kind == REQUEST_COMMIT && !r->committed)
		request_fail(r, "the switch did not confirm the commit");
	requests_end(&b->requests, r);
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
		port_list_remove(&b->ports, port.number);
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
	b->n_tables = features.n_tables;
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
	char text[REQUEST_TEXT_SIZE];

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
	b->n_bundles = 0;
	b->monitor_xid = 0;
	event_del(b->patience);
	if (b->bev)
		bufferevent_free(b->bev);
	b->bev = NULL;
	requests_end_all(&b->requests, "the connection to the switch is gone");
}

static void
do_up(struct bridge *b)
{
	log_info("switch up bridge=%s address=%s datapath=%016" PRIx64 " ports=%u", b->name,
		 b->address, b->datapath_id, b->ports.n);
	b->complained = false;
	ask_for_changes(b);
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
	b->request_ns = config->request_ns;
	b->nudge_cookie = config->nudge_cookie;
	b->timer = evtimer_new(base, on_timer, b);
	b->patience = evtimer_new(base, on_patience, b);
	link_init(&b->link, config->probe_ns, clock_now_ns());
	if (port_list_init(&b->ports) < 0 || !b->timer || !b->patience) {
		bridge_destroy(b);
		return -ENOMEM;
	}
	if (switch_address_parse(config->address, &b->sockaddr, &b->sockaddr_size) < 0) {
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
	if (b->patience)
		event_free(b->patience);
	port_list_fini(&b->ports);
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
