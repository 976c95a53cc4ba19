/* SPDX-License-Identifier: Apache-2.0 */
/* RADIUS servers that end sessions; see disconnect.h. Main thread. */
#include "disconnect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "orders.h"
#include "radius_disconnect.h"

#define PACKETS_A_ROUND 16u

/* Who asked what. */
struct request {
	struct sockaddr_in from;
	const char *secret;
	uint16_t size;
	uint8_t bytes[RADIUS_MAX];
	struct radius_packet packet; /* of `bytes` */
};

struct answer {
	struct sockaddr_in to;
	uint8_t identifier;
	uint8_t request[RADIUS_AUTHENTICATOR];
	uint16_t size; /* 0: nobody's */
	uint8_t bytes[RADIUS_MAX];
};

struct pppoe_disconnect {
	const struct pppoe_radius_config *config;
	struct in_addr clients[PPPOE_MAX_SERVERS];
	int fd;
	uint16_t n_workers;
	uint64_t counters[PPPOE_DISCONNECT_N_COUNTERS];
	/* What is under way. */
	bool busy;
	uint16_t n_put;  /* workers that have the order, */
	uint16_t n_done; /* and that have carried it out */
	uint32_t n_ended;
	bool not_ours; /* a worker does not serve now */
	struct nf_job job;
	struct request request;
	uint32_t next_answer;
	struct answer answers[PPPOE_DISCONNECT_REMEMBERED];
};

const struct nf_counter_name pppoe_disconnect_counter_names[PPPOE_DISCONNECT_N_COUNTERS] = {
#define X(name, text) {#name, text},
	PPPOE_DISCONNECT_COUNTERS(X)
#undef X
};

/* ---- open and close ------------------------------------------------------------------------------------------------ */

static int
find_client(const char *host, struct in_addr *ret)
{
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
	struct sockaddr_in address;
	struct addrinfo *found;

	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return -ENOENT;
	memcpy(&address, found->ai_addr, sizeof(address));
	freeaddrinfo(found);
	*ret = address.sin_addr;
	return 0;
}

static int
open_socket(const struct pppoe_radius_config *config)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = rte_cpu_to_be_16(config->listen_port),
		.sin_addr.s_addr = config->listen,
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

int
pppoe_disconnect_open(const struct pppoe_radius_config *config, uint16_t n_workers,
		      struct pppoe_disconnect **ret)
{
	struct pppoe_disconnect *d = calloc(1, sizeof(*d));
	int error = 0;

	if (d == NULL)
		return -ENOMEM;
	d->config = config;
	d->n_workers = n_workers;
	for (uint32_t i = 0; i < config->n_clients && error == 0; i++)
		error = find_client(config->clients[i].host, &d->clients[i]);
	d->fd = error == 0 ? open_socket(config) : -1;
	if (d->fd >= 0) {
		*ret = d;
		return 0;
	}
	error = error != 0 ? error : d->fd;
	free(d);
	return error;
}

void
pppoe_disconnect_close(struct pppoe_disconnect *d)
{
	if (d == NULL)
		return;
	close(d->fd);
	free(d);
}

uint64_t
pppoe_disconnect_count(const struct pppoe_disconnect *d, enum pppoe_disconnect_counter counter)
{
	return d->counters[counter];
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static void
send_answer(struct pppoe_disconnect *d, const struct answer *a)
{
	if (sendto(d->fd, a->bytes, a->size, 0, (const struct sockaddr *)&a->to, sizeof(a->to)) < 0)
		d->counters[PPPOE_disconnect_unsent]++;
}

/* The one to the same request of the same server; NULL: it is a new one. */
static const struct answer *
find_answer(const struct pppoe_disconnect *d, const struct request *r)
{
	for (uint32_t i = 0; i < PPPOE_DISCONNECT_REMEMBERED; i++) {
		const struct answer *a = &d->answers[i];

		if (a->size != 0 && a->to.sin_addr.s_addr == r->from.sin_addr.s_addr &&
		    a->to.sin_port == r->from.sin_port &&
		    a->identifier == radius_identifier(&r->packet) &&
		    memcmp(a->request, radius_authenticator(&r->packet), RADIUS_AUTHENTICATOR) == 0)
			return a;
	}
	return NULL;
}

/* With cause 0 it was done. */
static void
answer(struct pppoe_disconnect *d, uint16_t cause)
{
	struct answer *a = &d->answers[d->next_answer++ % PPPOE_DISCONNECT_REMEMBERED];
	const struct request *r = &d->request;

	d->counters[cause == 0 ? PPPOE_disconnect_ended : PPPOE_disconnect_refused]++;
	a->to = r->from;
	a->identifier = radius_identifier(&r->packet);
	memcpy(a->request, radius_authenticator(&r->packet), RADIUS_AUTHENTICATOR);
	a->size =
		radius_disconnect_answer(&r->packet, cause, r->secret, a->bytes, sizeof(a->bytes));
	if (a->size != 0)
		send_answer(d, a);
	else
		d->counters[PPPOE_disconnect_unsent]++;
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

/* Whose is the packet, and is it one? Silent if not. */
static bool
is_good(struct pppoe_disconnect *d, struct request *r)
{
	if (!radius_parse(r->bytes, r->size, &r->packet) ||
	    (radius_code(&r->packet) != RADIUS_DISCONNECT_REQUEST &&
	     radius_code(&r->packet) != RADIUS_COA_REQUEST)) {
		d->counters[PPPOE_disconnect_malformed]++;
		return false;
	}
	r->secret = NULL;
	for (uint32_t i = 0; i < d->config->n_clients; i++) {
		if (d->clients[i].s_addr != r->from.sin_addr.s_addr)
			continue;
		r->secret = d->config->clients[i].secret;
		if (radius_judge_request(&r->packet, r->secret) != RADIUS_FORGED)
			return true;
	}
	d->counters[r->secret == NULL ? PPPOE_disconnect_stranger : PPPOE_disconnect_forged]++;
	return false;
}

static bool
is_now(uint32_t timestamp)
{
	int64_t away = (int64_t)time(NULL) - (int64_t)timestamp;

	return timestamp == 0 ||
	       (away <= PPPOE_DISCONNECT_WINDOW_S && away >= -PPPOE_DISCONNECT_WINDOW_S);
}

static const struct {
	uint16_t named, given;
} names[] = {
	{RADIUS_NAMES_USER, PPPOE_GIVEN_USER},
	{RADIUS_NAMES_ACCOUNTING, PPPOE_GIVEN_ACCOUNTING},
	{RADIUS_NAMES_IPV4, PPPOE_GIVEN_IPV4},
	{RADIUS_NAMES_MAC, PPPOE_GIVEN_MAC},
	{RADIUS_NAMES_SESSION_ID, PPPOE_GIVEN_ID},
};

_Static_assert(RADIUS_TEXT_SIZE == PPPOE_USER_SIZE, "a name that was read is one of a session");

/* All workers get the order. */
static void
begin_order(struct pppoe_disconnect *d, const struct radius_disconnect *who)
{
	struct pppoe_end_order order = {
		.which = {.session_id = who->session_id,
			  .mac = who->mac,
			  .ipv4 = who->ipv4,
			  .accounting_id = who->accounting_id},
		.why = PPPOE_END_ADMIN,
	};

	memcpy(order.which.user, who->user, sizeof(order.which.user));
	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (who->named & names[i].named)
			order.which.given |= names[i].given;
	d->job = (struct nf_job){.sender = NF_SENDER_NF, .kind = PPPOE_ORDER_END};
	memcpy(d->job.args, &order, sizeof(order));
	d->busy = true;
	d->not_ours = false;
	d->n_put = d->n_done = 0;
	d->n_ended = 0;
}

static void
begin(struct pppoe_disconnect *d)
{
	struct radius_disconnect who;
	uint16_t cause;

	if (radius_code(&d->request.packet) != RADIUS_DISCONNECT_REQUEST) {
		answer(d, RADIUS_UNSUPPORTED_EXTENSION);
		return;
	}
	cause = radius_disconnect_read(&d->request.packet, &who);
	if (cause == 0 && !is_now(who.timestamp)) {
		d->counters[PPPOE_disconnect_old]++;
		return;
	}
	if (cause == 0 && who.nas_identifier[0] != '\0' &&
	    strcmp(who.nas_identifier, d->config->nas_identifier) != 0)
		cause = RADIUS_NAS_MISMATCH;
	if (cause != 0)
		answer(d, cause);
	else
		begin_order(d, &who);
}

/* False: nothing came. */
static bool
receive(struct pppoe_disconnect *d)
{
	struct request *r = &d->request;
	socklen_t size = sizeof(r->from);
	ssize_t n =
		recvfrom(d->fd, r->bytes, sizeof(r->bytes), 0, (struct sockaddr *)&r->from, &size);
	const struct answer *before;

	if (n < 0)
		return false;
	r->size = (uint16_t)n;
	if (!is_good(d, r))
		return true;
	before = find_answer(d, r);
	if (before == NULL) {
		begin(d);
		return true;
	}
	d->counters[PPPOE_disconnect_repeated]++;
	send_answer(d, before);
	return true;
}

/* ---- what is under way --------------------------------------------------------------------------------------------- */

/* Returns how many workers got the order; a full mailbox gets it later. */
static uint32_t
put(struct pppoe_disconnect *d, struct nf_mailbox *const *mailboxes)
{
	uint32_t n = 0;

	while (d->n_put < d->n_workers && nf_mailbox_put(mailboxes[d->n_put], &d->job)) {
		d->n_put++;
		n++;
	}
	return n;
}

void
pppoe_disconnect_done(struct pppoe_disconnect *d, const struct nf_job *job)
{
	if (!d->busy)
		return;
	d->n_done++;
	d->n_ended += job->n_affected;
	d->not_ours |= job->status == NF_NOT_OWNER;
}

/* Who asks an instance that does not serve may ask again. */
static void
finish(struct pppoe_disconnect *d)
{
	d->busy = false;
	answer(d, d->n_ended != 0 ? 0
		  : d->not_ours   ? RADIUS_RESOURCES_UNAVAILABLE
				  : RADIUS_SESSION_NOT_FOUND);
}

uint32_t
pppoe_disconnect_round(struct pppoe_disconnect *d, struct nf_mailbox *const *mailboxes)
{
	uint32_t n = 0;

	if (d->busy && d->n_done == d->n_workers) {
		finish(d);
		n++;
	}
	for (uint32_t i = 0; i < PACKETS_A_ROUND && !d->busy && receive(d); i++)
		n++;
	return n + (d->busy ? put(d, mailboxes) : 0);
}
