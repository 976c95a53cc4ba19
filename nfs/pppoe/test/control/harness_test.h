/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The concentrator without ports, as far as the control plane needs it: frames of the access side, and timers of sessions.
 */
#ifndef PPPOE_CONTROL_HARNESS_TEST_H
#define PPPOE_CONTROL_HARNESS_TEST_H

#include "counters.h"
#include "pppoe.h"

#define HARNESS_CONFIG struct pppoe_config
#define HARNESS_OWN          \
	struct pppoe *pppoe; \
	struct pppoe_worker workers[SLIM_MAX_WORKERS];
#include "nf_harness_test.h"

#include "automaton.h"

#endif
