/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define MAX_PEM (1u << 20)

/* ---- contents --------------------------------------------------------------------------- */

static int
read_all(FILE *file, char **ret_text)
{
	char *text = calloc(1, MAX_PEM + 1);
	size_t n;

	if (text == NULL)
		return -ENOMEM;
	n = fread(text, 1, MAX_PEM + 1, file);
	if (ferror(file) || n > MAX_PEM) {
		free(text);
		return -EIO;
	}
	text[n] = '\0';
	*ret_text = text;
	return 0;
}

static int
read_file(const char *path, char **ret_content, char text[TLS_TEXT_SIZE])
{
	FILE *file = fopen(path, "re");
	int error = file != NULL ? read_all(file, ret_content) : -errno;

	if (file != NULL)
		fclose(file);
	if (error < 0)
		snprintf(text, TLS_TEXT_SIZE, "%s: %s", path, strerror(-error));
	return error;
}

static int
read_files(const struct tls_files *files, struct tls_pem *pem, char text[TLS_TEXT_SIZE])
{
	int error;

	if (files == NULL || files->ca == NULL || files->cert == NULL || files->key == NULL) {
		snprintf(text, TLS_TEXT_SIZE, "needs a CA, a certificate and a key");
		return -EINVAL;
	}
	error = read_file(files->ca, &pem->ca, text);
	if (error == 0)
		error = read_file(files->cert, &pem->cert, text);
	return error == 0 ? read_file(files->key, &pem->key, text) : error;
}

void
tls_pem_clear(struct tls_pem *pem)
{
	free(pem->ca);
	free(pem->cert);
	if (pem->key != NULL)
		explicit_bzero(pem->key, strlen(pem->key));
	free(pem->key);
	*pem = (struct tls_pem){0};
}

/* ---- OpenSSL's opinion -------------------------------------------------------------------- */

int
tls_files_load(const struct tls_files *files, SSL_CTX *context, char text[TLS_TEXT_SIZE])
{
	const char *wrong = NULL;
	char why[256];

	if (SSL_CTX_load_verify_locations(context, files->ca, NULL) != 1)
		wrong = files->ca;
	else if (SSL_CTX_use_certificate_chain_file(context, files->cert) != 1)
		wrong = files->cert;
	else if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1 ||
		 SSL_CTX_check_private_key(context) != 1)
		wrong = files->key;
	if (wrong == NULL)
		return 0;
	ERR_error_string_n(ERR_peek_last_error(), why, sizeof(why));
	ERR_clear_error();
	snprintf(text, TLS_TEXT_SIZE, "%.200s: not usable: %s", wrong, why);
	return -EKEYREJECTED;
}

static int
try_to_load(const struct tls_files *files, char text[TLS_TEXT_SIZE])
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	int error;

	if (context == NULL) {
		snprintf(text, TLS_TEXT_SIZE, "out of memory");
		return -ENOMEM;
	}
	error = tls_files_load(files, context, text);
	SSL_CTX_free(context);
	return error;
}

int
tls_files_read(const struct tls_files *files, struct tls_pem *ret_pem, char text[TLS_TEXT_SIZE])
{
	struct tls_pem pem = {0};
	int error = read_files(files, &pem, text);

	if (error == 0)
		error = try_to_load(files, text);
	if (error < 0)
		tls_pem_clear(&pem);
	else
		*ret_pem = pem;
	return error;
}

int
tls_files_check(const struct tls_files *files, char text[TLS_TEXT_SIZE])
{
	struct tls_pem pem;
	int error = tls_files_read(files, &pem, text);

	if (error == 0)
		tls_pem_clear(&pem);
	return error;
}
