/* SPDX-License-Identifier: Apache-2.0 */
/* PAP and CHAP; see auth.h. Pure, but for OpenSSL's digest. */
#include "auth.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* Takes a text behind its octet of length. False: it is longer than what is left. */
static bool
take_text(struct ppp_text *left, struct ppp_text *ret)
{
	uint8_t size;

	if (left->size == 0)
		return false;
	size = left->data[0];
	if (size > left->size - 1)
		return false;
	*ret = (struct ppp_text){left->data + 1, size};
	left->data += 1 + size;
	left->size = (uint16_t)(left->size - 1 - size);
	return true;
}

/* Writes one behind its octet of length, and passes *at over it. False: no room, or too long for its length. */
static bool
put_text(uint8_t *data, uint16_t room, uint16_t *at, const char *text)
{
	size_t size = strlen(text);

	if (size > UINT8_MAX || *at + 1u + size > room)
		return false;
	data[*at] = (uint8_t)size;
	memcpy(data + *at + 1, text, size);
	*at = (uint16_t)(*at + 1 + size);
	return true;
}

/* ---- PAP ----------------------------------------------------------------------------------------------- */

bool
pap_parse_request(const struct ppp_control *c, struct pap_request *ret)
{
	struct ppp_text left = {c->data, c->size};
	struct pap_request request;

	if (!take_text(&left, &request.user) || !take_text(&left, &request.password))
		return false;
	*ret = request;
	return true;
}

bool
pap_parse_answer(const struct ppp_control *c, struct ppp_text *ret_message)
{
	struct ppp_text left = {c->data, c->size};

	if (c->size > 0)
		return take_text(&left, ret_message);
	*ret_message = left;
	return true;
}

uint16_t
pap_put_answer(uint8_t *data, uint16_t room, const char *message)
{
	uint16_t size = 0;

	return put_text(data, room, &size, message) ? size : 0;
}

uint16_t
pap_put_request(uint8_t *data, uint16_t room, const char *user, const char *password)
{
	uint16_t size = 0;

	return put_text(data, room, &size, user) && put_text(data, room, &size, password) ? size
											  : 0;
}

/* ---- CHAP ---------------------------------------------------------------------------------------------- */

bool
chap_parse_value(const struct ppp_control *c, struct chap_value *ret)
{
	struct ppp_text left = {c->data, c->size};
	struct ppp_text value;

	if (!take_text(&left, &value) || value.size == 0)
		return false;
	*ret = (struct chap_value){.value = value, .name = left};
	return true;
}

uint16_t
chap_put_value(uint8_t *data, uint16_t room, const uint8_t *value, uint8_t value_size,
	       const char *name)
{
	size_t name_size = strlen(name);

	if (value_size == 0 || 1u + value_size + name_size > room)
		return 0;
	data[0] = value_size;
	memcpy(data + 1, value, value_size);
	memcpy(data + 1 + value_size, name, name_size);
	return (uint16_t)(1 + value_size + name_size);
}

bool
chap_md5(uint8_t identifier, const void *secret, uint16_t secret_size, const uint8_t *challenge,
	 uint16_t challenge_size, uint8_t ret[CHAP_MD5_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
		  EVP_DigestUpdate(context, &identifier, sizeof(identifier)) == 1 &&
		  EVP_DigestUpdate(context, secret, secret_size) == 1 &&
		  EVP_DigestUpdate(context, challenge, challenge_size) == 1 &&
		  EVP_DigestFinal_ex(context, ret, NULL) == 1;

	EVP_MD_CTX_free(context); /* forgets the secret, too */
	return ok;
}

bool
ppp_same_secret(const void *a, uint16_t a_size, const void *b, uint16_t b_size)
{
	return a_size == b_size && CRYPTO_memcmp(a, b, a_size) == 0;
}
