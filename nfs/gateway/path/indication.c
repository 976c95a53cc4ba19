/* SPDX-License-Identifier: Apache-2.0 */
/* Error indications; see indication.h. Worker's thread. */
#include "indication.h"

#include "counters.h"
#include "downlink.h"
#include "events.h"
#include "meta_kind.h"

#define SECOND_NS UINT64_C(1000000000)

/* The tunnel that it names, if it ends at its sender: nobody speaks for another cell. */
static bool
take_cell(const struct gateway_packet *p, struct gateway_cell *ret_cell)
{
	rte_be32_t named = 0;

	ret_cell->address = p->peer;
	return gtpu_take_error_indication(p->ip, p->gtpu.payload_size, &ret_cell->teid,
					  (uint8_t *)&named) &&
	       named == p->peer && named != 0;
}

/* The worker that has a session in this cell; this one if there is none. */
static uint16_t
find_owner(const struct gateway_worker *w, struct gateway_cell cell)
{
	for (uint16_t i = 0; i < w->gateway->config.n_workers; i++)
		if (gateway_session_by_cell(gateway_sessions_of(&w->gateway->sessions, i), cell) !=
		    NF_NO_SLOT)
			return i;
	return w->nf->index;
}

/* The control plane is told; one that comes for each downlink packet, once a second. */
static void
note_error(struct gateway_worker *w, uint32_t slot)
{
	struct gateway_session *session = slim_slot(w->sessions->share.table, slot);

	if (session->error_told == 0 || w->nf->now_ns - session->error_told >= SECOND_NS) {
		session->error_told = w->nf->now_ns;
		gateway_tell_event(w, GATEWAY_EVENT_ERROR_INDICATION, session);
	}
	if (w->gateway->config.idle_at_error)
		gateway_release_cell(w, slot);
}

static void
take_own(struct gateway_worker *w, struct gateway_packet *p)
{
	struct gateway_cell cell;
	uint32_t slot =
		take_cell(p, &cell) ? gateway_session_by_cell(w->sessions, cell) : NF_NO_SLOT;

	if (slot == NF_NO_SLOT) {
		nf_drop(w->nf, p->m, GATEWAY_drop_error_indication);
		return;
	}
	note_error(w, slot);
	nf_drop(w->nf, p->m, GATEWAY_error_indication_received);
}

void
gateway_indication_take(struct gateway_worker *w, struct gateway_packet *p)
{
	struct gateway_cell cell;
	uint16_t owner = w->nf->index;

	if (p->kind == GATEWAY_KIND_ERROR_INDICATION && take_cell(p, &cell))
		owner = find_owner(w, cell);
	if (owner == w->nf->index)
		take_own(w, p);
	else
		nf_hand(w->nf, owner, p->m,
			(struct nf_meta){.kind = GATEWAY_META_ERROR, .port = p->side});
}
