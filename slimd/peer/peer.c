/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peer connections. A connection is made by an accept or by a dialler's timer and is
 * destroyed in one place, conn_destroy(), always from the loop and never from within
 * a call of the driver: whoever wants to end it sets `closing`.
 */
#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "frame.h"
#include "log.h"
#include "outside.h"
#include "reasons.h"
#include "slim_version.h"

#define SECOND UINT64_C(1000000000)
#define GREET_NS (5 * SECOND)   /* handshake and Hello */
#define SILENCE_NS (5 * SECOND) /* without a byte from the other side */
#define TICK_NS (SECOND / 20)
#define PING_NS (SECOND / 2)
#define REDIAL_MIN_NS (SECOND / 20)
#define REDIAL_MAX_NS (3 * SECOND)
#define REFUSED_MAX_NS (15 * SECOND) /* when the other side answers, and does not want us */
#define LASTING_NS (2 * SECOND)      /* a connection that was up for so long was a good one */
#define GOODBYE_NS (SECOND / 5)      /* for the last words to leave */
#define MAX_INBOUND (2u * SLIM_MAX_PEERS)
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
	TAILQ_ENTRY(peer_conn) link_in_set;
	struct peer_set *set;
	struct peer *peer; /* whose it is; inbound: NULL until known */
	struct link *link; /* NULL: could not even be dialled */
	struct timer *closer;
	bool dialled;
	bool up; /* Hello received */
	bool closing;
	bool tls_failed;
	bool is_open; /* the link: handshake done */
	uint32_t reason;
	uint64_t up_ns;
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
	bool refused;                  /* the last try ended so: no hurry */
	struct trouble_words words[2]; /* by direction: in, out */
	char software[64];
};

struct peer_set {
	struct outside *outside;
	struct peer_ops ops;
	void *ctx;
	char host[SLIM_NAME_SIZE];
	uint64_t boot;
	uint64_t features;
	bool plaintext;
	struct timer *tick;
	struct frame_decoder decoder;
	struct conn_list conns;
	size_t n_inbound;
	uint64_t troubles[2][N_TROUBLES]; /* by direction: in, out */
	struct trouble_words strangers;
	size_t n_peers;
	struct peer peers[SLIM_MAX_PEERS];
};

static const struct link_ops *
link_of(const struct peer_conn *conn)
{
	return conn->set->outside->link;
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

static bool
is_refusal(uint32_t reason)
{
	return reason == REASON_PEER_AUTH || reason == REASON_PEER_VERSION;
}

/* After every dial that came to nothing: also when both Hellos were there and somebody hung up. */
static void
wait_longer(const struct peer_conn *conn, struct peer *peer)
{
	uint64_t now = clock_now_ns(), most;

	if (conn->up && now - conn->up_ns >= LASTING_NS)
		peer->pause_ns = REDIAL_MIN_NS;
	peer->refused = is_refusal(conn->up ? conn->reason : unreachable_reason(conn));
	most = peer->refused ? REFUSED_MAX_NS : REDIAL_MAX_NS;
	peer->redial_ns = now + peer->pause_ns;
	peer->pause_ns = 2 * peer->pause_ns < most ? 2 * peer->pause_ns : most;
}

static void
conn_destroy(struct peer_conn *conn)
{
	struct peer_set *set = conn->set;
	struct peer *peer = conn->peer;

	TAILQ_REMOVE(&set->conns, conn, link_in_set);
	if (!conn->dialled)
		set->n_inbound--;
	if (peer != NULL && peer->dialled == conn) {
		peer->dialled = NULL;
		wait_longer(conn, peer);
	}
	if (peer != NULL && peer->inbound == conn)
		peer->inbound = NULL;
	if (conn->up)
		tell_down(conn);
	else if (conn->dialled && peer != NULL && set->ops.on_unreachable != NULL)
		set->ops.on_unreachable(set->ctx, peer->address.name, unreachable_reason(conn));
	if (conn->link != NULL)
		link_of(conn)->close(conn->link);
	set->outside->timer->destroy(conn->closer);
	free(conn);
}

static void
on_closer(void *ctx)
{
	conn_destroy(ctx);
}

static enum trouble
kind_of(const struct peer_conn *conn, uint32_t reason, bool by_peer)
{
	if (is_refusal(reason))
		return by_peer ? TROUBLE_REFUSED_THERE : TROUBLE_REFUSED_HERE;
	if (conn->tls_failed)
		return TROUBLE_TLS;
	if (conn->up)
		return reason == REASON_PROTOCOL ? TROUBLE_PROTOCOL : TROUBLE_SILENT;
	return conn->is_open ? TROUBLE_GREETING : TROUBLE_UNREACHABLE;
}

/* Counts it, and says it if it is news. */
static void
tell_trouble(struct peer_conn *conn, enum trouble kind, const char *why)
{
	struct trouble_words *words =
		conn->peer != NULL ? &conn->peer->words[conn->dialled] : &conn->set->strangers;
	uint64_t n;

	conn->set->troubles[conn->dialled][kind]++;
	if (trouble_is_news(words, why, clock_now_ns(), &n))
		log_warn("peer connection failed name=%s direction=%s kind=%s reason=\"%s\" "
			 "times=%llu",
			 peer_conn_host(conn), conn->dialled ? "out" : "in", trouble_name(kind),
			 why, (unsigned long long)n);
}

static void
begin_close(struct peer_conn *conn, uint32_t reason, const char *why, bool by_peer)
{
	conn->closing = true;
	conn->reason = reason;
	if (!conn->up || reason != REASON_PEER_LOST)
		tell_trouble(conn, kind_of(conn, reason, by_peer), why);
	else
		log_warn("peer connection closed name=%s direction=%s reason=\"%s\"",
			 peer_conn_host(conn), conn->dialled ? "out" : "in", why);
}

static void
close_now(struct peer_conn *conn, uint32_t reason, const char *why, bool by_peer)
{
	if (conn->closing)
		return;
	begin_close(conn, reason, why, by_peer);
	if (conn->link != NULL)
		link_of(conn)->stop(conn->link);
	conn->set->outside->timer->set(conn->closer, 0);
}

void
peer_conn_close(struct peer_conn *conn, uint32_t reason, const char *why)
{
	close_now(conn, reason, why, false);
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
	struct lane *lane = frame->session != 0 ? lane_of(conn, frame->session) : NULL;
	uint8_t *room;
	size_t size;

	frame->seq = lane != NULL ? lane->sent + 1 : 0;
	size = frame_size(frame);
	if (size == 0 || conn->closing)
		return 0;
	room = link_of(conn)->reserve(conn->link, size);
	if (room == NULL)
		return 0;
	frame_encode(frame, room);
	link_of(conn)->send(conn->link, size);
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
	hello.features = conn->set->features;
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

	ping.clock_ns = conn->pinged_ns = clock_now_ns();
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
	pong.clock_ns = clock_now_ns();
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_PONG;
	frame.pong = &pong;
	peer_send(conn, &frame);
}

/* The other side learns why. Nothing of it is read any more. */
static void
refuse(struct peer_conn *conn, uint32_t reason, const char *why)
{
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Goodbye goodbye = SLIM__PEER__V1__GOODBYE__INIT;

	if (conn->closing)
		return;
	goodbye.code = reason;
	goodbye.text = (char *)(uintptr_t)why;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_GOODBYE;
	frame.goodbye = &goodbye;
	peer_send(conn, &frame);
	begin_close(conn, reason, why, false);
	conn->set->outside->timer->set(conn->closer, GOODBYE_NS);
}

/* ---- receiving --------------------------------------------------------------------------- */

/* One connection for each peer and direction: the newer one is the living one. */
static void
adopt(struct peer_conn *conn, struct peer *peer)
{
	conn->peer = peer;
	if (conn->dialled)
		return;
	/* It lives: our own dial need not wait, unless it was refused. */
	if (!peer->refused)
		peer->redial_ns = 0;
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
	if ((hello->features_required & ~conn->set->features) != 0)
		return "it requires features that are unknown here";
	*ret_reason = REASON_PEER_AUTH;
	if (peer_find(conn->set, hello->host) == NULL)
		return "not a configured peer";
	if (conn->dialled && strcmp(conn->peer->address.name, hello->host) != 0)
		return "another host answers there";
	if (!link_of(conn)->names(conn->link, hello->host))
		return "its certificate does not name it";
	return NULL;
}

static void
take_hello(struct peer_conn *conn, const Slim__Peer__V1__Hello *hello)
{
	uint32_t reason;
	const char *why = check_hello(conn, hello, &reason);

	if (why != NULL) {
		/* Whose name it says, so that its words are told once. */
		if (conn->peer == NULL)
			conn->peer = peer_find(conn->set, hello->host);
		refuse(conn, reason, why);
		return;
	}
	adopt(conn, peer_find(conn->set, hello->host));
	snprintf(conn->peer->software, sizeof(conn->peer->software), "%s", hello->software);
	conn->features = hello->features & conn->set->features;
	conn->up = true;
	conn->up_ns = clock_now_ns();
	log_info("peer up name=%s direction=%s tls=%s", peer_conn_host(conn),
		 conn->dialled ? "out" : "in", conn->set->plaintext ? "no" : "yes");
	send_ping(conn);
	if (conn->set->ops.on_up != NULL)
		conn->set->ops.on_up(conn->set->ctx, conn);
}

static void
take_pong(struct peer_conn *conn, const Slim__Peer__V1__Pong *pong)
{
	uint64_t now = clock_now_ns(), rtt = now - pong->ping_clock_ns;

	if (pong->ping_clock_ns == 0 || pong->ping_clock_ns > now)
		return;
	/* The smallest is the truth about the path; let it grow slowly. */
	if (conn->rtt_ns == 0 || rtt < conn->rtt_ns)
		conn->rtt_ns = rtt;
	else
		conn->rtt_ns += (rtt - conn->rtt_ns) / 8;
}

static void
take_goodbye(struct peer_conn *conn, const Slim__Peer__V1__Goodbye *goodbye)
{
	char why[96];

	snprintf(why, sizeof(why), "the other side says: %.70s", goodbye->text);
	close_now(conn, is_refusal(goodbye->code) ? goodbye->code : REASON_PROTOCOL, why, true);
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
	case SLIM__PEER__V1__FRAME__BODY_GOODBYE:
		take_goodbye(conn, frame->goodbye);
		break;
	default:
		if (frame->session == 0)
			peer_conn_close(conn, REASON_PROTOCOL, "a frame of no session");
		else
			take_session_frame(conn, frame);
	}
}

/* 1: a frame was taken; 0: it is not whole yet; -1: no frame. */
static int
take_next(struct peer_conn *conn)
{
	const struct link_ops *link = link_of(conn);
	size_t size = link->arrived(conn->link);
	size_t n_head = size < FRAME_HEAD_SIZE ? size : FRAME_HEAD_SIZE;
	ssize_t body = n_head > 0 ? frame_peek(link->peek(conn->link, n_head), n_head) : 0;
	const Slim__Peer__V1__Frame *frame;

	if (body < 0) {
		peer_conn_close(conn, REASON_PROTOCOL, "not a frame");
		return -1;
	}
	if (body == 0 || size < FRAME_HEAD_SIZE + (size_t)body)
		return 0;
	frame = frame_decode(&conn->set->decoder,
			     link->peek(conn->link, FRAME_HEAD_SIZE + (size_t)body) +
				     FRAME_HEAD_SIZE,
			     (size_t)body);
	link->drop(conn->link, FRAME_HEAD_SIZE + (size_t)body);
	if (frame == NULL) {
		peer_conn_close(conn, REASON_PROTOCOL, "a frame that cannot be decoded");
		return -1;
	}
	take_frame(conn, frame);
	return 1;
}

static void
on_bytes(void *owner)
{
	struct peer_conn *conn = owner;

	conn->heard_ns = clock_now_ns();
	while (!conn->closing && take_next(conn) > 0)
		;
}

/* ---- connections --------------------------------------------------------------------------- */

static void
on_open(void *owner)
{
	struct peer_conn *conn = owner;

	conn->is_open = true;
	send_hello(conn);
}

static void
on_closed(void *owner, bool is_refused, const char *why)
{
	struct peer_conn *conn = owner;

	conn->tls_failed = is_refused;
	peer_conn_close(conn, REASON_PEER_LOST, why);
}

static const struct link_events link_events = {
	.on_open = on_open,
	.on_bytes = on_bytes,
	.on_closed = on_closed,
};

static struct peer_conn *
conn_create(struct peer_set *set, bool dialled)
{
	struct peer_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->set = set;
	conn->dialled = dialled;
	conn->began_ns = conn->heard_ns = clock_now_ns();
	conn->closer = set->outside->timer->create(set->outside, on_closer, conn);
	if (conn->closer == NULL) {
		free(conn);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&set->conns, conn, link_in_set);
	return conn;
}

static void
on_accept(void *ctx, struct link *link)
{
	struct peer_set *set = ctx;
	struct peer_conn *conn = NULL;

	if (set->n_inbound < MAX_INBOUND)
		conn = conn_create(set, false);
	if (conn == NULL) {
		log_warn("peer connection refused: too many");
		set->outside->link->close(link);
		return;
	}
	set->n_inbound++;
	conn->link = link;
	set->outside->link->adopt(link, &link_events, conn);
}

static void
dial(struct peer_set *set, struct peer *peer)
{
	struct peer_conn *conn = conn_create(set, true);

	if (conn == NULL)
		return;
	conn->peer = peer;
	peer->dialled = conn;
	if (set->outside->link->dial(set->outside, peer->address.address, &link_events, conn,
				     &conn->link) < 0)
		peer_conn_close(conn, REASON_PEER_LOST, "cannot connect");
}

/* ---- time -------------------------------------------------------------------------------------- */

static void
close_silent(struct peer_conn *conn)
{
	if (!conn->closing)
		conn->set->troubles[conn->dialled][TROUBLE_SILENT]++;
	peer_conn_close(conn, REASON_PEER_LOST, "silent for too long");
}

static void
on_tick(void *ctx)
{
	struct peer_set *set = ctx;
	uint64_t now = clock_now_ns();
	struct peer_conn *conn;

	set->outside->timer->set(set->tick, TICK_NS);
	TAILQ_FOREACH(conn, &set->conns, link_in_set) {
		if (!conn->up && now - conn->began_ns > GREET_NS)
			peer_conn_close(conn, REASON_PEER_LOST, "no greeting in time");
		else if (conn->up && now - conn->heard_ns > SILENCE_NS)
			close_silent(conn);
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
	/* Who was refused a moment ago will be again. */
	if (peer->refused && clock_now_ns() < peer->redial_ns)
		return;
	dial(set, peer);
}

/* ---- the set ------------------------------------------------------------------------------------- */

static int
start_timer(struct peer_set *set)
{
	set->tick = set->outside->timer->create(set->outside, on_tick, set);
	if (set->tick == NULL)
		return -ENOMEM;
	set->outside->timer->set(set->tick, 0);
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
	set->boot = set->outside->random(set->outside);
	rc = frame_decoder_init(&set->decoder);
	if (rc < 0)
		return rc;
	set->plaintext = config->plaintext;
	set->features = PEER_FEATURES & ~config->unknown;
	if (config->listen != NULL)
		rc = set->outside->link->listen(set->outside, config->listen, on_accept, set);
	return rc < 0 ? rc : start_timer(set);
}

int
peer_set_create(struct outside *outside, const struct peer_config *config,
		const struct peer_ops *ops, void *ctx, struct peer_set **ret_set)
{
	struct peer_set *set = calloc(1, sizeof(*set));
	int rc;

	if (set == NULL)
		return -ENOMEM;
	TAILQ_INIT(&set->conns);
	set->outside = outside;
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
	set->outside->link->unlisten(set->outside);
	set->outside->timer->destroy(set->tick);
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

struct peer_conn *
peer_accepted(const struct peer_set *set, const char *name)
{
	const struct peer *peer = peer_find(set, name);

	if (peer == NULL || peer->inbound == NULL || peer->inbound->closing)
		return NULL;
	return peer->inbound;
}

bool
peer_is_configured(const struct peer_set *set, const char *name)
{
	return peer_find(set, name) != NULL;
}

bool
peer_conn_is_up(const struct peer_conn *conn)
{
	return conn->up && !conn->closing;
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
	return conn->link != NULL ? link_of(conn)->queued(conn->link) : 0;
}

size_t
peer_conn_below(const struct peer_conn *conn)
{
	return conn->link != NULL
		       ? link_of(conn)->queued(conn->link) + link_of(conn)->below(conn->link)
		       : 0;
}

size_t
peer_polls(const struct peer_set *set, struct pollfd *ret, size_t max)
{
	struct peer_conn *conn;
	size_t n = 0;

	TAILQ_FOREACH(conn, &set->conns, link_in_set) {
		if (!conn->up || conn->closing || n == max)
			continue;
		ret[n].fd = link_of(conn)->socket(conn->link);
		ret[n++].events = peer_conn_queued(conn) > 0 ? POLLIN | POLLOUT : POLLIN;
	}
	return n;
}

uint64_t
peer_troubles(const struct peer_set *set, enum trouble trouble, bool dialled)
{
	return set->troubles[dialled][trouble];
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
			.redial_ns = peer->dialled == NULL ? peer->redial_ns : 0,
			.tls = !set->plaintext,
		};
	}
	return n;
}
