/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topology: which bridges there are, how they hang together, and where the ports of services
 * and instances are. Built once from the configuration, then only read.
 *
 *	            link              link
 *	   bridge A ---- bridge B     a perimeter port (A) is where traffic enters and leaves a
 *	   |    |            |        service; its bridge is the steering bridge of that port.
 *	 inside outside   nat-b       Instances may be on other bridges, behind links.
 *
 * Everything is named; a port reference is the index of a (bridge, port name) pair in
 * topology.ports. Numbers come from the switches at run time.
 *
 * Paths over links carry a transit tag of their own, one for each instance and port, taken from
 * the service's transit range in the order of the configuration. Redirected packets carry the
 * redirect tag of their session and port.
 */
#ifndef OFCTL_CORE_TOPOLOGY_H
#define OFCTL_CORE_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openflow.h"
#include "slim_limits.h"

#define TOPOLOGY_MAX_BRIDGES 16u
#define TOPOLOGY_MAX_LINKS 32u
#define TOPOLOGY_MAX_SERVICES 32u
#define TOPOLOGY_MAX_INSTANCES 16u /* of one service */
/* Port references: perimeter and instances of all services, and both ends of all links. */
#define TOPOLOGY_MAX_PORTS                                                        \
	(TOPOLOGY_MAX_SERVICES * (TOPOLOGY_MAX_INSTANCES + 1u) * SLIM_MAX_PORTS + \
	 2u * TOPOLOGY_MAX_LINKS)
#define TOPOLOGY_ADDRESS_SIZE 108u /* with NUL; a unix path fits into a socket address */
#define TOPOLOGY_PATH_SIZE 96u
#define TOPOLOGY_NONE UINT16_MAX

/* ---- what the configuration says ------------------------------------------ */

struct topology_port_config {
	const char *name; /* of the service's port: "inside" */
	const char *bridge;
	const char *port; /* as the switch calls it */
	uint16_t vlan;    /* 0: no tag */
};

struct topology_instance_config {
	const char *name;
	struct topology_port_config *ports;
	unsigned n_ports;
};

struct topology_vids_config {
	uint16_t first;
	uint16_t last;
};

struct topology_service_config {
	const char *name;
	uint8_t cookie; /* 1..254, tells the service's rules from others */
	struct topology_vids_config redirect_vids;
	struct topology_vids_config transit_vids; /* both 0: none */
	struct topology_port_config *perimeter;
	unsigned n_perimeter;
	struct topology_instance_config *instances;
	unsigned n_instances;
};

struct topology_bridge_config {
	const char *name;
	const char *address; /* unix:PATH, tcp:ADDRESS:PORT, ssl:ADDRESS:PORT */
	const char *control; /* pattern of ovs-vswitchd's control socket, or NULL; of this host */
};

struct topology_link_end_config {
	const char *bridge;
	const char *port;
};

struct topology_link_config {
	struct topology_link_end_config a;
	struct topology_link_end_config b;
};

struct topology_config {
	struct topology_bridge_config *bridges;
	unsigned n_bridges;
	struct topology_link_config *links;
	unsigned n_links;
	struct topology_service_config *services;
	unsigned n_services;
};

/* What is wrong, and where: "services[0].instances[1].name". */
struct topology_error {
	char path[TOPOLOGY_PATH_SIZE];
	char text[SLIM_REASON_SIZE];
};

/* ---- what is built --------------------------------------------------------- */

enum topology_port_kind { /* bits */
			  TOPOLOGY_PERIMETER = 1u << 0,
			  TOPOLOGY_INSTANCE = 1u << 1,
			  TOPOLOGY_LINK = 1u << 2,
};

struct topology_port {
	uint16_t bridge;
	uint16_t kind; /* enum topology_port_kind bits */
	char name[OF_PORT_NAME_SIZE];
};

/* Where one port of a service or instance is attached. */
struct topology_attach {
	uint16_t port; /* reference */
	uint16_t vlan; /* 0: no tag */
};

struct topology_instance {
	char name[SLIM_NAME_SIZE];
	struct topology_attach ports[SLIM_MAX_PORTS]; /* in the order of the service's ports */
};

struct topology_service {
	char name[SLIM_NAME_SIZE];
	uint8_t cookie;
	uint16_t redirect_first, redirect_last;
	uint16_t transit_first, transit_last; /* 0: none */
	unsigned n_ports;
	char port_names[SLIM_MAX_PORTS][SLIM_NAME_SIZE];
	struct topology_attach perimeter[SLIM_MAX_PORTS];
	unsigned n_instances;
	struct topology_instance instances[TOPOLOGY_MAX_INSTANCES];
};

struct topology_bridge {
	char name[SLIM_NAME_SIZE];
	char address[TOPOLOGY_ADDRESS_SIZE];
	char control[TOPOLOGY_ADDRESS_SIZE]; /* empty: none */
};

struct topology {
	unsigned n_bridges;
	struct topology_bridge bridges[TOPOLOGY_MAX_BRIDGES];
	unsigned n_links;
	uint16_t links[TOPOLOGY_MAX_LINKS][2]; /* port references */
	unsigned n_services;
	struct topology_service services[TOPOLOGY_MAX_SERVICES];
	unsigned n_ports;
	struct topology_port ports[TOPOLOGY_MAX_PORTS];
	/* Link that bridge [a] uses towards bridge [b], and which end of it is at a:
	 * link * 2 + end. TOPOLOGY_NONE: there is no way. */
	uint16_t next[TOPOLOGY_MAX_BRIDGES][TOPOLOGY_MAX_BRIDGES];
};

/* One step of a path: out of `out` on one bridge, in at `in` on the next. */
struct topology_hop {
	uint16_t out;
	uint16_t in;
};

/* 0, or -EINVAL with *ret_error. Addresses of bridges are checked for their form only. */
int topology_build(const struct topology_config *config, struct topology *ret,
		   struct topology_error *ret_error);

/* Index, or -ENOENT. */
int topology_find_service(const struct topology *t, const char *name);
int topology_find_instance(const struct topology_service *service, const char *name);

/* Shortest way between two bridges; at most TOPOLOGY_MAX_BRIDGES - 1 hops into `hops`.
 * Returns how many (0: the same bridge). topology_build() made sure that ports of a service
 * have a way. */
unsigned topology_path(const struct topology *t, uint16_t from, uint16_t to,
		       struct topology_hop hops[TOPOLOGY_MAX_BRIDGES]);

/* The tag of the way between perimeter and an instance's port over links. */
uint16_t topology_transit_vid(const struct topology_service *service, unsigned instance,
			      unsigned port);

/* True if traffic of the service touches this bridge. */
bool topology_service_uses(const struct topology *t, const struct topology_service *service,
			   uint16_t bridge);

#endif
