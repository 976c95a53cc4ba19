/* SPDX-License-Identifier: Apache-2.0 */
/* The end of mappings; see mapping.h. Worker's thread. */
#include "mapping.h"

#include "ipv4_bucket.h"
#include "filter.h"
#include "pcp.h"

#define LOOK_AGAIN_NS UINT64_C(2000000000) /* after a deadline that means nothing */

static uint64_t
key_of(const struct nat_session *session)
{
	return nat_session_key(session->inside_address, session->inside_port, session->protocol);
}

void
nat_mapping_remove(struct nat_sessions *s, uint32_t slot)
{
	const struct nat_session *session = nat_session_at(s, slot);

	if (s->filter != NULL)
		nat_filter_forget(s->filter, key_of(session));
	if (s->pcp != NULL)
		nat_pcp_forget(s->pcp, key_of(session));
	nat_session_free(s, slot);
}

/* Without packets, but not before the time for which it was asked. */
static uint64_t
lives_until(const struct nat_sessions *s, const struct nat_session *session)
{
	uint64_t end = session->last_seen + nat_session_timeout(&s->shared->timeouts, session);
	uint64_t asked;

	if (s->pcp == NULL)
		return end;
	asked = nat_pcp_expires(s->pcp, key_of(session));
	return asked != 0 && (int64_t)(asked - end) > 0 ? asked : end;
}

/* The deadline has come: gone, or used since then? */
static bool
expire_one(struct nat_sessions *s, uint32_t slot, uint64_t now_ns)
{
	const struct nat_session *session = nat_session_at(s, slot);
	uint64_t end = lives_until(s, session);

	if ((int64_t)(now_ns - end) < 0) {
		nat_session_look_at(s, slot, end);
		return false;
	}
	if (!slim_owns(s->share.agent, nf_ipv4_bucket(session->inside_address)) ||
	    nat_session_is_static(s, key_of(session))) {
		nat_session_look_at(s, slot, now_ns + LOOK_AGAIN_NS);
		return false;
	}
	nat_mapping_remove(s, slot);
	s->n_expired++;
	return true;
}

/* As many as are looked at together: what they need of memory is on its way meanwhile. */
#define TOGETHER 32u

/* But for what it was asked for, which is rare: it ends now. */
static bool
is_silent(const struct nat_sessions *s, uint32_t slot, uint64_t now_ns)
{
	const struct nat_session *session = nat_session_at(s, slot);
	uint64_t end = session->last_seen + nat_session_timeout(&s->shared->timeouts, session);

	return (int64_t)(now_ns - end) >= 0;
}

static void
prefetch_slots(struct nat_sessions *s, const uint32_t *slots, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		rte_prefetch0(nat_session_at(s, slots[i]));
		nat_session_prefetch_local(s, slots[i]);
	}
}

uint32_t
nat_mapping_expire(struct nat_sessions *s, uint64_t now_ns, uint32_t n)
{
	uint32_t slots[TOGETHER], n_taken, n_expired = 0;

	for (; n > 0; n -= n_taken) {
		n_taken = nf_wheel_take_some(&s->wheel, now_ns, slots, RTE_MIN(n, TOGETHER));
		for (uint32_t i = 0; i < n_taken; i++)
			slots[i] += s->share.first_slot;
		prefetch_slots(s, slots, n_taken);
		for (uint32_t i = 0; i < n_taken; i++)
			if (is_silent(s, slots[i], now_ns))
				nat_session_prefetch_free(s, slots[i], i);
		for (uint32_t i = 0; i < n_taken; i++)
			n_expired += expire_one(s, slots[i], now_ns);
		if (n_taken < TOGETHER)
			break;
	}
	return n_expired;
}
