/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of PCP; see pcp_message.h. Pure. */
#include "pcp_message.h"

#include <string.h>

#include "octets.h"

#define RESPONSE 0x80u          /* beside the opcode */
#define OPTION_HEADER_SIZE 4u   /* code, reserved, size */
#define OPTIONAL_TO_PROCESS 128 /* and all codes above */
#define SHORT_ERROR 30u         /* seconds */
#define LONG_ERROR 1800u

enum option { THIRD_PARTY = 1, PREFER_FAILURE = 2, FILTER = 3 };

/* Places in a message. */
enum {
	AT_RESULT = 3,
	AT_LIFETIME = 4,
	AT_CLIENT = 8, /* of a request */
	AT_EPOCH = 8,  /* of a response */
	AT_RESERVED = 12,
	AT_NONCE = 24,
	AT_PROTOCOL = 36,
	AT_INSIDE_PORT = 40,
	AT_PORT = 42,
	AT_ADDRESS = 44,
	AT_MAP_OPTIONS = NAT_PCP_HEADER_SIZE + NAT_PCP_MAP_SIZE,
};

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t any_address[16];

static size_t
round_up(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static bool
is_ipv4(const uint8_t *at)
{
	return memcmp(at, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static uint32_t
get_address(const uint8_t *at)
{
	if (memcmp(at, any_address, sizeof(any_address)) == 0)
		return 0;
	return is_ipv4(at) ? nf_get32(at + sizeof(mapped_prefix)) : NAT_PCP_OTHER_FAMILY;
}

/* ---- requests ------------------------------------------------------------------------------ */

static int
take_option(uint8_t opcode, uint8_t code, uint16_t size, struct nat_pcp_request *request)
{
	if (code >= OPTIONAL_TO_PROCESS)
		return NAT_PCP_SUCCESS;
	if (code == THIRD_PARTY)
		return size == 16 ? NAT_PCP_UNSUPP_OPTION : NAT_PCP_MALFORMED_OPTION;
	if (code == FILTER && opcode == NAT_PCP_MAP)
		return size == 20 ? NAT_PCP_UNSUPP_OPTION : NAT_PCP_MALFORMED_OPTION;
	if (code != PREFER_FAILURE)
		return NAT_PCP_UNSUPP_OPTION;
	/* Once, without data, and with MAP only. */
	if (size != 0 || request->prefer_failure || opcode != NAT_PCP_MAP)
		return NAT_PCP_MALFORMED_OPTION;
	request->prefer_failure = true;
	return NAT_PCP_SUCCESS;
}

static int
take_options(const uint8_t *at, const uint8_t *end, struct nat_pcp_request *request)
{
	int result = NAT_PCP_SUCCESS;

	/* The message is a multiple of 4 bytes, so there is a whole header or nothing. */
	while (at < end && result == NAT_PCP_SUCCESS) {
		size_t size = nf_get16(at + 2);

		if (round_up(size) > (size_t)(end - at) - OPTION_HEADER_SIZE)
			return NAT_PCP_MALFORMED_OPTION;
		result = take_option(request->opcode, at[0], (uint16_t)size, request);
		at += OPTION_HEADER_SIZE + round_up(size);
	}
	return result;
}

static void
take_map(const uint8_t *bytes, struct nat_pcp_request *request)
{
	memcpy(request->nonce, bytes + AT_NONCE, sizeof(request->nonce));
	request->protocol = bytes[AT_PROTOCOL];
	request->inside_port = nf_get16(bytes + AT_INSIDE_PORT);
	request->suggested_port = nf_get16(bytes + AT_PORT);
	request->suggested_address = get_address(bytes + AT_ADDRESS);
}

int
nat_pcp_decode(const uint8_t *bytes, size_t size, uint32_t source,
	       struct nat_pcp_request *ret_request)
{
	size_t options = NAT_PCP_HEADER_SIZE;

	if (size < 2 || (bytes[1] & RESPONSE))
		return NAT_PCP_SILENCE;
	if (bytes[0] != NAT_PCP_VERSION)
		return NAT_PCP_UNSUPP_VERSION;
	if (size < NAT_PCP_HEADER_SIZE || size > NAT_PCP_MAX_SIZE || size % 4 != 0)
		return NAT_PCP_MALFORMED_REQUEST;
	if (bytes[1] > NAT_PCP_MAP)
		return NAT_PCP_UNSUPP_OPCODE;
	if (!is_ipv4(bytes + AT_CLIENT) ||
	    nf_get32(bytes + AT_CLIENT + sizeof(mapped_prefix)) != source)
		return NAT_PCP_ADDRESS_MISMATCH;
	*ret_request = (struct nat_pcp_request){.opcode = bytes[1],
						.lifetime = nf_get32(bytes + AT_LIFETIME)};
	if (bytes[1] == NAT_PCP_MAP) {
		if (size < AT_MAP_OPTIONS)
			return NAT_PCP_MALFORMED_REQUEST;
		take_map(bytes, ret_request);
		options = AT_MAP_OPTIONS;
	}
	return take_options(bytes + options, bytes + size, ret_request);
}

/* ---- responses --------------------------------------------------------------------------------- */

/* An error repeats the request, as far as there is room; success the options that were obeyed. */
static size_t
response_size(const uint8_t *bytes, size_t size, const struct nat_pcp_response *response)
{
	if (response->result != NAT_PCP_SUCCESS) {
		size = size < NAT_PCP_MAX_SIZE ? round_up(size) : NAT_PCP_MAX_SIZE;
		return size < NAT_PCP_HEADER_SIZE ? NAT_PCP_HEADER_SIZE : size;
	}
	if (bytes[1] != NAT_PCP_MAP)
		return NAT_PCP_HEADER_SIZE;
	return AT_MAP_OPTIONS + (response->prefer_failure ? OPTION_HEADER_SIZE : 0);
}

static void
put_mapping(uint8_t *bytes, const struct nat_pcp_response *response)
{
	memset(bytes + AT_PROTOCOL + 1, 0, AT_INSIDE_PORT - AT_PROTOCOL - 1);
	if (response->repeats_suggestion)
		return;
	nf_put16(bytes + AT_PORT, response->port);
	memcpy(bytes + AT_ADDRESS, mapped_prefix, sizeof(mapped_prefix));
	nf_put32(bytes + AT_ADDRESS + sizeof(mapped_prefix), response->address);
	if (response->prefer_failure)
		nf_put32(bytes + AT_MAP_OPTIONS, (uint32_t)PREFER_FAILURE << 24);
}

size_t
nat_pcp_respond(uint8_t *bytes, size_t size, const struct nat_pcp_response *response)
{
	size_t whole = response_size(bytes, size, response);

	bool mapped = response->result == NAT_PCP_SUCCESS && bytes[1] == NAT_PCP_MAP;

	if (whole > size)
		memset(bytes + size, 0, whole - size);
	bytes[0] = NAT_PCP_VERSION;
	bytes[1] |= RESPONSE;
	bytes[2] = 0;
	bytes[AT_RESULT] = response->result;
	nf_put32(bytes + AT_LIFETIME, response->lifetime);
	nf_put32(bytes + AT_EPOCH, response->epoch);
	memset(bytes + AT_RESERVED, 0, NAT_PCP_HEADER_SIZE - AT_RESERVED);
	if (mapped)
		put_mapping(bytes, response);
	return whole;
}

uint32_t
nat_pcp_error_lifetime(enum nat_pcp_result result)
{
	switch (result) {
	case NAT_PCP_NO_RESOURCES:
	case NAT_PCP_USER_EX_QUOTA:
	case NAT_PCP_CANNOT_PROVIDE_EXTERNAL:
		return SHORT_ERROR;
	default:
		return LONG_ERROR;
	}
}
