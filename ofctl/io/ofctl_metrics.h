/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What slim-ofctld tells Prometheus.
 *
 *	slim_build_info{version}               1
 *	slim_bridge_up{bridge}                 0, 1
 *	slim_bridge_rules{bridge}              rules of ours, as of the last look
 *	slim_service_serving{service,instance} 1 for the instance that serves
 *	slim_service_missing_ports{service}    ports that the switches lack of what serves or moves
 *	slim_service_session{service}          0, 1: a move is under way
 *	slim_steering_NAME_total               one for each counter of the controller (controller.h)
 *
 * One thread: that of the event loop.
 */
#ifndef OFCTL_IO_OFCTL_METRICS_H
#define OFCTL_IO_OFCTL_METRICS_H

#include "controller.h"
#include "exporter.h"

struct ofctl_metrics {
	struct controller *controller;
	const struct topology *topology;
};

/* The whole text; `ctx` is a struct ofctl_metrics. */
exporter_print_fn ofctl_metrics_print;

#endif
