/* SPDX-License-Identifier: Apache-2.0 */
#include "fresh.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "unixctl.h"

#define MAX_SOCKETS 64u
#define PATTERN_SIZE 128u

struct fresh {
	struct event_base *base;
	struct fresh_config config;
	struct bridge *bridge;
	const char *pattern;
	glob_t sockets; /* those that fit, then all in the folder */
	size_t n_fit;
	size_t next;        /* to be asked */
	unsigned n_silent;  /* nobody listens */
	unsigned n_strange; /* somebody else answers */
	int twin;           /* a bridge whose switch may be the one that answered, -1: none */
	struct unixctl *unixctl;
	unsigned rounds; /* ended */
	struct event *begin;
	struct event *limit;
	struct event *again; /* while a round is waited for */
	unsigned n_knocks;   /* since the last nudge */
	bool is_knocking;    /* a barrier is under way */
	uint64_t timeout_ns;
	uint64_t began_ns;
	const char *waits_for;
	fresh_done_fn *done;
	void *ctx;
};

static void __attribute__((format(printf, 3, 4)))
finish(struct fresh *f, enum fresh_fault fault, const char *format, ...)
{
	fresh_done_fn *done = f->done;
	void *ctx = f->ctx;
	char text[FRESH_TEXT_SIZE], path[PATTERN_SIZE];
	struct fresh_result result = {.fault = fault,
				      .text = text,
				      .socket = path,
				      .guessed = f->next > f->n_fit,
				      .took_ns = clock_now_ns() - f->began_ns};
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s", f->unixctl ? f->sockets.gl_pathv[f->next - 1] : "");
	fresh_cancel(f);
	done(ctx, &result);
}

/* ---- rounds -------------------------------------------------------------------------- */

static void ask_round(struct fresh *f);

static void
on_round(void *ctx, enum unixctl_outcome outcome, const char *text)
{
	struct fresh *f = ctx;

	evtimer_del(f->again);
	if (outcome == UNIXCTL_REFUSED && strstr(text, "multiple udpifs"))
		finish(f, FRESH_TWO_KINDS,
		       "two kinds of datapath in one ovs-vswitchd, it does not wait for either "
		       "(%s)",
		       text);
	else if (outcome != UNIXCTL_DONE)
		finish(f, FRESH_BROKEN, "revalidator/wait: %s", text);
	else if (++f->rounds == FRESH_ROUNDS)
		finish(f, FRESH_PROVEN, "%s", "");
	else
		ask_round(f);
}

static void
wait_for_answer(struct fresh *f)
{
	static const struct timeval pause = {.tv_usec = FRESH_KNOCK_MS * 1000};

	evtimer_add(f->again, &pause);
}

static void
nudge(void *ctx)
{
	struct fresh *f = ctx;

	f->n_knocks = 0;
	bridge_nudge(f->bridge);
	wait_for_answer(f);
}

static void
on_knocked(void *ctx, const char *error)
{
	struct fresh *f = ctx;

	(void)error;
	f->is_knocking = false;
}

/* The switch's main loop looks for the end of a round at the begin of a turn, and sleeps at the end of
 * one until a round ends. One that ends in between wakes nobody. */
static void
knock(struct fresh *f)
{
	f->n_knocks++;
	if (!f->is_knocking)
		f->is_knocking = bridge_barrier(f->bridge, on_knocked, f) == 0;
	wait_for_answer(f);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	struct fresh *f = ctx;

	(void)fd;
	(void)what;
	if (f->n_knocks + 1 < FRESH_NUDGE_MS / FRESH_KNOCK_MS)
		knock(f);
	else
		nudge(f);
}

/* First the request, then the nudge: a round that a nudge started before may have ended before the
 * switch reads the request, and then the answer waits for the next one. */
static void
ask_round(struct fresh *f)
{
	f->waits_for = f->rounds == 0 ? "round 1 of 2 over the flow cache"
				      : "round 2 of 2 over the flow cache";
	unixctl_call(f->unixctl, "revalidator/wait", nudge, on_round, f);
}

static void
on_turn(void *ctx, const char *error)
{
	struct fresh *f = ctx;

	if (error)
		finish(f, FRESH_BROKEN, "%s", error);
	else
		ask_round(f);
}

/* The switch takes note of changed rules on the next turn of its main loop. The control socket's
 * answers came from a turn not before that of the change; what is sent over OpenFlow now is done on a
 * later one. */
static void
take_a_turn(struct fresh *f)
{
	f->waits_for = "a turn of the switch's main loop";
	if (bridge_barrier(f->bridge, on_turn, f) < 0)
		finish(f, FRESH_BROKEN, "the connection to the switch is gone");
}

/* ---- the right socket -------------------------------------------------------------------- */

static void
on_offload(void *ctx, enum unixctl_outcome outcome, const char *text)
{
	struct fresh *f = ctx;

	(void)text;
	if (outcome == UNIXCTL_LOST)
		finish(f, FRESH_BROKEN, "dpctl/offload-stats-show: %s", text);
	else if (outcome == UNIXCTL_DONE)
		finish(f, FRESH_OFFLOAD,
		       "hardware offload is on: flows in the hardware are changed later than the "
		       "cache's");
	else
		take_a_turn(f);
}

/* Is it one of the lines? */
static bool
has_line(const char *text, const char *line)
{
	size_t size = strlen(line);

	for (const char *at = text; (at = strstr(at, line)) != NULL; at++) {
		if ((at == text || at[-1] == '\n') && (at[size] == '\n' || at[size] == '\0'))
			return true;
	}
	return false;
}

static void ask_next(struct fresh *f);

/* Another bridge that is proven over a socket, and that its switch calls by the same name. */
static bool
is_namesake(const struct fresh *f, unsigned b)
{
	struct bridge *other = f->config.bridges[b];
	const char *name = bridge_local_name(f->bridge), *other_name = bridge_local_name(other);

	return f->config.topology->bridges[b].control[0] != '\0' && name && other_name &&
	       strcmp(name, other_name) == 0 &&
	       bridge_datapath_id(other) != bridge_datapath_id(f->bridge);
}

/* A bridge that would take this socket for its own as well, -1: none. */
static int
find_twin(const struct fresh *f)
{
	const char *socket = f->sockets.gl_pathv[f->next - 1];
	bool guessed = f->next > f->n_fit;

	for (unsigned b = 0; b < f->config.topology->n_bridges; b++) {
		if (is_namesake(f, b) &&
		    (guessed || fnmatch(f->config.topology->bridges[b].control, socket,
					FNM_PATHNAME | FNM_PERIOD) == 0))
			return (int)b;
	}
	return -1;
}

/* Is it the switch that has the bridge? */
static bool
has_bridge(struct fresh *f, enum unixctl_outcome outcome, const char *text)
{
	const char *name = bridge_local_name(f->bridge);

	if (outcome != UNIXCTL_DONE || !name || !has_line(text, name))
		return false;
	f->twin = find_twin(f);
	return f->twin < 0;
}

static void
give_up(struct fresh *f)
{
	const char *name = bridge_local_name(f->bridge);

	if (f->twin >= 0)
		finish(f, FRESH_STRANGER,
		       "bridges %.31s and %.31s are both called %.31s: give each the socket of its "
		       "own switch as control",
		       f->config.topology->bridges[f->config.bridge].name,
		       f->config.topology->bridges[f->twin].name, name);
	else if (f->n_strange > 0)
		finish(f, FRESH_STRANGER,
		       "of %u control sockets at %s and beside it none has bridge %s", f->n_strange,
		       f->pattern, name ? name : "?");
	else if (f->n_silent > 0)
		finish(f, FRESH_NO_SOCKET, "nobody listens at %s, nor beside it", f->pattern);
	else
		finish(f, FRESH_NO_SOCKET, "no control socket fits %s, nor is one beside it",
		       f->pattern);
}

static void
on_bridges(void *ctx, enum unixctl_outcome outcome, const char *text)
{
	struct fresh *f = ctx;

	if (has_bridge(f, outcome, text)) {
		f->waits_for = "whether flows are offloaded to hardware";
		unixctl_call(f->unixctl, "dpctl/offload-stats-show", NULL, on_offload, f);
		return;
	}
	f->n_strange++;
	unixctl_close(f->unixctl);
	f->unixctl = NULL;
	if (f->twin >= 0)
		give_up(f);
	else
		ask_next(f);
}

/* A killed switch leaves its socket's file. */
static void
ask_next(struct fresh *f)
{
	f->waits_for = "the control socket that has the bridge";
	while (f->next < f->sockets.gl_pathc && f->next < MAX_SOCKETS) {
		if (unixctl_open(f->base, f->sockets.gl_pathv[f->next++], &f->unixctl) == 0) {
			unixctl_call(f->unixctl, "ofproto/list", NULL, on_bridges, f);
			return;
		}
		f->n_silent++;
	}
	give_up(f);
}

static void
find_sockets(struct fresh *f)
{
	char beside[PATTERN_SIZE + sizeof("/*.ctl")];
	const char *slash = strrchr(f->pattern, '/');

	glob(f->pattern, 0, NULL, &f->sockets);
	f->n_fit = f->sockets.gl_pathc;
	if (!slash)
		return;
	snprintf(beside, sizeof(beside), "%.*s/*.ctl", (int)(slash - f->pattern), f->pattern);
	glob(beside, GLOB_APPEND, NULL, &f->sockets);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
on_begin(evutil_socket_t fd, short what, void *ctx)
{
	struct fresh *f = ctx;

	(void)fd;
	(void)what;
	find_sockets(f);
	ask_next(f);
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct fresh *f = ctx;

	(void)fd;
	(void)what;
	finish(f, FRESH_LATE, "%s: not within %" PRIu64 " ms", f->waits_for,
	       f->timeout_ns / 1000000);
}

int
fresh_start(struct event_base *base, const struct fresh_config *config, fresh_done_fn *done,
	    void *ctx, struct fresh **ret)
{
	static const struct timeval at_once;
	uint64_t timeout_ns = config->timeout_ns;
	struct timeval limit = {.tv_sec = (time_t)(timeout_ns / 1000000000),
				.tv_usec = (suseconds_t)(timeout_ns % 1000000000 / 1000)};
	struct fresh *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	*f = (struct fresh){.base = base,
			    .config = *config,
			    .bridge = config->bridges[config->bridge],
			    .pattern = config->topology->bridges[config->bridge].control,
			    .twin = -1,
			    .timeout_ns = timeout_ns,
			    .began_ns = clock_now_ns(),
			    .waits_for = "its turn",
			    .done = done,
			    .ctx = ctx};
	f->begin = evtimer_new(base, on_begin, f);
	f->limit = evtimer_new(base, on_limit, f);
	f->again = evtimer_new(base, on_again, f);
	if (!f->begin || !f->limit || !f->again) {
		fresh_cancel(f);
		return -ENOMEM;
	}
	evtimer_add(f->begin, &at_once);
	evtimer_add(f->limit, &limit);
	*ret = f;
	return 0;
}

static void
free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void
fresh_cancel(struct fresh *f)
{
	if (!f)
		return;
	bridge_cancel(f->bridge, f);
	unixctl_close(f->unixctl);
	globfree(&f->sockets);
	free_event(f->begin);
	free_event(f->limit);
	free_event(f->again);
	free(f);
}

bool
fresh_fault_lasts(enum fresh_fault fault)
{
	return fault >= FRESH_NO_SOCKET && fault <= FRESH_OFFLOAD;
}

const char *
fresh_waits_for(const struct fresh *f)
{
	return f->waits_for;
}
