/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

uint64_t
rules_cookie(uint16_t magic, uint8_t service, enum rules_role role, uint32_t tag)
{
	return (uint64_t)magic << 48 | (uint64_t)service << 40 | (uint64_t)role << 32 | tag;
}

enum rules_role
rules_cookie_role(uint64_t cookie)
{
	return (enum rules_role)(cookie >> 32 & 0xff);
}

uint8_t
rules_cookie_service(uint64_t cookie)
{
	return (uint8_t)(cookie >> 40);
}

uint32_t
rules_cookie_tag(uint64_t cookie)
{
	return (uint32_t)cookie;
}

const char *
rules_role_name(enum rules_role role)
{
	static const char *const names[] = {
		"none",     "guard",          "drop",  "ingress", "egress",
		"redirect", "redirect-frame", "flush", "nudge",
	};

	return (unsigned)role < sizeof(names) / sizeof(names[0]) ? names[role] : "unknown";
}
