/* SPDX-License-Identifier: Apache-2.0 */
/* Control socket; see control.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "local_socket.h"

struct client {
	int fd;     /* -1: free */
	bool asked; /* a line waits for its answer */
	size_t size;
	char data[CONTROL_LINE_SIZE];
};

struct control {
	int fd;
	char *path;
	struct client clients[CONTROL_MAX_CLIENTS];
};

int
control_open(const char *path, struct control **ret_control)
{
	struct control *c = calloc(1, sizeof(*c));
	int error = 0;

	if (c == NULL)
		return -ENOMEM;
	for (int i = 0; i < CONTROL_MAX_CLIENTS; i++)
		c->clients[i].fd = -1;
	c->path = strdup(path);
	c->fd = local_socket_listen(path, SOCK_STREAM, CONTROL_MAX_CLIENTS, 0600);
	if (c->path == NULL || c->fd < 0)
		error = c->path == NULL ? -ENOMEM : c->fd;
	if (error < 0) {
		control_close(c);
		return error;
	}
	*ret_control = c;
	return 0;
}

static void
drop(struct client *client)
{
	close(client->fd);
	*client = (struct client){.fd = -1};
}

void
control_close(struct control *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < CONTROL_MAX_CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			drop(&c->clients[i]);
	if (c->fd >= 0) {
		close(c->fd);
		unlink(c->path);
	}
	free(c->path);
	free(c);
}

static void
accept_clients(struct control *c)
{
	for (int i = 0; i < CONTROL_MAX_CLIENTS; i++)
		if (c->clients[i].fd < 0) {
			c->clients[i].fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
			if (c->clients[i].fd < 0)
				return;
		}
}

static void
fill(struct client *client)
{
	ssize_t n = recv(client->fd, client->data + client->size,
			 sizeof(client->data) - client->size, 0);

	if (n > 0)
		client->size += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		drop(client);
}

/* Takes one line out of the client's data. */
static bool
cut_line(struct client *client, char *line)
{
	char *end = memchr(client->data, '\n', client->size);
	size_t size;

	if (end == NULL) {
		if (client->size == sizeof(client->data))
			drop(client); /* no command is that long */
		return false;
	}
	size = (size_t)(end - client->data);
	memcpy(line, client->data, size);
	line[size] = '\0';
	client->size -= size + 1;
	memmove(client->data, end + 1, client->size);
	return true;
}

int
control_poll(struct control *c, char *line)
{
	accept_clients(c);
	for (int i = 0; i < CONTROL_MAX_CLIENTS; i++) {
		struct client *client = &c->clients[i];

		if (client->fd < 0 || client->asked)
			continue;
		if (client->size < sizeof(client->data))
			fill(client);
		if (client->fd >= 0 && cut_line(client, line)) {
			client->asked = true;
			return i;
		}
	}
	return -1;
}

void
control_answer(struct control *c, int i, const char *text)
{
	struct client *client = &c->clients[i];
	size_t size = strlen(text);

	client->asked = false;
	if (client->fd < 0)
		return;
	if (send(client->fd, text, size, MSG_NOSIGNAL | MSG_MORE) != (ssize_t)size ||
	    send(client->fd, "\n", 1, MSG_NOSIGNAL) != 1)
		drop(client);
}
