/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics for Prometheus (text format 0.0.4): GET /metrics over HTTP, without TLS; listen on
 * loopback or behind a proxy. Which metrics there are is the caller's business.
 *
 * One thread: that of the event loop.
 */
#ifndef SLIM_BASE_EXPORTER_H
#define SLIM_BASE_EXPORTER_H

struct evbuffer;
struct event_base;
struct exporter;

/* Writes the whole text. */
typedef void exporter_print_fn(void *ctx, struct evbuffer *out);

/* `address`: host:port or [v6]:port, numbers only; port 0 takes a free one. -EINVAL,
 * -EADDRNOTAVAIL, -ENOMEM. */
int exporter_create(struct event_base *base, const char *address, exporter_print_fn *print,
		    void *ctx, struct exporter **ret_exporter);

/* NULL is allowed. */
void exporter_destroy(struct exporter *exporter);

/* The port it listens on. */
int exporter_port(const struct exporter *exporter);

/* "# TYPE name type" */
void exporter_print_type(struct evbuffer *out, const char *name, const char *type);

/* A label's value as the format wants it. Returns `text`. */
#define EXPORTER_LABEL_SIZE 256u
const char *exporter_escape(const char *value, char text[EXPORTER_LABEL_SIZE]);

#endif
