/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of slim-pppoe, from a YAML file, checked and in the form in which the program uses it. docs/nfs/pppoe.md
 * is the reference of the file.
 */
#ifndef PPPOE_CONFIG_H
#define PPPOE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "config_limits.h"
#include "settings.h"

struct pppoe_prefix_ipv6 {
	uint8_t address[16]; /* no bits below the length */
	uint8_t bits;        /* 40..64 */
};

struct pppoe_vlan_range { /* ids, both included */
	uint16_t first, last;
};

/* Which tags frames of the access side may have. */
struct pppoe_access {
	bool untagged;
	struct pppoe_vlan_range outer[PPPOE_MAX_VLAN_RANGES]; /* 802.1Q, or the outer tag of QinQ */
	uint32_t n_outer;
	struct pppoe_vlan_range inner[PPPOE_MAX_VLAN_RANGES]; /* QinQ; n_inner 0: one tag only */
	uint32_t n_inner;
	uint16_t outer_type; /* ethertype of the outer tag of two: 0x88a8 or 0x8100 */
};

struct pppoe_limits {
	uint32_t sessions_per_mac;
	uint32_t sessions_per_vlan; /* 0: no limit */
	uint32_t padi_per_s;        /* answered, of one MAC address */
	uint32_t padi_per_s_all;    /* of a worker */
	uint32_t logins_per_minute; /* of one line */
	uint64_t wrong_password_ns; /* delay after the first */
	uint64_t session_ns;        /* longest session; 0: no limit */
	uint64_t idle_ns;           /* without data; 0: no limit */
	uint32_t cookie_s;          /* a cookie is good for so long */
};

struct pppoe_lcp_config {
	uint16_t mtu;   /* the longest payload: 1492, more with RFC 4638 */
	bool pap, chap; /* what is asked for; CHAP first. None: nobody is asked */
	uint64_t
		connect_delay_ns; /* behind a PADS, for the client's first word; 0: we speak first */
	uint64_t restart_ns;      /* RFC 1661 section 4.6: 3 s */
	uint8_t max_configure;    /* 10 */
	uint8_t max_terminate;    /* 2 */
	uint8_t max_failure;      /* 5 */
	uint64_t echo_ns;         /* between keepalives; 0: none */
	uint8_t echo_max;         /* unanswered */
};

struct pppoe_radius_server {
	char host[64]; /* name or address */
	uint16_t port;
	char secret[64];
};

struct pppoe_radius_config {
	struct pppoe_radius_server auth[PPPOE_MAX_SERVERS];
	uint32_t n_auth; /* 0: the secrets file decides */
	struct pppoe_radius_server accounting[PPPOE_MAX_SERVERS];
	uint32_t n_accounting;
	uint32_t timeout_s;
	uint32_t tries;
	uint32_t threads;
	uint64_t interim_ns; /* 0: none, unless the server says */
	char nas_identifier[64];
	rte_be32_t listen; /* RFC 5176; 0: not */
	uint16_t listen_port;
	struct pppoe_radius_server
		clients[PPPOE_MAX_SERVERS]; /* that may disconnect; their ports do not matter */
	uint32_t n_clients;
};

struct pppoe_config {
	union { /* the same, by two names */
		struct nf_settings frame;
		struct {
			NF_SETTINGS
		};
	};
	char ac_name[PPPOE_NAME_SIZE];
	char services[PPPOE_MAX_SERVICES]
		     [PPPOE_NAME_SIZE]; /* offered; n_services 0: any, by an empty name */
	uint32_t n_services;
	struct pppoe_access access_tags;
	struct pppoe_limits limits;
	struct pppoe_lcp_config lcp;
	struct nf_prefix pools[PPPOE_MAX_PREFIXES]; /* of addresses of clients */
	uint32_t n_pools;
	rte_be32_t gateway;                 /* our address at the clients' end: IPCP */
	rte_be32_t dns[2];                  /* 0: none */
	struct pppoe_prefix_ipv6 ipv6_pool; /* bits 0: no IPv6 */
	uint8_t core_ipv6[16];              /* our address on the core side, */
	uint8_t core_ipv6_bits;
	uint8_t core_router[16]; /* and who gets clients' IPv6 packets */
	uint8_t dns_ipv6[2][16]; /* RFC 8106; :: none */
	bool clamp_mss;
	char secrets_file[108]; /* "": none */
	struct pppoe_radius_config radius;
	uint64_t arp_ns;
};

int pppoe_config_load(const char *path, struct pppoe_config *ret_config,
		      char error[NF_CONFIG_ERROR_SIZE]);
int pppoe_config_parse(const char *name, const char *text, size_t size,
		       struct pppoe_config *ret_config, char error[NF_CONFIG_ERROR_SIZE]);
/* What two instances of one service must have in common, as text. No secrets in it. */
void pppoe_config_identity(const struct pppoe_config *config, char identity[SLIM_IDENTITY_SIZE]);

#endif
