/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and packets of one switch, by the steps in buffer.h. */
#include "buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "bridge.h"
#include "fresh.h"
#include "log.h"

/* Packets that are played and of which it is not known that they are out. Open vSwitch takes 50 messages in a turn:
 * a few turns keep it busy, and more would only make the way longer for what comes behind, and longer the time
 * in which the switch, once the rules are gone, passes it. */
#define PLAY_BATCH 64u /* with a barrier behind it */
#define PLAY_BATCHES 4u
#define PROBE_NS UINT64_C(15000000000)
#define REQUEST_NS UINT64_C(10000000000)
#define PROOF_NS UINT64_C(5000000000)

enum state { IDLE, RAISING, HELD, PLAYING, LOWERING, PROVING, DRAINING, N_STATES };

struct way {
	char in_name[OF_PORT_NAME_SIZE];
	uint32_t in;
	uint32_t out; /* 0: not yet */
};

struct buffer {
	struct event_base *base;
	struct bridge *bridge;
	enum state state;
	struct queue queue;
	struct way ways[COMMAND_MAX_PORTS];
	unsigned n_ways;
	struct buffer_counts counts; /* without those of the queue */
	uint32_t bundle;
	uint32_t tidy_bundle;
	bool all_here;      /* what came up before the barrier of DRAINING */
	struct event *turn; /* plays what has come in this turn of the loop */
	struct event *patience;
	struct timeval patience_time;
	unsigned batches[PLAY_BATCHES]; /* packets before each barrier under way, oldest first */
	unsigned n_batches;
	unsigned batch;           /* packets behind the last barrier */
	struct topology topology; /* of one bridge, for the proof */
	struct fresh *proof;
	buffer_done_fn *done;
	void *done_ctx;
};

static const char *const state_names[N_STATES] = {"idle",     "raising", "held",    "playing",
						  "lowering", "proving", "draining"};

/* ---- the end of a call ---------------------------------------------------------------------- */

static void
finish(struct buffer *b, enum state state, const char *error)
{
	buffer_done_fn *done = b->done;

	b->state = state;
	b->done = NULL;
	if (done)
		done(b->done_ctx, error);
}

static void
begin(struct buffer *b, enum state state, buffer_done_fn *done, void *ctx)
{
	b->state = state;
	b->done = done;
	b->done_ctx = ctx;
}

/* ---- packets --------------------------------------------------------------------------------- */

static const struct way *
find_way(const struct buffer *b, uint32_t in)
{
	for (unsigned i = 0; i < b->n_ways; i++)
		if (b->ways[i].in == in)
			return &b->ways[i];
	return NULL;
}

static bool
plays(const struct buffer *b)
{
	return b->state != RAISING && b->state != HELD;
}

static void
play(struct buffer *b, const struct queue_packet *packet)
{
	const struct way *way = find_way(b, packet->port);
	struct of_packet_out out = {
		.in_port = packet->port, .data = packet->data, .size = packet->size};

	if (way && way->out != 0 && of_action_add(&out.actions, OF_ACTION_OUTPUT, way->out) &&
	    bridge_packet_out(b->bridge, &out) == 0)
		b->counts.played++;
	else
		b->counts.unplayable++;
}

static void lower(struct buffer *b);
static void prove(struct buffer *b);
static void pump(struct buffer *b);

static unsigned
in_flight(const struct buffer *b)
{
	unsigned n = b->batch;

	for (unsigned i = 0; i < b->n_batches; i++)
		n += b->batches[i];
	return n;
}

/* The oldest batch is out, or the connection is gone and all of them are. */
static void
on_batch_out(void *ctx, const char *error)
{
	struct buffer *b = ctx;

	if (error) {
		b->n_batches = b->batch = 0;
		return;
	}
	memmove(b->batches, b->batches + 1, --b->n_batches * sizeof(b->batches[0]));
	pump(b);
}

static void
end_batch(struct buffer *b)
{
	if (bridge_barrier(b->bridge, on_batch_out, b) < 0)
		return; /* the next packet or the next barrier tries again */
	b->batches[b->n_batches++] = b->batch;
	b->batch = 0;
}

/* As much as the switch is to have at once. */
static void
play_some(struct buffer *b)
{
	struct queue_packet packet;

	while (b->n_batches < PLAY_BATCHES && queue_peek(&b->queue, &packet)) {
		play(b, &packet);
		queue_drop(&b->queue);
		if (++b->batch >= PLAY_BATCH)
			end_batch(b);
	}
	/* Of a few packets it is asked once at a time. */
	if (b->batch > 0 && b->n_batches == 0)
		end_batch(b);
}

static void
pump(struct buffer *b)
{
	if (!plays(b) || !bridge_is_up(b->bridge))
		return;
	play_some(b);
	if (b->queue.counts.packets > 0)
		return;
	if (b->state == PLAYING && in_flight(b) <= PLAY_BATCH)
		lower(b);
	else if (b->state == DRAINING && b->all_here && in_flight(b) == 0)
		finish(b, IDLE, NULL);
}

static void
on_turn(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	pump(ctx);
}

/* More comes than can be played: the rules go all the same, or they would stay for ever. */
static void
on_patience(evutil_socket_t fd, short what, void *ctx)
{
	struct buffer *b = ctx;

	(void)fd;
	(void)what;
	if (b->state != PLAYING)
		return;
	b->counts.gave_up = 1;
	lower(b);
}

static void
on_packet(void *ctx, const struct of_packet_in *packet)
{
	struct buffer *b = ctx;

	if (packet->cookie != BUFFER_COOKIE)
		return; /* of somebody else's rule, who has a connection of his own */
	if (packet->total_size > packet->size) {
		b->counts.cut++;
		return;
	}
	queue_put(&b->queue, packet->in_port, packet->data, packet->size);
	event_active(b->turn, EV_TIMEOUT, 0);
}

/* ---- the end of a release: nothing is on its way any more --------------------------------------- */

/* All that came up before the barrier is here. */
static void
on_all_here(void *ctx, const char *error)
{
	struct buffer *b = ctx;

	if (error) {
		finish(b, IDLE, error);
		return;
	}
	b->all_here = true;
	pump(b);
}

static void
drain(struct buffer *b)
{
	b->state = DRAINING;
	b->all_here = false;
	if (bridge_barrier(b->bridge, on_all_here, b) < 0)
		finish(b, IDLE, "the connection to the switch is gone");
}

static void
on_proof(void *ctx, const struct fresh_result *result)
{
	struct buffer *b = ctx;

	b->proof = NULL;
	if (result->fault != FRESH_PROVEN)
		log_warn("flow cache not proven fresh, packets may still come: %s", result->text);
	drain(b);
}

/* That no packet follows the rules that were removed. */
static void
prove(struct buffer *b)
{
	struct topology_bridge *known = &b->topology.bridges[0];
	const char *name = bridge_local_name(b->bridge);
	struct fresh_config config = {
		.topology = &b->topology, .bridges = &b->bridge, .timeout_ns = PROOF_NS};

	b->state = PROVING;
	if (known->control[0] == '\0' || !name) {
		drain(b);
		return;
	}
	snprintf(known->name, sizeof(known->name), "%s", name);
	if (fresh_start(b->base, &config, on_proof, b, &b->proof) < 0)
		drain(b);
}

/* ---- rules ------------------------------------------------------------------------------------ */

static void
on_committed(void *ctx, const char *error)
{
	struct buffer *b = ctx;

	if (b->state == RAISING)
		finish(b, error ? IDLE : HELD, error);
	else if (error)
		finish(b, HELD, error);
	else
		prove(b);
}

/* Checked by the switch, and put in force. */
static void
on_staged(void *ctx, const char *error)
{
	struct buffer *b = ctx;

	if (!error && bridge_commit(b->bridge, b->bundle, on_committed, b) == 0)
		return;
	on_committed(b, error ? error : "too much is under way");
}

static int
change(struct buffer *b, const struct of_flow_mod *mods, unsigned n)
{
	return bridge_stage(b->bridge, mods, n, on_staged, b, &b->bundle);
}

static int
raise_rules(struct buffer *b)
{
	struct of_flow_mod mods[COMMAND_MAX_PORTS];

	for (unsigned i = 0; i < b->n_ways; i++) {
		mods[i] = (struct of_flow_mod){.cookie = BUFFER_COOKIE,
					       .command = OF_FLOW_ADD,
					       .priority = BUFFER_PRIORITY};
		of_match_in_port(&mods[i].match, b->ways[i].in);
		of_action_add(&mods[i].actions, OF_ACTION_OUTPUT, OF_PORT_CONTROLLER);
	}
	return change(b, mods, b->n_ways);
}

static const struct of_flow_mod all_rules = {
	.cookie = BUFFER_COOKIE, .cookie_mask = UINT64_MAX, .command = OF_FLOW_DELETE};

static void
lower(struct buffer *b)
{
	b->state = LOWERING;
	event_del(b->patience);
	if (change(b, &all_rules, 1) < 0)
		finish(b, HELD, "the connection to the switch is gone");
}

/* ---- the switch comes and goes ------------------------------------------------------------------- */

static void
on_tidied(void *ctx, const char *error)
{
	(void)ctx;
	if (error)
		log_warn("rules that were left behind stay: %s", error);
}

static void
on_leftovers_found(void *ctx, const char *error)
{
	struct buffer *b = ctx;

	if (error || bridge_commit(b->bridge, b->tidy_bundle, on_tidied, b) < 0)
		on_tidied(b, error ? error : "too much is under way");
}

/* Nothing is held: rules of ours are of a program that was killed. */
static void
on_up(void *ctx)
{
	struct buffer *b = ctx;

	if (b->state == IDLE)
		bridge_stage(b->bridge, &all_rules, 1, on_leftovers_found, b, &b->tidy_bundle);
	pump(b);
}

/* What is under way has ended with an error already, but for a proof. */
static void
on_down(void *ctx)
{
	struct buffer *b = ctx;

	if (b->state != PLAYING && b->state != PROVING && b->state != DRAINING)
		return;
	fresh_cancel(b->proof);
	b->proof = NULL;
	event_del(b->patience);
	finish(b, b->state == PLAYING ? HELD : IDLE, "the connection to the switch is gone");
}

static void
on_ports(void *ctx)
{
	(void)ctx;
}

static void
on_rule(void *ctx, const struct of_update *update)
{
	(void)ctx;
	(void)update;
}

static const struct bridge_ops bridge_ops = {
	.on_up = on_up,
	.on_down = on_down,
	.on_ports = on_ports,
	.on_rule = on_rule,
	.on_packet = on_packet,
};

/* ---- calls ----------------------------------------------------------------------------------------- */

int
buffer_hold(struct buffer *b, const struct command *command, buffer_done_fn *done, void *ctx)
{
	struct way ways[COMMAND_MAX_PORTS] = {0};
	int result;

	if (!bridge_is_up(b->bridge))
		return -ENOTCONN;
	if (b->state != IDLE || b->queue.counts.packets > 0)
		return -EBUSY;
	for (unsigned i = 0; i < command->n_ports; i++) {
		memcpy(ways[i].in_name, command->ports[i].in, sizeof(ways[i].in_name));
		ways[i].in = bridge_port_number(b->bridge, ways[i].in_name);
		if (ways[i].in == 0)
			return -ENODEV;
	}
	memcpy(b->ways, ways, sizeof(ways));
	b->n_ways = command->n_ports;
	b->counts = (struct buffer_counts){0};
	queue_begin(&b->queue);
	result = raise_rules(b);
	if (result == 0)
		begin(b, RAISING, done, ctx);
	return result;
}

/* The way out of each held port by its number, or a negative errno. */
static int
find_ways_out(struct buffer *b, const struct command *command, uint32_t out[COMMAND_MAX_PORTS])
{
	unsigned n = 0;

	if (command->n_ports != b->n_ways)
		return -EINVAL;
	for (unsigned i = 0; i < b->n_ways; i++) {
		for (unsigned k = 0; k < command->n_ports; k++) {
			if (strcmp(command->ports[k].in, b->ways[i].in_name) != 0)
				continue;
			out[i] = bridge_port_number(b->bridge, command->ports[k].out);
			if (out[i] == 0)
				return -ENODEV;
			n++;
		}
	}
	return n == b->n_ways ? 0 : -EINVAL;
}

int
buffer_release(struct buffer *b, const struct command *command, buffer_done_fn *done, void *ctx)
{
	uint32_t out[COMMAND_MAX_PORTS] = {0};
	int result;

	if (!bridge_is_up(b->bridge))
		return -ENOTCONN;
	if (b->state != HELD)
		return -EBUSY;
	result = find_ways_out(b, command, out);
	if (result < 0)
		return result;
	for (unsigned i = 0; i < b->n_ways; i++)
		b->ways[i].out = out[i];
	begin(b, PLAYING, done, ctx);
	event_add(b->patience, &b->patience_time);
	event_active(b->turn, EV_TIMEOUT, 0);
	return 0;
}

void
buffer_read_counts(const struct buffer *b, struct buffer_counts *ret)
{
	*ret = b->counts;
	ret->queue = b->queue.counts;
}

const char *
buffer_state(const struct buffer *b)
{
	return bridge_is_up(b->bridge) ? state_names[b->state] : "down";
}

/* ---- life ------------------------------------------------------------------------------------------- */

static int
open_bridge(struct buffer *b, const char *address)
{
	struct bridge_config config = {.name = "switch",
				       .address = address,
				       .probe_ns = PROBE_NS,
				       .request_ns = REQUEST_NS,
				       .nudge_cookie = BUFFER_COOKIE | 1};

	return bridge_create(b->base, &config, &bridge_ops, b, &b->bridge);
}

int
buffer_create(struct event_base *base, const struct buffer_config *config, struct buffer **ret)
{
	struct buffer *b = calloc(1, sizeof(*b));
	int result;

	if (!b)
		return -ENOMEM;
	b->base = base;
	b->topology.n_bridges = 1;
	snprintf(b->topology.bridges[0].control, sizeof(b->topology.bridges[0].control), "%s",
		 config->control ? config->control : "");
	b->patience_time =
		(struct timeval){.tv_sec = (time_t)(config->patience_ns / 1000000000),
				 .tv_usec = (suseconds_t)(config->patience_ns % 1000000000 / 1000)};
	b->turn = evtimer_new(base, on_turn, b);
	b->patience = evtimer_new(base, on_patience, b);
	result = queue_init(&b->queue, config->max_packets, config->max_octets);
	if (result == 0 && (!b->turn || !b->patience))
		result = -ENOMEM;
	if (result == 0)
		result = open_bridge(b, config->address);
	if (result < 0)
		buffer_destroy(b);
	else
		*ret = b;
	return result;
}

void
buffer_destroy(struct buffer *b)
{
	if (!b)
		return;
	fresh_cancel(b->proof);
	bridge_destroy(b->bridge);
	if (b->turn)
		event_free(b->turn);
	if (b->patience)
		event_free(b->patience);
	queue_fini(&b->queue);
	free(b);
}
