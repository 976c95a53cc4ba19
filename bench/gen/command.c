/* SPDX-License-Identifier: Apache-2.0 */
/* Commands and plan of a run; see command.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "result.h"

#define LINE_SIZE 512

static void
answer_mark(struct command *c, int client, const char *name, uint64_t now_ns)
{
	char line[LINE_SIZE];
	int window = traffic_mark(c->traffic, name, now_ns);

	if (window >= 0)
		snprintf(line, sizeof(line), "ok %d %" PRIu64, window, now_ns);
	else
		snprintf(line, sizeof(line), "error %s",
			 window == -EAGAIN   ? "not running"
			 : window == -ENOSPC ? "too many windows"
					     : "bad name");
	control_answer(c->control, client, line);
}

static void
handle_line(struct command *c, int client, const char *line, uint64_t now_ns)
{
	char answer[LINE_SIZE];

	if (strcmp(line, "status") == 0 || strcmp(line, "stats") == 0) {
		control_answer(c->control, client, result_line(c->traffic, answer, sizeof(answer)));
	} else if (strcmp(line, "wait-ready") == 0) {
		c->waits_ready[client] = true;
	} else if (strncmp(line, "mark ", 5) == 0) {
		answer_mark(c, client, line + 5, now_ns);
	} else if (strcmp(line, "stop") == 0) {
		c->waits_done[client] = true;
		traffic_stop(c->traffic, now_ns);
	} else {
		control_answer(c->control, client, "error unknown command");
	}
}

static void
answer_ready(struct command *c)
{
	char line[LINE_SIZE];

	if (traffic_phase(c->traffic) < TRAFFIC_RUN)
		return;
	snprintf(line, sizeof(line), "ready %" PRIu64, traffic_ready_ns(c->traffic));
	for (int i = 0; i < CONTROL_MAX_CLIENTS; i++)
		if (c->waits_ready[i]) {
			c->waits_ready[i] = false;
			control_answer(c->control, i, line);
		}
}

/* Begins the next window of the command line, or ends the run after the last. */
static void
follow_plan(struct command *c, uint64_t now_ns)
{
	const struct options *o = c->options;
	uint64_t ready_ns = traffic_ready_ns(c->traffic);

	if (o->duration_ns != 0 && now_ns - ready_ns >= o->duration_ns)
		traffic_stop(c->traffic, now_ns);
	if (o->n_windows == 0 || now_ns < c->window_end_ns)
		return;
	if (c->n_windows_begun == o->n_windows) {
		traffic_stop(c->traffic, now_ns);
		return;
	}
	traffic_mark(c->traffic, o->windows[c->n_windows_begun].name, now_ns);
	c->window_end_ns = now_ns + o->windows[c->n_windows_begun++].duration_ns;
}

int
command_poll(struct command *c, uint64_t now_ns)
{
	char line[CONTROL_LINE_SIZE];
	int client;

	if (c->control != NULL) {
		client = control_poll(c->control, line);
		if (client >= 0)
			handle_line(c, client, line, now_ns);
		answer_ready(c);
	}
	if (traffic_phase(c->traffic) == TRAFFIC_RUN)
		follow_plan(c, now_ns);
	else if (traffic_phase(c->traffic) < TRAFFIC_RUN &&
		 now_ns - c->start_ns > c->options->ready_timeout_ns)
		return -ETIMEDOUT;
	return 0;
}

void
command_finish(struct command *c, const char *text)
{
	for (int i = 0; i < CONTROL_MAX_CLIENTS; i++) {
		if (c->waits_ready[i])
			control_answer(c->control, i, "error not ready");
		if (c->waits_done[i])
			control_answer(c->control, i, text);
	}
}
