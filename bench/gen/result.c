/* SPDX-License-Identifier: Apache-2.0 */
/* Result of a run; see result.h. */
#include <errno.h>
#include <inttypes.h>

#include "result.h"
#include "slim_version.h"

static double
us(uint64_t ns)
{
	return (double)ns / 1000.0;
}

/* ---- ledgers ------------------------------------------------------------------ */

static void
write_counts(FILE *out, const char *name, const struct ledger_counts *c)
{
	fprintf(out,
		"\"%s\": {\"sent\": %" PRIu64 ", \"received\": %" PRIu64 ", \"lost\": %" PRIu64
		", \"duplicated\": %" PRIu64 ", \"reordered\": %" PRIu64
		", \"mistranslated\": %" PRIu64 ", \"max_gap_us\": %.1f, \"remapped\": %" PRIu64
		", \"misdelivered\": %" PRIu64 ", \"corrupt\": %" PRIu64 ", \"unknown\": %" PRIu64
		", \"stale\": %" PRIu64 ", \"wrong_cell\": %" PRIu64 "}",
		name, c->sent, c->received, ledger_counts_lost(c), c->duplicated, c->reordered,
		ledger_counts_mistranslated(c), us(c->max_gap_ns), c->remapped, c->misdelivered,
		c->corrupt, c->unknown, c->stale, c->wrong_cell);
}

static struct ledger_counts
sum_window(const struct ledger_window *w)
{
	struct ledger_counts sum = w->counts[LEDGER_UP];

	ledger_counts_add(&sum, &w->counts[LEDGER_DOWN]);
	return sum;
}

static struct ledger_counts
sum_judged(const struct traffic *t)
{
	struct load load = traffic_load(t);
	struct ledger_counts sum = load.counts[LEDGER_UP];

	ledger_counts_add(&sum, &load.counts[LEDGER_DOWN]);
	return sum;
}

static void
write_void(FILE *out, const struct load *load)
{
	char text[LOAD_TEXT_SIZE];
	const char *comma = "";
	unsigned cursor = 0;

	fputs("  \"void\": [", out);
	while (load_void(load, &cursor, text)) {
		fprintf(out, "%s\"%s\"", comma, text);
		comma = ", ";
	}
	fputs("],\n", out);
}

/* ---- latency --------------------------------------------------------------------- */

static void
write_latency(FILE *out, const char *name, const struct hist *h)
{
	fprintf(out, "\"%s\": {\"n\": %" PRIu64 ", \"p50\": %.1f, \"p99\": %.1f, \"max\": %.1f}",
		name, h->n, us(hist_quantile(h, 500)), us(hist_quantile(h, 990)), us(h->max_ns));
}

static void
write_bins(FILE *out, const char *name, const struct hist *h)
{
	const char *comma = "";

	fprintf(out, "\"%s\": [", name);
	for (uint32_t i = 0; i < HIST_BINS; i++) {
		uint64_t ceil = hist_bin_ceil(i) < h->max_ns ? hist_bin_ceil(i) : h->max_ns;

		if (h->bins[i] == 0)
			continue;
		fprintf(out, "%s[%" PRIu64 ", %" PRIu64 "]", comma, ceil, h->bins[i]);
		comma = ", ";
	}
	fputs("]", out);
}

static void
write_latencies(FILE *out, const struct ledger_window *w)
{
	fputs("     \"latency\": {", out);
	write_latency(out, "rtt", &w->round_trip);
	fputs(", ", out);
	write_latency(out, "up", &w->one_way[LEDGER_UP]);
	fputs(", ", out);
	write_latency(out, "down", &w->one_way[LEDGER_DOWN]);
	fputs("},\n     \"hist\": {", out);
	write_bins(out, "rtt", &w->round_trip);
	fputs(", ", out);
	write_bins(out, "up", &w->one_way[LEDGER_UP]);
	fputs(", ", out);
	write_bins(out, "down", &w->one_way[LEDGER_DOWN]);
	fputs("}", out);
}

static void
write_windows(FILE *out, const struct traffic *t)
{
	const struct ledger *l = traffic_ledger(t);

	fputs("  \"windows\": [", out);
	for (uint32_t i = 0; i < ledger_n_windows(l); i++) {
		const struct ledger_window *w = ledger_window_at(l, i);
		struct ledger_counts sum = sum_window(w);

		fprintf(out,
			"%s\n    {\"name\": \"%s\", \"start_ns\": %" PRIu64 ", \"end_ns\": %" PRIu64
			", \"judged\": %s,\n     ",
			i > 0 ? "," : "", w->name, w->start_ns, w->end_ns,
			i >= traffic_first_window(t) ? "true" : "false");
		write_counts(out, "up", &w->counts[LEDGER_UP]);
		fputs(",\n     ", out);
		write_counts(out, "down", &w->counts[LEDGER_DOWN]);
		fputs(",\n     ", out);
		write_counts(out, "sum", &sum);
		fputs(",\n", out);
		write_latencies(out, w);
		fputs("}", out);
	}
	fputs("\n  ],\n", out);
}

/* ---- cells ------------------------------------------------------------------------------ */

static void
write_cells(FILE *out, const struct cells *cells, const struct traffic_config *config)
{
	struct cells_counts c = cells_counts(cells);

	fprintf(out,
		"  \"cells\": {\"n\": %u, \"handovers\": %" PRIu64 ", \"done\": %" PRIu64
		", \"end_markers\": %" PRIu64 ", \"stray_end_markers\": %" PRIu64
		", \"still_moving\": %" PRIu64 "},\n",
		config->n_cells, c.begun, c.done, c.closed, c.stray, c.still_moving);
}

/* `sessions_dropped`: ended without the subscriber's doing; `negotiations_failed`: log-ins that did not come up. */
static void
write_subscribers(FILE *out, const struct subscribers *subscribers)
{
	struct subscribers_counts c = subscribers_counts(subscribers);

	fputs("  \"subscribers\": {", out);
#define X(name, text) fprintf(out, "\"" #name "\": %" PRIu64 ", ", c.log_ins.name);
	SUBSCRIBER_COUNTS(X)
#undef X
	fprintf(out,
		"\"queue_full\": %" PRIu64 ", \"unknown\": %" PRIu64 ", \"looks\": %" PRIu64
		", \"offers\": %" PRIu64 ", \"sessions_dropped\": %" PRIu64
		", \"negotiations_failed\": %" PRIu64 "},\n",
		c.queue_full, c.unknown, c.looks, c.offers, c.log_ins.dropped, c.log_ins.failed);
}

int
result_write_usage(const struct result *r, FILE *out)
{
	const struct traffic_config *config = traffic_config_of(r->traffic);
	const struct cells *cells = traffic_cells(r->traffic);

	for (uint32_t i = 0; i < cells_n_subscribers(cells); i++)
		fprintf(out, "%u %" PRIu64 " %" PRIu64 "\n",
			cells_gateway_teid(config->subscriber_base + i),
			cells_usage(cells, i, LEDGER_UP), cells_usage(cells, i, LEDGER_DOWN));
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}

/* ---- generator, series, incidents --------------------------------------------------- */

static void
write_config(FILE *out, const struct traffic_config *c)
{
	fprintf(out,
		"  \"config\": {\"role\": \"%s\", \"flows\": %u, \"rate_up\": %u, \"rate_down\": "
		"%u, \"size\": %u, "
		"\"churn\": %u, \"probes\": %u, \"probe_rate\": %u, \"echoes\": %u, "
		"\"echo_rate\": %u, \"guard_ms\": %" PRIu64 ", \"seed\": %" PRIu64 "},\n",
		traffic_role_name(c->role), c->n_flows, c->rate[LEDGER_UP], c->rate[LEDGER_DOWN],
		c->frame_size, c->churn, c->n_probes, c->probe_rate, c->n_echoes, c->echo_rate,
		c->guard_ns / 1000000u, c->seed);
}

static void
write_generator(FILE *out, const struct result *r)
{
	struct traffic_counts c = traffic_counts(r->traffic);

	fputs("  \"generator\": {", out);
#define X(name, text) fprintf(out, "\"" #name "\": %" PRIu64 ", ", c.name);
	TRAFFIC_COUNTS(X)
#undef X
	write_latency(out, "lateness_us", traffic_lateness(r->traffic));
	for (unsigned i = 0; i < TRAFFIC_N_SIDES; i++) {
		const struct result_port *p = &r->ports[i];

		fprintf(out,
			",\n    \"%s\": {\"received\": %" PRIu64 ", \"sent\": %" PRIu64
			", \"missed\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"no_mbuf\": %" PRIu64
			", \"tx_full\": %" PRIu64 "}",
			i == TRAFFIC_INSIDE ? "inside" : "outside", p->received, p->sent, p->missed,
			p->errors, p->no_mbuf, p->tx_full);
	}
	fputs("},\n", out);
}

static void
write_column(FILE *out, const struct series *s, const char *name,
	     double (*value)(const struct series_bin *b))
{
	fprintf(out, ",\n    \"%s\": [", name);
	for (uint32_t i = 0; i < series_n_bins(s); i++)
		fprintf(out, "%s%.10g", i > 0 ? "," : "", value(series_bin_at(s, i)));
	fputs("]", out);
}

static double
bin_sent(const struct series_bin *b)
{
	return b->sent;
}

static double
bin_received(const struct series_bin *b)
{
	return b->received;
}

static double
bin_lost(const struct series_bin *b)
{
	return (double)b->sent - (double)b->arrived;
}

static double
bin_latency_p50(const struct series_bin *b)
{
	return us(b->latency_p50_ns);
}

static double
bin_latency_max(const struct series_bin *b)
{
	return us(b->latency_max_ns);
}

static double
bin_rtt_p50(const struct series_bin *b)
{
	return us(b->round_trip_p50_ns);
}

static double
bin_rtt_max(const struct series_bin *b)
{
	return us(b->round_trip_max_ns);
}

static void
write_series(FILE *out, const struct series *s)
{
	fprintf(out,
		"  \"series\": {\"start_ns\": %" PRIu64 ", \"bin_ns\": %" PRIu64
		", \"truncated\": %s",
		series_start_ns(s), series_bin_ns(s), series_truncated(s) ? "true" : "false");
	write_column(out, s, "sent", bin_sent);
	write_column(out, s, "received", bin_received);
	write_column(out, s, "lost", bin_lost);
	write_column(out, s, "latency_p50_us", bin_latency_p50);
	write_column(out, s, "latency_max_us", bin_latency_max);
	write_column(out, s, "rtt_p50_us", bin_rtt_p50);
	write_column(out, s, "rtt_max_us", bin_rtt_max);
	fputs("},\n", out);
}

static void
write_endpoint(FILE *out, const char *name, ledger_endpoint e)
{
	if (e != 0)
		fprintf(out, ", \"%s\": \"%u.%u.%u.%u:%u\"", name, (unsigned)(e >> 40) & 255u,
			(unsigned)(e >> 32) & 255u, (unsigned)(e >> 24) & 255u,
			(unsigned)(e >> 16) & 255u, (unsigned)e & 65535u);
}

static void
write_findings(FILE *out, uint32_t findings)
{
	static const char *const names[] = {"duplicated", "reordered",    "stale",
					    "remapped",   "misdelivered", "unknown",
					    "corrupt",    "lost",         "wrong_cell"};
	const char *comma = "";

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((findings >> i & 1u) != 0) {
			fprintf(out, "%s\"%s\"", comma, names[i]);
			comma = ", ";
		}
}

static void
write_incidents(FILE *out, const struct ledger *l)
{
	uint64_t total;
	uint32_t n = ledger_n_incidents(l, &total);

	fprintf(out, "  \"incidents\": {\"n_total\": %" PRIu64 ", \"first\": [", total);
	for (uint32_t i = 0; i < n; i++) {
		const struct ledger_incident *x = ledger_incident_at(l, i);

		fprintf(out, "%s\n    {\"what\": [", i > 0 ? "," : "");
		write_findings(out, x->findings);
		fprintf(out,
			"], \"at_ns\": %" PRIu64 ", \"direction\": \"%s\", \"flow\": %u, "
			"\"life\": %u, \"seq\": %u, \"window\": %u, \"n\": %u",
			x->at_ns, x->ticket.direction == LEDGER_UP ? "up" : "down", x->ticket.flow,
			x->ticket.life, x->ticket.seq, x->ticket.window, x->n);
		write_endpoint(out, "seen", x->seen);
		write_endpoint(out, "expected", x->expected);
		fputs("}", out);
	}
	fputs("]}\n", out);
}

int
result_write_json(const struct result *r, FILE *out)
{
	const struct traffic *t = r->traffic;
	struct traffic_counts c = traffic_counts(t);
	struct ledger_counts total = sum_judged(t);
	struct load load = traffic_load(t);

	fprintf(out,
		"{\n  \"tool\": \"slim-gen\", \"version\": \"" SLIM_VERSION
		"\", \"state\": \"%s\",\n"
		"  \"started_ns\": %" PRIu64 ", \"ready_ns\": %" PRIu64 ", \"stopped_ns\": %" PRIu64
		", \"unix_minus_monotonic_ns\": %" PRId64 ",\n",
		traffic_ready_ns(t) != 0 ? traffic_phase_name(traffic_phase(t)) : "not ready",
		r->started_ns, traffic_ready_ns(t), r->stopped_ns, r->unix_minus_monotonic_ns);
	write_void(out, &load);
	write_config(out, traffic_config_of(t));
	write_windows(out, t);
	fputs("  ", out);
	write_counts(out, "total", &total);
	fprintf(out,
		",\n  \"flows\": {\"opened\": %" PRIu64 ", \"closed\": %" PRIu64
		", \"live\": %u, \"lossy\": %" PRIu64 "},\n",
		c.opened, c.closed, traffic_n_open(t), ledger_lossy_lives(traffic_ledger(t)));
	if (traffic_cells(t) != NULL)
		write_cells(out, traffic_cells(t), traffic_config_of(t));
	if (traffic_subscribers(t) != NULL)
		write_subscribers(out, traffic_subscribers(t));
	write_generator(out, r);
	write_series(out, traffic_series(t));
	write_incidents(out, traffic_ledger(t));
	fputs("}\n", out);
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}

/* ---- for people -------------------------------------------------------------------------- */

static void
print_row(FILE *out, const char *name, const struct ledger_counts *c, const struct hist *rtt)
{
	fprintf(out,
		"%-16s %10" PRIu64 " %10" PRIu64 " %8" PRIu64 " %6" PRIu64 " %7" PRIu64 " %8" PRIu64
		" %9.0f %8.0f %8.0f %8.0f\n",
		name, c->sent, c->received, ledger_counts_lost(c), c->duplicated, c->reordered,
		ledger_counts_mistranslated(c), us(c->max_gap_ns), us(hist_quantile(rtt, 500)),
		us(hist_quantile(rtt, 990)), us(rtt->max_ns));
}

void
result_print(const struct result *r, FILE *out)
{
	const struct ledger *l = traffic_ledger(r->traffic);
	struct traffic_counts c = traffic_counts(r->traffic);
	const struct hist *late = traffic_lateness(r->traffic);
	struct load load = traffic_load(r->traffic);
	char text[LOAD_TEXT_SIZE];
	unsigned cursor = 0;

	fprintf(out, "%-16s %10s %10s %8s %6s %7s %8s %9s %8s %8s %8s\n", "window", "sent",
		"received", "lost", "twice", "order", "transl.", "gap us", "rtt p50", "p99",
		"max us");
	for (uint32_t i = 0; i < ledger_n_windows(l); i++) {
		const struct ledger_window *w = ledger_window_at(l, i);
		struct ledger_counts sum = sum_window(w);

		print_row(out, w->name, &sum, &w->round_trip);
	}
	fprintf(out,
		"flows opened %" PRIu64 ", closed %" PRIu64 "; generator late by %.0f us (p50), "
		"%.0f us (p99), %.0f us (max); unsent %" PRIu64 "\n",
		c.opened, c.closed, us(hist_quantile(late, 500)), us(hist_quantile(late, 990)),
		us(late->max_ns), c.unsent);
	while (load_void(&load, &cursor, text))
		fprintf(out, "void: %s\n", text);
}

const char *
result_line(const struct traffic *t, char *line, size_t size)
{
	struct ledger_counts c = sum_judged(t);

	snprintf(line, size,
		 "{\"state\": \"%s\", \"flows\": %u, \"sent\": %" PRIu64 ", \"received\": %" PRIu64
		 ", \"in_flight_or_lost\": %" PRIu64 ", \"duplicated\": %" PRIu64
		 ", \"reordered\": %" PRIu64 ", \"mistranslated\": %" PRIu64
		 ", \"wrong_cell\": %" PRIu64 ", \"max_gap_us\": %.1f}",
		 traffic_phase_name(traffic_phase(t)), traffic_n_open(t), c.sent, c.received,
		 ledger_counts_lost(&c), c.duplicated, c.reordered, ledger_counts_mistranslated(&c),
		 c.wrong_cell, us(c.max_gap_ns));
	return line;
}
