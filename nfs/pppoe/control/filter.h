/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sessions somebody means: what is given of them must be so. Nothing given means all. In the arguments of jobs and
 * of commands. Pure.
 */
#ifndef PPPOE_CONTROL_FILTER_H
#define PPPOE_CONTROL_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "session_entry.h"

enum pppoe_given {
	PPPOE_GIVEN_ID = 1 << 0,
	PPPOE_GIVEN_MAC = 1 << 1,
	PPPOE_GIVEN_OUTER = 1 << 2,
	PPPOE_GIVEN_INNER = 1 << 3,
	PPPOE_GIVEN_IPV4 = 1 << 4,
	PPPOE_GIVEN_PREFIX = 1 << 5,
	PPPOE_GIVEN_ACCOUNTING = 1 << 6,
	PPPOE_GIVEN_USER = 1 << 7,
};

struct pppoe_filter {
	uint16_t given;      /* enum pppoe_given */
	uint16_t session_id; /* host order, as the VLANs */
	uint16_t outer;      /* 0: no tag */
	uint16_t inner;
	struct rte_ether_addr mac;
	rte_be32_t ipv4;
	uint32_t prefix; /* number of a /64 in the pool */
	uint64_t accounting_id;
	char user[PPPOE_USER_SIZE]; /* ended by a NUL */
};

bool pppoe_filter_matches(const struct pppoe_filter *filter, const struct pppoe_session *session);

#endif
