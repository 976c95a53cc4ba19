/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_switch.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

static uint8_t memory[OF_MESSAGE_MAX];

static void
send_bytes(struct fake_switch *s, const uint8_t *data, size_t size)
{
	if (!s->bev || s->mute || (s->deaf && data[1] != OF_ECHO_REPLY))
		return;
	if (!s->split) {
		bufferevent_write(s->bev, data, size);
		return;
	}
	/* Straight to the socket, so that the other side sees halves. */
	for (size_t i = 0; i < size; i++) {
		ssize_t n = write(bufferevent_getfd(s->bev), data + i, 1);

		assert(n == 1);
	}
}

#define SEND(s, ...)                                        \
	do {                                                \
		struct of_writer w;                         \
		of_writer_init(&w, memory, sizeof(memory)); \
		__VA_ARGS__;                                \
		send_bytes((s), memory, of_write_done(&w)); \
	} while (0)

static void
send_error(struct fake_switch *s, uint32_t xid, uint16_t type, uint16_t code)
{
	static const uint8_t nothing[8];
	struct of_error error = {.type = type, .code = code, .data = nothing, .size = 8};

	SEND(s, of_encode_error(&w, xid, &error));
}

/* ---- flow table ------------------------------------------------------------------ */

static void
remove_flow(struct fake_switch *s, unsigned i)
{
	s->flows[i] = s->flows[--s->n_flows];
}

static void
apply(struct fake_switch *s, const struct of_flow_mod *mod)
{
	for (unsigned i = 0; i < s->n_flows; i++) {
		const struct fake_flow *f = &s->flows[i];
		bool same = f->priority == mod->priority &&
			    memcmp(&f->match, &mod->match, sizeof(f->match)) == 0;
		bool cookie = ((f->cookie ^ mod->cookie) & mod->cookie_mask) == 0;

		if (mod->command == OF_FLOW_DELETE
			    ? cookie
			    : same && (mod->command == OF_FLOW_ADD || cookie))
			remove_flow(s, i--);
	}
	if (mod->command != OF_FLOW_ADD)
		return;
	assert(s->n_flows < FAKE_MAX_FLOWS);
	s->flows[s->n_flows++] = (struct fake_flow){.priority = mod->priority,
						    .cookie = mod->cookie,
						    .match = mod->match,
						    .actions = mod->actions};
}

unsigned
fake_switch_count(const struct fake_switch *s, unsigned role)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_flows; i++)
		n += role == 0 || (s->flows[i].cookie >> 32 & 0xff) == role;
	return n;
}

static bool
matches(const struct of_match *m, uint32_t in_port, uint16_t vid, uint16_t eth_type)
{
	uint16_t vlan = vid ? (uint16_t)(OF_VID_PRESENT | vid) : 0;

	return (!(m->fields & OF_MATCH_IN_PORT) || m->in_port == in_port) &&
	       (!(m->fields & OF_MATCH_ETH_TYPE) || m->eth_type == eth_type) &&
	       (!(m->fields & OF_MATCH_VLAN_VID) || (vlan & m->vlan_mask) == m->vlan_vid);
}

static const struct fake_flow *
best_flow(const struct fake_switch *s, uint32_t in_port, uint16_t vid, uint16_t eth_type)
{
	const struct fake_flow *best = NULL;

	for (unsigned i = 0; i < s->n_flows; i++) {
		const struct fake_flow *f = &s->flows[i];

		if (matches(&f->match, in_port, vid, eth_type) &&
		    (!best || f->priority > best->priority))
			best = f;
	}
	return best;
}

uint32_t
fake_switch_forward(const struct fake_switch *s, uint32_t in_port, uint16_t vid, uint16_t eth_type)
{
	const struct fake_flow *best = best_flow(s, in_port, vid, eth_type);

	for (uint32_t i = 0; best && i < best->actions.n; i++) {
		if (best->actions.list[i].type == OF_ACTION_OUTPUT)
			return best->actions.list[i].value == OF_PORT_IN_PORT
				       ? in_port
				       : best->actions.list[i].value;
	}
	return 0;
}

/* ---- messages ----------------------------------------------------------------------- */

static void
send_flows(struct fake_switch *s, uint32_t xid, uint64_t cookie, uint64_t mask)
{
	struct of_flow some[8];
	unsigned n = 0;

	/* In parts of eight, to exercise the "more" flag. */
	for (unsigned i = 0; i < s->n_flows; i++) {
		const struct fake_flow *f = &s->flows[i];

		if (((f->cookie ^ cookie) & mask) != 0)
			continue;
		some[n++] = (struct of_flow){.priority = f->priority,
					     .cookie = f->cookie,
					     .packets = f->packets,
					     .match = f->match,
					     .actions = f->actions};
		if (n == 8) {
			SEND(s, of_encode_flow_stats_reply(&w, xid, some, n, true));
			n = 0;
		}
	}
	SEND(s, of_encode_flow_stats_reply(&w, xid, some, n, false));
}

static void
send_port_stats(struct fake_switch *s, uint32_t xid)
{
	struct of_port_stats stats[FAKE_MAX_PORTS] = {0};

	for (unsigned i = 0; i < s->n_ports; i++)
		stats[i].number = s->ports[i].number;
	SEND(s, of_encode_port_stats_reply(&w, xid, stats, s->n_ports));
}

static void
on_multipart(struct fake_switch *s, const uint8_t *message, const struct of_header *h)
{
	uint64_t cookie, mask;
	uint32_t monitor;
	uint8_t table;

	if (of_decode_flow_stats_request(message, h->length, &cookie, &mask) == 0) {
		if (s->hang_up_at_read)
			fake_switch_hang_up(s);
		s->n_reads++;
		send_flows(s, h->xid, cookie, mask);
		return;
	}
	if (of_decode_flow_monitor_request(message, h->length, &monitor, &table) == 0) {
		s->monitored = !s->no_monitor;
		if (s->no_monitor)
			send_error(s, h->xid, 1, 2);
		return;
	}
	if (message[9] == OF_MULTIPART_PORT_STATS) {
		send_port_stats(s, h->xid);
		return;
	}
	/* Ports in two parts. */
	SEND(s, of_encode_port_desc_reply(&w, h->xid, s->ports, s->n_ports / 2, true));
	SEND(s, of_encode_port_desc_reply(&w, h->xid, s->ports + s->n_ports / 2,
					  s->n_ports - s->n_ports / 2, false));
}

static void
answer_bundle(struct fake_switch *s, const struct of_header *h, struct of_bundle_control control)
{
	control.type++;
	SEND(s, of_encode_bundle_control(&w, h->xid, &control));
}

/* Of this number; 0: a free one. */
static struct fake_bundle *
find_bundle(struct fake_switch *s, uint32_t id)
{
	for (unsigned i = 0; i < FAKE_MAX_BUNDLES; i++) {
		if (s->bundles[i].id == id)
			return &s->bundles[i];
	}
	return NULL;
}

static void
apply_all(struct fake_switch *s, struct fake_bundle *bundle)
{
	for (unsigned i = 0; i < bundle->n; i++)
		apply(s, &bundle->mods[i]);
	bundle->id = 0;
	s->n_commits++;
}

static void
on_commit(struct fake_switch *s, const struct of_header *h, struct of_bundle_control control)
{
	struct fake_bundle *bundle = find_bundle(s, control.id);

	if (s->hang_up_at_commit) {
		fake_switch_hang_up(s);
	} else if (!bundle) {
		send_error(s, h->xid, 17, 2); /* bad id */
	} else if (s->fail_commit) {
		send_error(s, bundle->n ? bundle->xids[0] : h->xid, 5, 1);
		send_error(s, h->xid, 17, 15);
		bundle->id = 0;
	} else {
		apply_all(s, bundle);
		if (s->hang_up_after_commit)
			fake_switch_hang_up(s);
		else
			answer_bundle(s, h, control);
	}
}

static void
on_bundle_control(struct fake_switch *s, const uint8_t *message, const struct of_header *h)
{
	struct of_bundle_control control;
	struct fake_bundle *bundle;
	int result = of_decode_bundle_control(message, h->length, &control);

	assert(result == 0 && control.id != 0);
	switch (control.type) {
	case OF_BUNDLE_OPEN_REQUEST:
		assert(!find_bundle(s, control.id));
		bundle = find_bundle(s, 0);
		assert(bundle);
		bundle->id = control.id;
		bundle->n = 0;
		break;
	case OF_BUNDLE_COMMIT_REQUEST:
		on_commit(s, h, control);
		return;
	case OF_BUNDLE_DISCARD_REQUEST:
		s->n_discards++;
		bundle = find_bundle(s, control.id);
		if (bundle)
			bundle->id = 0;
		break;
	default:
		break;
	}
	answer_bundle(s, h, control);
}

static void
on_bundle_add(struct fake_switch *s, const uint8_t *message, const struct of_header *h)
{
	struct fake_bundle *bundle;
	struct of_flow_mod mod;
	uint32_t id;
	uint16_t flags;
	int result = of_decode_bundle_add(message, h->length, &id, &flags, &mod);

	assert(result == 0);
	bundle = find_bundle(s, id);
	assert(bundle && bundle->n < FAKE_MAX_FLOWS);
	bundle->mods[bundle->n] = mod;
	bundle->xids[bundle->n++] = h->xid;
	if (s->fail_add == bundle->n)
		send_error(s, h->xid, 2, 4);
}

static void
on_flow_mod(struct fake_switch *s, const uint8_t *message, const struct of_header *h)
{
	struct of_flow_mod mod;
	int result = of_decode_flow_mod(message, h->length, &mod);

	assert(result == 0);
	if (mod.table == 0)
		apply(s, &mod);
	else
		s->n_nudges += mod.command == OF_FLOW_ADD;
}

static void
on_set_async(struct fake_switch *s, const uint8_t *message, const struct of_header *h)
{
	int result = of_decode_set_async(message, h->length, &s->hands_packets);

	assert(result == 0);
}

static void
on_packet_out(struct fake_switch *s, const uint8_t *message, const struct of_header *h)
{
	struct of_packet_out out;
	int result = of_decode_packet_out(message, h->length, &out);

	assert(result == 0);
	s->n_packet_outs++;
	if (s->on_packet_out)
		s->on_packet_out(s, &out);
}

static void
send_hello(struct fake_switch *s)
{
	uint8_t hello[OF_HEADER_SIZE] = {1, OF_HELLO, 0, OF_HEADER_SIZE};

	if (s->old)
		send_bytes(s, hello, sizeof(hello));
	else
		SEND(s, of_encode_hello(&w, 1));
}

static void
send_features(struct fake_switch *s, uint32_t xid)
{
	struct of_features features = {.datapath_id = s->datapath_id, .n_tables = 254};
	uint8_t nonsense[OF_HEADER_SIZE] = {OF_VERSION, OF_FEATURES_REPLY, 0, 3};

	if (s->garbage)
		send_bytes(s, nonsense, sizeof(nonsense));
	else
		SEND(s, of_encode_features_reply(&w, xid, &features));
}

static void
on_message(struct fake_switch *s, const uint8_t *message, const struct of_header *h)
{
	s->n_messages++;
	switch (h->type) {
	case OF_FEATURES_REQUEST:
		send_features(s, h->xid);
		break;
	case OF_ECHO_REQUEST:
		s->n_echoes++;
		SEND(s, of_encode_echo(&w, OF_ECHO_REPLY, h->xid, NULL, 0));
		break;
	case OF_MULTIPART_REQUEST:
		on_multipart(s, message, h);
		break;
	case OF_BARRIER_REQUEST:
		s->n_barriers++;
		SEND(s, of_encode_plain(&w, OF_BARRIER_REPLY, h->xid));
		break;
	case OF_BUNDLE_CONTROL:
		on_bundle_control(s, message, h);
		break;
	case OF_BUNDLE_ADD:
		on_bundle_add(s, message, h);
		break;
	case OF_FLOW_MOD:
		on_flow_mod(s, message, h);
		break;
	case OF_SET_ASYNC:
		on_set_async(s, message, h);
		break;
	case OF_PACKET_OUT:
		on_packet_out(s, message, h);
		break;
	default:
		break;
	}
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct fake_switch *s = ctx;
	static uint8_t message[OF_MESSAGE_MAX];

	while (s->bev == bev) {
		struct evbuffer *input = bufferevent_get_input(bev);
		struct of_header h;
		size_t have = evbuffer_get_length(input);

		evbuffer_copyout(input, message, sizeof(message));
		if (of_decode_header(message, have, &h) < 0 || have < h.length)
			return;
		evbuffer_drain(input, h.length);
		on_message(s, message, &h);
	}
}

static void
on_event(struct bufferevent *bev, short events, void *ctx)
{
	(void)bev;
	if (events & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		fake_switch_hang_up(ctx);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
	  void *ctx)
{
	struct fake_switch *s = ctx;

	(void)listener;
	(void)address;
	(void)size;
	fake_switch_hang_up(s);
	s->n_connections++;
	memset(s->bundles, 0, sizeof(s->bundles));
	s->monitored = s->hands_packets = false;
	s->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(s->bev, on_read, NULL, on_event, s);
	bufferevent_enable(s->bev, EV_READ | EV_WRITE);
	send_hello(s);
}

/* ---- the test's side -------------------------------------------------------------------- */

void
fake_switch_start(struct fake_switch *s, struct event_base *base, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(s->path, sizeof(s->path), "%s", path);
	memcpy(address.sun_path, s->path, sizeof(address.sun_path));
	unlink(path);
	s->base = base;
	s->listener = evconnlistener_new_bind(base, on_accept, s, LEV_OPT_CLOSE_ON_FREE, 4,
					      (struct sockaddr *)&address, sizeof(address));
	assert(s->listener);
}

void
fake_switch_stop(struct fake_switch *s)
{
	fake_switch_hang_up(s);
	if (s->listener)
		evconnlistener_free(s->listener);
	s->listener = NULL;
	unlink(s->path);
}

void
fake_switch_hang_up(struct fake_switch *s)
{
	if (s->bev)
		bufferevent_free(s->bev);
	s->bev = NULL;
}

void
fake_switch_add_port(struct fake_switch *s, uint32_t number, const char *name)
{
	struct of_port port = {.number = number};

	snprintf(port.name, sizeof(port.name), "%s", name);
	s->ports[s->n_ports++] = port;
	SEND(s, of_encode_port_status(&w, 0, OF_PORT_ADD, &port));
}

void
fake_switch_remove_port(struct fake_switch *s, const char *name)
{
	for (unsigned i = 0; i < s->n_ports; i++) {
		struct of_port port = s->ports[i];

		if (strcmp(port.name, name) != 0)
			continue;
		s->ports[i] = s->ports[--s->n_ports];
		SEND(s, of_encode_port_status(&w, 0, OF_PORT_DELETE, &port));
	}
}

void
fake_switch_steal(struct fake_switch *s, uint64_t cookie, uint64_t mask)
{
	struct of_update stolen[FAKE_MAX_FLOWS];
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_flows; i++) {
		const struct fake_flow *f = &s->flows[i];

		if (((f->cookie ^ cookie) & mask) != 0)
			continue;
		stolen[n++] = (struct of_update){
			.event = OF_UPDATE_REMOVED, .priority = f->priority, .cookie = f->cookie};
		remove_flow(s, i--);
	}
	if (s->monitored)
		SEND(s, of_encode_updates(&w, 0, stolen, n));
}

void
fake_switch_resume(struct fake_switch *s)
{
	static const struct of_update some[] = {{.event = OF_UPDATE_PAUSED},
						{.event = OF_UPDATE_RESUMED}};

	SEND(s, of_encode_updates(&w, 0, some, 2));
}

void
fake_switch_renumber(struct fake_switch *s, const char *name, uint32_t number)
{
	fake_switch_remove_port(s, name);
	fake_switch_add_port(s, number, name);
}

uint32_t
fake_switch_packet(struct fake_switch *s, uint32_t in_port, const void *data, size_t size)
{
	const struct fake_flow *flow = best_flow(s, in_port, 0, 0);
	struct of_packet_in packet = {.in_port = in_port,
				      .reason = OF_REASON_APPLY_ACTION,
				      .cookie = flow ? flow->cookie : 0,
				      .total_size = (uint16_t)size,
				      .data = data,
				      .size = size};
	uint32_t out = fake_switch_forward(s, in_port, 0, 0);

	if (out == OF_PORT_CONTROLLER && s->hands_packets)
		SEND(s, of_encode_packet_in(&w, 0, &packet));
	return out;
}
