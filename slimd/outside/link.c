/* SPDX-License-Identifier: Apache-2.0 */
/* Links: TCP by libevent, with TLS 1.3 unless plaintext is asked for. */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/listener.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "address.h"
#include "log.h"
#include "real.h"
#include "real_internal.h"
#include "slim_limits.h"
#include "tls.h"

#define INPUT_MAX (2u * SLIM_PEER_FRAME_MAX + 64u) /* two frames with their heads */

struct link {
	struct real *real;
	struct bufferevent *bev;
	const struct link_events *events; /* NULL: not adopted yet, or stopped */
	void *owner;
	bool is_accepted;
	bool is_open;
	struct evbuffer_iovec room; /* reserved */
};

/* ---- events ------------------------------------------------------------------------ */

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct link *link = ctx;

	(void)bev;
	if (link->events != NULL)
		link->events->on_bytes(link->owner);
}

static void
open_now(struct link *link)
{
	int one = 1;

	link->is_open = true;
	setsockopt(bufferevent_getfd(link->bev), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (link->events != NULL)
		link->events->on_open(link->owner);
}

/* What TLS itself found wrong; NULL: nothing. An end in the middle of a handshake is an error of TLS by its
 * library only: it is what happens to a host that goes down, and no refusal. */
static const char *
refusal(unsigned long tls_error)
{
	const char *words;

	if (ERR_GET_LIB(tls_error) != ERR_LIB_SSL ||
	    ERR_GET_REASON(tls_error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return NULL;
	words = ERR_reason_error_string(tls_error);
	return words != NULL ? words : "TLS failed";
}

/* In the system's words where it has some. `error`: of the socket; 0: none. */
static void
describe_end(const struct link *link, int error, char *words, size_t size)
{
	const char *what = link->is_open ? "the other side has gone" : "cannot connect";
	int dns = bufferevent_socket_get_dns_error(link->bev);

	if (dns != 0)
		snprintf(words, size, "cannot connect: %s", evutil_gai_strerror(dns));
	else if (error != 0)
		snprintf(words, size, "%s: %s", what, strerror(error));
	else
		snprintf(words, size, "%s", what);
}

/* `error`: errno as the event came. It is of the socket if the event says so, or if libevent hands on
 * SSL_ERROR_SYSCALL in the place of TLS's own error. */
static void
close_now(struct link *link, short what, int error)
{
	unsigned long tls_error =
		link->real->tls != NULL ? bufferevent_get_openssl_error(link->bev) : 0;
	bool failed = tls_error == SSL_ERROR_SYSCALL ||
		      (link->real->tls == NULL && (what & BEV_EVENT_ERROR) != 0);
	const char *refused = refusal(tls_error);
	char words[128];

	describe_end(link, failed ? error : 0, words, sizeof(words));
	if (link->events != NULL)
		link->events->on_closed(link->owner, refused != NULL,
					refused != NULL ? refused : words);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	int error = errno;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		open_now(ctx);
	else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		close_now(ctx, what, error);
}

/* ---- making ---------------------------------------------------------------------------- */

/* fd -1: to be dialled. */
static struct bufferevent *
make_bufferevent(const struct real *real, evutil_socket_t fd, bool dialled)
{
	struct bufferevent *bev;
	SSL *ssl;

	if (real->tls == NULL)
		return bufferevent_socket_new(real->base, fd, BEV_OPT_CLOSE_ON_FREE);
	ssl = SSL_new(real->tls);
	if (ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(real->base, fd, ssl,
					     dialled ? BUFFEREVENT_SSL_CONNECTING
						     : BUFFEREVENT_SSL_ACCEPTING,
					     BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		SSL_free(ssl);
	else
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

static struct link *
link_create(struct real *real, evutil_socket_t fd, bool dialled)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return NULL;
	link->real = real;
	link->bev = make_bufferevent(real, fd, dialled);
	if (link->bev == NULL) {
		free(link);
		return NULL;
	}
	bufferevent_setcb(link->bev, on_read, NULL, on_event, link);
	bufferevent_setwatermark(link->bev, EV_READ, 0, INPUT_MAX);
	return link;
}

static void
link_adopt(struct link *link, const struct link_events *events, void *owner)
{
	link->events = events;
	link->owner = owner;
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	/* A plain socket has no handshake that would say "connected". */
	if (link->is_accepted && link->real->tls == NULL)
		bufferevent_trigger_event(link->bev, BEV_EVENT_CONNECTED, BEV_TRIG_DEFER_CALLBACKS);
}

static void
link_stop(struct link *link)
{
	link->events = NULL;
	bufferevent_disable(link->bev, EV_READ | EV_WRITE);
}

static void
link_close(struct link *link)
{
	bufferevent_free(link->bev);
	free(link);
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Reads the system's file again when it has changed; one that is not there names nobody. Without a base of its
 * own libevent would ask the C library, which blocks. */
static int
prepare_names(struct real *real)
{
	const int flags = DNS_OPTION_SEARCH | DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC |
			  DNS_OPTION_NAMESERVERS_NO_DEFAULT;
	bool first = real->dns == NULL;
	struct stat now = {0};

	if (first)
		real->dns = evdns_base_new(real->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (real->dns == NULL)
		return -ENOMEM;
	if (stat(real->resolv_conf, &now) < 0)
		now = (struct stat){0};
	if (!first && is_same_file(&now, &real->resolv_conf_read))
		return 0;
	real->resolv_conf_read = now;
	evdns_base_clear_nameservers_and_suspend(real->dns);
	evdns_base_clear_host_addresses(real->dns);
	evdns_base_load_hosts(real->dns, "/etc/hosts");
	evdns_base_resolv_conf_parse(real->dns, flags, real->resolv_conf);
	evdns_base_resume(real->dns);
	return 0;
}

static int
connect_to(struct link *link, const char *text)
{
	struct sockaddr_storage numeric;
	struct address address;
	int size;

	if (address_parse_numeric(text, &numeric, &size) == 0)
		return bufferevent_socket_connect(link->bev, (struct sockaddr *)&numeric, size);
	if (address_parse(text, &address) != NULL)
		return -EINVAL;
	if (prepare_names(link->real) < 0)
		return -ENOMEM;
	return bufferevent_socket_connect_hostname(link->bev, link->real->dns, AF_UNSPEC,
						   address.host, address.port);
}

static int
link_dial(struct outside *outside, const char *address, const struct link_events *events,
	  void *owner, struct link **ret_link)
{
	struct link *link = link_create((struct real *)outside, -1, true);

	if (link == NULL)
		return -ENOMEM;
	link_adopt(link, events, owner);
	if (connect_to(link, address) < 0) {
		link_close(link);
		return -EHOSTUNREACH;
	}
	*ret_link = link;
	return 0;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
	  void *ctx)
{
	struct real *real = ctx;
	struct link *link = link_create(real, fd, false);

	(void)listener;
	(void)address;
	(void)size;
	if (link == NULL) {
		log_warn("peer connection refused: no memory");
		evutil_closesocket(fd);
		return;
	}
	link->is_accepted = true;
	real->on_accept(real->accept_ctx, link);
}

static int
link_listen(struct outside *outside, const char *address,
	    void (*accept)(void *ctx, struct link *link), void *ctx)
{
	struct real *real = (struct real *)outside;
	struct sockaddr_storage numeric;
	int size;

	if (address_parse_numeric(address, &numeric, &size) < 0) {
		log_error("peer listen address=%s error=\"not address:port\"", address);
		return -EINVAL;
	}
	real->on_accept = accept;
	real->accept_ctx = ctx;
	real->listener = evconnlistener_new_bind(real->base, on_accept, real,
						 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
							 LEV_OPT_REUSEABLE,
						 64, (struct sockaddr *)&numeric, size);
	if (real->listener == NULL) {
		log_error("peer listen address=%s error=\"%s\"", address, strerror(errno));
		return -errno;
	}
	return 0;
}

static void
link_unlisten(struct outside *outside)
{
	struct real *real = (struct real *)outside;

	if (real->listener != NULL)
		evconnlistener_free(real->listener);
	real->listener = NULL;
}

/* ---- bytes -------------------------------------------------------------------------------- */

static uint8_t *
link_reserve(struct link *link, size_t size)
{
	struct evbuffer *output = bufferevent_get_output(link->bev);

	if (evbuffer_reserve_space(output, (ev_ssize_t)size, &link->room, 1) != 1)
		return NULL;
	return link->room.iov_base;
}

static void
link_send(struct link *link, size_t size)
{
	link->room.iov_len = size;
	evbuffer_commit_space(bufferevent_get_output(link->bev), &link->room, 1);
}

static size_t
link_queued(const struct link *link)
{
	return evbuffer_get_length(bufferevent_get_output(link->bev));
}

static size_t
link_below(const struct link *link)
{
	int n = 0;

	/* What the kernel cannot tell is not known to be there. */
	if (ioctl(bufferevent_getfd(link->bev), SIOCOUTQ, &n) < 0 || n < 0)
		return 0;
	return (size_t)n;
}

static size_t
link_arrived(const struct link *link)
{
	return evbuffer_get_length(bufferevent_get_input(link->bev));
}

static const uint8_t *
link_peek(struct link *link, size_t size)
{
	return evbuffer_pullup(bufferevent_get_input(link->bev), (ev_ssize_t)size);
}

static void
link_drop(struct link *link, size_t size)
{
	evbuffer_drain(bufferevent_get_input(link->bev), size);
}

static bool
link_names(const struct link *link, const char *host)
{
	return link->real->tls == NULL ||
	       tls_names_host(bufferevent_openssl_get_ssl(link->bev), host);
}

static int
link_socket(const struct link *link)
{
	return (int)bufferevent_getfd(link->bev);
}

const struct link_ops real_link = {
	.dial = link_dial,
	.listen = link_listen,
	.unlisten = link_unlisten,
	.adopt = link_adopt,
	.stop = link_stop,
	.close = link_close,
	.reserve = link_reserve,
	.send = link_send,
	.queued = link_queued,
	.below = link_below,
	.arrived = link_arrived,
	.peek = link_peek,
	.drop = link_drop,
	.names = link_names,
	.socket = link_socket,
};

/* ---- the set-up --------------------------------------------------------------------------------- */

int
outside_open_links(struct outside *outside, const struct tls_files *tls)
{
	struct real *real = (struct real *)outside;

	if (tls == NULL)
		log_warn("peer connections are plaintext: nobody is authenticated");
	else if ((real->tls = tls_create_context(tls)) == NULL)
		return -EINVAL;
	real->resolv_conf = "/etc/resolv.conf";
	outside->link = &real_link;
	return 0;
}

void
real_close_links(struct real *real)
{
	if (real->dns != NULL)
		evdns_base_free(real->dns, 0);
	SSL_CTX_free(real->tls);
}
