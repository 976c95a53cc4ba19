/* SPDX-License-Identifier: Apache-2.0 */
/* Commands; see commands.h. Main thread. */
#include "commands.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "automaton.h"
#include "counters.h"
#include "decide.h"
#include "events.h"
#include "orders.h"
#include "prefix.h"
#include "show.h"
#include "show_session.h"

#define VLAN_MAX 4094u

static const struct pppoe *
pppoe_of(const struct nf_request *r)
{
	return r->nf;
}

/* ---- which sessions --------------------------------------------------------------------------------------- */

static bool
parse_u16(const char *text, uint64_t max, uint16_t *ret_number)
{
	uint64_t number;

	if (!nf_parse_number(text, max, &number))
		return false;
	*ret_number = (uint16_t)number;
	return true;
}

static enum nf_status
take_numbers(struct nf_request *r, struct nf_words *words, struct pppoe_filter *filter)
{
	const struct {
		const char *name;
		uint64_t max;
		uint16_t given;
		uint16_t *ret;
	} numbers[] = {
		{"id", UINT16_MAX, PPPOE_GIVEN_ID, &filter->session_id},
		{"outer", VLAN_MAX, PPPOE_GIVEN_OUTER, &filter->outer},
		{"inner", VLAN_MAX, PPPOE_GIVEN_INNER, &filter->inner},
	};

	for (size_t i = 0; i < RTE_DIM(numbers); i++) {
		const char *text = nf_words_option(words, numbers[i].name);

		if (text == NULL)
			continue;
		if (!parse_u16(text, numbers[i].max, numbers[i].ret))
			return nf_refuse(r, NF_USAGE, "%s is a number from 0 to %" PRIu64,
					 numbers[i].name, numbers[i].max);
		filter->given |= numbers[i].given;
	}
	return NF_OK;
}

/* "2001:db8:0:7::/64", or an address in it: its number in the pool. */
static bool
parse_prefix(const struct pppoe_config *config, const char *text, uint32_t *ret_number)
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	uint8_t octets[16];

	if (n >= sizeof(address) || (text[n] != '\0' && strcmp(text + n, "/64") != 0))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	if (inet_pton(AF_INET6, address, octets) != 1)
		return false;
	*ret_number = pppoe_prefix_of(&config->ipv6_pool, octets);
	return *ret_number != PPPOE_NOT_IN_POOL;
}

static enum nf_status
take_addresses(struct nf_request *r, struct nf_words *words, struct pppoe_filter *filter)
{
	const char *mac = nf_words_option(words, "mac"), *ipv4 = nf_words_option(words, "address");
	const char *ipv6 = nf_words_option(words, "prefix");

	if (mac != NULL) {
		if (rte_ether_unformat_addr(mac, &filter->mac) != 0)
			return nf_refuse(r, NF_USAGE, "'%.40s' is not a MAC address", mac);
		filter->given |= PPPOE_GIVEN_MAC;
	}
	if (ipv4 != NULL) {
		if (!nf_parse_ipv4(ipv4, &filter->ipv4))
			return nf_refuse(r, NF_USAGE, "'%.40s' is not an IPv4 address", ipv4);
		filter->given |= PPPOE_GIVEN_IPV4;
	}
	if (ipv6 != NULL) {
		if (!parse_prefix(&pppoe_of(r)->config, ipv6, &filter->prefix))
			return nf_refuse(r, NF_USAGE, "'%.50s' is no /64 of the pool", ipv6);
		filter->given |= PPPOE_GIVEN_PREFIX;
	}
	return NF_OK;
}

static enum nf_status
take_filter(struct nf_request *r, struct nf_words *words, struct pppoe_filter *filter)
{
	const char *user = nf_words_option(words, "user");

	if (user != NULL) {
		if (strlen(user) >= sizeof(filter->user))
			return nf_refuse(r, NF_USAGE, "a user's name has less than %zu octets",
					 sizeof(filter->user));
		snprintf(filter->user, sizeof(filter->user), "%s", user);
		filter->given |= PPPOE_GIVEN_USER;
	}
	if (take_numbers(r, words, filter) != NF_OK)
		return r->status;
	return take_addresses(r, words, filter);
}

/* ---- sessions --------------------------------------------------------------------------------------------- */

/* In the job's arguments. */
struct show_args {
	struct pppoe_filter filter;
	uint64_t limit; /* rows that may follow */
	bool counted;   /* the census is complete */
};

_Static_assert(sizeof(struct show_args) <= NF_JOB_ARGS, "they fit into a job");

static enum nf_status
start_show_sessions(struct nf_request *r, struct nf_words *words)
{
	struct show_args args = {.limit = UINT64_MAX};
	const char *limit = nf_words_option(words, "limit");
	enum nf_status status = take_filter(r, words, &args.filter);

	if (status != NF_OK)
		return status;
	if (limit != NULL && !nf_parse_number(limit, UINT64_MAX, &args.limit))
		return NF_USAGE;
	memcpy(r->job.args, &args, sizeof(args));
	return NF_OK;
}

/* The next slots of the table; true: that was the last one. */
static bool
next_slots(const struct nf_request *r, uint32_t *ret_end)
{
	uint32_t n_slots = pppoe_of(r)->sessions.shares.capacity;

	*ret_end = RTE_MIN(n_slots, r->job.cursor + NF_SLOTS_A_STEP);
	return *ret_end == n_slots;
}

static bool
read_session(const struct nf_request *r, struct pppoe_session *ret)
{
	return nf_entry_read(pppoe_of(r)->sessions.shares.table, r->job.cursor, ret, sizeof(*ret));
}

static bool
show_sessions(struct nf_request *r, struct nf_reply *reply)
{
	struct show_args args;
	struct pppoe_session session;
	uint32_t end;
	bool last = next_slots(r, &end), full = false;

	memcpy(&args, r->job.args, sizeof(args));
	for (; r->job.cursor < end && args.limit != 0; r->job.cursor++) {
		full = !nf_reply_has_room(reply);
		if (full)
			break;
		if (!read_session(r, &session) || !pppoe_filter_matches(&args.filter, &session))
			continue;
		pppoe_show_session(reply, &pppoe_of(r)->config, &session, r->now_ns);
		args.limit--;
	}
	memcpy(r->job.args, &args, sizeof(args));
	return args.limit == 0 || (last && !full);
}

/* ---- clear ------------------------------------------------------------------------------------------------- */

/* The workers that may have such sessions. */
static enum nf_status
choose_workers(struct nf_request *r, const struct pppoe_filter *filter)
{
	const struct pppoe *pppoe = pppoe_of(r);
	uint32_t slot;

	r->workers = (1u << pppoe->config.n_workers) - 1;
	if (filter->given & PPPOE_GIVEN_MAC)
		r->workers = 1u << pppoe->bucket_worker[pppoe_mac_bucket(&filter->mac)];
	if (!(filter->given & PPPOE_GIVEN_ID))
		return NF_OK;
	slot = pppoe_session_by_id(&pppoe->sessions, filter->session_id);
	if (slot == NF_NO_SLOT)
		return NF_NOT_FOUND;
	r->workers = 1u << pppoe_session_worker(&pppoe->sessions, slot);
	return NF_OK;
}

static enum nf_status
start_clear(struct nf_request *r, struct nf_words *words)
{
	struct pppoe_end_order order = {.why = PPPOE_END_ADMIN};
	bool all = nf_words_flag(words, "all");
	enum nf_status status = take_filter(r, words, &order.which);

	if (status == NF_OK && all == (order.which.given != 0))
		status = NF_USAGE;
	if (status == NF_OK)
		status = choose_workers(r, &order.which);
	r->job.kind = PPPOE_ORDER_END;
	memcpy(r->job.args, &order, sizeof(order));
	return status;
}

/* ---- pools ------------------------------------------------------------------------------------------------- */

static void
count_session(struct pppoe_census *census, const struct pppoe_config *config,
	      const struct pppoe_session *session)
{
	uint32_t address = rte_be_to_cpu_32(session->ipv4), i;

	census->n_sessions++;
	census->n_prefixes += session->prefix != PPPOE_NO_PREFIX;
	if (session->ipv4 == 0)
		return;
	for (i = 0; i < config->n_pools && !nf_prefix_has(&config->pools[i], address); i++)
		continue;
	if (i < config->n_pools)
		census->n_addresses[i]++;
	else
		census->n_others++;
}

/* True: the pass is complete. */
static bool
take_census(struct nf_request *r, struct pppoe_census *census)
{
	struct pppoe_session session;
	uint32_t end;
	bool last = next_slots(r, &end);

	if (r->job.cursor == 0)
		memset(census, 0, sizeof(*census));
	for (; r->job.cursor < end; r->job.cursor++)
		if (read_session(r, &session))
			count_session(census, &pppoe_of(r)->config, &session);
	return last;
}

static void
write_use(struct nf_reply *reply, uint64_t of, uint64_t used)
{
	nf_reply_number(reply, "of", of);
	nf_reply_number(reply, "used", used);
	nf_reply_number(reply, "free", of > used ? of - used : 0);
	nf_reply_end(reply);
}

/* The gateway's address is no client's. */
static void
write_pool(struct nf_reply *reply, const struct pppoe_config *config, uint32_t i, uint32_t used)
{
	const struct nf_prefix *pool = &config->pools[i];
	bool gateway = nf_prefix_has(pool, rte_be_to_cpu_32(config->gateway));
	rte_be32_t address = rte_cpu_to_be_32(pool->address);
	char text[INET_ADDRSTRLEN];

	nf_reply_begin(reply);
	nf_reply_text(reply, "pool", "%s/%d", inet_ntop(AF_INET, &address, text, sizeof(text)),
		      __builtin_popcount(pool->mask));
	write_use(reply, (uint64_t)~pool->mask + 1 - gateway, used);
}

static void
write_pools(struct nf_reply *reply, const struct pppoe_config *config,
	    const struct pppoe_census *census)
{
	char text[INET6_ADDRSTRLEN];

	for (uint32_t i = 0; i < config->n_pools; i++)
		write_pool(reply, config, i, census->n_addresses[i]);
	if (census->n_others != 0) {
		nf_reply_begin(reply);
		nf_reply_text(reply, "pool", "others");
		nf_reply_number(reply, "used", census->n_others);
		nf_reply_end(reply);
	}
	if (config->ipv6_pool.bits == 0)
		return;
	nf_reply_begin(reply);
	nf_reply_text(reply, "pool", "%s/%u",
		      inet_ntop(AF_INET6, config->ipv6_pool.address, text, sizeof(text)),
		      config->ipv6_pool.bits);
	write_use(reply, UINT64_C(1) << (64 - config->ipv6_pool.bits), census->n_prefixes);
}

/* A row of a pool is short: all of them have room where PPPOE_MAX_PREFIXES + 2 rows have. */
static bool
show_pools(struct nf_request *r, struct nf_reply *reply)
{
	struct pppoe_census *census = &((union pppoe_workspace *)r->workspace)->census;
	struct show_args args;

	memcpy(&args, r->job.args, sizeof(args));
	args.counted = args.counted || take_census(r, census);
	memcpy(r->job.args, &args, sizeof(args));
	if (!args.counted || reply->size - reply->used < (PPPOE_MAX_PREFIXES + 2) * 128u)
		return false;
	write_pools(reply, &pppoe_of(r)->config, census);
	return true;
}

/* ---- limits ------------------------------------------------------------------------------------------------ */

/* What is counted when it is reached; PPPOE_N_COUNTERS: nothing. */
static void
write_limit(const struct nf_request *r, struct nf_reply *reply, const char *name, uint64_t value,
	    unsigned int counter)
{
	nf_reply_begin(reply);
	nf_reply_text(reply, "limit", "%s", name);
	nf_reply_number(reply, "value", value);
	if (counter != PPPOE_N_COUNTERS) {
		nf_reply_text(reply, "counter", "%s", nf_counter_name(r->running, counter)->name);
		nf_reply_number(reply, "reached", nf_counter_sum(r->running, counter));
	}
	nf_reply_end(reply);
}

static bool
show_limits(struct nf_request *r, struct nf_reply *reply)
{
	const struct pppoe *pppoe = pppoe_of(r);
	const struct pppoe_limits *limits = &pppoe->config.limits;
	const struct {
		const char *name;
		uint64_t value;
		unsigned int counter;
	} rows[] = {
		{"sessions", pppoe->sessions.shares.capacity, PPPOE_drop_padr_full},
		{"sessions_per_mac", limits->sessions_per_mac, PPPOE_drop_padr_limit},
		{"sessions_per_vlan", limits->sessions_per_vlan, PPPOE_drop_padr_limit},
		{"padi_per_second", limits->padi_per_s, PPPOE_drop_padi_flood},
		{"padi_per_second_worker", limits->padi_per_s_all, PPPOE_drop_padi_flood},
		{"logins_per_minute", limits->logins_per_minute, PPPOE_drop_padr_rate},
		{"wrong_password", limits->wrong_password_ns / 1000000000, PPPOE_auth_bad},
		{"session", limits->session_ns / 1000000000, PPPOE_session_timeout},
		{"idle", limits->idle_ns / 1000000000, PPPOE_session_idle},
		{"cookie", limits->cookie_s, PPPOE_drop_cookie_old},
	};

	for (; r->job.cursor < RTE_DIM(rows); r->job.cursor++) {
		if (!nf_reply_has_room(reply))
			return false;
		write_limit(r, reply, rows[r->job.cursor].name, rows[r->job.cursor].value,
			    rows[r->job.cursor].counter);
	}
	return true;
}

/* ---- counters ---------------------------------------------------------------------------------------------- */

/* Those of the workers, then those of who decides. */
static bool
show_counters(struct nf_request *r, struct nf_reply *reply)
{
	const uint32_t n = r->running->n_counters;

	if (r->job.cursor < n && !nf_show_counters(r, reply))
		return false;
	for (; r->job.cursor < n + PPPOE_DECIDE_N_COUNTERS; r->job.cursor++) {
		const struct nf_counter_name *name = pppoe_decide_counter_name(r->job.cursor - n);

		if (!nf_reply_has_room(reply))
			return false;
		nf_reply_begin(reply);
		nf_reply_text(reply, "counter", "%s", name->name);
		nf_reply_number(reply, "value", pppoe_decide_count(pppoe_of(r), r->job.cursor - n));
		nf_reply_text(reply, "text", "%s", name->text);
		nf_reply_end(reply);
	}
	return true;
}

/* ---- neighbours -------------------------------------------------------------------------------------------- */

static bool
show_neighbours(struct nf_request *r, struct nf_reply *reply)
{
	return nf_show_neighbours(r, reply, &pppoe_of(r)->neighbours);
}

/* ---- watching ---------------------------------------------------------------------------------------------- */

/* In the job's arguments. */
struct watch_order {
	bool recent;
	uint64_t limit; /* rows that may follow */
};

static enum nf_status
start_watch(struct nf_request *r, struct nf_words *words)
{
	struct watch_order order = {.recent = nf_words_flag(words, "recent"), .limit = UINT64_MAX};
	const char *limit = nf_words_option(words, "limit");

	if (limit != NULL && !nf_parse_number(limit, UINT64_MAX, &order.limit))
		return NF_USAGE;
	memcpy(r->job.args, &order, sizeof(order));
	return NF_OK;
}

static void
write_event(struct nf_reply *reply, const struct pppoe_config *config, const struct nf_event *event,
	    uint16_t worker, uint64_t lost)
{
	static const char *const words[] = {
#define X(name, word) word,
		PPPOE_EVENTS(X)
#undef X
	};
	struct pppoe_event_words told;

	memcpy(&told, event->words, sizeof(told));
	nf_reply_begin(reply);
	nf_reply_text(reply, "event", "%s", told.event < RTE_DIM(words) ? words[told.event] : "?");
	if (told.event == PPPOE_EVENT_SESSION_DOWN)
		nf_reply_text(reply, "cause", "%s", pppoe_show_end(told.end));
	nf_reply_number(reply, "id", told.session_id);
	pppoe_show_line(reply, &told.mac, told.outer, told.inner);
	pppoe_show_addresses(reply, config, told.ipv4, told.prefix);
	nf_reply_number(reply, "time_ns", told.time_ns);
	nf_reply_number(reply, "worker", worker);
	nf_reply_number(reply, "number", event->number);
	if (lost != 0)
		nf_reply_number(reply, "lost", lost);
	nf_reply_end(reply);
}

/* Ends with its rows, or with the client. */
static bool
watch(struct nf_request *r, struct nf_reply *reply)
{
	const struct pppoe *pppoe = pppoe_of(r);
	struct nf_watch *watch = &((union pppoe_workspace *)r->workspace)->watch;
	struct watch_order order;
	struct nf_event event;
	uint16_t worker;

	memcpy(&order, r->job.args, sizeof(order));
	if (r->job.cursor == 0)
		nf_watch_begin(watch, pppoe->events, pppoe->config.n_workers, order.recent);
	r->job.cursor = 1;
	while (order.limit != 0 && nf_reply_has_room(reply) &&
	       nf_watch_next(watch, pppoe->events, pppoe->config.n_workers, &event, &worker)) {
		write_event(reply, &pppoe->config, &event, worker, watch->lost);
		watch->lost = 0;
		order.limit--;
	}
	memcpy(r->job.args, &order, sizeof(order));
	return order.limit == 0;
}

#define FILTER_ARGS                                                                            \
	"[id ID] [user NAME] [mac MAC] [address ADDRESS] [prefix PREFIX] [outer VLAN] [inner " \
	"VLAN]"

const struct nf_command pppoe_commands[] = {
	{"show sessions", FILTER_ARGS " [limit N]", "list sessions", start_show_sessions,
	 show_sessions},
	{"clear sessions", "all | " FILTER_ARGS, "end sessions, in order", start_clear, NULL},
	{"show pools", "", "addresses and prefixes that are used and free", NULL, show_pools},
	{"show limits", "", "limits, and how often they were reached", NULL, show_limits},
	{"show neighbours", "", "MAC addresses of the core side", NULL, show_neighbours},
	{"watch", "[recent] [limit N]", "tell what happens, from now on or from what is remembered",
	 start_watch, watch},
	{"show counters", "", "what the concentrator counted", NULL, show_counters},
	{NULL, NULL, NULL, NULL, NULL},
};
