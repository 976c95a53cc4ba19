/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the Port Control Protocol, version 2 (RFC 6887 sections 7, 8, 11 and 14), as far as
 * a NAT for IPv4 answers them: ANNOUNCE and MAP. Pure: bytes in, a request out; a result in, the
 * response out, in the place of the request.
 *
 *   header  version, opcode, lifetime, client's address (request); result, epoch (response): 24 bytes
 *   MAP     nonce, protocol, inside port, external port and address: 36 bytes
 *   options code, size, data, filled up to a multiple of 4
 *
 * Numbers here are in host order; IPv4 addresses stand in the messages as IPv4-mapped IPv6 addresses.
 */
#ifndef NAT_PCP_MESSAGE_H
#define NAT_PCP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAT_PCP_PORT 5351u
#define NAT_PCP_VERSION 2u
#define NAT_PCP_NONCE_SIZE 12u
#define NAT_PCP_HEADER_SIZE 24u
#define NAT_PCP_MAP_SIZE 36u
#define NAT_PCP_MAX_SIZE 1100u /* of a message */

enum nat_pcp_opcode { NAT_PCP_ANNOUNCE = 0, NAT_PCP_MAP = 1 };

/* RFC 6887 section 7.4. */
enum nat_pcp_result {
	NAT_PCP_SUCCESS = 0,
	NAT_PCP_UNSUPP_VERSION = 1,
	NAT_PCP_NOT_AUTHORIZED = 2,
	NAT_PCP_MALFORMED_REQUEST = 3,
	NAT_PCP_UNSUPP_OPCODE = 4,
	NAT_PCP_UNSUPP_OPTION = 5,
	NAT_PCP_MALFORMED_OPTION = 6,
	NAT_PCP_NO_RESOURCES = 8,
	NAT_PCP_UNSUPP_PROTOCOL = 9,
	NAT_PCP_USER_EX_QUOTA = 10,
	NAT_PCP_CANNOT_PROVIDE_EXTERNAL = 11,
	NAT_PCP_ADDRESS_MISMATCH = 12,
};

#define NAT_PCP_SILENCE (-1) /* not a request: no answer */

/* A suggested external address that is not IPv4: of no pool. */
#define NAT_PCP_OTHER_FAMILY UINT32_MAX

struct nat_pcp_request {
	uint8_t opcode;
	uint32_t lifetime; /* seconds; 0: delete */
	/* MAP: */
	uint8_t nonce[NAT_PCP_NONCE_SIZE];
	uint8_t protocol; /* 0: all */
	uint16_t inside_port;
	uint16_t suggested_port;    /* 0: any */
	uint32_t suggested_address; /* 0: any */
	bool prefer_failure;        /* nothing but what is suggested */
};

struct nat_pcp_response {
	uint8_t result;
	uint32_t lifetime; /* of the mapping, or of the error; seconds */
	uint32_t epoch;    /* seconds */
	/* Of a successful MAP: */
	uint16_t port;
	uint32_t address;
	bool prefer_failure;     /* the request had the option, and it was obeyed */
	bool repeats_suggestion; /* instead of port and address */
};

/* Takes a request of `size` bytes that came from `source` apart. Returns the result that it has
 * already (SUCCESS: none yet, and *ret_request is complete), or NAT_PCP_SILENCE. */
int nat_pcp_decode(const uint8_t *bytes, size_t size, uint32_t source,
		   struct nat_pcp_request *ret_request);

/* Makes the response to the request of `size` bytes (which nat_pcp_decode() did not meet with silence)
 * out of it. There is room for NAT_PCP_MAX_SIZE bytes. Returns the response's size. */
size_t nat_pcp_respond(uint8_t *bytes, size_t size, const struct nat_pcp_response *response);

/* How long an error lasts (section 7.4): the short ones may be over soon. */
uint32_t nat_pcp_error_lifetime(enum nat_pcp_result result);

#endif
