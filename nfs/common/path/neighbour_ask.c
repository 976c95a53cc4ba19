/* SPDX-License-Identifier: Apache-2.0 */
/* Questions under way; see neighbour_ask.h. Worker's thread. */
#include "neighbour_ask.h"

#include <rte_ip.h>

struct places {
	uint32_t from, to;
};

static bool
is_next_hop(const struct nf_neighbours *n, uint8_t side, rte_be32_t address)
{
	const struct nf_routes *routes = n->shared->config.routes;

	for (uint32_t i = 0; i < routes->n; i++)
		if (routes->routes[i].via == address && routes->routes[i].side == side)
			return true;
	return false;
}

static struct places
places_for(const struct nf_neighbours *n, uint8_t side, rte_be32_t address)
{
	if (is_next_hop(n, side, address))
		return (struct places){NF_ASKED_HOPS, NF_ASKED_PLACES};
	return (struct places){side * NF_ASKED_A_SIDE, (side + 1u) * NF_ASKED_A_SIDE};
}

static bool
is_hop_place(uint32_t place)
{
	return place >= NF_ASKED_HOPS;
}

uint16_t
nf_neighbour_cause(const struct nf_neighbours *n, const struct rte_mbuf *m)
{
	const struct nf_neighbour_config *config = &n->shared->config;
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *,
								sizeof(struct rte_ether_hdr));
	rte_be32_t who = 0;

	if (config->sender != NULL)
		who = config->sender(config->nf, n->worker->index, m);
	if (who == 0)
		who = ip->src_addr;
	for (uint8_t s = 0; s < config->n_sides; s++)
		if (who == config->sides[s].address)
			who = ip->dst_addr;
	return (uint16_t)(who * UINT32_C(0x9e3779b1) >> 16);
}

/* The keys of all places stand together: who scans them reads few lines. */
static uint32_t
find_place(const struct nf_neighbours *n, struct places places, uint64_t key)
{
	for (uint32_t i = places.from; i < places.to; i++)
		if (n->asked_keys[i] == key)
			return i;
	return NF_ASKED_PLACES;
}

struct nf_asked *
nf_asked_find(struct nf_neighbours *n, uint8_t side, rte_be32_t address)
{
	uint32_t place;

	if (n->n_asked == 0)
		return NULL;
	place = find_place(n, places_for(n, side, address), nf_neighbour_key(address, side));
	return place == NF_ASKED_PLACES ? NULL : &n->asked[place];
}

static uint32_t
count_of_cause(const struct nf_neighbours *n, struct places places, uint16_t cause)
{
	uint32_t count = 0;

	for (uint32_t i = places.from; i < places.to; i++)
		count += n->asked_keys[i] != 0 && n->causes[i] == cause;
	return count;
}

static void
send_request(struct nf_neighbours *n, uint8_t side, rte_be32_t sender, rte_be32_t target,
	     const struct rte_ether_addr *to)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(n->worker->pool);

	if (m == NULL) {
		nf_count(n->worker, NF_no_mbuf, 1);
		return;
	}
	nf_arp_put_request(rte_pktmbuf_append(m, NF_MIN_FRAME), &n->shared->config.sides[side],
			   sender, target, to);
	nf_emit(n->worker, side, m);
}

void
nf_asked_send(struct nf_neighbours *n, uint8_t side, rte_be32_t address,
	      const struct rte_ether_addr *to)
{
	nf_count(n->worker, NF_arp_sent, 1);
	send_request(n, side, n->shared->config.sides[side].address, address, to);
}

void
nf_asked_announce(struct nf_neighbours *n, uint8_t side, rte_be32_t address)
{
	nf_count(n->worker, NF_arp_announced, 1);
	send_request(n, side, address, address, NULL);
}

static void
ask(struct nf_neighbours *n, const struct nf_asked *asked, enum nf_question_step step)
{
	uint32_t slot = nf_neighbour_find(n, asked->address, asked->side);
	const struct rte_ether_addr *to = NULL;

	/* The old owner is forgotten when its time is over. */
	if (step == NF_QUESTION_ASKS_OWNER && slot != NF_NO_SLOT)
		to = &((const struct nf_neighbour *)slim_slot(n->share.table, slot))->mac;
	nf_asked_send(n, asked->side, asked->address, to);
}

struct nf_asked *
nf_asked_begin(struct nf_neighbours *n, uint8_t side, rte_be32_t address,
	       enum nf_question_stage stage, uint16_t cause)
{
	struct places places = places_for(n, side, address);
	uint32_t place = find_place(n, places, 0);
	struct nf_asked *asked;

	if (place == NF_ASKED_PLACES ||
	    (!is_hop_place(place) && count_of_cause(n, places, cause) >= NF_ASKED_A_CAUSE))
		return NULL;
	n->asked_keys[place] = nf_neighbour_key(address, side);
	n->causes[place] = cause;
	n->n_asked++;
	asked = &n->asked[place];
	asked->address = address;
	asked->side = side;
	asked->n_waiting = 0;
	asked->question = nf_question_begin(stage, n->worker->now_ns);
	ask(n, asked, nf_question_step(&asked->question, n->worker->now_ns));
	return asked;
}

bool
nf_asked_keep(struct nf_neighbours *n, struct nf_asked *asked, struct rte_mbuf *m)
{
	bool hop = is_hop_place((uint32_t)(asked - n->asked));

	if (asked->n_waiting == NF_MAX_WAITING ||
	    (!hop && n->n_waiting[asked->side] == NF_WAITING_A_SIDE))
		return false;
	n->n_waiting[asked->side] += !hop;
	asked->waiting[asked->n_waiting++] = m;
	return true;
}

static void
end(struct nf_neighbours *n, struct nf_asked *asked)
{
	uint32_t place = (uint32_t)(asked - n->asked);

	if (!is_hop_place(place))
		n->n_waiting[asked->side] -= asked->n_waiting;
	n->asked_keys[place] = 0;
	asked->n_waiting = 0;
	n->n_asked--;
}

void
nf_asked_answered(struct nf_neighbours *n, struct nf_asked *asked, const struct rte_ether_addr *mac)
{
	for (uint16_t i = 0; i < asked->n_waiting; i++)
		nf_neighbour_emit(n, asked->waiting[i], asked->side, mac);
	end(n, asked);
}

static void
give_up(struct nf_neighbours *n, struct nf_asked *asked)
{
	bool tells =
		n->silent != NULL && slim_owns(n->share.agent, nf_neighbour_bucket(asked->address));

	/* Who is told may be behind the same neighbour: then that waits, too, and is dropped here. */
	for (uint16_t i = 0; i < asked->n_waiting; i++) {
		if (tells)
			n->silent(n->worker, asked->waiting[i], asked->side);
		nf_drop(n->worker, asked->waiting[i], NF_drop_arp_silent);
	}
	end(n, asked);
}

/* Without ownership nothing is sent; the tries go on, so that nothing waits for ever. */
static void
tick_asked(struct nf_neighbours *n, struct nf_asked *asked)
{
	enum nf_question_step step = nf_question_step(&asked->question, n->worker->now_ns);

	if (step == NF_QUESTION_OVER)
		give_up(n, asked);
	else if (step != NF_QUESTION_WAITS &&
		 slim_owns(n->share.agent, nf_neighbour_bucket(asked->address)))
		ask(n, asked, step);
}

void
nf_asked_tick(struct nf_neighbours *n)
{
	for (uint32_t i = 0; i < NF_ASKED_PLACES && n->n_asked != 0; i++)
		if (n->asked_keys[i] != 0)
			tick_asked(n, &n->asked[i]);
}
