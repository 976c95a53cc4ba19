/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket; see control.h. Main thread. Owns its clients and what they asked for; the
 * workers own the jobs while they have them.
 */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local_socket.h"

#define IN_SIZE 4096u
#define TURNS 16u /* of one client in one poll */
#define STEPS 16u /* calls of `step` for one client in one poll */

_Static_assert(IN_SIZE >= NF_LINE_SIZE, "a line fits");
_Static_assert(NF_OUT_SIZE >= 2 * NF_ROW_SIZE, "a row and an end fit");
_Static_assert(NF_CLIENTS <= 256 && NF_PIPELINE <= 256, "a place is a byte in a job's sender");

struct client {
	int fd;         /* -1: free */
	bool deaf;      /* nothing more is read: the other end has said all, or said nonsense */
	uint32_t first; /* oldest request */
	uint32_t n_requests;
	uint32_t n_put;   /* of these, from the oldest: all jobs are put */
	uint32_t n_steps; /* in this poll */
	uint64_t active_ns;
	size_t n_in;
	size_t out_from; /* sent up to here */
	struct nf_reply out;
	void *workspace;
	struct nf_request requests[NF_PIPELINE];
	char in[IN_SIZE];
	char bytes[NF_OUT_SIZE];
};

struct nf_control {
	struct nf_control_config config;
	char *path;
	int fd;
	dev_t device; /* of the socket's file */
	ino_t inode;
	uint64_t serial;
	uint64_t now_ns;
	struct client clients[NF_CLIENTS];
};

/* ---- requests ---------------------------------------------------------------------------- */

static struct nf_request *
request_at(struct client *client, uint32_t i)
{
	return &client->requests[(client->first + i) % NF_PIPELINE];
}

static uint64_t
sender_of(const struct nf_control *c, const struct client *client, const struct nf_request *r)
{
	return r->serial << 16 | (uint64_t)(client - c->clients) << 8 |
	       (uint64_t)(r - client->requests);
}

/* `help`: a row for each command. */
static bool
help(struct nf_request *r, struct nf_reply *reply)
{
	const struct nf_command *commands = *(const struct nf_command *const *)(void *)r->job.args;

	while (commands[r->job.cursor].name != NULL) {
		const struct nf_command *command = &commands[r->job.cursor];

		if (!nf_reply_has_room(reply))
			return false;
		nf_reply_begin(reply);
		nf_reply_text(reply, "command", "%s", command->name);
		nf_reply_text(reply, "arguments", "%s", command->args);
		nf_reply_text(reply, "help", "%s", command->help);
		nf_reply_end(reply);
		r->job.cursor++;
	}
	return true;
}

static const struct nf_command own_commands[] = {
	{"help", "", "lists the commands", NULL, help},
	{0},
};

static const struct nf_command *
find_command(const struct nf_control *c, struct nf_words *words)
{
	const struct nf_command *command = nf_command_find(own_commands, words);

	return command != NULL ? command : nf_command_find(c->config.commands, words);
}

static enum nf_status
start(struct nf_control *c, struct nf_request *r, char *line)
{
	struct nf_words words;
	enum nf_status status = NF_OK;

	if (!nf_words_split(line, &words))
		return NF_USAGE;
	r->command = find_command(c, &words);
	if (r->command == NULL)
		return NF_UNKNOWN;
	if (r->command->step == help)
		memcpy(r->job.args, &c->config.commands, sizeof(c->config.commands));
	if (r->command->start != NULL)
		status = r->command->start(r, &words);
	if (status == NF_OK && words.n != 0)
		status = NF_USAGE;
	if (status == NF_USAGE && r->reason[0] == '\0')
		nf_refuse(r, status, "usage: %s %s", r->command->name, r->command->args);
	return status;
}

static struct nf_request *
add_request(struct nf_control *c, struct client *client)
{
	struct nf_request *r = request_at(client, client->n_requests++);

	memset(r, 0, sizeof(*r));
	r->nf = c->config.nf;
	r->running = c->config.running;
	r->now_ns = c->now_ns;
	r->workspace = client->workspace;
	r->serial = ++c->serial;
	return r;
}

/* Puts what is due to the workers, in the order of the requests. A full mailbox ends it for now. */
static void
put_jobs(struct nf_control *c, struct client *client)
{
	while (client->n_put < client->n_requests) {
		struct nf_request *r = request_at(client, client->n_put);

		r->job.sender = sender_of(c, client, r);
		while (r->workers != 0) {
			unsigned int w = (unsigned int)__builtin_ctz(r->workers);

			if (!nf_mailbox_put(c->config.mailboxes[w], &r->job))
				return;
			r->workers &= r->workers - 1;
			r->n_jobs++;
		}
		client->n_put++;
	}
}

/* A job came back. Who asked for it may be gone, and its place another's. */
static void
note_job(struct nf_control *c, const struct nf_job *job)
{
	struct client *client = &c->clients[job->sender >> 8 & 0xff];
	struct nf_request *r = &client->requests[job->sender & 0xff];

	if (client->fd < 0 || r->serial != job->sender >> 16)
		return;
	r->n_jobs--;
	r->count += job->n_affected;
	if (r->status == NF_OK)
		r->status = job->status;
}

static void
collect_jobs(struct nf_control *c)
{
	struct nf_job job;

	for (uint16_t w = 0; w < c->config.n_workers; w++)
		while (nf_mailbox_take(c->config.mailboxes[w], &job))
			if (job.sender != NF_SENDER_NF)
				note_job(c, &job);
			else if (c->config.job_done != NULL)
				c->config.job_done(c->config.nf, w, &job);
}

static void
write_end(struct client *client, const struct nf_request *r)
{
	const char *text = r->reason[0] != '\0' ? r->reason : nf_status_texts[r->status];

	nf_reply_line(&client->out, "end %s %llu%s%s", nf_status_words[r->status],
		      (unsigned long long)r->count, *text != '\0' ? " " : "", text);
}

/* True: the request has no more rows. */
static bool
write_rows(const struct nf_control *c, struct client *client, struct nf_request *r)
{
	uint64_t n_rows = client->out.n_rows;

	if (r->status != NF_OK || r->command->step == NULL || r->written)
		return true;
	client->n_steps++;
	r->now_ns = c->now_ns;
	r->written = r->command->step(r, &client->out);
	r->count += client->out.n_rows - n_rows;
	return r->written;
}

/* The oldest request a step further; false: there is none, or it has to wait. */
static bool
serve_oldest(const struct nf_control *c, struct client *client)
{
	struct nf_request *r = request_at(client, 0);

	if (client->n_put == 0 || r->n_jobs != 0 || client->n_steps == STEPS ||
	    !nf_reply_has_room(&client->out))
		return false;
	if (!write_rows(c, client, r) || !nf_reply_has_room(&client->out))
		return true;
	write_end(client, r);
	r->serial = 0;
	client->first = (client->first + 1) % NF_PIPELINE;
	client->n_requests--;
	client->n_put--;
	return true;
}

/* ---- clients ----------------------------------------------------------------------------- */

static void
drop(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

static void
admit(struct nf_control *c, int fd)
{
	static const char refusal[] = "end too-many-clients 0\n";

	for (uint32_t i = 0; i < NF_CLIENTS; i++) {
		struct client *client = &c->clients[i];

		if (client->fd >= 0)
			continue;
		client->fd = fd;
		client->deaf = false;
		client->first = client->n_requests = client->n_put = 0;
		client->n_in = client->out_from = 0;
		client->out = (struct nf_reply){.data = client->bytes, .size = NF_OUT_SIZE};
		client->active_ns = c->now_ns;
		return;
	}
	send(fd, refusal, sizeof(refusal) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void
accept_clients(struct nf_control *c)
{
	for (uint32_t i = 0; i < NF_CLIENTS; i++) {
		int fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		admit(c, fd);
	}
}

static bool
fill(struct client *client)
{
	ssize_t n;

	if (client->deaf || client->n_in == IN_SIZE)
		return false;
	n = recv(client->fd, client->in + client->n_in, IN_SIZE - client->n_in, 0);
	if (n > 0) {
		client->n_in += (size_t)n;
		return true;
	}
	if (n == 0)
		client->deaf = true;
	else if (errno != EAGAIN && errno != EINTR)
		drop(client);
	return false;
}

static bool
is_text(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			return false;
	return true;
}

/* Takes a line out of what came in; false: there is no whole one, or it is not fit to be read. */
static bool
cut_line(struct nf_control *c, struct client *client, char line[NF_LINE_SIZE])
{
	size_t n = client->n_in < NF_LINE_SIZE ? client->n_in : NF_LINE_SIZE;
	char *end = memchr(client->in, '\n', n);
	size_t size = end != NULL ? (size_t)(end - client->in) : n;

	if (end == NULL ? n == NF_LINE_SIZE : !is_text(client->in, size)) {
		add_request(c, client)->status = NF_BAD_LINE;
		client->deaf = true;
		client->n_in = 0;
		return false;
	}
	if (end == NULL)
		return false;
	memcpy(line, client->in, size);
	line[size] = '\0';
	client->n_in -= size + 1;
	memmove(client->in, end + 1, client->n_in);
	return true;
}

static bool
take_lines(struct nf_control *c, struct client *client)
{
	char line[NF_LINE_SIZE];
	bool any = false;

	while (client->n_requests < NF_PIPELINE && cut_line(c, client, line)) {
		struct nf_request *r = add_request(c, client);

		r->status = start(c, r, line);
		if (r->status != NF_OK)
			r->workers = 0;
		any = true;
	}
	return any;
}

static bool
flush(struct nf_control *c, struct client *client)
{
	struct nf_reply *out = &client->out;
	ssize_t n;

	if (client->out_from == out->used)
		return false;
	n = send(client->fd, out->data + client->out_from, out->used - client->out_from,
		 MSG_NOSIGNAL);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			drop(client);
		return false;
	}
	client->active_ns = c->now_ns;
	client->out_from += (size_t)n;
	if (client->out_from == out->used) {
		client->out_from = out->used = 0;
	} else if (client->out_from > NF_OUT_SIZE / 2) {
		memmove(out->data, out->data + client->out_from, out->used - client->out_from);
		out->used -= client->out_from;
		client->out_from = 0;
	}
	return true;
}

/* Has the other end closed, and not only said all it had to say? Then nobody reads any more. */
static bool
is_gone(const struct client *client)
{
	struct pollfd end = {.fd = client->fd};

	return client->deaf && poll(&end, 1, 0) == 1 && (end.revents & (POLLHUP | POLLERR)) != 0;
}

/* A worker that owes a job, because a move holds it, is not the client's fault. */
static bool
is_idle(const struct nf_control *c, struct client *client)
{
	bool waits = client->out_from == client->out.used && client->n_requests != 0;

	return !waits && c->now_ns - client->active_ns >= NF_IDLE_NS;
}

static void
serve(struct nf_control *c, struct client *client)
{
	bool moved = true;

	client->n_steps = 0;
	for (uint32_t turn = 0; turn < TURNS && moved; turn++) {
		moved = fill(client);
		if (client->fd < 0)
			return;
		moved |= take_lines(c, client);
		put_jobs(c, client);
		while (serve_oldest(c, client))
			moved = true;
		moved |= flush(c, client);
		if (client->fd < 0)
			return;
	}
	if (is_gone(client) ||
	    (client->deaf && client->n_requests == 0 && client->out_from == client->out.used)) {
		drop(client);
	} else if (is_idle(c, client)) {
		nf_reply_line(&client->out, "end %s 0 %s", nf_status_words[NF_IDLE],
			      nf_status_texts[NF_IDLE]);
		flush(c, client);
		if (client->fd >= 0)
			drop(client);
	}
}

void
nf_control_poll(struct nf_control *control, uint64_t now_ns)
{
	if (control == NULL)
		return;
	control->now_ns = now_ns;
	collect_jobs(control);
	accept_clients(control);
	for (uint32_t i = 0; i < NF_CLIENTS; i++)
		if (control->clients[i].fd >= 0)
			serve(control, &control->clients[i]);
}

/* ---- set-up ------------------------------------------------------------------------------- */

static int
listen_on(struct nf_control *c)
{
	struct stat st;

	c->fd = local_socket_listen(c->path, SOCK_STREAM, NF_CLIENTS, 0660);
	if (c->fd < 0)
		return c->fd;
	if (stat(c->path, &st) != 0)
		return -errno;
	c->device = st.st_dev;
	c->inode = st.st_ino;
	return 0;
}

int
nf_control_open(const struct nf_control_config *config, struct nf_control **ret_control)
{
	struct nf_control *c;
	int error = 0;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	c->config = *config;
	c->path = strdup(config->path);
	c->fd = -1;
	if (c->path == NULL)
		error = -ENOMEM;
	for (uint32_t i = 0; i < NF_CLIENTS; i++) {
		c->clients[i].fd = -1;
		if (config->workspace_size == 0)
			continue;
		c->clients[i].workspace = calloc(1, config->workspace_size);
		if (c->clients[i].workspace == NULL)
			error = -ENOMEM;
	}
	if (error == 0)
		error = listen_on(c);
	if (error != 0) {
		nf_control_close(c);
		return error;
	}
	*ret_control = c;
	return 0;
}

void
nf_control_close(struct nf_control *control)
{
	struct stat st;

	if (control == NULL)
		return;
	for (uint32_t i = 0; i < NF_CLIENTS; i++) {
		if (control->clients[i].fd >= 0)
			drop(&control->clients[i]);
		free(control->clients[i].workspace);
	}
	if (control->inode != 0 && stat(control->path, &st) == 0 && st.st_dev == control->device &&
	    st.st_ino == control->inode)
		unlink(control->path);
	if (control->fd >= 0)
		close(control->fd);
	free(control->path);
	free(control);
}
