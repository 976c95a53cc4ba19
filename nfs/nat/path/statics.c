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
		struct nat_session_new new = {
			.key = key,
			.hash = nf_slot_index_hash(&w->sessions->index, key),
			.now_ns = w->nf->now_ns,
		};
		uint32_t slot;

		if (w->nat->bucket_worker[bucket] != w->nf->index ||
		    !slim_owns(w->nf->agent, bucket) ||
		    nat_session_find(w->sessions, new.hash, key) != NF_NO_SLOT)
			continue;
		if (s->protocol == IPPROTO_TCP)
			new.tcp.state = NF_TCP_IDLE;
		/* There is room: the configuration was checked for it. */
		nat_session_create(w->sessions, &new, &slot);
	}
}
