/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags: of lines, in each frame both ways; of a side of the core, which are the frame's; those that the device took off, those
 * with a priority only, and those of others.
 */
#include "data_world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct harness h;

static void
open_with(uint32_t n_inner, uint16_t core_vlan)
{
	struct pppoe_config config;

	data_defaults(&config);
	config.access_tags = (struct pppoe_access){
		.untagged = n_inner == 0,
		.outer = {{100, 4094}},
		.n_outer = 1,
		.inner = {{5, 4094}},
		.n_inner = n_inner,
		.outer_type = 0x88a8,
	};
	config.sides[PPPOE_CORE].vlan = core_vlan;
	config.limits.sessions_per_mac = 8;
	config.n_workers = 2;
	harness_open(&h, &config, true);
	tell_router(&h);
}

static int
open_one(void **state)
{
	(void)state;
	open_with(0, 0);
	return 0;
}

static int
open_two(void **state)
{
	(void)state;
	open_with(1, 0);
	return 0;
}

static int
open_core(void **state)
{
	(void)state;
	open_with(0, 77);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	harness_close(&h);
	return 0;
}

static void
speaks_both_ways(const struct client *c)
{
	struct octets up = ipv4(c->ipv4, SERVER, 17, NULL, 300),
		      down = ipv4(SERVER, c->ipv4, 17, NULL, 1), out;

	give_up(&h, c, &up);
	out = taken_up(&h, SERVER);
	assert_passed(&up, &out);
	give_down(&h, &down);
	out = taken_down(&h, c);
	assert_passed(&down, &out);
	up = ipv6(c->ipv6, server_6, 17, NULL, 300);
	give_up(&h, c, &up);
	out = taken_up(&h, 0);
	assert_passed(&up, &out);
	down = ipv6(server_6, c->ipv6, 17, NULL, 300);
	give_down(&h, &down);
	out = taken_down(&h, c);
	assert_passed(&down, &out);
	harness_nothing_left(&h);
}

/* Killed by: tags of another line, in another order, of another type, or none. */
static void
one_tag_or_none(void **state)
{
	struct client tagged = client_of(&h, 7, 100, 0, 1492),
		      other = client_of(&h, 7, 4094, 0, 1492);
	struct client bare = client_of(&h, 7, 0, 0, 1492), odd = client_of(&h, 8, 100, 0, 1492);

	(void)state;
	speaks_both_ways(&tagged);
	speaks_both_ways(&other);
	speaks_both_ways(&bare);
	speaks_both_ways(&odd);
}

static void
two_tags(void **state)
{
	struct client c = client_of(&h, 7, 100, 5, 1492), other = client_of(&h, 7, 100, 4094, 1492);
	struct octets in;

	(void)state;
	speaks_both_ways(&c);
	speaks_both_ways(&other);
	in = ipv4(c.ipv4, SERVER, 17, NULL, 64);
	other.id = c.id;
	refused_up(&h, &other, &in, PPPOE_drop_other_client);
	c.inner = 0;
	refused_up(&h, &c, &in, PPPOE_drop_vlan_range);
	c.outer = 0;
	refused_up(&h, &c, &in, PPPOE_drop_vlan_range);
	c.outer = 99;
	c.inner = 5;
	refused_up(&h, &c, &in, PPPOE_drop_vlan_range);
	c.outer = 100;
	c.inner = 4;
	refused_up(&h, &c, &in, PPPOE_drop_vlan_range);
}

/* Killed by: a tag that counts twice, or not, because it is not in the frame. */
static void
the_device_may_take_tags_off(void **state)
{
	struct client c = client_of(&h, 7, 100, 5, 1492), seen = c;
	struct octets in = ipv4(c.ipv4, SERVER, 17, NULL, 64), frame, out;
	struct rte_mbuf *m;

	(void)state;
	seen.outer = 0;
	seen.inner = 0;
	frame = framed(&seen, 0x0021, &in);
	m = harness_raw(&h, frame.at, frame.size);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED;
	m->vlan_tci_outer = 0x2000 | 100;
	m->vlan_tci = 5;
	harness_receive(&h, PPPOE_ACCESS, m, 0);
	harness_settle(&h);
	out = taken_up(&h, SERVER);
	assert_passed(&in, &out);
	harness_nothing_left(&h);
}

/* Killed by: a priority taken for a VLAN. */
static void
a_priority_is_no_vlan(void **state)
{
	struct client c = client_of(&h, 7, 0, 0, 1492), wrong = c;
	struct octets in = ipv4(c.ipv4, SERVER, 17, NULL, 64), frame = framed(&c, 0x0021, &in), out;

	(void)state;
	memmove(frame.at + 16, frame.at + 12, frame.size - 12u);
	memcpy(frame.at + 12, "\x81\0\xe0\0", 4);
	frame.size += 4;
	give(&h, PPPOE_ACCESS, &frame);
	out = taken_up(&h, SERVER);
	assert_passed(&in, &out);
	in = ipv4(SERVER, c.ipv4, 17, NULL, 64);
	frame = core_framed(&in);
	memmove(frame.at + 16, frame.at + 12, frame.size - 12u);
	memcpy(frame.at + 12, "\x81\0\xe0\0", 4);
	frame.size += 4;
	give(&h, PPPOE_CORE, &frame);
	out = taken_down(&h, &c);
	assert_passed(&in, &out);
	frame.at[15] = 9;
	refused(&h, PPPOE_CORE, &frame, NF_drop_vlan);
	in = ipv4(c.ipv4, SERVER, 17, NULL, 64);
	wrong.outer = 99;
	refused_up(&h, &wrong, &in, PPPOE_drop_vlan_range);
}

/* The harness checks the tag of what leaves. Killed by: the core's tag taken off twice, or written on the access side. */
static void
the_core_may_have_one(void **state)
{
	struct client c = client_of(&h, 7, 100, 0, 1492), bare = client_of(&h, 8, 0, 0, 1492);
	struct octets up = ipv4(c.ipv4, SERVER, 17, NULL, 64),
		      down = ipv4(SERVER, c.ipv4, 17, NULL, 64), frame, out;
	struct rte_mbuf *m;

	(void)state;
	frame = core_framed(&down);
	m = harness_raw(&h, frame.at, frame.size);
	harness_tag(m, 77);
	harness_receive(&h, PPPOE_CORE, m, 0);
	harness_settle(&h);
	out = taken_down(&h, &c);
	assert_passed(&down, &out);
	give_up(&h, &c, &up);
	assert_counted(&h, PPPOE_uplink, 1);
	harness_drain(&h, PPPOE_CORE);
	up = ipv4(bare.ipv4, c.ipv4, 17, NULL, 64);
	give_up(&h, &bare, &up);
	out = taken_down(&h, &c);
	assert_passed(&up, &out);
	harness_nothing_left(&h);
}

#define TEST(f, open) cmocka_unit_test_setup_teardown(f, open, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_tag_or_none, open_one),
		TEST(two_tags, open_two),
		TEST(the_device_may_take_tags_off, open_two),
		TEST(a_priority_is_no_vlan, open_one),
		TEST(the_core_may_have_one, open_core),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
