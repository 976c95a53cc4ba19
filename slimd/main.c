/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slimd: one per host. Wires the parts together and turns the loop.
 *
 * While no session runs, the loop sleeps in libevent. While one runs, it polls: the driver says
 * how long it may sleep, and a frame from a peer ends the sleep at once.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "ctl_service.h"
#include "daemon.h"
#include "daemon_config.h"
#include "driver.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"
#include "real.h"
#include "rpc.h"
#include "slice.h"
#include "slim_version.h"

/* After session.h: both have an EV_CLOSED, and this one is a macro. */
#include <event2/event.h>

#define LARGE (1 << 20) /* bytes that are mapped */
#define KEPT (16 << 20) /* free at the end of the heap: frames come again */

struct options {
	const char *config;
	bool check_config;
	bool allow_faults;
};

struct program {
	struct options options;
	struct daemon_config *config;
	struct event_base *base;
	struct outside *outside;
	struct event *signals[2];
	struct rpc *rpc;
	struct rpc_server *server;
	struct ctl_service *ctl;
	struct exporter *exporter;
	struct controller *controller;
	struct notify *notify;
	struct daemon daemon;
	bool stop;
};

/* ---- wires ------------------------------------------------------------------------ */

static void
on_nf_up(void *ctx, struct nf *nf)
{
	struct program *p = ctx;

	driver_nf_up(p->daemon.driver, nf);
}

static void
on_nf_down(void *ctx, struct nf *nf)
{
	struct program *p = ctx;

	driver_nf_down(p->daemon.driver, nf);
}

static void
on_peer_up(void *ctx, struct peer_conn *conn)
{
	struct program *p = ctx;

	driver_peer_up(p->daemon.driver, conn);
}

static void
on_peer_down(void *ctx, struct peer_conn *conn, uint32_t reason)
{
	struct program *p = ctx;

	driver_peer_down(p->daemon.driver, conn, reason);
}

static void
on_peer_unreachable(void *ctx, const char *host, uint32_t reason)
{
	struct program *p = ctx;

	driver_peer_unreachable(p->daemon.driver, host, reason);
}

static void
on_peer_frame(void *ctx, struct peer_conn *conn, const Slim__Peer__V1__Frame *frame)
{
	struct program *p = ctx;

	driver_peer_frame(p->daemon.driver, conn, frame);
}

static void
on_steered(void *ctx, uint64_t session, enum controller_verb verb,
	   const struct controller_answer *answer)
{
	struct program *p = ctx;

	driver_steered(p->daemon.driver, session, verb, answer);
}

static void
on_signal(evutil_socket_t number, short what, void *ctx)
{
	struct program *p = ctx;

	(void)what;
	log_info("stopping signal=%d", (int)number);
	p->stop = true;
}

/* ---- parts --------------------------------------------------------------------------- */

static int
start_loop(struct program *p)
{
	static const int numbers[] = {SIGTERM, SIGINT};

	signal(SIGPIPE, SIG_IGN);
	/* Sleeps of a few microseconds must not become fifty. */
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	slice_request(SLICE_MIN_NS); /* without it all is as right, and later */
	p->daemon.base = p->base = event_base_new();
	if (p->base == NULL)
		return -ENOMEM;
	for (int i = 0; i < 2; i++) {
		p->signals[i] = evsignal_new(p->base, numbers[i], on_signal, p);
		if (p->signals[i] == NULL || event_add(p->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	return rpc_create(p->base, &p->rpc);
}

static int
start_outside(struct program *p)
{
	return outside_create(p->base, &p->outside);
}

static int
start_nfs(struct program *p)
{
	static const struct nf_registry_ops ops = {.on_up = on_nf_up, .on_down = on_nf_down};

	return nf_registry_create(p->base, p->config->agent_socket, &ops, p, &p->daemon.nfs);
}

static int
start_controller(struct program *p)
{
	const struct daemon_config_steering *config = p->config->steering;
	struct tls_files tls;
	int rc;

	if (config == NULL || p->config->steering_none)
		return 0;
	tls = config_tls_files(config->tls);
	rc = outside_open_controller(p->outside, p->rpc, config->address,
				     config->tls != NULL ? &tls : NULL);
	return rc < 0 ? rc : controller_create(p->outside, on_steered, p, &p->controller);
}

static int
start_peers(struct program *p)
{
	static const struct peer_ops ops = {
		.on_up = on_peer_up,
		.on_down = on_peer_down,
		.on_unreachable = on_peer_unreachable,
		.on_frame = on_peer_frame,
	};
	struct peer_address addresses[SLIM_MAX_PEERS];
	struct peer_config config = {.host = p->config->host, .peers = addresses};
	const struct daemon_config_peer *own = p->config->peer;
	struct tls_files tls = config_tls_files(own != NULL ? own->tls : NULL);
	int rc;

	/* Without a word about peers there is nobody to talk to, and nothing to protect. */
	config.plaintext = own == NULL || own->plaintext;
	if (own != NULL) {
		config.listen = own->listen;
		config.n_peers = p->config->n_peers;
	}
	for (size_t i = 0; i < config.n_peers; i++) {
		const struct daemon_config_peer_entry *entry = &p->config->peers[i];

		snprintf(addresses[i].name, sizeof(addresses[i].name), "%s", entry->name);
		addresses[i].address = entry->address != NULL ? entry->address : "";
	}
	rc = outside_open_links(p->outside, config.plaintext ? NULL : &tls);
	return rc < 0 ? rc : peer_set_create(p->outside, &config, &ops, p, &p->daemon.peers);
}

static int
start_driver(struct program *p)
{
	struct driver_config config = {
		.outside = p->outside,
		.host = p->config->host,
		.state_dir = p->config->state_dir,
		.runtime_dir = p->config->runtime_dir,
		.nfs = p->daemon.nfs,
		.peers = p->daemon.peers,
		.controller = p->controller,
		.steering_none = p->config->steering_none,
		.allow_faults = p->options.allow_faults,
		.compress = p->config->compress,
		.max_bandwidth = p->config->defaults.max_bandwidth,
		.limits = SESSION_LIMITS_DEFAULT,
	};
	int rc;

	if (p->config->defaults.max_hold_us != 0)
		config.limits.max_hold_ns = p->config->defaults.max_hold_us * 1000u;
	if (p->config->defaults.timeout_s != 0)
		config.limits.move_ns = p->config->defaults.timeout_s * UINT64_C(1000000000);
	if (p->config->defaults.source_gone_s != 0)
		config.limits.source_gone_ns =
			p->config->defaults.source_gone_s * UINT64_C(1000000000);
	rc = driver_create(&config, &p->daemon.driver);
	return rc < 0 ? rc : driver_replay(p->daemon.driver);
}

static int
start_control(struct program *p)
{
	const struct daemon_config_grpc *grpc = &p->config->grpc;
	struct tls_files tls = config_tls_files(grpc->tls);
	char address[512];
	int rc = rpc_server_create(p->rpc, &p->server);

	if (rc == 0)
		rc = ctl_service_create(&p->daemon, p->server, &p->ctl);
	if (rc == 0 && grpc->unix_path != NULL) {
		snprintf(address, sizeof(address), "unix:%s", grpc->unix_path);
		rc = rpc_server_listen(p->server, address, NULL, NULL);
	}
	if (rc == 0 && grpc->tcp != NULL)
		rc = rpc_server_listen(p->server, grpc->tcp, &tls, NULL);
	return rc == 0 ? rpc_server_start(p->server) : rc;
}

static int
start_metrics(struct program *p)
{
	if (p->config->metrics == NULL)
		return 0;
	return exporter_create(p->base, p->config->metrics, metrics_print, &p->daemon,
			       &p->exporter);
}

static int
start_notify(struct program *p)
{
	return notify_create(p->base, &p->notify);
}

static int
start(struct program *p)
{
	static const struct {
		const char *name;
		int (*start)(struct program *p);
	} parts[] = {
		{"loop", start_loop},        {"outside", start_outside},
		{"agent socket", start_nfs}, {"controller", start_controller},
		{"peers", start_peers},      {"driver", start_driver},
		{"control", start_control},  {"metrics", start_metrics},
		{"notify", start_notify},
	};

	p->daemon.host = p->config->host;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int rc = parts[i].start(p);

		if (rc < 0) {
			log_error("cannot start part=\"%s\" error=\"%s\"", parts[i].name,
				  strerror(-rc));
			return rc;
		}
	}
	notify_ready(p->notify);
	log_info("ready host=%s version=%s", p->config->host, SLIM_VERSION);
	return 0;
}

static void
stop(struct program *p)
{
	notify_destroy(p->notify);
	exporter_destroy(p->exporter);
	rpc_server_destroy(p->server);
	ctl_service_destroy(p->ctl);
	driver_destroy(p->daemon.driver);
	peer_set_destroy(p->daemon.peers);
	controller_destroy(p->controller);
	nf_registry_destroy(p->daemon.nfs);
	outside_destroy(p->outside);
	rpc_destroy(p->rpc);
	for (int i = 0; i < 2; i++)
		if (p->signals[i] != NULL)
			event_free(p->signals[i]);
	if (p->base != NULL)
		event_base_free(p->base);
	daemon_config_free(p->config);
}

/* ---- the loop --------------------------------------------------------------------------- */

static void
rest(const struct program *p, uint64_t ns)
{
	struct pollfd polls[2 * SLIM_MAX_PEERS];
	struct timespec limit = {.tv_sec = (time_t)(ns / 1000000000u),
				 .tv_nsec = (long)(ns % 1000000000u)};
	size_t n = peer_polls(p->daemon.peers, polls, 2 * SLIM_MAX_PEERS);

	/* No sleep, however short: the kernel comes back from one when it likes. */
	if (ns == DRIVER_YIELD)
		sched_yield();
	else
		ppoll(polls, (nfds_t)n, &limit, NULL);
}

static void
run(struct program *p)
{
	while (!p->stop) {
		uint64_t ns = driver_poll(p->daemon.driver);

		if (ns != DRIVER_IDLE && ns > 0)
			rest(p, ns);
		event_base_loop(p->base,
				ns == DRIVER_IDLE ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
	}
}

/* ---- the command line --------------------------------------------------------------------- */

static void
usage(FILE *out)
{
	fprintf(out, "Usage: slimd --config FILE [--check-config] [--allow-faults]\n"
		     "       slimd --version | --help\n"
		     "\n"
		     "  --config FILE    configuration, YAML\n"
		     "  --check-config   read the configuration, say if it is right, and end\n"
		     "  --allow-faults   accept moves with mechanisms switched off (tests only)\n"
		     "  --version        print the version\n");
}

/* -1: go on; else the exit status. */
static int
parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'}, {"check-config", no_argument, NULL, 'k'},
		{"allow-faults", no_argument, NULL, 'f'}, {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config = optarg;
			break;
		case 'k':
			options->check_config = true;
			break;
		case 'f':
			options->allow_faults = true;
			break;
		case 'v':
			printf("slimd %s\n", SLIM_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (options->config != NULL && optind == argc)
		return -1;
	usage(stderr);
	return 2;
}

/* What a session remembers of each slot is mapped, and goes back to the kernel with it. On the heap it would stay
 * there below the small frames of others: malloc takes it for small as soon as one like it was freed. */
static void
set_up_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, KEPT);
}

int
main(int argc, char **argv)
{
	struct program p = {.stop = false};
	char error[CONFIG_ERROR_SIZE];
	int rc = parse(argc, argv, &p.options);

	if (rc >= 0)
		return rc;
	log_open("slimd");
	set_up_memory();
	if (daemon_config_load(p.options.config, &p.config, error) < 0) {
		fprintf(stderr, "%s\n", error);
		return 2;
	}
	if (p.options.check_config) {
		printf("%s: good\n", p.options.config);
		daemon_config_free(p.config);
		return 0;
	}
	log_set_level(p.config->level);
	rc = start(&p);
	if (rc == 0)
		run(&p);
	stop(&p);
	return rc == 0 ? 0 : 1;
}
