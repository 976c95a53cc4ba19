/* SPDX-License-Identifier: Apache-2.0 */
/* slim-link: options, event loop, signals; the rest is wire.c. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "desk.h"
#include "options.h"

static void
on_signal(evutil_socket_t number, short what, void *base)
{
	(void)number;
	(void)what;
	event_base_loopexit(base, NULL);
}

/* Timers of microseconds, and no time that was read before a callback that takes long. */
static struct event_base *
make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER |
						  EVENT_BASE_FLAG_NO_CACHE_TIME) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

static void
say_where(const struct wire *wire, const struct wire_config *config)
{
	for (unsigned i = 0; i < WIRE_ENDS; i++)
		if (config->listen[i] != NULL)
			printf("slim-link: %s to %s\n", wire_listens_at(wire, i), config->to[i]);
	fflush(stdout);
}

static int
serve(struct event_base *base, struct event *const signals[2], const struct link_options *options)
{
	struct wire *wire = NULL;
	struct desk *desk = NULL;
	const char *wrong;
	int error = wire_create(base, &options->wire, &wire, &wrong);

	if (error == 0 && options->control != NULL) {
		wrong = options->control;
		error = desk_open(base, options->control, wire, &desk);
	}
	for (unsigned i = 0; i < 2 && error == 0; i++)
		error = event_add(signals[i], NULL);
	if (error == 0) {
		say_where(wire, &options->wire);
		event_base_dispatch(base);
	} else {
		fprintf(stderr, "slim-link: %s: %s\n", wrong != NULL ? wrong : "no wire",
			strerror(-error));
	}
	desk_close(desk);
	wire_destroy(wire);
	return error == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct link_options options;
	struct event_base *base;
	struct event *signals[2];
	int status = 1;

	if (link_options_parse(argc, argv, &options) < 0)
		return 2;
	if (options.help) {
		link_options_print_usage();
		return 0;
	}
	signal(SIGPIPE, SIG_IGN); /* a write says so */
	base = make_base();
	if (base == NULL) {
		fprintf(stderr, "slim-link: no event loop\n");
		return 1;
	}
	signals[0] = evsignal_new(base, SIGTERM, on_signal, base);
	signals[1] = evsignal_new(base, SIGINT, on_signal, base);
	if (signals[0] != NULL && signals[1] != NULL)
		status = serve(base, signals, &options);
	for (unsigned i = 0; i < 2; i++)
		if (signals[i] != NULL)
			event_free(signals[i]);
	event_base_free(base);
	return status;
}
