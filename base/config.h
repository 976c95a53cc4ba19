/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration files: YAML against a libcyaml schema.
 *
 * An unknown key, a missing key, a wrong type or a broken file is an error with file and line:
 *
 *	/etc/slim/slimd.yaml:12: unknown key "perr"
 *
 *	struct thing_config *config = NULL;
 *	char error[CONFIG_ERROR_SIZE];
 *	if (config_load(path, &thing_schema, (void **)&config, error) < 0)
 *		...
 *	config_free(&thing_schema, config);
 */
#ifndef SLIM_BASE_CONFIG_H
#define SLIM_BASE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include <cyaml/cyaml.h>

#include "tls_files.h"

#define CONFIG_ERROR_SIZE 512u       /* one error text, with its final NUL */
#define CONFIG_MAX_FILE (256u << 10) /* bytes of one file */

/* `schema`: a CYAML_VALUE_MAPPING with CYAML_FLAG_POINTER. On success *ret_data is the
 * caller's. On failure a negative errno; `error` then holds one clear line and *ret_data is
 * untouched. Scalars of the file must be single documents without aliases. */
int config_load(const char *path, const cyaml_schema_value_t *schema, void **ret_data,
		char error[CONFIG_ERROR_SIZE]);

/* Same, from memory; `name` stands for the file in errors. */
int config_parse(const char *name, const void *text, size_t size,
		 const cyaml_schema_value_t *schema, void **ret_data,
		 char error[CONFIG_ERROR_SIZE]);

/* data may be NULL. */
void config_free(const cyaml_schema_value_t *schema, void *data);

/* ---- what several files have in common ------------------------------------------- */

/* Field of text, in a struct as char *. */
#define CONFIG_TEXT(key, type, member, flags) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), type, member, 1, CYAML_UNLIMITED)

/* Certificates: "tls: {ca: ca.pem, cert: a.pem, key: a.key}", in a struct as struct config_tls *tls;
 * NULL: not given. */
struct config_tls {
	char *ca, *cert, *key;
};
extern const cyaml_schema_field_t config_tls_fields[];
#define CONFIG_TLS(type)                                                                    \
	CYAML_FIELD_MAPPING_PTR("tls", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, tls, \
				config_tls_fields)

/* File names that are relative to the folder of the configuration file become usable. NULL is
 * allowed. -ENOMEM. */
int config_resolve_tls(struct config_tls *tls, const char *config_path);

/* NULL gives all NULL. */
struct tls_files config_tls_files(const struct config_tls *tls);

/* What is wrong with a value, as the end of a sentence that begins with it; NULL: nothing. */
const char *config_check_address(const char *address); /* host:port, [v6]:port */
const char *config_check_socket(const char *path);     /* of a unix socket */

#endif
