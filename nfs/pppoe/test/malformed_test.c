/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames that are wrong, of both sides: each one is counted by its name, nothing leaves, no table changes and no buffer is
 * lost. A good frame, cut short at every octet, and with every octet changed, is dropped or passes, and never does harm.
 */
#include "data_world_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct harness h;
static struct client a;

static int
open_it(void **state)
{
	struct pppoe_config config;

	(void)state;
	data_defaults(&config);
	harness_open(&h, &config, true);
	tell_router(&h);
	a = client_of(&h, 7, 0, 0, 1492);
	return 0;
}

static int
close_it(void **state)
{
	(void)state;
	harness_close(&h);
	return 0;
}

/* A change of one octet. */
struct change {
	uint16_t at;
	uint8_t to;
	unsigned int counter;
};

static void
refused_changed(uint8_t side, const struct octets *frame, const struct change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct octets wrong = *frame;

		wrong.at[changes[i].at] = changes[i].to;
		refused(&h, side, &wrong, changes[i].counter);
	}
}

/* Killed by: each check of the head, left out. */
static void
heads_of_sessions(void **state)
{
	static const struct change changes[] = {
		{5, 2, PPPOE_drop_not_for_us},    {6, 3, PPPOE_drop_bad_address},
		{11, 8, PPPOE_drop_other_client}, {13, 0x65, PPPOE_drop_ethertype},
		{14, 0x12, PPPOE_drop_version},   {14, 0x21, PPPOE_drop_version},
		{15, 9, PPPOE_drop_discovery},    {17, 99, PPPOE_drop_no_session},
		{18, 1, PPPOE_drop_runt},         {19, 1, PPPOE_drop_runt},
		{21, 0x57, PPPOE_drop_ip_header},
	};
	struct octets in = ipv4(a.ipv4, SERVER, 17, NULL, 64), frame = framed(&a, 0x0021, &in);

	(void)state;
	refused_changed(PPPOE_ACCESS, &frame, changes, RTE_DIM(changes));
	in = ipv6(a.ipv6, server_6, 17, NULL, 64);
	frame = framed(&a, 0x0021, &in);
	refused(&h, PPPOE_ACCESS, &frame, PPPOE_drop_ip_header);
}

/* Killed by: each check of an IP header, left out. */
static void
heads_of_packets(void **state)
{
	static const struct change up[] = {
		{22, 0x44, PPPOE_drop_ip_header}, {22, 0x65, PPPOE_drop_ip_header},
		{24, 1, PPPOE_drop_ip_header},    {25, 19, PPPOE_drop_ip_header},
		{32, 1, PPPOE_drop_ip_checksum},  {30, 63, PPPOE_drop_ip_checksum},
	};
	static const struct change down[] = {
		{14, 0x44, PPPOE_drop_ip_header}, {14, 0x65, PPPOE_drop_ip_header},
		{16, 1, PPPOE_drop_ip_header},    {24, 1, PPPOE_drop_ip_checksum},
		{5, 9, PPPOE_drop_not_for_us},    {12, 9, PPPOE_drop_ethertype},
	};
	static const struct change down_6[] = {
		{14, 0x40, PPPOE_drop_ip_header},
		{18, 1, PPPOE_drop_ip_header},
		{5, 9, PPPOE_drop_not_for_us},
	};
	struct octets in = ipv4(a.ipv4, SERVER, 17, NULL, 64), frame = framed(&a, 0x0021, &in);

	(void)state;
	refused_changed(PPPOE_ACCESS, &frame, up, RTE_DIM(up));
	in = ipv4(SERVER, a.ipv4, 17, NULL, 64);
	frame = core_framed(&in);
	refused_changed(PPPOE_CORE, &frame, down, RTE_DIM(down));
	in = ipv6(server_6, a.ipv6, 17, NULL, 64);
	frame = core_framed(&in);
	refused_changed(PPPOE_CORE, &frame, down_6, RTE_DIM(down_6));
}

static void
try(uint8_t side, const struct octets *frame)
{
	harness_receive(&h, side, harness_raw(&h, frame->at, frame->size), 0);
	harness_deliver(&h);
	harness_drain(&h, PPPOE_ACCESS);
	harness_drain(&h, PPPOE_CORE);
}

/* Killed by: a look behind the end (by a sanitizer), a buffer that is lost or freed twice. */
static void
harm(uint8_t side, const struct octets *frame)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
	struct octets wrong = *frame;

	for (wrong.size = 1; wrong.size < frame->size; wrong.size++)
		try(side, &wrong);
	for (uint16_t at = 0; at < frame->size; at++) {
		for (size_t i = 0; i < sizeof(values); i++) {
			wrong = *frame;
			wrong.at[at] = values[i];
			try(side, &wrong);
		}
	}
}

static void
any_octet_may_be_wrong(void **state)
{
	uint8_t solicitation[24] = {135};
	struct octets in, frame;

	(void)state;
	in = syn(a.ipv4, SERVER, 1460);
	frame = framed(&a, 0x0021, &in);
	harm(PPPOE_ACCESS, &frame);
	in = syn_6(a.ipv6, server_6, 1440);
	frame = framed(&a, 0x0057, &in);
	harm(PPPOE_ACCESS, &frame);
	memcpy(solicitation + 8, link_own_6, 16);
	in = icmpv6(a.link, link_own_6, solicitation, 24);
	frame = framed(&a, 0x0057, &in);
	harm(PPPOE_ACCESS, &frame);
	in = syn(SERVER, a.ipv4, 1460);
	frame = core_framed(&in);
	harm(PPPOE_CORE, &frame);
	in = icmpv6(core_router_6, core_own_6, solicitation, 24);
	frame = core_framed(&in);
	harm(PPPOE_CORE, &frame);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(heads_of_sessions),
		TEST(heads_of_packets),
		TEST(any_octet_may_be_wrong),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
