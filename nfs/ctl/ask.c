/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A single command prints a table, a batch prints rows as they come; what a request did, or why it
 * did not, is told at its end.
 */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table.h"
#include "talk.h"

struct asker {
	const struct options *options;
	FILE *out;
	uint64_t n_ended;
	uint64_t n_failed;
	uint64_t n_rows; /* of the request under way */
	enum exit_code result;
	bool nonsense;       /* a row that is none came */
	enum nf_status last; /* request's */
	struct lines requests;
	struct table table;
};

static void
take_row(void *ctx, const char *row)
{
	struct asker *a = ctx;

	a->n_rows++;
	if (a->options->json || a->options->batch != NULL)
		fprintf(a->out, "%s\n", row);
	else if (!table_add(&a->table, row))
		a->nonsense = true;
	if (a->options->stream)
		fflush(a->out);
}

static void
tell_failure(struct asker *a, enum nf_status status, uint64_t count, const char *text)
{
	if (a->options->batch != NULL)
		fprintf(stderr, "request %" PRIu64 ": ", a->n_ended);
	fprintf(stderr, "%s", text[0] != '\0' ? text : "failed");
	if (count != 0)
		fprintf(stderr, " (after %" PRIu64 ")", count);
	fputc('\n', stderr);
	a->n_failed++;
	if (a->result == EXIT_DONE)
		a->result = exit_code_of(status);
}

static void
take_end(void *ctx, enum nf_status status, uint64_t count, const char *text)
{
	struct asker *a = ctx;

	a->n_ended++;
	a->last = status;
	table_end(&a->table);
	if (status != NF_OK)
		tell_failure(a, status, count, text);
	else if (a->options->batch == NULL && a->n_rows == 0)
		fprintf(a->out,
			a->options->json ? "{\"count\":%" PRIu64 "}\n" : "done: %" PRIu64 "\n",
			count);
	a->n_rows = 0;
	fflush(a->out);
}

static int
open_requests(struct asker *a)
{
	const struct options *options = a->options;
	struct lines *requests = &a->requests;

	if (options->batch == NULL) {
		requests->fd = -1;
		requests->ended = true;
		requests->used = strcspn(options->request, "\n") + 1;
		memcpy(requests->data, options->request, requests->used);
		return 0;
	}
	requests->fd = strcmp(options->batch, "-") == 0
			       ? dup(STDIN_FILENO)
			       : open(options->batch, O_RDONLY | O_CLOEXEC);
	if (requests->fd >= 0)
		return 0;
	fprintf(stderr, "slim-nf: %s: %s\n", options->batch, strerror(errno));
	return -errno;
}

/* Who is told so is then hung up on. */
static bool
ends_connection(enum nf_status status)
{
	return status == NF_BAD_LINE || status == NF_TOO_MANY || status == NF_IDLE;
}

static enum exit_code
talk(struct asker *a)
{
	static const struct talk_ops ops = {.row = take_row, .end = take_end};
	const struct options *options = a->options;
	int fd = talk_open(options->socket), error;

	if (fd < 0) {
		fprintf(stderr, "slim-nf: %s: %s\n", options->socket, strerror(-fd));
		return EXIT_UNREACHABLE;
	}
	error = talk_run(fd, &a->requests, options->timeout_ms, &ops, a);
	close(fd);
	table_end(&a->table);
	if (error == -EPIPE && ends_connection(a->last))
		error = 0;
	if (error == 0 && a->nonsense)
		error = -EPROTO;
	if (error == 0)
		return a->result;
	fprintf(stderr, "slim-nf: %s: %s\n", options->socket,
		error == -EPIPE ? "the network function closed the connection" : strerror(-error));
	return EXIT_UNREACHABLE;
}

enum exit_code
ask(const struct options *options, FILE *out)
{
	struct asker *a = calloc(1, sizeof(*a));
	enum exit_code result = EXIT_USAGE;

	if (a == NULL)
		return EXIT_UNREACHABLE;
	a->options = options;
	a->out = out;
	a->table.out = out;
	if (open_requests(a) == 0) {
		result = talk(a);
		if (a->requests.fd >= 0)
			close(a->requests.fd);
		if (options->batch != NULL)
			fprintf(stderr, "%" PRIu64 " requests, %" PRIu64 " failed\n", a->n_ended,
				a->n_failed);
	}
	free(a);
	return result;
}
