/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The discovery stage alone, without ports: frames of the access side go to it, and what it says of control (control.h) is the
 * test's: begin brings LCP to Req-Sent, gone removes the session.
 */
#ifndef PPPOE_DISCOVERY_HARNESS_TEST_H
#define PPPOE_DISCOVERY_HARNESS_TEST_H

#include "counters.h"
#include "discovery.h"
#include "pppoe.h"

#define HARNESS_CONFIG struct pppoe_config
#define HARNESS_OWN          \
	struct pppoe *pppoe; \
	struct pppoe_worker workers[SLIM_MAX_WORKERS];
#include "nf_harness_test.h"

#include "automaton.h"

#endif
