/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A switch for tests: listens on a unix socket, speaks OpenFlow 1.4 on the event loop of the test,
 * keeps a flow table, and misbehaves on demand.
 */
#ifndef OFCTL_TESTS_FAKE_SWITCH_H
#define OFCTL_TESTS_FAKE_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openflow.h"

#define FAKE_MAX_FLOWS 512u
#define FAKE_MAX_PORTS 32u
#define FAKE_MAX_BUNDLES 8u

struct event_base;
struct bufferevent;
struct evconnlistener;

struct fake_flow {
	uint16_t priority;
	uint64_t cookie;
	uint64_t packets;
	struct of_match match;
	struct of_actions actions;
};

/* Open, with what was added to it. */
struct fake_bundle {
	uint32_t id; /* 0: none */
	struct of_flow_mod mods[FAKE_MAX_FLOWS];
	uint32_t xids[FAKE_MAX_FLOWS];
	unsigned n;
};

struct fake_switch {
	struct event_base *base;
	char path[108];
	struct evconnlistener *listener;
	struct bufferevent *bev; /* NULL: nobody is connected */
	struct of_port ports[FAKE_MAX_PORTS];
	unsigned n_ports;
	struct fake_flow flows[FAKE_MAX_FLOWS];
	unsigned n_flows;
	struct fake_bundle bundles[FAKE_MAX_BUNDLES];
	uint64_t datapath_id;
	bool monitored;     /* changes of table 0 are told */
	bool hands_packets; /* those that a rule sends to the controller */
	/* A packet of the controller, if somebody wants to see it. */
	void (*on_packet_out)(struct fake_switch *s, const struct of_packet_out *out);
	/* what it was asked for */
	unsigned n_connections, n_commits, n_discards, n_echoes, n_messages, n_reads, n_nudges,
		n_barriers, n_packet_outs;
	/* how it misbehaves */
	bool split;        /* sends every byte alone */
	bool mute;         /* reads and says nothing */
	bool deaf;         /* answers echos only */
	bool old;          /* speaks OpenFlow 1.0 only */
	bool no_monitor;   /* refuses to tell changes */
	bool garbage;      /* answers features with nonsense */
	unsigned fail_add; /* refuse this message of a bundle, from 1 */
	bool fail_commit;  /* refuse the commit */
	bool hang_up_at_read;
	bool hang_up_at_commit;    /* close instead of committing */
	bool hang_up_after_commit; /* commit, then close without an answer */
};

void fake_switch_start(struct fake_switch *s, struct event_base *base, const char *path);
void fake_switch_stop(struct fake_switch *s);
/* Ends the connection, keeps listening. */
void fake_switch_hang_up(struct fake_switch *s);
void fake_switch_add_port(struct fake_switch *s, uint32_t number, const char *name);
/* Tells the other side, if there is one. */
void fake_switch_remove_port(struct fake_switch *s, const char *name);
void fake_switch_renumber(struct fake_switch *s, const char *name, uint32_t number);
/* Somebody else removes every rule whose cookie has these bits. Tells those who asked. */
void fake_switch_steal(struct fake_switch *s, uint64_t cookie, uint64_t mask);
/* Could not tell for a while: tells only that. */
void fake_switch_resume(struct fake_switch *s);
/* A packet comes in. Port number where it goes out, OF_PORT_CONTROLLER, 0: nowhere. */
uint32_t fake_switch_packet(struct fake_switch *s, uint32_t in_port, const void *data, size_t size);
/* Rules whose cookie has this role (byte 4), 0: all. */
unsigned fake_switch_count(const struct fake_switch *s, unsigned role);
/* A packet of a port without tag (eth_type 0) or a slim frame: number of the port where it goes
 * out, 0: nowhere. */
uint32_t fake_switch_forward(const struct fake_switch *s, uint32_t in_port, uint16_t vid,
			     uint16_t eth_type);

#endif
