/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the real outside share. */
#ifndef SLIMD_OUTSIDE_REAL_INTERNAL_H
#define SLIMD_OUTSIDE_REAL_INTERNAL_H

#include <openssl/ssl.h>
#include <sys/stat.h>

#include "outside.h"

struct evconnlistener;
struct evdns_base;
struct event_base;

struct real {
	struct outside outside;
	struct event_base *base;
	SSL_CTX *tls;                 /* NULL: plaintext */
	struct evdns_base *dns;       /* NULL: no name was asked for yet */
	const char *resolv_conf;      /* its path */
	struct stat resolv_conf_read; /* as it was read last */
	struct evconnlistener *listener;
	void (*on_accept)(void *ctx, struct link *link);
	void *accept_ctx;
	struct rpc_channel *channel; /* to the controller; NULL: none */
};

extern const struct controller_ops real_controller;
extern const struct disk_ops real_disk;
extern const struct link_ops real_link;
extern const struct memory_ops real_memory;
extern const struct timer_ops real_timer;

void real_close_links(struct real *real);

#endif
