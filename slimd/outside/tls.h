/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of the peer stream: TLS 1.3 only, certificates on both sides. */
#ifndef SLIMD_OUTSIDE_TLS_H
#define SLIMD_OUTSIDE_TLS_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "tls_files.h"

/* One context for both directions. Errors go to the log; NULL then. */
SSL_CTX *tls_create_context(const struct tls_files *files);

/* Does the verified certificate of the other side name `host` (subjectAltName DNS, or common name
 * when there is none)? */
bool tls_names_host(SSL *ssl, const char *host);

#endif
