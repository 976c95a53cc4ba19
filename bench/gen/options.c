/* SPDX-License-Identifier: Apache-2.0 */
/* Command line of slim-gen; one table that usage is printed from. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define MS UINT64_C(1000000)
#define SECOND (1000u * MS)
#define UNSET UINT32_MAX
#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

enum type { TEXT, ROLE, NUMBER, MILLISECONDS, SECONDS, ADDRESS, MAC, WINDOW, FLAG };

struct entry {
	const char *name;
	enum type type;
	void *target;
	const char *text;
};

static const struct options defaults =
	{
		.traffic =
			{
				.sides = {{.mac = {2, 0, 0, 0, 1, 2},
					   .ip = IP(100, 64, 0, 2),
					   .hop_ip = IP(100, 64, 0, 1)},
					  {.mac = {2, 0, 0, 0, 2, 2},
					   .ip = IP(203, 0, 113, 2),
					   .hop_ip = IP(203, 0, 113, 1)}},
				.n_flows = 100000,
				.n_probes = 4,
				.n_echoes = 4,
				.rate = {20000, 20000},
				.churn = UNSET,
				.ramp_rate = 20000,
				.guard_ns = 3 * SECOND,
				.max_late_ns = SECOND,
				.drain_ns = 2 * SECOND,
				.frame_size = 128,
				.subscriber_base = IP(100, 65, 0, 0),
				.n_subscribers = UNSET,
				.remote_base = IP(192, 0, 2, 1),
				.n_remotes = 254,
				.series_bin_ns = 10 * MS,
				.series_n_bins = 360000,
				.seed = 1,
				.n_cells = 64,
				.cell_base = IP(10, 128, 0, 1),
				.handovers = 500,
				.subscriber_mac = {2, 0, 1, 0, 0, 0},
				.logins = 50,
				.user = "subscriber",
				.password = "secret",
			},
		.n_rx_queues = 1,
		.ready_timeout_ns = 120 * SECOND,
		.idle_ns = 20000,
};

#define N_ENTRIES 47u

/* The table, with targets in `o`. NUMBER targets are uint32_t; idle-us and seed are read
 * through `wide` because they are uint64_t. */
struct wide {
	uint32_t rate, idle_us, seed, series_s, qfi;
};

static void
fill_table(struct options *o, struct wide *w, struct entry *e)
{
	struct traffic_config *t = &o->traffic;
	struct traffic_side_config *in = &t->sides[0], *out = &t->sides[1];
	const struct entry table[N_ENTRIES] = {
		{"help", FLAG, &o->help, "print this"},
		{"inside", TEXT, &o->port_names[0],
		 "DPDK name of the inside port (default: port 0)"},
		{"outside", TEXT, &o->port_names[1],
		 "DPDK name of the outside port (default: port 1)"},
		{"output", TEXT, &o->output, "file for the result as JSON; - is standard output"},
		{"control", TEXT, &o->control, "path of the control socket"},
		{"duration", SECONDS, &o->duration_ns, "seconds to run once all flows are open"},
		{"window", WINDOW, o,
		 "NAME:SECONDS, again for the next; the run ends after the last"},
		{"ready-timeout", SECONDS, &o->ready_timeout_ns,
		 "seconds until all flows must be open (120)"},
		{"flows", NUMBER, &t->n_flows, "live flows (100000)"},
		{"rate", NUMBER, &w->rate, "packets a second, each direction (20000)"},
		{"rate-up", NUMBER, &t->rate[LEDGER_UP], "the same, from inside only"},
		{"rate-down", NUMBER, &t->rate[LEDGER_DOWN], "the same, from outside only"},
		{"size", NUMBER, &t->frame_size, "bytes of a frame without FCS, 90 to 1514 (128)"},
		{"churn", NUMBER, &t->churn,
		 "flows closed and opened a second (500; gateway, pppoe: 0)"},
		{"guard", MILLISECONDS, &t->guard_ns,
		 "milliseconds before a closed flow's slot is used again (3000)"},
		{"ramp-rate", NUMBER, &t->ramp_rate, "flows opened a second at the start (20000)"},
		{"probes", NUMBER, &t->n_probes, "flows on which gaps are measured (4)"},
		{"probe-rate", NUMBER, &t->probe_rate,
		 "packets a second of each of them, part of the rate (rate / 20, at most 1000)"},
		{"echoes", NUMBER, &t->n_echoes, "flows on which round trips are measured (4)"},
		{"echo-rate", NUMBER, &t->echo_rate,
		 "packets a second of each of them, part of the rate (rate / 40, at most 500)"},
		{"inside-mac", MAC, in->mac, "own MAC, inside (02:00:00:00:01:02)"},
		{"outside-mac", MAC, out->mac, "own MAC, outside (02:00:00:00:02:02)"},
		{"inside-ip", ADDRESS, &in->ip, "own address, inside (100.64.0.2)"},
		{"outside-ip", ADDRESS, &out->ip, "own address, outside (203.0.113.2)"},
		{"inside-hop", ADDRESS, &in->hop_ip, "next hop, inside (100.64.0.1)"},
		{"outside-hop", ADDRESS, &out->hop_ip, "next hop, outside (203.0.113.1)"},
		{"inside-hop-mac", MAC, in->hop_mac, "its MAC (default: ask by ARP)"},
		{"outside-hop-mac", MAC, out->hop_mac, "its MAC (default: ask by ARP)"},
		{"subscribers", NUMBER, &t->n_subscribers,
		 "inside addresses of flows, from 100.65.0.0 (4096; gateway, pppoe: one each)"},
		{"subscriber-base", ADDRESS, &t->subscriber_base, "first of them"},
		{"rx-queues", NUMBER, &o->n_rx_queues,
		 "receive queues of each port, for a wire whose other end sends on several (1)"},
		{"idle-us", NUMBER, &w->idle_us,
		 "longest sleep in microseconds, 0: poll all the time (20)"},
		{"series", NUMBER, &w->series_s,
		 "seconds of the time series, 10 ms each bin (3600)"},
		{"seed", NUMBER, &w->seed,
		 "of the choice which flow closes, which subscriber moves (1)"},
		{"role", ROLE, &t->role, "what stands in the middle: nat, gateway or pppoe (nat)"},
		{"cells", NUMBER, &t->n_cells, "gateway: cells, at least 3 (64)"},
		{"cell-base", ADDRESS, &t->cell_base, "gateway: address of the first (10.128.0.1)"},
		{"handovers", NUMBER, &t->handovers,
		 "gateway: subscribers that change their cell, a second (500)"},
		{"qfi", NUMBER, &w->qfi,
		 "gateway: QFI of a PDU session container in every packet; 0: none (0)"},
		{"usage", TEXT, &o->usage,
		 "gateway: file for the octets of each subscriber, one line each"},
		{"logins", NUMBER, &t->logins,
		 "pppoe: visitors that log in, and as many that log out, a second (50)"},
		{"looks", NUMBER, &t->looks,
		 "pppoe: PADIs of clients who only look for a concentrator, a second (0)"},
		{"user", TEXT, &t->user,
		 "pppoe: subscriber i is called so, followed by i (subscriber)"},
		{"subscriber-mac", MAC, t->subscriber_mac,
		 "pppoe: MAC of the first subscriber; each has the next (02:00:01:00:00:00)"},
		{"password", TEXT, &t->password, "pppoe: of all subscribers (secret)"},
		{"outer-vlan", NUMBER, &t->outer, "pppoe: id of the outer tag; 0: none (0)"},
		{"inner-vlan", NUMBER, &t->inner, "pppoe: id of the inner tag; 0: none (0)"},
	};

	memcpy(e, table, sizeof(table));
}

static bool
read_number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *ret <= max;
}

static bool
read_mac(const char *text, uint8_t *mac)
{
	int n = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5], &n) == 6 &&
	       text[n] == '\0';
}

static bool
read_address(const char *text, uint32_t *ret)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	*ret = ntohl(a.s_addr);
	return true;
}

/* NAME:SECONDS; the colon is overwritten. */
static bool
read_window(char *text, struct options *o)
{
	char *colon = strrchr(text, ':');
	uint64_t seconds;

	if (colon == NULL || o->n_windows == OPTIONS_MAX_WINDOWS ||
	    !read_number(colon + 1, 86400, &seconds) || seconds == 0)
		return false;
	*colon = '\0';
	o->windows[o->n_windows++] =
		(struct options_window){.name = text, .duration_ns = seconds * SECOND};
	return true;
}

static bool
read_role(const char *text, enum traffic_role *ret)
{
	for (enum traffic_role role = TRAFFIC_NAT; role <= TRAFFIC_PPPOE; role++)
		if (strcmp(text, traffic_role_name(role)) == 0) {
			*ret = role;
			return true;
		}
	return false;
}

static bool
read_value(const struct entry *e, char *text)
{
	uint64_t n;

	switch (e->type) {
	case TEXT:
		*(const char **)e->target = text;
		return true;
	case ROLE:
		return read_role(text, e->target);
	case NUMBER:
		if (!read_number(text, UINT32_MAX, &n))
			return false;
		*(uint32_t *)e->target = (uint32_t)n;
		return true;
	case MILLISECONDS:
	case SECONDS:
		if (!read_number(text, 1000000, &n))
			return false;
		*(uint64_t *)e->target = n * (e->type == SECONDS ? SECOND : MS);
		return true;
	case ADDRESS:
		return read_address(text, e->target);
	case MAC:
		return read_mac(text, e->target);
	case WINDOW:
		return read_window(text, e->target);
	case FLAG:
	default:
		*(bool *)e->target = true;
		return true;
	}
}

static int
complain(const char *what, const char *why)
{
	fprintf(stderr, "slim-gen: %s: %s\n", what, why);
	return -EINVAL;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What the role asks for, where nothing was said. */
static void
fill_role(struct traffic_config *t)
{
	bool fixed = t->role != TRAFFIC_NAT; /* a flow is a subscriber */

	if (t->churn == UNSET)
		t->churn = fixed ? 0 : 500;
	if (t->n_subscribers == UNSET)
		t->n_subscribers = fixed ? t->n_probes + t->n_echoes + t->n_flows : 4096;
}

/* Values that stand for more than one target, or are wider than their option. */
static int
finish(struct options *o, const struct wide *w)
{
	const char *why;
	uint32_t rate;

	for (unsigned d = 0; d < LEDGER_N_DIRECTIONS; d++)
		if (o->traffic.rate[d] == 0)
			o->traffic.rate[d] = w->rate;
	rate = smaller(o->traffic.rate[LEDGER_UP], o->traffic.rate[LEDGER_DOWN]);
	if (o->traffic.probe_rate == 0)
		o->traffic.probe_rate = smaller(rate / 20, 1000);
	if (o->traffic.echo_rate == 0)
		o->traffic.echo_rate = smaller(rate / 40, 500);
	fill_role(&o->traffic);
	o->idle_ns = w->idle_us * UINT64_C(1000);
	o->traffic.seed = w->seed;
	if (w->series_s == 0 || w->series_s > JUDGE_SERIES_MAX_BINS / 100u)
		return complain("--series", "must be 1 to 83886 seconds");
	o->traffic.series_n_bins = w->series_s * 100u;
	if (o->n_rx_queues == 0 || o->n_rx_queues > OPTIONS_MAX_RX_QUEUES)
		return complain("--rx-queues", "must be 1 to 16");
	if (w->qfi > 63)
		return complain("--qfi", "must be 0 to 63");
	o->traffic.qfi = (uint8_t)w->qfi;
	why = traffic_check(&o->traffic);
	return why != NULL ? complain("options", why) : 0;
}

int
options_parse(int argc, char **argv, struct options *ret_options)
{
	struct option longs[N_ENTRIES + 1u] = {0};
	struct entry table[N_ENTRIES];
	struct options o = defaults;
	struct wide w = {.rate = 20000, .idle_us = 20, .seed = 1, .series_s = 3600};
	int index, c;

	o.traffic.rate[LEDGER_UP] = o.traffic.rate[LEDGER_DOWN] = 0;
	fill_table(&o, &w, table);
	for (unsigned i = 0; i < N_ENTRIES; i++)
		longs[i] = (struct option){.name = table[i].name,
					   .has_arg = table[i].type == FLAG ? no_argument
									    : required_argument};
	optind = 1;
	while ((c = getopt_long(argc, argv, "", longs, &index)) != -1) {
		if (c != 0)
			return -EINVAL; /* getopt has said why */
		if (!read_value(&table[index], optarg))
			return complain(table[index].name, "bad value");
	}
	if (optind < argc)
		return complain(argv[optind], "unexpected");
	c = o.help ? 0 : finish(&o, &w);
	if (c == 0)
		*ret_options = o;
	return c;
}

void
options_print_usage(void)
{
	struct entry table[N_ENTRIES];
	struct options o;
	struct wide w;

	printf("slim-gen [EAL options] -- [options]\n\n"
	       "Sends UDP packets of many flows through a network function, in both directions, "
	       "and\n"
	       "says what became of every one of them.\n\n");
	fill_table(&o, &w, table);
	for (unsigned i = 0; i < N_ENTRIES; i++)
		printf("  --%-16s %s\n", table[i].name, table[i].text);
	printf("\nControl socket, one command a line: status, wait-ready, mark NAME, stats, "
	       "stop.\n");
}
