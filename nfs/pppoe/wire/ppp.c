/* SPDX-License-Identifier: Apache-2.0 */
/* The head of PPP's control packets; see ppp.h. Pure. */
#include "ppp.h"

bool
ppp_control_parse(const uint8_t *packet, uint32_t size, struct ppp_control *ret)
{
	uint16_t length;

	if (size < PPP_HEAD)
		return false;
	length = nf_get16(packet + 2);
	if (length < PPP_HEAD || length > size)
		return false;
	*ret = (struct ppp_control){
		.code = packet[0],
		.identifier = packet[1],
		.data = packet + PPP_HEAD,
		.size = (uint16_t)(length - PPP_HEAD),
	};
	return true;
}

uint16_t
ppp_control_head(uint8_t *packet, uint8_t code, uint8_t identifier, uint16_t size)
{
	packet[0] = code;
	packet[1] = identifier;
	nf_put16(packet + 2, (uint16_t)(PPP_HEAD + size));
	return (uint16_t)(PPP_HEAD + size);
}
