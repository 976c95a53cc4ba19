/* SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct topology_bridge_config bridges[4];
static struct topology_link_config links[3];
static struct topology_service_config services[1];
static struct topology_port_config perimeter[2];
static struct topology_instance_config instances[4];
static struct topology_port_config ports[4][2];
static struct topology_config config;

static void
begin(unsigned n_bridges, unsigned n_ports, unsigned n_instances)
{
	static const char *const instance_names[] = {"a", "b", "c", "d"};
	static const char *const port_names[] = {"inside", "outside"};

	memset(bridges, 0, sizeof(bridges));
	for (unsigned i = 0; i < n_instances; i++) {
		instances[i] = (struct topology_instance_config){
			.name = instance_names[i], .ports = ports[i], .n_ports = n_ports};
		for (unsigned p = 0; p < n_ports; p++)
			ports[i][p] = (struct topology_port_config){.name = port_names[p]};
	}
	for (unsigned p = 0; p < n_ports; p++)
		perimeter[p] = (struct topology_port_config){.name = port_names[p]};
	services[0] = (struct topology_service_config){
		.name = "nat",
		.cookie = 1,
		.redirect_vids = {3000, 3015},
		.perimeter = perimeter,
		.n_perimeter = n_ports,
		.instances = instances,
		.n_instances = n_instances,
	};
	config = (struct topology_config){
		.bridges = bridges, .n_bridges = n_bridges, .services = services, .n_services = 1};
}

static void
place(struct topology_port_config *port, const char *bridge, const char *name, uint16_t vlan)
{
	port->bridge = bridge;
	port->port = name;
	port->vlan = vlan;
}

struct topology_config *
example_one_bridge(void)
{
	begin(1, 2, 2);
	bridges[0] = (struct topology_bridge_config){.name = "br", .address = "unix:/br.mgmt"};
	place(&perimeter[0], "br", "pin", 0);
	place(&perimeter[1], "br", "pout", 0);
	place(&ports[0][0], "br", "a-in", 0);
	place(&ports[0][1], "br", "a-out", 0);
	place(&ports[1][0], "br", "b-in", 0);
	place(&ports[1][1], "br", "b-out", 0);
	return &config;
}

struct topology_config *
example_four_bridges(void)
{
	static const char *const names[] = {"A", "M", "B", "C"};
	static const char *const addresses[] = {"unix:/A", "unix:/M", "unix:/B", "unix:/C"};

	begin(4, 1, 4);
	for (unsigned i = 0; i < N(names); i++)
		bridges[i] =
			(struct topology_bridge_config){.name = names[i], .address = addresses[i]};
	links[0] = (struct topology_link_config){.a = {"A", "A-M"}, .b = {"M", "M-A"}};
	links[1] = (struct topology_link_config){.a = {"M", "M-B"}, .b = {"B", "B-M"}};
	links[2] = (struct topology_link_config){.a = {"A", "A-C"}, .b = {"C", "C-A"}};
	config.links = links;
	config.n_links = 3;
	services[0].transit_vids = (struct topology_vids_config){3100, 3131};
	place(&perimeter[0], "A", "pin", 100);
	place(&ports[0][0], "B", "a", 200);
	place(&ports[1][0], "C", "b", 0);
	place(&ports[2][0], "A", "c", 100);
	place(&ports[3][0], "B", "d", 0);
	return &config;
}

struct topology_config *
example_split(void)
{
	begin(2, 2, 2);
	bridges[0] = (struct topology_bridge_config){.name = "A", .address = "unix:/A"};
	bridges[1] = (struct topology_bridge_config){.name = "B", .address = "unix:/B"};
	place(&perimeter[0], "A", "pin", 0);
	place(&perimeter[1], "B", "pout", 0);
	place(&ports[0][0], "A", "a-in", 0);
	place(&ports[0][1], "B", "a-out", 0);
	place(&ports[1][0], "A", "b-in", 0);
	place(&ports[1][1], "B", "b-out", 0);
	return &config;
}
