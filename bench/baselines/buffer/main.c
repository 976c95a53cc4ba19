/* SPDX-License-Identifier: Apache-2.0 */
/* slim-buffer: options and signals; the rest is buffer.c and control.c. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "control.h"
#include "log.h"
#include "units.h"

struct options {
	struct buffer_config buffer;
	const char *control;
};

static int
usage(FILE *out, int status)
{
	fprintf(out, "usage: slim-buffer --bridge ADDRESS --control SOCKET [OPTION...]\n"
		     "  --bridge ADDRESS         of the switch: unix:PATH, tcp:ADDRESS:PORT\n"
		     "  --control SOCKET         where commands come in: hold, release, status\n"
		     "  --switch-control SOCKET  ovs-vswitchd's own: proves that no packet is on "
		     "its way\n"
		     "                           when a release is answered\n"
		     "  --max-packets N          that wait at most (1Mi)\n"
		     "  --max-octets N           (1Gi)\n"
		     "  --patience TIME          how long a release tries to catch up with what "
		     "comes (2s)\n");
	return status;
}

/* 0: go on; else the exit status plus one. */
static int
parse(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{"bridge", required_argument, NULL, 'b'},
		{"control", required_argument, NULL, 'c'},
		{"switch-control", required_argument, NULL, 's'},
		{"max-packets", required_argument, NULL, 'p'},
		{"max-octets", required_argument, NULL, 'o'},
		{"patience", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option, wrong = 0;

	while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		switch (option) {
		case 'b':
			o->buffer.address = optarg;
			break;
		case 'c':
			o->control = optarg;
			break;
		case 's':
			o->buffer.control = optarg;
			break;
		case 'p':
			wrong |= units_parse_size(optarg, &o->buffer.max_packets);
			break;
		case 'o':
			wrong |= units_parse_size(optarg, &o->buffer.max_octets);
			break;
		case 't':
			wrong |= units_parse_time(optarg, &o->buffer.patience_ns);
			break;
		case 'h':
			return 1 + usage(stdout, 0);
		default:
			return 1 + usage(stderr, 2);
		}
	}
	if (wrong || !o->buffer.address || !o->control || optind != argc)
		return 1 + usage(stderr, 2);
	return 0;
}

static void
on_signal(evutil_socket_t number, short what, void *ctx)
{
	(void)number;
	(void)what;
	event_base_loopbreak(ctx);
}

static int
run(struct event_base *base, const struct options *o)
{
	struct buffer *buffer = NULL;
	struct control *control = NULL;
	int result = buffer_create(base, &o->buffer, &buffer);

	if (result == 0)
		result = control_create(base, o->control, buffer, &control);
	if (result < 0)
		fprintf(stderr, "slim-buffer: %s\n", strerror(-result));
	else
		event_base_dispatch(base);
	control_destroy(control);
	buffer_destroy(buffer);
	return result < 0 ? 1 : 0;
}

int
main(int argc, char **argv)
{
	struct options o = {.buffer = {.max_packets = 1u << 20,
				       .max_octets = 1u << 30,
				       .patience_ns = 2000000000}};
	int stop = parse(argc, argv, &o), status;
	struct event_base *base;
	struct event *signals[2];

	if (stop)
		return stop - 1;
	log_open("slim-buffer");
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	if (!base)
		return 1;
	signals[0] = evsignal_new(base, SIGTERM, on_signal, base);
	signals[1] = evsignal_new(base, SIGINT, on_signal, base);
	for (unsigned i = 0; i < 2; i++)
		if (signals[i])
			event_add(signals[i], NULL);
	status = run(base, &o);
	for (unsigned i = 0; i < 2; i++)
		if (signals[i])
			event_free(signals[i]);
	event_base_free(base);
	return status;
}
