/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peer connections. A connection is made by an accept or by a dialler's timer and is
 * destroyed in one place, conn_destroy(), always from the loop and never from within
 * a call of the driver: whoever wants to end it sets `closing`.
 */
#include "peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/listener.h>

#include <openssl/err.h>

#include "frame.h"
#include "log.h"
#include "reasons.h"
#include "tls.h"

#define SECOND UINT64_C(1000000000)
#define GREET_NS (5 * SECOND)   /* handshake and Hello */
#define SILENCE_NS (5 * SECOND) /* without a byte from the other side */
#define TICK_MS 50
#define PING_NS (SECOND / 2)
#define REDIAL_MIN_NS (SECOND / 20)
#define REDIAL_MAX_NS (3 * SECOND)
#define INPUT_MAX (2u * (SLIM_PEER_FRAME_MAX + FRAME_HEAD_SIZE))
#define MAX_INBOUND (2u * SLIM_MAX_PEERS)
#define FEATURES PEER_FEATURE_LZ4
#define SOFTWARE "slimd " SLIM_VERSION

/* Numbers of a session's frames on a connection. */
struct lane {
	uint64_t session; /* 0: free */
	uint64_t sent;
	uint64_t received;
	uint64_t used; /* for the choice of the oldest */
};

struct peer;

struct peer_conn {
	TAILQ_ENTRY(peer_conn) link;
	struct peer_set *set;
	struct peer *peer; /* whose it is; inbound: NULL until known */
	struct bufferevent *bev;
	struct event *closer;
	bool dialled;
	bool connected; /* handshake done */
	bool up;        /* Hello received */
	bool closing;
	bool tls_failed;
	uint32_t reason;
	uint64_t features;
	uint64_t began_ns;
	uint64_t heard_ns;
	uint64_t pinged_ns;
	uint64_t rtt_ns;
	uint64_t uses;
	struct lane lanes[SLIM_MAX_SESSIONS];
};

TAILQ_HEAD(conn_list, peer_conn);

/* A configured peer. */
struct peer {
	struct peer_address address;
	struct peer_conn *dialled; /* under way or up */
	struct peer_conn *inbound; /* up */
	uint64_t redial_ns;        /* not before */
	uint64_t pause_ns;
	char software[64];
};

struct peer_set {
	struct event_base *base;
	struct peer_ops ops;
	void *ctx;
	char host[SLIM_NAME_SIZE];
	uint64_t boot;
	SSL_CTX *tls; /* NULL: plaintext */
	struct evdns_base *dns;
	struct evconnlistener *listener;
	struct event *tick;
	struct frame_decoder decoder;
	struct conn_list conns;
	size_t n_inbound;
	size_t n_peers;
	struct peer peers[SLIM_MAX_PEERS];
};

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static struct peer *
peer_find(const struct peer_set *set, const char *name)
{
	for (size_t i = 0; i < set->n_peers; i++)
		if (strcmp(set->peers[i].address.name, name) == 0)
			return (struct peer *)(uintptr_t)&set->peers[i];
	return NULL;
}

const char *
peer_conn_host(const struct peer_conn *conn)
{
	return conn->peer != NULL ? conn->peer->address.name : "?";
}

/* ---- the end of a connection --------------------------------------------------------- */

static uint32_t
unreachable_reason(const struct peer_conn *conn)
{
	if (conn->reason != REASON_PEER_LOST && conn->reason != 0)
		return conn->reason;
	return conn->tls_failed ? REASON_PEER_AUTH : REASON_PEER_UNREACHABLE;
}

static void
tell_down(struct peer_conn *conn)
{
	log_info("peer down name=%s direction=%s", peer_conn_host(conn),
		 conn->dialled ? "out" : "in");
	if (conn->set->ops.on_down != NULL)
		conn->set->ops.on_down(conn->set->ctx, conn,
				       conn->reason != 0 ? conn->reason : REASON_PEER_LOST);
}

static void
conn_destroy(struct peer_conn *conn)
{
	struct peer_set *set = conn->set;
	struct peer *peer = conn->peer;

	TAILQ_REMOVE(&set->conns, conn, link);
	if (!conn->dialled)
		set->n_inbound--;
	if (peer != NULL && peer->dialled == conn) {
		peer->dialled = NULL;
		peer->redial_ns = now_ns() + peer->pause_ns;
		peer->pause_ns =
			2 * peer->pause_ns < REDIAL_MAX_NS ? 2 * peer->pause_ns : REDIAL_MAX_NS;
	}
	if (peer != NULL && peer->inbound == conn)
		peer->inbound = NULL;
	if (conn->up)
		tell_down(conn);
	else if (conn->dialled && peer != NULL && set->ops.on_unreachable != NULL)
		set->ops.on_unreachable(set->ctx, peer->address.name, unreachable_reason(conn));
	if (conn->bev != NULL)
		bufferevent_free(conn->bev);
	if (conn->closer != NULL)
		event_free(conn->closer);
	free(conn);
}

static void
on_closer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	conn_destroy(ctx);
}

void
peer_conn_close(struct peer_conn *conn, uint32_t reason, const char *why)
{
	if (conn->closing)
		return;
	conn->closing = true;
	conn->reason = reason;
	log_at(conn->up || reason != REASON_PEER_LOST ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, 0,
	       "peer connection closed name=%s direction=%s reason=\"%s\"", peer_conn_host(conn),
	       conn->dialled ? "out" : "in", why);
	bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
	event_active(conn->closer, EV_TIMEOUT, 0);
}

/* ---- sending --------------------------------------------------------------------------- */

static struct lane *
lane_of(struct peer_conn *conn, uint64_t session)
{
	struct lane *oldest = &conn->lanes[0];

	for (size_t i = 0; i < SLIM_MAX_SESSIONS; i++) {
		struct lane *lane = &conn->lanes[i];

		if (lane->session == session) {
			lane->used = ++conn->uses;
			return lane;
		}
		if (lane->used < oldest->used)
			oldest = lane;
	}
	*oldest = (struct lane){.session = session, .used = ++conn->uses};
	return oldest;
}

uint64_t
peer_send(struct peer_conn *conn, Slim__Peer__V1__Frame *frame)
{
	struct evbuffer *output = bufferevent_get_output(conn->bev);
	struct evbuffer_iovec room;
	struct lane *lane = frame->session != 0 ? lane_of(conn, frame->session) : NULL;
	size_t size;

	frame->seq = lane != NULL ? lane->sent + 1 : 0;
	size = frame_size(frame);
	if (size == 0 || conn->closing)
		return 0;
	if (evbuffer_reserve_space(output, (ev_ssize_t)size, &room, 1) != 1)
		return 0;
	frame_encode(frame, room.iov_base);
	room.iov_len = size;
	evbuffer_commit_space(output, &room, 1);
	if (lane == NULL)
		return UINT64_MAX;
	return lane->sent = frame->seq;
}

static void
send_hello(struct peer_conn *conn)
{
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Hello hello = SLIM__PEER__V1__HELLO__INIT;
	static char software[] = SOFTWARE;

	hello.version_min = PEER_PROTOCOL_VERSION;
	hello.version_max = PEER_PROTOCOL_VERSION;
	hello.features = FEATURES;
	hello.host = conn->set->host;
	hello.software = software;
	hello.boot = conn->set->boot;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_HELLO;
	frame.hello = &hello;
	peer_send(conn, &frame);
}

static void
send_ping(struct peer_conn *conn)
{
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Ping ping = SLIM__PEER__V1__PING__INIT;

	ping.clock_ns = conn->pinged_ns = now_ns();
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_PING;
	frame.ping = &ping;
	peer_send(conn, &frame);
}

static void
send_pong(struct peer_conn *conn, uint64_t clock_ns)
{
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Pong pong = SLIM__PEER__V1__PONG__INIT;

	pong.ping_clock_ns = clock_ns;
	pong.clock_ns = now_ns();
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_PONG;
	frame.pong = &pong;
	peer_send(conn, &frame);
}

/* ---- receiving --------------------------------------------------------------------------- */

/* One connection for each peer and direction: the newer one is the living one. */
static void
adopt(struct peer_conn *conn, struct peer *peer)
{
	conn->peer = peer;
	if (conn->dialled)
		return;
	if (peer->inbound != NULL && peer->inbound != conn)
		peer_conn_close(peer->inbound, REASON_PEER_LOST, "replaced by a newer connection");
	peer->inbound = conn;
}

static const char *
check_hello(const struct peer_conn *conn, const Slim__Peer__V1__Hello *hello, uint32_t *ret_reason)
{
	*ret_reason = REASON_PEER_VERSION;
	if (hello->version_min > PEER_PROTOCOL_VERSION ||
	    hello->version_max < PEER_PROTOCOL_VERSION)
		return "no common protocol version";
	if ((hello->features_required & ~FEATURES) != 0)
		return "it requires features that are unknown here";
	*ret_reason = REASON_PEER_AUTH;
	if (peer_find(conn->set, hello->host) == NULL)
		return "not a configured peer";
	if (conn->dialled && strcmp(conn->peer->address.name, hello->host) != 0)
		return "another host answers there";
	if (conn->set->tls != NULL &&
	    !tls_names_host(bufferevent_openssl_get_ssl(conn->bev), hello->host))
		return "its certificate does not name it";
	return NULL;
}

static void
take_hello(struct peer_conn *conn, const Slim__Peer__V1__Hello *hello)
{
	uint32_t reason;
	const char *why = check_hello(conn, hello, &reason);

	if (why != NULL) {
		peer_conn_close(conn, reason, why);
		return;
	}
	adopt(conn, peer_find(conn->set, hello->host));
	snprintf(conn->peer->software, sizeof(conn->peer->software), "%s", hello->software);
	conn->features = hello->features & FEATURES;
	conn->peer->pause_ns = REDIAL_MIN_NS;
	conn->up = true;
	log_info("peer up name=%s direction=%s tls=%s", peer_conn_host(conn),
		 conn->dialled ? "out" : "in", conn->set->tls != NULL ? "yes" : "no");
	send_ping(conn);
	if (conn->set->ops.on_up != NULL)
		conn->set->ops.on_up(conn->set->ctx, conn);
}

static void
take_pong(struct peer_conn *conn, const Slim__Peer__V1__Pong *pong)
{
	uint64_t now = now_ns(), rtt = now - pong->ping_clock_ns;

	if (pong->ping_clock_ns == 0 || pong->ping_clock_ns > now)
		return;
	/* The smallest is the truth about the path; let it grow slowly. */
	if (conn->rtt_ns == 0 || rtt < conn->rtt_ns)
		conn->rtt_ns = rtt;
	else
		conn->rtt_ns += (rtt - conn->rtt_ns) / 8;
}

static void
take_session_frame(struct peer_conn *conn, const Slim__Peer__V1__Frame *frame)
{
	struct lane *lane = lane_of(conn, frame->session);

	if (frame->seq != lane->received + 1) {
		peer_conn_close(conn, REASON_PROTOCOL, "a gap in a session's frames");
		return;
	}
	lane->received = frame->seq;
	if (conn->set->ops.on_frame != NULL)
		conn->set->ops.on_frame(conn->set->ctx, conn, frame);
}

static void
take_frame(struct peer_conn *conn, const Slim__Peer__V1__Frame *frame)
{
	bool is_hello = frame->body_case == SLIM__PEER__V1__FRAME__BODY_HELLO;

	if (is_hello == conn->up) {
		peer_conn_close(conn, REASON_PROTOCOL, "Hello is not the first frame");
		return;
	}
	switch (frame->body_case) {
	case SLIM__PEER__V1__FRAME__BODY_HELLO:
		take_hello(conn, frame->hello);
		break;
	case SLIM__PEER__V1__FRAME__BODY_PING:
		send_pong(conn, frame->ping->clock_ns);
		break;
	case SLIM__PEER__V1__FRAME__BODY_PONG:
		take_pong(conn, frame->pong);
		break;
	default:
		if (frame->session == 0)
			peer_conn_close(conn, REASON_PROTOCOL, "a frame of no session");
		else
			take_session_frame(conn, frame);
	}
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct peer_conn *conn = ctx;
	struct evbuffer *input = bufferevent_get_input(bev);

	conn->heard_ns = now_ns();
	while (!conn->closing) {
		const Slim__Peer__V1__Frame *frame;
		size_t size = evbuffer_get_length(input);
		uint8_t head[FRAME_HEAD_SIZE];
		ssize_t body;

		evbuffer_copyout(input, head, sizeof(head));
		body = frame_peek(head, size < sizeof(head) ? size : sizeof(head));
		if (body < 0) {
			peer_conn_close(conn, REASON_PROTOCOL, "not a frame");
			return;
		}
		if (body == 0 || size < FRAME_HEAD_SIZE + (size_t)body)
			return;
		frame = frame_decode(&conn->set->decoder,
				     evbuffer_pullup(input, FRAME_HEAD_SIZE + body) +
					     FRAME_HEAD_SIZE,
				     (size_t)body);
		evbuffer_drain(input, FRAME_HEAD_SIZE + (size_t)body);
		if (frame == NULL) {
			peer_conn_close(conn, REASON_PROTOCOL, "a frame that cannot be decoded");
			return;
		}
		take_frame(conn, frame);
	}
}

/* ---- connections --------------------------------------------------------------------------- */

static void
set_nodelay(struct bufferevent *bev)
{
	int one = 1;

	setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static const char *
describe_failure(struct peer_conn *conn)
{
	unsigned long error = 0;
	const char *text;

	if (conn->set->tls != NULL)
		error = bufferevent_get_openssl_error(conn->bev);
	text = error != 0 ? ERR_reason_error_string(error) : NULL;
	conn->tls_failed = error != 0;
	if (text != NULL)
		return text;
	return conn->connected ? "the other side has gone" : "cannot connect";
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct peer_conn *conn = ctx;

	if (what & BEV_EVENT_CONNECTED) {
		conn->connected = true;
		set_nodelay(bev);
		send_hello(conn);
		return;
	}
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		peer_conn_close(conn, REASON_PEER_LOST, describe_failure(conn));
}

/* The bufferevent of a connection; fd -1: to be dialled. */
static struct bufferevent *
make_bufferevent(struct peer_set *set, evutil_socket_t fd, bool dialled)
{
	struct bufferevent *bev;
	SSL *ssl;

	if (set->tls == NULL)
		return bufferevent_socket_new(set->base, fd, BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(set->tls);
	if (ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(set->base, fd, ssl,
					     dialled ? BUFFEREVENT_SSL_CONNECTING
						     : BUFFEREVENT_SSL_ACCEPTING,
					     BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

static struct peer_conn *
conn_create(struct peer_set *set, evutil_socket_t fd, bool dialled)
{
	struct peer_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->set = set;
	conn->dialled = dialled;
	conn->began_ns = conn->heard_ns = now_ns();
	conn->closer = evtimer_new(set->base, on_closer, conn);
	conn->bev = make_bufferevent(set, fd, dialled);
	if (conn->closer == NULL || conn->bev == NULL) {
		if (conn->closer != NULL)
			event_free(conn->closer);
		if (conn->bev != NULL)
			bufferevent_free(conn->bev);
		free(conn);
		return NULL;
	}
	bufferevent_setcb(conn->bev, on_read, NULL, on_event, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
	TAILQ_INSERT_TAIL(&set->conns, conn, link);
	return conn;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
	  void *ctx)
{
	struct peer_set *set = ctx;
	struct peer_conn *conn = NULL;

	(void)listener;
	(void)address;
	(void)size;
	if (set->n_inbound < MAX_INBOUND)
		conn = conn_create(set, fd, false);
	if (conn == NULL) {
		log_warn("peer connection refused: too many");
		evutil_closesocket(fd);
		return;
	}
	set->n_inbound++;
	/* A plain socket has no handshake that would say "connected". */
	if (set->tls == NULL)
		on_event(conn->bev, BEV_EVENT_CONNECTED, conn);
}

static int
split_address(const char *address, char *host, size_t size)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon != NULL ? (size_t)(colon - address) : 0;
	int port = colon != NULL ? atoi(colon + 1) : 0;

	if (n == 0 || n >= size || port <= 0 || port > 65535)
		return -EINVAL;
	memcpy(host, address, n);
	host[n] = '\0';
	return port;
}

static int
connect_to(struct peer_conn *conn, const char *address)
{
	struct sockaddr_storage numeric;
	int size = sizeof(numeric), port;
	char host[256];

	if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&numeric, &size) == 0)
		return bufferevent_socket_connect(conn->bev, (struct sockaddr *)&numeric, size);
	port = split_address(address, host, sizeof(host));
	if (port < 0)
		return port;
	return bufferevent_socket_connect_hostname(conn->bev, conn->set->dns, AF_UNSPEC, host,
						   port);
}

static void
dial(struct peer_set *set, struct peer *peer)
{
	struct peer_conn *conn = conn_create(set, -1, true);

	if (conn == NULL)
		return;
	conn->peer = peer;
	peer->dialled = conn;
	if (connect_to(conn, peer->address.address) < 0)
		peer_conn_close(conn, REASON_PEER_LOST, "cannot connect");
}

/* ---- time -------------------------------------------------------------------------------------- */

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct peer_set *set = ctx;
	uint64_t now = now_ns();
	struct peer_conn *conn;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(conn, &set->conns, link) {
		if (!conn->up && now - conn->began_ns > GREET_NS)
			peer_conn_close(conn, REASON_PEER_LOST, "no greeting in time");
		else if (conn->up && now - conn->heard_ns > SILENCE_NS)
			peer_conn_close(conn, REASON_PEER_LOST, "silent for too long");
		else if (conn->up && now - conn->pinged_ns >= PING_NS)
			send_ping(conn);
	}
	for (size_t i = 0; i < set->n_peers; i++) {
		struct peer *peer = &set->peers[i];

		if (peer->dialled == NULL && peer->address.address[0] != '\0' &&
		    now >= peer->redial_ns)
			dial(set, peer);
	}
}

void
peer_redial(struct peer_set *set, const char *name)
{
	struct peer *peer = peer_find(set, name);

	if (peer == NULL || peer->dialled != NULL || peer->address.address[0] == '\0')
		return;
	peer->pause_ns = REDIAL_MIN_NS;
	dial(set, peer);
}

/* ---- the set ------------------------------------------------------------------------------------- */

static int
start_listening(struct peer_set *set, const char *address)
{
	struct sockaddr_storage numeric;
	int size = sizeof(numeric);

	if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&numeric, &size) < 0) {
		log_error("peer listen address=%s error=\"not address:port\"", address);
		return -EINVAL;
	}
	set->listener = evconnlistener_new_bind(set->base, on_accept, set,
						LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
							LEV_OPT_REUSEABLE,
						64, (struct sockaddr *)&numeric, size);
	if (set->listener == NULL) {
		log_error("peer listen address=%s error=\"%s\"", address, strerror(errno));
		return -errno;
	}
	return 0;
}

static int
start_timer(struct peer_set *set)
{
	static const struct timeval period = {.tv_usec = TICK_MS * 1000};

	set->tick = event_new(set->base, -1, EV_PERSIST, on_tick, set);
	if (set->tick == NULL || event_add(set->tick, &period) < 0)
		return -ENOMEM;
	event_active(set->tick, EV_TIMEOUT, 0);
	return 0;
}

static int
start(struct peer_set *set, const struct peer_config *config)
{
	int rc;

	if (config->n_peers > SLIM_MAX_PEERS || strlen(config->host) >= SLIM_NAME_SIZE)
		return -EINVAL;
	strcpy(set->host, config->host);
	set->n_peers = config->n_peers;
	for (size_t i = 0; i < config->n_peers; i++) {
		set->peers[i].address = config->peers[i];
		set->peers[i].pause_ns = REDIAL_MIN_NS;
	}
	if (getrandom(&set->boot, sizeof(set->boot), 0) != sizeof(set->boot))
		return -EIO;
	rc = frame_decoder_init(&set->decoder);
	if (rc < 0)
		return rc;
	if (config->plaintext)
		log_warn("peer connections are plaintext: nobody is authenticated");
	else if ((set->tls = tls_create_context(config->ca, config->cert, config->key)) == NULL)
		return -EINVAL;
	set->dns = evdns_base_new(set->base, EVDNS_BASE_INITIALIZE_NAMESERVERS |
						     EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (config->listen != NULL)
		rc = start_listening(set, config->listen);
	return rc < 0 ? rc : start_timer(set);
}

int
peer_set_create(struct event_base *base, const struct peer_config *config,
		const struct peer_ops *ops, void *ctx, struct peer_set **ret_set)
{
	struct peer_set *set = calloc(1, sizeof(*set));
	int rc;

	if (set == NULL)
		return -ENOMEM;
	TAILQ_INIT(&set->conns);
	set->base = base;
	set->ops = *ops;
	set->ctx = ctx;
	rc = start(set, config);
	if (rc < 0) {
		peer_set_destroy(set);
		return rc;
	}
	*ret_set = set;
	return 0;
}

void
peer_set_destroy(struct peer_set *set)
{
	if (set == NULL)
		return;
	memset(&set->ops, 0, sizeof(set->ops));
	while (!TAILQ_EMPTY(&set->conns))
		conn_destroy(TAILQ_FIRST(&set->conns));
	if (set->listener != NULL)
		evconnlistener_free(set->listener);
	if (set->tick != NULL)
		event_free(set->tick);
	if (set->dns != NULL)
		evdns_base_free(set->dns, 0);
	SSL_CTX_free(set->tls);
	frame_decoder_fini(&set->decoder);
	free(set);
}

/* ---- questions ------------------------------------------------------------------------------------- */

struct peer_conn *
peer_dialled(const struct peer_set *set, const char *name)
{
	const struct peer *peer = peer_find(set, name);

	if (peer == NULL || peer->dialled == NULL || !peer->dialled->up || peer->dialled->closing)
		return NULL;
	return peer->dialled;
}

bool
peer_is_configured(const struct peer_set *set, const char *name)
{
	return peer_find(set, name) != NULL;
}

bool
peer_conn_is_dialled(const struct peer_conn *conn)
{
	return conn->dialled;
}

uint64_t
peer_conn_features(const struct peer_conn *conn)
{
	return conn->features;
}

uint64_t
peer_conn_rtt_ns(const struct peer_conn *conn)
{
	return conn->rtt_ns;
}

size_t
peer_conn_queued(const struct peer_conn *conn)
{
	return evbuffer_get_length(bufferevent_get_output(conn->bev));
}

size_t
peer_sockets(const struct peer_set *set, int *fds, size_t max)
{
	struct peer_conn *conn;
	size_t n = 0;

	TAILQ_FOREACH(conn, &set->conns, link)
		if (conn->up && !conn->closing && n < max)
			fds[n++] = bufferevent_getfd(conn->bev);
	return n;
}

static const char *
describe_state(const struct peer *peer)
{
	if (peer->dialled != NULL && peer->dialled->up)
		return "up";
	if (peer->inbound != NULL)
		return "inbound";
	return peer->dialled != NULL ? "connecting" : "waiting";
}

size_t
peer_list(const struct peer_set *set, struct peer_status *ret, size_t max)
{
	size_t n = set->n_peers < max ? set->n_peers : max;

	for (size_t i = 0; i < n; i++) {
		const struct peer *peer = &set->peers[i];
		const struct peer_conn *conn =
			peer->dialled != NULL && peer->dialled->up ? peer->dialled : peer->inbound;

		ret[i] = (struct peer_status){
			.name = peer->address.name,
			.address = peer->address.address,
			.state = describe_state(peer),
			.software = peer->software,
			.rtt_ns = conn != NULL ? conn->rtt_ns : 0,
			.tls = set->tls != NULL,
		};
	}
	return n;
}
