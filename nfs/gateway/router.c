/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbor Discovery with the core's router; see router.h. Worker's thread, but for create. */
#include "router.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "counters.h"
#include "slot.h"

enum { SOLICITATION = 135, ADVERTISEMENT = 136, OPTION_SOURCE = 1, OPTION_TARGET = 2 };

#define HOP_LIMIT 255u /* it came over no router (RFC 4861 section 7.1) */
#define FLAG_SOLICITED 0x40000000u
#define FLAG_OVERRIDE 0x20000000u
#define OPTION_SIZE 8u /* a link-layer address with its type and length */

/* Solicitation or advertisement (RFC 4861 sections 4.3 and 4.4), and one option of a link-layer address. */
struct message {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	rte_be32_t flags;
	uint8_t target[16];
	uint8_t option;
	uint8_t option_length; /* in units of 8 octets */
	struct rte_ether_addr mac;
} __attribute__((packed, aligned(2)));

#define MESSAGE_MIN (sizeof(struct message) - OPTION_SIZE)

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct gateway_router, address, SLIM_IPV6),
	SLIM_FIELD_STATE(struct gateway_router, mac, SLIM_MAC),
	SLIM_FIELD_STATE(struct gateway_router, confirmed, SLIM_TIME),
};

/* ---- rows from another instance ----------------------------------------------------------------- */

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	const struct gateway_router_table *t = ctx;

	(void)w;
	return bucket == gateway_config_router_bucket(t->config) &&
			       memcmp(key, t->config->core_ipv6.router, 16) == 0
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
gateway_router_create(struct gateway_router_table *t, const struct gateway_config *config,
		      struct slim_agent *agent)
{
	static const struct slim_table_ops ops = {.acquire = acquire, .removed = removed};
	const struct slim_table_config table = {
		.name = "router",
		.capacity = 1,
		.entry_size = sizeof(struct gateway_router),
		.n_fields = RTE_DIM(fields),
		.fields = fields,
		.ops = &ops,
		.ctx = t,
	};

	t->config = config;
	return config->core_ipv6.bits == 0 ? 0 : slim_table_create(agent, &table, &t->table);
}

/* ---- messages ---------------------------------------------------------------------------------------- */

/* Writes addresses, lengths and checksum around a message with a link-layer address, and sends it. */
static void
send_message(struct gateway_router_view *v, struct rte_mbuf *m, const struct rte_ether_addr *to_mac,
	     const uint8_t to[16])
{
	const struct nf_side *side = &v->shared->config->sides[GATEWAY_CORE];
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(eth + 1);
	struct message *message = (struct message *)(ip + 1);

	eth->dst_addr = *to_mac;
	eth->src_addr = side->mac;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	*ip = (struct rte_ipv6_hdr){
		.vtc_flow = RTE_BE32(6u << 28),
		.payload_len = RTE_BE16(sizeof(*message)),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = HOP_LIMIT,
	};
	memcpy(ip->src_addr, v->shared->config->core_ipv6.address, 16);
	memcpy(ip->dst_addr, to, 16);
	message->option_length = 1;
	message->mac = side->mac;
	message->checksum = 0;
	message->checksum = rte_ipv6_udptcp_cksum(ip, message);
	nf_emit(v->worker, GATEWAY_CORE, m);
}

static struct message *
new_message(struct gateway_router_view *v, struct rte_mbuf **ret_m)
{
	uint16_t head = sizeof(struct rte_ether_hdr) + sizeof(struct rte_ipv6_hdr);
	struct rte_mbuf *m = rte_pktmbuf_alloc(v->worker->pool);
	struct message *message;

	if (m == NULL) {
		nf_count(v->worker, NF_no_mbuf, 1);
		return NULL;
	}
	rte_pktmbuf_append(m, (uint16_t)(head + sizeof(*message)));
	message = rte_pktmbuf_mtod_offset(m, struct message *, head);
	memset(message, 0, sizeof(*message));
	*ret_m = m;
	return message;
}

/* To the router's solicited-node address: whoever has it hears it. */
static void
ask(struct gateway_router_view *v)
{
	const uint8_t *router = v->shared->config->core_ipv6.router;
	uint8_t group[16] = {0xff, 2, [11] = 1, [12] = 0xff};
	struct rte_ether_addr mac = {{0x33, 0x33, 0xff, router[13], router[14], router[15]}};
	struct rte_mbuf *m = NULL;
	struct message *message = new_message(v, &m);

	if (message == NULL)
		return;
	memcpy(group + 13, router + 13, 3);
	message->type = SOLICITATION;
	message->option = OPTION_SOURCE;
	memcpy(message->target, router, 16);
	nf_count(v->worker, GATEWAY_solicitation_sent, 1);
	send_message(v, m, &mac, group);
}

static bool
is_zero(const uint8_t address[16])
{
	static const uint8_t zero[16];

	return memcmp(address, zero, 16) == 0;
}

/* To who asked; a probe for duplicates has no source, and goes to all (section 7.2.4). */
static void
answer(struct gateway_router_view *v, const struct gateway_packet *p)
{
	static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
	static const struct rte_ether_addr all_macs = {{0x33, 0x33, 0, 0, 0, 1}};
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(p->m, const struct rte_ether_hdr *);
	const struct rte_ipv6_hdr *ip = gateway_ipv6(p);
	bool probe = is_zero(ip->src_addr);
	struct rte_mbuf *m = NULL;
	struct message *message = new_message(v, &m);

	if (message == NULL)
		return;
	message->type = ADVERTISEMENT;
	message->flags = rte_cpu_to_be_32(FLAG_OVERRIDE | (probe ? 0 : FLAG_SOLICITED));
	message->option = OPTION_TARGET;
	memcpy(message->target, v->shared->config->core_ipv6.address, 16);
	nf_count(v->worker, GATEWAY_advertisement_sent, 1);
	send_message(v, m, probe ? &all_macs : &eth->src_addr, probe ? all_nodes : ip->src_addr);
}

/* ---- what comes in ---------------------------------------------------------------------------------- */

/* RFC 4861 sections 7.1.1 and 7.1.2, but for options that nobody here looks at. */
static const struct message *
valid_message(const struct gateway_packet *p)
{
	const struct rte_ipv6_hdr *ip = gateway_ipv6(p);
	const struct message *message = (const struct message *)(p->ip + sizeof(*ip));

	if (p->ip_size < sizeof(*ip) + MESSAGE_MIN || ip->hop_limits != HOP_LIMIT ||
	    message->code != 0 || message->target[0] == 0xff ||
	    rte_ipv6_udptcp_cksum(ip, message) != 0)
		return NULL;
	return message;
}

/* The link-layer address of an advertisement's target; NULL: it does not say. */
static const struct rte_ether_addr *
target_mac(const struct gateway_packet *p, const struct message *message)
{
	const uint8_t *option = (const uint8_t *)message + MESSAGE_MIN;
	const uint8_t *end = p->ip + p->ip_size;

	while (end - option >= (ptrdiff_t)OPTION_SIZE && option[1] != 0) {
		if (option[0] == OPTION_TARGET)
			return (const struct rte_ether_addr *)(option + 2);
		option += option[1] * 8u;
	}
	return NULL;
}

static bool
learn(struct gateway_router_view *v, const struct rte_ether_addr *mac)
{
	struct slim_table *table = v->shared->table;
	struct gateway_router *router;

	if (mac == NULL || !rte_is_valid_assigned_ether_addr(mac))
		return false;
	router = slim_slot_begin(v->worker->agent, table, 0);
	*router = (struct gateway_router){.mac = *mac, .confirmed = v->worker->now_ns};
	memcpy(router->address, v->shared->config->core_ipv6.router, 16);
	slim_slot_end(v->worker->agent, table, 0, gateway_config_router_bucket(v->shared->config));
	nf_count(v->worker, GATEWAY_advertisement_taken, 1);
	return true;
}

void
gateway_router_take(struct gateway_router_view *v, struct gateway_packet *p)
{
	const struct gateway_config *config = v->shared->config;
	const struct message *message = valid_message(p);

	if (message != NULL && message->type == SOLICITATION &&
	    memcmp(message->target, config->core_ipv6.address, 16) == 0) {
		answer(v, p);
		nf_drop(v->worker, p->m, GATEWAY_solicitation_taken);
		return;
	}
	if (message != NULL && message->type == ADVERTISEMENT &&
	    memcmp(message->target, config->core_ipv6.router, 16) == 0 &&
	    learn(v, target_mac(p, message))) {
		rte_pktmbuf_free(p->m);
		return;
	}
	nf_drop(v->worker, p->m, GATEWAY_drop_neighbor_discovery);
}

/* ---- timers ------------------------------------------------------------------------------------------- */

/* The owner's: asks while it does not know, and again when two thirds of the time are over. */
static void
keep_known(struct gateway_router_view *v, const struct gateway_router *router)
{
	uint64_t now = v->worker->now_ns, lifetime = v->shared->config->arp_ns;
	struct slim_worker *agent = v->worker->agent;

	if (!slim_owns(agent, gateway_config_router_bucket(v->shared->config)) ||
	    now < v->next_ask_ns)
		return;
	if (v->is_known && (int64_t)(now - router->confirmed) < (int64_t)(lifetime / 3 * 2))
		return;
	if (v->is_known && (int64_t)(now - router->confirmed) >= (int64_t)lifetime)
		slim_slot_free(agent, v->shared->table, 0);
	v->next_ask_ns = now + GATEWAY_ROUTER_RETRY_NS;
	ask(v);
}

void
gateway_router_tick(struct gateway_router_view *v)
{
	const struct slim_table *table = v->shared->table;
	struct gateway_router router;
	struct slot_state state;

	if (likely(table == NULL))
		return;
	/* One that is being written is read in the next round. */
	if (!slot_read(table->slab, sizeof(router), (uint8_t *)&router, &state))
		return;
	v->is_known = state.used;
	v->mac = router.mac;
	keep_known(v, &router);
}
