/* SPDX-License-Identifier: Apache-2.0 */
/* steering show, set, clear: calls of slim-ofctld. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "commands.h"
#include "print.h"

static int
call_steering(const struct options *options, const char *method, const ProtobufCMessage *request,
	      ProtobufCMessage **ret_reply)
{
	struct client *client;
	int code = client_open(options->steering, CLIENT_STEERING, options, &client);

	if (code != EXIT_COMPLETE)
		return code;
	code = client_call(client, method, request, ret_reply);
	client_close(client);
	return code;
}

static void
print_services(size_t n, Slim__V1__Steering *const *services)
{
	static const char *const titles[] = {"SERVICE", "SERVING", "SESSIONS", "INSTANCES"};
	struct print_table out;
	char instances[512];
	size_t i, k, used;

	print_table_begin(&out, 4, titles);
	for (i = 0; i < n; i++) {
		instances[0] = '\0';
		for (k = 0, used = 0; k < services[i]->n_instances && used < sizeof(instances); k++)
			used += (size_t)snprintf(instances + used, sizeof(instances) - used, "%s%s",
						 k > 0 ? " " : "", services[i]->instances[k]);
		print_table_add(&out, "%s", services[i]->service);
		print_table_add(&out, "%s",
				services[i]->unknown               ? "?"
				: services[i]->instance[0] != '\0' ? services[i]->instance
								   : "-");
		print_table_add(&out, "%zu", services[i]->n_sessions);
		print_table_add(&out, "%s", instances);
	}
	print_table_end(&out, stdout);
	for (i = 0; i < n; i++) {
		for (k = 0; k < services[i]->n_missing_ports; k++)
			printf("%s: ports are not there, rules that stand stay: %s\n",
			       services[i]->service, services[i]->missing_ports[k]);
		for (k = 0; k < services[i]->n_waits; k++)
			printf("%s: %s\n", services[i]->service, services[i]->waits[k]);
	}
}

static void
print_bridges(size_t n, Slim__V1__Bridge *const *bridges)
{
	static const char *const titles[] = {"BRIDGE", "STATE", "DATAPATH", "RULES", "ADDRESS"};
	struct print_table out;
	size_t i;

	print_table_begin(&out, 5, titles);
	for (i = 0; i < n; i++) {
		print_table_add(&out, "%s", bridges[i]->name);
		print_table_add(&out, "%s", bridges[i]->state);
		print_table_add(&out, "%016" PRIx64, bridges[i]->datapath_id);
		print_table_add(&out, "%u", bridges[i]->rules);
		print_table_add(&out, "%s", bridges[i]->address);
	}
	print_table_end(&out, stdout);
}

int
steering_show(const struct options *options)
{
	Slim__V1__ShowRequest request = SLIM__V1__SHOW_REQUEST__INIT;
	const Slim__V1__ShowReply *shown;
	ProtobufCMessage *reply;
	int code;

	if (options->n_args > 0)
		request.service = (char *)options->args[0];
	code = call_steering(options, "Show", &request.base, &reply);
	if (code != EXIT_COMPLETE)
		return code;
	shown = (Slim__V1__ShowReply *)reply;
	if (options->json) {
		print_json(stdout, reply);
	} else {
		print_services(shown->n_services, shown->services);
		printf("\n");
		print_bridges(shown->n_bridges, shown->bridges);
	}
	client_free_reply(reply);
	return EXIT_COMPLETE;
}

static int
change(const struct options *options, const char *method, const Slim__V1__SetRequest *request)
{
	const Slim__V1__SteerReply *answer;
	ProtobufCMessage *reply;
	int code = call_steering(options, method, &request->base, &reply);

	if (code != EXIT_COMPLETE)
		return code;
	answer = (Slim__V1__SteerReply *)reply;
	if (options->json)
		print_json(stdout, reply);
	if (answer->n_reasons > 0) {
		fprintf(stderr, "slimctl: refused\n");
		print_reasons(stderr, answer->n_reasons, answer->reasons);
		code = EXIT_REFUSED;
	}
	client_free_reply(reply);
	return code;
}

static bool
is_open(const Slim__V1__Nf *nf, const char *service)
{
	return strcmp(nf->service, service) == 0 && nf->alive &&
	       (strcmp(nf->mode, "pass") == 0 || strcmp(nf->mode, "serve") == 0);
}

/* Does the slimd that is asked (--server) have the instance, and does its gate let traffic through? */
static bool
gate_is_open(const struct options *options, const char *service, const char *instance)
{
	Slim__V1__GetNfRequest request = SLIM__V1__GET_NF_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct client *client;
	bool open;

	request.name = (char *)instance;
	if (client_open(options->servers[0], CLIENT_SLIMD, options, &client) != EXIT_COMPLETE)
		return false;
	if (client_call(client, "GetNf", &request.base, &reply) != EXIT_COMPLETE) {
		client_close(client);
		return false;
	}
	client_close(client);
	open = is_open((const Slim__V1__Nf *)reply, service);
	client_free_reply(reply);
	return open;
}

int
steering_set(const struct options *options)
{
	Slim__V1__SetRequest request = SLIM__V1__SET_REQUEST__INIT;

	request.service = (char *)options->args[0];
	request.instance = (char *)options->args[1];
	request.force = options->force;
	request.open = !options->force && gate_is_open(options, options->args[0], options->args[1]);
	return change(options, "Set", &request);
}

int
steering_clear(const struct options *options)
{
	Slim__V1__SetRequest request = SLIM__V1__SET_REQUEST__INIT;

	request.service = (char *)options->args[0];
	return change(options, "Clear", &request);
}
