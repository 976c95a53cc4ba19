/* SPDX-License-Identifier: Apache-2.0 */
/* The gRPC service slim.v1.Steering, in front of the controller. */
#ifndef OFCTL_IO_SERVICE_H
#define OFCTL_IO_SERVICE_H

#include "check.h"
#include "topology.h"

struct controller;
struct rpc_server;

struct service {
	struct controller *controller;
	const struct topology *topology;
	struct check_list checks; /* under way; check_drop_all() before the controller goes */
};

/* Before rpc_server_start(). `service` is kept by the caller. 0 or a negative errno. */
int service_add(struct rpc_server *server, struct service *service);

#endif
