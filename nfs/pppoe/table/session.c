/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions; see session.h. Worker's thread, but for init, create and fini of the table. */
#include "session.h"

#include <errno.h>
#include <string.h>

#include "automaton.h"
#include "ppp.h"
#include "table_memory.h"

#define N_TICKS 1024u
#define TICK_SHIFT 27
#define DUE_LOOKS 16u /* sessions whose timers have moved on, that one call steps over */
#define SECOND_NS UINT64_C(1000000000)
#define N_VLANS 4096u

/* Several members are one field where they stand side by side: a table has 32 of them. */
#define GROUP(name_, first, last, type_, class__)                                          \
	{                                                                                  \
		.name = (name_), .type = (type_), .role = SLIM_VALUE, .class_ = (class__), \
		.merge = SLIM_MERGE_NONE, .offset = offsetof(struct pppoe_session, first), \
		.size = offsetof(struct pppoe_session, last) -                             \
			offsetof(struct pppoe_session, first) +                            \
			sizeof(((struct pppoe_session *)0)->last)                          \
	}
#define STATE(member, type) SLIM_FIELD_STATE(struct pppoe_session, member, type)
#define COUNTER(member) SLIM_FIELD_LAZY(struct pppoe_session, member, SLIM_COUNTER, SLIM_MERGE_SUM)
#define SEEN(member) SLIM_FIELD_LAZY(struct pppoe_session, member, SLIM_TIME, SLIM_MERGE_MAX)

const struct slim_field pppoe_session_fields[] = {
	SLIM_FIELD_KEY(struct pppoe_session, session_id, SLIM_U16),
	STATE(outer, SLIM_U16),
	STATE(inner, SLIM_U16),
	STATE(mac, SLIM_MAC),
	STATE(ipv4, SLIM_IPV4),
	STATE(prefix, SLIM_U32),
	GROUP("derived", open, asked, SLIM_BYTES, SLIM_LOCAL),
	SEEN(last_seen),
	COUNTER(packets_up),
	COUNTER(bytes_up),
	COUNTER(packets_down),
	COUNTER(bytes_down),
	SEEN(heard),
	STATE(created, SLIM_TIME),
	STATE(accounting_id, SLIM_U64),
	STATE(interim, SLIM_TIME),
	GROUP("machines", lcp, ipv6cp, SLIM_BYTES, SLIM_STATE),
	STATE(terms, SLIM_BYTES),
	STATE(auth, SLIM_BYTES),
	STATE(lcp_timer, SLIM_TIME),
	STATE(auth_timer, SLIM_TIME),
	STATE(ipcp_timer, SLIM_TIME),
	STATE(ipv6cp_timer, SLIM_TIME),
	STATE(echo_timer, SLIM_TIME),
	STATE(interface_id, SLIM_BYTES),
	STATE(session_timeout, SLIM_U32),
	STATE(idle_timeout, SLIM_U32),
	STATE(assigned, SLIM_IPV4),
	GROUP("ending", end, flags, SLIM_BYTES, SLIM_STATE),
	STATE(user, SLIM_BYTES),
	STATE(class_, SLIM_BYTES),
	GROUP("line_ids", circuit_id, remote_id, SLIM_BYTES, SLIM_STATE),
};
const uint16_t pppoe_session_n_fields = RTE_DIM(pppoe_session_fields);

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

uint32_t
pppoe_address_number(const struct pppoe_session_table *t, uint32_t address)
{
	uint32_t number = 0;

	for (uint32_t i = 0; i < t->config.n_ranges; i++) {
		const struct pppoe_range *range = &t->config.ranges[i];

		if (address - range->first < range->n)
			return number + (address - range->first);
		number += range->n;
	}
	return PPPOE_NO_NUMBER;
}

/* A number that is in the pool. */
static uint32_t
address_of(const struct pppoe_session_table *t, uint32_t number)
{
	const struct pppoe_range *range = t->config.ranges;

	for (; number >= range->n; range++)
		number -= range->n;
	return range->first + number;
}

/* Of `n` numbers from `first` on those that stand for an octet, where the first one stands for `first_octet`. */
static struct pppoe_numbers
with_octet(uint32_t first, uint32_t n, uint8_t first_octet, uint8_t octet)
{
	uint32_t skip = (uint8_t)(octet - first_octet);

	return (struct pppoe_numbers){
		.first = first + skip,
		.step = 256,
		.n = n <= skip ? 0 : (n - skip - 1) / 256 + 1,
	};
}

static uint32_t
take_address(struct pppoe_sessions *s, uint8_t octet, uint32_t slot)
{
	struct pppoe_session_table *t = s->shared;
	const struct pppoe_numbers all = {.step = 1, .n = t->addresses.n};
	uint32_t first = 0, from = s->next_number++;

	for (uint32_t i = 0; i < t->config.n_ranges; i++) {
		const struct pppoe_range *range = &t->config.ranges[i];
		struct pppoe_numbers of = with_octet(first, range->n, (uint8_t)range->first, octet);
		uint32_t number = pppoe_pool_take_of(&t->addresses, &of, from, slot);

		if (number != PPPOE_NO_NUMBER)
			return number;
		first += range->n;
	}
	return pppoe_pool_take_of(&t->addresses, &all, from, slot);
}

static uint32_t
take_prefix(struct pppoe_sessions *s, uint8_t octet, uint32_t slot)
{
	struct pppoe_pool *pool = &s->shared->prefixes;
	const struct pppoe_numbers all = {.step = 1, .n = pool->n};
	struct pppoe_numbers of = with_octet(0, pool->n, s->shared->config.prefix_octet, octet);
	uint32_t from = s->next_number++, number = pppoe_pool_take_of(pool, &of, from, slot);

	return number != PPPOE_NO_NUMBER ? number : pppoe_pool_take_of(pool, &all, from, slot);
}

/* ---- lines -------------------------------------------------------------------------------------------------------- */

static uint64_t
mac_key(const struct rte_ether_addr *mac)
{
	uint64_t key = 0;

	memcpy(&key, mac, sizeof(*mac));
	return key;
}

static struct pppoe_line_key
line_of(const struct pppoe_session *session)
{
	return (struct pppoe_line_key){session->mac, session->outer, session->inner};
}

/* NULL: nobody counts. */
static uint16_t *
count_of(const struct pppoe_session_table *t, const struct pppoe_line_key *line)
{
	uint32_t inner = t->config.has_inner ? line->inner : 0;

	return t->n_of_vlan == NULL ? NULL : &t->n_of_vlan[inner * N_VLANS + line->outer];
}

/* The next session of a MAC address behind `after`. */
static uint32_t
next_of_mac(const struct pppoe_sessions *s, const struct rte_ether_addr *mac, uint32_t after)
{
	uint32_t hash = nf_slot_index_hash(&s->by_mac, mac_key(mac));
	bool is_behind = after == NF_NO_SLOT;

	for (uint32_t i = hash;; i++) {
		uint64_t cell = nf_slot_index_cell(&s->by_mac, i);
		uint32_t slot = (uint32_t)cell - 1;

		if (cell == 0)
			return NF_NO_SLOT;
		if ((uint32_t)(cell >> 32) != hash)
			continue;
		if (is_behind &&
		    rte_is_same_ether_addr(&pppoe_session_at(s->shared, slot)->held_line.mac, mac))
			return slot;
		is_behind |= slot == after;
	}
}

uint32_t
pppoe_session_of_line(const struct pppoe_sessions *s, const struct pppoe_line_key *line,
		      uint32_t after)
{
	uint32_t slot = next_of_mac(s, &line->mac, after);

	while (slot != NF_NO_SLOT && !pppoe_line_is(&pppoe_session_at(s->shared, slot)->held_line,
						    &line->mac, line->outer, line->inner))
		slot = next_of_mac(s, &line->mac, slot);
	return slot;
}

static bool
mac_may_have_another(const struct pppoe_sessions *s, const struct rte_ether_addr *mac)
{
	uint32_t slot = NF_NO_SLOT;

	if (s->shared->config.per_mac == 0)
		return true;
	for (uint32_t n = 0; n < s->shared->config.per_mac; n++) {
		slot = next_of_mac(s, mac, slot);
		if (slot == NF_NO_SLOT)
			return true;
	}
	return false;
}

static void
hold_line(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	uint16_t *count;

	session->held_line = line_of(session);
	session->held |= PPPOE_HELD_LINE;
	count = count_of(s->shared, &session->held_line);
	if (count != NULL)
		__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
	nf_slot_index_insert(&s->by_mac, nf_slot_index_hash(&s->by_mac, mac_key(&session->mac)),
			     slot);
}

static void
let_line_go(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	uint16_t *count = count_of(s->shared, &session->held_line);

	if ((session->held & PPPOE_HELD_LINE) == 0)
		return;
	session->held &= (uint8_t)~PPPOE_HELD_LINE;
	if (count != NULL)
		__atomic_fetch_sub(count, 1, __ATOMIC_RELAXED);
	nf_slot_index_remove(
		&s->by_mac, nf_slot_index_hash(&s->by_mac, mac_key(&session->held_line.mac)), slot);
}

/* ---- what a session holds ---------------------------------------------------------------------------------------- */

/* Of an address in no range, and a prefix of no pool, there is no number: nothing reaches it. */
static uint32_t
claimed_address(const struct pppoe_sessions *s, const struct pppoe_session *session)
{
	return session->ipv4 == 0
		       ? PPPOE_NO_NUMBER
		       : pppoe_address_number(s->shared, rte_be_to_cpu_32(session->ipv4));
}

static uint32_t
claimed_prefix(const struct pppoe_sessions *s, const struct pppoe_session *session)
{
	return session->prefix < s->shared->prefixes.n ? session->prefix : PPPOE_NO_NUMBER;
}

static void
let_address_go(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	if (session->held & PPPOE_HELD_ADDRESS)
		pppoe_pool_give(&s->shared->addresses, session->held_address, slot);
	session->held &= (uint8_t)~PPPOE_HELD_ADDRESS;
}

static void
let_prefix_go(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	if (session->held & PPPOE_HELD_PREFIX)
		pppoe_pool_give(&s->shared->prefixes, session->held_prefix, slot);
	session->held &= (uint8_t)~PPPOE_HELD_PREFIX;
}

/* True: it has it, or has it already, or there is nothing to have. */
static bool
hold(struct pppoe_pool *pool, uint32_t number, uint32_t slot, struct pppoe_session *session,
     uint8_t held)
{
	if (number == PPPOE_NO_NUMBER || (session->held & held) != 0)
		return true;
	if (!pppoe_pool_take(pool, number, slot))
		return false;
	session->held |= held;
	return true;
}

/* True: all that the row claims is the session's. */
static bool
hold_all(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	struct pppoe_session_table *t = s->shared;
	bool all = hold(&t->ids, session->session_id, slot, session, PPPOE_HELD_ID);

	if ((session->held & PPPOE_HELD_ADDRESS) == 0)
		session->held_address = claimed_address(s, session);
	if ((session->held & PPPOE_HELD_PREFIX) == 0)
		session->held_prefix = claimed_prefix(s, session);
	all &= hold(&t->addresses, session->held_address, slot, session, PPPOE_HELD_ADDRESS);
	all &= hold(&t->prefixes, session->held_prefix, slot, session, PPPOE_HELD_PREFIX);
	return all;
}

static void
wait_for_it(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	if (session->held & PPPOE_HELD_WAITS)
		return;
	session->held |= PPPOE_HELD_WAITS;
	s->waiting[s->n_waiting++] = slot;
}

static void
wait_no_more(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	uint32_t at = 0;

	if ((session->held & PPPOE_HELD_WAITS) == 0)
		return;
	session->held &= (uint8_t)~PPPOE_HELD_WAITS;
	while (s->waiting[at] != slot)
		at++;
	s->waiting[at] = s->waiting[--s->n_waiting];
}

void
pppoe_session_settle(struct pppoe_sessions *s)
{
	uint32_t looks = RTE_MIN(s->n_waiting, PPPOE_SETTLE_MAX);

	/* From the end: what takes the place of one that is settled was looked at. */
	for (uint32_t at = s->n_waiting; looks > 0; looks--) {
		uint32_t slot = s->waiting[--at];
		struct pppoe_session *session = slim_slot(s->share.table, slot);

		if (hold_all(s, slot, session))
			wait_no_more(s, slot, session);
	}
}

/* All that is derived; may be called again. */
static void
let_all_go(struct pppoe_sessions *s, uint32_t slot)
{
	struct pppoe_session *session = slim_slot(s->share.table, slot);

	wait_no_more(s, slot, session);
	let_line_go(s, slot, session);
	let_address_go(s, slot, session);
	let_prefix_go(s, slot, session);
	if (session->held & PPPOE_HELD_ID)
		pppoe_pool_give(&s->shared->ids, session->session_id, slot);
	session->held = 0;
	session->open = 0;
	nf_wheel_remove(&s->wheel, slot - s->share.first_slot);
}

/* ---- timers ----------------------------------------------------------------------------------------------------- */

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return a | b;
	return (int64_t)(a - b) < 0 ? a : b;
}

static uint64_t
limit(uint64_t since_ns, uint32_t timeout_s)
{
	return timeout_s == 0 ? 0 : since_ns + timeout_s * SECOND_NS;
}

uint64_t
pppoe_session_deadline(const struct pppoe_session *session)
{
	uint64_t first = earlier(session->lcp_timer, session->auth_timer);

	first = earlier(first, session->ipcp_timer);
	first = earlier(first, session->ipv6cp_timer);
	first = earlier(first, session->echo_timer);
	first = earlier(first, session->interim);
	first = earlier(first, limit(session->created, session->session_timeout));
	return earlier(first, limit(session->last_seen, session->idle_timeout));
}

static void
set_deadline(struct pppoe_sessions *s, uint32_t slot)
{
	uint64_t deadline = pppoe_session_deadline(pppoe_session_at(s->shared, slot));

	if (deadline == 0)
		nf_wheel_remove(&s->wheel, slot - s->share.first_slot);
	else
		nf_wheel_insert(&s->wheel, slot - s->share.first_slot, deadline);
}

void
pppoe_session_wait(struct pppoe_sessions *s, uint32_t slot, uint64_t until_ns)
{
	nf_wheel_insert(&s->wheel, slot - s->share.first_slot, until_ns);
}

/* Lets those through that belong to another time: what was seen since has moved their limits on. */
uint32_t
pppoe_session_due(struct pppoe_sessions *s, uint64_t now_ns)
{
	for (uint32_t looks = 0; looks < DUE_LOOKS; looks++) {
		uint32_t item = nf_wheel_take(&s->wheel, now_ns);
		const struct pppoe_session *session;
		uint64_t deadline;

		if (item == NF_WHEEL_NONE)
			return NF_NO_SLOT;
		session = pppoe_session_at(s->shared, s->share.first_slot + item);
		deadline = pppoe_session_deadline(session);
		if (!slim_owns(s->share.agent, pppoe_mac_bucket(&session->mac))) {
			nf_wheel_insert(&s->wheel, item, now_ns);
			return NF_NO_SLOT;
		}
		if (deadline != 0 && (int64_t)(now_ns - deadline) >= 0)
			return s->share.first_slot + item;
		if (deadline != 0)
			nf_wheel_insert(&s->wheel, item, deadline);
	}
	return NF_NO_SLOT;
}

/* ---- what is open --------------------------------------------------------------------------------------------- */

static uint8_t
open_of(const struct pppoe_session *session)
{
	bool ipv4 = session->ipcp.state == PPP_OPENED && session->ipv4 != 0;
	bool ipv6 = session->ipv6cp.state == PPP_OPENED && session->prefix != PPPOE_NO_PREFIX;

	if (session->lcp.state != PPP_OPENED || session->auth.state != PPPOE_AUTH_GOOD)
		return 0;
	return (uint8_t)((ipv4 ? PPPOE_OPEN_IPV4 : 0) | (ipv6 ? PPPOE_OPEN_IPV6 : 0));
}

/* What the client takes, but not more than PPPoE carries (RFC 2516 section 7, RFC 4638 section 4). */
static uint16_t
mru_of(const struct lcp_terms *terms)
{
	uint16_t mru = rte_be_to_cpu_16(terms->peer_mru),
		 most = rte_be_to_cpu_16(terms->max_payload);

	if (mru == 0)
		mru = PPP_MRU_DEFAULT;
	return RTE_MIN(mru, RTE_MAX(most, PPP_MRU_DEFAULT));
}

static void
derive(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	session->open = open_of(session);
	session->peer_mru = mru_of(&session->terms);
	set_deadline(s, slot);
}

/* ---- create, change, remove ------------------------------------------------------------------------------------- */

/* An id for a slot that is taken; 0: none is free. */
static uint16_t
take_id(struct pppoe_sessions *s, uint32_t slot)
{
	static const struct pppoe_numbers ids = {
		.first = PPPOE_FIRST_ID, .step = 1, .n = PPPOE_N_IDS};
	uint32_t id = pppoe_pool_take_of(&s->shared->ids, &ids, s->next_id, slot);

	if (id == PPPOE_NO_NUMBER)
		return 0;
	s->next_id = id; /* the place of the next one */
	return (uint16_t)id;
}

static void
write_new(struct pppoe_sessions *s, uint32_t slot, uint16_t id, const struct pppoe_line_key *line,
	  uint64_t now_ns)
{
	struct pppoe_session *session = slim_slot_begin(s->share.agent, s->share.table, slot);

	*session = (struct pppoe_session){
		.session_id = id,
		.outer = line->outer,
		.inner = line->inner,
		.mac = line->mac,
		.prefix = PPPOE_NO_PREFIX,
		.held = PPPOE_HELD_ID,
		.last_seen = now_ns,
		.heard = now_ns,
		.created = now_ns,
	};
	hold_line(s, slot, session);
	derive(s, slot, session);
	slim_slot_end(s->share.agent, s->share.table, slot, pppoe_mac_bucket(&line->mac));
}

/* True: the VLAN's session is counted, until count_no_more(). So two workers cannot both have the last one. */
static bool
count_in_advance(const struct pppoe_session_table *t, const struct pppoe_line_key *line)
{
	uint16_t *count = count_of(t, line);

	if (count == NULL || __atomic_fetch_add(count, 1, __ATOMIC_RELAXED) < t->config.per_vlan)
		return true;
	__atomic_fetch_sub(count, 1, __ATOMIC_RELAXED);
	return false;
}

static void
count_no_more(const struct pppoe_session_table *t, const struct pppoe_line_key *line)
{
	uint16_t *count = count_of(t, line);

	if (count != NULL)
		__atomic_fetch_sub(count, 1, __ATOMIC_RELAXED);
}

static enum pppoe_creation
create_one(struct pppoe_sessions *s, const struct pppoe_line_key *line, uint64_t now_ns,
	   uint32_t *ret_slot)
{
	uint32_t slot = nf_share_take(&s->share);
	uint16_t id;

	if (slot == NF_NO_SLOT)
		return PPPOE_CREATE_FULL;
	id = take_id(s, slot);
	if (id == 0) {
		nf_share_give(&s->share, slot);
		return PPPOE_CREATE_FULL;
	}
	write_new(s, slot, id, line, now_ns);
	s->n_created++;
	*ret_slot = slot;
	return PPPOE_CREATED;
}

bool
pppoe_session_may_create(const struct pppoe_sessions *s, const struct pppoe_line_key *line)
{
	const uint16_t *count = count_of(s->shared, line);

	return mac_may_have_another(s, &line->mac) &&
	       (count == NULL ||
		__atomic_load_n(count, __ATOMIC_RELAXED) < s->shared->config.per_vlan);
}

enum pppoe_creation
pppoe_session_create(struct pppoe_sessions *s, const struct pppoe_line_key *line, uint64_t now_ns,
		     uint32_t *ret_slot)
{
	enum pppoe_creation creation;

	if (!mac_may_have_another(s, &line->mac) || !count_in_advance(s->shared, line))
		return PPPOE_CREATE_LIMIT;
	creation = create_one(s, line, now_ns, ret_slot);
	count_no_more(s->shared, line); /* it counts by itself now */
	return creation;
}

struct pppoe_session *
pppoe_session_begin(struct pppoe_sessions *s, uint32_t slot)
{
	return slim_slot_begin(s->share.agent, s->share.table, slot);
}

void
pppoe_session_end(struct pppoe_sessions *s, uint32_t slot)
{
	struct pppoe_session *session = slim_slot(s->share.table, slot);

	derive(s, slot, session);
	slim_slot_end(s->share.agent, s->share.table, slot, pppoe_mac_bucket(&session->mac));
}

bool
pppoe_session_give_address(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	rte_be32_t wanted = session->assigned;
	uint32_t number;

	if (session->ipv4 != 0 && (wanted == 0 || wanted == session->ipv4))
		return true;
	let_address_go(s, slot, session);
	session->ipv4 = 0;
	if (wanted == 0)
		number = take_address(s, pppoe_mac_bucket(&session->mac), slot);
	else
		number = pppoe_address_number(s->shared, rte_be_to_cpu_32(wanted));
	if (number == PPPOE_NO_NUMBER || !pppoe_pool_take(&s->shared->addresses, number, slot))
		return false;
	session->held |= PPPOE_HELD_ADDRESS;
	session->held_address = number;
	session->ipv4 = rte_cpu_to_be_32(address_of(s->shared, number));
	return true;
}

bool
pppoe_session_give_prefix(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	uint32_t number;

	if (session->prefix != PPPOE_NO_PREFIX)
		return true;
	number = take_prefix(s, pppoe_mac_bucket(&session->mac), slot);
	if (number == PPPOE_NO_NUMBER)
		return false;
	session->held |= PPPOE_HELD_PREFIX;
	session->held_prefix = number;
	session->prefix = number;
	return true;
}

void
pppoe_session_take_addresses(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	let_address_go(s, slot, session);
	let_prefix_go(s, slot, session);
	session->ipv4 = 0;
	session->prefix = PPPOE_NO_PREFIX;
}

/* Whoever waits for what it had has it now, if this worker's. */
static void
forget(struct pppoe_sessions *s, uint32_t slot)
{
	let_all_go(s, slot);
	nf_share_give(&s->share, slot);
	if (unlikely(s->n_waiting != 0))
		pppoe_session_settle(s);
}

void
pppoe_session_remove(struct pppoe_sessions *s, uint32_t slot)
{
	/* The row is gone before another worker's can have its numbers. */
	slim_slot_free(s->share.agent, s->share.table, slot);
	forget(s, slot);
	s->n_removed++;
}

/* ---- rows from another instance ---------------------------------------------------------------------------------- */

/* The slot of this id if it is this worker's; if it is another's, that one's row is about to go. */
static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	struct pppoe_sessions *s = nf_share_of(ctx, w);
	uint16_t id;
	uint32_t slot;

	(void)bucket;
	memcpy(&id, key, sizeof(id));
	if (s == NULL || id < PPPOE_FIRST_ID || id >= PPPOE_FIRST_ID + PPPOE_N_IDS)
		return SLIM_NO_SLOT;
	slot = pppoe_session_by_id(s->shared, id);
	return slot - s->share.first_slot < s->share.n_slots ? slot : nf_share_take(&s->share);
}

/* Do its packets come to this worker, and does its line exist? */
static bool
is_steerable(const struct pppoe_session *session)
{
	const struct slim_slot_head *head = (const struct slim_slot_head *)session - 1;

	return pppoe_mac_bucket(&session->mac) == head->bucket && session->outer < N_VLANS &&
	       session->inner < N_VLANS;
}

/* What the row does not claim any more, as its slot is the source's next session now, or its addresses were taken. */
static void
let_old_go(struct pppoe_sessions *s, uint32_t slot, struct pppoe_session *session)
{
	if (session->held_address != claimed_address(s, session))
		let_address_go(s, slot, session);
	if (session->held_prefix != claimed_prefix(s, session))
		let_prefix_go(s, slot, session);
	if (!pppoe_line_is(&session->held_line, &session->mac, session->outer, session->inner))
		let_line_go(s, slot, session);
}

static void
installed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	struct pppoe_sessions *s = nf_share_of(ctx, w);
	struct pppoe_session *session = slim_slot(s->share.table, slot);
	bool is_lost;

	(void)entry;
	if (!is_steerable(session)) {
		let_all_go(s, slot);
		s->n_conflicts++;
		return;
	}
	let_old_go(s, slot, session);
	if ((session->held & PPPOE_HELD_LINE) == 0)
		hold_line(s, slot, session);
	is_lost = (session->ipv4 != 0 && claimed_address(s, session) == PPPOE_NO_NUMBER) ||
		  (session->prefix != PPPOE_NO_PREFIX &&
		   claimed_prefix(s, session) == PPPOE_NO_NUMBER);
	if (hold_all(s, slot, session)) {
		wait_no_more(s, slot, session);
	} else {
		wait_for_it(s, slot, session);
		is_lost = true;
	}
	s->n_conflicts += is_lost;
	derive(s, slot, session);
	if (unlikely(s->n_waiting != 0))
		pppoe_session_settle(s); /* what it let go */
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)entry;
	forget(nf_share_of(ctx, w), slot);
}

static void
ahead(void *ctx, struct slim_worker *w, const void *row)
{
	struct pppoe_sessions *s = nf_share_of(ctx, w);
	const struct pppoe_session *session = row;
	uint32_t address = claimed_address(s, session), prefix = claimed_prefix(s, session);

	rte_prefetch0(&s->shared->ids.cells[session->session_id % PPPOE_N_IDS]);
	nf_slot_index_prefetch(&s->by_mac, nf_slot_index_hash(&s->by_mac, mac_key(&session->mac)));
	if (address != PPPOE_NO_NUMBER)
		rte_prefetch0(&s->shared->addresses.cells[address]);
	if (prefix != PPPOE_NO_NUMBER)
		rte_prefetch0(&s->shared->prefixes.cells[prefix]);
}

const struct slim_table_ops pppoe_session_ops = {
	.acquire = acquire,
	.installed = installed,
	.removed = removed,
	.ahead = ahead,
};

/* ---- set-up ------------------------------------------------------------------------------------------------------- */

static int
init_share(struct pppoe_sessions *s, struct pppoe_session_table *t, uint16_t worker)
{
	uint32_t n_slots = s->share.n_slots;
	uint64_t seed = t->config.seed;

	s->shared = t;
	/* Workers begin far from each other, at places that cannot be guessed. */
	s->next_id =
		(uint32_t)(seed >> 17) % PPPOE_N_IDS + worker * (PPPOE_N_IDS / t->config.n_workers);
	s->next_number = worker;
	s->waiting = nf_table_memory_alloc("pppoe_sessions", n_slots * sizeof(*s->waiting));
	if (s->waiting == NULL || nf_wheel_init(&s->wheel, n_slots, N_TICKS, TICK_SHIFT, 0) != 0)
		return -ENOMEM;
	return nf_slot_index_init(&s->by_mac, n_slots, seed);
}

static int
init_numbers(struct pppoe_session_table *t)
{
	uint32_t n_addresses = 0, n_vlans = t->config.has_inner ? N_VLANS * N_VLANS : N_VLANS;
	int error = pppoe_pool_init(&t->ids, PPPOE_FIRST_ID + PPPOE_N_IDS, "pppoe_ids");

	for (uint32_t i = 0; i < t->config.n_ranges; i++)
		n_addresses += t->config.ranges[i].n;
	if (error == 0)
		error = pppoe_pool_init(&t->addresses, n_addresses, "pppoe_addresses");
	if (error == 0)
		error = pppoe_pool_init(&t->prefixes, t->config.n_prefixes, "pppoe_prefixes");
	if (error != 0 || t->config.per_vlan == 0)
		return error;
	t->n_of_vlan = nf_table_memory_alloc("pppoe_vlans", n_vlans * sizeof(*t->n_of_vlan));
	return t->n_of_vlan == NULL ? -ENOMEM : 0;
}

int
pppoe_session_table_init(struct pppoe_session_table *t, const struct pppoe_session_config *config)
{
	int error = nf_shares_init(&t->shares, &(struct nf_share_config){
						       .name = "pppoe_sessions",
						       .capacity = config->capacity,
						       .n_workers = config->n_workers,
						       .size = sizeof(struct pppoe_sessions),
					       });

	t->config = *config;
	if (error == 0) {
		t->worker_per_slot = (UINT64_C(1) << PPPOE_WORKER_SHIFT) /
					     (t->shares.capacity / config->n_workers) +
				     1;
		error = init_numbers(t);
	}
	for (uint16_t w = 0; w < config->n_workers && error == 0; w++)
		error = init_share(pppoe_sessions_of(t, w), t, w);
	return error;
}

int
pppoe_session_table_create(struct pppoe_session_table *t, struct slim_agent *agent)
{
	return nf_shares_create(&t->shares, agent,
				&(struct slim_table_config){
					.name = "session",
					.entry_size = sizeof(struct pppoe_session),
					.n_fields = pppoe_session_n_fields,
					.fields = pppoe_session_fields,
					.ops = &pppoe_session_ops,
				});
}

void
pppoe_session_table_fini(struct pppoe_session_table *t)
{
	for (uint16_t w = 0; w < t->shares.n_workers; w++) {
		struct pppoe_sessions *s = pppoe_sessions_of(t, w);

		if (s == NULL)
			continue;
		nf_slot_index_fini(&s->by_mac);
		nf_wheel_fini(&s->wheel);
		nf_table_memory_free(s->waiting);
	}
	nf_shares_fini(&t->shares);
	pppoe_pool_fini(&t->ids);
	pppoe_pool_fini(&t->addresses);
	pppoe_pool_fini(&t->prefixes);
	nf_table_memory_free(t->n_of_vlan);
	t->n_of_vlan = NULL;
}
