/* SPDX-License-Identifier: Apache-2.0 */
#include "ofctld.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <event2/event.h>
#include <openssl/ssl.h>

#include "controller.h"
#include "notify.h"
#include "ofctl_config.h"
#include "ofctl_metrics.h"
#include "rpc.h"
#include "service.h"

struct daemon {
	struct ofctl_config *config;
	struct topology topology;
	struct event_base *base;
	struct event *stop[2];
	SSL_CTX *tls;
	struct controller *controller;
	struct service service;
	struct rpc *rpc;
	struct rpc_server *server;
	struct ofctl_metrics metrics;
	struct exporter *exporter;
	struct notify *notify;
};

static void
on_stop(evutil_socket_t signal_number, short what, void *ctx)
{
	struct daemon *d = ctx;

	(void)what;
	log_info("stopping signal=%d; rules stay on the switches", (int)signal_number);
	event_base_loopbreak(d->base);
}

static int
start_loop(struct daemon *d)
{
	d->base = event_base_new();
	if (!d->base)
		return -ENOMEM;
	d->stop[0] = evsignal_new(d->base, SIGTERM, on_stop, d);
	d->stop[1] = evsignal_new(d->base, SIGINT, on_stop, d);
	if (!d->stop[0] || !d->stop[1])
		return -ENOMEM;
	event_add(d->stop[0], NULL);
	event_add(d->stop[1], NULL);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

/* For switches on ssl: the switch must show a certificate of the CA; we show ours. */
static int
start_tls(struct daemon *d)
{
	struct tls_files files = config_tls_files(d->config->openflow.tls);
	char text[TLS_TEXT_SIZE] = "no context";

	if (!d->config->openflow.tls)
		return 0;
	d->tls = SSL_CTX_new(TLS_client_method());
	if (!d->tls || SSL_CTX_set_min_proto_version(d->tls, TLS1_2_VERSION) != 1 ||
	    tls_files_load(&files, d->tls, text) < 0) {
		log_error("openflow.tls not usable error=\"%s\"", text);
		return -EKEYREJECTED;
	}
	SSL_CTX_set_verify(d->tls, SSL_VERIFY_PEER, NULL);
	return 0;
}

static int
make_state_dir(const char *folder)
{
	if (!folder || mkdir(folder, 0750) == 0 || errno == EEXIST)
		return 0;
	log_error("state_dir cannot be made dir=%s: %s", folder, strerror(errno));
	return -errno;
}

static int
listen_at(struct daemon *d, const char *address, const struct tls_files *tls)
{
	int result = rpc_server_listen(d->server, address, tls, NULL);

	if (result < 0)
		log_error("cannot listen address=%s: %s", address, strerror(-result));
	else
		log_info("listening address=%s", address);
	return result;
}

static int
start_server(struct daemon *d)
{
	const struct ofctl_config_grpc *grpc = &d->config->grpc;
	struct tls_files tls = config_tls_files(grpc->tls);
	char address[128];
	int result = rpc_create(d->base, &d->rpc);

	if (result == 0)
		result = rpc_server_create(d->rpc, &d->server);
	d->service = (struct service){.controller = d->controller, .topology = &d->topology};
	if (result == 0)
		result = service_add(d->server, &d->service);
	if (result == 0 && grpc->unix_path) {
		snprintf(address, sizeof(address), "unix:%s", grpc->unix_path);
		result = listen_at(d, address, NULL);
	}
	if (result == 0 && grpc->tcp)
		result = listen_at(d, grpc->tcp, &tls);
	return result == 0 ? rpc_server_start(d->server) : result;
}

static int
start_metrics(struct daemon *d)
{
	if (!d->config->metrics)
		return 0;
	d->metrics = (struct ofctl_metrics){.controller = d->controller, .topology = &d->topology};
	return exporter_create(d->base, d->config->metrics, ofctl_metrics_print, &d->metrics,
			       &d->exporter);
}

static int
start(struct daemon *d)
{
	int result = start_loop(d);

	if (result == 0)
		result = start_tls(d);
	if (result == 0)
		result = make_state_dir(d->config->state_dir);
	if (result == 0)
		result =
			controller_create(d->base, d->config, &d->topology, d->tls, &d->controller);
	if (result == 0)
		result = start_server(d);
	if (result == 0)
		result = start_metrics(d);
	if (result == 0)
		result = notify_create(d->base, &d->notify);
	if (result < 0)
		log_error("cannot start: %s", strerror(-result));
	else
		notify_ready(d->notify);
	return result;
}

static void
stop(struct daemon *d)
{
	notify_destroy(d->notify);
	exporter_destroy(d->exporter);
	rpc_server_destroy(d->server);
	rpc_destroy(d->rpc);
	check_drop_all(&d->service.checks);
	controller_destroy(d->controller);
	for (unsigned i = 0; i < 2; i++) {
		if (d->stop[i])
			event_free(d->stop[i]);
	}
	if (d->base)
		event_base_free(d->base);
	SSL_CTX_free(d->tls);
	ofctl_config_free(d->config);
	free(d);
}

int
ofctld_run(const char *config_path, int check_only)
{
	char error[CONFIG_ERROR_SIZE];
	struct daemon *d = calloc(1, sizeof(*d));
	int status = 0;

	if (!d)
		return 1;
	log_open("slim-ofctld");
	if (ofctl_config_load(config_path, &d->config, &d->topology, error) < 0) {
		fprintf(stderr, "%s\n", error);
		free(d);
		return 2;
	}
	if (!check_only) {
		log_set_level(d->config->level);
		status = start(d) < 0 ? 1 : 0;
		if (status == 0)
			event_base_dispatch(d->base);
	}
	stop(d);
	return status;
}
