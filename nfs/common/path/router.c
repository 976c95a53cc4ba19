/* SPDX-License-Identifier: Apache-2.0 */
/* The router of a side, and Neighbor Discovery with it; see router.h. Worker's thread, but for create. */
#include "router.h"

#include <string.h>

#include "discovery.h"
#include "slot.h"

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct nf_router, address, SLIM_IPV6),
	SLIM_FIELD_STATE(struct nf_router, mac, SLIM_MAC),
	SLIM_FIELD_STATE(struct nf_router, confirmed, SLIM_TIME),
};

/* ---- rows from another instance ----------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	const struct nf_router_table *t = ctx;

	(void)w;
	return bucket == nf_router_bucket(&t->config) && memcmp(key, t->config.router, 16) == 0
		       ? 0
		       : SLIM_NO_SLOT;
}

/* Nothing is derived from the row. */
static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx;
	(void)w;
	(void)slot;
	(void)entry;
}

int
nf_router_create(struct nf_router_table *t, const struct nf_router_config *config,
		 struct slim_agent *agent)
{
	static const struct slim_table_ops ops = {.acquire = acquire, .removed = removed};
	const struct slim_table_config table = {
		.name = "router",
		.capacity = 1,
		.entry_size = sizeof(struct nf_router),
		.n_fields = RTE_DIM(fields),
		.fields = fields,
		.ops = &ops,
		.ctx = t,
	};

	t->config = *config;
	return slim_table_create(agent, &table, &t->table);
}

static const struct rte_ipv6_hdr *
ip_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_ipv6_hdr *,
				       sizeof(struct rte_ether_hdr));
}

/* ---- what is sent --------------------------------------------------------------------------------------- */

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const struct rte_ether_addr all_macs = {{0x33, 0x33, 0, 0, 0, 1}};

static const struct nf_router_counters *
counters(const struct nf_router_view *v)
{
	return &v->shared->config.counters;
}

static const struct rte_ether_addr *
own_mac(const struct nf_router_view *v)
{
	return &v->shared->config.mac;
}

/* Room for a frame of its own; NULL: there is none, and that is counted. */
static struct rte_mbuf *
new_frame(struct nf_router_view *v, uint16_t size)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(v->worker->pool);

	if (m == NULL)
		nf_count(v->worker, NF_no_mbuf, 1);
	else
		rte_pktmbuf_append(m, size);
	return m;
}

/* The owner of a MAC address alone, or (NULL) whoever has the router's address. */
static void
ask(struct nf_router_view *v, const struct rte_ether_addr *owner)
{
	const uint8_t *router = v->shared->config.router;
	struct rte_mbuf *m = new_frame(v, nf_discovery_size());
	struct rte_ether_addr group_mac;
	uint8_t group[16];

	if (m == NULL)
		return;
	nf_solicited_node(router, group, &group_mac);
	nf_discovery_put_solicitation(rte_pktmbuf_mtod(m, void *),
				      &(struct nf_link_ends){
					      .from_mac = own_mac(v),
					      .to_mac = owner != NULL ? owner : &group_mac,
					      .from = v->shared->config.address,
					      .to = owner != NULL ? router : group,
				      },
				      router);
	nf_count(v->worker, counters(v)->solicitation_sent, 1);
	nf_emit(v->worker, v->shared->config.side, m);
}

/* To who asked; NULL: to all (RFC 4861 section 7.2.4). */
static void
advertise(struct nf_router_view *v, const struct rte_ether_addr *to_mac, const uint8_t *to)
{
	const uint8_t *own = v->shared->config.address;
	struct rte_mbuf *m = new_frame(v, nf_discovery_size());

	if (m == NULL)
		return;
	nf_discovery_put_advertisement(rte_pktmbuf_mtod(m, void *),
				       &(struct nf_link_ends){
					       .from_mac = own_mac(v),
					       .to_mac = to_mac != NULL ? to_mac : &all_macs,
					       .from = own,
					       .to = to_mac != NULL ? to : all_nodes,
				       },
				       own, to_mac != NULL);
	nf_count(v->worker, counters(v)->advertisement_sent, 1);
	nf_emit(v->worker, v->shared->config.side, m);
}

static void
report(struct nf_router_view *v, uint8_t version, uint8_t record)
{
	struct rte_mbuf *m = new_frame(v, NF_MLD_SIZE);
	struct rte_ether_addr mac;
	uint8_t group[16];
	uint16_t size;

	if (m == NULL)
		return;
	nf_solicited_node(v->shared->config.address, group, &mac);
	size = nf_mld_put_report(rte_pktmbuf_mtod(m, void *), own_mac(v), group, version, record);
	rte_pktmbuf_trim(m, (uint16_t)(NF_MLD_SIZE - size));
	nf_count(v->worker, counters(v)->listener_report_sent, 1);
	nf_emit(v->worker, v->shared->config.side, m);
}

/* ---- what is known ---------------------------------------------------------------------------------------- */

/* The owner's entry; NULL: not known. */
static const struct nf_router *
known(const struct nf_router_view *v)
{
	const struct nf_router *router = slim_slot(v->shared->table, 0);

	return ((const struct slim_slot_head *)router - 1)->used ? router : NULL;
}

/* Asked again when two thirds of its time are over. */
static uint64_t
refresh_ns(const struct nf_router_view *v)
{
	return v->shared->config.lifetime_ns / 3 * 2;
}

/* `age_ns`: since it has answered. */
static void
learn(struct nf_router_view *v, const struct rte_ether_addr *mac, uint64_t age_ns)
{
	struct slim_table *table = v->shared->table;
	const struct nf_router *old = known(v);
	struct nf_router *router;

	v->question = (struct nf_question){0};
	/* The time is written at most once a second, whatever comes. */
	if (old != NULL && rte_is_same_ether_addr(&old->mac, mac) &&
	    (int64_t)(v->worker->now_ns - old->confirmed) < (int64_t)NF_ROUTER_RETRY_NS)
		return;
	router = slim_slot_begin(v->worker->agent, table, 0);
	*router = (struct nf_router){.mac = *mac, .confirmed = v->worker->now_ns - age_ns};
	memcpy(router->address, v->shared->config.router, 16);
	slim_slot_end(v->worker->agent, table, 0, nf_router_bucket(&v->shared->config));
	v->next_ask_ns = v->worker->now_ns;
}

static enum nf_standing
standing_of(const struct nf_router_view *v, const struct nf_discovery *said)
{
	const struct nf_router_config *config = &v->shared->config;
	const struct nf_router *router = known(v);

	/* Who bears the NF's own MAC address is the NF, or its other instance. */
	if (!rte_is_valid_assigned_ether_addr(&said->mac) ||
	    rte_is_same_ether_addr(&said->mac, own_mac(v)))
		return NF_NOBODY;
	if (memcmp(said->about, config->address, 16) == 0)
		return NF_SELF;
	if (memcmp(said->about, config->router, 16) != 0)
		return NF_STRANGER;
	if (router == NULL)
		return NF_ASKED;
	if (rte_is_same_ether_addr(&router->mac, &said->mac))
		return NF_KNOWN;
	if (v->question.stage == NF_NO_QUESTION)
		return NF_MOVED;
	return v->question.stage == NF_TO_OWNER ? NF_DISPUTED : NF_OPEN;
}

/* ---- what comes in ---------------------------------------------------------------------------------- */

static void take_step(struct nf_router_view *v);

/* True: something was taken from it. */
static bool
teach(struct nf_router_view *v, const struct nf_discovery *said, enum nf_teaching teaching,
      enum nf_standing standing)
{
	switch (teaching) {
	case NF_TEACHES:
	case NF_TEACHES_STALE:
		if (!said->tells_mac)
			return false;
		nf_count(v->worker, NF_neighbour_moved, standing == NF_OPEN);
		learn(v, &said->mac, teaching == NF_TEACHES ? 0 : refresh_ns(v));
		return true;
	case NF_CONFIRMS:
		learn(v, &said->mac, 0);
		return true;
	case NF_DISPUTES:
		nf_count(v->worker, NF_neighbour_disputed, 1);
		v->question = nf_question_begin(NF_TO_OWNER, v->worker->now_ns);
		take_step(v);
		return false;
	case NF_CONFLICTS:
		nf_count(v->worker, NF_address_conflict, 1);
		return false;
	default:
		return false;
	}
}

/* As of an IPv4 address: told to all, but seldom. */
static void
defend(struct nf_router_view *v)
{
	uint64_t now = v->worker->now_ns;

	if (v->defended_ns != 0 && now - v->defended_ns < NF_DEFEND_NS)
		return;
	v->defended_ns = now;
	advertise(v, NULL, NULL);
}

static bool
is_solicitation(const struct nf_discovery *said)
{
	return said->saying == NF_ND_SOLICITATION || said->saying == NF_ND_PROBE;
}

static void
answer(struct nf_router_view *v, const struct rte_mbuf *m, const struct nf_discovery *said)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	if (said->saying == NF_ND_PROBE)
		advertise(v, NULL, NULL);
	else
		advertise(v, &eth->src_addr, ip_of(m)->src_addr);
}

static void
take_discovery(struct nf_router_view *v, struct rte_mbuf *m, const struct nf_discovery *said)
{
	const uint8_t *own = v->shared->config.address;
	enum nf_standing standing = standing_of(v, said);
	struct nf_neighbour_rule rule = nf_neighbour_rule(said->saying, standing);
	bool taught = teach(v, said, rule.teaching, standing);

	if (rule.answering == NF_DEFENDS)
		defend(v);
	if (rule.answering == NF_ANSWERS && is_solicitation(said) &&
	    memcmp(said->target, own, 16) == 0) {
		answer(v, m, said);
		nf_drop(v->worker, m, counters(v)->solicitation_taken);
	} else if (taught) {
		nf_drop(v->worker, m, counters(v)->advertisement_taken);
	} else {
		nf_drop(v->worker, m, counters(v)->drop_neighbor_discovery);
	}
}

void
nf_router_take(struct nf_router_view *v, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv6_hdr *ip = ip_of(m);
	struct nf_discovery said;
	struct rte_ether_addr mac;
	uint32_t size = (uint32_t)sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len);
	uint8_t group[16], version;

	nf_solicited_node(v->shared->config.address, group, &mac);
	version = nf_mld_query(ip, size, group);
	if (version != 0) {
		report(v, version, NF_MLD_LISTENS);
		nf_drop(v->worker, m, counters(v)->listener_query_taken);
	} else if (nf_discovery_read(ip, size, &eth->src_addr, &said)) {
		take_discovery(v, m, &said);
	} else {
		nf_drop(v->worker, m, counters(v)->drop_neighbor_discovery);
	}
}

/* ---- timers ------------------------------------------------------------------------------------------- */

/* The next question about a router that is said to have moved. */
static void
take_step(struct nf_router_view *v)
{
	const struct nf_router *router = known(v);

	switch (nf_question_step(&v->question, v->worker->now_ns)) {
	case NF_QUESTION_ASKS_OWNER:
		ask(v, router != NULL ? &router->mac : NULL);
		break;
	case NF_QUESTION_ASKS_ALL:
		ask(v, NULL);
		break;
	default:
		break;
	}
}

/* Asks while it does not know, and again when two thirds of the time are over. */
static void
keep_known(struct nf_router_view *v)
{
	uint64_t now = v->worker->now_ns;
	const struct nf_router *router = known(v);
	int64_t age = router == NULL ? 0 : (int64_t)(now - router->confirmed);

	if (now < v->next_ask_ns || (router != NULL && age < (int64_t)refresh_ns(v)))
		return;
	if (router != NULL && age >= (int64_t)v->shared->config.lifetime_ns)
		slim_slot_free(v->worker->agent, v->shared->table, 0);
	v->next_ask_ns = now + NF_ROUTER_RETRY_NS;
	ask(v, NULL);
}

/* Who begins to serve tells switches that listen to reports where the group of its address is now, and again
 * in case that is lost (RFC 3810 section 6.1: as often as its robustness variable, 2). */
static void
keep_joined(struct nf_router_view *v)
{
	if (v->n_reports == NF_MLD_REPORTS || v->worker->now_ns < v->next_report_ns)
		return;
	v->n_reports++;
	v->next_report_ns = v->worker->now_ns + NF_MLD_REPEAT_NS;
	report(v, 2, NF_MLD_BEGINS);
}

static void
act_as_owner(struct nf_router_view *v)
{
	if (!slim_owns(v->worker->agent, nf_router_bucket(&v->shared->config))) {
		v->n_reports = 0;
		v->question = (struct nf_question){0};
		return;
	}
	keep_joined(v);
	if (v->question.stage != NF_NO_QUESTION)
		take_step(v);
	else
		keep_known(v);
}

void
nf_router_tick(struct nf_router_view *v)
{
	const struct slim_table *table = v->shared->table;
	struct nf_router router;
	struct slot_state state;

	if (likely(table == NULL))
		return;
	/* One that is being written is read in the next round. */
	if (!slot_read(table->slab, sizeof(router), (uint8_t *)&router, &state))
		return;
	v->is_known = state.used;
	v->mac = router.mac;
	act_as_owner(v);
}
