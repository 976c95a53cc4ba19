/* SPDX-License-Identifier: Apache-2.0 */
/* Orders, carried out; see orders.h. Worker's thread. */
#include "orders.h"

#include <string.h>

#include "downlink.h"

static const enum nf_status statuses[] = {
	[GATEWAY_SESSION_OK] = NF_OK,          [GATEWAY_SESSION_EXISTS] = NF_EXISTS,
	[GATEWAY_SESSION_ADDRESS] = NF_EXISTS, [GATEWAY_SESSION_BUCKET] = NF_REFUSED,
	[GATEWAY_SESSION_FULL] = NF_FULL,
};

/* Takes over into the session what the order gives. */
static void
apply(const struct gateway_order *order, struct gateway_session *session)
{
	if (order->given & GATEWAY_GIVEN_IPV4)
		session->ipv4 = order->ipv4;
	if (order->given & GATEWAY_GIVEN_IPV6)
		memcpy(session->ipv6, order->ipv6, sizeof(session->ipv6));
	if (order->given & GATEWAY_GIVEN_QFI) {
		session->qfi = order->qfi;
		session->container = order->container;
	}
	if (order->given & GATEWAY_GIVEN_UPLINK) {
		session->uplink_rate = order->uplink_rate;
		session->uplink_burst = order->uplink_burst;
	}
	if (order->given & GATEWAY_GIVEN_DOWNLINK) {
		session->downlink_rate = order->downlink_rate;
		session->downlink_burst = order->downlink_burst;
	}
}

static enum nf_status
add(struct gateway_worker *w, const struct gateway_order *order)
{
	struct gateway_session session = {
		.teid = order->teid,
		.cell_address = order->cell.address,
		.cell_teid = order->cell.teid,
	};
	uint32_t slot;

	apply(order, &session);
	return statuses[gateway_session_create(w->sessions, &session, w->nf->now_ns, &slot)];
}

static enum nf_status
modify(struct gateway_worker *w, uint32_t slot, const struct gateway_order *order)
{
	struct gateway_session session = *gateway_session_at(w->sessions, slot);
	enum gateway_session_error error;

	apply(order, &session);
	error = gateway_session_change(w->sessions, slot, &session);
	if (error == GATEWAY_SESSION_OK && (order->given & GATEWAY_GIVEN_CELL))
		gateway_switch_path(w, slot, order->cell);
	return statuses[error];
}

static enum nf_status
carry_out(struct gateway_worker *w, uint32_t kind, const struct gateway_order *order)
{
	uint32_t slot;

	if (!w->nf->serves)
		return NF_NOT_OWNER;
	if (kind == GATEWAY_ORDER_ADD)
		return add(w, order);
	slot = gateway_session_by_teid(w->sessions, order->teid);
	if (slot == NF_NO_SLOT)
		return NF_NOT_FOUND;
	if (kind == GATEWAY_ORDER_MODIFY)
		return modify(w, slot, order);
	if (kind == GATEWAY_ORDER_SWITCH)
		gateway_switch_path(w, slot, order->cell);
	else
		gateway_session_remove(w->sessions, slot);
	return NF_OK;
}

bool
gateway_job(struct nf_worker *nf, struct nf_job *job)
{
	struct gateway_order order;

	memcpy(&order, job->args, sizeof(order));
	job->status = carry_out(nf->self, job->kind, &order);
	job->n_affected = job->status == NF_OK;
	return true;
}
