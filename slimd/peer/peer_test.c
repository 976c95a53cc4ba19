/* SPDX-License-Identifier: Apache-2.0 */
/* Peer connections over loopback: two ends in one loop, certificates made here, and a raw
 * socket that says what no slimd would say. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "clock.h"
#include "frame.h"
#include "log.h"
#include "peer.h"
#include "real.h"
#include "reasons.h"
#include "test_folder.h"
#include "test_port.h"

/* ---- certificates ------------------------------------------------------------------------ */

struct authority {
	EVP_PKEY *key;
	X509 *cert;
};

static struct authority good, evil;

static const char *
file_name(const char *name, const char *suffix)
{
	static char names[16][128];
	static unsigned next;
	char *at = names[next++ % 16];

	snprintf(at, sizeof(names[0]), "%s/%s.%s", test_folder_path(), name, suffix);
	return at;
}

static X509 *
make_cert(EVP_PKEY *key, const char *name, const struct authority *issuer, EVP_PKEY *issuer_key)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	char alt[64];
	X509_EXTENSION *extension;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), issuer == NULL ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				   0);
	X509_set_issuer_name(cert, X509_get_subject_name(issuer != NULL ? issuer->cert : cert));
	snprintf(alt, sizeof(alt), issuer == NULL ? "critical,CA:TRUE" : "DNS:%s", name);
	extension = X509V3_EXT_conf_nid(
		NULL, NULL, issuer == NULL ? NID_basic_constraints : NID_subject_alt_name, alt);
	assert_non_null(extension);
	X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	assert_true(X509_sign(cert, issuer_key, EVP_sha256()) > 0);
	return cert;
}

static void
write_pem(const char *name, X509 *cert, EVP_PKEY *key)
{
	FILE *file = fopen(file_name(name, "pem"), "w");

	assert_non_null(file);
	PEM_write_X509(file, cert);
	fclose(file);
	file = fopen(file_name(name, "key"), "w");
	assert_non_null(file);
	PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
}

static struct authority
make_authority(const char *name)
{
	struct authority made = {.key = EVP_EC_gen("P-256")};

	made.cert = make_cert(made.key, name, NULL, made.key);
	write_pem(name, made.cert, made.key);
	return made;
}

/* FILE.pem and FILE.key, for a host called `name`. */
static void
issue(const char *file, const char *name, const struct authority *issuer)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_cert(key, name, issuer, issuer->key);

	write_pem(file, cert, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int
make_files(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as main() does */
	assert_int_equal(test_folder_begin("/tmp", "peer"), 0);
	good = make_authority("good");
	evil = make_authority("evil");
	issue("a", "a", &good);
	issue("b", "b", &good);
	issue("c", "c", &good);
	issue("evil-b", "b", &evil);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	X509_free(good.cert);
	EVP_PKEY_free(good.key);
	X509_free(evil.cert);
	EVP_PKEY_free(evil.key);
	test_folder_end();
	return 0;
}

/* ---- two ends ------------------------------------------------------------------------------- */

struct end {
	uint64_t unknown; /* features */
	struct outside *outside;
	struct peer_set *set;
	struct peer_conn *dialled, *inbound;
	uint32_t down_reason, unreachable;
	unsigned n_frames, n_down;
	uint64_t last_seq, last_session;
};

struct world {
	struct event_base *base;
	struct test_port port;   /* of who is dialled or talked to */
	struct test_port nobody; /* no one listens there */
	struct end a, b;         /* a dials b */
};

static void
on_up(void *ctx, struct peer_conn *conn)
{
	struct end *end = ctx;

	if (peer_conn_is_dialled(conn))
		end->dialled = conn;
	else
		end->inbound = conn;
}

static void
on_down(void *ctx, struct peer_conn *conn, uint32_t reason)
{
	struct end *end = ctx;

	end->n_down++;
	end->down_reason = reason;
	if (peer_conn_is_dialled(conn))
		end->dialled = NULL;
	else
		end->inbound = NULL;
}

static void
on_unreachable(void *ctx, const char *host, uint32_t reason)
{
	struct end *end = ctx;

	(void)host;
	end->unreachable = reason;
}

static void
on_frame(void *ctx, struct peer_conn *conn, const Slim__Peer__V1__Frame *frame)
{
	struct end *end = ctx;

	(void)conn;
	end->n_frames++;
	end->last_seq = frame->seq;
	end->last_session = frame->session;
}

static const struct peer_ops ops = {
	.on_up = on_up, .on_down = on_down, .on_unreachable = on_unreachable, .on_frame = on_frame};

/* `cert` NULL: plaintext. `dials`: the other's name, "" none. */
static void
start(struct world *w, struct end *end, const char *host, const char *cert, const char *ca,
      const char *other, bool dials)
{
	static char addresses[2][32];
	char *address = addresses[dials];
	struct peer_address peer;
	struct peer_config config = {
		.host = host, .unknown = end->unknown, .n_peers = 1, .peers = &peer};
	struct tls_files tls = {NULL};

	snprintf(address, 32, "127.0.0.1:%d", w->port.number);
	strcpy(peer.name, other);
	peer.address = dials ? address : "";
	config.listen = dials ? NULL : address;
	config.plaintext = cert == NULL;
	if (cert != NULL) {
		tls.ca = file_name(ca, "pem");
		tls.cert = file_name(cert, "pem");
		tls.key = file_name(cert, "key");
	}
	assert_int_equal(outside_create(w->base, &end->outside), 0);
	assert_int_equal(outside_open_links(end->outside, cert != NULL ? &tls : NULL), 0);
	assert_int_equal(peer_set_create(end->outside, &config, &ops, end, &end->set), 0);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	log_set_level(LOG_LEVEL_ERROR);
	w->base = event_base_new();
	assert_int_equal(test_port_take(&w->port), 0);
	assert_int_equal(test_port_take(&w->nobody), 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	peer_set_destroy(w->a.set);
	peer_set_destroy(w->b.set);
	outside_destroy(w->a.outside);
	outside_destroy(w->b.outside);
	event_base_free(w->base);
	test_port_give_back(&w->port);
	test_port_give_back(&w->nobody);
	free(w);
	return 0;
}

static void
turn(struct world *w)
{
	event_base_loop(w->base, EVLOOP_ONCE);
}

/* The ticks of the peers end each wait; 400 of them are 20 seconds. */
#define UNTIL(w, condition)                                      \
	do {                                                     \
		for (int n_turns = 0; !(condition); n_turns++) { \
			assert_in_range(n_turns, 0, 4000);       \
			turn(w);                                 \
		}                                                \
	} while (0)

static uint64_t
send_ready(struct peer_conn *conn, uint64_t session)
{
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Ready ready = SLIM__PEER__V1__READY__INIT;

	frame.session = session;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_READY;
	frame.ready = &ready;
	return peer_send(conn, &frame);
}

static void
exchange(struct world *w)
{
	UNTIL(w, w->a.dialled != NULL && w->b.inbound != NULL);
	assert_string_equal(peer_conn_host(w->a.dialled), "b");
	assert_string_equal(peer_conn_host(w->b.inbound), "a");
	assert_ptr_equal(peer_dialled(w->a.set, "b"), w->a.dialled);
	assert_int_equal(send_ready(w->a.dialled, 5), 1);
	assert_int_equal(send_ready(w->a.dialled, 6), 1); /* each session counts for itself */
	assert_int_equal(send_ready(w->a.dialled, 5), 2);
	UNTIL(w, w->b.n_frames == 3);
	assert_int_equal(w->b.last_session, 5);
	assert_int_equal(w->b.last_seq, 2);
	assert_int_equal(send_ready(w->b.inbound, 5), 1);
	UNTIL(w, w->a.n_frames == 1);
	UNTIL(w, peer_conn_rtt_ns(w->a.dialled) != 0);
}

/* ---- tests ------------------------------------------------------------------------------------ */

static void
frames_pass_in_the_clear(void **state)
{
	struct world *w = *state;

	start(w, &w->b, "b", NULL, NULL, "a", false);
	start(w, &w->a, "a", NULL, NULL, "b", true);
	exchange(w);
}

static void
frames_pass_under_tls(void **state)
{
	struct world *w = *state;
	struct peer_status status;

	start(w, &w->b, "b", "b", "good", "a", false);
	start(w, &w->a, "a", "a", "good", "b", true);
	exchange(w);
	assert_int_equal(peer_list(w->a.set, &status, 1), 1);
	assert_string_equal(status.state, "up");
	assert_true(status.tls);
	assert_non_null(strstr(status.software, "slimd"));
}

static void
a_stranger_with_another_ca_is_refused(void **state)
{
	struct world *w = *state;

	start(w, &w->b, "b", "evil-b", "evil", "a", false);
	start(w, &w->a, "a", "a", "good", "b", true);
	UNTIL(w, w->a.unreachable != 0);
	assert_int_equal(w->a.unreachable, REASON_PEER_AUTH);
	assert_null(w->a.dialled);
	assert_null(w->b.inbound);
}

static void
a_certificate_of_somebody_else_is_refused(void **state)
{
	struct world *w = *state;

	/* c is known to the CA, and says that it is b. */
	start(w, &w->b, "b", "c", "good", "a", false);
	start(w, &w->a, "a", "a", "good", "b", true);
	UNTIL(w, w->a.unreachable != 0);
	assert_int_equal(w->a.unreachable, REASON_PEER_AUTH);
	assert_null(w->a.dialled);
}

static void
a_client_that_is_not_configured_is_refused(void **state)
{
	struct world *w = *state;

	start(w, &w->b, "b", "b", "good", "a", false);
	start(w, &w->a, "c", "c", "good", "b", true);
	/* c takes b for good, until b has read its Hello and hangs up. */
	UNTIL(w, w->a.n_down > 0 || w->a.unreachable != 0);
	assert_null(w->b.inbound);
	assert_int_equal(w->b.n_frames, 0);
}

static void
plaintext_and_tls_do_not_meet(void **state)
{
	struct world *w = *state;

	start(w, &w->b, "b", "b", "good", "a", false);
	start(w, &w->a, "a", NULL, NULL, "b", true);
	UNTIL(w, w->a.unreachable != 0);
	assert_null(w->a.dialled);
	assert_null(w->b.inbound);
}

static void
nobody_there_is_told_and_tried_again(void **state)
{
	struct world *w = *state;

	start(w, &w->a, "a", NULL, NULL, "b", true);
	UNTIL(w, w->a.unreachable != 0);
	assert_int_equal(w->a.unreachable, REASON_PEER_UNREACHABLE);
	start(w, &w->b, "b", NULL, NULL, "a", false);
	UNTIL(w, w->a.dialled != NULL && w->b.inbound != NULL);
	peer_set_destroy(w->b.set);
	w->b.set = NULL;
	outside_destroy(w->b.outside);
	UNTIL(w, w->a.n_down == 1);
	assert_int_equal(w->a.down_reason, REASON_PEER_LOST);
	assert_null(peer_dialled(w->a.set, "b"));
	memset(&w->b, 0, sizeof(w->b));
	start(w, &w->b, "b", NULL, NULL, "a", false);
	UNTIL(w, w->a.dialled != NULL && w->b.inbound != NULL);
}

/* ---- raw ends ------------------------------------------------------------------------------- */

static int
raw_connect(const struct world *w)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)w->port.number)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
raw_send(int fd, const Slim__Peer__V1__Frame *frame)
{
	uint8_t bytes[512];
	size_t size = frame_size(frame);

	assert_in_range(size, 5, sizeof(bytes));
	frame_encode(frame, bytes);
	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
}

static void
raw_hello(int fd, uint32_t version, uint64_t required, const char *host)
{
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Hello hello = SLIM__PEER__V1__HELLO__INIT;

	hello.version_min = hello.version_max = version;
	hello.features_required = required;
	hello.host = (char *)(uintptr_t)host;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_HELLO;
	frame.hello = &hello;
	raw_send(fd, &frame);
}

/* As a listener of slimd does, or without sharing the address. -1: it is taken. */
static int
bind_to(int number, bool shares)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)number)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	assert_true(fd >= 0);
	if (shares)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		assert_int_equal(errno, EADDRINUSE);
		close(fd);
		return -1;
	}
	return fd;
}

/* What a dials. */
static int
raw_listen(const struct world *w)
{
	int fd = bind_to(w->port.number, true);

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static bool
has_bytes(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/* ---- the cause, on both sides ----------------------------------------------------------------- */

static uint64_t
troubles(const struct end *end, enum trouble trouble)
{
	return peer_troubles(end->set, trouble, false) + peer_troubles(end->set, trouble, true);
}

static struct {
	unsigned n;
	char text[2048];
} told;

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	size_t length = strlen(told.text);

	(void)ctx;
	if (level > LOG_LEVEL_WARN)
		return;
	told.n++;
	snprintf(told.text + length, sizeof(told.text) - length, "%s\n", line);
}

static void
listen_to_log(void)
{
	told.n = 0;
	told.text[0] = '\0';
	log_set_level(LOG_LEVEL_WARN);
	log_set_sink(keep_line, NULL);
}

static void
pass_time(struct world *w, uint64_t ns)
{
	uint64_t until_ns = clock_now_ns() + ns;

	while (clock_now_ns() < until_ns)
		turn(w);
}

/* Under TLS, too: nobody was there to refuse anything, and who waits for the host may try at once. */
static void
a_host_that_is_down_has_not_refused(void **state)
{
	struct world *w = *state;
	uint64_t n;

	listen_to_log();
	start(w, &w->a, "a", "a", "good", "b", true);
	UNTIL(w, troubles(&w->a, TROUBLE_UNREACHABLE) > 0);
	assert_int_equal(w->a.unreachable, REASON_PEER_UNREACHABLE);
	for (n = troubles(&w->a, TROUBLE_UNREACHABLE); n < 8; n++) {
		peer_redial(w->a.set, "b");
		UNTIL(w, troubles(&w->a, TROUBLE_UNREACHABLE) == n + 1);
	}
	log_set_sink(NULL, NULL);
	assert_int_equal(troubles(&w->a, TROUBLE_TLS), 0);
	assert_non_null(strstr(told.text,
			       "kind=unreachable reason=\"cannot connect: Connection refused\""));
}

/* Nor one that ends in the middle of the handshake. */
static void
an_end_within_the_handshake_is_no_refusal(void **state)
{
	struct world *w = *state;
	int listener = raw_listen(w), fd;

	start(w, &w->a, "a", "a", "good", "b", true);
	for (uint64_t n = 1; n <= 2; n++) {
		UNTIL(w, (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0);
		UNTIL(w, has_bytes(fd));
		if (n == 2) { /* what was sent stays unread: a reset in place of an end */
			close(fd);
		} else {
			shutdown(fd, SHUT_WR);
		}
		UNTIL(w, troubles(&w->a, TROUBLE_UNREACHABLE) == n);
		if (n == 1)
			close(fd);
	}
	close(listener);
	assert_int_equal(troubles(&w->a, TROUBLE_TLS), 0);
	assert_int_equal(w->a.unreachable, REASON_PEER_UNREACHABLE);
}

/* a listens where raw_connect() connects to, and dials a port where nobody is. */
static void
start_with_nobody_to_dial(struct world *w)
{
	static char listen[32], nobody[32]; /* kept */
	struct peer_address peer = {.name = "b", .address = nobody};
	struct peer_config config = {
		.host = "a", .n_peers = 1, .peers = &peer, .listen = listen, .plaintext = true};

	snprintf(listen, sizeof(listen), "127.0.0.1:%d", w->port.number);
	snprintf(nobody, sizeof(nobody), "127.0.0.1:%d", w->nobody.number);
	assert_int_equal(outside_create(w->base, &w->a.outside), 0);
	assert_int_equal(outside_open_links(w->a.outside, NULL), 0);
	assert_int_equal(peer_set_create(w->a.outside, &config, &ops, &w->a, &w->a.set), 0);
}

/* Whose Hello comes is back: the pause of our own dial is over, however long it was. */
static void
a_host_that_dials_us_is_dialled(void **state)
{
	struct world *w = *state;
	struct peer_status status;
	int fd;

	start_with_nobody_to_dial(w);
	UNTIL(w, troubles(&w->a, TROUBLE_UNREACHABLE) > 0);
	assert_int_equal(peer_list(w->a.set, &status, 1), 1);
	assert_true(status.redial_ns != 0);
	fd = raw_connect(w);
	raw_hello(fd, 1, 0, "b");
	UNTIL(w, w->a.inbound != NULL);
	assert_int_equal(peer_list(w->a.set, &status, 1), 1);
	assert_int_equal(status.redial_ns, 0);
	close(fd);
}

/* Up on one side, refused by the other: the pause grows, and both sides know why. In a second and a
 * half there is room for dials after 50, 100, 200, 400 and 800 ms, not for ten a second. */
static void
a_refused_greeting_is_told_and_not_hurried(void **state)
{
	struct world *w = *state;
	uint64_t here, there;

	listen_to_log();
	start(w, &w->b, "b", "b", "good", "a", false);
	/* c's certificate, a's name. */
	start(w, &w->a, "a", "c", "good", "b", true);
	pass_time(w, UINT64_C(1500000000));
	UNTIL(w, troubles(&w->b, TROUBLE_REFUSED_HERE) > 0 &&
			 troubles(&w->a, TROUBLE_REFUSED_THERE) > 0);
	log_set_sink(NULL, NULL);
	here = troubles(&w->b, TROUBLE_REFUSED_HERE);
	there = troubles(&w->a, TROUBLE_REFUSED_THERE);
	assert_in_range(here, 1, 6);
	assert_in_range(there, 1, 6);
	assert_int_equal(w->a.down_reason, REASON_PEER_AUTH);
	assert_non_null(strstr(told.text,
			       "direction=out kind=refused_there reason=\"the other side "
			       "says: its certificate does not name it\""));
	assert_non_null(strstr(told.text, "direction=in kind=refused_here reason=\"its certificate "
					  "does not name it\""));
	assert_in_range(told.n, 2, 2);
}

/* Who waits for a peer that refuses him does not make it flap. */
static void
a_refused_dial_is_not_hurried_by_who_waits(void **state)
{
	struct world *w = *state;
	uint64_t n, until_ns;

	start(w, &w->b, "b", "b", "good", "a", false);
	start(w, &w->a, "a", "c", "good", "b", true);
	UNTIL(w, troubles(&w->a, TROUBLE_REFUSED_THERE) == 4);
	/* The pause is 800 ms now. */
	n = troubles(&w->a, TROUBLE_REFUSED_THERE);
	until_ns = clock_now_ns() + UINT64_C(1500000000);
	while (clock_now_ns() < until_ns) {
		peer_redial(w->a.set, "b");
		turn(w);
	}
	assert_in_range(troubles(&w->a, TROUBLE_REFUSED_THERE), n, n + 2);
}

static void
another_ca_is_told_on_both_sides(void **state)
{
	struct world *w = *state;

	listen_to_log();
	start(w, &w->b, "b", "evil-b", "evil", "a", false);
	start(w, &w->a, "a", "a", "good", "b", true);
	UNTIL(w, troubles(&w->a, TROUBLE_TLS) > 0 && troubles(&w->b, TROUBLE_TLS) > 0);
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(told.text, "direction=out kind=tls"));
	assert_non_null(strstr(told.text, "direction=in kind=tls"));
}

static void
plaintext_against_tls_is_told_on_both_sides(void **state)
{
	struct world *w = *state;

	listen_to_log();
	start(w, &w->b, "b", "b", "good", "a", false);
	start(w, &w->a, "a", NULL, NULL, "b", true);
	UNTIL(w, w->a.unreachable != 0 && troubles(&w->b, TROUBLE_TLS) > 0);
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(told.text, "direction=out"));
	assert_non_null(strstr(told.text, "direction=in kind=tls"));
}

static void
words_are_told_once_and_counted(void **state)
{
	struct trouble_words words = {.told_ns = 0};
	uint64_t n = 0, now = 1000;

	(void)state;
	assert_true(trouble_is_news(&words, "one", now, &n));
	assert_int_equal(n, 1);
	for (int i = 0; i < 9; i++)
		assert_false(trouble_is_news(&words, "one", now += 1000000, &n));
	assert_false(trouble_is_news(&words, "two", now, &n));
	assert_true(trouble_is_news(&words, "two", now + TROUBLE_OTHER_NS, &n));
	assert_int_equal(n, 11);
	assert_true(trouble_is_news(&words, "two", now + TROUBLE_OTHER_NS + TROUBLE_AGAIN_NS, &n));
	assert_int_equal(n, 1);
}

/* ---- a raw client against b -------------------------------------------------------------------- */

/* Has b hung up? Reads away what it says before. */
static bool
hung_up(int fd)
{
	uint8_t bytes[4096];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* Killed by: what the other side says, or what this one knows, taken for both. */
static void
a_feature_is_one_of_both_sides(void **state)
{
	struct world *w = *state;
	int fd;

	w->a.unknown = PEER_FEATURE_NARROW;
	w->b.unknown = PEER_FEATURE_HOLDING;
	start(w, &w->b, "b", NULL, NULL, "a", false);
	start(w, &w->a, "a", NULL, NULL, "b", true);
	UNTIL(w, w->a.dialled != NULL && w->b.inbound != NULL);
	assert_int_equal(peer_conn_features(w->a.dialled), PEER_FEATURE_LZ4);
	assert_int_equal(peer_conn_features(w->b.inbound), PEER_FEATURE_LZ4);
	/* What is required and not known ends the connection, also if others know it. */
	fd = raw_connect(w);
	raw_hello(fd, 1, PEER_FEATURE_HOLDING, "a");
	UNTIL(w, hung_up(fd));
	close(fd);
}

static void
a_wrong_greeting_ends_the_connection(void **state)
{
	struct world *w = *state;
	static const struct {
		uint32_t version;
		uint64_t required;
		const char *host;
	} cases[] = {{2, 0, "a"}, {0, 0, "a"}, {1, 1u << 20, "a"}, {1, 0, "mars"}};

	start(w, &w->b, "b", NULL, NULL, "a", false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = raw_connect(w);

		raw_hello(fd, cases[i].version, cases[i].required, cases[i].host);
		UNTIL(w, hung_up(fd));
		assert_null(w->b.inbound);
		close(fd);
	}
}

static void
nonsense_ends_the_connection(void **state)
{
	struct world *w = *state;
	static const uint8_t endless[] = {0x7f, 0xff, 0xff, 0xff, 0};
	static const uint8_t garbage[] = {0, 0, 0, 3, 0xff, 0xff, 0xff};
	const struct {
		const uint8_t *bytes;
		size_t size;
	} cases[] = {{endless, sizeof(endless)}, {garbage, sizeof(garbage)}};

	start(w, &w->b, "b", NULL, NULL, "a", false);
	for (size_t i = 0; i < 2; i++) {
		int fd = raw_connect(w);

		raw_hello(fd, 1, 0, "a");
		UNTIL(w, w->b.inbound != NULL);
		assert_int_equal(send(fd, cases[i].bytes, cases[i].size, MSG_NOSIGNAL),
				 cases[i].size);
		UNTIL(w, w->b.inbound == NULL);
		assert_int_equal(w->b.down_reason, REASON_PROTOCOL);
		UNTIL(w, hung_up(fd));
		close(fd);
	}
}

static void
a_frame_before_the_greeting_ends_the_connection(void **state)
{
	struct world *w = *state;
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Ready ready = SLIM__PEER__V1__READY__INIT;
	int fd;

	start(w, &w->b, "b", NULL, NULL, "a", false);
	fd = raw_connect(w);
	frame.session = frame.seq = 1;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_READY;
	frame.ready = &ready;
	raw_send(fd, &frame);
	UNTIL(w, hung_up(fd));
	assert_int_equal(w->b.n_frames, 0);
	close(fd);
}

static void
a_gap_in_a_session_ends_the_connection(void **state)
{
	struct world *w = *state;
	Slim__Peer__V1__Frame frame = SLIM__PEER__V1__FRAME__INIT;
	Slim__Peer__V1__Ready ready = SLIM__PEER__V1__READY__INIT;
	int fd;

	start(w, &w->b, "b", NULL, NULL, "a", false);
	fd = raw_connect(w);
	raw_hello(fd, 1, 0, "a");
	frame.session = 9;
	frame.body_case = SLIM__PEER__V1__FRAME__BODY_READY;
	frame.ready = &ready;
	frame.seq = 1;
	raw_send(fd, &frame);
	frame.seq = 3;
	raw_send(fd, &frame);
	UNTIL(w, w->b.n_down == 1);
	assert_int_equal(w->b.n_frames, 1);
	assert_int_equal(w->b.down_reason, REASON_PROTOCOL);
	close(fd);
}

static void
a_newer_connection_replaces_the_older_one(void **state)
{
	struct world *w = *state;
	int first, second;

	start(w, &w->b, "b", NULL, NULL, "a", false);
	first = raw_connect(w);
	raw_hello(first, 1, 0, "a");
	UNTIL(w, w->b.inbound != NULL);
	second = raw_connect(w);
	raw_hello(second, 1, 0, "a");
	UNTIL(w, w->b.n_down == 1);
	UNTIL(w, hung_up(first));
	assert_false(hung_up(second));
	close(first);
	close(second);
}

/* ---- the port of a test --------------------------------------------------------------------------- */

static void
a_port_is_nobody_elses_between_two_listeners(void **state)
{
	const struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		int fd = bind_to(w->port.number, true);

		assert_true(fd >= 0);
		assert_int_equal(listen(fd, 1), 0);
		close(fd);
		assert_int_equal(bind_to(w->port.number, false), -1);
	}
}

static void
no_two_tests_get_one_port(void **state)
{
	struct test_port ports[32];
	const struct world *w = *state;

	for (size_t i = 0; i < 32; i++) {
		assert_int_equal(test_port_take(&ports[i]), 0);
		assert_int_not_equal(ports[i].number, w->port.number);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(ports[i].number, ports[k].number);
	}
	for (size_t i = 0; i < 32; i++)
		test_port_give_back(&ports[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_pass_in_the_clear),
		TEST(frames_pass_under_tls),
		TEST(a_stranger_with_another_ca_is_refused),
		TEST(a_certificate_of_somebody_else_is_refused),
		TEST(a_client_that_is_not_configured_is_refused),
		TEST(plaintext_and_tls_do_not_meet),
		TEST(nobody_there_is_told_and_tried_again),
		TEST(a_feature_is_one_of_both_sides),
		TEST(a_wrong_greeting_ends_the_connection),
		TEST(nonsense_ends_the_connection),
		TEST(a_frame_before_the_greeting_ends_the_connection),
		TEST(a_gap_in_a_session_ends_the_connection),
		TEST(a_newer_connection_replaces_the_older_one),
		TEST(a_refused_greeting_is_told_and_not_hurried),
		TEST(a_refused_dial_is_not_hurried_by_who_waits),
		TEST(a_host_that_is_down_has_not_refused),
		TEST(an_end_within_the_handshake_is_no_refusal),
		TEST(a_host_that_dials_us_is_dialled),
		TEST(another_ca_is_told_on_both_sides),
		TEST(plaintext_against_tls_is_told_on_both_sides),
		TEST(words_are_told_once_and_counted),
		TEST(a_port_is_nobody_elses_between_two_listeners),
		TEST(no_two_tests_get_one_port),
	};

	return cmocka_run_group_tests_name("peer", tests, make_files, remove_files);
}
