/* SPDX-License-Identifier: Apache-2.0 */
/* The concentrator without ports, for tests of the discovery stage: frames of the access side are what goes in and out. */
#ifndef PPPOE_DISCOVERY_HARNESS_TEST_H
#define PPPOE_DISCOVERY_HARNESS_TEST_H

#include "counters.h"
#include "discovery.h"
#include "pppoe.h"
#include "round.h"

#define HARNESS_CONFIG struct pppoe_config
#define HARNESS_OWN          \
	struct pppoe *pppoe; \
	struct pppoe_worker workers[SLIM_MAX_WORKERS];
#include "nf_harness_test.h"

#include "automaton.h"

#endif
