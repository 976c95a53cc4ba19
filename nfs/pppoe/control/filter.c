/* SPDX-License-Identifier: Apache-2.0 */
/* See filter.h. */
#include "filter.h"

#include <string.h>

bool
pppoe_filter_matches(const struct pppoe_filter *f, const struct pppoe_session *s)
{
	const struct {
		uint16_t given;
		bool so;
	} checks[] = {
		{PPPOE_GIVEN_ID, f->session_id == s->session_id},
		{PPPOE_GIVEN_MAC, rte_is_same_ether_addr(&f->mac, &s->mac)},
		{PPPOE_GIVEN_OUTER, f->outer == s->outer},
		{PPPOE_GIVEN_INNER, f->inner == s->inner},
		{PPPOE_GIVEN_IPV4, f->ipv4 == s->ipv4},
		{PPPOE_GIVEN_PREFIX, f->prefix == s->prefix},
		{PPPOE_GIVEN_ACCOUNTING, f->accounting_id == s->accounting_id},
		{PPPOE_GIVEN_USER, strncmp(f->user, s->user, sizeof(f->user)) == 0},
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if ((f->given & checks[i].given) && !checks[i].so)
			return false;
	return true;
}
