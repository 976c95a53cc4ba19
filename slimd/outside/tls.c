/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "log.h"

static bool
complain(const char *what, const char *file)
{
	char text[160];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	log_error("peer tls: %s file=%s error=\"%s\"", what, file, text);
	ERR_clear_error();
	return false;
}

static bool
load_files(SSL_CTX *ctx, const char *ca, const char *cert, const char *key)
{
	if (SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1)
		return complain("certificate authority not read", ca);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return complain("certificate not read", cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return complain("private key not read", key);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return complain("private key does not belong to the certificate", key);
	return true;
}

SSL_CTX *
tls_create_context(const char *ca, const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    !load_files(ctx, ca, cert, key)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* Every connection shows its certificate: nothing is resumed. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

bool
tls_names_host(SSL *ssl, const char *host)
{
	X509 *cert = SSL_get1_peer_certificate(ssl);
	bool names = cert != NULL && SSL_get_verify_result(ssl) == X509_V_OK &&
		     X509_check_host(cert, host, strlen(host), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
				     NULL) == 1;

	X509_free(cert);
	return names;
}
