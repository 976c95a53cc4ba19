/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the client there, and may it stay? LCP echoes when nothing was heard for a while (RFC 1661 section 5.8), the idle limit and the
 * session limit. Worker's thread.
 */
#ifndef PPPOE_PATH_KEEPALIVE_H
#define PPPOE_PATH_KEEPALIVE_H

#include "link.h"

/* LCP is Opened. */
void pppoe_keepalive_start(struct pppoe_link *link);
/* session.echo_timer is due. */
void pppoe_keepalive_echo(struct pppoe_link *link);
/* Ends the session if one of its limits is reached. */
void pppoe_keepalive_limits(struct pppoe_link *link);

#endif
