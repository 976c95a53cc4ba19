/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings that every NF has: who it is, its sides and routes, how many workers, and how much there is room for.
 * One struct, one schema, one conversion, one part of the identity. An NF adds its own ones:
 *
 *   struct my_config { union { struct nf_settings frame; struct { NF_SETTINGS }; }; ... }
 *   struct my_file { struct nf_yaml_settings frame; ... }
 *   my_fields[] = { NF_YAML_SETTINGS(struct my_file, frame), NF_YAML_SIDE(...), ... }
 *
 * and calls nf_take_settings() first: its own ones may depend on these. Main thread, before the EAL starts.
 */
#ifndef NF_SETTINGS_H
#define NF_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "convert.h"
#include "side.h"
#include "slim_limits.h"
#include "yaml_file.h"

#define NF_SOCKET_PATH_SIZE 108u /* of a Unix socket's address */

/* Members, so that an NF's configuration has them by their own names as well. */
#define NF_SETTINGS                                                            \
	char instance[SLIM_NAME_SIZE];                                         \
	char service[SLIM_NAME_SIZE];                                          \
	char agent_socket[NF_SOCKET_PATH_SIZE];   /* "": no slimd */           \
	char control_socket[NF_SOCKET_PATH_SIZE]; /* "": none */               \
	struct nf_side sides[NF_MAX_SIDES];       /* n_sides of them */        \
	struct nf_routes routes;                                               \
	uint32_t capacity; /* entries of its main table: mappings, sessions */ \
	uint32_t neighbours;                                                   \
	uint32_t hold_capacity; /* packets */                                  \
	uint32_t spin;          /* empty rounds before a worker sleeps */      \
	uint32_t sleep_ns;      /* how long; 0: never */                       \
	uint16_t n_workers;                                                    \
	uint8_t n_sides;

struct nf_settings {
	NF_SETTINGS
};

/* ---- as they are written ------------------------------------------------------------------------------- */

struct nf_yaml_settings {
	char *instance;
	char *service;
	char *agent_socket;
	char *control_socket;
	struct nf_yaml_side sides[NF_MAX_SIDES];
	struct nf_yaml_idle idle;
	uint32_t *workers;
	uint32_t *capacity;
	uint32_t *neighbours;
	uint32_t *hold_capacity;
};

/* Rows of the schema of a file that has a struct nf_yaml_settings as `member`. */
#define NF_YAML_SETTINGS(type, member)                                                           \
	NF_YAML_STRING("instance", NF_YAML_REQUIRED, type, member.instance),                     \
		NF_YAML_STRING("service", NF_YAML_REQUIRED, type, member.service),               \
		NF_YAML_STRING("agent_socket", NF_YAML_OPTIONAL, type, member.agent_socket),     \
		NF_YAML_STRING("control_socket", NF_YAML_OPTIONAL, type, member.control_socket), \
		CYAML_FIELD_MAPPING("idle", NF_YAML_OPTIONAL, type, member.idle,                 \
				    nf_yaml_idle_fields),                                        \
		NF_YAML_NUMBER("workers", type, member.workers),                                 \
		NF_YAML_NUMBER("capacity", type, member.capacity),                               \
		NF_YAML_NUMBER("neighbours", type, member.neighbours),                           \
		NF_YAML_NUMBER("hold_capacity", type, member.hold_capacity)
#define NF_YAML_SIDE(key, type, member, number) \
	CYAML_FIELD_MAPPING(key, NF_YAML_REQUIRED, type, member.sides[number], nf_yaml_side_fields)

/* ---- what they mean ------------------------------------------------------------------------------------ */

/* What differs between NFs. */
struct nf_settings_kind {
	const char *const *sides; /* their names, in the order of their numbers */
	uint8_t n_sides;
	uint32_t capacity; /* if the file has none */
};

/* Converts and checks all of them. -EINVAL, and what is wrong in c->error. */
int nf_take_settings(const struct nf_conversion *c, const struct nf_settings_kind *kind,
		     const struct nf_yaml_settings *file, struct nf_settings *settings);

/* What two instances must have in common: names, addresses, masks, MACs, MTUs and VLANs of sides; routes. */
void nf_fingerprint_settings(struct nf_fingerprint *f, const struct nf_settings *settings);

/* ---- a whole file -------------------------------------------------------------------------------------- */

/* How an NF reads its own. */
struct nf_config_reader {
	const cyaml_schema_value_t *schema;
	/* From what the schema made of the file to the NF's configuration, which is left alone on failure. */
	int (*convert)(const struct nf_conversion *c, const void *file, void *ret_config);
};

/* On failure -EINVAL (or the error of reading the file), and the reason with file and line in `error`. `name` is for
 * the messages. */
int nf_config_parse(const struct nf_config_reader *reader, const char *name, const char *text,
		    size_t size, void *ret_config, char error[NF_CONFIG_ERROR_SIZE]);
int nf_config_load(const struct nf_config_reader *reader, const char *path, void *ret_config,
		   char error[NF_CONFIG_ERROR_SIZE]);

#endif
