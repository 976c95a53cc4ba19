/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and statistics: ports, their counters, rules with theirs, and changes of rules. */
#include <errno.h>
#include <string.h>

#include "of_match.h"

/* ---- multipart (7.3.5) -------------------------------------------------------- */

static size_t
begin_multipart(struct of_writer *w, enum of_type type, uint32_t xid, enum of_multipart kind,
		bool more)
{
	size_t start = of_begin_message(w, type, xid);

	of_put_u16(w, (uint16_t)kind);
	of_put_u16(w, more ? 1 : 0);
	of_put_zero(w, 4);
	return start;
}

int
of_decode_multipart(const void *message, size_t size, struct of_multipart_reply *ret)
{
	struct of_reader r = of_open_message(message, size, OF_MULTIPART_REPLY);
	struct of_multipart_reply reply;

	reply.type = of_get_u16(&r);
	reply.more = (of_get_u16(&r) & 1) != 0;
	of_skip(&r, 4);
	reply.body = r.p;
	reply.size = r.n;
	if (r.bad)
		return -EPROTO;
	*ret = reply;
	return 0;
}

/* Splits the next entry off a body. `length_at`: where its 16-bit length stands. */
static int
next_entry(const uint8_t **body, size_t *size, size_t length_at, size_t least,
	   struct of_reader *ret)
{
	size_t length;

	if (*size == 0)
		return 0;
	if (*size < least)
		return -EPROTO;
	length = (size_t)((*body)[length_at] << 8 | (*body)[length_at + 1]);
	if (length < least || length > *size)
		return -EPROTO;
	*ret = (struct of_reader){.p = *body, .n = length};
	*body += length;
	*size -= length;
	return 1;
}

/* ---- ports (7.2.1) -------------------------------------------------------------- */

#define PORT_SIZE 40u

static void
put_port(struct of_writer *w, const struct of_port *port)
{
	of_put_u32(w, port->number);
	of_put_u16(w, PORT_SIZE);
	of_put_zero(w, 2);
	of_put(w, port->mac, 6);
	of_put_zero(w, 2);
	of_put(w, port->name, OF_PORT_NAME_SIZE);
	of_put_u32(w, port->config);
	of_put_u32(w, port->state);
}

static int
get_port(struct of_reader *r, struct of_port *ret)
{
	struct of_port port = {0};

	port.number = of_get_u32(r);
	of_skip(r, 4);
	memcpy(port.mac, of_take(r, 6), 6);
	of_skip(r, 2);
	memcpy(port.name, of_take(r, OF_PORT_NAME_SIZE), OF_PORT_NAME_SIZE);
	port.name[OF_PORT_NAME_SIZE - 1] = '\0';
	port.config = of_get_u32(r);
	port.state = of_get_u32(r);
	if (r->bad)
		return -EPROTO;
	*ret = port;
	return 0;
}

void
of_encode_port_desc_request(struct of_writer *w, uint32_t xid)
{
	of_end_message(
		w, begin_multipart(w, OF_MULTIPART_REQUEST, xid, OF_MULTIPART_PORT_DESC, false));
}

void
of_encode_port_desc_reply(struct of_writer *w, uint32_t xid, const struct of_port *ports,
			  size_t n_ports, bool more)
{
	size_t start = begin_multipart(w, OF_MULTIPART_REPLY, xid, OF_MULTIPART_PORT_DESC, more);

	for (size_t i = 0; i < n_ports; i++)
		put_port(w, &ports[i]);
	of_end_message(w, start);
}

int
of_next_port(const uint8_t **body, size_t *size, struct of_port *ret)
{
	struct of_reader r;
	int result = next_entry(body, size, 4, PORT_SIZE, &r);

	if (result <= 0)
		return result;
	return get_port(&r, ret) < 0 ? -EPROTO : 1;
}

void
of_encode_port_status(struct of_writer *w, uint32_t xid, enum of_port_reason reason,
		      const struct of_port *port)
{
	size_t start = of_begin_message(w, OF_PORT_STATUS, xid);

	of_put_u8(w, (uint8_t)reason);
	of_put_zero(w, 7);
	put_port(w, port);
	of_end_message(w, start);
}

int
of_decode_port_status(const void *message, size_t size, enum of_port_reason *ret_reason,
		      struct of_port *ret)
{
	struct of_reader r = of_open_message(message, size, OF_PORT_STATUS);
	uint8_t reason = of_get_u8(&r);

	of_skip(&r, 7);
	if (r.bad || reason > OF_PORT_MODIFY || get_port(&r, ret) < 0)
		return -EPROTO;
	*ret_reason = (enum of_port_reason)reason;
	return 0;
}

/* ---- port statistics (7.3.5.7) ---------------------------------------------------- */

#define PORT_STATS_SIZE 80u

void
of_encode_port_stats_request(struct of_writer *w, uint32_t xid, uint32_t port)
{
	size_t start =
		begin_multipart(w, OF_MULTIPART_REQUEST, xid, OF_MULTIPART_PORT_STATS, false);

	of_put_u32(w, port);
	of_put_zero(w, 4);
	of_end_message(w, start);
}

void
of_encode_port_stats_reply(struct of_writer *w, uint32_t xid, const struct of_port_stats *stats,
			   size_t n_stats)
{
	size_t start = begin_multipart(w, OF_MULTIPART_REPLY, xid, OF_MULTIPART_PORT_STATS, false);

	for (size_t i = 0; i < n_stats; i++) {
		of_put_u16(w, PORT_STATS_SIZE);
		of_put_zero(w, 2);
		of_put_u32(w, stats[i].number);
		of_put_zero(w, 8);
		of_put_u64(w, stats[i].rx_packets);
		of_put_u64(w, stats[i].tx_packets);
		of_put_zero(w, 48);
	}
	of_end_message(w, start);
}

int
of_next_port_stats(const uint8_t **body, size_t *size, struct of_port_stats *ret)
{
	struct of_port_stats stats;
	struct of_reader r;
	int result = next_entry(body, size, 0, PORT_STATS_SIZE, &r);

	if (result <= 0)
		return result;
	of_skip(&r, 4);
	stats.number = of_get_u32(&r);
	of_skip(&r, 8);
	stats.rx_packets = of_get_u64(&r);
	stats.tx_packets = of_get_u64(&r);
	*ret = stats;
	return 1;
}

/* ---- flow statistics (7.3.5.2) ------------------------------------------------------ */

#define FLOW_STATS_SIZE 56u /* with the shortest match */

void
of_encode_flow_stats_request(struct of_writer *w, uint32_t xid, uint64_t cookie, uint64_t mask)
{
	static const struct of_match all;
	size_t start = begin_multipart(w, OF_MULTIPART_REQUEST, xid, OF_MULTIPART_FLOW, false);

	of_put_u8(w, 0xff); /* all tables */
	of_put_zero(w, 3);
	of_put_u32(w, OF_PORT_ANY);
	of_put_u32(w, OF_PORT_ANY); /* group */
	of_put_zero(w, 4);
	of_put_u64(w, cookie);
	of_put_u64(w, mask);
	of_put_match(w, &all);
	of_end_message(w, start);
}

int
of_decode_flow_stats_request(const void *message, size_t size, uint64_t *ret_cookie,
			     uint64_t *ret_mask)
{
	struct of_reader r = of_open_message(message, size, OF_MULTIPART_REQUEST);
	struct of_match match = {0};
	uint64_t cookie, mask;
	bool opaque = false;

	if (of_get_u16(&r) != OF_MULTIPART_FLOW)
		return -EPROTO;
	of_skip(&r, 2 + 4 + 16);
	cookie = of_get_u64(&r);
	mask = of_get_u64(&r);
	of_get_match(&r, &match, &opaque);
	if (r.bad)
		return -EPROTO;
	*ret_cookie = cookie;
	*ret_mask = mask;
	return 0;
}

static void
put_flow(struct of_writer *w, const struct of_flow *flow)
{
	size_t start = w->size;

	of_put_u16(w, 0);
	of_put_u8(w, flow->table);
	of_put_u8(w, 0);
	of_put_zero(w, 8);
	of_put_u16(w, flow->priority);
	of_put_zero(w, 10);
	of_put_u64(w, flow->cookie);
	of_put_u64(w, flow->packets);
	of_put_u64(w, flow->bytes);
	of_put_match(w, &flow->match);
	of_put_instructions(w, &flow->actions);
	of_patch_u16(w, start, w->size - start);
}

void
of_encode_flow_stats_reply(struct of_writer *w, uint32_t xid, const struct of_flow *flows,
			   size_t n_flows, bool more)
{
	size_t start = begin_multipart(w, OF_MULTIPART_REPLY, xid, OF_MULTIPART_FLOW, more);

	for (size_t i = 0; i < n_flows; i++)
		put_flow(w, &flows[i]);
	of_end_message(w, start);
}

int
of_next_flow(const uint8_t **body, size_t *size, struct of_flow *ret)
{
	struct of_flow flow = {0};
	struct of_reader r;
	int result = next_entry(body, size, 0, FLOW_STATS_SIZE, &r);

	if (result <= 0)
		return result;
	of_skip(&r, 2);
	flow.table = of_get_u8(&r);
	of_skip(&r, 1 + 8);
	flow.priority = of_get_u16(&r);
	of_skip(&r, 10);
	flow.cookie = of_get_u64(&r);
	flow.packets = of_get_u64(&r);
	flow.bytes = of_get_u64(&r);
	of_get_match(&r, &flow.match, &flow.opaque);
	of_get_instructions(&r, &flow.actions, &flow.opaque);
	if (r.bad)
		return -EPROTO;
	*ret = flow;
	return 1;
}

/* ---- changes of rules (7.3.5.17) -------------------------------------------------------- */

#define MONITOR_ADD 0u
#define MONITOR_FLAGS (1u << 1 | 1u << 2 | 1u << 3) /* added, removed, modified */
#define UPDATE_SIZE 32u                             /* with the shortest match */
#define UPDATE_SHORT_SIZE 8u

void
of_encode_flow_monitor_request(struct of_writer *w, uint32_t xid, uint32_t monitor, uint8_t table)
{
	static const struct of_match all;
	size_t start =
		begin_multipart(w, OF_MULTIPART_REQUEST, xid, OF_MULTIPART_FLOW_MONITOR, false);

	of_put_u32(w, monitor);
	of_put_u32(w, OF_PORT_ANY);
	of_put_u32(w, OF_PORT_ANY); /* group */
	of_put_u16(w, MONITOR_FLAGS);
	of_put_u8(w, table);
	of_put_u8(w, MONITOR_ADD);
	of_put_match(w, &all);
	of_end_message(w, start);
}

int
of_decode_flow_monitor_request(const void *message, size_t size, uint32_t *ret_monitor,
			       uint8_t *ret_table)
{
	struct of_reader r = of_open_message(message, size, OF_MULTIPART_REQUEST);
	struct of_match match = {0};
	bool opaque = false;
	uint32_t monitor;
	uint8_t table;

	if (of_get_u16(&r) != OF_MULTIPART_FLOW_MONITOR)
		return -EPROTO;
	of_skip(&r, 2 + 4);
	monitor = of_get_u32(&r);
	of_skip(&r, 4 + 4 + 2);
	table = of_get_u8(&r);
	of_skip(&r, 1);
	of_get_match(&r, &match, &opaque);
	if (r.bad)
		return -EPROTO;
	*ret_monitor = monitor;
	*ret_table = table;
	return 0;
}

static void
put_update(struct of_writer *w, const struct of_update *update)
{
	static const struct of_match all;
	bool is_short = update->event >= OF_UPDATE_ABBREV;

	of_put_u16(w, is_short ? UPDATE_SHORT_SIZE : UPDATE_SIZE);
	of_put_u16(w, (uint16_t)update->event);
	if (is_short) {
		of_put_zero(w, 4);
		return;
	}
	of_put_u8(w, update->table);
	of_put_u8(w, 0);   /* reason */
	of_put_zero(w, 4); /* timeouts */
	of_put_u16(w, update->priority);
	of_put_zero(w, 4);
	of_put_u64(w, update->cookie);
	of_put_match(w, &all);
}

void
of_encode_updates(struct of_writer *w, uint32_t xid, const struct of_update *updates,
		  size_t n_updates)
{
	size_t start =
		begin_multipart(w, OF_MULTIPART_REPLY, xid, OF_MULTIPART_FLOW_MONITOR, false);

	for (size_t i = 0; i < n_updates; i++)
		put_update(w, &updates[i]);
	of_end_message(w, start);
}

int
of_next_update(const uint8_t **body, size_t *size, struct of_update *ret)
{
	struct of_update update = {0};
	struct of_reader r;
	int result = next_entry(body, size, 0, UPDATE_SHORT_SIZE, &r);
	uint16_t event;

	if (result <= 0)
		return result;
	of_skip(&r, 2);
	event = of_get_u16(&r);
	if (event > OF_UPDATE_RESUMED)
		return -EPROTO;
	update.event = (enum of_update_event)event;
	if (update.event < OF_UPDATE_ABBREV) {
		update.table = of_get_u8(&r);
		of_skip(&r, 1 + 4);
		update.priority = of_get_u16(&r);
		of_skip(&r, 4);
		update.cookie = of_get_u64(&r);
	}
	if (r.bad)
		return -EPROTO;
	*ret = update;
	return 1;
}
