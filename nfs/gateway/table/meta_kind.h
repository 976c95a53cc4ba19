/* SPDX-License-Identifier: Apache-2.0 */
/* What a packet that one worker hands over to another is (meta.h). */
#ifndef GATEWAY_META_KIND_H
#define GATEWAY_META_KIND_H

/* struct nf_meta.kind; `port` is the side. */
enum gateway_meta_kind {
	GATEWAY_META_FRESH = 1, /* as it came in */
	GATEWAY_META_LOCAL,     /* out of its tunnel, to a subscriber */
	GATEWAY_META_ERROR, /* as it came in: an error indication about a session of this worker */
};

#endif
