/* SPDX-License-Identifier: Apache-2.0 */
/* All subscribers; see subscribers.h. */
#include "subscribers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery_packet.h"
#include "pace.h"
#include "ppp.h"
#include "subscriber_say.h"

#define LOOK_NS UINT64_C(10000000) /* all are looked at once in this time */
#define USER_SIZE 64u
#define MAX_LATE_NS UINT64_C(1000000000)

struct one {
	struct subscriber s;
	uint64_t
		until_ns; /* a visitor that is up stays until then, who failed waits until then; 0: not yet */
	char user[USER_SIZE];
};

struct waiting {
	size_t size;
	uint8_t frame[SUBSCRIBER_MAX_FRAME];
};

struct subscribers {
	struct subscribers_config config; /* its group is the one of all */
	struct subscribers_counts counts;
	struct one *each;
	uint32_t n;
	struct pace ramp, logins, looks;
	struct subscriber looking; /* whoever looks, one after the other */
	uint32_t next_staying;     /* whose first log-in is next */
	uint32_t next_visitor;
	uint32_t look;      /* who is looked at next */
	uint64_t looked_ns; /* up to when looks are done */
	uint32_t head, n_waiting;
	struct waiting *waiting; /* ring of SUBSCRIBERS_QUEUE */
};

static void
enqueue(void *ctx, struct subscriber *s, const uint8_t *frame, size_t size)
{
	struct subscribers *all = ctx;
	struct waiting *w = &all->waiting[(all->head + all->n_waiting) % SUBSCRIBERS_QUEUE];

	(void)s;
	if (all->n_waiting == SUBSCRIBERS_QUEUE) {
		all->counts.queue_full++;
		return;
	}
	all->n_waiting++;
	w->size = size;
	memcpy(w->frame, frame, size);
}

/* ---- set-up -------------------------------------------------------------------------------------------- */

static uint64_t
number_of_mac(const uint8_t *mac)
{
	return (uint64_t)nf_get16(mac) << 32 | nf_get32(mac + 2);
}

bool
subscribers_have_mac(const uint8_t *first, uint32_t n, const uint8_t *mac)
{
	return number_of_mac(mac) - number_of_mac(first) < n;
}

static void
put_line(const struct subscribers *all, uint32_t number, struct access_line *ret_line)
{
	uint64_t mac = number_of_mac(all->config.line.mac) + number;

	*ret_line = all->config.line;
	nf_put16(ret_line->mac, (uint16_t)(mac >> 32));
	nf_put32(ret_line->mac + 2, (uint32_t)mac);
}

static void
init_one(struct subscribers *all, uint32_t i)
{
	struct one *one = &all->each[i];

	snprintf(one->user, sizeof(one->user), "%s%" PRIu32, all->config.user, i);
	one->s = (struct subscriber){
		.group = &all->config.group,
		.number = i,
		.user = one->user,
		.password = all->config.password,
	};
	put_line(all, i, &one->s.line);
}

int
subscribers_create(const struct subscribers_config *config, uint64_t now_ns,
		   struct subscribers **ret_subscribers)
{
	uint64_t n = (uint64_t)config->n_staying + config->n_visitors;
	struct subscribers *all;

	if (n == 0 || n > SUBSCRIBERS_MAX || (config->n_staying > 0 && config->ramp == 0))
		return -EINVAL;
	all = calloc(1, sizeof(*all));
	if (all == NULL)
		return -ENOMEM;
	all->config = *config;
	all->config.group.send = enqueue;
	all->config.group.ctx = all;
	all->n = (uint32_t)n;
	all->each = calloc(n, sizeof(*all->each));
	all->waiting = calloc(SUBSCRIBERS_QUEUE, sizeof(*all->waiting));
	if (all->each == NULL || all->waiting == NULL) {
		subscribers_destroy(all);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < all->n; i++)
		init_one(all, i);
	all->looked_ns = now_ns;
	pace_start(&all->ramp, config->n_staying > 0 ? config->ramp : 0, now_ns);
	pace_start(&all->logins, config->n_visitors > 0 ? config->logins : 0, now_ns);
	pace_start(&all->looks, config->looks, now_ns);
	all->looking.group = &all->config.group;
	*ret_subscribers = all;
	return 0;
}

void
subscribers_destroy(struct subscribers *all)
{
	if (all == NULL)
		return;
	free(all->each);
	free(all->waiting);
	free(all);
}

/* ---- log-ins and log-outs ------------------------------------------------------------------------------ */

/* The next visitor in turn, if he is not here. */
static void
begin_visit(struct subscribers *all, uint64_t now_ns)
{
	struct one *one = &all->each[all->config.n_staying + all->next_visitor];

	all->next_visitor = (all->next_visitor + 1) % all->config.n_visitors;
	if (one->s.state != SUBSCRIBER_IDLE) {
		all->counts.no_visitor++;
		return;
	}
	one->until_ns = 0;
	subscriber_start(&one->s, now_ns);
}

/* The next of those who never take an offer. */
static void
look_around(struct subscribers *all)
{
	all->looking.number = all->n + (uint32_t)(all->counts.looks++ % SUBSCRIBERS_LOOKING);
	put_line(all, all->looking.number, &all->looking.line);
	subscriber_say_padi(&all->looking);
}

/* He leaves when his time is over. */
static void
look_at_visitor(struct subscribers *all, struct one *one, uint64_t now_ns)
{
	if (one->s.state != SUBSCRIBER_UP)
		return;
	if (one->until_ns == 0)
		one->until_ns = now_ns + all->config.stay_ns;
	else if (now_ns >= one->until_ns)
		subscriber_stop(&one->s, now_ns);
}

/* Who failed to come up tries again, a while later. Who was up and was dropped stays away: his loss is to be seen. */
static void
look_at_staying(struct subscribers *all, struct one *one, uint64_t now_ns)
{
	if (one->s.number >= all->next_staying || one->s.state != SUBSCRIBER_IDLE || one->s.was_up)
		return;
	if (one->until_ns == 0) {
		one->until_ns = now_ns + all->config.group.restart_ns;
	} else if (now_ns >= one->until_ns) {
		one->until_ns = 0;
		subscriber_start(&one->s, now_ns);
	}
}

static void
look_at_some(struct subscribers *all, uint64_t now_ns)
{
	uint64_t n = (now_ns - all->looked_ns) * all->n / LOOK_NS;

	if (n == 0)
		return;
	all->looked_ns = now_ns;
	for (uint64_t i = 0; i < n && i < all->n; i++) {
		struct one *one = &all->each[all->look];

		all->look = (all->look + 1) % all->n;
		if (subscriber_due(&one->s) <= now_ns)
			subscriber_tick(&one->s, now_ns);
		if (one->s.number < all->config.n_staying)
			look_at_staying(all, one, now_ns);
		else
			look_at_visitor(all, one, now_ns);
	}
}

void
subscribers_tick(struct subscribers *all, uint64_t now_ns)
{
	uint64_t due_ns;

	while (all->next_staying < all->config.n_staying &&
	       pace_take(&all->ramp, now_ns, MAX_LATE_NS, &due_ns))
		subscriber_start(&all->each[all->next_staying++].s, now_ns);
	while (pace_take(&all->logins, now_ns, MAX_LATE_NS, &due_ns))
		begin_visit(all, now_ns);
	while (pace_take(&all->looks, now_ns, MAX_LATE_NS, &due_ns))
		look_around(all);
	look_at_some(all, now_ns);
}

void
subscribers_stop_visits(struct subscribers *all)
{
	pace_start(&all->logins, 0, 0);
	pace_start(&all->looks, 0, 0);
}

/* ---- frames -------------------------------------------------------------------------------------------- */

size_t
subscribers_next(struct subscribers *all, uint8_t *frame)
{
	const struct waiting *w = &all->waiting[all->head];

	if (all->n_waiting == 0)
		return 0;
	memcpy(frame, w->frame, w->size);
	all->head = (all->head + 1) % SUBSCRIBERS_QUEUE;
	all->n_waiting--;
	return w->size;
}

/* A PADO for one of those who only look. */
static bool
is_offer(const struct subscribers *all, uint64_t looking, const uint8_t *frame, size_t size)
{
	struct access_line line;
	const uint8_t *packet;
	uint16_t ethertype;

	if (looking >= SUBSCRIBERS_LOOKING)
		return false;
	put_line(all, all->n + (uint32_t)looking, &line);
	packet = access_line_find(&line, frame, size, &ethertype, &size);
	return packet != NULL && ethertype == PPPOE_ETHERTYPE_DISCOVERY && size >= PPPOE_HEAD &&
	       packet[1] == PPPOE_PADO;
}

bool
subscribers_take(struct subscribers *all, const uint8_t *frame, size_t size, uint64_t now_ns,
		 uint32_t *ret_number, const uint8_t **ret_packet, size_t *ret_size)
{
	uint64_t number = UINT64_MAX;
	struct subscriber *s;

	if (size >= ACCESS_LINE_MAC)
		number = number_of_mac(frame) - number_of_mac(all->config.line.mac);
	if (number >= all->n) {
		if (is_offer(all, number - all->n, frame, size))
			all->counts.offers++;
		else
			all->counts.unknown++;
		return false;
	}
	s = &all->each[number].s;
	if (subscriber_take(s, frame, size, now_ns))
		return false;
	*ret_packet = subscriber_unwrap(s, frame, size, ret_size);
	*ret_number = (uint32_t)number;
	return *ret_packet != NULL;
}

bool
subscribers_own_data(const struct subscribers *all, const uint8_t *frame, size_t size,
		     const uint8_t **ret_packet, size_t *ret_size)
{
	uint64_t number;
	size_t front;

	if (size < 2 * ACCESS_LINE_MAC)
		return false;
	number = number_of_mac(frame + ACCESS_LINE_MAC) - number_of_mac(all->config.line.mac);
	if (number >= all->n)
		return false;
	front = subscriber_front(&all->each[number].s);
	/* The ethertype stands in front of PPPoE's head, the protocol behind it. */
	if (size < front || nf_get16(frame + front - 2) != PPP_IPV4 ||
	    nf_get16(frame + front - 2 - PPPOE_HEAD - 2) != PPPOE_ETHERTYPE_SESSION)
		return false;
	*ret_packet = frame + front;
	*ret_size = size - front;
	return true;
}

/* ---- readers ------------------------------------------------------------------------------------------- */

const struct subscriber *
subscribers_at(const struct subscribers *all, uint32_t number)
{
	return &all->each[number].s;
}

uint32_t
subscribers_n_up(const struct subscribers *all)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < all->config.n_staying; i++)
		n += all->each[i].s.state == SUBSCRIBER_UP;
	return n;
}

struct subscribers_counts
subscribers_counts(const struct subscribers *all)
{
	struct subscribers_counts counts = all->counts;

	counts.log_ins = all->config.group.counts;
	return counts;
}
