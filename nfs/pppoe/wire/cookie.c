/* SPDX-License-Identifier: Apache-2.0 */
/* The AC-Cookie; see cookie.h. */
#include "cookie.h"

#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "octets.h"

#define STAMP_SIZE 4u
#define DIGEST_SIZE 32u /* of SHA-256, */
#define CUT_SIZE 16u    /* and what of it is sent */
#define SIGNED_SIZE 14u /* stamp, MAC address, VLANs */

_Static_assert(STAMP_SIZE + CUT_SIZE == PPPOE_COOKIE_SIZE, "a stamp and a digest");

/* A thread's context, made at its first cookie and kept: to look algorithms up takes locks and most of the time. */
static _Thread_local EVP_MAC_CTX *context;
static pthread_key_t at_end; /* of a thread: frees its context */
static bool has_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
free_context(void *of)
{
	EVP_MAC_CTX_free(of);
}

static void
make_key(void)
{
	has_key = pthread_key_create(&at_end, free_context) == 0;
}

static EVP_MAC_CTX *
new_context(void)
{
	char name[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	EVP_MAC_CTX *made = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;

	EVP_MAC_free(hmac); /* the context has a reference of its own */
	pthread_once(&once, make_key);
	if (made != NULL && (EVP_MAC_CTX_set_params(made, params) != 1 || !has_key ||
			     pthread_setspecific(at_end, made) != 0)) {
		EVP_MAC_CTX_free(made);
		made = NULL;
	}
	return made;
}

static bool
digest(const uint8_t key[PPPOE_COOKIE_KEY], const uint8_t text[SIGNED_SIZE],
       uint8_t ret[DIGEST_SIZE])
{
	size_t size = 0;

	if (context == NULL && (context = new_context()) == NULL)
		return false;
	return EVP_MAC_init(context, key, PPPOE_COOKIE_KEY, NULL) == 1 &&
	       EVP_MAC_update(context, text, SIGNED_SIZE) == 1 &&
	       EVP_MAC_final(context, ret, &size, DIGEST_SIZE) == 1 && size == DIGEST_SIZE;
}

static bool
make(const uint8_t key[PPPOE_COOKIE_KEY], uint32_t stamp, const struct pppoe_cookie_line *line,
     uint8_t ret[PPPOE_COOKIE_SIZE])
{
	uint8_t text[SIGNED_SIZE], made[DIGEST_SIZE];

	nf_put32(text, stamp);
	memcpy(text + STAMP_SIZE, line->mac, 6);
	nf_put16(text + 10, line->outer);
	nf_put16(text + 12, line->inner);
	if (!digest(key, text, made))
		return false;
	memcpy(ret, text, STAMP_SIZE);
	memcpy(ret + STAMP_SIZE, made, CUT_SIZE);
	return true;
}

bool
pppoe_cookie_make(const uint8_t key[PPPOE_COOKIE_KEY], uint32_t age_s,
		  const struct pppoe_cookie_line *line, uint8_t ret[PPPOE_COOKIE_SIZE])
{
	return make(key, age_s, line, ret);
}

enum pppoe_cookie_verdict
pppoe_cookie_judge(const uint8_t key[PPPOE_COOKIE_KEY], uint32_t age_s, uint32_t lifetime_s,
		   const struct pppoe_cookie_line *line, const uint8_t *cookie, uint16_t size)
{
	uint8_t right[PPPOE_COOKIE_SIZE];
	uint32_t stamp;

	if (size != PPPOE_COOKIE_SIZE)
		return PPPOE_COOKIE_FORGED;
	stamp = nf_get32(cookie);
	if (stamp > age_s || !make(key, stamp, line, right) ||
	    CRYPTO_memcmp(cookie, right, PPPOE_COOKIE_SIZE) != 0)
		return PPPOE_COOKIE_FORGED;
	return age_s - stamp > lifetime_s ? PPPOE_COOKIE_OLD : PPPOE_COOKIE_GOOD;
}
