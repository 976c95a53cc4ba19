/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of slimd: one YAML file.
 *
 *	host: a                              # this host's name; the one in its certificate
 *	agent_socket: /run/slim/agent.sock   # where NFs register
 *	state_dir: /var/lib/slim             # journals
 *	log_level: info                      # error, warn, info, debug
 *	grpc:                                # the control API
 *	  unix: /run/slim/slimd.sock
 *	  tcp: 192.0.2.1:7442                # optional; needs tls
 *	  tls: {ca: ca.pem, cert: a.pem, key: a.key}
 *	peer:                                # optional: without it nobody moves NFs to or from here
 *	  listen: 192.0.2.1:7441
 *	  tls: {ca: ca.pem, cert: a.pem, key: a.key}
 *	  plaintext: false                   # true: no TLS between the hosts; for tests
 *	  compression: none                  # or lz4: of the rows of moves from here
 *	peers:                               # up to SLIM_MAX_PEERS
 *	  - {name: b, address: "192.0.2.2:7441"}
 *	steering:                            # slim-ofctld
 *	  address: unix:/run/slim/ofctld.sock  # or host:port with tls; or none: without a switch
 *	  tls: {ca: ca.pem, cert: a.pem, key: a.key}
 *	defaults:                            # of a move; each may be left out
 *	  max_hold_us: 10000                 # downtime budget
 *	  timeout_s: 60                      # of the whole move
 *	  max_bandwidth: 0                   # bytes a second; 0: no limit
 *	  source_gone_s: 600                 # a target ends a session alone when its source is away
 *	metrics: 127.0.0.1:9742              # optional
 *
 * File names are relative to the folder of the configuration file. An unknown key is an error.
 */
#ifndef SLIMD_DAEMON_CONFIG_H
#define SLIMD_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "log.h"
#include "rpc.h"

struct daemon_config_grpc {
	char *unix_path; /* NULL: none */
	char *tcp;       /* NULL: none */
	struct config_tls *tls;
};

struct daemon_config_peer {
	char *listen; /* NULL: others cannot dial us */
	struct config_tls *tls;
	bool plaintext;
	char *compression; /* NULL: not given */
};

struct daemon_config_peer_entry {
	char *name;
	char *address; /* NULL: it dials us, we never dial it */
};

struct daemon_config_steering {
	char *address;
	struct config_tls *tls;
};

struct daemon_config_defaults {
	uint64_t max_hold_us, timeout_s, max_bandwidth, source_gone_s; /* 0: not given */
};

struct daemon_config {
	char *host;
	char *agent_socket;
	char *state_dir;
	struct daemon_config_grpc grpc;
	struct daemon_config_peer *peer; /* NULL: not given */
	struct daemon_config_peer_entry *peers;
	unsigned n_peers;
	struct daemon_config_steering *steering; /* NULL: not given */
	struct daemon_config_defaults defaults;
	char *metrics;   /* NULL: none */
	char *log_level; /* NULL: not given */
	/* Found out from the above. */
	enum log_level level;
	bool steering_none;    /* steering.address is "none" */
	bool compress;         /* peer.compression is "lz4" */
	char runtime_dir[104]; /* the folder of agent_socket */
};

/* Loads and checks: names, addresses, what needs what, and that certificate files fit each other.
 * Opens no socket and changes nothing. On failure a negative errno and one clear line. */
int daemon_config_load(const char *path, struct daemon_config **ret_config,
		       char error[CONFIG_ERROR_SIZE]);

/* NULL is allowed. */
void daemon_config_free(struct daemon_config *config);

#endif
