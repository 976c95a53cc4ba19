/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A switch: the channel to it by the steps of link.c, and over it the list of ports, the requests under way
 * and the bundles that are staged. Owns all of them.
 */
#include "bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "answers.h"
#include "bundles.h"
#include "channel.h"
#include "clock.h"
#include "link.h"
#include "log.h"
#include "port_list.h"
#include "slim_limits.h"

#define ECHO_HIGH_WATER \
	(8u << 20) /* more than any bundle: whoever asks so much and reads nothing */

struct bridge {
	char name[SLIM_NAME_SIZE];
	char address[128];
	const struct bridge_ops *ops;
	void *ctx;
	struct link link;
	struct channel channel;
	struct event *timer;
	bool complained; /* about not being able to connect */
	uint64_t datapath_id;
	uint32_t list_xid; /* of the list of ports */
	struct port_list ports;
	struct requests requests;
	uint64_t request_ns;
	struct event *patience; /* until the oldest request is due */
	struct bundles bundles;
	uint8_t n_tables;
	uint32_t monitor_xid; /* of the request for changes of rules */
	bool tells_changes;
	uint64_t nudge_cookie;
	uint8_t packet_out[OF_MESSAGE_MAX]; /* under construction */
};

static void step(struct bridge *b, enum link_event event);

static void
send_features(struct bridge *b)
{
	CHANNEL_SEND(&b->channel,
		     of_encode_plain(&w, OF_FEATURES_REQUEST, channel_next_xid(&b->channel)));
	/* Open vSwitch sends a connection on its management socket no asynchronous messages
	 * unless it sets a miss length; of packets themselves only those that a rule sends are wanted, if
	 * any. */
	CHANNEL_SEND(&b->channel, of_encode_set_config(&w, channel_next_xid(&b->channel), 128));
	CHANNEL_SEND(&b->channel, of_encode_set_async(&w, channel_next_xid(&b->channel),
						      b->ops->on_packet != NULL));
}

static void
send_port_list(struct bridge *b)
{
	port_list_clear(&b->ports);
	b->list_xid = channel_next_xid(&b->channel);
	CHANNEL_SEND(&b->channel, of_encode_port_desc_request(&w, b->list_xid));
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
	r->ids.first = r->ids.last = channel_next_xid(&b->channel);
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
	CHANNEL_SEND(&b->channel, of_encode_flow_stats_request(&w, r->ids.last, cookie, mask));
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
	CHANNEL_SEND(&b->channel, of_encode_port_stats_request(&w, r->ids.last, OF_PORT_ANY));
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
	CHANNEL_SEND(&b->channel, of_encode_plain(&w, OF_BARRIER_REQUEST, r->ids.last));
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

	CHANNEL_SEND(&b->channel, of_encode_bundle_control(&w, xid, &control));
}

int
bridge_stage(struct bridge *b, const struct of_flow_mod *mods, unsigned n, request_done_fn *done,
	     void *ctx, uint32_t *ret_bundle)
{
	struct request *r = NULL;
	struct bundle *bundle;
	int error = -EBUSY;

	if (!bundles_are_full(&b->bundles))
		r = new_request(b, REQUEST_STAGE, done, ctx, &error);
	if (!r)
		return error;
	bundle = bundles_add(&b->bundles);
	*ret_bundle = bundle->number;
	r->ids.first = channel_next_xid(&b->channel);
	send_bundle_control(b, bundle->number, OF_BUNDLE_OPEN_REQUEST, r->ids.first);
	for (unsigned i = 0; i < n; i++)
		CHANNEL_SEND(&b->channel,
			     of_encode_bundle_add(&w, channel_next_xid(&b->channel), bundle->number,
						  OF_BUNDLE_ATOMIC | OF_BUNDLE_ORDERED, &mods[i]));
	r->ids.last = channel_next_xid(&b->channel);
	send_bundle_control(b, bundle->number, OF_BUNDLE_CLOSE_REQUEST, r->ids.last);
	bundle->ids = r->ids;
	return 0;
}

int
bridge_commit(struct bridge *b, uint32_t number, request_done_fn *done, void *ctx)
{
	struct bundle bundle;
	int error;
	struct request *r;

	if (!bundles_take(&b->bundles, number, &bundle))
		return -ENOENT;
	r = new_request(b, REQUEST_COMMIT, done, ctx, &error);
	if (!r) {
		bundles_put_back(&b->bundles, &bundle);
		return error;
	}
	/* A message that fails in the commit is reported under its own id. */
	r->bundle = bundle.ids;
	r->ids.first = channel_next_xid(&b->channel);
	send_bundle_control(b, number, OF_BUNDLE_COMMIT_REQUEST, r->ids.first);
	r->ids.last = channel_next_xid(&b->channel);
	CHANNEL_SEND(&b->channel, of_encode_plain(&w, OF_BARRIER_REQUEST, r->ids.last));
	return 0;
}

void
bridge_discard(struct bridge *b, uint32_t number)
{
	struct bundle bundle;

	if (bundles_take(&b->bundles, number, &bundle))
		send_bundle_control(b, number, OF_BUNDLE_DISCARD_REQUEST,
				    channel_next_xid(&b->channel));
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
	CHANNEL_SEND(&b->channel, of_encode_flow_mod(&w, channel_next_xid(&b->channel), &mod));
	mod.command = OF_FLOW_DELETE_STRICT;
	CHANNEL_SEND(&b->channel, of_encode_flow_mod(&w, channel_next_xid(&b->channel), &mod));
}

static void
ask_for_changes(struct bridge *b)
{
	b->monitor_xid = channel_next_xid(&b->channel);
	b->tells_changes = true; /* unless it refuses */
	CHANNEL_SEND(&b->channel, of_encode_flow_monitor_request(&w, b->monitor_xid, 1, 0));
}

bool
bridge_tells_changes(const struct bridge *b)
{
	return bridge_is_up(b) && b->tells_changes;
}

/* ---- packets ---------------------------------------------------------------------------- */

int
bridge_packet_out(struct bridge *b, const struct of_packet_out *out)
{
	struct of_writer w;

	if (!bridge_is_up(b))
		return -ENOTCONN;
	of_writer_init(&w, b->packet_out, sizeof(b->packet_out));
	of_encode_packet_out(&w, channel_next_xid(&b->channel), out);
	if (of_write_done(&w) == 0)
		return -EMSGSIZE;
	channel_write(&b->channel, &w);
	return 0;
}

static int
on_packet_in(struct bridge *b, const struct of_header *h, const uint8_t *message)
{
	struct of_packet_in packet;

	if (of_decode_packet_in(message, h->length, &packet) < 0)
		return -EPROTO;
	if (b->ops->on_packet)
		b->ops->on_packet(b->ctx, &packet);
	return 0;
}

/* ---- answers -------------------------------------------------------------------------- */

static int
on_error(struct bridge *b, const struct of_header *h, const uint8_t *message)
{
	char text[OF_ERROR_TEXT_SIZE];
	struct of_error error;

	if (of_decode_error(message, h->length, &error) < 0)
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
	log_at(requests_find(&b->requests, h->xid) ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, 0,
	       "switch error bridge=%s xid=%u %s", b->name, h->xid, text);
	answers_error(&b->requests, h->xid, text);
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
on_multipart(struct bridge *b, const struct of_header *h, const uint8_t *message)
{
	struct of_multipart_reply reply;

	if (of_decode_multipart(message, h->length, &reply) < 0)
		return -EPROTO;
	if (reply.type == OF_MULTIPART_PORT_DESC && h->xid == b->list_xid)
		return on_port_list(b, &reply);
	if (reply.type == OF_MULTIPART_FLOW_MONITOR)
		return on_updates(b, &reply);
	return answers_multipart(&b->requests, h->xid, &reply);
}

static int
on_port_status(struct bridge *b, const struct of_header *h, const uint8_t *message)
{
	enum of_port_reason reason;
	struct of_port port;

	if (of_decode_port_status(message, h->length, &reason, &port) < 0)
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
on_hello(struct bridge *b, const struct of_header *h, const uint8_t *message)
{
	bool speaks;

	if (of_decode_hello(message, h->length, &speaks) < 0)
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
on_features(struct bridge *b, const struct of_header *h, const uint8_t *message)
{
	struct of_features features;

	if (of_decode_features(message, h->length, &features) < 0)
		return -EPROTO;
	b->datapath_id = features.datapath_id;
	b->n_tables = features.n_tables;
	step(b, LINK_FEATURES);
	return 0;
}

static int
on_echo(struct bridge *b, const struct of_header *h, const uint8_t *message)
{
	if (channel_backlog(&b->channel) > ECHO_HIGH_WATER)
		return -ENOBUFS;
	if (h->length <= OF_SEND_MAX)
		CHANNEL_SEND(&b->channel,
			     of_encode_echo(&w, OF_ECHO_REPLY, h->xid, message + OF_HEADER_SIZE,
					    h->length - OF_HEADER_SIZE));
	return 0;
}

static int
on_message(void *ctx, const struct of_header *h, const uint8_t *message)
{
	struct bridge *b = ctx;

	step(b, LINK_MESSAGE);
	switch (h->type) {
	case OF_HELLO:
		return on_hello(b, h, message);
	case OF_ERROR:
		return on_error(b, h, message);
	case OF_ECHO_REQUEST:
		return on_echo(b, h, message);
	case OF_FEATURES_REPLY:
		return on_features(b, h, message);
	case OF_PACKET_IN:
		return on_packet_in(b, h, message);
	case OF_PORT_STATUS:
		return on_port_status(b, h, message);
	case OF_MULTIPART_REPLY:
		return on_multipart(b, h, message);
	case OF_BARRIER_REPLY:
		answers_barrier(&b->requests, h);
		return 0;
	case OF_BUNDLE_CONTROL:
		return answers_bundle(&b->requests, h, message);
	default:
		return 0; /* nothing that was asked for */
	}
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
on_connected(void *ctx)
{
	step(ctx, LINK_CONNECTED);
}

static void
on_closed(void *ctx, const char *why)
{
	if (why)
		complain(ctx, why);
	step(ctx, LINK_CLOSED);
}

static const struct channel_ops channel_ops = {
	.on_connected = on_connected,
	.on_message = on_message,
	.on_closed = on_closed,
};

static void
do_close(struct bridge *b)
{
	channel_close(&b->channel);
	bundles_forget(&b->bundles);
	b->monitor_xid = 0;
	event_del(b->patience);
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
		channel_connect(&b->channel);
	if (does & LINK_DO_HELLO)
		CHANNEL_SEND(&b->channel, of_encode_hello(&w, channel_next_xid(&b->channel)));
	if (does & LINK_DO_FEATURES)
		send_features(b);
	if (does & LINK_DO_PORTS)
		send_port_list(b);
	if (does & LINK_DO_UP)
		do_up(b);
	if (does & LINK_DO_PROBE)
		CHANNEL_SEND(&b->channel, of_encode_echo(&w, OF_ECHO_REQUEST,
							 channel_next_xid(&b->channel), NULL, 0));
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
	b->ops = ops;
	b->ctx = ctx;
	snprintf(b->name, sizeof(b->name), "%s", config->name);
	snprintf(b->address, sizeof(b->address), "%s", config->address);
	b->request_ns = config->request_ns;
	b->nudge_cookie = config->nudge_cookie;
	b->timer = evtimer_new(base, on_timer, b);
	b->patience = evtimer_new(base, on_patience, b);
	link_init(&b->link, config->probe_ns, clock_now_ns());
	if (port_list_init(&b->ports) < 0 || !b->timer || !b->patience) {
		bridge_destroy(b);
		return -ENOMEM;
	}
	if (channel_init(&b->channel, base, config->name, config->address, config->tls,
			 &channel_ops, b) < 0) {
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
	channel_close(&b->channel);
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
