/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of slim-ofctld: one YAML file.
 *
 *	grpc:                            # the control API
 *	  unix: /run/slim/ofctld.sock
 *	  tcp: 192.0.2.1:7443            # optional; needs tls
 *	  tls: {ca: ca.pem, cert: ofctl.pem, key: ofctl.key}
 *	state_dir: /var/lib/slim-ofctld  # optional; without it the rules on the switches are the memory
 *	log_level: info                  # error, warn, info, debug
 *	metrics: 127.0.0.1:9743          # optional: Prometheus text
 *	magic: 21324                     # optional: upper 16 bits of all cookies, one for each controller
 *	openflow:                        # optional
 *	  tls: {ca: ca.pem, cert: ofctl.pem, key: ofctl.key}   # for ssl: bridges
 *	  probe_ms: 5000                 # silence until a switch is probed
 *	  timeout_ms: 5000               # of one change of rules
 *	  audit_ms: 10000                # how often rules are compared with what they should be
 *	quiet:                           # optional
 *	  still_ms: 2500                 # counters that stand still so long prove a quiet path
 *	  deadline_ms: 20000             # a proof takes no longer
 *	bridges:
 *	  - name: br-slim
 *	    address: unix:/run/openvswitch/br-slim.mgmt
 *	    control: /run/openvswitch/ovs-vswitchd.*.ctl       # optional, a pattern
 *	links:                           # optional
 *	  - a: {bridge: br-slim, port: to-b}
 *	    b: {bridge: br-b, port: to-slim}
 *	services:
 *	  - name: nat
 *	    cookie: 1
 *	    redirect_vids: {first: 3000, last: 3063}
 *	    transit_vids: {first: 3100, last: 3131}            # only with links
 *	    perimeter:
 *	      - {name: inside, bridge: br-slim, port: pin, vlan: 0}
 *	    instances:
 *	      - name: nat-a
 *	        ports:
 *	          - {name: inside, bridge: br-slim, port: nat-a-inside}
 *
 * File names are relative to the folder of the configuration file. An unknown key is an error.
 */
#ifndef OFCTL_IO_OFCTL_CONFIG_H
#define OFCTL_IO_OFCTL_CONFIG_H

#include <stdint.h>

#include "config.h"
#include "log.h"
#include "rpc.h"
#include "topology.h"

struct ofctl_config_grpc {
	char *unix_path; /* NULL: none */
	char *tcp;       /* NULL: none */
	struct config_tls *tls;
};

struct ofctl_config_openflow {
	struct config_tls *tls;
	uint32_t probe_ms, timeout_ms, audit_ms;
};

struct ofctl_config_quiet {
	uint32_t still_ms, deadline_ms;
};

/* As the file says, with defaults where it says nothing. */
struct ofctl_config {
	struct ofctl_config_grpc grpc;
	char *state_dir; /* NULL: none */
	char *log_level;
	char *metrics; /* NULL: none */
	uint16_t magic;
	struct ofctl_config_openflow openflow;
	struct ofctl_config_quiet quiet;
	struct topology_config topology;
	enum log_level level;
};

/* Loads and checks everything that can be known without a switch. On failure a negative errno and
 * one clear line with file and, where it is known, line. ret_topology is the caller's memory. */
int ofctl_config_load(const char *path, struct ofctl_config **ret_config,
		      struct topology *ret_topology, char error[CONFIG_ERROR_SIZE]);

/* NULL is allowed. */
void ofctl_config_free(struct ofctl_config *config);

#endif
