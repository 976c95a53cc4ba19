/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of edges. Everything that is not in it is ignored, but for timers and the end of the
 * connection, which end every state in the same way.
 */
#include "link.h"

struct edge {
	enum link_state to;
	unsigned does; /* 0: no edge */
};

static const struct edge edges[LINK_N_STATES][LINK_N_EVENTS] = {
	[LINK_WAITING] = {[LINK_TIMER] = {LINK_CONNECTING, LINK_DO_CONNECT}},
	[LINK_CONNECTING] = {[LINK_CONNECTED] = {LINK_GREETING, LINK_DO_HELLO}},
	[LINK_GREETING] = {[LINK_HELLO] = {LINK_ASKING, LINK_DO_FEATURES}},
	[LINK_ASKING] = {[LINK_FEATURES] = {LINK_LISTING, LINK_DO_PORTS}},
	[LINK_LISTING] = {[LINK_PORTS] = {LINK_UP, LINK_DO_UP}},
};

const char *
link_state_name(enum link_state state)
{
	static const char *const names[LINK_N_STATES] = {"waiting", "connecting", "greeting",
							 "asking",  "listing",    "up"};

	return names[state];
}

void
link_init(struct link *link, uint64_t probe_ns, uint64_t now_ns)
{
	*link = (struct link){.state = LINK_WAITING,
			      .deadline_ns = now_ns,
			      .backoff_ns = LINK_BACKOFF_MIN_NS,
			      .probe_ns = probe_ns};
}

static unsigned
go_down(struct link *link, uint64_t now_ns)
{
	unsigned does = LINK_DO_CLOSE | (link->state == LINK_UP ? LINK_DO_DOWN : 0u);

	link->state = LINK_WAITING;
	link->deadline_ns = now_ns + link->backoff_ns;
	link->backoff_ns *= 2;
	if (link->backoff_ns > LINK_BACKOFF_MAX_NS)
		link->backoff_ns = LINK_BACKOFF_MAX_NS;
	return does;
}

static void
enter(struct link *link, enum link_state state, uint64_t now_ns)
{
	link->state = state;
	link->deadline_ns = now_ns + (state == LINK_UP ? link->probe_ns : LINK_HANDSHAKE_NS);
	link->probed = false;
	if (state == LINK_UP)
		link->backoff_ns = LINK_BACKOFF_MIN_NS;
}

static unsigned
on_timer(struct link *link, uint64_t now_ns)
{
	if (now_ns < link->deadline_ns)
		return 0;
	if (link->state != LINK_UP || link->probed)
		return go_down(link, now_ns);
	link->probed = true;
	link->deadline_ns = now_ns + link->probe_ns;
	return LINK_DO_PROBE;
}

unsigned
link_step(struct link *link, enum link_event event, uint64_t now_ns)
{
	const struct edge *edge = &edges[link->state][event];

	if (event == LINK_CLOSED && link->state != LINK_WAITING)
		return go_down(link, now_ns);
	if (event == LINK_TIMER && (link->state != LINK_WAITING || now_ns < link->deadline_ns))
		return on_timer(link, now_ns);
	if (event == LINK_MESSAGE && link->state == LINK_UP) {
		link->probed = false;
		link->deadline_ns = now_ns + link->probe_ns;
		return 0;
	}
	if (edge->does == 0)
		return 0;
	enter(link, edge->to, now_ns);
	return edge->does;
}
