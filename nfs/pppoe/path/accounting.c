/* SPDX-License-Identifier: Apache-2.0 */
/* See accounting.h. */
#include "accounting.h"

#include <string.h>

#include "counters.h"

#define SECOND_NS UINT64_C(1000000000)

static void
fill_in(const struct pppoe_link *link, struct pppoe_ask *ask)
{
	const struct pppoe_session *s = link->session;

	ask->identifier = s->auth.identifier;
	ask->end = s->end;
	ask->worker = link->w->nf->index;
	ask->session_id = s->session_id;
	ask->slot = link->slot;
	ask->ipv4 = s->ipv4;
	ask->line = (struct pppoe_line_key){s->mac, s->outer, s->inner};
	ask->accounting_id = s->accounting_id;
	ask->seconds = (pppoe_link_now(link) - s->created) / SECOND_NS;
	ask->packets_up = s->packets_up;
	ask->bytes_up = s->bytes_up;
	ask->packets_down = s->packets_down;
	ask->bytes_down = s->bytes_down;
	memcpy(ask->challenge, s->auth.challenge, sizeof(ask->challenge));
	memcpy(ask->user, s->user, sizeof(ask->user));
	memcpy(ask->class_, s->class_, sizeof(ask->class_));
	memcpy(ask->circuit_id, s->circuit_id, sizeof(ask->circuit_id));
	memcpy(ask->remote_id, s->remote_id, sizeof(ask->remote_id));
}

struct pppoe_ask *
pppoe_accounting_ask(struct pppoe_link *link, enum pppoe_ask_kind kind)
{
	struct pppoe_ask *ask = pppoe_ask_begin(link->w->asks);

	if (ask == NULL) {
		nf_count(link->w->nf, PPPOE_ask_full, 1);
		return NULL;
	}
	ask->kind = (uint8_t)kind;
	fill_in(link, ask);
	return ask;
}

static bool
put_record(struct pppoe_link *link, enum pppoe_ask_kind kind)
{
	if (pppoe_accounting_ask(link, kind) == NULL)
		return false;
	pppoe_ask_commit(link->w->asks);
	return true;
}

static bool
is_accounted(const struct pppoe_link *link)
{
	return link->w->pppoe->config.radius.n_accounting != 0;
}

/* 0: no records between. */
static uint64_t
period(const struct pppoe_link *link)
{
	uint32_t seconds = rte_be_to_cpu_32(link->session->auth.interim);

	return seconds != 0 ? seconds * SECOND_NS : link->w->pppoe->config.radius.interim_ns;
}

static void
set_interim(struct pppoe_link *link, uint64_t after_ns)
{
	link->session->interim = after_ns == 0 ? 0 : pppoe_link_now(link) + after_ns;
}

void
pppoe_accounting_start(struct pppoe_link *link)
{
	struct pppoe_session *session = link->session;

	if (!is_accounted(link) || session->flags & PPPOE_ACCOUNTED)
		return;
	if (!put_record(link, PPPOE_ASK_START)) {
		set_interim(link, PPPOE_RETRY_NS);
		return;
	}
	session->flags |= PPPOE_ACCOUNTED;
	set_interim(link, period(link));
}

void
pppoe_accounting_interim(struct pppoe_link *link)
{
	if (!(link->session->flags & PPPOE_ACCOUNTED))
		pppoe_accounting_start(link);
	else
		set_interim(link,
			    put_record(link, PPPOE_ASK_INTERIM) ? period(link) : PPPOE_RETRY_NS);
}

bool
pppoe_accounting_stop(struct pppoe_link *link)
{
	if (!(link->session->flags & PPPOE_ACCOUNTED))
		return true;
	if (!put_record(link, PPPOE_ASK_STOP))
		return false;
	link->session->flags &= (uint8_t)~PPPOE_ACCOUNTED;
	return true;
}
