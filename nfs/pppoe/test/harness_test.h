/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole concentrator without ports, for all its tests: its packet path and its rounds are the program's, all workers run in
 * the caller's thread, one after the other, and time stands still unless the test moves it (nf_harness_test.h). Who decides about
 * log-ins is the test's.
 *
 * The network around it: clients with no tag at the access side, a pool 100.64.0.0/22 (we are .0.1); core 203.0.113.0/24 (we are
 * .1, a router .2 for the rest). Every host there answers ARP with MAC 02:aa and the address (question_test.h).
 */
#ifndef PPPOE_HARNESS_TEST_H
#define PPPOE_HARNESS_TEST_H

#include "counters.h"
#include "pppoe.h"

#define HARNESS_CONFIG struct pppoe_config
#define HARNESS_OWN          \
	struct pppoe *pppoe; \
	struct pppoe_worker workers[SLIM_MAX_WORKERS];
#include "nf_harness_test.h"

/* As harness_defaults(), but for the pools and what else `concentrator` says: lines of its part of the configuration. */
void harness_configure(struct pppoe_config *config, const char *concentrator);

struct pppoe_session *harness_session(const struct harness *h, uint32_t slot);
/* The sessions of the worker whose it is. */
struct pppoe_sessions *harness_owner(const struct harness *h, uint32_t slot);

#endif
