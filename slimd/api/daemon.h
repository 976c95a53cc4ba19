/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of one daemon, for those who serve requests from outside. Made by main.c. */
#ifndef SLIMD_API_DAEMON_H
#define SLIMD_API_DAEMON_H

#include "driver.h"
#include "nf_registry.h"
#include "peer.h"

struct daemon {
	const char *host;
	struct event_base *base;
	struct nf_registry *nfs;
	struct peer_set *peers;
	struct driver *driver;
};

#endif
