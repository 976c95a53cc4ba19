/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of PAP (RFC 1334 section 2) and CHAP with MD5 (RFC 1994), behind the head (ppp.h). Passwords are compared in
 * constant time and stand nowhere else. Pure, but for OpenSSL's digest.
 */
#ifndef PPPOE_WIRE_AUTH_H
#define PPPOE_WIRE_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "ppp.h"

enum pap_code { PAP_REQUEST = 1, PAP_ACK, PAP_NAK };
enum chap_code { CHAP_CHALLENGE = 1, CHAP_RESPONSE, CHAP_SUCCESS, CHAP_FAILURE };

#define CHAP_MD5 5u             /* algorithm, in LCP's option */
#define CHAP_CHALLENGE_SIZE 16u /* octets that we send */
#define CHAP_MD5_SIZE 16u

/* A piece of a frame; not ended by a zero. */
struct ppp_text {
	const uint8_t *data;
	uint16_t size;
};

struct pap_request {
	struct ppp_text user;
	struct ppp_text password;
};
/* False: a length that lies; *ret is as it was. What stands behind the password is passed over. */
bool pap_parse_request(const struct ppp_control *c, struct pap_request *ret);
/* Data of an Ack or Nak, and of a client's request. Returns its size; 0: no room, or a text of more than 255 octets. */
uint16_t pap_put_answer(uint8_t *data, uint16_t room, const char *message);
uint16_t pap_put_request(uint8_t *data, uint16_t room, const char *user, const char *password);
/* Of an Ack or Nak. Without any data, as some send it, the message is empty. False: a length that lies. */
bool pap_parse_answer(const struct ppp_control *c, struct ppp_text *ret_message);

/* Challenge and Response: value, then name. Success and Failure have a message as their data, and nothing else. */
struct chap_value {
	struct ppp_text value;
	struct ppp_text name;
};
/* False: a value of no octets (RFC 1994 section 4.1), or a size that lies. The name may be empty. */
bool chap_parse_value(const struct ppp_control *c, struct chap_value *ret);
/* Returns the size of the data; 0: no room, or no value. */
uint16_t chap_put_value(uint8_t *data, uint16_t room, const uint8_t *value, uint8_t value_size,
			const char *name);

/* MD5 over identifier, secret and challenge (RFC 1994 section 4.1). False: the digest is not to be had. Allocates, so
 * it is not for the packet path. */
bool chap_md5(uint8_t identifier, const void *secret, uint16_t secret_size,
	      const uint8_t *challenge, uint16_t challenge_size, uint8_t ret[CHAP_MD5_SIZE]);

/* In constant time for texts of one size. */
bool ppp_same_secret(const void *a, uint16_t a_size, const void *b, uint16_t b_size);

#endif
