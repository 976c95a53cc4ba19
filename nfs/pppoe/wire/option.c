/* SPDX-License-Identifier: Apache-2.0 */
/* Reader and writer of configuration options; see option.h. Pure. */
#include "option.h"

#include <string.h>

#include "octets.h"

#define OPTION_HEAD 2u /* octets: type, length */

enum ppp_next
ppp_option_next(struct ppp_options *options, struct ppp_option *ret)
{
	uint8_t length;

	if (options->left == 0)
		return PPP_NEXT_END;
	if (options->left < OPTION_HEAD)
		return PPP_NEXT_BAD;
	length = options->at[1];
	if (length < OPTION_HEAD || length > options->left)
		return PPP_NEXT_BAD;
	*ret = (struct ppp_option){
		.type = options->at[0],
		.data = options->at + OPTION_HEAD,
		.size = (uint8_t)(length - OPTION_HEAD),
	};
	options->at += length;
	options->left = (uint16_t)(options->left - length);
	return PPP_NEXT_OPTION;
}

bool
ppp_options_are_whole(const uint8_t *data, uint16_t size)
{
	struct ppp_options options = {data, size};
	struct ppp_option option;
	enum ppp_next next;

	do
		next = ppp_option_next(&options, &option);
	while (next == PPP_NEXT_OPTION);
	return next == PPP_NEXT_END;
}

void
ppp_put_option(struct ppp_writer *w, uint8_t type, const void *data, uint8_t size)
{
	if (size > PPP_OPTION_MAX || w->left < OPTION_HEAD + size)
		w->full = true;
	if (w->full)
		return;
	w->at[0] = type;
	w->at[1] = (uint8_t)(OPTION_HEAD + size);
	if (size > 0)
		memcpy(w->at + OPTION_HEAD, data, size);
	w->at += OPTION_HEAD + size;
	w->left = (uint16_t)(w->left - OPTION_HEAD - size);
}

void
ppp_put_u16(struct ppp_writer *w, uint8_t type, uint16_t value)
{
	uint8_t octets[2];

	nf_put16(octets, value);
	ppp_put_option(w, type, octets, sizeof(octets));
}

void
ppp_put_u32(struct ppp_writer *w, uint8_t type, uint32_t value)
{
	uint8_t octets[4];

	nf_put32(octets, value);
	ppp_put_option(w, type, octets, sizeof(octets));
}

uint16_t
ppp_option_u16(const struct ppp_option *o)
{
	return nf_get16(o->data);
}

uint32_t
ppp_option_u32(const struct ppp_option *o)
{
	return nf_get32(o->data);
}
