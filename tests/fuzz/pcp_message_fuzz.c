/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCP requests from subscribers: decoded, and answered in their place. The input is the message;
 * the client's address in it, if there is one, is taken for the packet's. A response must be one:
 * whole words, no longer than a message may be, marked as a response.
 */
#include <stdlib.h>
#include <string.h>

#include "pcp_message.h"
#include "target.h"

#define AT_CLIENT 20 /* the IPv4 address in it */

static uint32_t
client_of(const uint8_t *data, size_t size)
{
	if (size < NAT_PCP_HEADER_SIZE)
		return 0;
	return (uint32_t)data[AT_CLIENT] << 24 | (uint32_t)data[AT_CLIENT + 1] << 16 |
	       (uint32_t)data[AT_CLIENT + 2] << 8 | data[AT_CLIENT + 3];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nat_pcp_request request = {0};
	struct nat_pcp_response response = {.lifetime = 1, .epoch = 2, .port = 3, .address = 4};
	int result = nat_pcp_decode(data, size, client_of(data, size), &request);
	uint8_t *bytes;
	size_t got;

	if (result == NAT_PCP_SILENCE)
		return 0;
	bytes = malloc(NAT_PCP_MAX_SIZE);
	if (bytes == NULL)
		abort();
	memcpy(bytes, data, size < NAT_PCP_MAX_SIZE ? size : NAT_PCP_MAX_SIZE);
	response.result = (uint8_t)result;
	response.prefer_failure = request.prefer_failure;
	got = nat_pcp_respond(bytes, size, &response);
	if (got % 4 != 0 || got < NAT_PCP_HEADER_SIZE || got > NAT_PCP_MAX_SIZE ||
	    bytes[0] != NAT_PCP_VERSION || !(bytes[1] & 0x80) || bytes[3] != result)
		abort();
	free(bytes);
	return 0;
}
