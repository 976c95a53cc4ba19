/* SPDX-License-Identifier: Apache-2.0 */
#include "openflow.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t memory[OF_MESSAGE_MAX];

static struct of_writer
writer(void)
{
	struct of_writer w;

	of_writer_init(&w, memory, sizeof(memory));
	return w;
}

static struct of_flow_mod
full_mod(void)
{
	struct of_flow_mod mod = {.cookie = 0x534c010300000000,
				  .cookie_mask = UINT64_MAX,
				  .command = OF_FLOW_ADD,
				  .table = 253,
				  .priority = 40040};

	of_match_in_port(&mod.match, 7);
	of_match_eth_type(&mod.match, 0x88b5);
	of_match_vlan(&mod.match, OF_VID_PRESENT | 3000, OF_VLAN_EXACT);
	mod.match.fields |= OF_MATCH_ETH_DST | OF_MATCH_ETH_SRC;
	memcpy(mod.match.eth_dst, "\x02\x73\x6c\x69\x6d\x02", 6);
	memcpy(mod.match.eth_src, "\x02\x73\x6c\x69\x6d\x01", 6);
	of_action_add(&mod.actions, OF_ACTION_POP_VLAN, 0);
	of_action_add(&mod.actions, OF_ACTION_PUSH_VLAN, 0x8100);
	of_action_add(&mod.actions, OF_ACTION_SET_VLAN_VID, OF_VID_PRESENT | 12);
	of_action_add(&mod.actions, OF_ACTION_OUTPUT, OF_PORT_IN_PORT);
	return mod;
}

static void
assert_same_mod(const struct of_flow_mod *a, const struct of_flow_mod *b)
{
	assert_int_equal(a->cookie, b->cookie);
	assert_int_equal(a->cookie_mask, b->cookie_mask);
	assert_int_equal(a->command, b->command);
	assert_int_equal(a->table, b->table);
	assert_int_equal(a->priority, b->priority);
	assert_memory_equal(&a->match, &b->match, sizeof(a->match));
	assert_int_equal(a->actions.n, b->actions.n);
	assert_memory_equal(a->actions.list, b->actions.list,
			    a->actions.n * sizeof(a->actions.list[0]));
}

/* The bytes of the specification, written by hand: 7.3.4.1, 7.2.3, 7.2.4, 7.2.5. */
static void
flow_mod_is_these_bytes(void **state)
{
	static const uint8_t bytes[] = {
		0x05, 14,   0,    96,
		0,    0,    0,    9, /* header */
		0,    0,    0,    0,
		0,    0,    0,    1, /* cookie */
		0,    0,    0,    0,
		0,    0,    0,    0, /* cookie mask */
		0,    0,    0,    0,
		0,    0,    0x12, 0x34, /* table, command, times, priority */
		0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, /* buffer, out port */
		0xff, 0xff, 0xff, 0xff,
		0,    0,    0,    0, /* out group, flags, importance */
		0,    1,    0,    20,
		0x80, 0,    0,    4, /* match: OXM, 20 bytes; in_port */
		0,    0,    0,    3,
		0x80, 0,    0x0d, 4, /* 3; vlan_vid, masked */
		0x1b, 0xb8, 0x1f, 0xf8,
		0,    0,    0,    0, /* 0xbb8/0xff8, padding */
		0,    4,    0,    24,
		0,    0,    0,    0, /* apply actions */
		0,    0,    0,    16,
		0,    0,    0,    4, /* output 4 */
		0xff, 0xff, 0,    0,
		0,    0,    0,    0,
	};
	struct of_flow_mod mod = {.cookie = 1, .command = OF_FLOW_ADD, .priority = 0x1234};
	struct of_writer w = writer();

	(void)state;
	of_match_in_port(&mod.match, 3);
	of_match_vlan(&mod.match, 0x1bb8, 0x1ff8);
	of_action_add(&mod.actions, OF_ACTION_OUTPUT, 4);
	of_encode_flow_mod(&w, 9, &mod);
	assert_int_equal(of_write_done(&w), sizeof(bytes));
	assert_memory_equal(memory, bytes, sizeof(bytes));
}

static void
flow_mod_comes_back(void **state)
{
	struct of_flow_mod mod = full_mod(), got;
	struct of_writer w = writer();
	uint32_t bundle;
	uint16_t flags;

	(void)state;
	of_encode_flow_mod(&w, 5, &mod);
	assert_int_equal(of_decode_flow_mod(memory, of_write_done(&w), &got), 0);
	assert_same_mod(&mod, &got);
	w = writer();
	of_encode_bundle_add(&w, 6, 77, OF_BUNDLE_ATOMIC, &mod);
	assert_int_equal(of_decode_bundle_add(memory, of_write_done(&w), &bundle, &flags, &got), 0);
	assert_int_equal(bundle, 77);
	assert_int_equal(flags, OF_BUNDLE_ATOMIC);
	assert_same_mod(&mod, &got);
}

static void
masked_vlan_comes_back(void **state)
{
	struct of_flow_mod mod = {.command = OF_FLOW_DELETE_STRICT}, got;
	struct of_writer w = writer();

	(void)state;
	of_match_vlan(&mod.match, OF_VID_PRESENT | 0xbb8, 0x1ff8);
	of_encode_flow_mod(&w, 5, &mod);
	assert_int_equal(of_decode_flow_mod(memory, of_write_done(&w), &got), 0);
	assert_same_mod(&mod, &got);
	assert_int_equal(got.match.vlan_mask, 0x1ff8);
}

static void
flow_stats_come_back(void **state)
{
	struct of_flow_mod mod = full_mod();
	struct of_flow flows[2] = {{.priority = 3,
				    .cookie = 8,
				    .packets = 1ull << 40,
				    .bytes = 9,
				    .match = mod.match,
				    .actions = mod.actions},
				   {.table = 2, .priority = 4}};
	struct of_multipart_reply reply;
	struct of_writer w = writer();
	struct of_flow got;

	(void)state;
	of_encode_flow_stats_reply(&w, 1, flows, 2, true);
	assert_int_equal(of_decode_multipart(memory, of_write_done(&w), &reply), 0);
	assert_int_equal(reply.type, OF_MULTIPART_FLOW);
	assert_true(reply.more);
	assert_int_equal(of_next_flow(&reply.body, &reply.size, &got), 1);
	assert_false(got.opaque);
	assert_int_equal(got.packets, 1ull << 40);
	assert_memory_equal(&got.match, &flows[0].match, sizeof(got.match));
	assert_int_equal(got.actions.n, 4);
	assert_int_equal(of_next_flow(&reply.body, &reply.size, &got), 1);
	assert_int_equal(got.table, 2);
	assert_int_equal(got.actions.n, 0);
	assert_int_equal(of_next_flow(&reply.body, &reply.size, &got), 0);
}

/* A rule of somebody else under our cookie: the length is kept, the rest is called opaque. */
static void
unknown_match_is_opaque(void **state)
{
	struct of_flow_mod mod = full_mod();
	struct of_flow flow = {.match = mod.match}, got;
	struct of_multipart_reply reply;
	struct of_writer w = writer();
	size_t size;

	(void)state;
	of_encode_flow_stats_reply(&w, 1, &flow, 1, false);
	size = of_write_done(&w);
	/* header 8, multipart 8, entry 48, match head 4: the field of in_port becomes metadata */
	memory[68 + 2] = 2 << 1;
	assert_int_equal(of_decode_multipart(memory, size, &reply), 0);
	assert_int_equal(of_next_flow(&reply.body, &reply.size, &got), 1);
	assert_true(got.opaque);
}

static void
assert_same_port(const struct of_port *a, const struct of_port *b)
{
	assert_int_equal(a->number, b->number);
	assert_memory_equal(a->mac, b->mac, sizeof(a->mac));
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->config, b->config);
	assert_int_equal(a->state, b->state);
}

static void
ports_come_back(void **state)
{
	struct of_port port = {.number = 5,
			       .mac = {1, 2, 3, 4, 5, 6},
			       .name = "nat-a-outside",
			       .config = 1,
			       .state = 4},
		       got;
	struct of_multipart_reply reply;
	struct of_writer w = writer();
	enum of_port_reason reason;

	(void)state;
	of_encode_port_desc_reply(&w, 1, &port, 1, false);
	assert_int_equal(of_decode_multipart(memory, of_write_done(&w), &reply), 0);
	assert_int_equal(of_next_port(&reply.body, &reply.size, &got), 1);
	assert_same_port(&got, &port);
	assert_int_equal(of_next_port(&reply.body, &reply.size, &got), 0);
	w = writer();
	of_encode_port_status(&w, 1, OF_PORT_DELETE, &port);
	assert_int_equal(of_decode_port_status(memory, of_write_done(&w), &reason, &got), 0);
	assert_int_equal(reason, OF_PORT_DELETE);
	assert_same_port(&got, &port);
}

static void
long_port_name_ends(void **state)
{
	struct of_port port = {.number = 5}, got;
	struct of_multipart_reply reply;
	struct of_writer w = writer();

	(void)state;
	memset(port.name, 'x', sizeof(port.name));
	of_encode_port_desc_reply(&w, 1, &port, 1, false);
	assert_int_equal(of_decode_multipart(memory, of_write_done(&w), &reply), 0);
	assert_int_equal(of_next_port(&reply.body, &reply.size, &got), 1);
	assert_int_equal(strlen(got.name), 15);
}

static void
port_stats_come_back(void **state)
{
	struct of_port_stats stats = {.number = 3, .rx_packets = 10, .tx_packets = 1ull << 33}, got;
	struct of_multipart_reply reply;
	struct of_writer w = writer();

	(void)state;
	of_encode_port_stats_reply(&w, 1, &stats, 1);
	assert_int_equal(of_decode_multipart(memory, of_write_done(&w), &reply), 0);
	assert_int_equal(of_next_port_stats(&reply.body, &reply.size, &got), 1);
	assert_int_equal(got.number, 3);
	assert_int_equal(got.rx_packets, 10);
	assert_int_equal(got.tx_packets, 1ull << 33);
}

static void
small_messages_come_back(void **state)
{
	struct of_features features = {.datapath_id = 0x0123456789abcdef,
				       .n_tables = 4,
				       .auxiliary_id = 1,
				       .capabilities = 0x47},
			   got_features;
	struct of_bundle_control control = {.id = 3, .type = OF_BUNDLE_COMMIT_REPLY, .flags = 3},
				 got_control;
	struct of_error error = {.type = 17, .code = 5, .data = (const uint8_t *)"abc", .size = 3},
			got_error;
	struct of_packet_out out = {.in_port = OF_PORT_CONTROLLER,
				    .data = (const uint8_t *)"frame",
				    .size = 5},
			     got_out;
	struct of_writer w = writer();
	uint64_t cookie, mask;

	(void)state;
	of_encode_features_reply(&w, 1, &features);
	assert_int_equal(of_decode_features(memory, of_write_done(&w), &got_features), 0);
	assert_int_equal(got_features.datapath_id, features.datapath_id);
	assert_int_equal(got_features.capabilities, 0x47);
	w = writer();
	of_encode_bundle_control(&w, 1, &control);
	assert_int_equal(of_decode_bundle_control(memory, of_write_done(&w), &got_control), 0);
	assert_memory_equal(&got_control, &control, sizeof(control));
	w = writer();
	of_encode_error(&w, 1, &error);
	assert_int_equal(of_decode_error(memory, of_write_done(&w), &got_error), 0);
	assert_int_equal(got_error.code, 5);
	assert_int_equal(got_error.size, 3);
	assert_memory_equal(got_error.data, "abc", 3);
	w = writer();
	of_action_add(&out.actions, OF_ACTION_OUTPUT, 2);
	of_encode_packet_out(&w, 1, &out);
	assert_int_equal(of_decode_packet_out(memory, of_write_done(&w), &got_out), 0);
	assert_int_equal(got_out.in_port, OF_PORT_CONTROLLER);
	assert_int_equal(got_out.actions.list[0].value, 2);
	assert_int_equal(got_out.size, 5);
	assert_memory_equal(got_out.data, "frame", 5);
	w = writer();
	of_encode_flow_stats_request(&w, 1, 0x534cull << 48, 0xffffull << 48);
	assert_int_equal(of_decode_flow_stats_request(memory, of_write_done(&w), &cookie, &mask),
			 0);
	assert_int_equal(cookie, 0x534cull << 48);
	assert_int_equal(mask, 0xffffull << 48);
}

/* 7.2.5: lengths of actions are multiples of 8; those of instructions too, in Open vSwitch. */
static void
crooked_lengths_are_refused(void **state)
{
	struct of_flow_mod mod = full_mod(), got;
	struct of_writer w = writer();
	size_t size, instruction;

	(void)state;
	of_encode_flow_mod(&w, 5, &mod);
	size = of_write_done(&w);
	instruction = size - 8 - (8 + 8 + 16 + 16);
	assert_int_equal(memory[instruction + 1], 4);
	assert_int_equal(memory[instruction + 8 + 3], 8);
	memory[instruction + 8 + 3] = 12;
	assert_int_equal(of_decode_flow_mod(memory, size, &got), -EPROTO);
	memory[instruction + 8 + 3] = 0;
	assert_int_equal(of_decode_flow_mod(memory, size, &got), -EPROTO);
	memory[instruction + 8 + 3] = 8;
	memory[instruction + 3] -= 4;
	assert_int_equal(of_decode_flow_mod(memory, size, &got), -EPROTO);

	/* One action of 12 bytes in an instruction of 20: all there, and still wrong. */
	mod.match = (struct of_match){0};
	mod.actions = (struct of_actions){0};
	of_action_add(&mod.actions, OF_ACTION_POP_VLAN, 0);
	w = writer();
	of_encode_flow_mod(&w, 5, &mod);
	size = of_write_done(&w) + 4;
	memset(memory + size - 4, 0, 4);
	memory[3] = (uint8_t)size;
	memory[size - 20 + 3] = 20;
	memory[size - 12 + 3] = 12;
	assert_int_equal(of_decode_flow_mod(memory, size, &got), -EPROTO);
}

static void
hello_negotiates(void **state)
{
	static const uint8_t newer[] = {6, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 0x70};
	static const uint8_t without[] = {6, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 0x52};
	static const uint8_t plain_new[] = {6, 0, 0, 8, 0, 0, 0, 1};
	static const uint8_t plain_old[] = {4, 0, 0, 8, 0, 0, 0, 1};
	static const uint8_t broken[] = {6, 0, 0, 12, 0, 0, 0, 1, 0, 1, 0, 3};
	struct of_writer w = writer();
	bool speaks = false;

	(void)state;
	of_encode_hello(&w, 1);
	assert_int_equal(of_decode_hello(memory, of_write_done(&w), &speaks), 0);
	assert_true(speaks);
	assert_int_equal(of_decode_hello(newer, sizeof(newer), &speaks), 0);
	assert_true(speaks);
	assert_int_equal(of_decode_hello(without, sizeof(without), &speaks), 0);
	assert_false(speaks);
	assert_int_equal(of_decode_hello(plain_new, sizeof(plain_new), &speaks), 0);
	assert_true(speaks);
	assert_int_equal(of_decode_hello(plain_old, sizeof(plain_old), &speaks), 0);
	assert_false(speaks);
	assert_int_equal(of_decode_hello(broken, sizeof(broken), &speaks), -EPROTO);
}

static void
header_wants_its_length(void **state)
{
	static const uint8_t bytes[] = {5, 0, 0, 7, 0, 0, 0, 1};
	struct of_header h;

	(void)state;
	assert_int_equal(of_decode_header(bytes, 7, &h), -EAGAIN);
	assert_int_equal(of_decode_header(bytes, 8, &h), -EPROTO);
}

static void
writer_stops_at_its_end(void **state)
{
	struct of_flow_mod mod = full_mod();
	uint8_t small[200];
	struct of_writer w;

	(void)state;
	for (size_t size = 0; size < 140; size++) {
		memset(small, 0xaa, sizeof(small));
		of_writer_init(&w, small, size);
		of_encode_bundle_add(&w, 1, 1, 0, &mod);
		assert_int_equal(of_write_done(&w), 0);
		for (size_t i = size; i < sizeof(small); i++)
			assert_int_equal(small[i], 0xaa);
	}
}

/* Every decoder with every message, cut at every length, in memory of exactly that size. */
static void
cut_messages_are_refused(void **state)
{
	struct of_flow_mod mod = full_mod(), got;
	struct of_writer w = writer();
	size_t size;

	(void)state;
	of_encode_flow_mod(&w, 5, &mod);
	size = of_write_done(&w);
	for (size_t cut = OF_HEADER_SIZE; cut < size; cut++) {
		uint8_t *part = malloc(cut);

		memcpy(part, memory, cut);
		part[2] = (uint8_t)(cut >> 8);
		part[3] = (uint8_t)cut;
		/* A rule may lawfully end where its instructions begin: then it drops. */
		if (of_decode_flow_mod(part, cut, &got) == 0)
			assert_int_equal(got.actions.n, 0);
		assert_int_equal(of_decode_flow_mod(part, size, &got), -EPROTO);
		free(part);
	}
}

/* 7.3.5.17, by hand: a request for table 0, as others have to read it. */
static void
flow_monitor_request_is_these_bytes(void **state)
{
	static const uint8_t wanted[] = {
		0x05, 18,   0x00, 40,   0x00, 0x00, 0x00, 0x07, /* header */
		0x00, 16,   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* flow monitor, no flags */
		0x00, 0x00, 0x00, 0x01,                         /* monitor */
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* any port, any group */
		0x00, 0x0e, 0x00, 0x00, /* add, removed, modify; table 0; new */
		0x00, 0x01, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, /* matches all */
	};
	struct of_writer w = writer();
	uint32_t monitor = 0;
	uint8_t table = 9;

	(void)state;
	of_encode_flow_monitor_request(&w, 7, 1, 0);
	assert_int_equal(of_write_done(&w), sizeof(wanted));
	assert_memory_equal(memory, wanted, sizeof(wanted));
	assert_int_equal(of_decode_flow_monitor_request(wanted, sizeof(wanted), &monitor, &table),
			 0);
	assert_int_equal(monitor, 1);
	assert_int_equal(table, 0);
}

static void
updates_come_one_by_one(void **state)
{
	static const struct of_update some[] = {
		{.event = OF_UPDATE_REMOVED,
		 .table = 3,
		 .priority = 40040,
		 .cookie = 0x534c010300000000},
		{.event = OF_UPDATE_ABBREV},
		{.event = OF_UPDATE_MODIFIED, .cookie = 5},
		{.event = OF_UPDATE_PAUSED},
	};
	struct of_multipart_reply reply;
	struct of_writer w = writer();
	struct of_update update;
	const uint8_t *body;
	size_t size;

	(void)state;
	of_encode_updates(&w, 0, some, 4);
	assert_int_equal(of_decode_multipart(memory, of_write_done(&w), &reply), 0);
	assert_int_equal(reply.type, OF_MULTIPART_FLOW_MONITOR);
	body = reply.body;
	size = reply.size;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(of_next_update(&body, &size, &update), 1);
		assert_int_equal(update.event, some[i].event);
		assert_int_equal(update.table, some[i].table);
		assert_int_equal(update.priority, some[i].priority);
		assert_int_equal(update.cookie, some[i].cookie);
	}
	assert_int_equal(of_next_update(&body, &size, &update), 0);
}

/* An event that nobody knows, a full event in the size of a short one, a length past the end. */
static void
broken_updates_are_refused(void **state)
{
	static const uint8_t broken[][8] = {{0, 8, 0, 7},
					    {0, 8, 0, OF_UPDATE_REMOVED},
					    {0, 16, 0, OF_UPDATE_ABBREV},
					    {0, 4, 0, 4}};
	struct of_update update;

	(void)state;
	for (unsigned i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		const uint8_t *body = broken[i];
		size_t size = sizeof(broken[i]);

		assert_int_equal(of_next_update(&body, &size, &update), -EPROTO);
	}
}

/* 7.4.1, by hand, as Open vSwitch sends it: the port of arrival, and behind it a field that nobody asked
 * for (tun_metadata of a vendor). Killed by: the padding of the match or the two bytes behind it not
 * skipped; an unknown field that ends the message. */
static void
packet_in_is_these_bytes(void **state)
{
	static const uint8_t bytes[] = {
		0x05, 10,   0x00, 55,   0x00, 0x00, 0x00,
		0x00, /* header */
		0xff, 0xff, 0xff, 0xff, 0x01, 0x2c, 0x01,
		0x07, /* no buffer, 300, action, table 7 */
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xab,
		0xcd, /* cookie */
		0x00, 0x01, 0x00, 20,   0x80, 0x00, 0x00,
		0x04, /* match of 20; in_port */
		0x00, 0x00, 0x00, 0x03, 0x00, 0x01, 0x40,
		0x04, /* 3; NXM field */
		0x12, 0x34, 0x56, 0x78, 0x00, 0x00, 0x00,
		0x00, /* its value, padding to 8 */
		0x00, 0x00, 'f',  'r',  'a',  'm',  'e',
	};
	struct of_packet_in in;

	(void)state;
	assert_int_equal(of_decode_packet_in(bytes, sizeof(bytes), &in), 0);
	assert_int_equal(in.in_port, 3);
	assert_int_equal(in.reason, OF_REASON_APPLY_ACTION);
	assert_int_equal(in.table, 7);
	assert_int_equal(in.cookie, 0xabcd);
	assert_int_equal(in.total_size, 300);
	assert_int_equal(in.size, 5);
	assert_memory_equal(in.data, "frame", 5);
	/* Every cut of what stands before the packet. */
	for (size_t cut = OF_HEADER_SIZE; cut < sizeof(bytes) - 5; cut++) {
		uint8_t part[sizeof(bytes)];

		memcpy(part, bytes, cut);
		part[3] = (uint8_t)cut;
		assert_int_equal(of_decode_packet_in(part, cut, &in), -EPROTO);
	}
}

/* Killed by: no look at OF_MATCH_IN_PORT. */
static void
packet_in_comes_back_with_its_port(void **state)
{
	struct of_packet_in packet = {.in_port = 9,
				      .reason = OF_REASON_APPLY_ACTION,
				      .cookie = 1ull << 40,
				      .total_size = 5,
				      .data = (const uint8_t *)"frame",
				      .size = 5},
			    got;
	struct of_writer w = writer();

	(void)state;
	of_encode_packet_in(&w, 3, &packet);
	assert_int_equal(of_decode_packet_in(memory, of_write_done(&w), &got), 0);
	assert_int_equal(got.in_port, 9);
	assert_int_equal(got.cookie, 1ull << 40);
	assert_memory_equal(got.data, "frame", 5);
	/* header 8, buffer to cookie 16, match head 4: the field of in_port becomes metadata */
	memory[28 + 2] = 2 << 1;
	assert_int_equal(of_decode_packet_in(memory, of_write_done(&w), &got), -EPROTO);
}

/* 7.3.10, by hand: port status and removed rules as master, packets of rules only if wanted. Killed by: the
 * wanted packets asked for in the slave's mask; packets asked for that no rule sends. */
static void
set_async_is_these_bytes(void **state)
{
	static const uint8_t wanted[] = {
		0x05, 28,   0x00, 56,   0x00, 0x00, 0x00, 0x02, /* header */
		0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, /* packet-in, slave */
		0x00, 0x01, 0x00, 0x08, 0x00, 0x00, 0x00, 0x02, /* packet-in, master: apply action */
		0x00, 0x02, 0x00, 0x08, 0x00, 0x00, 0x00, 0x07, /* port status */
		0x00, 0x03, 0x00, 0x08, 0x00, 0x00, 0x00, 0x07, 0x00,
		0x04, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, /* flow removed */
		0x00, 0x05, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00,
	};
	struct of_writer w = writer();
	bool packets = false;

	(void)state;
	of_encode_set_async(&w, 2, true);
	assert_int_equal(of_write_done(&w), sizeof(wanted));
	assert_memory_equal(memory, wanted, sizeof(wanted));
	assert_int_equal(of_decode_set_async(memory, sizeof(wanted), &packets), 0);
	assert_true(packets);
	w = writer();
	of_encode_set_async(&w, 2, false);
	assert_int_equal(memory[23], 0);
	assert_int_equal(of_decode_set_async(memory, of_write_done(&w), &packets), 0);
	assert_false(packets);
	memory[11] = 3; /* a property shorter than its head */
	assert_int_equal(of_decode_set_async(memory, of_write_done(&w), &packets), -EPROTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flow_mod_is_these_bytes),
		cmocka_unit_test(flow_mod_comes_back),
		cmocka_unit_test(flow_monitor_request_is_these_bytes),
		cmocka_unit_test(updates_come_one_by_one),
		cmocka_unit_test(broken_updates_are_refused),
		cmocka_unit_test(packet_in_is_these_bytes),
		cmocka_unit_test(packet_in_comes_back_with_its_port),
		cmocka_unit_test(set_async_is_these_bytes),
		cmocka_unit_test(masked_vlan_comes_back),
		cmocka_unit_test(flow_stats_come_back),
		cmocka_unit_test(unknown_match_is_opaque),
		cmocka_unit_test(ports_come_back),
		cmocka_unit_test(long_port_name_ends),
		cmocka_unit_test(port_stats_come_back),
		cmocka_unit_test(small_messages_come_back),
		cmocka_unit_test(crooked_lengths_are_refused),
		cmocka_unit_test(hello_negotiates),
		cmocka_unit_test(header_wants_its_length),
		cmocka_unit_test(writer_stops_at_its_end),
		cmocka_unit_test(cut_messages_are_refused),
	};

	return cmocka_run_group_tests_name("openflow", tests, NULL, NULL);
}
