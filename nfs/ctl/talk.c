/* SPDX-License-Identifier: Apache-2.0 */
/* One loop: requests out while not too many are ahead, answers in. */
#include "talk.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "local_socket.h"

struct talk {
	int fd;
	const struct talk_ops *ops;
	void *ctx;
	uint32_t n_ahead;
	size_t to_send; /* bytes of `request` from `sent` on */
	const char *sent;
	struct lines *requests;
	struct lines answers;
};

int
talk_open(const char *path)
{
	return local_socket_connect(path, SOCK_STREAM);
}

static int
status_of(const char *word, size_t size)
{
	static const char *const words[] = {
#define X(name, word, text) word,
		NF_STATUSES(X)
#undef X
	};

	for (int s = 0; s < NF_N_STATUSES; s++)
		if (strlen(words[s]) == size && memcmp(words[s], word, size) == 0)
			return s;
	return -1;
}

/* "end STATUS COUNT[ TEXT]" */
static int
take_end(struct talk *t, const char *line)
{
	const char *word = line + strlen("end ");
	size_t size = strcspn(word, " ");
	int status = status_of(word, size);
	uint64_t count;
	char *text;

	if (status < 0 || word[size] != ' ')
		return -EPROTO;
	count = strtoull(word + size, &text, 10);
	text += *text == ' ';
	/* A refusal that answers no request: the connection ends with it. */
	if (t->n_ahead > 0)
		t->n_ahead--;
	t->ops->end(t->ctx, (enum nf_status)status, count, text);
	return 0;
}

static int
take_answers(struct talk *t)
{
	int error = lines_fill(&t->answers);
	char *line;

	while (error == 0 && (line = lines_next(&t->answers)) != NULL) {
		if (line[0] == '{')
			t->ops->row(t->ctx, line);
		else
			error = strncmp(line, "end ", 4) == 0 ? take_end(t, line) : -EPROTO;
	}
	if (error == 0 && t->answers.ended)
		error = -EPIPE;
	return error;
}

/* The next request as it goes over the wire, in place of its line. */
static bool
next_request(struct talk *t)
{
	char *line;

	if (t->n_ahead == TALK_AHEAD)
		return false;
	do
		line = lines_next(t->requests);
	while (line != NULL && (line[0] == '\0' || line[0] == '#'));
	if (line == NULL)
		return false;
	t->sent = line;
	t->to_send = strlen(line) + 1;
	line[t->to_send - 1] = '\n';
	t->n_ahead++;
	return true;
}

static int
send_requests(struct talk *t)
{
	while (t->to_send > 0 || next_request(t)) {
		ssize_t n = send(t->fd, t->sent, t->to_send, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		t->sent += n;
		t->to_send -= (size_t)n;
	}
	return 0;
}

/* Waits until something can be done, and does it. */
static int
turn(struct talk *t, int timeout_ms)
{
	bool wants_requests = !t->requests->ended && t->to_send == 0 && t->n_ahead < TALK_AHEAD;
	struct pollfd fds[2] = {
		{.fd = t->fd, .events = (short)(POLLIN | (t->to_send > 0 ? POLLOUT : 0))},
		{.fd = wants_requests ? t->requests->fd : -1, .events = POLLIN},
	};
	int n = poll(fds, 2, t->n_ahead > 0 ? timeout_ms : -1), error = 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ETIMEDOUT;
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		error = take_answers(t);
	if (error == 0 && fds[1].revents != 0)
		error = lines_fill(t->requests);
	return error;
}

int
talk_run(int fd, struct lines *requests, int timeout_ms, const struct talk_ops *ops, void *ctx)
{
	struct talk *t = calloc(1, sizeof(*t));
	int error;

	if (t == NULL)
		return -ENOMEM;
	t->fd = fd;
	t->answers.fd = fd;
	t->answers.strict = true;
	t->requests = requests;
	t->ops = ops;
	t->ctx = ctx;
	while ((error = send_requests(t)) == 0 && (t->n_ahead > 0 || !requests->ended))
		if ((error = turn(t, timeout_ms)) != 0)
			break;
	free(t);
	return error;
}
