/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "log.h"

SSL_CTX *
tls_create_context(const struct tls_files *files)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	char text[TLS_TEXT_SIZE] = "no context";

	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    tls_files_load(files, ctx, text) < 0) {
		log_error("peer tls not usable error=\"%s\"", text);
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
