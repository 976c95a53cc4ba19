/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load generator without its ports; see traffic.h.
 *
 * Order of the file: set-up, building frames, what is due in each phase, arrivals, phases.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "discovery_packet.h"
#include "flows.h"
#include "pace.h"
#include "traffic.h"

#define SECOND UINT64_C(1000000000)
#define ASK_INTERVAL_NS (SECOND / 10u)        /* between ARP requests */
#define WARM_RATE 10u                         /* packets a second of each fixed flow in WARM */
#define RETRY_INTERVAL_NS (3u * SECOND / 10u) /* before unseen flows are tried again */
#define DRAIN_MIN_NS (SECOND / 5u)            /* for late duplicates */
#define DOWN_TRIES 64u                        /* flows looked at for one downlink packet */
#define N_REPLIES 4096u                       /* echo requests waiting for their answer */
#define N_FRESH 4096u                         /* opened flows waiting for their first packet */
#define N_ARP_REPLIES 16u
#define SPARE_SLOTS 64u
#define STAY_NS (2u * SECOND) /* of a visitor, once he is up */
#define VISITORS_A_LOGIN 8u   /* for each log-in a second: who is here, comes or goes */
#define LOGIN_RAMP 1000u      /* a second, of those who stay; at most */

enum pace_kind {
	PACE_UP_BULK,
	PACE_UP_PROBE,
	PACE_UP_ECHO,
	PACE_DOWN_BULK,
	PACE_DOWN_PROBE,
	N_PACES,
};

struct reply {
	uint32_t slot;
	uint64_t echo_ns; /* when the request was to be sent */
	uint64_t due_ns;  /* when it arrived */
};

struct arp_reply {
	uint8_t mac[FRAME_MAC_SIZE];
	uint32_t ip;   /* who asks */
	uint32_t mine; /* what for */
};

struct side {
	struct traffic_side_config config;
	bool resolved;
	uint64_t ask_ns; /* time of the next ARP request */
	uint32_t n_arp_replies;
	struct arp_reply arp_replies[N_ARP_REPLIES];
};

struct traffic {
	struct traffic_config config;
	enum traffic_phase phase;
	uint32_t first_window;
	uint64_t ready_ns;
	uint64_t stop_ns;
	struct side sides[TRAFFIC_N_SIDES];
	struct ledger *ledger;
	struct series *series;
	struct flows *flows;
	struct cells *cells;             /* NULL but for a gateway */
	struct subscribers *subscribers; /* NULL but for a concentrator */
	struct pace paces[N_PACES];
	struct pace churn;
	struct pace handovers;
	struct pace ramp; /* WARM: packets of fixed flows; RAMP: flows */
	struct pace warm_down;
	uint32_t cursors[N_PACES]; /* whose turn it is */
	uint32_t warm_cursor, warm_down_cursor;
	uint32_t retry_cursor;
	uint64_t
		retry_ns; /* RAMP, all open: time of the next look at unseen flows; 0: not all open */
	bool retry_found;  /* this look found an unseen flow */
	bool down_arrived; /* a downlink packet came through */
	struct reply replies[N_REPLIES];
	uint32_t reply_head, n_replies;
	uint32_t fresh[N_FRESH];
	uint32_t fresh_head, n_fresh;
	struct traffic_counts counts;
	struct hist lateness;
};

/* ---- set-up ---------------------------------------------------------------------------- */

static uint32_t
n_fixed(const struct traffic_config *c)
{
	return c->n_probes + c->n_echoes;
}

static uint64_t
special_rate(const struct traffic_config *c)
{
	return (uint64_t)c->n_probes * c->probe_rate + (uint64_t)c->n_echoes * c->echo_rate;
}

/* Every closed slot rests for the guard time, so there are that many more slots. */
static uint64_t
n_slots(const struct traffic_config *c)
{
	return n_fixed(c) + (uint64_t)c->n_flows + SPARE_SLOTS +
	       (uint64_t)c->churn * (c->guard_ns / 1000000u + 1u) / 1000u;
}

static const char *
check_gateway(const struct traffic_config *c)
{
	if (c->churn != 0)
		return "subscribers of a gateway do not come and go: no churn";
	if (c->n_cells < CELLS_MIN)
		return "a gateway needs at least 3 cells";
	if (c->n_subscribers < n_fixed(c) + c->n_flows)
		return "each flow through a gateway is a subscriber of its own: more subscribers";
	if (c->qfi > 63)
		return "a QFI is a number from 0 to 63";
	if (c->frame_size + tunnel_overhead(c->qfi) > FRAME_MAX_SIZE)
		return "no room for the tunnel's headers: smaller frames";
	return NULL;
}

/* Of those who stay and of the visitors. */
static uint64_t
n_subscribers_of_pppoe(const struct traffic_config *c)
{
	return n_fixed(c) + (uint64_t)c->n_flows + (uint64_t)c->logins * VISITORS_A_LOGIN;
}

/* A switch between them would send one's packets to the other. */
static bool
is_mac_taken(const struct traffic_config *c)
{
	uint32_t n = (uint32_t)n_subscribers_of_pppoe(c) + SUBSCRIBERS_LOOKING;

	for (unsigned i = 0; i < TRAFFIC_N_SIDES; i++)
		if (subscribers_have_mac(c->subscriber_mac, n, c->sides[i].mac) ||
		    subscribers_have_mac(c->subscriber_mac, n, c->sides[i].hop_mac))
			return true;
	return false;
}

static const char *
check_pppoe(const struct traffic_config *c)
{
	if (c->churn != 0)
		return "flows of a concentrator are its subscribers: no churn, but log-ins";
	if (n_subscribers_of_pppoe(c) > SUBSCRIBERS_MAX)
		return "more subscribers than there are session ids";
	if (is_mac_taken(c))
		return "a subscriber's MAC address is one of the ports', or of a next hop";
	if (c->outer > 4094 || c->inner > 4094 || (c->inner != 0 && c->outer == 0))
		return "VLAN ids are 1 to 4094, and no inner tag is without an outer one";
	if (c->frame_size > FRAME_MAX_SIZE - (PPPOE_HEAD + 2))
		return "no room for the session's headers: smaller frames";
	return NULL;
}

static const char *
check_role(const struct traffic_config *c)
{
	switch (c->role) {
	case TRAFFIC_GATEWAY:
		return check_gateway(c);
	case TRAFFIC_PPPOE:
		return check_pppoe(c);
	case TRAFFIC_NAT:
	default:
		return NULL;
	}
}

const char *
traffic_check(const struct traffic_config *c)
{
	if (c->n_probes == 0 || c->probe_rate == 0)
		return "at least one probe flow is needed";
	if (c->n_echoes > 0 && c->echo_rate == 0)
		return "echo flows need a rate";
	if (c->rate[LEDGER_UP] < special_rate(c) || c->rate[LEDGER_DOWN] < special_rate(c))
		return "the rate is smaller than what probe and echo flows take of it";
	if (c->n_flows > 0 && c->rate[LEDGER_UP] - special_rate(c) <= c->churn)
		return "churn needs a higher rate: each new flow sends a packet";
	if (c->n_flows == 0 && c->churn > 0)
		return "churn needs bulk flows";
	if (c->ramp_rate == 0)
		return "the ramp needs a rate";
	if (c->frame_size < FRAME_MIN_SIZE || c->frame_size > FRAME_MAX_SIZE)
		return "frame size must be 90 to 1514 bytes";
	if (n_slots(c) > JUDGE_MAX_FLOWS)
		return "too many flows";
	return check_role(c);
}

static int
create_subscribers(struct traffic *t, uint64_t now_ns)
{
	const struct traffic_config *c = &t->config;
	struct subscribers_config config = {
		.n_staying = n_fixed(c) + c->n_flows,
		.n_visitors = c->logins * VISITORS_A_LOGIN,
		.ramp = c->ramp_rate < LOGIN_RAMP ? c->ramp_rate : LOGIN_RAMP,
		.logins = c->logins,
		.looks = c->looks,
		.stay_ns = STAY_NS,
		.line = {.outer_type = c->inner != 0 ? 0x88a8 : 0x8100,
			 .outer = (uint16_t)c->outer,
			 .inner = (uint16_t)c->inner},
		.user = c->user,
		.password = c->password,
		.group = {.service = "",
			  .mru = 1492,
			  .dns = true,
			  .restart_ns = SECOND,
			  .max_tries = 10,
			  .echo_ns = 5 * SECOND,
			  .max_echoes = 3,
			  .random = c->seed | 1u},
	};

	memcpy(config.line.mac, c->subscriber_mac, FRAME_MAC_SIZE);
	return subscribers_create(&config, now_ns, &t->subscribers);
}

static int
create_parts(struct traffic *t, uint64_t now_ns)
{
	const struct traffic_config *c = &t->config;
	struct flows_config flows = {
		.n_slots = (uint32_t)n_slots(c),
		.n_fixed = n_fixed(c),
		.guard_ns = c->guard_ns,
		.subscriber_base = c->subscriber_base,
		.n_subscribers = c->n_subscribers,
		.remote_base = c->remote_base,
		.n_remotes = c->n_remotes,
		.seed = c->seed,
	};
	const struct cells_config cells = {
		.n_subscribers = n_fixed(c) + c->n_flows,
		.n_cells = c->n_cells,
		.base = c->cell_base,
		.seed = c->seed,
	};
	int error = flows_create(&flows, &t->flows);

	if (error == 0)
		error = ledger_create(flows.n_slots, "ramp", now_ns, &t->ledger);
	if (error == 0)
		error = series_create(now_ns, c->series_bin_ns, c->series_n_bins, &t->series);
	if (error == 0 && c->role == TRAFFIC_GATEWAY)
		error = cells_create(&cells, t->ledger, &t->cells);
	if (error == 0 && c->role == TRAFFIC_PPPOE)
		error = create_subscribers(t, now_ns);
	return error;
}

int
traffic_create(const struct traffic_config *config, uint64_t now_ns, struct traffic **ret_traffic)
{
	static const uint8_t none[FRAME_MAC_SIZE];
	struct traffic *t;
	int error;

	if (traffic_check(config) != NULL)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->config = *config;
	for (unsigned i = 0; i < TRAFFIC_N_SIDES; i++) {
		t->sides[i].config = config->sides[i];
		t->sides[i].resolved = memcmp(config->sides[i].hop_mac, none, sizeof(none)) != 0;
		t->sides[i].ask_ns = now_ns;
	}
	if (config->role == TRAFFIC_PPPOE) { /* found by discovery */
		t->sides[TRAFFIC_INSIDE].resolved = false;
		t->sides[TRAFFIC_INSIDE].ask_ns = PACE_NEVER;
	}
	error = create_parts(t, now_ns);
	if (error != 0) {
		traffic_destroy(t);
		return error;
	}
	t->first_window = ledger_n_windows(t->ledger);
	*ret_traffic = t;
	return 0;
}

void
traffic_destroy(struct traffic *t)
{
	if (t == NULL)
		return;
	flows_destroy(t->flows);
	cells_destroy(t->cells);
	subscribers_destroy(t->subscribers);
	ledger_destroy(t->ledger);
	series_destroy(t->series);
	free(t);
}

/* ---- flows -------------------------------------------------------------------------------- */

static bool
is_probe(const struct traffic *t, uint32_t slot)
{
	return slot < t->config.n_probes;
}

/* Its subscriber's; a concentrator has given it. */
static ledger_endpoint
inside_of(const struct traffic *t, uint32_t slot)
{
	ledger_endpoint inside = flows_inside(t->flows, slot);

	if (t->subscribers == NULL)
		return inside;
	return LEDGER_ENDPOINT(subscribers_at(t->subscribers, slot)->ipv4, (uint16_t)inside);
}

/* Opens a flow in the next free slot; a life that rested there is over now. */
static bool
open_flow(struct traffic *t, uint64_t now_ns, uint32_t *ret_slot)
{
	struct ledger_flow_config config;
	uint32_t slot;

	if (!flows_open(t->flows, now_ns, &slot)) {
		t->counts.open_deferred++;
		return false;
	}
	if (ledger_is_open(t->ledger, slot))
		ledger_settle(t->ledger, slot, now_ns);
	config = (struct ledger_flow_config){
		.inside = inside_of(t, slot),
		.remote = flows_remote(t->flows, slot),
		.flags = is_probe(t, slot) ? LEDGER_PROBE : 0,
	};
	ledger_open(t->ledger, slot, &config);
	t->counts.opened++;
	*ret_slot = slot;
	return true;
}

/* The next flow in turn. */
static uint32_t
next_bulk(struct traffic *t, enum pace_kind kind)
{
	uint32_t i = t->cursors[kind] < flows_n_open(t->flows) ? t->cursors[kind] : 0;

	t->cursors[kind] = i + 1u;
	return flows_open_at(t->flows, i);
}

static bool
next_up_bulk(struct traffic *t, uint32_t *ret_slot)
{
	while (t->n_fresh > 0) {
		*ret_slot = t->fresh[t->fresh_head];
		t->fresh_head = (t->fresh_head + 1u) % N_FRESH;
		t->n_fresh--;
		if (flows_is_open(t->flows, *ret_slot))
			return true;
	}
	if (flows_n_open(t->flows) == 0)
		return false;
	*ret_slot = next_bulk(t, PACE_UP_BULK);
	return true;
}

/* Downlink goes only to flows whose external endpoint is known. */
static bool
next_down_bulk(struct traffic *t, uint32_t *ret_slot)
{
	for (uint32_t i = 0; i < DOWN_TRIES && flows_n_open(t->flows) > 0; i++) {
		*ret_slot = next_bulk(t, PACE_DOWN_BULK);
		if (ledger_external(t->ledger, *ret_slot) != 0)
			return true;
	}
	t->counts.idle_turns++;
	return false;
}

/* ---- building frames ------------------------------------------------------------------------ */

static uint32_t
endpoint_ip(ledger_endpoint e)
{
	return (uint32_t)(e >> 16);
}

/* The packet is written behind the room for it; see tunnel_write(). */
static size_t
write_tunnel(struct traffic *t, uint32_t slot, uint8_t *frame)
{
	const struct traffic_side_config *side = &t->sides[TRAFFIC_INSIDE].config;
	struct tunnel_end end = {
		.src_ip = cells_address(t->cells, slot),
		.dst_ip = side->hop_ip,
		.teid = cells_gateway_teid(endpoint_ip(flows_inside(t->flows, slot))),
		.qfi = t->config.qfi,
	};

	memcpy(end.src_mac, side->mac, FRAME_MAC_SIZE);
	memcpy(end.dst_mac, side->hop_mac, FRAME_MAC_SIZE);
	return tunnel_write(frame, t->config.frame_size, &end);
}

/* Octets in front of an uplink frame's own. */
static size_t
overhead(const struct traffic *t, uint32_t slot)
{
	if (t->cells != NULL)
		return tunnel_overhead(t->config.qfi);
	if (t->subscribers != NULL)
		return subscriber_front(subscribers_at(t->subscribers, slot)) - BYTES_ETHER;
	return 0;
}

/* Makes of the packet behind the room for it what the network function takes. */
static size_t
wrap_uplink(struct traffic *t, uint32_t slot, uint32_t seq, uint8_t *frame)
{
	if (t->subscribers != NULL)
		return subscriber_wrap(subscribers_at(t->subscribers, slot), frame,
				       t->config.frame_size - BYTES_ETHER);
	if (t->cells == NULL)
		return t->config.frame_size;
	cells_sent(t->cells, slot, seq);
	return write_tunnel(t, slot, frame);
}

/* Writes the flow's next packet. */
static size_t
write_packet(struct traffic *t, uint32_t slot, enum ledger_direction direction,
	     const struct frame_payload *times, uint8_t *frame)
{
	const struct traffic_side_config *side = &t->sides[direction].config;
	ledger_endpoint remote = flows_remote(t->flows, slot);
	ledger_endpoint local =
		direction == LEDGER_UP ? inside_of(t, slot) : ledger_external(t->ledger, slot);
	ledger_endpoint src = direction == LEDGER_UP ? local : remote;
	ledger_endpoint dst = direction == LEDGER_UP ? remote : local;
	struct frame_addresses a = {.src_ip = endpoint_ip(src),
				    .dst_ip = endpoint_ip(dst),
				    .src_port = (uint16_t)src,
				    .dst_port = (uint16_t)dst};
	struct frame_payload payload = *times;
	size_t front = direction == LEDGER_UP ? overhead(t, slot) : 0;

	memcpy(a.src_mac, side->mac, FRAME_MAC_SIZE);
	memcpy(a.dst_mac, side->hop_mac, FRAME_MAC_SIZE);
	payload.ticket = ledger_send(t->ledger, slot, direction);
	series_sent(t->series, payload.sent_ns);
	frame_write_udp(frame + front, t->config.frame_size, &a, &payload);
	return direction == LEDGER_UP ? wrap_uplink(t, slot, payload.ticket.seq, frame)
				      : t->config.frame_size;
}

static size_t
write_arp_reply(struct side *s, uint8_t *frame)
{
	const struct arp_reply *r = &s->arp_replies[--s->n_arp_replies];
	struct frame_addresses a = {.src_ip = r->mine, .dst_ip = r->ip};

	memcpy(a.src_mac, s->config.mac, FRAME_MAC_SIZE);
	memcpy(a.dst_mac, r->mac, FRAME_MAC_SIZE);
	frame_write_arp(frame, FRAME_ARP_REPLY, &a);
	return FRAME_ARP_SIZE;
}

static size_t
write_arp_request(struct traffic *t, struct side *s, uint64_t now_ns, uint8_t *frame)
{
	struct frame_addresses a = {.src_ip = s->config.ip, .dst_ip = s->config.hop_ip};

	memcpy(a.src_mac, s->config.mac, FRAME_MAC_SIZE);
	frame_write_arp(frame, FRAME_ARP_REQUEST, &a);
	s->ask_ns = now_ns + ASK_INTERVAL_NS;
	t->counts.arp_asked++;
	return FRAME_ARP_SIZE;
}

static size_t
write_reply(struct traffic *t, uint8_t *frame)
{
	const struct reply *r = &t->replies[t->reply_head];
	struct frame_payload times = {
		.kind = FRAME_ECHO_REPLY, .sent_ns = r->due_ns, .echo_ns = r->echo_ns};

	t->reply_head = (t->reply_head + 1u) % N_REPLIES;
	t->n_replies--;
	return write_packet(t, r->slot, LEDGER_DOWN, &times, frame);
}

/* ---- what is due in RUN ------------------------------------------------------------------------ */

/* Whose turn it is on this pace. */
static bool
pick(struct traffic *t, enum pace_kind kind, uint32_t *ret_slot)
{
	uint32_t i = t->cursors[kind];

	switch (kind) {
	case PACE_UP_BULK:
		return next_up_bulk(t, ret_slot);
	case PACE_DOWN_BULK:
		return next_down_bulk(t, ret_slot);
	case PACE_UP_ECHO:
		*ret_slot = t->config.n_probes + i % t->config.n_echoes;
		break;
	case PACE_UP_PROBE:
	case PACE_DOWN_PROBE:
	default:
		*ret_slot = i % t->config.n_probes;
		break;
	}
	t->cursors[kind] = i + 1u;
	return true;
}

/* Up to when packets are due: what comes after the stop is none of the load. */
static uint64_t
last_due(const struct traffic *t, uint64_t now_ns)
{
	return t->phase == TRAFFIC_DRAIN ? t->stop_ns : now_ns;
}

static size_t
next_of_pace(struct traffic *t, enum pace_kind kind, uint64_t now_ns, uint8_t *frame)
{
	enum ledger_direction direction = kind < PACE_DOWN_BULK ? LEDGER_UP : LEDGER_DOWN;
	struct frame_payload times = {.kind = kind == PACE_UP_ECHO ? FRAME_ECHO_REQUEST
								   : FRAME_PLAIN};
	uint32_t slot;

	if (!pace_take(&t->paces[kind], last_due(t, now_ns), t->config.max_late_ns, &times.sent_ns))
		return 0;
	/* A downlink turn without a flow that is known outside is the network's doing: it lost the
	 * opening packets. */
	if (!pick(t, kind, &slot))
		return 0;
	hist_add(&t->lateness, now_ns - times.sent_ns);
	return write_packet(t, slot, direction, &times, frame);
}

/* The pace of this side whose packet is due first. */
static size_t
next_in_run(struct traffic *t, enum traffic_side side, uint64_t now_ns, uint8_t *frame)
{
	enum pace_kind first = side == TRAFFIC_INSIDE ? PACE_UP_BULK : PACE_DOWN_BULK;
	enum pace_kind end = side == TRAFFIC_INSIDE ? PACE_DOWN_BULK : N_PACES;
	enum pace_kind best = first;

	for (enum pace_kind k = first; k < end; k++)
		if (t->paces[k].due_ns < t->paces[best].due_ns)
			best = k;
	return next_of_pace(t, best, now_ns, frame);
}

/* ---- what is due in WARM and RAMP --------------------------------------------------------------- */

static size_t
next_in_warm(struct traffic *t, enum traffic_side side, uint64_t now_ns, uint8_t *frame)
{
	struct frame_payload times = {.kind = FRAME_PLAIN};
	bool up = side == TRAFFIC_INSIDE;
	struct pace *pace = up ? &t->ramp : &t->warm_down;
	uint32_t *cursor = up ? &t->warm_cursor : &t->warm_down_cursor;
	uint32_t slot;

	if (!pace_take(pace, now_ns, t->config.max_late_ns, &times.sent_ns))
		return 0;
	slot = (*cursor)++ % n_fixed(&t->config);
	if (!up && ledger_external(t->ledger, slot) == 0)
		return 0;
	return write_packet(t, slot, up ? LEDGER_UP : LEDGER_DOWN, &times, frame);
}

static bool
next_unseen(struct traffic *t, uint32_t *ret_slot)
{
	while (t->retry_cursor < flows_n_open(t->flows)) {
		*ret_slot = flows_open_at(t->flows, t->retry_cursor++);
		if (ledger_external(t->ledger, *ret_slot) == 0)
			return true;
	}
	return false;
}

static size_t
next_in_ramp(struct traffic *t, uint64_t now_ns, uint8_t *frame)
{
	struct frame_payload times = {.kind = FRAME_PLAIN};
	bool all_open = flows_n_open(t->flows) == t->config.n_flows;
	uint32_t slot;

	if (now_ns < t->retry_ns ||
	    !pace_take(&t->ramp, now_ns, t->config.max_late_ns, &times.sent_ns))
		return 0;
	if (all_open) {
		if (!next_unseen(t, &slot))
			return 0;
		t->retry_found = true;
	} else if (!open_flow(t, now_ns, &slot)) {
		return 0;
	}
	return write_packet(t, slot, LEDGER_UP, &times, frame);
}

size_t
traffic_next(struct traffic *t, enum traffic_side side, uint64_t now_ns, uint8_t *frame)
{
	struct side *s = &t->sides[side];
	size_t size;

	if (side == TRAFFIC_INSIDE && t->subscribers != NULL) {
		size = subscribers_next(t->subscribers, frame);
		if (size != 0)
			return size;
	}
	if (s->n_arp_replies > 0)
		return write_arp_reply(s, frame);
	if (!s->resolved && now_ns >= s->ask_ns)
		return write_arp_request(t, s, now_ns, frame);
	if (side == TRAFFIC_OUTSIDE && t->n_replies > 0)
		return write_reply(t, frame);
	switch (t->phase) {
	case TRAFFIC_WARM:
		return next_in_warm(t, side, now_ns, frame);
	case TRAFFIC_RAMP:
		return side == TRAFFIC_INSIDE ? next_in_ramp(t, now_ns, frame) : 0;
	case TRAFFIC_RUN:
		return next_in_run(t, side, now_ns, frame);
	case TRAFFIC_DRAIN:
		return t->ready_ns != 0 ? next_in_run(t, side, now_ns, frame) : 0;
	case TRAFFIC_RESOLVE:
	case TRAFFIC_DONE:
	default:
		return 0;
	}
}

/* A frame that traffic_next() wrote; *ret_inside: what a cell or a subscriber sends. */
static struct frame_view
parse_own(const struct traffic *t, const uint8_t *frame, size_t size, bool *ret_inside)
{
	struct tunnel_view tunnel = tunnel_parse(frame, size);
	const uint8_t *packet;
	size_t packet_size;

	*ret_inside = true;
	if (t->cells != NULL && tunnel.kind == TUNNEL_G_PDU)
		return frame_parse_packet(tunnel.packet, tunnel.packet_size);
	if (t->subscribers != NULL &&
	    subscribers_own_data(t->subscribers, frame, size, &packet, &packet_size))
		return frame_parse_packet(packet, packet_size);
	*ret_inside = false;
	return frame_parse(frame, size, true);
}

bool
traffic_take_back(struct traffic *t, const uint8_t *frame, size_t size)
{
	bool inside;
	struct frame_view v = parse_own(t, frame, size, &inside);
	struct frame_payload payload;

	if (v.kind != FRAME_UDP || !frame_payload_parse(v.payload, v.payload_size, &payload) ||
	    !ledger_unsend(t->ledger, &payload.ticket))
		return false;
	if (inside && t->cells != NULL)
		cells_unsent(t->cells, payload.ticket.flow, payload.ticket.seq);
	series_unsent(t->series, payload.sent_ns);
	t->counts.unsent++;
	return true;
}

/* ---- arrivals ------------------------------------------------------------------------------------ */

static void
answer_arp(struct traffic *t, struct side *s, const struct frame_view *v)
{
	struct arp_reply *r = &s->arp_replies[s->n_arp_replies];

	if (v->dst_ip != s->config.ip || v->src_ip == s->config.ip ||
	    s->n_arp_replies == N_ARP_REPLIES)
		return;
	memcpy(r->mac, v->src_mac, FRAME_MAC_SIZE);
	r->ip = v->src_ip;
	r->mine = s->config.ip;
	s->n_arp_replies++;
	t->counts.arp_answered++;
}

static void
learn_hop(struct side *s, const struct frame_view *v)
{
	if (s->resolved || v->src_ip != s->config.hop_ip)
		return;
	memcpy(s->config.hop_mac, v->src_mac, FRAME_MAC_SIZE);
	s->resolved = true;
}

/* An echo request that came through for the first time is answered. */
static void
queue_reply(struct traffic *t, const struct frame_payload *p, uint64_t now_ns)
{
	if (t->n_replies == N_REPLIES) {
		t->counts.echo_overflow++;
		t->counts.unsent++;
		return;
	}
	t->replies[(t->reply_head + t->n_replies++) % N_REPLIES] =
		(struct reply){.slot = p->ticket.flow, .echo_ns = p->sent_ns, .due_ns = now_ns};
}

static void
note_first_arrival(struct traffic *t, enum traffic_side side, const struct frame_payload *p,
		   uint64_t now_ns)
{
	series_arrived(t->series, p->sent_ns, now_ns);
	if (side == TRAFFIC_INSIDE)
		t->down_arrived = true;
	if (side == TRAFFIC_OUTSIDE && p->kind == FRAME_ECHO_REQUEST)
		queue_reply(t, p, now_ns);
	if (side == TRAFFIC_INSIDE && p->kind == FRAME_ECHO_REPLY) {
		ledger_round_trip(t->ledger, &p->ticket, now_ns - p->echo_ns);
		series_round_trip(t->series, p->echo_ns, now_ns);
	}
}

/* A packet for our addresses that cannot be read is one of ours, damaged. */
static bool
is_ours(const struct traffic *t, enum traffic_side side, uint32_t ip)
{
	const struct traffic_config *c = &t->config;

	return side == TRAFFIC_INSIDE ? ip - c->subscriber_base < c->n_subscribers
				      : ip - c->remote_base < c->n_remotes;
}

/* An arrival of a known flow. */
static void
note_in_cells(struct traffic *t, const struct ledger_arrival *a)
{
	uint32_t subscriber = a->ticket.flow;

	if (a->direction == LEDGER_UP)
		cells_uplink_arrived(t->cells, subscriber, a->ticket.seq, a->now_ns);
	cells_count_usage(t->cells, subscriber, a->direction, t->config.frame_size - BYTES_ETHER);
}

#define NOBODY UINT32_MAX

/* Where a packet came out. */
struct place {
	const struct tunnel_view *tunnel; /* in a cell; NULL: not there */
	uint32_t subscriber;              /* in whose session; NOBODY: in none */
};

static void
arrive_udp(struct traffic *t, enum traffic_side side, const struct frame_view *v,
	   const struct place *place, uint64_t now_ns)
{
	enum ledger_direction direction = side == TRAFFIC_OUTSIDE ? LEDGER_UP : LEDGER_DOWN;
	struct ledger_arrival arrival = {
		.direction = direction,
		.src = LEDGER_ENDPOINT(v->src_ip, v->src_port),
		.dst = LEDGER_ENDPOINT(v->dst_ip, v->dst_port),
		.now_ns = now_ns,
	};
	struct frame_payload payload;
	uint32_t findings;

	series_received(t->series, now_ns);
	if (v->kind != FRAME_UDP || v->checksum_missing ||
	    !frame_payload_parse(v->payload, v->payload_size, &payload)) {
		ledger_corrupt(t->ledger, direction, now_ns);
		return;
	}
	arrival.ticket = payload.ticket;
	arrival.sent_ns = payload.sent_ns;
	if (place->tunnel != NULL)
		arrival.cell = cells_seen(t->cells, payload.ticket.flow, place->tunnel->dst_ip,
					  place->tunnel->teid);
	if (place->subscriber != NOBODY && place->subscriber != payload.ticket.flow)
		arrival.dst = 0; /* in the session of another */
	findings = ledger_arrive(t->ledger, &arrival);
	if (t->cells != NULL && (findings & LEDGER_UNKNOWN) == 0)
		note_in_cells(t, &arrival);
	if ((findings & (LEDGER_DUPLICATE | LEDGER_STALE | LEDGER_UNKNOWN)) == 0)
		note_first_arrival(t, side, &payload, now_ns);
}

/* Is it one of the generator's packets? A readable one always, others by their address. */
static bool
is_traffic(const struct traffic *t, enum traffic_side side, const struct frame_view *v)
{
	struct frame_payload payload;

	if (v->kind != FRAME_UDP && v->kind != FRAME_BROKEN)
		return false;
	return is_ours(t, side, v->dst_ip) ||
	       (v->payload != NULL && frame_payload_parse(v->payload, v->payload_size, &payload));
}

/* What comes to a cell: a packet in a tunnel, or a message of the gateway. */
static void
arrive_tunnel(struct traffic *t, const uint8_t *frame, size_t size, uint64_t now_ns)
{
	struct tunnel_view tunnel = tunnel_parse(frame, size);
	struct frame_view v;

	if (tunnel.kind == TUNNEL_END_MARKER) {
		cells_end_marker(t->cells, tunnel.dst_ip, tunnel.teid);
		return;
	}
	if (tunnel.kind != TUNNEL_G_PDU) {
		t->counts.ignored++;
		return;
	}
	v = frame_parse_packet(tunnel.packet, tunnel.packet_size);
	if (!is_traffic(t, TRAFFIC_INSIDE, &v))
		t->counts.ignored++;
	else if (tunnel.qfi != t->config.qfi)
		ledger_corrupt(t->ledger, LEDGER_DOWN, now_ns);
	else
		arrive_udp(t, TRAFFIC_INSIDE, &v, &(struct place){&tunnel, NOBODY}, now_ns);
}

/* What comes to a subscriber: the concentrator's word, or a packet in his session. */
static void
arrive_session(struct traffic *t, const uint8_t *frame, size_t size, uint64_t now_ns)
{
	const uint8_t *packet;
	struct frame_view v;
	uint32_t number;
	size_t packet_size;

	if (!subscribers_take(t->subscribers, frame, size, now_ns, &number, &packet, &packet_size))
		return;
	v = frame_parse_packet(packet, packet_size);
	if (is_traffic(t, TRAFFIC_INSIDE, &v))
		arrive_udp(t, TRAFFIC_INSIDE, &v, &(struct place){NULL, number}, now_ns);
	else
		t->counts.ignored++;
}

void
traffic_arrive(struct traffic *t, enum traffic_side side, const uint8_t *frame, size_t size,
	       bool verified, uint64_t now_ns)
{
	struct side *s = &t->sides[side];
	struct frame_view v;

	if (t->subscribers != NULL && side == TRAFFIC_INSIDE) {
		arrive_session(t, frame, size, now_ns);
		return;
	}
	v = frame_parse(frame, size, verified);
	if (v.kind == FRAME_ARP_REQUEST) {
		answer_arp(t, s, &v);
	} else if (memcmp(v.dst_mac, s->config.mac, FRAME_MAC_SIZE) != 0) {
		t->counts.foreign_mac++;
	} else if (v.kind == FRAME_ARP_REPLY) {
		learn_hop(s, &v);
	} else if (t->cells != NULL && side == TRAFFIC_INSIDE) {
		arrive_tunnel(t, frame, size, now_ns);
	} else if (is_traffic(t, side, &v)) {
		t->counts.verified += verified;
		arrive_udp(t, side, &v, &(struct place){NULL, NOBODY}, now_ns);
	} else {
		t->counts.ignored++;
	}
}

/* ---- phases ----------------------------------------------------------------------------------------- */

static void
enter_warm(struct traffic *t, uint64_t now_ns)
{
	uint32_t slot;

	for (uint32_t i = 0; i < n_fixed(&t->config); i++)
		open_flow(t, now_ns, &slot);
	pace_start(&t->ramp, WARM_RATE * n_fixed(&t->config), now_ns);
	pace_start(&t->warm_down, WARM_RATE * n_fixed(&t->config), now_ns);
	t->phase = TRAFFIC_WARM;
}

static bool
warm_is_over(const struct traffic *t)
{
	for (uint32_t i = 0; i < n_fixed(&t->config); i++)
		if (ledger_external(t->ledger, i) == 0)
			return false;
	return t->down_arrived;
}

static void
enter_ramp(struct traffic *t, uint64_t now_ns)
{
	pace_start(&t->ramp, t->config.ramp_rate, now_ns);
	t->phase = TRAFFIC_RAMP;
}

/* The paces begin a little apart, so that they are not due at the same moments for ever. */
static void
enter_run(struct traffic *t, uint64_t now_ns)
{
	const struct traffic_config *c = &t->config;
	const uint64_t rates[N_PACES] = {
		[PACE_UP_BULK] = c->n_flows > 0 ? c->rate[LEDGER_UP] - special_rate(c) : 0,
		[PACE_DOWN_BULK] = c->n_flows > 0 ? c->rate[LEDGER_DOWN] - special_rate(c) : 0,
		[PACE_UP_PROBE] = (uint64_t)c->n_probes * c->probe_rate,
		[PACE_DOWN_PROBE] = (uint64_t)c->n_probes * c->probe_rate,
		[PACE_UP_ECHO] = (uint64_t)c->n_echoes * c->echo_rate,
	};

	for (unsigned k = 0; k < N_PACES; k++)
		pace_start(&t->paces[k], rates[k], now_ns + 7919u * k);
	pace_start(&t->churn, c->churn, now_ns);
	pace_start(&t->handovers, t->cells != NULL ? c->handovers : 0, now_ns);
	t->cursors[PACE_DOWN_BULK] = c->n_flows / 2u;
	ledger_forget_gaps(t->ledger); /* probes rested during the ramp */
	ledger_expect_all(t->ledger);
	t->first_window = (uint32_t)ledger_mark(t->ledger, "run", now_ns);
	t->ready_ns = now_ns;
	t->phase = TRAFFIC_RUN;
}

/* All flows are open: look again and again for those that were not seen outside. */
static void
tick_ramp(struct traffic *t, uint64_t now_ns)
{
	if (flows_n_open(t->flows) < t->config.n_flows || now_ns < t->retry_ns)
		return;
	if (t->retry_ns != 0 && t->retry_cursor < flows_n_open(t->flows))
		return;
	if (t->retry_ns != 0 && !t->retry_found) {
		enter_run(t, now_ns);
		return;
	}
	t->retry_cursor = 0;
	t->retry_found = false;
	t->retry_ns = now_ns + RETRY_INTERVAL_NS;
	pace_start(&t->ramp, t->config.ramp_rate, t->retry_ns);
}

static void
push_fresh(struct traffic *t, uint32_t slot)
{
	if (t->n_fresh < N_FRESH)
		t->fresh[(t->fresh_head + t->n_fresh++) % N_FRESH] = slot;
}

static void
tick_run(struct traffic *t, uint64_t now_ns)
{
	uint64_t due_ns;
	uint32_t slot;

	while (pace_take(&t->churn, now_ns, t->config.max_late_ns, &due_ns))
		if (flows_close(t->flows, now_ns, &slot)) {
			ledger_let_go(t->ledger, slot);
			t->counts.closed++;
		}
	while (flows_n_open(t->flows) < t->config.n_flows && open_flow(t, now_ns, &slot))
		push_fresh(t, slot);
	while (pace_take(&t->handovers, now_ns, t->config.max_late_ns, &due_ns))
		if (cells_handover(t->cells, &slot))
			push_fresh(t, slot);
}

/* Is something still to be sent that was due before the stop? */
static bool
is_behind(const struct traffic *t)
{
	for (unsigned k = 0; k < N_PACES; k++)
		if (t->ready_ns != 0 && t->paces[k].due_ns <= t->stop_ns)
			return true;
	return false;
}

static void
tick_drain(struct traffic *t, uint64_t now_ns)
{
	uint64_t passed = now_ns - t->stop_ns;

	if (passed < DRAIN_MIN_NS ||
	    (passed < t->config.drain_ns &&
	     (is_behind(t) || ledger_outstanding(t->ledger, t->first_window) > 0)))
		return;
	t->phase = TRAFFIC_DONE;
}

/* All who stay have come in. */
static void
tick_subscribers(struct traffic *t, uint64_t now_ns)
{
	subscribers_tick(t->subscribers, now_ns);
	if (!t->sides[TRAFFIC_INSIDE].resolved &&
	    subscribers_n_up(t->subscribers) == n_fixed(&t->config) + t->config.n_flows)
		t->sides[TRAFFIC_INSIDE].resolved = true;
}

void
traffic_tick(struct traffic *t, uint64_t now_ns)
{
	if (t->subscribers != NULL)
		tick_subscribers(t, now_ns);
	switch (t->phase) {
	case TRAFFIC_RESOLVE:
		if (t->sides[0].resolved && t->sides[1].resolved)
			enter_warm(t, now_ns);
		break;
	case TRAFFIC_WARM:
		if (warm_is_over(t))
			enter_ramp(t, now_ns);
		break;
	case TRAFFIC_RAMP:
		tick_ramp(t, now_ns);
		break;
	case TRAFFIC_RUN:
		tick_run(t, now_ns);
		break;
	case TRAFFIC_DRAIN:
		tick_drain(t, now_ns);
		break;
	case TRAFFIC_DONE:
		break;
	}
}

int
traffic_mark(struct traffic *t, const char *name, uint64_t now_ns)
{
	return t->phase == TRAFFIC_RUN ? ledger_mark(t->ledger, name, now_ns) : -EAGAIN;
}

void
traffic_stop(struct traffic *t, uint64_t now_ns)
{
	if (t->phase >= TRAFFIC_DRAIN)
		return;
	t->phase = TRAFFIC_DRAIN;
	t->stop_ns = now_ns;
	if (t->subscribers != NULL)
		subscribers_stop_visits(t->subscribers);
}

void
traffic_finish(struct traffic *t, uint64_t now_ns)
{
	if (t->phase < TRAFFIC_DRAIN)
		t->stop_ns = now_ns;
	for (unsigned k = 0; t->ready_ns != 0 && k < N_PACES; k++)
		pace_give_up(&t->paces[k], t->stop_ns);
	t->counts.unsent += t->n_replies;
	ledger_finish(t->ledger, now_ns);
	series_finish(t->series);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
traffic_next_due(const struct traffic *t)
{
	uint64_t due = t->n_replies > 0 ? 0 : PACE_NEVER;

	for (unsigned i = 0; i < TRAFFIC_N_SIDES; i++) {
		if (!t->sides[i].resolved)
			due = earlier(due, t->sides[i].ask_ns);
		if (t->sides[i].n_arp_replies > 0)
			due = 0;
	}
	if (t->phase == TRAFFIC_WARM)
		due = earlier(due, earlier(t->ramp.due_ns, t->warm_down.due_ns));
	if (t->phase == TRAFFIC_RAMP)
		due = earlier(due, t->ramp.due_ns);
	if (t->phase == TRAFFIC_DRAIN && is_behind(t))
		due = 0;
	if (t->phase == TRAFFIC_RUN) {
		due = earlier(due, earlier(t->churn.due_ns, t->handovers.due_ns));
		for (unsigned k = 0; k < N_PACES; k++)
			due = earlier(due, t->paces[k].due_ns);
	}
	return due;
}

/* ---- readers -------------------------------------------------------------------------------------------- */

enum traffic_phase
traffic_phase(const struct traffic *t)
{
	return t->phase;
}

const char *
traffic_phase_name(enum traffic_phase phase)
{
	static const char *const names[] = {"resolve", "warm", "ramp", "run", "drain", "done"};

	return names[phase];
}

const char *
traffic_role_name(enum traffic_role role)
{
	static const char *const names[] = {"nat", "gateway", "pppoe"};

	return names[role];
}

const struct traffic_config *
traffic_config_of(const struct traffic *t)
{
	return &t->config;
}

const struct ledger *
traffic_ledger(const struct traffic *t)
{
	return t->ledger;
}

const struct series *
traffic_series(const struct traffic *t)
{
	return t->series;
}

const struct cells *
traffic_cells(const struct traffic *t)
{
	return t->cells;
}

const struct subscribers *
traffic_subscribers(const struct traffic *t)
{
	return t->subscribers;
}

struct traffic_counts
traffic_counts(const struct traffic *t)
{
	struct traffic_counts c = t->counts;

	for (unsigned k = 0; k < N_PACES; k++)
		c.unsent += t->paces[k].skipped;
	c.undone += t->churn.skipped + t->handovers.skipped;
	if (t->subscribers != NULL)
		c.undone += subscribers_counts(t->subscribers).no_visitor;
	return c;
}

struct load
traffic_load(const struct traffic *t)
{
	struct traffic_counts c = traffic_counts(t);
	struct load load = {
		.judged = t->ready_ns != 0,
		.span_ns = t->ready_ns != 0 ? t->stop_ns - t->ready_ns : 0,
		.unsent = c.unsent,
		.undone = c.undone,
		.silent = ledger_n_silent(t->ledger),
	};

	for (uint32_t i = t->first_window; i < ledger_n_windows(t->ledger); i++)
		for (unsigned d = 0; d < LEDGER_N_DIRECTIONS; d++)
			ledger_counts_add(&load.counts[d],
					  &ledger_window_at(t->ledger, i)->counts[d]);
	return load;
}

const struct hist *
traffic_lateness(const struct traffic *t)
{
	return &t->lateness;
}

uint32_t
traffic_n_open(const struct traffic *t)
{
	return flows_n_open(t->flows) + (t->phase > TRAFFIC_RESOLVE ? n_fixed(&t->config) : 0);
}

uint32_t
traffic_first_window(const struct traffic *t)
{
	return t->first_window;
}

uint64_t
traffic_ready_ns(const struct traffic *t)
{
	return t->ready_ns;
}
