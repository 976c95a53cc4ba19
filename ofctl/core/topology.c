/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the topology: every name is looked up once, every contradiction is found here, so that
 * the rest may believe what it reads.
 */
#include "topology.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One build: where it stands in the configuration, and where errors go. */
struct build {
	struct topology *t;
	struct topology_error *error;
	char path[TOPOLOGY_PATH_SIZE];
};

static int __attribute__((format(printf, 3, 4)))
fail(struct build *b, const char *key, const char *format, ...)
{
	va_list args;

	snprintf(b->error->path, sizeof(b->error->path), "%.*s%s%s",
		 (int)sizeof(b->error->path) / 2, b->path, b->path[0] && key[0] ? "." : "", key);
	va_start(args, format);
	vsnprintf(b->error->text, sizeof(b->error->text), format, args);
	va_end(args);
	return -EINVAL;
}

static void __attribute__((format(printf, 2, 3))) at(struct build *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(b->path, sizeof(b->path), format, args);
	va_end(args);
}

/* ---- names ------------------------------------------------------------------ */

static bool
name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* Copies a name of ours: letters, digits and -_. */
static int
copy_name(struct build *b, const char *key, const char *name, char ret[SLIM_NAME_SIZE])
{
	size_t n = name ? strlen(name) : 0;

	if (n == 0)
		return fail(b, key, "must not be empty");
	if (n >= SLIM_NAME_SIZE)
		return fail(b, key, "\"%.40s\" is longer than %u characters", name,
			    SLIM_NAME_SIZE - 1);
	for (size_t i = 0; i < n; i++) {
		if (!name_char(name[i]))
			return fail(b, key, "\"%s\" has characters other than a-z A-Z 0-9 . _ -",
				    name);
	}
	memcpy(ret, name, n + 1);
	return 0;
}

static int
find_bridge(const struct topology *t, const char *name)
{
	for (unsigned i = 0; i < t->n_bridges; i++) {
		if (strcmp(t->bridges[i].name, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

int
topology_find_service(const struct topology *t, const char *name)
{
	for (unsigned i = 0; i < t->n_services; i++) {
		if (strcmp(t->services[i].name, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

int
topology_find_instance(const struct topology_service *service, const char *name)
{
	for (unsigned i = 0; i < service->n_instances; i++) {
		if (strcmp(service->instances[i].name, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

static int
find_port(const struct topology_service *service, const char *name)
{
	for (unsigned i = 0; i < service->n_ports; i++) {
		if (strcmp(service->port_names[i], name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

/* ---- ports ------------------------------------------------------------------- */

static int
check_port_name(struct build *b, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n == 0)
		return fail(b, "port", "must not be empty");
	if (n >= OF_PORT_NAME_SIZE)
		return fail(b, "port",
			    "\"%.40s\" is longer than %u characters, OpenFlow 1.4 cuts it", name,
			    OF_PORT_NAME_SIZE - 1);
	for (size_t i = 0; i < n; i++) {
		if (name[i] <= ' ' || name[i] > '~')
			return fail(b, "port", "has characters that no port name has");
	}
	return 0;
}

/* The reference of a port, made if it is new. */
static int
port_reference(struct build *b, const char *bridge_name, const char *name,
	       enum topology_port_kind kind, uint16_t *ret)
{
	struct topology *t = b->t;
	int bridge = find_bridge(t, bridge_name ? bridge_name : "");
	unsigned i;

	if (bridge < 0)
		return fail(b, "bridge", "there is no bridge \"%.40s\"",
			    bridge_name ? bridge_name : "");
	if (check_port_name(b, name) < 0)
		return -EINVAL;
	for (i = 0; i < t->n_ports; i++) {
		if (t->ports[i].bridge == bridge && strcmp(t->ports[i].name, name) == 0)
			break;
	}
	if (i == TOPOLOGY_MAX_PORTS)
		return fail(b, "port", "more than %u ports", TOPOLOGY_MAX_PORTS);
	if (i == t->n_ports) {
		t->ports[i] = (struct topology_port){.bridge = (uint16_t)bridge};
		memcpy(t->ports[i].name, name, strlen(name) + 1);
		t->n_ports++;
	} else if (kind != TOPOLOGY_PERIMETER || t->ports[i].kind != TOPOLOGY_PERIMETER) {
		/* Only perimeter ports are shared, by services on different VLANs. */
		return fail(b, "port", "port \"%s\" of bridge \"%s\" is already used", name,
			    t->bridges[bridge].name);
	}
	t->ports[i].kind |= (uint16_t)kind;
	*ret = (uint16_t)i;
	return 0;
}

static int
check_vlan(struct build *b, uint16_t vlan)
{
	return vlan > 4094 ? fail(b, "vlan", "%u is not a VLAN (1 to 4094, 0 for none)", vlan) : 0;
}

static int
attach(struct build *b, const struct topology_port_config *config, enum topology_port_kind kind,
       struct topology_attach *ret)
{
	ret->vlan = config->vlan;
	if (check_vlan(b, config->vlan) < 0)
		return -EINVAL;
	return port_reference(b, config->bridge, config->port, kind, &ret->port);
}

/* ---- bridges and links ------------------------------------------------------- */

static bool
address_has_form(const char *address)
{
	return strncmp(address, "unix:/", 6) == 0 || strncmp(address, "tcp:", 4) == 0 ||
	       strncmp(address, "ssl:", 4) == 0;
}

static int
build_bridge(struct build *b, const struct topology_bridge_config *config)
{
	struct topology *t = b->t;
	struct topology_bridge *bridge = &t->bridges[t->n_bridges];
	const char *control = config->control ? config->control : "";

	*bridge = (struct topology_bridge){0};
	if (copy_name(b, "name", config->name, bridge->name) < 0)
		return -EINVAL;
	if (find_bridge(t, config->name) >= 0)
		return fail(b, "name", "bridge \"%s\" stands here twice", config->name);
	if (!config->address || !address_has_form(config->address))
		return fail(b, "address",
			    "must be unix:/PATH, tcp:ADDRESS:PORT or ssl:ADDRESS:PORT");
	if (strlen(config->address) >= sizeof(bridge->address))
		return fail(b, "address", "is longer than %zu characters",
			    sizeof(bridge->address) - 1);
	if (strlen(control) >= sizeof(bridge->control))
		return fail(b, "control", "is longer than %zu characters",
			    sizeof(bridge->control) - 1);
	memcpy(bridge->address, config->address, strlen(config->address) + 1);
	memcpy(bridge->control, control, strlen(control) + 1);
	t->n_bridges++;
	return 0;
}

static int
build_link(struct build *b, unsigned i, const struct topology_link_config *config)
{
	struct topology *t = b->t;
	uint16_t *ends = t->links[t->n_links];

	at(b, "links[%u].a", i);
	if (port_reference(b, config->a.bridge, config->a.port, TOPOLOGY_LINK, &ends[0]) < 0)
		return -EINVAL;
	at(b, "links[%u].b", i);
	if (port_reference(b, config->b.bridge, config->b.port, TOPOLOGY_LINK, &ends[1]) < 0)
		return -EINVAL;
	if (t->ports[ends[0]].bridge == t->ports[ends[1]].bridge)
		return fail(b, "bridge", "both ends of the link are on bridge \"%s\"",
			    config->b.bridge);
	t->n_links++;
	return 0;
}

/* Breadth first from every bridge; ties go to the link that stands first. */
static void
build_routes(struct topology *t)
{
	memset(t->next, 0xff, sizeof(t->next));
	for (unsigned to = 0; to < t->n_bridges; to++) {
		uint16_t queue[TOPOLOGY_MAX_BRIDGES];
		unsigned head = 0, tail = 0;

		queue[tail++] = (uint16_t)to;
		while (head < tail) {
			uint16_t near = queue[head++];

			for (unsigned l = 0; l < t->n_links * 2; l++) {
				uint16_t here = t->ports[t->links[l / 2][l % 2]].bridge;
				uint16_t far = t->ports[t->links[l / 2][1 - l % 2]].bridge;

				if (here != near || far == to || t->next[far][to] != TOPOLOGY_NONE)
					continue;
				t->next[far][to] = (uint16_t)(l ^ 1u);
				queue[tail++] = far;
			}
		}
	}
}

unsigned
topology_path(const struct topology *t, uint16_t from, uint16_t to,
	      struct topology_hop hops[TOPOLOGY_MAX_BRIDGES])
{
	unsigned n = 0;

	while (from != to && n < TOPOLOGY_MAX_BRIDGES - 1) {
		uint16_t link = t->next[from][to];

		hops[n].out = t->links[link / 2][link % 2];
		hops[n].in = t->links[link / 2][1 - link % 2];
		from = t->ports[hops[n].in].bridge;
		n++;
	}
	return n;
}

/* ---- services ------------------------------------------------------------------ */

static int
build_perimeter(struct build *b, const struct topology_service_config *config, unsigned s,
		struct topology_service *service)
{
	if (config->n_perimeter == 0 || config->n_perimeter > SLIM_MAX_PORTS)
		return fail(b, "perimeter", "a service has 1 to %u ports", SLIM_MAX_PORTS);
	for (unsigned p = 0; p < config->n_perimeter; p++) {
		const struct topology_port_config *port = &config->perimeter[p];

		at(b, "services[%u].perimeter[%u]", s, p);
		if (copy_name(b, "name", port->name, service->port_names[p]) < 0)
			return -EINVAL;
		if (find_port(service, port->name) >= 0)
			return fail(b, "name", "port \"%s\" stands here twice", port->name);
		if (attach(b, port, TOPOLOGY_PERIMETER, &service->perimeter[p]) < 0)
			return -EINVAL;
		service->n_ports++;
	}
	return 0;
}

static int
build_instance(struct build *b, const struct topology_instance_config *config, unsigned s,
	       struct topology_service *service)
{
	unsigned i = service->n_instances;
	struct topology_instance *instance = &service->instances[i];
	unsigned seen = 0;

	at(b, "services[%u].instances[%u]", s, i);
	if (copy_name(b, "name", config->name, instance->name) < 0)
		return -EINVAL;
	if (topology_find_instance(service, config->name) >= 0)
		return fail(b, "name", "instance \"%s\" stands here twice", config->name);
	for (unsigned p = 0; p < config->n_ports; p++) {
		const struct topology_port_config *port = &config->ports[p];
		int index = find_port(service, port->name ? port->name : "");

		at(b, "services[%u].instances[%u].ports[%u]", s, i, p);
		if (index < 0)
			return fail(b, "name", "service \"%s\" has no port \"%.40s\"",
				    service->name, port->name ? port->name : "");
		if (seen & (1u << index))
			return fail(b, "name", "port \"%s\" stands here twice", port->name);
		if (attach(b, port, TOPOLOGY_INSTANCE, &instance->ports[index]) < 0)
			return -EINVAL;
		seen |= 1u << index;
	}
	at(b, "services[%u].instances[%u]", s, i);
	for (unsigned p = 0; p < service->n_ports; p++) {
		if (!(seen & (1u << p)))
			return fail(b, "ports", "port \"%s\" of the service is missing",
				    service->port_names[p]);
	}
	service->n_instances++;
	return 0;
}

static int
check_vids(struct build *b, const char *key, const struct topology_vids_config *vids)
{
	if (vids->first < 1 || vids->last > 4094 || vids->first > vids->last)
		return fail(b, key, "%u to %u is not a range of VLANs (1 to 4094)", vids->first,
			    vids->last);
	return 0;
}

static int
build_service(struct build *b, const struct topology_service_config *config)
{
	struct topology *t = b->t;
	unsigned s = t->n_services;
	struct topology_service *service = &t->services[s];

	*service = (struct topology_service){
		.cookie = config->cookie,
		.redirect_first = config->redirect_vids.first,
		.redirect_last = config->redirect_vids.last,
		.transit_first = config->transit_vids.first,
		.transit_last = config->transit_vids.last,
	};
	if (copy_name(b, "name", config->name, service->name) < 0)
		return -EINVAL;
	if (topology_find_service(t, config->name) >= 0)
		return fail(b, "name", "service \"%s\" stands here twice", config->name);
	if (config->cookie < 1 || config->cookie > 254)
		return fail(b, "cookie", "must be 1 to 254");
	if (check_vids(b, "redirect_vids", &config->redirect_vids) < 0)
		return -EINVAL;
	if ((config->transit_vids.first || config->transit_vids.last) &&
	    check_vids(b, "transit_vids", &config->transit_vids) < 0)
		return -EINVAL;
	if (build_perimeter(b, config, s, service) < 0)
		return -EINVAL;
	at(b, "services[%u]", s);
	if (service->redirect_last - service->redirect_first + 1u < service->n_ports)
		return fail(b, "redirect_vids", "%u ports need as many VLANs", service->n_ports);
	if (config->n_instances > TOPOLOGY_MAX_INSTANCES)
		return fail(b, "instances", "more than %u", TOPOLOGY_MAX_INSTANCES);
	for (unsigned i = 0; i < config->n_instances; i++) {
		if (build_instance(b, &config->instances[i], s, service) < 0)
			return -EINVAL;
	}
	t->n_services++;
	return 0;
}

/* ---- what holds between the parts ------------------------------------------------ */

static bool
vid_reserved(const struct topology *t, uint16_t vid)
{
	for (unsigned s = 0; s < t->n_services; s++) {
		const struct topology_service *service = &t->services[s];

		if ((vid >= service->redirect_first && vid <= service->redirect_last) ||
		    (vid >= service->transit_first && vid <= service->transit_last &&
		     service->transit_first != 0))
			return true;
	}
	return false;
}

static bool
ranges_meet(uint16_t a_first, uint16_t a_last, uint16_t b_first, uint16_t b_last)
{
	return a_first != 0 && b_first != 0 && a_first <= b_last && b_first <= a_last;
}

/* The service's ranges against each other and against those of service `o`. */
static int
check_ranges(struct build *b, const struct topology_service *service,
	     const struct topology_service *other)
{
	if ((service != other && ranges_meet(service->redirect_first, service->redirect_last,
					     other->redirect_first, other->redirect_last)) ||
	    ranges_meet(service->redirect_first, service->redirect_last, other->transit_first,
			other->transit_last))
		return fail(b, "redirect_vids", "range is also reserved in service \"%s\"",
			    other->name);
	if (service != other && ranges_meet(service->transit_first, service->transit_last,
					    other->transit_first, other->transit_last))
		return fail(b, "transit_vids", "range is also reserved in service \"%s\"",
			    other->name);
	return 0;
}

static int
check_perimeter(struct build *b, unsigned s, unsigned p)
{
	const struct topology *t = b->t;
	const struct topology_attach *mine = &t->services[s].perimeter[p];

	at(b, "services[%u].perimeter[%u]", s, p);
	if (vid_reserved(t, mine->vlan))
		return fail(b, "vlan", "%u is in a reserved range", mine->vlan);
	for (unsigned o = 0; o <= s; o++) {
		const struct topology_service *other = &t->services[o];

		for (unsigned q = 0; q < (o == s ? p : other->n_ports); q++) {
			if (other->perimeter[q].port == mine->port &&
			    other->perimeter[q].vlan == mine->vlan)
				return fail(b, "port",
					    "the same port and VLAN is perimeter of \"%s\" already",
					    other->name);
		}
	}
	return 0;
}

/* An instance's port must be reachable from its perimeter port. */
static int
check_way(struct build *b, unsigned s, unsigned i, unsigned p)
{
	const struct topology *t = b->t;
	const struct topology_service *service = &t->services[s];
	const struct topology_attach *far = &service->instances[i].ports[p];
	uint16_t from = t->ports[service->perimeter[p].port].bridge;
	uint16_t to = t->ports[far->port].bridge;

	at(b, "services[%u].instances[%u]", s, i);
	if (vid_reserved(t, far->vlan))
		return fail(b, "ports", "vlan %u is in a reserved range", far->vlan);
	if (from == to)
		return 0;
	if (t->next[from][to] == TOPOLOGY_NONE)
		return fail(b, "ports", "no links lead from bridge \"%s\" to bridge \"%s\"",
			    t->bridges[from].name, t->bridges[to].name);
	at(b, "services[%u]", s);
	if (service->transit_first == 0)
		return fail(b, "", "instance \"%s\" is behind links: transit_vids is needed",
			    service->instances[i].name);
	if (topology_transit_vid(service, i, p) > service->transit_last)
		return fail(b, "transit_vids", "%u instances with %u ports need as many VLANs",
			    service->n_instances, service->n_ports);
	return 0;
}

static int
check_service(struct build *b, unsigned s)
{
	const struct topology *t = b->t;
	const struct topology_service *service = &t->services[s];

	at(b, "services[%u]", s);
	for (unsigned o = 0; o <= s; o++) {
		if (o != s && t->services[o].cookie == service->cookie)
			return fail(b, "cookie", "%u is also that of service \"%s\"",
				    service->cookie, t->services[o].name);
		if (check_ranges(b, service, &t->services[o]) < 0)
			return -EINVAL;
		if (o != s &&
		    ranges_meet(service->transit_first, service->transit_last,
				t->services[o].redirect_first, t->services[o].redirect_last))
			return fail(b, "transit_vids", "range is also reserved in service \"%s\"",
				    t->services[o].name);
	}
	for (unsigned p = 0; p < service->n_ports; p++) {
		if (check_perimeter(b, s, p) < 0)
			return -EINVAL;
		for (unsigned i = 0; i < service->n_instances; i++) {
			if (check_way(b, s, i, p) < 0)
				return -EINVAL;
		}
	}
	return 0;
}

int
topology_build(const struct topology_config *config, struct topology *ret,
	       struct topology_error *ret_error)
{
	struct build b = {.t = ret, .error = ret_error};

	memset(ret, 0, sizeof(*ret));
	if (config->n_bridges == 0 || config->n_bridges > TOPOLOGY_MAX_BRIDGES)
		return fail(&b, "bridges", "there must be 1 to %u", TOPOLOGY_MAX_BRIDGES);
	if (config->n_links > TOPOLOGY_MAX_LINKS)
		return fail(&b, "links", "more than %u", TOPOLOGY_MAX_LINKS);
	if (config->n_services > TOPOLOGY_MAX_SERVICES)
		return fail(&b, "services", "more than %u", TOPOLOGY_MAX_SERVICES);
	for (unsigned i = 0; i < config->n_bridges; i++) {
		at(&b, "bridges[%u]", i);
		if (build_bridge(&b, &config->bridges[i]) < 0)
			return -EINVAL;
	}
	for (unsigned i = 0; i < config->n_links; i++) {
		if (build_link(&b, i, &config->links[i]) < 0)
			return -EINVAL;
	}
	build_routes(ret);
	for (unsigned i = 0; i < config->n_services; i++) {
		at(&b, "services[%u]", i);
		if (build_service(&b, &config->services[i]) < 0)
			return -EINVAL;
	}
	for (unsigned i = 0; i < ret->n_services; i++) {
		if (check_service(&b, i) < 0)
			return -EINVAL;
	}
	return 0;
}

uint16_t
topology_transit_vid(const struct topology_service *service, unsigned instance, unsigned port)
{
	return (uint16_t)(service->transit_first + instance * service->n_ports + port);
}

/* Is the bridge on the way between two others? */
static bool
way_touches(const struct topology *t, uint16_t from, uint16_t to, uint16_t bridge)
{
	struct topology_hop hops[TOPOLOGY_MAX_BRIDGES];
	unsigned n = topology_path(t, from, to, hops);

	for (unsigned i = 0; i < n; i++) {
		if (t->ports[hops[i].in].bridge == bridge)
			return true;
	}
	return from == bridge;
}

/* Attachment of perimeter (0) or instance (1..) at a port. */
static uint16_t
end_bridge(const struct topology *t, const struct topology_service *service, unsigned end,
	   unsigned port)
{
	const struct topology_attach *a =
		end == 0 ? &service->perimeter[port] : &service->instances[end - 1].ports[port];

	return t->ports[a->port].bridge;
}

bool
topology_service_uses(const struct topology *t, const struct topology_service *service,
		      uint16_t bridge)
{
	for (unsigned p = 0; p < service->n_ports; p++) {
		for (unsigned a = 0; a <= service->n_instances; a++) {
			for (unsigned b = 0; b <= service->n_instances; b++) {
				if (way_touches(t, end_bridge(t, service, a, p),
						end_bridge(t, service, b, p), bridge))
					return true;
			}
		}
	}
	return false;
}
