/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile client of an NF's control socket: whatever it writes, what comes back are rows and ends,
 * no more ends than lines, and the next client is served.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "target.h"

#define MAX_POLLS 1000u

struct args {
	uint64_t limit;
	uint32_t address;
	uint16_t port;
};

static struct nf_mailbox mailbox;

static enum nf_status
start(struct nf_request *r, struct nf_words *words)
{
	struct args *args = (struct args *)(void *)r->job.args;
	const char *limit = nf_words_option(words, "limit");
	const char *text = nf_words_next(words);

	args->limit = 5;
	if (limit != NULL && !nf_parse_number(limit, 100, &args->limit))
		return NF_USAGE;
	if (text != NULL && !nf_parse_endpoint(text, &args->address, &args->port) &&
	    !nf_parse_ipv4(text, &args->address))
		return nf_refuse(r, NF_USAGE, "what is '%s'?", text);
	r->workers = nf_words_flag(words, "change");
	return NF_OK;
}

static bool
show(struct nf_request *r, struct nf_reply *reply)
{
	const struct args *args = (const struct args *)(void *)r->job.args;

	for (; r->job.cursor < args->limit; r->job.cursor++) {
		if (!nf_reply_has_room(reply))
			return false;
		nf_reply_begin(reply);
		nf_reply_number(reply, "address", args->address);
		nf_reply_text(reply, "port", "%u", args->port);
		nf_reply_end(reply);
	}
	return true;
}

static bool
work(void *ctx, struct nf_job *job)
{
	(void)ctx;
	job->n_affected++;
	return true;
}

static const struct nf_command commands[] = {
	{"show sessions", "[ADDRESS[:PORT]] [limit N] [change]", "", start, show},
	{"clear", "", "", start, NULL},
	{0},
};

static struct nf_control *
open_control(char path[64])
{
	struct nf_control_config config = {
		.path = path,
		.commands = commands,
		.mailboxes = {&mailbox},
		.n_workers = 1,
	};
	struct nf_control *control;

	snprintf(path, 64, "/tmp/slim-control-fuzz-%d", (int)getpid());
	if (nf_control_open(&config, &control) != 0)
		abort();
	return control;
}

static int
dial(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		abort();
	return fd;
}

static size_t
count_lines(const uint8_t *bytes, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += bytes[i] == '\n';
	return n;
}

/* Reads all there is; the number of ends in it. A line never is cut: all is written at once or stays. */
static size_t
read_answers(int fd, char *kept, size_t *n_kept)
{
	size_t n_ends = 0;
	ssize_t n;

	while ((n = recv(fd, kept + *n_kept, NF_ROW_SIZE * 4 - *n_kept, 0)) > 0) {
		char *from = kept, *end;

		*n_kept += (size_t)n;
		while ((end = memchr(from, '\n', *n_kept - (size_t)(from - kept))) != NULL) {
			if (from[0] != '{' && strncmp(from, "end ", 4) != 0)
				abort();
			n_ends += from[0] != '{';
			from = end + 1;
		}
		*n_kept -= (size_t)(from - kept);
		memmove(kept, from, *n_kept);
		if (*n_kept > NF_ROW_SIZE)
			abort();
	}
	return n_ends;
}

/* Says all, and hears until there is no more to hear. */
static size_t
talk(struct nf_control *control, int fd, const uint8_t *bytes, size_t size)
{
	char kept[NF_ROW_SIZE * 4];
	size_t n_ends = 0, n_kept = 0;

	for (uint32_t i = 0; i < MAX_POLLS; i++) {
		ssize_t n = size > 0 ? send(fd, bytes, size, MSG_NOSIGNAL) : 0;
		size_t n_new;

		if (n > 0) {
			bytes += n;
			size -= (size_t)n;
		}
		nf_control_poll(control, 0);
		nf_mailbox_work(&mailbox, work, NULL);
		n_new = read_answers(fd, kept, &n_kept);
		n_ends += n_new;
		if (n <= 0 && n_new == 0 && i > 2)
			break;
	}
	return n_ends;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t good[] = "show sessions 192.0.2.1:53 limit 2\n";
	char path[64];
	struct nf_control *control = open_control(path);
	int fd = dial(path);

	if (talk(control, fd, data, size) > count_lines(data, size) + 1)
		abort();
	close(fd);
	fd = dial(path);
	if (talk(control, fd, good, sizeof(good) - 1) != 1)
		abort();
	close(fd);
	nf_control_close(control);
	return 0;
}
