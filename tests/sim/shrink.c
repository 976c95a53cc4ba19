/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a failing run short: leaves out faults, services, moves, connections and delays as long as
 * the run still fails with the same complaint. What is left is printed as a command line and told
 * as a story.
 */
#include "world.h"

#include <string.h>

/* The kind of a complaint: what it says without numbers and times. */
static void
kind_of(const char *what, char kind[128])
{
	const char *at = strstr(what, "us: ");
	size_t n = 0;

	for (at = at != NULL ? at + 4 : what; *at != '\0' && n < 127; at++)
		if (*at < '0' || *at > '9')
			kind[n++] = *at;
	kind[n] = '\0';
}

static bool
still_fails(struct world *w, const struct options *options, const char *kind)
{
	char now[128];

	if (run(w, options))
		return false;
	kind_of(w->what, now);
	return strcmp(now, kind) == 0;
}

/* What a reader of the story has to keep in mind. */
static uint32_t
length(const struct options *o)
{
	uint32_t n = (o->n_services != 1) + (o->n_moves != 1) + (!o->keep_lag || o->lag_ns != 0) +
		     o->steadfast + (o->hold_capacity != 0) +
		     (o->n_connections != 0 ? o->n_connections : SIM_MAX_CONNECTIONS + 1);

	for (uint32_t i = 0; i < SIM_MAX_FAULTS; i++)
		if (o->faults[i].kind != FAULT_NONE)
			n += 1 + (o->faults[i].delay_ns != 0) +
			     (o->faults[i].duration_ns > MS(1) ? 2 : o->faults[i].duration_ns != 0);
	return n;
}

static bool
try(struct world *w, struct options *options, const struct options *shorter, const char *kind)
{
	if (length(shorter) >= length(options) || !still_fails(w, shorter, kind))
		return false;
	*options = *shorter;
	return true;
}

static bool
try_faults(struct world *w, struct options *options, const char *kind)
{
	bool better = false;

	for (uint32_t i = 0; i < SIM_MAX_FAULTS; i++) {
		struct options o = *options;

		if (o.faults[i].kind == FAULT_NONE)
			continue;
		o.faults[i] = (struct fault){.kind = FAULT_NONE};
		if (try(w, options, &o, kind)) {
			better = true;
			continue;
		}
		o = *options;
		o.faults[i].delay_ns = 0;
		better |= try(w, options, &o, kind);
		o = *options;
		o.faults[i].duration_ns = o.faults[i].duration_ns > MS(1) ? MS(1) : 0;
		better |= try(w, options, &o, kind);
	}
	return better;
}

static bool
try_size(struct world *w, struct options *options, const char *kind)
{
	bool better = false;
	struct options o = *options;

	o.n_services = 1;
	better |= try(w, options, &o, kind);
	o = *options;
	o.n_moves = 1;
	better |= try(w, options, &o, kind);
	o = *options;
	o.keep_lag = true;
	o.lag_ns = 0;
	better |= try(w, options, &o, kind);
	o = *options;
	o.steadfast = false;
	better |= try(w, options, &o, kind);
	o = *options;
	o.hold_capacity = 0;
	better |= try(w, options, &o, kind);
	o = *options;
	o.n_connections = o.n_connections != 0 ? (o.n_connections + 1) / 2 : 4;
	better |= try(w, options, &o, kind);
	return better;
}

void
shrink(struct world *w, struct options *options)
{
	char kind[128];

	/* As it was drawn; from here on nothing is drawn again. */
	run(w, options);
	kind_of(w->what, kind);
	options->hold_capacity = w->options.hold_capacity;
	options->steadfast = w->options.steadfast;
	options->keep_faults = true;
	memcpy(options->faults, w->faults, sizeof(options->faults));
	for (uint32_t i = 0; i < SIM_MAX_FAULTS; i++)
		options->faults[i].fired = false;
	for (unsigned round = 0; round < 4; round++) {
		bool fewer = try_faults(w, options, kind);
		bool smaller = try_size(w, options, kind);

		if (!fewer && !smaller)
			break;
	}
}
