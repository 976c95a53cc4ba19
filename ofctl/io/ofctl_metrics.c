/* SPDX-License-Identifier: Apache-2.0 */
#include "ofctl_metrics.h"
#include "slim_version.h"

#include <inttypes.h>
#include <string.h>

#include <event2/buffer.h>

/* Names of a topology have no characters that need an escape. */
static void
print_bridges(const struct ofctl_metrics *m, struct evbuffer *out)
{
	exporter_print_type(out, "slim_bridge_up", "gauge");
	for (unsigned b = 0; b < m->topology->n_bridges; b++)
		evbuffer_add_printf(
			out, "slim_bridge_up{bridge=\"%s\"} %d\n", m->topology->bridges[b].name,
			strcmp(controller_bridge_info(m->controller, b).state, "up") == 0);
	exporter_print_type(out, "slim_bridge_rules", "gauge");
	for (unsigned b = 0; b < m->topology->n_bridges; b++)
		evbuffer_add_printf(out, "slim_bridge_rules{bridge=\"%s\"} %u\n",
				    m->topology->bridges[b].name,
				    controller_bridge_info(m->controller, b).n_rules);
}

static void
print_services(const struct ofctl_metrics *m, struct evbuffer *out)
{
	const struct steering *steering = controller_steering(m->controller);

	exporter_print_type(out, "slim_service_serving", "gauge");
	for (unsigned s = 0; s < m->topology->n_services; s++) {
		const struct topology_service *service = &m->topology->services[s];
		int serving = steering->services[s].serving;

		if (steering->services[s].known && serving != STEERING_NOBODY)
			evbuffer_add_printf(
				out, "slim_service_serving{service=\"%s\",instance=\"%s\"} 1\n",
				service->name, service->instances[serving].name);
	}
	exporter_print_type(out, "slim_service_missing_ports", "gauge");
	for (unsigned s = 0; s < m->topology->n_services; s++) {
		char text[CONTROLLER_MISSING_SIZE];

		evbuffer_add_printf(out, "slim_service_missing_ports{service=\"%s\"} %u\n",
				    m->topology->services[s].name,
				    controller_missing_ports(m->controller, s, text));
	}
	exporter_print_type(out, "slim_service_session", "gauge");
	for (unsigned s = 0; s < m->topology->n_services; s++)
		evbuffer_add_printf(out, "slim_service_session{service=\"%s\"} %d\n",
				    m->topology->services[s].name,
				    steering->services[s].session.stage != STEERING_NO_SESSION);
}

static void
print_counters(const struct ofctl_metrics *m, struct evbuffer *out)
{
	const struct controller_counters *counters = controller_counters(m->controller);

#define X(name)                                                               \
	exporter_print_type(out, "slim_steering_" #name "_total", "counter"); \
	evbuffer_add_printf(out, "slim_steering_" #name "_total %" PRIu64 "\n", counters->name);
	CONTROLLER_COUNTERS(X)
#undef X
}

void
ofctl_metrics_print(void *ctx, struct evbuffer *out)
{
	const struct ofctl_metrics *m = ctx;

	exporter_print_type(out, "slim_build_info", "gauge");
	evbuffer_add_printf(out, "slim_build_info{version=\"%s\"} 1\n", SLIM_VERSION);
	print_bridges(m, out);
	print_services(m, out);
	print_counters(m, out);
}
