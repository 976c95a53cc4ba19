/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of slim-gateway, from a YAML file, checked and in the form in which the program uses
 * it. docs/nfs/gateway.md is the reference of the file.
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "convert.h"
#include "side.h"
#include "slim_limits.h"

#define GATEWAY_MAX_PREFIXES 16u /* of subscriber addresses */

/* Towards the cells (N3, S1-U) and towards the data network (N6, SGi). */
enum gateway_side { GATEWAY_ACCESS = 0, GATEWAY_CORE, GATEWAY_N_SIDES };

/* Packets that wait for idle subscribers (buffer.h). */
struct gateway_buffer_limits {
	uint32_t packets; /* of one worker */
	uint32_t packets_per_session;
	uint64_t lifetime_ns;
};

struct gateway_config {
	char instance[SLIM_NAME_SIZE];
	char service[SLIM_NAME_SIZE];
	char agent_socket[108];   /* "": no slimd */
	char control_socket[108]; /* "": none */
	struct nf_side sides[GATEWAY_N_SIDES];
	struct nf_routes routes;
	struct nf_prefix subscribers[GATEWAY_MAX_PREFIXES]; /* addresses that sessions may have */
	uint32_t n_subscribers;
	bool path_switch_by_data; /* an uplink packet from another cell moves the subscriber there */
	uint8_t recovery;         /* restart counter of echo responses */
	uint64_t session_idle_ns; /* 0: sessions do not expire */
	uint64_t arp_ns;
	struct gateway_buffer_limits buffer;
	uint32_t capacity; /* sessions */
	uint32_t neighbours;
	uint32_t hold_capacity;
	uint16_t n_workers;
	uint32_t spin; /* empty rounds before a worker sleeps */
	uint32_t sleep_ns;
};

/* Reads and checks. On failure -EINVAL (or the error of reading the file), and the reason with file and
 * line in `error`. */
int gateway_config_load(const char *path, struct gateway_config *ret_config,
			char error[NF_CONFIG_ERROR_SIZE]);

/* The same from memory; `name` is for the messages. */
int gateway_config_parse(const char *name, const char *text, size_t size,
			 struct gateway_config *ret_config, char error[NF_CONFIG_ERROR_SIZE]);

/* What two instances of one service must have in common: addresses, MACs, routes, subscribers'
 * prefixes; as text. Not the instance's name, nor sizes, nor timeouts. */
void gateway_config_identity(const struct gateway_config *config,
			     char identity[SLIM_IDENTITY_SIZE]);

/* May a session have this address (host order)? */
static inline bool
gateway_config_has_subscriber(const struct gateway_config *config, uint32_t address)
{
	for (uint32_t i = 0; i < config->n_subscribers; i++)
		if (nf_prefix_has(&config->subscribers[i], address))
			return true;
	return false;
}

#endif
