/* SPDX-License-Identifier: Apache-2.0 */
/* What slim-nat shows and clears on request; see commands.h. Main thread. */
#include "commands.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "ipv4_bucket.h"
#include "config_show.h"
#include "jobs.h"
#include "nat.h"
#include "protocol.h"

#define SECOND_NS UINT64_C(1000000000)

/* A request's arguments, and how far it is beside its cursor. */
struct show_args {
	uint64_t limit; /* rows that may still come */
	uint64_t lower; /* where the next pass begins */
	uint32_t address;
	uint32_t outside;
	uint16_t outside_port;
	uint8_t protocol; /* IPPROTO; 0: any */
	bool by_inside;
	bool by_outside;
	bool by_port;
	bool counted; /* the table is gone through; rows come out */
};

_Static_assert(sizeof(struct show_args) <= NF_JOB_ARGS, "arguments fit");
_Static_assert(sizeof(struct nat_job_args) <= NF_JOB_ARGS, "arguments fit");

static const struct nat *
nat_of(const struct nf_request *r)
{
	return r->nf;
}

static struct show_args *
show_args_of(struct nf_request *r)
{
	return (struct show_args *)(void *)r->job.args;
}

static const char *
address_text(uint32_t address, char text[INET_ADDRSTRLEN])
{
	return inet_ntop(AF_INET, &address, text, INET_ADDRSTRLEN);
}

static bool
parse_protocol(const char *text, uint8_t *ret_protocol)
{
	*ret_protocol = text == NULL ? 0 : nat_protocol_named(text);
	return *ret_protocol != 0;
}

/* ---- sessions ----------------------------------------------------------------------------- */

static enum nf_status
start_show_sessions(struct nf_request *r, struct nf_words *words)
{
	struct show_args *args = show_args_of(r);
	const char *inside = nf_words_option(words, "inside");
	const char *outside = nf_words_option(words, "outside");
	const char *protocol = nf_words_option(words, "protocol");
	const char *limit = nf_words_option(words, "limit");

	args->limit = UINT64_MAX;
	args->by_inside = inside != NULL;
	args->by_port = outside != NULL && strchr(outside, ':') != NULL;
	args->by_outside = outside != NULL;
	if (inside != NULL && !nf_parse_ipv4(inside, &args->address))
		return nf_refuse(r, NF_USAGE, "inside: no IPv4 address");
	if (outside != NULL &&
	    !(args->by_port ? nf_parse_endpoint(outside, &args->outside, &args->outside_port)
			    : nf_parse_ipv4(outside, &args->outside)))
		return nf_refuse(r, NF_USAGE, "outside: no IPv4 address, nor one with a port");
	if (protocol != NULL && !parse_protocol(protocol, &args->protocol))
		return nf_refuse(r, NF_USAGE, "protocol: udp, tcp or icmp");
	if (limit != NULL && !nf_parse_number(limit, UINT64_MAX, &args->limit))
		return nf_refuse(r, NF_USAGE, "limit: no number");
	return NF_OK;
}

static bool
is_wanted(const struct show_args *args, const struct nat_session *s)
{
	return (!args->by_inside || s->inside_address == args->address) &&
	       (!args->by_outside || s->outside_address == args->outside) &&
	       (!args->by_port || s->outside_port == args->outside_port) &&
	       (args->protocol == 0 || s->protocol == args->protocol);
}

static const char *
state_name(const struct nat_session *s)
{
	static const char *const names[NF_TCP_N_STATES] = {
		[NF_TCP_NONE] = "",
		[NF_TCP_OPENING] = "opening",
		[NF_TCP_ANSWERED] = "answered",
		[NF_TCP_ESTABLISHED] = "established",
		[NF_TCP_FIN_OUT] = "fin-from-inside",
		[NF_TCP_FIN_IN] = "fin-from-outside",
		[NF_TCP_CLOSED] = "closed",
		[NF_TCP_SHARED] = "several-peers",
		[NF_TCP_RESET] = "reset",
		[NF_TCP_RESET_FIN_OUT] = "reset-after-fin-from-inside",
		[NF_TCP_RESET_FIN_IN] = "reset-after-fin-from-outside",
		[NF_TCP_OPENING_FIN] = "opening-fin-from-inside",
		[NF_TCP_ANSWERED_FIN] = "answered-fin-from-outside",
		[NF_TCP_IDLE] = "no-connection",
	};

	return s->tcp_state < NF_TCP_N_STATES && names[s->tcp_state] != NULL ? names[s->tcp_state]
									     : "?";
}

static void
write_session(struct nf_reply *reply, const struct nat_session *s, uint64_t now_ns)
{
	char address[INET_ADDRSTRLEN];

	nf_reply_begin(reply);
	nf_reply_text(reply, "protocol", "%s", nat_protocol_name(s->protocol));
	nf_reply_text(reply, "inside", "%s:%u", address_text(s->inside_address, address),
		      rte_be_to_cpu_16(s->inside_port));
	nf_reply_text(reply, "outside", "%s:%u", address_text(s->outside_address, address),
		      rte_be_to_cpu_16(s->outside_port));
	nf_reply_text(reply, "state", "%s", state_name(s));
	nf_reply_number(reply, "idle_s",
			now_ns > s->last_seen ? (now_ns - s->last_seen) / SECOND_NS : 0);
	nf_reply_number(reply, "packets_out", s->packets_out);
	nf_reply_number(reply, "bytes_out", s->bytes_out);
	nf_reply_number(reply, "packets_in", s->packets_in);
	nf_reply_number(reply, "bytes_in", s->bytes_in);
	nf_reply_end(reply);
}

/* The next slots of the table; true: that was the last one. */
static bool
next_slots(struct nf_request *r, uint32_t *ret_end)
{
	uint32_t n_slots = nat_of(r)->sessions.shares.capacity;

	*ret_end = RTE_MIN(n_slots, r->job.cursor + NF_SLOTS_A_STEP);
	return *ret_end == n_slots;
}

static bool
show_sessions(struct nf_request *r, struct nf_reply *reply)
{
	struct show_args *args = show_args_of(r);
	struct nat_session session;
	uint32_t end;
	bool last = next_slots(r, &end);

	for (; r->job.cursor < end; r->job.cursor++) {
		if (args->limit == 0)
			return true;
		if (!nf_reply_has_room(reply))
			return false;
		if (!nf_entry_read(nat_of(r)->sessions.shares.table, r->job.cursor, &session,
				   sizeof(session)) ||
		    !is_wanted(args, &session))
			continue;
		write_session(reply, &session, r->now_ns);
		args->limit--;
	}
	return last;
}

/* ---- subscribers ---------------------------------------------------------------------------- */

static void
write_resident(struct nf_reply *reply, const struct nat_resident *s)
{
	char address[INET_ADDRSTRLEN];
	uint32_t n = 0;

	for (int p = 0; p < NAT_N_PROTOCOLS; p++)
		n += s->n_sessions[p];
	nf_reply_begin(reply);
	nf_reply_text(reply, "inside", "%s", address_text(rte_cpu_to_be_32(s->address), address));
	nf_reply_text(reply, "outside", "%s",
		      s->several ? "several" : address_text(s->outside, address));
	nf_reply_number(reply, "sessions", n);
	nf_reply_number(reply, "udp", s->n_sessions[NAT_UDP]);
	nf_reply_number(reply, "tcp", s->n_sessions[NAT_TCP]);
	nf_reply_number(reply, "icmp", s->n_sessions[NAT_ICMP]);
	nf_reply_end(reply);
}

/* True: the pass is complete. */
static bool
count_residents(struct nf_request *r, struct nat_census *census)
{
	struct nat_session session;
	uint32_t end;
	bool last = next_slots(r, &end);

	for (; r->job.cursor < end; r->job.cursor++)
		if (nf_entry_read(nat_of(r)->sessions.shares.table, r->job.cursor, &session,
				  sizeof(session)))
			nat_census_add(census, &session);
	return last;
}

/* Pass after pass: through the table, then the rows of those that were counted. */
static bool
show_subscribers(struct nf_request *r, struct nf_reply *reply)
{
	struct nat_census *census = &((union nat_workspace *)r->workspace)->census;
	struct show_args *args = show_args_of(r);

	if (!args->counted) {
		if (r->job.cursor == 0)
			nat_census_begin(census, args->lower);
		if (!count_residents(r, census))
			return false;
		nat_census_end(census);
		args->counted = true;
		r->job.cursor = 0;
	}
	for (; r->job.cursor < census->n; r->job.cursor++) {
		if (!nf_reply_has_room(reply))
			return false;
		write_resident(reply, &census->residents[r->job.cursor]);
	}
	args->counted = false;
	r->job.cursor = 0;
	args->lower = census->upper;
	return !nat_census_has_more(census);
}

/* ---- pool --------------------------------------------------------------------------------------- */

static int
compare_addresses(const void *a, const void *b)
{
	uint32_t left = rte_be_to_cpu_32(*(const rte_be32_t *)a);
	uint32_t right = rte_be_to_cpu_32(*(const rte_be32_t *)b);

	return (left > right) - (left < right);
}

static void
count_port(struct nat_pool_use *use, const struct nat_config *config, const struct nat_session *s)
{
	const rte_be32_t *place = bsearch(&s->outside_address, config->pool, config->n_pool,
					  sizeof(config->pool[0]), compare_addresses);
	int protocol = nat_protocol_of(s->protocol);

	if (place != NULL && protocol >= 0)
		use->n_ports[place - config->pool][protocol]++;
}

static void
write_address(struct nf_reply *reply, const struct nat_config *config, uint32_t number,
	      const uint32_t n_ports[NAT_N_PROTOCOLS])
{
	char address[INET_ADDRSTRLEN];

	nf_reply_begin(reply);
	nf_reply_text(reply, "address", "%s", address_text(config->pool[number], address));
	nf_reply_number(reply, "udp", n_ports[NAT_UDP]);
	nf_reply_number(reply, "tcp", n_ports[NAT_TCP]);
	nf_reply_number(reply, "icmp", n_ports[NAT_ICMP]);
	nf_reply_number(reply, "of", (uint64_t)config->port_last - config->port_first + 1);
	nf_reply_end(reply);
}

static bool
show_pools(struct nf_request *r, struct nf_reply *reply)
{
	struct nat_pool_use *use = &((union nat_workspace *)r->workspace)->pools;
	const struct nat_config *config = &nat_of(r)->config;
	struct show_args *args = show_args_of(r);
	struct nat_session session;
	uint32_t end;

	if (!args->counted) {
		bool last = next_slots(r, &end);

		if (r->job.cursor == 0)
			memset(use, 0, sizeof(*use));
		for (; r->job.cursor < end; r->job.cursor++)
			if (nf_entry_read(nat_of(r)->sessions.shares.table, r->job.cursor, &session,
					  sizeof(session)))
				count_port(use, config, &session);
		if (!last)
			return false;
		args->counted = true;
		r->job.cursor = 0;
	}
	for (; r->job.cursor < config->n_pool; r->job.cursor++) {
		if (!nf_reply_has_room(reply))
			return false;
		write_address(reply, config, r->job.cursor, use->n_ports[r->job.cursor]);
	}
	return true;
}

/* ---- the rest ------------------------------------------------------------------------------------- */

static bool
show_neighbours(struct nf_request *r, struct nf_reply *reply)
{
	return nf_show_neighbours(r, reply, &nat_of(r)->neighbours);
}

static bool
show_config(struct nf_request *r, struct nf_reply *reply)
{
	return nat_config_show(&nat_of(r)->config, &r->job.cursor, reply);
}

/* ---- clear ----------------------------------------------------------------------------------------- */

static struct nat_job_args *
job_args_of(struct nf_request *r)
{
	return (struct nat_job_args *)(void *)r->job.args;
}

static uint32_t
worker_of(const struct nf_request *r, rte_be32_t inside_address)
{
	return 1u << nat_of(r)->bucket_worker[nf_ipv4_bucket(inside_address)];
}

/* "100.64.3.7:5000/udp" */
static enum nf_status
start_clear_session(struct nf_request *r, struct nf_words *words)
{
	const char *text = nf_words_next(words);
	const char *slash = text != NULL ? strchr(text, '/') : NULL;
	char endpoint[INET_ADDRSTRLEN + 8];
	rte_be32_t address;
	rte_be16_t port;
	uint8_t protocol;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(endpoint))
		return NF_USAGE;
	memcpy(endpoint, text, (size_t)(slash - text));
	endpoint[slash - text] = '\0';
	if (!nf_parse_endpoint(endpoint, &address, &port) || !parse_protocol(slash + 1, &protocol))
		return NF_USAGE;
	r->job.kind = NAT_JOB_CLEAR_SESSION;
	job_args_of(r)->key = nat_session_key(address, port, protocol);
	r->workers = worker_of(r, address);
	return NF_OK;
}

static enum nf_status
start_clear_subscriber(struct nf_request *r, struct nf_words *words)
{
	struct nat_job_args *args = job_args_of(r);

	if (!nf_parse_ipv4(nf_words_next(words), &args->address))
		return NF_USAGE;
	r->job.kind = NAT_JOB_CLEAR_SUBSCRIBER;
	r->workers = worker_of(r, args->address);
	return NF_OK;
}

static enum nf_status
start_clear_all(struct nf_request *r, struct nf_words *words)
{
	(void)words;
	r->job.kind = NAT_JOB_CLEAR_ALL;
	r->workers = (1u << nat_of(r)->config.n_workers) - 1;
	return NF_OK;
}

const struct nf_command nat_commands[] = {
	{"show sessions",
	 "[inside ADDRESS] [outside ADDRESS[:PORT]] [protocol udp|tcp|icmp] [limit N]",
	 "mappings, all or those that match", start_show_sessions, show_sessions},
	{"show subscribers", "", "mappings of each inside address, by protocol", NULL,
	 show_subscribers},
	{"show pools", "", "ports in use at each external address, by protocol", NULL, show_pools},
	{"show counters", "", "every counter, summed over workers", NULL, nf_show_counters},
	{"show neighbours", "", "resolved neighbours", NULL, show_neighbours},
	{"show config", "", "the configuration in force, defaults included", NULL, show_config},
	{"clear session", "ADDRESS:PORT/udp|tcp|icmp", "removes one mapping, by its inside end",
	 start_clear_session, NULL},
	{"clear subscriber", "ADDRESS", "removes all mappings of an inside address",
	 start_clear_subscriber, NULL},
	{"clear all", "", "removes all mappings", start_clear_all, NULL},
	{0},
};
