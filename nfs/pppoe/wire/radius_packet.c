/* SPDX-License-Identifier: Apache-2.0 */
/* RADIUS packets; see radius_packet.h. */
#include "radius_packet.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "octets.h"

#define ATTRIBUTE_HEAD 2u
#define ATTRIBUTE_MAX 255u
#define VENDOR_HEAD 6u /* vendor, then type and size of its own */
#define BLOCK 16u      /* of MD5's output */

static const uint8_t zeros[BLOCK];

/* ---- read ------------------------------------------------------------------------------------------------------- */

bool
radius_parse(const uint8_t *bytes, size_t size, struct radius_packet *ret)
{
	uint16_t length, at = RADIUS_HEAD;

	if (size < RADIUS_HEAD)
		return false;
	length = nf_get16(bytes + 2);
	if (length < RADIUS_HEAD || length > RADIUS_MAX || length > size)
		return false;
	while (at < length) {
		if (length - at < (int)ATTRIBUTE_HEAD || bytes[at + 1] < ATTRIBUTE_HEAD ||
		    bytes[at + 1] > length - at)
			return false;
		at = (uint16_t)(at + bytes[at + 1]);
	}
	*ret = (struct radius_packet){.bytes = bytes, .size = length};
	return true;
}

bool
radius_next(const struct radius_packet *p, uint16_t *at, struct radius_attribute *ret)
{
	uint16_t here = *at != 0 ? *at : RADIUS_HEAD;

	if (here >= p->size)
		return false;
	*ret = (struct radius_attribute){
		.type = p->bytes[here],
		.size = (uint8_t)(p->bytes[here + 1] - ATTRIBUTE_HEAD),
		.data = p->bytes + here + ATTRIBUTE_HEAD,
	};
	*at = (uint16_t)(here + p->bytes[here + 1]);
	return true;
}

bool
radius_find(const struct radius_packet *p, uint8_t type, struct radius_attribute *ret)
{
	struct radius_attribute attribute;
	uint16_t at = 0;

	while (radius_next(p, &at, &attribute)) {
		if (attribute.type != type)
			continue;
		*ret = attribute;
		return true;
	}
	return false;
}

bool
radius_find_number(const struct radius_packet *p, uint8_t type, uint32_t *ret)
{
	struct radius_attribute attribute;

	if (!radius_find(p, type, &attribute) || attribute.size != sizeof(*ret))
		return false;
	*ret = nf_get32(attribute.data);
	return true;
}

/* ---- digests ------------------------------------------------------------------------------------------------------ */

/* Of two pieces, one behind the other. */
static bool
md5(const void *a, size_t a_size, const void *b, size_t b_size, uint8_t ret[BLOCK])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool done = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_md5(), NULL) == 1 &&
		    EVP_DigestUpdate(ctx, a, a_size) == 1 &&
		    EVP_DigestUpdate(ctx, b, b_size) == 1 &&
		    EVP_DigestFinal_ex(ctx, ret, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	return done;
}

static bool
hmac(const char *secret, const uint8_t *bytes, size_t size, uint8_t ret[BLOCK])
{
	return HMAC(EVP_md5(), secret, (int)strlen(secret), bytes, size, ret, NULL) != NULL;
}

/* ---- judge ------------------------------------------------------------------------------------------------------- */

/* Where the value of the signature stands; 0: there is none. False: it is none, or there are two. */
static bool
find_signature(const struct radius_packet *p, uint16_t *ret_place)
{
	struct radius_attribute attribute;
	uint16_t at = 0, place = 0;

	while (radius_next(p, &at, &attribute)) {
		if (attribute.type != RADIUS_MESSAGE_AUTHENTICATOR)
			continue;
		if (attribute.size != BLOCK || place != 0)
			return false;
		place = (uint16_t)(attribute.data - p->bytes);
	}
	*ret_place = place;
	return true;
}

/* The packet with `seed` as its authenticator must have the digest that it says, and the signature, if it has one. */
static enum radius_verdict
judge(const struct radius_packet *p, const uint8_t *seed, const char *secret)
{
	uint8_t copy[RADIUS_MAX], digest[BLOCK];
	uint16_t signature;

	if (!find_signature(p, &signature))
		return RADIUS_FORGED;
	memcpy(copy, p->bytes, p->size);
	memcpy(copy + 4, seed, RADIUS_AUTHENTICATOR);
	if (!md5(copy, p->size, secret, strlen(secret), digest) ||
	    CRYPTO_memcmp(digest, radius_authenticator(p), BLOCK) != 0)
		return RADIUS_FORGED;
	if (signature == 0)
		return RADIUS_UNSIGNED;
	memset(copy + signature, 0, BLOCK);
	if (!hmac(secret, copy, p->size, digest) ||
	    CRYPTO_memcmp(digest, p->bytes + signature, BLOCK) != 0)
		return RADIUS_FORGED;
	return RADIUS_GOOD;
}

enum radius_verdict
radius_judge_request(const struct radius_packet *p, const char *secret)
{
	return judge(p, zeros, secret);
}

enum radius_verdict
radius_judge_answer(const struct radius_packet *p, const uint8_t request[RADIUS_AUTHENTICATOR],
		    const char *secret)
{
	return judge(p, request, secret);
}

/* ---- write ------------------------------------------------------------------------------------------------------- */

void
radius_begin(struct radius_writer *w, uint8_t *bytes, uint16_t room, uint8_t code,
	     uint8_t identifier, const uint8_t *authenticator)
{
	*w = (struct radius_writer){.bytes = bytes, .room = room, .size = RADIUS_HEAD};
	w->full = room < RADIUS_HEAD;
	if (w->full)
		return;
	bytes[0] = code;
	bytes[1] = identifier;
	memcpy(bytes + 4, authenticator != NULL ? authenticator : zeros, RADIUS_AUTHENTICATOR);
}

/* An attribute of `size` octets, to be filled in; NULL: no room. */
static uint8_t *
append(struct radius_writer *w, uint8_t type, size_t size)
{
	uint8_t *at;

	if (w->full || size > ATTRIBUTE_MAX - ATTRIBUTE_HEAD ||
	    (size_t)(w->room - w->size) < size + ATTRIBUTE_HEAD) {
		w->full = true;
		return NULL;
	}
	at = w->bytes + w->size;
	at[0] = type;
	at[1] = (uint8_t)(size + ATTRIBUTE_HEAD);
	w->size = (uint16_t)(w->size + at[1]);
	return at + ATTRIBUTE_HEAD;
}

void
radius_put(struct radius_writer *w, uint8_t type, const void *data, size_t size)
{
	uint8_t *at = append(w, type, size);

	if (at != NULL)
		memcpy(at, data, size);
}

void
radius_put_number(struct radius_writer *w, uint8_t type, uint32_t number)
{
	uint8_t *at = append(w, type, sizeof(number));

	if (at != NULL)
		nf_put32(at, number);
}

void
radius_put_text(struct radius_writer *w, uint8_t type, const char *text)
{
	if (*text != '\0')
		radius_put(w, type, text, strlen(text));
}

void
radius_put_vendor_text(struct radius_writer *w, uint32_t vendor, uint8_t type, const char *text)
{
	size_t size = strlen(text);
	uint8_t *at = size != 0 ? append(w, RADIUS_VENDOR_SPECIFIC, VENDOR_HEAD + size) : NULL;

	if (at == NULL)
		return;
	nf_put32(at, vendor);
	at[4] = type;
	at[5] = (uint8_t)(ATTRIBUTE_HEAD + size);
	memcpy(at + VENDOR_HEAD, text, size);
}

void
radius_put_password(struct radius_writer *w, const uint8_t *password, size_t size,
		    const char *secret)
{
	size_t padded = size == 0 ? BLOCK : (size + BLOCK - 1) / BLOCK * BLOCK;
	const uint8_t *before;
	uint8_t *at;

	if (size > RADIUS_PASSWORD_MAX || (at = append(w, RADIUS_USER_PASSWORD, padded)) == NULL) {
		w->full = true;
		return;
	}
	before = w->bytes + 4;
	for (size_t block = 0; block < padded; block += BLOCK) {
		if (!md5(secret, strlen(secret), before, BLOCK, at + block))
			w->full = true;
		for (size_t i = block; i < block + BLOCK && i < size; i++)
			at[i] ^= password[i];
		before = at + block;
	}
}

void
radius_put_signature(struct radius_writer *w)
{
	uint8_t *at = append(w, RADIUS_MESSAGE_AUTHENTICATOR, BLOCK);

	if (at == NULL)
		return;
	memset(at, 0, BLOCK);
	w->signature = (uint16_t)(at - w->bytes);
}

uint16_t
radius_end_access(struct radius_writer *w, const char *secret)
{
	uint8_t signature[BLOCK];

	if (w->full)
		return 0;
	nf_put16(w->bytes + 2, w->size);
	if (w->signature == 0)
		return w->size;
	if (!hmac(secret, w->bytes, w->size, signature))
		return 0;
	memcpy(w->bytes + w->signature, signature, BLOCK);
	return w->size;
}

uint16_t
radius_end_digest(struct radius_writer *w, const char *secret)
{
	uint8_t digest[BLOCK];

	/* The signature is made first: the digest is of it, too. */
	if (radius_end_access(w, secret) == 0 ||
	    !md5(w->bytes, w->size, secret, strlen(secret), digest))
		return 0;
	memcpy(w->bytes + 4, digest, BLOCK);
	return w->size;
}
