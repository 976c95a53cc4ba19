/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of slimd's file, and the checks that a schema cannot express. */
#include "daemon_config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slim_limits.h"

#define TEXT CONFIG_TEXT
#define TLS CONFIG_TLS

static const cyaml_schema_field_t grpc_fields[] = {
	TEXT("unix", struct daemon_config_grpc, unix_path, CYAML_FLAG_OPTIONAL),
	TEXT("tcp", struct daemon_config_grpc, tcp, CYAML_FLAG_OPTIONAL),
	TLS(struct daemon_config_grpc),
	CYAML_FIELD_END,
};

static const cyaml_strval_t flags[] = {{"true", 1}, {"false", 0}};

static const cyaml_schema_field_t peer_fields[] = {
	TEXT("listen", struct daemon_config_peer, listen, CYAML_FLAG_OPTIONAL),
	TLS(struct daemon_config_peer),
	/* Not libcyaml's boolean, which takes any word for true. */
	CYAML_FIELD_ENUM("plaintext", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
			 struct daemon_config_peer, plaintext, flags, 2),
	TEXT("compression", struct daemon_config_peer, compression, CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t peer_entry_fields[] = {
	TEXT("name", struct daemon_config_peer_entry, name, 0),
	TEXT("address", struct daemon_config_peer_entry, address, CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t peer_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct daemon_config_peer_entry, peer_entry_fields),
};

static const cyaml_schema_field_t steering_fields[] = {
	TEXT("address", struct daemon_config_steering, address, 0),
	TLS(struct daemon_config_steering),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t defaults_fields[] = {
	CYAML_FIELD_UINT("max_hold_us", CYAML_FLAG_OPTIONAL, struct daemon_config_defaults,
			 max_hold_us),
	CYAML_FIELD_UINT("timeout_s", CYAML_FLAG_OPTIONAL, struct daemon_config_defaults,
			 timeout_s),
	CYAML_FIELD_UINT("max_bandwidth", CYAML_FLAG_OPTIONAL, struct daemon_config_defaults,
			 max_bandwidth),
	CYAML_FIELD_UINT("source_gone_s", CYAML_FLAG_OPTIONAL, struct daemon_config_defaults,
			 source_gone_s),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t fields[] = {
	TEXT("host", struct daemon_config, host, 0),
	TEXT("agent_socket", struct daemon_config, agent_socket, 0),
	TEXT("state_dir", struct daemon_config, state_dir, 0),
	CYAML_FIELD_MAPPING("grpc", CYAML_FLAG_DEFAULT, struct daemon_config, grpc, grpc_fields),
	CYAML_FIELD_MAPPING_PTR("peer", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				struct daemon_config, peer, peer_fields),
	CYAML_FIELD_SEQUENCE_COUNT("peers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				   struct daemon_config, peers, n_peers, &peer_entry, 0,
				   SLIM_MAX_PEERS),
	CYAML_FIELD_MAPPING_PTR("steering", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				struct daemon_config, steering, steering_fields),
	CYAML_FIELD_MAPPING("defaults", CYAML_FLAG_OPTIONAL, struct daemon_config, defaults,
			    defaults_fields),
	TEXT("metrics", struct daemon_config, metrics, CYAML_FLAG_OPTIONAL),
	TEXT("log_level", struct daemon_config, log_level, CYAML_FLAG_OPTIONAL),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct daemon_config, fields),
};

/* ---- checks -------------------------------------------------------------------- */

struct check {
	const char *path; /* of the file */
	char *error;      /* CONFIG_ERROR_SIZE; "" all is well so far */
};

__attribute__((format(printf, 2, 3))) static void
complain(struct check *check, const char *format, ...)
{
	va_list args;
	int n;

	if (check->error[0] != '\0')
		return;
	n = snprintf(check->error, CONFIG_ERROR_SIZE, "%s: ", check->path);
	if (n < 0 || (size_t)n >= CONFIG_ERROR_SIZE)
		return;
	va_start(args, format);
	vsnprintf(check->error + n, CONFIG_ERROR_SIZE - (size_t)n, format, args);
	va_end(args);
}

static void
check_name(struct check *check, const char *key, const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (strlen(name) >= SLIM_NAME_SIZE)
		complain(check, "%s: \"%s\" is longer than %u characters", key, name,
			 SLIM_NAME_SIZE - 1);
	else if (name[strspn(name, allowed)] != '\0')
		complain(check,
			 "%s: \"%s\" has other characters than letters, digits, '-', '_', '.'", key,
			 name);
}

static void
check_address(struct check *check, const char *key, const char *address)
{
	const char *wrong = config_check_address(address);

	if (wrong != NULL)
		complain(check, "%s: \"%s\" %s", key, address, wrong);
}

static void
check_socket_path(struct check *check, const char *key, const char *path)
{
	const char *wrong = config_check_socket(path);

	if (wrong != NULL)
		complain(check, "%s: \"%s\" %s", key, path, wrong);
}

static void
check_tls(struct check *check, const char *key, const struct config_tls *tls)
{
	char text[TLS_TEXT_SIZE];
	struct tls_files files = config_tls_files(tls);

	if (check->error[0] == '\0' && tls != NULL && tls_files_check(&files, text) < 0)
		complain(check, "%s: %s", key, text);
}

static void
check_grpc(struct check *check, const struct daemon_config_grpc *grpc)
{
	if (grpc->unix_path == NULL && grpc->tcp == NULL)
		complain(check, "grpc: needs \"unix\", \"tcp\" or both");
	if (grpc->unix_path != NULL)
		check_socket_path(check, "grpc.unix", grpc->unix_path);
	if (grpc->tcp != NULL) {
		check_address(check, "grpc.tcp", grpc->tcp);
		if (grpc->tls == NULL)
			complain(check, "grpc: \"tcp\" needs \"tls\"");
	}
	check_tls(check, "grpc.tls", grpc->tls);
}

static void
check_peer(struct check *check, struct daemon_config *config)
{
	const struct daemon_config_peer *peer = config->peer;

	if (peer == NULL) {
		if (config->n_peers > 0)
			complain(check, "\"peers\" needs \"peer\"");
		return;
	}
	if (peer->listen != NULL)
		check_address(check, "peer.listen", peer->listen);
	if (peer->tls == NULL && !peer->plaintext)
		complain(check, "peer: needs \"tls\" (or \"plaintext: true\")");
	if (peer->tls != NULL && peer->plaintext)
		complain(check, "peer: \"tls\" and \"plaintext: true\" contradict each other");
	check_tls(check, "peer.tls", peer->tls);
	if (peer->compression == NULL)
		return;
	config->compress = strcmp(peer->compression, "lz4") == 0;
	if (!config->compress && strcmp(peer->compression, "none") != 0)
		complain(check, "peer.compression: \"%s\" is not none or lz4", peer->compression);
}

static void
check_peers(struct check *check, const struct daemon_config *config)
{
	unsigned i, k;

	for (i = 0; i < config->n_peers; i++) {
		check_name(check, "peers.name", config->peers[i].name);
		if (config->peers[i].address != NULL)
			check_address(check, "peers.address", config->peers[i].address);
		if (strcmp(config->peers[i].name, config->host) == 0)
			complain(check, "peers: \"%s\" is this host", config->host);
		for (k = 0; k < i; k++)
			if (strcmp(config->peers[i].name, config->peers[k].name) == 0)
				complain(check, "peers: \"%s\" stands there twice",
					 config->peers[i].name);
	}
}

static void
check_steering(struct check *check, struct daemon_config *config)
{
	const struct daemon_config_steering *steering = config->steering;

	if (steering == NULL)
		return;
	if (strcmp(steering->address, "none") == 0) {
		config->steering_none = true;
		return;
	}
	if (strncmp(steering->address, "unix:", 5) == 0) {
		check_socket_path(check, "steering.address", steering->address + 5);
		return;
	}
	check_address(check, "steering.address", steering->address);
	if (steering->tls == NULL)
		complain(check, "steering: an address of this kind needs \"tls\"");
	check_tls(check, "steering.tls", steering->tls);
}

static void
check_defaults(struct check *check, const struct daemon_config_defaults *defaults)
{
	if (defaults->max_hold_us > 60000000)
		complain(check, "defaults: max_hold_us is above one minute");
	if (defaults->timeout_s > 86400)
		complain(check, "defaults: timeout_s is above one day");
	if (defaults->source_gone_s > 86400)
		complain(check, "defaults: source_gone_s is above one day");
}

static void
check_agent_socket(struct check *check, struct daemon_config *config)
{
	const char *path = config->agent_socket;

	check_socket_path(check, "agent_socket", path);
	if (check->error[0] == '\0')
		snprintf(config->runtime_dir, sizeof(config->runtime_dir), "%.*s",
			 (int)(strrchr(path, '/') - path), path);
}

static void
check_all(struct check *check, struct daemon_config *config)
{
	check_name(check, "host", config->host);
	check_agent_socket(check, config);
	if (config->state_dir[0] != '/')
		complain(check, "state_dir: \"%s\" is not an absolute path", config->state_dir);
	check_grpc(check, &config->grpc);
	check_peer(check, config);
	check_peers(check, config);
	check_steering(check, config);
	check_defaults(check, &config->defaults);
	if (config->metrics != NULL)
		check_address(check, "metrics", config->metrics);
	config->level = LOG_LEVEL_INFO;
	if (config->log_level != NULL && log_level_parse(config->log_level, &config->level) < 0)
		complain(check, "log_level: \"%s\" is not error, warn, info or debug",
			 config->log_level);
}

/* ---- file names ------------------------------------------------------------------- */

static int
resolve_all(struct daemon_config *config, const char *path)
{
	int error = config_resolve_tls(config->grpc.tls, path);

	if (error == 0 && config->peer != NULL)
		error = config_resolve_tls(config->peer->tls, path);
	if (error == 0 && config->steering != NULL)
		error = config_resolve_tls(config->steering->tls, path);
	return error;
}

int
daemon_config_load(const char *path, struct daemon_config **ret_config,
		   char error[CONFIG_ERROR_SIZE])
{
	struct check check = {.path = path, .error = error};
	struct daemon_config *config = NULL;
	int result;

	error[0] = '\0';
	result = config_load(path, &schema, (void **)&config, error);
	if (result < 0)
		return result;
	result = resolve_all(config, path);
	if (result < 0)
		complain(&check, "out of memory");
	else
		check_all(&check, config);
	if (error[0] != '\0') {
		daemon_config_free(config);
		return result < 0 ? result : -EINVAL;
	}
	*ret_config = config;
	return 0;
}

void
daemon_config_free(struct daemon_config *config)
{
	config_free(&schema, config);
}
