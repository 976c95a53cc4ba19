/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PEM files of one side: read, checked to fit each other, told what is wrong with them. Any thread.
 *
 * All functions return 0, or a negative errno and why in `text`, one line that names the file.
 */
#ifndef SLIM_BASE_TLS_FILES_H
#define SLIM_BASE_TLS_FILES_H

struct ssl_ctx_st; /* SSL_CTX */

#define TLS_TEXT_SIZE 512u

struct tls_files {
	const char *ca;   /* whose certificates are believed */
	const char *cert; /* own certificate, with its chain */
	const char *key;
};

/* Can they be read, and do they fit each other? */
int tls_files_check(const struct tls_files *files, char text[TLS_TEXT_SIZE]);

/* Into a context of OpenSSL. -EKEYREJECTED: it does not take them. */
int tls_files_load(const struct tls_files *files, struct ssl_ctx_st *context,
		   char text[TLS_TEXT_SIZE]);

/* Their contents, checked; the caller's until tls_pem_clear(). */
struct tls_pem {
	char *ca, *cert, *key;
};
int tls_files_read(const struct tls_files *files, struct tls_pem *ret_pem,
		   char text[TLS_TEXT_SIZE]);
void tls_pem_clear(struct tls_pem *pem);

#endif
