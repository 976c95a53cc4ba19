/* SPDX-License-Identifier: Apache-2.0 */
/* See port_queues.h. Main thread. */
#include "port_queues.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_flow.h>

#define GTPU_PORT 2152

/* ---- by hash ------------------------------------------------------------------------------------ */

static bool
has_table(const struct rte_eth_dev_info *info)
{
	return rte_is_power_of_2(info->reta_size) && info->reta_size <= RTE_ETH_RSS_RETA_SIZE_512 &&
	       (info->hash_key_size == 0 || info->hash_key_size == NF_RSS_KEY_SIZE);
}

static int
choose(const struct nf_port_queues *q, const struct rte_eth_dev_info *info)
{
	for (uint32_t i = 0; i < q->n_wish && has_table(info); i++)
		if ((nf_spread_rss_types(q->wish[i]) & info->flow_type_rss_offloads) != 0)
			return (int)i;
	return -1;
}

void
nf_port_queues_configure(struct nf_port_queues *q, const struct rte_eth_dev_info *info,
			 struct rte_eth_conf *conf)
{
	struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;
	uint64_t types = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;

	q->by_hash = choose(q, info);
	if (info->flow_type_rss_offloads == 0)
		return;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	if (q->by_hash >= 0) {
		types = nf_spread_rss_types(q->wish[q->by_hash]);
		nf_spread_rss_key(q->wish[q->by_hash], info->reta_size, q->key);
		rss->rss_key = q->key;
		rss->rss_key_len = NF_RSS_KEY_SIZE;
	}
	rss->rss_hf = info->flow_type_rss_offloads & types;
}

static bool
set_table(const struct nf_port_queues *q, uint16_t port_id, uint16_t size)
{
	struct rte_eth_rss_reta_entry64 table[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];

	for (uint32_t i = 0; i < size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &table[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask = UINT64_MAX;
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = nf_spread_rss_queue(size, i, q->n);
	}
	return rte_eth_dev_rss_reta_update(port_id, table, size) == 0;
}

/* ---- by rules ----------------------------------------------------------------------------------- */

/* The packets that a rule is for: a chain of headers, of which the last one holds the field. */
struct pattern {
	struct rte_flow_item items[5];
	struct rte_flow_item_udp udp, udp_mask;
	union {
		struct rte_flow_item_ipv6 ipv6;
		struct rte_flow_item_gtp gtp;
	} spec, mask;
};

static void
put_ipv6(struct pattern *p, uint8_t byte, const struct nf_spread_rule *rule)
{
	p->spec.ipv6.hdr.dst_addr[byte] = rule->value;
	p->mask.ipv6.hdr.dst_addr[byte] = rule->mask;
	p->items[1] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_IPV6, .spec = &p->spec.ipv6, .mask = &p->mask.ipv6};
	p->items[2].type = RTE_FLOW_ITEM_TYPE_END;
}

static void
put_teid(struct pattern *p, uint8_t shift, const struct nf_spread_rule *rule)
{
	p->udp.hdr.dst_port = RTE_BE16(GTPU_PORT);
	p->udp_mask.hdr.dst_port = UINT16_MAX;
	p->spec.gtp.teid = rte_cpu_to_be_32((uint32_t)rule->value << shift);
	p->mask.gtp.teid = rte_cpu_to_be_32((uint32_t)rule->mask << shift);
	p->items[1].type = RTE_FLOW_ITEM_TYPE_IPV4;
	p->items[2] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &p->udp, .mask = &p->udp_mask};
	p->items[3] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_GTPU, .spec = &p->spec.gtp, .mask = &p->mask.gtp};
	p->items[4].type = RTE_FLOW_ITEM_TYPE_END;
}

/* False: no rule can say it. */
static bool
put_pattern(struct pattern *p, struct nf_spread spread, const struct nf_spread_rule *rule)
{
	memset(p, 0, sizeof(*p));
	p->items[0].type = RTE_FLOW_ITEM_TYPE_ETH;
	if (spread.field == NF_SPREAD_IPV6_DESTINATION && spread.shift % 8 == 0)
		put_ipv6(p, (uint8_t)(15 - spread.shift / 8), rule);
	else if (spread.field == NF_SPREAD_TEID)
		put_teid(p, spread.shift, rule);
	else
		return false;
	return true;
}

static struct rte_flow *
add_rule(uint16_t port_id, struct nf_spread spread, const struct nf_spread_rule *rule)
{
	const struct rte_flow_attr attr = {.ingress = 1};
	const struct rte_flow_action_queue queue = {.index = rule->queue};
	const struct rte_flow_action actions[] = {
		{.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &queue},
		{.type = RTE_FLOW_ACTION_TYPE_END},
	};
	struct rte_flow_error error;
	struct pattern pattern;

	return put_pattern(&pattern, spread, rule)
		       ? rte_flow_create(port_id, &attr, pattern.items, actions, &error)
		       : NULL;
}

/* All, or none: a part would send buckets astray that the hash spreads. */
static bool
add_rules(const struct nf_port_queues *q, uint16_t port_id, struct nf_spread spread)
{
	struct rte_flow *flows[SLIM_N_BUCKETS];
	struct nf_spread_rule rules[SLIM_N_BUCKETS];
	struct rte_flow_error error;
	uint32_t n = nf_spread_rules(q->n, rules);

	for (uint32_t i = 0; i < n; i++) {
		flows[i] = add_rule(port_id, spread, &rules[i]);
		if (flows[i] != NULL)
			continue;
		while (i-- != 0)
			rte_flow_destroy(port_id, flows[i], &error);
		return false;
	}
	return true;
}

uint32_t
nf_port_queues_start(struct nf_port_queues *q, uint16_t port_id,
		     const struct rte_eth_dev_info *info)
{
	uint32_t n_done = 0;

	if (q->by_hash >= 0 && !set_table(q, port_id, info->reta_size))
		q->by_hash = -1;
	for (uint32_t i = 0; i < q->n_wish; i++)
		n_done += (int)i == q->by_hash || add_rules(q, port_id, q->wish[i]);
	return n_done;
}
