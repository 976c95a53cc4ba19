/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a switch's messages say to the requests that wait for them (request.h). A message that answers none of
 * them is nothing to these functions. They call what the requests brought along: on_flow, on_stats, done.
 * -EPROTO: the message makes no sense.
 */
#ifndef OFCTL_IO_ANSWERS_H
#define OFCTL_IO_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "openflow.h"
#include "request.h"

/* Flows and counters, a part at a time. */
int answers_multipart(struct requests *requests, uint32_t xid,
		      const struct of_multipart_reply *reply);
/* Staged, or committed. */
int answers_bundle(struct requests *requests, const struct of_header *h, const uint8_t *message);
void answers_barrier(struct requests *requests, const struct of_header *h);
/* Is the error a request's? It has failed then, and its last message ends it. */
bool answers_error(struct requests *requests, uint32_t xid, const char *text);

#endif
