/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RADIUS packets (RFC 2865 section 3, RFC 2866 section 3, RFC 5176 section 2.3): read, judged and written. Pure, but for
 * OpenSSL's digests. Who calls keeps the packet's memory.
 *
 * Every Access-Request is signed (Message-Authenticator, RFC 3579 section 3.2). An answer to one should be signed as well:
 * without it, who stands between can make an Access-Accept of a Reject, because MD5 collides. Who judges tells them apart.
 */
#ifndef PPPOE_WIRE_RADIUS_PACKET_H
#define PPPOE_WIRE_RADIUS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RADIUS_HEAD 20u
#define RADIUS_MAX 4096u /* octets of a packet */
#define RADIUS_AUTHENTICATOR 16u
#define RADIUS_PASSWORD_MAX 128u /* octets of User-Password */
#define RADIUS_VENDOR_ADSL 3561u /* ADSL Forum: RFC 4679 */

enum radius_code {
	RADIUS_ACCESS_REQUEST = 1,
	RADIUS_ACCESS_ACCEPT = 2,
	RADIUS_ACCESS_REJECT = 3,
	RADIUS_ACCOUNTING_REQUEST = 4,
	RADIUS_ACCOUNTING_RESPONSE = 5,
	RADIUS_ACCESS_CHALLENGE = 11,
	RADIUS_DISCONNECT_REQUEST = 40,
	RADIUS_DISCONNECT_ACK = 41,
	RADIUS_DISCONNECT_NAK = 42,
	RADIUS_COA_REQUEST = 43,
	RADIUS_COA_NAK = 45,
};

enum radius_type {
	RADIUS_USER_NAME = 1,
	RADIUS_USER_PASSWORD = 2,
	RADIUS_CHAP_PASSWORD = 3,
	RADIUS_NAS_IP_ADDRESS = 4,
	RADIUS_NAS_PORT = 5,
	RADIUS_SERVICE_TYPE = 6,
	RADIUS_FRAMED_PROTOCOL = 7,
	RADIUS_FRAMED_IP_ADDRESS = 8,
	RADIUS_REPLY_MESSAGE = 18,
	RADIUS_STATE = 24,
	RADIUS_CLASS = 25,
	RADIUS_VENDOR_SPECIFIC = 26,
	RADIUS_SESSION_TIMEOUT = 27,
	RADIUS_IDLE_TIMEOUT = 28,
	RADIUS_CALLING_STATION_ID = 31,
	RADIUS_NAS_IDENTIFIER = 32,
	RADIUS_PROXY_STATE = 33,
	RADIUS_ACCT_STATUS_TYPE = 40,
	RADIUS_ACCT_DELAY_TIME = 41,
	RADIUS_ACCT_INPUT_OCTETS = 42,
	RADIUS_ACCT_OUTPUT_OCTETS = 43,
	RADIUS_ACCT_SESSION_ID = 44,
	RADIUS_ACCT_AUTHENTIC = 45,
	RADIUS_ACCT_SESSION_TIME = 46,
	RADIUS_ACCT_INPUT_PACKETS = 47,
	RADIUS_ACCT_OUTPUT_PACKETS = 48,
	RADIUS_ACCT_TERMINATE_CAUSE = 49,
	RADIUS_ACCT_INPUT_GIGAWORDS = 52,
	RADIUS_ACCT_OUTPUT_GIGAWORDS = 53,
	RADIUS_EVENT_TIMESTAMP = 55,
	RADIUS_CHAP_CHALLENGE = 60,
	RADIUS_NAS_PORT_TYPE = 61,
	RADIUS_MESSAGE_AUTHENTICATOR = 80,
	RADIUS_ACCT_INTERIM_INTERVAL = 85,
	RADIUS_NAS_PORT_ID = 87,
	RADIUS_ERROR_CAUSE = 101,
};

enum radius_adsl_type { /* of RADIUS_VENDOR_ADSL */
			RADIUS_AGENT_CIRCUIT_ID = 1,
			RADIUS_AGENT_REMOTE_ID = 2,
};

/* RFC 5176 section 3.5. */
enum radius_error_cause {
	RADIUS_RESIDUAL_SESSION_REMOVED = 201,
	RADIUS_UNSUPPORTED_ATTRIBUTE = 401,
	RADIUS_MISSING_ATTRIBUTE = 402,
	RADIUS_NAS_MISMATCH = 403,
	RADIUS_INVALID_REQUEST = 404,
	RADIUS_UNSUPPORTED_SERVICE = 405,
	RADIUS_UNSUPPORTED_EXTENSION = 406,
	RADIUS_SESSION_NOT_FOUND = 503,
	RADIUS_RESOURCES_UNAVAILABLE = 506,
};

/* ---- read ------------------------------------------------------------------------------------------------------- */

struct radius_packet {
	const uint8_t *bytes;
	uint16_t size; /* as its head says; what stands behind is padding */
};

struct radius_attribute {
	const uint8_t *data;
	uint8_t size; /* of the data */
	uint8_t type; /* enum radius_type */
};

/* False: a length that lies, of the packet or of an attribute. */
bool radius_parse(const uint8_t *bytes, size_t size, struct radius_packet *ret);

static inline uint8_t
radius_code(const struct radius_packet *p)
{
	return p->bytes[0];
}

static inline uint8_t
radius_identifier(const struct radius_packet *p)
{
	return p->bytes[1];
}

static inline const uint8_t *
radius_authenticator(const struct radius_packet *p)
{
	return p->bytes + 4;
}

/* One attribute after the other: *at is 0 at first. False: there is none. Of a packet that was parsed. */
bool radius_next(const struct radius_packet *p, uint16_t *at, struct radius_attribute *ret);
/* The first of this type. */
bool radius_find(const struct radius_packet *p, uint8_t type, struct radius_attribute *ret);
/* Of four octets. */
bool radius_find_number(const struct radius_packet *p, uint8_t type, uint32_t *ret);

/* ---- judge ------------------------------------------------------------------------------------------------------- */

enum radius_verdict {
	RADIUS_GOOD = 0,
	RADIUS_FORGED,   /* authenticator or signature is another secret's, or another request's */
	RADIUS_UNSIGNED, /* right, but without Message-Authenticator */
};

/* An Accounting- or Disconnect-Request. */
enum radius_verdict radius_judge_request(const struct radius_packet *p, const char *secret);
/* An answer to the request that had this authenticator. */
enum radius_verdict radius_judge_answer(const struct radius_packet *p,
					const uint8_t request[RADIUS_AUTHENTICATOR],
					const char *secret);

/* ---- write ------------------------------------------------------------------------------------------------------- */

struct radius_writer {
	uint8_t *bytes;
	uint16_t room;
	uint16_t size;      /* so far */
	uint16_t signature; /* where Message-Authenticator's value stands; 0: there is none */
	bool full; /* something found no room, or cannot be written: there will be no packet */
};

/* `authenticator`: random in an Access-Request, the request's in an answer to one, zeros (NULL) in the others. */
void radius_begin(struct radius_writer *w, uint8_t *bytes, uint16_t room, uint8_t code,
		  uint8_t identifier, const uint8_t *authenticator);
void radius_put(struct radius_writer *w, uint8_t type, const void *data, size_t size);
void radius_put_number(struct radius_writer *w, uint8_t type, uint32_t number);
/* An empty one is left out. */
void radius_put_text(struct radius_writer *w, uint8_t type, const char *text);
void radius_put_vendor_text(struct radius_writer *w, uint32_t vendor, uint8_t type,
			    const char *text);
/* User-Password, hidden (RFC 2865 section 5.2). */
void radius_put_password(struct radius_writer *w, const uint8_t *password, size_t size,
			 const char *secret);
/* A place for Message-Authenticator. */
void radius_put_signature(struct radius_writer *w);

/* An Access-Request. The size of the packet; 0: there was no room. */
uint16_t radius_end_access(struct radius_writer *w, const char *secret);
/* The others, whose authenticator is a digest. */
uint16_t radius_end_digest(struct radius_writer *w, const char *secret);

#endif
