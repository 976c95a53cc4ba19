/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PPP's control packets from clients. The input is what stands in a session frame: protocol field, then the packet. What
 * is read lies in the input, and says the same when it is written again.
 */
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "option.h"
#include "target.h"

#define PROTOCOL 2u /* octets */

static void
promise(bool kept)
{
	if (!kept)
		abort();
}

static void
lies_in(const struct ppp_control *c, const uint8_t *data, uint16_t size)
{
	promise(data >= c->data && data + size <= c->data + c->size);
}

static void
options(const struct ppp_control *c)
{
	struct ppp_options list = {c->data, c->size};
	uint8_t written[UINT16_MAX];
	struct ppp_writer w = {.at = written, .left = c->size};
	struct ppp_option o;
	enum ppp_next next;

	while ((next = ppp_option_next(&list, &o)) == PPP_NEXT_OPTION) {
		lies_in(c, o.data, o.size);
		if (o.size >= 2)
			promise(ppp_option_u16(&o) == (o.data[0] << 8 | o.data[1]));
		if (o.size >= 4)
			promise(ppp_option_u32(&o) >> 16 == ppp_option_u16(&o));
		ppp_put_option(&w, o.type, o.data, o.size);
	}
	promise(!w.full && w.left == list.left);
	promise(memcmp(written, c->data, (size_t)(c->size - w.left)) == 0);
	promise((next == PPP_NEXT_END) == ppp_options_are_whole(c->data, c->size));
	promise((next == PPP_NEXT_END) == (list.left == 0));
}

/* Up to its first zero: as a name that is to be written. */
static const char *
named(struct ppp_text text, char name[UINT16_MAX + 1])
{
	memcpy(name, text.data, text.size);
	name[text.size] = '\0';
	return name;
}

static void
pap(const struct ppp_control *c)
{
	char user[UINT16_MAX + 1], password[UINT16_MAX + 1];
	struct pap_request request;
	struct ppp_text message;
	uint8_t written[512];

	if (c->code == PAP_REQUEST && pap_parse_request(c, &request)) {
		uint16_t size = (uint16_t)(2 + request.user.size + request.password.size);

		lies_in(c, request.user.data, request.user.size);
		lies_in(c, request.password.data, request.password.size);
		named(request.user, user);
		named(request.password, password);
		if (strlen(user) == request.user.size &&
		    strlen(password) == request.password.size) {
			promise(pap_put_request(written, sizeof(written), user, password) == size);
			promise(memcmp(written, c->data, size) == 0);
		}
	}
	if (c->code != PAP_REQUEST && pap_parse_answer(c, &message))
		lies_in(c, message.data, message.size);
}

static void
chap(const struct ppp_control *c)
{
	char name[UINT16_MAX + 1];
	uint8_t written[UINT16_MAX], digest[CHAP_MD5_SIZE];
	struct chap_value value;

	if (!chap_parse_value(c, &value))
		return;
	lies_in(c, value.value.data, value.value.size);
	lies_in(c, value.name.data, value.name.size);
	promise(chap_md5(c->identifier, "secret", 6, value.value.data, value.value.size, digest));
	promise(ppp_same_secret(digest, sizeof(digest), value.value.data, value.value.size) ==
		(value.value.size == sizeof(digest) &&
		 memcmp(digest, value.value.data, sizeof(digest)) == 0));
	named(value.name, name);
	if (strlen(name) != value.name.size)
		return;
	promise(chap_put_value(written, sizeof(written), value.value.data,
			       (uint8_t)value.value.size, name) == c->size);
	promise(memcmp(written, c->data, c->size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ppp_control c;
	uint8_t head[PPP_HEAD];

	if (size < PROTOCOL || size > UINT16_MAX ||
	    !ppp_control_parse(data + PROTOCOL, (uint32_t)(size - PROTOCOL), &c))
		return 0;
	promise(c.data + c.size <= data + size);
	promise(ppp_control_head(head, c.code, c.identifier, c.size) == PPP_HEAD + c.size);
	promise(memcmp(head, data + PROTOCOL, sizeof(head)) == 0);
	switch (nf_get16(data)) {
	case PPP_PAP:
		pap(&c);
		break;
	case PPP_CHAP:
		chap(&c);
		break;
	default: /* LCP, IPCP and IPV6CP */
		options(&c);
		break;
	}
	return 0;
}
