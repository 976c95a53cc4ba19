/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings of the configuration; see statics.h. Worker's thread. */
#include "statics.h"

#include "ipv4_bucket.h"

#include <netinet/in.h>

__attribute__((noinline)) void
nat_statics_begin(struct nat_worker *w)
{
	const struct nat_config *config = &w->nat->config;

	w->has_begun = true;
	for (uint32_t i = 0; i < config->n_statics; i++) {
		const struct nat_static *s = &config->statics[i];
		uint64_t key = nat_session_key(s->inside_address, s->inside_port, s->protocol);
		uint8_t bucket = nf_ipv4_bucket(s->inside_address);
		uint32_t hash = nf_slot_index_hash(&w->sessions->index, key), slot;

		if (w->nat->bucket_worker[bucket] != w->nf->index ||
		    !slim_owns(w->nf->agent, bucket) ||
		    nat_session_find(w->sessions, hash, key) != NF_NO_SLOT)
			continue;
		/* There is room: the configuration was checked for it. */
		if (nat_session_create(w->sessions, key, hash, w->nf->now_ns, &slot) ==
			    NAT_SESSION_OK &&
		    s->protocol == IPPROTO_TCP)
			nat_session_set_tcp(w->sessions, slot,
					    &(struct nf_tcp){.state = NF_TCP_IDLE}, w->nf->now_ns);
	}
}
