/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The preflight of a move: what preflight.h finds, a proof of each bridge's flow cache as the move will ask for
 * it, and the answer as a message. Changes nothing.
 */
#ifndef OFCTL_IO_CHECK_H
#define OFCTL_IO_CHECK_H

#include <sys/queue.h>

#include "slim_ctl.pb-c.h"

struct check;
struct controller;
struct rpc_request;

LIST_HEAD(check_list, check); /* under way */

/* Answers the request, later. */
void check_start(struct rpc_request *request, struct controller *controller,
		 struct check_list *list, const Slim__V1__CheckRequest *message);

/* Gives up all of them without an answer; before the controller is destroyed. */
void check_drop_all(struct check_list *list);

#endif
