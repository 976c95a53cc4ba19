/* SPDX-License-Identifier: Apache-2.0 */
/* The preflight of a move: what preflight.h finds, and the answer as a message. */
#ifndef OFCTL_IO_CHECK_H
#define OFCTL_IO_CHECK_H

#include "slim_ctl.pb-c.h"

struct controller;
struct rpc_request;

/* Answers the request. */
void check_start(struct rpc_request *request, struct controller *controller,
		 const Slim__V1__CheckRequest *message);

#endif
