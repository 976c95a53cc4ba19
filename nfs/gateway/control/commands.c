/* SPDX-License-Identifier: Apache-2.0 */
/* Commands; see commands.h. Main thread. */
#include "commands.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "events.h"
#include "gateway.h"
#include "gtpu.h"
#include "orders.h"
#include "show.h"
#include "slot.h"

#define SLOTS_A_STEP 1024u /* looked at in one call of a step */
#define BURST_MIN 3000u    /* octets: two packets of the usual size */
#define BURST_MAX (UINT64_C(1) << 32)
#define RATE_MAX UINT64_C(1000000000000) /* bits a second */

/* ---- words to orders -------------------------------------------------------------------------- */

/* Decimal, or hexadecimal behind 0x. Not 0: that is the TEID of path messages. */
static bool
parse_teid(const char *text, uint32_t *ret_teid)
{
	uint64_t teid = 0;

	if (text == NULL)
		return false;
	if (text[0] != '0' || text[1] != 'x') {
		if (!nf_parse_number(text, UINT32_MAX, &teid))
			return false;
	} else {
		size_t n = strlen(text + 2);

		if (n == 0 || n > 8 || strspn(text + 2, "0123456789abcdefABCDEF") != n)
			return false;
		sscanf(text + 2, "%x", ret_teid);
		teid = *ret_teid;
	}
	*ret_teid = (uint32_t)teid;
	return teid != 0;
}

/* "2001:db8:0:7::/64", or without its length. */
static bool
parse_prefix(const char *text, uint8_t prefix[16])
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");

	if (n >= sizeof(address) || (text[n] != '\0' && strcmp(text + n, "/64") != 0))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	if (inet_pton(AF_INET6, address, prefix) != 1)
		return false;
	for (int i = 8; i < 16; i++)
		if (prefix[i] != 0)
			return false;
	return true;
}

static enum nf_status
take_addresses(struct nf_request *r, struct nf_words *words, struct gateway_order *order)
{
	const struct gateway *gateway = r->nf;
	const char *ipv4 = nf_words_option(words, "ipv4"), *ipv6 = nf_words_option(words, "ipv6");

	if (ipv4 != NULL) {
		if (!nf_parse_ipv4(ipv4, &order->ipv4))
			return nf_refuse(r, NF_USAGE, "'%.40s' is not an IPv4 address", ipv4);
		if (!gateway_config_has_subscriber(&gateway->config, rte_be_to_cpu_32(order->ipv4)))
			return nf_refuse(r, NF_REFUSED, "%s is not a subscriber's address", ipv4);
		order->given |= GATEWAY_GIVEN_IPV4;
	}
	if (ipv6 != NULL) {
		if (!parse_prefix(ipv6, order->ipv6))
			return nf_refuse(r, NF_USAGE, "'%.40s' is not an IPv6 prefix of 64 bits",
					 ipv6);
		if (!gateway_config_has_subscriber_ipv6(&gateway->config, order->ipv6))
			return nf_refuse(r, NF_REFUSED, "%s is not a subscriber's prefix", ipv6);
		order->given |= GATEWAY_GIVEN_IPV6;
	}
	return NF_OK;
}

/* `cell ADDRESS TEID`, or `idle`. */
static enum nf_status
take_cell(struct nf_request *r, struct nf_words *words, struct gateway_order *order)
{
	const struct gateway *gateway = r->nf;
	const char *address, *teid;

	if (nf_words_flag(words, "idle")) {
		order->given |= GATEWAY_GIVEN_CELL;
		return NF_OK;
	}
	address = nf_words_option(words, "cell");
	teid = nf_words_option(words, "cell-teid");
	if (address == NULL && teid == NULL)
		return NF_OK;
	if (!nf_parse_ipv4(address, &order->cell.address) || !parse_teid(teid, &order->cell.teid))
		return nf_refuse(r, NF_USAGE, "a cell is 'cell ADDRESS cell-teid TEID'");
	if (!gateway_may_be_cell(gateway, order->cell.address))
		return nf_refuse(r, NF_REFUSED, "no way to a cell at %.40s", address);
	order->given |= GATEWAY_GIVEN_CELL;
	return NF_OK;
}

/* `NAME-rate BITS-PER-S [NAME-burst OCTETS]`; the usual burst is what a tenth of a second brings. */
static enum nf_status
take_rate(struct nf_request *r, struct nf_words *words, const char *name, uint64_t *ret_rate,
	  uint64_t *ret_burst, bool *ret_given)
{
	char option[24];
	const char *rate, *burst;

	snprintf(option, sizeof(option), "%s-rate", name);
	rate = nf_words_option(words, option);
	snprintf(option, sizeof(option), "%s-burst", name);
	burst = nf_words_option(words, option);
	*ret_given = rate != NULL;
	if (rate == NULL && burst == NULL)
		return NF_OK;
	if (!nf_parse_number(rate, RATE_MAX, ret_rate))
		return nf_refuse(r, NF_USAGE, "%s-rate is a number of bits a second", name);
	*ret_burst = RTE_MAX(*ret_rate / 80, (uint64_t)BURST_MIN);
	if (burst != NULL &&
	    (!nf_parse_number(burst, BURST_MAX, ret_burst) || *ret_burst < BURST_MIN))
		return nf_refuse(r, NF_USAGE, "%s-burst is a number of octets from %u on", name,
				 BURST_MIN);
	return NF_OK;
}

static enum nf_status
take_quality(struct nf_request *r, struct nf_words *words, struct gateway_order *order)
{
	const char *qfi = nf_words_option(words, "qfi");
	bool uplink, downlink;
	uint64_t number;

	if (qfi != NULL) {
		if (!nf_parse_number(qfi, GTPU_MAX_QFI, &number))
			return nf_refuse(r, NF_USAGE, "qfi is a number from 0 to %u", GTPU_MAX_QFI);
		order->qfi = (uint8_t)number;
		order->container = 1;
		order->given |= GATEWAY_GIVEN_QFI;
	}
	if (take_rate(r, words, "uplink", &order->uplink_rate, &order->uplink_burst, &uplink) !=
		    NF_OK ||
	    take_rate(r, words, "downlink", &order->downlink_rate, &order->downlink_burst,
		      &downlink) != NF_OK)
		return r->status;
	order->given |=
		(uplink ? GATEWAY_GIVEN_UPLINK : 0) | (downlink ? GATEWAY_GIVEN_DOWNLINK : 0);
	return NF_OK;
}

static enum nf_status
put_order(struct nf_request *r, uint32_t kind, const struct gateway_order *order)
{
	const struct gateway *gateway = r->nf;

	r->job.kind = kind;
	memcpy(r->job.args, order, sizeof(*order));
	r->workers = 1u << gateway->bucket_worker[gateway_teid_bucket(order->teid)];
	return NF_OK;
}

static enum nf_status
start_order(struct nf_request *r, struct nf_words *words, uint32_t kind)
{
	struct gateway_order order = {0};
	enum nf_status status = NF_OK;

	if (!parse_teid(nf_words_next(words), &order.teid))
		return nf_refuse(r, NF_USAGE, "a TEID is a number above 0");
	if (kind == GATEWAY_ORDER_ADD || kind == GATEWAY_ORDER_MODIFY) {
		status = take_addresses(r, words, &order);
		if (status == NF_OK)
			status = take_quality(r, words, &order);
	}
	if (status == NF_OK && kind != GATEWAY_ORDER_REMOVE)
		status = take_cell(r, words, &order);
	if (status != NF_OK)
		return status;
	if (kind == GATEWAY_ORDER_SWITCH && !(order.given & GATEWAY_GIVEN_CELL))
		return NF_USAGE;
	return put_order(r, kind, &order);
}

static enum nf_status
start_add(struct nf_request *r, struct nf_words *words)
{
	return start_order(r, words, GATEWAY_ORDER_ADD);
}

static enum nf_status
start_modify(struct nf_request *r, struct nf_words *words)
{
	return start_order(r, words, GATEWAY_ORDER_MODIFY);
}

static enum nf_status
start_remove(struct nf_request *r, struct nf_words *words)
{
	return start_order(r, words, GATEWAY_ORDER_REMOVE);
}

static enum nf_status
start_switch(struct nf_request *r, struct nf_words *words)
{
	return start_order(r, words, GATEWAY_ORDER_SWITCH);
}

/* ---- showing -------------------------------------------------------------------------------------- */

/* Which sessions to show; in the job's arguments. */
struct filter {
	uint32_t teid;   /* 0: any */
	rte_be32_t ipv4; /* 0: any */
	rte_be32_t cell; /* 0: any */
	bool waiting;    /* only those for which packets wait */
	uint64_t limit;  /* rows that may follow */
};

static enum nf_status
start_show(struct nf_request *r, struct nf_words *words)
{
	struct filter filter = {.limit = UINT64_MAX};
	const char *teid = nf_words_option(words, "teid"), *ipv4 = nf_words_option(words, "ipv4");
	const char *cell = nf_words_option(words, "cell"), *limit = nf_words_option(words, "limit");

	if ((teid != NULL && !parse_teid(teid, &filter.teid)) ||
	    (ipv4 != NULL && !nf_parse_ipv4(ipv4, &filter.ipv4)) ||
	    (cell != NULL && !nf_parse_ipv4(cell, &filter.cell)) ||
	    (limit != NULL && !nf_parse_number(limit, UINT64_MAX, &filter.limit)))
		return NF_USAGE;
	filter.waiting = nf_words_flag(words, "waiting");
	memcpy(r->job.args, &filter, sizeof(filter));
	return NF_OK;
}

static void
write_address(struct nf_reply *reply, const char *key, rte_be32_t address)
{
	char text[INET_ADDRSTRLEN];

	if (address != 0)
		nf_reply_text(reply, key, "%s", inet_ntop(AF_INET, &address, text, sizeof(text)));
}

static void
write_session(struct nf_reply *reply, const struct gateway_session *session)
{
	char text[INET6_ADDRSTRLEN];

	nf_reply_begin(reply);
	nf_reply_text(reply, "teid", "0x%08x", session->teid);
	write_address(reply, "ipv4", session->ipv4);
	if (gateway_ipv6_key(session->ipv6) != 0)
		nf_reply_text(reply, "ipv6", "%s/64",
			      inet_ntop(AF_INET6, session->ipv6, text, sizeof(text)));
	write_address(reply, "cell", session->cell_address);
	if (session->cell_address != 0)
		nf_reply_text(reply, "cell_teid", "0x%08x", session->cell_teid);
	if (session->container)
		nf_reply_number(reply, "qfi", session->qfi);
	if (session->uplink_rate != 0)
		nf_reply_number(reply, "uplink_rate", session->uplink_rate);
	if (session->downlink_rate != 0)
		nf_reply_number(reply, "downlink_rate", session->downlink_rate);
	nf_reply_number(reply, "packets_up", session->packets_up);
	nf_reply_number(reply, "bytes_up", session->bytes_up);
	nf_reply_number(reply, "packets_down", session->packets_down);
	nf_reply_number(reply, "bytes_down", session->bytes_down);
	nf_reply_number(reply, "packets_policed", session->packets_policed);
	if (session->n_waiting != 0)
		nf_reply_number(reply, "waiting", session->n_waiting);
	nf_reply_end(reply);
}

static bool
is_shown(const struct filter *filter, const struct gateway_session *session)
{
	return (filter->teid == 0 || filter->teid == session->teid) &&
	       (filter->ipv4 == 0 || filter->ipv4 == session->ipv4) &&
	       (filter->cell == 0 || filter->cell == session->cell_address) &&
	       (!filter->waiting || session->n_waiting != 0);
}

/* A slot that its owner is writing right now is looked at again with the next call. */
static bool
show_sessions(struct nf_request *r, struct nf_reply *reply)
{
	const struct gateway *gateway = r->nf;
	const struct slim_table *table = gateway->sessions.shares.table;
	struct filter filter;
	struct gateway_session session;
	struct slot_state state;

	memcpy(&filter, r->job.args, sizeof(filter));
	for (uint32_t i = 0; i < SLOTS_A_STEP && r->job.cursor < table->capacity; i++) {
		const uint8_t *slot = table->slab + (size_t)r->job.cursor * table->slot_size;

		if (filter.limit == 0 || !nf_reply_has_room(reply) ||
		    !slot_read(slot, sizeof(session), (uint8_t *)&session, &state))
			break;
		r->job.cursor++;
		if (!state.used || !is_shown(&filter, &session))
			continue;
		write_session(reply, &session);
		filter.limit--;
	}
	memcpy(r->job.args, &filter, sizeof(filter));
	return filter.limit == 0 || r->job.cursor == table->capacity;
}

/* ---- watching --------------------------------------------------------------------------------------- */

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
write_event(struct nf_reply *reply, const struct nf_event *event, uint16_t worker, uint64_t lost)
{
	static const char *const words[] = {
#define X(name, word) word,
		GATEWAY_EVENTS(X)
#undef X
	};
	uint32_t cell_teid = (uint32_t)event->words[2];

	nf_reply_begin(reply);
	nf_reply_text(reply, "event", "%s", words[event->words[0] >> 32]);
	nf_reply_text(reply, "teid", "0x%08x", (uint32_t)event->words[0]);
	write_address(reply, "cell", (rte_be32_t)(event->words[2] >> 32));
	if (event->words[2] >> 32 != 0)
		nf_reply_text(reply, "cell_teid", "0x%08x", cell_teid);
	nf_reply_number(reply, "time_ns", event->words[1]);
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
	const struct gateway *gateway = r->nf;
	struct nf_watch *watch = r->workspace;
	struct watch_order order;
	struct nf_event event;
	uint16_t worker;

	memcpy(&order, r->job.args, sizeof(order));
	if (r->job.cursor == 0)
		nf_watch_begin(watch, gateway->events, gateway->config.n_workers, order.recent);
	r->job.cursor = 1;
	while (order.limit != 0 && nf_reply_has_room(reply) &&
	       nf_watch_next(watch, gateway->events, gateway->config.n_workers, &event, &worker)) {
		write_event(reply, &event, worker, watch->lost);
		watch->lost = 0;
		order.limit--;
	}
	memcpy(r->job.args, &order, sizeof(order));
	return order.limit == 0;
}

#define SESSION_ARGS                                                                   \
	"[ipv4 ADDRESS] [ipv6 PREFIX] [cell ADDRESS cell-teid TEID | idle] [qfi QFI] " \
	"[uplink-rate BITS-PER-S [uplink-burst OCTETS]] [downlink-rate BITS-PER-S "    \
	"[downlink-burst OCTETS]]"

const struct nf_command gateway_commands[] = {
	{"session add", "TEID " SESSION_ARGS, "make a session", start_add, NULL},
	{"session modify", "TEID " SESSION_ARGS, "change what is given of a session", start_modify,
	 NULL},
	{"session remove", "TEID", "end a session", start_remove, NULL},
	{"path-switch", "TEID cell ADDRESS cell-teid TEID | TEID idle",
	 "move a subscriber to another cell, or to none", start_switch, NULL},
	{"show sessions", "[teid TEID] [ipv4 ADDRESS] [cell ADDRESS] [waiting] [limit N]",
	 "list sessions", start_show, show_sessions},
	{"watch", "[recent] [limit N]", "tell what happens, from now on or from what is remembered",
	 start_watch, watch},
	{"show counters", "", "what the gateway counted", NULL, nf_show_counters},
	{NULL, NULL, NULL, NULL, NULL},
};
