/* SPDX-License-Identifier: Apache-2.0 */
#include "topology.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "example.h"

static struct topology topology;

static void
assert_wrong(const struct topology_config *config, const char *path, const char *part)
{
	struct topology_error error;

	assert_int_equal(topology_build(config, &topology, &error), -EINVAL);
	assert_string_equal(error.path, path);
	if (!strstr(error.text, part))
		fail_msg("\"%s\" does not say \"%s\"", error.text, part);
}

static void
assert_fine(const struct topology_config *config)
{
	struct topology_error error;

	if (topology_build(config, &topology, &error) < 0)
		fail_msg("%s: %s", error.path, error.text);
}

static void
examples_are_fine(void **state)
{
	(void)state;
	assert_fine(example_one_bridge());
	assert_int_equal(topology.n_ports, 6);
	assert_int_equal(topology.services[0].n_instances, 2);
	assert_fine(example_split());
	assert_fine(example_four_bridges());
	assert_int_equal(topology.n_ports, 6 + 1 + 4);
}

static const char *
path_text(const char *from, const char *to)
{
	static char text[128];
	struct topology_hop hops[TOPOLOGY_MAX_BRIDGES];
	unsigned n, length = 0;
	unsigned a = 0, b = 0;

	for (unsigned i = 0; i < topology.n_bridges; i++) {
		a = strcmp(topology.bridges[i].name, from) == 0 ? i : a;
		b = strcmp(topology.bridges[i].name, to) == 0 ? i : b;
	}
	n = topology_path(&topology, (uint16_t)a, (uint16_t)b, hops);
	text[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		length += (unsigned)snprintf(text + length, sizeof(text) - length, "%s>%s ",
					     topology.ports[hops[i].out].name,
					     topology.ports[hops[i].in].name);
	return text;
}

static void
finds_shortest_paths(void **state)
{
	(void)state;
	assert_fine(example_four_bridges());
	assert_string_equal(path_text("A", "A"), "");
	assert_string_equal(path_text("A", "B"), "A-M>M-A M-B>B-M ");
	assert_string_equal(path_text("B", "A"), "B-M>M-B M-A>A-M ");
	assert_string_equal(path_text("B", "C"), "B-M>M-B M-A>A-M A-C>C-A ");
	assert_string_equal(path_text("C", "A"), "C-A>A-C ");
}

static void
knows_who_uses_a_bridge(void **state)
{
	const struct topology_service *service = &topology.services[0];

	(void)state;
	assert_fine(example_four_bridges());
	for (uint16_t b = 0; b < 4; b++)
		assert_true(topology_service_uses(&topology, service, b));
	struct topology_config *config = example_four_bridges();
	config->services[0].n_instances = 1;
	assert_fine(config);
	assert_true(topology_service_uses(&topology, service, 1));
	assert_false(topology_service_uses(&topology, service, 3));
}

static void
refuses_wrong_names(void **state)
{
	struct topology_config *c = example_one_bridge();

	(void)state;
	c->services[0].perimeter[1].bridge = "nowhere";
	assert_wrong(c, "services[0].perimeter[1].bridge", "no bridge \"nowhere\"");
	c = example_one_bridge();
	c->services[0].instances[1].ports[0].name = "inner";
	assert_wrong(c, "services[0].instances[1].ports[0].name", "no port \"inner\"");
	c = example_one_bridge();
	c->services[0].instances[1].name = "a";
	assert_wrong(c, "services[0].instances[1].name", "twice");
	c = example_one_bridge();
	c->services[0].name = "na t";
	assert_wrong(c, "services[0].name", "characters");
	c = example_one_bridge();
	c->services[0].name = "this-name-is-much-too-long-for-a-service";
	assert_wrong(c, "services[0].name", "longer than 31");
	c = example_one_bridge();
	c->services[0].perimeter[0].port = "sixteen-letters-";
	assert_wrong(c, "services[0].perimeter[0].port", "OpenFlow 1.4 cuts it");
	c = example_one_bridge();
	c->bridges[0].address = "udp:1.2.3.4:5";
	assert_wrong(c, "bridges[0].address", "unix:/PATH");
}

static void
refuses_double_ports(void **state)
{
	struct topology_config *c = example_one_bridge();

	(void)state;
	c->services[0].instances[1].ports[0].port = "a-in";
	assert_wrong(c, "services[0].instances[1].ports[0].port", "already used");
	c = example_one_bridge();
	c->services[0].instances[0].ports[0].port = "pin";
	assert_wrong(c, "services[0].instances[0].ports[0].port", "already used");
	c = example_one_bridge();
	c->services[0].perimeter[1].port = "pin";
	assert_wrong(c, "services[0].perimeter[1].port", "perimeter of \"nat\" already");
	c->services[0].perimeter[1].vlan = 7;
	assert_fine(c);
}

static void
refuses_missing_port(void **state)
{
	struct topology_config *c = example_one_bridge();

	(void)state;
	c->services[0].instances[1].n_ports = 1;
	assert_wrong(c, "services[0].instances[1].ports", "\"outside\" of the service is missing");
}

static void
refuses_wrong_ranges(void **state)
{
	struct topology_config *c = example_one_bridge();

	(void)state;
	c->services[0].redirect_vids.last = 2999;
	assert_wrong(c, "services[0].redirect_vids", "not a range");
	c->services[0].redirect_vids.last = 3000;
	assert_wrong(c, "services[0].redirect_vids", "2 ports need");
	c->services[0].redirect_vids.last = 4095;
	assert_wrong(c, "services[0].redirect_vids", "not a range");
	c = example_one_bridge();
	c->services[0].perimeter[0].vlan = 3001;
	assert_wrong(c, "services[0].perimeter[0].vlan", "reserved");
	c = example_one_bridge();
	c->services[0].perimeter[0].vlan = 4095;
	assert_wrong(c, "services[0].perimeter[0].vlan", "not a VLAN");
	c = example_one_bridge();
	c->services[0].cookie = 255;
	assert_wrong(c, "services[0].cookie", "1 to 254");
	c = example_four_bridges();
	c->services[0].transit_vids.first = 3010;
	assert_wrong(c, "services[0].redirect_vids", "also reserved");
	c = example_four_bridges();
	c->services[0].transit_vids.last = 3101;
	assert_wrong(c, "services[0].transit_vids", "need as many");
	c = example_four_bridges();
	c->services[0].transit_vids = (struct topology_vids_config){0, 0};
	assert_wrong(c, "services[0]", "transit_vids is needed");
}

static void
refuses_second_service_that_meets_the_first(void **state)
{
	struct topology_config *c = example_one_bridge();
	struct topology_service_config two[2] = {c->services[0], c->services[0]};
	struct topology_port_config perimeter[2] = {c->services[0].perimeter[0],
						    c->services[0].perimeter[1]};

	(void)state;
	c->services = two;
	c->n_services = 2;
	two[1].perimeter = perimeter;
	two[1].n_instances = 0;
	assert_wrong(c, "services[1].name", "twice");
	two[1].name = "lb";
	assert_wrong(c, "services[1].cookie", "also that of service \"nat\"");
	two[1].cookie = 2;
	assert_wrong(c, "services[1].redirect_vids", "also reserved in service \"nat\"");
	two[1].redirect_vids = (struct topology_vids_config){3016, 3017};
	assert_wrong(c, "services[1].perimeter[0].port", "perimeter of \"nat\" already");
	perimeter[0].vlan = perimeter[1].vlan = 5;
	assert_fine(c);
	two[1].transit_vids = (struct topology_vids_config){3000, 3000};
	assert_wrong(c, "services[1].transit_vids", "also reserved");
}

static void
refuses_unreachable_instance(void **state)
{
	struct topology_config *c = example_four_bridges();

	(void)state;
	c->n_links = 2;
	assert_wrong(c, "services[0].instances[1].ports", "no links lead from bridge \"A\"");
	c = example_four_bridges();
	c->links[1].b.bridge = "M";
	assert_wrong(c, "links[1].b.bridge", "both ends");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_are_fine),
		cmocka_unit_test(finds_shortest_paths),
		cmocka_unit_test(knows_who_uses_a_bridge),
		cmocka_unit_test(refuses_wrong_names),
		cmocka_unit_test(refuses_double_ports),
		cmocka_unit_test(refuses_missing_port),
		cmocka_unit_test(refuses_wrong_ranges),
		cmocka_unit_test(refuses_second_service_that_meets_the_first),
		cmocka_unit_test(refuses_unreachable_instance),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
