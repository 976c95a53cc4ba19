/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control API of slimd: service slim.v1.Slimd over the parts of a daemon.
 *
 * It only translates: requests become calls of the driver, jobs and NFs become messages. What
 * runs longer (WatchJob, DumpTable, ImportTable) works in small pieces from the loop, and waits
 * while the client does not read, so that neither memory nor the loop is taken up.
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_API_CTL_SERVICE_H
#define SLIMD_API_CTL_SERVICE_H

#include "daemon.h"
#include "rpc.h"

struct ctl_service;

/* Adds the service to a server that is not started yet. `daemon` is kept. */
int ctl_service_create(struct daemon *daemon, struct rpc_server *server,
		       struct ctl_service **ret_service);

/* After rpc_server_destroy(). NULL is allowed. */
void ctl_service_destroy(struct ctl_service *service);

#endif
