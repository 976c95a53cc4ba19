/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenFlow 1.4 (wire version 0x05), the part that steering needs: bytes to structures and back.
 *
 * Four layers, each its own module: this codec (no state, no I/O), framing (of_decode_header()
 * says how long a message is), the reliable link (link.h: handshake, probes, reconnect) and the
 * logic (rules.h, steering.h). Section numbers are those of the OpenFlow Switch Specification
 * 1.4.0.
 *
 * Encoders append one message to a writer over memory of the caller. A writer that is full
 * swallows the rest and says so in `full`; of_write_done() then returns 0.
 *
 * Decoders take one whole message as the framing layer found it, check every bound before they
 * read, and return 0 or -EPROTO. Outputs are untouched on failure. Pointers in the output point
 * into the message. Numbers are in host order everywhere.
 */
#ifndef OFCTL_CORE_OPENFLOW_H
#define OFCTL_CORE_OPENFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OF_VERSION 0x05
#define OF_HEADER_SIZE 8u
#define OF_MESSAGE_MAX 65535u
#define OF_PORT_NAME_SIZE 16u /* with its final NUL (7.2.1) */
#define OF_MAX_ACTIONS 8u
#define OF_SEND_MAX 1024u /* no message that steering sends is longer */

#define OF_PORT_MAX 0xffffff00u     /* port numbers are below */
#define OF_PORT_IN_PORT 0xfffffff8u /* back out of the port of arrival */
#define OF_PORT_CONTROLLER 0xfffffffdu
#define OF_PORT_LOCAL 0xfffffffeu /* the switch's own */
#define OF_PORT_ANY 0xffffffffu

#define OF_VID_PRESENT 0x1000u /* OFPVID_PRESENT: in vlan_vid, "there is a tag" */
#define OF_VID_MASK 0x0fffu

/* 7.1 */
enum of_type {
	OF_HELLO = 0,
	OF_ERROR = 1,
	OF_ECHO_REQUEST = 2,
	OF_ECHO_REPLY = 3,
	OF_FEATURES_REQUEST = 5,
	OF_FEATURES_REPLY = 6,
	OF_SET_CONFIG = 9,
	OF_PACKET_IN = 10,
	OF_PORT_STATUS = 12,
	OF_PACKET_OUT = 13,
	OF_FLOW_MOD = 14,
	OF_MULTIPART_REQUEST = 18,
	OF_MULTIPART_REPLY = 19,
	OF_BARRIER_REQUEST = 20,
	OF_BARRIER_REPLY = 21,
	OF_SET_ASYNC = 28,
	OF_BUNDLE_CONTROL = 33,
	OF_BUNDLE_ADD = 34,
};

/* 7.3.5 */
enum of_multipart {
	OF_MULTIPART_FLOW = 1,
	OF_MULTIPART_PORT_STATS = 4,
	OF_MULTIPART_PORT_DESC = 13,
	OF_MULTIPART_FLOW_MONITOR = 16,
};

/* 7.3.4.1 */
enum of_flow_command {
	OF_FLOW_ADD = 0,
	OF_FLOW_MODIFY_STRICT = 2,
	OF_FLOW_DELETE = 3,
	OF_FLOW_DELETE_STRICT = 4,
};

/* 7.3.9.1 */
enum of_bundle_type {
	OF_BUNDLE_OPEN_REQUEST = 0,
	OF_BUNDLE_OPEN_REPLY = 1,
	OF_BUNDLE_CLOSE_REQUEST = 2,
	OF_BUNDLE_CLOSE_REPLY = 3,
	OF_BUNDLE_COMMIT_REQUEST = 4,
	OF_BUNDLE_COMMIT_REPLY = 5,
	OF_BUNDLE_DISCARD_REQUEST = 6,
	OF_BUNDLE_DISCARD_REPLY = 7,
};
#define OF_BUNDLE_ATOMIC 1u
#define OF_BUNDLE_ORDERED 2u

/* 7.3.5.17.2 */
enum of_update_event {
	OF_UPDATE_INITIAL = 0,
	OF_UPDATE_ADDED = 1,
	OF_UPDATE_REMOVED = 2,
	OF_UPDATE_MODIFIED = 3,
	OF_UPDATE_ABBREV = 4, /* by this connection itself */
	OF_UPDATE_PAUSED = 5, /* what comes until RESUMED is not told */
	OF_UPDATE_RESUMED = 6,
};

/* 7.4.3 */
enum of_port_reason {
	OF_PORT_ADD = 0,
	OF_PORT_DELETE = 1,
	OF_PORT_MODIFY = 2,
};

/* 7.4.1 */
enum of_packet_in_reason {
	OF_REASON_TABLE_MISS = 0,
	OF_REASON_APPLY_ACTION = 1, /* a rule sends it to the controller */
};

/* ---- structures ----------------------------------------------------------- */

struct of_header {
	uint8_t version;
	uint8_t type;
	uint16_t length; /* of the whole message */
	uint32_t xid;
};

/* bits of of_match.fields */
enum of_match_field {
	OF_MATCH_IN_PORT = 1u << 0,
	OF_MATCH_ETH_DST = 1u << 1,
	OF_MATCH_ETH_SRC = 1u << 2,
	OF_MATCH_ETH_TYPE = 1u << 3,
	OF_MATCH_VLAN_VID = 1u << 4,
};

/* What a rule looks at. Members without their bit are zero, so that equal matches are equal
 * bytes. eth_type is that behind the tags. */
struct of_match {
	uint32_t fields;
	uint32_t in_port;
	uint8_t eth_dst[6];
	uint8_t eth_src[6];
	uint16_t eth_type;
	uint16_t vlan_vid;  /* OF_VID_PRESENT | vid; 0: untagged */
	uint16_t vlan_mask; /* 0x1fff: exact */
	uint16_t reserved;
};

#define OF_VLAN_EXACT (OF_VID_PRESENT | OF_VID_MASK)

/* 7.2.5 */
enum of_action_type {
	OF_ACTION_OUTPUT = 0,
	OF_ACTION_PUSH_VLAN = 17, /* of_action.value: ethertype */
	OF_ACTION_POP_VLAN = 18,
	OF_ACTION_SET_VLAN_VID = 25, /* set_field; value: OF_VID_PRESENT | vid */
};

struct of_action {
	uint32_t type;  /* enum of_action_type */
	uint32_t value; /* output: port */
};

/* One "apply actions" instruction; no action at all means drop. */
struct of_actions {
	uint32_t n;
	struct of_action list[OF_MAX_ACTIONS];
};

struct of_flow_mod {
	uint8_t table; /* not of OF_FLOW_DELETE: all tables */
	uint64_t cookie;
	uint64_t cookie_mask; /* delete: bits of the cookie that must be equal */
	uint8_t command;      /* enum of_flow_command */
	uint16_t priority;
	struct of_match match;
	struct of_actions actions;
};

/* One entry of flow statistics. */
struct of_flow {
	uint8_t table;
	uint16_t priority;
	uint64_t cookie;
	uint64_t packets;
	uint64_t bytes;
	bool opaque; /* match or actions hold something that this codec does not know; both are
			then incomplete */
	struct of_match match;
	struct of_actions actions;
};

/* One change of a rule. Only events below ABBREV tell which. */
struct of_update {
	enum of_update_event event;
	uint8_t table;
	uint16_t priority;
	uint64_t cookie;
};

struct of_features {
	uint64_t datapath_id;
	uint8_t n_tables;
	uint8_t auxiliary_id;
	uint32_t capabilities;
};

struct of_port {
	uint32_t number;
	uint8_t mac[6];
	char name[OF_PORT_NAME_SIZE]; /* always ends in NUL */
	uint32_t config;
	uint32_t state; /* bit 0: link down */
};

struct of_port_stats {
	uint32_t number;
	uint64_t rx_packets;
	uint64_t tx_packets;
};

struct of_error {
	uint16_t type;
	uint16_t code;
	const uint8_t *data; /* begin of the message that failed */
	size_t size;
};

struct of_multipart_reply {
	uint16_t type; /* enum of_multipart */
	bool more;     /* another message of the same answer follows */
	const uint8_t *body;
	size_t size;
};

struct of_bundle_control {
	uint32_t id;
	uint16_t type; /* enum of_bundle_type */
	uint16_t flags;
};

struct of_packet_out {
	uint32_t in_port;
	struct of_actions actions;
	const uint8_t *data;
	size_t size;
};

/* A packet that the switch hands to its controller. */
struct of_packet_in {
	uint32_t in_port;
	uint8_t reason; /* enum of_packet_in_reason */
	uint8_t table;
	uint64_t cookie;     /* of the rule */
	uint16_t total_size; /* of the packet on the wire; above `size`: it was cut */
	const uint8_t *data;
	size_t size;
};

/* ---- encoding ------------------------------------------------------------- */

struct of_writer {
	uint8_t *data;
	size_t capacity;
	size_t size; /* bytes written */
	bool full;
};

void of_writer_init(struct of_writer *w, void *memory, size_t capacity);

/* Bytes of the message, or 0 if it did not fit. */
size_t of_write_done(const struct of_writer *w);

/* Messages without a body: features request, barrier request and reply. */
void of_encode_plain(struct of_writer *w, enum of_type type, uint32_t xid);
void of_encode_hello(struct of_writer *w, uint32_t xid);
void of_encode_error(struct of_writer *w, uint32_t xid, const struct of_error *error);
void of_encode_echo(struct of_writer *w, enum of_type type, uint32_t xid, const void *data,
		    size_t size);
void of_encode_set_config(struct of_writer *w, uint32_t xid, uint16_t miss_send_len);
/* Of asynchronous messages port status, and packets that a rule sends to the controller if they are
 * wanted; nothing else. */
void of_encode_set_async(struct of_writer *w, uint32_t xid, bool packets);
void of_encode_port_desc_request(struct of_writer *w, uint32_t xid);
void of_encode_port_stats_request(struct of_writer *w, uint32_t xid, uint32_t port);
/* Rules of every table whose cookie has `cookie` in the bits of `mask`. */
void of_encode_flow_stats_request(struct of_writer *w, uint32_t xid, uint64_t cookie,
				  uint64_t mask);
/* Changes of rules of this table by others, told from now on as answers with the id `xid` or 0.
 * 7.3.5.17 */
void of_encode_flow_monitor_request(struct of_writer *w, uint32_t xid, uint32_t monitor,
				    uint8_t table);
void of_encode_flow_mod(struct of_writer *w, uint32_t xid, const struct of_flow_mod *mod);
void of_encode_bundle_control(struct of_writer *w, uint32_t xid,
			      const struct of_bundle_control *control);
/* The message inside carries the same xid (7.3.9.6). */
void of_encode_bundle_add(struct of_writer *w, uint32_t xid, uint32_t bundle, uint16_t flags,
			  const struct of_flow_mod *mod);
void of_encode_packet_out(struct of_writer *w, uint32_t xid, const struct of_packet_out *out);

/* The switch's half, for the switch that tests put at the other end. */
void of_encode_features_reply(struct of_writer *w, uint32_t xid, const struct of_features *f);
void of_encode_port_status(struct of_writer *w, uint32_t xid, enum of_port_reason reason,
			   const struct of_port *port);
void of_encode_port_desc_reply(struct of_writer *w, uint32_t xid, const struct of_port *ports,
			       size_t n_ports, bool more);
void of_encode_port_stats_reply(struct of_writer *w, uint32_t xid,
				const struct of_port_stats *stats, size_t n_stats);
void of_encode_flow_stats_reply(struct of_writer *w, uint32_t xid, const struct of_flow *flows,
				size_t n_flows, bool more);
void of_encode_updates(struct of_writer *w, uint32_t xid, const struct of_update *updates,
		       size_t n_updates);
void of_encode_packet_in(struct of_writer *w, uint32_t xid, const struct of_packet_in *packet);

/* ---- decoding ------------------------------------------------------------- */

/* From the first bytes of a stream. -EAGAIN: fewer than OF_HEADER_SIZE bytes; -EPROTO: a length
 * that no message has. The version is not judged: a hello may carry any. */
int of_decode_header(const void *data, size_t size, struct of_header *ret);

/* May the two sides speak 1.4 (6.3.1)? -EPROTO for a broken message. */
int of_decode_hello(const void *message, size_t size, bool *ret_speaks);
int of_decode_error(const void *message, size_t size, struct of_error *ret);
int of_decode_features(const void *message, size_t size, struct of_features *ret);
int of_decode_port_status(const void *message, size_t size, enum of_port_reason *ret_reason,
			  struct of_port *ret);
int of_decode_bundle_control(const void *message, size_t size, struct of_bundle_control *ret);
int of_decode_multipart(const void *message, size_t size, struct of_multipart_reply *ret);
/* -EPROTO also without a port of arrival, which 7.4.1 demands. Other fields of its match are skipped. */
int of_decode_packet_in(const void *message, size_t size, struct of_packet_in *ret);

/* Entries of a multipart body, one a call. They advance *body and *size.
 * 1: an entry; 0: no more; -EPROTO. */
int of_next_port(const uint8_t **body, size_t *size, struct of_port *ret);
int of_next_port_stats(const uint8_t **body, size_t *size, struct of_port_stats *ret);
int of_next_flow(const uint8_t **body, size_t *size, struct of_flow *ret);
int of_next_update(const uint8_t **body, size_t *size, struct of_update *ret);

/* What a switch receives. Unknown match fields or actions are -EPROTO. */
int of_decode_flow_mod(const void *message, size_t size, struct of_flow_mod *ret);
int of_decode_bundle_add(const void *message, size_t size, uint32_t *ret_bundle,
			 uint16_t *ret_flags, struct of_flow_mod *ret);
int of_decode_flow_stats_request(const void *message, size_t size, uint64_t *ret_cookie,
				 uint64_t *ret_mask);
int of_decode_flow_monitor_request(const void *message, size_t size, uint32_t *ret_monitor,
				   uint8_t *ret_table);
int of_decode_packet_out(const void *message, size_t size, struct of_packet_out *ret);
/* Are packets wanted that a rule sends to the controller? */
int of_decode_set_async(const void *message, size_t size, bool *ret_packets);

/* ---- helpers -------------------------------------------------------------- */

void of_match_in_port(struct of_match *match, uint32_t port);
void of_match_eth_type(struct of_match *match, uint16_t eth_type);
/* vlan_vid as in the structure. */
void of_match_vlan(struct of_match *match, uint16_t vlan_vid, uint16_t mask);
/* False when there is no room. */
bool of_action_add(struct of_actions *actions, enum of_action_type type, uint32_t value);

/* "bad match: bad prerequisites" and the like, for people; never NULL. */
const char *of_error_type_name(uint16_t type);
/* "type bundle failed, code 5". Returns text. */
#define OF_ERROR_TEXT_SIZE 64u
const char *of_error_format(uint16_t type, uint16_t code, char text[OF_ERROR_TEXT_SIZE]);

#endif
