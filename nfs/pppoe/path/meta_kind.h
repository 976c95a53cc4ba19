/* SPDX-License-Identifier: Apache-2.0 */
/* What a packet that one worker hands over to another is (meta.h). */
#ifndef PPPOE_PATH_META_KIND_H
#define PPPOE_PATH_META_KIND_H

/* struct nf_meta.kind */
enum pppoe_meta_kind {
	PPPOE_META_FRESH = 1, /* as it came in; `port` is the side */
	PPPOE_META_LOCAL, /* an IP packet behind room for an Ethernet header, to a client, looked at already */
};

#endif
