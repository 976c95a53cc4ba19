/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AC-Cookie (RFC 2516 section 9 and appendix A): who sends a PADR with it has received our PADO at this address, a
 * moment ago. It is a time stamp and a keyed digest (HMAC-SHA256, cut) over it, the client's MAC address and VLANs, so that
 * nothing is remembered of who asked. Times in it count from the birth of the secret, so they mean the same at another
 * instance, whatever its clock says. Pure, but for OpenSSL's HMAC.
 */
#ifndef PPPOE_WIRE_COOKIE_H
#define PPPOE_WIRE_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#define PPPOE_COOKIE_SIZE 20u /* octets: 4 of time, 16 of digest */
#define PPPOE_COOKIE_KEY 32u

struct pppoe_cookie_line {
	uint8_t mac[6];
	uint16_t outer; /* VLAN ids, host order; 0: none */
	uint16_t inner;
};

/* `age_s`: seconds since the secret was made. False: the digest is not to be had. */
bool pppoe_cookie_make(const uint8_t key[PPPOE_COOKIE_KEY], uint32_t age_s,
		       const struct pppoe_cookie_line *line, uint8_t ret[PPPOE_COOKIE_SIZE]);

enum pppoe_cookie_verdict { PPPOE_COOKIE_GOOD = 0, PPPOE_COOKIE_FORGED, PPPOE_COOKIE_OLD };

/* Good for `lifetime_s` seconds. One from the future is forged. */
enum pppoe_cookie_verdict pppoe_cookie_judge(const uint8_t key[PPPOE_COOKIE_KEY], uint32_t age_s,
					     uint32_t lifetime_s,
					     const struct pppoe_cookie_line *line,
					     const uint8_t *cookie, uint16_t size);

#endif
