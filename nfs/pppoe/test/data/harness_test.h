/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path of a concentrator without ports (nf_harness_test.h): all that it has but the jobs of the main thread. Its
 * sessions are made in the tables (data_world_test.h).
 *
 * The network around it: core 203.0.113.0/24 (concentrator .1, router .2 for the rest), 2001:db8:ffff::/64 (concentrator
 * ::1, router ::2), clients 100.64.0.0/22 behind 100.64.0.1, and a /64 each of 2001:db8:1::/48.
 */
#ifndef PPPOE_DATA_HARNESS_TEST_H
#define PPPOE_DATA_HARNESS_TEST_H

#include "counters.h"
#include "pipeline.h"
#include "pppoe.h"

#define HARNESS_CONFIG struct pppoe_config
#define HARNESS_OWN          \
	struct pppoe *pppoe; \
	struct pppoe_worker workers[SLIM_MAX_WORKERS];
#include "nf_harness_test.h"

#endif
