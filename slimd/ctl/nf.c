/* SPDX-License-Identifier: Apache-2.0 */
/* nf list, nf show. */
#include <inttypes.h>
#include <stdio.h>

#include "client.h"
#include "commands.h"
#include "json.h"
#include "print.h"
#include "slim_version.h"

/* Any unary call of slimd. */
static int
call_slimd(const struct options *options, const char *method, const ProtobufCMessage *request,
	   ProtobufCMessage **ret_reply)
{
	struct client *client;
	int code = client_open(options->servers[0], CLIENT_SLIMD, options, &client);

	if (code != EXIT_COMPLETE)
		return code;
	code = client_call(client, method, request, ret_reply);
	client_close(client);
	return code;
}

static void
print_nfs(size_t n, Slim__V1__Nf *const *nfs)
{
	static const char *const titles[] = {"NAME",    "SERVICE", "KIND",    "MODE",
					     "WORKERS", "ENTRIES", "SESSION", "ALIVE"};
	struct print_table table;
	uint64_t entries;
	size_t i, k;

	print_table_begin(&table, 8, titles);
	for (i = 0; i < n; i++) {
		for (k = 0, entries = 0; k < nfs[i]->n_tables; k++)
			entries += nfs[i]->tables[k]->used;
		print_table_add(&table, "%s", nfs[i]->name);
		print_table_add(&table, "%s", nfs[i]->service);
		print_table_add(&table, "%s %s", nfs[i]->kind, nfs[i]->version);
		print_table_add(&table, "%s", nfs[i]->mode);
		print_table_add(&table, "%u", nfs[i]->n_workers);
		print_table_add(&table, "%" PRIu64, entries);
		if (nfs[i]->session != 0)
			print_table_add(&table, "%016" PRIx64, nfs[i]->session);
		else
			print_table_add(&table, "-");
		print_table_add(&table, "%s", nfs[i]->alive ? "yes" : "no");
	}
	print_table_end(&table, stdout);
}

int
nf_list(const struct options *options)
{
	Slim__V1__ListNfsRequest request = SLIM__V1__LIST_NFS_REQUEST__INIT;
	ProtobufCMessage *reply;
	Slim__V1__ListNfsReply *list;
	int code = call_slimd(options, "ListNfs", &request.base, &reply);

	if (code != EXIT_COMPLETE)
		return code;
	list = (Slim__V1__ListNfsReply *)reply;
	if (options->json)
		print_json(stdout, reply);
	else
		print_nfs(list->n_nfs, list->nfs);
	client_free_reply(reply);
	return EXIT_COMPLETE;
}

static void
print_fields(const Slim__V1__NfTable *table)
{
	static const char *const titles[] = {"  FIELD", "TYPE", "CLASS", "KEY"};
	char name[JSON_NAME_SIZE];
	struct print_table out;
	size_t i;

	print_table_begin(&out, 4, titles);
	for (i = 0; i < table->n_fields; i++) {
		const Slim__V1__TableField *field = table->fields[i];

		print_table_add(&out, "  %s", field->name);
		print_table_add(
			&out, "%s",
			json_enum_name(&slim__v1__field_type__descriptor, (int)field->type, name));
		print_table_add(&out, "%s",
				json_enum_name(&slim__v1__field_class__descriptor,
					       (int)field->class_, name));
		print_table_add(&out, "%s", field->key ? "key" : "");
	}
	print_table_end(&out, stdout);
}

static void
print_nf(const Slim__V1__Nf *nf)
{
	size_t i;

	printf("name      %s\nservice   %s\nkind      %s %s\nidentity  %s\npid       %u\n",
	       nf->name, nf->service, nf->kind, nf->version, nf->identity, nf->pid);
	printf("mode      %s\nalive     %s\nworkers   %u\nports    ", nf->mode,
	       nf->alive ? "yes" : "no", nf->n_workers);
	for (i = 0; i < nf->n_ports; i++)
		printf(" %s", nf->ports[i]);
	printf("\n");
	if (nf->session != 0)
		printf("session   %016" PRIx64 "\n", nf->session);
	for (i = 0; i < nf->n_tables; i++) {
		printf("\ntable %s: %u of %u entries, %u bytes each\n", nf->tables[i]->name,
		       nf->tables[i]->used, nf->tables[i]->capacity, nf->tables[i]->slot_size);
		print_fields(nf->tables[i]);
	}
	printf("\n");
	for (i = 0; i < nf->n_counters; i++)
		if (nf->counters[i]->value != 0)
			printf("%-18s %" PRIu64 "\n", nf->counters[i]->name,
			       nf->counters[i]->value);
}

int
nf_show(const struct options *options)
{
	Slim__V1__GetNfRequest request = SLIM__V1__GET_NF_REQUEST__INIT;
	ProtobufCMessage *reply;
	int code;

	request.name = (char *)options->args[0];
	code = call_slimd(options, "GetNf", &request.base, &reply);
	if (code != EXIT_COMPLETE)
		return code;
	if (options->json)
		print_json(stdout, reply);
	else
		print_nf((Slim__V1__Nf *)reply);
	client_free_reply(reply);
	return EXIT_COMPLETE;
}

/* ---- table list: the same call, another view -------------------------------------- */

static void
add_tables(struct print_table *out, const Slim__V1__Nf *nf)
{
	size_t i;

	for (i = 0; i < nf->n_tables; i++) {
		print_table_add(out, "%s", nf->name);
		print_table_add(out, "%s", nf->tables[i]->name);
		print_table_add(out, "%u", nf->tables[i]->used);
		print_table_add(out, "%u", nf->tables[i]->capacity);
		print_table_add(out, "%u", nf->tables[i]->slot_size);
		print_table_add(out, "%zu", nf->tables[i]->n_fields);
	}
}

static void
print_tables_json(const Slim__V1__Nf *nf, bool *first)
{
	size_t i;

	for (i = 0; i < nf->n_tables; i++) {
		printf("%s{\"nf\":", *first ? "" : ",");
		json_print_string(stdout, nf->name);
		printf(",\"table\":");
		json_print_message(stdout, &nf->tables[i]->base, -1);
		printf("}");
		*first = false;
	}
}

int
table_list(const struct options *options)
{
	static const char *const titles[] = {"NF", "TABLE", "USED", "CAPACITY", "BYTES", "FIELDS"};
	Slim__V1__ListNfsRequest request = SLIM__V1__LIST_NFS_REQUEST__INIT;
	Slim__V1__ListNfsReply *list;
	ProtobufCMessage *reply;
	struct print_table out;
	bool first = true;
	size_t i;
	int code = call_slimd(options, "ListNfs", &request.base, &reply);

	if (code != EXIT_COMPLETE)
		return code;
	list = (Slim__V1__ListNfsReply *)reply;
	if (options->json) {
		printf("{\"tables\":[");
		for (i = 0; i < list->n_nfs; i++)
			print_tables_json(list->nfs[i], &first);
		printf("]}\n");
	} else {
		print_table_begin(&out, 6, titles);
		for (i = 0; i < list->n_nfs; i++)
			add_tables(&out, list->nfs[i]);
		print_table_end(&out, stdout);
	}
	client_free_reply(reply);
	return EXIT_COMPLETE;
}

/* ---- the rest of what slimd tells about itself -------------------------------------- */

int
peer_list(const struct options *options)
{
	static const char *const titles[] = {"PEER", "ADDRESS", "STATE", "RTT", "TLS", "SOFTWARE"};
	Slim__V1__ListPeersRequest request = SLIM__V1__LIST_PEERS_REQUEST__INIT;
	Slim__V1__ListPeersReply *list;
	ProtobufCMessage *reply;
	struct print_table out;
	size_t i;
	int code = call_slimd(options, "ListPeers", &request.base, &reply);

	if (code != EXIT_COMPLETE)
		return code;
	list = (Slim__V1__ListPeersReply *)reply;
	if (options->json) {
		print_json(stdout, reply);
	} else {
		print_table_begin(&out, 6, titles);
		for (i = 0; i < list->n_peers; i++) {
			print_table_add(&out, "%s", list->peers[i]->name);
			print_table_add(&out, "%s", list->peers[i]->address);
			print_table_add(&out, "%s", list->peers[i]->state);
			print_table_add(&out, "%" PRIu64 " us", list->peers[i]->rtt_ns / 1000);
			print_table_add(&out, "%s", list->peers[i]->tls ? "yes" : "no");
			print_table_add(&out, "%s", list->peers[i]->software);
		}
		print_table_end(&out, stdout);
	}
	client_free_reply(reply);
	return EXIT_COMPLETE;
}

int
log_level(const struct options *options)
{
	Slim__V1__LogLevelRequest request = SLIM__V1__LOG_LEVEL_REQUEST__INIT;
	ProtobufCMessage *reply;
	int code;

	if (options->n_args > 0)
		request.level = (char *)options->args[0];
	code = call_slimd(options, "SetLogLevel", &request.base, &reply);
	if (code != EXIT_COMPLETE)
		return code;
	if (options->json)
		print_json(stdout, reply);
	else
		printf("%s\n", ((Slim__V1__LogLevelReply *)reply)->level);
	client_free_reply(reply);
	return EXIT_COMPLETE;
}

/* The tool's own version is printed also when nobody answers. */
int
show_version(const struct options *options)
{
	Slim__V1__VersionRequest request = SLIM__V1__VERSION_REQUEST__INIT;
	const Slim__V1__VersionReply *version;
	ProtobufCMessage *reply;
	int code;

	if (!options->json)
		printf("slimctl %s\n", SLIM_VERSION);
	code = call_slimd(options, "GetVersion", &request.base, &reply);
	if (code != EXIT_COMPLETE)
		return code;
	version = (Slim__V1__VersionReply *)reply;
	if (options->json)
		print_json(stdout, reply);
	else
		printf("slimd %s on host %s, peer protocol %u, shared memory %u\n",
		       version->version, version->host, version->peer_protocol, version->shm_abi);
	client_free_reply(reply);
	return EXIT_COMPLETE;
}
