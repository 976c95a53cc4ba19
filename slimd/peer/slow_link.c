/* SPDX-License-Identifier: Apache-2.0 */
#include "slow_link.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define MAX_PAIRS 32u
#define MAX_BURST 512u
#define MAX_AIR 128u
#define BUFFER_SIZE 4096 /* of the kernel, which doubles it: small packets need room */

struct chunk {
	uint64_t due_ns;
	size_t n, done; /* bytes that were read, and passed on */
	uint8_t bytes[MAX_BURST];
};

struct direction {
	int from, to;
	uint64_t since_ns; /* up to here its bytes were counted */
	size_t first, n_chunks;
	struct chunk air[MAX_AIR];
};

struct slow_link {
	int listener, port, to_port;
	uint64_t rate, delay_ns;
	size_t n_pairs;
	struct direction directions[MAX_PAIRS][2];
};

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int
make_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int size = BUFFER_SIZE;

	/* Before the connection is made: it decides on the window. */
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

static void
set_nodelay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

struct slow_link *
slow_link_create(int port, uint64_t bytes_per_second)
{
	struct slow_link *link = calloc(1, sizeof(*link));
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);

	if (link == NULL)
		return NULL;
	link->to_port = port;
	link->rate = bytes_per_second;
	link->listener = make_socket();
	if (bind(link->listener, (struct sockaddr *)&address, size) < 0 ||
	    listen(link->listener, 16) < 0 ||
	    getsockname(link->listener, (struct sockaddr *)&address, &size) < 0) {
		slow_link_destroy(link);
		return NULL;
	}
	link->port = ntohs(address.sin_port);
	return link;
}

static void
end_pair(struct slow_link *link, size_t i)
{
	close(link->directions[i][0].from);
	close(link->directions[i][0].to);
	link->n_pairs--;
	for (size_t k = 0; k < 2; k++)
		link->directions[i][k] = link->directions[link->n_pairs][k];
}

void
slow_link_destroy(struct slow_link *link)
{
	if (link == NULL)
		return;
	while (link->n_pairs > 0)
		end_pair(link, 0);
	if (link->listener >= 0)
		close(link->listener);
	free(link);
}

int
slow_link_port(const struct slow_link *link)
{
	return link->port;
}

void
slow_link_set_rate(struct slow_link *link, uint64_t bytes_per_second)
{
	link->rate = bytes_per_second;
}

void
slow_link_set_delay(struct slow_link *link, uint64_t one_way_ns)
{
	link->delay_ns = one_way_ns;
}

static void
accept_pair(struct slow_link *link, uint64_t now_ns)
{
	struct sockaddr_in address = loopback(link->to_port);
	struct direction *pair;
	int from, to;

	if (link->n_pairs == MAX_PAIRS)
		return;
	pair = link->directions[link->n_pairs];
	from = accept4(link->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (from < 0)
		return;
	to = make_socket();
	(void)connect(to, (struct sockaddr *)&address, sizeof(address)); /* under way is enough */
	set_nodelay(from);
	set_nodelay(to);
	pair[0] = (struct direction){.from = from, .to = to, .since_ns = now_ns};
	pair[1] = (struct direction){.from = to, .to = from, .since_ns = now_ns};
	link->n_pairs++;
}

/* How much may be read now. */
static size_t
take_allowance(const struct slow_link *link, struct direction *d, uint64_t now_ns)
{
	uint64_t bytes = (now_ns - d->since_ns) * link->rate / SECOND;

	if (link->rate == 0 || bytes == 0)
		return 0;
	if (bytes > MAX_BURST) {
		d->since_ns = now_ns;
		return MAX_BURST;
	}
	d->since_ns += bytes * SECOND / link->rate;
	return (size_t)bytes;
}

/* False: an end is gone. */
static bool
take_in(const struct slow_link *link, struct direction *d, uint64_t now_ns)
{
	struct chunk *chunk = &d->air[(d->first + d->n_chunks) % MAX_AIR];
	size_t most = link->delay_ns > 0 ? MAX_AIR : 1, allowed;
	ssize_t n;

	if (d->n_chunks >= most)
		return true;
	allowed = take_allowance(link, d, now_ns);
	if (allowed == 0)
		return true;
	n = recv(d->from, chunk->bytes, allowed, MSG_DONTWAIT);
	if (n <= 0)
		return n != 0;
	chunk->due_ns = now_ns + link->delay_ns;
	chunk->n = (size_t)n;
	chunk->done = 0;
	d->n_chunks++;
	return true;
}

static void
put_out(struct direction *d, uint64_t now_ns)
{
	while (d->n_chunks > 0 && d->air[d->first].due_ns <= now_ns) {
		struct chunk *chunk = &d->air[d->first];
		ssize_t n = send(d->to, chunk->bytes + chunk->done, chunk->n - chunk->done,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		chunk->done += n > 0 ? (size_t)n : 0;
		if (chunk->done < chunk->n)
			return;
		d->first = (d->first + 1) % MAX_AIR;
		d->n_chunks--;
	}
}

static bool
pass_on(const struct slow_link *link, struct direction *d, uint64_t now_ns)
{
	bool open = take_in(link, d, now_ns);

	put_out(d, now_ns);
	return open;
}

void
slow_link_poll(struct slow_link *link, uint64_t now_ns)
{
	accept_pair(link, now_ns);
	for (size_t i = 0; i < link->n_pairs; i++)
		if (!pass_on(link, &link->directions[i][0], now_ns) ||
		    !pass_on(link, &link->directions[i][1], now_ns))
			end_pair(link, i--);
}
