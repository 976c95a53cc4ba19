/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions, with an agent: made, changed and removed by their worker, and as rows of another instance. After each
 * test everything that is derived is compared with a naive walk over the slots.
 */
#include "session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "automaton.h"
#include "fixture_test.h"

#define IP(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static struct fixture f;
static struct pppoe_session_table t;

/* ---- set-up -------------------------------------------------------------------------------------------- */

/* Neither range begins at an octet of 0. */
static const struct pppoe_session_config usual = {
	.capacity = 64,
	.seed = UINT64_C(0x123456789abcdef0),
	.ranges = {{IP(100, 64, 0, 250), 300}, {IP(198, 51, 100, 1), 20}},
	.n_ranges = 2,
	.n_prefixes = 512,
	.prefix_octet = 0xf0,
	.has_inner = true,
};

static void
open_table(uint16_t n_workers, bool active, const struct pppoe_session_config *config)
{
	struct pppoe_session_config mine = *config;

	mine.n_workers = n_workers;
	fixture_open(&f, n_workers, active);
	memset(&t, 0, sizeof(t));
	assert_int_equal(pppoe_session_table_init(&t, &mine), 0);
	assert_int_equal(pppoe_session_table_create(&t, f.agent), 0);
	fixture_start(&f);
}

static int
open_one(void **state)
{
	(void)state;
	open_table(1, true, &usual);
	return 0;
}

static int
open_four(void **state)
{
	(void)state;
	open_table(4, true, &usual);
	return 0;
}

static int
open_standby(void **state)
{
	(void)state;
	open_table(1, false, &usual);
	return 0;
}

static struct pppoe_session *
at(uint32_t slot)
{
	return slim_slot(t.shares.table, slot);
}

static bool
is_used(uint32_t slot)
{
	return fixture_head(t.shares.table, slot)->used != 0;
}

static uint32_t
count_cells(const struct pppoe_pool *pool)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < pool->n; i++)
		n += pool->cells[i] != 0;
	return n;
}

static struct pppoe_line_key
line(uint8_t octet, uint16_t outer)
{
	return (struct pppoe_line_key){
		.mac = {{2, 0, 0, 0, 9, octet}}, .outer = outer, .inner = outer == 0 ? 0 : 7};
}

/* What is derived of a used slot; `is_lost`: a row that claims what cannot be its own. */
static void
check_slot(uint32_t slot)
{
	const struct pppoe_session *session = at(slot);
	const struct pppoe_sessions *s = pppoe_sessions_of(&t, pppoe_session_worker(&t, slot));
	const struct pppoe_line_key key = {session->mac, session->outer, session->inner};
	uint32_t n = 0;

	assert_in_range(slot, s->share.first_slot, s->share.first_slot + s->share.n_slots - 1);
	assert_int_equal(pppoe_session_by_id(&t, session->session_id), slot);
	if (session->ipv4 != 0)
		assert_int_equal(pppoe_session_by_ipv4(&t, rte_be_to_cpu_32(session->ipv4)), slot);
	if (session->prefix != PPPOE_NO_PREFIX)
		assert_int_equal(pppoe_session_by_prefix(&t, session->prefix), slot);
	for (uint32_t one = NF_NO_SLOT; (one = pppoe_session_of_line(s, &key, one)) != NF_NO_SLOT;)
		n += one == slot;
	assert_int_equal(n, 1);
	assert_int_equal(nf_wheel_has(&s->wheel, slot - s->share.first_slot),
			 pppoe_session_deadline(session) != 0);
}

static void
check_all(void)
{
	uint32_t used = 0, free = 0, addresses = 0, prefixes = 0, indexed = 0;

	for (uint32_t slot = 0; slot < t.shares.capacity; slot++) {
		if (!is_used(slot))
			continue;
		check_slot(slot);
		used++;
		addresses += at(slot)->ipv4 != 0;
		prefixes += at(slot)->prefix != PPPOE_NO_PREFIX;
	}
	for (uint16_t w = 0; w < f.n_workers; w++) {
		const struct pppoe_sessions *s = pppoe_sessions_of(&t, w);

		free += s->share.n_free;
		assert_int_equal(s->n_waiting, 0);
		for (uint32_t i = 0; i <= s->by_mac.mask; i++)
			indexed += s->by_mac.cells[i] != 0;
	}
	assert_int_equal(used + free, t.shares.capacity);
	assert_int_equal(indexed, used);
	assert_int_equal(count_cells(&t.ids), used);
	assert_int_equal(count_cells(&t.addresses), addresses);
	assert_int_equal(count_cells(&t.prefixes), prefixes);
}

static int
close_table(void **state)
{
	(void)state;
	check_all();
	pppoe_session_table_fini(&t);
	fixture_close(&f);
	return 0;
}

/* ---- by its worker --------------------------------------------------------------------------------------- */

static uint32_t
create(const struct pppoe_line_key *key)
{
	struct pppoe_sessions *s =
		pppoe_sessions_of(&t, (uint16_t)(key->mac.addr_bytes[5] % f.n_workers));
	uint32_t slot = NF_NO_SLOT;

	assert_int_equal(pppoe_session_create(s, key, START, &slot), PPPOE_CREATED);
	return slot;
}

static struct pppoe_sessions *
owner(uint32_t slot)
{
	return pppoe_sessions_of(&t, pppoe_session_worker(&t, slot));
}

static bool
give(uint32_t slot, rte_be32_t assigned)
{
	struct pppoe_session *session = pppoe_session_begin(owner(slot), slot);
	bool given;

	session->assigned = assigned;
	given = pppoe_session_give_address(owner(slot), slot, session);
	pppoe_session_end(owner(slot), slot);
	return given;
}

static bool
give_prefix(uint32_t slot)
{
	struct pppoe_session *session = pppoe_session_begin(owner(slot), slot);
	bool given = pppoe_session_give_prefix(owner(slot), slot, session);

	pppoe_session_end(owner(slot), slot);
	return given;
}

/* Killed by: an entry that is not written, or one of the two indexes that is not filled. */
static void
a_session_is_created(void **state)
{
	struct pppoe_line_key key = line(7, 100), other = line(7, 101);
	uint32_t slot = create(&key);
	const struct pppoe_session *session = at(slot);

	(void)state;
	assert_in_range(session->session_id, 1, 65534);
	assert_int_equal(fixture_head(t.shares.table, slot)->bucket, 7);
	assert_memory_equal(&session->mac, &key.mac, 6);
	assert_int_equal(session->outer, 100);
	assert_int_equal(session->inner, 7);
	assert_int_equal(session->ipv4, 0);
	assert_int_equal(session->prefix, PPPOE_NO_PREFIX);
	assert_int_equal(session->open, 0);
	assert_int_equal(session->peer_mru, 1492);
	assert_true(session->created == START && session->last_seen == START &&
		    session->heard == START);
	assert_int_equal(session->lcp.state, PPP_INITIAL);
	assert_int_equal(pppoe_session_of_line(owner(slot), &key, NF_NO_SLOT), slot);
	assert_int_equal(pppoe_session_of_line(owner(slot), &other, NF_NO_SLOT), NF_NO_SLOT);
	assert_int_equal(owner(slot)->n_created, 1);
	pppoe_session_remove(owner(slot), slot);
	assert_int_equal(pppoe_session_of_line(pppoe_sessions_of(&t, 0), &key, NF_NO_SLOT),
			 NF_NO_SLOT);
	assert_int_equal(pppoe_sessions_of(&t, 0)->n_removed, 1);
}

/* Killed by: an index of one session a line; a walk that stops at another line's session, or comes back. */
static void
a_line_may_have_several(void **state)
{
	struct pppoe_line_key key = line(7, 100), other = line(7, 101), third = line(8, 100);
	uint32_t n = 0, seen = 0;
	uint32_t slots[6];

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		slots[i] = create(i % 2 == 0 ? &key : &other);
	create(&third);
	for (uint32_t slot = NF_NO_SLOT;
	     (slot = pppoe_session_of_line(pppoe_sessions_of(&t, 0), &key, slot)) != NF_NO_SLOT;
	     n++)
		for (uint32_t i = 0; i < 6; i += 2)
			seen |= slot == slots[i] ? 1u << i : 0;
	assert_int_equal(n, 3);
	assert_int_equal(seen, 0x15);
}

/* Killed by: an id that two sessions have; one that is given back and taken again at once; 0 and 0xffff. */
static void
ids_are_unique_and_rest(void **state)
{
	uint16_t first = 0, last = 0;

	(void)state;
	for (uint32_t i = 0; i < 3 * PPPOE_N_IDS / 2; i++) {
		struct pppoe_line_key key = line(0, 0);
		uint32_t slot = create(&key);

		assert_in_range(at(slot)->session_id, 1, 65534);
		assert_int_not_equal(at(slot)->session_id, last);
		last = at(slot)->session_id;
		if (i == 0)
			first = at(slot)->session_id;
		else if (i < PPPOE_N_IDS)
			assert_int_not_equal(at(slot)->session_id, first);
		pppoe_session_remove(owner(slot), slot);
	}
}

/* Killed by: a slot that is lost when no id is free, or a create that writes without one. */
static void
a_full_table_refuses(void **state)
{
	struct pppoe_sessions *s = pppoe_sessions_of(&t, 0);
	struct pppoe_line_key key = line(1, 0);
	uint32_t slot = NF_NO_SLOT, last = 0;

	(void)state;
	for (uint32_t i = 0; i < 64; i++)
		last = create(&key);
	assert_int_equal(pppoe_session_create(s, &key, START, &slot), PPPOE_CREATE_FULL);
	assert_int_equal(slot, NF_NO_SLOT);
	assert_int_equal(s->n_created, 64);
	pppoe_session_remove(s, last);
	for (uint32_t i = 1; i <= PPPOE_N_IDS; i++)
		if (t.ids.cells[i] == 0)
			t.ids.cells[i] = UINT32_MAX - 1;
	assert_int_equal(pppoe_session_create(s, &key, START, &slot), PPPOE_CREATE_FULL);
	assert_int_equal(s->share.n_free, 1);
	for (uint32_t i = 1; i <= PPPOE_N_IDS; i++)
		if (t.ids.cells[i] == UINT32_MAX - 1)
			t.ids.cells[i] = 0;
}

/* ---- limits ------------------------------------------------------------------------------------------------ */

static int
open_limited(void **state)
{
	struct pppoe_session_config config = usual;

	(void)state;
	config.per_mac = 2;
	config.per_vlan = 3;
	open_table(4, true, &config);
	return 0;
}

static enum pppoe_creation
try_create(uint8_t octet, uint16_t outer)
{
	struct pppoe_line_key key = line(octet, outer);
	struct pppoe_sessions *s = pppoe_sessions_of(&t, octet % 4);
	bool may = pppoe_session_may_create(s, &key);
	uint32_t slot;
	enum pppoe_creation creation = pppoe_session_create(s, &key, START, &slot);

	assert_int_equal(may, creation != PPPOE_CREATE_LIMIT);
	return creation;
}

/* Killed by: a count by line in place of MAC address; one that is not taken back; a VLAN that one worker counts alone. */
static void
limits_of_mac_and_vlan(void **state)
{
	struct pppoe_line_key key = line(5, 11);

	(void)state;
	assert_int_equal(try_create(4, 10), PPPOE_CREATED);
	assert_int_equal(try_create(4, 11), PPPOE_CREATED);
	assert_int_equal(try_create(4, 12), PPPOE_CREATE_LIMIT);
	assert_int_equal(try_create(5, 11), PPPOE_CREATED);
	assert_int_equal(try_create(6, 11), PPPOE_CREATED);
	assert_int_equal(try_create(7, 11), PPPOE_CREATE_LIMIT);
	assert_int_equal(try_create(7, 10), PPPOE_CREATED);
	pppoe_session_remove(pppoe_sessions_of(&t, 1),
			     pppoe_session_of_line(pppoe_sessions_of(&t, 1), &key, NF_NO_SLOT));
	assert_int_equal(try_create(7, 11), PPPOE_CREATED);
	assert_int_equal(try_create(5, 11), PPPOE_CREATE_LIMIT);
	assert_int_equal(t.n_of_vlan[7 * 4096 + 11], 3);
	assert_int_equal(t.n_of_vlan[7 * 4096 + 10], 2);
	assert_int_equal(t.n_of_vlan[7 * 4096 + 12], 0);
}

/* ---- addresses ---------------------------------------------------------------------------------------------- */

/* The two ranges have 100.64.0.250..100.64.2.37 and 198.51.100.1..20. Killed by: ranges that are taken as if they began at
 * an octet of 0; an octet that is not looked for in the second one. */
static void
an_address_has_the_clients_octet(void **state)
{
	static const uint8_t octets[] = {0, 10, 37, 38, 249, 250, 255};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(octets); i++) {
		struct pppoe_line_key key = line(octets[i], 0);
		uint32_t slot = create(&key);

		assert_true(give(slot, 0));
		assert_int_equal(rte_be_to_cpu_32(at(slot)->ipv4) & 255, octets[i]);
		assert_true(give_prefix(slot));
		assert_int_equal((at(slot)->prefix + 0xf0) & 255, octets[i]);
	}
}

/* Killed by: a search that ends with the octet's own; one that gives what is taken. */
static void
when_none_of_the_octet_is_free_any_other_is(void **state)
{
	struct pppoe_line_key key = line(10, 0);
	uint32_t n_of_octet = 0, n_prefixes = 0;

	(void)state;
	/* 100.64.1.10, 100.64.2.10, 198.51.100.10; prefixes 26 and 282 */
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t slot = create(&key);

		assert_true(give(slot, 0));
		assert_true(give_prefix(slot));
		n_of_octet += (rte_be_to_cpu_32(at(slot)->ipv4) & 255) == 10;
		n_prefixes += at(slot)->prefix % 256 == 26;
	}
	assert_int_equal(n_of_octet, 3);
	assert_int_equal(n_prefixes, 2);
}

static int
open_narrow(void **state)
{
	struct pppoe_session_config config = usual;

	(void)state;
	config.ranges[0] = (struct pppoe_range){IP(10, 0, 0, 255), 2};
	config.ranges[1] = (struct pppoe_range){IP(10, 0, 9, 255), 1};
	config.n_prefixes = 2;
	open_table(1, true, &config);
	return 0;
}

/* Killed by: a search that gives up too early, or goes past the last one. */
static void
all_addresses_are_given_and_no_more(void **state)
{
	struct pppoe_line_key key = line(10, 0);
	uint32_t slots[4];

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		slots[i] = create(&key);
		assert_int_equal(give(slots[i], 0), i < 3);
		assert_int_equal(give_prefix(slots[i]), i < 2);
	}
	assert_int_equal(at(slots[3])->ipv4, 0);
	assert_int_equal(at(slots[3])->prefix, PPPOE_NO_PREFIX);
	pppoe_session_remove(owner(slots[1]), slots[1]);
	assert_true(give(slots[3], 0));
	assert_true(give_prefix(slots[3]));
}

static int
open_without(void **state)
{
	struct pppoe_session_config config = usual;

	(void)state;
	config.n_ranges = 0;
	config.n_prefixes = 0;
	open_table(1, true, &config);
	return 0;
}

static void
without_pools_nobody_has_an_address(void **state)
{
	struct pppoe_line_key key = line(10, 0);
	uint32_t slot = create(&key);

	(void)state;
	assert_false(give(slot, 0));
	assert_false(give(slot, RTE_BE32(IP(10, 0, 0, 1))));
	assert_false(give_prefix(slot));
}

/* Killed by: an assigned address that is not looked at, or taken from its owner; an old one that stays taken. */
static void
an_assigned_address_is_the_one_or_none(void **state)
{
	struct pppoe_line_key key = line(10, 0), other = line(11, 0);
	uint32_t slot = create(&key), rival = create(&other);

	(void)state;
	assert_true(give(slot, 0));
	assert_true(give(slot, RTE_BE32(IP(198, 51, 100, 20))));
	assert_int_equal(at(slot)->ipv4, RTE_BE32(IP(198, 51, 100, 20)));
	assert_int_equal(count_cells(&t.addresses), 1);
	assert_false(give(rival, RTE_BE32(IP(198, 51, 100, 20))));
	assert_int_equal(at(rival)->ipv4, 0);
	assert_false(give(rival, RTE_BE32(IP(198, 51, 100, 21))));
	assert_false(give(rival, RTE_BE32(IP(100, 64, 0, 249))));
	assert_true(give(rival, RTE_BE32(IP(100, 64, 0, 250))));
	assert_true(give(rival, 0));
	assert_int_equal(at(rival)->ipv4, RTE_BE32(IP(100, 64, 0, 250)));
}

/* Killed by: an address or prefix that is not free again. */
static void
addresses_are_taken_back(void **state)
{
	struct pppoe_line_key key = line(10, 0);
	uint32_t slot = create(&key);
	struct pppoe_session *session;

	(void)state;
	assert_true(give(slot, 0));
	assert_true(give_prefix(slot));
	session = pppoe_session_begin(owner(slot), slot);
	pppoe_session_take_addresses(owner(slot), slot, session);
	pppoe_session_end(owner(slot), slot);
	assert_int_equal(session->ipv4, 0);
	assert_int_equal(session->prefix, PPPOE_NO_PREFIX);
	assert_int_equal(count_cells(&t.addresses), 0);
	assert_int_equal(count_cells(&t.prefixes), 0);
}

static void
places_of_addresses(void **state)
{
	(void)state;
	assert_int_equal(pppoe_address_number(&t, IP(100, 64, 0, 250)), 0);
	assert_int_equal(pppoe_address_number(&t, IP(100, 64, 2, 37)), 299);
	assert_int_equal(pppoe_address_number(&t, IP(100, 64, 2, 38)), PPPOE_NO_NUMBER);
	assert_int_equal(pppoe_address_number(&t, IP(100, 64, 0, 249)), PPPOE_NO_NUMBER);
	assert_int_equal(pppoe_address_number(&t, IP(198, 51, 100, 1)), 300);
	assert_int_equal(pppoe_address_number(&t, IP(198, 51, 100, 20)), 319);
	assert_int_equal(pppoe_address_number(&t, IP(198, 51, 100, 21)), PPPOE_NO_NUMBER);
	assert_int_equal(pppoe_address_number(&t, 0), PPPOE_NO_NUMBER);
	assert_int_equal(pppoe_address_number(&t, UINT32_MAX), PPPOE_NO_NUMBER);
}

/* Killed by: a reciprocal that is one off. */
static void
the_worker_of_each_slot(void **state)
{
	static const uint32_t shares[] = {1, 2, 3, 5, 7, 4096, 4097, 21845, 65534};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(shares); i++) {
		struct pppoe_session_table one = {
			.worker_per_slot = (UINT64_C(1) << PPPOE_WORKER_SHIFT) / shares[i] + 1};

		for (uint32_t slot = 0; slot < 66000; slot++)
			if (slot / shares[i] < 16)
				assert_int_equal(pppoe_session_worker(&one, slot),
						 slot / shares[i]);
	}
}

/* ---- what is open, and timers ---------------------------------------------------------------------------- */

static struct pppoe_session
opened_session(void)
{
	struct pppoe_session session = {.prefix = 3, .ipv4 = RTE_BE32(IP(100, 64, 1, 10))};

	session.lcp.state = session.ipcp.state = session.ipv6cp.state = PPP_OPENED;
	session.auth.state = PPPOE_AUTH_GOOD;
	return session;
}

static uint32_t
put_row(const struct pppoe_session *row, uint32_t slot)
{
	return fixture_put(&f, t.shares.table, slot, row->mac.addr_bytes[5], row);
}

/* A row of the id, MAC address 02:..:octet. */
static struct pppoe_session
row_of(uint16_t id, uint8_t octet)
{
	struct pppoe_session row = opened_session();
	struct pppoe_line_key key = line(octet, 100);

	row.session_id = id;
	row.mac = key.mac;
	row.outer = key.outer;
	row.inner = key.inner;
	return row;
}

/* Killed by: leaving out one of the conditions that are named here. */
static void
what_is_open_follows_from_the_row(void **state)
{
	struct pppoe_session row = row_of(9, 10);
	uint32_t slot = put_row(&row, SLIM_NO_SLOT);

	(void)state;
	assert_int_equal(at(slot)->open, PPPOE_OPEN_IPV4 | PPPOE_OPEN_IPV6);
	row.ipcp.state = PPP_ACK_SENT;
	put_row(&row, slot);
	assert_int_equal(at(slot)->open, PPPOE_OPEN_IPV6);
	row = row_of(9, 10);
	row.ipv6cp.state = PPP_STOPPED;
	put_row(&row, slot);
	assert_int_equal(at(slot)->open, PPPOE_OPEN_IPV4);
	row = row_of(9, 10);
	row.ipv4 = 0;
	put_row(&row, slot);
	assert_int_equal(at(slot)->open, PPPOE_OPEN_IPV6);
	row = row_of(9, 10);
	row.prefix = PPPOE_NO_PREFIX;
	put_row(&row, slot);
	assert_int_equal(at(slot)->open, PPPOE_OPEN_IPV4);
	row = row_of(9, 10);
	row.lcp.state = PPP_CLOSING;
	put_row(&row, slot);
	assert_int_equal(at(slot)->open, 0);
	row = row_of(9, 10);
	row.auth.state = PPPOE_AUTH_ASKING;
	put_row(&row, slot);
	assert_int_equal(at(slot)->open, 0);
}

/* Killed by: a limit that RFC 2516 or RFC 4638 sets and is not kept; a missing default. */
static void
what_the_client_takes(void **state)
{
	static const struct {
		uint16_t mru, max_payload, right;
	} rows[] = {{0, 0, 1492},       {1500, 0, 1492},    {1400, 0, 1400}, {1500, 1500, 1500},
		    {1508, 1500, 1500}, {1492, 1500, 1492}, {0, 1500, 1492}, {1492, 1480, 1492}};
	uint32_t slot = SLIM_NO_SLOT;

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(rows); i++) {
		struct pppoe_session row = row_of(9, 10);

		row.terms.peer_mru = rte_cpu_to_be_16(rows[i].mru);
		row.terms.max_payload = rte_cpu_to_be_16(rows[i].max_payload);
		slot = put_row(&row, slot);
		assert_int_equal(at(slot)->peer_mru, rows[i].right);
	}
}

/* Killed by: a timer that is forgotten; times that are compared as numbers, where a clock has wrapped. */
static void
the_earliest_timer_counts(void **state)
{
	struct pppoe_session s = {.created = START, .last_seen = START + SECOND};
	uint64_t *const timers[] = {&s.lcp_timer,    &s.auth_timer, &s.ipcp_timer,
				    &s.ipv6cp_timer, &s.echo_timer, &s.interim};

	(void)state;
	assert_true(pppoe_session_deadline(&s) == 0);
	for (uint32_t i = 0; i < RTE_DIM(timers); i++) {
		*timers[i] = START + 50 * SECOND - i;
		assert_true(pppoe_session_deadline(&s) == START + 50 * SECOND - i);
	}
	s.session_timeout = 40;
	assert_true(pppoe_session_deadline(&s) == START + 40 * SECOND);
	s.idle_timeout = 30;
	assert_true(pppoe_session_deadline(&s) == START + 31 * SECOND);
	s.last_seen = START + 20 * SECOND;
	assert_true(pppoe_session_deadline(&s) == START + 40 * SECOND);
	s.lcp_timer = UINT64_MAX - 5; /* of a host that was started a moment ago */
	assert_true(pppoe_session_deadline(&s) == UINT64_MAX - 5);
}

static void
set_echo(uint32_t slot, uint64_t ns)
{
	pppoe_session_begin(owner(slot), slot)->echo_timer = ns;
	pppoe_session_end(owner(slot), slot);
}

/* Killed by: a session that is due twice; one that is given too early; a wait that is not kept; a limit that does not move
 * on with what was seen. */
static void
sessions_are_due(void **state)
{
	struct pppoe_sessions *s = pppoe_sessions_of(&t, 0);
	struct pppoe_line_key key = line(1, 0);
	uint32_t slot = create(&key);

	(void)state;
	assert_int_equal(pppoe_session_due(s, START + 100 * SECOND), NF_NO_SLOT);
	set_echo(slot, START + 110 * SECOND);
	assert_int_equal(pppoe_session_due(s, START + 110 * SECOND - 1), NF_NO_SLOT);
	assert_int_equal(pppoe_session_due(s, START + 110 * SECOND + TICK), slot);
	assert_int_equal(pppoe_session_due(s, START + 120 * SECOND), NF_NO_SLOT);
	pppoe_session_wait(s, slot, START + 130 * SECOND);
	assert_int_equal(pppoe_session_due(s, START + 129 * SECOND), NF_NO_SLOT);
	assert_int_equal(pppoe_session_due(s, START + 130 * SECOND + TICK), slot);
	set_echo(slot, 0);
	assert_int_equal(pppoe_session_due(s, START + 5000 * SECOND), NF_NO_SLOT);

	pppoe_session_begin(s, slot)->idle_timeout = 60;
	at(slot)->last_seen = START + 5000 * SECOND;
	pppoe_session_end(s, slot);
	at(slot)->last_seen = START + 5030 * SECOND; /* a packet */
	assert_int_equal(pppoe_session_due(s, START + 5061 * SECOND), NF_NO_SLOT);
	assert_int_equal(pppoe_session_due(s, START + 5090 * SECOND + TICK), slot);
	pppoe_session_end(s, slot); /* it is to be in the wheel */
}

/* Killed by: a removed session that stays in the wheel. */
static void
who_is_gone_is_not_due(void **state)
{
	struct pppoe_sessions *s = pppoe_sessions_of(&t, 0);
	struct pppoe_line_key key = line(1, 0);
	uint32_t slot = create(&key);

	(void)state;
	set_echo(slot, START + SECOND);
	pppoe_session_remove(s, slot);
	assert_int_equal(pppoe_session_due(s, START + 20 * SECOND), NF_NO_SLOT);
}

/* Killed by: a standby that acts; a session that is lost out of the wheel there. */
static void
a_standby_has_no_timers(void **state)
{
	struct pppoe_session row = row_of(9, 10);
	uint32_t slot;

	(void)state;
	row.echo_timer = START;
	slot = put_row(&row, SLIM_NO_SLOT);
	for (uint64_t now = START; now < START + 10 * SECOND; now += SECOND)
		assert_int_equal(pppoe_session_due(pppoe_sessions_of(&t, 0), now), NF_NO_SLOT);
	assert_true(nf_wheel_has(&pppoe_sessions_of(&t, 0)->wheel, slot));
}

/* ---- rows of another instance --------------------------------------------------------------------------- */

/* Killed by: `installed` that leaves out one of what is derived; local fields that come with the row. */
static void
a_row_comes_changes_and_goes(void **state)
{
	struct pppoe_session row = row_of(9, 10);
	struct pppoe_line_key key = line(10, 100);
	uint32_t slot;

	(void)state;
	row.held = 0xff;
	row.held_address = 5;
	slot = put_row(&row, SLIM_NO_SLOT);
	check_all();
	assert_int_equal(pppoe_session_of_line(owner(slot), &key, NF_NO_SLOT), slot);
	row.ipv4 = RTE_BE32(IP(100, 64, 1, 11));
	row.prefix = 77;
	assert_int_equal(put_row(&row, slot), slot);
	check_all();
	assert_int_equal(pppoe_session_by_ipv4(&t, IP(100, 64, 1, 10)), NF_NO_SLOT);
	assert_int_equal(pppoe_session_by_prefix(&t, 3), NF_NO_SLOT);
	row.ipv4 = 0;
	row.prefix = PPPOE_NO_PREFIX;
	assert_int_equal(put_row(&row, slot), slot);
	check_all();
	fixture_delete(&f, t.shares.table, slot);
	check_all();
	assert_int_equal(pppoe_session_by_id(&t, 9), NF_NO_SLOT);
	assert_int_equal(pppoe_sessions_of(&t, 0)->n_conflicts, 0);
}

/* The source's slot is another session's now, with the id of the one before: one row tells it. Killed by: a line that stays
 * in the index when the row says another. */
static void
another_client_under_the_same_id(void **state)
{
	struct pppoe_session row = row_of(9, 10), next = row_of(9, 11);
	struct pppoe_line_key old = line(10, 100);
	uint32_t slot = put_row(&row, SLIM_NO_SLOT);

	(void)state;
	assert_int_equal(put_row(&next, slot), slot);
	assert_int_equal(pppoe_session_of_line(pppoe_sessions_of(&t, 0), &old, NF_NO_SLOT),
			 NF_NO_SLOT);
}

/* Id, address and prefix are taken by another session, of this worker or another, before the row of the first one goes.
 * Killed by: a removal that takes the other's cell; a row that does not get what is free; waiting for ever. */
static void
numbers_change_hands(uint8_t next_octet)
{
	struct pppoe_session row = row_of(9, 4), next = row_of(9, next_octet);
	uint32_t slot, next_slot;

	slot = put_row(&row, SLIM_NO_SLOT);
	next_slot = put_row(&next, SLIM_NO_SLOT);
	assert_int_not_equal(next_slot, SLIM_NO_SLOT);
	if (next_slot != slot) {
		assert_int_equal(pppoe_session_by_id(&t, 9), slot);
		assert_int_equal(owner(next_slot)->n_waiting, 1);
		assert_int_equal(owner(next_slot)->n_conflicts, 1);
		fixture_delete(&f, t.shares.table, slot);
		pppoe_session_settle(owner(next_slot));
	}
	assert_int_equal(pppoe_session_by_id(&t, 9), next_slot);
	check_all();
}

static void
numbers_change_hands_at_a_worker(void **state)
{
	(void)state;
	numbers_change_hands(8);
}

static void
numbers_change_hands_between_workers(void **state)
{
	(void)state;
	numbers_change_hands(5);
}

/* Only the address, at one worker. Killed by: a settle that waits for a tick though the worker itself lets it go. */
static void
an_address_is_had_at_once(void **state)
{
	struct pppoe_session row = row_of(9, 4), next = row_of(10, 8), third = row_of(11, 12);
	uint32_t slot, next_slot, third_slot;

	(void)state;
	row.prefix = PPPOE_NO_PREFIX;
	slot = put_row(&row, SLIM_NO_SLOT);
	next_slot = put_row(&next, SLIM_NO_SLOT);
	assert_int_equal(pppoe_session_by_ipv4(&t, IP(100, 64, 1, 10)), slot);
	row.ipv4 = RTE_BE32(IP(100, 64, 1, 11));
	put_row(&row, slot);
	assert_int_equal(pppoe_session_by_ipv4(&t, IP(100, 64, 1, 10)), next_slot);
	third.ipv4 = row.ipv4;
	third.prefix = PPPOE_NO_PREFIX;
	third_slot = put_row(&third, SLIM_NO_SLOT);
	assert_int_equal(pppoe_session_by_ipv4(&t, IP(100, 64, 1, 11)), slot);
	fixture_delete(&f, t.shares.table, slot);
	assert_int_equal(pppoe_session_by_ipv4(&t, IP(100, 64, 1, 11)), third_slot);
}

/* Who waits goes, or says something else. Killed by: a slot that stays in the list of those who wait. */
static void
who_waits_goes(void **state)
{
	struct pppoe_session row = row_of(9, 4), next = row_of(10, 8), third = row_of(11, 12);
	uint32_t slot = put_row(&row, SLIM_NO_SLOT), next_slot = put_row(&next, SLIM_NO_SLOT),
		 third_slot = put_row(&third, SLIM_NO_SLOT);

	(void)state;
	assert_int_equal(pppoe_sessions_of(&t, 0)->n_waiting, 3 - 1);
	fixture_delete(&f, t.shares.table, next_slot);
	third.ipv4 = 0;
	third.prefix = PPPOE_NO_PREFIX;
	put_row(&third, third_slot);
	assert_int_equal(pppoe_sessions_of(&t, 0)->n_waiting, 0);
	fixture_delete(&f, t.shares.table, slot);
}

/* Killed by: a row without sense that is indexed, or that takes an address; a cell behind the last one (address sanitizer). */
static void
rows_without_sense(void **state)
{
	struct pppoe_sessions *s = pppoe_sessions_of(&t, 0);
	struct pppoe_session row = row_of(9, 10);
	uint32_t slot;

	(void)state;
	row.session_id = 0;
	assert_int_equal(put_row(&row, SLIM_NO_SLOT), SLIM_NO_SLOT);
	row.session_id = 0xffff;
	assert_int_equal(put_row(&row, SLIM_NO_SLOT), SLIM_NO_SLOT);
	row = row_of(9, 10);
	row.ipv4 = RTE_BE32(IP(8, 8, 8, 8));
	row.prefix = 512;
	slot = put_row(&row, SLIM_NO_SLOT);
	assert_int_equal(s->n_waiting, 0);
	assert_int_equal(s->n_conflicts, 1);
	assert_int_equal(count_cells(&t.addresses), 0);
	assert_int_equal(count_cells(&t.prefixes), 0);
	fixture_delete(&f, t.shares.table, slot);
	row = row_of(9, 10);
	row.inner = 4096;
	slot = put_row(&row, SLIM_NO_SLOT);
	assert_int_equal(s->n_conflicts, 2);
	assert_int_equal(count_cells(&t.ids), 0);
	assert_int_equal(at(slot)->open, 0);
	row.inner = 7; /* and with sense again */
	put_row(&row, slot);
	check_all();
	/* No packet of this client comes to the bucket that the row is said to have. */
	assert_int_equal(fixture_put(&f, t.shares.table, slot, 11, &row), slot);
	assert_int_equal(s->n_conflicts, 3);
	assert_int_equal(count_cells(&t.ids) + count_cells(&t.addresses) + count_cells(&t.prefixes),
			 0);
	fixture_delete(&f, t.shares.table, slot);
}

/* Killed by: a share that is overrun, or a refusal that loses a slot. */
static void
rows_fill_the_table(void **state)
{
	uint32_t slots[65];

	(void)state;
	for (uint16_t i = 0; i < 65; i++) {
		struct pppoe_session row = row_of((uint16_t)(100 + i), 10);

		row.ipv4 = 0;
		row.prefix = PPPOE_NO_PREFIX;
		slots[i] = put_row(&row, SLIM_NO_SLOT);
	}
	assert_int_equal(slots[64], SLIM_NO_SLOT);
	check_all();
	for (uint16_t i = 0; i < 64; i++)
		fixture_delete(&f, t.shares.table, slots[i]);
}

int
main(void)
{
#define TEST(f, open) cmocka_unit_test_setup_teardown(f, open, close_table)
	const struct CMUnitTest tests[] = {
		TEST(a_session_is_created, open_one),
		TEST(a_line_may_have_several, open_one),
		TEST(ids_are_unique_and_rest, open_one),
		TEST(a_full_table_refuses, open_one),
		TEST(limits_of_mac_and_vlan, open_limited),
		TEST(an_address_has_the_clients_octet, open_one),
		TEST(when_none_of_the_octet_is_free_any_other_is, open_one),
		TEST(all_addresses_are_given_and_no_more, open_narrow),
		TEST(without_pools_nobody_has_an_address, open_without),
		TEST(an_assigned_address_is_the_one_or_none, open_one),
		TEST(addresses_are_taken_back, open_one),
		TEST(places_of_addresses, open_one),
		cmocka_unit_test(the_worker_of_each_slot),
		TEST(what_is_open_follows_from_the_row, open_one),
		TEST(what_the_client_takes, open_one),
		cmocka_unit_test(the_earliest_timer_counts),
		TEST(sessions_are_due, open_one),
		TEST(who_is_gone_is_not_due, open_one),
		TEST(a_standby_has_no_timers, open_standby),
		TEST(a_row_comes_changes_and_goes, open_one),
		TEST(another_client_under_the_same_id, open_one),
		TEST(numbers_change_hands_at_a_worker, open_four),
		TEST(numbers_change_hands_between_workers, open_four),
		TEST(an_address_is_had_at_once, open_four),
		TEST(who_waits_goes, open_four),
		TEST(rows_without_sense, open_one),
		TEST(rows_fill_the_table, open_one),
	};

	return fixture_start_eal() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
