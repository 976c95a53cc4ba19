/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file as it is written: strings and numbers by a schema of libcyaml, nothing
 * interpreted. An optional setting that is not in the file is a NULL pointer. Sides and idle
 * settings are the same for every NF. Main thread, before the EAL starts.
 */
#ifndef NF_YAML_FILE_H
#define NF_YAML_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cyaml/cyaml.h>

/* ---- what a schema is written with -------------------------------------------------- */

#define NF_YAML_REQUIRED CYAML_FLAG_DEFAULT
#define NF_YAML_OPTIONAL CYAML_FLAG_OPTIONAL
#define NF_YAML_STRING(key, flags, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), type, member, 1, 255)
#define NF_YAML_NUMBER(key, type, member) \
	CYAML_FIELD_UINT_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member)
/* libcyaml's own booleans take any word for true. */
#define NF_YAML_N_FLAGS 4u
extern const cyaml_strval_t nf_yaml_flags[NF_YAML_N_FLAGS];
#define NF_YAML_FLAG(key, type, member)                                                         \
	CYAML_FIELD_ENUM_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, \
			     type, member, nf_yaml_flags, NF_YAML_N_FLAGS)
#define NF_YAML_FLAG_REQUIRED(key, type, member) \
	CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT, type, member, nf_yaml_flags, NF_YAML_N_FLAGS)

/* Rows of a side on which there is no IPv4 network: `member` is a struct nf_yaml_side. An NF that has one writes its mapping
 * itself, and gives it to nf_take_settings() in its place. */
#define NF_YAML_UNNUMBERED(type, member)                                       \
	NF_YAML_STRING("name", NF_YAML_REQUIRED, type, member.name),           \
		CYAML_FIELD_UINT("port", NF_YAML_REQUIRED, type, member.port), \
		NF_YAML_STRING("mac", NF_YAML_REQUIRED, type, member.mac),     \
		NF_YAML_NUMBER("mtu", type, member.mtu)

struct nf_yaml_route {
	char *prefix;
	char *via;
};

struct nf_yaml_side {
	char *name;
	uint16_t port;
	char *address; /* NULL: the side has no IPv4 network (NF_YAML_UNNUMBERED) */
	char *mac;
	uint32_t *vlan;
	uint32_t *mtu;
	struct nf_yaml_route *routes;
	unsigned int n_routes;
};

struct nf_yaml_idle {
	uint32_t *spin;
	uint32_t *sleep_us;
};

extern const cyaml_schema_field_t nf_yaml_side_fields[];
extern const cyaml_schema_field_t nf_yaml_idle_fields[];

/* ---- reading -------------------------------------------------------------------------- */

/* Reads `text` by the schema of a mapping. -EINVAL with the reason and, if known, its line in
 * `error`. Free with nf_yaml_free(). */
int nf_yaml_load(const char *text, size_t size, const cyaml_schema_value_t *schema, void **ret_data,
		 char *error, size_t error_size, unsigned int *ret_line);
void nf_yaml_free(const cyaml_schema_value_t *schema, void *data);

/* The line (from 1) of the value at `path` ("inside.routes.0.via"), or of the deepest part of the
 * path that exists; 0 if there is none. */
unsigned int nf_yaml_line(const char *text, size_t size, const char *path);

#endif
