/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "clock.h"
#include "tcp.h"

#define READ_OCTETS UINT64_C(16384) /* at once: connections share a line in such pieces */
#define LEAST_ROOM UINT64_C(4096)   /* less is not worth a look */
#define MAX_ARRIVED (UINT64_C(256) << 10)
#define NS_PER_US 1000u
#define US_PER_S 1000000u

enum state { NOT_DIALLED, DIALLING, UP, GONE };

/* One socket of a connection, and what was read from it. */
struct half {
	struct connection *connection;
	enum state state;
	int fd;
	struct event *readable, *writable;
	bool reading, writing; /* those events are waited for */
	bool ended;            /* all was read */
	struct evbuffer *octets;
	uint64_t
		arrived; /* of them: have come out of the line; the other socket takes them when it can */
	bool end_arrived, end_told;
};

struct connection {
	TAILQ_ENTRY(connection) entry;
	struct wire *wire;
	struct half halves[WIRE_ENDS];
	uint64_t n_inside; /* octets and marks in the lines, which name the connection */
};

/* Where one end dials. */
struct gate {
	struct wire *wire;
	int fd; /* -1: none */
	struct event *event;
	char bound[TCP_TEXT_SIZE];
	const char *to;
};

struct wire {
	struct event_base *base;
	struct event *timer;
	struct shape shape;
	struct line lines[WIRE_ENDS]; /* away from that end */
	struct gate gates[WIRE_ENDS];
	TAILQ_HEAD(connection_list, connection) connections; /* who has read last is last */
	unsigned n_connections;
	bool is_cut, is_full; /* full: no descriptor for one more */
};

static void run(struct wire *w);

/* What was taken cannot be kept: better no link than one that loses octets. */
static _Noreturn void
no_memory(void)
{
	fprintf(stderr, "slim-link: no memory\n");
	exit(1);
}

static unsigned
end_of(const struct half *h)
{
	return (unsigned)(h - h->connection->halves);
}

static struct half *
other(struct half *h)
{
	return &h->connection->halves[1 - end_of(h)];
}

static struct line *
line_of(const struct half *h)
{
	return &h->connection->wire->lines[end_of(h)];
}

static uint64_t
size_of(enum line_what what, uint32_t n)
{
	return what == LINE_OCTETS ? n : 1;
}

static void
put(struct half *h, enum line_what what, uint32_t n)
{
	if (line_put(line_of(h), h->connection, what, n, clock_now_ns()) < 0)
		no_memory();
	h->connection->n_inside += size_of(what, n);
}

/* ---- sockets ------------------------------------------------------------------ */

static void on_readable(evutil_socket_t fd, short what, void *half);
static void on_writable(evutil_socket_t fd, short what, void *half);

static void
open_half(struct half *h, int fd, enum state state)
{
	struct event_base *base = h->connection->wire->base;

	h->fd = fd;
	h->state = state;
	h->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, h);
	h->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, h);
	if (h->readable == NULL || h->writable == NULL)
		no_memory();
}

static void
close_half(struct half *h, void (*closer)(int fd))
{
	if (h->readable != NULL)
		event_free(h->readable);
	if (h->writable != NULL)
		event_free(h->writable);
	h->readable = h->writable = NULL;
	h->reading = h->writing = false;
	if (h->state == DIALLING || h->state == UP)
		closer(h->fd);
	h->state = GONE;
}

static void
close_quietly(int fd)
{
	close(fd);
}

/* The socket was reset, or never was. */
static void
lose(struct half *h)
{
	close_half(h, close_quietly);
	put(h, LINE_RESET, 0);
}

static void
dial(struct half *h)
{
	const struct gate *gate = &h->connection->wire->gates[1 - end_of(h)];
	int fd = tcp_dial(gate->to);

	if (fd < 0)
		lose(h);
	else
		open_half(h, fd, DIALLING);
}

/* ---- what has arrived --------------------------------------------------------- */

/* False: it is full, or lost. */
static bool
write_all(struct half *from, struct half *to)
{
	while (from->arrived > 0) {
		int n = evbuffer_write_atmost(from->octets, to->fd, (ev_ssize_t)from->arrived);

		if (n <= 0) {
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				lose(to);
			return false;
		}
		from->arrived -= (uint64_t)n;
	}
	return true;
}

static void
pass_on(struct half *from)
{
	struct half *to = other(from);

	if (to->state == GONE) { /* nobody is there to be told */
		evbuffer_drain(from->octets, from->arrived);
		from->arrived = 0;
	}
	if (to->state != UP || !write_all(from, to) || !from->end_arrived || from->end_told)
		return;
	tcp_end(to->fd);
	from->end_told = true;
	if (to->end_told) { /* both have said all */
		close_half(from, close_quietly);
		close_half(to, close_quietly);
	}
}

static void
deliver(unsigned end, const struct line_item *item)
{
	struct connection *c = item->owner;
	struct half *from = &c->halves[end], *to = &c->halves[1 - end];

	c->n_inside -= size_of(item->what, item->n);
	switch (item->what) {
	case LINE_OPEN:
		dial(to);
		return;
	case LINE_RESET:
		close_half(to, tcp_reset);
		return;
	case LINE_END:
		from->end_arrived = true;
		break;
	case LINE_OCTETS:
		from->arrived += item->n;
		break;
	}
	pass_on(from);
}

/* ---- connections ---------------------------------------------------------------- */

static void
free_connection(struct connection *c)
{
	struct wire *w = c->wire;

	TAILQ_REMOVE(&w->connections, c, entry);
	w->n_connections--;
	w->is_full = false;
	for (unsigned i = 0; i < WIRE_ENDS; i++) {
		close_half(&c->halves[i], tcp_reset);
		evbuffer_free(c->halves[i].octets);
	}
	free(c);
}

static void
make_connection(struct wire *w, unsigned end, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		no_memory();
	c->wire = w;
	TAILQ_INSERT_TAIL(&w->connections, c, entry);
	w->n_connections++;
	for (unsigned i = 0; i < WIRE_ENDS; i++) {
		c->halves[i] = (struct half){.connection = c, .octets = evbuffer_new()};
		if (c->halves[i].octets == NULL)
			no_memory();
	}
	open_half(&c->halves[end], fd, UP);
	put(&c->halves[end], LINE_OPEN, 0);
}

static void
on_dialled_here(evutil_socket_t listener, short what, void *arg)
{
	struct gate *gate = arg;
	struct wire *w = gate->wire;
	int fd;

	(void)what;
	while ((fd = tcp_accept(listener)) >= 0)
		make_connection(w, (unsigned)(gate - w->gates), fd);
	w->is_full = fd == -EMFILE || fd == -ENFILE;
	run(w);
}

/* ---- reading --------------------------------------------------------------------- */

/* As a full socket buffer does: who sends more than the line takes is not read. */
static uint64_t
octets_to_read(struct half *h)
{
	const struct line *line = line_of(h);
	uint64_t room = line_room(line), least = line_queue_octets(line) / 4;

	if (room <= (least < LEAST_ROOM ? least : LEAST_ROOM))
		return 0;
	return room < READ_OCTETS ? room : READ_OCTETS;
}

static bool
may_read(struct half *h)
{
	return h->state == UP && !h->ended && other(h)->state != GONE && h->arrived < MAX_ARRIVED &&
	       octets_to_read(h) > 0;
}

static ssize_t
read_octets(struct half *h)
{
	struct evbuffer_iovec place;
	ssize_t n;

	if (evbuffer_reserve_space(h->octets, (ev_ssize_t)octets_to_read(h), &place, 1) < 1)
		no_memory();
	/* More than was asked for may be there. */
	if (place.iov_len > octets_to_read(h))
		place.iov_len = octets_to_read(h);
	n = read(h->fd, place.iov_base, place.iov_len);
	if (n > 0) {
		place.iov_len = (size_t)n;
		evbuffer_commit_space(h->octets, &place, 1);
	}
	return n;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct half *h = arg;
	struct connection *c = h->connection;
	struct wire *w = c->wire;
	ssize_t n;

	(void)fd;
	(void)what;
	if (!may_read(h)) /* somebody else has filled the line */
		return;
	n = read_octets(h);
	if (n > 0) {
		put(h, LINE_OCTETS, (uint32_t)n);
	} else if (n == 0) {
		h->ended = true;
		put(h, LINE_END, 0);
	} else if (errno != EAGAIN && errno != EINTR) {
		lose(h);
	}
	TAILQ_REMOVE(&w->connections, c, entry);
	TAILQ_INSERT_TAIL(&w->connections, c, entry);
	run(w);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct half *h = arg;
	struct wire *w = h->connection->wire;

	(void)what;
	if (h->state == DIALLING && tcp_result(fd) < 0)
		lose(h);
	else
		h->state = UP;
	pass_on(other(h));
	run(w);
}

/* ---- what is waited for ------------------------------------------------------------ */

static void
wait_for(struct event *event, bool *is, bool wanted)
{
	if (*is == wanted)
		return;
	*is = wanted;
	if ((wanted ? event_add(event, NULL) : event_del(event)) < 0)
		no_memory();
}

static void
watch_half(struct half *h)
{
	bool moves = !h->connection->wire->is_cut;

	if (h->readable == NULL)
		return;
	wait_for(h->readable, &h->reading, moves && may_read(h));
	wait_for(h->writable, &h->writing,
		 moves && (h->state == DIALLING || other(h)->arrived > 0));
}

static void
watch_gates(struct wire *w)
{
	for (unsigned i = 0; i < WIRE_ENDS; i++) {
		struct gate *gate = &w->gates[i];
		bool waits = gate->event != NULL && event_pending(gate->event, EV_READ, NULL) != 0;

		if (gate->event != NULL)
			wait_for(gate->event, &waits, !w->is_cut && !w->is_full);
	}
}

static void
watch_time(struct wire *w, uint64_t now_ns)
{
	uint64_t a_ns = line_next_ns(&w->lines[0]), b_ns = line_next_ns(&w->lines[1]);
	uint64_t next_ns = a_ns < b_ns ? a_ns : b_ns, us = 0;
	struct timeval after;

	if (w->is_cut || next_ns == UINT64_MAX) {
		event_del(w->timer);
		return;
	}
	if (next_ns > now_ns)
		us = (next_ns - now_ns + NS_PER_US - 1) / NS_PER_US; /* never too early */
	after = (struct timeval){.tv_sec = (time_t)(us / US_PER_S),
				 .tv_usec = (suseconds_t)(us % US_PER_S)};
	if (event_add(w->timer, &after) < 0)
		no_memory();
}

static void
watch(struct wire *w, uint64_t now_ns)
{
	struct connection *c, *next;

	for (c = TAILQ_FIRST(&w->connections); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->halves[0].state == GONE && c->halves[1].state == GONE && c->n_inside == 0) {
			free_connection(c);
			continue;
		}
		for (unsigned i = 0; i < WIRE_ENDS; i++)
			watch_half(&c->halves[i]);
	}
	watch_gates(w);
	watch_time(w, now_ns);
}

/* All that has come out by now, then the next look. */
static void
run(struct wire *w)
{
	uint64_t now_ns = clock_now_ns();
	struct line_item item;

	for (unsigned i = 0; i < WIRE_ENDS && !w->is_cut; i++) {
		int error;

		while ((error = line_take(&w->lines[i], &item, now_ns)) == 0)
			deliver(i, &item);
		if (error == -ENOMEM)
			no_memory();
	}
	watch(w, now_ns);
}

static void
on_time(evutil_socket_t fd, short what, void *wire)
{
	(void)fd;
	(void)what;
	run(wire);
}

/* ---- the whole ---------------------------------------------------------------------- */

static int
open_gate(struct wire *w, unsigned end, const struct wire_config *config, const char **ret_wrong)
{
	struct gate *gate = &w->gates[end];

	*gate = (struct gate){.wire = w, .fd = -1, .to = config->to[end]};
	if (config->listen[end] == NULL)
		return 0;
	*ret_wrong = config->listen[end];
	gate->fd = tcp_listen(config->listen[end], gate->bound);
	if (gate->fd < 0)
		return gate->fd;
	*ret_wrong = NULL;
	gate->event = event_new(w->base, gate->fd, EV_READ | EV_PERSIST, on_dialled_here, gate);
	return gate->event != NULL ? 0 : -ENOMEM;
}

int
wire_create(struct event_base *base, const struct wire_config *config, struct wire **ret_wire,
	    const char **ret_wrong)
{
	struct wire *w = calloc(1, sizeof(*w));
	const struct shape *shape = &config->shape;
	int error = 0;

	*ret_wrong = NULL;
	if (w == NULL)
		return -ENOMEM;
	w->base = base;
	w->shape = *shape;
	TAILQ_INIT(&w->connections);
	for (unsigned i = 0; i < WIRE_ENDS; i++) {
		line_init(&w->lines[i], shape->rate, shape->delay_ns, shape->queue_octets,
			  clock_now_ns());
		w->gates[i].fd = -1;
	}
	w->timer = evtimer_new(base, on_time, w);
	if (w->timer == NULL)
		error = -ENOMEM;
	for (unsigned i = 0; i < WIRE_ENDS && error == 0; i++)
		error = open_gate(w, i, config, ret_wrong);
	if (error < 0) {
		wire_destroy(w);
		return error;
	}
	run(w);
	*ret_wire = w;
	return 0;
}

void
wire_destroy(struct wire *w)
{
	if (w == NULL)
		return;
	while (!TAILQ_EMPTY(&w->connections))
		free_connection(TAILQ_FIRST(&w->connections));
	for (unsigned i = 0; i < WIRE_ENDS; i++) {
		if (w->gates[i].event != NULL)
			event_free(w->gates[i].event);
		if (w->gates[i].fd >= 0)
			close(w->gates[i].fd);
		line_fini(&w->lines[i]);
	}
	if (w->timer != NULL)
		event_free(w->timer);
	free(w);
}

const char *
wire_listens_at(const struct wire *w, unsigned end)
{
	return w->gates[end].bound;
}

const struct shape *
wire_shape(const struct wire *w)
{
	return &w->shape;
}

void
wire_set(struct wire *w, const struct shape *shape)
{
	uint64_t now_ns = clock_now_ns();

	w->shape = *shape;
	for (unsigned i = 0; i < WIRE_ENDS; i++) {
		if (w->is_cut)
			line_skip(&w->lines[i], now_ns);
		if (line_set(&w->lines[i], shape->rate, shape->delay_ns, now_ns) < 0)
			no_memory();
	}
	run(w);
}

void
wire_cut(struct wire *w)
{
	run(w);
	w->is_cut = true;
	watch(w, clock_now_ns());
}

void
wire_mend(struct wire *w)
{
	if (!w->is_cut)
		return;
	w->is_cut = false;
	for (unsigned i = 0; i < WIRE_ENDS; i++)
		line_skip(&w->lines[i], clock_now_ns());
	run(w);
}

bool
wire_is_cut(const struct wire *w)
{
	return w->is_cut;
}

unsigned
wire_connections(const struct wire *w)
{
	return w->n_connections;
}

struct line_stats
wire_stats(const struct wire *w, unsigned end)
{
	return w->lines[end].stats;
}

uint64_t
wire_queue_octets(const struct wire *w)
{
	return line_queue_octets(&w->lines[0]);
}
