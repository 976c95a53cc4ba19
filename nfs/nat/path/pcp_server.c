/* SPDX-License-Identifier: Apache-2.0 */
/* The PCP server; see pcp_server.h. Worker's thread. */
#include "pcp_server.h"

#include <netinet/in.h>
#include <string.h>

#include "ipv4_bucket.h"
#include "mapping.h"
#include "pcp_message.h"
#include "session.h"

#define SECOND_NS UINT64_C(1000000000)

/* A shift by 31 bits stands for the division by the time of one sweep (2^31 ns, 2.1 s). */
#define SWEEP_SHIFT 31
#define SWEEP_MAX 256u /* slots looked at in one call */

static uint32_t
find_session(const struct nat_pcp *pcp, uint64_t key)
{
	return nat_session_find(pcp->sessions, nf_slot_index_hash(&pcp->sessions->index, key), key);
}

/* The mapping is an ordinary one again; if the subscriber never used it, it was for this only. */
static void
end(struct nat_pcp *pcp, uint32_t slot, uint64_t now_ns)
{
	uint32_t session = find_session(pcp, nat_pcp_key(slim_slot(pcp->share.table, slot)));

	nat_pcp_remove(pcp, slot);
	if (session == NF_NO_SLOT)
		return;
	if (nat_session_at(pcp->sessions, session)->packets_out == 0)
		nat_mapping_remove(pcp->sessions, session);
	else
		nat_session_look_at(pcp->sessions, session, now_ns);
}

static bool
is_over(const struct nat_pcp_entry *entry, uint64_t now_ns)
{
	return (int64_t)(now_ns - entry->expires) >= 0;
}

/* One whose time is over is gone, though the sweep did not come by yet. */
static uint32_t
find_live(struct nat_pcp *pcp, uint64_t key, uint64_t now_ns)
{
	uint32_t slot = nat_pcp_find(pcp, key);

	if (slot == NF_NO_SLOT || !is_over(slim_slot(pcp->share.table, slot), now_ns))
		return slot;
	end(pcp, slot, now_ns);
	return NF_NO_SLOT;
}

/* ---- requests ---------------------------------------------------------------------------------- */

static uint32_t
seconds_until(uint64_t ns, uint64_t now_ns)
{
	int64_t left = (int64_t)(ns - now_ns);

	return left <= 0 ? 0 : (uint32_t)(((uint64_t)left + SECOND_NS - 1) / SECOND_NS);
}

static bool
is_of(const struct nat_pcp_entry *entry, const struct nat_pcp_request *request)
{
	return memcmp(entry->nonce, request->nonce, sizeof(entry->nonce)) == 0;
}

static void
fail(struct nat_pcp_response *response, enum nat_pcp_result result)
{
	response->result = (uint8_t)result;
	response->lifetime = nat_pcp_error_lifetime(result);
}

/* Somebody else's, by its nonce (section 11.3): refused as long as it lives. */
static void
refuse_stranger(const struct nat_pcp_entry *entry, uint64_t now_ns,
		struct nat_pcp_response *response)
{
	response->result = NAT_PCP_NOT_AUTHORIZED;
	response->lifetime = seconds_until(entry->expires, now_ns);
}

/* All that the subscriber has, of one protocol or of all, and that was asked for with this nonce. */
static void
delete_many(struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request,
	    uint64_t now_ns)
{
	uint32_t slot = nf_slot_group_first(&pcp->subscribers, source);

	while (slot != NF_NO_SLOT) {
		const struct nat_pcp_entry *entry = slim_slot(pcp->share.table, slot);
		uint32_t next = nf_slot_group_next(&pcp->subscribers, slot);

		if (is_of(entry, request) &&
		    (request->protocol == 0 || request->protocol == entry->protocol))
			end(pcp, slot, now_ns);
		slot = next;
	}
}

/* Of nothing, too, is a success, and the response repeats what was suggested (section 15.1). */
static void
delete_mapping(struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request,
	       uint64_t now_ns, struct nat_pcp_response *response)
{
	uint32_t slot;

	response->repeats_suggestion = true;
	if (request->protocol == 0 || request->inside_port == 0) {
		delete_many(pcp, source, request, now_ns);
		return;
	}
	slot = find_live(
		pcp,
		nat_session_key(source, rte_cpu_to_be_16(request->inside_port), request->protocol),
		now_ns);
	if (slot == NF_NO_SLOT)
		return;
	if (is_of(slim_slot(pcp->share.table, slot), request))
		end(pcp, slot, now_ns);
	else
		refuse_stranger(slim_slot(pcp->share.table, slot), now_ns, response);
}

static enum nat_pcp_result
result_of(enum nat_session_error error)
{
	switch (error) {
	case NAT_SESSION_OK:
		return NAT_PCP_SUCCESS;
	case NAT_SESSION_LIMIT:
	case NAT_SESSION_RATE:
	case NAT_SESSION_BLOCK_LIMIT:
		return NAT_PCP_USER_EX_QUOTA;
	case NAT_SESSION_NOT_WISHED:
		return NAT_PCP_CANNOT_PROVIDE_EXTERNAL;
	default:
		return NAT_PCP_NO_RESOURCES;
	}
}

static enum nat_pcp_result
create_session(struct nat_pcp *pcp, uint64_t key, const struct nat_pcp_request *request,
	       uint64_t now_ns, uint32_t *ret_session)
{
	struct nat_session_new new = {
		.key = key,
		.hash = nf_slot_index_hash(&pcp->sessions->index, key),
		.wish = {.address = rte_cpu_to_be_32(request->suggested_address),
			 .port = request->suggested_port,
			 .only = request->prefer_failure},
		.now_ns = now_ns,
	};

	if (request->protocol == IPPROTO_TCP)
		new.tcp.state = NF_TCP_IDLE;
	return result_of(nat_session_create(pcp->sessions, &new, ret_session));
}

static bool
is_as_suggested(const struct nat_session *session, const struct nat_pcp_request *request)
{
	return (request->suggested_port == 0 ||
		request->suggested_port == rte_be_to_cpu_16(session->outside_port)) &&
	       (request->suggested_address == 0 ||
		request->suggested_address == rte_be_to_cpu_32(session->outside_address));
}

/* Is there a mapping as it is asked for, or can it be made? */
static enum nat_pcp_result
provide_session(struct nat_pcp *pcp, uint64_t key, const struct nat_pcp_request *request,
		uint64_t now_ns, uint32_t *ret_session)
{
	uint32_t session = find_session(pcp, key);

	if (session == NF_NO_SLOT)
		return create_session(pcp, key, request, now_ns, ret_session);
	if (request->prefer_failure &&
	    !is_as_suggested(nat_session_at(pcp->sessions, session), request))
		return NAT_PCP_CANNOT_PROVIDE_EXTERNAL;
	*ret_session = session;
	return NAT_PCP_SUCCESS;
}

/* One more for this subscriber? */
static enum nat_pcp_result
provide_slot(const struct nat_pcp *pcp, rte_be32_t source)
{
	if (nf_slot_group_size(&pcp->subscribers, source) >=
	    pcp->shared->config->pcp.mappings_per_subscriber)
		return NAT_PCP_USER_EX_QUOTA;
	return pcp->share.n_free == 0 ? NAT_PCP_NO_RESOURCES : NAT_PCP_SUCCESS;
}

static uint32_t
lifetime_of(const struct nat_pcp *pcp, const struct nat_pcp_request *request)
{
	const struct nat_pcp_config *config = &pcp->shared->config->pcp;

	return RTE_MIN(RTE_MAX(request->lifetime, config->min_lifetime), config->max_lifetime);
}

static void
map(struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request, uint64_t now_ns,
    struct nat_pcp_response *response)
{
	struct nat_pcp_entry entry = {
		.inside_address = source,
		.inside_port = rte_cpu_to_be_16(request->inside_port),
		.protocol = request->protocol,
	};
	uint64_t key = nat_pcp_key(&entry);
	uint32_t slot = nat_pcp_find(pcp, key), session = NF_NO_SLOT;
	enum nat_pcp_result result;

	/* One whose time is over is nobody's: its slot is taken over, once nothing refuses any more. */
	if (slot != NF_NO_SLOT && !is_over(slim_slot(pcp->share.table, slot), now_ns) &&
	    !is_of(slim_slot(pcp->share.table, slot), request)) {
		refuse_stranger(slim_slot(pcp->share.table, slot), now_ns, response);
		return;
	}
	result = slot == NF_NO_SLOT ? provide_slot(pcp, source) : NAT_PCP_SUCCESS;
	if (result == NAT_PCP_SUCCESS)
		result = provide_session(pcp, key, request, now_ns, &session);
	if (result != NAT_PCP_SUCCESS) {
		fail(response, result);
		return;
	}
	if (slot == NF_NO_SLOT)
		slot = nat_pcp_take_slot(pcp, key);
	memcpy(entry.nonce, request->nonce, sizeof(entry.nonce));
	response->lifetime = lifetime_of(pcp, request);
	entry.expires = now_ns + response->lifetime * SECOND_NS;
	nat_pcp_write(pcp, slot, &entry);
	response->port = rte_be_to_cpu_16(nat_session_at(pcp->sessions, session)->outside_port);
	response->address =
		rte_be_to_cpu_32(nat_session_at(pcp->sessions, session)->outside_address);
	response->prefer_failure = request->prefer_failure;
}

/* Nobody but the operator has a say in static mappings (section 15.1). */
static bool
is_about_static(const struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request)
{
	return nat_session_is_static(
		pcp->sessions,
		nat_session_key(source, rte_cpu_to_be_16(request->inside_port), request->protocol));
}

/* Ports are shared among subscribers, so nobody gets all of them. */
static void
handle_map(struct nat_pcp *pcp, rte_be32_t source, const struct nat_pcp_request *request,
	   uint64_t now_ns, struct nat_pcp_response *response)
{
	if (is_about_static(pcp, source, request))
		fail(response, NAT_PCP_NOT_AUTHORIZED);
	else if (request->lifetime == 0)
		delete_mapping(pcp, source, request, now_ns, response);
	else if (request->protocol != IPPROTO_UDP && request->protocol != IPPROTO_TCP)
		fail(response, NAT_PCP_UNSUPP_PROTOCOL);
	else if (request->inside_port == 0)
		fail(response, NAT_PCP_NOT_AUTHORIZED);
	else
		map(pcp, source, request, now_ns, response);
}

static uint32_t
epoch_at(const struct nat_pcp *pcp, uint64_t now_ns)
{
	uint64_t started = atomic_load_explicit(&pcp->shared->started_ns, memory_order_relaxed);

	return started == 0 ? 0 : (uint32_t)((now_ns - started) / SECOND_NS);
}

size_t
nat_pcp_server_answer(struct nat_pcp *pcp, rte_be32_t source, uint8_t *bytes, size_t size,
		      uint64_t now_ns, uint8_t *ret_result)
{
	struct nat_pcp_response response = {.epoch = epoch_at(pcp, now_ns)};
	struct nat_pcp_request request;
	int result = nat_pcp_decode(bytes, size, rte_be_to_cpu_32(source), &request);

	if (result == NAT_PCP_SILENCE)
		return 0;
	if (result != NAT_PCP_SUCCESS)
		fail(&response, (enum nat_pcp_result)result);
	else if (request.opcode == NAT_PCP_MAP)
		handle_map(pcp, source, &request, now_ns, &response);
	*ret_result = response.result;
	return nat_pcp_respond(bytes, size, &response);
}

/* ---- timers -------------------------------------------------------------------------------------- */

static void
sweep_one(struct nat_pcp *pcp, uint32_t slot, uint64_t now_ns)
{
	const struct nat_pcp_entry *entry = slim_slot(pcp->share.table, slot);

	if (is_over(entry, now_ns) &&
	    slim_owns(pcp->share.agent, nf_ipv4_bucket(entry->inside_address)))
		end(pcp, slot, now_ns);
}

void
nat_pcp_server_tick(struct nat_pcp *pcp, uint64_t now_ns)
{
	uint64_t since = RTE_MIN(now_ns - pcp->swept_ns, UINT64_C(1) << SWEEP_SHIFT);
	uint64_t due = (since * pcp->share.n_slots) >> SWEEP_SHIFT;

	nat_pcp_begin_epoch(pcp, now_ns);
	if (due == 0)
		return;
	pcp->swept_ns = now_ns;
	for (uint64_t i = RTE_MIN(due, SWEEP_MAX); i > 0; i--) {
		if (nf_slot_group_has(&pcp->subscribers, pcp->share.first_slot + pcp->cursor))
			sweep_one(pcp, pcp->share.first_slot + pcp->cursor, now_ns);
		pcp->cursor = pcp->cursor + 1 == pcp->share.n_slots ? 0 : pcp->cursor + 1;
	}
}
