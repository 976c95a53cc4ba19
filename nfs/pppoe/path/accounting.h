/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounting of a session: its start when it first carries something, records between, and its stop (RFC 2866). Each of start
 * and stop is put once, whatever instance the session is at: the row says what was put (PPPOE_ACCOUNTED). A ring that is full
 * is tried again a second later. Where no server accounts nothing is put. Worker's thread.
 */
#ifndef PPPOE_PATH_ACCOUNTING_H
#define PPPOE_PATH_ACCOUNTING_H

#include "link.h"

#define PPPOE_RETRY_NS UINT64_C(1000000000) /* after a ring was full */

/* Fills in what any question of a session has. NULL: the ring is full, which is counted. */
struct pppoe_ask *pppoe_accounting_ask(struct pppoe_link *link, enum pppoe_ask_kind kind);

/* It carries something. Nothing happens the second time. */
void pppoe_accounting_start(struct pppoe_link *link);
/* session.interim is due. */
void pppoe_accounting_interim(struct pppoe_link *link);
/* False: there is no room for the stop, and it must be tried again. */
bool pppoe_accounting_stop(struct pppoe_link *link);

#endif
